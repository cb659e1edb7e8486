/*-------------------------------------------------------------------------
 *
 * message.c
 *	  The SQL face of messages: open, create, read, edit and save through
 *	  handles, and the calls that need none.
 *
 * NOTES
 *	  Every function here checks its arguments, asks access.c wherever it
 *	  shows or stores something, and then works on the handle (handle.c), the
 *	  row (row.c) or a save (save.c).
 *	  Nothing of a handle changes before everything that can fail is done.
 *
 *	  What a handle shows is read with a latest snapshot: a version never
 *	  changes, so which snapshot finds it makes no difference, and a base taken
 *	  by refresh() may be newer than the transaction's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "engine.h"
#include "bag.h"

#define OPEN_FLAGS \
	(MAPI_MODIFY | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | \
	 MAPI_BEST_ACCESS | MAPI_NO_CACHE)

/* 0x8, 0x80 and 0x1000 are sent by old clients and mean nothing (R711) */
#define SAVE_FLAGS \
	(KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | \
	 PARK_REFUSED | \
	 MAPI_DEFERRED_ERRORS | SPAMFILTER_ONSAVE | NON_EMS_XP_SAVE)

pg_noreturn static void raise_deleted(int64 store_id, int64 message_id);

/* -------------------------------------------------------------- open, create */

static void
check_open_flags(uint32 flags)
{
	if ((flags & ~OPEN_FLAGS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown open flags 0x%X", flags & ~OPEN_FLAGS),
				 errhint("Known are MAPI_MODIFY, MAPI_BEST_ACCESS, SHOW_SOFT_DELETES, MAPI_DEFERRED_ERRORS and MAPI_NO_CACHE.")));
}

void
message_raise_not_found(int64 store_id, int64 message_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("message %lld does not exist in store %lld",
					(long long) message_id, (long long) store_id)));
}

static void
raise_deleted(int64 store_id, int64 message_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_OBJECT_DELETED),
			 errmsg("message %lld of store %lld was deleted",
					(long long) message_id, (long long) store_id)));
}

void
message_require_known(int64 store_id, int64 message_id)
{
	Relation	change = table_open(module_relid(REL_CHANGE), AccessShareLock);
	ChangeRow	row;

	PushActiveSnapshot(GetLatestSnapshot());
	if (!changerow_newest(&row, change, store_id, message_id, '\0',
						  GetActiveSnapshot()))
		message_raise_not_found(store_id, message_id);
	PopActiveSnapshot();
	table_close(change, NoLock);
}

/*
 * open_message(store_id, message_id, flags) → handle
 *
 * Errors: MAPI_E_NOT_FOUND (R333, R335), MAPI_E_NO_ACCESS (R324),
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(open_message);
Datum
open_message(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		message_id;
	uint32		flags;
	AccessLevel access;
	Relation	message;
	MessageRow	row;
	Handle	   *handle;
	bool		found;
	bool		deleted;
	bool		modify;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "flags");
	store_id = PG_GETARG_INT64(0);
	message_id = PG_GETARG_INT64(1);
	flags = PG_GETARG_UINT32(2);
	check_open_flags(flags);
	modify = (flags & (MAPI_MODIFY | MAPI_BEST_ACCESS)) != 0;

	access_require(store_id, (flags & MAPI_MODIFY) != 0 &&
				   (flags & MAPI_BEST_ACCESS) == 0 ? ACCESS_EDIT : ACCESS_READ);
	access = access_level(store_id);

	message = row_relation(REL_MESSAGE, AccessShareLock);
	messagerow_init(&row, message);
	PushActiveSnapshot(GetTransactionSnapshot());
	found = messagerow_fetch(&row, message, store_id, message_id,
							 GetActiveSnapshot());
	PopActiveSnapshot();
	deleted = found && row.version.deleted_at != 0;
	if (!found || (deleted && (flags & SHOW_SOFT_DELETES) == 0))
		message_raise_not_found(store_id, message_id);

	handle = handle_open(store_id, message_id);
	handle->state.base = row.version.change_number;
	handle->state.writable = modify && access >= ACCESS_EDIT && !deleted;
	messagerow_end(&row);
	table_close(message, NoLock);
	PG_RETURN_INT32(handle->number);
}

/*
 * create_message(store_id, folder_id, flags) → handle
 *
 * Takes an id, and leaves no other trace until the first save (R339, R372).
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(create_message);
Datum
create_message(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	Handle	   *handle;
	Jsonb	   *defaults;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "folder_id");
	REQUIRE_ARG(2, "flags");
	store_id = PG_GETARG_INT64(0);
	folder_id = PG_GETARG_INT64(1);
	check_open_flags(PG_GETARG_UINT32(2));
	module_require_write("create_message()");
	access_require(store_id, ACCESS_EDIT);
	store_require_folder(store_id, folder_id);

	defaults = message_defaults();
	handle = handle_open(store_id, number_next(REL_MESSAGE_ID_SEQ));
	handle->state.folder_id = folder_id;
	handle->defaults = MemoryContextAlloc(handle->context, VARSIZE(defaults));
	memcpy(handle->defaults, defaults, VARSIZE(defaults));
	handle->state.is_new = true;
	handle->state.writable = true;
	PG_RETURN_INT32(handle->number);
}

/* The handle that argument 0 names. */
static Handle *
handle_argument(FunctionCallInfo fcinfo)
{
	REQUIRE_ARG(0, "handle");
	return handle_get(PG_GETARG_INT32(0));
}

/*
 * message_id(handle) → bigint
 */
PG_FUNCTION_INFO_V1(handle_message_id);
Datum
handle_message_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(handle_argument(fcinfo)->state.message_id);
}

/*
 * close_object(handle): pending edits are gone, nothing is stored.
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

/* -------------------------------------------------------------------- reading */

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
	stand->created_at = handle->opened_at;
	stand->uploads = handle->state.uploads;
	stand->edits = handle->state.edits;
}

void
stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo)
{
	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "change_number");
	REQUIRE_ARG(3, "changes");
	memset(stand, 0, sizeof(Stand));
	stand->store_id = PG_GETARG_INT64(0);
	stand->message_id = PG_GETARG_INT64(1);
	stand->base = PG_GETARG_INT64(2);
	edits_from_patch(PG_GETARG_JSONB_P(3), false, &stand->edits);
}

/* The base of a new message: its defaults. */
static void
view_new(MessageView *view, const Stand *stand)
{
	memset(view, 0, sizeof(MessageView));
	view->store_id = stand->store_id;
	view->message_id = stand->message_id;
	view->version.folder_id = stand->folder_id;
	view->message_flags = MSGFLAG_DEFAULT;
	view->created_at = stand->created_at;
	view->modified_at = view->created_at;
	view->modifier = change_author();
	content_from_bag(&view->version.content, stand->defaults);
}

void
stand_view(MessageView *view, const Stand *stand, MessageRow *row,
		   Relation message, Snapshot snapshot)
{
	if (stand->is_new)
	{
		view_new(view, stand);
		return;
	}
	if (!view_read(view, stand->store_id, stand->message_id, row, message,
				   snapshot))
		raise_deleted(stand->store_id, stand->message_id);
	if (!view_go_back(view, stand->base, snapshot))
		stand_raise_no_base(stand);
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
handle_props(const Handle *handle, ArrayType *tags)
{
	Relation	message;
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

	message = row_relation(REL_MESSAGE, AccessShareLock);
	messagerow_init(&row, message);
	PushActiveSnapshot(GetLatestSnapshot());
	stand_view(&view, &stand, &row, message, GetActiveSnapshot());
	view.level = handle->state.writable ? 1 : 0;
	view.access = access_level(handle->store_id);
	edits_apply(&view.version.content, &stand.edits, &view.version.content);
	result = view_props(&view, tags);
	PopActiveSnapshot();
	messagerow_end(&row);
	table_close(message, NoLock);
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

	PG_RETURN_JSONB_P(handle_props(handle, tags));
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
	Relation	message;
	MessageRow	row;
	MessageView view;
	Jsonb	   *result;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	store_id = PG_GETARG_INT64(0);
	message_id = PG_GETARG_INT64(1);
	access_require(store_id, ACCESS_READ);

	message = row_relation(REL_MESSAGE, AccessShareLock);
	messagerow_init(&row, message);
	if (!messagerow_fetch(&row, message, store_id, message_id,
						  GetActiveSnapshot()) || row.version.deleted_at != 0)
		message_raise_not_found(store_id, message_id);
	view_from_row(&view, &row);
	view.access = access_level(store_id);
	result = view_props(&view, tags);
	messagerow_end(&row);
	table_close(message, NoLock);
	PG_RETURN_JSONB_P(result);
}

/* -------------------------------------------------------------------- editing */

void
handle_require_writable(const Handle *handle)
{
	if (!handle->state.writable)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("handle %d is read-only", handle->number),
				 errhint("Open the message with 'MAPI_MODIFY'.")));
}

void
handle_add_edits(Handle *handle, const Edits *edits)
{
	Edits		merged;

	if (!edits_any(edits))
		return;
	edits_merge(&handle->state.edits, edits, &merged);
	handle_touch(handle);
	handle_set_edits(handle, &merged);
}

/*
 * Whether properties that can be set until the first save only can be set: on
 * a new message, and on what is stored inside of one.
 */
static bool
takes_first(const Handle *handle)
{
	return handle->state.is_new || handle->kind != HANDLE_MESSAGE;
}

/* Whether edits have references to blobs in them. */
static bool
edits_refer(const Edits *edits)
{
	return (edits->value[PART_PROPS] != NULL &&
			blobs_any((Jsonb *) edits->value[PART_PROPS])) ||
		(edits->value[PART_ATTACHMENTS] != NULL &&
		 blobs_any((Jsonb *) edits->value[PART_ATTACHMENTS]));
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
	if (edits_refer(edits))
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

/*
 * refresh(handle): pending edits are dropped, the base is the newest committed
 * version.  Where the message was deleted meanwhile, MAPI_E_OBJECT_DELETED is
 * raised and the handle stays as it is.
 */
PG_FUNCTION_INFO_V1(refresh);
Datum
refresh(PG_FUNCTION_ARGS)
{
	Handle	   *handle;
	int64		base = 0;

	REQUIRE_ARG(0, "handle");
	handle = handle_get_message(PG_GETARG_INT32(0));

	if (!handle->state.is_new)
	{
		Relation	message = row_relation(REL_MESSAGE, AccessShareLock);
		MessageRow	row;
		bool		found;

		access_require(handle->store_id, ACCESS_READ);
		messagerow_init(&row, message);
		PushActiveSnapshot(GetLatestSnapshot());
		found = messagerow_fetch(&row, message, handle->store_id,
								 handle->state.message_id, GetActiveSnapshot());
		PopActiveSnapshot();
		if (!found || (row.version.deleted_at != 0 && handle->state.writable))
			raise_deleted(handle->store_id, handle->state.message_id);
		base = row.version.change_number;
		messagerow_end(&row);
		table_close(message, NoLock);
	}
	handle_touch(handle);
	handle_set_edits(handle, NULL);
	handle_drop_uploads(handle);
	handle->state.base = base;
	handle->state.era++;
	PG_RETURN_VOID();
}

/* --------------------------------------------------------------------- saving */

void
stand_request(SaveRequest *request, const Stand *stand, Content *start)
{
	memset(request, 0, sizeof(SaveRequest));
	request->store_id = stand->store_id;
	request->message_id = stand->message_id;
	request->base = stand->base;
	request->is_new = stand->is_new;
	request->was_parked = stand->was_parked;
	request->folder_id = stand->folder_id;
	request->message_flags = MSGFLAG_DEFAULT;
	if (stand->is_new)
	{
		content_from_bag(start, stand->defaults);
		request->start = start;
	}
	request->uploads = stand->uploads;
	request->edits = &stand->edits;
}

void
handle_saved(Handle *handle, int64 change_number)
{
	if (handle->state.draft.id != 0)
		(void) park_discard(handle->store_id, &handle->state.draft);
	handle_touch(handle);
	handle_set_edits(handle, NULL);
	handle_drop_uploads(handle);
	handle->state.is_new = false;
	handle->state.base = change_number;
	memset(&handle->state.draft, 0, sizeof(Draft));
}

/* Step 11: the level that the flags leave the handle with. */
static void
set_level(Handle *handle, uint32 flags)
{
	handle_touch(handle);
	handle->state.writable = (flags & KEEP_OPEN_READONLY) == 0 ||
		(flags & KEEP_OPEN_READWRITE) != 0;
}

/* Park the edits of a refused save, where there are any and flags ask for it. */
static bool
park_refused(const Stand *stand, uint32 flags, Draft *draft)
{
	if ((flags & PARK_REFUSED) == 0 || !edits_any(&stand->edits))
		return false;
	park_stand(stand, draft);
	return true;
}

/*
 * Steps 1 to 3 of a save, then the rest, then step 11.
 */
static int32
save_handle(Handle *handle, uint32 flags)
{
	Stand		stand;
	SaveRequest request;
	Content		start;
	int64		number;
	int32		result;

	if ((flags & ~SAVE_FLAGS) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	if (!handle->state.writable)
		return MAPI_E_NO_ACCESS;
	if (handle->kind != HANDLE_MESSAGE)
	{
		result = subobject_save(handle);
		if (result == S_OK)
			set_level(handle, flags);
		return result;
	}
	module_require_write("save_changes()");

	stand_of_handle(&stand, handle);
	stand_request(&request, &stand, &start);
	request.flags = flags;
	result = save_execute(&request, &number);
	if (result != S_OK)
	{
		Draft		draft = handle->state.draft;

		if (park_refused(&stand, flags, &draft))
		{
			handle_touch(handle);
			handle->state.draft = draft;
		}
		return result;
	}

	handle_saved(handle, number);
	set_level(handle, flags);
	return S_OK;
}

/*
 * save_changes(handle, flags) → hresult
 */
PG_FUNCTION_INFO_V1(save_changes);
Datum
save_changes(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);

	REQUIRE_ARG(1, "flags");
	PG_RETURN_INT32(save_handle(handle, PG_GETARG_UINT32(1)));
}

/*
 * force_save(handle) → hresult
 */
PG_FUNCTION_INFO_V1(force_save);
Datum
force_save(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(save_handle(handle_argument(fcinfo), FORCE_SAVE));
}

/*
 * save_message(store_id, message_id, change_number, changes, flags)
 * → (result, change_number)
 *
 * Raises what opening raises: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(save_message);
Datum
save_message(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	int64		number = 0;
	int32		result = MAPI_E_UNKNOWN_FLAGS;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "change_number");
	REQUIRE_ARG(3, "changes");
	REQUIRE_ARG(4, "flags");
	memset(&request, 0, sizeof(request));
	request.store_id = PG_GETARG_INT64(0);
	request.message_id = PG_GETARG_INT64(1);
	request.base = PG_GETARG_INT64(2);
	request.patch = PG_GETARG_JSONB_P(3);
	request.flags = PG_GETARG_UINT32(4);

	access_require(request.store_id, ACCESS_EDIT);
	if ((request.flags & ~SAVE_FLAGS) == 0)
	{
		module_require_write("save_message()");
		result = save_execute(&request, &number);
		if (result == MAPI_E_OBJECT_DELETED && number == 0)
			message_require_known(request.store_id, request.message_id);
		if (result != S_OK && (request.flags & PARK_REFUSED) != 0)
		{
			Stand		stand;
			Draft		draft = {0};

			stand_of_arguments(&stand, fcinfo);
			(void) park_refused(&stand, request.flags, &draft);
		}
	}
	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(number);
	nulls[1] = (number == 0);
	return module_row(fcinfo, values, nulls);
}

/* Park a new message whose first save was refused. */
static void
park_new(const SaveRequest *request, Jsonb *defaults)
{
	Stand		stand;
	Draft		draft = {0};

	memset(&stand, 0, sizeof(stand));
	stand.store_id = request->store_id;
	stand.message_id = request->message_id;
	stand.is_new = true;
	stand.folder_id = request->folder_id;
	stand.defaults = defaults;
	edits_from_patch(request->patch, true, &stand.edits);
	(void) park_refused(&stand, request->flags, &draft);
}

/*
 * save_new_message(store_id, folder_id, props, flags)
 * → (result, message_id, change_number)
 */
PG_FUNCTION_INFO_V1(save_new_message);
Datum
save_new_message(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	Jsonb	   *defaults;
	Content		start;
	int64		number = 0;
	int32		result = MAPI_E_UNKNOWN_FLAGS;
	Datum		values[3];
	bool		nulls[3] = {false, true, true};

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "folder_id");
	REQUIRE_ARG(2, "props");
	REQUIRE_ARG(3, "flags");
	memset(&request, 0, sizeof(request));
	request.store_id = PG_GETARG_INT64(0);
	request.folder_id = PG_GETARG_INT64(1);
	request.patch = PG_GETARG_JSONB_P(2);
	request.flags = PG_GETARG_UINT32(3);
	request.is_new = true;

	access_require(request.store_id, ACCESS_EDIT);
	if ((request.flags & ~SAVE_FLAGS) == 0)
	{
		module_require_write("save_new_message()");
		store_require_folder(request.store_id, request.folder_id);
		defaults = message_defaults();
		content_from_bag(&start, defaults);
		request.start = &start;
		request.message_flags = MSGFLAG_DEFAULT;
		request.message_id = number_next(REL_MESSAGE_ID_SEQ);
		result = save_execute(&request, &number);
		if (result != S_OK && (request.flags & PARK_REFUSED) != 0)
			park_new(&request, defaults);
	}
	values[0] = Int32GetDatum(result);
	if (result == S_OK)
	{
		values[1] = Int64GetDatum(request.message_id);
		values[2] = Int64GetDatum(number);
		nulls[1] = nulls[2] = false;
	}
	return module_row(fcinfo, values, nulls);
}
