-- msgstore: read the whole message.

\set id random(1, :messages)
SELECT msgstore.read_message(:store, :id);
