/*-------------------------------------------------------------------------
 *
 * libmsgstore.h
 *	  The functions of the extension msgstore, as C calls over libpq.  Includes
 *	  libmsgstore_many.h, which has the calls about many messages.
 *
 *	  Connect, open a message, edit the message and save the edits:
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
 *	  Outcomes.  A call returns true, or a pointer other than NULL, if the
 *	  server carried out the statement.  Otherwise an error was raised, or the
 *	  connection failed, or the server's answer was not of the form that the
 *	  call expects: msgstore_last_error() describes the error, and the caller's
 *	  variables are as they were.  The outcome of a save is no error
 *	  but a result code: MSGSTORE_S_OK, MSGSTORE_E_OBJECT_CHANGED and so on.
 *	  Negative codes are failures.
 *
 *	  Texts.  All texts are in UTF-8.  Properties travel as JSON: an object
 *	  from property names to values, as the extension's documentation describes
 *	  them.  A name can be any spelling of a property, such as "PR_SUBJECT",
 *	  "PidTagSubject" or "0x0037001F".  Binary values are base64.  Times are
 *	  texts in UTC: "2026-11-20T14:05:33.123456Z".
 *
 *	  Memory.  Texts and bytes that a call returns as char * or void * are the
 *	  caller's, who frees them with free().  A list or a report has a function
 *	  that frees it.  Arguments are read during the call only.
 *
 *	  Numbers.  Ids and change numbers are above 0.  A change number names a
 *	  version of a message; compare change numbers only for equality.  A handle
 *	  is valid on the connection that opened the handle, until it is closed or
 *	  the transaction that opened it is rolled back.
 *
 *	  Threads.  Use a connection in one thread at a time.
 *
 *	  Transactions.  A call is one statement, and takes part in a transaction
 *	  that is open on the connection.  Other statements, BEGIN and COMMIT among
 *	  them, go over msgstore_connection() or msgstore_execute().
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

/* Result codes that a client meets; the server has more of them. */
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

/* Results of the calls that import, from store to store */
#define MSGSTORE_SYNC_W_CLIENT_CHANGE_NEWER	((int32_t) 0x00040821)
#define MSGSTORE_SYNC_E_OBJECT_DELETED		((int32_t) 0x80040800)
#define MSGSTORE_SYNC_E_IGNORE				((int32_t) 0x80040801)
#define MSGSTORE_SYNC_E_CONFLICT			((int32_t) 0x80040802)
#define MSGSTORE_SYNC_E_NO_PARENT			((int32_t) 0x80040803)
#define MSGSTORE_SYNC_E_CYCLE				((int32_t) 0x80040804)

/*
 * Flags of msgstore_open_message(), msgstore_open_attachment() and
 * msgstore_open_embedded_message().  Without a flag a handle is read-only.
 * MODIFY makes a handle read/write, or raises MAPI_E_NO_ACCESS; BEST_ACCESS
 * makes it read/write if that is permitted.  SHOW_SOFT_DELETES, which is for
 * messages only, opens a deleted message, read-only.
 */
#define MSGSTORE_MODIFY						0x1
#define MSGSTORE_SHOW_SOFT_DELETES			0x2
#define MSGSTORE_BEST_ACCESS				0x10

/* Flag of msgstore_open_embedded_message() */
#define MSGSTORE_CREATE						0x2

/* Flags of msgstore_modify_recipients(); one of them, or 0 */
#define MSGSTORE_MODRECIP_ADD				0x2
#define MSGSTORE_MODRECIP_MODIFY			0x4
#define MSGSTORE_MODRECIP_REMOVE			0x8

/*
 * Flags of msgstore_save_changes(), msgstore_save_message() and
 * msgstore_save_new_message().  KEEP_OPEN_READONLY makes the handle read-only
 * after the save, unless KEEP_OPEN_READWRITE is given, too.  FORCE_SAVE does
 * what msgstore_force_save() does.  PARK_REFUSED stores the edits of a refused
 * save as a draft.
 */
#define MSGSTORE_KEEP_OPEN_READONLY			0x1
#define MSGSTORE_KEEP_OPEN_READWRITE		0x2
#define MSGSTORE_FORCE_SAVE					0x4
#define MSGSTORE_PARK_REFUSED				0x00010000

/* Flag of msgstore_delete_messages() */
#define MSGSTORE_DELETE_HARD_DELETE			0x10

/* Flags of msgstore_set_read_flags(); one of them, or 0 */
#define MSGSTORE_SUPPRESS_RECEIPT			0x1
#define MSGSTORE_CLEAR_READ_FLAG			0x4
#define MSGSTORE_GENERATE_RECEIPT_ONLY		0x10

/* Choices of msgstore_resolve_conflict() */
#define MSGSTORE_KEEP_ORIGINAL				"KEEP_ORIGINAL"
#define MSGSTORE_OVERWRITE					"OVERWRITE"
#define MSGSTORE_SAVE_ELSEWHERE				"SAVE_ELSEWHERE"
#define MSGSTORE_MERGE						"MERGE"
#define MSGSTORE_MERGE_TEXT					"MERGE_TEXT"

typedef struct msgstore msgstore;

/*
 * The last error of a connection, valid until the next call on the connection.
 * No member is NULL; a member that the error does not have is "".  sqlstate is
 * "" if the server did not raise the error: no connection, no memory.  The
 * SQLSTATE of a MAPI error is "MA" and the last three hex digits of its code,
 * and its detail begins with the name of the code.
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
 * Connect, with arrays of libpq's keywords and values that end with NULL, or
 * with a connection string or URI.  Missing parameters come from PGHOST and
 * the other variables of libpq.  The value of "dbname" may be a connection
 * string.  Sets the client encoding to UTF8, and puts the extension's schema
 * in front of search_path.
 *
 * Returns NULL only if there is no memory.  Otherwise call
 * msgstore_connected(); if it returns false, msgstore_last_error() has the
 * reason.  End with msgstore_disconnect() in both cases.
 */
extern msgstore *msgstore_connect(const char *const *keywords,
								  const char *const *values);
extern msgstore *msgstore_connect_uri(const char *conninfo);

/*
 * Connect as msgstore_connect() does, with a function for the notices of the
 * server, from the first of them on.  Without such a function libpq prints
 * notices on stderr as they are, with control characters that a server may
 * have put in.
 */
extern msgstore *msgstore_connect_noticed(const char *const *keywords,
										  const char *const *values,
										  PQnoticeProcessor notice,
										  void *arg);

/* Return true if the connection was made and has not broken since. */
extern bool msgstore_connected(const msgstore *ms);

/* Close the connection and its handles, and free the memory.  NULL is fine. */
extern void msgstore_disconnect(msgstore *ms);

/* Return libpq's connection, which msgstore_disconnect() closes. */
extern PGconn *msgstore_connection(const msgstore *ms);

/* Return the error of the last call; after a success its texts are "". */
extern const msgstore_error *msgstore_last_error(const msgstore *ms);

/* Run statements in one text, such as BEGIN; rows are discarded. */
extern bool msgstore_execute(msgstore *ms, const char *sql);

/*
 * Run a query of the caller's own, with up to 7 parameters as texts (NULL
 * stands for SQL's NULL), and check its answer.  "form" describes the answer.
 * Its first character is the number of rows: '1' for one row, '?' for at most
 * one, '*' for any number.  A letter per column follows: t for a text or a
 * name, j for JSON, n for a bigint from 0 to below 2^53, b for a boolean ("t"
 * or "f"), v for void; '?' behind a letter permits NULL.  For example, "*nt?"
 * is the form of
 *
 *		SELECT message_id, subject FROM msgstore.message_list
 *
 * Returns the result, which the caller clears with PQclear(); NULL on error,
 * and an answer of another form is an error.
 */
extern PGresult *msgstore_query(msgstore *ms, const char *form,
								const char *sql, int n,
								const char *const *values);

/*
 * Return a value of such a result: a text, NULL for SQL's NULL; or a number, 0
 * for SQL's NULL.
 */
extern const char *msgstore_text_at(const PGresult *res, int row, int column);
extern int64_t msgstore_number_at(const PGresult *res, int row, int column);

/*
 * Set the person who makes the changes of this connection from now on, for
 * programs that serve many people with one role.  The history records the
 * actor, and shows the actor as changed_by; the actor has no rights.  NULL
 * sets no actor, so that changed_by is the role.
 */
extern bool msgstore_set_actor(msgstore *ms, const char *actor);

/*
 * Return the MAPI name of a result code, in constant memory.  The name of a
 * code that is not defined above is its number in hex, valid until the next
 * such call in this thread.
 */
extern const char *msgstore_result_name(int32_t result);

/* ------------------------------------------------------- stores, folders */

/*
 * Find a store that the role may use, or a folder directly below a parent, by
 * its name.  If *found is false, there is no such store or folder, and the id
 * is as it was.
 */
extern bool msgstore_find_store(msgstore *ms, const char *name,
								bool *found, int64_t *store_id);
extern bool msgstore_find_folder(msgstore *ms, int64_t store_id,
								 int64_t parent_id, const char *name,
								 bool *found, int64_t *folder_id);

/*
 * Create a store that belongs to the current role, or a folder below a parent.
 * A name that is taken raises MAPI_E_COLLISION, SQLSTATE "MA604".
 */
extern bool msgstore_create_store(msgstore *ms, const char *name,
								  int64_t *store_id);
extern bool msgstore_create_folder(msgstore *ms, int64_t store_id,
								   int64_t parent_id, const char *name,
								   int64_t *folder_id);

/*
 * Find a standard folder and its parent: "Root", "Inbox", "Outbox",
 * "Sent Items", "Deleted Items", "Drafts" or "Conflicts".  The parent of the
 * root is 0.
 */
extern bool msgstore_special_folder(msgstore *ms, int64_t store_id,
									const char *which, int64_t *folder_id,
									int64_t *parent_id);

/* ----------------------------------------------------------------- handles */

/*
 * Open the newest version of a message.  An unknown or deleted message raises
 * MAPI_E_NOT_FOUND, SQLSTATE "MA10F".  Opening locks nothing.
 */
extern bool msgstore_open_message(msgstore *ms, int64_t store_id,
								  int64_t message_id, int32_t flags,
								  int32_t *handle);

/*
 * Get a read/write handle on a new message in a folder.  Nobody else sees the
 * message before its first save.  The flags are those of
 * msgstore_open_message(), and may be 0.
 */
extern bool msgstore_create_message(msgstore *ms, int64_t store_id,
									int64_t folder_id, int32_t flags,
									int32_t *handle);

/* Get the id of a handle's message; a new message has its id already. */
extern bool msgstore_message_id(msgstore *ms, int32_t handle,
								int64_t *message_id);

/*
 * Return the properties that a handle shows, as a JSON object: the version
 * that the handle has read, with the handle's pending edits.  tags is an array
 * of names that ends with NULL; if tags itself is NULL, the object has all
 * properties.  Absent properties are left out.  A large value is a reference,
 * {"blob": id, "size": bytes}; see msgstore_read_stream().  Returns NULL on
 * error.
 */
extern char *msgstore_get_props(msgstore *ms, int32_t handle,
								const char *const *tags);

/*
 * Edit: set the properties of a JSON object, all or none; null deletes.  The
 * edits are pending, and nothing is stored before a save.
 */
extern bool msgstore_set_props(msgstore *ms, int32_t handle,
							   const char *props);

/*
 * Edit: delete properties, which may be absent.  tags is an array of names
 * that ends with NULL.
 */
extern bool msgstore_delete_props(msgstore *ms, int32_t handle,
								  const char *const *tags);

/*
 * Save the pending edits, all or none.  *result is MSGSTORE_S_OK, or the
 * reason why nothing is stored; then the handle and its edits are as they
 * were.  MSGSTORE_E_OBJECT_CHANGED: another save has changed the message since
 * the handle read the message.  MSGSTORE_E_OBJECT_DELETED: the message, or the
 * folder of a new message, was deleted.
 */
extern bool msgstore_save_changes(msgstore *ms, int32_t handle, int32_t flags,
								  int32_t *result);

/*
 * Save the message as the handle shows it, even over changes of others.  The
 * version that is replaced stays in the history.
 */
extern bool msgstore_force_save(msgstore *ms, int32_t handle,
								int32_t *result);

/* Drop the pending edits, and move the handle to the newest version. */
extern bool msgstore_refresh(msgstore *ms, int32_t handle);

/* Close a handle, and drop its pending edits. */
extern bool msgstore_close_object(msgstore *ms, int32_t handle);

/* ------------------------------------------------------ inside of messages */

/*
 * Calls that read, edit, save or close a handle take handles on attachments
 * and embedded messages, too.  Saving such a handle adds its edits to the
 * pending edits of the handle that it was opened on.  Only a save of the
 * message itself stores anything, and can answer MSGSTORE_E_OBJECT_CHANGED.
 */

/*
 * Edit the recipients of a message.  rows is a JSON array of objects, one per
 * recipient.  Flags 0: the rows replace the whole list.  MODRECIP_ADD adds
 * rows, which have no PR_ROWID; MODRECIP_MODIFY replaces the recipients of the
 * given PR_ROWIDs, and MODRECIP_REMOVE removes them.
 */
extern bool msgstore_modify_recipients(msgstore *ms, int32_t handle,
									   int32_t flags, const char *rows);

/* Get a handle on a new attachment of a message; it has a PR_ATTACH_NUM. */
extern bool msgstore_create_attachment(msgstore *ms, int32_t handle,
									   int32_t *attachment);

/* Get a handle on an attachment, or delete it, by its PR_ATTACH_NUM. */
extern bool msgstore_open_attachment(msgstore *ms, int32_t handle,
									 int32_t attach_num, int32_t flags,
									 int32_t *attachment);
extern bool msgstore_delete_attachment(msgstore *ms, int32_t handle,
									   int32_t attach_num);

/*
 * Get a handle on the message that an attachment embeds.  attachment is a
 * handle.  MSGSTORE_CREATE gives the attachment an empty message if it embeds
 * no message yet.
 */
extern bool msgstore_open_embedded_message(msgstore *ms, int32_t attachment,
										   int32_t flags, int32_t *message);

/* ----------------------------------------------------------------- streams */

/*
 * Streams read and write a string or binary property of a handle in pieces,
 * without base64.  Offsets and sizes are in bytes; a string is UTF-8.  A value
 * that msgstore_get_props() returns as {"blob": id, "size": bytes} can only be
 * read as a stream.
 */

/*
 * Get the size of a value.  An absent property raises MAPI_E_NOT_FOUND,
 * SQLSTATE "MA10F".
 */
extern bool msgstore_stream_size(msgstore *ms, int32_t handle,
								 const char *property, int64_t *size);

/*
 * Return up to "length" bytes of a value, from "offset" on, and set *got to
 * their number, which is less at the end and 0 behind it.  A zero byte, which
 * *got does not count, follows the bytes.  Returns NULL on error.
 */
extern void *msgstore_read_stream(msgstore *ms, int32_t handle,
								  const char *property, int64_t offset,
								  int64_t length, size_t *got);

/*
 * Edit: write at most INT_MAX bytes over a value, and past its end.  offset
 * must not exceed the size.  A piece of a string must consist of whole
 * characters.
 */
extern bool msgstore_write_stream(msgstore *ms, int32_t handle,
								  const char *property, int64_t offset,
								  const void *bytes, size_t len);

/* Edit: cut a value to a size. */
extern bool msgstore_truncate_stream(msgstore *ms, int32_t handle,
									 const char *property, int64_t size);

/*
 * Return the type of a property, such as "PT_UNICODE" or "PT_BINARY", by any
 * of its spellings.  Returns NULL on error.
 */
extern char *msgstore_property_type(msgstore *ms, const char *property);

/*
 * The mail that a message was made from, PR_INTERNET_CONTENT, in pieces.
 *
 * Write the next piece, at most INT_MAX bytes.  *size is the size of the
 * pieces before, 0 at first, and is set to the size with this piece.  *size
 * stays 0 if the store keeps no originals.
 */
extern bool msgstore_write_original(msgstore *ms, int64_t store_id,
									int64_t message_id, const void *bytes,
									size_t len, int64_t *size);

/*
 * Return up to "length" bytes from "offset" on, as msgstore_read_stream()
 * does.  A message without an original has no bytes.
 */
extern void *msgstore_read_original(msgstore *ms, int64_t store_id,
									int64_t message_id, int64_t offset,
									int64_t length, size_t *got);

/* ------------------------------------------------------- without a handle */

/*
 * Return the properties of the newest version of a message, as
 * msgstore_get_props() does.  PidTagChangeNumber is the number of the version.
 */
extern char *msgstore_read_message(msgstore *ms, int64_t store_id,
								   int64_t message_id,
								   const char *const *tags);

/* A save; members may be 0 or NULL. */
typedef struct msgstore_save
{
	int64_t		store_id;
	int64_t		message_id;		/* the message to change */
	int64_t		change_number;	/* the version that the changes stand on */
	int64_t		folder_id;		/* the folder of a new message */
	const char *changes;		/* JSON, as for msgstore_set_props() */
	int32_t		flags;			/* as for msgstore_save_changes() */
	const char *request;		/* any name of the save: a repeated save of
								 * this name answers as the first one did */
	const char *actor;			/* NULL: that of msgstore_set_actor() */
} msgstore_save;

/* The outcome of a save, or of another call that may make a version. */
typedef struct msgstore_saved
{
	int32_t		result;
	int64_t		message_id;
	int64_t		change_number;
} msgstore_saved;

/*
 * Save changes to a version of a message.  The result is as of
 * msgstore_save_changes().  The change number of the outcome is the number of
 * the new version, or after a refusal the number of the current version, 0 if
 * the message was deleted for good.
 */
extern bool msgstore_save_message(msgstore *ms, const msgstore_save *save,
								  msgstore_saved *saved);

/*
 * Create a message in a folder and save the message for the first time.  If
 * nothing is stored, the message id and the change number are 0.
 */
extern bool msgstore_save_new_message(msgstore *ms, const msgstore_save *save,
									  msgstore_saved *saved);

/* --------------------------------------------------------------- conflicts */

/*
 * A property that others or this client have changed since the version that
 * the client's edits stand on.  The three values are JSON texts, NULL if the
 * property is absent.  changed_by, changed_at, client and change_number belong
 * to the last change by others.  They are NULL and 0 if only this client
 * changed the property, and for a body if the others changed another body.
 */
typedef struct msgstore_difference
{
	const char *property;
	const char *base;			/* in the version that the edits stand on */
	const char *theirs;			/* in the newest version */
	const char *yours;			/* in the version that a save would make */
	const char *side;			/* "both", "theirs" or "yours" */
	const char *changed_by;		/* the actor if one was set, else the role */
	const char *changed_at;
	const char *client;			/* application_name */
	int64_t		change_number;
} msgstore_difference;

typedef struct msgstore_conflict_report
{
	int			count;			/* 0: nobody else has changed the message */
	const msgstore_difference *differences;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_conflict_report;

/*
 * Return the differences between a handle's edits and the newest version,
 * before or after a refused save.  Stores nothing.  Unless whole is true, a
 * large value is {"bytes": n}, with "begins" and the beginning of a text.
 * Returns NULL on error.
 */
extern msgstore_conflict_report *msgstore_conflict(msgstore *ms,
												   int32_t handle,
												   bool whole);

/* Free a report; NULL is fine. */
extern void msgstore_free_conflict(msgstore_conflict_report *report);

/*
 * Settle a conflict by one of five choices:
 *
 * MSGSTORE_KEEP_ORIGINAL: drop the edits, and move the handle to the newest
 * version.
 * MSGSTORE_OVERWRITE: save the message as the handle shows it; if seen is not
 * 0, only if seen is the number of the newest version.
 * MSGSTORE_SAVE_ELSEWHERE: make a new message of the message as the handle
 * shows it, in folder_id or, if folder_id is 0, in the folder Conflicts, and
 * move the handle to the new message.
 * MSGSTORE_MERGE: save the edits into the newest version, if nobody else has
 * changed a property of the edits to another value.
 * MSGSTORE_MERGE_TEXT: as MSGSTORE_MERGE, and merge texts that both changed
 * line by line.
 *
 * folder_id must be 0 for all choices but SAVE_ELSEWHERE, and seen must be 0
 * for all choices but OVERWRITE.  If *result is not MSGSTORE_S_OK, nothing is
 * stored, and the handle is as it was.
 */
extern bool msgstore_resolve_conflict(msgstore *ms, int32_t handle,
									  const char *choice, int64_t folder_id,
									  int64_t seen, int32_t *result);

/*
 * Return the properties and objects of lists because of which MSGSTORE_MERGE
 * would save nothing, or with by_lines MSGSTORE_MERGE_TEXT, as a JSON array of
 * names; "[]" if a merge is possible.  Returns NULL on error.
 */
extern char *msgstore_merge_obstacles(msgstore *ms, int32_t handle,
									  bool by_lines);

/*
 * Return the text that results from merging two texts that were made from one
 * base, line by line, as MSGSTORE_MERGE_TEXT does.  A conflict is put between
 * marks; *conflicts (may be NULL) is set to their number.  Returns NULL on
 * error.
 */
extern char *msgstore_merge_text(msgstore *ms, const char *base,
								 const char *theirs, const char *yours,
								 int64_t *conflicts);

/*
 * Save the message that a handle shows as a new message in a folder, also if
 * the original was changed or deleted.  Original and handle stay unchanged.
 */
extern bool msgstore_save_as(msgstore *ms, int32_t handle, int64_t folder_id,
							 int64_t *message_id);

/*
 * Report and settle the conflict of a save without a handle.  The outcome
 * names the message that has the changes: the message, or the new message of
 * SAVE_ELSEWHERE; and the version of that message, or after a refusal the
 * current version, 0 if the message was deleted for good.  The flags of the
 * save do not matter.
 */
extern msgstore_conflict_report *
msgstore_message_conflict(msgstore *ms, const msgstore_save *save, bool whole);
extern bool msgstore_resolve_message_conflict(msgstore *ms,
											  const msgstore_save *save,
											  const char *choice,
											  int64_t folder_id, int64_t seen,
											  msgstore_saved *saved);

/* ------------------------------------------------------------------ drafts */

/*
 * Store a handle's edits, and the number of the version that the edits stand
 * on, as a draft of the current role.  The handle stays open.  Parking a
 * resumed handle replaces its draft.
 */
extern bool msgstore_park(msgstore *ms, int32_t handle, int64_t *parked_id);

/*
 * Get a handle with the version and the edits of a draft.  The draft stays
 * until this handle saves.
 */
extern bool msgstore_resume(msgstore *ms, int64_t store_id,
							int64_t parked_id, int32_t *handle);

/* Delete a draft. */
extern bool msgstore_discard_parked(msgstore *ms, int64_t store_id,
									int64_t parked_id);

/* A draft of the current role. */
typedef struct msgstore_draft
{
	int64_t		parked_id;
	int64_t		message_id;		/* also of a new, unsaved message */
	int64_t		change_number;	/* its version; 0: a new message */
	const char *subject;		/* NULL: the draft does not change it */
	const char *properties;		/* JSON array of the changed names */
	const char *actor;			/* the actor, or NULL */
	const char *client;			/* application_name, or NULL */
	const char *parked_at;
} msgstore_draft;

typedef struct msgstore_draft_list
{
	int			count;
	const msgstore_draft *drafts;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_draft_list;

/*
 * Return the current role's drafts of a message, or of all messages of the
 * store if message_id is 0, in the order of their numbers.  Returns NULL on
 * error.
 */
extern msgstore_draft_list *msgstore_parked(msgstore *ms, int64_t store_id,
											int64_t message_id);

/* Free a list; NULL is fine. */
extern void msgstore_free_parked(msgstore_draft_list *list);

/* ----------------------------------------------------------------- history */

/* A change of a message; an unknown member is NULL, or 0. */
typedef struct msgstore_change
{
	int64_t		change_number;	/* the version that the change made */
	const char *kind;			/* "create", "save", "force", "merge", "move",
								 * "delete", "restore", "hard delete" */
	const char *changed_at;
	const char *changed_by;		/* the actor if one was set, else the role */
	const char *client;			/* application_name */
	const char *properties;		/* JSON array of the changed names */
	int64_t		previous;		/* the version that the change replaced */
	int64_t		base_change_number; /* the version that the client had */
	const char *role;
	const char *actor;
} msgstore_change;

typedef struct msgstore_change_list
{
	int			count;
	const msgstore_change *changes;
	PGresult   *owner;			/* has the texts; columns as members */
} msgstore_change_list;

/*
 * Return the changes of a message: all, the oldest first, if max is 0;
 * otherwise the newest ones, at most so many, the newest first.  Returns NULL
 * on error.
 */
extern msgstore_change_list *msgstore_history(msgstore *ms, int64_t store_id,
											  int64_t message_id, int max);

/* Free a list; NULL is fine. */
extern void msgstore_free_history(msgstore_change_list *list);

/*
 * Return all properties of a version of a message, which may be deleted now.
 * Returns NULL on error.  A number that is not in the message's history raises
 * MAPI_E_UNABLE_TO_COMPLETE, SQLSTATE "MA400": its version was pruned, or is
 * not a version of the message.
 */
extern char *msgstore_message_at(msgstore *ms, int64_t store_id,
								 int64_t message_id, int64_t change_number);

/*
 * Save the content of an older version over the version change_number, as
 * msgstore_save_message() does.  The result is MSGSTORE_E_OBJECT_CHANGED if
 * change_number is not the current version any more.
 */
extern bool msgstore_restore_version(msgstore *ms, int64_t store_id,
									 int64_t message_id, int64_t version,
									 int64_t change_number,
									 msgstore_saved *saved);

/* ------------------------------------------------------------------ places */

/* Some messages of a store; members may be 0 or NULL. */
typedef struct msgstore_selection
{
	int64_t		store_id;
	const int64_t *message_ids;
	int			count;
	int64_t		if_change_number;	/* for one message: only if this is still
									 * its version */
	const char *actor;			/* NULL: that of msgstore_set_actor() */
} msgstore_selection;

/*
 * Delete messages, restore deleted messages, or move messages to another
 * folder of their store.  A deleted message can be restored, unless
 * MSGSTORE_DELETE_HARD_DELETE deleted the message for good.  A client that has
 * the message open gets MSGSTORE_E_OBJECT_CHANGED or
 * MSGSTORE_E_OBJECT_DELETED at its next save.  If some of the messages are
 * missing, the call does the others, and *result is
 * MSGSTORE_W_PARTIAL_COMPLETION; if all are missing, *result is
 * MSGSTORE_E_NOT_FOUND.  If the condition of the selection does not hold,
 * *result is MSGSTORE_E_OBJECT_CHANGED, and nothing is done; to restore, there
 * must be no condition.
 */
extern bool msgstore_delete_messages(msgstore *ms,
									 const msgstore_selection *messages,
									 int32_t flags, int32_t *result);
extern bool msgstore_restore_messages(msgstore *ms,
									  const msgstore_selection *messages,
									  int32_t *result);
extern bool msgstore_move_messages(msgstore *ms,
								   const msgstore_selection *messages,
								   int64_t folder_id, int32_t *result);

/*
 * Mark messages as read, or as unread with MSGSTORE_CLEAR_READ_FLAG, for the
 * current role and actor: those of a selection without a condition, or all
 * messages of a folder if the selection has no ids.  *result is as above.
 */
extern bool msgstore_set_read_flags(msgstore *ms,
									const msgstore_selection *messages,
									int64_t folder_id, int32_t flags,
									int32_t *result);

#ifdef __cplusplus
}
#endif

#include "libmsgstore_many.h"

#endif							/* LIBMSGSTORE_H */
