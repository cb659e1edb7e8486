/*-------------------------------------------------------------------------
 *
 * changerow.c
 *	  Rows of change: the only file that reads and writes tuples of the table.
 *
 * NOTES
 *	  Rows are written as those of message are: see row.c.  A row is never
 *	  updated.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

/* ----------------------------------------------------------------- columns */

typedef enum ChangeColumn
{
	C_STORE_ID = 0,
	C_MESSAGE_ID,
	C_CHANGE_NUMBER,
	C_PREVIOUS,
	C_BASE,
	C_INCARNATION,
	C_XID,
	C_LATE_XID,
	C_CHANGED_AT,
	C_AUTHOR_ID,
	C_KIND,
	C_UNDO,
	C_REQUEST,
	C_PROPERTIES,
	C_LARGE,					/* PART_HEADERS ... PART_RTF */
	NUM_CHANGE_COLUMNS = C_LARGE + NUM_PARTS - PART_HEADERS
} ChangeColumn;

static const char *const change_columns[NUM_CHANGE_COLUMNS] = {
	"store_id", "message_id", "change_number", "previous",
	"base_change_number", "incarnation", "xid", "late_xid", "changed_at",
	"author_id", "kind", "undo", "request", "properties",
	"undo_headers", "undo_body", "undo_html", "undo_rtf"
};

static ColumnMap change_map;

#define CHANGE_AT(rel) \
	direct_columns(&change_map, rel, change_columns, NUM_CHANGE_COLUMNS)

/* ----------------------------------------------------------------- writing */

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = (text == NULL);
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * Return the names of the touched properties if they are to be stored beside
 * the undo, or NULL.  The names are stored where they do not follow from the
 * undo, and where the undo is so large that reading it for the names would
 * cost more than storing them.
 */
static ArrayType *
stored_properties(const Undo *undo)
{
	if (undo->properties != NULL || VARSIZE(undo->props) <= UNDO_SMALL)
		return undo->properties;
	return undo_properties(undo);
}

/*
 * Return the transaction that determines the place of a change in the feed:
 * our own, or, if it is a later one, that of the change which led to the
 * replaced version.  Then our transaction has its id from before the other
 * one committed, which is rare; where no later transaction has ended yet, the
 * other change is not read.
 */
static FullTransactionId
placed_by(const ChangeRow *row, Relation change, FullTransactionId own)
{
	int64		key[3] = {row->store_id, row->message_id, row->previous};
	const int  *at = CHANGE_AT(change);
	TupleTableSlot *slot;
	FullTransactionId result = own;

	if (row->previous == 0 ||
		!TransactionIdPrecedes(XidFromFullTransactionId(own),
							   compat_latest_completed()))
		return own;
	slot = table_slot_create(change, NULL);
	if (direct_fetch(change, REL_CHANGE_PKEY, key, 3, SnapshotSelf, slot))
	{
		FullTransactionId xid;

		slot_getallattrs(slot);
		xid = DatumGetFullTransactionId(slot->tts_values[at[C_XID]]);
		if (DatumGetInt64(slot->tts_values[at[C_INCARNATION]]) ==
			row->incarnation && FullTransactionIdPrecedes(own, xid))
			result = xid;
	}
	ExecDropSingleTupleTableSlot(slot);
	return result;
}

/*
 * Set the columns of a row of change, without copying their datums.  The
 * transaction id is not in *row, but is determined here.  A base equal to the
 * replaced version is stored as NULL, and no base, of a change that replaced a
 * version, as 0.
 */
static void
put_change(const ChangeRow *row, Relation change, Datum *values, bool *nulls)
{
	const int  *at = CHANGE_AT(change);
	ArrayType  *properties = stored_properties(&row->undo);
	FullTransactionId own = GetTopFullTransactionId();
	FullTransactionId xid = placed_by(row, change, own);

	memset(nulls, true, sizeof(bool) * RelationGetDescr(change)->natts);
	for (int i = 0; i < C_REQUEST; i++)
		nulls[at[i]] = false;
	values[at[C_STORE_ID]] = Int64GetDatum(row->store_id);
	values[at[C_MESSAGE_ID]] = Int64GetDatum(row->message_id);
	values[at[C_CHANGE_NUMBER]] = Int64GetDatum(row->change_number);
	values[at[C_PREVIOUS]] = Int64GetDatum(row->previous);
	nulls[at[C_PREVIOUS]] = (row->previous == 0);
	values[at[C_BASE]] = Int64GetDatum(row->base);
	nulls[at[C_BASE]] = (row->base == row->previous);
	values[at[C_INCARNATION]] = Int64GetDatum(row->incarnation);
	values[at[C_XID]] = FullTransactionIdGetDatum(xid);
	values[at[C_LATE_XID]] = FullTransactionIdGetDatum(own);
	nulls[at[C_LATE_XID]] = FullTransactionIdEquals(own, xid);
	values[at[C_CHANGED_AT]] = TimestampTzGetDatum(row->changed_at);
	values[at[C_KIND]] = CharGetDatum(row->kind);
	values[at[C_AUTHOR_ID]] = Int64GetDatum(row->author_id);
	values[at[C_REQUEST]] = text_or_null(row->request, &nulls[at[C_REQUEST]]);
	values[at[C_PROPERTIES]] = PointerGetDatum(properties);
	nulls[at[C_PROPERTIES]] = (properties == NULL);
	values[at[C_UNDO]] = PointerGetDatum(row->packed);
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		values[at[C_LARGE + p - PART_HEADERS]] = row->undo.large[p];
		nulls[at[C_LARGE + p - PART_HEADERS]] = !row->undo.has_large[p];
	}
	direct_require_not_null(change, nulls);
}

void
changerow_insert(const ChangeRow *row)
{
	Relation	change = direct_relation(REL_CHANGE, RowExclusiveLock);
	TupleTableSlot *slot = direct_slot(change);

	CheckCmdReplicaIdentity(change, CMD_INSERT);
	put_change(row, change, slot->tts_values, slot->tts_isnull);
	direct_form(slot);
	table_tuple_insert(change, slot, GetCurrentCommandId(true), 0, NULL);
	direct_insert_entries(change, slot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(change, NoLock);
}

/* ----------------------------------------------------------------- batches */

void
changebatch_begin(ChangeBatch *batch)
{
	batch->change = direct_relation(REL_CHANGE, RowExclusiveLock);
	CheckCmdReplicaIdentity(batch->change, CMD_INSERT);
	batch->created = 0;
	batch->count = 0;
}

/*
 * Insert the rows of a batch.  Replaced values that are stored out of line are
 * read now, hence the snapshot.
 */
static void
flush_batch(ChangeBatch *batch)
{
	if (batch->count == 0)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	table_multi_insert(batch->change, batch->slots, batch->count,
					   GetCurrentCommandId(true), 0, NULL);
	direct_insert_batch(batch->change, batch->slots, batch->count);
	PopActiveSnapshot();
	for (int i = 0; i < batch->count; i++)
		ExecClearTuple(batch->slots[i]);
	batch->count = 0;
}

void
changebatch_add(ChangeBatch *batch, const ChangeRow *row)
{
	TupleTableSlot *slot;

	if (batch->count == MAX_BATCH)
		flush_batch(batch);
	if (batch->count == batch->created)
		batch->slots[batch->created++] = direct_slot(batch->change);
	slot = batch->slots[batch->count++];
	put_change(row, batch->change, slot->tts_values, slot->tts_isnull);
	direct_form(slot);

	/* the page of a large value does not stay pinned: have the tuple read */
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (row->undo.has_large[p])
			slot->tts_nvalid = 0;
	}
}

void
changebatch_end(ChangeBatch *batch)
{
	flush_batch(batch);
	for (int i = 0; i < batch->created; i++)
		ExecDropSingleTupleTableSlot(batch->slots[i]);
	table_close(batch->change, NoLock);
}

/* ----------------------------------------------------------------- reading */

/*
 * Copy a value of variable length that points into a slot.  Of a value that is
 * stored out of line, only the TOAST pointer is copied.
 */
static Datum
keep(Datum value, bool isnull)
{
	return isnull ? (Datum) 0 : datumCopy(value, false, -1);
}

/*
 * Copy the columns of fixed length, and the author, of a row of change out of
 * a slot, all of whose attributes have been deformed.  Strings are palloc'd.
 */
static void
read_change_stem(ChangeRow *row, TupleTableSlot *slot, const int *at)
{
	Datum	   *values = slot->tts_values;
	bool	   *nulls = slot->tts_isnull;

	memset(row, 0, sizeof(ChangeRow));
	row->store_id = DatumGetInt64(values[at[C_STORE_ID]]);
	row->message_id = DatumGetInt64(values[at[C_MESSAGE_ID]]);
	row->change_number = DatumGetInt64(values[at[C_CHANGE_NUMBER]]);
	if (!nulls[at[C_PREVIOUS]])
		row->previous = DatumGetInt64(values[at[C_PREVIOUS]]);
	row->base = nulls[at[C_BASE]] ? row->previous :
		DatumGetInt64(values[at[C_BASE]]);
	row->changed_at = DatumGetTimestampTz(values[at[C_CHANGED_AT]]);
	row->kind = DatumGetChar(values[at[C_KIND]]);
	row->author_id = DatumGetInt64(values[at[C_AUTHOR_ID]]);
	author_fetch(row->author_id, &row->author);
}

/* Copy a row of change, but of the replaced values only their names. */
static void
read_change_head(ChangeRow *row, TupleTableSlot *slot, const int *at)
{
	Datum	   *values = slot->tts_values;
	bool	   *nulls = slot->tts_isnull;
	Undo		undo;

	read_change_stem(row, slot, at);
	if (!nulls[at[C_PROPERTIES]])
	{
		row->undo.properties =
			DatumGetArrayTypePCopy(values[at[C_PROPERTIES]]);
		return;
	}
	undo.props = packed_read(DatumGetByteaPP(values[at[C_UNDO]]));
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
		undo.has_large[p] = !nulls[at[C_LARGE + p - PART_HEADERS]];
	row->undo.properties = undo_properties(&undo);
}

/* Copy a row of change with the replaced values, but without their names. */
static void
read_change(ChangeRow *row, TupleTableSlot *slot, const int *at)
{
	Datum	   *values = slot->tts_values;
	bool	   *nulls = slot->tts_isnull;

	read_change_stem(row, slot, at);
	row->undo.props = packed_read(DatumGetByteaPP(values[at[C_UNDO]]));
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		int			i = at[C_LARGE + p - PART_HEADERS];

		row->undo.has_large[p] = !nulls[i];
		row->undo.large[p] = keep(values[i], nulls[i]);
	}
}

/* A function that copies a row of change from a slot. */
typedef void (*ReadRow) (ChangeRow *row, TupleTableSlot *slot, const int *at);

/* Fetch a row of change, and read it with a function. */
static bool
fetch_change(ChangeRow *row, Relation change, int64 store_id,
			 int64 message_id, int64 change_number, ReadRow read)
{
	int64		key[3] = {store_id, message_id, change_number};
	TupleTableSlot *slot = table_slot_create(change, NULL);
	bool		found = direct_fetch(change, REL_CHANGE_PKEY, key, 3,
									 GetActiveSnapshot(), slot);

	if (found)
	{
		slot_getallattrs(slot);
		read(row, slot, CHANGE_AT(change));
	}
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

bool
changerow_fetch(ChangeRow *row, Relation change, int64 store_id,
				int64 message_id, int64 change_number)
{
	return fetch_change(row, change, store_id, message_id, change_number,
						read_change);
}

bool
changerow_fetch_head(ChangeRow *row, Relation change, int64 store_id,
					 int64 message_id, int64 change_number)
{
	return fetch_change(row, change, store_id, message_id, change_number,
						read_change_head);
}

bool
changerow_fetch_head_at(ChangeRow *row, Relation change, ItemPointer tid,
						TupleTableSlot *slot)
{
	if (!table_tuple_fetch_row_version(change, tid, GetActiveSnapshot(), slot))
		return false;
	slot_getallattrs(slot);
	read_change_head(row, slot, CHANGE_AT(change));
	ExecClearTuple(slot);
	return true;
}

void
changewalk_begin(ChangeWalk *walk, Relation change, int64 store_id,
				 int64 message_id)
{
	walk->change = change;
	walk->store_id = store_id;
	walk->message_id = message_id;
	direct_begin_walk(&walk->direct, change, REL_CHANGE_PKEY, 3,
					  GetActiveSnapshot());
}

/* Fetch the next row of a walk, and read it with a function. */
static bool
walk_to(ChangeWalk *walk, ChangeRow *row, int64 change_number, ReadRow read)
{
	int64		key[3] = {walk->store_id, walk->message_id, change_number};

	if (!direct_walk(&walk->direct, key))
		return false;
	slot_getallattrs(walk->direct.slot);
	read(row, walk->direct.slot, CHANGE_AT(walk->change));
	return true;
}

bool
changewalk_fetch(ChangeWalk *walk, ChangeRow *row, int64 change_number)
{
	return walk_to(walk, row, change_number, read_change);
}

bool
changewalk_fetch_head(ChangeWalk *walk, ChangeRow *row, int64 change_number)
{
	return walk_to(walk, row, change_number, read_change_head);
}

void
changewalk_end(ChangeWalk *walk)
{
	direct_end_walk(&walk->direct);
}

/*
 * Read the newest change of a message, scanning the changes in descending
 * order of their numbers.
 */
bool
changerow_newest(ChangeRow *row, Relation change, int64 store_id,
				 int64 message_id, char kind)
{
	int64		key[2] = {store_id, message_id};
	const int  *at = CHANGE_AT(change);
	Relation	index = index_open(relation_oid(REL_CHANGE_PKEY),
								   AccessShareLock);
	TupleTableSlot *slot = table_slot_create(change, NULL);
	IndexScanDesc scan = direct_begin_scan(change, index, key, 2,
										   GetActiveSnapshot());
	bool		found = false;

	while (!found && index_getnext_slot(scan, BackwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		if (kind == '\0' ||
			DatumGetChar(slot->tts_values[at[C_KIND]]) == kind)
		{
			read_change(row, slot, at);
			found = true;
		}
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/*
 * Look for a change that is older than a time.  Reads all changes of the
 * message, in the order of the index.
 */
bool
changerow_any_before(Relation change, int64 store_id, int64 message_id,
					 TimestampTz time)
{
	int64		key[2] = {store_id, message_id};
	const int  *at = CHANGE_AT(change);
	Relation	index = index_open(relation_oid(REL_CHANGE_PKEY),
								   AccessShareLock);
	TupleTableSlot *slot = table_slot_create(change, NULL);
	IndexScanDesc scan = direct_begin_scan(change, index, key, 2,
										   GetActiveSnapshot());
	bool		found = false;

	while (!found && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		found = DatumGetTimestampTz(slot->tts_values[at[C_CHANGED_AT]]) < time;
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

const char *
changerow_author(const ChangeRow *row)
{
	return row->author.actor != NULL ? row->author.actor :
		row->author.role;
}
