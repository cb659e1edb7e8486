--
-- Create messages with many properties, recipients and attachments, and a
-- plain table with the same data in jsonb, for bench/more.
--
SET search_path = msgstore, public;

SELECT special_folder(:store, 'Inbox') AS inbox \gset
CREATE TABLE rival.whole (
	id           bigint PRIMARY KEY,
	version      bigint NOT NULL DEFAULT 1,
	props        jsonb  NOT NULL,
	recipients   jsonb,
	attachments  jsonb
) WITH (fillfactor = 80);

CREATE TEMP TABLE whole AS
SELECT label, jsonb_build_object('PR_SUBJECT', 'bench ' || label) || coalesce((
		SELECT jsonb_object_agg(format('0x%s001F', upper(to_hex(24577 + n))), md5(n::text))
		FROM generate_series(1, props) n), '{}') AS props, (
		SELECT jsonb_agg(jsonb_build_object('PR_ROWID', n - 1, 'PR_RECIPIENT_TYPE', 1,
			'PR_DISPLAY_NAME', 'Recipient ' || n, 'PR_EMAIL_ADDRESS', n || '@example.org'))
		FROM generate_series(1, recipients) n) AS recipients, (
		SELECT jsonb_agg(jsonb_build_object('PR_ATTACH_NUM', n - 1, 'PR_ATTACH_METHOD', 1,
			'PR_ATTACH_LONG_FILENAME', n || '.txt', 'PR_ATTACH_DATA_BIN',
			encode(convert_to(md5(n::text), 'UTF8'), 'base64')))
		FROM generate_series(1, attachments) n) AS attachments
FROM (VALUES ('20 props', 20, 0, 0), ('200 props', 200, 0, 0),
	('500 recipients', 20, 500, 0), ('50 attachments', 20, 0, 50))
	v (label, props, recipients, attachments);

WITH saved AS (
	SELECT w.*, (save_new_message(:store, :inbox, w.props || jsonb_strip_nulls(jsonb_build_object(
		'PR_MESSAGE_RECIPIENTS', w.recipients, 'PR_MESSAGE_ATTACHMENTS', w.attachments)))).message_id AS id
	FROM whole w
)
INSERT INTO rival.whole (id, props, recipients, attachments)
SELECT id, props, recipients, attachments FROM saved;
VACUUM ANALYZE rival.whole;
