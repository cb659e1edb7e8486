/*-------------------------------------------------------------------------
 *
 * row.c
 *	  Rows of message: the only file that reads and writes tuples of the table.
 *
 * NOTES
 *	  Rows are found by primary key and written through the table access
 *	  method, without planner and executor.  The duties of the executor are
 *	  done here: check of the replica identity, NOT NULL constraints, index
 *	  entries.  Predicate locks are taken by the index scan and by heap_update.
 *	  Triggers, rules, policies and check constraints, which a user may have
 *	  added to the tables, are not run: direct_relation() refuses tables that
 *	  have them.
 *
 *	  A message that this backend has met lately is looked for at its old place
 *	  first (fetch_by_hint), and in the index only if another version is there.
 *
 *	  The datums of a MessageRow point into its slot, which pins the tuple's
 *	  page until the row is fetched again or closed.  TOAST pointers among them
 *	  can be followed while the snapshot with which the row was read is active.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "activity.h"

/* ----------------------------------------------------------------- columns */

typedef enum MessageColumn
{
	M_STORE_ID = 0,
	M_MESSAGE_ID,
	M_FOLDER_ID,
	M_CREATED_AT,
	M_CREATOR,
	M_CREATOR_ACTOR,
	M_MESSAGE_FLAGS,
	M_DELETED_AT,
	M_DELETED_WITH,
	M_SUBMITTED_AT,
	M_CHANGE_NUMBER,
	M_PREDECESSORS,
	M_LINEAGE,
	M_SOURCE_KEY,
	M_MODIFIED_AT,
	M_MODIFIER,
	M_PART,						/* PART_PROPS ... PART_RTF */
	M_PROMOTED = M_PART + NUM_PARTS,	/* in the order of PromotedColumn */
	NUM_MESSAGE_COLUMNS = M_PROMOTED + NUM_PROMOTED
} MessageColumn;

static const char *const message_columns[NUM_MESSAGE_COLUMNS] = {
	"store_id", "message_id", "folder_id", "created_at", "creator",
	"creator_actor", "message_flags", "deleted_at", "deleted_with",
	"submitted_at",
	"change_number", "predecessors", "lineage", "source_key", "modified_at",
	"modifier",
	"props", "recipients", "attachments", "headers", "body", "html", "rtf",
	"delivery_time", "submit_time", "importance", "has_attachments",
	"subject", "sender", "message_class", "conversation", "size"
};

static ColumnMap message_map;

#define MESSAGE_AT(rel) \
	direct_columns(&message_map, rel, message_columns, NUM_MESSAGE_COLUMNS)

/* ------------------------------------------------------------ message rows */

void
messagerow_open(MessageRow *row, LOCKMODE lockmode)
{
	memset(row, 0, sizeof(MessageRow));
	row->table = direct_relation(REL_MESSAGE, lockmode);
	row->slot = table_slot_create(row->table, NULL);
}

void
messagerow_close(MessageRow *row)
{
	ExecDropSingleTupleTableSlot(row->slot);
	table_close(row->table, NoLock);
}

void
messagerow_begin_read(MessageRow *row, Snapshot snapshot)
{
	messagerow_open(row, AccessShareLock);
	PushActiveSnapshot(snapshot);
}

void
messagerow_end_read(MessageRow *row)
{
	PopActiveSnapshot();
	messagerow_close(row);
}

/* Set the fields of a row from its slot; datums point into the slot. */
static void
deform_message(MessageRow *row)
{
	const int  *at = MESSAGE_AT(row->table);
	Version    *version = &row->version;
	Datum	   *values;
	bool	   *nulls;

	slot_getallattrs(row->slot);
	values = row->slot->tts_values;
	nulls = row->slot->tts_isnull;

	row->store_id = DatumGetInt64(values[at[M_STORE_ID]]);
	row->message_id = DatumGetInt64(values[at[M_MESSAGE_ID]]);
	row->created_at = DatumGetTimestampTz(values[at[M_CREATED_AT]]);
	row->creator = values[at[M_CREATOR]];
	row->creator_actor = nulls[at[M_CREATOR_ACTOR]] ? (Datum) 0 :
		values[at[M_CREATOR_ACTOR]];
	row->source_key = nulls[at[M_SOURCE_KEY]] ? (Datum) 0 :
		values[at[M_SOURCE_KEY]];
	row->modified_at = DatumGetTimestampTz(values[at[M_MODIFIED_AT]]);
	row->modifier = values[at[M_MODIFIER]];

	version->change_number = DatumGetInt64(values[at[M_CHANGE_NUMBER]]);
	version->folder_id = DatumGetInt64(values[at[M_FOLDER_ID]]);
	version->message_flags = DatumGetInt32(values[at[M_MESSAGE_FLAGS]]);
	version->deleted_at = nulls[at[M_DELETED_AT]] ? 0 :
		DatumGetTimestampTz(values[at[M_DELETED_AT]]);
	version->submitted_at = nulls[at[M_SUBMITTED_AT]] ? 0 :
		DatumGetTimestampTz(values[at[M_SUBMITTED_AT]]);
	version->deleted_with = nulls[at[M_DELETED_WITH]] ? 0 :
		DatumGetInt64(values[at[M_DELETED_WITH]]);
	version->predecessors = nulls[at[M_PREDECESSORS]] ? (Datum) 0 :
		values[at[M_PREDECESSORS]];
	version->lineage = nulls[at[M_LINEAGE]] ? (Datum) 0 :
		values[at[M_LINEAGE]];
	for (int p = 0; p < NUM_PARTS; p++)
	{
		version->content.value[p] = values[at[M_PART + p]];
		version->content.isnull[p] = nulls[at[M_PART + p]];
	}
	for (int p = 0; p < NUM_PROMOTED; p++)
	{
		row->promoted.value[p] = values[at[M_PROMOTED + p]];
		row->promoted.isnull[p] = nulls[at[M_PROMOTED + p]];
	}
}

/* Set the columns of a tuple from a version, without copying its datums. */
static void
put_version(const Version *version, const int *at, Datum *values, bool *nulls)
{
	values[at[M_CHANGE_NUMBER]] = Int64GetDatum(version->change_number);
	values[at[M_FOLDER_ID]] = Int64GetDatum(version->folder_id);
	values[at[M_MESSAGE_FLAGS]] = Int32GetDatum(version->message_flags);
	values[at[M_DELETED_AT]] = TimestampTzGetDatum(version->deleted_at);
	nulls[at[M_DELETED_AT]] = (version->deleted_at == 0);
	values[at[M_SUBMITTED_AT]] = TimestampTzGetDatum(version->submitted_at);
	nulls[at[M_SUBMITTED_AT]] = (version->submitted_at == 0);
	values[at[M_DELETED_WITH]] = Int64GetDatum(version->deleted_with);
	nulls[at[M_DELETED_WITH]] = (version->deleted_with == 0);
	values[at[M_PREDECESSORS]] = version->predecessors;
	nulls[at[M_PREDECESSORS]] = (version->predecessors == (Datum) 0);
	values[at[M_LINEAGE]] = version->lineage;
	nulls[at[M_LINEAGE]] = (version->lineage == (Datum) 0);
	for (int p = 0; p < NUM_PARTS; p++)
	{
		values[at[M_PART + p]] = version->content.value[p];
		nulls[at[M_PART + p]] = version->content.isnull[p];
	}
}

/* Set the promoted columns of a tuple, without copying the datums. */
static void
put_promoted(const Promoted *promoted, const int *at, Datum *values,
			 bool *nulls)
{
	for (int p = 0; p < NUM_PROMOTED; p++)
	{
		values[at[M_PROMOTED + p]] = promoted->value[p];
		nulls[at[M_PROMOTED + p]] = promoted->isnull[p];
	}
}

/*
 * Fetch a message from the place where it was last.  Returns false unless the
 * active snapshot sees that message there: the version that a snapshot sees is
 * one only, so a tuple with the right key is the right one.  As a scan of the
 * index would do, this prunes the page first, on which room for the next
 * version is needed.
 */
static bool
fetch_by_hint(MessageRow *row, int64 store_id, int64 message_id)
{
	Relation	message = row->table;
	const int  *at = MESSAGE_AT(message);
	ItemPointerData tid;
	Buffer		buffer;
	bool		found;

	if (!hint_find(message, store_id, message_id, &tid) ||
		ItemPointerGetBlockNumber(&tid) >= RelationGetNumberOfBlocks(message))
		return false;
	buffer = ReadBuffer(message, ItemPointerGetBlockNumber(&tid));
	heap_page_prune_opt(message, buffer);
	found = table_tuple_fetch_row_version(message, &tid, GetActiveSnapshot(),
										  row->slot);
	ReleaseBuffer(buffer);
	if (!found)
		return false;
	slot_getallattrs(row->slot);
	if (DatumGetInt64(row->slot->tts_values[at[M_STORE_ID]]) == store_id &&
		DatumGetInt64(row->slot->tts_values[at[M_MESSAGE_ID]]) == message_id)
		return true;
	ExecClearTuple(row->slot);
	return false;
}

bool
messagerow_fetch(MessageRow *row, int64 store_id, int64 message_id)
{
	int64		key[2] = {store_id, message_id};

	ExecClearTuple(row->slot);
	if (!fetch_by_hint(row, store_id, message_id))
	{
		if (!direct_fetch(row->table, REL_MESSAGE_PKEY, key, 2,
						  GetActiveSnapshot(), row->slot))
			return false;
		hint_note(row->table, store_id, message_id,
				  &row->slot->tts_tid);
	}
	deform_message(row);
	return true;
}

bool
messagerow_fetch_at(MessageRow *row, ItemPointer tid)
{
	ExecClearTuple(row->slot);
	if (!table_tuple_fetch_row_version(row->table, tid, GetActiveSnapshot(),
									   row->slot))
		return false;
	deform_message(row);
	return true;
}

/*
 * The columns that are set stand before the content, in the first tuples of
 * the table as in later ones, so that the content is not looked at.
 */
void
messagerow_loaded(MessageRow *row)
{
	static const MessageColumn last[] = {
		M_STORE_ID, M_MESSAGE_ID, M_FOLDER_ID, M_CREATOR, M_MESSAGE_FLAGS,
		M_DELETED_AT, M_PROMOTED + PROMOTED_DELIVERY,
		M_PROMOTED + PROMOTED_SENDER
	};
	const int  *at = MESSAGE_AT(row->table);
	const Datum *values = row->slot->tts_values;
	const bool *nulls = row->slot->tts_isnull;
	int			natts = 0;

	for (int i = 0; i < lengthof(last); i++)
		natts = Max(natts, at[last[i]] + 1);
	slot_getsomeattrs(row->slot, natts);
	row->store_id = DatumGetInt64(values[at[M_STORE_ID]]);
	row->message_id = DatumGetInt64(values[at[M_MESSAGE_ID]]);
	row->creator = values[at[M_CREATOR]];
	row->version.folder_id = DatumGetInt64(values[at[M_FOLDER_ID]]);
	row->version.message_flags = DatumGetInt32(values[at[M_MESSAGE_FLAGS]]);
	row->version.deleted_at = nulls[at[M_DELETED_AT]] ? 0 :
		DatumGetTimestampTz(values[at[M_DELETED_AT]]);
	for (int i = 0; i < lengthof(last); i++)
	{
		int			p = (int) last[i] - (int) M_PROMOTED;

		if (p < 0)
			continue;
		row->promoted.value[p] = values[at[last[i]]];
		row->promoted.isnull[p] = nulls[at[last[i]]];
	}
}

void
messagerow_complete(MessageRow *row)
{
	deform_message(row);
}

Datum
messagerow_props(MessageRow *row)
{
	const int  *at = MESSAGE_AT(row->table);
	bool		isnull;

	return slot_getattr(row->slot, at[M_PART + PART_PROPS] + 1, &isnull);
}

void
messagerow_raise_not_found(int64 store_id, int64 message_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("message %lld does not exist in store %lld",
					(long long) message_id, (long long) store_id)));
}

void
messagerow_raise_deleted(int64 store_id, int64 message_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_OBJECT_DELETED),
			 errmsg("message %lld of store %lld was deleted",
					(long long) message_id, (long long) store_id)));
}

/*
 * Return true if the server, not only this module, was built with assertions.
 * Its heap_update() aborts if the row is held and the caller does not wait.
 */
static bool
server_has_assertions(void)
{
	static int	known = -1;

	if (known < 0)
	{
		const char *value = GetConfigOption("debug_assertions", true, false);

		known = value != NULL && strcmp(value, "on") == 0;
	}
	return known > 0;
}

/*
 * Return true if another transaction seems to hold the row.  Reads xmax of the
 * tuple under a share lock on its buffer; a multixact counts as a holder, even
 * if all its members have ended.  A server with assertions has all rows locked
 * before they are updated.
 */
bool
messagerow_held(const MessageRow *row)
{
	BufferHeapTupleTableSlot *slot = (BufferHeapTupleTableSlot *) row->slot;
	HeapTupleHeader header = slot->base.tuple->t_data;
	uint16		infomask;
	TransactionId xmax;

	Assert(TTS_IS_BUFFERTUPLE(row->slot));
	if (server_has_assertions())
		return true;
	LockBuffer(slot->buffer, BUFFER_LOCK_SHARE);
	infomask = header->t_infomask;
	xmax = HeapTupleHeaderGetRawXmax(header);
	LockBuffer(slot->buffer, BUFFER_LOCK_UNLOCK);

	if (infomask & HEAP_XMAX_INVALID)
		return false;
	return (infomask & HEAP_XMAX_IS_MULTI) || TransactionIdIsInProgress(xmax);
}

TM_Result
messagerow_lock(MessageRow *row, bool newest)
{
	TM_FailureData failure;
	TM_Result	result;
	ItemPointerData tid = row->slot->tts_tid;
	uint8		flags = newest ? TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS |
	TUPLE_LOCK_FLAG_FIND_LAST_VERSION : 0;

	result = table_tuple_lock(row->table, &tid, GetActiveSnapshot(), row->slot,
							  GetCurrentCommandId(true),
							  LockTupleNoKeyExclusive, LockWaitBlock, flags,
							  &failure);
	if (result == TM_Ok)
		deform_message(row);
	else if (result == TM_SelfModified || result == TM_Invisible)
		elog(ERROR, "unexpected result %d of locking message " INT64_FORMAT
			 " of store " INT64_FORMAT, result, row->message_id,
			 row->store_id);
	return result;
}

/*
 * Return a slot with the values of the tuple in *row, for the tuple that
 * replaces it.
 */
static TupleTableSlot *
begin_update(MessageRow *row)
{
	TupleDesc	desc = RelationGetDescr(row->table);
	TupleTableSlot *slot = direct_slot(row->table);

	CheckCmdReplicaIdentity(row->table, CMD_UPDATE);
	memcpy(slot->tts_values, row->slot->tts_values,
		   sizeof(Datum) * desc->natts);
	memcpy(slot->tts_isnull, row->slot->tts_isnull,
		   sizeof(bool) * desc->natts);
	return slot;
}

/* ------------------------------------------------------- replacing tuples */

/*
 * Return true if the tuple in *row and the values in a slot differ only in
 * columns from "first" on, have NULLs in the same columns, and the tuple has
 * all columns.  A column that is equal has the datum of the tuple.
 */
static bool
shares_head(const MessageRow *row, const TupleTableSlot *slot, int first)
{
	const TupleTableSlot *old = row->slot;
	HeapTuple	tuple = ((HeapTupleTableSlot *) old)->tuple;
	int			natts = RelationGetDescr(row->table)->natts;

	if (HeapTupleHeaderGetNatts(tuple->t_data) != natts ||
		memcmp(old->tts_isnull, slot->tts_isnull, natts) != 0)
		return false;
	for (int i = 0; i < first; i++)
	{
		if (!old->tts_isnull[i] && old->tts_values[i] != slot->tts_values[i])
			return false;
	}
	return true;
}

/*
 * Form the tuple that replaces the tuple in *row.  As a rule, a save changes
 * nothing before the bag.
 */
static void
form_update(const MessageRow *row, TupleTableSlot *slot)
{
	int			first = MESSAGE_AT(row->table)[M_PART + PART_PROPS];

	if (shares_head(row, slot, first))
		direct_form_behind(slot, ((HeapTupleTableSlot *) row->slot)->tuple,
						   DatumGetPointer(row->slot->tts_values[first]),
						   first);
	else
		direct_form(slot);
}

/* Replace the tuple in *row by that in a slot, which is dropped. */
static TM_Result
end_update(MessageRow *row, TupleTableSlot *slot, bool no_wait)
{
	ItemPointerData tid = row->slot->tts_tid;
	TM_FailureData failure;
	TM_Result	result;
	LockTupleMode lockmode;
	CompatUpdateIndexes update;

	form_update(row, slot);
	result = table_tuple_update(row->table, &tid, slot,
								GetCurrentCommandId(true),
								GetActiveSnapshot(), InvalidSnapshot,
								!no_wait, &failure, &lockmode, &update);
	if (result == TM_Ok)
	{
		hint_note(row->table, row->store_id, row->message_id, &slot->tts_tid);
		if (compat_needs_index_entries(update))
			direct_update_entries(row->table, row->slot, slot, &update);
	}
	else if (result == TM_SelfModified || result == TM_Invisible)
		elog(ERROR, "unexpected result %d of updating message " INT64_FORMAT
			 " of store " INT64_FORMAT, result, row->message_id,
			 row->store_id);
	ExecDropSingleTupleTableSlot(slot);
	return result;
}

/* Return the size among promoted values, 0 for a row that has none. */
static int64
size_of(const Promoted *promoted)
{
	return promoted->isnull[PROMOTED_SIZE] ? 0 :
		DatumGetInt64(promoted->value[PROMOTED_SIZE]);
}

int64
messagerow_size(const MessageRow *row)
{
	return size_of(&row->promoted);
}

/*
 * Replace the version in *row by a new version.  Columns that are no part of a
 * version keep the values of the old tuple.
 */
TM_Result
messagerow_update(MessageRow *row, const Version *version,
				  TimestampTz modified_at, const char *modifier,
				  const Jsonb *undo, bool no_wait)
{
	const int  *at = MESSAGE_AT(row->table);
	TupleTableSlot *slot = begin_update(row);
	Promoted	promoted = row->promoted;
	TM_Result	result;

	promoted_follow(&row->version.content, &version->content, undo,
					&promoted);
	put_version(version, at, slot->tts_values, slot->tts_isnull);
	put_promoted(&promoted, at, slot->tts_values, slot->tts_isnull);
	slot->tts_values[at[M_MODIFIED_AT]] = TimestampTzGetDatum(modified_at);
	slot->tts_values[at[M_MODIFIER]] = CStringGetTextDatum(modifier);
	result = end_update(row, slot, no_wait);
	if (result == TM_Ok)
		activity_bytes(row->store_id,
					   size_of(&promoted) - messagerow_size(row));
	return result;
}

void
messagerow_promote(MessageRow *row)
{
	TupleTableSlot *slot = begin_update(row);
	Promoted	promoted;

	promoted_fill(&row->version.content, &promoted);
	put_promoted(&promoted, MESSAGE_AT(row->table), slot->tts_values,
				 slot->tts_isnull);
	if (end_update(row, slot, false) != TM_Ok)
		elog(ERROR, "could not update message " INT64_FORMAT " of store "
			 INT64_FORMAT, row->message_id, row->store_id);
	activity_bytes(row->store_id, size_of(&promoted) - messagerow_size(row));
}

/*
 * Insert a new message.  Columns that a user has added to the table become
 * NULL.
 */
void
messagerow_insert(MessageRow *row, const char *modifier)
{
	Relation	message = row->table;
	const int  *at = MESSAGE_AT(message);
	TupleDesc	desc = RelationGetDescr(message);
	TupleTableSlot *slot = direct_slot(message);
	Datum	   *values = slot->tts_values;
	bool	   *nulls = slot->tts_isnull;
	Promoted	promoted;

	CheckCmdReplicaIdentity(message, CMD_INSERT);

	memset(nulls, true, sizeof(bool) * desc->natts);
	for (int i = 0; i < M_PART; i++)
		nulls[at[i]] = false;
	put_version(&row->version, at, values, nulls);
	promoted_fill(&row->version.content, &promoted);
	put_promoted(&promoted, at, values, nulls);
	values[at[M_STORE_ID]] = Int64GetDatum(row->store_id);
	values[at[M_MESSAGE_ID]] = Int64GetDatum(row->message_id);
	values[at[M_CREATED_AT]] = TimestampTzGetDatum(row->created_at);
	values[at[M_CREATOR]] = row->creator;
	values[at[M_CREATOR_ACTOR]] = row->creator_actor;
	nulls[at[M_CREATOR_ACTOR]] = (row->creator_actor == (Datum) 0);
	values[at[M_SOURCE_KEY]] = row->source_key;
	nulls[at[M_SOURCE_KEY]] = (row->source_key == (Datum) 0);
	values[at[M_MODIFIED_AT]] = TimestampTzGetDatum(row->modified_at);
	values[at[M_MODIFIER]] = CStringGetTextDatum(modifier);
	direct_require_not_null(message, nulls);
	direct_form(slot);

	table_tuple_insert(message, slot, GetCurrentCommandId(true), 0, NULL);
	direct_insert_entries(message, slot);
	activity_bytes(row->store_id, size_of(&promoted));
	ExecDropSingleTupleTableSlot(slot);
}

bool
messagerow_visible(MessageRow *row, Snapshot snapshot)
{
	return table_tuple_satisfies_snapshot(row->table, row->slot, snapshot);
}
