/*-------------------------------------------------------------------------
 *
 * text.c
 *	  From bytes in the charset of a mail to UTF-8.
 *
 * NOTES
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
#define REPLACEMENT		"\xEF\xBF\xBD"	/* U+FFFD in UTF-8 */

/* names in mail (lower case, "-" for "_", without "x-") -> names for iconv */
static const struct
{
	const char *label;
	const char *name;
}			charset_names[] =
{
	{"utf-8", "UTF-8"},
	{"utf8", "UTF-8"},
	{"us-ascii", NULL},
	{"ascii", NULL},
	{"ansi-x3.4-1968", NULL},
	{"ansi-x3.110-1983", "WINDOWS-1252"},
	{"big5", "BIG5-HKSCS"},
	{"cn-gb", "GB18030"},
	{"cp1252", "WINDOWS-1252"},
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
	{"mac-roman", "MACINTOSH"},
	{"ms-kanji", "CP932"},
	{"shift-jis", "CP932"},
	{"sjis", "CP932"},
	{"unicode-1-1-utf-7", "UTF-7"},
	{"utf-16", "UTF-16BE"},
	{"windows-1252", "WINDOWS-1252"},
	{"windows-31j", "CP932"},
	{"windows-874", "CP874"},
	{"windows-949", "CP949"},
};

/* windows-1252 from 0x80 to 0x9F; the five holes stay C1 controls */
static const gunichar windows_1252[32] =
{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178
};

char *
text_charset_name(const char *label)
{
	g_autofree char *low = NULL;
	const char *name;
	iconv_t		cd;

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
text_charset_known(const char *label)
{
	g_autofree char *name = text_charset_name(label);

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
		else
			g_string_append_unichar(out, c < 0xA0 ? windows_1252[c - 0x80] :
									c);
	}
}

/* The counts of characters and bytes in a text that is read as UTF-8. */
typedef struct Counts
{
	size_t		good;			/* characters beyond ASCII */
	size_t		bad;			/* bytes that are not UTF-8 */
	size_t		nuls;
} Counts;

/*
 * Append bytes as UTF-8, each bad byte and NUL as U+FFFD, and return the
 * counts. "out" may be NULL.
 */
static Counts
append_utf8(GString *out, const char *bytes, size_t len)
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
		if (out != NULL)
			g_string_append_len(out, bytes, stop - bytes);
		if (all)
			break;
		if (*stop == '\0')
			counts.nuls++;
		else
			counts.bad++;
		if (out != NULL)
			g_string_append(out, REPLACEMENT);
		bytes = stop + 1;
	}
	return counts;
}

/*
 * Append bytes through iconv, each refused byte as U+FFFD.  Returns the
 * number of bytes that were refused, or -1 if iconv has no such charset.
 */
static int
append_iconv(GString *out, const char *bytes, size_t len, const char *name)
{
	iconv_t		cd = iconv_open("UTF-8", name);
	char	   *in = (char *) bytes;	/* iconv() does not change the bytes */
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

		/* a call without input writes the characters that iconv holds back */
		flushed = (len == 0);
		rc = iconv(cd, flushed ? NULL : &in, flushed ? NULL : &len, &to,
				   &room);
		why = errno;
		g_string_append_len(out, buf, to - buf);
		if (rc == (size_t) -1 && why != E2BIG && len > 0)
		{
			/* EILSEQ, or EINVAL: the input ends within a character */
			g_string_append(out, REPLACEMENT);
			bad++;
			in++;
			len--;
		}
	}
	iconv_close(cd);
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
 * Append bytes in a charset, by its name from text_charset_name().  Returns
 * the number of bytes without a meaning in the charset.  Returns -1 if the
 * caller is to read the bytes as UTF-8: the name is NULL or UTF-8, or the
 * name is wrong and the bytes are UTF-8.
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
	if (bad > 0 && strcmp(name, "ISO-2022-JP-3") == 0 &&
		memchr(bytes, 0x1B, len) != NULL)
	{
		GString    *other = jis_to_cp932(bytes, len);
		GString    *text = g_string_new(NULL);
		int			worse = append_iconv(text, other->str, other->len,
										 "CP932");

		if (worse >= 0 && worse < bad)
		{
			g_string_truncate(out, 0);
			g_string_append_len(out, text->str, (gssize) text->len);
			bad = worse;
		}
		g_string_free(text, TRUE);
		g_string_free(other, TRUE);
	}
	if (bad > 0 && memchr(bytes, 0x1B, len) == NULL &&
		g_utf8_validate_len(bytes, len, NULL))
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
	unsigned	nuls = 0;

	if (len == 0)
		bytes = "";				/* the caller's may be NULL */
	name = text_charset_name(charset);
	skip_byte_order_mark(&bytes, &len, &name);
	bad = append_named(out, bytes, len, name);
	if (bad < 0)
	{
		Counts		counts = append_utf8(NULL, bytes, len);

		/* UTF-8 with at least as many good characters as bad bytes */
		if (counts.good >= counts.bad)
			g_string_append_len(out, bytes, (gssize) len);
		else
		{
			append_windows_1252(out, bytes, len);
			tally_count(tally->remarks,
						"texts neither UTF-8 nor in a charset they name: "
						"read as windows-1252", 1);
		}
		bad = 0;
	}
	/* replace bad UTF-8, NULs, and characters beyond U+10FFFF from iconv */
	if (!g_utf8_validate_len(out->str, out->len, NULL))
	{
		GString    *clean = g_string_sized_new(out->len + 16);
		Counts		counts = append_utf8(clean, out->str, out->len);

		g_string_free(out, TRUE);
		out = clean;
		bad += (int) counts.bad;
		nuls = (unsigned) counts.nuls;
	}
	if (bad > 0)
		tally_count(tally->remarks,
					"bytes that mean nothing in their charset: now U+FFFD",
					(unsigned) bad);
	if (nuls > 0)
		tally_count(tally->remarks, "NUL characters: now U+FFFD", nuls);
	if (outlen != NULL)
		*outlen = out->len;
	return g_string_free(out, FALSE);
}
