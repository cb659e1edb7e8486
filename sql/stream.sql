-- Streams read and write values in pieces: written bytes show at once on their handle,
-- and are stored with the message; blobs are shared, copied and swept.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('stream') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "äöü", "PR_BODY": "0123456789"}') \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS m \gset
-- strings count bytes of UTF-8
SELECT stream_size(:m, 'PR_SUBJECT'), stream_size(:m, 'PR_BODY'), read_stream(:m, 'PR_SUBJECT', 2, 2),
       read_stream(:m, 'PR_BODY', 8, 100), read_stream(:m, 'PR_BODY', 10, 5), read_stream(:m, 'PR_BODY', 99, 5);
SELECT write_stream(:m, 'PR_BODY', 10, 'abc'), write_stream(:m, 'PR_BODY', 0, 'X'), truncate_stream(:m, 'PR_BODY', 12);
SELECT get_props(:m, '{PR_BODY}'), read_message(:store, :id, '{PR_BODY}');
SELECT write_stream(:m, 'PR_SUBJECT', 6, '\xc3'); -- fail
SELECT write_stream(:m, 'PR_SUBJECT', 6, '\x00'); -- fail
SELECT write_stream(:m, 'PR_BODY', 99, 'past the end'); -- fail
SELECT write_stream(:m, 'PR_BODY', -1, ''); -- fail
SELECT truncate_stream(:m, 'PR_BODY', 99); -- fail
SELECT read_stream(:m, 'PR_BODY', 0, 1::bigint << 40); -- fail
SELECT read_stream(:m, 'PR_COMMENT', 0, 1); -- fail
SELECT stream_size(:m, 'PR_IMPORTANCE'); -- fail
SELECT write_stream(:m, 'PR_CHANGE_KEY', 0, 'x'); -- fail
SELECT read_stream(:m, 'PR_HTML', 0, 10); -- fail
-- a stream of an absent property begins empty; binary values are bytes, not base64
SELECT write_stream(:m, 'PR_CONVERSATION_INDEX', 0, '\x00ff'), read_stream(:m, 'PR_CONVERSATION_INDEX', 1, 9),
       get_props(:m, '{PR_CONVERSATION_INDEX}');
SELECT save_changes(:m), read_stream(:m, 'PR_BODY', 0, 100);
SELECT open_message(:store, :id) AS reader \gset
SELECT read_stream(:reader, 'PR_BODY', 0, 3), write_stream(:reader, 'PR_BODY', 0, 'x'); -- fail

-- an attachment's bytes go to a blob, across chunks of 256 kB
SELECT create_attachment(:m) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, convert_to(repeat('0123456789', 30000), 'UTF8')),
       write_stream(:a, 'PR_ATTACH_DATA_BIN', 262140, 'ABCDEFGH'),
       write_stream(:a, 'PR_ATTACH_DATA_BIN', 300000, 'end');
SELECT convert_from(read_stream(:a, 'PR_ATTACH_DATA_BIN', 262138, 12), 'UTF8'),
       convert_from(read_stream(:a, 'PR_ATTACH_DATA_BIN', 299998, 100), 'UTF8'),
       stream_size(:a, 'PR_ATTACH_DATA_BIN'), get_props(:a, '{PR_ATTACH_SIZE}');
-- ROLLBACK TO takes back the bytes written since the savepoint
BEGIN;
SAVEPOINT s;
SELECT truncate_stream(:a, 'PR_ATTACH_DATA_BIN', 10), write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, '##########');
SELECT read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 100);
ROLLBACK TO s;
SELECT stream_size(:a, 'PR_ATTACH_DATA_BIN'), convert_from(read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8');
COMMIT;
-- unsaved bytes show on their handle only, and a sweep leaves them alone
CALL sweep_blobs(:store);
SELECT save_changes(:a), read_message(:store, :id, '{PR_HASATTACH}');
SELECT save_changes(:m), read_message(:store, :id, '{PR_HASATTACH}');
SELECT open_attachment(open_message(:store, :id), 0) AS r \gset
SELECT md5(read_stream(:r, 'PR_ATTACH_DATA_BIN', 0, 300003)) = md5(overlay(convert_to(repeat('0123456789', 30000), 'UTF8')
       PLACING 'ABCDEFGH' FROM 262141) || 'end') AS as_written;
-- writing over stored bytes makes a new blob: the version before keeps its bytes
SELECT open_attachment(:m, 0, 'MAPI_MODIFY') AS w \gset
SELECT write_stream(:w, 'PR_ATTACH_DATA_BIN', 0, 'changed'), truncate_stream(:w, 'PR_ATTACH_DATA_BIN', 262144);
SELECT convert_from(read_stream(:r, 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8') AS others,
       convert_from(read_stream(:w, 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8') AS own, stream_size(:w, 'PR_ATTACH_DATA_BIN');
SELECT save_changes(:w), save_changes(:m);
SELECT convert_from(read_stream(:r, 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8') AS base_of_the_reader;
SELECT count(*) AS blobs, count(*) FILTER (WHERE sealed) AS sealed FROM blob WHERE store_id = :store;
-- a copy shares blobs
SELECT save_as(:m, :inbox) AS copy \gset
SELECT count(*) FROM blob WHERE store_id = :store;
SELECT convert_from(read_stream(open_attachment(open_message(:store, :copy), 0), 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8');
-- the blobs of a refused save are swept when its handle is closed
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS stale \gset
SELECT set_props(:m, '{"PR_COMMENT": "newer"}'), save_changes(:m);
SELECT set_props(:stale, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object(
    'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('z', 9000), 'UTF8'), 'base64'))))), save_changes(:stale);
SELECT count(*) FROM blob WHERE store_id = :store;
-- a sweep leaves blobs that any version, draft or copy needs
SELECT close_object(handle) FROM open_handles WHERE message_id = :id;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS d \gset
SELECT set_props(:d, '{"PR_MESSAGE_ATTACHMENTS": null}'), save_changes(:d);
CALL sweep_blobs(:store);
SELECT set_props(:d, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object(
    'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('p', 9000), 'UTF8'), 'base64'))))), park(:d) IS NOT NULL AS parked;
CALL sweep_blobs(:store);
SELECT count(*) FROM blob WHERE store_id = :store;
-- with history and draft gone, a sweep takes the blobs that only they needed
SELECT discard_parked(store_id, parked_id) FROM parked WHERE store_id = :store;
SELECT set_retention(:store, NULL, 1);
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE store_id = :store;
CALL prune_history(:store);
SELECT close_object(handle) FROM open_handles WHERE message_id = :id;
CALL sweep_blobs(:store);
SELECT convert_from(read_stream(open_attachment(open_message(:store, :copy), 0), 'PR_ATTACH_DATA_BIN', 0, 10), 'UTF8') AS the_copy_keeps_its;
SELECT count(*) AS blobs, (SELECT count(*) FROM blob_chunk WHERE store_id = :store) AS chunks FROM blob WHERE store_id = :store;
-- a damaged blob is an error
DELETE FROM blob_chunk WHERE store_id = :store AND chunk_number = 0;
SELECT read_stream(open_attachment(open_message(:store, :copy), 0), 'PR_ATTACH_DATA_BIN', 0, 10); -- fail
-- a computed property can be read as a stream, and not be written
SELECT message_id AS computed FROM save_new_message(:store, :inbox, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Änne"}, {"PR_DISPLAY_NAME": "Bo"}]}') \gset
SELECT open_message(:store, :computed, 'MAPI_MODIFY') AS h \gset
SELECT stream_size(:h, 'PR_DISPLAY_TO'), convert_from(read_stream(:h, 'PR_DISPLAY_TO', 0, 6), 'UTF8'),
       stream_size(:h, 'PR_DISPLAY_CC'), stream_size(:h, 'PR_CHANGE_KEY');
SELECT read_stream(:h, 'PR_ENTRYID', 0, 100) = decode(get_props(:h)->>'PR_ENTRYID', 'base64') AS the_same;
SELECT write_stream(:h, 'PR_DISPLAY_TO', 0, 'x'); -- fail
SELECT truncate_stream(:h, 'PR_CHANGE_KEY', 0); -- fail
SELECT close_object(:h);
