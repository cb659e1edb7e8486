-- Copying properties between handles: copy_to() and copy_props(), on messages,
-- attachments and embedded messages, within a store and from store to store.
SET search_path = msgstore, public;
\set VERBOSITY terse
SELECT create_store('copy') AS store, create_store('copy other') AS other \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:other, 'Inbox') AS far \gset
-- the properties that a client can set at any time, as a handle shows them
CREATE FUNCTION pg_temp.shown(handle integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}')
    FROM jsonb_each(get_props(handle)) AS p
    JOIN property_catalogue AS c ON c.name = p.key AND c.rule = 'stored'
    WHERE p.key NOT IN ('PR_MESSAGE_RECIPIENTS', 'PR_MESSAGE_ATTACHMENTS')
$$;

-- get_prop_list names what get_props shows, in its order
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "Re: source", "PR_BODY": "text", "PR_COMMENT": "c",
    "PS_PUBLIC_STRINGS:ticket": "7", "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ada"}],
    "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "a.txt", "PR_ATTACH_DATA_BIN": "QUJD"}, {"PR_ATTACH_DATA_OBJ": {"PR_SUBJECT": "inner"}}]}') \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, create_message(:store, :inbox) AS new \gset
SELECT get_prop_list(h) = ARRAY(SELECT jsonb_object_keys(get_props(h))) AS same, cardinality(get_prop_list(h)) > 10 AS many
FROM unnest(ARRAY[:h, :new, open_attachment(:h, 0), open_attachment(:h, 1), open_embedded_message(open_attachment(:h, 1))]) AS h;
SELECT set_props(:h, '{"PR_HTML": "QUJD", "PR_COMMENT": null}'), delete_props(:new, '{PR_IMPORTANCE}');
SELECT get_prop_list(h) = ARRAY(SELECT jsonb_object_keys(get_props(h))) AS same FROM unnest(ARRAY[:h, :new]) AS h;
SELECT get_prop_list(NULL); -- fail
SELECT refresh(:h);

-- everything that the source shows, pending until the target is saved
SELECT set_props(:h, '{"PR_COMMENT": "pending"}'), set_props(:new, '{"PR_COMMENT": "mine", "PR_KEYWORD": "stays"}');
SELECT * FROM copy_to(:h, :new);
SELECT pg_temp.shown(:new);
SELECT get_props(:new)->'PR_SEARCH_KEY' = get_props(:h)->'PR_SEARCH_KEY' AS search_key_of_a_new_message,
       get_props(:new)->'PR_MESSAGE_RECIPIENTS' = get_props(:h)->'PR_MESSAGE_RECIPIENTS' AS recipients,
       jsonb_array_length(get_props(:new)->'PR_MESSAGE_ATTACHMENTS') AS attachments,
       get_props(:new)->'PR_CREATION_TIME' <> get_props(:h)->'PR_CREATION_TIME' AS times_of_its_own,
       (SELECT count(*) FROM message_list WHERE store_id = :store) AS stored;
SELECT save_changes(:new);
SELECT read_message(:store, message_id(:new), '{PR_COMMENT, PR_NORMALIZED_SUBJECT, PS_PUBLIC_STRINGS:ticket}');
-- all but some; names in any spelling
SELECT message_id AS id2 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "target", "PR_COMMENT": "t", "PR_HTML": "QUJD"}') \gset
SELECT open_message(:store, :id2, 'MAPI_MODIFY') AS t \gset
SELECT * FROM copy_to(:h, :t, '{PidTagSubject, 0x30040000, PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_RECIPIENTS, PR_SEARCH_KEY}');
SELECT pg_temp.shown(:t), get_props(:t) ? 'PR_MESSAGE_ATTACHMENTS' AS attachments;
SELECT refresh(:t);
-- MAPI_NOREPLACE: what the target has stays, a body for any body, and is reported
SELECT * FROM copy_to(:h, :t, flags => 'MAPI_NOREPLACE') ORDER BY property;
SELECT pg_temp.shown(:t);
SELECT refresh(:t), set_props(:t, '{"0x66A10003": 1}'), set_props(:h, '{"0x66A10102": "AA==", "PR_SUBJECT": "Antwort: x", "PR_SUBJECT_PREFIX": "Antwort: "}');
SELECT * FROM copy_props(:h, :t, '{0x66A10102, PR_SUBJECT_PREFIX, PR_NORMALIZED_SUBJECT, PR_SUBJECT}', 'MAPI_NOREPLACE');
SELECT * FROM copy_props(:h, :t, '{0x66A10102, PR_SUBJECT_PREFIX}');
SELECT get_props(:t, '{0x66A10003, 0x66A10102, PR_SUBJECT}');
-- MAPI_MOVE deletes in the source, pending there
SELECT * FROM copy_to(:h, :t, flags => 'MAPI_MOVE');
SELECT pg_temp.shown(:h), get_props(:h) ?| '{PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS}' AS lists, pg_temp.shown(:t), get_props(:h) ? 'PR_SEARCH_KEY' AS search_key;
SELECT save_changes(:t), save_changes(:h), pg_temp.shown(open_message(:store, :id)), pg_temp.shown(open_message(:store, :id2)) ->> 'PR_BODY' AS body;

-- named properties, and why one was not copied
SELECT * FROM copy_props(:t, :h, '{PR_BODY, PR_KEYWORD, PR_ENTRYID, PR_SEARCH_KEY, PR_CREATION_TIME, PR_MESSAGE_FLAGS, PR_COMMENT, PR_COMMENT}');
SELECT pg_temp.shown(:h);

-- attachments and embedded messages
SELECT create_attachment(:h) AS a, open_attachment(:t, 0) AS b, open_attachment(:t, 1, 'MAPI_MODIFY') AS o \gset
SELECT * FROM copy_to(:b, :a);
SELECT get_props(:a, '{PR_ATTACH_LONG_FILENAME, PR_ATTACH_DATA_BIN, PR_ATTACH_NUM, PR_ATTACH_SIZE, PR_ATTACH_METHOD}');
SELECT * FROM copy_props(:o, :a, '{PR_ATTACH_METHOD, PR_ATTACH_DATA_OBJ, PR_ATTACH_NUM, PR_BODY}');
SELECT get_props(:a, '{PR_ATTACH_DATA_OBJ}') #>> '{PR_ATTACH_DATA_OBJ,PR_SUBJECT}' AS embedded, get_props(:a, '{PR_ATTACH_METHOD, PR_ATTACH_DATA_BIN}');
SELECT save_changes(:a), save_changes(:h), get_props(open_embedded_message(open_attachment(:h, 2)), '{PR_SUBJECT}');
SELECT open_embedded_message(:o, 'MAPI_MODIFY') AS e \gset
SELECT * FROM copy_to(:h, :e, '{PR_MESSAGE_ATTACHMENTS}');
SELECT pg_temp.shown(:e);

-- refusals
\set VERBOSITY sqlstate
SELECT * FROM copy_to(:h, :a); -- fail
SELECT * FROM copy_to(:a, :e); -- fail
SELECT * FROM copy_to(:t, :e); -- fail
SELECT * FROM copy_to(:t, :t); -- fail
SELECT * FROM copy_to(:h, open_message(:store, :id2)); -- fail
SELECT * FROM copy_to(open_message(:store, :id2), :h, '{}', 'MAPI_MOVE'); -- fail
SELECT * FROM copy_to(:h, :t, '{}', 4); -- fail
SELECT * FROM copy_to(:h, :t, '{PR_NO_SUCH}'); -- fail
SELECT * FROM copy_props(:h, :t, '{PR_BODY, NULL}'); -- fail
SELECT * FROM copy_props(:h, :t, NULL); -- fail
SELECT * FROM copy_props(NULL, :t, '{}'); -- fail
SELECT * FROM copy_props(0, :t, '{}'); -- fail
\set VERBOSITY terse
SELECT 'MAPI_MOVE|MAPI_NOREPLACE'::copy_flags, 3::copy_flags, 'MAPI_MOVE'::copy_flags::integer;

-- blobs: shared in a store, pending ones and those of drafts too; copied to another store
SELECT create_message(:store, :inbox) AS big, create_message(:store, :inbox) AS to_same, create_message(:other, :far) AS to_far \gset
SELECT create_attachment(:big) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 300000, '\x0102'), write_stream(:big, 'PR_HTML', 1100000, '\x03'), save_changes(:a);
SELECT * FROM copy_to(:big, :to_same);
SELECT * FROM copy_to(:big, :to_far);
SELECT get_props(:to_same)->'PR_HTML' = get_props(:big)->'PR_HTML' AS shared, get_props(:to_far)->'PR_HTML'->>'size' AS copied,
       (get_props(:to_far) #> '{PR_MESSAGE_ATTACHMENTS,0,PR_ATTACH_DATA_BIN,blob}') <> (get_props(:big) #> '{PR_MESSAGE_ATTACHMENTS,0,PR_ATTACH_DATA_BIN,blob}') AS other_blob;
-- a write to the source leaves the copies alone
SELECT write_stream(:big, 'PR_HTML', 0, '\x04'), read_stream(:to_same, 'PR_HTML', 0, 1), read_stream(:to_far, 'PR_HTML', 0, 1);
SELECT close_object(:big);
CALL sweep_blobs(:store);
CALL sweep_blobs(:other);
SELECT save_changes(:to_same), save_changes(:to_far);
CALL sweep_blobs(:store);
CALL sweep_blobs(:other);
SELECT h = :to_same AS same_store, length(read_stream(h, 'PR_HTML', 0, 2000000)) AS body, read_stream(h, 'PR_HTML', 1100000, 9) AS body_ends,
       read_stream(open_attachment(h, 0), 'PR_ATTACH_DATA_BIN', 299999, 9) AS bytes_end
FROM unnest(ARRAY[:to_same, :to_far]) AS h;
-- of a saved source: the copy goes on when the source is deleted for good
SELECT create_message(:store, :inbox) AS copy \gset
SELECT * FROM copy_props(:to_same, :copy, '{PR_HTML, PR_MESSAGE_ATTACHMENTS}');
SELECT delete_messages(:store, ARRAY[message_id(:to_same)], 'DELETE_HARD_DELETE');
DELETE FROM change WHERE store_id = :store AND message_id = message_id(:to_same);
CALL sweep_blobs(:store);
SELECT save_changes(:copy), read_stream(:copy, 'PR_HTML', 1100000, 9), read_stream(open_attachment(:copy, 0), 'PR_ATTACH_DATA_BIN', 300000, 9);
-- a reference that the source may not have is refused
SELECT create_message(:store, :inbox) AS liar \gset
SELECT set_props(:liar, jsonb_build_object('PR_HTML', get_props(:copy)->'PR_HTML'));
\set VERBOSITY sqlstate
SELECT * FROM copy_to(:liar, :copy); -- fail
\set VERBOSITY terse
-- an embedded message with a blob, to another store
SELECT create_message(:store, :inbox) AS outer, create_message(:other, :far) AS to_far \gset
SELECT create_attachment(:outer) AS o \gset
SELECT open_embedded_message(:o, 'MAPI_CREATE') AS e \gset
SELECT create_attachment(:e) AS x \gset
SELECT write_stream(:x, 'PR_ATTACH_DATA_BIN', 0, 'deep'), save_changes(:x), save_changes(:e), save_changes(:o);
SELECT * FROM copy_to(:outer, :to_far);
SELECT save_changes(:to_far), read_stream(open_attachment(open_embedded_message(open_attachment(:to_far, 0)), 0), 'PR_ATTACH_DATA_BIN', 0, 9);
