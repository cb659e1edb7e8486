-- List the messages of one sender, the newest first: an indexed property.
SELECT message_id, change_number, "row", "position"
FROM msgstore.list_messages(:store, :id, '{PR_SUBJECT,PR_SENDER_NAME,PR_MESSAGE_DELIVERY_TIME}',
    '{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "sender 7"}}');
