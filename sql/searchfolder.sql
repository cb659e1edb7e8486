-- Search folders list the messages of other folders that a stored restriction
-- selects, while these change, and hold nothing themselves (MS-OXCFOLD).
SET search_path = msgstore;
SELECT create_store('searchfolder') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, create_folder(:s, special_folder(:s, 'Inbox'), 'below') AS b,
       create_folder(:s, NULL, 'other') AS o \gset
CREATE FUNCTION pg_temp.add(s bigint, f bigint, props jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM msgstore.save_new_message(s, f, props) $$;
SELECT pg_temp.add(:s, :f, '{"PR_SUBJECT": "in", "PR_IMPORTANCE": 2}') AS m,
       pg_temp.add(:s, :b, '{"PR_SUBJECT": "deep", "PR_IMPORTANCE": 2}') AS d,
       pg_temp.add(:s, :o, '{"PR_SUBJECT": "out", "PR_IMPORTANCE": 2}') AS x,
       pg_temp.add(:s, :f, '{"PR_SUBJECT": "low"}') AS low \gset
SELECT create_search_folder(:s, NULL, 'important', '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}',
                            ARRAY[:f, :o]) AS q \gset
-- the error that a command raises, without numbers
CREATE FUNCTION pg_temp.refused(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9]+', 'N', 'g');
END $$;
CREATE FUNCTION pg_temp.subjects(folder text, r jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg("row"->>'PR_SUBJECT', ',' ORDER BY "row"->>'PR_SUBJECT')
    FROM folder_list AS f, list_messages(f.store_id, f.folder_id, '{PR_SUBJECT}', r) WHERE f.name = folder $$;
SELECT name, parent_id = special_folder(:s, 'Root') AS below_root FROM folder_list WHERE folder_id = :q AND store_id = :s;
SELECT pg_temp.subjects('important') AS listed, count_messages(:s, :q) AS counted,
       (SELECT count(*) FROM list_categories(:s, :q, '{PR_SUBJECT}')) AS categories;
SELECT get_folder_props(:s, :q, '{PR_FOLDER_TYPE,PR_CONTENT_COUNT}');
SELECT set_read_flag(:s, :m, 'CLEAR_READ_FLAG');
SELECT name, is_search, content_count, unread FROM folder_list
WHERE store_id = :s AND content_count > 0 ORDER BY name;

-- the folder stays true while messages are saved, moved, deleted and restored
SELECT result FROM save_message(:s, :low, (SELECT change_number FROM message_list WHERE store_id = :s AND message_id = :low), '{"PR_IMPORTANCE": 2}');
SELECT move_messages(:s, ARRAY[:x], :b), delete_messages(:s, ARRAY[:m]);
SELECT pg_temp.subjects('important') AS listed;
SELECT restore_messages(:s, ARRAY[:m]);
SELECT pg_temp.subjects('important') AS listed,
       pg_temp.subjects('important', '{"property": {"name": "PR_SUBJECT", "relop": "=", "value": "low"}}') AS restricted;

-- a count limits a list of it, but no search
SELECT count(*) AS listed, count_messages(:s, :q, '{"count": {"max": 2, "restriction": {"and": []}}}') AS counted
FROM list_messages(:s, :q, NULL, '{"count": {"max": 2, "restriction": {"and": []}}}');

-- criteria: a NULL leaves what is there; RECURSIVE searches the folders below
SELECT restriction, folders = ARRAY[:f, :o]::bigint[] AS same_folders, flags FROM get_search_criteria(:s, :q);
SELECT set_search_criteria(:s, :q, flags => 'RECURSIVE');
SELECT pg_temp.subjects('important') AS listed, flags, state FROM get_search_criteria(:s, :q);
-- neither RECURSIVE nor SHALLOW is SHALLOW (MS-OXCFOLD R1200)
SELECT set_search_criteria(:s, :q, folders => ARRAY[:o], flags => 'RESTART|CONTENT_INDEXED');
SELECT pg_temp.subjects('important') AS listed, flags, state FROM get_search_criteria(:s, :q);
-- a live search follows the messages (R552), also without RESTART
SELECT pg_temp.add(:s, :o, '{"PR_SUBJECT": "new", "PR_IMPORTANCE": 2}') AS new \gset
SELECT pg_temp.subjects('important') AS listed;
SELECT set_search_criteria(:s, :q);
SELECT pg_temp.subjects('important') AS listed, state FROM get_search_criteria(:s, :q);

-- a static search is populated once (R784, R795, R549): no message comes (R1093),
-- changed messages stay (R1084), and no call but RESTART updates it (R551)
SELECT set_search_criteria(:s, :q, folders => ARRAY[:f, :o], flags => 'STATIC|RESTART');
SELECT pg_temp.subjects('important') AS listed, flags, state FROM get_search_criteria(:s, :q);
CREATE FUNCTION pg_temp.importance(s bigint, m bigint, n integer) RETURNS hresult LANGUAGE sql AS $$
    SELECT x.result FROM msgstore.message_list AS l, msgstore.save_message(s, m, l.change_number, jsonb_build_object('PR_IMPORTANCE', n)) AS x
    WHERE l.store_id = s AND l.message_id = m $$;
SELECT pg_temp.importance(:s, :low, 0), move_messages(:s, ARRAY[:new], :b),
       pg_temp.add(:s, :o, '{"PR_SUBJECT": "late", "PR_IMPORTANCE": 2}') AS late \gset
SELECT pg_temp.subjects('important') AS listed, count_messages(:s, :q) AS counted,
       (SELECT content_count FROM folder_list WHERE store_id = :s AND folder_id = :q) AS in_view;
SELECT pg_temp.subjects('important', '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}') AS restricted;
SELECT count(*) AS first_page, (SELECT count(*) FROM list_messages(:s, :q, sort => '{}', max => NULL, after => max(l."position"))) AS rest
FROM list_messages(:s, :q, sort => '{}', max => 1) AS l;
SELECT set_search_criteria(:s, :q);
SELECT pg_temp.subjects('important') AS listed, state FROM get_search_criteria(:s, :q);
-- a deleted message leaves the list, and comes back to it
SELECT delete_messages(:s, ARRAY[:new]);
SELECT pg_temp.subjects('important') AS listed,
       (SELECT count(*) FROM list_messages(:s, :q, flags => 'SHOW_SOFT_DELETES')) AS deleted;
SELECT restore_messages(:s, ARRAY[:new]);
SELECT set_search_criteria(:s, :q, flags => 'RESTART|STATIC');
SELECT pg_temp.subjects('important') AS listed;
-- new criteria apply at once (R519)
SELECT set_search_criteria(:s, :q, '{"property": {"name": "PR_SUBJECT", "relop": "=", "value": "low"}}');
SELECT pg_temp.subjects('important') AS listed, state FROM get_search_criteria(:s, :q);
SELECT set_search_criteria(:s, :q, '{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 2}}', flags => 'RESTART');
SELECT pg_temp.subjects('important') AS listed, state FROM get_search_criteria(:s, :q);

-- a stopped search lists what it had; criteria wait for RESTART
SELECT set_search_criteria(:s, :q, flags => 'STOP');
SELECT pg_temp.importance(:s, :late, 0), pg_temp.importance(:s, :low, 2);
SELECT pg_temp.subjects('important') AS listed, flags, state FROM get_search_criteria(:s, :q);
SELECT set_search_criteria(:s, :q, folders => ARRAY[:b]);
SELECT pg_temp.subjects('important') AS listed, folders = ARRAY[:b]::bigint[] AS new_folders, state FROM get_search_criteria(:s, :q);
SELECT set_search_criteria(:s, :q, flags => 'RESTART');
SELECT pg_temp.subjects('important') AS listed, flags, state FROM get_search_criteria(:s, :q);
SELECT create_search_folder(:s, NULL, 'never', '{"and": []}', ARRAY[:f], 'STOP') AS n \gset
SELECT pg_temp.subjects('never') AS listed, state FROM get_search_criteria(:s, :n);
SELECT delete_folder(:s, :n, 'DELETE_HARD_DELETE');
SELECT create_search_folder(:s, NULL, 'once', '{"and": []}', ARRAY[:f], 'STATIC') AS n \gset
SELECT copy_folder(:s, :n, special_folder(:s, 'Root'), 'once more') AS c \gset
SELECT pg_temp.add(:s, :f, '{"PR_SUBJECT": "later"}') AS later \gset
SELECT pg_temp.subjects('once') AS listed, pg_temp.subjects('once more') AS copied, state FROM get_search_criteria(:s, :c);
SELECT delete_folder(:s, :n, 'DELETE_HARD_DELETE'), delete_folder(:s, :c, 'DELETE_HARD_DELETE'),
       delete_messages(:s, ARRAY[:later, :late, :new], 'DELETE_HARD_DELETE');

-- a folder without criteria lists nothing
SELECT create_search_folder(:s, :f, 'empty') AS e \gset
SELECT count(*) AS listed, count_messages(:s, :e) AS counted FROM list_messages(:s, :e);
SELECT set_search_criteria(:s, :e, '{"and": []}');
SELECT set_search_criteria(:s, :e, folders => ARRAY[:f]);
SELECT pg_temp.refused(format('SELECT * FROM get_search_criteria(%s, %s)', :s, :e));
SELECT pg_temp.refused(format('SELECT * FROM get_search_criteria(%s, %s)', :s, :f));
SELECT pg_temp.refused(format('SELECT set_search_criteria(%s, %s, ''{"and": []}'', ARRAY[%s])', :s, :f, :f));

-- nothing has its place in a search folder
SELECT pg_temp.refused(format('SELECT create_message(%s, %s)', :s, :q));
SELECT pg_temp.refused(format('SELECT * FROM save_new_message(%s, %s, ''{"PR_SUBJECT": "x"}'')', :s, :q));
SELECT pg_temp.refused(format('SELECT copy_messages(%s, ARRAY[%s], %s)', :s, :m, :q));
SELECT pg_temp.refused(format('SELECT move_messages(%s, ARRAY[%s], %s)', :s, :m, :q));
SELECT pg_temp.refused(format('SELECT create_folder(%s, %s, ''x'')', :s, :q));
SELECT pg_temp.refused(format('SELECT move_folder(%s, %s, %s)', :s, :b, :q));
SELECT pg_temp.refused(format('SELECT save_as(open_message(%s, %s), %s)', :s, :m, :q));
SELECT pg_temp.refused(format('SELECT create_search_folder(%s, NULL, ''nested'', ''{"and": []}'', ARRAY[%s])', :s, :q));

-- other refusals
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"and": [7]}', ARRAY[:f]);
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"count": {"max": 1, "restriction": {"and": []}}}', ARRAY[:f]);
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"and": []}', ARRAY[NULL]::bigint[]);
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"and": []}', ARRAY[:f], 'RECURSIVE|SHALLOW');
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"and": []}', ARRAY[:f], 'STOP|RESTART');
-- fail
SELECT create_search_folder(:s, NULL, 'x', '{"and": []}', ARRAY[:f], 64);
-- fail
SELECT create_search_folder(:s, NULL, '', '{"and": []}', ARRAY[:f]);
-- fail
SELECT create_search_folder(:s, NULL, NULL, '{"and": []}', ARRAY[:f]);
SELECT count(*) FROM folder_list WHERE store_id = :s AND name = 'x';

CREATE ROLE regress_searcher;
GRANT USAGE ON SCHEMA msgstore TO regress_searcher;
-- a copy searches for the same; a rename is that of any folder
SELECT set_search_criteria(:s, :q, '{"and": []}', ARRAY[:f, :b]), rename_folder(:s, :q, 'renamed');
SELECT copy_folder(:s, :q, special_folder(:s, 'Root'), 'copied') IS NOT NULL AS copied;
SELECT pg_temp.subjects('copied') AS listed;
-- the caller finds the messages that it may read
SELECT grant_folder(:s, :q, 'regress_searcher', 'REVIEWER'), grant_folder(:s, :f, 'regress_searcher', 'REVIEWER');
SET ROLE regress_searcher;
SELECT pg_temp.subjects('renamed') AS listed, cardinality(folders) AS folders FROM get_search_criteria(:s, :q);
SELECT pg_temp.refused(format('SELECT set_search_criteria(%s, %s, ''{"and": []}'')', :s, :q));
SELECT pg_temp.refused(format('SELECT create_search_folder(%s, NULL, ''x'')', :s));
RESET ROLE;
DROP OWNED BY regress_searcher;
DROP ROLE regress_searcher;
-- deleting the folder deletes no message
SELECT delete_folder(:s, :q, 'DELETE_HARD_DELETE');
SELECT count(*) FROM message_list WHERE store_id = :s;
