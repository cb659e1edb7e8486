-- Rules of MS-OXCMSG and MS-OXCPRPT, each under the number of its requirement
-- (R...); the numbers are those of MS-OXCMSG unless another document is named.
SET search_path = msgstore, public;
\set SHOW_CONTEXT never

SELECT create_store('rules') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset

-- the recipients that a handle shows: number and name
CREATE FUNCTION pg_temp.rows_of(props jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg((r->>'PR_ROWID') || '=' || (r->>'PR_DISPLAY_NAME'), ' ' ORDER BY n)
	FROM jsonb_array_elements(props->'PR_MESSAGE_RECIPIENTS') WITH ORDINALITY AS list (r, n)
$$;

-- R389: a row whose PR_ROWID no recipient has makes a recipient of that number
SELECT create_message(:store, :inbox) AS h \gset
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 7, "PR_DISPLAY_NAME": "Ada"}]'),
       pg_temp.rows_of(get_props(:h)) AS made;
SELECT modify_recipients(:h, 'MODRECIP_ADD', '[{"PR_DISPLAY_NAME": "Bob"}]'),
       pg_temp.rows_of(get_props(:h)) AS next_is_8;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 3, "PR_DISPLAY_NAME": "Cy"},
	{"PR_ROWID": 7, "PR_DISPLAY_NAME": "Ada2"}, {"PR_ROWID": 3, "PR_DISPLAY_NAME": "Cyril"}]'),
       pg_temp.rows_of(get_props(:h)) AS last_of_a_number_wins;

-- R388-R391: an empty row deletes; there is nothing to delete under an unknown number
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 8}, {"PR_ROWID": 9, "PR_DISPLAY_NAME": "Di"}]'),
       pg_temp.rows_of(get_props(:h)) AS without_8;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "Ed"}, {"PR_ROWID": 6}]'); -- fail
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "Ed"}, {"PR_ROWID": 5}]'),
       pg_temp.rows_of(get_props(:h)) AS made_and_deleted;
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": -1, "PR_DISPLAY_NAME": "Ed"}]'); -- fail

-- R388-R391: a removal needs the recipient
SELECT modify_recipients(:h, 'MODRECIP_REMOVE', '[{"PR_ROWID": 4}]'); -- fail
SELECT modify_recipients(:h, 'MODRECIP_REMOVE', '[{"PR_ROWID": 9}]'),
       pg_temp.rows_of(get_props(:h)) AS removed;

-- R328: recipients are given in the order of PR_ROWID, however they were set
SELECT modify_recipients(:h, 0, '[{"PR_ROWID": 2, "PR_DISPLAY_NAME": "c"}, {"PR_ROWID": 0, "PR_DISPLAY_NAME": "a"},
	{"PR_ROWID": 1, "PR_DISPLAY_NAME": "b"}]'), save_changes(:h);
SELECT message_id(:h) AS id \gset
SELECT pg_temp.rows_of(p) AS in_order, p->'PR_DISPLAY_TO' AS display
FROM read_message(:store, :id) AS p;
SELECT set_props(:h, '{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "x"}, {"PR_ROWID": 0, "PR_DISPLAY_NAME": "y"}]}'),
       pg_temp.rows_of(get_props(:h)) AS in_order;
SELECT refresh(:h), open_message(:store, :id, 'MAPI_MODIFY') AS other \gset
SELECT modify_recipients(:other, 'MODRECIP_MODIFY', '[{"PR_ROWID": 9, "PR_DISPLAY_NAME": "z"}]'), save_changes(:other);
SELECT modify_recipients(:h, 'MODRECIP_MODIFY', '[{"PR_ROWID": 5, "PR_DISPLAY_NAME": "m"}]'),
       resolve_conflict(:h, 'MERGE'), pg_temp.rows_of(get_props(:h)) AS merged_in_order;
SELECT pg_temp.rows_of(message_at(:store, :id, (p->>'PidTagChangeNumber')::bigint)) AS version
FROM read_message(:store, :id) AS p;
