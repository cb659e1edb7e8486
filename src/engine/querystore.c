/*-------------------------------------------------------------------------
 *
 * querystore.c
 *	  SQL statements on stores: rights, search, numbers, names, statistics.
 *
 *	  The rules are at the top of query.c, which runs the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"

#include "query.h"

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
/* INDENT OFF */
const Statement query_store_statements[] =
{
	{QUERY_STORE_READ, false, {INT8OID},
		"SELECT s.owner, s.replica_guid, s.rights_generation, s.wakeups,"
		" t.generation, c.oid, s.xmin FROM msgstore.store s"
		" LEFT JOIN msgstore.search_store t"
		" ON t.store_id = s.store_id AND t.is_searched"
		" LEFT JOIN (pg_catalog.pg_ts_config c"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace)"
		" ON c.cfgname = t.configuration AND n.nspname = t.schema"
		" WHERE s.store_id = $1"},
	{QUERY_SEARCH_SET, true, {INT8OID, BOOLOID, TEXTOID, TEXTOID, INT8OID},
		"INSERT INTO msgstore.search_store"
		" (store_id, is_searched, schema, configuration, generation)"
		" VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT (store_id) DO UPDATE SET is_searched = $2,"
		" schema = $3, configuration = $4, generation = $5,"
		" rebuilt_to = NULL, messages_total = NULL, messages_done = 0,"
		" started_at = NULL, is_complete = false"},
	{QUERY_SEARCH_START, true, {INT8OID},
		"UPDATE msgstore.search_store t SET started_at = clock_timestamp(),"
		" messages_done = 0, messages_total = (SELECT count(*)"
		" FROM msgstore.message m WHERE m.store_id = $1"
		" AND m.message_flags & 64 = 0) WHERE store_id = $1"
		" AND started_at IS NULL"},
	{QUERY_SEARCH_READ, true, {INT8OID},
		"SELECT coalesce(rebuilt_to, 0), is_complete, is_searched, generation"
		" FROM msgstore.search_store WHERE store_id = $1"},
	{QUERY_SEARCH_BATCH, true, {INT8OID, INT8OID, INT4OID},
		"SELECT message_id FROM msgstore.message"
		" WHERE store_id = $1 AND message_id > $2"
		" AND message_flags & 64 = 0 ORDER BY message_id LIMIT $3"},
	{QUERY_SEARCH_STEP, true, {INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID},
		"UPDATE msgstore.search_store SET"
		" rebuilt_to = greatest(rebuilt_to, $3),"
		" messages_done = messages_done + $4,"
		" is_complete = is_complete OR $5"
		" WHERE store_id = $1 AND generation = $2"},
	/* rows that no search reads, of a store that may not be searched now */
	{QUERY_SEARCH_CLEAR, true, {INT8OID, INT8OID, INT4OID},
		"WITH old AS MATERIALIZED ("
		" SELECT message_id, part FROM msgstore.message_search"
		" WHERE store_id = $1 AND message_id > $2"
		" ORDER BY message_id, part LIMIT $3"
		"), gone AS (DELETE FROM msgstore.message_search s USING old o"
		" WHERE s.store_id = $1 AND s.message_id = o.message_id"
		" AND s.part = o.part)"
		" SELECT max(message_id) - 1, count(*) FROM old"},
	{QUERY_SEARCH_RANK, false, {INT8OID, TSQUERYOID},
		/* the words of $2 are those of the store: no other index is of use */
		"SELECT array_agg(message_id), array_agg(ts_rank(words, $2)),"
		" array_agg(part)"
		" FROM msgstore.message_search"
		" WHERE words @@ $2 AND (store_id = $1) IS TRUE"},
	{QUERY_SEARCH_FIND, false, {INT8OID, TSQUERYOID, INT8OID},
		"SELECT array_agg(message_id) FROM (SELECT message_id"
		" FROM msgstore.message_search"
		" WHERE words @@ $2 AND (store_id = $1) IS TRUE LIMIT $3) s"},
	{QUERY_SEARCH_ALL, false, {INT8OID, INT8ARRAYOID},
		"SELECT array_agg(m.message_id) FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.deleted_at IS NULL"
		" AND m.message_flags & 64 = 0"
		" AND ($2 IS NULL OR m.folder_id = ANY ($2))"},
	{QUERY_STORE_INSERT, true, {INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.store"
		" (store_id, name, owner, replica_guid, created_at)"
		" VALUES ($1, $2, $3, gen_random_uuid(), now())"
		" ON CONFLICT DO NOTHING"},
	{QUERY_STORE_RETENTION, true, {INT8OID, INTERVALOID, INT4OID},
		"UPDATE msgstore.store SET keep_age = $2, keep_count = $3"
		" WHERE store_id = $1"},
	{QUERY_STORE_WAKEUPS, true, {INT8OID, BOOLOID},
		"UPDATE msgstore.store SET wakeups = $2 WHERE store_id = $1"},
	{QUERY_STORE_OWNER, true, {INT8OID, TEXTOID},
		"UPDATE msgstore.store SET owner = $2 WHERE store_id = $1"},
	{QUERY_STORE_LOCK, true, {INT8OID},
		"SELECT 1 FROM msgstore.store WHERE store_id = $1"
		" FOR NO KEY UPDATE"},
	{QUERY_STORE_GENERATION, true, {INT8OID, INT8OID},
		"UPDATE msgstore.store SET rights_generation = $2"
		" WHERE store_id = $1"},
	{QUERY_RIGHTS_OF_FOLDER, false, {INT8OID, INT8OID},
		"SELECT folder_id, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_RIGHTS_OF_STORE, false, {INT8OID, INT8OID},
		"SELECT folder_id, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 ORDER BY folder_id"},
	{QUERY_RIGHTS_SET, true, {INT8OID, INT8OID, TEXTOID, INT4OID},
		"INSERT INTO msgstore.folder_right (store_id, folder_id, member, rights)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, folder_id, member)"
		" DO UPDATE SET rights = excluded.rights"},
	{QUERY_RIGHTS_REVOKE, true, {INT8OID, INT8OID, TEXTOID},
		"DELETE FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2 AND member = $3"},
	{QUERY_RIGHTS_COPY, true, {INT8OID, INT8OID, INT8OID},
		"INSERT INTO msgstore.folder_right (store_id, folder_id, member, rights)"
		" SELECT store_id, $3, member, rights FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_RIGHTS_DROP, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder_right"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_STORE_ORIGINALS, true, {INT8OID, BOOLOID},
		"UPDATE msgstore.store SET keep_originals = $2 WHERE store_id = $1"},
	{QUERY_ACTIVITY_ADD, true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
		INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID,
		TIMESTAMPTZOID, TIMESTAMPTZOID},
		"INSERT INTO msgstore.activity AS a" ACTIVITY_COLUMNS
		" VALUES ($1, $2, pg_current_xact_id(), $3, $4, $5, $6, $7, $8, $9,"
		" $10, $11, $12, $13)"
		ADD_TO_ACTIVITY},
	/* the rows of the store, and of messages that have several rows */
	{QUERY_ACTIVITY_FOLD, true, {INT8OID, INT4OID},
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
	{QUERY_ACTIVITY_TRIM, true, {INT8OID, INT4OID},
		"DELETE FROM msgstore.activity a USING ("
		" SELECT message_id, xid FROM msgstore.activity"
		" WHERE store_id = $1 AND message_id IN ("
		" SELECT m.message_id FROM msgstore.activity m"
		" WHERE m.store_id = $1 AND m.message_id <> 0 GROUP BY m.message_id"
		" ORDER BY max(m.fought_at) DESC OFFSET $2) FOR UPDATE SKIP LOCKED) o"
		" WHERE a.store_id = $1 AND a.message_id = o.message_id"
		" AND a.xid = o.xid"},
	{QUERY_ACTIVITY_RECOUNT, false, {INT8OID},
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
	{QUERY_STORE_PROPS, true, {INT8OID},
		"SELECT props, name, owner, created_at FROM msgstore.store"
		" WHERE store_id = $1"},
	{QUERY_STORE_SET_PROPS, true, {INT8OID, JSONBOID},
		"UPDATE msgstore.store SET props = $2 WHERE store_id = $1"},
	{QUERY_AUTHOR_INSERT, true, {INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.author (author_id, hash, role, actor, client)"
		" VALUES ($1, $2, $3, $4, $5)"},
	/*
	 * Each of the next three statements reads the first row from a point on in
	 * the order of one index, and no other index has that order: see
	 * plan_by_index().
	 */
	{QUERY_NAMED_FIND, false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT id::bigint FROM"
		" (SELECT property_id AS id, lid FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_set = $2 AND lid >= $3"
		" ORDER BY lid LIMIT 1) AS by_lid WHERE lid = $3"
		" UNION ALL"
		" SELECT id::bigint FROM"
		" (SELECT property_id AS id, name FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_set = $2 AND name >= $4"
		" ORDER BY name LIMIT 1) AS by_name WHERE name = $4"},
	{QUERY_NAMED_READ, false, {INT8OID, INT4OID},
		"SELECT property_set, lid, name FROM"
		" (SELECT property_set, lid, name, property_id"
		" FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_id >= $2"
		" ORDER BY property_id LIMIT 1) AS by_id WHERE property_id = $2"},
	{QUERY_NAMED_NEXT, false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT coalesce((SELECT property_id + 1 FROM msgstore.named_property"
		" WHERE store_id = $1 ORDER BY property_id DESC LIMIT 1),"
		" 32768)::bigint"},
	{QUERY_NAMED_INSERT, true, {INT8OID, UUIDOID, INT8OID, TEXTOID, INT8OID},
		"INSERT INTO msgstore.named_property"
		" (store_id, property_set, lid, name, property_id)"
		" VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT DO NOTHING"},
	/*
	 * The children of a row that was deleted: the name of one table that has
	 * any.  Marked as writes to be run in a command of their own, which sees
	 * the deletions of the statement that fired the trigger.
	 */
	{QUERY_STORE_CHILD, true, {INT8OID, INT8OID},
		"SELECT 'folder' FROM msgstore.folder WHERE store_id = $1"
		" UNION ALL SELECT 'message' FROM msgstore.message"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'named_property' FROM msgstore.named_property"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'parked_draft' FROM msgstore.parked_draft"
		" WHERE store_id = $1"
		" UNION ALL SELECT 'blob' FROM msgstore.blob WHERE store_id = $1"
		" LIMIT 1"},
	/* from the primary keys, store by store; no scan of a table of messages */
	{QUERY_LARGEST_IDS, false, {INT8OID, INT8OID},
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
	{QUERY_NEWEST_CHANGE, false, {InvalidOid},
		"SELECT max(changed_at) FROM msgstore.change"},
	{QUERY_INCARNATION_INSERT, true, {INT8OID, INT4OID, INT8OID, INT8OID,
		UUIDOID, INT8OID, COMPAT_PG_LSN_OID, TIMESTAMPTZOID, XID8OID},
		"INSERT INTO msgstore.incarnation"
		" (incarnation, node_number, message_id, folder_id, replica_guid,"
		" system_identifier, wal_position, began_at, written_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"},
	{QUERY_NODE_DELETE, true, {InvalidOid},
		"DELETE FROM msgstore.node"},
	{QUERY_NODE_INSERT, true, {INT4OID},
		"INSERT INTO msgstore.node (node_number) VALUES ($1)"},
	{0}
};
/* INDENT ON */
