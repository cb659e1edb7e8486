/*-------------------------------------------------------------------------
 *
 * reference.c
 *	  References to blobs: {"blob": id, "size": bytes} in place of a value.
 *
 * NOTES
 *	  Any string or binary property of a message, of its attachments and of the
 *	  messages embedded in them can be a reference.  This file does not access
 *	  the blobs themselves.  The engine checks that a client may refer to a
 *	  blob, and that the size is right (blob.c, upload.c).
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"


Jsonb *
reference_build(int64 blob_id, int64 size)
{
	BagList		list;

	baglist_init(&list, 2);
	baglist_add_int(&list, "blob", blob_id);
	baglist_add_int(&list, "size", size);
	return baglist_build(&list);
}

bool
reference_read(const JsonbValue *value, int64 *blob_id, int64 *size)
{
	Jsonb	   *object;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != 2)
		return false;
	object = object_in_place(value);
	return object_number(object, "blob", blob_id) && *blob_id > 0 &&
		object_number(object, "size", size) && *size <= BLOB_MAX_BYTES;
}

bool
reference_takes(const Property *prop, JsonbValue *value)
{
	int64		blob_id;
	int64		size;

	if ((prop->type != PT_UNICODE && prop->type != PT_BINARY) ||
		!reference_read(value, &blob_id, &size))
		return false;
	value_from_object(value, reference_build(blob_id, size));
	return true;
}

/* ----------------------------------------------------- visiting references */

/* Return true if an object or an array contains objects or arrays. */
static bool
has_containers(const JsonbContainer *container)
{
	int			first = 0;
	int			count = JsonContainerSize(container);

	if (JsonContainerIsObject(container))
		first = count;			/* behind the keys */
	for (int i = first; i < first + count; i++)
	{
		if (JBE_ISCONTAINER(container->children[i]))
			return true;
	}
	return false;
}

/* Visit the references in an object or an array, at any depth. */
static void
visit_container(JsonbContainer *container, ReferenceVisitor visit, void *arg)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!has_containers(container))
		return;
	check_stack_depth();
	it = JsonbIteratorInit(container);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		int64		blob_id;
		int64		size;

		CHECK_FOR_INTERRUPTS();
		if ((token != WJB_ELEM && token != WJB_VALUE) ||
			value.type != jbvBinary)
			continue;
		if (reference_read(&value, &blob_id, &size))
			visit(blob_id, size, arg);
		else
			visit_container(value.val.binary.data, visit, arg);
	}
}

void
references_visit(const Jsonb *object, ReferenceVisitor visit, void *arg)
{
	visit_container(unconstify(JsonbContainer *, &object->root), visit, arg);
}

/*
 * Replace the references in an array, or in an object of properties; "prop" is
 * the property whose value the array is.
 */
static Jsonb *
map_container(const Property *prop, JsonbContainer *container,
			  ReferenceMapper map, void *arg)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	JsonbValue	key = {.type = jbvNull};
	Property	of_key;
	BagList		members;

	check_stack_depth();
	baglist_init(&members, JsonContainerSize(container));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			key = value;
		else if (token == WJB_VALUE)
		{
			if (!spelling_lookup(key.val.string.val, key.val.string.len,
								 &of_key))
				of_key = *prop;
			references_map(&of_key, &value, map, arg);
			baglist_add_value(&members, key.val.string.val,
							  key.val.string.len, &value);
		}
		else if (token == WJB_ELEM)
		{
			references_map(prop, &value, map, arg);
			baglist_add_value(&members, "", 0, &value);
		}
	}
	return JsonContainerIsObject(container) ? baglist_build(&members) :
		baglist_build_array(&members);
}

void
references_map(const Property *prop, JsonbValue *value, ReferenceMapper map,
			   void *arg)
{
	int64		blob_id;
	int64		size;

	if (value->type != jbvBinary)
		return;
	if (reference_read(value, &blob_id, &size))
		value_from_object(value,
						  reference_build(map(prop, blob_id, size, arg), size));
	else
		value_from_object(value, map_container(prop, value->val.binary.data,
											   map, arg));
}

/* ReferenceVisitor: set the bool in "arg". */
static void
note_any(int64 blob_id, int64 size, void *arg)
{
	*(bool *) arg = true;
}

bool
references_any(const Jsonb *object)
{
	bool		any = false;

	references_visit(object, note_any, &any);
	return any;
}

/* ReferenceVisitor: add the size to the int64 in "arg". */
static void
add_bytes(int64 blob_id, int64 size, void *arg)
{
	*(int64 *) arg += size;
}

int64
references_size(const Jsonb *object)
{
	int64		bytes = 0;

	references_visit(object, add_bytes, &bytes);
	return bytes;
}

int64
references_size_of_value(const JsonbValue *value)
{
	int64		bytes = 0;

	if (value->type == jbvBinary)
		visit_container(value->val.binary.data, add_bytes, &bytes);
	return bytes;
}
