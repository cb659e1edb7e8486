-- The feed to a role that reads one folder: every way in which a message leaves its sight or
-- comes into it, and that nothing is given of what was never in sight.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('sight') AS s \gset
SELECT special_folder(:s, 'Inbox') AS seen, create_folder(:s, NULL, 'hidden') AS hidden, create_folder(:s, NULL, 'doomed') AS doomed \gset
CREATE ROLE regress_sight;
CREATE ROLE regress_sight_other;
SELECT grant_folder(:s, :seen, 'regress_sight', 'REVIEWER'), grant_folder(:s, :doomed, 'regress_sight', 'REVIEWER');
-- a role that sees a folder, and may read only what it has created
SELECT grant_folder(:s, :seen, 'regress_sight_other', 'CREATE|FOLDER_VISIBLE');
CREATE TABLE it (name text PRIMARY KEY, id bigint, kind text);
CREATE TABLE token (t text);
GRANT SELECT ON it TO PUBLIC;
GRANT SELECT, INSERT, DELETE ON token TO PUBLIC;
CREATE FUNCTION add(s bigint, folder bigint, VARIADIC names text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO it SELECT n, (save_new_message(s, folder, jsonb_build_object('PR_SUBJECT', n))).message_id, 'message' FROM unnest(names) AS n $$;
CREATE FUNCTION id(text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT id FROM it WHERE name = $1';
-- The changes since the last time, each with the name of message and folder; a change of a
-- folder has the name of the folder only.
CREATE FUNCTION news(s bigint, folder bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    next text;
BEGIN
    SELECT string_agg(concat_ws(' ', kind, (SELECT name FROM it WHERE id = message_id AND it.kind = 'message'),
            CASE WHEN folder_id IS NOT NULL THEN '(' || coalesce((SELECT name FROM it WHERE id = folder_id AND it.kind = 'folder'), '?') || ')' END,
            CASE WHEN kind = 'gone' AND coalesce(change_number::text, changed_by, client, properties::text, changed_at::text) IS NOT NULL
                AND current_user <> session_user THEN 'NAMED' END),
            ', ' ORDER BY n) FILTER (WHERE kind <> 'end'), max(token) FILTER (WHERE kind = 'end')
    INTO result, next
    FROM changes_since(s, (SELECT t FROM token), NULL, folder) WITH ORDINALITY
        AS c (token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties, n);
    DELETE FROM token;
    INSERT INTO token VALUES (next);
    RETURN coalesce(result, '-');
END $$;
INSERT INTO it VALUES ('seen', :seen, 'folder'), ('hidden', :hidden, 'folder'), ('doomed', :doomed, 'folder');
SELECT add(:s, :seen, 'moved', 'soft', 'hard', 'purged', 'moved and purged', 'deleted and purged', 'moved and deleted', 'pruned', 'stays'),
    add(:s, :hidden, 'secret', 'secret too', 'comes'), add(:s, :doomed, 'd1', 'd2');
SET ROLE regress_sight;
INSERT INTO token SELECT feed_position(:s);
SELECT news(:s);
RESET ROLE;

-- moves, out of sight, in it, and what happens there
SELECT move_messages(:s, ARRAY[id('moved')], :hidden), move_messages(:s, ARRAY[id('comes')], :seen);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;
SELECT result FROM save_message(:s, id('moved'), (SELECT change_number FROM message WHERE store_id = :s AND message_id = id('moved')), '{"PR_SUBJECT": "x"}');
SELECT set_message_status(:s, id('moved'), 4096, 4096), delete_messages(:s, ARRAY[id('moved')]), restore_messages(:s, ARRAY[id('moved')]),
    delete_messages(:s, ARRAY[id('moved')], 'DELETE_HARD_DELETE'), purge_messages(:s, ARRAY[id('secret')]);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;

-- deletions, soft and hard; a message that is moved and then deleted for good is gone once
SELECT delete_messages(:s, ARRAY[id('soft')]), delete_messages(:s, ARRAY[id('hard')], 'DELETE_HARD_DELETE');
SELECT move_messages(:s, ARRAY[id('moved and deleted')], :hidden);
SELECT delete_messages(:s, ARRAY[id('moved and deleted')], 'DELETE_HARD_DELETE');
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;

-- erased: whatever happened to the message before; nothing of one that was never in sight
SELECT move_messages(:s, ARRAY[id('moved and purged')], :hidden), delete_messages(:s, ARRAY[id('deleted and purged')], 'DELETE_HARD_DELETE');
SELECT purge_messages(:s, ARRAY[id('purged'), id('moved and purged'), id('deleted and purged'), id('secret too')]);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;

-- grants and revocations: the folder is to be listed anew; changes are those that may be read now
SELECT add(:s, :hidden, 'h1');
SELECT grant_folder(:s, :hidden, 'regress_sight', 'REVIEWER');
SELECT add(:s, :hidden, 'h2');
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;
SELECT add(:s, :hidden, 'h3');
SELECT revoke_folder(:s, :hidden, 'regress_sight');
SELECT add(:s, :hidden, 'h4');
SELECT move_messages(:s, ARRAY[id('h1')], :seen), purge_messages(:s, ARRAY[id('h4')]);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;

-- a folder that is deleted with its messages, restored, and deleted for good; one more that
-- is deleted for good at once, with a message that is erased then
SELECT delete_folder(:s, :doomed, 'DEL_MESSAGES');
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;
SELECT restore_folder(:s, :doomed);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;
SELECT delete_folder(:s, :doomed, 'DEL_MESSAGES|DELETE_HARD_DELETE');
SELECT purge_messages(:s, ARRAY[id('d2')]);
SET ROLE regress_sight;
SELECT news(:s);
RESET ROLE;

-- by folder: what leaves it is gone, whoever asks; nothing of what was never in it
DELETE FROM token;
INSERT INTO token SELECT feed_position(:s);
SELECT move_messages(:s, ARRAY[id('comes')], :hidden), purge_messages(:s, ARRAY[id('h1')]), purge_messages(:s, ARRAY[id('h3')]);
SELECT news(:s, :seen);
SELECT move_messages(:s, ARRAY[id('comes')], :seen);
SELECT news(:s, :hidden);

-- a role that sees the folder, and reads what it has created
SET ROLE regress_sight_other;
SELECT message_id AS own FROM save_new_message(:s, :seen, '{"PR_SUBJECT": "own"}') \gset
RESET ROLE;
INSERT INTO it VALUES ('own', :own, 'message');
SELECT add(:s, :seen, 'foreign');
SET ROLE regress_sight_other;
DELETE FROM token;
INSERT INTO token SELECT feed_position(:s);
RESET ROLE;
SELECT result FROM message AS m, save_message(:s, m.message_id, m.change_number, '{"PR_BODY": "b"}')
WHERE m.store_id = :s AND m.message_id IN (id('own'), id('foreign'));
SELECT move_messages(:s, ARRAY[id('own'), id('foreign')], :hidden);
SET ROLE regress_sight_other;
SELECT news(:s);
RESET ROLE;
SELECT purge_messages(:s, ARRAY[id('own')]);
SET ROLE regress_sight_other;
SELECT news(:s);
RESET ROLE;

-- a move out of sight that was pruned before it was seen
SET ROLE regress_sight;
DELETE FROM token;
INSERT INTO token SELECT feed_position(:s);
RESET ROLE;
SELECT move_messages(:s, ARRAY[id('pruned')], :hidden);
SELECT result FROM save_message(:s, id('pruned'), (SELECT change_number FROM message WHERE store_id = :s AND message_id = id('pruned')), '{"PR_BODY": "b"}');
UPDATE change SET changed_at = changed_at - interval '3 days' WHERE store_id = :s AND message_id = id('pruned');
SELECT set_retention(:s, NULL, 1);
CALL prune_history(:s);
SET ROLE regress_sight;
SELECT news(:s); -- fail
RESET ROLE;
DROP OWNED BY regress_sight, regress_sight_other;
DROP ROLE regress_sight, regress_sight_other;
DROP FUNCTION news(bigint, bigint), id(text), add(bigint, bigint, text[]);
DROP TABLE it, token;
