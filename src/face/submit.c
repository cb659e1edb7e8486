/*-------------------------------------------------------------------------
 *
 * submit.c
 *	  Sending: messages are submitted, claimed by a transport, and finished.
 *
 * NOTES
 *	  A submitted message cannot be saved; its version has the time of the
 *	  submission.  A row of the table outgoing says when it may be sent and who
 *	  has claimed it.
 *
 *	  A transport claims messages for the time of a lease.  A claim skips the
 *	  rows that another transport is claiming at this moment, and those with a
 *	  claim whose lease has not ended; so one message has one claim at a time.
 *	  If the transport disappears, the message is offered again when the lease
 *	  ends, as another attempt.  Whoever finishes a message has to present the
 *	  number of the claim, which is never given out twice.
 *
 *	  Leases are compared with the clock, not with the time at which a
 *	  transaction began.
 *
 *	  Locks: the row of outgoing, then a folder, then the message.  Submitting
 *	  locks the message first, and may do so: the message has no row in
 *	  outgoing that others would lock, since only rows of submitted messages
 *	  are claimed, finished or aborted.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "query.h"

/* ----------------------------------------------------------------- helpers */

/* Raise an error unless the current role is FOLDER_OWNER of the Outbox. */
static void
require_transport(int64 store_id)
{
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	access_require_folder(store_id, store_special_folder(store_id, "Outbox"),
						  RIGHT_FOLDER_OWNER);
}

/*
 * Return the time of a property of a message, or 0 if the message has no such
 * property.
 */
static TimestampTz
time_property(const MessageRow *row, const char *name)
{
	Jsonb	   *bag = DatumGetJsonbP(row->version.content.value[PART_PROPS]);
	JsonbValue	value;
	TimestampTz time;

	if (bag_find(bag, name, &value) && value.type == jbvString &&
		systime_timestamp(value.val.string.val, value.val.string.len, &time))
		return time;
	return 0;
}

/* -------------------------------------------------------------- submitting */

/*
 * Put a submitted message into the queue, from PR_DEFERRED_SEND_TIME on.  A row
 * that is left of a submission that failed is replaced.
 */
static void
enqueue(int64 store_id, int64 message_id)
{
	MessageRow	row;
	Datum		values[5];
	char		nulls[] = "     ";
	TimestampTz now = GetCurrentTimestamp();
	const char *actor = author_actor(NULL);

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (!messagerow_fetch(&row, store_id, message_id))
		elog(ERROR, "could not find submitted message " INT64_FORMAT,
			 message_id);
	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(message_id);
	values[2] = TimestampTzGetDatum(Max(now, time_property(&row,
														   "PR_DEFERRED_SEND_TIME")));
	messagerow_end_read(&row);
	values[3] = access_role_name();
	values[4] = (Datum) 0;
	if (actor != NULL)
		values[4] = CStringGetTextDatum(actor);
	else
		nulls[4] = 'n';
	SPI_connect();
	query_run(QUERY_OUTGOING_INSERT, values, nulls);
	SPI_finish();
}

/*
 * Return S_OK if a new message can be submitted after its first save: it has
 * recipients, and the current role may edit its own messages of the folder.
 * Otherwise nothing may be stored.
 */
static int32
check_new(const SaveRequest *request)
{
	Content		content;

	if (access_sees_folder(request->store_id, request->folder_id) &&
		!access_message(request->store_id, request->folder_id,
						access_role_name(), ACCESS_TO_EDIT))
		return MAPI_E_NO_ACCESS;
	edits_apply(request->start, request->edits, &content);
	return save_has_recipients(&content) ? S_OK : MAPI_E_NO_RECIPIENTS;
}

/*
 * Save and submit.  Return as submit_message(); *number is as of
 * save_execute().  A new message is saved first and then submitted, as two
 * changes.
 */
static int32
submit(const SaveRequest *request, int64 *number)
{
	SaveRequest last = *request;
	Edits		none;
	int32		result;

	if (request->is_new)
	{
		result = check_new(request);
		if (result != S_OK)
			return result;
		result = save_execute(request, number);
		if (result != S_OK)
			return result;
		edits_init(&none);
		last.is_new = false;
		last.base = *number;
		last.edits = &none;
	}
	last.mode = SAVE_SUBMIT;
	result = save_execute(&last, number);
	if (result == S_OK)
		enqueue(request->store_id, request->message_id);
	return result;
}

/*
 * submit_message(handle) → hresult
 *
 * Save the pending edits of a handle and submit the message for sending, as
 * one change: PR_MESSAGE_FLAGS has MSGFLAG_SUBMIT and no MSGFLAG_UNSENT, and
 * PR_CLIENT_SUBMIT_TIME is now.
 *
 * Returns as save_changes(), and MAPI_E_NO_RECIPIENTS.  After a refusal
 * nothing is stored and the handle is unchanged.  Errors:
 * MAPI_E_INVALID_OBJECT, MAPI_E_NO_SUPPORT for a handle inside a message.
 */
PG_FUNCTION_INFO_V1(submit_handle);
Datum
submit_handle(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_message_argument(fcinfo);
	Stand		stand;
	SaveRequest request;
	Content		start;
	int64		number;
	int32		result;

	if (!handle->state.writable)
		PG_RETURN_INT32(MAPI_E_NO_ACCESS);
	call_require_write("submit_message()");
	stand_of_handle(&stand, handle);
	save_of_stand(&request, &stand, &start);
	result = submit(&request, &number);
	if (result == S_OK)
		save_finish(handle, number);
	PG_RETURN_INT32(result);
}

/*
 * submit_message(store_id, message_id, change_number, actor) → hresult
 *
 * Submit a message at a version.  Returns as submit_message(handle).  Errors:
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(submit_message);
Datum
submit_message(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	Edits		none;
	int64		number = 0;
	volatile int32 result = S_OK;
	const char *before;

	memset(&request, 0, sizeof(request));
	edits_init(&none);
	request.store_id = call_number(fcinfo, 0, "store_id");
	request.message_id = call_number(fcinfo, 1, "message_id");
	request.base = call_number(fcinfo, 2, "change_number");
	request.edits = &none;
	request.is_stateless = true;
	call_require_write("submit_message()");
	access_require_store(request.store_id, RIGHT_FOLDER_VISIBLE);

	before = author_use(call_actor(fcinfo, 3));
	PG_TRY();
	{
		result = submit(&request, &number);
	}
	PG_FINALLY();
	{
		author_use(before);
	}
	PG_END_TRY();
	if (result == MAPI_E_OBJECT_DELETED && number == 0)
		view_require_message(request.store_id, request.message_id);
	PG_RETURN_INT32(result);
}

/* ------------------------------------------------------------------ ending */

/* How the submission of a message ends. */
typedef struct Ending
{
	int64		store_id;
	int64		message_id;
	Sending		sending;		/* SENDING_ENDS or SENDING_DONE */
	bool		as_editor;		/* the right to edit is needed */
} Ending;

/*
 * Return the folder of the store that PR_SENTMAIL_ENTRYID names, or 0 if the
 * message has no such property or if it names anything else.
 */
static int64
sentmail_folder(const MessageRow *row)
{
	Jsonb	   *bag = DatumGetJsonbP(row->version.content.value[PART_PROPS]);
	JsonbValue	value;
	bytea	   *entryid;

	if (!bag_find(bag, "PR_SENTMAIL_ENTRYID", &value) ||
		value.type != jbvString)
		return 0;
	entryid = base64_bytes(value.val.string.val, value.val.string.len);
	return computed_folder_of_entryid(row->store_id,
									  (const uint8 *) VARDATA_ANY(entryid),
									  VARSIZE_ANY_EXHDR(entryid));
}

/*
 * Fill *order for a message that was sent: it is deleted with
 * PR_DELETE_AFTER_SUBMIT, else moved to the folder of PR_SENTMAIL_ENTRYID, else
 * to Sent Items.  The folder is locked against deletion.  A message that was
 * deleted meanwhile stays where it is.
 */
static void
order_sent(const MessageRow *row, ChangeOrder *order)
{
	Jsonb	   *bag = DatumGetJsonbP(row->version.content.value[PART_PROPS]);
	JsonbValue	value;
	int64		folder_id;

	if (row->version.deleted_at != 0)
		return;
	if (bag_find(bag, "PR_DELETE_AFTER_SUBMIT", &value) &&
		value.type == jbvBool && value.val.boolean)
	{
		order->kind = CHANGE_DELETE;
		order->set_deleted = true;
		order->deleted = true;
		return;
	}
	folder_id = sentmail_folder(row);
	if (folder_id == 0 || !parent_lock_folder(row->store_id, folder_id))
	{
		folder_id = store_special_folder(row->store_id, "Sent Items");
		if (!parent_lock_folder(row->store_id, folder_id))
			return;
	}
	if (folder_id != row->version.folder_id)
	{
		order->kind = CHANGE_MOVE;
		order->folder_id = folder_id;
	}
}

/*
 * End the submission of the message that the active snapshot, a latest one,
 * sees.  Return S_OK, MAPI_E_NOT_IN_QUEUE if the message is not submitted, or
 * MAPI_E_NO_ACCESS; *again is set if the row was deleted meanwhile.
 */
static int32
end_submission(const Ending *ending, MessageRow *row, bool *again)
{
	ChangeOrder order = {.kind = CHANGE_SUBMIT, .sending = ending->sending};
	int64		number;

	*again = false;
	if (!messagerow_fetch(row, ending->store_id, ending->message_id) ||
		row->version.submitted_at == 0)
		return MAPI_E_NOT_IN_QUEUE;
	if (ending->sending == SENDING_DONE)
		order_sent(row, &order);
	if (messagerow_lock(row, true) != TM_Ok)
	{
		*again = true;
		return MAPI_E_NOT_IN_QUEUE;
	}
	if (row->version.submitted_at == 0)
		return MAPI_E_NOT_IN_QUEUE;
	if (ending->as_editor &&
		!access_message(ending->store_id, row->version.folder_id,
						row->creator, ACCESS_TO_EDIT))
		return MAPI_E_NO_ACCESS;

	/* moved, deleted or restored while we waited: decide anew */
	if (ending->sending == SENDING_DONE)
	{
		memset(&order, 0, sizeof(order));
		order.kind = CHANGE_SUBMIT;
		order.sending = ending->sending;
		order_sent(row, &order);
	}
	order.base = row->version.change_number;
	if (change_write(row, &order, &number) != TM_Ok)
		elog(ERROR, "could not update locked message " INT64_FORMAT,
			 ending->message_id);
	return S_OK;
}

/* End a submission; return as end_submission(). */
static int32
end_message(const Ending *ending)
{
	MessageRow	row;
	int32		result;
	bool		again = true;

	messagerow_open(&row, RowExclusiveLock);
	while (again)
	{
		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(GetLatestSnapshot());
		result = end_submission(ending, &row, &again);
		PopActiveSnapshot();
	}
	messagerow_close(&row);
	return result;
}

/*
 * Lock the queue's row of a message.  Return false if the message is not
 * queued; *claimed is true if a transport has a claim whose lease has not
 * ended.
 */
static bool
lock_queued(int64 store_id, int64 message_id, bool *claimed)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_OUTGOING_LOCK, values, NULL) > 0;
	*claimed = found && query_result_bigint() != 0;
	SPI_finish();
	return found;
}

/* Run a statement that changes the queue's row of a message. */
static void
change_queued(QueryName query, Datum *values, const char *nulls)
{
	SPI_connect();
	query_run(query, values, nulls);
	SPI_finish();
}

/* Take a message out of the queue and end its submission. */
static int32
abort_message(const Ending *ending)
{
	Datum		values[2] = {Int64GetDatum(ending->store_id),
	Int64GetDatum(ending->message_id)};
	bool		claimed;
	int32		result;

	if (!lock_queued(ending->store_id, ending->message_id, &claimed))
		return MAPI_E_NOT_IN_QUEUE;
	if (claimed)
		return MAPI_E_UNABLE_TO_ABORT;
	result = end_message(ending);
	if (result == S_OK)
		change_queued(QUERY_OUTGOING_DELETE, values, NULL);
	return result;
}

/*
 * Raise MAPI_E_NOT_FOUND or MAPI_E_NO_ACCESS unless the message exists and the
 * current role may edit it.
 */
static void
require_editable(int64 store_id, int64 message_id)
{
	MessageRow	row;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (!messagerow_fetch(&row, store_id, message_id))
		access_raise_no_message(store_id, message_id);
	access_require_message(store_id, row.version.folder_id, message_id,
						   row.creator, ACCESS_TO_EDIT);
	messagerow_end_read(&row);
}

/*
 * abort_submit(store_id, message_id, actor) → hresult
 *
 * Take a message back that no transport has claimed; it is unsent again.
 *
 * Returns S_OK, MAPI_E_NOT_IN_QUEUE if the message is not submitted,
 * MAPI_E_UNABLE_TO_ABORT while it is claimed, or MAPI_E_NO_ACCESS.  Errors:
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(abort_submit);
Datum
abort_submit(PG_FUNCTION_ARGS)
{
	Ending		ending = {.sending = SENDING_ENDS, .as_editor = true};
	volatile int32 result = S_OK;
	const char *before;

	call_require_write("abort_submit()");
	ending.store_id = call_number(fcinfo, 0, "store_id");
	ending.message_id = call_number(fcinfo, 1, "message_id");
	require_editable(ending.store_id, ending.message_id);

	before = author_use(call_actor(fcinfo, 2));
	PG_TRY();
	{
		result = abort_message(&ending);
	}
	PG_FINALLY();
	{
		author_use(before);
	}
	PG_END_TRY();
	PG_RETURN_INT32(result);
}

/* --------------------------------------------------------------- transport */

/*
 * claim_outgoing(store_id, max, lease)
 * → (message_id, change_number, claim, attempt)
 *
 * Claim up to "max" messages that are due, for the time of the lease; those
 * that have waited longest come first.  Messages that another transport is
 * claiming at this moment are skipped.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_INVALID_PARAMETER.
 */
PG_FUNCTION_INFO_V1(claim_outgoing);
Datum
claim_outgoing(PG_FUNCTION_ARGS)
{
	Tuplestorestate *store;
	TupleDesc	desc;
	Datum		values[5];
	Interval   *lease;
	uint64		count;

	REQUIRE_ARG(1, "max");
	REQUIRE_ARG(2, "lease");
	call_require_write("claim_outgoing()");
	lease = PG_GETARG_INTERVAL_P(2);
	if (PG_GETARG_INT32(1) < 0 ||
		lease->month < 0 || lease->day < 0 || lease->time < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"max\" and \"lease\" must not be negative")));
	require_transport(call_number(fcinfo, 0, "store_id"));
	store = call_begin_set(fcinfo, &desc);

	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	values[2] = PG_GETARG_DATUM(2);
	values[3] = Int64GetDatum(number_next_change(0));
	values[4] = access_role_name();
	SPI_connect();
	count = query_run(QUERY_OUTGOING_CLAIM, values, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		Datum		row[4];
		bool		nulls[4];

		for (int c = 0; c < 4; c++)
			row[c] = SPI_getbinval(SPI_tuptable->vals[i],
								   SPI_tuptable->tupdesc, c + 1, &nulls[c]);
		tuplestore_putvalues(store, desc, row, nulls);
	}
	SPI_finish();
	PG_RETURN_NULL();
}

typedef enum Outcome
{
	OUTCOME_SENT = 0,
	OUTCOME_RETRY,
	OUTCOME_FAILED
} Outcome;

/* Return argument n, an outcome.  Raise MAPI_E_INVALID_PARAMETER for others. */
static Outcome
outcome_argument(FunctionCallInfo fcinfo, int n)
{
	static const char *const names[] = {"SENT", "RETRY", "FAILED"};
	char	   *name;

	REQUIRE_ARG(n, "outcome");
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return (Outcome) i;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("\"%s\" is not an outcome of sending",
					text_shown(name, strlen(name))),
			 errhint("The outcomes are SENT, RETRY and FAILED.")));
}

/*
 * Carry an outcome out on a message of the queue.  "values" are those of
 * QUERY_OUTGOING_RETRY: store_id, message_id, claim, detail, retry_after.
 */
static int32
finish(const Ending *ending, Outcome outcome, Datum *values,
	   const char *nulls)
{
	bool		held;
	int32		result;

	SPI_connect();
	held = query_run(QUERY_OUTGOING_CLAIMED, values, NULL) > 0;
	SPI_finish();
	if (!held)
		return MAPI_E_NOT_IN_QUEUE;
	if (outcome == OUTCOME_RETRY)
	{
		change_queued(QUERY_OUTGOING_RETRY, values, nulls);
		return S_OK;
	}
	result = end_message(ending);
	if (result == S_OK)
		change_queued(outcome == OUTCOME_SENT ? QUERY_OUTGOING_DELETE :
					  QUERY_OUTGOING_FAIL, values, nulls);
	return result;
}

/*
 * finish_submit(store_id, message_id, claim, outcome, detail, retry_after,
 *				 actor) → hresult
 *
 * Report the outcome of sending a claimed message.  SENT: the message is
 * deleted with PR_DELETE_AFTER_SUBMIT, else moved to the folder of
 * PR_SENTMAIL_ENTRYID or to Sent Items.  RETRY: it is due again after
 * retry_after (NULL: at once).  FAILED: it is unsent again, where it is.  The
 * queue shows "detail" until the message is sent or submitted again.
 *
 * Returns S_OK, or MAPI_E_NOT_IN_QUEUE if the claim is not that of the message
 * or its lease has ended.  Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER.
 */
PG_FUNCTION_INFO_V1(finish_submit);
Datum
finish_submit(PG_FUNCTION_ARGS)
{
	Ending		ending = {.sending = SENDING_ENDS};
	Outcome		outcome;
	Datum		values[5];
	char		nulls[] = "     ";
	volatile int32 result = S_OK;
	const char *before;

	REQUIRE_ARG(2, "claim");
	outcome = outcome_argument(fcinfo, 3);
	call_require_write("finish_submit()");
	ending.store_id = call_number(fcinfo, 0, "store_id");
	ending.message_id = call_number(fcinfo, 1, "message_id");
	if (outcome == OUTCOME_SENT)
		ending.sending = SENDING_DONE;
	require_transport(ending.store_id);
	for (int i = 0; i < 5; i++)
	{
		int			arg = i < 3 ? i : i + 1;

		values[i] = PG_ARGISNULL(arg) ? (Datum) 0 : PG_GETARG_DATUM(arg);
		nulls[i] = PG_ARGISNULL(arg) ? 'n' : ' ';
	}

	before = author_use(call_actor(fcinfo, 6));
	PG_TRY();
	{
		result = finish(&ending, outcome, values, nulls);
	}
	PG_FINALLY();
	{
		author_use(before);
	}
	PG_END_TRY();
	PG_RETURN_INT32(result);
}
