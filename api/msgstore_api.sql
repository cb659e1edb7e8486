/*
 * msgstore_api.sql
 *	  Schema api: messages over HTTP, for PostgREST.  Run this script with psql,
 *	  as a superuser or as the owner of the database, after CREATE EXTENSION
 *	  msgstore.  doc/http.md describes the calls.
 *
 *	  The functions run with the rights of their caller, the role that
 *	  PostgREST has switched to, and own nothing: drop the schema and run the
 *	  script again to replace them.
 *
 *	  ETag is the change number of a message.  A save must name the version that
 *	  the client has read, in If-Match; the script never invents one.  The
 *	  answer is the return value; status and headers are set through
 *	  response.status and response.headers.  Outcomes are no errors, so that
 *	  PostgREST commits; an error of msgstore becomes an answer as well, after
 *	  the effects of the call were rolled back.
 */
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS
	'Messages over HTTP, for PostgREST: calls of msgstore with ETag and '
	'If-Match';
GRANT USAGE ON SCHEMA api TO PUBLIC;

CREATE SCHEMA api_internal;
COMMENT ON SCHEMA api_internal IS
	'Functions of schema api that no client calls';
GRANT USAGE ON SCHEMA api_internal TO PUBLIC;

/* ==================================================================== request
 *
 * The request of the client: headers, in lower case, and the claims of its
 * token.  PostgREST sets both for the transaction.
 */

CREATE FUNCTION api_internal.header(name text)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT nullif(current_setting('request.headers', true), '')::json
			   ->> lower(name)
	$$;
COMMENT ON FUNCTION api_internal.header(text) IS
	'Return a header of the request, NULL without it';

CREATE FUNCTION api_internal.actor()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT nullif(current_setting('request.jwt.claims', true), '')::json
			   ->> 'sub'
	$$;
COMMENT ON FUNCTION api_internal.actor() IS
	'Return the subject of the token, which is recorded as the actor of '
	'changes; NULL without a token';

CREATE FUNCTION api_internal.numbers(header text)
	RETURNS bigint[]
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT array_agg(m[2]::bigint)
		FROM regexp_matches(header, '(^|,)\s*"([0-9]{1,16})"\s*(?=,|$)', 'g')
			AS m
	$$;
COMMENT ON FUNCTION api_internal.numbers(text) IS
	'Return the change numbers in a list of strong entity tags, NULL without '
	'one';

/* ===================================================================== answer
 *
 * A status, an entity tag, a body.
 */

CREATE FUNCTION api_internal.answer(status integer, number bigint, body json)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	BEGIN
		PERFORM set_config('response.status', status::text, true);
		PERFORM set_config('response.headers',
			CASE WHEN number IS NULL THEN '[{"Cache-Control": "no-cache"}]'
				 ELSE json_build_array(
					json_build_object('ETag', format('"%s"', number)),
					json_build_object('Cache-Control', 'no-cache'))::text
			END, true);
		RETURN body;
	END
	$$;
COMMENT ON FUNCTION api_internal.answer(integer, bigint, json) IS
	'Set status, entity tag and headers of the answer, and return its body';

CREATE FUNCTION api_internal.status(code text)
	RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT CASE code
			WHEN 'S_OK' THEN 200
			WHEN 'MAPI_W_PARTIAL_COMPLETION' THEN 200
			WHEN 'MAPI_E_NO_ACCESS' THEN 403
			WHEN 'MAPI_E_NOT_FOUND' THEN 404
			WHEN 'MAPI_E_SUBMITTED' THEN 409
			WHEN 'MAPI_E_COLLISION' THEN 409
			WHEN 'MAPI_E_OBJECT_DELETED' THEN 410
			WHEN 'MAPI_E_OBJECT_CHANGED' THEN 412
			WHEN 'MAPI_E_UNABLE_TO_COMPLETE' THEN 412
			WHEN 'MAPI_E_TOO_BIG' THEN 413
			ELSE 400 END
	$$;
COMMENT ON FUNCTION api_internal.status(text) IS
	'Return the HTTP status of an outcome';

CREATE FUNCTION api_internal.failure(code text, message text,
									 number bigint DEFAULT NULL,
									 conflict json DEFAULT NULL)
	RETURNS json
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT api_internal.answer(api_internal.status(code), number,
			json_strip_nulls(json_build_object(
				'code', code, 'message', message, 'change_number', number,
				'conflict', conflict)))
	$$;
COMMENT ON FUNCTION api_internal.failure(text, text, bigint, json) IS
	'Answer with an outcome that is no success';

CREATE FUNCTION api_internal.required()
	RETURNS json
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT api_internal.answer(428, NULL, json_build_object(
			'code', 'PRECONDITION_REQUIRED',
			'message', 'If-Match must have the ETag of the version that you '
				'have read'))
	$$;
COMMENT ON FUNCTION api_internal.required() IS
	'Answer a save that does not say over which version';

CREATE FUNCTION api_internal.raised(sqlstate text, message text, detail text)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	BEGIN
		IF sqlstate !~ '^M[AB]' THEN
			RAISE EXCEPTION USING ERRCODE = sqlstate, MESSAGE = message,
				DETAIL = detail;
		END IF;
		RETURN api_internal.failure(substring(detail, '^\w+'), message);
	END
	$$;
COMMENT ON FUNCTION api_internal.raised(text, text, text) IS
	'Answer with an error of msgstore; raise any other error again';

/* ======================================================================= read
 */

CREATE FUNCTION api.message(store bigint, id bigint, props text[] DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		body jsonb;
		number bigint;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		body := msgstore.read_message(store, id,
			CASE WHEN props IS NOT NULL
				 THEN props || '{PidTagChangeNumber}'::text[] END,
			api_internal.actor());
		number := (body ->> 'PidTagChangeNumber')::bigint;
		IF number = ANY (
			api_internal.numbers(api_internal.header('If-None-Match'))) THEN
			RETURN api_internal.answer(304, number, NULL);
		END IF;
		RETURN api_internal.answer(200, number, body::json);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.message(bigint, bigint, text[]) IS
	'Read a message: 200 with ETag, 304 for an ETag in If-None-Match, 403, '
	'404';

CREATE FUNCTION api.messages(store bigint, folder bigint,
							 columns text[] DEFAULT '{PR_SUBJECT}',
							 restriction jsonb DEFAULT NULL,
							 sort text[] DEFAULT
								 '{"PR_MESSAGE_DELIVERY_TIME DESC"}',
							 max integer DEFAULT 50, after text DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		body json;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		SELECT coalesce(json_agg(json_build_object(
				'id', m.message_id, 'etag', format('"%s"', m.change_number),
				'props', m."row", 'position', m."position")
				ORDER BY m.ordinality), '[]')
		INTO body
		FROM msgstore.list_messages(store, folder, columns, restriction, sort,
									max, after,
									actor => api_internal.actor())
			WITH ORDINALITY
			AS m(message_id, change_number, "row", "position", ordinality);
		RETURN api_internal.answer(200, NULL, body);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.messages(bigint, bigint, text[], jsonb, text[],
								 integer, text) IS
	'List the messages of a folder by pages: 200, 403, 404';

/* ====================================================================== write
 */

CREATE FUNCTION api.create_message(store bigint, folder bigint, props jsonb)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		saved record;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		SELECT s.result::text AS result, s.message_id, s.change_number
		INTO saved
		FROM msgstore.save_new_message(store, folder, props,
			request => api_internal.header('Idempotency-Key'),
			actor => api_internal.actor()) AS s;
		IF saved.result <> 'S_OK' THEN
			RETURN api_internal.failure(saved.result,
										'the message was not created');
		END IF;
		RETURN api_internal.answer(201, saved.change_number,
			json_build_object('id', saved.message_id,
							  'change_number', saved.change_number));
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.create_message(bigint, bigint, jsonb) IS
	'Create a message: 201 with ETag, 403, 404';

CREATE FUNCTION api_internal.base(store bigint, id bigint, header text)
	RETURNS bigint
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		numbers bigint[] := api_internal.numbers(header);
		present bigint;
	BEGIN
		IF cardinality(numbers) = 1 THEN
			RETURN numbers[1];
		END IF;
		SELECT m.change_number INTO present FROM msgstore.message_list AS m
		WHERE m.store_id = store AND m.message_id = id;
		IF btrim(header) = '*' OR present = ANY (numbers) THEN
			RETURN present;
		END IF;
		RETURN numbers[1];
	END
	$$;
COMMENT ON FUNCTION api_internal.base(bigint, bigint, text) IS
	'Return the version that If-Match means: with several tags, or *, the '
	'newest one if it is among them';

CREATE FUNCTION api_internal.settle(store bigint, id bigint, base bigint,
									changes jsonb, result text,
									new_id bigint, number bigint)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		report json;
	BEGIN
		IF result = 'S_OK' THEN
			RETURN api_internal.answer(200, number,
				json_build_object('id', coalesce(new_id, id),
								  'change_number', number));
		END IF;
		IF result = 'MAPI_E_OBJECT_CHANGED' THEN
			BEGIN
				SELECT json_agg(c) INTO report
				FROM msgstore.conflict(store, id, base, changes) AS c;
			EXCEPTION WHEN SQLSTATE 'MA400' THEN
				report := NULL;		/* the base was pruned */
			END;
		END IF;
		RETURN api_internal.failure(result,
			CASE result
				WHEN 'MAPI_E_OBJECT_CHANGED' THEN
					'somebody else has saved the message'
				WHEN 'MAPI_E_OBJECT_DELETED' THEN
					'the message was deleted'
				ELSE 'the message was not saved' END,
			number, report);
	END
	$$;
COMMENT ON FUNCTION api_internal.settle(bigint, bigint, bigint, jsonb, text,
										bigint, bigint) IS
	'Answer with the outcome of a save, and with the conflict if there is one';

CREATE FUNCTION api.save_message(store bigint, id bigint, changes jsonb,
								 force boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		header text := api_internal.header('If-Match');
		base bigint;
		saved record;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		base := api_internal.base(store, id, header);
		IF base IS NULL AND btrim(header) IS DISTINCT FROM '*' THEN
			RETURN api_internal.required();
		END IF;
		SELECT s.result::text AS result, s.change_number INTO saved
		FROM msgstore.save_message(store, id, coalesce(base, 0), changes,
			CASE WHEN force THEN 'FORCE_SAVE' ELSE '0'
			END::msgstore.save_flags,
			api_internal.header('Idempotency-Key'),
			api_internal.actor()) AS s;
		RETURN api_internal.settle(store, id, coalesce(base, 0), changes,
								   saved.result, NULL, saved.change_number);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.save_message(bigint, bigint, jsonb, boolean) IS
	'Save changes over the version in If-Match: 200 with ETag, 412 with the '
	'conflict, 410, 403, 404, 428 without If-Match';

CREATE FUNCTION api.resolve_conflict(store bigint, id bigint, changes jsonb,
									 choice text, seen bigint DEFAULT NULL,
									 folder bigint DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		base bigint := api_internal.base(store, id,
										 api_internal.header('If-Match'));
		resolved record;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		IF base IS NULL THEN
			RETURN api_internal.required();
		END IF;
		SELECT r.result::text AS result, r.message_id, r.change_number
		INTO resolved
		FROM msgstore.resolve_conflict(store, id, base, changes, choice,
			folder, seen,
			request => api_internal.header('Idempotency-Key'),
			actor => api_internal.actor()) AS r;
		RETURN api_internal.settle(store, id, base, changes, resolved.result,
								   resolved.message_id,
								   resolved.change_number);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.resolve_conflict(bigint, bigint, jsonb, text, bigint,
										 bigint) IS
	'Settle a conflict: KEEP_ORIGINAL, OVERWRITE, MERGE, MERGE_TEXT or '
	'SAVE_ELSEWHERE; answers as save_message()';

CREATE FUNCTION api.delete_message(store bigint, id bigint)
	RETURNS json
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		base bigint := api_internal.base(store, id,
										 api_internal.header('If-Match'));
		result text;
		fail_state text;
		fail_message text;
		fail_detail text;
	BEGIN
		IF base IS NULL THEN
			RETURN api_internal.required();
		END IF;
		result := msgstore.delete_messages(store, ARRAY[id],
			if_change_number => base, actor => api_internal.actor());
		IF result = 'S_OK' THEN
			RETURN api_internal.answer(204, NULL, NULL);
		END IF;
		RETURN api_internal.settle(store, id, base, '{}', result, NULL,
			(SELECT m.change_number FROM msgstore.message_list AS m
			 WHERE m.store_id = store AND m.message_id = id));
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS fail_state = RETURNED_SQLSTATE,
			fail_message = MESSAGE_TEXT, fail_detail = PG_EXCEPTION_DETAIL;
		RETURN api_internal.raised(fail_state, fail_message, fail_detail);
	END
	$$;
COMMENT ON FUNCTION api.delete_message(bigint, bigint) IS
	'Delete the version in If-Match: 204, 412 with the changes since, 403, '
	'404, 428 without If-Match';
