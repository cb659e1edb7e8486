-- A search returns what a plain query over the whole words of each message returns, in
-- the order of the same ranks, in one page and in many.
\set VERBOSITY terse
SET search_path = msgstore, pg_catalog;
SELECT create_store('ranked') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, special_folder(:s, 'Drafts') AS d \gset
SELECT set_search(:s, true);

-- words of each frequency in one part, in several, once and many times
SELECT count(save_new_message(:s, CASE WHEN n % 7 = 0 THEN :d ELSE :f END,
    jsonb_build_object(
        'PR_SUBJECT', CASE WHEN n % 2 = 0 THEN 'often ' ELSE '' END
            || CASE WHEN n % 11 = 0 THEN 'seldom' ELSE 'plain' END,
        'PR_SENDER_NAME', CASE WHEN n % 13 = 0 THEN 'seldom often' ELSE 'nobody' END,
        'PR_BODY', repeat('often ', n % 5) || repeat('filler ', n % 3)
            || CASE WHEN n % 17 = 0 THEN 'seldom filler often' ELSE '' END
            || CASE WHEN n = 616 THEN ' once' ELSE '' END)))
FROM generate_series(1, 1500) AS n;

-- the words of a message, part after part, 64 places apart
CREATE TABLE whole AS SELECT message_id, NULL::tsvector AS words, folder_id
FROM message WHERE store_id = :s;
DO $$
DECLARE
    r record;
    w tsvector;
BEGIN
    -- the words of a row begin with the generation and a blank
    FOR r IN SELECT x.message_id, array_agg(regexp_replace(x.words::text,
                 '(^| )''[^'' ]+ ', '\1''', 'g')::tsvector ORDER BY x.part) AS parts
             FROM msgstore.message_search AS x JOIN whole AS w USING (message_id)
             GROUP BY x.message_id
    LOOP
        w := r.parts[1];
        FOR i IN 2 .. cardinality(r.parts) LOOP
            w := w || ''' '':64'::tsvector || r.parts[i];
        END LOOP;
        UPDATE whole SET words = w WHERE message_id = r.message_id;
    END LOOP;
END
$$;

-- by a plain query; at once; in pages
CREATE FUNCTION pg_temp.expected(query text, folder bigint) RETURNS text[]
LANGUAGE sql AS $$
    SELECT array_agg(message_id || ' ' || rank ORDER BY rank DESC, message_id DESC)
    FROM (SELECT message_id, ts_rank(words, q) AS rank
          FROM whole, websearch_to_tsquery('simple', query) AS q
          WHERE words @@ q AND (folder IS NULL OR folder_id = folder)) AS r
$$;
CREATE FUNCTION pg_temp.at_once(store bigint, query text, folder bigint) RETURNS text[]
LANGUAGE sql AS $$
    SELECT array_agg(message_id || ' ' || rank)
    FROM msgstore.search_messages(store, query, folder, NULL)
$$;
CREATE FUNCTION pg_temp.in_pages(store bigint, query text, folder bigint, size integer)
RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    found text[];
    place text;
    page text[];
BEGIN
    LOOP
        SELECT array_agg(r.message_id || ' ' || r.rank ORDER BY r.n),
               (array_agg(r.position ORDER BY r.n DESC))[1]
        INTO page, place
        FROM msgstore.search_messages(store, query, folder, size, place)
            WITH ORDINALITY AS r(message_id, folder_id, rank, headline, position, n);
        EXIT WHEN page IS NULL;
        found := found || page;
    END LOOP;
    RETURN found;
END
$$;
PREPARE ranked AS
SELECT query, cardinality(e) AS messages, pg_temp.at_once(:s, query, NULL) = e AS at_once,
    pg_temp.in_pages(:s, query, NULL, 400) = e AS in_pages,
    cardinality(pg_temp.expected(query, :d)) AS in_small,
    pg_temp.at_once(:s, query, :d) = pg_temp.expected(query, :d) AS small_at_once,
    pg_temp.at_once(:s, query, :f) IS NOT DISTINCT FROM pg_temp.expected(query, :f)
    AS large_at_once
FROM unnest(ARRAY['often', 'seldom', 'once', 'often or seldom',
    'seldom or once or nothing', 'often seldom', 'often filler', 'often filler seldom',
    'seldom often once', '"seldom often"', '"often filler"', 'often -seldom', '-often',
    'seldom or -often', 'filler nobody or once', 'plain often or "seldom filler"'])
    AS query,
    LATERAL pg_temp.expected(query, NULL) AS e;
EXECUTE ranked;
-- the statistics show which words are rare, and change no result
ANALYZE message_search;
EXECUTE ranked;

-- the best of them are the first of all
SELECT query, (SELECT array_agg(message_id || ' ' || rank)
    FROM search_messages(:s, query, NULL, 5)) = (pg_temp.expected(query, NULL))[:5] AS first
FROM unnest('{often, often or seldom, often filler}'::text[]) AS query;
DROP TABLE whole;
