--
-- Create the data of bench/more: a small and a large message, messages with
-- saves of other clients, and changes to be pruned on both sides.
--
SET search_path = msgstore, public;

SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT count(*) FROM (
	SELECT save_new_message(:store, :inbox, jsonb_build_object(
		'PR_SUBJECT', 'bench ' || label, 'PR_BODY', (
			SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, chunks) i)))
	FROM (VALUES ('4 kB', 124), ('16 MB', 508400), ('1 saves', 124),
		('10 saves', 124), ('100 saves', 124)) v (label, chunks)) s \g /dev/null
DO $$
DECLARE
	m record;
	token bigint;
BEGIN
	FOR m IN SELECT store_id, message_id, change_number,
			substring(subject FROM '\d+')::int AS saves
		FROM msgstore.message_list WHERE subject ~ '^bench \d+ saves$'
	LOOP
		token := m.change_number;
		FOR i IN 1 .. m.saves LOOP
			SELECT change_number INTO token
			FROM msgstore.save_message(m.store_id, m.message_id, token,
				jsonb_build_object('PR_IMPORTANCE', i % 3, 'PR_COMMENT', md5(i::text)));
		END LOOP;
	END LOOP;
END $$;

-- Create 100 changes per message, all old enough to be pruned, of which
-- pruning deletes nine tenths.
SELECT create_store('bench prune') AS prune \gset
SELECT set_retention(:prune, NULL, 10);
INSERT INTO change (store_id, message_id, change_number, previous, base_change_number,
	incarnation, xid, changed_at, kind, author_id, undo)
SELECT :prune, 1000000000 + n / 100, 1000000000 + n, nullif(1000000000 + n - 1, 1000000000 + n / 100 * 100 - 1), NULL, 0,
	pg_current_xact_id(), now() - interval '30 days' + n * interval '1 microsecond',
	's', 1, msgstore_internal.pack_undo(jsonb_build_object('PR_SUBJECT', md5(n::text)))
FROM generate_series(0, :changes - 1) n;
CREATE TABLE rival.prune (LIKE change INCLUDING INDEXES INCLUDING DEFAULTS);
INSERT INTO rival.prune SELECT * FROM change WHERE store_id = :prune;
VACUUM ANALYZE change;
VACUUM ANALYZE rival.prune;
