-- What the checker of histories (test/checker/) has found, each reduced to what
-- shows it.
SET search_path = msgstore, public;

SELECT create_store('checker_found') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- A time that a client gave the first version may lie in the future.  What
-- comes after it shows none before it, a deletion for good as well.
SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "from the future",
	"PR_LAST_MODIFICATION_TIME": "2099-01-01T00:00:00.0000000Z"}') \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT change_number = :created AS given,
	message_at(:store, :id, change_number)->>'PR_LAST_MODIFICATION_TIME' AS shown
FROM history(:store, :id) ORDER BY change_number;

-- A list that a client sets to nobody is there, and empty, whether it is saved
-- or merged: nobody else saved in between, or somebody did.
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

-- deleting the property is something else
SELECT message_id AS id, change_number AS created
FROM save_new_message(:store, :inbox, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "A"}]}') \gset
SELECT result
FROM resolve_conflict(:store, :id, :created, '{"PR_MESSAGE_RECIPIENTS": null}', 'MERGE');
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS}');
