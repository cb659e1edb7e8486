-- msgstore: save a copy of a message, of 26 properties and a body of 4 kB, as a
-- new message.  The first statement stands in for the client; new_calls_read.sql
-- is that statement alone.

\set id random(1, :messages)
SELECT (props || jsonb_build_object('PR_BODY', body)) - 'PR_SEARCH_KEY' AS props,
	   folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
SELECT msgstore.save_new_message(:store, :folder, :props);
