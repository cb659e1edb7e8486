/*-------------------------------------------------------------------------
 *
 * resolve.h
 *	  The contracts of the files of "msgstore resolve":
 *
 *		menu.c		shows a draft and its conflict, and asks for a choice
 *		settle.c	carries out a choice, and prints the outcome
 *		resolve.c	which draft comes next
 *
 *-------------------------------------------------------------------------
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "draft.h"
#include "report.h"

/* The choice of an ordinary save, which resolve_conflict() does not know. */
#define SAVE_DRAFT		"save"

typedef struct Resolve
{
	const ResolveOptions *options;
	Screen		screen;
	Session		session;
	Case		kase;
	msgstore_draft_list *drafts;	/* owns kase.draft */
	bool		one_of_many;	/* there are other drafts to look at */
	char		for_all;		/* the answer for all the rest, or NUL */
} Resolve;

/* ------------------------------------------------------------------ menu.c */

/* Print the draft, its message, and the relation between the two. */
extern void menu_print_situation(const Resolve *r, const Report *report);

/*
 * Ask for a choice, and return its letter.  While the answer asks for more to
 * see, show that and ask again.  *rest is set to the text behind the letter,
 * or to NULL.  Sets r->for_all.
 */
extern char menu_ask(Resolve *r, const Report *report, char **rest);

/* ---------------------------------------------------------------- settle.c */

/* Print a sentence, formatted and wrapped. */
extern void settle_print(const Resolve *r, const char *format, ...)
			G_GNUC_PRINTF(2, 3);

/* Print that the draft stays parked. */
extern void settle_print_parked(const Resolve *r);

/*
 * Carry out a choice in a transaction, and print the outcome.  Returns false
 * on error; otherwise *result is MSGSTORE_S_OK, or nothing is stored.
 */
extern bool settle(Resolve *r, const char *choice, const char *folder,
				   int64_t seen, int32_t *result);

/* Discard the draft.  Returns an exit code. */
extern int	settle_discard(Resolve *r);

#endif							/* RESOLVE_H */
