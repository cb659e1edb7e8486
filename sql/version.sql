-- msgstore_version() shows the versions of the module and of the script.  A session in
-- which they differ gets one warning, at its first call.
SET search_path = msgstore, public;
SELECT module = script AS equal FROM msgstore_version();

UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'msgstore';
\c -
SET log_min_messages = fatal;
\set VERBOSITY terse
SELECT count(*) FROM msgstore.check_store(-1);
SELECT msgstore.special_folder(-1, 'Inbox');
SELECT msgstore.special_folder(-1, 'Inbox');
SELECT module = script AS equal, script FROM msgstore.msgstore_version();
UPDATE pg_extension SET extversion = (SELECT module FROM msgstore.msgstore_version())
WHERE extname = 'msgstore';
\c -
SELECT msgstore.special_folder(-1, 'Inbox');
