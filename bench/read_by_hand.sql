-- A rival: read a whole message as JSON, put together by hand.

\set id random(1, :messages)
SELECT json_build_object('folder_id', folder_id, 'created_at', created_at,
	'headers', headers, 'body', body, 'html', encode(html, 'base64'),
	'props', props, 'version', version, 'modified_at', modified_at,
	'modified_by', modified_by)
FROM rival.message
WHERE store_id = :store AND message_id = :id AND deleted_at IS NULL;
