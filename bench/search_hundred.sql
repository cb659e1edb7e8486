-- Search a folder for a word that a hundred of its messages have.
SELECT message_id, folder_id, rank, headline, "position"
FROM msgstore.search_messages(:store, :hundred, :id);
