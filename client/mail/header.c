/*-------------------------------------------------------------------------
 *
 * header.c
 *	  From header fields of GMime to texts; decodes encoded words.
 *
 * NOTES
 *	  GMime returns raw values.  Charsets are repaired here: raw 8-bit bytes
 *	  are UTF-8 if they are valid UTF-8, else in the charset of Content-Type,
 *	  else windows-1252.  Encoded words (RFC 2047) are decoded here, too, so
 *	  that the name of a charset has one meaning in subjects and bodies, and a
 *	  character can be spread over two words.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/*
 * Return bytes of a header as UTF-8.  The charset counts only if the bytes are
 * not valid UTF-8; ISO-2022-JP is known by its escapes.
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

/* Return a raw value on one line; a fold becomes a space. */
static char *
unfold(const char *raw)
{
	GString    *out = g_string_new(NULL);

	while (*raw != '\0')
	{
		size_t		n = strcspn(raw, "\r\n");

		g_string_append_len(out, raw, (gssize) n);
		raw += n;
		if (*raw == '\0')
			break;
		while (out->len > 0 && strchr(" \t", out->str[out->len - 1]) != NULL)
			g_string_truncate(out, out->len - 1);
		raw += strspn(raw, "\r\n \t");
		if (*raw != '\0')
			g_string_append_c(out, ' ');
	}
	return g_string_free(out, FALSE);
}

static void
field_free(gpointer p)
{
	Field	   *field = p;

	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

static int
by_offset(const void *a, const void *b)
{
	const Field *left = *(const Field *const *) a;
	const Field *right = *(const Field *const *) b;

	return (left->offset > right->offset) - (left->offset < right->offset);
}

static void
add_fields(Header *header, GMimeObject *object, const char *charset,
		   Tally *tally)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	int			n = g_mime_header_list_get_count(list);

	for (int i = 0; i < n; i++)
	{
		GMimeHeader *from = g_mime_header_list_get_header_at(list, i);
		Field	   *field;
		const char *name;
		g_autofree char *line = NULL;

		if (g_mime_header_get_offset(from) < 0)
			continue;			/* the message does not have this field */
		field = g_new(Field, 1);
		line = unfold(g_mime_header_get_raw_value(from));
		name = g_mime_header_get_name(from);
		if (g_str_has_prefix(name, HIDDEN))
			name += strlen(HIDDEN);
		field->name = g_strdup(name);
		field->value = header_utf8(line, strlen(line), charset, tally);
		field->offset = (size_t) g_mime_header_get_offset(from);
		g_ptr_array_add(header->fields, field);
	}
}

Header *
header_new(GMimeObject *object, Tally *tally)
{
	Header	   *header = g_new0(Header, 1);
	GMimeObject *part = object;
	const char *charset;

	header->fields = g_ptr_array_new_with_free_func(field_free);
	if (GMIME_IS_MESSAGE(object))
		part = g_mime_message_get_mime_part(GMIME_MESSAGE(object));
	charset = part ? g_mime_object_get_content_type_parameter(part, "charset")
		: NULL;
	if (!text_charset_known(charset))
		charset = NULL;
	add_fields(header, object, charset, tally);
	if (part != NULL && part != object)
	{
		add_fields(header, part, charset, tally);
		g_ptr_array_sort(header->fields, by_offset);
	}
	header->charset = g_strdup(charset);
	return header;
}

void
header_free(Header *header)
{
	g_ptr_array_free(header->fields, TRUE);
	g_free(header->charset);
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

char *
header_block(const Header *header, const char *bytes, size_t len)
{
	GString    *block = g_string_sized_new(len);
	Tally	   *aside = tally_new();	/* header_new() counts the bytes */

	while (len > 0)
	{
		const char *nl = memchr(bytes, '\n', len);
		size_t		n = nl ? (size_t) (nl + 1 - bytes) : len;
		g_autofree char *text = header_utf8(bytes, n, header->charset, aside);

		g_string_append(block, text);
		bytes += n;
		len -= n;
	}
	tally_free(aside);
	return g_string_free(block, FALSE);
}

/* ---------------------------------------------------------- encoded words */

/* The bytes of a run of encoded words in one charset. */
typedef struct WordRun
{
	char	   *charset;		/* NULL: there is no run */
	GString    *bytes;
	bool		no_end;			/* the rest of the value has no "?=" */
} WordRun;

/* Append a run as text, or as one encoded word in UTF-8, and end the run. */
static void
flush_run(WordRun *run, bool as_words, GString *out, Tally *tally)
{
	g_autofree char *text = NULL;

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
	g_clear_pointer(&run->charset, g_free);
	g_string_truncate(run->bytes, 0);
}

/* Append the bytes of an encoded word; in 'Q', "_" is a blank. */
static void
append_word(GString *out, char encoding, const char *text, size_t len)
{
	g_autofree char *copy = g_strndup(text, len);
	GByteArray *bytes;

	if (encoding == 'Q')
		g_strdelimit(copy, "_", ' ');
	bytes = content_decode(copy, len, encoding == 'Q' ?
						   GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE :
						   GMIME_CONTENT_ENCODING_BASE64, false);
	g_string_append_len(out, (char *) bytes->data, (gssize) bytes->len);
	g_byte_array_unref(bytes);
}

/*
 * Add the encoded word that begins at "at" to the run, or to a new run if the
 * charset differs.  Returns the length of the word, or 0 if there is no word.
 */
static size_t
take_word(const char *at, WordRun *run, bool as_words, GString *out,
		  Tally *tally)
{
	g_autofree char *charset = NULL;
	const char *p = at + 2;
	size_t		n = strcspn(p, "?*= \t\r\n");
	const char *end;
	char		encoding;

	if (n == 0 || run->no_end)
		return 0;
	charset = g_strndup(p, n);
	p += n;
	if (*p == '*')				/* a language, RFC 2231 */
		p += strcspn(p, "?");
	if (p[0] != '?' || p[1] == '\0' || p[2] != '?')
		return 0;
	encoding = g_ascii_toupper(p[1]);
	if (encoding != 'B' && encoding != 'Q')
		return 0;
	end = strstr(p + 3, "?=");
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
	append_word(run->bytes, encoding, p + 3, (size_t) (end - p - 3));
	return (size_t) (end + 2 - at);
}

char *
header_decode(const char *value, bool as_words, Tally *tally)
{
	GString    *out = g_string_new(NULL);
	WordRun		run = {NULL, g_string_new(NULL), false};

	while (*value != '\0')
	{
		/* blanks between encoded words are not part of the text */
		size_t		blanks = run.charset ? strspn(value, " \t\r\n") : 0;
		size_t		n = 0;

		if (value[blanks] == '=' && value[blanks + 1] == '?')
			n = take_word(value + blanks, &run, as_words, out, tally);
		if (n > 0)
			value += blanks + n;
		else
		{
			flush_run(&run, as_words, out, tally);
			g_string_append_c(out, *value == '\r' ? ' ' : *value);
			value++;
		}
	}
	flush_run(&run, as_words, out, tally);
	g_string_free(run.bytes, TRUE);
	return g_strstrip(g_string_free(out, FALSE));
}
