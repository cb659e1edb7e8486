/*-------------------------------------------------------------------------
 *
 * queryblob.c
 *	  SQL statements on blobs, their bytes and references.
 *
 *	  The rules are at the top of query.c, which runs the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"

#include "query.h"
/* INDENT OFF */
const Statement query_blob_statements[] =
{
	/* one series gives out the ids of the blobs of all stores */
	{QUERY_BLOB_IMPORT, true, {INT8OID, INT8OID, INT8OID},
		"WITH old AS MATERIALIZED ("
		" SELECT blob_id, size, is_text, uploader_start FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $3 AND sealed FOR KEY SHARE"
		"), new AS ("
		" INSERT INTO msgstore.blob (store_id, blob_id, size, sealed, is_text,"
		" uploader_pid, uploader_start, created_at)"
		" SELECT $2, blob_id, size, true, is_text, 0, uploader_start,"
		" clock_timestamp() FROM old ON CONFLICT DO NOTHING RETURNING blob_id"
		"), chunks AS ("
		" INSERT INTO msgstore.blob_chunk"
		" (store_id, blob_id, chunk_number, bytes)"
		" SELECT $2, c.blob_id, c.chunk_number, c.bytes"
		" FROM msgstore.blob_chunk c, new"
		" WHERE c.store_id = $1 AND c.blob_id = new.blob_id"
		") SELECT (SELECT count(*) FROM new) FROM old"},
	{QUERY_BLOB_LOCK, true, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 FOR KEY SHARE"},
	/* an uploader is a backend, identified by its pid and start time */
	{QUERY_BLOB_INSERT, true, {INT8OID, INT8OID, INT8OID, BOOLOID, BOOLOID,
		INT4OID, TIMESTAMPTZOID},
		"INSERT INTO msgstore.blob"
		" (store_id, blob_id, size, sealed, is_text, uploader_pid,"
		" uploader_start, created_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())"},
	/* no session owns a blob that has a creator */
	{QUERY_BLOB_CREATE, true, {INT8OID, INT8OID, BOOLOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.blob"
		" (store_id, blob_id, size, sealed, is_text, uploader_pid,"
		" uploader_start, created_at, creator, actor)"
		" VALUES ($1, $2, 0, false, $3, 0, now(), clock_timestamp(), $4, $5)"},
	{QUERY_BLOB_WRITABLE, true, {INT8OID, INT8OID, TEXTOID},
		"SELECT size, is_text FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 AND creator = $3"
		" AND NOT sealed FOR NO KEY UPDATE"},
	{QUERY_BLOB_RESIZE, true, {INT8OID, INT8OID, INT8OID},
		"UPDATE msgstore.blob SET size = $3"
		" WHERE store_id = $1 AND blob_id = $2"},
	{QUERY_BLOB_READABLE, false, {INT8OID, INT8OID, INT8OID, TEXTOID},
		"SELECT b.size FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND (b.creator = $4 OR"
		" EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2 AND r.message_id = $3"
		" AND (r.draft_of IS NULL OR r.draft_of = $4)))"},
	{QUERY_BLOB_UNSEALED, false, {INT8OID, INT8OID, INT4OID, TIMESTAMPTZOID,
		BOOLOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 AND NOT sealed"
		" AND uploader_pid = $3 AND uploader_start = $4 AND is_text = $5"},
	{QUERY_BLOB_REFERRED, false, {INT8OID, INT8OID, INT8OID, INT8OID,
		TEXTOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND (b.creator = $5 OR"
		" EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2"
		" AND r.message_id IN ($3, $4)"
		" AND (r.draft_of IS NULL OR r.draft_of = $5)))"},
	{QUERY_BLOB_AS_CLAIMED, false, {INT8OID, INT8OID, INT8OID, BOOLOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND b.is_text = $4"
		" AND $3 = CASE WHEN b.sealed THEN b.size ELSE"
		" (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
		" WHERE c.store_id = $1 AND c.blob_id = $2) END"},
	{QUERY_BLOB_COPY, true, {INT8OID, INT8OID, INT8OID, INT4OID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" SELECT store_id, $3, chunk_number, bytes FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number < $4"},
	/*
	 * Lock a sealed blob against the sweeper: a blob of the message or of its
	 * source, an upload that was sealed by the save of another message, or a
	 * blob that the role has created without a handle.
	 */
	{QUERY_BLOB_KEEP, true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
		BOOLOID, BOOLOID, TEXTOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2"
		" AND b.sealed AND b.size = $5 AND b.is_text = $6"
		" AND ($7 OR b.creator = $8 OR EXISTS"
		" (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2"
		" AND r.message_id IN ($3, $4)"
		" AND (r.draft_of IS NULL OR r.draft_of = $8)))"
		" FOR KEY SHARE OF b"},
	/*
	 * Seal an upload of this session, or a blob of the role, if its chunks
	 * have the claimed size.
	 */
	{QUERY_BLOB_SEAL, true, {INT8OID, INT8OID, INT8OID, BOOLOID, INT4OID,
		TIMESTAMPTZOID, BOOLOID, TEXTOID},
		"UPDATE msgstore.blob b SET sealed = true, size = $3"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND NOT b.sealed"
		" AND b.is_text = $4"
		" AND (b.creator = $8"
		" OR ($7 AND b.uploader_pid = $5 AND b.uploader_start = $6))"
		" AND $3 = (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
		" WHERE c.store_id = $1 AND c.blob_id = $2)"},
	{QUERY_BLOB_REFER, true, {INT8OID, INT8OID, INT8OID, TEXTOID},
		"INSERT INTO msgstore.blob_ref AS r"
		" (store_id, blob_id, message_id, draft_of) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, message_id) DO UPDATE SET draft_of ="
		" CASE WHEN r.draft_of IS NOT NULL THEN excluded.draft_of END"},
	{QUERY_BLOB_DELETE, true, {INT8OID, INT8ARRAYOID, INT4OID,
		TIMESTAMPTZOID},
		"DELETE FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND NOT sealed"
		" AND uploader_pid = $3 AND uploader_start = $4"},
	{QUERY_BLOB_LET_GO, true, {INT8OID, INT8ARRAYOID, INT4OID,
		TIMESTAMPTZOID},
		"UPDATE msgstore.blob SET uploader_pid = 0"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND sealed"
		" AND uploader_pid = $3 AND uploader_start = $4"},
	/* lock blobs against the sweeper until they are entered in blob_hold */
	{QUERY_HOLD_LOCK, true, {INT8OID, INT8ARRAYOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2) FOR KEY SHARE"},
	{QUERY_HOLD_INSERT, true, {INT8OID, INT8ARRAYOID, INT4OID,
		TIMESTAMPTZOID},
		"INSERT INTO msgstore.blob_hold"
		" (store_id, blob_id, holder_pid, holder_start)"
		" SELECT $1, b, $3, $4 FROM unnest($2) b ON CONFLICT DO NOTHING"},
	{QUERY_HOLD_DELETE, true, {INT8OID, INT8ARRAYOID, INT4OID,
		TIMESTAMPTZOID},
		"DELETE FROM msgstore.blob_hold"
		" WHERE store_id = $1 AND blob_id = ANY ($2)"
		" AND holder_pid = $3 AND holder_start = $4"},
	{QUERY_CHUNK_READ, false, {INT8OID, INT8OID, INT4OID},
		"SELECT bytes FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number = $3"},
	{QUERY_CHUNK_WRITE, true, {INT8OID, INT8OID, INT4OID, BYTEAOID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, chunk_number)"
		" DO UPDATE SET bytes = excluded.bytes"},
	{QUERY_CHUNK_DELETE, true, {INT8OID, INT8OID, INT4OID},
		"DELETE FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number >= $3"},
	/* blobs_used() is called once per message, not once per blob */
	{QUERY_SWEEP_LOCK_REFS, true, {INT8OID},
		"WITH used AS MATERIALIZED ("
		" SELECT m.message_id, u.blob_id"
		" FROM (SELECT DISTINCT message_id FROM msgstore.blob_ref"
		" WHERE store_id = $1) m,"
		" LATERAL msgstore_internal.blobs_used($1, m.message_id) u(blob_id))"
		" SELECT coalesce(array_agg(blob_id), '{}'),"
		" coalesce(array_agg(message_id), '{}') FROM ("
		" SELECT r.blob_id, r.message_id FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND NOT EXISTS (SELECT 1 FROM used u"
		" WHERE u.message_id = r.message_id AND u.blob_id = r.blob_id)"
		" LIMIT 1000 FOR UPDATE OF r SKIP LOCKED"
		") dead"},
	{QUERY_SWEEP_REFS, true, {INT8OID, INT8ARRAYOID, INT8ARRAYOID},
		"WITH used AS MATERIALIZED ("
		" SELECT m.message_id, u.blob_id"
		" FROM (SELECT DISTINCT unnest($3) AS message_id) m,"
		" LATERAL msgstore_internal.blobs_used($1, m.message_id) u(blob_id))"
		" DELETE FROM msgstore.blob_ref r USING unnest($2, $3) d(b, m)"
		" WHERE r.store_id = $1 AND r.blob_id = d.b AND r.message_id = d.m"
		" AND NOT EXISTS (SELECT 1 FROM used u"
		" WHERE u.message_id = r.message_id AND u.blob_id = r.blob_id)"},
	/*
	 * The owner of the extension may not be allowed to see the start time of a
	 * backend.  Then only the pid is compared: a hold may stay too long, but
	 * is never deleted too early.
	 */
	{QUERY_SWEEP_HOLDS, true, {INT8OID},
		"DELETE FROM msgstore.blob_hold d USING ("
		" SELECT h.blob_id, h.holder_pid, h.holder_start"
		" FROM msgstore.blob_hold h WHERE h.store_id = $1"
		" AND NOT EXISTS (SELECT 1 FROM pg_stat_get_activity(NULL) a"
		" WHERE a.pid = h.holder_pid"
		" AND coalesce(a.backend_start = h.holder_start, true))"
		" FOR UPDATE SKIP LOCKED) dead"
		" WHERE d.store_id = $1 AND d.blob_id = dead.blob_id"
		" AND d.holder_pid = dead.holder_pid"
		" AND d.holder_start = dead.holder_start"},
	{QUERY_SWEEP_LOCK_BLOBS, true, {INT8OID},
		"SELECT coalesce(array_agg(blob_id), '{}') FROM ("
		" SELECT b.blob_id FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND NOT EXISTS (SELECT 1"
		" FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = b.blob_id)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_hold h"
		" WHERE h.store_id = $1 AND h.blob_id = b.blob_id)"
		" AND (b.creator IS NULL OR b.created_at < now() - interval '1 day')"
		" AND NOT EXISTS (SELECT 1 FROM pg_stat_get_activity(NULL) a"
		" WHERE a.pid = b.uploader_pid"
		" AND coalesce(a.backend_start = b.uploader_start, true))"
		" LIMIT 1000 FOR UPDATE SKIP LOCKED"
		") dead"},
	{QUERY_SWEEP_BLOBS, true, {INT8OID, INT8ARRAYOID},
		"DELETE FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = ANY ($2)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = b.blob_id)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_hold h"
		" WHERE h.store_id = $1 AND h.blob_id = b.blob_id)"},
	{QUERY_BLOB_CHUNKS_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2"},
	{QUERY_BLOB_CHILD, true, {INT8OID, INT8OID},
		"SELECT 'blob_ref' FROM msgstore.blob_ref"
		" WHERE store_id = $1 AND blob_id = $2"
		" UNION ALL SELECT 'blob_chunk' FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 LIMIT 1"},
	{QUERY_BLOB_DIGEST, false, {INT8OID, INT8OID},
		"SELECT encode(sha256(coalesce(string_agg(sha256(c.bytes), ''::bytea"
		" ORDER BY c.chunk_number), ''::bytea)), 'hex'),"
		" coalesce((SELECT b.is_text FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2), false)"
		" FROM msgstore.blob_chunk c WHERE c.store_id = $1 AND c.blob_id = $2"},
	{0}
};
/* INDENT ON */
