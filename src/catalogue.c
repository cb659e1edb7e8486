/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *	  The properties that are known: from any spelling to canonical name,
 *	  tag, type, part and rule; and the same as rows.
 *
 * NOTES
 *	  The tables are made at build time by tools/gen_catalogue.pl, which also
 *	  decides which name is the canonical one.  They are constant.
 *
 *	  Spellings are found through a hash of their bytes; every save comes
 *	  through here once a property.  Tags in hex are read, not looked up as
 *	  text: any id below 0x8000 may be used with any type that can be stored,
 *	  whether it has a name or not.  Ids from 0x8000 on belong to named
 *	  properties, and mean something else in every store; those go by their
 *	  names (named.c).
 *
 *-------------------------------------------------------------------------
 */
#include "msgstore.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "catalogue.h"
#include "value.h"
#include "catalogue.gen.h"

static int	first_of_id(uint32 id);
static const CatalogueProperty *find_tag(uint32 tag);
static const CatalogueType *find_type(uint16 code);
static void refuse_type(const Property *prop);
static bool other_type_known(const Property *prop,
							 const CatalogueProperty **known);
static void refuse_hex_tag(const Property *prop);

/* --------------------------------------------------------------- look-up */

/*
 * The rule for an id in a type that the catalogue does not give it: what is
 * computed is so in every type.
 */
static PropertyRule
rule_of_id(uint32 id)
{
	const CatalogueProperty *known = NULL;

	while ((known = catalogue_next_of_id(id, known)) != NULL)
	{
		if (known->rule == RULE_COMPUTED)
			return RULE_COMPUTED;
	}
	return RULE_STORED;
}

/*
 * Look a property up by any of its spellings (not NUL-terminated).  Returns
 * false where the spelling is none: no name, no hex tag.
 */
bool
property_lookup(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = catalogue_find(spelling, len);
	uint32		tag;

	if (entry == NULL)
	{
		if (!catalogue_read_tag(spelling, len, &tag))
			return named_lookup(spelling, len, prop) == NAMED_OK;
		entry = find_tag(tag);
		if (entry == NULL)
		{
			prop->name = psprintf("0x%08X", tag);
			prop->namelen = HEX_TAG_LEN;
			prop->tag = tag;
			prop->type = TAG_TYPE(tag);
			prop->part = PART_PROPS;
			prop->rule = rule_of_id(TAG_ID(tag));
			return true;
		}
	}
	catalogue_fill(entry, prop);
	return true;
}

/*
 * A property as a caller names it; what no property can be stored under
 * raises an error.  Returns the entry of the catalogue, if it has one.
 */
static const CatalogueProperty *
resolve(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = catalogue_find(spelling, len);
	uint32		tag;

	if (entry != NULL)
	{
		catalogue_fill(entry, prop);
		return entry;
	}
	if (catalogue_read_tag(spelling, len, &tag))
	{
		(void) property_lookup(spelling, len, prop);
		if (TAG_ID(tag) >= FIRST_NAMED_ID)
			refuse_hex_tag(prop);
		return find_tag(tag);
	}
	else
	{
		NamedResult named = named_lookup(spelling, len, prop);

		if (named != NAMED_OK)
			named_refuse(named, spelling, len);
		return catalogue_find(prop->name, prop->namelen);
	}
}

/* Refuse a property that cannot be stored. */
static void
check_storable(const CatalogueProperty *entry, const Property *prop)
{
	const CatalogueType *type = find_type(prop->type);

	if (entry != NULL && entry->instead != NO_ENTRY)
	{
		const CatalogueProperty *instead;

		instead = &catalogue_properties[entry->instead];
		ereport(ERROR,
				(errmapi(MAPI_E_TYPE_NO_SUPPORT),
				 errmsg("property %s cannot be used", prop->name),
				 errhint("It is %s in another type; use that.",
						 catalogue_string(instead->name))));
	}
	if ((type == NULL || type->json == 0) && prop->part == PART_PROPS)
		refuse_type(prop);
}

/*
 * The same, but what cannot be stored raises an error that names it: an
 * unknown spelling, a property in a type that cannot be stored, or that
 * another one stands for.
 */
void
property_resolve(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = resolve(spelling, len, prop);

	if (entry == NULL && prop->tag != 0)
		refuse_hex_tag(prop);
	check_storable(entry, prop);
}

/*
 * The same for a property that is only read: false where it is a tag whose id
 * is known in another type, so that no message has it.
 */
bool
property_resolve_read(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = resolve(spelling, len, prop);
	const CatalogueProperty *known;

	/* set through a handle of its own, but shown as any property is */
	if (prop->tag != PR_ATTACH_DATA_OBJ)
		check_storable(entry, prop);
	return !other_type_known(prop, &known);
}

/* The name of a type code ("PT_UNICODE"), or NULL. */
const char *
property_type_name(uint16 type)
{
	const CatalogueType *entry = find_type(type);

	return entry == NULL ? NULL : entry->name;
}

/* What a value of a type is in JSON, in words. */
const char *
property_type_json(uint16 type)
{
	const CatalogueType *entry = find_type(type);

	return entry == NULL ? "" : catalogue_string(entry->json);
}

/* ------------------------------------------------------------- the tables */

const char *
catalogue_string(uint32 offset)
{
	return catalogue_text + offset;
}

const CatalogueProperty *
catalogue_find(const char *spelling, int len)
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
bool
catalogue_read_tag(const char *spelling, int len, uint32 *tag)
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

/* Index of the first tagged property at or after an id. */
static int
first_of_id(uint32 id)
{
	int			low = 0;
	int			high = CATALOGUE_TAGGED;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (TAG_ID(catalogue_properties[middle].tag) < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const CatalogueProperty *
catalogue_next_of_id(uint32 id, const CatalogueProperty *last)
{
	int			i;

	if (last == NULL)
		i = first_of_id(id);
	else
		i = last - catalogue_properties + 1;
	if (i < CATALOGUE_TAGGED && TAG_ID(catalogue_properties[i].tag) == id)
		return &catalogue_properties[i];
	return NULL;
}

static const CatalogueProperty *
find_tag(uint32 tag)
{
	const CatalogueProperty *entry = NULL;

	while ((entry = catalogue_next_of_id(TAG_ID(tag), entry)) != NULL)
	{
		if (entry->tag == tag)
			return entry;
	}
	return NULL;
}

const CatalogueNamed *
catalogue_named_entry(const CatalogueProperty *entry)
{
	Assert(entry->tag == 0);
	return &catalogue_named[entry - catalogue_properties - CATALOGUE_TAGGED];
}

const CatalogueSet *
catalogue_set(int i)
{
	return i < lengthof(catalogue_sets) ? &catalogue_sets[i] : NULL;
}

const CatalogueSet *
catalogue_set_by_name(const char *name, int len)
{
	for (int i = 0; i < lengthof(catalogue_sets); i++)
	{
		const char *known = catalogue_text + catalogue_sets[i].name;

		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return &catalogue_sets[i];
	}
	return NULL;
}

const CatalogueSet *
catalogue_set_by_guid(const uint8 *guid)
{
	for (int i = 0; i < lengthof(catalogue_sets); i++)
	{
		if (memcmp(catalogue_sets[i].guid, guid, VALUE_GUID_BYTES) == 0)
			return &catalogue_sets[i];
	}
	return NULL;
}

/* Whether a text is one of some words with blanks between them. */
static bool
is_one_of(const char *words, const char *text, int len)
{
	while (*words != '\0')
	{
		int			wordlen = strcspn(words, " ");

		if (wordlen == len && memcmp(words, text, len) == 0)
			return true;
		words += wordlen;
		words += strspn(words, " ");
	}
	return false;
}

const CatalogueType *
catalogue_type_by_name(const char *name, int len)
{
	for (int i = 0; i < lengthof(catalogue_types); i++)
	{
		const CatalogueType *type = &catalogue_types[i];

		if (is_one_of(type->name, name, len) ||
			is_one_of(catalogue_text + type->aliases, name, len))
			return type;
	}
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

void
catalogue_fill(const CatalogueProperty *entry, Property *prop)
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
					prop->name, name),
			 prop->tag == PR_ATTACH_DATA_OBJ ?
			 errhint("Open it with open_embedded_message(), or set it in PR_MESSAGE_ATTACHMENTS.") : 0));
}

/*
 * Whether a tag that the catalogue does not know has an id that it knows in
 * another type.  An id of MAPI's own has the types that the catalogue gives
 * it, the others may have any.
 */
static bool
other_type_known(const Property *prop, const CatalogueProperty **known)
{
	*known = NULL;
	if (prop->tag == 0 || TAG_ID(prop->tag) > LAST_MAPI_ID ||
		find_tag(prop->tag) != NULL)
		return false;
	*known = catalogue_next_of_id(TAG_ID(prop->tag), NULL);
	return *known != NULL;
}

/*
 * Refuse a hex tag that would store something twice, or under an id that
 * means nothing here.
 */
static void
refuse_hex_tag(const Property *prop)
{
	const CatalogueProperty *known;

	if (TAG_ID(prop->tag) >= FIRST_NAMED_ID)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("tag 0x%08X is that of a named property",
						prop->tag),
				 errhint("Ids from 0x8000 on mean something else in every store. Use the property's name, which get_names_from_ids() tells.")));
	if (other_type_known(prop, &known))
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("tag %s has the id of %s in another type",
						prop->name, catalogue_text + known->name),
				 errhint("%s is of type %s.", catalogue_text + known->name,
						 property_type_name(known->type))));
}

/* ------------------------------------------------------------ SQL functions */

/* The property that the text argument 0 names. */
static void
property_argument(FunctionCallInfo fcinfo, Property *prop)
{
	text	   *spelling = PG_GETARG_TEXT_PP(0);

	(void) resolve(VARDATA_ANY(spelling), VARSIZE_ANY_EXHDR(spelling), prop);
}

/*
 * property_tag(spelling) → text: the tag in hex, NULL for a named property.
 */
PG_FUNCTION_INFO_V1(property_tag);
Datum
property_tag(PG_FUNCTION_ARGS)
{
	Property	prop;

	property_argument(fcinfo, &prop);
	if (prop.tag == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("0x%08X", prop.tag)));
}

/*
 * property_name(spelling) → text: the canonical name.
 */
PG_FUNCTION_INFO_V1(property_name);
Datum
property_name(PG_FUNCTION_ARGS)
{
	Property	prop;

	property_argument(fcinfo, &prop);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(prop.name, prop.namelen));
}

/*
 * property_type(spelling) → text: the type's name, NULL where its tag has none.
 */
PG_FUNCTION_INFO_V1(property_type);
Datum
property_type(PG_FUNCTION_ARGS)
{
	Property	prop;
	const char *name;

	property_argument(fcinfo, &prop);
	name = property_type_name(prop.type);
	if (name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* A text[] of the words in a text. */
static Datum
words_array(const char *words)
{
	ArrayBuildState *state = initArrayResult(TEXTOID, CurrentMemoryContext,
											 false);

	while (*words != '\0')
	{
		int			len = strcspn(words, " ");

		accumArrayResult(state,
						 PointerGetDatum(cstring_to_text_with_len(words, len)),
						 false, TEXTOID, CurrentMemoryContext);
		words += len;
		words += strspn(words, " ");
	}
	return makeArrayResult(state, CurrentMemoryContext);
}

/*
 * All spellings, as a text[] for each property, in the order of the entries.
 */
static Datum *
all_spellings(void)
{
	int			count = lengthof(catalogue_properties);
	ArrayBuildState **states = palloc(sizeof(ArrayBuildState *) * count);
	Datum	   *result = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		states[i] = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	for (int i = 0; i < lengthof(catalogue_spellings); i++)
	{
		const CatalogueSpelling *entry = &catalogue_spellings[i];

		accumArrayResult(states[entry->property],
						 CStringGetTextDatum(catalogue_text + entry->text),
						 false, TEXTOID, CurrentMemoryContext);
	}
	for (int i = 0; i < count; i++)
		result[i] = makeArrayResult(states[i], CurrentMemoryContext);
	return result;
}

/* What a rule is called where people read it. */
static const char *
rule_shown(PropertyRule rule)
{
	switch (rule)
	{
		case RULE_STORED:
			break;
		case RULE_FIRST_SAVE:
			return "first save";
		case RULE_COMPUTED:
			return "computed";
	}
	return "stored";
}

/* The columns that tagged and named properties differ in. */
static void
put_identity(const CatalogueProperty *entry, Datum *values, bool *nulls)
{
	const CatalogueNamed *named;
	const char *set;

	if (entry->tag != 0)
	{
		values[1] = CStringGetTextDatum(psprintf("0x%08X", entry->tag));
		values[2] = Int32GetDatum(TAG_ID(entry->tag));
		nulls[5] = nulls[6] = nulls[7] = true;
		return;
	}
	named = catalogue_named_entry(entry);
	set = catalogue_text + catalogue_sets[named->set].name;
	nulls[1] = nulls[2] = true;
	values[5] = CStringGetTextDatum(set);
	values[6] = Int64GetDatum(named->lid);
	nulls[6] = (named->string != 0);
	values[7] = CStringGetTextDatum(catalogue_text + named->string);
	nulls[7] = (named->string == 0);
}

/*
 * property_catalogue(): a row for every property that has a name.
 */
PG_FUNCTION_INFO_V1(property_catalogue);
Datum
property_catalogue(PG_FUNCTION_ARGS)
{
	static const char *const part_columns[NUM_PARTS] = {
		"props", "recipients", "attachments", "headers", "body", "html", "rtf"
	};
	TupleDesc	desc;
	Tuplestorestate *result = module_begin_set(fcinfo, &desc);
	Datum	   *spellings = all_spellings();

	for (int i = 0; i < lengthof(catalogue_properties); i++)
	{
		const CatalogueProperty *entry = &catalogue_properties[i];
		const CatalogueType *type = find_type(entry->type);
		Datum		values[12];
		bool		nulls[12] = {false};

		values[0] = CStringGetTextDatum(catalogue_text + entry->name);
		values[3] = CStringGetTextDatum(type->name);
		values[4] = spellings[i];
		put_identity(entry, values, nulls);
		values[8] = BoolGetDatum((type->json != 0 ||
								  entry->part != PART_PROPS) &&
								 entry->instead == NO_ENTRY);
		values[9] = CStringGetTextDatum(rule_shown((PropertyRule) entry->rule));
		values[10] = CStringGetTextDatum(part_columns[entry->part]);
		nulls[11] = (entry->instead == NO_ENTRY);
		if (!nulls[11])
			values[11] = CStringGetTextDatum(catalogue_text +
											 catalogue_properties[entry->instead].name);
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * property_types(): a row for every type.
 */
PG_FUNCTION_INFO_V1(property_types);
Datum
property_types(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = module_begin_set(fcinfo, &desc);

	for (int i = 0; i < lengthof(catalogue_types); i++)
	{
		const CatalogueType *type = &catalogue_types[i];
		Datum		values[6];
		bool		nulls[6] = {false};

		values[0] = CStringGetTextDatum(type->name);
		values[1] = CStringGetTextDatum(psprintf("0x%04X", type->code));
		values[2] = words_array(catalogue_text + type->aliases);
		values[3] = BoolGetDatum(type->json != 0);
		nulls[4] = (type->json == 0);
		values[4] = CStringGetTextDatum(catalogue_text + type->json);
		nulls[5] = (type->element == 0);
		if (!nulls[5])
			values[5] = CStringGetTextDatum(property_type_name(type->element));
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * property_sets(): a row for every property set that has a name.
 */
PG_FUNCTION_INFO_V1(property_sets);
Datum
property_sets(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = module_begin_set(fcinfo, &desc);

	for (int i = 0; i < lengthof(catalogue_sets); i++)
	{
		const CatalogueSet *set = &catalogue_sets[i];
		char		guid[VALUE_GUID_LEN + 1];
		Datum		values[2];
		bool		nulls[2] = {false};

		value_write_guid(set->guid, guid);
		values[0] = CStringGetTextDatum(catalogue_text + set->name);
		values[1] = CStringGetTextDatum(guid);
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}
