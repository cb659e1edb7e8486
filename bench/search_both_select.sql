-- Search a folder for two words, with a query written by hand.
SELECT message_id, folder_id, rank,
       ts_headline('simple', body, query,
                   'StartSel="[", StopSel="]", MaxFragments=2, MaxWords=20, MinWords=8') AS headline,
       rank || '/' || message_id AS "position"
FROM (SELECT message_id, folder_id, body, query, ts_rank(words, query) AS rank
      FROM rival.list, websearch_to_tsquery('simple', 'frequent text') AS query
      WHERE store_id = :store AND folder_id = :id AND deleted_at IS NULL AND NOT associated
        AND words @@ query
      ORDER BY rank DESC, message_id DESC
      LIMIT 50) AS hit
ORDER BY rank DESC, message_id DESC;
