/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Decode bytes in the charset of a mail to UTF-8; count repairs.
 *
 * NOTES
 *	  Names of charsets in mail are often wrong: a "gb2312" text has characters
 *	  of GBK, an "iso-8859-1" text has the quotes of windows-1252, and some
 *	  names do not exist.  A name therefore stands for the largest charset that
 *	  agrees with it, as in browsers.  Without a usable name the bytes decide:
 *	  UTF-8 if they are valid UTF-8, or nearly, else windows-1252, in which
 *	  every byte is a character.
 *
 *	  Decoding never fails.  Bytes that cannot be decoded become U+FFFD, and so
 *	  does U+0000, which PostgreSQL cannot store in text or jsonb.  The tally
 *	  counts both.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mail.h"

#define LABEL_CHARS		"abcdefghijklmnopqrstuvwxyz0123456789-.:+()"
#define REPLACEMENT		"\xEF\xBF\xBD"	/* U+FFFD in UTF-8 */

/* from names in mail (lower case, no "x-", "-" for "_") to iconv's names */
static const struct
{
	const char *label;
	const char *name;
}			charset_names[] =
{
	{"ansi-x3.110-1983", "WINDOWS-1252"},
	{"big5", "BIG5-HKSCS"},
	{"cn-gb", "GB18030"},
	{"cp936", "GB18030"},
	{"euc-cn", "GB18030"},
	{"euc-kr", "CP949"},
	{"gb2312", "GB18030"},
	{"gb-2312-80", "GB18030"},
	{"gbk", "GB18030"},
	{"iso-2022-jp", "ISO-2022-JP-3"},
	{"iso-8859-1", "WINDOWS-1252"},
	{"iso-8859-8-i", "ISO-8859-8"},
	{"iso8859-1", "WINDOWS-1252"},
	{"koi", "KOI8-R"},
	{"korean", "CP949"},
	{"ks-c-5601-1987", "CP949"},
	{"ksc5601", "CP949"},
	{"latin1", "WINDOWS-1252"},
	{"mac-cyrillic", "MAC-CYRILLIC"},
	{"mac-roman", "MACINTOSH"},
	{"macintosh", "MACINTOSH"},
	{"ms-kanji", "CP932"},
	{"shift-jis", "CP932"},
	{"sjis", "CP932"},
	{"unicode-1-1-utf-7", "UTF-7"},
	{"utf-16", "UTF-16BE"},
	{"windows-31j", "CP932"},
	{"windows-874", "CP874"},
	{"windows-949", "CP949"},
};

/* windows-1252 from 0x80 to 0x9F; five undefined bytes stay C1 controls */
static const gunichar windows_1252[32] =
{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178
};

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

void
tally_count(GHashTable *table, const char *kind, unsigned n)
{
	gsize		had = GPOINTER_TO_SIZE(g_hash_table_lookup(table, kind));

	g_hash_table_insert(table, g_strdup(kind), GSIZE_TO_POINTER(had + n));
}

static void
merge_table(GHashTable *into, GHashTable *from)
{
	GHashTableIter iter;
	gpointer	kind;
	gpointer	count;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &kind, &count))
		tally_count(into, kind, (unsigned) GPOINTER_TO_SIZE(count));
}

void
tally_merge(Tally *into, const Tally *from)
{
	merge_table(into->attachments, from->attachments);
	merge_table(into->remarks, from->remarks);
}

char *
text_charset_name(const char *label)
{
	g_autofree char *low = NULL;
	const char *name;
	iconv_t		cd;

	if (label == NULL)
		return NULL;
	low = g_ascii_strdown(label, -1);
	g_strdelimit(low, "_", '-');
	g_strstrip(low);
	name = low;
	if (g_str_has_prefix(name, "charset="))
		name += strlen("charset=");
	if (g_str_has_prefix(name, "x-"))
		name += 2;

	/* iconv_open() takes "//" and what follows as options */
	if (*name == '\0' || name[strspn(name, LABEL_CHARS)] != '\0')
		return NULL;
	if (strcmp(name, "utf-8") == 0 || strcmp(name, "utf8") == 0)
		return g_strdup("UTF-8");
	if (strcmp(name, "us-ascii") == 0 || strcmp(name, "ascii") == 0 ||
		strcmp(name, "ansi-x3.4-1968") == 0)
		return NULL;
	if (strcmp(name, "windows-1252") == 0 || strcmp(name, "cp1252") == 0)
		return g_strdup("WINDOWS-1252");
	for (size_t i = 0; i < G_N_ELEMENTS(charset_names); i++)
	{
		if (strcmp(name, charset_names[i].label) == 0)
			return g_strdup(charset_names[i].name);
	}
	cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t) -1)
		return NULL;
	iconv_close(cd);
	return g_strdup(name);
}

bool
text_charset_known(const char *charset)
{
	g_autofree char *name = text_charset_name(charset);

	return name != NULL;
}

static void
append_windows_1252(GString *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) bytes[i];

		if (c < 0x80)
			g_string_append_c(out, (char) c);
		else if (c < 0xA0)
			g_string_append_unichar(out, windows_1252[c - 0x80]);
		else
			g_string_append_unichar(out, c);
	}
}

/*
 * Append bytes that should be UTF-8, each bad byte as U+FFFD, and NUL as it
 * is.  Returns the number of bad bytes.
 */
static unsigned
append_utf8(GString *out, const char *bytes, size_t len)
{
	unsigned	bad = 0;

	while (len > 0)
	{
		const char *end;
		size_t		good;

		if (g_utf8_validate_len(bytes, len, &end))
		{
			g_string_append_len(out, bytes, (gssize) len);
			break;
		}
		good = (size_t) (end - bytes);
		g_string_append_len(out, bytes, (gssize) good);
		bytes = end;
		len -= good;
		if (*bytes == '\0')
			g_string_append_c(out, '\0');
		else
		{
			g_string_append(out, REPLACEMENT);
			bad++;
		}
		bytes++;
		len--;
	}
	return bad;
}

/*
 * Append bytes decoded by iconv, each refused byte as U+FFFD.  Returns the
 * number of refused bytes, or -1 if iconv does not know the charset.
 */
static int
append_iconv(GString *out, const char *bytes, size_t len, const char *name)
{
	iconv_t		cd = iconv_open("UTF-8", name);
	char	   *in = (char *) bytes;	/* iconv() does not write to it */
	char		buf[8192];
	bool		flushed = false;
	int			bad = 0;

	if (cd == (iconv_t) -1)
		return -1;
	while (len > 0 || !flushed)
	{
		char	   *to = buf;
		size_t		room = sizeof(buf);
		size_t		rc;
		int			why;

		if (len > 0)
			rc = iconv(cd, &in, &len, &to, &room);
		else
		{
			/* without input: write the rest of the decoder's state */
			rc = iconv(cd, NULL, NULL, &to, &room);
			flushed = true;
		}
		why = errno;
		g_string_append_len(out, buf, to - buf);
		if (rc == (size_t) -1 && why != E2BIG && len > 0)
		{
			/* EILSEQ; or EINVAL, the input ends within a character */
			g_string_append(out, REPLACEMENT);
			bad++;
			in++;
			len--;
		}
	}
	iconv_close(cd);
	return bad;
}

/* Replace each NUL by U+FFFD.  Returns the number of NULs. */
static unsigned
replace_nuls(GString *text)
{
	GString    *with;
	unsigned	n = 0;

	if (memchr(text->str, '\0', text->len) == NULL)
		return 0;
	with = g_string_new_len(text->str, (gssize) text->len);
	g_string_truncate(text, 0);
	for (size_t i = 0; i < with->len; i++)
	{
		if (with->str[i] == '\0')
		{
			g_string_append(text, REPLACEMENT);
			n++;
		}
		else
			g_string_append_c(text, with->str[i]);
	}
	g_string_free(with, TRUE);
	return n;
}

/*
 * Return true if bytes are more likely UTF-8 with errors than an 8-bit
 * charset: there is at least one valid sequence of two or more bytes for each
 * bad byte.
 */
static bool
mostly_utf8(const char *bytes, size_t len)
{
	size_t		good = 0;
	size_t		bad = 0;

	while (len > 0)
	{
		const char *end;
		bool		all = g_utf8_validate_len(bytes, len, &end);

		for (const char *p = bytes; p < end; p++)
		{
			if (((unsigned char) *p & 0xC0) == 0xC0)
				good++;
		}
		if (all)
			break;
		len -= (size_t) (end - bytes);
		if (*end != '\0')
			bad++;
		bytes = end + 1;
		len--;
	}
	return good >= bad;
}

/*
 * Skip a byte order mark, and set *name to its charset, whatever the label of
 * the text is.
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
 * Replace bytes that are not UTF-8 by U+FFFD: for UCS-4 and such, iconv()
 * writes code points beyond U+10FFFF.  Returns the number of replaced bytes.
 */
static int
mend_utf8(GString *text)
{
	GString    *with;
	unsigned	bad;

	if (g_utf8_validate_len(text->str, text->len, NULL))
		return 0;
	with = g_string_new_len(text->str, (gssize) text->len);
	g_string_truncate(text, 0);
	bad = append_utf8(text, with->str, with->len);
	g_string_free(with, TRUE);
	return (int) bad;
}

/*
 * Append bytes in a charset by its name from text_charset_name().  Returns the
 * number of bytes that mean nothing in the charset, or -1 if the name does not
 * help: it is NULL, it is UTF-8, or it is wrong and the bytes are UTF-8.
 */
static int
append_named(GString *out, const char *bytes, size_t len, const char *name)
{
	int			bad;

	if (name == NULL || strcmp(name, "UTF-8") == 0)
		return -1;
	if (strcmp(name, "WINDOWS-1252") == 0)
	{
		append_windows_1252(out, bytes, len);
		return 0;
	}
	bad = append_iconv(out, bytes, len, name);
	if (bad > 0 && g_utf8_validate_len(bytes, len, NULL))
	{
		g_string_truncate(out, 0);
		return -1;
	}
	return bad < 0 ? bad : bad + mend_utf8(out);
}

char *
text_decode(const char *bytes, size_t len, const char *charset,
			Tally *tally, size_t *outlen)
{
	g_autofree char *name = text_charset_name(charset);
	GString    *out = g_string_sized_new(len + 16);
	int			bad;
	unsigned	nuls;

	skip_byte_order_mark(&bytes, &len, &name);
	bad = append_named(out, bytes, len, name);
	if (bad < 0 && mostly_utf8(bytes, len))
		bad = (int) append_utf8(out, bytes, len);
	else if (bad < 0)
	{
		append_windows_1252(out, bytes, len);
		tally_count(tally->remarks,
					"texts neither UTF-8 nor in a charset they name: "
					"read as windows-1252", 1);
	}
	if (bad > 0)
		tally_count(tally->remarks,
					"bytes that mean nothing in their charset: now U+FFFD",
					(unsigned) bad);
	nuls = replace_nuls(out);
	if (nuls > 0)
		tally_count(tally->remarks, "NUL characters: now U+FFFD", nuls);

	if (outlen != NULL)
		*outlen = out->len;
	return g_string_free(out, FALSE);
}
