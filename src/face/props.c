/*-------------------------------------------------------------------------
 *
 * props.c
 *	  Properties of open objects and of messages: reading and editing.
 *
 * NOTES
 *	  A handle shows its base with its pending edits.  The base is read with a
 *	  latest snapshot, because a base taken by refresh() may be newer than the
 *	  transaction's snapshot.  Every snapshot that finds a version finds the
 *	  same values, since a version never changes.
 *
 *	  A function does everything that can fail before it changes the handle.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* ----------------------------------------------------------------- reading */

/* The two forms in which properties are returned. */
typedef enum Form
{
	FORM_JSONB,
	FORM_JSON					/* the text of the jsonb */
} Form;

static Datum
show(const MessageView *view, ArrayType *tags, Form form)
{
	return form == FORM_JSON ? view_json(view, tags) :
		JsonbPGetDatum(view_props(view, tags));
}

/* Fill a view with the pending edits of a stand, without reading its base. */
static void
view_pending(MessageView *view, const Stand *stand)
{
	memset(view, 0, sizeof(MessageView));
	view->store_id = stand->store_id;
	content_from_bag(&view->version.content, bag_empty());
	edits_apply(&view->version.content, &stand->edits,
				&view->version.content);
}

/*
 * Fill a view with an attachment or embedded message, whose base is in the
 * handle, and with its pending edits.
 */
static void
view_object(MessageView *view, const Handle *handle)
{
	memset(view, 0, sizeof(MessageView));
	view->kind = handle->kind;
	view->store_id = handle->store_id;
	view->version.message_flags = MSGFLAG_DEFAULT;
	view->level = handle->state.writable ? 1 : 0;
	edits_apply(&handle->state.object, &handle->state.edits,
				&view->version.content);
	if (handle->kind == HANDLE_ATTACHMENT)
		attachment_show(&view->version.content, handle->attach_num);
}

void
props_begin_shown(const Handle *handle, MessageRow *row, MessageView *view)
{
	Stand		stand;

	stand_of_handle(&stand, handle);
	messagerow_begin_read(row, GetLatestSnapshot());
	if (handle->kind != HANDLE_MESSAGE)
	{
		stand_require_readable(&stand);
		view_object(view, handle);
		return;
	}
	stand_view(view, &stand, row);
	view->level = handle->state.writable ? 1 : 0;
	edits_apply(&view->version.content, &stand.edits, &view->version.content);
}

void
props_end_shown(MessageRow *row)
{
	messagerow_end_read(row);
}

/*
 * Return the properties in "tags" (NULL: all) that a handle shows.  Raise
 * MAPI_E_NO_ACCESS, and the errors of stand_view().
 */
static Datum
shown(const Handle *handle, ArrayType *tags, Form form)
{
	Stand		stand;
	MessageRow	row;
	MessageView view;
	Datum		result;

	stand_of_handle(&stand, handle);
	if (handle->kind != HANDLE_MESSAGE ||
		(tags != NULL && edits_cover(&stand.edits, tags)))
	{
		stand_require_readable(&stand);
		if (handle->kind != HANDLE_MESSAGE)
			view_object(&view, handle);
		else
			view_pending(&view, &stand);
		return show(&view, tags, form);
	}

	props_begin_shown(handle, &row, &view);
	result = show(&view, tags, form);
	props_end_shown(&row);
	return result;
}

Jsonb *
props_shown(const Handle *handle, ArrayType *tags)
{
	return DatumGetJsonbP(shown(handle, tags, FORM_JSONB));
}

/* Return the result of get_props() or get_props_json(). */
static Datum
get_form(FunctionCallInfo fcinfo, Form form)
{
	Handle	   *handle = handle_argument(fcinfo);
	ArrayType  *tags = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);

	return shown(handle, tags, form);
}

/*
 * get_props(handle, tags) → jsonb
 *
 * Return the properties in "tags" (NULL: all) that a handle shows, as a JSON
 * object keyed by canonical name: the base with the pending edits.
 *
 * Errors: MAPI_E_INVALID_OBJECT, MAPI_E_NO_ACCESS, MAPI_E_INVALID_PARAMETER
 * for an unknown name; unless the pending edits cover all tags,
 * MAPI_E_OBJECT_DELETED if nothing is left of the message, and
 * MAPI_E_UNABLE_TO_COMPLETE if the base is not in the history.
 */
PG_FUNCTION_INFO_V1(get_props);
Datum
get_props(PG_FUNCTION_ARGS)
{
	return get_form(fcinfo, FORM_JSONB);
}

/*
 * get_props_json(handle, tags) → json
 *
 * Return what get_props() returns, as the text of that jsonb.
 */
PG_FUNCTION_INFO_V1(get_props_json);
Datum
get_props_json(PG_FUNCTION_ARGS)
{
	return get_form(fcinfo, FORM_JSON);
}

/*
 * get_prop_list(handle) → text[]
 *
 * Return the canonical names of all properties that a handle shows, in the
 * order of get_props(), without reading their values.  Errors: as get_props().
 */
PG_FUNCTION_INFO_V1(get_prop_list);
Datum
get_prop_list(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);
	MessageRow	row;
	MessageView view;
	ArrayType  *result;

	props_begin_shown(handle, &row, &view);
	result = view_names(&view);
	props_end_shown(&row);
	PG_RETURN_ARRAYTYPE_P(result);
}

/* Return the result of read_message() or read_message_json(). */
static Datum
read_form(FunctionCallInfo fcinfo, Form form)
{
	int64		store_id;
	int64		message_id;
	ArrayType  *tags = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	MessageRow	row;
	MessageView view;
	Datum		result;

	store_id = call_number(fcinfo, 0, "store_id");
	message_id = call_number(fcinfo, 1, "message_id");

	messagerow_begin_read(&row, GetActiveSnapshot());
	if (!messagerow_fetch(&row, store_id, message_id) ||
		row.version.deleted_at != 0)
		access_raise_no_message(store_id, message_id);
	view_from_row(&view, &row);
	if (!view_readable(&view))
		access_require_message(store_id, row.version.folder_id, message_id,
							   row.creator, ACCESS_TO_READ);
	if (!PG_ARGISNULL(3))
		view.actor = call_actor(fcinfo, 3);
	result = show(&view, tags, form);
	messagerow_end_read(&row);
	return result;
}

/*
 * read_message(store_id, message_id, tags, actor) → jsonb
 *
 * Return the properties in "tags" (NULL: all) of a message as the statement's
 * snapshot sees it, as a JSON object keyed by canonical name.  The read state
 * is that of the current role and "actor" (NULL: that of msgstore.actor).
 *
 * Errors: MAPI_E_NOT_FOUND, also for a soft-deleted message; MAPI_E_NO_ACCESS;
 * MAPI_E_INVALID_PARAMETER for an unknown name.
 */
PG_FUNCTION_INFO_V1(read_message);
Datum
read_message(PG_FUNCTION_ARGS)
{
	return read_form(fcinfo, FORM_JSONB);
}

/*
 * read_message_json(store_id, message_id, tags, actor) → json
 *
 * Return what read_message() returns, as the text of that jsonb.
 */
PG_FUNCTION_INFO_V1(read_message_json);
Datum
read_message_json(PG_FUNCTION_ARGS)
{
	return read_form(fcinfo, FORM_JSON);
}

/* ----------------------------------------------------------------- editing */

/*
 * A handle on a new message, or on an object inside a message, may set the
 * properties that can be set until the first save only.
 */
bool
props_takes_first(const Handle *handle)
{
	return handle->state.is_new || handle->kind != HANDLE_MESSAGE;
}

/* Return true if edits contain references to blobs. */
static bool
refer_to_blobs(const Edits *edits)
{
	return (edits->value[PART_PROPS] != NULL &&
			references_any((Jsonb *) edits->value[PART_PROPS])) ||
		(edits->value[PART_ATTACHMENTS] != NULL &&
		 references_any((Jsonb *) edits->value[PART_ATTACHMENTS]));
}

/*
 * Raise an error if edits name a property that attachments cannot have, or one
 * that is computed for attachments.
 */
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
					 errmsg("property %s belongs to messages, not to attachments",
							part_name(p))));
	}
	for (int i = 0; i < lengthof(computed); i++)
	{
		if (patch != NULL && bag_find(patch, computed[i], &value))
			ereport(ERROR,
					(errmapi(MAPI_E_COMPUTED),
					 errmsg("property %s is computed by the store",
							computed[i]),
					 errhint("Omit this property from the call.")));
	}
}

/*
 * Add edits that a client has given.  They have been checked, except for the
 * kind of object that the handle is on.
 */
static void
add_given(Handle *handle, const Edits *edits)
{
	if (handle->kind == HANDLE_ATTACHMENT)
		check_on_attachment(edits);
	else if (edits->touched[PART_ATTACHMENTS] != UNTOUCHED)
		subobject_list_replaced(handle);
	/* the blobs may be uploads of this handle or of a handle above it */
	if (refer_to_blobs(edits))
	{
		for (Handle *owner = handle; owner != NULL;
			 owner = owner->parent == 0 ? NULL : handle_find(owner->parent))
			handle_share_uploads(owner, NULL);
	}
	handle_add_edits(handle, edits);
}

/*
 * set_props(handle, props)
 *
 * Set each member of a JSON object as a property, as a pending edit; null
 * deletes the property.  If an error is raised, no property is set.
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
	edits_from_patch(PG_GETARG_JSONB_P(1), props_takes_first(handle), &edits);
	add_given(handle, &edits);
	PG_RETURN_VOID();
}

/*
 * delete_props(handle, tags)
 *
 * Delete properties, as a pending edit.  To delete a property that the handle
 * does not have is an edit too, not an error.  If an error is raised, no
 * property is deleted.  Errors: as set_props().
 */
PG_FUNCTION_INFO_V1(delete_props);
Datum
delete_props(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);
	Edits		edits;

	REQUIRE_ARG(1, "tags");
	handle_require_writable(handle);
	edits_from_tags(PG_GETARG_ARRAYTYPE_P(1), props_takes_first(handle), &edits);
	add_given(handle, &edits);
	PG_RETURN_VOID();
}
