/*-------------------------------------------------------------------------
 *
 * versions.h
 *	  A part of engine.h, which includes it:
 *	  blobs, the chain of changes, merging, the view of a version.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_VERSIONS_H
#define MSGSTORE_VERSIONS_H

/* ------------------------------------------------------------------ blob.c */

/* A blob that a handle has written and that no save has stored yet. */
typedef struct Upload
{
	int64		blob_id;
	bool		shared;			/* others have the reference: copy to write */
	bool		stored;			/* sealed and referred to: blob_store() */
	struct Upload *next;
} Upload;

/* Raise the error about a blob to which the client may not refer. */
pg_noreturn extern void blob_refuse(int64 blob_id);

/*
 * Insert the row of a new blob and return its id.  A blob that is not sealed
 * is an upload of this session.  is_text: the value is a PT_UNICODE, not
 * bytes.
 */
extern int64 blob_insert(int64 store_id, int64 size, bool sealed,
						 bool is_text);

/* Copy at least the first "keep" bytes of a blob to a new upload. */
extern void blob_copy(int64 store_id, int64 from, int64 to, int64 keep);

/* Write bytes to an upload, at an offset of at most its size. */
extern void blob_write(int64 store_id, int64 blob_id, int64 offset,
					   const char *bytes, int64 count);

/* Raise MAPI_E_TOO_BIG if so many bytes do not fit into one bytea. */
extern void blob_check_length(int64 count);

/* Write zeros to an upload, at an offset of at most its size. */
extern void blob_write_zeros(int64 store_id, int64 blob_id, int64 offset,
							 int64 count);

/* Truncate an upload to a size of at most its own. */
extern void blob_truncate(int64 store_id, int64 blob_id, int64 size);

/*
 * Return up to "count" bytes of a blob from an offset on; "size" is the size
 * of the blob.  The caller has checked that the client may refer to the blob.
 */
extern bytea *blob_read(int64 store_id, int64 blob_id, int64 size,
						int64 offset, int64 count);

/*
 * Release blobs that no handle of the session needs any more: delete those
 * that are not sealed, and leave the others to the sweeper.
 */
extern void blob_release(int64 store_id, ArrayType *blob_ids);

/* The version or draft that is being stored, and the source of its blobs. */
typedef struct Adoption
{
	int64		store_id;
	int64		message_id;
	int64		source_id;		/* message it was copied from, or 0 */
	const Upload *uploads;		/* of the handle that is saved */
	bool		is_draft;		/* only the current role can see it */
} Adoption;

/*
 * Seal a blob to which a version or a draft is going to refer, and record the
 * reference.  Raises MAPI_E_INVALID_PARAMETER unless the message or its source
 * already refers to the blob, the blob is among the uploads, or the current
 * role has created the blob, and unless size and type are right.
 */
extern void blob_adopt(const Adoption *adoption, int64 blob_id, int64 size,
					   bool is_text);

/*
 * Copy a sealed blob from another store under its id, unless the store of the
 * adoption has it, and record the reference.
 */
extern void blob_import(int64 from_store_id, const Adoption *adoption,
						int64 blob_id);

/*
 * Delete the references of a message that is erased, and the blobs to which
 * nothing else refers and which no session holds.
 */
extern void blob_purge(int64 store_id, int64 message_id);

/*
 * Store bytes as a sealed blob to which the message refers, and return its id.
 */
extern int64 blob_store(const Adoption *adoption, const char *bytes,
						int64 size);

/* ----------------------------------------------------------------- adopt.c */

/*
 * Bring edits or a content into the form in which they are stored: seal and
 * record the blobs to which they refer, and turn large bytes of attachments
 * into blobs.  Values that change are replaced, not changed in place.
 */
extern void adopt_edits(const Adoption *adoption, Edits *edits);
extern void adopt_content(const Adoption *adoption, Content *content);

/* Return true if storing edits may write blobs. */
extern bool adopt_needed(const Edits *edits);

/* ---------------------------------------------------------------- change.c */

/*
 * Function that is called for each change that is taken back, newest first.
 * After the call the undo is freed; the other fields stay valid.
 */
typedef void (*ChangeVisitor) (const ChangeRow *change, void *arg);

/*
 * Replace *version by the older version with change number "to", taking back
 * one change after the other, with the active snapshot.  Returns false if the
 * chain does not reach that version, because it was pruned or never was a
 * version of this message.  Raises MAPI_E_CORRUPT_DATA if the chain has a
 * hole.  "visit" may be NULL.
 */
extern bool change_walk_back(int64 store_id, int64 message_id,
							 Version *version, int64 to,
							 ChangeVisitor visit, void *arg);

/* The fate of the submission of a message. */
typedef enum Sending
{
	SENDING_STAYS = 0,			/* as it is */
	SENDING_BEGINS,				/* submitted */
	SENDING_ENDS,				/* not submitted any more, and unsent */
	SENDING_DONE				/* not submitted any more, and sent */
} Sending;

/* A change to be made to a row. */
typedef struct ChangeOrder
{
	char		kind;			/* CHANGE_* */
	int64		base;			/* change number that the client had seen */
	const Edits *edits;			/* or NULL */
	int64		folder_id;		/* folder to move to, or 0 */
	bool		set_deleted;	/* "deleted" is to be stored */
	bool		deleted;
	bool		no_wait;		/* do not wait for others that hold the row */
	Sending		sending;
	int64		deleted_with;	/* folder whose deletion takes it along, or 0 */
	const Upload *uploads;		/* of the handle that is saved, or NULL */
	Author		author;
	CountTally *tally;			/* for a change of place, or NULL */
	const Arrival *arrival;		/* of a change made in another store, or NULL */
	ChangeBatch *batch;			/* to insert the record later, or NULL */
} ChangeOrder;

/*
 * Write a new version in place of the version in *row, with its number, time
 * and author, and insert the record of the change.  Returns as
 * messagerow_update() does.  After TM_Ok the command counter is incremented,
 * and *number is the new change number.  Raises a serialization failure if the
 * transaction's snapshot does not see the replaced version.
 */
extern TM_Result change_write(MessageRow *row, const ChangeOrder *order,
							  int64 *number);

/*
 * Insert the first version of a new message, and the record of the change.  The
 * current role is the creator; row->created_at is set if it is 0.  source_id is
 * the message from which it was copied, or 0; "uploads" are those of the handle
 * that is saved, or NULL; "author" is NULL if the call names none; "tally" is as
 * for count_change().
 */
extern void change_create(MessageRow *row, int64 source_id,
						  const Upload *uploads, const Author *author,
						  CountTally *tally);

/* Insert a copy of a message, as change_create() does. */
extern void change_copy(MessageRow *row, int64 source_id, CountTally *tally);

/*
 * Insert the first version here of a message that comes from another store,
 * with its source key, time of creation and name of the creator.  The current
 * role is the creator.
 */
extern void change_arrive(MessageRow *row, const Arrival *arrival,
						  const Author *author);

/* Delete a locked row; the record of the change contains the whole message. */
extern void change_hard_delete(MessageRow *row, const Author *author,
							   CountTally *tally);

/*
 * Erase a message: its row (locked, or NULL if it was deleted), its changes and
 * its references to blobs, with the blobs that nothing else needs, and leave one
 * record without values.  Returns false if there was nothing to erase.
 * change_purge_drafts() erases the drafts; their lock is taken last.
 */
extern bool change_purge(int64 store_id, int64 message_id, MessageRow *row,
						 CountTally *tally);
extern void change_purge_drafts(int64 store_id, int64 message_id);

/*
 * Return true if the active snapshot sees a change of a message.  A message
 * that was deleted for good, or by hand, has changes and no row.
 */
extern bool change_any(int64 store_id, int64 message_id);

/*
 * Find the change that an earlier call of the current role with the same
 * request has made: to the message *message_id, or if *message_id is 0, the
 * creation of any message of the store.  Return false if there is none;
 * otherwise set *message_id, and *number to the version that the change made.
 */
extern bool change_requested(int64 store_id, const char *request,
							 int64 *message_id, int64 *number);

/* -------------------------------------------------------------- original.c */

/*
 * Add the mail that a message was made from to a list, as a property, if the
 * message has an original.  Raise MAPI_E_NOT_ENOUGH_MEMORY if it is too long.
 */
extern void original_add(int64 store_id, int64 message_id, const char *name,
						 BagList *list);

/* Store the original of a new message, unless the store keeps no originals. */
extern void original_store(int64 store_id, int64 message_id,
						   const bytea *original);

/* Return the number of bytes of an original; -1 if the message has none. */
extern int64 original_size(int64 store_id, int64 message_id);

/* Delete the original of a message, if the message has one. */
extern void original_delete(int64 store_id, int64 message_id);

/*
 * Copy the original of a message, if the message has one, to a new message;
 * to one of another store only if that store keeps originals.
 */
extern void original_copy(int64 store_id, int64 message_id, int64 to_store_id,
						  int64 copy_id);

/* ----------------------------------------------------------------- merge.c */

/* The newest change by others that touched a property. */
typedef struct TheirChange
{
	const char *changed_by;
	TimestampTz changed_at;
	const char *client;			/* or NULL */
	int64		change_number;
} TheirChange;

/*
 * The properties and objects that others have touched since a client's base.
 * Properties have their canonical names, objects of lists the names of
 * part_object_name().
 */
typedef struct TheirChanges
{
	NameSet		names;			/* those of the newest change first */
	TheirChange *changes;		/* one per name */
	int			allocated;
	Jsonb	   *lists[PART_ATTACHMENTS + 1];	/* before the last visited */
} TheirChanges;

/* Start with nothing touched; the walk starts from version "current". */
extern void theirs_init(TheirChanges *theirs, const Content *current);

/* ChangeVisitor: add what a change touched to the TheirChanges in "arg". */
extern void theirs_visit(const ChangeRow *change, void *arg);

/*
 * Return the newest change that touched a name, or NULL.  A change of any body
 * touches all bodies, and one of a part of the subject all parts.
 */
extern const TheirChange *theirs_newest(const TheirChanges *theirs,
										const char *name);

/*
 * Return true if edits touch a property.  An edit of any body touches all
 * bodies, and one of a part of the subject all parts.
 */
extern bool merge_touches(const Edits *edits, const char *name);

/*
 * Merge the edits of a client with the changes of others, by the rule at the
 * top of merge.c.  "theirs" is the version with the others' changes.  With
 * "by_lines", texts that both sides touched are merged line by line.  Returns
 * false if the rule does not allow the merge; otherwise *merged are the edits
 * to apply to "theirs".  If "obstacles" is not NULL, the names of all items
 * that are obstacles are added to it.
 */
extern bool merge_edits(const TheirChanges *changes, const Content *base,
						const Content *theirs, const Edits *edits,
						bool by_lines, NameSet *obstacles, Edits *merged);

/* ----------------------------------------------------------------- state.c */

/* A user who reads: two texts; no actor is the empty text. */
typedef struct Reader
{
	Datum		role;
	Datum		actor;
} Reader;

/*
 * A message whose read state is asked for; fields are as in MessageRow and
 * Version.
 */
typedef struct ReadSubject
{
	int64		store_id;
	int64		message_id;
	int32		message_flags;
	Datum		creator;		/* or 0 */
	Datum		creator_actor;	/* or 0 */
} ReadSubject;

/* The state of one message for one user. */
typedef struct ReadState
{
	bool		is_known;		/* the user has set or cleared the flag */
	bool		is_read;
	int32		receipts;		/* bits RECEIPT_* */
	TimestampTz changed_at;		/* 0: the user has changed nothing */
} ReadState;

#define RECEIPT_DUE			0x1 /* a read receipt is due without the flag */
#define RECEIPT_NO_READ		0x2 /* no read receipt is due any more */
#define RECEIPT_NO_NONREAD	0x4 /* no non-read receipt is due any more */

/* A change of the read state; "receipts" are bits RECEIPT_* to be set. */
typedef struct ReadOrder
{
	bool		sets;			/* sets the read flag */
	bool		clears;			/* clears it */
	int32		receipts;
	TimestampTz changed_at;		/* of a change made elsewhere, or 0 */
} ReadOrder;

/*
 * Fill *reader with the current role and an actor; NULL is the actor of
 * msgstore.actor.
 */
extern void state_reader(Reader *reader, const char *actor);

/* Read the state of a message for a user, with the active snapshot. */
extern void state_read(const Reader *reader, const ReadSubject *message,
					   ReadState *state);

/*
 * Return the number of messages of a folder that are unread for a user, of
 * those that the user may read: all with "read_any" (the right READ_ANY), else
 * those that the role has created.  Deleted and associated messages do not
 * count.  Reads the flags of the folder's messages, or of those on the pages
 * in which the user has read something if these are fewer, and no content.
 */
extern int64 state_count_unread(const Reader *reader, int64 store_id,
								int64 folder_id, bool read_any);

/*
 * Change the read state of messages, whose ids are in ascending order, or of
 * all messages of a folder that the user may read ("read_any" as above).  The
 * caller has checked the rights.  A folder is one statement and one position:
 * it has the messages that are committed by now.
 */
extern void state_mark(const Reader *reader, int64 store_id, const int64 *ids,
					   int count, const ReadOrder *order);
extern void state_mark_folder(const Reader *reader, int64 store_id,
							  int64 folder_id, bool read_any,
							  const ReadOrder *order);

/*
 * Replace the bits "mask" of the status of a message, in the name of an actor or
 * NULL, and return the status before.
 */
extern int32 state_set_status(int64 store_id, int64 message_id, int32 status,
							  int32 mask, const char *actor);

/*
 * Set or clear the bit of the status that says that the message is in
 * conflict, unless it has that value.
 */
extern void state_set_conflict(int64 store_id, int64 message_id, bool set);

/*
 * Read the status of a message and the time of its last change, with the
 * active snapshot.  Returns false, and sets nothing, if it was never set.
 */
extern bool state_status(int64 store_id, int64 message_id, int32 *status,
						 TimestampTz *changed_at);

/* -------------------------------------------------------------- computed.c */

/*
 * Return the id of the folder of a store whose entry id has the given bytes,
 * or 0 if they are the entry id of anything else.
 */
extern int64 computed_folder_of_entryid(int64 store_id, const uint8 *entryid,
										int size);

/*
 * Add the entry id of an object (PR_OBJECT_TYPE and id), and the source key of
 * an id or the change key of a change number, to a list of members.
 */
extern void computed_add_entryid(int64 store_id, BagList *list, const char *name,
								 int type, int64 id);
extern void computed_add_key(int64 store_id, BagList *list, const char *name,
							 Keyed series, int64 number);

/* ------------------------------------------------------------------ view.c */

/* The kind of object on which a handle is open. */
typedef enum HandleKind
{
	HANDLE_MESSAGE = 0,
	HANDLE_ATTACHMENT,
	HANDLE_EMBEDDED				/* a message embedded in an attachment */
} HandleKind;

/*
 * The values from which all properties of one version are computed.  Fields
 * are as in MessageRow.  "access" is PR_ACCESS, the bits MAPI_ACCESS_* of the
 * current role when the view was filled; "level" is PR_ACCESS_LEVEL, or -1 if
 * that property is not shown.
 */
typedef struct MessageView
{
	HandleKind	kind;
	int64		store_id;
	int64		message_id;
	TimestampTz created_at;
	TimestampTz modified_at;
	Datum		creator;		/* text, or 0: not known */
	Datum		creator_actor;
	Datum		source_key;		/* bytea, or 0: made in this store */
	const char *actor;			/* of the reader; NULL: of msgstore.actor */
	const char *modifier;
	int32		access;
	int			level;
	Version		version;		/* change number 0: not saved yet */
} MessageView;

/* Fill a view from the version in a row. */
extern void view_from_row(MessageView *view, const MessageRow *row);

/*
 * Fill a view from the version that the active snapshot sees.  For a message
 * that was hard-deleted, fill it from the record of the deletion; the view
 * then has almost no content.  The view points into *row.  Returns false if
 * the snapshot sees neither a version nor such a record.
 *
 * view_read() raises MAPI_E_NO_ACCESS or MAPI_E_NOT_FOUND if the current role
 * may not read the message; view_find() leaves that to view_readable().
 */
extern bool view_read(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row);
extern bool view_find(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row);

/* Return true if the current role may read the message in a view. */
extern bool view_readable(const MessageView *view);

/*
 * Raise MAPI_E_NOT_FOUND unless the message exists or has existed, and the
 * errors of view_read() unless the current role may read it.
 */
extern void view_require_message(int64 store_id, int64 message_id);

/*
 * Replace the version in a view by an older version.  Returns false if the
 * chain does not reach that version.
 */
extern bool view_go_back(MessageView *view, int64 change_number);

/*
 * Return the properties of a view as a JSON object: those named in "tags", or
 * all of them if "tags" is NULL.
 */
extern Jsonb *view_props(const MessageView *view, ArrayType *tags);

/*
 * Return the properties that view_props() returns as a datum of type json,
 * whose text is the text of that jsonb.
 */
extern Datum view_json(const MessageView *view, ArrayType *tags);

/*
 * Return the names of all properties of a view as a text[], without reading
 * their values.
 */
extern ArrayType *view_names(const MessageView *view);

/*
 * Get the value of one property of a view, whose memory *value points into or
 * is palloc'd.  Returns false if the view lacks the property.  view_computes()
 * returns true if the property may be one that is not a member of the bag.
 */
extern bool view_value(const MessageView *view, const Property *prop,
					   JsonbValue *value);
extern bool view_computes(const Property *prop);

#endif							/* MSGSTORE_VERSIONS_H */
