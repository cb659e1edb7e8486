/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Stores and folders: everything off the hot path that reads or writes
 *	  through SQL.
 *
 * NOTES
 *	  Every statement stands in one table below, takes values as parameters
 *	  only, and is run by store_query(): with a plan kept for the life of the
 *	  backend, as the owner of the extension's tables, and with search_path
 *	  pinned, so that neither the caller's rights nor the caller's operators
 *	  matter.  Whether the caller may ask at all is decided by access.c before
 *	  that.  An error in between puts identity and settings back with the
 *	  (sub)transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "msgstore.h"
#include "store.h"

#define MAX_ARGS		18

static const struct
{
	bool		writes;
	Oid			types[MAX_ARGS];	/* ends with InvalidOid */
	const char *sql;
}			queries[NUM_QUERIES] =
{
	{false, {INT8OID},
		"SELECT owner, replica_guid FROM msgstore.store WHERE store_id = $1"},
	{true, {INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.store"
		" (store_id, name, owner, replica_guid, created_at)"
		" VALUES ($1, $2, $3, gen_random_uuid(), now())"
	" ON CONFLICT DO NOTHING"},
	{true, {INT8OID, INTERVALOID, INT4OID},
		"UPDATE msgstore.store SET keep_age = $2, keep_count = $3"
	" WHERE store_id = $1"},
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.folder"
		" (store_id, folder_id, parent_id, name, special, created_at)"
		" VALUES ($1, $2, $3, $4, $5, now())"
	" ON CONFLICT DO NOTHING"},
	{false, {INT8OID, INT8OID},
		"SELECT folder_id FROM msgstore.folder"
	" WHERE store_id = $1 AND folder_id = $2"},
	{false, {INT8OID, TEXTOID},
		"SELECT folder_id FROM msgstore.folder"
	" WHERE store_id = $1 AND special = $2"},
	{true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.message"
	" WHERE store_id = $1 AND message_id = $2"},
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
	{false, {INT8OID, INT8OID, TEXTOID},
		"SELECT message_id, folder_id, base_change_number, defaults, touched,"
		" props, recipients, attachments, headers, body, html, rtf, parked_at"
		" FROM msgstore.parked_draft"
	" WHERE store_id = $1 AND parked_id = $2 AND role = $3"},
	{true, {INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND parked_id = $2 AND role = $3"
	" AND ($4 IS NULL OR parked_at = $4)"},
	{true, {InvalidOid},
	"LOCK TABLE msgstore.parked_draft IN SHARE MODE"},
	/*
	 * Ranks count from a message's newest change; older ones are larger.  The
	 * base of a draft may be the oldest version there is, whose own change is
	 * pruned already: the one that leads back to it is then the last to keep.
	 */
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
		" RETURNING 1"
		")"
	" SELECT (SELECT max(message_id) FROM ids), (SELECT count(*) FROM pruned)"},
	/* an uploader is a backend, known by its pid and when it began */
	{true, {INT8OID, INT8OID, INT8OID, BOOLOID, BOOLOID, INT4OID,
			TIMESTAMPTZOID},
		"INSERT INTO msgstore.blob"
		" (store_id, blob_id, size, sealed, is_text, uploader_pid,"
		" uploader_start, created_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())"},
	{false, {INT8OID, INT8OID, INT4OID, TIMESTAMPTZOID, BOOLOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = $2 AND NOT sealed"
	" AND uploader_pid = $3 AND uploader_start = $4 AND is_text = $5"},
	{false, {INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID},
		"SELECT 1 FROM msgstore.blob_ref"
		" WHERE store_id = $1 AND blob_id = $2 AND message_id IN ($3, $4)"
	" AND (draft_of IS NULL OR draft_of = $5)"},
	{false, {INT8OID, INT8OID, INT8OID, BOOLOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND b.is_text = $4"
		" AND $3 = CASE WHEN b.sealed THEN b.size ELSE"
		" (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
	" WHERE c.store_id = $1 AND c.blob_id = $2) END"},
	{true, {INT8OID, INT8OID, INT8OID, INT4OID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" SELECT store_id, $3, chunk_number, bytes FROM msgstore.blob_chunk"
	" WHERE store_id = $1 AND blob_id = $2 AND chunk_number < $4"},
	/*
	 * The message's own, its source's, or an upload that something else was
	 * saved with; they cannot be swept after that.
	 */
	{true, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID, BOOLOID,
			TEXTOID},
		"SELECT 1 FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = $2"
		" AND b.sealed AND b.size = $5 AND b.is_text = $6 AND ($7 OR EXISTS"
		" (SELECT 1 FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = $2"
		" AND r.message_id IN ($3, $4)"
		" AND (r.draft_of IS NULL OR r.draft_of = $8)))"
	" FOR KEY SHARE OF b"},
	/* an upload of this session, whole */
	{true, {INT8OID, INT8OID, INT8OID, BOOLOID, INT4OID, TIMESTAMPTZOID},
		"UPDATE msgstore.blob b SET sealed = true, size = $3"
		" WHERE b.store_id = $1 AND b.blob_id = $2 AND NOT b.sealed"
		" AND b.is_text = $4"
		" AND b.uploader_pid = $5 AND b.uploader_start = $6"
		" AND $3 = (SELECT coalesce(sum(octet_length(c.bytes)), 0)"
		" FROM msgstore.blob_chunk c"
	" WHERE c.store_id = $1 AND c.blob_id = $2)"},
	{true, {INT8OID, INT8OID, INT8OID, TEXTOID},
		"INSERT INTO msgstore.blob_ref AS r"
		" (store_id, blob_id, message_id, draft_of) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, message_id) DO UPDATE SET draft_of ="
		" CASE WHEN r.draft_of IS NOT NULL THEN excluded.draft_of END"},
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND NOT sealed"
	" AND uploader_pid = $3 AND uploader_start = $4"},
	{true, {INT8OID, INT8ARRAYOID, INT4OID, TIMESTAMPTZOID},
		"UPDATE msgstore.blob SET uploader_pid = 0"
		" WHERE store_id = $1 AND blob_id = ANY ($2) AND sealed"
	" AND uploader_pid = $3 AND uploader_start = $4"},
	{false, {INT8OID, INT8OID, INT4OID},
		"SELECT bytes FROM msgstore.blob_chunk"
	" WHERE store_id = $1 AND blob_id = $2 AND chunk_number = $3"},
	{true, {INT8OID, INT8OID, INT4OID, BYTEAOID},
		"INSERT INTO msgstore.blob_chunk (store_id, blob_id, chunk_number, bytes)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (store_id, blob_id, chunk_number)"
	" DO UPDATE SET bytes = excluded.bytes"},
	{true, {INT8OID, INT8OID, INT4OID},
		"DELETE FROM msgstore.blob_chunk"
	" WHERE store_id = $1 AND blob_id = $2 AND chunk_number >= $3"},
	/* what a message refers to is found once a message, not once a blob */
	{true, {INT8OID},
		"WITH used AS MATERIALIZED ("
		" SELECT m.message_id, u.blob_id"
		" FROM (SELECT DISTINCT message_id FROM msgstore.blob_ref"
		" WHERE store_id = $1) m,"
		" LATERAL msgstore.blobs_used($1, m.message_id) u(blob_id))"
		" SELECT coalesce(array_agg(blob_id), '{}'),"
		" coalesce(array_agg(message_id), '{}') FROM ("
		" SELECT r.blob_id, r.message_id FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND NOT EXISTS (SELECT 1 FROM used u"
		" WHERE u.message_id = r.message_id AND u.blob_id = r.blob_id)"
		" LIMIT 1000 FOR UPDATE OF r SKIP LOCKED"
	") dead"},
	{true, {INT8OID, INT8ARRAYOID, INT8ARRAYOID},
		"WITH used AS MATERIALIZED ("
		" SELECT m.message_id, u.blob_id"
		" FROM (SELECT DISTINCT unnest($3) AS message_id) m,"
		" LATERAL msgstore.blobs_used($1, m.message_id) u(blob_id))"
		" DELETE FROM msgstore.blob_ref r USING unnest($2, $3) d(b, m)"
		" WHERE r.store_id = $1 AND r.blob_id = d.b AND r.message_id = d.m"
		" AND NOT EXISTS (SELECT 1 FROM used u"
	" WHERE u.message_id = r.message_id AND u.blob_id = r.blob_id)"},
	/*
	 * Of a backend whose start may not be seen only the pid is compared: too
	 * much stays then, never too little.
	 */
	{true, {INT8OID},
		"SELECT coalesce(array_agg(blob_id), '{}') FROM ("
		" SELECT b.blob_id FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND NOT EXISTS (SELECT 1"
		" FROM msgstore.blob_ref r"
		" WHERE r.store_id = $1 AND r.blob_id = b.blob_id)"
		" AND NOT EXISTS (SELECT 1 FROM pg_stat_get_activity(NULL) a"
		" WHERE a.pid = b.uploader_pid"
		" AND coalesce(a.backend_start = b.uploader_start, true))"
		" LIMIT 1000 FOR UPDATE SKIP LOCKED"
	") dead"},
	{true, {INT8OID, INT8ARRAYOID},
		"DELETE FROM msgstore.blob b"
		" WHERE b.store_id = $1 AND b.blob_id = ANY ($2)"
		" AND NOT EXISTS (SELECT 1 FROM msgstore.blob_ref r"
	" WHERE r.store_id = $1 AND r.blob_id = b.blob_id)"},
	{false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT property_id::bigint FROM msgstore.named_property"
		" WHERE store_id = $1 AND property_set = $2"
	" AND (lid = $3 OR name = $4)"},
	{false, {INT8OID, INT4OID},
		"SELECT property_set, lid, name FROM msgstore.named_property"
	" WHERE store_id = $1 AND property_id = $2"},
	{false, {INT8OID, UUIDOID, INT8OID, TEXTOID},
		"SELECT coalesce(max(property_id) + 1, 32768)::bigint"
	" FROM msgstore.named_property WHERE store_id = $1"},
	{true, {INT8OID, UUIDOID, INT8OID, TEXTOID, INT8OID},
		"INSERT INTO msgstore.named_property"
		" (store_id, property_set, lid, name, property_id)"
		" VALUES ($1, $2, $3, $4, $5)"
	" ON CONFLICT DO NOTHING"},
	{true, {InvalidOid},
	"DELETE FROM msgstore.node"},
	{true, {INT4OID},
	"INSERT INTO msgstore.node (node_number) VALUES ($1)"}
};

static SPIPlanPtr plans[NUM_QUERIES];

/* The standard folders, in the order in which they are made; root first. */
static const char *const special_folders[] = {
	"Root", "Inbox", "Outbox", "Sent Items", "Deleted Items", "Drafts",
	"Conflicts"
};

Oid
store_owner_role(void)
{
	Relation	rel = table_open(module_relid(REL_STORE), AccessShareLock);
	Oid			owner = rel->rd_rel->relowner;

	table_close(rel, AccessShareLock);
	return owner;
}

/*
 * Run one of the statements; the caller has connected to SPI and reads
 * SPI_tuptable.  A NULL in "nulls" means none is NULL.  All of them see what is
 * committed by now, in every isolation level: a draft must be found by who has
 * just resumed it, and be respected by who has waited for it.  A parallel query
 * cannot take a latest snapshot: there it is that of the query.  Returns the
 * number of rows.
 */
uint64
store_query(StoreQuery which, Datum *values, const char *nulls)
{
	Oid			userid;
	int			security;
	int			guc_level;
	int			result;

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(store_owner_role(), security |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	guc_level = NewGUCNestLevel();
	compat_restrict_search_path();

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
		plan = SPI_prepare(queries[which].sql, nargs, types);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare statement %d", which);
		plans[which] = plan;
	}
	result = SPI_execute_snapshot(plans[which], values, nulls,
								  IsInParallelMode() ?
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
store_result_bigint(void)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
}

bool
store_read(int64 store_id, char **owner, uint8 *replica_guid)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	MemoryContext caller = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	found = store_query(QUERY_STORE_READ, values, NULL) > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		datum = SPI_getbinval(tuple, desc, 1, &isnull);

		*owner = MemoryContextStrdup(caller, TextDatumGetCString(datum));
		datum = SPI_getbinval(tuple, desc, 2, &isnull);
		memcpy(replica_guid, DatumGetUUIDP(datum)->data, GUID_BYTES);
	}
	SPI_finish();
	return found;
}

bool
store_folder_exists(int64 store_id, int64 folder_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	bool		found;

	SPI_connect();
	found = store_query(QUERY_FOLDER_EXISTS, values, NULL) > 0;
	SPI_finish();
	return found;
}

void
store_delete_message(int64 store_id, int64 message_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};

	SPI_connect();
	if (store_query(QUERY_MESSAGE_DELETE, values, NULL) != 1)
		elog(ERROR, "could not delete message " INT64_FORMAT " of store "
			 INT64_FORMAT, message_id, store_id);
	SPI_finish();
}

int64
store_special_folder(int64 store_id, const char *special)
{
	Datum		values[2] = {Int64GetDatum(store_id),
	CStringGetTextDatum(special)};
	int64		folder_id = 0;

	SPI_connect();
	if (store_query(QUERY_FOLDER_SPECIAL, values, NULL) > 0)
		folder_id = store_result_bigint();
	SPI_finish();
	return folder_id;
}

/*
 * Insert a folder and return its id; parent_id 0 for a root, special NULL for
 * an ordinary one.
 */
static int64
insert_folder(int64 store_id, int64 parent_id, const char *name,
			  const char *special)
{
	int64		folder_id = number_next(REL_FOLDER_ID_SEQ);
	Datum		values[5];
	char		nulls[6] = "     ";
	bool		done;

	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(folder_id);
	values[2] = Int64GetDatum(parent_id);
	if (parent_id == 0)
		nulls[2] = 'n';
	values[3] = CStringGetTextDatum(name);
	values[4] = (Datum) 0;
	if (special == NULL)
		nulls[4] = 'n';
	else
		values[4] = CStringGetTextDatum(special);

	SPI_connect();
	done = store_query(QUERY_FOLDER_INSERT, values, nulls) > 0;
	SPI_finish();
	if (!done)
		ereport(ERROR,
				(errmapi(MAPI_E_COLLISION),
				 errmsg("folder \"%s\" exists already below folder %lld of store %lld",
						name, (long long) parent_id, (long long) store_id)));
	return folder_id;
}

/* The text of argument n, which must be neither NULL nor empty. */
static char *
name_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	char	   *result;

	REQUIRE_ARG(n, name);
	result = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (result[0] == '\0')
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"%s\" must not be empty", name)));
	return result;
}

/*
 * create_store(name, owner) → store_id
 *
 * Errors: MAPI_E_COLLISION where a store has that name, MAPI_E_NO_ACCESS where
 * the caller is no member of the owner.
 */
PG_FUNCTION_INFO_V1(create_store);
Datum
create_store(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo, 0, "name");
	Oid			owner = GetUserId();
	int64		store_id;
	int64		root;
	Datum		values[3];
	bool		done;

	module_require_write("create_store()");
	if (!PG_ARGISNULL(1))
	{
		owner = get_role_oid(name_argument(fcinfo, 1, "owner"), false);
		if (!has_privs_of_role(GetUserId(), owner))
			ereport(ERROR,
					(errmapi(MAPI_E_NO_ACCESS),
					 errmsg("role \"%s\" is not a member of role \"%s\"",
							GetUserNameFromId(GetUserId(), false),
							GetUserNameFromId(owner, false)),
					 errhint("A store can be made for a role that one belongs to.")));
	}

	store_id = number_next(REL_STORE_ID_SEQ);
	values[0] = Int64GetDatum(store_id);
	values[1] = CStringGetTextDatum(name);
	values[2] = CStringGetTextDatum(GetUserNameFromId(owner, false));
	SPI_connect();
	done = store_query(QUERY_STORE_INSERT, values, NULL) > 0;
	SPI_finish();
	if (!done)
		ereport(ERROR,
				(errmapi(MAPI_E_COLLISION),
				 errmsg("store \"%s\" exists already", name)));

	/* should this be rolled back, nobody may go on finding it cached */
	CacheInvalidateRelcacheByRelid(module_relid(REL_STORE));

	root = insert_folder(store_id, 0, special_folders[0], special_folders[0]);
	for (int i = 1; i < lengthof(special_folders); i++)
		insert_folder(store_id, root, special_folders[i], special_folders[i]);
	PG_RETURN_INT64(store_id);
}

/*
 * create_folder(store_id, parent_id, name) → folder_id
 *
 * Errors: MAPI_E_NOT_FOUND for store or parent, MAPI_E_COLLISION where the
 * parent has a folder of that name.
 */
PG_FUNCTION_INFO_V1(create_folder);
Datum
create_folder(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		parent_id;
	char	   *name;

	REQUIRE_ARG(0, "store_id");
	store_id = PG_GETARG_INT64(0);
	name = name_argument(fcinfo, 2, "name");
	module_require_write("create_folder()");
	access_require(store_id, ACCESS_EDIT);

	if (PG_ARGISNULL(1))
		parent_id = store_special_folder(store_id, special_folders[0]);
	else
	{
		parent_id = PG_GETARG_INT64(1);
		store_require_folder(store_id, parent_id);
	}
	PG_RETURN_INT64(insert_folder(store_id, parent_id, name, NULL));
}

void
store_require_folder(int64 store_id, int64 folder_id)
{
	if (!store_folder_exists(store_id, folder_id))
		store_raise_no_folder(store_id, folder_id);
}

void
store_raise_no_folder(int64 store_id, int64 folder_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("folder %lld does not exist in store %lld",
					(long long) folder_id, (long long) store_id)));
}

/*
 * special_folder(store_id, special) → folder_id
 */
PG_FUNCTION_INFO_V1(special_folder);
Datum
special_folder(PG_FUNCTION_ARGS)
{
	int64		store_id = PG_GETARG_INT64(0);
	char	   *special = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64		folder_id;
	int			i;

	for (i = 0; i < lengthof(special_folders); i++)
	{
		if (strcmp(special, special_folders[i]) == 0)
			break;
	}
	if (i == lengthof(special_folders))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" is not a special folder", special),
				 errhint("There are Root, Inbox, Outbox, Sent Items, Deleted Items, Drafts and Conflicts.")));
	access_require(store_id, ACCESS_READ);
	folder_id = store_special_folder(store_id, special);
	if (folder_id == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("store %lld has no folder \"%s\"",
						(long long) store_id, special)));
	PG_RETURN_INT64(folder_id);
}

/*
 * set_node_number(node): the upper 15 bits of numbers given out from now on.
 */
PG_FUNCTION_INFO_V1(set_node_number);
Datum
set_node_number(PG_FUNCTION_ARGS)
{
	int32		node;
	Datum		values[1];

	REQUIRE_ARG(0, "node");
	node = PG_GETARG_INT32(0);
	module_require_write("set_node_number()");
	if (node < 0 || node > 0x7FFF)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("node number %d is not between 0 and 32767", node)));
	values[0] = Int32GetDatum(node);
	SPI_connect();
	store_query(QUERY_NODE_DELETE, NULL, NULL);
	store_query(QUERY_NODE_INSERT, values, NULL);
	SPI_finish();
	CacheInvalidateRelcacheByRelid(module_relid(REL_NODE));
	PG_RETURN_VOID();
}
