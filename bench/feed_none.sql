-- Ask the feed for changes when there are none.
SELECT token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties
FROM msgstore.changes_since(:store, :none, 1000);
