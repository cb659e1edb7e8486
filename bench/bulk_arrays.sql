-- msgstore: save two properties of each of 20 messages in one call, as bulk_calls.sql
-- does, with an array per message in place of an object.  The first statement stands in
-- for the client; bulk_arrays_read.sql is that statement alone.

\set id random(1, :messages - 20)
SELECT jsonb_agg(jsonb_build_array(message_id, change_number,
								   :patch::jsonb)) AS changes
FROM msgstore.message_list
WHERE store_id = :store AND message_id BETWEEN :id + 1 AND :id + 20 \gset
SELECT count(*) FROM msgstore.save_messages(:store, :changes);
