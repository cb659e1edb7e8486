/*-------------------------------------------------------------------------
 *
 * park.c
 *	  Drafts that survive: a handle's base and pending edits as a row.
 *
 * NOTES
 *	  A parked draft belongs to the role that parked it, and stays until a
 *	  handle that was resumed from it is saved, or until it is discarded.
 *	  History is never pruned at or after the base of one.
 *
 *	  Row and edits correspond column by column; "touched" has a digit a part,
 *	  0 untouched, 1 implied, 2 touched (edits.c), because a NULL value of a
 *	  touched part is a deletion.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"

#include "msgstore.h"
#include "bag.h"
#include "store.h"

/* columns of QUERY_PARKED_INSERT and, after the first three, _READ */
typedef enum ParkedColumn
{
	P_STORE_ID = 0,
	P_PARKED_ID,
	P_ROLE,
	P_MESSAGE_ID,
	P_FOLDER_ID,
	P_BASE,
	P_DEFAULTS,
	P_TOUCHED,
	P_PART,
	P_ACTOR = P_PART + NUM_PARTS,
	P_CLIENT,
	NUM_PARKED_COLUMNS
} ParkedColumn;

#define P_FIRST_READ	P_MESSAGE_ID
#define NUM_READ_COLUMNS	(P_ACTOR - P_FIRST_READ)

static Datum
role_name(void)
{
	return CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
}

static void
put_text(Datum *values, char *nulls, int column, const char *text)
{
	if (text == NULL || text[0] == '\0')
		nulls[column] = 'n';
	else
		values[column] = CStringGetTextDatum(text);
}

int64
park_stand(const Stand *stand, int64 parked_id)
{
	Datum		values[NUM_PARKED_COLUMNS] = {0};
	char		nulls[NUM_PARKED_COLUMNS + 1];
	char		touched[NUM_PARTS + 1];
	Jsonb	   *attachments = NULL;

	if (parked_id == 0)
		parked_id = number_next(REL_PARKED_ID_SEQ);
	memset(nulls, ' ', NUM_PARKED_COLUMNS);
	nulls[NUM_PARKED_COLUMNS] = '\0';
	values[P_STORE_ID] = Int64GetDatum(stand->store_id);
	values[P_PARKED_ID] = Int64GetDatum(parked_id);
	values[P_ROLE] = role_name();
	values[P_MESSAGE_ID] = Int64GetDatum(stand->message_id);
	values[P_FOLDER_ID] = Int64GetDatum(stand->folder_id);
	values[P_BASE] = Int64GetDatum(stand->base);
	values[P_DEFAULTS] = PointerGetDatum(stand->defaults);
	if (stand->is_new)
		nulls[P_BASE] = 'n';
	else
		nulls[P_FOLDER_ID] = nulls[P_DEFAULTS] = 'n';
	if (stand->edits.value[PART_ATTACHMENTS] != NULL)
		attachments = attachments_adopt(stand->store_id, stand->message_id, 0,
										(Jsonb *) stand->edits.value[PART_ATTACHMENTS]);
	for (int p = 0; p < NUM_PARTS; p++)
	{
		touched[p] = '0' + stand->edits.touched[p];
		values[P_PART + p] = PointerGetDatum(stand->edits.value[p]);
		if (stand->edits.value[p] == NULL)
			nulls[P_PART + p] = 'n';
	}
	if (attachments != NULL)
		values[P_PART + PART_ATTACHMENTS] = JsonbPGetDatum(attachments);
	touched[NUM_PARTS] = '\0';
	values[P_TOUCHED] = CStringGetTextDatum(touched);
	put_text(values, nulls, P_ACTOR, msgstore_actor);
	put_text(values, nulls, P_CLIENT, application_name);

	SPI_connect();
	store_query(QUERY_PARKED_INSERT, values, nulls);
	SPI_finish();
	return parked_id;
}

/*
 * Read a draft of the current role into *stand, in the current context; false
 * where there is none.
 */
static bool
read_parked(int64 store_id, int64 parked_id, Stand *stand)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(parked_id),
	role_name()};
	MemoryContext caller = CurrentMemoryContext;
	bool		found;

	memset(stand, 0, sizeof(Stand));
	SPI_connect();
	found = store_query(QUERY_PARKED_READ, values, NULL) > 0;
	if (found)
	{
		Datum		row[NUM_READ_COLUMNS];
		bool		isnull[NUM_READ_COLUMNS];
		MemoryContext spi = MemoryContextSwitchTo(caller);
		char	   *touched;

		for (int i = 0; i < NUM_READ_COLUMNS; i++)
			row[i] = SPI_getbinval(SPI_tuptable->vals[0],
								   SPI_tuptable->tupdesc, i + 1, &isnull[i]);
		stand->store_id = store_id;
		stand->message_id = DatumGetInt64(row[P_MESSAGE_ID - P_FIRST_READ]);
		stand->is_new = isnull[P_BASE - P_FIRST_READ];
		if (stand->is_new)
		{
			stand->folder_id = DatumGetInt64(row[P_FOLDER_ID - P_FIRST_READ]);
			stand->defaults =
				DatumGetJsonbPCopy(row[P_DEFAULTS - P_FIRST_READ]);
		}
		else
			stand->base = DatumGetInt64(row[P_BASE - P_FIRST_READ]);
		touched = TextDatumGetCString(row[P_TOUCHED - P_FIRST_READ]);
		for (int p = 0; p < NUM_PARTS; p++)
		{
			stand->edits.touched[p] = touched[p] - '0';
			if (!isnull[P_PART + p - P_FIRST_READ])
				stand->edits.value[p] =
					PG_DETOAST_DATUM_COPY(row[P_PART + p - P_FIRST_READ]);
		}
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}

bool
park_discard(int64 store_id, int64 parked_id)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(parked_id),
	role_name()};
	bool		found;

	SPI_connect();
	found = store_query(QUERY_PARKED_DELETE, values, NULL) > 0;
	SPI_finish();
	return found;
}

static void
raise_not_parked(int64 store_id, int64 parked_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("store %lld has no parked draft %lld of role \"%s\"",
					(long long) store_id, (long long) parked_id,
					GetUserNameFromId(GetUserId(), false))));
}

/*
 * park(handle) → parked_id
 *
 * A handle that was resumed is parked where it came from.  The handle stays
 * open, as it is.
 */
PG_FUNCTION_INFO_V1(park);
Datum
park(PG_FUNCTION_ARGS)
{
	Handle	   *handle;
	Stand		stand;
	int64		parked_id;

	REQUIRE_ARG(0, "handle");
	handle = handle_get_message(PG_GETARG_INT32(0));
	module_require_write("park()");
	stand_of_handle(&stand, handle);
	parked_id = park_stand(&stand, handle->state.parked_id);
	handle_touch(handle);
	handle->state.parked_id = parked_id;
	PG_RETURN_INT64(parked_id);
}

/*
 * resume(store_id, parked_id) → handle, with the draft's base and edits
 *
 * Read/write if the role may edit.  Works also when the message was deleted
 * meanwhile.  Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(resume);
Datum
resume(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		parked_id;
	Stand		stand;
	Handle	   *handle;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "parked_id");
	store_id = PG_GETARG_INT64(0);
	parked_id = PG_GETARG_INT64(1);
	access_require(store_id, ACCESS_READ);
	if (!read_parked(store_id, parked_id, &stand))
		raise_not_parked(store_id, parked_id);

	handle = handle_open(store_id, stand.message_id);
	if (stand.is_new)
	{
		handle->defaults = MemoryContextAlloc(handle->context,
											  VARSIZE(stand.defaults));
		memcpy(handle->defaults, stand.defaults, VARSIZE(stand.defaults));
	}
	handle->state.folder_id = stand.folder_id;
	handle->state.is_new = stand.is_new;
	handle->state.base = stand.base;
	handle->state.writable = access_level(store_id) >= ACCESS_EDIT;
	handle->state.parked_id = parked_id;
	handle_set_edits(handle, &stand.edits);
	PG_RETURN_INT32(handle->number);
}

/*
 * discard_parked(store_id, parked_id)
 */
PG_FUNCTION_INFO_V1(discard_parked);
Datum
discard_parked(PG_FUNCTION_ARGS)
{
	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "parked_id");
	module_require_write("discard_parked()");
	access_require(PG_GETARG_INT64(0), ACCESS_READ);
	if (!park_discard(PG_GETARG_INT64(0), PG_GETARG_INT64(1)))
		raise_not_parked(PG_GETARG_INT64(0), PG_GETARG_INT64(1));
	PG_RETURN_VOID();
}
