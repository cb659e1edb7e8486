/*-------------------------------------------------------------------------
 *
 * sync.c
 *	  Synchronising two stores: exporting changes of messages, finding out what
 *	  another store lacks, read flags, and positions.
 *
 * NOTES
 *	  import.c describes the meeting of two versions.  A change travels as one
 *	  JSON object: the properties of the message and the keys that the version
 *	  has in every store.  Large values stay references to blobs; "blobs" lists
 *	  their sizes and digests, by which the other store finds those that it has
 *	  already.  The others are read and written in pieces (large.c).
 *
 *	  The mail that a message was made from belongs to no version, and never
 *	  changes.  A change has its size as "original"; whoever imports the change
 *	  of a message that has no original yet copies the bytes in the transaction
 *	  of the import, so that no message is left without them.
 *
 *	  Read flags have no change keys (MS-OXCFXICS 3.1.5.6.5).  The later change
 *	  wins, and an imported flag keeps the time of its change.  The store in
 *	  which the user has read the message answers for the receipts.
 *
 *	  A position says how far the changes of another store have been imported
 *	  by a role.  It stands in the receiving store, so that it is committed,
 *	  dumped and restored with what it covers.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "query.h"

/* ----------------------------------------------------------------- export */

/* The blobs of a message, as they are collected. */
typedef struct BlobList
{
	int64		store_id;
	ObjectList	blobs;
} BlobList;

/* ReferenceVisitor: add a blob to the BlobList in "arg". */
static void
note_blob(int64 blob_id, int64 size, void *arg)
{
	BlobList   *list = arg;
	BagList		members;
	const char *digest;
	bool		is_text;

	if (objects_find(&list->blobs, "blob", blob_id) >= 0)
		return;
	digest = arrival_blob_digest(list->store_id, blob_id, &is_text);
	baglist_init(&members, 4);
	baglist_add_int(&members, "blob", blob_id);
	baglist_add_int(&members, "size", size);
	baglist_add_cstring(&members, "digest", digest, strlen(digest));
	baglist_add_bool(&members, "text", is_text);
	objects_add(&list->blobs, baglist_build(&members));
}

/* Add the keys of the version of a view. */
static void
add_lineage(BagList *list, const MessageView *view)
{
	LineageKey	key;
	Lineage		lineage;

	lineage_of(view->store_id, view->version.change_number,
			   view->version.predecessors, view->version.lineage, &key,
			   &lineage);
	departure_lineage(list, &key, &lineage);
}

/* Return true if nothing but the record of a deletion is left of a message. */
static bool
is_gone(const MessageRow *row)
{
	return TTS_EMPTY(row->slot);
}

/* Return the change that an existing message is. */
static Jsonb *
export_version(const MessageView *view)
{
	static const char *const own[] = {
		"PR_LAST_MODIFICATION_TIME", "PR_CREATION_TIME"
	};
	Jsonb	   *object = content_to_object(&view->version.content);
	BlobList	blobs = {.store_id = view->store_id};
	BagList		list;
	JsonbValue	value;
	int64		original = original_size(view->store_id, view->message_id);

	baglist_init(&list, 16);
	for (int i = 0; i < lengthof(own); i++)
	{
		if (!bag_find(object, own[i], &value))
			departure_time(&list, own[i],
						   i == 0 ? view->modified_at : view->created_at);
	}
	departure_source_key(&list, "PR_SOURCE_KEY", KEYED_MESSAGE, view->store_id,
						 view->message_id);
	departure_source_key(&list, "PR_PARENT_SOURCE_KEY", KEYED_FOLDER,
						 view->store_id, view->version.folder_id);
	add_lineage(&list, view);
	departure_text(&list, "PR_LAST_MODIFIER_NAME", view->modifier);
	departure_text(&list, "PR_CREATOR_NAME",
				   TextDatumGetCString(view->creator_actor != (Datum) 0 ?
									   view->creator_actor : view->creator));
	baglist_add_int(&list, "PR_MESSAGE_FLAGS", view->version.message_flags);
	if (view->version.deleted_at != 0)
		departure_time(&list, "PR_DELETED_ON", view->version.deleted_at);
	else if (original >= 0)
		baglist_add_int(&list, "original", original);
	objects_read(NULL, &blobs.blobs);
	references_visit(object, note_blob, &blobs);
	if (blobs.blobs.count > 0)
	{
		value_from_object(&value, objects_build(&blobs.blobs));
		baglist_add_value(&list, "blobs", strlen("blobs"), &value);
	}
	return bag_splice(object, baglist_build(&list), false);
}

/*
 * export_change(store_id, message_id) → jsonb
 *
 * Return the version of a message in the form that import_change() takes.  The
 * message may be deleted; of one that was deleted for good, only the source key
 * is left.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(export_change);
Datum
export_change(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		message_id = call_number(fcinfo, 1, "message_id");
	MessageRow	row;
	MessageView view;
	Jsonb	   *result;

	messagerow_begin_read(&row, GetActiveSnapshot());
	if (!view_read(&view, store_id, message_id, &row))
		access_raise_no_message(store_id, message_id);
	if (is_gone(&row))
	{
		BagList		list;

		baglist_init(&list, 2);
		departure_source_key(&list, "PR_SOURCE_KEY", KEYED_MESSAGE, store_id,
							 message_id);
		baglist_add_bool(&list, "hard", true);
		result = baglist_build(&list);
	}
	else
		result = export_version(&view);
	messagerow_end_read(&row);
	PG_RETURN_JSONB_P(result);
}

/* ------------------------------------------------------------------- keys */

/*
 * Return the keys of one message as an object, or NULL if the current role may
 * not read it, or if it never existed.  A message that was erased is gone.
 */
static Jsonb *
keys_of(int64 store_id, int64 message_id, MessageRow *row, Relation change)
{
	MessageView view;
	ChangeRow	newest;
	BagList		list;
	bool		found = view_find(&view, store_id, message_id, row);

	if (found ? !view_readable(&view) :
		!access_is_owner(store_id) ||
		!changerow_newest(&newest, change, store_id, message_id, '\0'))
		return NULL;
	baglist_init(&list, 4);
	baglist_add_int(&list, "message_id", message_id);
	departure_source_key(&list, "PR_SOURCE_KEY", KEYED_MESSAGE, store_id,
						 message_id);
	if (!found || is_gone(row))
		baglist_add_bool(&list, "hard", true);
	else
	{
		add_lineage(&list, &view);
		if (view.version.deleted_at != 0)
			baglist_add_bool(&list, "deleted", true);
	}
	return baglist_build(&list);
}

/* Read the list of an object of keys.  Returns false if the object has none. */
static bool
list_of(const Jsonb *keys, Lineage *list)
{
	uint8	   *bytes;
	int			size;

	return lineage_member(keys, "PR_PREDECESSOR_CHANGE_LIST", &bytes,
						  &size) && lineage_read(bytes, size, list);
}

/*
 * export_keys(store_id, message_ids) → jsonb
 *
 * Return the keys of messages, as an array of one object per message that the
 * current role may read: message_id, PR_SOURCE_KEY, PR_CHANGE_KEY and
 * PR_PREDECESSOR_CHANGE_LIST, "deleted" if the message is deleted, or "hard" in
 * place of the keys if the message is gone for good.
 *
 * Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(export_keys);
Datum
export_keys(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int			count;
	int64	   *ids = place_ids_argument(fcinfo, 1, &count);
	Relation	change;
	MessageRow	row;
	ObjectList	keys;
	Jsonb	   *result;

	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	objects_read(NULL, &keys);
	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	messagerow_begin_read(&row, GetActiveSnapshot());
	for (int i = 0; i < count; i++)
	{
		Jsonb	   *object;

		CHECK_FOR_INTERRUPTS();
		object = keys_of(store_id, ids[i], &row, change);
		if (object != NULL)
			objects_add(&keys, object);
	}
	result = objects_build(&keys);
	messagerow_end_read(&row);
	table_close(change, NoLock);
	PG_RETURN_JSONB_P(result);
}

/*
 * Return true if this store lacks the version with some keys: "source" and the
 * list of the version are from another store.
 */
static bool
wants(int64 store_id, const LineageKey *source, const Jsonb *keys,
	  MessageRow *row)
{
	int64		message_id = arrival_message(store_id, source);
	LineageKey	key;
	Lineage		ours;
	Lineage		theirs;
	bool		found = message_id != 0 &&
	messagerow_fetch(row, store_id, message_id);
	JsonbValue	value;

	if (bag_find(keys, "hard", &value))
		return found;
	if (!found)
		return !bag_find(keys, "deleted", &value);
	if (!list_of(keys, &theirs))
		return true;
	lineage_of(store_id, row->version.change_number,
			   row->version.predecessors, row->version.lineage, &key, &ours);
	return !lineage_includes(&ours, &theirs);
}

/* Read the argument "keys" of a call on a store, and check the rights. */
static void
keys_argument(FunctionCallInfo fcinfo, int64 store_id, ObjectList *keys)
{
	JsonbValue	value;

	REQUIRE_ARG(1, "keys");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	value_from_object(&value, PG_GETARG_JSONB_P(1));
	arrival_objects(&value, "keys", keys);
}

/* Return "count" ids as a bigint[]. */
static Datum
ids_datum(Datum *ids, int count)
{
	return PointerGetDatum(construct_array(ids, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/*
 * missing_changes(store_id, keys) → bigint[]
 *
 * Return which of the versions with the given keys this store lacks: those
 * message_ids of what export_keys() has returned in another store.  A deleted
 * message that was never here is not missing.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a bad array, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(missing_changes);
Datum
missing_changes(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	ObjectList	keys;
	MessageRow	row;
	Datum	   *ids;
	int			count = 0;

	keys_argument(fcinfo, store_id, &keys);
	ids = palloc(sizeof(Datum) * Max(keys.count, 1));
	messagerow_begin_read(&row, GetActiveSnapshot());
	for (int i = 0; i < keys.count; i++)
	{
		LineageKey	source;
		int64		id;

		CHECK_FOR_INTERRUPTS();
		arrival_key_member(keys.objects[i], "PR_SOURCE_KEY", &source);
		if (object_number(keys.objects[i], "message_id", &id) &&
			wants(store_id, &source, keys.objects[i], &row))
			ids[count++] = Int64GetDatum(id);
	}
	messagerow_end_read(&row);
	PG_RETURN_DATUM(ids_datum(ids, count));
}

/*
 * newer_changes(store_id, keys) → bigint[]
 *
 * Return which messages of this store have versions that another store lacks.
 * "keys" is what export_keys() has returned in the other store, of messages
 * that are there.  A message that was deleted here is among the results.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a bad array, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(newer_changes);
Datum
newer_changes(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Relation	change;
	ObjectList	keys;
	MessageRow	row;
	Datum	   *ids;
	int			count = 0;

	keys_argument(fcinfo, store_id, &keys);
	ids = palloc(sizeof(Datum) * Max(keys.count, 1));
	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	messagerow_begin_read(&row, GetActiveSnapshot());
	for (int i = 0; i < keys.count; i++)
	{
		LineageKey	source;
		Lineage		ours;
		Lineage		theirs;
		int64		id;
		Jsonb	   *object;
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		arrival_key_member(keys.objects[i], "PR_SOURCE_KEY", &source);
		if (bag_find(keys.objects[i], "hard", &value))
			continue;
		id = arrival_message(store_id, &source);
		object = id == 0 ? NULL : keys_of(store_id, id, &row, change);
		if (object != NULL &&
			!(list_of(object, &ours) && list_of(keys.objects[i], &theirs) &&
			  lineage_includes(&theirs, &ours)))
			ids[count++] = Int64GetDatum(id);
	}
	messagerow_end_read(&row);
	table_close(change, NoLock);
	PG_RETURN_DATUM(ids_datum(ids, count));
}

/*
 * Return true if a folder here has a version that the version with some keys
 * does not know.
 */
static bool
folder_is_newer(int64 store_id, int64 folder_id, const Jsonb *keys)
{
	FolderRow	row;
	LineageKey	key;
	Lineage		ours;
	Lineage		theirs;

	if (!tree_folder(&row, store_id, folder_id, TREE_READ))
		return access_is_owner(store_id);
	if (!access_sees_folder(store_id, folder_id))
		return false;
	lineage_of(store_id, row.change_number, (Datum) 0, row.lineage, &key,
			   &ours);
	return !list_of(keys, &theirs) || !lineage_includes(&theirs, &ours);
}

/*
 * newer_folders(store_id, keys) → bigint[]
 *
 * Return which folders of this store have versions that another store lacks.
 * "keys" is an array of what export_folder() has returned in the other store,
 * of folders that are there.  A folder that was deleted here is among the
 * results.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a bad array, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(newer_folders);
Datum
newer_folders(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	ObjectList	keys;
	Datum	   *ids;
	int			count = 0;

	keys_argument(fcinfo, store_id, &keys);
	ids = palloc(sizeof(Datum) * Max(keys.count, 1));
	for (int i = 0; i < keys.count; i++)
	{
		LineageKey	source;
		int64		id;

		CHECK_FOR_INTERRUPTS();
		arrival_key_member(keys.objects[i], "PR_SOURCE_KEY", &source);
		id = arrival_folder(store_id, &source);
		if (id != 0 && folder_is_newer(store_id, id, keys.objects[i]))
			ids[count++] = Int64GetDatum(id);
	}
	PG_RETURN_DATUM(ids_datum(ids, count));
}

/*
 * missing_blobs(store_id, change) → (blob, size, digest, is_binary)
 *
 * Return which blobs of a change this store has to be given before the change
 * can be imported: those to which the message here does not refer.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a bad change, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(missing_blobs);
Datum
missing_blobs(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Jsonb	   *change = arrival_argument(fcinfo, 1);
	Tuplestorestate *result;
	TupleDesc	desc;
	LineageKey	source;
	JsonbValue	value;
	ObjectList	blobs;
	int64		message_id;

	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	arrival_key_member(change, "PR_SOURCE_KEY", &source);
	message_id = arrival_message(store_id, &source);
	result = call_begin_set(fcinfo, &desc);
	if (!bag_find(change, "blobs", &value))
		return (Datum) 0;
	arrival_objects(&value, "blobs", &blobs);
	for (int i = 0; i < blobs.count; i++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};
		int64		blob_id;
		int64		size;
		char	   *digest;
		bool		is_text;

		CHECK_FOR_INTERRUPTS();
		arrival_blob_member(blobs.objects[i], &blob_id, &size, &digest,
							&is_text);
		if (arrival_find_blob(store_id, message_id, size, is_text,
							  digest) != 0)
			continue;
		values[0] = Int64GetDatum(blob_id);
		values[1] = Int64GetDatum(size);
		values[2] = CStringGetTextDatum(digest);
		values[3] = BoolGetDatum(!is_text);
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------- read flags */

/* Read the state of the message in a view for a user. */
static void
read_flag(const Reader *reader, const MessageView *view, ReadState *state)
{
	ReadSubject subject = {view->store_id, view->message_id,
	view->version.message_flags, view->creator, view->creator_actor};

	state_read(reader, &subject, state);
}

/*
 * Return the flag of one message, or NULL if the user has never changed it.
 * The creator of a message that was made as read has done so then.
 */
static Jsonb *
flag_of(const Reader *reader, const MessageView *view)
{
	ReadState	state;
	BagList		list;

	read_flag(reader, view, &state);
	if (!state.is_known && !state.is_read)
		return NULL;
	if (!state.is_known)
		state.changed_at = view->created_at;
	baglist_init(&list, 3);
	departure_source_key(&list, "PR_SOURCE_KEY", KEYED_MESSAGE, view->store_id,
						 view->message_id);
	baglist_add_bool(&list, "PR_READ", state.is_read);
	departure_time(&list, "changed_at", state.changed_at);
	return baglist_build(&list);
}

/*
 * export_read_state(store_id, message_ids, actor) → jsonb
 *
 * Return the read flags that the user has set or cleared on messages, in the
 * form that import_read_state() takes.
 *
 * Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(export_read_state);
Datum
export_read_state(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int			count;
	int64	   *ids = place_ids_argument(fcinfo, 1, &count);
	Reader		reader;
	MessageRow	row;
	ObjectList	states;
	Jsonb	   *result;

	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	state_reader(&reader, call_actor(fcinfo, 2));
	objects_read(NULL, &states);
	messagerow_begin_read(&row, GetActiveSnapshot());
	for (int i = 0; i < count; i++)
	{
		MessageView view;
		Jsonb	   *state;

		CHECK_FOR_INTERRUPTS();
		if (!view_find(&view, store_id, ids[i], &row) || is_gone(&row) ||
			!view_readable(&view))
			continue;
		state = flag_of(&reader, &view);
		if (state != NULL)
			objects_add(&states, state);
	}
	result = objects_build(&states);
	messagerow_end_read(&row);
	PG_RETURN_JSONB_P(result);
}

/*
 * Import one read flag.  Return S_OK, also if our own change is later, or
 * MAPI_E_NOT_FOUND for a message that is not here or may not be read.
 */
static int32
import_flag(const Reader *reader, int64 store_id, const Jsonb *flag,
			MessageRow *row)
{
	MessageView view;
	ReadOrder	order = {.receipts = RECEIPT_NO_READ | RECEIPT_NO_NONREAD};
	ReadState	state;
	LineageKey	source;
	JsonbValue	value;
	int64		message_id;

	arrival_key_member(flag, "PR_SOURCE_KEY", &source);
	if (!bag_find(flag, "PR_READ", &value) || value.type != jbvBool)
		arrival_raise_bad("PR_READ");
	order.sets = value.val.boolean;
	order.clears = !value.val.boolean;
	order.changed_at = arrival_time_member(flag, "changed_at");
	message_id = arrival_message(store_id, &source);
	if (message_id == 0 || !view_find(&view, store_id, message_id, row) ||
		is_gone(row) || !view_readable(&view))
		return MAPI_E_NOT_FOUND;
	read_flag(reader, &view, &state);
	if (!state.is_known || order.changed_at > state.changed_at)
		state_mark(reader, store_id, &message_id, 1, &order);
	return S_OK;
}

/*
 * import_read_state(store_id, states, actor) → hresult
 *
 * Set the read flags that the user has set or cleared in another store, unless
 * the user has changed them later here.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION if a message is not here or may not
 * be read, and MAPI_E_NOT_FOUND if that is so of all.  Errors:
 * MAPI_E_INVALID_PARAMETER for bad states, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(import_read_state);
Datum
import_read_state(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Reader		reader;
	JsonbValue	value;
	ObjectList	states;
	MessageRow	row;
	int			done = 0;

	REQUIRE_ARG(1, "states");
	call_require_write("import_read_state()");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	state_reader(&reader, call_actor(fcinfo, 2));
	value_from_object(&value, PG_GETARG_JSONB_P(1));
	arrival_objects(&value, "states", &states);
	messagerow_begin_read(&row, GetLatestSnapshot());
	for (int i = 0; i < states.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (import_flag(&reader, store_id, states.objects[i], &row) == S_OK)
			done++;
	}
	messagerow_end_read(&row);
	if (done == states.count)
		PG_RETURN_INT32(S_OK);
	PG_RETURN_INT32(done > 0 ? MAPI_W_PARTIAL_COMPLETION : MAPI_E_NOT_FOUND);
}

/* -------------------------------------------------------------- positions */

/*
 * get_sync_position(store_id, peer) → (sync_token, again, folders_again)
 *
 * Return how far the current role has imported the changes of another store,
 * and the messages and folders of that store that are to be tried again; NULLs
 * if nothing was imported yet.  Errors: MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(get_sync_position);
Datum
get_sync_position(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Datum		read[3];
	Datum		values[3] = {(Datum) 0, (Datum) 0, (Datum) 0};
	bool		nulls[3] = {true, true, true};
	MemoryContext caller = CurrentMemoryContext;

	REQUIRE_ARG(1, "peer");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	read[0] = Int64GetDatum(store_id);
	read[1] = PG_GETARG_DATUM(1);
	read[2] = access_role_name();
	SPI_connect();
	if (query_run(QUERY_SYNC_READ, read, NULL) > 0)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		for (int i = 0; i < lengthof(values); i++)
		{
			values[i] = SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, i + 1, &nulls[i]);
			if (!nulls[i])
				values[i] = PointerGetDatum(PG_DETOAST_DATUM_COPY(values[i]));
		}
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return call_row(fcinfo, values, nulls);
}

/*
 * set_sync_position(store_id, peer, sync_token, again, folders_again) → void
 *
 * Record how far the current role has imported the changes of another store.
 * Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(set_sync_position);
Datum
set_sync_position(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Datum		values[6];

	REQUIRE_ARG(1, "peer");
	REQUIRE_ARG(2, "sync_token");
	REQUIRE_ARG(3, "again");
	REQUIRE_ARG(4, "folders_again");
	if (!text_is_name(call_text(fcinfo, 1)))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"peer\" must have at most %d characters, and no control character",
						MAX_NAME)));
	call_require_write("set_sync_position()");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	access_lock_store(store_id);
	values[0] = Int64GetDatum(store_id);
	values[1] = PG_GETARG_DATUM(1);
	values[2] = access_role_name();
	values[3] = PG_GETARG_DATUM(2);
	values[4] = PG_GETARG_DATUM(3);
	values[5] = PG_GETARG_DATUM(4);
	SPI_connect();
	query_run(QUERY_SYNC_WRITE, values, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}
