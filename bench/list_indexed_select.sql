-- List the messages of one sender, the newest first, with a query written by hand.
SELECT message_id, version,
       jsonb_strip_nulls(jsonb_build_object(
           'PR_SUBJECT', props->'PR_SUBJECT', 'PR_SENDER_NAME', props->'PR_SENDER_NAME',
           'PR_MESSAGE_DELIVERY_TIME', props->'PR_MESSAGE_DELIVERY_TIME')) AS "row",
       jsonb_build_array(message_id, props->'PR_MESSAGE_DELIVERY_TIME')::text AS "position"
FROM rival.list
WHERE store_id = :store AND folder_id = :id AND deleted_at IS NULL AND NOT associated
  AND sender = 'sender 7'
ORDER BY delivery_time DESC NULLS LAST, message_id
LIMIT 50;
