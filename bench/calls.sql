-- msgstore, without a session: read the whole message, save two properties.
-- A client takes the change number from the JSON it got; pgbench cannot, so
-- the server does it, at our cost.

\set id random(1, :messages)
SELECT message, message -> 'PidTagChangeNumber' AS version
FROM (SELECT msgstore.read_message(:store, :id) AS message OFFSET 0) AS read \gset
SELECT result, change_number
FROM msgstore.save_message(:store, :id, :version, :patch);
