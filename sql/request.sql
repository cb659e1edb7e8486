-- The author of one call ("actor"), and calls that a client repeats
-- ("request").
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('request') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
CREATE FUNCTION pg_temp.last(store bigint, id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', kind, 'by', changed_by, 'actor', coalesce(actor, 'none'))
    FROM history(store, id) ORDER BY changed_at DESC LIMIT 1 $$;

-- the actor is recorded as msgstore.actor would be, for one call
SET msgstore.actor = 'setting';
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}', actor => 'ann') \gset
SELECT pg_temp.last(:store, :id), read_message(:store, :id, '{PR_LAST_MODIFIER_NAME}', 'bob');
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "two"}', actor => 'bob') \gset
SELECT pg_temp.last(:store, :id), read_message(:store, :id, '{PR_LAST_MODIFIER_NAME}');
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "three"}') \gset
SELECT pg_temp.last(:store, :id);
-- the empty string stands for no actor
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "four"}', actor => '') \gset
SELECT replace(pg_temp.last(:store, :id), current_user, 'the role');
SELECT move_messages(:store, ARRAY[:id], :drafts, actor => 'mover'), pg_temp.last(:store, :id);
SELECT pg_temp.last(:store, :id);
SELECT delete_messages(:store, ARRAY[:id], actor => 'deleter');
SELECT pg_temp.last(:store, :id);
SELECT restore_messages(:store, ARRAY[:id], actor => 'restorer');
SELECT pg_temp.last(:store, :id);
SELECT max(change_number) AS n, min(change_number) AS first FROM history(:store, :id) \gset
SELECT result, change_number AS n FROM restore_version(:store, :id, :first, :n, actor => 'historian') \gset
SELECT :'result', pg_temp.last(:store, :id);
SELECT result FROM resolve_conflict(:store, :id, :first, '{"PR_BODY": "b"}', 'MERGE', actor => 'merger');
SELECT pg_temp.last(:store, :id);
SELECT message_id AS copy FROM resolve_conflict(:store, :id, :n, '{"PR_BODY": "c"}', 'SAVE_ELSEWHERE', :inbox, actor => 'saver') \gset
SELECT pg_temp.last(:store, :copy);
SELECT result FROM save_message(:store, :id, 0, '{"PR_BODY": "d"}', 'PARK_REFUSED', actor => 'parker');
SELECT result FROM save_message(:store, :id, 0, '{"PR_BODY": "d"}', 'PARK_REFUSED');
SELECT actor FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE', actor => 'purger');
SELECT pg_temp.last(:store, :id);
-- neither a call nor an error leaves an actor behind
-- fail
SELECT save_message(:store, :copy, 0, '{"PR_MESSAGE_SIZE": 1}', 'FORCE_SAVE', actor => 'left behind');
-- fail
SELECT delete_messages(:store, ARRAY[NULL::bigint], actor => 'left behind');
SHOW msgstore.actor;
SELECT delete_messages(:store, ARRAY[:copy]);
SELECT pg_temp.last(:store, :copy);
SELECT message_id AS both, pg_temp.last(:store, message_id) FROM save_new_message(:store, :inbox, '{}', actor => 'x') \gset
SELECT pg_temp.last(:store, :both);
RESET msgstore.actor;

-- a repeated request is answered, and not carried out again
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "new"}', request => 'r1') \gset
SELECT result, message_id = :id AS same, change_number = :n1 AS number FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "new"}', request => 'r1');
SELECT count(*) FROM message_list WHERE store_id = :store AND subject = 'new';
SELECT result, change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2') \gset
SELECT result, change_number = :n2 AS same FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2');
SELECT result, change_number = :n2 AS same FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', 'FORCE_SAVE', request => 'r2');
-- without the request it is another call
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}');
-- another request, and the request on another message
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r3"}', request => 'r3');
SELECT message_id AS other, change_number AS n FROM save_new_message(:store, :inbox, '{}', request => 'r2') \gset
SELECT result FROM save_message(:store, :other, :n, '{"PR_SUBJECT": "r2"}', request => 'r2');
SELECT read_message(:store, :other, '{PR_SUBJECT}'), :other <> :id AS another;
-- others have saved since: the answer is still that of the first call
SELECT result, change_number AS n3 FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "later"}') \gset
SELECT result, change_number = :n2 AS same FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2');
SELECT read_message(:store, :id, '{PR_SUBJECT}');
-- the other calls that save
SELECT result, change_number AS n4 FROM restore_version(:store, :id, :n1, :n3, request => 'r4') \gset
SELECT result, change_number = :n4 AS same FROM restore_version(:store, :id, :n1, :n3, request => 'r4');
SELECT result, change_number AS n5 FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "m"}', 'MERGE', request => 'r5') \gset
SELECT result, message_id = :id AS message, change_number = :n5 AS same FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "m"}', 'MERGE', request => 'r5');
SELECT result, change_number AS n6 FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "o"}', 'OVERWRITE', request => 'r6') \gset
SELECT result, change_number = :n6 AS same FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "o"}', 'OVERWRITE', request => 'r6');
SELECT message_id AS copy, change_number AS nc FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "c"}', 'SAVE_ELSEWHERE', request => 'r7') \gset
SELECT result, message_id = :copy AS same, change_number = :nc AS number FROM resolve_conflict(:store, :id, :n1, '{"PR_BODY": "c"}', 'SAVE_ELSEWHERE', request => 'r7');
SELECT kind, count(*) FROM history(:store, :id) GROUP BY kind ORDER BY kind;
-- a refusal is decided anew, and a call that saved nothing leaves no record
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r8"}', request => 'r8');
SELECT result FROM save_message(:store, :id, :n6, '{"PR_SUBJECT": "r8"}', request => 'r8');
SELECT max(change_number) AS n7 FROM history(:store, :id) \gset
SELECT result FROM save_message(:store, :id, :n7, '{}', request => 'r9');
SELECT result FROM save_message(:store, :id, :n7, '{"PR_SUBJECT": "r9"}', request => 'r9');
-- rolled back: it was never made
BEGIN;
SELECT result FROM save_new_message(:store, :inbox, '{}', request => 'r10');
ROLLBACK;
SELECT count(*) FROM change WHERE store_id = :store AND request = 'r10';
SELECT result FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "r10"}', request => 'r10');
-- twice in one statement
SELECT count(DISTINCT s.message_id) AS messages FROM generate_series(1, 3), save_new_message(:store, :inbox, '{}', request => 'r11') AS s;
-- another role's request is another one
CREATE ROLE regress_request;
CREATE FUNCTION pg_temp.grant_membership() RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('GRANT %I TO regress_request', session_user); END $$;
SELECT pg_temp.grant_membership();
SET ROLE regress_request;
SELECT result, message_id <> :id AS another FROM save_new_message(:store, :inbox, '{}', request => 'r1');
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2');
RESET ROLE;
-- the message is deleted, then gone for good; the answer stays
SELECT delete_messages(:store, ARRAY[:id]);
SELECT result, change_number = :n2 AS same FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2');
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT result, change_number = :n2 AS same FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'r2');
SELECT result, message_id = :id AS same FROM save_new_message(:store, :inbox, '{}', request => 'r1');
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "r2"}', request => 'none');
-- found without a scan
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT message_id FROM change WHERE store_id = 1 AND request = 'r' AND kind = 'c';
RESET enable_seqscan;

-- wrong requests
\set VERBOSITY terse
-- fail
SELECT save_message(:store, :other, 0, '{}', request => '');
-- fail
SELECT save_new_message(:store, :inbox, '{}', request => repeat('ä', 256));
SELECT result FROM save_new_message(:store, :inbox, '{}', request => repeat('ä', 255));
-- fail
SELECT restore_version(:store, :other, 1, 1, request => '');
-- fail
SELECT resolve_conflict(:store, :other, 1, '{}', 'MERGE', request => '');
DROP OWNED BY regress_request;
DROP ROLE regress_request;
