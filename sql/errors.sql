-- Every error that the module raises, with its SQLSTATE and its MAPI code; no error
-- changes what is stored, nor any handle.
SET search_path = msgstore, public;
-- ids get four digits or more, so that they can be told from other numbers
SELECT setval(format('msgstore.%s_seq', series), 1000 + last) >= 1000 AS moved
FROM (SELECT 'store_id', last_value FROM store_id_seq
      UNION ALL SELECT 'folder_id', last_value FROM folder_id_seq
      UNION ALL SELECT 'message_id', last_value FROM message_id_seq
      UNION ALL SELECT 'blob_id', last_value FROM blob_id_seq
      UNION ALL SELECT 'change_number', last_value FROM change_number_seq) AS s (series, last);
CREATE ROLE regress_errors;
CREATE ROLE regress_errors_owner;
SELECT create_store('errors', 'regress_errors_owner') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "stays", "PR_BODY": "as it is"}') \gset
SELECT message_id AS gone FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "soft-deleted"}') \gset
UPDATE message SET deleted_at = now() WHERE message_id = :gone;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id) AS reader,
       open_message(:store, :id) AS closed, create_message(:store, :inbox) AS new \gset
SELECT close_object(:closed);
SELECT set_props(:h, '{"PR_COMMENT": "pending"}');
SELECT set_props(:new, '{"PR_COMMENT": "pending too"}');

-- Return the error of a call: SQLSTATE, the name that its DETAIL begins with, message.
-- Long numbers, which differ from run to run, are shown as N.
CREATE FUNCTION pg_temp.world(store bigint) RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat(
        (SELECT string_agg(m::text, ';' ORDER BY message_id) FROM message m WHERE store_id = store),
        (SELECT string_agg(c::text, ';' ORDER BY change_number) FROM change c WHERE store_id = store),
        (SELECT string_agg(f::text, ';' ORDER BY folder_id) FROM folder f WHERE store_id = store),
        (SELECT string_agg(s::text, ';' ORDER BY store_id) FROM store s),
        (SELECT string_agg(p::text, ';' ORDER BY parked_id) FROM parked p WHERE store_id = store),
        (SELECT string_agg(concat(h, get_props(handle)), ';' ORDER BY handle) FROM open_handles h))) $$;
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
    detail text;
    code text;
BEGIN
    EXECUTE call;
    RAISE EXCEPTION USING ERRCODE = 'P0099';    -- take it back
EXCEPTION WHEN SQLSTATE 'P0099' THEN
    RETURN 'no error';
WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    code := CASE WHEN SQLSTATE ~ '^M[AB]' THEN split_part(translate(detail, ':', ''), ' ', 1) END;
    -- the state is that of the code
    IF SQLSTATE <> (CASE WHEN to_hex(code::msgstore.hresult::integer) LIKE '80004%' THEN 'MB' ELSE 'MA' END
                    || upper(right(to_hex(code::msgstore.hresult::integer), 3))) THEN
        code := code || ', which is not ' || SQLSTATE;
    END IF;
    RETURN concat_ws(' ', SQLSTATE, code, replace(
        regexp_replace(said, '\m(?!102[34]\M)\d{4,12}\M', 'N', 'g'), format('"%s"', session_user), '"ME"'));
END $$;
CREATE FUNCTION pg_temp.errors(VARIADIC calls text[], OUT call text, OUT error text)
RETURNS SETOF record LANGUAGE sql ROWS 10 AS $$
    SELECT left(regexp_replace(c, '\m\d{4,12}\M', 'N', 'g'), 90), pg_temp.error('SELECT ' || c)
    FROM unnest(calls) WITH ORDINALITY AS u (c, n) ORDER BY n $$;
SELECT pg_temp.world(:store) AS world \gset
-- folders and stores
SELECT * FROM pg_temp.errors(format('create_folder(%s, NULL, repeat(%L, 256))', :store, 'x'),
    format('create_folder(%s, NULL, %L, 17)', :store, 'x'),
    format('set_folder_props(%s, %s, %L)', :store, :inbox, '{"PR_CONTENT_COUNT": 1}'),
    format('set_store_props(%s, %L)', :store, '{"PR_DISPLAY_NAME": "x"}'),
    format('copy_folder(%s, %s, %s, NULL, 1)', :store, :inbox, :inbox),
    format('copy_folder(%s, %s, %s)', :store, :inbox, :inbox),
    format('save_messages(%s, %L)', :store, '{}'));
\t on
\pset format unaligned
\pset fieldsep ' -> '

-- stores and folders
SELECT * FROM pg_temp.errors(
    $$create_store('')$$,
    $$create_store('errors')$$,
    $$create_store('errors: another', '')$$,
    $$create_store('errors: another', 'regress_errors_nobody')$$,
    format('create_folder(0, NULL, %L)', 'f'),
    format('create_folder(%s, 0, %L)', :store, 'f'),
    format('create_folder(%s, NULL, %L)', :store, ''),
    format('create_folder(%s, NULL, %L)', :store, 'Inbox'),
    format('special_folder(0, %L)', 'Inbox'),
    format('special_folder(%s, %L)', :store, 'Spam'),
    'set_node_number(-1)', 'set_node_number(1024)');
BEGIN;
DELETE FROM folder WHERE store_id = :store AND special = 'Conflicts';
SELECT * FROM pg_temp.errors(format('special_folder(%s, %L)', :store, 'Conflicts'));
ROLLBACK;
GRANT EXECUTE ON FUNCTION create_store(text, text) TO regress_errors;
SET ROLE regress_errors;
SELECT * FROM pg_temp.errors(
    $$create_store('errors: another', 'regress_errors_owner')$$,
    format('special_folder(%s, %L)', :store, 'Inbox'),
    format('read_message(%s, %s)', :store, :id),
    'set_node_number(1)');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION create_store(text, text) FROM regress_errors;

-- messages and handles that do not exist, or not for this call
SELECT * FROM pg_temp.errors(
    format('open_message(0, %s)', :id),
    format('open_message(%s, 0)', :store),
    format('open_message(%s, %s)', :store, :gone),
    format('open_message(%s, %s, 16384)', :store, :id),
    format('open_message(%s, %s, %L)', :store, :id, 'FORCE_SAVE'),
    format('create_message(%s, 0)', :store),
    format('create_message(%s, %s, 128)', :store, :inbox),
    format('read_message(%s, %s)', :store, :gone),
    format('save_message(%s, 0, 1, %L)', :store, '{}'),
    format('save_message(0, %s, 1, %L)', :id, '{}'),
    format('save_new_message(%s, 0, %L)', :store, '{}'),
    format('message_id(%s)', :closed), format('get_props(%s)', :closed),
    format('set_props(%s, %L)', :closed, '{}'), format('delete_props(%s, %L)', :closed, '{}'),
    format('refresh(%s)', :closed), format('save_changes(%s)', :closed),
    format('force_save(%s)', :closed), format('close_object(%s)', :closed),
    'get_props(0)', 'save_changes(-1)',
    format('set_props(%s, %L)', :reader, '{}'), format('delete_props(%s, %L)', :reader, '{}'));
-- a message whose row is gone under its handle, and one without history
BEGIN;
DELETE FROM message WHERE message_id = :id;
SELECT * FROM pg_temp.errors(
    format('get_props(%s)', :h), format('refresh(%s)', :h), format('get_props(%s)', :reader));
ROLLBACK;
BEGIN;
SELECT (save_message(:store, :id, :n, '{"PR_SUBJECT": "second"}')).result;
SELECT (save_message(:store, :id, (read_message(:store, :id)->>'PidTagChangeNumber')::bigint,
                     '{"PR_SUBJECT": "third"}')).result;
SAVEPOINT s;
DELETE FROM change c USING (SELECT change_number FROM change WHERE message_id = :id AND store_id = :store
                            ORDER BY change_number OFFSET 1 LIMIT 1) AS second
WHERE c.message_id = :id AND c.store_id = :store AND c.change_number = second.change_number;
SELECT * FROM pg_temp.errors(format('get_props(%s)', :reader),
    format('save_message(%s, %s, %s, %L, 4)', :store, :id, :n, '{"PR_SUBJECT": "over a hole"}'));
ROLLBACK TO s;
DELETE FROM change WHERE message_id = :id AND store_id = :store;
SELECT * FROM pg_temp.errors(format('get_props(%s)', :reader));
ROLLBACK;

-- too many handles; handles in a transaction that is to be prepared
SET msgstore.max_open_handles = 3;
SELECT * FROM pg_temp.errors(format('open_message(%s, %s)', :store, :id),
    format('create_message(%s, %s)', :store, :inbox));
RESET msgstore.max_open_handles;
SELECT * FROM pg_temp.errors($$set_config('msgstore.max_open_handles', '0', false)$$,
    $$set_config('msgstore.max_open_handles', 'many', false)$$,
    $$set_config('msgstore.max_open_handles', '1000001', false)$$);
\set VERBOSITY terse
BEGIN;
SELECT set_props(:h, '{"PR_COMMENT": "prepared"}');
-- fail
PREPARE TRANSACTION 'regress_errors';
\set VERBOSITY default

-- patches and lists of names
SELECT * FROM pg_temp.errors(
    format('set_props(%s, %L)', :h, '[]'), format('set_props(%s, %L)', :h, '"PR_SUBJECT"'),
    format('set_props(%s, %L)', :h, 'null'), format('set_props(%s, %L)', :h, '{"PR_SUBJECT": }'),
    format('set_props(%s, %L)', :h, ''), format('set_props(%s, %L)', :h, '{"PR_SUBJECT": "\u0000"}'),
    format('set_props(%s, %L)', :h, '{"PR_SUBJECT": "\ud800"}'),
    format('set_props(%s, %L)', :h, '{"PR_SUBJECT": "a", "PidTagSubject": "b"}'),
    format('set_props(%s, %L)', :h, '{"PR_BODY": "a", "PidTagBody": "b"}'),
    format('delete_props(%s, %L)', :h, '{PR_SUBJECT, NULL}'),
    format('get_props(%s, %L)', :h, '{PR_SUBJECT, NULL}'),
    format('delete_props(%s, %L)', :h, '{PR_SUBJECT, PR_NO_SUCH_THING}'),
    format('get_props(%s, %L)', :h, '{PR_NO_SUCH_THING}'),
    format('read_message(%s, %s, %L)', :store, :id, '{PR_NO_SUCH_THING}'),
    format('set_props(%s, %L)', :h, '{"PR_SUBJECT": "lost", "": 1}'),
    format('set_props(%s, %L)', :h, '{"PR_ENTRYID": null}'),
    format('set_props(%s, %L)', :h, '{"PR_MESSAGE_FLAGS": 1}'),
    format('set_props(%s, %L)', :new, '{"PR_MESSAGE_FLAGS": 1042}'),
    format('set_props(%s, 1)', :h),
    format('get_props(%s, %L)', :h, 'PR_SUBJECT'),
    $$get_props('PR_SUBJECT')$$);

-- names and tags that are no property, or none that can be stored
SELECT * FROM pg_temp.errors(VARIADIC ARRAY(
    SELECT format('set_props(%s, %L)', :h, jsonb_build_object(name, value))
    FROM (VALUES ('pr_subject', '"a"'::jsonb), ('PidLidTaskStatus', '"a"'), ('0x8000001F', '"a"'),
        ('PR_BODY_HTML', '"a"'), ('0x6F00101F', '["a", 1]'), ('0x6F000000', '"a"'),
        ('0x6F000001', '"a"'), ('0x6F00000A', '1'), ('0x6F00BEEF', '"a"'),
        ('0x0037000B', 'true'), ('0x0037001', '"a"'), ('0x0000001F', '"a"')) AS v (name, value)));

-- values of another type than their property's, or out of its range
SELECT * FROM pg_temp.errors(VARIADIC ARRAY(
    SELECT format('set_props(%s, %L)', :h, jsonb_build_object(name, value))
    FROM (VALUES ('PR_SUBJECT', '1'::jsonb), ('PR_BODY', 'true'), ('PR_HTML', '{}'),
        ('PR_TRANSPORT_MESSAGE_HEADERS', '[]'), ('PR_IMPORTANCE', '"high"'),
        ('PR_IMPORTANCE', '1.5'), ('PR_IMPORTANCE', '2147483648'), ('PR_IMPORTANCE', '1e400'),
        ('0x6F000002', '40000'), ('0x6F000014', '9223372036854775808'),
        ('0x6F000004', '1e39'), ('0x6F000005', '"nan"'),
        ('PR_READ_RECEIPT_REQUESTED', '1'), ('PR_CLIENT_SUBMIT_TIME', '"yesterday"'),
        ('PR_CLIENT_SUBMIT_TIME', '"1600-01-01T00:00:00Z"'), ('0x6F000048', '"{}"'),
        ('PR_HTML', '"<p>"'), ('PR_CONVERSATION_INDEX', '"A"'),
        ('PR_MESSAGE_ATTACHMENTS', '[{}]')) AS v (name, value)));

-- lists of recipients
SELECT * FROM pg_temp.errors(VARIADIC ARRAY(
    SELECT format('set_props(%s, %L)', :h, jsonb_build_object('PR_MESSAGE_RECIPIENTS', value))
    FROM unnest(ARRAY['"ann@example.org"'::jsonb, '{"PR_DISPLAY_NAME": "Ann"}', '["Ann"]', '[{}]',
        '[{"PR_DISPLAY_NAME": "Ann", "PidTagDisplayName": "Ann"}]', '[{"PR_ROWID": 1}, {"PR_ROWID": 1}]',
        '[{"PR_ROWID": -1}]', '[{"PR_BODY": "a"}]', '[{"PR_DISPLAY_NAME": 1}]', '[{"Ann": 1}]']) AS value));

-- results, flags, times
SELECT * FROM pg_temp.errors(
    $$throw_if_failed(NULL)$$, $$throw_if_failed('MAPI_E_OBJECT_CHANGED')$$,
    $$throw_if_failed('E_NOTIMPL')$$, $$throw_if_failed('0x8004FFFF')$$,
    $$hresult 'S_OKAY'$$, $$save_flags 'FORCE_SAVE|'$$, $$save_flags 'FORCE'$$,
    $$open_flags 'FORCE_SAVE'$$, $$msgstore_internal.systime('yesterday')$$);

-- the calls that settle conflicts, place messages, park drafts, go back
SELECT * FROM pg_temp.errors(
    format('resolve_conflict(%s, %L)', :h, 'FORGET'),
    format('resolve_conflict(%s, %L, %s)', :h, 'OVERWRITE', :inbox),
    format('resolve_conflict(%s, %L, NULL, 1)', :h, 'MERGE'),
    format('resolve_conflict(%s, %L)', :new, 'KEEP_ORIGINAL'),
    format('resolve_conflict(%s, %L)', :closed, 'MERGE'),
    format('resolve_conflict(%s, %L, 0)', :h, 'SAVE_ELSEWHERE'),
    format('resolve_conflict(%s, 0, 1, %L, %L)', :store, '{}', 'MERGE'),
    format('conflict(%s)', :closed), format('conflict(%s, 0, 1, %L)', :store, '{}'),
    format('save_as(%s, 0)', :h), format('save_as(%s, %s)', :closed, :inbox),
    format('delete_messages(%s, %L)', :store, '{1, NULL}'),
    format('delete_messages(%s, %L, 0, 1)', :store, '{1, 2}'),
    format('delete_messages(0, %L)', '{1}'),
    format('restore_messages(%s, %L)', :store, '{NULL}'),
    format('move_messages(%s, %L, 0)', :store, '{1}'),
    format('move_messages(%s, %L, %s, 1)', :store, '{1, 2}', :inbox),
    format('park(%s)', :closed), format('resume(%s, 0)', :store), format('discard_parked(%s, 0)', :store),
    format('message_at(%s, 0, 1)', :store), format('message_at(%s, %s, 0)', :store, :id),
    format('restore_version(%s, 0, 1, 1)', :store),
    format('set_retention(%s, NULL, 0)', :store), 'set_retention(0, NULL, 1)',
    format('msgstore_internal.prune_batch(%s, 0, 0)', :store));

-- attachments, what they embed, lists of recipients by rows, streams
SELECT create_message(:store, :inbox) AS m \gset
SELECT create_attachment(:m) AS a \gset
SELECT set_props(:a, '{"PR_ATTACH_LONG_FILENAME": "a.txt"}');
SELECT * FROM pg_temp.errors(VARIADIC ARRAY(
    SELECT format('set_props(%s, %L)', :m, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', value))
    FROM unnest(ARRAY['{}'::jsonb, '["a"]', '[{"PR_BODY": "a"}]', '[{"PR_ATTACH_NUM": -1}]',
        '[{"PR_ATTACH_NUM": 1}, {"PR_ATTACH_NUM": 1}]',
        '[{"PR_ATTACH_NUM": 2147483647}, {}]',
        '[{"PR_ATTACH_DATA_BIN": "AA==", "PR_ATTACH_DATA_OBJ": {}}]',
        '[{"PR_ATTACH_DATA_OBJ": 1}]', '[{"PR_ATTACH_DATA_BIN": 1}]']) AS value));
SELECT * FROM pg_temp.errors(
    format('save_new_message(%s, %s, %L)', :store, :inbox,
        '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 1, "size": 1}}]}'),
    format('create_attachment(%s)', :reader), format('create_attachment(%s)', :a),
    format('open_attachment(%s, 7)', :m), format('open_attachment(%s, 7, 1024)', :m),
    format('delete_attachment(%s, 7)', :m), format('delete_attachment(%s, 7)', :reader),
    format('open_embedded_message(%s)', :a), format('open_embedded_message(%s)', :m),
    format('refresh(%s)', :a), format('park(%s)', :a),
    format('modify_recipients(%s, 6, %L)', :m, '[]'), format('modify_recipients(%s, 64, %L)', :m, '[]'),
    format('modify_recipients(%s, 0, %L)', :m, '{}'), format('modify_recipients(%s, 2, %L)', :m, '[1]'),
    format('modify_recipients(%s, 2, %L)', :m, '[{"PR_ROWID": 1}]'),
    format('modify_recipients(%s, 2, %L)', :m, '[{}]'),
    format('modify_recipients(%s, 4, %L)', :m, '[{"PR_ROWID": 1, "PidTagRowid": 1}]'),
    format('modify_recipients(%s, 4, %L)', :m, '[{"PR_DISPLAY_NAME": "a"}]'),
    format('modify_recipients(%s, 8, %L)', :m, '[{"PR_ROWID": 1}]'),
    format('stream_size(%s, %L)', :m, 'PR_BODY'), format('stream_size(%s, %L)', :m, 'PR_IMPORTANCE'),
    format('read_stream(%s, %L, -1, 1)', :m, 'PR_SUBJECT'),
    format('read_stream(%s, %L, 0, 2000000000)', :m, 'PR_SUBJECT'),
    format('write_stream(%s, %L, 1, %L)', :m, 'PR_BODY', 'a'),
    format('write_stream(%s, %L, 0, %L)', :m, 'PR_BODY', '\xff'),
    format('write_stream(%s, %L, 0, %L)', :m, 'PR_ENTRYID', 'a'),
    format('write_stream(%s, %L, 0, %L)', :reader, 'PR_BODY', 'a'),
    format('truncate_stream(%s, %L, 1)', :m, 'PR_BODY'),
    format('copy_to(%s, %s)', :m, :a), format('copy_to(%s, %s)', :m, :m), format('copy_to(%s, %s)', :m, :reader),
    format('copy_to(%s, %s, %L, 4)', :h, :m, '{}'), format('copy_props(%s, %s, %L)', :h, :m, '{NULL}'),
    format('copy_props(%s, %s, %L)', :h, :m, '{PR_NO_SUCH}'));
-- bytes that are missing from the tables
SELECT write_stream(:m, 'PR_COMMENT', 0, 'ä');
SELECT * FROM pg_temp.errors(format('truncate_stream(%s, %L, 1)', :m, 'PR_COMMENT'),
    format('write_stream(%s, %L, 0, %L)', :a, 'PR_HTML', 'a'));
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, repeat('x', 100)::bytea);
BEGIN;
DELETE FROM blob_chunk WHERE store_id = :store;
SELECT * FROM pg_temp.errors(format('read_stream(%s, %L, 0, 100)', :a, 'PR_ATTACH_DATA_BIN'));
ROLLBACK;
SELECT close_object(:a);
SELECT close_object(:m);

-- NULL without a meaning is refused, and the argument named.  The query tries every
-- function that is not STRICT with NULL for each argument that has no default of
-- NULL, and shows the calls that answer anything else.
CREATE TEMPORARY TABLE good_argument (name text, value text);
INSERT INTO good_argument VALUES
    ('store_id', :store), ('to_store_id', :store), ('message_id', :id), ('folder_id', :inbox), ('parent_id', :inbox),
    ('handle', :h), ('change_number', :n), ('version', :n), ('name', '''n'''), ('special', '''Inbox'''),
    ('flags', '''0'''), ('props', '''{}'''), ('changes', '''{}'''), ('tags', '''{}'''),
    ('node', '0'), ('result', '''S_OK'''), ('choice', '''KEEP_ORIGINAL'''), ('whole', 'false'), ('by_lines', 'false'),
    ('message_ids', '''{}'''), ('parked_id', '0'), ('keep_age', '''1 day'''), ('keep_count', '1'), ('keep', 'true'),
    ('after', '0'), ('messages', '1'), ('attach_num', '0'), ('property', '''PR_BODY'''),
    ('offset', '0'), ('length', '1'), ('bytes', '''x'''), ('size', '0'), ('rows', '''[]'''),
    ('names', '''{}'''), ('create', 'false'), ('member', '''PUBLIC'''), ('rights', '''NONE'''),
    ('owner', 'current_user::text'), ('status', '0'), ('mask', '0'),
    ('columns', '''{}'''), ('by', '''{PR_SUBJECT}'''), ('folders', '''{}'''), ('restriction', '''{"and": []}'''), ('sort', '''{}'''),
    ('claim', '0'), ('max', '0'), ('lease', '''1 hour'''), ('outcome', '''SENT'''), ('ttl', '''1 hour'''),
    ('to_handle', :h), ('include', '''{}'''), ('exclude', '''{}'''),
    ('role', 'current_user::text'), ('is_binary', 'true'), ('blob_id', '0'), ('token', 'NULL'),
    ('peer', '''peer'''), ('sync_token', '''token'''), ('again', '''{}'''), ('folders_again', '''{}'''), ('change', '''{}'''), ('states', '''[]'''),
    ('keys', '''[]'''), ('source_key', '''x'''), ('source_keys', '''{}'''), ('change_key', '''x'''), ('predecessors', '''x'''),
    ('query', '''x'''), ('enabled', 'false'), ('configuration', '''simple'''),
    ('connection', '0'), ('wakeups', 'true'), ('events', '''0''');
SELECT * FROM (
    SELECT f.proc || ', ' || f.name AS argument,
           CASE WHEN g.value IS NULL THEN 'the test knows no value to try' ELSE
           pg_temp.error(format('SELECT %s(%s)', f.call, (
               SELECT string_agg(CASE WHEN n = f.ordinal THEN 'NULL' ELSE o.value END
                                 || '::' || format_type(f.types[n - 1], NULL), ', ' ORDER BY n)
               FROM unnest(f.names) WITH ORDINALITY AS i (name, n)
               LEFT JOIN good_argument AS o USING (name)
               WHERE n <= f.required))) END AS outcome
    FROM (SELECT p.oid::regprocedure::text AS proc, p.oid::regproc AS call, p.proargtypes AS types, a.name, a.ordinal,
                 p.proargnames[1:p.pronargs] AS names,
                 -- arguments with a default of NULL come last
                 p.pronargs - (SELECT count(*) FROM regexp_matches(
                     pg_get_function_arguments(p.oid), 'DEFAULT NULL', 'g')) AS required
          FROM pg_proc AS p, unnest(p.proargnames[1:p.pronargs]) WITH ORDINALITY AS a (name, ordinal)
          WHERE p.pronamespace IN ('msgstore'::regnamespace, 'msgstore_internal'::regnamespace)
            AND NOT p.proisstrict
            -- whose arguments are the columns of a message
            AND p.proname <> 'message_size'
            AND p.prokind = 'f' AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
         ) AS f
    LEFT JOIN good_argument AS g ON g.name = f.name
    WHERE f.ordinal <= f.required) AS tried
WHERE outcome NOT LIKE 'MA057 MAPI_E_INVALID_PARAMETER argument "' || substring(argument FROM ', ([^,]*)$') || '" must not be NULL'
ORDER BY argument COLLATE "C";
SELECT * FROM pg_temp.errors('open_message(NULL, 1)', format('save_changes(%s, NULL)', :h),
    'create_store(NULL)', format('set_message_status(%s, %s, 2048, 2048)', :store, :id),
    format('claim_outgoing(%s, -1, %L)', :store, '1 hour'), format('finish_submit(%s, %s, 1, %L)', :store, :id, 'LOST'),
    format('announce_editing(%s, %s, %L)', :store, :id, '-1 second'));

-- values too large for jsonb (those too large for a message: test/large/001_sizes.pl)
SELECT * FROM pg_temp.errors(
    format('set_props(%s, jsonb_build_object(%L, repeat(%L, 300000000)))', :h, 'PR_BODY', 'x'));
SELECT * FROM pg_temp.errors(
    format('set_props(%s, jsonb_build_object(repeat(%L, 10000000), 1))', :h, 'x'),
    format('open_message(%s::bigint, 9223372036854775808)', :store),
    'save_changes(4294967296)');

-- an extension with a table or a column missing: the error names it
BEGIN;
ALTER TABLE store RENAME TO shop;
SELECT * FROM pg_temp.errors(format('special_folder(%s, %L)', :store, 'Inbox'));
ROLLBACK;
BEGIN;
CREATE TRIGGER t BEFORE UPDATE ON message FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT * FROM pg_temp.errors(format('read_message(%s, %s)', :store, :id),
    format('save_new_message(%s, %s, %L)', :store, :inbox, '{}'));
ROLLBACK;
-- a series of numbers that has come to its end
SELECT last_value AS last FROM message_id_seq \gset
BEGIN;
TRUNCATE number_marker;
SELECT setval('message_id_seq', 8796093022207 - 1000) IS NOT NULL;
SELECT * FROM pg_temp.errors(format('save_new_message(%s, %s, %L)', :store, :inbox, '{}'));
ROLLBACK;
SELECT setval('message_id_seq', 8796093022207) IS NOT NULL;
SELECT * FROM pg_temp.errors(format('save_new_message(%s, %s, %L)', :store, :inbox, '{}'));
SELECT setval('message_id_seq', :last) = :last;
-- and numbers that would move on by a clock that is ten years ahead
BEGIN;
TRUNCATE number_marker;
UPDATE incarnation SET began_at = now() - interval '11 years';
UPDATE change SET changed_at = now() - interval '11 years';
SELECT * FROM pg_temp.errors(format('save_new_message(%s, %s, %L)', :store, :inbox, '{}'));
ROLLBACK;

-- after all of these errors no byte and no handle is other than before
SELECT pg_temp.world(:store) = :'world';
SELECT save_changes(:h), save_changes(:new);
SELECT close_object(handle) FROM open_handles;

-- columns are looked up once per session: in a new session a missing one is named
\set VERBOSITY terse
ALTER TABLE message RENAME body TO text;
\c -
SET search_path = msgstore, public;
-- fail
SELECT read_message(:store, :id);
ALTER TABLE message RENAME text TO body;
SELECT read_message(:store, :id, '{PR_BODY}');
DROP ROLE regress_errors, regress_errors_owner;

-- the function that only views call takes any values from any caller
SELECT msgstore_internal.message_size(NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       msgstore_internal.message_size('1', '[[1, {"blob": {"blob": 1, "size": 2}}], null]', '', '', '', '', '"x"') > 0 AS any_jsonb;
SELECT r, msgstore_internal.display_to(r) AS display_to
FROM unnest(ARRAY['1', '{}', '[]', '[1]', '[{}]', '[{"PR_RECIPIENT_TYPE": "x"}]',
                  '[{"PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": 1}]']::jsonb[]) AS r;

-- "could not serialize access due to concurrent update" is shown in
-- test/specs/save_after_refresh.spec.  tools/check-errors finds errors that no test
-- shows, and lists those that no test can bring about.
