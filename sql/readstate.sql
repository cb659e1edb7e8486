-- Read flags: each user's own, at once, without a new version; the flags of a call, a
-- folder as a whole, the receipts, and the number of unread messages.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('readstate') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
CREATE FUNCTION pg_temp.message(subject text, more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'readstate'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'readstate'),
        jsonb_build_object('PR_SUBJECT', subject) || more) $$;
-- Return what an actor sees of a message's flags.
CREATE FUNCTION pg_temp.seen(id bigint, actor text DEFAULT NULL, OUT read boolean, OUT flags text)
LANGUAGE sql AS $$
    SELECT (p->>'PR_READ')::boolean, to_hex((p->>'PR_MESSAGE_FLAGS')::integer)
    FROM store_list AS s, read_message(s.store_id, id, NULL, actor) AS p
    WHERE s.name = 'readstate' $$;
-- Return everything about a message that a read flag must not change.
CREATE FUNCTION pg_temp.version(id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT md5((p - '{PR_READ,PR_MESSAGE_FLAGS,PR_MSG_STATUS,PR_LOCAL_COMMIT_TIME}'::text[])::text)
           || (SELECT m.xmin || ' ' || m.ctid::text || ' ' || m.xmax FROM message AS m WHERE message_id = id AND m.store_id = s.store_id)
    FROM store_list AS s, read_message(s.store_id, id) AS p WHERE s.name = 'readstate' $$;

-- a new message is read for its creator and unread for everybody else
SELECT pg_temp.message('one') AS one \gset
SET msgstore.actor = 'ann';
SELECT pg_temp.message('of ann') AS ann \gset
RESET msgstore.actor;
SELECT a.actor, (pg_temp.seen(:one, a.actor)).*, (pg_temp.seen(:ann, a.actor)).*
FROM (VALUES (NULL), ('ann'), ('bob')) AS a (actor);
-- and for its creator unread if its flags say so
SELECT pg_temp.seen(pg_temp.message('x', '{"PR_MESSAGE_FLAGS": 8}')),
       pg_temp.seen(pg_temp.message('x', '{"PR_MESSAGE_FLAGS": 0}')),
       pg_temp.seen(pg_temp.message('x', '{"PR_MESSAGE_FLAGS": 1}'));
SELECT count(*) AS unread FROM message_list WHERE store_id = :store AND NOT "read";

-- set and cleared, by each user alone; EVERREAD goes with READ; no new version
SELECT pg_temp.version(:one) AS version \gset
SELECT set_read_flag(:store, :one, actor => 'ann'), pg_temp.seen(:one), pg_temp.seen(:one, 'ann'), pg_temp.seen(:one, 'bob');
SELECT set_read_flag(:store, :one, 'CLEAR_READ_FLAG'), pg_temp.seen(:one), pg_temp.seen(:one, 'ann'), pg_temp.seen(:one, 'bob');
SELECT set_read_flag(:store, :one, 'CLEAR_READ_FLAG', 'ann'), pg_temp.seen(:one, 'ann');
SELECT set_read_flag(:store, :one), pg_temp.seen(:one);
SELECT pg_temp.version(:one) = :'version' AS version_stands, count(*) AS changes FROM history(:store, :one);
-- the actor of the session, and an empty actor, which is none
SET msgstore.actor = 'bob';
SELECT set_read_flag(:store, :one), pg_temp.seen(:one), pg_temp.seen(:one, 'bob'), "read" FROM message_list WHERE message_id = :one;
RESET msgstore.actor;
SELECT set_read_flag(:store, :one, 'CLEAR_READ_FLAG', ''), pg_temp.seen(:one), pg_temp.seen(:one, ''), "read" FROM message_list WHERE message_id = :one;
-- all ways of reading show the flag; a handle that was opened before too
SELECT open_message(:store, :one) AS h \gset
SELECT set_read_flag(:store, :one);
SELECT get_props(:h, '{PR_READ, PR_MESSAGE_FLAGS}'), get_props(:h)->'PR_READ' AS of_all,
       message_at(:store, :one, (SELECT change_number FROM message_list WHERE message_id = :one))->'PR_READ' AS of_version,
       (SELECT "read" FROM message_list WHERE message_id = :one);
-- fail
SELECT save_new_message(:store, :inbox, '{"PR_READ": true}');

-- each change has a row with its position, clearing too; a flag that is set already is no change
SELECT role = current_user AS mine, actor, changed_at <= clock_timestamp() AS past, xid < pg_current_xact_id() AS of_then,
       incarnation > 0 OR incarnation = 0 AS run, count(*) OVER (), rank() OVER (ORDER BY number)
FROM read_mark WHERE message_id = :one ORDER BY number;
SELECT max(number) AS number, max(changed_at) AS at FROM read_mark \gset
SELECT read_message(:store, :one)->>'PR_LOCAL_COMMIT_TIME' AS committed \gset
SELECT set_read_flag(:store, :one), set_read_flags(:store, ARRAY[:one]), max(number) = :number AS unchanged FROM read_mark;
SELECT read_message(:store, :one)->>'PR_LOCAL_COMMIT_TIME' = :'committed' AS unchanged;
SELECT set_read_flag(:store, :one, 4);
SELECT max(number) > :number AS changed FROM read_mark;
SELECT (p->>'PR_LOCAL_COMMIT_TIME')::timestamptz > :'committed'::timestamptz AS moved,
       (p->>'PR_LAST_MODIFICATION_TIME')::timestamptz <= :'committed'::timestamptz AS stands,
       (read_message(:store, :one, NULL, 'carl')->>'PR_LOCAL_COMMIT_TIME')::timestamptz <= :'committed'::timestamptz AS of_others
FROM read_message(:store, :one) AS p;

-- the flags of a call
SELECT pg_temp.message('receipt', '{"PR_READ_RECEIPT_REQUESTED": true, "PR_NON_RECEIPT_NOTIFICATION_REQUESTED": true}') AS r \gset
SELECT f AS flags, set_read_flag(:store, :r, f, 'u' || f) AS result, (pg_temp.seen(:r, 'u' || f)).*,
       set_read_flag(:store, :one, f, 'u' || f) AS result, (pg_temp.seen(:one, 'u' || f)).flags AS not_asked_for
FROM generate_series(0, 128) AS f
WHERE f & ~ 115 = 0 AND f & 34 <> 34 OR f IN (4, 5, 8, 12, 20, 21, 28, 36, 37, 68, 84, 100, 128);
-- the other results of one message
SELECT set_read_flag(:store, 0), set_read_flag(:store, 0, 128), set_read_flag(:store, 0, 20);
-- a receipt that was due stays due without the flag, and is due once
SELECT set_read_flag(:store, :r, actor => 'v'), pg_temp.seen(:r, 'v');
SELECT set_read_flag(:store, :r, 4, 'v'), pg_temp.seen(:r, 'v');
SELECT set_read_flag(:store, :r, 'CLEAR_RN_PENDING', 'v'), pg_temp.seen(:r, 'v');
SELECT set_read_flag(:store, :r, actor => 'v'), set_read_flag(:store, :r, 'GENERATE_RECEIPT_ONLY', 'v'), pg_temp.seen(:r, 'v');
-- a message that was deleted unread
SELECT set_read_flag(:store, :r, 'CLEAR_NRN_PENDING', 'w'), delete_messages(:store, ARRAY[:r]);
SET msgstore.actor = 'nobody yet';
SELECT open_message(:store, :r, 'SHOW_SOFT_DELETES') AS d \gset
SELECT get_props(:d, '{PR_READ, PR_MESSAGE_FLAGS}');
SET msgstore.actor = 'w';
SELECT get_props(:d, '{PR_READ, PR_MESSAGE_FLAGS}');
RESET msgstore.actor;
SELECT set_read_flag(:store, :r), mark_read(:d);

-- through a handle: pending edits stay pending
SELECT open_message(:store, :one, 'MAPI_MODIFY') AS e \gset
SELECT set_props(:e, '{"PR_SUBJECT": "edited"}');
SELECT mark_read(:e), get_props(:e, '{PR_READ, PR_SUBJECT}'), has_edits FROM open_handles WHERE handle = :e;
SELECT mark_read(:e, 'CLEAR_READ_FLAG'), get_props(:e, '{PR_READ, PR_SUBJECT}'), mark_read(:e, 128), mark_read(:e, 20);
SELECT save_changes(:e), pg_temp.seen(:one);
SELECT create_message(:store, :inbox) AS n \gset
SELECT get_props(:n, '{PR_READ, PR_MESSAGE_FLAGS}'), mark_read(:n);
-- fail
SELECT mark_read(0);
-- fail
SELECT mark_read(create_attachment(:n));

-- many messages; some missing, all missing
SELECT array_agg(pg_temp.message('many ' || n) ORDER BY n) AS many FROM generate_series(1, 5) AS n \gset
SELECT set_read_flags(:store, :'many', actor => 'ann'), count_unread(:store, :inbox, 'ann') AS unread;
SELECT set_read_flags(:store, :'many', 'CLEAR_READ_FLAG', actor => 'ann'), count_unread(:store, :inbox, 'ann') AS unread;
SELECT set_read_flags(:store, :'many'::bigint[] || 0::bigint, actor => 'ann'), count_unread(:store, :inbox, 'ann') AS unread;
SELECT set_read_flags(:store, ARRAY[0, :r]), set_read_flags(:store, '{}'), set_read_flags(:store, :'many', 128), set_read_flags(:store, :'many', 20);
-- fail
SELECT set_read_flags(:store, ARRAY[1, NULL]);
-- fail
SELECT set_read_flags(:store, NULL);
-- fail
SELECT set_read_flags(:store, '{1}', '0', :inbox);

-- a folder as a whole: one row of its own, for the messages that are there now
SELECT count_unread(:store, :inbox, 'carl') AS unread, count(*) FROM message_list WHERE folder_id = :inbox;
SELECT set_read_flags(:store, NULL, '0', :inbox, 'carl'), count_unread(:store, :inbox, 'carl') AS unread;
SELECT f.folder_id = :inbox AS inbox, f.is_read, f.number > :number AS later, (SELECT count(*) FROM read_mark WHERE actor = 'carl') AS marks
FROM read_folder AS f WHERE actor = 'carl';
SELECT (read_message(:store, :one, NULL, 'carl')->>'PR_LOCAL_COMMIT_TIME')::timestamptz = changed_at AS moved
FROM read_folder WHERE actor = 'carl';
SELECT pg_temp.message('later') AS later \gset
SELECT count_unread(:store, :inbox, 'carl') AS unread, pg_temp.seen(:later, 'carl'), pg_temp.seen(:one, 'carl');
-- a move and a restore keep the flag, and a message that comes into the folder is not read by that
SELECT message_id AS other FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "other"}') \gset
SELECT move_messages(:store, ARRAY[:one], :drafts), move_messages(:store, ARRAY[:other], :inbox);
SELECT pg_temp.seen(:one, 'carl'), pg_temp.seen(:other, 'carl'), count_unread(:store, :inbox, 'carl') AS inbox, count_unread(:store, :drafts, 'carl') AS drafts;
SELECT delete_messages(:store, ARRAY[:one]), restore_messages(:store, ARRAY[:one]), pg_temp.seen(:one, 'carl');
-- marked again, nothing changes; cleared, all of it does
SELECT number AS folder_number FROM read_folder WHERE actor = 'carl' \gset
SELECT set_read_flags(:store, ARRAY[:later, :other], actor => 'carl');
SELECT set_read_flags(:store, NULL, '0', :inbox, 'carl'), number = :folder_number AS unchanged FROM read_folder WHERE actor = 'carl';
SELECT set_read_flags(:store, NULL, 'CLEAR_READ_FLAG', :inbox, 'carl');
SELECT count_unread(:store, :inbox, 'carl') = count(*) AS all_of_it, (SELECT is_read FROM read_folder WHERE actor = 'carl') FROM message_list WHERE folder_id = :inbox;
SELECT pg_temp.seen(:one, 'carl') AS elsewhere;
-- receipts of a folder as a whole
SELECT pg_temp.message('receipt', '{"PR_READ_RECEIPT_REQUESTED": true}') AS q \gset
SELECT pg_temp.message('receipt', '{"PR_READ_RECEIPT_REQUESTED": true}') AS unread \gset
SELECT set_read_flags(:store, NULL, 'SUPPRESS_RECEIPT', :inbox, 'dora'), pg_temp.seen(:q, 'dora'), (SELECT count(*) FROM read_mark WHERE actor = 'dora') AS marks;
SELECT set_read_flags(:store, NULL, '0', :inbox, 'emil'), pg_temp.seen(:q, 'emil'), (SELECT count(*) FROM read_mark WHERE actor = 'emil') AS marks;
SELECT set_read_flag(:store, :unread, 'CLEAR_READ_FLAG', 'emil'), set_read_flag(:store, :unread, 'CLEAR_RN_PENDING', 'emil');
SELECT set_read_flags(:store, NULL, 'CLEAR_READ_FLAG', :inbox, 'emil'), pg_temp.seen(:q, 'emil'), pg_temp.seen(:unread, 'emil'), pg_temp.seen(:unread, 'fritz');
-- fail
SELECT set_read_flags(:store, NULL, '0', 0);
-- fail
SELECT count_unread(:store, 0);
-- fail
SELECT count_unread(0, 0);
-- fail
SELECT set_read_flag(0, 0);

-- ids beyond one page, and the flags of many messages at once
SELECT create_store('readstate: large') AS large \gset
SELECT special_folder(:large, 'Inbox') AS box \gset
SELECT count(*) FROM generate_series(1, 2500) AS n, save_new_message(:large, :box, jsonb_build_object('PR_MESSAGE_FLAGS', 0, 'PR_KEYWORD', n::text));
SELECT count_unread(:large, :box) AS unread, set_read_flags(:large, NULL, '0', :box), count_unread(:large, :box);
SELECT count(*) BETWEEN 3 AND 4 AS pages, count(*) FILTER (WHERE known <> is_read) AS of_others FROM read_page WHERE store_id = :large;
SELECT min(message_id) AS least FROM message WHERE store_id = :large \gset
SELECT set_read_flags(:large, array_agg(message_id), 'CLEAR_READ_FLAG') FROM message WHERE store_id = :large AND (message_id - :least) % 7 = 0;
SELECT count_unread(:large, :box) = count(*) AS equal, bool_and(NOT l."read") AS listed FROM message_list AS l WHERE store_id = :large AND (message_id - :least) % 7 = 0;
SELECT bool_and(l."read") AS listed FROM message_list AS l WHERE store_id = :large AND (message_id - :least) % 7 <> 0;

-- the number is that of the list for users who have read nothing, little, or most; with
-- deleted, associated, moved and own messages; and PR_CONTENT_UNREAD is this number
SET msgstore.actor = 'olga';
SELECT count(*) FROM generate_series(1, 30) AS n, save_new_message(:large, :box, jsonb_build_object('PR_MESSAGE_FLAGS', n % 2)) AS m;
RESET msgstore.actor;
SELECT set_read_flags(:large, array_agg(message_id), actor => 'petra') FROM (SELECT message_id FROM message WHERE store_id = :large ORDER BY 1 LIMIT 20) AS m;
SELECT set_read_flags(:large, NULL, '0', :box, 'rosa'), set_read_flags(:large, array_agg(message_id), 'CLEAR_READ_FLAG', actor => 'olga')
FROM (SELECT message_id FROM message WHERE store_id = :large ORDER BY 1 DESC LIMIT 3) AS m;
SELECT create_folder(:large, NULL, 'other') AS other \gset
SELECT move_messages(:large, array_agg(message_id) FILTER (WHERE n % 3 = 0), :other), delete_messages(:large, array_agg(message_id) FILTER (WHERE n % 3 = 1))
FROM (SELECT message_id, row_number() OVER (ORDER BY message_id) AS n FROM message WHERE store_id = :large ORDER BY 1 LIMIT 40) AS m;
SELECT create_message(:large, :box, 'MAPI_ASSOCIATED') AS h \gset
SELECT save_changes(:h), close_object(:h);
CREATE FUNCTION pg_temp.compare(s bigint, a text, OUT unread text, OUT alike boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('msgstore.actor', a, false);
    SELECT string_agg(f.name || ' ' || f.unread, ', ' ORDER BY f.name COLLATE "C") FILTER (WHERE f.unread > 0),
        bool_and(f.unread = count_unread(s, f.folder_id, a) AND f.unread = (get_folder_props(s, f.folder_id, '{PR_CONTENT_UNREAD}', a)->>'PR_CONTENT_UNREAD')::bigint
            AND f.unread = (SELECT count(*) FROM message_list AS l WHERE l.store_id = s AND l.folder_id = f.folder_id AND NOT l."read" AND NOT l.associated))
    INTO unread, alike FROM folder_list AS f WHERE f.store_id = s;
END $$;
SELECT a AS actor, (pg_temp.compare(:large, a)).* FROM unnest('{"",ann,olga,petra,rosa}'::text[]) AS a ORDER BY a;
RESET msgstore.actor;
SELECT set_folder_props(:large, :box, '{"PR_CONTENT_UNREAD": 1}'); -- fail

-- a message that is deleted for good takes its marks with it
SELECT delete_messages(:store, ARRAY[:q], 'DELETE_HARD_DELETE');
SELECT count(*) FROM read_mark WHERE message_id = :q;

-- a role that may not read the message may not mark it; one that may has flags of its own
CREATE ROLE regress_reader;
CREATE ROLE regress_stranger;
SELECT grant_folder(:store, :inbox, 'regress_reader', 'REVIEWER');
SET ROLE regress_reader;
SELECT set_read_flag(:store, :later), count_unread(:store, :inbox) > 0 AS unread, set_read_flag(:store, :one), "read" FROM message_list WHERE message_id = :later;
SELECT set_read_flags(:store, ARRAY[:later, :one]), set_read_flags(:store, NULL, '0', :inbox), count_unread(:store, :inbox);
-- fail
SELECT set_read_flags(:store, NULL, '0', :drafts);
-- fail
SELECT count_unread(:store, :drafts);
SET ROLE regress_stranger;
-- fail
SELECT set_read_flag(:store, :later);
-- fail
SELECT count_unread(:store, :inbox);
RESET ROLE;
SELECT grant_folder(:store, :inbox, 'regress_reader', 'FOLDER_VISIBLE');
SET ROLE regress_reader;
SELECT set_read_flag(:store, :later), count_unread(:store, :inbox), set_read_flags(:store, NULL, 'CLEAR_READ_FLAG', :inbox);
SELECT name, unread FROM folder_list WHERE store_id = :store;
RESET ROLE;
SELECT count(*) AS still_read FROM read_page, message_list WHERE role = 'regress_reader' AND message_id = :later AND page = message_id >> 10
AND get_bit(is_read, (message_id & 1023)::integer) = 1;
SELECT revoke_folder(:store, :inbox, 'regress_reader');
DROP ROLE regress_reader, regress_stranger;
