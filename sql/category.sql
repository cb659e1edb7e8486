-- Categories: groups of messages with equal properties, level by level, with the
-- numbers of messages and of unread messages, as MS-OXCTABL sorts them.
SET search_path = msgstore;
SELECT create_store('category') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f \gset
SELECT count(x) FROM generate_series(1, 24) AS n, save_new_message(:s, :f, jsonb_strip_nulls(jsonb_build_object(
    'PR_CONVERSATION_TOPIC', (ARRAY['apples', 'pears', 'plums'])[n % 4],
    'PR_SENDER_NAME', (ARRAY['ada', 'bob'])[n % 3],
    'PidNameKeywords', CASE n % 3 WHEN 0 THEN '["x", "y", "x"]'::jsonb WHEN 1 THEN '["y"]' END,
    'PR_IMPORTANCE', n % 3,
    'PR_MESSAGE_DELIVERY_TIME', format('2026-01-%sT00:00:00Z', lpad((25 - n)::text, 2, '0'))))) AS x;
SELECT set_read_flags(:s, (SELECT array_agg(message_id) FROM message_list WHERE store_id = :s AND importance <> 1), 'CLEAR_READ_FLAG');
CREATE VIEW pg_temp.plain AS
SELECT m.message_id, m."read", read_message(m.store_id, m.message_id) AS p
FROM store_list AS s JOIN message_list AS m USING (store_id) WHERE s.name = 'category';

-- one level: each value once, the absent one last; counts are those of SQL
SELECT depth, category, count, unread FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC}');
SELECT category->>'PR_CONVERSATION_TOPIC' AS topic, count, unread FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC}')
EXCEPT SELECT p->>'PR_CONVERSATION_TOPIC', count(*), count(*) FILTER (WHERE NOT "read") FROM pg_temp.plain GROUP BY 1;
SELECT category, count FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC DESC}');

-- two levels: each category in front of those within it
SELECT depth, category, count, unread FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC,PR_SENDER_NAME DESC}');

-- conversations, the newest first; the oldest last; two elements
SELECT category->>'PR_CONVERSATION_TOPIC' AS topic, count
FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC}', sort => '{MAX(PR_MESSAGE_DELIVERY_TIME) DESC}');
SELECT category->>'PR_CONVERSATION_TOPIC' AS topic
FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC}', sort => '{min(PR_MESSAGE_DELIVERY_TIME)}');
SELECT category FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{MAX(PR_IMPORTANCE),MIN(PR_MESSAGE_DELIVERY_TIME) DESC}');

-- by the number of messages, of unread messages, and by the value of a level
SELECT category->>'PR_CONVERSATION_TOPIC' AS topic, count
FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC}', sort => '{PR_CONTENT_COUNT DESC,PR_CONVERSATION_TOPIC DESC}');
SELECT category, unread FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{PR_CONTENT_UNREAD,MAX(PR_MESSAGE_DELIVERY_TIME)}');
SELECT depth, category->>'PR_CONVERSATION_TOPIC' AS topic, category->>'PR_SENDER_NAME' AS sender, count
FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC,PR_SENDER_NAME}', sort => '{PR_SENDER_NAME DESC,PR_CONTENT_COUNT}', max => 8);
-- the greatest of lists of values is that of all values
SELECT category->>'PR_SENDER_NAME' AS sender,
       (SELECT max(k) FROM pg_temp.plain, jsonb_array_elements_text(p->'PidNameKeywords') AS k
        WHERE p->>'PR_SENDER_NAME' IS NOT DISTINCT FROM category->>'PR_SENDER_NAME') AS greatest
FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{MAX(PidNameKeywords) DESC}');

-- a list of values: the category of each value; the level above counts once
SELECT depth, category, count, unread FROM list_categories(:s, :f, '{PidNameKeywords}');
SELECT depth, category, count FROM list_categories(:s, :f, '{PR_SENDER_NAME,PidNameKeywords}');

-- a restriction, and flags
SELECT category, count FROM list_categories(:s, :f, '{PR_SENDER_NAME}',
    '{"property": {"name": "PR_IMPORTANCE", "relop": ">", "value": 0}}');
SELECT count(*) FROM list_categories(:s, :f, '{PR_SENDER_NAME}', flags => 'SHOW_SOFT_DELETES');
SELECT sum(unread) FROM list_categories(:s, :f, '{PR_SENDER_NAME}', actor => 'somebody');

-- pages make up the whole list, and a position is good for its list only
CREATE FUNCTION pg_temp.pages(s bigint, f bigint, sorted text[], size integer) RETURNS jsonb[] LANGUAGE plpgsql AS $$
DECLARE rows jsonb[] := '{}'; page jsonb[]; p text;
BEGIN
    LOOP
        SELECT array_agg(c.category), (array_agg(c."position"))[count(*)] INTO page, p
        FROM msgstore.list_categories(s, f, '{PR_CONVERSATION_TOPIC,PR_SENDER_NAME}', NULL, sorted, size, p) AS c;
        EXIT WHEN page IS NULL;
        rows := rows || page;
    END LOOP;
    RETURN rows;
END $$;
SELECT sorted, size, pg_temp.pages(:s, :f, sorted, size) =
       (SELECT array_agg(category) FROM list_categories(:s, :f, '{PR_CONVERSATION_TOPIC,PR_SENDER_NAME}', NULL, sorted, NULL)) AS whole
FROM unnest(ARRAY[NULL, '{MAX(PR_MESSAGE_DELIVERY_TIME) DESC}', '{PR_CONTENT_COUNT DESC,PR_SENDER_NAME}', '{MIN(PidNameKeywords)}']) AS t(text), CAST(text AS text[]) AS sorted, unnest(ARRAY[1, 3, 100]) AS size;
SELECT "position" AS p FROM list_categories(:s, :f, '{PR_SENDER_NAME}', max => 1) \gset
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{MIN(PR_IMPORTANCE)}', after => :'p');
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME DESC}', after => :'p');

-- categories that are refused
-- fail
SELECT * FROM list_categories(:s, :f, NULL);
-- fail
SELECT * FROM list_categories(:s, :f, '{}');
-- fail
SELECT * FROM list_categories(:s, :f, '{0x00370003}');
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{PR_CONVERSATION_TOPIC}');
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => '{MAX(PR_SENDER_NAME}');
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME}', sort => ARRAY[NULL]);
-- fail
SELECT * FROM list_categories(:s, :f, '{PR_SENDER_NAME}', '{"count": {"max": 1, "restriction": {"and": []}}}');
