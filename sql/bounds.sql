-- Bounds: names are short and have no control characters, and a call with many names
-- does work in proportion to their number, in bounded memory (faults F7 and F11).
SET search_path = msgstore, public;
\set SHOW_CONTEXT never

SELECT create_store('bounds') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- n named properties, each with a text of three lines
CREATE FUNCTION pg_temp.named(n integer, line text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg('PS_PUBLIC_STRINGS:' || i, line || E'\nmiddle ' || i || E'\nend\n') FROM generate_series(1, n) AS i
$$;
-- the rows that this transaction has read from a table, and those from its large values
CREATE FUNCTION pg_temp.rows_read(relation regclass) RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_all_tables WHERE relid = relation
$$;
CREATE FUNCTION pg_temp.large_rows_read(relation regclass) RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT pg_temp.rows_read(reltoastrelid) FROM pg_class WHERE oid = relation
$$;

-- names are bounded and have no control characters
SELECT create_store(repeat('ä', 255)) AS longest \gset
SELECT length(name) FROM store_list WHERE store_id = :longest;
SELECT create_store(repeat('ä', 256)); -- fail
SELECT create_store(E'line\nbreak'); -- fail
SELECT create_folder(:store, NULL, U&'a\0085b'); -- fail
SELECT create_folder(:store, NULL, E'\x7f'); -- fail
SELECT set_props(create_message(:store, :inbox), jsonb_build_object(E'PS_PUBLIC_STRINGS:a\tb', 'x')); -- fail
SELECT get_ids_from_names(:store, ARRAY[E'PS_PUBLIC_STRINGS:\u0001']); -- fail
SELECT get_ids_from_names(:store, ARRAY(SELECT 'PR_SUBJECT' FROM generate_series(1, 32768))); -- fail

-- so are those of the users of an application: the setting, and the argument of every call
SELECT set_config('msgstore.actor', repeat('ä', 255), false) = repeat('ä', 255) AS longest;
SELECT set_config('msgstore.actor', repeat('ä', 256), false); -- fail
SET msgstore.actor = E'of\nlines'; -- fail
RESET msgstore.actor;
CREATE FUNCTION pg_temp.takes(call text, actor text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT msgstore.%s, actor => %L)', call, actor);
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{}') \gset
SELECT call, answer, string_agg(name, ' ' ORDER BY name) AS refused FROM unnest(ARRAY[repeat('x', 256), E'a\nb'],
	ARRAY['long', 'of lines']) AS a (actor, name),
	unnest(ARRAY['read_message(%s, %s', 'save_message(%s, %s, 1, ''{}''', 'park_message(%s, %s, 1, ''{}''',
		'resolve_conflict(%s, %s, 1, ''{}'', ''MERGE''', 'delete_messages(%s, ARRAY[%s]', 'move_messages(%s, ARRAY[%s], 1',
		'copy_messages(%s, ARRAY[%s], 1', 'set_read_flag(%s, %s', 'set_message_status(%s, %s, 1, 1', 'submit_message(%s, %s, 1',
		'announce_editing(%s, %s, ''1 hour''', 'create_folder(%s, %s, ''f''', 'save_messages(%s, ''[{"message_id": %s}]''']) AS call,
	pg_temp.takes(format(call, :store, :id), actor) AS answer
GROUP BY call, answer ORDER BY call COLLATE "C", answer;
SELECT count(*) FROM list_messages(:store, :inbox, actor => E'\x7f'); -- fail

-- and those of other stores
SELECT set_sync_position(:store, repeat('ä', 256), 'x', '{}', '{}'); -- fail
SELECT set_sync_position(:store, E'a\nb', 'x', '{}', '{}'); -- fail
SELECT set_sync_position(:store, repeat('ä', 255), 'x', '{}', '{}');

-- 20,000 named properties in one patch, and ids for 8,000 of them
SELECT message_id AS id FROM save_new_message(:store, :inbox, (SELECT jsonb_object_agg('PS_PUBLIC_STRINGS:' || n, 'v') FROM generate_series(1, 20000) AS n)) \gset
SELECT count(*) FROM jsonb_object_keys(read_message(:store, :id)) AS k WHERE k LIKE 'PS_PUBLIC_STRINGS:%';
SELECT min(id) = 32768 AS first, count(DISTINCT id) FROM unnest(get_ids_from_names(:store, ARRAY(SELECT 'PS_PUBLIC_STRINGS:' || n FROM generate_series(1, 8000) AS n))) AS id;
SELECT result FROM save_message(:store, :id, (SELECT change_number FROM message_list WHERE store_id = :store AND message_id = :id),
	(SELECT jsonb_object_agg('PS_PUBLIC_STRINGS:' || n || ':PT_LONG', 1) FROM generate_series(1, 20000) AS n));
SELECT count(*) FILTER (WHERE k LIKE '%:PT_LONG') AS in_another_type, count(*) FILTER (WHERE k NOT LIKE '%:PT_LONG') AS left_over
FROM jsonb_object_keys(read_message(:store, :id)) AS k WHERE k LIKE 'PS_PUBLIC_STRINGS:%';

-- 3,000 new names in one call read each row a few times: those of other names are not read for each name
BEGIN;
SELECT count(DISTINCT id) FROM unnest(get_ids_from_names(:store, ARRAY(SELECT 'PS_PUBLIC_STRINGS:new ' || n FROM generate_series(1, 3000) AS n))) AS id;
SELECT pg_temp.rows_read('named_property') BETWEEN 3000 AND 30000 AS in_proportion;
COMMIT;

-- a conflict in which both sides changed 2,000 properties: the report, and the merge of the texts line by
-- line, read the message a few times, not for each property
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox, pg_temp.named(2000, 'begin')) \gset
SELECT result FROM save_message(:store, :id, :base, pg_temp.named(2000, 'begins'));
BEGIN;
SELECT count(*), count(*) FILTER (WHERE side = 'both') AS both, count(DISTINCT theirs) AS theirs
FROM conflict(:store, :id, :base, (SELECT jsonb_object_agg(key, replace(value, 'end', 'ends')) FROM jsonb_each_text(pg_temp.named(2000, 'begin'))));
SELECT pg_temp.large_rows_read('message') BETWEEN 1 AND 1000 AS in_proportion;
ROLLBACK;
BEGIN;
SELECT result FROM resolve_conflict(:store, :id, :base, (SELECT jsonb_object_agg(key, replace(value, 'end', 'ends'))
	FROM jsonb_each_text(pg_temp.named(2000, 'begin'))), 'MERGE_TEXT');
SELECT pg_temp.large_rows_read('message') BETWEEN 1 AND 1000 AS in_proportion;
SELECT count(*) FILTER (WHERE value = E'begins\nmiddle ' || split_part(key, ':', 2) || E'\nends\n') AS merged, count(*)
FROM jsonb_each_text(read_message(:store, :id)) WHERE key LIKE 'PS\_PUBLIC\_STRINGS:%';
COMMIT;

-- an actor that is set before the module is loaded, as by a pooler, is refused by the first call that needs it
\c -
SET client_min_messages = warning;
SET msgstore.actor = E'of\nlines';
SET search_path = msgstore;
SELECT save_new_message(:store, :inbox, '{}'); -- fail
SELECT count(*) FROM list_messages(:store, :inbox); -- fail
SET msgstore.actor = 'ann';
SELECT result FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "by Ann"}');
RESET msgstore.actor;
