-- Save a new subject over the newest version of a message.
\set id random(1, :messages)
\set word random(1, 1000000)
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS base \gset
SELECT result FROM msgstore.save_message(:store, :id, :base,
    jsonb_build_object('PR_SUBJECT', 'about the number ' || :word));
