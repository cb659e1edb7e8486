-- The recipient list is an array of objects of properties, checked one by one; each
-- row has a number and a type, and the display lists follow from the rows.
SET search_path = msgstore, public;
\set SHOW_CONTEXT never

SELECT create_store('recipient') AS store \gset
SELECT create_message(:store, special_folder(:store, 'Drafts')) AS handle \gset

-- a row without a number gets the lowest free one, and one without a type is To
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [
	{"PidTagDisplayName": "Ada", "PR_ROWID": 1.0},
	{"PR_EMAIL_ADDRESS": "bob@example.org", "PR_RECIPIENT_TYPE": 2},
	{"PR_SMTP_ADDRESS": "carol@example.org", "PR_ENTRYID": "AA", "PR_ROWID": 0},
	{"PR_DISPLAY_NAME": "Dörte", "PR_RECIPIENT_TYPE": 3, "PR_COMMENT": null},
	{"PR_DISPLAY_NAME": "Eve", "PR_RECIPIENT_TYPE": 268435457},
	{"PR_DISPLAY_NAME": "", "PR_EMAIL_ADDRESS": "finn@example.org"},
	{"PR_DISPLAY_NAME": "origin", "PR_RECIPIENT_TYPE": 0},
	{"PR_OBJECT_TYPE": 6}]}');
SELECT row_no, recipient
FROM jsonb_array_elements(get_props(:handle) -> 'PR_MESSAGE_RECIPIENTS')
	WITH ORDINALITY AS list (recipient, row_no)
ORDER BY row_no;
SELECT key, value
FROM jsonb_each(get_props(:handle))
WHERE key LIKE 'PR\_DISPLAY\_%'
ORDER BY key;

-- bad lists are refused as a whole
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": {"PR_ROWID": 1}}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": "ada@example.org"}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": ["ada@example.org"]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [[]]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [null]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{"PR_COMMENT": null}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"PR_DISPLAY_NAME": "a", "PidTagDisplayName": "b"}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"0x66A10003": 1, "0x66A1001F": "one"}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"PS_PUBLIC_STRINGS:role": "x", "PS_PUBLIC_STRINGS:role:PT_LONG": 1}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"PR_ROWID": 1}, {"PR_ROWID": 2}, {"PR_ROWID": 1}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": -1}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"PR_RECIPIENT_TYPE": "to"}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{"Name": "a"}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{"PR_BODY": "a"}]}');
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS":
	[{"PR_MESSAGE_RECIPIENTS": []}]}');
SELECT jsonb_array_length(get_props(:handle) -> 'PR_MESSAGE_RECIPIENTS');

-- an empty list is shown as such; without a list there is no property
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": []}');
SELECT get_props(:handle, ARRAY['PR_MESSAGE_RECIPIENTS', 'PR_DISPLAY_TO']);

-- five thousand rows, half of them numbered
SELECT set_props(:handle, jsonb_build_object('PR_MESSAGE_RECIPIENTS',
	(SELECT jsonb_agg(CASE WHEN i % 2 = 0
		THEN jsonb_build_object('PR_DISPLAY_NAME', 'r' || i, 'PR_ROWID', i)
		ELSE jsonb_build_object('PR_DISPLAY_NAME', 'r' || i) END ORDER BY i)
	 FROM generate_series(1, 5000) AS i)));
SELECT count(*), count(DISTINCT recipient -> 'PR_ROWID') AS numbers,
       min((recipient ->> 'PR_ROWID')::int4),
       max((recipient ->> 'PR_ROWID')::int4)
FROM jsonb_array_elements(get_props(:handle) -> 'PR_MESSAGE_RECIPIENTS')
	AS list (recipient);

SELECT close_object(:handle);
