-- Count the messages with a bit set in a property, with a query written by hand.
SELECT count(*) FROM rival.list
WHERE store_id = :store AND folder_id = :id AND deleted_at IS NULL AND NOT associated
  AND (props->>'PR_FLAG_STATUS')::integer & 4 <> 0;
