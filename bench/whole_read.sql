-- msgstore: read all properties of a message.
SELECT msgstore.read_message(:store, :id);
