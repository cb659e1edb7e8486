-- msgstore: save a new message into one of 64 folders, for comparison with
-- new_one.sql.

\set folder :base + random(0, 63)
SELECT result FROM msgstore.save_new_message(:store, :folder, :patch);
