/*-------------------------------------------------------------------------
 *
 * state.c
 *	  State of messages outside of the version: what each user has read, and
 *	  the status.
 *
 * NOTES
 *	  A user (reader) is a role and an actor; no actor is the empty text.
 *
 *	  The read flags of a user are bits.  A row of read_page has those of the
 *	  1,024 messages whose ids are equal but for the last ten bits: "known" has
 *	  a bit for each message whose flag the user has set or cleared, and
 *	  "is_read" the flag.  A message without a bit in "known" is unread, except
 *	  that its creator has the flag READ with which the message was created.
 *	  100,000 messages are thus about 100 rows.
 *
 *	  A watermark ("read up to here") with exceptions would be one row, but
 *	  wrong: messages do not become visible in the order of any number, so that
 *	  a message whose save commits after the mark was set would count as read
 *	  although nobody has seen it; and the state of a message would change with
 *	  its folder.  Bits name exactly the messages that the statement has seen,
 *	  and a move or a restore of the message does not touch them.
 *
 *	  The position of the last change (incarnation, transaction and number)
 *	  stands in a row of its own, for the feed: in read_mark for a message, in
 *	  read_folder for a folder that was marked as a whole.  No row is deleted
 *	  when a flag is cleared.
 *
 *	  Receipts: the store makes none.  MSGFLAG_RN_PENDING says that a read
 *	  receipt is due, MSGFLAG_NRN_PENDING that a non-read receipt is.  Both
 *	  follow from the properties with which the sender asks for receipts, the
 *	  read flag, and the bits RECEIPT_* in read_mark.
 *
 *	  Rows are read with the active snapshot, so that a view shows the flags
 *	  that belong to its version, and written through SPI.
 *
 *	  Most stores that programs use have no state at all, or no status.  To open
 *	  three tables for each message that is shown would then be a waste, so a
 *	  backend keeps which stores have state.  Whoever sets a flag or a status in
 *	  a store without a row in store_state inserts one, and sends a relcache
 *	  invalidation of that table, which empties what other backends keep before
 *	  the COMMIT returns.  The rows are never deleted, so that "has state" never
 *	  becomes wrong, and two transactions that are the first in a store do not
 *	  wait for each other: each inserts a row of its own.  Where rows come by
 *	  replication, which sends no invalidation, every store counts as one with
 *	  state.  After rows were inserted by hand, sessions must be restarted.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varbit.h"

#include "query.h"

#define PAGE_SHIFT		10
#define PAGE_MASK		((1 << PAGE_SHIFT) - 1)
#define MAX_KEYS		4

/* Two kinds of state, which are noted each by itself. */
typedef enum StateKind
{
	STATE_READ = 0,				/* read flags and receipts */
	STATE_STATUS
} StateKind;

/* One column of the key of a row. */
typedef struct KeyPart
{
	Oid			equal;			/* F_INT8EQ or F_TEXTEQ */
	Datum		value;
} KeyPart;

void
state_reader(Reader *reader, const char *actor)
{
	if (actor == NULL)
		actor = author_actor(NULL);
	reader->role = access_role_name();
	reader->actor = CStringGetTextDatum(actor == NULL ? "" : actor);
}

/* ------------------------------------------------------- stores with state */

/* A store, and the kinds of state that it is known to have or to lack. */
typedef struct KnownStore
{
	int64		store_id;		/* 0: the entry is free */
	bool		noted[2];		/* store_state has a row that is committed */
	bool		has[2];			/* messages may have state */
} KnownStore;

#define NUM_KNOWN		64		/* a power of 2; a store has one place */

static KnownStore known[NUM_KNOWN];
static uint64 forgotten = 0;	/* counts invalidations */

/* RelationWatcher of table store_state. */
static void
forget_stores(void)
{
	memset(known, 0, sizeof(known));
	forgotten++;
}

/* Syscache callback: the tables of subscriptions have changed. */
static void
subscriptions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_stores();
}

/* Read which state a store has. */
static void
read_store(int64 store_id, KnownStore *store)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	bool		isnull;

	SPI_connect();
	if (query_run(QUERY_STATE_READ, values, NULL) != 1)
		elog(ERROR, "the state of a store is not one row");
	store->store_id = store_id;
	for (int kind = 0; kind < 2; kind++)
	{
		store->noted[kind] =
			DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 2 * kind + 1,
									   &isnull));
		store->has[kind] =
			DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 2 * kind + 2,
									   &isnull));
	}
	SPI_finish();
}

/* Return what is known of a store; it is kept unless it changes meanwhile. */
static KnownStore
known_store(int64 store_id)
{
	static bool registered = false;
	KnownStore *kept = &known[store_id & (NUM_KNOWN - 1)];
	KnownStore	store;
	uint64		before;

	AcceptInvalidationMessages();
	if (kept->store_id == store_id)
		return *kept;
	if (!registered)
	{
		relation_watch(REL_STORE_STATE, forget_stores);
		CacheRegisterSyscacheCallback(SUBSCRIPTIONRELMAP,
									  subscriptions_changed, (Datum) 0);
		registered = true;
	}
	(void) relation_oid(REL_STORE_STATE);	/* the watcher needs it */
	before = forgotten;
	read_store(store_id, &store);
	if (before == forgotten)
		*kept = store;
	return store;
}

/*
 * Return true if messages of a store may have state of a kind.  A snapshot
 * that is older than the question is not answered from memory.
 */
static bool
has_state(int64 store_id, StateKind kind)
{
	return IsolationUsesXactSnapshot() || IsInParallelMode() ||
		known_store(store_id).has[kind];
}

/*
 * Note that messages of a store have state of a kind, before the transaction
 * sets any.
 */
static void
note_state(int64 store_id, StateKind kind)
{
	Datum		values[2] = {Int64GetDatum(store_id),
	BoolGetDatum(kind == STATE_STATUS)};

	if (known_store(store_id).noted[kind])
		return;
	query_run(QUERY_STATE_NOTE, values, NULL);
	relation_announce(REL_STORE_STATE);
}

/* ----------------------------------------------------------------- reading */

/*
 * Find a row by its whole key in a unique index, with the active snapshot.
 * Returns a slot that the caller drops, or NULL if the snapshot sees no such
 * row.  An empty table is not searched, so that reading costs nothing more
 * where nobody sets any state.
 */
static TupleTableSlot *
fetch(Relation rel, StoreRelation index, const KeyPart *parts, int nparts)
{
	Relation	indexrel;
	ScanKeyData keys[MAX_KEYS];
	IndexScanDesc scan;
	TupleTableSlot *slot;

	if (RelationGetNumberOfBlocks(rel) == 0)
	{
		PredicateLockRelation(rel, GetActiveSnapshot());
		return NULL;
	}
	slot = table_slot_create(rel, NULL);
	indexrel = index_open(relation_oid(index), AccessShareLock);
	for (int i = 0; i < nparts; i++)
		ScanKeyEntryInitialize(&keys[i], 0, i + 1, BTEqualStrategyNumber,
							   InvalidOid, indexrel->rd_indcollation[i],
							   parts[i].equal, parts[i].value);
	scan = compat_index_beginscan(rel, indexrel, GetActiveSnapshot(), nparts,
								  0);
	index_rescan(scan, keys, nparts, NULL, 0);
	if (!index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		ExecDropSingleTupleTableSlot(slot);
		slot = NULL;
	}
	index_endscan(scan);
	index_close(indexrel, AccessShareLock);
	return slot;
}

/* Return a column of the tuple in a slot; NULL sets *isnull. */
static Datum
column(Relation rel, TupleTableSlot *slot, const char *name, bool *isnull)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), name);

	if (attno == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(rel))));
	return slot_getattr(slot, attno, isnull);
}

/* Return the bit of a message in a bit string of read_page. */
static bool
bit_of(Datum bits, int64 message_id)
{
	VarBit	   *string = DatumGetVarBitP(bits);
	int			n = message_id & PAGE_MASK;

	return n < VARBITLEN(string) &&
		(VARBITS(string)[n / BITS_PER_BYTE] &
		 (0x80 >> (n % BITS_PER_BYTE))) != 0;
}

/* Read the part of a state that is in read_page. */
static void
read_page(const Reader *reader, int64 store_id, int64 message_id,
		  ReadState *state)
{
	KeyPart		key[] = {
		{F_INT8EQ, Int64GetDatum(store_id)},
		{F_TEXTEQ, reader->role},
		{F_TEXTEQ, reader->actor},
		{F_INT8EQ, Int64GetDatum(message_id >> PAGE_SHIFT)}
	};
	Relation	rel = table_open(relation_oid(REL_READ_PAGE), AccessShareLock);
	TupleTableSlot *slot = fetch(rel, REL_READ_PAGE_PKEY, key, lengthof(key));
	bool		isnull;

	if (slot != NULL &&
		bit_of(column(rel, slot, "known", &isnull), message_id))
	{
		Datum		time = column(rel, slot, "folder_read_at", &isnull);

		if (!isnull)
			state->changed_at = DatumGetTimestampTz(time);
		state->is_known = true;
		state->is_read = bit_of(column(rel, slot, "is_read", &isnull),
								message_id);
	}
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
}

/* Read the part of a state that is in read_mark. */
static void
read_mark(const Reader *reader, int64 store_id, int64 message_id,
		  ReadState *state)
{
	KeyPart		key[] = {
		{F_INT8EQ, Int64GetDatum(store_id)},
		{F_INT8EQ, Int64GetDatum(message_id)},
		{F_TEXTEQ, reader->role},
		{F_TEXTEQ, reader->actor}
	};
	Relation	rel = table_open(relation_oid(REL_READ_MARK), AccessShareLock);
	TupleTableSlot *slot = fetch(rel, REL_READ_MARK_PKEY, key, lengthof(key));
	bool		isnull;

	if (slot != NULL)
	{
		TimestampTz time =
		DatumGetTimestampTz(column(rel, slot, "changed_at", &isnull));

		state->receipts = DatumGetInt32(column(rel, slot, "receipts",
											   &isnull));
		state->changed_at = Max(state->changed_at, time);
		ExecDropSingleTupleTableSlot(slot);
	}
	table_close(rel, NoLock);
}

/* Return true if two texts are equal; 0 stands for the empty text. */
static bool
same_text(Datum a, Datum b)
{
	text	   *x = a == (Datum) 0 ? NULL : DatumGetTextPP(a);
	text	   *y = b == (Datum) 0 ? NULL : DatumGetTextPP(b);
	size_t		xlen = x == NULL ? 0 : VARSIZE_ANY_EXHDR(x);
	size_t		ylen = y == NULL ? 0 : VARSIZE_ANY_EXHDR(y);

	return xlen == ylen &&
		(xlen == 0 || memcmp(VARDATA_ANY(x), VARDATA_ANY(y), xlen) == 0);
}

void
state_read(const Reader *reader, const ReadSubject *message, ReadState *state)
{
	memset(state, 0, sizeof(ReadState));
	if (has_state(message->store_id, STATE_READ))
	{
		read_page(reader, message->store_id, message->message_id, state);
		read_mark(reader, message->store_id, message->message_id, state);
	}
	if (!state->is_known)
		state->is_read = (message->message_flags & MSGFLAG_READ) != 0 &&
			message->creator != (Datum) 0 &&
			same_text(message->creator, reader->role) &&
			same_text(message->creator_actor, reader->actor);
}

/*
 * Return true if fewer messages have ids on the pages in which the user has
 * read something than are in the folder.
 */
static bool
pages_are_fewer(Datum *values)
{
	bool		isnull;
	HeapTuple	tuple;
	int64		messages;
	int64		pages;

	if (query_run(QUERY_READ_EXTENT, values, NULL) != 1)
		elog(ERROR, "the extent of read flags is not one row");
	tuple = SPI_tuptable->vals[0];
	messages = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1,
										   &isnull));
	pages = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2,
										&isnull));
	return pages < messages >> PAGE_SHIFT;
}

int64
state_count_unread(const Reader *reader, int64 store_id, int64 folder_id,
				   bool read_any)
{
	Datum		values[5];
	int64		count;

	values[0] = Int64GetDatum(store_id);
	values[1] = reader->role;
	values[2] = reader->actor;
	values[3] = Int64GetDatum(folder_id);
	values[4] = BoolGetDatum(read_any);
	SPI_connect();
	query_run(read_any && pages_are_fewer(values) ? QUERY_READ_COUNT_PAGES :
			  QUERY_READ_COUNT, values, NULL);
	count = query_result_bigint();
	SPI_finish();
	return count;
}

/* ----------------------------------------------------------------- writing */

/* The parameters of the statements that write read flags. */
enum
{
	R_STORE_ID = 0,
	R_ROLE,
	R_ACTOR,
	R_WHICH,					/* ids of messages, or the id of a folder */
	R_SETS,						/* true: set the flag; false: clear it */
	R_READ_ANY,
	R_RECEIPTS,
	R_TIME,
	R_INCARNATION,
	R_NUMBER,
	R_CLEARS,
	NUM_READ_VALUES
};

/* Fill the parameters; the number is taken for this change. */
static void
put_values(Datum *values, const Reader *reader, int64 store_id, Datum which,
		   const ReadOrder *order, bool read_any)
{
	values[R_STORE_ID] = Int64GetDatum(store_id);
	values[R_ROLE] = reader->role;
	values[R_ACTOR] = reader->actor;
	values[R_WHICH] = which;
	values[R_SETS] = BoolGetDatum(order->sets);
	values[R_READ_ANY] = BoolGetDatum(read_any);
	values[R_RECEIPTS] = Int32GetDatum(order->receipts);
	values[R_TIME] = TimestampTzGetDatum(order->changed_at != 0 ?
										 order->changed_at :
										 GetCurrentTimestamp());
	values[R_NUMBER] = Int64GetDatum(number_next_change(0));
	values[R_INCARNATION] = Int64GetDatum(number_incarnation());
	values[R_CLEARS] = BoolGetDatum(order->clears);
}

void
state_mark(const Reader *reader, int64 store_id, const int64 *ids, int count,
		   const ReadOrder *order)
{
	Datum		values[NUM_READ_VALUES];
	Datum	   *elements = palloc(sizeof(Datum) * Max(count, 1));

	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(ids[i]);
	put_values(values, reader, store_id,
			   PointerGetDatum(construct_array(elements, count, INT8OID,
											   sizeof(int64), FLOAT8PASSBYVAL,
											   TYPALIGN_DOUBLE)),
			   order, false);
	SPI_connect();
	note_state(store_id, STATE_READ);
	if (order->sets || order->clears)
		query_run(QUERY_READ_PAGES, values, NULL);
	query_run(QUERY_READ_MARKS, values, NULL);
	SPI_finish();
	wakeup_note(store_id);
}

void
state_mark_folder(const Reader *reader, int64 store_id, int64 folder_id,
				  bool read_any, const ReadOrder *order)
{
	Datum		values[NUM_READ_VALUES];
	bool		changed = false;

	put_values(values, reader, store_id, Int64GetDatum(folder_id), order,
			   read_any);
	SPI_connect();
	note_state(store_id, STATE_READ);
	/* before the flags are changed, on which the receipts depend */
	if (order->receipts != 0 || order->clears)
		query_run(QUERY_READ_FOLDER_RECEIPTS, values, NULL);
	if (order->sets || order->clears)
		changed = query_run(QUERY_READ_FOLDER_PAGES, values, NULL) > 0;
	if (changed)
		query_run(QUERY_READ_FOLDER, values, NULL);
	SPI_finish();
	wakeup_note(store_id);
}

/* ------------------------------------------------------------------ status */

bool
state_status(int64 store_id, int64 message_id, int32 *status,
			 TimestampTz *changed_at)
{
	KeyPart		key[] = {
		{F_INT8EQ, Int64GetDatum(store_id)},
		{F_INT8EQ, Int64GetDatum(message_id)}
	};
	Relation	rel;
	TupleTableSlot *slot;
	bool		found;
	bool		isnull;

	if (!has_state(store_id, STATE_STATUS))
		return false;
	rel = table_open(relation_oid(REL_MESSAGE_STATUS), AccessShareLock);
	slot = fetch(rel, REL_MESSAGE_STATUS_PKEY, key, lengthof(key));
	found = slot != NULL;
	if (found)
	{
		*status = DatumGetInt32(column(rel, slot, "status", &isnull));
		*changed_at =
			DatumGetTimestampTz(column(rel, slot, "changed_at", &isnull));
		ExecDropSingleTupleTableSlot(slot);
	}
	table_close(rel, NoLock);
	return found;
}

int32
state_set_status(int64 store_id, int64 message_id, int32 status, int32 mask,
				 const char *actor)
{
	Datum		values[9] = {Int64GetDatum(store_id), Int64GetDatum(message_id),
	Int32GetDatum(status), Int32GetDatum(mask)};
	int64		old;

	values[4] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[6] = Int64GetDatum(number_next_change(0));
	values[5] = Int64GetDatum(number_incarnation());
	values[7] = access_role_name();
	values[8] = actor == NULL ? (Datum) 0 : CStringGetTextDatum(actor);
	SPI_connect();
	note_state(store_id, STATE_STATUS);
	query_run(QUERY_STATUS_SET, values, actor == NULL ? "        n" : NULL);
	old = query_result_bigint();
	SPI_finish();
	return (int32) old;
}

void
state_set_conflict(int64 store_id, int64 message_id, bool set)
{
	int32		status = 0;
	TimestampTz changed_at;

	(void) state_status(store_id, message_id, &status, &changed_at);
	if (((status & MSGSTATUS_IN_CONFLICT) != 0) != set)
		(void) state_set_status(store_id, message_id,
								set ? MSGSTATUS_IN_CONFLICT : 0,
								MSGSTATUS_IN_CONFLICT, author_actor(NULL));
}
