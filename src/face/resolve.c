/*-------------------------------------------------------------------------
 *
 * resolve.c
 *	  The choices of a user in a conflict: keep the original, overwrite the
 *	  original, merge, or save the changes elsewhere.
 *
 * NOTES
 *	  OVERWRITE, MERGE and MERGE_TEXT are one save each; the save's mode
 *	  (SaveMode) says how it treats the changes of others.  SAVE_ELSEWHERE is
 *	  the first save of a new message, and KEEP_ORIGINAL stores nothing.  The
 *	  handle changes only after the choice has succeeded, so a choice that is
 *	  refused leaves everything unchanged.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"


typedef enum Choice
{
	KEEP_ORIGINAL = 0,
	OVERWRITE,
	SAVE_ELSEWHERE,
	MERGE,
	MERGE_TEXT
} Choice;

static const char *const choice_names[] = {
	"KEEP_ORIGINAL", "OVERWRITE", "SAVE_ELSEWHERE", "MERGE", "MERGE_TEXT"
};

/* The message and version on which the client stands after a choice. */
typedef struct Outcome
{
	int64		message_id;
	int64		change_number;	/* 0 if the message has no version left */
} Outcome;

/* --------------------------------------------------------------- elsewhere */

/*
 * Turn a view of the original into the start of a copy: remove the properties
 * that belong to the original alone, and if the copy is made because of a
 * conflict, set PR_CONFLICT_ENTRYID to the original's entry id.
 */
static void
prepare_copy(MessageView *view, bool from_conflict)
{
	static const char *const own[] = {
		"PR_CREATION_TIME", "PR_LAST_MODIFICATION_TIME"
	};
	static const char *const entryid = "PR_ENTRYID";
	Content    *content = &view->version.content;
	BagList		patch;
	JsonbValue	value;

	baglist_init(&patch, 4);
	for (int i = 0; i < lengthof(own); i++)
		baglist_add_null(&patch, own[i], strlen(own[i]));
	if (from_conflict)
	{
		Datum		tag = CStringGetTextDatum(entryid);
		Jsonb	   *shown = view_props(view, construct_array(&tag, 1, TEXTOID,
															 -1, false,
															 TYPALIGN_INT));

		if (bag_find(shown, entryid, &value))
			baglist_add_value(&patch, "PR_CONFLICT_ENTRYID",
							  strlen("PR_CONFLICT_ENTRYID"), &value);
	}
	content->value[PART_PROPS] =
		JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
								  baglist_build(&patch), false));
}

/*
 * Save the message that a client shows (base and pending edits) as a new
 * message in a folder.  Return the result of the new message's first save; on
 * S_OK *outcome is the new message.  A message that an earlier call with the
 * same request has created is returned instead.  Raise the errors of
 * stand_view().
 */
static int32
save_elsewhere(const Stand *stand, int64 folder_id, bool from_conflict,
			   Outcome *outcome)
{
	MessageRow	row;
	MessageView view;
	SaveRequest request;
	int64		number;
	int32		result;

	if (request_created_before(stand->store_id, &stand->author,
							   &outcome->message_id, &outcome->change_number))
		return S_OK;
	outcome->message_id = stand->message_id;
	/* with a writer's lock at once: it is needed below */
	messagerow_open(&row, RowExclusiveLock);
	PushActiveSnapshot(GetLatestSnapshot());
	stand_view(&view, stand, &row);
	prepare_copy(&view, from_conflict && !stand->is_new);

	memset(&request, 0, sizeof(request));
	request.store_id = stand->store_id;
	request.message_id = number_next_id(REL_MESSAGE_ID_SEQ, request.store_id);
	request.is_new = true;
	request.folder_id = folder_id;
	request.message_flags = view.version.message_flags;
	request.created_at = stand->created_at;
	request.start = &view.version.content;
	request.source_id = stand->message_id;
	request.uploads = stand->uploads;
	request.edits = &stand->edits;
	request.author = stand->author;
	result = save_execute(&request, &number);
	if (result == S_OK)
	{
		outcome->message_id = request.message_id;
		outcome->change_number = number;
		original_copy(stand->store_id, stand->message_id, stand->store_id,
					  request.message_id);
	}
	messagerow_end_read(&row);
	return result;
}

/*
 * Return the folder that argument n names, or the store's Conflicts folder if
 * the argument is NULL.  Raise MAPI_E_NOT_FOUND if the folder does not exist,
 * or if the argument names a folder that the current role does not see.
 */
static int64
folder_argument(FunctionCallInfo fcinfo, int n, int64 store_id)
{
	int64		folder_id;

	if (PG_ARGISNULL(n))
		folder_id = store_special_folder(store_id, "Conflicts");
	else
	{
		folder_id = call_number(fcinfo, n, "folder_id");
		access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	}
	store_require_folder(store_id, folder_id);
	criteria_require_place(store_id, folder_id);
	return folder_id;
}

/*
 * save_as(handle, folder_id) → message_id
 *
 * Save the message that the handle shows as a new message, and return the new
 * message's id.  The original and the handle stay unchanged; the original may
 * be deleted.
 *
 * Errors: MAPI_E_NOT_FOUND for the folder, MAPI_E_NO_ACCESS,
 * MAPI_E_UNABLE_TO_COMPLETE if the handle's base is not in the history.
 */
PG_FUNCTION_INFO_V1(save_as);
Datum
save_as(PG_FUNCTION_ARGS)
{
	Handle	   *handle;
	Stand		stand;
	Outcome		outcome;
	int64		folder_id;

	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "folder_id");
	handle = handle_message_argument(fcinfo);
	call_require_write("save_as()");
	folder_id = folder_argument(fcinfo, 1, handle->store_id);
	access_require_folder(handle->store_id, folder_id, RIGHT_CREATE);
	stand_of_handle(&stand, handle);
	if (save_elsewhere(&stand, folder_id, false, &outcome) != S_OK)
	{
		/* folder or right were taken away while we waited for the folder */
		access_require_folder(handle->store_id, folder_id, RIGHT_CREATE);
		store_raise_no_folder(handle->store_id, folder_id);
	}
	PG_RETURN_INT64(outcome.message_id);
}

/* ----------------------------------------------------------------- choices */

/* Return the choice that argument n names; names are case-sensitive. */
static Choice
choice_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name;

	REQUIRE_ARG(n, "choice");
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int i = 0; i < lengthof(choice_names); i++)
	{
		if (strcmp(name, choice_names[i]) == 0)
			return (Choice) i;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("\"%s\" is not a choice", text_shown(name, strlen(name))),
			 errhint("The choices are KEEP_ORIGINAL, OVERWRITE, SAVE_ELSEWHERE, MERGE and MERGE_TEXT.")));
	return KEEP_ORIGINAL;		/* keep compiler quiet */
}

/*
 * Raise MAPI_E_INVALID_PARAMETER if an argument is given that the choice does
 * not take, or that is not a number below 2^53.  "folder" and "seen" are the
 * numbers of these arguments.
 */
static void
check_choice(FunctionCallInfo fcinfo, Choice choice, int folder, int seen)
{
	if (!PG_ARGISNULL(folder) && choice != SAVE_ELSEWHERE)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"folder_id\" requires SAVE_ELSEWHERE, not %s",
						choice_names[choice])));
	if (!PG_ARGISNULL(seen) && choice != OVERWRITE)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"seen\" requires OVERWRITE, not %s",
						choice_names[choice])));
	if (!PG_ARGISNULL(folder))
		(void) call_number(fcinfo, folder, "folder_id");
	if (!PG_ARGISNULL(seen))
		(void) call_number(fcinfo, seen, "seen");
}

/* Raise MAPI_E_INVALID_PARAMETER for KEEP_ORIGINAL on a new message. */
static void
require_original(Choice choice, bool is_new)
{
	if (choice == KEEP_ORIGINAL && is_new)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a message that was never saved has no original to keep")));
}

/*
 * Set *outcome to the newest version of the message, for a client that drops
 * its edits.  Return S_OK, or MAPI_E_OBJECT_DELETED.
 */
static int32
keep_original(const Stand *stand, Outcome *outcome)
{
	MessageRow	row;
	int32		result = MAPI_E_OBJECT_DELETED;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (messagerow_fetch(&row, stand->store_id, stand->message_id) &&
		row.version.deleted_at == 0)
	{
		outcome->change_number = row.version.change_number;
		result = S_OK;
	}
	messagerow_end_read(&row);
	return result;
}

/*
 * Carry out a choice, and return its result; on S_OK *outcome says where the
 * client stands afterwards.  "folder" and "seen" are the numbers of arguments,
 * which are read only if the choice takes them.
 */
static int32
resolve(const Stand *stand, Choice choice, FunctionCallInfo fcinfo,
		int folder, int seen, Outcome *outcome)
{
	SaveRequest request;
	Content		start;

	outcome->message_id = stand->message_id;
	outcome->change_number = 0;
	switch (choice)
	{
		case KEEP_ORIGINAL:
			return keep_original(stand, outcome);
		case SAVE_ELSEWHERE:
			return save_elsewhere(stand,
								  folder_argument(fcinfo, folder,
												  stand->store_id),
								  true, outcome);
		case OVERWRITE:
			save_of_stand(&request, stand, &start);
			if (PG_ARGISNULL(seen))
				request.flags = FORCE_SAVE;
			else
			{
				request.mode = SAVE_SEEN;
				request.seen = call_number(fcinfo, seen, "seen");
			}
			return save_execute(&request, &outcome->change_number);
		case MERGE:
		case MERGE_TEXT:
			save_of_stand(&request, stand, &start);
			request.mode = SAVE_MERGE;
			request.by_lines = (choice == MERGE_TEXT);
			return save_execute(&request, &outcome->change_number);
	}
	return MAPI_E_CALL_FAILED;	/* not reached */
}

/*
 * resolve_conflict(handle, choice, folder_id, seen) → hresult
 *
 * On S_OK the handle stands on the resulting version without pending edits:
 * the newest version, the one just saved, or for SAVE_ELSEWHERE the new
 * message, on which the handle is read/write.  folder_id is the folder for
 * SAVE_ELSEWHERE (NULL: Conflicts).  "seen" makes OVERWRITE replace only the
 * version with this change number, else it replaces the newest version.
 *
 * Returns S_OK, MAPI_E_NO_ACCESS, MAPI_E_OBJECT_CHANGED,
 * MAPI_E_OBJECT_DELETED, MAPI_E_SUBMITTED or MAPI_E_UNABLE_TO_COMPLETE.
 * Errors: MAPI_E_INVALID_PARAMETER for a wrong argument, and for KEEP_ORIGINAL
 * on a new message, which has no original to keep; MAPI_E_NOT_FOUND for the
 * folder; MAPI_E_UNABLE_TO_COMPLETE for SAVE_ELSEWHERE if the base is not in
 * the history.
 */
PG_FUNCTION_INFO_V1(resolve_conflict_of_handle);
Datum
resolve_conflict_of_handle(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_message_argument(fcinfo);
	Choice		choice;
	Stand		stand;
	Outcome		outcome;
	int32		result;

	choice = choice_argument(fcinfo, 1);
	check_choice(fcinfo, choice, 2, 3);
	if (choice != KEEP_ORIGINAL && choice != SAVE_ELSEWHERE &&
		!handle->state.writable)
		PG_RETURN_INT32(MAPI_E_NO_ACCESS);
	require_original(choice, handle->state.is_new);
	if (choice != KEEP_ORIGINAL)
		call_require_write("resolve_conflict()");

	stand_of_handle(&stand, handle);
	if ((stand_access(&stand) & MAPI_ACCESS_READ) == 0)
		PG_RETURN_INT32(MAPI_E_NO_ACCESS);
	result = resolve(&stand, choice, fcinfo, 2, 3, &outcome);
	if (result == S_OK)
	{
		save_finish(handle, outcome.change_number);
		handle->state.message_id = outcome.message_id;
		if (choice == KEEP_ORIGINAL || choice == MERGE ||
			choice == MERGE_TEXT)
			handle->state.era++;
		if (choice == SAVE_ELSEWHERE)
			handle->state.writable = true;
	}
	PG_RETURN_INT32(result);
}

/*
 * resolve_conflict(store_id, message_id, change_number, changes, choice,
 *					folder_id, seen, request, actor)
 * → (result, message_id, change_number)
 *
 * Resolve the conflict of a client without a handle, whose base is
 * change_number and whose edits are "changes".  The returned message_id and
 * change_number are those of the version on which the client stands
 * afterwards; change_number is NULL if the message has no version left.  A
 * choice that saved under the same request before is not carried out again.
 * Errors: MAPI_E_NOT_FOUND for message or folder, MAPI_E_NO_ACCESS, and the
 * errors of set_props() for "changes".
 */
PG_FUNCTION_INFO_V1(resolve_conflict_of_message);
Datum
resolve_conflict_of_message(PG_FUNCTION_ARGS)
{
	Stand		stand;
	Choice		choice;
	Outcome		outcome;
	int32		result;
	Datum		values[3];
	bool		nulls[3] = {false};

	stand_of_arguments(&stand, fcinfo);
	choice = choice_argument(fcinfo, 4);
	check_choice(fcinfo, choice, 5, 6);
	request_arguments(fcinfo, 7, &stand.author);
	if (choice != KEEP_ORIGINAL)
		call_require_write("resolve_conflict()");
	view_require_message(stand.store_id, stand.message_id);

	result = resolve(&stand, choice, fcinfo, 5, 6, &outcome);
	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(outcome.message_id);
	values[2] = Int64GetDatum(outcome.change_number);
	nulls[2] = (outcome.change_number == 0);
	return call_row(fcinfo, values, nulls);
}

/*
 * resolve_parked(store_id, parked_id, choice, folder_id, seen, actor)
 * → (result, message_id, change_number)
 *
 * Resolve the conflict of a draft of the current role, or of one that belongs
 * to a message that the role may edit.  On S_OK the draft is
 * discarded, in the same transaction; after any other result it stays.
 *
 * Errors: as resolve_conflict(); MAPI_E_NOT_FOUND for the draft;
 * MAPI_E_OBJECT_CHANGED if the draft is parked again at the same moment.
 */
PG_FUNCTION_INFO_V1(resolve_parked);
Datum
resolve_parked(PG_FUNCTION_ARGS)
{
	int64		store_id;
	Stand		stand;
	Draft		draft = {0};
	Choice		choice;
	Outcome		outcome;
	int32		result;
	Datum		values[3];
	bool		nulls[3] = {false};

	store_id = call_number(fcinfo, 0, "store_id");
	draft.id = call_number(fcinfo, 1, "parked_id");
	choice = choice_argument(fcinfo, 2);
	check_choice(fcinfo, choice, 3, 4);
	call_require_write("resolve_parked()");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	park_read(store_id, &draft, &stand);
	stand_require_readable(&stand);
	require_original(choice, stand.is_new);
	if (draft.of_message)
		stand_require_editable(&stand);
	stand.author.actor = call_actor(fcinfo, 5);

	result = resolve(&stand, choice, fcinfo, 3, 4, &outcome);
	if (result == S_OK && !park_discard(stand.store_id, &draft, false))
	{
		park_read(stand.store_id, &draft, &stand);
		ereport(ERROR,
				(errmapi(MAPI_E_OBJECT_CHANGED),
				 errmsg("draft %lld was parked again meanwhile",
						(long long) draft.id)));
	}
	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(outcome.message_id);
	values[2] = Int64GetDatum(outcome.change_number);
	nulls[2] = (outcome.change_number == 0);
	return call_row(fcinfo, values, nulls);
}

/* --------------------------------------------------- obstacles of a merge */

/*
 * Return the names of the items that would make MERGE, or with "by_lines"
 * MERGE_TEXT, fail now, as text[], for an SQL function: the items that the
 * rule of merging refuses, and PR_DELETED_ON of a deleted or PR_MESSAGE_FLAGS
 * of a submitted message.  Raises MAPI_E_NOT_FOUND if nothing is left of the
 * message, and MAPI_E_UNABLE_TO_COMPLETE if the base is not in the history.
 */
static Datum
merge_obstacles(const Stand *stand, bool by_lines)
{
	MessageRow	row;
	MessageView view;
	Version		base;
	TheirChanges theirs;
	NameSet		names;
	Datum	   *elements;
	Edits		merged;

	nameset_init(&names);
	if (!stand->is_new)
	{
		messagerow_begin_read(&row, GetLatestSnapshot());
		if (!view_read(&view, stand->store_id, stand->message_id, &row))
			access_raise_no_message(stand->store_id, stand->message_id);
		base = view.version;
		theirs_init(&theirs, &view.version.content);
		if (!change_walk_back(stand->store_id, stand->message_id, &base,
							  stand->base, theirs_visit, &theirs))
			stand_raise_no_base(stand);
		if (view.version.deleted_at != 0)
			nameset_add(&names, "PR_DELETED_ON");
		else if (view.version.submitted_at != 0)
			nameset_add(&names, "PR_MESSAGE_FLAGS");
		else
			(void) merge_edits(&theirs, &base.content, &view.version.content,
							   &stand->edits, by_lines, &names, &merged);
		messagerow_end_read(&row);
	}
	elements = palloc(sizeof(Datum) * Max(names.count, 1));
	for (int i = 0; i < names.count; i++)
		elements[i] = CStringGetTextDatum(names.names[i]);
	return PointerGetDatum(construct_array(elements, names.count, TEXTOID, -1,
										   false, TYPALIGN_INT));
}

/*
 * merge_obstacles(handle, by_lines) → text[]
 *
 * Return the properties and objects of lists because of which
 * resolve_conflict() would save nothing with MERGE, or with "by_lines" with
 * MERGE_TEXT; an empty array if it would save.  The right to edit the message
 * is not looked at.
 */
PG_FUNCTION_INFO_V1(merge_obstacles_of_handle);
Datum
merge_obstacles_of_handle(PG_FUNCTION_ARGS)
{
	Handle	   *handle;
	Stand		stand;

	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "by_lines");
	handle = handle_message_argument(fcinfo);
	stand_of_handle(&stand, handle);
	stand_require_readable(&stand);
	return merge_obstacles(&stand, PG_GETARG_BOOL(1));
}

/*
 * merge_obstacles(store_id, message_id, change_number, changes, by_lines)
 * → text[]
 *
 * As merge_obstacles(handle), for a client without a handle.
 */
PG_FUNCTION_INFO_V1(merge_obstacles_of_message);
Datum
merge_obstacles_of_message(PG_FUNCTION_ARGS)
{
	Stand		stand;

	REQUIRE_ARG(4, "by_lines");
	stand_of_arguments(&stand, fcinfo);
	return merge_obstacles(&stand, PG_GETARG_BOOL(4));
}

/*
 * merge_obstacles(store_id, parked_id, by_lines) → text[]
 *
 * As merge_obstacles(handle), for a draft of the current role.
 */
PG_FUNCTION_INFO_V1(merge_obstacles_of_draft);
Datum
merge_obstacles_of_draft(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Draft		draft = {0};
	Stand		stand;

	draft.id = call_number(fcinfo, 1, "parked_id");
	REQUIRE_ARG(2, "by_lines");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	park_read(store_id, &draft, &stand);
	stand_require_readable(&stand);
	return merge_obstacles(&stand, PG_GETARG_BOOL(2));
}
