/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Index scans of the messages of a folder.
 *
 * NOTES
 *	  A scan reads with the active snapshot, without planner and executor, so
 *	  that a list is read from the index that has its order however old the
 *	  statistics are.  Indexes of promoted columns have the messages that are
 *	  not deleted only.
 *
 *	  The functions of the columns' operator classes are used, which are those
 *	  of built-in types.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define MAX_KEYS	6

/* the columns of the indexes */
#define COLUMN_STORE	1
#define COLUMN_FOLDER	2
#define COLUMN_THIRD	3		/* creator, or a promoted column */
#define COLUMN_MESSAGE	4

/* Add a condition on a column of the index. */
static void
add_key(MessageScan *scan, int column, StrategyNumber strategy, Datum value)
{
	Relation	index = scan->index;
	Oid			type = index->rd_opcintype[column - 1];
	Oid			operator = get_opfamily_member(index->rd_opfamily[column - 1],
											   type, type, strategy);

	Assert(scan->nkeys < MAX_KEYS);
	ScanKeyEntryInitialize(&scan->keys[scan->nkeys++], 0, column, strategy,
						   InvalidOid, index->rd_indcollation[column - 1],
						   get_opcode(operator), value);
}

/* Add the condition that a column is, or is not, NULL. */
static void
add_null_key(MessageScan *scan, int column, int search)
{
	Assert(scan->nkeys < MAX_KEYS);
	ScanKeyEntryInitialize(&scan->keys[scan->nkeys++], SK_ISNULL | search,
						   column, InvalidStrategy, InvalidOid, InvalidOid,
						   InvalidOid, (Datum) 0);
}

void
scan_begin(MessageScan *scan, MessageRow *row, StoreRelation index,
		   int64 store_id, int64 folder_id)
{
	memset(scan, 0, sizeof(MessageScan));
	scan->row = row;
	scan->index = index_open(relation_oid(index), AccessShareLock);
	scan->keys = palloc(sizeof(ScanKeyData) * MAX_KEYS);
	scan->direction = ForwardScanDirection;
	add_key(scan, COLUMN_STORE, BTEqualStrategyNumber,
			Int64GetDatum(store_id));
	add_key(scan, COLUMN_FOLDER, BTEqualStrategyNumber,
			Int64GetDatum(folder_id));
}

void
scan_equal(MessageScan *scan, Datum value)
{
	add_key(scan, COLUMN_THIRD, BTEqualStrategyNumber, value);
}

void
scan_bounds(MessageScan *scan, const PromotedBounds *bounds)
{
	if (bounds->has_low)
		add_key(scan, COLUMN_THIRD, BTGreaterEqualStrategyNumber,
				bounds->low);
	if (bounds->has_high)
		add_key(scan, COLUMN_THIRD, BTLessEqualStrategyNumber, bounds->high);
	if (!bounds->has_low && !bounds->has_high)
		add_null_key(scan, COLUMN_THIRD, SK_SEARCHNOTNULL);
}

void
scan_absent(MessageScan *scan, int64 after)
{
	add_null_key(scan, COLUMN_THIRD, SK_SEARCHNULL);
	add_key(scan, COLUMN_MESSAGE, BTGreaterEqualStrategyNumber,
			Int64GetDatum(after));
}

void
scan_backward(MessageScan *scan)
{
	scan->direction = BackwardScanDirection;
}

/* Open the scan with the conditions that have been added. */
static void
open_scan(MessageScan *scan)
{
	if (scan->desc != NULL)
		return;
	scan->desc = compat_index_beginscan(scan->row->table, scan->index,
										GetActiveSnapshot(), scan->nkeys, 0);
	index_rescan(scan->desc, scan->keys, scan->nkeys, NULL, 0);
}

bool
scan_next(MessageScan *scan)
{
	open_scan(scan);
	if (!index_getnext_slot(scan->desc, scan->direction, scan->row->slot))
		return false;
	messagerow_loaded(scan->row);
	return true;
}

int64
scan_count(MessageScan *scan, int64 limit)
{
	int64		count = 0;

	open_scan(scan);
	while (count < limit &&
		   index_getnext_tid(scan->desc, scan->direction) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	return count;
}

void
scan_end(MessageScan *scan)
{
	if (scan->desc != NULL)
		index_endscan(scan->desc);
	index_close(scan->index, AccessShareLock);
	pfree(scan->keys);
	ExecClearTuple(scan->row->slot);
}
