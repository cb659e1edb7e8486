-- A rival: read two properties and the version of a message.

\set id random(1, :messages)
SELECT props ->> 'PR_SUBJECT' AS subject,
	   props ->> 'PR_FLAG_STATUS' AS flag_status, version
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL;
