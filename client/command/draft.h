/*-------------------------------------------------------------------------
 *
 * draft.h
 *	  The contracts of the files that edit messages as text:
 *
 *		form.c		a message as a text with properties, recipients and body
 *		kept.c		texts on the disk, and the editor
 *		draft.c		drafts: parked before the first attempt to save
 *		editing.c	a text in the editor, until its edits are parked
 *		blend.c		the changes of both sides of a conflict as one text
 *		revise.c	the commands edit, new and set
 *
 *-------------------------------------------------------------------------
 */
#ifndef DRAFT_H
#define DRAFT_H

#include "frame.h"

/* A connection, and the store that a command works on. */
typedef struct Session
{
	const Target *target;
	const char *application;
	msgstore   *ms;
	int64_t		store_id;
	bool		json;			/* print outcomes as JSON, and ask nothing */
} Session;

/* Connect and find the store.  Returns false after printing an error. */
extern bool session_begin(Session *session, const Target *target,
						  const char *application);
extern void session_end(Session *session);

/* Return the option --store for a command that is shown, or "". */
extern char *session_store_option(const Target *target);

/* Return true if the last call has failed because the connection is lost. */
extern bool session_lost(const Session *session);

/*
 * Connect anew after the connection was lost.  Returns false after printing
 * an error, and if the connection is not lost.
 */
extern bool session_again(Session *session);

/* ------------------------------------------------------------------- ask.c */

/* Return a line from stdin, without its line end; NULL at the end of stdin. */
extern char *ask_line(void);

/* Ask until the answer is yes or no; the end of stdin is no. */
extern bool ask_yes(const char *question);

/* ------------------------------------------------------------------ form.c */

/* The properties of a message, and how its text shows them. */
typedef struct Form Form;

/*
 * Make a form of the properties of a version, which it takes over; an empty
 * object is that of a new message.  Returns NULL after printing an error.
 */
extern Form *form_new(msgstore *ms, json_t *props);
extern void form_free(Form *form);

/*
 * Return the text of the form.  "edits" is a patch to be shown instead of the
 * values of the version, or NULL.  "first" is the first line, a comment, with
 * which the text is one to be edited; or NULL.
 */
extern char *form_text(const Form *form, const json_t *edits,
					   const char *first);

/* An error in a text. */
typedef struct FormError
{
	int			line;			/* from 1 on */
	char	   *text;
} FormError;

/*
 * Return the patch that turns the version into a text.  Returns NULL if the
 * text has an error; the caller frees error->text.
 */
extern json_t *form_patch(const Form *form, msgstore *ms, const char *text,
						  FormError *error);

/* Return the line that sets a property, or 1. */
extern int	form_line_of(const char *text, const char *property);

/*
 * Add KEY=VALUE or KEY:=JSON to a patch.  Returns false after printing an
 * error.
 */
extern bool form_assign(msgstore *ms, json_t *patch, const char *argument);

/* ------------------------------------------------------------------ kept.c */

/* The subject of a text on the disk, as its first line names it. */
typedef struct KeptText
{
	char	   *path;
	char	   *store;
	int64_t		message_id;		/* 0: a new message */
	int64_t		change_number;
	int64_t		folder_id;		/* of a new message */
} KeptText;

extern void kept_free(KeptText *kept);

/* Return the first line of such a text. */
extern char *kept_first_line(const KeptText *kept);

/*
 * Write a text to a new file of the user, or over the file kept->path.
 * Returns false after printing an error.
 */
extern bool kept_write(KeptText *kept, const char *text);

/* Read such a file.  Returns NULL after printing an error. */
extern char *kept_read(const char *path);

/* Read the first line of a text.  Returns NULL if it is not such a text. */
extern KeptText *kept_of_text(const char *path, const char *text);

/* Return the texts of a store that were kept, as KeptText *. */
extern GPtrArray *kept_list(const char *store);

/* Remove the file. */
extern void kept_remove(const KeptText *kept);

/*
 * Let the user edit a file, at a line.  Returns false after printing an error
 * if the editor failed.
 */
extern bool kept_edit(const KeptText *kept, int line);

/*
 * Run a command of the shell with arguments, and wait for its end, while this
 * program ignores Ctrl-C, which is meant for the command.  Returns its exit
 * code, or -1.
 */
extern int	kept_run_shell(const char *command, char *const *args, int nargs);

/* ----------------------------------------------------------------- draft.c */

/* Edits of a message that are on their way into the store. */
typedef struct Draft
{
	int64_t		message_id;		/* 0: a new message */
	int64_t		change_number;
	int64_t		folder_id;		/* of a new message */
	json_t	   *patch;
	int64_t		parked_id;		/* 0 until it is parked */
	int64_t		new_id;			/* of a new message that is parked */
	char	   *request;		/* see draft_save() */
	int64_t		from_id;		/* the draft that it goes on with, or 0 */
	char	   *from_parked_at;
	const char *refusal;		/* of DRAFT_CONFLICT: OBJECT_CHANGED ... */
} Draft;

/* The outcome of a command that edits a message. */
typedef struct Outcome
{
	const char *outcome;		/* "saved", "unchanged", "parked", "kept" */
	const char *result;			/* of a save; or NULL */
	int64_t		message_id;		/* 0: none yet */
	int64_t		change_number;
	int64_t		parked_id;
	const char *path;			/* of a text that is kept; or NULL */
} Outcome;

/*
 * Print an outcome as a line of JSON if the session asks for that; otherwise
 * print nothing and return false.
 */
extern bool outcome_print(const Session *session, const Outcome *outcome);

extern void draft_init(Draft *draft);
extern void draft_clear(Draft *draft);

/*
 * Park the edits, as a new draft; then the draft that they go on with is
 * discarded, unless somebody has parked it again.  Connects anew if the
 * connection is lost.  Returns false on an error, with the last error set.
 */
extern bool draft_park(Session *session, Draft *draft);

/*
 * Save the edits of a parked draft and discard the draft, in one transaction,
 * and print the outcome.  If the connection is lost, connects anew and tries
 * again; the request makes sure that nothing is saved twice.  Returns an exit
 * code, or DRAFT_CONFLICT if others have saved or deleted the message, about
 * which nothing is printed.
 */
#define DRAFT_CONFLICT	(-1)
extern int	draft_save(Session *session, Draft *draft);

/* --------------------------------------------------------------- editing.c */

/* A message that is being edited. */
typedef struct Editing
{
	Session		session;
	Draft		draft;
	KeptText	kept;
	Form	   *form;
	json_t	   *edits;			/* of a draft that goes on; or NULL */
	char	   *text;			/* of a kept text that goes on; or NULL */
	bool		has_marks;		/* marks of conflicts must be removed */
	GString    *comments;		/* more lines before the text; or NULL */
} Editing;

/* Free what an Editing has, and close its connection. */
extern void editing_end(Editing *editing);

/* Print the last error of the session.  Returns EXIT_TROUBLE. */
extern int	editing_trouble(const Editing *editing, const char *doing);

/*
 * Read the version that the edits stand on: draft.change_number, or the newest
 * if that is 0.  Returns -1 to go on, or an exit code.
 */
extern int	editing_read_base(Editing *editing);

/*
 * Let the user edit the text, again after an error, until its edits are
 * parked.  Returns -1 then; otherwise an exit code.
 */
extern int	editing_run(Editing *editing);

/* ----------------------------------------------------------------- blend.c */

/*
 * Set editing->edits to the changes of both sides of a conflict: a patch on the
 * newest version, whose properties "theirs" are.  The handle has the edits of
 * the draft.  Returns false after printing an error.
 */
extern bool blend(Editing *editing, int32_t handle, json_t *theirs);

#endif							/* DRAFT_H */
