-- msgstore with a handle: the calls of handles.sql in two statements instead
-- of five, as a client that saves round trips sends them.

\set id random(1, :messages)
SELECT handle, msgstore.get_props_json(handle) AS message
FROM (SELECT msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS handle
	  OFFSET 0) AS opened \gset
SELECT msgstore.set_props(:handle, :patch),
	   msgstore.save_changes(:handle) AS result,
	   msgstore.close_object(:handle);
