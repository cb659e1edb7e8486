-- merge_obstacles() returns the properties and objects because of which MERGE would save
-- nothing, by a handle, by a number and by a draft; MERGE answers accordingly.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('obstacles') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
CREATE FUNCTION pg_temp.store() RETURNS bigint LANGUAGE sql AS $$
    SELECT store_id FROM store_list WHERE name = 'obstacles' $$;

-- Make a message, save what others change, and return for a client that changes
-- something, too: the obstacles by handle, number and draft, if the three differ, and
-- what MERGE answers.
CREATE FUNCTION pg_temp.try(props jsonb, theirs jsonb, yours jsonb, OUT obstacles text[],
    OUT alike boolean, OUT merged hresult) LANGUAGE plpgsql AS $$
DECLARE
    s bigint := pg_temp.store();
    m record;
    h integer;
    p bigint;
BEGIN
    SELECT * INTO m FROM save_new_message(s, special_folder(s, 'Inbox'), props);
    h := open_message(s, m.message_id, 'MAPI_MODIFY');
    PERFORM set_props(h, yours);
    PERFORM save_message(s, m.message_id, m.change_number, theirs);
    p := park_message(s, m.message_id, m.change_number, yours);
    obstacles := merge_obstacles(h);
    alike := obstacles = merge_obstacles(s, m.message_id, m.change_number, yours)
        AND obstacles = merge_obstacles(s, p);
    merged := resolve_conflict(h, 'MERGE');
    PERFORM close_object(h), discard_parked(s, p);
END $$;

-- different properties; one property with two values, with one value
SELECT * FROM pg_temp.try('{}', '{"PR_COMMENT": "a"}', '{"PR_IMPORTANCE": 2}');
SELECT * FROM pg_temp.try('{}', '{"PR_COMMENT": "a", "PR_IMPORTANCE": 1}', '{"PR_IMPORTANCE": 2, "PR_COMMENT": "b"}');
SELECT * FROM pg_temp.try('{}', '{"PR_COMMENT": "a"}', '{"PR_COMMENT": "a"}');
-- the bodies are one item, and so is the subject
SELECT * FROM pg_temp.try('{}', '{"PR_BODY": "a"}', '{"PR_HTML": "YQ=="}');
SELECT * FROM pg_temp.try('{}', '{"PR_SUBJECT": "Re: a"}', '{"PR_SUBJECT_PREFIX": "Fw: "}');
-- both add a recipient, which MERGE puts side by side; both change one; one removes it
SELECT * FROM pg_temp.try('{}',
    '{"PR_MESSAGE_RECIPIENTS": [{"PR_EMAIL_ADDRESS": "x@example.org", "PR_RECIPIENT_TYPE": 1}]}',
    '{"PR_MESSAGE_RECIPIENTS": [{"PR_EMAIL_ADDRESS": "y@example.org", "PR_RECIPIENT_TYPE": 1}]}');
\set two '{"PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": 0, "PR_DISPLAY_NAME": "a", "PR_RECIPIENT_TYPE": 1}, {"PR_ROWID": 1, "PR_DISPLAY_NAME": "b", "PR_RECIPIENT_TYPE": 1}]}'
SELECT * FROM pg_temp.try(:'two', replace(replace(:'two', '"a"', '"A"'), '"b"', '"B"')::jsonb,
    replace(replace(:'two', '"a"', '"Aa"'), '"b"', '"Bb"')::jsonb);
SELECT * FROM pg_temp.try(:'two', '{"PR_MESSAGE_RECIPIENTS": []}', replace(:'two', '"a"', '"Aa"')::jsonb);
SELECT * FROM pg_temp.try(:'two', '{"PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": 1, "PR_DISPLAY_NAME": "b", "PR_RECIPIENT_TYPE": 1}], "PR_COMMENT": "a"}',
    (replace(:'two', '"a"', '"Aa"')::jsonb || '{"PR_COMMENT": "b"}'));
-- a list and a property in one answer
SELECT * FROM pg_temp.try('{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 4, "PR_DISPLAY_NAME": "a"}]}',
    '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 4, "PR_DISPLAY_NAME": "b"}], "PR_COMMENT": "b"}',
    '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 4, "PR_DISPLAY_NAME": "c"}], "PR_COMMENT": "c"}');

-- by lines: texts that both changed in different lines, and in one line
SELECT message_id AS m, change_number AS n FROM save_new_message(:store, :inbox,
    jsonb_build_object('PR_BODY', E'a\nb\nc\nd\ne\n', 'PR_COMMENT', E'a\nb\n')) \gset
SELECT result FROM save_message(:store, :m, :n, jsonb_build_object('PR_BODY', E'A\nb\nc\nd\ne\n', 'PR_COMMENT', E'A\nb\n'));
SELECT jsonb_build_object('PR_BODY', E'a\nb\nc\nd\nE\n') AS apart, jsonb_build_object('PR_COMMENT', E'x\nb\n') AS one_line \gset
SELECT merge_obstacles(:store, :m, :n, :'apart') AS whole, merge_obstacles(:store, :m, :n, :'apart', true) AS by_lines;
SELECT merge_obstacles(:store, :m, :n, :'one_line', true), merge_obstacles(:store, :m, :n, :'apart'::jsonb || :'one_line', true);
SELECT park_message(:store, :m, :n, :'apart') AS p \gset
SELECT merge_obstacles(:store, :p), merge_obstacles(:store, :p, true), (resolve_parked(:store, :p, 'MERGE_TEXT')).result;

-- nobody else has saved; a new message
SELECT message_id AS m, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "a"}') \gset
SELECT open_message(:store, :m, 'MAPI_MODIFY') AS h, create_message(:store, :inbox) AS new \gset
SELECT set_props(:h, '{"PR_SUBJECT": "b"}'), set_props(:new, '{"PR_SUBJECT": "b"}');
SELECT merge_obstacles(:h) AS unchanged, merge_obstacles(:new) AS new;
-- the question changes nothing
SELECT has_edits, change_number = :n AS base FROM open_handles WHERE handle = :h;
-- submitted; deleted; deleted for good
SELECT result FROM save_message(:store, :m, :n, '{"PR_MESSAGE_RECIPIENTS": [{"PR_EMAIL_ADDRESS": "x@example.org", "PR_RECIPIENT_TYPE": 1}]}');
SELECT submit_message(:store, :m, change_number) FROM message_list WHERE store_id = :store AND message_id = :m;
SELECT merge_obstacles(:h), resolve_conflict(:h, 'MERGE');
SELECT abort_submit(:store, :m), delete_messages(:store, ARRAY[:m]);
SELECT merge_obstacles(:h), resolve_conflict(:h, 'MERGE');
SELECT delete_messages(:store, ARRAY[:m], 'DELETE_HARD_DELETE');
SELECT merge_obstacles(:h), resolve_conflict(:h, 'MERGE');

-- handles and messages that do not exist, and numbers out of range
SELECT merge_obstacles(NULL::integer); -- fail
SELECT merge_obstacles(0); -- fail
SELECT merge_obstacles(:store, 0); -- fail
SELECT merge_obstacles(:store, 9007199254740992); -- fail
SELECT merge_obstacles(:store, 4711, :n, '{}'); -- fail
SELECT merge_obstacles(:store, :m, 1, '{}'); -- fail
SELECT merge_obstacles(:store, :m, NULL, '{}'); -- fail
SELECT merge_obstacles(:store, NULL); -- fail
SELECT merge_obstacles(:store, 1, NULL::boolean); -- fail
