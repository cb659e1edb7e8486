/*-------------------------------------------------------------------------
 *
 * place.c
 *	  Deleting, restoring and moving messages, even while they are open.
 *
 * NOTES
 *	  Each message is locked at its newest version and then written as by a
 *	  save, with a change number and a change record of its own.  A client that
 *	  has the message open therefore learns of the change when it saves.
 *
 *	  The messages of one call are processed in the order of their ids, so that
 *	  two calls do not deadlock.  A missing message is skipped: the others are
 *	  processed, and the call returns MAPI_W_PARTIAL_COMPLETION.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "activity.h"

#define DELETE_FLAGS	DELETE_HARD_DELETE

static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* bsearch() and qsort() comparator for PlaceFolder. */
static int
compare_folders(const void *a, const void *b)
{
	return compare_ids(&((const PlaceFolder *) a)->folder_id,
					   &((const PlaceFolder *) b)->folder_id);
}

/*
 * Return argument n, a bigint[] of message ids, as a palloc'd array in
 * ascending order without duplicates; *count is its length.  Raise
 * MAPI_E_INVALID_PARAMETER if the argument or an element is NULL, or an
 * element is not below 2^53.
 */
int64 *
place_ids_argument(FunctionCallInfo fcinfo, int n, int *count)
{
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	int64	   *ids;

	REQUIRE_ARG(n, "message_ids");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &values, &nulls, &nvalues);
	ids = palloc(sizeof(int64) * Max(nvalues, 1));
	for (int i = 0; i < nvalues; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a message id in \"message_ids\" is NULL")));
		ids[i] = DatumGetInt64(values[i]);
		call_check_number(ids[i], "message_ids");
	}
	qsort(ids, nvalues, sizeof(int64), compare_ids);
	*count = 0;
	for (int i = 0; i < nvalues; i++)
	{
		if (*count == 0 || ids[*count - 1] != ids[i])
			ids[(*count)++] = ids[i];
	}
	return ids;
}

/* Return the folder of an order that has a message, or NULL. */
static const PlaceFolder *
folder_of(const PlaceOrder *order, const MessageRow *row)
{
	PlaceFolder key = {row->version.folder_id, 0};

	return bsearch(&key, order->folders, order->nfolders, sizeof(PlaceFolder),
				   compare_folders);
}

/*
 * Return true if the order is for the folder of the message in *row, which
 * another transaction may have moved.  A folder is restored with the messages
 * that its deletion took along, and with no others.
 */
static bool
in_folders(const PlaceOrder *order, const MessageRow *row)
{
	const PlaceFolder *folder;

	if (order->folders == NULL)
		return true;
	folder = folder_of(order, row);
	if (folder == NULL)
		return false;
	return !order->by_folder || order->kind != CHANGE_RESTORE ||
		row->version.deleted_with == folder->deleted_with;
}

/*
 * Return the folder into which the order brings the message in *row, or 0 if
 * the order takes the message away.
 */
static int64
folder_into(const PlaceOrder *order, const MessageRow *row)
{
	if (order->kind == CHANGE_MOVE)
		return order->folder_id;
	return order->kind == CHANGE_RESTORE ? row->version.folder_id : 0;
}

/*
 * Decide on the version in *row: S_OK means that the order can be carried out,
 * and any other result is the result for this message.  Called again when the
 * row is locked, because rights may have been taken away while we waited.  A
 * message whose folder the current role does not see counts as missing.
 */
static int32
decide(const PlaceOrder *order, const MessageRow *row)
{
	int64		folder_id = row->version.folder_id;
	int64		into = folder_into(order, row);
	bool		deleted = row->version.deleted_at != 0;

	if (!in_folders(order, row))
		return MAPI_E_NOT_FOUND;
	if (!order->by_folder &&
		!access_message(order->store_id, folder_id, row->creator,
						ACCESS_TO_DELETE))
		return access_sees_folder(order->store_id, folder_id) ?
			MAPI_E_NO_ACCESS : MAPI_E_NOT_FOUND;
	if (!order->by_folder && into != 0 &&
		!access_may_create(order->store_id, into))
		return MAPI_E_NO_ACCESS;
	if (order->kind == CHANGE_RESTORE ? !deleted :
		deleted && order->kind != CHANGE_HARD_DELETE)
		return MAPI_E_NOT_FOUND;
	if (order->conditional &&
		row->version.change_number != order->if_change_number)
		return MAPI_E_OBJECT_CHANGED;
	return S_OK;
}

/*
 * Carry the order out on a locked row.  A move to the message's own folder
 * writes nothing.
 */
static void
write_order(const PlaceOrder *order, MessageRow *row, CountTally *tally)
{
	ChangeOrder change;
	int64		number;
	TM_Result	written;

	if (order->kind == CHANGE_HARD_DELETE)
	{
		change_hard_delete(row, &order->author, tally);
		original_delete(row->store_id, row->message_id);
		return;
	}
	memset(&change, 0, sizeof(change));
	change.kind = order->kind;
	change.tally = tally;
	change.base = row->version.change_number;
	change.author = order->author;
	if (order->kind == CHANGE_MOVE)
	{
		if (row->version.folder_id == order->folder_id)
			return;
		change.folder_id = order->folder_id;
	}
	else
	{
		change.set_deleted = true;
		change.deleted = (order->kind == CHANGE_DELETE);
		if (change.deleted && order->folders != NULL)
			change.deleted_with = folder_of(order, row)->deleted_with;
	}
	written = change_write(row, &change, &number);
	if (written != TM_Ok)
		elog(ERROR, "unexpected answer %d to updating a locked message",
			 written);
}

/*
 * Carry the order out on one message, waiting for any transaction that holds
 * its row.  Return S_OK, MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS or
 * MAPI_E_OBJECT_CHANGED.  A refusal by the newest committed version is
 * returned without locking the row.
 */
static int32
place_message(const PlaceOrder *order, int64 message_id, MessageRow *row,
			  CountTally *tally)
{
	int32		result;
	bool		again = true;

	while (again)
	{
		CHECK_FOR_INTERRUPTS();
		again = false;
		PushActiveSnapshot(GetLatestSnapshot());
		if (!messagerow_fetch(row, order->store_id, message_id))
			result = MAPI_E_NOT_FOUND;
		else
			result = decide(order, row);
		if (result == S_OK)
		{
			if (messagerow_lock(row, true) != TM_Ok)
				again = true;
			else if ((result = decide(order, row)) == S_OK)
				write_order(order, row, tally);
		}
		PopActiveSnapshot();
	}
	return result;
}

int32
place_execute(const PlaceOrder *order, int64 *ids, int count)
{
	MessageRow	row;
	CountTally	tally;
	int			done = 0;
	bool		denied = false;
	int32		result = S_OK;

	qsort(ids, count, sizeof(int64), compare_ids);
	if (order->folders != NULL)
		qsort(order->folders, order->nfolders, sizeof(PlaceFolder),
			  compare_folders);
	count_begin(&tally, order->store_id);
	messagerow_open(&row, RowExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		result = place_message(order, ids[i], &row, &tally);
		if (result == MAPI_E_OBJECT_CHANGED)
			break;
		if (result == S_OK)
			done++;
		denied |= (result == MAPI_E_NO_ACCESS);
	}
	messagerow_close(&row);
	count_end(&tally);
	if (result == MAPI_E_OBJECT_CHANGED)
	{
		activity_conflict(order->store_id, ids[0]);
		return result;
	}
	if (done == count)
		return S_OK;
	if (done > 0)
		return MAPI_W_PARTIAL_COMPLETION;
	return denied ? MAPI_E_NO_ACCESS : MAPI_E_NOT_FOUND;
}

/*
 * Read argument n, "if_change_number", into *order.  Unless it is NULL, the
 * call must be on one message.
 */
static void
condition_argument(FunctionCallInfo fcinfo, int n, int count,
				   PlaceOrder *order)
{
	if (PG_ARGISNULL(n))
		return;
	if (count != 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"if_change_number\" requires one message, not %d",
						count)));
	order->conditional = true;
	order->if_change_number = call_number(fcinfo, n, "if_change_number");
}

/*
 * Read argument 0, the store, and the last argument, the actor, into *order.
 * Raise an error unless the caller may use the store and the transaction may
 * write; "what" names the SQL function, as in "delete_messages()".
 */
static void
order_arguments(FunctionCallInfo fcinfo, const char *what, PlaceOrder *order)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");

	call_require_write(what);
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	order->store_id = store_id;
	order->author.actor = call_actor(fcinfo, PG_NARGS() - 1);
}

/*
 * delete_messages(store_id, message_ids, flags, if_change_number, actor)
 * → hresult
 *
 * Delete messages softly, or for good with DELETE_HARD_DELETE.  A soft-deleted
 * message counts as missing unless DELETE_HARD_DELETE is given.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION, MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS,
 * MAPI_E_OBJECT_CHANGED (only with if_change_number, which requires one
 * message) or MAPI_E_UNKNOWN_FLAGS.  Errors: MAPI_E_INVALID_PARAMETER,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(delete_messages);
Datum
delete_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_DELETE};
	int64	   *ids;
	int			count;
	uint32		flags;

	order_arguments(fcinfo, "delete_messages()", &order);
	ids = place_ids_argument(fcinfo, 1, &count);
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	condition_argument(fcinfo, 3, count, &order);
	if ((flags & ~DELETE_FLAGS) != 0)
		PG_RETURN_INT32(MAPI_E_UNKNOWN_FLAGS);
	if (flags & DELETE_HARD_DELETE)
		order.kind = CHANGE_HARD_DELETE;
	PG_RETURN_INT32(place_execute(&order, ids, count));
}

/*
 * Make the folders of some messages, as far as they are not deleted, the
 * folders of the order, and lock them against deletion before any message is
 * locked.
 */
static void
lock_folders(PlaceOrder *order, const int64 *ids, int count)
{
	MessageRow	row;
	PlaceFolder *folders = palloc(sizeof(PlaceFolder) * Max(count, 1));
	int			nfolders = 0;

	messagerow_begin_read(&row, GetLatestSnapshot());
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (messagerow_fetch(&row, order->store_id, ids[i]))
		{
			folders[nfolders].folder_id = row.version.folder_id;
			folders[nfolders++].deleted_with = 0;
		}
	}
	messagerow_end_read(&row);

	qsort(folders, nfolders, sizeof(PlaceFolder), compare_folders);
	order->folders = folders;
	for (int i = 0; i < nfolders; i++)
	{
		if (i > 0 && folders[i].folder_id == folders[i - 1].folder_id)
			continue;
		if (parent_lock_folder(order->store_id, folders[i].folder_id))
			folders[order->nfolders++] = folders[i];
	}
}

/*
 * restore_messages(store_id, message_ids, actor) → hresult
 *
 * Restore soft-deleted messages; any other message counts as missing, and so
 * does a message whose folder is deleted.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION, MAPI_E_NOT_FOUND or
 * MAPI_E_NO_ACCESS.  Errors:
 * MAPI_E_INVALID_PARAMETER, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(restore_messages);
Datum
restore_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_RESTORE};
	int64	   *ids;
	int			count;

	order_arguments(fcinfo, "restore_messages()", &order);
	ids = place_ids_argument(fcinfo, 1, &count);
	lock_folders(&order, ids, count);
	PG_RETURN_INT32(place_execute(&order, ids, count));
}

/*
 * move_messages(store_id, message_ids, folder_id, if_change_number, actor)
 * → hresult
 *
 * Move messages to another folder of the store; their ids stay.  The folder is
 * locked against deletion to the end of the transaction.
 *
 * Returns as delete_messages().  Errors: MAPI_E_INVALID_PARAMETER,
 * MAPI_E_NO_ACCESS, MAPI_E_NOT_FOUND for the folder.
 */
PG_FUNCTION_INFO_V1(move_messages);
Datum
move_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_MOVE};
	int64	   *ids;
	int			count;

	order_arguments(fcinfo, "move_messages()", &order);
	ids = place_ids_argument(fcinfo, 1, &count);
	order.folder_id = call_number(fcinfo, 2, "folder_id");
	condition_argument(fcinfo, 3, count, &order);
	access_require_folder(order.store_id, order.folder_id, RIGHT_CREATE);
	if (!parent_lock_folder(order.store_id, order.folder_id))
		store_raise_no_folder(order.store_id, order.folder_id);
	PG_RETURN_INT32(place_execute(&order, ids, count));
}

/*
 * Erase one message.  Return S_OK, or MAPI_E_NOT_FOUND if neither the message
 * nor a change of it exists.
 */
static int32
purge_message(int64 store_id, int64 message_id, MessageRow *row,
			  CountTally *tally)
{
	bool		again = true;
	bool		found = false;
	bool		purged;

	while (again)
	{
		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(GetLatestSnapshot());
		found = messagerow_fetch(row, store_id, message_id);
		again = found && messagerow_lock(row, true) != TM_Ok;
		PopActiveSnapshot();
	}
	PushActiveSnapshot(GetLatestSnapshot());
	purged = change_purge(store_id, message_id, found ? row : NULL, tally);
	if (purged)
		original_delete(store_id, message_id);
	PopActiveSnapshot();
	return purged ? S_OK : MAPI_E_NOT_FOUND;
}

/* Do the work of purge_messages(). */
static int64
work_purge_messages(FunctionCallInfo fcinfo)
{
	MessageRow	row;
	CountTally	tally;
	int64		store_id;
	int64	   *ids;
	int			count;
	int			done = 0;

	store_id = call_number(fcinfo, 0, "store_id");
	ids = place_ids_argument(fcinfo, 1, &count);
	call_require_write("purge_messages()");
	access_require_owner(store_id);
	count_begin(&tally, store_id);
	messagerow_open(&row, RowExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		if (purge_message(store_id, ids[i], &row, &tally) == S_OK)
			done++;
	}
	messagerow_close(&row);
	count_end(&tally);
	/* drafts are locked last */
	park_lock(store_id, ShareLock);
	for (int i = 0; i < count; i++)
		change_purge_drafts(store_id, ids[i]);
	if (done == count)
		return S_OK;
	return done > 0 ? MAPI_W_PARTIAL_COMPLETION : MAPI_E_NOT_FOUND;
}

/*
 * purge_messages(store_id, message_ids, actor) → hresult
 *
 * Erase messages, also deleted ones: their rows, history and drafts, and the
 * blobs that no other message needs.  One row of the history is left for each
 * message, with the role that erased the message and the time.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION or MAPI_E_NOT_FOUND.  Errors:
 * MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS
 * unless the role owns the store.
 */
PG_FUNCTION_INFO_V1(purge_messages);
Datum
purge_messages(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 2, work_purge_messages));
}
