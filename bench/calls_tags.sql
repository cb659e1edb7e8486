-- msgstore without handles: read two properties, save them.

\set id random(1, :messages)
SELECT message, message -> 'PidTagChangeNumber' AS version
FROM (SELECT msgstore.read_message(:store, :id,
		'{PR_SUBJECT,PR_FLAG_STATUS,PidTagChangeNumber}') AS message
	  OFFSET 0) AS read \gset
SELECT result, change_number
FROM msgstore.save_message(:store, :id, :version, :patch);
