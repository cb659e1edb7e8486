/*-------------------------------------------------------------------------
 *
 * mail.h
 *	  The contracts of the files of mail:
 *
 *		source.c	from paths to messages, as bytes
 *		text.c		from bytes in a charset to UTF-8; counts
 *		header.c	from a header block to fields; encoded words
 *		envelope.c	from fields to MAPI properties
 *		part.c		from a message to its MIME parts
 *		mime.c		from a message to the JSON object of its MAPI properties
 *		skeleton.c	the bytes of a mail that no property has
 *		compose.c	from the JSON object to a message
 *		letter.c	from properties to header fields
 *		encode.c	from texts and bytes to transfer encodings
 *
 * NOTES
 *	  Memory is GLib's: the caller frees a returned char * with g_free(), and
 *	  owns a returned json_t *.  GLib ends the program when memory runs out, so
 *	  no function fails for lack of memory.
 *
 *	  No state remains between messages, except for the Tally of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MAIL_H
#define MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>
#include <gmime/gmime.h>
#include <jansson.h>

#include "mapi.h"

/*
 * A longer message is refused, since a message and its properties are in
 * memory several times over.
 */
#define MAX_MESSAGE_BYTES	((size_t) 1024 * 1024 * 1024)
#define MESSAGE_TOO_LONG	"message longer than 1 GB"

/* Parts that are nested deeper are counted, but not read. */
#define MAX_NESTING			64

/*
 * Counts of attachments by content type, and of repairs and omissions by a
 * phrase.  The tables own their keys.
 */
typedef struct Tally
{
	GHashTable *attachments;	/* from content type to number of parts */
	GHashTable *remarks;		/* from phrase to number */
} Tally;

/* A message as it was found. */
typedef struct RawMessage
{
	const char *path;			/* the file of the message */
	unsigned	number;			/* of the message in its file, from 1 */
	const char *data;			/* the bytes, without a From_ line */
	size_t		len;
	const char *from_line;		/* mbox From_ line, or NULL */
	const char *flags;			/* Maildir flags ("RS"), "" or NULL */
} RawMessage;

/* ---------------------------------------------------------------- source.c */

/*
 * The functions that source_read() calls.  message() is called once per
 * message, in order, with memory that is valid until it returns; if message()
 * returns false, the whole reading ends.  trouble() is called for a message
 * that cannot be read, or, with number 0, for a file.  skipped() is called for
 * a file that is not mail by its name: a hidden file, or a Maildir's own file.
 */
typedef struct SourceCallbacks
{
	bool		(*message) (const RawMessage *raw, void *arg);
	void		(*trouble) (const char *path, unsigned number,
							const char *why, void *arg);
	void		(*skipped) (const char *path, void *arg);
	void	   *arg;
} SourceCallbacks;

typedef struct Source Source;

extern Source *source_new(const SourceCallbacks *callbacks);
extern void source_free(Source *source);

/*
 * Read every message under a path: a message file, an mbox file, a Maildir
 * folder, or a folder of these, in the order of names.  A folder is read once,
 * however many paths and symbolic links lead to it.  Returns false only if
 * message() has returned false.
 */
extern bool source_read(Source *source, const char *path);

/* ------------------------------------------------------------------ text.c */

/*
 * Decode len bytes to UTF-8 without NUL.  charset is the name from the mail;
 * if it is NULL or unknown, the bytes decide.  Bytes that mean nothing in
 * their charset, and U+0000, become U+FFFD, and are counted.  *outlen is set
 * to the length; outlen may be NULL.
 */
extern char *text_decode(const char *bytes, size_t len, const char *charset,
						 Tally *tally, size_t *outlen);

/* Return true if text_decode() knows a charset by this label. */
extern bool text_charset_known(const char *charset);

/*
 * Return the name of a charset for iconv by its label; NULL if the label is
 * NULL or unknown, or has no meaning for 8-bit bytes (ASCII, "unknown-8bit").
 * text.c itself decodes "UTF-8" and "WINDOWS-1252", which are spelled so.
 */
extern char *text_charset_name(const char *label);

extern Tally *tally_new(void);
extern void tally_free(Tally *tally);

/* Add n to the count of a kind. */
extern void tally_count(GHashTable *table, const char *kind, unsigned n);

/* Add the counts of one tally to another. */
extern void tally_merge(Tally *into, const Tally *from);

/* ---------------------------------------------------------------- header.c */

typedef struct Field
{
	char	   *name;			/* as written */
	char	   *value;			/* one line of UTF-8, without NUL */
} Field;

typedef struct Header
{
	GPtrArray  *fields;			/* of Field *, in order */
	char	   *block;			/* the whole header block as UTF-8 */
	size_t		block_end;		/* offset in the message */
	size_t		body_offset;	/* of the body's beginning */
} Header;

/*
 * Read the header block of a message.  Returns NULL if there is no header
 * field before the first empty line; then the bytes are not a message.
 */
extern Header *header_read(const char *data, size_t len, Tally *tally);
extern void header_free(Header *header);

/* Return the value of the first field of a name, in any case, or NULL. */
extern const char *header_get(const Header *header, const char *name);

/*
 * Return a field's value with its encoded words (RFC 2047) decoded.  If
 * as_words is true, each run of encoded words becomes one encoded word in
 * UTF-8, which a parser of addresses decodes after it has found the commas.
 */
extern char *header_decode(const char *value, bool as_words, Tally *tally);

/* -------------------------------------------------------------- envelope.c */

/*
 * Set the properties of the header: subject, people, times, threading,
 * importance and others, and the block itself.  doc/client.md has the table.
 */
extern void envelope_map(const Header *header, const RawMessage *raw,
						 json_t *props, Tally *tally);

/* Set a text property, as valid UTF-8, unless the text is NULL or empty. */
extern void put_text(json_t *props, const char *name, const char *text);

/* ------------------------------------------------------------------ part.c */

/* A part of a message, or the message; points into the message. */
typedef struct Part
{
	Header	   *header;			/* NULL: the part has no header */
	GMimeContentType *type;		/* text/plain if the header has no type */
	const char *start;			/* of the header */
	const char *body;
	const char *end;
	GPtrArray  *parts;			/* of Part *, in order; NULL: one part */
	bool		too_deep;		/* a multipart that was not read */
} Part;

/*
 * Return the part with a header, which the part then owns, and a body.  A
 * multipart is cut into its parts.
 */
extern Part *part_new(Header *header, const char *start, const char *body,
					  const char *end, const char *default_type, int depth);
extern void part_free(Part *part);

/* Return the value of the first field of a name in the header, or NULL. */
extern const char *part_field(const Part *part, const char *name);

extern GMimeContentEncoding part_encoding(const Part *part);

/* Return true if the content has no transfer encoding. */
extern bool part_is_identity(const Part *part);

/*
 * Return the end of the encoded content: the end of the part, or the end of
 * base64 that a footer follows.
 */
extern const char *part_coded_end(const Part *part);

/*
 * Return "inline", "attachment" or another disposition, or NULL.  *filename is
 * set to the name of the file, or to NULL.
 */
extern char *part_disposition(const Part *part, char **filename);

/* Return the content without its transfer encoding. */
extern GByteArray *part_bytes(const Part *part);

/* ---------------------------------------------------------------- encode.c */

extern void encode_base64(GString *out, const char *bytes, size_t len,
						  unsigned columns, const char *eol);
extern void encode_quoted(GString *out, const char *bytes, size_t len,
						  const char *eol);
extern char *encode_charset(const char *text, size_t len,
							const char *charset, size_t *outlen);
extern bool encode_is_plain(const char *text, size_t len);
extern GString *encode_line_ends(const char *text, size_t len,
								 const char *eol);

/* -------------------------------------------------------------- skeleton.c */

/* A skeleton that is being written. */
typedef struct Skeleton
{
	GString    *out;
	const char *copied;			/* end of the part of the message in it */
	bool		failed;			/* not possible, or too large */
} Skeleton;

/*
 * Begin a skeleton of the bytes from "start" on; add a header whose bytes no
 * property has.
 */
extern void skeleton_init(Skeleton *skeleton, const char *start);
extern void skeleton_header(Skeleton *skeleton, const char *bytes,
							size_t len);

/*
 * Add a part whose content is in a text ("text" or "html") from an offset on,
 * in an attachment's bytes from an offset on, or in an embedded message.
 */
extern void skeleton_text(Skeleton *skeleton, const Part *part,
						  const char *which, const GString *text,
						  size_t offset, const GByteArray *bytes,
						  const char *charset);
extern void skeleton_data(Skeleton *skeleton, const Part *part,
						  unsigned number, const GByteArray *bytes);
extern void skeleton_whole(Skeleton *skeleton, const char *start,
						   const char *end, unsigned number, size_t offset);
extern void skeleton_message(Skeleton *skeleton, const Part *part,
							 unsigned number);

/* End a skeleton, and set its property unless the skeleton has failed. */
extern void skeleton_finish(Skeleton *skeleton, const char *end,
							json_t *props);

/*
 * Return the message from the end of its header on: the bytes of the skeleton
 * and the contents of the properties.  Returns NULL if there is no skeleton,
 * or if a content has changed since the skeleton was made.
 */
extern GString *skeleton_replay(json_t *props, int depth);

/*
 * Return the bytes of the header from the skeleton.  Returns NULL if they are
 * not there, or if PR_TRANSPORT_MESSAGE_HEADERS has changed since.
 */
extern GString *skeleton_header_bytes(json_t *props);

/* ---------------------------------------------------------------- letter.c */

/*
 * Return the header for the properties: the transport headers, in which every
 * field is rewritten whose property differs from "before", the bytes of a
 * header, or, if that is NULL, from the transport headers.  *edited is set to
 * true if a field was rewritten; if not, the result is "before" if there is
 * one.
 */
extern GString *letter_header(json_t *props, const GString *before,
							  const char *eol, bool *edited);

/* Remove the fields about the body from a header, for a new body. */
extern void letter_drop_content(GString *header);

/* --------------------------------------------------------------- compose.c */

/*
 * Return the message for the properties.  A message that was imported and has
 * not been edited has its old contents.
 */
extern GString *compose_message(json_t *props, int depth);

/* ------------------------------------------------------------------ mime.c */

/*
 * Return the MAPI properties of a message, as the object for
 * save_new_message().  Returns NULL if the bytes are not a message, and sets
 * *why to the reason, in constant memory.  Every string of the object is valid
 * UTF-8 without U+0000.
 */
extern json_t *mime_to_json(const RawMessage *raw, Tally *tally,
							const char **why);

#endif							/* MAIL_H */
