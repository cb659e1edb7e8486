-- Large bytes without a handle: create_blob(), write_blob(), read_blob().
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
CREATE ROLE regress_blob_team;
CREATE ROLE regress_blob_ann IN ROLE regress_blob_team;
CREATE ROLE regress_blob_bob IN ROLE regress_blob_team;
SELECT create_store('blob: stateless', 'regress_blob_team') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT msgstore.' || call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, ' \d+', ' N', 'g');
END $$;
CREATE FUNCTION pg_temp.bytes(length integer) RETURNS bytea LANGUAGE sql AS $$
    SELECT convert_to(repeat('0123456789abcdef', length / 16 + 1), 'UTF8')::bytea $$;
GRANT ALL ON FUNCTION pg_temp.bytes(integer) TO PUBLIC;
SET msgstore.handles = 'off';
SET ROLE regress_blob_ann;

-- written in pieces, and again from a place in the middle
SELECT create_blob(:store, actor => 'ann@example.org') AS b \gset
SELECT read_blob(:store, NULL, :b, 0, 10);
SELECT write_blob(:store, :b, 0, substr(pg_temp.bytes(600000), 1, 300000));
SELECT write_blob(:store, :b, 300000, substr(pg_temp.bytes(600000), 300001, 300000));
SELECT write_blob(:store, :b, 290000, substr(pg_temp.bytes(600000), 290001, 20000));
SELECT write_blob(:store, :b, 600000, '');
SELECT read_blob(:store, NULL, :b, 0, 700000) = substr(pg_temp.bytes(600000), 1, 600000) AS equal,
       read_blob(:store, NULL, :b, 262140, 10) = substr(pg_temp.bytes(600000), 262141, 10) AS middle,
       length(read_blob(:store, NULL, :b, 600000, 10)) AS after_the_end;
RESET ROLE;
SELECT size, sealed, is_text, creator, actor FROM blob WHERE store_id = :store AND blob_id = :b;
-- nobody else's: neither to read nor to write nor to refer to
SET ROLE regress_blob_bob;
-- fail
SELECT read_blob(:store, NULL, :b, 0, 10);
-- fail
SELECT write_blob(:store, :b, 0, 'x');
-- fail
SELECT save_new_message(:store, :inbox, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_DATA_BIN', jsonb_build_object('blob', :b, 'size', 600000)))));
-- fail
SELECT park_message(:store, NULL, NULL, jsonb_build_object('PR_HTML', jsonb_build_object('blob', :b, 'size', 600000)),
    folder_id => :inbox);
SET ROLE regress_blob_ann;
-- a reference with a wrong size or kind
-- fail
SELECT save_new_message(:store, :inbox, jsonb_build_object('PR_HTML', jsonb_build_object('blob', :b, 'size', 599999)));
-- fail
SELECT save_new_message(:store, :inbox, jsonb_build_object('PR_BODY', jsonb_build_object('blob', :b, 'size', 600000)));
-- a refused save leaves the blob as it is
SELECT message_id AS id, change_number AS n FROM save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
SELECT result FROM save_message(:store, :id, 0, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_DISPLAY_NAME', 'f', 'PR_ATTACH_DATA_BIN', jsonb_build_object('blob', :b, 'size', 600000)))));
SELECT write_blob(:store, :b, 0, substr(pg_temp.bytes(600000), 1, 10));
-- saved: it belongs to the message, and never changes
SELECT result FROM save_message(:store, :id, :n, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_DISPLAY_NAME', 'f', 'PR_ATTACH_DATA_BIN', jsonb_build_object('blob', :b, 'size', 600000)))));
SELECT read_message(:store, :id)->'PR_MESSAGE_ATTACHMENTS'->0->'PR_ATTACH_DATA_BIN' = jsonb_build_object('blob', :b, 'size', 600000) AS reference;
-- fail
SELECT write_blob(:store, :b, 0, 'x');
SET ROLE regress_blob_bob;
SELECT read_blob(:store, :id, :b, 100, 16);
-- fail
SELECT read_blob(:store, NULL, :b, 100, 16);
-- fail
SELECT read_blob(:store, 0, :b, 100, 16);
SET ROLE regress_blob_ann;
-- the creator refers to it in another message as well, and in a draft
SELECT result, message_id AS second FROM save_new_message(:store, :inbox, jsonb_build_object('PR_HTML', jsonb_build_object('blob', :b, 'size', 600000))) \gset
SELECT :'result';
SELECT create_blob(:store, false) AS t \gset
SELECT write_blob(:store, :t, 0, convert_to('größe', 'UTF8'));
SELECT park_message(:store, :id, :n, jsonb_build_object('PR_BODY', jsonb_build_object('blob', :t, 'size', 7))) AS p \gset
SELECT convert_from(read_blob(:store, :id, :t, 0, 100), 'UTF8');
SELECT result FROM resolve_parked(:store, :p, 'MERGE');
SET ROLE regress_blob_bob;
SELECT convert_from(read_blob(:store, :id, :t, 0, 100), 'UTF8');
SET ROLE regress_blob_ann;

-- strings stay valid
SELECT create_blob(:store, false) AS t \gset
-- fail
SELECT write_blob(:store, :t, 0, '\xc3');
-- fail
SELECT write_blob(:store, :t, 0, '\x00');
SELECT write_blob(:store, :t, 0, convert_to('aöo', 'UTF8'));
-- fail
SELECT write_blob(:store, :t, 2, 'x');
-- fail
SELECT write_blob(:store, :t, 0, 'xx');
SELECT write_blob(:store, :t, 1, convert_to('ü', 'UTF8'));
SELECT convert_from(read_blob(:store, NULL, :t, 0, 100), 'UTF8');

-- a rollback takes back what was written, and the blob
BEGIN;
SELECT write_blob(:store, :t, 4, 'rolled back');
ROLLBACK;
SELECT convert_from(read_blob(:store, NULL, :t, 0, 100), 'UTF8');
BEGIN;
SELECT create_blob(:store) AS r \gset
ROLLBACK;
-- fail
SELECT write_blob(:store, :r, 0, 'x');

-- swept a day after it was created, unless something refers to it
CALL sweep_blobs(:store);
SELECT length(read_blob(:store, NULL, :t, 0, 100));
RESET ROLE;
UPDATE blob SET created_at = created_at - interval '25 hours' WHERE store_id = :store;
CALL sweep_blobs(:store);
SET ROLE regress_blob_ann;
-- fail
SELECT read_blob(:store, NULL, :t, 0, 100);
SELECT length(read_blob(:store, :id, :b, 0, 100));

-- through a handle, too
RESET ROLE;
RESET msgstore.handles;
SET ROLE regress_blob_ann;
SELECT create_blob(:store) AS h_blob \gset
SELECT write_blob(:store, :h_blob, 0, 'through a handle');
SELECT open_message(:store, :second, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, jsonb_build_object('PR_HTML', jsonb_build_object('blob', :h_blob, 'size', 16)));
SELECT read_stream(:h, 'PR_HTML', 0, 100), save_changes(:h), close_object(:h);

-- wrong arguments
\set VERBOSITY terse
-- fail
SELECT create_blob(NULL);
-- fail
SELECT create_blob(:store, NULL);
-- fail
SELECT write_blob(NULL, 1, 0, 'x');
-- fail
SELECT write_blob(:store, NULL, 0, 'x');
-- fail
SELECT write_blob(:store, 1, NULL, 'x');
-- fail
SELECT write_blob(:store, 1, -1, 'x');
-- fail
SELECT write_blob(:store, 1, 0, NULL);
-- fail
SELECT read_blob(NULL, 1, 1, 0, 1);
-- fail
SELECT read_blob(:store, 1, NULL, 0, 1);
-- fail
SELECT read_blob(:store, 1, 1, -1, 1);
-- fail
SELECT read_blob(:store, 1, 1, 0, -1);
-- fail
SELECT read_blob(:store, 1, 1, 0, 2000000000);
-- fail
SELECT read_blob(:store, 1, 0, 0, 1);
\set VERBOSITY sqlstate
SELECT create_blob(:store) AS e \gset
-- fail
SELECT write_blob(:store, :e, 1, 'x');
-- fail
SELECT create_blob(0);
BEGIN READ ONLY;
SAVEPOINT s;
-- fail
SELECT create_blob(:store);
ROLLBACK TO s;
-- fail
SELECT write_blob(:store, :e, 0, 'x');
ROLLBACK;
RESET ROLE;
CREATE ROLE regress_blob_none;
SET ROLE regress_blob_none;
-- fail
SELECT create_blob(:store);
-- fail
SELECT write_blob(:store, :e, 0, 'x');
-- fail
SELECT read_blob(:store, :id, :b, 0, 1);
RESET ROLE;
DROP ROLE regress_blob_none;
SET ROLE regress_blob_ann;
SELECT write_blob(:store, :e, 0, 'x');
SELECT create_blob(:store, false) AS t \gset
SELECT pg_temp.error(format('write_blob(%s, 0, 0, %L)', :store, 'x'));
SELECT pg_temp.error(format('write_blob(%s, %s, 9, %L)', :store, :e, 'x'));
SELECT pg_temp.error(format('write_blob(%s, %s, 0, %L)', :store, :t, '\xc3'));
RESET ROLE;
DROP ROLE regress_blob_ann, regress_blob_bob, regress_blob_team;
