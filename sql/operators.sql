-- The operators of hresult and of the flag types stand in pg_catalog: they are
-- found with any search_path, before the operators of any other schema.
SET search_path = '';

-- results, where only the call is written with its schema
SELECT msgstore.create_store('operators') AS store \gset
SELECT msgstore.special_folder(:store, 'Inbox') AS inbox \gset
SELECT message_id AS id, change_number AS n
FROM msgstore.save_new_message(:store, :inbox, '{"PR_SUBJECT": "one"}') \gset
SELECT result = 'S_OK' AS eq, result <> 'S_OK' AS ne, 'S_OK' = result AS commuted,
       result IN ('S_OK', 'MAPI_E_NO_ACCESS') AS "in", result NOT IN ('S_OK') AS not_in,
       result = ANY ('{S_OK}') AS "any", result IS DISTINCT FROM 'S_OK' AS "distinct",
       result < 'S_FALSE' AS lt, result <= 'S_OK' AS le, result > 'E_FAIL' AS gt,
       result >= 'S_OK' AS ge, result BETWEEN 'E_FAIL' AND 'S_OK' AS "between",
       nullif(result, 'S_OK') AS "nullif",
       CASE result WHEN 'S_OK' THEN 'saved' ELSE 'refused' END AS "case"
FROM msgstore.save_message(:store, :id, :n, '{"PR_SUBJECT": "two"}');
SELECT result = 'MAPI_E_OBJECT_CHANGED' AS changed
FROM msgstore.save_message(:store, :id, :n, '{"PR_SUBJECT": "three"}');
SELECT msgstore.succeeded(result), result = 'MAPI_W_PARTIAL_COMPLETION' AS partly
FROM msgstore.delete_messages(:store, ARRAY[:id, 0]) AS result;

-- in PL/pgSQL
CREATE FUNCTION pg_temp.saved(store bigint, id bigint, number bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer record;
    outcome msgstore.hresult;
BEGIN
    SELECT * INTO answer FROM msgstore.save_message(store, id, number, '{"PR_SUBJECT": "four"}');
    outcome := answer.result;
    IF outcome = 'MAPI_E_OBJECT_DELETED' THEN
        RETURN 'deleted';
    END IF;
    CASE outcome
        WHEN 'S_OK' THEN RETURN 'saved';
        WHEN 'MAPI_E_OBJECT_CHANGED', 'MAPI_E_SUBMITTED' THEN RETURN 'refused';
    END CASE;
END $$;
SELECT pg_temp.saved(:store, :id, :n);
SELECT msgstore.restore_messages(:store, ARRAY[:id]) = 'S_OK' AS restored;
SELECT pg_temp.saved(:store, :id, :n), pg_temp.saved(:store, :id, change_number)
FROM msgstore.message_list WHERE store_id = :store;

-- sets, joins, sorts, groups
CREATE TEMPORARY TABLE outcome (result msgstore.hresult PRIMARY KEY);
INSERT INTO pg_temp.outcome VALUES ('S_OK'), ('MAPI_E_OBJECT_CHANGED');
SELECT result, count(*)
FROM pg_temp.outcome JOIN (SELECT result FROM pg_temp.outcome UNION ALL VALUES ('S_OK'::msgstore.hresult)) AS o
    USING (result)
GROUP BY result ORDER BY result;
SELECT count(DISTINCT o), ('S_OK'::msgstore.hresult, 1) = ('S_OK', 1) AS rows_equal FROM pg_temp.outcome AS o;

-- flags
SELECT 'MAPI_MODIFY'::msgstore.open_flags | 'MAPI_BEST_ACCESS' AS either,
       'MAPI_MODIFY|MAPI_BEST_ACCESS'::msgstore.open_flags & 1 AS both,
       'FORCE_SAVE'::msgstore.save_flags = 4 AS eq, 'FORCE_SAVE'::msgstore.save_flags <> 4 AS ne,
       'DELETE_HARD_DELETE'::msgstore.delete_flags & 16 <> 0 AS has,
       'MODRECIP_ADD'::msgstore.recipient_flags IN (2, 4) AS "in",
       'MAPI_CREATE'::msgstore.embedded_flags | 'MAPI_MODIFY' = 3 AS "=";

-- a schema that has the operators too, for these types and for what they cast to
CREATE SCHEMA regress_operators;
CREATE FUNCTION regress_operators.trap(msgstore.hresult, msgstore.hresult) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ours'; END $$;
CREATE OPERATOR regress_operators.= (FUNCTION = regress_operators.trap, LEFTARG = msgstore.hresult, RIGHTARG = msgstore.hresult);
CREATE FUNCTION regress_operators.trap(msgstore.hresult, text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ours'; END $$;
CREATE OPERATOR regress_operators.= (FUNCTION = regress_operators.trap, LEFTARG = msgstore.hresult, RIGHTARG = text);
SET search_path = regress_operators;
SELECT 'S_OK'::msgstore.hresult = 'S_OK' AS ours;
-- the guarantee ends where search_path names pg_catalog behind another schema
SET search_path = regress_operators, pg_catalog;
-- fail
SELECT 'S_OK'::msgstore.hresult = 'S_OK' AS ours;
SELECT 'S_OK'::msgstore.hresult OPERATOR(pg_catalog.=) 'S_OK' AS ours;
SET search_path = '';
SET client_min_messages = warning;
DROP SCHEMA regress_operators CASCADE;
RESET client_min_messages;

-- only a superuser can add operators to pg_catalog
CREATE ROLE regress_operators;
SET ROLE regress_operators;
-- fail
CREATE OPERATOR pg_catalog.= (FUNCTION = texteq, LEFTARG = text, RIGHTARG = msgstore.hresult);
RESET ROLE;
DROP ROLE regress_operators;

-- in a view
CREATE TEMPORARY VIEW refused AS
SELECT result, result = 'MAPI_E_OBJECT_CHANGED' AS changed, 4::msgstore.save_flags & 'FORCE_SAVE' <> 0 AS forced
FROM pg_temp.outcome WHERE result <> 'S_OK';
SELECT * FROM pg_temp.refused;
