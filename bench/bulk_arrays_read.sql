-- The part of bulk_arrays.sql before the save.

\set id random(1, :messages - 20)
SELECT jsonb_agg(jsonb_build_array(message_id, change_number,
								   :patch::jsonb)) AS changes
FROM msgstore.message_list
WHERE store_id = :store AND message_id BETWEEN :id + 1 AND :id + 20 \gset
