-- The part of new_beside.sql before the save.

\set id random(1, :messages)
SELECT props - 'PR_SEARCH_KEY' AS props, body, folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
