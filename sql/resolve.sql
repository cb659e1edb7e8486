-- Conflicts are settled as the user chooses: the original is kept, overwritten (only
-- the version that was shown), saved elsewhere or merged; save_as() settles nothing.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('resolve') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset
SELECT special_folder(:store, 'Conflicts') AS conflicts \gset
SELECT create_store('resolve: another') AS another \gset

-- a new message for each case; its number; a save of another client
CREATE FUNCTION pg_temp.message(props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'resolve'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'resolve'),
        props) $$;
CREATE FUNCTION pg_temp.number(id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT change_number FROM message_list WHERE message_id = id
    AND store_id = (SELECT store_id FROM store_list WHERE name = 'resolve') $$;
CREATE FUNCTION pg_temp.other(id bigint, changes jsonb) RETURNS hresult LANGUAGE sql AS $$
    SELECT result FROM store_list, save_message(store_id, id, pg_temp.number(id), changes)
    WHERE name = 'resolve' $$;
-- Return where a handle stands: level, base against the newest number, edits.
CREATE FUNCTION pg_temp.state(h integer) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', 'level ' || access_level,
        CASE WHEN is_new THEN 'new'
             WHEN o.change_number = pg_temp.number(message_id) THEN 'current' ELSE 'stale' END,
        CASE WHEN has_edits THEN 'edits' END)
    FROM open_handles o WHERE handle = $1 $$;
CREATE FUNCTION pg_temp.shows(id bigint, OUT subject text, OUT body text, OUT comment text,
    OUT folder text, OUT kinds text[]) LANGUAGE sql AS $$
    SELECT p->>'PR_SUBJECT', p->>'PR_BODY', p->>'PR_COMMENT', name,
           ARRAY(SELECT kind FROM history(store_id, id))
    FROM message_list JOIN folder_list USING (store_id, folder_id), read_message(store_id, id) AS p
    WHERE message_id = id AND store_id = (SELECT store_id FROM store_list WHERE name = 'resolve') $$;
-- Return a handle with an edited body on a message whose subject others have saved.
CREATE FUNCTION pg_temp.conflicting(OUT id bigint, OUT h integer) LANGUAGE plpgsql AS $$
DECLARE
    store bigint := (SELECT store_id FROM store_list WHERE name = 'resolve');
BEGIN
    id := pg_temp.message('{"PR_SUBJECT": "old", "PR_BODY": "old", "PR_COMMENT": "old"}');
    h := open_message(store, id, 'MAPI_MODIFY');
    PERFORM set_props(h, '{"PR_BODY": "yours"}');
    PERFORM pg_temp.other(id, '{"PR_SUBJECT": "theirs"}');
END $$;

-- KEEP_ORIGINAL drops the edits; the handle stands on the newest version
SELECT * FROM pg_temp.conflicting() \gset
SELECT save_changes(:h), pg_temp.state(:h);
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL'), pg_temp.state(:h);
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY}'), pg_temp.shows(:id);
SELECT set_props(:h, '{"PR_BODY": "anew"}');
SELECT save_changes(:h), pg_temp.shows(:id);
-- neither a refusal nor a conflict need come first
SELECT set_props(:h, '{"PR_BODY": "dropped"}');
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL'), pg_temp.state(:h), pg_temp.shows(:id);
-- a read-only handle may keep the original
SELECT open_message(:store, :id) AS r \gset
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "later"}'), pg_temp.state(:r);
SELECT resolve_conflict(:r, 'KEEP_ORIGINAL'), pg_temp.state(:r), get_props(:r, '{PR_SUBJECT}');
-- KEEP_ORIGINAL is rolled back with its transaction
SELECT * FROM pg_temp.conflicting() \gset
BEGIN;
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL'), pg_temp.state(:h);
ROLLBACK;
SELECT pg_temp.state(:h), get_props(:h, '{PR_SUBJECT, PR_BODY}');

-- OVERWRITE writes all that the handle shows over the newest version
SELECT resolve_conflict(:h, 'OVERWRITE'), pg_temp.state(:h), pg_temp.shows(:id);
SELECT set_props(:h, '{"PR_BODY": "on it goes"}');
SELECT save_changes(:h), pg_temp.shows(:id);
-- with "seen", only over the version that the user was shown
SELECT * FROM pg_temp.conflicting() \gset
SELECT pg_temp.number(:id) AS seen \gset
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs, later"}');
SELECT resolve_conflict(:h, 'OVERWRITE', seen => :seen), pg_temp.state(:h), pg_temp.shows(:id);
SELECT resolve_conflict(:h, 'OVERWRITE', seen => :seen), pg_temp.state(:h);
SELECT resolve_conflict(:h, 'OVERWRITE', seen => 0), resolve_conflict(:h, 'OVERWRITE', seen => -1);
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY}');
SELECT DISTINCT change_number AS seen FROM conflict(:h) WHERE side = 'theirs' \gset
SELECT resolve_conflict(:h, 'OVERWRITE', seen => :seen), pg_temp.state(:h), pg_temp.shows(:id);
-- "seen" may be the handle's own base, if no other client has saved
SELECT set_props(:h, '{"PR_BODY": "mine"}');
SELECT resolve_conflict(:h, 'OVERWRITE', seen => pg_temp.number(:id)), pg_temp.shows(:id);
-- with nothing pending: nothing is written, the base moves
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS e \gset
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}'), pg_temp.state(:e);
SELECT resolve_conflict(:e, 'OVERWRITE', seen => pg_temp.number(:id)), pg_temp.state(:e), pg_temp.shows(:id);
-- a moved message is overwritten where it is now
SELECT * FROM pg_temp.conflicting() \gset
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT resolve_conflict(:h, 'OVERWRITE', seen => pg_temp.number(:id)), pg_temp.shows(:id);

-- SAVE_ELSEWHERE makes a new message with the whole view, in the store's folder for
-- conflicts; the original is as it was; the handle stands on the new message
SELECT * FROM pg_temp.conflicting() \gset
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}');
SELECT get_props(:h) AS view, md5(m::text) AS original FROM message AS m WHERE message_id = :id AND store_id = :store \gset
SELECT pg_temp.number(:id) AS n \gset
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE'), pg_temp.state(:h);
SELECT message_id(:h) AS copy \gset
SELECT :copy <> :id AS another, pg_temp.shows(:copy);
SELECT pg_temp.shows(:id), pg_temp.number(:id) = :n AS number, md5(m::text) = :'original' AS untouched
FROM message AS m WHERE message_id = :id AND store_id = :store;
SELECT read_message(:store, :copy)->'PR_CONFLICT_ENTRYID' = read_message(:store, :id)->'PR_ENTRYID' AS points_to_it,
       read_message(:store, :id) ? 'PR_CONFLICT_ENTRYID' AS and_back;
-- the copy differs from the view only in what each message has of its own
SELECT key, v.key IS NULL AS new, c.key IS NULL AS gone
FROM jsonb_each(:'view') AS v FULL JOIN jsonb_each(read_message(:store, :copy)) AS c USING (key)
WHERE v.value IS DISTINCT FROM c.value ORDER BY key;
SELECT set_props(:h, '{"PR_COMMENT": "of the copy"}');
SELECT save_changes(:h), pg_temp.state(:h), pg_temp.shows(:copy), pg_temp.number(:id) = :n AS untouched;
-- into a folder that the call names
SELECT * FROM pg_temp.conflicting() \gset
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE', :drafts), pg_temp.shows(message_id(:h)), pg_temp.shows(:id);
-- without a conflict too, and by a read-only handle
SELECT open_message(:store, :id) AS r \gset
SELECT resolve_conflict(:r, 'SAVE_ELSEWHERE', :drafts), pg_temp.state(:r), message_id(:r) <> :id AS another;
SELECT pg_temp.shows(message_id(:r));
-- after the original was deleted, softly or for good
SELECT * FROM pg_temp.conflicting() \gset
SELECT delete_messages(:store, ARRAY[:id]);
SELECT save_changes(:h), force_save(:h);
SELECT resolve_conflict(:h, 'OVERWRITE'), resolve_conflict(:h, 'MERGE'), resolve_conflict(:h, 'KEEP_ORIGINAL');
SELECT get_props(:h, '{PR_ENTRYID}')->'PR_ENTRYID' AS entryid \gset
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE'), pg_temp.state(:h), pg_temp.shows(message_id(:h));
SELECT get_props(:h, '{PR_CONFLICT_ENTRYID}')->'PR_CONFLICT_ENTRYID' = :'entryid' AS points_to_it;
SELECT count(*) FROM message_list WHERE message_id = :id AND store_id = :store;
SELECT * FROM pg_temp.conflicting() \gset
SELECT get_props(:h) AS view \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT save_changes(:h), force_save(:h);
SELECT resolve_conflict(:h, 'OVERWRITE'), resolve_conflict(:h, 'MERGE'), resolve_conflict(:h, 'KEEP_ORIGINAL');
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE'), pg_temp.state(:h), pg_temp.shows(message_id(:h));
SELECT get_props(:h, '{PR_CONFLICT_ENTRYID}')->'PR_CONFLICT_ENTRYID' = :'view'::jsonb->'PR_ENTRYID' AS points_to_it;
SELECT key, v.key IS NULL AS new, c.key IS NULL AS gone
FROM jsonb_each(:'view') AS v FULL JOIN jsonb_each(get_props(:h)) AS c USING (key)
WHERE v.value IS DISTINCT FROM c.value ORDER BY key;
-- every part of a message is copied, from a base that is no longer the newest
SELECT pg_temp.message(jsonb_build_object('PR_SUBJECT', 'large', 'PR_HTML', 'PGI+', 'PR_BODY', repeat('body ', 20000),
    'PR_RTF_COMPRESSED', 'e1xydGYxfQ==', 'PR_TRANSPORT_MESSAGE_HEADERS', repeat('X: y', 5000), '0x4F00001F', 'tag',
    'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]'::jsonb)) AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "large, yours"}');
SELECT pg_temp.other(:id, '{"PR_BODY": "small", "PR_TRANSPORT_MESSAGE_HEADERS": null, "0x4F00001F": null, "PR_MESSAGE_RECIPIENTS": null}');
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE');
VACUUM FULL change;
SELECT p->>'PR_SUBJECT' AS subject, p->'PR_HTML' AS html, p->>'PR_BODY' = repeat('body ', 20000) AS body, p->'PR_RTF_COMPRESSED' AS rtf,
       p->>'PR_TRANSPORT_MESSAGE_HEADERS' = repeat('X: y', 5000) AS headers, p->'0x4F00001F' AS tag, p->'PR_DISPLAY_TO' AS "to"
FROM read_message(:store, message_id(:h)) AS p;
-- a copy of a copy points to the copy
SELECT message_id(:h) AS copy \gset
SELECT set_props(:h, '{"PR_COMMENT": "again"}');
SELECT pg_temp.other(:copy, '{"PR_SUBJECT": "theirs"}');
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE');
SELECT read_message(:store, message_id(:h))->'PR_CONFLICT_ENTRYID' = read_message(:store, :copy)->'PR_ENTRYID' AS points_to_copy;
-- SAVE_ELSEWHERE is rolled back with its transaction: no copy, the handle as it was
SELECT * FROM pg_temp.conflicting() \gset
SELECT count(*) AS messages FROM message_list \gset
BEGIN;
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE'), message_id(:h) = :id AS same;
ROLLBACK;
SELECT message_id(:h) = :id AS same, pg_temp.state(:h), count(*) = :messages AS no_copy FROM message_list;
-- a folder of another store, and an unknown one
-- fail
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE', special_folder(:another, 'Inbox'));
-- fail
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE', 0);
SELECT message_id(:h) = :id AS same, pg_temp.state(:h), count(*) = :messages AS no_copy FROM message_list;
-- a new message whose folder is gone
SELECT create_folder(:store, NULL, 'to be removed') AS gone \gset
SELECT create_message(:store, :gone) AS new \gset
SELECT set_props(:new, '{"PR_SUBJECT": "homeless", "PR_CREATION_TIME": "2001-01-01T00:00:00Z"}');
DELETE FROM folder WHERE folder_id = :gone AND store_id = :store;
SELECT save_changes(:new), force_save(:new), pg_temp.state(:new);
SELECT resolve_conflict(:new, 'SAVE_ELSEWHERE'), pg_temp.state(:new), pg_temp.shows(message_id(:new));
SELECT get_props(:new, '{PR_CREATION_TIME, PR_CONFLICT_ENTRYID}');
-- fail: a new message has no original to keep
SELECT create_message(:store, :inbox) AS new \gset
-- fail
SELECT resolve_conflict(:new, 'KEEP_ORIGINAL');
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- MERGE: the subject is theirs, the body yours; a new read has both
SELECT * FROM pg_temp.conflicting() \gset
SELECT save_changes(:h), resolve_conflict(:h, 'MERGE'), pg_temp.state(:h), pg_temp.shows(:id);
SELECT kind, properties FROM history(:store, :id) WHERE kind = 'merge';
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY}');
SELECT set_props(:h, '{"PR_BODY": "and on"}');
SELECT save_changes(:h), pg_temp.shows(:id);
-- over any number of saves, with parts of all kinds, moved meanwhile
SELECT pg_temp.message('{"PR_SUBJECT": "old", "PR_BODY": "old", "PR_COMMENT": "old", "PR_IMPORTANCE": 0, "PR_SENDER_NAME": "old",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}], "PR_TRANSPORT_MESSAGE_HEADERS": "X: old"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT set_props(:h, '{"PR_BODY": "yours", "PR_IMPORTANCE": 2, "PR_COMMENT": null, "0x4F00001F": "yours"}');
SELECT set_props(:h2, '{"PR_MESSAGE_RECIPIENTS": null, "PR_SUBJECT": "yours, too"}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}'), pg_temp.other(:id, '{"PR_SENDER_NAME": null, "PR_TRANSPORT_MESSAGE_HEADERS": null}'),
       move_messages(:store, ARRAY[:id], :drafts), pg_temp.other(:id, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 1}], "0x4F01001F": "theirs"}');
SELECT resolve_conflict(:h, 'MERGE'), pg_temp.state(:h), pg_temp.shows(:id);
SELECT read_message(:store, :id, '{PR_IMPORTANCE, PR_SENDER_NAME, PR_COMMENT, PR_DISPLAY_TO, PR_TRANSPORT_MESSAGE_HEADERS, 0x4F00001F, 0x4F01001F}');
-- a property that both changed to different values stays a conflict; nothing is stored
SELECT resolve_conflict(:h2, 'MERGE'), pg_temp.state(:h2), pg_temp.shows(:id);
SELECT resolve_conflict(:h2, 'MERGE'), has_edits FROM open_handles WHERE handle = :h2;
SELECT * FROM pg_temp.conflicting() \gset
SELECT set_props(:h, '{"PR_SUBJECT": "yours"}');
SELECT resolve_conflict(:h, 'MERGE'), pg_temp.state(:h), pg_temp.shows(:id);
-- a property that both changed to one value is no conflict
SELECT set_props(:h, '{"PR_SUBJECT": "theirs"}');
SELECT resolve_conflict(:h, 'MERGE'), pg_temp.state(:h), pg_temp.shows(:id);
-- nor is one that both deleted; deleted by one and changed by the other is a conflict
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT delete_props(:h, '{PR_COMMENT}'), set_props(:h2, '{"PR_COMMENT": "yours"}');
SELECT pg_temp.other(:id, '{"PR_COMMENT": null}');
SELECT resolve_conflict(:h2, 'MERGE'), resolve_conflict(:h, 'MERGE'), pg_temp.shows(:id);
-- the body is one unit, whichever of its forms was edited
SELECT pg_temp.message('{"PR_BODY": "old"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS h2,
       open_message(:store, :id, 'MAPI_MODIFY') AS h3, open_message(:store, :id, 'MAPI_MODIFY') AS h4 \gset
SELECT set_props(:h, '{"PR_BODY": "yours"}'), set_props(:h2, '{"PR_HTML": null}'), set_props(:h3, '{"PR_HTML": "PGI+"}'),
       set_props(:h4, '{"PR_BODY": "old"}');
SELECT pg_temp.other(:id, '{"PR_HTML": "PGI+"}');
SELECT resolve_conflict(:h, 'MERGE') AS text, resolve_conflict(:h2, 'MERGE') AS html_deleted,
       resolve_conflict(:h4, 'MERGE') AS old_text, resolve_conflict(:h3, 'MERGE') AS same_html;
SELECT read_message(:store, :id, '{PR_BODY, PR_HTML}');
-- recipients merge row by row; two equal lists are no conflict
SELECT pg_temp.message('{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 1}]}'),
       set_props(:h2, '{"PR_MESSAGE_RECIPIENTS": [{"PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": "Cid"}]}');
SELECT pg_temp.other(:id, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Cid", "PR_RECIPIENT_TYPE": 1}]}');
SELECT resolve_conflict(:h, 'MERGE') AS bob, resolve_conflict(:h2, 'MERGE') AS cid;
SELECT read_message(:store, :id, '{PR_DISPLAY_TO}');
-- without others' changes a merge is a save; without edits the base moves
SELECT set_props(:h2, '{"PR_SUBJECT": "alone"}');
SELECT resolve_conflict(:h2, 'MERGE'), pg_temp.state(:h2), pg_temp.shows(:id);
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}');
SELECT resolve_conflict(:h2, 'MERGE'), pg_temp.state(:h2), pg_temp.shows(:id);
-- deleted and restored meanwhile: the message stands where it was, with the edits
SELECT * FROM pg_temp.conflicting() \gset
SELECT delete_messages(:store, ARRAY[:id]), restore_messages(:store, ARRAY[:id]);
SELECT save_changes(:h), resolve_conflict(:h, 'MERGE'), pg_temp.shows(:id);

-- choices that write need a writable handle: a read-only one gets NO_ACCESS
SELECT open_message(:store, :id) AS r \gset
SELECT resolve_conflict(:r, 'OVERWRITE'), resolve_conflict(:r, 'MERGE'), pg_temp.state(:r);
-- and a role that still has the right
CREATE ROLE regress_resolve_member;
CREATE ROLE regress_resolve_team;
GRANT regress_resolve_team TO regress_resolve_member;
SELECT create_store('resolve: of a team', 'regress_resolve_team') AS team \gset
SET ROLE regress_resolve_member;
SELECT message_id AS tid, change_number AS tn FROM save_new_message(:team, special_folder(:team, 'Inbox'), '{"PR_SUBJECT": "old"}') \gset
SELECT open_message(:team, :tid, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_COMMENT": "mine"}');
RESET ROLE;
REVOKE regress_resolve_team FROM regress_resolve_member;
SET ROLE regress_resolve_member;
SELECT choice, resolve_conflict(:h, choice), has_edits
FROM unnest('{KEEP_ORIGINAL, OVERWRITE, MERGE, SAVE_ELSEWHERE}'::text[]) AS choice, open_handles WHERE handle = :h;
-- fail
SELECT resolve_conflict(:team, :tid, :tn, '{}', 'OVERWRITE');
-- fail
SELECT save_as(:h, 1);
RESET ROLE;
GRANT regress_resolve_team TO regress_resolve_member;
SET ROLE regress_resolve_member;
SELECT resolve_conflict(:h, 'MERGE'), close_object(:h);
RESET ROLE;
DROP ROLE regress_resolve_member, regress_resolve_team;
-- nothing is written in a read-only transaction
SELECT * FROM pg_temp.conflicting() \gset
BEGIN READ ONLY;
SAVEPOINT s;
-- fail
SELECT resolve_conflict(:h, 'OVERWRITE');
ROLLBACK TO s;
-- fail
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE');
ROLLBACK TO s;
-- fail
SELECT save_as(:h, :inbox);
ROLLBACK TO s;
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL'), pg_temp.state(:h);
ROLLBACK;
SELECT pg_temp.state(:h);

-- wrong arguments
-- fail
SELECT resolve_conflict(:h, 'FORCE');
-- fail
SELECT resolve_conflict(:h, 'merge');
-- fail
SELECT resolve_conflict(:h, '');
-- fail
SELECT resolve_conflict(:h, NULL);
-- fail
SELECT resolve_conflict(NULL, 'MERGE');
-- fail
SELECT resolve_conflict(0, 'MERGE');
-- fail
SELECT resolve_conflict(:h, 'MERGE', :drafts);
-- fail
SELECT resolve_conflict(:h, 'OVERWRITE', :drafts);
-- fail
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL', :drafts);
-- fail
SELECT resolve_conflict(:h, 'MERGE', seen => 1);
-- fail
SELECT resolve_conflict(:h, 'KEEP_ORIGINAL', seen => 1);
-- fail
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE', seen => 1);
SELECT pg_temp.state(:h), get_props(:h, '{PR_BODY}');

-- save_as() makes a copy with the whole view; original and handle stay as they are
SELECT pg_temp.number(:id) AS n, get_props(:h) AS view \gset
SELECT save_as(:h, :drafts) AS copy \gset
SELECT pg_temp.state(:h), message_id(:h) = :id AS same, pg_temp.number(:id) = :n AS untouched, pg_temp.shows(:copy), pg_temp.shows(:id);
SELECT key, v.key IS NULL AS new, c.key IS NULL AS gone
FROM jsonb_each(:'view') AS v FULL JOIN jsonb_each(read_message(:store, :copy)) AS c USING (key)
WHERE v.value IS DISTINCT FROM c.value ORDER BY key;
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT force_save(:h), pg_temp.shows(save_as(:h, :inbox)), pg_temp.state(:h);
SELECT create_message(:store, :inbox) AS new \gset
SELECT set_props(:new, '{"PR_SUBJECT": "draft"}');
SELECT save_as(:new, :drafts) AS copy \gset
SELECT :copy <> message_id(:new) AS another, pg_temp.state(:new), pg_temp.shows(:copy);
SELECT save_changes(:new), pg_temp.shows(message_id(:new));
-- fail
SELECT save_as(:new, NULL);
-- fail
SELECT save_as(NULL, :drafts);
-- fail
SELECT save_as(0, :drafts);
-- fail
SELECT save_as(:new, 0);
-- fail
SELECT save_as(:new, special_folder(:another, 'Inbox'));
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- without a handle: equal answers for the same base and changes
CREATE FUNCTION pg_temp.settle(choice text, changes jsonb, seen text DEFAULT NULL, folder bigint DEFAULT NULL,
    OUT result hresult, OUT message text, OUT number text, OUT subject text, OUT body text, OUT history text[]) LANGUAGE plpgsql AS $$
DECLARE
    store bigint := (SELECT store_id FROM store_list WHERE name = 'resolve');
    id bigint := pg_temp.message('{"PR_SUBJECT": "old", "PR_BODY": "old"}');
    base bigint := pg_temp.number(id);
    r record;
BEGIN
    PERFORM pg_temp.other(id, '{"PR_SUBJECT": "theirs"}');
    SELECT * INTO r FROM resolve_conflict(store, id, base, changes, choice, folder,
        CASE seen WHEN 'current' THEN pg_temp.number(id) WHEN 'base' THEN base END);
    result := r.result;
    message := CASE WHEN r.message_id = id THEN 'same'
        ELSE (SELECT name FROM message_list JOIN folder_list USING (store_id, folder_id)
              WHERE message_id = r.message_id AND store_id = store) END;
    number := CASE WHEN r.change_number = pg_temp.number(r.message_id) THEN 'current' ELSE r.change_number::text END;
    SELECT p->>'PR_SUBJECT', p->>'PR_BODY' INTO subject, body FROM read_message(store, r.message_id) AS p;
    history := ARRAY(SELECT h.kind FROM history(store, r.message_id) AS h);
END $$;
SELECT choice, pg_temp.settle(choice, '{"PR_BODY": "yours"}')
FROM unnest('{KEEP_ORIGINAL, OVERWRITE, MERGE, SAVE_ELSEWHERE}'::text[]) AS choice;
SELECT pg_temp.settle('MERGE', '{"PR_SUBJECT": "yours"}');
SELECT pg_temp.settle('MERGE', '{}');
SELECT seen, pg_temp.settle('OVERWRITE', '{"PR_BODY": "yours"}', seen) FROM unnest('{base, current}'::text[]) AS seen;
SELECT pg_temp.settle('SAVE_ELSEWHERE', '{"PR_BODY": "yours"}', NULL, :drafts);
-- of a message that was deleted
SELECT pg_temp.message('{"PR_SUBJECT": "old"}') AS id \gset
SELECT pg_temp.number(:id) AS n \gset
SELECT delete_messages(:store, ARRAY[:id]);
SELECT choice, r.result, r.message_id = :id AS same
FROM unnest('{KEEP_ORIGINAL, OVERWRITE, MERGE, SAVE_ELSEWHERE}'::text[]) AS choice,
     resolve_conflict(:store, :id, :n, '{"PR_BODY": "yours"}', choice) AS r;
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT choice, r.result, r.message_id = :id AS same
FROM unnest('{KEEP_ORIGINAL, OVERWRITE, MERGE, SAVE_ELSEWHERE}'::text[]) AS choice,
     resolve_conflict(:store, :id, :n, '{"PR_BODY": "yours"}', choice) AS r;
-- fail: no such message, also with nothing to do
SELECT * FROM resolve_conflict(:store, 0, :n, '{}', 'KEEP_ORIGINAL');
-- fail
SELECT * FROM resolve_conflict(:store, 0, :n, '{}', 'OVERWRITE');
-- fail
SELECT * FROM resolve_conflict(:store, 0, :n, '{}', 'SAVE_ELSEWHERE');
-- fail: every NULL, and what does not go together
SELECT * FROM resolve_conflict(NULL, :id, :n, '{}', 'MERGE');
-- fail
SELECT * FROM resolve_conflict(:store, NULL, :n, '{}', 'MERGE');
-- fail
SELECT * FROM resolve_conflict(:store, :id, NULL, '{}', 'MERGE');
-- fail
SELECT * FROM resolve_conflict(:store, :id, :n, NULL, 'MERGE');
-- fail
SELECT * FROM resolve_conflict(:store, :id, :n, '{}', NULL);
-- fail
SELECT * FROM resolve_conflict(:store, :id, :n, '{}', 'MERGE', :drafts);
-- fail
SELECT * FROM resolve_conflict(:store, :id, :n, '{}', 'MERGE', NULL, :n);
-- fail: a patch that no save accepts
SELECT * FROM resolve_conflict(:store, :id, :n, '{"PR_ENTRYID": "AAAA"}', 'MERGE');

-- a base that never was a version of the message: only KEEP_ORIGINAL works
SELECT pg_temp.message('{"PR_SUBJECT": "old"}') AS id \gset
SELECT choice, r.result, r.message_id = :id AS same, r.change_number = pg_temp.number(:id) AS current
FROM unnest('{KEEP_ORIGINAL, OVERWRITE, MERGE}'::text[]) AS choice,
     resolve_conflict(:store, :id, 1, '{"PR_BODY": "yours"}', choice) AS r;
SELECT r.result FROM resolve_conflict(:store, :id, 1, '{"PR_BODY": "yours"}', 'OVERWRITE', seen => pg_temp.number(:id)) AS r;
-- fail
SELECT * FROM resolve_conflict(:store, :id, 1, '{"PR_BODY": "yours"}', 'SAVE_ELSEWHERE');
SELECT pg_temp.shows(:id);

-- a merged version: the history has the authors of both sides
SET msgstore.actor = 'ann';
SELECT pg_temp.message('{"PR_SUBJECT": "s", "PR_BODY": "b"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS theirs, open_message(:store, :id, 'MAPI_MODIFY') AS yours \gset
SELECT set_props(:theirs, '{"PR_SUBJECT": "by ann", "PR_IMPORTANCE": 2}'), save_changes(:theirs);
SET msgstore.actor = 'bob';
SELECT set_props(:theirs, '{"PR_SUBJECT": "by bob"}'), save_changes(:theirs);
SET msgstore.actor = 'cid';
SELECT set_props(:yours, '{"PR_BODY": "by cid"}'), resolve_conflict(:yours, 'MERGE');
RESET msgstore.actor;
SELECT r.property, r.side, r.changed_by FROM history(:store, :id) h, merge_report(:store, :id, h.change_number) r;
SELECT count(*) FROM history(:store, :id) h, merge_report(:store, :id, h.change_number) WHERE h.kind <> 'merge';
