-- The type hresult: a code is read and printed by name, is compared and hashed as its
-- number, and a failure can be raised as the error of its class.
SET search_path = msgstore, public;

-- names, aliases, hex and signed decimal are one value
SELECT h, h::int4
FROM unnest(ARRAY['S_OK', 'SUCCESS_SUCCESS', 'MAPI_E_OBJECT_CHANGED',
                  '0x80040109', '0X80040109', '-2147221239',
                  'E_ACCESSDENIED', ' MAPI_E_NOT_FOUND ', '0', '+1',
                  '0x0', '0x40680']::hresult[]) AS h;

-- every code has a name that reads back, and unknown ones keep their number
SELECT count(*) AS codes
FROM generate_series(1, 65535) AS low,
     unnest(ARRAY[0, 4, 7]) AS facility,
     LATERAL CAST((-2147483648 + facility * 65536 + low)::int4 AS hresult) AS h
WHERE h::text !~ '^0x' AND h::text::hresult = h;
SELECT 42::hresult, '0x8004FFFF'::hresult, '0x8004FFFF'::hresult::int4;

-- fail
SELECT 'MAPI_E_NOTHING'::hresult;
-- fail
SELECT 's_ok'::hresult;
-- fail
SELECT ''::hresult;
-- fail
SELECT '0x'::hresult;
-- fail
SELECT '0x123456789'::hresult;
-- fail
SELECT '2147483648'::hresult;
-- fail
SELECT '-2147483649'::hresult;
-- fail
SELECT repeat('x', 1000)::hresult;

-- casts between numbers and results are explicit only
\set VERBOSITY terse
-- fail
SELECT 'S_OK'::hresult = 0;
-- fail
SELECT 'S_OK'::hresult + 1;
\set VERBOSITY default

-- warnings are successes
SELECT h, succeeded(h), failed(h)
FROM unnest(ARRAY['S_OK', 'S_FALSE', 'MAPI_W_PARTIAL_COMPLETION',
                  'MAPI_E_OBJECT_CHANGED', 'E_NOTIMPL']::hresult[]) AS h;

-- the operators
SELECT a, b, a = b AS eq, a <> b AS ne, a < b AS lt, a <= b AS le,
       a > b AS gt, a >= b AS ge
FROM (VALUES ('S_OK'::hresult, 'S_OK'::hresult), ('S_OK', 'S_FALSE'),
             ('S_OK', 'MAPI_E_NOT_FOUND')) AS v (a, b);

-- an index, a sort, a hash
CREATE TEMPORARY TABLE outcome (result hresult PRIMARY KEY);
INSERT INTO outcome VALUES ('S_OK'), ('MAPI_E_NO_ACCESS'), ('S_FALSE');
-- fail
INSERT INTO outcome VALUES ('0');
SELECT result FROM outcome ORDER BY result DESC;
SELECT result, count(*)
FROM (TABLE outcome UNION ALL TABLE outcome) AS twice
GROUP BY result ORDER BY result;
CREATE TEMPORARY TABLE other AS
SELECT result FROM outcome, generate_series(1, 100);
ANALYZE outcome;
ANALYZE other;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM outcome JOIN other USING (result);
SELECT count(*) FROM outcome JOIN other USING (result);
RESET enable_mergejoin;
RESET enable_nestloop;

-- the binary form is an int4
SELECT msgstore_internal.hresult_send('MAPI_E_OBJECT_CHANGED');

-- raising a failure: MA and the last three digits, MB for the system's own
SELECT throw_if_failed('S_OK');
SELECT throw_if_failed('MAPI_W_PARTIAL_COMPLETION', 1);
DO $$
DECLARE
	code text;
	state text;
	said text;
	detail text;
	hint text;
BEGIN
	FOREACH code IN ARRAY ARRAY['MAPI_E_NOT_FOUND', 'MAPI_E_NO_ACCESS',
		'MAPI_E_INVALID_PARAMETER', 'MAPI_E_OBJECT_CHANGED', 'E_NOTIMPL',
		'MAPI_E_CALL_FAILED', '0x8004ABCD']
	LOOP
		BEGIN
			PERFORM throw_if_failed(code::hresult, NULL);
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
				said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
				hint = PG_EXCEPTION_HINT;
			RAISE INFO USING MESSAGE = concat_ws(' / ', state, said, detail,
				nullif(hint, ''));
		END;
	END LOOP;
END
$$;
-- fail
SELECT throw_if_failed(NULL);
