/*-------------------------------------------------------------------------
 *
 * engine.h
 *	  The third floor: rows, numbers, rights, handles, blobs, the chain of
 *	  changes, the view of a version.
 *
 *	  Prototypes stand under their file's name.  The statements that run
 *	  through SPI are named in query.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "content.h"

#include "access/tableam.h"
#include "lib/ilist.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* --------------------------------------------------------------- relation.c */

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

extern void relation_init(void);	/* once, at module load */

/* Return the oid of a relation, from a cache that follows invalidations. */
extern Oid	relation_oid(StoreRelation which);

/*
 * Return true if the extension's tables are there; its module can outlive
 * them.
 */
extern bool relation_installed(void);

/* Return the role that owns the extension's tables. */
extern Oid	relation_owner(void);

/*
 * Call a function whenever a relation may have changed, so that a room can
 * forget what it read from it: one function per relation.
 */
typedef void (*RelationWatcher) (void);
extern void relation_watch(StoreRelation which, RelationWatcher changed);

/*
 * Announce to all sessions that the rows of a relation have changed, from this
 * transaction's commit on.
 */
extern void relation_announce(StoreRelation which);

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

/*
 * A row of message that is being read or written.  "slot" keeps the tuple; the
 * datums point into it.
 */
typedef struct MessageRow
{
	Relation	table;			/* message */
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
 * Open message or change, and refuse to work if somebody has put a trigger, a
 * rule, a policy or a check on it, which the direct path would skip.  The lock
 * is held to the end of the transaction.
 */
extern Relation row_relation(StoreRelation which, LOCKMODE lockmode);

/*
 * Open the table for one row at a time, to be fetched and written as often as
 * needed, and close it; the lock is held to the end of the transaction.
 */
extern void messagerow_open(MessageRow *row, LOCKMODE lockmode);
extern void messagerow_close(MessageRow *row);

/*
 * Begin reading a message: messagerow_open() with the lock of a reader, and
 * the snapshot made the active one.  What is read is good until
 * messagerow_end_read().
 */
extern void messagerow_begin_read(MessageRow *row, Snapshot snapshot);
extern void messagerow_end_read(MessageRow *row);

/* Find a message as the active snapshot sees it. */
extern bool messagerow_fetch(MessageRow *row, int64 store_id,
							 int64 message_id);

/* Raise MAPI_E_NOT_FOUND, or MAPI_E_OBJECT_DELETED, for a message. */
pg_noreturn extern void messagerow_raise_not_found(int64 store_id,
												   int64 message_id);
pg_noreturn extern void messagerow_raise_deleted(int64 store_id,
												 int64 message_id);

/*
 * Lock the row, waiting for whoever holds it.  With "newest" the newest
 * version is locked and read; without, the answer is TM_Updated if the version
 * in *row is no longer the newest, and no lock is left.
 */
extern TM_Result messagerow_lock(MessageRow *row, bool newest);

/*
 * Return true if somebody seems to be locking or replacing the version in
 * *row: a write would have to wait, and to be decided anew after that.
 */
extern bool messagerow_held(const MessageRow *row);

/*
 * Write a new version over the one in *row.  Returns TM_Ok, or TM_Updated or
 * TM_Deleted and nothing is written.  Waits for whoever holds the row: lock
 * the row before if the wait can be foreseen.
 */
extern TM_Result messagerow_update(MessageRow *row, const Version *version,
								   TimestampTz modified_at,
								   const char *modifier);

/* Insert a new message; everything in *row but for slot and modifier. */
extern void messagerow_insert(MessageRow *row, const char *modifier);

/* Return true if the snapshot sees the version in *row. */
extern bool messagerow_visible(MessageRow *row, Snapshot snapshot);

/* Lock a folder against being deleted; false if there is no such folder. */
extern bool row_lock_folder(int64 store_id, int64 folder_id);

/* Write a change, and find one as the active snapshot sees it. */
extern void changerow_insert(const ChangeRow *row);
extern bool changerow_fetch(ChangeRow *row, Relation change, int64 store_id,
							int64 message_id, int64 change_number);

/*
 * Find the newest change of a message, or with a kind the newest of that kind
 * ('\0': of any), as the active snapshot sees it; false if there is none.
 */
extern bool changerow_newest(ChangeRow *row, Relation change, int64 store_id,
							 int64 message_id, char kind);

/* Return the actor of a change if one was set, else the role. */
extern const char *changerow_author(const ChangeRow *row);

/* ------------------------------------------------------------------- blob.c */

/* A blob that a handle has written and that is not saved yet. */
typedef struct Upload
{
	int64		blob_id;
	bool		shared;			/* others have a reference: not in place */
	struct Upload *next;
} Upload;

/* Raise the error about a blob that a client may not refer to. */
pg_noreturn extern void blob_refuse(int64 blob_id);

/*
 * Insert a blob's row and return its id.  A blob that is not sealed is an
 * upload of this session; is_text: for a PT_UNICODE.
 */
extern int64 blob_insert(int64 store_id, int64 size, bool sealed,
						 bool is_text);

/* Copy the first "keep" bytes or more of a blob to another. */
extern void blob_copy(int64 store_id, int64 from, int64 to, int64 keep);

/* Write bytes at an offset that is at most the upload's size. */
extern void blob_write(int64 store_id, int64 blob_id, int64 offset,
					   const char *bytes, int64 count);

/* Cut an upload to a size that is at most its own. */
extern void blob_truncate(int64 store_id, int64 blob_id, int64 size);

/*
 * Return up to count bytes of a blob of that size.  The caller has checked
 * that the client may refer to the blob.
 */
extern bytea *blob_read(int64 store_id, int64 blob_id, int64 size,
						int64 offset, int64 count);

/* Let go of blobs that no handle of the session needs any more. */
extern void blob_release(int64 store_id, ArrayType *blob_ids);

/* Whose blobs a version or a draft of a message brings with it. */
typedef struct Adoption
{
	int64		store_id;
	int64		message_id;
	int64		source_id;		/* what it was copied from, or 0 */
	const Upload *uploads;		/* of the handle that is saved */
	bool		is_draft;		/* of the current role, who alone sees it */
} Adoption;

/*
 * A version or a draft is going to refer to a blob: seal it.  Raises unless
 * the message, or its source, refers to it already, or it is among the
 * uploads; size and kind must be right.
 */
extern void blob_adopt(const Adoption *adoption, int64 blob_id, int64 size,
					   bool is_text);

/* Store bytes as a sealed blob that the message refers to. */
extern int64 blob_store(const Adoption *adoption, const char *bytes,
						int64 size);

/* ------------------------------------------------------------------ adopt.c */

/*
 * Edits, and a content, as they are stored: blobs are sealed and recorded,
 * large bytes of attachments become blobs.  Values that change are replaced.
 */
extern void adopt_edits(const Adoption *adoption, Edits *edits);
extern void adopt_content(const Adoption *adoption, Content *content);

/* Whether storing edits stores blobs too. */
extern bool adopt_needed(const Edits *edits);

/* ----------------------------------------------------------------- change.c */

/*
 * Called with each change that is taken back, newest first.  Its undo is freed
 * afterwards; the rest lives on.
 */
typedef void (*ChangeVisitor) (const ChangeRow *change, void *arg);

/*
 * Walk back from *version to change number "to" with the active snapshot,
 * taking back one change after the other.  Returns false if the chain does not
 * reach that version: pruned, or never a version of this message.  A hole in
 * the chain raises.  "visit" may be NULL.
 */
extern bool change_walk_back(int64 store_id, int64 message_id,
							 Version *version, int64 to,
							 ChangeVisitor visit, void *arg);

/* Raise MAPI_E_NOT_FOUND unless there is, or was, such a message. */
extern void change_require_message(int64 store_id, int64 message_id);

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
extern TM_Result change_write(MessageRow *row, const ChangeOrder *order,
							  int64 *number);

/*
 * Insert a new message at its first version, and its record.  source_id is the
 * message that it was copied from, or 0; uploads are the saved handle's.
 */
extern void change_create(MessageRow *row, int64 source_id,
						  const Upload *uploads);

/* Delete a locked row for good; its record keeps the whole message. */
extern void change_hard_delete(MessageRow *row);

/*
 * Return who makes changes now: the application's user or NULL, the client
 * (application_name) or NULL, and the one to show, which is the application's
 * user or else the current role.
 */
extern const char *change_actor(void);
extern const char *change_client(void);
extern const char *change_author(void);

extern char *change_actor_setting;	/* msgstore.actor */

/* ------------------------------------------------------------------ merge.c */

/* The newest change of others that touched a property. */
typedef struct TheirChange
{
	const char *changed_by;
	TimestampTz changed_at;
	const char *client;			/* or NULL */
	int64		change_number;
} TheirChange;

/*
 * What others have touched since a client's base: properties by their
 * canonical names, objects of lists by part_object_name().
 */
typedef struct TheirChanges
{
	NameSet		names;			/* the newest change first */
	TheirChange *changes;		/* one for each of the names */
	int			allocated;
	Jsonb	   *lists[PART_ATTACHMENTS + 1];	/* as far back as visited */
} TheirChanges;

/* Begin; "current" is the version that the walk back starts from. */
extern void theirs_init(TheirChanges *theirs, const Content *current);

/* A ChangeVisitor that collects into the TheirChanges in "arg". */
extern void theirs_visit(const ChangeRow *change, void *arg);

/*
 * Return the newest of their changes that touched a name, or NULL; a body was
 * also touched by a change of another body.
 */
extern const TheirChange *theirs_newest(const TheirChanges *theirs,
										const char *name);

/* Return true if edits touch a property; an edit of one body touches all. */
extern bool merge_touches(const Edits *edits, const char *name);

/*
 * Return true if edits of base can be put beside what others changed, by the
 * rule at the top of merge.c; *merged are then the edits that make yours out
 * of "theirs", the version that has their changes.
 */
extern bool merge_edits(const TheirChanges *changes, const Content *base,
						const Content *theirs, const Edits *edits,
						Edits *merged);

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
 * Fill a view from the newest version that the active snapshot sees; for a
 * message that was hard-deleted, from the record of the deletion, whose
 * version has no content.  *row keeps what the view points to.  Returns false
 * if there is no such message.
 */
extern bool view_read(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row);

/*
 * Put a view back to an older version, in place.  Returns false if the chain
 * does not reach that version.
 */
extern bool view_go_back(MessageView *view, int64 change_number);

/* Return the view as a JSON object; only "tags" unless NULL. */
extern Jsonb *view_props(const MessageView *view, ArrayType *tags);

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

extern int	handle_max_open;	/* msgstore.max_open_handles */

extern void handle_init(void);	/* once, at module load */

/* A new handle; raises where msgstore.max_open_handles are open. */
extern Handle *handle_open(int64 store_id, int64 message_id);

/* The caller's open handle of that number, or NULL. */
extern Handle *handle_find(int32 number);

/* Return the caller's open handle, or raise MAPI_E_INVALID_OBJECT. */
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
 * Move the handle to another version as its base.  Nothing is pending any
 * more; uploads that no other handle needs are deleted.
 */
extern void handle_set_base(Handle *handle, int64 base);

/* Keep a copy of the values that a new message starts with. */
extern void handle_set_defaults(Handle *handle, const Jsonb *defaults);

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

/*
 * Return the handle that argument 0 of a call names, and one that must be on a
 * message of its own; raises MAPI_E_NO_SUPPORT for what is inside a message.
 */
extern Handle *handle_argument(FunctionCallInfo fcinfo);
extern Handle *handle_message_argument(FunctionCallInfo fcinfo);

/* ----------------------------------------------------------------- upload.c */

/* Begin an empty upload of a handle; is_text: for a PT_UNICODE. */
extern int64 upload_create(Handle *handle, bool is_text);

/*
 * Return the blob to write to instead of this one, which has that size and
 * kind: itself if it is the handle's upload and nobody else has a reference,
 * else a copy of the first "keep" bytes or more.  Raises
 * MAPI_E_INVALID_PARAMETER if the handle may not refer to the blob, or the
 * blob is something else.
 */
extern int64 upload_writable(Handle *handle, int64 blob_id, int64 size,
							 bool is_text, int64 keep);

/*
 * Raise unless a handle may refer to a blob: an upload of its own or of its
 * parents, a blob of their message, or one of the role's draft of the message.
 * A reference that is only pending may name any blob.
 */
extern void upload_require_readable(const Handle *handle, int64 blob_id);

/*
 * Hold what a handle that was resumed has pending, whatever becomes of the
 * draft: it counts as uploaded by the handle.  Returns false if some of it is
 * gone already.
 */
extern bool upload_hold(Handle *handle);

/* ------------------------------------------------------------------ stand.c */

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

/* Take the stand of a handle. */
extern void stand_of_handle(Stand *stand, const Handle *handle);

/*
 * Take the stand from the arguments (store_id, message_id, change_number,
 * changes) that the calls without a session begin with; a NULL among them
 * raises.
 */
extern void stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo);

/* Raise MAPI_E_UNABLE_TO_COMPLETE: the base is not in the history. */
pg_noreturn extern void stand_raise_no_base(const Stand *stand);

/*
 * View the base of a client, without its edits, with the active snapshot.
 * *row keeps what the view points to.  Raises MAPI_E_OBJECT_DELETED if nothing
 * is left of the message, MAPI_E_UNABLE_TO_COMPLETE if the base is not in its
 * history.
 */
extern void stand_view(MessageView *view, const Stand *stand, MessageRow *row);

#endif							/* ENGINE_H */
