-- Notifications: the events of a store, a folder or a message, of others and of the session
-- itself, in order, each once, by the mask that was asked for.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('advise') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
-- Return the events with names in place of ids.
CREATE FUNCTION pg_temp.poll(connection integer) RETURNS TABLE (event text, message text, folder text, old_folder text, table_event text, versioned boolean)
LANGUAGE sql AS $$
	SELECT p.event::text, p.properties_of, (SELECT f.name FROM folder AS f WHERE f.folder_id = p.folder_id AND f.store_id = (SELECT store_id FROM store WHERE name = 'advise')),
		(SELECT f.name FROM folder AS f WHERE f.folder_id = p.old_folder_id AND f.store_id = (SELECT store_id FROM store WHERE name = 'advise')), p.table_event, p.change_number IS NOT NULL
	FROM (SELECT *, (SELECT coalesce(m.props->>'PR_SUBJECT', 'no subject') FROM message AS m WHERE m.message_id = q.message_id AND m.store_id = (SELECT store_id FROM store WHERE name = 'advise')) AS properties_of
		  FROM poll_notifications(connection) WITH ORDINALITY AS q (event, message_id, folder_id, old_folder_id, table_event, change_number, changed_by, changed_at, properties, n)) AS p ORDER BY p.n $$;

-- nothing has happened yet; one event per thing that happens, and each once
SELECT advise(:store) AS every \gset
SELECT advise(:store, :inbox) AS folder \gset
SELECT advise(:store, NULL, :id) AS message \gset
SELECT advise(:store, NULL, NULL, 'OBJECT_CREATED|DELETED') AS some \gset
SELECT count(*) FROM pg_temp.poll(:every);

-- ObjectCreated (MS-OXCNOTIF R13, R42) in the whole store (R52), and NewMail (R11, R41) for one that
-- was not written here; TableRowAdded (R23) with folder and message (R141, R145)
SELECT message_id AS new FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "written"}') \gset
SELECT message_id AS mail FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "delivered", "PR_MESSAGE_FLAGS": 0}') \gset
SELECT * FROM pg_temp.poll(:every);
SELECT * FROM pg_temp.poll(:every);
SELECT * FROM pg_temp.poll(:message);
SELECT * FROM pg_temp.poll(:some);

-- ObjectModified: a save, the read flag, the status; not a refused or an empty save
SELECT change_number AS n2 FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "two"}') \gset
SELECT result FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "refused"}');
SELECT result FROM save_message(:store, :id, :n2, '{}');
SELECT set_read_flag(:store, :id, 4), set_message_status(:store, :id, 1, 1);
SELECT * FROM pg_temp.poll(:message);

-- ObjectMoved names both folders (R182), ObjectCopied (R12, R46) is the copy, ObjectDeleted (R105)
-- however it is deleted
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT count(*) FROM copy_messages(:store, ARRAY[:id], :inbox);
SELECT delete_messages(:store, ARRAY[:new]), delete_messages(:store, ARRAY[:mail], 'DELETE_HARD_DELETE'), restore_messages(:store, ARRAY[:new]);
SELECT * FROM pg_temp.poll(:message);
SELECT event, message, folder, old_folder, table_event FROM pg_temp.poll(:every) OFFSET 4;
SELECT * FROM pg_temp.poll(:some);

-- a folder: of what is in it, of what leaves it, of itself
SELECT set_folder_props(:store, :inbox, '{"PR_COMMENT": "c"}');
SELECT create_folder(:store, :drafts, 'sub') AS sub \gset
SELECT rename_folder(:store, :sub, 'renamed');
SELECT move_folder(:store, :sub, :inbox);
SELECT delete_folder(:store, :sub);
SELECT event, message, folder, old_folder, table_event FROM pg_temp.poll(:folder);
SELECT event, folder, table_event FROM pg_temp.poll(:every);

-- in order, also of one transaction, after its commit; not of one that rolls back
BEGIN;
SELECT count(*) FROM (SELECT save_message(:store, :new, (read_message(:store, :new)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "first"}')) AS s;
SELECT delete_messages(:store, ARRAY[:new]), restore_messages(:store, ARRAY[:new]);
SELECT count(*) FROM pg_temp.poll(:every);
COMMIT;
BEGIN;
SELECT delete_messages(:store, ARRAY[:new]);
ROLLBACK;
SELECT event, message FROM pg_temp.poll(:every) WHERE table_event IS NULL;

-- only what the role may read; a connection is its own
CREATE ROLE regress_advised;
SELECT grant_folder(:store, :inbox, 'regress_advised', 'REVIEWER');
SET ROLE regress_advised;
SELECT advise(:store) AS theirs \gset
-- fail: another role's
SELECT * FROM poll_notifications(:every);
-- fail
SELECT advise(:store, :drafts);
-- fail
SELECT advise(:store, NULL, :id);
RESET ROLE;
SELECT change_number AS n3 FROM save_message(:store, :id, (read_message(:store, :id)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "hidden"}') \gset
SELECT move_messages(:store, ARRAY[:new], :drafts);
SET ROLE regress_advised;
SELECT event, message_id = :new AS new, folder_id = :inbox AS inbox, changed_by, table_event FROM poll_notifications(:theirs) WHERE table_event IS DISTINCT FROM 'CHANGED';
RESET ROLE;
SELECT revoke_folder(:store, :inbox, 'regress_advised');
SET ROLE regress_advised;
-- fail
SELECT * FROM poll_notifications(:theirs);
RESET ROLE;

-- the end of a connection
SELECT unadvise(:some);
-- fail
SELECT unadvise(:some);
-- fail
SELECT * FROM poll_notifications(:some);
\set VERBOSITY terse
-- fail
SELECT * FROM poll_notifications(0);
-- fail
SELECT advise(:store, events => 1);
-- fail
SELECT advise(:store, events => 0);
-- fail
SELECT advise(:store, 0);
-- fail
SELECT * FROM poll_notifications(NULL);
\set VERBOSITY sqlstate
-- fail
SELECT advise(0);
-- fail
SELECT advise(:store, events => 'OBJECT_LOST');
-- fail
SELECT advise(NULL);
SELECT 510::notify_events, 'NEW_MAIL|DELETED'::notify_events::integer;
SET msgstore.max_open_handles = 4;
\set VERBOSITY terse
-- fail
SELECT advise(:store);
\set VERBOSITY sqlstate
RESET msgstore.max_open_handles;
-- as msgstore.handles has it
SET msgstore.handles = 'transaction';
BEGIN;
SELECT advise(:store) AS short \gset
SELECT count(*) FROM poll_notifications(:short);
COMMIT;
-- fail
SELECT * FROM poll_notifications(:short);
SET msgstore.handles = 'off';
-- fail
SELECT advise(:store);
RESET msgstore.handles;
SELECT count(*) FROM poll_notifications(:every);
DISCARD ALL;
SET search_path = msgstore, public;
-- fail
SELECT * FROM poll_notifications(:every);
DROP OWNED BY regress_advised;
DROP ROLE regress_advised;
