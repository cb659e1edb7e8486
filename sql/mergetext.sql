-- Texts are merged line by line where the changes of both sides do not touch, and
-- MERGE_TEXT does so for the texts of a message; a conflict merges nothing.
SET search_path = msgstore, public;
\set VERBOSITY terse

-- text_hunks() returns the hunks, merge_text() the result; a conflict stands
-- between marks
\set base 'one\ntwo\nthree\nfour\nfive\n'
SELECT * FROM text_hunks(:'base', E'1\ntwo\nthree\nfour\nfive\n', E'one\ntwo\nthree\n4\nfive\n');
SELECT * FROM merge_text(:'base', E'1\ntwo\nthree\nfour\nfive\n', E'one\ntwo\nthree\n4\nfive\n');
SELECT * FROM text_hunks(:'base', E'one\n2\nthree\nfour\n', E'one\nzwei\nthree\nfour\nfive\nsix');
SELECT * FROM merge_text(:'base', E'one\n2\nthree\nfour\n', E'one\nzwei\nthree\nfour\nfive\nsix');
-- neighbouring lines touch; a line between them is enough
SELECT conflicts FROM merge_text(E'a\nb\n', E'A\nb\n', E'a\nB\n');
SELECT * FROM merge_text(E'a\n-\nb\n', E'A\n-\nb\n', E'a\n-\nB\n');
-- both sides may make one change
SELECT side, is_conflict FROM text_hunks(E'a\nb\n', E'a\nB\n', E'a\nB\n');
SELECT * FROM merge_text(E'a\nb\n', E'a\nB\n', E'a\nB\n');
-- texts that are empty, or equal, or have no line end
SELECT * FROM merge_text('', '', '');
SELECT * FROM merge_text('', '', E'x\n');
SELECT * FROM merge_text('', E'x\n', E'y');
SELECT * FROM merge_text('x', 'x', '');
SELECT count(*) FROM text_hunks('x', 'x', 'x');
SELECT merge_text('x', 'y', NULL);
-- texts of many lines are refused
SELECT conflicts FROM merge_text('', '', repeat(E'\n', 1048576));
SELECT merge_text('', '', repeat(E'\n', 1048577)); -- fail
SELECT * FROM text_hunks('', '', repeat(E'\n', 1048577)); -- fail

-- a message for each case, saved by somebody else since number 1
SELECT create_store('merge text') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
CREATE FUNCTION pg_temp.merged(base jsonb, theirs jsonb, yours jsonb, choice text,
    OUT result hresult, OUT shown jsonb) LANGUAGE plpgsql AS $$
DECLARE
    store bigint := (SELECT store_id FROM store_list WHERE name = 'merge text');
    s record;
BEGIN
    SELECT * INTO s FROM save_new_message(store, special_folder(store, 'Inbox'), base);
    PERFORM save_message(store, s.message_id, s.change_number, theirs);
    SELECT r.result INTO merged.result
    FROM resolve_conflict(store, s.message_id, s.change_number, yours, choice) AS r;
    shown := read_message(store, s.message_id, '{PR_BODY, PR_HTML, PR_COMMENT, PR_SUBJECT,
        PR_TRANSPORT_MESSAGE_HEADERS, PR_IMPORTANCE, PR_MESSAGE_RECIPIENTS}');
END $$;
\set body '{"PR_BODY": "one\\ntwo\\nthree\\n"}'
-- MERGE counts a body that both changed as a conflict; MERGE_TEXT merges it
SELECT * FROM pg_temp.merged(:'body', '{"PR_BODY": "1\ntwo\nthree\n"}',
    '{"PR_BODY": "one\ntwo\n3\n", "PR_IMPORTANCE": 2}', 'MERGE');
SELECT * FROM pg_temp.merged(:'body', '{"PR_BODY": "1\ntwo\nthree\n"}',
    '{"PR_BODY": "one\ntwo\n3\n", "PR_IMPORTANCE": 2}', 'MERGE_TEXT');
-- one conflict in one text, and nothing is stored
SELECT * FROM pg_temp.merged(:'body', '{"PR_BODY": "1\ntwo\nthree\n", "PR_COMMENT": "theirs"}',
    '{"PR_BODY": "eins\ntwo\n3\n", "PR_COMMENT": "yours"}', 'MERGE_TEXT');
-- HTML, transport headers, and any string
SELECT result, convert_from(decode(shown->>'PR_HTML', 'base64'), 'UTF8') AS html,
       shown->'PR_COMMENT' AS comment, shown->'PR_TRANSPORT_MESSAGE_HEADERS' AS headers
FROM pg_temp.merged(
    jsonb_build_object('PR_HTML', encode('<p>\012a\012b\012c\012', 'base64'),
        'PR_COMMENT', E'a\nb\nc', 'PR_TRANSPORT_MESSAGE_HEADERS', E'A: 1\nB: 1\nC: 1\n'),
    jsonb_build_object('PR_HTML', encode('<p>\012A\012b\012c\012', 'base64'),
        'PR_COMMENT', E'A\nb\nc', 'PR_TRANSPORT_MESSAGE_HEADERS', E'A: 2\nB: 1\nC: 1\n'),
    jsonb_build_object('PR_HTML', encode('<p>\012a\012b\012C\012', 'base64'),
        'PR_COMMENT', E'a\nb\nC', 'PR_TRANSPORT_MESSAGE_HEADERS', E'A: 1\nB: 1\nC: 2\n'),
    'MERGE_TEXT');
-- HTML that is not UTF-8 is not merged
SELECT result FROM pg_temp.merged(
    jsonb_build_object('PR_HTML', encode('\377\012a\012b\012c\012', 'base64')),
    jsonb_build_object('PR_HTML', encode('\377\012A\012b\012c\012', 'base64')),
    jsonb_build_object('PR_HTML', encode('\377\012a\012b\012C\012', 'base64')), 'MERGE_TEXT');
-- the body keeps the form that both sides have: base may have another beside it
SELECT result, shown->'PR_BODY' AS body, shown->'PR_HTML' AS html FROM pg_temp.merged(
    jsonb_build_object('PR_BODY', E'one\ntwo\nthree\n', 'PR_HTML', encode('x', 'base64')),
    '{"PR_BODY": "1\ntwo\nthree\n"}', '{"PR_BODY": "one\ntwo\n3\n"}', 'MERGE_TEXT');
-- text against HTML is a conflict, and so is text against a deletion
SELECT result FROM pg_temp.merged(:'body',
    jsonb_build_object('PR_HTML', encode('x', 'base64')), '{"PR_BODY": "one\n"}', 'MERGE_TEXT');
SELECT result FROM pg_temp.merged(:'body', '{"PR_BODY": null}', '{"PR_BODY": "one\n"}', 'MERGE_TEXT');
SELECT result FROM pg_temp.merged('{}', '{"PR_BODY": "one\n"}', '{"PR_BODY": "two\n"}', 'MERGE_TEXT');
-- subjects, numbers and lists follow the rule of MERGE
SELECT result FROM pg_temp.merged('{"PR_SUBJECT": "a\nb\nc"}', '{"PR_SUBJECT": "A\nb\nc"}',
    '{"PR_SUBJECT": "a\nb\nC"}', 'MERGE_TEXT');
SELECT result FROM pg_temp.merged('{"PR_IMPORTANCE": 1}', '{"PR_IMPORTANCE": 2}',
    '{"PR_IMPORTANCE": 0}', 'MERGE_TEXT');
SELECT * FROM pg_temp.merged('{"PR_SUBJECT": "both"}', '{"PR_COMMENT": "theirs"}',
    '{"PR_SUBJECT": "yours"}', 'MERGE_TEXT');

-- through a handle, and of a draft
SELECT message_id AS m FROM save_new_message(:store, :inbox, :'body') \gset
SELECT open_message(:store, :m, 'MAPI_MODIFY') AS h \gset
SELECT r."PidTagChangeNumber" AS n FROM jsonb_to_record(read_message(:store, :m))
    AS r ("PidTagChangeNumber" bigint) \gset
SELECT park_message(:store, :m, :n, '{"PR_BODY": "one\ntwo\nthree\nfour\n"}') AS p \gset
SELECT set_props(:h, '{"PR_BODY": "0\none\ntwo\nthree\n"}');
SELECT result FROM save_message(:store, :m, :n, '{"PR_BODY": "one\n2\nthree\n"}');
SELECT resolve_conflict(:h, 'MERGE'), has_edits FROM open_handles WHERE handle = :h;
SELECT resolve_conflict(:h, 'MERGE_TEXT');
SELECT has_edits, get_props(:h, '{PR_BODY}') FROM open_handles WHERE handle = :h;
SELECT result FROM resolve_parked(:store, :p, 'MERGE_TEXT');
SELECT read_message(:store, :m, '{PR_BODY}'), count(*) FROM parked WHERE store_id = :store;
SELECT kind FROM history(:store, :m) ORDER BY change_number;
SELECT resolve_conflict(:h, 'MERGE_LINES'); -- fail
SELECT close_object(:h);
