-- msgstore with a handle: read the whole message, save two properties.

\set id random(1, :messages)
SELECT msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS handle \gset
SELECT msgstore.get_props_json(:handle) AS message \gset
SELECT msgstore.set_props(:handle, :patch);
SELECT msgstore.save_changes(:handle) AS result \gset
SELECT msgstore.close_object(:handle);
