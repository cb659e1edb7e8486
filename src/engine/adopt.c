/*-------------------------------------------------------------------------
 *
 * adopt.c
 *	  Adopting the blobs of a version or a draft when it is stored.
 *
 * NOTES
 *	  Any string or binary property of a message, of its attachments and of the
 *	  messages embedded in them can be a reference to a blob.  Before the row
 *	  that contains a reference is written, the blob is sealed and the
 *	  reference is recorded, or an error is raised: see blob_adopt().
 *
 *	  Bytes of an attachment that were given as a value of more than
 *	  INLINE_BYTES become a blob here, so that versions share them and the list
 *	  stays small.  A save calls these functions only when it can no longer be
 *	  refused.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"

#define INLINE_BYTES	8192

static const char *const bytes_name = "PR_ATTACH_DATA_BIN";
static const char *const message_name = "PR_ATTACH_DATA_OBJ";
static const char *const list_name = "PR_MESSAGE_ATTACHMENTS";

static Jsonb *adopt_list(const Adoption *adoption, JsonbContainer *array);

/* Return a bag with one member, which is an object or an array. */
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

/* Adopt the blobs to which members of a bag or of a patch refer. */
static void
adopt_members(const Adoption *adoption, const Jsonb *bag)
{
	int			count;
	BagEntry   *entries;

	if (!references_any(bag))
		return;
	entries = bag_entries(bag, &count);
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
		if (!reference_read(&value, &blob_id, &size))
			continue;
		spelling_resolve(entries[i].key, entries[i].keylen, &prop);
		blob_adopt(adoption, blob_id, size, prop.type == PT_UNICODE);
	}
	pfree(entries);
}

/*
 * Adopt the blobs of an embedded message.  "object" is the attachment, and
 * "embedded" the message in it.  Returns the attachment as it is to be stored,
 * or NULL if it does not change.
 */
static Jsonb *
adopt_embedded(const Adoption *adoption, const Jsonb *object,
			   const JsonbValue *embedded)
{
	MemoryContext level = object_level_begin();
	Jsonb	   *message = object_in_place(embedded);
	Jsonb	   *result = NULL;
	Jsonb	   *list;
	JsonbValue	value;
	int64		number;

	adopt_members(adoption, message);
	if (bag_find(message, list_name, &value) &&
		(list = adopt_list(adoption, value.val.binary.data)) != NULL)
	{
		message = bag_splice(message, one_member(list_name, list), false);
		result = bag_splice(object, one_member(message_name, message), false);
		/* the size has changed */
		if (object_number(object, "PR_ATTACH_NUM", &number))
			result = attachment_finish(result, number);
	}
	return object_level_end(level, result);
}

/*
 * Adopt the blobs of an attachment, and store its bytes as a blob if they are
 * large.  Returns the attachment as it is to be stored, or NULL if it does not
 * change.
 */
static Jsonb *
adopt_attachment(const Adoption *adoption, const Jsonb *object)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;

	adopt_members(adoption, object);
	if (bag_find(object, message_name, &value))
		return adopt_embedded(adoption, object, &value);
	if (!bag_find(object, bytes_name, &value) || value.type != jbvString)
		return NULL;
	size = base64_size(value.val.string.val, value.val.string.len);
	if (size <= INLINE_BYTES)
		return NULL;
	blob_id = blob_store(adoption,
						 VARDATA(base64_bytes(value.val.string.val,
											  value.val.string.len)), size);
	return bag_splice(object,
					  one_member(bytes_name, reference_build(blob_id, size)),
					  false);
}

/*
 * Adopt the blobs of a list of attachments.  Returns the list as it is to be
 * stored, or NULL if it does not change.
 */
static Jsonb *
adopt_list(const Adoption *adoption, JsonbContainer *array)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	value;
	BagList		stored;
	bool		changed = false;

	check_stack_depth();
	baglist_init(&stored, JsonContainerSize(array));
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		Jsonb	   *object = adopt_attachment(adoption,
											  object_in_place(&value));

		CHECK_FOR_INTERRUPTS();
		if (object != NULL)
			value_from_object(&value, object);
		changed = changed || object != NULL;
		baglist_add_value(&stored, "", 0, &value);
	}
	return changed ? baglist_build_array(&stored) : NULL;
}

void
adopt_edits(const Adoption *adoption, Edits *edits)
{
	if (edits->value[PART_PROPS] != NULL)
		adopt_members(adoption, (Jsonb *) edits->value[PART_PROPS]);
	if (edits->value[PART_ATTACHMENTS] != NULL)
	{
		Datum		pending = PointerGetDatum(edits->value[PART_ATTACHMENTS]);
		Jsonb	   *list = DatumGetJsonbP(pending);
		Jsonb	   *stored = adopt_list(adoption, &list->root);

		edits->value[PART_ATTACHMENTS] =
			(struct varlena *) (stored != NULL ? stored : list);
	}
}

void
adopt_content(const Adoption *adoption, Content *content)
{
	adopt_members(adoption, DatumGetJsonbP(content->value[PART_PROPS]));
	if (!content->isnull[PART_ATTACHMENTS])
	{
		Jsonb	   *list = DatumGetJsonbP(content->value[PART_ATTACHMENTS]);
		Jsonb	   *stored = adopt_list(adoption, &list->root);

		if (stored != NULL)
			content->value[PART_ATTACHMENTS] = JsonbPGetDatum(stored);
	}
}

bool
adopt_needed(const Edits *edits)
{
	return edits->value[PART_ATTACHMENTS] != NULL ||
		(edits->value[PART_PROPS] != NULL &&
		 references_any((Jsonb *) edits->value[PART_PROPS]));
}
