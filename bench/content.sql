-- Create the messages that both sides load: the table bench.content.
--
-- Each message has 26 properties of about 1 KB and a body of 4 KB.  The words
-- are such that PostgreSQL compresses a body about as well as English text.
-- They are drawn from a fixed seed, so that all runs have equal messages.

CREATE SCHEMA bench;
SELECT setseed(0.2);

-- Create paragraphs from a vocabulary of short and long words.  A body is made
-- of paragraphs, because drawing paragraphs is faster than drawing words.
CREATE UNLOGGED TABLE bench.paragraph AS
WITH word AS MATERIALIZED (
	SELECT array_agg(substr(translate(md5(random()::text), '0123456789',
									  'etaoinshrl'), 1, 2 + n % 9)) AS list
	FROM generate_series(1, 2000) AS n
)
SELECT n AS number,
	   (SELECT string_agg(list[1 + floor(power(random(), 4) * 2000 + k * 0)::int],
						  ' ')
		FROM generate_series(1, 62) AS k) AS content
FROM word, generate_series(1, 1000) AS n;

CREATE UNLOGGED TABLE bench.content AS
WITH paragraph AS MATERIALIZED (
	SELECT array_agg(content ORDER BY number) AS list FROM bench.paragraph
), drawn AS (
	SELECT id, random() AS one, random() AS two,
		   (SELECT string_agg(list[1 + floor(random() * 1000 + k * 0)::int],
							  E'\r\n')
			FROM generate_series(1, 10) AS k) AS body
	FROM paragraph, generate_series(1, :messages) AS id
)
SELECT id,
	   jsonb_build_object(
		'PR_MESSAGE_CLASS', 'IPM.Note',
		'PR_IMPORTANCE', 1,
		'PR_PRIORITY', 0,
		'PR_SENSITIVITY', 0,
		'PR_ICON_INDEX', 0,
		'PR_FLAG_STATUS', 0,
		'PR_INTERNET_CPID', 65001,
		'PR_MESSAGE_CODEPAGE', 65001,
		'PR_MESSAGE_LOCALE_ID', 1033,
		'PR_READ_RECEIPT_REQUESTED', one < 0.1,
		'PR_ALTERNATE_RECIPIENT_ALLOWED', true,
		'PR_SUBJECT', 'Re: ' || substr(body, 1, 50),
		'PR_ORIGINAL_SUBJECT', substr(body, 1, 50),
		'PR_CONVERSATION_TOPIC', substr(body, 1, 50),
		'PR_CONVERSATION_INDEX',
			encode(decode(md5(one::text) || '0102030405', 'hex'), 'base64'),
		'PR_SEARCH_KEY', encode(decode(md5(two::text), 'hex'), 'base64'),
		'PR_SENDER_NAME', 'Person ' || floor(one * 5000),
		'PR_SENDER_ADDRTYPE', 'SMTP',
		'PR_SENDER_EMAIL_ADDRESS',
			'person.' || floor(one * 5000) || '@example.org',
		'PR_SENT_REPRESENTING_NAME', 'Person ' || floor(one * 5000),
		'PR_SENT_REPRESENTING_ADDRTYPE', 'SMTP',
		'PR_SENT_REPRESENTING_EMAIL_ADDRESS',
			'person.' || floor(one * 5000) || '@example.org',
		'PR_CLIENT_SUBMIT_TIME', to_char(timestamp '2024-01-01' +
			interval '1 second' * floor(two * 30000000),
			'YYYY-MM-DD"T"HH24:MI:SS".0000000Z"'),
		'PR_MESSAGE_DELIVERY_TIME', to_char(timestamp '2024-01-01' +
			interval '1 second' * floor(two * 30000000 + 3),
			'YYYY-MM-DD"T"HH24:MI:SS".0000000Z"'),
		'PR_INTERNET_MESSAGE_ID',
			'<' || md5(one::text || two) || '@mail.example.org>',
		'PR_IN_REPLY_TO_ID',
			'<' || md5(two::text || one) || '@mail.example.org>'
	   ) AS props,
	   body
FROM drawn;
