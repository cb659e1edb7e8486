/*-------------------------------------------------------------------------
 *
 * view.c
 *	  The view of a version: its stored and computed properties as a JSON
 *	  object.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/detoast.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "computed.h"
#include "value.h"

/* ---------------------------------------------------------------- assembly */

/*
 * Write the members of the list as JSON and empty the list, if the view is
 * written as JSON.  "plain": no key needs an escape.
 */
static inline void
flush_list(ViewContext *context, BagList *list, bool plain)
{
	StringInfo	json = context->json;

	if (json == NULL)
		return;
	for (int i = 0; i < list->count; i++)
	{
		const BagEntry *entry = &list->entries[i];

		if (plain)
			json_add_name(json, entry->key, entry->keylen);
		else
			json_add_key(json, entry->key, entry->keylen);
		json_add_entry(json, entry->type, entry->data, entry->len);
	}
	list->count = 0;
}

/* Add a member of the bag to the list, or write it. */
static void
add_member(ViewContext *context, const BagEntry *entry, BagList *list)
{
	if (context->json == NULL)
	{
		baglist_add(list, entry);
		return;
	}
	json_add_key(context->json, entry->key, entry->keylen);
	json_add_entry(context->json, entry->type, entry->data, entry->len);
}

/*
 * Write a large part as JSON straight from its detoasted value, of which a
 * copy is freed at once.
 */
static void
write_large(StringInfo json, const Content *content, Part part)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(content->value[part]);
	const char *name = part_name(part);

	json_add_name(json, name, strlen(name));
	if (part == PART_HTML || part == PART_RTF)
		json_add_base64(json, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	else
		json_add_entry(json, JENTRY_ISSTRING, VARDATA_ANY(value),
					   VARSIZE_ANY_EXHDR(value));
	if ((Pointer) value != DatumGetPointer(content->value[part]))
		pfree(value);
}

/* Add a part to the list, or write it. */
static void
add_part(ViewContext *context, Part part, BagList *list)
{
	const Content *content = &context->view->version.content;

	if (context->json != NULL && !IS_LIST(part) && !content->isnull[part])
		write_large(context->json, content, part);
	else
		content_add_part(content, part, list);
}

/*
 * Add one of the extras to the list.  With names_only, the value of a part and
 * the value of a property that is always there are left out.
 */
static void
add_extra(ViewContext *context, const Extra *extra, bool names_only,
		  BagList *list)
{
	const Content *content = &context->view->version.content;

	if (extra->part != PART_PROPS && names_only)
	{
		if (!content->isnull[extra->part])
			baglist_add_null(list, extra->name, extra->namelen);
	}
	else if (extra->part != PART_PROPS)
		add_part(context, extra->part, list);
	else if ((extra->kinds & (1 << context->view->kind)) == 0)
		return;
	else if (names_only && (extra->kinds & SOMETIMES) == 0)
		baglist_add_null(list, extra->name, extra->namelen);
	else
		extra->add(context, extra, list);
}

/*
 * Add all properties of a view: the members of the bag merged with the extras.
 * A member of the bag has precedence over a property computed under its name,
 * since the client set it before the first save.  A member under the name of a
 * part is the reference to the blob that the part is.  With names_only, only
 * the names of the list are valid.  The members come in the order of jsonb.
 */
static void
add_all(ViewContext *context, bool names_only, BagList *list)
{
	const BagEntry *entries = computed_entries(context);
	int			count = context->count;
	int			i = 0;

	for (int j = 0; j < computed_count; j++)
	{
		const Extra *extra = &computed_extras[j];
		int			order = 1;

		Assert(j == 0 || bag_compare_keys(computed_extras[j - 1].name,
										  computed_extras[j - 1].namelen,
										  extra->name, extra->namelen) < 0);
		while (i < count)
		{
			order = bag_compare_keys(entries[i].key, entries[i].keylen,
									 extra->name, extra->namelen);
			if (order >= 0)
				break;
			add_member(context, &entries[i++], list);
		}
		if (extra->part != PART_PROPS || i == count || order != 0)
		{
			add_extra(context, extra, names_only, list);
			flush_list(context, list, true);
		}
	}
	while (i < count)
		add_member(context, &entries[i++], list);
}

/*
 * Add one property by name, if the view has it: from its column, else from the
 * bag, else computed.
 */
static void
add_named(ViewContext *context, const Property *prop, BagList *list)
{
	JsonbValue	value;

	if (prop->part != PART_PROPS &&
		!context->view->version.content.isnull[prop->part])
	{
		add_part(context, prop->part, list);
		return;
	}
	if (bag_find(context->bag, prop->name, &value))
	{
		baglist_add_value(list, prop->name, prop->namelen, &value);
		return;
	}
	if (prop->tag == PR_INTERNET_CONTENT &&
		context->view->kind == HANDLE_MESSAGE)
	{
		original_add(context->view->store_id, context->view->message_id,
					 prop->name, list);
		return;
	}
	for (int i = 0; i < computed_count; i++)
	{
		const Extra *extra = &computed_extras[i];

		if (extra->part == PART_PROPS && extra->tag == prop->tag &&
			(extra->kinds & (1 << context->view->kind)) != 0)
		{
			extra->add(context, extra, list);
			return;
		}
	}
}

/* More tags than that are compared by a hash table, not with each other. */
#define MAX_LISTED		16

/* Return true if an array has a property already. */
static bool
is_listed(const Property *props, int count, const Property *prop)
{
	for (int i = 0; i < count; i++)
	{
		if (props[i].namelen == prop->namelen &&
			memcmp(props[i].name, prop->name, prop->namelen) == 0)
			return true;
	}
	return false;
}

/* qsort() comparator of properties, in the order of jsonb. */
static int
compare_props(const void *a, const void *b)
{
	const Property *x = a;
	const Property *y = b;

	return bag_compare_keys(x->name, x->namelen, y->name, y->namelen);
}

/*
 * Return the properties that are named in "tags", each once, in the order of
 * jsonb.  A name of which no message can have a value is skipped; an unknown
 * name raises an error.
 */
static Property *
props_of_tags(ArrayType *tags, int *count)
{
	Datum	   *names;
	bool	   *nulls;
	int			nnames;
	NameSet		added;
	Property   *props;

	deconstruct_array(tags, TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &nnames);
	props = palloc(sizeof(Property) * Max(nnames, 1));
	*count = 0;
	if (nnames > MAX_LISTED)
		nameset_init(&added);
	for (int i = 0; i < nnames; i++)
	{
		Property   *prop = &props[*count];

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"tags\" is NULL")));
		if (spelling_resolve_read(VARDATA_ANY(DatumGetPointer(names[i])),
								  VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
								  prop) &&
			(nnames > MAX_LISTED ? nameset_add(&added, prop->name) :
			 !is_listed(props, *count, prop)))
			(*count)++;
	}
	qsort(props, *count, sizeof(Property), compare_props);
	return props;
}

/* Add the properties that are named in "tags", in the order of jsonb. */
static void
add_tags(ViewContext *context, ArrayType *tags, BagList *list)
{
	int			count;
	Property   *props = props_of_tags(tags, &count);

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_named(context, &props[i], list);
		flush_list(context, list, false);
	}
}

/* Add the properties that are named in "tags", or all of them if it is NULL. */
static void
add_props(ViewContext *context, ArrayType *tags, BagList *list)
{
	baglist_init(list, 64);
	if (tags == NULL)
		add_all(context, false, list);
	else
		add_tags(context, tags, list);
}

/* Begin to show values of a view. */
static void
begin_values(ViewContext *context, const MessageView *view)
{
	computed_begin(context, view);
	if (!view->version.content.isnull[PART_RECIPIENTS])
		context->recipients =
			DatumGetJsonbP(view->version.content.value[PART_RECIPIENTS]);
}

Jsonb *
view_props(const MessageView *view, ArrayType *tags)
{
	ViewContext context;
	BagList		list;

	begin_values(&context, view);
	add_props(&context, tags, &list);
	return baglist_build_sorted(&list);
}

/* The room for the computed properties. */
#define ROOM_FOR_COMPUTED	8192

/*
 * Return the room that the text of all properties is expected to need: a
 * sixteenth of a text is for escapes, a third of bytes for base64.
 */
static Size
expected_room(const Content *content)
{
	Size		room = ROOM_FOR_COMPUTED;

	for (int p = 0; p < NUM_PARTS; p++)
	{
		Size		size = content->isnull[p] ? 0 :
		toast_raw_datum_size(content->value[p]);

		room += size + size / (p == PART_HTML || p == PART_RTF ? 3 : 16);
	}
	return room;
}

Datum
view_json(const MessageView *view, ArrayType *tags)
{
	StringInfoData json;
	ViewContext context;
	BagList		list;

	begin_values(&context, view);
	context.json = &json;
	json_begin(&json, tags == NULL ? expected_room(&view->version.content) : 0);
	json_begin_object(&json);
	add_props(&context, tags, &list);
	json_end_object(&json);
	return json_end(&json);
}

bool
view_value(const MessageView *view, const Property *prop, JsonbValue *value)
{
	ViewContext context;
	BagList		list;

	begin_values(&context, view);
	baglist_init(&list, 1);
	add_named(&context, prop, &list);
	if (list.count == 0)
		return false;
	entry_value(&list.entries[0], value);
	return true;
}

bool
view_computes(const Property *prop)
{
	if (prop->part != PART_PROPS || prop->tag == PR_INTERNET_CONTENT)
		return true;
	for (int i = 0; i < computed_count; i++)
	{
		if (computed_extras[i].tag == prop->tag)
			return true;
	}
	return false;
}

ArrayType *
view_names(const MessageView *view)
{
	ViewContext context;
	BagList		list;
	Datum	   *names;

	computed_begin(&context, view);
	baglist_init(&list, 64);
	add_all(&context, true, &list);
	names = palloc(sizeof(Datum) * list.count);
	for (int i = 0; i < list.count; i++)
		names[i] = PointerGetDatum(cstring_to_text_with_len(list.entries[i].key,
															list.entries[i].keylen));
	return construct_array(names, list.count, TEXTOID, -1, false,
						   TYPALIGN_INT);
}

/* ---------------------------------------------------------------- versions */

void
view_from_row(MessageView *view, const MessageRow *row)
{
	memset(view, 0, sizeof(MessageView));
	view->store_id = row->store_id;
	view->message_id = row->message_id;
	view->created_at = row->created_at;
	view->modified_at = row->modified_at;
	view->modifier = TextDatumGetCString(row->modifier);
	view->creator = row->creator;
	view->creator_actor = row->creator_actor;
	view->source_key = row->source_key;
	view->access = access_bits(row->store_id, row->version.folder_id,
							   row->creator);
	view->level = -1;
	view->version = row->version;
}

/*
 * Return the bag that is shown of a hard-deleted message.  It contains
 * PR_LAST_MODIFICATION_TIME if the client had set a time that was still in the
 * future at the deletion, because that property never goes back; otherwise it
 * is empty.
 */
static Jsonb *
time_to_come(const ChangeRow *row)
{
	static const char *const name = "PR_LAST_MODIFICATION_TIME";
	TimestampTz given;
	JsonbValue	value;
	BagList		list;

	baglist_init(&list, 1);
	if (bag_find(row->undo.props, name, &value) &&
		systime_timestamp(value.val.string.val, value.val.string.len,
						  &given) && given >= row->changed_at)
		baglist_add_value(&list, name, strlen(name), &value);
	return baglist_build(&list);
}

/*
 * Fill a view from the record of a hard delete.  Returns false if there is no
 * such record.  The version has the change number and the time of the
 * deletion; folder, flags, creator and creation time are those of the deleted
 * message.
 */
static bool
view_from_deleted(MessageView *view, int64 store_id, int64 message_id)
{
	Relation	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	ChangeRow	row;
	JsonbValue	value;
	bool		found;

	found = changerow_newest(&row, change, store_id, message_id,
							 CHANGE_HARD_DELETE);
	table_close(change, NoLock);
	if (!found)
		return false;

	memset(view, 0, sizeof(MessageView));
	view->store_id = store_id;
	view->message_id = message_id;
	view->level = -1;
	view->version.change_number = row.change_number;
	view->version.deleted_at = row.changed_at;
	content_from_bag(&view->version.content, time_to_come(&row));
	view->modified_at = row.changed_at;
	view->modifier = changerow_author(&row);
	if (bag_find(row.undo.props, UNDO_FLAGS, &value))
		view->version.message_flags = (int32) integer_of_value(&value);
	if (bag_find(row.undo.props, UNDO_FOLDER, &value))
		view->version.folder_id = integer_of_value(&value);
	if (bag_find(row.undo.props, UNDO_CREATED, &value))
		(void) systime_timestamp(value.val.string.val, value.val.string.len,
								 &view->created_at);
	if (bag_find(row.undo.props, UNDO_CREATOR, &value))
		view->creator =
			PointerGetDatum(cstring_to_text_with_len(value.val.string.val,
													 value.val.string.len));
	view->access = access_bits(store_id, view->version.folder_id,
							   view->creator);
	return true;
}

bool
view_find(MessageView *view, int64 store_id, int64 message_id,
		  MessageRow *row)
{
	if (!messagerow_fetch(row, store_id, message_id))
		return view_from_deleted(view, store_id, message_id);
	view_from_row(view, row);
	return true;
}

bool
view_readable(const MessageView *view)
{
	return (view->access & MAPI_ACCESS_READ) != 0;
}

bool
view_read(MessageView *view, int64 store_id, int64 message_id,
		  MessageRow *row)
{
	if (!view_find(view, store_id, message_id, row))
		return false;
	if (!view_readable(view))
		access_require_message(store_id, view->version.folder_id, message_id,
							   view->creator, ACCESS_TO_READ);
	return true;
}

/*
 * The owner of the store also finds a message whose row was deleted by hand:
 * its changes are left, without a record of the deletion.
 */
void
view_require_message(int64 store_id, int64 message_id)
{
	MessageRow	row;
	MessageView view;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (!view_read(&view, store_id, message_id, &row) &&
		!(access_is_owner(store_id) && change_any(store_id, message_id)))
		access_raise_no_message(store_id, message_id);
	messagerow_end_read(&row);
}

bool
view_go_back(MessageView *view, int64 change_number)
{
	Relation	change;
	ChangeRow	row;

	if (view->version.change_number == change_number)
		return true;
	if (!change_walk_back(view->store_id, view->message_id, &view->version,
						  change_number, NULL, NULL))
		return false;

	view->modifier = NULL;		/* unknown if the record has been pruned */
	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	if (changerow_fetch(&row, change, view->store_id, view->message_id,
						change_number))
	{
		view->modified_at = row.changed_at;
		view->modifier = changerow_author(&row);
	}
	table_close(change, NoLock);
	return true;
}
