-- msgstore: read the whole of one message.
SELECT msgstore.read_message(:store, :id);
