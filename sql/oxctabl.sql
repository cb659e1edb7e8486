-- The requirements of MS-OXCTABL that have a meaning for a list in SQL, by their numbers:
-- columns, order, restriction, rows, positions, finding, and categories.
SET search_path = msgstore;
SELECT create_store('oxctabl') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f \gset
SELECT count(x) FROM generate_series(1, 30) AS n, save_new_message(:s, :f, jsonb_strip_nulls(jsonb_build_object(
    'PR_SUBJECT', 'subject ' || chr(96 + n % 5), 'PR_IMPORTANCE', n % 3,
    'PR_SENDER_NAME', CASE WHEN n % 4 > 0 THEN 'sender ' || n % 4 END,
    'PR_MESSAGE_DELIVERY_TIME', format('2026-01-%sT00:00:00Z', lpad(n::text, 2, '0'))))) AS x;
SELECT set_read_flags(:s, (SELECT array_agg(message_id) FROM message_list WHERE store_id = :s AND importance = 1), 'CLEAR_READ_FLAG');
-- every message and its properties, without a list
CREATE VIEW pg_temp.plain AS
SELECT m.message_id, m."read", read_message(m.store_id, m.message_id) AS p
FROM store_list AS s JOIN message_list AS m USING (store_id) WHERE s.name = 'oxctabl';
CREATE FUNCTION pg_temp.ids(r jsonb DEFAULT NULL, sorted text[] DEFAULT '{PR_MESSAGE_DELIVERY_TIME}', max integer DEFAULT NULL,
                            after text DEFAULT NULL, find jsonb DEFAULT NULL) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(l.message_id), '{}')
    FROM msgstore.store_list AS s, msgstore.list_messages(s.store_id, msgstore.special_folder(s.store_id, 'Inbox'), '{}', r, sorted, max, after, find => find) AS l
    WHERE s.name = 'oxctabl' $$;
-- the position of row n of a list
CREATE FUNCTION pg_temp.at(n integer, r jsonb DEFAULT NULL, sorted text[] DEFAULT '{PR_MESSAGE_DELIVERY_TIME}') RETURNS text LANGUAGE sql AS $$
    SELECT l."position"
    FROM msgstore.store_list AS s, msgstore.list_messages(s.store_id, msgstore.special_folder(s.store_id, 'Inbox'), '{}', r, sorted, n) AS l
    WHERE s.name = 'oxctabl' OFFSET n - 1 $$;
-- the SQLSTATE of a command, or "none"
CREATE FUNCTION pg_temp.raised(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '

-- columns
SELECT r, holds FROM (VALUES
    ('R116 R426 R427 R472: each row has the columns that were asked for, no others',
     (SELECT bool_and("row" ?& ARRAY['PR_SUBJECT', 'PR_IMPORTANCE'] AND (SELECT count(*) FROM jsonb_object_keys("row")) = 2)
      FROM list_messages(:s, :f, '{PR_IMPORTANCE,PR_SUBJECT}', max => NULL))),
    ('R813 R824 R540: so has a row that is found',
     (SELECT "row" = jsonb_build_object('PR_IMPORTANCE', 2) FROM list_messages(:s, :f, '{PR_IMPORTANCE}', max => 1,
          find => '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}'))),
    ('R610: columns of which one is unknown give an error and no row',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, ''{PR_SUBJECT,PR_NOWHERE}'')', :s, :f)) = 'MA057'),
    ('R876: all columns can be asked for',
     (SELECT bool_and("row" = read_message(:s, message_id)) FROM list_messages(:s, :f, max => NULL)))) AS v(r, holds);

-- order
SELECT r, holds FROM (VALUES
    ('R76: ascending', pg_temp.ids(sorted => '{PR_MESSAGE_DELIVERY_TIME ASC}') = (SELECT array_agg(message_id ORDER BY message_id) FROM pg_temp.plain)),
    ('R77: descending', pg_temp.ids(sorted => '{PR_MESSAGE_DELIVERY_TIME DESC}') = (SELECT array_agg(message_id ORDER BY message_id DESC) FROM pg_temp.plain)),
    ('R119 R437: rows are sorted by all keys, in their order',
     pg_temp.ids(sorted => '{PR_IMPORTANCE DESC,PR_SUBJECT,PR_MESSAGE_DELIVERY_TIME DESC}') =
     (SELECT array_agg(message_id ORDER BY (p->>'PR_IMPORTANCE')::int DESC, p->>'PR_SUBJECT' COLLATE "C", message_id DESC) FROM pg_temp.plain)),
    ('R438: another order replaces it', pg_temp.ids(sorted => '{PR_SUBJECT}') =
     (SELECT array_agg(message_id ORDER BY p->>'PR_SUBJECT' COLLATE "C", message_id) FROM pg_temp.plain)),
    ('R443: an order that is wrong gives an error and no row',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, sort => ''{PR_NOWHERE}'')', :s, :f)) = 'MA057')) AS v(r, holds);

-- restriction
SELECT r, holds FROM (VALUES
    ('R834 R451 R452 R117: the rows that match, and no others',
     pg_temp.ids('{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 1}}') =
     (SELECT array_agg(message_id ORDER BY message_id) FROM pg_temp.plain WHERE p->>'PR_IMPORTANCE' = '1')),
    ('R118 R555 R556: without a restriction, all rows',
     pg_temp.ids() = (SELECT array_agg(message_id ORDER BY message_id) FROM pg_temp.plain)),
    ('R456: a restriction that is wrong gives an error and no row',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, restriction => ''{"exist": 1}'')', :s, :f)) = 'MA057')) AS v(r, holds);

-- rows and positions
SELECT r, holds FROM (VALUES
    ('R27: the list begins at its first row', pg_temp.ids(max => 5) = (pg_temp.ids())[1:5]),
    ('R28 R462 R468 R726: it goes on behind the position', pg_temp.ids(max => 5, after => pg_temp.at(5)) = (pg_temp.ids())[6:10]),
    ('R29 R467 R725: behind the last row there is none, and nowhere else',
     pg_temp.ids(max => 5, after => pg_temp.at(30)) = '{}' AND cardinality(pg_temp.ids(max => 5, after => pg_temp.at(29))) = 1),
    ('R470: reading moves no position', pg_temp.ids(max => 5, after => pg_temp.at(5)) = pg_temp.ids(max => 5, after => pg_temp.at(5))),
    ('R496 R141: a position is any number of rows on', pg_temp.ids(max => 1, after => pg_temp.at(17)) = (pg_temp.ids())[18:18]),
    ('R152 R154 R497: at the end there are fewer rows than asked for', pg_temp.ids(max => 10, after => pg_temp.at(26)) = (pg_temp.ids())[27:30]),
    ('R469: the rows in front of a page are the page behind the position where that page began',
     (SELECT array_agg(pg_temp.ids(max => 10, after => pg_temp.at(n)) = (pg_temp.ids())[n + 1:n + 10]) FROM unnest('{20,10}'::int[]) AS n)
      = '{t,t}' AND pg_temp.ids(max => 10) = (pg_temp.ids())[1:10]),
    ('R469: the last rows come first in the other order',
     pg_temp.ids(sorted => '{PR_MESSAGE_DELIVERY_TIME DESC}', max => 3) = (SELECT array_agg(id ORDER BY n DESC) FROM unnest(pg_temp.ids()) WITH ORDINALITY AS i(id, n) WHERE n > 27)),
    ('R514 R515: a fraction of the list is a number of rows from its beginning',
     (SELECT bool_and(pg_temp.ids(max => 1, after => CASE WHEN n > 0 THEN pg_temp.at(n) END) = (pg_temp.ids())[n + 1:n + 1])
      FROM (SELECT (count_messages(:s, :f) * k / 5)::int AS n FROM generate_series(0, 4) AS k) AS fraction)),
    ('R491: the number of rows is known', count_messages(:s, :f) = 30 AND
     count_messages(:s, :f, '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 1}}') = 10),
    ('R522 R504 R166: every row has a position of its own',
     (SELECT count(DISTINCT "position") FROM list_messages(:s, :f, '{}', max => NULL)) = 30),
    ('R453 R865 R906: a restriction makes positions invalid',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, restriction => ''{"and": []}'', after => %L)', :s, :f,
                           pg_temp.at(5, NULL, '{PR_MESSAGE_DELIVERY_TIME DESC}'))) = 'MA057'),
    ('R864 R904: so does another order',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, after => %L)', :s, :f, pg_temp.at(5))) = 'MA057'),
    ('R511 R2481: so is what is no position',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, after => %L)', :s, :f, 'nowhere')) = 'MA057')) AS v(r, holds);

-- finding
SELECT r, holds FROM (VALUES
    ('R859 R225 R534 R243: the first row from the position on that matches',
     pg_temp.ids(max => 1, after => pg_temp.at(4), find => '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 0}}') =
     (SELECT array_agg(id) FROM (SELECT message_id AS id FROM pg_temp.plain WHERE p->>'PR_IMPORTANCE' = '0'
          AND message_id > (pg_temp.ids())[4] ORDER BY message_id LIMIT 1) AS t)),
    ('R226: backwards, in the other order',
     pg_temp.ids(sorted => '{PR_MESSAGE_DELIVERY_TIME DESC}', max => 1, after => pg_temp.at(4, NULL, '{PR_MESSAGE_DELIVERY_TIME DESC}'),
                 find => '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 0}}') =
     (SELECT array_agg(id) FROM (SELECT message_id AS id FROM pg_temp.plain WHERE p->>'PR_IMPORTANCE' = '0'
          AND message_id < (pg_temp.ids())[27] ORDER BY message_id DESC LIMIT 1) AS t)),
    ('R898 R902: from a position of another order, an error',
     pg_temp.raised(format('SELECT * FROM msgstore.list_messages(%s, %s, after => %L, find => ''{"and": []}'')', :s, :f, pg_temp.at(5))) = 'MA057')) AS v(r, holds);
-- R183 R239: a position stands for its row; when its message is deleted, the list goes
-- on behind the place of the row
SELECT "position" AS p, message_id AS gone FROM list_messages(:s, :f, '{}', max => 3) OFFSET 2 \gset
SELECT delete_messages(:s, ARRAY[:gone]);
SELECT count(*) FROM list_messages(:s, :f, '{}', max => NULL, after => :'p');
SELECT restore_messages(:s, ARRAY[:gone]);

-- categories
SELECT r, holds FROM (VALUES
    ('R71: the first keys make the categories, level by level',
     (SELECT array_agg(depth || ' ' || coalesce(category->>'PR_SENDER_NAME', '-')) FROM list_categories(:s, :f, '{PR_IMPORTANCE,PR_SENDER_NAME}', max => 5)) =
     '{0 -,1 sender 1,1 sender 2,1 sender 3,1 -}'),
    ('R66 R67: the rows of the first levels are those of an expanded list',
     (SELECT count(*) FROM list_categories(:s, :f, '{PR_IMPORTANCE,PR_SENDER_NAME}') WHERE depth = 0) = 3 AND
     (SELECT count(*) FROM list_categories(:s, :f, '{PR_IMPORTANCE,PR_SENDER_NAME}')) = 15),
    ('R72: the rows of a category are sorted by the other keys',
     pg_temp.ids('{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}', '{PR_SUBJECT DESC,PR_MESSAGE_DELIVERY_TIME}') =
     (SELECT array_agg(message_id ORDER BY p->>'PR_SUBJECT' COLLATE "C" DESC, message_id) FROM pg_temp.plain WHERE p->>'PR_IMPORTANCE' = '2')),
    ('R567 R568 R814 R825: a category expands to its rows, with their columns',
     (SELECT bool_and(c.count = (SELECT count(*) FROM list_messages(:s, :f, '{PR_SENDER_NAME}',
          CASE WHEN c.category->'PR_SENDER_NAME' = 'null' THEN '{"not": {"exist": "PR_SENDER_NAME"}}'
               ELSE jsonb_build_object('property', jsonb_build_object('name', 'PR_SENDER_NAME', 'relop', '=', 'value', c.category->'PR_SENDER_NAME')) END,
          max => NULL) AS l WHERE coalesce(l."row"->'PR_SENDER_NAME', 'null') = c.category->'PR_SENDER_NAME'))
      FROM list_categories(:s, :f, '{PR_SENDER_NAME}') AS c)),
    ('R278: it knows the number of its rows, and of those that are unread',
     (SELECT array_agg((category->>'PR_IMPORTANCE') || ' ' || count || ' ' || unread) FROM list_categories(:s, :f, '{PR_IMPORTANCE}')) =
     (SELECT array_agg(t ORDER BY t) FROM (SELECT (p->>'PR_IMPORTANCE') || ' ' || count(*) || ' ' || count(*) FILTER (WHERE NOT "read") AS t
      FROM pg_temp.plain GROUP BY p->>'PR_IMPORTANCE') AS g)),
    ('R573 R574: collapsed, a category is one row',
     (SELECT count(*) FROM list_categories(:s, :f, '{PR_SENDER_NAME}')) = 4),
    ('R570: what is no category has no rows',
     pg_temp.ids('{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "nobody"}}') = '{}'),
    ('R579 R585 R289 R304: a list of categories goes on where a client was',
     (SELECT count(*) FROM list_categories(:s, :f, '{PR_SENDER_NAME}',
          after => (SELECT "position" FROM list_categories(:s, :f, '{PR_SENDER_NAME}', max => 2) OFFSET 1))) = 2)) AS v(r, holds);
