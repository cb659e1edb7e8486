/*-------------------------------------------------------------------------
 *
 * queryfeed.c
 *	  SQL statements of the feed, and of synchronisation.
 *
 *	  The rules are at the top of query.c, which runs the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"

#include "query.h"

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
	" t.changed_at, t.properties, t.previous IS NULL, NULL::tid"
/* INDENT OFF */
const Statement query_feed_statements[] =
{
	{QUERY_FOLDER_KNOWN, false, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.folder_change"
		" WHERE store_id = $1 AND folder_id = $2 LIMIT 1"},
	{QUERY_IMPORTED_FIND, false, {INT8OID, BOOLOID, BYTEAOID},
		"SELECT object_id FROM msgstore.imported"
		" WHERE store_id = $1 AND is_folder = $2 AND source_key = $3"},
	{QUERY_IMPORTED_KEY, false, {INT8OID, BOOLOID, INT8OID},
		"SELECT source_key FROM msgstore.imported"
		" WHERE store_id = $1 AND is_folder = $2 AND object_id = $3"
		" AND NOT is_alias"},
	{QUERY_IMPORTED_INSERT, true, {INT8OID, BOOLOID, BYTEAOID, INT8OID,
		BOOLOID},
		"INSERT INTO msgstore.imported"
		" (store_id, is_folder, source_key, object_id, is_alias)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"},
	{QUERY_SYNC_READ, false, {INT8OID, TEXTOID, TEXTOID},
		"SELECT token, again, folders_again FROM msgstore.sync_position"
		" WHERE store_id = $1 AND peer = $2 AND role = $3"},
	{QUERY_SYNC_WRITE, true, {INT8OID, TEXTOID, TEXTOID, TEXTOID,
		INT8ARRAYOID, INT8ARRAYOID},
		"INSERT INTO msgstore.sync_position"
		" (store_id, peer, role, token, again, folders_again, updated_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())"
		" ON CONFLICT (store_id, peer, role) DO UPDATE SET"
		" token = excluded.token, again = excluded.again,"
		" folders_again = excluded.folders_again,"
		" updated_at = excluded.updated_at"},
	{QUERY_FEED_PRUNED, false, {INT8OID},
		"SELECT pruned_incarnation, pruned_xid FROM msgstore.store"
		" WHERE store_id = $1 AND pruned_xid IS NOT NULL"},
	{QUERY_FEED_FOLDERS, false, {INT8OID, INT8OID, INT8OID, INT8OID},
		"SELECT folder_id, change_number, modifier, modified_at"
		" FROM msgstore.folder WHERE store_id = $1 AND folder_id > $2"
		" AND deleted_at IS NULL AND ($4 IS NULL OR folder_id = $4)"
		" ORDER BY folder_id LIMIT $3"},
	{QUERY_FEED_MESSAGES, false, {INT8OID, INT8OID, INT8OID, INT8OID},
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
	{QUERY_FEED_PAGE, false, {INT8OID, INT8ARRAYOID, XID8ARRAYOID,
		INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, XID8ARRAYOID,
		PG_SNAPSHOTOID, PG_SNAPSHOTOID, INT8OID, INT8OID, TEXTOID, TEXTOID,
		XID8ARRAYOID, XID8OID, INT8OID, XID8OID, INT8OID},
		"WITH s AS MATERIALIZED ("
		" SELECT * FROM unnest($2, $3, $4, $5, $6, $7)"
		" AS s(incarnation, xid, number, id, last_incarnation, last_xid)"
		") SELECT source, message_id, folder_id, number, incarnation, xid,"
		" kind, changed_by, client, changed_at, properties, is_first, tid FROM ("
		" SELECT 'c'::\"char\" AS source, t.message_id,"
		" NULL::bigint AS folder_id, t.number, t.incarnation, t.xid,"
		" NULL AS kind, NULL AS changed_by, NULL AS client,"
		" NULL::timestamptz AS changed_at, NULL::text[] AS properties,"
		" false AS is_first, t.ctid AS tid"
		" FROM s, LATERAL (SELECT c.message_id, c.change_number AS number,"
		" c.incarnation, c.xid, c.ctid"
		" FROM msgstore.change c WHERE c.store_id = $1"
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
		" NULL, false, NULL"
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
		" t.changed_at, NULL, false, NULL"
		" FROM s, LATERAL (SELECT c.* FROM msgstore.read_folder c"
		" WHERE c.store_id = $1 AND c.role = $12 AND c.actor = $13"
		FEED_SEGMENT("c", "c.number")
		FEED_NEW("c.xid", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.number LIMIT $11) t"
		" UNION ALL"
		" SELECT 's', t.message_id, NULL, t.number, t.incarnation, t.xid,"
		" 'status', coalesce(t.actor, t.role), NULL, t.changed_at, NULL,"
		" false, NULL"
		" FROM s, LATERAL (SELECT c.* FROM msgstore.message_status c"
		" WHERE c.store_id = $1"
		FEED_SEGMENT("c", "c.number")
		FEED_NEW("c.xid", "c.incarnation")
		" ORDER BY c.incarnation, c.xid, c.number LIMIT $11) t"
		" UNION ALL"
		" SELECT 'c', c.message_id, NULL, c.change_number, c.incarnation,"
		" c.xid, NULL, NULL, NULL, NULL, NULL, false, c.ctid"
		" FROM msgstore.change c"
		" WHERE c.store_id = $1" FEED_LATE
		" UNION ALL"
		" SELECT 'f', NULL, t.folder_id, t.change_number, t.incarnation,"
		" t.xid, " FEED_FOLDER_KIND
		" FROM (SELECT c.* FROM msgstore.folder_change c"
		" WHERE c.store_id = $1" FEED_LATE ") t"
		") u ORDER BY incarnation, xid, number, message_id LIMIT $11"},
	{0}
};
/* INDENT ON */
