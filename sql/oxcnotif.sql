-- The requirements of MS-OXCNOTIF that have a meaning in SQL, by their numbers: each event by
-- itself, the scope of a subscription, and the events of tables.
SET search_path = msgstore;
SELECT create_store('oxcnotif') AS s, create_store('oxcnotif: other') AS o \gset
SELECT special_folder(:s, 'Inbox') AS f, special_folder(:s, 'Drafts') AS d, special_folder(:o, 'Inbox') AS of \gset
SELECT message_id AS m FROM save_new_message(:s, :f, '{"PR_SUBJECT": "m"}') \gset
SELECT message_id AS x FROM save_new_message(:s, :f, '{"PR_SUBJECT": "x"}') \gset
SELECT message_id AS om FROM save_new_message(:o, :of, '{"PR_SUBJECT": "other"}') \gset
-- The events of a connection since the last time, in order: each with the names of message
-- and folder, and of the folder that the message left.
CREATE FUNCTION pg_temp.name(s bigint, id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT props ->> 'PR_SUBJECT' FROM msgstore.message WHERE store_id = s AND message_id = id),
        CASE WHEN id IS NOT NULL THEN 'gone' END) $$;
CREATE FUNCTION pg_temp.folder(s bigint, id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT name FROM msgstore.folder WHERE store_id = s AND folder_id = id $$;
CREATE FUNCTION pg_temp.events(connection integer) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', event, table_event, pg_temp.name(s, p.message_id), pg_temp.folder(s, p.folder_id),
        'from ' || pg_temp.folder(s, old_folder_id)), ', ' ORDER BY n), '')
    FROM (SELECT store_id AS s FROM msgstore.store WHERE name = 'oxcnotif') AS st,
        msgstore.poll_notifications(connection) WITH ORDINALITY
            AS p (event, message_id, folder_id, old_folder_id, table_event, number, changed_by, changed_at, properties, n) $$;
CREATE FUNCTION pg_temp.edit(s bigint, id bigint, subject text) RETURNS text LANGUAGE sql AS $$
    SELECT (msgstore.save_message(s, id, (SELECT change_number FROM msgstore.message WHERE store_id = s AND message_id = id),
        jsonb_build_object('PR_SUBJECT', subject))).result::text $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '

-- a subscription for each event (R41-R47, R40001), one for the whole store, one for a folder,
-- one for a message, and one for another store
SELECT advise(:s, events => 2) AS mail, advise(:s, events => 4) AS created, advise(:s, events => 8) AS deleted,
    advise(:s, events => 16) AS modified, advise(:s, events => 32) AS moved, advise(:s, events => 64) AS copied,
    advise(:s, events => 128) AS searched, advise(:s, events => 256) AS tables,
    advise(:s) AS whole, advise(:s, :f) AS folder, advise(:s, NULL, :m) AS message, advise(:o) AS other \gset
SELECT 'R409: several at a time, each with a handle of its own',
    count(DISTINCT c) = 12 FROM unnest(ARRAY[:mail, :created, :deleted, :modified, :moved, :copied, :searched, :tables,
        :whole, :folder, :message, :other]) AS c;

-- each thing once
SELECT message_id AS n FROM save_new_message(:s, :f, '{"PR_SUBJECT": "n", "PR_MESSAGE_FLAGS": 0}') \gset
SELECT message_id AS w FROM save_new_message(:s, :d, '{"PR_SUBJECT": "w"}') \gset
SELECT pg_temp.edit(:s, :m, 'm');
SELECT move_messages(:s, ARRAY[:x], :d);
SELECT new_message_id AS c FROM copy_messages(:s, ARRAY[:m], :d) \gset
SELECT delete_messages(:s, ARRAY[:w]);
SELECT delete_messages(:s, ARRAY[:c], 'DELETE_HARD_DELETE');
SELECT r, events FROM (VALUES
    (1, 'R11 R41: NewMail, for mail that has arrived, not for what is written here', pg_temp.events(:mail)),
    (2, 'R13 R42: ObjectCreated', pg_temp.events(:created)),
    (3, 'R14 R43: ObjectDeleted, however deleted', pg_temp.events(:deleted)),
    (4, 'R15 R44: ObjectModified', pg_temp.events(:modified)),
    (5, 'R16 R45: ObjectMoved, with both folders', pg_temp.events(:moved)),
    (6, 'R12 R46: ObjectCopied, with the copy', pg_temp.events(:copied)),
    (7, 'R17 R47: SearchComplete, not without a search', pg_temp.events(:searched)),
    (8, 'R18 R40001: TableModified', pg_temp.events(:tables))) AS v (i, r, events) ORDER BY i;
SELECT 'R52: WantWholeStore', pg_temp.events(:whole);
SELECT 'R53: else only one folder', pg_temp.events(:folder);
SELECT 'R53: or one message, without its tables', pg_temp.events(:message);
SELECT 'R52: nothing of another store', pg_temp.events(:other);
SELECT 'R241: each event is given once', concat(pg_temp.events(:mail), pg_temp.events(:whole), pg_temp.events(:folder));

-- tables (R22-R25): the nature of the change, folder and message (R141, R145, R261)
SELECT pg_temp.edit(:s, :m, 'm');
SELECT 'R25: TableRowModified', pg_temp.events(:tables);
SELECT set_read_flag(:s, :m, 'CLEAR_READ_FLAG');
SELECT 'R25: by the read flag', pg_temp.events(:tables);
SELECT set_message_status(:s, :m, 4096, 4096);
SELECT 'R25: by the status', pg_temp.events(:tables);
SELECT restore_messages(:s, ARRAY[:w]);
SELECT 'R23: TableRowAdded', pg_temp.events(:tables);
SELECT delete_messages(:s, ARRAY[:w]);
SELECT 'R24: TableRowDeleted', pg_temp.events(:tables);
SELECT move_messages(:s, ARRAY[:x], :f);
SELECT 'R23 R24: a move is both', pg_temp.events(:tables);
SELECT set_read_flags(:s, NULL, 0, :f);
SELECT 'R22: TableChanged, where all rows may have changed', pg_temp.events(:tables);
-- the tables of folders
SELECT create_folder(:s, NULL, 'sub') AS sub \gset
SELECT 'R23: a folder', pg_temp.events(:tables);
SELECT rename_folder(:s, :sub, 'renamed');
SELECT 'R25: a folder', pg_temp.events(:tables);
SELECT set_folder_props(:s, :sub, '{"PR_COMMENT": "c"}');
SELECT 'R25: a folder', pg_temp.events(:tables);
SELECT delete_folder(:s, :sub);
SELECT 'R24: a folder', pg_temp.events(:tables);
SELECT restore_folder(:s, :sub);
SELECT 'R23: a folder', pg_temp.events(:tables);
SELECT 'the objects of folders', pg_temp.events(:created), pg_temp.events(:modified), pg_temp.events(:deleted);

-- messages that another store has made: new for this store the first time, modified afterwards
SELECT count(import_folder(:s, export_folder(:o, folder_id))) FROM folder_list WHERE store_id = :o;
SELECT create_folder(:o, NULL, 'from afar') AS off \gset
SELECT count(pg_temp.events(c)) FROM unnest(ARRAY[:created, :modified, :tables]) AS c;
SELECT result FROM import_change(:s, NULL, export_change(:o, :om));
SELECT result FROM import_folder(:s, export_folder(:o, :off));
SELECT 'R13 R23: imported', pg_temp.events(:created), pg_temp.events(:tables);
SELECT pg_temp.edit(:o, :om, 'other'), set_folder_props(:o, :off, '{"PR_COMMENT": "c"}');
SELECT result FROM import_change(:s, NULL, export_change(:o, :om));
SELECT result FROM import_folder(:s, export_folder(:o, :off));
SELECT 'R15 R25: imported again', pg_temp.events(:modified), pg_temp.events(:tables);

-- the end of a subscription: nothing more (R408, R409)
SELECT unadvise(:whole), unadvise(:other);
\set VERBOSITY sqlstate
SELECT pg_temp.events(:whole); -- fail
DISCARD ALL;
