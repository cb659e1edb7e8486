/*-------------------------------------------------------------------------
 *
 * edit.h
 *	  What the rooms that write a message share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef EDIT_H
#define EDIT_H

#include "mail.h"

/* Bytes of the message that are replaced. */
typedef struct Change
{
	size_t		from;
	size_t		to;
	GString    *with;			/* or NULL */
	guint		order;			/* of changes at one place */
} Change;

/* A message that is being edited. */
typedef struct Edit
{
	json_t	   *props;			/* the properties now, */
	json_t	   *before;			/* and as the message was read */
	Reading    *reading;
	const char *eol;
	GArray	   *changes;		/* of the message's bytes */
	GString    *appended;		/* to the header; or NULL */
	int			depth;			/* of messages around this one */
} Edit;

/* Write a message that stands within another one, at a depth. */
typedef GString *(*InnerFunc) (json_t *message, int depth);

/* Replace bytes of the message; "with" (NULL: nothing) becomes the edit's. */
extern void splice_replace(Edit *edit, size_t from, size_t to, GString *with);
extern void splice_clear(gpointer change);

/* The message with its changes. */
extern GString *splice_apply(const Edit *edit);

/* Where a field's own lines end, with those that continue it. */
extern size_t splice_field_end(const Edit *edit, size_t at);

/*
 * Write a field where the first of its name stands, or at the end of the
 * header; without a value, take the fields of that name out.  The value is
 * ASCII.
 */
extern void letter_set(Edit *edit, const char *name, const char *value);

/* Rewrite the fields whose properties differ. */
extern void letter_edit(Edit *edit);

/* A text property, "" where it is not set. */
extern const char *text_of(json_t *object, const char *name);

/* A number, or truth, and "missing" where it is not set. */
extern json_int_t number_of(json_t *object, const char *name,
							json_int_t missing);

/*
 * Parts with their headers, as bytes.  "old" is the part that a new text or
 * attachment stands for, or NULL: its other header fields stay.  Of an
 * attachment, "before" is what it was read as.
 */
extern GString *part_text(const char *text, size_t len, const char *subtype,
						  const char *eol, GMimeObject *old);
extern GString *part_attachment(json_t *now, json_t *before, GMimeObject *old,
								const char *eol, int depth, InnerFunc inner);

/* An attachment with another type or name, and the body it had. */
extern GString *part_renamed(json_t *now, json_t *before, GMimeObject *old,
							 const char *body, size_t len, const char *eol);

/* The parts (of GString *, which go) as a multipart. */
extern GString *part_multipart(GPtrArray *parts, const char *subtype,
							   const char *report_type, const char *eol);

/* An array that frees the parts in it. */
extern GPtrArray *parts_new(void);

/* A boundary that is in none of the parts. */
extern char *part_boundary(const GPtrArray *parts);

/* A content in a transfer encoding. */
extern GString *part_encoded(const char *bytes, size_t len,
							 GMimeContentEncoding encoding, const char *eol);

/* Where the body of a part begins. */
extern const char *part_body(const GString *part);

/* The content of a message that never was mail. */
extern GString *part_content(json_t *props, const char *eol, int depth,
							 InnerFunc inner);

#endif							/* EDIT_H */
