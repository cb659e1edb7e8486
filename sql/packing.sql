-- The history keeps undos packed: pack_undo() and unpack_undo() are inverse for every
-- bag, and bytes that are no packed bag are refused and harm nothing.
SET search_path = msgstore_internal, msgstore, public;
\set VERBOSITY terse

-- properties of the catalogue by their tags, all others by their names
SELECT pack_undo('{}'), pack_undo('[1]'), pack_undo('{"PR_SUBJECT": null}'),
       pack_undo('{"PR_SUBJECT": "ü", "PR_READ": true}'), pack_undo('{"a": false}');
SELECT unpack_undo('\x'), unpack_undo('\x000037001f'), unpack_undo('\x810161030037001f024141');

-- values of all kinds, under names of all kinds
CREATE TEMPORARY TABLE bag AS
SELECT jsonb_object_agg(k.name, v.value) AS bag
FROM (SELECT value, ordinality AS n
      FROM jsonb_array_elements('[null, true, false, "", "\u00e4", 0, -1, 1.50, 12345678901234567890.123, 1e-20, [], {},
                                  [1, "x", null], {"blob": 17, "size": 4711},
                                  [{"PR_ROWID": 0, "PR_DISPLAY_NAME": "A"}]]') WITH ORDINALITY
      UNION ALL SELECT to_jsonb(repeat('long ', 30000)), 100) AS v,
     LATERAL (VALUES ('.folder_id' || v.n), ('0x1234001F ' || v.n), (repeat('k', 200) || v.n)) AS k (name);
INSERT INTO bag
SELECT jsonb_object_agg(p.name, to_jsonb(p.name))
FROM (SELECT name, row_number() OVER (ORDER BY name) % 40 AS part FROM property_catalogue) AS p GROUP BY p.part;
INSERT INTO bag
SELECT jsonb_object_agg(p.name, n) FROM property_catalogue AS p, generate_series(1, 50) AS n
WHERE hashtext(p.name || n) % 300 = 0 GROUP BY n;
SELECT count(*) > 80 AS many, count(*) FILTER (WHERE unpack_undo(pack_undo(bag)) IS DISTINCT FROM bag) AS different,
       count(*) FILTER (WHERE unpack_undo(pack_undo(bag))::text <> bag::text) AS shown_differently,
       count(*) FILTER (WHERE octet_length(pack_undo(bag)) >= pg_column_size(bag || '{}')) AS larger
FROM bag;

-- every beginning of packed bytes is refused or a bag; bytes that are changed do no harm
CREATE FUNCTION pg_temp.names(bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN undo_properties($1, false, false, false, false)::text;
EXCEPTION WHEN OTHERS THEN
    RETURN 'refused';
END $$;
CREATE TEMPORARY TABLE packed AS
SELECT pack_undo('{"PR_SUBJECT": "ab", "PR_FLAG_STATUS": 2, "own": {"a": 1}, "PR_READ": null}') AS bytes;
SELECT DISTINCT pg_temp.names(substr(bytes, 1, n)) FROM packed, generate_series(0, octet_length(bytes)) AS n ORDER BY 1;
SELECT count(pg_temp.names(set_byte(bytes, n, value))) = 256 * max(octet_length(bytes)) AS harmless
FROM packed, generate_series(0, octet_length(bytes) - 1) AS n, generate_series(0, 255) AS value;
SELECT unpack_undo('\x06'); -- fail
SELECT unpack_undo('\x00ffff001f'); -- fail
SELECT unpack_undo('\x80ffffffffff7f'); -- fail

-- only whoever may read the tables may call them
CREATE ROLE regress_packing;
SET ROLE regress_packing;
SELECT unpack_undo('\x'); -- fail
RESET ROLE;
DROP ROLE regress_packing;
