-- Save one property of a message over whatever is there.
\set n random(1, 1000)
SELECT s.result FROM public.target AS t, msgstore.message AS m,
	LATERAL msgstore.save_message(m.store_id, m.message_id, m.change_number, '{"PR_IMPORTANCE": 1}', 'FORCE_SAVE') AS s
WHERE t.n = :n AND m.store_id = :store AND m.message_id = t.id;
