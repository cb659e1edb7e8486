/*-------------------------------------------------------------------------
 *
 * parent.c
 *	  Stores, folders and blobs are not deleted while other rows need them.
 *
 * NOTES
 *	  The tables have no foreign keys, because a restore by several jobs loads
 *	  children before parents.  Locks and this trigger do their work.  Whoever
 *	  inserts a child holds a key-share lock on the parent to the end of the
 *	  transaction (row_lock_folder, access_lock_store, blob_adopt).  A deletion
 *	  waits for that lock; then the trigger looks for children with a snapshot
 *	  of that moment, in every isolation level.  Whoever waits for the deletion
 *	  finds the parent gone.
 *
 *	  The trigger fires for deletions only, and for an update of the key, by
 *	  whatever means: a call, or an administrator's SQL.  A restore and the
 *	  apply worker of logical replication are not slowed down.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/rel.h"

#include "query.h"

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
