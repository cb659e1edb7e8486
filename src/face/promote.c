/*-------------------------------------------------------------------------
 *
 * promote.c
 *	  Fills the promoted columns of messages that were stored before there
 *	  were such columns.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "query.h"

#define BATCH	1000			/* messages per statement */

/* The messages of a batch, in the order of their keys. */
typedef struct Batch
{
	int64		store_id[BATCH];
	int64		message_id[BATCH];
	int			count;
} Batch;

/* Find the next messages, after the last one of the batch before. */
static void
find_batch(Batch *batch, Datum store_id, bool all_stores)
{
	int			last = batch->count - 1;
	Datum		values[4];

	values[0] = store_id;
	values[1] = Int64GetDatum(last < 0 ? PG_INT64_MIN :
							  batch->store_id[last]);
	values[2] = Int64GetDatum(last < 0 ? PG_INT64_MIN :
							  batch->message_id[last]);
	values[3] = Int32GetDatum(BATCH);
	SPI_connect();
	batch->count = (int) query_run(QUERY_MESSAGE_UNPROMOTED, values,
								   all_stores ? "n   " : NULL);
	for (int i = 0; i < batch->count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;

		batch->store_id[i] =
			DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1,
										&isnull));
		batch->message_id[i] =
			DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2,
										&isnull));
	}
	SPI_finish();
}

/*
 * Fill the columns of one message.  Returns false if the message is gone, or
 * if a save has filled the columns meanwhile.
 */
static bool
promote(int64 store_id, int64 message_id)
{
	MessageRow	row;
	bool		promoted = false;

	messagerow_open(&row, RowExclusiveLock);
	PushActiveSnapshot(GetLatestSnapshot());
	if (messagerow_fetch(&row, store_id, message_id) &&
		messagerow_lock(&row, true) == TM_Ok &&
		row.promoted.isnull[PROMOTED_SIZE])
	{
		messagerow_promote(&row);
		promoted = true;
	}
	PopActiveSnapshot();
	messagerow_close(&row);
	return promoted;
}

/*
 * promote_messages(store_id) → bigint
 *
 * Fill the promoted columns of the messages of a store, or with NULL of all
 * stores, whose size is NULL, and return the number of messages.  For upgrade
 * scripts; no message gets a new version.
 */
PG_FUNCTION_INFO_V1(promote_messages);
Datum
promote_messages(PG_FUNCTION_ARGS)
{
	Batch	   *batch = palloc0(sizeof(Batch));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore promote",
												  ALLOCSET_DEFAULT_SIZES);
	int64		promoted = 0;

	call_require_write("promote_messages()");
	do
	{
		find_batch(batch, PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0),
				   PG_ARGISNULL(0));
		for (int i = 0; i < batch->count; i++)
		{
			MemoryContext caller = MemoryContextSwitchTo(context);

			CHECK_FOR_INTERRUPTS();
			if (promote(batch->store_id[i], batch->message_id[i]))
				promoted++;
			MemoryContextSwitchTo(caller);
			MemoryContextReset(context);
		}
	} while (batch->count == BATCH);
	PG_RETURN_INT64(promoted);
}
