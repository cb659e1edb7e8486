-- A rival: read a whole message.

\set id random(1, :messages)
SELECT folder_id, created_at, headers, body, html, props, version,
	   modified_at, modified_by
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL;
