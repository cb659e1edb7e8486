-- throw_if_failed() makes any call strict: a failure is raised; with a handle, the
-- error's DETAIL is the handle's conflict report as JSON, with names, without values.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('throw') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset

CREATE FUNCTION pg_temp.message(props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'throw'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'throw'),
        props) $$;
CREATE FUNCTION pg_temp.number(id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT change_number FROM message WHERE message_id = id
    AND store_id = (SELECT store_id FROM store_list WHERE name = 'throw') $$;
CREATE FUNCTION pg_temp.other(id bigint, changes jsonb) RETURNS hresult LANGUAGE sql AS $$
    SELECT result FROM store_list, save_message(store_id, id, pg_temp.number(id), changes)
    WHERE name = 'throw' $$;
-- Return what a program gets from an error that it catches.
CREATE FUNCTION pg_temp.caught(r hresult, h integer, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM throw_if_failed(r, h);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.changes(r hresult, h integer) RETURNS TABLE (property text, side text, changed_by text,
    client text, changed_at timestamptz, change_number bigint) LANGUAGE sql AS $$
    SELECT * FROM jsonb_to_recordset((pg_temp.caught(r, h)).detail::jsonb->'changes')
        AS c (property text, side text, changed_by text, client text, changed_at timestamptz, change_number bigint) $$;

-- successes and warnings come back as they are, failures are raised
SELECT throw_if_failed('S_OK'), throw_if_failed('MAPI_W_PARTIAL_COMPLETION'), throw_if_failed(0::hresult, 0);
-- fail
SELECT throw_if_failed('MAPI_E_OBJECT_CHANGED');
-- fail
SELECT throw_if_failed('MAPI_E_NO_SUPPORT');
-- fail
SELECT throw_if_failed(NULL);
SELECT * FROM pg_temp.caught('MAPI_E_OBJECT_CHANGED', NULL);
SELECT * FROM pg_temp.caught('MAPI_E_OBJECT_DELETED', NULL);
-- a handle that is not open, or of another role, adds nothing to the error
SELECT detail FROM pg_temp.caught('MAPI_E_OBJECT_CHANGED', 0);

-- a refused save: the code, the newest number, and the author of each change
SELECT pg_temp.message('{"PR_SUBJECT": "old secret", "PR_BODY": "old secret", "PR_COMMENT": "old secret"}') AS id \gset
SELECT pg_temp.number(:id) AS base \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_BODY": "secret", "PR_COMMENT": "secret", "PR_IMPORTANCE": 2}');
SET application_name = 'regress "throw"';
SET msgstore.actor = E'Ünï "quoted" \\ 日本';
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "their secret", "PR_COMMENT": "their secret"}');
SET application_name = '';
RESET msgstore.actor;
SELECT move_messages(:store, ARRAY[:id], :drafts);
SET application_name = 'regress throw';
SELECT state, message, hint FROM pg_temp.caught(save_changes(:h), :h);
SELECT d->>'code' AS code, d->>'store_id' = :'store' AS store, d->>'message_id' = :'id' AS message,
       d->>'base_change_number' = :'base' AS base, (d->>'change_number')::bigint = pg_temp.number(:id) AS current,
       jsonb_typeof(d->'changes') AS changes, detail LIKE '%secret%' AS values, detail LIKE '{"code": "MAPI_E_OBJECT_CHANGED"%' AS begins
FROM pg_temp.caught(save_changes(:h), :h), LATERAL (SELECT detail::jsonb AS d) AS parsed;
SELECT property, side, changed_by, client FROM pg_temp.changes(save_changes(:h), :h) ORDER BY property;
-- names, sides, authors, times and numbers are those of the report
SELECT count(*) AS rows, count(d) AS alike FROM conflict(:h) AS c
LEFT JOIN pg_temp.changes(save_changes(:h), :h) AS d ON d.property = c.property AND d.side = c.side
    AND d.changed_by IS NOT DISTINCT FROM c.changed_by AND d.client IS NOT DISTINCT FROM c.client
    AND d.changed_at IS NOT DISTINCT FROM c.changed_at AND d.change_number IS NOT DISTINCT FROM c.change_number;
-- a raised error changes nothing: the handle has its edits, the message is as it was
SELECT get_props(:h, '{PR_BODY, PR_COMMENT, PR_IMPORTANCE}'), read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');
-- fail
SELECT throw_if_failed(save_changes(:h), :h);
SELECT has_edits FROM open_handles WHERE handle = :h;
-- a program that settles the conflict in its handler, and raises other errors again
CREATE FUNCTION pg_temp.save_or_merge(h integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    report jsonb;
    detail text;
BEGIN
    PERFORM throw_if_failed(save_changes(h), h);
    RETURN 'saved';
EXCEPTION WHEN SQLSTATE 'MA109' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    report := detail::jsonb;
    IF EXISTS (SELECT FROM jsonb_array_elements(report->'changes') AS c WHERE c->>'side' = 'both') THEN
        RETURN 'ask about ' || (SELECT string_agg(c->>'property', ', ') FROM jsonb_array_elements(report->'changes') AS c WHERE c->>'side' = 'both');
    END IF;
    RETURN 'merged: ' || throw_if_failed(resolve_conflict(h, 'MERGE'), h);
END $$;
SELECT pg_temp.save_or_merge(:h);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h2 \gset
SELECT set_props(:h2, '{"PR_BODY": "mine"}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}');
SELECT pg_temp.save_or_merge(:h2), pg_temp.save_or_merge(:h2);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');

-- of a report of many properties, the DETAIL names 100, those that both sides touched
-- first, and the number of the others; its length has a bound
CREATE FUNCTION pg_temp.named(first integer, last integer, value text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg('PS_PUBLIC_STRINGS:' || repeat('n', 230) || n, value) FROM generate_series(first, last) AS n $$;
SELECT pg_temp.message('{}') AS many \gset
SELECT open_message(:store, :many, 'MAPI_MODIFY') AS m, open_message(:store, :many, 'MAPI_MODIFY') AS few \gset
SELECT set_props(:m, pg_temp.named(1995, 5000, 'mine')), set_props(:few, pg_temp.named(1990, 2000, 'mine'));
SELECT pg_temp.other(:many, pg_temp.named(1, 2000, 'theirs'));
SELECT c->>'side' AS side, count(*), bool_and(n <= 6) AS first, d->'omitted' AS omitted, length(detail) < 60000 AS bounded
FROM pg_temp.caught(save_changes(:m), :m), LATERAL (SELECT detail::jsonb) AS parsed (d),
    jsonb_array_elements(d->'changes') WITH ORDINALITY AS a (c, n) GROUP BY 1, 4, 5 ORDER BY 2;
SELECT count(*) FROM conflict(:m);
SELECT pg_temp.other(:many, (SELECT jsonb_object_agg('PS_PUBLIC_STRINGS:' || repeat('n', 230) || n, NULL) FROM generate_series(1, 2000) AS n));
SELECT refresh(:few), set_props(:few, pg_temp.named(1, 60, 'mine')), pg_temp.other(:many, pg_temp.named(21, 100, 'theirs'));
SELECT jsonb_array_length(d->'changes') AS named, d ? 'omitted' AS omitted
FROM pg_temp.caught(save_changes(:few), :few), LATERAL (SELECT detail::jsonb) AS parsed (d);
SELECT set_props(:few, pg_temp.named(101, 101, 'mine'));
SELECT jsonb_array_length(d->'changes') AS named, d->'omitted' AS omitted
FROM pg_temp.caught(save_changes(:few), :few), LATERAL (SELECT detail::jsonb) AS parsed (d);
SELECT close_object(:m), close_object(:few);

-- a message deleted softly and for good
SELECT delete_messages(:store, ARRAY[:id]);
SELECT state, message, detail::jsonb->>'code' AS code, hint FROM pg_temp.caught(save_changes(:h), :h);
SELECT property, side FROM pg_temp.changes(force_save(:h), :h) ORDER BY property;
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT state, detail::jsonb->>'code' AS code FROM pg_temp.caught(save_changes(:h), :h);
SELECT property, side FROM pg_temp.changes(save_changes(:h), :h) WHERE property = 'PR_DELETED_ON';
-- other failures: the code, and no changes where there are none
SELECT pg_temp.message('{}') AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS w, open_message(:store, :id) AS r, create_message(:store, :inbox) AS n \gset
SELECT state, detail::jsonb - '{store_id, message_id, base_change_number}'::text[] AS detail FROM pg_temp.caught(save_changes(:w, '0x10'), :w);
SELECT state, detail::jsonb - '{store_id, message_id, base_change_number}'::text[] AS detail FROM pg_temp.caught(save_changes(:r), :r);
SELECT state, detail::jsonb - '{store_id, message_id}'::text[] AS detail FROM pg_temp.caught('MAPI_E_CALL_FAILED', :n);
SELECT state, detail::jsonb->'code' AS code FROM pg_temp.caught((-2147220000)::hresult, :w);
-- a base that is not in the history
SELECT set_props(:w, '{"PR_BODY": "mine"}');
SELECT pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}'), pg_temp.other(:id, '{"PR_SUBJECT": "theirs"}');
UPDATE change SET changed_at = changed_at - interval '1 year' WHERE store_id = :store;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store);
SELECT state, detail::jsonb - '{store_id, message_id, base_change_number}'::text[] AS detail FROM pg_temp.caught(save_changes(:w), :w);
SELECT state, detail::jsonb->>'code' AS code FROM pg_temp.caught(force_save(:w), :w);
-- other calls made strict
-- fail
SELECT throw_if_failed(delete_messages(:store, ARRAY[0]));
-- fail
SELECT throw_if_failed(move_messages(:store, ARRAY[:id], :drafts, 0));
-- fail
SELECT throw_if_failed(resolve_conflict(:w, 'OVERWRITE', seen => 0), :w);
-- fail
SELECT throw_if_failed(result), change_number FROM save_message(:store, :id, 0, '{}');
SELECT throw_if_failed(result) FROM save_message(:store, :id, pg_temp.number(:id), '{"PR_SUBJECT": "on"}');
-- a role that may no longer use the store gets no report
CREATE ROLE regress_throw_member;
CREATE ROLE regress_throw_team;
GRANT regress_throw_team TO regress_throw_member;
SELECT create_store('throw: of a team', 'regress_throw_team') AS team \gset
SELECT message_id AS tid, change_number AS tn FROM save_new_message(:team, special_folder(:team, 'Inbox'), '{}') \gset
SET ROLE regress_throw_member;
SELECT open_message(:team, :tid, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "mine"}');
RESET ROLE;
REVOKE regress_throw_team FROM regress_throw_member;
SELECT result FROM save_message(:team, :tid, :tn, '{"PR_COMMENT": "theirs"}');
SELECT detail LIKE '{%' AS json FROM pg_temp.caught('MAPI_E_OBJECT_CHANGED', :h);
SET ROLE regress_throw_member;
\set VERBOSITY default
-- fail
SELECT throw_if_failed(save_changes(:h), :h);
\set VERBOSITY sqlstate
RESET ROLE;
DROP ROLE regress_throw_member, regress_throw_team;
