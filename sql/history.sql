-- The history has a row for every change, with its author, time, client and base, and
-- every version can be rebuilt from it exactly.  History and merge report raise for a
-- store that does not exist or belongs to others (F9).
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
CREATE ROLE regress_history_ann;
CREATE ROLE regress_history_bob;
CREATE ROLE regress_history_team;
GRANT regress_history_team TO regress_history_ann, regress_history_bob;
SELECT create_store('history', 'regress_history_team') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- the author: the role, the application's user where one is set, the client's name
SET ROLE regress_history_ann;
SET application_name = 'regress history';
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox,
    '{"PR_SUBJECT": "one", "PR_BODY": "body one", "PR_IMPORTANCE": 2}') \gset
SET ROLE regress_history_bob;
SET msgstore.actor = 'bob@example.org';
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "two"}') \gset
SET application_name = '';
SET msgstore.actor = '';
SELECT change_number AS n3 FROM save_message(:store, :id, :n2,
    '{"PR_HTML": "PGI+", "PR_COMMENT": "new", "PR_IMPORTANCE": null}') \gset
SET ROLE regress_history_ann;
SET application_name = 'another client';
SET msgstore.actor = 'Ünï "quoted" \ 日本';
SELECT change_number AS n4 FROM save_message(:store, :id, :n2, '{"PR_BODY": "body four"}', 'FORCE_SAVE') \gset
RESET msgstore.actor;
SELECT kind, changed_by, role, actor, client, properties,
       CASE previous WHEN :n1 THEN 1 WHEN :n2 THEN 2 WHEN :n3 THEN 3 END AS previous,
       CASE base_change_number WHEN :n1 THEN 1 WHEN :n2 THEN 2 WHEN :n3 THEN 3 END AS base,
       changed_at BETWEEN :'began' AND clock_timestamp() AS just_now
FROM history(:store, :id);
-- a force has replaced the previous version, where that is not its base
SELECT over.changed_by AS forced_over
FROM history(:store, :id) AS forced
JOIN history(:store, :id) AS over ON over.change_number = forced.previous
WHERE forced.kind = 'force' AND forced.base_change_number <> forced.previous;
-- the list of all changes has equal rows
SELECT count(*) AS rows, count(h) AS alike
FROM change_list AS c LEFT JOIN history(:store, :id) AS h USING (change_number, kind,
    changed_by, role, changed_at, properties)
WHERE c.store_id = :store AND c.message_id = :id;
SELECT p->>'PR_LAST_MODIFIER_NAME' AS modifier,
       (p->>'PR_LAST_MODIFICATION_TIME')::timestamptz = changed_at AS time
FROM read_message(:store, :id) AS p, history(:store, :id) WHERE change_number = :n4;
-- each change holds the values that it replaced; null stands for an absent one
RESET ROLE;
SELECT kind, msgstore_internal.unpack_undo(undo) AS undo, undo_body, undo_html, undo_rtf, undo_headers
FROM change WHERE store_id = :store AND message_id = :id ORDER BY change_number;
-- the changes of one transaction have one xid, and times in order
BEGIN;
SELECT change_number AS n5 FROM save_message(:store, :id, :n4, '{"PR_SUBJECT": "five"}') \gset
SAVEPOINT s;
SELECT change_number AS n6 FROM save_message(:store, :id, :n5, '{"PR_SUBJECT": "six"}') \gset
SELECT pg_current_xact_id() AS xid \gset
COMMIT;
SELECT count(*) FROM change WHERE store_id = :store AND message_id = :id AND xid = :'xid';
SELECT count(*) AS not_in_order FROM (
    SELECT changed_at < lag(changed_at) OVER (ORDER BY change_number) AS back
    FROM history(:store, :id)) AS h WHERE back;
SELECT count(DISTINCT incarnation) FROM change WHERE store_id = :store;
-- refused, rolled back and empty saves have no row
SELECT result FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "refused"}');
SELECT result FROM save_message(:store, :id, :n6, '{}');
BEGIN;
SELECT result FROM save_message(:store, :id, :n6, '{"PR_SUBJECT": "rolled back"}');
SELECT count(*) FROM history(:store, :id);
ROLLBACK;
SELECT count(*) FROM history(:store, :id);
-- each message has its own history
SELECT message_id AS other FROM save_new_message(:store, :inbox, '{}') \gset
SELECT count(*) FROM history(:store, :other);
SELECT count(*) FROM history(:store, 0); -- fail
SELECT count(*) FROM history(0, :id); -- fail
SELECT count(*) FROM history(NULL, :id); -- fail
DROP ROLE regress_history_ann, regress_history_bob, regress_history_team;

-- each version rebuilt: a handle is opened on every version, and after all changes
-- each handle shows what it showed then
CREATE FUNCTION pg_temp.random(seed text) RETURNS integer LANGUAGE sql AS $$
    SELECT ('x' || substr(md5(seed), 1, 6))::bit(24)::integer $$;
-- Return a random patch of one to six properties, of every kind and size.
CREATE FUNCTION pg_temp.patch(seed text, large integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    patch jsonb := '{}';
    names text[] := '{PR_SUBJECT, PR_COMMENT, PR_SENDER_NAME, PR_CONVERSATION_TOPIC,
        0x4F00001F, 0x4F01001F, PR_IMPORTANCE, PR_SENSITIVITY, PR_READ_RECEIPT_REQUESTED,
        PR_CLIENT_SUBMIT_TIME, PR_CONVERSATION_INDEX, PR_MESSAGE_RECIPIENTS, PR_BODY,
        PR_HTML, PR_RTF_COMPRESSED, PR_TRANSPORT_MESSAGE_HEADERS, PR_BODY, PR_HTML,
        PR_MESSAGE_RECIPIENTS}';
    name text;
    r integer;
    text_value text;
BEGIN
    FOR i IN 0 .. pg_temp.random(seed) % 6 LOOP
        r := pg_temp.random(seed || '.' || i);
        name := names[1 + r % array_length(names, 1)];
        SELECT coalesce(string_agg(md5(concat(seed, i, '.', n)), ''), '') INTO text_value
        FROM generate_series(1, CASE WHEN pg_temp.random(seed || '+' || i) % 5 = 0
            THEN r % large ELSE r % 5 END) AS n;
        patch := patch || jsonb_build_object(name, CASE
            WHEN r / 8192 % 5 = 0 THEN 'null'
            WHEN name IN ('PR_IMPORTANCE', 'PR_SENSITIVITY') THEN to_jsonb(r % 3)
            WHEN name = 'PR_READ_RECEIPT_REQUESTED' THEN to_jsonb(r % 2 = 0)
            WHEN name = 'PR_CLIENT_SUBMIT_TIME' THEN
                to_jsonb('epoch'::timestamptz + r * interval '1 s')
            WHEN name = 'PR_MESSAGE_RECIPIENTS' THEN
                (SELECT coalesce(jsonb_agg(jsonb_build_object('PR_DISPLAY_NAME', md5(seed || n),
                    'PR_RECIPIENT_TYPE', 1 + n % 3)), '[]') FROM generate_series(1, r / 64 % 5) AS n)
            WHEN name IN ('PR_HTML', 'PR_RTF_COMPRESSED', 'PR_CONVERSATION_INDEX') THEN
                to_jsonb(translate(encode(convert_to(text_value, 'UTF8'), 'base64'), E'\n', ''))
            ELSE to_jsonb(text_value) END);
    END LOOP;
    RETURN patch;
END $$;
CREATE TEMPORARY TABLE version (
    message bigint, handle integer, version integer, shown jsonb, number bigint);
CREATE FUNCTION pg_temp.make_versions(store bigint, folder bigint, seed text,
    versions integer, large integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    h integer;
    number bigint;
    base bigint;
    r integer;
    s record;
BEGIN
    SELECT message_id, change_number INTO id, number
    FROM save_new_message(store, folder, pg_temp.patch(seed, large));
    FOR v IN 1 .. versions LOOP
        IF v > 1 THEN
            r := pg_temp.random(seed || '/' || v);
            -- now and then over somebody else's, from any older version
            base := CASE WHEN r % 4 = 0 THEN (SELECT x.number FROM version AS x
                        WHERE x.message = id ORDER BY x.version OFFSET r / 4 % (v - 1) LIMIT 1)
                    ELSE number END;
            SELECT * INTO s FROM save_message(store, id, base, pg_temp.patch(seed || v, large), 'FORCE_SAVE');
            IF s.result <> 'S_OK' THEN
                RAISE '%', s.result;
            END IF;
            number := s.change_number;
        END IF;
        h := open_message(store, id);
        INSERT INTO version VALUES (id, h, v, get_props(h), number);
    END LOOP;
    RETURN id;
END $$;
SELECT array_agg(pg_temp.make_versions(:store, :inbox, seed, 60, 20)) AS small
FROM unnest('{a, b, c, d, e}'::text[]) AS seed \gset
SELECT array_agg(pg_temp.make_versions(:store, :inbox, seed, 40, 4000)) AS large
FROM unnest('{f, g}'::text[]) AS seed \gset
SELECT count(*) AS versions, count(DISTINCT (message, shown - 'PidTagChangeNumber')) AS different,
       count(*) FILTER (WHERE get_props(handle) <> shown) AS not_as_then,
       count(*) FILTER (WHERE (get_props(handle)->>'PidTagChangeNumber')::bigint <> number) AS other_number
FROM version;
-- the saves were of all kinds: each kind of value came and went
SELECT key, count(*) > 10 AS often, count(DISTINCT value) > 1 AS changed
FROM version, jsonb_each(shown)
WHERE key IN ('PR_SUBJECT', 'PR_IMPORTANCE', 'PR_BODY', 'PR_HTML', 'PR_RTF_COMPRESSED',
              'PR_MESSAGE_RECIPIENTS', 'PR_TRANSPORT_MESSAGE_HEADERS', 'PR_CLIENT_SUBMIT_TIME')
GROUP BY key ORDER BY key;
SELECT bool_or(octet_length(shown->>'PR_BODY') > 50000) AS body,
       bool_or(octet_length(shown->>'PR_HTML') > 50000) AS html,
       bool_or(octet_length(shown->>'PR_SUBJECT') > 10000) AS bag FROM version;
SELECT kind, count(*) > 20 AS often FROM change_list
WHERE message_id = ANY (:'small') AND store_id = :store GROUP BY kind ORDER BY kind;
-- so does get_props() for single properties
SELECT count(*) AS not_as_then
FROM version, jsonb_each(shown) AS p
WHERE version % 9 = 1 AND get_props(handle, ARRAY[p.key]) <> jsonb_build_object(p.key, p.value);
-- the newest version is the message
SELECT count(*) AS newest, count(*) FILTER (
    WHERE shown - 'PR_ACCESS_LEVEL' <> read_message(:store, message)) AS differ
FROM version JOIN message_list ON message_id = message AND change_number = number;
-- the versions are equal after every row, and the table, is rewritten
UPDATE message SET created_at = created_at WHERE store_id = :store;
VACUUM FULL message;
VACUUM FULL change;
SELECT count(*) FILTER (WHERE get_props(handle) <> shown) AS not_as_then FROM version;
-- a stale handle's whole view: forced from each fifth version without further edits,
-- the message is that version again
CREATE FUNCTION pg_temp.force_back(store bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    stamps text[] := '{PR_ACCESS_LEVEL, PidTagChangeNumber, PR_CHANGE_KEY, PR_PREDECESSOR_CHANGE_LIST,
        PR_LAST_MODIFICATION_TIME, PR_LOCAL_COMMIT_TIME, PR_LAST_MODIFIER_NAME}';
    v record;
    s record;
    tried integer := 0;
BEGIN
    FOR v IN SELECT * FROM version WHERE version % 5 = 0 ORDER BY md5(message::text || version) LOOP
        SELECT * INTO s FROM save_message(store, v.message, v.number,
            jsonb_build_object('PR_SUBJECT', v.shown->'PR_SUBJECT'), 'FORCE_SAVE');
        IF s.result <> 'S_OK' OR read_message(store, v.message) - stamps <> v.shown - stamps THEN
            RETURN format('version %s is not what it was', v.version);
        END IF;
        tried := tried + 1;
    END LOOP;
    RETURN tried || ' versions came back';
END $$;
SELECT pg_temp.force_back(:store);
SELECT count(*) FILTER (WHERE get_props(handle) <> shown) AS not_as_then FROM version;
-- rolled back, no version has changed
BEGIN;
SELECT pg_temp.force_back(:store);
ROLLBACK;
SELECT count(*) FILTER (WHERE get_props(handle) <> shown) AS not_as_then FROM version;
-- only the owner of the tables can falsify history; a hole in it is an error
SELECT handle AS oldest FROM version WHERE message = (:'small'::bigint[])[1] AND version = 1 \gset
SELECT handle AS newer FROM version WHERE message = (:'small'::bigint[])[1] AND version = 50 \gset
BEGIN;
DELETE FROM change AS c USING version AS v
WHERE (c.message_id, c.change_number) = (v.message, v.number) AND c.store_id = :store
  AND v.message = (:'small'::bigint[])[1] AND v.version = 30;
SELECT get_props(:newer) IS NOT NULL AS above_the_hole;
-- fail
SELECT get_props(:oldest);
ROLLBACK;
SELECT get_props(:oldest) IS NOT NULL AS whole;
-- pruned from the old end: gone versions are an error, the others are whole
BEGIN;
DELETE FROM change AS c USING version AS v
WHERE (c.message_id, c.change_number) = (v.message, v.number) AND c.store_id = :store
  AND v.message = (:'small'::bigint[])[1] AND v.version <= 30;
SELECT count(*) FILTER (WHERE get_props(handle) <> shown) AS not_as_then
FROM version WHERE message = (:'small'::bigint[])[1] AND version > 30;
SELECT s.result AS plain
FROM version AS v, save_message(:store, message, number, '{}') AS s
WHERE message = (:'small'::bigint[])[1] AND version = 20;
SELECT s.result AS forced
FROM version AS v, save_message(:store, message, number, '{"PR_SUBJECT": "lost"}', 'FORCE_SAVE') AS s
WHERE message = (:'small'::bigint[])[1] AND version = 20;
-- fail
SELECT get_props(:oldest);
ROLLBACK;
-- a handle whose base is pruned keeps and shows its edits
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "pending", "PR_HTML": "PGI+", "PR_COMMENT": null}');
SELECT (save_message(:store, :id, :n6, '{"PR_SUBJECT": "seven"}')).result;
BEGIN;
DELETE FROM change WHERE store_id = :store AND message_id = :id;
SELECT get_props(:h, '{PR_SUBJECT, PR_BODY, PR_HTML, PR_RTF_COMPRESSED, PR_COMMENT}');
SELECT save_changes(:h), force_save(:h);
SELECT has_edits FROM open_handles WHERE handle = :h;
SAVEPOINT s;
-- fail
SELECT get_props(:h, '{PR_SUBJECT, PR_IMPORTANCE}');
ROLLBACK TO s;
-- fail
SELECT get_props(:h);
ROLLBACK TO s;
SELECT refresh(:h), get_props(:h, '{PR_SUBJECT}');
ROLLBACK;
SELECT count(close_object(handle)) FROM open_handles;

-- a store that is not there, one of others, and a NULL
CREATE ROLE regress_history;
\set VERBOSITY terse
-- fail
SELECT * FROM history(0, 1);
-- fail
SELECT * FROM merge_report(0, 1, 1);
-- fail
SELECT * FROM history(NULL, 1);
-- fail
SELECT count(*) FROM history(:store, NULL);
-- fail
SELECT * FROM merge_report(NULL, 1, 1);
-- fail
SELECT * FROM merge_report(:store, NULL, 1);
-- fail
SELECT * FROM merge_report(:store, 1, NULL);
SET ROLE regress_history;
\set VERBOSITY sqlstate
-- fail
SELECT count(*) FROM history(:store, :id);
-- fail
SELECT count(*) FROM merge_report(:store, :id, 1);
RESET ROLE;
DROP ROLE regress_history;
-- a message that does not exist
-- fail
SELECT count(*) FROM history(:store, 0);
-- fail
SELECT count(*) FROM merge_report(:store, 0, 0);
