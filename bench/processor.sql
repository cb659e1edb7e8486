--
-- Measure the processor time that a backend needs to save one property of a
-- large message, and divide it by the time for a small message.  The time is
-- read from the kernel's accounting, which other load on the machine disturbs
-- less than elapsed time.
--
CREATE TEMP TABLE reading (id bigint, ticks integer);
CREATE FUNCTION pg_temp.ticks() RETURNS integer LANGUAGE sql VOLATILE AS $$
	SELECT f[14]::integer + f[15]::integer
	FROM string_to_array(pg_read_file('/proc/self/stat'), ' ') f
$$;
CREATE PROCEDURE pg_temp.measure(store bigint, large bigint, small bigint, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
	id bigint;
	token bigint;
	before integer;
BEGIN
	FOR round IN 1 .. rounds LOOP
		FOREACH id IN ARRAY CASE round % 2 WHEN 0 THEN ARRAY[large, small]
			ELSE ARRAY[small, large] END
		LOOP
			SELECT change_number INTO token FROM msgstore.message
			WHERE store_id = store AND message_id = id;
			before := pg_temp.ticks();
			FOR i IN 1 .. 20000 LOOP
				SELECT s.change_number INTO token
				FROM msgstore.save_message(store, id, token, '{"PR_IMPORTANCE": 1}') s;
				COMMIT;
			END LOOP;
			INSERT INTO reading VALUES (id, pg_temp.ticks() - before);
			COMMIT;
		END LOOP;
	END LOOP;
END $$;
SET synchronous_commit = off;
CALL pg_temp.measure(:store, :large, :small, :rounds);
SELECT to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY ticks) FILTER (WHERE id = :large)
	/ percentile_cont(0.5) WITHIN GROUP (ORDER BY ticks) FILTER (WHERE id = :small), '99990.00')
FROM reading;
