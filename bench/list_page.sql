-- List a page of a folder, the newest messages first.
SELECT message_id, change_number, "row", "position"
FROM msgstore.list_messages(:store, :id, '{PR_SUBJECT,PR_SENDER_NAME,PR_IMPORTANCE,PR_FLAG_STATUS,PR_MESSAGE_DELIVERY_TIME}', max => 1000);
