-- References to a blob are accepted from its message and its copies only and, before
-- it is saved, from the session and the handle that wrote it.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('blob') AS store \gset
SELECT create_store('blob, another') AS other_store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "has it"}') \gset
SELECT message_id AS thief FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "wants it"}') \gset
SELECT message_id AS other_thief FROM save_new_message(:other_store, special_folder(:other_store, 'Inbox'), '{"PR_SUBJECT": "wants it"}') \gset
SELECT change_number AS thief_number FROM message_list WHERE store_id = :store AND message_id = :thief \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS m \gset
SELECT create_attachment(:m) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 'a secret'), save_changes(:a), save_changes(:m);
SELECT max(blob_id) AS secret FROM blob WHERE store_id = :store \gset
\set list '[{"PR_ATTACH_DATA_BIN": {"blob": ' :secret ', "size": 8}}]'
\set embedded '[{"PR_ATTACH_DATA_OBJ": {"PR_MESSAGE_ATTACHMENTS": ' :list '}}]'

-- another message cannot read, overwrite or store the blob by any spelling
SELECT open_message(:store, :thief, 'MAPI_MODIFY') AS t \gset
SELECT set_props(:t, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb));
SELECT open_attachment(:t, 0, 'MAPI_MODIFY') AS ta \gset
SELECT read_stream(:ta, 'PR_ATTACH_DATA_BIN', 0, 8); -- fail
SELECT write_stream(:ta, 'PR_ATTACH_DATA_BIN', 8, '!'); -- fail
SELECT truncate_stream(:ta, 'PR_ATTACH_DATA_BIN', 7); -- fail
SELECT get_props(:ta, '{PR_ATTACH_DATA_BIN}')->'PR_ATTACH_DATA_BIN'->>'size' AS still;
SELECT save_changes(:t); -- fail
SELECT force_save(:t); -- fail
SELECT park(:t); -- fail
SELECT save_as(:t, :inbox); -- fail
SELECT resolve_conflict(:t, 'SAVE_ELSEWHERE'); -- fail
SELECT resolve_conflict(:t, 'MERGE'); -- fail
SELECT save_message(:store, :thief, :thief_number, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb)); -- fail
SELECT save_message(:store, :thief, 0, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb), 'PARK_REFUSED'); -- fail
SELECT save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb)); -- fail
-- nor can an embedded message in it
SELECT set_props(:t, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'embedded'::jsonb));
SELECT read_stream(open_attachment(open_embedded_message(open_attachment(:t, 0)), 0), 'PR_ATTACH_DATA_BIN', 0, 8); -- fail
SELECT save_changes(:t); -- fail
SELECT park(:t); -- fail
-- nor a message of another store
SELECT open_message(:other_store, :other_thief, 'MAPI_MODIFY') AS o \gset
SELECT set_props(:o, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb));
SELECT read_stream(open_attachment(:o, 0), 'PR_ATTACH_DATA_BIN', 0, 8); -- fail
SELECT save_changes(:o); -- fail
-- a reference has the size of its blob
SELECT set_props(:m, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', replace(:'list', '8', '7')::jsonb));
SELECT save_changes(:m); -- fail
SELECT refresh(:m), count(*) FROM blob_ref WHERE store_id = :store AND blob_id = :secret;
SELECT (SELECT count(*) FROM parked WHERE store_id = :store) AS drafts,
       (SELECT count(*) FROM message_list WHERE store_id = :store) AS messages;
-- a reference may be set again where it belongs
SELECT set_props(:m, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', :'list'::jsonb)), save_changes(:m);
SELECT convert_from(read_stream(open_attachment(:m, 0), 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8');

-- a saved attachment holds the bytes that it was saved with, whatever is written later
SELECT create_attachment(:m) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 'first'), save_changes(:a);
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 'FIRST and second');
SELECT open_attachment(:m, 1, 'MAPI_MODIFY') AS a1 \gset
SELECT convert_from(read_stream(:a1, 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS of_the_message,
       convert_from(read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS of_its_handle;
-- two handles on an attachment do not see each other's bytes
SELECT write_stream(:a1, 'PR_ATTACH_DATA_BIN', 5, ' of a1');
SELECT convert_from(read_stream(:a1, 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS one,
       convert_from(read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS the_other;
SELECT save_changes(:m);
SELECT convert_from(read_stream(open_attachment(:m, 1), 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS stored;
SELECT save_changes(:a), save_changes(:m);
SELECT convert_from(read_stream(open_attachment(:m, 1), 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8') AS stored;
-- after SAVE_ELSEWHERE the handles of its attachments still read and write
SELECT create_attachment(:m) AS e \gset
SELECT write_stream(:e, 'PR_ATTACH_DATA_BIN', 0, 'elsewhere'), save_changes(:e), resolve_conflict(:m, 'SAVE_ELSEWHERE');
SELECT convert_from(read_stream(:e, 'PR_ATTACH_DATA_BIN', 0, 99), 'UTF8'), write_stream(:e, 'PR_ATTACH_DATA_BIN', 9, '!');
-- pieces written through one handle make one blob
SELECT count(*) AS before FROM blob WHERE store_id = :store \gset
SELECT create_attachment(:m) AS p \gset
SELECT write_stream(:p, 'PR_ATTACH_DATA_BIN', 0, 'one'), write_stream(:p, 'PR_ATTACH_DATA_BIN', 3, 'two'),
       truncate_stream(:p, 'PR_ATTACH_DATA_BIN', 4);
SELECT count(*) - :before AS blobs FROM blob WHERE store_id = :store;
-- numbers end at the largest PR_ATTACH_NUM and PR_ROWID
SELECT open_message(:store, :thief, 'MAPI_MODIFY') AS n \gset
SELECT set_props(:n, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 2147483647}],
                       "PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": 2147483647}]}');
SELECT create_attachment(:n); -- fail
SELECT set_props(:n, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 2147483647}, {"PR_ATTACH_FILENAME": "x"}]}'); -- fail
SELECT modify_recipients(:n, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "x"}]'); -- fail
SELECT modify_recipients(:n, 'MODRECIP_REMOVE', '[{"PR_ROWID": 2147483646.5}]'); -- fail
SELECT modify_recipients(:n, 'MODRECIP_REMOVE', '[{"PR_ROWID": 1e400}]'); -- fail
SELECT set_props(:n, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 1e30, "size": 1}}]}'); -- fail
SELECT save_changes(:n);
-- a read ends at the end of the value, however far it begins
SELECT create_message(:store, :inbox) AS q \gset
SELECT create_attachment(:q) AS far \gset
SELECT write_stream(:far, 'PR_ATTACH_DATA_BIN', 0, '0123456789');
SELECT read_stream(:far, 'PR_ATTACH_DATA_BIN', 10, 5), read_stream(:far, 'PR_ATTACH_DATA_BIN', 9223372036854775807, 5),
       length(read_stream(:far, 'PR_ATTACH_DATA_BIN', 9223372036854775800, 1000000));
-- nothing is written behind a reference that claims more bytes than its blob has
SELECT get_props(:far, '{PR_ATTACH_DATA_BIN}') #>> '{PR_ATTACH_DATA_BIN,blob}' AS short, save_changes(:far) AS folded \gset
SELECT set_props(:q, format('{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 7, "PR_ATTACH_DATA_BIN": {"blob": %s, "size": 200000}}]}', :short)::jsonb);
SELECT open_attachment(:q, 7, 'MAPI_MODIFY') AS claims \gset
SELECT write_stream(:claims, 'PR_ATTACH_DATA_BIN', 100000, 'end'); -- fail
SELECT read_stream(:claims, 'PR_ATTACH_DATA_BIN', 0, 100003); -- fail
