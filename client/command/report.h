/*-------------------------------------------------------------------------
 *
 * report.h
 *	  The contracts of the files that show a conflict:
 *
 *		report.c	reads the conflict, property by property
 *		sides.c		prints the base, the others' side and the user's side
 *
 *-------------------------------------------------------------------------
 */
#ifndef REPORT_H
#define REPORT_H

#include "command.h"

/* ---------------------------------------------------------------- report.c */

/* A message and a draft of the message. */
typedef struct Case
{
	msgstore   *ms;
	int64_t		store_id;
	const msgstore_draft *draft;
	int32_t		handle;			/* resumed from the draft */
} Case;

typedef struct Report Report;

/* The relation between a draft and its message. */
typedef enum Standing
{
	STANDING_CONFLICT,			/* others have changed the message */
	STANDING_FREE,				/* nobody has changed the message */
	STANDING_NEW,				/* the draft is of a new message */
	STANDING_DELETED			/* the message was deleted */
} Standing;

/* The sides that changed a property, in the order of a report. */
typedef enum Side
{
	SIDE_BOTH,
	SIDE_THEIRS,
	SIDE_YOURS
} Side;

/*
 * Read a report, which compares the draft with one version of the message.
 * Returns NULL on error.  The case must stay as long as the report.
 */
extern Report *report_read(const Case *kase);
extern void report_free(Report *report);

extern Standing report_standing(const Report *report);

/* Return the version that the report compares with; 0 if there is none. */
extern int64_t report_current(const Report *report);

/*
 * Return the names of the properties that prevent MERGE, or with by_lines
 * MERGE_TEXT, separated by commas, as the server returned them; NULL if a
 * merge is possible.
 */
extern const char *report_obstacles(const Report *report, bool by_lines);

/*
 * Return the names of the properties of one side, separated by commas; NULL if
 * there are no such properties.  Properties of the message's place do not
 * count, nor, for SIDE_BOTH, properties that both changed to equal values.
 */
extern char *report_names(const Report *report, Side side);

/*
 * Return the report for programs: the draft, its standing, the obstacles of a
 * merge, and the differences with their values as JSON.
 */
extern json_t *report_json(const Report *report);

/* The values that an entry compares. */
typedef enum View
{
	BASE = 0,
	THEIRS,
	YOURS,
	NUM_VIEWS
} View;

/* One property. */
typedef struct Entry
{
	char	   *property;
	Side		side;
	bool		alike;			/* theirs and yours are equal */
	char	   *text[NUM_VIEWS];	/* NULL: the property is absent */
	char	   *who;			/* the last change by others, safe; or NULL */
	json_t	   *row;			/* for programs */
} Entry;

struct Report
{
	const Case *kase;
	Standing	standing;
	int64_t		current;
	char	   *obstacles[2];	/* of MERGE and MERGE_TEXT; or NULL */
	json_t	   *names[2];		/* the obstacles as arrays; or NULL */
	GPtrArray  *entries;		/* of Entry *, in the order of printing */
};

/* Return a size as text, with commas between thousands. */
extern char *report_bytes_text(json_int_t n);

/* ----------------------------------------------------------------- sides.c */

/* Print every property with its values, which are cut to fit the screen. */
extern void sides_print(const Report *report, const Screen *screen);

/*
 * Print all differences of one property, or of all properties if the name is
 * NULL: base to theirs, base to yours, theirs to yours.  Returns false if the
 * report has no such property.
 */
extern bool sides_print_differences(const Report *report,
									 const Screen *screen, const char *name);

/*
 * Print whole values of one property, or of all properties if the name is
 * NULL.  Returns false if the report has no such property.
 */
extern bool sides_print_whole(const Report *report, const Screen *screen,
							   const char *name);

#endif							/* REPORT_H */
