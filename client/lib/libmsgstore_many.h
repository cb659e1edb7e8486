/*-------------------------------------------------------------------------
 *
 * libmsgstore_many.h
 *	  The calls of libmsgstore about many messages: lists, search, the feed of
 *	  changes, many saves at a time, and from store to store.
 *
 * NOTES
 *	  libmsgstore.h includes this header, and describes the rules of all calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LIBMSGSTORE_MANY_H
#define LIBMSGSTORE_MANY_H

#include "libmsgstore.h"

#ifdef __cplusplus
extern "C"
{
#endif

/* ------------------------------------------------------------------- lists */

/* The messages of a folder or search folder; members may be 0 or NULL. */
typedef struct msgstore_table
{
	int64_t		store_id;
	int64_t		folder_id;
	const char *const *columns; /* names, then NULL; NULL: all properties */
	const char *restriction;	/* JSON; NULL: all messages */
	const char *const *sort;	/* such as "PR_SUBJECT DESC", then NULL; NULL:
								 * the newest first */
	int32_t		max;			/* 0: all rows */
	const char *after;			/* the position of a row; NULL: the first */
	int32_t		flags;			/* MSGSTORE_SHOW_SOFT_DELETES and others */
	const char *actor;
} msgstore_table;

typedef struct msgstore_row
{
	int64_t		message_id;
	int64_t		change_number;
	const char *row;			/* the columns, as a JSON object */
	const char *position;		/* for "after" */
} msgstore_row;

typedef struct msgstore_row_list
{
	int			count;
	const msgstore_row *rows;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_row_list;

/* Return a page of the messages.  Returns NULL on error. */
extern msgstore_row_list *msgstore_list_messages(msgstore *ms,
												 const msgstore_table *table);

/* Free a list; NULL is fine. */
extern void msgstore_free_rows(msgstore_row_list *list);

/* Count the messages; columns, sort, max and after do not matter. */
extern bool msgstore_count_messages(msgstore *ms, const msgstore_table *table,
									int64_t *count);

/* ------------------------------------------------------------------ search */

/* A search in the texts of messages; members may be 0 or NULL. */
typedef struct msgstore_search
{
	int64_t		store_id;
	const char *query;			/* in the syntax of web searches */
	int64_t		folder_id;		/* 0: all folders */
	int32_t		max;			/* 0: all rows */
	const char *after;
	const char *actor;
} msgstore_search;

typedef struct msgstore_found
{
	int64_t		message_id;
	int64_t		folder_id;
	const char *rank;			/* a number as text */
	const char *headline;		/* the text around the words; or NULL */
	const char *position;
} msgstore_found;

typedef struct msgstore_found_list
{
	int			count;
	const msgstore_found *found;	/* the best first */
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_found_list;

/* Return a page of the messages that match.  Returns NULL on error. */
extern msgstore_found_list *
msgstore_search_messages(msgstore *ms, const msgstore_search *search);

/* Free a list; NULL is fine. */
extern void msgstore_free_found(msgstore_found_list *list);

/* -------------------------------------------------------------------- feed */

/* The changes of a store since a token; members may be 0 or NULL. */
typedef struct msgstore_feed
{
	int64_t		store_id;
	const char *token;			/* NULL: all that is there */
	int32_t		max;			/* 0: 1000 */
	int64_t		folder_id;		/* 0: all folders */
	const char *actor;
} msgstore_feed;

/* A change; an unknown member is NULL, or 0. */
typedef struct msgstore_event
{
	const char *token;			/* to go on behind this change */
	int64_t		message_id;
	int64_t		folder_id;
	int64_t		change_number;
	const char *kind;			/* "save", "move" ...; "end" ends the feed */
	const char *changed_by;
	const char *client;
	const char *changed_at;
	const char *properties;		/* JSON array of the changed names */
} msgstore_event;

typedef struct msgstore_event_list
{
	int			count;
	const msgstore_event *events;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_event_list;

/*
 * Return the token from which msgstore_changes_since() gives the changes to
 * come.  Returns NULL on error.
 */
extern char *msgstore_feed_position(msgstore *ms, int64_t store_id);

/*
 * Return a page of changes, in order.  If the last one is of kind "end",
 * nothing more is new, and its token is the token to keep.  Returns NULL on
 * error.
 */
extern msgstore_event_list *msgstore_changes_since(msgstore *ms,
												   const msgstore_feed *feed);

/* Free a list; NULL is fine. */
extern void msgstore_free_events(msgstore_event_list *list);

/* -------------------------------------------------------------- many saves */

typedef struct msgstore_saved_list
{
	int			count;
	const msgstore_saved *saved;	/* in the order of the saves */
} msgstore_saved_list;

/*
 * Do many saves in one call and one transaction, each with an outcome of its
 * own.  changes is a JSON array of {"message_id", "change_number", "changes"}.
 * Returns NULL on error.
 */
extern msgstore_saved_list *msgstore_save_messages(msgstore *ms,
												   int64_t store_id,
												   const char *changes,
												   int32_t flags,
												   const char *actor);

/* Free a list; NULL is fine. */
extern void msgstore_free_saved(msgstore_saved_list *list);

/*
 * Send saves without waiting for their answers.  Between enter and exit no
 * other call is possible.  Each save is a transaction of its own, unless one
 * was open before.  At most 100 saves may wait for their answers to be read;
 * msgstore_send_save() refuses more.  msgstore_next_saved() reads the next
 * answer, in the order of the saves; it returns false if that save has raised
 * an error, which concerns no other save.  msgstore_exit_pipeline() drops
 * answers that were not read.  Needs libpq 14.
 */
extern bool msgstore_enter_pipeline(msgstore *ms);
extern bool msgstore_send_save(msgstore *ms, const msgstore_save *save);
extern bool msgstore_next_saved(msgstore *ms, msgstore_saved *saved);
extern bool msgstore_exit_pipeline(msgstore *ms);

/* ---------------------------------------------------------- store to store */

/*
 * The calls that bring two stores together that both change, on one server or
 * on two.  Bring the root and the other folders first, each folder after the
 * folder above.  Then bring the messages that msgstore_missing_changes()
 * names, and the read flags; and record the position in the feed.  Repeating a
 * call does no harm.
 */

/* Ids, of messages or folders. */
typedef struct msgstore_id_list
{
	int			count;
	const int64_t *ids;
} msgstore_id_list;

/* Free a list; NULL is fine. */
extern void msgstore_free_ids(msgstore_id_list *list);

/*
 * Export the newest version of a message, or a folder, as JSON for the calls
 * below on another store.  A deleted message or folder is exported as a
 * deletion.  Returns NULL on error.
 */
extern char *msgstore_export_change(msgstore *ms, int64_t store_id,
									int64_t message_id);
extern char *msgstore_export_folder(msgstore *ms, int64_t store_id,
									int64_t folder_id);

/* A large value in a change, which the importing store lacks. */
typedef struct msgstore_blob
{
	int64_t		blob;			/* its id in the other store */
	int64_t		size;			/* in bytes */
	const char *digest;
	bool		is_binary;
	int64_t		copy;			/* its id in this store; callers set it */
} msgstore_blob;

typedef struct msgstore_blob_list
{
	int			count;
	msgstore_blob *blobs;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_blob_list;

/*
 * Import a message into a folder (0: the folder that it had), or a folder.
 * copied has the large values of the message that were copied before; NULL if
 * there are none.
 * The result is MSGSTORE_S_OK; MSGSTORE_SYNC_E_IGNORE if the store has this
 * version or a newer one; MSGSTORE_SYNC_E_CONFLICT if both stores have changed
 * the message: the later change stands, and the other one is a draft of the
 * message; MSGSTORE_SYNC_E_OBJECT_DELETED if the message is deleted here;
 * MSGSTORE_SYNC_E_NO_PARENT if the folder is not here.  For a folder that was
 * moved below a folder of its own, the result is MSGSTORE_SYNC_E_CYCLE until
 * the other store has the changes of this one.
 */
extern bool msgstore_import_change(msgstore *ms, int64_t store_id,
								   int64_t folder_id, const char *change,
								   const msgstore_blob_list *copied,
								   msgstore_saved *saved);
extern bool msgstore_import_folder(msgstore *ms, int64_t store_id,
								   const char *change, int32_t *result,
								   int64_t *folder_id);

/*
 * Delete the messages with some values of PR_SOURCE_KEY, in base64, an array
 * that ends with NULL.  Flags and *result are as of
 * msgstore_delete_messages(); a message that is not here is no error.
 */
extern bool msgstore_import_deletion(msgstore *ms, int64_t store_id,
									 const char *const *source_keys,
									 int32_t flags, int32_t *result);

/* A move of a message in another store; keys are in base64. */
typedef struct msgstore_move
{
	int64_t		store_id;
	const char *source_key;		/* PR_SOURCE_KEY of the message */
	int64_t		folder_id;		/* the folder here */
	const char *change_key;		/* PR_CHANGE_KEY of the move */
	const char *predecessors;	/* PR_PREDECESSOR_CHANGE_LIST of the version
								 * that was moved */
	const char *actor;
} msgstore_move;

/*
 * Import a move.  The result MSGSTORE_SYNC_W_CLIENT_CHANGE_NEWER means that
 * the message is moved, and that the other store has changes of the message
 * that are still to be imported.
 */
extern bool msgstore_import_move(msgstore *ms, const msgstore_move *move,
								 msgstore_saved *saved);

/*
 * Export the read flags that the current role and actor have set or cleared,
 * as JSON, and import them into another store, where the later change wins.
 * The export returns NULL on error.
 */
extern char *msgstore_export_read_state(msgstore *ms, int64_t store_id,
										const int64_t *message_ids,
										int count);
extern bool msgstore_import_read_state(msgstore *ms, int64_t store_id,
									   const char *states, int32_t *result);

/*
 * Export the keys of messages, as JSON.  For the keys of messages of another
 * store, msgstore_missing_changes() returns the ids there of the messages
 * whose versions this store lacks.  For the keys of messages or an array of
 * folders that another store has, msgstore_newer_changes() and
 * msgstore_newer_folders() return the ids here of those that the other store
 * has in older versions.  Return NULL on error.
 */
extern char *msgstore_export_keys(msgstore *ms, int64_t store_id,
								  const int64_t *message_ids, int count);
extern msgstore_id_list *msgstore_missing_changes(msgstore *ms,
												  int64_t store_id,
												  const char *keys);
extern msgstore_id_list *msgstore_newer_changes(msgstore *ms,
												int64_t store_id,
												const char *keys);
extern msgstore_id_list *msgstore_newer_folders(msgstore *ms,
												int64_t store_id,
												const char *keys);

/* A large value of a message. */
typedef struct msgstore_blob_place
{
	int64_t		store_id;
	int64_t		message_id;
	int64_t		blob;
} msgstore_blob_place;

/*
 * Bring large values.  List the values of a change that the importing store
 * lacks, which returns NULL on error; create an empty value for each, read
 * pieces there, and write them here, from offset 0 on.  Set the copy of each
 * value in the list, and import the change with the list.  A copy that no
 * message gets is deleted after a day.  msgstore_read_blob() returns bytes as
 * msgstore_read_stream() does; a piece of a string that is written must
 * consist of whole characters.
 */
extern msgstore_blob_list *msgstore_missing_blobs(msgstore *ms,
												  int64_t store_id,
												  const char *change);
extern void msgstore_free_blobs(msgstore_blob_list *list);
extern bool msgstore_create_blob(msgstore *ms, int64_t store_id,
								 bool is_binary, int64_t *blob);
extern void *msgstore_read_blob(msgstore *ms,
								const msgstore_blob_place *place,
								int64_t offset, int64_t length, size_t *got);
extern bool msgstore_write_blob(msgstore *ms, int64_t store_id, int64_t blob,
								int64_t offset, const void *bytes,
								size_t len);

/* How far a store has imported the feed of another store. */
typedef struct msgstore_position
{
	const char *token;			/* of the feed there; NULL: the beginning */
	const int64_t *messages;	/* ids there, to be tried again */
	int			message_count;
	const int64_t *folders;
	int			folder_count;
	PGresult   *owner;			/* owns the text; private, 0 to set */
} msgstore_position;

/*
 * Get or set the position of the current role.  peer is any name for the other
 * store.  Without a position the token is NULL.  Getting returns NULL on
 * error.
 */
extern msgstore_position *msgstore_get_sync_position(msgstore *ms,
													 int64_t store_id,
													 const char *peer);
extern bool msgstore_set_sync_position(msgstore *ms, int64_t store_id,
									   const char *peer,
									   const msgstore_position *position);
extern void msgstore_free_position(msgstore_position *position);

#ifdef __cplusplus
}
#endif

#endif							/* LIBMSGSTORE_MANY_H */
