-- Lists of messages: columns, order, pages, positions, flags and numbers, after
-- the requirements on contents tables in MS-OXCTABL.
SET search_path = msgstore;
SELECT create_store('list') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, create_folder(:s, special_folder(:s, 'Inbox'), 'below') AS b \gset
CREATE FUNCTION pg_temp.add(s bigint, f bigint, props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM msgstore.save_new_message(s, f, props) $$;
SELECT count(pg_temp.add(:s, :f, jsonb_strip_nulls(jsonb_build_object(
    'PR_SUBJECT', CASE WHEN n % 5 > 0 THEN 'Re: ' || chr(96 + n % 5) END,
    'PR_SENDER_NAME', CASE WHEN n % 4 > 0 THEN left('éZaAb', n % 4 + 1) END,
    'PR_IMPORTANCE', n % 3,
    'PR_MESSAGE_DELIVERY_TIME', CASE WHEN n % 7 > 0 THEN format('2026-01-0%sT00:00:00.%sZ', n % 7, lpad((n % 2)::text, 7, '0')) END,
    'PR_SENDER_ENTRYID', encode(int4send(n * 77 % 256), 'base64'),
    'PidNameKeywords', CASE n % 4 WHEN 0 THEN '["x", "y"]'::jsonb WHEN 1 THEN '["y"]' WHEN 2 THEN '[]' END)))) AS added
FROM generate_series(1, 60) AS n;
-- every message through plain SQL
CREATE VIEW pg_temp.plain AS
SELECT m.folder_id, m.message_id, read_message(m.store_id, m.message_id) AS p
FROM store_list AS s JOIN message_list AS m USING (store_id) WHERE s.name = 'list';
-- all pages of a list, of "size" rows each
CREATE FUNCTION pg_temp.pages(s bigint, f bigint, r jsonb, sorted text[], size integer, with_flags table_flags DEFAULT 0)
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE ids bigint[] := '{}'; page bigint[]; p text;
BEGIN
    LOOP
        SELECT array_agg(l.message_id), (array_agg(l."position"))[count(*)] INTO page, p
        FROM msgstore.list_messages(s, f, '{}', r, sorted, size, p, with_flags) AS l;
        EXIT WHEN page IS NULL;
        ids := ids || page;
    END LOOP;
    RETURN ids;
END $$;

-- columns: any property, in any spelling; a message without the property has no
-- member; NULL shows all properties
SELECT "row" FROM list_messages(:s, :f, '{PR_NORMALIZED_SUBJECT,PidTagImportance,0x0E1B000B}', max => 2);
SELECT bool_and("row" = read_message(:s, message_id)) AS whole, count(*)
FROM list_messages(:s, :f, max => NULL);
SELECT bool_and("row" = '{}') AS no_columns FROM list_messages(:s, :f, '{}');
-- fail
SELECT * FROM list_messages(:s, :f, '{PR_NOWHERE}');

-- order: every row of a list without a restriction, each once (R118); absent
-- properties last in both directions, ties by message_id
SELECT sorted, pg_temp.pages(:s, :f, NULL, sorted, 7) = expected AS right_in_pages,
       pg_temp.pages(:s, :f, NULL, sorted, 1000) = expected AS right_in_one
FROM (VALUES
    ('{}'::text[], (SELECT array_agg(message_id ORDER BY message_id) FROM pg_temp.plain)),
    ('{PR_MESSAGE_DELIVERY_TIME DESC}', (SELECT array_agg(message_id ORDER BY p->>'PR_MESSAGE_DELIVERY_TIME' DESC NULLS LAST, message_id) FROM pg_temp.plain)),
    ('{PR_MESSAGE_DELIVERY_TIME}', (SELECT array_agg(message_id ORDER BY p->>'PR_MESSAGE_DELIVERY_TIME' NULLS LAST, message_id) FROM pg_temp.plain)),
    ('{"  PR_SENDER_NAME   asc "}', (SELECT array_agg(message_id ORDER BY p->>'PR_SENDER_NAME' COLLATE "C" NULLS LAST, message_id) FROM pg_temp.plain)),
    ('{PR_SENDER_NAME DESC}', (SELECT array_agg(message_id ORDER BY p->>'PR_SENDER_NAME' COLLATE "C" DESC NULLS LAST, message_id) FROM pg_temp.plain)),
    ('{PR_NORMALIZED_SUBJECT DESC,PR_IMPORTANCE,PR_SENDER_ENTRYID DESC}',
     (SELECT array_agg(message_id ORDER BY p->>'PR_NORMALIZED_SUBJECT' COLLATE "C" DESC NULLS LAST, (p->>'PR_IMPORTANCE')::int,
                       decode(p->>'PR_SENDER_ENTRYID', 'base64') DESC) FROM pg_temp.plain)),
    ('{PR_IMPORTANCE DESC,PR_MESSAGE_DELIVERY_TIME}',
     (SELECT array_agg(message_id ORDER BY (p->>'PR_IMPORTANCE')::int DESC, p->>'PR_MESSAGE_DELIVERY_TIME' NULLS LAST, message_id) FROM pg_temp.plain)),
    ('{PR_SENDER_ENTRYID}', (SELECT array_agg(message_id ORDER BY decode(p->>'PR_SENDER_ENTRYID', 'base64')) FROM pg_temp.plain)),
    ('{PR_CREATION_TIME DESC}', (SELECT array_agg(message_id ORDER BY message_id DESC) FROM pg_temp.plain))
    ) AS v(sorted, expected);

-- R118 with a list of values: one row per value, sorted by it; the row shows it
SELECT pg_temp.pages(:s, :f, NULL, '{PidNameKeywords DESC}', 7) =
       (SELECT array_agg(message_id ORDER BY k DESC NULLS LAST, message_id)
        FROM pg_temp.plain LEFT JOIN LATERAL jsonb_array_elements_text(p->'PidNameKeywords') AS k ON true) AS by_value;
SELECT "row", count(*) FROM list_messages(:s, :f, '{PidNameKeywords}', sort => '{PidNameKeywords}', max => NULL)
GROUP BY "row" ORDER BY "row";
-- fail
SELECT * FROM list_messages(:s, :f, sort => '{PidNameKeywords,PidNameContentClass,PidLidContacts}');
-- fail
SELECT * FROM list_messages(:s, :f, sort => '{PR_MESSAGE_RECIPIENTS}');
-- fail
SELECT * FROM list_messages(:s, :f, sort => '{PR_IMPORTANCE UP}');
-- fail
SELECT * FROM list_messages(:s, :f, sort => ARRAY[NULL]);
-- fail
SELECT * FROM list_messages(:s, :f, sort => array_fill('PR_IMPORTANCE'::text, ARRAY[17]));

-- a restriction and pages together (R834): the index of a column, a bound on the
-- column of the order, and neither
SELECT pg_temp.pages(:s, :f, '{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "éZ"}}', '{PR_MESSAGE_DELIVERY_TIME DESC}', 3) =
       (SELECT array_agg(message_id ORDER BY p->>'PR_MESSAGE_DELIVERY_TIME' DESC NULLS LAST, message_id)
        FROM pg_temp.plain WHERE p->>'PR_SENDER_NAME' = 'éZ') AS by_sender,
       pg_temp.pages(:s, :f, '{"and": [{"property": {"name": "PR_MESSAGE_DELIVERY_TIME", "relop": ">", "value": "2026-01-02T00:00:00.0000000Z"}},
                                       {"property": {"name": "PR_MESSAGE_DELIVERY_TIME", "relop": "<", "value": "2026-01-05T00:00:00.0000001Z"}}]}',
                     '{PR_MESSAGE_DELIVERY_TIME}', 3) =
       (SELECT array_agg(message_id ORDER BY p->>'PR_MESSAGE_DELIVERY_TIME', message_id)
        FROM pg_temp.plain WHERE p->>'PR_MESSAGE_DELIVERY_TIME' > '2026-01-02T00:00:00.0000000Z'
                             AND p->>'PR_MESSAGE_DELIVERY_TIME' < '2026-01-05T00:00:00.0000001Z') AS between_times,
       pg_temp.pages(:s, :f, '{"bitmask": {"name": "PR_IMPORTANCE", "relop": "<>0", "mask": 2}}', '{PR_NORMALIZED_SUBJECT}', 3) =
       (SELECT array_agg(message_id ORDER BY p->>'PR_NORMALIZED_SUBJECT' NULLS LAST, message_id)
        FROM pg_temp.plain WHERE (p->>'PR_IMPORTANCE')::int & 2 <> 0) AS by_bits;
-- a count limits the rows of all pages together
SELECT cardinality(pg_temp.pages(:s, :f, '{"count": {"max": 10, "restriction": {"and": []}}}', '{PR_SUBJECT}', 3)) AS counted,
       count_messages(:s, :f, '{"count": {"max": 10, "restriction": {"and": []}}}') AS number;

-- pages: no more rows behind the last (R467); max 0 and NULL
SELECT count(*) FROM list_messages(:s, :f, max => 0);
SELECT count(*) FROM list_messages(:s, :f, max => NULL);
-- fail
SELECT * FROM list_messages(:s, :f, max => -1);

-- a position is good for its own list only
SELECT "position" AS p FROM list_messages(:s, :f, max => 1) \gset
SELECT count(*) FROM list_messages(:s, :f, max => NULL, after => :'p');
-- fail
SELECT * FROM list_messages(:s, :b, after => :'p');
-- fail
SELECT * FROM list_messages(:s, :f, after => :'p', sort => '{PR_MESSAGE_DELIVERY_TIME ASC}');
-- fail
SELECT * FROM list_messages(:s, :f, after => :'p', restriction => '{"and": []}');
-- fail
SELECT * FROM list_messages(:s, :f, after => :'p', flags => 'MAPI_ASSOCIATED');
-- fail
SELECT * FROM list_messages(:s, :f, after => '');
-- fail
SELECT * FROM list_messages(:s, :f, after => overlay(:'p' placing 'A' from 20));
-- fail
SELECT * FROM list_messages(:s, :f, after => 'not a position at all');

-- find: the next row from a position on, whose position is one of the list (MS-OXCTABL
-- R534, R225, R243); no row if there is none behind the position
CREATE FUNCTION pg_temp.found(s bigint, f bigint, what jsonb, sorted text[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE ids bigint[] := '{}'; id bigint; p text;
BEGIN
    LOOP
        SELECT l.message_id, l."position" INTO id, p
        FROM msgstore.list_messages(s, f, '{}', NULL, sorted, 1, p, find => what) AS l;
        EXIT WHEN id IS NULL;
        ids := ids || id;
    END LOOP;
    RETURN ids;
END $$;
SELECT sorted, pg_temp.found(:s, :f, r, sorted) = pg_temp.pages(:s, :f, r, sorted, 5) AS all_found
FROM unnest(ARRAY['{PR_MESSAGE_DELIVERY_TIME DESC}', '{PR_SENDER_NAME}', '{PidNameKeywords}', '{}']) AS t(text), CAST(text AS text[]) AS sorted,
     CAST('{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}' AS jsonb) AS r;
-- from any row on, to the list itself
SELECT "position" AS p FROM list_messages(:s, :f, '{}', max => 20) OFFSET 19 \gset
SELECT "position" AS found FROM list_messages(:s, :f, '{}', max => 1, after => :'p', find => '{"exist": "PR_SENDER_NAME"}') \gset
SELECT count(*) < 40 AND count(*) > 30 AS goes_on FROM list_messages(:s, :f, '{}', max => NULL, after => :'found');
SELECT count(*) FROM list_messages(:s, :f, find => '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 9}}');
-- fail
SELECT * FROM list_messages(:s, :f, find => '{"count": {"max": 1, "restriction": {"and": []}}}');
-- fail
SELECT * FROM list_messages(:s, :f, NULL, '{"count": {"max": 1, "restriction": {"and": []}}}', find => '{"and": []}');

-- positions hold while messages are deleted, also the message of the position
SELECT message_id AS gone, "position" AS p FROM list_messages(:s, :f, '{}', max => 10) OFFSET 9 \gset
SELECT array_agg(message_id) AS rest FROM list_messages(:s, :f, '{}', max => 10, after => :'p') \gset
SELECT delete_messages(:s, ARRAY[:gone]);
SELECT array_agg(message_id) = :'rest' AS unmoved FROM list_messages(:s, :f, '{}', max => 10, after => :'p');

-- flags: deleted, associated, and folders below
SELECT pg_temp.add(:s, :b, '{"PR_SUBJECT": "deep", "PR_MESSAGE_DELIVERY_TIME": "2025-01-01T00:00:00Z"}') AS deep \gset
SELECT create_message(:s, :f, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "view"}');
SELECT save_changes(:h), close_object(:h);
SELECT f AS flags, (SELECT count(*) FROM list_messages(:s, :f, '{}', max => NULL, flags => f)) AS listed,
       count_messages(:s, :f, flags => f) AS counted,
       count_messages(:s, :f, '{"and": []}', f) AS restricted,
       cardinality(pg_temp.pages(:s, :f, NULL, '{PR_MESSAGE_DELIVERY_TIME DESC}', 9, f)) AS in_pages
FROM unnest(ARRAY['0', 'SHOW_SOFT_DELETES', 'MAPI_ASSOCIATED', 'CONVENIENT_DEPTH',
                  'CONVENIENT_DEPTH|SHOW_SOFT_DELETES']::table_flags[]) AS f;
SELECT pg_temp.pages(:s, :f, NULL, '{PR_MESSAGE_DELIVERY_TIME DESC}', 9, 'CONVENIENT_DEPTH') =
       (SELECT array_agg(message_id ORDER BY p->>'PR_MESSAGE_DELIVERY_TIME' DESC NULLS LAST, message_id)
        FROM pg_temp.plain JOIN message_list USING (message_id) WHERE NOT associated) AS merged;
-- fail
SELECT * FROM list_messages(:s, :f, flags => 8);
-- fail
SELECT count_messages(:s, :f, flags => 8);
-- fail
SELECT count_messages(:s, :f, flags => NULL);
\set VERBOSITY sqlstate
-- fail
SELECT * FROM list_messages(:s, 999999);
-- fail
SELECT * FROM list_messages(999999, :f);
\set VERBOSITY default

-- the view has what lists show beside the version
SELECT message_id AS shown, change_number AS n
FROM save_new_message(:s, :b, '{"PR_SUBJECT": "shown", "PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "a"}],
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1},
                              {"PR_SMTP_ADDRESS": "bob@example.com", "PR_RECIPIENT_TYPE": 1},
                              {"PR_DISPLAY_NAME": "Cy", "PR_RECIPIENT_TYPE": 2}]}') \gset
SELECT "read", status, has_attachments, associated, display_to FROM message_list WHERE message_id = :shown;
SELECT result FROM save_message(:s, :shown, :n, '{"PR_MESSAGE_ATTACHMENTS": null, "PR_MESSAGE_RECIPIENTS": null}');
SELECT "read", status, has_attachments, associated, display_to FROM message_list WHERE message_id = :shown;
SELECT delete_messages(:s, ARRAY[:shown], 'DELETE_HARD_DELETE');
-- the read flag is that of the actor
SELECT set_read_flag(:s, :deep, actor => 'ada');
SELECT who, (SELECT "row" FROM list_messages(:s, :b, '{PR_READ}', actor => who)) AS "row",
       count_messages(:s, :b, '{"bitmask": {"name": "PR_MESSAGE_FLAGS", "relop": "=0", "mask": 1}}', actor => who) AS unread
FROM unnest(ARRAY['ada', 'bob']) AS who;

-- a role sees the messages that it may read, and counts no others
CREATE ROLE regress_list_own;
CREATE ROLE regress_list_none;
GRANT USAGE ON SCHEMA msgstore TO regress_list_own, regress_list_none;
SELECT grant_folder(:s, :b, 'regress_list_own', 'CONTRIBUTOR');
SET ROLE regress_list_own;
SELECT pg_temp.add(:s, :b, '{"PR_SUBJECT": "mine"}') IS NOT NULL AS saved;
SELECT "row", count_messages(:s, :b) AS counted, count_messages(:s, :b, '{"and": []}') AS restricted
FROM list_messages(:s, :b, '{PR_SUBJECT}');
\set VERBOSITY sqlstate
-- fail
SELECT * FROM list_messages(:s, :f);
-- fail
SELECT count_messages(:s, :f);
SET ROLE regress_list_none;
-- fail
SELECT * FROM list_messages(:s, :b);
-- fail
SELECT count_messages(:s, :b);
RESET ROLE;
\set VERBOSITY default
DROP OWNED BY regress_list_own, regress_list_none;
DROP ROLE regress_list_own, regress_list_none;

-- a list in the order of an index reads the rows that it returns, and a list by
-- a bounded column the rows between the bounds
SELECT create_folder(:s, NULL, 'large') AS g \gset
SELECT count(pg_temp.add(:s, :g, jsonb_build_object('PR_SUBJECT', 's' || n, 'PR_SENDER_NAME', 'p' || n / 10,
    'PR_MESSAGE_DELIVERY_TIME', to_char('2026-01-01'::timestamp + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))) AS added
FROM generate_series(1, 400) AS n;
CREATE FUNCTION pg_temp.rows_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint; behind bigint; scans bigint;
BEGIN
    SELECT idx_tup_fetch, seq_scan INTO before, scans FROM pg_stat_xact_all_tables WHERE relid = 'msgstore.message'::regclass;
    EXECUTE query;
    SELECT idx_tup_fetch - coalesce(before, 0), seq_scan - coalesce(scans, 0) INTO behind, scans
    FROM pg_stat_xact_all_tables WHERE relid = 'msgstore.message'::regclass;
    RETURN CASE WHEN scans > 0 THEN -scans ELSE behind END;
END $$;
SELECT pg_temp.rows_read(format('SELECT count(*) FROM msgstore.list_messages(%s, %s, %s)', :s, :g, args)) AS read, args
FROM (VALUES ($$'{}', max => 50$$), ($$'{}', sort => '{PR_NORMALIZED_SUBJECT}', max => 50$$),
    ($$'{}', '{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "p7"}}'$$),
    ($$'{}', '{"content": {"name": "PR_NORMALIZED_SUBJECT", "value": "s39", "match": "prefix"}}'$$),
    ($$'{}', '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 9}}'$$),
    ($$'{}', flags => 'MAPI_ASSOCIATED'$$), ($$'{}', flags => 'SHOW_SOFT_DELETES'$$)) AS v(args);
