-- Promoted columns follow the properties of a message through every kind of
-- change, and a change that leaves them alone is a HOT update.
SET search_path = msgstore;
SELECT create_store('promoted') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, special_folder(:s, 'Drafts') AS d \gset
CREATE FUNCTION pg_temp.columns(id bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'delivery', delivery_time AT TIME ZONE 'UTC', 'submit', submit_time AT TIME ZONE 'UTC',
        'importance', importance, 'attachments', has_attachments, 'subject', subject,
        'sender', sender, 'class', message_class, 'conversation', conversation))
    FROM msgstore.message WHERE message_id = id $$;
-- the columns must be those of the properties, in every row of the store
CREATE VIEW pg_temp.wrong AS
SELECT m.message_id, p.shown, m.subject, m.size
FROM msgstore.message AS m,
     read_message(m.store_id, m.message_id) AS p(shown)
WHERE m.store_id = (SELECT store_id FROM store WHERE name = 'promoted')
  AND ((m.delivery_time, m.submit_time, m.importance, m.has_attachments, m.size)
      IS DISTINCT FROM (msgstore_internal.systime(shown->>'PR_MESSAGE_DELIVERY_TIME'),
                        msgstore_internal.systime(shown->>'PR_CLIENT_SUBMIT_TIME'),
                        (shown->>'PR_IMPORTANCE')::integer, (shown->>'PR_HASATTACH')::boolean,
                        (shown->>'PR_MESSAGE_SIZE_EXTENDED')::bigint)
   OR (m.subject, m.sender, m.message_class, m.conversation)
      IS DISTINCT FROM (left(shown->>'PR_NORMALIZED_SUBJECT', 255), left(shown->>'PR_SENDER_NAME', 255),
                        left(shown->>'PR_MESSAGE_CLASS', 255), left(shown->>'PR_CONVERSATION_TOPIC', 255)));

-- a new message
SELECT message_id AS m, change_number AS n
FROM save_new_message(:s, :f, '{"PR_SUBJECT": "Re: lunch", "PR_SENDER_NAME": "Ada",
    "PR_MESSAGE_DELIVERY_TIME": "2026-01-02T03:04:05.1234567Z", "PR_BODY": "at noon"}') \gset
SELECT pg_temp.columns(:m);

-- setting, deleting and retyping
SELECT change_number AS n
FROM save_message(:s, :m, :n, '{"PR_IMPORTANCE": 2, "PR_MESSAGE_DELIVERY_TIME": null,
    "PR_CLIENT_SUBMIT_TIME": "2026-01-01T00:00:00Z", "PR_CONVERSATION_TOPIC": "lunch",
    "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_FILENAME": "menu"}]}') \gset
SELECT pg_temp.columns(:m);
SELECT change_number AS n
FROM save_message(:s, :m, :n, '{"PR_SUBJECT_PREFIX": "Fwd: ", "PR_MESSAGE_ATTACHMENTS": []}') \gset
SELECT pg_temp.columns(:m), read_message(:s, :m, '{PR_SUBJECT}');
SELECT change_number AS n
FROM save_message(:s, :m, :n, '{"PR_NORMALIZED_SUBJECT": "dinner", "PR_MESSAGE_CLASS": "IPM.Post"}') \gset
SELECT pg_temp.columns(:m)->>'subject' AS subject, pg_temp.columns(:m)->>'class' AS class;
SELECT change_number AS n FROM save_message(:s, :m, :n, '{"PR_SUBJECT": null}') \gset
SELECT pg_temp.columns(:m)->>'subject' AS subject;

-- texts are cut by characters, and the property is whole
SELECT change_number AS n
FROM save_message(:s, :m, :n, jsonb_build_object('PR_SUBJECT', repeat('ü', 10000),
    'PR_SENDER_NAME', repeat('☃', 256), 'PR_CONVERSATION_TOPIC', repeat('x', 255))) \gset
SELECT length(subject), length(sender), length(conversation),
       length(read_message(store_id, message_id)->>'PR_SUBJECT') AS whole
FROM message WHERE message_id = :m;

-- forced, merged, restored, copied, moved and deleted messages
SELECT open_message(:s, :m, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine", "PR_IMPORTANCE": 0}');
SELECT change_number AS n2 FROM save_message(:s, :m, :n, '{"PR_SENDER_NAME": "Bob", "PR_BODY": "changed"}') \gset
SELECT save_changes(:h), force_save(:h);
SELECT pg_temp.columns(:m)->>'subject' AS subject, length(pg_temp.columns(:m)->>'sender') AS sender;
SELECT result FROM restore_version(:s, :m, :n2,
    (SELECT change_number FROM message WHERE message_id = :m));
SELECT left(pg_temp.columns(:m)->>'subject', 3) AS subject, pg_temp.columns(:m)->>'sender' AS sender;
SELECT move_messages(:s, ARRAY[:m], :d), delete_messages(:s, ARRAY[:m]), restore_messages(:s, ARRAY[:m]);
SELECT result FROM copy_messages(:s, ARRAY[:m], :f);
SELECT close_object(:h);
SELECT * FROM pg_temp.wrong;

-- the size follows a body, a list and a blob
SELECT message_id AS b, change_number AS n FROM save_new_message(:s, :f, '{"PR_SUBJECT": "sizes"}') \gset
SELECT size AS before FROM message WHERE message_id = :b \gset
SELECT change_number AS n FROM save_message(:s, :b, :n, jsonb_build_object('PR_BODY', repeat('b', 50000),
    'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Ada", "PR_RECIPIENT_TYPE": 1}]'::jsonb,
    'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object('PR_ATTACH_DATA_BIN',
        encode(convert_to(repeat('a', 300000), 'UTF8'), 'base64'))))) \gset
SELECT size - :before > 350000 AS grown FROM message WHERE message_id = :b;
SELECT * FROM pg_temp.wrong;
SELECT change_number AS n FROM save_message(:s, :b, :n, '{"PR_BODY": null,
    "PR_MESSAGE_RECIPIENTS": null, "PR_MESSAGE_ATTACHMENTS": null}') \gset
SELECT * FROM pg_temp.wrong;

-- saves that leave the promoted properties alone are HOT, all of them, and so
-- are those that change one without an index
SELECT message_id AS hot, change_number AS n FROM save_new_message(:s, :f, '{"PR_SUBJECT": "hot"}') \gset
BEGIN;
CREATE TEMPORARY VIEW updates AS
SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot
FROM pg_stat_xact_all_tables WHERE relid = 'msgstore.message'::regclass;
SELECT updated AS updated, hot AS hot_updated FROM updates \gset
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_SUBJECT": "hot", "PR_BODY": "a"}') \gset
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_FLAG_STATUS": 2, "PR_IMPORTANCE": 2}') \gset
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_SUBJECT": "Re: hot", "PR_BODY": "bb"}') \gset
SELECT updated - :updated AS updated, hot - :hot_updated AS hot FROM updates;
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_SUBJECT": "still hot"}') \gset
SELECT updated - :updated AS updated, hot - :hot_updated AS hot FROM updates;
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_SENDER_NAME": "cold"}') \gset
SELECT updated - :updated AS updated, hot - :hot_updated AS hot FROM updates;
COMMIT;

-- no index mentions a column that every save writes
SELECT c.relname, a.attname
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_attribute AS a ON a.attrelid = i.indrelid
WHERE i.indrelid = 'msgstore.message'::regclass
  AND a.attname IN ('size', 'modified_at', 'change_number', 'modifier', 'props')
  AND (a.attnum = ANY (i.indkey)
       OR pg_get_expr(i.indpred, i.indrelid) ~ ('\m' || a.attname || '\M'));

-- rows of a version without the columns are filled, and nothing else changes
CREATE TEMPORARY TABLE before AS SELECT * FROM message;
UPDATE message
SET delivery_time = NULL, submit_time = NULL, importance = NULL, has_attachments = NULL,
    subject = NULL, sender = NULL, message_class = NULL, conversation = NULL, size = NULL;
-- a save fills those of its message
SELECT result, change_number AS n FROM save_message(:s, :hot, :n, '{"PR_FLAG_STATUS": 1}') \gset
SELECT msgstore_internal.promote_messages(:s) = (SELECT count(*) - 1 FROM message WHERE store_id = :s) AS filled;
SELECT msgstore_internal.promote_messages(NULL) = (SELECT count(*) FROM message WHERE store_id <> :s) AS others;
SELECT msgstore_internal.promote_messages(NULL) AS again;
SELECT message_id <> :hot AS differs FROM (SELECT * FROM message EXCEPT SELECT * FROM before) AS changed;
SELECT * FROM pg_temp.wrong;
