-- The conflict report explains a refusal: a row for each property that was changed
-- since the client's base, with base, theirs and yours, and the author of the change.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('conflict') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset

-- a new message for each case; its number
CREATE FUNCTION pg_temp.message(props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'conflict'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'conflict'),
        props) $$;
CREATE FUNCTION pg_temp.number(id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT (read_message(store_id, id)->>'PidTagChangeNumber')::bigint
    FROM store_list WHERE name = 'conflict' $$;
-- a save of another client, over the newest version
CREATE FUNCTION pg_temp.other(id bigint, changes jsonb) RETURNS hresult LANGUAGE sql AS $$
    SELECT result FROM store_list, save_message(store_id, id, pg_temp.number(id), changes)
    WHERE name = 'conflict' $$;
-- the columns of a report that the cases look at
CREATE FUNCTION pg_temp.report(h integer, OUT property text, OUT base jsonb, OUT theirs jsonb,
    OUT yours jsonb, OUT side text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT property, base, theirs, yours, side FROM conflict(h) ORDER BY property $$;

-- A saves the subject; B has edited the body, is refused, and the report says why
SELECT pg_temp.message('{"PR_SUBJECT": "old subject", "PR_BODY": "old body", "PR_IMPORTANCE": 2}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:a, '{"PR_SUBJECT": "A''s subject"}'), set_props(:b, '{"PR_BODY": "B''s body"}');
SELECT count(*) FROM conflict(:b);
SET application_name = 'regress conflict';
SET msgstore.actor = 'ann@example.org';
SELECT save_changes(:a);
RESET msgstore.actor;
SELECT save_changes(:b);
SELECT * FROM pg_temp.report(:b);
SELECT property, changed_by, client, change_number = pg_temp.number(:id) AS current,
       changed_at = (SELECT modified_at FROM message_list WHERE message_id = :id) AS time
FROM conflict(:b) ORDER BY property;
-- the report is equal before a save is tried, and however often it is asked for
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:c, '{"PR_COMMENT": "C"}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "later"}');
SELECT * FROM pg_temp.report(:c);
SELECT * FROM pg_temp.report(:c);
SELECT * FROM pg_temp.report(:b);
-- a handle without edits reports what the others changed, a read-only one too
SELECT open_message(:store, :id) AS reader, open_message(:store, :id, 'MAPI_MODIFY') AS d \gset
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "again", "PR_COMMENT": null}');
SELECT * FROM pg_temp.report(:reader);
SELECT * FROM pg_temp.report(:d);
-- no rows where there is no conflict: fresh, after the handle's own saves, refreshed
SELECT refresh(:b);
SELECT count(*) FROM conflict(:b);
SELECT set_props(:b, '{"PR_SUBJECT": "mine"}');
SELECT count(*) FROM conflict(:b);
SELECT save_changes(:b);
SELECT count(*) FROM conflict(:b);
SELECT set_props(:b, '{"PR_SUBJECT": "mine again"}');
SELECT count(*) FROM conflict(:b);
-- refused saves, empty saves and reads of others make no conflict
SELECT result FROM save_message(:store, :id, 1, '{"PR_SUBJECT": "stale"}');
SELECT pg_temp.other(:id, '{}');
SELECT count(read_message(:store, :id));
SELECT count(*) FROM conflict(:b);
-- nor does a save that was rolled back
BEGIN;
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "rolled back"}');
SELECT count(*) FROM conflict(:b);
ROLLBACK;
SELECT count(*) FROM conflict(:b);
-- a new message has no report
SELECT create_message(:store, :inbox) AS new \gset
SELECT set_props(:new, '{"PR_SUBJECT": "new"}');
SELECT count(*) FROM conflict(:new);
SELECT count(close_object(handle)) FROM open_handles;

-- side "both": one property set to different values, to equal values, and deleted
SELECT pg_temp.message('{"PR_SUBJECT": "old", "PR_COMMENT": "old", "PR_SENDER_NAME": "old",
    "PR_IMPORTANCE": 1}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:b, '{"PR_SUBJECT": "yours", "PR_COMMENT": "same", "PR_SENDER_NAME": null,
    "PR_SENSITIVITY": 1, "PR_CONVERSATION_TOPIC": null}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs", "PR_COMMENT": "same", "PR_SENDER_NAME": "theirs",
    "PR_IMPORTANCE": 2, "PR_SENSITIVITY": null}');
SELECT * FROM pg_temp.report(:b);
-- a property set to the value that it has is an edit, theirs or yours
SELECT refresh(:b);
SELECT set_props(:b, '{"PR_SUBJECT": "theirs"}');
SELECT pg_temp.other(:id, '{"PR_COMMENT": "same"}');
SELECT * FROM pg_temp.report(:b);
-- a property that was changed and put back counts as changed
SELECT refresh(:b);
SELECT set_props(:b, '{"PR_IMPORTANCE": 0}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "there"}'), pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}');
SELECT * FROM pg_temp.report(:b);
-- one row under the canonical name, whatever the spellings
SELECT refresh(:b);
SELECT set_props(:b, '{"PidTagSubject": "yours"}'), set_props(:b, '{"0x0037001F": "yours, later"}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT_W": "theirs, later"}');
SELECT * FROM pg_temp.report(:b);
-- a tag without a name
SELECT refresh(:b);
SELECT set_props(:b, '{"0x4F00001F": "yours"}');
SELECT pg_temp.other(:id, '{"0x4F00001F": "theirs", "0x4F010003": 7}');
SELECT * FROM pg_temp.report(:b);
-- stamps and computed properties never count, although each save changes them;
-- nor does a time given before the first save, which the second takes away
SELECT pg_temp.message('{"PR_SUBJECT": "dated", "PR_CREATION_TIME": "2001-01-01T00:00:00Z",
    "PR_LAST_MODIFICATION_TIME": "2001-02-01T00:00:00Z"}') AS dated \gset
SELECT open_message(:store, :dated, 'MAPI_MODIFY') AS b2 \gset
SELECT set_props(:b2, '{"PR_COMMENT": "B"}');
SELECT pg_temp.other(:dated, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}');
SELECT * FROM pg_temp.report(:b2);
SELECT count(close_object(handle)) FROM open_handles;

-- bodies are one unit: edits of the text and of the HTML are edits of the body
SELECT pg_temp.message('{"PR_SUBJECT": "bodies", "PR_BODY": "text"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b, open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:b, '{"PR_BODY": "B''s text"}'), set_props(:c, '{"PR_SUBJECT": "C"}');
SET msgstore.actor = 'html@example.org';
SELECT pg_temp.other(:id, '{"PR_HTML": "PGI+"}');
RESET msgstore.actor;
SELECT * FROM pg_temp.report(:b);
SELECT * FROM pg_temp.report(:c);
SELECT property, changed_by FROM conflict(:b) ORDER BY property;
-- so they are where there was no body, and where one was only deleted
SELECT pg_temp.message('{"PR_SUBJECT": "bodies"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b, open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:b, '{"PR_BODY": "B''s text"}'), set_props(:c, '{"PR_RTF_COMPRESSED": null}');
SET msgstore.actor = 'html@example.org';
SELECT pg_temp.other(:id, '{"PR_HTML": "PGI+"}');
RESET msgstore.actor;
SELECT * FROM pg_temp.report(:b);
SELECT property, side, changed_by FROM conflict(:b) ORDER BY property;
SELECT property, side, changed_by FROM conflict(:c) ORDER BY property;
-- a recipient is one unit, and so are the headers
SELECT pg_temp.message('{"PR_SUBJECT": "recipients", "PR_TRANSPORT_MESSAGE_HEADERS": "X: old",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:b, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 2}]}');
SELECT pg_temp.other(:id, '{"PR_TRANSPORT_MESSAGE_HEADERS": "X: new",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}, {"PR_DISPLAY_NAME": "Cid", "PR_RECIPIENT_TYPE": 1}]}');
SELECT * FROM pg_temp.report(:b);
SELECT count(close_object(handle)) FROM open_handles;

-- ten saves by five clients: each property is reported with its last author, and with
-- the number, the time and the client of that author's save
CREATE ROLE regress_conflict_ann;
CREATE ROLE regress_conflict_bob;
CREATE ROLE regress_conflict_team;
GRANT regress_conflict_team TO regress_conflict_ann, regress_conflict_bob;
SELECT create_store('conflict: of a team', 'regress_conflict_team') AS team \gset
SET ROLE regress_conflict_bob;
SELECT message_id AS id, change_number AS n0 FROM save_new_message(:team, special_folder(:team, 'Inbox'),
    '{"PR_SUBJECT": "0", "PR_COMMENT": "0", "PR_SENDER_NAME": "0", "PR_IMPORTANCE": 0, "PR_BODY": "0"}') \gset
SELECT open_message(:team, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:b, '{"PR_SUBJECT": "yours", "PR_SENSITIVITY": 2}');
SET application_name = 'first client';
SET ROLE regress_conflict_ann;
SELECT change_number AS n1 FROM save_message(:team, :id, :n0, '{"PR_SUBJECT": "1", "PR_COMMENT": "1"}') \gset
SET application_name = 'second client';
SET msgstore.actor = 'two@example.org';
SELECT change_number AS n2 FROM save_message(:team, :id, :n1, '{"PR_SENDER_NAME": "2", "PR_IMPORTANCE": 2}') \gset
SET application_name = 'third client';
SET msgstore.actor = 'three@example.org';
SET ROLE regress_conflict_bob;
SELECT change_number AS n3 FROM save_message(:team, :id, :n2, '{"PR_SUBJECT": "3", "PR_BODY": "3"}') \gset
SET application_name = 'fourth client';
RESET msgstore.actor;
SELECT change_number AS n4 FROM save_message(:team, :id, :n3, '{"PR_IMPORTANCE": 1}') \gset
SET application_name = '';
RESET ROLE;
SET msgstore.actor = 'five@example.org';
SELECT change_number AS n5 FROM save_message(:team, :id, :n4, '{"PR_BODY": "5", "PR_COMMENT": null}') \gset
SELECT change_number AS n6 FROM save_message(:team, :id, :n5, '{"PR_BODY": "6"}') \gset
SET application_name = 'second client';
SET msgstore.actor = 'two@example.org';
SELECT change_number AS n7 FROM save_message(:team, :id, :n6, '{"PR_SUBJECT": "7"}') \gset
SET application_name = 'first client';
RESET msgstore.actor;
SET ROLE regress_conflict_ann;
SELECT change_number AS n8 FROM save_message(:team, :id, :n7, '{"0x4F00001F": "8"}') \gset
RESET ROLE;
SET application_name = 'third client';
SET msgstore.actor = 'three@example.org';
SELECT change_number AS n9 FROM save_message(:team, :id, :n8, '{"PR_IMPORTANCE": 2, "PR_SENSITIVITY": null}') \gset
SET application_name = 'fourth client';
RESET msgstore.actor;
SET ROLE regress_conflict_bob;
SELECT change_number AS n10 FROM save_message(:team, :id, :n9, '{"PR_IMPORTANCE": 1}') \gset
SELECT property, base, theirs, yours, side, changed_by, client,
       array_position(ARRAY[:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7, :n8, :n9, :n10]::bigint[], change_number) - 1 AS save
FROM conflict(:b) ORDER BY property;
SELECT count(*) AS rows, count(h) AS in_history
FROM conflict(:b) AS c
LEFT JOIN history(:team, :id) AS h ON h.change_number = c.change_number AND h.changed_at = c.changed_at
    AND h.changed_by = c.changed_by AND h.client IS NOT DISTINCT FROM c.client
    AND c.property = ANY (h.properties)
WHERE side <> 'yours';
-- a force from the fourth version gives back later changes, and counts as a change
-- of those properties by its author
SET application_name = 'first client';
SET ROLE regress_conflict_ann;
SELECT change_number AS n11 FROM save_message(:team, :id, :n4, '{"PR_SENDER_NAME": "11"}', 'FORCE_SAVE') \gset
SET ROLE regress_conflict_bob;
SELECT property, base, theirs, yours, side, changed_by, client,
       array_position(ARRAY[:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7, :n8, :n9, :n10, :n11]::bigint[], change_number) - 1 AS save
FROM conflict(:b) ORDER BY property;
SELECT close_object(:b);
RESET ROLE;
RESET application_name;
DROP ROLE regress_conflict_ann, regress_conflict_bob, regress_conflict_team;

-- moves, deletions and restorations are reported too
SELECT pg_temp.message('{"PR_SUBJECT": "placed"}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b, open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT set_props(:b, '{"PR_SUBJECT": "B"}');
SELECT pg_temp.number(:id) AS n \gset
SELECT read_message(:store, :id)->'PR_PARENT_ENTRYID' AS old_parent \gset
SET msgstore.actor = 'mover@example.org';
SELECT move_messages(:store, ARRAY[:id], :drafts);
RESET msgstore.actor;
SELECT property, side, base = :'old_parent' AS base, yours = :'old_parent' AS yours,
       theirs = read_message(:store, :id)->'PR_PARENT_ENTRYID' AS theirs, changed_by
FROM conflict(:b) WHERE property <> 'PR_SUBJECT';
SET msgstore.actor = 'deleter@example.org';
SELECT delete_messages(:store, ARRAY[:id]);
RESET msgstore.actor;
SELECT property, side, base, yours, theirs IS NOT NULL AS theirs, changed_by
FROM conflict(:b) WHERE property NOT IN ('PR_SUBJECT', 'PR_PARENT_ENTRYID');
SET msgstore.actor = 'restorer@example.org';
SELECT restore_messages(:store, ARRAY[:id]);
RESET msgstore.actor;
SELECT property, side, base IS NULL AS base, yours IS NULL AS yours, theirs IS NULL AS theirs, changed_by
FROM conflict(:b) ORDER BY property;
SELECT property, side FROM conflict(:c) ORDER BY property;
-- of a message deleted for good, the report has the deletion
SET msgstore.actor = 'purger@example.org';
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
RESET msgstore.actor;
SELECT property, side, base, yours, theirs IS NULL AS no_theirs, changed_by
FROM conflict(:b) WHERE property <> 'PR_PARENT_ENTRYID' ORDER BY property;
SELECT count(close_object(handle)) FROM open_handles;
-- with its recipients and attachments, one by one
SELECT pg_temp.message('{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "r0"}, {"PR_DISPLAY_NAME": "r1"}]}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT pg_temp.other(:id, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "r0"}, {"PR_DISPLAY_NAME": "new"}], "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "a"}]}');
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT property, side, base->'PR_DISPLAY_NAME' AS base, theirs FROM conflict(:b) WHERE property <> 'PR_DELETED_ON' ORDER BY property;
SELECT close_object(:b);

-- large values are shown by their size and the beginning of a text, or whole if asked
SELECT pg_temp.message(jsonb_build_object('PR_SUBJECT', repeat('s', 1000), 'PR_BODY', repeat('old body ', 1000),
    'PR_TRANSPORT_MESSAGE_HEADERS', repeat('ÄÖ日本', 300), 'PR_COMMENT', repeat('日本', 500))) AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT set_props(:b, jsonb_build_object('PR_SUBJECT', 'short', 'PR_BODY', repeat('new body ', 2000),
    'PR_TRANSPORT_MESSAGE_HEADERS', repeat('X', 1001)));
SELECT pg_temp.other(:id, jsonb_build_object('PR_HTML', replace(encode(convert_to(repeat('<b>', 999), 'UTF8'), 'base64'), E'\n', ''),
    'PR_COMMENT', repeat('x', 1001), 'PR_MESSAGE_RECIPIENTS',
    (SELECT jsonb_agg(jsonb_build_object('PR_DISPLAY_NAME', 'recipient ' || n, 'PR_RECIPIENT_TYPE', 1))
     FROM generate_series(1, 2) AS n)));
SELECT property, CASE WHEN length(base::text) < 200 THEN base END AS base, CASE WHEN length(theirs::text) < 200 THEN theirs END AS theirs,
       CASE WHEN length(yours::text) < 200 THEN yours END AS yours, side
FROM conflict(:b) WHERE property NOT IN ('PR_SUBJECT', 'PR_TRANSPORT_MESSAGE_HEADERS') ORDER BY property;
SELECT theirs->'bytes' AS bytes, theirs->>'begins' AS begins, repeat('ÄÖ日本', 300) LIKE (theirs->>'begins') || '%' AS so_it_begins, yours
FROM conflict(:b) WHERE property = 'PR_TRANSPORT_MESSAGE_HEADERS';
SELECT property, length(base #>> '{}') AS base, theirs->'bytes' AS theirs, length(yours #>> '{}') AS yours
FROM conflict(:b) WHERE property = 'PR_SUBJECT';
SELECT property, length(base #>> '{}') AS base, length(theirs #>> '{}') AS theirs, length(yours #>> '{}') AS yours
FROM conflict(:b, true) ORDER BY property;
SELECT bool_and(w.yours IS NOT DISTINCT FROM get_props(:b)->property) AS whole_is_what_the_handle_shows,
       bool_and(w.theirs IS NOT DISTINCT FROM read_message(:store, :id)->property) AS and_what_all_see
FROM conflict(:b, true) AS w WHERE w.property !~ '\[';
SELECT close_object(:b);

-- without a handle: equal rows for the same base and changes
SELECT pg_temp.message('{"PR_SUBJECT": "old", "PR_BODY": "old", "PR_COMMENT": "old"}') AS id \gset
SELECT pg_temp.number(:id) AS n \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
\set changes '{"PR_SUBJECT": "yours", "PR_HTML": "PGI+", "PR_SENSITIVITY": 1}'
SELECT set_props(:b, :'changes');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs", "PR_COMMENT": null}');
SELECT move_messages(:store, ARRAY[:id], :drafts);
SELECT count(*) AS rows FROM conflict(:b);
SELECT count(*) AS differ FROM (
    (SELECT * FROM conflict(:b) EXCEPT ALL SELECT * FROM conflict(:store, :id, :n, :'changes'))
    UNION ALL
    (SELECT * FROM conflict(:store, :id, :n, :'changes') EXCEPT ALL SELECT * FROM conflict(:b))) AS d;
SELECT count(*) AS differ FROM (
    SELECT * FROM conflict(:b, true) EXCEPT ALL SELECT * FROM conflict(:store, :id, :n, :'changes', true)) AS d;
SELECT property, side FROM conflict(:store, :id, :n, '{}') ORDER BY property;
SELECT count(*) FROM conflict(:store, :id, pg_temp.number(:id), :'changes');
-- fail: no such message, no such version of it, another message's version
SELECT * FROM conflict(:store, 0, :n, :'changes');
-- fail
SELECT * FROM conflict(:store, :id, 0, :'changes');
-- fail
SELECT * FROM conflict(:store, :id, :n - 1, :'changes');
-- fail: no such store
SELECT * FROM conflict(0, :id, :n, :'changes');
-- fail: a bad patch, and a computed property
SELECT * FROM conflict(:store, :id, :n, '[]');
-- fail
SELECT * FROM conflict(:store, :id, :n, '{"PR_ENTRYID": "AAAA"}');
-- fail: every NULL
SELECT * FROM conflict(NULL::integer);
-- fail
SELECT * FROM conflict(:b, NULL);
-- fail
SELECT * FROM conflict(NULL, :id, :n, '{}');
-- fail
SELECT * FROM conflict(:store, NULL, :n, '{}');
-- fail
SELECT * FROM conflict(:store, :id, NULL, '{}');
-- fail
SELECT * FROM conflict(:store, :id, :n, NULL);
-- fail
SELECT * FROM conflict(:store, :id, :n, '{}', NULL);
-- fail: a handle that is not open
SELECT * FROM conflict(0);
-- no report has changed anything
SELECT count(*) AS rows FROM conflict(:b);
SELECT has_edits, change_number = :n AS base FROM open_handles;
SELECT count(*) FROM history(:store, :id);

-- other roles may not look
CREATE ROLE regress_conflict_stranger;
SET ROLE regress_conflict_stranger;
-- fail
SELECT * FROM conflict(:store, :id, :n, '{}');
-- fail: a handle of another role
SELECT * FROM conflict(:b);
RESET ROLE;
DROP ROLE regress_conflict_stranger;

-- a pruned base: a plain save is refused, and the report has nothing to compare with
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "newer"}');
UPDATE change SET changed_at = changed_at - interval '2 days' WHERE message_id = :id AND store_id = :store;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store);
SELECT count(*) FROM history(:store, :id);
SELECT save_changes(:b);
-- fail
SELECT * FROM conflict(:b);
-- fail
SELECT * FROM conflict(:store, :id, :n, '{}');
SELECT has_edits FROM open_handles WHERE handle = :b;
SELECT close_object(:b);
