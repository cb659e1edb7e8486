-- The status of a message: set by mask, the old one returned, one for all users, beside the
-- version.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('status') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
SELECT read_message(:store, :id, '{PR_MSG_STATUS}'), status FROM message_list WHERE message_id = :id;

-- (old and not mask) or (status and mask); the old one is returned
SELECT set_message_status(:store, :id, 5, 7);
SELECT read_message(:store, :id, '{PR_MSG_STATUS}');
SELECT set_message_status(:store, :id, -1 & ~ 2048, 2);
SELECT read_message(:store, :id, '{PR_MSG_STATUS}');
SELECT set_message_status(:store, :id, 0, 4);
SELECT read_message(:store, :id, '{PR_MSG_STATUS}');
SELECT set_message_status(:store, :id, 8, 0);
SELECT read_message(:store, :id, '{PR_MSG_STATUS}');
SELECT set_message_status(:store, :id, (-2147483648)::integer, (-2147483648)::integer);
SELECT set_message_status(:store, :id, 0, (-2147483648)::integer);

-- for every user, in every way of reading; the version stands
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_message_status(:store, :id, 16, 16, 'ann');
SELECT get_props(:h, '{PR_MSG_STATUS}'), read_message(:store, :id, '{PR_MSG_STATUS}', 'bob'), status, change_number = :n AS version_stands
FROM message_list WHERE message_id = :id;
SELECT role = current_user AS mine, actor, replaced, status, xid < pg_current_xact_id() AS of_then FROM message_status WHERE message_id = :id;
SELECT (p->>'PR_LOCAL_COMMIT_TIME')::timestamptz = changed_at AS moved, (p->>'PR_LAST_MODIFICATION_TIME')::timestamptz < changed_at AS stands
FROM message_status, read_message(:store, :id) AS p WHERE message_id = :id;
-- a save does not revert it, neither does a force
SELECT set_props(:h, '{"PR_SUBJECT": "two"}');
SELECT set_message_status(:store, :id, 32, 32), save_changes(:h), read_message(:store, :id, '{PR_SUBJECT, PR_MSG_STATUS}');
SELECT result, read_message(:store, :id, '{PR_SUBJECT, PR_MSG_STATUS}') FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "three"}', 'FORCE_SAVE');

-- fail: a bit of the store's own, in the status or in the mask
SELECT set_message_status(:store, :id, 2048, 1);
-- fail
SELECT set_message_status(:store, :id, 1, 2049);
-- fail
SELECT set_message_status(:store, 0, 1, 1);
-- fail
SELECT set_message_status(0, 0, 1, 1);
-- fail
SELECT set_message_status(:store, :id, NULL, 1);
-- fail
SELECT save_message(:store, :id, :n, '{"PR_MSG_STATUS": 1}', 'FORCE_SAVE');
SELECT delete_messages(:store, ARRAY[:id]);
-- fail
SELECT set_message_status(:store, :id, 1, 1);
SELECT restore_messages(:store, ARRAY[:id]), set_message_status(:store, :id, 1, 1);

-- the right to edit is needed
CREATE ROLE regress_editor;
SELECT grant_folder(:store, :inbox, 'regress_editor', 'REVIEWER');
SET ROLE regress_editor;
SELECT status FROM message_list WHERE message_id = :id;
-- fail
SELECT set_message_status(:store, :id, 0, 1);
RESET ROLE;
SELECT grant_folder(:store, :inbox, 'regress_editor', 'EDITOR');
SET ROLE regress_editor;
SELECT set_message_status(:store, :id, 0, 1);
RESET ROLE;
SELECT revoke_folder(:store, :inbox, 'regress_editor');
DROP ROLE regress_editor;
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT count(*) FROM message_status WHERE message_id = :id;
