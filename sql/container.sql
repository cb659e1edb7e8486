-- The properties of folders and stores: what is computed, what a client sets, and that a
-- call sets all of them or none, at once.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('container') AS store \gset
SELECT special_folder(:store, 'Root') AS root, create_folder(:store, NULL, 'box') AS box \gset

SELECT jsonb_object_keys(get_folder_props(:store, :box)) AS folder;
SELECT jsonb_object_keys(get_store_props(:store)) AS store;
SELECT get_folder_props(:store, :box, '{PR_DISPLAY_NAME,PidTagFolderType,PR_OBJECT_TYPE,PR_RIGHTS,PR_COMMENT,PR_SUBJECT,PR_DISPLAY_NAME_W}');
SELECT get_folder_props(:store, :root, '{PR_DISPLAY_NAME,PR_FOLDER_TYPE,PR_PARENT_ENTRYID}');
SELECT get_store_props(:store, '{PR_DISPLAY_NAME,PR_OBJECT_TYPE}'),
       get_store_props(:store)->>'PR_MAILBOX_OWNER_NAME' = current_user AS owner;
SELECT p->'PR_ENTRYID' = p->'PR_RECORD_KEY' AS key, p->'PR_PARENT_ENTRYID' = r->'PR_ENTRYID' AS parent,
       r->'PR_ENTRYID' = s->'PR_IPM_SUBTREE_ENTRYID' AS root, p->'PR_STORE_ENTRYID' = s->'PR_ENTRYID' AS store,
       (p->'PidTagChangeNumber')::bigint = (SELECT change_number FROM folder WHERE store_id = :store AND folder_id = :box) AS number
FROM get_folder_props(:store, :box) AS p, get_folder_props(:store, :root) AS r, get_store_props(:store) AS s;
SELECT message_id AS m FROM save_new_message(:store, :box, '{}') \gset
SELECT read_message(:store, :m)->'PR_PARENT_ENTRYID' = get_folder_props(:store, :box)->'PR_ENTRYID' AS parent_of_message;

-- set, changed, deleted
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "first", "PR_CONTAINER_CLASS": "IPF.Note", "PS_PUBLIC_STRINGS:colour": "red"}');
SELECT set_folder_props(:store, :box, '{"PidTagComment": "second", "PR_CONTAINER_CLASS": null, "PR_ICON_INDEX": 3}', 'ann');
SELECT get_folder_props(:store, :box, '{PR_COMMENT,PR_CONTAINER_CLASS,PS_PUBLIC_STRINGS:colour,PR_ICON_INDEX,PR_LAST_MODIFIER_NAME}');
SELECT kind, actor, properties FROM folder_change_list WHERE store_id = :store AND folder_id = :box ORDER BY changed_at;
SELECT set_folder_props(:store, :box, '{}');
SELECT count(*) FROM folder_change_list WHERE store_id = :store AND folder_id = :box;
-- the name
SELECT set_folder_props(:store, :box, '{"PR_DISPLAY_NAME": "bag"}'), set_folder_props(:store, :box, '{"PR_DISPLAY_NAME": "Inbox", "PR_COMMENT": "third"}'),
       set_folder_props(:store, :root, '{"PR_DISPLAY_NAME": "x"}');
SELECT get_folder_props(:store, :box, '{PR_COMMENT,PR_DISPLAY_NAME}');
SELECT kind, properties FROM folder_change_list WHERE store_id = :store AND folder_id = :box ORDER BY changed_at OFFSET 3;
-- all or nothing
BEGIN;
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "gone"}');
ROLLBACK;
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PR_CONTENT_COUNT": 3}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PR_ENTRYID": "AAAA"}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PR_BODY": "x"}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PR_DISPLAY_NAME": null}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PR_DISPLAY_NAME": ""}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": "x", "PidTagComment": "y"}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": 3}');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_COMMENT": {"blob": 1, "size": 1}}');
-- fail
SELECT set_folder_props(:store, :box, '[]');
-- fail
SELECT set_folder_props(:store, :box, '{"PR_NONE": 3}');
-- fail
SELECT set_folder_props(:store, -1, '{}');
-- fail
SELECT get_folder_props(:store, :box, '{PR_NONE}');
-- fail
SELECT get_folder_props(:store, :box, '{NULL}');
-- fail
SELECT get_folder_props(:store, -1);
SELECT get_folder_props(:store, :box, '{PR_COMMENT,PR_DISPLAY_NAME}');

-- the store's
SELECT set_store_props(:store, '{"PR_COMMENT": "a store", "PS_PUBLIC_STRINGS:colour": "red"}');
SELECT set_store_props(:store, '{"PS_PUBLIC_STRINGS:colour": null}');
SELECT get_store_props(:store, '{PR_COMMENT,PS_PUBLIC_STRINGS:colour}');
-- fail
SELECT set_store_props(:store, '{"PR_DISPLAY_NAME": "x"}');
-- fail
SELECT get_store_props(-1);
-- fail
SELECT set_store_props(-1, '{}');

-- the actor of a folder call is that of the call alone, also after an error
SET msgstore.actor = 'bob';
SELECT create_folder(:store, :box, 'one', actor => 'ann') AS one, create_folder(:store, :box, 'two') AS two \gset
-- fail
SELECT create_folder(:store, :box, 'one', actor => 'ann');
SHOW msgstore.actor;
SELECT rename_folder(:store, :one, '1', 'cy'), move_folder(:store, :one, :two, actor => 'cy'),
       delete_folder(:store, :one, actor => ''), restore_folder(:store, :one, 'cy'), empty_folder(:store, :two, actor => 'cy');
SELECT name, string_agg(kind || ' ' || coalesce(actor, '-'), ', ' ORDER BY changed_at) FROM folder_change_list
WHERE store_id = :store AND folder_id IN (:one, :two) GROUP BY folder_id, name ORDER BY folder_id, name;
RESET msgstore.actor;
