-- Columns that a user adds to message and change are stored as they are: a save, whatever
-- it replaces, leaves their values alone; a new row has NULL in them.
SET search_path = msgstore, public;
SELECT create_store('tuple') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
SELECT message_id AS m, change_number AS n FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "old", "PR_COMMENT": "c", "PR_IMPORTANCE": 2, "PR_BODY": "body"}') \gset
CREATE FUNCTION pg_temp.save(store bigint, id bigint, patch jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT result::text FROM message_list AS m, save_message(store, id, m.change_number, patch)
      WHERE m.store_id = store AND m.message_id = id$$;

BEGIN;
ALTER TABLE message
    ADD COLUMN user_flag boolean,
    ADD COLUMN user_small smallint DEFAULT 7,
    ADD COLUMN user_name name DEFAULT 'a name',
    ADD COLUMN user_id uuid DEFAULT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    ADD COLUMN user_plain text,
    ADD COLUMN user_point point DEFAULT '(1,2)',
    ADD COLUMN user_numbers numeric[],
    ADD COLUMN user_big bigint DEFAULT 8;
ALTER TABLE message ALTER COLUMN user_plain SET STORAGE PLAIN;
ALTER TABLE change ADD COLUMN user_note text DEFAULT 'earlier', ADD COLUMN user_time timestamptz;
CREATE VIEW pg_temp.users AS
    SELECT user_flag, user_small, user_name, user_id, user_plain, user_point::text, user_numbers, user_big
    FROM message WHERE message_id = :m;

-- the row of the message has none of these columns yet
SELECT pg_temp.save(:store, :m, '{"PR_COMMENT": "first"}');
SELECT * FROM pg_temp.users \gx
UPDATE message SET user_flag = true, user_plain = 'plain', user_numbers = '{1.5,NULL}' WHERE message_id = :m;

-- values of every length, which move all columns behind the bag
SELECT DISTINCT pg_temp.save(:store, :m, jsonb_build_object('PR_COMMENT', repeat('x', n)))
FROM generate_series(0, 140) AS n;
SELECT DISTINCT pg_temp.save(:store, :m, jsonb_build_object('PR_SUBJECT', repeat('ä', n)))
FROM generate_series(0, 140) AS n;
SELECT * FROM pg_temp.users \gx
SELECT message = jsonb_build_object('PR_COMMENT', repeat('x', 140), 'PR_SUBJECT', repeat('ä', 140), 'PR_IMPORTANCE', 2,
                                    'PR_BODY', 'body') AS same
FROM read_message(:store, :m, '{PR_COMMENT,PR_SUBJECT,PR_IMPORTANCE,PR_BODY}') AS message;
SELECT count(*), sum(length(message_at(:store, :m, change_number)->>'PR_COMMENT')) AS comments
FROM history(:store, :m);

-- columns before the bag: promoted values, bodies, folder, deletion
SELECT pg_temp.save(:store, :m, '{"PR_MESSAGE_DELIVERY_TIME": "2026-11-01T00:00:00Z", "PR_SENDER_NAME": "Ann"}');
SELECT pg_temp.save(:store, :m, '{"PR_SENDER_NAME": null, "PR_BODY": null, "PR_IMPORTANCE": null}');
SELECT pg_temp.save(:store, :m, jsonb_build_object('PR_HTML', 'PGI+', 'PR_COMMENT', repeat('long ', 100000)));
SELECT move_messages(:store, ARRAY[:m], :drafts), delete_messages(:store, ARRAY[:m]), restore_messages(:store, ARRAY[:m]);
SELECT pg_temp.save(:store, :m, '{"PR_COMMENT": "short"}');
SELECT * FROM pg_temp.users \gx
SELECT read_message(:store, :m, '{PR_MESSAGE_DELIVERY_TIME,PR_SENDER_NAME,PR_HTML,PR_COMMENT,PR_SUBJECT_PREFIX}');

-- a column that was dropped
ALTER TABLE message DROP COLUMN user_id CASCADE;
SELECT message_id AS other FROM save_new_message(:store, :inbox, '{"PR_COMMENT": "new"}') \gset
SELECT item, result FROM save_messages(:store, (SELECT jsonb_agg(jsonb_build_array(message_id, change_number,
    '{"PR_COMMENT": "both", "PR_BODY": "other"}'::jsonb) ORDER BY message_id) FROM message_list WHERE store_id = :store));
SELECT user_flag, user_small, user_name, user_plain, user_point::text, user_numbers, user_big
FROM message WHERE store_id = :store ORDER BY message_id;
SELECT message_id = :m AS old, read_message(:store, message_id, '{PR_COMMENT,PR_BODY}') FROM message_list
WHERE store_id = :store ORDER BY message_id;
-- the first change is older than the columns; with an index on them, as well
CREATE INDEX ON change (store_id, user_note, undo_body);
SELECT DISTINCT pg_temp.save(:store, :other, jsonb_build_object('PR_BODY', repeat('body ' || n, 2000)))
FROM generate_series(1, 3) AS n;
SELECT item, result FROM save_messages(:store, (SELECT jsonb_agg(jsonb_build_array(message_id, change_number,
    '{"PR_BODY": "last"}'::jsonb) ORDER BY message_id) FROM message_list WHERE store_id = :store));
SELECT user_note, user_time, count(*) FROM change WHERE store_id = :store GROUP BY 1, 2 ORDER BY 1, 2;
SELECT length(message_at(:store, :other, previous)->>'PR_BODY') AS before FROM history(:store, :other)
WHERE previous IS NOT NULL ORDER BY change_number DESC LIMIT 1;
ROLLBACK;
