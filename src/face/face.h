/*-------------------------------------------------------------------------
 *
 * face.h
 *	  The highest floor, which SQL sees: start-up, and opening, editing,
 *	  saving, resolving, placing, parking and the history of messages.
 *
 *	  Prototypes stand under their file's name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FACE_H
#define FACE_H

#include "engine.h"

/* ----------------------------------------------------------------- store.c */

/* Return the id of a store's special folder, or 0 if it does not exist. */
extern int64 store_special_folder(int64 store_id, const char *special);

/* Raise MAPI_E_NOT_FOUND unless the store has such a folder. */
extern void store_require_folder(int64 store_id, int64 folder_id);

/* Raise MAPI_E_NOT_FOUND for a folder. */
pg_noreturn extern void store_raise_no_folder(int64 store_id, int64 folder_id);

/*
 * Return the name of the role that argument n of an SQL function, "owner",
 * names, palloc'd.  Raise MAPI_E_NO_ACCESS if the current role is not a member
 * of that role.
 */
extern char *store_owner_argument(FunctionCallInfo fcinfo, int n);

/* ----------------------------------------------------------------- props.c */

/*
 * Return the properties in "tags" (NULL: all) that a handle shows, as a JSON
 * object.  If the pending edits cover all tags, the base is not read and may
 * be pruned.
 */
extern Jsonb *props_shown(const Handle *handle, ArrayType *tags);

/*
 * Begin and end reading what a handle shows: fill a view with its base and its
 * pending edits.  The view points into *row, and is valid until
 * props_end_shown().  Raises MAPI_E_NO_ACCESS, and the errors of stand_view().
 */
extern void props_begin_shown(const Handle *handle, MessageRow *row,
							  MessageView *view);
extern void props_end_shown(MessageRow *row);

/*
 * Return true if a handle may set properties that can be set until the first
 * save only.
 */
extern bool props_takes_first(const Handle *handle);

/* ------------------------------------------------------------- subobject.c */

/*
 * Fold an attachment or an embedded message into its parent handle, and return
 * the result of the save: S_OK, MAPI_E_NO_ACCESS if the parent is read-only,
 * or MAPI_E_OBJECT_DELETED if the handle is stale or its attachment was
 * deleted.  The caller must have checked the flags and the level of the handle
 * itself.
 */
extern int32 subobject_save(Handle *handle);

/*
 * Prepare a handle for another whole list of attachments: the numbers that are
 * in the present list are not given out again, and handles below are stale.
 */
extern void subobject_list_replaced(Handle *handle);

/* ------------------------------------------------------------------ park.c */

/*
 * Store a stand as a draft of the current role.  It replaces the draft *draft;
 * a new draft is made if draft->id is 0 or if another handle has parked under
 * that id since.  *draft becomes the draft that is stored.
 */
extern void park_stand(const Stand *stand, Draft *draft);

/*
 * Store a stand as a draft that belongs to its message, unless the message has
 * a draft with this change key.
 */
extern void park_of_message(const Stand *stand, const LineageKey *key);

/*
 * Read the draft draft->id, of the current role or of a message, into *stand,
 * and its time into draft->parked_at.  The caller checks that the role may
 * read the message.  Raises MAPI_E_NOT_FOUND if the role has no such draft.
 */
extern void park_read(int64 store_id, Draft *draft, Stand *stand);

/*
 * Lock the drafts of a store to the end of the transaction: RowExclusiveLock
 * to park, ShareLock to prune.
 */
extern void park_lock(int64 store_id, LOCKMODE lockmode);

/*
 * Discard a draft of the current role or, with "of_any", of any role.  Return
 * false if there is no such draft, or if another handle has parked under its
 * id since; with parked_at 0 the draft is discarded even then.
 */
extern bool park_discard(int64 store_id, const Draft *draft, bool of_any);

/* ---------------------------------------------------------------- folder.c */

/*
 * Read the first two arguments, store_id and folder_id, and require a
 * transaction that may write and FOLDER_OWNER in the folder.
 */
extern void folder_arguments(FunctionCallInfo fcinfo, const char *what,
							 int64 *store_id, int64 *folder_id);

/* Raise MAPI_E_INVALID_PARAMETER if a folder cannot have a name. */
extern void folder_check_name(const char *name);

/*
 * Lock a name below a parent for a new folder, as tree_find_name() does.  Raises
 * MAPI_E_COLLISION if a folder has the name.
 */
extern void folder_require_name(int64 store_id, int64 parent_id, char *name);

/*
 * Read a folder as tree_folder() does, and raise MAPI_E_NOT_FOUND if it is
 * missing or deleted.
 */
extern void folder_read_live(FolderRow *row, int64 store_id, int64 folder_id,
							 TreeLock lock);

/*
 * Lock a folder in which something is to be placed against deletion, to the end
 * of the transaction.  Raises MAPI_E_NOT_FOUND or MAPI_E_NO_ACCESS, as
 * access_require_folder() does.
 */
extern void folder_lock_target(int64 store_id, int64 folder_id, uint32 right);

/*
 * Rename a folder whose row is locked, and return S_OK, MAPI_E_COLLISION, or
 * MAPI_E_NO_SUPPORT for the root.
 */
extern int32 folder_rename(FolderRow *row, const char *name);

/*
 * Delete a folder whose row is locked, with everything in it; "arrival" is that
 * of the deletion, or NULL.  *row becomes the row that was written.
 * folder_restore_all() restores what went with the folder, and clears the
 * deletion in *row without writing the row.  Both return S_OK or
 * MAPI_E_NO_ACCESS.
 */
extern int32 folder_delete_all(FolderRow *row, bool hard,
							   const Arrival *arrival);
extern int32 folder_restore_all(FolderRow *row);

/* ------------------------------------------------------------- container.c */

/* Check the properties of a folder, and return them as they are stored. */
extern Jsonb *container_checked(Jsonb *props);

/* ----------------------------------------------------------------- place.c */

/* A folder whose messages are processed. */
typedef struct PlaceFolder
{
	int64		folder_id;
	int64		deleted_with;	/* folder whose deletion took the messages */
} PlaceFolder;

/* An operation that applies to each of several messages of a store. */
typedef struct PlaceOrder
{
	char		kind;			/* CHANGE_MOVE, CHANGE_DELETE etc. */
	int64		store_id;
	int64		folder_id;		/* target of CHANGE_MOVE */
	bool		conditional;	/* "if_change_number" is set */
	int64		if_change_number;
	Author		author;			/* of a call that names one */
	bool		by_folder;		/* a folder call, which has checked rights */
	PlaceFolder *folders;		/* process messages of these only, or NULL */
	int			nfolders;
} PlaceOrder;

/*
 * Return argument n, a bigint[] of message ids, as a palloc'd array in
 * ascending order without duplicates; *count is its length.  Raises
 * MAPI_E_INVALID_PARAMETER if the argument or an element is NULL.
 */
extern int64 *place_ids_argument(FunctionCallInfo fcinfo, int n, int *count);

/*
 * Carry an order out on messages, in the order of their ids; sorts both arrays.
 * An id in another folder than those of the order counts as missing.  Returns
 * S_OK, MAPI_W_PARTIAL_COMPLETION if the order was carried out on some messages
 * only, MAPI_E_NOT_FOUND if all were missing, MAPI_E_NO_ACCESS if it was carried
 * out on no message and the right to do so was missing for some, or
 * MAPI_E_OBJECT_CHANGED if the one message of a conditional call is not at the
 * change number that the caller expects.
 */
extern int32 place_execute(const PlaceOrder *order, int64 *ids, int count);

/* ------------------------------------------------------------------ save.c */

/*
 * The flags of a save.  Old clients send 0x8, 0x80 and 0x1000, which have no
 * effect (R711).
 */
#define SAVE_FLAGS \
	(KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | \
	 PARK_REFUSED | \
	 MAPI_DEFERRED_ERRORS | SPAMFILTER_ONSAVE | NON_EMS_XP_SAVE)

/* How a save treats the changes of others since its base. */
typedef enum SaveMode
{
	SAVE_PLAIN = 0,				/* forced if the flags have FORCE_SAVE */
	SAVE_SEEN,					/* forced, if "seen" is still the newest */
	SAVE_MERGE,					/* write the edits beside the changes */
	SAVE_VERSION,				/* plain; write the content of "version" */
	SAVE_SUBMIT					/* plain; submit, even without edits */
} SaveMode;

/*
 * The request for one save.  The edits are given as "edits" or as "patch",
 * which is parsed only after the decision, so that a refused save need not
 * pay for parsing.
 */
typedef struct SaveRequest
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* the version on which the client stands */
	bool		is_new;			/* first save of a new message */
	bool		was_parked;		/* another handle may have saved it first */
	bool		is_stateless;	/* no handle: raise if it is not readable */
	int64		folder_id;		/* of a new message */
	bool		is_folder_locked;	/* and the role may create messages in it */
	int32		message_flags;	/* of a new message, unless its bag has them */
	TimestampTz created_at;		/* of a new message, 0: now */
	const Content *start;		/* of a new message, before its edits */
	int64		source_id;		/* the message that "start" was copied from */
	const Upload *uploads;		/* of the handle, or NULL */
	const Edits *edits;			/* the edits, or NULL */
	Jsonb	   *patch;			/* the edits, if "edits" is NULL */
	uint32		flags;			/* save_flags */
	SaveMode	mode;
	bool		by_lines;		/* SAVE_MERGE: merge texts line by line */
	int64		seen;			/* SAVE_SEEN: the version shown to the user */
	int64		version;		/* SAVE_VERSION: the version to go back to */
	Author		author;
	ChangeBatch *batch;			/* to insert the record later, or NULL */
} SaveRequest;

/*
 * Fill *request for a plain save of a stand; the caller may adjust it.  The
 * request points to *stand and, for a new message, to *start.
 */
extern void save_of_stand(SaveRequest *request, const Stand *stand,
						  Content *start);

/*
 * Lock the folder of a new message to the end of the transaction.  Return S_OK,
 * MAPI_E_OBJECT_DELETED if the folder is gone, or MAPI_E_NO_ACCESS if the role
 * may not create messages in it.  If a client without a handle names a folder
 * that does not exist, raise MAPI_E_NOT_FOUND.
 */
extern int32 save_lock_folder(const SaveRequest *request);

/* Return true if a message with this content has a recipient. */
extern bool save_has_recipients(const Content *content);

/*
 * Decide and write, in one atomic step, and return the result.  *change_number
 * is the version that stands afterwards: the new version, or after a refusal
 * the current one, 0 if the message is gone.  If an earlier call with the same
 * request has saved the message, nothing is written, and *change_number is the
 * version that the earlier call made.
 */
extern int32 save_execute(const SaveRequest *request, int64 *change_number);

/*
 * Save as save_execute() does, with a row that the caller has opened with
 * RowExclusiveLock and closes.  Of the row, only table and slot are used.
 */
extern int32 save_on_row(const MessageRow *row, const SaveRequest *request,
						 int64 *change_number);

/*
 * Move a handle on after a save: it stands on the new version, without pending
 * edits, and its draft, if any, is discarded.
 */
extern void save_finish(Handle *handle, int64 change_number);

/* --------------------------------------------------------------- request.c */

/*
 * Read the arguments "request", which is argument n, and "actor", the next
 * one, of a call that saves.  Raises MAPI_E_INVALID_PARAMETER if the request is
 * empty or too long.
 */
extern void request_arguments(FunctionCallInfo fcinfo, int n, Author *author);

/*
 * Return true if an earlier call with the same request has created a message
 * in the store, and set the message's id and number.  Waits for a transaction
 * that makes the same request, and makes others wait until this transaction
 * ends.  Returns false if no request is given.
 */
extern bool request_created_before(int64 store_id, const Author *author,
								   int64 *message_id, int64 *number);

/*
 * Return true if an earlier call with the same request has saved the message,
 * and set *number to the version that the call made.
 */
extern bool request_saved_before(const SaveRequest *request, int64 *number);

/* ----------------------------------------------------------------- place.c */

/*
 * Return argument n, a bigint[] of message ids, as a palloc'd array in
 * ascending order without duplicates; *count is its length.  Raises
 * MAPI_E_INVALID_PARAMETER if the argument or an element is NULL.
 */
extern int64 *place_ids_argument(FunctionCallInfo fcinfo, int n, int *count);

/* ------------------------------------------------------------- readstate.c */

/*
 * Return the number of messages of a folder that a user may read and has not
 * read: PR_CONTENT_UNREAD.  The reader's role is the current one.
 */
extern int64 readstate_unread(int64 store_id, int64 folder_id,
							  const Reader *reader);

/* ------------------------------------------------------------- departure.c */

/* Add a time, a text, or the source key of an object to a list, as a member. */
extern void departure_time(BagList *list, const char *name, TimestampTz time);
extern void departure_text(BagList *list, const char *name, const char *text);
extern void departure_source_key(BagList *list, const char *name, Keyed series,
								 int64 store_id, int64 id);

/*
 * Add PR_CHANGE_KEY, PR_PREDECESSOR_CHANGE_LIST and the number of restorations,
 * as "restored" unless it is 0, of a version.
 */
extern void departure_lineage(BagList *list, const LineageKey *key,
							  const Lineage *lineage);

/* --------------------------------------------------------------- arrival.c */

/*
 * Return argument n, a change: an object.  Raises MAPI_E_INVALID_PARAMETER
 * otherwise, as the following functions do for a member that is missing or
 * wrong.
 */
extern Jsonb *arrival_argument(FunctionCallInfo fcinfo, int n);
pg_noreturn extern void arrival_raise_bad(const char *name);

/* Read a member of a change: a time, a text, a key; and a text that is a key. */
extern TimestampTz arrival_time_member(const Jsonb *change, const char *name);
extern char *arrival_text_member(const Jsonb *change, const char *name);
extern void arrival_key_member(const Jsonb *change, const char *name,
							   LineageKey *key);
extern void arrival_key_text(const char *text, const char *name,
							 LineageKey *key);

/* Read an array of objects, and the members of an object of "blobs". */
extern void arrival_objects(const JsonbValue *value, const char *name,
							ObjectList *list);
extern void arrival_blob_member(const Jsonb *blob, int64 *blob_id,
								int64 *size, char **digest, bool *is_text);

/* Read the keys, the author and the times of a change. */
extern void arrival_read(const Jsonb *change, Arrival *arrival);

/*
 * Return true if a version wins a conflict with another version, of which
 * neither knows the other.
 */
extern bool arrival_wins(const Arrival *arrival, const Arrival *other);

/*
 * Return the id of the message or the folder with a source key, which may be
 * deleted, or 0 if it is not known here.
 */
extern int64 arrival_message(int64 store_id, const LineageKey *source);
extern int64 arrival_folder(int64 store_id, const LineageKey *source);

/*
 * Return the digest of a blob in hex, palloc'd: SHA-256 of the SHA-256 of each
 * chunk.  arrival_find_blob() returns the blob of a message with a digest, or 0.
 */
extern char *arrival_blob_digest(int64 store_id, int64 blob_id,
								 bool *is_text);
extern int64 arrival_find_blob(int64 store_id, int64 message_id, int64 size,
							   bool is_text, const char *digest);

/* ------------------------------------------------------------------ meet.c */

/* PR_RESOLVE_METHOD */
#define MEET_DEFAULT		0
#define MEET_LAST_WRITER	1
#define MEET_NO_NOTICE		2

/* the flags of a message that travel with every change */
#define MEET_FLAGS	(MSGFLAG_UNSENT | MSGFLAG_RESEND)

/* A change that is being imported. */
typedef struct Import
{
	int64		store_id;
	int64		folder_id;		/* the folder to be in, 0: where it is */
	LineageKey	source;
	Arrival		arrival;
	const char *creator;
	TimestampTz created_at;
	bool		hard;			/* deleted for good */
	Content		content;		/* without the times */
	int			method;
	Author		author;
	int64		message_id;		/* result; 0: not known here */
	int64		number;			/* result; 0: no version */
} Import;

/* Get the change key and the predecessor change list of a version here. */
extern void meet_lineage(const Import *import, const Version *version,
						 LineageKey *key, Lineage *list);

/*
 * Return a content with a PR_LAST_MODIFICATION_TIME, and with the
 * PR_CREATION_TIME that a client has set in "old", which may be NULL.
 */
extern Content meet_with_times(const Content *content, const Content *old,
							   TimestampTz modified_at);

/*
 * Return true if the current role may bring the version in *row into the state
 * of the change.  A role that may not even read the message gets the errors of
 * opening the message.
 */
extern bool meet_permitted(const Import *import, const MessageRow *row);

/*
 * Decide on the locked version in *row, and write; or on a message that was
 * deleted for good.  Return the result of import_change().
 */
extern int32 meet_version(Import *import, MessageRow *row);
extern int32 meet_deletion(Import *import, MessageRow *row);

/* -------------------------------------------------------------- criteria.c */

/* The criteria of a search folder, and the folders that it looks into. */
typedef struct Criteria
{
	bool		is_search;
	uint32		flags;			/* SEARCH_* */
	Jsonb	   *restriction;	/* or NULL: not set yet */
	ArrayType  *folders;		/* bigint[], or NULL: not set yet */
	ArrayType  *held;			/* bigint[]: the messages of a search that is
								 * stopped or static; or NULL */
} Criteria;

/*
 * Read the criteria of a folder.  Returns false if it is not a search folder.
 */
extern bool criteria_read(int64 store_id, int64 folder_id,
						  Criteria *criteria);

/* Return the ids of the folders as a palloc'd array of *count elements. */
extern int64 *criteria_folders(const Criteria *criteria, int *count);

/*
 * Add the folders that a search folder searches, or the messages that it holds,
 * to a list, and return its restriction or NULL.  A search folder without
 * criteria has no messages.
 */
extern Restriction *criteria_begin(MessageList *listing,
								   const Criteria *criteria);

/* Make a folder a search folder with the criteria of another, if that is one. */
extern void criteria_copy(int64 store_id, int64 from, int64 to);

/* Raise MAPI_E_NO_SUPPORT if a folder is a search folder. */
extern void criteria_require_place(int64 store_id, int64 folder_id);

/* ------------------------------------------------------------------ list.c */

/* The places of arguments of a function that lists messages. */
typedef struct ListArguments
{
	int			restriction;
	int			flags;
	int			actor;
} ListArguments;

/*
 * Begin a list whose first two arguments are store_id and folder_id: check the
 * rights, compile the restriction and gather the folders.  *list is a hash of
 * these arguments, for positions.
 */
extern void list_begin(FunctionCallInfo fcinfo, const ListArguments *at,
					   MessageList *listing, uint64 *list);

/*
 * Begin a list of a folder: check the rights and gather the folders that it
 * reads.  "json" is the restriction, or NULL.
 */
extern void list_open(MessageList *listing, int64 store_id, int64 folder_id,
					  Jsonb *json, uint32 flags);

/* Return the number of messages that a list of a folder has. */
extern int64 list_count(int64 store_id, int64 folder_id, uint32 flags);

/*
 * Return the number of messages of a folder that the caller sees that are
 * unread for the current role and an actor, from a list.
 */
extern int64 list_unread(int64 store_id, int64 folder_id, const char *actor);

/* Return the hash of a list with an order. */
extern uint64 list_hash_order(const SortOrder *order, uint64 list);

/* Return argument n, the greatest number of rows, or -1 if it is NULL. */
extern int64 list_max_argument(FunctionCallInfo fcinfo, int n);

/* ---------------------------------------------------------------- search.c */

/* Return the settings of a store; raise MAPI_E_NO_SUPPORT if it has no search. */
extern void search_require(int64 store_id, SearchSettings *settings);

/* --------------------------------------------------------------- history.c */

/* Return the name of a kind of change, a CHANGE_*. */
extern const char *history_kind(char kind);

/* --------------------------------------------------------------- feedrow.c */

/* A row of the feed; fields that it does not have are 0 or NULL. */
typedef struct FeedRow
{
	const char *kind;
	int64		message_id;
	int64		folder_id;
	int64		old_folder_id;	/* of a move, where it can be known */
	int64		number;			/* of a version */
	bool		is_first;		/* the version is the first one here */
	int32		message_flags;
	const char *changed_by;
	const char *client;
	TimestampTz changed_at;
	Datum		properties;
} FeedRow;

/* A row that the feed may give: from which table, and its place in the order. */
typedef struct FoundRow
{
	char		source;			/* SOURCE_* */
	FeedPlace	at;
	Datum		creator;		/* of a message that is listed */
	ItemPointerData tid;		/* of the row of SOURCE_CHANGE in change */
	FeedRow		row;
} FoundRow;

#define SOURCE_CHANGE		'c'
#define SOURCE_FOLDER		'f'
#define SOURCE_READ			'r'
#define SOURCE_READ_FOLDER	'd'
#define SOURCE_STATUS		's'

/*
 * Return up to "limit" of the folders, or the messages, that are present from
 * the token's place on, in the order of their ids: *count rows, palloc'd.  If
 * the token has a folder, only that folder, or the messages in it.
 */
extern FoundRow *feedrow_present(const Token *token, bool messages,
								 int64 limit, uint64 *count);

/*
 * Return up to "limit" changes from the token's place on that are new between
 * its two snapshots, in order: *count rows, palloc'd.  Changes of read state
 * are those of the reader; "spans" are all incarnations.
 */
extern FoundRow *feedrow_changes(const Token *token, const Reader *reader,
								 const IncarnationSpan *spans, int nspans,
								 int64 limit, uint64 *count);

/* ------------------------------------------------------------------ feed.c */

/* Set a token to the present state of a store. */
extern void feed_begin(Token *token, int64 store_id);

/*
 * Call a function for each change that is new to a token and that the current
 * role may see, in order, and set the token to what the active snapshot sees.
 * Raises the errors of changes_since(); a token that is newer than the snapshot
 * is left as it is.
 */
typedef void (*FeedSink) (const FeedRow *row, void *arg);
extern void feed_follow(Token *token, FeedSink sink, void *arg);

/* -------------------------------------------------------------- conflict.c */

/*
 * Return the conflict of a handle as JSON, palloc'd: the code, the ids and
 * change numbers of the message, and who touched which property, without
 * values.  Return NULL if the number is not that of an open handle of the
 * caller on a message that the caller may read.
 */
extern char *conflict_json(int32 code, int32 handle);

#endif							/* FACE_H */
