/*-------------------------------------------------------------------------
 *
 * park.c
 *	  Drafts that survive the session: a handle's base and pending edits,
 *	  stored as a row.
 *
 * NOTES
 *	  A parked draft belongs to the role that parked the draft.  It stays until
 *	  a handle that was resumed from it is saved, or until it is discarded.
 *
 *	  The loser of a conflict between two stores (import.c) is a draft that
 *	  belongs to its message: whoever may read the message sees the draft, and
 *	  whoever may edit the message resolves or discards it.  Such a draft has
 *	  the change key of the loser, of which a message has one draft only.  With
 *	  the last of these drafts, the message is no longer in conflict.
 *
 *	  Several handles can be resumed from one draft.  Each handle remembers
 *	  the time at which its draft was parked.  If another handle has parked
 *	  under the same id since, the times differ; then a handle that parks makes
 *	  a draft of its own instead of replacing the newer one, and a handle that
 *	  is saved does not discard the newer one.
 *
 *	  History is never pruned at or after the base of a parked draft whose role
 *	  may edit the message.  The owner of a store sees and may discard all drafts
 *	  of the store, so that forgotten drafts do not stop the pruning for good.
 *
 *	  The draft of a new message contains the default properties of its handle.
 *	  PR_CREATION_TIME among them is the time of create_message().
 *
 *	  The row has one column for each part of the edits.  "touched" has one
 *	  digit for each part: 0 untouched, 1 implied, 2 touched (see Edits).  The
 *	  digits are needed because NULL in the column of a touched part deletes.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "query.h"
#include "value.h"

/*
 * Parameters of QUERY_PARKED_INSERT; after the first three, they are also the
 * columns of QUERY_PARKED_READ.
 */
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
	P_PARKED_AT,				/* time of the draft to be replaced */
	NUM_PARKED_COLUMNS
} ParkedColumn;

/* QUERY_PARKED_READ has parked_at where QUERY_PARKED_INSERT has the actor. */
#define P_FIRST_READ	P_MESSAGE_ID
#define P_READ_AT		P_ACTOR
#define P_OF_MESSAGE	P_CLIENT
#define NUM_READ_COLUMNS	(P_OF_MESSAGE - P_FIRST_READ + 1)

/* Set a column to a text, or to NULL if the text is NULL or empty. */
static void
put_text(Datum *values, char *nulls, int column, const char *text)
{
	if (text == NULL)
		nulls[column] = 'n';
	else
		values[column] = CStringGetTextDatum(text);
}

void
park_lock(int64 store_id, LOCKMODE lockmode)
{
	/* the lock tag has room for the lower half of a store's id only */
	LockDatabaseObject(relation_oid(REL_PARKED_ID_SEQ), (Oid) store_id, 0,
					   lockmode);
}

static const char *const creation_time = "PR_CREATION_TIME";

/* Return the defaults of a new message, with the time of its creation. */
static Jsonb *
defaults_with_time(const Stand *stand)
{
	BagList		member;
	char		text[VALUE_TIME_SIZE];

	systime_text(stand->created_at != 0 ? stand->created_at :
				 GetCurrentTimestamp(), text);
	baglist_init(&member, 1);
	baglist_add_cstring(&member, creation_time, text, strlen(text));
	return bag_splice(stand->defaults, baglist_build(&member), false);
}

/* Take the time of the creation out of the defaults of a stand. */
static void
take_time(Stand *stand)
{
	JsonbValue	value;
	BagList		member;

	if (!bag_find(stand->defaults, creation_time, &value))
		return;
	(void) systime_timestamp(value.val.string.val, value.val.string.len,
							 &stand->created_at);
	baglist_init(&member, 1);
	baglist_add_null(&member, creation_time, strlen(creation_time));
	stand->defaults = bag_splice(stand->defaults, baglist_build(&member),
								 false);
}

/*
 * Replace the row of *draft, or insert a new row if draft->id is 0, and set
 * *draft to the row that is stored.  Return false, and store nothing, if
 * another handle has parked under the id since draft->parked_at.
 */
static bool
put_draft(Datum *values, const char *nulls, Draft *draft)
{
	int64		store_id = DatumGetInt64(values[P_STORE_ID]);
	bool		done;

	access_lock_store(store_id);
	if (draft->id == 0)
		draft->id = number_next_id(REL_PARKED_ID_SEQ, store_id);
	values[P_PARKED_ID] = Int64GetDatum(draft->id);
	values[P_PARKED_AT] = TimestampTzGetDatum(draft->parked_at);
	SPI_connect();
	done = query_run(QUERY_PARKED_INSERT, values, nulls) > 0;
	if (done)
		draft->parked_at = query_result_bigint();
	SPI_finish();
	return done;
}

/*
 * Store the stand.  Its blobs are sealed, so that the draft can refer to them
 * after the session has ended.
 */
void
park_stand(const Stand *stand, Draft *draft)
{
	Datum		values[NUM_PARKED_COLUMNS] = {0};
	char		nulls[NUM_PARKED_COLUMNS + 1];
	char		touched[NUM_PARTS + 1];
	Adoption	adoption = {stand->store_id, stand->message_id, 0,
	stand->uploads, !draft->of_message};
	Edits		edits = stand->edits;

	memset(nulls, ' ', NUM_PARKED_COLUMNS);
	nulls[NUM_PARKED_COLUMNS] = '\0';
	values[P_STORE_ID] = Int64GetDatum(stand->store_id);
	values[P_ROLE] = access_role_name();
	values[P_MESSAGE_ID] = Int64GetDatum(stand->message_id);
	values[P_FOLDER_ID] = Int64GetDatum(stand->folder_id);
	values[P_BASE] = Int64GetDatum(stand->base);
	if (stand->is_new)
	{
		values[P_DEFAULTS] = JsonbPGetDatum(defaults_with_time(stand));
		nulls[P_BASE] = 'n';
	}
	else
		nulls[P_FOLDER_ID] = nulls[P_DEFAULTS] = 'n';
	adopt_edits(&adoption, &edits);
	for (int p = 0; p < NUM_PARTS; p++)
	{
		touched[p] = '0' + edits.touched[p];
		values[P_PART + p] = PointerGetDatum(edits.value[p]);
		if (edits.value[p] == NULL)
			nulls[P_PART + p] = 'n';
	}
	touched[NUM_PARTS] = '\0';
	values[P_TOUCHED] = CStringGetTextDatum(touched);
	put_text(values, nulls, P_ACTOR, author_actor(&stand->author));
	put_text(values, nulls, P_CLIENT, author_client());

	park_lock(stand->store_id, RowExclusiveLock);
	if (!put_draft(values, nulls, draft))
	{
		draft->id = 0;
		(void) put_draft(values, nulls, draft);
	}
}

/* Return true if a message has a draft of its own, or one with a key. */
static bool
has_loser(int64 store_id, int64 message_id, const Datum *key)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	Int64GetDatum(message_id), key == NULL ? (Datum) 0 : *key};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_PARKED_LOSERS, values,
					  key == NULL ? "  n" : NULL) > 0;
	SPI_finish();
	return found;
}

void
park_of_message(const Stand *stand, const LineageKey *key)
{
	bytea	   *bytes = palloc(VARHDRSZ + key->size);
	Draft		draft = {.of_message = true};
	Datum		values[4];

	SET_VARSIZE(bytes, VARHDRSZ + key->size);
	memcpy(VARDATA(bytes), key->bytes, key->size);
	values[0] = Int64GetDatum(stand->store_id);
	values[2] = PointerGetDatum(bytes);
	values[3] = Int64GetDatum(stand->message_id);
	if (has_loser(stand->store_id, stand->message_id, &values[2]))
		return;
	park_stand(stand, &draft);
	values[1] = Int64GetDatum(draft.id);
	SPI_connect();
	query_run(QUERY_PARKED_LOSER, values, NULL);
	SPI_finish();
}

/*
 * Read the draft draft->id, of the current role or of a message, into *stand,
 * and its time into draft->parked_at.  Return false if there is no such draft.
 * The values of *stand are palloc'd in the caller's context.
 */
static bool
read_parked(int64 store_id, Draft *draft, Stand *stand)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(draft->id),
	access_role_name()};
	MemoryContext caller = CurrentMemoryContext;
	bool		found;

	memset(stand, 0, sizeof(Stand));
	SPI_connect();
	found = query_run(QUERY_PARKED_READ, values, NULL) > 0;
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
			take_time(stand);
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
		draft->parked_at =
			DatumGetTimestampTz(row[P_READ_AT - P_FIRST_READ]);
		draft->of_message = DatumGetBool(row[P_OF_MESSAGE - P_FIRST_READ]);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}

bool
park_discard(int64 store_id, const Draft *draft, bool of_any)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(draft->id),
	access_role_name(), TimestampTzGetDatum(draft->parked_at)};
	char		nulls[5] = "    ";
	int64		message_id = 0;
	bool		of_message = false;
	bool		found;

	if (of_any || draft->of_message)
		nulls[2] = 'n';
	if (draft->parked_at == 0)
		nulls[3] = 'n';
	SPI_connect();
	found = query_run(QUERY_PARKED_DELETE, values, nulls) > 0;
	if (found)
	{
		bool		isnull;

		message_id = query_result_bigint();
		of_message = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
												SPI_tuptable->tupdesc, 2,
												&isnull));
	}
	SPI_finish();
	if (of_message && !has_loser(store_id, message_id, NULL))
	{
		PushActiveSnapshot(GetLatestSnapshot());
		state_set_conflict(store_id, message_id, false);
		PopActiveSnapshot();
	}
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

void
park_read(int64 store_id, Draft *draft, Stand *stand)
{
	if (!read_parked(store_id, draft, stand))
		raise_not_parked(store_id, draft->id);
	stand->was_parked = true;
}

/*
 * park(handle) → parked_id
 *
 * Store the base and the pending edits of the handle as a draft.  A handle
 * that was parked or resumed before replaces its draft, unless another handle
 * has parked under that id since.  The handle stays open, with its edits
 * pending.
 *
 * Errors: MAPI_E_NO_ACCESS if the role may not edit the message (any more), so
 * that no role adds drafts to a store that it cannot use.
 */
PG_FUNCTION_INFO_V1(park);
Datum
park(PG_FUNCTION_ARGS)
{
	Handle	   *handle = handle_message_argument(fcinfo);
	Stand		stand;
	Draft		draft;

	call_require_write("park()");
	stand_of_handle(&stand, handle);
	stand_require_editable(&stand);
	draft = handle->state.draft;
	park_stand(&stand, &draft);
	handle_touch(handle);
	handle->state.draft = draft;
	PG_RETURN_INT64(draft.id);
}

/*
 * resume(store_id, parked_id) → handle
 *
 * Open a handle with the base and the edits of a draft of the current role.
 * The handle is read/write if the role may edit.  The message need not exist
 * any more.
 *
 * Errors: MAPI_E_NOT_FOUND for the draft, or if some of its blobs are gone;
 * MAPI_E_NO_ACCESS; MAPI_E_NOT_ENOUGH_RESOURCES if too many handles are open.
 */
PG_FUNCTION_INFO_V1(resume);
Datum
resume(PG_FUNCTION_ARGS)
{
	int64		store_id;
	Draft		draft = {0};
	Stand		stand;
	Handle	   *handle;

	store_id = call_number(fcinfo, 0, "store_id");
	draft.id = call_number(fcinfo, 1, "parked_id");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	park_read(store_id, &draft, &stand);
	stand_require_readable(&stand);

	handle = handle_open(store_id, stand.message_id);
	if (stand.is_new)
		handle_set_defaults(handle, stand.defaults);
	handle->created_at = stand.created_at;
	handle->state.folder_id = stand.folder_id;
	handle->state.is_new = stand.is_new;
	handle->state.base = stand.base;
	handle->state.writable = (stand_access(&stand) &
							  MAPI_ACCESS_MODIFY) != 0;
	handle->state.draft = draft;
	pending_set_edits(handle, &stand.edits);
	if (!upload_hold(handle))
		raise_not_parked(store_id, draft.id);
	PG_RETURN_INT32(handle->number);
}

/*
 * discard_parked(store_id, parked_id)
 *
 * Delete a draft of the current role, one that belongs to a message that the
 * role may edit, or, if the role owns the store, any draft.  Handles that were
 * resumed from the draft stay open.  Errors: MAPI_E_NOT_FOUND,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(discard_parked);
Datum
discard_parked(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Draft		draft = {0};
	Stand		stand;

	draft.id = call_number(fcinfo, 1, "parked_id");
	call_require_write("discard_parked()");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	if (read_parked(store_id, &draft, &stand) && draft.of_message)
		stand_require_editable(&stand);
	draft.parked_at = 0;
	if (!park_discard(store_id, &draft, access_owns_itself(store_id)))
		raise_not_parked(store_id, draft.id);
	PG_RETURN_VOID();
}

/* --------------------------------------------------- drafts without handles */

/*
 * parked_edits(store_id, parked_id)
 * → (message_id, change_number, changes, folder_id, parked_at)
 *
 * Return the base and the edits of a draft of the current role: "changes" is a
 * patch as for save_message(), or as for save_new_message() if the message is
 * new; then change_number is NULL.  folder_id is the folder of a new message,
 * else NULL.
 *
 * Errors: MAPI_E_NOT_FOUND for the draft, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(parked_edits);
Datum
parked_edits(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Draft		draft = {0};
	Stand		stand;
	Datum		values[5];
	bool		nulls[5] = {false};

	draft.id = call_number(fcinfo, 1, "parked_id");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	park_read(store_id, &draft, &stand);
	stand_require_readable(&stand);
	values[0] = Int64GetDatum(stand.message_id);
	values[1] = Int64GetDatum(stand.base);
	nulls[1] = stand.is_new;
	values[2] = JsonbPGetDatum(edits_to_patch(&stand.edits));
	values[3] = Int64GetDatum(stand.folder_id);
	nulls[3] = !stand.is_new;
	values[4] = TimestampTzGetDatum(draft.parked_at);
	return call_row(fcinfo, values, nulls);
}

/*
 * Raise MAPI_E_INVALID_PARAMETER unless the arguments "message_id" and
 * "change_number" of park_message() belong to the draft that is to be
 * replaced.
 */
static void
require_same_message(FunctionCallInfo fcinfo, const Draft *draft,
					 const Stand *parked)
{
	if (PG_ARGISNULL(2) != parked->is_new ||
		(!PG_ARGISNULL(1) && PG_GETARG_INT64(1) != parked->message_id))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("draft %lld belongs to another message",
						(long long) draft->id)));
}

/*
 * Get the stand of a new message from the arguments of park_message().  *stand
 * is that of the draft that is to be replaced, if draft->id is not 0.
 */
static void
new_message_stand(FunctionCallInfo fcinfo, const Draft *draft, Stand *stand)
{
	if (draft->id == 0)
	{
		if (!PG_ARGISNULL(1))
			call_null_argument("change_number");
		REQUIRE_ARG(5, "folder_id");
		stand->message_id = number_next_id(REL_MESSAGE_ID_SEQ,
										   stand->store_id);
		stand->defaults = content_defaults();
		stand->is_new = true;
	}
	if (!PG_ARGISNULL(5))
	{
		stand->folder_id = PG_GETARG_INT64(5);
		access_require_folder(stand->store_id, stand->folder_id, RIGHT_CREATE);
		store_require_folder(stand->store_id, stand->folder_id);
	}
}

/*
 * park_message(store_id, message_id, change_number, changes, parked_id,
 *				folder_id, actor) → parked_id
 *
 * Store a base and edits as a draft of the current role, without a handle.
 * With message_id and change_number NULL, the draft is of a new message in a
 * folder.  parked_id is a draft of the message to be replaced; if a handle or
 * another call parks under that id at the same moment, a draft is made beside
 * it.
 *
 * Errors: MAPI_E_NOT_FOUND for message, folder or draft; MAPI_E_NO_ACCESS;
 * MAPI_E_INVALID_PARAMETER for a draft of another message, or for a folder_id
 * if the message is not new; the errors of set_props() for "changes".
 */
PG_FUNCTION_INFO_V1(park_message);
Datum
park_message(PG_FUNCTION_ARGS)
{
	static const struct
	{
		int			n;
		const char *name;
	}			numbers[] = {{1, "message_id"}, {2, "change_number"},
	{4, "parked_id"}, {5, "folder_id"}};
	Draft		draft = {0};
	Stand		stand = {0};

	stand.store_id = call_number(fcinfo, 0, "store_id");
	REQUIRE_ARG(3, "changes");
	for (int i = 0; i < lengthof(numbers); i++)
	{
		if (!PG_ARGISNULL(numbers[i].n))
			(void) call_number(fcinfo, numbers[i].n, numbers[i].name);
	}
	call_require_write("park_message()");
	access_require_store(stand.store_id, RIGHT_FOLDER_VISIBLE);
	if (!PG_ARGISNULL(4))
	{
		draft.id = PG_GETARG_INT64(4);
		park_read(stand.store_id, &draft, &stand);
		require_same_message(fcinfo, &draft, &stand);
		if (draft.of_message)	/* the loser stays as it is */
			memset(&draft, 0, sizeof(draft));
	}
	if (PG_ARGISNULL(2))
		new_message_stand(fcinfo, &draft, &stand);
	else
	{
		REQUIRE_ARG(1, "message_id");
		stand.message_id = PG_GETARG_INT64(1);
		stand.base = PG_GETARG_INT64(2);
		if (!PG_ARGISNULL(5))
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("\"folder_id\" requires a new message")));
		view_require_message(stand.store_id, stand.message_id);
	}
	stand_require_editable(&stand);
	edits_from_patch(PG_GETARG_JSONB_P(3), stand.is_new, &stand.edits);
	stand.author.actor = call_actor(fcinfo, 6);
	park_stand(&stand, &draft);
	PG_RETURN_INT64(draft.id);
}
