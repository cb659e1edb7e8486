-- One message, all of it.
SELECT msgstore.read_message(:store, :id);
