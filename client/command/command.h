/*-------------------------------------------------------------------------
 *
 * command.h
 *	  The contracts of the files of the command "msgstore":
 *
 *		import.c	from mail to a store
 *		batch.c		saves mail in batches
 *		params.c	the values of a mail as parameters
 *		export.c	from a store to mail
 *		large.c		messages with large values, in pieces
 *		resolve.c	settles the conflict of a parked draft
 *		print.c		prints: the only file that does
 *		show.c		from any text to a text that is safe to print
 *		diff.c		the lines that differ between two texts
 *		session.c	connections, errors
 *		folder.c	the names of folders
 *
 * NOTES
 *	  Memory is GLib's, as in mail.h: the caller frees a returned char * with
 *	  g_free(), and the program ends when memory runs out.
 *
 *	  A text that show_safe() or show_safe_lines() returned is called safe.
 *
 *	  How to print.  Use print_out() and print_err() for texts, print_error()
 *	  for errors of the command, session_print_error() for those of a call,
 *	  print_json() and print_bytes() for the programs that read the output.  They
 *	  can be given any text.  A text of others that is to be one line, or part
 *	  of a line, passes through show_safe(), show_name() or show_fit() first,
 *	  so that it cannot forge another line.
 *
 *	  How to ask.  Use the calls of libmsgstore, or msgstore_query() for a
 *	  query without a call: an answer of another form is an error then.  Do not
 *	  call PQexec() and the like.
 *
 *-------------------------------------------------------------------------
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <jansson.h>

#include "libmsgstore.h"

/* The server and the store that a command works on, from the command line. */
typedef struct Target
{
	const char *dbname;			/* NULL, as the next three: libpq's default */
	const char *host;
	const char *port;
	const char *username;
	const char *actor;			/* msgstore.actor, or NULL */
	const char *store;
	bool		store_is_default;	/* from MSGSTORE_STORE */
} Target;

/*
 * Exit codes of all commands: everything is done; something was refused, or is
 * left as it was; nothing, or not everything, could be done (usage,
 * connection, an error of the server); there was nothing to do.
 */
#define EXIT_DONE		0
#define EXIT_REFUSED	1
#define EXIT_TROUBLE	2
#define EXIT_NOTHING	3

/* --------------------------------------------------------------- session.c */

/*
 * Connect.  Returns NULL after printing an error.  session_connect_anyhow()
 * accepts a database without the extension.
 */
extern msgstore *session_connect_anyhow(const Target *target,
										const char *application);
extern msgstore *session_connect(const Target *target,
								 const char *application);

/* Print the last error on stderr; "doing" is the failed action. */
extern void session_print_error(const msgstore *ms, const char *doing);

/* Print an error in the same form. */
extern void session_print_text(const msgstore_error *error,
							   const char *doing);

/*
 * Find the store that a command works on.  Returns false after printing an
 * error.
 */
extern bool session_find_store(msgstore *ms, const char *name,
							   int64_t *store_id);

/*
 * Run a query with two numbers as its parameters, and return its only value, a
 * text.  Returns NULL if the query fails, or returns no value.
 */
extern char *session_text(msgstore *ms, const char *sql, int64_t one,
						  int64_t two);

/* ---------------------------------------------------------------- folder.c */

/* The one way to name a folder, for the help of commands. */
#define FOLDER_NOTES \
	"FOLDER is a path from the root of the store, such as Inbox or " \
	"Projects/2026; the id of a folder; or a standard name: Root, Inbox, " \
	"Outbox, Sent Items, Deleted Items, Drafts or Conflicts. A path of digits " \
	"only is written with a slash in front."

/*
 * Find the folder that a user names, or the Inbox if the name is NULL.
 * folder_make() creates the folders of a path that are missing.  Return false
 * after printing an error.
 */
extern bool folder_find(msgstore *ms, int64_t store_id, const char *name,
						int64_t *folder_id);
extern bool folder_make(msgstore *ms, int64_t store_id, const char *name,
						int64_t *folder_id);

/* ----------------------------------------------------------------- print.c */

/*
 * Print a formatted text on stdout or stderr.  The text is made safe after it
 * was formatted.
 */
extern void print_out(const char *format, ...) G_GNUC_PRINTF(1, 2);
extern void print_err(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* print_out() or print_err(), for a function that prints on either */
typedef void (*Printer) (const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Print "msgstore: error: ", a formatted text and a line end on stderr. */
extern void print_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/*
 * Print a line that goes with an error, "msgstore: LABEL: TEXT", on stderr;
 * nothing if the text is "".
 */
extern void print_detail(const char *label, const char *text);

/* PQnoticeProcessor: print a notice of the server on stderr. */
extern void print_notice(void *arg, const char *message);

/* Replace the line of progress on stderr, a terminal; remove the line. */
extern void print_progress(const char *format, ...) G_GNUC_PRINTF(1, 2);
extern void print_end_progress(void);

/* Write bytes to stdout, as they are.  Returns false if that fails. */
extern bool print_bytes(const void *bytes, size_t len);

/*
 * Write a value to stdout as one line of JSON, with escapes for characters
 * that have an effect on terminals.  Returns false if that fails.
 */
extern bool print_json(const json_t *value);

/*
 * Show what is printed from now on through the user's pager, if stdout is a
 * terminal, until print_end_pager() waits for the end of the pager.
 */
extern void print_begin_pager(void);
extern void print_end_pager(void);

/* Flush stdout.  Prints an error and returns false if a write has failed. */
extern bool print_flush(void);

typedef enum Colour
{
	COLOUR_HEADING,
	COLOUR_THEIRS,
	COLOUR_YOURS,
	COLOUR_BOTH,
	COLOUR_QUIET,
	COLOUR_PLAIN,
	COLOUR_OLD,
	COLOUR_NEW,
	COLOUR_OLD_MARK,			/* words that differ */
	COLOUR_NEW_MARK
} Colour;

/* The properties of stdout. */
typedef struct Screen
{
	int			columns;
	bool		colours;
} Screen;

/*
 * Set the columns and colours by stdout, COLUMNS, NO_COLOR and TERM.  Without
 * a terminal there are no colours, and 80 columns if COLUMNS is not set.
 */
extern void screen_init(Screen *screen);

/* Print a text in a colour. */
extern void screen_put(const Screen *screen, Colour colour, const char *text);

/*
 * Print a text in a colour as a paragraph, with words wrapped.  The first line
 * begins at the cursor, which is at column "indent"; the other lines are
 * indented to that column.
 */
extern void screen_paragraph(const Screen *screen, int indent, Colour colour,
							 const char *text);

/* ------------------------------------------------------------------ show.c */

/* Return a text as one line, without any effect on a terminal. */
extern char *show_safe(const char *text);

/* Return a text without any effect on a terminal but line ends. */
extern char *show_safe_lines(const char *text);

/*
 * Return a JSON text with escapes for the characters in its strings that have
 * an effect on a terminal.
 */
extern char *show_safe_json(const char *json);

/* Return the number of columns of a safe text, and of a character. */
extern int	show_columns(const char *safe);
extern int	show_char_columns(gunichar c);

/*
 * Return a safe text, cut to a number of columns if it is longer; then the
 * text ends with "ending".
 */
extern char *show_fit(const char *safe, int columns, const char *ending);

/* Return a time of libmsgstore as safe text, in local time. */
extern char *show_time(const char *iso);

/* Return a name for use in a sentence: safe, quoted, cut if it is long. */
extern char *show_name(const char *name);

/* ------------------------------------------------------------------ diff.c */

typedef struct DiffLine
{
	char		sign;			/* '-' in the first text, '+' in the second */
	unsigned	number;			/* of the line in its text, from 1 */
	const char *text;			/* points into its text */
	size_t		len;
} DiffLine;

/* Return the lines that differ, in order, as an array of DiffLine. */
extern GArray *diff_lines(const char *from, const char *to);

/* --------------------------------------------------------------- resolve.c */

typedef struct ResolveOptions
{
	Target		target;
	int64_t		message_id;		/* 0: any message that has a draft */
	int64_t		draft;			/* 0: the only draft, or ask */
	int64_t		seen;			/* for OVERWRITE; 0: no condition */
	const char *choice;			/* NULL: show the conflict and ask */
	const char *folder;			/* for SAVE_ELSEWHERE; NULL: Conflicts */
	bool		json;			/* ask nothing, and print JSON */
} ResolveOptions;

/* Settle a conflict, and print the outcome.  Returns an exit code. */
extern int	resolve_run(const ResolveOptions *options);

/* ---------------------------------------------------------------- import.c */

typedef struct ImportOptions
{
	Target		target;
	const char *folder;			/* NULL: the Inbox */
	unsigned	batch;			/* messages per transaction */
	bool		dry_run;
	bool		verbose;
	bool		no_original;	/* do not store the mail as it came */
	bool		skip_known;		/* leave out what the store has already */
	bool		follow_links;	/* also out of the paths */
	bool		json;			/* the report as JSON */
} ImportOptions;

/* Import the paths, and print a report.  Returns an exit code. */
extern int	import_run(const ImportOptions *options,
					   char *const *paths, int npaths);

/* ----------------------------------------------------------------- large.c */

/*
 * Replace every reference in a message's properties by its value, also in
 * attachments and embedded messages.  The handle shows these properties.
 * Returns false on error; then *why is the reason, in constant memory, or NULL
 * if the last error of the connection has it.
 */
extern bool large_fetch(msgstore *ms, int32_t handle, json_t *props,
						const char **why);

/*
 * Return true if a message is too large for one call, with the bytes to which
 * its properties refer.
 */
extern bool large_message(json_t *props, const GPtrArray *aside);

/*
 * Save such a message for the first time, as msgstore_save_new_message()
 * does.  The caller has begun a transaction, and rolls back after an error,
 * which removes the parts that were written.
 */
extern bool large_save(msgstore *ms, int64_t store_id, int64_t folder_id,
					   json_t *props, int32_t *result, int64_t *message_id);

/* Write the mail that a message was made from, in pieces. */
extern bool large_put_original(msgstore *ms, int64_t store_id,
							   int64_t message_id, const char *bytes,
							   size_t len);

/*
 * Read it, empty if there is none.  NULL on error; then *why (constant memory)
 * says what the server did not say, or is NULL.
 */
extern GByteArray *large_get_original(msgstore *ms, int64_t store_id,
									  int64_t message_id, const char **why);


/* ---------------------------------------------------------------- export.c */

typedef struct ExportOptions
{
	Target		target;
	const char *folder;			/* NULL: every folder */
	int64_t		message_id;		/* 0: every message */
	const char *lines;			/* a file of a dry run, instead of a store */
	bool		json;			/* a line of JSON per message */
	const char *to;				/* a directory, or "-" */
} ExportOptions;

/* Export messages, and print errors.  Returns an exit code. */
extern int	export_run(const ExportOptions *options);

#endif							/* COMMAND_H */
