-- Rights in folders: what a grant gives, implies and shuts out, who may grant, and that
-- a role sees nothing of a folder or message in which it has no right.
SET search_path = msgstore, public;
\set VERBOSITY terse
CREATE ROLE regress_rights_owner;
CREATE ROLE regress_rights_ann;
CREATE ROLE regress_rights_bob;
CREATE ROLE regress_rights_team;
GRANT regress_rights_team TO regress_rights_bob;
SELECT create_store('rights', 'regress_rights_owner') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts,
       special_folder(:store, 'Root') AS root \gset
-- ids differ from run to run
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN sqlstate || ' ' || regexp_replace(sqlerrm || coalesce(nullif('; ' || hint, '; '), ''), '\m\d+\M', 'N', 'g');
END $$;

-- a grant gives the rights and those that they imply
SET ROLE regress_rights_owner;
SELECT message_id AS first, change_number AS first_number
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "of the owner"}') \gset
SELECT effective_rights(:store, :inbox);
SELECT effective_rights(:store, :inbox, 'regress_rights_ann'), effective_rights(:store, :inbox, 'PUBLIC');
SELECT right_, (SELECT effective_rights(:store, :inbox, 'regress_rights_ann')
                FROM grant_folder(:store, :inbox, 'regress_rights_ann', right_::folder_rights)) AS effective
FROM unnest('{READ_ANY,CREATE,EDIT_OWNED,DELETE_OWNED,EDIT_ANY,DELETE_ANY,CREATE_SUBFOLDER,FOLDER_OWNER,
              FOLDER_CONTACT,FOLDER_VISIBLE,NONE,0x1800,OWNER}'::text[]) AS right_;
SELECT pg_temp.error(format('SELECT grant_folder(%s, %s, %L, %L)', :store, :inbox, 'regress_rights_ann', rights))
FROM unnest('{0x4,CREATE|0x8000,-1}'::text[]) AS rights;
SELECT pg_temp.error(format('SELECT grant_folder(%s, %s, %L, 1)', :store, :inbox, member))
FROM unnest('{"",regress_rights_nobody}'::text[]) AS member;
SELECT pg_temp.error(format('SELECT grant_folder(%s, 0, %L, 1)', :store, 'PUBLIC')),
       pg_temp.error(format('SELECT grant_folder(0, %s, %L, 1)', :inbox, 'PUBLIC')),
       pg_temp.error(format('SELECT effective_rights(%s, 0)', :store));

-- a role has the union of what its roles are granted, PUBLIC's only without any
SELECT revoke_folder(:store, :inbox, 'regress_rights_ann');
SELECT pg_temp.error(format('SELECT revoke_folder(%s, %s, %L)', :store, :inbox, 'regress_rights_ann'));
SELECT grant_folder(:store, :inbox, 'PUBLIC', 'AUTHOR');
SELECT grant_folder(:store, :inbox, 'regress_rights_team', 'REVIEWER');
SELECT grant_folder(:store, :inbox, 'regress_rights_bob', 'CREATE');
SELECT member, rights FROM folder_permissions WHERE store_id = :store ORDER BY member COLLATE "C";
SELECT effective_rights(:store, :inbox, 'public') AS public,
       effective_rights(:store, :inbox, 'regress_rights_ann') AS ann,
       effective_rights(:store, :inbox, 'regress_rights_team') AS team,
       effective_rights(:store, :inbox, 'regress_rights_bob') AS bob,
       effective_rights(:store, :inbox, 'regress_rights_owner') = 'OWNER' AS owner;
SELECT grant_folder(:store, :inbox, 'regress_rights_ann', 'NONE');
SELECT effective_rights(:store, :inbox, 'regress_rights_ann') AS shut_out;
SELECT revoke_folder(:store, :inbox, 'regress_rights_ann');
SELECT effective_rights(:store, :inbox, 'regress_rights_ann') AS public_again;
SELECT revoke_folder(:store, :inbox, 'PUBLIC');
RESET ROLE;

-- memberships count as they are now
SELECT effective_rights(:store, :inbox, 'regress_rights_bob');
REVOKE regress_rights_team FROM regress_rights_bob;
SELECT effective_rights(:store, :inbox, 'regress_rights_bob');
GRANT regress_rights_team TO regress_rights_bob;
ALTER ROLE regress_rights_bob NOINHERIT;
REVOKE regress_rights_team FROM regress_rights_bob;
GRANT regress_rights_team TO regress_rights_bob;
SELECT effective_rights(:store, :inbox, 'regress_rights_bob') AS of_a_role_that_does_not_inherit;
ALTER ROLE regress_rights_bob INHERIT;
REVOKE regress_rights_team FROM regress_rights_bob;
GRANT regress_rights_team TO regress_rights_bob;
SELECT effective_rights(:store, :inbox, 'regress_rights_bob') AS inherits_again;
ALTER ROLE regress_rights_team RENAME TO regress_rights_crew;
SELECT effective_rights(:store, :inbox, 'regress_rights_bob') AS renamed;
ALTER ROLE regress_rights_crew RENAME TO regress_rights_team;
SELECT effective_rights(:store, :inbox, 'regress_rights_bob') AS renamed_back;

-- a role works in the folders where it has rights, and sees no other
SET ROLE regress_rights_bob;
SELECT may_use_store(:store);
SELECT name FROM store_list;
SELECT name, parent_id FROM folder_list;
SELECT member, rights FROM folder_permissions ORDER BY member COLLATE "C";
SELECT special_folder(:store, 'Inbox') = :inbox AS found;
SELECT pg_temp.error(format('SELECT special_folder(%s, %L)', :store, 'Drafts'));
SELECT subject FROM message_list;
SELECT read_message(:store, :first, '{PR_SUBJECT,PR_ACCESS}');
SELECT message_id AS own, change_number AS own_number
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "of bob"}') \gset
SELECT read_message(:store, :own, '{PR_SUBJECT,PR_ACCESS}');
SELECT result FROM save_message(:store, :first, :first_number, '{"PR_SUBJECT": "no"}');
SELECT pg_temp.error(format('SELECT open_message(%s, %s, %L)', :store, :first, 'MAPI_MODIFY'));
SELECT open_message(:store, :first, 'MAPI_BEST_ACCESS') AS h \gset
SELECT get_props(:h, '{PR_SUBJECT,PR_ACCESS_LEVEL}');
SELECT close_object(:h);
SELECT delete_messages(:store, ARRAY[:first, :own]), move_messages(:store, ARRAY[:first], :inbox);
SELECT pg_temp.error(call) FROM (VALUES
    (format('SELECT grant_folder(%s, %s, %L, %L)', :store, :inbox, 'regress_rights_bob', 'OWNER')),
    (format('SELECT revoke_folder(%s, %s, %L)', :store, :inbox, 'regress_rights_bob')),
    (format('SELECT give_store(%s, %L)', :store, 'regress_rights_bob')),
    (format('SELECT create_folder(%s, %s, %L)', :store, :inbox, 'below')),
    (format('SELECT create_folder(%s, NULL, %L)', :store, 'below the root')),
    (format('SELECT create_message(%s, %s)', :store, :drafts)),
    (format('SELECT move_messages(%s, %L, %s)', :store, ARRAY[:own], :drafts)),
    (format('SELECT effective_rights(%s, %s)', :store, :drafts)),
    (format('SELECT set_retention(%s, NULL, NULL)', :store)),
    (format('CALL prune_history(%s)', :store)), (format('CALL sweep_blobs(%s)', :store))) AS c (call);
-- nothing tells a folder that it does not see from one that does not exist
SELECT pg_temp.error(format(call, :store, :drafts)) = pg_temp.error(format(call, :store, 0)) AS equal,
       pg_temp.error(format(call, :store, 0)) AS error
FROM unnest(ARRAY['SELECT create_message(%s, %s)', 'SELECT * FROM save_new_message(%s, %s, ''{}'')',
                  'SELECT create_folder(%s, %s, ''a'')', 'SELECT effective_rights(%s, %s)',
                  'SELECT grant_folder(%s, %s, ''PUBLIC'', 0)', 'SELECT revoke_folder(%s, %s, ''PUBLIC'')']) AS call;
-- nor a message in such a folder
RESET ROLE;
SELECT message_id AS hidden, change_number AS hidden_number
FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "hidden"}') \gset
SELECT message_id AS gone FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "gone"}') \gset
SELECT delete_messages(:store, ARRAY[:gone], 'DELETE_HARD_DELETE');
SET ROLE regress_rights_bob;
SELECT pg_temp.error(format(call, :store, hidden)) = pg_temp.error(format(call, :store, 0)) AS equal,
       pg_temp.error(format(call, :store, 0)) AS error
FROM unnest(ARRAY['SELECT read_message(%s, %s)', 'SELECT open_message(%s, %s)',
                  'SELECT open_message(%s, %s, ''MAPI_MODIFY'')', 'SELECT open_message(%s, %s, ''SHOW_SOFT_DELETES'')',
                  'SELECT * FROM save_message(%s, %s, 1, ''{}'')', 'SELECT * FROM save_message(%s, %s, 1, ''{}'', 4)',
                  'SELECT message_at(%s, %s, 1)', 'SELECT * FROM conflict(%s, %s, 1, ''{}'')',
                  'SELECT * FROM resolve_conflict(%s, %s, 1, ''{}'', ''OVERWRITE'')',
                  'SELECT * FROM restore_version(%s, %s, 1, 1)']) AS call,
     unnest(ARRAY[:hidden, :gone]::bigint[]) AS hidden
ORDER BY call COLLATE "C";
SELECT delete_messages(:store, ARRAY[:hidden]), delete_messages(:store, ARRAY[:hidden], 'DELETE_HARD_DELETE'),
       restore_messages(:store, ARRAY[:gone]), move_messages(:store, ARRAY[:hidden], :inbox);
\set VERBOSITY sqlstate
SELECT count(*) FROM history(:store, :hidden); -- fail
SELECT count(*) FROM history(:store, :gone); -- fail
\set VERBOSITY terse
SELECT (SELECT count(*) FROM change_list WHERE message_id IN (:hidden, :gone)) AS changes,
       (SELECT count(*) FROM message_list WHERE folder_id = :drafts) AS listed;

-- a contributor sees the messages that it created, and no other
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'CONTRIBUTOR');
SET ROLE regress_rights_ann;
SELECT message_id AS drop, change_number AS drop_number
FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "dropped", "PR_BODY": "b"}') \gset
SELECT subject FROM message_list;
SELECT kind FROM history(:store, :drop);
SELECT read_message(:store, :drop, '{PR_SUBJECT,PR_ACCESS}');
SELECT pg_temp.error(format('SELECT read_message(%s, %s)', :store, :hidden)),
       pg_temp.error(format('SELECT * FROM save_message(%s, %s, 1, %L)', :store, :hidden, '{}'));
SELECT result FROM save_message(:store, :drop, :drop_number, '{"PR_SUBJECT": "again"}');
SELECT delete_messages(:store, ARRAY[:drop]), delete_messages(:store, ARRAY[:hidden, :drop]);
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'CONTRIBUTOR|EDIT_OWNED|DELETE_OWNED');
SET ROLE regress_rights_ann;
SELECT read_message(:store, :drop, '{PR_ACCESS}');
SELECT result FROM save_message(:store, :drop, :drop_number, '{"PR_SUBJECT": "again"}');
SELECT delete_messages(:store, ARRAY[:hidden, :drop]);
SELECT pg_temp.error(format('SELECT open_message(%s, %s)', :store, :drop));
SELECT restore_messages(:store, ARRAY[:drop]);
SELECT move_messages(:store, ARRAY[:drop], :drafts);
-- EDIT_ANY means messages that the role may read
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'EDIT_ANY|DELETE_ANY|FOLDER_VISIBLE');
SET ROLE regress_rights_ann;
SELECT pg_temp.error(format('SELECT * FROM save_message(%s, %s, %s, %L)', :store, :hidden, :hidden_number, '{}'));
SELECT delete_messages(:store, ARRAY[:hidden]);
-- its own message counts as its own in every folder, and where it sees nothing, in none
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'EDIT_OWNED');
SET ROLE regress_rights_ann;
SELECT pg_temp.error(format('SELECT read_message(%s, %s)', :store, :drop));
SELECT count(*) FROM message_list;
SELECT may_use_store(:store);
RESET ROLE;

-- a handle: the message counts as it is now, also for what is pending
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'EDITOR');
SET ROLE regress_rights_ann;
SELECT open_message(:store, :hidden, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine", "PR_BODY": "my body"}');
SELECT create_attachment(:h) AS a \gset
SELECT set_props(:a, '{"PR_DISPLAY_NAME": "mine"}');
SELECT park(:h) AS parked \gset
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'REVIEWER');
SET ROLE regress_rights_ann;
SELECT get_props(:h, '{PR_SUBJECT,PR_ACCESS}');
SELECT save_changes(:h), save_changes(:h, 'FORCE_SAVE'), resolve_conflict(:h, 'OVERWRITE'), resolve_conflict(:h, 'MERGE');
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE') AS without_create;
SELECT pg_temp.error(format('SELECT save_as(%s, %s)', :h, :drafts)), pg_temp.error(format('SELECT save_as(%s, %s)', :h, :inbox));
SELECT has_edits, access_level FROM open_handles WHERE handle = :h;
RESET ROLE;
SELECT revoke_folder(:store, :drafts, 'regress_rights_ann');
SELECT grant_folder(:store, :root, 'regress_rights_ann', 'FOLDER_VISIBLE');
SET ROLE regress_rights_ann;
SELECT pg_temp.error(call) FROM (VALUES
    (format('SELECT get_props(%s)', :h)), (format('SELECT get_props(%s, %L)', :h, '{PR_SUBJECT}')),
    (format('SELECT get_props(%s)', :a)), (format('SELECT open_attachment(%s, 0)', :h)),
    (format('SELECT read_stream(%s, %L, 0, 10)', :h, 'PR_BODY')), (format('SELECT stream_size(%s, %L)', :h, 'PR_SUBJECT')),
    (format('SELECT refresh(%s)', :h)), (format('SELECT * FROM conflict(%s)', :h)),
    (format('SELECT resume(%s, %s)', :store, :parked))) AS c (call);
SELECT save_changes(:h), resolve_conflict(:h, 'KEEP_ORIGINAL');
SELECT detail IS NULL OR detail NOT LIKE '{%' AS no_report
FROM (SELECT pg_temp.error(format('SELECT throw_if_failed(%L, %s)', 'MAPI_E_OBJECT_CHANGED', :h)) AS detail) AS d;
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'EDITOR');
SET ROLE regress_rights_ann;
SELECT get_props(resume(:store, :parked), '{PR_SUBJECT,PR_ACCESS_LEVEL}');
SELECT save_changes(:h);
SELECT read_message(:store, :hidden, '{PR_SUBJECT}');
SELECT close_object(:h);
RESET ROLE;

-- a new folder takes the grants of its parent, and goes its own way then
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'PUBLISHING_AUTHOR');
SET ROLE regress_rights_ann;
SELECT create_folder(:store, :drafts, 'below') AS below \gset
SELECT effective_rights(:store, :below);
RESET ROLE;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'NONE');
SET ROLE regress_rights_ann;
SELECT name, parent_id IS NULL AS no_parent FROM folder_list WHERE folder_id IN (:below, :drafts);
RESET ROLE;
SELECT name, parent_id = :drafts AS in_drafts FROM folder_list WHERE folder_id = :below;

-- FOLDER_OWNER grants, also to itself
SELECT grant_folder(:store, :below, 'regress_rights_ann', 'FOLDER_OWNER');
SET ROLE regress_rights_ann;
SELECT pg_temp.error(format('SELECT create_message(%s, %s)', :store, :below));
SELECT grant_folder(:store, :below, 'regress_rights_ann', 'OWNER');
SELECT create_message(:store, :below) > 0 AS made;
SELECT grant_folder(:store, :below, 'regress_rights_bob', 'REVIEWER');
SELECT revoke_folder(:store, :below, 'regress_rights_ann');
SELECT pg_temp.error(format('SELECT effective_rights(%s, %s)', :store, :below));
RESET ROLE;

-- named properties: to give out an id a role must be able to use it
SET ROLE regress_rights_ann;
SELECT get_ids_from_names(:store, '{PS_PUBLIC_STRINGS:rights:PT_LONG}', false);
SELECT pg_temp.error(format('SELECT get_ids_from_names(%s, %L)', :store, '{PS_PUBLIC_STRINGS:rights:PT_LONG}'));
SET ROLE regress_rights_bob;
SELECT get_ids_from_names(:store, '{PS_PUBLIC_STRINGS:rights:PT_LONG}') > '{0}' AS given;
RESET ROLE;

-- the names of members outlive their roles
CREATE ROLE regress_rights_short;
SELECT grant_folder(:store, :below, 'regress_rights_short', 'EDITOR');
DROP ROLE regress_rights_short;
SELECT member, rights FROM folder_permissions WHERE folder_id = :below ORDER BY member COLLATE "C";
CREATE ROLE regress_rights_short;
SELECT effective_rights(:store, :below, 'regress_rights_short') = 'EDITOR' AS of_the_new_role;
DROP ROLE regress_rights_short;
SELECT revoke_folder(:store, :below, 'regress_rights_short');

-- a right that is rolled back has not been granted
BEGIN;
SELECT grant_folder(:store, :drafts, 'regress_rights_ann', 'EDITOR');
SELECT effective_rights(:store, :drafts, 'regress_rights_ann') = 'EDITOR' AS granted;
SAVEPOINT s;
SELECT revoke_folder(:store, :drafts, 'regress_rights_ann');
SELECT effective_rights(:store, :drafts, 'regress_rights_ann') AS revoked;
ROLLBACK TO s;
SELECT effective_rights(:store, :drafts, 'regress_rights_ann') = 'EDITOR' AS granted;
ROLLBACK;
SELECT effective_rights(:store, :drafts, 'regress_rights_ann');
-- and a folder that somebody asked about before it existed has its grants
BEGIN;
SELECT effective_rights(:store, :below, 'regress_rights_bob');
SELECT create_folder(:store, :below, 'rolled back') AS next \gset
ROLLBACK;
SET ROLE regress_rights_bob;
SELECT pg_temp.error(format('SELECT effective_rights(%s, %s)', :store, :next + 1));
RESET ROLE;
SELECT create_folder(:store, :below, 'next') = :next + 1 AS expected_id;
SET ROLE regress_rights_bob;
SELECT effective_rights(:store, :next + 1);
RESET ROLE;
BEGIN READ ONLY;
SELECT effective_rights(:store, :below, 'regress_rights_bob');
SELECT pg_temp.error(format('SELECT grant_folder(%s, %s, %L, 1)', :store, :below, 'PUBLIC'));
ROLLBACK;

-- a change of rights has a row in the history of its folder, and in the feed of the roles
-- that see the folder or have seen it; it makes no version of the folder
SELECT token AS t FROM changes_since(:store) WHERE kind = 'end' \gset
SELECT change_number AS version FROM folder WHERE store_id = :store AND folder_id = :below \gset
SELECT grant_folder(:store, :below, 'regress_rights_ann', 'REVIEWER'), revoke_folder(:store, :below, 'regress_rights_ann');
BEGIN;
SELECT grant_folder(:store, :below, 'regress_rights_ann', 'OWNER');
ROLLBACK;
SELECT kind, previous, change_number > :version AS counted, changed_by = current_user AS mine, properties
FROM folder_change_list WHERE store_id = :store AND folder_id = :below AND kind = 'rights';
SELECT change_number = :version AS unchanged FROM folder WHERE store_id = :store AND folder_id = :below;
SELECT kind, folder_id = :below AS below, change_number > :version AS counted FROM changes_since(:store, :'t');
SET ROLE regress_rights_ann;
SELECT kind, folder_id = :below AS below, change_number FROM changes_since(:store, :'t');
RESET ROLE;

-- the store is given by its owner, to a role of which the owner is a member
SET ROLE regress_rights_owner;
SELECT pg_temp.error(format('SELECT give_store(%s, %L)', :store, owner))
FROM unnest('{regress_rights_team,regress_rights_nobody,""}'::text[]) AS owner;
RESET ROLE;
GRANT regress_rights_team TO regress_rights_owner;
SET ROLE regress_rights_owner;
SELECT give_store(:store, 'regress_rights_team');
RESET ROLE;
SELECT count(*) = count(DISTINCT c.folder_id) AND count(*) = (SELECT count(*) FROM folder WHERE store_id = :store) AS every_folder
FROM folder_change AS c WHERE store_id = :store AND kind = 'a' AND xid = (SELECT xid FROM folder_change WHERE store_id = :store ORDER BY xid DESC LIMIT 1);
SET ROLE regress_rights_owner;
SELECT owner FROM store_list WHERE store_id = :store;
RESET ROLE;
REVOKE regress_rights_team FROM regress_rights_owner;
SET ROLE regress_rights_owner;
SELECT may_use_store(:store), pg_temp.error(format('SELECT read_message(%s, %s)', :store, :first));
SET ROLE regress_rights_bob;
SELECT effective_rights(:store, :drafts) = 'OWNER' AS of_a_member;
SELECT subject FROM message_list WHERE message_id = :first;
RESET ROLE;
DROP ROLE regress_rights_owner, regress_rights_ann, regress_rights_bob, regress_rights_team;
