-- Save some properties over the number that is stored.
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS number \gset
SELECT result FROM msgstore.save_message(:store, :id, :number, :patch);
