-- Folders that two stores both change: import_folder() by the predecessor change lists, names
-- that two folders want, deletions, and what has no place.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('syncfolder: a') AS a \gset
SELECT create_store('syncfolder: b') AS b \gset
CREATE FUNCTION pg_temp.send(store bigint, id bigint, other bigint, OUT result hresult, OUT folder_id bigint)
LANGUAGE sql AS $$ SELECT result, folder_id FROM import_folder(other, export_folder(store, id)) $$;
SELECT count(pg_temp.send(:a, folder_id, :b)) FROM folder_list WHERE store_id = :a;
SELECT count(pg_temp.send(:b, folder_id, :a)) FROM folder_list WHERE store_id = :b;
CREATE VIEW pg_temp.both AS
    SELECT f.store_id = (SELECT store_id FROM store_list WHERE name = 'syncfolder: a') AS "in a",
           p.name AS parent, f.name, f.props, f.deleted_at IS NOT NULL AS deleted
    FROM folder AS f JOIN folder AS p ON p.store_id = f.store_id AND p.folder_id = f.parent_id
    WHERE f.special IS NULL AND f.store_id IN
        (SELECT store_id FROM store_list WHERE name LIKE 'syncfolder: %') ORDER BY 2, 3, 1;

-- new, newer, older, known
SELECT create_folder(:a, NULL, 'one', actor => 'ann') AS a1 \gset
SELECT create_folder(:a, :a1, 'two') AS a2 \gset
SELECT result FROM pg_temp.send(:a, :a2, :b);
SELECT result, folder_id AS b1 FROM pg_temp.send(:a, :a1, :b) \gset
SELECT result, folder_id AS b2 FROM pg_temp.send(:a, :a2, :b) \gset
SELECT * FROM pg_temp.both;
SELECT export_folder(:a, :a1) - 'PR_PARENT_SOURCE_KEY' = export_folder(:b, :b1) - 'PR_PARENT_SOURCE_KEY' AS one,
       export_folder(:a, :a2) = export_folder(:b, :b2) AS two;
SELECT rename_folder(:b, :b2, 'zwei'), set_folder_props(:b, :b2, '{"PR_COMMENT": "b"}');
SELECT (pg_temp.send(:a, :a2, :b)).result AS older, (pg_temp.send(:b, :b2, :a)).result AS newer,
       (pg_temp.send(:b, :b2, :a)).result AS known, (pg_temp.send(:a, :a2, :b)).result AS known;
SELECT export_folder(:a, :a2) = export_folder(:b, :b2) AS two;
SELECT move_folder(:a, :a2, special_folder(:a, 'Root'));
SELECT (pg_temp.send(:a, :a2, :b)).result;
SELECT kind, changed_by, name FROM folder_change_list WHERE store_id = :b AND folder_id = :b2 ORDER BY change_number;

-- both have changed it: the last writer, in both
SELECT rename_folder(:a, :a2, 'of a'), rename_folder(:b, :b2, 'of b');
SELECT export_folder(:a, :a2) AS fa \gset
SELECT (pg_temp.send(:b, :b2, :a)).result, (import_folder(:b, :'fa')).result;
SELECT (pg_temp.send(:b, :b2, :a)).result, (import_folder(:b, :'fa')).result;
SELECT name, (SELECT export_folder(:a, :a2) - 'PR_PARENT_SOURCE_KEY') =
             (SELECT export_folder(:b, :b2) - 'PR_PARENT_SOURCE_KEY') AS equal
FROM folder_list WHERE store_id = :a AND folder_id = :a2;

-- one name for two folders: one of them gets another, the same in both
SELECT create_folder(:a, NULL, 'plans') AS ap, create_folder(:b, NULL, 'plans') AS bp \gset
SELECT (pg_temp.send(:a, :ap, :b)).result, (pg_temp.send(:b, :bp, :a)).result;
SELECT count(pg_temp.send(:b, folder_id, :a)) FROM folder_list WHERE store_id = :b AND name LIKE 'plans%';
SELECT count(pg_temp.send(:a, folder_id, :b)) FROM folder_list WHERE store_id = :a AND name LIKE 'plans%';
SELECT count(pg_temp.send(:b, folder_id, :a)) FROM folder_list WHERE store_id = :b AND name LIKE 'plans%';
SELECT count(*), count(DISTINCT f.name), min(f.name) = 'plans' AS plain, min(length(f.name)), max(length(f.name))
FROM folder_list AS f WHERE store_id IN (:a, :b) AND name LIKE 'plans%';
SELECT count(*) FROM folder_list AS f WHERE store_id = :a AND name LIKE 'plans%'
AND (pg_temp.send(:a, folder_id, :b)).result <> 'SYNC_E_IGNORE';

-- two folders, each moved below the other: both stores agree to move one of them to the root
SELECT create_folder(:a, NULL, 'x') AS ax, create_folder(:a, NULL, 'y') AS ay \gset
SELECT (pg_temp.send(:a, :ax, :b)).folder_id AS bx, (pg_temp.send(:a, :ay, :b)).folder_id AS by \gset
SELECT move_folder(:a, :ax, :ay), move_folder(:b, :by, :bx);
SELECT count(*) AS refused FROM (SELECT (pg_temp.send(:a, :ax, :b)).result
    UNION ALL SELECT (pg_temp.send(:b, :by, :a)).result) AS s WHERE result = 'SYNC_E_CYCLE';
SELECT count(pg_temp.send(:a, f, :b)) FROM unnest(ARRAY[:ax, :ay]::bigint[]) AS f;
SELECT count(pg_temp.send(:b, f, :a)) FROM unnest(ARRAY[:bx, :by]::bigint[]) AS f;
SELECT count(pg_temp.send(:a, f, :b)) FROM unnest(ARRAY[:ax, :ay]::bigint[]) AS f;
SELECT a.parent = b.parent AS equal FROM pg_temp.both AS a JOIN pg_temp.both AS b USING (name)
WHERE a."in a" AND NOT b."in a" AND name IN ('x', 'y');

-- deletions take everything along; restoring brings the folder back
SELECT message_id AS bm FROM save_new_message(:b, :b2, '{"PR_SUBJECT": "inside"}') \gset
SELECT delete_folder(:a, :a2);
SELECT (pg_temp.send(:a, :a2, :b)).result;
SELECT deleted_at IS NOT NULL AS deleted FROM message WHERE store_id = :b AND message_id = :bm;
SELECT (SELECT export_folder(:a, :a2) - 'PR_PARENT_SOURCE_KEY') =
       (SELECT export_folder(:b, :b2) - 'PR_PARENT_SOURCE_KEY') AS equal;
SELECT (import_change(:a, :a2, export_change(:b, :bm) - 'PR_DELETED_ON')).result;
SELECT restore_folder(:a, :a2);
SELECT (pg_temp.send(:a, :a2, :b)).result;
SELECT deleted_at IS NOT NULL AS deleted FROM message WHERE store_id = :b AND message_id = :bm;
-- a rename that meets a deletion
SELECT delete_folder(:a, :a2), rename_folder(:b, :b2, 'late');
SELECT (pg_temp.send(:b, :b2, :a)).result, (pg_temp.send(:a, :a2, :b)).result;
SELECT name, deleted FROM pg_temp.both WHERE name IN ('late', 'of b');
-- for good
SELECT delete_folder(:a, :a2, 'DELETE_HARD_DELETE|DEL_MESSAGES');
SELECT export_folder(:a, :a2) - 'PR_SOURCE_KEY';
SELECT (pg_temp.send(:b, :b2, :a)).result, (pg_temp.send(:a, :a2, :b)).result, (pg_temp.send(:a, :a2, :b)).result;
SELECT count(*) FROM folder WHERE store_id = :b AND folder_id = :b2;

-- folders without a place
SELECT result FROM import_folder(:b, export_folder(:a, :a1) ||
    '{"PR_SOURCE_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "PR_PARENT_SOURCE_KEY": "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}');
SELECT import_folder(:b, '{}'); -- fail
SELECT import_folder(:b, export_folder(:a, :a1) - 'PR_DISPLAY_NAME'); -- fail
SELECT import_folder(:b, export_folder(:a, :a1) - 'props'); -- fail
SELECT import_folder(:b, export_folder(:a, :a1) || '{"props": {"PR_ENTRYID": "AA=="}}'); -- fail
SELECT import_folder(:b, export_folder(:a, :a1) || '{"PR_DISPLAY_NAME": ""}'); -- fail
SELECT export_folder(:a, 1000000); -- fail
