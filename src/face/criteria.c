/*-------------------------------------------------------------------------
 *
 * criteria.c
 *	  Search folders: folders whose messages are those that a stored
 *	  restriction selects in other folders.
 *
 * NOTES
 *	  A search is evaluated whenever the folder is listed, by the rights of the
 *	  caller, so that it is true at any time and stores nothing.  A message has
 *	  its place in one of the searched folders; nothing can be created in a
 *	  search folder, copied or moved into it.  STOP and RESTART are kept for
 *	  clients that look for them: there is no search that runs.
 *
 *	  The criteria are columns of the folder's row.  search_flags is not NULL in
 *	  the row of a search folder.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "query.h"

#define KNOWN_FLAGS \
	(SEARCH_STOP | SEARCH_RESTART | SEARCH_RECURSIVE | SEARCH_SHALLOW)

/* ----------------------------------------------------------------- reading */

bool
criteria_read(int64 store_id, int64 folder_id, Criteria *criteria)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	MemoryContext caller = CurrentMemoryContext;

	memset(criteria, 0, sizeof(Criteria));
	SPI_connect();
	if (query_run(QUERY_CRITERIA_READ, values, NULL) > 0)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Datum		column[3];
		bool		isnull[3];

		for (int i = 0; i < lengthof(column); i++)
			column[i] = SPI_getbinval(tuple, desc, i + 1, &isnull[i]);
		criteria->is_search = !isnull[0];
		if (!isnull[0])
			criteria->flags = DatumGetInt32(column[0]);
		if (!isnull[1])
			criteria->restriction = DatumGetJsonbPCopy(column[1]);
		if (!isnull[2])
			criteria->folders = DatumGetArrayTypePCopy(column[2]);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return criteria->is_search;
}

int64 *
criteria_folders(const Criteria *criteria, int *count)
{
	Datum	   *elements;
	bool	   *nulls;
	int64	   *ids;

	*count = 0;
	if (criteria->folders == NULL)
		return NULL;
	deconstruct_array(criteria->folders, INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls,
					  count);
	ids = palloc(sizeof(int64) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a folder id in \"folders\" is NULL")));
		ids[i] = DatumGetInt64(elements[i]);
		call_check_number(ids[i], "folders");
	}
	return ids;
}

void
criteria_require_place(int64 store_id, int64 folder_id)
{
	Criteria	criteria;

	if (criteria_read(store_id, folder_id, &criteria))
		parent_raise_search_folder(folder_id);
}

/* ----------------------------------------------------------------- writing */

/* Write the criteria of a folder whose row is locked. */
static void
write_criteria(int64 store_id, int64 folder_id, const Criteria *criteria)
{
	Datum		values[5];
	char		nulls[] = "     ";

	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(folder_id);
	values[2] = Int32GetDatum((int32) criteria->flags);
	values[3] = JsonbPGetDatum(criteria->restriction);
	values[4] = PointerGetDatum(criteria->folders);
	nulls[3] = criteria->restriction == NULL ? 'n' : ' ';
	nulls[4] = criteria->folders == NULL ? 'n' : ' ';
	SPI_connect();
	query_run(QUERY_CRITERIA_WRITE, values, nulls);
	SPI_finish();
}

void
criteria_copy(int64 store_id, int64 from, int64 to)
{
	Criteria	criteria;

	if (criteria_read(store_id, from, &criteria))
		write_criteria(store_id, to, &criteria);
}

/*
 * Check flags: no unknown bits, and not both of two that exclude each other.
 */
static void
check_flags(uint32 flags)
{
	if ((flags & ~KNOWN_FLAGS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown bits 0x%X in \"flags\"",
						flags & ~KNOWN_FLAGS)));
	if ((flags & (SEARCH_STOP | SEARCH_RESTART)) ==
		(SEARCH_STOP | SEARCH_RESTART) ||
		(flags & (SEARCH_RECURSIVE | SEARCH_SHALLOW)) ==
		(SEARCH_RECURSIVE | SEARCH_SHALLOW))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("of STOP and RESTART, and of RECURSIVE and SHALLOW, \"flags\" has one at most")));
}

/* Check that the caller sees all folders, and that none is a search folder. */
static void
check_folders(int64 store_id, const Criteria *criteria)
{
	int			count;
	int64	   *ids = criteria_folders(criteria, &count);

	for (int i = 0; i < count; i++)
	{
		access_require_folder(store_id, ids[i], RIGHT_FOLDER_VISIBLE);
		store_require_folder(store_id, ids[i]);
		criteria_require_place(store_id, ids[i]);
	}
}

/* Check a restriction; a search has no greatest number of messages. */
static void
check_restriction(const Jsonb *json)
{
	if (restriction_max(restriction_compile(json)) >= 0)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("the restriction of a search folder cannot have a count")));
}

/*
 * Change criteria by the arguments restriction, folders and flags, from
 * argument n on; a NULL leaves the restriction or the folders as they are.
 */
static void
criteria_arguments(FunctionCallInfo fcinfo, int n, int64 store_id,
				   Criteria *criteria)
{
	uint32		flags;

	REQUIRE_ARG(n + 2, "flags");
	flags = PG_GETARG_UINT32(n + 2);
	check_flags(flags);
	if (!PG_ARGISNULL(n))
	{
		criteria->restriction = PG_GETARG_JSONB_P(n);
		check_restriction(criteria->restriction);
	}
	if (!PG_ARGISNULL(n + 1))
	{
		criteria->folders = PG_GETARG_ARRAYTYPE_P(n + 1);
		check_folders(store_id, criteria);
	}
	criteria->flags = flags & ~SEARCH_RESTART;
}

/* Return true if a search knows what to look for, and where. */
static bool
is_complete(const Criteria *criteria)
{
	return criteria->restriction != NULL && criteria->folders != NULL;
}

/* Do the work of create_search_folder(). */
static int64
work_create(FunctionCallInfo fcinfo)
{
	Criteria	criteria = {.is_search = true};
	FolderRow	row = {0};

	row.store_id = call_number(fcinfo, 0, "store_id");
	REQUIRE_ARG(2, "name");
	row.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	folder_check_name(row.name);
	call_require_write("create_search_folder()");
	row.parent_id = PG_ARGISNULL(1) ?
		store_special_folder(row.store_id, "Root") :
		call_number(fcinfo, 1, "parent_id");
	folder_lock_target(row.store_id, row.parent_id, RIGHT_CREATE_SUBFOLDER);
	criteria_arguments(fcinfo, 3, row.store_id, &criteria);
	folder_require_name(row.store_id, row.parent_id, row.name);
	tree_insert(&row);
	access_inherit(row.store_id, row.parent_id, row.folder_id);
	write_criteria(row.store_id, row.folder_id, &criteria);
	return row.folder_id;
}

/*
 * create_search_folder(store_id, parent_id, name, restriction, folders, flags,
 *						actor) → folder_id
 *
 * Create a folder below a parent, or with NULL below the root, that lists the
 * messages of other folders to which a restriction applies.  Without
 * restriction or folders, it lists nothing until set_search_criteria().
 *
 * Errors: those of create_folder(), those of a restriction,
 * MAPI_E_INVALID_PARAMETER for flags, MAPI_E_NO_SUPPORT for a search folder
 * among the folders.
 */
PG_FUNCTION_INFO_V1(create_search_folder);
Datum
create_search_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(author_call(fcinfo, 6, work_create));
}

/* Raise MAPI_E_NO_SUPPORT unless a folder is a search folder. */
static void
require_search(const Criteria *criteria, int64 folder_id)
{
	if (!criteria->is_search)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("folder %lld is not a search folder",
						(long long) folder_id)));
}

/* Do the work of set_search_criteria(). */
static int64
work_set(FunctionCallInfo fcinfo)
{
	Criteria	criteria;
	FolderRow	row;
	int64		store_id;
	int64		folder_id;

	folder_arguments(fcinfo, "set_search_criteria()", &store_id, &folder_id);
	folder_read_live(&row, store_id, folder_id, TREE_WRITE);
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_OWNER);
	(void) criteria_read(store_id, folder_id, &criteria);
	require_search(&criteria, folder_id);
	criteria_arguments(fcinfo, 2, store_id, &criteria);
	if (!is_complete(&criteria))
		return MAPI_E_NOT_INITIALIZED;
	write_criteria(store_id, folder_id, &criteria);
	tree_write(&row, CHANGE_PROPERTIES, construct_empty_array(TEXTOID));
	return S_OK;
}

/*
 * set_search_criteria(store_id, folder_id, restriction, folders, flags, actor)
 *		→ hresult
 *
 * Set what a search folder looks for, and where; a NULL leaves what is there.
 *
 * Returns S_OK, or MAPI_E_NOT_INITIALIZED if the restriction or the folders
 * were never set.  Errors: as create_search_folder(), MAPI_E_NO_SUPPORT for any
 * other folder.
 */
PG_FUNCTION_INFO_V1(set_search_criteria);
Datum
set_search_criteria(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 5, work_set));
}

/*
 * get_search_criteria(store_id, folder_id) → (restriction, folders, flags)
 *
 * Return what a search folder looks for, and where.  Of the folders, those that
 * the caller sees.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_NO_SUPPORT for any other
 * folder, MAPI_E_NOT_INITIALIZED if no criteria were set.
 */
PG_FUNCTION_INFO_V1(get_search_criteria);
Datum
get_search_criteria(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		folder_id = call_number(fcinfo, 1, "folder_id");
	Criteria	criteria;
	int64	   *ids;
	Datum	   *seen;
	int			count;
	int			nseen = 0;
	Datum		values[3];
	bool		nulls[3] = {false};

	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	store_require_folder(store_id, folder_id);
	(void) criteria_read(store_id, folder_id, &criteria);
	require_search(&criteria, folder_id);
	if (!is_complete(&criteria))
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_INITIALIZED),
				 errmsg("search folder %lld has no criteria",
						(long long) folder_id)));
	ids = criteria_folders(&criteria, &count);
	seen = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (access_sees_folder(store_id, ids[i]))
			seen[nseen++] = Int64GetDatum(ids[i]);
	}
	values[0] = JsonbPGetDatum(criteria.restriction);
	values[1] = PointerGetDatum(construct_array(seen, nseen, INT8OID,
												sizeof(int64),
												FLOAT8PASSBYVAL,
												TYPALIGN_DOUBLE));
	values[2] = Int32GetDatum((int32) criteria.flags);
	PG_RETURN_DATUM(call_row(fcinfo, values, nulls));
}
