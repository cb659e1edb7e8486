/*-------------------------------------------------------------------------
 *
 * attachment.c
 *	  The attachment list: one property, PR_MESSAGE_ATTACHMENTS, an array of
 *	  objects of properties, to any depth where messages are embedded.
 *
 * NOTES
 *	  A checked attachment has a PR_ATTACH_NUM that no other has, and a
 *	  PR_ATTACH_METHOD.  Its bytes stand in PR_ATTACH_DATA_BIN as base64 or as
 *	  a reference to a blob (blob.c); an embedded message stands in
 *	  PR_ATTACH_DATA_OBJ as an object of properties, with recipients and
 *	  attachments of its own among them.  PR_ATTACH_SIZE is computed whenever
 *	  a list is checked and stands in the list.  What becomes of it when it is
 *	  stored: adopt.c.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"

static const char *const number_name = "PR_ATTACH_NUM";
static const char *const method_name = "PR_ATTACH_METHOD";
static const char *const size_name = "PR_ATTACH_SIZE";
static const char *const bytes_name = "PR_ATTACH_DATA_BIN";
static const char *const message_name = "PR_ATTACH_DATA_OBJ";

static Jsonb *check_embedded(const JsonbValue *value);

/* ------------------------------------------------------------------- checking */

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		JsonContainerIsObject(value->val.binary.data);
}

/* Raise where a list of members names a property twice. */
static void
refuse_twice(BagList *list)
{
	int			len;
	const char *twice = baglist_duplicate(list, &len);

	if (twice != NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %.*s is named more than once", len, twice)));
}

/*
 * Check one member of an attachment.  What is computed is passed over, and
 * comes again from finish_attachment().
 */
static void
check_member(const BagEntry *entry, BagList *list)
{
	Property	prop;
	JsonbValue	value;

	entry_value(entry, &value);
	if (value.type == jbvNull)
		return;
	if (spelling_lookup(entry->key, entry->keylen, &prop) &&
		prop.tag == PR_ATTACH_DATA_OBJ)
	{
		if (!is_object(&value))
			property_refuse_type(&prop, &value);
		value_from_object(&value, check_embedded(&value));
	}
	else
	{
		spelling_resolve(entry->key, entry->keylen, &prop);
		if (prop.part != PART_PROPS)
			ereport(ERROR,
					(errmapi(MAPI_E_NO_SUPPORT),
					 errmsg("property %s is one of messages, not of attachments",
							prop.name)));
		if (prop.tag == PR_ATTACH_SIZE || prop.tag == PR_ACCESS_LEVEL)
			return;
		if (!reference_takes(&prop, &value))
			property_check(&prop, &value);
	}
	baglist_add_value(list, prop.name, prop.namelen, &value);
}

/* Bytes of an attachment's data. */
static int64
data_size(const Jsonb *object)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;

	if (bag_find(object, message_name, &value))
		return value.val.binary.len + references_size_of_value(&value);
	if (!bag_find(object, bytes_name, &value))
		return 0;
	if (reference_read(&value, &blob_id, &size))
		return size;
	return base64_size(value.val.string.val, value.val.string.len);
}

Jsonb *
attachment_finish(const Jsonb *object, int64 number)
{
	BagList		patch;
	JsonbValue	value;
	int64		size = data_size(object);
	int64		method;
	bool		has_message;
	bool		has_bytes;

	baglist_init(&patch, 3);
	baglist_add_int(&patch, number_name, number);
	baglist_add_int(&patch, size_name, Min(size, PG_INT32_MAX));
	has_message = bag_find(object, message_name, &value);
	has_bytes = bag_find(object, bytes_name, &value);
	/* they are one property, in two types */
	Assert(!(has_message && has_bytes));
	/* bytes over a message leave nothing that is embedded */
	if (!object_number(object, method_name, &method) ||
		(method == ATTACH_EMBEDDED_MSG && has_bytes))
		baglist_add_int(&patch, method_name,
						has_message ? ATTACH_EMBEDDED_MSG : ATTACH_BY_VALUE);
	return bag_splice(object, baglist_build(&patch), false);
}

void
attachment_show(Content *content, int64 number)
{
	content->value[PART_PROPS] =
		JsonbPGetDatum(attachment_finish(DatumGetJsonbP(content->value[PART_PROPS]),
										 number));
}

/* Check one attachment; its number is left as it came. */
static Jsonb *
check_attachment(const Jsonb *object)
{
	BagList		list;
	int			count;
	BagEntry   *entries;
	Jsonb	   *result;

	entries = bag_entries(object, &count);
	baglist_init(&list, count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		check_member(&entries[i], &list);
	}
	refuse_twice(&list);
	result = baglist_build(&list);
	retype_check(result);
	return result;
}

/*
 * Check all attachments of an array.  They are read where they stand: a copy of
 * each would be one more of all that is in it at every level.
 */
static void
check_attachments(const Property *prop, JsonbContainer *array,
				  ObjectList *list)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	value;

	objects_read(NULL, list);
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_object(&value))
			ereport(ERROR,
					(errmapi(MAPI_E_UNEXPECTED_TYPE),
					 errmsg("each attachment in property %s must be an object",
							prop->name)));
		objects_add(list, check_attachment(object_in_place(&value)));
	}
}

/* Raise where a number is negative, or that of two attachments. */
static void
refuse_same_number(const ObjectList *list)
{
	ObjectIndex index;
	JsonbValue	value;

	objects_index(list, number_name, &index);
	for (int i = 1; i < index.count; i++)
	{
		if (index.sorted[i].number == index.sorted[i - 1].number)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("%s %lld of an attachment is another one's too",
							number_name,
							(long long) index.sorted[i].number)));
	}
	if (index.count == list->count)
		return;
	for (int i = 0; i < list->count; i++)
	{
		int64		number;

		if (!object_number(list->objects[i], number_name, &number) &&
			bag_find(list->objects[i], number_name, &value))
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("%s of an attachment is negative",
							number_name)));
	}
}

void
attachments_check(const Property *prop, JsonbValue *value)
{
	ObjectList	list;
	int64		next;

	check_stack_depth();
	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		property_refuse_type(prop, value);
	check_attachments(prop, value->val.binary.data, &list);
	refuse_same_number(&list);
	next = objects_next(&list, number_name);
	for (int i = 0; i < list.count; i++)
	{
		int64		number;

		if (!object_number(list.objects[i], number_name, &number))
			number = object_next_number(&next, number_name);
		list.objects[i] = attachment_finish(list.objects[i], number);
	}
	value_from_object(value, objects_build(&list));
}

/*
 * Check an embedded message: an object of a message's properties.
 */
static Jsonb *
check_embedded(const JsonbValue *value)
{
	MemoryContext level = object_level_begin();
	Edits		edits;
	Content		content;

	check_stack_depth();
	edits_from_patch(object_in_place(value), true, &edits);
	content_from_bag(&content, bag_empty());
	edits_apply(&content, &edits, &content);
	return object_level_end(level, content_to_object(&content));
}
