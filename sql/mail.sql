-- import_message() saves a new message as save_new_message() does, with its
-- bytes as arguments beside the JSON, and stores the original.
\set VERBOSITY terse
SET search_path = msgstore, pg_catalog;
SELECT create_store('mail') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f \gset

-- equal to a message that was saved by save_new_message(), but for identifiers and times
SELECT result, message_id AS m, change_number AS n
FROM import_message(:s, :f, '{"PR_SUBJECT": "x", "PR_MESSAGE_FLAGS": 1,
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob"}]}',
    'Subject: x', E'text\n', '<p>html</p>') \gset
SELECT message_id AS o
FROM save_new_message(:s, :f, '{"PR_SUBJECT": "x", "PR_MESSAGE_FLAGS": 1,
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob"}],
    "PR_TRANSPORT_MESSAGE_HEADERS": "Subject: x", "PR_BODY": "text\n",
    "PR_HTML": "PHA+aHRtbDwvcD4="}') \gset
SELECT key
FROM jsonb_each(read_message(:s, :m)) AS a FULL JOIN jsonb_each(read_message(:s, :o)) AS b
     USING (key)
WHERE a.value IS DISTINCT FROM b.value ORDER BY key COLLATE "C";
SELECT :'result' AS result, read_message(:s, :m, '{PR_BODY,PR_HTML}');
SELECT (read_message(:s, :m) ->> 'PidTagChangeNumber')::bigint = :n AS number,
       read_original(:s, :m, 0, 10) IS NULL AS no_original;

-- bytes of attachments, to any depth; one element can be used twice
SELECT message_id AS m
FROM import_message(:s, :f, '{"PR_MESSAGE_ATTACHMENTS": [
    {"PR_ATTACH_DATA_BIN": {"blob": 2, "size": 3}},
    {"PR_ATTACH_DATA_OBJ": {"PR_SUBJECT": "inner", "PR_MESSAGE_ATTACHMENTS": [
        {"PR_ATTACH_DATA_BIN": {"blob": 1, "size": 4}},
        {"PR_ATTACH_DATA_BIN": {"blob": 2, "size": 3}}]}}]}',
    attachments => '{"\\x61626364", "\\x78797a"}', original => 'the mail') \gset
SELECT a ->> 'PR_ATTACH_NUM' AS num, a ->> 'PR_ATTACH_SIZE' AS size,
       convert_from(read_blob(:s, :m, (a #>> '{PR_ATTACH_DATA_BIN,blob}')::bigint, 0, 9),
                    'UTF8') AS bytes
FROM jsonb_path_query(read_message(:s, :m), '$.**.PR_MESSAGE_ATTACHMENTS[*]
    ? (exists (@.PR_ATTACH_DATA_BIN))') AS a
ORDER BY bytes, num;
SELECT count(*), count(*) FILTER (WHERE sealed) AS sealed FROM blob WHERE store_id = :s;
SELECT count(*) FROM blob_ref WHERE store_id = :s AND message_id = :m;
SELECT convert_from(read_original(:s, :m, 0, 100), 'UTF8');

-- an original of several pieces, and a store that keeps none
SELECT message_id AS m
FROM import_message(:s, :f, '{}', original => convert_to(repeat('mail', 400000), 'UTF8')) \gset
SELECT octet_length(bytes) FROM original WHERE store_id = :s AND message_id = :m
ORDER BY "offset";
SELECT read_original(:s, :m, 0, 2000000) = convert_to(repeat('mail', 400000), 'UTF8') AS equal;
SELECT keep_originals(:s, false);
SELECT message_id AS m FROM import_message(:s, :f, '{}', original => 'x') \gset
SELECT read_original(:s, :m, 0, 1) IS NULL AS no_original;
SELECT keep_originals(:s, true);

-- a request that is made again; the author
SELECT message_id AS m FROM import_message(:s, :f, '{}', 'a: b', request => 'once',
    actor => 'ann') \gset
SELECT message_id = :m AS found FROM import_message(:s, :f, '{}', 'a: c', request => 'once');
SELECT read_message(:s, :m) ->> 'PR_TRANSPORT_MESSAGE_HEADERS' AS headers;
SELECT changed_by FROM history(:s, :m);

-- read is the importing user's state
SELECT message_id AS m FROM import_message(:s, :f, '{"PR_MESSAGE_FLAGS": 1}',
    actor => 'ann') \gset
SELECT user_name, (read_message(:s, :m, NULL, user_name) ->> 'PR_READ') AS read
FROM unnest('{ann,bob}'::text[]) AS user_name;

-- refused, and nothing is stored
SELECT count(*) AS blobs FROM blob WHERE store_id = :s \gset
SELECT import_message(:s, :f, '{"PR_BODY": "x"}', body => 'y');  -- fail
SELECT import_message(:s, :f, '{"PR_SUBJECT": {"blob": 1, "size": 1}}', attachments => '{a}');  -- fail
SELECT import_message(:s, :f, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 2, "size": 1}}]}', attachments => '{a}');  -- fail
SELECT import_message(:s, :f, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 1, "size": 1}}]}', attachments => '{NULL}');  -- fail
SELECT import_message(:s, :f, '{"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_DATA_BIN": {"blob": 1, "size": 2}}]}', attachments => '{a}');  -- fail
SELECT import_message(:s, :f, '[]', attachments => '{a}');  -- fail
SELECT import_message(NULL, :f, '{}');  -- fail
SELECT import_message(:s, NULL, '{}');  -- fail
SELECT import_message(:s, :f, NULL);  -- fail
\set VERBOSITY sqlstate
SELECT import_message(:s, 999999, '{}');  -- fail
SELECT count(*) = :blobs AS as_before FROM blob WHERE store_id = :s;
CREATE ROLE regress_mail_stranger;
GRANT USAGE ON SCHEMA msgstore TO regress_mail_stranger;
SET ROLE regress_mail_stranger;
SELECT import_message(:s, :f, '{}');  -- fail
RESET ROLE;
DROP OWNED BY regress_mail_stranger;
DROP ROLE regress_mail_stranger;
BEGIN READ ONLY;
SELECT import_message(:s, :f, '{}');  -- fail
ROLLBACK;
