-- A property id has one value: a value set in another type replaces it, on handles, in
-- saves and in conflicts, and the history names both tags.
SET search_path = msgstore, public;
\set VERBOSITY terse

SELECT create_store('retype') AS store \gset
SELECT create_message(:store, special_folder(:store, 'Inbox')) AS handle \gset

-- three kinds of ids: without a name in either type, with one name in both, with a
-- name per type
CREATE FUNCTION pg_temp.kinds(handle int4) RETURNS jsonb LANGUAGE sql AS $$
	SELECT get_props(handle, ARRAY[
		'0x6FFF0003', '0x6FFF001F', '0x6FFF1102', '0x0001000B',
		'PR_ACKNOWLEDGEMENT_MODE', 'PR_EMS_TEMPLATE_BLOB',
		'PS_PUBLIC_STRINGS:n', 'PS_PUBLIC_STRINGS:n:PT_LONG',
		'PS_PUBLIC_STRINGS:n:PT_MV_BINARY', 'PS_PUBLIC_STRINGS:nn'])
$$;
SELECT set_props(:handle, '{"0x6FFF0003": 1, "PR_ACKNOWLEDGEMENT_MODE": 2,
	"PS_PUBLIC_STRINGS:n:PT_LONG": 3, "PS_PUBLIC_STRINGS:nn": "other"}');
SELECT pg_temp.kinds(:handle);
SELECT set_props(:handle, '{"0x6FFF001E": "one",
	"PR_EMS_TEMPLATE_BLOB": "Ag==", "PS_PUBLIC_STRINGS:n": "three"}');
SELECT pg_temp.kinds(:handle);
SELECT save_changes(:handle);
SELECT pg_temp.kinds(:handle);

-- over a saved value
SELECT set_props(:handle, '{"0x6FFF1102": ["AQ=="],
	"PR_ACKNOWLEDGEMENT_MODE": 22, "PS_PUBLIC_STRINGS:n:PT_MV_BINARY": []}');
SELECT pg_temp.kinds(:handle);
SELECT save_changes(:handle);
SELECT pg_temp.kinds(:handle);
SELECT properties FROM history(:store, message_id(:handle))
ORDER BY change_number DESC LIMIT 1;

-- the version before has the old type
SELECT message_at(:store, message_id(:handle), previous) ?& ARRAY[
	'0x6FFF001F', 'PR_EMS_TEMPLATE_BLOB', 'PS_PUBLIC_STRINGS:n'] AS old,
	message_at(:store, message_id(:handle), previous) ?| ARRAY[
	'0x6FFF1102', 'PR_ACKNOWLEDGEMENT_MODE', 'PS_PUBLIC_STRINGS:n:PT_MV_BINARY']
	AS new
FROM history(:store, message_id(:handle))
ORDER BY change_number DESC LIMIT 1;

-- tags of one id that the catalogue knows, one of them by a name
SELECT set_props(:handle, '{"0x0083101F": ["a"]}');
SELECT set_props(:handle, '{"PR_REPORT_DISPOSITION_TO_NAMES": "a"}');
SELECT get_props(:handle, ARRAY['0x0083101F', '0x0083001F']);
SELECT set_props(:handle, '{"0x0083101F": ["b"]}');
SELECT get_props(:handle, ARRAY['0x0083101F', '0x0083001F']);
-- fail
SELECT set_props(:handle, '{"0x0083101F": [], "0x0083001F": "a"}');

-- tags of an id that may have any type: by its name, by another name, in hex
SELECT set_props(:handle, '{"0x66A10003": 1}'), get_props(:handle,
	ARRAY['PR_LOCALE_ID', 'PR_PROFILE_AUTH_PASSWORD', '0x66A1001F']);
SELECT set_props(:handle, '{"0x66A1001F": "x"}'), get_props(:handle,
	ARRAY['PR_LOCALE_ID', 'PR_PROFILE_AUTH_PASSWORD', '0x66A1001F']);
SELECT set_props(:handle, '{"0x66A10102": "AA=="}'), get_props(:handle,
	ARRAY['PR_LOCALE_ID', 'PR_PROFILE_AUTH_PASSWORD', '0x66A1001F']);
SELECT refresh(:handle);

-- deleting by one type deletes the other, and may stand in one patch with setting it
SELECT delete_props(:handle, ARRAY['0x6FFF0003', 'PS_PUBLIC_STRINGS:n']);
SELECT set_props(:handle, '{"0x6FFF1102": null, "0x6FFF0003": 5}');
SELECT pg_temp.kinds(:handle);
SELECT save_changes(:handle);
SELECT pg_temp.kinds(:handle);

-- two types of one id in one call are refused
-- fail
SELECT set_props(:handle, '{"0x6FFF0003": 1, "0x6FFF001F": "x"}');
-- fail
SELECT set_props(:handle, '{"PR_ACKNOWLEDGEMENT_MODE": 1,
	"PR_EMS_TEMPLATE_BLOB": ""}');
-- fail
SELECT set_props(:handle, '{"PS_PUBLIC_STRINGS:n": "x",
	"PS_PUBLIC_STRINGS:n:PT_LONG": 1}');
-- fail
SELECT save_new_message(:store, special_folder(:store, 'Inbox'),
	'{"0x6FFF0003": 1, "0x6FFF001F": "x"}');

-- two clients that set one id in two types have both changed it
SELECT message_id(:handle) AS id \gset
SELECT open_message(:store, :id, 'MAPI_MODIFY') AS other \gset
SELECT set_props(:other, '{"0x6FFF001F": "other"}'), save_changes(:other);
SELECT set_props(:handle, '{"0x6FFF0102": "AA=="}');
SELECT save_changes(:handle);
SELECT property, base, theirs, yours, side FROM conflict(:handle)
ORDER BY property;
SELECT resolve_conflict(:handle, 'MERGE');
SELECT force_save(:handle);
SELECT read_message(:store, :id) -> '0x6FFF0102' AS forced,
	read_message(:store, :id) ? '0x6FFF001F' AS other;
SELECT properties FROM history(:store, :id) ORDER BY change_number DESC LIMIT 1;

-- an id that one side changed is merged, and the old type deleted
SELECT refresh(:other), set_props(:other, '{"PR_SUBJECT": "theirs"}'),
	save_changes(:other);
SELECT set_props(:handle, '{"0x6FFF0003": 7}');
SELECT property, base, theirs, yours, side FROM conflict(:handle)
ORDER BY property;
SELECT resolve_conflict(:handle, 'MERGE');
SELECT pg_temp.kinds(:handle) - 'PR_ACKNOWLEDGEMENT_MODE',
	get_props(:handle, ARRAY['PR_SUBJECT']);

-- so it is without a handle
SELECT (save_message(:store, :id, change_number, '{"0x6FFF000B": true}')).result,
	read_message(:store, :id) ?| ARRAY['0x6FFF0003', '0x6FFF0102'] AS old
FROM message_list WHERE (store_id, message_id) = (:store, :id);
SELECT read_message(:store, :id, ARRAY['0x6FFF000B', '0x6FFF0003']);

-- a draft parked before has the value in its type
SELECT set_props(:other, '{"0x6FFF0040": "2024-01-01T00:00:00Z"}');
SELECT park(:other) AS parked \gset
SELECT resume(:store, :parked) AS resumed \gset
SELECT save_changes(:resumed), force_save(:resumed);
SELECT read_message(:store, :id, ARRAY['0x6FFF000B', '0x6FFF0003',
	'0x6FFF0040']);

-- a computed property is refused in every type of its id
SELECT set_props(:resumed, '{"0x65E20003": 1}'); -- fail
SELECT delete_props(:resumed, ARRAY['0x67A40003']); -- fail
SELECT result FROM save_new_message(:store, special_folder(:store, 'Inbox'), '{"0x65E0001F": "mine"}'); -- fail
SELECT get_props(:resumed, ARRAY['0x65E20003']);
