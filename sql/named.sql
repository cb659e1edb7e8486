-- Named properties: every spelling leads to one name, values are stored under that
-- name, and a store gives each name an id.
SET search_path = msgstore, public;
\set VERBOSITY terse

SELECT create_store('named') AS store \gset
SELECT create_message(:store, special_folder(:store, 'Inbox')) AS handle \gset

-- every spelling leads to one property
SELECT set_props(:handle, '{"PidLidCategories": ["red", "blue"]}');
SELECT get_props(:handle, ARRAY[spelling])
FROM (VALUES
	('PidLidCategories'), ('PS_PUBLIC_STRINGS:0x9000'),
	('PS_PUBLIC_STRINGS:0x00009000'), ('PS_PUBLIC_STRINGS:0x9000:PT_MV_UNICODE'),
	('PS_PUBLIC_STRINGS:0x9000:PT_MV_STRING8'),
	('{00020329-0000-0000-c000-000000000046}:0x9000'),
	('PidNameKeywords')) AS v (spelling);

-- a name that the catalogue does not know is PT_UNICODE, unless it ends with a type
SELECT spelling, property_name(spelling), property_type(spelling)
FROM (VALUES
	('PS_PUBLIC_STRINGS:ticket-id'), ('PS_PUBLIC_STRINGS:ticket-id:PT_UNICODE'),
	('PS_PUBLIC_STRINGS:ticket-id:PT_TSTRING'),
	('PS_PUBLIC_STRINGS:ticket-id:PT_STRING8'),
	('PS_PUBLIC_STRINGS:ticket-id:PT_I4'),
	('PS_PUBLIC_STRINGS:Ticket-Id'),
	('PS_PUBLIC_STRINGS:http://example.com/a:b'),
	('PS_PUBLIC_STRINGS:a:PT_LONG:PT_UNICODE'),
	('PS_PUBLIC_STRINGS:a:PT_LONG:PT_BOOLEAN'),
	('PS_PUBLIC_STRINGS:größe 日本'),
	('PSETID_Appointment:0xABC'), ('PSETID_Appointment:0x0000abcd:PT_SYSTIME'),
	('PSETID_Appointment:0xFFFFFFFF'),
	('{12345678-9abc-def0-1234-56789abcdef0}:0x1'),
	('{12345678-9ABC-DEF0-1234-56789ABCDEF0}:x:PT_MV_BINARY'),
	('PS_INTERNET_HEADERS:X-Spam-Score'),
	('{00020386-0000-0000-C000-000000000046}:X-SPAM-SCORE')) AS v (spelling);

-- values of any type go in and come out
SELECT set_props(:handle, '{
	"PS_PUBLIC_STRINGS:ticket-id": "T-1",
	"PS_PUBLIC_STRINGS:count:PT_LONG": 5,
	"PS_PUBLIC_STRINGS:price:PT_CURRENCY": 9.99,
	"PS_INTERNET_HEADERS:X-Spam-Score": "3.2",
	"PidLidAppointmentStartWhole": "2024-02-29T12:00:00+01:00",
	"PSETID_Appointment:0x8223": true,
	"{12345678-9abc-def0-1234-56789abcdef0}:0x1:PT_MV_I8": [1, 2]}');
SELECT save_changes(:handle);
SELECT key, value FROM jsonb_each(read_message(:store, message_id(:handle)))
WHERE key ~ '[:]|^PidLid' ORDER BY key COLLATE "C";
SELECT set_props(:handle, '{"PS_INTERNET_HEADERS:x-spam-score": null}');
SELECT delete_props(:handle, ARRAY['PidLidRecurring',
                                   'PS_PUBLIC_STRINGS:never-there']);
SELECT save_changes(:handle);
SELECT properties FROM history(:store, message_id(:handle))
ORDER BY change_number DESC LIMIT 1;

-- recipients may have named properties too
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{
	"PR_DISPLAY_NAME": "A", "PS_PUBLIC_STRINGS:role": "reviewer",
	"PS_PUBLIC_STRINGS:weight:PT_LONG": 2}]}');
SELECT get_props(:handle, ARRAY['PR_MESSAGE_RECIPIENTS']);
-- fail
SELECT set_props(:handle, '{"PR_MESSAGE_RECIPIENTS": [{
	"PS_PUBLIC_STRINGS:role": "a",
	"{00020329-0000-0000-C000-000000000046}:role": "b"}]}');

-- a text that is no name, or names another type, is refused
CREATE FUNCTION pg_temp.refused(handle int4, name text, value jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	said text;
BEGIN
	PERFORM set_props(handle, jsonb_build_object(name, value));
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
	RETURN state || ' ' || said;
END
$$;
SELECT left(name, 50) AS name, value, pg_temp.refused(:handle, name, value)
FROM (VALUES
	('PS_PUBLIC_STRINGS:n', '5'::jsonb), ('PS_PUBLIC_STRINGS:n', '["x"]'),
	('PS_PUBLIC_STRINGS:n:PT_LONG', '"5"'),
	('PS_PUBLIC_STRINGS:n:PT_LONG', '5000000000'),
	('PS_PUBLIC_STRINGS:n:PT_FOO', '5'), ('PS_PUBLIC_STRINGS:n:PT_', '5'),
	('PS_PUBLIC_STRINGS:n:PT_NULL', '5'), ('PS_PUBLIC_STRINGS:n:PT_ERROR', '5'),
	('PS_PUBLIC_STRINGS:n:PT_OBJECT', '{}'),
	('PS_PUBLIC_STRINGS:n:PT_UNSPECIFIED', '5'),
	('PS_PUBLIC_STRINGS:n:PT_VIRTUAL', '5'),
	('PS_PUBLIC_STRINGS:0x9000:PT_LONG', '5'),
	('PS_PUBLIC_STRINGS:Keywords:PT_UNICODE', '"x"'),
	('PidLidCategories', '"x"'), ('PidLidAppointmentStartWhole', '"today"'),
	('PidLidCategories:PT_MV_UNICODE', '["x"]'),
	('PS_PUBLIC_STRINGS:', '"x"'), ('PS_PUBLIC_STRINGS::PT_LONG', '1'),
	('PS_PUBLIC_STRINGS', '"x"'), (':x', '"x"'), ('x:y', '"x"'),
	('ps_public_strings:n', '"x"'), ('PSETID_Nowhere:0x1', '"x"'),
	('{00020329-0000-0000-C000-000000000046}', '"x"'),
	('{00020329-0000-0000-C000-00000000004}:x', '"x"'),
	('00020329-0000-0000-C000-000000000046:x', '"x"'),
	('PS_MAPI:0x0037', '"x"'), ('PS_MAPI:subject', '"x"'),
	('PS_PUBLIC_STRINGS:' || repeat('é', 255), '"x"')) AS v (name, value);
SELECT length(property_name('PS_PUBLIC_STRINGS:' || repeat('é', 254)));

-- ids begin at 0x8000; each is given once, and every spelling has one
SELECT get_ids_from_names(:store, ARRAY['PidLidCategories',
	'PS_PUBLIC_STRINGS:ticket-id']);
SELECT get_ids_from_names(:store, ARRAY['PS_PUBLIC_STRINGS:ticket-id:PT_LONG',
	'PS_PUBLIC_STRINGS:Ticket-Id', 'PS_PUBLIC_STRINGS:0x9000',
	'{00020329-0000-0000-C000-000000000046}:ticket-id',
	'PS_INTERNET_HEADERS:X-A', 'PS_INTERNET_HEADERS:x-a',
	'PidNameContentType', 'PS_INTERNET_HEADERS:Content-Type',
	'{12345678-9ABC-DEF0-1234-56789ABCDEF0}:0xFFFFFFFF']);
SELECT get_names_from_ids(:store, ARRAY[32768, 32769, 32770, 32771, 32772,
	32773, 32774, 65534]);
SELECT get_ids_from_names(:store, '{}'), get_names_from_ids(:store, '{}');
-- the names read back as they were, even one that ends like a type
SELECT array_agg((get_names_from_ids(:store, get_ids_from_names(:store, ARRAY[name])))[1] ORDER BY name COLLATE "C"),
       bool_and(get_ids_from_names(:store, get_names_from_ids(:store, get_ids_from_names(:store, ARRAY[name])))
                = get_ids_from_names(:store, ARRAY[name])) AS the_same
FROM unnest(ARRAY['PS_PUBLIC_STRINGS:a', 'PS_PUBLIC_STRINGS:a:PT_LONG:PT_I2',
    'PS_PUBLIC_STRINGS:PT_LONG', 'PS_PUBLIC_STRINGS:a:b:PT_LONG']) AS v (name);

-- without create, a name without an id stays without
SELECT get_ids_from_names(:store, ARRAY['PS_PUBLIC_STRINGS:new',
	'PidLidCategories'], false);
BEGIN READ ONLY;
SELECT get_ids_from_names(:store, ARRAY['PidLidCategories']);
-- fail
SELECT get_ids_from_names(:store, ARRAY['PS_PUBLIC_STRINGS:new']);
ROLLBACK;

-- a tag has its own id, under the set PS_MAPI
SELECT get_ids_from_names(:store, ARRAY['PR_SUBJECT', '0x0037001F',
	'PS_MAPI:0x0037']);
SELECT get_names_from_ids(:store, ARRAY[55, 32767]);

-- each store has its own ids
SELECT create_store('named 2') AS store2 \gset
SELECT get_ids_from_names(:store2, ARRAY['PS_PUBLIC_STRINGS:other']);
SELECT get_names_from_ids(:store2, ARRAY[32768, 32769]);

-- a rollback takes ids back, and the next name is given the first of them
BEGIN;
SELECT get_ids_from_names(:store2, ARRAY['PS_PUBLIC_STRINGS:undone']);
ROLLBACK;
SELECT get_names_from_ids(:store2, ARRAY[32769]);
SELECT get_ids_from_names(:store2, ARRAY['PS_PUBLIC_STRINGS:done']);

-- there are 0x7FFF ids; when all are used, names that have one are still found
INSERT INTO named_property (store_id, property_id, property_set, name)
SELECT :store2, 65534, '00020329-0000-0000-C000-000000000046', 'last';
\set VERBOSITY default
-- fail
SELECT get_ids_from_names(:store2, ARRAY['PS_PUBLIC_STRINGS:one-more']);
\set VERBOSITY terse
SELECT get_ids_from_names(:store2, ARRAY['PS_PUBLIC_STRINGS:last',
	'PS_PUBLIC_STRINGS:one-more'], false);

-- texts that are no name, and numbers that are no id
-- fail
SELECT get_ids_from_names(:store, ARRAY['nothing']);
-- fail
SELECT get_ids_from_names(:store, ARRAY['PS_MAPI:0x8000']);
-- fail
SELECT get_ids_from_names(:store, ARRAY['PS_PUBLIC_STRINGS:a', NULL]);
-- fail
SELECT get_ids_from_names(:store, NULL);
-- fail
SELECT get_ids_from_names(NULL, '{}');
-- fail
SELECT get_ids_from_names(:store, '{}', NULL);
-- fail
SELECT get_ids_from_names(0, '{}');
-- fail
SELECT get_names_from_ids(:store, ARRAY[0]);
-- fail
SELECT get_names_from_ids(:store, ARRAY[65535]);
-- fail
SELECT get_names_from_ids(:store, ARRAY[NULL::integer]);
-- fail
SELECT get_names_from_ids(0, '{}');

-- a role without access to the store is refused
CREATE ROLE regress_msgstore_named;
SET ROLE regress_msgstore_named;
-- fail
SELECT get_ids_from_names(:store, ARRAY['PidLidCategories']);
-- fail
SELECT get_names_from_ids(:store, ARRAY[32768]);
RESET ROLE;
DROP ROLE regress_msgstore_named;
SELECT close_object(:handle);
