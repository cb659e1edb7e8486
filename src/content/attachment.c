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
 *	  A new attachment has PR_RENDERING_POSITION -1, and its PR_CREATION_TIME
 *	  and PR_LAST_MODIFICATION_TIME are the time at which it was made (R447,
 *	  R451-R453).  Editing it moves PR_LAST_MODIFICATION_TIME.  A handle on an
 *	  attachment does this at once.  A list that is set as a property may leave
 *	  these properties out; attachments_stamp() adds them when the list is
 *	  saved.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "value.h"

static const char *const number_name = "PR_ATTACH_NUM";
static const char *const method_name = "PR_ATTACH_METHOD";
static const char *const size_name = "PR_ATTACH_SIZE";
static const char *const bytes_name = "PR_ATTACH_DATA_BIN";
static const char *const message_name = "PR_ATTACH_DATA_OBJ";
static const char *const position_name = "PR_RENDERING_POSITION";
static const char *const created_name = "PR_CREATION_TIME";
static const char *const modified_name = "PR_LAST_MODIFICATION_TIME";
static const char *const list_name = "PR_MESSAGE_ATTACHMENTS";
static const char *const key_name = "PR_SEARCH_KEY";

#define NO_POSITION		(-1)	/* not rendered in the body */

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

/* The computed properties of attachments, as tags. */
static const uint32 computed_tags[] = {
	PR_ATTACH_SIZE, PR_ACCESS_LEVEL, PR_OBJECT_TYPE, PR_RECORD_KEY,
	PR_STORE_RECORD_KEY, PR_HAS_NAMED_PROPERTIES
};

static bool
is_computed(const Property *prop)
{
	for (int i = 0; i < lengthof(computed_tags); i++)
	{
		if (prop->tag == computed_tags[i])
			return true;
	}
	return false;
}

/*
 * Check one member of an attachment and add it to the list.  Nulls and
 * computed properties are skipped, so that a client can set what a handle
 * shows.
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
		if (is_computed(&prop))
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
	retype_check(result, NULL);
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

/* ------------------------------------------------------- times of attachments */

/* Return a bag with one member more, or with another value of the member. */
static Jsonb *
with_value(const Jsonb *object, const char *name, JsonbValue *value)
{
	BagList		member;

	baglist_init(&member, 1);
	baglist_add_value(&member, name, strlen(name), value);
	return bag_splice(object, baglist_build(&member), false);
}

/* Return a bag with a time. */
static Jsonb *
with_time(const Jsonb *object, const char *name, TimestampTz time)
{
	char		text[VALUE_TIME_SIZE];
	JsonbValue	value;

	systime_text(time, text);
	value.type = jbvString;
	value.val.string.val = text;
	value.val.string.len = strlen(text);
	return with_value(object, name, &value);
}

Jsonb *
attachment_new(int64 number)
{
	TimestampTz now = GetCurrentTimestamp();
	BagList		list;
	Jsonb	   *object;

	baglist_init(&list, 1);
	baglist_add_int(&list, position_name, NO_POSITION);
	object = with_time(baglist_build(&list), created_name, now);
	return attachment_finish(with_time(object, modified_name, now), number);
}

void
attachment_edited(Edits *edits)
{
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	JsonbValue	value;

	if (patch == NULL || bag_find(patch, modified_name, &value))
		return;
	edits->value[PART_PROPS] = (struct varlena *)
		with_time(patch, modified_name, GetCurrentTimestamp());
}

static bool
same_bag(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Find a member of a bag that may be NULL. */
static bool
find_in(const Jsonb *bag, const char *name, JsonbValue *value)
{
	return bag != NULL && bag_find(bag, name, value);
}

/*
 * Return the message that an attachment embeds, with the times of its own
 * attachments and with a search key.  "was" is the attachment before, or NULL.
 * Returns the attachment itself if nothing changes.
 */
static Jsonb *
stamp_embedded(const Jsonb *was, Jsonb *object, const JsonbValue *embedded,
			   TimestampTz time)
{
	MemoryContext level = object_level_begin();
	Jsonb	   *message = object_in_place(embedded);
	Jsonb	   *before = NULL;
	Jsonb	   *result = NULL;
	Jsonb	   *lists[2] = {NULL, NULL};
	JsonbValue	value;
	BagList		patch;

	check_stack_depth();
	if (find_in(was, message_name, &value))
		before = object_from_value(&value);
	baglist_init(&patch, 2);
	if (!bag_find(message, key_name, &value))
	{
		if (find_in(before, key_name, &value))
			baglist_add_value(&patch, key_name, strlen(key_name), &value);
		else
			content_add_search_key(&patch);
	}
	if (bag_find(message, list_name, &value))
	{
		lists[1] = object_from_value(&value);
		if (find_in(before, list_name, &value))
			lists[0] = object_from_value(&value);
		value_from_object(&value, attachments_stamp(lists[0], lists[1],
													time));
		if (value.val.binary.data != &lists[1]->root)
			baglist_add_value(&patch, list_name, strlen(list_name), &value);
	}
	if (patch.count > 0)
	{
		message = bag_splice(message, baglist_build(&patch), false);
		value_from_object(&value, message);
		result = with_value(object, message_name, &value);
	}
	result = object_level_end(level, result);
	return result == NULL ? object : result;
}

/*
 * Return an attachment with all its times except for
 * PR_LAST_MODIFICATION_TIME, as it is after the attachment "was", which is NULL
 * for a new attachment.
 */
static Jsonb *
complete(const Jsonb *was, Jsonb *object, TimestampTz time)
{
	JsonbValue	value;
	BagList		position;

	if (!bag_find(object, position_name, &value))
	{
		baglist_init(&position, 1);
		baglist_add_int(&position, position_name, NO_POSITION);
		object = bag_splice(object, baglist_build(&position), false);
	}
	if (!bag_find(object, created_name, &value))
		object = find_in(was, created_name, &value) ?
			with_value(object, created_name, &value) :
			with_time(object, created_name, time);
	if (bag_find(object, message_name, &value))
	{
		Jsonb	   *stamped = stamp_embedded(was, object, &value, time);
		int64		number;

		/* the size has changed */
		if (stamped != object && object_number(object, number_name, &number))
			object = attachment_finish(stamped, number);
	}
	return object;
}

/*
 * Return an attachment with all its times, as it is after the attachment "was".
 * A time that the client has given stays, unless it is that of "was".
 */
static Jsonb *
stamp(const Jsonb *was, Jsonb *object, TimestampTz time)
{
	Jsonb	   *result = complete(was, object, time);
	bool		is_given;
	bool		was_there;
	JsonbValue	given;
	JsonbValue	before;

	is_given = bag_find(result, modified_name, &given);
	was_there = find_in(was, modified_name, &before);
	if (is_given &&
		!(was_there && before.val.string.len == given.val.string.len &&
		  memcmp(before.val.string.val, given.val.string.val,
				 given.val.string.len) == 0))
		return result;
	if (was_there)
	{
		Jsonb	   *unchanged = is_given ? result :
		with_value(result, modified_name, &before);

		if (same_bag(unchanged, was))
			return unchanged;
	}
	return with_time(result, modified_name, time);
}

Jsonb *
attachments_stamp(const Jsonb *old, Jsonb *list, TimestampTz time)
{
	ObjectList	before;
	ObjectIndex index;
	ObjectList	objects;
	bool		changed = false;

	objects_read(old, &before);
	objects_index(&before, number_name, &index);
	objects_read(list, &objects);
	for (int i = 0; i < objects.count; i++)
	{
		Jsonb	   *object = objects.objects[i];
		const NumberedObject *was;
		int64		number = -1;

		CHECK_FOR_INTERRUPTS();
		(void) object_number(object, number_name, &number);
		was = objects_look_up(&index, number);
		objects.objects[i] = stamp(was == NULL ? NULL : was->object, object,
								   time);
		changed = changed || objects.objects[i] != object;
	}
	return changed ? objects_build(&objects) : list;
}

void
attachments_stamp_edits(const Content *old, Edits *edits, TimestampTz time)
{
	if (edits->value[PART_ATTACHMENTS] != NULL)
		edits->value[PART_ATTACHMENTS] = (struct varlena *)
			attachments_stamp(content_list(old, PART_ATTACHMENTS),
							  DatumGetJsonbP(PointerGetDatum(edits->value[PART_ATTACHMENTS])),
							  time);
}
