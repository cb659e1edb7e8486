/*-------------------------------------------------------------------------
 *
 * unified.h
 *	  The contracts of unified.c: the difference of two texts on the screen.
 *
 *-------------------------------------------------------------------------
 */
#ifndef UNIFIED_H
#define UNIFIED_H

#include "command.h"

/* Return the lines of a text, safe, as an array that ends with NULL. */
extern char **unified_lines(const char *text);

/*
 * Print old lines and the new lines in their place, one pair of lines compared
 * word by word; an array may be NULL.  A label is "indent" columns wide; lines
 * whose label is NULL are not printed.
 */
extern void unified_pair(const Screen *screen, const char *const *old,
						 const char *const *new, const char *old_label,
						 const char *new_label, int indent);

/*
 * Print a value of one line at the cursor, which is at column "indent", with
 * the words marked that differ from an older value, which may be NULL.
 */
extern void unified_value(const Screen *screen, const char *const *old,
						  const char *const *new, int indent);

/*
 * Print the difference of two values, NULL if there is none: all lines of
 * short ones, hunks of long ones.  At most "most" hunks are printed, the others
 * are counted; 0 prints all.
 */
extern void unified_print(const Screen *screen, const char *from,
						  const char *to, unsigned most);

#endif							/* UNIFIED_H */
