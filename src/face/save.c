/*-------------------------------------------------------------------------
 *
 * save.c
 *	  Saving: the decision and the write, as one atomic step on the row.
 *
 * NOTES
 *	  A save decides in this order, which the contract prescribes:
 *
 *		5	row gone or deleted, or a new message's folder gone
 *									MAPI_E_OBJECT_DELETED
 *		6	right to edit taken away	MAPI_E_NO_ACCESS
 *		7	submitted				MAPI_E_SUBMITTED
 *		8	not forced, and the row is not at the client's version
 *									MAPI_E_OBJECT_CHANGED
 *		9	nothing pending			S_OK, nothing written
 *		10	write, new change number, record the change
 *
 *	  save_execute() does steps 5 to 10.  The SQL functions at the end of this
 *	  file do steps 1 to 3 (handle, flags, level) before, and step 11, which
 *	  sets the handle's level and base, afterwards.
 *
 *	  A plain save reads the newest committed version and decides on that
 *	  version.  A refusal is returned at once, without a lock.  A save that is
 *	  not refused updates the row.  heap_update replaces only the very version
 *	  that it is given, so no other save can come between check and write.
 *
 *	  If another transaction holds the version, a plain save first waits by
 *	  locking the version, without following the row to a newer one.  If the
 *	  other transaction rolled back, we hold the lock then, and decide again.
 *	  If it replaced the version, we hold no lock; we begin anew, and refuse
 *	  because of the new version's number.  A save that stores blobs locks the
 *	  row in any case, because a refused save must not store anything.
 *
 *	  A forced save of a client that may edit the message locks the newest
 *	  version first, whoever made that version, then decides, and writes over
 *	  the locked version.  It begins anew only if the row was deleted meanwhile.
 *
 *	  A save with a request first looks for a change that an earlier call with
 *	  the same request has made, and then answers as that call did.  The change
 *	  is looked for after the version is read (a forced save: locked), with a
 *	  snapshot that is not older.  If two equal requests are made at once, the
 *	  later one finds another version when it writes, and begins anew.  Two
 *	  equal requests for new messages exclude each other by a lock.
 *
 *	  The decision is the same in every isolation level, because it is made on
 *	  the newest committed version.  The write is not: PostgreSQL raises its
 *	  error 40001 if the transaction's snapshot does not see the version to be
 *	  replaced.  A plain save can meet this error only after refresh(), since
 *	  otherwise its base is a version that the snapshot has seen.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/table.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "value.h"

#include "activity.h"

/* A save under way. */
typedef struct SaveWork
{
	const SaveRequest *request;
	MessageRow	row;
	bool		decided;		/* decide() was called before */
	bool		parsed;			/* "edits" is filled */
	Edits		edits;
} SaveWork;

/* The outcome of one attempt to save. */
typedef enum Attempt
{
	ATTEMPT_DONE,				/* *result is the result of the save */
	ATTEMPT_AGAIN				/* the row changed meanwhile: begin anew */
} Attempt;

static Attempt attempt_plain(SaveWork *work, int32 *result, int64 *number);
static Attempt attempt_force(SaveWork *work, int32 *result, int64 *number);
static bool saved_already(const SaveRequest *request);
static int32 save_new(SaveWork *work, int64 *number);

int32
save_execute(const SaveRequest *request, int64 *change_number)
{
	MessageRow	row;
	int32		result;

	messagerow_open(&row, RowExclusiveLock);
	result = save_on_row(&row, request, change_number);
	messagerow_close(&row);
	return result;
}

/*
 * Save (steps 5 to 10), with a new latest snapshot for every attempt.
 */
int32
save_on_row(const MessageRow *row, const SaveRequest *request,
			int64 *change_number)
{
	SaveWork	work;
	int32		result = S_OK;
	Attempt		attempt = ATTEMPT_AGAIN;

	memset(&work, 0, sizeof(work));
	work.request = request;
	work.row = *row;
	*change_number = 0;
	if (request->is_new && !saved_already(request))
	{
		result = save_new(&work, change_number);
		attempt = ATTEMPT_DONE;
	}
	while (attempt == ATTEMPT_AGAIN)
	{
		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(GetLatestSnapshot());
		if ((request->flags & FORCE_SAVE) != 0 ||
			request->mode == SAVE_SEEN || request->mode == SAVE_MERGE)
			attempt = attempt_force(&work, &result, change_number);
		else
			attempt = attempt_plain(&work, &result, change_number);
		PopActiveSnapshot();
	}
	if (result == MAPI_E_OBJECT_CHANGED)
		activity_conflict(request->store_id, request->message_id);
	return result;
}

/* ---------------------------------------------------------------- deciding */

/* Return true if the current role may edit the message in work->row. */
static bool
may_edit_row(const SaveWork *work)
{
	return access_message(work->request->store_id,
						  work->row.version.folder_id, work->row.creator,
						  ACCESS_TO_EDIT);
}

/*
 * Do steps 5 to 8 on the version in work->row; S_OK means: go on.  A client
 * without a handle has not shown yet that it may read the message: if it may
 * not, the first decision raises the errors of opening the message.
 */
static int32
decide(SaveWork *work)
{
	const SaveRequest *request = work->request;
	const MessageRow *row = &work->row;
	bool		may_edit = may_edit_row(work);

	if (!may_edit && request->is_stateless && !work->decided)
		access_require_message(request->store_id, row->version.folder_id,
							   request->message_id, row->creator,
							   ACCESS_TO_READ);
	work->decided = true;
	if (row->version.deleted_at != 0)
		return MAPI_E_OBJECT_DELETED;
	if (!may_edit)
		return MAPI_E_NO_ACCESS;
	if (row->version.submitted_at != 0)
		return MAPI_E_SUBMITTED;
	if (request->mode == SAVE_MERGE ||
		(request->mode == SAVE_PLAIN && (request->flags & FORCE_SAVE) != 0))
		return S_OK;
	if (row->version.change_number !=
		(request->mode == SAVE_SEEN ? request->seen : request->base))
		return MAPI_E_OBJECT_CHANGED;
	return S_OK;
}

/* Return the pending edits; the first call reads them from the patch. */
static const Edits *
pending_edits(SaveWork *work)
{
	if (!work->parsed)
	{
		if (work->request->edits != NULL)
			work->edits = *work->request->edits;
		else
			edits_from_patch(work->request->patch, work->request->is_new,
							 &work->edits);
		work->parsed = true;
	}
	return &work->edits;
}

/*
 * Fill *result with the edits that a plain save writes over its own base: the
 * pending edits, or for SAVE_VERSION the edits that lead back to an older
 * version.  Return S_OK, or MAPI_E_UNABLE_TO_COMPLETE if the older version is
 * not in the history.
 */
static int32
plain_edits(SaveWork *work, Edits *result)
{
	const SaveRequest *request = work->request;
	Version		older = work->row.version;
	Edits		none;

	if (request->mode != SAVE_VERSION)
	{
		*result = *pending_edits(work);
		return S_OK;
	}
	if (!change_walk_back(request->store_id, request->message_id, &older,
						  request->version, NULL, NULL))
		return MAPI_E_UNABLE_TO_COMPLETE;
	edits_init(&none);
	edits_between(&work->row.version.content, &older.content, &none, result);
	return S_OK;
}

/* ----------------------------------------------------------------- writing */

/*
 * Do step 10 on the version in work->row.  With "no_wait", return
 * TM_BeingModified if another transaction holds the row.  Unless TM_Ok is
 * returned, nothing has been written.
 */
static TM_Result
write_row(SaveWork *work, const Edits *edits, bool no_wait, int64 *number)
{
	ChangeOrder order;

	memset(&order, 0, sizeof(order));
	order.no_wait = no_wait;
	order.base = work->request->base;
	if (work->request->mode == SAVE_SUBMIT)
	{
		order.kind = CHANGE_SUBMIT;
		order.sending = SENDING_BEGINS;
	}
	else if (order.base == work->row.version.change_number)
		order.kind = CHANGE_SAVE;
	else if (work->request->mode == SAVE_MERGE)
		order.kind = CHANGE_MERGE;
	else
		order.kind = CHANGE_FORCE;
	order.edits = edits;
	order.uploads = work->request->uploads;
	order.author = work->request->author;
	order.batch = work->request->batch;
	return change_write(&work->row, &order, number);
}

/* Do step 10 on a row that we have locked, which cannot have changed since. */
static void
write_locked(SaveWork *work, const Edits *edits, int64 *number)
{
	TM_Result	written = write_row(work, edits, false, number);

	if (written != TM_Ok)
		elog(ERROR, "unexpected answer %d to updating a locked message",
			 written);
}

/* ------------------------------------------------------------------ submit */

bool
save_has_recipients(const Content *content)
{
	return !content->isnull[PART_RECIPIENTS] &&
		JB_ROOT_COUNT(DatumGetJsonbP(content->value[PART_RECIPIENTS])) > 0;
}

/* Add PR_CLIENT_SUBMIT_TIME, now, to edits. */
static void
set_submit_time(Edits *edits)
{
	static const char *const name = "PR_CLIENT_SUBMIT_TIME";
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	BagList		list;
	Jsonb	   *member;
	char		text[VALUE_TIME_SIZE];

	systime_text(GetCurrentTimestamp(), text);
	baglist_init(&list, 1);
	baglist_add_cstring(&list, name, text, strlen(text));
	member = baglist_build(&list);
	if (edits->touched[PART_PROPS] == TOUCHED && patch != NULL)
		member = bag_splice(patch, member, true);
	edits->touched[PART_PROPS] = TOUCHED;
	edits->value[PART_PROPS] = (struct varlena *) member;
}

/*
 * Submit the locked message in work->row, with pending edits.  Return S_OK, or
 * MAPI_E_NO_RECIPIENTS without writing anything.
 */
static int32
submit_locked(SaveWork *work, const Edits *pending, int64 *number)
{
	Content		content;
	Edits		edits = *pending;

	edits_apply(&work->row.version.content, &edits, &content);
	if (!save_has_recipients(&content))
		return MAPI_E_NO_RECIPIENTS;
	set_submit_time(&edits);
	write_locked(work, &edits, number);
	return S_OK;
}

/* -------------------------------------------------------------- plain save */

/*
 * Lock the version in work->row, waiting for any transaction that holds it,
 * then decide again and write.
 */
static Attempt
save_locked(SaveWork *work, const Edits *edits, int32 *result, int64 *number)
{
	if (messagerow_lock(&work->row, false) != TM_Ok)
		return ATTEMPT_AGAIN;
	*result = decide(work);
	if (*result == S_OK && work->request->mode == SAVE_SUBMIT)
		*result = submit_locked(work, edits, number);
	else if (*result == S_OK && edits_any(edits))
		write_locked(work, edits, number);
	return ATTEMPT_DONE;
}

/*
 * Try a plain save on the version that the active snapshot sees, which is a
 * latest one.  *number is the version that stands afterwards, 0 if the row is
 * gone.  The row is locked before the write only if another transaction holds
 * the row, if blobs are to be stored, or if nothing is pending.
 */
static Attempt
attempt_plain(SaveWork *work, int32 *result, int64 *number)
{
	const SaveRequest *request = work->request;
	bool		found = messagerow_fetch(&work->row, request->store_id,
										 request->message_id);
	Edits		edits;

	*result = S_OK;
	if (request_saved_before(request, number))
		return ATTEMPT_DONE;
	if (!found)
	{
		*result = MAPI_E_OBJECT_DELETED;
		*number = 0;
		return ATTEMPT_DONE;
	}
	*number = work->row.version.change_number;
	*result = decide(work);
	if (*result == S_OK)
		*result = plain_edits(work, &edits);
	if (*result != S_OK)
		return ATTEMPT_DONE;
	if (request->mode == SAVE_SUBMIT ||
		!edits_any(&edits) || adopt_needed(&edits) ||
		messagerow_held(&work->row))
		return save_locked(work, &edits, result, number);

	/* after a wait the save would have to be decided anew */
	return write_row(work, &edits, true, number) == TM_Ok ?
		ATTEMPT_DONE : ATTEMPT_AGAIN;
}

/* ------------------------------------------------------------- forced save */

/*
 * Fill *result with the edits that turn the row into the message that the
 * forcing client shows (its base with its pending edits), or for a merge with
 * the edits that put the pending edits beside the changes of others.
 *
 * Return S_OK; MAPI_E_UNABLE_TO_COMPLETE if the base is not in the history;
 * MAPI_E_OBJECT_CHANGED if a merge finds that both changed one property.
 */
static int32
forced_edits(SaveWork *work, Edits *result)
{
	const SaveRequest *request = work->request;
	const Edits *pending = pending_edits(work);
	const Content *current = &work->row.version.content;
	Version		shown = work->row.version;
	TheirChanges theirs;

	theirs_init(&theirs, current);
	*result = *pending;
	if (!change_walk_back(request->store_id, request->message_id, &shown,
						  request->base, theirs_visit, &theirs))
		return MAPI_E_UNABLE_TO_COMPLETE;
	if (request->mode == SAVE_MERGE)
		return merge_edits(&theirs, &shown.content, current, pending,
						   request->by_lines, NULL, result) ?
			S_OK : MAPI_E_OBJECT_CHANGED;
	if (edits_any(pending) &&
		work->row.version.change_number != request->base)
	{
		edits_apply(&shown.content, pending, &shown.content);
		edits_between(current, &shown.content, pending, result);
	}
	return S_OK;
}

/*
 * Answer a client that may not edit the message before the row is locked: such
 * a client must neither wait nor hold others up.  Return true, and set *result
 * and *number, if the save has its answer.
 */
static bool
answered_at_door(SaveWork *work, int32 *result, int64 *number)
{
	if (may_edit_row(work))
	{
		/* a right that is taken away from now on is a matter of the result */
		work->decided = true;
		return false;
	}
	if (request_saved_before(work->request, number))
		return true;
	*number = work->row.version.change_number;
	*result = decide(work);
	return *result != S_OK;
}

/*
 * Lock the newest version, decide, and write: a forced save, an overwrite of
 * the version that was seen, or a merge.  *number is the version that stands
 * afterwards, 0 if the row is gone.
 */
static Attempt
attempt_force(SaveWork *work, int32 *result, int64 *number)
{
	const SaveRequest *request = work->request;
	bool		found = messagerow_fetch(&work->row, request->store_id,
										 request->message_id);
	Edits		edits;

	*result = S_OK;
	if (found && answered_at_door(work, result, number))
		return ATTEMPT_DONE;
	if (found && messagerow_lock(&work->row, true) != TM_Ok)
		return ATTEMPT_AGAIN;
	if (request_saved_before(request, number))
		return ATTEMPT_DONE;
	if (!found)
	{
		*result = MAPI_E_OBJECT_DELETED;
		*number = 0;
		return ATTEMPT_DONE;
	}

	/* the locked version and its history may be newer than the snapshot */
	PushActiveSnapshot(GetLatestSnapshot());
	*number = work->row.version.change_number;
	*result = decide(work);
	if (*result == S_OK)
		*result = forced_edits(work, &edits);
	if (*result == S_OK && edits_any(&edits))
		write_locked(work, &edits, number);
	PopActiveSnapshot();
	return ATTEMPT_DONE;
}

/* -------------------------------------------------------------- first save */

/*
 * Take PR_MESSAGE_FLAGS out of a new message's bag, since the flags have a
 * column.  Return the flags to store: the bag's, or else "flags".  A client
 * that sets them before the first save does not make an associated message an
 * ordinary one: the bag of "start" decides that.
 */
static int32
take_message_flags(Content *content, const Content *start, int32 flags)
{
	static const char *const name = "PR_MESSAGE_FLAGS";
	Jsonb	   *bag = DatumGetJsonbP(content->value[PART_PROPS]);
	JsonbValue	value;
	int32		associated = flags & MSGFLAG_ASSOCIATED;

	if (bag_find(DatumGetJsonbP(start->value[PART_PROPS]), name, &value))
		associated |= integer_of_value(&value) & MSGFLAG_ASSOCIATED;

	if (bag_find(bag, name, &value))
	{
		BagList		list;

		flags = (int32) integer_of_value(&value);
		baglist_init(&list, 1);
		baglist_add_null(&list, name, strlen(name));
		content->value[PART_PROPS] =
			JsonbPGetDatum(bag_splice(bag, baglist_build(&list), false));
	}
	if (flags & MSGFLAG_READ)
		flags |= MSGFLAG_EVERREAD;
	return flags | associated;
}

/*
 * Return true if another handle that was resumed from the same draft has saved
 * the new message, and wait for a transaction in which such a handle is about
 * to save.  For this handle the message has then been changed by others since
 * its base, and the base (0) is not in the message's history.  The lock on the
 * message's id is held to the end of the transaction.
 */
static bool
saved_already(const SaveRequest *request)
{
	Relation	change;
	ChangeRow	row;
	bool		found;

	if (!request->was_parked)
		return false;
	LockDatabaseObject(relation_oid(REL_MESSAGE), (Oid) request->message_id,
					   0, ExclusiveLock);
	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	PushActiveSnapshot(GetLatestSnapshot());
	found = changerow_newest(&row, change, request->store_id,
							 request->message_id, '\0');
	PopActiveSnapshot();
	table_close(change, NoLock);
	return found;
}

int32
save_lock_folder(const SaveRequest *request)
{
	bool		existed;

	if (!parent_lock_folder_if(request->store_id, request->folder_id, &existed))
	{
		if (request->is_stateless && !existed)
			store_raise_no_folder(request->store_id, request->folder_id);
		return MAPI_E_OBJECT_DELETED;
	}
	if (!access_may_create(request->store_id, request->folder_id))
		return MAPI_E_NO_ACCESS;
	return S_OK;
}

/*
 * Do the first save of a new message: lock its folder, unless the caller has
 * done so, then insert the row and its first change.  Returns as
 * save_lock_folder() does.
 */
static int32
save_new(SaveWork *work, int64 *number)
{
	const SaveRequest *request = work->request;
	MessageRow *row = &work->row;
	Content    *content = &row->version.content;
	int32		result = request->is_folder_locked ? S_OK :
	save_lock_folder(request);

	if (result != S_OK)
		return result;
	row->store_id = request->store_id;
	row->message_id = request->message_id;
	row->version.folder_id = request->folder_id;
	row->created_at = request->created_at;
	edits_apply(request->start, pending_edits(work), content);
	row->version.message_flags = take_message_flags(content, request->start,
													request->message_flags);
	change_create(row, request->source_id, request->uploads,
				  &request->author, NULL);
	*number = row->version.change_number;
	return S_OK;
}

/* ------------------------------------------------ requests, and their ends */

/*
 * Make a request.  It points to *stand, and for a new message to *start, which
 * is filled with the defaults.
 */
void
save_of_stand(SaveRequest *request, const Stand *stand, Content *start)
{
	memset(request, 0, sizeof(SaveRequest));
	request->store_id = stand->store_id;
	request->message_id = stand->message_id;
	request->base = stand->base;
	request->is_new = stand->is_new;
	request->was_parked = stand->was_parked;
	request->folder_id = stand->folder_id;
	request->message_flags = MSGFLAG_DEFAULT;
	request->created_at = stand->created_at;
	if (stand->is_new)
	{
		content_from_bag(start, stand->defaults);
		request->start = start;
	}
	request->uploads = stand->uploads;
	request->edits = &stand->edits;
	request->author = stand->author;
}

void
save_finish(Handle *handle, int64 change_number)
{
	if (handle->state.draft.id != 0)
		(void) park_discard(handle->store_id, &handle->state.draft, false);
	handle_set_base(handle, change_number);
	handle->state.is_new = false;
	memset(&handle->state.draft, 0, sizeof(Draft));
}

/* Do step 11: set the level with which the flags leave the handle. */
static void
set_level(Handle *handle, uint32 flags)
{
	handle_touch(handle);
	handle->state.writable = (flags & KEEP_OPEN_READONLY) == 0 ||
		(flags & KEEP_OPEN_READWRITE) != 0;
}

/*
 * Park the edits of a refused save if there are edits, the flags ask for
 * parking, and the role may still edit the message.  Return true, and set
 * *draft, if they were parked.
 */
static bool
park_refused(const Stand *stand, uint32 flags, Draft *draft)
{
	if ((flags & PARK_REFUSED) == 0 || !edits_any(&stand->edits) ||
		!stand_may_edit(stand))
		return false;
	park_stand(stand, draft);
	return true;
}

/* ----------------------------------------------------------- SQL functions */

/*
 * Save a handle on a message or inside one, and return the result of the save.
 * On S_OK the handle has its new level and base; after a refusal it is
 * unchanged, except that its edits are parked with PARK_REFUSED.
 */
static int32
save_handle(Handle *handle, uint32 flags)
{
	Stand		stand;
	SaveRequest request;
	Content		start;
	int64		number;
	int32		result;

	if ((flags & ~SAVE_FLAGS) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	if (!handle->state.writable)
		return MAPI_E_NO_ACCESS;
	if (handle->kind != HANDLE_MESSAGE)
	{
		result = subobject_save(handle);
		if (result == S_OK)
			set_level(handle, flags);
		return result;
	}
	call_require_write("save_changes()");

	stand_of_handle(&stand, handle);
	save_of_stand(&request, &stand, &start);
	request.flags = flags;
	result = save_execute(&request, &number);
	if (result != S_OK)
	{
		Draft		draft = handle->state.draft;

		if (park_refused(&stand, flags, &draft))
		{
			handle_touch(handle);
			handle->state.draft = draft;
		}
		return result;
	}

	save_finish(handle, number);
	set_level(handle, flags);
	return S_OK;
}

/*
 * save_changes(handle, flags) → hresult
 *
 * Returns S_OK, MAPI_E_UNKNOWN_FLAGS, MAPI_E_NO_ACCESS, MAPI_E_OBJECT_DELETED,
 * MAPI_E_SUBMITTED, MAPI_E_OBJECT_CHANGED (R705, R1053), or with FORCE_SAVE
 * MAPI_E_UNABLE_TO_COMPLETE if the base is not in the history.  After any of
 * these errors the handle is unchanged (R1670, R718, R722).
 *
 * Errors: MAPI_E_INVALID_OBJECT, and 40001 for a save over a version that the
 * transaction's snapshot does not see.
 */
PG_FUNCTION_INFO_V1(save_changes);
Datum
save_changes(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_argument(fcinfo);

	REQUIRE_ARG(1, "flags");
	PG_RETURN_INT32(save_handle(handle, PG_GETARG_UINT32(1)));
}

/*
 * force_save(handle) → hresult
 *
 * Save as save_changes() does with FORCE_SAVE.
 */
PG_FUNCTION_INFO_V1(force_save);
Datum
force_save(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(save_handle(handle_argument(fcinfo), FORCE_SAVE));
}

/*
 * Do the work of save_message() and save_message_number(): return the result,
 * and set *number to the version that stands afterwards, or 0.
 */
static int32
save_stateless(FunctionCallInfo fcinfo, int64 *number)
{
	SaveRequest request;
	int32		result;

	memset(&request, 0, sizeof(request));
	request.store_id = call_number(fcinfo, 0, "store_id");
	request.message_id = call_number(fcinfo, 1, "message_id");
	request.base = call_number(fcinfo, 2, "change_number");
	REQUIRE_ARG(3, "changes");
	REQUIRE_ARG(4, "flags");
	request.patch = PG_GETARG_JSONB_P(3);
	request.flags = PG_GETARG_UINT32(4);
	request_arguments(fcinfo, 5, &request.author);
	request.is_stateless = true;

	*number = 0;
	if ((request.flags & ~SAVE_FLAGS) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	call_require_write("save_message()");
	result = save_execute(&request, number);
	if (result == MAPI_E_OBJECT_DELETED && *number == 0)
		view_require_message(request.store_id, request.message_id);
	if (result != S_OK && (request.flags & PARK_REFUSED) != 0)
	{
		Stand		stand;
		Draft		draft = {0};

		stand_of_arguments(&stand, fcinfo);
		stand.author = request.author;
		(void) park_refused(&stand, request.flags, &draft);
	}
	return result;
}

/*
 * save_message(store_id, message_id, change_number, changes, flags, request,
 *				actor) → (result, change_number)
 *
 * Save the patch "changes" over the version change_number, without a handle.
 * "result" is as for save_changes().  The returned change_number is the
 * version that stands afterwards: the new one, or after a refusal the current
 * one; NULL if the message is gone or the flags are unknown.
 *
 * A call with a request that has saved this message before saves nothing and
 * returns what the earlier call returned.  "actor" is recorded in place of
 * msgstore.actor.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, and the errors of set_props()
 * for "changes", which are checked only if the save is not refused before.
 */
PG_FUNCTION_INFO_V1(save_message);
Datum
save_message(PG_FUNCTION_ARGS)
{
	int64		number;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = Int32GetDatum(save_stateless(fcinfo, &number));
	values[1] = Int64GetDatum(number);
	nulls[1] = (number == 0);
	return call_row(fcinfo, values, nulls);
}

/*
 * save_message_number(store_id, message_id, change_number, changes, flags,
 *					   request, actor) → bigint
 *
 * Save as save_message() does, and return the new change number, or NULL if the
 * save was refused.  In a list of a SELECT this needs no row type and no scan of
 * a function.
 */
PG_FUNCTION_INFO_V1(save_message_number);
Datum
save_message_number(PG_FUNCTION_ARGS)
{
	int64		number;

	if (save_stateless(fcinfo, &number) != S_OK)
		PG_RETURN_NULL();
	PG_RETURN_INT64(number);
}

/* Park a new message whose first save was refused. */
static void
park_new(const SaveRequest *request, Jsonb *defaults)
{
	Stand		stand;
	Draft		draft = {0};

	memset(&stand, 0, sizeof(stand));
	stand.store_id = request->store_id;
	stand.message_id = request->message_id;
	stand.is_new = true;
	stand.folder_id = request->folder_id;
	stand.defaults = defaults;
	stand.author = request->author;
	edits_from_patch(request->patch, true, &stand.edits);
	(void) park_refused(&stand, request->flags, &draft);
}

/*
 * save_new_message(store_id, folder_id, props, flags, request, actor)
 * → (result, message_id, change_number)
 *
 * Create a message and save it in one call.  "result" is as for
 * save_changes(); message_id and change_number are NULL unless it is S_OK.  A
 * call with a request that has created a message in the store before creates
 * nothing and returns that message.
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS, and the
 * errors of set_props() for "props".
 */
PG_FUNCTION_INFO_V1(save_new_message);
Datum
save_new_message(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	Jsonb	   *defaults;
	Content		start;
	int64		number = 0;
	int32		result = MAPI_E_UNKNOWN_FLAGS;
	Datum		values[3];
	bool		nulls[3] = {false, true, true};

	memset(&request, 0, sizeof(request));
	request.store_id = call_number(fcinfo, 0, "store_id");
	request.folder_id = call_number(fcinfo, 1, "folder_id");
	REQUIRE_ARG(2, "props");
	REQUIRE_ARG(3, "flags");
	request.patch = PG_GETARG_JSONB_P(2);
	request.flags = PG_GETARG_UINT32(3);
	request.is_new = true;
	request.is_stateless = true;
	request_arguments(fcinfo, 4, &request.author);

	access_require_folder(request.store_id, request.folder_id, RIGHT_CREATE);
	if ((request.flags & ~SAVE_FLAGS) == 0)
		call_require_write("save_new_message()");
	if ((request.flags & ~SAVE_FLAGS) == 0 &&
		request_created_before(request.store_id, &request.author,
							   &request.message_id, &number))
		result = S_OK;
	else if ((request.flags & ~SAVE_FLAGS) == 0)
	{
		defaults = content_defaults();
		content_from_bag(&start, defaults);
		request.start = &start;
		request.message_flags = MSGFLAG_DEFAULT;
		request.message_id = number_next_id(REL_MESSAGE_ID_SEQ,
											request.store_id);
		result = save_execute(&request, &number);
		if (result != S_OK && (request.flags & PARK_REFUSED) != 0)
			park_new(&request, defaults);
	}
	values[0] = Int32GetDatum(result);
	if (result == S_OK)
	{
		values[1] = Int64GetDatum(request.message_id);
		values[2] = Int64GetDatum(number);
		nulls[1] = nulls[2] = false;
	}
	return call_row(fcinfo, values, nulls);
}
