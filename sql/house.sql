-- The rules that every object of the extension keeps.  A query without rows has
-- looked for objects that break a rule; the others list objects by their kind.

-- the members of the extension, without row and array types, which are members
-- from 17 and 18 on
CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, i.type, i.schema, i.name,
       pg_describe_object(d.classid, d.objid, 0) AS described
FROM pg_depend AS d, pg_identify_object(d.classid, d.objid, 0) AS i
WHERE d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
  AND d.deptype = 'e'
  AND NOT EXISTS (SELECT FROM pg_type AS t
                  WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                    AND (t.typrelid <> 0 OR t.typcategory = 'A'));
CREATE TEMPORARY VIEW routine AS
SELECT p.*, m.schema, m.described, l.lanname
FROM pg_proc AS p
JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_language AS l ON l.oid = p.prolang;
-- the objects that call a function: types, operators, casts, operator classes
-- and views
CREATE TEMPORARY VIEW caller AS
SELECT refobjid AS routine, pg_describe_object(classid, objid, objsubid) AS described,
       classid <> 'pg_rewrite'::regclass AS needs_strict
FROM pg_depend
WHERE refclassid = 'pg_proc'::regclass
  AND classid IN ('pg_type'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass,
                  'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_amproc'::regclass,
                  'pg_rewrite'::regclass)
  AND (classid <> 'pg_rewrite'::regclass
       OR EXISTS (SELECT FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
                  WHERE r.oid = objid AND c.relnamespace = 'msgstore'::regnamespace));

-- everything stands in schema msgstore, except for casts, which have no schema,
-- for functions that no user calls, and for operators
SELECT described
FROM member
WHERE schema IS DISTINCT FROM 'msgstore'
  AND type <> 'cast'
  AND NOT (type = 'schema' AND name = 'msgstore_internal')
  AND NOT (type = 'function' AND schema = 'msgstore_internal')
  AND NOT (type = 'operator' AND schema = 'pg_catalog')
ORDER BY 1;

-- the calls: every function and procedure of schema msgstore
\pset format unaligned
\pset footer off
SELECT proname || '(' || regexp_replace(pg_get_function_arguments(oid), '(^|, )IN ', '\1', 'g') || ')'
       || CASE prokind WHEN 'f' THEN ' -> ' || pg_get_function_result(oid) ELSE ', a procedure' END
       AS calls
FROM pg_proc
WHERE pronamespace = 'msgstore'::regnamespace
ORDER BY proname COLLATE "C", pg_get_function_arguments(oid) COLLATE "C";
\pset format aligned
\pset footer on
-- a call is not the implementation of anything; views ask may_use_store()
SELECT r.described, c.described
FROM routine AS r JOIN caller AS c ON c.routine = r.oid
WHERE r.schema = 'msgstore' AND r.proname <> 'may_use_store'
ORDER BY 1, 2;
-- a function of msgstore_internal is; a procedure or the module calls the rest
SELECT described
FROM routine
WHERE schema = 'msgstore_internal' AND oid NOT IN (SELECT routine FROM caller)
ORDER BY 1;

-- everything has a comment
SELECT described
FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL
ORDER BY 1;

-- an immutable function is safe in parallel workers; a volatile function is
-- not, and is called with a NULL argument
SELECT described, provolatile, proisstrict, proparallel
FROM routine
WHERE prokind = 'f'
  AND CASE provolatile WHEN 'i' THEN proparallel <> 's'
                       WHEN 'v' THEN proparallel = 's' OR (proisstrict AND pronargs > 0)
      END
ORDER BY 1;

-- functions of types, operators, casts and operator classes are immutable and
-- strict
SELECT described, provolatile, proisstrict
FROM routine
WHERE oid IN (SELECT routine FROM caller WHERE needs_strict)
  AND (provolatile <> 'i' OR NOT proisstrict)
ORDER BY 1;

-- functions in SQL pin search_path; a procedure that does could not commit
SELECT described, proconfig
FROM routine
WHERE prokind = 'f' AND lanname NOT IN ('c', 'internal')
  AND proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'
ORDER BY 1;

-- all flag types have equal casts and operators
SELECT string_agg(t.typname, ' ' ORDER BY t.typname COLLATE "C") AS types, casts, operators
FROM pg_type AS t,
     LATERAL (SELECT string_agg(
                  CASE t.oid WHEN castsource THEN 'to ' || format_type(casttarget, NULL)
                       ELSE 'from ' || format_type(castsource, NULL) END
                  || CASE castcontext WHEN 'i' THEN ' implicitly' ELSE '' END,
                  ', ' ORDER BY t.oid = castsource, castsource, casttarget) AS casts
              FROM pg_cast WHERE t.oid IN (castsource, casttarget)) AS c,
     LATERAL (SELECT string_agg(oprname, ' ' ORDER BY oprname COLLATE "C") AS operators
              FROM pg_operator WHERE oprleft = t.oid AND oprright = t.oid) AS o
WHERE t.typnamespace = 'msgstore'::regnamespace AND t.typtype = 'b' AND t.typcategory <> 'A'
  AND t.typname <> 'hresult'
GROUP BY casts, operators;

-- every column of every table has a comment
SELECT a.attrelid::regclass, a.attname
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'msgstore'::regnamespace
  AND c.relkind = 'r'
  AND a.attnum > 0 AND NOT a.attisdropped
  AND col_description(a.attrelid, a.attnum) IS NULL
ORDER BY c.relname, a.attnum;

-- every table that can be published has a primary key: without one, no row of it
-- could be deleted then
SELECT c.oid::regclass
FROM pg_class AS c
WHERE c.relnamespace = 'msgstore'::regnamespace
  AND c.relkind = 'r' AND c.relpersistence = 'p'
  AND NOT EXISTS (SELECT FROM pg_index AS i
                  WHERE i.indrelid = c.oid AND i.indisprimary)
ORDER BY 1;

-- every SECURITY DEFINER function has a search_path that ends in pg_temp
SELECT described, proconfig
FROM routine
WHERE prosecdef
  AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                  WHERE setting ~ '^search_path=.*pg_temp$')
ORDER BY 1;

-- no index is on a column that a save changes
SELECT i.indexrelid::regclass, a.attname
FROM pg_index AS i
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = to_regclass('msgstore.message')
  AND a.attname IN ('recipients', 'attachments', 'headers', 'body', 'html',
                    'rtf', 'props', 'change_number')
ORDER BY 1, 2;

-- no table has rules, policies, foreign keys, or triggers other than the one that
-- keeps stores, folders and blobs while rows need them
SELECT r.rulename FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
WHERE c.relnamespace = 'msgstore'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT p.polname FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
WHERE c.relnamespace = 'msgstore'::regnamespace
UNION ALL
SELECT t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'msgstore'::regnamespace
  AND (t.tgfoid <> 'msgstore_internal.refuse_orphans'::regproc
       OR c.relname NOT IN ('store', 'folder', 'blob'));

-- every view is a security barrier
SELECT oid::regclass
FROM pg_class
WHERE relnamespace = 'msgstore'::regnamespace
  AND relkind = 'v'
  AND NOT coalesce(reloptions @> '{security_barrier=true}', false)
ORDER BY 1;

-- all tables and sequences with user data are dumped
SELECT c.oid::regclass
FROM pg_class AS c
WHERE c.relnamespace = 'msgstore'::regnamespace
  AND c.relkind IN ('r', 'S')
  AND c.relpersistence = 'p'
  AND NOT EXISTS (SELECT FROM pg_extension AS e
                  WHERE e.extname = 'msgstore' AND c.oid = ANY (e.extconfig))
ORDER BY 1;

-- nobody but the owner may write to a table, or read one behind the views
SELECT c.oid::regclass, acl.privilege_type
FROM pg_class AS c, aclexplode(c.relacl) AS acl
WHERE c.relnamespace = 'msgstore'::regnamespace
  AND acl.grantee <> c.relowner
  AND NOT (c.relkind = 'v' AND acl.privilege_type = 'SELECT')
ORDER BY 1, 2;

-- every function takes NULL for one argument, or for all: it answers or raises, and the
-- session goes on
CREATE FUNCTION pg_temp.survives(call text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
EXCEPTION WHEN OTHERS THEN
    NULL;
END $$;
SELECT count(pg_temp.survives(format('SELECT (%I.%I(%s))::text', r.schema, r.proname, (
           SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)
           FROM unnest(r.proargtypes) WITH ORDINALITY AS a (t, n))))) > 50 AS called
FROM routine AS r
WHERE r.prokind = 'f' AND NOT 'internal'::regtype = ANY (r.proargtypes::oid[]);
DROP VIEW caller, routine, member;
