-- The part of bulk_update.sql before the save.

\set id random(1, :messages - 20)
SELECT array_agg(message_id) AS ids, array_agg(version) AS versions,
	   array_agg(:patch::jsonb) AS patches
FROM rival.message
WHERE store_id = :store AND message_id BETWEEN :id + 1 AND :id + 20 \gset
