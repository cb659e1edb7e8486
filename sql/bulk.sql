-- Messages in bulk: copies and moves, also to another store and of whole folders, many
-- saves in one call, and erasure.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('bulk') AS store, create_store('bulk: other') AS other \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts,
       special_folder(:store, 'Root') AS root, special_folder(:other, 'Inbox') AS far \gset
CREATE FUNCTION pg_temp.message(subject text) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'bulk'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'bulk'),
        jsonb_build_object('PR_SUBJECT', subject, 'PR_BODY', 'body of ' || subject)) $$;
SELECT pg_temp.message('one') AS m1, pg_temp.message('two') AS m2, pg_temp.message('third') AS m3,
       pg_temp.message('gone') AS gone \gset
SELECT delete_messages(:store, ARRAY[:gone]);

-- copied: a new message with the content; the original is as it was
SELECT n, CASE c.message_id WHEN :m1 THEN 'one' WHEN :m2 THEN 'two' WHEN :gone THEN 'gone' ELSE 'none' END AS message,
       result, new_message_id IS NOT NULL AS copied, new_message_id IN (:m1, :m2) AS same
FROM copy_messages(:store, ARRAY[:m2, :m1, :gone, :m1, 9007199254740991], :drafts) WITH ORDINALITY AS c (message_id, result, new_message_id, n);
SELECT l.subject, f.name AS folder, (SELECT string_agg(kind, ' ') FROM history(:store, l.message_id)) AS history,
       read_message(:store, l.message_id, '{PR_BODY}') AS body
FROM message_list AS l JOIN folder_list AS f USING (store_id, folder_id) WHERE l.store_id = :store ORDER BY l.message_id;
SELECT count(DISTINCT read_message(:store, message_id)->'PR_SEARCH_KEY') AS search_keys,
       count(DISTINCT read_message(:store, message_id)->'PR_SOURCE_KEY') AS source_keys
FROM message_list WHERE store_id = :store AND subject = 'one';
SELECT get_folder_props(:store, :drafts, '{PR_CONTENT_COUNT}');
-- fail
SELECT copy_messages(:store, ARRAY[:m1], -1);
-- fail
SELECT copy_messages(-1, ARRAY[:m1], :drafts);
-- fail
SELECT copy_messages(:store, ARRAY[:m1], :inbox, :other);
-- fail
SELECT copy_messages(:store, ARRAY[:m1, NULL], :drafts);
-- fail
SELECT copy_messages(:store, NULL, :drafts);
SELECT count(*) FROM copy_messages(:store, '{}', :drafts);

-- an associated message stays one
SELECT create_message(:store, :inbox, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "view"}');
SELECT save_changes(:h), message_id(:h) AS view, close_object(:h) \gset
SELECT new_message_id AS view2 FROM copy_messages(:store, ARRAY[:view], :drafts) \gset
SELECT subject, associated FROM message_list WHERE store_id = :store AND message_id IN (:view, :view2, :m1) ORDER BY message_id;
SELECT get_folder_props(:store, :drafts, '{PR_CONTENT_COUNT,PR_ASSOC_CONTENT_COUNT}');

-- to another store: with recipients, attachments and blobs, at any depth
SELECT message_id AS big FROM save_new_message(:store, :inbox, jsonb_build_object('PR_SUBJECT', 'big',
    'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 1}]'::jsonb,
    'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
        jsonb_build_object('PR_DISPLAY_NAME', 'bytes', 'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('x', 30000), 'UTF8'), 'base64')),
        jsonb_build_object('PR_DISPLAY_NAME', 'inner', 'PR_ATTACH_METHOD', 5, 'PR_ATTACH_DATA_OBJ', jsonb_build_object(
            'PR_SUBJECT', 'inner', 'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object(
                'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('y', 20000), 'UTF8'), 'base64')))))))) \gset
SELECT result, new_message_id AS copy FROM copy_messages(:store, ARRAY[:big], :far, :other) \gset
SELECT :'result';
SELECT read_message(:store, :big, '{PR_SUBJECT,PR_MESSAGE_RECIPIENTS,PR_MESSAGE_ATTACHMENTS,PR_DISPLAY_TO}') =
       read_message(:other, :copy, '{PR_SUBJECT,PR_MESSAGE_RECIPIENTS,PR_MESSAGE_ATTACHMENTS,PR_DISPLAY_TO}') AS equal;
SELECT count(*) AS blobs, sum(size) AS bytes,
       (SELECT sum(octet_length(bytes)) FROM blob_chunk WHERE store_id = :other) AS stored
FROM blob WHERE store_id = :other AND sealed;
-- again: the blobs are there
SELECT result FROM copy_messages(:store, ARRAY[:big], :far, :other);
SELECT count(*) AS blobs, (SELECT count(*) FROM blob_ref WHERE store_id = :other) AS refs FROM blob WHERE store_id = :other;
-- the original goes, the copy has its bytes
CALL sweep_blobs(:other);
SELECT open_message(:other, :copy) AS h \gset
SELECT open_attachment(:h, 0) AS a \gset
SELECT md5(read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 30000)) = md5(repeat('x', 30000)) AS bytes;
SELECT close_object(:a), close_object(:h);

-- moved to another store: a copy, and the original deleted
SELECT result, new_message_id IS NOT NULL AS moved FROM move_messages_to_store(:store, ARRAY[:m3, :gone], :far, :other);
SELECT subject FROM message_list WHERE store_id = :other ORDER BY message_id;
SELECT subject, deleted_by = current_user AS me, deleted_with, associated FROM deleted_message_list WHERE store_id = :store ORDER BY message_id;
SELECT (SELECT string_agg(kind, ' ') FROM history(:store, :m3)) AS history, restore_messages(:store, ARRAY[:m3]);
-- fail
SELECT move_messages_to_store(:store, ARRAY[:m3], :far, NULL);

-- a whole folder
SELECT create_folder(:store, NULL, 'tree') AS tree \gset
SELECT create_folder(:store, :tree, 'leaf') AS leaf \gset
SELECT set_folder_props(:store, :tree, '{"PR_COMMENT": "a tree"}'), move_messages(:store, ARRAY[:m1], :tree),
       move_messages(:store, ARRAY[:m2, :view], :leaf);
SELECT copy_folder(:store, :tree, :root, 'flat') AS flat, copy_folder(:store, :tree, :root, 'deep', 'COPY_SUBFOLDERS') AS deep \gset
SELECT p.name AS parent, f.name, (SELECT string_agg(subject, ' ' ORDER BY message_id) FROM message_list AS m
                  WHERE m.store_id = :store AND m.folder_id = f.folder_id) AS messages,
       get_folder_props(:store, f.folder_id, '{PR_COMMENT,PR_CONTENT_COUNT,PR_ASSOC_CONTENT_COUNT}') AS props
FROM folder_list AS f JOIN folder_list AS p ON p.store_id = :store AND p.folder_id = f.parent_id
WHERE f.store_id = :store AND f.special IS NULL ORDER BY f.folder_id;
-- into a folder beside it, and under its own name elsewhere
SELECT copy_folder(:store, :leaf, :flat) IS NOT NULL AS copied;
-- fail
SELECT copy_folder(:store, :leaf, :flat);
-- fail
SELECT copy_folder(:store, :tree, :leaf);
-- fail
SELECT copy_folder(:store, :tree, :tree, 'x', 'COPY_SUBFOLDERS');
-- fail
SELECT copy_folder(:store, :tree, :root, 'y', 'OPEN_IF_EXISTS');
-- fail
SELECT copy_folder(:store, :tree, :root, '');
-- fail
SELECT copy_folder(:store, -1, :root);

-- many saves: an answer for each, in the order of the call
CREATE FUNCTION pg_temp.n(id bigint) RETURNS bigint LANGUAGE sql AS
    'SELECT change_number FROM message WHERE store_id = (SELECT store_id FROM store_list WHERE name = ''bulk'') AND message_id = id';
CREATE FUNCTION pg_temp.item(id bigint, number bigint, changes jsonb) RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('message_id', id, 'change_number', number, 'changes', changes)$$;
SELECT message_id AS stale, change_number AS stale_number FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "stale"}') \gset
SELECT result FROM save_message(:store, :stale, :stale_number, '{"PR_SUBJECT": "newer"}');
SELECT jsonb_build_array(
    pg_temp.item(:m2, pg_temp.n(:m2), '{"PR_SUBJECT": "two, saved"}'),
    pg_temp.item(:stale, :stale_number, '{"PR_SUBJECT": "never"}'),
    pg_temp.item(:m1, pg_temp.n(:m1), '{"PR_SUBJECT": "one, saved", "PR_BODY": "new"}'),
    pg_temp.item(:gone, pg_temp.n(:gone), '{"PR_SUBJECT": "never"}'),
    pg_temp.item(9007199254740991, 1, '{"PR_SUBJECT": "never"}'),
    pg_temp.item(:m3, pg_temp.n(:m3), '{"PR_SUBJECT": 3}'),
    pg_temp.item(:big, pg_temp.n(:big), '{"PR_COMMENT": {"blob": 1, "size": 2}}'),
    pg_temp.item(:view, pg_temp.n(:view), '{"PR_ENTRYID": "AAAA"}'),
    pg_temp.item(:view2, pg_temp.n(:view2), '{}'),
    '{"message_id": 9007199254740990}'::jsonb, '3'::jsonb, '[]'::jsonb, '{}'::jsonb, 'null'::jsonb) AS items \gset
BEGIN;
SELECT r.item, result, r.change_number = (SELECT m.change_number FROM message AS m
                                          WHERE m.store_id = :store AND m.message_id = r.message_id) AS current,
       r.message_id = (i.element->>'message_id')::bigint AS same_id
FROM save_messages(:store, :'items', 0, 'ann') AS r
JOIN jsonb_array_elements(:'items') WITH ORDINALITY AS i (element, n) ON i.n = r.item;
SELECT message_id = :m1 AS one, kind, actor FROM change_list WHERE store_id = :store AND actor = 'ann' ORDER BY change_number;
SELECT subject FROM message_list WHERE store_id = :store AND message_id IN (:m1, :m2, :m3, :stale, :big) ORDER BY message_id;
COMMIT;
-- all valid: forced over the newer version, parked if refused
SELECT item, result FROM save_messages(:store, jsonb_build_array(
    pg_temp.item(:stale, :stale_number, '{"PR_COMMENT": "forced"}'),
    pg_temp.item(:m1, 5, '{"PR_COMMENT": "from nowhere"}')), 'FORCE_SAVE');
SELECT read_message(:store, :stale, '{PR_SUBJECT,PR_COMMENT}');
SELECT item, result FROM save_messages(:store, jsonb_build_array(
    pg_temp.item(:stale, :stale_number, '{"PR_COMMENT": "parked"}'),
    pg_temp.item(:m1, pg_temp.n(:m1), '{"PR_COMMENT": "saved"}')), 'PARK_REFUSED');
SELECT message_id = :stale AS stale, change_number = :stale_number AS base, properties FROM parked WHERE store_id = :store;
-- an id twice is refused, and so is an unknown flag
SELECT item, result FROM save_messages(:store, jsonb_build_array(
    pg_temp.item(:m1, pg_temp.n(:m1), '{"PR_COMMENT": "1"}'), pg_temp.item(:m2, pg_temp.n(:m2), '{"PR_COMMENT": "2"}'),
    pg_temp.item(:m1, pg_temp.n(:m1), '{"PR_COMMENT": "3"}')));
SELECT item, result FROM save_messages(:store, jsonb_build_array(pg_temp.item(:m1, pg_temp.n(:m1), '{}')), 32);
-- a number that is not below 2^53 is none: a reader of JSON could have rounded it
SELECT item, result FROM save_messages(:store, '[{"message_id": 9007199254740992, "change_number": 1, "changes": {}},
    {"message_id": 9007199254740991, "change_number": 9007199254740992, "changes": {}}, {"message_id": 9007199254740990, "change_number": 9007199254740991, "changes": {}}]');
-- an element may be an array of the three values
SELECT item, result, message_id = :m2 AS two
FROM save_messages(:store, jsonb_build_array(
    jsonb_build_array(:m2, pg_temp.n(:m2), '{"PR_COMMENT": "an array"}'::jsonb), pg_temp.item(:m1, pg_temp.n(:m1), '{"PR_COMMENT": "an object"}'),
    jsonb_build_array(:m3), jsonb_build_array(:m3, pg_temp.n(:m3), '{}'::jsonb, 0), jsonb_build_array(:m3, 'x'::text, '{}'::jsonb),
    jsonb_build_array('{}'::jsonb, :m3, pg_temp.n(:m3)), jsonb_build_array(9007199254740992, 1, '{}'::jsonb)));
SELECT message_id = :m1 AS one, read_message(:store, message_id, '{PR_COMMENT}') FROM message_list WHERE store_id = :store AND message_id IN (:m1, :m2) ORDER BY message_id;
SELECT count(*) FROM save_messages(:store, '[]');
-- fail
SELECT save_messages(:store, '{}');
-- fail
SELECT save_messages(:store, '3');
-- fail
SELECT save_messages(:store, NULL);
-- fail
SELECT save_messages(-1, '[]');

-- erased: row, history, drafts and bytes; what others need stays
SELECT count(*) > 0 AS refs FROM blob_ref WHERE store_id = :store AND message_id = :big;
SELECT new_message_id AS keeper FROM copy_messages(:store, ARRAY[:big], :drafts) \gset
SELECT result FROM save_message(:store, :big, pg_temp.n(:big), jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_BIN', encode(convert_to(repeat('z', 10000), 'UTF8'), 'base64')))));
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
SELECT open_message(:store, :big, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_COMMENT": "x"}');
SELECT purge_messages(:store, ARRAY[:big, :stale, :gone, :big]), save_changes(:h), force_save(:h);
SELECT close_object(:h);
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
SELECT (SELECT count(*) FROM message WHERE store_id = :store AND message_id IN (:big, :stale, :gone)) AS messages,
       (SELECT count(*) FROM parked_draft WHERE store_id = :store) AS drafts,
       (SELECT count(*) FROM blob_ref WHERE store_id = :store AND message_id = :big) AS refs,
       (SELECT string_agg(kind::text, ' ') FROM change WHERE store_id = :store AND message_id IN (:big, :stale, :gone)) AS kinds,
       (SELECT string_agg(kind, ' ') FROM history(:store, :big)) AS history;
SELECT purge_messages(:store, ARRAY[:big]) AS again, purge_messages(:store, ARRAY[:big, :keeper]) AS part,
       purge_messages(:store, '{}') AS nothing;
SELECT count(*) AS blobs FROM blob WHERE store_id = :store;
SELECT get_folder_props(:store, :inbox, '{PR_CONTENT_COUNT,PR_DELETED_MSG_COUNT}'), count(*) FILTER (WHERE NOT associated) AS found
FROM message_list WHERE store_id = :store AND folder_id = :inbox;
CREATE ROLE regress_bulk;
SELECT grant_folder(:store, :inbox, 'regress_bulk', 'OWNER');
SET ROLE regress_bulk;
-- fail
SELECT purge_messages(:store, ARRAY[:m3]);
SELECT result, new_message_id IS NULL AS none FROM copy_messages(:store, ARRAY[:m1, :m3], :inbox);
-- fail
SELECT copy_messages(:store, ARRAY[:m3], :drafts);
-- fail
SELECT copy_messages(:store, ARRAY[:m3], :far, :other);
SELECT item, result FROM save_messages(:store, jsonb_build_array(
    jsonb_build_object('message_id', :m1, 'change_number', 1, 'changes', '{}'::jsonb),
    jsonb_build_object('message_id', :m3, 'change_number', 1, 'changes', '{}'::jsonb)));
RESET ROLE;
SELECT revoke_folder(:store, :inbox, 'regress_bulk');
DROP ROLE regress_bulk;

-- many saves in one call: each has its record, and the older version is whole
SELECT create_store('bulk: many') AS many \gset
SELECT special_folder(:many, 'Inbox') AS inbox_of_many \gset
CREATE TEMP TABLE many AS
SELECT s.message_id, s.change_number, n, body
FROM (SELECT n, (SELECT string_agg(md5(n || ' ' || i), ' ') FROM generate_series(1, 200) AS i) AS body
      FROM generate_series(1, 300) AS n) AS b,
     save_new_message(:many, :inbox_of_many, jsonb_build_object('PR_SUBJECT', 'm' || n, 'PR_BODY', body)) AS s;
SELECT feed_position(:many) AS token \gset
SELECT result, count(*), count(DISTINCT change_number) AS numbers
FROM save_messages(:many, (SELECT jsonb_agg(jsonb_build_object('message_id', message_id, 'change_number', change_number,
                               'changes', jsonb_build_object('PR_BODY', 'new ' || n))) FROM many))
GROUP BY result;
SELECT count(*) FROM many
WHERE message_at(:many, message_id, change_number)->>'PR_BODY' = body
  AND read_message(:many, message_id)->>'PR_BODY' = 'new ' || n;
SELECT history, count(*)
FROM (SELECT (SELECT string_agg(kind || ' of ' || array_to_string(properties, ', '), '; ' ORDER BY change_number)
              FROM history(:many, message_id) WHERE kind = 'save') AS history FROM many) AS h
GROUP BY history;
SELECT kind, count(DISTINCT message_id) FROM changes_since(:many, :'token') GROUP BY kind ORDER BY kind;
