-- A rival with history: SELECT the whole message, then call a function in
-- PL/pgSQL that takes any patch (rival.save() in schema.sql).

\set id random(1, :messages)
SELECT folder_id, created_at, headers, body, html, props, version,
	   modified_at, modified_by
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL \gset
SELECT saved, new_version
FROM rival.save(:store, :id, :version, :patch, :actor);
