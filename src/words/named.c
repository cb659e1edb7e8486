/*-------------------------------------------------------------------------
 *
 * named.c
 *	  Named properties: their spellings.
 *
 * NOTES
 *	  MAPI identifies a named property by the GUID of a property set and a LID
 *	  (a number) or a string.  In msgstore a named property is spelled
 *
 *		SET:0xLID	SET:string	{GUID}:0xLID	{GUID}:string
 *
 *	  or by its PidLid, PidName or dispid name in the catalogue.
 *
 *	  The canonical name is the name in the catalogue.  A property that the
 *	  catalogue does not have is named by its set (the set's name, if it has
 *	  one) and by its LID, in at least four hex digits in upper case, or its
 *	  string.  Strings are case-sensitive, except in PS_INTERNET_HEADERS, where
 *	  they are folded to lower case, since header names are not case-sensitive.
 *
 *	  The catalogue knows the types of its properties.  Any other property is
 *	  PT_UNICODE unless its spelling ends in another type, as in
 *	  PS_PUBLIC_STRINGS:count:PT_LONG.  The type is part of the canonical name;
 *	  only :PT_UNICODE is left out, unless the string itself ends in a text
 *	  that would be taken for a type.
 *
 *	  Values are stored under canonical names.  nameid.c gives ids to named
 *	  properties.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "mb/pg_wchar.h"

#include "catalogue.h"
#include "value.h"

#define MAX_STRING_CHARS	254 /* length limit of a string, as in MAPI */

/* The sets with special rules. */
static const uint8 ps_mapi[VALUE_GUID_BYTES] = {
	0x00, 0x02, 0x03, 0x28, 0x00, 0x00, 0x00, 0x00,
	0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46
};
static const uint8 ps_internet_headers[VALUE_GUID_BYTES] = {
	0x00, 0x02, 0x03, 0x86, 0x00, 0x00, 0x00, 0x00,
	0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46
};

/* --------------------------------------------------------------- spellings */

/*
 * Return the position of the colon before the type at the end of a spelling,
 * or "len" if the spelling does not end in a type.
 */
static int
find_type_suffix(const char *text, int len)
{
	for (int i = len - 4; i >= 0; i--)
	{
		if (text[i] == ':')
			return memcmp(text + i + 1, "PT_", 3) == 0 ? i : len;
	}
	return len;
}

/*
 * Read the set in front of a spelling; *rest is the position after its colon.
 * Return false if the spelling does not begin with a set.
 */
static bool
read_set(const char *spelling, int len, uint8 *guid, int *rest)
{
	const char *colon = memchr(spelling, ':', len);
	int			setlen;

	if (colon == NULL)
		return false;
	setlen = colon - spelling;
	*rest = setlen + 1;
	if (setlen == VALUE_GUID_LEN && spelling[0] == '{')
		return value_read_guid(spelling, setlen, guid) == VALUE_OK;
	else
	{
		const CatalogueSet *set = catalogue_set_by_name(spelling, setlen);

		if (set != NULL)
			memcpy(guid, set->guid, VALUE_GUID_BYTES);
		return set != NULL;
	}
}

/* Read a LID: 0x and up to eight hex digits. */
static bool
read_lid(const char *text, int len, uint32 *lid)
{
	int32		number;

	if (len < 3 || text[0] != '0' || text[1] != 'x' ||
		!value_read_int32(text, len, &number))
		return false;
	*lid = (uint32) number;
	return true;
}

/* Return a string in lower case, palloc'd. */
static const char *
lower_case(const char *string, int len)
{
	char	   *lower = pnstrdup(string, len);

	for (int i = 0; i < len; i++)
		lower[i] = pg_ascii_tolower((unsigned char) lower[i]);
	return lower;
}

/*
 * Read a spelling into *name; *type is the type at its end, or NULL.  If the
 * name has a string, it points into the spelling, or is palloc'd if it had to
 * be changed to lower case.
 */
static NamedResult
read_name(const char *spelling, int len, PropertyName *name,
		  const CatalogueType **type)
{
	int			rest;
	int			end;

	*type = NULL;
	memset(name, 0, sizeof(PropertyName));
	if (!read_set(spelling, len, name->guid, &rest))
		return NAMED_NONE;
	end = rest + find_type_suffix(spelling + rest, len - rest);
	if (end < len)
	{
		*type = catalogue_type_by_name(spelling + end + 1, len - end - 1);
		if (*type == NULL)
			return NAMED_BAD_TYPE;
	}
	if (end == rest)
		return NAMED_NONE;
	if (read_lid(spelling + rest, end - rest, &name->lid))
		return NAMED_OK;

	name->string = spelling + rest;
	name->len = end - rest;
	if (pg_mbstrlen_with_len(name->string, name->len) > MAX_STRING_CHARS)
		return NAMED_TOO_LONG;
	if (text_has_control(name->string, name->len))
		return NAMED_CONTROL;
	if (memcmp(name->guid, ps_internet_headers, VALUE_GUID_BYTES) == 0)
		name->string = lower_case(name->string, name->len);
	return NAMED_OK;
}

/* Return set and LID or string as in a canonical name, palloc'd. */
static char *
stem_of(const PropertyName *name)
{
	const CatalogueSet *set = catalogue_set_by_guid(name->guid);
	char		guid[VALUE_GUID_LEN + 1];
	const char *shown = guid;

	if (set != NULL)
		shown = catalogue_string(set->name);
	else
		value_write_guid(name->guid, guid);
	if (name->string == NULL)
		return psprintf("%s:0x%04X", shown, name->lid);
	return psprintf("%s:%.*s", shown, name->len, name->string);
}

/*
 * Look up a named property by set and LID or string.  PS_MAPI is not a set of
 * named properties: its LIDs are the ids of tags.
 */
NamedResult
named_lookup(const char *spelling, int len, Property *prop)
{
	PropertyName name;
	const CatalogueType *type;
	const CatalogueProperty *entry;
	NamedResult result = read_name(spelling, len, &name, &type);
	uint16		code = PT_UNICODE;
	char	   *stem;

	if (result != NAMED_OK)
		return result;
	if (memcmp(name.guid, ps_mapi, VALUE_GUID_BYTES) == 0)
		return NAMED_TAG;
	if (type != NULL)
		code = type->code;
	if (code == PT_STRING8 || code == PT_MV_STRING8)
		code++;

	stem = stem_of(&name);
	entry = catalogue_find(stem, strlen(stem));
	if (entry != NULL)
	{
		catalogue_fill(entry, prop);
		return type == NULL || code == prop->type ? NAMED_OK :
			NAMED_OTHER_TYPE;
	}
	if (code == PT_UNICODE &&
		find_type_suffix(stem, strlen(stem)) == strlen(stem))
		prop->name = stem;
	else
		prop->name = psprintf("%s:%s", stem, catalogue_type_name(code));
	prop->namelen = strlen(prop->name);
	prop->tag = 0;
	prop->type = code;
	prop->part = PART_PROPS;
	prop->rule = RULE_STORED;
	prop->alone = false;
	return NAMED_OK;
}

/*
 * Raise the error for an outcome of named_lookup().  NAMED_NONE is reported as
 * an unknown property.
 */
void
named_refuse(NamedResult why, const char *spelling, int len)
{
	const char *shown = text_shown(spelling, len);
	Property	prop;

	switch (why)
	{
		case NAMED_OK:
		case NAMED_NONE:
			break;
		case NAMED_BAD_TYPE:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_TYPE),
					 errmsg("property \"%s\" does not end in a property type", shown),
					 errhint("The types are listed in the view property_types.")));
			break;
		case NAMED_OTHER_TYPE:
			(void) named_lookup(spelling, len, &prop);
			ereport(ERROR,
					(errmapi(MAPI_E_UNEXPECTED_TYPE),
					 errmsg("property \"%s\" is %s in another type", shown,
							prop.name),
					 errhint("%s is of type %s.", prop.name,
							 catalogue_type_name(prop.type))));
			break;
		case NAMED_TOO_LONG:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("the name in property \"%s\" has more than %d characters",
							shown, MAX_STRING_CHARS)));
			break;
		case NAMED_CONTROL:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("the name in property \"%s\" has a control character",
							shown)));
			break;
		case NAMED_TAG:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("property \"%s\" belongs to PS_MAPI, which has no named properties",
							shown),
					 errhint("Use the name of a PS_MAPI property, or its tag in hex, as in 0x0037001F.")));
			break;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("property \"%s\" is not known", shown),
			 errhint("Use the property's PR_, PidTag, PidLid or PidName name, which is case-sensitive, or its tag in hex, as in 0x0037001F.  A named property can also be given by its set and LID or string, as in PS_PUBLIC_STRINGS:ticket-id.")));
}

int
named_stem_length(const char *name, int len)
{
	uint8		guid[VALUE_GUID_BYTES];
	int			rest;

	if (!read_set(name, len, guid, &rest))
		return 0;
	return rest + find_type_suffix(name + rest, len - rest);
}

/* ------------------------------------------------- names for a store's ids */

/*
 * Identify a spelling: first a name of the catalogue, then a tag in hex, then
 * a set with a LID or string.  A LID of PS_MAPI is the id of a tag.
 */
bool
named_identify(const char *spelling, int len, PropertyName *name, int32 *id)
{
	const CatalogueProperty *entry = catalogue_find(spelling, len);
	const CatalogueType *type;
	uint32		tag = 0;
	NamedResult result;

	if (entry != NULL)
		tag = entry->tag;
	else if (!catalogue_read_tag(spelling, len, &tag))
	{
		result = read_name(spelling, len, name, &type);
		if (result == NAMED_OK &&
			memcmp(name->guid, ps_mapi, VALUE_GUID_BYTES) == 0)
		{
			if (name->string != NULL || name->lid == 0 ||
				name->lid >= FIRST_NAMED_ID)
				named_refuse(NAMED_TAG, spelling, len);
			*id = (int32) name->lid;
			return true;
		}
		if (result != NAMED_OK)
			named_refuse(result, spelling, len);
		return false;
	}
	if (tag != 0)
	{
		*id = (int32) TAG_ID(tag);
		return true;
	}
	memset(name, 0, sizeof(PropertyName));
	memcpy(name->guid,
		   catalogue_set(catalogue_named_entry(entry)->set)->guid,
		   VALUE_GUID_BYTES);
	name->lid = catalogue_named_entry(entry)->lid;
	if (catalogue_named_entry(entry)->string != 0)
	{
		name->string = catalogue_string(catalogue_named_entry(entry)->string);
		name->len = strlen(name->string);
		if (memcmp(name->guid, ps_internet_headers, VALUE_GUID_BYTES) == 0)
			name->string = lower_case(name->string, name->len);
	}
	return false;
}

char *
named_spell(const PropertyName *name)
{
	char	   *stem = stem_of(name);
	const CatalogueProperty *entry;

	if (name->string != NULL &&
		find_type_suffix(name->string, name->len) < name->len)
		stem = psprintf("%s:%s", stem, catalogue_type_name(PT_UNICODE));
	entry = catalogue_find(stem, strlen(stem));
	return entry == NULL ? stem : pstrdup(catalogue_string(entry->name));
}

char *
named_spell_tag(int32 id)
{
	PropertyName name;

	memset(&name, 0, sizeof(name));
	memcpy(name.guid, ps_mapi, VALUE_GUID_BYTES);
	name.lid = id;
	return stem_of(&name);
}
