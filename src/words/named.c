/*-------------------------------------------------------------------------
 *
 * named.c
 *	  Named properties: how they are spelled, and the ids that stores give
 *	  them.
 *
 * NOTES
 *	  MAPI calls a named property by the GUID of a property set and a LID (a
 *	  number) or a string.  Here it is spelled
 *
 *		SET:0xLID	SET:string	{GUID}:0xLID	{GUID}:string
 *
 *	  or by the PidLid, PidName or dispid name that the catalogue has for it.
 *	  Canonical is the catalogue's name; else the set by its name, the LID in
 *	  at least four hex digits, in capitals, or the string as it is.  Strings
 *	  of PS_INTERNET_HEADERS are in lower case, as the names of headers are
 *	  the same in any case; elsewhere case counts.
 *
 *	  The catalogue knows the types of its properties.  Others are PT_UNICODE,
 *	  or what stands at the end of the spelling, as in
 *	  PS_PUBLIC_STRINGS:count:PT_LONG; that is part of the canonical name,
 *	  unless it is :PT_UNICODE and no part of the string could be taken for a
 *	  type.
 *
 *	  Values are stored under canonical names.  The ids from 0x8000 on, which
 *	  MAPI's clients work with, are only a face: a table of each store, which
 *	  every session reads afresh.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "engine.h"
#include "catalogue.h"
#include "query.h"
#include "value.h"

#define MAX_STRING_CHARS	254 /* of a name, as in MAPI */
#define LAST_NAMED_ID		0xFFFE

/* sets that are treated apart */
static const uint8 ps_mapi[VALUE_GUID_BYTES] = {
	0x00, 0x02, 0x03, 0x28, 0x00, 0x00, 0x00, 0x00,
	0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46
};
static const uint8 ps_internet_headers[VALUE_GUID_BYTES] = {
	0x00, 0x02, 0x03, 0x86, 0x00, 0x00, 0x00, 0x00,
	0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46
};

/* ----------------------------------------------------------------- spellings */

/*
 * Where the type at the end of a spelling begins, at its colon; "len" where
 * there is none.
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
 * The set in front of a spelling, and where the rest begins; false where
 * there is none.
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

/* A LID: 0x and up to eight hex digits. */
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

/* The string of a set in which case does not count. */
static const char *
lower_case(const char *string, int len)
{
	char	   *lower = pnstrdup(string, len);

	for (int i = 0; i < len; i++)
		lower[i] = pg_ascii_tolower((unsigned char) lower[i]);
	return lower;
}

/*
 * Read a spelling.  name->string is palloc'd where it had to be changed, else
 * it points into the spelling.
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
	if (memcmp(name->guid, ps_internet_headers, VALUE_GUID_BYTES) == 0)
		name->string = lower_case(name->string, name->len);
	return NAMED_OK;
}

/* Set and LID or string, as they stand in a canonical name. */
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
 * Look a named property up by set and LID or string.  PS_MAPI is no set of
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
		prop->name = psprintf("%s:%s", stem, property_type_name(code));
	prop->namelen = strlen(prop->name);
	prop->tag = 0;
	prop->type = code;
	prop->part = PART_PROPS;
	prop->rule = RULE_STORED;
	return NAMED_OK;
}

/*
 * Raise the error about a spelling that named_lookup() did not like.
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
					 errmsg("property \"%s\" ends in no property type", shown),
					 errhint("The types are listed in the view property_types.")));
			break;
		case NAMED_OTHER_TYPE:
			(void) named_lookup(spelling, len, &prop);
			ereport(ERROR,
					(errmapi(MAPI_E_UNEXPECTED_TYPE),
					 errmsg("property \"%s\" is %s in another type", shown,
							prop.name),
					 errhint("%s is of type %s.", prop.name,
							 property_type_name(prop.type))));
			break;
		case NAMED_TOO_LONG:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("the name in property \"%s\" has more than %d characters",
							shown, MAX_STRING_CHARS)));
			break;
		case NAMED_TAG:
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("property \"%s\" is one of PS_MAPI, which has no named properties",
							shown),
					 errhint("A property of PS_MAPI goes by its name, or by its tag in hex, as in 0x0037001F.")));
			break;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("property \"%s\" is not known", shown),
			 errhint("A property goes by its PR_, PidTag, PidLid or PidName name, in exactly this case, or by its tag in hex, as in 0x0037001F; a named property also by its set and LID or string, as in PS_PUBLIC_STRINGS:ticket-id.")));
}

/*
 * The length of a named property's canonical name without the type at its
 * end; 0 where it is the name of some other property.
 */
int
named_stem_length(const char *name, int len)
{
	uint8		guid[VALUE_GUID_BYTES];
	int			rest;

	if (!read_set(name, len, guid, &rest))
		return 0;
	return rest + find_type_suffix(name + rest, len - rest);
}

/* ----------------------------------------------------------------------- ids */

/*
 * What a store calls a spelling: the names that the catalogue has are looked
 * up there.  True: *id is the id of a tag, and nothing is to be looked up.
 */
static bool
identify(const char *spelling, int len, PropertyName *name, int32 *id)
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

/* Parameters of the statements below: store, set, LID, string. */
static void
name_parameters(int64 store_id, const PropertyName *name, Datum *values,
				char *nulls)
{
	pg_uuid_t  *set = palloc(sizeof(pg_uuid_t));

	memcpy(set->data, name->guid, UUID_LEN);
	values[0] = Int64GetDatum(store_id);
	values[1] = UUIDPGetDatum(set);
	values[2] = Int64GetDatum(name->lid);
	values[3] = (Datum) 0;
	strcpy(nulls, "    ");
	if (name->string == NULL)
		nulls[3] = 'n';
	else
	{
		nulls[2] = 'n';
		values[3] = PointerGetDatum(cstring_to_text_with_len(name->string,
															 name->len));
	}
}

/* The id that a store has for a name, or 0. */
static int32
find_id(int64 store_id, const PropertyName *name)
{
	Datum		values[4];
	char		nulls[5];
	int32		id = 0;

	name_parameters(store_id, name, values, nulls);
	SPI_connect();
	if (query_run(QUERY_NAMED_FIND, values, nulls) > 0)
		id = (int32) query_result_bigint();
	SPI_finish();
	return id;
}

/*
 * Give a name the next id of its store, unless somebody else is giving one.
 * That is waited for, to the end of their transaction; the caller then looks
 * whether it was the same name.
 */
static void
give_id(int64 store_id, const PropertyName *name)
{
	Datum		values[5];
	char		nulls[6];
	int64		id;

	name_parameters(store_id, name, values, nulls);
	SPI_connect();
	query_run(QUERY_NAMED_NEXT, values, nulls);
	id = query_result_bigint();
	if (id > LAST_NAMED_ID)
		ereport(ERROR,
				(errmapi_detail(MAPI_E_NAMED_PROP_QUOTA_EXCEEDED,
								"A store has ids for %d named properties.",
								LAST_NAMED_ID - FIRST_NAMED_ID + 1),
				 errmsg("store %lld has no id left for another named property",
						(long long) store_id)));
	values[4] = Int64GetDatum(id);
	nulls[4] = ' ';
	nulls[5] = '\0';
	query_run(QUERY_NAMED_INSERT, values, nulls);
	SPI_finish();
}

/*
 * The id of one name; 0 where it has none and is not to get one.
 */
static int32
id_of_name(int64 store_id, const char *spelling, int len, bool create)
{
	PropertyName name;
	int32		id;

	if (identify(spelling, len, &name, &id))
		return id;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		id = find_id(store_id, &name);
		if (id != 0 || !create)
			return id;
		module_require_write("get_ids_from_names()");
		access_require(store_id, ACCESS_EDIT);
		give_id(store_id, &name);
	}
}

/*
 * get_ids_from_names(store_id, names, create) → integer[]
 *
 * In the order of the names.  With create, names that have no id get one, for
 * which the right to edit is needed; else their ids are NULL.  Names that are
 * no named property have the id of their tag.
 */
PG_FUNCTION_INFO_V1(get_ids_from_names);
Datum
get_ids_from_names(PG_FUNCTION_ARGS)
{
	int64		store_id;
	Datum	   *names;
	bool	   *nulls;
	Datum	   *ids;
	int			count;
	int			bound = 1;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "names");
	REQUIRE_ARG(2, "create");
	store_id = PG_GETARG_INT64(0);
	access_require(store_id, ACCESS_READ);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false,
					  TYPALIGN_INT, &names, &nulls, &count);
	ids = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		int32		id;

		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"names\" is NULL")));
		id = id_of_name(store_id, VARDATA_ANY(DatumGetPointer(names[i])),
						VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
						PG_GETARG_BOOL(2));
		ids[i] = Int32GetDatum(id);
		nulls[i] = (id == 0);
	}
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	PG_RETURN_ARRAYTYPE_P(construct_md_array(ids, nulls, 1, &count, &bound,
											 INT4OID, sizeof(int32), true,
											 TYPALIGN_INT));
}

/*
 * The canonical name that a store has an id for, or NULL.  It is without a
 * type, unless its string ends in what would be taken for one.
 */
static text *
name_of_id(int64 store_id, int32 id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int32GetDatum(id)};
	MemoryContext caller = CurrentMemoryContext;
	PropertyName name;
	char	   *stem = NULL;

	if (id <= 0 || id > LAST_NAMED_ID)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property id %d is not between 0x0001 and 0x%04X",
						id, LAST_NAMED_ID)));
	memset(&name, 0, sizeof(name));
	if (id < FIRST_NAMED_ID)
	{
		memcpy(name.guid, ps_mapi, VALUE_GUID_BYTES);
		name.lid = id;
		return cstring_to_text(stem_of(&name));
	}

	SPI_connect();
	if (query_run(QUERY_NAMED_READ, values, NULL) > 0)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		value = SPI_getbinval(tuple, desc, 1, &isnull);

		memcpy(name.guid, DatumGetUUIDP(value)->data, VALUE_GUID_BYTES);
		value = SPI_getbinval(tuple, desc, 2, &isnull);
		name.lid = isnull ? 0 : (uint32) DatumGetInt64(value);
		value = SPI_getbinval(tuple, desc, 3, &isnull);
		if (!isnull)
		{
			name.string = TextDatumGetCString(value);
			name.len = strlen(name.string);
		}
		stem = stem_of(&name);
		if (name.string != NULL &&
			find_type_suffix(name.string, name.len) < name.len)
			stem = psprintf("%s:%s", stem, property_type_name(PT_UNICODE));
		stem = MemoryContextStrdup(caller, stem);
	}
	SPI_finish();
	if (stem != NULL)
	{
		const CatalogueProperty *entry = catalogue_find(stem, strlen(stem));

		return cstring_to_text(entry == NULL ? stem :
							   catalogue_string(entry->name));
	}
	return NULL;
}

/*
 * get_names_from_ids(store_id, ids) → text[], in the order of the ids; NULL
 * where the store has not given one out.
 */
PG_FUNCTION_INFO_V1(get_names_from_ids);
Datum
get_names_from_ids(PG_FUNCTION_ARGS)
{
	int64		store_id = PG_GETARG_INT64(0);
	Datum	   *ids;
	bool	   *nulls;
	Datum	   *names;
	int			count;
	int			bound = 1;

	access_require(store_id, ACCESS_READ);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), INT4OID, sizeof(int32), true,
					  TYPALIGN_INT, &ids, &nulls, &count);
	names = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		text	   *name;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property id in \"ids\" is NULL")));
		name = name_of_id(store_id, DatumGetInt32(ids[i]));
		names[i] = PointerGetDatum(name);
		nulls[i] = (name == NULL);
	}
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_ARRAYTYPE_P(construct_md_array(names, nulls, 1, &count, &bound,
											 TEXTOID, -1, false,
											 TYPALIGN_INT));
}
