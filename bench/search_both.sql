-- Search a folder for a frequent word, and a word that every message has.
SELECT message_id, folder_id, rank, headline, "position"
FROM msgstore.search_messages(:store, 'frequent text', :id);
