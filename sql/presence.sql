-- Presence: announcements of who is editing, good for a time, which nothing else asks for.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('presence') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
SET application_name = 'editor';
SELECT count(*) FROM who_is_editing(:store, :id);
SELECT announce_editing(:store, :id, '1 hour');
SELECT announce_editing(:store, :id, '1 hour', 'ann');
SELECT role = current_user AS mine, actor, client, since <= clock_timestamp() AS past, good_until > clock_timestamp() + interval '59 minutes' AS future FROM who_is_editing(:store, :id);
-- announced again: it began when it did, and ends later
SELECT since AS began FROM who_is_editing(:store, :id) WHERE actor = 'ann' \gset
SELECT announce_editing(:store, :id, '2 hours', 'ann');
SELECT since = :'began' AS since_then, good_until > clock_timestamp() + interval '119 minutes' AS longer FROM who_is_editing(:store, :id) WHERE actor = 'ann';
-- taken back, and ended by itself; the next announcement takes the old rows away
SELECT announce_editing(:store, :id, '0', 'ann');
SELECT actor FROM who_is_editing(:store, :id);
SELECT announce_editing(:store, :id, '1 microsecond', 'bob');
SELECT actor FROM who_is_editing(:store, :id);
SELECT announce_editing(:store, :id, '1 hour', 'carl');
SELECT actor FROM editing ORDER BY actor;
-- it blocks nobody, and is no change
SELECT result, change_number > :n AS saved FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "two"}');
SELECT count(*) AS changes FROM history(:store, :id);
-- fail
SELECT announce_editing(:store, :id, '-1 second');
-- fail
SELECT announce_editing(:store, 0, '1 second');
-- fail
SELECT * FROM who_is_editing(:store, 0);
CREATE ROLE regress_presence;
SET ROLE regress_presence;
-- fail
SELECT announce_editing(:store, :id, '1 hour');
-- fail
SELECT * FROM who_is_editing(:store, :id);
RESET ROLE;
SELECT grant_folder(:store, :inbox, 'regress_presence', 'REVIEWER');
SET ROLE regress_presence;
SELECT announce_editing(:store, :id, '1 hour');
SELECT role, actor FROM who_is_editing(:store, :id) WHERE role = current_user;
RESET ROLE;
SELECT revoke_folder(:store, :inbox, 'regress_presence');
DROP ROLE regress_presence;
SELECT delete_messages(:store, ARRAY[:id]);
-- fail
SELECT * FROM who_is_editing(:store, :id);
