-- msgstore, without a handle: read the whole message, save two properties.
-- A client takes the change number from the JSON.  pgbench cannot do this, so
-- the server does it, and the cost is ours.

\set id random(1, :messages)
SELECT message, message -> 'PidTagChangeNumber' AS version
FROM (SELECT msgstore.read_message(:store, :id) AS message OFFSET 0) AS read \gset
SELECT result, change_number
FROM msgstore.save_message(:store, :id, :version, :patch);
