-- Stores, folders and their lists: names are unique where they have to be, and only
-- the role that owns a store, its members and superusers see any of it.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
CREATE ROLE regress_store_owner;
CREATE ROLE regress_store_member;
CREATE ROLE regress_store_outsider;
GRANT regress_store_owner TO regress_store_member;

-- a store comes with its standard folders
SELECT create_store('store: one', 'regress_store_owner') AS store \gset
SELECT name, owner, created_at BETWEEN :'began' AND clock_timestamp() AS made_now
FROM store_list WHERE store_id = :store;
SELECT f.name, f.special, p.special AS parent
FROM folder_list f LEFT JOIN folder_list p
    ON (p.store_id, p.folder_id) = (f.store_id, f.parent_id)
WHERE f.store_id = :store
ORDER BY f.folder_id;
SELECT special, special_folder(:store, special) = f.folder_id AS found
FROM unnest(ARRAY['Root', 'Inbox', 'Outbox', 'Sent Items', 'Deleted Items',
                  'Drafts', 'Conflicts']) AS special
JOIN folder_list f USING (special)
WHERE f.store_id = :store
ORDER BY f.folder_id;
-- fail
SELECT special_folder(:store, 'inbox');
-- fail
SELECT special_folder(:store, '');
-- fail
SELECT special_folder(0, 'Inbox');
SELECT special_folder(NULL, 'Inbox'), special_folder(:store, NULL);

-- each store has a name and numbers of its own
-- fail
SELECT create_store('store: one');
SELECT create_store('STORE: one') AS upper \gset
SELECT create_store('store: one ') AS blank \gset
SELECT :upper <> :store AND :blank <> :upper AND :blank <> :store AS distinct_ids;
SELECT count(*) FROM store_list WHERE lower(btrim(name)) = 'store: one';
SELECT count(*) AS shared
FROM folder_list a JOIN folder_list b USING (folder_id)
WHERE a.store_id = :store AND b.store_id = :upper;
-- a store made without an owner belongs to the caller
SELECT owner = current_user AS mine FROM store_list WHERE store_id = :upper;

-- folders are made below another folder, or below the root
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Root') AS root \gset
SELECT create_folder(:store, :inbox, 'Projects') AS projects \gset
SELECT create_folder(:store, NULL, 'Projects') AS top \gset
SELECT create_folder(:store, :projects, 'Projects') AS inner \gset
SELECT create_folder(:store, :root, 'projects') AS lower \gset
SELECT f.name, f.special, p.name AS parent
FROM folder_list f JOIN folder_list p
    ON (p.store_id, p.folder_id) = (f.store_id, f.parent_id)
WHERE f.store_id = :store AND f.folder_id IN (:projects, :top, :inner, :lower)
ORDER BY f.folder_id;
-- fail
SELECT create_folder(:store, :inbox, 'Projects');
-- fail
SELECT create_folder(:store, :root, 'Projects');
-- fail
SELECT create_folder(:store, NULL, 'Inbox');
-- fail
SELECT create_folder(:store, 0, 'Nowhere');
-- fail
SELECT create_folder(:upper, :inbox, 'In another store');
SELECT count(*) FROM folder_list WHERE store_id = :store;

-- stores and folders of a transaction that was rolled back do not exist
BEGIN;
SELECT create_store('store: rolled back') AS gone \gset
SELECT create_folder(:store, NULL, 'rolled back') AS gone_folder \gset
SELECT may_use_store(:gone);
ROLLBACK;
SELECT may_use_store(:gone);
SELECT count(*) FROM store_list WHERE name = 'store: rolled back';
SELECT count(*) FROM folder_list WHERE folder_id = :gone_folder;
-- fail
SELECT special_folder(:gone, 'Inbox');
SELECT create_store('store: rolled back') > :gone AS another;
BEGIN;
SAVEPOINT before;
SELECT create_store('store: to a savepoint') AS gone \gset
SELECT may_use_store(:gone);
ROLLBACK TO before;
SELECT may_use_store(:gone);
COMMIT;
-- fail
SELECT create_message(:store, :gone_folder);
BEGIN READ ONLY;
-- fail
SELECT create_store('store: read only');
ROLLBACK;
BEGIN READ ONLY;
-- fail
SELECT create_folder(:store, NULL, 'read only');
ROLLBACK;

-- the list of messages: those that are saved and not deleted, at their newest version
SELECT message_id, change_number FROM save_new_message(:store, :inbox, '{
    "PR_SUBJECT": "listed", "PR_SENDER_NAME": "Ann",
    "PR_SENDER_EMAIL_ADDRESS": "ann@example.org", "PR_IMPORTANCE": 2,
    "PR_MESSAGE_CLASS": "IPM.Note.Test", "PR_BODY": "body",
    "PR_CLIENT_SUBMIT_TIME": "2024-02-29T12:00:00.1234567Z",
    "PR_MESSAGE_DELIVERY_TIME": "2024-02-29T13:00:01Z"}') \gset
SELECT message_id AS bare FROM save_new_message(:store, :projects,
    '{"PR_IMPORTANCE": null}') \gset
SELECT create_message(:store, :inbox) AS unsaved \gset
SELECT set_props(:unsaved, '{"PR_SUBJECT": "not saved"}');
SELECT message_id AS deleted FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "deleted"}') \gset
UPDATE message SET deleted_at = now() WHERE message_id = :deleted;
SET TIME ZONE 'UTC';
SELECT f.name AS folder, subject, sender_name, sender_email_address,
       message_class, importance, client_submit_time, message_delivery_time
FROM message_list m JOIN folder_list f USING (store_id, folder_id)
WHERE store_id = :store ORDER BY message_id;
SELECT message_id = :message_id AS id, change_number = :change_number AS number,
       created_at = modified_at AS never_changed,
       created_at BETWEEN :'began' AND clock_timestamp() AS just_now,
       modifier = current_user AS by_me,
       message_size = (read_message(store_id, message_id)->>'PR_MESSAGE_SIZE')::bigint AS size
FROM message_list WHERE store_id = :store AND message_id = :message_id;
SELECT result FROM save_message(:store, :message_id, :change_number,
    '{"PR_SUBJECT": "listed anew", "PR_CLIENT_SUBMIT_TIME": null}');
SELECT subject, client_submit_time, change_number > :change_number AS newer,
       modified_at > created_at AS changed
FROM message_list WHERE store_id = :store AND message_id = :message_id;

-- a parallel query answers as a serial one
SET ROLE regress_store_member;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM message_list WHERE store_id = :store;
SELECT count(*) FROM folder_list WHERE store_id = :store;
SELECT count(*) FROM store_list WHERE name LIKE 'store: one%';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- a member of the owner may do what the owner may, and no more
SELECT name, owner FROM store_list WHERE store_id IN (:store, :upper);
SELECT may_use_store(:store), may_use_store(:upper), may_use_store(0);
SELECT count(*) FROM message_list;
SELECT create_folder(:store, NULL, 'of a member') > 0 AS made;
SELECT message_id AS theirs, change_number AS theirs_number
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "of a member"}') \gset
SELECT open_message(:store, :theirs, 'MAPI_MODIFY') AS h \gset
SELECT save_changes(:h);
SELECT modifier FROM message_list WHERE message_id = :theirs;
SELECT kind, role, changed_by FROM history(:store, :theirs);
SELECT kind, properties FROM change_list
WHERE store_id = :store AND message_id = :message_id ORDER BY change_number;
SET ROLE regress_store_owner;
SELECT subject FROM message_list WHERE message_id = :theirs;

-- other roles get NO_ACCESS from every call, and see no row anywhere
SET ROLE regress_store_outsider;
SELECT may_use_store(:store), may_use_store(0);
SELECT count(*) FROM store_list;
SELECT count(*) FROM folder_list;
SELECT count(*) FROM message_list;
SELECT count(*) FROM change_list;
SELECT count(*) FROM open_handles;
SELECT count(*) FROM history(:store, :message_id); -- fail
-- fail
SELECT special_folder(:store, 'Inbox');
-- fail
SELECT create_folder(:store, :inbox, 'mine');
-- fail
SELECT open_message(:store, :message_id);
-- fail
SELECT open_message(:store, :message_id, 'MAPI_BEST_ACCESS');
-- fail
SELECT create_message(:store, :inbox);
-- fail
SELECT read_message(:store, :message_id);
-- fail
SELECT read_message(:store, :message_id, '{PR_SUBJECT}');
-- fail
SELECT * FROM save_message(:store, :message_id, :change_number, '{}');
-- fail
SELECT * FROM save_message(:store, :message_id, :change_number, '{}', 'FORCE_SAVE');
-- fail
SELECT * FROM save_new_message(:store, :inbox, '{}');
-- nor do they learn if a message exists
-- fail
SELECT read_message(:store, 0);
-- fail
SELECT * FROM save_message(:store, 0, 0, '{}');
-- fail
SELECT * FROM save_new_message(:store, 0, '{}');
-- fail
SELECT get_props(:h);
-- fail
SELECT save_changes(:h);
-- fail
SELECT close_object(:h);
-- nor from a condition of their own, nor from the tables
CREATE FUNCTION pg_temp.leak(text) RETURNS boolean
LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT count(*) FROM message_list WHERE pg_temp.leak(subject);
SELECT count(*) FROM folder_list WHERE pg_temp.leak(name);
SELECT count(*) FROM store_list WHERE pg_temp.leak(name);
SELECT count(*) FROM change_list WHERE pg_temp.leak(changed_by);
-- fail
TABLE store;
-- fail
TABLE folder;
-- fail
TABLE message;
-- fail
TABLE change;
-- fail
SELECT nextval('message_id_seq');
-- fail
SELECT last_value FROM change_number_seq;
-- fail
INSERT INTO node VALUES (1);
-- fail
DELETE FROM number_marker;
-- fail
SELECT replica_guid FROM incarnation;
-- fail
SELECT set_node_number(1);
RESET ROLE;
SELECT count(*) AS untouched FROM change_list
WHERE store_id = :store AND message_id = :message_id;

-- a member that does not inherit has no access before SET ROLE
CREATE ROLE regress_store_noinherit NOINHERIT;
GRANT regress_store_owner TO regress_store_noinherit;
SET ROLE regress_store_noinherit;
SELECT may_use_store(:store);
-- fail
SELECT read_message(:store, :message_id, '{PR_SUBJECT}');
RESET ROLE;

-- making a store needs a grant, and membership in the role that will own it
SET ROLE regress_store_outsider;
-- fail
SELECT create_store('store: not granted');
RESET ROLE;
GRANT EXECUTE ON FUNCTION create_store(text, text) TO regress_store_outsider, regress_store_member;
SET ROLE regress_store_outsider;
SELECT create_store('store: granted') AS granted \gset
-- fail
SELECT create_store('store: for another', 'regress_store_owner');
-- fail
SELECT create_store('store: for nobody', 'regress_store_nobody');
-- fail
SELECT create_store('store: one');
SELECT name, owner FROM store_list;
SET ROLE regress_store_member;
SELECT create_store('store: for my group', 'regress_store_owner') AS ours \gset
SELECT name, owner FROM store_list ORDER BY name;
SELECT count(*) AS of_the_others FROM folder_list WHERE store_id = :granted;
RESET ROLE;

-- the rights of the current role count: here, of the function's owner
CREATE FUNCTION public.regress_store_subject(store bigint, message bigint) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = msgstore, pg_temp
AS $$ SELECT read_message(store, message)->>'PR_SUBJECT' $$;
ALTER FUNCTION public.regress_store_subject(bigint, bigint) OWNER TO regress_store_owner;
SET ROLE regress_store_outsider;
SELECT public.regress_store_subject(:store, :message_id);
-- fail
SELECT public.regress_store_subject(:granted, 1);
RESET ROLE;
DROP FUNCTION public.regress_store_subject(bigint, bigint);

-- membership is checked at every call, also on a handle that is open
SET ROLE regress_store_member;
SELECT open_message(:store, :message_id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "kept"}');
RESET ROLE;
REVOKE regress_store_owner FROM regress_store_member;
SET ROLE regress_store_member;
SELECT save_changes(:h), save_changes(:h, 'FORCE_SAVE'), force_save(:h);
-- fail
SELECT get_props(:h, '{PR_SUBJECT}');
-- fail
SELECT refresh(:h);
-- fail
SELECT open_message(:store, :message_id);
-- fail
SELECT * FROM save_message(:store, :message_id, :change_number, '{}');
SELECT count(*) FROM store_list;
SELECT has_edits, access_level FROM open_handles WHERE handle = :h;
RESET ROLE;
GRANT regress_store_owner TO regress_store_member;
SET ROLE regress_store_member;
SELECT save_changes(:h);
SELECT close_object(:h);
SELECT subject FROM message_list WHERE message_id = :message_id;
RESET ROLE;

-- a store belongs to a role by name: without that role only superusers have access
ALTER ROLE regress_store_outsider RENAME TO regress_store_renamed;
SET ROLE regress_store_renamed;
SELECT may_use_store(:granted);
-- fail
SELECT special_folder(:granted, 'Inbox');
RESET ROLE;
SELECT may_use_store(:granted);
SELECT owner FROM store_list WHERE store_id = :granted;
SELECT special_folder(:granted, 'Inbox') > 0 AS found;
ALTER ROLE regress_store_renamed RENAME TO regress_store_outsider;
SET ROLE regress_store_outsider;
SELECT may_use_store(:granted);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION create_store(text, text) FROM regress_store_outsider, regress_store_member;
DROP FUNCTION pg_temp.leak(text);
DROP ROLE regress_store_outsider;
SET ROLE regress_store_member;
SELECT may_use_store(:granted);
SELECT count(*) FROM store_list WHERE store_id = :granted;
RESET ROLE;
SELECT may_use_store(:granted);
SELECT name FROM store_list WHERE store_id = :granted;
SELECT result FROM save_new_message(:granted, special_folder(:granted, 'Inbox'), '{}');

-- a renamed role: its members lose the access with it
SET ROLE regress_store_member;
SELECT may_use_store(:store);
RESET ROLE;
ALTER ROLE regress_store_owner RENAME TO regress_store_group;
SET ROLE regress_store_member;
SELECT may_use_store(:store);
RESET ROLE;
ALTER ROLE regress_store_group RENAME TO regress_store_owner;
SET ROLE regress_store_member;
SELECT may_use_store(:store);
RESET ROLE;
DROP ROLE regress_store_owner, regress_store_member, regress_store_noinherit;

-- no foreign key: a store, a folder and a blob are kept while something needs
-- them, whoever deletes them
SELECT create_store('parents') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Root') AS root \gset
SELECT create_folder(:store, :inbox, 'below') AS below, create_folder(:store, NULL, 'empty') AS empty \gset
SELECT message_id AS id FROM save_new_message(:store, :below, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_BIN', encode(decode(repeat('00', 10000), 'hex'), 'base64'), 'PR_ATTACH_METHOD', 1)))) \gset
SELECT count(*) FROM pg_constraint WHERE connamespace = 'msgstore'::regnamespace AND contype = 'f';
CREATE FUNCTION pg_temp.refused(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE change;
    RETURN 'done';
EXCEPTION WHEN foreign_key_violation THEN
    RETURN regexp_replace(SQLERRM, '\d+', 'N', 'g');
END $$;
CREATE FUNCTION pg_temp.try(VARIADIC changes text[]) RETURNS TABLE (change text, answer text) LANGUAGE sql AS $$
    SELECT regexp_replace(c, '-?\d+', 'N', 'g'), pg_temp.refused(c) FROM unnest(changes) AS c $$;
SELECT * FROM pg_temp.try(
    format('DELETE FROM folder WHERE folder_id = %s', :inbox), format('DELETE FROM folder WHERE folder_id = %s', :below),
    format('DELETE FROM folder WHERE folder_id = %s', :empty), format('DELETE FROM store WHERE store_id = %s', :store),
    format('DELETE FROM blob WHERE store_id = %s', :store),
    format('UPDATE folder SET folder_id = -1 WHERE folder_id = %s', :root),
    format('UPDATE folder SET folder_id = folder_id, name = upper(name) WHERE store_id = %s', :store),
    format('UPDATE blob SET blob_id = -1 WHERE store_id = %s', :store), format('UPDATE store SET store_id = -1 WHERE store_id = %s', :store));
-- from the bottom up, and both of a pair in one statement
DELETE FROM message WHERE store_id = :store;
DELETE FROM change WHERE store_id = :store;
DELETE FROM blob_ref WHERE store_id = :store;
SELECT * FROM pg_temp.try(format('UPDATE blob SET blob_id = -1 WHERE store_id = %s', :store), format('DELETE FROM blob WHERE store_id = %s', :store),
    format('DELETE FROM folder WHERE folder_id IN (%s, %s)', :inbox, :below), format('DELETE FROM folder WHERE store_id = %s', :store),
    format('DELETE FROM store WHERE store_id = %s', :store));
SELECT count(*) FROM check_store();
-- the check lists what a deletion without triggers has left
BEGIN;
SELECT create_store('orphans') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
SELECT message_id AS id FROM save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_BIN', encode(decode(repeat('00', 10000), 'hex'), 'base64'), 'PR_ATTACH_METHOD', 1)))) \gset
SELECT blob_id AS blob FROM blob WHERE store_id = :store \gset
SELECT create_folder(:store, :drafts, 'below') AS below \gset
SELECT get_ids_from_names(:store, '{PS_PUBLIC_STRINGS:orphan:PT_LONG}', true) IS NOT NULL AS named;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "parked"}'), park(:h) > 0 AS parked, close_object(:h);
SET LOCAL session_replication_role = replica;
DELETE FROM folder WHERE folder_id IN (:inbox, :drafts);
DELETE FROM blob WHERE store_id = :store;
SELECT relation, store_id = :store AS store, missing,
       (relation, id, missing_id) IN (('message', :id, :inbox), ('folder', :below, :drafts), ('blob_chunk', :blob, :blob), ('blob_ref', :id, :blob)) AS which
FROM check_store(:store) ORDER BY 1;
DELETE FROM store WHERE store_id = :store;
SELECT relation, count(*) FROM check_store() WHERE missing = 'store' AND missing_id = :store GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM check_store(-1);
ROLLBACK;
SET ROLE pg_monitor;
-- fail: for administrators
SELECT check_store();
RESET ROLE;
-- fail: a trigger of deletions
CREATE TEMPORARY TABLE regress_store_other (store_id bigint);
CREATE TRIGGER t BEFORE INSERT ON regress_store_other FOR EACH ROW EXECUTE FUNCTION msgstore_internal.refuse_orphans();
\set VERBOSITY terse
INSERT INTO regress_store_other VALUES (1);
\set VERBOSITY sqlstate
