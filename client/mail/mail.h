/*-------------------------------------------------------------------------
 *
 * mail.h
 *	  What the rooms of mail offer each other:
 *
 *		source.c	paths -> the messages in them, as bytes
 *		text.c		bytes in some charset -> UTF-8
 *		header.c	header block -> fields, encoded words -> text
 *		envelope.c	fields -> MAPI properties
 *		part.c		a message -> its MIME parts
 *		mime.c		a message -> the JSON object of its MAPI properties
 *		skeleton.c	what a message has beside its contents, and back
 *		compose.c	the JSON object -> a message
 *		letter.c	properties -> header fields
 *		encode.c	texts and bytes -> transfer encodings
 *
 * NOTES
 *	  Memory is GLib's: what a function returns as char * is the caller's to
 *	  g_free(), what it returns as json_t * is a new reference.  GLib ends
 *	  the program when memory runs out; so no call here fails for that.
 *
 *	  Nothing here keeps state between messages, except the Tally that the
 *	  caller passes along.
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
 * A message longer than this is refused: it is in memory, with what is made
 * of it, several times over.
 */
#define MAX_MESSAGE_BYTES	((size_t) 1024 * 1024 * 1024)
#define MESSAGE_TOO_LONG	"message longer than 1 GB"

/* Parts nested deeper than this are counted, not looked into. */
#define MAX_NESTING			64

/*
 * What happened to messages on their way, as counts by kind.  A kind is a
 * phrase or a content type; the tables own their keys.
 */
typedef struct Tally
{
	GHashTable *attachments;	/* content type -> count of parts */
	GHashTable *remarks;		/* what was left out or mended -> count */
} Tally;

/* One message as it was found. */
typedef struct RawMessage
{
	const char *path;			/* the file it was found in */
	unsigned	number;			/* 1, 2, 3 ... within that file */
	const char *data;			/* the bytes, without a From_ line */
	size_t		len;
	const char *from_line;		/* mbox From_ line, or NULL */
	const char *flags;			/* Maildir flags ("RS"), "" or NULL */
} RawMessage;

/* ---------------------------------------------------------------- source.c */

/*
 * What source_read() calls back.  message() is called once a message, in
 * order; what it points to lives until it returns.  Its answer false ends
 * the whole reading.  trouble() is called for a file or a message that
 * cannot be read (number 0: the file as a whole), skipped() for a file in a
 * folder that is by its name no mail (hidden files, a Maildir's own files).
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
 * folder, or a folder of any of these, in sorted order.  A folder is read
 * once, however many paths and symbolic links lead to it.  Returns false
 * only if message() asked to stop.
 */
extern bool source_read(Source *source, const char *path);

/* ------------------------------------------------------------------ text.c */

/*
 * Decode len bytes in the named charset (NULL or unknown: what they look
 * like) to UTF-8 without NUL.  Always succeeds: a byte that means nothing
 * in its charset, and U+0000, become U+FFFD, which the tally is told.
 * *outlen may be NULL.
 */
extern char *text_decode(const char *bytes, size_t len, const char *charset,
						 Tally *tally, size_t *outlen);

/* Whether a charset label is one that text_decode() can follow. */
extern bool text_charset_known(const char *charset);

/*
 * The name iconv knows a charset by, in new memory; NULL where the label
 * says nothing about 8-bit bytes (none, ASCII, "unknown-8bit", nonsense).
 * "UTF-8" and "WINDOWS-1252" are decoded by text.c and come back so spelt.
 */
extern char *text_charset_name(const char *label);

extern Tally *tally_new(void);
extern void tally_free(Tally *tally);
extern void tally_count(GHashTable *table, const char *kind, unsigned n);
extern void tally_merge(Tally *into, const Tally *from);

/* ---------------------------------------------------------------- header.c */

typedef struct Field
{
	char	   *name;			/* as written */
	char	   *value;			/* on one line, UTF-8, without NUL */
} Field;

typedef struct Header
{
	GPtrArray  *fields;			/* of Field *, in order */
	char	   *block;			/* the whole header block as UTF-8 */
	size_t		block_end;		/* where in the message the block ends */
	size_t		body_offset;	/* where the body begins */
} Header;

/*
 * Read the header block of a message.  Returns NULL if there is no header
 * field before the first empty line, which means it is no message.
 */
extern Header *header_read(const char *data, size_t len, Tally *tally);
extern void header_free(Header *header);

/* The value of the first field of that name (case ignored), or NULL. */
extern const char *header_get(const Header *header, const char *name);

/*
 * A field's value with its encoded words (RFC 2047) decoded; or, with
 * as_words, each run of them written again as one in UTF-8, for a parser of
 * addresses to decode once it has found the commas.
 */
extern char *header_decode(const char *value, bool as_words, Tally *tally);

/* -------------------------------------------------------------- envelope.c */

/*
 * Put what the header says into props: subject, people, times, threading,
 * importance and so on, and the block itself.  doc/client.md has the table.
 */
extern void envelope_map(const Header *header, const RawMessage *raw,
						 json_t *props, Tally *tally);

/* Set a text property, unless the text is empty; makes it valid UTF-8. */
extern void put_text(json_t *props, const char *name, const char *text);

/* ------------------------------------------------------------------ part.c */

/* A part of a message, or the whole; points into the message. */
typedef struct Part
{
	Header	   *header;			/* NULL: has none */
	GMimeContentType *type;		/* text/plain where none is given */
	const char *start;			/* of the header */
	const char *body;
	const char *end;
	GPtrArray  *parts;			/* of Part *, in order; NULL: no multipart */
	bool		too_deep;		/* a multipart that was not looked into */
} Part;

/*
 * The part that has that header (which becomes its own) and that body, cut
 * into its parts, if it is a multipart.
 */
extern Part *part_new(Header *header, const char *start, const char *body,
					  const char *end, const char *default_type, int depth);
extern void part_free(Part *part);

/* The value of the first field of that name in its header, or NULL. */
extern const char *part_field(const Part *part, const char *name);

extern GMimeContentEncoding part_encoding(const Part *part);

/* Whether the content stands in the message as it is. */
extern bool part_is_identity(const Part *part);

/*
 * Where the encoded content ends: at the part's end, but for base64 with some
 * footer behind it that is none.
 */
extern const char *part_coded_end(const Part *part);

/* "inline", "attachment" and the like, or NULL; the file's name, or NULL. */
extern char *part_disposition(const Part *part, char **filename);

/* The content, its transfer encoding undone. */
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
	const char *copied;			/* how far the message stands in it */
	bool		failed;			/* it cannot be written, or is too large */
} Skeleton;

/* Begin a skeleton of what follows "start"; "header" if it cannot be kept. */
extern void skeleton_init(Skeleton *skeleton, const char *start);
extern void skeleton_header(Skeleton *skeleton, const char *bytes,
							size_t len);

/*
 * The content of a part stands in a text ("text" or "html") from an offset
 * on, in an attachment's bytes from an offset on, or in an embedded message.
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

/* End it and set it as a property, if it could be written. */
extern void skeleton_finish(Skeleton *skeleton, const char *end,
							json_t *props);

/*
 * What stood around the contents, with the contents that the properties hold
 * now: the message from the end of its header on.  Returns NULL if there is
 * no skeleton, or if other contents are in the message than it was made for.
 */
extern GString *skeleton_replay(json_t *props, int depth);

/*
 * The bytes of the header, if it was not text and PR_TRANSPORT_MESSAGE_HEADERS
 * is what was made of it still; else NULL.
 */
extern GString *skeleton_header_bytes(json_t *props);

/* ---------------------------------------------------------------- letter.c */

/*
 * The header that says what the properties say: the transport headers, with
 * every field rewritten whose property has another value now than "before"
 * has (NULL: than the transport headers say).  *edited tells whether there was
 * any; if not, and there is "before", that is the header.
 */
extern GString *letter_header(json_t *props, const GString *before,
							  const char *eol, bool *edited);

/* Take out the fields that tell of a body, which is made anew. */
extern void letter_drop_content(GString *header);

/* --------------------------------------------------------------- compose.c */

/*
 * The message that has these properties.  One that was imported and has not
 * been edited is what it was, as far as its contents go.
 */
extern GString *compose_message(json_t *props, int depth);

/* ------------------------------------------------------------------ mime.c */

/*
 * The MAPI properties of a message, as the object that save_new_message()
 * takes.  Returns NULL and sets *why (constant memory) if it is no message.
 * Every string in it is valid UTF-8 without U+0000.
 */
extern json_t *mime_to_json(const RawMessage *raw, Tally *tally,
							const char **why);

#endif							/* MAIL_H */
