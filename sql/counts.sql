-- The numbers of messages and folders in a folder: exact after every change of place, in
-- the transaction that makes it, after a rollback, and however many rows they are summed
-- up from.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('counts') AS store \gset
SELECT create_folder(:store, NULL, 'a') AS a, create_folder(:store, NULL, 'b') AS b \gset

-- messages, associated, deleted, deleted associated; subfolders, deleted subfolders
CREATE FUNCTION pg_temp.counts(folder bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', p->>'PR_CONTENT_COUNT', p->>'PR_ASSOC_CONTENT_COUNT', p->>'PR_DELETED_MSG_COUNT',
                     p->>'PR_DELETED_ASSOC_MSG_COUNT') || ', ' ||
           concat_ws(' ', p->>'PR_FOLDER_CHILD_COUNT', p->>'PR_DELETED_FOLDER_COUNT', p->>'PR_SUBFOLDERS')
    FROM get_folder_props((SELECT store_id FROM store_list WHERE name = 'counts'), folder) AS p $$;
-- the folders whose sums are not the numbers of their messages
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (folder text, counted text, found text) LANGUAGE sql AS $$
    SELECT f.name, c.numbers, m.numbers
    FROM folder AS f,
         LATERAL (SELECT concat_ws(' ', coalesce(sum(messages), 0), coalesce(sum(associated), 0),
                                   coalesce(sum(deleted), 0), coalesce(sum(deleted_associated), 0)) AS numbers
                  FROM folder_count AS c WHERE c.store_id = f.store_id AND c.folder_id = f.folder_id) AS c,
         LATERAL (SELECT concat_ws(' ', count(*) FILTER (WHERE NOT a AND NOT d), count(*) FILTER (WHERE a AND NOT d),
                                   count(*) FILTER (WHERE NOT a AND d), count(*) FILTER (WHERE a AND d)) AS numbers
                  FROM (SELECT message_flags & 64 <> 0 AS a, deleted_at IS NOT NULL AS d
                        FROM message AS m WHERE m.store_id = f.store_id AND m.folder_id = f.folder_id) AS m) AS m
    WHERE f.store_id = (SELECT store_id FROM store_list WHERE name = 'counts') AND c.numbers <> m.numbers $$;
CREATE FUNCTION pg_temp.view(folder bigint) RETURNS hresult LANGUAGE plpgsql AS $$
DECLARE
    h integer := create_message((SELECT store_id FROM store_list WHERE name = 'counts'), folder, 'MAPI_ASSOCIATED');
    result hresult := save_changes(h);
BEGIN
    PERFORM close_object(h);
    RETURN result;
END $$;

-- a first save counts, a later save does not
SELECT pg_temp.counts(:a);
SELECT (save_new_message(:store, :a, '{}')).message_id AS m1, (save_new_message(:store, :a, '{}')).message_id AS m2,
       pg_temp.view(:a) AS view \gset
SELECT :'view', pg_temp.counts(:a);
SELECT count(*) AS rows FROM folder_count WHERE store_id = :store AND folder_id = :a \gset
SELECT (save_message(:store, :m1, change_number, '{"PR_SUBJECT": "x"}')).result FROM message
WHERE store_id = :store AND message_id = :m1;
SELECT count(*) = :rows AS no_new_row FROM folder_count WHERE store_id = :store AND folder_id = :a;
-- changes of place
SELECT move_messages(:store, ARRAY[:m1], :b), pg_temp.counts(:a), pg_temp.counts(:b);
SELECT delete_messages(:store, ARRAY[:m1]), pg_temp.counts(:b);
SELECT restore_messages(:store, ARRAY[:m1]), pg_temp.counts(:b);
SELECT delete_messages(:store, ARRAY[:m1, :m2]), pg_temp.counts(:a), pg_temp.counts(:b);
SELECT delete_messages(:store, ARRAY[:m1], 'DELETE_HARD_DELETE'), pg_temp.counts(:b);
SELECT * FROM pg_temp.wrong();
-- rolled back, as a whole and in part
BEGIN;
SELECT (save_new_message(:store, :a, '{}')).result, pg_temp.counts(:a);
SAVEPOINT s;
SELECT restore_messages(:store, ARRAY[:m2]), pg_temp.counts(:a);
ROLLBACK TO s;
SELECT pg_temp.counts(:a);
COMMIT;
SELECT pg_temp.counts(:a);
BEGIN;
SELECT empty_folder(:store, :a, 'DEL_ASSOCIATED'), pg_temp.counts(:a);
ROLLBACK;
SELECT pg_temp.counts(:a);
SELECT * FROM pg_temp.wrong();

-- folders
SELECT create_folder(:store, :a, 'c') AS c, create_folder(:store, :a, 'd') AS d \gset
SELECT pg_temp.counts(:a), (save_new_message(:store, :c, '{}')).result;
SELECT delete_folder(:store, :c, 'DEL_MESSAGES'), pg_temp.counts(:a);
SELECT restore_folder(:store, :c), pg_temp.counts(:a), pg_temp.counts(:c);
SELECT move_folder(:store, :c, :b), pg_temp.counts(:a), pg_temp.counts(:b), pg_temp.counts(:c);
SELECT empty_folder(:store, :a, 'DEL_ASSOCIATED'), pg_temp.counts(:a);
SELECT empty_folder(:store, :a, 'DEL_ASSOCIATED|DELETE_HARD_DELETE'), pg_temp.counts(:a);
SELECT * FROM pg_temp.wrong();
SELECT delete_folder(:store, :c, 'DEL_MESSAGES|DELETE_HARD_DELETE');
SELECT count(*) FROM folder_count WHERE store_id = :store AND folder_id = :c;

-- one transaction has one row per folder, a reader folds those of many
SELECT count(save_new_message(:store, :b, '{}')) FROM generate_series(1, 20);
SELECT count(*) FROM folder_count WHERE store_id = :store AND folder_id = :b AND messages = 20;
DO $$
DECLARE
    store bigint := (SELECT store_id FROM store_list WHERE name = 'counts');
    folder bigint := (SELECT folder_id FROM folder_list WHERE store_id = store AND name = 'b');
BEGIN
    FOR i IN 1 .. 40 LOOP
        PERFORM save_new_message(store, folder, '{}');
        COMMIT;
    END LOOP;
END $$;
SELECT count(*) > 32 AS many FROM folder_count WHERE store_id = :store AND folder_id = :b;
-- not under REPEATABLE READ, and not in a transaction that only reads
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.counts(:b);
COMMIT;
BEGIN READ ONLY;
SELECT pg_temp.counts(:b);
COMMIT;
SELECT count(*) > 32 AS many FROM folder_count WHERE store_id = :store AND folder_id = :b;
BEGIN;
SELECT pg_temp.counts(:b);
SELECT count(*) FROM folder_count WHERE store_id = :store AND folder_id = :b;
ROLLBACK;
SELECT count(*) > 32 AS many FROM folder_count WHERE store_id = :store AND folder_id = :b;
SELECT pg_temp.counts(:b);
SELECT pg_temp.counts(:b), count(*) FROM folder_count WHERE store_id = :store AND folder_id = :b;
SELECT * FROM pg_temp.wrong();

-- whoever may not read the messages of others counts the messages of its own
CREATE ROLE regress_counts;
SELECT grant_folder(:store, :b, 'regress_counts', 'CONTRIBUTOR');
SELECT create_folder(:store, :b, 'shown') AS shown, create_folder(:store, :b, 'hidden') AS hidden \gset
SELECT revoke_folder(:store, :hidden, 'regress_counts');
SET ROLE regress_counts;
SELECT get_folder_props(:store, :b, '{PR_CONTENT_COUNT,PR_FOLDER_CHILD_COUNT}');
SELECT (save_new_message(:store, :b, '{}')).result;
SELECT get_folder_props(:store, :b, '{PR_CONTENT_COUNT,PR_RIGHTS}');
-- fail
SELECT get_folder_props(:store, :hidden);
-- fail
SELECT set_folder_props(:store, :b, '{"PR_COMMENT": "x"}');
RESET ROLE;
SELECT pg_temp.counts(:b);
SELECT revoke_folder(:store, :b, 'regress_counts'), revoke_folder(:store, :shown, 'regress_counts');
DROP ROLE regress_counts;
