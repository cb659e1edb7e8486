/*-------------------------------------------------------------------------
 *
 * number.c
 *	  Ids and change numbers that are never given out twice.
 *
 * NOTES
 *	  A number is 15 bits of node and 48 bits of a sequence's counter.
 *
 *	  A sequence alone is not enough.  Its WAL may be lost in a crash with
 *	  synchronous_commit off, together with the commits that used its newest
 *	  numbers; it would then give those numbers out again, and a client that
 *	  still holds one as its base would find its stale token valid.  The same
 *	  goes for a dump, a restored backup or a new primary: what they remember
 *	  may be older than what clients have been told.
 *
 *	  So there is a marker: a row of an unlogged table, which all of those
 *	  lose.  A copy of a database (CREATE DATABASE ... TEMPLATE) has the row,
 *	  but with the oid of another database, and that does not count.  The
 *	  first use of numbers in a backend looks for it.  If it is missing, then
 *	  under a lock of its own every series that was ever used moves on by
 *	  NUMBER_JUMP (the others are marked as used), that step is flushed to
 *	  disk, and a new marker is written: its value, the change number at which
 *	  it began, names the incarnation.
 *
 *	  Not noticed is a copy of the files of a server that was stopped cleanly,
 *	  which nothing tells from the server: TRUNCATE of the table says it.
 *
 *	  No more than NUMBER_JUMP numbers may be lost.  A crash loses no more than
 *	  unflushed WAL has; a dump or a backup, all that was handed out after it,
 *	  which at 1,000 changes a second is NUMBER_JUMP in seven weeks.  A node can
 *	  lose its marker 65,000 times before its numbers are used up.
 *
 *	  The marker must be seen by everybody as soon as the lock is let go,
 *	  whatever becomes of the transaction that wrote it: two backends in two
 *	  incarnations at a time would make the order of changes (incarnation,
 *	  xid) wrong.  It is therefore inserted frozen.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define NUMBER_JUMP		(INT64CONST(1) << 32)

static bool ready = false;
static int64 incarnation = 0;
static int64 node_bits = 0;

static void prepare_numbers(void);
static bool read_marker(void);
static bool read_node(int32 *node);
static int64 move_on(StoreRelation sequence);

int64
number_next(StoreRelation sequence)
{
	if (!ready)
		prepare_numbers();
	return node_bits | nextval_internal(relation_oid(sequence), false);
}

int64
number_incarnation(void)
{
	/* a relation may have changed since number_next() */
	if (!ready)
		prepare_numbers();
	return incarnation;
}

/* A RelationWatcher: the relations or the node number have changed. */
static void
forget_numbers(void)
{
	ready = false;
}

/*
 * Find the marker, or move the series on and write one.
 */
static void
prepare_numbers(void)
{
	Oid			relid = relation_oid(REL_INCARNATION);
	int32		node;

	relation_watch(REL_NODE, forget_numbers);
	relation_watch(REL_INCARNATION, forget_numbers);
	relation_watch(REL_CHANGE_NUMBER_SEQ, forget_numbers);
	if (!read_marker())
	{
		LockRelationOid(relid, ShareUpdateExclusiveLock);
		if (!read_marker())
		{
			Relation	rel;
			HeapTuple	tuple;
			Datum		values[2];
			bool		nulls[2] = {false, false};

			move_on(REL_STORE_ID_SEQ);
			move_on(REL_FOLDER_ID_SEQ);
			move_on(REL_MESSAGE_ID_SEQ);
			move_on(REL_PARKED_ID_SEQ);
			move_on(REL_BLOB_ID_SEQ);
			incarnation = move_on(REL_CHANGE_NUMBER_SEQ);
			XLogFlush(XactLastRecEnd);

			rel = table_open(relid, RowExclusiveLock);
			values[0] = Int64GetDatum(incarnation);
			values[1] = ObjectIdGetDatum(MyDatabaseId);
			tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
			heap_insert(rel, tuple, GetCurrentCommandId(true),
						HEAP_INSERT_FROZEN, NULL);
			heap_freetuple(tuple);
			table_close(rel, NoLock);
		}
		UnlockRelationOid(relid, ShareUpdateExclusiveLock);
	}

	node_bits = read_node(&node) ? (int64) node << NODE_SHIFT : 0;
	ready = true;
}

/*
 * Read the marker of this database.  SnapshotAny serves, since it is never
 * updated or deleted.
 */
static bool
read_marker(void)
{
	Relation	rel = table_open(relation_oid(REL_INCARNATION),
								 AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	TableScanDesc scan = table_beginscan(rel, SnapshotAny, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found &&
		   (tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		bool		isnull;

		if (DatumGetObjectId(heap_getattr(tuple, 2, desc,
										  &isnull)) != MyDatabaseId)
			continue;
		incarnation = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
		found = true;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* The node's number; false where it has none. */
static bool
read_node(int32 *node)
{
	Relation	rel = table_open(relation_oid(REL_NODE), AccessShareLock);
	TableScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;
	bool		found;

	PushActiveSnapshot(GetLatestSnapshot());
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	tuple = heap_getnext(scan, ForwardScanDirection);
	found = HeapTupleIsValid(tuple);
	if (found)
		*node = DatumGetInt32(heap_getattr(tuple, 1, RelationGetDescr(rel),
										   &isnull));
	table_endscan(scan);
	PopActiveSnapshot();
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Move a series on.  One that was never used is only marked as used, so that
 * it starts at 1, and moves on if this start is forgotten.  Returns where it
 * stands then.  Runs as the owner, because there is no setval that skips the
 * check of permissions.
 */
static int64
move_on(StoreRelation sequence)
{
	LOCAL_FCINFO(fcinfo, 1);
	Oid			relid = relation_oid(sequence);
	int64		last;
	Oid			userid;
	int			security;

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(relation_owner(),
						   security | SECURITY_LOCAL_USERID_CHANGE);

	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(relid);
	fcinfo->args[0].isnull = false;
	last = DatumGetInt64(pg_sequence_last_value(fcinfo));
	if (fcinfo->isnull)
		last = 0;
	else if (last > COUNTER_MASK - NUMBER_JUMP)
		ereport(ERROR,
				(errcode(ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED),
				 errmsg("the numbers of this node are used up")));
	else
		last += NUMBER_JUMP;
	DirectFunctionCall2(setval_oid, ObjectIdGetDatum(relid),
						Int64GetDatum(last));

	SetUserIdAndSecContext(userid, security);
	return last;
}
