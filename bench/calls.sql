-- msgstore without handles: read the whole message, save two properties.  A
-- client takes the change number from the JSON that it received; pgbench
-- cannot, so the server reads the number once more, at our cost.

\set id random(1, :messages)
SELECT msgstore.read_message_json(:store, :id) AS message,
	   msgstore.read_message(:store, :id, '{PidTagChangeNumber}')
	   -> 'PidTagChangeNumber' AS version \gset
SELECT result, change_number
FROM msgstore.save_message(:store, :id, :version, :patch);
