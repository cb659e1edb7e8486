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
	const char *copy;			/* the bytes that GMime has parsed */
	size_t		copy_len;
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

/* A part of a message, or its whole content; offsets are those in the copy. */
typedef struct Part
{
	GMimeObject *object;
	Header	   *header;
	Place	   *place;
	GMimeContentType *type;		/* text/plain if the part has no type */
	GMimeContentEncoding encoding;
	char	   *disposition;	/* in lower case, or NULL */
	char	   *filename;		/* or NULL */
	size_t		start;			/* of the header */
	size_t		body;
	size_t		end;
	int			depth;			/* 0: the content of the message */
} Part;

/* ------------------------------------------------------------------ part.c */

/* Return the start of an object, or G_MAXSIZE if it is unknown. */
extern size_t part_start(const Walk *walk, GMimeObject *object);

/*
 * Return the end of an object that begins at "start".  GMime returns the end
 * of a part without parts.  A multipart ends before the next line that begins
 * with "marker", the boundary around the multipart, or at "limit".
 */
extern size_t part_end(const Walk *walk, GMimeObject *object, size_t start,
					   size_t limit, const char *marker);

/*
 * Initialize a part that begins at "start" and ends at "end" or before, and
 * add its place to the places of the parent, which owns the place.  The parent
 * is NULL for the content of the message.
 */
extern void part_init(Part *part, const Walk *walk, GMimeObject *object,
					  Header *header, const Part *parent, size_t start,
					  size_t end);
extern void part_clear(Part *part);
extern void place_free(gpointer place);

/* Return true if a part is of a type ("*": any subtype). */
extern bool part_is(const Part *part, const char *type, const char *subtype);

/* Return the message's bytes between two offsets in the copy. */
extern const char *part_raw(const Walk *walk, size_t from, size_t to,
							size_t *len);

/* Return the content of a part, decoded from its transfer encoding. */
extern GByteArray *part_bytes(const Walk *walk, const Part *part);

/*
 * Add an attachment to a list, without content and names.  Returns the
 * attachment, which the list owns.
 */
extern json_t *attach_add(json_t *list, const char *type, int method,
						  Tally *tally);

/* Set the bytes of an attachment; takes the array. */
extern void attach_bytes(Walk *walk, json_t *attachment, GByteArray *bytes);

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
