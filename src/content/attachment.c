/*-------------------------------------------------------------------------
 *
 * attachment.c
 *	  The attachment list: the property PR_MESSAGE_ATTACHMENTS, an array of
 *	  objects, each of which holds the properties of one attachment.
 *
 * NOTES
 *	  A checked attachment has a PR_ATTACH_NUM that is unique in the list, and
 *	  a PR_ATTACH_METHOD.  PR_ATTACH_SIZE is computed when the list is checked,
 *	  and is stored in the list.
 *
 *	  The bytes of an attachment are in PR_ATTACH_DATA_BIN, as base64 or as a
 *	  reference to a blob.  An embedded message is in PR_ATTACH_DATA_OBJ, as an
 *	  object of properties, which may include recipients and attachments of its
 *	  own, to any depth.
 *
 *	  A save turns large bytes in the list into blobs: see adopt.c.
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

/* ---------------------------------------------------------------- checking */

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		JsonContainerIsObject(value->val.binary.data);
}

/* Raise an error if the list has two members of one name.  Sorts the list. */
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
 * Check one member of an attachment and add it to the list.  Nulls and
 * computed properties are skipped: attachment_finish() adds the latter.
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
					 errmsg("property %s belongs to messages, not to attachments",
							prop.name)));
		if (prop.tag == PR_ATTACH_SIZE || prop.tag == PR_ACCESS_LEVEL)
			return;
		if (!reference_takes(&prop, &value))
			property_check(&prop, &value);
	}
	baglist_add_value(list, prop.name, prop.namelen, &value);
}

/* Return the size of an attachment's data in bytes, blobs included. */
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
	/* these are one property in two types, which retype_check() refuses */
	Assert(!(has_message && has_bytes));
	/* an attachment that has bytes does not embed a message */
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

/*
 * Return a checked copy of one attachment, which attachment_finish() has yet
 * to give its number, size and method.
 */
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
 * Check the elements of an array and return the checked attachments in *list.
 * The elements are read in place.  Copies of them would hold the bytes of an
 * attachment once per level of messages that embed it.
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

/*
 * Raise an error if two attachments have the same number, or if a number is
 * negative.
 */
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
					 errmsg("two attachments have the same %s %lld",
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
					 errmsg("%s of an attachment must not be negative",
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
 * Return a checked copy of an embedded message, given as an object of its
 * properties.
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
