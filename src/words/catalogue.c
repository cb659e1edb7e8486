/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *	  The known properties, types and property sets: access to the constant
 *	  tables, and views of them as rows.
 *
 * NOTES
 *	  tools/gen_catalogue.pl makes the tables at build time, and decides which
 *	  of a property's names is the canonical one.
 *
 *	  Names are found by a hash of their bytes, since every save looks up each
 *	  of its properties.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "catalogue.h"
#include "value.h"
#include "catalogue.gen.h"

static int	first_of_id(uint32 id);

/* -------------------------------------------------------------- the tables */

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

	/* the table is never full, so the search ends at an empty slot */
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

/* Return the index of the first tagged property at or after an id. */
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

const CatalogueProperty *
catalogue_find_tag(uint32 tag)
{
	const CatalogueProperty *entry = NULL;

	while ((entry = catalogue_next_of_id(TAG_ID(tag), entry)) != NULL)
	{
		if (entry->tag == tag)
			return entry;
	}
	return NULL;
}

const CatalogueProperty *
catalogue_instead(const CatalogueProperty *entry)
{
	Assert(entry->instead != NO_ENTRY);
	return &catalogue_properties[entry->instead];
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

/* Return true if a text is one of several words separated by blanks. */
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

const CatalogueType *
catalogue_type(uint16 code)
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

const char *
catalogue_type_name(uint16 type)
{
	const CatalogueType *entry = catalogue_type(type);

	return entry == NULL ? NULL : entry->name;
}

const char *
catalogue_type_json(uint16 type)
{
	const CatalogueType *entry = catalogue_type(type);

	return entry == NULL ? "" : catalogue_string(entry->json);
}

/*
 * Return true if the id of an entry has one type only: MAPI defines the id, and
 * the catalogue has no other entry for the id.
 */
static bool
is_alone(const CatalogueProperty *entry)
{
	int			i = entry - catalogue_properties;
	uint32		id = TAG_ID(entry->tag);

	return i < CATALOGUE_TAGGED && id <= LAST_MAPI_ID &&
		(i == 0 || TAG_ID(entry[-1].tag) != id) &&
		(i == CATALOGUE_TAGGED - 1 || TAG_ID(entry[1].tag) != id);
}

void
catalogue_fill(const CatalogueProperty *entry, Property *prop)
{
	prop->name = catalogue_text + entry->name;
	prop->namelen = entry->namelen;
	prop->tag = entry->tag;
	prop->type = entry->type;
	prop->alone = is_alone(entry);
	prop->part = (Part) entry->part;
	prop->rule = (PropertyRule) entry->rule;
}

/* ----------------------------------------------------------- SQL functions */

/* Return the words of a text, which are separated by blanks, as a text[]. */
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
 * Return one text[] per property with all its spellings, in the order of
 * catalogue_properties; palloc'd.
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

/* Return the name of a rule in the view property_catalogue. */
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

/* Fill the columns in which tagged and named properties differ. */
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
 * property_catalogue() → rows
 *
 * Return one row per property of the catalogue; see the view
 * property_catalogue for the columns.
 */
PG_FUNCTION_INFO_V1(property_catalogue);
Datum
property_catalogue(PG_FUNCTION_ARGS)
{
	static const char *const part_columns[NUM_PARTS] = {
		"props", "recipients", "attachments", "headers", "body", "html", "rtf"
	};
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);
	Datum	   *spellings = all_spellings();

	for (int i = 0; i < lengthof(catalogue_properties); i++)
	{
		const CatalogueProperty *entry = &catalogue_properties[i];
		const CatalogueType *type = catalogue_type(entry->type);
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
											 catalogue_instead(entry)->name);
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * property_types() → rows
 *
 * Return one row per property type; see the view property_types for the
 * columns.
 */
PG_FUNCTION_INFO_V1(property_types);
Datum
property_types(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);

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
			values[5] = CStringGetTextDatum(catalogue_type_name(type->element));
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * property_sets() → (name, guid)
 *
 * Return one row per property set of the catalogue.
 */
PG_FUNCTION_INFO_V1(property_sets);
Datum
property_sets(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);

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
