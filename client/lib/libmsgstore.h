/*-------------------------------------------------------------------------
 *
 * libmsgstore.h
 *	  The functions of the extension msgstore, as C calls over libpq.
 *
 *	  A connection, a message opened on it, edited and saved:
 *
 *		msgstore   *ms = msgstore_connect_uri("dbname=mail");
 *		int32_t		handle;
 *		int32_t		result;
 *
 *		if (msgstore_open_message(ms, 1, 1, MSGSTORE_MODIFY, &handle) &&
 *			msgstore_set_props(ms, handle, "{\"PR_SUBJECT\": \"new\"}") &&
 *			msgstore_save_changes(ms, handle, 0, &result))
 *			puts(msgstore_result_name(result));
 *		else
 *			fputs(msgstore_last_error(ms)->message, stderr);
 *		msgstore_disconnect(ms);
 *
 * NOTES
 *	  Two outcomes, as in SQL.  Every call returns whether the server
 *	  answered; false means that an error was raised (or the connection
 *	  failed), and msgstore_last_error() has it.  What a save can meet is no
 *	  error but its answer: a result code, S_OK or MAPI_E_OBJECT_CHANGED and
 *	  the like.  After a raised error what the call would have set is
 *	  untouched.
 *
 *	  Properties travel as JSON texts in UTF-8.  A text returned as char * is
 *	  in memory of its own: free() it.
 *
 *	  A msgstore belongs to one thread at a time.  Statements of your own go
 *	  over the same connection, msgstore_connection(), and so do BEGIN and
 *	  COMMIT: every call here is one statement and takes part in the
 *	  transaction that is open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LIBMSGSTORE_H
#define LIBMSGSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#ifdef __cplusplus
extern "C"
{
#endif

/* What a call can answer.  The server knows more; these a client meets. */
#define MSGSTORE_S_OK						((int32_t) 0x00000000)
#define MSGSTORE_W_PARTIAL_COMPLETION		((int32_t) 0x00040680)
#define MSGSTORE_E_UNKNOWN_FLAGS			((int32_t) 0x80040106)
#define MSGSTORE_E_INVALID_OBJECT			((int32_t) 0x80040108)
#define MSGSTORE_E_OBJECT_CHANGED			((int32_t) 0x80040109)
#define MSGSTORE_E_OBJECT_DELETED			((int32_t) 0x8004010A)
#define MSGSTORE_E_NOT_FOUND				((int32_t) 0x8004010F)
#define MSGSTORE_E_UNABLE_TO_COMPLETE		((int32_t) 0x80040400)
#define MSGSTORE_E_SUBMITTED				((int32_t) 0x80040608)
#define MSGSTORE_E_NO_ACCESS				((int32_t) 0x80070005)
#define MSGSTORE_E_INVALID_PARAMETER		((int32_t) 0x80070057)

/* Flags of open_message, open_attachment and open_embedded_message */
#define MSGSTORE_MODIFY						0x1
#define MSGSTORE_SHOW_SOFT_DELETES			0x2
#define MSGSTORE_BEST_ACCESS				0x10

/* Flag of open_embedded_message */
#define MSGSTORE_CREATE						0x2

/* Flags of modify_recipients */
#define MSGSTORE_MODRECIP_ADD				0x2
#define MSGSTORE_MODRECIP_MODIFY			0x4
#define MSGSTORE_MODRECIP_REMOVE			0x8

/* Flags of save_changes, save_message and save_new_message */
#define MSGSTORE_KEEP_OPEN_READONLY			0x1
#define MSGSTORE_KEEP_OPEN_READWRITE		0x2
#define MSGSTORE_FORCE_SAVE					0x4
#define MSGSTORE_PARK_REFUSED				0x00010000

/* Flag of delete_messages */
#define MSGSTORE_DELETE_HARD_DELETE			0x10

/* What to do about a conflict: choices of resolve_conflict */
#define MSGSTORE_KEEP_ORIGINAL				"KEEP_ORIGINAL"
#define MSGSTORE_OVERWRITE					"OVERWRITE"
#define MSGSTORE_SAVE_ELSEWHERE				"SAVE_ELSEWHERE"
#define MSGSTORE_MERGE						"MERGE"

typedef struct msgstore msgstore;

/*
 * The last error of a connection.  No member is NULL; what the server did not
 * say is "".  sqlstate is "" where it was not the server who raised it: no
 * connection, no memory.  The detail of a MAPI error begins with the name of
 * its code.  Valid until the next call on the connection.
 */
typedef struct msgstore_error
{
	char		sqlstate[6];
	const char *message;
	const char *detail;
	const char *hint;
} msgstore_error;

/* -------------------------------------------------------------- connection */

/*
 * Connect with libpq's keywords and values (arrays that end with NULL), or
 * with a connection string or URI; what they leave out comes from PGHOST and
 * its like.  A value for "dbname" may be a connection string itself.  The
 * text encoding is set to UTF8 and search_path to the extension's schema,
 * then what it was.
 *
 * Returns NULL only if there is no memory.  Whether there is a connection
 * says msgstore_connected(); if not, msgstore_last_error() says why.  In any
 * case the caller ends with msgstore_disconnect().
 */
extern msgstore *msgstore_connect(const char *const *keywords,
								  const char *const *values);
extern msgstore *msgstore_connect_uri(const char *conninfo);
extern bool msgstore_connected(const msgstore *ms);

/* Close the connection; open handles end with it.  NULL does nothing. */
extern void msgstore_disconnect(msgstore *ms);

/* The connection itself, which stays ours to close. */
extern PGconn *msgstore_connection(const msgstore *ms);

extern const msgstore_error *msgstore_last_error(const msgstore *ms);

/* Statements in one text, such as BEGIN; what rows they return is dropped. */
extern bool msgstore_execute(msgstore *ms, const char *sql);

/*
 * On whose behalf messages are changed from now on, where many people share
 * one role: recorded with every change and shown as changed_by; it grants
 * nothing.  NULL: nobody but the role.
 */
extern bool msgstore_set_actor(msgstore *ms, const char *actor);

/* The MAPI name of a result code; the code in hex where we know none. */
extern const char *msgstore_result_name(int32_t result);

/* ------------------------------------------------------- stores, folders */

/*
 * Find a store, or a folder below a parent folder, by its name.  "found"
 * tells whether there is one.
 */
extern bool msgstore_find_store(msgstore *ms, const char *name,
								bool *found, int64_t *store_id);
extern bool msgstore_find_folder(msgstore *ms, int64_t store_id,
								 int64_t parent_id, const char *name,
								 bool *found, int64_t *folder_id);

extern bool msgstore_create_store(msgstore *ms, const char *name,
								  int64_t *store_id);
extern bool msgstore_create_folder(msgstore *ms, int64_t store_id,
								   int64_t parent_id, const char *name,
								   int64_t *folder_id);

/* A standard folder, such as "Inbox", and the folder that it stands in. */
extern bool msgstore_special_folder(msgstore *ms, int64_t store_id,
									const char *which, int64_t *folder_id,
									int64_t *parent_id);

/* ----------------------------------------------------------------- handles */

/* Open a message.  The handle is good until closed, on this connection. */
extern bool msgstore_open_message(msgstore *ms, int64_t store_id,
								  int64_t message_id, int32_t flags,
								  int32_t *handle);

/*
 * A handle on a new message, which is nowhere until its first save.  It can
 * be edited whatever the flags, which may be 0.
 */
extern bool msgstore_create_message(msgstore *ms, int64_t store_id,
									int64_t folder_id, int32_t flags,
									int32_t *handle);

extern bool msgstore_message_id(msgstore *ms, int32_t handle,
								int64_t *message_id);

/*
 * What the handle shows: its base and its own pending edits.  tags ends with
 * NULL; tags itself NULL asks for all.  Returns NULL on error.
 */
extern char *msgstore_get_props(msgstore *ms, int32_t handle,
								const char *const *tags);

/* Edit: a JSON object of properties to set; null deletes.  Stores nothing. */
extern bool msgstore_set_props(msgstore *ms, int32_t handle,
							   const char *props);

/* Edit: properties to delete, present or not; tags ends with NULL. */
extern bool msgstore_delete_props(msgstore *ms, int32_t handle,
								  const char *const *tags);

/*
 * Save the pending edits, all or none.  MAPI_E_OBJECT_CHANGED: somebody saved
 * the message since this handle read it; nothing is stored, the handle and
 * its edits are as they were.
 */
extern bool msgstore_save_changes(msgstore *ms, int32_t handle, int32_t flags,
								  int32_t *result);

/* Save what the handle shows over whatever was saved meanwhile. */
extern bool msgstore_force_save(msgstore *ms, int32_t handle,
								int32_t *result);

/* Drop the pending edits; show the message as it is now. */
extern bool msgstore_refresh(msgstore *ms, int32_t handle);

/* Close the handle; its pending edits are gone. */
extern bool msgstore_close_object(msgstore *ms, int32_t handle);

/* ------------------------------------------------------ inside of messages */

/*
 * The calls above take handles on attachments and embedded messages, too.
 * Saving one folds it into the edits of the handle it was opened on; only
 * saving the message stores anything, and only that can be refused.
 */

/*
 * Edit the recipients, a JSON array of objects.  Flags 0: they replace the
 * list.  MODRECIP_ADD adds them; MODRECIP_MODIFY replaces, and
 * MODRECIP_REMOVE removes, those of the same PR_ROWID.
 */
extern bool msgstore_modify_recipients(msgstore *ms, int32_t handle,
									   int32_t flags, const char *rows);

/* A handle on a new attachment of a message; its number is PR_ATTACH_NUM. */
extern bool msgstore_create_attachment(msgstore *ms, int32_t handle,
									   int32_t *attachment);

/* A handle on an attachment, or its deletion, by its PR_ATTACH_NUM. */
extern bool msgstore_open_attachment(msgstore *ms, int32_t handle,
									 int32_t attach_num, int32_t flags,
									 int32_t *attachment);
extern bool msgstore_delete_attachment(msgstore *ms, int32_t handle,
									   int32_t attach_num);

/*
 * A handle on the message that an attachment embeds.  CREATE gives the
 * attachment an empty one.
 */
extern bool msgstore_open_embedded_message(msgstore *ms, int32_t attachment,
										   int32_t flags, int32_t *message);

/* ----------------------------------------------------------------- streams */

/*
 * Any string or binary property of a handle, in pieces.  Offsets and sizes
 * are bytes, those of a string in UTF-8.  A value that get_props shows as
 * {"blob": id, "size": bytes} can be read in no other way.
 */

/* How long it is.  Raises MAPI_E_NOT_FOUND where the property is absent. */
extern bool msgstore_stream_size(msgstore *ms, int32_t handle,
								 const char *property, int64_t *size);

/*
 * At most "length" bytes from "offset" on; *got of them: fewer at the end, 0
 * past it.  They are in memory of their own, a zero behind them: free() it.
 * Returns NULL on error.
 */
extern void *msgstore_read_stream(msgstore *ms, int32_t handle,
								  const char *property, int64_t offset,
								  int64_t length, size_t *got);

/*
 * Edit: write over what is there, and past its end.  *size (may be NULL) is
 * the size afterwards.  An offset past the end is an error, and so is a piece
 * of a string that is not whole characters.
 */
extern bool msgstore_write_stream(msgstore *ms, int32_t handle,
								  const char *property, int64_t offset,
								  const void *bytes, size_t len,
								  int64_t *size);

/*
 * The mail that a message was made from, PR_INTERNET_CONTENT, in pieces.
 * Write the next piece, at the offset where the pieces before it end; *size
 * (may be NULL) is the size afterwards, 0 if the store keeps no originals.
 */
extern bool msgstore_write_original(msgstore *ms, int64_t store_id,
									int64_t message_id, int64_t offset,
									const void *bytes, size_t len,
									int64_t *size);

/*
 * Read at most "length" bytes from "offset" on; *got of them.  *bytes is in
 * memory of its own: free() it; NULL if there is no original.
 */
extern bool msgstore_read_original(msgstore *ms, int64_t store_id,
								   int64_t message_id, int64_t offset,
								   int64_t length, void **bytes, size_t *got);

/* Edit: cut a value short. */
extern bool msgstore_truncate_stream(msgstore *ms, int32_t handle,
									 const char *property, int64_t size);

/*
 * The type of a property, such as "PT_UNICODE" or "PT_BINARY", by any of its
 * spellings.  Returns NULL on error.
 */
extern char *msgstore_property_type(msgstore *ms, const char *property);

/* ------------------------------------------------------- without a handle */

/* As msgstore_get_props(), of the message as it is stored now. */
extern char *msgstore_read_message(msgstore *ms, int64_t store_id,
								   int64_t message_id,
								   const char *const *tags);

/*
 * Save changes to the version change_number.  *new_number (may be NULL) is
 * the version's number, or after a refusal the one that is current.
 */
extern bool msgstore_save_message(msgstore *ms, int64_t store_id,
								  int64_t message_id, int64_t change_number,
								  const char *changes, int32_t flags,
								  int32_t *result, int64_t *new_number);

/*
 * Create a message and save it for the first time.  message_id and
 * change_number may be NULL, and are 0 where nothing was stored.
 */
extern bool msgstore_save_new_message(msgstore *ms, int64_t store_id,
									  int64_t folder_id, const char *props,
									  int32_t flags, int32_t *result,
									  int64_t *message_id,
									  int64_t *change_number);

/* --------------------------------------------------------------- conflicts */

/*
 * A property that others or this client changed since the version its edits
 * stand on.  The three values are JSON texts, NULL where the property is
 * absent.  Who, when, with which application_name and in which version is
 * the last of the others' changes: NULL and 0 where only this client changed
 * it, or where it is one of the bodies and the others changed another one.
 */
typedef struct msgstore_difference
{
	const char *property;
	const char *base;
	const char *theirs;			/* what is stored now */
	const char *yours;			/* what this client would save */
	const char *side;			/* "both", "theirs" or "yours" */
	const char *changed_by;		/* the actor where set, else the role */
	const char *changed_at;		/* "2026-11-20T14:05:33.123456Z" */
	const char *client;			/* application_name */
	int64_t		change_number;
} msgstore_difference;

/* One piece of memory: msgstore_free_conflict(), which NULL does not hurt. */
typedef struct msgstore_conflict_report
{
	int			count;			/* 0: nobody else has changed the message */
	const msgstore_difference *differences;
	PGresult   *owner;			/* of the texts; not for you */
} msgstore_conflict_report;

/*
 * What stands against a handle's save.  Large values come as {"bytes": n,
 * "begins": "..."}, or as they are if whole.  Stores nothing, and works
 * whether or not a save was refused.  Returns NULL on error.
 */
extern msgstore_conflict_report *msgstore_conflict(msgstore *ms,
												   int32_t handle,
												   bool whole);
extern void msgstore_free_conflict(msgstore_conflict_report *report);

/*
 * Settle a conflict.  KEEP_ORIGINAL drops the edits and shows the message as
 * it is now; OVERWRITE saves what the handle shows, with "seen" only if that
 * is still the current version; SAVE_ELSEWHERE makes a new message of it in a
 * folder (0: the store's Conflicts) and lets the handle stand there; MERGE
 * saves the edits into the current version, if nobody else has changed the
 * same properties.  folder_id goes with SAVE_ELSEWHERE, seen with OVERWRITE;
 * elsewhere, and where not meant, they are 0.
 *
 * *result other than S_OK: nothing is stored, the handle is as it was.
 */
extern bool msgstore_resolve_conflict(msgstore *ms, int32_t handle,
									  const char *choice, int64_t folder_id,
									  int64_t seen, int32_t *result);

/*
 * Save what a handle shows as a new message, whatever became of the original.
 * Original and handle stay as they are.
 */
extern bool msgstore_save_as(msgstore *ms, int32_t handle, int64_t folder_id,
							 int64_t *message_id);

/*
 * The same for who holds a change number and changes instead of a handle, as
 * with save_message.  *in_message (may be NULL) is where the outcome stands:
 * the message, or the new one after SAVE_ELSEWHERE; *new_number (may be NULL)
 * its version, or after a refusal the current one, 0 where there is none.
 */
extern msgstore_conflict_report *
msgstore_message_conflict(msgstore *ms, int64_t store_id, int64_t message_id,
						  int64_t change_number, const char *changes,
						  bool whole);
extern bool msgstore_resolve_message_conflict(msgstore *ms, int64_t store_id,
											  int64_t message_id,
											  int64_t change_number,
											  const char *changes,
											  const char *choice,
											  int64_t folder_id, int64_t seen,
											  int32_t *result,
											  int64_t *in_message,
											  int64_t *new_number);

/* ------------------------------------------------------------------ drafts */

/*
 * Store a handle's edits, and the version they stand on, as a draft of the
 * current role; the handle stays open.  A handle that was resumed is parked
 * where it came from.
 */
extern bool msgstore_park(msgstore *ms, int32_t handle, int64_t *parked_id);

/*
 * A handle with the edits of a parked draft, on the version they stand on.
 * The draft stays until that handle saves.
 */
extern bool msgstore_resume(msgstore *ms, int64_t store_id,
							int64_t parked_id, int32_t *handle);

/* Throw a parked draft away. */
extern bool msgstore_discard_parked(msgstore *ms, int64_t store_id,
									int64_t parked_id);

/* A draft that the current role has parked. */
typedef struct msgstore_draft
{
	int64_t		parked_id;
	int64_t		message_id;		/* for a new message the id it is to get */
	int64_t		change_number;	/* the version it stands on; 0: is new */
	const char *subject;		/* if the draft changes it, else NULL */
	const char *properties;		/* what it changes: JSON array of names */
	const char *actor;			/* msgstore.actor, or NULL */
	const char *client;			/* application_name, or NULL */
	const char *parked_at;
} msgstore_draft;

typedef struct msgstore_draft_list
{
	int			count;
	const msgstore_draft *drafts;
	PGresult   *owner;			/* of the texts; not for you */
} msgstore_draft_list;

/*
 * The role's drafts of a message (0: of all messages of the store), in order
 * of their numbers.  Returns NULL on error.
 */
extern msgstore_draft_list *msgstore_parked(msgstore *ms, int64_t store_id,
											int64_t message_id);
extern void msgstore_free_parked(msgstore_draft_list *list);

/* ----------------------------------------------------------------- history */

/* One change of a message; what is not known is NULL, or 0. */
typedef struct msgstore_change
{
	int64_t		change_number;	/* the version it made */
	const char *kind;			/* "create", "save", "force", "merge", "move",
								 * "delete", "restore", "hard delete" */
	const char *changed_by;		/* the actor where set, else the role */
	const char *role;
	const char *actor;
	const char *client;
	const char *changed_at;
	const char *properties;		/* JSON array of names */
	int64_t		previous;		/* the version it replaced */
	int64_t		base_change_number; /* the version its client had */
} msgstore_change;

typedef struct msgstore_change_list
{
	int			count;
	const msgstore_change *changes; /* oldest first */
	PGresult   *owner;			/* of the texts; not for you */
} msgstore_change_list;

/* Who changed a message, when, and what.  Returns NULL on error. */
extern msgstore_change_list *msgstore_history(msgstore *ms, int64_t store_id,
											  int64_t message_id);
extern void msgstore_free_history(msgstore_change_list *list);

/*
 * A message as it was in a version, deleted or not; all of its properties.
 * Returns NULL on error: MAPI_E_UNABLE_TO_COMPLETE for what is not in its
 * history, because it was pruned or never was a version of it.
 */
extern char *msgstore_message_at(msgstore *ms, int64_t store_id,
								 int64_t message_id, int64_t change_number);

/*
 * Save what an older version held, over change_number, as save_message
 * would: refused if that is not the current version any more.
 */
extern bool msgstore_restore_version(msgstore *ms, int64_t store_id,
									 int64_t message_id, int64_t version,
									 int64_t change_number, int32_t *result,
									 int64_t *new_number);

/* ------------------------------------------------------------------- place */

/*
 * Delete messages (so that they can be restored, unless by
 * DELETE_HARD_DELETE), restore them, or move them to another folder of their
 * store.  Whoever has one open learns of it at save.  Where some are missing
 * the others are done, and *result is MAPI_W_PARTIAL_COMPLETION.
 *
 * if_change_number, for one message: only if that is its version still, else
 * *result is MAPI_E_OBJECT_CHANGED.  0 asks for nothing.
 */
extern bool msgstore_delete_messages(msgstore *ms, int64_t store_id,
									 const int64_t *message_ids, int count,
									 int32_t flags, int64_t if_change_number,
									 int32_t *result);
extern bool msgstore_restore_messages(msgstore *ms, int64_t store_id,
									  const int64_t *message_ids, int count,
									  int32_t *result);
extern bool msgstore_move_messages(msgstore *ms, int64_t store_id,
								   const int64_t *message_ids, int count,
								   int64_t folder_id,
								   int64_t if_change_number,
								   int32_t *result);

#ifdef __cplusplus
}
#endif

#endif							/* LIBMSGSTORE_H */
