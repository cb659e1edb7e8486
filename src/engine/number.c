/*-------------------------------------------------------------------------
 *
 * number.c
 *	  Ids and change numbers that are never given out twice.
 *
 * NOTES
 *	  A number is 10 bits of node and 43 bits of a sequence's counter, so that
 *	  every number is below 2^53 and exact in a double, which is the type that
 *	  most readers of JSON give to a number.
 *
 *	  A sequence alone is not enough.  Its WAL may be lost in a crash with
 *	  synchronous_commit off, together with the commits that used its newest
 *	  numbers; the sequence would then give those numbers out again, and a
 *	  client that still has one as its base would find its stale token valid.
 *	  A dump, a restored backup, a new primary and a subscriber of logical
 *	  replication are no better: their sequences may be older than the numbers
 *	  that clients have been given.
 *
 *	  Therefore a row of an unlogged table, number_marker, marks the running
 *	  incarnation of the series.  All of those lose the row.  A marker counts
 *	  only in the database, under the postmaster and for the node that it was
 *	  written for: CREATE DATABASE ... TEMPLATE copies the row, and so does a
 *	  copy of the files of a server that was stopped.  The first use of numbers
 *	  in a backend looks for the marker.  Where it is missing, a new incarnation
 *	  begins: under a lock of its own, every series moves on to the greater of
 *
 *		- NUMBER_STEP above the largest number that the sequence, or the
 *		  primary key of the table (a subscriber), has, and
 *		- CLOCK_RATE times the seconds since 2026-01-01.
 *
 *	  Everything that was handed out before and is lost is below the new
 *	  numbers: after a crash by the first rule, after any other way back by the
 *	  second one, as long as no more than CLOCK_RATE numbers a second were used
 *	  on average since the series moved on last.  43 bits last 272 years at
 *	  that rate.  A clock that is behind costs the second rule and nothing
 *	  else.  A clock that is far ahead would use up numbers for nothing, and is
 *	  refused (check_clock).  The first incarnation of a database whose series
 *	  are unused and whose tables are empty marks the series as used and begins
 *	  at 0.
 *
 *	  The marker may also be in place and not be true: a server that others
 *	  replicate to may get rows of its own node whose numbers are ahead of its
 *	  sequences, and data may be restored in place.  Where a new number does not
 *	  exceed the number that it replaces, or the number that this backend was
 *	  given before, or where a new id is in use already, the marker counts as
 *	  missing.
 *
 *	  Other backends of that moment have the old incarnation in their caches.
 *	  A backend that gets a number NUMBER_STEP above its last one reads the
 *	  marker again, and waits for whoever is moving the series.
 *
 *	  The marker must be seen by everybody as soon as the lock is released,
 *	  whatever becomes of the transaction that wrote it: two backends in two
 *	  incarnations at a time would make the order of changes (incarnation, xid)
 *	  wrong.  The row is therefore inserted frozen, and has no index.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "query.h"

#define CLOCK_RATE		1024	/* numbers a second */

/* 2026-01-01 and ten years, in microseconds as TimestampTz counts them */
#define CLOCK_EPOCH		(INT64CONST(9497) * USECS_PER_DAY)
#define TEN_YEARS		(INT64CONST(3653) * USECS_PER_DAY)

/* The series, in the order of their sequences in StoreRelation. */
#define SERIES_OF(sequence)	((sequence) - REL_STORE_ID_SEQ)
#define SERIES_CHANGE		SERIES_OF(REL_CHANGE_NUMBER_SEQ)
#define NUM_SERIES			(SERIES_CHANGE + 1)

/* The columns of number_marker: those of incarnation, then its own. */
#define NUM_MARKER_COLUMNS	(NUM_INCARNATION_COLUMNS + 2)

static bool ready = false;		/* running is of the present marker */
static Incarnation running;
static int64 newest[NUM_SERIES];	/* the last counter that we were given */
static int64 change_incarnation = 0;	/* of our last change number */

static void prepare_numbers(bool moved);
static void begin_incarnation(int64 node, int series, int64 at_least);

/* A RelationWatcher: the relations or the node number have changed. */
static void
forget_numbers(void)
{
	ready = false;
}

/* ------------------------------------------------------------- the next one */

/* Return the series of keys that a sequence belongs to, -1 if there is none. */
static int
keyed_series(StoreRelation sequence)
{
	switch (sequence)
	{
		case REL_CHANGE_NUMBER_SEQ:
			return KEYED_CHANGE;
		case REL_MESSAGE_ID_SEQ:
			return KEYED_MESSAGE;
		case REL_FOLDER_ID_SEQ:
			return KEYED_FOLDER;
		default:
			return -1;
	}
}

/*
 * Begin a new incarnation, in which the counters of a series are above
 * "at_least", unless another backend has begun one already.
 */
static void
move_past(int series, int64 at_least)
{
	Oid			relid = relation_oid(REL_NUMBER_MARKER);
	uint8		before[GUID_BYTES];

	memcpy(before, running.guid, GUID_BYTES);
	LockRelationOid(relid, ShareUpdateExclusiveLock);
	prepare_numbers(false);
	if (memcmp(before, running.guid, GUID_BYTES) == 0)
		begin_incarnation(running.node, series, at_least);
	UnlockRelationOid(relid, ShareUpdateExclusiveLock);
}

/*
 * Return the next number of a sequence.  The first call in a backend makes
 * sure that no number is given out twice.
 */
static int64
number_next(StoreRelation sequence)
{
	int			series = SERIES_OF(sequence);
	int			keyed = keyed_series(sequence);
	int64		counter;

	if (!ready)
		prepare_numbers(false);
	counter = nextval_internal(relation_oid(sequence), false);
	while (keyed >= 0 && counter - newest[series] >= NUMBER_STEP)
	{
		/* another backend may have moved the series, or be about to */
		prepare_numbers(true);
		if (counter > newest[series])
			newest[series] = counter - 1;
		else
			counter = nextval_internal(relation_oid(sequence), false);
	}
	while (counter <= newest[series])
	{
		/* the sequence was set back */
		move_past(series, newest[series]);
		counter = nextval_internal(relation_oid(sequence), false);
	}
	newest[series] = counter;
	if (keyed >= 0)
		incarnation_record(&running);
	if (keyed == KEYED_CHANGE)
		change_incarnation = running.began[KEYED_CHANGE];
	return (running.node << NODE_SHIFT) | counter;
}

int64
number_next_change(int64 replaced)
{
	int64		number = number_next(REL_CHANGE_NUMBER_SEQ);

	while (number <= replaced && NODE_OF(number) == NODE_OF(replaced))
	{
		move_past(SERIES_CHANGE, COUNTER_OF(replaced));
		number = number_next(REL_CHANGE_NUMBER_SEQ);
	}
	return number;
}

/*
 * Return true if a row of the sequence's table has this id.  Probes with a
 * dirty snapshot, which sees rows of transactions in progress and takes no
 * predicate locks.
 */
static bool
id_used(StoreRelation sequence, int64 store_id, int64 id)
{
	/* a message that was deleted for good is still in the history */
	StoreRelation which = sequence == REL_STORE_ID_SEQ ? REL_STORE :
	sequence == REL_FOLDER_ID_SEQ ? REL_FOLDER :
	sequence == REL_PARKED_ID_SEQ ? REL_PARKED :
	sequence == REL_BLOB_ID_SEQ ? REL_BLOB : REL_CHANGE;
	int64		key[2] = {store_id, id};
	bool		is_store = which == REL_STORE;
	Relation	rel = table_open(relation_oid(which), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	SnapshotData dirty;
	bool		found;

	InitDirtySnapshot(dirty);
	found = direct_fetch(rel, which + 1, is_store ? &id : key,
						 is_store ? 1 : 2, &dirty, slot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
	return found;
}

int64
number_next_id(StoreRelation sequence, int64 store_id)
{
	int64		id = number_next(sequence);

	while (id_used(sequence, store_id, id))
	{
		CHECK_FOR_INTERRUPTS();
		move_past(SERIES_OF(sequence), COUNTER_OF(id));
		id = number_next(sequence);
	}
	return id;
}

int64
number_incarnation(void)
{
	return change_incarnation;
}

/* --------------------------------------------------------------- the marker */

/*
 * The position in the WAL of a marker that is followed by the real one of the
 * incarnation.
 */
#define ANNOUNCED			PG_UINT64_MAX

/*
 * Read the newest marker of this database into *marker, with "announced" also
 * one that only announces an incarnation.  Returns false if there is none that
 * was written under this postmaster.  Markers are frozen, and no session
 * updates or deletes one, so that SnapshotSelf sees them all.
 */
static bool
read_marker(Incarnation *marker, bool announced)
{
	Relation	rel = table_open(relation_oid(REL_NUMBER_MARKER),
								 AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	TableScanDesc scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Incarnation row;
		bool		isnull;
		Datum		database = heap_getattr(tuple, NUM_INCARNATION_COLUMNS + 1,
											desc, &isnull);
		Datum		started = heap_getattr(tuple, NUM_INCARNATION_COLUMNS + 2,
										   desc, &isnull);

		if (DatumGetObjectId(database) != MyDatabaseId ||
			DatumGetTimestampTz(started) != PgStartTime)
			continue;
		incarnation_read(&row, tuple, desc);
		if (row.wal_position == ANNOUNCED && !announced)
			continue;
		if (!found || row.began[KEYED_CHANGE] > marker->began[KEYED_CHANGE] ||
			(row.began[KEYED_CHANGE] == marker->began[KEYED_CHANGE] &&
			 row.wal_position < marker->wal_position))
			*marker = row;
		found = true;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

bool
number_begun(Incarnation *incarnation)
{
	return !RecoveryInProgress() && read_marker(incarnation, true);
}

/*
 * Return the number of the node, 0 where it has none.  The row is replaced by
 * set_node_number(), hence an MVCC snapshot.
 */
static int64
read_node(void)
{
	Relation	rel = table_open(relation_oid(REL_NODE), AccessShareLock);
	TableScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;
	int64		node = 0;

	PushActiveSnapshot(GetLatestSnapshot());
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	tuple = heap_getnext(scan, ForwardScanDirection);
	if (HeapTupleIsValid(tuple))
		node = DatumGetInt32(heap_getattr(tuple, 1, RelationGetDescr(rel),
										  &isnull));
	table_endscan(scan);
	PopActiveSnapshot();
	table_close(rel, AccessShareLock);
	return node;
}

/* Use an incarnation from now on. */
static void
run(const Incarnation *incarnation)
{
	running = *incarnation;
	memset(newest, 0, sizeof(newest));
	newest[SERIES_CHANGE] = running.began[KEYED_CHANGE];
	newest[SERIES_OF(REL_MESSAGE_ID_SEQ)] = running.began[KEYED_MESSAGE];
	newest[SERIES_OF(REL_FOLDER_ID_SEQ)] = running.began[KEYED_FOLDER];
}

/*
 * Run the incarnation of the marker, or begin a new one.  "moved" is true if
 * the series seem to have moved: then another backend may hold the lock and
 * not have written the marker yet.
 *
 * The node is read last, and after it no lock is taken that could accept an
 * invalidation, so that a later change of the node sets "ready" to false.
 */
static void
prepare_numbers(bool moved)
{
	Oid			relid = relation_oid(REL_NUMBER_MARKER);
	Incarnation marker;
	int64		node;
	bool		found;

	relation_watch(REL_NODE, forget_numbers);
	relation_watch(REL_NUMBER_MARKER, forget_numbers);
	relation_watch(REL_CHANGE_NUMBER_SEQ, forget_numbers);
	ready = false;
	found = !moved && read_marker(&marker, false);
	node = read_node();
	if (!found || marker.node != node)
	{
		LockRelationOid(relid, ShareUpdateExclusiveLock);
		found = read_marker(&marker, false);
		node = read_node();
		if (!found || marker.node != node)
			begin_incarnation(node, SERIES_CHANGE, 0);
		else
			run(&marker);
		UnlockRelationOid(relid, ShareUpdateExclusiveLock);
	}
	else if (memcmp(marker.guid, running.guid, GUID_BYTES) != 0)
		run(&marker);
	ready = true;
}

/* ------------------------------------------------------- a new incarnation */

/* The numbers that the tables have. */
typedef struct Largest
{
	int64		counters[NUM_SERIES];	/* -1: there is none */
	TimestampTz known_time;		/* of the newest incarnation, or 0 */
} Largest;

/*
 * Read the largest ids of a node from the tables.  Change numbers are not
 * looked for (number_next_change sees them); that of a table with changes is
 * given as 0, or as the start of the newest incarnation of any node: the feed
 * needs incarnations that ascend.
 */
static void
read_largest(int64 node, Largest *largest)
{
	Datum		values[2] = {Int64GetDatum(node << NODE_SHIFT),
	Int64GetDatum((node << NODE_SHIFT) | COUNTER_MASK)};
	HeapTuple	tuple;
	TupleDesc	desc;
	bool		isnull;
	Datum		value;

	largest->known_time = 0;
	SPI_connect();
	if (query_run(QUERY_LARGEST_IDS, values, NULL) != 1)
		elog(ERROR, "the largest ids were not read");
	tuple = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	for (int i = 0; i < NUM_SERIES; i++)
	{
		value = SPI_getbinval(tuple, desc, i + 1, &isnull);
		largest->counters[i] = isnull ? -1 : COUNTER_OF(DatumGetInt64(value));
	}
	value = SPI_getbinval(tuple, desc, NUM_SERIES + 1, &isnull);
	if (!isnull)
		largest->known_time = DatumGetTimestampTz(value);
	SPI_finish();
}

/* Return the time of the newest change, 0 where there is none. */
static TimestampTz
newest_change_time(void)
{
	TimestampTz time = 0;
	bool		isnull;
	Datum		value;

	SPI_connect();
	if (query_run(QUERY_NEWEST_CHANGE, NULL, NULL) == 1)
	{
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							  &isnull);
		if (!isnull)
			time = DatumGetTimestampTz(value);
	}
	SPI_finish();
	return time;
}

/*
 * Return the counter that the clock asks for.  A clock that is more than ten
 * years past everything known, or would use up half of the counter, raises:
 * numbers that are skipped do not come back.
 */
static int64
check_clock(const Largest *largest)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz known = largest->known_time;
	int64		counter;

	if (now < CLOCK_EPOCH)
		return 0;
	counter = (now - CLOCK_EPOCH) / USECS_PER_SEC * CLOCK_RATE +
		(now - CLOCK_EPOCH) % USECS_PER_SEC * CLOCK_RATE / USECS_PER_SEC;
	if (known != 0 && now - TEN_YEARS > known)
		known = Max(known, newest_change_time());
	if ((known != 0 && now - TEN_YEARS > known) || counter > COUNTER_MASK / 2)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the clock of this server is too far ahead to number changes by"),
				 errdetail("The clock says %s.", timestamptz_to_str(now)),
				 errhint("Set the clock.  If it is right, run UPDATE msgstore.incarnation SET began_at = now() as a superuser.")));
	return counter;
}

/*
 * Return the last counter that a sequence gave out, -1 if it was never used,
 * nor marked as used.
 */
static int64
sequence_last(Oid relid)
{
	LOCAL_FCINFO(fcinfo, 1);
	int64		last;

	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(relid);
	fcinfo->args[0].isnull = false;
	last = DatumGetInt64(pg_sequence_last_value(fcinfo));
	return fcinfo->isnull ? -1 : last;
}

/*
 * Move a series on; "used" is the largest counter known to be used, or -1.
 * Returns the counter at which the series stands then: 0 if it was unused.
 * The caller runs as the owner of the sequence, because there is no setval
 * that skips the check of permissions.
 */
static int64
move_on(Oid relid, int64 used, int64 clock)
{
	int64		last = Max(sequence_last(relid), used);

	if (last > COUNTER_MASK - NUMBER_STEP)
		ereport(ERROR,
				(errcode(ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED),
				 errmsg("the numbers of this database are used up")));
	last = last < 0 ? 0 : Max(last + NUMBER_STEP, clock);
	DirectFunctionCall2(setval_oid, ObjectIdGetDatum(relid),
						Int64GetDatum(last));
	return last;
}

/* Insert a marker that everybody sees from now on. */
static void
insert_marker(const Incarnation *incarnation)
{
	Relation	rel = table_open(relation_oid(REL_NUMBER_MARKER),
								 RowExclusiveLock);
	Datum		values[NUM_MARKER_COLUMNS];
	bool		nulls[NUM_MARKER_COLUMNS] = {false};
	HeapTuple	tuple;

	incarnation_values(incarnation, values);
	values[NUM_INCARNATION_COLUMNS] = ObjectIdGetDatum(MyDatabaseId);
	values[NUM_INCARNATION_COLUMNS + 1] = TimestampTzGetDatum(PgStartTime);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	heap_insert(rel, tuple, GetCurrentCommandId(true), HEAP_INSERT_FROZEN,
				NULL);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
}

/*
 * Begin an incarnation of a node: move all series on, one of them at least
 * past "at_least", and write the marker.  The caller holds the lock of the
 * marker.  The WAL of the steps is on disk before the marker is there;
 * otherwise a crash could take back the steps that numbers were given out
 * after.
 *
 * A reader of the feed takes the end of the WAL first and looks for the marker
 * then.  If it does not see the marker, its position must not lie behind that of
 * the incarnation (position.c), so the incarnation is announced before its
 * position is taken.
 */
static void
begin_incarnation(int64 node, int series, int64 at_least)
{
	Incarnation next;
	Largest		largest;
	int64		last[NUM_SERIES];
	int64		clock;
	Oid			userid;
	int			security;
	Datum		guid;

	ready = false;
	read_largest(node, &largest);
	if (at_least > 0)
		largest.counters[series] = Max(largest.counters[series], at_least);
	clock = check_clock(&largest);

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(relation_owner(),
						   security | SECURITY_LOCAL_USERID_CHANGE);
	for (int i = 0; i < NUM_SERIES; i++)
		last[i] = move_on(relation_oid(REL_STORE_ID_SEQ + i),
						  largest.counters[i], clock);
	SetUserIdAndSecContext(userid, security);

	next.node = node;
	next.began[KEYED_CHANGE] = last[SERIES_CHANGE];
	next.began[KEYED_MESSAGE] = last[SERIES_OF(REL_MESSAGE_ID_SEQ)];
	next.began[KEYED_FOLDER] = last[SERIES_OF(REL_FOLDER_ID_SEQ)];
	guid = DirectFunctionCall1(gen_random_uuid, (Datum) 0);
	memcpy(next.guid, DatumGetUUIDP(guid)->data, GUID_BYTES);
	next.system_identifier = (int64) GetSystemIdentifier();
	next.began_at = GetCurrentTimestamp();

	XLogFlush(XactLastRecEnd);
	next.wal_position = ANNOUNCED;
	insert_marker(&next);
	next.wal_position = GetXLogInsertRecPtr();
	insert_marker(&next);
	run(&next);
	ready = true;
}
