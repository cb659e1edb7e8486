/*-------------------------------------------------------------------------
 *
 * history.c
 *	  Older versions of messages: reading them, going back to them, and
 *	  pruning them.
 *
 * NOTES
 *	  Older versions exist only as the chain of changes (change.c); no function
 *	  in this file stores a copy of a version.
 *
 *	  Pruning deletes the oldest changes of a message.  It never deletes the
 *	  newest change, a change at or after the base of a parked draft (park.c),
 *	  or a change that is younger than a day.  prune_history() in the install script
 *	  runs in batches, each in a transaction of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "query.h"

/*
 * check_history_call(store_id, message_id, change_number) → void
 *
 * Check the arguments of the functions in SQL that read the history.  Errors:
 * MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for the store,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(check_history_call);
Datum
check_history_call(PG_FUNCTION_ARGS)
{
	REQUIRE_ARG(0, "store_id");
	REQUIRE_ARG(1, "message_id");
	REQUIRE_ARG(2, "change_number");
	access_require(PG_GETARG_INT64(0), ACCESS_READ);
	/* the caller's statements name the schema */
	(void) relation_oid(REL_CHANGE);
	PG_RETURN_VOID();
}

/*
 * message_at(store_id, message_id, change_number) → jsonb
 *
 * Return the message as read_message() returned it at that version, with the
 * statement's snapshot.  The message may be deleted, softly or for good.
 *
 * Errors: MAPI_E_NOT_FOUND for the message, MAPI_E_UNABLE_TO_COMPLETE if the
 * version is not in the message's history, MAPI_E_NO_ACCESS.
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
 * restore_version(store_id, message_id, version, change_number, request,
 *				   actor) → (result, change_number)
 *
 * Save the content of an older version over change_number.  The save is an
 * ordinary one and is refused like any other.
 *
 * "result" is the result of the save, or MAPI_E_UNABLE_TO_COMPLETE if the
 * version is not in the history.  The returned change_number is the version
 * that stands afterwards, NULL if the message is gone.  Errors:
 * MAPI_E_NOT_FOUND for the message, MAPI_E_NO_ACCESS.
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
	save_author_arguments(fcinfo, 4, &request.author);

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
 * Set how much history of a store prune_history() must leave: the changes
 * younger than keep_age, and the newest keep_count changes of each message.
 * If one of the two is NULL, only the other protects changes; if both are
 * NULL, nothing is ever pruned.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a keep_count below 1, MAPI_E_NO_ACCESS.
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
 * Prune the history of the next "messages" messages of a store whose ids are
 * greater than "after".  "last" is the id to go on from, NULL after the last
 * message; "pruned" is the number of changes that were deleted.
 *
 * The store's drafts stay locked to the end of the transaction, so that no
 * session can park a draft on a version that is being pruned.  Errors:
 * MAPI_E_INVALID_PARAMETER for a "messages" below 1, MAPI_E_NO_ACCESS.
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
