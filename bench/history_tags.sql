-- The rival that does the same job: SELECT two properties, then UPDATE that
-- version and insert its history row in one statement.

\set id random(1, :messages)
SELECT props ->> 'PR_SUBJECT' AS subject,
	   props ->> 'PR_FLAG_STATUS' AS flag_status, version
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL \gset
WITH before AS (
	SELECT props
	FROM rival.message
	WHERE store_id = :store AND message_id = :id AND version = :version
), saved AS (
	UPDATE rival.message
	SET props = props || :patch::jsonb,
		version = version + 1,
		modified_at = clock_timestamp(),
		modified_by = :actor
	WHERE store_id = :store AND message_id = :id AND version = :version AND
		deleted_at IS NULL
	RETURNING version, modified_at
)
INSERT INTO rival.history
SELECT :store, :id, saved.version, :version, modified_at,
	   current_user, :actor, current_setting('application_name'),
	   '{PR_SUBJECT,PR_FLAG_STATUS}',
	   jsonb_build_object('PR_SUBJECT', props -> 'PR_SUBJECT',
						  'PR_FLAG_STATUS', props -> 'PR_FLAG_STATUS')
FROM saved, before
RETURNING version;
