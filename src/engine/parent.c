/*-------------------------------------------------------------------------
 *
 * parent.c
 *	  Stores, folders and blobs are not deleted while other rows need them.
 *
 * NOTES
 *	  The tables have no foreign keys, because a restore by several jobs loads
 *	  children before parents.  Locks and this trigger do their work.  Whoever
 *	  inserts a child holds a key-share lock on the parent to the end of the
 *	  transaction (parent_lock_folder, access_lock_store, blob_adopt).  A
 *	  deletion waits for that lock; then the trigger looks for children with a
 *	  snapshot of that moment, in every isolation level.  Whoever waits for the
 *	  deletion finds the parent gone.
 *
 *	  The trigger fires for deletions only, and for an update of the key, by
 *	  whatever means: a call, or an administrator's SQL.  A restore and the
 *	  apply worker of logical replication are not slowed down.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "query.h"

/* ------------------------------------------------------------------- locks */

/* The columns of folder that are looked at. */
enum
{
	F_DELETED_AT,
	F_SEARCH_FLAGS
};

/* Return true if the row of folder in a slot has a value in a column. */
static bool
folder_has(Relation folder, TupleTableSlot *slot, int column)
{
	static const char *const columns[] = {"deleted_at", "search_flags"};
	static ColumnMap map;
	const int  *at = direct_columns(&map, folder, columns, lengthof(columns));
	bool		isnull;

	(void) slot_getattr(slot, at[column] + 1, &isnull);
	return !isnull;
}

/*
 * Lock a row with a key-share lock on its newest version, as the check of a
 * foreign key does.  The index of a table follows it in StoreRelation.
 * With "existed", do not wait for a folder that is deleted, which another
 * transaction may be restoring; *existed is false then, and if there is no row.
 */
static bool
lock_parent(StoreRelation which, const int64 *key, int nkeys, bool *searches,
			bool *existed)
{
	Relation	rel = table_open(relation_oid(which), RowShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TM_FailureData failure;
	bool		found;

	PushActiveSnapshot(GetLatestSnapshot());
	found = direct_fetch(rel, which + 1, key, nkeys, GetActiveSnapshot(),
						 slot);
	if (existed != NULL)
		*existed = found = found &&
			!folder_has(rel, slot, F_DELETED_AT);
	if (found)
	{
		ItemPointerData tid = slot->tts_tid;

		found = table_tuple_lock(rel, &tid, GetActiveSnapshot(), slot,
								 GetCurrentCommandId(true), LockTupleKeyShare,
								 LockWaitBlock,
								 TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
								 &failure) == TM_Ok &&
			(which != REL_FOLDER || !folder_has(rel, slot, F_DELETED_AT));
		if (found && which == REL_FOLDER)
			*searches = folder_has(rel, slot, F_SEARCH_FLAGS);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	PopActiveSnapshot();
	return found;
}

bool
parent_lock_store(int64 store_id)
{
	return lock_parent(REL_STORE, &store_id, 1, NULL, NULL);
}

void
parent_raise_search_folder(int64 folder_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NO_SUPPORT),
			 errmsg("folder %lld is a search folder", (long long) folder_id),
			 errhint("Nothing has its place in a search folder: it lists messages of other folders.")));
}

bool
parent_lock_any_folder(int64 store_id, int64 folder_id)
{
	int64		key[2] = {store_id, folder_id};
	bool		searches;

	return lock_parent(REL_FOLDER, key, 2, &searches, NULL);
}

bool
parent_lock_folder(int64 store_id, int64 folder_id)
{
	int64		key[2] = {store_id, folder_id};
	bool		searches = false;
	bool		found = lock_parent(REL_FOLDER, key, 2, &searches, NULL);

	if (searches)
		parent_raise_search_folder(folder_id);
	return found;
}

bool
parent_lock_folder_if(int64 store_id, int64 folder_id, bool *existed)
{
	int64		key[2] = {store_id, folder_id};
	bool		searches = false;
	bool		found = lock_parent(REL_FOLDER, key, 2, &searches, existed);

	if (searches)
		parent_raise_search_folder(folder_id);
	return found;
}

/* ---------------------------------------------------------------- deletions */

/* Return a column of a tuple, which is a bigint that is not NULL. */
static int64
column(HeapTuple tuple, TupleDesc desc, const char *name)
{
	bool		isnull;

	return DatumGetInt64(heap_getattr(tuple, SPI_fnumber(desc, name), desc,
									  &isnull));
}

/*
 * refuse_orphans() RETURNS trigger
 *
 * After a row of store, folder or blob was deleted or got another key: raise
 * ERRCODE_FOREIGN_KEY_VIOLATION if another row needs it.  The chunks of a blob
 * are deleted with the blob.
 */
PG_FUNCTION_INFO_V1(refuse_orphans);
Datum
refuse_orphans(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	Oid			relid;
	const char *id_name;
	QueryName	query;
	Datum		values[2];

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"refuse_orphans\" must be fired after a row is deleted or updated")));

	desc = RelationGetDescr(trigger->tg_relation);
	relid = RelationGetRelid(trigger->tg_relation);
	if (relid == relation_oid(REL_STORE))
	{
		id_name = "store_id";
		query = QUERY_STORE_CHILD;
	}
	else if (relid == relation_oid(REL_FOLDER))
	{
		id_name = "folder_id";
		query = QUERY_FOLDER_CHILD;
	}
	else
	{
		id_name = "blob_id";
		query = QUERY_BLOB_CHILD;
	}

	values[0] = Int64GetDatum(column(trigger->tg_trigtuple, desc, "store_id"));
	values[1] = Int64GetDatum(column(trigger->tg_trigtuple, desc, id_name));
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) &&
		column(trigger->tg_newtuple, desc, "store_id") ==
		DatumGetInt64(values[0]) &&
		column(trigger->tg_newtuple, desc, id_name) ==
		DatumGetInt64(values[1]))
		return PointerGetDatum(NULL);

	SPI_connect();
	if (query == QUERY_BLOB_CHILD &&
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		query_run(QUERY_BLOB_CHUNKS_DELETE, values, NULL);
	if (query_run(query, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("rows of table \"msgstore.%s\" need a row of table \"msgstore.%s\"",
						SPI_getvalue(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1),
						RelationGetRelationName(trigger->tg_relation)),
				 errdetail("They need %s %lld of store %lld.",
						   RelationGetRelationName(trigger->tg_relation),
						   (long long) DatumGetInt64(values[1]),
						   (long long) DatumGetInt64(values[0]))));
	SPI_finish();
	return PointerGetDatum(NULL);
}
