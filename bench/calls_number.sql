-- msgstore without handles: read two properties and the number in one call, and
-- save them with the call that answers the new number only.

\set id random(1, :messages)
SELECT message, message -> 'PidTagChangeNumber' AS version
FROM (SELECT msgstore.read_message(:store, :id,
		'{PR_SUBJECT,PR_FLAG_STATUS,PidTagChangeNumber}') AS message
	  OFFSET 0) AS read \gset
SELECT msgstore.save_message_number(:store, :id, :version, :patch) AS version;
