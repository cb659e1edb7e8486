-- The catalogue as rows and functions: every property is found by every spelling, with
-- its type and its property set, and no row contradicts another.
SET search_path = msgstore, public;
\set VERBOSITY terse

-- from any spelling to name, tag and type
SELECT spelling, property_name(spelling) AS name, property_tag(spelling) AS tag,
       property_type(spelling) AS type
FROM (VALUES
	('PR_SUBJECT'), ('PR_SUBJECT_A'), ('PR_SUBJECT_W'), ('PidTagSubject'),
	('ptagSubject'), ('0x0037001F'), ('0x0037001e'), ('0x6FFF1003'),
	('PR_MESSAGE_RECIPIENTS'), ('PR_NULL'), ('PR_BODY_HTML'),
	('PidLidCategories'), ('dispidCategories'), ('PS_PUBLIC_STRINGS:0x9000'),
	('{00020329-0000-0000-c000-000000000046}:0x9000'),
	('PidNameContentType'), ('PS_INTERNET_HEADERS:CONTENT-type'),
	('PS_PUBLIC_STRINGS:ticket-id'), ('PS_PUBLIC_STRINGS:n:PT_LONG'))
	AS v (spelling);
-- fail
SELECT property_tag('Subject');
-- fail
SELECT property_name('0x8001001F');
SELECT property_tag(NULL) IS NULL AS strict;

-- the rows of the view
SELECT name, tag, property_id, type, spellings, property_set, lid,
       string_name, storable, rule, part, instead
FROM property_catalogue
WHERE name IN ('PR_SUBJECT', 'PR_HTML', 'PR_BODY_HTML', 'PR_CREATION_TIME',
               'PR_ENTRYID', 'PR_NULL', 'PR_MESSAGE_RECIPIENTS',
               'PidLidCategories', 'PidNameContentType')
ORDER BY tag, name;
SELECT name, code, aliases, storable, json, element_type FROM property_types;
SELECT name, guid FROM property_sets;
SELECT count(*) > 2000 AS properties, count(tag) > 1500 AS tagged,
       count(property_set) > 400 AS named
FROM property_catalogue;

-- every spelling leads to its property, and no two properties share one
SELECT name, spelling
FROM property_catalogue, unnest(spellings) AS spelling
WHERE property_name(spelling) <> name
   OR property_tag(spelling) IS DISTINCT FROM tag
   OR property_type(spelling) <> type;
SELECT spelling FROM property_catalogue, unnest(spellings) AS spelling
GROUP BY spelling HAVING count(*) > 1;
SELECT name FROM property_catalogue GROUP BY name HAVING count(*) > 1;
SELECT tag FROM property_catalogue GROUP BY tag
HAVING tag IS NOT NULL AND count(*) > 1;

-- a property is tagged or named, and named by a number or a string
SELECT name FROM property_catalogue
WHERE (tag IS NULL) <> (property_set IS NOT NULL)
   OR (tag IS NULL) <> (property_id IS NULL)
   OR (property_set IS NOT NULL) <> ((lid IS NULL) <> (string_name IS NULL));

-- and its set and its type are known
SELECT name FROM property_catalogue AS p
WHERE NOT EXISTS (SELECT FROM property_types AS t WHERE t.name = p.type)
   OR (property_set IS NOT NULL AND
       NOT EXISTS (SELECT FROM property_sets AS s
                   WHERE s.name = p.property_set));

-- named properties are found by set and number or string too, and by GUID
SELECT p.name
FROM property_catalogue AS p JOIN property_sets AS s ON s.name = p.property_set,
     coalesce('0x' || to_hex(lid), string_name) AS called
WHERE property_name(p.property_set || ':' || called) <> p.name
   OR property_name(s.guid || ':' || called) <> p.name;
