/*-------------------------------------------------------------------------
 *
 * rebuild.c
 *	  The rebuild of a store's words, for full text search.
 *
 * NOTES
 *	  set_search() writes no words.  Transactions that were writing messages
 *	  when it committed may not have noticed it, so a rebuild first waits for
 *	  all transactions that hold a lock to write the table message; later ones
 *	  index what they write.  Then the rebuild locks and indexes message by
 *	  message, and commits after each batch: the procedure in the install
 *	  script calls rebuild_begin() once, and rebuild_batch() until it is done.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "query.h"

/* A row of search_store. */
typedef struct Rebuild
{
	int64		rebuilt_to;
	bool		is_complete;
	bool		is_searched;
	int64		generation;
} Rebuild;

/* Read the state of a rebuild.  Returns false if there is no row. */
static bool
read_rebuild(int64 store_id, Rebuild *rebuild)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_SEARCH_READ, values, NULL) > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		rebuild->rebuilt_to = DatumGetInt64(SPI_getbinval(tuple, desc, 1,
														  &isnull));
		rebuild->is_complete = DatumGetBool(SPI_getbinval(tuple, desc, 2,
														  &isnull));
		rebuild->is_searched = DatumGetBool(SPI_getbinval(tuple, desc, 3,
														  &isnull));
		rebuild->generation = DatumGetInt64(SPI_getbinval(tuple, desc, 4,
														  &isnull));
	}
	SPI_finish();
	return found;
}

/* Wait for the transactions that are writing messages. */
static void
wait_for_writers(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation_oid(REL_MESSAGE));
	WaitForLockers(tag, ShareLock, false);
}

/*
 * rebuild_begin(store_id) → boolean
 *
 * Begin or resume a rebuild.  Returns false if there is nothing to do.  Errors:
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(rebuild_begin);
Datum
rebuild_begin(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Datum		values[1] = {Int64GetDatum(store_id)};
	Rebuild		rebuild;
	SearchSettings settings;

	call_require_write("rebuild_search()");
	access_require_owner(store_id);
	if (!read_rebuild(store_id, &rebuild) || rebuild.is_complete)
		PG_RETURN_BOOL(false);
	if (rebuild.is_searched)
		search_require(store_id, &settings);
	wait_for_writers();
	SPI_connect();
	query_run(QUERY_SEARCH_START, values, NULL);
	SPI_finish();
	PG_RETURN_BOOL(true);
}

/* Lock and index a message.  Returns false if there was nothing to do. */
static bool
index_message(int64 store_id, int64 message_id)
{
	MessageRow	row;
	bool		indexed;

	messagerow_open(&row, RowExclusiveLock);
	PushActiveSnapshot(GetLatestSnapshot());
	indexed = messagerow_fetch(&row, store_id, message_id) &&
		messagerow_lock(&row, true) == TM_Ok && searchrow_index(&row);
	PopActiveSnapshot();
	messagerow_close(&row);
	return indexed;
}

/* Index messages in memory that is freed; return the number of those written. */
static int64
index_messages(int64 store_id, const int64 *message_ids, int count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore rebuild",
												  ALLOCSET_DEFAULT_SIZES);
	int64		indexed = 0;

	for (int i = 0; i < count; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		if (index_message(store_id, message_ids[i]))
			indexed++;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return indexed;
}

/* Return the ids of the next messages of a rebuild, palloc'd. */
static int64 *
next_messages(int64 store_id, const Rebuild *rebuild, int32 messages,
			  int *count)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	Int64GetDatum(rebuild->rebuilt_to), Int32GetDatum(messages)};
	int64	   *ids;

	SPI_connect();
	*count = (int) query_run(QUERY_SEARCH_BATCH, values, NULL);
	ids = SPI_palloc(sizeof(int64) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		bool		isnull;

		ids[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i],
											 SPI_tuptable->tupdesc, 1,
											 &isnull));
	}
	SPI_finish();
	return ids;
}

/*
 * Delete rows of a store that is not searched.  Returns the number of rows; *to
 * is where to go on.  The lock of the store makes set_search() wait.
 */
static int64
clear_rows(int64 store_id, const Rebuild *rebuild, int32 rows, int64 *to)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	Int64GetDatum(rebuild->rebuilt_to), Int32GetDatum(rows)};
	int64		count;
	bool		isnull;

	SPI_connect();
	query_run(QUERY_SEARCH_CLEAR, values, NULL);
	count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										SPI_tuptable->tupdesc, 2, &isnull));
	if (count > 0)
		*to = query_result_bigint();
	SPI_finish();
	return count;
}

/*
 * rebuild_batch(store_id, messages, OUT done, OUT indexed)
 *
 * Index the next "messages" messages of a store that is searched, or delete as
 * many rows of a store that is not.  "done" is true after the last of them;
 * "indexed" is the number of messages or rows written.  Errors:
 * MAPI_E_INVALID_PARAMETER for a "messages" below 1, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(rebuild_batch);
Datum
rebuild_batch(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Datum		values[5];
	Datum		result[2] = {BoolGetDatum(true), Int64GetDatum(0)};
	bool		nulls[2] = {false};
	Rebuild		rebuild;
	int64		to;
	int64		visited;
	int64		written;

	REQUIRE_ARG(1, "messages");
	call_require_write("rebuild_search()");
	access_require_owner(store_id);
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"messages\" must be at least 1, not %d",
						PG_GETARG_INT32(1))));
	if (!read_rebuild(store_id, &rebuild))
		return call_row(fcinfo, result, nulls);
	to = rebuild.rebuilt_to;
	if (rebuild.is_searched)
	{
		int			count;
		int64	   *ids = next_messages(store_id, &rebuild,
										PG_GETARG_INT32(1), &count);

		written = index_messages(store_id, ids, count);
		visited = count;
		if (count > 0)
			to = ids[count - 1];
	}
	else
	{
		access_lock(store_id);
		if (!read_rebuild(store_id, &rebuild) || rebuild.is_searched)
			return call_row(fcinfo, result, nulls);
		visited = written = clear_rows(store_id, &rebuild,
									   PG_GETARG_INT32(1), &to);
	}
	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(rebuild.generation);
	values[2] = Int64GetDatum(to);
	values[3] = Int64GetDatum(visited);
	values[4] = BoolGetDatum(visited == 0);
	SPI_connect();
	query_run(QUERY_SEARCH_STEP, values, NULL);
	SPI_finish();
	result[0] = BoolGetDatum(visited == 0);
	result[1] = Int64GetDatum(written);
	return call_row(fcinfo, result, nulls);
}
