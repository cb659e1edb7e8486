-- Read the change number of a message, and save one property over it.
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS base \gset
SELECT result FROM msgstore.save_message(:store, :id, :base, '{"PR_IMPORTANCE": 1}');
