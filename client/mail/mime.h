/*-------------------------------------------------------------------------
 *
 * mime.h
 *	  Contracts between the files that read the parts of a message.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIME_H
#define MIME_H

#include "mail.h"

/* The walk over the parts of one message. */
typedef struct Walk
{
	Reading    *reading;
	GString    *text;			/* PR_BODY so far */
	GString    *html;			/* PR_HTML so far, UTF-8 */
	json_t	   *attachments;
	json_t	   *props;			/* of the message */
	Tally	   *tally;
	unsigned	leaves;			/* parts so far, without multiparts */
	int			nesting;		/* count of messages around this one */
	unsigned   *parts;			/* of all messages so far */
	bool		sealed;			/* within a part that is one attachment */
} Walk;

/* ------------------------------------------------------------------ part.c */

/*
 * Return the part of an object, and add it to the parts of the parent, which
 * owns the part.  The parent is NULL for the content of the message, whose
 * part the caller frees.  "marker" is the boundary line around the part.
 * Returns NULL if GMime does not know where the part begins.
 */
extern Part *part_new(const Walk *walk, GMimeObject *object, Part *parent,
					  const char *marker);
extern void part_free(gpointer part);

/*
 * Add an attachment to a list, without content and names.  Returns the
 * attachment, which the list owns.
 */
extern json_t *attach_add(json_t *list, const char *type, int method,
						  Tally *tally);

/* Set the bytes of an attachment; takes the array. */
extern void attach_bytes(const Walk *walk, json_t *attachment,
						 GByteArray *bytes);

/* Set the properties of an attachment that have its file name. */
extern void attach_names(json_t *attachment, const char *name);

/* Set the names, charset, Content-ID and location from a part's header. */
extern void attach_fields(json_t *attachment, const Part *part, bool related);

/* ------------------------------------------------------------------ tnef.c */

/*
 * Add the attachments in TNEF to those of the walk, and set the properties in
 * TNEF that the message does not have.  Returns false if the bytes cannot be
 * read as TNEF.
 */
extern bool tnef_read(Walk *walk, json_t *props, const GByteArray *bytes);

#endif							/* MIME_H */
