-- msgstore: save a new message into one folder, beside all other sessions.

SELECT result FROM msgstore.save_new_message(:store, :base, :patch);
