/*-------------------------------------------------------------------------
 *
 * mail.h
 *	  The rooms of mail and their calls:
 *
 *		source.c	paths -> the messages in them, as bytes
 *		mend.c		a message -> small repairs, before GMime parses it
 *		mime.c		a message -> the JSON object of its MAPI properties
 *		attach.c	a part -> an attachment
 *		tnef.c		winmail.dat -> attachments and properties
 *		header.c	GMime's header fields -> texts, encoded words
 *		address.c	an address field -> people
 *		envelope.c	header fields -> MAPI properties
 *		content.c	transfer encodings undone
 *		text.c		bytes in some charset -> UTF-8
 *		edit.c		a message and other properties -> the edited message
 *		letter.c	properties -> header fields
 *		splice.c	bytes of a message that are replaced
 *		compose.c	properties -> parts of a message
 *		tally.c		counts of what happened on the way
 *
 * NOTES
 *	  Memory is GLib's: a char * result is the caller's to g_free(), a json_t *
 *	  result is a new reference.  GLib ends the program when memory runs out,
 *	  so no call here fails for that.
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

/* A longer message is refused. */
#define MAX_MESSAGE_BYTES	((size_t) 1024 * 1024 * 1024)
#define MESSAGE_TOO_LONG	"message longer than 1 GB"

/* Parts nested deeper than this are counted, not looked into. */
#define MAX_NESTING			64

/*
 * Of a message, this many are read; the rest is counted, and stays in the
 * headers and contents.  doc/client.md names the numbers.
 */
#define MAX_FIELDS			50000
#define MAX_PARTS			10000
#define MAX_RECIPIENTS		20000

/* PR_ATTACH_METHOD, PR_ATTACH_FLAGS */
#define ATTACH_BY_VALUE		1
#define ATTACH_EMBEDDED_MSG	5
#define ATT_MHTML_REF		4

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

/* ----------------------------------------------------------------- tally.c */

extern Tally *tally_new(void);
extern void tally_free(Tally *tally);

/* Add n to the count of a kind. */
extern void tally_count(GHashTable *table, const char *kind, unsigned n);

/* Add the counts of one tally to another. */
extern void tally_merge(Tally *into, const Tally *from);

/* ---------------------------------------------------------------- source.c */

/*
 * The callbacks of source_read().  message() is called once per message, in
 * order; the message lives until message() returns.  message() returns false
 * to end the whole reading.  trouble() is called for a file or a message that
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

/* follow_links: follow symbolic links out of the paths, too. */
extern Source *source_new(const SourceCallbacks *callbacks,
						  bool follow_links);
extern void source_free(Source *source);

/*
 * Read every message under a path: a message file, an mbox file, a Maildir
 * folder, or a folder of any of these, in sorted order; "-" is stdin.  A
 * folder is read once, however many paths and symbolic links lead to it.
 * Returns false only if message() asked to stop.
 */
extern bool source_read(Source *source, const char *path);

/* ------------------------------------------------------------------ text.c */

/*
 * Decode len bytes in the named charset (NULL or unknown: by their looks) to
 * UTF-8 without NUL.  Always succeeds: a byte that means nothing in its
 * charset, and U+0000, become U+FFFD, and are counted in the tally.
 * *outlen may be NULL.
 */
extern char *text_decode(const char *bytes, size_t len, const char *charset,
						 Tally *tally, size_t *outlen);

/* Whether a charset label is one that text_decode() can follow. */
extern bool text_charset_known(const char *label);

/*
 * The name iconv knows a charset by, in new memory; NULL where the label
 * says nothing about 8-bit bytes (none, ASCII, "unknown-8bit", nonsense).
 * "UTF-8" and "WINDOWS-1252" are decoded by text.c and come back so spelt.
 */
extern char *text_charset_name(const char *label);

/* ------------------------------------------------------------------ mend.c */

/* A message with its repairs. */
typedef struct Mend
{
	const char *data;			/* the message, with line ends repaired */
	size_t		len;
	GString    *copy;			/* for the parser; NULL: data is */
	GArray	   *shifts;			/* between offsets of data and copy */
	char	   *own;			/* data, where that is a copy */
	unsigned	nuls;			/* left out of headers */
	unsigned	fields;			/* of all headers */
	unsigned	fields_left;	/* beyond MAX_FIELDS */
	unsigned	parts_left;		/* beyond MAX_PARTS */
} Mend;

/* Look at a message; data must outlive the result. */
extern Mend *mend_new(const char *data, size_t len);
extern void mend_free(Mend *mend);

/* The offset in data of an offset in the copy. */
extern size_t mend_offset(const Mend *mend, size_t offset);

/* A longer field of addresses or parameters has another name in the copy. */
#define LONG_FIELD	8192
#define HIDDEN		"~"

/* ---------------------------------------------------------------- header.c */

typedef struct Field
{
	char	   *name;			/* as written */
	char	   *value;			/* on one line, UTF-8, without NUL */
	size_t		offset;			/* as GMime has it */
} Field;

typedef struct Header
{
	GPtrArray  *fields;			/* of Field *, in order */
	char	   *charset;		/* of raw bytes; NULL: not known */
} Header;

/* The header of a part, or of a message with its content's fields. */
extern Header *header_new(GMimeObject *object, Tally *tally);
extern void header_free(Header *header);

/* The value of the first field of that name (case ignored), or NULL. */
extern const char *header_get(const Header *header, const char *name);

/* A header block as it stands in the message, as UTF-8. */
extern char *header_block(const Header *header, const char *bytes,
						  size_t len);

/*
 * A field's value with its encoded words (RFC 2047) decoded; or, with
 * as_words, each run of them written again as one word in UTF-8, for GMime to
 * decode once it has found commas and quotes.
 */
extern char *header_decode(const char *value, bool as_words, Tally *tally);

/* --------------------------------------------------------------- address.c */

/* The address is "" for somebody without one; the name is never "". */
typedef void (*PersonFunc) (const char *name, const char *address, void *arg);

/* Call func for everybody in an address field. */
extern void address_each(const char *value, PersonFunc func, void *arg,
						 Tally *tally);

/* -------------------------------------------------------------- envelope.c */

/*
 * Put the values of header fields into props: subject, people, times,
 * threading, importance and so on.  doc/client.md has the table.
 */
extern void envelope_map(const Header *header, const RawMessage *raw,
						 json_t *props, Tally *tally);

/* Set a text property, unless the text is empty; makes it valid UTF-8. */
extern void put_text(json_t *props, const char *name, const char *text);

/* Set a binary property. */
extern void put_binary(json_t *props, const char *name, const void *bytes,
					   size_t len);

/* --------------------------------------------------------------- content.c */

/*
 * Undo a transfer encoding.  Of quoted-printable in lines, blanks before a
 * line end are no content.
 */
extern GByteArray *content_decode(const char *bytes, size_t len,
								  GMimeContentEncoding encoding, bool lines);

/*
 * Find the next file that is uuencoded within a text, from *at on: returns
 * its bytes and sets *at and *end to where it stands, *name to its name.
 * Returns NULL if there is none.
 */
extern GByteArray *content_uuencoded(const char **at, const char **end,
									 char **name);

/* ------------------------------------------------------------------ mime.c */

/* What a part of the message became, and where it stands there. */
typedef struct Place
{
	size_t		start;			/* of its header */
	size_t		body;
	size_t		end;
	int			depth;			/* 0: it is the whole content */
	GMimeContentEncoding encoding;
	bool		text;			/* (a piece of) PR_BODY */
	bool		html;			/* (a piece of) PR_HTML */
	unsigned	number;			/* of the first of its attachments */
	unsigned	attachments;	/* the number of its attachments */
} Place;

/* A message that was read. */
typedef struct Reading
{
	json_t	   *props;
	Mend	   *mend;
	size_t		block_start;	/* of the header, in mend->data */
	size_t		block_end;
	size_t		body;
	Header	   *header;			/* offsets are those in mend->data */
	char	   *boundary;		/* if the content is a multipart/mixed, or NULL */
	GArray	   *places;			/* of Place, in order */
} Reading;

/*
 * Read a message.  Returns NULL and sets *why (constant memory) if it is no
 * message.  Every string in the properties is valid UTF-8 without U+0000.
 */
extern Reading *mime_read(const RawMessage *raw, Tally *tally,
						  const char **why);
extern void reading_free(Reading *reading);

/* The reading of a message that has nothing. */
extern Reading *reading_empty(void);

/* The content of a place, its transfer encoding undone. */
extern GByteArray *place_bytes(const Reading *reading, const Place *place);

/* The properties alone, as the object that save_new_message() takes. */
extern json_t *mime_to_json(const RawMessage *raw, Tally *tally,
							const char **why);

/* ------------------------------------------------------------------ edit.c */

/*
 * The message that has these properties, PR_INTERNET_CONTENT among them if it
 * came as mail: what has not been edited since is as it came, to the byte.
 * "depth" is the number of messages around it.
 */
extern GString *compose_message(json_t *props, int depth);

/* Like that, with the original in bytes, which may be empty. */
extern GString *compose_original(json_t *props, const char *data, size_t len);

#endif							/* MAIL_H */
