-- Data of every kind: a row or more in every table that a dump has (078_upgrade.pl fails
-- if a table is empty).
SET search_path = msgstore;
SET msgstore.actor = 'ann';
CREATE ROLE upgrade_owner;
CREATE ROLE upgrade_agent;
SELECT set_node_number(3);
SELECT create_store('desk', 'upgrade_owner') AS s \gset
SELECT create_store('peer') AS t \gset
SELECT special_folder(:s, 'Inbox') AS inbox, special_folder(:t, 'Inbox') AS peer_inbox \gset
SELECT set_search(:s, true);
SELECT grant_folder(:s, :inbox, 'upgrade_agent', 'EDITOR'), grant_folder(:s, :inbox, 'PUBLIC', 'REVIEWER');
SELECT create_folder(:s, :inbox, 'below') AS below, create_folder(:s, NULL, 'gone') AS gone \gset
SELECT rename_folder(:s, :below, 'Größe'), delete_folder(:s, :gone);
SELECT set_folder_props(:s, :below, '{"PR_COMMENT": "a folder"}'), set_store_props(:s, '{"PR_COMMENT": "a store"}');
SELECT create_search_folder(:s, NULL, 'important', '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}',
                            ARRAY[:inbox]);
SELECT get_ids_from_names(:s, '{PS_PUBLIC_STRINGS:colour:PT_UNICODE}');
-- versions of every part, saved, refused, forced and merged
SELECT message_id AS m, change_number AS n
FROM save_new_message(:s, :inbox, jsonb_build_object(
    'PR_SUBJECT', 'Re: walrus', 'PR_BODY', repeat('a long body ', 5000), 'PR_IMPORTANCE', 2,
    'PR_TRANSPORT_MESSAGE_HEADERS', repeat('X: y', 2000), 'PR_MESSAGE_CLASS', 'IPM.Note',
    'PR_MESSAGE_DELIVERY_TIME', '2026-03-01T10:00:00Z',
    'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "A", "PR_RECIPIENT_TYPE": 1}]'::jsonb,
    'PR_MESSAGE_ATTACHMENTS', '[{"PR_ATTACH_NUM": 0, "PR_ATTACH_METHOD": 1, "PR_ATTACH_LONG_FILENAME": "a.txt",
                                 "PR_ATTACH_DATA_BIN": "aGVsbG8="}]'::jsonb)) \gset
SELECT result FROM save_message(:s, :m, :n, '{"PR_BODY": "short"}');
SELECT result FROM save_message(:s, :m, :n, '{"PR_SUBJECT": "stale"}');
SELECT result FROM save_message(:s, :m, :n, '{"PR_SUBJECT": "forced"}', 'FORCE_SAVE', 'request', 'bob');
SELECT result FROM resolve_conflict(:s, :m, :n, '{"PR_SENSITIVITY": 1}', 'MERGE');
SELECT message_id AS m2, change_number AS n2
FROM save_new_message(:s, :below, '{"PR_SUBJECT": "second", "PR_HTML": "PGI+YjwvYj4="}') \gset
SELECT message_id AS m3 FROM save_new_message(:s, :below, '{"PR_SUBJECT": "third"}') \gset
SELECT move_messages(:s, ARRAY[:m2], :inbox), delete_messages(:s, ARRAY[:m3]);
SELECT message_id AS m4 FROM save_new_message(:s, :below, '{"PR_SUBJECT": "fourth"}') \gset
SELECT delete_messages(:s, ARRAY[:m4], 'DELETE_HARD_DELETE');
-- a large body as a blob, the original of a mail
SELECT create_blob(:s, false) AS blob \gset
SELECT write_blob(:s, :blob, 0, convert_to(repeat('blob ', 100000), 'UTF8'));
SELECT result FROM save_message(:s, :m2, (SELECT change_number FROM message_list WHERE message_id = :m2),
                                jsonb_build_object('PR_BODY', jsonb_build_object('blob', :blob, 'size', 500000)));
SELECT write_original(:s, :m, 0, 'From: a@example.org');
-- read flags, status, drafts, sending
SELECT set_read_flag(:s, :m, 0), set_read_flags(:s, NULL, 0, :inbox, 'bob'), set_read_flag(:s, :m2, 'CLEAR_READ_FLAG');
SELECT set_message_status(:s, :m, 4, 4);
SELECT park_message(:s, :m, :n, '{"PR_SUBJECT": "draft"}');
SELECT message_id AS out, change_number AS outn
FROM save_new_message(:s, special_folder(:s, 'Outbox'), '{"PR_SUBJECT": "out",
    "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "A", "PR_RECIPIENT_TYPE": 1}]}') \gset
SELECT submit_message(:s, :out, :outn);
-- another store that synchronises
SELECT (import_change(:t, :peer_inbox, export_change(:s, :m))).result;
SELECT set_sync_position(:t, 'desk', feed_position(:s), '{}', '{}');
SELECT set_retention(:s, '30 days', 5);
