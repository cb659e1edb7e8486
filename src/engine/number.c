/*-------------------------------------------------------------------------
 *
 * number.c
 *	  Ids and change numbers.  No number is assigned twice.
 *
 * NOTES
 *	  A number consists of 15 bits for the node and 48 bits for the counter of
 *	  a sequence.
 *
 *	  A sequence alone is not enough.  A crash with synchronous_commit off can
 *	  lose the WAL of a sequence together with the commits that used its newest
 *	  numbers.  The sequence would then assign these numbers again, and a
 *	  client that holds one of them as its base would pass for up to date.  A
 *	  restored dump, a restored backup and a promoted standby have the same
 *	  problem: the sequence may be behind the numbers that clients have
 *	  received.
 *
 *	  Therefore there is a marker: a row of the unlogged table incarnation.  A
 *	  crash, a restore and a promotion all lose the row.  A copy of a database
 *	  (CREATE DATABASE ... TEMPLATE) has the row, but with the oid of the other
 *	  database, and such a row does not count.  A backend looks for the marker
 *	  when it first uses a number.  If there is no marker, the backend takes a
 *	  lock, advances by NUMBER_JUMP every sequence that was ever used, marks
 *	  the others as used, flushes these changes to disk and inserts a new
 *	  marker.  The value of the marker is the change number at which the
 *	  incarnation begins, and names the incarnation.
 *
 *	  A copy of the files of a server that was shut down cleanly keeps the
 *	  marker and is not noticed.  After such a copy is started, TRUNCATE the
 *	  table incarnation.
 *
 *	  At most NUMBER_JUMP numbers may be lost.  A crash loses as many as the
 *	  unflushed WAL contained.  A dump or backup loses all numbers assigned
 *	  after it was taken: at 1,000 changes per second, these are NUMBER_JUMP
 *	  after seven weeks.  A node can lose its marker 65,000 times before its
 *	  numbers are used up.
 *
 *	  All sessions must see the marker as soon as the lock is released, even if
 *	  the transaction that inserted it rolls back later.  Otherwise two
 *	  backends could be in two incarnations at a time, and the order of changes
 *	  (incarnation, xid) would be wrong.  The marker is therefore inserted as a
 *	  frozen tuple.
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
	/* a relation may have changed since number_next() was called */
	if (!ready)
		prepare_numbers();
	return incarnation;
}

/* RelationWatcher: prepare the numbers again before their next use. */
static void
forget_numbers(void)
{
	ready = false;
}

/*
 * Read the marker and the node number.  Without a marker, advance the
 * sequences and insert one, under a lock that is released at once.
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
 * Read the marker of this database into "incarnation".  Returns false if there
 * is no marker.  SnapshotAny is safe because markers are never updated or
 * deleted.
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

/* Read the number of this node.  Returns false if no number was set. */
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
 * Advance a sequence by NUMBER_JUMP and return its new last value.  A sequence
 * that was never used is set to 0, so that its first number is 1, and counts
 * as used from now on.  Runs as the owner of the extension, because no variant
 * of setval skips the permission check.
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
