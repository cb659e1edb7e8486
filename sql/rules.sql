-- Rules of MS-OXCMSG and MS-OXCPRPT, each under the number of its requirement
-- (R...); the numbers are those of MS-OXCMSG unless another document is named.
SET search_path = msgstore, public;
\set SHOW_CONTEXT never

SELECT create_store('rules') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- the recipients that a handle shows: number and name
CREATE FUNCTION pg_temp.rows_of(props jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg((r->>'PR_ROWID') || '=' || (r->>'PR_DISPLAY_NAME'), ' ' ORDER BY n)
	FROM jsonb_array_elements(props->'PR_MESSAGE_RECIPIENTS') WITH ORDINALITY AS list (r, n)
$$;

-- R389: a row whose PR_ROWID no recipient has makes a recipient of that number
SELECT create_message(:store, :inbox) AS h \gset
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 7, "PR_DISPLAY_NAME": "Ada"}]'),
       pg_temp.rows_of(get_props(:h)) AS made;
SELECT modify_recipients(:h, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "Bob"}]'),
       pg_temp.rows_of(get_props(:h)) AS next_is_8;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 3, "PR_DISPLAY_NAME": "Cy"},
	{"PR_ROWID": 7, "PR_DISPLAY_NAME": "Ada2"}, {"PR_ROWID": 3, "PR_DISPLAY_NAME": "Cyril"}]'),
       pg_temp.rows_of(get_props(:h)) AS last_of_a_number_wins;

-- R388-R391: an empty row deletes; there is nothing to delete under an unknown number
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 8}, {"PR_ROWID": 9, "PR_DISPLAY_NAME": "Di"}]'),
       pg_temp.rows_of(get_props(:h)) AS without_8;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "Ed"}, {"PR_ROWID": 6}]'); -- fail
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "Ed"}, {"PR_ROWID": 5}]'),
       pg_temp.rows_of(get_props(:h)) AS made_and_deleted;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": -1, "PR_DISPLAY_NAME": "Ed"}]'); -- fail

-- R388-R391: a removal needs the recipient
SELECT modify_recipients(:h, 'MODRECIP_REMOVE', '[{"PR_ROWID": 4}]'); -- fail
SELECT modify_recipients(:h, 'MODRECIP_REMOVE', '[{"PR_ROWID": 9}]'),
       pg_temp.rows_of(get_props(:h)) AS removed;

-- R328: recipients are given in the order of PR_ROWID, however they were set
SELECT modify_recipients(:h, 0, '[{"PR_ROWID": 2, "PR_DISPLAY_NAME": "c"}, {"PR_ROWID": 0, "PR_DISPLAY_NAME": "a"},
	{"PR_ROWID": 1, "PR_DISPLAY_NAME": "b"}]'), save_changes(:h);
SELECT message_id(:h) AS id \gset
SELECT pg_temp.rows_of(p) AS in_order, p->'PR_DISPLAY_TO' AS display
FROM read_message(:store, :id) AS p;
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "x"}, {"PR_ROWID": 0, "PR_DISPLAY_NAME": "y"}]}'),
       pg_temp.rows_of(get_props(:h)) AS in_order;
SELECT refresh(:h), open_message(:store, :id, 'MAPI_MODIFY') AS other \gset
SELECT modify_recipients(:other, 'MODRECIP_MODIFY', '[{"PR_ROWID": 9, "PR_DISPLAY_NAME": "z"}]'), save_changes(:other);
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "m"}]'),
       resolve_conflict(:h, 'MERGE'), pg_temp.rows_of(get_props(:h)) AS merged_in_order;
SELECT pg_temp.rows_of(message_at(:store, :id, (p->>'PidTagChangeNumber')::bigint)) AS version
FROM read_message(:store, :id) AS p;

-- PR_SUBJECT and its parts, as a handle shows them
CREATE FUNCTION pg_temp.subject(handle integer) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws('|', p->>'PR_SUBJECT', p->>'PR_SUBJECT_PREFIX', p->>'PR_NORMALIZED_SUBJECT')
	FROM get_props(handle, '{PR_SUBJECT, PR_SUBJECT_PREFIX, PR_NORMALIZED_SUBJECT}') AS p
$$;

-- R1239: a prefix is one to three letters, a colon and a blank; the rest of
-- PR_SUBJECT is the normalized subject
SELECT create_message(:store, :inbox) AS h \gset
SELECT subject, (SELECT pg_temp.subject(:h) FROM set_props(:h, jsonb_build_object('PR_SUBJECT', subject))) AS parts
FROM (VALUES ('Re: lunch'), ('R: lunch'), ('Antw: lunch'), ('AW: Re: lunch'), ('lunch'), ('Re:lunch'), ('1: lunch'),
	(': lunch'), ('Re: '), ('Re:'), (''), ('R2: x'), ('Réf: menu'), ('回复: 午饭'), ('R-: x'), ('Ré— x: y'), ('Re')) AS s (subject);

-- R1801, R1802: prefix and normalized subject make PR_SUBJECT, given together or one by one
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": "Re: ", "PR_NORMALIZED_SUBJECT": "lunch"}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": "Antwort: ", "PR_NORMALIZED_SUBJECT": "lunch"}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "dinner"}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": "Fw: "}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "Re: x"}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": ""}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT": "tea"}'), pg_temp.subject(:h);
SELECT save_changes(:h), pg_temp.subject(:h);
-- over a version that is saved, where the other part is that of the base
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": "Antwort: "}'), pg_temp.subject(:h), save_changes(:h), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "soup"}'), get_props(:h, '{PR_SUBJECT}'), save_changes(:h), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "cake"}'), set_props(:h, '{"PR_SUBJECT_PREFIX": "WG: "}'),
       pg_temp.subject(:h), save_changes(:h), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT_PREFIX": "Antwort: "}'), set_props(:h, '{"PR_NORMALIZED_SUBJECT": "pie"}'),
       pg_temp.subject(:h), save_changes(:h), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "lost"}'), set_props(:h, '{"PR_SUBJECT": "Re: kept"}'),
       pg_temp.subject(:h), save_changes(:h), pg_temp.subject(:h);
-- a patch with all three: PR_SUBJECT counts, and a prefix that it begins with
SELECT set_props(:h, '{"PR_SUBJECT": "Antwort: a", "PR_SUBJECT_PREFIX": "Antwort: ", "PR_NORMALIZED_SUBJECT": "a"}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT": "b", "PR_SUBJECT_PREFIX": "Antwort: ", "PR_NORMALIZED_SUBJECT": "c"}'), pg_temp.subject(:h);
-- deleting
SELECT set_props(:h, '{"PR_SUBJECT": "Re: d"}'), delete_props(:h, '{PR_SUBJECT_PREFIX}'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_SUBJECT": "Re: d"}'), delete_props(:h, '{PR_NORMALIZED_SUBJECT}'), pg_temp.subject(:h);
SELECT delete_props(:h, '{PR_NORMALIZED_SUBJECT, PR_SUBJECT_PREFIX}'), pg_temp.subject(:h),
       get_props(:h) ?| '{PR_SUBJECT, PR_SUBJECT_PREFIX, PR_NORMALIZED_SUBJECT}' AS left_over;
SELECT set_props(:h, '{"PR_SUBJECT": "Antwort: d", "PR_SUBJECT_PREFIX": "Antwort: "}'), save_changes(:h), delete_props(:h, '{PR_SUBJECT}'),
       save_changes(:h), get_props(:h) ?| '{PR_SUBJECT, PR_SUBJECT_PREFIX, PR_NORMALIZED_SUBJECT}' AS left_over;
-- streams read and write the parts
SELECT set_props(:h, '{"PR_SUBJECT": "Re: stream"}'), read_stream(:h, 'PR_NORMALIZED_SUBJECT', 0, 100) = 'stream' AS read,
       write_stream(:h, 'PR_NORMALIZED_SUBJECT', 0, 'STREAM'), pg_temp.subject(:h);
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": {"blob": 1, "size": 1}}'); -- fail
-- without a handle, in a version, in the history, in an embedded message
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox,
	'{"PR_NORMALIZED_SUBJECT": "plan", "PR_SUBJECT_PREFIX": "Antwort: "}') \gset
SELECT change_number AS next FROM save_message(:store, :id, :base, '{"PR_NORMALIZED_SUBJECT": "deed"}') \gset
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_NORMALIZED_SUBJECT, PR_SUBJECT_PREFIX}');
SELECT message_at(:store, :id, :base)->'PR_NORMALIZED_SUBJECT' AS before, subject, properties
FROM history(:store, :id) AS c, message_list AS m WHERE m.message_id = :id AND m.store_id = :store AND c.change_number = :next;
SELECT result FROM restore_version(:store, :id, :base, :next);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_SUBJECT_PREFIX}');
SELECT set_props(:h, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_OBJ": {"PR_NORMALIZED_SUBJECT": "inner", "PR_SUBJECT_PREFIX": "Re: "}}]}'),
       pg_temp.subject(open_embedded_message(open_attachment(:h, 0)));

-- in conflicts the three are one property
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "Re: plan"}') \gset
SELECT change_number AS now FROM save_message(:store, :id, :base, '{"PR_SUBJECT": "Re: deed"}') \gset
SELECT property, base, theirs, yours, side FROM conflict(:store, :id, :base, '{"PR_NORMALIZED_SUBJECT": "dream", "PR_COMMENT": "c"}') ORDER BY 1;
SELECT result FROM resolve_conflict(:store, :id, :base, '{"PR_SUBJECT_PREFIX": "Fw: "}', 'MERGE');
SELECT result FROM resolve_conflict(:store, :id, :base, '{"PR_NORMALIZED_SUBJECT": "deed"}', 'MERGE');
SELECT result FROM resolve_conflict(:store, :id, :base, '{"PR_NORMALIZED_SUBJECT": "dream"}', 'OVERWRITE');
SELECT read_message(:store, :id, '{PR_SUBJECT}');
SELECT result, change_number AS now FROM save_message(:store, :id, :now, '{"PR_COMMENT": "c"}', 'FORCE_SAVE') \gset
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT}');
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "plan"}') \gset
SELECT result FROM save_message(:store, :id, :base, '{"PR_SUBJECT": "Antwort: plan", "PR_SUBJECT_PREFIX": "Antwort: "}');
SELECT property, theirs, yours, side FROM conflict(:store, :id, :base, '{"PR_SUBJECT": "other"}') ORDER BY 1;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_NORMALIZED_SUBJECT": "parked"}'), park(:h) AS parked \gset
SELECT close_object(:h);
SELECT pg_temp.subject(resume(:store, :parked));

-- MS-OXCPRPT: a deletion goes by the id of a property, and its type does not count
SELECT create_message(:store, :inbox) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "s", "PR_IMPORTANCE": 2, "0x66A10003": 1, "PR_HTML": "QUJD", "PidLidTaskOwner": "o",
	"PS_PUBLIC_STRINGS:n:PT_LONG": 1, "PR_COMMENT": "stays"}');
SELECT delete_props(:h, '{0x00370000, 0x00170102, 0x66A10000, 0x1013001F, PidLidTaskOwner, PS_PUBLIC_STRINGS:n}'),
       get_props(:h) ?| '{PR_SUBJECT, PR_IMPORTANCE, 0x66A10003, PR_HTML, PidLidTaskOwner, PS_PUBLIC_STRINGS:n:PT_LONG}' AS left_over,
       get_props(:h, '{PR_COMMENT}');
SELECT set_props(:h, '{"0x66A10102": "AA==", "PS_PUBLIC_STRINGS:n": "n"}'), save_changes(:h);
SELECT delete_props(:h, '{0x66A1001F, PS_PUBLIC_STRINGS:n:PT_UNSPECIFIED}'),
       get_props(:h) ?| '{0x66A10102, PS_PUBLIC_STRINGS:n}' AS left_over, save_changes(:h),
       get_props(:h) ?| '{0x66A10102, PS_PUBLIC_STRINGS:n}' AS left_over;
SELECT delete_props(:h, '{0x66A10003, 0x66A10102}'); -- fail
SELECT delete_props(:h, '{0x00370000, PR_SUBJECT}'); -- fail
SELECT delete_props(:h, '{0x0FFF0000}'); -- fail
SELECT delete_props(:h, '{0x80010000}'); -- fail
SELECT set_props(:h, '{"0x66A10000": null}'); -- fail

-- R356: PR_CREATION_TIME is the time of create_message, before and after the
-- first save, and for a draft too
SELECT create_message(:store, :inbox) AS h, clock_timestamp() AS made \gset
SELECT get_props(:h)->>'PR_CREATION_TIME' AS created, get_props(:h)->'PR_CREATION_TIME' = get_props(:h)->'PR_LAST_MODIFICATION_TIME' AS one_time \gset
SELECT :'one_time' AS one_time, :'created'::timestamptz BETWEEN :'made'::timestamptz - interval '1 minute' AND :'made' AS time_of_creation;
SELECT set_props(:h, '{"PR_SUBJECT": "timed"}'), park(:h) AS draft, pg_sleep(0.01) \gset
SELECT save_changes(:h), get_props(:h)->>'PR_CREATION_TIME' = :'created' AS kept, message_id(:h) AS id \gset
SELECT :'save_changes' AS saved, :'kept' AS kept, p->>'PR_LAST_MODIFICATION_TIME' > (p->>'PR_CREATION_TIME') AS saved_later,
       (SELECT created_at = :'created'::timestamptz FROM message_list WHERE store_id = :store AND message_id = :id) AS listed
FROM read_message(:store, :id) AS p;
SELECT create_message(:store, :inbox) AS h \gset
SELECT get_props(:h)->>'PR_CREATION_TIME' AS created, park(:h) AS draft, close_object(:h), pg_sleep(0.01) \gset
SELECT resume(:store, :draft) AS h \gset
SELECT get_props(:h)->>'PR_CREATION_TIME' = :'created' AS of_the_draft, set_props(:h, '{"PR_SUBJECT": "resumed"}'), save_changes(:h),
       get_props(:h)->>'PR_CREATION_TIME' = :'created' AS kept;
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{}') \gset
SELECT p->'PR_CREATION_TIME' = p->'PR_LAST_MODIFICATION_TIME' AS one_call FROM read_message(:store, :id) AS p;

-- R1105, R1724: PR_SEARCH_KEY can be set until the first save, is never
-- deleted, and is always there
SELECT create_message(:store, :inbox) AS h \gset
SELECT delete_props(:h, '{PR_SEARCH_KEY}'); -- fail
SELECT set_props(:h, '{"PR_SEARCH_KEY": null}'); -- fail
SELECT length(decode(get_props(:h)->>'PR_SEARCH_KEY', 'base64')) AS bytes, set_props(:h, '{"PR_SEARCH_KEY": "QUJD"}'), save_changes(:h),
       get_props(:h, '{PR_SEARCH_KEY}');
SELECT set_props(:h, '{"PR_SEARCH_KEY": "QUJE"}'); -- fail
SELECT delete_props(:h, '{0x300B0000}'); -- fail
SELECT get_props(open_message(:store, save_as(:h, :inbox)), '{PR_SEARCH_KEY}') AS of_a_copy;

-- computed on every object: PR_OBJECT_TYPE, PR_RECORD_KEY, PR_STORE_RECORD_KEY,
-- PR_HAS_NAMED_PROPERTIES
SELECT create_message(:store, :inbox) AS h \gset
SELECT create_attachment(:h) AS a \gset
SELECT open_embedded_message(:a, 'MAPI_CREATE') AS e \gset
SELECT kind, p->'PR_OBJECT_TYPE' AS type, length(decode(p->>'PR_RECORD_KEY', 'base64')) AS record_key,
       p->'PR_STORE_RECORD_KEY' = get_props(:h)->'PR_STORE_RECORD_KEY' AS one_store,
       length(decode(p->>'PR_STORE_RECORD_KEY', 'base64')) AS store_key, p->'PR_HAS_NAMED_PROPERTIES' AS named
FROM (VALUES (1, 'message', get_props(:h)), (2, 'attachment', get_props(:a)), (3, 'embedded', get_props(:e))) AS v (n, kind, p) ORDER BY n;
SELECT set_props(h, '{"PS_PUBLIC_STRINGS:ticket": "1"}'), get_props(h, '{PR_HAS_NAMED_PROPERTIES}') FROM unnest(ARRAY[:h, :a, :e]) AS h;
SELECT get_props(:h, '{PR_RECORD_KEY}')->'PR_RECORD_KEY' = get_props(:h)->'PR_SOURCE_KEY' AS key_of_the_message,
       get_props(:a, '{PR_RECORD_KEY}')->'PR_RECORD_KEY' <> get_props(create_attachment(:h))->'PR_RECORD_KEY' AS key_of_the_attachment;
SELECT delete_props(:h, '{PS_PUBLIC_STRINGS:ticket}'), set_props(:h, '{"PidLidTaskOwner": "o"}'), get_props(:h, '{PR_HAS_NAMED_PROPERTIES}');
SELECT set_props(:h, '{"PR_STORE_RECORD_KEY": "AAAA"}'); -- fail

-- computed on messages: PR_READ, PR_MSG_STATUS, PR_NATIVE_BODY_INFO,
-- PR_CREATOR_NAME, PR_CREATOR_ENTRYID
SELECT get_props(:h, '{PR_READ, PR_MSG_STATUS, PR_NATIVE_BODY_INFO}'), get_props(:e, '{PR_READ, PR_NATIVE_BODY_INFO}') AS embedded;
SELECT set_props(:h, '{"PR_MESSAGE_FLAGS": 8}'), get_props(:h, '{PR_READ}'), save_changes(:h), get_props(:h, '{PR_READ}');
SELECT bodies, (SELECT get_props(:h, '{PR_NATIVE_BODY_INFO}')->'PR_NATIVE_BODY_INFO' FROM set_props(:h, bodies)) AS native
FROM (VALUES ('{"PR_BODY": "t"}'::jsonb), ('{"PR_HTML": "QUJD"}'), ('{"PR_RTF_COMPRESSED": "QUJD"}'),
	('{"PR_BODY": "t", "PR_HTML": "QUJD", "PR_RTF_COMPRESSED": "QUJD"}'), ('{"PR_RTF_IN_SYNC": true}'),
	('{"PR_HTML": null}'), ('{"PR_RTF_IN_SYNC": false}'), ('{"PR_BODY": null}'), ('{"PR_RTF_COMPRESSED": null}')) AS v (bodies);
SELECT close_object(:h);
CREATE ROLE "regress Réne 𝄞";
SELECT create_store('of a role', 'regress Réne 𝄞') AS theirs \gset
SET ROLE "regress Réne 𝄞";
SELECT message_id AS id, change_number AS base FROM msgstore.save_new_message(:theirs, special_folder(:theirs, 'Inbox'), '{}') \gset
RESET ROLE;
SELECT result FROM save_message(:theirs, :id, :base, '{"PR_SUBJECT": "of another"}');
SELECT read_message(:theirs, :id, '{PR_CREATOR_NAME, PR_LAST_MODIFIER_NAME}');
SELECT encode(decode(read_message(:theirs, :id)->>'PR_CREATOR_ENTRYID', 'base64'), 'hex') AS one_off;
SELECT delete_messages(:theirs, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT message_at(:theirs, :id, :base)->'PR_CREATOR_NAME' AS creator_of_the_deleted;
SELECT set_props(create_message(:theirs, special_folder(:theirs, 'Inbox')), '{"PR_CREATOR_NAME": "x"}'); -- fail
SELECT set_props(create_message(:theirs, special_folder(:theirs, 'Inbox')), '{"PR_NATIVE_BODY_INFO": 1}'); -- fail
DROP OWNED BY "regress Réne 𝄞";
DROP ROLE "regress Réne 𝄞";

-- MS-OXCPRPT R57706: set_stream_size makes a value shorter, or longer with
-- zeros, and a write past the end fills with zeros
SELECT create_message(:store, :inbox) AS h \gset
SELECT create_attachment(:h) AS a \gset
SELECT write_stream(:h, 'PR_HTML', 3, '\xAA'), read_stream(:h, 'PR_HTML', 0, 9);
SELECT set_stream_size(:h, 'PR_HTML', 6), read_stream(:h, 'PR_HTML', 0, 9), set_stream_size(:h, 'PR_HTML', 2), read_stream(:h, 'PR_HTML', 0, 9);
SELECT truncate_stream(:h, 'PR_HTML', 4), read_stream(:h, 'PR_HTML', 0, 9), get_props(:h, '{PR_HTML}');
SELECT set_stream_size(:h, 'PR_HTML', 0), get_props(:h, '{PR_HTML}'), set_stream_size(:h, 'PR_CONVERSATION_INDEX', 2), get_props(:h, '{PR_CONVERSATION_INDEX}');
-- blobs, over the borders of chunks (256 kB)
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 600000, '\x0102'), set_stream_size(:a, 'PR_ATTACH_DATA_BIN', 1000000),
       stream_size(:a, 'PR_ATTACH_DATA_BIN') AS size,
       read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 1000000) = decode(repeat('00', 600000) || '0102' || repeat('00', 399998), 'hex') AS bytes;
SELECT set_stream_size(:a, 'PR_ATTACH_DATA_BIN', 262144), read_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 1000000) = decode(repeat('00', 262144), 'hex') AS bytes;
SELECT save_changes(:a), save_changes(:h);
SELECT open_attachment(:h, 0, 'MAPI_MODIFY') AS a \gset
SELECT set_stream_size(:a, 'PR_ATTACH_DATA_BIN', 262145), save_changes(:a), save_changes(:h);
SELECT read_stream(open_attachment(:h, 0), 'PR_ATTACH_DATA_BIN', 0, 1000000) = decode(repeat('00', 262145), 'hex') AS saved,
       (SELECT stream_size(open_attachment(open_message(:store, message_id(:h)), 0), 'PR_ATTACH_DATA_BIN')) AS size;
SELECT write_stream(:h, 'PR_RTF_COMPRESSED', 1048576, '\x01'), get_props(:h)->'PR_RTF_COMPRESSED'->'size' AS made_a_blob,
       set_stream_size(:h, 'PR_RTF_COMPRESSED', 2), read_stream(:h, 'PR_RTF_COMPRESSED', 0, 9);
-- a string takes no zeros
SELECT write_stream(:h, 'PR_BODY', 1, 'b'); -- fail
SELECT set_stream_size(:h, 'PR_BODY', 1); -- fail
SELECT set_stream_size(:a, 'PR_ATTACH_DATA_BIN', 9223372036854775807); -- fail
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 9223372036854775807, '\x01'); -- fail

-- history: the newest changes first where max is given, and on from a number
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "1"}') \gset
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "2"}') \gset
SELECT change_number AS n3 FROM save_message(:store, :id, :n2, '{"PR_COMMENT": "3"}') \gset
SELECT change_number AS n4 FROM save_message(:store, :id, :n1, '{"PR_BODY": "4"}', 'FORCE_SAVE') \gset
CREATE FUNCTION pg_temp.steps(store bigint, id bigint, max integer, before bigint) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(kind || array_to_string(properties, '+'), ', ' ORDER BY n)
	FROM history(store, id, max, before) WITH ORDINALITY AS h (a, kind, c, d, e, f, g, properties, i, j, n)
$$;
SELECT pg_temp.steps(:store, :id, NULL, NULL) AS all_of_them, pg_temp.steps(:store, :id, 2, NULL) AS newest,
       pg_temp.steps(:store, :id, 100, NULL) AS all_newest_first;
SELECT pg_temp.steps(:store, :id, 2, :n3) AS on_from, pg_temp.steps(:store, :id, NULL, :n3) AS oldest_first,
       pg_temp.steps(:store, :id, 5, :n1) AS nothing_before_it, pg_temp.steps(:store, :id, 0, NULL) AS none, pg_temp.steps(:store, :id, 5, 0) AS no_such;
SELECT change_number = :n4 AS number, changed_by = session_user AS author, role = session_user AS role, actor, client = current_setting('application_name') AS client,
       changed_at = (SELECT modified_at FROM message_list WHERE store_id = :store AND message_id = :id) AS time,
       previous = :n3 AS previous, base_change_number = :n1 AS base
FROM history(:store, :id, 1);
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), pg_temp.steps(:store, :id, 2, NULL) AS of_the_deleted;
SELECT count(*) FROM history(:store, :id, 100) AS h, change_list AS c
WHERE (c.store_id, c.message_id, c.change_number, c.kind, c.changed_by, c.role, c.changed_at, c.properties)
	= (:store, :id, h.change_number, h.kind, h.changed_by, h.role, h.changed_at, h.properties)
	AND (c.actor, c.client, c.previous, c.base_change_number) IS NOT DISTINCT FROM (h.actor, h.client, h.previous, h.base_change_number);
SELECT count(*) FROM history(:store, :id, -1); -- fail
SELECT count(*) FROM history(:store, NULL); -- fail
\set VERBOSITY sqlstate
SELECT count(*) FROM history(:store, 0); -- fail
SELECT count(*) FROM history(0, :id); -- fail
-- no more rows are made than returned: a page of a long history reads its own changes only
BEGIN;
DELETE FROM change WHERE (store_id, message_id, change_number) = (:store, :id, :n2);
SELECT count(*) FROM history(:store, :id, 3);
SELECT count(*) FROM history(:store, :id, 4); -- fail
ROLLBACK;
BEGIN;
DELETE FROM change WHERE store_id = :store AND message_id = :id AND change_number <= :n2;
SELECT pg_temp.steps(:store, :id, NULL, NULL) AS pruned, pg_temp.steps(:store, :id, 9, :n3) AS before_the_pruned;
ROLLBACK;
\set VERBOSITY default

-- R447, R451-R453: a new attachment has PR_RENDERING_POSITION -1, and
-- PR_CREATION_TIME and PR_LAST_MODIFICATION_TIME now
CREATE FUNCTION pg_temp.times(props jsonb, n integer, OUT pos jsonb, OUT created text, OUT modified text) LANGUAGE sql AS $$
	SELECT a->'PR_RENDERING_POSITION', a->>'PR_CREATION_TIME', a->>'PR_LAST_MODIFICATION_TIME'
	FROM (SELECT props->'PR_MESSAGE_ATTACHMENTS'->n) AS v (a)
$$;
SELECT clock_timestamp() AS began, create_message(:store, :inbox) AS h \gset
SELECT create_attachment(:h) AS a \gset
SELECT p->'PR_RENDERING_POSITION' AS pos, (p->>'PR_CREATION_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS now,
       p->'PR_CREATION_TIME' = p->'PR_LAST_MODIFICATION_TIME' AS one_time FROM get_props(:a) AS p;
SELECT get_props(:a)->>'PR_CREATION_TIME' AS made, pg_sleep(0.002) \gset
-- PR_LAST_MODIFICATION_TIME moves with edits: properties, bytes, an embedded message
SELECT set_props(:a, '{"PR_DISPLAY_NAME": "a"}') \gset
SELECT get_props(:a)->>'PR_LAST_MODIFICATION_TIME' AS first, get_props(:a)->>'PR_CREATION_TIME' = :'made' AS creation_stays, pg_sleep(0.002) \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, 'x') \gset
SELECT get_props(:a)->>'PR_LAST_MODIFICATION_TIME' AS second, pg_sleep(0.002) \gset
SELECT save_changes(open_embedded_message(:a, 'MAPI_CREATE')) \gset
SELECT :'creation_stays' AS creation_stays, :'first' > :'made' AS moved, :'second' > :'first' AS again, get_props(:a)->>'PR_LAST_MODIFICATION_TIME' > :'second' AS and_again;
SELECT set_props(:a, '{"PR_LAST_MODIFICATION_TIME": "2001-01-01T00:00:00Z", "PR_RENDERING_POSITION": 5}'),
       get_props(:a, '{PR_LAST_MODIFICATION_TIME, PR_RENDERING_POSITION}'), save_changes(:a), save_changes(:h);
SELECT (pg_temp.times(p, 0)).modified, (pg_temp.times(p, 0)).pos, (pg_temp.times(p, 0)).created = :'made' AS created FROM read_message(:store, message_id(:h)) AS p;
-- in a list that is set as a property, at the save: those left out stay as they were, of what is equal
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox,
	'{"PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "a"}, {"PR_DISPLAY_NAME": "b", "PR_CREATION_TIME": "2001-01-01T00:00:00Z"},
	{"PR_ATTACH_DATA_OBJ": {"PR_SUBJECT": "e", "PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "inner"}]}}]}') \gset
SELECT read_message(:store, :id) AS was \gset
SELECT n, t.pos, t.created, t.created = p->>'PR_CREATION_TIME' AS of_the_save, t.modified = p->>'PR_CREATION_TIME' AS modified
FROM read_message(:store, :id) AS p, generate_series(0, 2) AS n, pg_temp.times(p, n) AS t WHERE n = 1;
SELECT n, t.pos, t.created = p->>'PR_CREATION_TIME' AS of_the_save, t.modified = p->>'PR_CREATION_TIME' AS modified
FROM read_message(:store, :id) AS p, generate_series(0, 2) AS n, pg_temp.times(p, n) AS t;
SELECT i->'PR_RENDERING_POSITION' AS pos, i->>'PR_CREATION_TIME' = p->>'PR_CREATION_TIME' AS inner_time, length(e->>'PR_SEARCH_KEY') AS search_key
FROM read_message(:store, :id) AS p, LATERAL (SELECT p #> '{PR_MESSAGE_ATTACHMENTS,2,PR_ATTACH_DATA_OBJ}') AS m (e),
	LATERAL (SELECT e #> '{PR_MESSAGE_ATTACHMENTS,0}') AS l (i);
SELECT change_number AS next FROM save_message(:store, :id, :base,
	'{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0, "PR_DISPLAY_NAME": "a"}, {"PR_ATTACH_NUM": 1, "PR_DISPLAY_NAME": "b2"},
	{"PR_ATTACH_NUM": 2, "PR_ATTACH_DATA_OBJ": {"PR_SUBJECT": "e", "PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "inner"}]}},
	{"PR_DISPLAY_NAME": "c"}]}') \gset
SELECT n, t = w AS as_before, t.created = w.created AS created, t.modified > w.modified AS modified,
       t.modified = p->>'PR_LAST_MODIFICATION_TIME' AS of_this_save, t.created = p->>'PR_LAST_MODIFICATION_TIME' AS made_now
FROM read_message(:store, :id) AS p, generate_series(0, 3) AS n, pg_temp.times(p, n) AS t, pg_temp.times(:'was'::jsonb, n) AS w;
-- a list with the times that it had: what has changed moves
SELECT read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS' AS list, read_message(:store, :id) AS was \gset
SELECT result FROM save_message(:store, :id, :next, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_set(:'list', '{0,PR_COMMENT}', '"changed"')));
SELECT n, t.created = w.created AS created, t.modified = w.modified AS as_before, t.modified = p->>'PR_LAST_MODIFICATION_TIME' AS of_this_save
FROM read_message(:store, :id) AS p, generate_series(0, 3) AS n, pg_temp.times(p, n) AS t, pg_temp.times(:'was'::jsonb, n) AS w;
-- the times take no part in conflicts: both sides add the same one, or leave one alone without its times
SELECT message_id AS id, change_number AS base FROM save_new_message(:store, :inbox, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "a"}]}') \gset
SELECT result FROM save_message(:store, :id, :base, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0, "PR_DISPLAY_NAME": "a2"}, {"PR_ATTACH_NUM": 1, "PR_DISPLAY_NAME": "new"}]}');
SELECT property, yours->'PR_DISPLAY_NAME' AS yours, side FROM conflict(:store, :id, :base,
	'{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0, "PR_DISPLAY_NAME": "a"}, {"PR_ATTACH_NUM": 1, "PR_DISPLAY_NAME": "new"}]}') ORDER BY 1;
SELECT result FROM resolve_conflict(:store, :id, :base,
	'{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0, "PR_DISPLAY_NAME": "a"}, {"PR_ATTACH_NUM": 1, "PR_DISPLAY_NAME": "new"}]}', 'MERGE');
SELECT jsonb_path_query_array(read_message(:store, :id), '$.PR_MESSAGE_ATTACHMENTS[*].PR_DISPLAY_NAME') AS merged;
