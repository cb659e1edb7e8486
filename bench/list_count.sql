-- Count the messages of a folder.
SELECT msgstore.count_messages(:store, :id);
