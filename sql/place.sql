-- Deleting, restoring and moving messages: each call answers for all of its messages,
-- is a version of the history, and is a conflict to every handle open meanwhile.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
SELECT create_store('place') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset
SELECT create_store('place: another') AS another \gset

CREATE FUNCTION pg_temp.message(subject text) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'place'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'place'),
        jsonb_build_object('PR_SUBJECT', subject, 'PR_BODY', 'body')) $$;
-- Return where a message stands, as every caller sees it, and its history.
CREATE FUNCTION pg_temp.place(id bigint, OUT folder text, OUT subject text, OUT deleted boolean, OUT kinds text)
LANGUAGE sql AS $$
    SELECT (SELECT f.name FROM message_list AS m JOIN folder_list AS f USING (store_id, folder_id)
            WHERE m.message_id = id AND m.store_id = s.store_id),
           (SELECT m.subject FROM message_list AS m WHERE m.message_id = id AND m.store_id = s.store_id),
           (SELECT deleted_at IS NOT NULL FROM message AS m WHERE m.message_id = id AND m.store_id = s.store_id),
           (SELECT string_agg(kind, ' ') FROM history(s.store_id, id))
    FROM store_list AS s WHERE name = 'place' $$;
CREATE FUNCTION pg_temp.number(id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT change_number FROM message WHERE message_id = id
    AND store_id = (SELECT store_id FROM store_list WHERE name = 'place') $$;
-- an edited handle, and what its saves answer
CREATE FUNCTION pg_temp.opened(id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    h integer := open_message((SELECT store_id FROM store_list WHERE name = 'place'), id, 'MAPI_MODIFY');
BEGIN
    PERFORM set_props(h, '{"PR_SUBJECT": "edited"}');
    RETURN h;
END $$;

-- deleted softly: not listed and not opened, but there
SELECT pg_temp.message('soft') AS id \gset
SELECT pg_temp.number(:id) AS n1, md5((props, body, created_at)::text) AS content FROM message
WHERE store_id = :store AND message_id = :id \gset
SELECT delete_messages(:store, ARRAY[:id]), pg_temp.place(:id);
SELECT pg_temp.number(:id) > :n1 AS newer FROM message WHERE store_id = :store AND message_id = :id;
-- fail
SELECT open_message(:store, :id);
-- fail
SELECT read_message(:store, :id);
SELECT open_message(:store, :id, 'MAPI_BEST_ACCESS|SHOW_SOFT_DELETES') AS h \gset
SELECT p->'PR_SUBJECT' AS subject, p->'PR_ACCESS_LEVEL' AS level, p ? 'PR_DELETED_ON' AS deleted,
       (p->>'PR_DELETED_ON')::timestamptz BETWEEN :'began' AND clock_timestamp() AS just_now
FROM get_props(:h) AS p;
SELECT save_changes(:h), force_save(:h);
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "edited"}');
-- a second soft deletion finds no message
SELECT delete_messages(:store, ARRAY[:id]), pg_temp.place(:id);
-- nor do a move and a save
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT result, change_number = pg_temp.number(:id) AS current FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "x"}');
SELECT result FROM save_message(:store, :id, pg_temp.number(:id), '{"PR_SUBJECT": "x"}', 'FORCE_SAVE');
SELECT result FROM restore_version(:store, :id, :n1, pg_temp.number(:id));
-- restored: as it was, under a new number
SELECT restore_messages(:store, ARRAY[:id]), pg_temp.place(:id);
SELECT md5((props, body, created_at)::text) = :'content' AS as_it_was, read_message(:store, :id) ? 'PR_DELETED_ON' AS deleted
FROM message WHERE store_id = :store AND message_id = :id;
SELECT restore_messages(:store, ARRAY[:id]), pg_temp.place(:id);
SELECT refresh(:h), get_props(:h, '{PR_DELETED_ON, PR_SUBJECT}');
-- each of these is a version, with author, time and base
SET msgstore.actor = 'ann@example.org';
SET application_name = 'regress place';
SELECT delete_messages(:store, ARRAY[:id]), restore_messages(:store, ARRAY[:id]), move_messages(:store, ARRAY[:id], :drafts);
RESET msgstore.actor;
RESET application_name;
SELECT kind, properties, changed_by, client, previous = lag(change_number) OVER o AS follows,
       base_change_number = previous AS base, changed_at >= lag(changed_at) OVER o AS in_order
FROM history(:store, :id) WINDOW o AS (ORDER BY change_number);
SELECT message_at(:store, :id, change_number) ? 'PR_DELETED_ON' AS deleted, kind FROM history(:store, :id);
SELECT close_object(:h);

-- deleted for good: the row is gone, its history and versions are not
SELECT pg_temp.message('hard') AS id \gset
SELECT pg_temp.number(:id) AS n1, read_message(:store, :id) AS shown \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), pg_temp.place(:id);
SELECT count(*) FROM message WHERE store_id = :store AND message_id = :id;
-- fail
SELECT open_message(:store, :id, 'SHOW_SOFT_DELETES');
-- fail
SELECT read_message(:store, :id);
SELECT restore_messages(:store, ARRAY[:id]), delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'),
       move_messages(:store, ARRAY[:id], :drafts);
SELECT result, change_number FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "x"}', 'FORCE_SAVE');
SELECT result, change_number FROM restore_version(:store, :id, :n1, :n1);
SELECT message_at(:store, :id, :n1) = :'shown'::jsonb AS as_it_was;
SELECT kind, properties, previous = :n1 AS over, base_change_number = :n1 AS base FROM history(:store, :id) WHERE kind = 'hard delete';
-- so it is from the soft state
SELECT pg_temp.message('soft, then hard') AS id \gset
SELECT delete_messages(:store, ARRAY[:id]), delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), pg_temp.place(:id);
-- neither its id nor its numbers are given again
SELECT :id < pg_temp.message('next') AS later_id, (SELECT max(change_number) FROM history(:store, :id)) < pg_temp.number(pg_temp.message('next')) AS later_number;

-- moved: the id stays, the number is new
SELECT pg_temp.message('move') AS id \gset
SELECT pg_temp.number(:id) AS n1 \gset
SELECT move_messages(:store, ARRAY[:id], :drafts), pg_temp.place(:id), pg_temp.number(:id) > :n1 AS newer;
SELECT create_message(:store, :drafts) AS d, create_message(:store, :inbox) AS i \gset
SELECT read_message(:store, :id)->'PR_PARENT_ENTRYID' = get_props(:d)->'PR_PARENT_ENTRYID' AS parent,
       message_at(:store, :id, :n1)->'PR_PARENT_ENTRYID' = get_props(:i)->'PR_PARENT_ENTRYID' AS parent_then;
-- moved to where it is: nothing happens
SELECT move_messages(:store, ARRAY[:id], :drafts), pg_temp.place(:id);
-- fail: an unknown folder, one of another store, and NULL
SELECT move_messages(:store, ARRAY[:id], 0);
-- fail
SELECT move_messages(:store, ARRAY[:id], special_folder(:another, 'Inbox'));
-- fail
SELECT move_messages(:store, ARRAY[:id], NULL);
SELECT pg_temp.place(:id);

-- several at once: those that exist are done, and a missing one is reported
SELECT pg_temp.message('a') AS a, pg_temp.message('b') AS b, pg_temp.message('c') AS c \gset
SELECT move_messages(:store, ARRAY[:b, :a, :c, :a], :drafts), pg_temp.place(:a), pg_temp.place(:b);
SELECT delete_messages(:store, ARRAY[:a, 0]), pg_temp.place(:a);
SELECT move_messages(:store, ARRAY[0, :a, :b, -1], :inbox), pg_temp.place(:a), pg_temp.place(:b);
SELECT restore_messages(:store, ARRAY[:a, :b]), pg_temp.place(:a), pg_temp.place(:b);
SELECT delete_messages(:store, ARRAY[:b, :a, :b, :id, :c], 'DELETE_HARD_DELETE'), delete_messages(:store, ARRAY[:a, :b]);
SELECT delete_messages(:store, ARRAY[0]), restore_messages(:store, ARRAY[0]), move_messages(:store, ARRAY[0], :drafts);
SELECT delete_messages(:store, '{}'), restore_messages(:store, '{}'), move_messages(:store, '{}', :drafts);
SELECT succeeded(delete_messages(:store, ARRAY[pg_temp.message('d'), 0]));
-- a message of another store is not found
SELECT message_id AS other FROM save_new_message(:another, special_folder(:another, 'Inbox'), '{"PR_SUBJECT": "other"}') \gset
SELECT delete_messages(:store, ARRAY[:other], 'DELETE_HARD_DELETE'), count(*) FROM message_list WHERE message_id = :other AND store_id = :another;

-- with a number: done only if that still is the newest
SELECT pg_temp.message('if') AS id \gset
SELECT pg_temp.number(:id) AS n1 \gset
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "moved on"}');
SELECT delete_messages(:store, ARRAY[:id], if_change_number => :n1),
       delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE', :n1),
       move_messages(:store, ARRAY[:id], :drafts, :n1), pg_temp.place(:id);
SELECT move_messages(:store, ARRAY[:id], :drafts, pg_temp.number(:id)), pg_temp.place(:id);
SELECT delete_messages(:store, ARRAY[:id, :id], if_change_number => pg_temp.number(:id)), pg_temp.place(:id);
SELECT delete_messages(:store, ARRAY[:id], if_change_number => :n1), delete_messages(:store, ARRAY[0], if_change_number => :n1);
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE', :n1), delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE', pg_temp.number(:id));
-- fail: a number goes with one message only
SELECT delete_messages(:store, ARRAY[1, 2], if_change_number => 1);
-- fail
SELECT move_messages(:store, '{}', :drafts, 1);

-- unknown flags: nothing is done
SELECT pg_temp.message('flags') AS id \gset
SELECT flags::delete_flags, delete_messages(:store, ARRAY[:id], flags::delete_flags), pg_temp.place(:id)
FROM unnest(ARRAY[1, 8, 17, -1]) AS flags;
SELECT delete_messages(:store, ARRAY[:id], 16), pg_temp.place(:id);
-- fail: an unknown name of a flag
SELECT delete_messages(:store, ARRAY[1], 'SHIFT_DELETE');
-- fail: every NULL
SELECT delete_messages(NULL, '{}');
-- fail
SELECT delete_messages(:store, NULL);
-- fail
SELECT delete_messages(:store, '{1,NULL}');
-- fail
SELECT delete_messages(:store, '{}', NULL);
-- fail
SELECT restore_messages(NULL, '{}');
-- fail
SELECT restore_messages(:store, NULL);
-- fail
SELECT restore_messages(:store, '{NULL}');
-- fail
SELECT move_messages(NULL, '{}', :drafts);
-- fail
SELECT move_messages(:store, NULL, :drafts);
-- fail
SELECT move_messages(:store, '{NULL}', :drafts);
-- fail: no such store
SELECT delete_messages(0, '{}');
-- fail
SELECT restore_messages(0, '{}');
-- fail
SELECT move_messages(0, '{}', :drafts);
-- fail: in a transaction that may not write
BEGIN READ ONLY;
SELECT delete_messages(:store, '{}');
ROLLBACK;
-- fail: by a role that may not use the store
CREATE ROLE regress_place;
SET ROLE regress_place;
SELECT delete_messages(:store, '{}');
-- fail
SELECT restore_messages(:store, '{}');
-- fail
SELECT move_messages(:store, '{}', :drafts);
RESET ROLE;
DROP ROLE regress_place;

-- a handle open meanwhile. Moved: OBJECT_CHANGED; a force writes it where it is now
SELECT pg_temp.message('open') AS id \gset
SELECT pg_temp.opened(:id) AS h \gset
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT save_changes(:h), force_save(:h), pg_temp.place(:id);
-- moved, with nothing pending: OBJECT_CHANGED; a force writes nothing
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS e \gset
SELECT move_messages(:store, ARRAY[:id], :inbox);
SELECT save_changes(:e), force_save(:e), save_changes(:e), pg_temp.place(:id);
-- moved away and back: OBJECT_CHANGED
SELECT pg_temp.opened(:id) AS h \gset
SELECT move_messages(:store, ARRAY[:id], :drafts), move_messages(:store, ARRAY[:id], :inbox), save_changes(:h);
-- the handle shows the folder of its base
SELECT get_props(:h, '{PR_PARENT_ENTRYID}') = get_props(pg_temp.opened(:id), '{PR_PARENT_ENTRYID}') AS parent;
-- deleted: no save brings it back, forced or not; the edits stay
SELECT pg_temp.message('open') AS id \gset
SELECT pg_temp.opened(:id) AS h, open_message(:store, :id, 'MAPI_MODIFY') AS e, open_message(:store, :id) AS r \gset
SELECT delete_messages(:store, ARRAY[:id]);
SELECT save_changes(:h), force_save(:h), save_changes(:h, 'FORCE_SAVE|KEEP_OPEN_READWRITE'), save_changes(:e), force_save(:e), save_changes(:r);
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_DELETED_ON}'), has_edits, access_level, pg_temp.place(:id) FROM open_handles WHERE handle = :h;
-- fail
SELECT refresh(:h);
-- restored: OBJECT_CHANGED, and a force works again
SELECT restore_messages(:store, ARRAY[:id]);
SELECT save_changes(:h), save_changes(:e), force_save(:h), pg_temp.place(:id);
SELECT save_changes(:e), refresh(:e), save_changes(:e);
-- deleted for good: refused likewise, and there is no way back
SELECT pg_temp.opened(:id) AS h, open_message(:store, :id, 'MAPI_MODIFY') AS e, open_message(:store, :id) AS r \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT save_changes(:h), force_save(:h), save_changes(:e), force_save(:e), save_changes(:r);
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_DELETED_ON}'), get_props(:r, '{PR_SUBJECT, PR_BODY, PR_DELETED_ON}'), has_edits, pg_temp.place(:id)
FROM open_handles WHERE handle = :h;
-- fail
SELECT refresh(:h);
-- fail
SELECT refresh(:r);
SELECT count(*) FROM message WHERE store_id = :store AND message_id = :id;
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- each of these calls follows its transaction
SELECT pg_temp.message('transaction') AS id \gset
SELECT pg_temp.opened(:id) AS h \gset
BEGIN;
SELECT delete_messages(:store, ARRAY[:id]), save_changes(:h);
SAVEPOINT s;
SELECT restore_messages(:store, ARRAY[:id]), move_messages(:store, ARRAY[:id], :drafts), save_changes(:h);
ROLLBACK TO s;
SELECT save_changes(:h);
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), save_changes(:h), pg_temp.place(:id);
ROLLBACK;
SELECT pg_temp.place(:id), save_changes(:h), pg_temp.place(:id);
-- several calls in one statement see each other
SELECT move_messages(:store, ARRAY[:id], :drafts), delete_messages(:store, ARRAY[:id]), restore_messages(:store, ARRAY[:id]),
       delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), delete_messages(:store, ARRAY[:id]), pg_temp.place(:id);
-- a message that another table refers to is not deleted for good
SELECT pg_temp.message('referred to') AS id \gset
CREATE TABLE public.regress_place_ref (s bigint, m bigint, FOREIGN KEY (s, m) REFERENCES message);
INSERT INTO public.regress_place_ref VALUES (:store, :id);
-- fail
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT delete_messages(:store, ARRAY[:id]), pg_temp.place(:id);
DROP TABLE public.regress_place_ref;
-- many at once
SELECT delete_messages(:store, array_agg(pg_temp.message('many'))) FROM generate_series(1, 300);
SELECT count(*) FROM message_list WHERE store_id = :store AND subject = 'many';
SELECT restore_messages(:store, array_agg(message_id ORDER BY random())) FROM message WHERE store_id = :store AND props->>'PR_SUBJECT' = 'many';
SELECT count(*) FROM message_list WHERE store_id = :store AND subject = 'many';
