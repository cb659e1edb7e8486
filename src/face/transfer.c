/*-------------------------------------------------------------------------
 *
 * transfer.c
 *	  Copies of messages and folders, also in another store, and moves to
 *	  another store, which are a copy and a deletion.
 *
 * NOTES
 *	  A copy is a new message with the content of the newest version: its own
 *	  id, history and times, the current role as its creator, and no draft.
 *	  Copying does not lock the original, which may change meanwhile.  A move
 *	  locks the original before it is copied.
 *
 *	  Blobs are shared within a store.  The copy of a message in another store
 *	  takes its blobs along under their ids, which one series gives out for all
 *	  stores; a blob that the other store has already is not copied again.
 *
 *	  The target folder is locked against deletion first, then the originals in
 *	  the order of their ids.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* One call that copies messages. */
typedef struct CopyOrder
{
	int64		store_id;
	int64		to_store_id;
	int64		folder_id;		/* in to_store_id */
	bool		move;			/* and delete the original */
	CountTally	from;			/* used by moves only */
	CountTally	to;
} CopyOrder;

/* The stores and message between which blobs are copied. */
typedef struct BlobCopy
{
	int64		from_store_id;
	Adoption	adoption;		/* the copy */
} BlobCopy;

/* ------------------------------------------------------------------ copies */

/* ReferenceVisitor: copy a blob to the other store. */
static void
import_blob(int64 blob_id, int64 size, void *arg)
{
	BlobCopy   *copy = arg;

	blob_import(copy->from_store_id, &copy->adoption, blob_id);
}

/* Copy the blobs of a content to the store of a copy. */
static void
import_blobs(int64 from_store_id, const MessageRow *to)
{
	const Content *content = &to->version.content;
	BlobCopy	copy = {from_store_id,
	{to->store_id, to->message_id, 0, NULL, false}};

	references_visit(DatumGetJsonbP(content->value[PART_PROPS]), import_blob,
					 &copy);
	if (!content->isnull[PART_ATTACHMENTS])
		references_visit(DatumGetJsonbP(content->value[PART_ATTACHMENTS]),
						 import_blob, &copy);
}

/*
 * Remove the times that the original has from its client, which are the
 * original's own.
 */
static void
drop_times(Content *content)
{
	static const char *const own[] = {
		"PR_CREATION_TIME", "PR_LAST_MODIFICATION_TIME"
	};
	BagList		patch;

	baglist_init(&patch, lengthof(own));
	for (int i = 0; i < lengthof(own); i++)
		baglist_add_null(&patch, own[i], strlen(own[i]));
	content->value[PART_PROPS] =
		JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
								  baglist_build(&patch), false));
}

/* Insert the copy of a message, and return its id. */
static int64
insert_copy(const MessageRow *from, MessageRow *to, int64 store_id,
			int64 folder_id, CountTally *tally)
{
	bool		other_store = from->store_id != store_id;

	to->store_id = store_id;
	to->message_id = number_next_id(REL_MESSAGE_ID_SEQ, store_id);
	to->created_at = 0;
	memset(&to->version, 0, sizeof(Version));
	to->version.message_flags = from->version.message_flags;
	to->version.folder_id = folder_id;
	to->version.content = from->version.content;
	drop_times(&to->version.content);
	if (other_store)
		import_blobs(from->store_id, to);
	change_copy(to, other_store ? 0 : from->message_id, tally);
	original_copy(from->store_id, from->message_id, store_id, to->message_id);
	return to->message_id;
}

/*
 * Decide on the version in *row: S_OK means that it can be copied or moved.  A
 * message whose folder the current role does not see counts as missing.
 */
static int32
decide(const CopyOrder *order, const MessageRow *row)
{
	int64		folder_id = row->version.folder_id;
	bool		may;

	may = order->move ?
		access_message(order->store_id, folder_id, row->creator,
					   ACCESS_TO_DELETE) :
		access_message(order->store_id, folder_id, row->creator,
					   ACCESS_TO_READ);
	if (!may)
		return access_sees_folder(order->store_id, folder_id) ?
			MAPI_E_NO_ACCESS : MAPI_E_NOT_FOUND;
	return row->version.deleted_at != 0 ? MAPI_E_NOT_FOUND : S_OK;
}

/* Delete the original of a move softly; its row is locked. */
static void
delete_original(CopyOrder *order, MessageRow *row)
{
	ChangeOrder change;
	int64		number;

	memset(&change, 0, sizeof(change));
	change.kind = CHANGE_DELETE;
	change.base = row->version.change_number;
	change.set_deleted = true;
	change.deleted = true;
	change.tally = &order->from;
	if (change_write(row, &change, &number) != TM_Ok)
		elog(ERROR, "could not delete a locked message");
}

/*
 * Copy or move one message.  Return S_OK and the id of the copy,
 * MAPI_E_NOT_FOUND or MAPI_E_NO_ACCESS.
 */
static int32
copy_message(CopyOrder *order, int64 message_id, MessageRow *from,
			 MessageRow *to, int64 *copy_id)
{
	int32		result;
	bool		again = true;

	while (again)
	{
		CHECK_FOR_INTERRUPTS();
		again = false;
		PushActiveSnapshot(GetLatestSnapshot());
		if (!messagerow_fetch(from, order->store_id, message_id))
			result = MAPI_E_NOT_FOUND;
		else
			result = decide(order, from);
		if (result == S_OK && order->move)
		{
			if (messagerow_lock(from, true) != TM_Ok)
				again = true;
			else
				result = decide(order, from);
		}
		if (result == S_OK && !again)
		{
			*copy_id = insert_copy(from, to, order->to_store_id,
								   order->folder_id, &order->to);
			if (order->move)
				delete_original(order, from);
		}
		PopActiveSnapshot();
	}
	return result;
}

/* Copy or move messages; return a row for each in the order of the ids. */
static void
copy_all(CopyOrder *order, const int64 *ids, int count,
		 FunctionCallInfo fcinfo)
{
	TupleDesc	desc;
	Tuplestorestate *rows = call_begin_set(fcinfo, &desc);
	MessageRow	from;
	MessageRow	to;

	count_begin(&order->from, order->store_id);
	count_begin(&order->to, order->to_store_id);
	messagerow_open(&from, RowExclusiveLock);
	messagerow_open(&to, RowExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		int64		copy_id = 0;
		int32		result = copy_message(order, ids[i], &from, &to, &copy_id);
		Datum		values[3] = {Int64GetDatum(ids[i]), Int32GetDatum(result),
		Int64GetDatum(copy_id)};
		bool		nulls[3] = {false, false, copy_id == 0};

		tuplestore_putvalues(rows, desc, values, nulls);
	}
	messagerow_close(&to);
	messagerow_close(&from);
	count_end(&order->from);
	count_end(&order->to);
}

/*
 * Do the work of copy_messages() and move_messages_to_store(), whose arguments
 * stand in one order.
 */
static void
copy_arguments(FunctionCallInfo fcinfo, const char *what, bool move)
{
	CopyOrder	order = {.move = move};
	int64	   *ids;
	int			count;

	order.store_id = call_number(fcinfo, 0, "store_id");
	ids = place_ids_argument(fcinfo, 1, &count);
	order.folder_id = call_number(fcinfo, 2, "folder_id");
	if (move)
		REQUIRE_ARG(3, "to_store_id");
	order.to_store_id = PG_ARGISNULL(3) ? order.store_id : call_number(fcinfo, 3, "to_store_id");
	call_require_write(what);
	access_require_store(order.store_id, RIGHT_FOLDER_VISIBLE);
	folder_lock_target(order.to_store_id, order.folder_id, RIGHT_CREATE);
	copy_all(&order, ids, count, fcinfo);
}

/* Do the work of copy_messages(). */
static int64
work_copy_messages(FunctionCallInfo fcinfo)
{
	copy_arguments(fcinfo, "copy_messages()", false);
	return 0;
}

/*
 * copy_messages(store_id, message_ids, folder_id, to_store_id, actor)
 * → (message_id, result, new_message_id)
 *
 * Copy messages into a folder, of another store unless to_store_id is NULL.
 * Returns a row for each message, once and in the order of the ids: S_OK,
 * MAPI_E_NOT_FOUND, also for a soft-deleted message, or MAPI_E_NO_ACCESS.
 *
 * Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_FOUND for stores and folder,
 * MAPI_E_NO_ACCESS for the folder.
 */
PG_FUNCTION_INFO_V1(copy_messages);
Datum
copy_messages(PG_FUNCTION_ARGS)
{
	(void) author_call(fcinfo, 4, work_copy_messages);
	return (Datum) 0;
}

/* Do the work of move_messages_to_store(). */
static int64
work_move_messages(FunctionCallInfo fcinfo)
{
	copy_arguments(fcinfo, "move_messages_to_store()", true);
	return 0;
}

/*
 * move_messages_to_store(store_id, message_ids, folder_id, to_store_id, actor)
 * → (message_id, result, new_message_id)
 *
 * Copy messages into a folder of another store, and delete the originals
 * softly.  Returns and raises as copy_messages().
 */
PG_FUNCTION_INFO_V1(move_messages_to_store);
Datum
move_messages_to_store(PG_FUNCTION_ARGS)
{
	(void) author_call(fcinfo, 4, work_move_messages);
	return (Datum) 0;
}

/* ----------------------------------------------------------------- folders */

/*
 * Copy the messages of a folder that the current role may read, associated ones
 * too, into another folder of the store.
 */
static void
copy_contents(int64 store_id, int64 folder_id, int64 to_folder_id)
{
	CopyOrder	order = {.store_id = store_id, .to_store_id = store_id,
	.folder_id = to_folder_id};
	MessageRow	from;
	MessageRow	to;
	int			count;
	int64	   *ids = tree_messages(store_id, folder_id, TREE_LIVE, true, &count);

	count_begin(&order.to, store_id);
	messagerow_open(&from, RowExclusiveLock);
	messagerow_open(&to, RowExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		int64		copy_id;

		(void) copy_message(&order, ids[i], &from, &to, &copy_id);
	}
	messagerow_close(&to);
	messagerow_close(&from);
	count_end(&order.to);
}

/*
 * Copy a folder below a parent, with its messages and, if "deep" is set, with
 * the folders below it that the current role sees.  Return the id of the copy.
 */
static int64
copy_tree(int64 store_id, int64 folder_id, int64 parent_id, const char *name,
		  bool deep)
{
	FolderRow	row;
	FolderRow	copy = {.store_id = store_id, .parent_id = parent_id};
	int64	   *children;
	int			count;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	folder_read_live(&row, store_id, folder_id, TREE_READ);
	children = tree_children(store_id, folder_id, TREE_LIVE, &count);
	copy.name = name != NULL ? pstrdup(name) : row.name;
	copy.props = row.props;
	tree_insert(&copy);
	access_inherit(store_id, parent_id, copy.folder_id);
	criteria_copy(store_id, folder_id, copy.folder_id);
	copy_contents(store_id, folder_id, copy.folder_id);
	for (int i = 0; deep && i < count; i++)
	{
		if (access_sees_folder(store_id, children[i]))
			(void) copy_tree(store_id, children[i], copy.folder_id, NULL, true);
	}
	return copy.folder_id;
}

/* Do the work of copy_folder(). */
static int64
work_copy_folder(FunctionCallInfo fcinfo)
{
	FolderRow	row;
	int64		store_id;
	int64		folder_id;
	int64		parent_id;
	uint32		flags;
	char	   *name;

	REQUIRE_ARG(4, "flags");
	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	parent_id = call_number(fcinfo, 2, "parent_id");
	flags = PG_GETARG_UINT32(4);
	if ((flags & ~COPY_SUBFOLDERS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("copy_folder() does not know the flags 0x%X",
						flags & ~COPY_SUBFOLDERS)));
	call_require_write("copy_folder()");
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	access_require_folder(store_id, parent_id, RIGHT_CREATE_SUBFOLDER);

	tree_lock(store_id);
	folder_read_live(&row, store_id, folder_id, TREE_READ);
	name = PG_ARGISNULL(3) ? row.name : text_to_cstring(PG_GETARG_TEXT_PP(3));
	folder_check_name(name);
	if (tree_is_below(store_id, parent_id, folder_id))
		ereport(ERROR,
				(errmapi(MAPI_E_FOLDER_CYCLE),
				 errmsg("folder %lld of store %lld cannot be copied into itself",
						(long long) folder_id, (long long) store_id)));
	folder_lock_target(store_id, parent_id, RIGHT_CREATE_SUBFOLDER);
	folder_require_name(store_id, parent_id, name);
	return copy_tree(store_id, folder_id, parent_id, name,
					 (flags & COPY_SUBFOLDERS) != 0);
}

/*
 * copy_folder(store_id, folder_id, parent_id, name, flags, actor) → folder_id
 *
 * Copy a folder with its properties and those of its messages that the role
 * may read; with COPY_SUBFOLDERS also the folders below it that the role sees.
 * The copy has the rights of its parent, and the name of the original unless
 * "name" is given.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_COLLISION,
 * MAPI_E_FOLDER_CYCLE if the parent is the folder or below it,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER.
 */
PG_FUNCTION_INFO_V1(copy_folder);
Datum
copy_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(author_call(fcinfo, 5, work_copy_folder));
}
