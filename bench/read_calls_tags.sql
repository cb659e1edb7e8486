-- msgstore: read two properties and the change number of a message.

\set id random(1, :messages)
SELECT msgstore.read_message(:store, :id,
	'{PR_SUBJECT,PR_FLAG_STATUS,PidTagChangeNumber}');
