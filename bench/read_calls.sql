-- msgstore: read a whole message as jsonb.

\set id random(1, :messages)
SELECT msgstore.read_message(:store, :id);
