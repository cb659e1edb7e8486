-- Read all of a message.
SELECT msgstore.read_message(:store, :id);
