-- Ways around the rights in folders, each tried by a role that has all rights in one
-- folder of a store and none in another: tables, leaky conditions, names in other
-- schemas, temporary objects, other roles' handles and functions, plans, statistics.
SET search_path = msgstore, public;
\set VERBOSITY terse
CREATE ROLE regress_around_owner;
CREATE ROLE regress_around_ann;
CREATE ROLE regress_around_bob;
CREATE SCHEMA regress_around;
GRANT CREATE, USAGE ON SCHEMA regress_around TO regress_around_owner, regress_around_ann;
SELECT create_store('around', 'regress_around_owner') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox, special_folder(:store, 'Drafts') AS drafts \gset
SELECT grant_folder(:store, :inbox, 'regress_around_ann', 'OWNER');
SET ROLE regress_around_owner;
SELECT message_id AS shown, change_number AS shown_number
FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "shown"}') \gset
SELECT message_id AS secret, change_number AS secret_number
FROM save_new_message(:store, :drafts, '{"PR_SUBJECT": "secret", "PR_BODY": "secret body",
    "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0}]}') \gset
SELECT open_message(:store, :secret, 'MAPI_MODIFY') AS h \gset
SELECT open_attachment(:h, 0, 'MAPI_MODIFY') AS a \gset
SELECT write_stream(:a, 'PR_ATTACH_DATA_BIN', 0, decode(repeat('7365', 200000), 'hex')) AS bytes;
SELECT save_changes(:a), save_changes(:h);
RESET ROLE;
SELECT blob_id AS blob, size AS blob_size FROM blob WHERE store_id = :store \gset
ANALYZE message, change, folder, store, folder_right;
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '\m\d+\M', 'N', 'g');
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.error(text) TO PUBLIC;

-- the tables, the sequences and the functions of msgstore_internal
SET ROLE regress_around_ann;
SELECT c.relname, pg_temp.error(format('SELECT * FROM msgstore.%I', c.relname))
FROM pg_class AS c
WHERE c.relnamespace = 'msgstore'::regnamespace AND c.relkind IN ('r', 'S')
  AND pg_temp.error(format('SELECT * FROM msgstore.%I', c.relname)) !~ '^42501';
SELECT pg_temp.error(call) FROM (VALUES
    (format('INSERT INTO msgstore.folder_right VALUES (%s, %s, %L, 2043)', :store, :drafts, 'regress_around_ann')),
    ('UPDATE msgstore.folder_right SET rights = 2043'),
    ('UPDATE msgstore.store SET owner = ''regress_around_ann'''),
    (format('UPDATE msgstore.message_list SET folder_id = %s', :inbox)),
    ('DELETE FROM msgstore.folder_permissions'),
    ('SELECT nextval(''msgstore.change_number_seq'')'),
    ('CREATE FUNCTION msgstore.may_use_store(integer) RETURNS boolean LANGUAGE sql AS ''SELECT true'''),
    ('CREATE TABLE msgstore.mine ()'),
    ('ALTER FUNCTION msgstore.may_use_store(bigint) COST 1'),
    ('SELECT * FROM msgstore_internal.blobs_used(1, 1)')) AS c (call);
-- these answer for the current role only
SELECT msgstore_internal.folder_visible(:store, :drafts) AS folder,
       msgstore_internal.message_readable(:store, :drafts, 'regress_around_ann') AS message,
       msgstore_internal.history_readable(:store, :secret) AS history,
       msgstore_internal.folder_visible(-1, 1) AS no_store;

-- conditions that tell what they are given
CREATE FUNCTION regress_around.leak(text) RETURNS boolean
LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT count(*) FROM message_list WHERE regress_around.leak(subject);
SELECT count(*) FROM folder_list WHERE regress_around.leak(name);
SELECT count(*) FROM change_list WHERE store_id = :store AND regress_around.leak(kind);
SELECT count(*) FROM folder_permissions WHERE regress_around.leak(member);
SELECT count(*) FROM message_list WHERE 1 / (CASE WHEN subject = 'secret' THEN 0 ELSE 1 END) = 1;

-- names in other schemas, and temporary objects
CREATE FUNCTION regress_around.yes(bigint, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION regress_around.yes(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR regress_around.= (FUNCTION = regress_around.yes, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR regress_around.= (FUNCTION = regress_around.yes, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION regress_around.may_use_store(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION regress_around.folder_visible(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TEMPORARY TABLE folder_right (store_id bigint, folder_id bigint, member text, rights integer);
INSERT INTO folder_right VALUES (:store, :drafts, 'regress_around_ann', 2043);
CREATE TEMPORARY TABLE store AS SELECT :store::bigint AS store_id, 'regress_around_ann'::text AS owner;
SET search_path = regress_around, pg_temp, msgstore, pg_catalog;
SELECT msgstore.effective_rights(:store, :inbox, 'regress_around_bob') OPERATOR(pg_catalog.=) 0 AS none;
SELECT pg_temp.error(format('SELECT read_message(%s, %s)', :store, :secret)),
       pg_temp.error(format('SELECT effective_rights(%s, %s)', :store, :drafts));
SELECT count(*) FROM msgstore.message_list;
SELECT pg_temp.error(format('SELECT FROM msgstore.history(%s, %s)', :store, :secret)),
       (SELECT count(*) FROM msgstore.change_list WHERE message_id OPERATOR(pg_catalog.=) :secret) AS changes;
SELECT count(*) FROM msgstore.parked;
SET search_path = msgstore, public;
DROP TABLE pg_temp.folder_right, pg_temp.store;

-- handles belong to the role that opened them
SELECT pg_temp.error(format(call, :h))
FROM unnest(ARRAY['SELECT get_props(%s)', 'SELECT save_changes(%s)', 'SELECT park(%s)', 'SELECT refresh(%s)',
                  'SELECT read_stream(%s, ''PR_BODY'', 0, 9)', 'SELECT save_as(%s, 1)', 'SELECT * FROM conflict(%s)']) AS call;
SELECT open_message(:store, :shown, 'MAPI_MODIFY') AS mine \gset
SET ROLE regress_around_bob;
SELECT pg_temp.error(format('SELECT get_props(%s)', :mine));
SELECT count(*) FROM open_handles;

-- in a function with SECURITY DEFINER the rights of its owner count, and no others
SET ROLE regress_around_ann;
CREATE FUNCTION regress_around.of_ann(store bigint, message bigint) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = msgstore, pg_temp
AS $$ SELECT read_message(store, message, '{PR_SUBJECT}')->>'PR_SUBJECT' $$;
CREATE FUNCTION regress_around.handle_of_ann(handle integer) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = msgstore, pg_temp AS $$ SELECT get_props(handle) $$;
CREATE VIEW regress_around.list_of_ann AS SELECT subject FROM msgstore.message_list;
GRANT SELECT ON regress_around.list_of_ann TO PUBLIC;
SET ROLE regress_around_owner;
SELECT pg_temp.error(format('SELECT regress_around.of_ann(%s, %s)', :store, :secret)),
       pg_temp.error(format('SELECT regress_around.handle_of_ann(%s)', :h));
SELECT subject FROM regress_around.list_of_ann ORDER BY 1;
RESET ROLE;
GRANT USAGE ON SCHEMA regress_around TO regress_around_bob;
SET ROLE regress_around_bob;
SELECT regress_around.of_ann(:store, :shown);
SELECT pg_temp.error(format('SELECT regress_around.of_ann(%s, %s)', :store, :secret));
-- a view asks for whoever reads it
SELECT count(*) FROM regress_around.list_of_ann;
RESET ROLE;

-- one plan, many roles
PREPARE listed AS SELECT string_agg(subject, ', ' ORDER BY subject) FROM message_list;
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_around_owner;
EXECUTE listed;
SET ROLE regress_around_ann;
EXECUTE listed;
SET ROLE regress_around_bob;
EXECUTE listed;
RESET plan_cache_mode;

-- plans name no value that the role does not see, and there are no statistics for it
SET ROLE regress_around_ann;
CREATE FUNCTION regress_around.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) ' || query; END $$;
SELECT count(*) FILTER (WHERE line ~ 'secret') AS secrets, count(*) > 0 AS any
FROM unnest(ARRAY['SELECT * FROM msgstore.message_list', 'SELECT * FROM msgstore.change_list',
                  'SELECT * FROM msgstore.folder_list']) AS query, regress_around.plan(query) AS line;
SELECT count(*) FROM pg_stats WHERE schemaname = 'msgstore';

-- the blob of a hidden message is not to be had by its id
SELECT pg_temp.error(format('SELECT set_props(%s, %L)', :mine,
    jsonb_build_object('PR_BODY', jsonb_build_object('blob', :blob, 'size', :blob_size))));
SELECT pg_temp.error(format('SELECT read_stream(%s, %L, 0, 10)', :mine, 'PR_BODY'));
SELECT pg_temp.error(format('SELECT * FROM save_message(%s, %s, %s, %L)', :store, :shown, :shown_number,
    jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object('PR_ATTACH_NUM', 0,
        'PR_ATTACH_DATA_BIN', jsonb_build_object('blob', :blob, 'size', :blob_size))))));

-- a message that was moved away is gone, also from the past, and one that is moved in is seen
SET ROLE regress_around_owner;
SELECT move_messages(:store, ARRAY[:shown], :drafts), move_messages(:store, ARRAY[:secret], :inbox);
SET ROLE regress_around_ann;
SELECT pg_temp.error(format('SELECT FROM history(%s, %s)', :store, :shown));
SELECT pg_temp.error(format('SELECT message_at(%s, %s, %s)', :store, :shown, :shown_number)),
       pg_temp.error(format('SELECT get_props(%s)', :mine));
SELECT subject FROM message_list;
SELECT kind FROM history(:store, :secret);
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA regress_around CASCADE;
RESET client_min_messages;
DROP ROLE regress_around_owner, regress_around_ann, regress_around_bob;
