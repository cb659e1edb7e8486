-- The requirements of MS-OXCFXICS on conflicts, and on the import of changes, moves,
-- deletions and read flags, that have a meaning in SQL, by their numbers.
SET search_path = msgstore;
SELECT create_store('oxcfxics: a') AS a, create_store('oxcfxics: b') AS b \gset
SELECT special_folder(:a, 'Inbox') AS af, special_folder(:b, 'Inbox') AS f, special_folder(:b, 'Drafts') AS d \gset
SELECT message_id AS m FROM save_new_message(:a, :af, '{"PR_SUBJECT": "template", "PR_BODY": "body"}') \gset
-- Keys of replicas with one-letter names: letter A is the GUID 0a0a..., and A3 its third change.
CREATE FUNCTION pg_temp.xid(name text) RETURNS bytea LANGUAGE sql AS $$
    SELECT decode(repeat('0' || lower(left(name, 1)), 16) || lpad(to_hex(substr(name, 2)::integer), 12, '0'), 'hex') $$;
CREATE FUNCTION pg_temp.list(names text) RETURNS text LANGUAGE sql AS $$
    SELECT translate(encode(coalesce(string_agg('\x16'::bytea || pg_temp.xid(n), '' ORDER BY n), ''), 'base64'), E'\n', '')
    FROM regexp_split_to_table(names, ' ') AS n $$;
-- The names in a list.
CREATE FUNCTION pg_temp.names(list text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(upper(chr(get_byte(x, 1) - 10 + 97)) || get_byte(x, 22), ' ' ORDER BY i)
    FROM (SELECT i, substr(decode(list, 'base64'), 1 + i * 23, 23) AS x
        FROM generate_series(0, length(decode(list, 'base64')) / 23 - 1) AS i) AS l $$;
-- A change of message "id" (a digit), made by key "key" over what "list" names.
CREATE FUNCTION pg_temp.change(id text, key text, list text, patch jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT export_change(store_id, message_id) || jsonb_build_object('PR_SOURCE_KEY', encode(pg_temp.xid('F' || id), 'base64'),
        'PR_CHANGE_KEY', encode(pg_temp.xid(key), 'base64'), 'PR_PREDECESSOR_CHANGE_LIST', pg_temp.list(list),
        'PR_SUBJECT', key, 'PR_LAST_MODIFICATION_TIME', '2026-01-01T00:00:00.0000000Z') || patch
    FROM msgstore.message WHERE store_id = (SELECT store_id FROM msgstore.store WHERE name = 'oxcfxics: a') $$;
CREATE FUNCTION pg_temp.import(id text, key text, list text, patch jsonb DEFAULT '{}', method integer DEFAULT 0)
RETURNS text LANGUAGE sql AS $$
    SELECT (import_change(store_id, special_folder(store_id, 'Inbox'), pg_temp.change(id, key, list, patch), method)).result::text
    FROM msgstore.store WHERE name = 'oxcfxics: b' $$;
-- The messages of store b: subject, change key and list, "in conflict", and the drafts.
CREATE FUNCTION pg_temp.stands(id text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', v ->> 'PR_SUBJECT', 'key ' || pg_temp.names(encode('\x16'::bytea || decode(v ->> 'PR_CHANGE_KEY', 'base64'), 'base64')),
        'list ' || pg_temp.names(v ->> 'PR_PREDECESSOR_CHANGE_LIST'),
        CASE WHEN (read_message(store_id, message_id) ->> 'PR_MSG_STATUS')::integer & 2048 <> 0 THEN 'in conflict' END,
        (SELECT 'draft ' || string_agg(changes ->> 'PR_SUBJECT', ' ') FROM parked AS p, parked_edits(p.store_id, p.parked_id)
         WHERE p.store_id = m.store_id AND p.message_id = m.message_id))
    FROM msgstore.message AS m, export_change(store_id, message_id) AS v
    WHERE store_id = (SELECT store_id FROM msgstore.store WHERE name = 'oxcfxics: b')
    AND v ->> 'PR_SOURCE_KEY' = encode(pg_temp.xid('F' || id), 'base64') $$;
CREATE FUNCTION pg_temp.id(id text) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM msgstore.message AS m
    WHERE store_id = (SELECT store_id FROM msgstore.store WHERE name = 'oxcfxics: b')
    AND export_change(store_id, message_id) ->> 'PR_SOURCE_KEY' = encode(pg_temp.xid('F' || id), 'base64') $$;
-- the SQLSTATE of a command, or "none"
CREATE FUNCTION pg_temp.raised(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '

-- Detection: R1785, by the lists of versions with equal source keys.  Message by message, the
-- version that stands, and the one that comes.
SELECT 'R782: a message that is not known is made', pg_temp.import('1', 'A3', 'A3 B2'), pg_temp.stands('1');
SELECT 'R1788 R1791: the list that comes includes ours: newer', pg_temp.import('1', 'A4', 'A4 B2'), pg_temp.stands('1');
SELECT 'R1788: by a replica that we do not know', pg_temp.import('1', 'C1', 'A4 B2 C1'), pg_temp.stands('1');
SELECT 'R1792 R1792001: equal: ignored, and ours remains', pg_temp.import('1', 'C1', 'A4 B2 C1', '{"PR_SUBJECT": "not seen"}'), pg_temp.stands('1');
SELECT 'R1792: our list includes the other: older', pg_temp.import('1', 'A3', 'A3 B2'), pg_temp.stands('1');
SELECT 'R1788: also with fewer replicas', pg_temp.import('1', 'B1', 'B1'), pg_temp.stands('1');
SELECT 'R1793: neither: a conflict', pg_temp.import('1', 'A5', 'A5 B2', '{"PR_LAST_MODIFICATION_TIME": "2025-01-01T00:00:00.0000000Z"}'), pg_temp.stands('1');
SELECT 'R1793: of replicas that do not know each other', pg_temp.import('2', 'A1', 'A1'), pg_temp.import('2', 'B1', 'B1');
SELECT 'R1798 R1799: each has seen what the other has not', pg_temp.import('3', 'A2', 'A2 B1'), pg_temp.import('3', 'B2', 'A1 B2');

-- Resolution
SELECT 'R1826: the most recent time wins', pg_temp.import('4', 'B1', 'B1', '{"PR_LAST_MODIFICATION_TIME": "2026-01-02T00:00:00.0000000Z"}'),
    pg_temp.import('4', 'C1', 'C1');
SELECT 'R1804 R1805 R1815: the list of the winner is the merge of both', pg_temp.stands('4');
SELECT 'R1826: whichever comes first', pg_temp.import('5', 'C1', 'C1'),
    pg_temp.import('5', 'B1', 'B1', '{"PR_LAST_MODIFICATION_TIME": "2026-01-02T00:00:00.0000000Z"}');
SELECT 'R1804 R1805 R1815', pg_temp.stands('5');
SELECT 'R1827 R1828: with equal times, the greater GUID', pg_temp.import('6', 'B9', 'B9'), pg_temp.import('6', 'C1', 'C1');
SELECT 'R1827 R1828', pg_temp.stands('6');
SELECT 'R1827 R1828: whichever comes first', pg_temp.import('7', 'C1', 'C1'), pg_temp.import('7', 'B9', 'B9');
SELECT 'R1827 R1828', pg_temp.stands('7');
SELECT 'R1808 R1809 R1810: the merge has the greater of each, and nothing else', pg_temp.import('8', 'A3', 'A3 B2 C1'),
    pg_temp.import('8', 'C4', 'A2 B2 C4 D1');
SELECT 'R1808 R1809 R1810', pg_temp.stands('8');
SELECT 'R1806 R1807: a successor of both is newer than both', pg_temp.import('8', 'E1', 'A3 B2 C4 D1 E1');
SELECT 'R1807: both versions are older now', pg_temp.import('8', 'A3', 'A3 B2 C1'), pg_temp.import('8', 'C4', 'A2 B2 C4 D1');
SELECT 'R3399: more than two versions', pg_temp.import('9', 'A1', 'A1'), pg_temp.import('9', 'B1', 'B1'), pg_temp.import('9', 'C1', 'C1');
SELECT 'R3399', pg_temp.stands('9');
SELECT 'R1812: the winner has all of its properties', pg_temp.import('10', 'A1', 'A1', '{"PR_BODY": "of A", "PR_COMMENT": "of A"}'),
    pg_temp.import('10', 'B1', 'B1', '{"PR_BODY": "of B"}');
SELECT p ->> 'PR_BODY', p ? 'PR_COMMENT' FROM read_message(:b, pg_temp.id('10')) AS p;
SELECT 'R1816: the conflict is not exported', c ? 'PR_MSG_STATUS' FROM export_change(:b, pg_temp.id('10')) AS c;

-- Reporting (R1833-R1836), by PR_RESOLVE_METHOD
SELECT 'R1287 R1820 R1834: method 0: the loser is kept, the message is in conflict', pg_temp.import('11', 'A1', 'A1'), pg_temp.import('11', 'B1', 'B1');
SELECT 'R1287 R1820 R1834', pg_temp.stands('11');
SELECT 'R1831: method 1: the last writer', pg_temp.import('12', 'A1', 'A1'), pg_temp.import('12', 'B1', 'B1', method => 1);
SELECT 'R1831', pg_temp.stands('12');
SELECT 'R1847: method 2: without notification', pg_temp.import('13', 'A1', 'A1'), pg_temp.import('13', 'B1', 'B1', method => 2);
SELECT 'R1847', pg_temp.stands('13');
SELECT set_folder_props(:b, :f, '{"PR_RESOLVE_METHOD": 1}');
SELECT 'R1840: that of the folder', pg_temp.import('14', 'A1', 'A1'), pg_temp.import('14', 'B1', 'B1', method => NULL);
SELECT 'R1840', pg_temp.stands('14');
SELECT set_folder_props(:b, :f, '{"PR_RESOLVE_METHOD": null}');
SELECT 'R3402 R3403: associated messages, the last writer', pg_temp.import('15', 'A1', 'A1', '{"PR_MESSAGE_FLAGS": 64}'),
    pg_temp.import('15', 'B1', 'B1', '{"PR_MESSAGE_FLAGS": 64}'), pg_temp.stands('15');
SELECT 'R813 R814: associated, or not', (read_message(:b, pg_temp.id('15')) ->> 'PR_MESSAGE_FLAGS')::integer & 64,
    (read_message(:b, pg_temp.id('14')) ->> 'PR_MESSAGE_FLAGS')::integer & 64;

SELECT 'a deletion wins over the edit that it does not know, which is kept', pg_temp.import('22', 'C1', 'C1'),
    pg_temp.import('22', 'A1', 'A1', '{"PR_DELETED_ON": "2026-01-01T00:00:00.0000000Z"}');
SELECT changes ->> 'PR_SUBJECT' FROM parked AS p, parked_edits(p.store_id, p.parked_id)
WHERE p.store_id = :b AND p.message_id = pg_temp.id('22');

-- Changes
SELECT 'R783 R2229: the whole message is imported', pg_temp.import('16', 'A1', 'A1', '{"PR_COMMENT": "first"}'),
    pg_temp.import('16', 'A2', 'A2');
SELECT 'R783 R2229', read_message(:b, pg_temp.id('16')) ? 'PR_COMMENT';
SELECT 'R798 R1304: the key and the list are those of the change', pg_temp.stands('16');
SELECT 'R1300: and so is the time', export_change(:b, pg_temp.id('16')) ->> 'PR_LAST_MODIFICATION_TIME';
SELECT 'R795 R798 R1300 R1304: each of these must be there', member,
    pg_temp.raised(format('SELECT msgstore.import_change(%s, %s, %L)', :b, :f, pg_temp.change('16', 'A3', 'A3') - member))
FROM unnest(ARRAY['PR_SOURCE_KEY', 'PR_CHANGE_KEY', 'PR_PREDECESSOR_CHANGE_LIST', 'PR_LAST_MODIFICATION_TIME']) AS member;

-- Folders: a conflict is resolved, with success (R2237, R2242)
SELECT create_folder(:a, NULL, 'x') AS ax \gset
SELECT count(import_folder(:b, export_folder(:a, folder_id))) FROM folder_list WHERE store_id = :a AND special IS NOT NULL;
SELECT count(import_folder(:a, export_folder(:b, folder_id))) FROM folder_list WHERE store_id = :b AND special IS NOT NULL;
SELECT folder_id AS bx FROM import_folder(:b, export_folder(:a, :ax)) \gset
SELECT rename_folder(:a, :ax, 'of a'), rename_folder(:b, :bx, 'of b');
SELECT export_folder(:a, :ax) AS v \gset
SELECT 'R1832 R2237: the last writer, and S_OK', (import_folder(:b, :'v')).result, (import_folder(:a, export_folder(:b, :bx))).result;
SELECT name FROM folder_list WHERE (store_id, folder_id) IN ((:a, :ax), (:b, :bx));
SELECT 'R1320: without a name, or with an empty one', pg_temp.raised(format('SELECT msgstore.import_folder(%s, %L)', :b, change))
FROM (VALUES (:'v'::jsonb - 'PR_DISPLAY_NAME'), (:'v'::jsonb || '{"PR_DISPLAY_NAME": ""}')) AS v (change);

-- Moves: the moved message has the key of the move
SELECT pg_temp.import('17', 'A1', 'A1') \gset
SELECT 'a move of the version that is here', result, folder_id = :d FROM message AS m, import_move(:b, encode(pg_temp.xid('F17'), 'base64'),
    :d, encode(pg_temp.xid('A2'), 'base64'), pg_temp.list('A1')) WHERE m.store_id = :b AND m.message_id = pg_temp.id('17');
SELECT pg_temp.stands('17'), folder_id = :d FROM message WHERE store_id = :b AND message_id = pg_temp.id('17');
SELECT 'which is known then', result FROM import_move(:b, encode(pg_temp.xid('F17'), 'base64'), :f, encode(pg_temp.xid('A2'), 'base64'), pg_temp.list('A1'));
SELECT 'of a newer version: moved, and that version is still to come', result FROM import_move(:b, encode(pg_temp.xid('F17'), 'base64'),
    :f, encode(pg_temp.xid('A9'), 'base64'), pg_temp.list('A8'));
SELECT folder_id = :f FROM message WHERE store_id = :b AND message_id = pg_temp.id('17');

-- Deletions
SELECT 'R2250: what is deleted, or was never here, is ignored', import_deletion(:b, ARRAY[encode(pg_temp.xid('F17'), 'base64')]),
    import_deletion(:b, ARRAY[encode(pg_temp.xid('F17'), 'base64')]), import_deletion(:b, ARRAY[encode(pg_temp.xid('F99'), 'base64')]);
SELECT 'R2254: unknown flags', import_deletion(:b, ARRAY[encode(pg_temp.xid('F16'), 'base64')], 2), pg_temp.id('16') IS NOT NULL;
SELECT 'soft, and for good', deleted_at IS NOT NULL FROM message WHERE store_id = :b AND message_id = pg_temp.id('17');
SELECT import_deletion(:b, ARRAY[encode(pg_temp.xid('F17'), 'base64')], 'DELETE_HARD_DELETE'), pg_temp.id('17') IS NULL;
SELECT 'R2251: an older change does not bring it back', pg_temp.import('17', 'A1', 'A1'), pg_temp.id('17') IS NULL;

-- Read flags: R2258, in bulk as one by one
CREATE FUNCTION pg_temp.state(id text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', p ->> 'PR_READ', p ->> 'PR_MESSAGE_FLAGS', p ->> 'PR_CHANGE_KEY' = encode(pg_temp.xid('A1'), 'base64'))
    FROM msgstore.store, read_message(store_id, pg_temp.id(id)) AS p WHERE name = 'oxcfxics: b' $$;
SELECT pg_temp.import(id, 'A1', 'A1') FROM unnest(ARRAY['18', '19', '20', '21']) AS id;
SELECT set_read_flag(:b, pg_temp.id('18')), set_read_flag(:b, pg_temp.id('19'), 'CLEAR_READ_FLAG');
SELECT import_read_state(:b, jsonb_agg(jsonb_build_object('PR_SOURCE_KEY', encode(pg_temp.xid('F' || id), 'base64'), 'PR_READ', id = '20',
    'changed_at', '2100-01-01T00:00:00.0000000Z'))) FROM unnest(ARRAY['20', '21']) AS id;
SELECT 'R2258: read, without a new change key', pg_temp.state('18') = pg_temp.state('20'), pg_temp.state('20');
SELECT 'R2258: unread', pg_temp.state('19') = pg_temp.state('21'), pg_temp.state('21');
