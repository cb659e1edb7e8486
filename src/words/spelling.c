/*-------------------------------------------------------------------------
 *
 * spelling.c
 *	  From any spelling of a property to the property, or an error that
 *	  says why the spelling is none.
 *
 * NOTES
 *	  A spelling is a name of the catalogue (catalogue.c), a tag in hex, or
 *	  the set and LID or string of a named property (named.c).
 *
 *	  Tags in hex are read, not looked up as text: any id below 0x8000 may be
 *	  used with any type that can be stored, whether the tag has a name or
 *	  not.  Ids from 0x8000 on belong to named properties, and mean something
 *	  else in every store; named properties go by their names.
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

/* Refuse a property that cannot be stored. */
static void
check_storable(const CatalogueProperty *entry, const Property *prop)
{
	const CatalogueType *type = catalogue_type(prop->type);

	if (entry != NULL && entry->instead != NO_ENTRY)
		ereport(ERROR,
				(errmapi(MAPI_E_TYPE_NO_SUPPORT),
				 errmsg("property %s cannot be used", prop->name),
				 errhint("It is %s in another type; use that.",
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

	/* set through a handle of its own, but shown as any property is */
	if (prop->tag != PR_ATTACH_DATA_OBJ)
		check_storable(entry, prop);
	return !other_type_known(prop, &known);
}

/* Raise the error about a type whose values cannot be stored. */
static void
refuse_type(const Property *prop)
{
	const char *name = catalogue_type_name(prop->type);

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
		catalogue_find_tag(prop->tag) != NULL)
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
						prop->name, catalogue_string(known->name)),
				 errhint("%s is of type %s.", catalogue_string(known->name),
						 catalogue_type_name(known->type))));
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
	name = catalogue_type_name(prop.type);
	if (name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
