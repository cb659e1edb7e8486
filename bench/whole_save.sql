-- msgstore: read the change number of a message, and save a patch over it.
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS number \gset
SELECT result FROM msgstore.save_message(:store, :id, :number, :patch);
