-- Copy the messages of :store into the table of the rival of lists: a plain
-- table with equal indexes, and a vector of all words.
CREATE SCHEMA IF NOT EXISTS rival;
DROP TABLE IF EXISTS rival.list;
CREATE TABLE rival.list (
	store_id bigint NOT NULL, message_id bigint NOT NULL,
	folder_id bigint NOT NULL, deleted_at timestamptz,
	delivery_time timestamptz, subject text COLLATE "C",
	sender text COLLATE "C", associated boolean NOT NULL, body text,
	props jsonb NOT NULL, version bigint NOT NULL, words tsvector,
	PRIMARY KEY (store_id, message_id)
) WITH (fillfactor = 80);
ALTER TABLE rival.list ALTER COLUMN props SET STORAGE MAIN;
INSERT INTO rival.list
SELECT store_id, message_id, folder_id, deleted_at, delivery_time, subject,
	   sender, false, body, props, change_number,
	   setweight(to_tsvector('simple', subject), 'A')
	   || setweight(to_tsvector('simple', sender || ' '
			|| (props->>'PR_SENDER_EMAIL_ADDRESS')), 'B')
	   || setweight(to_tsvector('simple', body), 'D')
FROM msgstore.message WHERE store_id = :store ORDER BY message_id;
CREATE INDEX ON rival.list (store_id, folder_id);
CREATE INDEX ON rival.list (store_id, folder_id, delivery_time DESC NULLS LAST,
	message_id) WHERE deleted_at IS NULL;
CREATE INDEX ON rival.list (store_id, folder_id, sender, message_id)
	WHERE deleted_at IS NULL;
CREATE INDEX ON rival.list USING gin (words) WITH (fastupdate = off);
GRANT USAGE ON SCHEMA rival TO PUBLIC;
GRANT SELECT ON rival.list TO PUBLIC;
