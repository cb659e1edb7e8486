/*-------------------------------------------------------------------------
 *
 * adopt.c
 *	  What a version or a draft brings with it when it is stored: the blobs
 *	  that it refers to.
 *
 * NOTES
 *	  References can stand under any string or binary property of a message, of
 *	  its attachments and of the messages that those embed.  Each is sealed and
 *	  recorded (blob_adopt), or refused, before the row that has it is written.
 *
 *	  Bytes of an attachment that came as a value of more than INLINE_BYTES
 *	  become a blob here, so that versions share them and the list stays small.
 *	  A save does this only once it can no longer be refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "msgstore.h"
#include "bag.h"

#define INLINE_BYTES	8192

static const char *const bytes_name = "PR_ATTACH_DATA_BIN";
static const char *const message_name = "PR_ATTACH_DATA_OBJ";
static const char *const list_name = "PR_MESSAGE_ATTACHMENTS";

static Jsonb *adopt_list(const Adoption *adoption, const Jsonb *array);

/* A bag of one member that is an object or an array. */
static Jsonb *
one_member(const char *name, const Jsonb *object)
{
	BagList		list;
	JsonbValue	value;

	value_from_object(&value, object);
	baglist_init(&list, 1);
	baglist_add_value(&list, name, strlen(name), &value);
	return baglist_build(&list);
}

/* Adopt the blobs that members of a bag, or of a patch of one, are. */
static void
adopt_members(const Adoption *adoption, const Jsonb *bag)
{
	int			count;
	BagEntry   *entries = bag_entries(bag, &count);

	for (int i = 0; i < count; i++)
	{
		JsonbValue	value;
		Property	prop;
		int64		blob_id;
		int64		size;

		if (entries[i].type != JENTRY_ISCONTAINER)
			continue;
		CHECK_FOR_INTERRUPTS();
		entry_value(&entries[i], &value);
		if (!blob_from_value(&value, &blob_id, &size))
			continue;
		property_resolve(entries[i].key, entries[i].keylen, &prop);
		blob_adopt(adoption, blob_id, size, prop.type == PT_UNICODE);
	}
	pfree(entries);
}

/* An attachment that embeds a message, with what is in that adopted. */
static Jsonb *
adopt_embedded(const Adoption *adoption, Jsonb *object, JsonbValue *value)
{
	MemoryContext level = object_level_begin();
	Jsonb	   *message = object_from_value(value);
	Jsonb	   *list;

	adopt_members(adoption, message);
	if (!bag_find(message, list_name, value))
		return object_level_end(level, object);
	list = adopt_list(adoption, object_from_value(value));
	message = bag_splice(message, one_member(list_name, list), false);
	return object_level_end(level,
							bag_splice(object,
									   one_member(message_name, message),
									   false));
}

/* The attachment with its bytes where they are to be stored. */
static Jsonb *
adopt_attachment(const Adoption *adoption, Jsonb *object)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;

	adopt_members(adoption, object);
	if (bag_find(object, message_name, &value))
		return adopt_embedded(adoption, object, &value);
	if (!bag_find(object, bytes_name, &value) || value.type != jbvString)
		return object;
	size = base64_size(value.val.string.val, value.val.string.len);
	if (size <= INLINE_BYTES)
		return object;
	blob_id = blob_store(adoption,
						 VARDATA(base64_bytes(value.val.string.val,
											  value.val.string.len)), size);
	return bag_splice(object,
					  one_member(bytes_name, blob_reference(blob_id, size)),
					  false);
}

static Jsonb *
adopt_list(const Adoption *adoption, const Jsonb *array)
{
	ObjectList	list;

	check_stack_depth();
	objects_read(array, &list);
	for (int i = 0; i < list.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		list.objects[i] = adopt_attachment(adoption, list.objects[i]);
	}
	return objects_build(&list);
}

void
adopt_edits(const Adoption *adoption, Edits *edits)
{
	if (edits->value[PART_PROPS] != NULL)
		adopt_members(adoption, (Jsonb *) edits->value[PART_PROPS]);
	if (edits->value[PART_ATTACHMENTS] != NULL)
		edits->value[PART_ATTACHMENTS] = (struct varlena *)
			adopt_list(adoption,
					   DatumGetJsonbP(PointerGetDatum(edits->value[PART_ATTACHMENTS])));
}

void
adopt_content(const Adoption *adoption, Content *content)
{
	adopt_members(adoption, DatumGetJsonbP(content->value[PART_PROPS]));
	if (!content->isnull[PART_ATTACHMENTS])
		content->value[PART_ATTACHMENTS] =
			JsonbPGetDatum(adopt_list(adoption,
									  DatumGetJsonbP(content->value[PART_ATTACHMENTS])));
}

bool
adopt_needed(const Edits *edits)
{
	return edits->value[PART_ATTACHMENTS] != NULL ||
		(edits->value[PART_PROPS] != NULL &&
		 blobs_any((Jsonb *) edits->value[PART_PROPS]));
}
