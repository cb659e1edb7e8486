-- The rules that every object of the extension keeps: each query looks for objects
-- that break one, and finds no row.

-- every object stands in the schema of the extension
SELECT pg_describe_object(classid, objid, 0)
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
  AND deptype = 'e'
  AND (pg_identify_object(classid, objid, 0)).schema <> 'msgstore'
  AND classid <> 'pg_cast'::regclass
ORDER BY 1;

-- every function, type, relation and operator has a comment (row and array types,
-- which come by themselves, are members from 17 and 18 on)
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend AS d
WHERE d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
  AND d.deptype = 'e'
  AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass,
                    'pg_type'::regclass, 'pg_operator'::regclass)
  AND NOT EXISTS (SELECT FROM pg_description AS c
                  WHERE c.classoid = d.classid AND c.objoid = d.objid
                    AND c.objsubid = 0)
  AND NOT EXISTS (SELECT FROM pg_type AS t
                  WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                    AND (t.typrelid <> 0 OR t.typcategory = 'A'))
ORDER BY 1;

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
SELECT oid::regprocedure, proconfig
FROM pg_proc
WHERE pronamespace = 'msgstore'::regnamespace
  AND prosecdef
  AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                  WHERE setting ~ '^search_path=.*pg_temp$')
ORDER BY proname, 1;

-- no index is on a column that a save changes
SELECT i.indexrelid::regclass, a.attname
FROM pg_index AS i
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = to_regclass('msgstore.message')
  AND a.attname IN ('recipients', 'attachments', 'headers', 'body', 'html',
                    'rtf', 'props', 'change_number')
ORDER BY 1, 2;

-- no table has rules, policies, or triggers other than those of foreign keys
SELECT r.rulename FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
WHERE c.relnamespace = 'msgstore'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT p.polname FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
WHERE c.relnamespace = 'msgstore'::regnamespace
UNION ALL
SELECT t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'msgstore'::regnamespace AND NOT t.tgisinternal;

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
SELECT count(pg_temp.survives(format('SELECT (msgstore.%I(%s))::text', f.proname, f.arguments))) > 50 AS called
FROM (SELECT p.proname, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)
                         FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)) AS arguments
      FROM pg_proc AS p
      WHERE p.pronamespace = 'msgstore'::regnamespace AND p.prokind = 'f'
        AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])) AS f;
