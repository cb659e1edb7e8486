-- Create the rivals' tables, as a team without msgstore would design them.
--
-- Keys, fillfactor and the index of folders correspond to those of msgstore, the body
-- has a column of its own, and large values are compressed with lz4 where msgstore
-- compresses with it; promoted columns are not needed here.  The version is a counter
-- in the row.  All rivals share these tables; rivals without history do not use the
-- table history.

CREATE SCHEMA rival;

CREATE TABLE rival.folder (
	store_id    bigint NOT NULL,
	folder_id   bigint NOT NULL,
	name        text NOT NULL,
	PRIMARY KEY (store_id, folder_id)
);

CREATE TABLE rival.message (
	store_id    bigint NOT NULL,
	message_id  bigint NOT NULL,
	folder_id   bigint NOT NULL,
	created_at  timestamptz NOT NULL,
	deleted_at  timestamptz,
	headers     text,
	body        text,
	html        bytea,
	props       jsonb NOT NULL,
	version     bigint NOT NULL,
	modified_at timestamptz NOT NULL,
	modified_by text NOT NULL,
	PRIMARY KEY (store_id, message_id),
	FOREIGN KEY (store_id, folder_id) REFERENCES rival.folder
) WITH (fillfactor = 80);

ALTER TABLE rival.message ALTER COLUMN props SET STORAGE MAIN;
CREATE INDEX message_folder ON rival.message (store_id, folder_id);

-- One row per change: who, when, which properties, and the replaced values.
CREATE TABLE rival.history (
	store_id    bigint NOT NULL,
	message_id  bigint NOT NULL,
	version     bigint NOT NULL,
	previous    bigint,
	changed_at  timestamptz NOT NULL,
	role        text NOT NULL,
	actor       text,
	client      text,
	properties  text[] NOT NULL,
	undo        jsonb NOT NULL,
	PRIMARY KEY (store_id, message_id, version)
);

-- The ids of messages that are inserted, above those that are loaded.
CREATE SEQUENCE rival.message_id START 1000000000;

SELECT format('ALTER TABLE rival.%I ALTER COLUMN %I SET COMPRESSION lz4',
			  c.relname, a.attname)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'rival'::regnamespace AND c.relkind = 'r' AND
	a.attnum > 0 AND a.attstorage IN ('x', 'm') AND
	EXISTS (SELECT FROM pg_settings
			WHERE name = 'default_toast_compression' AND
				'lz4' = ANY (enumvals))
\gexec

-- Save any patch of a message, with history; called by plpgsql.sql.
CREATE FUNCTION rival.save(p_store bigint, p_message bigint, p_version bigint,
						   p_patch jsonb, p_actor text,
						   OUT saved boolean, OUT new_version bigint)
LANGUAGE plpgsql AS $$
DECLARE
	old_props jsonb;
	stamp     timestamptz := clock_timestamp();
BEGIN
	SELECT props INTO old_props
	FROM rival.message
	WHERE store_id = p_store AND message_id = p_message AND
		version = p_version;

	UPDATE rival.message
	SET props = props || p_patch,
		version = version + 1,
		modified_at = stamp,
		modified_by = p_actor
	WHERE store_id = p_store AND message_id = p_message AND
		version = p_version
	RETURNING version INTO new_version;

	saved := FOUND;
	IF NOT saved THEN
		SELECT version INTO new_version
		FROM rival.message
		WHERE store_id = p_store AND message_id = p_message;
		RETURN;
	END IF;

	INSERT INTO rival.history
	SELECT p_store, p_message, new_version, p_version, stamp,
		   current_user, p_actor, current_setting('application_name'),
		   array_agg(key), jsonb_object_agg(key, old_props -> key)
	FROM jsonb_object_keys(p_patch) AS key;
END
$$;
