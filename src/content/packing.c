/*-------------------------------------------------------------------------
 *
 * packing.c
 *	  Bags in few bytes, as the history keeps the values that changes replaced.
 *
 * NOTES
 *	  The undo of a small save is mostly names and the frame of jsonb: four
 *	  bytes per name and per value, and padding.  Packed, a member is a head,
 *	  the key, and the bytes of the value:
 *
 *		head	one byte: the kind of the value, and SPELLED
 *		key		the tag of a property of the catalogue, four bytes, the
 *				highest first; with SPELLED, the length and bytes of the name
 *		value	of strings, numbers and containers: length and bytes
 *
 *	  A length has seven bits per byte, the lowest first; the high bit is set
 *	  in all bytes but the last.  A number is a numeric without its header of
 *	  length, a container is one of jsonb.  A tag has one canonical name in all
 *	  releases (gen_catalogue.pl), so it can stand for the name.
 *
 *	  Any bytes can be read without harm to the server, except containers and
 *	  numbers, which are copied unread.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "catalogue.h"

/* The kinds of values.  The numbers are stored. */
#define KIND_NULL		0
#define KIND_FALSE		1
#define KIND_TRUE		2
#define KIND_STRING		3
#define KIND_NUMERIC	4
#define KIND_CONTAINER	5

#define SPELLED			0x80

#define TAG_BYTES		4
#define MAX_LENGTH_BYTES 5

/* ----------------------------------------------------------------- packing */

/* The kind of a value; the index is the JENTRY_* type. */
static int
kind_of(uint32 type)
{
	switch (type)
	{
		case JENTRY_ISNULL:
			return KIND_NULL;
		case JENTRY_ISBOOL_FALSE:
			return KIND_FALSE;
		case JENTRY_ISBOOL_TRUE:
			return KIND_TRUE;
		case JENTRY_ISSTRING:
			return KIND_STRING;
		case JENTRY_ISNUMERIC:
			return KIND_NUMERIC;
		default:
			return KIND_CONTAINER;
	}
}

/* Write a length and as many bytes; return the place behind them. */
static char *
put_bytes(char *at, const char *bytes, uint32 len)
{
	uint32		rest = len;

	while (rest > 0x7F)
	{
		*at++ = (char) (0x80 | (rest & 0x7F));
		rest >>= 7;
	}
	*at++ = (char) rest;
	memcpy(at, bytes, len);
	return at + len;
}

/* Write a member; return the place behind it. */
static char *
put_member(char *at, const BagEntry *entry)
{
	int			kind = kind_of(entry->type);
	const CatalogueProperty *known = catalogue_find(entry->key, entry->keylen);

	if (known != NULL && known->tag != 0 && known->namelen == entry->keylen &&
		memcmp(catalogue_string(known->name), entry->key,
			   entry->keylen) == 0)
	{
		*at++ = (char) kind;
		*at++ = (char) (known->tag >> 24);
		*at++ = (char) (known->tag >> 16);
		*at++ = (char) (known->tag >> 8);
		*at++ = (char) known->tag;
	}
	else
	{
		*at++ = (char) (kind | SPELLED);
		at = put_bytes(at, entry->key, entry->keylen);
	}
	if (kind == KIND_NUMERIC)
		return put_bytes(at, VARDATA_ANY(entry->data),
						 VARSIZE_ANY_EXHDR(entry->data));
	if (kind >= KIND_STRING)
		return put_bytes(at, entry->data, entry->len);
	return at;
}

bytea *
packed_bag(const Jsonb *bag)
{
	int			count;
	BagEntry   *entries = bag_entries(bag, &count);
	Size		size = VARHDRSZ;
	bytea	   *packed;
	char	   *at;

	for (int i = 0; i < count; i++)
		size += 1 + Max(TAG_BYTES, MAX_LENGTH_BYTES + entries[i].keylen) +
			MAX_LENGTH_BYTES + entries[i].len;
	packed = palloc(size);
	at = VARDATA(packed);
	for (int i = 0; i < count; i++)
		at = put_member(at, &entries[i]);
	SET_VARSIZE(packed, at - (char *) packed);
	pfree(entries);
	return packed;
}

/* ----------------------------------------------------------------- reading */

typedef struct Reading
{
	const char *at;
	const char *end;
} Reading;

pg_noreturn static void
refuse(void)
{
	ereport(ERROR,
			(errmapi(MAPI_E_CORRUPT_DATA),
			 errmsg("the undo of a change cannot be read")));
}

/* Take bytes, which are not copied. */
static const char *
take(Reading *reading, Size len)
{
	const char *bytes = reading->at;

	if (len > reading->end - reading->at)
		refuse();
	reading->at += len;
	return bytes;
}

/* Take a length and as many bytes, which are not copied. */
static const char *
take_bytes(Reading *reading, int *len)
{
	uint32		length = 0;
	int			shift = 0;
	unsigned char byte;

	do
	{
		byte = (unsigned char) *take(reading, 1);
		if (shift > 28)
			refuse();
		length |= (uint32) (byte & 0x7F) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (length > JENTRY_OFFLENMASK)
		refuse();
	*len = (int) length;
	return take(reading, length);
}

/* Take the key of a member. */
static void
take_key(Reading *reading, bool is_spelled, BagEntry *entry)
{
	const unsigned char *bytes;
	const CatalogueProperty *known;

	if (is_spelled)
	{
		entry->key = take_bytes(reading, &entry->keylen);
		pg_verifymbstr(entry->key, entry->keylen, false);
		return;
	}
	bytes = (const unsigned char *) take(reading, TAG_BYTES);
	known = catalogue_find_tag((uint32) bytes[0] << 24 | bytes[1] << 16 |
							   bytes[2] << 8 | bytes[3]);
	if (known == NULL)
		refuse();
	entry->key = catalogue_string(known->name);
	entry->keylen = known->namelen;
}

/* Take the value of a member; a number is palloc'd. */
static void
take_value(Reading *reading, int kind, BagEntry *entry)
{
	static const uint32 types[] = {JENTRY_ISNULL, JENTRY_ISBOOL_FALSE,
		JENTRY_ISBOOL_TRUE, JENTRY_ISSTRING, JENTRY_ISNUMERIC,
	JENTRY_ISCONTAINER};
	struct varlena *numeric;

	if (kind >= lengthof(types))
		refuse();
	entry->type = types[kind];
	entry->data = NULL;
	entry->len = 0;
	if (kind < KIND_STRING)
		return;
	entry->data = take_bytes(reading, &entry->len);
	if (kind != KIND_NUMERIC)
		return;
	numeric = palloc(VARHDRSZ + entry->len);
	SET_VARSIZE(numeric, VARHDRSZ + entry->len);
	memcpy(VARDATA(numeric), entry->data, entry->len);
	entry->data = (const char *) numeric;
	entry->len = VARSIZE(numeric);
}

Jsonb *
packed_read(const bytea *packed)
{
	Reading		reading = {VARDATA_ANY(packed),
	VARDATA_ANY(packed) + VARSIZE_ANY_EXHDR(packed)};
	BagList		members;

	baglist_init(&members, 4);
	while (reading.at < reading.end)
	{
		unsigned char head = (unsigned char) *take(&reading, 1);
		BagEntry	entry;

		take_key(&reading, (head & SPELLED) != 0, &entry);
		take_value(&reading, head & ~SPELLED, &entry);
		baglist_add(&members, &entry);
	}
	return baglist_build(&members);
}

/* ----------------------------------------------------------- SQL functions */

/*
 * pack_undo(undo jsonb) → bytea
 *
 * Return the undo of a change as table change keeps it; "undo" is an object.
 */
PG_FUNCTION_INFO_V1(pack_undo);
Datum
pack_undo(PG_FUNCTION_ARGS)
{
	Jsonb	   *undo = PG_GETARG_JSONB_P(0);

	if (!JB_ROOT_IS_OBJECT(undo))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(packed_bag(undo));
}

/*
 * unpack_undo(undo bytea) → jsonb
 *
 * Return the patch in the undo of a change.
 */
PG_FUNCTION_INFO_V1(unpack_undo);
Datum
unpack_undo(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(packed_read(PG_GETARG_BYTEA_PP(0)));
}
