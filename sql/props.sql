-- Setting, reading and deleting properties on a handle: a patch is applied whole or
-- not at all, names are shown in one spelling, a message has one body.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('props') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{
    "PR_SUBJECT": "first", "PR_SENDER_NAME": "Ann", "PR_IMPORTANCE": 2,
    "PR_BODY": "text"}') \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset

-- Return properties that the handle shows, true if edits are pending, and true if the
-- stored message is untouched.
SELECT md5(read_message(:store, :id)::text) AS stored \gset
CREATE FUNCTION pg_temp.shown(handle integer, tags text[],
    OUT props jsonb, OUT has_edits boolean) LANGUAGE sql AS $$
    SELECT get_props($1, $2), (SELECT o.has_edits FROM open_handles o WHERE o.handle = $1) $$;

-- a patch changes the properties that it names, no others; null deletes
SELECT set_props(:h, '{"PR_SUBJECT": "second", "PR_SENSITIVITY": 1, "PR_SENDER_NAME": null}');
SELECT * FROM pg_temp.shown(:h, '{PR_SUBJECT, PR_SENDER_NAME, PR_IMPORTANCE, PR_SENSITIVITY, PR_BODY}');
SELECT set_props(:h, '{"PR_IMPORTANCE": 0}');
SELECT set_props(:h, '{"PR_SENDER_NAME": "Bob"}');
SELECT * FROM pg_temp.shown(:h, '{PR_SUBJECT, PR_SENDER_NAME, PR_IMPORTANCE, PR_SENSITIVITY, PR_BODY}');
SELECT delete_props(:h, '{PR_SENDER_NAME, PR_SUBJECT, PR_BODY}');
SELECT * FROM pg_temp.shown(:h, '{PR_SUBJECT, PR_SENDER_NAME, PR_IMPORTANCE, PR_SENSITIVITY, PR_BODY}');
SELECT md5(read_message(:store, :id)::text) = :'stored' AS nothing_stored;
SELECT refresh(:h);
SELECT * FROM pg_temp.shown(:h, '{PR_SUBJECT, PR_SENDER_NAME, PR_IMPORTANCE, PR_SENSITIVITY, PR_BODY}');

-- an empty patch and an empty list are no edit
SELECT set_props(:h, '{}'), delete_props(:h, '{}');
SELECT * FROM pg_temp.shown(:h, '{}');
SELECT save_changes(:h);
SELECT count(*) FROM history(:store, :id);
-- edits are: setting the value that is there, deleting an absent property, setting
-- and taking back
SELECT set_props(:h, '{"PR_SUBJECT": "first"}');
SELECT has_edits FROM pg_temp.shown(:h, '{}');
SELECT save_changes(:h);
SELECT delete_props(:h, '{PR_COMMENT}');
SELECT has_edits FROM pg_temp.shown(:h, '{}');
SELECT save_changes(:h);
SELECT set_props(:h, '{"PR_COMMENT": null}');
SELECT has_edits FROM pg_temp.shown(:h, '{}');
SELECT save_changes(:h);
SELECT set_props(:h, '{"PR_COMMENT": "on second thought"}');
SELECT delete_props(:h, '{PR_COMMENT}');
SELECT has_edits FROM pg_temp.shown(:h, '{}');
SELECT save_changes(:h);
SELECT kind, properties, count(change_number) OVER (ORDER BY change_number) AS version
FROM history(:store, :id);
SELECT count(DISTINCT change_number) FROM history(:store, :id);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_COMMENT, PR_BODY}');

-- reading by names: absent properties are left out, an empty list gives no property,
-- and a name given twice counts once
SELECT get_props(:h, '{PR_SUBJECT, PR_COMMENT, PR_HTML}');
SELECT get_props(:h, '{}');
SELECT get_props(:h, '{PR_COMMENT}');
SELECT get_props(:h, '{PR_SUBJECT, PR_SUBJECT, PidTagSubject, 0x0037001F, PR_BODY, PR_BODY}');
SELECT get_props(:h, NULL) = get_props(:h) AS same;
SELECT count(*) AS differ FROM jsonb_each(get_props(:h)) AS p
WHERE get_props(:h, ARRAY[p.key]) <> jsonb_build_object(p.key, p.value);
SELECT count(*) AS differ FROM jsonb_each(read_message(:store, :id)) AS p
WHERE read_message(:store, :id, ARRAY[p.key]) <> jsonb_build_object(p.key, p.value);
-- fail
SELECT get_props(:h, '{PR_SUBJECT, NULL}');
-- fail
SELECT get_props(:h, '{PR_SUBJECT, PR_NO_SUCH_THING}');
-- fail
SELECT get_props(:h, '{pr_subject}');
-- fail
SELECT get_props(:h, '{""}');
-- fail
SELECT read_message(:store, :id, '{NULL}');
-- fail
SELECT read_message(:store, :id, '{Subject}');

-- any spelling is accepted, one is shown
SELECT name, set_props(:h, jsonb_build_object(name, 'by ' || name)) AS set,
       get_props(:h, ARRAY[name]) AS got, get_props(:h, '{PR_SUBJECT}') AS shown
FROM unnest(ARRAY['PR_SUBJECT', 'PR_SUBJECT_W', 'PR_SUBJECT_A', 'PidTagSubject',
                  '0x0037001F', '0x0037001E', '0x0037001f']) AS name;
SELECT set_props(:h, '{"0x6f00001e": "a tag without a name", "0x6F01001F": null}');
SELECT get_props(:h, '{0x6f00001f, 0x6F00001E, 0x6F00001F}');
SELECT delete_props(:h, '{PidTagImportance, PR_SENDER_NAME_W, 0x6f00001F}');
SELECT get_props(:h, '{PR_IMPORTANCE, PR_SENDER_NAME, PR_SUBJECT, 0x6F00001F}');
-- two spellings of one property in one call are refused, whatever the values
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "a", "PidTagSubject": "b"}');
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "a", "0x0037001F": "a"}');
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": null, "PR_SUBJECT_A": "b"}');
-- fail
SELECT set_props(:h, '{"PR_BODY": "a", "PR_BODY_W": "b"}');
-- fail
SELECT set_props(:h, '{"PR_BODY": null, "PidTagBody": null}');
-- fail
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [], "0x0E12000D": []}');
-- fail
SELECT delete_props(:h, '{PR_COMMENT, PidTagComment}');
-- fail
SELECT delete_props(:h, '{PR_COMMENT, PR_COMMENT}');
-- fail
SELECT delete_props(:h, '{PR_HTML, PR_HTML}');
-- fail
SELECT * FROM save_message(:store, :id, (get_props(:h)->>'PidTagChangeNumber')::bigint,
    '{"PR_SUBJECT": "a", "PR_SUBJECT_W": "b"}');
-- fail
SELECT * FROM save_new_message(:store, :inbox, '{"PR_BODY": "a", "PR_BODY_W": "b"}');

-- all or nothing: one bad member, and no other is applied
SELECT refresh(:h);
SELECT set_props(:h, '{"PR_COMMENT": "pending before"}');
SELECT get_props(:h)::text AS before \gset
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "lost", "PR_IMPORTANCE": "high"}');
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "lost", "PR_BODY": "lost", "NoSuchName": 1}');
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "lost", "PR_ENTRYID": "AA=="}');
-- fail
SELECT set_props(:h, '{"PR_SUBJECT": "lost", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": 1}]}');
-- fail
SELECT delete_props(:h, '{PR_SUBJECT, NoSuchName}');
-- fail
SELECT delete_props(:h, '{PR_SUBJECT, NULL}');
-- fail
SELECT delete_props(:h, '{PR_SUBJECT, PR_CHANGE_KEY}');
SELECT get_props(:h)::text = :'before' AS as_before;
SELECT refresh(:h);

-- a message has one body: setting one deletes the other two, unless the call names
-- them too
CREATE FUNCTION pg_temp.bodies(handle integer, patch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_props(handle, patch);
    RETURN get_props(handle, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}');
END $$;
SELECT pg_temp.bodies(:h, '{}');
SELECT pg_temp.bodies(:h, '{"PR_HTML": "PGI+"}');
SELECT pg_temp.bodies(:h, '{"PR_RTF_COMPRESSED": "AAAA"}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": "text"}');
SELECT pg_temp.bodies(:h, '{"PR_HTML": "PGI+", "PR_BODY": "both"}');
SELECT pg_temp.bodies(:h, '{"PR_SUBJECT": "leaves bodies alone"}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": null}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": "1", "PR_HTML": "Mg==", "PR_RTF_COMPRESSED": "Mw=="}');
SELECT pg_temp.bodies(:h, '{"PR_HTML": null}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": null, "PR_HTML": "Mg=="}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": ""}');
SELECT pg_temp.bodies(:h, '{"PR_BODY": null, "PR_HTML": null, "PR_RTF_COMPRESSED": null}');
SELECT save_changes(:h);
-- so it is from one version to the next
SELECT pg_temp.bodies(:h, '{"PR_BODY": "1", "PR_HTML": "Mg==", "PR_RTF_COMPRESSED": "Mw=="}');
SELECT save_changes(:h);
SELECT open_message(:store, :id) AS three \gset
SELECT pg_temp.bodies(:h, '{"PR_HTML": "PGI+"}');
SELECT save_changes(:h);
SELECT open_message(:store, :id) AS html \gset
SELECT pg_temp.bodies(:h, '{"PR_BODY": "again text"}');
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}');
SELECT get_props(:three, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}'),
       get_props(:html, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}');
-- the history names bodies that were deleted, and none that never was there
SELECT properties FROM history(:store, :id) OFFSET 6;
SELECT close_object(:three), close_object(:html);
-- so it is in the calls without a handle
SELECT message_id AS bodies, change_number AS n FROM save_new_message(:store, :inbox,
    '{"PR_BODY": "1", "PR_HTML": "Mg==", "PR_RTF_COMPRESSED": "Mw=="}') \gset
SELECT read_message(:store, :bodies, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}');
SELECT result FROM save_message(:store, :bodies, :n, '{"PR_RTF_COMPRESSED": "NA=="}');
SELECT read_message(:store, :bodies, '{PR_BODY, PR_HTML, PR_RTF_COMPRESSED}');

-- a property that the store computes is refused by name, under every spelling, set and
-- deleted, on old messages and on new ones
SELECT create_message(:store, :inbox) AS new \gset
CREATE FUNCTION pg_temp.refused(handle integer, name text, value jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    BEGIN
        PERFORM set_props(handle, jsonb_build_object(name, value));
        RETURN 'set';
    EXCEPTION WHEN OTHERS THEN
        said := SQLSTATE || ' ' || SQLERRM;
    END;
    BEGIN
        PERFORM delete_props(handle, ARRAY[name]);
        RETURN 'deleted';
    EXCEPTION WHEN OTHERS THEN
        IF said <> SQLSTATE || ' ' || SQLERRM THEN
            RETURN said || ', but ' || SQLERRM;
        END IF;
    END;
    RETURN said;
END $$;
SELECT name, pg_temp.refused(:h, name, 'null') AS old,
       pg_temp.refused(:new, name, '"anything"') = pg_temp.refused(:h, name, 'null') AS new
FROM unnest(ARRAY['PR_ENTRYID', 'PR_CHANGE_KEY', 'PR_PREDECESSOR_CHANGE_LIST',
    'PidTagChangeNumber', 'PR_LAST_MODIFIER_NAME', 'PR_LAST_MODIFIER_ENTRYID',
    'PR_LOCAL_COMMIT_TIME', 'PR_MESSAGE_SIZE', 'PR_HASATTACH', 'PR_ACCESS',
    'PR_ACCESS_LEVEL', 'PR_DISPLAY_TO', 'PR_DISPLAY_CC', 'PR_DISPLAY_BCC',
    'PR_SOURCE_KEY', 'PR_PARENT_SOURCE_KEY', 'PR_STORE_ENTRYID',
    'PR_PARENT_ENTRYID']) AS name;
SELECT name, pg_temp.refused(:h, name, 'null') AS old
FROM unnest(ARRAY['PR_CREATION_TIME', 'PR_LAST_MODIFICATION_TIME',
    'PR_MESSAGE_FLAGS']) AS name;
SELECT name, pg_temp.refused(:h, name, 'null') AS old
FROM unnest(ARRAY['PidTagEntryId', '0x0FFF0102', 'PidTagChangeKey', 'PR_DISPLAY_TO_A',
    '0x0E04001E', 'PidTagHasAttachments']) AS name;
SELECT get_props(:new, '{PidTagChangeNumber, PR_HASATTACH, PR_DISPLAY_TO}');
SELECT close_object(:new);
-- the calls without a handle refuse them too
-- fail
SELECT * FROM save_message(:store, :id, (get_props(:h)->>'PidTagChangeNumber')::bigint,
    '{"PR_SUBJECT": "lost", "PR_MESSAGE_SIZE": 1}');
-- fail
SELECT * FROM save_new_message(:store, :inbox, '{"PR_CHANGE_KEY": "AA=="}');
-- the store's own properties identify the message
SELECT a->>'PR_ENTRYID' <> b->>'PR_ENTRYID' AS entryids,
       a->>'PR_SOURCE_KEY' <> b->>'PR_SOURCE_KEY' AS source_keys,
       a->>'PR_CHANGE_KEY' <> b->>'PR_CHANGE_KEY' AS change_keys,
       a->'PR_STORE_ENTRYID' = b->'PR_STORE_ENTRYID' AS same_store,
       a->'PR_PARENT_ENTRYID' = b->'PR_PARENT_ENTRYID' AS same_folder,
       a->'PR_PARENT_SOURCE_KEY' = b->'PR_PARENT_SOURCE_KEY' AS same_folder_key
FROM read_message(:store, :id) AS a, read_message(:store, :bodies) AS b;

-- a change key is a GUID, into which the store's id is XORed, and the counter of the number in
-- big-endian bytes; the list of predecessors has it after its length
SELECT length(key) AS key_bytes,
       substr(key, 1, 8) = substr(source_key, 1, 8) AND :store =
           (('x' || encode(substr(key, 9, 8), 'hex'))::bit(64)::bigint
            # ('x' || encode(substr(source_key, 9, 8), 'hex'))::bit(64)::bigint) AS one_guid,
       get_byte(key, 16)::bigint << 40 | get_byte(key, 17)::bigint << 32
           | get_byte(key, 18)::bigint << 24 | get_byte(key, 19) << 16
           | get_byte(key, 20) << 8 | get_byte(key, 21)
           = (p->>'PidTagChangeNumber')::bigint & ((1::bigint << 48) - 1) AS counter,
       decode(p->>'PR_PREDECESSOR_CHANGE_LIST', 'base64')
           = '\x16'::bytea || key AS predecessors
FROM read_message(:store, :id) AS p,
     decode(p->>'PR_CHANGE_KEY', 'base64') AS key,
     decode(p->>'PR_SOURCE_KEY', 'base64') AS source_key;

-- properties computed from edits show on their handle, and on no other
SELECT open_message(:store, :id) AS reader \gset
SELECT get_props(:reader)->>'PR_MESSAGE_SIZE' AS size \gset
SELECT set_props(:h, '{"PR_BODY": "0123456789", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"}]}');
SELECT get_props(:h)->>'PR_DISPLAY_TO' AS to, get_props(:reader)->>'PR_DISPLAY_TO' AS to_others,
       (get_props(:h)->>'PR_MESSAGE_SIZE')::bigint > :size AS grown,
       (get_props(:reader)->>'PR_MESSAGE_SIZE')::bigint = :size AS not_for_others;
SELECT save_changes(:h);
SELECT get_props(:reader)->>'PR_DISPLAY_TO' AS to_others,
       (get_props(:reader)->>'PR_MESSAGE_SIZE')::bigint = :size AS not_for_others,
       read_message(:store, :id)->>'PR_DISPLAY_TO' AS now;
SELECT close_object(:reader);

-- the recipients are one property: replaced as a whole, deleted, saved with the rest
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 2}]}');
SELECT get_props(:h, '{PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO, PR_DISPLAY_CC}');
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO, PR_DISPLAY_CC}');
SELECT delete_props(:h, '{PR_MESSAGE_RECIPIENTS}');
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO, PR_DISPLAY_CC}');
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": []}');
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_MESSAGE_RECIPIENTS, PR_DISPLAY_TO}');

-- large values, and many
SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('körper ', 500000),
    'PR_HTML', encode(convert_to(repeat('<p>', 300000), 'UTF8'), 'base64'),
    'PR_TRANSPORT_MESSAGE_HEADERS', repeat(E'X-Header: value\r\n', 10000),
    'PR_SUBJECT', repeat('s', 300000)));
SELECT set_props(:h, (SELECT jsonb_object_agg('0x' || to_hex(x'5000'::int + i) || '001F', 'value ' || i)
                      FROM generate_series(1, 1000) AS i));
SELECT md5(get_props(:h)->>'PR_BODY') = md5(repeat('körper ', 500000)) AS on_handle;
SELECT save_changes(:h);
SELECT md5(p->>'PR_BODY') = md5(repeat('körper ', 500000)) AS body,
       convert_from(decode(p->>'PR_HTML', 'base64'), 'UTF8') = repeat('<p>', 300000) AS html,
       p->>'PR_TRANSPORT_MESSAGE_HEADERS' = repeat(E'X-Header: value\r\n', 10000) AS headers,
       length(p->>'PR_SUBJECT') AS subject, p->>'0x53E8001F' AS last,
       (SELECT count(*) FROM jsonb_object_keys(p) AS k WHERE k LIKE '0x5%') AS many,
       (p->>'PR_MESSAGE_SIZE')::bigint > 5000000 AS size
FROM read_message(:store, :id) AS p;
-- a save that does not name them leaves them as they are
SELECT set_props(:h, '{"PR_SUBJECT": "small", "0x5001001F": null}');
SELECT save_changes(:h);
SELECT md5(p->>'PR_BODY') = md5(repeat('körper ', 500000)) AS body, p->>'PR_SUBJECT' AS subject,
       (SELECT count(*) FROM jsonb_object_keys(p) AS k WHERE k LIKE '0x5%') AS many
FROM read_message(:store, :id) AS p;
SELECT properties FROM history(:store, :id) ORDER BY change_number DESC LIMIT 1;
SELECT close_object(:h);

-- strings are stored as given: no case is folded, no blank is cut
SELECT create_message(:store, :inbox) AS h \gset
SELECT set_props(:h, jsonb_build_object('PR_SUBJECT', E'  RE: \t"quoted" \\ É 日本 \U0001F600 \r\n ',
    'PR_BODY', E'a\r\nb\n\x01', 'PR_COMMENT', ''));
SELECT save_changes(:h);
SELECT p->>'PR_SUBJECT' = E'  RE: \t"quoted" \\ É 日本 \U0001F600 \r\n ' AS subject,
       p->>'PR_BODY' = E'a\r\nb\n\x01' AS body, p->>'PR_COMMENT' = '' AS empty
FROM read_message(:store, message_id(:h)) AS p;
SELECT close_object(:h);
SELECT count(*) FROM open_handles;
