-- Make a store with 1,000 messages, and a procedure that changes them; print the id of
-- the store.
SELECT msgstore.create_store(:'name', :'owner') AS store \gset
SELECT count(msgstore.save_new_message(:store, msgstore.special_folder(:store, 'Inbox'),
	jsonb_build_object('PR_SUBJECT', n::text))) AS messages
FROM generate_series(1, 1000) AS n \gset
CREATE TABLE public.target AS
	SELECT row_number() OVER (ORDER BY message_id)::integer AS n, message_id AS id
	FROM msgstore.message WHERE store_id = :store;
ALTER TABLE public.target ADD PRIMARY KEY (n);

-- The nanoseconds of processor time that this backend has had.
CREATE FUNCTION public.spent() RETURNS bigint LANGUAGE sql VOLATILE AS
	$$SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint$$;

-- Save a message over whatever is there, so many times, each in a transaction; return the
-- processor time of this.
CREATE PROCEDURE public.make_changes(store bigint, saves integer, INOUT took bigint)
LANGUAGE plpgsql AS $$
DECLARE
	before bigint := public.spent();
	chosen integer;
BEGIN
	FOR i IN 1 .. saves LOOP
		chosen := 1 + floor(random() * 1000);
		PERFORM msgstore.save_message(store, m.message_id, m.change_number,
			'{"PR_IMPORTANCE": 1}', 'FORCE_SAVE')
		FROM public.target AS t, msgstore.message AS m
		WHERE t.n = chosen AND m.store_id = make_changes.store AND m.message_id = t.id;
		COMMIT;
	END LOOP;
	took := public.spent() - before;
END $$;

\echo :store
