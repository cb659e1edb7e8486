-- Older versions: message_at() shows what was recorded when each version was made;
-- restore_version() goes back to one as an ordinary save; pruning respects its limits.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('versions') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset

-- each version as it was read when it was the newest
CREATE TEMPORARY TABLE version (message bigint, number bigint, shown jsonb, kind text);
CREATE FUNCTION pg_temp.random(seed text) RETURNS integer LANGUAGE sql AS $$
    SELECT ('x' || substr(md5(seed), 1, 6))::bit(24)::integer $$;
CREATE FUNCTION pg_temp.patch(seed text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    names text[] := '{PR_SUBJECT, PR_COMMENT, PR_SENDER_NAME, 0x4F00001F, PR_IMPORTANCE,
        PR_READ_RECEIPT_REQUESTED, PR_CLIENT_SUBMIT_TIME, PR_MESSAGE_RECIPIENTS, PR_BODY, PR_HTML,
        PR_RTF_COMPRESSED, PR_TRANSPORT_MESSAGE_HEADERS}';
    patch jsonb := '{}';
    name text;
    r integer;
BEGIN
    FOR i IN 0 .. pg_temp.random(seed) % 4 LOOP
        r := pg_temp.random(seed || '.' || i);
        name := names[1 + r % array_length(names, 1)];
        patch := patch || jsonb_build_object(name, CASE
            WHEN r / 4096 % 6 = 0 THEN 'null'
            WHEN name = 'PR_IMPORTANCE' THEN to_jsonb(r % 3)
            WHEN name = 'PR_READ_RECEIPT_REQUESTED' THEN to_jsonb(r % 2 = 0)
            WHEN name = 'PR_CLIENT_SUBMIT_TIME' THEN to_jsonb('epoch'::timestamptz + r * interval '1 s')
            WHEN name = 'PR_MESSAGE_RECIPIENTS' THEN
                (SELECT jsonb_agg(jsonb_build_object('PR_DISPLAY_NAME', md5(seed || n), 'PR_RECIPIENT_TYPE', 1 + n % 3))
                 FROM generate_series(0, r % 4) AS n)
            WHEN name IN ('PR_HTML', 'PR_RTF_COMPRESSED') THEN to_jsonb(translate(encode(convert_to(repeat(md5(seed), 1 + r % 200), 'UTF8'), 'base64'), E'\n', ''))
            ELSE to_jsonb(repeat(md5(seed || i), r % 100)) END);
    END LOOP;
    RETURN patch;
END $$;
-- Return the newest version, of a deleted message too.
CREATE FUNCTION pg_temp.record(store bigint, id bigint, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    h integer := open_message(store, id, 'SHOW_SOFT_DELETES');
    shown jsonb := get_props(h) - 'PR_ACCESS_LEVEL';
BEGIN
    PERFORM close_object(h);
    INSERT INTO version VALUES (id, (shown->>'PidTagChangeNumber')::bigint, shown, what);
    RETURN (shown->>'PidTagChangeNumber')::bigint;
END $$;
-- saves, forces over older versions, merges, moves, deletions with a
-- restoration, restored versions, by changing users
CREATE FUNCTION pg_temp.make(store bigint, seed text, steps integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    number bigint;
    older bigint;
    r integer;
    what text;
    result hresult;
BEGIN
    SELECT message_id, change_number INTO id, number
    FROM save_new_message(store, special_folder(store, 'Inbox'), pg_temp.patch(seed) || '{"PR_CREATION_TIME": "2001-01-01T00:00:00Z"}');
    PERFORM pg_temp.record(store, id, 'create');
    FOR step IN 1 .. steps LOOP
        r := pg_temp.random(seed || '/' || step);
        PERFORM set_config('msgstore.actor', CASE r % 3 WHEN 0 THEN '' ELSE 'user ' || r % 3 END, false);
        SELECT v.number INTO older FROM version AS v WHERE message = id ORDER BY v.number
        OFFSET r / 64 % (SELECT count(*) FROM version AS v WHERE message = id) LIMIT 1;
        CASE
            WHEN r % 16 < 8 THEN
                what := 'save';
                result := (save_message(store, id, number, pg_temp.patch(seed || step))).result;
            WHEN r % 16 < 11 THEN
                what := 'force';
                result := (save_message(store, id, older, pg_temp.patch(seed || step), 'FORCE_SAVE')).result;
            WHEN r % 16 < 12 THEN
                what := 'merge';
                result := (resolve_conflict(store, id, older, '{"PR_SENSITIVITY": 2}', 'MERGE')).result;
                CONTINUE WHEN result = 'MAPI_E_OBJECT_CHANGED';
            WHEN r % 16 < 13 THEN
                what := 'move';
                result := move_messages(store, ARRAY[id], special_folder(store, (ARRAY['Inbox', 'Drafts', 'Outbox'])[1 + step % 3]));
            WHEN r % 16 < 14 THEN
                what := 'delete';
                result := delete_messages(store, ARRAY[id]);
                PERFORM pg_temp.record(store, id, what);
                what := 'restore';
                result := restore_messages(store, ARRAY[id]);
            ELSE
                what := 'back';
                result := (restore_version(store, id, older, number)).result;
        END CASE;
        IF result <> 'S_OK' THEN
            RAISE '%: %', what, result;
        END IF;
        IF (read_message(store, id)->>'PidTagChangeNumber')::bigint <> number THEN
            number := pg_temp.record(store, id, what);
        END IF;
    END LOOP;
    PERFORM set_config('msgstore.actor', '', false);
    RETURN id;
END $$;
SELECT array_agg(pg_temp.make(:store, seed, 120)) AS ids FROM unnest('{a, b, c}'::text[]) AS seed \gset
SELECT kind, count(*) > 3 AS several FROM version GROUP BY kind ORDER BY kind;
-- every version is what was recorded, and each change made one; what a user has read
-- belongs to no version
SELECT '{PR_READ, PR_MESSAGE_FLAGS}' AS read \gset
SELECT count(*) > 300 AS versions, count(DISTINCT shown - 'PidTagChangeNumber') > 300 AS different,
       count(*) FILTER (WHERE message_at(:store, message, number) - :'read'::text[] <> shown - :'read'::text[]) AS not_as_then FROM version;
SELECT count(*) AS changes_without_a_version
FROM unnest(:'ids'::bigint[]) AS id, history(:store, id) AS h
WHERE NOT EXISTS (SELECT FROM version WHERE message = id AND number = h.change_number);
-- so they are after the table was rewritten, and the message deleted, also for good
VACUUM FULL message;
VACUUM FULL change;
SELECT count(*) FILTER (WHERE message_at(:store, message, number) - :'read'::text[] <> shown - :'read'::text[]) AS not_as_then FROM version;
SELECT delete_messages(:store, :'ids');
SELECT count(*) FILTER (WHERE message_at(:store, message, number) - :'read'::text[] <> shown - :'read'::text[]) AS not_as_then FROM version;
SELECT delete_messages(:store, (:'ids'::bigint[])[1:2], 'DELETE_HARD_DELETE'), restore_messages(:store, (:'ids'::bigint[])[3:]);
SELECT count(*) FILTER (WHERE message_at(:store, message, number) - :'read'::text[] <> shown - :'read'::text[]) AS not_as_then FROM version;
-- the version of a deletion shows its time; of one for good, little more
SELECT kind, message_at(:store, id, change_number) ? 'PR_DELETED_ON' AS deleted, message_at(:store, id, change_number) ? 'PR_MESSAGE_CLASS' AS content
FROM (VALUES ((:'ids'::bigint[])[1])) AS m (id), history(:store, id) WHERE kind IN ('delete', 'hard delete') ORDER BY change_number DESC LIMIT 2;
SELECT pg_column_size(message_at(:store, id, change_number)) > 0 AS shown
FROM unnest(:'ids'::bigint[]) AS id, history(:store, id) AS h WHERE kind = 'hard delete';
-- several nodes have changed a message that is then gone: the predecessors are right
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "node 0"}') \gset
SELECT set_node_number(5);
SELECT result FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "node 5"}');
SELECT read_message(:store, :id) AS shown, (read_message(:store, :id)->>'PidTagChangeNumber')::bigint AS n5 \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT set_node_number(0);
SELECT message_at(:store, :id, :n5) = :'shown'::jsonb AS as_then,
       message_at(:store, :id, :n5)->'PR_PREDECESSOR_CHANGE_LIST' = :'shown'::jsonb->'PR_PREDECESSOR_CHANGE_LIST' AS predecessors;
-- the history is in order, even where the clock stands still and a node with higher
-- numbers was first
SELECT set_node_number(5);
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "1", "PR_LAST_MODIFICATION_TIME": "2100-01-01T00:00:00Z"}') \gset
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "2"}') \gset
SELECT set_node_number(0);
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "3"}') \gset
SELECT change_number AS n FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "4"}') \gset
SELECT message_at(:store, :id, change_number)->'PR_SUBJECT' AS subject FROM history(:store, :id);
-- wrong questions
SELECT (:'ids'::bigint[])[3] AS id, (:'ids'::bigint[])[1] AS gone \gset
SELECT number AS n1 FROM version WHERE message = :id ORDER BY number LIMIT 1 \gset
-- fail
SELECT message_at(:store, :id, 0);
-- fail
SELECT message_at(:store, :id, :n1 - 1);
-- fail
SELECT message_at(:store, 0, :n1);
-- fail
SELECT message_at(0, :id, :n1);
-- fail
SELECT message_at(NULL, :id, :n1);
-- fail
SELECT message_at(:store, NULL, :n1);
-- fail
SELECT message_at(:store, :id, NULL);
CREATE ROLE regress_versions;
SET ROLE regress_versions;
-- fail
SELECT message_at(:store, :id, :n1);
-- fail
SELECT restore_version(:store, :id, :n1, :n1);
-- fail
SELECT set_retention(:store, NULL, 1);
-- fail
CALL prune_history(:store);
SELECT count(*) FROM history(:store, :id); -- fail
RESET ROLE;
DROP ROLE regress_versions;

-- restore_version() is an ordinary save of the content of a version, refused like one
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one", "PR_BODY": "one", "PR_COMMENT": "one"}') \gset
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "two", "PR_HTML": "PGI+", "PR_IMPORTANCE": 2}') \gset
SELECT change_number AS n3 FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "three", "PR_COMMENT": null}') \gset
SELECT result, change_number = :n3 AS current FROM restore_version(:store, :id, :n1, :n2);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_HTML, PR_COMMENT, PR_IMPORTANCE}');
SELECT result, change_number > :n3 AS newer, change_number AS n4 FROM restore_version(:store, :id, :n1, :n3) \gset
SELECT :'result' AS result, :'newer' AS newer, read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_HTML, PR_COMMENT, PR_IMPORTANCE}');
SELECT kind, properties, base_change_number = :n3 AS base FROM history(:store, :id) WHERE change_number = :n4;
-- an open handle is refused, and its report has the values that came back
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine"}');
SELECT result, change_number AS n5 FROM restore_version(:store, :id, :n2, :n4) \gset
SELECT save_changes(:h);
SELECT property, base, theirs, yours, side FROM conflict(:h) ORDER BY property;
SELECT close_object(:h);
-- a version does not hold where the message stands
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT r.result FROM message_list AS m, restore_version(:store, :id, :n1, m.change_number) AS r WHERE m.store_id = :store AND m.message_id = :id;
SELECT m.subject, f.name FROM message_list AS m JOIN folder_list AS f USING (store_id, folder_id) WHERE m.store_id = :store AND m.message_id = :id;
-- going back to the newest version writes nothing
SELECT change_number AS n FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT result, change_number = :n AS current FROM restore_version(:store, :id, :n, :n);
-- nor does going back over a change that was itself taken back
SELECT message_id AS back, change_number AS b1 FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "s", "PR_BODY": "b", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "r"}]}') \gset
SELECT change_number AS b2 FROM save_message(:store, :back, :b1, '{"PR_BODY": "other", "PR_MESSAGE_RECIPIENTS": null}') \gset
SELECT change_number AS b3 FROM save_message(:store, :back, :b2, '{"PR_BODY": "b", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "r"}]}') \gset
SELECT result, change_number = :b3 AS current FROM restore_version(:store, :back, :b1, :b3);
SELECT result FROM save_message(:store, :back, :b1, '{"PR_SUBJECT": "forced"}', 'FORCE_SAVE');
SELECT kind, properties FROM history(:store, :back);
-- an unknown version is refused, and nothing done; the number is checked first
SELECT result, change_number = :n AS current FROM restore_version(:store, :id, 0, :n);
SELECT result, change_number = :n AS current FROM restore_version(:store, :id, :n1 - 1, :n);
SELECT result FROM restore_version(:store, :id, 0, :n1);
-- a deleted message stays deleted
SELECT delete_messages(:store, ARRAY[:id]);
SELECT result FROM restore_version(:store, :id, :n1, :n);
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT result, change_number FROM restore_version(:store, :id, :n1, :n);
-- fail
SELECT restore_version(:store, 0, :n1, :n1);
-- fail
SELECT restore_version(NULL, :id, :n1, :n1);
-- fail
SELECT restore_version(:store, NULL, :n1, :n1);
-- fail
SELECT restore_version(:store, :id, NULL, :n1);
-- fail
SELECT restore_version(:store, :id, :n1, NULL);
-- fail
BEGIN READ ONLY;
SELECT restore_version(:store, :id, :n1, :n1);
ROLLBACK;

-- pruning: twenty versions, one per day, the oldest twenty days old
SELECT create_store('pruned') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
TRUNCATE version;
CREATE FUNCTION pg_temp.days(store bigint, days integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    number bigint;
BEGIN
    SELECT message_id, change_number INTO id, number
    FROM save_new_message(store, special_folder(store, 'Inbox'), '{"PR_SUBJECT": "1", "PR_BODY": "body 1"}');
    FOR day IN 2 .. days LOOP
        SELECT change_number INTO number FROM save_message(store, id, number,
            jsonb_build_object('PR_SUBJECT', day::text, CASE WHEN day % 3 = 0 THEN 'PR_BODY' ELSE 'PR_COMMENT' END, 'day ' || day));
    END LOOP;
    UPDATE change AS c SET changed_at = now() - (days - d.rank + 0.5) * interval '1 day'
    FROM (SELECT c2.change_number, row_number() OVER (ORDER BY c2.change_number) AS rank
          FROM change AS c2 WHERE c2.store_id = store AND c2.message_id = id) AS d
    WHERE c.store_id = store AND c.message_id = id AND c.change_number = d.change_number;
    UPDATE message AS m SET modified_at = now() - interval '12 hours' WHERE m.store_id = store AND m.message_id = id;
    INSERT INTO version SELECT id, h.change_number, message_at(store, id, h.change_number)
    FROM history(store, id) AS h;
    RETURN id;
END $$;
-- Return the versions in the history, and those that are as they were.
CREATE FUNCTION pg_temp.versions(store bigint, id bigint, OUT kept text, OUT readable text, OUT as_then boolean) LANGUAGE plpgsql AS $$
DECLARE
    v record;
    shown jsonb;
    first text;
BEGIN
    SELECT string_agg(x.shown->>'PR_SUBJECT', ' ' ORDER BY x.number) INTO kept
    FROM version AS x JOIN history(store, id) AS h ON h.change_number = x.number WHERE x.message = id;
    as_then := true;
    FOR v IN SELECT * FROM version WHERE message = id ORDER BY number LOOP
        BEGIN
            shown := message_at(store, id, v.number);
            first := coalesce(first, v.shown->>'PR_SUBJECT');
            IF EXISTS (SELECT FROM history(store, id) AS h WHERE h.change_number = v.number) AND shown <> v.shown
               OR shown->'PR_SUBJECT' <> v.shown->'PR_SUBJECT' OR shown->'PR_BODY' <> v.shown->'PR_BODY' THEN
                as_then := false;
            END IF;
        EXCEPTION WHEN SQLSTATE 'MA400' THEN
            NULL;
        END;
    END LOOP;
    readable := 'from ' || first;
END $$;
CREATE FUNCTION pg_temp.base(store bigint, id bigint, day integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT number FROM version WHERE message = id AND shown->>'PR_SUBJECT' = day::text $$;
-- nothing is pruned without a call, nor without a limit
SELECT pg_temp.days(:store, 20) AS id \gset
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id), keep_age, keep_count FROM store_list WHERE store_id = :store;
-- by age
SELECT set_retention(:store, '10 days', NULL);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id), keep_age, keep_count FROM store_list WHERE store_id = :store;
CALL prune_history(:store);
-- by count
SELECT pg_temp.days(:store, 20) AS id \gset
SELECT set_retention(:store, NULL, 15);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
-- by age and count: a version that either protects is kept
SELECT pg_temp.days(:store, 20) AS id \gset
SELECT set_retention(:store, '3 days', 5);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
SELECT pg_temp.days(:store, 20) AS id \gset
SELECT set_retention(:store, '7 days', 5);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
-- no version younger than a day is pruned, whatever the limits
SELECT result FROM message_list AS m, save_message(:store, :id, m.change_number, '{"PR_SUBJECT": "21"}')
WHERE m.store_id = :store AND m.message_id = :id;
SELECT set_retention(:store, '0', 1);
CALL prune_history(:store);
SELECT count(*), pg_temp.versions(:store, :id) FROM history(:store, :id);
SELECT set_retention(:store, '-1 year', NULL);
CALL prune_history(:store);
SELECT count(*) FROM history(:store, :id);
-- an age before the beginning of time is accepted too
SELECT set_retention(:store, '300000 years', NULL);
CALL prune_history(:store);
SELECT set_retention(:store, '-1 year', NULL);
-- the newest version is never pruned
UPDATE change SET changed_at = changed_at - interval '1 year' WHERE store_id = :store;
CALL prune_history(:store);
SELECT kind, properties FROM history(:store, :id);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');
-- where the newest is a deletion for good, the message before it can still be read
SELECT pg_temp.days(:store, 5) AS id \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
UPDATE change SET changed_at = changed_at - interval '1 year' WHERE store_id = :store;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store);
SELECT kind FROM history(:store, :id);
SELECT p->>'PR_SUBJECT' AS subject, p->>'PR_BODY' AS body FROM message_at(:store, :id, pg_temp.base(:store, :id, 5)) AS p;
SELECT result FROM save_message(:store, :id, pg_temp.base(:store, :id, 5), '{}');
-- no version at or after the base of a parked draft is pruned, however it was parked
SELECT pg_temp.days(:store, 20) AS id \gset
SELECT result FROM save_message(:store, :id, pg_temp.base(:store, :id, 8), '{"PR_SENSITIVITY": 1}', 'PARK_REFUSED');
SELECT result FROM save_message(:store, :id, pg_temp.base(:store, :id, 12), '{"PR_SENSITIVITY": 2}', 'PARK_REFUSED');
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
SELECT resume(:store, parked_id) AS h, parked_id AS p FROM parked WHERE store_id = :store AND change_number = pg_temp.base(:store, :id, 8) \gset
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_SENSITIVITY}'), close_object(:h);
SELECT discard_parked(:store, :p);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
-- nor where the base is the oldest version that can be read, whose own row is gone
SELECT resume(:store, parked_id) AS h, parked_id AS p FROM parked WHERE store_id = :store \gset
SELECT result FROM save_message(:store, :id, pg_temp.base(:store, :id, 11), '{"PR_SENSITIVITY": 0}', 'PARK_REFUSED');
SELECT discard_parked(:store, :p), close_object(:h);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);
SELECT resume(:store, parked_id) AS h, parked_id AS p FROM parked WHERE store_id = :store \gset
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_SENSITIVITY}');
SELECT resolve_conflict(:h, 'MERGE'), close_object(:h);
CALL prune_history(:store);
SELECT pg_temp.versions(:store, :id);

-- handles on a version that is pruned are refused at save, and lose nothing
SELECT pg_temp.days(:store, 3) AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, open_message(:store, :id, 'MAPI_MODIFY') AS e,
       open_message(:store, :id, 'MAPI_MODIFY') AS m, open_message(:store, :id) AS r \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine", "PR_BODY": "mine"}'), set_props(:m, '{"PR_COMMENT": "mine"}');
SELECT pg_temp.base(:store, :id, 3) AS n3 \gset
SELECT change_number AS n4 FROM save_message(:store, :id, :n3, '{"PR_SUBJECT": "4"}') \gset
SELECT result FROM save_message(:store, :id, :n4, '{"PR_SUBJECT": "5"}');
UPDATE change SET changed_at = changed_at - interval '1 year' WHERE store_id = :store;
CALL prune_history(:store);
SELECT md5(c::text) AS stored FROM message AS c WHERE c.store_id = :store AND c.message_id = :id \gset
SELECT save_changes(:h), save_changes(:e), save_changes(:r);
SELECT force_save(:h), force_save(:e), resolve_conflict(:h, 'OVERWRITE'), resolve_conflict(:m, 'MERGE'), resolve_conflict(:e, 'MERGE');
SELECT resolve_conflict(:h, 'OVERWRITE', seen => change_number) FROM message_list WHERE store_id = :store AND message_id = :id;
SELECT result FROM save_message(:store, :id, :n3, '{"PR_SUBJECT": "x"}');
SELECT result FROM save_message(:store, :id, :n3, '{"PR_SUBJECT": "x"}', 'FORCE_SAVE');
SELECT md5(c::text) = :'stored' AS nothing_stored FROM message AS c WHERE c.store_id = :store AND c.message_id = :id;
-- the pending edits are shown; get_props() beyond them and the report raise
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY}'), has_edits, access_level, change_number = :n3 AS base FROM open_handles WHERE handle = :h;
-- fail
SELECT get_props(:h);
-- fail
SELECT get_props(:h, '{PR_SUBJECT, PR_COMMENT}');
-- fail
SELECT get_props(:r);
-- fail
SELECT message_at(:store, :id, :n3);
-- fail
SELECT save_as(:h, :inbox);
-- fail
SELECT resolve_conflict(:h, 'SAVE_ELSEWHERE');
-- fail
SELECT property FROM conflict(:h);
SELECT result FROM restore_version(:store, :id, :n3, :n4);
SELECT r.result FROM message_list AS m, restore_version(:store, :id, :n3, m.change_number) AS r WHERE m.store_id = :store AND m.message_id = :id;
SELECT save_changes(:m, 'PARK_REFUSED'), park(:h) > 0 AS parked;
SELECT subject, properties FROM parked WHERE store_id = :store AND message_id = :id ORDER BY parked_id;
SELECT refresh(:e), save_changes(:e);
SELECT resolve_conflict(:m, 'KEEP_ORIGINAL'), get_props(:m, '{PR_SUBJECT}');
SELECT count(*) FROM parked WHERE store_id = :store AND message_id = :id;
SELECT count(*) FROM history(:store, :id);
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- batches, and other stores: each message by itself
SELECT create_store('pruned: many') AS many \gset
SELECT count(pg_temp.days(:many, 4)) FROM generate_series(1, 25);
SELECT set_retention(:many, NULL, 2);
CALL prune_history(:many, 10);
CALL prune_history(:many, 1);
SELECT count(*), count(DISTINCT message_id) FROM change_list WHERE store_id = :many;
SELECT count(*) FROM message_list AS m, history(m.store_id, m.message_id) WHERE m.store_id = :many;
SELECT create_store('pruned: empty') AS empty \gset
SELECT set_retention(:empty, '1 day', 1);
CALL prune_history(:empty);
-- a hole in the history is an error, never a wrong version
SELECT message_id AS id FROM message_list WHERE store_id = :many ORDER BY message_id LIMIT 1 \gset
BEGIN;
DELETE FROM change WHERE store_id = :many AND message_id = :id AND change_number = pg_temp.base(:many, :id, 4);
-- fail
SELECT message_at(:many, :id, pg_temp.base(:many, :id, 3));
ROLLBACK;

-- wrong arguments
-- fail
SELECT set_retention(NULL, NULL, NULL);
-- fail
SELECT set_retention(:store, NULL, 0);
-- fail
SELECT set_retention(:store, NULL, -1);
-- fail
SELECT set_retention(0, NULL, 1);
-- fail
CALL prune_history(NULL);
-- fail
CALL prune_history(0);
-- fail
CALL prune_history(:store, 0);
-- fail
CALL prune_history(:store, NULL);
-- fail
SELECT msgstore_internal.prune_batch(:store, NULL, 1);
SELECT set_retention(:store, NULL, NULL);
SELECT keep_age, keep_count FROM store_list WHERE store_id = :store;
-- fail: the procedure commits batch by batch
BEGIN;
CALL prune_history(:store);
ROLLBACK;
BEGIN READ ONLY;
SAVEPOINT s;
-- fail
SELECT set_retention(:store, NULL, 1);
ROLLBACK TO s;
-- fail
SELECT msgstore_internal.prune_batch(:store, 0, 1);
ROLLBACK;
