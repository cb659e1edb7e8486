/*-------------------------------------------------------------------------
 *
 * mail.h
 *	  The contracts of the files that read and write mail:
 *
 *		source.c	paths -> the bytes of messages; an mbox, and back
 *		mend.c		a message -> small repairs, and GMime's parser
 *		mime.c		a message -> the JSON object of its MAPI properties
 *		part.c		GMime's objects -> places of parts, attachments
 *		tnef.c		winmail.dat -> attachments and properties
 *		header.c	GMime's header fields -> texts and people
 *		envelope.c	header fields -> MAPI properties, and back
 *		text.c		bytes -> contents, texts in UTF-8; properties, counts
 *		edit.c		properties, and the original if there is one -> a message
 *		compose.c	properties -> parts of a message
 *
 * NOTES
 *	  Memory is GLib's: the caller frees a returned char * with g_free(), and
 *	  a returned json_t * is a new reference.  The program ends when memory
 *	  runs out, so no call fails for lack of memory.
 *
 *	  There is no state between messages, except in the Tally that the caller
 *	  passes, and in converters and patterns that are made once.
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

/* A longer message is refused. */
#define MAX_MESSAGE_BYTES	((size_t) 1024 * 1024 * 1024)
#define MESSAGE_TOO_LONG	"message longer than 1 GB"

/* The reason why mime_read() refuses bytes. */
#define NOT_A_MESSAGE \
	"no message: no header field before the first empty line"

/* Parts that are nested deeper are counted, and not read. */
#define MAX_NESTING			64

/*
 * The fields, parts and recipients of a message that are read at most.
 * Further ones are counted, and stay in the headers and contents.
 * doc/client.md documents these numbers.
 */
#define MAX_FIELDS			50000
#define MAX_PARTS			10000
#define MAX_RECIPIENTS		20000

/*
 * Counts for the report: in "attachments" the parts of each content type, and
 * in "remarks" each kind of omission or repair.
 */
typedef json_t Tally;

/*
 * A message as it was found: all bytes of its file, or, in an mbox, the bytes
 * between two From_ lines, without quotes.
 */
typedef struct RawMessage
{
	const char *path;			/* the file that contains it */
	unsigned	number;			/* 1, 2, 3 ... within the file */
	const char *data;
	size_t		len;
	const GString *form;		/* in an mbox: MBOX_FORM; or NULL */
	const char *flags;			/* Maildir flags ("RS"), "" or NULL */

	/*
	 * NULL, or takes PR_HTML and long bytes of attachments, of GByteArray; the
	 * properties then have {"blob": number from 1, "size": bytes} instead.
	 */
	GPtrArray  *aside;
} RawMessage;

/* ---------------------------------------------------------------- source.c */

/*
 * The callbacks of source_read().  message() is called once per message, in
 * order; the message is valid until message() returns.  message() returns
 * false to end the reading.  trouble() is called for a file or a message that
 * cannot be read (number 0: the whole file), and skipped() for a file in a
 * folder that, by its name, contains no mail (hidden files, the own files of a
 * Maildir).
 */
typedef struct Source
{
	bool		(*message) (const RawMessage *raw, void *arg);
	void		(*trouble) (const char *path, unsigned number,
							const char *why, void *arg);
	void		(*skipped) (const char *path, void *arg);
	void	   *arg;
	bool		follow_links;	/* follow links that lead out of a path */
	GHashTable *folders;		/* "device:inode" of every folder read */
	char	   *root;			/* the current path, links resolved, and "/" */
} Source;

/*
 * Read every message under some paths, of which each is a message file, an
 * mbox file, a Maildir folder, or a folder of any of these, in sorted order;
 * "-" is stdin.  A folder is read once, however many paths and symbolic links
 * lead to the folder.  The caller sets the callbacks and follow_links.
 */
extern void source_read(Source *source, char *const *paths, int npaths);

/* The property from which the mbox of a message can be written again. */
#define MBOX_FORM	"PS_PUBLIC_STRINGS:msgstore-mbox-form:PT_BINARY"

/* Return true if a line begins with "From ". */
extern bool mbox_from(const char *line, size_t len);

/*
 * Append a message to an mbox, of which "out" has at least the last three
 * bytes.  The form, which may be NULL, ends with a NUL.  Unless the message
 * was edited, the bytes are those of the mbox that the form came from.
 */
extern void mbox_append(GString *out, const char *mail, size_t len,
						const char *form, size_t form_len, bool edited);

/* ------------------------------------------------------------------ text.c */

extern Tally *tally_new(void);

/* Add n to the count of a remark, 1 to that of a type; tally may be NULL. */
extern void tally_remark(Tally *tally, const char *kind, unsigned n);
extern void tally_attachment(Tally *tally, const char *type);

/* Add the counts of one tally to another, which may be NULL. */
extern void tally_merge(Tally *into, Tally *from);

/* Return a text property, or "" if it is not set. */
extern const char *text_of(json_t *object, const char *name);

/* Return a number, or a boolean as 0 or 1; "missing" if it is not set. */
extern json_int_t number_of(json_t *object, const char *name,
							json_int_t missing);

/* Set a property to a text as valid UTF-8, unless the text is NULL or "". */
extern void put_text(json_t *props, const char *name, const char *text);

extern void put_number(json_t *props, const char *name, json_int_t n);

/* Set a binary property to bytes. */
extern void put_binary(json_t *props, const char *name, const void *bytes,
					   size_t len);

/*
 * Set a property to bytes, which are freed, or which "aside" then owns if
 * "aside" is not NULL.
 */
extern void put_content(json_t *props, const char *name, GByteArray *bytes,
					  GPtrArray *aside);

/* Return the line after the line at a place, or the end of the text. */
extern const char *next_line(const char *at, const char *end);

/* Return the field after the field of a header at a place, or the end. */
extern const char *next_field(const char *at, const char *end);

/* Search for a regular expression, in any case and line by line. */
extern GMatchInfo *text_search(const char *pattern, const char *text,
							   size_t len);

/*
 * Return the first group of the first match of a regular expression; NULL
 * without a match.
 */
extern char *text_find(const char *pattern, const char *text, size_t len);

/* Return true if a regular expression matches, as text_search() matches. */
extern bool text_matches(const char *pattern, const char *text);

/*
 * Return a text with all matches of a regular expression replaced by a text,
 * in which \\1 is the first group.
 */
extern char *text_replace(const char *pattern, const char *text,
						  const char *by);

/*
 * Return len bytes in the named charset as UTF-8 without NUL.  If the charset
 * is NULL or unknown, the bytes decide.  Never fails: U+0000 and bytes that
 * have no meaning in the charset become U+FFFD, and are counted in the tally,
 * which may be NULL.  outlen may be NULL.
 */
extern char *text_decode(const char *bytes, size_t len, const char *charset,
						 Tally *tally, size_t *outlen);

/* Return the length of the byte order mark at the start of some bytes, or 0. */
extern size_t text_mark(const char *bytes, size_t len);

/* Return true if text_decode() can decode the charset of a label. */
extern bool text_charset_known(const char *label);

/*
 * Return the bytes of a content in a transfer encoding.  With lines, blanks
 * before a line end of quoted-printable are left out.
 */
extern GByteArray *content_decode(const char *bytes, size_t len,
								  GMimeContentEncoding encoding, bool lines);

/* ------------------------------------------------------------------ mend.c */

/* A message and its repairs. */
typedef struct Mend
{
	const char *data;			/* the message, with line ends repaired */
	size_t		len;
	GString    *copy;			/* for the parser; NULL: data is parsed */
	const char *parsed;			/* the bytes of copy or data */
	size_t		parsed_len;
	GArray	   *shifts;			/* from offsets in copy to offsets in data */
	char	   *own;			/* data, if line ends were repaired */
	GByteArray *bytes;			/* of mend_parse() */
	bool		broken;			/* lines of the header were repaired */
	unsigned	nuls;			/* NULs left out of headers */
	unsigned	fields;			/* in all headers */
	unsigned	fields_left;	/* beyond MAX_FIELDS */
	unsigned	parts_left;		/* beyond MAX_PARTS */
} Mend;

/*
 * Return the number of bytes in front of the header of a message: a byte order
 * mark and a From_ line.
 */
extern size_t mend_lead(const char *data, size_t len);

/* Find the repairs that a message needs; data must outlive the result. */
extern Mend *mend_new(const char *data, size_t len);
extern void mend_free(Mend *mend);

/* Return the offset in data of an offset in the copy. */
extern size_t mend_offset(const Mend *mend, size_t offset);

/*
 * Return the message as GMime parses the copy, without embedded messages, or
 * NULL.  The object reads bytes of the mend, which must outlive the object.
 */
extern GMimeObject *mend_parse(Mend *mend);

/* ---------------------------------------------------------------- header.c */

typedef struct Field
{
	char	   *name;			/* in the spelling of the message */
	char	   *value;			/* on one line, UTF-8, without NUL */
	size_t		offset;			/* in the message */
	size_t		end;			/* after its continuations */
	char	   *now;			/* the edited field, or NULL */
} Field;

typedef struct Header
{
	GPtrArray  *fields;			/* of Field *, in order */
	char	   *charset;		/* of raw bytes; NULL: unknown */
} Header;

/* Return the header of a part in a message. */
extern Header *header_new(GMimeObject *object, const Mend *mend, Tally *tally);
extern void header_free(Header *header);

/*
 * Return the first field of a name (in any case; NULL: any name) from the
 * field *i on, or NULL.  Sets *i to the field after the returned field.
 */
extern Field *header_next(const Header *header, const char *name, guint *i);

/* Return the value of the first field of a name, or NULL. */
extern const char *header_get(const Header *header, const char *name);

/* Return a header block of the message as UTF-8. */
extern char *header_block(const Header *header, const char *bytes,
						  size_t len);

/*
 * Return a field's value with its encoded words (RFC 2047) decoded.  With
 * as_words, each run of encoded words becomes one encoded word in UTF-8, which
 * GMime decodes after it has found commas and quotes.
 */
extern char *header_decode(const char *value, bool as_words, Tally *tally);

/*
 * Add the people in each field of a name to a list, as the properties of
 * recipients of a type.
 */
extern void header_people(const Header *header, const char *name, int type,
						  json_t *list, Tally *tally);

/* ------------------------------------------------------------------ mime.c */

/* A part of a message, or its whole content; offsets are in the message. */
typedef struct Part
{
	GMimeObject *object;		/* valid while the message is read */
	Header	   *header;
	GMimeContentType *type;		/* text/plain if the part has no type */
	char	   *mime;			/* type and subtype */
	GMimeContentEncoding encoding;
	char	   *filename;		/* or NULL */
	int			depth;			/* 0: the content of the message */
	size_t		start;			/* of the header */
	size_t		head;			/* end of the header's fields */
	size_t		body;
	size_t		end;
	size_t		limit;			/* the end in the copy */
	bool		text;			/* (a piece of) PR_BODY */
	bool		html;			/* (a piece of) PR_HTML */
	bool		partless;		/* a multipart in which no part was found */
	unsigned	number;			/* PR_ATTACH_NUM of the first attachment */
	unsigned	attachments;	/* count of attachments */
	GPtrArray  *parts;			/* of Part *: the parts of a multipart */
} Part;

/* A message that was read, without the bytes in front of its header. */
typedef struct Reading
{
	json_t	   *props;
	Mend	   *mend;
	Part	   *root;			/* the content */
	GPtrArray  *aside;			/* of the RawMessage */
} Reading;

/*
 * Read a message.  Returns NULL if the bytes are not a message.  Every string
 * in the properties is valid UTF-8 without U+0000.  tally may be NULL.
 */
extern Reading *mime_read(const RawMessage *raw, Tally *tally);
extern void reading_free(Reading *reading);

/* Return true if type and subtype match an expression, as text_search(). */
extern bool part_is(const Part *part, const char *pattern);

/* Return the content of a part, decoded from its transfer encoding. */
extern GByteArray *part_bytes(const Reading *reading, const Part *part);

/* Return the properties alone, as save_new_message() takes them, or NULL. */
extern json_t *mime_to_json(const RawMessage *raw, Tally *tally);

/* The walk over the parts of one message. */
typedef struct Walk
{
	Reading    *reading;
	GString    *text;			/* PR_BODY so far */
	GString    *html;			/* PR_HTML so far, UTF-8 */
	json_t	   *attachments;
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
extern bool tnef_read(Walk *walk, const GByteArray *bytes);

/* -------------------------------------------------------------- envelope.c */

/* A message that is being edited. */
typedef struct Edit
{
	json_t	   *props;			/* the properties now */
	json_t	   *before;			/* the properties that the original has */
	Reading    *reading;		/* of the original */
	const char *eol;
	GString    *appended;		/* new header fields */
	GString    *content;		/* the new content; NULL: as it was */
	int			depth;			/* count of messages around this one */
	bool		rebuild;		/* the original has only a header */
	bool		edited;			/* a field was set or removed */

	/* Returns the mail of an embedded message. */
	GString    *(*compose) (json_t *message, int depth);
} Edit;

/*
 * Put the values of header fields into props: subject, people, times,
 * threading, importance and others.  doc/client.md has the table.
 */
extern void envelope_map(const Header *header, const RawMessage *raw,
						 json_t *props, Tally *tally);

/*
 * Set a field to an ASCII value: replace the first field of its name, or add
 * one at the end of the header.  If the value is NULL or "", remove all fields
 * of the name.
 */
extern void envelope_set(Edit *edit, const char *name, const char *value);

/* Rewrite the fields whose properties were edited. */
extern void envelope_edit(Edit *edit);

/* --------------------------------------------------------------- compose.c */

/* A part is a string here: its header, an empty line, its body. */

/* Return a new array of parts. */
extern GPtrArray *parts_new(void);

/* Return the length of the header of a part, with the empty line. */
extern size_t header_len(const GString *part);

/* Return a header of a part as an object of GMime, or NULL. */
extern GMimeObject *parse_header(const GString *header);

/*
 * Return a text as a part.  "old" is the part that is replaced, whose other
 * header fields stay, or NULL.
 */
extern GString *part_text(const char *text, size_t len, const char *subtype,
						  const char *eol, GMimeObject *old);

/* Append parts, each after a boundary line and before a line end. */
extern void append_parts(GString *out, const GPtrArray *parts,
						 const GString *line, const GString *eol);

/* Return parts as a multipart, and free the array. */
extern GString *part_multipart(GPtrArray *parts, const char *subtype,
							   const char *report_type, const char *eol);

/* Return parts as a multipart, or a single part alone; free the array. */
extern GString *join_parts(GPtrArray *parts, const char *subtype,
						   const char *eol);

/* Return true if two objects have one value of a property, or none. */
extern bool same_value(json_t *a, json_t *b, const char *name);

/*
 * Return an attachment as a part.  "old" is the part that is replaced, whose
 * other header fields stay, or NULL; "before" has the properties that "old"
 * was read as, and "place" is the place of "old".  "inner" is the mail of an
 * embedded message; if NULL, the mail is composed.
 */
extern GString *part_attachment(const Edit *edit, json_t *now, json_t *before,
								GMimeObject *old, const Part *place,
								const GString *inner);

/* ------------------------------------------------------------------ edit.c */

/*
 * Return the mail of a message with the given properties, composed from these.
 * "depth" is the number of messages around the message.
 */
extern GString *compose_message(json_t *props, int depth);

/*
 * Return the mail of a message with the given original.  All bytes that no
 * edit concerns are those of the original.  Composes a mail without original.
 */
extern GString *compose_original(json_t *props, const char *data, size_t len);

#endif							/* MAIL_H */
