-- The answers of every call that reads, as text, for comparison before and after an upgrade.
SET search_path = msgstore;
SET msgstore.actor = 'ann';
SET extra_float_digits = 0;
SELECT s FROM store_list AS s ORDER BY store_id;
SELECT f FROM folder_list AS f ORDER BY store_id, folder_id;
SELECT f FROM deleted_folder_list AS f ORDER BY store_id, folder_id;
SELECT f FROM folder_change_list AS f ORDER BY store_id, change_number;
SELECT f FROM folder_permissions AS f ORDER BY store_id, folder_id, member;
SELECT m FROM message_list AS m ORDER BY store_id, message_id;
SELECT m FROM deleted_message_list AS m ORDER BY store_id, message_id;
SELECT c FROM change_list AS c ORDER BY store_id, message_id, change_number;
SELECT p FROM parked AS p ORDER BY store_id, parked_id;
SELECT o FROM outgoing_queue AS o ORDER BY store_id, message_id;
SELECT s FROM search_progress AS s ORDER BY store_id;
SELECT p FROM msgstore_stats AS p ORDER BY store_id;
SELECT p FROM contested_messages AS p ORDER BY store_id, message_id;
SELECT m.store_id, m.message_id, md5(read_message(m.store_id, m.message_id)::text),
       md5(read_message_json(m.store_id, m.message_id)::text), md5(export_change(m.store_id, m.message_id)::text)
FROM message_list AS m ORDER BY 1, 2;
SELECT m.message_id, h FROM message_list AS m, history(m.store_id, m.message_id) AS h
ORDER BY m.store_id, m.message_id, h.change_number;
SELECT m.message_id, h.change_number, md5(message_at(m.store_id, m.message_id, h.change_number)::text)
FROM message_list AS m, history(m.store_id, m.message_id) AS h ORDER BY m.store_id, m.message_id, h.change_number;
SELECT m.message_id, h.change_number, c
FROM message_list AS m, history(m.store_id, m.message_id) AS h,
     conflict(m.store_id, m.message_id, h.change_number, '{"PR_SUBJECT": "mine"}') AS c
ORDER BY m.store_id, m.message_id, h.change_number, c.property;
SELECT f.folder_id, l.message_id, l.change_number, l."row", l."position"
FROM folder_list AS f, list_messages(f.store_id, f.folder_id, '{PR_SUBJECT,PR_READ,PR_HASATTACH}') AS l
ORDER BY f.store_id, f.folder_id, l."position", l.message_id;
SELECT f.folder_id, count_messages(f.store_id, f.folder_id), count_unread(f.store_id, f.folder_id),
       count_unread(f.store_id, f.folder_id, 'bob'), effective_rights(f.store_id, f.folder_id, 'upgrade_agent'),
       md5(get_folder_props(f.store_id, f.folder_id)::text)
FROM folder_list AS f ORDER BY f.store_id, f.folder_id;
SELECT f.folder_id, c.depth, c.category, c.count, c.unread
FROM folder_list AS f, list_categories(f.store_id, f.folder_id, '{PR_IMPORTANCE}') AS c
ORDER BY f.store_id, f.folder_id, c.category::text;
SELECT store_id, md5(get_store_props(store_id)::text) FROM store_list ORDER BY 1;
SELECT s.store_id, r.message_id, r.folder_id, r.rank, r.headline
FROM store_list AS s, search_messages(s.store_id, 'walrus OR blob OR forced') AS r
WHERE s.name = 'desk' ORDER BY r.message_id;
SELECT p.parked_id, e FROM parked AS p, parked_edits(p.store_id, p.parked_id) AS e ORDER BY p.store_id, p.parked_id;
SELECT s.store_id, c.kind, c.message_id, c.folder_id, c.change_number
FROM store_list AS s, changes_since(s.store_id) AS c ORDER BY 1, 2, 3, 4, 5;
SELECT get_names_from_ids(store_id, get_ids_from_names(store_id, '{PS_PUBLIC_STRINGS:colour:PT_UNICODE}', false))
FROM store_list WHERE name = 'desk';
SELECT md5(read_original(store_id, message_id, 0, 1000)) FROM original ORDER BY store_id, message_id;
SELECT r.store_id, r.message_id, md5(read_blob(r.store_id, r.message_id, r.blob_id, 0, 1000000))
FROM blob_ref AS r JOIN message_list AS m USING (store_id, message_id) ORDER BY 1, 2, r.blob_id;
SELECT get_sync_position(store_id, 'desk') IS NOT NULL FROM store_list WHERE name = 'peer';
SELECT * FROM check_store();
