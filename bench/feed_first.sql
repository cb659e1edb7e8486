-- Read a page of 1,000 changes of the feed, the oldest of many changes.
SELECT token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties
FROM msgstore.changes_since(:store, :first, 1000);
