-- How long handles live: msgstore.handles.  What a session may hold in memory:
-- msgstore.max_pending; roles do not raise the limits (F11).
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('handle modes') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "zero", "PR_BODY": "body"}') \gset
SELECT name, setting, unit, context, min_val, max_val, enumvals FROM pg_settings
WHERE name IN ('msgstore.handles', 'msgstore.max_open_handles', 'msgstore.max_pending') ORDER BY name;

-- transaction: a handle lives as long as the transaction that opened it
SET msgstore.handles = 'transaction';
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT count(*) FROM open_handles;
\set VERBOSITY default
-- fail
SELECT get_props(1);
\set VERBOSITY sqlstate
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "saved in one transaction"}');
SELECT save_changes(:h), count(*) FROM open_handles;
COMMIT;
SELECT count(*) FROM open_handles;
SELECT read_message(:store, :id, '{PR_SUBJECT}');
-- fail
SELECT save_changes(:h);
BEGIN;
SELECT create_message(:store, :inbox) AS h \gset
ROLLBACK;
-- fail
SELECT save_changes(:h);
-- the chained transaction is another one
BEGIN;
SELECT open_message(:store, :id) AS h \gset
COMMIT AND CHAIN;
SELECT count(*) FROM open_handles;
COMMIT;

-- savepoints: rolled back, released, opened below and closed
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SAVEPOINT s1;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "in vain"}');
SAVEPOINT s2;
SELECT close_object(:a), open_message(:store, :id) AS c \gset
ROLLBACK TO s2;
RELEASE s1;
SELECT count(*) AS open, count(*) FILTER (WHERE has_edits) AS with_edits FROM open_handles;
SELECT close_object(:b);
SAVEPOINT s3;
SELECT close_object(:a);
ROLLBACK TO s3;
SELECT handle = :a AS a FROM open_handles;
COMMIT;
SELECT count(*) FROM open_handles;

-- the value at the time of opening holds
BEGIN;
SELECT open_message(:store, :id) AS short \gset
SET LOCAL msgstore.handles = 'session';
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS long \gset
COMMIT;
SELECT handle = :long AS long FROM open_handles;
SELECT set_props(:long, '{"PR_SUBJECT": "long"}'), save_changes(:long);
-- objects below a handle do not outlive the handle
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SET LOCAL msgstore.handles = 'session';
SELECT create_attachment(:h) AS attachment \gset
SELECT create_attachment(:long) AS kept \gset
COMMIT;
SELECT handle IN (:long, :kept) AS kept FROM open_handles;
SELECT close_object(handle) FROM open_handles;

-- a procedure that commits
CREATE PROCEDURE pg_temp.commits(store bigint, id bigint) LANGUAGE plpgsql AS $$
DECLARE
    h integer := msgstore.open_message(store, id, 'MAPI_MODIFY');
BEGIN
    PERFORM msgstore.set_props(h, '{"PR_SUBJECT": "by a procedure"}');
    RAISE NOTICE '%', msgstore.save_changes(h);
    PERFORM msgstore.set_props(h, '{"PR_SUBJECT": "in vain"}');
    PERFORM msgstore.write_stream(h, 'PR_BODY', 0, convert_to(repeat('x', 1100000), 'UTF8'));
    COMMIT;
    RAISE NOTICE 'open: %', (SELECT count(*) FROM msgstore.open_handles);
    PERFORM msgstore.save_changes(h);
END $$;
-- fail
CALL pg_temp.commits(:store, :id);
SELECT read_message(:store, :id, '{PR_SUBJECT}'), count(*) AS blobs FROM blob WHERE store_id = :store;
-- a DO block, and a cursor that outlives the transaction
DO $$ BEGIN PERFORM msgstore.open_message(store_id, message_id) FROM msgstore.message_list; END $$;
SELECT count(*) FROM open_handles;
BEGIN;
DECLARE opened CURSOR WITH HOLD FOR SELECT open_message(:store, :id) AS h;
COMMIT;
FETCH opened \gset
SELECT count(*) FROM open_handles;
-- fail
SELECT get_props(:h);
CLOSE opened;

-- uploads are deleted with their handles, those of a read-only transaction too
BEGIN;
SELECT create_message(:store, :inbox) AS h \gset
SELECT create_attachment(:h) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, repeat('x', 100000)::bytea);
SELECT save_changes(:a);
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
COMMIT;
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
BEGIN;
SELECT create_message(:store, :inbox) AS h \gset
SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('x', 1100000), 'UTF8'));
SET TRANSACTION READ ONLY;
-- fail
SAVEPOINT s1;
SELECT save_changes(:h);
ROLLBACK TO s1;
COMMIT;
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
SHOW transaction_read_only;
BEGIN READ ONLY;
SELECT get_props(open_message(:store, :id), '{PR_SUBJECT}');
COMMIT;
SELECT count(*) FROM open_handles;
-- those that were saved stay
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('x', 1100000), 'UTF8')), save_changes(:h);
COMMIT;
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
-- a draft that is resumed, parked and discarded with its bytes
BEGIN;
SELECT create_message(:store, :inbox) AS h \gset
SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('y', 1100000), 'UTF8')), park(:h) AS p \gset
COMMIT;
SELECT resume(:store, :p) AS h \gset
SELECT discard_parked(:store, :p);
SELECT count(*) AS holds FROM blob_hold WHERE store_id = :store;
CALL sweep_blobs(:store);

-- PREPARE TRANSACTION: these handles end before it
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "prepared"}'), save_changes(:h);
SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('z', 1100000), 'UTF8'));
PREPARE TRANSACTION 'regress_handlemodes';
SELECT count(*) FROM open_handles;
COMMIT PREPARED 'regress_handlemodes';
SELECT read_message(:store, :id, '{PR_SUBJECT}'), count(*) AS blobs FROM blob WHERE store_id = :store;
BEGIN;
SET LOCAL msgstore.handles = 'session';
SELECT open_message(:store, :id) AS h \gset
SET LOCAL msgstore.handles = 'transaction';
SELECT open_message(:store, :id) AS h \gset
-- fail
PREPARE TRANSACTION 'regress_handlemodes';
SELECT count(*) FROM open_handles;
-- DISCARD ALL closes all handles in any mode
SET msgstore.handles = 'session';
SELECT open_message(:store, :id) AS h \gset
SET msgstore.handles = 'transaction';
DISCARD ALL;
SET search_path = msgstore, public;
SELECT count(*) FROM open_handles;

-- off: nothing that opens a handle works, and everything else does
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS before \gset
SELECT create_attachment(:before) AS attachment \gset
SELECT set_props(:attachment, '{"PR_DISPLAY_NAME": "a"}'), save_changes(:attachment);
SELECT get_props(:attachment)->>'PR_ATTACH_NUM' AS num \gset
SELECT set_props(:before, '{"PR_SUBJECT": "before"}'), park(:before) AS p \gset
SET msgstore.handles = 'off';
\set VERBOSITY default
-- fail
SELECT open_message(:store, :id);
\set VERBOSITY sqlstate
-- fail
SELECT create_message(:store, :inbox);
-- fail
SELECT resume(:store, :p);
-- fail
SELECT create_attachment(:before);
-- fail
SELECT open_attachment(:before, :num);
-- fail
SELECT open_embedded_message(:attachment, 'MAPI_CREATE');
SELECT save_changes(:before), count(*) FROM open_handles;
SELECT close_object(handle) FROM open_handles;
\set VERBOSITY default
-- fail
SELECT save_changes(1);
\set VERBOSITY sqlstate
SELECT change_number AS n FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT result FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "without"}');
SELECT read_message(:store, :id, '{PR_SUBJECT}');
DISCARD ALL;
SET search_path = msgstore, public;

-- only superusers change the limits
CREATE ROLE regress_handlemodes;
SET ROLE regress_handlemodes;
-- fail
SET msgstore.handles = 'session';
-- fail
SET msgstore.max_open_handles = 100000;
-- fail
SET msgstore.max_pending = '1GB';
RESET ROLE;
DROP ROLE regress_handlemodes;

-- the bytes that a session may hold: exactly those of its pending values
-- fail
SET msgstore.max_pending = '63kB';
\set VERBOSITY terse
SET msgstore.max_pending = '64kB';
CREATE FUNCTION pg_temp.body(length integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('PR_BODY', repeat('b', length)) $$;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
-- a value has 4 bytes more than its text; a byte too many changes nothing
-- fail
SELECT set_props(:a, pg_temp.body(65533));
SELECT set_props(:a, pg_temp.body(65532));
-- fail
SELECT set_props(:a, '{"PR_SUBJECT": "more"}');
-- fail: until the transaction ends, both are in memory
SELECT set_props(:a, pg_temp.body(1));
SELECT length(get_props(:a)->>'PR_BODY'), get_props(:a, '{PR_SUBJECT}');
-- fail
SELECT write_stream(:b, 'PR_BODY', 0, 'abc');
-- fail
SELECT set_props(:b, '{"PR_SUBJECT": "more"}');
-- a smaller value, a refresh, a save and a close make room again
SELECT refresh(:a);
SELECT set_props(:a, pg_temp.body(30000));
SELECT set_props(:a, pg_temp.body(10000));
SELECT set_props(:b, pg_temp.body(50000));
-- fail
SELECT set_props(:b, pg_temp.body(6000));
SELECT refresh(:b);
SELECT set_props(:b, pg_temp.body(55000));
SELECT save_changes(:a);
SELECT refresh(:b);
SELECT set_props(:b, pg_temp.body(65532));
SELECT close_object(:b);
SELECT refresh(:a), set_props(:a, pg_temp.body(65532));
SELECT refresh(:a);
-- values that a rollback would bring back count, and no longer than that
SELECT set_props(:a, pg_temp.body(30000));
BEGIN;
SELECT set_props(:a, pg_temp.body(30000));
SELECT set_props(:a, pg_temp.body(31000));
SAVEPOINT s1;
-- fail
SELECT set_props(:a, pg_temp.body(10000));
ROLLBACK TO s1;
SELECT length(get_props(:a)->>'PR_BODY');
ROLLBACK;
SELECT length(get_props(:a)->>'PR_BODY');
BEGIN;
SELECT set_props(:a, pg_temp.body(31000));
COMMIT;
SELECT set_props(:a, pg_temp.body(32000)), set_props(:a, pg_temp.body(33000)), set_props(:a, pg_temp.body(30000));
BEGIN;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:c, pg_temp.body(30000));
SAVEPOINT s1;
SELECT close_object(:c);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
-- fail: a rollback could open the closed one again
SELECT set_props(:c, pg_temp.body(10000));
ROLLBACK;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:c, pg_temp.body(30000));
SELECT refresh(:a), refresh(:c);
-- attachments and embedded messages have their bases in memory
SELECT create_attachment(:a) AS d \gset
SELECT set_props(:d, jsonb_build_object('PR_DISPLAY_NAME', repeat('d', 10000)));
SELECT save_changes(:d);
-- the attachment is in the edits of the message and in the base of its handle
SELECT set_props(:c, pg_temp.body(44000));
-- fail
SELECT set_props(:c, '{"PR_SUBJECT": "more"}'), set_props(:a, pg_temp.body(2000));
-- fail
SELECT set_props(:d, jsonb_build_object('PR_DISPLAY_NAME', repeat('e', 2000)));
SELECT get_props(:d, '{PR_DISPLAY_NAME}') = jsonb_build_object('PR_DISPLAY_NAME', repeat('d', 10000)) AS kept;
SELECT get_props(:d)->>'PR_ATTACH_NUM' AS num \gset
-- fail
SELECT open_attachment(:a, :num);
SELECT close_object(:d);
SELECT open_attachment(:a, :num) AS d \gset
SELECT refresh(:a), close_object(:d), refresh(:c);
SELECT set_props(:c, pg_temp.body(40000));
-- a draft that does not fit is not resumed, and stays
SELECT park(:c) AS p \gset
-- fail
SELECT resume(:store, :p);
SELECT count(*) AS open_and_parked FROM open_handles, parked WHERE parked_id = :p;
SELECT refresh(:c);
SELECT resume(:store, :p) AS r \gset
SELECT length(get_props(:r)->>'PR_BODY');
-- a limit that was lowered refuses only growth
RESET msgstore.max_pending;
SELECT set_props(:a, pg_temp.body(200000));
SET msgstore.max_pending = '64kB';
-- fail
SELECT set_props(:c, '{"PR_SUBJECT": "more"}');
BEGIN;
SELECT refresh(:a);
-- fail
SELECT set_props(:c, '{"PR_SUBJECT": "more"}');
ROLLBACK;
SELECT length(get_props(:a)->>'PR_BODY');
SELECT refresh(:a);
SELECT set_props(:c, '{"PR_SUBJECT": "more"}');
-- nothing is left of it when all handles are closed
SELECT count(close_object(handle)) FROM open_handles;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SELECT set_props(:a, pg_temp.body(65532));
DISCARD ALL;
SET search_path = msgstore, public;
SET msgstore.max_pending = '64kB';
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SELECT set_props(:a, jsonb_build_object('PR_BODY', repeat('b', 65532)));
