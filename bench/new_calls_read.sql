-- The part of new_calls.sql before the save.

\set id random(1, :messages)
SELECT (props || jsonb_build_object('PR_BODY', body)) - 'PR_SEARCH_KEY' AS props,
	   folder_id AS folder
FROM rival.message
WHERE store_id = :store AND message_id = :id \gset
