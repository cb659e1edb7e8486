-- msgstore with a handle: open, set two properties, save and close in one
-- statement.

\set id random(1, :messages)
SELECT msgstore.set_props(handle, :patch),
	   msgstore.save_changes(handle) AS result,
	   msgstore.close_object(handle)
FROM (SELECT msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS handle
	  OFFSET 0) AS opened;
