/*-------------------------------------------------------------------------
 *
 * stand.c
 *	  The stand of a client: the version of a message that it has seen, and its
 *	  own edits.  The stand comes from a handle, or from the arguments of a
 *	  call without a session.
 *
 * NOTES
 *	  The stand of a handle points into the state of the handle, and is valid
 *	  until that changes.  Otherwise a stand points into the memory context
 *	  that was current when it was made.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"

#include "utils/snapmgr.h"

void
stand_of_handle(Stand *stand, const Handle *handle)
{
	memset(stand, 0, sizeof(Stand));
	stand->store_id = handle->store_id;
	stand->message_id = handle->state.message_id;
	stand->base = handle->state.base;
	stand->is_new = handle->state.is_new;
	stand->was_parked = handle->state.draft.id != 0;
	stand->folder_id = handle->state.folder_id;
	stand->defaults = handle->defaults;
	stand->created_at = handle->created_at;
	stand->uploads = handle->state.uploads;
	stand->edits = handle->state.edits;
}

void
stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo)
{
	memset(stand, 0, sizeof(Stand));
	stand->store_id = call_number(fcinfo, 0, "store_id");
	stand->message_id = call_number(fcinfo, 1, "message_id");
	stand->base = call_number(fcinfo, 2, "change_number");
	REQUIRE_ARG(3, "changes");
	edits_from_patch(PG_GETARG_JSONB_P(3), false, &stand->edits);
}

void
stand_raise_no_base(const Stand *stand)
{
	ereport(ERROR,
			(errmapi(MAPI_E_UNABLE_TO_COMPLETE),
			 errmsg("version %lld of message %lld in store %lld is not in its history",
					(long long) stand->base, (long long) stand->message_id,
					(long long) stand->store_id)));
}

/* Fill a view from the base of a new message: its default properties. */
static void
view_new(MessageView *view, const Stand *stand)
{
	memset(view, 0, sizeof(MessageView));
	view->store_id = stand->store_id;
	view->message_id = stand->message_id;
	view->version.folder_id = stand->folder_id;
	view->version.message_flags = MSGFLAG_DEFAULT;
	view->created_at = stand->created_at;
	view->modified_at = view->created_at;
	view->modifier = author_name(&stand->author);
	view->creator = access_role_name();
	view->access = MAPI_ACCESS_ALL;
	content_from_bag(&view->version.content, stand->defaults);
}

void
stand_view(MessageView *view, const Stand *stand, MessageRow *row)
{
	if (stand->is_new)
	{
		access_require_store(stand->store_id, RIGHT_FOLDER_VISIBLE);
		view_new(view, stand);
		return;
	}
	if (!view_read(view, stand->store_id, stand->message_id, row))
		messagerow_raise_deleted(stand->store_id, stand->message_id);
	if (!view_go_back(view, stand->base))
		stand_raise_no_base(stand);
}

int32
stand_access(const Stand *stand)
{
	MessageRow	row;
	MessageView view;
	int32		access = MAPI_ACCESS_ALL;

	if (!access_store(stand->store_id, RIGHT_FOLDER_VISIBLE))
		return 0;
	if (stand->is_new || access_is_owner(stand->store_id))
		return MAPI_ACCESS_ALL;
	messagerow_begin_read(&row, GetLatestSnapshot());
	if (view_find(&view, stand->store_id, stand->message_id, &row))
		access = view.access;
	messagerow_end_read(&row);
	return access;
}

void
stand_require_readable(const Stand *stand)
{
	MessageRow	row;
	MessageView view;

	if ((stand_access(stand) & MAPI_ACCESS_READ) != 0)
		return;
	access_require_store(stand->store_id, RIGHT_FOLDER_VISIBLE);
	messagerow_begin_read(&row, GetLatestSnapshot());
	(void) view_read(&view, stand->store_id, stand->message_id, &row);
	messagerow_end_read(&row);
}

bool
stand_may_edit(const Stand *stand)
{
	if (stand->is_new)
		return access_store(stand->store_id, RIGHT_CREATE);
	return (stand_access(stand) & MAPI_ACCESS_MODIFY) != 0;
}

void
stand_require_editable(const Stand *stand)
{
	if (stand_may_edit(stand))
		return;
	access_require_store(stand->store_id, RIGHT_FOLDER_VISIBLE);
	ereport(ERROR,
			(errmapi(MAPI_E_NO_ACCESS),
			 errmsg("role \"%s\" may not edit message %lld of store %lld",
					GetUserNameFromId(GetUserId(), false),
					(long long) stand->message_id,
					(long long) stand->store_id)));
}
