/*-------------------------------------------------------------------------
 *
 * command.h
 *	  What the commands offer main(), and what they share:
 *
 *		import.c	mail -> a store (with the rooms of mail.h)
 *		export.c	a store -> mail
 *		large.c		messages with large values, out of a store and into it
 *		resolve.c	a parked draft in conflict -> settled
 *		report.c	the conflict, for somebody to read
 *		show.c		texts from anywhere -> a terminal
 *		diff.c		two texts -> the lines that differ
 *		session.c	connections, folders, errors
 *
 * NOTES
 *	  Memory is GLib's, as in mail.h: what a function returns as char * is the
 *	  caller's to g_free().  A text is called safe once show_safe() has made
 *	  it so.
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

/* The server and the store that a command works on, as main() read them. */
typedef struct Target
{
	const char *dbname;			/* NULL: as libpq has it */
	const char *host;
	const char *port;
	const char *username;
	const char *store;
} Target;

/* exit codes of the commands */
#define EXIT_DONE		0
#define EXIT_REFUSED	1
#define EXIT_TROUBLE	2
#define EXIT_NOTHING	3

/* --------------------------------------------------------------- session.c */

/* Connect.  Returns NULL after having said why not. */
extern msgstore *session_connect(const Target *target,
								 const char *application);

/* Say on stderr what the server said, and what was being done. */
extern void session_print_error(const msgstore *ms, const char *doing);

/*
 * Find a folder beside the Inbox by its name; without one, the Inbox.  False
 * on error.  *parent_id is the folder that both stand in.
 */
extern bool session_find_folder(msgstore *ms, int64_t store_id,
								const char *name, bool *found,
								int64_t *folder_id, int64_t *parent_id);

/* The same, made if it is missing. */
extern bool session_make_folder(msgstore *ms, int64_t store_id,
								const char *name, int64_t *folder_id);

/*
 * The one text that a query for two numbers gives; NULL where it gives none,
 * or fails.
 */
extern char *session_text(msgstore *ms, const char *sql, int64_t one,
						  int64_t two);

/* ------------------------------------------------------------------ show.c */

typedef enum Colour
{
	COLOUR_HEADING,
	COLOUR_THEIRS,
	COLOUR_YOURS,
	COLOUR_BOTH,
	COLOUR_QUIET
} Colour;

/* What stdout is. */
typedef struct Screen
{
	int			columns;
	bool		colours;
} Screen;

/*
 * Look at stdout, COLUMNS, NO_COLOR and TERM.  What is no terminal has 80
 * columns, unless COLUMNS says otherwise, and no colours.
 */
extern void screen_init(Screen *screen);
extern void screen_put(const Screen *screen, Colour colour, const char *safe);
extern void screen_paragraph(const Screen *screen, int indent,
							 const char *safe);

/* A text as one line without anything that a terminal would act upon. */
extern char *show_safe(const char *text);

/* The same with its lines kept, and tabs as spaces. */
extern char *show_safe_lines(const char *text);

/* How many columns a safe text takes. */
extern int	show_columns(const char *safe);

/* A safe text; one of more columns is cut, and ends with "ending". */
extern char *show_fit(const char *safe, int columns, const char *ending);

extern char *show_time(const char *iso);
extern char *show_name(const char *name);

/* ------------------------------------------------------------------ diff.c */

typedef struct DiffLine
{
	char		sign;			/* '-' in the first text, '+' in the second */
	unsigned	number;			/* 1, 2, 3 ... in the text that it is in */
	const char *text;			/* within that text */
	size_t		len;
} DiffLine;

/* The lines that differ, in order; an array of DiffLine. */
extern GArray *diff_lines(const char *from, const char *to);

/* ---------------------------------------------------------------- report.c */

/* What is known of a message and a draft of it. */
typedef struct Case
{
	msgstore   *ms;
	int64_t		store_id;
	const msgstore_draft *draft;
	int32_t		handle;			/* resumed from the draft */
} Case;

typedef struct Report Report;

/* Which state of things a report shows. */
typedef enum Standing
{
	STANDING_CONFLICT,			/* others have changed the message */
	STANDING_FREE,				/* nobody has: the draft can be saved */
	STANDING_NEW,				/* the draft is of a new message */
	STANDING_DELETED			/* the message is gone */
} Standing;

/*
 * Read how things stand.  The report is of one moment: of the version that
 * report_current() names.  Returns NULL on error.
 */
extern Report *report_read(const Case *kase);
extern void report_free(Report *report);

extern Standing report_standing(const Report *report);

/* The version that the report shows as theirs; 0 where there is none. */
extern int64_t report_current(const Report *report);

/*
 * The names of the properties of one side ("both", "theirs", "yours") as a
 * list in words, without the message's place; of "both", those that they made
 * different things of.  NULL if there are none.
 */
extern char *report_names(const Report *report, const char *side);

/* Print it: what changed, shortened to fit the screen. */
extern void report_print(const Report *report, const Screen *screen);

/*
 * Print values whole: of one property, or (name NULL) of all.  Returns false
 * if the report has no such property.
 */
extern bool report_print_whole(const Report *report, const Screen *screen,
							   const char *name);

/* --------------------------------------------------------------- resolve.c */

typedef struct ResolveOptions
{
	Target		target;
	int64_t		message_id;		/* 0: whichever has a draft */
	int64_t		draft;			/* 0: the only one there is */
	int64_t		seen;			/* with OVERWRITE; 0: not given */
	const char *choice;			/* NULL: show and ask */
	const char *folder;			/* NULL: Conflicts */
} ResolveOptions;

/* Settle a conflict.  Returns an exit code; has said what happened. */
extern int	resolve_run(const ResolveOptions *options);

/* ---------------------------------------------------------------- import.c */

typedef struct ImportOptions
{
	Target		target;
	const char *folder;
	unsigned	batch;			/* messages a transaction */
	bool		dry_run;
	bool		verbose;
	bool		no_original;	/* do not store the mail as it came */
	bool		skip_known;		/* leave out what the store has already */
	bool		follow_links;	/* also out of the paths */
} ImportOptions;

/* Import the paths.  Returns an exit code; has said on stderr what failed. */
extern int	import_run(const ImportOptions *options,
					   char *const *paths, int npaths);

/* ----------------------------------------------------------------- large.c */

/*
 * Put the values in the place of every reference that a message's properties
 * hold, those of its attachments and embedded messages among them, as the
 * handle shows them.  False on error; then *why (constant memory) says what
 * the server did not say, or is NULL.
 */
extern bool large_fetch(msgstore *ms, int32_t handle, json_t *props,
						const char **why);

/*
 * Whether a message is too large to be saved in one call.  *bytes is how much
 * memory its strings take.
 */
extern bool large_message(json_t *props, size_t *bytes);

/*
 * Save such a message for the first time, as msgstore_save_new_message()
 * does.  Belongs into a transaction: after an error what there is of the
 * message goes with that.
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
	const char *json;			/* instead of a store: lines of a dry run */
	const char *to;				/* a directory, or "-" */
} ExportOptions;

/* Export messages.  Returns an exit code; has said what failed. */
extern int	export_run(const ExportOptions *options);

#endif							/* COMMAND_H */
