-- Cases that the checker of histories (test/checker/) has found: versions after one from
-- the future are not stamped earlier, and a list that is set to no rows is present.
SET search_path = msgstore, public;

SELECT create_store('checker_found') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- A client may give the first version a time that lies in the future.  No later
-- version shows an earlier time, the one of a deletion for good included.
SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "from the future",
	"PR_LAST_MODIFICATION_TIME": "2099-01-01T00:00:00.0000000Z"}') \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT change_number = :created AS given,
	message_at(:store, :id, change_number)->>'PR_LAST_MODIFICATION_TIME' AS shown
FROM history(:store, :id) ORDER BY change_number;

-- A list that a client sets to no rows is present and empty, after a save and after
-- a merge, with and without other saves in between.
SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "to nobody"}') \gset
SELECT result
FROM resolve_conflict(:store, :id, :created, '{"PR_MESSAGE_RECIPIENTS": []}', 'MERGE');
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS}');

SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "to nobody"}') \gset
SELECT result FROM save_message(:store, :id, :created, '{"PR_SUBJECT": "theirs"}');
SELECT result
FROM resolve_conflict(:store, :id, :created, '{"PR_MESSAGE_RECIPIENTS": []}', 'MERGE');
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_MESSAGE_RECIPIENTS}');

-- a deletion of the property takes the list away
SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "A"}]}') \gset
SELECT result
FROM resolve_conflict(:store, :id, :created, '{"PR_MESSAGE_RECIPIENTS": null}', 'MERGE');
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS}');
