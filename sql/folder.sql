-- Folders: creating, renaming, moving, emptying, deleting and restoring them,
-- the answer of each call, and the tree, the messages and the history after it.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('folder') AS store \gset
SELECT special_folder(:store, 'Root') AS root, special_folder(:store, 'Inbox') AS inbox \gset

CREATE FUNCTION pg_temp.s() RETURNS bigint LANGUAGE sql AS $$
    SELECT store_id FROM store_list WHERE name = 'folder' $$;
-- a folder by its name, deleted or not
CREATE FUNCTION pg_temp.f(which text) RETURNS bigint LANGUAGE sql AS $$
    SELECT folder_id FROM folder WHERE store_id = pg_temp.s() AND name = which
    ORDER BY deleted_at IS NOT NULL, folder_id DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.message(subject text, folder text) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(pg_temp.s(), pg_temp.f(folder),
                                            jsonb_build_object('PR_SUBJECT', subject)) $$;
-- the tree of ordinary folders with their messages; what is deleted is in brackets
CREATE FUNCTION pg_temp.tree() RETURNS SETOF text LANGUAGE sql AS $$
    WITH RECURSIVE t AS (
        SELECT folder_id, special, ARRAY[folder_id] AS path, 0 AS depth, name AS label
        FROM folder WHERE store_id = pg_temp.s() AND special = 'Root'
        UNION ALL
        SELECT f.folder_id, f.special, path || f.folder_id, depth + 1,
               CASE WHEN f.deleted_at IS NULL THEN f.name ELSE '[' || f.name || ']' END
        FROM t JOIN folder AS f ON f.store_id = pg_temp.s() AND f.parent_id = t.folder_id)
    SELECT repeat('  ', depth) || label || coalesce(': ' || (
               SELECT string_agg(CASE WHEN deleted_at IS NULL THEN subject
                                      ELSE '[' || subject || ']' END, ' ' ORDER BY message_id)
               FROM (SELECT message_id, deleted_at, props->>'PR_SUBJECT' AS subject
                     FROM message WHERE store_id = pg_temp.s() AND folder_id = t.folder_id) AS m), '')
    FROM t WHERE special IS NULL ORDER BY path $$;
CREATE FUNCTION pg_temp.kinds(folder text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind, ' ' ORDER BY changed_at) FROM folder_change_list
    WHERE store_id = pg_temp.s() AND folder_id = pg_temp.f(folder) $$;

-- created: the name is unique below one parent
SELECT create_folder(:store, NULL, 'A') IS NOT NULL AS made;
SELECT create_folder(:store, pg_temp.f('A'), 'B') IS NOT NULL AS made,
       create_folder(:store, NULL, 'C') IS NOT NULL AS made;
SELECT create_folder(:store, pg_temp.f('B'), 'D') IS NOT NULL AS made;
-- fail
SELECT create_folder(:store, NULL, 'A');
SELECT create_folder(:store, NULL, 'A', 'OPEN_IF_EXISTS') = pg_temp.f('A') AS opened,
       create_folder(:store, pg_temp.f('C'), 'A2', 'OPEN_IF_EXISTS') = pg_temp.f('A2') AS made;
-- fail
SELECT create_folder(:store, NULL, 'x', 'COPY_SUBFOLDERS');
-- fail
SELECT create_folder(:store, -1, 'x');
-- fail
SELECT create_folder(:store, NULL, '');
-- fail
SELECT create_folder(:store, NULL, repeat('x', 256));
-- fail
SELECT create_folder(:store, NULL, NULL);
SELECT pg_temp.tree();
SELECT l.kind, c.kind, l.changed_by = current_user AS me, l.parent_id = :root AS below_root, l.name,
       l.previous, c.incarnation IS NOT NULL AS counted, c.xid IS NOT NULL AS has_xid, l.properties
FROM folder_change_list AS l JOIN folder_change AS c USING (store_id, folder_id, change_number)
WHERE l.store_id = :store AND l.folder_id = pg_temp.f('A');

-- renamed
SELECT rename_folder(:store, pg_temp.f('A2'), 'E'), pg_temp.kinds('E');
-- to the name it has: nothing changes
SELECT rename_folder(:store, pg_temp.f('E'), 'E'), pg_temp.kinds('E');
SELECT rename_folder(:store, pg_temp.f('C'), 'A'), rename_folder(:store, :root, 'x');
-- a special folder keeps its part under another name
SELECT rename_folder(:store, :inbox, 'Posteingang'), special_folder(:store, 'Inbox') = :inbox AS inbox;
SELECT rename_folder(:store, :inbox, 'Inbox');
-- fail
SELECT rename_folder(:store, -1, 'x');
-- fail
SELECT rename_folder(:store, :inbox, '');

-- moved, with all below; never below itself
SELECT move_folder(:store, pg_temp.f('A'), pg_temp.f('A')), move_folder(:store, pg_temp.f('A'), pg_temp.f('D')),
       move_folder(:store, pg_temp.f('B'), pg_temp.f('B'));
SELECT move_folder(:store, :inbox, pg_temp.f('A')), move_folder(:store, :root, pg_temp.f('A'));
-- fail
SELECT move_folder(:store, pg_temp.f('A'), -1);
-- fail
SELECT move_folder(:store, -1, pg_temp.f('A'));
SELECT move_folder(:store, pg_temp.f('B'), pg_temp.f('C')), pg_temp.kinds('B'), pg_temp.kinds('D');
SELECT pg_temp.tree();
-- a name of the target is taken; another name is free
SELECT create_folder(:store, pg_temp.f('C'), 'A') IS NOT NULL AS made;
SELECT folder_id AS a FROM folder WHERE store_id = :store AND parent_id = :root AND name = 'A' \gset
SELECT move_folder(:store, :a, pg_temp.f('C')), move_folder(:store, :a, pg_temp.f('C'), 'A of root');
-- to its own parent: a name is a new name, nothing changes nothing
SELECT move_folder(:store, :a, pg_temp.f('C')), move_folder(:store, :a, pg_temp.f('C'), 'A'),
       move_folder(:store, :a, pg_temp.f('C'), 'A0'), pg_temp.kinds('A0');
SELECT pg_temp.tree();

-- deleted: only what is empty, unless the flags say more
SELECT pg_temp.message('m' || n, folder) IS NOT NULL AS saved
FROM (VALUES (1, 'B'), (2, 'B'), (3, 'D'), (4, 'E')) AS v (n, folder);
SELECT delete_folder(:store, pg_temp.f('B')) AS plain,
       delete_folder(:store, pg_temp.f('B'), 'DEL_MESSAGES') AS messages,
       delete_folder(:store, pg_temp.f('B'), 'DEL_FOLDERS') AS folders,
       delete_folder(:store, pg_temp.f('E')) AS leaf,
       delete_folder(:store, pg_temp.f('E'), 'DEL_FOLDERS') AS leaf_folders;
SELECT delete_folder(:store, :root, 'DEL_MESSAGES|DEL_FOLDERS') AS root,
       delete_folder(:store, :inbox, 'DEL_MESSAGES|DEL_FOLDERS') AS inbox,
       delete_folder(:store, pg_temp.f('B'), 'DEL_ASSOCIATED') AS associated,
       delete_folder(:store, pg_temp.f('B'), 2) AS unknown;
SELECT delete_folder(:store, pg_temp.f('A0'));
-- deleted by itself before its folder is
SELECT message_id AS m1 FROM message WHERE store_id = :store AND props->>'PR_SUBJECT' = 'm1' \gset
SELECT message_id AS m3 FROM message WHERE store_id = :store AND props->>'PR_SUBJECT' = 'm3' \gset
SELECT delete_messages(:store, ARRAY[:m1]);
SELECT open_message(:store, :m3, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "m3 edited"}');
SELECT delete_folder(:store, pg_temp.f('B'), 'DEL_MESSAGES|DEL_FOLDERS'), pg_temp.kinds('B'), pg_temp.kinds('D');
SELECT pg_temp.tree();
SELECT name, deleted_with = folder_id AS by_itself, deleted_at IS NOT NULL AS has_time,
       (SELECT f.name FROM folder AS f WHERE f.folder_id = l.deleted_with AND f.store_id = :store) AS deleted_with
FROM deleted_folder_list AS l WHERE store_id = :store ORDER BY name;
SELECT name FROM folder_list WHERE store_id = :store AND special IS NULL ORDER BY name;
-- nothing is done in a deleted folder
SELECT save_changes(:h), (SELECT string_agg(kind, ' ') FROM history(:store, :m3));
-- fail
SELECT save_new_message(:store, pg_temp.f('B'), '{}');
-- fail
SELECT create_folder(:store, pg_temp.f('B'), 'x');
-- fail
SELECT move_messages(:store, ARRAY[:m3], pg_temp.f('B'));
-- fail
SELECT move_folder(:store, pg_temp.f('E'), pg_temp.f('B'));
-- fail
SELECT rename_folder(:store, pg_temp.f('B'), 'x');
-- fail
SELECT delete_folder(:store, pg_temp.f('B'));
-- fail
SELECT empty_folder(:store, pg_temp.f('B'));
SELECT restore_messages(:store, ARRAY[:m1, :m3]);

-- restored: with what went with it, and nothing else
SELECT restore_folder(:store, pg_temp.f('D')) AS below, restore_folder(:store, pg_temp.f('E')) AS not_deleted;
-- fail
SELECT restore_folder(:store, -1);
SELECT create_folder(:store, pg_temp.f('C'), 'B') AS b2 \gset
SELECT folder_id AS b FROM deleted_folder_list WHERE store_id = :store AND name = 'B' \gset
SELECT restore_folder(:store, :b);
SELECT delete_folder(:store, :b2, 'DELETE_HARD_DELETE'), restore_folder(:store, :b);
SELECT pg_temp.tree();
SELECT pg_temp.kinds('B'), pg_temp.kinds('D'), (SELECT string_agg(kind, ' ') FROM history(:store, :m3)) AS m3;
SELECT count(*) FROM message WHERE store_id = :store AND deleted_with IS NOT NULL;
SELECT close_object(:h);
-- a folder deleted before the folder above it stays deleted
SELECT delete_folder(:store, pg_temp.f('D'), 'DEL_MESSAGES'), delete_folder(:store, :b, 'DEL_MESSAGES');
SELECT restore_folder(:store, pg_temp.f('D')) AS above_deleted, restore_folder(:store, :b) AS above;
SELECT pg_temp.tree();
SELECT restore_folder(:store, pg_temp.f('D'));
SELECT pg_temp.tree();

-- emptied: the folder itself stays, and so do associated messages
SELECT create_message(:store, :b, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "view"}');
SELECT save_changes(:h), get_props(:h, '{PR_MESSAGE_FLAGS}'), close_object(:h);
SELECT empty_folder(:store, :b, 'DEL_MESSAGES') AS unknown, empty_folder(:store, :b) AS done;
SELECT pg_temp.tree();
SELECT restore_folder(:store, pg_temp.f('D')), restore_messages(:store, ARRAY[:m1]);
SELECT empty_folder(:store, :b, 'DEL_ASSOCIATED');
SELECT pg_temp.tree();
-- for good: nothing is left but the history
SELECT empty_folder(:store, :b, 'DEL_ASSOCIATED|DELETE_HARD_DELETE'), pg_temp.kinds('B');
SELECT pg_temp.tree();
SELECT string_agg(kind, ' ') FROM history(:store, :m3);
-- special folders below stay
SELECT empty_folder(:store, :root);
SELECT count(*) FROM folder_list WHERE store_id = :store;
SELECT pg_temp.tree();

-- deleted for good, also what was deleted softly
SELECT delete_folder(:store, folder_id, 'DELETE_HARD_DELETE|DEL_FOLDERS|DEL_MESSAGES')
FROM deleted_folder_list WHERE store_id = :store AND deleted_with = folder_id ORDER BY folder_id;
SELECT pg_temp.tree();
-- fail
SELECT restore_folder(:store, :b);
SELECT count(*) AS deleted_for_good FROM folder_change_list WHERE store_id = :store AND kind = 'hard delete';
-- an associated message alone is no obstacle, and goes with its folder
SELECT create_folder(:store, NULL, 'F') AS f \gset
SELECT create_message(:store, :f, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "view", "PR_MESSAGE_FLAGS": 1}');
SELECT save_changes(:h), get_props(:h, '{PR_MESSAGE_FLAGS}'), close_object(:h);
SELECT delete_folder(:store, :f);
SELECT pg_temp.tree();
SELECT restore_folder(:store, :f);
SELECT pg_temp.tree();
