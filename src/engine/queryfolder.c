/*-------------------------------------------------------------------------
 *
 * queryfolder.c
 *	  SQL statements on folders: their rows, search folders, counts.
 *
 *	  The rules are at the top of query.c, which runs the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"

#include "query.h"

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
/* INDENT OFF */
const Statement query_folder_statements[] =
{
	{QUERY_FOLDER_EXISTS, false, {INT8OID, INT8OID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND folder_id = $2 AND deleted_at IS NULL"},
	{QUERY_FOLDER_SPECIAL, false, {INT8OID, TEXTOID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND special = $2 AND deleted_at IS NULL"},
	{QUERY_FOLDER_READ, false, {INT8OID, INT8OID}, READ_FOLDER},
	{QUERY_FOLDER_LOCK, true, {INT8OID, INT8OID},
		READ_FOLDER " FOR NO KEY UPDATE"},
	{QUERY_FOLDER_LOCK_EMPTY, true, {INT8OID, INT8OID},
		READ_FOLDER " FOR UPDATE"},
	{QUERY_FOLDER_LOCK_TREE, true, {INT8OID},
		"SELECT 1 FROM msgstore.folder"
		" WHERE store_id = $1 AND special = 'Root' FOR NO KEY UPDATE"},
	/* $3 is 0 (not deleted), -1 (all), or a folder: deleted with it */
	{QUERY_FOLDER_CHILDREN, false, {INT8OID, INT8OID, INT8OID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 AND CASE WHEN $3 = 0"
		" THEN deleted_at IS NULL WHEN $3 = -1 THEN true"
		" ELSE coalesce(deleted_with = $3, false) END"
		" ORDER BY folder_id"},
	{QUERY_FOLDER_MESSAGES, false, {INT8OID, INT8OID, INT8OID, BOOLOID},
		"SELECT message_id FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND CASE WHEN $3 = 0"
		" THEN deleted_at IS NULL WHEN $3 = -1 THEN true"
		" ELSE coalesce(deleted_with = $3, false) END"
		" AND ($4 OR message_flags & 64 = 0)"
		" ORDER BY message_id"},
	{QUERY_FOLDER_HAS_MESSAGES, false, {INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND deleted_at IS NULL"
		" AND message_flags & 64 = 0 LIMIT 1"},
	{QUERY_FOLDER_NAMED, false, {INT8OID, INT8OID, TEXTOID},
		"SELECT folder_id FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 AND name = $3"
		" AND deleted_at IS NULL"},
	{QUERY_FOLDER_INSERT, true, {INT8OID, INT8OID, INT8OID, TEXTOID, TEXTOID,
		TIMESTAMPTZOID, JSONBOID, INT8OID, TEXTOID, TIMESTAMPTZOID, BYTEAOID},
		"INSERT INTO msgstore.folder"
		" (store_id, folder_id, parent_id, name, special, created_at, props,"
		" change_number, modifier, modified_at, lineage)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"},
	{QUERY_FOLDER_UPDATE, true, {INT8OID, INT8OID, INT8OID, TEXTOID,
		TIMESTAMPTZOID, INT8OID, JSONBOID, INT8OID, TIMESTAMPTZOID, TEXTOID,
		BYTEAOID},
		"UPDATE msgstore.folder SET parent_id = $3, name = $4,"
		" deleted_at = $5, deleted_with = $6, props = $7,"
		" change_number = $8, modified_at = $9, modifier = $10,"
		" lineage = $11"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_CRITERIA_READ, false, {INT8OID, INT8OID},
		"SELECT search_flags, search_restriction, search_folders, search_held"
		" FROM msgstore.folder WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_CRITERIA_WRITE, true, {INT8OID, INT8OID, INT4OID, JSONBOID,
		INT8ARRAYOID, INT8ARRAYOID},
		"UPDATE msgstore.folder SET search_flags = $3,"
		" search_restriction = $4, search_folders = $5, search_held = $6"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_FOLDER_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_FOLDER_CHANGE, true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
		TIMESTAMPTZOID, CHAROID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID,
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
	{QUERY_COUNT_ADD, true, {INT8OID, INT8OID, INT4OID, INT8OID, INT8OID,
		INT8OID, INT8OID},
		"INSERT INTO msgstore.folder_count AS c"
		" (store_id, folder_id, xid, part, messages, associated, deleted,"
		" deleted_associated)"
		" VALUES ($1, $2, pg_current_xact_id(), $3, $4, $5, $6, $7)"
		ADD_TO_COUNTS},
	{QUERY_COUNT_READ, false, {INT8OID, INT8OID, INT4OID},
		"SELECT count(*), coalesce(sum(messages), 0)::bigint,"
		" coalesce(sum(associated), 0)::bigint,"
		" coalesce(sum(deleted), 0)::bigint,"
		" coalesce(sum(deleted_associated), 0)::bigint"
		" FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_COUNT_FOLD, true, {INT8OID, INT8OID, INT4OID},
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
	{QUERY_COUNT_OWN, false, {INT8OID, INT8OID, TEXTOID},
		"SELECT count(*) FILTER (WHERE NOT a AND NOT d),"
		" count(*) FILTER (WHERE a AND NOT d),"
		" count(*) FILTER (WHERE NOT a AND d),"
		" count(*) FILTER (WHERE a AND d)"
		" FROM (SELECT message_flags & 64 <> 0 AS a,"
		" deleted_at IS NOT NULL AS d FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2 AND creator = $3) m"},
	{QUERY_COUNT_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $2"},
	{QUERY_COUNT_STORE, false, {INT8OID},
		"SELECT count(*) - 32 * count(DISTINCT folder_id),"
		" coalesce(sum(messages + associated), 0)::bigint,"
		" coalesce(sum(deleted + deleted_associated), 0)::bigint"
		" FROM msgstore.folder_count WHERE store_id = $1"},
	{QUERY_COUNT_FOLD_STORE, true, {INT8OID, INT4OID},
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
	{QUERY_FOLDER_CHILD, true, {INT8OID, INT8OID},
		"SELECT 'message' FROM msgstore.message"
		" WHERE store_id = $1 AND folder_id = $2"
		" UNION ALL SELECT 'folder' FROM msgstore.folder"
		" WHERE store_id = $1 AND parent_id = $2 LIMIT 1"},
	{0}
};
/* INDENT ON */
