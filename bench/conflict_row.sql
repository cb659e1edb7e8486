-- msgstore: a save that is refused because another client has saved, called in
-- the list of the SELECT, where PostgreSQL needs no scan of a function.

\set id random(1, :messages)
SELECT msgstore.save_message(:store, :id, 0, :patch);
