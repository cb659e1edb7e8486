/*-------------------------------------------------------------------------
 *
 * header.c
 *	  Read the header block of a message: its end, its fields, and their
 *	  encoded words.
 *
 * NOTES
 *	  Rules for broken headers:
 *
 *	  - Lines of blanks before the first field are skipped.
 *	  - A From_ line, or ">From ", in the block is not a field.
 *	  - Any other line that is neither field nor continuation belongs to the
 *		field before it if more header follows (a continuation without its
 *		indentation).  Otherwise the body begins there (the empty line is
 *		missing).
 *	  - Raw 8-bit bytes are UTF-8 if they are valid UTF-8, else in the charset
 *		of Content-Type, else windows-1252.
 *	  - NUL is left out of fields.
 *	  - A line may end with more than one CR, for example after a second
 *		conversion of line ends.
 *
 *	  Encoded words (RFC 2047) are decoded here and by text.c, so that the name
 *	  of a charset has one meaning in subjects and bodies.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/* One line of the message: [start, next), text without its line end. */
typedef struct Line
{
	const char *start;
	size_t		len;			/* without line end */
	const char *next;
} Line;

static bool
next_line(const char *at, const char *end, Line *line)
{
	const char *nl;

	if (at >= end)
		return false;
	nl = memchr(at, '\n', (size_t) (end - at));
	line->start = at;
	line->next = nl ? nl + 1 : end;
	line->len = (size_t) ((nl ? nl : end) - at);
	while (line->len > 0 && at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* The length of the field name at the start of a line, 0 if there is none. */
static size_t
field_name_len(const Line *line)
{
	size_t		n = 0;
	size_t		colon;

	while (n < line->len && line->start[n] > 32 && line->start[n] < 127 &&
		   line->start[n] != ':')
		n++;
	colon = n;
	while (colon < line->len &&
		   (line->start[colon] == ' ' || line->start[colon] == '\t'))
		colon++;
	if (colon >= line->len || line->start[colon] != ':')
		return 0;
	return n;
}

static bool
is_blank(const Line *line)
{
	for (size_t i = 0; i < line->len; i++)
	{
		if (line->start[i] != ' ' && line->start[i] != '\t')
			return false;
	}
	return true;
}

static bool
is_from_line(const Line *line)
{
	return (line->len >= 5 && memcmp(line->start, "From ", 5) == 0) ||
		(line->len >= 6 && memcmp(line->start, ">From ", 6) == 0);
}

/*
 * Where, after a line that is no header line, the header goes on: at a field
 * before the empty line, with no multipart boundary before that; NULL if it
 * does not.  A field here is one whose name is common or has a hyphen: prose
 * has colons too.
 */
static const char *
header_goes_on(const char *at, const char *end)
{
	static const char *const common[] = {
		"bcc", "cc", "date", "from", "received", "references", "sender",
		"subject", "to"
	};
	Line		line;

	while (next_line(at, end, &line) && line.len > 0)
	{
		size_t		n = field_name_len(&line);

		if (line.len > 2 && line.start[0] == '-' && line.start[1] == '-')
			return NULL;
		if (n > 0 && memchr(line.start, '-', n) != NULL)
			return at;
		for (size_t i = 0; n > 0 && i < G_N_ELEMENTS(common); i++)
		{
			if (strlen(common[i]) == n &&
				g_ascii_strncasecmp(common[i], line.start, n) == 0)
				return at;
		}
		at = line.next;
	}
	return NULL;
}

/* Append a piece of a raw value without its NULs; counts them. */
static void
append_without_nul(GString *out, const char *bytes, size_t len,
				   unsigned *nuls)
{
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] == '\0')
			(*nuls)++;
		else
			g_string_append_c(out, bytes[i]);
	}
}

/*
 * A piece of raw header to UTF-8.  The charset counts only for bytes that
 * are no valid UTF-8; ISO-2022-JP shows itself by its escapes.
 */
static char *
header_utf8(const char *bytes, size_t len, const char *charset, Tally *tally)
{
	if (g_strstr_len(bytes, (gssize) len, "\x1B$") != NULL)
		charset = "iso-2022-jp";
	else if (charset != NULL &&
			 (g_utf8_validate_len(bytes, len, NULL) ||
			  g_ascii_strncasecmp(charset, "iso-2022", 8) == 0 ||
			  g_ascii_strncasecmp(charset, "utf", 3) == 0))
		charset = NULL;
	return text_decode(bytes, len, charset, tally, NULL);
}

/* The charset parameter of the Content-Type field, or NULL; in new memory. */
static char *
declared_charset(const GPtrArray *fields)
{
	for (guint i = 0; i < fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(fields, i);
		g_autofree char *low = NULL;
		char	   *at;
		size_t		n;

		if (g_ascii_strcasecmp(field->name, "Content-Type") != 0)
			continue;
		low = g_ascii_strdown(field->value, -1);
		at = strstr(low, "charset=");
		if (at == NULL)
			continue;
		at += strlen("charset=");
		if (*at == '"')
			at++;
		n = strcspn(at, "\"; \t\r\n");
		at[n] = '\0';
		return text_charset_known(at) ? g_strdup(at) : NULL;
	}
	return NULL;
}

static void
field_free(gpointer p)
{
	Field	   *field = p;

	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

/* Begin a field at a line with a name of n bytes. */
static void
begin_field(GPtrArray *fields, const Line *line, size_t n, GString *value,
			unsigned *nuls)
{
	Field	   *field = g_new0(Field, 1);
	const char *colon = memchr(line->start, ':', line->len);

	field->name = g_strndup(line->start, n);
	g_ptr_array_add(fields, field);
	append_without_nul(value, colon + 1,
					   (size_t) (line->start + line->len - colon - 1), nuls);
}

/* Go on with a field's value in a further line; a fold is one space. */
static void
continue_field(const Line *line, GString *value, unsigned *nuls)
{
	size_t		blanks = 0;

	while (blanks < line->len &&
		   (line->start[blanks] == ' ' || line->start[blanks] == '\t'))
		blanks++;
	while (value->len > 0 && (value->str[value->len - 1] == ' ' ||
							  value->str[value->len - 1] == '\t'))
		g_string_truncate(value, value->len - 1);
	g_string_append_c(value, ' ');
	append_without_nul(value, line->start + blanks, line->len - blanks, nuls);
}

/* The value of the last field, if there is one, is complete. */
static void
end_field(GPtrArray *fields, GString *value)
{
	if (fields->len > 0)
	{
		Field	   *field = g_ptr_array_index(fields, fields->len - 1);

		field->value = g_strdup(value->str);
	}
	g_string_truncate(value, 0);
}

/*
 * Split the block into fields with raw values (NULs taken out); sets where
 * the block ends and where the body begins.
 */
static GPtrArray *
split_fields(const char *data, size_t len, size_t *block_end,
			 size_t *body_offset, unsigned *nuls)
{
	GPtrArray  *fields = g_ptr_array_new_with_free_func(field_free);
	GString    *value = g_string_new(NULL);
	const char *end = data + len;
	const char *at = data;
	const char *goes_on = data;
	Line		line;

	*block_end = *body_offset = len;
	for (; next_line(at, end, &line); at = line.next)
	{
		size_t		n;

		if (line.len == 0)
		{
			*block_end = (size_t) (at - data);
			*body_offset = (size_t) (line.next - data);
			break;
		}
		if ((fields->len == 0 && is_blank(&line)) || is_from_line(&line))
			continue;
		n = field_name_len(&line);
		if (n > 0)
		{
			end_field(fields, value);
			begin_field(fields, &line, n, value, nuls);
			continue;
		}
		if (line.start[0] != ' ' && line.start[0] != '\t')
		{
			/* looked up once for all the lines before that field */
			if (at >= goes_on)
				goes_on = header_goes_on(line.next, end);
			if (goes_on == NULL)
			{
				/* the body; the empty line before it is missing */
				*block_end = *body_offset = (size_t) (at - data);
				break;
			}
		}
		if (fields->len > 0)
			continue_field(&line, value, nuls);
	}
	end_field(fields, value);
	g_string_free(value, TRUE);
	return fields;
}

Header *
header_read(const char *data, size_t len, Tally *tally)
{
	Header	   *header;
	GPtrArray  *fields;
	GString    *block;
	Tally	   *aside;
	g_autofree char *charset = NULL;
	const char *at = data;
	size_t		block_end;
	size_t		body_offset;
	unsigned	nuls = 0;
	Line		line;

	fields = split_fields(data, len, &block_end, &body_offset, &nuls);
	if (fields->len == 0)
	{
		g_ptr_array_free(fields, TRUE);
		return NULL;
	}
	if (nuls > 0)
		tally_count(tally->remarks,
					"NUL characters in header fields: left out", nuls);

	charset = declared_charset(fields);
	for (guint i = 0; i < fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(fields, i);
		char	   *raw = field->value;

		field->value = header_utf8(raw, strlen(raw), charset, tally);
		g_free(raw);
	}

	/* the block itself, line by line; what is mended there is counted above */
	aside = tally_new();
	block = g_string_sized_new(block_end);
	while (next_line(at, data + block_end, &line))
	{
		char	   *text = header_utf8(line.start,
									   (size_t) (line.next - line.start),
									   charset, aside);

		g_string_append(block, text);
		g_free(text);
		at = line.next;
	}
	tally_free(aside);

	header = g_new(Header, 1);
	header->fields = fields;
	header->block = g_string_free(block, FALSE);
	header->block_end = block_end;
	header->body_offset = body_offset;
	return header;
}

void
header_free(Header *header)
{
	g_ptr_array_free(header->fields, TRUE);
	g_free(header->block);
	g_free(header);
}

const char *
header_get(const Header *header, const char *name)
{
	for (guint i = 0; i < header->fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(header->fields, i);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field->value;
	}
	return NULL;
}

/* ---------------------------------------------------------- encoded words */

/* A run of encoded words of one charset, decoded to bytes, not yet to text. */
typedef struct WordRun
{
	char	   *charset;		/* NULL: no run */
	GString    *bytes;
	bool		no_end;			/* no "?=" in what is left: look no more */
} WordRun;

/* Write out a run, as text or as one encoded word in UTF-8, and end it. */
static void
flush_run(WordRun *run, bool as_words, GString *out, Tally *tally)
{
	char	   *text;

	if (run->charset == NULL)
		return;
	text = text_decode(run->bytes->str, run->bytes->len, run->charset,
					   tally, NULL);
	g_strdelimit(text, "\r\n", ' ');
	if (as_words)
	{
		g_autofree char *coded = g_base64_encode((guchar *) text,
												 strlen(text));

		g_string_append_printf(out, "=?utf-8?b?%s?=", coded);
	}
	else
		g_string_append(out, text);
	g_free(text);
	g_free(run->charset);
	run->charset = NULL;
	g_string_truncate(run->bytes, 0);
}

/* Decode base64, whatever stands between its characters or pads its end. */
static void
append_base64(GString *out, const char *text, size_t len)
{
	GString    *padded = g_string_sized_new(len + 4);
	guchar	   *bytes;
	gsize		n;

	for (size_t i = 0; i < len; i++)
	{
		if (g_ascii_isalnum(text[i]) || text[i] == '+' || text[i] == '/')
			g_string_append_c(padded, text[i]);
	}
	/* one character alone is no byte */
	if (padded->len % 4 == 1)
		g_string_truncate(padded, padded->len - 1);
	while (padded->len % 4 != 0)
		g_string_append_c(padded, '=');
	bytes = g_base64_decode(padded->str, &n);
	g_string_append_len(out, (char *) bytes, (gssize) n);
	g_free(bytes);
	g_string_free(padded, TRUE);
}

static void
append_quoted(GString *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '_')
			g_string_append_c(out, ' ');
		else if (text[i] == '=' && i + 2 < len &&
				 g_ascii_isxdigit(text[i + 1]) &&
				 g_ascii_isxdigit(text[i + 2]))
		{
			g_string_append_c(out,
							  (char) (g_ascii_xdigit_value(text[i + 1]) * 16 +
									  g_ascii_xdigit_value(text[i + 2])));
			i += 2;
		}
		else
			g_string_append_c(out, text[i]);
	}
}

/*
 * If an encoded word begins at "at", add it to the run (a new one, if its
 * charset is another) and return its length, else 0.
 */
static size_t
take_word(const char *at, WordRun *run, bool as_words, GString *out,
		  Tally *tally)
{
	g_autofree char *charset = NULL;
	const char *p = at + 2;
	const char *text;
	const char *end;
	size_t		n;
	char		encoding;

	n = strcspn(p, "?*= \t\r\n");
	if (n == 0)
		return 0;
	charset = g_strndup(p, n);
	p += n;
	if (*p == '*')				/* RFC 2231 language */
		p += strcspn(p, "?");
	if (p[0] != '?' || p[1] == '\0' || p[2] != '?' || run->no_end)
		return 0;
	encoding = g_ascii_toupper(p[1]);
	if (encoding != 'B' && encoding != 'Q')
		return 0;
	text = p + 3;
	end = strstr(text, "?=");
	if (end == NULL)
	{
		run->no_end = true;
		return 0;
	}

	if (run->charset == NULL || g_ascii_strcasecmp(run->charset, charset) != 0)
	{
		flush_run(run, as_words, out, tally);
		run->charset = g_steal_pointer(&charset);
	}
	if (encoding == 'B')
		append_base64(run->bytes, text, (size_t) (end - text));
	else
		append_quoted(run->bytes, text, (size_t) (end - text));
	return (size_t) (end + 2 - at);
}

char *
header_decode(const char *value, bool as_words, Tally *tally)
{
	GString    *out = g_string_new(NULL);
	WordRun		run = {NULL, g_string_new(NULL), false};

	for (const char *p = value; *p != '\0';)
	{
		size_t		blanks = 0;
		size_t		n;

		/* blanks between two encoded words do not count */
		if (run.charset != NULL)
			blanks = strspn(p, " \t\r\n");
		if (blanks > 0 &&
			p[blanks] == '=' && p[blanks + 1] == '?' &&
			(n = take_word(p + blanks, &run, as_words, out, tally)) > 0)
			p += blanks + n;
		else if (p[0] == '=' && p[1] == '?' &&
				 (n = take_word(p, &run, as_words, out, tally)) > 0)
			p += n;
		else
		{
			flush_run(&run, as_words, out, tally);
			g_string_append_c(out, *p == '\r' ? ' ' : *p);
			p++;
		}
	}
	flush_run(&run, as_words, out, tally);
	g_string_free(run.bytes, TRUE);
	return g_strstrip(g_string_free(out, FALSE));
}
