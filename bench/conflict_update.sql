-- A rival: an UPDATE that matches no row, and the SELECT that finds out why.

\set id random(1, :messages)
UPDATE rival.message
SET props = props || :patch::jsonb,
	version = version + 1,
	modified_at = clock_timestamp(),
	modified_by = :actor
WHERE store_id = :store AND message_id = :id AND version = 0 AND
	deleted_at IS NULL
RETURNING version;
SELECT version, deleted_at IS NOT NULL AS deleted
FROM rival.message
WHERE store_id = :store AND message_id = :id;
