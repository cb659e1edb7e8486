-- Make a folder :name of :messages messages in :store, and print its id.  Five
-- of its messages have a rare word, the name of the folder after "rare", a
-- hundred the name after "hundred", and one in a hundred a frequent word.
SET synchronous_commit = off;
SELECT msgstore.create_folder(:store, NULL, :'name') AS folder \gset
SELECT count(s.result) AS saved
FROM generate_series(1, :messages) AS n,
	LATERAL msgstore.save_new_message(:store, :folder, jsonb_build_object(
		'PR_SUBJECT', 'Re: subject ' || n % 1009,
		'PR_SENDER_NAME', 'sender ' || n % (:messages / 100),
		'PR_SENDER_EMAIL_ADDRESS', 'sender' || n % 500 || '@example.com',
		'PR_CONVERSATION_TOPIC', 'subject ' || n % 1009,
		'PR_IMPORTANCE', n % 3, 'PR_FLAG_STATUS', n % 8,
		'PR_MESSAGE_DELIVERY_TIME', to_char('2020-01-01'::timestamp
			+ n * interval '97 seconds', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'PR_BODY', repeat('text ', 80)
			|| CASE WHEN n % 100 = 0 THEN ' frequent' ELSE '' END
			|| CASE WHEN n % (:messages / 5) = 0
			THEN ' rare' || :'name' ELSE '' END
			|| CASE WHEN n % (:messages / 100) = 0
			THEN ' hundred' || :'name' ELSE '' END)) AS s \gset
SELECT :folder;
