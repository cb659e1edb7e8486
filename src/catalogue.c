/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *	  The properties that are known: from any spelling to canonical name,
 *	  tag, type, part and rule.
 *
 * NOTES
 *	  The tables are constant and hold no pointers, so that a backend shares
 *	  their pages with all others and pays nothing for them at load.  They
 *	  are made at build time by tools/gen_catalogue.pl, which also decides
 *	  which name is the canonical one.
 *
 *	  Spellings are found through a hash of their bytes; every save comes
 *	  through here once a property.  Tags in hex are read, not looked up as
 *	  text: any id below 0x8000 may be used with any type that can be stored,
 *	  whether it has a name or not.  Ids from 0x8000 on belong to named
 *	  properties, and mean something else in every store.
 *
 *-------------------------------------------------------------------------
 */
#include "msgstore.h"

typedef struct CatalogueProperty
{
	uint32		tag;			/* 0 for a named property */
	uint32		name;			/* offset into catalogue_text */
	uint16		type;
	uint16		instead;		/* the property to set in its place, or none */
	uint8		namelen;
	uint8		part;
	uint8		rule;
} CatalogueProperty;

typedef struct CatalogueSpelling
{
	uint32		text;			/* offset into catalogue_text */
	uint16		property;		/* index into catalogue_properties */
	uint8		len;
} CatalogueSpelling;

typedef struct CatalogueType
{
	uint16		code;
	bool		storable;
	char		name[16];
} CatalogueType;

#define NO_ENTRY		0xFFFF	/* of "instead", and an empty slot */
#define HEX_TAG_LEN		10		/* 0xIIIITTTT */
#define FIRST_NAMED_ID	0x8000
#define LAST_MAPI_ID	0x3FFF	/* ids up to here have one meaning */

#define TAG_ID(tag)		((tag) >> 16)
#define TAG_TYPE(tag)	((uint16) ((tag) & 0xFFFF))

#include "catalogue.gen.h"

static const CatalogueProperty *find_spelling(const char *spelling, int len);
static bool read_hex_tag(const char *spelling, int len, uint32 *tag);
static int	first_with_id(uint32 tag);
static const CatalogueProperty *find_tag(uint32 tag);
static const CatalogueType *find_type(uint16 code);
static void fill_property(const CatalogueProperty *entry, Property *prop);
static void refuse_type(const Property *prop);
static void refuse_hex_tag(const Property *prop);

/*
 * Look a property up by any of its spellings (not NUL-terminated).  Returns
 * false where the spelling is none: no name, no hex tag.
 */
bool
property_lookup(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry;
	uint32		tag;

	entry = find_spelling(spelling, len);
	if (entry == NULL)
	{
		if (!read_hex_tag(spelling, len, &tag))
			return false;
		entry = find_tag(tag);
		if (entry == NULL)
		{
			prop->name = psprintf("0x%08X", tag);
			prop->namelen = HEX_TAG_LEN;
			prop->tag = tag;
			prop->type = TAG_TYPE(tag);
			prop->part = PART_PROPS;
			prop->rule = RULE_STORED;
			return true;
		}
	}
	fill_property(entry, prop);
	return true;
}

/*
 * The same, but what cannot be stored raises an error that names it: an
 * unknown spelling, a named property, a property in a type that cannot be
 * stored, or that another one stands for.
 */
void
property_resolve(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = find_spelling(spelling, len);
	const CatalogueType *type;
	uint32		tag = 0;

	if (entry == NULL && !read_hex_tag(spelling, len, &tag))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property \"%s\" is not known",
						text_shown(spelling, len)),
				 errhint("A property goes by its PR_ or PidTag name, in exactly this case, or by its tag in hex, as in 0x0037001F. Named properties are not supported yet.")));

	if (entry == NULL)
	{
		(void) property_lookup(spelling, len, prop);
		refuse_hex_tag(prop);
		entry = find_tag(prop->tag);
	}
	else
		fill_property(entry, prop);

	if (prop->tag == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("property %s is a named property, which cannot be stored",
						prop->name),
				 errhint("Only properties with a tag of their own are supported yet.")));
	if (entry != NULL && entry->instead != NO_ENTRY)
	{
		const CatalogueProperty *instead;

		instead = &catalogue_properties[entry->instead];
		ereport(ERROR,
				(errmapi(MAPI_E_TYPE_NO_SUPPORT),
				 errmsg("property %s cannot be used", prop->name),
				 errhint("It is %s in another type; use that.",
						 catalogue_text + instead->name)));
	}

	type = find_type(prop->type);
	if ((type == NULL || !type->storable) && prop->part == PART_PROPS)
		refuse_type(prop);
}

/* The name of a type code ("PT_UNICODE"), or NULL. */
const char *
property_type_name(uint16 type)
{
	const CatalogueType *entry = find_type(type);

	return entry == NULL ? NULL : entry->name;
}

/* The entry of a spelling that is a name, else NULL. */
static const CatalogueProperty *
find_spelling(const char *spelling, int len)
{
	uint32		hash = 2166136261U;
	uint32		slot;

	/* FNV-1a, as in gen_catalogue.pl */
	for (int i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) spelling[i]) * 16777619U;

	/* the table is never full, so there is an empty slot to end at */
	for (slot = hash % CATALOGUE_SLOTS;
		 catalogue_slots[slot] != NO_ENTRY;
		 slot = (slot + 1) % CATALOGUE_SLOTS)
	{
		const CatalogueSpelling *entry;

		entry = &catalogue_spellings[catalogue_slots[slot]];
		if (entry->len == len &&
			memcmp(catalogue_text + entry->text, spelling, len) == 0)
			return &catalogue_properties[entry->property];
	}
	return NULL;
}

/*
 * Read a tag in hex: 0x and eight digits.  The tag of an 8-bit string comes
 * back as that of the Unicode one: they are one property.
 */
static bool
read_hex_tag(const char *spelling, int len, uint32 *tag)
{
	uint32		result = 0;

	if (len != HEX_TAG_LEN || spelling[0] != '0' || spelling[1] != 'x')
		return false;
	for (int i = 2; i < len; i++)
	{
		char		c = spelling[i];

		if (c >= '0' && c <= '9')
			result = result << 4 | (c - '0');
		else if (c >= 'A' && c <= 'F')
			result = result << 4 | (c - 'A' + 10);
		else if (c >= 'a' && c <= 'f')
			result = result << 4 | (c - 'a' + 10);
		else
			return false;
	}
	if (TAG_ID(result) == 0)
		return false;
	if (TAG_TYPE(result) == PT_STRING8 || TAG_TYPE(result) == PT_MV_STRING8)
		result++;
	*tag = result;
	return true;
}

/* Index of the first tagged property at or after a tag. */
static int
first_with_id(uint32 tag)
{
	int			low = 0;
	int			high = CATALOGUE_TAGGED;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (catalogue_properties[middle].tag < tag)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const CatalogueProperty *
find_tag(uint32 tag)
{
	int			i = first_with_id(tag);

	if (i < CATALOGUE_TAGGED && catalogue_properties[i].tag == tag)
		return &catalogue_properties[i];
	return NULL;
}

static const CatalogueType *
find_type(uint16 code)
{
	int			low = 0;
	int			high = lengthof(catalogue_types);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (catalogue_types[middle].code == code)
			return &catalogue_types[middle];
		if (catalogue_types[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void
fill_property(const CatalogueProperty *entry, Property *prop)
{
	prop->name = catalogue_text + entry->name;
	prop->namelen = entry->namelen;
	prop->tag = entry->tag;
	prop->type = entry->type;
	prop->part = (Part) entry->part;
	prop->rule = (PropertyRule) entry->rule;
}

/* Raise the error about a type whose values cannot be stored. */
static void
refuse_type(const Property *prop)
{
	const char *name = property_type_name(prop->type);

	if (name == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_TYPE),
				 errmsg("tag %s ends in 0x%04X, which is no property type",
						prop->name, prop->type)));
	if (prop->type == PT_UNSPECIFIED || prop->type == PT_NULL ||
		prop->type == PT_ERROR)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_TYPE),
				 errmsg("property %s is of type %s, which has no values",
						prop->name, name)));
	ereport(ERROR,
			(errmapi(MAPI_E_TYPE_NO_SUPPORT),
			 errmsg("property %s is of type %s, which cannot be stored",
					prop->name, name)));
}

/*
 * Refuse a hex tag that would store something twice, or under an id that
 * means nothing here.
 */
static void
refuse_hex_tag(const Property *prop)
{
	uint32		id = TAG_ID(prop->tag);
	int			first;

	if (id >= FIRST_NAMED_ID)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("tag 0x%08X is that of a named property, which cannot be stored",
						prop->tag),
				 errhint("Ids from 0x8000 on mean something else in every store. Only properties with a tag of their own are supported yet.")));

	/* an id of MAPI's own has the types that the catalogue gives it */
	if (id > LAST_MAPI_ID || find_tag(prop->tag) != NULL)
		return;
	first = first_with_id(id << 16);
	if (first < CATALOGUE_TAGGED &&
		TAG_ID(catalogue_properties[first].tag) == id)
	{
		const CatalogueProperty *known = &catalogue_properties[first];
		const char *type = property_type_name(known->type);

		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("tag %s has the id of %s in another type",
						prop->name, catalogue_text + known->name),
				 errhint("%s is of type %s.", catalogue_text + known->name,
						 type)));
	}
}
