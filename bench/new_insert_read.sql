-- The part of new_insert.sql before the INSERT.

\set id random(1, :messages)
SELECT props, body, folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
