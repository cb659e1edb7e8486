/*-------------------------------------------------------------------------
 *
 * subobject.c
 *	  The objects inside a message: attachments and embedded messages, which
 *	  have handles of their own, and recipients, which are edited through the
 *	  handle of their message.
 *
 * NOTES
 *	  A handle on an attachment or on an embedded message has a parent: the
 *	  handle of the message that has the attachment, or of the attachment that
 *	  embeds the message.  The base of such a handle is a copy of the object,
 *	  taken when the handle was opened, and its edits are its own.  Saving the
 *	  handle folds base and edits into the parent's pending edits, and no
 *	  further (R446, R1062); only saving the message stores anything.  An
 *	  embedded message is therefore saved in three steps: the embedded message,
 *	  its attachment, the message (R317-R319).
 *
 *	  Saving such a handle never answers MAPI_E_OBJECT_CHANGED.  The handle's
 *	  edits are applied to the object that the parent shows at that time, and
 *	  the result is the new base of the handle.  If another handle on the same
 *	  attachment was folded in meanwhile, the properties that it set are kept
 *	  beside those of this handle.
 *
 *	  The parent may have got another base or another list of attachments since
 *	  (refresh, KEEP_ORIGINAL, MERGE, a list set as a property).  To fold the
 *	  handle in would then overwrite changes that others have saved, or bring
 *	  back an object that was dropped.  Such a handle is stale, as a comparison
 *	  of its parent_era with the parent's era shows, and it answers
 *	  MAPI_E_OBJECT_DELETED, like a handle whose attachment was deleted.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

#define OPEN_FLAGS \
	(MAPI_MODIFY | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | MAPI_NO_CACHE)
#define EMBEDDED_FLAGS		(OPEN_FLAGS | MAPI_CREATE)
#define RECIPIENT_FLAGS \
	(MODRECIP_ADD | MODRECIP_MODIFY | MODRECIP_REMOVE)

static const char *const attach_num = "PR_ATTACH_NUM";
static const char *const attach_bytes = "PR_ATTACH_DATA_BIN";
static const char *const attach_message = "PR_ATTACH_DATA_OBJ";
static const char *const row_id = "PR_ROWID";

/* ------------------------------------------------------- lists of a handle */

/*
 * Return the list (PART_RECIPIENTS or PART_ATTACHMENTS) that a handle shows,
 * with its pending edits, or NULL if it shows no such list.  A pending list is
 * the handle's memory, valid until edits are added to the handle; any other
 * list is a palloc'd copy.
 */
static Jsonb *
shown_list(const Handle *handle, Part part)
{
	const Edits *edits = &handle->state.edits;
	MessageRow	row;
	MessageView view;
	Stand		stand;
	Jsonb	   *list = NULL;

	if (edits->touched[part] != UNTOUCHED)
		return (Jsonb *) edits->value[part];
	if (handle->kind != HANDLE_MESSAGE)
		return handle->state.object.isnull[part] ? NULL :
			DatumGetJsonbPCopy(handle->state.object.value[part]);

	stand_of_handle(&stand, handle);
	messagerow_begin_read(&row, GetLatestSnapshot());
	stand_view(&view, &stand, &row);
	if (!view.version.content.isnull[part])
		list = DatumGetJsonbPCopy(view.version.content.value[part]);
	messagerow_end_read(&row);
	return list;
}

/* Make a list pending on a handle; an empty list deletes the property. */
static void
set_list(Handle *handle, Part part, const ObjectList *list)
{
	Edits		edits;

	edits_init(&edits);
	edits.touched[part] = TOUCHED;
	if (list->count > 0)
		edits.value[part] = (struct varlena *) objects_build(list);
	handle_add_edits(handle, &edits);
}

/*
 * Return a palloc'd copy of the list of attachments in a handle's base, or
 * NULL if the base has no attachments or is not in the history any more.
 */
static Jsonb *
base_attachments(const Handle *handle)
{
	MessageRow	row;
	MessageView view;
	Jsonb	   *list = NULL;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (view_find(&view, handle->store_id, handle->state.message_id, &row) &&
		view_go_back(&view, handle->state.base) &&
		!view.version.content.isnull[PART_ATTACHMENTS])
		list = DatumGetJsonbPCopy(view.version.content.value[PART_ATTACHMENTS]);
	messagerow_end_read(&row);
	return list;
}

/*
 * Take the numbers of the present list out of use, and make the handles on its
 * attachments stale.
 */
void
subobject_list_replaced(Handle *handle)
{
	const Edits *edits = &handle->state.edits;
	Jsonb	   *shown = NULL;
	ObjectList	list;

	if (edits->touched[PART_ATTACHMENTS] != UNTOUCHED)
		shown = (Jsonb *) edits->value[PART_ATTACHMENTS];
	else if (handle->kind != HANDLE_MESSAGE)
		shown = shown_list(handle, PART_ATTACHMENTS);
	else if (!handle->state.is_new)
		shown = base_attachments(handle);
	objects_read(shown, &list);
	handle_touch(handle);
	handle->state.next_attach = Max(handle->state.next_attach,
									objects_next(&list, attach_num));
	handle->state.era++;
}

/* ---------------------------------------------------------- handles' kinds */

/* Raise an error unless the current role may read the message of a handle. */
static void
require_readable(const Handle *handle)
{
	Stand		stand;

	stand_of_handle(&stand, handle);
	stand_require_readable(&stand);
}

/*
 * Return the handle that argument 0 names, on a message or on an embedded
 * message.  Raise MAPI_E_NO_SUPPORT if the handle is on an attachment.
 */
static Handle *
message_argument(FunctionCallInfo fcinfo)
{
	Handle	   *handle = handle_argument(fcinfo);

	if (handle->kind == HANDLE_ATTACHMENT)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("handle %d is an attachment, not a message",
						handle->number)));
	return handle;
}

/* Raise MAPI_E_UNKNOWN_FLAGS if flags have bits that are not known. */
static void
check_flags(uint32 flags, uint32 known)
{
	if ((flags & ~known) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown flags 0x%X", flags & ~known)));
}

/*
 * Return true if a handle below the parent is to be read/write.  Raise
 * MAPI_E_NO_ACCESS if flags insist on that but the parent is read-only.
 */
static bool
wants_to_write(const Handle *parent, uint32 flags)
{
	if ((flags & MAPI_BEST_ACCESS) != 0)
		return parent->state.writable;
	if ((flags & MAPI_MODIFY) == 0)
		return false;
	handle_require_writable(parent);
	return true;
}

/*
 * Open a handle on an object below the parent; "object", which is copied, is
 * its base, and "number" the attachment's number.  The handle may refer to
 * every blob that the parent has uploaded.
 */
static Handle *
open_below(const Handle *parent, HandleKind kind, int64 number,
		   const Content *object, bool writable)
{
	Handle	   *handle = handle_open(parent->store_id,
									 parent->state.message_id);

	handle->kind = kind;
	handle->parent = parent->number;
	handle->parent_era = parent->state.era;
	handle->transactional = handle->transactional || parent->transactional;
	handle->attach_num = number;
	pending_set_object(handle, object);
	handle->state.writable = writable;
	/* the object may refer to blobs that only the parent has uploaded */
	for (const Upload *upload = parent->state.uploads; upload != NULL;
		 upload = upload->next)
		handle_add_upload(handle, upload->blob_id, true);
	return handle;
}

/* ------------------------------------------------------------- attachments */

static void
raise_no_attachment(const Handle *handle, int64 number)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("handle %d has no attachment %lld", handle->number,
					(long long) number)));
}

/*
 * create_attachment(handle) → handle
 *
 * Open a read/write handle on a new, empty attachment.  Its PR_ATTACH_NUM is a
 * number that no attachment of the message has, and that this handle has not
 * given to any attachment before.
 *
 * Errors: MAPI_E_NO_ACCESS on a read-only handle, MAPI_E_NO_SUPPORT,
 * MAPI_E_TOO_BIG if there is no number left, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(create_attachment);
Datum
create_attachment(PG_FUNCTION_ARGS)
{
	Handle	   *parent = message_argument(fcinfo);
	ObjectList	list;
	Content		empty;
	int64		number;
	int64		next;

	handle_require_writable(parent);
	objects_read(shown_list(parent, PART_ATTACHMENTS), &list);
	next = Max(objects_next(&list, attach_num), parent->state.next_attach);
	number = object_next_number(&next, attach_num);
	handle_touch(parent);
	parent->state.next_attach = next;
	content_from_bag(&empty, attachment_new(number));
	PG_RETURN_INT32(open_below(parent, HANDLE_ATTACHMENT, number, &empty,
							   true)->number);
}

/*
 * open_attachment(handle, attach_num, flags) → handle
 *
 * Open an attachment that the handle shows.  The new handle is read/write with
 * MAPI_MODIFY, and with MAPI_BEST_ACCESS if the parent is read/write.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_UNKNOWN_FLAGS,
 * MAPI_E_NO_SUPPORT, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(open_attachment);
Datum
open_attachment(PG_FUNCTION_ARGS)
{
	Handle	   *parent = message_argument(fcinfo);
	ObjectList	list;
	Content		object;
	Handle	   *handle;
	int			at;
	bool		writable;

	REQUIRE_ARG(1, "attach_num");
	REQUIRE_ARG(2, "flags");
	check_flags(PG_GETARG_UINT32(2), OPEN_FLAGS);
	require_readable(parent);
	writable = wants_to_write(parent, PG_GETARG_UINT32(2));
	objects_read(shown_list(parent, PART_ATTACHMENTS), &list);
	at = objects_find(&list, attach_num, PG_GETARG_INT32(1));
	if (at < 0)
		raise_no_attachment(parent, PG_GETARG_INT32(1));
	content_from_bag(&object, list.objects[at]);
	handle = open_below(parent, HANDLE_ATTACHMENT, PG_GETARG_INT32(1),
						&object, writable);
	handle->state.was_listed = true;
	PG_RETURN_INT32(handle->number);
}

/*
 * delete_attachment(handle, attach_num)
 *
 * Delete an attachment; the deletion is pending until the message is saved
 * (R1523).  The number is not given out again.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS on a read-only handle,
 * MAPI_E_NO_SUPPORT.
 */
PG_FUNCTION_INFO_V1(delete_attachment);
Datum
delete_attachment(PG_FUNCTION_ARGS)
{
	Handle	   *parent = message_argument(fcinfo);
	ObjectList	list;
	int			at;
	int64		next;

	REQUIRE_ARG(1, "attach_num");
	handle_require_writable(parent);
	objects_read(shown_list(parent, PART_ATTACHMENTS), &list);
	at = objects_find(&list, attach_num, PG_GETARG_INT32(1));
	if (at < 0)
		raise_no_attachment(parent, PG_GETARG_INT32(1));
	next = objects_next(&list, attach_num);
	objects_remove(&list, at);
	set_list(parent, PART_ATTACHMENTS, &list);
	parent->state.next_attach = Max(parent->state.next_attach, next);
	PG_RETURN_VOID();
}

/* ------------------------------------------------------- embedded messages */

/*
 * Fill *object with the message that an attachment's handle shows as embedded.
 * Return false if the attachment embeds no message.
 */
static bool
shown_embedded(const Handle *attachment, Content *object)
{
	Content		shown;
	JsonbValue	value;

	edits_apply(&attachment->state.object, &attachment->state.edits, &shown);
	if (!bag_find(DatumGetJsonbP(shown.value[PART_PROPS]), attach_message,
				  &value))
		return false;
	content_from_object(object, object_from_value(&value));
	return true;
}

/*
 * open_embedded_message(handle, flags) → handle
 *
 * Open the message that an attachment embeds.  With MAPI_CREATE the handle is
 * read/write, and if the attachment embeds no message, the handle is on a new
 * message with the default properties.
 *
 * Errors: MAPI_E_NOT_FOUND without MAPI_CREATE, MAPI_E_NO_ACCESS,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_NO_SUPPORT unless the handle is on an
 * attachment, MAPI_E_NOT_ENOUGH_RESOURCES.
 */
PG_FUNCTION_INFO_V1(open_embedded_message);
Datum
open_embedded_message(PG_FUNCTION_ARGS)
{
	Handle	   *parent;
	uint32		flags;
	Content		object;
	bool		writable;

	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "flags");
	parent = handle_get(PG_GETARG_INT32(0));
	flags = PG_GETARG_UINT32(1);
	if (parent->kind != HANDLE_ATTACHMENT)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("handle %d is a message, not an attachment",
						parent->number)));
	check_flags(flags, EMBEDDED_FLAGS);
	require_readable(parent);
	writable = (flags & MAPI_CREATE) != 0 ?
		wants_to_write(parent, flags | MAPI_MODIFY) :
		wants_to_write(parent, flags);

	if (!shown_embedded(parent, &object))
	{
		if ((flags & MAPI_CREATE) == 0)
			ereport(ERROR,
					(errmapi(MAPI_E_NOT_FOUND),
					 errmsg("attachment %lld embeds no message",
							(long long) parent->attach_num),
					 errhint("Use 'MAPI_CREATE' to create an embedded message.")));
		content_from_bag(&object, content_defaults());
	}
	PG_RETURN_INT32(open_below(parent, HANDLE_EMBEDDED, 0, &object,
							   writable)->number);
}

/* ------------------------------------------------------------------ saving */

/*
 * Fold an attachment into the pending list of its message.  *shown is the
 * attachment as the message then shows it.  Return S_OK, or
 * MAPI_E_OBJECT_DELETED if the attachment was in the list and was deleted.
 */
static int32
fold_attachment(Handle *parent, const Handle *handle, Content *shown)
{
	ObjectList	list;
	Content		current = handle->state.object;
	Jsonb	   *object;
	int			at;

	objects_read(shown_list(parent, PART_ATTACHMENTS), &list);
	at = objects_find(&list, attach_num, handle->attach_num);
	if (at >= 0)
		content_from_bag(&current, list.objects[at]);
	else if (handle->state.was_listed)
		return MAPI_E_OBJECT_DELETED;
	edits_apply(&current, &handle->state.edits, shown);
	object = attachment_finish(DatumGetJsonbP(shown->value[PART_PROPS]),
							   handle->attach_num);
	if (at >= 0)
		list.objects[at] = object;
	else
		objects_add(&list, object);
	content_from_bag(shown, object);
	set_list(parent, PART_ATTACHMENTS, &list);
	return S_OK;
}

/*
 * Fill *edits with the edits of a handle on an embedded message.  Another
 * handle may have changed the message's lists from the handle's base to
 * *current; then the lists in *edits are a merge of both, in which an object
 * that both changed is as this handle has it.
 */
static void
merge_lists(Handle *handle, const Content *current, Edits *edits)
{
	const Content *base = &handle->state.object;

	*edits = handle->state.edits;
	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
	{
		const char *number = part_number_name(p);
		Jsonb	   *lists[] = {content_list(base, p), content_list(current, p)};
		Jsonb	   *list;
		int			count;

		if (edits->touched[p] == UNTOUCHED)
			continue;
		(void) objects_changed(lists[0], lists[1], number, &count);
		if (count == 0)
			continue;
		(void) objects_merge(lists[0], lists[1], (Jsonb *) edits->value[p],
							 number, p == PART_RECIPIENTS, true, NULL,
							 &list);
		edits->value[p] = (struct varlena *) list;
		/* a number may be another attachment's now: handles below are stale */
		if (p == PART_ATTACHMENTS)
			handle->state.era++;
	}
}

/*
 * Fold an embedded message into its attachment.  *shown is the message as the
 * attachment then shows it.  Always return S_OK.
 */
static int32
fold_embedded(Handle *parent, Handle *handle, Content *shown)
{
	Content		current;
	JsonbValue	value;
	BagList		members;
	Edits		edits;

	if (!shown_embedded(parent, &current))
		current = handle->state.object;
	merge_lists(handle, &current, &edits);
	edits_apply(&current, &edits, shown);
	value_from_object(&value, content_to_object(shown));
	baglist_init(&members, 3);
	baglist_add_value(&members, attach_message, strlen(attach_message),
					  &value);
	baglist_add_int(&members, "PR_ATTACH_METHOD", ATTACH_EMBEDDED_MSG);
	baglist_add_null(&members, attach_bytes, strlen(attach_bytes));
	edits_init(&edits);
	edits.touched[PART_PROPS] = TOUCHED;
	edits.value[PART_PROPS] = (struct varlena *) baglist_build(&members);
	handle_add_edits(parent, &edits);
	return S_OK;
}

/*
 * Save a handle on an object inside a message: steps 1 to 3 have been done for
 * the handle, but not for its parent.
 */
int32
subobject_save(Handle *handle)
{
	Handle	   *parent = handle_get(handle->parent);
	Content		shown;
	int32		result;

	if (!parent->state.writable)
		return MAPI_E_NO_ACCESS;
	if (handle->parent_era != parent->state.era)
		return MAPI_E_OBJECT_DELETED;
	handle_touch(handle);
	result = handle->kind == HANDLE_EMBEDDED ?
		fold_embedded(parent, handle, &shown) :
		fold_attachment(parent, handle, &shown);
	if (result == S_OK)
	{
		pending_set_object(handle, &shown);
		handle->state.was_listed = true;
		/* the parent refers to the uploads now: a later write makes a copy */
		handle_share_uploads(handle, parent);
	}
	return result;
}

/* -------------------------------------------------------------- recipients */

/* A recipient's number, and its position in the list. */
typedef struct RowEntry
{
	int64		number;			/* hash key */
	int			at;
} RowEntry;

/* Return an index by PR_ROWID of the recipients of a list. */
static HTAB *
index_rows(const ObjectList *list)
{
	HASHCTL		control;
	HTAB	   *index;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(int64);
	control.entrysize = sizeof(RowEntry);
	control.hcxt = CurrentMemoryContext;
	index = hash_create("msgstore recipients", Max(list->count, 16), &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < list->count; i++)
	{
		int64		number;

		if (object_number(list->objects[i], row_id, &number))
			((RowEntry *) hash_search(index, &number, HASH_ENTER, NULL))->at = i;
	}
	return index;
}

/*
 * Return the PR_ROWID of a row of the call.  Raise MAPI_E_INVALID_PARAMETER if
 * the row has no PR_ROWID.
 */
static int64
number_of_row(const Jsonb *row)
{
	int64		number;

	if (!object_number(row, row_id, &number))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a recipient to be modified or removed needs its PR_ROWID")));
	return number;
}

/* Add a recipient without a PR_ROWID, and give it the number *next. */
static void
add_row(ObjectList *list, const Jsonb *row, int64 *next)
{
	JsonbValue	value;

	if (bag_find(row, row_id, &value))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a recipient to be added must not have a PR_ROWID")));
	if (bag_count(row) == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a recipient to be added has no properties")));
	objects_add(list, object_renumber(row, row_id,
									  object_next_number(next, row_id)));
}

/*
 * Replace the recipient with the number of a row by the row, or add the row if
 * no recipient has the number.
 */
static void
set_row(ObjectList *list, HTAB *index, Jsonb *row)
{
	int64		number = number_of_row(row);
	RowEntry   *entry;
	bool		found;

	entry = hash_search(index, &number, HASH_ENTER, &found);
	if (found)
		list->objects[entry->at] = row;
	else
	{
		entry->at = list->count;
		objects_add(list, row);
	}
}

/*
 * Remove the recipient with the number of a row, leaving a NULL in its place.
 * Raise MAPI_E_NOT_FOUND if no recipient has the number.
 */
static void
remove_row(ObjectList *list, HTAB *index, const Jsonb *row)
{
	int64		number = number_of_row(row);
	RowEntry   *entry = hash_search(index, &number, HASH_FIND, NULL);

	if (entry == NULL || list->objects[entry->at] == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("there is no recipient with the PR_ROWID %lld",
						(long long) number)));
	list->objects[entry->at] = NULL;
}

/*
 * Return a row of the call with canonical property names and without members
 * that are null.  The values are checked later, with the whole list.  Raise an
 * error if the row is not an object, or if a name is unknown or given twice.
 */
static Jsonb *
named_row(const Jsonb *row)
{
	BagList		members;
	int			count;
	BagEntry   *entries;
	const char *twice;
	int			len;

	if (!JB_ROOT_IS_OBJECT(row))
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("each recipient must be an object")));
	entries = bag_entries(row, &count);
	baglist_init(&members, count);
	for (int i = 0; i < count; i++)
	{
		Property	prop;
		JsonbValue	value;

		if (entries[i].type == JENTRY_ISNULL)
			continue;
		spelling_resolve(entries[i].key, entries[i].keylen, &prop);
		entry_value(&entries[i], &value);
		baglist_add_value(&members, prop.name, prop.namelen, &value);
	}
	twice = baglist_duplicate(&members, &len);
	if (twice != NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %.*s stands twice in one recipient",
						len, twice)));
	return baglist_build(&members);
}

/*
 * Add, modify or remove recipients of *list in place, according to the one
 * flag that is set (R388-R391).  Added rows get numbers from *next on, which
 * no recipient has had on this handle; *next is advanced past them.
 */
static void
change_rows(ObjectList *list, const ObjectList *rows, uint32 flags,
			int64 *next)
{
	HTAB	   *index = index_rows(list);

	for (int i = 0; i < rows->count; i++)
	{
		Jsonb	   *row = named_row(rows->objects[i]);

		CHECK_FOR_INTERRUPTS();
		if (flags == MODRECIP_ADD)
			add_row(list, row, next);
		/* a row with its number only deletes the recipient */
		else if (flags == MODRECIP_REMOVE ||
				 (bag_count(row) == 1 && number_of_row(row) >= 0))
			remove_row(list, index, row);
		else
			set_row(list, index, row);
	}
	objects_compact(list);
}

/*
 * modify_recipients(handle, flags, rows)
 *
 * Change the list of recipients; the change is pending until the message is
 * saved.  "rows" is a JSON array of objects, each with the properties of one
 * recipient.  Flags 0 replaces the whole list; MODRECIP_ADD adds rows, which
 * must not have a PR_ROWID; MODRECIP_MODIFY replaces whole rows by PR_ROWID, or
 * makes a row of that number; MODRECIP_REMOVE removes rows by PR_ROWID
 * (R388-R391).
 *
 * Errors: MAPI_E_NO_ACCESS on a read-only handle, MAPI_E_UNKNOWN_FLAGS,
 * MAPI_E_NOT_FOUND for a PR_ROWID to be removed, MAPI_E_INVALID_PARAMETER,
 * MAPI_E_NO_SUPPORT, and the errors of set_props() for a recipient's values.
 */
PG_FUNCTION_INFO_V1(modify_recipients);
Datum
modify_recipients(PG_FUNCTION_ARGS)
{
	Handle	   *handle = message_argument(fcinfo);
	uint32		flags;
	Jsonb	   *argument;
	ObjectList	list;
	ObjectList	rows;
	Property	prop;
	JsonbValue	value;
	int64		next = 0;

	REQUIRE_ARG(1, "flags");
	REQUIRE_ARG(2, "rows");
	flags = PG_GETARG_UINT32(1);
	argument = PG_GETARG_JSONB_P(2);
	check_flags(flags, RECIPIENT_FLAGS);
	if ((flags & (flags - 1)) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("MODRECIP_ADD, MODRECIP_MODIFY and MODRECIP_REMOVE exclude each other")));
	handle_require_writable(handle);
	if (!JB_ROOT_IS_ARRAY(argument) || JB_ROOT_IS_SCALAR(argument))
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("recipients must be an array of objects")));

	objects_read(argument, &rows);
	if (flags == 0)
		list = rows;
	else
	{
		objects_read(shown_list(handle, PART_RECIPIENTS), &list);
		next = Max(handle->state.next_row, objects_next(&list, row_id));
		change_rows(&list, &rows, flags, &next);
	}
	spelling_resolve(part_name(PART_RECIPIENTS),
					 strlen(part_name(PART_RECIPIENTS)), &prop);
	value_from_object(&value, objects_build(&list));
	recipients_check(&prop, &value);
	objects_read(object_from_value(&value), &list);
	set_list(handle, PART_RECIPIENTS, &list);
	handle->state.next_row = Max(next, objects_next(&list, row_id));
	PG_RETURN_VOID();
}
