-- Attachments in a conflict: each is a unit of the report and of a merge; a copy, a
-- draft and a deleted message keep the bytes that they refer to.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('conflict: attachments') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

CREATE FUNCTION pg_temp.message() RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'conflict: attachments'),
        (SELECT special_folder(store_id, 'Inbox') FROM store_list WHERE name = 'conflict: attachments'),
        '{"PR_SUBJECT": "old", "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_FILENAME": "zero", "PR_ATTACH_DATA_BIN": "MDA="},
          {"PR_ATTACH_FILENAME": "one", "PR_ATTACH_DATA_BIN": "MTE="}]}') $$;
CREATE FUNCTION pg_temp.attachments(props jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(a->>'PR_ATTACH_NUM', ' ', a->>'PR_ATTACH_FILENAME'), ', ' ORDER BY (a->>'PR_ATTACH_NUM')::int)
    FROM jsonb_array_elements(props->'PR_MESSAGE_ATTACHMENTS') AS a $$;
-- through a handle: rename an attachment, delete one, add one
CREATE FUNCTION pg_temp.rename(h integer, num integer, name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    a integer := open_attachment(h, num, 'MAPI_MODIFY');
BEGIN
    PERFORM set_props(a, jsonb_build_object('PR_ATTACH_FILENAME', name));
    PERFORM throw_if_failed(save_changes(a));
    PERFORM close_object(a);
END $$;
CREATE FUNCTION pg_temp.add(h integer, name text, bytes integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    a integer := create_attachment(h);
    num integer;
BEGIN
    PERFORM set_props(a, jsonb_build_object('PR_ATTACH_FILENAME', name));
    PERFORM write_stream(a, 'PR_ATTACH_DATA_BIN', 0, decode(repeat('7F', bytes), 'hex'));
    PERFORM throw_if_failed(save_changes(a));
    num := get_props(a, '{PR_ATTACH_NUM}')->'PR_ATTACH_NUM';
    PERFORM close_object(a);
    RETURN num;
END $$;
CREATE FUNCTION pg_temp.report(h integer, OUT property text, OUT base text, OUT theirs text, OUT yours text, OUT side text, OUT changed_by text)
RETURNS SETOF record LANGUAGE sql AS $$
    SELECT property, coalesce(base->>'PR_ATTACH_FILENAME', base #>> '{}'), coalesce(theirs->>'PR_ATTACH_FILENAME', theirs #>> '{}'),
           coalesce(yours->>'PR_ATTACH_FILENAME', yours #>> '{}'), side, changed_by FROM conflict(h) ORDER BY property $$;

-- each side renames one: two units, no overlap
SELECT pg_temp.message() AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT pg_temp.rename(:a, 0, 'zero of A'), pg_temp.rename(:b, 1, 'one of B');
SET msgstore.actor = 'ann@example.org';
SELECT save_changes(:a), save_changes(:b);
RESET msgstore.actor;
SELECT * FROM pg_temp.report(:b);
SELECT resolve_conflict(:b, 'MERGE');
SELECT pg_temp.attachments(read_message(:store, :id));
-- both sides rename one: a conflict, unless the values are equal
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b, open_message(:store, :id, 'MAPI_MODIFY') AS c \gset
SELECT pg_temp.rename(:a, 0, 'theirs'), pg_temp.rename(:b, 0, 'yours'), pg_temp.rename(:c, 0, 'theirs');
SELECT save_changes(:a);
SELECT property, base, theirs, yours, side FROM pg_temp.report(:b);
SELECT resolve_conflict(:b, 'MERGE') AS other_name, resolve_conflict(:c, 'MERGE') AS same_name;
SELECT pg_temp.attachments(get_props(:b)), pg_temp.attachments(read_message(:store, :id));
-- one side deletes the attachment that the other renames
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT delete_attachment(:a, 1), pg_temp.rename(:b, 1, 'yours');
SELECT save_changes(:a);
SELECT property, base, theirs, yours, side FROM pg_temp.report(:b);
SELECT resolve_conflict(:b, 'MERGE'), resolve_conflict(:b, 'OVERWRITE'), pg_temp.attachments(get_props(:b));
SELECT pg_temp.attachments(read_message(:store, :id));
-- both sides add one with the same number: the merged one gets another number
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS a, open_message(:store, :id, 'MAPI_MODIFY') AS b \gset
SELECT pg_temp.add(:a, 'added by A', 3) = pg_temp.add(:b, 'added by B', 4) AS same_number;
SELECT save_changes(:a), save_changes(:b);
SELECT property, base, theirs, yours, side FROM pg_temp.report(:b);
SELECT resolve_conflict(:b, 'MERGE');
SELECT pg_temp.attachments(read_message(:store, :id)), pg_temp.attachments(get_props(:b));
-- a list replaced as a whole counts as a change of every attachment
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b, (read_message(:store, :id)->>'PidTagChangeNumber')::bigint AS n \gset
SELECT pg_temp.rename(:b, 0, 'yours');
SELECT result FROM save_message(:store, :id, :n, '{"PR_MESSAGE_ATTACHMENTS": null}');
SELECT DISTINCT theirs FROM pg_temp.report(:b);
SELECT property, side FROM pg_temp.report(:b) WHERE side = 'both';
SELECT resolve_conflict(:b, 'MERGE'), save_changes(:b);
-- without a handle the report is equal
SELECT (read_message(:store, :id)->>'PidTagChangeNumber')::bigint > :n AS newer;
SELECT property, side FROM conflict(:store, :id, :n, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_FILENAME": "alone"}]}') ORDER BY property;
SELECT count(close_object(handle)) > 0 AS closed FROM open_handles;

-- large bytes saved elsewhere from a message that is gone are there after all that is
-- not needed has been pruned and swept
SELECT pg_temp.message() AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT pg_temp.add(:h, 'large', 700000) AS large \gset
SELECT save_changes(:h);
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS b, open_message(:store, :id, 'MAPI_MODIFY') AS d \gset
SELECT pg_temp.rename(:b, :large, 'large, renamed'), set_props(:d, '{"PR_COMMENT": "draft"}');
SELECT pg_temp.add(:d, 'large of the draft', 600000) AS drafted \gset
SELECT park(:d) AS p \gset
SELECT delete_messages(:store, ARRAY[:id], 'DELETE_HARD_DELETE');
SELECT save_changes(:b), force_save(:b), resolve_conflict(:b, 'SAVE_ELSEWHERE');
SELECT message_id(:b) AS copy \gset
\c -
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
CREATE FUNCTION pg_temp.bytes(h integer, num integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    a integer := open_attachment(h, num);
    size bigint := stream_size(a, 'PR_ATTACH_DATA_BIN');
    part bytea := read_stream(a, 'PR_ATTACH_DATA_BIN', size - 5, 10);
BEGIN
    PERFORM close_object(a);
    RETURN size || ' bytes, the last ' || part;
END $$;
CREATE FUNCTION pg_temp.attachments(props jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(a->>'PR_ATTACH_NUM', ' ', a->>'PR_ATTACH_FILENAME'), ', ' ORDER BY (a->>'PR_ATTACH_NUM')::int)
    FROM jsonb_array_elements(props->'PR_MESSAGE_ATTACHMENTS') AS a $$;
UPDATE change SET changed_at = changed_at - interval '1 year' WHERE store_id = :store;
SELECT set_retention(:store, NULL, 1);
CALL prune_history(:store) \gset
CALL sweep_blobs(:store);
SELECT open_message(:store, :copy) AS c, resume(:store, :p) AS d \gset
SELECT pg_temp.bytes(:c, :large), pg_temp.attachments(get_props(:c));
SELECT pg_temp.bytes(:d, :large), pg_temp.bytes(:d, :drafted), pg_temp.attachments(get_props(:d)), get_props(:d, '{PR_SUBJECT, PR_COMMENT}');
SELECT resolve_conflict(:d, 'SAVE_ELSEWHERE'), pg_temp.bytes(:d, :drafted);
-- bytes that only a draft had go when it is discarded
SELECT open_message(:store, :copy, 'MAPI_MODIFY') AS h \gset
SELECT create_attachment(:h) AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, decode(repeat('7F', 500000), 'hex'));
SELECT save_changes(:a), park(:h) > 0 AS parked;
\c -
SET search_path = msgstore, public;
-- an upload is in progress for as long as its session lives
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') LOOP
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
END $$;
CALL sweep_blobs(:store);
SELECT discard_parked(store_id, parked_id) FROM parked WHERE store_id = :store;
CALL sweep_blobs(:store);
