/*-------------------------------------------------------------------------
 *
 * handles.h
 *	  A part of engine.h, which includes it:
 *	  open handles, and where clients stand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_HANDLES_H
#define MSGSTORE_HANDLES_H

/* ----------------------------------------------------- pending.c, handle.c */

/* The draft that a handle was parked as or resumed from. */
typedef struct Draft
{
	int64		id;				/* 0: the handle has no draft */
	TimestampTz parked_at;		/* differs if the draft was parked again */
	bool		of_message;		/* it belongs to the message, not to a role */
} Draft;

/* The part of a handle that transactions change, and restore in a rollback. */
typedef struct HandleState
{
	int64		message_id;
	int64		folder_id;		/* of a new message */
	int64		base;			/* change number, 0 for a new message */
	Draft		draft;
	int64		next_attach;	/* PR_ATTACH_NUMs from here on are unused */
	int64		next_row;		/* PR_ROWIDs from here on are unused */
	int64		era;			/* incremented when handles below get stale */
	bool		was_listed;		/* attachment: its message has had it */
	Upload	   *uploads;		/* newest first, in upload_memory */
	bool		writable;
	bool		is_new;
	Content		object;			/* base of an attachment or embedded message */
	Edits		edits;			/* pending */
} HandleState;

/* The state of a handle before its first change at a nesting level. */
typedef struct SavedState
{
	int			level;
	HandleState state;
	struct SavedState *next;	/* of an outer level */
} SavedState;

typedef struct Handle
{
	int32		number;			/* hash key */
	int64		store_id;
	HandleKind	kind;
	int32		parent;			/* the handle that a save folds into, or 0 */
	int64		parent_era;		/* era of the parent when this was opened */
	int64		attach_num;		/* of an attachment */
	Jsonb	   *defaults;		/* default properties of a new message */
	Oid			role;			/* the role that opened it */
	TimestampTz opened_at;
	bool		transactional;	/* is closed before its transaction ends */
	TimestampTz created_at;		/* of a new message: its PR_CREATION_TIME */
	HandleState state;

	/* private to handle.c and pending.c */
	MemoryContext context;
	MemoryContext upload_memory;	/* lists of uploads; child of "context" */
	Oid			relation;		/* the table message at opening */
	int64		bytes;			/* of the values of all states */
	int			opened_level;	/* nesting level of opening, 0: committed */
	int			closed_level;	/* nesting level of closing, 0: open */
	SavedState *saved;			/* states to restore, innermost first */
	bool		is_dirty;		/* listed as changed by this transaction */
	dlist_node	dirty_node;
} Handle;

/* --------------------------------------------------------------- pending.c */

extern int	pending_max;		/* msgstore.max_pending, in kB */

/*
 * Replace the pending edits; NULL stands for empty edits.  Values are copied
 * into the handle's memory, unless they are there already.  Values that no
 * state uses any more are freed.  Raises MAPI_E_NOT_ENOUGH_RESOURCES, before
 * anything changes, if the session would exceed msgstore.max_pending.
 */
extern void pending_set_edits(Handle *handle, const Edits *edits);

/*
 * Replace the base of a handle on an attachment or an embedded message.  The
 * base is copied, and pending edits are dropped.  Raises
 * MAPI_E_NOT_ENOUGH_RESOURCES as pending_set_edits() does.
 */
extern void pending_set_object(Handle *handle, const Content *object);

/*
 * Push the present state of a handle as the saved state of a nesting level;
 * pop the innermost saved state and free it; pop it and make it the present
 * state.
 */
extern void pending_save(Handle *handle, int level);
extern void pending_drop_saved(Handle *handle);
extern void pending_restore(Handle *handle);

/* Stop counting the bytes of a handle that is about to be freed. */
extern void pending_forget(Handle *handle);

/* ---------------------------------------------------------------- handle.c */

/* Values of msgstore.handles; the value at the time of opening counts. */
typedef enum HandleMode
{
	HANDLES_SESSION = 0,		/* handles live until they are closed */
	HANDLES_TRANSACTION,		/* they are closed with their transaction */
	HANDLES_OFF					/* none can be opened */
} HandleMode;

extern int	handle_mode;		/* msgstore.handles, a HandleMode */
extern int	handle_max_open;	/* msgstore.max_open_handles */

extern void handle_init(void);	/* once, at module load */

/*
 * Register the function that is called when a transaction has ended, and with
 * "all" when a session ends everything that it has, by DISCARD ALL.
 */
typedef void (*HandleEnd) (bool all);
extern void handle_watch_end(HandleEnd ended);

/* Raise MAPI_E_NO_SUPPORT if msgstore.handles is off. */
extern void handle_require_allowed(void);

/* Return a number for a handle, or for something else that a session opens. */
extern int32 handle_new_number(void);

/*
 * Return a new handle.  Raises MAPI_E_NOT_ENOUGH_RESOURCES if
 * msgstore.max_open_handles handles are open, and MAPI_E_NO_SUPPORT if
 * msgstore.handles is off.
 */
extern Handle *handle_open(int64 store_id, int64 message_id);

/*
 * Return the open handle with a number that the current role has in this
 * session.  If there is no such handle, handle_find() returns NULL, and
 * handle_get() raises MAPI_E_INVALID_OBJECT.
 */
extern Handle *handle_find(int32 number);
extern Handle *handle_get(int32 number);

/*
 * Save the state of a handle, so that a rollback can restore it.  To be called
 * before the first write to handle->state.
 */
extern void handle_touch(Handle *handle);

/*
 * Set the version that is the base of a handle.  Pending edits and uploads are
 * dropped; see handle_drop_uploads().
 */
extern void handle_set_base(Handle *handle, int64 base);

/* Set the default properties of a new message to a copy of a bag. */
extern void handle_set_defaults(Handle *handle, const Jsonb *defaults);

/*
 * Close a handle; a rollback opens it again.  The handle may be freed at once.
 */
extern void handle_close(Handle *handle);

/* Add a blob to the uploads of a handle; "shared" as in Upload. */
extern void handle_add_upload(Handle *handle, int64 blob_id, bool shared);

/* Return the upload of a handle that is a given blob, or NULL. */
extern const Upload *handle_upload(const Handle *handle, int64 blob_id);

/* Return true if a blob is an upload of a handle or of a parent of it. */
extern bool handle_uploaded(const Handle *handle, int64 blob_id);

/*
 * Mark the uploads of a handle as shared, because others have the references,
 * and add them to the uploads of "parent" unless that is NULL.
 */
extern void handle_share_uploads(Handle *handle, Handle *parent);

/* Return the ids of a handle's uploads as a bigint[] of *count elements. */
extern ArrayType *handle_uploads(const Handle *handle, int *count);

/*
 * Empty the list of a handle's uploads, and release the blobs that no other
 * handle has.  Does nothing if the transaction cannot write.
 */
extern void handle_drop_uploads(Handle *handle);

/* Raise MAPI_E_NO_ACCESS on a read-only handle. */
extern void handle_require_writable(const Handle *handle);

/* Merge checked edits into the pending edits. */
extern void handle_add_edits(Handle *handle, const Edits *edits);

/*
 * Return the handle whose number is argument 0 of an SQL function.
 * handle_message_argument() raises MAPI_E_NO_SUPPORT if the handle is open on
 * an attachment or an embedded message.
 */
extern Handle *handle_argument(FunctionCallInfo fcinfo);
extern Handle *handle_message_argument(FunctionCallInfo fcinfo);

/* ---------------------------------------------------------------- upload.c */

/*
 * Create an empty upload of a handle and return its id.  is_text: the value is
 * a PT_UNICODE, not bytes.
 */
extern int64 upload_create(Handle *handle, bool is_text);

/*
 * Return the id of a blob that a handle may write in place of a given blob:
 * the blob itself if it is an upload of the handle that is not shared, else a
 * new upload with a copy of at least its first "keep" bytes.  Raises
 * MAPI_E_INVALID_PARAMETER if the handle may not refer to the blob, or if size
 * or type are not those of the blob.
 */
extern int64 upload_writable(Handle *handle, int64 blob_id, int64 size,
							 bool is_text, int64 keep);

/*
 * Raise MAPI_E_INVALID_PARAMETER unless a handle may refer to a blob: an
 * upload of the handle or of a parent, a blob of their message, or a blob of
 * the current role's draft of the message.  To be called for a pending
 * reference, in which the client may have set any id.
 */
extern void upload_require_readable(const Handle *handle, int64 blob_id);

/*
 * Hold the blobs to which the pending edits of a resumed handle refer, so that
 * they stay even if the draft is discarded.  They count as uploads of the
 * handle.  Returns false if a blob has been deleted already.
 */
extern bool upload_hold(Handle *handle);

/* ----------------------------------------------------------------- stand.c */

/*
 * The stand of a client: the version of a message that it has seen (its base)
 * and its own edits.  A client has its stand in a handle, or passes a change
 * number and a patch to a call without a session.
 */
typedef struct Stand
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* 0 for a new message */
	bool		is_new;
	bool		was_parked;		/* the handle has, or had, a draft */
	int64		folder_id;		/* of a new message */
	Jsonb	   *defaults;		/* of a new message */
	TimestampTz created_at;		/* of a new message: its PR_CREATION_TIME */
	const Upload *uploads;		/* of the handle */
	Author		author;			/* of a call without a session */
	Edits		edits;
} Stand;

/* Get the stand of a handle, whose memory it shares. */
extern void stand_of_handle(Stand *stand, const Handle *handle);

/*
 * Get the stand from the first arguments of a call without a session:
 * store_id, message_id, change_number and changes.  A NULL raises
 * MAPI_E_INVALID_PARAMETER.
 */
extern void stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo);

/* Raise MAPI_E_UNABLE_TO_COMPLETE, because the history lacks the base. */
pg_noreturn extern void stand_raise_no_base(const Stand *stand);

/*
 * Fill a view from the base of a client, without the client's edits, with the
 * active snapshot.  The view points into *row.  Raises MAPI_E_OBJECT_DELETED
 * if the message and its history are gone, and MAPI_E_UNABLE_TO_COMPLETE if
 * the history lacks the base.
 */
extern void stand_view(MessageView *view, const Stand *stand, MessageRow *row);

/*
 * Return the bits MAPI_ACCESS_* of the current role on a client's message, read
 * with a latest snapshot.  The client has all of them on a message that is new
 * or of which nothing is left, if it may use the store.
 *
 * stand_require_readable() raises the errors of view_read() unless the role may
 * read the message.  To be called where a client is shown values without
 * stand_view(): pending lists and objects contain values of the message.
 */
extern int32 stand_access(const Stand *stand);

/*
 * Return true if the current role may save the edits of a client: edit the
 * message, or create messages in the store.  stand_require_editable() raises
 * MAPI_E_NO_ACCESS otherwise.
 */
extern bool stand_may_edit(const Stand *stand);
extern void stand_require_editable(const Stand *stand);
extern void stand_require_readable(const Stand *stand);

#endif							/* MSGSTORE_HANDLES_H */
