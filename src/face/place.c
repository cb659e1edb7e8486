/*-------------------------------------------------------------------------
 *
 * place.c
 *	  Deleting, restoring and moving messages, open elsewhere or not.
 *
 * NOTES
 *	  Each message is locked at its newest version and then written like a
 *	  save, with a number and a record of its own, so that whoever has it open
 *	  learns of it at save.  Messages of one call are taken in order of their
 *	  ids, so that two calls do not deadlock.  What is missing is passed over:
 *	  the others are done, and the answer is MAPI_W_PARTIAL_COMPLETION.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#define DELETE_FLAGS	DELETE_HARD_DELETE

/* What is to be done to each message. */
typedef struct PlaceOrder
{
	char		kind;			/* CHANGE_MOVE, _DELETE, _RESTORE, _HARD_DELETE */
	int64		store_id;
	int64		folder_id;		/* CHANGE_MOVE */
	bool		conditional;
	int64		if_change_number;
} PlaceOrder;

static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* A bigint[] without NULLs, sorted, each number once. */
static int64 *
ids_argument(FunctionCallInfo fcinfo, int n, int *count)
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

/* Whether the order has a meaning for the row as it is. */
static int32
decide(const PlaceOrder *order, const MessageRow *row)
{
	bool		deleted = row->version.deleted_at != 0;

	/* the right may have been taken away while the row was waited for */
	access_require(order->store_id, ACCESS_EDIT);
	if (order->kind == CHANGE_RESTORE ? !deleted :
		deleted && order->kind != CHANGE_HARD_DELETE)
		return MAPI_E_NOT_FOUND;
	if (order->conditional &&
		row->version.change_number != order->if_change_number)
		return MAPI_E_OBJECT_CHANGED;
	return S_OK;
}

/* Write what was ordered over the row, which is locked. */
static void
write_order(const PlaceOrder *order, MessageRow *row)
{
	ChangeOrder change;
	int64		number;
	TM_Result	written;

	if (order->kind == CHANGE_HARD_DELETE)
	{
		change_hard_delete(row);
		return;
	}
	memset(&change, 0, sizeof(change));
	change.kind = order->kind;
	change.base = row->version.change_number;
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
	}
	written = change_write(row, &change, &number);
	if (written != TM_Ok)
		elog(ERROR, "unexpected answer %d to updating a locked message",
			 written);
}

/*
 * Do it to one message: S_OK, MAPI_E_NOT_FOUND or MAPI_E_OBJECT_CHANGED.  What
 * the newest committed version refuses is refused without a lock.
 */
static int32
place_message(const PlaceOrder *order, int64 message_id, MessageRow *row)
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
				write_order(order, row);
		}
		PopActiveSnapshot();
	}
	return result;
}

/*
 * Do it to all of them.  S_OK, MAPI_W_PARTIAL_COMPLETION where some were
 * missing, MAPI_E_NOT_FOUND where all were, MAPI_E_OBJECT_CHANGED where the
 * one message has moved on.
 */
static int32
place_messages(const PlaceOrder *order, const int64 *ids, int count)
{
	MessageRow	row;
	int			done = 0;
	int32		result = S_OK;

	messagerow_open(&row, RowExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		result = place_message(order, ids[i], &row);
		if (result == MAPI_E_OBJECT_CHANGED)
			break;
		if (result == S_OK)
			done++;
	}
	messagerow_close(&row);
	if (result == MAPI_E_OBJECT_CHANGED)
		return result;
	if (done == count)
		return S_OK;
	return done > 0 ? MAPI_W_PARTIAL_COMPLETION : MAPI_E_NOT_FOUND;
}

/* The condition of a call on one message. */
static void
condition_argument(FunctionCallInfo fcinfo, int n, int count,
				   PlaceOrder *order)
{
	if (PG_ARGISNULL(n))
		return;
	if (count != 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"if_change_number\" goes with one message, not with %d",
						count)));
	order->conditional = true;
	order->if_change_number = PG_GETARG_INT64(n);
}

/* The store that argument 0 names, which the caller may change. */
static int64
store_argument(FunctionCallInfo fcinfo, const char *what)
{
	REQUIRE_ARG(0, "store_id");
	call_require_write(what);
	access_require(PG_GETARG_INT64(0), ACCESS_EDIT);
	return PG_GETARG_INT64(0);
}

/*
 * delete_messages(store_id, message_ids, flags, if_change_number) → hresult
 *
 * Soft, unless DELETE_HARD_DELETE is given; a message that is soft-deleted
 * already can only be hard-deleted.
 */
PG_FUNCTION_INFO_V1(delete_messages);
Datum
delete_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_DELETE};
	int64	   *ids;
	int			count;
	uint32		flags;

	order.store_id = store_argument(fcinfo, "delete_messages()");
	ids = ids_argument(fcinfo, 1, &count);
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	condition_argument(fcinfo, 3, count, &order);
	if ((flags & ~DELETE_FLAGS) != 0)
		PG_RETURN_INT32(MAPI_E_UNKNOWN_FLAGS);
	if (flags & DELETE_HARD_DELETE)
		order.kind = CHANGE_HARD_DELETE;
	PG_RETURN_INT32(place_messages(&order, ids, count));
}

/*
 * restore_messages(store_id, message_ids) → hresult: soft-deleted ones.
 */
PG_FUNCTION_INFO_V1(restore_messages);
Datum
restore_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_RESTORE};
	int64	   *ids;
	int			count;

	order.store_id = store_argument(fcinfo, "restore_messages()");
	ids = ids_argument(fcinfo, 1, &count);
	PG_RETURN_INT32(place_messages(&order, ids, count));
}

/*
 * move_messages(store_id, message_ids, folder_id, if_change_number) → hresult
 *
 * Within the store; the ids stay.  MAPI_E_NOT_FOUND is raised for the folder.
 */
PG_FUNCTION_INFO_V1(move_messages);
Datum
move_messages(PG_FUNCTION_ARGS)
{
	PlaceOrder	order = {.kind = CHANGE_MOVE};
	int64	   *ids;
	int			count;

	order.store_id = store_argument(fcinfo, "move_messages()");
	ids = ids_argument(fcinfo, 1, &count);
	REQUIRE_ARG(2, "folder_id");
	order.folder_id = PG_GETARG_INT64(2);
	condition_argument(fcinfo, 3, count, &order);
	if (!row_lock_folder(order.store_id, order.folder_id))
		store_raise_no_folder(order.store_id, order.folder_id);
	PG_RETURN_INT32(place_messages(&order, ids, count));
}
