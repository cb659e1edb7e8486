/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  Copying properties from one handle to another.
 *
 * NOTES
 *	  What the source shows, its base with its pending edits, becomes pending
 *	  edits of the target, like any edit of a client.  Recipients and
 *	  attachments are copied as properties: the list of the source replaces
 *	  that of the target.
 *
 *	  Properties that the store computes, and those that belong to one object
 *	  (its times and flags), are not copied.  Neither are properties that can
 *	  be set until the first save only, unless the target can still set them.
 *
 *	  Blobs of the source are shared with a target in the same store, which
 *	  holds them from then on, and are copied to a target in another store.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define COPY_FLAGS		(MAPI_MOVE | MAPI_NOREPLACE)

/* The size of the pieces in which blobs are copied. */
#define PIECE_BYTES		(1024 * 1024)

/* Properties that belong to one object, as tags. */
static const uint32 own_tags[] = {
	PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME, PR_MESSAGE_FLAGS,
	PR_ATTACH_NUM, PR_ATTACH_SIZE
};

/* A copy under way. */
typedef struct Copy
{
	Handle	   *from;
	Handle	   *to;
	uint32		flags;			/* copy_flags */
	MessageView source;
	MessageView target;
	const Jsonb *source_bag;
	const Jsonb *target_bag;
	Edits		edits;			/* of the target */
	BagList		props;			/* the patch of these edits */
	Edits		moved;			/* deletions in the source */
	BagList		moved_props;
	Tuplestorestate *result;
	TupleDesc	desc;
} Copy;

/* --------------------------------------------------------------- questions */

/*
 * Raise MAPI_E_NO_SUPPORT if one handle is on an attachment and the other is
 * not, and MAPI_E_FOLDER_CYCLE if the target is the source or inside it.
 */
static void
check_pair(const Handle *from, const Handle *to)
{
	const Handle *outer = to;

	if ((from->kind == HANDLE_ATTACHMENT) != (to->kind == HANDLE_ATTACHMENT))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("handles %d and %d are a message and an attachment",
						from->number, to->number)));
	while (outer != NULL && outer != from)
		outer = outer->parent == 0 ? NULL : handle_find(outer->parent);
	if (outer == from)
		ereport(ERROR,
				(errmapi(MAPI_E_FOLDER_CYCLE),
				 errmsg("handle %d is handle %d or is inside it", to->number,
						from->number)));
}

/* Return true if the target may have the property that the source has. */
static bool
may_be_set(const Copy *copy, const Property *prop)
{
	for (int i = 0; i < lengthof(own_tags); i++)
	{
		if (prop->tag == own_tags[i])
			return false;
	}
	return prop->rule == RULE_STORED ||
		(prop->rule == RULE_FIRST_SAVE && props_takes_first(copy->to));
}

/* Return true if a bag has a value of a property, in any type. */
static bool
bag_has(const Jsonb *bag, const char *name)
{
	BagList		deletion;
	Jsonb	   *patch;
	JsonbValue	value;
	int			ignored;

	if (bag_find(bag, name, &value))
		return true;
	baglist_init(&deletion, 1);
	baglist_add_null(&deletion, name, strlen(name));
	patch = baglist_build(&deletion);
	return retype_patch(bag, patch, &ignored) != patch;
}

/*
 * Return true if setting a property on the target would replace a value.  A
 * body replaces any other body, and a part of the subject the subject.
 */
static bool
would_replace(const Copy *copy, const Property *prop)
{
	const Content *content = &copy->target.version.content;

	if (IS_BODY(prop->part))
		return content_has(content, PART_BODY) ||
			content_has(content, PART_HTML) || content_has(content, PART_RTF);
	if (prop->part != PART_PROPS)
		return content_has(content, prop->part);
	return bag_has(copy->target_bag,
				   subject_named(prop->name) ? "PR_SUBJECT" : prop->name);
}

/* ------------------------------------------------------------------- blobs */

/*
 * ReferenceMapper: copy a blob of the source to an upload of the target, and
 * return the id of the upload.
 */
static int64
copy_blob(const Property *prop, int64 blob_id, int64 size, void *arg)
{
	Copy	   *copy = arg;
	int64		upload = upload_create(copy->to, prop->type == PT_UNICODE);

	for (int64 at = 0; at < size; at += PIECE_BYTES)
	{
		bytea	   *piece = blob_read(copy->from->store_id, blob_id, size, at,
									  PIECE_BYTES);

		blob_write(copy->to->store_id, upload, at, VARDATA(piece),
				   VARSIZE(piece) - VARHDRSZ);
		pfree(piece);
	}
	return upload;
}

/* ReferenceVisitor: check that the source may refer to a blob. */
static void
check_reference(int64 blob_id, int64 size, void *arg)
{
	upload_require_readable(((Copy *) arg)->from, blob_id);
}

/*
 * Prepare a value of the source for the target: check the references to blobs
 * in it, and if the target is in another store, copy the blobs.
 */
static void
prepare(Copy *copy, const Property *prop, JsonbValue *value)
{
	int64		blob_id;
	int64		size;

	if (value->type != jbvBinary)
		return;
	if (reference_read(value, &blob_id, &size))
		check_reference(blob_id, size, copy);
	else
		references_visit(object_in_place(value), check_reference, copy);
	if (copy->from->store_id != copy->to->store_id)
	{
		call_require_write("copy_props()");
		references_map(prop, value, copy_blob, copy);
	}
}

/*
 * Make the target hold the blobs to which its edits refer now, and make the
 * source write to copies of its own uploads from now on.
 */
static void
share_blobs(Copy *copy)
{
	if (copy->from->store_id != copy->to->store_id ||
		!adopt_needed(&copy->edits))
		return;
	for (Handle *owner = copy->from; owner != NULL;
		 owner = owner->parent == 0 ? NULL : handle_find(owner->parent))
		handle_share_uploads(owner, copy->to);
	if (!upload_hold(copy->to))
		elog(ERROR, "a blob of handle %d is gone", copy->from->number);
}

/* ----------------------------------------------------------------- copying */

/* Add a member of the source's bag, or a part of its subject, to the edits. */
static bool
add_from_bag(Copy *copy, const Property *prop)
{
	JsonbValue	value;
	JsonbValue	prefix;
	JsonbValue	normalized;

	if ((prop->tag == PR_SUBJECT_PREFIX ||
		 prop->tag == PR_NORMALIZED_SUBJECT) &&
		copy->from->kind != HANDLE_ATTACHMENT)
	{
		if (!subject_parts(copy->source_bag, &prefix, &normalized))
			return false;
		value = prop->tag == PR_SUBJECT_PREFIX ? prefix : normalized;
	}
	else if (!bag_find(copy->source_bag, prop->name, &value))
		return false;
	prepare(copy, prop, &value);
	baglist_add_value(&copy->props, pstrdup(prop->name), prop->namelen,
					  &value);
	return true;
}

/* Add a part of the source to the edits: its value, or a reference to it. */
static bool
add_part(Copy *copy, const Property *prop)
{
	const Content *content = &copy->source.version.content;
	Part		part = prop->part;
	JsonbValue	list;

	if (content->isnull[part])
	{
		if (!add_from_bag(copy, prop))
			return false;
	}
	else if (IS_LIST(part))
	{
		value_from_object(&list, DatumGetJsonbP(content->value[part]));
		prepare(copy, prop, &list);
		copy->edits.value[part] = (struct varlena *)
			object_from_value(&list);
	}
	else
		copy->edits.value[part] = PG_DETOAST_DATUM(content->value[part]);
	copy->edits.touched[part] = TOUCHED;
	return true;
}

/* Delete a property in the source, if it was copied to be moved. */
static void
delete_moved(Copy *copy, const Property *prop)
{
	if ((copy->flags & MAPI_MOVE) == 0 || prop->rule != RULE_STORED)
		return;
	if (prop->part == PART_PROPS)
		baglist_add_null(&copy->moved_props, pstrdup(prop->name),
						 prop->namelen);
	else
		copy->moved.touched[prop->part] = TOUCHED;
}

/*
 * Copy one property.  Return S_OK, MAPI_E_COMPUTED if the target cannot have
 * it, MAPI_E_NOT_FOUND if the source does not have it, or MAPI_E_COLLISION if
 * it would replace a value.
 */
static int32
copy_one(Copy *copy, const Property *prop)
{
	CHECK_FOR_INTERRUPTS();
	if (!may_be_set(copy, prop))
		return MAPI_E_COMPUTED;
	if ((copy->flags & MAPI_NOREPLACE) != 0 && would_replace(copy, prop))
		return MAPI_E_COLLISION;
	if (prop->part == PART_PROPS ?
		!add_from_bag(copy, prop) : !add_part(copy, prop))
		return MAPI_E_NOT_FOUND;
	delete_moved(copy, prop);
	return S_OK;
}

/* Add a property that was not copied to the result. */
static void
report(Copy *copy, const Property *prop, int32 result)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = PointerGetDatum(cstring_to_text_with_len(prop->name,
														 prop->namelen));
	values[1] = Int32GetDatum(result);
	tuplestore_putvalues(copy->result, copy->desc, values, nulls);
}

/*
 * Add the edits to both handles.  The patches are built from values of the
 * views, which are copied into the memory of the handles.
 */
static void
finish(Copy *copy)
{
	if (copy->props.count > 0)
	{
		copy->edits.touched[PART_PROPS] = TOUCHED;
		copy->edits.value[PART_PROPS] = (struct varlena *)
			baglist_build(&copy->props);
	}
	edits_one_body(&copy->edits);
	if (copy->edits.touched[PART_ATTACHMENTS] != UNTOUCHED)
		subobject_list_replaced(copy->to);
	handle_add_edits(copy->to, &copy->edits);
	share_blobs(copy);

	if (copy->moved_props.count > 0)
	{
		copy->moved.touched[PART_PROPS] = TOUCHED;
		copy->moved.value[PART_PROPS] = (struct varlena *)
			baglist_build(&copy->moved_props);
	}
	if (copy->moved.touched[PART_ATTACHMENTS] != UNTOUCHED)
		subobject_list_replaced(copy->from);
	handle_add_edits(copy->from, &copy->moved);
}

/* Read what both handles show.  The rows are to be closed by the caller. */
static void
read_both(Copy *copy, MessageRow rows[2])
{
	props_begin_shown(copy->from, &rows[0], &copy->source);
	props_begin_shown(copy->to, &rows[1], &copy->target);
	copy->source_bag =
		DatumGetJsonbP(copy->source.version.content.value[PART_PROPS]);
	copy->target_bag =
		DatumGetJsonbP(copy->target.version.content.value[PART_PROPS]);
}

/*
 * Begin a copy from the arguments of the call, the third of which is "names".
 */
static void
begin(FunctionCallInfo fcinfo, const char *names, Copy *copy)
{
	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "to_handle");
	REQUIRE_ARG(2, names);
	REQUIRE_ARG(3, "flags");
	memset(copy, 0, sizeof(Copy));
	copy->from = handle_get(PG_GETARG_INT32(0));
	copy->to = handle_get(PG_GETARG_INT32(1));
	copy->flags = PG_GETARG_UINT32(3);
	if ((copy->flags & ~COPY_FLAGS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown copy flags 0x%X", copy->flags & ~COPY_FLAGS)));
	check_pair(copy->from, copy->to);
	handle_require_writable(copy->to);
	if ((copy->flags & MAPI_MOVE) != 0)
		handle_require_writable(copy->from);
	edits_init(&copy->edits);
	edits_init(&copy->moved);
	baglist_init(&copy->props, 16);
	baglist_init(&copy->moved_props, 16);
	copy->result = call_begin_set(fcinfo, &copy->desc);
}

/* Return the spellings in argument 2, a text[], as texts. */
static Datum *
names_argument(FunctionCallInfo fcinfo, const char *name, int *count)
{
	Datum	   *names;
	bool	   *nulls;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false,
					  TYPALIGN_INT, &names, &nulls, count);
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"%s\" is NULL", name)));
	}
	return names;
}

/*
 * Add the canonical names of spellings to a set.  The bytes of an attachment
 * and its embedded message have one id, but can be told apart here.
 */
static void
name_all(Datum *names, int count, NameSet *set)
{
	nameset_init(set);
	for (int i = 0; i < count; i++)
	{
		const char *spelling = VARDATA_ANY(DatumGetPointer(names[i]));
		int			len = VARSIZE_ANY_EXHDR(DatumGetPointer(names[i]));
		Property	prop;

		CHECK_FOR_INTERRUPTS();
		if (!spelling_lookup(spelling, len, &prop) ||
			prop.tag != PR_ATTACH_DATA_OBJ)
			spelling_resolve_id(spelling, len, &prop);
		(void) nameset_add(set, prop.name);
	}
}

/*
 * Copy a property that the source has, unless it is excluded, and report it if
 * it would replace a value.
 */
static void
copy_shown(Copy *copy, const char *name, int len, const NameSet *exclude)
{
	Property	prop;
	int32		result;

	if (!spelling_lookup(name, len, &prop))
		elog(ERROR, "unexpected property \"%.*s\"", len, name);
	if (nameset_find(exclude, prop.name) >= 0 ||
		(subject_named(prop.name) &&
		 nameset_find(exclude, "PR_SUBJECT") >= 0))
		return;
	result = copy_one(copy, &prop);
	if (result == MAPI_E_COLLISION)
		report(copy, &prop, result);
}

/*
 * copy_to(handle, to_handle, exclude, flags) → rows (property, result)
 *
 * Make all properties that a handle shows pending on another handle, except
 * for those named in "exclude", and for those that the target cannot have.
 * With MAPI_MOVE, delete the copied properties on the first handle, which
 * becomes pending there; with MAPI_NOREPLACE, replace no value of the target.
 * Return a row for each property that would have replaced a value.
 *
 * Errors: MAPI_E_INVALID_OBJECT, MAPI_E_NO_ACCESS if the target is read-only
 * or, with MAPI_MOVE, the source is; MAPI_E_NO_SUPPORT, MAPI_E_FOLDER_CYCLE,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER for a name, and the errors of
 * get_props() for the base of either handle.
 */
PG_FUNCTION_INFO_V1(copy_to);
Datum
copy_to(PG_FUNCTION_ARGS)
{
	Copy		copy;
	MessageRow	rows[2];
	NameSet		exclude;
	Datum	   *names;
	BagEntry   *entries;
	int			count;

	begin(fcinfo, "exclude", &copy);
	names = names_argument(fcinfo, "exclude", &count);
	name_all(names, count, &exclude);
	read_both(&copy, rows);
	entries = bag_entries(copy.source_bag, &count);
	for (int i = 0; i < count; i++)
		copy_shown(&copy, entries[i].key, entries[i].keylen, &exclude);
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		/* a part that is a blob is a member of the bag */
		if (!copy.source.version.content.isnull[p])
			copy_shown(&copy, part_name(p), strlen(part_name(p)), &exclude);
	}
	finish(&copy);
	props_end_shown(&rows[1]);
	props_end_shown(&rows[0]);
	return (Datum) 0;
}

/*
 * copy_props(handle, to_handle, include, flags) → rows (property, result)
 *
 * Make the properties named in "include" pending on another handle, as
 * copy_to() does.  Return a row for each property that was not copied:
 * MAPI_E_NOT_FOUND if the source does not have it, MAPI_E_COMPUTED if the
 * target cannot have it, MAPI_E_COLLISION if it would replace a value.
 *
 * Errors: as copy_to().
 */
PG_FUNCTION_INFO_V1(copy_props);
Datum
copy_props(PG_FUNCTION_ARGS)
{
	Copy		copy;
	MessageRow	rows[2];
	NameSet		include;
	Datum	   *names;
	int			count;

	begin(fcinfo, "include", &copy);
	names = names_argument(fcinfo, "include", &count);
	name_all(names, count, &include);
	read_both(&copy, rows);
	for (int i = 0; i < include.count; i++)
	{
		Property	prop;
		int32		result;

		(void) spelling_lookup(include.names[i], strlen(include.names[i]),
							   &prop);
		result = copy_one(&copy, &prop);
		if (result != S_OK)
			report(&copy, &prop, result);
	}
	finish(&copy);
	props_end_shown(&rows[1]);
	props_end_shown(&rows[0]);
	return (Datum) 0;
}
