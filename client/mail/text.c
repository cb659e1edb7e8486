/*-------------------------------------------------------------------------
 *
 * text.c
 *	  From bytes of a mail to contents, from contents to UTF-8, and values of
 *	  properties.
 *
 * NOTES
 *	  GMime and GLib decode transfer encodings.
 *
 *	  The charset names in mail are often wrong: "gb2312" text has characters
 *	  of GBK, "iso-8859-1" text has the quotes of windows-1252, and some names
 *	  are inventions.  A name therefore stands for the largest charset that
 *	  agrees with the name, as in browsers.  Without a usable name the bytes
 *	  decide: UTF-8 if they are valid UTF-8, else windows-1252, in which every
 *	  byte has a character.
 *
 *	  Decoding never fails.  Bytes that cannot be decoded become U+FFFD, and
 *	  U+0000, which neither text nor jsonb of PostgreSQL can contain, becomes
 *	  U+FFFD, too; both are counted in the tally.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mail.h"

#define LABEL_CHARS		"abcdefghijklmnopqrstuvwxyz0123456789-.:+()"

/* names in mail (lower case, "-" for "_", without "x-") -> names for iconv */
static const char *const charset_names[][2] = {
	{"utf-8", "UTF-8"}, {"utf8", "UTF-8"}, {"us-ascii", NULL},
	{"ascii", NULL}, {"ansi-x3.4-1968", NULL},
	{"ansi-x3.110-1983", "WINDOWS-1252"}, {"big5", "BIG5-HKSCS"},
	{"cn-gb", "GB18030"}, {"cp1252", "WINDOWS-1252"}, {"cp936", "GB18030"},
	{"euc-cn", "GB18030"}, {"euc-kr", "CP949"}, {"gb2312", "GB18030"},
	{"gb-2312-80", "GB18030"}, {"gbk", "GB18030"},
	{"iso-2022-jp", "ISO-2022-JP-3"}, {"iso-8859-1", "WINDOWS-1252"},
	{"iso-8859-8-i", "ISO-8859-8"}, {"iso8859-1", "WINDOWS-1252"},
	{"koi", "KOI8-R"}, {"korean", "CP949"}, {"ks-c-5601-1987", "CP949"},
	{"ksc5601", "CP949"}, {"latin1", "WINDOWS-1252"},
	{"mac-roman", "MACINTOSH"}, {"ms-kanji", "CP932"},
	{"shift-jis", "CP932"}, {"sjis", "CP932"},
	{"unicode-1-1-utf-7", "UTF-7"}, {"utf-16", "UTF-16BE"},
	{"windows-1252", "WINDOWS-1252"}, {"windows-31j", "CP932"},
	{"windows-874", "CP874"}, {"windows-949", "CP949"}
};

/* ------------------------------------------------------------------ counts */

Tally *
tally_new(void)
{
	Tally	   *tally = g_new(Tally, 1);

	tally->attachments = g_hash_table_new_full(g_str_hash, g_str_equal,
											   g_free, NULL);
	tally->remarks = g_hash_table_new_full(g_str_hash, g_str_equal,
										   g_free, NULL);
	return tally;
}

void
tally_free(Tally *tally)
{
	g_hash_table_destroy(tally->attachments);
	g_hash_table_destroy(tally->remarks);
	g_free(tally);
}

/* Add n to the count of a kind. */
static void
add_count(GHashTable *table, const char *kind, gsize n)
{
	gsize		had = GPOINTER_TO_SIZE(g_hash_table_lookup(table, kind));

	if (n > 0)
		g_hash_table_insert(table, g_strdup(kind), GSIZE_TO_POINTER(had + n));
}

void
tally_remark(Tally *tally, const char *kind, unsigned n)
{
	if (tally != NULL)
		add_count(tally->remarks, kind, n);
}

void
tally_attachment(Tally *tally, const char *type)
{
	if (tally != NULL)
		add_count(tally->attachments, type, 1);
}

void
tally_merge(Tally *into, const Tally *from)
{
	GHashTableIter iter;
	gpointer	kind;
	gpointer	count;

	g_hash_table_iter_init(&iter, from->attachments);
	while (g_hash_table_iter_next(&iter, &kind, &count))
		add_count(into->attachments, kind, GPOINTER_TO_SIZE(count));
	g_hash_table_iter_init(&iter, from->remarks);
	while (g_hash_table_iter_next(&iter, &kind, &count))
		add_count(into->remarks, kind, GPOINTER_TO_SIZE(count));
}

/* ------------------------------------------------------------- properties */

const char *
text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

json_int_t
number_of(json_t *object, const char *name, json_int_t missing)
{
	json_t	   *value = json_object_get(object, name);

	if (json_is_true(value))
		return 1;
	return json_is_integer(value) ? json_integer_value(value) : missing;
}

void
put_text(json_t *props, const char *name, const char *text)
{
	json_t	   *value;

	if (text == NULL || *text == '\0')
		return;
	value = json_string(text);
	if (value == NULL)
	{
		g_autofree char *valid = g_utf8_make_valid(text, -1);

		value = json_string(valid);
	}
	json_object_set_new(props, name, value);
}

void
put_binary(json_t *props, const char *name, const void *bytes, size_t len)
{
	g_autofree char *coded = g_base64_encode(bytes, len);

	json_object_set_new(props, name, json_string_nocheck(coded));
}

void
put_aside(json_t *props, const char *name, GPtrArray *aside,
		  GByteArray *bytes)
{
	json_t	   *reference = json_object();

	g_ptr_array_add(aside, bytes);
	json_object_set_new(reference, "blob",
						json_integer((json_int_t) aside->len));
	json_object_set_new(reference, "size",
						json_integer((json_int_t) bytes->len));
	json_object_set_new(props, name, reference);
}

/* --------------------------------------------------------------- searching */

char *
text_find(const char *pattern, const char *text, size_t len)
{
	static GHashTable *compiled = NULL; /* pattern -> GRegex */
	g_autoptr(GMatchInfo) match = NULL;
	GRegex	   *regex;

	if (compiled == NULL)
		compiled = g_hash_table_new(g_str_hash, g_str_equal);
	regex = g_hash_table_lookup(compiled, pattern);
	if (regex == NULL)
	{
		regex = g_regex_new(pattern, G_REGEX_RAW | G_REGEX_MULTILINE |
							G_REGEX_CASELESS | G_REGEX_NEWLINE_LF, 0, NULL);
		g_assert(regex != NULL);
		g_hash_table_insert(compiled, g_strdup(pattern), regex);
	}
	g_regex_match_full(regex, len > 0 ? text : "", (gssize) len, 0, 0, &match,
					   NULL);
	return g_match_info_matches(match) ? g_match_info_fetch(match, 1) : NULL;
}

/* ---------------------------------------------------------------- contents */

/* Decode quoted-printable or uuencode. */
static void
decode_lines(GByteArray *out, const char *bytes, size_t len,
			 GMimeContentEncoding encoding)
{
	GMimeEncoding state;
	size_t		n;

	g_mime_encoding_init_decode(&state, encoding);
	n = g_mime_encoding_outlen(&state, len);
	g_byte_array_set_size(out, (guint) n + 4);
	n = g_mime_encoding_step(&state, bytes, len, (char *) out->data);
	g_byte_array_set_size(out, (guint) n);
}

/* Return the end of the last byte that cannot be part of base64. */
static const char *
last_foreign(const char *bytes, const char *end)
{
	while (end > bytes && (g_ascii_isalnum(end[-1]) || end[-1] == '+' ||
						   end[-1] == '/' || end[-1] == '=' ||
						   g_ascii_isspace(end[-1])))
		end--;
	return end;
}

/*
 * Decode base64, with or without padding.  Bytes after the padding are a
 * further piece if all of them are base64; otherwise they are a footer.
 */
static void
decode_base64(GByteArray *out, const char *at, const char *end)
{
	const char *foreign = last_foreign(at, end);
	gsize		n = 0;

	g_byte_array_set_size(out, (guint) ((end - at) / 4 * 3 + 8));
	while (at < end)
	{
		const char *pad = memchr(at, '=', (size_t) (end - at));
		gint		state = 0;
		guint		save = 0;

		n += g_base64_decode_step(at, (gsize) ((pad ? pad : end) - at),
								  out->data + n, &state, &save);
		if (state > 1)
			n += g_base64_decode_step("==", (gsize) (4 - state),
									  out->data + n, &state, &save);
		while (pad != NULL && pad < end && *pad == '=')
			pad++;
		if (pad == NULL || pad < foreign)
			break;
		at = pad;
	}
	g_byte_array_set_size(out, (guint) n);
}

GByteArray *
content_decode(const char *bytes, size_t len, GMimeContentEncoding encoding,
			   bool lines)
{
	GByteArray *out = g_byte_array_new();
	GMimeFilter *strip = NULL;
	char	   *to = (char *) bytes;
	size_t		prespace;

	switch (encoding)
	{
		case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
			if (lines)
			{
				strip = g_mime_filter_strip_new();
				g_mime_filter_complete(strip, (char *) bytes, len, 0, &to,
									   &len, &prespace);
			}
			/* FALLTHROUGH */
		case GMIME_CONTENT_ENCODING_UUENCODE:
			decode_lines(out, to, len, encoding);
			break;
		case GMIME_CONTENT_ENCODING_BASE64:
			decode_base64(out, bytes, bytes + len);
			break;
		default:
			g_byte_array_append(out, (const guint8 *) bytes, (guint) len);
	}
	g_clear_object(&strip);
	return out;
}

/* Return true if uuencode can have written a line. */
static bool
is_coded(const char *line, size_t len)
{
	size_t		need;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (line[i] < 32 || line[i] > 96)
			return false;
	}
	need = 1 + (((size_t) (*line - 32) & 63) + 2) / 3 * 4;
	/* blanks at the end can be missing, and a checksum can follow */
	return len + 4 >= need && len <= need + 1;
}

GByteArray *
content_uuencoded(const char **at, const char **end, char **name)
{
	const char *line = *at;
	const char *body = NULL;

	*name = NULL;
	while (*line != '\0')
	{
		size_t		n = strcspn(line, "\n");
		size_t		len = n - (n > 0 && line[n - 1] == '\r');
		const char *next = line + n + (line[n] == '\n');

		if (body != NULL && len == 3 && memcmp(line, "end", 3) == 0)
		{
			*end = next;
			return content_decode(body, (size_t) (line - body),
								  GMIME_CONTENT_ENCODING_UUENCODE, false);
		}
		if (body != NULL && !is_coded(line, len))
		{
			g_clear_pointer(name, g_free);
			body = NULL;
		}
		if (body == NULL && g_str_has_prefix(line, "begin ") &&
			(*name = text_find("^begin [0-7]{3,4} (.+)", line, len)) != NULL)
		{
			*at = line;
			body = next;
		}
		line = next;
	}
	g_clear_pointer(name, g_free);
	return NULL;
}

/* ---------------------------------------------------------------- charsets */

/*
 * Return a converter from a charset to UTF-8, or (iconv_t) -1.  Converters
 * stay open: iconv_open() loads a library.
 */
static iconv_t
converter(const char *name)
{
	static GHashTable *converters = NULL;
	iconv_t		cd;

	if (converters == NULL)
		converters = g_hash_table_new(g_str_hash, g_str_equal);
	cd = g_hash_table_lookup(converters, name);
	if (cd != NULL)
		(void) iconv(cd, NULL, NULL, NULL, NULL);
	else
	{
		cd = iconv_open("UTF-8", name);
		if (cd != (iconv_t) -1)
			g_hash_table_insert(converters, g_strdup(name), cd);
	}
	return cd;
}

/*
 * Return the name of a charset for iconv.  Returns NULL if the label is NULL
 * or gives no meaning to 8-bit bytes (ASCII, "unknown-8bit", nonsense).
 */
static char *
charset_name(const char *label)
{
	g_autofree char *low = NULL;
	const char *name;

	if (label == NULL)
		return NULL;
	low = g_ascii_strdown(label, -1);
	name = g_strstrip(g_strdelimit(low, "_", '-'));
	if (g_str_has_prefix(name, "charset="))
		name += strlen("charset=");
	if (g_str_has_prefix(name, "x-"))
		name += 2;

	/* iconv_open() gives "//" and others a meaning of its own */
	if (*name == '\0' || name[strspn(name, LABEL_CHARS)] != '\0')
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(charset_names); i++)
	{
		if (strcmp(name, charset_names[i][0]) == 0)
			return g_strdup(charset_names[i][1]);
	}
	return converter(name) == (iconv_t) -1 ? NULL : g_strdup(name);
}

bool
text_charset_known(const char *label)
{
	g_autofree char *name = charset_name(label);

	return name != NULL;
}

/*
 * Append bytes through iconv, each refused byte as U+FFFD.  Returns the number
 * of bytes that were refused.  In windows-1252, which has five holes, these
 * are C1 controls, and no byte is refused.
 */
static int
append_iconv(GString *out, const char *bytes, size_t len, const char *name)
{
	iconv_t		cd = converter(name);
	bool		windows = strcmp(name, "WINDOWS-1252") == 0;
	char	   *in = (char *) bytes;	/* iconv() does not change the bytes */
	char		buf[8192];
	bool		flushed = false;
	int			bad = 0;

	while (len > 0 || !flushed)
	{
		char	   *to = buf;
		size_t		room = sizeof(buf);
		size_t		rc;
		int			why;

		/* a call without input writes the characters that iconv holds back */
		flushed = (len == 0);
		rc = iconv(cd, flushed ? NULL : &in, flushed ? NULL : &len, &to,
				   &room);
		why = errno;
		g_string_append_len(out, buf, to - buf);
		if (rc == (size_t) -1 && why != E2BIG && len > 0)
		{
			/* EILSEQ, or EINVAL: the input ends within a character */
			g_string_append_unichar(out, windows ? (unsigned char) *in :
									0xFFFD);
			bad += !windows;
			in++;
			len--;
		}
	}
	return bad;
}

/*
 * Return ISO-2022-JP as code page 932.  Mail uses rows 13 and 89 to 92 of that
 * code page (circled digits, roman numerals, rare names), which JIS lacks.
 */
static GString *
jis_to_cp932(const char *bytes, size_t len)
{
	GString    *out = g_string_sized_new(len);
	char		set = 'B';		/* 'B' one byte, '$' two bytes, 'I' kana */

	for (size_t i = 0; i < len; i++)
	{
		unsigned	c = (unsigned char) bytes[i];
		unsigned	next = i + 1 < len ? (unsigned char) bytes[i + 1] : 0;

		if (c == 0x1B && (next == '$' || next == '(') && i + 2 < len)
		{
			set = next == '$' ? '$' : bytes[i + 2];
			i += 2;
		}
		else if (set == '$' && c > 32 && c < 127 && next > 32 && next < 127)
		{
			unsigned	row = (c - 33) / 2 + (c < 95 ? 0x81 : 0xC1);
			unsigned	cell = (c % 2 == 0 ? next + 0x7E :
								next + 0x1F + (next >= 0x60));

			g_string_append_c(out, (char) row);
			g_string_append_c(out, (char) cell);
			i++;
		}
		else
		{
			if (c == '\n')
				set = 'B';		/* a line begins in ASCII */
			g_string_append_c(out, (char) (set == 'I' && c > 32 && c < 96 ?
										   c | 0x80 : c));
		}
	}
	return out;
}

/*
 * Skip a byte order mark, and set *name to the charset of the mark, which is
 * more reliable than any label.
 */
static void
skip_byte_order_mark(const char **bytes, size_t *len, char **name)
{
	const char *means = NULL;
	size_t		n = 2;

	if (*len >= 3 && memcmp(*bytes, "\xEF\xBB\xBF", 3) == 0)
	{
		means = "UTF-8";
		n = 3;
	}
	else if (*len >= 2 && *name != NULL && g_str_has_prefix(*name, "UTF-16"))
	{
		if (memcmp(*bytes, "\xFF\xFE", 2) == 0)
			means = "UTF-16LE";
		else if (memcmp(*bytes, "\xFE\xFF", 2) == 0)
			means = "UTF-16BE";
	}
	if (means == NULL)
		return;
	g_free(*name);
	*name = g_strdup(means);
	*bytes += n;
	*len -= n;
}

/*
 * Append bytes in a charset, by its name from charset_name().  Returns the
 * number of bytes without a meaning in the charset.  Returns -1, and appends
 * nothing, if the caller is to read the bytes as UTF-8: the name is NULL or
 * UTF-8, or the name is wrong and the bytes are UTF-8.
 */
static int
append_named(GString *out, const char *bytes, size_t len, const char *name)
{
	bool		escapes = memchr(bytes, 0x1B, len) != NULL;
	int			bad;

	if (name == NULL || strcmp(name, "UTF-8") == 0)
		return -1;
	bad = append_iconv(out, bytes, len, name);
	if (bad > 0 && strcmp(name, "ISO-2022-JP-3") == 0 && escapes)
	{
		GString    *other = jis_to_cp932(bytes, len);
		GString    *text = g_string_new(NULL);
		int			worse = append_iconv(text, other->str, other->len,
										 "CP932");

		if (worse < bad)
		{
			g_string_truncate(out, 0);
			g_string_append_len(out, text->str, (gssize) text->len);
			bad = worse;
		}
		g_string_free(text, TRUE);
		g_string_free(other, TRUE);
	}
	if (bad > 0 && !escapes && g_utf8_validate_len(bytes, len, NULL))
	{
		g_string_truncate(out, 0);
		return -1;
	}
	return bad;
}

/* The counts of characters and bytes in a text that is read as UTF-8. */
typedef struct Counts
{
	size_t		good;			/* characters beyond ASCII */
	size_t		bad;			/* bytes that are not UTF-8 */
	size_t		nuls;
} Counts;

static Counts
count_utf8(const char *bytes, size_t len)
{
	Counts		counts = {0, 0, 0};
	const char *end = bytes + len;

	while (bytes < end)
	{
		const char *stop;
		bool		all = g_utf8_validate_len(bytes, (gsize) (end - bytes),
											  &stop);

		for (const char *p = bytes; p < stop; p++)
			counts.good += ((unsigned char) *p & 0xC0) == 0xC0;
		if (all)
			break;
		counts.nuls += *stop == '\0';
		counts.bad += *stop != '\0';
		bytes = stop + 1;
	}
	return counts;
}

/* Append bytes that are UTF-8, or that no name explains. */
static void
append_unnamed(GString *out, const char *bytes, size_t len, Tally *tally)
{
	Counts		counts = {0, 0, 0};

	if (!g_utf8_validate_len(bytes, len, NULL))
		counts = count_utf8(bytes, len);
	/* UTF-8 with at least as many good characters as bad bytes */
	if (counts.good >= counts.bad)
	{
		g_string_append_len(out, bytes, (gssize) len);
		return;
	}
	(void) append_iconv(out, bytes, len, "WINDOWS-1252");
	tally_remark(tally, "texts neither UTF-8 nor in a charset they name: "
				 "read as windows-1252", 1);
}

char *
text_decode(const char *bytes, size_t len, const char *charset,
			Tally *tally, size_t *outlen)
{
	g_autofree char *name = NULL;
	GString    *out = g_string_sized_new(len + 16);
	int			bad;

	if (len == 0)
		bytes = "";				/* the caller's may be NULL */
	name = charset_name(charset);
	skip_byte_order_mark(&bytes, &len, &name);
	bad = append_named(out, bytes, len, name);
	if (bad < 0)
		append_unnamed(out, bytes, len, tally);
	bad = MAX(bad, 0);
	/* replace bad UTF-8, NULs, and characters beyond U+10FFFF from iconv */
	if (!g_utf8_validate_len(out->str, out->len, NULL))
	{
		Counts		counts = count_utf8(out->str, out->len);
		char	   *clean = g_utf8_make_valid(out->str, (gssize) out->len);

		g_string_assign(out, clean);
		g_free(clean);
		bad += (int) counts.bad;
		tally_remark(tally, "NUL characters: now U+FFFD",
					 (unsigned) counts.nuls);
	}
	tally_remark(tally, "bytes that mean nothing in their charset: now U+FFFD",
				 (unsigned) bad);
	if (outlen != NULL)
		*outlen = out->len;
	return g_string_free(out, FALSE);
}
