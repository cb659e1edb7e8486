/*-------------------------------------------------------------------------
 *
 * nameid.c
 *	  The ids that stores give to named properties.
 *
 * NOTES
 *	  MAPI's clients work with ids from 0x8000 on for named properties.  Each
 *	  store gives out ids of its own, which are rows of a table that every
 *	  session reads afresh.  Nothing else in the module uses the ids: values
 *	  are stored under canonical names (named.c).
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "catalogue.h"
#include "query.h"
#include "value.h"

#define LAST_NAMED_ID		0xFFFE

/* the number of names in one call: as many as a store has ids */
#define MAX_NAMES			(LAST_NAMED_ID - FIRST_NAMED_ID + 1)

/*
 * Fill the first four parameters of the statements in this file: store, set,
 * LID, string.
 */
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

/* Return the id that a store has given to a name, or 0. */
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
 * Give a name the next id of its store, and return the id.  If another
 * transaction is giving out that id, wait for its end; if it commits, give out
 * nothing and return 0.  The caller must then look for the id of the name, and
 * call again if the id went to another name.  Raise
 * MAPI_E_NAMED_PROP_QUOTA_EXCEEDED if no id is left.
 */
static int32
give_id(int64 store_id, const PropertyName *name)
{
	Datum		values[5];
	char		nulls[6];
	int64		id;
	bool		given;

	access_lock_store(store_id);
	name_parameters(store_id, name, values, nulls);
	SPI_connect();
	query_run(QUERY_NAMED_NEXT, values, nulls);
	id = query_result_bigint();
	if (id > LAST_NAMED_ID)
		ereport(ERROR,
				(errmapi_detail(MAPI_E_NAMED_PROP_QUOTA_EXCEEDED,
								"A store has ids for at most %d named properties.",
								MAX_NAMES),
				 errmsg("store %lld has no id left for another named property",
						(long long) store_id)));
	values[4] = Int64GetDatum(id);
	nulls[4] = ' ';
	nulls[5] = '\0';
	given = query_run(QUERY_NAMED_INSERT, values, nulls) > 0;
	SPI_finish();
	return given ? (int32) id : 0;
}

/*
 * Return the id of a spelling.  If it has no id, return 0, or with "create"
 * give it an id.
 */
static int32
id_of_name(int64 store_id, const char *spelling, int len, bool create)
{
	PropertyName name;
	int32		id;

	if (named_identify(spelling, len, &name, &id))
		return id;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		id = find_id(store_id, &name);
		if (id != 0 || !create)
			return id;
		call_require_write("get_ids_from_names()");
		access_require_store(store_id, RIGHT_CREATE | RIGHT_EDIT_OWNED |
							 RIGHT_EDIT_ANY);
		id = give_id(store_id, &name);
		if (id != 0)
			return id;
	}
}

/*
 * get_ids_from_names(store_id, names, create) → integer[]
 *
 * Return the ids of property names, in the order of the names.  The id of a
 * tagged property is that of its tag.  For a named property without an id in
 * the store, return NULL, or with "create" give out an id, which requires the
 * right to create or to edit messages in some folder.
 *
 * Errors: MAPI_E_INVALID_PARAMETER and the other errors about a wrong name,
 * MAPI_E_NO_ACCESS, MAPI_E_NAMED_PROP_QUOTA_EXCEEDED, MAPI_E_TOO_BIG for more
 * names than a store has ids.
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
	MemoryContext name_memory = AllocSetContextCreate(CurrentMemoryContext,
													  "msgstore name",
													  ALLOCSET_SMALL_SIZES);

	store_id = call_number(fcinfo, 0, "store_id");
	REQUIRE_ARG(1, "names");
	REQUIRE_ARG(2, "create");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false,
					  TYPALIGN_INT, &names, &nulls, &count);
	if (count > MAX_NAMES)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("more than %d names in one call", MAX_NAMES)));
	ids = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		MemoryContext caller;
		int32		id;

		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"names\" is NULL")));
		MemoryContextReset(name_memory);
		caller = MemoryContextSwitchTo(name_memory);
		id = id_of_name(store_id, VARDATA_ANY(DatumGetPointer(names[i])),
						VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
						PG_GETARG_BOOL(2));
		MemoryContextSwitchTo(caller);
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
 * Return the canonical name to which a store has given an id, palloc'd, or
 * NULL.  The name has no type at its end, unless its string ends in a text
 * that would be taken for a type.
 */
static text *
name_of_id(int64 store_id, int32 id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int32GetDatum(id)};
	MemoryContext caller = CurrentMemoryContext;
	PropertyName name;
	bool		found;

	if (id <= 0 || id > LAST_NAMED_ID)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property id %d is not between 0x0001 and 0x%04X",
						id, LAST_NAMED_ID)));
	if (id < FIRST_NAMED_ID)
		return cstring_to_text(named_spell_tag(id));

	memset(&name, 0, sizeof(name));
	SPI_connect();
	found = query_run(QUERY_NAMED_READ, values, NULL) > 0;
	if (found)
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
			name.string = MemoryContextStrdup(caller,
											  TextDatumGetCString(value));
			name.len = strlen(name.string);
		}
	}
	SPI_finish();
	return found ? cstring_to_text(named_spell(&name)) : NULL;
}

/*
 * get_names_from_ids(store_id, ids) → text[]
 *
 * Return the canonical names of property ids, in the order of the ids; NULL
 * for an id that the store has not given out.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for an id that is NULL or out of range,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(get_names_from_ids);
Datum
get_names_from_ids(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Datum	   *ids;
	bool	   *nulls;
	Datum	   *names;
	int			count;
	int			bound = 1;

	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
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
