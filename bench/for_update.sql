-- A rival that locks the message from read to save, so that no other client
-- can open the message meanwhile.  It keeps no history.

\set id random(1, :messages)
BEGIN;
SELECT folder_id, created_at, headers, body, html, props, version,
	   modified_at, modified_by
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL
FOR UPDATE \gset
UPDATE rival.message
SET props = props || :patch::jsonb,
	version = version + 1,
	modified_at = clock_timestamp(),
	modified_by = :actor
WHERE store_id = :store AND message_id = :id
RETURNING version;
COMMIT;
