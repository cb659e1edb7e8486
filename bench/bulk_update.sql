-- The rival of bulk_calls.sql: update 20 messages, and insert the history rows,
-- in one statement that is written for exactly these two properties.  The client
-- sends arrays of ids, versions and patches, which need less parsing than JSON.
-- The first statement stands in for the client; bulk_update_read.sql is that
-- statement alone.

\set id random(1, :messages - 20)
SELECT array_agg(message_id) AS ids, array_agg(version) AS versions,
	   array_agg(:patch::jsonb) AS patches
FROM rival.message
WHERE store_id = :store AND message_id BETWEEN :id + 1 AND :id + 20 \gset
WITH wanted AS (
	SELECT * FROM unnest(:ids::bigint[], :versions::bigint[], :patches::jsonb[])
		AS u (message_id, version, patch)
), before AS (
	SELECT m.message_id, m.version, m.props
	FROM rival.message AS m JOIN wanted AS w USING (message_id, version)
	WHERE m.store_id = :store
), saved AS (
	UPDATE rival.message AS m
	SET props = m.props || w.patch,
		version = m.version + 1,
		modified_at = clock_timestamp(),
		modified_by = :actor
	FROM wanted AS w
	WHERE m.store_id = :store AND m.message_id = w.message_id AND
		m.version = w.version AND m.deleted_at IS NULL
	RETURNING m.message_id, m.version, m.modified_at
)
INSERT INTO rival.history
SELECT :store, message_id, s.version, b.version, s.modified_at,
	   current_user, :actor, current_setting('application_name'),
	   '{PR_SUBJECT,PR_FLAG_STATUS}',
	   jsonb_build_object('PR_SUBJECT', b.props -> 'PR_SUBJECT',
						  'PR_FLAG_STATUS', b.props -> 'PR_FLAG_STATUS')
FROM saved AS s JOIN before AS b USING (message_id)
RETURNING version;
