-- Values too large for a column: any string or binary property written with more than
-- 1 MB is a blob, in a message, an attachment or an embedded message.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('streamlarge') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
-- n times ten bytes; the size, the beginning and the end of a handle's property
CREATE FUNCTION pg_temp.tens(n integer, ten text DEFAULT '123456789.') RETURNS bytea LANGUAGE sql AS
    $$SELECT convert_to(repeat(ten, n), 'UTF8')$$;
CREATE FUNCTION pg_temp.ends(h integer, property text) RETURNS text LANGUAGE sql AS
    $$SELECT format('%s: %s .. %s', s, convert_from(msgstore.read_stream(h, property, 0, 10), 'UTF8'),
                    convert_from(msgstore.read_stream(h, property, s - 10, 99), 'UTF8'))
      FROM msgstore.stream_size(h, property) s$$;
-- the references of properties, without the blob's number, which varies
CREATE FUNCTION pg_temp.shown(v jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT CASE WHEN v ? 'blob' THEN 'blob of ' || (v->>'size') ELSE left(v::text, 30) END$$;
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "large", "PR_BODY": "short"}') \gset

-- up to 1 MB is a value, one byte more a blob, of which get_props() shows the reference
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS m \gset
SELECT write_stream(:m, 'PR_BODY', 0, pg_temp.tens(104857)), write_stream(:m, 'PR_BODY', 1048570, 'abcdef');
SELECT jsonb_typeof(get_props(:m)->'PR_BODY');
SELECT write_stream(:m, 'PR_BODY', 1048576, 'g'), pg_temp.shown(get_props(:m)->'PR_BODY'), pg_temp.ends(:m, 'PR_BODY');
SELECT pg_temp.shown(get_props(:m, '{PR_BODY}')->'PR_BODY'), (get_props(:m, '{PR_MESSAGE_SIZE}')->>'PR_MESSAGE_SIZE')::int > 1048577;
-- other sessions see the blob once it is saved
SELECT read_message(:store, :id, '{PR_BODY}'), save_changes(:m);
SELECT pg_temp.shown(read_message(:store, :id)->'PR_BODY'), pg_temp.ends(open_message(:store, :id), 'PR_BODY');

-- a write that would cut a character in two is refused
SELECT write_stream(:m, 'PR_BODY', 500000, 'ä€'), write_stream(:m, 'PR_BODY', 500005, 'x');
SELECT write_stream(:m, 'PR_BODY', 500001, 'x'); -- fail
SELECT write_stream(:m, 'PR_BODY', 499999, 'ab'); -- fail
SELECT write_stream(:m, 'PR_BODY', 0, '\xc3'); -- fail
SELECT write_stream(:m, 'PR_BODY', 0, '\x00'); -- fail
SELECT truncate_stream(:m, 'PR_BODY', 500004); -- fail
SELECT truncate_stream(:m, 'PR_BODY', 500005), pg_temp.ends(:m, 'PR_BODY');
-- a blob that is cut short stays a blob, until the property is set as a value
SELECT pg_temp.shown(get_props(:m)->'PR_BODY'), set_props(:m, '{"PR_BODY": "short again"}'), get_props(:m, '{PR_BODY}');
SELECT refresh(:m), pg_temp.shown(get_props(:m)->'PR_BODY');

-- a message has one body, of any size and form
SELECT write_stream(:m, 'PR_HTML', 0, pg_temp.tens(110000, '<p>html</p')), get_props(:m, '{PR_BODY}'), pg_temp.ends(:m, 'PR_HTML');
SELECT save_changes(:m);
SELECT read_message(:store, :id, '{PR_BODY}'), pg_temp.shown(read_message(:store, :id)->'PR_HTML');
SELECT set_props(:m, '{"PR_RTF_COMPRESSED": "cnRm"}'), save_changes(:m);
SELECT read_message(:store, :id, '{PR_HTML,PR_RTF_COMPRESSED}');
SELECT write_stream(:m, 'PR_TRANSPORT_MESSAGE_HEADERS', 0, pg_temp.tens(120000)), save_changes(:m);
SELECT write_stream(:m, 'PS_PUBLIC_STRINGS:note', 0, pg_temp.tens(130000)),
       write_stream(:m, 'PR_CONVERSATION_INDEX', 0, pg_temp.tens(140000)), delete_props(:m, '{PR_RTF_COMPRESSED}'), save_changes(:m);
-- a blob is deleted like any value
SELECT delete_props(:m, '{PR_TRANSPORT_MESSAGE_HEADERS,PS_PUBLIC_STRINGS:note}'), save_changes(:m);
SELECT v.property, pg_temp.shown(v.value) FROM jsonb_each(read_message(:store, :id)) v(property, value)
WHERE v.property ~ 'BODY$|HTML|RTF|HEADERS|note|INDEX';

-- two bodies are set by one call with both references
SELECT create_message(:store, :inbox) AS both \gset
SELECT write_stream(:both, 'PR_BODY', 0, pg_temp.tens(110000)), get_props(:both)->'PR_BODY' AS text \gset
SELECT write_stream(:both, 'PR_HTML', 0, pg_temp.tens(120000, '<p>html</p')), get_props(:both)->'PR_HTML' AS html,
       get_props(:both, '{PR_BODY}') AS none \gset
SELECT :'none', set_props(:both, jsonb_build_object('PR_BODY', :'text'::jsonb, 'PR_HTML', :'html'::jsonb)), save_changes(:both),
       pg_temp.ends(:both, 'PR_BODY'), pg_temp.ends(:both, 'PR_HTML');

-- every version is as it was saved
SELECT array_agg(change_number ORDER BY changed_at) AS at FROM history(:store, :id) \gset
SELECT h.kind, h.properties, (SELECT string_agg(v.property || ' ' || pg_temp.shown(v.value), ', ' ORDER BY v.property)
    FROM jsonb_each(message_at(:store, :id, h.change_number)) v(property, value)
    WHERE v.property ~ 'BODY$|HTML|RTF|HEADERS|note|INDEX') AS large
FROM history(:store, :id) h ORDER BY h.changed_at;
SELECT change_number AS now FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT result AS restored, change_number AS now FROM restore_version(:store, :id, (:'at'::bigint[])[2], :now) \gset
SELECT :'restored', pg_temp.ends(open_message(:store, :id), 'PR_BODY'), read_message(:store, :id, '{PR_CONVERSATION_INDEX}');

-- a conflict: both sides changed the body, one of them to a blob
SELECT refresh(:m);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS other \gset
SELECT write_stream(:m, 'PR_BODY', 0, 'mine'), save_changes(:m);
SELECT set_props(:other, '{"PR_HTML": "eW91cnM=", "PR_COMMENT": "both"}'), save_changes(:other);
SELECT property, pg_temp.shown(base) AS base, pg_temp.shown(theirs) AS theirs, pg_temp.shown(yours) AS yours, side
FROM conflict(:other) ORDER BY property;
SELECT resolve_conflict(:other, 'MERGE'), force_save(:other);
SELECT read_message(:store, :id, '{PR_BODY,PR_HTML}');
SELECT property, pg_temp.shown(base) AS base, pg_temp.shown(theirs) AS theirs, pg_temp.shown(yours) AS yours, side
FROM conflict(:m);
SELECT write_stream(:m, 'PR_BODY', 4, 'again'), save_changes(:m), force_save(:m), pg_temp.ends(open_message(:store, :id), 'PR_BODY');
-- a merge: one side changed the blob, the other side another property
SELECT refresh(:other), set_props(:other, '{"PR_COMMENT": "beside"}');
SELECT write_stream(:m, 'PR_BODY', 1048577, 'and more'), save_changes(:m), resolve_conflict(:other, 'MERGE');
SELECT pg_temp.ends(open_message(:store, :id), 'PR_BODY'), read_message(:store, :id, '{PR_COMMENT}');
SELECT refresh(:m), set_props(:other, '{"PR_COMMENT": "below"}'), save_changes(:other);
SELECT write_stream(:m, 'PR_BODY', 0, 'MERGED'), resolve_conflict(:m, 'MERGE'), pg_temp.ends(open_message(:store, :id), 'PR_BODY'),
       read_message(:store, :id, '{PR_COMMENT}');

-- saved elsewhere, the copy has the bytes, pending ones too, and the handle works on
SELECT write_stream(:m, 'PR_BODY', 0, 'COPIED'), save_as(:m, :inbox) AS copy \gset
SELECT pg_temp.ends(open_message(:store, :copy), 'PR_BODY'), pg_temp.ends(:m, 'PR_BODY');
SELECT write_stream(:m, 'PR_BODY', 0, 'MINE, NOT'), pg_temp.ends(open_message(:store, :copy), 'PR_BODY'), pg_temp.ends(:m, 'PR_BODY');
SELECT save_as(:m, :inbox) AS second \gset
SELECT pg_temp.ends(open_message(:store, :second), 'PR_BODY'), save_changes(:m), pg_temp.ends(open_message(:store, :id), 'PR_BODY');
-- a copy that is deleted for good and swept takes nothing from the handle
SELECT write_stream(:m, 'PR_BODY', 0, 'KEPT'), save_as(:m, :inbox) AS gone \gset
SELECT delete_messages(:store, ARRAY[:gone], 'DELETE_HARD_DELETE');
DELETE FROM change WHERE store_id = :store AND message_id = :gone;
CALL sweep_blobs(:store);
SELECT pg_temp.ends(:m, 'PR_BODY'), save_changes(:m), pg_temp.ends(open_message(:store, :id), 'PR_BODY');

-- a draft
SELECT write_stream(:m, 'PR_HTML', 0, pg_temp.tens(110000, '<i>html</i')), park(:m) AS draft \gset
SELECT properties FROM parked WHERE store_id = :store AND parked_id = :draft;
SELECT close_object(:m), resume(:store, :draft) AS m \gset
CALL sweep_blobs(:store);
SELECT pg_temp.ends(:m, 'PR_HTML'), get_props(:m, '{PR_BODY}'), save_changes(:m);
SELECT read_message(:store, :id, '{PR_BODY}'), pg_temp.shown(read_message(:store, :id)->'PR_HTML');

-- deleted for good under a handle: what it shows can be saved elsewhere
SELECT write_stream(:m, 'PR_HTML', 0, '<b>'), delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE'), save_changes(:m);
SELECT resolve_conflict(:m, 'SAVE_ELSEWHERE'), message_id(:m) <> :id AS elsewhere, pg_temp.ends(:m, 'PR_HTML');
SELECT pg_temp.ends(open_message(:store, message_id(:m)), 'PR_HTML');

-- in an attachment and in the message that it embeds
SELECT create_attachment(:m) AS a \gset
SELECT open_embedded_message(:a, 'MAPI_CREATE') AS e \gset
SELECT write_stream(:a, 'PR_ATTACH_LONG_FILENAME', 0, pg_temp.tens(110000)), write_stream(:e, 'PR_BODY', 0, pg_temp.tens(120000, 'in a body ')),
       write_stream(:e, 'PR_SUBJECT', 0, 'in it');
SELECT save_changes(:e), save_changes(:a), save_changes(:m);
SELECT open_embedded_message(open_attachment(open_message(:store, message_id(:m)), 0)) AS r \gset
SELECT pg_temp.ends(:r, 'PR_BODY'), pg_temp.shown(get_props(:r)->'PR_BODY'), get_props(:r, '{PR_SUBJECT}');
SELECT pg_temp.ends(open_attachment(open_message(:store, message_id(:m)), 0), 'PR_ATTACH_LONG_FILENAME');
-- an attachment that was folded in stays as it is; later writes go to a copy
SELECT write_stream(:e, 'PR_BODY', 0, 'IN ANOTHER'), pg_temp.ends(:r, 'PR_BODY'), pg_temp.ends(:e, 'PR_BODY');
-- bodies and headers are refused on an attachment
SELECT set_props(:a, '{"PR_BODY": "lost?"}'); -- fail
SELECT delete_props(:a, '{PR_HTML}'); -- fail
SELECT write_stream(:a, 'PR_TRANSPORT_MESSAGE_HEADERS', 0, 'lost?'); -- fail

-- a reference may be set where it belongs only, in its type and with its size
SELECT get_props(:m, '{PR_HTML}') AS html \gset
SELECT message_id(:m) AS here \gset
SELECT change_number AS now FROM message_list WHERE store_id = :store AND message_id = :here \gset
SELECT result AS result, change_number AS now FROM save_message(:store, :here, :now, '{"PR_HTML": "c2hvcnQ="}') \gset
SELECT :'result', read_message(:store, :here, '{PR_HTML}');
SELECT result AS result, change_number AS now FROM save_message(:store, :here, :now, :'html') \gset
SELECT :'result', pg_temp.shown(read_message(:store, :here)->'PR_HTML');
SELECT save_message(:store, :copy, change_number, :'html', 'FORCE_SAVE') FROM message_list
WHERE store_id = :store AND message_id = :copy; -- fail
SELECT save_message(:store, :here, :now, jsonb_build_object('PR_BODY', :'html'::jsonb->'PR_HTML')); -- fail
SELECT save_message(:store, :here, :now, jsonb_build_object('PR_HTML', jsonb_set(:'html'::jsonb->'PR_HTML', '{size}', '7'))); -- fail
SELECT save_message(:store, :here, :now, jsonb_build_object('PR_IMPORTANCE', :'html'::jsonb->'PR_HTML')); -- fail
SELECT save_message(:store, :here, :now, jsonb_build_object('PR_MESSAGE_RECIPIENTS', jsonb_build_array(
    jsonb_build_object('PR_DISPLAY_NAME', :'html'::jsonb->'PR_HTML')))); -- fail
SELECT save_new_message(:store, :inbox, :'html'); -- fail

-- an upload belongs to its handle: no other may use it, and it goes when that closes
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles WHERE store_id = :store;
CALL sweep_blobs(:store);
SELECT count(*) AS stored FROM blob WHERE store_id = :store \gset
SELECT open_message(:store, :here, 'MAPI_MODIFY') AS m \gset
SELECT open_message(:store, :here, 'MAPI_MODIFY') AS other \gset
SELECT write_stream(:m, 'PR_COMMENT', 0, pg_temp.tens(110000));
SELECT set_props(:other, get_props(:m, '{PR_COMMENT}'));
SELECT read_stream(:other, 'PR_COMMENT', 0, 10); -- fail
SELECT save_changes(:other); -- fail
SELECT save_message(:store, :here, (SELECT change_number FROM message_list WHERE store_id = :store AND message_id = :here),
                    get_props(:m, '{PR_COMMENT}')); -- fail
-- a handle that refers to one upload twice writes to a copy
SELECT set_props(:m, jsonb_build_object('PR_BODY', get_props(:m)->'PR_COMMENT')), write_stream(:m, 'PR_COMMENT', 0, 'COMMENT'),
       pg_temp.ends(:m, 'PR_BODY'), pg_temp.ends(:m, 'PR_COMMENT');
SELECT count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
BEGIN;
SELECT close_object(:m), count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
SELECT count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
ROLLBACK;
SELECT pg_temp.ends(:m, 'PR_COMMENT'), count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
SELECT refresh(:m);
SELECT count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
-- many properties written in turn are as many blobs, each written in place
SELECT sum(write_stream(:m, p, i * 70000, pg_temp.tens(7000))) FROM generate_series(0, 30) i, unnest('{PR_COMMENT,PR_BODY}'::text[]) p;
SELECT pg_temp.ends(:m, 'PR_COMMENT'), pg_temp.ends(:m, 'PR_BODY'), count(*) - :stored AS uploads FROM blob WHERE store_id = :store;
SELECT save_changes(:m);
SELECT count(*) - :stored AS saved FROM blob WHERE store_id = :store AND sealed;
-- a false reference is refused before anything is written over it
SELECT set_props(:m, '{"PR_COMMENT": {"blob": 0, "size": 5}}'); -- fail
SELECT write_stream(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY', 0, pg_temp.tens(110000)),
       set_props(:m, jsonb_build_object('PR_COMMENT', get_props(:m)->'PS_PUBLIC_STRINGS:bytes:PT_BINARY'));
SELECT write_stream(:m, 'PR_COMMENT', 0, 'text'); -- fail
SELECT truncate_stream(:m, 'PR_COMMENT', 0); -- fail
SELECT write_stream(:m, 'PR_BODY', 0, pg_temp.tens(110000)),
       set_props(:m, jsonb_build_object('PR_COMMENT', jsonb_set(get_props(:m)->'PR_BODY', '{size}', '1100010')));
SELECT write_stream(:m, 'PR_COMMENT', 1100010, 'after zeros'); -- fail
SELECT set_props(:m, jsonb_build_object('PR_COMMENT', get_props(:m)->'PR_BODY')), write_stream(:m, 'PR_COMMENT', 1100000, ' and after.'),
       pg_temp.ends(:m, 'PR_BODY'), pg_temp.ends(:m, 'PR_COMMENT');
-- so is one that guesses the number of the next upload
SELECT refresh(:m), delete_props(:m, '{PR_BODY}');
SELECT set_props(:m, jsonb_build_object('PR_COMMENT', jsonb_build_object('blob', last_value + 1, 'size', 1100010))) FROM blob_id_seq;
SELECT write_stream(:m, 'PR_BODY', 0, pg_temp.tens(110000));
SELECT write_stream(:m, 'PR_COMMENT', 1100010, 'after zeros'); -- fail
-- an attachment that refers to its message's upload keeps the bytes as they were
SELECT refresh(:m), write_stream(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY', 0, pg_temp.tens(110000)), create_attachment(:m) AS a \gset
SELECT set_props(:a, jsonb_build_object('PR_ATTACH_DATA_BIN', get_props(:m)->'PS_PUBLIC_STRINGS:bytes:PT_BINARY')), save_changes(:a);
SELECT write_stream(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY', 0, 'PARENT'), write_stream(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY', 1100000, '!');
SELECT pg_temp.ends(:a, 'PR_ATTACH_DATA_BIN'), pg_temp.ends(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY'), save_changes(:m);
SELECT pg_temp.ends(open_attachment(h, (get_props(:a)->>'PR_ATTACH_NUM')::int), 'PR_ATTACH_DATA_BIN'),
       pg_temp.ends(h, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY') FROM open_message(:store, :here) h;
-- a copy of a value that was cut short has the rest only
SELECT truncate_stream(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY', 600000);
SELECT count(*) AS chunks FROM blob_chunk
WHERE store_id = :store AND blob_id = (get_props(:m)#>>'{PS_PUBLIC_STRINGS:bytes:PT_BINARY,blob}')::bigint;
SELECT pg_temp.ends(:m, 'PS_PUBLIC_STRINGS:bytes:PT_BINARY'), refresh(:m), close_object(:a);

-- bytes that only a draft has belong to the draft's role
GRANT USAGE ON SCHEMA msgstore TO PUBLIC;
CREATE ROLE regress_streamlarge_group;
CREATE ROLE regress_streamlarge_other IN ROLE regress_streamlarge_group;
SELECT create_store('streamlarge shared', 'regress_streamlarge_group') AS shared \gset
SELECT message_id AS ours FROM save_new_message(:shared, special_folder(:shared, 'Inbox'), '{"PR_SUBJECT": "ours"}') \gset
SELECT open_message(:shared, :ours, 'MAPI_MODIFY') AS mine \gset
SELECT write_stream(:mine, 'PR_BODY', 0, pg_temp.tens(110000, 'secret so ')), park(:mine) AS draft \gset
SELECT get_props(:mine, '{PR_BODY}') AS secret \gset
SET ROLE regress_streamlarge_other;
SELECT open_message(:shared, :ours, 'MAPI_MODIFY') AS theirs \gset
SELECT set_props(:theirs, :'secret');
SELECT read_stream(:theirs, 'PR_BODY', 0, 10); -- fail
SELECT write_stream(:theirs, 'PR_BODY', 0, 'x'); -- fail
SELECT save_changes(:theirs); -- fail
SELECT park(:theirs); -- fail
SELECT save_as(:theirs, special_folder(:shared, 'Inbox')); -- fail
RESET ROLE;
SELECT close_object(:mine), resume(:shared, :draft) AS mine \gset
SELECT convert_from(read_stream(:mine, 'PR_BODY', 0, 10), 'UTF8'), save_as(:mine, special_folder(:shared, 'Inbox')) > 0 AS copied;
-- once saved, the bytes belong to the message
SELECT save_changes(:mine), park(:mine) > 0 AS parked, close_object(:mine);
SET ROLE regress_streamlarge_other;
SELECT convert_from(read_stream(:theirs, 'PR_BODY', 0, 10), 'UTF8'), force_save(:theirs);
RESET ROLE;

-- pending values can be read when the base is pruned
SELECT message_id AS pruned FROM save_new_message(:store, :inbox, '{"PR_BODY": "first"}') \gset
SELECT open_message(:store, :pruned, 'MAPI_MODIFY') AS m \gset
SELECT write_stream(:m, 'PR_HTML', 0, pg_temp.tens(110000, '<p>html</p')), write_stream(:m, 'PR_COMMENT', 0, 'pending');
SELECT result FROM change_list c, save_message(:store, :pruned, c.change_number, '{"PR_BODY": "second"}') WHERE c.store_id = :store AND c.message_id = :pruned;
DELETE FROM change WHERE store_id = :store AND message_id = :pruned;
SELECT stream_size(:m, 'PR_SUBJECT'); -- fail
SELECT write_stream(:m, 'PR_SUBJECT', 0, 'x'); -- fail
SELECT write_stream(:m, 'PR_HTML', 3, 'HTML'), pg_temp.ends(:m, 'PR_HTML'), write_stream(:m, 'PR_COMMENT', 7, ' on');
SELECT stream_size(:m, 'PR_BODY'); -- fail
SELECT read_stream(:m, 'PR_COMMENT', 0, 99), park(:m) > 0 AS parked, close_object(:m);

-- DISCARD ALL ends uploads with their handles
SELECT write_stream(open_message(:store, :here, 'MAPI_MODIFY'), 'PR_COMMENT', 0, 'X');
SELECT count(*) - :stored AS before FROM blob WHERE store_id = :store;
DISCARD ALL;
SET search_path = msgstore, public;
SELECT count(*) - :stored AS after FROM blob WHERE store_id = :store;
DROP ROLE regress_streamlarge_other, regress_streamlarge_group;
