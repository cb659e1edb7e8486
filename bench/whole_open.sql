-- msgstore: open a message, read all properties, close the handle.
SELECT msgstore.open_message(:store, :id) AS handle \gset
SELECT msgstore.get_props(:handle), msgstore.close_object(:handle);
