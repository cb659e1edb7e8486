-- Handles inside a message: after every step of a random walk, in subtransactions that
-- are kept or rolled back, each handle shows what a model has.
SET search_path = msgstore, public;

-- Return what a handle shows, as the model has it: number, name, bytes, inner subject.
CREATE FUNCTION pg_temp.one(a jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object(
		'name', a->'PR_ATTACH_LONG_FILENAME',
		'size', CASE WHEN a ? 'PR_ATTACH_DATA_OBJ' THEN NULL ELSE a->'PR_ATTACH_SIZE' END,
		'inside', a #> '{PR_ATTACH_DATA_OBJ,PR_SUBJECT}') $$;
CREATE FUNCTION pg_temp.list(props jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(a->>'PR_ATTACH_NUM', pg_temp.one(a)), '{}')
	FROM jsonb_array_elements(props->'PR_MESSAGE_ATTACHMENTS') a $$;
CREATE FUNCTION pg_temp.next(model jsonb) RETURNS int LANGUAGE sql AS $$
	SELECT greatest((model->>'next')::int, max(k::int + 1))
	FROM jsonb_object_keys(model->'shown') k $$;
-- Return one of the keys of an object, or NULL.
CREATE FUNCTION pg_temp.any_of(o jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT k FROM jsonb_object_keys(o) k ORDER BY random() LIMIT 1 $$;
CREATE FUNCTION pg_temp.agree(what text, is_now anyelement, expected anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF is_now IS DISTINCT FROM expected THEN
		RAISE EXCEPTION '%: % where % was expected', what, is_now, expected;
	END IF;
END $$;

/*
 * The model: what the message's handle shows and what is stored, attachments by
 * number; the next number; the era; and handles on attachments, each with its
 * number, the era it was opened in, whether its attachment is or was in the
 * list, what it shows, and what was set of that since it was last folded in.
 */
CREATE FUNCTION pg_temp.on_message(what text, h int, INOUT model jsonb) LANGUAGE plpgsql AS $$
DECLARE
	num text := pg_temp.any_of(model->'shown');
	a int;
BEGIN
	IF what = 'create' THEN
		a := create_attachment(h);
		PERFORM pg_temp.agree('number', (get_props(a)->>'PR_ATTACH_NUM')::int, pg_temp.next(model));
		model := jsonb_set(jsonb_set(model, '{next}', to_jsonb(pg_temp.next(model) + 1)), ARRAY['subs', a::text],
			jsonb_build_object('num', pg_temp.next(model), 'era', model->'era', 'listed', false, 'set', '{}'::jsonb, 'shows', pg_temp.one(get_props(a))));
	ELSIF what = 'open' AND num IS NOT NULL THEN
		a := open_attachment(h, num::int, 'MAPI_MODIFY');
		model := jsonb_set(model, ARRAY['subs', a::text], jsonb_build_object(
			'num', num::int, 'era', model->'era', 'listed', true, 'set', '{}'::jsonb, 'shows', model->'shown'->num));
	ELSIF what = 'delete' AND num IS NOT NULL THEN
		PERFORM delete_attachment(h, num::int);
		model := jsonb_set(model, '{next}', to_jsonb(pg_temp.next(model))) #- ARRAY['shown', num];
	ELSIF what = 'save' THEN
		PERFORM pg_temp.agree('save', save_changes(h)::text, 'S_OK');
		model := jsonb_set(model, '{stored}', model->'shown');
	ELSIF what = 'refresh' THEN
		PERFORM refresh(h);
		model := model || jsonb_build_object('shown', model->'stored', 'era', (model->>'era')::int + 1);
	ELSIF what = 'replace' AND num IS NOT NULL THEN
		PERFORM set_props(h, jsonb_build_object('PR_MESSAGE_ATTACHMENTS', (
			SELECT jsonb_agg(o) FROM jsonb_array_elements(get_props(h)->'PR_MESSAGE_ATTACHMENTS') o
			WHERE o->>'PR_ATTACH_NUM' = num)));
		model := model || jsonb_build_object('next', pg_temp.next(model), 'era', (model->>'era')::int + 1,
			'shown', jsonb_build_object(num, model->'shown'->num));
	END IF;
END $$;
CREATE FUNCTION pg_temp.on_attachment(what text, INOUT model jsonb) LANGUAGE plpgsql AS $$
DECLARE
	a text := pg_temp.any_of(model->'subs');
	sub jsonb := model->'subs'->a;
	value text := round(random() * 1000)::text;
	size int := (sub #>> '{shows,size}')::int;
	set jsonb := '{}';
	e int;
BEGIN
	IF a IS NULL THEN
		RETURN;
	ELSIF what = 'name' THEN
		PERFORM set_props(a::int, jsonb_build_object('PR_ATTACH_LONG_FILENAME', value));
		set := jsonb_build_object('name', value);
	ELSIF what = 'write' AND size IS NOT NULL THEN
		size := write_stream(a::int, 'PR_ATTACH_DATA_BIN', size, convert_to(repeat('x', 1 + (random() * 9000)::int), 'UTF8'));
		PERFORM pg_temp.agree('bytes', length(read_stream(a::int, 'PR_ATTACH_DATA_BIN', 0, 1000000)), size);
		set := jsonb_build_object('size', size, 'inside', NULL);
	ELSIF what = 'embed' THEN
		e := open_embedded_message(a::int, 'MAPI_CREATE');
		PERFORM set_props(e, jsonb_build_object('PR_SUBJECT', value));
		PERFORM pg_temp.agree('save inside', save_changes(e)::text, 'S_OK');
		PERFORM close_object(e);
		set := jsonb_build_object('size', NULL, 'inside', value);
	ELSIF what = 'fold' AND ((sub->>'era') <> (model->>'era') OR
			((sub->>'listed')::bool AND NOT model->'shown' ? (sub->>'num'))) THEN
		PERFORM pg_temp.agree('stale', save_changes(a::int)::text, 'MAPI_E_OBJECT_DELETED');
	ELSIF what = 'fold' THEN
		PERFORM pg_temp.agree('fold', save_changes(a::int)::text, 'S_OK');
		sub := sub || jsonb_build_object('listed', true, 'set', '{}'::jsonb,
			'shows', coalesce(model->'shown'->(sub->>'num') || (sub->'set'), sub->'shows'));
		model := jsonb_set(jsonb_set(model, ARRAY['subs', a], sub), ARRAY['shown', sub->>'num'], sub->'shows');
	ELSIF what = 'close' THEN
		PERFORM close_object(a::int);
		model := model #- ARRAY['subs', a];
	END IF;
	IF set <> '{}' THEN
		model := jsonb_set(jsonb_set(model, ARRAY['subs', a, 'shows'], sub->'shows' || set),
			ARRAY['subs', a, 'set'], sub->'set' || set);
	END IF;
END $$;
-- Make so many steps, some of them walks in a subtransaction; return the model.
CREATE FUNCTION pg_temp.walk(h int, model jsonb, steps int, depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	whats text[] := '{create, create, open, open, delete, save, refresh, replace,
		name, name, write, write, write, embed, fold, fold, fold, fold, close, sub, sub}';
	what text;
	after jsonb;
BEGIN
	FOR i IN 1..steps LOOP
		what := whats[1 + floor(random() * cardinality(whats))];
		IF what = 'sub' AND depth > 0 THEN
			BEGIN
				after := pg_temp.walk(h, model, 6, depth - 1);
				IF random() < 0.5 THEN
					RAISE SQLSTATE 'UNDO1';
				END IF;
				model := after;
			EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
				NULL;
			END;
		ELSIF what IN ('create', 'open', 'delete', 'save', 'refresh', 'replace') THEN
			model := pg_temp.on_message(what, h, model);
		ELSE
			model := pg_temp.on_attachment(what, model);
		END IF;
		PERFORM pg_temp.agree('list after ' || what, pg_temp.list(get_props(h)), model->'shown');
		PERFORM pg_temp.agree('handle ' || key, pg_temp.one(get_props(key::int)), value->'shows')
		FROM jsonb_each(model->'subs');
	END LOOP;
	RETURN model;
END $$;

SELECT create_store('subobject') AS store \gset
SELECT special_folder(:store, 'Inbox') AS inbox \gset
SELECT set_config('walk.store', :'store', false), set_config('walk.inbox', :'inbox', false) \gset
SET msgstore.max_open_handles = 100000;
DO $$
DECLARE
	store bigint := current_setting('walk.store');
	model jsonb;
	id bigint;
	h int;
BEGIN
	FOR seed IN 1..40 LOOP
		PERFORM setseed(seed / 40.0);
		id := (save_new_message(store, current_setting('walk.inbox')::bigint, '{}')).message_id;
		h := open_message(store, id, 'MAPI_MODIFY');
		model := pg_temp.walk(h, '{"shown": {}, "stored": {}, "next": 0, "era": 0, "subs": {}}', 60, 3);
		PERFORM pg_temp.agree('stored', pg_temp.list(read_message(store, id)), model->'stored');
		PERFORM close_object(handle) FROM open_handles;
	END LOOP;
END $$;
-- the bytes that are left are those that some row refers to
CALL sweep_blobs(:store) \gset
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE NOT sealed) AS unsealed,
	count(*) FILTER (WHERE NOT EXISTS (SELECT FROM blob_ref AS r
		WHERE r.store_id = b.store_id AND r.blob_id = b.blob_id)) AS unneeded
FROM blob AS b WHERE store_id = :store;
