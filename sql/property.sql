-- Values of every type: a good one is stored in one form; a bad one is refused, naming
-- its property, and nothing has changed.
SET search_path = msgstore, public;
\set VERBOSITY terse
\set SHOW_CONTEXT never

SELECT create_store('property') AS store \gset
SELECT create_message(:store, special_folder(:store, 'Inbox')) AS handle \gset

-- Return a value as a client reads it back.
CREATE FUNCTION pg_temp.stored(handle int4, name text, value jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_props(handle, jsonb_build_object(name, value));
	RETURN get_props(handle, ARRAY[name]);
END
$$;

-- Return why a value is refused; check that the message is as it was.
CREATE FUNCTION pg_temp.refused(handle int4, name text, value jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := get_props(handle);
	state text;
	said text;
BEGIN
	BEGIN
		PERFORM set_props(handle, jsonb_build_object(name, value));
		RETURN 'accepted';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
			said = MESSAGE_TEXT;
	END;
	IF get_props(handle) <> before THEN
		RETURN 'something has changed';
	END IF;
	RETURN state || ' ' || said;
END
$$;

-- integers: any JSON number without a fraction, in the range of the type
SELECT name, value, pg_temp.stored(:handle, name, value)
FROM (VALUES
	('0x6FFF0002', '32767'::jsonb), ('0x6FFF0002', '-32768'),
	('PR_IMPORTANCE', '2'), ('PR_IMPORTANCE', '-2147483648'),
	('PR_IMPORTANCE', '2147483647'), ('PR_IMPORTANCE', '1.0'),
	('PR_IMPORTANCE', '1e2'), ('PR_IMPORTANCE', '-0.00'),
	('PR_IMPORTANCE', '1234.5e1'),
	('0x6FFE0014', '9223372036854775807'),
	('0x6FFE0014', '-9223372036854775808'),
	('0x6FFE0014', '9007199254740993')) AS v (name, value);
SELECT name, value, pg_temp.refused(:handle, name, value)
FROM (VALUES
	('0x6FFF0002', '32768'::jsonb), ('0x6FFF0002', '-32769'),
	('PR_IMPORTANCE', '2147483648'), ('PR_IMPORTANCE', '-2147483649'),
	('PR_IMPORTANCE', '1.5'), ('PR_IMPORTANCE', '1e-1'),
	('0x6FFE0014', '9223372036854775808'),
	('0x6FFE0014', '-9223372036854775809'),
	('0x6FFE0014', '1e30'),
	('PR_IMPORTANCE', '"1"'), ('PR_IMPORTANCE', 'true'),
	('PR_IMPORTANCE', '[1]'), ('PR_IMPORTANCE', '{}')) AS v (name, value);

-- floating point: the nearest number of the type, shown in its shortest form
SELECT name, value, pg_temp.stored(:handle, name, value)
FROM (VALUES
	('0x6FFD0004', '0.1'::jsonb), ('0x6FFD0004', '16777217'),
	('0x6FFD0004', '0'), ('0x6FFD0004', '-1.5e-3'),
	('0x6FFC0005', '0.1'), ('0x6FFC0005', '0.1000000000000000055511151231'),
	('0x6FFC0005', '1e20'), ('0x6FFC0005', '9007199254740993'))
	AS v (name, value);
SELECT name, value = pg_temp.stored(:handle, name, value) -> name AS exact
FROM (VALUES
	('0x6FFD0004', '3.4028235e38'::jsonb), ('0x6FFD0004', '1e-45'),
	('0x6FFC0005', '1.7976931348623157e308'), ('0x6FFC0005', '5e-324'))
	AS v (name, value);
SELECT name, left(value::text, 8), pg_temp.refused(:handle, name, value)
FROM (VALUES
	('0x6FFD0004', '3.5e38'::jsonb), ('0x6FFD0004', '-1e39'),
	('0x6FFD0004', '1e-46'), ('0x6FFC0005', '1e309'),
	('0x6FFC0005', '1e-400'), ('0x6FFC0005', 'false')) AS v (name, value);

-- numbers that JSON lacks are four strings; no number may be given as a string
SELECT name, value, pg_temp.stored(:handle, name, value)
FROM (VALUES ('0x6FFD0004'), ('0x6FFC0005'), ('0x6FF90007')) AS p (name),
     (VALUES ('"NaN"'::jsonb), ('"Infinity"'), ('"-Infinity"'), ('"-0"'),
             ('-0')) AS v (value);
SELECT value, pg_temp.refused(:handle, '0x6FFC0005', value)
FROM (VALUES ('"nan"'::jsonb), ('"inf"'), ('"+Infinity"'), ('"0"'),
             ('"-0.0"'), ('"1.5"'), ('""'), ('" NaN"')) AS v (value);

-- amounts of money: a number of 64 bits with four decimals, exact
SELECT value, pg_temp.stored(:handle, '0x6FF80006', value) -> '0x6FF80006'
FROM (VALUES ('0'::jsonb), ('12.34'), ('12.3400'), ('-0.0001'), ('1e-4'),
             ('10'), ('1e3'), ('922337203685477.5807'),
             ('-922337203685477.5808'), ('900719925474099.3001'))
     AS v (value);
SELECT value, pg_temp.refused(:handle, '0x6FF80006', value)
FROM (VALUES ('0.00001'::jsonb), ('12.34567'), ('922337203685477.5808'),
             ('-922337203685477.5809'), ('1e15'), ('1e-5'), ('"12.34"'),
             ('true'), ('[1]')) AS v (value);

-- application times: days since 1899-12-30, as floating point
SELECT value, pg_temp.stored(:handle, '0x6FF90007', value)
FROM (VALUES ('0'::jsonb), ('36526.5'), ('-657434'), ('2958465.99999'))
     AS v (value);
SELECT value, pg_temp.refused(:handle, '0x6FF90007', value)
FROM (VALUES ('"2000-01-01T12:00:00Z"'::jsonb), ('true'), ('[]'))
     AS v (value);

-- booleans are true and false, not numbers
SELECT pg_temp.stored(:handle, 'PR_READ_RECEIPT_REQUESTED', 'true'),
       pg_temp.stored(:handle, 'PR_READ_RECEIPT_REQUESTED', 'false');
SELECT value, pg_temp.refused(:handle, 'PR_READ_RECEIPT_REQUESTED', value)
FROM (VALUES ('1'::jsonb), ('"true"'), ('[true]')) AS v (value);

-- strings
SELECT pg_temp.stored(:handle, 'PR_SUBJECT', '""'),
       pg_temp.stored(:handle, 'PR_SUBJECT_A', '"Grüße, 日本語, \ud840\udc0b"'),
       pg_temp.stored(:handle, 'PR_SUBJECT', '"line\r\n\tline"');
SELECT length(pg_temp.stored(:handle, 'PR_SUBJECT',
                             to_jsonb(repeat('x', 100000)))
              ->> 'PR_SUBJECT') AS characters;
SELECT value, pg_temp.refused(:handle, 'PR_SUBJECT', value)
FROM (VALUES ('1'::jsonb), ('true'), ('{"a": "b"}'), ('["a"]')) AS v (value);

-- binary: base64 in one line, padded; line breaks, blanks and missing padding are
-- accepted
SELECT value, pg_temp.stored(:handle, 'PR_CONVERSATION_INDEX', value)
FROM (VALUES ('""'::jsonb), ('"AA=="'), ('"aGVsbG8="'), ('"aGVsbG8"'),
             ('"aGVs\nbG8=\n"'), ('" aG V sbG8 = "'), ('"+/+/"'))
     AS v (value);
SELECT pg_temp.stored(:handle, 'PR_CONVERSATION_INDEX',
                      to_jsonb(encode(decode(repeat('00ff', 300), 'hex'),
                                      'base64')))
       ->> 'PR_CONVERSATION_INDEX' = translate(
           encode(decode(repeat('00ff', 300), 'hex'), 'base64'), E'\n', '')
       AS lines_joined;
SELECT value, pg_temp.refused(:handle, 'PR_CONVERSATION_INDEX', value)
FROM (VALUES ('"A"'::jsonb), ('"AA="'), ('"AAA=="'), ('"="'), ('"===="'),
             ('"AA==AA=="'), ('"AB=="'), ('"AAB="'), ('"-_-_"'),
             ('"\\x00"'), ('"é"'), ('0'), ('[0]')) AS v (value);

-- other types whose values are bytes read them in the same way
SELECT name, pg_temp.stored(:handle, name, '"A A=="')
FROM (VALUES ('0x6FF700FB'), ('0x6FF600FD'), ('0x6FF500FE'),
             ('PR_RULE_CONDITION'), ('PR_RULE_ACTIONS'),
             ('PidTagSentMailSvrEID')) AS v (name);
SELECT name, value, pg_temp.refused(:handle, name, value)
FROM (VALUES ('0x6FF700FB'), ('0x6FF600FD'), ('0x6FF500FE')) AS n (name),
     (VALUES ('"A"'::jsonb), ('1'), ('["AA=="]')) AS v (value);

-- times: any offset in, seven digits and Z out, from 1601 to the end of 64
-- bits of 100 nanoseconds
SELECT value, pg_temp.stored(:handle, 'PR_CLIENT_SUBMIT_TIME', value)
              ->> 'PR_CLIENT_SUBMIT_TIME' AS stored
FROM (VALUES
	('"2024-02-29T12:34:56.1234567Z"'::jsonb), ('"2024-02-29T12:34:56Z"'),
	('"2024-02-29t12:34:56.1z"'), ('"2024-02-29 12:34:56+00"'),
	('"2024-03-01T00:30:00+02:00"'), ('"2024-02-28T23:30:00-0130"'),
	('"2024-02-29T12:34:56.12345670000Z"'),
	('"1601-01-01T00:00:00Z"'), ('"1601-01-01T05:30:00+05:30"'),
	('"1600-12-31T23:00:00-01:00"'), ('"1900-02-28T23:59:59.9999999Z"'),
	('"9999-12-31T23:59:59.9999999Z"'), ('"10000-01-01T00:00:00Z"'),
	('"60056-05-28T05:36:10.9551615Z"')) AS v (value);
SET timezone = 'Asia/Kolkata';
SELECT pg_temp.stored(:handle, 'PR_CLIENT_SUBMIT_TIME',
                      to_jsonb('2024-02-29 12:00:00.5+00'::timestamptz));
RESET timezone;
SELECT value, pg_temp.refused(:handle, 'PR_CLIENT_SUBMIT_TIME', value)
FROM (VALUES
	('"1600-12-31T23:59:59.9999999Z"'::jsonb),
	('"1601-01-01T00:00:00+00:01"'), ('"60056-05-28T05:36:10.9551616Z"'),
	('"99999-01-01T00:00:00Z"'), ('"0000-01-01T00:00:00Z"'),
	('"2024-02-29T12:34:56"'), ('"2024-02-29"'), ('"12:34:56Z"'),
	('"2023-02-29T00:00:00Z"'), ('"1900-02-29T00:00:00Z"'),
	('"2024-13-01T00:00:00Z"'), ('"2024-00-01T00:00:00Z"'),
	('"2024-04-31T00:00:00Z"'), ('"2024-01-01T24:00:00Z"'),
	('"2024-01-01T23:60:00Z"'), ('"2024-01-01T23:59:60Z"'),
	('"2024-01-01T00:00:00.12345678Z"'), ('"2024-01-01T00:00:00.Z"'),
	('"2024-01-01T00:00:00+24:00"'), ('"2024-01-01T00:00:00Z "'),
	('"24-01-01T00:00:00Z"'), ('"02024-01-01T00:00:00Z"'),
	('"now"'), ('""'), ('0')) AS v (value);

-- GUIDs: braces and capitals
SELECT value, pg_temp.stored(:handle, '0x6FFB0048', value)
FROM (VALUES ('"{00020386-0000-0000-C000-000000000046}"'::jsonb),
             ('"{00020386-0000-0000-c000-000000000046}"'),
             ('"abcdef01-2345-6789-abcd-ef0123456789"')) AS v (value);
SELECT value, pg_temp.refused(:handle, '0x6FFB0048', value)
FROM (VALUES ('"{00020386-0000-0000-C000-00000000004}"'::jsonb),
             ('"00020386000000000C00000000000046"'),
             ('"{00020386-0000-0000-C000-000000000046"'),
             ('"{0002038g-0000-0000-C000-000000000046}"'),
             ('"00020386-00000-000-C000-000000000046"'),
             ('""'), ('0')) AS v (value);

-- lists: arrays in their order, each element as a single value would be
SELECT name, value, pg_temp.stored(:handle, name, value) -> name AS stored
FROM (VALUES
	('0x6FE01002', '[32767, -32768, 1.0]'::jsonb),
	('0x6FE11003', '[3, 1, 2, 1]'), ('0x6FE11003', '[]'),
	('0x6FE21014', '[9223372036854775807, -9223372036854775808]'),
	('0x6FE31004', '[0.1, "NaN", "-0"]'), ('0x6FE41005', '[1e3, "Infinity"]'),
	('0x6FE51006', '[0.5000, -1]'), ('0x6FE61007', '[1.5]'),
	('0x6FE7101F', '["b", "", "a", "b"]'), ('0x6FE7101E', '["8-bit"]'),
	('0x6FE81040', '["2024-02-29T00:00:00+01", "1601-01-01T00:00:00Z"]'),
	('0x6FE91048', '["00020386-0000-0000-c000-000000000046"]'),
	('0x6FEA1102', '["", "AA", "aGVsbG8="]'),
	('PR_REPORT_DISPOSITION_TO_NAMES', '"x"'), ('0x0083101F', '["x", "y"]'))
	AS v (name, value);
SELECT jsonb_array_length(pg_temp.stored(:handle, '0x6FE11003',
	(SELECT jsonb_agg(i) FROM generate_series(1, 10000) AS i))
	-> '0x6FE11003') AS elements;
SELECT name, value, pg_temp.refused(:handle, name, value)
FROM (VALUES
	('0x6FE11003', '1'::jsonb), ('0x6FE11003', '"1"'), ('0x6FE11003', '{}'),
	('0x6FE11003', '[1, 2, "3"]'), ('0x6FE11003', '[1, null]'),
	('0x6FE11003', '[[1]]'), ('0x6FE11003', '[{}]'),
	('0x6FE11003', '[2147483648]'), ('0x6FE11003', '[1, 1.5]'),
	('0x6FE01002', '[32768]'), ('0x6FE21014', '[1e19]'),
	('0x6FE31004', '[1e39]'), ('0x6FE41005', '["inf"]'),
	('0x6FE51006', '[0.00001]'), ('0x6FE61007', '[true]'),
	('0x6FE7101F', '"a"'), ('0x6FE7101F', '["a", 1]'),
	('0x6FE81040', '["2024-02-29T00:00:00Z", "yesterday"]'),
	('0x6FE91048', '["{}"]'), ('0x6FEA1102', '["A"]'))
	AS v (name, value);

-- no error shows a long value whole
SELECT pg_temp.refused(:handle, 'PR_CLIENT_SUBMIT_TIME',
                       to_jsonb(repeat('é', 100000)));
\set VERBOSITY default
-- fail
SELECT set_props(:handle, jsonb_build_object('PR_CLIENT_SUBMIT_TIME',
                                             repeat('é', 100000)));
-- fail
SELECT set_props(:handle, '{"PR_IMPORTANCE": "high"}');
-- fail
SELECT set_props(:handle, '{"PR_IMPORTANCE": 1e100}');
\set VERBOSITY terse

-- every spelling of a property is accepted, and one is shown
SELECT name, pg_temp.stored(:handle, name, value)
FROM (VALUES
	('PR_SUBJECT', '"a"'::jsonb), ('PR_SUBJECT_W', '"b"'),
	('PR_SUBJECT_A', '"c"'), ('PidTagSubject', '"d"'),
	('0x0037001F', '"e"'), ('0x0037001e', '"f"'), ('ptagSubject', '"g"'),
	('PidTagOriginalMessageId', '"h"'), ('0x6FFA001E', '"i"'),
	('PidTagICalendarStartTime', '"2024-01-01T00:00:00Z"'))
	AS v (name, value);

-- a name that is no property, or one without values, is refused by name
SELECT left(name, 30) AS name, pg_temp.refused(:handle, name, value)
FROM (VALUES
	('Subject', '"x"'::jsonb), ('pr_subject', '"x"'), ('PR_SUBJECT ', '"x"'),
	('', '"x"'), ('PR_', '"x"'), (repeat('é', 1000), '"x"'),
	('0X0037001F', '"x"'), ('0x37001F', '"x"'), ('0x0000001F', '"x"'),
	('0x0037001G', '"x"'), ('0x0037001F0', '"x"'),
	('0x8001001F', '"x"'), ('0x8009101F', '["x"]'),
	('PR_REPORT_DISPOSITION_TO_NAMES', '1'),
	('0x6FFF000D', '{}'), ('0x6FFF100D', '[]'), ('0x6FFF100B', '[true]'),
	('0x6FFF0000', '1'), ('0x6FFF0001', '1'), ('0x6FFF000A', '1'),
	('0x6FFF0103', '1'), ('0x6FFF0104', '1'), ('0x6FFF0105', '1'),
	('0x6FFF1000', '[]'), ('0x6FFF3003', '[1]'),
	('0x6FFFFFFF', '1'), ('0x6FFF801F', '"x"'), ('PR_NULL', '1'),
	('PR_ATTACH_DATA_OBJ', '{}'),
	('0x00370003', '1'), ('0x10000102', '"AA=="'),
	('PR_BODY_HTML', '"x"'), ('PidTagBodyHtml', '"x"'),
	('0x1013001E', '"x"')) AS v (name, value);

-- a property that the store computes is refused under every spelling
SELECT name, pg_temp.refused(:handle, name, '"AA=="')
FROM (VALUES
	('PR_ENTRYID'), ('PidTagEntryId'), ('0x0FFF0102'), ('PR_CHANGE_KEY'),
	('PR_PREDECESSOR_CHANGE_LIST'), ('PidTagChangeNumber'), ('ptagCn'),
	('PR_LAST_MODIFIER_NAME'), ('PR_LAST_MODIFIER_NAME_A'),
	('PR_LAST_MODIFIER_ENTRYID'), ('PR_LOCAL_COMMIT_TIME'),
	('PR_MESSAGE_SIZE'), ('PR_MESSAGE_SIZE_EXTENDED'), ('PR_HASATTACH'),
	('PR_ACCESS'), ('PR_ACCESS_LEVEL'), ('PR_DISPLAY_TO'), ('PR_DISPLAY_CC'),
	('PR_DISPLAY_BCC'), ('PR_SOURCE_KEY'), ('PR_PARENT_SOURCE_KEY'),
	('PR_STORE_ENTRYID'), ('PR_PARENT_ENTRYID'), ('PR_RECORD_KEY'),
	('PR_OBJECT_TYPE'), ('PR_MSG_STATUS'), ('PR_READ')) AS v (name);

-- two spellings of one property in one patch are refused
-- fail
SELECT set_props(:handle, '{"PR_SUBJECT": "a", "PidTagSubject": "b"}');
-- fail
SELECT set_props(:handle, '{"0x6FFA001F": "a", "0x6FFA001E": "b"}');

-- a property asked for in another type is absent; a name that is no property is
-- refused all the same
SELECT get_props(:handle, ARRAY['0x00370003', '0x00370102', '0x6FFA0003',
                                '0x6FFA001F', 'PR_COMMENT']);
-- fail
SELECT get_props(:handle, ARRAY['0x00370000']);
-- fail
SELECT get_props(:handle, ARRAY['0x0037FFFF']);

-- the large properties have columns of their own; setting one body deletes the others,
-- unless the patch sets them
SELECT get_props(:handle, ARRAY['PR_BODY', 'PR_HTML', 'PR_RTF_COMPRESSED']);
SELECT pg_temp.stored(:handle, 'PR_TRANSPORT_MESSAGE_HEADERS', '"From: a\r\n"'),
       pg_temp.stored(:handle, 'PR_BODY', '"plain"');
SELECT pg_temp.stored(:handle, 'PR_HTML', '"PHA+"'),
       get_props(:handle, ARRAY['PR_BODY', 'PR_HTML']);
SELECT pg_temp.stored(:handle, 'PR_RTF_COMPRESSED', '"AA=="'),
       get_props(:handle, ARRAY['PR_HTML', 'PR_RTF_COMPRESSED']);
SELECT set_props(:handle, '{"PR_BODY": "p", "PR_HTML": "cA"}');
SELECT get_props(:handle, ARRAY['PR_BODY', 'PR_HTML', 'PR_RTF_COMPRESSED']);
SELECT value, pg_temp.refused(:handle, 'PR_HTML', value),
       pg_temp.refused(:handle, 'PR_RTF_COMPRESSED', value)
FROM (VALUES ('"<p>"'::jsonb), ('1'), ('true')) AS v (value);
SELECT pg_temp.refused(:handle, 'PR_BODY', '["x"]'),
       pg_temp.refused(:handle, 'PR_TRANSPORT_MESSAGE_HEADERS', '{}');

-- a few properties can be set until the first save only
SELECT pg_temp.stored(:handle, 'PR_CREATION_TIME', '"2001-02-03T04:05:06+01"'),
       pg_temp.stored(:handle, 'PR_MESSAGE_FLAGS', '1');
SELECT get_props(:handle) AS before \gset
SELECT save_changes(:handle);
SELECT name, pg_temp.refused(:handle, name, value)
FROM (VALUES ('PR_CREATION_TIME', '"2001-02-03T04:05:06+01"'::jsonb),
             ('PR_LAST_MODIFICATION_TIME', '"2001-02-03T04:05:06+01"'),
             ('PR_MESSAGE_FLAGS', '1')) AS v (name, value);

-- each value set before the save is read after it
SELECT b.key, left(b.value::text, 45) AS value, a.value = b.value AS same
FROM jsonb_each(:'before') AS b
LEFT JOIN jsonb_each(read_message(:store, message_id(:handle))) AS a
	USING (key)
WHERE b.key ~ '^0x' OR b.key IN (
	'PR_IMPORTANCE', 'PR_SUBJECT', 'PR_CREATION_TIME', 'PR_BODY', 'PR_HTML',
	'PR_TRANSPORT_MESSAGE_HEADERS', 'PR_CLIENT_SUBMIT_TIME',
	'PR_CONVERSATION_INDEX', 'PR_READ_RECEIPT_REQUESTED')
ORDER BY b.key;

SELECT close_object(:handle);

-- a client may give any times: they stay readable, and no later save is stamped
-- earlier
SELECT create_message(:store, special_folder(:store, 'Inbox')) AS handle \gset
SELECT set_props(:handle, '{
	"PR_CREATION_TIME": "1601-01-01T00:00:00Z",
	"PR_LAST_MODIFICATION_TIME": "60056-05-28T05:36:10.9551615Z"}');
SELECT save_changes(:handle);
SELECT get_props(:handle, ARRAY['PR_CREATION_TIME',
                                'PR_LAST_MODIFICATION_TIME']);
SELECT set_props(:handle, '{"PR_SUBJECT": "later"}'), save_changes(:handle);
SELECT get_props(:handle, ARRAY['PR_CREATION_TIME',
                                'PR_LAST_MODIFICATION_TIME']);
SELECT close_object(:handle);
