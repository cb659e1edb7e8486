-- The feed: what is new to a token, of messages, folders, read state and status, each change
-- once and in order, to whoever may read it; a token that is no good is refused.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SET application_name = 'feeder';
SELECT create_store('feed') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
SELECT message_id AS old FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "old"}') \gset

-- no token: what is there, folders first, then the end
SELECT kind, count(*), count(message_id) AS messages, count(folder_id) AS folders, count(change_number) AS versions,
	count(DISTINCT token) = count(*) AS own_tokens
FROM changes_since(:store) GROUP BY kind ORDER BY 1 DESC;
SELECT token AS t FROM changes_since(:store) WHERE kind = 'end' \gset
SELECT kind FROM changes_since(:store, :'t');
SELECT kind FROM changes_since(:store, feed_position(:store));

-- every kind of change
SELECT message_id AS a, change_number AS a1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "a"}', actor => 'ann') \gset
SELECT change_number AS a2 FROM save_message(:store, :a, :a1, '{"PR_SUBJECT": "aa", "PR_BODY": "text"}') \gset
SELECT result FROM save_message(:store, :a, :a1, '{"PR_SUBJECT": "forced"}', 'FORCE_SAVE');
SELECT result FROM save_message(:store, :a, :a1, '{"PR_SUBJECT": "refused"}');
SELECT result FROM resolve_conflict(:store, :a, :a1, '{"PR_IMPORTANCE": 2}', 'MERGE');
SELECT set_read_flag(:store, :old, 4), set_read_flag(:store, :old, 0, 'bob'), set_message_status(:store, :a, 1, 1);
SELECT move_messages(:store, ARRAY[:a], :drafts), delete_messages(:store, ARRAY[:a]), restore_messages(:store, ARRAY[:a]);
SELECT create_folder(:store, :inbox, 'sub') AS sub \gset
SELECT rename_folder(:store, :sub, 'subs'), move_folder(:store, :sub, :drafts) IS NOT NULL AS moved,
	set_folder_props(:store, :sub, '{"PR_COMMENT": "c"}'), delete_folder(:store, :sub), restore_folder(:store, :sub);
SELECT set_message_status(:store, :old, 2, 2), set_read_flags(:store, NULL, folder_id => :inbox);
SELECT delete_messages(:store, ARRAY[:a], 'DELETE_HARD_DELETE');
SELECT kind, CASE message_id WHEN :a THEN 'a' WHEN :old THEN 'old' END AS message,
	CASE folder_id WHEN :inbox THEN 'inbox' WHEN :drafts THEN 'drafts' WHEN :sub THEN 'sub' END AS folder,
	change_number IS NOT NULL AS version, changed_by = current_user AS mine, client, changed_at <= now() AS timed, properties
FROM changes_since(:store, :'t') WITH ORDINALITY AS f(token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties, n) ORDER BY n;
SELECT kind, changed_by FROM changes_since(:store, :'t') WHERE changed_by IN ('ann', 'bob');
-- the read state is that of the caller, or of its actor
SELECT kind, message_id = :old AS old, changed_by FROM changes_since(:store, :'t', actor => 'bob') WHERE kind LIKE 'read%';
SELECT token AS e FROM changes_since(:store, :'t') WHERE kind = 'end' \gset

-- pages of any size give the same rows; a token can be used again
CREATE FUNCTION follow(store bigint, token text, size integer, folder bigint DEFAULT NULL) RETURNS TABLE (n integer, kind text, message bigint, folder_id bigint, number bigint, page integer)
LANGUAGE plpgsql SET search_path = msgstore AS $$
DECLARE
	r record;
BEGIN
	n := 0;
	page := 0;
	LOOP
		page := page + 1;
		FOR r IN SELECT * FROM changes_since(store, token, size, folder) LOOP
			token := r.token;
			EXIT WHEN r.kind = 'end';
			n := n + 1;
			kind := r.kind;
			message := r.message_id;
			folder_id := r.folder_id;
			number := r.change_number;
			RETURN NEXT;
		END LOOP;
		EXIT WHEN r.kind = 'end';
	END LOOP;
END $$;
CREATE TEMP TABLE whole AS SELECT * FROM follow(:store, :'t', NULL);
SELECT size, max(page) AS pages,
	NOT EXISTS (SELECT n, kind, message, folder_id, number FROM whole EXCEPT SELECT n, kind, message, folder_id, number FROM follow(:store, :'t', size)) AS all_there,
	count(*) = (SELECT count(*) FROM whole) AS once
FROM (VALUES (1), (2), (3), (7), (1000)) AS s(size), follow(:store, :'t', size) GROUP BY size ORDER BY size;
CREATE TEMP TABLE listed AS SELECT * FROM follow(:store, NULL, NULL);
SELECT size, NOT EXISTS (SELECT n, kind, message, folder_id, number FROM listed EXCEPT SELECT n, kind, message, folder_id, number FROM follow(:store, NULL, size)) AS all_there,
	count(*) = (SELECT count(*) FROM listed) AS once
FROM (VALUES (1), (2), (5)) AS s(size), follow(:store, NULL, size) GROUP BY size ORDER BY size;

-- a listing that changes while it is read: what was changed comes after it
SELECT token AS listing FROM changes_since(:store, NULL, 1) \gset
SELECT message_id AS late FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "late"}') \gset
SELECT kind, count(*) FROM follow(:store, :'listing', 2) WHERE message = :late GROUP BY kind ORDER BY 1;
SELECT count(*) FROM changes_since(:store, :'e');

-- one transaction: its own changes come after its commit, and once
BEGIN;
SELECT feed_position(:store) AS before \gset
SELECT result FROM save_message(:store, :old, (read_message(:store, :old)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "own"}');
SELECT kind FROM changes_since(:store, :'before');
SELECT feed_position(:store) AS inside \gset
SAVEPOINT s;
SELECT result FROM save_message(:store, :old, (read_message(:store, :old)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "kept"}');
RELEASE s;
SAVEPOINT s;
SELECT result FROM save_message(:store, :old, (read_message(:store, :old)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "undone"}');
ROLLBACK TO s;
COMMIT;
SELECT kind FROM changes_since(:store, :'before');
SELECT kind FROM changes_since(:store, :'inside');

-- a folder: what is in it, what leaves it, itself
SELECT feed_position(:store) AS p \gset
SELECT message_id AS b, change_number AS b1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "b"}') \gset
SELECT message_id AS c FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "c"}') \gset
SELECT move_messages(:store, ARRAY[:b], :drafts), move_messages(:store, ARRAY[:c], :inbox), set_folder_props(:store, :drafts, '{"PR_COMMENT": "d"}');
SELECT kind, CASE message_id WHEN :b THEN 'b' WHEN :c THEN 'c' END AS message, folder_id = :inbox AS inbox, change_number IS NOT NULL AS version
FROM changes_since(:store, :'p', 100, :inbox);
SELECT kind, message_id IS NOT NULL AS message, folder_id = :inbox AS inbox FROM changes_since(:store, NULL, 100, :inbox) ORDER BY 1 DESC, 2;
SELECT token AS part FROM changes_since(:store, :'p', 1, :inbox) \gset
-- fail: a pass goes on with the folder with which it was begun
\set VERBOSITY terse
SELECT * FROM changes_since(:store, :'part');
\set VERBOSITY sqlstate
-- fail
SELECT * FROM changes_since(:store, :'part', 1, :drafts);
SELECT count(*) FROM changes_since(:store, :'part', 1, :inbox);

-- an erased message leaves its id
SELECT feed_position(:store) AS p \gset
SELECT purge_messages(:store, ARRAY[:c]);
SELECT kind, message_id = :c AS c, properties FROM changes_since(:store, :'p');
SELECT kind, message_id = :c AS c FROM changes_since(:store, :'p', folder_id => :drafts);

-- only what the caller may read
CREATE ROLE regress_reader;
CREATE ROLE regress_stranger;
SELECT grant_folder(:store, :inbox, 'regress_reader', 'REVIEWER');
SET ROLE regress_reader;
SELECT token AS mine FROM changes_since(:store) WHERE kind = 'end' \gset
SELECT kind, count(*) FROM changes_since(:store) GROUP BY kind ORDER BY kind;
-- fail
SELECT * FROM changes_since(:store, NULL, 1, :drafts);
SET ROLE regress_stranger;
-- fail
SELECT * FROM changes_since(:store);
-- fail
SELECT feed_position(:store);
RESET ROLE;
SELECT message_id AS d, change_number AS d1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "d"}') \gset
SELECT message_id AS x, change_number AS x1 FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "hidden"}') \gset
SELECT result FROM save_message(:store, :x, :x1, '{"PR_SUBJECT": "hidden too"}');
SELECT set_message_status(:store, :x, 1, 1), set_message_status(:store, :d, 1, 1);
SELECT move_messages(:store, ARRAY[:old], :drafts);
SELECT delete_messages(:store, ARRAY[:old, :x], 'DELETE_HARD_DELETE');
SELECT create_folder(:store, :drafts, 'secret') IS NOT NULL AS made;
SET ROLE regress_reader;
SELECT kind, CASE message_id WHEN :d THEN 'd' WHEN :old THEN 'old' END AS message, folder_id = :inbox AS inbox, changed_by IS NULL AS anonymous
FROM changes_since(:store, :'mine');
SELECT token AS mine FROM changes_since(:store, :'mine') WHERE kind = 'end' \gset
RESET ROLE;

-- a page of what may not be read is skipped, not given as an empty one
SELECT count(save_new_message(:store, :drafts, '{}')) FROM generate_series(1, 1500);
SELECT message_id AS after FROM save_new_message(:store, :inbox, '{}') \gset
SET ROLE regress_reader;
SELECT kind, message_id = :after AS after FROM changes_since(:store, :'mine', 1);
RESET ROLE;

-- pruned changes: the newest change of a message is never pruned, and stands for all; but
-- not for a move out of sight
SELECT feed_position(:store) AS p \gset
SELECT result FROM save_message(:store, :d, :d1, '{"PR_SUBJECT": "1"}');
SELECT result FROM save_message(:store, :d, :d1, '{"PR_SUBJECT": "2"}', 'FORCE_SAVE');
UPDATE change SET changed_at = changed_at - interval '3 days' WHERE store_id = :store AND message_id = :d;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store);
SELECT kind FROM changes_since(:store, :'p');
SELECT move_messages(:store, ARRAY[:d], :drafts), move_messages(:store, ARRAY[:d], :inbox);
SELECT feed_position(:store) AS after_move \gset
SELECT result FROM save_message(:store, :d, :d1, '{"PR_SUBJECT": "3"}', 'FORCE_SAVE');
UPDATE change SET changed_at = changed_at - interval '3 days' WHERE store_id = :store AND message_id = :d;
CALL prune_history(:store);
\set VERBOSITY terse
-- fail
SELECT kind FROM changes_since(:store, :'p');
\set VERBOSITY sqlstate
SELECT kind FROM changes_since(:store, :'after_move');

-- fail: no tokens
\set VERBOSITY terse
SELECT * FROM changes_since(:store, '');
-- fail
SELECT * FROM changes_since(:store, 'x');
-- fail
SELECT * FROM changes_since(:store, repeat('0123456789abcdef.', 1000));
\set VERBOSITY sqlstate
-- fail
SELECT * FROM changes_since(:store, left(:'p', -1));
-- fail
SELECT * FROM changes_since(:store, :'p' || '0');
-- fail
SELECT * FROM changes_since(:store, replace(:'p', '.', '..'));
\set VERBOSITY terse
-- fail
SELECT * FROM changes_since(create_store('other feed'), :'p');
-- fail
SELECT * FROM changes_since(0);
\set VERBOSITY sqlstate
-- fail
SELECT * FROM changes_since(NULL);
-- fail
SELECT feed_position(0);
-- fail
SELECT feed_position(NULL);
\set VERBOSITY terse
-- fail
SELECT * FROM changes_since(:store, NULL, 0);
\set VERBOSITY sqlstate
-- fail
SELECT * FROM changes_since(:store, NULL, 1, 0);
-- fail
SELECT * FROM changes_since(:store, NULL, 1, 9007199254740992);
DROP OWNED BY regress_reader, regress_stranger;
DROP ROLE regress_reader, regress_stranger;
DROP FUNCTION follow;

-- wake-ups are switched by the owner of the store; a transaction that would wake somebody up
-- cannot be prepared (test/t/057_wakeups.pl has the wake-ups)
-- fail
SELECT set_wakeups(:store, NULL);
-- fail
SELECT set_wakeups(0, true);
SELECT set_wakeups(:store, true);
\set VERBOSITY terse
BEGIN;
SELECT count(save_new_message(:store, :inbox, '{}'));
-- fail
PREPARE TRANSACTION 'woken';
BEGIN;
SELECT read_message(:store, :d, '{PR_READ}') IS NOT NULL AS read;
COMMIT;
SELECT set_wakeups(:store, false);
