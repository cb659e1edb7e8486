-- Drafts: park() stores base and pending edits of a handle as a row of its role, which
-- a later session resumes, discards or saves.  Parking needs the right to edit; without
-- it a draft is seen by the owner of the store, and does not prevent pruning (F5).
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
SELECT create_store('park') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Conflicts') AS conflicts \gset

CREATE FUNCTION pg_temp.message(props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'park'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'park'),
        props) $$;

-- parked: the row names the message and the author; the handle stays as it is
SELECT pg_temp.message('{"PR_SUBJECT": "old", "PR_BODY": "old", "PR_COMMENT": "old"}') AS id \gset
SELECT change_number AS n1 FROM message_list WHERE message_id = :id AND store_id = :store \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "yours", "PR_COMMENT": null, "PR_BODY": "your body"}');
SET msgstore.actor = 'ann@example.org';
SET application_name = 'regress park';
SELECT park(:h) AS p \gset
RESET msgstore.actor;
RESET application_name;
SELECT message_id = :id AS message, change_number = :n1 AS base, is_new, subject, properties, actor, client,
       parked_at BETWEEN :'began' AND clock_timestamp() AS just_now
FROM parked WHERE store_id = :store AND parked_id = :p;
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_COMMENT}'), has_edits, access_level, change_number = :n1 AS base FROM open_handles WHERE handle = :h;
-- the message has not changed, and no other caller sees the edits
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}'), count(*) FROM history(:store, :id);

-- resumed in another session, after others have saved: base and edits are those parked
SELECT result FROM save_message(:store, :id, :n1, '{"PR_IMPORTANCE": 2}');
\c -
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
CREATE FUNCTION pg_temp.message(props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'park'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'park'),
        props) $$;
SELECT resume(:store, :p) AS h \gset
SELECT message_id(:h) = :id AS message, has_edits, access_level, is_new, change_number = :n1 AS base FROM open_handles;
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_COMMENT, PR_IMPORTANCE, PR_ACCESS_LEVEL}');
SELECT property, side FROM conflict(:h) ORDER BY property;
SELECT save_changes(:h);
-- neither resume() nor a refused save has discarded the draft
SELECT count(*) FROM parked WHERE store_id = :store AND parked_id = :p;
-- a save discards the draft; rolled back, the draft is there
BEGIN;
SELECT resolve_conflict(:h, 'MERGE');
SELECT count(*) FROM parked WHERE store_id = :store AND parked_id = :p;
ROLLBACK;
SELECT count(*) FROM parked WHERE store_id = :store AND parked_id = :p;
SELECT has_edits, change_number = :n1 AS base FROM open_handles;
SELECT resolve_conflict(:h, 'MERGE');
SELECT count(*) FROM parked WHERE store_id = :store AND parked_id = :p;
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_COMMENT, PR_IMPORTANCE}');
-- fail: there is no such draft any more
SELECT resume(:store, :p);
-- fail
SELECT discard_parked(:store, :p);
-- the handle is like any other, and its next draft is a new one
SELECT set_props(:h, '{"PR_SUBJECT": "on it goes"}');
SELECT park(:h) AS p2 \gset
SELECT :p2 > :p AS another;
SELECT save_changes(:h), count(*) FROM parked WHERE store_id = :store;
SELECT count(*) FROM parked WHERE store_id = :store;

-- parked again: the draft is replaced, with the newest edits
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "first"}');
SELECT park(:h) AS p \gset
SELECT set_props(:h, '{"PR_SUBJECT": "second", "PR_HTML": "PGI+"}'), delete_props(:h, '{PR_SENDER_NAME}');
SELECT park(:h) = :p AS same, subject, properties FROM parked WHERE parked_id = :p AND store_id = :store;
SELECT subject, properties FROM parked WHERE parked_id = :p AND store_id = :store;
-- a resumed handle replaces its draft too; a draft without edits is possible
SELECT resume(:store, :p) AS h2 \gset
SELECT set_props(:h2, '{"PR_SUBJECT": "third"}');
SELECT park(:h2) = :p AS same;
SELECT subject FROM parked WHERE parked_id = :p AND store_id = :store;
SELECT refresh(:h2), park(:h2) = :p AS same;
SELECT subject, properties FROM parked WHERE parked_id = :p AND store_id = :store;
-- a handle whose draft another handle has replaced since neither replaces nor
-- discards that one: it parks as a new draft
SELECT resume(:store, :p) AS h5, resume(:store, :p) AS h6 \gset
SELECT set_props(:h5, '{"PR_SUBJECT": "fifth"}'), set_props(:h6, '{"PR_SUBJECT": "sixth"}');
SELECT park(:h5) = :p AS same, park(:h6) AS p6 \gset
SELECT :'same' AS same, :p6 <> :p AS another;
SELECT park(:h5) = :p AS same, park(:h6) = :p6 AS same;
SELECT subject FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT resume(:store, :p6) AS h7 \gset
SELECT set_props(:h7, '{"PR_SUBJECT": "seventh"}'), park(:h7) = :p6 AS same;
BEGIN;
SELECT set_props(:h7, '{"PR_SUBJECT": "rolled back"}'), park(:h7) = :p6 AS same;
ROLLBACK;
SELECT park(:h7) = :p6 AS same;
SELECT save_changes(:h6);
SELECT subject FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT save_changes(:h7), resolve_conflict(:h7, 'KEEP_ORIGINAL'), resolve_conflict(:h, 'KEEP_ORIGINAL');
SELECT subject FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "second", "PR_HTML": "PGI+"}');
-- two handles on one message park two drafts
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h3, open_message(:store, :id, 'MAPI_MODIFY') AS h4 \gset
SELECT park(:h3) <> park(:h4) AS two;
-- discarded: the draft is gone, the handle keeps its edits
SELECT park(:h3) AS p3, park(:h4) AS p4 \gset
SELECT discard_parked(:store, :p3), discard_parked(:store, :p4), discard_parked(:store, :p);
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT get_props(:h, '{PR_SUBJECT, PR_HTML}');
BEGIN;
SELECT park(:h) AS p \gset
ROLLBACK;
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT save_changes(:h), get_props(:h, '{PR_SUBJECT, PR_BODY, PR_HTML}');
-- closing a handle discards no draft
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "closed"}');
SELECT park(:h) AS p, close_object(:h) \gset
SELECT get_props(resume(:store, :p), '{PR_SUBJECT}');
SELECT count(close_object(handle)) FROM open_handles;
-- resolve_conflict() discards the draft like a save, KEEP_ORIGINAL too
SELECT choice, (SELECT count(*) FROM parked WHERE store_id = :store) AS before, resolve_conflict(resume(:store, :p), choice)
FROM unnest('{KEEP_ORIGINAL}'::text[]) AS choice;
SELECT count(*) FROM parked WHERE store_id = :store;

-- every part, set and deleted: a resumed draft shows what the parked handle showed
CREATE FUNCTION pg_temp.same_after_parking(store bigint, id bigint, changes jsonb, OUT touched text, OUT same boolean, OUT stored boolean) LANGUAGE plpgsql AS $$
DECLARE
    h integer := open_message(store, id, 'MAPI_MODIFY');
    before jsonb;
    p bigint;
    r integer;
BEGIN
    PERFORM set_props(h, changes);
    before := get_props(h);
    p := park(h);
    SELECT d.touched INTO touched FROM parked_draft AS d WHERE store_id = store AND parked_id = p;
    PERFORM close_object(h);
    r := resume(store, p);
    same := get_props(r) = before;
    IF save_changes(r) <> 'S_OK' THEN
        RAISE 'not saved';
    END IF;
    stored := NOT EXISTS (SELECT FROM jsonb_each(changes)
        WHERE value <> 'null' AND key <> 'PR_MESSAGE_RECIPIENTS' AND read_message(store, id)->key IS DISTINCT FROM value
           OR value = 'null' AND read_message(store, id) ? key)
        AND NOT EXISTS (SELECT FROM parked WHERE store_id = store AND parked_id = p);
    PERFORM close_object(r);
END $$;
SELECT pg_temp.message('{"PR_SUBJECT": "parts"}') AS id \gset
SELECT what, pg_temp.same_after_parking(:store, :id, changes)
FROM (VALUES ('bag', '{"PR_SUBJECT": "ü", "0x4F00001F": "tag", "PR_IMPORTANCE": 2}'::jsonb),
    ('bag deleted', '{"PR_SUBJECT": null, "0x4F00001F": null}'),
    ('recipients', '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}'),
    ('recipients deleted', '{"PR_MESSAGE_RECIPIENTS": null}'),
    ('headers', jsonb_build_object('PR_TRANSPORT_MESSAGE_HEADERS', repeat('X: y ', 5000))),
    ('headers deleted', '{"PR_TRANSPORT_MESSAGE_HEADERS": null}'),
    ('text', jsonb_build_object('PR_BODY', repeat('body ', 20000))),
    ('HTML instead', '{"PR_HTML": "PGI+"}'),
    ('RTF instead', '{"PR_RTF_COMPRESSED": "e1xydGYxfQ=="}'),
    ('all bodies', '{"PR_BODY": "", "PR_HTML": "PGI+", "PR_RTF_COMPRESSED": "e1xydGYxfQ=="}'),
    ('HTML deleted', '{"PR_HTML": null}'),
    ('the other bodies, too', '{"PR_BODY": null, "PR_RTF_COMPRESSED": null}'),
    ('all there is', '{"PR_SUBJECT": "all", "PR_BODY": "b", "PR_TRANSPORT_MESSAGE_HEADERS": "h", "PR_MESSAGE_RECIPIENTS": []}'),
    ('nothing', '{}')) AS v (what, changes);

-- new messages, parked or not, are seen by no other caller before they are saved
SELECT create_message(:store, :inbox) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "new", "PR_CREATION_TIME": "2001-01-01T00:00:00Z"}');
SELECT get_props(:h) - '{PR_LAST_MODIFICATION_TIME, PR_LOCAL_COMMIT_TIME}'::text[] AS view, message_id(:h) AS id, park(:h) AS p, close_object(:h) \gset
SELECT is_new, change_number, subject, properties FROM parked WHERE store_id = :store;
SELECT count(*) FROM message_list WHERE store_id = :store AND message_id = :id;
-- fail
SELECT open_message(:store, :id);
SELECT resume(:store, :p) AS h \gset
SELECT message_id(:h) = :id AS id, is_new, access_level,
       get_props(:h) - '{PR_LAST_MODIFICATION_TIME, PR_LOCAL_COMMIT_TIME}'::text[] = :'view' AS view FROM open_handles WHERE handle = :h;
SELECT set_props(:h, '{"PR_BODY": "new"}');
SELECT save_changes(:h), count(*) FROM parked WHERE store_id = :store;
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_CREATION_TIME}'), count(*) FROM parked WHERE store_id = :store;
-- resumed twice and saved twice: the id is given once, and the second save refused
SELECT create_message(:store, :inbox) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "twice"}');
SELECT park(:h) AS p \gset
SELECT resume(:store, :p) AS h2, resume(:store, :p) AS h3 \gset
SELECT set_props(:h2, '{"PR_SUBJECT": "twice, edited"}');
SELECT save_changes(:h2), save_changes(:h), save_changes(:h3);
SELECT force_save(:h), has_edits, is_new FROM open_handles WHERE handle = :h;
SELECT read_message(:store, message_id(:h), '{PR_SUBJECT}'), count(*) FROM history(:store, message_id(:h));
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE'), get_props(:h, '{PR_SUBJECT}');
-- a new message that was saved and deleted does not come back
SELECT delete_messages(:store, ARRAY[message_id(:h3)], 'DELETE_HARD_DELETE');
SELECT save_changes(:h3), force_save(:h3);
SELECT count(*) FROM message WHERE store_id = :store AND message_id = message_id(:h3);
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;
-- the folder of a new message is gone meanwhile: saving elsewhere works
SELECT create_folder(:store, NULL, 'to be removed') AS gone \gset
SELECT create_message(:store, :gone) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "homeless"}');
SELECT park(:h) AS p, close_object(:h) \gset
DELETE FROM folder WHERE store_id = :store AND folder_id = :gone;
SELECT resume(:store, :p) AS h \gset
SELECT save_changes(:h), resolve_conflict(:h, 'SAVE_ELSEWHERE'), count(*) FROM parked WHERE store_id = :store;
SELECT subject, folder_id = :conflicts AS conflicts FROM message_list WHERE store_id = :store AND message_id = message_id(:h);
SELECT count(*) FROM parked WHERE store_id = :store;

-- a draft of a message deleted meanwhile, softly or for good, loses nothing
SELECT pg_temp.message('{"PR_SUBJECT": "soft"}') AS soft, pg_temp.message('{"PR_SUBJECT": "hard"}') AS hard \gset
SELECT open_message(:store, :soft, 'MAPI_MODIFY') AS hs, open_message(:store, :hard, 'MAPI_MODIFY') AS hh \gset
SELECT set_props(:hs, '{"PR_BODY": "for the deleted"}'), set_props(:hh, '{"PR_BODY": "for the purged"}');
SELECT park(:hs) AS ps \gset
SELECT delete_messages(:store, ARRAY[:soft]), delete_messages(:store, ARRAY[:hard], 'DELETE_HARD_DELETE');
SELECT park(:hh) AS ph \gset
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;
SELECT resume(:store, :ps) AS hs, resume(:store, :ph) AS hh \gset
SELECT get_props(:hs, '{PR_SUBJECT, PR_BODY}'), get_props(:hh, '{PR_SUBJECT, PR_BODY}');
SELECT force_save(:hs), force_save(:hh), resolve_conflict(:hs, 'SAVE_ELSEWHERE'), resolve_conflict(:hh, 'SAVE_ELSEWHERE');
SELECT subject FROM message_list WHERE folder_id = :conflicts AND store_id = :store AND subject IN ('soft', 'hard') ORDER BY subject;
SELECT count(*) FROM parked WHERE store_id = :store;

-- PARK_REFUSED: a refused save parks its edits
SELECT pg_temp.message('{"PR_SUBJECT": "old"}') AS id \gset
SELECT change_number AS n1 FROM message_list WHERE message_id = :id AND store_id = :store \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS e, open_message(:store, :id) AS r \gset
SELECT set_props(:h, '{"PR_BODY": "yours"}');
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "theirs"}', 'PARK_REFUSED');
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT save_changes(:h, 'PARK_REFUSED'), save_changes(:e, 'PARK_REFUSED'), save_changes(:r, 'PARK_REFUSED');
SELECT message_id = :id AS message, change_number = :n1 AS base, properties FROM parked WHERE store_id = :store;
-- refused again: the draft is replaced; saved in the end: the draft is gone
SELECT set_props(:h, '{"PR_COMMENT": "yours"}');
SELECT save_changes(:h, 'PARK_REFUSED|KEEP_OPEN_READONLY');
SELECT properties FROM parked WHERE store_id = :store;
SELECT save_changes(:h, 'PARK_REFUSED|FORCE_SAVE'), count(*) FROM parked WHERE store_id = :store;
SELECT count(*) FROM parked WHERE store_id = :store;
-- unknown flags park nothing; a deleted message is a refusal, and parks
SELECT set_props(:h, '{"PR_COMMENT": "again"}');
SELECT save_changes(:h, 'PARK_REFUSED|0x10'), count(*) FROM parked WHERE store_id = :store;
SELECT delete_messages(:store, ARRAY[:id]);
SELECT save_changes(:h, 'PARK_REFUSED');
SELECT properties FROM parked WHERE store_id = :store;
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE');
SELECT count(*) FROM parked WHERE store_id = :store;
-- without a handle: the edits are parked with the number they were made on
SELECT restore_messages(:store, ARRAY[:id]);
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "no handle", "PR_HTML": "PGI+"}', 'PARK_REFUSED');
SELECT result FROM save_message(:store, :id, :n1, '{}', 'PARK_REFUSED');
SELECT result FROM save_message(:store, :id, 1, '{"PR_SUBJECT": "never a version"}', 'PARK_REFUSED');
SELECT message_id = :id AS message, change_number = :n1 AS base, subject, properties FROM parked WHERE store_id = :store ORDER BY parked_id;
SELECT parked_id AS p, resume(:store, parked_id) AS h FROM parked WHERE store_id = :store AND subject = 'no handle' \gset
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_HTML}'), resolve_conflict(:h, 'OVERWRITE');
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_HTML}');
SELECT parked_id AS p, resume(:store, parked_id) AS h FROM parked WHERE store_id = :store \gset
SELECT save_changes(:h), force_save(:h), get_props(:h, '{PR_SUBJECT}');
SELECT discard_parked(:store, :p);
-- an unsaved message has no version over which a save could be refused
SELECT result FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "new"}', 'PARK_REFUSED');
SELECT count(*) FROM parked WHERE store_id = :store;
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- a draft belongs to its role, whatever other roles may use the store
CREATE ROLE regress_park_ann;
CREATE ROLE regress_park_bob;
CREATE ROLE regress_park_team;
GRANT regress_park_team TO regress_park_ann, regress_park_bob;
SELECT create_store('park: of a team', 'regress_park_team') AS team \gset
SET ROLE regress_park_ann;
SELECT message_id AS id FROM save_new_message(:team, special_folder(:team, 'Inbox'), '{"PR_SUBJECT": "old"}') \gset
SELECT open_message(:team, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "Ann''s"}');
SELECT park(:h) AS p \gset
SELECT count(*) FROM parked;
SET ROLE regress_park_bob;
SELECT count(*) FROM parked;
-- fail
SELECT resume(:team, :p);
-- fail
SELECT discard_parked(:team, :p);
-- fail: no role may read a table of the extension
SELECT count(*) FROM parked_draft;
-- a superuser's only in that role
RESET ROLE;
SELECT count(*) FROM parked WHERE store_id = :team;
-- fail
SELECT resume(:team, :p);
-- the right taken away: nothing works, and nothing is lost
REVOKE regress_park_team FROM regress_park_ann;
SET ROLE regress_park_ann;
SELECT set_props(:h, '{"PR_COMMENT": "later"}');
SELECT save_changes(:h, 'PARK_REFUSED'), has_edits FROM open_handles WHERE handle = :h;
-- fail
SELECT park(:h);
SELECT count(*) FROM parked;
-- fail
SELECT resume(:team, :p);
-- fail
SELECT discard_parked(:team, :p);
RESET ROLE;
GRANT regress_park_team TO regress_park_ann;
SET ROLE regress_park_ann;
SELECT properties FROM parked;
SELECT park(:h) = :p AS same, properties FROM parked;
SELECT properties FROM parked;
SELECT save_changes(resume(:team, :p)), count(*) FROM parked;
SELECT count(*) FROM parked;
RESET ROLE;
DROP ROLE regress_park_ann, regress_park_bob, regress_park_team;

-- a pruned base: a plain save is refused, forcing cannot be completed, and parking
-- stores the edits
SELECT pg_temp.message('{"PR_SUBJECT": "old"}') AS id \gset
SELECT change_number AS n1 FROM message_list WHERE message_id = :id AND store_id = :store \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_BODY": "yours"}');
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "theirs"}') \gset
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE store_id = :store AND message_id = :id;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store);
SELECT result FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "theirs, later"}');
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE store_id = :store AND message_id = :id;
CALL prune_history(:store);
SELECT save_changes(:h), force_save(:h), resolve_conflict(:h, 'MERGE'), has_edits FROM open_handles WHERE handle = :h;
SELECT park(:h) AS p, close_object(:h) \gset
SELECT resume(:store, :p) AS h \gset
SELECT get_props(:h, '{PR_BODY}'), change_number = :n1 AS base FROM open_handles WHERE handle = :h;
-- fail
SELECT get_props(:h, '{PR_SUBJECT}');
-- fail
SELECT save_as(:h, :inbox);
SELECT save_changes(:h), force_save(:h), park(:h) = :p AS same;
SELECT refresh(:h), close_object(:h), discard_parked(:store, :p);

-- wrong arguments
-- fail
SELECT park(NULL);
-- fail
SELECT park(0);
-- fail
SELECT resume(NULL, 1);
-- fail
SELECT resume(:store, NULL);
-- fail
SELECT resume(:store, 0);
-- fail
SELECT resume(0, 1);
-- fail
SELECT discard_parked(NULL, 1);
-- fail
SELECT discard_parked(:store, NULL);
-- fail
SELECT discard_parked(0, 1);
-- park() fails in a read-only transaction; resume() only reads
SELECT pg_temp.message('{}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT park(:h) AS p \gset
BEGIN READ ONLY;
SAVEPOINT s;
-- fail
SELECT park(:h);
ROLLBACK TO s;
-- fail
SELECT discard_parked(:store, :p);
ROLLBACK TO s;
SELECT resume(:store, :p) > 0 AS resumed;
ROLLBACK;
SELECT count(*) FROM open_handles;
-- a draft does not prevent a deletion for good
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), discard_parked(:store, :p);

-- fault F5: a role that has lost its right adds no draft, and loses no edits by that
CREATE ROLE regress_park_owner;
CREATE ROLE regress_park_member IN ROLE regress_park_owner;
SELECT create_store('park: rights', 'regress_park_owner') AS rights \gset
SELECT special_folder(:rights, 'Inbox') AS rights_inbox \gset
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:rights, :rights_inbox, '{"PR_SUBJECT": "one"}') \gset
SET ROLE regress_park_member;
SELECT open_message(:rights, :id, 'MAPI_MODIFY') AS h, open_message(:rights, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT set_props(:h, '{"PR_SUBJECT": "member"}'), set_props(:h2, '{"PR_BODY": "member"}');
SELECT park(:h) AS p \gset
RESET ROLE;
REVOKE regress_park_owner FROM regress_park_member;
SET ROLE regress_park_member;
-- fail
SELECT park(:h2);
-- fail
SELECT park(:h);
SELECT save_changes(:h2, 'PARK_REFUSED'), save_changes(:h, 'PARK_REFUSED');
SELECT has_edits FROM open_handles WHERE handle IN (:h, :h2);
SELECT count(*) FROM parked WHERE store_id = :rights;
-- fail
SELECT discard_parked(:rights, :p);
RESET ROLE;
-- the owner sees and discards any draft of the store; a member does not
SET ROLE regress_park_owner;
SELECT parked_id = :p AS p, role, subject FROM parked;
-- fail: only the role that parked it
SELECT resume(:rights, :p);
RESET ROLE;
CREATE ROLE regress_park_other IN ROLE regress_park_owner;
SET ROLE regress_park_other;
SELECT count(*) FROM parked;
-- fail
SELECT discard_parked(:rights, :p);
RESET ROLE;
SELECT count(*) FROM parked WHERE store_id = :rights;
BEGIN;
SET LOCAL ROLE regress_park_owner;
SELECT discard_parked(:rights, :p), count(*) FROM parked;
SELECT count(*) FROM parked;
ROLLBACK;
-- the draft of a role without the right does not hold the pruning up
SELECT change_number AS n2 FROM save_message(:rights, :id, :n1, '{"PR_SUBJECT": "park two"}') \gset
SELECT change_number AS n3 FROM save_message(:rights, :id, :n2, '{"PR_SUBJECT": "park three"}') \gset
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE store_id = :rights;
SELECT set_retention(:rights, NULL, 1);
BEGIN;
GRANT regress_park_owner TO regress_park_member;
SELECT pruned FROM msgstore_internal.prune_batch(:rights, 0, 1000);
ROLLBACK;
CALL prune_history(:rights);
-- the edits are there again with the right
GRANT regress_park_owner TO regress_park_member;
SET ROLE regress_park_member;
SELECT park(:h2) > 0 AS parked;
SELECT resume(:rights, :p) AS r \gset
SELECT get_props(:r, '{PR_SUBJECT}'), save_changes(:r), resolve_conflict(:r, 'KEEP_ORIGINAL');
SELECT count(close_object(handle)) FROM open_handles;
RESET ROLE;
-- nor does the draft of a role that was dropped; of a store whose owner was
-- dropped, superusers discard the drafts
DROP ROLE regress_park_member, regress_park_other;
SELECT count(*) FROM parked WHERE store_id = :rights;
DROP ROLE regress_park_owner;
SELECT role, discard_parked(store_id, parked_id) FROM parked WHERE store_id = :rights;
SELECT count(*) FROM parked WHERE store_id = :rights;
