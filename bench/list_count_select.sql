-- Count the messages of a folder, with a query written by hand.
SELECT count(*) FROM rival.list
WHERE store_id = :store AND folder_id = :id AND deleted_at IS NULL AND NOT associated;
