-- Save a property that search does not read over the newest version of a message.
\set id random(1, :messages)
\set flag random(0, 2)
SELECT (msgstore.read_message(:store, :id, '{PidTagChangeNumber}')->>'PidTagChangeNumber')::bigint AS base \gset
SELECT result FROM msgstore.save_message(:store, :id, :base,
    jsonb_build_object('PR_FLAG_STATUS', :flag::integer));
