/*-------------------------------------------------------------------------
 *
 * mime.h
 *	  What the rooms that look at the parts of a message share.
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
	const char *copy;			/* what GMime has parsed */
	size_t		copy_len;
	GString    *text;			/* PR_BODY so far */
	GString    *html;			/* PR_HTML so far, UTF-8 */
	json_t	   *attachments;
	json_t	   *props;			/* of the message */
	Tally	   *tally;
	unsigned	leaves;			/* parts that are no multiparts, so far */
	int			nesting;		/* how deep this message is in others */
	unsigned   *parts;			/* of all messages so far */
	bool		sealed;			/* within what is kept as one attachment */
} Walk;

/* A part of a message, or its content; offsets are those of the copy. */
typedef struct Part
{
	GMimeObject *object;
	Header	   *header;
	GMimeContentType *type;		/* text/plain where none is given */
	char	   *disposition;	/* in small letters, or NULL */
	char	   *filename;		/* or NULL */
	size_t		start;			/* of the header */
	size_t		body;
	size_t		end;
	int			depth;			/* 0: the content of the message */
} Part;

/* Whether a part is of a type ("*": any subtype). */
extern bool attach_is(const Part *part, const char *type, const char *subtype);

/* Add an attachment with all but its content and names to a list. */
extern json_t *attach_add(json_t *list, const char *type, int method,
						  Tally *tally);
extern void attach_names(json_t *attachment, const char *name);

/* Set the name, charset and place that a part's header names. */
extern void attach_fields(json_t *attachment, const Part *part, bool related);

/*
 * Read TNEF: its attachments are added to the walk's, its properties set
 * where the message has none.  False if the bytes cannot be read as TNEF.
 */
extern bool tnef_read(Walk *walk, json_t *props, const GByteArray *bytes);

#endif							/* MIME_H */
