/*-------------------------------------------------------------------------
 *
 * query.c
 *	  SQL statements: everything off the hot path that reads or writes tables
 *	  through SPI.
 *
 * NOTES
 *	  The table below contains every statement.  A statement receives values as
 *	  parameters only.  query_run() executes it with a plan that is saved for
 *	  the life of the backend, as the owner of the extension's tables, and with
 *	  a fixed search_path, so that it depends neither on the rights nor on the
 *	  operators of the caller.  Callers check the rights of the current role
 *	  first, with access.c.  After an error, the end of the (sub)transaction
 *	  restores user id and settings.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "query.h"

#define MAX_ARGS		18

/* the columns of FolderRow, in the order of read_folder() in tree.c */
#define READ_FOLDER \
	"SELECT parent_id, name, special, created_at, deleted_at, deleted_with," \
	" props, change_number, modified_at, modifier, lineage" \
	" FROM msgstore.folder" \
	" WHERE store_id = $1 AND folder_id = $2"

/* the end of an INSERT into folder_count AS c */
#define ADD_TO_COUNTS \
	" ON CONFLICT (store_id, folder_id, xid, part) DO UPDATE SET" \
	" messages = c.messages + excluded.messages," \
	" associated = c.associated + excluded.associated," \
	" deleted = c.deleted + excluded.deleted, deleted_associated =" \
	" c.deleted_associated + excluded.deleted_associated"

/* the end of an INSERT into activity AS a */
#define ACTIVITY_COLUMNS \
	" (store_id, message_id, xid, saves, conflicts, forces, merges," \
	" versions, bytes, history_bytes, blobs, fought_at, pruned_at, swept_at)"
#define ADD_TO_ACTIVITY \
	" ON CONFLICT (store_id, message_id, xid) DO UPDATE SET" \
	" saves = a.saves + excluded.saves," \
	" conflicts = a.conflicts + excluded.conflicts," \
	" forces = a.forces + excluded.forces," \
	" merges = a.merges + excluded.merges," \
	" versions = a.versions + excluded.versions," \
	" bytes = a.bytes + excluded.bytes," \
	" history_bytes = a.history_bytes + excluded.history_bytes," \
	" blobs = a.blobs + excluded.blobs," \
	" fought_at = greatest(a.fought_at, excluded.fought_at)," \
	" pruned_at = greatest(a.pruned_at, excluded.pruned_at)," \
	" swept_at = greatest(a.swept_at, excluded.swept_at)"

/* the bytes of the undo in a row of change, as undo_bytes() counts them */
#define UNDO_BYTES(row) \
	"(octet_length(" row ".undo)" \
	" + coalesce(octet_length(" row ".undo_headers), 0)" \
	" + coalesce(octet_length(" row ".undo_body), 0)" \
	" + coalesce(octet_length(" row ".undo_html), 0)" \
	" + coalesce(octet_length(" row ".undo_rtf), 0))"

/* parts of QUERY_FEED_PAGE */
#define FEED_SEGMENT(table, number) \
	" AND (" table ".incarnation, " table ".xid, " number ")" \
	" > (s.incarnation, s.xid, s.number)" \
	" AND (" table ".incarnation, " table ".xid)" \
	" <= (s.last_incarnation, s.last_xid)"

#define FEED_NEW(xid, incarnation) \
	" AND pg_visible_in_snapshot(" xid ", $9) AND (" incarnation " > $10" \
	" OR NOT pg_visible_in_snapshot(" xid ", $8))"

/* placed before $15, not by one of the running transactions $14 */
#define FEED_LATE \
	" AND c.late_xid = ANY ($14) AND c.incarnation <= $10 AND c.xid < $15" \
	" AND c.xid <> ALL ($14)" \
	" AND (c.incarnation, c.xid, c.change_number) > ($16, $17, $18)" \
	" AND pg_visible_in_snapshot(c.late_xid, $9)"

#define FEED_FOLDER_KIND \
	" CASE t.kind WHEN 'c' THEN 'folder_create' WHEN 'n'" \
	" THEN 'folder_rename' WHEN 'm' THEN 'folder_move' WHEN 'i'" \
	" THEN 'folder_import' WHEN 'p'" \
	" THEN 'folder_properties' WHEN 'd' THEN 'folder_delete' WHEN 'r'" \
	" THEN 'folder_restore' WHEN 'h' THEN 'folder_delete'" \
	" ELSE 'rights' END, coalesce(t.actor, t.role), t.client," \
	" t.changed_at, t.properties, t.previous IS NULL"
/* INDENT OFF */
static const struct
{
	bool		writes;
	Oid			types[MAX_ARGS];	/* ends with InvalidOid */
	const char *sql;
}			queries[NUM_QUERIES] =
{
	[QUERY_STORE_READ] =
	{false, {INT8OID},
		"SELECT s.owner, s.replica_guid, s.rights_generation, s.wakeups,"
		" t.generation, c.oid, s.xmin FROM msgstore.store s"
		" LEFT JOIN msgstore.search_store t"
		" ON t.store_id = s.store_id AND t.is_searched"
		" LEFT JOIN (pg_catalog.pg_ts_config c"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace)"
		" ON c.cfgname = t.configuration AND n.nspname = t.schema"
		" WHERE s.store_id = $1"},
	[QUERY_SEARCH_SET] =
	{true, {INT8OID, BOOLOID, TEXTOID, TEXTOID, INT8OID},
		"INSERT INTO msgstore.search_store"
		" (store_id, is_searched, schema, configuration, generation)"
		" VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT (store_id) DO UPDATE SET is_searched = $2,"
		" schema = $3, configuration = $4, generation = $5,"
		" rebuilt_to = NULL, messages_total = NULL, messages_done = 0,"
		" started_at = NULL, is_complete = false"},
	[QUERY_SEARCH_START] =
	{true, {INT8OID},
		"UPDATE msgstore.search_store t SET started_at = clock_timestamp(),"
		" messages_done = 0, messages_total = (SELECT count(*)"
		" FROM msgstore.message m WHERE m.store_id = $1"
		" AND m.message_flags & 64 = 0) WHERE store_id = $1"
		" AND started_at IS NULL"},
	[QUERY_SEARCH_READ] =
	{true, {INT8OID},
		"SELECT coalesce(rebuilt_to, 0), is_complete, is_searched, generation"
		" FROM msgstore.search_store WHERE store_id = $1"},
	[QUERY_SEARCH_BATCH] =
	{true, {INT8OID, INT8OID, INT4OID},
		"SELECT message_id FROM msgstore.message"
		" WHERE store_id = $1 AND message_id > $2"
		" AND message_flags & 64 = 0 ORDER BY message_id LIMIT $3"},
	[QUERY_SEARCH_STEP] =
	{true, {INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID},
		"UPDATE msgstore.search_store SET"
		" rebuilt_to = greatest(rebuilt_to, $3),"
		" messages_done = messages_done + $4,"
		" is_complete = is_complete OR $5"
		" WHERE store_id = $1 AND generation = $2"},
	/* rows that no search reads, of a store that may not be searched now */
	[QUERY_SEARCH_CLEAR] =
	{true, {INT8OID, INT8OID, INT4OID},
		"WITH old AS MATERIALIZED ("
		" SELECT message_id, part FROM msgstore.message_search"
		" WHERE store_id = $1 AND message_id > $2"
		" ORDER BY message_id, part LIMIT $3"
		"), gone AS (DELETE FROM msgstore.message_search s USING old o"
		" WHERE s.store_id = $1 AND s.message_id = o.message_id"
		" AND s.part = o.part)"
		" SELECT max(message_id) - 1, count(*) FROM old"},
	[QUERY_SEARCH_RANK] =
	{false, {INT8OID, TSQUERYOID, TSQUERYOID},
		/* the condition of $2 has the store: no other index is of use */
		"SELECT array_agg(message_id), array_agg(ts_rank(words, $3))"
		" FROM msgstore.message_search"
		" WHERE words @@ $2 AND (store_id = $1) IS TRUE"},
	[QUERY_SEARCH_FIND] =
	{false, {INT8OID, TSQUERYOID, INT8OID},
		"SELECT array_agg(message_id) FROM (SELECT message_id"
		" FROM msgstore.message_search"
		" WHERE words @@ $2 AND (store_id = $1) IS TRUE LIMIT $3) s"},
	[QUERY_SEARCH_ALL] =
	{false, {INT8OID, INT8ARRAYOID},
		"SELECT array_agg(m.message_id) FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.deleted_at IS NULL"
		" AND m.message_flags & 64 = 0"
		" AND ($2 IS NULL OR m.folder_id = ANY ($2))"},
	[QUERY_STORE_INSERT] =
	{true, {INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.store"
		" (store_id, name, owner, replica_guid, created_at)"
		" VALUES ($1, $2, $3, gen_random_uuid(), now())"
		" ON CONFLICT DO NOTHING"},
	[QUERY_STORE_RETENTION] =
	{true, {INT8OID, INTERVALOID, INT4OID},
		"UPDATE msgstore.store SET keep_age = $2, keep_count = $3"
		" WHERE store_id = $1"},
	[QUERY_STORE_WAKEUPS] =
	{true, {INT8OID, BOOLOID},
		"UPDATE msgstore.store SET wakeups = $2 WHERE store_id = $1"},
	[QUERY_STORE_OWNER] =
	{true, {INT8OID, TEXTOID},
		"UPDATE msgstore.store SET owner = $2 WHERE store_id = $1"},
	[QUERY_STORE_LOCK] =
	{true, {INT8OID},
		"SELECT 1 FROM msgstore.store WHERE store_id = $1"
		" FOR NO KEY UPDATE"},
	[QUERY_STORE_GENERATION] =
	{true, {INT8OID, INT8OID},
		"UPDATE msgstore.store SET rights_generation = $2"
		" WHERE store_id = $1"},
	[QUERY_RIGHTS_OF_FOLDER] =
	{false, {INT8OID, INT8OID},
		"SELECT folder_id, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_RIGHTS_OF_STORE] =
	{false, {INT8OID, INT8OID},
		"SELECT folder_id, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 ORDER BY folder_id"},
	[QUERY_RIGHTS_SET] =
	{true, {INT8OID, INT8OID, TEXTOID, INT4OID},
		"INSERT INTO msgstore.folder_right (store_id, folder_id, member, rights)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, folder_id, member)"
		" DO UPDATE SET rights = excluded.rights"},
	[QUERY_RIGHTS_REVOKE] =
	{true, {INT8OID, INT8OID, TEXTOID},
		"DELETE FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2 AND member = $3"},
	[QUERY_RIGHTS_COPY] =
	{true, {INT8OID, INT8OID, INT8OID},
		"INSERT INTO msgstore.folder_right (store_id, folder_id, member, rights)"
		" SELECT store_id, $3, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_RIGHTS_DROP] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_STORE_ORIGINALS] =
	{true, {INT8OID, BOOLOID},
		"UPDATE msgstore.store SET keep_originals = $2 WHERE store_id = $1"},
	[QUERY_FOLDER_EXISTS] =
	{false, {INT8OID, INT8OID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND folder_id = $2 AND deleted_at IS NULL"},
	[QUERY_FOLDER_SPECIAL] =
	{false, {INT8OID, TEXTOID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND special = $2 AND deleted_at IS NULL"},
	[QUERY_MESSAGE_UNPROMOTED] =
	{false, {INT8OID, INT8OID, INT8OID, INT4OID},
		"SELECT store_id, message_id FROM msgstore.message"
		" WHERE (store_id = $1 OR $1 IS NULL)"
		" AND (store_id, message_id) > ($2, $3) AND size IS NULL"
		" ORDER BY store_id, message_id LIMIT $4"},
	[QUERY_MESSAGE_FORGET] =
	{true, {INT8OID, INT8OID},
		"WITH marks AS (DELETE FROM msgstore.read_mark"
		" WHERE store_id = $1 AND message_id = $2),"
		" queue AS (DELETE FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2),"
		" words AS (DELETE FROM msgstore.message_search"
		" WHERE store_id = $1 AND message_id = $2)"
		" DELETE FROM msgstore.message_status"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_FOLDER_READ] =
	{false, {INT8OID, INT8OID}, READ_FOLDER},
	[QUERY_FOLDER_LOCK] =
	{true, {INT8OID, INT8OID}, READ_FOLDER " FOR NO KEY UPDATE"},
	[QUERY_FOLDER_LOCK_EMPTY] =
	{true, {INT8OID, INT8OID}, READ_FOLDER " FOR UPDATE"},
	[QUERY_FOLDER_LOCK_TREE] =
	{true, {INT8OID},
		"SELECT 1 FROM msgstore.folder"
		" WHERE store_id = $1 AND special = 'Root' FOR NO KEY UPDATE"},
	/* $3 is 0 (not deleted), -1 (all), or a folder: deleted with it */
	[QUERY_FOLDER_CHILDREN] =
	{false, {INT8OID, INT8OID, INT8OID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 AND CASE WHEN $3 = 0"
		" THEN deleted_at IS NULL WHEN $3 = -1 THEN true"
		" ELSE coalesce(deleted_with = $3, false) END"
		" ORDER BY folder_id"},
	[QUERY_FOLDER_MESSAGES] =
	{false, {INT8OID, INT8OID, INT8OID, BOOLOID},
		"SELECT message_id FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND CASE WHEN $3 = 0"
		" THEN deleted_at IS NULL WHEN $3 = -1 THEN true"
		" ELSE coalesce(deleted_with = $3, false) END"
		" AND ($4 OR message_flags & 64 = 0)"
		" ORDER BY message_id"},
	[QUERY_FOLDER_HAS_MESSAGES] =
	{false, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND deleted_at IS NULL"
		" AND message_flags & 64 = 0 LIMIT 1"},
	[QUERY_FOLDER_NAMED] =
	{false, {INT8OID, INT8OID, TEXTOID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 AND name = $3"
		" AND deleted_at IS NULL"},
	[QUERY_FOLDER_INSERT] =
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
			JSONBOID, INT8OID, TEXTOID, TIMESTAMPTZOID, BYTEAOID},
		"INSERT INTO msgstore.folder"
		" (store_id, folder_id, parent_id, name, special, created_at, props,"
		" change_number, modifier, modified_at, lineage)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"},
	[QUERY_FOLDER_UPDATE] =
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID, INT8OID,
			JSONBOID, INT8OID, TIMESTAMPTZOID, TEXTOID, BYTEAOID},
		"UPDATE msgstore.folder SET parent_id = $3, name = $4,"
		" deleted_at = $5, deleted_with = $6, props = $7,"
		" change_number = $8, modified_at = $9, modifier = $10,"
		" lineage = $11"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_CRITERIA_READ] =
	{false, {INT8OID, INT8OID},
		"SELECT search_flags, search_restriction, search_folders, search_held"
		" FROM msgstore.folder WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_CRITERIA_WRITE] =
	{true, {INT8OID, INT8OID, INT4OID, JSONBOID, INT8ARRAYOID, INT8ARRAYOID},
		"UPDATE msgstore.folder SET search_flags = $3,"
		" search_restriction = $4, search_folders = $5, search_held = $6"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_FOLDER_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_FOLDER_CHANGE] =
	{true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID,
			CHAROID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID,
			TEXTARRAYOID},
		"INSERT INTO msgstore.folder_change"
		" (store_id, folder_id, change_number, previous, incarnation, xid,"
		" late_xid, changed_at, kind, role, actor, client, parent_id, name,"
		" properties)"
		" SELECT $1, $2, $3, $4, $5, greatest(t.own, p.xid),"
		" CASE WHEN p.xid > t.own THEN t.own END, $6, $7, $8, $9, $10, $11,"
		" $12, $13 FROM (SELECT pg_current_xact_id() AS own) t"
		" LEFT JOIN msgstore.folder_change p ON p.store_id = $1"
		" AND p.folder_id = $2 AND p.change_number = $4"
		" AND p.incarnation = $5"},
	[QUERY_COUNT_ADD] =
	{true, {INT8OID, INT8OID, INT4OID, INT8OID, INT8OID, INT8OID, INT8OID},
		"INSERT INTO msgstore.folder_count AS c"
		" (store_id, folder_id, xid, part, messages, associated, deleted,"
		" deleted_associated)"
		" VALUES ($1, $2, pg_current_xact_id(), $3, $4, $5, $6, $7)"
		ADD_TO_COUNTS},
	[QUERY_COUNT_READ] =
	{false, {INT8OID, INT8OID, INT4OID},
		"SELECT count(*), coalesce(sum(messages), 0)::bigint,"
		" coalesce(sum(associated), 0)::bigint,"
		" coalesce(sum(deleted), 0)::bigint,"
		" coalesce(sum(deleted_associated), 0)::bigint"
		" FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_COUNT_FOLD] =
	{true, {INT8OID, INT8OID, INT4OID},
		"WITH old AS MATERIALIZED ("
		" SELECT xid, part FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $2 FOR UPDATE SKIP LOCKED"
		"), gone AS ("
		" DELETE FROM msgstore.folder_count c USING old o"
		" WHERE c.store_id = $1 AND c.folder_id = $2"
		" AND c.xid = o.xid AND c.part = o.part RETURNING c.*"
		") INSERT INTO msgstore.folder_count AS c"
		" (store_id, folder_id, xid, part, messages, associated, deleted,"
		" deleted_associated)"
		" SELECT $1, $2, pg_current_xact_id(), $3, sum(messages),"
		" sum(associated), sum(deleted), sum(deleted_associated)"
		" FROM gone HAVING count(*) > 0"
		ADD_TO_COUNTS},
	[QUERY_COUNT_OWN] =
	{false, {INT8OID, INT8OID, TEXTOID},
		"SELECT count(*) FILTER (WHERE NOT a AND NOT d),"
		" count(*) FILTER (WHERE a AND NOT d),"
		" count(*) FILTER (WHERE NOT a AND d),"
		" count(*) FILTER (WHERE a AND d)"
		" FROM (SELECT message_flags & 64 <> 0 AS a,"
		" deleted_at IS NOT NULL AS d FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND creator = $3) m"},
	[QUERY_COUNT_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $2"},
	[QUERY_COUNT_STORE] =
	{false, {INT8OID},
		"SELECT count(*) - 32 * count(DISTINCT folder_id),"
		" coalesce(sum(messages + associated), 0)::bigint,"
		" coalesce(sum(deleted + deleted_associated), 0)::bigint"
		" FROM msgstore.folder_count WHERE store_id = $1"},
	[QUERY_COUNT_FOLD_STORE] =
	{true, {INT8OID, INT4OID},
		"WITH old AS MATERIALIZED ("
		" SELECT folder_id, xid, part FROM msgstore.folder_count"
		" WHERE store_id = $1 FOR UPDATE SKIP LOCKED"
		"), gone AS ("
		" DELETE FROM msgstore.folder_count c USING old o"
		" WHERE c.store_id = $1 AND c.folder_id = o.folder_id"
		" AND c.xid = o.xid AND c.part = o.part RETURNING c.*"
		") INSERT INTO msgstore.folder_count AS c"
		" (store_id, folder_id, xid, part, messages, associated, deleted,"
		" deleted_associated)"
		" SELECT $1, folder_id, pg_current_xact_id(), $2, sum(messages),"
		" sum(associated), sum(deleted), sum(deleted_associated)"
		" FROM gone GROUP BY folder_id"
		ADD_TO_COUNTS},
	[QUERY_ACTIVITY_ADD] =
	{true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
			INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			TIMESTAMPTZOID},
		"INSERT INTO msgstore.activity AS a" ACTIVITY_COLUMNS
		" VALUES ($1, $2, pg_current_xact_id(), $3, $4, $5, $6, $7, $8, $9,"
		" $10, $11, $12, $13)"
		ADD_TO_ACTIVITY},
	/* the rows of the store, and of messages that have several rows */
	[QUERY_ACTIVITY_FOLD] =
	{true, {INT8OID, INT4OID},
		"WITH old AS MATERIALIZED ("
		" SELECT message_id, xid FROM msgstore.activity"
		" WHERE store_id = $1 AND message_id IN ("
		" SELECT m.message_id FROM msgstore.activity m"
		" WHERE m.store_id = $1 GROUP BY m.message_id HAVING count(*) > 1)"
		" FOR UPDATE SKIP LOCKED"
		"), gone AS ("
		" DELETE FROM msgstore.activity a USING old o"
		" WHERE a.store_id = $1 AND a.message_id = o.message_id"
		" AND a.xid = o.xid RETURNING a.*"
		") INSERT INTO msgstore.activity AS a" ACTIVITY_COLUMNS
		" SELECT $1, message_id, pg_current_xact_id(), sum(saves),"
		" sum(conflicts), sum(forces), sum(merges), sum(versions),"
		" sum(bytes), sum(history_bytes), sum(blobs), max(fought_at),"
		" max(pruned_at), max(swept_at)"
		" FROM gone GROUP BY message_id"
		ADD_TO_ACTIVITY},
	[QUERY_ACTIVITY_TRIM] =
	{true, {INT8OID, INT4OID},
		"DELETE FROM msgstore.activity a USING ("
		" SELECT message_id, xid FROM msgstore.activity"
		" WHERE store_id = $1 AND message_id IN ("
		" SELECT m.message_id FROM msgstore.activity m"
		" WHERE m.store_id = $1 AND m.message_id <> 0 GROUP BY m.message_id"
		" ORDER BY max(m.fought_at) DESC OFFSET $2) FOR UPDATE SKIP LOCKED) o"
		" WHERE a.store_id = $1 AND a.message_id = o.message_id"
		" AND a.xid = o.xid"},
	[QUERY_ACTIVITY_RECOUNT] =
	{false, {INT8OID},
		"SELECT c.versions - r.versions, m.bytes - r.bytes,"
		" c.bytes - r.history_bytes, b.blobs - r.blobs"
		" FROM (SELECT count(*) AS versions,"
		" coalesce(sum(" UNDO_BYTES("c") "), 0)::bigint AS bytes"
		" FROM msgstore.change c WHERE c.store_id = $1) c,"
		" (SELECT coalesce(sum(size), 0)::bigint AS bytes"
		" FROM msgstore.message WHERE store_id = $1) m,"
		" (SELECT count(*) AS blobs FROM msgstore.blob WHERE store_id = $1) b,"
		" (SELECT coalesce(sum(versions), 0)::bigint AS versions,"
		" coalesce(sum(bytes), 0)::bigint AS bytes,"
		" coalesce(sum(history_bytes), 0)::bigint AS history_bytes,"
		" coalesce(sum(blobs), 0)::bigint AS blobs"
		" FROM msgstore.activity WHERE store_id = $1 AND message_id = 0) r"},
	/* one series gives out the ids of the blobs of all stores */
	[QUERY_BLOB_IMPORT] =
	{true, {INT8OID, INT8OID, INT8OID},
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
	[QUERY_BLOB_LOCK] =
	{true, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 FOR KEY SHARE"},
	[QUERY_PURGE_CHANGES] =
	{true, {INT8OID, INT8OID},
		"WITH gone AS (DELETE FROM msgstore.change c"
		" WHERE store_id = $1 AND message_id = $2 AND kind <> 'x'"
		" RETURNING " UNDO_BYTES("c") " AS bytes)"
		" SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone"},
	[QUERY_PURGE_DRAFTS] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_PURGE_REFS] =
	{true, {INT8OID, INT8OID},
		"WITH gone AS (DELETE FROM msgstore.blob_ref"
		" WHERE store_id = $1 AND message_id = $2 RETURNING blob_id)"
		" SELECT coalesce(array_agg(blob_id), '{}') FROM gone"},
	[QUERY_PURGE_LOCK_BLOBS] =
	{true, {INT8OID, INT8ARRAYOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2)"
		" ORDER BY blob_id FOR UPDATE"},
	[QUERY_STORE_PROPS] =
	{true, {INT8OID},
		"SELECT props, name, owner, created_at FROM msgstore.store"
		" WHERE store_id = $1"},
	[QUERY_STORE_SET_PROPS] =
	{true, {INT8OID, JSONBOID},
		"UPDATE msgstore.store SET props = $2 WHERE store_id = $1"},
	[QUERY_MESSAGE_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.message"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_CHANGE_REQUESTED] =
	{false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT c.message_id, c.change_number FROM msgstore.change c"
		" JOIN msgstore.author a USING (author_id)"
		" WHERE c.store_id = $1 AND c.request = $2 AND a.role = $3"
		" AND CASE WHEN $4 IS NULL THEN c.kind = 'c'"
		" ELSE c.message_id = $4 END"},
	[QUERY_AUTHOR_INSERT] =
	{true, {INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.author (author_id, hash, role, actor, client)"
		" VALUES ($1, $2, $3, $4, $5)"},
	[QUERY_ORIGINAL_SIZE] =
	{false, {INT8OID, INT8OID},
		"SELECT coalesce(max(\"offset\" + octet_length(bytes)), -1)"
		" FROM msgstore.original WHERE store_id = $1 AND message_id = $2"},
	[QUERY_ORIGINAL_READ] =
	{false, {INT8OID, INT8OID, INT8OID, INT8OID},
		"SELECT substr(bytes, greatest(1, $3 - \"offset\" + 1)::int4)"
		" FROM msgstore.original WHERE store_id = $1 AND message_id = $2"
		" AND \"offset\" + octet_length(bytes) > $3 AND \"offset\" < $3 + $4"
		" ORDER BY \"offset\""},
	[QUERY_ORIGINAL_WRITE] =
	{true, {INT8OID, INT8OID, INT8OID, BYTEAOID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $1, $2, $3, $4 FROM msgstore.message AS m"
		" WHERE store_id = $1 AND message_id = $2"
		" AND (SELECT keep_originals FROM msgstore.store WHERE store_id = $1)"
		" AND $3 = (SELECT coalesce(max(o.\"offset\" + octet_length(o.bytes)), 0)"
		" FROM msgstore.original AS o"
		" WHERE o.store_id = $1 AND o.message_id = $2)"
		" FOR KEY SHARE OF m"
		" RETURNING \"offset\" + octet_length(bytes)"},
	[QUERY_ORIGINAL_STORE] =
	{true, {INT8OID, INT8OID, INT8OID, BYTEAOID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $1, $2, $3, $4 FROM msgstore.store"
		" WHERE store_id = $1 AND keep_originals"},
	[QUERY_ORIGINAL_KEPT] =
	{false, {INT8OID},
		"SELECT store_id FROM msgstore.store"
		" WHERE store_id = $1 AND keep_originals"},
	[QUERY_ORIGINAL_COPY] =
	{true, {INT8OID, INT8OID, INT8OID, INT8OID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $3, $4, \"offset\", bytes FROM msgstore.original"
		" WHERE store_id = $1 AND message_id = $2 AND ($1 = $3"
		" OR (SELECT keep_originals FROM msgstore.store WHERE store_id = $3))"},
	[QUERY_ORIGINAL_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.original"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_PARKED_INSERT] =
	{true, {INT8OID, INT8OID, TEXTOID, INT8OID, INT8OID, INT8OID, JSONBOID,
			TEXTOID, JSONBOID, JSONBOID, JSONBOID, TEXTOID, TEXTOID, BYTEAOID,
			BYTEAOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
		"INSERT INTO msgstore.parked_draft AS p"
		" (store_id, parked_id, role, message_id, folder_id,"
		" base_change_number, defaults, touched, props, recipients,"
		" attachments, headers, body, html, rtf, actor, client, parked_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
		" $14, $15, $16, $17, clock_timestamp())"
		" ON CONFLICT (store_id, parked_id) DO UPDATE SET"
		" message_id = excluded.message_id, folder_id = excluded.folder_id,"
		" base_change_number = excluded.base_change_number,"
		" defaults = excluded.defaults, touched = excluded.touched,"
		" props = excluded.props, recipients = excluded.recipients,"
		" attachments = excluded.attachments, headers = excluded.headers,"
		" body = excluded.body, html = excluded.html, rtf = excluded.rtf,"
		" actor = excluded.actor, client = excluded.client, parked_at ="
		" greatest(excluded.parked_at, p.parked_at + interval '1 microsecond')"
		" WHERE p.parked_at = $18"
		" RETURNING p.parked_at"},
	[QUERY_PARKED_READ] =
	{false, {INT8OID, INT8OID, TEXTOID},
		"SELECT message_id, folder_id, base_change_number, defaults, touched,"
		" props, recipients, attachments, headers, body, html, rtf, parked_at,"
		" change_key IS NOT NULL FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND (role = $3 OR change_key IS NOT NULL)"},
	[QUERY_PARKED_DELETE] =
	{true, {INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND ($3 IS NULL OR role = $3)"
		" AND ($4 IS NULL OR parked_at = $4)"
		" RETURNING message_id, change_key IS NOT NULL"},
	/*
	 * The newest change of a message has rank 1.  The base of a parked draft
	 * may be the oldest version, whose own change has been pruned already.
	 * Then the change that leads back to the base ("previous") is the oldest
	 * one to keep.
	 */
	[QUERY_PRUNE] =
	{true, {INT8OID, INT8OID, INT4OID},
		"WITH ids AS MATERIALIZED ("
		" SELECT DISTINCT message_id FROM msgstore.change"
		" WHERE store_id = $1 AND message_id > $2"
		" ORDER BY message_id LIMIT $3"
		"), ranked AS MATERIALIZED ("
		" SELECT c.message_id, c.change_number, c.previous, c.changed_at,"
		" row_number() OVER (PARTITION BY c.message_id"
		" ORDER BY c.changed_at DESC, c.change_number DESC) AS rank"
		" FROM msgstore.change c JOIN ids USING (message_id)"
		" WHERE c.store_id = $1"
		"), parked AS ("
		" SELECT r.message_id, max(r.rank) AS rank"
		" FROM ranked r JOIN msgstore.parked_draft p"
		" ON p.store_id = $1 AND p.message_id = r.message_id"
		" AND p.base_change_number IN (r.change_number, r.previous)"
		" AND msgstore_internal.role_may_edit(p.store_id,"
		" (SELECT m.folder_id FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id = p.message_id), p.role)"
		" GROUP BY r.message_id"
		"), pruned AS ("
		" DELETE FROM msgstore.change c"
		" USING msgstore.store s, ranked r LEFT JOIN parked k USING (message_id)"
		" WHERE s.store_id = $1 AND c.store_id = $1"
		" AND c.message_id = r.message_id"
		" AND c.change_number = r.change_number"
		" AND (s.keep_age IS NOT NULL OR s.keep_count IS NOT NULL)"
		" AND r.rank > greatest(coalesce(s.keep_count, 1), coalesce(k.rank, 1))"
		" AND r.changed_at < now() - CASE"
		" WHEN s.keep_age > interval '4000 years' THEN interval '4000 years'"
		" ELSE greatest(s.keep_age, interval '1 day') END"
		" RETURNING c.kind, c.incarnation, coalesce(c.late_xid, c.xid) AS xid,"
		" " UNDO_BYTES("c") " AS bytes"
		"), placed AS ("
		" SELECT incarnation, xid FROM pruned"
		" WHERE kind IN ('m', 'h') ORDER BY incarnation DESC, xid DESC LIMIT 1"
		"), noted AS ("
		" UPDATE msgstore.store s SET pruned_incarnation = p.incarnation,"
		" pruned_xid = p.xid FROM placed p WHERE s.store_id = $1"
		" AND (s.pruned_incarnation IS NULL OR (p.incarnation, p.xid)"
		" > (s.pruned_incarnation, s.pruned_xid))"
		")"
		" SELECT (SELECT max(message_id) FROM ids), count(*),"
		" coalesce(sum(bytes), 0)::bigint FROM pruned"},
	/* an uploader is a backend, identified by its pid and start time */
	[QUERY_BLOB_INSERT] =
	{true, {INT8OID, INT8OID, INT8OID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID},
		"INSERT INTO msgstore.blob"
		" (store_id, blob_id, size, sealed, is_text, uploader_pid,"
		" uploader_start, created_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())"},
	/* no session owns a blob that has a creator */
	[QUERY_BLOB_CREATE] =
	{true, {INT8OID, INT8OID, BOOLOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.blob"
		" (store_id, blob_id, size, sealed, is_text, uploader_pid,"
		" uploader_start, created_at, creator, actor)"
		" VALUES ($1, $2, 0, false, $3, 0, now(), clock_timestamp(), $4, $5)"},
	[QUERY_BLOB_WRITABLE] =
	{true, {INT8OID, INT8OID, TEXTOID},
		"SELECT size, is_text FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 AND creator = $3"
		" AND NOT sealed FOR NO KEY UPDATE"},
	[QUERY_BLOB_RESIZE] =
	{true, {INT8OID, INT8OID, INT8OID},
		"UPDATE msgstore.blob SET size = $3"
		" WHERE store_id = $1 AND blob_id = $2"},
	[QUERY_BLOB_READABLE] =
	{false, {INT8OID, INT8OID, INT8OID, TEXTOID},
		"SELECT b.size FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND (b.creator = $4 OR"
		" EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2 AND r.message_id = $3"
		" AND (r.draft_of IS NULL OR r.draft_of = $4)))"},
	[QUERY_BLOB_UNSEALED] =
	{false, {INT8OID, INT8OID, INT4OID, TIMESTAMPTZOID, BOOLOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 AND NOT sealed"
		" AND uploader_pid = $3 AND uploader_start = $4 AND is_text = $5"},
	[QUERY_BLOB_REFERRED] =
	{false, {INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND (b.creator = $5 OR"
		" EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2"
		" AND r.message_id IN ($3, $4)"
		" AND (r.draft_of IS NULL OR r.draft_of = $5)))"},
	[QUERY_BLOB_AS_CLAIMED] =
	{false, {INT8OID, INT8OID, INT8OID, BOOLOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND b.is_text = $4"
		" AND $3 = CASE WHEN b.sealed THEN b.size ELSE"
		" (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
		" WHERE c.store_id = $1 AND c.blob_id = $2) END"},
	[QUERY_BLOB_COPY] =
	{true, {INT8OID, INT8OID, INT8OID, INT4OID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" SELECT store_id, $3, chunk_number, bytes FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number < $4"},
	/*
	 * Lock a sealed blob against the sweeper: a blob of the message or of its
	 * source, an upload that was sealed by the save of another message, or a
	 * blob that the role has created without a handle.
	 */
	[QUERY_BLOB_KEEP] =
	{true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID, BOOLOID,
			TEXTOID},
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
	[QUERY_BLOB_SEAL] =
	{true, {INT8OID, INT8OID, INT8OID, BOOLOID, INT4OID, TIMESTAMPTZOID,
			BOOLOID, TEXTOID},
		"UPDATE msgstore.blob b SET sealed = true, size = $3"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND NOT b.sealed"
		" AND b.is_text = $4"
		" AND (b.creator = $8"
		" OR ($7 AND b.uploader_pid = $5 AND b.uploader_start = $6))"
		" AND $3 = (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
		" WHERE c.store_id = $1 AND c.blob_id = $2)"},
	[QUERY_BLOB_REFER] =
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID},
		"INSERT INTO msgstore.blob_ref AS r"
		" (store_id, blob_id, message_id, draft_of) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, message_id) DO UPDATE SET draft_of ="
		" CASE WHEN r.draft_of IS NOT NULL THEN excluded.draft_of END"},
	[QUERY_BLOB_DELETE] =
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND NOT sealed"
		" AND uploader_pid = $3 AND uploader_start = $4"},
	[QUERY_BLOB_LET_GO] =
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"UPDATE msgstore.blob SET uploader_pid = 0"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND sealed"
		" AND uploader_pid = $3 AND uploader_start = $4"},
	/* lock blobs against the sweeper until they are entered in blob_hold */
	[QUERY_HOLD_LOCK] =
	{true, {INT8OID, INT8ARRAYOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2) FOR KEY SHARE"},
	[QUERY_HOLD_INSERT] =
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"INSERT INTO msgstore.blob_hold"
		" (store_id, blob_id, holder_pid, holder_start)"
		" SELECT $1, b, $3, $4 FROM unnest($2) b ON CONFLICT DO NOTHING"},
	[QUERY_HOLD_DELETE] =
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.blob_hold"
		" WHERE store_id = $1 AND blob_id = ANY ($2)"
		" AND holder_pid = $3 AND holder_start = $4"},
	[QUERY_CHUNK_READ] =
	{false, {INT8OID, INT8OID, INT4OID},
		"SELECT bytes FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number = $3"},
	[QUERY_CHUNK_WRITE] =
	{true, {INT8OID, INT8OID, INT4OID, BYTEAOID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, chunk_number)"
		" DO UPDATE SET bytes = excluded.bytes"},
	[QUERY_CHUNK_DELETE] =
	{true, {INT8OID, INT8OID, INT4OID},
		"DELETE FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 AND chunk_number >= $3"},
	/* blobs_used() is called once per message, not once per blob */
	[QUERY_SWEEP_LOCK_REFS] =
	{true, {INT8OID},
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
	[QUERY_SWEEP_REFS] =
	{true, {INT8OID, INT8ARRAYOID, INT8ARRAYOID},
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
	[QUERY_SWEEP_HOLDS] =
	{true, {INT8OID},
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
	[QUERY_SWEEP_LOCK_BLOBS] =
	{true, {INT8OID},
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
	[QUERY_SWEEP_BLOBS] =
	{true, {INT8OID, INT8ARRAYOID},
		"DELETE FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = ANY ($2)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = b.blob_id)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_hold h"
		" WHERE h.store_id = $1 AND h.blob_id = b.blob_id)"},
	/*
	 * Each of the next three statements reads the first row from a point on in
	 * the order of one index, and no other index has that order: see
	 * plan_by_index().
	 */
	[QUERY_NAMED_FIND] =
	{false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT id::bigint FROM"
		" (SELECT property_id AS id, lid FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_set = $2 AND lid >= $3"
		" ORDER BY lid LIMIT 1) AS by_lid WHERE lid = $3"
		" UNION ALL"
		" SELECT id::bigint FROM"
		" (SELECT property_id AS id, name FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_set = $2 AND name >= $4"
		" ORDER BY name LIMIT 1) AS by_name WHERE name = $4"},
	[QUERY_NAMED_READ] =
	{false, {INT8OID, INT4OID},
		"SELECT property_set, lid, name FROM"
		" (SELECT property_set, lid, name, property_id"
		" FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_id >= $2"
		" ORDER BY property_id LIMIT 1) AS by_id WHERE property_id = $2"},
	[QUERY_NAMED_NEXT] =
	{false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT coalesce((SELECT property_id + 1 FROM msgstore.named_property"
		" WHERE store_id = $1 ORDER BY property_id DESC LIMIT 1),"
		" 32768)::bigint"},
	[QUERY_NAMED_INSERT] =
	{true, {INT8OID, UUIDOID, INT8OID, TEXTOID, INT8OID},
		"INSERT INTO msgstore.named_property"
		" (store_id, property_set, lid, name, property_id)"
		" VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT DO NOTHING"},
	/*
	 * The children of a row that was deleted: the name of one table that has
	 * any.  Marked as writes to be run in a command of their own, which sees
	 * the deletions of the statement that fired the trigger.
	 */
	[QUERY_STORE_CHILD] =
	{true, {INT8OID, INT8OID},
		"SELECT 'folder' FROM msgstore.folder WHERE store_id = $1"
		" UNION ALL SELECT 'message' FROM msgstore.message"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'named_property' FROM msgstore.named_property"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'parked_draft' FROM msgstore.parked_draft"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'blob' FROM msgstore.blob WHERE store_id = $1"
		" LIMIT 1"},
	[QUERY_FOLDER_CHILD] =
	{true, {INT8OID, INT8OID},
		"SELECT 'message' FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2"
		" UNION ALL SELECT 'folder' FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 LIMIT 1"},
	[QUERY_BLOB_CHUNKS_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2"},
	[QUERY_BLOB_CHILD] =
	{true, {INT8OID, INT8OID},
		"SELECT 'blob_ref' FROM msgstore.blob_ref"
		" WHERE store_id = $1 AND blob_id = $2"
		" UNION ALL SELECT 'blob_chunk' FROM msgstore.blob_chunk"
		" WHERE store_id = $1 AND blob_id = $2 LIMIT 1"},
	/* from the primary keys, store by store; no scan of a table of messages */
	[QUERY_LARGEST_IDS] =
	{false, {INT8OID, INT8OID},
		"SELECT max(s.store_id) FILTER (WHERE s.store_id BETWEEN $1 AND $2),"
		" max(l.folder_id), max(l.message_id), max(l.parked_id),"
		" max(l.blob_id),"
		" greatest((SELECT 0::bigint FROM msgstore.change LIMIT 1),"
		" (SELECT max(incarnation) FROM msgstore.incarnation)),"
		" (SELECT max(began_at) FROM msgstore.incarnation)"
		" FROM msgstore.store s, LATERAL (SELECT"
		" (SELECT max(f.folder_id) FROM msgstore.folder f"
		" WHERE f.store_id = s.store_id AND f.folder_id BETWEEN $1 AND $2)"
		" AS folder_id,"
		" greatest((SELECT max(m.message_id) FROM msgstore.message m"
		" WHERE m.store_id = s.store_id AND m.message_id BETWEEN $1 AND $2),"
		" (SELECT max(c.message_id) FROM msgstore.change c"
		" WHERE c.store_id = s.store_id AND c.message_id BETWEEN $1 AND $2),"
		" (SELECT max(p.message_id) FROM msgstore.parked_draft p"
		" WHERE p.store_id = s.store_id AND p.message_id BETWEEN $1 AND $2))"
		" AS message_id,"
		" (SELECT max(p.parked_id) FROM msgstore.parked_draft p"
		" WHERE p.store_id = s.store_id AND p.parked_id BETWEEN $1 AND $2)"
		" AS parked_id,"
		" (SELECT max(b.blob_id) FROM msgstore.blob b"
		" WHERE b.store_id = s.store_id AND b.blob_id BETWEEN $1 AND $2)"
		" AS blob_id) l"},
	[QUERY_NEWEST_CHANGE] =
	{false, {InvalidOid},
		"SELECT max(changed_at) FROM msgstore.change"},
	[QUERY_INCARNATION_INSERT] =
	{true, {INT8OID, INT4OID, INT8OID, INT8OID, UUIDOID, INT8OID,
			COMPAT_PG_LSN_OID, TIMESTAMPTZOID, XID8OID},
		"INSERT INTO msgstore.incarnation"
		" (incarnation, node_number, message_id, folder_id, replica_guid,"
		" system_identifier, wal_position, began_at, written_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"},
	/*
	 * Read flags.  The statements have the parameters of state.c, R_*.  Pages
	 * and marks are locked in the order of their keys.
	 */
	[QUERY_READ_PAGES] =
	{true, {INT8OID, TEXTOID, TEXTOID, INT8ARRAYOID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_page AS p"
		" (store_id, role, actor, page, known, is_read)"
		" SELECT $1, $2, $3, t.page, t.ids,"
		" CASE WHEN $5 THEN t.ids ELSE 0::bit(1024) END"
		" FROM (SELECT i >> 10 AS page,"
		" bit_or(set_bit(0::bit(1024), (i & 1023)::integer, 1)) AS ids"
		" FROM unnest($4) i GROUP BY 1 ORDER BY 1) t"
		" ON CONFLICT (store_id, role, actor, page) DO UPDATE SET"
		" known = p.known | excluded.known, is_read ="
		" CASE WHEN $5 THEN p.is_read | excluded.known"
		" ELSE p.is_read & ~ excluded.known END"},
	[QUERY_READ_MARKS] =
	{true, {INT8OID, TEXTOID, TEXTOID, INT8ARRAYOID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_mark AS r"
		" (store_id, message_id, role, actor, receipts, changed_at,"
		" incarnation, xid, number)"
		" SELECT $1, i, $2, $3, $7, $8, $9, pg_current_xact_id(), $10"
		" FROM unnest($4) i ORDER BY i"
		" ON CONFLICT (store_id, message_id, role, actor) DO UPDATE SET"
		" receipts = r.receipts | excluded.receipts, changed_at ="
		" greatest(excluded.changed_at, r.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	/* for the messages whose sender has asked for a receipt */
	[QUERY_READ_FOLDER_RECEIPTS] =
	{true, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_mark AS r"
		" (store_id, message_id, role, actor, receipts, changed_at,"
		" incarnation, xid, number)"
		" SELECT $1, t.message_id, $2, $3, t.receipts, $8, $9,"
		" pg_current_xact_id(), $10"
		" FROM (SELECT m.message_id, $7 | CASE WHEN $11 AND"
		" get_bit(p.is_read, (m.message_id & 1023)::integer) = 1"
		" THEN 1 ELSE 0 END AS receipts"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($6 OR m.creator = $2)"
		" AND (m.props->>'PR_READ_RECEIPT_REQUESTED' = 'true'"
		" OR m.props->>'PR_NON_RECEIPT_NOTIFICATION_REQUESTED' = 'true')) t"
		" WHERE t.receipts <> 0 ORDER BY t.message_id"
		" ON CONFLICT (store_id, message_id, role, actor) DO UPDATE SET"
		" receipts = r.receipts | excluded.receipts, changed_at ="
		" greatest(excluded.changed_at, r.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	[QUERY_READ_FOLDER_PAGES] =
	{true, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_page AS p"
		" (store_id, role, actor, page, known, is_read, folder_read_at)"
		" SELECT $1, $2, $3, t.page, t.ids,"
		" CASE WHEN $5 THEN t.ids ELSE 0::bit(1024) END, $8"
		" FROM (SELECT m.message_id >> 10 AS page,"
		" bit_or(set_bit(0::bit(1024), (m.message_id & 1023)::integer, 1))"
		" AS ids"
		" FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($6 OR m.creator = $2)"
		" GROUP BY 1 ORDER BY 1) t"
		" ON CONFLICT (store_id, role, actor, page) DO UPDATE SET"
		" known = p.known | excluded.known, is_read ="
		" CASE WHEN $5 THEN p.is_read | excluded.known"
		" ELSE p.is_read & ~ excluded.known END,"
		" folder_read_at = greatest(excluded.folder_read_at,"
		" p.folder_read_at + interval '1 microsecond')"
		" WHERE (p.known & excluded.known) <> excluded.known"
		" OR (p.is_read & excluded.known) <> excluded.is_read"},
	[QUERY_READ_FOLDER] =
	{true, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_folder AS f"
		" (store_id, folder_id, role, actor, is_read, changed_at,"
		" incarnation, xid, number)"
		" VALUES ($1, $4, $2, $3, $5, $8, $9, pg_current_xact_id(), $10)"
		" ON CONFLICT (store_id, folder_id, role, actor) DO UPDATE SET"
		" is_read = excluded.is_read, changed_at ="
		" greatest(excluded.changed_at, f.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	/* messages of a folder; pages in which a user has read something */
	[QUERY_READ_EXTENT] =
	{false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT (SELECT coalesce(sum(messages), 0)::bigint"
		" FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $4), (SELECT count(*)"
		" FROM msgstore.read_page"
		" WHERE store_id = $1 AND role = $2 AND actor = $3"
		" AND is_read <> 0::bit(1024))"},
	/* all messages but those that were read, and those created as read */
	[QUERY_READ_COUNT_PAGES] =
	{false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT (SELECT coalesce(sum(messages), 0)::bigint"
		" FROM msgstore.folder_count WHERE store_id = $1 AND folder_id = $4)"
		" - (SELECT count(*)"
		" FROM msgstore.read_page p, LATERAL ("
		"SELECT m.message_id FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id >= p.page << 10"
		" AND m.message_id < (p.page + 1) << 10 AND m.folder_id = $4"
		" AND m.deleted_at IS NULL AND (m.message_flags & 64) = 0"
		" OFFSET 0) m"
		" WHERE p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.is_read <> 0::bit(1024)"
		" AND get_bit(p.is_read, (m.message_id & 1023)::integer) = 1)"
		" - (SELECT count(*)"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.creator = $2"
		" AND m.deleted_at IS NULL AND (m.message_flags & 65) = 1"
		" AND coalesce(m.creator_actor, '') = $3 AND (p.known IS NULL"
		" OR get_bit(p.known, (m.message_id & 1023)::integer) = 0))"},
	[QUERY_READ_COUNT] =
	{false, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID},
		"SELECT count(*)"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($5 OR m.creator = $2)"
		" AND CASE WHEN get_bit(p.known, (m.message_id & 1023)::integer) = 1"
		" THEN get_bit(p.is_read, (m.message_id & 1023)::integer) = 0"
		" ELSE NOT ((m.message_flags & 1) = 1 AND m.creator = $2"
		" AND coalesce(m.creator_actor, '') = $3) END"},
	[QUERY_STATUS_SET] =
	{true, {INT8OID, INT8OID, INT4OID, INT4OID, TIMESTAMPTZOID, INT8OID,
			INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.message_status AS s"
		" (store_id, message_id, status, replaced, changed_at, incarnation,"
		" xid, number, role, actor)"
		" VALUES ($1, $2, $3 & $4, 0, $5, $6, pg_current_xact_id(), $7, $8, $9)"
		" ON CONFLICT (store_id, message_id) DO UPDATE SET"
		" status = (s.status & ~ $4) | ($3 & $4), replaced = s.status,"
		" changed_at ="
		" greatest(excluded.changed_at, s.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number, role = excluded.role,"
		" actor = excluded.actor"
		" RETURNING s.replaced::bigint"},
	/* the own row of a ttl of zero is deleted too */
	[QUERY_EDITING_PRUNE] =
	{true, {INT8OID, INT8OID, INTERVALOID, INT4OID, TEXTOID, TEXTOID, TEXTOID},
		"DELETE FROM msgstore.editing e USING ("
		" SELECT d.message_id, d.pid, d.role, d.actor FROM msgstore.editing d"
		" WHERE d.store_id = $1 AND (d.good_until <= clock_timestamp()"
		" OR ($3 = interval '0' AND d.message_id = $2 AND d.pid = $4"
		" AND d.role = $5 AND d.actor = $6))"
		" FOR UPDATE SKIP LOCKED) dead"
		" WHERE e.store_id = $1 AND e.message_id = dead.message_id"
		" AND e.pid = dead.pid AND e.role = dead.role"
		" AND e.actor = dead.actor"},
	[QUERY_EDITING_INSERT] =
	{true, {INT8OID, INT8OID, INTERVALOID, INT4OID, TEXTOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.editing AS e"
		" (store_id, message_id, pid, role, actor, client, since, good_until)"
		" SELECT $1, $2, $4, $5, $6, $7, clock_timestamp(),"
		" clock_timestamp() + $3 WHERE $3 > interval '0'"
		" ON CONFLICT (store_id, message_id, pid, role, actor) DO UPDATE SET"
		" client = excluded.client, good_until = excluded.good_until"},
	[QUERY_EDITING_READ] =
	{false, {INT8OID, INT8OID},
		"SELECT role, nullif(actor, ''), client, min(since), max(good_until)"
		" FROM msgstore.editing"
		" WHERE store_id = $1 AND message_id = $2"
		" AND good_until > clock_timestamp()"
		" GROUP BY role, actor, client ORDER BY 4, 1, 2, 3"},
	[QUERY_OUTGOING_INSERT] =
	{true, {INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.outgoing"
		" (store_id, message_id, due_at, role, actor, attempt)"
		" VALUES ($1, $2, $3, $4, $5, 0)"
		" ON CONFLICT (store_id, message_id) DO UPDATE SET"
		" due_at = excluded.due_at, role = excluded.role,"
		" actor = excluded.actor, attempt = 0, claim = NULL,"
		" claimed_by = NULL, claimed_until = NULL, failed_at = NULL,"
		" detail = NULL"},
	[QUERY_OUTGOING_LOCK] =
	{true, {INT8OID, INT8OID},
		"SELECT CASE WHEN claimed_until > clock_timestamp() THEN claim"
		" ELSE 0 END FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2 AND failed_at IS NULL"
		" FOR UPDATE"},
	[QUERY_OUTGOING_CLAIM] =
	{true, {INT8OID, INT4OID, INTERVALOID, INT8OID, TEXTOID},
		"WITH picked AS MATERIALIZED ("
		" SELECT o.message_id FROM msgstore.outgoing o"
		" WHERE o.store_id = $1 AND o.failed_at IS NULL"
		" AND o.due_at <= clock_timestamp()"
		" AND (o.claimed_until IS NULL"
		" OR o.claimed_until <= clock_timestamp())"
		" AND EXISTS (SELECT 1 FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id = o.message_id"
		" AND m.deleted_at IS NULL AND m.submitted_at IS NOT NULL)"
		" ORDER BY o.due_at, o.message_id LIMIT $2"
		" FOR UPDATE OF o SKIP LOCKED"
		"), claimed AS ("
		" UPDATE msgstore.outgoing o SET claim = $4, claimed_by = $5,"
		" claimed_until = clock_timestamp() + $3, attempt = o.attempt + 1"
		" FROM picked p WHERE o.store_id = $1"
		" AND o.message_id = p.message_id"
		" RETURNING o.message_id, o.claim, o.attempt, o.due_at)"
		" SELECT c.message_id, m.change_number, c.claim, c.attempt"
		" FROM claimed c JOIN msgstore.message m"
		" ON m.store_id = $1 AND m.message_id = c.message_id"
		" ORDER BY c.due_at, c.message_id"},
	/* the following have the parameters of finish_submit() */
	[QUERY_OUTGOING_CLAIMED] =
	{true, {INT8OID, INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2 AND claim = $3"
		" AND failed_at IS NULL AND claimed_until > clock_timestamp()"
		" FOR UPDATE"},
	[QUERY_OUTGOING_RETRY] =
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID, INTERVALOID},
		"UPDATE msgstore.outgoing SET claim = NULL, claimed_by = NULL,"
		" claimed_until = NULL, detail = $4, due_at = clock_timestamp() +"
		" coalesce($5, interval '0')"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_OUTGOING_FAIL] =
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID, INTERVALOID},
		"UPDATE msgstore.outgoing SET claim = NULL, claimed_by = NULL,"
		" claimed_until = NULL, detail = $4, failed_at = clock_timestamp()"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_OUTGOING_DELETE] =
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2"},
	[QUERY_FOLDER_KNOWN] =
	{false, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.folder_change"
		" WHERE store_id = $1 AND folder_id = $2 LIMIT 1"},
	[QUERY_IMPORTED_FIND] =
	{false, {INT8OID, BOOLOID, BYTEAOID},
		"SELECT object_id FROM msgstore.imported"
		" WHERE store_id = $1 AND is_folder = $2 AND source_key = $3"},
	[QUERY_IMPORTED_KEY] =
	{false, {INT8OID, BOOLOID, INT8OID},
		"SELECT source_key FROM msgstore.imported"
		" WHERE store_id = $1 AND is_folder = $2 AND object_id = $3"
		" AND NOT is_alias"},
	[QUERY_IMPORTED_INSERT] =
	{true, {INT8OID, BOOLOID, BYTEAOID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.imported"
		" (store_id, is_folder, source_key, object_id, is_alias)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"},
	[QUERY_PARKED_LOSER] =
	{true, {INT8OID, INT8OID, BYTEAOID, INT8OID},
		"UPDATE msgstore.parked_draft SET change_key = $3"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND message_id = $4"},
	[QUERY_PARKED_LOSERS] =
	{false, {INT8OID, INT8OID, BYTEAOID},
		"SELECT parked_id FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND message_id = $2"
		" AND CASE WHEN $3 IS NULL THEN change_key IS NOT NULL"
		" ELSE change_key = $3 END LIMIT 1"},
	[QUERY_SYNC_READ] =
	{false, {INT8OID, TEXTOID, TEXTOID},
		"SELECT token, again, folders_again FROM msgstore.sync_position"
		" WHERE store_id = $1 AND peer = $2 AND role = $3"},
	[QUERY_SYNC_WRITE] =
	{true, {INT8OID, TEXTOID, TEXTOID, TEXTOID, INT8ARRAYOID, INT8ARRAYOID},
		"INSERT INTO msgstore.sync_position"
		" (store_id, peer, role, token, again, folders_again, updated_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())"
		" ON CONFLICT (store_id, peer, role) DO UPDATE SET"
		" token = excluded.token, again = excluded.again,"
		" folders_again = excluded.folders_again,"
		" updated_at = excluded.updated_at"},
	/* the blobs of a message that may be equal to one of another store */
	[QUERY_MESSAGE_BLOBS] =
	{false, {INT8OID, INT8OID, INT8OID},
		"SELECT b.blob_id, b.is_text FROM msgstore.blob_ref r"
		" JOIN msgstore.blob b USING (store_id, blob_id)"
		" WHERE r.store_id = $1 AND r.message_id = $2 AND b.size = $3"
		" AND b.sealed"},
	[QUERY_BLOB_DIGEST] =
	{false, {INT8OID, INT8OID},
		"SELECT encode(sha256(coalesce(string_agg(sha256(c.bytes), ''::bytea"
		" ORDER BY c.chunk_number), ''::bytea)), 'hex'),"
		" coalesce((SELECT b.is_text FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2), false)"
		" FROM msgstore.blob_chunk c WHERE c.store_id = $1 AND c.blob_id = $2"},
	[QUERY_FEED_PRUNED] =
	{false, {INT8OID},
		"SELECT pruned_incarnation, pruned_xid FROM msgstore.store"
		" WHERE store_id = $1 AND pruned_xid IS NOT NULL"},
	[QUERY_FEED_FOLDERS] =
	{false, {INT8OID, INT8OID, INT8OID, INT8OID},
		"SELECT folder_id, change_number, modifier, modified_at"
		" FROM msgstore.folder WHERE store_id = $1 AND folder_id > $2"
		" AND deleted_at IS NULL AND ($4 IS NULL OR folder_id = $4)"
		" ORDER BY folder_id LIMIT $3"},
	[QUERY_FEED_MESSAGES] =
	{false, {INT8OID, INT8OID, INT8OID, INT8OID},
		"SELECT message_id, change_number, modifier, modified_at, folder_id,"
		" creator FROM msgstore.message"
		" WHERE store_id = $1 AND message_id > $2"
		" AND deleted_at IS NULL AND ($4 IS NULL OR folder_id = $4)"
		" ORDER BY message_id LIMIT $3"},
	/*
	 * A page of the feed, from five tables.  The arrays are segments of the
	 * order in which new changes can be (feed.c): each begins after the place
	 * ($2, $3, $4, $5) and ends with the transaction ($6, $7).  New is what
	 * snapshot $9 sees, and for incarnations up to $10 what $8 does not see.
	 * Last come the changes that stand in no segment because they were placed
	 * by a transaction that $8 sees.
	 */
	[QUERY_FEED_PAGE] =
	{false, {INT8OID, INT8ARRAYOID, XID8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
			INT8ARRAYOID, XID8ARRAYOID, PG_SNAPSHOTOID, PG_SNAPSHOTOID,
			INT8OID, INT8OID, TEXTOID, TEXTOID, XID8ARRAYOID, XID8OID,
			INT8OID, XID8OID, INT8OID},
		"WITH s AS MATERIALIZED ("
		" SELECT * FROM unnest($2, $3, $4, $5, $6, $7)"
		" AS s(incarnation, xid, number, id, last_incarnation, last_xid)"
		") SELECT source, message_id, folder_id, number, incarnation, xid,"
		" kind, changed_by, client, changed_at, properties, is_first FROM ("
		" SELECT 'c'::\"char\" AS source, t.message_id,"
		" NULL::bigint AS folder_id, t.number, t.incarnation, t.xid,"
		" NULL AS kind, NULL AS changed_by, NULL AS client,"
		" NULL::timestamptz AS changed_at, NULL::text[] AS properties,"
		" false AS is_first"
		" FROM s, LATERAL (SELECT c.message_id, c.change_number AS number,"
		" c.incarnation, c.xid FROM msgstore.change c WHERE c.store_id = $1"
		FEED_SEGMENT("c", "c.change_number")
		FEED_NEW("coalesce(c.late_xid, c.xid)", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.change_number LIMIT $11) t"
		" UNION ALL"
		" SELECT 'f', NULL, t.folder_id, t.number, t.incarnation, t.xid,"
		FEED_FOLDER_KIND
		" FROM s, LATERAL (SELECT c.*, c.change_number AS number"
		" FROM msgstore.folder_change c WHERE c.store_id = $1"
		FEED_SEGMENT("c", "c.change_number")
		FEED_NEW("coalesce(c.late_xid, c.xid)", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.change_number LIMIT $11) t"
		" UNION ALL"
		" SELECT 'r', t.message_id, NULL, t.number, t.incarnation, t.xid,"
		" 'read', coalesce(nullif(t.actor, ''), t.role), NULL, t.changed_at,"
		" NULL, false"
		" FROM s, LATERAL (SELECT c.* FROM msgstore.read_mark c"
		" WHERE c.store_id = $1 AND c.role = $12 AND c.actor = $13"
		" AND (c.incarnation, c.xid, c.number, c.message_id)"
		" > (s.incarnation, s.xid, s.number, s.id)"
		" AND (c.incarnation, c.xid) <= (s.last_incarnation, s.last_xid)"
		FEED_NEW("c.xid", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.number, c.message_id"
		" LIMIT $11) t"
		" UNION ALL"
		" SELECT 'd', NULL, t.folder_id, t.number, t.incarnation, t.xid,"
		" 'read_folder', coalesce(nullif(t.actor, ''), t.role), NULL,"
		" t.changed_at, NULL, false"
		" FROM s, LATERAL (SELECT c.* FROM msgstore.read_folder c"
		" WHERE c.store_id = $1 AND c.role = $12 AND c.actor = $13"
		FEED_SEGMENT("c", "c.number")
		FEED_NEW("c.xid", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.number LIMIT $11) t"
		" UNION ALL"
		" SELECT 's', t.message_id, NULL, t.number, t.incarnation, t.xid,"
		" 'status', coalesce(t.actor, t.role), NULL, t.changed_at, NULL,"
		" false"
		" FROM s, LATERAL (SELECT c.* FROM msgstore.message_status c"
		" WHERE c.store_id = $1"
		FEED_SEGMENT("c", "c.number")
		FEED_NEW("c.xid", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.number LIMIT $11) t"
		" UNION ALL"
		" SELECT 'c', c.message_id, NULL, c.change_number, c.incarnation,"
		" c.xid, NULL, NULL, NULL, NULL, NULL, false FROM msgstore.change c"
		" WHERE c.store_id = $1" FEED_LATE
		" UNION ALL"
		" SELECT 'f', NULL, t.folder_id, t.change_number, t.incarnation,"
		" t.xid, " FEED_FOLDER_KIND
		" FROM (SELECT c.* FROM msgstore.folder_change c"
		" WHERE c.store_id = $1" FEED_LATE ") t"
		") u ORDER BY incarnation, xid, number, message_id LIMIT $11"},
	[QUERY_NODE_DELETE] =
	{true, {InvalidOid},
		"DELETE FROM msgstore.node"},
	[QUERY_NODE_INSERT] =
	{true, {INT4OID},
		"INSERT INTO msgstore.node (node_number) VALUES ($1)"}
};
/* INDENT ON */

static SPIPlanPtr plans[NUM_QUERIES];

/* Return true if a statement sees what the statement that calls us sees. */
static bool
sees_as_caller(QueryName which)
{
	return which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND ||
		which == QUERY_SEARCH_ALL || IsInParallelMode();
}

/*
 * Return true if one plan serves all values.  The planner expects more rows of
 * $2 than a search has, and would plan each search anew, which costs more than
 * the search for a rare word.
 */
static bool
is_planned_once(QueryName which)
{
	return which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND ||
		which == QUERY_SEARCH_ALL;
}

/*
 * Have a statement planned with the order of an index only.
 *
 * One call of a function can run the statements on named properties many
 * times, and every reader of the feed runs its statement all the time.  Their
 * plans must suit large tables even if the tables are empty when the plan is
 * made, when all indexes cost the same.  One folder can have most rows of the
 * table of counts when the plan is made, and few after they were folded.
 */
static void
plan_by_index(QueryName which)
{
	static const char *const named[] = {"enable_seqscan", "enable_sort", NULL};
	static const char *const feed[] = {"enable_seqscan", "enable_bitmapscan",
	"jit", NULL};
	static const char *const search[] = {"enable_seqscan", "jit", NULL};
	static const char *const count[] = {"enable_seqscan", NULL};
	const char *const *off = NULL;

	if (which == QUERY_NAMED_FIND || which == QUERY_NAMED_READ ||
		which == QUERY_NAMED_NEXT)
		off = named;
	else if (which == QUERY_FEED_PAGE || which == QUERY_FEED_MESSAGES)
		off = feed;
	else if (which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND)
		off = search;
	else if (which == QUERY_COUNT_READ || which == QUERY_COUNT_FOLD)
		off = count;
	for (; off != NULL && *off != NULL; off++)
		(void) set_config_option(*off, "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Run a statement and return the number of rows.
 *
 * In every isolation level a statement sees all rows that are committed by
 * now.  For example, a prune that has waited while a draft was parked must see
 * the draft.  A parallel query cannot take a new snapshot: there the statement
 * uses the active snapshot, and so does a search everywhere.
 */
uint64
query_run(QueryName which, Datum *values, const char *nulls)
{
	Oid			userid;
	int			security;
	int			guc_level;
	int			result;

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(relation_owner(), security |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	guc_level = NewGUCNestLevel();
	compat_restrict_search_path();
	plan_by_index(which);

	if (plans[which] == NULL)
	{
		SPIPlanPtr	plan;
		int			nargs = 0;
		Oid			types[MAX_ARGS];

		while (nargs < MAX_ARGS && OidIsValid(queries[which].types[nargs]))
		{
			types[nargs] = queries[which].types[nargs];
			nargs++;
		}
		plan = SPI_prepare_cursor(queries[which].sql, nargs, types,
								  is_planned_once(which) ?
								  CURSOR_OPT_GENERIC_PLAN : 0);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare statement %d", which);
		plans[which] = plan;
	}
	result = SPI_execute_snapshot(plans[which], values, nulls,
								  sees_as_caller(which) ?
								  GetActiveSnapshot() :
								  GetLatestSnapshot(), InvalidSnapshot,
								  !queries[which].writes,
								  queries[which].writes, 0);
	if (result < 0)
		elog(ERROR, "statement %d failed: %s", which,
			 SPI_result_code_string(result));

	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(userid, security);
	return SPI_processed;
}

int64
query_result_bigint(void)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
}
