-- Load the messages into the tables of both sides.

SELECT msgstore.create_store('bench', 'bench') AS store \gset
SELECT msgstore.special_folder(:store, 'Inbox') AS folder \gset

SELECT count(*) AS loaded
FROM (SELECT (msgstore.save_new_message(:store, :folder,
				  props || jsonb_build_object('PR_BODY', body))).result
	  FROM (SELECT * FROM bench.content ORDER BY id) AS c OFFSET 0) AS s
WHERE result::text = 'S_OK' \gset

INSERT INTO rival.folder VALUES (:store, :folder, 'Inbox');
INSERT INTO rival.message
SELECT :store, id, :folder, now(), NULL, NULL, body || '', NULL, props, 1, now(),
	   'bench'
FROM bench.content ORDER BY id;

GRANT ALL ON SCHEMA rival TO bench;
GRANT ALL ON ALL TABLES IN SCHEMA rival TO bench;
GRANT ALL ON ALL SEQUENCES IN SCHEMA rival TO bench;
DROP SCHEMA bench CASCADE;

-- Check that both sides hold equal messages before anything is measured.
SELECT :loaded = :messages AND
	   NOT EXISTS (SELECT m.message_id, m.props, m.body FROM msgstore.message m
				   EXCEPT
				   SELECT message_id, props, body FROM rival.message) AS same \gset
\if :same
\else
	\warn the two sides do not hold the same messages
	SELECT 1 / 0;
\endif

-- Turn autovacuum off on both sides; bench/run vacuums between the rounds.
ALTER TABLE msgstore.message
	SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE msgstore.change
	SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE rival.message
	SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE rival.history
	SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
