/*-------------------------------------------------------------------------
 *
 * props.c
 *	  The properties of what is open, and of messages: reading and editing.
 *
 * NOTES
 *	  What a handle shows is its base with its pending edits.  The base is
 *	  read with a latest snapshot: a version never changes, so any snapshot
 *	  that finds it will do, and a base taken by refresh() may be newer than
 *	  the transaction's snapshot.
 *
 *	  Nothing of a handle changes before everything that can fail is done.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/snapmgr.h"

/* -------------------------------------------------------------------- reading */

/* What pending edits alone show, where they say all that is asked for. */
static Jsonb *
pending_props(const Stand *stand, ArrayType *tags)
{
	MessageView view;

	memset(&view, 0, sizeof(MessageView));
	view.store_id = stand->store_id;
	content_from_bag(&view.version.content, bag_empty());
	edits_apply(&view.version.content, &stand->edits, &view.version.content);
	return view_props(&view, tags);
}

/* The same for what is stored inside a message: its base is at hand. */
static Jsonb *
object_props(const Handle *handle, ArrayType *tags)
{
	MessageView view;

	memset(&view, 0, sizeof(view));
	view.kind = handle->kind;
	view.store_id = handle->store_id;
	view.level = handle->state.writable ? 1 : 0;
	edits_apply(&handle->state.object, &handle->state.edits, &view.version.content);
	if (handle->kind == HANDLE_ATTACHMENT)
		attachment_show(&view.version.content, handle->attach_num);
	return view_props(&view, tags);
}

Jsonb *
props_shown(const Handle *handle, ArrayType *tags)
{
	Stand		stand;
	MessageRow	row;
	MessageView view;
	Jsonb	   *result;

	access_require(handle->store_id, ACCESS_READ);
	stand_of_handle(&stand, handle);
	if (handle->kind != HANDLE_MESSAGE)
		return object_props(handle, tags);
	if (tags != NULL && edits_cover(&stand.edits, tags))
		return pending_props(&stand, tags);

	messagerow_begin_read(&row, GetLatestSnapshot());
	stand_view(&view, &stand, &row);
	view.level = handle->state.writable ? 1 : 0;
	view.access = access_level(handle->store_id);
	edits_apply(&view.version.content, &stand.edits, &view.version.content);
	result = view_props(&view, tags);
	messagerow_end_read(&row);
	return result;
}

/*
 * get_props(handle, tags) → jsonb: base and pending edits.
 */
PG_FUNCTION_INFO_V1(get_props);
Datum
get_props(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);
	ArrayType  *tags = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);

	PG_RETURN_JSONB_P(props_shown(handle, tags));
}

/*
 * read_message(store_id, message_id, tags) → jsonb, as of the statement's
 * snapshot.
 */
PG_FUNCTION_INFO_V1(read_message);
Datum
read_message(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		message_id;
	ArrayType  *tags = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	MessageRow	row;
	MessageView view;
	Jsonb	   *result;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	store_id = PG_GETARG_INT64(0);
	message_id = PG_GETARG_INT64(1);
	access_require(store_id, ACCESS_READ);

	messagerow_begin_read(&row, GetActiveSnapshot());
	if (!messagerow_fetch(&row, store_id, message_id) ||
		row.version.deleted_at != 0)
		messagerow_raise_not_found(store_id, message_id);
	view_from_row(&view, &row);
	view.access = access_level(store_id);
	result = view_props(&view, tags);
	messagerow_end_read(&row);
	PG_RETURN_JSONB_P(result);
}

/* -------------------------------------------------------------------- editing */

/*
 * Whether properties that can be set until the first save only can be set: on
 * a new message, and on what is stored inside of one.
 */
static bool
takes_first(const Handle *handle)
{
	return handle->state.is_new || handle->kind != HANDLE_MESSAGE;
}

/* Return true if edits have references to blobs in them. */
static bool
refer_to_blobs(const Edits *edits)
{
	return (edits->value[PART_PROPS] != NULL &&
			references_any((Jsonb *) edits->value[PART_PROPS])) ||
		(edits->value[PART_ATTACHMENTS] != NULL &&
		 references_any((Jsonb *) edits->value[PART_ATTACHMENTS]));
}

/* Refuse what is no property of an attachment, or computed there. */
static void
check_on_attachment(const Edits *edits)
{
	static const char *const computed[] = {"PR_ATTACH_NUM", "PR_ATTACH_SIZE"};
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	JsonbValue	value;

	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] == TOUCHED)
			ereport(ERROR,
					(errmapi(MAPI_E_NO_SUPPORT),
					 errmsg("property %s is one of messages, not of attachments",
							part_name(p))));
	}
	for (int i = 0; i < lengthof(computed); i++)
	{
		if (patch != NULL && bag_find(patch, computed[i], &value))
			ereport(ERROR,
					(errmapi(MAPI_E_COMPUTED),
					 errmsg("property %s is computed by the store",
							computed[i]),
					 errhint("Leave it out of what you set or delete.")));
	}
}

/* Add edits that a client has given, checked but for what the handle is on. */
static void
add_given(Handle *handle, const Edits *edits)
{
	if (handle->kind == HANDLE_ATTACHMENT)
		check_on_attachment(edits);
	else if (edits->touched[PART_ATTACHMENTS] != UNTOUCHED)
		subobject_list_replaced(handle);
	/* they may be what this handle or one above it has uploaded */
	if (refer_to_blobs(edits))
	{
		for (Handle *owner = handle; owner != NULL;
			 owner = owner->parent == 0 ? NULL : handle_find(owner->parent))
			handle_share_uploads(owner, NULL);
	}
	handle_add_edits(handle, edits);
}

/*
 * set_props(handle, props): all or nothing; null deletes.
 *
 * Errors: MAPI_E_NO_ACCESS on a read-only handle (R661), MAPI_E_COMPUTED,
 * MAPI_E_INVALID_PARAMETER, MAPI_E_UNEXPECTED_TYPE, MAPI_E_TYPE_NO_SUPPORT,
 * MAPI_E_NO_SUPPORT, each naming the property.
 */
PG_FUNCTION_INFO_V1(set_props);
Datum
set_props(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);
	Edits		edits;

	REQUIRE_ARG(1, "props");
	handle_require_writable(handle);
	edits_from_patch(PG_GETARG_JSONB_P(1), takes_first(handle), &edits);
	add_given(handle, &edits);
	PG_RETURN_VOID();
}

/*
 * delete_props(handle, tags): all or nothing; deleting what is absent is no
 * error, and an edit.
 */
PG_FUNCTION_INFO_V1(delete_props);
Datum
delete_props(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);
	Edits		edits;

	REQUIRE_ARG(1, "tags");
	handle_require_writable(handle);
	edits_from_tags(PG_GETARG_ARRAYTYPE_P(1), takes_first(handle), &edits);
	add_given(handle, &edits);
	PG_RETURN_VOID();
}
