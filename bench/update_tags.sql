-- A rival without history: SELECT two properties, UPDATE that version.

\set id random(1, :messages)
SELECT props ->> 'PR_SUBJECT' AS subject,
	   props ->> 'PR_FLAG_STATUS' AS flag_status, version
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL \gset
UPDATE rival.message
SET props = props || :patch::jsonb,
	version = version + 1,
	modified_at = clock_timestamp(),
	modified_by = :actor
WHERE store_id = :store AND message_id = :id AND version = :version AND
	deleted_at IS NULL
RETURNING version;
