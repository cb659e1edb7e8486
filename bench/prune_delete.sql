-- Do what prune_history() does in one statement, on an equal table.
DELETE FROM rival.prune p USING (
	SELECT store_id, message_id, change_number, row_number() OVER (
		PARTITION BY message_id ORDER BY changed_at DESC, change_number DESC) AS rank
	FROM rival.prune) r
WHERE p.store_id = r.store_id AND p.message_id = r.message_id
	AND p.change_number = r.change_number AND r.rank > 10
	AND p.changed_at < now() - interval '1 day';
