/*-------------------------------------------------------------------------
 *
 * rtf.c
 *	  The text of RTF bodies (PR_RTF_COMPRESSED).
 *
 * NOTES
 *	  The value is compressed as MS-OXRTFCP describes: a header, and runs of
 *	  eight tokens, each of which is a byte or a reference into a window of the
 *	  last 4096 bytes.  The window begins with words that RTF often has.  The
 *	  checksum of the header protects what is compressed, so that a value whose
 *	  checksum is right is RTF as somebody wrote it.
 *
 *	  RTF is read once from start to end.  Its text is all that stands outside
 *	  of control words and of groups that are no text, such as the table of
 *	  fonts.  If the RTF has been made from HTML, the tags stand in such groups.
 *	  Bytes that are not ASCII are in the code page of their font, and are
 *	  gathered in a run until that is known to be complete.
 *
 *	  Whatever the bytes are, reading them ends, writes no more than the limits
 *	  allow, and raises no error.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/pg_crc.h"

#define HEADER_BYTES	16
#define WINDOW_BYTES	4096
#define COMPRESSED		0x75465A4C	/* "LZFu" */
#define UNCOMPRESSED	0x414C454D	/* "MELA" */

#define MAX_GROUPS		64		/* deeper groups share one state */
#define MAX_FONTS		256
#define MAX_WORD		32		/* letters of a control word */
#define RTF_BYTES		(4 * 1024 * 1024)

#define NO_CODE_PAGE	0
#define LATIN_CODE_PAGE	1252

/* ------------------------------------------------------------- compression */

/* The first bytes of the window. */
static const char window_start[] =
"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}"
"{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
"MS Sans SerifSymbolArialTimes New RomanCourier"
"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

static uint32
little_endian(const unsigned char *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
		(uint32) bytes[3] << 24;
}

/*
 * Append the bytes that tokens stand for, up to a limit.  Returns false if the
 * tokens end without their end mark.
 */
static bool
append_tokens(const unsigned char *from, const unsigned char *end,
			  StringInfo to)
{
	char		window[WINDOW_BYTES] = {0};
	int			at = sizeof(window_start) - 1;

	memcpy(window, window_start, at);
	while (from < end)
	{
		int			kinds = *from++;

		for (int i = 0; i < 8; i++, kinds >>= 1)
		{
			int			source = at;
			int			count = 1;

			if (to->len >= RTF_BYTES)
				return true;
			if (end - from < ((kinds & 1) != 0 ? 2 : 1))
				return false;
			if ((kinds & 1) != 0)
			{
				source = from[0] << 4 | from[1] >> 4;
				count = (from[1] & 0x0F) + 2;
				from += 2;
				if (source == at)
					return true;
			}
			else
				window[at] = (char) *from++;
			for (; count > 0; count--)
			{
				window[at] = window[source];
				appendStringInfoCharMacro(to, window[at]);
				at = (at + 1) % WINDOW_BYTES;
				source = (source + 1) % WINDOW_BYTES;
			}
		}
	}
	return false;
}

/*
 * Append the RTF in a value of PR_RTF_COMPRESSED, up to a limit.  "is_cut"
 * means that the value may have more bytes than these.  Returns false if the
 * value is broken.
 */
static bool
decompress(const unsigned char *bytes, int len, bool is_cut, StringInfo to)
{
	uint32		size;
	uint32		kind;
	pg_crc32	checksum = 0;

	if (len < HEADER_BYTES)
		return false;
	/* the size counts what is behind itself */
	size = little_endian(bytes);
	kind = little_endian(bytes + 8);
	is_cut = is_cut && size > (uint32) len - 4;
	if (size < HEADER_BYTES - 4 || (size > (uint32) len - 4 && !is_cut))
		return false;
	if (!is_cut)
		len = (int) size + 4;
	bytes += HEADER_BYTES;
	len -= HEADER_BYTES;
	if (kind == UNCOMPRESSED)
	{
		appendBinaryStringInfo(to, (const char *) bytes, Min(len, RTF_BYTES));
		return true;
	}
	if (kind != COMPRESSED)
		return false;
	if (!is_cut)
	{
		COMP_TRADITIONAL_CRC32(checksum, bytes, len);
		if (checksum != little_endian(bytes - 4))
			return false;
	}
	return append_tokens(bytes, bytes + len, to) || is_cut;
}

/* --------------------------------------------------------------- code pages */

/* The encodings of code pages. */
static const struct
{
	int			code_page;
	int			encoding;
}			encodings[] =

{
	{866, PG_WIN866}, {874, PG_WIN874}, {932, PG_SJIS}, {936, PG_GBK},
	{949, PG_UHC}, {950, PG_BIG5}, {1250, PG_WIN1250}, {1251, PG_WIN1251},
	{1253, PG_WIN1253}, {1254, PG_WIN1254}, {1255, PG_WIN1255},
	{1256, PG_WIN1256}, {1257, PG_WIN1257}, {1258, PG_WIN1258}
};

/* The code pages of the character sets of fonts. */
static const struct
{
	int			charset;
	int			code_page;
}			charsets[] =

{
	{0, 1252}, {128, 932}, {129, 949}, {134, 936}, {136, 950}, {161, 1253},
	{162, 1254}, {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257},
	{204, 1251}, {222, 874}, {238, 1250}
};

/* The characters 0x80 to 0x9F of code page 1252; the others are Latin-1. */
static const uint16 latin_characters[32] = {
	0x20AC, 0x0020, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x0020, 0x017D, 0x0020,
	0x0020, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x0020, 0x017E, 0x0178
};

/* Return the encoding of a code page, or -1 for Latin letters. */
static int
encoding_of(int code_page)
{
	for (int i = 0; i < lengthof(encodings); i++)
	{
		if (encodings[i].code_page == code_page)
			return encodings[i].encoding;
	}
	return -1;
}

/* Return the code page of a character set, NO_CODE_PAGE if it has none. */
static int
code_page_of(int charset)
{
	for (int i = 0; i < lengthof(charsets); i++)
	{
		if (charsets[i].charset == charset)
			return charsets[i].code_page;
	}
	return NO_CODE_PAGE;
}

/* ------------------------------------------------------------------ reading */

/* The state of a group. */
typedef struct RtfGroup
{
	bool		is_text;
	bool		is_fonts;		/* the table of fonts */
	int			code_page;
	int			fallback;		/* characters that stand for a \u */
} RtfGroup;

typedef struct RtfFont
{
	int			number;
	int			code_page;
} RtfFont;

/* RTF that is being read. */
typedef struct RtfReader
{
	const char *at;
	const char *end;
	RtfGroup	groups[MAX_GROUPS];
	int			depth;
	RtfFont		fonts[MAX_FONTS];
	int			nfonts;
	int			default_font;
	int			default_code_page;
	int			skip;			/* characters behind a \u to be skipped */
	uint32		high_surrogate; /* 0: none */
	StringInfoData run;			/* bytes in the code page of the group */
	StringInfo	text;
} RtfReader;

static RtfGroup *
group(RtfReader *reader)
{
	return &reader->groups[Min(reader->depth, MAX_GROUPS) - 1];
}

/* Append a character, a blank if the database cannot have it. */
static void
append_code(RtfReader *reader, uint32 code)
{
	unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN];

	if (code == 0xAD || code == 0x200C || code == 0x200D)
		return;					/* stands inside of a word */
	if (code < ' ' || code == 0xA0 || code > 0x10FFFF ||
		(code >= 0xD800 && code <= 0xDFFF) ||
		(code > 0x7F && GetDatabaseEncoding() != PG_UTF8))
		code = ' ';
	unicode_to_utf8(code, utf8);
	appendBinaryStringInfo(reader->text, (char *) utf8,
						   pg_encoding_mblen(PG_UTF8, (char *) utf8));
}

/* Append the run of bytes, in an encoding that PostgreSQL converts. */
static void
append_converted(RtfReader *reader, int encoding)
{
	Oid			proc = FindDefaultConversionProc(encoding, PG_UTF8);
	unsigned char *run = (unsigned char *) reader->run.data;
	int			len = reader->run.len;
	int			room = len * MAX_CONVERSION_GROWTH + 1;
	unsigned char *utf8 = palloc(room);
	int			at = 0;

	while (at < len)
	{
		utf8[0] = '\0';
		if (OidIsValid(proc))
			at += compat_convert(proc, encoding, PG_UTF8, run + at, len - at,
								 utf8, room);
		appendStringInfoString(reader->text, (char *) utf8);
		if (at < len)
		{
			/* a byte that begins no character */
			append_code(reader, IS_HIGHBIT_SET(run[at]) ? ' ' : run[at]);
			at++;
		}
	}
	pfree(utf8);
}

/* Append the run of bytes, in code page 1252. */
static void
append_latin(RtfReader *reader)
{
	for (int i = 0; i < reader->run.len; i++)
	{
		unsigned char byte = (unsigned char) reader->run.data[i];

		append_code(reader, byte >= 0x80 && byte < 0xA0 ?
					latin_characters[byte - 0x80] : byte);
	}
}

/* Append the run of bytes, if there is one, and begin another. */
static void
end_run(RtfReader *reader)
{
	int			code_page = group(reader)->code_page;
	int			encoding;

	if (reader->run.len == 0)
		return;
	if (code_page == NO_CODE_PAGE)
		code_page = reader->default_code_page;
	encoding = encoding_of(code_page);
	if (encoding >= 0 && GetDatabaseEncoding() == PG_UTF8)
		append_converted(reader, encoding);
	else
		append_latin(reader);
	resetStringInfo(&reader->run);
}

/* Return true if a character that is read now is text. */
static bool
takes_text(RtfReader *reader)
{
	if (!group(reader)->is_text)
		return false;
	if (reader->skip > 0)
	{
		reader->skip--;
		return false;
	}
	return true;
}

/* Take a byte of text; ASCII may be the second byte of a character. */
static void
take_byte(RtfReader *reader, unsigned char byte)
{
	if (!takes_text(reader))
		return;
	if (reader->run.len == 0 && !IS_HIGHBIT_SET(byte))
		append_code(reader, byte);
	else
		appendStringInfoChar(&reader->run, (char) byte);
}

/* Take a character that a control word stands for. */
static void
take_code(RtfReader *reader, uint32 code)
{
	end_run(reader);
	if (takes_text(reader))
		append_code(reader, code);
}

/* Take a \u: half of a character beyond 0xFFFF, or a whole character. */
static void
take_unicode(RtfReader *reader, int number)
{
	uint32		code = (uint32) number & 0xFFFF;

	if (!group(reader)->is_text)
		return;
	if (code >= 0xD800 && code <= 0xDBFF)
		reader->high_surrogate = code;
	else
	{
		if (reader->high_surrogate != 0 && code >= 0xDC00 && code <= 0xDFFF)
			code = 0x10000 + ((reader->high_surrogate - 0xD800) << 10) +
				(code - 0xDC00);
		reader->high_surrogate = 0;
		append_code(reader, code);
	}
	reader->skip = group(reader)->fallback;
}

/* -------------------------------------------------------------------- fonts */

/* Set the code page of the font that the table of fonts is describing. */
static void
describe_font(RtfReader *reader, int code_page)
{
	if (reader->nfonts > 0)
		reader->fonts[reader->nfonts - 1].code_page = code_page;
}

/* Begin to describe a font in the table of fonts, or use a font. */
static void
take_font(RtfReader *reader, int number)
{
	if (group(reader)->is_fonts)
	{
		if (reader->nfonts < MAX_FONTS)
			reader->fonts[reader->nfonts++] = (RtfFont)
		{
			number, NO_CODE_PAGE
		};
		return;
	}
	group(reader)->code_page = NO_CODE_PAGE;
	for (int i = 0; i < reader->nfonts; i++)
	{
		if (reader->fonts[i].number == number)
			group(reader)->code_page = reader->fonts[i].code_page;
	}
}

/* ------------------------------------------------------------ control words */

/* The meanings of control words. */
typedef enum Meaning
{
	IS_CHARACTER,				/* stands for a character */
	IS_NO_TEXT,					/* begins a group that is no text */
	IS_FONT_TABLE,
	IS_FONT,
	IS_CHARSET,
	IS_CODE_PAGE,				/* of a font */
	IS_DEFAULT_CODE_PAGE,
	IS_DEFAULT_FONT,
	IS_PLAIN,
	IS_UNICODE,
	IS_FALLBACK,
	IS_BYTES					/* bytes that are no RTF follow */
} Meaning;

static const struct
{
	const char *word;
	Meaning		meaning;
	uint32		code;
}			words[] =

{
	{"u", IS_UNICODE, 0}, {"uc", IS_FALLBACK, 0}, {"f", IS_FONT, 0},
	{"par", IS_CHARACTER, ' '}, {"line", IS_CHARACTER, ' '},
	{"tab", IS_CHARACTER, ' '}, {"cell", IS_CHARACTER, ' '},
	{"row", IS_CHARACTER, ' '}, {"nestcell", IS_CHARACTER, ' '},
	{"nestrow", IS_CHARACTER, ' '}, {"sect", IS_CHARACTER, ' '},
	{"page", IS_CHARACTER, ' '}, {"column", IS_CHARACTER, ' '},
	{"emspace", IS_CHARACTER, ' '}, {"enspace", IS_CHARACTER, ' '},
	{"qmspace", IS_CHARACTER, ' '}, {"emdash", IS_CHARACTER, 0x2014},
	{"endash", IS_CHARACTER, 0x2013}, {"bullet", IS_CHARACTER, 0x2022},
	{"lquote", IS_CHARACTER, 0x2018}, {"rquote", IS_CHARACTER, 0x2019},
	{"ldblquote", IS_CHARACTER, 0x201C}, {"rdblquote", IS_CHARACTER, 0x201D},
	{"plain", IS_PLAIN, 0}, {"bin", IS_BYTES, 0},
	{"fonttbl", IS_FONT_TABLE, 0}, {"fcharset", IS_CHARSET, 0},
	{"cpg", IS_CODE_PAGE, 0}, {"ansicpg", IS_DEFAULT_CODE_PAGE, 0},
	{"deff", IS_DEFAULT_FONT, 0}, {"colortbl", IS_NO_TEXT, 0},
	{"stylesheet", IS_NO_TEXT, 0}, {"info", IS_NO_TEXT, 0},
	{"pict", IS_NO_TEXT, 0}, {"objdata", IS_NO_TEXT, 0},
	{"fldinst", IS_NO_TEXT, 0}, {"listtable", IS_NO_TEXT, 0},
	{"revtbl", IS_NO_TEXT, 0}, {"filetbl", IS_NO_TEXT, 0}
};

/* Obey a control word that says how text is read; number is -1 without one. */
static void
obey(RtfReader *reader, Meaning meaning, int number)
{
	switch (meaning)
	{
		case IS_FONT_TABLE:
			group(reader)->is_fonts = true;
			group(reader)->is_text = false;
			break;
		case IS_FONT:
			take_font(reader, number);
			break;
		case IS_CHARSET:
			if (group(reader)->is_fonts)
				describe_font(reader, code_page_of(number));
			break;
		case IS_CODE_PAGE:
			if (group(reader)->is_fonts)
				describe_font(reader, Max(number, NO_CODE_PAGE));
			break;
		case IS_DEFAULT_CODE_PAGE:
			reader->default_code_page = number;
			break;
		case IS_DEFAULT_FONT:
			reader->default_font = number;
			break;
		case IS_PLAIN:
			if (!group(reader)->is_fonts)
				take_font(reader, reader->default_font);
			break;
		case IS_FALLBACK:
			group(reader)->fallback = Max(number, 0);
			break;
		case IS_BYTES:
			reader->at += Min(Max(number, 0), reader->end - reader->at);
			break;
		default:
			group(reader)->is_text = false;
			break;
	}
}

/* Take a control word with its number, if it has one. */
static void
take_word(RtfReader *reader, const char *word, int len, int number)
{
	end_run(reader);
	for (int i = 0; i < lengthof(words); i++)
	{
		if (strncmp(words[i].word, word, len) != 0 ||
			words[i].word[len] != '\0')
			continue;
		if (words[i].meaning == IS_CHARACTER)
			take_code(reader, words[i].code);
		else if (words[i].meaning == IS_UNICODE)
			take_unicode(reader, number);
		else
			obey(reader, words[i].meaning, number);
		return;
	}
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read the control word at the place of the reader, behind the backslash. */
static void
read_word(RtfReader *reader)
{
	const char *word = reader->at;
	int			len = 0;
	int			number = -1;
	bool		is_negative = false;

	while (reader->at < reader->end && is_letter(*reader->at) && len < MAX_WORD)
	{
		reader->at++;
		len++;
	}
	if (reader->end - reader->at > 1 && *reader->at == '-' &&
		is_digit(reader->at[1]))
	{
		is_negative = true;
		reader->at++;
	}
	while (reader->at < reader->end && is_digit(*reader->at))
	{
		number = Min(Max(number, 0) * 10 + (*reader->at - '0'), 100000000);
		reader->at++;
	}
	if (reader->at < reader->end && *reader->at == ' ')
		reader->at++;
	take_word(reader, word, len, is_negative ? -number : number);
}

/* Return the value of a hexadecimal digit, -1 if it is none. */
static int
hexadecimal_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* Read what is behind a backslash. */
static void
read_control(RtfReader *reader)
{
	char		symbol;

	if (reader->at == reader->end)
		return;
	if (is_letter(*reader->at))
	{
		read_word(reader);
		return;
	}
	symbol = *reader->at++;
	if (symbol == '\'')
	{
		int			high;
		int			low;

		if (reader->end - reader->at < 2)
			return;
		high = hexadecimal_digit(reader->at[0]);
		low = hexadecimal_digit(reader->at[1]);
		if (high < 0 || low < 0)
			return;
		reader->at += 2;
		take_byte(reader, (unsigned char) (high << 4 | low));
	}
	else if (symbol == '*')
	{
		/* the group has a meaning that a reader need not know */
		end_run(reader);
		group(reader)->is_text = false;
	}
	else if (symbol == '\\' || symbol == '{' || symbol == '}')
		take_byte(reader, (unsigned char) symbol);
	else if (symbol == '~' || symbol == '\n' || symbol == '\r')
		take_code(reader, ' ');
	else if (symbol == '_')
		take_code(reader, '-');
	else
		end_run(reader);
}

/* Begin a group, in the state of the group around it. */
static void
begin_group(RtfReader *reader)
{
	end_run(reader);
	reader->skip = 0;
	reader->depth++;
	if (reader->depth <= MAX_GROUPS && reader->depth > 1)
		reader->groups[reader->depth - 1] = reader->groups[reader->depth - 2];
}

static void
end_group(RtfReader *reader)
{
	end_run(reader);
	reader->skip = 0;
	reader->depth--;
}

void
rtf_append_text(const char *bytes, int len, bool is_cut, StringInfo text)
{
	StringInfoData rtf;
	RtfReader  *reader;

	initStringInfo(&rtf);
	if (!decompress((const unsigned char *) bytes, len, is_cut, &rtf) ||
		strncmp(rtf.data, "{\\rtf", 5) != 0)
	{
		pfree(rtf.data);
		return;
	}
	reader = palloc0(sizeof(RtfReader));
	reader->at = rtf.data + 1;
	reader->end = rtf.data + rtf.len;
	reader->depth = 1;
	reader->groups[0].is_text = true;
	reader->groups[0].fallback = 1;
	reader->default_code_page = LATIN_CODE_PAGE;
	reader->text = text;
	initStringInfo(&reader->run);
	while (reader->at < reader->end && reader->depth > 0)
	{
		char		c = *reader->at++;

		if (c == '\\')
			read_control(reader);
		else if (c == '{')
			begin_group(reader);
		else if (c == '}')
			end_group(reader);
		else if (c != '\n' && c != '\r')
			take_byte(reader, (unsigned char) c);
	}
	if (reader->depth > 0)
		end_run(reader);
	pfree(reader->run.data);
	pfree(reader);
	pfree(rtf.data);
}
