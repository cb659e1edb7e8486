-- The objects of the extension with all that a script gives them, a line each, without
-- oids, and without the order of columns.
SET search_path = pg_catalog;
CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, i.type, i.identity
FROM pg_depend AS d, pg_identify_object(d.classid, d.objid, 0) AS i
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
  AND NOT EXISTS (SELECT FROM pg_type AS t WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                  AND (t.typrelid <> 0 OR t.typcategory = 'A'));
CREATE TEMPORARY VIEW relation AS
SELECT c.*, m.identity FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;
SELECT regexp_replace(line, '\s+', ' ', 'g') FROM (
    SELECT concat_ws(' ', type, identity, 'comment:', obj_description(objid, classid::regclass::name)) AS line
    FROM member
    UNION ALL
    SELECT concat_ws(' ', 'grants of', identity, relacl::text, 'owner', pg_get_userbyid(relowner) = current_user,
                     relkind, relpersistence, array_to_string(reloptions, ' '), relrowsecurity, relreplident)
    FROM relation
    UNION ALL
    SELECT concat_ws(' ', 'column', r.identity, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                     a.attstorage, to_jsonb(a) ->> 'attcompression', a.attidentity, a.attgenerated, a.attacl::text,
                     'default', pg_get_expr(d.adbin, d.adrelid), 'comment:', col_description(a.attrelid, a.attnum))
    FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    UNION ALL
    SELECT concat_ws(' ', 'constraint', r.identity, c.conname, pg_get_constraintdef(c.oid), c.convalidated)
    FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisunique, array_to_string(c.reloptions, ' '))
    FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN pg_class AS c ON c.oid = i.indexrelid
    UNION ALL
    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled, 'comment:',
                     obj_description(t.oid, 'pg_trigger'))
    FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'view', identity, pg_get_viewdef(oid)) FROM relation WHERE relkind = 'v'
    UNION ALL
    SELECT concat_ws(' ', 'sequence', r.identity, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
    FROM relation AS r JOIN pg_sequence AS s ON s.seqrelid = r.oid
    UNION ALL
    SELECT concat_ws(' ', 'dumped', r.identity, e.condition)
    FROM pg_extension AS x, unnest(x.extconfig, x.extcondition) AS e (relation, condition)
    JOIN relation AS r ON r.oid = e.relation WHERE x.extname = 'msgstore'
    UNION ALL
    SELECT concat_ws(' ', CASE prokind WHEN 'a' THEN 'aggregate ' || m.identity ELSE pg_get_functiondef(p.oid) END,
                     p.proacl::text, p.procost, p.prorows, p.proleakproof)
    FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    UNION ALL
    SELECT concat_ws(' ', 'type', m.identity, t.typlen, t.typbyval, t.typinput, t.typoutput, t.typreceive, t.typsend,
                     t.typcategory, t.typacl::text)
    FROM member AS m JOIN pg_type AS t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
    UNION ALL
    SELECT concat_ws(' ', 'operator', o.oid::regoperator, o.oprcode, o.oprrest, o.oprjoin, o.oprcom::regoperator,
                     o.oprnegate::regoperator, o.oprcanhash, o.oprcanmerge)
    FROM member AS m JOIN pg_operator AS o ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
    UNION ALL
    SELECT concat_ws(' ', 'cast', m.identity, c.castcontext, c.castmethod, c.castfunc::regprocedure)
    FROM member AS m JOIN pg_cast AS c ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid
    UNION ALL
    SELECT concat_ws(' ', 'part of', m.identity, pg_describe_object(d.classid, d.objid, 0))
    FROM member AS m JOIN pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid
    WHERE m.classid = 'pg_opfamily'::regclass
    UNION ALL
    SELECT concat_ws(' ', 'schema', m.identity, n.nspacl::text)
    FROM member AS m JOIN pg_namespace AS n ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid
    UNION ALL
    SELECT concat_ws(' ', 'schema msgstore', nspacl::text) FROM pg_namespace WHERE nspname = 'msgstore') AS l
ORDER BY line COLLATE "C";
