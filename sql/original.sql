-- The mail that a message was made from is written once, in pieces, shown only
-- where it is asked for, and goes where the message goes.
\set VERBOSITY terse
SET search_path = msgstore, pg_catalog;
SELECT create_store('originals') AS s \gset
SELECT message_id AS m FROM save_new_message(:s, special_folder(:s, 'Inbox'),
    '{"PR_SUBJECT": "from a mail"}') \gset

-- none yet
SELECT read_original(:s, :m, 0, 100) IS NULL AS "none";
SELECT read_message(:s, :m, '{PR_INTERNET_CONTENT}');

-- in pieces, each behind the one before
SELECT write_original(:s, :m, 0, '\x5375626a6563743a20780a');
SELECT write_original(:s, :m, 11, '\x0a74657874');
SELECT write_original(:s, :m, 0, 'again');  -- fail
SELECT write_original(:s, :m, 17, 'a gap');  -- fail
SELECT convert_from(read_original(:s, :m, 0, 100), 'UTF8');
SELECT convert_from(read_original(:s, :m, 9, 4), 'UTF8');
SELECT read_original(:s, :m, 16, 4);
SELECT read_original(:s, :m, 100, 4);

-- shown by name only
SELECT read_message(:s, :m) ? 'PR_INTERNET_CONTENT' AS shown;
SELECT convert_from(decode(read_message(:s, :m, '{PR_INTERNET_CONTENT}')
    ->> 'PR_INTERNET_CONTENT', 'base64'), 'UTF8');

-- no save touches it
SELECT result FROM save_message(:s, :m,
    (read_message(:s, :m) -> 'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "y"}');
SELECT result FROM save_new_message(:s, special_folder(:s, 'Inbox'),
    '{"PR_INTERNET_CONTENT": "eA=="}');  -- fail
SELECT octet_length(read_original(:s, :m, 0, 100));

-- a copy of the message has one, and a hard delete takes it along
SELECT open_message(:s, :m) AS h \gset
SELECT save_as(:h, special_folder(:s, 'Drafts')) AS copy \gset
SELECT close_object(:h);
SELECT octet_length(read_original(:s, :copy, 0, 100));
SELECT delete_messages(:s, ARRAY[:m], 'DELETE_HARD_DELETE');
SELECT count(*) FROM original WHERE store_id = :s AND message_id = :m;
\set VERBOSITY sqlstate
SELECT write_original(:s, :m, 0, 'late');  -- fail
\set VERBOSITY terse
SELECT octet_length(read_original(:s, :copy, 0, 100));

-- so has a copy by copy_messages(), also in another store, and a message that is
-- moved to another store; a store that keeps none takes none
SELECT new_message_id AS again FROM copy_messages(:s, ARRAY[:copy],
    special_folder(:s, 'Inbox')) \gset
SELECT octet_length(read_original(:s, :again, 0, 100));
SELECT create_store('originals, too') AS o \gset
SELECT new_message_id AS there FROM copy_messages(:s, ARRAY[:copy],
    special_folder(:o, 'Inbox'), :o) \gset
SELECT octet_length(read_original(:o, :there, 0, 100));
SELECT new_message_id AS moved FROM move_messages_to_store(:s, ARRAY[:again],
    special_folder(:o, 'Inbox'), :o) \gset
SELECT octet_length(read_original(:o, :moved, 0, 100));
SELECT keep_originals(:o, false);
SELECT new_message_id AS without FROM copy_messages(:s, ARRAY[:copy],
    special_folder(:o, 'Inbox'), :o) \gset
SELECT read_original(:o, :without, 0, 100) IS NULL AS "none";

-- a store that keeps none
SELECT keep_originals(:s, false);
SELECT message_id AS n FROM save_new_message(:s, special_folder(:s, 'Inbox'),
    '{}') \gset
SELECT write_original(:s, :n, 0, 'gone');
SELECT read_original(:s, :n, 0, 100) IS NULL AS "none";
SELECT octet_length(read_original(:s, :copy, 0, 100));
SELECT keep_originals(:s, true);

-- bad arguments
SELECT write_original(NULL, :n, 0, 'x');  -- fail
SELECT write_original(:s, NULL, 0, 'x');  -- fail
SELECT write_original(:s, :n, NULL, 'x');  -- fail
SELECT write_original(:s, :n, 0, NULL);  -- fail
SELECT write_original(:s, :n, -1, 'x');  -- fail
\set VERBOSITY sqlstate
SELECT write_original(:s, 999999, 0, 'x');  -- fail
SELECT read_original(:s, 999999, 0, 1);  -- fail
\set VERBOSITY terse
SELECT read_original(:s, :n, 0, -1);  -- fail
SELECT read_original(:s, :n, 0, 1100000000);  -- fail
SELECT keep_originals(:s, NULL);  -- fail

-- too long to be shown as a property
INSERT INTO original VALUES (:s, :n, 0, ''), (:s, :n, 134217728, 'x');
SELECT read_message(:s, :n, '{PR_INTERNET_CONTENT}');  -- fail
DELETE FROM original WHERE store_id = :s AND message_id = :n;

-- of others
CREATE ROLE regress_original_stranger;
GRANT USAGE ON SCHEMA msgstore TO regress_original_stranger;
SET ROLE regress_original_stranger;
\set VERBOSITY sqlstate
SELECT write_original(:s, :n, 0, 'x');  -- fail
SELECT read_original(:s, :n, 0, 1);  -- fail
SELECT keep_originals(:s, true);  -- fail
SELECT count(*) FROM original;  -- fail
RESET ROLE;
DROP OWNED BY regress_original_stranger;
DROP ROLE regress_original_stranger;
