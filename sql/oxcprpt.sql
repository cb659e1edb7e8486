-- The requirements of MS-OXCPRPT on the properties of messages and attachments, on copies
-- of properties, and on streams, by their numbers.
SET search_path = msgstore;
SELECT create_store('oxcprpt') AS s \gset
SELECT set_config('oxcprpt.store', :'s', false) = :'s' AS set;
-- a handle on a message that is saved
CREATE FUNCTION pg_temp.saved(props jsonb) RETURNS integer LANGUAGE sql AS $$
    SELECT open_message(s, message_id, 'MAPI_MODIFY') FROM (SELECT current_setting('oxcprpt.store')::bigint) AS v(s),
        save_new_message(s, special_folder(s, 'Inbox'), props) $$;
-- the message that is stored, whatever the handle shows
CREATE FUNCTION pg_temp.stored(handle integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT read_message(current_setting('oxcprpt.store')::bigint, message_id(handle)) $$;
-- a handle on the first attachment of a handle on a message
CREATE FUNCTION pg_temp.first(handle integer) RETURNS integer LANGUAGE sql AS $$
    SELECT open_attachment(handle, 0, 'MAPI_MODIFY') $$;
CREATE FUNCTION pg_temp.stored_first(handle integer, name text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.stored(handle)->'PR_MESSAGE_ATTACHMENTS'->0->>name $$;
-- the SQLSTATE of a command, or "none"
CREATE FUNCTION pg_temp.raised(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
\set attached '{"PR_COMMENT": "c", "PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "a", "PR_ATTACH_DATA_BIN": "QUJD"}], "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ada"}]}'
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '

-- the list of properties
SELECT pg_temp.saved(:'attached') AS m \gset
SELECT pg_temp.first(:m) AS a \gset
SELECT r, holds FROM (VALUES
    ('R100 R9701: the list of a message names what its values name', get_prop_list(:m) = ARRAY(SELECT jsonb_object_keys(get_props(:m)))),
    ('R9703: so does the list of an attachment', get_prop_list(:a) = ARRAY(SELECT jsonb_object_keys(get_props(:a)))),
    ('R9903: each name once', cardinality(get_prop_list(:m)) = (SELECT count(DISTINCT n) FROM unnest(get_prop_list(:m)) AS n)),
    ('R26: the access level is 0 or 1', get_props(:m)->'PR_ACCESS_LEVEL' = '1'
        AND get_props(open_message(:s, message_id(:m)))->'PR_ACCESS_LEVEL' = '0'),
    ('R34: the name of whoever modified the message last', get_props(:m)->>'PR_LAST_MODIFIER_NAME' = current_user),
    ('R56: the values of what is asked for, no others', get_props(:m, '{PR_COMMENT, PR_KEYWORD}') = '{"PR_COMMENT": "c"}')) AS v(r, holds);

-- setting and deleting
CREATE FUNCTION pg_temp.setting(m integer, a integer) RETURNS TABLE (r text, holds boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_props(m, '{"PR_COMMENT": "d"}'), set_props(a, '{"PR_DISPLAY_NAME": "b"}');
    RETURN QUERY VALUES
        ('R101 R475 R476 R477: the handle shows what is set', get_props(m)->>'PR_COMMENT' = 'd'),
        ('R479: so does the handle of an attachment', get_props(a)->>'PR_DISPLAY_NAME' = 'b'),
        ('R478: it is stored by the save', pg_temp.stored(m)->>'PR_COMMENT' = 'c'),
        ('R480: of an attachment, by its save and then that of the message', pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'a');
    PERFORM save_changes(m);
    RETURN QUERY VALUES ('R478: and is there then', pg_temp.stored(m)->>'PR_COMMENT' = 'd'),
        ('R480: not by the save of the message alone', pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'a');
    PERFORM save_changes(a), save_changes(m);
    RETURN QUERY VALUES ('R480: and is there after both', pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'b');
    PERFORM delete_props(m, '{PR_COMMENT}'), delete_props(a, '{PR_DISPLAY_NAME}');
    RETURN QUERY VALUES
        ('R113 R485 R486 R487 R488: the handle has no value of what is deleted',
         NOT get_props(m) ? 'PR_COMMENT' AND get_props(m, '{PR_COMMENT}') = '{}'),
        ('R490: nor has the handle of an attachment', NOT get_props(a) ? 'PR_DISPLAY_NAME'),
        ('R489 R491: it is stored until the save', pg_temp.stored(m) ? 'PR_COMMENT' AND pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'b');
    PERFORM save_changes(a), save_changes(m);
    RETURN QUERY VALUES ('R489 R491: and no longer',
        NOT pg_temp.stored(m) ? 'PR_COMMENT' AND pg_temp.stored_first(m, 'PR_DISPLAY_NAME') IS NULL);
    PERFORM set_props(m, '{"0x66A10003": 1}'), delete_props(m, '{0x66A11234}');
    RETURN QUERY VALUES ('R486: the id counts, not the type', get_props(m, '{0x66A10003}') = '{}');
    PERFORM set_props(m, '{"0x66A10003": 1}'), delete_props(m, '{0x66A10000}');
    RETURN QUERY VALUES ('R486: type 0 is taken', get_props(m, '{0x66A10003}') = '{}');
END $$;
SELECT * FROM pg_temp.setting(:m, :a);

-- copying properties
CREATE FUNCTION pg_temp.copying(m integer, t integer) RETURNS TABLE (r text, holds boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT 'R146: what is named is copied', NOT EXISTS (SELECT FROM copy_props(m, t, '{PR_COMMENT, PR_MESSAGE_RECIPIENTS}'));
    RETURN QUERY VALUES ('R265: over a value', get_props(t)->>'PR_COMMENT' = 'c'),
        ('R15901: and stays in the source', get_props(m)->>'PR_COMMENT' = 'c'),
        ('R146: nothing else is copied', get_props(t)->>'PR_SUBJECT' = 'target' AND NOT get_props(t) ? 'PR_MESSAGE_ATTACHMENTS'),
        ('R849: it is stored by the save of the target', pg_temp.stored(t)->>'PR_COMMENT' = 't');
    PERFORM save_changes(t);
    RETURN QUERY VALUES ('R849: and is there then', pg_temp.stored(t)->>'PR_COMMENT' = 'c'
        AND pg_temp.stored(t)->'PR_MESSAGE_RECIPIENTS' = pg_temp.stored(m)->'PR_MESSAGE_RECIPIENTS');
    PERFORM set_props(t, '{"PR_COMMENT": "t"}');
    RETURN QUERY SELECT 'R264 R879: what the target has is kept, and named',
        (SELECT array_agg(p.property || ' ' || p.result) FROM copy_props(m, t, '{PR_COMMENT, PR_KEYWORD}', 'MAPI_NOREPLACE') AS p) = '{PR_COMMENT MAPI_E_COLLISION}';
    RETURN QUERY VALUES ('R879: what it has not is copied', get_props(t, '{PR_COMMENT, PR_KEYWORD}') = '{"PR_COMMENT": "t", "PR_KEYWORD": "k"}');
    RETURN QUERY SELECT 'R86701: both flags together', EXISTS (SELECT FROM copy_props(m, t, '{PR_COMMENT, PR_LOCATION}', 'MAPI_MOVE|MAPI_NOREPLACE'));
    RETURN QUERY VALUES ('R86701: what is kept is not moved', get_props(m)->>'PR_COMMENT' = 'c' AND get_props(t)->>'PR_LOCATION' = 'l'
        AND NOT get_props(m) ? 'PR_LOCATION');
    RETURN QUERY SELECT 'R159 R86704: what is moved', NOT EXISTS (SELECT FROM copy_props(m, t, '{PR_COMMENT}', 'MAPI_MOVE'));
    RETURN QUERY VALUES ('R159 R86704: is in the target alone', get_props(t)->>'PR_COMMENT' = 'c' AND NOT get_props(m) ? 'PR_COMMENT'),
        ('R849: in the source it is stored until its save', pg_temp.stored(m) ? 'PR_COMMENT'),
        ('R88001: other bits are refused', pg_temp.raised(format('SELECT msgstore.copy_props(%s, %s, ''{PR_COMMENT}'', 4)', m, t)) = 'MA106');
    PERFORM save_changes(m);
    RETURN QUERY VALUES ('R849: and no longer', NOT pg_temp.stored(m) ? 'PR_COMMENT');
END $$;
SELECT pg_temp.saved(:'attached'::jsonb || '{"PR_KEYWORD": "k", "PR_LOCATION": "l"}') AS m,
       pg_temp.saved('{"PR_SUBJECT": "target", "PR_COMMENT": "t"}') AS t \gset
SELECT * FROM pg_temp.copying(:m, :t);
-- of attachments
CREATE FUNCTION pg_temp.copying_attachments(m integer, t integer, a integer, b integer) RETURNS TABLE (r text, holds boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM copy_props(a, b, '{PR_DISPLAY_NAME}', 'MAPI_MOVE');
    RETURN QUERY VALUES ('R146 R159: an attachment''s property is moved', get_props(b)->>'PR_DISPLAY_NAME' = 'a' AND NOT get_props(a) ? 'PR_DISPLAY_NAME');
    PERFORM save_changes(m), save_changes(t);
    RETURN QUERY VALUES ('R848: the saves of the messages alone store nothing of it',
        pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'a' AND pg_temp.stored_first(t, 'PR_DISPLAY_NAME') = 'b');
    PERFORM save_changes(b), save_changes(t);
    RETURN QUERY VALUES ('R848: after both it is stored in the target', pg_temp.stored_first(t, 'PR_DISPLAY_NAME') = 'a'
        AND pg_temp.stored_first(m, 'PR_DISPLAY_NAME') = 'a');
    PERFORM save_changes(a), save_changes(m);
    RETURN QUERY VALUES ('R848: and in the source', pg_temp.stored_first(m, 'PR_DISPLAY_NAME') IS NULL);
END $$;
SELECT pg_temp.saved(:'attached') AS m, pg_temp.saved('{"PR_MESSAGE_ATTACHMENTS": [{"PR_DISPLAY_NAME": "b"}]}') AS t \gset
SELECT * FROM pg_temp.copying_attachments(:m, :t, pg_temp.first(:m), pg_temp.first(:t));

-- copying everything
CREATE FUNCTION pg_temp.copying_all(m integer, t integer) RETURNS TABLE (r text, holds boolean) LANGUAGE plpgsql AS $$
DECLARE
    lists text[] := '{PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS}';
BEGIN
    PERFORM copy_to(m, t, lists || '{PR_SUBJECT}'::text[]);
    RETURN QUERY VALUES
        ('R182: recipients and attachments are not copied if they are excluded', NOT get_props(t) ?| lists),
        ('R625: values of the target are replaced', get_props(t)->>'PR_COMMENT' = 'c'),
        ('R18501: and stay in the source', get_props(m)->>'PR_COMMENT' = 'c'),
        ('R18501: what is excluded is not copied', get_props(t)->>'PR_SUBJECT' = 'target'),
        ('R5070507: nothing is stored before the save', pg_temp.stored(t)->>'PR_COMMENT' = 't');
    PERFORM refresh(t);
    RETURN QUERY SELECT 'R624 R5070504: what the target has is kept, and named',
        (SELECT string_agg(p.property, ' ' ORDER BY p.property) FROM copy_to(m, t, flags => 'MAPI_NOREPLACE') AS p
         WHERE p.property IN ('PR_SUBJECT', 'PR_COMMENT', 'PR_KEYWORD') AND p.result = 'MAPI_E_COLLISION') = 'PR_COMMENT PR_SUBJECT';
    RETURN QUERY VALUES ('R5070504: the rest is copied', get_props(t, '{PR_SUBJECT, PR_COMMENT, PR_KEYWORD}')
            = '{"PR_SUBJECT": "target", "PR_COMMENT": "t", "PR_KEYWORD": "k"}'),
        ('R181: with recipients and attachments', get_props(t)->'PR_MESSAGE_RECIPIENTS' = get_props(m)->'PR_MESSAGE_RECIPIENTS'
            AND get_props(t)#>>'{PR_MESSAGE_ATTACHMENTS,0,PR_ATTACH_DATA_BIN}' = 'QUJD');
    PERFORM save_changes(t);
    RETURN QUERY VALUES ('R5070507: and is stored then', pg_temp.stored(t)->>'PR_KEYWORD' = 'k' AND pg_temp.stored(t) ?& lists);
    PERFORM copy_to(m, t, '{PR_SUBJECT}', 'MAPI_MOVE|MAPI_NOREPLACE');
    RETURN QUERY VALUES ('R86702: both flags together move what is not kept', get_props(m)->>'PR_COMMENT' = 'c');
    PERFORM copy_to(m, t, '{PR_SUBJECT}', 'MAPI_MOVE');
    RETURN QUERY VALUES ('R86707: what is moved is deleted in the source', get_props(t)->>'PR_COMMENT' = 'c'
            AND NOT get_props(m) ?| (lists || '{PR_COMMENT, PR_KEYWORD}'::text[]) AND get_props(m)->>'PR_SUBJECT' = 's'),
        ('R5070507: and stored there until its save', pg_temp.stored(m) ?& lists),
        ('R5070506: other bits are refused', pg_temp.raised(format('SELECT msgstore.copy_to(%s, %s, ''{}'', 8)', m, t)) = 'MA106');
    PERFORM save_changes(m);
    RETURN QUERY VALUES ('R5070507: and no longer', NOT pg_temp.stored(m) ?| lists);
END $$;
SELECT pg_temp.saved(:'attached'::jsonb || '{"PR_KEYWORD": "k", "PR_SUBJECT": "s"}') AS m,
       pg_temp.saved('{"PR_SUBJECT": "target", "PR_COMMENT": "t"}') AS t \gset
SELECT * FROM pg_temp.copying_all(:m, :t);

-- streams
CREATE FUNCTION pg_temp.streams(m integer, a integer) RETURNS TABLE (r text, holds boolean) LANGUAGE plpgsql AS $$
DECLARE
    reader integer := open_message(current_setting('oxcprpt.store')::bigint, message_id(m));
BEGIN
    RETURN QUERY VALUES
        ('R267: a stream of a read-only handle is read', read_stream(reader, 'PR_HTML', 0, 9) = 'ABC'),
        ('R267: and not written', pg_temp.raised(format('SELECT msgstore.write_stream(%s, ''PR_HTML'', 0, ''x'')', reader)) = 'MA005');
    PERFORM write_stream(m, 'PR_HTML', 1, 'x');
    RETURN QUERY VALUES
        ('R269 R25506: bytes of a message are written', read_stream(m, 'PR_HTML', 0, 9) = 'AxC'),
        ('R56403: and stored by the save', pg_temp.stored(m)->>'PR_HTML' = 'QUJD');
    PERFORM write_stream(m, 'PR_COMMENT', 0, 'text');
    RETURN QUERY VALUES ('R25509: and strings', get_props(m)->>'PR_COMMENT' = 'text');
    PERFORM save_changes(m);
    RETURN QUERY VALUES ('R56403: they are there then', pg_temp.stored(m)->>'PR_HTML' = 'QXhD');
    PERFORM write_stream(m, 'PR_HTML', 5, 'z');
    RETURN QUERY VALUES ('R583: past the end there are zeros', read_stream(m, 'PR_HTML', 0, 9) = '\x41784300007a');
    PERFORM set_stream_size(m, 'PR_HTML', 8);
    RETURN QUERY VALUES ('R322 R32801 R57705: the size is set', stream_size(m, 'PR_HTML') = 8),
        ('R57706: what is longer ends with zeros', read_stream(m, 'PR_HTML', 0, 9) = '\x41784300007a0000');
    PERFORM set_stream_size(m, 'PR_HTML', 2);
    PERFORM set_stream_size(m, 'PR_HTML', 3);
    RETURN QUERY VALUES ('R57707: what was cut off is gone', read_stream(m, 'PR_HTML', 0, 9) = '\x417800');
    PERFORM write_stream(a, 'PR_ATTACH_DATA_BIN', 3, 'D'), write_stream(a, 'PR_DISPLAY_NAME', 0, 'n');
    RETURN QUERY VALUES ('R25502 R25505: bytes and strings of an attachment', read_stream(a, 'PR_ATTACH_DATA_BIN', 0, 9) = 'ABCD'
        AND get_props(a)->>'PR_DISPLAY_NAME' = 'n');
    PERFORM save_changes(m);
    PERFORM refresh(reader);
    RETURN QUERY VALUES ('R56404: are not stored by the save of the message alone',
        read_stream(open_attachment(reader, 0), 'PR_ATTACH_DATA_BIN', 0, 9) = 'ABC');
    PERFORM save_changes(a), save_changes(m), refresh(reader);
    RETURN QUERY VALUES ('R56404: but after both', read_stream(open_attachment(reader, 0), 'PR_ATTACH_DATA_BIN', 0, 9) = 'ABCD');
END $$;
SELECT pg_temp.saved(:'attached'::jsonb || '{"PR_HTML": "QUJD"}') AS m \gset
SELECT * FROM pg_temp.streams(:m, pg_temp.first(:m));
