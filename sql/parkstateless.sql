-- Drafts without a handle: park_message(), parked_edits(), resolve_parked().
-- They give the same drafts and answers as park(), resume() and
-- resolve_conflict().
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('park: stateless') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Conflicts') AS conflicts \gset
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "old", "PR_BODY": "old", "PR_COMMENT": "old"}') \gset
SET msgstore.handles = 'off';

-- parked, read and parked again under the same id
SELECT park_message(:store, :id, :n1, '{"PR_SUBJECT": "yours", "PR_COMMENT": null}', actor => 'ann') AS p \gset
SELECT message_id = :id AS message, change_number = :n1 AS base, is_new, subject, properties, actor, role = current_user AS mine
FROM parked WHERE store_id = :store AND parked_id = :p;
SELECT message_id = :id AS message, change_number = :n1 AS base, changes, folder_id FROM parked_edits(:store, :p);
SELECT park_message(:store, :id, :n1, '{"PR_SUBJECT": "yours, later", "PR_HTML": "PGI+", "PR_COMMENT": null}', :p) = :p AS same;
SELECT changes, actor FROM parked_edits(:store, :p), parked WHERE parked_id = :p AND store_id = :store;
-- every kind of edit comes back, and makes the same draft again
SELECT park_message(:store, :id, :n1, '{"PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": 0, "PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": "A"}],
    "PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "f", "PR_ATTACH_METHOD": 1, "PR_ATTACH_DATA_BIN": "AAEC"}],
    "PR_TRANSPORT_MESSAGE_HEADERS": "X: y", "PR_RTF_COMPRESSED": "AAEC", "PR_BODY": null, "PR_IMPORTANCE": 2}', :p) = :p AS same;
SELECT changes FROM parked_edits(:store, :p) \gset
SELECT park_message(:store, :id, :n1, :'changes') AS p2 \gset
SELECT changes = :'changes' AS equal, jsonb_pretty(changes) FROM parked_edits(:store, :p2);
SELECT discard_parked(:store, :p2);
-- a base that is no version keeps the edits, and so does a deleted message
SELECT park_message(:store, :id, 0, '{"PR_BODY": "kept"}') AS p2 \gset
SELECT result FROM resolve_parked(:store, :p2, 'MERGE');
SELECT changes FROM parked_edits(:store, :p2);
SELECT discard_parked(:store, :p2);

-- the four choices: the draft goes with a save, and with nothing else
SELECT park_message(:store, :id, :n1, '{"PR_SUBJECT": "yours"}', :p) = :p AS same;
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "theirs", "PR_BODY": "theirs"}') \gset
SELECT result, message_id = :id AS message, change_number = :n2 AS theirs FROM resolve_parked(:store, :p, 'MERGE');
SELECT result FROM resolve_parked(:store, :p, 'OVERWRITE', seen => :n1);
SELECT count(*) FROM parked WHERE store_id = :store;
BEGIN;
SELECT result, message_id = :id AS message, change_number > :n2 AS newer
FROM resolve_parked(:store, :p, 'OVERWRITE', seen => :n2, actor => 'bob');
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}'), (SELECT changed_by FROM history(:store, :id) ORDER BY changed_at DESC LIMIT 1);
ROLLBACK;
SELECT count(*) FROM parked WHERE store_id = :store;
BEGIN;
SELECT result, message_id = :id AS message, change_number = :n2 AS theirs FROM resolve_parked(:store, :p, 'KEEP_ORIGINAL');
SELECT count(*) FROM parked WHERE store_id = :store;
ROLLBACK;
BEGIN;
SELECT result, message_id AS elsewhere FROM resolve_parked(:store, :p, 'SAVE_ELSEWHERE', actor => 'bob') \gset
SELECT :'result' AS result, folder_id = :conflicts AS conflicts, modifier, subject FROM message_list
WHERE store_id = :store AND message_id = :elsewhere;
SELECT count(*) FROM parked WHERE store_id = :store;
ROLLBACK;
SELECT park_message(:store, :id, :n1, '{"PR_COMMENT": "yours"}', :p) = :p AS same;
SELECT result FROM resolve_parked(:store, :p, 'MERGE');
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_COMMENT}');
-- fail: resolved
SELECT resolve_parked(:store, :p, 'MERGE');
-- fail
SELECT parked_edits(:store, :p);
-- fail
SELECT park_message(:store, :id, :n1, '{}', :p);

-- a new message: its id and folder are given with the first park
SELECT park_message(:store, NULL, NULL, '{"PR_SUBJECT": "new", "PR_CREATION_TIME": "2024-01-01T00:00:00Z"}', folder_id => :inbox, actor => 'ann') AS p \gset
SELECT message_id AS new FROM parked_edits(:store, :p) \gset
SELECT change_number, folder_id = :inbox AS inbox, changes FROM parked_edits(:store, :p);
SELECT park_message(:store, NULL, NULL, '{"PR_SUBJECT": "newer"}', :p) = :p AS same;
SELECT park_message(:store, :new, NULL, '{"PR_SUBJECT": "newest"}', :p, :conflicts) = :p AS same;
SELECT message_id = :new AS message, folder_id = :conflicts AS conflicts, changes FROM parked_edits(:store, :p);
-- fail
SELECT read_message(:store, :new);
-- fail
SELECT resolve_parked(:store, :p, 'KEEP_ORIGINAL');
SELECT result, message_id = :new AS message FROM resolve_parked(:store, :p, 'OVERWRITE', actor => 'ann');
SELECT subject, modifier, folder_id = :conflicts AS conflicts FROM message_list WHERE store_id = :store AND message_id = :new;
SELECT count(*) FROM parked WHERE store_id = :store;
-- its folder is deleted: refused, kept, and saved elsewhere
SELECT create_folder(:store, :inbox, 'gone') AS gone \gset
SELECT park_message(:store, NULL, NULL, '{"PR_SUBJECT": "homeless"}', folder_id => :gone) AS p \gset
DELETE FROM folder WHERE store_id = :store AND folder_id = :gone;
SELECT result FROM resolve_parked(:store, :p, 'OVERWRITE');
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT result FROM resolve_parked(:store, :p, 'SAVE_ELSEWHERE', :inbox);
SELECT subject FROM message_list WHERE store_id = :store AND folder_id = :inbox;

-- drafts of handles and of calls are the same drafts
SET msgstore.handles = 'session';
SELECT change_number AS n FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT park_message(:store, :id, :n, '{"PR_SUBJECT": "by a call", "PR_BODY": "by a call"}') AS p \gset
SELECT resume(:store, :p) AS h \gset
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY}');
SELECT set_props(:h, '{"PR_HTML": "PGI+"}'), park(:h) = :p AS same;
SELECT changes FROM parked_edits(:store, :p);
-- the handle does not replace what a call has parked there since
SELECT park_message(:store, :id, :n, '{"PR_SUBJECT": "by a later call"}', :p) = :p AS same;
SELECT park(:h) <> :p AS another;
SELECT subject FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT resolve_conflict(:h, 'OVERWRITE');
SELECT subject FROM parked WHERE store_id = :store ORDER BY parked_id;
-- bytes that only the draft has
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('b', 1100000), 'UTF8')), park(:h) AS p2, close_object(:h) \gset
SELECT changes->'PR_BODY'->'size' AS size FROM parked_edits(:store, :p2);
SELECT changes FROM parked_edits(:store, :p2) \gset
SELECT park_message(:store, :id, change_number, :'changes', :p2) = :p2 AS same FROM parked_edits(:store, :p2);
SELECT result FROM resolve_parked(:store, :p2, 'OVERWRITE');
SELECT read_message(:store, :id, '{PR_BODY}')->'PR_BODY'->'size' AS size;
SELECT discard_parked(store_id, parked_id) FROM parked WHERE store_id = :store;
-- a deleted message
SELECT park_message(:store, :id, :n, '{"PR_SUBJECT": "survivor"}') AS p \gset
SELECT delete_messages(:store, ARRAY[:id]);
SELECT result, change_number IS NULL AS none FROM resolve_parked(:store, :p, 'KEEP_ORIGINAL');
SELECT result FROM resolve_parked(:store, :p, 'OVERWRITE');
SELECT result FROM resolve_parked(:store, :p, 'SAVE_ELSEWHERE', :inbox);
SELECT count(*) FROM parked WHERE store_id = :store;

-- wrong arguments
\set VERBOSITY terse
-- fail
SELECT park_message(NULL, :id, :n, '{}');
-- fail
SELECT park_message(:store, :id, :n, NULL);
-- fail
SELECT park_message(:store, NULL, :n, '{}');
-- fail
SELECT park_message(:store, :id, NULL, '{}', folder_id => :inbox);
-- fail
SELECT park_message(:store, NULL, NULL, '{}');
-- fail
SELECT park_message(:store, :id, :n, '{}', folder_id => :inbox);
-- fail
SELECT park_message(:store, :id, :n, '{"PR_MESSAGE_SIZE": 1}');
\set VERBOSITY sqlstate
-- fail
SELECT park_message(0, :id, :n, '{}');
-- fail
SELECT park_message(:store, 0, :n, '{}');
-- fail
SELECT park_message(:store, NULL, NULL, '{}', folder_id => 0);
SELECT park_message(:store, :id, :n, '{}') AS p \gset
-- fail: of another message, and of one that is not new
SELECT park_message(:store, :new, :n, '{}', :p);
-- fail
SELECT park_message(:store, NULL, NULL, '{}', :p);
-- fail
SELECT park_message(:store, :id, NULL, '{}', :p);
-- fail
SELECT parked_edits(NULL, :p);
-- fail
SELECT parked_edits(:store, NULL);
-- fail
SELECT parked_edits(:store, 0);
-- fail
SELECT resolve_parked(:store, :p, NULL);
-- fail
SELECT resolve_parked(:store, :p, 'OTHER');
-- fail
SELECT resolve_parked(:store, :p, 'MERGE', :inbox);
-- fail
SELECT resolve_parked(NULL, :p, 'MERGE');
-- fail
SELECT resolve_parked(:store, NULL, 'MERGE');
BEGIN READ ONLY;
SELECT changes FROM parked_edits(:store, :p);
SAVEPOINT s;
-- fail
SELECT resolve_parked(:store, :p, 'KEEP_ORIGINAL');
ROLLBACK TO s;
-- fail
SELECT park_message(:store, :id, :n, '{}');
ROLLBACK;
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT msgstore.' || call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, ' \d+', ' N', 'g');
END $$;
SELECT pg_temp.error(format('park_message(%s, %s, %s, %L, %s)', :store, :new, :n, '{}', :p));
-- other roles
CREATE ROLE regress_parkstateless;
SET ROLE regress_parkstateless;
-- fail
SELECT parked_edits(:store, :p);
-- fail
SELECT resolve_parked(:store, :p, 'MERGE');
-- fail
SELECT park_message(:store, :id, :n, '{}');
RESET ROLE;
-- a role that may read, but not edit, and one that may create
SELECT grant_folder(:store, :inbox, 'regress_parkstateless', 'REVIEWER');
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "seen"}') \gset
GRANT ALL ON FUNCTION pg_temp.error(text) TO PUBLIC;
SET ROLE regress_parkstateless;
SELECT pg_temp.error(format('park_message(%s, %s, %s, %L)', :store, :id, :n, '{}'));
-- fail
SELECT park_message(:store, NULL, NULL, '{}', folder_id => :inbox);
RESET ROLE;
SELECT grant_folder(:store, :inbox, 'regress_parkstateless', 'AUTHOR');
SET ROLE regress_parkstateless;
SELECT park_message(:store, NULL, NULL, '{"PR_SUBJECT": "mine"}', folder_id => :inbox) AS p \gset
SELECT result FROM resolve_parked(:store, :p, 'OVERWRITE');
-- fail
SELECT park_message(:store, :id, :n, '{}');
RESET ROLE;
SELECT revoke_folder(:store, :inbox, 'regress_parkstateless');
DROP ROLE regress_parkstateless;
