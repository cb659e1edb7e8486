-- Two stores that both change: what import_change() does with a change, by the predecessor
-- change lists of both sides, and what it keeps of a version that loses a conflict.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('sync: a') AS a \gset
SELECT create_store('sync: b') AS b \gset
SELECT special_folder(:a, 'Inbox') AS ain, special_folder(:a, 'Drafts') AS adrafts \gset
SELECT special_folder(:b, 'Inbox') AS bin, special_folder(:b, 'Drafts') AS bdrafts \gset

-- The properties that are equal in every store that has the same version.
CREATE FUNCTION pg_temp.version(store bigint, id bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT export_change(store, id) - 'PR_PARENT_SOURCE_KEY' $$;
-- Return the id of the message in store b that is message "id" of store a.
CREATE FUNCTION pg_temp.twin(other bigint, store bigint, id bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT m.message_id FROM message AS m WHERE m.store_id = other
    AND read_message(other, m.message_id) ->> 'PR_SOURCE_KEY' =
        export_change(store, id) ->> 'PR_SOURCE_KEY' $$;
-- Save a patch over the newest version.
CREATE FUNCTION pg_temp.edit(store bigint, id bigint, patch jsonb) RETURNS hresult LANGUAGE sql AS $$
    SELECT (save_message(store, id, (SELECT change_number FROM message
        WHERE store_id = store AND message_id = id), patch)).result $$;
-- Import what one store has of a message into the other.
CREATE FUNCTION pg_temp.send(store bigint, id bigint, other bigint, method integer DEFAULT NULL)
RETURNS hresult LANGUAGE sql AS $$
    SELECT (import_change(other, NULL, export_change(store, id), method)).result $$;
-- Make a message in store a, and the same in store b; both ids.
CREATE FUNCTION pg_temp.pair(subject text, OUT a bigint, OUT b bigint) LANGUAGE plpgsql AS $$
DECLARE
    sa bigint := (SELECT store_id FROM store_list WHERE name = 'sync: a');
    sb bigint := (SELECT store_id FROM store_list WHERE name = 'sync: b');
BEGIN
    a := (save_new_message(sa, special_folder(sa, 'Inbox'), jsonb_build_object(
        'PR_SUBJECT', subject, 'PR_BODY', 'one'))).message_id;
    b := (import_change(sb, NULL, export_change(sa, a))).message_id;
END $$;
-- special folders stand for each other
SELECT (import_folder(:b, export_folder(:a, folder_id))).result, special
FROM folder_list WHERE store_id = :a ORDER BY folder_id;
SELECT (import_folder(:a, export_folder(:b, folder_id))).result, special
FROM folder_list WHERE store_id = :b ORDER BY folder_id;
SELECT count(*) FROM folder_list AS f WHERE store_id = :a
AND (import_folder(:b, export_folder(:a, folder_id))).result <> 'SYNC_E_IGNORE';

-- A message that is not known yet is made, and keeps its keys, times and names
SELECT message_id AS am, change_number AS a1 FROM save_new_message(:a, :ain,
    '{"PR_SUBJECT": "RE: plan", "PR_BODY": "one", "PidLidTaskStatus": 1,
      "PR_MESSAGE_RECIPIENTS": [{"PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": "X"}],
      "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_FILENAME": "f", "PR_ATTACH_DATA_BIN": "AAAA"}]}',
    actor => 'ann') \gset
SELECT result, message_id AS bm, change_number AS b1
FROM import_change(:b, NULL, export_change(:a, :am)) \gset
\echo :result
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal,
       m.folder_id = :bin AS "in Inbox", modifier, creator_actor
FROM message AS m WHERE store_id = :b AND message_id = :bm;
SELECT kind, changed_by, properties FROM history(:b, :bm);
-- equal lists: known already (R1792)
SELECT result, message_id = :bm AS same, change_number = :b1 AS unchanged
FROM import_change(:b, :bin, export_change(:a, :am));
SELECT pg_temp.send(:b, :bm, :a);

-- Theirs is newer: it is written, and keeps its keys; ours is newer: ignored
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "plan 2", "PR_HTML": "AAAA", "PR_MESSAGE_RECIPIENTS": null}');
SELECT pg_temp.send(:a, :am, :b);
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal;
SELECT pg_temp.edit(:b, :bm, '{"PR_IMPORTANCE": 2}');
SELECT pg_temp.send(:a, :am, :b) AS "older";
SELECT pg_temp.send(:b, :bm, :a) AS "newer";
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal,
       pg_temp.version(:a, :am) ->> 'PR_IMPORTANCE' AS importance;
SELECT kind, properties FROM history(:a, :am);
-- older versions have the keys and times that they had
SELECT message_at(:b, :bm, change_number) ->> 'PR_SUBJECT' AS subject,
       message_at(:b, :bm, change_number) ->> 'PR_CHANGE_KEY' = ANY (
           SELECT message_at(:a, :am, change_number) ->> 'PR_CHANGE_KEY' FROM history(:a, :am)) AS "key of a",
       message_at(:b, :bm, change_number) ->> 'PR_PREDECESSOR_CHANGE_LIST' = ANY (
           SELECT message_at(:a, :am, change_number) ->> 'PR_PREDECESSOR_CHANGE_LIST'
           FROM history(:a, :am)) AS "list of a",
       message_at(:b, :bm, change_number) ->> 'PR_LAST_MODIFICATION_TIME' = ANY (
           SELECT message_at(:a, :am, change_number) ->> 'PR_LAST_MODIFICATION_TIME'
           FROM history(:a, :am)) AS "time of a"
FROM history(:b, :bm);
-- a local edit of an imported version has a key and a time of its own
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "plan 3"}');
SELECT old ->> 'PR_CHANGE_KEY' <> new ->> 'PR_CHANGE_KEY' AS key,
       old ->> 'PR_LAST_MODIFICATION_TIME' < new ->> 'PR_LAST_MODIFICATION_TIME' AS time,
       position(decode(new ->> 'PR_CHANGE_KEY', 'base64') in
                decode(new ->> 'PR_PREDECESSOR_CHANGE_LIST', 'base64')) > 0 AS "in the list"
FROM (SELECT pg_temp.version(:b, :bm) AS old, pg_temp.version(:a, :am) AS new) AS v;

-- Neither list includes the other: a conflict.  The later time wins, in both stores.
SELECT a AS am, b AS bm FROM pg_temp.pair('conflict') \gset
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "of a", "PR_BODY": "a"}');
SELECT pg_temp.edit(:b, :bm, '{"PR_SUBJECT": "of b"}');
SELECT pg_temp.version(:a, :am) AS va, pg_temp.version(:b, :bm) AS vb \gset
-- the change of b wins in a
SELECT pg_temp.send(:b, :bm, :a);
-- and stands in b; what comes is the change of a, as it was
SELECT result FROM import_change(:b, :bin, :'va');
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal,
       pg_temp.version(:a, :am) ->> 'PR_SUBJECT' AS subject,
       pg_temp.version(:a, :am) ->> 'PR_CHANGE_KEY' = :'vb'::jsonb ->> 'PR_CHANGE_KEY' AS "key of the winner",
       length(pg_temp.version(:a, :am) ->> 'PR_PREDECESSOR_CHANGE_LIST') AS list;
-- once more, and both ways: nothing new
SELECT result FROM import_change(:b, :bin, :'va');
SELECT pg_temp.send(:a, :am, :b), pg_temp.send(:b, :bm, :a);
-- the loser is a draft of the message in both, and the message is in conflict (0x800)
SELECT store_id = :a AS "in a", subject, properties, changes, read_message(p.store_id, p.message_id) -> 'PR_MSG_STATUS' AS status
FROM parked AS p, parked_edits(store_id, parked_id) AS e WHERE p.message_id IN (:am, :bm) ORDER BY 1;
SELECT property, base, theirs, yours, side
FROM parked AS p, parked_edits(p.store_id, p.parked_id) AS e,
     conflict(p.store_id, p.message_id, e.change_number, e.changes)
WHERE p.store_id = :b AND p.message_id = :bm ORDER BY 1;
SELECT kind, properties FROM history(:a, :am);
-- resolved like any draft; the conflict is over then
SELECT parked_id AS pa FROM parked WHERE store_id = :a AND message_id = :am \gset
SELECT parked_id AS pb FROM parked WHERE store_id = :b AND message_id = :bm \gset
SELECT result FROM resolve_parked(:b, :pb, 'MERGE');
SELECT result FROM resolve_parked(:b, :pb, 'OVERWRITE');
SELECT count(*), read_message(:b, :bm) -> 'PR_MSG_STATUS' AS status,
       read_message(:b, :bm) ->> 'PR_SUBJECT' AS subject FROM parked WHERE store_id = :b;
SELECT result FROM resolve_parked(:a, :pa, 'KEEP_ORIGINAL');
SELECT count(*), read_message(:a, :am) -> 'PR_MSG_STATUS' AS status FROM parked WHERE store_id = :a;
SELECT pg_temp.send(:b, :bm, :a);
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal;

-- Method 1, the last writer: no draft; the loser is a version of the history
SELECT a AS am, b AS bm FROM pg_temp.pair('method 1') \gset
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "of a"}'), pg_temp.edit(:b, :bm, '{"PR_BODY": "of b"}');
SELECT pg_temp.version(:a, :am) AS va \gset
SELECT pg_temp.send(:b, :bm, :a, 1), (import_change(:b, :bin, :'va', 1)).result;
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal,
       (SELECT count(*) FROM parked WHERE message_id IN (:am, :bm)) AS drafts,
       read_message(:b, :bm) -> 'PR_MSG_STATUS' AS status;
SELECT message_at(:b, :bm, change_number) ->> 'PR_SUBJECT' AS subject,
       message_at(:b, :bm, change_number) ->> 'PR_BODY' AS body
FROM history(:b, :bm);
-- Method 2: a draft, without the mark.  PR_RESOLVE_METHOD of the folder decides for NULL.
SELECT set_folder_props(:b, :bin, '{"PR_RESOLVE_METHOD": 2}');
SELECT a AS am, b AS bm FROM pg_temp.pair('method 2') \gset
SELECT pg_temp.edit(:b, :bm, '{"PR_BODY": "of b"}'), pg_temp.edit(:a, :am, '{"PR_SUBJECT": "of a"}');
SELECT pg_temp.send(:a, :am, :b);
SELECT subject, properties, read_message(:b, :bm) -> 'PR_MSG_STATUS' AS status
FROM parked WHERE store_id = :b AND message_id = :bm;
SELECT set_folder_props(:b, :bin, '{"PR_RESOLVE_METHOD": null}');
-- equal contents, made independently: nothing to keep
SELECT a AS am, b AS bm FROM pg_temp.pair('equal') \gset
SELECT pg_temp.edit(:b, :bm, '{"PR_BODY": "two"}'), pg_temp.edit(:a, :am, '{"PR_BODY": "two"}');
SELECT pg_temp.send(:a, :am, :b), pg_temp.send(:b, :bm, :a);
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal,
       (SELECT count(*) FROM parked WHERE message_id IN (:am, :bm)) AS drafts;

-- Deletions and restores are versions, too
SELECT a AS am, b AS bm FROM pg_temp.pair('deleted') \gset
SELECT delete_messages(:a, ARRAY[:am]::bigint[]);
SELECT pg_temp.send(:a, :am, :b);
SELECT kind FROM history(:b, :bm);
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal;
SELECT restore_messages(:a, ARRAY[:am]::bigint[]);
SELECT pg_temp.send(:a, :am, :b);
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal, deleted_at IS NULL AS live
FROM message WHERE store_id = :b AND message_id = :bm;
-- an edit that meets a deletion is a draft, once; the deletion stands in both
SELECT delete_messages(:a, ARRAY[:am]::bigint[]), pg_temp.edit(:b, :bm, '{"PR_BODY": "late"}');
SELECT pg_temp.version(:a, :am) AS va, pg_temp.version(:b, :bm) AS vb \gset
SELECT (import_change(:a, :ain, :'vb')).result, (import_change(:b, :bin, :'va')).result;
SELECT (import_change(:a, :ain, :'vb')).result, (import_change(:b, :bin, :'va')).result;
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal;
SELECT store_id = :a AS "in a", e.changes FROM parked AS p, parked_edits(p.store_id, p.parked_id) AS e
WHERE p.message_id IN (:am, :bm) ORDER BY 1;
-- an edit that meets a deletion, and then the restoration that ended it, or both at once,
-- or only the restoration: the restored version stands in every order
SELECT a AS am, b AS bm FROM pg_temp.pair('restored') \gset
SELECT export_change(:a, :am) AS v0 \gset
SELECT pg_temp.edit(:b, :bm, '{"PR_BODY": "late"}');
SELECT export_change(:b, :bm) AS edited \gset
SELECT delete_messages(:a, ARRAY[:am]::bigint[]);
SELECT export_change(:a, :am) AS deleted \gset
SELECT restore_messages(:a, ARRAY[:am]::bigint[]);
SELECT export_change(:a, :am) AS restored \gset
SELECT create_store('sync: c') AS c \gset
SELECT special_folder(:c, 'Inbox') AS cin \gset
SELECT message_id AS cm FROM import_change(:c, :cin, :'v0') \gset
SELECT (import_change(:b, :bin, :'deleted')).result AS "deletion", (import_change(:b, :bin, :'restored')).result AS "restoration";
SELECT (import_change(:c, :cin, :'edited')).result AS "edit", (import_change(:c, :cin, :'restored')).result AS "restoration",
       (import_change(:c, :cin, :'deleted')).result AS "deletion";
SELECT (import_change(:a, :ain, :'edited')).result AS "edit";
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS "a and b", pg_temp.version(:b, :bm) = pg_temp.version(:c, :cm) AS "b and c",
       pg_temp.version(:b, :bm) - 'PR_DELETED_ON' = pg_temp.version(:b, :bm) AS live,
       pg_temp.version(:b, :bm) -> 'restored' AS restored;
SELECT s.name, e.changes FROM parked AS p JOIN store_list AS s USING (store_id), parked_edits(p.store_id, p.parked_id) AS e
WHERE p.message_id IN (:am, :bm, :cm) AND e.changes @> '{"PR_BODY": "late"}' ORDER BY 1;
-- a deletion of the restored message wins again, and so on
SELECT pg_temp.edit(:b, :bm, '{"PR_BODY": "later"}');
SELECT delete_messages(:a, ARRAY[:am]::bigint[]);
SELECT pg_temp.send(:b, :bm, :a) AS "edit", pg_temp.send(:a, :am, :b) AS "deletion";
SELECT pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal, pg_temp.version(:b, :bm) ? 'PR_DELETED_ON' AS deleted;
-- a version that restores knows the restorations of older versions
SELECT restore_messages(:b, ARRAY[:bm]::bigint[]);
SELECT pg_temp.send(:b, :bm, :a);
SELECT pg_temp.edit(:a, :am, '{"PR_BODY": "at last"}');
SELECT pg_temp.send(:a, :am, :b);
SELECT pg_temp.version(:b, :bm) -> 'restored' AS restored,
       message_at(:a, :am, h.change_number) ->> 'PR_CHANGE_KEY' = pg_temp.version(:a, :am) ->> 'PR_CHANGE_KEY' AS "own key"
FROM history(:a, :am, 1) AS h;
-- folders alike
SELECT create_folder(:a, NULL, 'restored') AS af \gset
SELECT folder_id AS bf FROM import_folder(:b, export_folder(:a, :af)) \gset
SELECT result FROM folder_list, import_folder(:c, export_folder(store_id, folder_id))
WHERE store_id IN (:a, :b) AND special = 'Root' ORDER BY store_id;
SELECT folder_id AS cf FROM import_folder(:c, export_folder(:a, :af)) \gset
SELECT set_folder_props(:b, :bf, '{"PR_COMMENT": "late"}');
SELECT export_folder(:b, :bf) AS edited \gset
SELECT delete_folder(:a, :af);
SELECT export_folder(:a, :af) AS deleted \gset
SELECT restore_folder(:a, :af);
SELECT export_folder(:a, :af) AS restored \gset
SELECT (import_folder(:b, :'deleted')).result AS "deletion", (import_folder(:b, :'restored')).result AS "restoration";
SELECT (import_folder(:c, :'edited')).result AS "edit", (import_folder(:c, :'restored')).result AS "restoration",
       (import_folder(:c, :'deleted')).result AS "deletion";
SELECT (import_folder(:a, :'edited')).result AS "edit";
CREATE FUNCTION pg_temp.folder(store bigint, id bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT export_folder(store, id) - 'PR_PARENT_SOURCE_KEY' $$;
SELECT pg_temp.folder(:a, :af) = pg_temp.folder(:b, :bf) AS "a and b", pg_temp.folder(:b, :bf) = pg_temp.folder(:c, :cf) AS "b and c",
       pg_temp.folder(:b, :bf) ? 'PR_DELETED_ON' AS deleted, pg_temp.folder(:b, :bf) -> 'restored' AS restored;
-- deleted for good
SELECT a AS am, b AS bm FROM pg_temp.pair('for good') \gset
SELECT delete_messages(:a, ARRAY[:am]::bigint[], 'DELETE_HARD_DELETE'), pg_temp.edit(:b, :bm, '{"PR_BODY": "late"}');
SELECT pg_temp.send(:b, :bm, :a), pg_temp.send(:b, :bm, :a), pg_temp.send(:a, :am, :b), pg_temp.send(:a, :am, :b);
SELECT store_id = :a AS "in a", e.changes FROM parked AS p, parked_edits(p.store_id, p.parked_id) AS e
WHERE p.message_id IN (:am, :bm) ORDER BY 1;
SELECT result, message_id = :bm AS known FROM import_change(:b, :bin, :'va'::jsonb || jsonb_build_object(
    'PR_SOURCE_KEY', export_change(:a, :am) -> 'PR_SOURCE_KEY') - 'PR_DELETED_ON');
-- import_deletion(): by source key; unknown and deleted ones are no error
SELECT a AS am, b AS bm FROM pg_temp.pair('by key') \gset
SELECT export_change(:a, :am) ->> 'PR_SOURCE_KEY' AS key \gset
SELECT import_deletion(:b, ARRAY[:'key', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==']),
       import_deletion(:b, ARRAY[:'key']), import_deletion(:b, '{}');
SELECT kind FROM history(:b, :bm);
SELECT import_deletion(:b, ARRAY[:'key'], 'DELETE_HARD_DELETE'), import_deletion(:b, ARRAY[:'key'], '1');
SELECT kind FROM history(:b, :bm);

-- import_move(): the list of the version that was moved, and the key of the move
SELECT a AS am, b AS bm FROM pg_temp.pair('moved') \gset
SELECT export_change(:a, :am) ->> 'PR_SOURCE_KEY' AS key,
       export_change(:a, :am) ->> 'PR_PREDECESSOR_CHANGE_LIST' AS list \gset
SELECT move_messages(:a, ARRAY[:am]::bigint[], :adrafts);
SELECT export_change(:a, :am) ->> 'PR_CHANGE_KEY' AS moved \gset
SELECT result FROM import_move(:b, :'key', :bdrafts, :'moved', :'list');
SELECT result FROM import_move(:b, :'key', :bdrafts, :'moved', :'list');
SELECT folder_id = :bdrafts AS moved, export_change(:a, :am) -> 'PR_PREDECESSOR_CHANGE_LIST' =
    export_change(:b, :bm) -> 'PR_PREDECESSOR_CHANGE_LIST' AS "equal lists"
FROM message WHERE store_id = :b AND message_id = :bm;
SELECT pg_temp.send(:a, :am, :b);
-- edited here: the move is one of our own, and goes back
SELECT pg_temp.edit(:b, :bm, '{"PR_BODY": "b"}');
SELECT export_change(:a, :am) ->> 'PR_PREDECESSOR_CHANGE_LIST' AS list \gset
SELECT move_messages(:a, ARRAY[:am]::bigint[], :ain);
SELECT export_change(:a, :am) ->> 'PR_CHANGE_KEY' AS moved \gset
SELECT result FROM import_move(:b, :'key', :bin, :'moved', :'list');
SELECT folder_id = :bin AS moved FROM message WHERE store_id = :b AND message_id = :bm;
-- edited there: moved, but the edit is still to come (SYNC_W_CLIENT_CHANGE_NEWER)
SELECT a AS am, b AS bm FROM pg_temp.pair('moved') \gset
SELECT pg_temp.edit(:a, :am, '{"PR_BODY": "a"}');
SELECT export_change(:a, :am) ->> 'PR_SOURCE_KEY' AS key,
       export_change(:a, :am) ->> 'PR_PREDECESSOR_CHANGE_LIST' AS list \gset
SELECT move_messages(:a, ARRAY[:am]::bigint[], :adrafts);
SELECT export_change(:a, :am) ->> 'PR_CHANGE_KEY' AS moved \gset
SELECT result FROM import_move(:b, :'key', :bdrafts, :'moved', :'list');
SELECT folder_id = :bdrafts AS moved, body FROM message WHERE store_id = :b AND message_id = :bm;
SELECT pg_temp.send(:a, :am, :b, 1);
SELECT folder_id = :bdrafts AS moved, body FROM message WHERE store_id = :b AND message_id = :bm;
-- moved in both: the later move wins, and no draft is left
SELECT a AS am, b AS bm FROM pg_temp.pair('moved twice') \gset
SELECT move_messages(:a, ARRAY[:am]::bigint[], special_folder(:a, 'Outbox')),
       move_messages(:b, ARRAY[:bm]::bigint[], :bdrafts);
SELECT pg_temp.send(:a, :am, :b), pg_temp.send(:b, :bm, :a);
SELECT (SELECT folder_id = :adrafts FROM message WHERE store_id = :a AND message_id = :am) AS "a in Drafts",
       (SELECT folder_id = :bdrafts FROM message WHERE store_id = :b AND message_id = :bm) AS "b in Drafts",
       (SELECT count(*) FROM parked WHERE message_id IN (:am, :bm)) AS drafts,
       pg_temp.version(:a, :am) = pg_temp.version(:b, :bm) AS equal;

-- Large values stay blobs; those that the message has already need not be written again
SELECT message_id AS am FROM save_new_message(:a, :ain, jsonb_build_object('PR_SUBJECT', 'large',
    'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object('PR_ATTACH_FILENAME', 'f',
        'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('attachment', 30000), 'UTF8'), 'base64'))))) \gset
SELECT export_change(:a, :am) AS change \gset
SELECT :'change'::jsonb -> 'blobs' -> 0 -> 'size' AS size, count(*) FROM missing_blobs(:b, :'change') GROUP BY 1;
SELECT blob AS theirs, create_blob(:b) AS ours FROM missing_blobs(:b, :'change') \gset
SELECT write_blob(:b, :ours, 0, read_blob(:a, :am, :theirs, 0, 200000)),
       write_blob(:b, :ours, 200000, read_blob(:a, :am, :theirs, 200000, 200000));
SELECT result, message_id AS bm FROM import_change(:b, :bin, jsonb_set(:'change', '{blobs,0,as}', :'ours')) \gset
\echo :result
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "large, edited"}');
SELECT count(*) FROM missing_blobs(:b, export_change(:a, :am));
SELECT pg_temp.send(:a, :am, :b);
SELECT p -> 'PR_SUBJECT' AS subject, read_blob(:b, :bm, (p #>> '{PR_MESSAGE_ATTACHMENTS,0,PR_ATTACH_DATA_BIN,blob}')::bigint,
    0, 400000) = convert_to(repeat('attachment', 30000), 'UTF8') AS equal
FROM read_message(:b, :bm) AS p;

-- Read flags: the later change wins, and keeps its time
SELECT a AS am, b AS bm FROM pg_temp.pair('read') \gset
SELECT export_read_state(:b, ARRAY[:bm]::bigint[]) AS unknown;
SELECT set_read_flag(:a, :am, 'CLEAR_READ_FLAG'), set_read_flag(:b, :bm);
SELECT set_read_flag(:a, :am);
SELECT export_read_state(:a, ARRAY[:am]::bigint[]) AS states \gset
SELECT import_read_state(:b, :'states');
SELECT read_message(:b, :bm) -> 'PR_READ' AS read, export_read_state(:b, ARRAY[:bm]::bigint[]) = :'states' AS equal;
SELECT set_read_flag(:b, :bm, 'CLEAR_READ_FLAG');
SELECT import_read_state(:b, :'states');
SELECT read_message(:b, :bm) -> 'PR_READ' AS read;
SELECT import_read_state(:a, export_read_state(:b, ARRAY[:bm]::bigint[]));
SELECT read_message(:a, :am) -> 'PR_READ' AS read;
SELECT import_read_state(:b, '[{"PR_SOURCE_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "PR_READ": true,
    "changed_at": "2026-01-01T00:00:00.0000000Z"}]');
-- no receipt is due for what was read elsewhere
SELECT message_id AS am FROM save_new_message(:a, :ain, '{"PR_READ_RECEIPT_REQUESTED": true}') \gset
SELECT message_id AS bm FROM import_change(:b, :bin, export_change(:a, :am)) \gset
SELECT set_read_flag(:a, :am, 'CLEAR_READ_FLAG');
SELECT set_read_flag(:a, :am);
SELECT import_read_state(:b, export_read_state(:a, ARRAY[:am]::bigint[]));
SELECT (read_message(:a, :am) ->> 'PR_MESSAGE_FLAGS')::int & 256 AS a,
       (read_message(:b, :bm) ->> 'PR_MESSAGE_FLAGS')::int & 256 AS b;

-- Messages that one store has and the other lacks
SELECT missing_changes(:b, export_keys(:a, array_agg(message_id))) AS none FROM message
WHERE store_id = :a AND message_id IN (:am);
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "new"}');
SELECT missing_changes(:b, export_keys(:a, ARRAY[:am]::bigint[])) = ARRAY[:am]::bigint[] AS one;
SELECT delete_messages(:a, ARRAY[:am]::bigint[], 'DELETE_HARD_DELETE');
SELECT missing_changes(:b, export_keys(:a, ARRAY[:am, 1000000]::bigint[])) = ARRAY[:am]::bigint[] AS one;
SELECT pg_temp.send(:a, :am, :b);
SELECT missing_changes(:b, export_keys(:a, ARRAY[:am, 1000000]::bigint[])) AS none;
-- and the other way: what one store has of the messages and folders of the other, and
-- the other lacks.  A deletion is among it, if the other store has what was deleted.
CREATE FUNCTION pg_temp.newer(store bigint, other bigint, ids bigint[]) RETURNS integer LANGUAGE sql AS $$
    SELECT cardinality(newer_changes(store, export_keys(other, ids))) $$;
SELECT a AS am, b AS bm FROM pg_temp.pair('newer') \gset
SELECT pg_temp.newer(:a, :b, ARRAY[:bm]::bigint[]) AS "equal",
       newer_changes(:a, '[]') AS none;
SELECT pg_temp.edit(:a, :am, '{"PR_SUBJECT": "newest"}');
SELECT pg_temp.newer(:a, :b, ARRAY[:bm]::bigint[]) AS "newer", pg_temp.newer(:b, :a, ARRAY[:am]::bigint[]) AS "older";
SELECT delete_messages(:a, ARRAY[:am]::bigint[]);
SELECT newer_changes(:a, export_keys(:b, ARRAY[:bm]::bigint[])) = ARRAY[:am]::bigint[] AS "deleted";
SELECT delete_messages(:a, ARRAY[:am]::bigint[], 'DELETE_HARD_DELETE');
SELECT newer_changes(:a, export_keys(:b, ARRAY[:bm]::bigint[])) = ARRAY[:am]::bigint[] AS "gone";
SELECT pg_temp.send(:a, :am, :b);
SELECT pg_temp.newer(:a, :b, ARRAY[:bm]::bigint[]) AS "gone in both";
SELECT message_id AS am FROM save_new_message(:a, :ain, '{}') \gset
SELECT delete_messages(:a, ARRAY[:am]::bigint[]);
SELECT missing_changes(:b, export_keys(:a, ARRAY[:am]::bigint[])) AS "deleted, and never there";
SELECT create_folder(:a, NULL, 'newer') AS af \gset
SELECT result, folder_id AS bf FROM import_folder(:b, export_folder(:a, :af)) \gset
SELECT newer_folders(:a, jsonb_build_array(export_folder(:b, :bf))) AS "equal";
SELECT rename_folder(:a, :af, 'newest');
SELECT newer_folders(:a, jsonb_build_array(export_folder(:b, :bf))) = ARRAY[:af]::bigint[] AS "newer";
SELECT newer_folders(:b, jsonb_build_array(export_folder(:a, :af))) AS "older";
SELECT delete_folder(:a, :af, 'DELETE_HARD_DELETE');
SELECT newer_folders(:a, jsonb_build_array(export_folder(:b, :bf))) = ARRAY[:af]::bigint[] AS "gone";
SELECT result FROM import_folder(:b, export_folder(:a, :af));

-- Positions
SELECT get_sync_position(:b, 'a');
SELECT set_sync_position(:b, 'a', 'here', '{1,2}', '{3}'), set_sync_position(:b, 'a', 'there', '{}', '{4,5}');
SELECT get_sync_position(:b, 'a');

-- Values that are no change
CREATE FUNCTION pg_temp.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '\m\d+\M', 'N', 'g');
END $$;
SELECT message_id AS bm, export_change(:b, message_id) AS va FROM message WHERE store_id = :b AND deleted_at IS NULL LIMIT 1 \gset
SELECT pg_temp.refusal(format('SELECT import_change(%s, %s, %L)', :b, :bin, change))
FROM (VALUES (1, '[]'::jsonb), (2, '{}'), (3, '{"PR_SOURCE_KEY": "AAAA"}'), (4, NULL),
    (5, :'va'::jsonb || '{"PR_PREDECESSOR_CHANGE_LIST": "FgAA"}'),
    (6, :'va'::jsonb || '{"PR_LAST_MODIFICATION_TIME": "now"}'),
    (7, :'va'::jsonb || '{"PR_MESSAGE_FLAGS": -1}'), (8, :'va'::jsonb || '{"PR_ACCESS": 1}'),
    (9, :'va'::jsonb || '{"blobs": 1}'), (10, :'va'::jsonb || '{"blobs": [1]}'),
    (11, :'va'::jsonb - 'PR_LAST_MODIFIER_NAME'), (12, :'change'::jsonb || '{"blobs": []}')) AS v (n, change)
ORDER BY n;
\set VERBOSITY terse
SELECT import_change(:b, :bin, :'va', 3); -- fail
\set VERBOSITY sqlstate
SELECT pg_temp.refusal(format('SELECT import_change(%s, NULL, %L)', :b, :'va'::jsonb - 'PR_PARENT_SOURCE_KEY'));
SELECT pg_temp.refusal(format('SELECT import_move(%s, %L, %s, %L, %L)', :b, key, :bin, key, list))
FROM (VALUES ('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==', :'list'), ('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==', 'A'), ('A', '')) AS v (key, list);
SELECT pg_temp.refusal(format('SELECT import_deletion(%s, ARRAY[NULL])', :b)),
       pg_temp.refusal(format('SELECT import_deletion(%s, %L)', :b, '{A}'));
SELECT pg_temp.refusal(format('SELECT import_read_state(%s, %L)', :b, states))
FROM (VALUES ('{}'), ('[{}]'), ('[{"PR_SOURCE_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}]')) AS v (states);
SELECT pg_temp.refusal(format('SELECT missing_changes(%s, %L)', :b, '1'));
SELECT pg_temp.refusal(format('SELECT newer_changes(%s, %L)', :b, '[{}]'));
SELECT pg_temp.refusal(format('SELECT newer_folders(%s, %L)', :b, '{}'));
SELECT pg_temp.refusal(format('SELECT import_change(%s, NULL, %L)', :b, :'va'::jsonb || '{"restored": -1}'));
SELECT result FROM import_change(:b, :ain + 1000, :'va');
-- a list that is damaged
BEGIN;
UPDATE message SET lineage = '\x0105' WHERE store_id = :b AND message_id = :bm;
SELECT pg_temp.refusal(format('SELECT export_change(%s, %s)', :b, :bm));
ROLLBACK;
