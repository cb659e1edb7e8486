/*-------------------------------------------------------------------------
 *
 * content.c
 *	  The values of one version of a message, part by part.
 *
 * NOTES
 *	  A part is a value that has a column of its own in table message: the bag
 *	  of properties, the two lists, the transport headers and the three bodies.
 *	  If the value of a part is a blob, the column is NULL, and the bag has a
 *	  reference (reference.c) under the name of the part's property.
 *
 *	  Values are shared and never changed in place.  They may be TOAST
 *	  pointers, so that a part that is not touched is never fetched.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "access/detoast.h"
#include "utils/builtins.h"

#define SEARCH_KEY_BYTES	16

/* ------------------------------------------------------------------- parts */

static const char *const part_names[NUM_PARTS] = {
	NULL,
	"PR_MESSAGE_RECIPIENTS",
	"PR_MESSAGE_ATTACHMENTS",
	"PR_TRANSPORT_MESSAGE_HEADERS",
	"PR_BODY",
	"PR_HTML",
	"PR_RTF_COMPRESSED"
};

const char *
part_name(Part part)
{
	return part_names[part];
}

Part
part_of(const char *name, int len)
{
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (strlen(part_names[p]) == len &&
			memcmp(part_names[p], name, len) == 0)
			return (Part) p;
	}
	return PART_PROPS;
}

bool
part_named(const Jsonb *bag, Part part)
{
	JsonbValue	value;

	return bag != NULL && bag_find(bag, part_names[part], &value);
}

bool
part_is_blob(const Jsonb *bag, Part part)
{
	JsonbValue	value;

	return bag != NULL && part >= PART_HEADERS &&
		bag_find(bag, part_names[part], &value) && value.type != jbvNull;
}

const char *
part_number_name(Part part)
{
	Assert(IS_LIST(part));
	return part == PART_RECIPIENTS ? "PR_ROWID" : "PR_ATTACH_NUM";
}

char *
part_object_name(Part part, int64 number)
{
	Assert(IS_LIST(part));
	return psprintf("%s[%lld]", part_names[part], (long long) number);
}

bool
part_of_object_name(const char *name, Part *part, int64 *number)
{
	const char *bracket = strrchr(name, '[');

	if (bracket == NULL)
		return false;
	*part = part_of(name, bracket - name);
	*number = strtoll(bracket + 1, NULL, 10);
	return IS_LIST(*part);
}

struct varlena *
part_value(Part part, JsonbValue *value)
{
	switch (part)
	{
		case PART_HEADERS:
		case PART_BODY:
			return (struct varlena *)
				cstring_to_text_with_len(value->val.string.val,
										 value->val.string.len);
		case PART_HTML:
		case PART_RTF:
			return (struct varlena *)
				base64_bytes(value->val.string.val, value->val.string.len);
		default:
			return (struct varlena *) JsonbValueToJsonb(value);
	}
}

/* ---------------------------------------------------------------- contents */

void
content_from_bag(Content *content, Jsonb *bag)
{
	for (int p = 0; p < NUM_PARTS; p++)
		content->isnull[p] = (p != PART_PROPS);
	content->value[PART_PROPS] = JsonbPGetDatum(bag);
}

/*
 * Add a new search key.  A call of the generator costs as much for many bytes
 * as for a few, so the bytes of several keys are made at once.
 */
void
content_add_search_key(BagList *list)
{
	static uint8 keys[32][SEARCH_KEY_BYTES];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(keys, sizeof(keys)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a search key")));
		left = lengthof(keys);
	}
	left--;
	baglist_add_base64(list, "PR_SEARCH_KEY", keys[left], SEARCH_KEY_BYTES);
}

Jsonb *
content_defaults(void)
{
	BagList		list;

	baglist_init(&list, 4);
	baglist_add_int(&list, "PR_IMPORTANCE", 1);
	baglist_add_int(&list, "PR_SENSITIVITY", 0);
	baglist_add_cstring(&list, "PR_MESSAGE_CLASS", "IPM.Note", 8);
	content_add_search_key(&list);
	return baglist_build(&list);
}

bool
content_has(const Content *content, Part part)
{
	return !content->isnull[part] ||
		part_is_blob(DatumGetJsonbP(content->value[PART_PROPS]), part);
}

Jsonb *
content_list(const Content *content, Part part)
{
	return content->isnull[part] ? NULL :
		DatumGetJsonbP(content->value[part]);
}

int64
content_part_size(const Content *content, Part part)
{
	Datum		value = content->value[part];
	int64		size;

	if (content->isnull[part])
		return 0;
	size = toast_raw_datum_size(value) - VARHDRSZ;
	if (part == PART_ATTACHMENTS || part == PART_PROPS)
		size += references_size(DatumGetJsonbP(value));
	return size;
}

int64
content_size(const Content *content)
{
	int64		size = 0;

	for (int p = 0; p < NUM_PARTS; p++)
		size += content_part_size(content, p);
	return size;
}

/* Return the id of the blob to which a part refers, or 0. */
static int64
blob_of(const Content *content, Part part)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;

	if (bag_find(DatumGetJsonbP(content->value[PART_PROPS]), part_name(part),
				 &value) && reference_read(&value, &blob_id, &size))
		return blob_id;
	return 0;
}

bool
content_same_part(const Content *a, const Content *b, Part part)
{
	struct varlena *x,
			   *y;

	if (a->isnull[part] || b->isnull[part])
		return a->isnull[part] == b->isnull[part] &&
			blob_of(a, part) == blob_of(b, part);
	if (a->value[part] == b->value[part])
		return true;
	if (toast_raw_datum_size(a->value[part]) !=
		toast_raw_datum_size(b->value[part]))
		return false;
	x = PG_DETOAST_DATUM_PACKED(a->value[part]);
	y = PG_DETOAST_DATUM_PACKED(b->value[part]);
	return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

/* ----------------------------------------------------- messages as objects */

/*
 * Add a part to a list of members: headers and the text body as strings, the
 * HTML and RTF bodies as base64, a list as an array.
 */
void
content_add_part(const Content *content, Part part, BagList *list)
{
	struct varlena *value;
	const char *name = part_name(part);

	if (content->isnull[part])
		return;
	switch (part)
	{
		case PART_HEADERS:
		case PART_BODY:
			value = PG_DETOAST_DATUM_PACKED(content->value[part]);
			baglist_add_cstring(list, name, VARDATA_ANY(value),
								VARSIZE_ANY_EXHDR(value));
			break;
		case PART_HTML:
		case PART_RTF:
			value = PG_DETOAST_DATUM_PACKED(content->value[part]);
			baglist_add_base64(list, name, VARDATA_ANY(value),
							   VARSIZE_ANY_EXHDR(value));
			break;
		default:
			{
				Jsonb	   *array = DatumGetJsonbP(content->value[part]);
				JsonbValue	binary;

				value_from_object(&binary, array);
				baglist_add_value(list, name, strlen(name), &binary);
			}
			break;
	}
}

Jsonb *
content_to_object(const Content *content)
{
	BagList		list;
	int			count;
	BagEntry   *entries =
	bag_entries(DatumGetJsonbP(content->value[PART_PROPS]), &count);

	baglist_init(&list, count + NUM_PARTS);
	for (int i = 0; i < count; i++)
		baglist_add(&list, &entries[i]);
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
		content_add_part(content, p, &list);
	return baglist_build(&list);
}

/*
 * Make a content from an object.  A member under the name of a part becomes
 * the part, any other member becomes a member of the bag.
 */
void
content_from_object(Content *content, const Jsonb *object)
{
	int			count;
	BagEntry   *entries = bag_entries(object, &count);
	BagList		props;

	content_from_bag(content, NULL);
	baglist_init(&props, count);
	for (int i = 0; i < count; i++)
	{
		Part		p = part_of(entries[i].key, entries[i].keylen);
		JsonbValue	value;

		/* a string or binary part whose value is an object is a blob */
		if (p == PART_PROPS ||
			(p >= PART_HEADERS && entries[i].type == JENTRY_ISCONTAINER))
		{
			baglist_add(&props, &entries[i]);
			continue;
		}
		entry_value(&entries[i], &value);
		content->value[p] = PointerGetDatum(part_value(p, &value));
		content->isnull[p] = false;
	}
	content->value[PART_PROPS] = JsonbPGetDatum(baglist_build(&props));
}

/* ----------------------------------------------------------- SQL functions */

/*
 * message_size(recipients jsonb, attachments jsonb, headers text, body text,
 *				html bytea, rtf bytea, props jsonb) RETURNS bigint
 *
 * Return PR_MESSAGE_SIZE in bytes, from the columns of a row of message.  Any
 * argument may be NULL.  Values stored out of line are not fetched, except for
 * attachments and props, in which the sizes of blobs are looked up.
 */
PG_FUNCTION_INFO_V1(message_size);
Datum
message_size(PG_FUNCTION_ARGS)
{
	Content		content;

	Assert(PG_NARGS() == NUM_PARTS);
	for (int i = 0; i < NUM_PARTS; i++)
	{
		int			part = (i + 1) % NUM_PARTS; /* props come last */

		content.value[part] = PG_GETARG_DATUM(i);
		content.isnull[part] = PG_ARGISNULL(i);
	}
	PG_RETURN_INT64(content_size(&content));
}
