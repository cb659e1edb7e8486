-- msgstore: save a copy of a message as a new message, as new_calls.sql does, with
-- the body beside the JSON: the call of an import.  The first statement stands in
-- for the client; new_beside_read.sql is that statement alone.

\set id random(1, :messages)
SELECT props - 'PR_SEARCH_KEY' AS props, body, folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
SELECT msgstore.import_message(:store, :folder, :props, NULL, :body);
