-- Opening a message: flags and the state of the message decide on the level of the
-- handle or the error; neither opening nor reading changes anything.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
CREATE ROLE regress_open_owner;
CREATE ROLE regress_open_other;
SELECT create_store('open', 'regress_open_owner') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT create_store('open: another') AS another \gset
SET ROLE regress_open_owner;
SELECT message_id, change_number FROM save_new_message(:store, :inbox, '{
    "PR_SUBJECT": "open me", "PR_BODY": "body", "PR_MESSAGE_FLAGS": 0,
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"}]}') \gset
SELECT message_id AS deleted FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "soft-deleted"}') \gset
RESET ROLE;
UPDATE message SET deleted_at = now() WHERE message_id = :deleted;
SELECT md5(m::text) AS content, m.ctid AS place, m.xmin AS version
FROM message m WHERE message_id = :message_id \gset
SELECT count(*) AS changes FROM change \gset

-- Return the level of a handle that flags give, and the result of an edit on it.
CREATE FUNCTION public.regress_open(store bigint, message bigint, flags open_flags,
    OUT opened text, OUT access_level text, OUT edits text, OUT saves text)
LANGUAGE plpgsql AS $$
DECLARE
    handle integer;
BEGIN
    BEGIN
        handle := open_message(store, message, flags);
    EXCEPTION WHEN OTHERS THEN
        opened := SQLSTATE;
        RETURN;
    END;
    opened := 'yes';
    access_level := get_props(handle, '{PR_ACCESS_LEVEL}')->>'PR_ACCESS_LEVEL';
    IF get_props(handle)->>'PR_ACCESS_LEVEL' <> access_level THEN
        RAISE 'two levels';
    END IF;
    BEGIN
        PERFORM set_props(handle, '{"PR_SUBJECT": "edited"}');
        edits := 'set';
    EXCEPTION WHEN OTHERS THEN
        edits := SQLSTATE;
    END;
    BEGIN
        PERFORM delete_props(handle, '{PR_SUBJECT}');
        edits := edits || ', deleted';
    EXCEPTION WHEN OTHERS THEN
        edits := edits || ', ' || SQLSTATE;
    END;
    IF access_level = '0' THEN
        saves := save_changes(handle) || ', ' || save_changes(handle, 'FORCE_SAVE')
            || ', ' || force_save(handle);
    END IF;
    PERFORM close_object(handle);
END $$;
SET ROLE regress_open_owner;
SELECT flags::open_flags, (regress_open(:store, :message_id, flags::open_flags)).*
FROM unnest(ARRAY[0, 1, x'10'::int, x'11'::int, 2, 3, x'12'::int,
                  8, 9, x'200'::int, x'201'::int, x'21b'::int]) AS flags;

-- a soft-deleted message is opened with SHOW_SOFT_DELETES only, and read-only
SELECT flags::open_flags, (regress_open(:store, :deleted, flags::open_flags)).*
FROM unnest(ARRAY[0, 1, x'10'::int, 2, 3, x'12'::int, x'13'::int, 8,
                  x'218'::int]) AS flags;

-- other bits are refused, alone and beside known ones
SELECT bit AS wrongly_taken
FROM generate_series(0, 31) AS bit,
     regress_open(:store, :message_id, (1 | (1::bigint << bit)::bit(32)::int)::open_flags)
WHERE opened <> 'MA106' AND NOT bit IN (0, 1, 3, 4, 9);
SELECT (regress_open(:store, :message_id, flags::open_flags)).opened
FROM unnest(ARRAY[-1, x'20'::int, x'21'::int, x'40000000'::int]) AS flags;
-- fail
SELECT open_message(:store, :message_id, 'FORCE_SAVE');

-- messages that do not exist
SELECT what, array_agg((regress_open(store, message, flags::open_flags)).opened) AS opened
FROM (VALUES ('no such message', :store, 0), ('negative', :store, -1),
             ('largest', :store, 9223372036854775807),
             ('no such store', 0, :message_id),
             ('neither', -1, -1)) AS v (what, store, message),
     unnest(ARRAY[0, 1, 16, 2]) AS flags
GROUP BY what ORDER BY what;
RESET ROLE;
-- a message is found in its own store only, not in another
SELECT (regress_open(:another, :message_id, 0)).opened;
-- a new message is not found before it is saved
SELECT create_message(:store, :inbox) AS new \gset
SELECT (regress_open(:store, message_id(:new), 0)).opened,
       (regress_open(:store, message_id(:new), 2)).opened;
SELECT close_object(:new);

-- a role without access to the store is refused, whatever the flags and the message
SET ROLE regress_open_other;
SELECT what, flags, (regress_open(:store, message, flags::open_flags)).opened
FROM (VALUES ('there', :message_id), ('deleted', :deleted),
             ('missing', 0)) AS v (what, message),
     unnest(ARRAY[0, 1, 16, 2]) AS flags
ORDER BY what, flags;
-- unknown flags are reported as such all the same
SELECT (regress_open(:store, :message_id, 32)).opened;
SELECT count(*) AS handles FROM open_handles;
RESET ROLE;

-- a refused open leaves no handle behind
SELECT count(*) AS handles FROM open_handles;
-- fail
SELECT open_message(:store, 0);
-- fail
SELECT open_message(:store, :message_id, 32);
SELECT count(*) AS handles FROM open_handles;

-- each open gives a handle of its own
SELECT open_message(:store, :message_id, 'MAPI_MODIFY') AS a,
       open_message(:store, :message_id, 'MAPI_MODIFY') AS b,
       open_message(:store, :message_id) AS c \gset
SELECT :a <> :b AND :b <> :c AND :a <> :c AS three;
SELECT set_props(:a, '{"PR_SUBJECT": "of a"}');
SELECT get_props(:a, '{PR_SUBJECT}'), get_props(:b, '{PR_SUBJECT}'),
       get_props(:c, '{PR_SUBJECT}');
SELECT message_id(:a) = :message_id AND message_id(:c) = :message_id AS same;
-- a handle shows what read_message() shows, and its level
SELECT get_props(:b) - 'PR_ACCESS_LEVEL' = read_message(:store, :message_id) AS same,
       get_props(:b)->'PR_ACCESS_LEVEL' AS level,
       read_message(:store, :message_id) ? 'PR_ACCESS_LEVEL' AS level_without;
SELECT close_object(:a), close_object(:b), close_object(:c);

-- opening and reading work in a read-only transaction
BEGIN READ ONLY;
SELECT open_message(:store, :message_id, 'MAPI_BEST_ACCESS') AS h \gset
SELECT get_props(:h, '{PR_SUBJECT, PR_ACCESS_LEVEL}');
SELECT read_message(:store, :message_id, '{PR_SUBJECT}');
SELECT set_props(:h, '{"PR_SUBJECT": "pending"}');
SELECT refresh(:h);
SELECT get_props(:h, '{PR_SUBJECT, PR_ACCESS_LEVEL}');
SELECT close_object(:h);
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;

-- neither changes a byte of the row, nor the history
SELECT m.ctid = :'place' AS place, m.xmin = :'version' AS version,
       md5(m::text) = :'content' AS content
FROM message m WHERE message_id = :message_id;
SELECT count(*) - :changes AS changes FROM change;
SELECT read_message(:store, :message_id,
           '{PR_MESSAGE_FLAGS, PR_LAST_MODIFICATION_TIME, PidTagChangeNumber}')
       = jsonb_build_object('PR_MESSAGE_FLAGS', 0, 'PidTagChangeNumber', :change_number,
           'PR_LAST_MODIFICATION_TIME',
           read_message(:store, :message_id)->'PR_CREATION_TIME') AS untouched;

-- both work inside functions, STABLE and IMMUTABLE ones included
CREATE FUNCTION pg_temp.subject(store bigint, message bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    handle integer := open_message(store, message);
    subject text := get_props(handle, '{PR_SUBJECT}')->>'PR_SUBJECT';
BEGIN
    PERFORM close_object(handle);
    RETURN subject || ', ' || (read_message(store, message)->>'PR_SUBJECT');
END $$;
SELECT pg_temp.subject(:store, :message_id);
SELECT count(*) AS handles FROM open_handles;

DROP FUNCTION public.regress_open(bigint, bigint, open_flags);
DROP ROLE regress_open_owner, regress_open_other;
