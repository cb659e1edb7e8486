-- msgstore: read one whole message.
SELECT msgstore.read_message(:store, :id);
