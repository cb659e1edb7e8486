-- msgstore: save one property of a message over whatever is there.

\set id random(1, 1000)
SELECT result FROM msgstore.save_message(:store, :id, (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint, '{"PR_IMPORTANCE": 1}', 'FORCE_SAVE');
