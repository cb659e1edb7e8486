-- Handles are listed while they are open, belong to their session and role, and are put
-- back as they were when a transaction or a part of it is rolled back.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
SELECT create_store('handle') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "zero", "PR_BODY": "body"}') \gset

-- the list of open handles: the version that each stands on
SELECT count(*) FROM open_handles;
SELECT open_message(:store, :id) AS reader, open_message(:store, :id, 'MAPI_MODIFY') AS writer,
       create_message(:store, :inbox) AS new \gset
SELECT set_props(:writer, '{"PR_SUBJECT": "pending"}');
SELECT CASE handle WHEN :reader THEN 'reader' WHEN :writer THEN 'writer' WHEN :new THEN 'new' END AS handle,
       store_id = :store AS store, message_id = :id AS message, is_new, access_level,
       change_number = :n AS number, has_edits,
       opened_at BETWEEN :'began' AND clock_timestamp() AS opened_now
FROM open_handles ORDER BY access_level, is_new;
SELECT message_id(:reader) = :id, message_id(:writer) = :id, message_id(:new) > :id;
SELECT close_object(:reader);
SELECT count(*) FROM open_handles;
-- a closed number is not given again, and a number that was never given is refused
-- fail
SELECT get_props(:reader);
-- fail
SELECT close_object(:reader);
-- fail
SELECT message_id(:reader);
-- fail
SELECT set_props(:reader, '{}');
-- fail
SELECT delete_props(:reader, '{}');
-- fail
SELECT refresh(:reader);
-- fail
SELECT save_changes(:reader);
-- fail
SELECT force_save(:reader);
-- fail
SELECT get_props(0);
-- fail
SELECT get_props(-1);
-- fail
SELECT save_changes(2147483647);
SELECT open_message(:store, :id) AS again \gset
SELECT :again NOT IN (:reader, :writer, :new) AS another;
SELECT close_object(handle) FROM open_handles;
SELECT count(*) FROM open_handles;
-- a thousand handles have different numbers, and close
SELECT count(DISTINCT open_message(:store, :id)) FROM generate_series(1, 1000);
-- fail
SELECT open_message(:store, :id);
-- fail
SELECT create_message(:store, :inbox);
SELECT count(close_object(handle)) FROM open_handles;
SELECT count(*) FROM open_handles;
SET msgstore.max_open_handles = 2;
SELECT open_message(:store, :id) AS a, open_message(:store, :id) AS b \gset
-- fail
SELECT open_message(:store, :id);
SELECT close_object(:a);
SELECT open_message(:store, :id) AS a \gset
-- a closed handle that a rollback could bring back counts as open
BEGIN;
SELECT close_object(:a);
-- fail
SELECT open_message(:store, :id);
ROLLBACK;
BEGIN;
SELECT close_object(:a);
COMMIT;
SELECT open_message(:store, :id) AS a \gset
-- one that was opened and closed in one transaction does not, unless a
-- savepoint lies between
SELECT close_object(:a);
SELECT count(close_object(open_message(:store, :id))) FROM generate_series(1, 1000);
BEGIN;
SELECT open_message(:store, :id) AS a \gset
SAVEPOINT s1;
SELECT close_object(:a);
-- fail
SELECT open_message(:store, :id);
ROLLBACK;
SELECT open_message(:store, :id) AS a \gset
RESET msgstore.max_open_handles;
SELECT close_object(:a), close_object(:b);

-- a handle belongs to its role
CREATE ROLE regress_handle;
CREATE ROLE regress_handle_other;
SELECT create_store('handle: of a role', 'regress_handle') AS theirs \gset
SET ROLE regress_handle;
SELECT create_message(:theirs, special_folder(:theirs, 'Inbox')) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine"}');
SELECT count(*) FROM open_handles;
RESET ROLE;
SELECT count(*) FROM open_handles;
-- fail
SELECT get_props(:h);
-- fail
SELECT save_changes(:h);
-- fail
SELECT close_object(:h);
GRANT regress_handle TO regress_handle_other;
SET ROLE regress_handle_other;
-- fail
SELECT save_changes(:h);
SET ROLE regress_handle;
SELECT save_changes(:h);
SELECT close_object(:h);
RESET ROLE;
DROP ROLE regress_handle, regress_handle_other;

-- Return everything of a handle that a transaction can change.
CREATE FUNCTION pg_temp.state(h integer) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT concat_ws(', ', get_props(h)->>'PR_SUBJECT', left(get_props(h)->>'PR_BODY', 8),
            'level ' || access_level, CASE WHEN is_new THEN 'new' END,
            CASE WHEN has_edits THEN 'edits' END)
        FROM open_handles WHERE handle = h), 'not open') $$;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b,
       open_message(:store, :id) AS c \gset

-- ROLLBACK puts back edits, base and level, closes handles opened since, opens those
-- closed since
SELECT set_props(:a, '{"PR_SUBJECT": "pending before"}');
BEGIN;
SELECT set_props(:a, '{"PR_SUBJECT": "in vain", "PR_BODY": "in vain"}');
SELECT save_changes(:a, 'KEEP_OPEN_READONLY');
SELECT set_props(:b, '{"PR_BODY": "b in vain"}');
SELECT force_save(:b);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS since \gset
SELECT close_object(:c);
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:c) AS c, pg_temp.state(:since) AS since;
ROLLBACK;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:c) AS c, pg_temp.state(:since) AS since;
SELECT change_number = :n AS base FROM open_handles;
-- COMMIT changes nothing of a handle, over any number of transactions
BEGIN;
SELECT set_props(:b, '{"PR_SUBJECT": "b committed"}');
SELECT close_object(:c);
COMMIT;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:c) AS c;
SELECT refresh(:a), refresh(:b);
-- an error rolls back its statement
SELECT set_props(:a, '{"PR_SUBJECT": "pending before"}');
-- fail
SELECT set_props(:a, '{"PR_SUBJECT": "in vain"}'), save_changes(:a), 1 / (:a - :a);
SELECT pg_temp.state(:a);
SELECT refresh(:a);

-- nested savepoints: ROLLBACK TO each goes back to where it began
BEGIN;
SELECT set_props(:a, '{"PR_SUBJECT": "one"}');
SAVEPOINT s1;
SELECT set_props(:a, '{"PR_SUBJECT": "two"}');
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h1 \gset
SAVEPOINT s2;
SELECT set_props(:a, '{"PR_SUBJECT": "three"}');
SELECT set_props(:h1, '{"PR_SUBJECT": "h1 three"}');
SELECT open_message(:store, :id) AS h2 \gset
SELECT close_object(:b);
SAVEPOINT s3;
SELECT save_changes(:a);
SELECT close_object(:h1), close_object(:h2);
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
ROLLBACK TO s3;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
-- once more to the same savepoint
SELECT save_changes(:a), close_object(:h2);
ROLLBACK TO s3;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
ROLLBACK TO s2;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
ROLLBACK TO s1;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
SELECT save_changes(:a);
COMMIT;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h1) AS h1, pg_temp.state(:h2) AS h2;
SELECT read_message(:store, :id)->'PR_SUBJECT' AS stored;
SELECT refresh(:a), refresh(:b);

-- a savepoint released, and the one around it rolled back
BEGIN;
SELECT set_props(:a, '{"PR_SUBJECT": "before s1"}');
SAVEPOINT s1;
SAVEPOINT s2;
SELECT set_props(:a, '{"PR_SUBJECT": "in s2"}');
SELECT save_changes(:a, 'KEEP_OPEN_READONLY');
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT close_object(:b);
RELEASE s2;
SELECT set_props(:h2, '{"PR_SUBJECT": "h2 after release"}');
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h2) AS h2;
SAVEPOINT s2;
SELECT set_props(:h2, '{"PR_SUBJECT": "h2 in the second s2"}');
ROLLBACK TO s2;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h2) AS h2;
ROLLBACK TO s1;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h2) AS h2;
COMMIT;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b, pg_temp.state(:h2) AS h2;
SELECT refresh(:a);
-- all savepoints released, and the transaction rolled back
BEGIN;
SAVEPOINT s1;
SELECT set_props(:a, '{"PR_SUBJECT": "in s1"}');
SAVEPOINT s2;
SELECT set_props(:a, '{"PR_SUBJECT": "in s2"}');
SELECT close_object(:b);
RELEASE s2;
RELEASE s1;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b;
ROLLBACK;
SELECT pg_temp.state(:a) AS a, pg_temp.state(:b) AS b;
-- handles opened and closed inside; a transaction aborted under savepoints
BEGIN;
SAVEPOINT s1;
SELECT open_message(:store, :id) AS h1 \gset
SAVEPOINT s2;
SELECT close_object(:h1);
ROLLBACK TO s2;
SELECT pg_temp.state(:h1) AS h1;
SELECT close_object(:h1);
ROLLBACK TO s1;
SELECT pg_temp.state(:h1) AS h1;
SELECT set_props(:a, '{"PR_SUBJECT": "before the error"}');
SAVEPOINT s3;
-- fail
SELECT set_props(:a, '{"PR_SUBJECT": "with the error"}'), get_props(:h1);
-- fail
SELECT pg_temp.state(:a);
ROLLBACK TO s3;
SELECT pg_temp.state(:a);
COMMIT;
SELECT pg_temp.state(:a);
SELECT refresh(:a);

-- an exception block is a savepoint
DO $$
DECLARE
    h integer := (SELECT handle FROM msgstore.open_handles WHERE access_level = 1 ORDER BY opened_at, handle LIMIT 1);
BEGIN
    PERFORM msgstore.set_props(h, '{"PR_SUBJECT": "before the block"}');
    BEGIN
        PERFORM msgstore.set_props(h, '{"PR_SUBJECT": "in the block"}');
        BEGIN
            PERFORM msgstore.save_changes(h);
            PERFORM msgstore.close_object(h);
            RAISE EXCEPTION 'back';
        EXCEPTION WHEN raise_exception THEN
            IF msgstore.get_props(h)->>'PR_SUBJECT' <> 'in the block' THEN
                RAISE 'the inner block left something behind';
            END IF;
        END;
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        IF msgstore.get_props(h)->>'PR_SUBJECT' <> 'before the block' THEN
            RAISE 'the outer block left something behind';
        END IF;
    END;
END $$;
SELECT count(*) FROM open_handles WHERE has_edits;
SELECT refresh(:a), refresh(:b);

-- large values come back too
SELECT set_props(:a, jsonb_build_object('PR_BODY', repeat('a', 1000000)));
BEGIN;
SAVEPOINT s1;
SELECT set_props(:a, jsonb_build_object('PR_BODY', repeat('b', 1000000)));
SAVEPOINT s2;
SELECT set_props(:a, '{"PR_SUBJECT": "with a large body"}');
SELECT delete_props(:a, '{PR_BODY}');
ROLLBACK TO s2;
SELECT md5(get_props(:a)->>'PR_BODY') = md5(repeat('b', 1000000)) AS b, get_props(:a)->'PR_SUBJECT' AS subject;
ROLLBACK TO s1;
SELECT md5(get_props(:a)->>'PR_BODY') = md5(repeat('a', 1000000)) AS a;
ROLLBACK;
SELECT md5(get_props(:a)->>'PR_BODY') = md5(repeat('a', 1000000)) AS a;
SELECT refresh(:a);

-- at random, in blocks up to six levels deep: each block rolled back leaves no trace
CREATE FUNCTION pg_temp.all_states() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(', ', handle, change_number, pg_temp.state(handle)), '; ' ORDER BY handle)
    FROM open_handles $$;
CREATE FUNCTION pg_temp.random(seed text) RETURNS integer LANGUAGE sql AS $$
    SELECT ('x' || substr(md5(seed), 1, 6))::bit(24)::integer $$;
CREATE FUNCTION pg_temp.walk(store bigint, id bigint, seed integer, level integer,
    INOUT steps integer, INOUT rollbacks integer) LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.all_states();
    random integer;
    h integer;
BEGIN
    BEGIN
        LOOP
            steps := steps - 1;
            EXIT WHEN steps < 0;
            random := pg_temp.random(seed || '.' || steps);
            SELECT handle INTO h FROM open_handles ORDER BY opened_at, handle
            OFFSET random / 8 % greatest(1, (SELECT count(*) FROM open_handles)) LIMIT 1;
            CASE random % 8
                WHEN 0 THEN PERFORM open_message(store, id, 'MAPI_MODIFY');
                WHEN 1 THEN
                    IF (SELECT count(*) FROM open_handles) > 3 THEN
                        PERFORM close_object(h);
                    END IF;
                WHEN 2 THEN PERFORM force_save(h);
                WHEN 3 THEN PERFORM refresh(h);
                WHEN 4, 5 THEN
                    IF level < 6 THEN
                        SELECT w.steps, w.rollbacks INTO steps, rollbacks
                        FROM pg_temp.walk(store, id, seed, level + 1, steps, rollbacks) AS w;
                    END IF;
                WHEN 6 THEN PERFORM set_props(h, jsonb_build_object('PR_SUBJECT', 's' || steps));
                ELSE EXIT WHEN level > 0;
            END CASE;
        END LOOP;
        IF pg_temp.random(seed || '/' || steps) % 2 = 0 THEN
            RAISE EXCEPTION 'back';
        END IF;
    EXCEPTION WHEN raise_exception THEN
        rollbacks := rollbacks + 1;
        IF before IS DISTINCT FROM pg_temp.all_states() THEN
            RAISE feature_not_supported USING MESSAGE = concat('before: ', before,
                E'\nafter:  ', pg_temp.all_states());
        END IF;
    END;
END $$;
SELECT close_object(:b);
\set VERBOSITY terse
SELECT sum(w.rollbacks) > 100 AS many_rollbacks
FROM generate_series(1, 12) AS seed, pg_temp.walk(:store, :id, seed, 0, 120, 0) AS w;
\set VERBOSITY sqlstate
SELECT count(close_object(handle)) >= 1 AS closed FROM open_handles;

-- PREPARE TRANSACTION is refused after a change to a handle
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a \gset
SELECT set_props(:a, '{"PR_SUBJECT": "pending before"}');
BEGIN;
SELECT set_props(:a, '{"PR_SUBJECT": "prepared"}');
-- fail
PREPARE TRANSACTION 'regress_handle';
SELECT pg_temp.state(:a);
BEGIN;
SELECT open_message(:store, :id) AS b \gset
-- fail
PREPARE TRANSACTION 'regress_handle';
BEGIN;
SELECT close_object(:a);
-- fail
PREPARE TRANSACTION 'regress_handle';
SELECT pg_temp.state(:a);

-- DISCARD ALL leaves no handle to the session's next user
SELECT create_message(:store, :inbox) AS b \gset
DISCARD PLANS;
SELECT count(*) FROM msgstore.open_handles;
DISCARD ALL;
SELECT count(*) FROM msgstore.open_handles;
-- fail
SELECT msgstore.get_props(:a);
-- nor does a new connection
SELECT msgstore.open_message(:store, :id) AS a \gset
\c -
-- fail
SELECT msgstore.get_props(:a);
SELECT count(*) FROM msgstore.open_handles;
