/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  Statistics of stores: saves and conflicts, bytes, versions and blobs;
 *	  and of the messages that clients fight over.
 *
 * NOTES
 *	  A row of statistics that every save updates would make all saves of a
 *	  store wait for each other.  Therefore a backend counts in its own memory,
 *	  as PostgreSQL's own statistics do, and reports now and then: before a
 *	  commit, if its last report is REPORT_INTERVAL old, and when it ends.  A
 *	  report inserts rows of its own transaction into the table activity, so
 *	  that no report waits for another.  The statistics are the sums of the
 *	  rows.  A save costs an addition in memory, most of the time.
 *
 *	  Counts of changes that are rolled back are dropped.  Each entry has the
 *	  nesting level of the transaction at which it was counted; level 0 has
 *	  what is committed, or holds in any case, and is not reported yet.  A
 *	  transaction that is prepared reports its own entries, because it may
 *	  commit in another backend.
 *
 *	  A backend that is killed loses what it has not reported, and a session
 *	  that is idle reports late.  recount_stats() counts anew what can be
 *	  counted.
 *
 *	  One report in FOLD_EVERY, by a hash of its transaction's number, folds
 *	  the rows of the store: it deletes the rows that no other backend is folding
 *	  and inserts their sums.  Rows with a message are kept for the KEEP
 *	  messages that were fought over last.
 *
 *	  A report never waits, and never makes a commit fail that could do without
 *	  it: a lock on the table that is not to be had at once, a read-only
 *	  transaction or a standby put it off.  Rows are inserted without the
 *	  executor, for which a session with one save would have to plan the
 *	  statement.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/detoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "query.h"

#define REPORT_INTERVAL		10000	/* milliseconds */
#define FOLD_EVERY			64
#define KEEP				1000
#define MAX_MESSAGES		64	/* with entries of their own */

/* The counts of an entry, in the order of the columns of activity. */
typedef enum Count
{
	COUNT_SAVES = 0,
	COUNT_CONFLICTS,
	COUNT_FORCES,
	COUNT_MERGES,
	COUNT_VERSIONS,
	COUNT_BYTES,
	COUNT_HISTORY_BYTES,
	COUNT_BLOBS
} Count;
#define NUM_COUNTS	(COUNT_BLOBS + 1)

typedef struct Entry
{
	int64		store_id;
	int64		message_id;		/* 0: the store as a whole */
	int			level;
	int64		counts[NUM_COUNTS];
	TimestampTz fought_at;		/* 0 in all three: never */
	TimestampTz pruned_at;
	TimestampTz swept_at;
} Entry;

/* in TopMemoryContext */
static Entry *entries = NULL;
static int	nentries = 0;
static int	nallocated = 0;
static int	nmessages = 0;		/* entries with a message */
static bool uncommitted = false;	/* there may be entries above level 0 */

/* the table that the entries are meant for: it ends with the extension */
static Oid	counted_for = InvalidOid;

static TimestampTz last_report = 0;
static bool reported = false;	/* by this transaction */

static void report_at_exit(int code, Datum arg);

/* ---------------------------------------------------------------- counting */

static inline bool
is_entry(const Entry *entry, int64 store_id, int64 message_id, int level)
{
	return entry->message_id == message_id && entry->store_id == store_id &&
		entry->level == level;
}

/* Find an entry.  Those of stores are mostly older than those of messages. */
static Entry *
find(int64 store_id, int64 message_id, int level)
{
	if (message_id == 0)
	{
		for (int i = 0; i < nentries; i++)
		{
			if (is_entry(&entries[i], store_id, 0, level))
				return &entries[i];
		}
		return NULL;
	}
	for (int i = nentries - 1; i >= 0; i--)
	{
		if (is_entry(&entries[i], store_id, message_id, level))
			return &entries[i];
	}
	return NULL;
}

/* Forget all entries if the table for which they were made is gone. */
static void
follow_table(void)
{
	Oid			table = relation_oid(REL_ACTIVITY);

	if (counted_for == table)
		return;
	nentries = nmessages = 0;
	counted_for = table;
}

/*
 * Return the entry of a store, or of a message if message_id is not 0, at a
 * level.  Return NULL if too many messages have entries.
 */
static Entry *
entry_of(int64 store_id, int64 message_id, int level)
{
	Entry	   *entry;

	follow_table();
	entry = find(store_id, message_id, level);
	if (entry != NULL)
		return entry;
	if (message_id != 0 && nmessages >= MAX_MESSAGES)
		return NULL;
	if (entries == NULL)
	{
		nallocated = 16;
		entries = MemoryContextAlloc(TopMemoryContext,
									 sizeof(Entry) * nallocated);
		before_shmem_exit(report_at_exit, (Datum) 0);
	}
	else if (nentries == nallocated)
	{
		entries = repalloc(entries, sizeof(Entry) * nallocated * 2);
		nallocated *= 2;
	}
	entry = &entries[nentries++];
	memset(entry, 0, sizeof(Entry));
	entry->store_id = store_id;
	entry->message_id = message_id;
	entry->level = level;
	if (level > 0)
		uncommitted = true;
	if (message_id != 0)
		nmessages++;
	return entry;
}

/* Return the entry of a store for what a rollback takes back. */
static Entry *
current_entry(int64 store_id)
{
	return entry_of(store_id, 0, GetCurrentTransactionNestLevel());
}

/* Count once, for a store and for one of its messages. */
static void
count_fight(int64 store_id, int64 message_id, int level, Count which)
{
	Entry	   *entry = entry_of(store_id, 0, level);

	entry->counts[which]++;
	entry = entry_of(store_id, message_id, level);
	if (entry == NULL)
		return;
	entry->counts[which]++;
	entry->fought_at = GetCurrentTimestamp();
}

/* Return the bytes of an undo, before compression: see UNDO_BYTES. */
static int64
undo_bytes(const ChangeRow *change)
{
	const Undo *undo = &change->undo;
	int64		bytes = VARSIZE(change->packed) - VARHDRSZ;

	for (int p = 0; p < NUM_PARTS; p++)
	{
		if (undo->has_large[p] && undo->large[p] != (Datum) 0)
			bytes += toast_raw_datum_size(undo->large[p]) - VARHDRSZ;
	}
	return bytes;
}

void
activity_change(const ChangeRow *change)
{
	int			level = GetCurrentTransactionNestLevel();
	Entry	   *entry = entry_of(change->store_id, 0, level);
	char		kind = change->kind;

	entry->counts[COUNT_VERSIONS]++;
	entry->counts[COUNT_HISTORY_BYTES] += undo_bytes(change);
	if (kind == CHANGE_CREATE || kind == CHANGE_COPY || kind == CHANGE_SAVE ||
		kind == CHANGE_FORCE || kind == CHANGE_MERGE || kind == CHANGE_IMPORT)
		entry->counts[COUNT_SAVES]++;
	if (kind == CHANGE_FORCE)
		count_fight(change->store_id, change->message_id, level, COUNT_FORCES);
	else if (kind == CHANGE_MERGE)
		count_fight(change->store_id, change->message_id, level, COUNT_MERGES);
}

void
activity_bytes(int64 store_id, int64 bytes)
{
	if (bytes != 0)
		current_entry(store_id)->counts[COUNT_BYTES] += bytes;
}

void
activity_blobs(int64 store_id, int64 blobs)
{
	if (blobs != 0)
		current_entry(store_id)->counts[COUNT_BLOBS] += blobs;
}

void
activity_pruned(int64 store_id, int64 versions, int64 bytes, bool prune)
{
	Entry	   *entry = current_entry(store_id);

	entry->counts[COUNT_VERSIONS] -= versions;
	entry->counts[COUNT_HISTORY_BYTES] -= bytes;
	if (prune)
		entry->pruned_at = GetCurrentTimestamp();
}

void
activity_swept(int64 store_id)
{
	current_entry(store_id)->swept_at = GetCurrentTimestamp();
}

void
activity_conflict(int64 store_id, int64 message_id)
{
	count_fight(store_id, message_id, 0, COUNT_CONFLICTS);
}

/* --------------------------------------------------------------- reporting */

/* Fill values and nulls of a row of activity, without its transaction. */
static void
entry_values(const Entry *entry, Datum *values, bool *nulls)
{
	const TimestampTz times[] = {entry->fought_at, entry->pruned_at,
	entry->swept_at};

	values[0] = Int64GetDatum(entry->store_id);
	values[1] = Int64GetDatum(entry->message_id);
	nulls[0] = nulls[1] = false;
	for (int i = 0; i < NUM_COUNTS; i++)
	{
		values[2 + i] = Int64GetDatum(entry->counts[i]);
		nulls[2 + i] = false;
	}
	for (int i = 0; i < lengthof(times); i++)
	{
		values[2 + NUM_COUNTS + i] = TimestampTzGetDatum(times[i]);
		nulls[2 + NUM_COUNTS + i] = (times[i] == 0);
	}
}

#define NUM_VALUES	(2 + NUM_COUNTS + 3)

/* The columns of activity: those of entry_values(), and the transaction. */
static const char *const activity_columns[NUM_VALUES + 1] = {
	"store_id", "message_id", "saves", "conflicts", "forces", "merges",
	"versions", "bytes", "history_bytes", "blobs", "fought_at", "pruned_at",
	"swept_at", "xid"
};

static ColumnMap activity_map;

/* Insert an entry, or add it to the row that its transaction has inserted. */
static void
add_to_row(Datum *values, const bool *nulls)
{
	char		marks[NUM_VALUES + 1];

	for (int i = 0; i < NUM_VALUES; i++)
		marks[i] = nulls[i] ? 'n' : ' ';
	marks[NUM_VALUES] = '\0';
	query_run(QUERY_ACTIVITY_ADD, values, marks);
}

/* Insert a row, in a slot that is empty. */
static void
insert_row(Relation table, TupleTableSlot *slot, const Datum *values,
		   const bool *nulls, Datum xid)
{
	const int  *at = direct_columns(&activity_map, table, activity_columns,
									lengthof(activity_columns));

	memset(slot->tts_isnull, true,
		   sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int i = 0; i < NUM_VALUES; i++)
	{
		slot->tts_values[at[i]] = values[i];
		slot->tts_isnull[at[i]] = nulls[i];
	}
	slot->tts_values[at[NUM_VALUES]] = xid;
	slot->tts_isnull[at[NUM_VALUES]] = false;
	ExecStoreVirtualTuple(slot);
	direct_require_not_null(table, slot->tts_isnull);
	direct_write(table, NULL, slot);
}

/* Return true if nobody has added anything to the table that SQL would run. */
static bool
is_plain(Relation table)
{
	const		TupleConstr *constraints = RelationGetDescr(table)->constr;

	return table->trigdesc == NULL && table->rd_rules == NULL &&
		!table->rd_rel->relrowsecurity &&
		(constraints == NULL || (constraints->num_check == 0 &&
								 !constraints->has_generated_stored));
}

/*
 * Report an entry.  The transaction has a row already if it has folded the rows
 * of the store, or counted at several levels.
 */
static void
insert_entry(Relation table, TupleTableSlot *found, TupleTableSlot *slot,
			 const Entry *entry)
{
	uint64		xid = U64FromFullTransactionId(GetTopFullTransactionId());
	int64		key[3] = {entry->store_id, entry->message_id, (int64) xid};
	Datum		values[NUM_VALUES];
	bool		nulls[NUM_VALUES];
	bool		by_sql = !is_plain(table) ||
	direct_fetch(table, REL_ACTIVITY_PKEY, key, 3, SnapshotSelf, found);

	entry_values(entry, values, nulls);
	ExecClearTuple(found);
	ExecClearTuple(slot);
	if (by_sql)
		add_to_row(values, nulls);
	else
		insert_row(table, slot, values, nulls, UInt64GetDatum(xid));
}

/* Fold the rows of a store, one report in FOLD_EVERY. */
static void
fold(int64 store_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int32GetDatum(KEEP)};

	if (hash_bytes_uint32(GetTopTransactionId()) % FOLD_EVERY != 0 ||
		IsolationUsesXactSnapshot())
		return;
	query_run(QUERY_ACTIVITY_FOLD, values, NULL);
	query_run(QUERY_ACTIVITY_TRIM, values, NULL);
}

/* Return true if the current transaction can write to the table. */
static bool
can_report(void)
{
	if (nentries == 0 || XactReadOnly || RecoveryInProgress() ||
		IsInParallelMode() || !relation_installed() ||
		counted_for != relation_oid(REL_ACTIVITY))
		return false;
	return ConditionalLockRelationOid(counted_for, RowExclusiveLock);
}

/* Insert the entries of level "from" and above; the caller may report. */
static void
report(int from)
{
	Relation	table;
	TupleTableSlot *found;
	TupleTableSlot *slot;

	SPI_connect();
	for (int i = 0; i < nentries; i++)
	{
		if (entries[i].level >= from && entries[i].message_id == 0)
			fold(entries[i].store_id);
	}
	table = table_open(counted_for, RowExclusiveLock);
	found = table_slot_create(table, NULL);
	slot = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
	for (int i = 0; i < nentries; i++)
	{
		if (entries[i].level >= from)
			insert_entry(table, found, slot, &entries[i]);
	}
	ExecDropSingleTupleTableSlot(slot);
	ExecDropSingleTupleTableSlot(found);
	table_close(table, NoLock);
	SPI_finish();
}

void
activity_before_commit(void)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (nentries == 0 ||
		(last_report != 0 &&
		 !TimestampDifferenceExceeds(last_report, now, REPORT_INTERVAL)) ||
		!can_report())
		return;
	report(0);
	last_report = now;
	reported = true;
}

/* Remove the entries of a level, or of all levels from there upwards. */
static void
drop(int from, int to)
{
	int			kept = 0;

	for (int i = 0; i < nentries; i++)
	{
		if (entries[i].level < from || entries[i].level > to)
			entries[kept++] = entries[i];
		else if (entries[i].message_id != 0)
			nmessages--;
	}
	nentries = kept;
}

void
activity_before_prepare(void)
{
	if (!can_report())
		return;
	report(1);
	drop(1, PG_INT32_MAX);
}

/* Move the entries of a level to a lower one. */
static void
lower(int level, int to)
{
	for (int i = 0; i < nentries; i++)
	{
		Entry	   *entry = &entries[i];
		Entry	   *below;

		if (entry->level != level)
			continue;
		below = find(entry->store_id, entry->message_id, to);
		if (below == NULL)
		{
			entry->level = to;
			continue;
		}
		for (int c = 0; c < NUM_COUNTS; c++)
			below->counts[c] += entry->counts[c];
		below->fought_at = Max(below->fought_at, entry->fought_at);
		below->pruned_at = Max(below->pruned_at, entry->pruned_at);
		below->swept_at = Max(below->swept_at, entry->swept_at);
	}
	drop(level, level);
}

/* Forget what the transaction has reported; the rest waits for a report. */
void
activity_committed(void)
{
	if (reported)
		nentries = nmessages = 0;
	else if (uncommitted)
		lower(1, 0);
	uncommitted = reported = false;
}

void
activity_aborted(void)
{
	if (reported)
		last_report = 0;
	if (uncommitted)
		drop(1, PG_INT32_MAX);
	uncommitted = reported = false;
}

void
activity_subcommitted(int level)
{
	if (uncommitted)
		lower(level, level - 1);
}

void
activity_subaborted(int level)
{
	if (uncommitted)
		drop(level, level);
}

/*
 * Callback for the end of the backend: report what is left, before the commit
 * of an empty transaction that waits for nothing, neither the disk nor a
 * standby.
 */
static void
report_at_exit(int code, Datum arg)
{
	if (nentries == 0)
		return;
	AbortOutOfAnyTransaction();
	if (nentries == 0 || RecoveryInProgress())
		return;
	StartTransactionCommand();
	XactIsoLevel = XACT_READ_COMMITTED;
	synchronous_commit = SYNCHRONOUS_COMMIT_OFF;
	last_report = 0;
	CommitTransactionCommand();
}

/* --------------------------------------------------------------- functions */

/*
 * unreported_activity() → rows of activity without their transaction
 *
 * Return what this backend has counted and not reported.
 */
PG_FUNCTION_INFO_V1(unreported_activity);
Datum
unreported_activity(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);

	if (counted_for != relation_oid(REL_ACTIVITY))
		return (Datum) 0;
	for (int i = 0; i < nentries; i++)
	{
		Datum		values[NUM_VALUES];
		bool		nulls[NUM_VALUES];

		entry_values(&entries[i], values, nulls);
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

void
activity_recount(int64 store_id)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	Entry	   *entry;
	bool		isnull;

	SPI_connect();
	query_run(QUERY_ACTIVITY_RECOUNT, values, NULL);
	entry = current_entry(store_id);
	for (int c = COUNT_VERSIONS; c <= COUNT_BLOBS; c++)
	{
		int64		difference;

		difference = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
												 SPI_tuptable->tupdesc,
												 c - COUNT_VERSIONS + 1,
												 &isnull));
		for (int i = 0; i < nentries; i++)
		{
			if (entries[i].store_id == store_id && entries[i].message_id == 0)
				difference -= entries[i].counts[c];
		}
		entry->counts[c] += difference;
	}
	SPI_finish();
}
