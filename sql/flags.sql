-- The flag types read names joined by | or a number, and print names.  Any bit is
-- accepted, as each call refuses those that it does not know; unknown names are refused.
SET search_path = msgstore, public;

SELECT f, f::int4
FROM unnest(ARRAY['0', 'MAPI_MODIFY', 'MAPI_BEST_ACCESS|MAPI_MODIFY',
                  ' SHOW_SOFT_DELETES |  0x10 ', '521', '0x209', '-1',
                  'MAPI_MODIFY|0x40000000', '0x80000000']::open_flags[]) AS f;
SELECT f, f::int4
FROM unnest(ARRAY['0', 'FORCE_SAVE', 'KEEP_OPEN_READWRITE|FORCE_SAVE',
                  '0x9', '0xA', '12', '0x1084', '16']::save_flags[]) AS f;

-- every printed value reads back as equal bits
SELECT count(*) AS differ
FROM generate_series(-70000, 70000) AS bits
WHERE bits::open_flags::text::open_flags::int4 <> bits
   OR bits::save_flags::text::save_flags::int4 <> bits;

-- fail
SELECT 'FORCE_SAVE'::open_flags;
-- fail
SELECT 'force_save'::save_flags;
-- fail
SELECT 'MAPI_MODIFY'::save_flags;
-- fail
SELECT ''::save_flags;
-- fail
SELECT 'FORCE_SAVE|'::save_flags;
-- fail
SELECT '|'::save_flags;
-- fail
SELECT 'FORCE_SAVE||4'::save_flags;
-- fail
SELECT 'FORCE_SAVE KEEP_OPEN_READONLY'::save_flags;
-- fail
SELECT '4294967296'::save_flags;
-- fail
SELECT '0x100000000'::save_flags;
-- fail
SELECT '1.5'::save_flags;
-- fail
SELECT repeat('FORCE_SAVE', 100)::save_flags;

-- the operators
SELECT 'MAPI_MODIFY'::open_flags | 'MAPI_BEST_ACCESS' AS either,
       'MAPI_MODIFY|MAPI_BEST_ACCESS'::open_flags & 'MAPI_MODIFY' AS both,
       'MAPI_MODIFY'::open_flags & 2 AS neither,
       'FORCE_SAVE'::save_flags = 4 AS eq,
       'FORCE_SAVE'::save_flags <> 4 AS ne,
       'FORCE_SAVE'::save_flags & 'FORCE_SAVE' <> 0 AS has;

-- any integer can be passed for flags; flags are an integer only when asked
CREATE FUNCTION pg_temp.shown(flags save_flags) RETURNS text
LANGUAGE sql AS $$ SELECT flags::text $$;
SELECT pg_temp.shown(4::int2), pg_temp.shown(4::int4), pg_temp.shown(4::int8),
       pg_temp.shown('FORCE_SAVE'), pg_temp.shown(NULL);
\set VERBOSITY terse
-- fail
SELECT pg_temp.shown(2147483648);
-- fail
SELECT pg_temp.shown('MAPI_MODIFY'::open_flags);
\set VERBOSITY default
SELECT 4::save_flags::int2, 4::save_flags::int4, 4::save_flags::int8;
-- fail
SELECT 70000::save_flags::int2;
\set VERBOSITY terse
-- fail
SELECT abs('FORCE_SAVE'::save_flags);
\set VERBOSITY default

-- integers go on meeting their own operators
SELECT 1 | 2 AS int4, 1::int8 & 3::int2 AS int8, 1::int2 = 1::int8 AS eq,
       pg_typeof(1::int2 | 2::int2), pg_typeof(1 | 2::int8);

-- the binary form is an int4
SELECT msgstore_internal.save_flags_send('FORCE_SAVE'), msgstore_internal.open_flags_send('MAPI_MODIFY');

-- folder_rights also reads the usual sets by name, and prints their bits
SELECT f, f::int4
FROM unnest(ARRAY['NONE', 'CONTRIBUTOR', 'REVIEWER', 'NONEDITING_AUTHOR', 'AUTHOR',
                  'PUBLISHING_AUTHOR', 'EDITOR', 'PUBLISHING_EDITOR', 'OWNER',
                  'REVIEWER | CREATE', 'NONE|0x1800']::folder_rights[]) AS f;
-- fail
SELECT 'READER'::folder_rights;
