-- msgstore: save two properties of each of 20 messages in one call.  The client
-- has the change numbers from listing the messages.

\set id random(1, :messages - 20)
SELECT array_agg((msgstore.read_message(:store, n, '{PidTagChangeNumber}')
				  ->> 'PidTagChangeNumber')::bigint ORDER BY n) AS versions
FROM generate_series(:id + 1, :id + 20) AS n \gset
SELECT count(*)
FROM msgstore.save_messages(:store, (
	SELECT jsonb_agg(jsonb_build_object('message_id', :id + k,
										'change_number', v,
										'changes', :patch::jsonb))
	FROM unnest(:versions::bigint[]) WITH ORDINALITY AS u (v, k)));
