-- Full text search finds the text of a body that is there as RTF only, without control
-- words, in the code page of each font; a broken body has no text and fails no save.
\set VERBOSITY terse
SET search_path = msgstore, pg_catalog;
SELECT create_store('searched rtf') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f \gset
SELECT set_search(:s, true);
CALL rebuild_search(:s);

-- the names of messages, so that no id is printed
CREATE TABLE named (name text, id bigint);
CREATE FUNCTION pg_temp.found(store bigint, query text) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(n.name, ' ' ORDER BY n.name)
    FROM msgstore.search_messages(store, query) AS r
    JOIN named AS n ON n.id = r.message_id
$$;
CREATE FUNCTION pg_temp.base64(bytes bytea) RETURNS text LANGUAGE sql AS $$
    SELECT translate(encode(bytes, 'base64'), E'\n', '')
$$;
CREATE FUNCTION pg_temp.make(store bigint, folder bigint, name text, rtf bytea,
    others jsonb = '{}') RETURNS hresult LANGUAGE sql AS $$
    WITH made AS (SELECT * FROM msgstore.save_new_message(store, folder,
        jsonb_build_object('PR_RTF_COMPRESSED', pg_temp.base64(rtf)) || others)),
    kept AS (INSERT INTO named SELECT name, message_id FROM made)
    SELECT result FROM made
$$;
CREATE FUNCTION pg_temp.edit(store bigint, what text, changes jsonb)
RETURNS hresult LANGUAGE sql AS $$
    SELECT (msgstore.save_message(store, n.id, m.change_number, changes)).result
    FROM named AS n JOIN msgstore.message AS m
    ON m.store_id = store AND m.message_id = n.id WHERE n.name = what
$$;

-- the checksum and the numbers of a header, and compression without references
CREATE FUNCTION pg_temp.checksum(bytes bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint := 0;
BEGIN
    FOR i IN 0 .. length(bytes) - 1 LOOP
        result := result # get_byte(bytes, i);
        FOR k IN 1 .. 8 LOOP
            result := (result >> 1) # (CASE WHEN result & 1 = 1
                THEN 3988292384 ELSE 0 END);
        END LOOP;
    END LOOP;
    RETURN result;
END
$$;
CREATE FUNCTION pg_temp.little(number bigint) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(int8send(number), n, 1), '' ORDER BY n DESC)
    FROM generate_series(5, 8) AS n
$$;
CREATE FUNCTION pg_temp.value(tokens bytea, raw integer, kind bytea = 'LZFu')
RETURNS bytea LANGUAGE sql AS $$
    SELECT pg_temp.little(length(tokens) + 12) || pg_temp.little(raw) || kind
        || pg_temp.little(CASE WHEN kind = 'LZFu' THEN pg_temp.checksum(tokens) ELSE 0 END)
        || tokens
$$;
CREATE FUNCTION pg_temp.tokens(raw bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    result bytea := '';
    rest integer := length(raw) % 8;
    place integer := (207 + length(raw)) % 4096;
BEGIN
    FOR i IN 0 .. length(raw) / 8 - 1 LOOP
        result := result || '\x00' || substr(raw, i * 8 + 1, 8);
    END LOOP;
    RETURN result || set_byte('\x00', 0, 1 << rest)
        || substr(raw, length(raw) - rest + 1)
        || substr(int4send(place << 4), 3);
END
$$;
CREATE FUNCTION pg_temp.rtf(raw text) RETURNS bytea LANGUAGE sql AS $$
    SELECT pg_temp.value(pg_temp.tokens(convert_to(raw, 'UTF8')), length(raw))
$$;

-- compressed without references, with references, and not compressed
SELECT pg_temp.make(:s, :f, 'literal', pg_temp.rtf('{\rtf1\ansi\deff0'
    '{\fonttbl{\f0\fswiss Verdana;}}{\colortbl;\red1\green2\blue3;}'
    '{\*\generator Riched;}{\info{\author Nobody}}\pard\plain\f0\fs20 Axolotl'
    '\par under\b l\b0 ined\tab tabbed\line{\i slant}ed 1\~2 a\_b \{brace\}\par}'));
SELECT word, pg_temp.found(:s, word) FROM unnest('{axolotl, underlined, tabbed,
    slanted, a-b, brace, par, fs20, verdana, riched, nobody, green2, slant}'::text[])
    AS word;
SELECT headline FROM search_messages(:s, 'tabbed');
-- 116 bytes in 67: words of the window's start, and runs that overlap themselves
SELECT pg_temp.make(:s, :f, 'references', '\x3f000000740000004c5a467558'
    '0136b77f000a010301f702a403e4071302807d830aff01d0204261646704900c2062'
    '112f11516d7573682f0360037012c70aa27d1430'::bytea);
SELECT pg_temp.found(:s, 'badger mushroom'), pg_temp.found(:s, 'arial');
SELECT headline FROM search_messages(:s, 'badger');
SELECT pg_temp.make(:s, :f, 'not compressed',
    pg_temp.value('{\\rtf1 Dingo\\par}', 17, 'MELA'));
SELECT pg_temp.found(:s, 'dingo');
-- 3925 bytes in 548: references across the end of the window
SELECT pg_temp.make(:s, :f, 'window', (E'\\x'
    '20020000550f00004c5a4675329aa796650004200ab06e6706f00b8020327703706261054000706420c0'
    '71756f6b6b610def0effff0eef0edf0ecf0ebf0eaf0e9f0e8f0e7fff0e6f0e5f0e4f0e3f0e2f0e1f0e0f'
    '0dffff0def0eff0eef0edf0ecf0ebf0eaf0e9fff0e8f0e7f0e6f0e5f0e4f0e3f0e2f0e1fff0e0f0dff0d'
    'ef0eff0eef0edf0ecf0ebfff0eaf0e9f0e8f0e7f0e6f0e5f0e4f0e3fff0e2f0e1f0e0f0dff0def0eff0e'
    'ef0edfff0ecf0ebf0eaf0e9f0e8f0e7f0e6f0e5fff0e4f0e3f0e2f0e1f0e0f0dff0def0effff0eef0edf'
    '0ecf0ebf0eaf0e9f0e8f0e7fff0e6f0e5f0e4f0e3f0e2f0e1f0e0f0dffff0def0eff0eef0edf0ecf0ebf'
    '0eaf0e9fff0e8f0e7f0e6f0e5f0e4f0e3f0e2f0e1fff0e0f0dff0def0eff0eef0edf0ecf0ebfff0eaf0e'
    '9f0e8f0e7f0e6f0e5f0e4f0e3fff0e2f0e1f0e0f0dff0def0eff0eef0edfff0ecf0ebf0eaf0e9f0e8f0e'
    '7f0e6f0e5fff0e4f0e3f0e2f0e1f0e0f0dff0def0effff0eef0edf0ecf0ebf0eaf0e9f0e8f0e7fff0e6f'
    '0e5f0e4f0e3f0e2f0e1f0e0f0dffff0def0eff0eef0edf0ecf0ebf0eaf0e9fff0e8f0e7f0e6f0e5f0e4f'
    '0e3f0e2f0e1fff0e0f0dff0def0eff0eef0edf0ecf0ebfff0eaf0e9f0e8f0e7f0e6f0e5f0e4f0e3fff0e'
    '2f0e1f0e0f0dff0def0eff0eef0edfff0ecf0ebf0eaf0e9f0e8f0e7f0e6f0e5fff0e4f0e3f0e2f0e1f0e'
    '0f0dff0def0effff0eef0edf0ecf0ebf0eaf0e9f0e8f0e7f770e6f0e5a0d66730aa300c000c070046f7d'
    '0240')::bytea);
SELECT pg_temp.found(:s, 'pangolin pangolins'), pg_temp.found(:s, 'kakapo'),
    pg_temp.found(:s, '"quokka wombat and quokka pangolins kakapo"');

-- characters of code pages and of Unicode, with and without fallback characters
SELECT pg_temp.make(:s, :f, 'latin', pg_temp.rtf('{\rtf1\ansi\ansicpg1252 '
    'caf\''e9 na\''efve \''85 co\''adoperate M\u252\''fcller \uc0 \u1044\u1086\u1084'
    '{\uc2 \u26085\''93\''fa}{\uc3 \u26412 ab}c \u-10179?\u-8694? \u55357?x \emdash end}'));
SELECT word, pg_temp.found(:s, word) FROM unnest(
    '{café, naïve, cooperate, müller, Дом日本c, fc, ab, end}'::text[]) AS word;
SELECT headline ~ '😊' AS smiles FROM search_messages(:s, 'café');
-- before version 14, PostgreSQL has no conversion that raises no error
SELECT pg_temp.make(:s, :f, 'fonts', pg_temp.rtf('{\rtf1\ansi\deff1{\fonttbl'
    '{\f0\fnil\fcharset0 Times;}{\f1\fnil\fcharset204 Times Cyr;}'
    '{\f2\fnil\fcharset128 Mincho;}{\f3\fcharset161 Greek;}{\f4\cpg1250 Central;}}'
    '\f1 \''ec\''ee\''f0\''e5 {\f0 m\''e8re} \''f0\''e5\''ea\''e0\par '
    '\f2 \''93\''fa\''96{\f0 \''e9t\''e9}\''8c\''ea \''83A.\''ff '
    '\f3 \''e8\''dc\''eb\''e1\par\f4 \''f8eka\plain  \''e4\''ee\''ec}'));
SELECT word, pg_temp.found(:s, word) IS NOT DISTINCT FROM 'fonts'
    OR current_setting('server_version_num')::integer < 140000 AS found
    FROM unnest('{море, река, θάλα, řeka, дом, ア}'::text[]) AS word;
SELECT pg_temp.found(:s, 'mère'), pg_temp.found(:s, 'greek');

-- HTML in RTF: the text between the tags
SELECT pg_temp.make(:s, :f, 'html', pg_temp.rtf('{\rtf1\ansi\fromhtml1 \deff0'
    '{\fonttbl{\f0 Arial;}}{\*\htmltag64 <html>}{\*\htmltag241 <style>td {margin: 0}</style>}'
    '{\*\htmltag84 <p title="Tapir">}\htmlrtf {\htmlrtf0 Numbat{\*\htmltag92 </p>}'
    '\htmlrtf\par}\htmlrtf0 {\*\htmltag84 &nbsp;}\htmlrtf \''a0\htmlrtf0 Quoll}'));
SELECT word, pg_temp.found(:s, word) FROM unnest(
    '{numbat, quoll, tapir, margin, nbsp, htmlrtf0}'::text[]) AS word;

-- a picture, a link, bytes that are no RTF
SELECT pg_temp.make(:s, :f, 'objects', pg_temp.rtf('{\rtf1 {\pict\pngblip 8950}'
    '{\field{\*\fldinst{HYPERLINK "http://example.com/hidden"}}{\fldrslt Echidna}} '
    'be\bin3 {{{hind}'));
SELECT word, pg_temp.found(:s, word)
    FROM unnest('{8950, hidden, echidna, behind}'::text[]) AS word;

-- only the body that has no other form is searched, and an edit is followed
SELECT pg_temp.make(:s, :f, 'two', pg_temp.rtf('{\rtf1 Serval}'), '{"PR_BODY": "Caracal"}');
SELECT pg_temp.found(:s, 'serval'), pg_temp.found(:s, 'caracal');
SELECT w.ctid AS place FROM message_search AS w JOIN named AS n ON n.id = w.message_id
    WHERE n.name = 'two' AND w.part = 3 \gset
SELECT pg_temp.edit(:s, 'two', jsonb_build_object('PR_BODY', 'Caracal', 'PR_RTF_COMPRESSED',
    pg_temp.base64(pg_temp.rtf('{\rtf1 Fennec}'))));
SELECT w.ctid = :'place' AS is_untouched FROM message_search AS w
    JOIN named AS n ON n.id = w.message_id WHERE n.name = 'two' AND w.part = 3;
SELECT pg_temp.edit(:s, 'two', '{"PR_BODY": null}');
SELECT pg_temp.found(:s, 'fennec'), pg_temp.found(:s, 'caracal');
SELECT pg_temp.edit(:s, 'two', jsonb_build_object('PR_RTF_COMPRESSED',
    pg_temp.base64(pg_temp.rtf('{\rtf1 Ocelot}'))));
SELECT pg_temp.found(:s, 'fennec'), pg_temp.found(:s, 'ocelot');

-- in a blob, in an embedded message, and longer than what is searched
SELECT create_blob(:s, true) AS b \gset
SELECT write_blob(:s, :b, 0, pg_temp.rtf('{\rtf1 Bilby}'));
SELECT result FROM save_new_message(:s, :f, jsonb_build_object('PR_RTF_COMPRESSED',
    jsonb_build_object('blob', :b, 'size', length(pg_temp.rtf('{\rtf1 Bilby}')))));
SELECT count(*) FROM search_messages(:s, 'bilby');
SELECT result FROM save_new_message(:s, :f, jsonb_build_object('PR_MESSAGE_ATTACHMENTS',
    jsonb_build_array(jsonb_build_object('PR_ATTACH_NUM', 0, 'PR_ATTACH_METHOD', 5,
    'PR_ATTACH_DATA_OBJ', jsonb_build_object('PR_RTF_COMPRESSED',
    pg_temp.base64(pg_temp.rtf('{\rtf1 Potoroo}')))))));
SELECT count(*) FROM search_messages(:s, 'potoroo');
SELECT pg_temp.make(:s, :f, 'long', pg_temp.value('{\\rtf1 Kookaburra '
    || convert_to(repeat('{\b x}', 300000), 'UTF8') || 'Lorikeet}', 1800026, 'MELA'));
SELECT pg_temp.found(:s, 'kookaburra'), pg_temp.found(:s, 'lorikeet');

-- a broken value has no text
CREATE TABLE broken (what text, value bytea);
INSERT INTO broken
    WITH whole AS (SELECT pg_temp.rtf('{\rtf1 Wallaroo}') AS w, pg_temp.tokens('{\\rtf1 Wallaroo}') AS t)
    SELECT 'no header', substr(w, 1, 15) FROM whole
    UNION ALL SELECT 'empty', '' UNION ALL SELECT 'header only', substr(w, 1, 16) FROM whole
    UNION ALL SELECT 'kind', overlay(w PLACING 'LZFx' FROM 9) FROM whole
    UNION ALL SELECT 'checksum', set_byte(w, 12, get_byte(w, 12) # 1) FROM whole
    UNION ALL SELECT 'token', set_byte(w, 20, get_byte(w, 20) # 1) FROM whole
    UNION ALL SELECT 'cut', substr(w, 1, length(w) - 1) FROM whole
    UNION ALL SELECT 'size', overlay(w PLACING '\xffffffff' FROM 1) FROM whole
    UNION ALL SELECT 'small size', overlay(w PLACING '\x0b000000' FROM 1) FROM whole
    UNION ALL SELECT 'no end', pg_temp.value(substr(t, 1, length(t) - 2), 16) FROM whole
    UNION ALL SELECT 'half a token', pg_temp.value(substr(t, 1, length(t) - 1), 16) FROM whole
    UNION ALL SELECT 'no RTF', pg_temp.value(pg_temp.tokens('Wallaroo'), 8);
SELECT what, pg_temp.make(:s, :f, what, value) FROM broken;
SELECT pg_temp.found(:s, 'wallaroo');
-- bytes behind the value are not part of it
SELECT pg_temp.make(:s, :f, 'more', pg_temp.rtf('{\rtf1 Wallaroo}') || '\x00ff');
SELECT pg_temp.found(:s, 'wallaroo');
-- RTF that is nested, cut or without sense
SELECT pg_temp.make(:s, :f, 'rtf ' || n, pg_temp.rtf('{\rtf1 Thylacine ' || rest))
    FROM unnest(ARRAY['', E'\\', E'\\''', E'\\''e', E'\\''zz}', repeat('{', 1000), repeat('}', 1000),
        E'\\u', E'\\u-', E'\\uc-5\\u99999999999 ', E'\\bin99999999 x', E'\\bin-1 x', repeat('x', 40),
        E'\\' || repeat('x', 40), '{\fonttbl\fcharset204' || repeat('\f1', 300) || '}\f1 \''ff',
        '\ansicpg-7\''e9', '{\*{\*}}\*'])
    WITH ORDINALITY AS t (rest, n);
SELECT count(*) FROM search_messages(:s, 'thylacine', max => NULL);
-- random tokens and random RTF, with the right checksum
SELECT setseed(0.5);
CREATE FUNCTION pg_temp.noise(parts text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(parts[1 + floor(random() * cardinality(parts))::integer], '')
    FROM generate_series(1, 300)
$$;
SELECT count(pg_temp.make(:s, :f, 'tokens', pg_temp.value(
    '\x00' || convert_to('{\rtf1 A', 'UTF8') || decode(pg_temp.noise(
    '{0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f}'), 'hex'), 99)))
    FROM generate_series(1, 200) AS n;
SELECT count(pg_temp.make(:s, :f, 'words', pg_temp.value(convert_to('{\rtf1 Cassowary '
    || pg_temp.noise(ARRAY['{', '}', '\', '''', 'u', 'f', 'uc', 'bin', '-', '1', '9', ' ', '*',
    '\fonttbl', '\fcharset128', '\plain', '\''8', 'e9', 'x', '~']), 'UTF8'), 99, 'MELA')))
    FROM generate_series(1, 200) AS n;
SELECT count(*) FROM search_messages(:s, 'cassowary', max => NULL);
DROP TABLE named, broken;
