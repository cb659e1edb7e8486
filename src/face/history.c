/*-------------------------------------------------------------------------
 *
 * history.c
 *	  The history of messages: listing changes, reading older versions, going
 *	  back to them, and pruning them.
 *
 * NOTES
 *	  Older versions exist only as the chain of changes (change.c); no function
 *	  in this file stores a copy of a version.
 *
 *	  Pruning deletes the oldest changes of a message.  It never deletes the
 *	  newest change, a change at or after the base of a parked draft (park.c),
 *	  or a change that is younger than a day.  prune_history() in the install
 *	  script runs in batches, each in a transaction of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/table.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "query.h"

#define NUM_COLUMNS		10

/* A history that is being listed. */
typedef struct Listing
{
	Relation	change;
	int64		store_id;
	int64		message_id;
	Tuplestorestate *result;
	TupleDesc	desc;
	MemoryContext row_memory;	/* reset for every row */
	ChangeWalk	walk;
} Listing;

const char *
history_kind(char kind)
{
	switch (kind)
	{
		case CHANGE_CREATE:
			return "create";
		case CHANGE_COPY:
			return "copy";
		case CHANGE_SAVE:
			return "save";
		case CHANGE_FORCE:
			return "force";
		case CHANGE_MERGE:
			return "merge";
		case CHANGE_MOVE:
			return "move";
		case CHANGE_IMPORT:
			return "import";
		case CHANGE_DELETE:
			return "delete";
		case CHANGE_RESTORE:
			return "restore";
		case CHANGE_SUBMIT:
			return "submit";
		case CHANGE_HARD_DELETE:
			return "hard delete";
		case CHANGE_PURGE:
			return "purge";
		default:
			elog(ERROR, "unexpected kind \"%c\" of a change", kind);
			return NULL;		/* keep compiler quiet */
	}
}

/* Add a change to the result. */
static void
put_change(Listing *listing, const ChangeRow *row)
{
	Datum		values[NUM_COLUMNS];
	bool		nulls[NUM_COLUMNS] = {false};

	values[0] = Int64GetDatum(row->change_number);
	values[1] = CStringGetTextDatum(history_kind(row->kind));
	values[2] = CStringGetTextDatum(changerow_author(row));
	values[3] = CStringGetTextDatum(row->author.role);
	nulls[4] = (row->author.actor == NULL);
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(row->author.actor);
	nulls[5] = (row->author.client == NULL);
	values[5] = nulls[5] ? (Datum) 0 : CStringGetTextDatum(row->author.client);
	values[6] = TimestampTzGetDatum(row->changed_at);
	values[7] = PointerGetDatum(row->undo.properties);
	values[8] = Int64GetDatum(row->previous);
	nulls[8] = (row->previous == 0);
	values[9] = Int64GetDatum(row->base);
	nulls[9] = (row->base == 0);
	tuplestore_putvalues(listing->result, listing->desc, values, nulls);
}

/*
 * Return the newest change of a message that the active snapshot sees.  Raise
 * MAPI_E_NOT_FOUND if the message does not exist and never did, and
 * MAPI_E_NO_ACCESS.  The owner of the store also sees the changes of a message
 * whose row was deleted by hand.
 */
static int64
newest_change(const Listing *listing)
{
	MessageRow	row;
	MessageView view;
	ChangeRow	change;
	int64		newest;

	messagerow_open(&row, AccessShareLock);
	if (view_read(&view, listing->store_id, listing->message_id, &row))
		newest = view.version.change_number;
	else if (access_is_owner(listing->store_id) &&
			 changerow_newest(&change, listing->change, listing->store_id,
							  listing->message_id, '\0'))
		newest = change.change_number;
	else
		access_raise_no_message(listing->store_id, listing->message_id);
	messagerow_close(&row);
	return newest;
}

/*
 * Raise MAPI_E_CORRUPT_DATA if a change is missing although older changes
 * exist.  "newer" is the change that leads to the missing one; changes are
 * pruned from the old end of the chain only.
 */
static void
check_pruned(const Listing *listing, int64 missing, TimestampTz newer)
{
	if (changerow_any_before(listing->change, listing->store_id,
							 listing->message_id, newer))
		ereport(ERROR,
				(errmapi(MAPI_E_CORRUPT_DATA),
				 errmsg("the history of message %lld in store %lld lacks change %lld",
						(long long) listing->message_id,
						(long long) listing->store_id, (long long) missing)));
}

/*
 * Walk the chain back from change "at", over at most "max" changes.  Add each
 * change to the result, or, if "numbers" is not NULL, store its number in the
 * array *numbers, which is palloc'd.  Return the number of changes.
 */
static int64
walk(Listing *listing, int64 at, int64 max, int64 **numbers)
{
	int64		count = 0;
	int64		allocated = 64;
	TimestampTz newer = 0;
	MemoryContext caller = CurrentMemoryContext;

	if (numbers != NULL)
		*numbers = palloc(sizeof(int64) * allocated);
	while (at != 0 && count < max)
	{
		ChangeRow	row;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(listing->row_memory);
		MemoryContextSwitchTo(listing->row_memory);
		if (!changewalk_fetch_head(&listing->walk, &row, at))
		{
			if (newer != 0)
				check_pruned(listing, at, newer);
			MemoryContextSwitchTo(caller);
			break;
		}
		if (numbers == NULL)
			put_change(listing, &row);
		MemoryContextSwitchTo(caller);
		if (numbers != NULL && count == allocated)
		{
			allocated *= 2;
			*numbers = repalloc_huge(*numbers, sizeof(int64) * allocated);
		}
		if (numbers != NULL)
			(*numbers)[count] = at;
		count++;
		newer = row.changed_at;
		at = row.previous;
	}
	return count;
}

/* Add the changes with the given numbers to the result, the last one first. */
static void
put_reversed(Listing *listing, const int64 *numbers, int64 count)
{
	MemoryContext caller = MemoryContextSwitchTo(listing->row_memory);

	while (count-- > 0)
	{
		ChangeRow	row;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(listing->row_memory);
		if (!changewalk_fetch_head(&listing->walk, &row, numbers[count]))
			elog(ERROR, "change " INT64_FORMAT " is gone", numbers[count]);
		put_change(listing, &row);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Return argument 2, the greatest number of rows, or PG_INT64_MAX if the
 * argument is NULL.
 */
static int64
max_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		return PG_INT64_MAX;
	if (PG_GETARG_INT32(2) < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"max\" must not be negative")));
	return PG_GETARG_INT32(2);
}

/*
 * history(store_id, message_id, max, before)
 * → (change_number, kind, changed_by, role, actor, client, changed_at,
 *	  properties, previous, base_change_number)
 *
 * Return the changes of a message, with the statement's snapshot: all of them,
 * oldest first, or with "max" that many of the newest ones, newest first.
 * With "before", the changes that led to the version before that one; no row
 * if the history does not have that version.
 *
 * Errors: MAPI_E_NOT_FOUND for store or message, MAPI_E_NO_ACCESS,
 * MAPI_E_CORRUPT_DATA if a change in the middle of the chain is missing.
 */
PG_FUNCTION_INFO_V1(history);
Datum
history(PG_FUNCTION_ARGS)
{
	Listing		listing;
	int64		max;
	int64		at;
	int64	   *numbers;
	ChangeRow	row;

	listing.store_id = call_number(fcinfo, 0, "store_id");
	listing.message_id = call_number(fcinfo, 1, "message_id");
	max = max_argument(fcinfo);

	listing.result = call_begin_set(fcinfo, &listing.desc);
	listing.change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	listing.row_memory = AllocSetContextCreate(CurrentMemoryContext,
											   "msgstore history",
											   ALLOCSET_DEFAULT_SIZES);
	at = newest_change(&listing);
	if (!PG_ARGISNULL(3))
		at = changerow_fetch_head(&row, listing.change, listing.store_id,
								  listing.message_id,
								  call_number(fcinfo, 3, "before")) ?
			row.previous : 0;
	changewalk_begin(&listing.walk, listing.change, listing.store_id,
					 listing.message_id);
	if (!PG_ARGISNULL(2))
		(void) walk(&listing, at, max, NULL);
	else
	{
		int64		count = walk(&listing, at, max, &numbers);

		put_reversed(&listing, numbers, count);
	}
	changewalk_end(&listing.walk);
	MemoryContextDelete(listing.row_memory);
	table_close(listing.change, NoLock);
	return (Datum) 0;
}

/*
 * check_history_call(store_id, message_id, change_number) → void
 *
 * Check the arguments of merge_report().  Errors:
 * MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for store or message,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(check_history_call);
Datum
check_history_call(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		message_id = call_number(fcinfo, 1, "message_id");

	(void) call_number(fcinfo, 2, "change_number");
	view_require_message(store_id, message_id);
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

	memset(&stand, 0, sizeof(stand));
	stand.store_id = call_number(fcinfo, 0, "store_id");
	stand.message_id = call_number(fcinfo, 1, "message_id");
	stand.base = call_number(fcinfo, 2, "change_number");

	messagerow_begin_read(&row, GetActiveSnapshot());
	if (!view_read(&view, stand.store_id, stand.message_id, &row))
		access_raise_no_message(stand.store_id, stand.message_id);
	if (!view_go_back(&view, stand.base))
		stand_raise_no_base(&stand);
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

	edits_init(&none);
	memset(&request, 0, sizeof(request));
	request.store_id = call_number(fcinfo, 0, "store_id");
	request.message_id = call_number(fcinfo, 1, "message_id");
	request.version = call_number(fcinfo, 2, "version");
	request.base = call_number(fcinfo, 3, "change_number");
	request.mode = SAVE_VERSION;
	request.edits = &none;
	request_arguments(fcinfo, 4, &request.author);

	call_require_write("restore_version()");
	request.is_stateless = true;
	result = save_execute(&request, &number);
	if (result == MAPI_E_OBJECT_DELETED && number == 0)
		view_require_message(request.store_id, request.message_id);
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
	int64		store_id;

	store_id = call_number(fcinfo, 0, "store_id");
	call_require_write("set_retention()");
	access_require_owner(store_id);
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
	Datum		result[3];
	bool		nulls[3] = {true, true, true};
	int64		store_id;

	store_id = call_number(fcinfo, 0, "store_id");
	call_number(fcinfo, 1, "after");
	REQUIRE_ARG(2, "messages");
	call_require_write("prune_history()");
	access_require_owner(store_id);
	if (PG_GETARG_INT32(2) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"messages\" must be at least 1, not %d",
						PG_GETARG_INT32(2))));
	park_lock(store_id, ShareLock);
	SPI_connect();
	query_run(QUERY_PRUNE, values, NULL);
	for (int i = 0; i < 3; i++)
		result[i] = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, i + 1, &nulls[i]);
	SPI_finish();
	activity_pruned(store_id, DatumGetInt64(result[1]),
					DatumGetInt64(result[2]), true);
	return call_row(fcinfo, result, nulls);
}
