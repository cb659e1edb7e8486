-- Numbers, keys and times of a message: each change gives new ones, in order over two
-- nodes, and no caller can set those that the store computes.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
SELECT create_store('numbers') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset

-- Return a key: the GUID of the incarnation that gave out the number, which is the
-- newest one of the node that began below it; then the counter, big-endian.  The store's
-- id is XORed into the GUID of a change key.
CREATE FUNCTION pg_temp.key(number bigint, series text DEFAULT 'incarnation') RETURNS text LANGUAGE sql AS $$
    SELECT encode(substr(uuid_send(i.replica_guid), 1, 8) ||
                  int8send(('x' || right(encode(uuid_send(i.replica_guid), 'hex'), 16))::bit(64)::bigint # CASE series
                      WHEN 'incarnation' THEN (SELECT store_id FROM store_list WHERE name = 'numbers') ELSE 0 END) || substr(int8send(number & ((1::bigint << 43) - 1)), 3), 'hex')
    FROM incarnation AS i
    WHERE i.node_number = number >> 43 AND (to_jsonb(i)->>series)::bigint < number & ((1::bigint << 43) - 1)
    ORDER BY i.incarnation DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.hex(base64 text) RETURNS text LANGUAGE sql AS $$ SELECT encode(decode(base64, 'base64'), 'hex') $$;
-- Return a list of predecessors: each key after its size.
CREATE FUNCTION pg_temp.predecessors(base64 text) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(substr(pg_temp.hex(base64), 3 + 46 * i, 44) ORDER BY i)
    FROM generate_series(0, length(pg_temp.hex(base64)) / 46 - 1) AS i
    WHERE substr(pg_temp.hex(base64), 1 + 46 * i, 2) = '16' $$;
CREATE FUNCTION pg_temp.save(id bigint, new text) RETURNS bigint LANGUAGE sql AS $$
    SELECT r.change_number FROM store_list AS s, message_list AS m,
        save_message(s.store_id, id, m.change_number, jsonb_build_object('PR_SUBJECT', new)) AS r
    WHERE s.name = 'numbers' AND m.store_id = s.store_id AND m.message_id = id $$;
-- Compare the newest version with the numbers that it has to be of.
CREATE FUNCTION pg_temp.shows(store bigint, id bigint, numbers bigint[], OUT number boolean, OUT key boolean,
    OUT predecessors integer, OUT alike boolean, OUT sorted boolean) LANGUAGE sql AS $$
    SELECT (p->>'PidTagChangeNumber')::bigint = numbers[1], pg_temp.hex(p->>'PR_CHANGE_KEY') = pg_temp.key(numbers[1]),
           cardinality(list), list @> keys AND keys @> list, list = ARRAY(SELECT k COLLATE "C" FROM unnest(list) AS k ORDER BY 1)
    FROM read_message(store, id) AS p, pg_temp.predecessors(p->>'PR_PREDECESSOR_CHANGE_LIST') AS list,
         (SELECT array_agg(pg_temp.key(n)) AS keys FROM unnest(numbers) AS n) AS k $$;

-- creation and every change give a greater number, its key and one more predecessor
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "1"}') \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n1]);
SELECT length(decode(p->>'PR_CHANGE_KEY', 'base64')) AS key, length(decode(p->>'PR_SOURCE_KEY', 'base64')) AS source_key,
       pg_temp.hex(p->>'PR_SOURCE_KEY') = pg_temp.key(:id, 'message_id') AS is_of_the_id FROM read_message(:store, :id) AS p;
SELECT pg_temp.save(:id, '2') AS n2 \gset
SELECT :n2 > :n1 AS grows, s.* FROM pg_temp.shows(:store, :id, ARRAY[:n2]) AS s;
SELECT move_messages(:store, ARRAY[:id], :drafts), delete_messages(:store, ARRAY[:id]), restore_messages(:store, ARRAY[:id]);
SELECT change_number AS n5 FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT :n5 > :n2 AS grows, s.* FROM pg_temp.shows(:store, :id, ARRAY[:n5]) AS s;
-- the source key and the entry id stay as they are
SELECT count(DISTINCT (m->'PR_SOURCE_KEY', m->'PR_ENTRYID', m->'PR_STORE_ENTRYID', m->'PR_CREATION_TIME')) AS one,
       count(DISTINCT m->'PR_CHANGE_KEY') AS five, count(DISTINCT m->'PR_PREDECESSOR_CHANGE_LIST') AS five
FROM history(:store, :id) AS h, message_at(:store, :id, h.change_number) AS m;

-- on another node: the numbers and GUID of that node; the list has the newest per
-- incarnation, and every change of the node begins one
SELECT set_node_number(300);
SELECT pg_temp.save(:id, 'on node 300') AS n300 \gset
SELECT :n300 >> 43 AS node, s.* FROM pg_temp.shows(:store, :id, ARRAY[:n300, :n5]) AS s;
SELECT pg_temp.save(:id, 'again') AS n301 \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n301, :n5]);
SELECT message_id >> 43 AS node, change_number >> 43 AS node FROM save_new_message(:store, :inbox, '{}');
-- back on the first node: a lower number follows, as the newer version
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_node_number(0);
SELECT pg_temp.save(:id, 'back on node 0') AS n6 \gset
SELECT :n6 >> 43 AS node, :n6 > :n5 AS grows, :n6 < :n301 AS lower, s.* FROM pg_temp.shows(:store, :id, ARRAY[:n6, :n301, :n5]) AS s;
SELECT set_props(:h, '{"PR_BODY": "mine"}');
SELECT save_changes(:h), close_object(:h);
SELECT result FROM save_message(:store, :id, :n301, '{}');
SELECT pg_temp.save(:id, 'on node 0 still') AS n7 \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n7, :n301, :n5]);
SELECT set_node_number(7);
SELECT pg_temp.save(:id, 'on a third') AS n70 \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n70, :n7, :n301, :n5]);
SELECT set_node_number(300);
SELECT pg_temp.save(:id, 'on the second') AS n302 \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n302, :n70, :n7, :n301, :n5]);
SELECT set_node_number(0);
-- a deletion, a move and a force on another node count like a save
SELECT move_messages(:store, ARRAY[:id], :inbox);
SELECT change_number AS n8 FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n8, :n302, :n70, :n7, :n301, :n5]);
SELECT set_node_number(7);
SELECT result, change_number AS n71 FROM save_message(:store, :id, :n1, '{"PR_COMMENT": "forced"}', 'FORCE_SAVE') \gset
SELECT * FROM pg_temp.shows(:store, :id, ARRAY[:n71, :n8, :n302, :n70, :n7, :n301, :n5]);
SELECT set_node_number(0);
-- every version has a number and a key of its own, in the order of the changes
SELECT kind, change_number >> 43 AS node, m->>'PR_SUBJECT' AS subject, cardinality(pg_temp.predecessors(m->>'PR_PREDECESSOR_CHANGE_LIST')) AS predecessors,
       pg_temp.hex(m->>'PR_CHANGE_KEY') = pg_temp.key(change_number) AS key,
       pg_temp.predecessors(m->>'PR_PREDECESSOR_CHANGE_LIST') @> ARRAY[pg_temp.key(change_number)] AS own
FROM history(:store, :id) AS h, message_at(:store, :id, h.change_number) AS m;
-- every incarnation has a GUID of its own, and the source keys made with it stay
SELECT count(DISTINCT replica_guid) = count(DISTINCT incarnation) AS own, count(DISTINCT incarnation) >= 7 AS one_per_change
FROM incarnation;
SELECT pg_temp.hex(m->>'PR_SOURCE_KEY') = pg_temp.key(:id, 'message_id') AS message,
       pg_temp.hex(m->>'PR_PARENT_SOURCE_KEY') = pg_temp.key(:inbox, 'folder_id') AS folder
FROM read_message(:store, :id) AS m;
-- the node that is set and rolled back has numbers, and nobody's are of it then
BEGIN;
SELECT set_node_number(1023);
SELECT change_number >> 43 AS node, change_number < 1::bigint << 53 AS exact, change_number::float8::bigint = change_number AS in_a_double
FROM save_new_message(:store, :inbox, '{}');
ROLLBACK;
SELECT change_number >> 43 AS node FROM save_new_message(:store, :inbox, '{}');
SELECT count(*) FROM incarnation WHERE node_number = 1023;
-- fail: a node has 10 bits
SELECT set_node_number(1024);
-- fail
SELECT set_node_number(-1);
-- fail
SELECT set_node_number(NULL);

-- times: all of the first save are equal; then the time of creation stays
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "times"}') \gset
CREATE FUNCTION pg_temp.times(store bigint, id bigint, OUT created timestamptz, OUT modified timestamptz, OUT local timestamptz, OUT modifier text)
LANGUAGE sql AS $$
    SELECT (p->>'PR_CREATION_TIME')::timestamptz, (p->>'PR_LAST_MODIFICATION_TIME')::timestamptz,
           (p->>'PR_LOCAL_COMMIT_TIME')::timestamptz, p->>'PR_LAST_MODIFIER_NAME' FROM read_message(store, id) AS p $$;
SELECT created = modified AS one, modified = local AS local, modifier = current_user AS by_me,
       created BETWEEN :'began' AND clock_timestamp() AS just_now, created, modified FROM pg_temp.times(:store, :id) \gset t_
SELECT :'t_one' AS one, :'t_local' AS local, :'t_by_me' AS by_me, :'t_just_now' AS just_now;
SET msgstore.actor = 'ann@example.org';
SELECT pg_temp.save(:id, 'later') AS n \gset
SELECT created = :'t_created' AS created, modified > :'t_modified' AS later, modified = local AS local, modifier FROM pg_temp.times(:store, :id);
RESET msgstore.actor;
-- no time goes back, where the clock did, or a client gave a time in the future
UPDATE message SET modified_at = '2090-01-01 00:00:00+00' WHERE store_id = :store AND message_id = :id;
SELECT pg_temp.save(:id, 'with the clock put back') IS NOT NULL AS saved, pg_temp.save(:id, 'once more') IS NOT NULL AS saved;
SELECT modified > '2090-01-01 00:00:00+00' AS later, modified < '2090-01-01 00:00:01+00' AS by_little FROM pg_temp.times(:store, :id);
SELECT message_id AS id FROM save_new_message(:store, :inbox, '{"PR_CREATION_TIME": "2001-02-03T04:05:06.1234567Z",
    "PR_LAST_MODIFICATION_TIME": "2095-02-03T04:05:06.1234567Z"}') \gset
SELECT read_message(:store, :id, '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME}');
SELECT pg_temp.save(:id, '2') IS NOT NULL AS saved;
SELECT p->'PR_CREATION_TIME' AS created, p->>'PR_LAST_MODIFICATION_TIME' > '2095-02-03T04:05:06.1234567Z' AS later,
       p->>'PR_LAST_MODIFICATION_TIME' < '2095-02-03T04:05:07' AS by_little FROM read_message(:store, :id) AS p;
-- calls that are no change stamp nothing
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "still"}') \gset
SELECT read_message(:store, :id) AS shown \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT result FROM save_message(:store, :id, :n, '{}');
SELECT result FROM save_message(:store, :id, 1, '{"PR_SUBJECT": "refused"}');
SELECT save_changes(:h), force_save(:h), count(*) FROM conflict(:h);
SELECT set_props(:h, '{"PR_SUBJECT": "pending"}');
SELECT park(:h) > 0 AS parked;
BEGIN;
SELECT save_changes(:h);
ROLLBACK;
SELECT delete_messages(:store, ARRAY[:id], if_change_number => 1), move_messages(:store, ARRAY[:id], :inbox);
SELECT read_message(:store, :id) = :'shown'::jsonb AS as_it_was;
SELECT close_object(:h);
-- a handle shows the times of its base until it is saved, then those of its save
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_BODY": "mine"}');
SELECT pg_temp.save(:id, 'theirs') AS n2 \gset
SELECT bool_and(get_props(:h)->key = value) AS of_its_base FROM jsonb_each(:'shown'::jsonb)
WHERE key IN ('PidTagChangeNumber', 'PR_CHANGE_KEY', 'PR_PREDECESSOR_CHANGE_LIST', 'PR_LAST_MODIFICATION_TIME', 'PR_LOCAL_COMMIT_TIME', 'PR_LAST_MODIFIER_NAME');
SELECT force_save(:h);
SELECT get_props(:h) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS as_all_see;
SELECT close_object(:h);

-- computed properties are refused, with a handle and without, set and deleted; after
-- the first save so are the times that a new message may be given
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h, create_message(:store, :inbox) AS new \gset
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT change_number AS n2 FROM message_list WHERE store_id = :store AND message_id = :id \gset
SELECT name, pg_temp.answer(format('SELECT set_props(%s, %L)', :h, jsonb_build_object(name, value))) AS set,
       pg_temp.answer(format('SELECT delete_props(%s, ARRAY[%L])', :h, name)) AS deleted,
       pg_temp.answer(format('SELECT save_message(%s, %s, %s, %L)', :store, :id, :n2, jsonb_build_object(name, value))) AS saved,
       pg_temp.answer(format('SELECT set_props(%s, %L)', :new, jsonb_build_object(name, value))) AS of_a_new_one
FROM (VALUES ('PR_ENTRYID', '"AAAA"'::jsonb), ('PR_CHANGE_KEY', '"AAAA"'), ('PR_PREDECESSOR_CHANGE_LIST', '"AAAA"'),
    ('PidTagChangeNumber', '1'), ('PR_CREATION_TIME', '"2001-01-01T00:00:00Z"'), ('PR_LAST_MODIFICATION_TIME', '"2001-01-01T00:00:00Z"'),
    ('PR_LAST_MODIFIER_NAME', '"me"'), ('PR_LAST_MODIFIER_ENTRYID', '"AAAA"'), ('PR_LOCAL_COMMIT_TIME', '"2001-01-01T00:00:00Z"'),
    ('PR_MESSAGE_SIZE', '1'), ('PR_HASATTACH', 'true'), ('PR_ACCESS', '3'), ('PR_ACCESS_LEVEL', '1'), ('PR_DISPLAY_TO', '"me"'),
    ('PR_DISPLAY_CC', '"me"'), ('PR_DISPLAY_BCC', '"me"'), ('PR_SOURCE_KEY', '"AAAA"'), ('PR_PARENT_SOURCE_KEY', '"AAAA"'),
    ('PR_STORE_ENTRYID', '"AAAA"'), ('PR_PARENT_ENTRYID', '"AAAA"'), ('PR_DELETED_ON', '"2001-01-01T00:00:00Z"')) AS v (name, value);
SELECT has_edits FROM open_handles WHERE handle = :h;
SELECT close_object(:h), close_object(:new);

-- a number that is not below 2^53 is refused, and named, by every call that
-- takes one; which arguments are numbers is asked of the catalogue
\set VERBOSITY terse
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
CREATE TEMPORARY TABLE doors AS
SELECT p.proname AS call, a.n, p.proargnames[a.n] AS argument, a.type, p.proargtypes::oid[] AS types, p.proargnames AS names,
       :'store'::text AS store, :'id'::text AS id, :'h'::text AS handle
FROM pg_proc AS p, unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, n)
WHERE p.pronamespace = 'msgstore'::regnamespace AND p.prokind = 'f'
  AND a.type IN ('bigint'::regtype, 'bigint[]'::regtype) AND p.proargnames[a.n] ~ '(id|ids|number|^version|^seen|^before)$'
  -- a filter, which answers false
  AND p.proname <> 'may_use_store';
CREATE FUNCTION pg_temp.refusal(door doors, number text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    args text;
BEGIN
    SELECT string_agg(CASE WHEN i <> door.n AND door.call IN ('resolve_conflict', 'resolve_parked') AND door.names[i] IN ('folder_id', 'seen') THEN 'NULL'
               WHEN i <> door.n AND door.call = 'set_read_flags' AND door.names[i] IN ('message_ids', 'folder_id') THEN 'NULL'
               WHEN door.names[i] = 'outcome' THEN '''SENT'''
               WHEN type = 'bigint[]'::regtype THEN format('ARRAY[%s]::bigint[]', CASE WHEN i = door.n THEN number ELSE door.id END)
               WHEN type = 'bytea'::regtype THEN '''x'''
               WHEN door.names[i] IN ('offset', 'length') THEN '0'
               WHEN type = 'bigint'::regtype THEN format('%s::bigint', CASE WHEN i = door.n THEN number WHEN i = 1 THEN door.store ELSE door.id END)
               WHEN door.names[i] = 'choice' THEN CASE door.argument WHEN 'seen' THEN '''OVERWRITE''' ELSE '''SAVE_ELSEWHERE''' END
               WHEN door.names[i] = 'handle' THEN door.handle
               WHEN type = 'interval'::regtype THEN '''1 day'''
               WHEN type IN ('jsonb'::regtype, 'text'::regtype, 'bytea'::regtype) OR type::regtype::text LIKE '%[]' THEN '''{}'''
               WHEN type = 'boolean'::regtype THEN 'false' ELSE '0' END, ', ' ORDER BY i)
    INTO args FROM unnest(door.types) WITH ORDINALITY AS a (type, i);
    EXECUTE format('SELECT (%I(%s))::text', door.call, args);
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE = 'MA057' AND SQLERRM LIKE format('%%"%s"%%2^53%%', door.argument) THEN 'refused' ELSE SQLERRM END;
END $$;
SELECT d.call, d.argument, number, pg_temp.refusal(d, number) AS answer
FROM doors AS d, unnest('{9007199254740992, -9007199254740992, 9223372036854775807}'::text[]) AS number
WHERE pg_temp.refusal(d, number) <> 'refused'
ORDER BY 1, 2, 3;
SELECT proname, proargnames FROM pg_proc, unnest(proargtypes::oid[]) WITH ORDINALITY AS a (type, n)
WHERE pronamespace = 'msgstore'::regnamespace AND prokind = 'f' AND type = 'bigint'::regtype
  AND proname <> 'may_use_store' AND proargnames[n] NOT IN ('offset', 'length', 'size')
  AND NOT EXISTS (SELECT FROM doors AS d WHERE d.call = proname AND d.argument = proargnames[n]);
SELECT may_use_store(9007199254740992);
SELECT count(*) > 30 AS doors, count(*) FILTER (WHERE type = 'bigint[]'::regtype) AS lists FROM doors;
-- fail: procedures
CALL sweep_blobs(9007199254740992);
CALL prune_history(9007199254740992);
\set VERBOSITY sqlstate
-- the greatest number is no more than not there
SELECT read_message(:store, 9007199254740991);
