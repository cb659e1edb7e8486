-- Full text search finds what the newest versions of messages contain, wherever
-- the words stand, and every way of writing a message is followed.
\set VERBOSITY terse
SET search_path = msgstore, pg_catalog;
SELECT create_store('searched') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f, special_folder(:s, 'Drafts') AS d,
    special_folder(:s, 'Deleted Items') AS t \gset

-- the names of messages, so that no id is printed
CREATE TABLE named (name text, id bigint);
CREATE FUNCTION pg_temp.found(store bigint, query text, folder bigint = NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(n.name, '?'), ' ' ORDER BY n.name)
    FROM msgstore.search_messages(store, query, folder) AS r
    LEFT JOIN named AS n ON n.id = r.message_id
$$;
CREATE FUNCTION pg_temp.make(name text, store bigint, folder bigint,
    props jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO named SELECT name, r.message_id
    FROM msgstore.save_new_message(store, folder, props) AS r
$$;
CREATE FUNCTION pg_temp.edit(what text, store bigint, changes jsonb)
RETURNS text LANGUAGE sql AS $$
    SELECT (msgstore.save_message(store, n.id, m.change_number, changes)).result
    FROM named AS n JOIN msgstore.message AS m
    ON m.store_id = store AND m.message_id = n.id WHERE n.name = what
$$;

-- the error that a command raises, without numbers
CREATE FUNCTION pg_temp.refused(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9]+', 'N', 'g');
END
$$;

-- a store is not searched until its owner says so
SELECT pg_temp.make('old', :s, :f, '{"PR_SUBJECT": "Zebra crossing"}');
SELECT pg_temp.refused(format($$SELECT pg_temp.found(%s, 'zebra')$$, :s));
SELECT phase FROM search_progress;
SELECT set_search(:s, true, 'no_such_configuration');  -- fail
SELECT set_search(:s, true);
SELECT phase, configuration, messages_total, messages_done FROM search_progress;

-- new messages are found at once, older ones after a rebuild
SELECT pg_temp.make('new', :s, :f, '{"PR_SUBJECT": "Re: Zebra stripes",
    "PR_BODY": "A herd of animals near the river. Stripes everywhere."}');
SELECT pg_temp.found(:s, 'zebra');
CALL rebuild_search(:s);
SELECT pg_temp.found(:s, 'zebra');
SELECT phase, configuration, messages_total, messages_done FROM search_progress;
CALL rebuild_search(:s);
SELECT set_search(:s, true);
SELECT phase FROM search_progress;

-- all words of a query, in any part; phrases within one part; without; either
SELECT pg_temp.found(:s, 'zebra river');
SELECT pg_temp.found(:s, '"zebra stripes"');
SELECT pg_temp.found(:s, '"stripes zebra"');
SELECT pg_temp.found(:s, '"stripes A"');
SELECT pg_temp.found(:s, 'zebra -river');
SELECT pg_temp.found(:s, 'crossing or river');
SELECT pg_temp.found(:s, '(crossing or river) zebra -herd');
SELECT pg_temp.found(:s, '-river');
SELECT pg_temp.found(:s, 'nothing or -river');
SET client_min_messages = warning;
SELECT pg_temp.found(:s, ''), pg_temp.found(:s, ' -- ');
RESET client_min_messages;

-- addresses and file names, whole and by their parts; texts of attachments
SELECT pg_temp.make('people', :s, :f, '{"PR_SUBJECT": "x",
    "PR_SENDER_NAME": "Anna-Lena Berg",
    "PR_SENDER_EMAIL_ADDRESS": "anna.berg@mail.example.com",
    "PR_MESSAGE_RECIPIENTS": [{"PR_ROWID": 0, "PR_RECIPIENT_TYPE": 1,
    "PR_DISPLAY_NAME": "Jürgen Weiß", "PR_EMAIL_ADDRESS": "jw_2@example.net"}]}');
SELECT word, pg_temp.found(:s, word) FROM unnest('{anna.berg@mail.example.com,
    berg, anna, mail.example.com, example, lena, anna-lena, jürgen, jw_2, jw,
    jw_2@example.net, weiß, weiss}'::text[]) AS word;
SELECT pg_temp.make('files', :s, :f, jsonb_build_object(
    'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
    jsonb_build_object('PR_ATTACH_NUM', 0, 'PR_ATTACH_METHOD', 1,
    'PR_ATTACH_LONG_FILENAME', 'Q3-report_final.2026.txt',
    'PR_ATTACH_DATA_BIN', encode('Kangaroo budget', 'base64')),
    jsonb_build_object('PR_ATTACH_NUM', 1, 'PR_ATTACH_METHOD', 1,
    'PR_ATTACH_LONG_FILENAME', 'page', 'PR_ATTACH_MIME_TAG', 'text/html',
    'PR_ATTACH_DATA_BIN', encode('<p>Wal<b>laby</b></p>', 'base64')),
    jsonb_build_object('PR_ATTACH_NUM', 2, 'PR_ATTACH_METHOD', 1,
    'PR_ATTACH_LONG_FILENAME', 'photo.jpg', 'PR_ATTACH_MIME_TAG', 'image/jpeg',
    'PR_ATTACH_DATA_BIN', encode('Wombat', 'base64')),
    jsonb_build_object('PR_ATTACH_NUM', 3, 'PR_ATTACH_METHOD', 5,
    'PR_ATTACH_DATA_OBJ', jsonb_build_object('PR_SUBJECT', 'Platypus',
    'PR_BODY', 'beneath the surface')))));
SELECT word, pg_temp.found(:s, word) FROM unnest('{Q3-report_final.2026.txt,
    report, Q3-report, final, 2026, txt, kangaroo, wallaby, wombat, photo,
    photo.jpg, platypus, beneath}'::text[]) AS word;

-- HTML: no tags, comments, scripts and style sheets; entities are decoded
SELECT pg_temp.make('html', :s, :f, jsonb_build_object('PR_HTML',
    encode(convert_to('<html><head><style>.hidden{}</style>'
    '<SCRIPT type="a>b">var secret;</SCRIPT></head><body><!-- remark -->'
    '<p title="1 > attribute">Stra&szlig;e</p>caf&eacute;<br>mus&#x00E9;e'
    '&#32;<b>H</b>eading a&nbsp;b AT&amp;T &unknown; 3 < 4'
    '<script>never closed', 'UTF8'), 'base64')));
SELECT word, pg_temp.found(:s, word) FROM unnest('{hidden, secret, remark,
    attribute, straße, café, musée, heading, szlig, nbsp, unknown, closed,
    body}'::text[]) AS word;

-- a body in a blob; a body without any character; a very long one
SELECT create_blob(:s, false) AS b \gset
SELECT write_blob(:s, :b, 0, 'an ocelot in a blob');
SELECT pg_temp.make('blob', :s, :f, jsonb_build_object('PR_BODY',
    jsonb_build_object('blob', :b, 'size', 19)));
SELECT pg_temp.make('bytes', :s, :f,
    '{"PR_HTML": "/wD+gMPpZWxlcGhhbnQg4A=="}');
SELECT pg_temp.make('long', :s, :f, jsonb_build_object('PR_BODY',
    'begin ' || repeat('x', 100000) || ' ' || repeat('漢', 5000) || ' ' ||
    (SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, 50000) AS i)));
SELECT pg_temp.found(:s, 'ocelot'), pg_temp.found(:s, 'begin'),
    pg_temp.found(:s, md5('1'));

-- an edit is followed, and touches the rows of its part only
CREATE TABLE places AS SELECT message_id, part, ctid AS place
    FROM message_search;
CREATE FUNCTION pg_temp.moved() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SELECT string_agg(n.name || ' ' || s.part, ', ' ORDER BY n.name, s.part)
    INTO result
    FROM msgstore.message_search AS s JOIN named AS n ON n.id = s.message_id
    LEFT JOIN places AS p USING (message_id, part)
    WHERE p.place IS DISTINCT FROM s.ctid;
    DELETE FROM places;
    INSERT INTO places SELECT message_id, part, ctid FROM msgstore.message_search;
    RETURN result;
END
$$;
SELECT pg_temp.edit('new', :s, '{"PR_IMPORTANCE": 2}'), pg_temp.moved();
SELECT pg_temp.edit('new', :s, '{"PR_SUBJECT": "Re: Zebra stripes"}'),
    pg_temp.moved();
SELECT pg_temp.edit('new', :s, '{"PR_SUBJECT": "Giraffe"}'), pg_temp.moved();
SELECT pg_temp.found(:s, 'zebra'), pg_temp.found(:s, 'giraffe river');
SELECT pg_temp.edit('new', :s, '{"PR_BODY": "A lake."}'), pg_temp.moved();
SELECT pg_temp.found(:s, 'river'), pg_temp.found(:s, 'giraffe lake');
SELECT pg_temp.edit('people', :s, '{"PR_SENDER_NAME": "Tom"}'), pg_temp.moved();
SELECT pg_temp.found(:s, 'tom berg');
SELECT pg_temp.edit('files', :s, '{"PR_MESSAGE_ATTACHMENTS": []}'),
    pg_temp.moved();
SELECT pg_temp.found(:s, 'kangaroo') IS NULL AS "none";

-- the other ways of saving: merge, force, an older version, a copy
SELECT id AS m FROM named WHERE name = 'new' \gset
SELECT change_number AS n FROM message WHERE message_id = :m \gset
SELECT pg_temp.edit('new', :s, '{"PR_BODY": "A pond."}');
SELECT result FROM resolve_conflict(:s, :m, :n, '{"PR_SUBJECT": "Okapi"}',
    'MERGE');
SELECT pg_temp.found(:s, 'okapi pond');
SELECT result FROM save_message(:s, :m, :n, '{"PR_BODY": "A swamp."}',
    'FORCE_SAVE');
SELECT pg_temp.found(:s, 'pond') IS NULL AS "none", pg_temp.found(:s, 'swamp');
SELECT change_number AS newest FROM message WHERE message_id = :m \gset
SELECT result FROM restore_version(:s, :m, :n, :newest);
SELECT pg_temp.found(:s, 'swamp') IS NULL AS "none",
    pg_temp.found(:s, 'giraffe lake');
INSERT INTO named SELECT 'copy', new_message_id
    FROM copy_messages(:s, ARRAY[:m], :d);
SELECT pg_temp.found(:s, 'giraffe'), pg_temp.found(:s, 'giraffe', :d);

-- moved, deleted, restored, erased
SELECT move_messages(:s, ARRAY[:m], :t);
SELECT pg_temp.found(:s, 'giraffe', :t), pg_temp.found(:s, 'giraffe', :f);
SELECT delete_messages(:s, ARRAY[:m]);
SELECT pg_temp.found(:s, 'giraffe');
SELECT restore_messages(:s, ARRAY[:m]);
SELECT pg_temp.found(:s, 'giraffe', :t);
SELECT delete_messages(:s, ARRAY[:m], 'DELETE_HARD_DELETE');
SELECT pg_temp.found(:s, 'giraffe');
SELECT purge_messages(:s, ARRAY[(SELECT id FROM named WHERE name = 'copy')]);
SELECT pg_temp.found(:s, 'giraffe') IS NULL AS "none";
SELECT count(*) FROM message_search AS s JOIN named AS n ON n.id = s.message_id
    WHERE n.name IN ('new', 'copy');

-- imported; associated messages are not searched
INSERT INTO named SELECT 'mail', message_id FROM import_message(:s, :f,
    '{"PR_SUBJECT": "Imported lynx"}', body => 'from a mail');
SELECT pg_temp.found(:s, 'lynx mail');
SELECT create_message(:s, :f, 'MAPI_ASSOCIATED') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "lynx view"}');
SELECT save_changes(:h);
SELECT close_object(:h);
SELECT pg_temp.found(:s, 'lynx');

-- another store: a move takes the words along, and the stores are apart
SELECT create_store('searched too') AS s2 \gset
SELECT special_folder(:s2, 'Inbox') AS f2 \gset
SELECT set_search(:s2, true, 'pg_catalog.english');
CALL rebuild_search(:s2);
WITH moved AS (SELECT * FROM move_messages_to_store(:s,
    ARRAY[(SELECT id FROM named WHERE name = 'mail')], :f2, :s2))
INSERT INTO named SELECT 'moved', new_message_id FROM moved;
SELECT pg_temp.found(:s, 'lynx'), pg_temp.found(:s2, 'lynx');
SELECT pg_temp.make('stems', :s2, :f2, '{"PR_SUBJECT": "Running foxes"}');
SELECT pg_temp.found(:s2, 'fox run'), pg_temp.found(:s, 'fox');

-- rank and quote: the subject counts most, the words found are in brackets
SELECT pg_temp.make('body', :s, :f, '{"PR_SUBJECT": "Other",
    "PR_BODY": "Line one\nand a narwhal\tin the second"}');
SELECT pg_temp.make('subject', :s, :f, '{"PR_SUBJECT": "The Narwhal"}');
SELECT n.name, r.headline FROM search_messages(:s, 'narwhal') AS r
    JOIN named AS n ON n.id = r.message_id ORDER BY r.rank DESC;
SELECT r.headline FROM search_messages(:s, 'ocelot') AS r;
SELECT length(r.headline) <= 400 AS bounded
    FROM search_messages(:s, 'begin') AS r;

-- a change that comes from another store
SELECT i.result
    FROM named AS n, import_change(:s2, :f2, export_change(:s, n.id)) AS i
    WHERE n.name = 'body';
SELECT pg_temp.edit('body', :s, '{"PR_SUBJECT": "Unicorn"}');
SELECT i.result
    FROM named AS n, import_change(:s2, :f2, export_change(:s, n.id)) AS i
    WHERE n.name = 'body';
SELECT headline FROM search_messages(:s2, 'unicorn narwhal');

-- pages: each message once, also while the list changes
SELECT count(pg_temp.make('page ' || i, :s, :d, jsonb_build_object(
    'PR_SUBJECT', 'walrus', 'PR_BODY', repeat('walrus ', i % 3))))
    FROM generate_series(1, 20) AS i;
CREATE FUNCTION pg_temp.pages(store bigint) RETURNS TABLE (name text)
LANGUAGE plpgsql AS $$
DECLARE
    at text;
    page record;
    rows integer;
BEGIN
    LOOP
        rows := 0;
        FOR page IN SELECT * FROM msgstore.search_messages(store, 'walrus',
            NULL, 7, at) LOOP
            rows := rows + 1;
            at := page.position;
            name := (SELECT n.name FROM named AS n WHERE n.id = page.message_id);
            RETURN NEXT;
        END LOOP;
        EXIT WHEN rows = 0;
    END LOOP;
END
$$;
SELECT count(*), count(DISTINCT name) FROM pg_temp.pages(:s);
SELECT count(*) FROM search_messages(:s, 'walrus', max => 0);
SELECT count(*) FROM search_messages(:s, 'walrus', max => NULL);
SELECT "position" AS p FROM search_messages(:s, 'walrus', max => 1) \gset
SELECT count(*) FROM search_messages(:s, 'walrus', after => :'p', max => NULL);
SELECT count(*) FROM search_messages(:s, 'zebra', after => :'p');  -- fail
SELECT count(*) FROM search_messages(:s, 'walrus', :d, after => :'p');  -- fail
SELECT count(*) FROM search_messages(:s, 'walrus', after => 'x');  -- fail
SELECT count(*) FROM search_messages(:s, 'walrus', after => repeat('0', 40));  -- fail

-- a search folder: its restriction and its folders
SELECT create_search_folder(:s, special_folder(:s, 'Root'), 'found',
    '{"content": {"name": "PR_BODY", "value": "walrus walrus",
    "match": "substring"}}', ARRAY[:d]) AS sf \gset
SELECT count(*) FROM search_messages(:s, 'walrus', :sf);
SELECT count(*) FROM search_messages(:s, 'narwhal', :sf);
-- a search that is stopped holds its messages, and finds no others
SELECT set_search_criteria(:s, :sf, '{"exist": "PR_BODY"}', flags => 'STOP');
SELECT count(*) = count_messages(:s, :sf) AS held FROM search_messages(:s, 'walrus', :sf, NULL);
SELECT set_search_criteria(:s, :sf, '{"or": []}', flags => 'STATIC|RESTART');
SELECT count(*) FROM search_messages(:s, 'walrus', :sf);

-- another configuration is a new generation: nothing old is found
SELECT set_search(:s, true, 'english');
SELECT pg_temp.found(:s, 'walrus'), phase FROM search_progress
    WHERE store_id = :s;
SELECT pg_temp.edit('old', :s, '{"PR_SUBJECT": "Crossings"}');
SELECT pg_temp.found(:s, 'crossing');

-- a rebuild in batches goes on where it stopped
BEGIN;
SELECT msgstore_internal.rebuild_begin(:s);
SELECT done, indexed FROM msgstore_internal.rebuild_batch(:s, 5);
COMMIT;
SELECT phase, messages_done FROM search_progress WHERE store_id = :s;
CALL rebuild_search(:s, 4);
SELECT phase, messages_done = messages_total AS all_done
    FROM search_progress WHERE store_id = :s;
SELECT count(*) FROM search_messages(:s, 'walruses', max => NULL);
SELECT count(*) FROM message_search AS s LEFT JOIN message AS m USING (store_id,
    message_id) WHERE m.message_id IS NULL;

-- a configuration that is dropped makes no save fail
CREATE TEXT SEARCH CONFIGURATION public.own (COPY = pg_catalog.simple);
SELECT set_search(:s2, true, 'public.own');
CALL rebuild_search(:s2);
SELECT pg_temp.found(:s2, 'lynx'), pg_temp.found(:s2, 'fox');
DROP TEXT SEARCH CONFIGURATION public.own;
SELECT pg_temp.edit('stems', :s2, '{"PR_SUBJECT": "Walking"}');
SELECT pg_temp.refused(format($$SELECT pg_temp.found(%s, 'foxes')$$, :s2));
CALL rebuild_search(:s2);
SELECT set_search(:s2, true, 'simple');
CALL rebuild_search(:s2);
SELECT pg_temp.found(:s2, 'walking'), pg_temp.found(:s2, 'foxes');

-- off: no search, and a rebuild deletes the words
SELECT set_search(:s2, false);
SELECT set_search(:s2, false);
SELECT pg_temp.refused(format($$SELECT pg_temp.found(%s, 'lynx')$$, :s2));
SELECT pg_temp.make('off', :s2, :f2, '{"PR_SUBJECT": "lynx"}');
SELECT count(*) FROM message_search WHERE store_id = :s2;
CALL rebuild_search(:s2, 1);
SELECT count(*) FROM message_search WHERE store_id = :s2;
SELECT phase FROM search_progress WHERE store_id = :s2;

-- the rows of a change go with it
BEGIN;
SELECT pg_temp.edit('old', :s, '{"PR_SUBJECT": "Axolotl"}');
SELECT pg_temp.found(:s, 'axolotl');
ROLLBACK;
SELECT pg_temp.found(:s, 'axolotl') IS NULL AS "none";

-- nothing is found, ranked or quoted without the right to read
CREATE ROLE regress_searcher;
GRANT SELECT ON named TO regress_searcher;
SELECT grant_folder(:s, :f, 'regress_searcher', 'CONTRIBUTOR');
SET ROLE regress_searcher;
SELECT count(*) FROM msgstore.search_messages(:s, 'narwhal');
SELECT count(*) FROM msgstore.save_new_message(:s, :f,
    '{"PR_SUBJECT": "my narwhal"}');
SELECT headline FROM msgstore.search_messages(:s, 'narwhal');
SELECT count(*) FROM msgstore.search_messages(:s, '-nothing', max => NULL);
SELECT pg_temp.refused(format($$SELECT count(*) FROM msgstore.search_messages(%s, 'walrus', %s)$$, :s, :d));
SELECT pg_temp.refused(format($$SELECT count(*) FROM msgstore.search_messages(%s, 'walrus', %s)$$, :s, :sf));
SELECT pg_temp.refused(format($$SELECT set_search(%s, false)$$, :s));
SELECT pg_temp.refused(format($$CALL rebuild_search(%s)$$, :s));
SELECT count(*) FROM msgstore.search_progress;
SELECT pg_temp.refused(format($$SELECT count(*) FROM msgstore.search_messages(%s, 'lynx')$$, :s2));
RESET ROLE;

-- bad arguments
SELECT set_search(NULL, true);  -- fail
SELECT set_search(:s, NULL);  -- fail
SELECT set_search(:s, true, NULL);  -- fail
SELECT count(*) FROM search_messages(NULL, 'x');  -- fail
SELECT count(*) FROM search_messages(:s, NULL);  -- fail
SELECT count(*) FROM search_messages(:s, repeat('x', 1001));  -- fail
SELECT count(*) FROM search_messages(:s, 'x', max => -1);  -- fail
CALL rebuild_search(NULL);  -- fail
CALL rebuild_search(:s, NULL);
SELECT set_search(:s, true, 'simple');
CALL rebuild_search(:s, 0);  -- fail
CALL rebuild_search(:s, NULL);  -- fail
REVOKE SELECT ON named FROM regress_searcher;
SELECT revoke_folder(:s, :f, 'regress_searcher');
DROP TABLE named, places CASCADE;
DROP ROLE regress_searcher;
