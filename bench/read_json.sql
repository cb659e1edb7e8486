-- msgstore: read a whole message as the text of JSON.

\set id random(1, :messages)
SELECT msgstore.read_message_json(:store, :id);
