-- Attachments, embedded messages and recipients through handles: each part is folded
-- into its message's handle when it is saved, and stored with the message or not at all.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('attachment') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
-- the properties of an attachment's handle, but for those that differ from store
-- to store, or from time to time
CREATE FUNCTION pg_temp.own(handle integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT get_props(handle) - '{PR_STORE_RECORD_KEY, PR_RECORD_KEY, PR_OBJECT_TYPE, PR_HAS_NAMED_PROPERTIES,
        PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME, PR_RENDERING_POSITION}'::text[] $$;
-- the attachments of a list, without their bytes and times
CREATE FUNCTION pg_temp.shown(list jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT CASE WHEN jsonb_typeof(e->'PR_ATTACH_DATA_BIN') = 'object'
           THEN jsonb_set(e, '{PR_ATTACH_DATA_BIN}', jsonb_build_object('blob', (e #>> '{PR_ATTACH_DATA_BIN,size}')::int))
           ELSE e END - '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME, PR_RENDERING_POSITION}'::text[]
    FROM jsonb_array_elements(list) AS e
$$;
-- the list of attachments without their times
CREATE FUNCTION pg_temp.timeless(props jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(e - '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME, PR_RENDERING_POSITION}'::text[] ORDER BY n)
    FROM jsonb_array_elements(props->'PR_MESSAGE_ATTACHMENTS') WITH ORDINALITY AS list (e, n)
$$;

-- in a patch: the store gives numbers, methods and sizes; large bytes become a blob
SELECT message_id AS id FROM save_new_message(:store, :inbox, jsonb_build_object(
    'PR_SUBJECT', 'with attachments',
    'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
        jsonb_build_object('PR_ATTACH_LONG_FILENAME', 'small.txt', 'PR_ATTACH_DATA_BIN', 'c21hbGw='),
        jsonb_build_object('PR_ATTACH_LONG_FILENAME', 'large.txt', 'PR_ATTACH_MIME_TAG', 'text/plain',
                           'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('large', 2000), 'UTF8'), 'base64'))))) \gset
SELECT pg_temp.shown(read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS');
SELECT read_message(:store, :id, '{PR_HASATTACH, PR_MESSAGE_FLAGS}'),
       (read_message(:store, :id)->>'PR_MESSAGE_SIZE')::int > 10000 AS size_has_the_bytes,
       (SELECT message_size > 10000 FROM message_list WHERE message_id = :id) AS and_in_the_list;
-- a list that was read can be written back
SELECT result FROM save_message(:store, :id,
    (read_message(:store, :id)->>'PidTagChangeNumber')::bigint,
    read_message(:store, :id, '{PR_MESSAGE_ATTACHMENTS}'));
SELECT count(*) FROM blob WHERE store_id = :store;

-- through handles: three levels, each saved into the one above
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS m, open_message(:store, :id, 'MAPI_MODIFY') AS other \gset
SELECT create_attachment(:m) AS a \gset
SELECT pg_temp.own(:a);
SELECT set_props(:a, '{"PR_ATTACH_LONG_FILENAME": "fwd.eml"}'), open_embedded_message(:a, 'MAPI_CREATE') AS e \gset
SELECT set_props(:e, '{"PR_SUBJECT": "inside", "PR_HTML": "PGI+aTwvYj4="}'),
       modify_recipients(:e, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "Ann"}]');
SELECT create_attachment(:e) AS ea \gset
SELECT set_props(:ea, '{"PR_ATTACH_DATA_BIN": "ZGVlcA==", "PR_ATTACH_LONG_FILENAME": "deep.txt"}');
SELECT open_embedded_message(:ea); -- fail
SELECT get_props(:m, '{PR_MESSAGE_ATTACHMENTS}')->'PR_MESSAGE_ATTACHMENTS'->2 AS nothing_folded_yet;
SELECT save_changes(:ea), save_changes(:e), save_changes(:a);
SELECT pg_temp.timeless(get_props(:m)) -> 2 #- '{PR_ATTACH_DATA_OBJ,PR_SEARCH_KEY}' #- '{PR_ATTACH_DATA_OBJ,PR_MESSAGE_ATTACHMENTS,0,PR_CREATION_TIME}' #- '{PR_ATTACH_DATA_OBJ,PR_MESSAGE_ATTACHMENTS,0,PR_LAST_MODIFICATION_TIME}' AS folded;
SELECT get_props(:e, '{PR_DISPLAY_TO, PR_HASATTACH, PR_ENTRYID, PR_SUBJECT}');
SELECT jsonb_array_length(get_props(:other, '{PR_MESSAGE_ATTACHMENTS}')->'PR_MESSAGE_ATTACHMENTS') AS others_see;
SELECT save_changes(:m);
SELECT pg_temp.timeless(read_message(:store, :id)) -> 2 #- '{PR_ATTACH_DATA_OBJ,PR_SEARCH_KEY}' #- '{PR_ATTACH_DATA_OBJ,PR_MESSAGE_ATTACHMENTS,0,PR_CREATION_TIME}' #- '{PR_ATTACH_DATA_OBJ,PR_MESSAGE_ATTACHMENTS,0,PR_LAST_MODIFICATION_TIME}' AS stored;
-- opened again, to any depth
SELECT open_attachment(:m, 2) AS a2 \gset
SELECT open_embedded_message(:a2) AS e2 \gset
SELECT open_attachment(:e2, 0) AS ea2 \gset
SELECT get_props(:ea2, '{PR_ATTACH_LONG_FILENAME, PR_ATTACH_DATA_BIN, PR_ACCESS_LEVEL}');
SELECT set_props(:ea2, '{"PR_ATTACH_LONG_FILENAME": "x"}'); -- fail
SELECT open_embedded_message(:a2, 'MAPI_MODIFY'); -- fail
-- only the message's save can be refused, and it leaves nothing
SELECT create_attachment(:other) AS o \gset
SELECT set_props(:o, '{"PR_ATTACH_LONG_FILENAME": "never"}'), save_changes(:o), save_changes(:other);
SELECT jsonb_array_length(read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS');
-- a force replaces all attachments by those of the forcing handle
SELECT force_save(:other);
SELECT e->>'PR_ATTACH_LONG_FILENAME' AS name, e->>'PR_ATTACH_NUM' AS num
FROM jsonb_array_elements(read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS') AS e;
-- and the history has the attachment that was replaced
SELECT jsonb_array_length(message_at(:store, :id, previous)->'PR_MESSAGE_ATTACHMENTS')
FROM history(:store, :id) WHERE kind = 'force';

-- an attachment that is not saved when its message is saved is not included
SELECT refresh(:m), create_attachment(:m) AS unsaved \gset
SELECT set_props(:unsaved, '{"PR_ATTACH_LONG_FILENAME": "unsaved"}'), set_props(:m, '{"PR_SUBJECT": "without it"}'), save_changes(:m);
SELECT count(*) FROM jsonb_array_elements(read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS') AS e
WHERE e->>'PR_ATTACH_LONG_FILENAME' = 'unsaved';
-- a deletion is pending, and PR_HASATTACH follows at once; numbers are not given again
SELECT delete_attachment(:m, num) FROM generate_series(0, 2) AS num;
SELECT get_props(:m, '{PR_HASATTACH, PR_MESSAGE_ATTACHMENTS}'), read_message(:store, :id, '{PR_HASATTACH}');
SELECT get_props(create_attachment(:m), '{PR_ATTACH_NUM}')->>'PR_ATTACH_NUM' <> '2' AS another_number;
SELECT delete_attachment(:m, 0); -- fail
SELECT open_attachment(:m, 0); -- fail
SELECT save_changes(:m);
SELECT read_message(:store, :id, '{PR_HASATTACH, PR_MESSAGE_ATTACHMENTS}');
-- a save of an attachment that the message's handle has deleted is refused
SELECT refresh(:other), message_id AS id2 FROM save_new_message(:store, :inbox,
    '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "one"}]}') \gset
SELECT open_message(:store, :id2, 'MAPI_MODIFY') AS m2 \gset
SELECT open_attachment(:m2, 0, 'MAPI_MODIFY') AS gone \gset
SELECT delete_attachment(:m2, 0);
SELECT save_changes(:gone);
-- a rollback brings attachments, edits and handles back
BEGIN;
SELECT modify_recipients(:m2, 0, '[{"PR_DISPLAY_NAME": "X"}]'), save_changes(:m2);
ROLLBACK;
SELECT get_props(:m2, '{PR_DISPLAY_TO, PR_HASATTACH}');

-- recipients, as R388 to R391 have them
SELECT modify_recipients(:m2, '0', '[{"PR_DISPLAY_NAME": "A"}, {"PR_DISPLAY_NAME": "B", "PR_RECIPIENT_TYPE": 2}, {"PR_DISPLAY_NAME": "C", "PR_RECIPIENT_TYPE": 3}]');
SELECT get_props(:m2, '{PR_DISPLAY_TO, PR_DISPLAY_CC, PR_DISPLAY_BCC}');
SELECT modify_recipients(:m2, 'MODRECIP_MODIFY', '[{"PR_ROWID": 1, "PR_DISPLAY_NAME": "B2"}, {"PR_ROWID": 2}]'),
       modify_recipients(:m2, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "D"}]'),
       modify_recipients(:m2, 'MODRECIP_REMOVE', '[{"PR_ROWID": 0}]');
SELECT get_props(:m2, '{PR_MESSAGE_RECIPIENTS}');
SELECT modify_recipients(:m2, 'MODRECIP_ADD', '[{"PR_ROWID": 9, "PR_DISPLAY_NAME": "E"}]'); -- fail
SELECT modify_recipients(:m2, 'MODRECIP_MODIFY', '[{"PR_DISPLAY_NAME": "E"}]'); -- fail
SELECT modify_recipients(:m2, 'MODRECIP_REMOVE', '[{"PR_ROWID": 77}]'); -- fail
SELECT modify_recipients(:m2, 'MODRECIP_ADD|MODRECIP_REMOVE', '[]'); -- fail
SELECT modify_recipients(:m2, 16, '[]'); -- fail
SELECT modify_recipients(:m2, 0, '{}'); -- fail
SELECT modify_recipients(:m2, 'MODRECIP_ADD', '[1]'); -- fail
SELECT get_props(:m2, '{PR_MESSAGE_RECIPIENTS}') AS as_it_was;
SELECT open_message(:store, :id2) AS reader \gset
SELECT modify_recipients(:reader, 0, '[]'); -- fail
SELECT create_attachment(:reader); -- fail
SELECT delete_attachment(:reader, 0); -- fail
SELECT open_attachment(:reader, 0, 'MAPI_MODIFY'); -- fail

-- calls that are refused on a handle inside a message
SELECT refresh(:gone); -- fail
SELECT park(:gone); -- fail
SELECT conflict(:gone); -- fail
SELECT create_attachment(:gone); -- fail
SELECT open_embedded_message(:m2); -- fail
SELECT close_object(:m2);
SELECT save_changes(:gone); -- fail

-- bad attachments: refused, and nothing of the call is set
SELECT open_message(:store, :id2, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": {}}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [1]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_BODY": "x"}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 1}, {"PR_ATTACH_NUM": 1}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": -1}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_OBJ": 1}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_OBJ": {}, "PR_ATTACH_DATA_BIN": ""}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "a", "PidTagDisplayName": "b"}]}'); -- fail
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_OBJ": {"PR_CHANGE_KEY": ""}}]}'); -- fail
SELECT set_props(:h, '{"PR_SUBJECT": "x", "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 1}}]}'); -- fail
SELECT save_changes(:h), pg_temp.timeless(get_props(:h)), get_props(:h, '{PR_SUBJECT}');
-- a reference to another message's blob is refused when it would be stored
SELECT min(blob_id) AS blob FROM blob WHERE store_id = :store \gset
SELECT save_new_message(:store, :inbox, format('{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": %s, "size": 10000}}]}', :blob)::jsonb); -- fail
-- messages in messages, as deep as the backend's stack allows
CREATE FUNCTION pg_temp.nested(depth integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT (repeat('[{"PR_ATTACH_DATA_OBJ": {"PR_MESSAGE_ATTACHMENTS": ', depth) || '[]' || repeat('}}]', depth))::jsonb $$;
SELECT result, message_id AS deep FROM save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', pg_temp.nested(300))) \gset
SELECT :'result', length(read_message(:store, :deep, '{PR_MESSAGE_ATTACHMENTS}')::text) > 300 * 50 AS all_of_it;
SET max_stack_depth = '100kB';
SELECT save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', pg_temp.nested(1000))); -- fail
RESET max_stack_depth;
-- an attachment that embeds a message has the size of the bytes that are stored
SELECT message_id AS sized FROM save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_OBJ', jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_BIN', encode(convert_to(repeat('z', 90000), 'UTF8'), 'base64')))))))) \gset
SELECT (a->>'PR_ATTACH_SIZE')::int BETWEEN 90000 AND 91000 AS not_as_base64
FROM jsonb_array_elements(read_message(:store, :sized)->'PR_MESSAGE_ATTACHMENTS') a;

-- a handle on an attachment is stale once its message's handle stands on another
-- version: an attachment that others have saved, or that was dropped, does not come back
SELECT message_id AS shared FROM save_new_message(:store, :inbox,
    '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "one"}]}') \gset
SELECT open_message(:store, :shared, 'MAPI_MODIFY') AS mine, open_message(:store, :shared, 'MAPI_MODIFY') AS theirs \gset
SELECT open_attachment(:mine, 0, 'MAPI_MODIFY') AS a, create_attachment(:mine) AS b,
       open_attachment(:theirs, 0, 'MAPI_MODIFY') AS c, create_attachment(:theirs) AS d \gset
SELECT set_props(:c, '{"PR_ATTACH_LONG_FILENAME": "theirs"}'), save_changes(:c), save_changes(:d), save_changes(:theirs);
SELECT set_props(:a, '{"PR_ATTACH_MIME_TAG": "text/plain"}'), save_changes(:a), save_changes(:b), save_changes(:mine);
BEGIN;
SELECT refresh(:mine), save_changes(:a), save_changes(:b), save_changes(:mine);
ROLLBACK;
SELECT save_changes(:a), resolve_conflict(:mine, 'KEEP_ORIGINAL'), save_changes(:a), save_changes(:b);
SELECT get_props(:mine, '{PR_MESSAGE_ATTACHMENTS}') = read_message(:store, :shared, '{PR_MESSAGE_ATTACHMENTS}') AS theirs_only;
SELECT open_attachment(:mine, 0, 'MAPI_MODIFY') AS a, create_attachment(:mine) AS b \gset
SELECT set_props(:d, '{"PR_ATTACH_MIME_TAG": "text/html"}'), save_changes(:d), save_changes(:theirs);
SELECT set_props(:mine, '{"PR_SUBJECT": "merged"}'), save_changes(:mine), resolve_conflict(:mine, 'MERGE'), save_changes(:a), save_changes(:b);
-- a save or a force of the message keeps its view, and the handles below
SELECT open_attachment(:mine, 0, 'MAPI_MODIFY') AS a \gset
SELECT set_props(:mine, '{"PR_SUBJECT": "again"}'), save_changes(:mine), force_save(:mine), save_changes(:a), save_changes(:mine);
-- an attachment that was created, saved and deleted is not brought back by its handle
SELECT create_attachment(:mine) AS b \gset
SELECT save_changes(:b), get_props(:b, '{PR_ATTACH_NUM}')->'PR_ATTACH_NUM' AS num \gset
BEGIN;
SELECT delete_attachment(:mine, :num), save_changes(:b);
ROLLBACK;
SELECT save_changes(:b), delete_attachment(:mine, :num), save_changes(:b);
-- nor is one whose list was replaced; its number is not given again
SELECT jsonb_array_length(get_props(:mine)->'PR_MESSAGE_ATTACHMENTS') AS before;
SELECT set_props(:mine, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "another"}]}'), save_changes(:a);
SELECT (get_props(create_attachment(:mine), '{PR_ATTACH_NUM}')->>'PR_ATTACH_NUM')::int > :num AS another_number,
       pg_temp.timeless(get_props(:mine));
SELECT refresh(:mine), delete_props(:mine, '{PR_MESSAGE_ATTACHMENTS}');
SELECT (get_props(create_attachment(:mine), '{PR_ATTACH_NUM}')->>'PR_ATTACH_NUM')::int > :num AS another_number;
-- the store gives number and size
SELECT create_attachment(:mine) AS b \gset
SELECT set_props(:b, '{"PR_ATTACH_NUM": 7}'); -- fail
SELECT set_props(:b, '{"PidTagAttachSize": 7}'); -- fail
SELECT delete_props(:b, '{PR_ATTACH_NUM}'); -- fail

-- rows of recipients under any spelling; a member that is null counts as absent
SELECT modify_recipients(:mine, 0, '[{"PR_DISPLAY_NAME": "A"}, {"PR_DISPLAY_NAME": "B"}, {"PR_DISPLAY_NAME": "C"}]');
SELECT modify_recipients(:mine, 'MODRECIP_MODIFY', '[{"PidTagRowid": 0, "PidTagDisplayName": "A2"}, {"0x30000003": 1, "PR_DISPLAY_NAME": null}]'),
       modify_recipients(:mine, 'MODRECIP_REMOVE', '[{"PidTagRowid": 2}]');
SELECT get_props(:mine, '{PR_MESSAGE_RECIPIENTS}');
SELECT modify_recipients(:mine, 'MODRECIP_ADD', '[{"PidTagRowid": 5, "PR_DISPLAY_NAME": "D"}]'); -- fail
SELECT modify_recipients(:mine, 'MODRECIP_MODIFY', '[{"PR_ROWID": 0, "PidTagRowid": 1}]'); -- fail
SELECT modify_recipients(:mine, 'MODRECIP_REMOVE', '[{"PR_ROWID": 0, "PR_NO_SUCH": 1}]'); -- fail
SELECT modify_recipients(:mine, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": null}]'); -- fail

-- the access level is the handle's, whatever a list that was set says
SELECT set_props(:mine, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ACCESS_LEVEL": 7, "PR_ATTACH_NUM": 40}]}');
SELECT get_props(:mine, '{PR_MESSAGE_ATTACHMENTS}'),
       get_props(open_attachment(:mine, 40, 'MAPI_MODIFY'), '{PR_ACCESS_LEVEL}') AS written,
       get_props(open_attachment(:mine, 40), '{PR_ACCESS_LEVEL}') AS read;

-- two handles on one attachment: the edits of both are kept; of a property that both
-- set, the value saved last; a further save brings no older value back
SELECT message_id AS twice FROM save_new_message(:store, :inbox,
    '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "one", "PR_DISPLAY_NAME": "One"}]}') \gset
SELECT open_message(:store, :twice, 'MAPI_MODIFY') AS m \gset
SELECT open_attachment(:m, 0, 'MAPI_MODIFY') AS a, open_attachment(:m, 0, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_ATTACH_LONG_FILENAME": "of a", "PR_ATTACH_MIME_TAG": "text/plain"}'), save_changes(:a);
SELECT set_props(:b, '{"PR_DISPLAY_NAME": "of b", "PR_ATTACH_MIME_TAG": "text/html"}'), delete_props(:b, '{PR_COMMENT}'), save_changes(:b);
SELECT pg_temp.timeless(get_props(:m));
SELECT pg_temp.own(:a), pg_temp.own(:b);
BEGIN;
SELECT set_props(:a, '{"PR_COMMENT": "more"}'), save_changes(:a), pg_temp.own(:a);
ROLLBACK;
SELECT pg_temp.own(:a);
SELECT save_changes(:a), save_changes(:m);
SELECT set_props(:a, '{"PR_COMMENT": "after"}'), save_changes(:a), save_changes(:m);
SELECT pg_temp.timeless(read_message(:store, :twice));

-- two handles on one embedded message: their lists are merged
SELECT open_embedded_message(:a, 'MAPI_CREATE') AS e \gset
SELECT modify_recipients(:e, 0, '[{"PR_DISPLAY_NAME": "A"}]'), save_changes(:e);
SELECT open_embedded_message(:a, 'MAPI_MODIFY') AS f \gset
SELECT create_attachment(:e) AS d, create_attachment(:f) AS g \gset
SELECT set_props(:d, '{"PR_ATTACH_LONG_FILENAME": "of d"}'), set_props(:g, '{"PR_ATTACH_LONG_FILENAME": "of g"}');
SELECT modify_recipients(:e, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "B"}]'), set_props(:e, '{"PR_SUBJECT": "of e"}'), save_changes(:d), save_changes(:e);
SELECT modify_recipients(:f, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "C"}]'), set_props(:f, '{"PR_BODY": "of f"}'), save_changes(:g), save_changes(:f);
SELECT get_props(:f, '{PR_SUBJECT, PR_BODY, PR_DISPLAY_TO, PR_HASATTACH}');
-- the number may now be another attachment's: handles below are stale
SELECT save_changes(:g), set_props(:f, '{"PR_SUBJECT": "of f"}'), save_changes(:f), save_changes(:a), save_changes(:m);
SELECT m->'PR_SUBJECT' AS subject, m->'PR_BODY' AS body, jsonb_path_query_array(m, '$.PR_MESSAGE_RECIPIENTS[*].PR_DISPLAY_NAME') AS names,
       jsonb_path_query_array(m, '$.PR_MESSAGE_ATTACHMENTS[*].PR_ATTACH_LONG_FILENAME') AS attachments
FROM jsonb_path_query(read_message(:store, :twice), '$.PR_MESSAGE_ATTACHMENTS[0].PR_ATTACH_DATA_OBJ') m;
-- a row that one handle deleted and the other changed stays; of a row that both
-- changed, the one saved last
SELECT open_embedded_message(:a, 'MAPI_MODIFY') AS e, open_embedded_message(:a, 'MAPI_MODIFY') AS f \gset
SELECT modify_recipients(:e, 'MODRECIP_MODIFY', '[{"PR_ROWID": 0, "PR_DISPLAY_NAME": "E"}, {"PR_ROWID": 1}]'),
       modify_recipients(:e, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "D"}]'), save_changes(:e);
SELECT modify_recipients(:f, 'MODRECIP_MODIFY', '[{"PR_ROWID": 0, "PR_DISPLAY_NAME": "F"}, {"PR_ROWID": 1, "PR_DISPLAY_NAME": "B2"}]'), save_changes(:f);
SELECT save_changes(:e), get_props(:e, '{PR_DISPLAY_TO}'), get_props(:f, '{PR_DISPLAY_TO}');

-- bytes written over an embedded message make the attachment one by value again
SELECT create_attachment(:m) AS o \gset
SELECT save_changes(open_embedded_message(:o, 'MAPI_CREATE')), get_props(:o, '{PR_ATTACH_METHOD}') AS embeds;
SELECT jsonb_path_exists(get_props(:o, '{PR_ATTACH_DATA_OBJ}'), '$.PR_ATTACH_DATA_OBJ.PR_MESSAGE_CLASS') AS is_shown, get_props(:m, '{PR_ATTACH_DATA_OBJ}') AS of_message;
SELECT set_props(:o, '{"PR_ATTACH_DATA_OBJ": {}}'); -- fail
SELECT delete_props(:o, '{PR_ATTACH_DATA_OBJ}'), get_props(:o) ? 'PR_ATTACH_DATA_OBJ' AS left_over;
SELECT set_props(:o, '{"PR_ATTACH_DATA_BIN": "AAAA"}'), save_changes(:o), get_props(:o, '{PR_ATTACH_METHOD, PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ}');
