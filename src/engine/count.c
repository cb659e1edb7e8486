/*-------------------------------------------------------------------------
 *
 * count.c
 *	  The numbers of messages in folders.
 *
 * NOTES
 *	  The numbers of a folder are the sums of its rows in folder_count.  A
 *	  transaction that creates, moves, deletes or restores messages has rows of
 *	  its own for each folder, with its differences, so that no two
 *	  transactions wait for each other, and a rollback takes its differences
 *	  back.  A save of an existing message writes no row.
 *
 *	  A row is keyed by the transaction and by a part, which is the command
 *	  counter in steps of 1024.  Changes of one part update one row; without
 *	  parts, a transaction of very many commands would have to look at all
 *	  dead versions of one row for each of them.
 *
 *	  A reader that finds many rows folds them: in one statement it deletes
 *	  those that no other reader is folding, and inserts their sum as a row of
 *	  its own transaction.  Every snapshot sees either the rows or the sum.  A
 *	  restored dump may have rows under the number of a transaction that is
 *	  still to come; both differences are then added up in one row.
 *
 *	  The first row of a transaction is inserted without the executor, because
 *	  most transactions that make a message write this one row only.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "query.h"

#define FOLD_ABOVE		32		/* rows that a reader leaves */
#define PART_COMMANDS	1024

/* The differences of a folder in a tally. */
typedef struct TallyEntry
{
	int64		folder_id;		/* hash key */
	FolderCounts counts;
} TallyEntry;

/* ----------------------------------------------------------------- writing */

/* Return the part of the transaction's rows that the current command writes. */
static int32
current_part(void)
{
	return (int32) (GetCurrentCommandId(false) / PART_COMMANDS);
}

/* The last transaction in which this backend has written rows. */
static FullTransactionId writer;

/* Return true if the table has the row with the key in values[0 .. 3]. */
static bool
has_row(Relation rel, const Datum *values)
{
	static const RegProcedure equal[] = {F_INT8EQ, F_INT8EQ, F_XID8EQ, F_INT4EQ};
	ScanKeyData keys[lengthof(equal)];
	SysScanDesc scan;
	bool		found;

	for (int i = 0; i < lengthof(equal); i++)
		ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, equal[i],
					values[i]);
	scan = systable_beginscan(rel, relation_oid(REL_FOLDER_COUNT_PKEY), true,
							  SnapshotSelf, lengthof(keys), keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/*
 * Insert the first row of this transaction without the executor, and return
 * true; or return false if that is not possible: the transaction has written
 * rows before, a user has changed the table, or a row with the same key came
 * from another cluster.
 */
static bool
insert_first(int64 store_id, int64 folder_id, const FolderCounts *counts)
{
	FullTransactionId xid = GetTopFullTransactionId();
	Relation	rel;
	TupleTableSlot *slot;
	bool		possible;

	if (FullTransactionIdEquals(xid, writer))
		return false;
	rel = table_open(relation_oid(REL_FOLDER_COUNT), RowExclusiveLock);
	slot = direct_slot(rel);
	possible = RelationGetNumberOfAttributes(rel) == 8 &&
		rel->trigdesc == NULL && rel->rd_rules == NULL &&
		!rel->rd_rel->relrowsecurity && rel->rd_att->constr->num_check == 0;
	if (possible)
	{
		const Datum values[8] = {Int64GetDatum(store_id),
			Int64GetDatum(folder_id), FullTransactionIdGetDatum(xid),
			Int32GetDatum(current_part()), Int64GetDatum(counts->messages),
			Int64GetDatum(counts->associated), Int64GetDatum(counts->deleted),
		Int64GetDatum(counts->deleted_associated)};

		possible = !has_row(rel, values);
		memcpy(slot->tts_values, values, sizeof(values));
		memset(slot->tts_isnull, false, lengthof(values));
	}
	if (possible)
	{
		CheckCmdReplicaIdentity(rel, CMD_INSERT);
		direct_form(slot);
		table_tuple_insert(rel, slot, GetCurrentCommandId(true), 0, NULL);
		direct_insert_entries(rel, slot);
		writer = xid;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return possible;
}

/* Add differences to the numbers of a folder. */
static void
write_counts(int64 store_id, int64 folder_id, const FolderCounts *counts)
{
	Datum		values[7] = {Int64GetDatum(store_id), Int64GetDatum(folder_id),
		Int32GetDatum(current_part()),
		Int64GetDatum(counts->messages), Int64GetDatum(counts->associated),
		Int64GetDatum(counts->deleted),
	Int64GetDatum(counts->deleted_associated)};

	if (counts->messages == 0 && counts->associated == 0 &&
		counts->deleted == 0 && counts->deleted_associated == 0)
		return;
	if (insert_first(store_id, folder_id, counts))
		return;
	SPI_connect();
	query_run(QUERY_COUNT_ADD, values, NULL);
	SPI_finish();
	writer = GetTopFullTransactionId();
}

/* Add a number of messages of one kind to differences. */
static void
add(FolderCounts *counts, bool associated, bool deleted, int by)
{
	if (deleted && associated)
		counts->deleted_associated += by;
	else if (deleted)
		counts->deleted += by;
	else if (associated)
		counts->associated += by;
	else
		counts->messages += by;
}

void
count_change(CountTally *tally, const MessageRow *row, const Version *version,
			 int by)
{
	bool		associated = (row->version.message_flags & MSGFLAG_ASSOCIATED) != 0;
	bool		deleted = version->deleted_at != 0;
	TallyEntry *entry;
	bool		found;

	if (tally == NULL)
	{
		FolderCounts counts = {0};

		add(&counts, associated, deleted, by);
		write_counts(row->store_id, version->folder_id, &counts);
		return;
	}
	entry = hash_search(tally->entries, &version->folder_id, HASH_ENTER,
						&found);
	if (!found)
		memset(&entry->counts, 0, sizeof(FolderCounts));
	add(&entry->counts, associated, deleted, by);
}

void
count_begin(CountTally *tally, int64 store_id)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(int64);
	control.entrysize = sizeof(TallyEntry);
	control.hcxt = CurrentMemoryContext;
	tally->store_id = store_id;
	tally->entries = hash_create("msgstore tally", 16, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
count_end(CountTally *tally)
{
	HASH_SEQ_STATUS scan;
	TallyEntry *entry;

	hash_seq_init(&scan, tally->entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
		write_counts(tally->store_id, entry->folder_id, &entry->counts);
	hash_destroy(tally->entries);
}

/* ----------------------------------------------------------------- reading */

PG_FUNCTION_INFO_V1(store_counts);

/* Read the columns of the result, from "first" on, into *counts. */
static void
read_counts(int first, FolderCounts *counts)
{
	int64	   *numbers[4] = {&counts->messages, &counts->associated,
	&counts->deleted, &counts->deleted_associated};

	for (int i = 0; i < lengthof(numbers); i++)
	{
		bool		isnull;

		*numbers[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
												  SPI_tuptable->tupdesc,
												  first + i, &isnull));
	}
}

/*
 * Return true if this transaction may fold rows.  Under REPEATABLE READ and
 * SERIALIZABLE a row that another reader has folded would raise 40001.
 */
static bool
may_fold(void)
{
	return !XactReadOnly && !RecoveryInProgress() && !IsInParallelMode() &&
		!IsolationUsesXactSnapshot();
}

/* Read the numbers of a folder, and fold its rows if "fold" is set. */
static void
read_sums(int64 store_id, int64 folder_id, bool fold, FolderCounts *counts)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(folder_id),
	Int32GetDatum(current_part())};
	int64		rows;

	SPI_connect();
	query_run(QUERY_COUNT_READ, values, NULL);
	rows = query_result_bigint();
	read_counts(2, counts);
	if (fold && rows > FOLD_ABOVE && may_fold())
	{
		query_run(QUERY_COUNT_FOLD, values, NULL);
		writer = GetTopFullTransactionIdIfAny();
	}
	SPI_finish();
}

void
count_read(int64 store_id, int64 folder_id, FolderCounts *counts)
{
	read_sums(store_id, folder_id, true, counts);
}

void
count_look(int64 store_id, int64 folder_id, FolderCounts *counts)
{
	read_sums(store_id, folder_id, false, counts);
}

void
count_read_own(int64 store_id, int64 folder_id, FolderCounts *counts)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(folder_id),
	access_role_name()};

	SPI_connect();
	query_run(QUERY_COUNT_OWN, values, NULL);
	read_counts(1, counts);
	SPI_finish();
}

void
count_forget(int64 store_id, int64 folder_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};

	SPI_connect();
	query_run(QUERY_COUNT_DELETE, values, NULL);
	SPI_finish();
}

/*
 * store_counts(store_id) → (messages, deleted)
 *
 * Return the numbers of messages in a store, associated ones among them, and
 * fold the rows of all its folders if they are many.  The caller has checked
 * the rights.
 */
Datum
store_counts(PG_FUNCTION_ARGS)
{
	Datum		values[2] = {PG_GETARG_DATUM(0),
	Int32GetDatum(current_part())};
	Datum		result[2];
	bool		nulls[2];
	bool		many;

	SPI_connect();
	query_run(QUERY_COUNT_STORE, values, NULL);
	many = query_result_bigint() > 0;
	for (int i = 0; i < 2; i++)
		result[i] = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, i + 2, &nulls[i]);
	if (many && may_fold())
	{
		query_run(QUERY_COUNT_FOLD_STORE, values, NULL);
		writer = GetTopFullTransactionIdIfAny();
	}
	SPI_finish();
	return call_row(fcinfo, result, nulls);
}
