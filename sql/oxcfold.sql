-- The requirements of MS-OXCFOLD on contents tables and search folders that have a
-- meaning in SQL, by their numbers.
SET search_path = msgstore;
SELECT create_store('oxcfold') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, create_folder(:s, special_folder(:s, 'Inbox'), 'below') AS b,
       create_folder(:s, NULL, 'other') AS o \gset
CREATE FUNCTION pg_temp.add(s bigint, f bigint, subject text, class text DEFAULT 'IPM.Note') RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM msgstore.save_new_message(s, f, jsonb_build_object('PR_SUBJECT', subject, 'PR_MESSAGE_CLASS', class)) $$;
SELECT pg_temp.add(:s, :f, 'one') AS one, pg_temp.add(:s, :f, 'two') AS two, pg_temp.add(:s, :b, 'deep') AS deep \gset
SELECT create_message(:s, :f, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "view"}');
SELECT save_changes(:h), close_object(:h);
-- the subjects of a folder
CREATE FUNCTION pg_temp.listed(s bigint, f bigint, flags msgstore.table_flags DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg("row"->>'PR_SUBJECT', ' ' ORDER BY "row"->>'PR_SUBJECT'), '') FROM msgstore.list_messages(s, f, '{PR_SUBJECT}', flags => flags) $$;
-- the SQLSTATE of a command, or "none"
CREATE FUNCTION pg_temp.raised(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '

-- contents tables
SELECT delete_messages(:s, ARRAY[pg_temp.add(:s, :f, 'gone')]);
SELECT r, holds FROM (VALUES
    ('R663 R1170: without ASSOCIATED, the messages that are not associated', pg_temp.listed(:s, :f) = 'one two'),
    ('R333: and their number', count_messages(:s, :f) = 2 AND (SELECT content_count FROM folder_list WHERE store_id = :s AND folder_id = :f) = 2),
    ('R663: with it, those that are', pg_temp.listed(:s, :f, 'MAPI_ASSOCIATED') = 'view'),
    ('R1017: with SOFT_DELETES, those that are soft-deleted, and no others', pg_temp.listed(:s, :f, 'SHOW_SOFT_DELETES') = 'gone'),
    ('with DEPTH, those of the folders below too', pg_temp.listed(:s, :f, 'CONVENIENT_DEPTH') = 'deep one two')) AS v(r, holds);

-- R47 R409: a search folder is of the type 2; R1233: and never in its own scope
SELECT create_search_folder(:s, NULL, 'search') AS q \gset
SELECT get_folder_props(:s, :q, '{PR_FOLDER_TYPE}');
SELECT pg_temp.raised(format('SELECT msgstore.set_search_criteria(%s, %s, ''{"and": []}'', ARRAY[%s])', :s, :q, :q));
-- the first search needs criteria and folders
SELECT set_search_criteria(:s, :q, '{"and": []}'), set_search_criteria(:s, :q, folders => ARRAY[:f]);
SELECT pg_temp.raised(format('SELECT * FROM msgstore.get_search_criteria(%s, %s)', :s, :q));
-- R98 R119 R766: RESTART begins the first search
SELECT set_search_criteria(:s, :q, '{"exist": "PR_MESSAGE_CLASS"}', ARRAY[:f], 'RESTART');
SELECT r, holds FROM get_search_criteria(:s, :q) AS c, LATERAL (VALUES
    ('R552: it is populated with all messages that match', pg_temp.listed(:s, :q) = 'one two'),
    ('R120 R134 R137: criteria and folders can be read', c.restriction = '{"exist": "PR_MESSAGE_CLASS"}' AND c.folders = ARRAY[:f]::bigint[]),
    ('R1200 R772: the default is SHALLOW', c.flags = 0 AND c.state = 'live')) AS v(r, holds);
-- R783: NON_CONTENT_INDEXED is taken; RECURSIVE searches the folders below
SELECT set_search_criteria(:s, :q, flags => 'RECURSIVE|RESTART|NON_CONTENT_INDEXED');
SELECT 'R1241: without folders, those of the last request; with RECURSIVE, all below', pg_temp.listed(:s, :q) = 'deep one two';
-- a dynamic search
SELECT set_search_criteria(:s, :q, '{"property": {"name": "PR_MESSAGE_CLASS", "relop": "=", "value": "IPM.Note"}}', ARRAY[:f, :o], 'RESTART');
SELECT pg_temp.add(:s, :o, 'new') AS new \gset
SELECT 'R1096 R1210: dynamic without STATIC: messages that begin to match are found', pg_temp.listed(:s, :q) = 'new one two';
SELECT result FROM message_list AS m, save_message(:s, :new, m.change_number, '{"PR_MESSAGE_CLASS": "IPM.Task"}') WHERE m.store_id = :s AND m.message_id = :new;
SELECT 'R1096 R1097: and those that cease to match are not', pg_temp.listed(:s, :q) = 'one two';
SELECT move_messages(:s, ARRAY[:deep], :o), move_messages(:s, ARRAY[:one], :b);
SELECT 'R1095: as messages move', pg_temp.listed(:s, :q) = 'deep two';
SELECT move_messages(:s, ARRAY[:deep], :b), move_messages(:s, ARRAY[:one], :f);
-- a static search
SELECT set_search_criteria(:s, :q, flags => 'STATIC|RESTART');
SELECT pg_temp.add(:s, :f, 'late') AS late, delete_messages(:s, ARRAY[:two]) \gset
SELECT r, holds FROM get_search_criteria(:s, :q) AS c, LATERAL (VALUES
    ('R784 R795: STATIC is the state', c.flags = 'STATIC' AND c.state = 'static'),
    ('R549 R1084 R1093: it is populated once, whatever arrives', pg_temp.listed(:s, :q) = 'one'),
    ('R1094: what is deleted stays, and is listed among the deleted', pg_temp.listed(:s, :q, 'SHOW_SOFT_DELETES') = 'two')) AS v(r, holds);
SELECT set_search_criteria(:s, :q, flags => 'RESTART');
SELECT 'R551: RESTART triggers an update', pg_temp.listed(:s, :q) = 'late one';
SELECT set_search_criteria(:s, :q, '{"property": {"name": "PR_MESSAGE_CLASS", "relop": "=", "value": "IPM.Task"}}', flags => 'RESTART|STATIC');
SELECT 'R519: new criteria apply', pg_temp.listed(:s, :q) = 'new';
-- a search that is stopped, and started again
SELECT set_search_criteria(:s, :q, flags => 'RESTART'), set_search_criteria(:s, :q, flags => 'STOP');
SELECT pg_temp.add(:s, :o, 'task', 'IPM.Task') AS task \gset
SELECT 'STOP: the search is aborted', pg_temp.listed(:s, :q) = 'new', flags, state FROM get_search_criteria(:s, :q);
SELECT set_search_criteria(:s, :q, flags => 'RESTART');
SELECT 'RESTART: and begun again', pg_temp.listed(:s, :q) = 'new task', flags, state FROM get_search_criteria(:s, :q);
-- not both of two that exclude each other
SELECT flags, pg_temp.raised(format('SELECT msgstore.set_search_criteria(%s, %s, flags => %L)', :s, :q, flags))
FROM unnest(ARRAY['STOP|RESTART', 'RECURSIVE|SHALLOW']) AS flags;
