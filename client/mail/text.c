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

#define JIS				"ISO-2022-JP-3"

/* names in mail (lower case, "-" for "_", without "x-") -> names for iconv */
static const char *const charset_names[][2] = {
	{"utf-8", "UTF-8"}, {"utf8", "UTF-8"}, {"us-ascii", NULL},
	{"ascii", NULL}, {"ansi-x3.4-1968", NULL}, {"iso646-us", NULL},
	{"ansi-x3.110-1983", "CP1252"}, {"big5", "BIG5-HKSCS"},
	{"cn-gb", "GB18030"}, {"cp936", "GB18030"}, {"cp50220", JIS},
	{"cp50221", JIS}, {"cp51932", "EUC-JP"}, {"euc-cn", "GB18030"},
	{"euc-jp", "EUC-JP"}, {"euc-kr", "CP949"}, {"eucjp", "EUC-JP"},
	{"gb2312", "GB18030"},
	{"gb-2312-80", "GB18030"}, {"gbk", "GB18030"}, {"iso-2022-jp", JIS},
	{"iso-2022-jp-ms", JIS}, {"iso-8859-1", "CP1252"},
	{"iso-8859-9", "CP1254"}, {"iso-8859-11", "CP874"},
	{"iso8859-1", "CP1252"}, {"koi", "KOI8-R"}, {"korean", "CP949"},
	{"ks-c-5601-1987", "CP949"}, {"ksc5601", "CP949"}, {"latin1", "CP1252"},
	{"mac-roman", "MACINTOSH"}, {"ms-kanji", "CP932"},
	{"shift-jis", "CP932"}, {"sjis", "CP932"}, {"tis-620", "CP874"},
	{"unicode-1-1-utf-7", "UTF-7"}, {"utf-16", "UTF-16BE"},
	{"cp31j", "CP932"}
};

/* ------------------------------------------------------------------ counts */

Tally *
tally_new(void)
{
	return json_pack("{s{}s{}}", "attachments", "remarks");
}

/* Add n to the count of a kind. */
static void
add_count(json_t *counts, const char *kind, json_int_t n)
{
	if (n > 0)
		put_number(counts, kind, n + number_of(counts, kind, 0));
}

void
tally_remark(Tally *tally, const char *kind, unsigned n)
{
	add_count(json_object_get(tally, "remarks"), kind, n);
}

void
tally_attachment(Tally *tally, const char *type)
{
	add_count(json_object_get(tally, "attachments"), type, 1);
}

void
tally_merge(Tally *into, Tally *from)
{
	const char *name;
	const char *kind;
	json_t	   *counts;
	json_t	   *n;

	json_object_foreach(from, name, counts)
	{
		json_object_foreach(counts, kind, n)
			add_count(json_object_get(into, name), kind,
					  json_integer_value(n));
	}
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
	if (text == NULL || *text == '\0')
		return;
	if (json_object_set_new(props, name, json_string(text)) != 0)
	{
		g_autofree char *valid = g_utf8_make_valid(text, -1);

		json_object_set_new(props, name, json_string(valid));
	}
}

void
put_number(json_t *props, const char *name, json_int_t n)
{
	json_object_set_new(props, name, json_integer(n));
}

void
put_binary(json_t *props, const char *name, const void *bytes, size_t len)
{
	g_autofree char *coded = g_base64_encode(bytes, len);

	json_object_set_new(props, name, json_string_nocheck(coded));
}

void
put_content(json_t *props, const char *name, GByteArray *bytes,
			GPtrArray *aside)
{
	json_t	   *reference;

	if (aside == NULL)
	{
		put_binary(props, name, bytes->data, bytes->len);
		g_byte_array_unref(bytes);
		return;
	}
	reference = json_object();
	g_ptr_array_add(aside, bytes);
	put_number(reference, "blob", aside->len);
	put_number(reference, "size", bytes->len);
	json_object_set_new(props, name, reference);
}

/* --------------------------------------------------------------- searching */

/* Return a regular expression, which is compiled once. */
static GRegex *
compiled(const char *pattern)
{
	static GHashTable *regexes = NULL;	/* pattern -> GRegex */
	GRegex	   *regex;

	if (regexes == NULL)
		regexes = g_hash_table_new(g_str_hash, g_str_equal);
	regex = g_hash_table_lookup(regexes, pattern);
	if (regex == NULL)
	{
		regex = g_regex_new(pattern, G_REGEX_RAW | G_REGEX_MULTILINE |
							G_REGEX_CASELESS | G_REGEX_NEWLINE_LF, 0, NULL);
		g_assert(regex != NULL);
		g_hash_table_insert(regexes, g_strdup(pattern), regex);
	}
	return regex;
}

const char *
next_line(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t) (end - at));

	return nl ? nl + 1 : end;
}

const char *
next_field(const char *at, const char *end)
{
	do
	{
		at = next_line(at, end);
	} while (at < end && (*at == ' ' || *at == '\t'));
	return at;
}

GMatchInfo *
text_search(const char *pattern, const char *text, size_t len)
{
	GMatchInfo *match;

	g_regex_match_full(compiled(pattern), len > 0 ? text : "", (gssize) len,
					   0, 0, &match, NULL);
	return match;
}

char *
text_find(const char *pattern, const char *text, size_t len)
{
	g_autoptr(GMatchInfo) match = text_search(pattern, text, len);

	return g_match_info_matches(match) ? g_match_info_fetch(match, 1) : NULL;
}

bool
text_matches(const char *pattern, const char *text)
{
	return g_regex_match(compiled(pattern), text, 0, NULL);
}

char *
text_replace(const char *pattern, const char *text, const char *by)
{
	char	   *out = g_regex_replace(compiled(pattern), text, -1, 0, by, 0,
									  NULL);

	return out ? out : g_strdup(text);
}

/* ---------------------------------------------------------------- contents */

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
 * Return base64 decoded, with or without padding.  Bytes after the padding are
 * a further piece if all of them are base64; otherwise they are a footer.
 */
static GByteArray *
decode_base64(const char *bytes, size_t len)
{
	GByteArray *out = g_byte_array_new();
	const char *end = bytes + len;
	const char *foreign = NULL;
	gsize		n = 0;

	g_byte_array_set_size(out, (guint) (len / 4 * 3 + 8));
	while (bytes < end && (foreign == NULL || bytes > foreign))
	{
		const char *pad = memchr(bytes, '=', (size_t) (end - bytes));
		gint		state = 0;
		guint		save = 0;

		if (pad == NULL)
			pad = end;
		n += g_base64_decode_step(bytes, (gsize) (pad - bytes), out->data + n,
								  &state, &save);
		if (state > 1)
			n += g_base64_decode_step("==", (gsize) (4 - state),
									  out->data + n, &state, &save);
		if (foreign == NULL)
			foreign = last_foreign(pad, end);
		bytes = pad + 1;
	}
	g_byte_array_set_size(out, (guint) n);
	return out;
}

GByteArray *
content_decode(const char *bytes, size_t len, GMimeContentEncoding encoding,
			   bool lines)
{
	GByteArray *out;
	GMimeFilter *strip = NULL;
	g_autofree char *begin = NULL;
	char	   *from = (char *) bytes;	/* GMime does not change the bytes */
	GMimeEncoding state;
	size_t		n;

	if (encoding == GMIME_CONTENT_ENCODING_BASE64)
		return decode_base64(bytes, len);
	out = g_byte_array_new();
	if (encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
		encoding != GMIME_CONTENT_ENCODING_UUENCODE)
		return g_byte_array_append(out, (const guint8 *) bytes, (guint) len);
	if (encoding == GMIME_CONTENT_ENCODING_UUENCODE)
	{
		begin = text_find("(?-i)((?s)\\A.*?^begin [0-7]{3,4} (?-s).*\\n)",
						  bytes, MIN(len, 1024));
		from += begin ? strlen(begin) : 0;
		len -= (size_t) (from - bytes);
	}
	else if (lines)
	{
		strip = g_mime_filter_strip_new();
		g_mime_filter_complete(strip, from, len, 0, &from, &len, &n);
	}
	g_mime_encoding_init_decode(&state, encoding);
	n = g_mime_encoding_outlen(&state, len);
	g_byte_array_set_size(out, (guint) n + 4);
	n = g_mime_encoding_step(&state, from, len, (char *) out->data);
	g_clear_object(&strip);
	return g_byte_array_set_size(out, (guint) n);
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
	g_autofree char *plain = NULL;
	g_autofree char *name = NULL;

	if (label == NULL)
		return NULL;
	low = g_strdelimit(g_ascii_strdown(label, -1), "_", '-');
	/* iconv_open() gives "//" and others a meaning of its own */
	plain = text_find("\\A\\s*(?:charset=)?(?:x-)?([a-z0-9.:+()-]+?)"
					  "(?:(?<=8859-[68])-[ie])?\\s*\\z", low, strlen(low));
	if (plain == NULL)
		return NULL;
	name = text_replace("\\A(?:cp|ibm|win|windows)-?([0-9]{3,5}j?)\\z", plain,
						"cp\\1");
	for (size_t i = 0; i < G_N_ELEMENTS(charset_names); i++)
	{
		if (strcmp(name, charset_names[i][0]) == 0)
			return g_strdup(charset_names[i][1]);
	}
	return converter(name) == (iconv_t) -1 ? NULL : g_steal_pointer(&name);
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
	bool		windows = strcmp(name, "CP1252") == 0;
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
 * Return ISO-2022-JP or EUC-JP as code page 932.  Mail uses rows 13 and 89 to
 * 92 of that code page (circled digits, roman numerals, rare names), which JIS
 * lacks.
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
		unsigned	row = c & 0x7F;
		unsigned	cell = next & 0x7F;

		if (c == 0x1B && (next == '$' || next == '(') && i + 2 < len)
		{
			set = next == '$' ? '$' : bytes[i + 2];
			i += 2;
		}
		else if (row > 32 && row < 127 && cell > 32 && cell < 127 &&
				 ((c & next & 0x80) || (set == '$' && !((c | next) & 0x80))))
		{
			g_string_append_c(out, (char) ((row - 33) / 2 +
										   (row < 95 ? 0x81 : 0xC1)));
			g_string_append_c(out, (char) (row % 2 == 0 ? cell + 0x7E :
										   cell + 0x1F + (cell >= 0x60)));
			i++;
		}
		else if (c != 0x8E)		/* a shift to one kana of EUC-JP */
			g_string_append_c(out, (char) (set == 'I' && c > 32 && c < 96 ?
										   c | 0x80 : c));
		if (c == '\n')
			set = 'B';			/* a line begins in ASCII */
	}
	return out;
}

size_t
text_mark(const char *bytes, size_t len)
{
	return len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/*
 * Skip a byte order mark, and set *name to the charset of the mark, which is
 * more reliable than any label.
 */
static void
skip_byte_order_mark(const char **bytes, size_t *len, char **name)
{
	static const char *const marks[][3] = {
		{"\xEF\xBB\xBF", "UTF-8", ""}, {"\xFF\xFE", "UTF-16LE", "UTF-16"},
		{"\xFE\xFF", "UTF-16BE", "UTF-16"}
	};

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
	{
		size_t		n = strlen(marks[i][0]);

		if (*len < n || memcmp(*bytes, marks[i][0], n) != 0 ||
			!g_str_has_prefix(*name ? *name : "", marks[i][2]))
			continue;
		g_free(*name);
		*name = g_strdup(marks[i][1]);
		*bytes += n;
		*len -= n;
		return;
	}
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
	if (bad > 0 && (strcmp(name, "EUC-JP") == 0 ||
					(escapes && strcmp(name, JIS) == 0)))
	{
		g_autoptr(GString) other = jis_to_cp932(bytes, len);
		g_autoptr(GString) text = g_string_new(NULL);
		int			worse = append_iconv(text, other->str, other->len,
										 "CP932");

		if (worse < bad)
		{
			g_string_assign(out, text->str);
			bad = worse;
		}
	}
	if (bad > 0 && !escapes && g_utf8_validate_len(bytes, len, NULL))
	{
		g_string_truncate(out, 0);
		return -1;
	}
	return bad;
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
		g_string_append_len(out, bytes, (gssize) len);
	/* bad UTF-8, NULs, and characters beyond U+10FFFF from iconv */
	if (!g_utf8_validate_len(out->str, out->len, NULL))
	{
		g_autofree char *clean = g_utf8_make_valid(out->str,
												   (gssize) out->len);
		/* each bad byte and each NUL has become a U+FFFD of three bytes */
		size_t		lost = (strlen(clean) - out->len) / 2;
		size_t		good = 0;	/* characters beyond ASCII */
		unsigned	nuls = 0;

		for (size_t i = 0; i < out->len; i++)
			nuls += out->str[i] == '\0';
		for (const char *p = clean; *p != '\0'; p++)
			good += ((unsigned char) *p & 0xC0) == 0xC0;
		/* UTF-8 has at least as many good characters as bad bytes */
		if (bad < 0 && good - lost < lost - nuls)
		{
			g_string_truncate(out, 0);
			(void) append_iconv(out, bytes, len, "CP1252");
			g_free(clean);
			clean = g_utf8_make_valid(out->str, (gssize) out->len);
			lost = nuls;
			tally_remark(tally, "texts neither UTF-8 nor in a charset they "
						 "name: read as windows-1252", 1);
		}
		g_string_assign(out, clean);
		bad = MAX(bad, 0) + (int) (lost - nuls);
		tally_remark(tally, "NUL characters: now U+FFFD", nuls);
	}
	tally_remark(tally, "bytes that mean nothing in their charset: now U+FFFD",
				 (unsigned) MAX(bad, 0));
	if (outlen != NULL)
		*outlen = out->len;
	return g_string_free(out, FALSE);
}
