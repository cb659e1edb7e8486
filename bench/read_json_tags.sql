-- msgstore: read two properties and the change number of a message as the text
-- of JSON.

\set id random(1, :messages)
SELECT msgstore.read_message_json(:store, :id,
	'{PR_SUBJECT,PR_FLAG_STATUS,PidTagChangeNumber}');
