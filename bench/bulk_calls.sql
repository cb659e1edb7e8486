-- msgstore: save two properties of each of 20 messages in one call.  The client
-- has the change numbers from a list, and sends one JSON array.  The first
-- statement stands in for the client; bulk_calls_read.sql is that statement alone.

\set id random(1, :messages - 20)
SELECT jsonb_agg(jsonb_build_object('message_id', message_id,
									'change_number', change_number,
									'changes', :patch::jsonb)) AS changes
FROM msgstore.message_list
WHERE store_id = :store AND message_id BETWEEN :id + 1 AND :id + 20 \gset
SELECT count(*) FROM msgstore.save_messages(:store, :changes);
