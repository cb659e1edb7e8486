-- msgstore: a save that is refused because another client has saved.

\set id random(1, :messages)
SELECT result, change_number
FROM msgstore.save_message(:store, :id, 0, :patch);
