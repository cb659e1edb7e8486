-- The rival of new_calls.sql: INSERT a message and its history row.  The id comes
-- from a sequence.  The first statement stands in for the client;
-- new_insert_read.sql is that statement alone.

\set id random(1, :messages)
SELECT props, body, folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
WITH saved AS (
	INSERT INTO rival.message (store_id, message_id, folder_id, created_at, body,
							   props, version, modified_at, modified_by)
	VALUES (:store, nextval('rival.message_id'), :folder, clock_timestamp(), :body,
			:props, 1, clock_timestamp(), :actor)
	RETURNING message_id, modified_at
)
INSERT INTO rival.history
SELECT :store, message_id, 1, NULL, modified_at, current_user, :actor,
	   current_setting('application_name'), '{}', '{}'
FROM saved
RETURNING message_id;
