-- Save one property of a message over the number that was read.
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS base \gset
SELECT result FROM msgstore.save_message(:store, :id, :base, '{"PR_IMPORTANCE": 1}');
