/*-------------------------------------------------------------------------
 *
 * msgstore.h
 *	  The module's shared structures, and the prototype of everything one
 *	  source file offers another, under that file's name.  What a message
 *	  holds is in content.h, splicing of jsonb objects in bag.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_H
#define MSGSTORE_H

#include "postgres.h"

#include "access/tableam.h"
#include "fmgr.h"
#include "lib/ilist.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "content.h"
#include "words.h"

/* ----------------------------------------------------------------- module.c */

/* relations of the extension, by what they hold */
typedef enum StoreRelation
{
	REL_STORE = 0,
	REL_FOLDER,
	REL_FOLDER_PKEY,
	REL_MESSAGE,
	REL_MESSAGE_PKEY,
	REL_CHANGE,
	REL_CHANGE_PKEY,
	REL_NODE,
	REL_INCARNATION,
	REL_STORE_ID_SEQ,
	REL_FOLDER_ID_SEQ,
	REL_MESSAGE_ID_SEQ,
	REL_PARKED_ID_SEQ,
	REL_BLOB_ID_SEQ,
	REL_CHANGE_NUMBER_SEQ
} StoreRelation;
#define NUM_RELATIONS	(REL_CHANGE_NUMBER_SEQ + 1)

extern char *msgstore_actor;	/* msgstore.actor */
extern int	msgstore_max_open_handles;	/* msgstore.max_open_handles */

/* The oid of one of them, from a cache that follows invalidations. */
extern Oid	module_relid(StoreRelation which);

/* Whether the extension's tables are there; its module can outlive them. */
extern bool module_installed(void);

/* Raise MAPI_E_INVALID_PARAMETER where an argument that has no NULL is one. */
#define REQUIRE_ARG(n, name) \
	do { if (PG_ARGISNULL(n)) module_null_argument(name); } while (0)
pg_noreturn extern void module_null_argument(const char *name);

/*
 * Begin a set-returning function's result: rows go into the tuplestore with
 * tuplestore_putvalues().
 */
extern Tuplestorestate *module_begin_set(FunctionCallInfo fcinfo,
										 TupleDesc *desc);

/* The row that a function with OUT parameters returns. */
extern Datum module_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* Raise unless the transaction may write; "what" as in "save_changes()". */
extern void module_require_write(const char *what);

/* ----------------------------------------------------------------- number.c */

#define NODE_SHIFT		48
#define COUNTER_MASK	((INT64CONST(1) << NODE_SHIFT) - 1)

/*
 * The next number of a series.  The first call in a backend makes sure that
 * the series has not forgotten numbers (crash, restore, failover).
 */
extern int64 number_next(StoreRelation sequence);

/* The running incarnation of the series; after number_next(). */
extern int64 number_incarnation(void);

/* Forget what is cached; the relations or the node number have changed. */
extern void number_forget(void);

/* ----------------------------------------------------------------- access.c */

typedef enum AccessLevel
{
	ACCESS_NONE = 0,
	ACCESS_READ,
	ACCESS_EDIT
} AccessLevel;

/* The current role's rights on a store; NOT_FOUND raised where there is none. */
extern AccessLevel access_level(int64 store_id);

/* The same, but raises MAPI_E_NO_ACCESS unless at least "needed". */
extern void access_require(int64 store_id, AccessLevel needed);

/* Copy out the store's replica GUID, GUID_BYTES bytes. */
#define GUID_BYTES	16
extern void access_replica_guid(int64 store_id, uint8 *guid);

/* The current role's name, a text: whose drafts are its own. */
extern Datum access_role_name(void);

/* Forget all cached stores. */
extern void access_forget(void);

/* ------------------------------------------------------------------ store.c */

/* The role that owns the extension's tables. */
extern Oid	store_owner_role(void);

/*
 * A store's owner (role name, palloc'd) and replica GUID, as the newest
 * committed row or this transaction has them; false where there is no store.
 */
extern bool store_read(int64 store_id, char **owner, uint8 *replica_guid);

/* Delete a message's row. */
extern void store_delete_message(int64 store_id, int64 message_id);

/* A store's special folder, or 0. */
extern int64 store_special_folder(int64 store_id, const char *special);

/* Raise MAPI_E_NOT_FOUND unless there is such a folder, and in any case. */
extern void store_require_folder(int64 store_id, int64 folder_id);
pg_noreturn extern void store_raise_no_folder(int64 store_id, int64 folder_id);

/* -------------------------------------------------------------------- row.c */

/*
 * One version of a message: everything that a change can change.
 * "predecessors" is a bigint[]: the newest change number of every other node
 * that has changed the message.
 */
typedef struct Version
{
	int64		change_number;
	int64		folder_id;
	TimestampTz deleted_at;		/* 0: not deleted */
	Datum		predecessors;	/* or 0: none */
	Content		content;
} Version;

/* A row of message.  "slot" keeps the tuple; the datums point into it. */
typedef struct MessageRow
{
	TupleTableSlot *slot;
	int64		store_id;
	int64		message_id;
	int32		message_flags;
	bool		submitted;
	TimestampTz created_at;
	TimestampTz modified_at;
	Datum		modifier;		/* text */
	Version		version;
} MessageRow;

/* A row of change. */
typedef struct ChangeRow
{
	int64		store_id;
	int64		message_id;
	int64		change_number;
	int64		previous;		/* 0: none */
	int64		base;			/* 0: none */
	TimestampTz changed_at;
	char		kind;			/* CHANGE_* */
	const char *role;
	const char *actor;			/* or NULL */
	const char *client;			/* or NULL */
	Undo		undo;
} ChangeRow;

#define CHANGE_CREATE	'c'
#define CHANGE_SAVE		's'
#define CHANGE_FORCE	'f'		/* a save over versions its client had not seen */
#define CHANGE_MERGE	'g'		/* a save beside them */
#define CHANGE_MOVE		'm'
#define CHANGE_DELETE	'd'		/* soft */
#define CHANGE_RESTORE	'r'
#define CHANGE_HARD_DELETE	'h'

/*
 * Open message or change, and refuse to work where somebody has put a
 * trigger, a rule, a policy or a check on it, which the direct path would
 * skip.  The lock is kept to the end of the transaction.
 */
extern Relation row_relation(StoreRelation which, LOCKMODE lockmode);

/* A row to read into; free with messagerow_end(). */
extern void messagerow_init(MessageRow *row, Relation message);
extern void messagerow_end(MessageRow *row);

/* Find a message as a snapshot sees it.  The snapshot must be active. */
extern bool messagerow_fetch(MessageRow *row, Relation message,
							 int64 store_id, int64 message_id,
							 Snapshot snapshot);

/*
 * Lock the row, waiting where somebody holds it.  With "newest" the newest
 * version is locked and read; without, TM_Updated is answered where the one in
 * *row is no longer the newest, and no lock is left.
 */
extern TM_Result messagerow_lock(MessageRow *row, Relation message,
								 bool newest);

/*
 * Whether somebody seems to be locking or replacing the version in *row, so
 * that one would have to wait, and to decide anew after that.
 */
extern bool messagerow_held(const MessageRow *row);

/*
 * Write a new version over the one in *row.  TM_Ok, or TM_Updated, TM_Deleted
 * and nothing is written.  It waits for whoever holds the row: lock it before
 * where that can be told.
 */
extern TM_Result messagerow_update(MessageRow *row, Relation message,
								   const Version *version,
								   TimestampTz modified_at,
								   const char *modifier);

/* Insert a new message; everything in *row but for slot and modifier. */
extern void messagerow_insert(MessageRow *row, Relation message,
							  const char *modifier);

/* Whether the version in *row is one that the snapshot sees. */
extern bool messagerow_visible(MessageRow *row, Relation message,
							   Snapshot snapshot);

/* Lock a folder against being deleted; false where there is none. */
extern bool row_lock_folder(int64 store_id, int64 folder_id);

extern void changerow_insert(const ChangeRow *row);
extern bool changerow_fetch(ChangeRow *row, Relation change, int64 store_id,
							int64 message_id, int64 change_number,
							Snapshot snapshot);

/*
 * The newest change of a message, or with a kind the newest of that kind
 * ('\0': of any); false where there is none.
 */
extern bool changerow_newest(ChangeRow *row, Relation change, int64 store_id,
							 int64 message_id, char kind, Snapshot snapshot);

/* ----------------------------------------------------------------- change.c */

/*
 * Called with each change that is taken back, newest first.  Its undo is freed
 * afterwards; the rest lives on.
 */
typedef void (*ChangeVisitor) (const ChangeRow *change, void *arg);

/*
 * Walk back from *version to change number "to", taking back one change after
 * the other.  False where the chain does not reach it: pruned, or never a
 * version of this message.  A hole in the chain raises.  The snapshot must be
 * active; visit may be NULL.
 */
extern bool change_walk_back(int64 store_id, int64 message_id,
							 Version *version, int64 to, Snapshot snapshot,
							 ChangeVisitor visit, void *arg);

/* What a change is to do to a row. */
typedef struct ChangeOrder
{
	char		kind;			/* CHANGE_* */
	int64		base;			/* what its client had seen */
	const Edits *edits;			/* or NULL */
	int64		folder_id;		/* where to move to, or 0 */
	bool		set_deleted;	/* "deleted" counts */
	bool		deleted;
	const Upload *uploads;		/* of the handle that is saved, or NULL */
} ChangeOrder;

/*
 * Write a new version over the one in *row: number, stamps and record
 * included.  As messagerow_update(); on TM_Ok the command counter has moved
 * on, and *number is the new version.
 */
extern TM_Result change_write(MessageRow *row, Relation message,
							  const ChangeOrder *order, int64 *number);

/*
 * Insert a new message at its first version, and its record.  source_id is the
 * message that it was copied from, or 0; uploads are the saved handle's.
 */
extern void change_create(MessageRow *row, Relation message,
						  int64 source_id, const Upload *uploads);

/* Delete a locked row for good; its record keeps the whole message. */
extern void change_hard_delete(MessageRow *row, Relation message);

/* Who is changing: the actor where one is set, else the current role. */
extern const char *change_author(void);

/* ------------------------------------------------------------------- view.c */

/* What a handle is open on. */
typedef enum HandleKind
{
	HANDLE_MESSAGE = 0,
	HANDLE_ATTACHMENT,
	HANDLE_EMBEDDED				/* a message in an attachment */
} HandleKind;

/*
 * Everything that can be shown of one version through one door.  Fields are
 * as in MessageRow; "level" is what PR_ACCESS_LEVEL says, -1: not shown.
 */
typedef struct MessageView
{
	HandleKind	kind;
	int64		store_id;
	int64		message_id;
	int32		message_flags;
	TimestampTz created_at;
	TimestampTz modified_at;
	const char *modifier;
	AccessLevel access;
	int			level;
	Version		version;		/* number 0: not saved yet */
} MessageView;

/* Fill a view from a row, at the row's own version. */
extern void view_from_row(MessageView *view, const MessageRow *row);

/*
 * Fill a view from the newest version that the snapshot sees; for a message
 * that was hard-deleted, from the record of that, whose version has no
 * content.  *row keeps what the view points to.  False where there is no such
 * message.  The snapshot must be active.
 */
extern bool view_read(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row, Relation message, Snapshot snapshot);

/* A content that is this bag and nothing else. */
extern void content_from_bag(Content *content, Jsonb *bag);

/*
 * Put a row back to an older version of it, in place.  False where the chain
 * does not reach it.
 */
extern bool view_go_back(MessageView *view, int64 change_number,
						 Snapshot snapshot);

struct BagList;

/* Add what a part holds to a list of members, if anything. */
extern void view_add_part(const Content *content, Part part,
						  struct BagList *list);

/* The view as a JSON object; only "tags" where not NULL. */
extern Jsonb *view_props(const MessageView *view, ArrayType *tags);

/* The values a new message starts with (a bag), and its flags. */
extern Jsonb *message_defaults(void);

#define MSGFLAG_READ		0x00000001
#define MSGFLAG_UNSENT		0x00000008
#define MSGFLAG_RESEND		0x00000080
#define MSGFLAG_EVERREAD	0x00000400
#define MSGFLAG_DEFAULT		(MSGFLAG_READ | MSGFLAG_UNSENT)

/* ------------------------------------------------------------------- save.c */

/* How a save treats what others have saved since its base. */
typedef enum SaveMode
{
	SAVE_PLAIN = 0,				/* as its flags say */
	SAVE_SEEN,					/* forced, if "seen" is still the newest */
	SAVE_MERGE,					/* beside it, if both changed different things */
	SAVE_VERSION				/* plain; writes what "version" held */
} SaveMode;

/*
 * One save.  Either "edits" or, parsed only once the version has been found
 * right, "patch".
 */
typedef struct SaveRequest
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* the version the client stands on */
	bool		is_new;			/* first save: insert */
	bool		was_parked;		/* another handle may have saved it first */
	int64		folder_id;		/* of a new message */
	int32		message_flags;	/* of a new message, unless its bag has them */
	const Content *start;		/* of a new message, before its edits */
	int64		source_id;		/* the message that "start" was copied from */
	const Upload *uploads;		/* of the handle, or NULL */
	const Edits *edits;
	Jsonb	   *patch;
	uint32		flags;			/* save_flags */
	SaveMode	mode;
	int64		seen;			/* SAVE_SEEN: the version shown to the user */
	int64		version;		/* SAVE_VERSION: the version to go back to */
} SaveRequest;

/*
 * Decide and write, in one atomic step.  Returns the result; *change_number
 * is the version that stands afterwards for the client: the new one, or the
 * current one where refused (0: there is none).
 */
extern int32 save_execute(const SaveRequest *request, int64 *change_number);

/* ----------------------------------------------------------------- handle.c */

/* A draft as a handle knows it. */
typedef struct Draft
{
	int64		id;				/* 0: there is none */
	TimestampTz parked_at;		/* says whether it is still the same */
} Draft;

/* The part of a handle that a transaction can change and take back. */
typedef struct HandleState
{
	int64		message_id;
	int64		folder_id;		/* of a new message */
	int64		base;			/* change number, 0 for a new message */
	Draft		draft;			/* it was parked as, or resumed from */
	int64		next_attach;	/* no attachment number from here on was used */
	int64		next_row;		/* no PR_ROWID from here on was used */
	int64		era;			/* counts what made handles below it stale */
	bool		was_listed;		/* an attachment that its message has had */
	Upload	   *uploads;		/* what it has written, in its own memory */
	bool		writable;
	bool		is_new;
	Content		object;			/* base of what is no message of its own */
	Edits		edits;
} HandleState;

typedef struct Handle
{
	int32		number;			/* hash key */
	int64		store_id;
	HandleKind	kind;
	int32		parent;			/* the handle that a save folds into, or 0 */
	int64		parent_era;		/* the parent's when this was opened */
	int64		attach_num;		/* of an attachment */
	Jsonb	   *defaults;		/* what a new message starts with */
	Oid			role;			/* whose it is */
	TimestampTz opened_at;
	HandleState state;

	/* handle.c's own */
	MemoryContext context;
	MemoryContext upload_memory;	/* below it: lists of uploads */
	int			opened_level;	/* nesting level that opened it, 0: committed */
	int			closed_level;	/* nesting level that closed it, 0: open */
	struct SavedState *saved;	/* what to go back to, innermost first */
	bool		is_dirty;		/* listed as changed by this transaction */
	dlist_node	dirty_node;
} Handle;

extern void handle_init(void);	/* once, at module load */

/* A new handle; raises where msgstore.max_open_handles are open. */
extern Handle *handle_open(int64 store_id, int64 message_id);

/* The caller's open handle of that number, or NULL. */
extern Handle *handle_find(int32 number);

/* The same, with MAPI_E_INVALID_OBJECT raised. */
extern Handle *handle_get(int32 number);

/*
 * Announce that the handle's state is about to change, so that a rollback can
 * put it back.  Call before the first write to handle->state.
 */
extern void handle_touch(Handle *handle);

/*
 * Replace the pending edits.  Values not in the handle's memory already are
 * copied there; those no state uses any more are freed.  NULL: none pending.
 */
extern void handle_set_edits(Handle *handle, const Edits *edits);

/*
 * Give a handle inside a message another base, which is copied; nothing is
 * pending any more.
 */
extern void handle_set_object(Handle *handle, const Content *object);

/*
 * A save has gone through: the handle stands on the new version and nothing is
 * pending.  The draft it was resumed from, if any, is discarded.
 */
extern void handle_saved(Handle *handle, int64 change_number);

extern void handle_close(Handle *handle);

/* The handle has written a blob; "shared" as in Upload. */
extern void handle_add_upload(Handle *handle, int64 blob_id, bool shared);

/* The handle's own upload of that number, or NULL. */
extern const Upload *handle_upload(const Handle *handle, int64 blob_id);

/* Whether the handle, or one that it will be folded into, has uploaded it. */
extern bool handle_uploaded(const Handle *handle, int64 blob_id);

/*
 * Somebody else has references to what the handle uploaded: its parent, or
 * NULL where they were set as values.
 */
extern void handle_share_uploads(Handle *handle, Handle *parent);

/* All it has uploaded, a bigint[]. */
extern ArrayType *handle_uploads(const Handle *handle, int *count);

/* What the handle has uploaded is saved, or not wanted any more. */
extern void handle_drop_uploads(Handle *handle);

/* Raise MAPI_E_NO_ACCESS on a read-only handle. */
extern void handle_require_writable(const Handle *handle);

/* Add checked edits to those that are pending. */
extern void handle_add_edits(Handle *handle, const Edits *edits);

/* handle_get(), with MAPI_E_NO_SUPPORT raised unless it is a message's own. */
extern Handle *handle_get_message(int32 number);

/* ---------------------------------------------------------------- message.c */

/*
 * Where a client stands, through a handle or with a change number as token: on
 * a version of a message, with edits of its own.
 */
typedef struct Stand
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* 0 for a new message */
	bool		is_new;
	bool		was_parked;		/* there is, or was, a draft of this handle */
	int64		folder_id;		/* of a new message */
	Jsonb	   *defaults;		/* of a new message */
	TimestampTz created_at;		/* of a new message */
	const Upload *uploads;		/* of the handle */
	Edits		edits;
} Stand;

/*
 * What a handle shows of the properties that are named, or of all.  The base
 * is not needed, and may be pruned, where the edits say all that is asked for.
 */
extern Jsonb *handle_props(const Handle *handle, ArrayType *tags);

extern void stand_of_handle(Stand *stand, const Handle *handle);

/*
 * From the arguments (store_id, message_id, change_number, changes) that the
 * calls without a session begin with; a NULL among them raises.
 */
extern void stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo);

/* Raise MAPI_E_UNABLE_TO_COMPLETE: the base is not in the history. */
pg_noreturn extern void stand_raise_no_base(const Stand *stand);

/*
 * The base of a client: what it shows without its edits.  *row keeps what the
 * view points to.  Raises MAPI_E_OBJECT_DELETED where nothing is left of the
 * message, MAPI_E_UNABLE_TO_COMPLETE where the base is not in its history.
 * The snapshot must be active.
 */
extern void stand_view(MessageView *view, const Stand *stand, MessageRow *row,
					   Relation message, Snapshot snapshot);

/* A save of a client's edits, to be adjusted by the caller. */
extern void stand_request(SaveRequest *request, const Stand *stand,
						  Content *start);

/* Raise MAPI_E_NOT_FOUND for a message. */
pg_noreturn extern void message_raise_not_found(int64 store_id,
												int64 message_id);

/* Raise MAPI_E_NOT_FOUND unless there is, or was, such a message. */
extern void message_require_known(int64 store_id, int64 message_id);

/* -------------------------------------------------------------- subobject.c */

/* Fold an attachment or an embedded message into its parent handle. */
extern int32 subobject_save(Handle *handle);

/*
 * The client is about to set the whole list of attachments: the numbers that
 * are in it now are not given out again, and handles below are stale.
 */
extern void subobject_list_replaced(Handle *handle);

/* ------------------------------------------------------------------- park.c */

/*
 * Store where a client stands: in place of the draft that *draft knows, or as
 * a new one where there is none or another handle has parked there since.
 * *draft is then the one that was stored.
 */
extern void park_stand(const Stand *stand, Draft *draft);

/*
 * Lock the drafts of a store to the end of the transaction: who parks takes
 * RowExclusiveLock, who prunes ShareLock.
 */
extern void park_lock(int64 store_id, LOCKMODE lockmode);

/*
 * Discard a draft of the current role; false where there is none, or another
 * handle has parked there since (parked_at 0: even then).
 */
extern bool park_discard(int64 store_id, const Draft *draft);

/* --------------------------------------------------------------- conflict.c */

/* The newest change of others that touched a property. */
typedef struct TheirChange
{
	const char *name;			/* canonical */
	const char *changed_by;
	TimestampTz changed_at;
	const char *client;			/* or NULL */
	int64		change_number;
} TheirChange;

typedef struct TheirChanges
{
	TheirChange *changes;
	int			count;
	int			allocated;
	struct HTAB *names;			/* finds a change by its name */
	Jsonb	   *lists[PART_ATTACHMENTS + 1];	/* as far back as visited */
} TheirChanges;

/* "current" is the version that the walk back begins with. */
extern void theirs_init(TheirChanges *theirs, const Content *current);

/* A ChangeVisitor that collects into the TheirChanges in "arg". */
extern void theirs_visit(const ChangeRow *change, void *arg);

/*
 * Whether edits of base can be put beside what others changed: no property,
 * and no object of a list, was touched by both, or only to the same value.
 * "current" is the version that has their changes; *merged are the edits that
 * put the others beside them.
 */
extern bool theirs_merge(const TheirChanges *theirs, const Content *base,
						 const Content *current, const Edits *edits,
						 Edits *merged);

/*
 * The conflict of a handle as JSON: the code, where the message stands, and
 * who touched which property; names, not values.  NULL where the handle is
 * not the caller's to look through.
 */
extern char *conflict_json(int32 code, int32 handle);

#endif							/* MSGSTORE_H */
