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

/* --------------------------------------------------------------- compose.c */

/* Return a new array of parts (GString *). */
extern GPtrArray *parts_new(void);

/* Return the length of the header of a part, with the empty line. */
extern size_t header_len(const GString *part);

/* Return a header of a part as an object of GMime, or NULL. */
extern GMimeObject *parse_header(const char *header, size_t len);

/* Return an object as GMime writes it, and free the object. */
extern GString *object_text(GMimeObject *object, const char *eol);

/* Set the content of a part. */
extern void set_bytes(GMimePart *part, const void *bytes, size_t len,
					  GMimeContentEncoding encoding);

/*
 * Return a text as a part.  "old" is the part that is replaced, whose other
 * header fields stay, or NULL.
 */
extern GString *part_text(const char *text, size_t len, const char *subtype,
						  const char *eol, GMimeObject *old);

/* Return parts as a multipart, and free the array. */
extern GString *part_multipart(GPtrArray *parts, const char *subtype,
							   const char *report_type, const char *eol);

/* Return parts as a multipart, or a single part alone; free the array. */
extern GString *join_parts(GPtrArray *parts, const char *subtype,
						   const char *eol);

/* Return true if two objects have one value of a property, or none. */
extern bool same_value(json_t *a, json_t *b, const char *name);

/*
 * Set the names, or the type, of an attachment in the header of a part, if
 * they differ from "before", or "before" is NULL.
 */
extern void set_names(GMimeObject *part, json_t *now, json_t *before);
extern void set_type(GMimeObject *part, json_t *now, json_t *before,
					 bool embedded);

/*
 * Return an attachment as a part.  "old" is the part that is replaced, whose
 * other header fields stay, and "before" has the properties that "old" was
 * read as; both are NULL for a new attachment.
 */
extern GString *part_attachment(const Edit *edit, json_t *now, json_t *before,
								GMimeObject *old);

/* Return the report-type of a message by its attachments, or NULL. */
extern const char *part_report(json_t *props);

/*
 * Return the only attachment of a signed or encrypted message, if the texts in
 * the attachment are equal to those of the message; else NULL.
 */
extern GString *part_sealed(json_t *props);

#endif							/* EDIT_H */
