-- Create the functions that bench/growth measures with.  Each returns calls per
-- second.

CREATE SCHEMA growth;

-- Save new messages into a folder, without counting them.
CREATE PROCEDURE growth.load(store bigint, folder bigint, messages bigint)
LANGUAGE plpgsql AS $$
BEGIN
	FOR batch IN 1 .. messages / 1000 LOOP
		PERFORM msgstore.save_new_message(store, folder, jsonb_build_object(
			'PR_SUBJECT', 'Re: ' || md5((n + batch)::text),
			'PR_SENDER_NAME', 'Person ' || n,
			'PR_MESSAGE_DELIVERY_TIME', to_char(timestamp '2024-01-01' +
				interval '1 second' * floor(random() * 30000000),
				'YYYY-MM-DD"T"HH24:MI:SS".0000000Z"'),
			'PR_BODY', repeat(md5(n::text) || ' ', 30)))
		FROM generate_series(1, 1000) AS n;
		COMMIT;
	END LOOP;
END
$$;

-- Save two properties of messages at random, each over the number just read.
CREATE PROCEDURE growth.saves(store bigint, saves integer, INOUT rate numeric)
LANGUAGE plpgsql AS $$
DECLARE
	last bigint := (SELECT max(message_id) FROM msgstore.message);
	began timestamptz := clock_timestamp();
	id bigint;
	answer record;
BEGIN
	FOR i IN 1 .. saves LOOP
		id := 1 + floor(random() * last);
		SELECT * INTO answer FROM msgstore.save_message(store, id,
			(msgstore.read_message(store, id, '{PidTagChangeNumber}')
			 ->> 'PidTagChangeNumber')::bigint,
			jsonb_build_object('PR_SUBJECT', 'again ' || i, 'PR_FLAG_STATUS', i));
		IF answer.result::text <> 'S_OK' THEN
			RAISE 'a save was refused: %', answer.result;
		END IF;
		COMMIT;
	END LOOP;
	rate := saves / extract(epoch FROM clock_timestamp() - began);
END
$$;

-- Read the newest 50 messages of a folder, in the order of the index for lists.
CREATE FUNCTION growth.lists(store bigint, folder bigint, lists integer)
RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz := clock_timestamp();
BEGIN
	FOR i IN 1 .. lists LOOP
		PERFORM message_id, subject
		FROM msgstore.message
		WHERE store_id = store AND folder_id = folder AND deleted_at IS NULL
		ORDER BY delivery_time DESC, message_id DESC LIMIT 50;
	END LOOP;
	RETURN lists / extract(epoch FROM clock_timestamp() - began);
END
$$;

-- Open, edit, save and close a handle, with so many other handles open.
CREATE FUNCTION growth.handles(store bigint, others integer, cycles integer)
RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	opened integer[] := ARRAY(SELECT msgstore.open_message(store, n)
							  FROM generate_series(1, others) AS n);
	began timestamptz := clock_timestamp();
	handle integer;
BEGIN
	FOR i IN 1 .. cycles LOOP
		handle := msgstore.open_message(store, i % 1000 + 1, 'MAPI_MODIFY');
		PERFORM msgstore.set_props(handle, jsonb_build_object('PR_FLAG_STATUS', i));
		IF msgstore.save_changes(handle)::text <> 'S_OK' THEN
			RAISE 'a save was refused';
		END IF;
		PERFORM msgstore.close_object(handle);
	END LOOP;
	PERFORM msgstore.close_object(h) FROM unnest(opened) AS h;
	RETURN cycles / extract(epoch FROM clock_timestamp() - began);
END
$$;

-- Create stores.
CREATE PROCEDURE growth.stores(stores integer, INOUT rate numeric)
LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz := clock_timestamp();
BEGIN
	FOR i IN 1 .. stores LOOP
		PERFORM msgstore.create_store('store ' || i || ' ' || clock_timestamp());
		COMMIT;
	END LOOP;
	rate := stores / extract(epoch FROM clock_timestamp() - began);
END
$$;
