/*-------------------------------------------------------------------------
 *
 * spelling.c
 *	  Spellings of properties: find the property that a spelling means, or
 *	  raise an error that says why there is no such property.
 *
 * NOTES
 *	  A spelling is a name of the catalogue (catalogue.c), a tag in hex, or the
 *	  set and the LID or string of a named property (named.c).
 *
 *	  Tags in hex are read as numbers, not looked up as text: any id below
 *	  0x8000 may be used with any type that can be stored, with or without a
 *	  name in the catalogue.  Ids from 0x8000 on are refused, since they belong
 *	  to named properties and differ from store to store.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "utils/builtins.h"

#include "catalogue.h"

static void refuse_type(const Property *prop);
static bool other_type_known(const Property *prop,
							 const CatalogueProperty **known);
static void refuse_hex_tag(const Property *prop);

/* ----------------------------------------------------------------- look-up */

/*
 * Return the rule for an id in a type in which the catalogue does not have the
 * id.  An id that is computed in one type is computed in every type.
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

bool
spelling_lookup(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = catalogue_find(spelling, len);
	uint32		tag;

	if (entry == NULL)
	{
		if (!catalogue_read_tag(spelling, len, &tag))
			return named_lookup(spelling, len, prop) == NAMED_OK;
		entry = catalogue_find_tag(tag);
		if (entry == NULL)
		{
			prop->name = psprintf("0x%08X", tag);
			prop->namelen = HEX_TAG_LEN;
			prop->tag = tag;
			prop->type = TAG_TYPE(tag);
			prop->alone = false;
			prop->part = PART_PROPS;
			prop->rule = rule_of_id(TAG_ID(tag));
			return true;
		}
	}
	catalogue_fill(entry, prop);
	return true;
}

/*
 * Look up a property, and return its entry in the catalogue, or NULL if it has
 * no entry.  Raise an error if the spelling is unknown or a tag of a named
 * property.
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
		(void) spelling_lookup(spelling, len, prop);
		if (TAG_ID(tag) >= FIRST_NAMED_ID)
			refuse_hex_tag(prop);
		return catalogue_find_tag(tag);
	}
	else
	{
		NamedResult named = named_lookup(spelling, len, prop);

		if (named != NAMED_OK)
			named_refuse(named, spelling, len);
		return catalogue_find(prop->name, prop->namelen);
	}
}

/*
 * Raise an error if values of the property's type cannot be stored, or if
 * another property is to be used in its place.
 */
static void
check_storable(const CatalogueProperty *entry, const Property *prop)
{
	const CatalogueType *type = catalogue_type(prop->type);

	if (entry != NULL && entry->instead != NO_ENTRY)
		ereport(ERROR,
				(errmapi(MAPI_E_TYPE_NO_SUPPORT),
				 errmsg("property %s cannot be used", prop->name),
				 errhint("Use %s, the same property in another type.",
						 catalogue_string(catalogue_instead(entry)->name))));
	if ((type == NULL || type->json == 0) && prop->part == PART_PROPS)
		refuse_type(prop);
}

void
spelling_resolve(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = resolve(spelling, len, prop);

	if (entry == NULL && prop->tag != 0)
		refuse_hex_tag(prop);
	check_storable(entry, prop);
}

bool
spelling_resolve_read(const char *spelling, int len, Property *prop)
{
	const CatalogueProperty *entry = resolve(spelling, len, prop);
	const CatalogueProperty *known;

	/* can be read like any property, but is set through its own handle */
	if (prop->tag != PR_ATTACH_DATA_OBJ)
		check_storable(entry, prop);
	return !other_type_known(prop, &known);
}

/* Return true if values of a property can be stored under its name. */
static bool
is_storable(const CatalogueProperty *entry, const Property *prop)
{
	const CatalogueType *type = catalogue_type(prop->type);

	return (entry == NULL || entry->instead == NO_ENTRY) &&
		(prop->part != PART_PROPS || (type != NULL && type->json != 0));
}

/*
 * Find the property of a tag's id: the property of the tag, if it can be
 * stored, else the first one of the catalogue that can, else the id as
 * PT_UNICODE.
 */
static void
resolve_tag_id(const CatalogueProperty *entry, Property *prop)
{
	const CatalogueProperty *known;
	char		name[HEX_TAG_LEN + 1];

	if (is_storable(entry, prop) && !other_type_known(prop, &known))
		return;
	known = NULL;
	while ((known = catalogue_next_of_id(TAG_ID(prop->tag), known)) != NULL)
	{
		entry = known;
		catalogue_fill(known, prop);
		if (is_storable(known, prop))
			return;
	}
	if (entry != NULL)
		check_storable(entry, prop);
	snprintf(name, sizeof(name), "0x%04X%04X", TAG_ID(prop->tag), PT_UNICODE);
	(void) spelling_lookup(name, HEX_TAG_LEN, prop);
}

void
spelling_resolve_id(const char *spelling, int len, Property *prop)
{
	uint32		tag;
	NamedResult named;

	if (catalogue_find(spelling, len) != NULL ||
		catalogue_read_tag(spelling, len, &tag))
	{
		const CatalogueProperty *entry = resolve(spelling, len, prop);

		if (prop->tag != 0)
			resolve_tag_id(entry, prop);
		else
			check_storable(entry, prop);
		return;
	}
	named = named_lookup(spelling, len, prop);
	if (named != NAMED_OK && named != NAMED_OTHER_TYPE)
		named_refuse(named, spelling, len);
	if (!is_storable(NULL, prop))
	{
		char	   *stem = pnstrdup(prop->name, named_stem_length(prop->name,
																  prop->namelen));

		(void) named_lookup(stem, strlen(stem), prop);
	}
}

/* Raise the error about a property in a type whose values cannot be stored. */
static void
refuse_type(const Property *prop)
{
	const char *name = catalogue_type_name(prop->type);

	if (name == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_TYPE),
				 errmsg("tag %s ends in 0x%04X, which is not a property type",
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
 * Return true if the catalogue does not have a property's tag, but has its id
 * in another type; *known is then the first such entry.  This applies to ids of
 * MAPI only: an id above LAST_MAPI_ID may be used in any type.
 */
static bool
other_type_known(const Property *prop, const CatalogueProperty **known)
{
	*known = NULL;
	if (prop->tag == 0 || TAG_ID(prop->tag) > LAST_MAPI_ID ||
		catalogue_find_tag(prop->tag) != NULL)
		return false;
	*known = catalogue_next_of_id(TAG_ID(prop->tag), NULL);
	return *known != NULL;
}

/*
 * Raise an error if a tag in hex belongs to a named property, or if the
 * catalogue has its id in another type, in which case a message could have the
 * property twice.
 */
static void
refuse_hex_tag(const Property *prop)
{
	const CatalogueProperty *known;

	if (TAG_ID(prop->tag) >= FIRST_NAMED_ID)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("tag 0x%08X belongs to a named property",
						prop->tag),
				 errhint("Ids from 0x8000 on differ from store to store.  Use the property's name, which get_names_from_ids() returns.")));
	if (other_type_known(prop, &known))
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("tag %s has the id of %s in another type",
						prop->name, catalogue_string(known->name)),
				 errhint("%s is of type %s.", catalogue_string(known->name),
						 catalogue_type_name(known->type))));
}

/* ----------------------------------------------------------- SQL functions */

/* Look up the property that argument 0, a text, names. */
static void
property_argument(FunctionCallInfo fcinfo, Property *prop)
{
	text	   *spelling = PG_GETARG_TEXT_PP(0);

	(void) resolve(VARDATA_ANY(spelling), VARSIZE_ANY_EXHDR(spelling), prop);
}

/*
 * property_tag(spelling) → text
 *
 * Return the tag of a property in hex, NULL for a named property.  Errors:
 * MAPI_E_INVALID_PARAMETER for an unknown spelling, and the other errors of
 * resolve().
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
 * property_name(spelling) → text
 *
 * Return the canonical name of a property.  Errors: as property_tag().
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
 * property_type(spelling) → text
 *
 * Return the name of a property's type, NULL if the type in its tag has no
 * name.  Errors: as property_tag().
 */
PG_FUNCTION_INFO_V1(property_type);
Datum
property_type(PG_FUNCTION_ARGS)
{
	Property	prop;
	const char *name;

	property_argument(fcinfo, &prop);
	name = catalogue_type_name(prop.type);
	if (name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
