-- Nothing in a caller's search_path runs for the engine or as its owner; a trigger,
-- rule or policy that an administrator adds to its tables makes the engine refuse.
\set VERBOSITY sqlstate
CREATE ROLE regress_hostile;
SELECT msgstore.create_store('hostile', 'regress_hostile') AS store \gset
GRANT EXECUTE ON FUNCTION msgstore.create_store(text, text) TO regress_hostile;
CREATE SCHEMA regress_hostile AUTHORIZATION regress_hostile;

-- decoys: functions, operators, tables and types by the names that the engine uses
SET ROLE regress_hostile;
SET search_path = regress_hostile;
CREATE FUNCTION trap() RETURNS void LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'hostile code ran as %', current_user; END $$;
CREATE FUNCTION arrow(jsonb, text) RETURNS text LANGUAGE sql AS $$ SELECT regress_hostile.trap()::text $$;
CREATE OPERATOR ->> (FUNCTION = arrow, LEFTARG = jsonb, RIGHTARG = text);
DO $$
DECLARE
    t text;
    o text[];
BEGIN
    FOREACH t IN ARRAY ARRAY['int4', 'int8', 'text', 'uuid', 'timestamptz', 'bool', 'name', 'oid',
                             'jsonb', 'msgstore.hresult', 'msgstore.save_flags'] LOOP
        FOREACH o SLICE 1 IN ARRAY ARRAY[['op_eq', '='], ['op_ne', '<>'], ['op_and', '&'], ['op_or', '|']] LOOP
            EXECUTE format('CREATE FUNCTION %1$s(%2$s, %2$s) RETURNS boolean LANGUAGE sql'
                ' AS $f$ SELECT regress_hostile.trap() IS NULL $f$', o[1], t);
            EXECUTE format('CREATE OPERATOR %1$s (FUNCTION = %2$s, LEFTARG = %3$s, RIGHTARG = %3$s)',
                o[2], o[1], t);
        END LOOP;
    END LOOP;
    FOREACH t IN ARRAY ARRAY['now()', 'gen_random_uuid()', 'current_database()', 'version()',
            'may_use_store(bigint)', 'store_read(bigint)', 'systime(text)', 'open_handles()',
            'message_size(jsonb, jsonb, text, text, bytea, bytea, jsonb)', 'nextval(regclass)',
            'jsonb_object_field_text(jsonb, text)', 'current_setting(text)',
            'hresult_out(msgstore.hresult)', 'get_props(integer, text[])'] LOOP
        EXECUTE format('CREATE FUNCTION %s RETURNS text LANGUAGE sql AS $f$ SELECT regress_hostile.trap()::text $f$', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['store', 'folder', 'message', 'change', 'node', 'incarnation', 'change_list'] LOOP
        EXECUTE format('CREATE TABLE %I (store_id bigint, folder_id bigint, owner text DEFAULT regress_hostile.trap()::text)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['store_id_seq', 'folder_id_seq', 'message_id_seq', 'change_number_seq'] LOOP
        EXECUTE format('CREATE SEQUENCE %I START 7', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['hresult', 'save_flags', 'open_flags'] LOOP
        EXECUTE format('CREATE DOMAIN %I AS text CHECK (regress_hostile.trap() IS NULL)', t);
    END LOOP;
END $$;
CREATE FUNCTION format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT regress_hostile.trap()::text $$;

-- a new session, in which nothing has been planned yet
\c -
\set VERBOSITY sqlstate
SET ROLE regress_hostile;
CREATE TEMPORARY TABLE message (store_id bigint, message_id bigint);
CREATE TEMPORARY TABLE store (store_id bigint, owner text, replica_guid text);
CREATE TEMPORARY TABLE change (store_id bigint);
SET search_path = regress_hostile, pg_temp, pg_catalog;
-- the traps are set
-- fail
SELECT 1::int8 = 1::int8;
-- fail
SELECT now();
-- fail
SELECT '{}'::jsonb ->> 'a'::text;
-- every call does what it does on any other day
SELECT msgstore.may_use_store(:store);
SELECT msgstore.special_folder(:store, 'Inbox') AS inbox \gset
SELECT msgstore.create_folder(:store, NULL, 'made under a hostile path') AS folder \gset
SELECT msgstore.create_store('hostile: made under a hostile path') AS another \gset
SELECT message_id AS id, change_number AS n
FROM msgstore.save_new_message(:store, :inbox, '{"PR_SUBJECT": "one", "PR_BODY": "body",
    "PR_CLIENT_SUBMIT_TIME": "2024-01-01T00:00:00Z"}') \gset
SELECT msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS a,
       msgstore.open_message(:store, :id, 'MAPI_MODIFY') AS b,
       msgstore.create_message(:store, :folder) AS new \gset
SELECT msgstore.set_props(:a, '{"PR_SUBJECT": "two"}'), msgstore.set_props(:b, '{"PR_BODY": "b"}'),
       msgstore.set_props(:new, '{"PR_SUBJECT": "new"}'), msgstore.delete_props(:new, '{PR_COMMENT}');
SELECT msgstore.save_changes(:a), msgstore.save_changes(:b), msgstore.force_save(:b),
       msgstore.save_changes(:new);
SELECT msgstore.get_props(:b, '{PR_SUBJECT, PR_BODY}'), msgstore.refresh(:a);
SELECT msgstore.read_message(:store, :id, '{PR_SUBJECT, PR_BODY}');
SELECT result FROM msgstore.save_message(:store, :id, :n, '{"PR_SUBJECT": "stale"}');
SELECT result FROM msgstore.save_message(:store, :id, :n, '{"PR_SUBJECT": "three"}', 'FORCE_SAVE');
SELECT name, owner FROM msgstore.store_list ORDER BY name;
SELECT name FROM msgstore.folder_list ORDER BY folder_id;
SELECT subject, importance, client_submit_time IS NULL AS timeless FROM msgstore.message_list ORDER BY message_id;
SELECT kind, properties FROM msgstore.change_list ORDER BY change_number;
SELECT kind, role, properties FROM msgstore.history(:store, :id);
SELECT access_level, has_edits FROM msgstore.open_handles ORDER BY handle;
SELECT msgstore.set_props(:a, '{"PR_COMMENT": "a"}');
SELECT property, side FROM msgstore.conflict(:a);
SELECT property, side FROM msgstore.conflict(:store, :id, :n, '{"PR_COMMENT": "a"}', true);
SELECT msgstore.park(:a) AS p \gset
SELECT subject, properties FROM msgstore.parked;
SELECT msgstore.resume(:store, :p) AS c \gset
SELECT msgstore.save_as(:c, :folder) AS copy \gset
SELECT msgstore.resolve_conflict(:a, 'MERGE'), msgstore.resolve_conflict(:c, 'SAVE_ELSEWHERE'), msgstore.close_object(:c);
SELECT result FROM msgstore.resolve_conflict(:store, :id, :n, '{"PR_COMMENT": "b"}', 'OVERWRITE');
SELECT result FROM msgstore.save_message(:store, :id, :n, '{"PR_SUBJECT": "stale"}', 'PARK_REFUSED');
SELECT msgstore.discard_parked(store_id, parked_id) FROM msgstore.parked;
SELECT msgstore.message_at(:store, :id, :n)->'PR_SUBJECT' AS subject;
SELECT result FROM msgstore.restore_version(:store, :id, :n, 1);
SELECT msgstore.move_messages(:store, ARRAY[:id], :folder), msgstore.delete_messages(:store, ARRAY[:id]),
       msgstore.restore_messages(:store, ARRAY[:id]), msgstore.delete_messages(:store, ARRAY[:copy], 'DELETE_HARD_DELETE');
SELECT msgstore.set_retention(:store, NULL, 1);
CALL msgstore.prune_history(:store);
SELECT count(*) FROM msgstore.history(:store, :id);
-- fail
SELECT msgstore.throw_if_failed('MAPI_E_OBJECT_CHANGED'::msgstore.hresult);
SELECT msgstore.close_object(:a), msgstore.close_object(:b), msgstore.close_object(:new);
-- the caller's search_path is unchanged
SHOW search_path;
SELECT current_user;
-- fail
SELECT msgstore.special_folder(:store, 'Nowhere');
SHOW search_path;
SELECT current_user;
-- nothing is left in the decoys
TABLE regress_hostile.message;
TABLE pg_temp.message;
SELECT last_value FROM regress_hostile.change_number_seq;
RESET search_path;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA regress_hostile CASCADE;
DROP TABLE pg_temp.message, pg_temp.store, pg_temp.change;
RESET client_min_messages;

-- the engine writes past the executor, and refuses to work where that would skip
-- something: each kind of rule, trigger and policy, on each of its tables
SET search_path = msgstore, public;
\set VERBOSITY terse
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "waits for better times"}');
CREATE FUNCTION pg_temp.under(h integer, store bigint, id bigint, ddl text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    number bigint := (read_message(store, id)->>'PidTagChangeNumber')::bigint;
    call text;
    said text[];
    answer text;
BEGIN
    BEGIN
        EXECUTE ddl;
        FOREACH call IN ARRAY ARRAY[
            format('SELECT save_changes(%s)', h),
            format('SELECT force_save(%s)', h),
            format('SELECT result FROM save_message(%s, %s, %s, %L)', store, id, number, '{"PR_SUBJECT": "x"}'),
            format('SELECT result FROM save_new_message(%s, special_folder(%s, %L), %L)', store, store, 'Inbox', '{}')]
        LOOP
            BEGIN
                EXECUTE call INTO answer;
            EXCEPTION WHEN OTHERS THEN
                answer := SQLSTATE || ' ' || SQLERRM;
            END;
            IF NOT answer = ANY (coalesce(said, '{}')) THEN
                said := said || answer;
            END IF;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        RETURN array_to_string(said, E'\n');
    END;
END $$;
CREATE FUNCTION pg_temp.refused(h integer, store bigint, id bigint, what text, ddl text,
    OUT "table" text, OUT "what it has" text, OUT answer text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT t, what, pg_temp.under(h, store, id, format(ddl, t))
    FROM unnest(ARRAY['message', 'change']) AS t $$;
CREATE TABLE public.regress_hostile_shop (s bigint PRIMARY KEY);
INSERT INTO public.regress_hostile_shop SELECT store_id FROM store;
SELECT r.* FROM (VALUES
    ('row trigger', 'CREATE TRIGGER t BEFORE INSERT OR UPDATE ON msgstore.%1$I FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing()'),
    ('statement trigger', 'CREATE TRIGGER t AFTER INSERT OR UPDATE ON msgstore.%1$I EXECUTE FUNCTION pg_temp.nothing()'),
    ('deferred trigger', 'CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE ON msgstore.%1$I INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing()'),
    ('rule', 'CREATE RULE r AS ON INSERT TO msgstore.%1$I DO ALSO NOTHING'),
    ('row-level security', 'ALTER TABLE msgstore.%1$I ENABLE ROW LEVEL SECURITY'),
    ('check', 'ALTER TABLE msgstore.%1$I ADD CHECK (store_id > 0)'),
    ('deferrable constraint', 'ALTER TABLE msgstore.%1$I ADD UNIQUE (message_id, change_number) DEFERRABLE'),
    ('foreign key', 'ALTER TABLE msgstore.%1$I ADD FOREIGN KEY (store_id) REFERENCES public.regress_hostile_shop'),
    ('generated column', 'ALTER TABLE msgstore.%1$I ADD twice bigint GENERATED ALWAYS AS (store_id * 2) STORED'))
    AS v (what, ddl), pg_temp.refused(:h, :store, :id, what, ddl) AS r;
DROP TABLE public.regress_hostile_shop;
-- an added column is left empty, and so must not be NOT NULL
SELECT r.* FROM pg_temp.refused(:h, :store, :id, 'column that must not be null',
    'ALTER TABLE msgstore.%1$I ADD mine integer NOT NULL DEFAULT 7') AS r;
-- indexes, foreign keys to its tables and comments are no reason to refuse
SELECT what, pg_temp.under(:h, :store, :id, ddl)
FROM (VALUES
    ('index', 'CREATE INDEX ON msgstore.message (store_id, created_at)'),
    ('unique index on an expression', 'CREATE UNIQUE INDEX ON msgstore.message ((message_id + 0), (change_number + 0))'),
    ('partial index', 'CREATE INDEX ON msgstore.change (author_id) WHERE request IS NULL'),
    ('referencing table', 'CREATE TABLE public.regress_ref (s bigint, m bigint, FOREIGN KEY (s, m) REFERENCES msgstore.message)'),
    ('storage', 'ALTER TABLE msgstore.message ALTER body SET STORAGE EXTERNAL'),
    ('column', 'ALTER TABLE msgstore.message ADD note text'))
    AS v (what, ddl);
-- an added index is kept up to date
BEGIN;
CREATE UNIQUE INDEX regress_hostile_index ON message (store_id, change_number);
CREATE INDEX regress_hostile_subject ON message (left(props->>'PR_SUBJECT', 100));
SELECT save_changes(:h);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT message_id = :id AS found FROM message WHERE left(props->>'PR_SUBJECT', 100) = 'waits for better times';
SELECT count(*) FROM message WHERE left(props->>'PR_SUBJECT', 100) = 'three';
ROLLBACK;
-- a message that another table refers to can be saved
CREATE TABLE public.regress_hostile_ref (s bigint, m bigint, FOREIGN KEY (s, m) REFERENCES message);
INSERT INTO public.regress_hostile_ref VALUES (:store, :id);
-- without them the engine works as before
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_SUBJECT}');
DROP TABLE public.regress_hostile_ref;
SELECT close_object(:h);
REVOKE EXECUTE ON FUNCTION create_store(text, text) FROM regress_hostile;
DROP ROLE regress_hostile;
