-- Search a folder for a word that one in a hundred of its messages has.
SELECT message_id, folder_id, rank, headline, "position"
FROM msgstore.search_messages(:store, 'frequent', :id);
