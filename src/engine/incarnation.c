/*-------------------------------------------------------------------------
 *
 * incarnation.c
 *	  Incarnations of the number series, and the GUIDs of their keys.
 *
 * NOTES
 *	  An incarnation is a run of the number series in which no number can have
 *	  been forgotten (number.c begins them).  The table incarnation has where
 *	  each series began, and the GUID of the change keys and source keys that
 *	  are made from the incarnation's numbers.  Every incarnation has a GUID of
 *	  its own, so that two copies of one database never make equal keys.  The
 *	  incarnation of a number is the newest one of the number's node that began
 *	  below the number.
 *
 *	  A row is written by the transaction that uses a number of the
 *	  incarnation, unless a committed row is there already.  A version of a
 *	  message is therefore never committed, dumped or replicated without the
 *	  row of its incarnation, whichever transactions have rolled back.
 *	  Sessions do not wait for each other here: as long as none has committed,
 *	  several may write the same row, each with its own transaction id in the
 *	  primary key.
 *
 *	  Rows are read with SnapshotSelf, which a parallel query may use, too, and
 *	  which takes no predicate locks.  No session updates a row, so that such a
 *	  scan misses none.
 *
 *	  All rows are cached for the life of the backend, in a memory context that
 *	  is reset by an invalidation of the table.  Another backend may have begun
 *	  an incarnation since; its numbers are at least NUMBER_STEP above all
 *	  older ones of the node.  A number that is so far above the newest number
 *	  seen before of the newest incarnation known makes the cache read the
 *	  table again.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
#include "utils/xid8.h"

#include "query.h"

/* An incarnation in the cache. */
typedef struct Known
{
	Incarnation incarnation;
	int64		seen[NUM_KEYED];	/* largest counter looked up */
} Known;

static MemoryContext known_memory = NULL;
static Known *known = NULL;		/* the newest first; NULL: not read */
static int	known_count = 0;

/* The incarnation that has a committed row, as far as we know. */
static uint8 recorded[GUID_BYTES];

/* Our own row, not yet committed: its GUID and its transaction. */
static uint8 written[GUID_BYTES];
static FullTransactionId writer;

/* A RelationWatcher: the table may have changed. */
static void
forget_incarnations(void)
{
	known = NULL;
	known_count = 0;
	if (known_memory != NULL)
		MemoryContextReset(known_memory);
	memset(recorded, 0, sizeof(recorded));
	memset(written, 0, sizeof(written));
}

/* ---------------------------------------------------------------- the rows */

void
incarnation_read(Incarnation *incarnation, HeapTuple tuple, TupleDesc desc)
{
	Datum		values[NUM_INCARNATION_COLUMNS];
	bool		isnull;

	for (int i = 0; i < NUM_INCARNATION_COLUMNS; i++)
		values[i] = heap_getattr(tuple, i + 1, desc, &isnull);
	incarnation->began[KEYED_CHANGE] = DatumGetInt64(values[0]);
	incarnation->node = DatumGetInt32(values[1]);
	incarnation->began[KEYED_MESSAGE] = DatumGetInt64(values[2]);
	incarnation->began[KEYED_FOLDER] = DatumGetInt64(values[3]);
	memcpy(incarnation->guid, DatumGetUUIDP(values[4])->data, GUID_BYTES);
	incarnation->system_identifier = DatumGetInt64(values[5]);
	incarnation->wal_position = DatumGetLSN(values[6]);
	incarnation->began_at = DatumGetTimestampTz(values[7]);
}

void
incarnation_values(const Incarnation *incarnation, Datum *values)
{
	values[0] = Int64GetDatum(incarnation->began[KEYED_CHANGE]);
	values[1] = Int32GetDatum((int32) incarnation->node);
	values[2] = Int64GetDatum(incarnation->began[KEYED_MESSAGE]);
	values[3] = Int64GetDatum(incarnation->began[KEYED_FOLDER]);
	values[4] = UUIDPGetDatum((pg_uuid_t *) incarnation->guid);
	values[5] = Int64GetDatum(incarnation->system_identifier);
	values[6] = LSNGetDatum(incarnation->wal_position);
	values[7] = TimestampTzGetDatum(incarnation->began_at);
}

/*
 * Look for rows of an incarnation.  *committed is true if one is committed;
 * the result is true if there is one that is committed or our own.
 */
static bool
find_row(const uint8 *guid, bool *committed)
{
	Relation	rel = table_open(relation_oid(REL_INCARNATION),
								 AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	*committed = false;
	while (!*committed &&
		   (tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Incarnation row;
		TransactionId xmin;

		incarnation_read(&row, tuple, RelationGetDescr(rel));
		if (memcmp(row.guid, guid, GUID_BYTES) != 0)
			continue;
		found = true;
		xmin = HeapTupleHeaderGetXmin(tuple->t_data);
		*committed = !TransactionIdIsCurrentTransactionId(xmin);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
incarnation_record(const Incarnation *incarnation)
{
	Datum		values[NUM_INCARNATION_COLUMNS + 1];
	FullTransactionId xid;
	bool		committed;

	if (memcmp(incarnation->guid, recorded, GUID_BYTES) == 0)
		return;
	xid = GetTopFullTransactionId();
	if (memcmp(incarnation->guid, written, GUID_BYTES) == 0 &&
		FullTransactionIdEquals(xid, writer))
		return;
	relation_watch(REL_INCARNATION, forget_incarnations);
	if (!find_row(incarnation->guid, &committed))
	{
		incarnation_values(incarnation, values);
		values[NUM_INCARNATION_COLUMNS] = FullTransactionIdGetDatum(xid);
		SPI_connect();
		query_run(QUERY_INCARNATION_INSERT, values, NULL);
		SPI_finish();
		if (GetCurrentTransactionNestLevel() == 1)
		{
			memcpy(written, incarnation->guid, GUID_BYTES);
			writer = xid;
		}
	}
	else if (committed)
		memcpy(recorded, incarnation->guid, GUID_BYTES);
}

/* ------------------------------------------------------------- the feed */

/* The newest first. */
static int
compare_spans(const void *a, const void *b)
{
	int64		x = ((const IncarnationSpan *) a)->incarnation;
	int64		y = ((const IncarnationSpan *) b)->incarnation;

	return x > y ? -1 : x < y ? 1 : 0;
}

/* Merge the spans of one incarnation, which several transactions wrote. */
static int
merge_spans(IncarnationSpan *spans, int count)
{
	int			n = 0;

	qsort(spans, count, sizeof(IncarnationSpan), compare_spans);
	for (int i = 0; i < count; i++)
	{
		if (n > 0 && spans[n - 1].incarnation == spans[i].incarnation)
		{
			spans[n - 1].first_xid = Min(spans[n - 1].first_xid,
										 spans[i].first_xid);
			/* a marker may only announce the incarnation (number.c) */
			spans[n - 1].wal_position = Min(spans[n - 1].wal_position,
											spans[i].wal_position);
		}
		else
			spans[n++] = spans[i];
	}
	return n;
}

/*
 * A row that was not committed, or never will be, shows as well that its
 * incarnation began.
 */
IncarnationSpan *
incarnation_spans(const Incarnation *running, int *count)
{
	Relation	rel = table_open(relation_oid(REL_INCARNATION),
								 AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, SnapshotAny, 0, NULL);
	int64		system = (int64) GetSystemIdentifier();
	int			allocated = 16;
	IncarnationSpan *spans = palloc(sizeof(IncarnationSpan) * allocated);
	HeapTuple	tuple;

	*count = 0;
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Incarnation row;
		bool		isnull;
		Datum		xid = heap_getattr(tuple, NUM_INCARNATION_COLUMNS + 1,
									   RelationGetDescr(rel), &isnull);

		if (*count + 1 == allocated)
		{
			allocated *= 2;
			spans = repalloc(spans, sizeof(IncarnationSpan) * allocated);
		}
		incarnation_read(&row, tuple, RelationGetDescr(rel));
		spans[*count].incarnation = row.began[KEYED_CHANGE];
		spans[*count].is_own = row.system_identifier == system;
		spans[*count].wal_position = row.wal_position;
		spans[(*count)++].first_xid =
			U64FromFullTransactionId(DatumGetFullTransactionId(xid));
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	if (running != NULL)
	{
		spans[*count].incarnation = running->began[KEYED_CHANGE];
		spans[*count].is_own = true;
		spans[*count].wal_position = running->wal_position;
		spans[(*count)++].first_xid = PG_UINT64_MAX;
	}
	*count = merge_spans(spans, *count);
	return spans;
}

/* --------------------------------------------------- the GUID of a number */

/* Newest first, by the counter of change numbers. */
static int
compare_known(const void *a, const void *b)
{
	int64		x = ((const Known *) a)->incarnation.began[KEYED_CHANGE];
	int64		y = ((const Known *) b)->incarnation.began[KEYED_CHANGE];

	return x > y ? -1 : x < y ? 1 : 0;
}

/* Read the whole table into the cache. */
static void
load_known(void)
{
	Relation	rel = table_open(relation_oid(REL_INCARNATION),
								 AccessShareLock);
	TableScanDesc scan;
	HeapTuple	tuple;
	Known	   *rows;
	int			allocated = 16;
	int			count = 0;

	relation_watch(REL_INCARNATION, forget_incarnations);
	if (known_memory == NULL)
		known_memory = AllocSetContextCreate(TopMemoryContext,
											 "msgstore incarnations",
											 ALLOCSET_SMALL_SIZES);
	known = NULL;
	known_count = 0;
	MemoryContextReset(known_memory);
	rows = MemoryContextAlloc(known_memory, sizeof(Known) * allocated);

	scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Known	   *row;

		if (count == allocated)
		{
			allocated *= 2;
			rows = repalloc(rows, sizeof(Known) * allocated);
		}
		row = &rows[count++];
		incarnation_read(&row->incarnation, tuple, RelationGetDescr(rel));
		memcpy(row->seen, row->incarnation.began, sizeof(row->seen));
	}
	table_endscan(scan);
	qsort(rows, count, sizeof(Known), compare_known);
	known = rows;
	known_count = count;
	table_close(rel, AccessShareLock);
}

/*
 * Return the incarnation in the cache that gave out a number, NULL where there
 * is no such incarnation.  *sure is false if the table may have a newer one.
 */
static Known *
find_known(Keyed series, int64 number, bool *sure)
{
	int64		counter = COUNTER_OF(number);
	bool		is_newest = true;

	for (int i = 0; i < known_count; i++)
	{
		Known	   *row = &known[i];

		if (row->incarnation.node != NODE_OF(number))
			continue;
		if (row->incarnation.began[series] < counter)
		{
			*sure = !is_newest || counter - row->seen[series] < NUMBER_STEP;
			return row;
		}
		is_newest = false;
	}
	*sure = false;
	return NULL;
}

/*
 * Return the incarnation that gave out a number, NULL where its row is not in
 * this database.  The result is valid until a relation is opened.
 */
static const Incarnation *
find_incarnation(Keyed series, int64 number)
{
	bool		sure = false;
	Known	   *found = find_known(series, number, &sure);

	if (!sure)
	{
		load_known();
		found = find_known(series, number, &sure);
	}
	if (found == NULL)
		return NULL;
	found->seen[series] = Max(found->seen[series], COUNTER_OF(number));
	return &found->incarnation;
}

bool
incarnation_guid(Keyed series, int64 number, uint8 *guid)
{
	const Incarnation *found = find_incarnation(series, number);

	if (found != NULL)
		memcpy(guid, found->guid, GUID_BYTES);
	return found != NULL;
}

int64
incarnation_number(Keyed series, const uint8 *guid, int64 counter)
{
	bool		read_again = known_count == 0;

	for (int again = 0; again < 2; again++)
	{
		if (again != 0 || read_again)
			load_known();
		for (int i = 0; i < known_count; i++)
		{
			int64		number = known[i].incarnation.node << NODE_SHIFT |
			counter;
			uint8		of_number[GUID_BYTES];

			if (memcmp(known[i].incarnation.guid, guid, GUID_BYTES) != 0)
				continue;
			return incarnation_guid(series, number, of_number) &&
				memcmp(of_number, guid, GUID_BYTES) == 0 ? number : 0;
		}
		if (read_again)
			break;
	}
	return 0;
}

bool
incarnation_same(int64 a, int64 b)
{
	uint8		guid_a[GUID_BYTES];
	uint8		guid_b[GUID_BYTES];

	if (NODE_OF(a) != NODE_OF(b))
		return false;
	if (!incarnation_guid(KEYED_CHANGE, a, guid_a))
		return !incarnation_guid(KEYED_CHANGE, b, guid_b);
	return incarnation_guid(KEYED_CHANGE, b, guid_b) &&
		memcmp(guid_a, guid_b, GUID_BYTES) == 0;
}
