-- Saving in one session: each flag does its work, the first of several handles wins, a
-- force writes the whole message, and saves work inside statements of all kinds.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('save') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- a new message for each case
CREATE FUNCTION pg_temp.message(subject text) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'save'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'save'),
        jsonb_build_object('PR_SUBJECT', subject, 'PR_BODY', 'body')) $$;
-- Return where a handle stands: level, base against the newest number, edits.
CREATE FUNCTION pg_temp.state(h integer) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', 'level ' || access_level,
        CASE WHEN is_new THEN 'new'
             WHEN o.change_number = (read_message(store_id, message_id)->>'PidTagChangeNumber')::bigint
             THEN 'current' ELSE 'stale' END,
        CASE WHEN has_edits THEN 'edits' END)
    FROM open_handles o WHERE handle = $1 $$;

-- the table of flags: a read/write handle, no save of others
CREATE FUNCTION pg_temp.saved(store bigint, flags save_flags, OUT result hresult,
    OUT afterwards text, OUT versions bigint, OUT subject text)
LANGUAGE plpgsql AS $$
DECLARE
    id bigint := pg_temp.message('before');
    h integer := open_message(store, id, 'MAPI_MODIFY');
BEGIN
    PERFORM set_props(h, '{"PR_SUBJECT": "after"}');
    result := save_changes(h, flags);
    afterwards := pg_temp.state(h);
    versions := count(*) FROM history(store, id);
    subject := read_message(store, id)->>'PR_SUBJECT';
    PERFORM close_object(h);
END $$;
SELECT flags::save_flags, saved.*
FROM unnest(ARRAY[0, 1, 2, 3, 4, 6, 5, 7]) AS flags, pg_temp.saved(:store, flags);
-- bits that old clients send change nothing
SELECT flags AS differs
FROM generate_series(0, 7) AS flags, unnest(ARRAY[x'8'::int, x'80'::int,
         x'1000'::int, x'1088'::int]) AS more,
     pg_temp.saved(:store, flags) AS a, pg_temp.saved(:store, flags | more) AS b
WHERE a IS DISTINCT FROM b;
-- any other bit than PARK_REFUSED: nothing is done, the handle is as it was
SELECT bit AS differs
FROM generate_series(0, 31) AS bit,
     unnest(ARRAY[0, x'f'::int]) AS others,
     pg_temp.saved(:store, others | (1::bigint << bit)::bit(32)::int)
WHERE NOT bit IN (0, 1, 2, 3, 7, 12, 16)
  AND (result <> 'MAPI_E_UNKNOWN_FLAGS' OR afterwards <> 'level 1, current, edits'
       OR versions <> 1 OR subject <> 'before');

-- the order of answers: flags, then level, then the state of the message
SELECT pg_temp.message('order') AS id \gset
SELECT open_message(:store, :id) AS reader, open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT save_changes(:reader, 16), save_changes(:reader), save_changes(:reader, 'FORCE_SAVE'),
       force_save(:reader), save_changes(:reader, 'KEEP_OPEN_READWRITE');
SELECT pg_temp.state(:reader);
UPDATE message SET deleted_at = now() WHERE message_id = :id;
SELECT save_changes(:reader, 16), save_changes(:reader), save_changes(:h, 16), save_changes(:h);
UPDATE message SET deleted_at = NULL WHERE message_id = :id;
-- a submitted message cannot be changed, forced or not
UPDATE message SET submitted_at = now() WHERE message_id = :id;
SELECT set_props(:h, '{"PR_SUBJECT": "too late"}');
SELECT save_changes(:h), force_save(:h), save_changes(:h, 'KEEP_OPEN_READONLY');
SELECT result FROM save_message(:store, :id, (get_props(:h)->>'PidTagChangeNumber')::bigint, '{}', 'FORCE_SAVE');
UPDATE message SET submitted_at = NULL WHERE message_id = :id;
-- a deletion is answered before a submission, a submission before a conflict
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS winner \gset
SELECT set_props(:winner, '{"PR_SUBJECT": "won"}');
SELECT save_changes(:winner);
SELECT save_changes(:h);
UPDATE message SET submitted_at = now() WHERE message_id = :id;
SELECT save_changes(:h);
UPDATE message SET deleted_at = now() WHERE message_id = :id;
SELECT save_changes(:h), force_save(:h);
-- with the deletion or the submission taken back, the save works
UPDATE message SET deleted_at = NULL, submitted_at = NULL WHERE message_id = :id;
SELECT save_changes(:h), force_save(:h);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
-- the row is gone
DELETE FROM message WHERE message_id = :id;
SELECT set_props(:h, '{"PR_SUBJECT": "to nowhere"}');
SELECT save_changes(:h), force_save(:h), save_changes(:winner), force_save(:winner);
SELECT access_level, has_edits FROM open_handles WHERE handle = :h;
SELECT close_object(:reader), close_object(:h), close_object(:winner);

-- two handles of one session: the first save wins, the second stores nothing
SELECT pg_temp.message('original') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "of a"}'), set_props(:b, '{"PR_BODY": "of b"}');
SELECT get_props(:a, '{PR_SUBJECT, PR_BODY}'), get_props(:b, '{PR_SUBJECT, PR_BODY}');
SELECT save_changes(:a);
SELECT md5(m::text) AS stored FROM message m WHERE message_id = :id \gset
-- refused whichever property was edited, and however often the save is repeated
SELECT save_changes(:b), save_changes(:b), save_changes(:b, 'KEEP_OPEN_READWRITE'),
       save_changes(:b, 'KEEP_OPEN_READONLY');
SELECT pg_temp.state(:a), pg_temp.state(:b);
SELECT get_props(:b, '{PR_SUBJECT, PR_BODY}');
SELECT md5(m::text) = :'stored' AS stored FROM message m WHERE message_id = :id;
SELECT count(*) FROM history(:store, :id);
-- forced: the whole message as b shows it, with its old subject
SELECT save_changes(:b, 'FORCE_SAVE');
SELECT pg_temp.state(:a), pg_temp.state(:b);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');
SELECT get_props(:b) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS shown;
-- the history has the values that were replaced, and they can be put back
SELECT kind, properties, c.base_change_number = c.previous AS on_top,
       c.base_change_number = lag(c.previous) OVER (ORDER BY c.change_number) AS on_the_one_before
FROM change_list c WHERE store_id = :store AND message_id = :id ORDER BY c.change_number;
SELECT msgstore_internal.unpack_undo(undo) AS undo, undo_body FROM change
WHERE store_id = :store AND message_id = :id ORDER BY change_number DESC LIMIT 1;
-- a is now stale
SELECT save_changes(:a);
SELECT set_props(:a, '{"PR_SUBJECT": "of a again"}');
SELECT save_changes(:a);
SELECT get_props(:a, '{PR_SUBJECT, PR_BODY}');
-- refreshed, a stands on the newest version, and its save works
SELECT refresh(:a);
SELECT pg_temp.state(:a), get_props(:a, '{PR_SUBJECT, PR_BODY}');
SELECT set_props(:a, '{"PR_SUBJECT": "of a again"}');
SELECT save_changes(:a);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');
SELECT close_object(:a), close_object(:b);

-- a handle does not conflict with its own saves
SELECT pg_temp.message('own') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SELECT i, set_props(:a, jsonb_build_object('PR_IMPORTANCE', i % 3)),
       save_changes(:a, (i % 2 * 4)::save_flags)
FROM generate_series(1, 6) AS i;
SELECT kind, count(*) FROM history(:store, :id) GROUP BY kind ORDER BY kind;
SELECT close_object(:a);

-- an empty save is no change: an older handle still saves
SELECT pg_temp.message('empty') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT md5(m::text) AS stored FROM message m WHERE message_id = :id \gset
SELECT save_changes(:b), force_save(:b), save_changes(:b, 'KEEP_OPEN_READWRITE');
SELECT md5(m::text) = :'stored' AS stored FROM message m WHERE message_id = :id;
SELECT set_props(:a, '{"PR_SUBJECT": "not empty"}');
SELECT save_changes(:a);
-- stale with nothing pending: refused; forced, it writes nothing and is current
SELECT md5(m::text) AS stored FROM message m WHERE message_id = :id \gset
SELECT pg_temp.state(:b), save_changes(:b), pg_temp.state(:b);
SELECT save_changes(:b, 'FORCE_SAVE'), pg_temp.state(:b);
SELECT md5(m::text) = :'stored' AS stored FROM message m WHERE message_id = :id;
SELECT get_props(:b, '{PR_SUBJECT}');
SELECT count(*) FROM history(:store, :id);
SELECT set_props(:b, '{"PR_SUBJECT": "in turn"}');
SELECT save_changes(:b);
-- an empty save can still change the level
SELECT save_changes(:b, 'KEEP_OPEN_READONLY'), pg_temp.state(:b);
SELECT save_changes(:b, 'KEEP_OPEN_READWRITE'), pg_temp.state(:b);
-- fail
SELECT set_props(:b, '{"PR_SUBJECT": "read-only now"}');
SELECT close_object(:a), close_object(:b);

-- a force as the first save of a stale handle; each force makes the other handle stale
SELECT pg_temp.message('forced') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "a", "PR_COMMENT": "only a", "PR_HTML": "PGE+",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "A"}], "PR_IMPORTANCE": null}');
SELECT set_props(:b, '{"PR_SUBJECT": "b", "PR_TRANSPORT_MESSAGE_HEADERS": "X: b"}');
SELECT save_changes(:a), force_save(:b);
SELECT pg_temp.state(:a), pg_temp.state(:b);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT, PR_HTML, PR_BODY, PR_IMPORTANCE,
    PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO, PR_TRANSPORT_MESSAGE_HEADERS}');
SELECT set_props(:a, '{"PR_SENSITIVITY": 2}');
SELECT save_changes(:a), force_save(:a), save_changes(:b);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT, PR_HTML, PR_BODY, PR_IMPORTANCE,
    PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO, PR_TRANSPORT_MESSAGE_HEADERS, PR_SENSITIVITY}');
SELECT get_props(:a) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS shown;
SELECT kind, properties FROM history(:store, :id);
SELECT set_props(:b, '{"PR_BODY": "b, later"}');
SELECT save_changes(:b, 'FORCE_SAVE|KEEP_OPEN_READONLY'), pg_temp.state(:b);
SELECT get_props(:b) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS shown;
SELECT close_object(:a), close_object(:b);

-- a force writes no placement back: whether it is deleted, and its folder, are the
-- message's; a move meanwhile makes a conflict
SELECT pg_temp.message('stays where it is') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "won"}'), set_props(:b, '{"PR_SUBJECT": "forced"}');
SELECT save_changes(:a);
UPDATE message SET folder_id = special_folder(:store, 'Drafts') WHERE message_id = :id;
SELECT force_save(:b);
SELECT subject, folder_id = special_folder(:store, 'Drafts') AS where_it_is
FROM message_list WHERE message_id = :id;
SELECT close_object(:a), close_object(:b);

-- the stamps: author and time, never before the last; numbers grow
SELECT pg_temp.message('stamps') AS id \gset
SELECT read_message(:store, :id) AS first \gset
SET msgstore.actor = 'Zoë';
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SELECT set_props(:a, '{"PR_SUBJECT": "stamped"}');
SELECT save_changes(:a);
SELECT p->>'PR_LAST_MODIFIER_NAME' AS modifier,
       p->>'PR_LAST_MODIFICATION_TIME' > f->>'PR_LAST_MODIFICATION_TIME' AS later,
       p->>'PR_LOCAL_COMMIT_TIME' >= p->>'PR_LAST_MODIFICATION_TIME' AS committed,
       p->'PR_CREATION_TIME' = f->'PR_CREATION_TIME' AS created,
       p->'PR_SEARCH_KEY' = f->'PR_SEARCH_KEY' AS search_key,
       p->'PR_ENTRYID' = f->'PR_ENTRYID' AS entryid,
       p->>'PR_CHANGE_KEY' <> f->>'PR_CHANGE_KEY' AS change_key,
       p->>'PR_PREDECESSOR_CHANGE_LIST' <> f->>'PR_PREDECESSOR_CHANGE_LIST' AS predecessors,
       (p->>'PidTagChangeNumber')::bigint > (f->>'PidTagChangeNumber')::bigint AS number
FROM read_message(:store, :id) AS p, CAST(:'first' AS jsonb) AS f;
RESET msgstore.actor;
SELECT open_message(:store, :id) AS now \gset
SELECT set_props(:a, '{"PR_SUBJECT": "by the role"}');
SELECT save_changes(:a);
-- an older version shows its own stamps
SELECT get_props(:now)->>'PR_LAST_MODIFIER_NAME' AS then,
       read_message(:store, :id)->>'PR_LAST_MODIFIER_NAME' = current_user AS now;
UPDATE message SET modified_at = now() + interval '1 hour' WHERE message_id = :id
    RETURNING modified_at AS ahead \gset
SELECT set_props(:a, '{"PR_SUBJECT": "the clock went back"}');
SELECT save_changes(:a);
SELECT modified_at >= :'ahead' AS not_before FROM message_list WHERE message_id = :id;
SELECT close_object(:a), close_object(:now);

-- several saves in one statement see each other
SELECT pg_temp.message('one statement') AS id, pg_temp.message('and another') AS id2 \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b,
       open_message(:store, :id2, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:a, '{"PR_SUBJECT": "a"}'), save_changes(:a) AS a,
       set_props(:b, '{"PR_SUBJECT": "b"}'), save_changes(:b) AS b,
       force_save(:b) AS b_forced, set_props(:a, '{"PR_SUBJECT": "a"}'),
       save_changes(:a) AS a_stale, refresh(:a), set_props(:a, '{"PR_SUBJECT": "a refreshed"}'),
       save_changes(:a) AS a_refreshed,
       set_props(:c, '{"PR_SUBJECT": "c"}'), save_changes(:c) AS c;
SELECT kind, properties FROM history(:store, :id);
SELECT i, set_props(:a, jsonb_build_object('PR_SUBJECT', 'row ' || i)), save_changes(:a)
FROM generate_series(1, 5) AS i;
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT count(*), count(DISTINCT change_number) FROM history(:store, :id);
-- read_message() reads with the statement's snapshot: the message before the saves
SELECT read_message(:store, :id)->'PR_SUBJECT' AS before,
       set_props(:a, '{"PR_SUBJECT": "in between"}'), save_changes(:a),
       read_message(:store, :id)->'PR_SUBJECT' AS after_it,
       get_props(:a)->'PR_SUBJECT' AS handle;
SELECT read_message(:store, :id)->'PR_SUBJECT' AS next_statement;
SELECT m.subject, result
FROM message_list m, save_message(m.store_id, m.message_id, m.change_number,
                                  jsonb_build_object('PR_SUBJECT', 'was ' || m.subject))
WHERE m.message_id IN (:id, :id2) ORDER BY m.message_id;
SELECT subject FROM message_list WHERE message_id IN (:id, :id2) ORDER BY message_id;
-- one token used twice in one statement: one save is stored
SELECT array_agg(result::text ORDER BY result::text) AS results, count(DISTINCT s.change_number) AS numbers
FROM message_list m, generate_series(1, 3) AS i,
     save_message(m.store_id, m.message_id, m.change_number,
                  jsonb_build_object('PR_SUBJECT', 'try ' || i)) AS s
WHERE m.message_id = :id;
SELECT close_object(:a), close_object(:b), close_object(:c);

-- saves in functions, loops, cursors, exception blocks, triggers
CREATE FUNCTION pg_temp.loop(store bigint, id bigint, times integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    h integer := open_message(store, id, 'MAPI_MODIFY');
    results text[];
BEGIN
    FOR i IN 1 .. times LOOP
        PERFORM set_props(h, jsonb_build_object('PR_IMPORTANCE', i));
        results := results || save_changes(h)::text;
        IF read_message(store, id)->>'PR_IMPORTANCE' <> i::text THEN
            RAISE 'the next statement does not see it';
        END IF;
    END LOOP;
    PERFORM close_object(h);
    RETURN array_to_string(results, ', ');
END $$;
SELECT pg_temp.loop(:store, :id2, 4);
DO $$
DECLARE
    m record;
    c CURSOR FOR SELECT * FROM msgstore.message_list
        WHERE store_id = (SELECT store_id FROM msgstore.store_list WHERE name = 'save')
          AND subject ~ '^(was c|try)';
BEGIN
    FOR m IN c LOOP
        PERFORM msgstore.throw_if_failed(result) FROM msgstore.save_message(m.store_id,
            m.message_id, m.change_number, '{"PR_SUBJECT": "through a cursor"}');
    END LOOP;
END $$;
SELECT subject, importance FROM message_list WHERE message_id IN (:id, :id2) ORDER BY message_id;
-- a cursor that is open over the saves keeps its snapshot
BEGIN;
DECLARE listing CURSOR FOR
    SELECT subject FROM message_list WHERE message_id IN (:id, :id2) ORDER BY message_id;
FETCH 1 FROM listing;
SELECT result FROM message_list m, save_message(:store, m.message_id, m.change_number,
    '{"PR_SUBJECT": "under a cursor"}') WHERE m.message_id IN (:id, :id2);
FETCH 1 FROM listing;
COMMIT;
SELECT subject FROM message_list WHERE message_id IN (:id, :id2) ORDER BY message_id;
-- branching on the answer
CREATE FUNCTION pg_temp.save_or_force(store bigint, id bigint, number bigint, changes jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    SELECT * INTO s FROM save_message(store, id, number, changes);
    IF s.result = 'MAPI_E_OBJECT_CHANGED' THEN
        SELECT * INTO s FROM save_message(store, id, number, changes, 'FORCE_SAVE');
        RETURN 'forced, ' || s.result;
    END IF;
    RETURN s.result;
END $$;
SELECT change_number AS n FROM message_list WHERE message_id = :id \gset
SELECT pg_temp.save_or_force(:store, :id, :n, '{"PR_COMMENT": "1"}');
SELECT pg_temp.save_or_force(:store, :id, :n, '{"PR_SENSITIVITY": 1}');
SELECT read_message(:store, :id, '{PR_COMMENT, PR_SENSITIVITY}');
-- the strict form raises, and its block is rolled back
\set VERBOSITY terse
DO $$
DECLARE
    store bigint := (SELECT store_id FROM msgstore.store_list WHERE name = 'save');
    id bigint := (SELECT message_id FROM msgstore.message_list
                  WHERE subject = 'under a cursor' ORDER BY message_id LIMIT 1);
    a integer := msgstore.open_message(store, id, 'MAPI_MODIFY');
    b integer := msgstore.open_message(store, id, 'MAPI_MODIFY');
BEGIN
    PERFORM msgstore.set_props(b, '{"PR_COMMENT": "stale"}');
    BEGIN
        PERFORM msgstore.set_props(a, '{"PR_COMMENT": "taken back"}');
        PERFORM msgstore.throw_if_failed(msgstore.save_changes(a));
        PERFORM msgstore.throw_if_failed(msgstore.save_changes(b));
    EXCEPTION WHEN SQLSTATE 'MA109' THEN
        RAISE INFO 'refused: %', SQLERRM;
    END;
    RAISE INFO 'and then %', msgstore.save_changes(b);
    RAISE INFO 'whereas %', msgstore.save_changes(a);
    PERFORM msgstore.close_object(a), msgstore.close_object(b);
END $$;
\set VERBOSITY sqlstate
SELECT read_message(:store, :id, '{PR_COMMENT}');
-- a trigger of another table saves with its row or not at all
CREATE TEMPORARY TABLE outbox (store bigint, message bigint, note text CHECK (note <> 'bad'));
CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM msgstore.throw_if_failed(result)
    FROM msgstore.read_message(NEW.store, NEW.message) AS p,
         msgstore.save_message(NEW.store, NEW.message, (p->>'PidTagChangeNumber')::bigint,
                      jsonb_build_object('PR_COMMENT', NEW.note));
    RETURN NEW;
END $$;
CREATE TRIGGER note BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION pg_temp.note();
INSERT INTO outbox VALUES (:store, :id, 'first'), (:store, :id2, 'other');
SELECT read_message(:store, :id, '{PR_COMMENT}'), read_message(:store, :id2, '{PR_COMMENT}');
-- fail
INSERT INTO outbox VALUES (:store, :id, 'second'), (:store, :id2, 'bad');
SELECT read_message(:store, :id, '{PR_COMMENT}'), read_message(:store, :id2, '{PR_COMMENT}');
SELECT note FROM outbox;
DROP TABLE outbox;
-- a procedure that commits between saves
CREATE PROCEDURE public.regress_save_batches(store bigint, id bigint) LANGUAGE plpgsql AS $$
DECLARE
    h integer := msgstore.open_message(store, id, 'MAPI_MODIFY');
    r msgstore.hresult;
BEGIN
    PERFORM msgstore.set_props(h, '{"PR_COMMENT": "committed"}');
    r := msgstore.save_changes(h);
    COMMIT;
    PERFORM msgstore.set_props(h, '{"PR_COMMENT": "rolled back"}');
    r := msgstore.save_changes(h);
    ROLLBACK;
    RAISE INFO '%', msgstore.get_props(h, '{PR_COMMENT}');
    PERFORM msgstore.set_props(h, '{"PR_SENSITIVITY": 3}');
    r := msgstore.save_changes(h);
    RAISE INFO '%', r;
    PERFORM msgstore.close_object(h);
END $$;
\set VERBOSITY terse
CALL public.regress_save_batches(:store, :id);
\set VERBOSITY sqlstate
DROP PROCEDURE public.regress_save_batches(bigint, bigint);
SELECT read_message(:store, :id, '{PR_COMMENT, PR_SENSITIVITY}');

-- in every isolation level a transaction sees its own saves
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "repeatable a"}'), set_props(:b, '{"PR_SUBJECT": "repeatable b"}');
SELECT save_changes(:a);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT save_changes(:b);
SELECT force_save(:b);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT refresh(:a);
SELECT set_props(:a, '{"PR_SUBJECT": "repeatable a again"}');
SELECT save_changes(:a);
COMMIT;
SELECT read_message(:store, :id, '{PR_SUBJECT}');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT set_props(:b, '{"PR_SUBJECT": "serializable b"}');
SELECT save_changes(:b), force_save(:b);
COMMIT;
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT close_object(:a), close_object(:b);

-- a save and an ordinary write in one transaction: both are there, or neither
CREATE TEMPORARY TABLE ledger (entry text);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
BEGIN;
INSERT INTO ledger VALUES ('with the save');
SELECT set_props(:a, '{"PR_SUBJECT": "with the entry"}');
SELECT save_changes(:a);
COMMIT;
BEGIN;
INSERT INTO ledger VALUES ('without');
SELECT set_props(:a, '{"PR_SUBJECT": "without"}');
SELECT save_changes(:a);
SELECT subject FROM message_list WHERE message_id = :id;
ROLLBACK;
SELECT entry, subject FROM ledger, message_list WHERE message_id = :id;
SELECT pg_temp.state(:a);
-- a number that was rolled back is not given again
SELECT set_props(:a, '{"PR_SUBJECT": "after it"}');
BEGIN;
SELECT save_changes(:a);
SELECT change_number AS rolled_back FROM message_list WHERE message_id = :id \gset
ROLLBACK;
SELECT save_changes(:a);
SELECT change_number > :rolled_back AS another FROM message_list WHERE message_id = :id;

-- a read-only transaction writes nothing; the edits stay
SELECT set_props(:a, '{"PR_SUBJECT": "not now"}');
BEGIN READ ONLY;
-- fail
SELECT save_changes(:a);
ROLLBACK;
BEGIN READ ONLY;
-- fail
SELECT force_save(:a);
ROLLBACK;
BEGIN READ ONLY;
-- fail
SELECT * FROM save_message(:store, :id, 0, '{}');
ROLLBACK;
BEGIN READ ONLY;
-- fail
SELECT * FROM save_new_message(:store, :inbox, '{}');
ROLLBACK;
SELECT pg_temp.state(:a), save_changes(:a);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT close_object(:a);
-- fail
SELECT save_changes(:a);
-- fail
SELECT force_save(:a);
SELECT count(*) FROM open_handles;
