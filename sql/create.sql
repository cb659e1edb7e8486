-- New messages: no other session sees them before their first save; they begin with
-- the defaults, and some properties can be set until the first save only.
SET search_path = msgstore, public;
SET TIME ZONE 'UTC';
\set VERBOSITY sqlstate
SELECT clock_timestamp() AS began \gset
SELECT create_store('create') AS store \gset
SELECT special_folder(:store, 'Drafts') AS drafts \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- create_message() gives a writable handle and an id, and stores nothing
SELECT count(*) AS messages FROM message \gset
SELECT count(*) AS changes FROM change \gset
SELECT create_message(:store, :drafts) AS h \gset
SELECT message_id(:h) AS id \gset
SELECT :id > 0 AS id, is_new, access_level, change_number, has_edits,
       store_id = :store AS store, message_id = :id AS message
FROM open_handles WHERE handle = :h;
SELECT create_message(:store, :drafts, 'MAPI_MODIFY|MAPI_DEFERRED_ERRORS') AS other \gset
SELECT message_id(:other) <> :id AS ids_of_their_own;
SELECT close_object(:other);

-- the defaults; no change number, as there is no version yet
SELECT get_props(:h) - '{PR_ENTRYID,PR_PARENT_ENTRYID,PR_STORE_ENTRYID,PR_SOURCE_KEY,PR_PARENT_SOURCE_KEY,PR_SEARCH_KEY,PR_CREATION_TIME,PR_LAST_MODIFICATION_TIME,PR_LOCAL_COMMIT_TIME,PR_LAST_MODIFIER_NAME,PR_MESSAGE_SIZE,PR_MESSAGE_SIZE_EXTENDED,PR_RECORD_KEY,PR_STORE_RECORD_KEY,PR_CREATOR_NAME,PR_CREATOR_ENTRYID}'::text[] AS defaults;
SELECT get_props(:h, '{PR_IMPORTANCE, PR_MESSAGE_CLASS, PR_SENSITIVITY,
    PR_MESSAGE_FLAGS, PR_HASATTACH, PR_DISPLAY_TO, PR_DISPLAY_CC, PR_DISPLAY_BCC}') AS defaults;
SELECT get_props(:h, '{PidTagChangeNumber, PR_CHANGE_KEY, PR_PREDECESSOR_CHANGE_LIST}') AS version;
SELECT get_props(:h)->'PR_LAST_MODIFICATION_TIME' = get_props(:h)->'PR_CREATION_TIME' AS same_time,
       (get_props(:h)->>'PR_CREATION_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS now,
       length(decode(get_props(:h)->>'PR_SEARCH_KEY', 'base64')) AS search_key_bytes;
SELECT get_props(:h)->>'PR_SEARCH_KEY' AS search_key,
       get_props(:h)->>'PR_ENTRYID' AS entryid \gset
-- reading does not change them
SELECT get_props(:h) AS before \gset
SELECT get_props(:h) = :'before' AS same;

-- no other call sees the message
SELECT count(*) FROM message_list WHERE message_id = :id;
SELECT count(*) - :messages AS messages FROM message;
SELECT count(*) - :changes AS changes FROM change;
SELECT count(*) FROM history(:store, :id); -- fail
-- fail
SELECT open_message(:store, :id);
-- fail
SELECT open_message(:store, :id, 'SHOW_SOFT_DELETES');
-- fail
SELECT read_message(:store, :id);
-- fail
SELECT * FROM save_message(:store, :id, 0, '{}', 'FORCE_SAVE');
-- a refresh drops the edits; the message is new as before
SELECT set_props(:h, '{"PR_SUBJECT": "dropped"}');
SELECT refresh(:h);
SELECT get_props(:h, '{PR_SUBJECT}'), is_new, has_edits
FROM open_handles WHERE handle = :h;

-- the first save stores a message, with nothing pending too
SELECT save_changes(:h);
SELECT is_new, access_level, has_edits,
       change_number = (read_message(:store, :id)->>'PidTagChangeNumber')::bigint AS number
FROM open_handles WHERE handle = :h;
SELECT read_message(:store, :id, '{PR_IMPORTANCE, PR_MESSAGE_CLASS, PR_SENSITIVITY,
    PR_MESSAGE_FLAGS, PR_HASATTACH, PR_DISPLAY_TO, PR_DISPLAY_CC, PR_DISPLAY_BCC}') AS stored;
SELECT get_props(:h)->>'PR_SEARCH_KEY' = :'search_key' AS search_key,
       get_props(:h)->>'PR_ENTRYID' = :'entryid' AS entryid,
       get_props(:h)->>'PR_LAST_MODIFICATION_TIME' >= (get_props(:h)->>'PR_CREATION_TIME') AS saved_later,
       (get_props(:h)->>'PR_CREATION_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS now,
       get_props(:h) ?& '{PidTagChangeNumber, PR_CHANGE_KEY, PR_PREDECESSOR_CHANGE_LIST}' AS version;
SELECT get_props(:h) - 'PR_ACCESS_LEVEL' = read_message(:store, :id) AS same;
SELECT count(*) FROM message_list WHERE message_id = :id;
SELECT kind, previous, base_change_number FROM history(:store, :id);
-- a second save with nothing pending stores nothing
SELECT save_changes(:h), save_changes(:h, 'FORCE_SAVE');
SELECT count(*) FROM history(:store, :id);
-- each message has its own search key
SELECT create_message(:store, :drafts) AS other \gset
SELECT get_props(:other)->>'PR_SEARCH_KEY' <> :'search_key' AS search_key_of_its_own;
SELECT close_object(:h), close_object(:other);

-- any flags may do the first save, and leave the handle as they always do
CREATE FUNCTION pg_temp.first_save(store bigint, folder bigint, flags save_flags)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    h integer := create_message(store, folder);
    id bigint := message_id(h);
    result hresult;
    level text;
BEGIN
    PERFORM set_props(h, '{"PR_SUBJECT": "first"}');
    result := save_changes(h, flags);
    level := get_props(h)->>'PR_ACCESS_LEVEL';
    PERFORM close_object(h);
    RETURN concat_ws(', ', result, 'level ' || level,
        (SELECT subject FROM message_list WHERE message_id = id));
END $$;
SELECT flags::save_flags, pg_temp.first_save(:store, :drafts, flags)
FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 128, 4096, 16, 20]) AS flags;
SELECT create_message(:store, :drafts) AS h \gset
SELECT force_save(:h);
SELECT kind FROM history(:store, message_id(:h));
SELECT close_object(:h);

-- a new message that is closed unsaved, or rolled back, leaves no trace
SELECT count(*) AS messages FROM message \gset
SELECT count(*) AS changes FROM change \gset
SELECT create_message(:store, :drafts) AS h \gset
SELECT message_id(:h) AS id \gset
SELECT set_props(:h, '{"PR_SUBJECT": "never saved", "PR_BODY": "nor this"}');
SELECT close_object(:h);
-- fail
SELECT save_changes(:h);
-- fail
SELECT open_message(:store, :id, 'SHOW_SOFT_DELETES');
BEGIN;
SELECT create_message(:store, :drafts) AS h \gset
SELECT message_id(:h) AS rolled_back \gset
SELECT set_props(:h, '{"PR_SUBJECT": "saved in vain"}');
SELECT save_changes(:h);
SELECT subject FROM message_list WHERE message_id = :rolled_back;
ROLLBACK;
-- fail
SELECT save_changes(:h);
SELECT count(*) FROM message_list WHERE message_id = :rolled_back;
SELECT count(*) - :messages AS messages FROM message;
SELECT count(*) - :changes AS changes FROM change;
SELECT count(*) FROM open_handles WHERE message_id IN (:id, :rolled_back);
SELECT create_message(:store, :drafts) AS h \gset
SELECT message_id(:h) > :rolled_back AND :rolled_back > :id AS never_given_twice;
SELECT close_object(:h);

-- a first save that is rolled back: the message is new again, its edits pending
SELECT create_message(:store, :drafts) AS h \gset
SELECT message_id(:h) AS id \gset
SELECT set_props(:h, '{"PR_SUBJECT": "second try", "PR_MESSAGE_FLAGS": 8}');
BEGIN;
SELECT save_changes(:h, 'KEEP_OPEN_READONLY');
SELECT is_new, access_level, has_edits FROM open_handles WHERE handle = :h;
ROLLBACK;
SELECT is_new, access_level, has_edits FROM open_handles WHERE handle = :h;
-- fail
SELECT read_message(:store, :id);
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_SUBJECT, PR_MESSAGE_FLAGS}');
SELECT close_object(:h);

-- PR_MESSAGE_FLAGS: a client may set READ, UNSENT and RESEND until the first save
CREATE FUNCTION pg_temp.flags(store bigint, folder bigint, flags jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    h integer := create_message(store, folder);
    new text;
    saved text;
BEGIN
    BEGIN
        PERFORM set_props(h, jsonb_build_object('PR_MESSAGE_FLAGS', flags));
        new := get_props(h)->>'PR_MESSAGE_FLAGS';
    EXCEPTION WHEN OTHERS THEN
        new := SQLSTATE;
    END;
    PERFORM save_changes(h);
    saved := get_props(h)->>'PR_MESSAGE_FLAGS';
    IF saved <> read_message(store, message_id(h))->>'PR_MESSAGE_FLAGS' THEN
        RAISE 'handle and message differ';
    END IF;
    PERFORM close_object(h);
    RETURN concat_ws(', then ', new, saved);
END $$;
SELECT flags, pg_temp.flags(:store, :drafts, flags)
FROM (VALUES ('0'::jsonb), ('1'), ('8'), ('9'), ('128'), ('137'), ('null'),
             ('2'), ('4'), ('16'), ('1024'), ('1025'), ('-1'), ('256')) AS v (flags);
SELECT create_message(:store, :drafts) AS h \gset
SELECT set_props(:h, '{"PR_MESSAGE_FLAGS": 128}');
SELECT delete_props(:h, '{PR_MESSAGE_FLAGS}');
SELECT get_props(:h, '{PR_MESSAGE_FLAGS}');
SELECT save_changes(:h);
SELECT get_props(:h, '{PR_MESSAGE_FLAGS}');
-- fail
SELECT set_props(:h, '{"PR_MESSAGE_FLAGS": 1}');
-- fail
SELECT set_props(:h, '{"PR_MESSAGE_FLAGS": null}');
-- fail
SELECT delete_props(:h, '{PR_MESSAGE_FLAGS}');
SELECT close_object(:h);

-- the times can be given until the first save, as an import does, and not later
SELECT create_message(:store, :inbox) AS h \gset
SELECT message_id(:h) AS id \gset
SELECT set_props(:h, '{"PR_CREATION_TIME": "2001-02-03T04:05:06.1234567Z",
    "PR_LAST_MODIFICATION_TIME": "2002-03-04T05:06:07.7654321+01:00"}');
SELECT get_props(:h, '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME}');
SELECT save_changes(:h);
SELECT read_message(:store, :id, '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME}');
SELECT (read_message(:store, :id)->>'PR_LOCAL_COMMIT_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS committed_now;
-- fail
SELECT set_props(:h, '{"PR_CREATION_TIME": "2001-02-03T04:05:06Z"}');
-- fail
SELECT set_props(:h, '{"PR_LAST_MODIFICATION_TIME": "2001-02-03T04:05:06Z"}');
-- fail
SELECT delete_props(:h, '{PR_LAST_MODIFICATION_TIME}');
-- fail
SELECT * FROM save_message(:store, :id,
    (get_props(:h)->>'PidTagChangeNumber')::bigint, '{"PR_CREATION_TIME": null}');
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS old \gset
SELECT set_props(:h, '{"PR_SUBJECT": "stamped"}');
SELECT save_changes(:h);
SELECT read_message(:store, :id)->'PR_CREATION_TIME' AS created,
       (read_message(:store, :id)->>'PR_LAST_MODIFICATION_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS stamped;
-- a handle on the first version shows the times of that version
SELECT get_props(:old, '{PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME}');
-- a forced save from there is stamped as any other, and does not bring them back
SELECT set_props(:old, '{"PR_BODY": "forced"}');
SELECT save_changes(:old), force_save(:old);
SELECT read_message(:store, :id)->'PR_CREATION_TIME' AS created,
       read_message(:store, :id)->'PR_SUBJECT' AS subject,
       (read_message(:store, :id)->>'PR_LAST_MODIFICATION_TIME')::timestamptz BETWEEN :'began' AND clock_timestamp() AS stamped;
SELECT modified_at::text = (read_message(:store, :id)->>'PR_LAST_MODIFICATION_TIME')::timestamptz::text AS same
FROM message_list WHERE message_id = :id;
SELECT close_object(:h), close_object(:old);
-- after a time in the future, later saves show no earlier one
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox,
    '{"PR_LAST_MODIFICATION_TIME": "2999-12-31T23:59:59.9999999Z"}') \gset
SELECT change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "a"}') \gset
SELECT read_message(:store, :id)->>'PR_LAST_MODIFICATION_TIME' AS second \gset
SELECT change_number AS n3 FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "b"}') \gset
SELECT read_message(:store, :id)->>'PR_LAST_MODIFICATION_TIME' AS third \gset
SELECT :'second' > '2999-12-31T23:59:59.9999999Z' AND :'third' >= :'second' AS never_back;
-- changed_at is the server's time all the same
SELECT bool_and(changed_at BETWEEN :'began' AND clock_timestamp()) AS ours FROM history(:store, :id);
SELECT modified_at BETWEEN :'began' AND clock_timestamp() AS ours FROM message_list WHERE message_id = :id;
-- a message whose client set the last possible time can still be saved
SELECT message_id AS id, change_number AS n1 FROM save_new_message(:store, :inbox,
    '{"PR_CREATION_TIME": "60056-05-28T05:36:10.9551615Z",
      "PR_LAST_MODIFICATION_TIME": "60056-05-28T05:36:10.9551615Z"}') \gset
SELECT result, change_number AS n2 FROM save_message(:store, :id, :n1, '{"PR_SUBJECT": "a"}') \gset
SELECT result FROM save_message(:store, :id, :n2, '{"PR_SUBJECT": "b"}');
SELECT read_message(:store, :id) @> '{"PR_SUBJECT": "b",
    "PR_CREATION_TIME": "60056-05-28T05:36:10.9551615Z"}' AS readable;

-- the display lists follow the recipients, at once on the handle
SELECT create_message(:store, :drafts) AS h \gset
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"},
    {"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 2}, {"PR_DISPLAY_NAME": "Cid"}]}');
SELECT get_props(:h, '{PR_DISPLAY_TO, PR_DISPLAY_CC, PR_DISPLAY_BCC}');
SELECT save_changes(:h);
SELECT read_message(:store, message_id(:h), '{PR_DISPLAY_TO, PR_DISPLAY_CC, PR_DISPLAY_BCC}');
SELECT close_object(:h);

-- the folder is gone before the first save: OBJECT_DELETED, forced or not
SELECT create_folder(:store, NULL, 'short-lived') AS folder \gset
SELECT create_message(:store, :folder) AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "homeless"}');
DELETE FROM folder WHERE folder_id = :folder;
SELECT save_changes(:h), force_save(:h), save_changes(:h, 'KEEP_OPEN_READONLY');
SELECT is_new, access_level, has_edits FROM open_handles WHERE handle = :h;
SELECT get_props(:h, '{PR_SUBJECT}');
SELECT close_object(:h);

-- places where no message can be made
-- fail
SELECT create_message(:store, 0);
-- fail
SELECT create_message(0, :drafts);
-- fail
SELECT create_message(:store, :drafts, 32);
BEGIN READ ONLY;
-- fail
SELECT create_message(:store, :drafts);
ROLLBACK;
SELECT count(*) FROM open_handles;
