/*-------------------------------------------------------------------------
 *
 * edit.h
 *	  Contracts between the files that write a message.
 *
 *-------------------------------------------------------------------------
 */
#ifndef EDIT_H
#define EDIT_H

#include "mail.h"

/* A replacement of bytes of the message. */
typedef struct Change
{
	size_t		from;
	size_t		to;
	GString    *with;			/* or NULL */
	guint		order;			/* among changes at one offset */
} Change;

/* A message that is being edited. */
typedef struct Edit
{
	json_t	   *props;			/* the properties now */
	json_t	   *before;			/* the properties that the original has */
	Reading    *reading;
	const char *eol;
	GArray	   *changes;		/* of Change */
	GString    *appended;		/* at the end of the header; or NULL */
	int			depth;			/* count of messages around this one */
} Edit;

/* Return the mail of an embedded message. */
typedef GString *(*InnerFunc) (json_t *message, int depth);

/*
 * Replace bytes of the message by "with", which the edit then owns, or NULL.
 */
extern void splice_replace(Edit *edit, size_t from, size_t to, GString *with);

/* Free the memory of a change. */
extern void splice_clear(gpointer change);

/* Return the message with its changes. */
extern GString *splice_apply(const Edit *edit);

/* Return the offset after the field at an offset, continuations included. */
extern size_t splice_field_end(const Edit *edit, size_t at);

/*
 * Set a field to an ASCII value: replace the first field of its name, or add
 * one at the end of the header.  If the value is NULL or "", remove all fields
 * of the name.
 */
extern void letter_set(Edit *edit, const char *name, const char *value);

/* Rewrite the fields whose properties were edited. */
extern void letter_edit(Edit *edit);

/* Return a text property, or "" if it is not set. */
extern const char *text_of(json_t *object, const char *name);

/* Return a number, or a boolean as 0 or 1; "missing" if it is not set. */
extern json_int_t number_of(json_t *object, const char *name,
							json_int_t missing);

/*
 * Return a text, or an attachment, as a part with its header.  "old" is the
 * part that is replaced, whose other header fields stay, or NULL.  "before"
 * are the properties that the attachment was read as.
 */
extern GString *part_text(const char *text, size_t len, const char *subtype,
						  const char *eol, GMimeObject *old);
extern GString *part_attachment(json_t *now, json_t *before, GMimeObject *old,
								const char *eol, int depth, InnerFunc inner);

/* Return an attachment with other names or another type, and the old body. */
extern GString *part_renamed(json_t *now, json_t *before, GMimeObject *old,
							 const char *body, size_t len, const char *eol);

/* Return parts (of GString *) as a multipart, and free the array. */
extern GString *part_multipart(GPtrArray *parts, const char *subtype,
							   const char *report_type, const char *eol);

/* Return a new array that frees its parts. */
extern GPtrArray *parts_new(void);

/* Return a boundary that does not occur in the parts. */
extern char *part_boundary(const GPtrArray *parts);

/* Return bytes in a transfer encoding. */
extern GString *part_encoded(const char *bytes, size_t len,
							 GMimeContentEncoding encoding, const char *eol);

/* Return the start of the body of a part. */
extern const char *part_body(const GString *part);

/* Return the content of a message that was never mail, as a part. */
extern GString *part_content(json_t *props, const char *eol, int depth,
							 InnerFunc inner);

#endif							/* EDIT_H */
