/*-------------------------------------------------------------------------
 *
 * history.c
 *	  Older versions: reading them, going back to them, and letting go of
 *	  them.
 *
 * NOTES
 *	  The chain of changes is the only source; nothing here keeps a copy.
 *	  Pruning takes the oldest changes of a message, never the newest one,
 *	  never one at or after the base of a parked draft, and nothing younger
 *	  than a day.  It runs in batches, each a transaction of its own; see
 *	  prune_history() in the install script.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "query.h"

/*
 * message_at(store_id, message_id, change_number) → jsonb
 *
 * What read_message() showed at that version; also of deleted messages.
 * Errors: MAPI_E_NOT_FOUND for the message, MAPI_E_UNABLE_TO_COMPLETE for a
 * version that is not in its history.
 */
PG_FUNCTION_INFO_V1(message_at);
Datum
message_at(PG_FUNCTION_ARGS)
{
	Stand		stand;
	MessageRow	row;
	MessageView view;
	Jsonb	   *result;

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "change_number");
	memset(&stand, 0, sizeof(stand));
	stand.store_id = PG_GETARG_INT64(0);
	stand.message_id = PG_GETARG_INT64(1);
	stand.base = PG_GETARG_INT64(2);
	access_require(stand.store_id, ACCESS_READ);

	messagerow_begin_read(&row, GetActiveSnapshot());
	if (!view_read(&view, stand.store_id, stand.message_id, &row))
		messagerow_raise_not_found(stand.store_id, stand.message_id);
	if (!view_go_back(&view, stand.base))
		stand_raise_no_base(&stand);
	view.access = access_level(stand.store_id);
	result = view_props(&view, NULL);
	messagerow_end_read(&row);
	PG_RETURN_JSONB_P(result);
}

/*
 * restore_version(store_id, message_id, version, change_number)
 * → (result, change_number)
 *
 * An ordinary save over change_number of what the version held: refused like
 * any other.  MAPI_E_UNABLE_TO_COMPLETE where the version is not in the
 * history.
 */
PG_FUNCTION_INFO_V1(restore_version);
Datum
restore_version(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	Edits		none;
	int64		number;
	int32		result;
	Datum		values[2];
	bool		nulls[2] = {false};

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "version");
	REQUIRE_ARG(3, "change_number");
	edits_init(&none);
	memset(&request, 0, sizeof(request));
	request.store_id = PG_GETARG_INT64(0);
	request.message_id = PG_GETARG_INT64(1);
	request.version = PG_GETARG_INT64(2);
	request.base = PG_GETARG_INT64(3);
	request.mode = SAVE_VERSION;
	request.edits = &none;

	call_require_write("restore_version()");
	access_require(request.store_id, ACCESS_EDIT);
	result = save_execute(&request, &number);
	if (result == MAPI_E_OBJECT_DELETED && number == 0)
		change_require_message(request.store_id, request.message_id);
	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(number);
	nulls[1] = (number == 0);
	return call_row(fcinfo, values, nulls);
}

/*
 * set_retention(store_id, keep_age, keep_count)
 *
 * How much history prune_history() leaves: changes younger than keep_age, and
 * the newest keep_count of each message.  NULL: that limit protects nothing;
 * both NULL: nothing is ever pruned.
 */
PG_FUNCTION_INFO_V1(set_retention);
Datum
set_retention(PG_FUNCTION_ARGS)
{
	Datum		values[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
	PG_GETARG_DATUM(2)};
	char		nulls[4] = "   ";

	REQUIRE_ARG(0, "store_id");
	call_require_write("set_retention()");
	access_require(PG_GETARG_INT64(0), ACCESS_EDIT);
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"keep_count\" must be at least 1, not %d",
						PG_GETARG_INT32(2))));
	if (PG_ARGISNULL(1))
		nulls[1] = 'n';
	if (PG_ARGISNULL(2))
		nulls[2] = 'n';
	SPI_connect();
	query_run(QUERY_STORE_RETENTION, values, nulls);
	SPI_finish();
	relation_announce(REL_STORE);
	PG_RETURN_VOID();
}

/*
 * prune_batch(store_id, after, messages) → (last, pruned)
 *
 * Prune the next messages with ids past "after"; "last" is the id to go on
 * from, NULL at the end.  Keeps drafts from being parked in the store until it
 * commits, so that none can be parked on what is being pruned.
 */
PG_FUNCTION_INFO_V1(prune_batch);
Datum
prune_batch(PG_FUNCTION_ARGS)
{
	Datum		values[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
	PG_GETARG_DATUM(2)};
	Datum		result[2];
	bool		nulls[2] = {true, true};

	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "after");
	REQUIRE_ARG(2, "messages");
	call_require_write("prune_history()");
	access_require(PG_GETARG_INT64(0), ACCESS_EDIT);
	if (PG_GETARG_INT32(2) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"messages\" must be at least 1, not %d",
						PG_GETARG_INT32(2))));
	park_lock(PG_GETARG_INT64(0), ShareLock);
	SPI_connect();
	query_run(QUERY_PRUNE, values, NULL);
	for (int i = 0; i < 2; i++)
		result[i] = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, i + 1, &nulls[i]);
	SPI_finish();
	return call_row(fcinfo, result, nulls);
}
