/*-------------------------------------------------------------------------
 *
 * import.c
 *	  Importing the changes that another store has made to messages: versions,
 *	  deletions, moves.
 *
 * NOTES
 *	  The message of a change is found by its source key.  The folder is locked
 *	  first, then the message at its newest version, as by a forced save; meet.c
 *	  decides on the locked version and writes.  A message that is not known here
 *	  is inserted; its source key is locked before, so that two imports of one
 *	  message insert it once.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "value.h"

#define FIRST_FLAGS \
	(MEET_FLAGS | MSGFLAG_READ | MSGFLAG_EVERREAD | MSGFLAG_ASSOCIATED)

/* ---------------------------------------------------------------- content */

/* The blobs of a change, and the message that may have some of them. */
typedef struct BlobMap
{
	int64		store_id;
	int64		message_id;		/* 0: a new message */
	const ObjectList *list;
} BlobMap;

/* ReferenceMapper: return the blob here that is equal to one of the change. */
static int64
map_blob(const Property *prop, int64 blob_id, int64 size, void *arg)
{
	const BlobMap *map = arg;

	for (int i = 0; i < map->list->count; i++)
	{
		const Jsonb *blob = map->list->objects[i];
		int64		number;
		int64		listed;
		int64		here;
		char	   *digest;
		bool		is_text;

		arrival_blob_member(blob, &number, &listed, &digest, &is_text);
		if (number != blob_id || listed != size)
			continue;
		if (object_number(blob, "as", &here) && here > 0)
			return here;
		here = arrival_find_blob(map->store_id, map->message_id, size,
								 prop->type == PT_UNICODE, digest);
		if (here != 0)
			return here;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("the message has no value that is equal to blob %lld of the change",
					(long long) blob_id),
			 errhint("Write the values that missing_blobs() returns with create_blob() and write_blob(), and give their ids as \"as\".")));
	return 0;					/* keep compiler quiet */
}

/* Replace the references to blobs in the properties of a change. */
static Jsonb *
map_blobs(const Import *import, Jsonb *props, const ObjectList *list)
{
	BlobMap		map = {import->store_id, import->message_id, list};
	Property	none = {.name = "", .type = PT_BINARY};
	JsonbValue	value;

	if (!references_any(props))
		return props;
	value_from_object(&value, props);
	references_map(&none, &value, map_blob, &map);
	return object_from_value(&value);
}

/* Return the members of a change that are neither keys nor computed. */
static Jsonb *
stored_members(const Jsonb *change)
{
	static const char *const others[] = {
		"PR_SOURCE_KEY", "PR_PARENT_SOURCE_KEY", "PR_CHANGE_KEY",
		"PR_PREDECESSOR_CHANGE_LIST", "PR_LAST_MODIFIER_NAME",
		"PR_CREATOR_NAME", "PR_DELETED_ON", "PR_MESSAGE_FLAGS",
		"PR_LAST_MODIFICATION_TIME", "PR_CREATION_TIME", "blobs", "hard",
		"original", "restored"
	};
	BagList		none;

	baglist_init(&none, lengthof(others));
	for (int i = 0; i < lengthof(others); i++)
		baglist_add_null(&none, others[i], strlen(others[i]));
	return bag_splice(change, baglist_build(&none), false);
}

/* Read the content of a change, checked like the properties of a new message. */
static void
read_content(Import *import, const Jsonb *change)
{
	JsonbValue	value;
	ObjectList	blobs;
	Content		empty;
	Edits		edits;

	objects_read(NULL, &blobs);
	if (bag_find(change, "blobs", &value))
		arrival_objects(&value, "blobs", &blobs);
	edits_from_patch(map_blobs(import, stored_members(change), &blobs), true,
					 &edits);
	content_from_bag(&empty, bag_empty());
	edits_apply(&empty, &edits, &import->content);
}

/* --------------------------------------------------------------- messages */

/* Insert a message that is not known here. */
static int32
import_new(Import *import, MessageRow *row)
{
	bytea	   *key = palloc(VARHDRSZ + import->source.size);

	if (import->folder_id == 0)
		return SYNC_E_NO_PARENT;
	if (!access_may_create(import->store_id, import->folder_id))
		return MAPI_E_NO_ACCESS;
	SET_VARSIZE(key, VARHDRSZ + import->source.size);
	memcpy(VARDATA(key), import->source.bytes, import->source.size);
	memset(&row->version, 0, sizeof(Version));
	row->store_id = import->store_id;
	row->message_id = number_next_id(REL_MESSAGE_ID_SEQ, import->store_id);
	row->source_key = PointerGetDatum(key);
	row->created_at = import->created_at;
	row->creator_actor = CStringGetTextDatum(import->creator);
	row->version.folder_id = import->folder_id;
	row->version.content = meet_with_times(&import->content, NULL,
										   import->arrival.modified_at);
	origin_record(import->store_id, KEYED_MESSAGE, &import->source,
				  row->message_id, false);
	change_arrive(row, &import->arrival, &import->author);
	import->message_id = row->message_id;
	import->number = row->version.change_number;
	return S_OK;
}

/*
 * Find the message of a change again, which was not known here: make other
 * imports of the message wait until this transaction ends.
 */
static void
find_message_locked(Import *import)
{
	LockDatabaseObject(relation_oid(REL_IMPORTED),
					   hash_bytes(import->source.bytes, import->source.size),
					   0, ExclusiveLock);
	import->message_id = arrival_message(import->store_id,
										 &import->source);
}

/*
 * Carry an import out, with a new latest snapshot for every attempt.  A message
 * that is not known here is not deleted here either.
 */
static int32
import_execute(Import *import)
{
	MessageRow	row;
	int32		result = S_OK;
	bool		again = true;

	messagerow_open(&row, RowExclusiveLock);
	while (again)
	{
		bool		found;

		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(GetLatestSnapshot());
		found = import->message_id != 0 &&
			messagerow_fetch(&row, import->store_id, import->message_id);
		again = found && messagerow_lock(&row, true) != TM_Ok;
		if (!again)
		{
			/* the locked version may be newer than the snapshot */
			PushActiveSnapshot(GetLatestSnapshot());
			if (found)
				result = meet_version(import, &row);
			else if (import->message_id != 0)
				result = meet_deletion(import, &row);
			else if (import->arrival.deleted_at != 0)
				result = SYNC_E_IGNORE;
			else
				result = import_new(import, &row);
			PopActiveSnapshot();
		}
		PopActiveSnapshot();
	}
	messagerow_close(&row);
	return result;
}

/*
 * Return true if the current role may import a change: into the message as it
 * is now, or as a new one.  Asked before anything is locked, so that a role
 * without the right neither waits nor holds others up.  Raises the errors of
 * opening a message for a role that may not even read it.
 */
static bool
permitted_at_door(Import *import)
{
	MessageRow	row;
	bool		permitted = true;

	if (import->message_id == 0)
		return import->folder_id == 0 ||
			access_may_create(import->store_id, import->folder_id);
	messagerow_begin_read(&row, GetLatestSnapshot());
	if (messagerow_fetch(&row, import->store_id, import->message_id))
	{
		import->number = row.version.change_number;
		permitted = meet_permitted(import, &row);
	}
	messagerow_end_read(&row);
	return permitted;
}

/* Delete for good the messages with some ids, which may include 0. */
static int32
delete_for_good(int64 store_id, int64 *ids, int count, uint32 flags,
				const Author *author)
{
	PlaceOrder	order = {.kind = (flags & DELETE_HARD_DELETE) != 0 ?
		CHANGE_HARD_DELETE : CHANGE_DELETE, .store_id = store_id,
	.author = *author};
	int			known = 0;

	for (int i = 0; i < count; i++)
	{
		if (ids[i] != 0)
			ids[known++] = ids[i];
	}
	return known == 0 ? S_OK : place_execute(&order, ids, known);
}

/* ---------------------------------------------------------------- changes */

/* Read the flags, names and times of a change that only messages have. */
static void
read_message(Import *import, const Jsonb *change)
{
	JsonbValue	value;
	int64		flags;

	import->creator = arrival_text_member(change, "PR_CREATOR_NAME");
	import->created_at = arrival_time_member(change, "PR_CREATION_TIME");
	if (!bag_find(change, "PR_MESSAGE_FLAGS", &value) ||
		!object_number(change, "PR_MESSAGE_FLAGS", &flags) || flags < 0 ||
		flags > PG_INT32_MAX)
		arrival_raise_bad("PR_MESSAGE_FLAGS");
	import->arrival.message_flags = (int32) flags & FIRST_FLAGS;
	read_content(import, change);
}

/*
 * Find the folder of an import, and return true; or return false if the folder
 * is not known here.  Without a folder, that of the change is taken, and a
 * deletion leaves the message where it is.
 */
static bool
find_folder(const Jsonb *change, Import *import)
{
	LineageKey	parent;

	if (import->arrival.deleted_at != 0)
	{
		import->folder_id = 0;
		return true;
	}
	if (import->folder_id == 0)
	{
		arrival_key_member(change, "PR_PARENT_SOURCE_KEY", &parent);
		import->folder_id = arrival_folder(import->store_id, &parent);
		if (import->folder_id == 0)
			return false;
	}
	access_require_folder(import->store_id, import->folder_id,
						  RIGHT_FOLDER_VISIBLE);
	return true;
}

/*
 * Lock the folder of an import against deletion.  Return false if it does not
 * exist or is deleted.
 */
static bool
lock_folder(const Import *import)
{
	return import->folder_id == 0 ||
		parent_lock_folder(import->store_id, import->folder_id);
}

/* Read the argument "method"; -1 if it is NULL. */
static int
method_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return -1;
	if (PG_GETARG_INT32(n) < MEET_DEFAULT ||
		PG_GETARG_INT32(n) > MEET_NO_NOTICE)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"method\" must be 0, 1 or 2, not %d",
						PG_GETARG_INT32(n))));
	return PG_GETARG_INT32(n);
}

/* Return the row of a call that imports. */
static Datum
import_row(FunctionCallInfo fcinfo, int32 result, const Import *import)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(import->message_id);
	nulls[1] = (import->message_id == 0);
	values[2] = Int64GetDatum(import->number);
	nulls[2] = (import->number == 0);
	return call_row(fcinfo, values, nulls);
}

/*
 * import_change(store_id, folder_id, change, method, actor)
 * → (result, message_id, change_number)
 *
 * Import a change that another store has made, as export_change() returns it.
 * With folder_id NULL the message comes into the folder that the change names.
 * "method" is PR_RESOLVE_METHOD; NULL: that of the message's folder.
 *
 * Returns S_OK; SYNC_E_IGNORE if the change is known here; SYNC_E_CONFLICT if
 * a conflict was resolved and its loser is a draft of the message;
 * SYNC_E_OBJECT_DELETED if the message is deleted here; SYNC_E_NO_PARENT if the
 * folder is missing or deleted; MAPI_E_SUBMITTED; MAPI_E_NO_ACCESS.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a bad change, MAPI_E_NOT_FOUND for the
 * store or for a blob that is not here, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(import_change);
Datum
import_change(PG_FUNCTION_ARGS)
{
	Import		import;
	Jsonb	   *change;
	JsonbValue	value;
	int32		result;

	memset(&import, 0, sizeof(import));
	import.store_id = call_number(fcinfo, 0, "store_id");
	if (!PG_ARGISNULL(1))
		import.folder_id = call_number(fcinfo, 1, "folder_id");
	change = arrival_argument(fcinfo, 2);
	import.method = method_argument(fcinfo, 3);
	import.author.actor = call_actor(fcinfo, 4);
	call_require_write("import_change()");
	access_require_store(import.store_id, RIGHT_FOLDER_VISIBLE);
	arrival_key_member(change, "PR_SOURCE_KEY", &import.source);
	import.hard = bag_find(change, "hard", &value) &&
		value.type == jbvBool && value.val.boolean;
	import.message_id = arrival_message(import.store_id, &import.source);
	if (import.hard)
	{
		if (import.message_id == 0)
			find_message_locked(&import);
		result = delete_for_good(import.store_id, &import.message_id, 1,
								 DELETE_HARD_DELETE, &import.author);
		if (result == MAPI_E_NOT_FOUND)
			result = SYNC_E_IGNORE;
		return import_row(fcinfo, result, &import);
	}

	arrival_read(change, &import.arrival);
	if (import.author.actor == NULL)
		import.author.actor = import.arrival.modifier;
	if (!find_folder(change, &import))
		return import_row(fcinfo, SYNC_E_NO_PARENT, &import);
	if (!permitted_at_door(&import))
		return import_row(fcinfo, MAPI_E_NO_ACCESS, &import);
	if (import.message_id == 0)
		find_message_locked(&import);
	if (!lock_folder(&import))
		return import_row(fcinfo, SYNC_E_NO_PARENT, &import);
	read_message(&import, change);
	result = import_execute(&import);
	return import_row(fcinfo, result, &import);
}

/* -------------------------------------------------------- deletions, moves */

/* Return argument n, a text[] of source keys, as ids of messages here. */
static int64 *
source_keys_argument(FunctionCallInfo fcinfo, int n, int64 store_id,
					 int *count)
{
	Datum	   *values;
	bool	   *nulls;
	int64	   *ids;

	REQUIRE_ARG(n, "source_keys");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, count);
	ids = palloc(sizeof(int64) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		LineageKey	key;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			call_null_argument("source_keys");
		arrival_key_text(TextDatumGetCString(values[i]), "source_keys", &key);
		ids[i] = arrival_message(store_id, &key);
	}
	return ids;
}

/*
 * import_deletion(store_id, source_keys, flags, actor) → hresult
 *
 * Delete messages that another store has deleted, softly or for good.  A
 * message that is not known or deleted here already is no error.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION, MAPI_E_NO_ACCESS or
 * MAPI_E_UNKNOWN_FLAGS.  Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(import_deletion);
Datum
import_deletion(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	Author		author = {call_actor(fcinfo, 3), NULL};
	int64	   *ids;
	int			count;
	int32		result;

	REQUIRE_ARG(2, "flags");
	call_require_write("import_deletion()");
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	if ((PG_GETARG_UINT32(2) & ~DELETE_HARD_DELETE) != 0)
		PG_RETURN_INT32(MAPI_E_UNKNOWN_FLAGS);
	ids = source_keys_argument(fcinfo, 1, store_id, &count);
	result = delete_for_good(store_id, ids, count, PG_GETARG_UINT32(2),
							 &author);
	PG_RETURN_INT32(result == MAPI_E_NOT_FOUND ? S_OK : result);
}

/* Decide on a move of the locked message in *row, and write. */
static int32
move_over(Import *import, MessageRow *row)
{
	LineageKey	key;
	Lineage		list;
	Lineage		moved = {0};
	ChangeOrder order;
	bool		newer;
	bool		equal;

	import->number = row->version.change_number;
	if (!meet_permitted(import, row))
		return MAPI_E_NO_ACCESS;
	meet_lineage(import, &row->version, &key, &list);
	lineage_add(&moved, &import->arrival.key);
	if (lineage_includes(&list, &moved))
		return SYNC_E_IGNORE;
	if (row->version.deleted_at != 0)
		return SYNC_E_OBJECT_DELETED;
	if (row->version.submitted_at != 0)
		return MAPI_E_SUBMITTED;
	newer = !lineage_includes(&list, &import->arrival.list);
	equal = !newer && lineage_includes(&import->arrival.list, &list);

	memset(&order, 0, sizeof(order));
	order.kind = CHANGE_MOVE;
	order.base = row->version.change_number;
	order.author = import->author;
	if (import->folder_id != row->version.folder_id)
		order.folder_id = import->folder_id;
	else if (!equal)
		return newer ? SYNC_W_CLIENT_CHANGE_NEWER : S_OK;
	if (equal)
		lineage_add(&import->arrival.list, &import->arrival.key);
	else if (newer)
	{
		/* the version that is still to come is newer than this one */
		import->arrival.key = key;
		import->arrival.list = list;
	}
	if (equal || newer)
	{
		import->arrival.modifier = TextDatumGetCString(row->modifier);
		import->arrival.message_flags = row->version.message_flags;
		order.arrival = &import->arrival;
	}
	if (change_write(row, &order, &import->number) != TM_Ok)
		elog(ERROR, "could not update locked message " INT64_FORMAT,
			 row->message_id);
	return newer ? SYNC_W_CLIENT_CHANGE_NEWER : S_OK;
}

/*
 * import_move(store_id, source_key, folder_id, change_key, predecessors, actor)
 * → (result, message_id, change_number)
 *
 * Move a message that another store has moved.  change_key is that of the move,
 * and "predecessors" is the list of the version that was moved.  If that is the
 * version here, the moved version keeps the change key; if the version here is
 * newer, the move is a change of our own.
 *
 * Returns S_OK; SYNC_E_IGNORE if the move is known here;
 * SYNC_W_CLIENT_CHANGE_NEWER if the message was moved, but the other store had
 * changes that are still to be imported; SYNC_E_OBJECT_DELETED;
 * SYNC_E_NO_PARENT if the folder is missing or deleted; MAPI_E_SUBMITTED;
 * MAPI_E_NO_ACCESS.  Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_FOUND for a
 * message that is not known here, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(import_move);
Datum
import_move(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"source_key", NULL, "change_key",
	"predecessors"};
	Import		import;
	BagList		list;
	uint8	   *bytes;
	int			size;
	MessageRow	row;
	int32		result = SYNC_E_OBJECT_DELETED;
	bool		again = true;

	memset(&import, 0, sizeof(import));
	import.store_id = call_number(fcinfo, 0, "store_id");
	import.folder_id = call_number(fcinfo, 2, "folder_id");
	import.author.actor = call_actor(fcinfo, 5);
	for (int i = 1; i < 5; i++)
	{
		if (names[i - 1] != NULL)
			REQUIRE_ARG(i, names[i - 1]);
	}
	call_require_write("import_move()");
	access_require_store(import.store_id, RIGHT_FOLDER_VISIBLE);
	arrival_key_text(call_text(fcinfo, 1), "source_key", &import.source);
	arrival_key_text(call_text(fcinfo, 3), "change_key", &import.arrival.key);
	baglist_init(&list, 1);
	baglist_add_cstring(&list, "predecessors", call_text(fcinfo, 4),
						strlen(call_text(fcinfo, 4)));
	if (!lineage_member(baglist_build(&list), "predecessors", &bytes, &size) ||
		!lineage_read(bytes, size, &import.arrival.list))
		arrival_raise_bad("predecessors");
	import.message_id = arrival_message(import.store_id, &import.source);
	if (import.message_id == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("store %lld has no message with this source key",
						(long long) import.store_id)));
	access_require_folder(import.store_id, import.folder_id,
						  RIGHT_FOLDER_VISIBLE);
	if (!permitted_at_door(&import))
		return import_row(fcinfo, MAPI_E_NO_ACCESS, &import);
	if (!lock_folder(&import))
		return import_row(fcinfo, SYNC_E_NO_PARENT, &import);

	messagerow_open(&row, RowExclusiveLock);
	while (again)
	{
		CHECK_FOR_INTERRUPTS();
		again = false;
		PushActiveSnapshot(GetLatestSnapshot());
		if (messagerow_fetch(&row, import.store_id, import.message_id))
		{
			again = messagerow_lock(&row, true) != TM_Ok;
			PushActiveSnapshot(GetLatestSnapshot());
			if (!again)
				result = move_over(&import, &row);
			PopActiveSnapshot();
		}
		PopActiveSnapshot();
	}
	messagerow_close(&row);
	return import_row(fcinfo, result, &import);
}
