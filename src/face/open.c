/*-------------------------------------------------------------------------
 *
 * open.c
 *	  The version of a message on which a handle stands: opening, creating,
 *	  refreshing and closing handles.
 *
 * NOTES
 *	  handle.c describes handles and how long they live.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/snapmgr.h"

#define OPEN_FLAGS \
	(MAPI_MODIFY | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | \
	 MAPI_BEST_ACCESS | MAPI_NO_CACHE)

/* Raise MAPI_E_UNKNOWN_FLAGS if flags have bits that opening does not know. */
static void
check_open_flags(uint32 flags)
{
	if ((flags & ~OPEN_FLAGS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown open flags 0x%X", flags & ~OPEN_FLAGS),
				 errhint("The flags are MAPI_MODIFY, MAPI_BEST_ACCESS, SHOW_SOFT_DELETES, MAPI_DEFERRED_ERRORS and MAPI_NO_CACHE.")));
}

/*
 * open_message(store_id, message_id, flags) → handle
 *
 * Open a message at the version that the transaction's snapshot sees.  The
 * handle is read-only without flags (R661), and read/write with MAPI_MODIFY
 * (R663) or, if the caller may edit, with MAPI_BEST_ACCESS (R665, R666).  A
 * soft-deleted message can be opened only with SHOW_SOFT_DELETES, and is
 * read-only (R326).
 *
 * Errors: MAPI_E_NOT_FOUND (R333, R335), MAPI_E_NO_ACCESS (R324),
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_NOT_ENOUGH_RESOURCES if too many handles are
 * open.
 */
PG_FUNCTION_INFO_V1(open_message);
Datum
open_message(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		message_id;
	uint32		flags;
	MessageRow	row;
	Handle	   *handle;
	bool		found;
	bool		deleted;
	bool		modify;
	bool		may_edit;

	store_id = call_number(fcinfo, 0, "store_id");
	message_id = call_number(fcinfo, 1, "message_id");
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	check_open_flags(flags);
	modify = (flags & (MAPI_MODIFY | MAPI_BEST_ACCESS)) != 0;

	messagerow_begin_read(&row, GetTransactionSnapshot());
	found = messagerow_fetch(&row, store_id, message_id);
	deleted = found && row.version.deleted_at != 0;
	if (!found || (deleted && (flags & SHOW_SOFT_DELETES) == 0))
		access_raise_no_message(store_id, message_id);
	access_require_message(store_id, row.version.folder_id, message_id,
						   row.creator, ACCESS_TO_READ);
	may_edit = modify && access_message(store_id, row.version.folder_id,
										row.creator, ACCESS_TO_EDIT);
	if ((flags & MAPI_MODIFY) != 0 && (flags & MAPI_BEST_ACCESS) == 0 &&
		!may_edit)
		access_require_message(store_id, row.version.folder_id, message_id,
							   row.creator, ACCESS_TO_EDIT);

	handle = handle_open(store_id, message_id);
	handle->state.base = row.version.change_number;
	handle->state.writable = may_edit && !deleted;
	messagerow_end_read(&row);
	PG_RETURN_INT32(handle->number);
}

/*
 * Return the default properties of a new associated message.  Their
 * PR_MESSAGE_FLAGS show that it is one, also in a draft.
 */
static Jsonb *
associated_defaults(void)
{
	BagList		list;

	baglist_init(&list, 1);
	baglist_add_int(&list, "PR_MESSAGE_FLAGS",
					MSGFLAG_DEFAULT | MSGFLAG_ASSOCIATED);
	return bag_splice(content_defaults(), baglist_build(&list), false);
}

/*
 * create_message(store_id, folder_id, flags) → handle
 *
 * Open a read/write handle on a new message.  The message gets an id, and
 * nothing is stored until its first save (R339, R372).
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(create_message);
Datum
create_message(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	uint32		flags;
	Handle	   *handle;
	Jsonb	   *defaults;

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	check_open_flags(flags & ~MAPI_ASSOCIATED);
	call_require_write("create_message()");
	access_require_folder(store_id, folder_id, RIGHT_CREATE);
	store_require_folder(store_id, folder_id);
	criteria_require_place(store_id, folder_id);

	defaults = (flags & MAPI_ASSOCIATED) != 0 ?
		associated_defaults() : content_defaults();
	handle = handle_open(store_id,
						 number_next_id(REL_MESSAGE_ID_SEQ, store_id));
	handle->created_at = handle->opened_at;
	handle->state.folder_id = folder_id;
	handle_set_defaults(handle, defaults);
	handle->state.is_new = true;
	handle->state.writable = true;
	PG_RETURN_INT32(handle->number);
}

/*
 * message_id(handle) → bigint
 *
 * Return the id of the message that the handle is on; for an attachment or an
 * embedded message, the id of the message that contains it.  Errors:
 * MAPI_E_INVALID_OBJECT.
 */
PG_FUNCTION_INFO_V1(handle_message_id);
Datum
handle_message_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(handle_argument(fcinfo)->state.message_id);
}

/*
 * refresh(handle)
 *
 * Drop the pending edits of a handle on a message, and make the newest
 * committed version its base; a new message has its defaults again.  Handles
 * below the handle become stale.
 *
 * Errors: MAPI_E_OBJECT_DELETED if the message was deleted meanwhile (a
 * read-only handle accepts a soft-deleted message), MAPI_E_NO_ACCESS,
 * MAPI_E_NO_SUPPORT for a handle inside a message.
 */
PG_FUNCTION_INFO_V1(refresh);
Datum
refresh(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_message_argument(fcinfo);
	int64		base = 0;

	if (!handle->state.is_new)
	{
		MessageRow	row;

		access_require_store(handle->store_id, RIGHT_FOLDER_VISIBLE);
		messagerow_begin_read(&row, GetLatestSnapshot());
		if (!messagerow_fetch(&row, handle->store_id,
							  handle->state.message_id) ||
			(row.version.deleted_at != 0 && handle->state.writable))
			messagerow_raise_deleted(handle->store_id,
									 handle->state.message_id);
		access_require_message(handle->store_id, row.version.folder_id,
							   handle->state.message_id, row.creator,
							   ACCESS_TO_READ);
		base = row.version.change_number;
		messagerow_end_read(&row);
	}
	handle_set_base(handle, base);
	handle->state.era++;
	PG_RETURN_VOID();
}

/*
 * close_object(handle)
 *
 * Close a handle; its pending edits are lost.  Errors: MAPI_E_INVALID_OBJECT.
 */
PG_FUNCTION_INFO_V1(close_object);
Datum
close_object(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);

	handle_drop_uploads(handle);
	handle_close(handle);
	PG_RETURN_VOID();
}
