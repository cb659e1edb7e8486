-- Restrictions of every kind select the messages that they describe; two-valued
-- logic makes "not" exact; a bad restriction is refused by the path of its part.
SET search_path = msgstore;
SELECT create_store('restriction') AS s \gset
SELECT special_folder(:s, 'Inbox') AS f \gset
CREATE FUNCTION pg_temp.add(s bigint, f bigint, props jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT throw_if_failed(result) FROM msgstore.save_new_message(s, f, props) $$;
SELECT pg_temp.add(:s, :f, props) FROM (VALUES
    ('{"PR_SUBJECT": "a", "PR_IMPORTANCE": 0, "PR_SENDER_NAME": "Zoë", "PR_MESSAGE_DELIVERY_TIME": "2026-01-01T00:00:00Z",
       "PR_BODY": "Ünïcode text", "PR_SENDER_ENTRYID": "AAECAw=="}'::jsonb),
    ('{"PR_SUBJECT": "Re: b", "PR_IMPORTANCE": 2, "PR_SENDER_NAME": "ada", "PR_MESSAGE_DELIVERY_TIME": "2026-01-02T00:00:00.0000001Z",
       "PidNameKeywords": ["red", "Blue"], "PR_FLAG_STATUS": 2}'),
    ('{"PR_SUBJECT": "c", "PR_SENDER_NAME": "ada", "PR_SENT_REPRESENTING_NAME": "ada", "PidNameKeywords": [],
       "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 1}, {"PR_DISPLAY_NAME": "Eve", "PR_RECIPIENT_TYPE": 2}]}'),
    ('{"PR_SUBJECT": "d", "PR_MESSAGE_DELIVERY_TIME": "2026-01-02T00:00:00.0000002Z",
       "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_LONG_FILENAME": "menu.pdf", "PR_ATTACH_DATA_BIN": "AAEC"}], "PR_INTERNET_CPID": 65001}')
    ) AS v(props);
-- the subjects that a restriction selects
CREATE FUNCTION pg_temp.found(r jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg("row"->>'PR_NORMALIZED_SUBJECT', '' ORDER BY "row"->>'PR_NORMALIZED_SUBJECT'), '')
    FROM store_list AS s, list_messages(s.store_id, special_folder(s.store_id, 'Inbox'),
                                        '{PR_NORMALIZED_SUBJECT}', r, max => NULL)
    WHERE s.name = 'restriction' $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep '  '
SELECT pg_temp.found(r), r FROM (VALUES
    -- and, or, not; empty ones
    ('{"and": []}'::jsonb), ('{"or": []}'), ('{"not": {"or": []}}'),
    ('{"and": [{"exist": "PR_SENDER_NAME"}, {"not": {"exist": "PR_BODY"}}]}'),
    ('{"or": [{"exist": "PR_BODY"}, {"exist": "PR_FLAG_STATUS"}]}'),
    -- property: every relop, by type
    ('{"property": {"name": "PR_IMPORTANCE", "relop": "<", "value": 1}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": "<=", "value": 1}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": ">", "value": 1}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": ">=", "value": 1}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 1.0}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": "<>", "value": 1}}'),
    ('{"property": {"name": "PidTagImportance", "relop": "=", "value": 2}}'),
    ('{"property": {"name": "PR_MESSAGE_DELIVERY_TIME", "relop": ">", "value": "2026-01-02 01:00:00.0000001+01"}}'),
    ('{"property": {"name": "PR_MESSAGE_DELIVERY_TIME", "relop": "<=", "value": "2026-01-02T00:00:00.0000001Z"}}'),
    ('{"property": {"name": "PR_SENDER_NAME", "relop": "<", "value": "b"}}'),
    ('{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "Ada"}}'),
    ('{"property": {"name": "PR_HASATTACH", "relop": "=", "value": true}}'),
    ('{"property": {"name": "PR_SENDER_ENTRYID", "relop": ">=", "value": "AAECAg=="}}'),
    ('{"property": {"name": "PR_NORMALIZED_SUBJECT", "relop": "=", "value": "b"}}'),
    ('{"property": {"name": "PR_SUBJECT_PREFIX", "relop": "=", "value": "Re: "}}'),
    ('{"property": {"name": "PR_BODY", "relop": "=", "value": "Ünïcode text"}}'),
    -- absent is false, but <> is true: not is exact
    ('{"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "ada"}}'),
    ('{"property": {"name": "PR_SENDER_NAME", "relop": "<>", "value": "ada"}}'),
    ('{"not": {"property": {"name": "PR_SENDER_NAME", "relop": "=", "value": "ada"}}}'),
    ('{"not": {"property": {"name": "PR_SENDER_NAME", "relop": "<>", "value": "ada"}}}'),
    ('{"not": {"property": {"name": "PR_SENDER_NAME", "relop": ">", "value": ""}}}'),
    -- a list of values against one: any decides
    ('{"property": {"name": "PidNameKeywords", "relop": "=", "value": "red"}}'),
    ('{"property": {"name": "PidNameKeywords", "relop": "<>", "value": "red"}}'),
    ('{"property": {"name": "PidNameKeywords", "relop": "<", "value": "a"}}'),
    ('{"property": {"name": "PidNameKeywords", "relop": "=", "value": ["red", "Blue"]}}'),
    ('{"property": {"name": "PidNameKeywords", "relop": ">", "value": ["red"]}}'),
    ('{"content": {"name": "PidNameKeywords", "value": "blue", "ignore_case": true}}'),
    -- content
    ('{"content": {"name": "PR_SENDER_NAME", "value": "ada"}}'),
    ('{"content": {"name": "PR_SENDER_NAME", "value": "ADA", "match": "full", "ignore_case": true}}'),
    ('{"content": {"name": "PR_SENDER_NAME", "value": "zoe", "loose": true}}'),
    ('{"content": {"name": "PR_SENDER_NAME", "value": "Zoe", "ignore_nonspace": true}}'),
    ('{"content": {"name": "PR_SENDER_NAME", "value": "Zo", "match": "prefix"}}'),
    ('{"content": {"name": "PR_BODY", "value": "ÜNÏCODE", "match": "prefix", "ignore_case": true}}'),
    ('{"content": {"name": "PR_BODY", "value": "code", "match": "substring"}}'),
    ('{"content": {"name": "PR_BODY", "value": "", "match": "substring"}}'),
    ('{"content": {"name": "PR_SENDER_ENTRYID", "value": "AQI=", "match": "substring"}}'),
    ('{"content": {"name": "PR_SENDER_ENTRYID", "value": "AAE=", "match": "prefix"}}'),
    ('{"content": {"name": "PR_NORMALIZED_SUBJECT", "value": "b", "match": "prefix"}}'),
    -- bitmask
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "<>0", "mask": 2}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "=0", "mask": 4}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "=0", "mask": 2}}'),
    ('{"bitmask": {"name": "PR_MESSAGE_FLAGS", "relop": "<>0", "mask": 16}}'),
    -- size
    ('{"size": {"name": "PR_BODY", "relop": "=", "bytes": 14}}'),
    ('{"size": {"name": "PR_BODY", "relop": "<>", "bytes": 14}}'),
    ('{"size": {"name": "PR_IMPORTANCE", "relop": "=", "bytes": 4}}'),
    ('{"size": {"name": "PidNameKeywords", "relop": "=", "bytes": 7}}'),
    ('{"size": {"name": "PR_SENDER_ENTRYID", "relop": "<", "bytes": 5}}'),
    -- exist
    ('{"exist": "PidNameKeywords"}'), ('{"exist": "PR_DISPLAY_TO"}'), ('{"exist": "PR_MESSAGE_RECIPIENTS"}'),
    -- compare
    ('{"compare": {"name": "PR_SENDER_NAME", "relop": "=", "other": "PR_SENT_REPRESENTING_NAME"}}'),
    ('{"compare": {"name": "PR_SENDER_NAME", "relop": "<>", "other": "PR_SENT_REPRESENTING_NAME"}}'),
    ('{"compare": {"name": "PR_IMPORTANCE", "relop": "<", "other": "PR_INTERNET_CPID"}}'),
    -- recipients and attachments
    ('{"recipients": {"property": {"name": "PR_DISPLAY_NAME", "relop": "=", "value": "Eve"}}}'),
    ('{"recipients": {"and": [{"property": {"name": "PR_DISPLAY_NAME", "relop": "=", "value": "Eve"}},
                              {"property": {"name": "PR_RECIPIENT_TYPE", "relop": "=", "value": 1}}]}}'),
    ('{"recipients": {"property": {"name": "PR_SMTP_ADDRESS", "relop": "<>", "value": "x"}}}'),
    ('{"not": {"recipients": {"exist": "PR_ROWID"}}}'),
    ('{"attachments": {"content": {"name": "PR_ATTACH_LONG_FILENAME", "value": ".PDF", "match": "substring", "ignore_case": true}}}'),
    ('{"attachments": {"size": {"name": "PR_ATTACH_DATA_BIN", "relop": "=", "bytes": 3}}}'),
    -- count and comment
    ('{"count": {"max": 0, "restriction": {"and": []}}}'),
    ('{"count": {"max": 9, "restriction": {"exist": "PR_SENDER_NAME"}}}'),
    ('{"comment": {"props": {"PR_COMMENT": "why"}, "restriction": {"exist": "PR_BODY"}}}'),
    ('{"comment": {"props": {}}}'),
    -- a tag whose id has another type: no message has the property
    ('{"exist": "0x00370003"}'),
    ('{"property": {"name": "0x00370003", "relop": "<>", "value": 1}}')
    ) AS v(r);
-- each of them and its negation divide the messages
SELECT count(*) FROM (VALUES
    ('{"property": {"name": "PidNameKeywords", "relop": ">=", "value": "a"}}'::jsonb),
    ('{"content": {"name": "PR_BODY", "value": "t"}}'), ('{"size": {"name": "PR_BODY", "relop": "<", "bytes": 3}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "<>0", "mask": 2}}')) AS v(r)
WHERE length(pg_temp.found(r)) + length(pg_temp.found(jsonb_build_object('not', r))) <> 4;

-- an error names the path of the wrong part
CREATE FUNCTION pg_temp.refused(r jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE code text; message text;
BEGIN
    RETURN pg_temp.found(r);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN code || ' ' || message;
END $$;
SELECT pg_temp.refused(r) FROM (VALUES
    ('"and"'::jsonb), ('[]'), ('{}'), ('{"and": [], "or": []}'), ('{"nand": []}'), ('null'),
    ('{"and": {}}'), ('{"and": [{"exist": "PR_BODY"}, 7]}'), ('{"not": [{"exist": "PR_BODY"}]}'),
    ('{"or": [{"and": [{"exist": "PR_BODY"}, {"exist": "PR_NOWHERE"}]}]}'), ('{"exist": 1}'),
    ('{"and": [{"exist": "PR_BODY"}, {"property": {"name": "PR_SUBJECT", "relop": "==", "value": "a"}}]}'),
    ('{"property": {"name": "PR_SUBJECT", "value": "a"}}'), ('{"property": {"relop": "=", "value": "a"}}'),
    ('{"property": {"name": "PR_SUBJECT", "relop": "="}}'), ('{"property": 1}'),
    ('{"property": {"name": "PR_SUBJECT", "relop": "=", "value": "a", "extra": 1}}'),
    ('{"property": {"name": "PR_SUBJECT", "relop": "=", "value": null}}'),
    ('{"not": {"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": "high"}}}'),
    ('{"property": {"name": "PR_IMPORTANCE", "relop": "=", "value": 5000000000}}'),
    ('{"property": {"name": "PR_SUBJECT", "relop": "=", "value": ["a"]}}'),
    ('{"property": {"name": "PR_MESSAGE_RECIPIENTS", "relop": "=", "value": []}}'),
    ('{"content": {"name": "PR_IMPORTANCE", "value": "1"}}'),
    ('{"content": {"name": "PR_SUBJECT", "value": "a", "match": "suffix"}}'),
    ('{"content": {"name": "PR_SUBJECT", "value": "a", "ignore_case": 1}}'),
    ('{"content": {"name": "PidNameKeywords", "value": ["a"]}}'),
    ('{"bitmask": {"name": "PR_SUBJECT", "relop": "=0", "mask": 1}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "=", "mask": 1}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "=0", "mask": 1.5}}'),
    ('{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "=0", "mask": "1"}}'),
    ('{"size": {"name": "PR_MESSAGE_RECIPIENTS", "relop": "=", "bytes": 1}}'),
    ('{"size": {"name": "PR_BODY", "relop": "=", "bytes": -1}}'),
    ('{"compare": {"name": "PR_SUBJECT", "relop": "=", "other": "PR_IMPORTANCE"}}'),
    ('{"recipients": {"attachments": {"exist": "PR_ATTACH_NUM"}}}'),
    ('{"or": [{"count": {"max": 1, "restriction": {"and": []}}}]}'),
    ('{"count": {"max": 1}}'), ('{"comment": {"restriction": {"and": []}}}'), ('{"comment": {"props": 1}}')
    ) AS v(r);
-- nesting is bounded
SELECT pg_temp.refused((repeat('{"not": ', 63) || '{"exist": "PR_BODY"}' || repeat('}', 63))::jsonb);
SELECT regexp_replace(pg_temp.refused((repeat('{"not": ', 5000) || '{"exist": "PR_BODY"}' || repeat('}', 5000))::jsonb),
                      '(not\.)+', '...');
