-- msgstore without handles: read the whole message, save two properties.  A
-- client takes the change number from the JSON that it received; pgbench
-- cannot, so the server finds the number in the text, at our cost.

\set id random(1, :messages)
SELECT message, split_part(substr(message::text,
	strpos(message::text, '"PidTagChangeNumber": ') + 22, 17), ',', 1) AS version
FROM (SELECT msgstore.read_message_json(:store, :id) AS message OFFSET 0) AS read \gset
SELECT result, change_number
FROM msgstore.save_message(:store, :id, :version, :patch);
