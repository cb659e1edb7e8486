-- msgstore with a handle: open, set two properties, save and close in four
-- statements.

\set id random(1, :messages)
SELECT msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS handle \gset
SELECT msgstore.set_props(:handle, :patch);
SELECT msgstore.save_changes(:handle) AS result;
SELECT msgstore.close_object(:handle);
