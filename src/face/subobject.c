/*-------------------------------------------------------------------------
 *
 * subobject.c
 *	  What stands inside a message and is edited through handles of its own or
 *	  of the message: attachments, embedded messages, recipients.
 *
 * NOTES
 *	  A handle on an attachment or on an embedded message has a parent: the
 *	  handle of the message or the attachment it stands in.  Its base is a copy
 *	  of the object, taken when it was opened; its edits are its own until it is
 *	  saved, which folds base and edits into the parent's pending edits, and no
 *	  further (R446, R1062).  Only saving the message stores anything.  So an
 *	  embedded message is saved in three steps: itself, its attachment, the
 *	  message (R317-R319).
 *
 *	  Saving such a handle never answers MAPI_E_OBJECT_CHANGED.  It does to what
 *	  the parent shows by then what was done to the handle, and the handle goes
 *	  on from there: another handle on the same attachment may have been folded
 *	  in meanwhile, and what it set is kept beside.
 *
 *	  Where the parent has come to stand on something else since (refresh,
 *	  KEEP_ORIGINAL, MERGE, another list set as a property), the base is not
 *	  what the parent has: folding it in would overwrite what others have
 *	  saved, or bring back what was dropped.  Such a handle is stale, which
 *	  HandleState.era tells; it answers MAPI_E_OBJECT_DELETED, as one whose
 *	  attachment was deleted does.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "miscadmin.h"
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

/* -------------------------------------------------------- lists of a handle */

/*
 * The list (PART_RECIPIENTS or PART_ATTACHMENTS) that a handle shows, pending
 * edits included; NULL where it has none.  A pending list is the handle's own,
 * and gone once other edits are added to it; any other is a copy.
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

/* Make a list pending on a handle; an empty one deletes the property. */
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
 * The base's list of attachments, a copy; NULL where it has none, or where the
 * base is not to be had any more.
 */
static Jsonb *
base_attachments(const Handle *handle)
{
	MessageRow	row;
	MessageView view;
	Jsonb	   *list = NULL;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (view_read(&view, handle->store_id, handle->state.message_id, &row) &&
		view_go_back(&view, handle->state.base) &&
		!view.version.content.isnull[PART_ATTACHMENTS])
		list = DatumGetJsonbPCopy(view.version.content.value[PART_ATTACHMENTS]);
	messagerow_end_read(&row);
	return list;
}

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

/* ------------------------------------------------------------ handles' kinds */

/* The handle argument 0 names, on something that can hold attachments. */
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

static void
check_flags(uint32 flags, uint32 known)
{
	if ((flags & ~known) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown flags 0x%X", flags & ~known)));
}

/* Whether flags ask for a read/write handle, which the parent must allow. */
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

/* A handle below another one, with a copy of its base. */
static Handle *
open_below(const Handle *parent, HandleKind kind, int64 number,
		   const Content *object, bool writable)
{
	Handle	   *handle = handle_open(parent->store_id,
									 parent->state.message_id);

	handle->kind = kind;
	handle->parent = parent->number;
	handle->parent_era = parent->state.era;
	handle->attach_num = number;
	handle_set_object(handle, object);
	handle->state.writable = writable;
	/* what it shows may be bytes that only the parent has */
	for (const Upload *upload = parent->state.uploads; upload != NULL;
		 upload = upload->next)
		handle_add_upload(handle, upload->blob_id, true);
	return handle;
}

/* ------------------------------------------------------------------ attachments */

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
 * Its number is PR_ATTACH_NUM, which no attachment of the message has, nor one
 * that was created through this handle before.
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
	content_from_bag(&empty, attachment_finish(bag_empty(), number));
	PG_RETURN_INT32(open_below(parent, HANDLE_ATTACHMENT, number, &empty,
							   true)->number);
}

/*
 * open_attachment(handle, attach_num, flags) → handle
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
	access_require(parent->store_id, ACCESS_READ);
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
 * delete_attachment(handle, attach_num): pending until the message is saved
 * (R1523).
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

/* ------------------------------------------------------------ embedded messages */

/* What an attachment's handle shows of the message in it, if there is one. */
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
 * open_embedded_message(handle, flags) → handle, on what an attachment embeds
 *
 * With MAPI_CREATE an attachment that embeds nothing is given an empty
 * message.
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
	access_require(parent->store_id, ACCESS_READ);
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
					 errhint("Give it one with 'MAPI_CREATE'.")));
		content_from_bag(&object, content_defaults());
	}
	PG_RETURN_INT32(open_below(parent, HANDLE_EMBEDDED, 0, &object,
							   writable)->number);
}

/* ---------------------------------------------------------------------- saving */

/*
 * Fold an attachment into its message's pending list; *shown is what the
 * message then has of it.
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
 * The edits of a handle on an embedded message, with its lists put beside what
 * another handle has made of them; an object that both changed becomes this
 * one's.
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
							 number, true, &list);
		edits->value[p] = (struct varlena *) list;
		/* numbers may be another's now: what is open below is stale */
		if (p == PART_ATTACHMENTS)
			handle->state.era++;
	}
}

/* Fold an embedded message into its attachment; *shown as above. */
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
		handle_set_object(handle, &shown);
		handle->state.was_listed = true;
		/* the parent has the bytes as they are: what is written now is a copy */
		handle_share_uploads(handle, parent);
	}
	return result;
}

/* ------------------------------------------------------------------ recipients */

/* Where the row of a list is that a row of the call means. */
static int
find_row(const ObjectList *list, const ObjectIndex *index, const Jsonb *row)
{
	int64		number;
	const NumberedObject *found;

	if (!object_number(row, row_id, &number))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a recipient to be modified or removed needs its PR_ROWID")));
	found = objects_look_up(index, number);
	if (found == NULL || list->objects[found->at] == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("there is no recipient with the PR_ROWID %lld",
						(long long) number)));
	return found->at;
}

/*
 * A row of the call under canonical names, without members of null; values are
 * checked later, with the whole list.
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
 * What the call makes of the list (R388-R391).  Rows that are added get
 * numbers from *next on, which no row of the list has had on this handle.
 */
static void
change_rows(ObjectList *list, const ObjectList *rows, uint32 flags,
			int64 *next)
{
	ObjectIndex index;

	objects_index(list, row_id, &index);
	for (int i = 0; i < rows->count; i++)
	{
		Jsonb	   *row = named_row(rows->objects[i]);
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		if (flags == MODRECIP_ADD)
		{
			if (bag_find(row, row_id, &value))
				ereport(ERROR,
						(errmapi(MAPI_E_INVALID_PARAMETER),
						 errmsg("a recipient to be added must not have a PR_ROWID")));
			if (bag_count(row) == 0)
				ereport(ERROR,
						(errmapi(MAPI_E_INVALID_PARAMETER),
						 errmsg("a recipient to be added has no properties")));
			objects_add(list, object_renumber(row, row_id,
											  object_next_number(next,
																 row_id)));
		}
		else
		{
			int			at = find_row(list, &index, row);

			/* a row with nothing but its number is deleted */
			list->objects[at] = flags == MODRECIP_REMOVE ||
				bag_count(row) == 1 ? NULL : row;
		}
	}
	objects_compact(list);
}

/*
 * modify_recipients(handle, flags, rows): 0 replaces the list, MODRECIP_ADD
 * adds rows without PR_ROWID, MODRECIP_MODIFY replaces whole rows, and
 * MODRECIP_REMOVE removes rows, by PR_ROWID.  Pending until the message is
 * saved.
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
