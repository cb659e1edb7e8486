-- The calls without a handle: the change number is the token, one call is one save, and
-- each answer is the one that a handle gets.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('stateless') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset

-- save_new_message() returns id and number, and stores the message
SELECT result, message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "first", "PR_BODY": "body", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"}]}') \gset
SELECT :'result' AS result, :id > 0 AS id, :n1 > 0 AS number;
SELECT subject, folder_id = :inbox AS inbox, change_number = :n1 AS number
FROM message_list WHERE message_id = :id;
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY, PR_DISPLAY_TO, PR_IMPORTANCE,
    PR_MESSAGE_CLASS, PR_SENSITIVITY, PR_MESSAGE_FLAGS, PR_HASATTACH}');
SELECT read_message(:store, :id)->'PidTagChangeNumber' = to_jsonb(:n1::bigint) AS number,
       jsonb_typeof(read_message(:store, :id)->'PidTagChangeNumber') AS type;
SELECT kind, previous, base_change_number FROM history(:store, :id);
-- this call sets the properties that can be set until the first save only
SELECT message_id AS dated FROM save_new_message(:store, :inbox,
    '{"PR_CREATION_TIME": "2001-01-01T00:00:00Z", "PR_MESSAGE_FLAGS": 8}') \gset
SELECT read_message(:store, :dated, '{PR_CREATION_TIME, PR_MESSAGE_FLAGS}');
-- an empty patch makes a message too
SELECT result, message_id > :dated AS id FROM save_new_message(:store, :drafts, '{}');
-- flags of a first save are accepted; others are refused, and use no id
SELECT flags::save_flags, result, message_id IS NULL AS no_id, change_number IS NULL AS no_number
FROM unnest(ARRAY[0, 1, 2, 3, 4, 6, 8, 128, 4096, 16, 20, -1]) AS flags,
     save_new_message(:store, :drafts, '{"PR_SUBJECT": "flags"}', flags::save_flags);
SELECT count(*) FROM message_list WHERE store_id = :store AND subject = 'flags';

-- save_message() with the current number stores, and returns the next number
SELECT result, change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "second"}') \gset
SELECT :'result' AS result, :n2 > :n1 AS newer;
SELECT read_message(:store, :id)->'PR_SUBJECT' AS subject,
       (read_message(:store, :id)->>'PidTagChangeNumber')::bigint = :n2 AS number;
-- refused: nothing is stored, and each answer has the current number
SELECT md5(m::text) AS stored FROM message m WHERE message_id = :id \gset
SELECT result, change_number = :n2 AS current
FROM generate_series(1, 2), save_message(:store, :id, :n1, '{"PR_SUBJECT": "stale"}');
SELECT md5(m::text) = :'stored' AS untouched FROM message m WHERE message_id = :id;
SELECT count(*) FROM history(:store, :id);
-- read again and saved again with that number, it is stored
SELECT result, change_number AS n3
FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "third", "PR_COMMENT": "new", "PR_BODY": null}') \gset
SELECT :'result' AS result;
-- forced from an older number: that version with the patch, as a whole
SELECT result, change_number AS n4
FROM save_message(:store, :id, :n1, '{"PR_IMPORTANCE": 2}', 'FORCE_SAVE') \gset
SELECT :'result' AS result, :n4 > :n3 AS newer;
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT, PR_BODY, PR_IMPORTANCE, PR_DISPLAY_TO}');
SELECT kind, properties, c.previous = :n3 AS over_third, c.base_change_number = :n1 AS from_first
FROM history(:store, :id) AS c WHERE change_number = :n4;
-- forced with the current number: an ordinary save
SELECT result, change_number AS n5
FROM save_message(:store, :id, :n4, '{"PR_SUBJECT": "fifth"}', 'FORCE_SAVE') \gset
SELECT kind FROM history(:store, :id) AS c WHERE change_number = :n5;

-- an empty patch is no change
SELECT result, change_number = :n5 AS same FROM save_message(:store, :id, :n5, '{}');
SELECT result, change_number = :n5 AS same FROM save_message(:store, :id, :n5, '{}', 'FORCE_SAVE');
SELECT result, change_number = :n5 AS same FROM save_message(:store, :id, :n1, '{}');
SELECT result, change_number = :n5 AS same FROM save_message(:store, :id, :n1, '{}', 'FORCE_SAVE');
SELECT count(*) FROM history(:store, :id);

-- a number that never was a version of this message
SELECT message_id AS other, change_number AS of_other FROM save_new_message(:store, :inbox, '{}') \gset
SELECT what, flags, result, change_number = :n5 AS current
FROM (VALUES ('zero', 0::bigint), ('one less', :n1 - 1), ('negative', -1), ('of another', :of_other),
             ('to come', :n5 + 1000000), ('largest', 9007199254740991)) AS v (what, number),
     unnest(ARRAY[0, 4]) AS flags,
     save_message(:store, :id, number, '{"PR_SUBJECT": "bogus"}', flags::save_flags)
ORDER BY what, flags;
SELECT flags::save_flags, result, change_number = :n5 AS current
FROM unnest(ARRAY[0, 4]) AS flags, save_message(:store, :id, 0, '{}', flags::save_flags);
SELECT read_message(:store, :id, '{PR_SUBJECT}'), count(*) FROM history(:store, :id);

-- flags
SELECT flags::save_flags, result, change_number IS NULL AS no_number
FROM unnest(ARRAY[16, 20, -1, x'40000000'::int]) AS flags,
     save_message(:store, :id, :n5, '{"PR_SUBJECT": "flags"}', flags::save_flags);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
CREATE FUNCTION pg_temp.current(store bigint, id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT change_number FROM message_list WHERE store_id = $1 AND message_id = $2 $$;
CREATE FUNCTION pg_temp.saved(store bigint, id bigint, flags save_flags) RETURNS hresult
LANGUAGE plpgsql AS $$
BEGIN
    RETURN result FROM save_message(store, id, pg_temp.current(store, id),
        '{"PR_COMMENT": "flags"}', flags);
END $$;
SELECT flags::save_flags, pg_temp.saved(:store, :other, flags)
FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 128, 4096]) AS flags;

-- messages that are deleted, softly and for good, or never were
SELECT message_id AS gone, change_number AS gone_number FROM save_new_message(:store, :inbox, '{}') \gset
UPDATE message SET deleted_at = now() WHERE message_id = :gone;
SELECT result FROM save_message(:store, :gone, :gone_number, '{"PR_SUBJECT": "back"}');
SELECT result FROM save_message(:store, :gone, :gone_number, '{"PR_SUBJECT": "back"}', 'FORCE_SAVE');
SELECT result FROM save_message(:store, :gone, 0, '{}', 'FORCE_SAVE');
-- fail
SELECT read_message(:store, :gone);
SELECT deleted_at IS NOT NULL AS deleted, props ? 'PR_SUBJECT' AS back FROM message WHERE message_id = :gone;
DELETE FROM message WHERE message_id = :gone;
SELECT result, change_number FROM save_message(:store, :gone, :gone_number, '{}');
SELECT result, change_number FROM save_message(:store, :gone, :gone_number, '{}', 'FORCE_SAVE');
-- fail
SELECT read_message(:store, :gone);
-- fail
SELECT * FROM save_message(:store, 0, 1, '{}');
-- fail
SELECT * FROM save_message(0, :id, :n5, '{}');
-- fail
SELECT * FROM save_new_message(:store, 0, '{}');
-- fail
SELECT * FROM save_new_message(0, :inbox, '{}');

-- the number is checked before the patch: with a stale one the patch is not read
SELECT result FROM save_message(:store, :id, :n1, '{"NoSuchName": 1}');
-- fail
SELECT * FROM save_message(:store, :id, :n5, '{"NoSuchName": 1}');
-- fail
SELECT * FROM save_message(:store, :id, :n5, '[]');
-- fail
SELECT * FROM save_message(:store, :id, :n5, '{"PR_SUBJECT": "lost", "PR_MESSAGE_FLAGS": 1}');
SELECT read_message(:store, :id, '{PR_SUBJECT}');

-- a patch may carry a whole message
SELECT result FROM save_message(:store, :id, :n5, '{
    "PR_SUBJECT": "whole", "PR_HTML": "PGI+", "PR_IMPORTANCE": null, "PidTagComment": "c",
    "PR_TRANSPORT_MESSAGE_HEADERS": "X: y",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 3}]}');
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_HTML, PR_BODY, PR_IMPORTANCE, PR_COMMENT,
    PR_TRANSPORT_MESSAGE_HEADERS, PR_DISPLAY_TO, PR_DISPLAY_BCC}');

-- a handle's save makes a token stale, and a save by token makes a handle stale
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT pg_temp.current(:store, :id) AS n \gset
SELECT get_props(:h) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS same;
SELECT set_props(:h, '{"PR_SUBJECT": "handle"}'), save_changes(:h);
SELECT result, change_number = pg_temp.current(:store, :id) AS current
FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "token"}');
SELECT pg_temp.current(:store, :id) AS n \gset
SELECT result FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "token"}');
SELECT set_props(:h, '{"PR_COMMENT": "stale"}'), save_changes(:h);
SELECT force_save(:h);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT}');
SELECT close_object(:h);

-- equal steps by handle and by number, on two messages: equal answers, and equal
-- messages in the end
CREATE FUNCTION pg_temp.compare(store bigint, folder bigint, seed integer, steps integer)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    patches jsonb[] := ARRAY['{}', '{"PR_SUBJECT": "s"}', '{"PR_SUBJECT": null}',
        '{"PR_BODY": "text"}', '{"PR_HTML": "PGI+"}', '{"PR_COMMENT": "c", "PR_IMPORTANCE": 2}',
        '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "r"}]}', '{"PR_MESSAGE_RECIPIENTS": null}',
        '{"PR_BODY": null, "PR_RTF_COMPRESSED": "AAAA"}', '{"PR_TRANSPORT_MESSAGE_HEADERS": "h"}'];
    computed text[] := '{PR_ENTRYID,PR_SOURCE_KEY,PR_RECORD_KEY,PidTagChangeNumber,PR_CHANGE_KEY,PR_SEARCH_KEY,
        PR_PREDECESSOR_CHANGE_LIST,PR_CREATION_TIME,PR_LAST_MODIFICATION_TIME,PR_LOCAL_COMMIT_TIME}';
    handles integer[];
    numbers bigint[];
    h integer := create_message(store, folder);
    by_handle bigint := message_id(h);
    by_number bigint;
    random bigint;
    who integer;
    patch jsonb;
    flags save_flags;
    result hresult;
    other record;
    refused integer := 0;
BEGIN
    PERFORM save_changes(h);
    PERFORM close_object(h);
    FOR i IN 1 .. 3 LOOP
        handles[i] := open_message(store, by_handle, 'MAPI_MODIFY');
    END LOOP;
    SELECT message_id, ARRAY[change_number, change_number, change_number]
    INTO by_number, numbers FROM save_new_message(store, folder, '{}');
    FOR step IN 1 .. steps LOOP
        random := ('x' || substr(md5(seed || '.' || step), 1, 12))::bit(48)::bigint;
        who := 1 + random % 3;
        patch := patches[1 + random / 3 % 10];
        flags := CASE WHEN random / 30 % 4 = 0 THEN 4 ELSE 0 END;
        PERFORM set_props(handles[who], patch);
        result := save_changes(handles[who], flags);
        SELECT * INTO other FROM save_message(store, by_number, numbers[who], patch, flags);
        IF result <> other.result THEN
            RETURN format('step %s: handle %s, number %s', step, result, other.result);
        END IF;
        IF result = 'S_OK' THEN
            numbers[who] := other.change_number;
        ELSE
            refused := refused + 1;
            -- drop the edits, and start from the newest version
            PERFORM refresh(handles[who]);
            numbers[who] := other.change_number;
        END IF;
        IF read_message(store, by_handle) - computed <> read_message(store, by_number) - computed THEN
            RETURN format('step %s: messages differ', step);
        END IF;
        IF get_props(handles[who]) - 'PR_ACCESS_LEVEL' <> read_message(store, by_handle) THEN
            RETURN format('step %s: handle and message differ', step);
        END IF;
    END LOOP;
    PERFORM close_object(handle) FROM unnest(handles) AS handle;
    IF (SELECT array_agg((kind, properties)::text ORDER BY change_number) FROM history(store, by_handle))
        <> (SELECT array_agg((kind, properties)::text ORDER BY change_number) FROM history(store, by_number)) THEN
        RETURN 'histories differ';
    END IF;
    RETURN CASE WHEN refused BETWEEN 1 AND steps - 1 THEN 'same' ELSE 'not tried' END;
END $$;
SELECT seed, pg_temp.compare(:store, :drafts, seed, 60) FROM generate_series(1, 5) AS seed;

-- read_message() reads with the statement's snapshot: all properties, or those named
SELECT pg_temp.current(:store, :id) AS n \gset
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT read_message(:store, :id, '{PR_SUBJECT}');
COMMIT;
SELECT read_message(:store, :id, '{}');
SELECT read_message(:store, :id, '{PR_ACCESS_LEVEL, PR_ACCESS, PR_NICK_NAME}');
WITH saved AS MATERIALIZED (
    SELECT * FROM save_message(:store, :id, :n, '{"PR_SUBJECT": "within"}'))
SELECT result, read_message(:store, :id)->'PR_SUBJECT' AS as_it_was FROM saved;
SELECT read_message(:store, :id)->'PR_SUBJECT' AS as_it_is;

-- save_message_number() saves as save_message() does, and answers one number
SELECT message_id AS num, change_number AS n1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
SELECT save_message_number(:store, :num, :n1, '{"PR_SUBJECT": "two"}', actor => 'ann') AS n2 \gset
SELECT subject, change_number = :n2 AS number, :n2 > :n1 AS newer FROM message_list WHERE message_id = :num;
SELECT save_message_number(:store, :num, :n1, '{"PR_SUBJECT": "stale"}') IS NULL AS stale,
       save_message_number(:store, :num, :n2, '{"PR_SUBJECT": "flags"}', '0x100000') IS NULL AS flags;
SELECT save_message_number(:store, :num, :n1, '{"PR_SUBJECT": "forced"}', 'FORCE_SAVE', request => 'r1') AS n3 \gset
SELECT save_message_number(:store, :num, :n1, '{"PR_SUBJECT": "again"}', request => 'r1') = :n3 AS repeated;
SELECT kind, changed_by = 'ann' AS ann, properties FROM history(:store, :num);
SELECT delete_messages(:store, ARRAY[:num]);
SELECT save_message_number(:store, :num, :n3, '{"PR_SUBJECT": "gone"}') IS NULL AS gone;
SELECT save_message_number(:store, 0, :n3, '{}'); -- fail
SELECT save_message_number(:store, :num, NULL, '{}'); -- fail
