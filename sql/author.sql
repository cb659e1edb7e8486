-- The authors of changes: sessions share one row per author, the row stands and
-- falls with its transaction, and any text is kept as it was.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
CREATE ROLE regress_author_role;
SELECT create_store('author') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "first"}', actor => 'author ann') \gset
-- Save over the newest version and return how many rows of author there are now.
CREATE FUNCTION pg_temp.save(store bigint, id bigint, actor text) RETURNS bigint LANGUAGE sql AS $$
    SELECT save_message(store, id, (read_message(store, id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint,
        '{"PR_SUBJECT": "next"}', actor => actor);
    SELECT count(*) FROM author WHERE author.actor LIKE 'author %' $$;
CREATE VIEW pg_temp.newest AS SELECT l.* FROM change_list AS l JOIN message_list AS m USING (store_id, message_id, change_number);

-- one row per author, for all sessions
SELECT pg_temp.save(:store, :id, 'author ann'), pg_temp.save(:store, :id, 'author bob'), pg_temp.save(:store, :id, 'author ann');
SET application_name = 'another client';
SELECT pg_temp.save(:store, :id, 'author ann');
RESET application_name;
SELECT pg_temp.save(:store, :id, 'author ann');
SELECT count(DISTINCT author_id) FROM change WHERE message_id = :id AND store_id = :store;
-- the id is the number of the author's first change
SELECT count(*) AS wrong FROM author AS a WHERE actor LIKE 'author %' AND author_id <> (SELECT min(change_number) FROM change AS c WHERE c.author_id = a.author_id);

-- a row of a rolled back subtransaction is written again
BEGIN;
SAVEPOINT s;
SELECT pg_temp.save(:store, :id, 'author eve');
ROLLBACK TO s;
SELECT count(*) FROM author WHERE actor = 'author eve';
SELECT pg_temp.save(:store, :id, 'author eve'), pg_temp.save(:store, :id, 'author eve');
SAVEPOINT t;
SELECT pg_temp.save(:store, :id, 'author fay');
RELEASE t;
SELECT pg_temp.save(:store, :id, 'author fay');
COMMIT;
SELECT changed_by FROM pg_temp.newest WHERE message_id = :id;
BEGIN;
SELECT pg_temp.save(:store, :id, 'author gil');
ROLLBACK;
SELECT pg_temp.save(:store, :id, 'author gil'), pg_temp.save(:store, :id, 'author eve');

-- a role under another name is another author
SELECT create_store('author of a role', 'regress_author_role') AS mine \gset
SET ROLE regress_author_role;
SELECT message_id AS own FROM save_new_message(:mine, special_folder(:mine, 'Inbox'), '{}') \gset
RESET ROLE;
ALTER ROLE regress_author_role RENAME TO regress_author_renamed;
SELECT give_store(:mine, 'regress_author_renamed');
SET ROLE regress_author_renamed;
SELECT result FROM save_message(:mine, :own, (read_message(:mine, :own)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "renamed"}');
SELECT kind, changed_by, role, actor FROM history(:mine, :own);
RESET ROLE;

-- any text
CREATE FUNCTION pg_temp.kept(store bigint, id bigint, value text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.save(store, id, value);
    RETURN (SELECT actor = value AND changed_by = value FROM history(store, id, 1));
END $$;
SELECT what, pg_temp.kept(:store, :id, value)
FROM (VALUES ('quoted', E'author ''"\\'), ('like an array', 'author {NULL}'),
             ('accents', 'author Größe ☃'), ('long', 'author ' || repeat('x', 248)),
             ('longer, not compressible', 'author ' || (SELECT left(string_agg(md5(g::text), ''), 248) FROM generate_series(1, 8) AS g)),
             ('NULL as text', 'NULL'), ('space', ' ')) AS v (what, value);
-- the empty text stands for no actor; an empty client is none
SET application_name = '';
SELECT pg_temp.save(:store, :id, '') > 0 AS saved;
SELECT actor IS NULL AS no_actor, client IS NULL AS no_client, changed_by = role AS by_role FROM history(:store, :id, 1);
RESET application_name;

-- the view shows what history() shows
SELECT count(*) AS changes,
       count(*) FILTER (WHERE (l.changed_by, l.role, l.actor, l.client, l.base_change_number, l.properties)
                        IS NOT DISTINCT FROM (h.changed_by, h.role, h.actor, h.client, h.base_change_number, h.properties)) AS same
FROM change_list AS l JOIN history(:store, :id) AS h USING (change_number) WHERE l.message_id = :id AND l.store_id = :store;

-- a history whose author was deleted by hand is damaged, and says so
\c -
SET search_path = msgstore, public;
\set VERBOSITY terse
BEGIN;
UPDATE change SET author_id = 1 WHERE store_id = :store AND message_id = :id;
SELECT count(*) FROM history(:store, :id); -- fail
ROLLBACK;
SELECT count(*) > 10 AS readable FROM history(:store, :id);
DROP ROLE regress_author_renamed; -- the names of its changes stay
SELECT kind, changed_by FROM history(:mine, :own);
SELECT msgstore_internal.undo_properties(msgstore_internal.pack_undo(
           '{"PR_SUBJECT": null, ".folder_id": 1, "PR_BODY": null}'), true, true, false, false);
