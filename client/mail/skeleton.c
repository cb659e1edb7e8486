/*-------------------------------------------------------------------------
 *
 * skeleton.c
 *	  The bytes of a message beside its contents: header fields of parts,
 *	  boundaries, the bytes before, between and after the boundaries, and the
 *	  encoding of each content.
 *
 * NOTES
 *	  The skeleton is the binary property PidTagMimeSkeleton.  The skeleton and
 *	  the contents, which are in the bodies and attachments, are together the
 *	  message as it was.  A skeleton has lines of text and runs of bytes:
 *
 *		msgstore 1 BODY HTML ATTACHMENTS HEADER
 *		header N, raw N				and then N bytes
 *		text OFFSET N CHARSET ENCODING EOL		a piece of PR_BODY
 *		html OFFSET N CHARSET ENCODING EOL		a piece of PR_HTML
 *		data NUMBER OFFSET ENCODING EOL			an attachment's bytes
 *		message NUMBER ENCODING EOL				an embedded message
 *
 *	  The first line has checksums of the properties ("-" for an absent one).
 *	  If a checksum does not match, somebody has edited the message, and the
 *	  message is composed without the skeleton (compose.c).  ENCODING is
 *	  "identity", "quoted-printable" or the length of the lines of base64; EOL
 *	  is "lf" or "crlf".
 *
 *	  A content that its property does not give back (a text with bytes that
 *	  mean nothing in its charset) is in the skeleton itself.  Every save of a
 *	  message writes its skeleton, so a large skeleton is left out.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

#define MAX_SKELETON_BYTES	(48 * 1024)
#define CHECKSUM_CHARS		16

/* Bytes badly encoded are kept as they came, if they are no more than that. */
#define MAX_ODD_BYTES		(16 * 1024)

/* The properties of an attachment that its part's header was made of. */
static const char *const attachment_names[] = {
	"PR_ATTACH_NUM", "PR_ATTACH_METHOD", "PR_ATTACH_LONG_FILENAME",
	"PR_ATTACH_MIME_TAG", "PR_ATTACH_CONTENT_ID", "PR_ATTACH_CONTENT_LOCATION",
	"PR_ATTACH_FLAGS", "PR_ATTACH_DATA_BIN"
};

/* --------------------------------------------------------------- checksums */

static void
sum_member(GChecksum *sum, json_t *object, const char *name)
{
	json_t	   *value = json_object_get(object, name);
	char		number[32];

	g_checksum_update(sum, (const guchar *) name, (gssize) strlen(name));
	if (json_is_string(value))
		g_checksum_update(sum, (const guchar *) json_string_value(value),
						  (gssize) json_string_length(value));
	else if (json_is_integer(value))
	{
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
				 json_integer_value(value));
		g_checksum_update(sum, (const guchar *) number, -1);
	}
}

/* A checksum of a property, "-" where there is none. */
static char *
checksum(json_t *props, const char *name)
{
	json_t	   *value = json_object_get(props, name);
	GChecksum  *sum;
	char	   *text;

	if (value == NULL)
		return g_strdup("-");
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	if (json_is_array(value))
	{
		size_t		i;
		json_t	   *one;

		json_array_foreach(value, i, one)
		{
			for (size_t n = 0; n < G_N_ELEMENTS(attachment_names); n++)
				sum_member(sum, one, attachment_names[n]);
		}
	}
	else
		sum_member(sum, props, name);
	text = g_strndup(g_checksum_get_string(sum), CHECKSUM_CHARS);
	g_checksum_free(sum);
	return text;
}

/* The first line. */
static char *
first_line(json_t *props)
{
	g_autofree char *body = checksum(props, "PR_BODY");
	g_autofree char *html = checksum(props, "PR_HTML");
	g_autofree char *parts = checksum(props, "PR_MESSAGE_ATTACHMENTS");
	g_autofree char *header = checksum(props, "PR_TRANSPORT_MESSAGE_HEADERS");

	return g_strdup_printf("msgstore 1 %s %s %s %s\n", body, html, parts,
						   header);
}

/* Append bytes in an encoding; false if there is no such encoding. */
static bool
put_encoded(GString *out, const char *bytes, size_t len,
			const char *encoding, const char *eol_name)
{
	const char *eol = strcmp(eol_name, "crlf") == 0 ? "\r\n" : "\n";

	if (strcmp(encoding, "identity") == 0)
		g_string_append_len(out, bytes, (gssize) len);
	else if (strcmp(encoding, "quoted-printable") == 0)
		encode_quoted(out, bytes, len, eol);
	else if (g_ascii_isdigit(*encoding))
		encode_base64(out, bytes, len, (unsigned) atoi(encoding), eol);
	else
		return false;
	return true;
}

/* ----------------------------------------------------------------- writing */

void
skeleton_init(Skeleton *skeleton, const char *start)
{
	skeleton->out = g_string_new(NULL);
	skeleton->copied = start;
	skeleton->failed = false;
}

static void
put_run(Skeleton *skeleton, const char *kind, const char *bytes, size_t len)
{
	if (len == 0 || skeleton->failed)
		return;
	if (skeleton->out->len + len > MAX_SKELETON_BYTES)
	{
		skeleton->failed = true;
		return;
	}
	g_string_append_printf(skeleton->out, "%s %zu\n", kind, len);
	g_string_append_len(skeleton->out, bytes, (gssize) len);
}

void
skeleton_header(Skeleton *skeleton, const char *bytes, size_t len)
{
	put_run(skeleton, "header", bytes, len);
}

/* What stands before a content, which ends at "end". */
static void
put_before(Skeleton *skeleton, const char *start, const char *end)
{
	put_run(skeleton, "raw", skeleton->copied,
			(size_t) (start - skeleton->copied));
	skeleton->copied = end;
}

/*
 * How a part is encoded, as "ENCODING EOL"; NULL for what we do not write.
 * *start and *end become those of its content; in base64 that is without the
 * blanks around it.
 */
static char *
encoding_text(const Part *part, const char **start, const char **end)
{
	const char *nl;
	const char *eol = "lf";
	GMimeContentEncoding encoding = part_encoding(part);

	*start = part->body;
	*end = part_coded_end(part);
	if (encoding == GMIME_CONTENT_ENCODING_BASE64)
	{
		while (*end > *start && g_ascii_isspace((*end)[-1]))
			(*end)--;
		while (*start < *end && g_ascii_isspace(**start))
			(*start)++;
	}
	nl = memchr(*start, '\n', (size_t) (part->end - *start));
	if (nl != NULL && nl > *start && nl[-1] == '\r')
		eol = "crlf";
	switch (encoding)
	{
		case GMIME_CONTENT_ENCODING_DEFAULT:
		case GMIME_CONTENT_ENCODING_7BIT:
		case GMIME_CONTENT_ENCODING_8BIT:
		case GMIME_CONTENT_ENCODING_BINARY:
			return g_strdup_printf("identity %s", eol);
		case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
			return g_strdup_printf("quoted-printable %s", eol);
		case GMIME_CONTENT_ENCODING_BASE64:
			if (nl == NULL || nl > *end)
				nl = *end;
			else if (*eol == 'c')
				nl--;
			return g_strdup_printf("%zu %s", (size_t) (nl - *start), eol);
		default:
			return NULL;
	}
}

/* A text in which charset is the same bytes again?  NULL: in none. */
static const char *
exact_charset(const char *text, size_t len, const GByteArray *bytes,
			  const char *charset)
{
	size_t		outlen;
	g_autofree char *again = NULL;

	if (len == bytes->len &&
		(len == 0 || memcmp(text, bytes->data, len) == 0))
		return "utf-8";
	if (charset == NULL || strpbrk(charset, " \t\r\n") != NULL)
		return NULL;
	again = encode_charset(text, len, charset, &outlen);
	if (again != NULL && outlen == bytes->len &&
		memcmp(again, bytes->data, outlen) == 0)
		return charset;
	return NULL;
}

/* Whether bytes become again what stands in the message. */
static bool
is_exact(const char *start, const char *end, const char *encoding,
		 const GByteArray *bytes)
{
	GString    *again = g_string_new(NULL);
	g_auto(GStrv) words = g_strsplit(encoding, " ", 2);
	bool		exact;

	exact = put_encoded(again, (const char *) bytes->data, bytes->len,
						words[0], words[1]) &&
		again->len == (size_t) (end - start) &&
		memcmp(again->str, start, again->len) == 0;
	g_string_free(again, TRUE);
	return exact;
}

/*
 * Whether a text may be encoded in another way than it was.  One that follows
 * the header without an empty line may not: what its first lines are taken
 * for depends on how they look.
 */
static bool
may_differ(const Part *part, const char *start, const char *end)
{
	const Header *header = part->header;

	if (header != NULL && header->body_offset == header->block_end)
		return false;
	return part_encoding(part) != GMIME_CONTENT_ENCODING_BASE64 ||
		end - start > MAX_ODD_BYTES;
}

void
skeleton_text(Skeleton *skeleton, const Part *part, const char *which,
			  const GString *text, size_t offset, const GByteArray *bytes,
			  const char *charset)
{
	const char *start;
	const char *end;
	g_autofree char *encoding = encoding_text(part, &start, &end);
	size_t		len = text->len - offset;
	const char *exact = exact_charset(text->str + offset, len, bytes,
									  charset);

	if (exact == NULL || encoding == NULL)
		return;					/* it stays among what is copied */
	if (!may_differ(part, start, end) &&
		!is_exact(start, end, encoding, bytes))
		return;
	put_before(skeleton, start, end);
	g_string_append_printf(skeleton->out, "%s %zu %zu %s %s\n", which, offset,
						   len, exact, encoding);
}

void
skeleton_data(Skeleton *skeleton, const Part *part, unsigned number,
			  const GByteArray *bytes)
{
	const char *start;
	const char *end;
	g_autofree char *encoding = encoding_text(part, &start, &end);

	if (encoding == NULL)
		return;
	if (end - start <= MAX_ODD_BYTES &&
		!is_exact(start, end, encoding, bytes))
		return;					/* it stays among what is copied */
	put_before(skeleton, start, end);
	g_string_append_printf(skeleton->out, "data %u 0 %s\n", number, encoding);
}

void
skeleton_whole(Skeleton *skeleton, const char *start, const char *end,
			   unsigned number, size_t offset)
{
	put_before(skeleton, start, end);
	g_string_append_printf(skeleton->out, "data %u %zu identity lf\n", number,
						   offset);
}

void
skeleton_message(Skeleton *skeleton, const Part *part, unsigned number)
{
	const char *start;
	const char *end;
	g_autofree char *encoding = encoding_text(part, &start, &end);

	if (encoding == NULL)
	{
		skeleton->failed = true;
		return;
	}
	put_before(skeleton, start, end);
	g_string_append_printf(skeleton->out, "message %u %s\n", number,
						   encoding);
}

void
skeleton_finish(Skeleton *skeleton, const char *end, json_t *props)
{
	put_before(skeleton, end, end);
	if (!skeleton->failed)
	{
		g_autofree char *first = first_line(props);
		g_autofree char *coded = NULL;

		g_string_prepend(skeleton->out, first);
		coded = g_base64_encode((const guchar *) skeleton->out->str,
								skeleton->out->len);
		put_text(props, "PidTagMimeSkeleton", coded);
	}
	g_string_free(skeleton->out, TRUE);
}

/* --------------------------------------------------------------- replaying */

/* The skeleton while it is read; at is its next line. */
typedef struct Replay
{
	json_t	   *props;
	const char *at;
	const char *end;
	GString    *body;
	GString    *html;			/* PR_HTML decoded, or NULL */
	GString    *out;
	int			depth;
	size_t		body_done;		/* how far of the body it is in "out" */
	size_t		html_done;
	size_t		next_number;	/* of an attachment */
	GArray	   *inner;			/* of Inner, in order */
} Replay;

/* An embedded message that is still to be put into "out". */
typedef struct Inner
{
	size_t		at;
	json_t	   *message;
	char	   *encoding;
	char	   *eol;
} Inner;

static void
inner_clear(gpointer p)
{
	Inner	   *inner = p;

	g_free(inner->encoding);
	g_free(inner->eol);
}

/*
 * A skeleton takes each content once, and in order.  One that does not, is
 * none of ours; it could make a message of any size.
 */
static bool
replay_text(Replay *replay, char **words, guint n, GString *text,
			size_t *done)
{
	size_t		offset;
	size_t		len;
	size_t		outlen;
	g_autofree char *bytes = NULL;

	if (n != 6 || text == NULL)
		return false;
	offset = strtoul(words[1], NULL, 10);
	len = strtoul(words[2], NULL, 10);
	if (offset < *done || offset > text->len || len > text->len - offset)
		return false;
	*done = offset + len;
	bytes = encode_charset(text->str + offset, len, words[3], &outlen);
	return bytes != NULL &&
		put_encoded(replay->out, bytes, outlen, words[4], words[5]);
}

/* The attachment that a line names, NULL if there is none or it is done. */
static json_t *
next_attachment(Replay *replay, const char *word)
{
	size_t		number = strtoul(word, NULL, 10);

	if (number < replay->next_number || number == ULONG_MAX)
		return NULL;
	replay->next_number = number + 1;
	return json_array_get(json_object_get(replay->props,
										  "PR_MESSAGE_ATTACHMENTS"), number);
}

static bool
replay_data(Replay *replay, char **words, guint n)
{
	json_t	   *one = n == 5 ? next_attachment(replay, words[1]) : NULL;
	const char *coded =
	json_string_value(json_object_get(one, "PR_ATTACH_DATA_BIN"));
	g_autofree guchar *bytes = NULL;
	size_t		offset;
	gsize		len;

	if (coded == NULL)
		return false;
	bytes = g_base64_decode(coded, &len);
	offset = strtoul(words[2], NULL, 10);
	return offset <= len &&
		put_encoded(replay->out, (char *) bytes + offset, len - offset,
					words[3], words[4]);
}

/*
 * Note an embedded message.  It is composed once all of the skeleton is known
 * to be good: if each level of many did that in vain, it would take forever.
 */
static bool
replay_message(Replay *replay, char **words, guint n)
{
	json_t	   *one = n == 4 ? next_attachment(replay, words[1]) : NULL;
	Inner		inner = {replay->out->len, NULL, NULL, NULL};

	inner.message = json_object_get(one, "PR_ATTACH_DATA_OBJ");
	if (inner.message == NULL || replay->depth >= MAX_NESTING ||
		!put_encoded(replay->out, "", 0, words[2], words[3]))
		return false;
	inner.encoding = g_strdup(words[2]);
	inner.eol = g_strdup(words[3]);
	g_array_append_val(replay->inner, inner);
	return true;
}

/* Put the embedded messages in; returns all of it. */
static GString *
join_inner(const Replay *replay)
{
	GString    *all;
	size_t		done = 0;

	if (replay->inner->len == 0)
		return replay->out;
	all = g_string_new(NULL);
	for (guint i = 0; i < replay->inner->len; i++)
	{
		const Inner *inner = &g_array_index(replay->inner, Inner, i);
		GString    *mail = compose_message(inner->message, replay->depth + 1);

		g_string_append_len(all, replay->out->str + done,
							(gssize) (inner->at - done));
		put_encoded(all, mail->str, mail->len, inner->encoding, inner->eol);
		g_string_free(mail, TRUE);
		done = inner->at;
	}
	g_string_append_len(all, replay->out->str + done,
						(gssize) (replay->out->len - done));
	g_string_free(replay->out, TRUE);
	return all;
}

static bool
replay_run(Replay *replay, char **words, guint n)
{
	size_t		len = n == 2 ? strtoul(words[1], NULL, 10) : 0;

	if (len == 0 || len > (size_t) (replay->end - replay->at))
		return false;
	if (strcmp(words[0], "raw") == 0)
		g_string_append_len(replay->out, replay->at, (gssize) len);
	replay->at += len;
	return true;
}

/* Do what the next line says. */
static bool
replay_line(Replay *replay)
{
	size_t		left = (size_t) (replay->end - replay->at);
	const char *nl = memchr(replay->at, '\n', left);
	g_autofree char *line = NULL;
	g_auto(GStrv) words = NULL;
	guint		n;

	if (nl == NULL)
		return false;
	line = g_strndup(replay->at, (gsize) (nl - replay->at));
	words = g_strsplit(line, " ", -1);
	n = g_strv_length(words);
	replay->at = nl + 1;
	if (n == 0)
		return false;
	if (strcmp(words[0], "raw") == 0 || strcmp(words[0], "header") == 0)
		return replay_run(replay, words, n);
	if (strcmp(words[0], "text") == 0)
		return replay_text(replay, words, n, replay->body,
						   &replay->body_done);
	if (strcmp(words[0], "html") == 0)
		return replay_text(replay, words, n, replay->html,
						   &replay->html_done);
	if (strcmp(words[0], "data") == 0)
		return replay_data(replay, words, n);
	if (strcmp(words[0], "message") == 0)
		return replay_message(replay, words, n);
	return false;
}

/* The skeleton's bytes, or NULL. */
static guchar *
skeleton_bytes(json_t *props, gsize *len)
{
	const char *coded =
	json_string_value(json_object_get(props, "PidTagMimeSkeleton"));

	return coded ? g_base64_decode(coded, len) : NULL;
}

GString *
skeleton_header_bytes(json_t *props)
{
	g_autofree char *sum = checksum(props, "PR_TRANSPORT_MESSAGE_HEADERS");
	g_autofree char *ending = g_strdup_printf(" %s\nheader ", sum);
	gsize		len;
	g_autofree guchar *bytes = skeleton_bytes(props, &len);
	g_autofree char *first = NULL;
	const char *start;
	const char *nl;
	size_t		n;

	if (bytes == NULL)
		return NULL;
	/* two lines, the second of which says how long the header is */
	first = g_strndup((char *) bytes, MIN(len, 200));
	start = strstr(first, ending);
	nl = start ? strchr(start + strlen(ending), '\n') : NULL;
	if (nl == NULL || memchr(first, '\n', (size_t) (start - first)) != NULL)
		return NULL;
	n = strtoul(start + strlen(ending), NULL, 10);
	start = (char *) bytes + (nl + 1 - first);
	if (n > len - (size_t) (nl + 1 - first))
		return NULL;
	return g_string_new_len(start, (gssize) n);
}

GString *
skeleton_replay(json_t *props, int depth)
{
	const char *body = json_string_value(json_object_get(props, "PR_BODY"));
	const char *html = json_string_value(json_object_get(props, "PR_HTML"));
	Replay		replay = {.props = props, .depth = depth};
	g_autofree char *first = first_line(props);
	g_autofree guchar *bytes = NULL;
	gsize		len;
	bool		ok;

	bytes = skeleton_bytes(props, &len);
	if (bytes == NULL)
		return NULL;
	if (len < strlen(first) || memcmp(bytes, first, strlen(first)) != 0)
		return NULL;
	replay.at = (const char *) bytes + strlen(first);
	replay.end = (const char *) bytes + len;
	replay.out = g_string_new(NULL);
	replay.body = g_string_new(body ? body : "");
	replay.html = g_string_new(NULL);
	if (html != NULL)
	{
		gsize		n;
		g_autofree guchar *text = g_base64_decode(html, &n);

		g_string_append_len(replay.html, (char *) text, (gssize) n);
	}
	replay.inner = g_array_new(FALSE, FALSE, sizeof(Inner));
	g_array_set_clear_func(replay.inner, inner_clear);
	for (ok = true; ok && replay.at < replay.end;)
		ok = replay_line(&replay);
	g_string_free(replay.body, TRUE);
	g_string_free(replay.html, TRUE);
	if (ok)
		replay.out = join_inner(&replay);
	else
	{
		g_string_free(replay.out, TRUE);
		replay.out = NULL;
	}
	g_array_free(replay.inner, TRUE);
	return replay.out;
}
