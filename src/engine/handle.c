/*-------------------------------------------------------------------------
 *
 * handle.c
 *	  Open handles, and the effect of transactions on them.
 *
 * NOTES
 *	  A handle lives, across commits, until it is closed or its session ends.
 *	  It has a memory context of its own below "msgstore handles".  A hash
 *	  table finds handles by number.  Numbers start at a random point, and a
 *	  backend does not use a number twice.
 *
 *	  A handle that was opened with msgstore.handles = transaction is
 *	  transactional: it is closed, and its uploads are deleted, before its
 *	  transaction commits or is prepared (for a pooler that lends the session
 *	  to another client after each transaction).  The handles below a
 *	  transactional handle are transactional as well.
 *
 *	  A handle ends with the tables on which it was opened.  After DROP
 *	  EXTENSION and CREATE EXTENSION it is not found any more, and the next
 *	  handle that is opened closes it; a rollback of both commands brings it
 *	  back.
 *
 *	  A handle follows its transaction: the rollback of a transaction or
 *	  subtransaction takes back its effects on handles (opening, closing and
 *	  changes of the state).  For this purpose a handle has a stack of saved
 *	  states, at most one per nesting level.  handle_touch() pushes a state
 *	  before the first change at its level.  The values of the states are those
 *	  of pending.c.
 *
 *	  The table shows what becomes of a handle that was opened or closed, and
 *	  of a state that was saved, at the nesting level that ends.
 *
 *		event			opened			closed			saved state
 *		-----			------			------			-----------
 *		subcommit		opened above	closed above	saved above, unless the
 *														level above has its own
 *		subabort		is destroyed	is open			is restored
 *		commit			stays open		is destroyed	is freed
 *		abort			is destroyed	is open			the oldest is restored
 *		prepare			refused			refused			refused
 *
 *	  A transactional handle has been closed before commit and prepare, so both
 *	  destroy it.
 *
 *	  The uploads of a handle (blob.c) are part of its state, and the rollback
 *	  that restores the state also takes back the rows of the blobs.  Saving,
 *	  refreshing or closing the handle empties the list and deletes the blobs
 *	  that are not sealed, except those that another open handle (a child or a
 *	  parent) has as well.
 *
 *	  A closed handle that a rollback could open again counts towards
 *	  msgstore.max_open_handles; any other handle is destroyed at once when it
 *	  is closed.  DISCARD ALL closes all handles.
 *
 *	  The callbacks for the end of a transaction only unlink and free, so that
 *	  they cannot fail during an abort.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "activity.h"

int			handle_mode = HANDLES_SESSION;
int			handle_max_open = 1000;

/* An entry of the hash table, which may move; the handle does not. */
typedef struct HandleEntry
{
	int32		number;			/* hash key */
	Handle	   *handle;
} HandleEntry;

static MemoryContext handle_memory = NULL;
static HTAB *handles = NULL;
static dlist_head dirty = DLIST_STATIC_INIT(dirty);

/* the last number, less 1, and how many numbers this backend has used */
static uint32 next_number = 0;
static uint32 numbers_used = 0;

/* the table message that all handles in the hash table were opened on */
static Oid	last_relation = InvalidOid;

static ProcessUtility_hook_type next_utility_hook = NULL;

static HandleEnd watcher = NULL;

/* some handle of this session has, or had, an upload of another handle */
static bool uploads_shared = false;

static void transaction_event(XactEvent event, void *arg);
static void subtransaction_event(SubXactEvent event, SubTransactionId mine,
								 SubTransactionId parent, void *arg);
static void utility(COMPAT_UTILITY_PARAMS);

void
handle_init(void)
{
	RegisterXactCallback(transaction_event, NULL);
	RegisterSubXactCallback(subtransaction_event, NULL);
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility;
}

/* ---------------------------------------------------------- open and close */

static void
create_table(void)
{
	HASHCTL		control;

	handle_memory = AllocSetContextCreate(TopMemoryContext,
										  "msgstore handles",
										  ALLOCSET_DEFAULT_SIZES);
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(int32);
	control.entrysize = sizeof(HandleEntry);
	control.hcxt = handle_memory;
	handles = hash_create("msgstore handles", 64, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* The number is between 1 and PG_INT32_MAX, and this backend has not used it. */
int32
handle_new_number(void)
{
	if (numbers_used == 0)
	{
		if (!pg_strong_random(&next_number, sizeof(next_number)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random number for handles")));
		next_number = next_number % PG_INT32_MAX;
	}
	else if (numbers_used == PG_INT32_MAX)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_ENOUGH_RESOURCES),
				 errmsg("this session has used up its handle numbers"),
				 errhint("Reconnect.")));
	numbers_used++;
	next_number = (next_number + 1) % PG_INT32_MAX;
	return next_number + 1;
}

/* List a handle as changed by the current transaction. */
static void
make_dirty(Handle *handle)
{
	if (!handle->is_dirty)
	{
		dlist_push_tail(&dirty, &handle->dirty_node);
		handle->is_dirty = true;
	}
}

/* Return true if the tables on which a handle was opened still exist. */
static bool
has_tables(const Handle *handle)
{
	return handle->relation == relation_oid(REL_MESSAGE);
}

/* Return true if nobody has closed a handle, and its tables exist. */
static bool
is_open(const Handle *handle)
{
	return handle->closed_level == 0 && has_tables(handle);
}

/*
 * Close the handles whose tables do not exist any more.  The tables are
 * remembered for the next call once no such handle is left; until then, a
 * rollback could open them again.
 */
static void
close_orphans(void)
{
	HASH_SEQ_STATUS scan;
	HandleEntry *entry;
	bool		found = false;

	if (last_relation == relation_oid(REL_MESSAGE))
		return;
	hash_seq_init(&scan, handles);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (has_tables(entry->handle))
			continue;
		found = true;
		if (entry->handle->closed_level == 0)
			handle_close(entry->handle);
	}
	if (!found)
		last_relation = relation_oid(REL_MESSAGE);
}

void
handle_require_allowed(void)
{
	if (handle_mode == HANDLES_OFF)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("this session cannot open handles, because msgstore.handles is off"),
				 errhint("Use the calls without a handle: read_message(), save_message(), save_new_message(), resolve_conflict() with a change number.")));
}

void
handle_watch_end(HandleEnd ended)
{
	watcher = ended;
}

/*
 * Return a new handle, opened at the current nesting level.  The limit is
 * checked first, so that the error leaves nothing to clean up.
 */
Handle *
handle_open(int64 store_id, int64 message_id)
{
	MemoryContext context;
	Handle	   *handle;
	HandleEntry *entry;
	int32		number;

	handle_require_allowed();
	if (handles == NULL)
		create_table();
	close_orphans();
	if (hash_get_num_entries(handles) >= handle_max_open)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_ENOUGH_RESOURCES),
				 errmsg_plural("this session has %d handle open already",
							   "this session has %d handles open already",
							   handle_max_open,
							   handle_max_open),
				 errhint("Close handles with close_object(), or raise msgstore.max_open_handles.")));

	number = handle_new_number();
	context = AllocSetContextCreate(handle_memory, "msgstore handle",
									ALLOCSET_SMALL_SIZES);
	handle = MemoryContextAllocZero(context, sizeof(Handle));
	handle->number = number;
	handle->store_id = store_id;
	handle->state.message_id = message_id;
	handle->role = GetUserId();
	handle->opened_at = GetCurrentTimestamp();
	handle->transactional = (handle_mode == HANDLES_TRANSACTION);
	handle->relation = relation_oid(REL_MESSAGE);
	handle->context = context;
	handle->opened_level = GetCurrentTransactionNestLevel();

	entry = hash_search(handles, &number, HASH_ENTER, NULL);
	entry->handle = handle;
	make_dirty(handle);
	return handle;
}

Handle *
handle_find(int32 number)
{
	HandleEntry *entry = NULL;

	if (handles != NULL)
		entry = hash_search(handles, &number, HASH_FIND, NULL);
	if (entry == NULL || !is_open(entry->handle) ||
		entry->handle->role != GetUserId())
		return NULL;
	return entry->handle;
}

Handle *
handle_get(int32 number)
{
	Handle	   *handle = handle_find(number);

	if (handle == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_OBJECT),
				 errmsg("handle %d is not open", number),
				 handle_mode == HANDLES_SESSION ?
				 errhint("A handle belongs to the session and the role that opened it, until it is closed or its opening is rolled back.") :
				 errhint("msgstore.handles is %s: a handle ends with the transaction that opened it, or cannot be opened.",
						 handle_mode == HANDLES_OFF ? "off" : "transaction")));
	return handle;
}

Handle *
handle_argument(FunctionCallInfo fcinfo)
{
	REQUIRE_ARG(0, "handle");
	return handle_get(PG_GETARG_INT32(0));
}

Handle *
handle_message_argument(FunctionCallInfo fcinfo)
{
	Handle	   *handle = handle_argument(fcinfo);

	if (handle->kind != HANDLE_MESSAGE)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("handle %d is open on an attachment or an embedded message",
						handle->number),
				 errhint("Use the handle of the message.")));
	return handle;
}

void
handle_require_writable(const Handle *handle)
{
	if (!handle->state.writable)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("handle %d is read-only", handle->number),
				 errhint("Open the message with 'MAPI_MODIFY'.")));
}

void
handle_set_defaults(Handle *handle, const Jsonb *defaults)
{
	handle->defaults = MemoryContextAlloc(handle->context, VARSIZE(defaults));
	memcpy(handle->defaults, defaults, VARSIZE(defaults));
}

/* Free a handle with its saved states and values. */
static void
destroy(Handle *handle)
{
	hash_search(handles, &handle->number, HASH_REMOVE, NULL);
	if (handle->is_dirty)
		dlist_delete(&handle->dirty_node);
	pending_forget(handle);
	MemoryContextDelete(handle->context);
}

/*
 * Close a handle.  A handle that was opened at the present nesting level is
 * freed at once, because a rollback of the level could not open it again.
 */
void
handle_close(Handle *handle)
{
	int			level = GetCurrentTransactionNestLevel();

	if (handle->opened_level == level)
	{
		destroy(handle);
		return;
	}
	handle->closed_level = level;
	make_dirty(handle);
}

/* Close the handles of all roles; a rollback cannot open them again. */
static void
close_all(void)
{
	HASH_SEQ_STATUS scan;
	HandleEntry *entry;

	if (handles == NULL)
		return;
	hash_seq_init(&scan, handles);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		handle_drop_uploads(entry->handle);
		handle_close(entry->handle);
	}
	hash_seq_init(&scan, handles);
	while ((entry = hash_seq_search(&scan)) != NULL)
		destroy(entry->handle);
}

/* ------------------------------------------------------------------ states */

void
handle_touch(Handle *handle)
{
	int			level = GetCurrentTransactionNestLevel();

	if (handle->opened_level == level ||
		(handle->saved != NULL && handle->saved->level == level))
		return;
	pending_save(handle, level);
	make_dirty(handle);
}

void
handle_add_edits(Handle *handle, const Edits *edits)
{
	Edits		own = *edits;
	Edits		merged;

	if (!edits_any(edits))
		return;
	if (handle->kind == HANDLE_ATTACHMENT)
		attachment_edited(&own);
	edits_merge(&handle->state.edits, &own, &merged);
	handle_touch(handle);
	pending_set_edits(handle, &merged);
}

void
handle_set_base(Handle *handle, int64 base)
{
	handle_touch(handle);
	pending_set_edits(handle, NULL);
	handle_drop_uploads(handle);
	handle->state.base = base;
}

/* ----------------------------------------------------------------- uploads */

/*
 * Return a new upload in front of the list "next".  Lists of uploads are never
 * changed in place, because saved states share them.  They have a memory
 * context of their own, which is reset when no state has uploads.
 */
static Upload *
new_upload(Handle *handle, int64 blob_id, bool shared, Upload *next)
{
	Upload	   *upload;

	if (handle->upload_memory == NULL)
		handle->upload_memory = AllocSetContextCreate(handle->context,
													  "msgstore uploads",
													  ALLOCSET_SMALL_SIZES);
	upload = MemoryContextAlloc(handle->upload_memory, sizeof(Upload));
	upload->blob_id = blob_id;
	upload->shared = shared;
	uploads_shared = uploads_shared || shared;
	upload->stored = false;
	upload->next = next;
	return upload;
}

void
handle_add_upload(Handle *handle, int64 blob_id, bool shared)
{
	handle_touch(handle);
	handle->state.uploads = new_upload(handle, blob_id, shared,
									   handle->state.uploads);
}

const Upload *
handle_upload(const Handle *handle, int64 blob_id)
{
	const Upload *upload = handle->state.uploads;

	while (upload != NULL && upload->blob_id != blob_id)
		upload = upload->next;
	return upload;
}

bool
handle_uploaded(const Handle *handle, int64 blob_id)
{
	while (handle != NULL && handle_upload(handle, blob_id) == NULL)
		handle = handle->parent == 0 ? NULL : handle_find(handle->parent);
	return handle != NULL;
}

void
handle_share_uploads(Handle *handle, Handle *parent)
{
	Upload	   *shared = NULL;
	bool		was_shared = true;

	for (const Upload *upload = handle->state.uploads; upload != NULL;
		 upload = upload->next)
	{
		was_shared = was_shared && upload->shared;
		if (parent != NULL && handle_upload(parent, upload->blob_id) == NULL)
			handle_add_upload(parent, upload->blob_id, true);
	}
	if (was_shared)
		return;
	for (const Upload *upload = handle->state.uploads; upload != NULL;
		 upload = upload->next)
		shared = new_upload(handle, upload->blob_id, true, shared);
	handle_touch(handle);
	handle->state.uploads = shared;
}

/*
 * Return true if an open handle other than "but" has an upload.  Of two handles
 * that have it, one at least has it as a shared one.
 */
static bool
upload_needed(const Handle *but, int64 blob_id)
{
	HASH_SEQ_STATUS scan;
	HandleEntry *entry;

	if (!uploads_shared)
		return false;
	hash_seq_init(&scan, handles);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->handle != but && is_open(entry->handle) &&
			entry->handle->store_id == but->store_id &&
			handle_upload(entry->handle, blob_id) != NULL)
		{
			hash_seq_term(&scan);
			return true;
		}
	}
	return false;
}

/*
 * Return the ids of a handle's uploads as a bigint[] of *count elements; with
 * "alone", only of uploads that no other open handle has.
 */
static ArrayType *
upload_ids(const Handle *handle, bool alone, int *count)
{
	int			length = 0;
	Datum	   *ids;

	for (const Upload *upload = handle->state.uploads; upload != NULL;
		 upload = upload->next)
		length++;
	ids = palloc(sizeof(Datum) * Max(length, 1));
	*count = 0;
	for (const Upload *upload = handle->state.uploads; upload != NULL;
		 upload = upload->next)
	{
		if (!alone || !upload_needed(handle, upload->blob_id))
			ids[(*count)++] = Int64GetDatum(upload->blob_id);
	}
	return construct_array(ids, *count, INT8OID, sizeof(int64),
						   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

ArrayType *
handle_uploads(const Handle *handle, int *count)
{
	return upload_ids(handle, false, count);
}

void
handle_drop_uploads(Handle *handle)
{
	ArrayType  *ids;
	int			count;

	/*
	 * If the transaction cannot write, the blobs stay until the session has
	 * ended and the sweeper deletes them.  DISCARD ALL and COMMIT may follow
	 * DROP EXTENSION, and even CREATE EXTENSION.
	 */
	if (handle->state.uploads == NULL || XactReadOnly ||
		IsInParallelMode() || !relation_installed() || !has_tables(handle))
		return;
	ids = upload_ids(handle, true, &count);
	if (count > 0)
		blob_release(handle->store_id, ids);
	handle_touch(handle);
	handle->state.uploads = NULL;
}

/* ------------------------------------------------------------ transactions */

/*
 * Close the transactional handles and delete their uploads, before the
 * transaction commits or is prepared.  The uploads were written in this
 * transaction, and are deleted even if the transaction has been made read-only
 * since.
 */
static void
close_transactional(void)
{
	bool		read_only = XactReadOnly;
	dlist_mutable_iter iter;

	XactReadOnly = false;
	dlist_foreach_modify(iter, &dirty)
	{
		Handle	   *handle = dlist_container(Handle, dirty_node, iter.cur);

		if (handle->transactional && handle->closed_level == 0)
		{
			handle_drop_uploads(handle);
			handle_close(handle);
		}
	}
	XactReadOnly = read_only;
}

/*
 * Refuse to prepare a transaction, unless the handles that the transaction has
 * opened, changed or closed are all transactional.
 */
static void
refuse_prepare(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &dirty)
	{
		if (!dlist_container(Handle, dirty_node, iter.cur)->transactional)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has opened, changed or closed handles"),
					 errhint("Use save_message() in transactions that are to be prepared.")));
	}
}

/* Make the state of a handle permanent at the end of a transaction. */
static void
settle(Handle *handle)
{
	handle->opened_level = 0;
	while (handle->saved != NULL)
		pending_drop_saved(handle);
	if (handle->upload_memory != NULL && handle->state.uploads == NULL)
		MemoryContextReset(handle->upload_memory);
	dlist_delete(&handle->dirty_node);
	handle->is_dirty = false;
}

static void
commit_all(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &dirty)
	{
		Handle	   *handle = dlist_container(Handle, dirty_node, iter.cur);

		if (handle->closed_level > 0 || handle->transactional)
			destroy(handle);
		else
			settle(handle);
	}
}

static void
abort_all(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &dirty)
	{
		Handle	   *handle = dlist_container(Handle, dirty_node, iter.cur);

		if (handle->opened_level > 0)
		{
			destroy(handle);
			continue;
		}
		handle->closed_level = 0;
		while (handle->saved != NULL)
			pending_restore(handle);
		settle(handle);
	}
}

/* End what belongs to the transaction, but is no handle. */
static void
end_transaction(void)
{
	wakeup_forget();
	if (watcher != NULL)
		watcher(false);
}

/*
 * Callback for the end of a transaction; see the table at the top.
 */
static void
transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			close_transactional();
			activity_before_commit();
			wakeup_send();
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			wakeup_refuse_prepare();
			close_transactional();
			activity_before_prepare();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			commit_all();
			activity_committed();
			end_transaction();
			break;
		case XACT_EVENT_ABORT:
			abort_all();
			activity_aborted();
			end_transaction();
			break;
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			break;
	}
}

static void
subcommit(Handle *handle, int level)
{
	if (handle->opened_level == level)
		handle->opened_level = level - 1;
	if (handle->closed_level == level)
		handle->closed_level = level - 1;
	if (handle->saved != NULL && handle->saved->level == level)
	{
		SavedState *outer = handle->saved->next;

		if (handle->opened_level == level - 1 ||
			(outer != NULL && outer->level == level - 1))
			pending_drop_saved(handle);
		else
			handle->saved->level = level - 1;
	}
}

static void
subabort(Handle *handle, int level)
{
	if (handle->opened_level == level)
	{
		destroy(handle);
		return;
	}
	if (handle->closed_level == level)
		handle->closed_level = 0;
	if (handle->saved != NULL && handle->saved->level == level)
		pending_restore(handle);
}

/*
 * Callback for the end of a subtransaction; see the table at the top.
 */
static void
subtransaction_event(SubXactEvent event, SubTransactionId mine,
					 SubTransactionId parent, void *arg)
{
	dlist_mutable_iter iter;
	int			level = GetCurrentTransactionNestLevel();

	switch (event)
	{
		case SUBXACT_EVENT_COMMIT_SUB:
			dlist_foreach_modify(iter, &dirty)
				subcommit(dlist_container(Handle, dirty_node, iter.cur),
						  level);
			activity_subcommitted(level);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			dlist_foreach_modify(iter, &dirty)
				subabort(dlist_container(Handle, dirty_node, iter.cur),
						 level);
			activity_subaborted(level);
			break;
		case SUBXACT_EVENT_START_SUB:
		case SUBXACT_EVENT_PRE_COMMIT_SUB:
			break;
	}
}

/*
 * ProcessUtility hook: close all handles at DISCARD ALL, which prepares a
 * session for its next user.
 */
static void
utility(COMPAT_UTILITY_PARAMS)
{
	if (next_utility_hook != NULL)
		next_utility_hook(COMPAT_UTILITY_ARGS);
	else
		standard_ProcessUtility(COMPAT_UTILITY_ARGS);

	if (IsA(pstmt->utilityStmt, DiscardStmt) &&
		((DiscardStmt *) pstmt->utilityStmt)->target == DISCARD_ALL)
	{
		close_all();
		if (watcher != NULL)
			watcher(true);
	}
}

/* -------------------------------------------------------------------- view */

/* Add the row of one handle to the result of open_handles(). */
static void
put_handle(const Handle *handle, Tuplestorestate *store, TupleDesc desc)
{
	Datum		values[8];
	bool		nulls[8] = {0};

	values[0] = Int32GetDatum(handle->number);
	values[1] = Int64GetDatum(handle->store_id);
	values[2] = Int64GetDatum(handle->state.message_id);
	values[3] = BoolGetDatum(handle->state.is_new);
	values[4] = Int32GetDatum(handle->state.writable ? 1 : 0);
	values[5] = Int64GetDatum(handle->state.base);
	nulls[5] = (handle->state.base == 0);
	values[6] = BoolGetDatum(edits_any(&handle->state.edits));
	values[7] = TimestampTzGetDatum(handle->opened_at);
	tuplestore_putvalues(store, desc, values, nulls);
}

/*
 * open_handles_(OUT handle integer, OUT store_id bigint,
 *				 OUT message_id bigint, OUT is_new boolean,
 *				 OUT access_level integer, OUT change_number bigint,
 *				 OUT has_edits boolean, OUT opened_at timestamptz)
 *
 * Return the open handles of the current role in this session, one row per
 * handle, for the view open_handles.  access_level is 0 (read-only) or 1
 * (read/write), as in PR_ACCESS_LEVEL; change_number is that of the base, NULL
 * for a new message.
 */
PG_FUNCTION_INFO_V1(open_handles);
Datum
open_handles(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);
	HASH_SEQ_STATUS scan;
	HandleEntry *entry;

	if (handles != NULL)
	{
		hash_seq_init(&scan, handles);
		while ((entry = hash_seq_search(&scan)) != NULL)
		{
			if (is_open(entry->handle) &&
				entry->handle->role == GetUserId())
				put_handle(entry->handle, result, desc);
		}
	}
	return (Datum) 0;
}
