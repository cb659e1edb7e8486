-- msgstore_stats shows each store's sizes, saves and conflicts, contested_messages the
-- messages that clients fight over: what is rolled back is not counted, a refusal always is.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('stats') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
CREATE FUNCTION pg_temp.stats(OUT messages text, OUT versions bigint, OUT blobs bigint, OUT drafts bigint,
                              OUT saves bigint, OUT conflicts bigint, OUT forces bigint, OUT merges bigint)
LANGUAGE sql AS $$
    SELECT messages || ' and ' || deleted_messages, versions, blobs, drafts, saves, conflicts, forces, merges
    FROM msgstore_stats WHERE name = 'stats' $$;
-- the sizes that are not the sums that a scan finds
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (bytes bigint, size bigint, history_bytes bigint, undo bigint)
LANGUAGE sql AS $$
    SELECT s.bytes, m.size, s.history_bytes, c.undo
    FROM msgstore_stats AS s,
         LATERAL (SELECT coalesce(sum(m.size), 0)::bigint AS size FROM message AS m WHERE m.store_id = s.store_id) AS m,
         LATERAL (SELECT coalesce(sum(octet_length(c.undo) + coalesce(octet_length(c.undo_headers), 0)
                                      + coalesce(octet_length(c.undo_body), 0)
                                      + coalesce(octet_length(c.undo_html), 0)
                                      + coalesce(octet_length(c.undo_rtf), 0)), 0)::bigint AS undo
                  FROM change AS c WHERE c.store_id = s.store_id) AS c
    WHERE s.name = 'stats' AND (s.bytes, s.history_bytes) IS DISTINCT FROM (m.size, c.undo) $$;

-- a new store
SELECT * FROM pg_temp.stats();
SELECT bytes, history_bytes, oldest_version, last_prune, last_sweep FROM msgstore_stats WHERE name = 'stats';

-- two clients: saved, refused, forced, merged
SELECT message_id AS m, change_number AS n1
FROM save_new_message(:store, :inbox, jsonb_build_object('PR_SUBJECT', 'a', 'PR_BODY', repeat('b', 100000))) \gset
SELECT result, change_number AS n2 FROM save_message(:store, :m, :n1, '{"PR_BODY": "short"}') \gset
SELECT :'result';
SELECT result FROM save_message(:store, :m, :n1, '{"PR_SUBJECT": "c"}');
SELECT result FROM save_message(:store, :m, :n1, '{"PR_SUBJECT": "c"}', 'FORCE_SAVE');
SELECT result FROM resolve_conflict(:store, :m, :n2, '{"PR_IMPORTANCE": 2}', 'MERGE');
SELECT * FROM pg_temp.stats();
SELECT * FROM pg_temp.wrong();
SELECT message_id = :m AS same, conflicts, forces, merges, last_at <= now() AS ended
FROM contested_messages WHERE store_id = :store;
SELECT oldest_version = min(changed_at) AS oldest FROM msgstore_stats JOIN change USING (store_id)
WHERE name = 'stats' GROUP BY oldest_version;

-- a rollback, of all or of a part, takes back saves and no refusal
BEGIN;
SELECT (save_new_message(:store, :inbox, '{"PR_BODY": "gone"}')).result;
SAVEPOINT s;
SELECT (save_new_message(:store, :inbox, '{"PR_BODY": "gone"}')).result;
SELECT * FROM pg_temp.stats();
ROLLBACK TO s;
SELECT (save_message(:store, :m, :n1, '{}')).result;
SELECT * FROM pg_temp.stats();
SAVEPOINT t;
SELECT (save_new_message(:store, :inbox, '{"PR_BODY": "gone"}')).result;
RELEASE t;
SELECT * FROM pg_temp.stats();
ROLLBACK;
SELECT * FROM pg_temp.stats();
SELECT * FROM pg_temp.wrong();

-- another session reads what this one has counted, when this one has ended
\c -
SET search_path = msgstore, public;
CREATE FUNCTION pg_temp.stats(OUT messages text, OUT versions bigint, OUT blobs bigint, OUT drafts bigint,
                              OUT saves bigint, OUT conflicts bigint, OUT forces bigint, OUT merges bigint)
LANGUAGE sql AS $$
    SELECT messages || ' and ' || deleted_messages, versions, blobs, drafts, saves, conflicts, forces, merges
    FROM msgstore_stats WHERE name = 'stats' $$;
DO $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN (SELECT conflicts FROM pg_temp.stats()) = 2;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT * FROM pg_temp.stats();

-- blobs and drafts
SELECT create_blob(:store) AS blob \gset
SELECT write_blob(:store, :blob, 0, 'bytes');
SELECT park_message(:store, :m, :n1, '{"PR_SUBJECT": "later"}') AS parked \gset
SELECT * FROM pg_temp.stats();
SELECT discard_parked(:store, :parked);
UPDATE blob SET created_at = now() - interval '2 days' WHERE store_id = :store;
CALL sweep_blobs(:store);
SELECT * FROM pg_temp.stats();
SELECT last_sweep <= clock_timestamp() AS swept, last_prune FROM msgstore_stats WHERE name = 'stats';

-- deleted, pruned, erased
SELECT delete_messages(:store, ARRAY[:m]);
SELECT * FROM pg_temp.stats();
SELECT set_retention(:store, NULL, 1);
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE store_id = :store;
CALL prune_history(:store);
SELECT last_prune <= clock_timestamp() AS pruned FROM msgstore_stats WHERE name = 'stats';
SELECT * FROM pg_temp.stats();
SELECT purge_messages(:store, ARRAY[:m]);
SELECT * FROM pg_temp.stats();
SELECT count(*) FROM contested_messages WHERE store_id = :store;

-- counted anew, after rows went by hand
SELECT message_id AS m FROM save_new_message(:store, :inbox, '{"PR_BODY": "kept"}') \gset
DELETE FROM change WHERE store_id = :store AND message_id = :m;
SELECT versions, bytes > 0 AS bytes FROM msgstore_stats WHERE name = 'stats';
SELECT recount_stats(:store);
SELECT versions, bytes > 0 AS bytes FROM msgstore_stats WHERE name = 'stats';

-- who may read: the owner, and whoever watches the server
CREATE ROLE regress_stats_owner;
CREATE ROLE regress_stats_other;
CREATE ROLE regress_stats_watch IN ROLE pg_monitor;
SELECT result, message_id AS m, change_number AS n
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "private"}') \gset
SELECT (save_message(:store, :m, :n - 1, '{}')).result;
SELECT give_store(:store, 'regress_stats_owner');
SET ROLE regress_stats_owner;
SELECT name FROM msgstore_stats;
SELECT conflicts FROM contested_messages WHERE store_id = :store;
SELECT recount_stats(:store);
SET ROLE regress_stats_watch;
SELECT name FROM msgstore_stats WHERE name = 'stats';
SELECT conflicts FROM contested_messages WHERE store_id = :store;
-- fail
SELECT recount_stats(:store);
SET ROLE regress_stats_other;
SELECT name FROM msgstore_stats;
SELECT conflicts FROM contested_messages WHERE store_id = :store;
-- fail
SELECT recount_stats(:store);
-- fail
SELECT recount_stats(NULL);
RESET ROLE;
SELECT give_store(:store, current_user);
DROP ROLE regress_stats_owner, regress_stats_other, regress_stats_watch;
