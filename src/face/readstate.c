/*-------------------------------------------------------------------------
 *
 * readstate.c
 *	  Read flags: which messages a user has read, and which receipts are due.
 *
 * NOTES
 *	  A read flag takes effect at once, for the user (role and actor) who sets
 *	  it.  It is no part of the version: the message's row is neither locked
 *	  nor written, so that no save waits for it, meets a conflict because of it
 *	  or writes an older flag back.
 *
 *	  The flags of a call mean:
 *
 *		0x00		set the read flag; a receipt that was asked for is due
 *		0x01		set the read flag; no receipt is due any more
 *		0x04, 0x05	clear the read flag
 *		0x10		the receipt is due; the read flag stays
 *		0x11		no receipt is due any more; the read flag stays
 *		0x14, 0x15	refused: MAPI_E_INVALID_PARAMETER
 *
 *	  0x20 and 0x40 may be added to any of these: no read receipt, no non-read
 *	  receipt is due any more; alone they leave the read flag.  0x2 and 0x8 are
 *	  ignored.
 *
 *	  A flag that a message has already is not written again.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define CLEAR_PENDING	(CLEAR_RN_PENDING | CLEAR_NRN_PENDING)
#define IGNORED_FLAGS	(0x2 | MAPI_DEFERRED_ERRORS)
#define READ_FLAGS \
	(SUPPRESS_RECEIPT | CLEAR_READ_FLAG | GENERATE_RECEIPT_ONLY | \
	 CLEAR_PENDING | IGNORED_FLAGS)

/*
 * Fill *order from the flags of a call.  Returns S_OK, MAPI_E_UNKNOWN_FLAGS,
 * or MAPI_E_INVALID_PARAMETER for flags that exclude each other.
 */
static int32
order_of_flags(uint32 flags, ReadOrder *order)
{
	memset(order, 0, sizeof(ReadOrder));
	if ((flags & ~READ_FLAGS) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	if ((flags & CLEAR_READ_FLAG) != 0)
	{
		if ((flags & GENERATE_RECEIPT_ONLY) != 0)
			return MAPI_E_INVALID_PARAMETER;
		order->clears = true;
	}
	else
	{
		if ((flags & SUPPRESS_RECEIPT) != 0)
			order->receipts = RECEIPT_NO_READ;
		else if ((flags & GENERATE_RECEIPT_ONLY) != 0)
			order->receipts = RECEIPT_DUE;
		order->sets = (flags & GENERATE_RECEIPT_ONLY) == 0 &&
			((flags & SUPPRESS_RECEIPT) != 0 || (flags & CLEAR_PENDING) == 0);
	}
	if ((flags & CLEAR_RN_PENDING) != 0)
		order->receipts |= RECEIPT_NO_READ;
	if ((flags & CLEAR_NRN_PENDING) != 0)
		order->receipts |= RECEIPT_NO_NONREAD;
	return S_OK;
}

/*
 * Return S_OK if the user may mark the message, which the active snapshot
 * sees in *row, else MAPI_E_NOT_FOUND or MAPI_E_NO_ACCESS.  A message whose
 * folder the current role does not see counts as missing.
 */
static int32
may_mark(int64 store_id, int64 message_id, MessageRow *row)
{
	if (!messagerow_fetch(row, store_id, message_id) ||
		row->version.deleted_at != 0 ||
		!access_sees_folder(store_id, row->version.folder_id))
		return MAPI_E_NOT_FOUND;
	return access_message(store_id, row->version.folder_id, row->creator,
						  ACCESS_TO_READ) ? S_OK : MAPI_E_NO_ACCESS;
}

/*
 * Return true if an order changes the state of the message in *row; *was_read
 * is the read flag before.
 */
static bool
changes_state(const Reader *reader, const MessageRow *row,
			  const ReadOrder *order, bool *was_read)
{
	ReadSubject subject = {row->store_id, row->message_id,
	row->version.message_flags, row->creator, row->creator_actor};
	ReadState	state;

	state_read(reader, &subject, &state);
	*was_read = state.is_read;
	return (order->sets && !state.is_read) ||
		(order->clears && state.is_read) ||
		(order->receipts & ~state.receipts) != 0;
}

/*
 * Carry an order out on messages, whose ids are in ascending order.  Return
 * S_OK, MAPI_W_PARTIAL_COMPLETION if some messages were missing or may not be
 * read, and MAPI_E_NOT_FOUND or MAPI_E_NO_ACCESS if all were.
 *
 * The decision is made on the newest committed state of the user, without a
 * lock; another session of the user that changes it at this moment counts as
 * the later one.
 */
static int32
mark_messages(const Reader *reader, int64 store_id, const int64 *ids,
			  int count, const ReadOrder *order)
{
	int64	   *changed[2];		/* messages that were unread, and read */
	int			nchanged[2] = {0, 0};
	int			done = 0;
	bool		denied = false;
	MessageRow	row;

	changed[0] = palloc(sizeof(int64) * Max(count, 1));
	changed[1] = palloc(sizeof(int64) * Max(count, 1));
	messagerow_begin_read(&row, GetLatestSnapshot());
	for (int i = 0; i < count; i++)
	{
		int32		result;
		bool		was_read;

		CHECK_FOR_INTERRUPTS();
		result = may_mark(store_id, ids[i], &row);
		denied |= (result == MAPI_E_NO_ACCESS);
		if (result != S_OK)
			continue;
		done++;
		if (changes_state(reader, &row, order, &was_read))
			changed[was_read][nchanged[was_read]++] = ids[i];
	}
	messagerow_end_read(&row);

	for (int was_read = 0; was_read < 2; was_read++)
	{
		ReadOrder	change = *order;

		/* a receipt that is due because of the flag stays due without it */
		if (was_read && change.clears)
			change.receipts |= RECEIPT_DUE;
		state_mark(reader, store_id, changed[was_read], nchanged[was_read],
				   &change);
	}
	if (done == count)
		return S_OK;
	if (done > 0)
		return MAPI_W_PARTIAL_COMPLETION;
	return denied ? MAPI_E_NO_ACCESS : MAPI_E_NOT_FOUND;
}

/* Fill *reader from argument n, the actor. */
static void
reader_argument(FunctionCallInfo fcinfo, int n, Reader *reader)
{
	state_reader(reader, call_actor(fcinfo, n));
}

/*
 * Return the store that argument 0 names.  Raise an error unless the current
 * role may use the store and the transaction may write; "what" names the SQL
 * function, as in "set_read_flag()".
 */
static int64
store_argument(FunctionCallInfo fcinfo, const char *what)
{
	call_require_write(what);
	access_require_store(call_number(fcinfo, 0, "store_id"), RIGHT_FOLDER_VISIBLE);
	return call_number(fcinfo, 0, "store_id");
}

/*
 * set_read_flag(store_id, message_id, flags, actor) → hresult
 *
 * Set or clear the read flag of a message for the caller.
 *
 * Returns S_OK, MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER,
 * MAPI_E_NOT_FOUND (also for a soft-deleted message) or MAPI_E_NO_ACCESS.
 * Errors: MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(set_read_flag);
Datum
set_read_flag(PG_FUNCTION_ARGS)
{
	int64		store_id = store_argument(fcinfo, "set_read_flag()");
	int64		message_id;
	Reader		reader;
	ReadOrder	order;
	int32		result;

	REQUIRE_ARG(2, "flags");
	message_id = call_number(fcinfo, 1, "message_id");
	reader_argument(fcinfo, 3, &reader);
	result = order_of_flags(PG_GETARG_UINT32(2), &order);
	if (result == S_OK)
		result = mark_messages(&reader, store_id, &message_id, 1, &order);
	PG_RETURN_INT32(result);
}

/*
 * set_read_flags(store_id, message_ids, flags, folder_id, actor) → hresult
 *
 * Set or clear the read flags of messages for the caller.  With message_ids
 * NULL, of all messages of a folder that the caller may read: one statement,
 * whose changes have one position.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION if some messages were missing or may
 * not be read, or as set_read_flag().  Errors: MAPI_E_INVALID_PARAMETER unless
 * either messages or a folder are given, MAPI_E_NOT_FOUND for the folder,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(set_read_flags);
Datum
set_read_flags(PG_FUNCTION_ARGS)
{
	int64		store_id = store_argument(fcinfo, "set_read_flags()");
	Reader		reader;
	ReadOrder	order;
	int32		result;

	REQUIRE_ARG(2, "flags");
	if (PG_ARGISNULL(1) == PG_ARGISNULL(3))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("either \"message_ids\" or \"folder_id\" must be given")));
	reader_argument(fcinfo, 4, &reader);
	result = order_of_flags(PG_GETARG_UINT32(2), &order);
	if (result != S_OK)
		PG_RETURN_INT32(result);
	if (PG_ARGISNULL(3))
	{
		int			count;
		int64	   *ids = place_ids_argument(fcinfo, 1, &count);

		result = mark_messages(&reader, store_id, ids, count, &order);
	}
	else
	{
		int64		folder_id = call_number(fcinfo, 3, "folder_id");
		uint32		rights;

		access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
		store_require_folder(store_id, folder_id);
		rights = access_folder(store_id, folder_id);
		state_mark_folder(&reader, store_id, folder_id,
						  (rights & RIGHT_READ_ANY) != 0, &order);
	}
	PG_RETURN_INT32(result);
}

/*
 * mark_read(handle, flags) → hresult
 *
 * Set or clear the read flag of the message of a handle for the caller, at
 * once.  Pending edits, base and level of the handle stay.
 *
 * Returns as set_read_flag(); MAPI_E_NOT_FOUND for a message that is not saved
 * yet.  Errors: MAPI_E_INVALID_OBJECT, MAPI_E_NO_ACCESS, MAPI_E_NO_SUPPORT for a
 * handle inside a message.
 */
PG_FUNCTION_INFO_V1(mark_read);
Datum
mark_read(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_message_argument(fcinfo);
	Reader		reader;
	ReadOrder	order;
	int32		result;

	REQUIRE_ARG(1, "flags");
	call_require_write("mark_read()");
	access_require_store(handle->store_id, RIGHT_FOLDER_VISIBLE);
	state_reader(&reader, NULL);
	result = order_of_flags(PG_GETARG_UINT32(1), &order);
	if (result == S_OK)
		result = mark_messages(&reader, handle->store_id,
							   &handle->state.message_id, 1, &order);
	PG_RETURN_INT32(result);
}

/*
 * count_unread(store_id, folder_id, actor) → bigint
 *
 * Return the number of messages of a folder that the caller may read and has
 * not read; associated messages do not count.  Errors: MAPI_E_NOT_FOUND for
 * the folder, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(count_unread);
Datum
count_unread(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	Reader		reader;

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	reader_argument(fcinfo, 2, &reader);
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	store_require_folder(store_id, folder_id);
	PG_RETURN_INT64(readstate_unread(store_id, folder_id, &reader));
}

/*
 * folder_unread(store_id, folder_id) → bigint
 *
 * Return count_unread() for the current role and actor; 0 for a folder that
 * does not exist or in which the role may read nothing: for the view of
 * folders, which raises no error.
 */
PG_FUNCTION_INFO_V1(folder_unread);
Datum
folder_unread(PG_FUNCTION_ARGS)
{
	Reader		reader;

	state_reader(&reader, NULL);
	PG_RETURN_INT64(readstate_unread(PG_GETARG_INT64(0), PG_GETARG_INT64(1),
									 &reader));
}

int64
readstate_unread(int64 store_id, int64 folder_id, const Reader *reader)
{
	uint32		rights = access_folder(store_id, folder_id);
	Criteria	criteria;

	if ((rights & RIGHT_FOLDER_VISIBLE) != 0 &&
		criteria_read(store_id, folder_id, &criteria))
		return list_unread(store_id, folder_id,
						   TextDatumGetCString(reader->actor));
	return state_count_unread(reader, store_id, folder_id,
							  (rights & RIGHT_READ_ANY) != 0);
}

/*
 * is_read(store_id, message_id, message_flags, creator, creator_actor)
 * → boolean
 *
 * Return true if the caller has read the message: a column of message_list.
 * "creator_actor" is empty if no actor was set.
 */
PG_FUNCTION_INFO_V1(is_read);
Datum
is_read(PG_FUNCTION_ARGS)
{
	ReadSubject subject;
	Reader		reader;
	ReadState	state;

	subject.store_id = call_number(fcinfo, 0, "store_id");
	subject.message_id = call_number(fcinfo, 1, "message_id");
	subject.message_flags = PG_GETARG_INT32(2);
	subject.creator = PG_GETARG_DATUM(3);
	subject.creator_actor = PG_GETARG_DATUM(4);
	state_reader(&reader, NULL);
	state_read(&reader, &subject, &state);
	PG_RETURN_BOOL(state.is_read);
}
