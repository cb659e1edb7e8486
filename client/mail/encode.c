/*-------------------------------------------------------------------------
 *
 * encode.c
 *	  Encode bytes and texts for mail: transfer encodings and charsets.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mail.h"

#define QP_COLUMNS		76

/* Append base64 in lines of "columns" characters; none after the last. */
void
encode_base64(GString *out, const char *bytes, size_t len, unsigned columns,
			  const char *eol)
{
	size_t		piece = columns >= 4 ? columns / 4 * 3 : len;

	for (size_t at = 0; at < len; at += piece)
	{
		size_t		n = MIN(piece, len - at);
		g_autofree char *coded = g_base64_encode((const guchar *) bytes + at,
												 n);

		if (at > 0)
			g_string_append(out, eol);
		g_string_append(out, coded);
	}
}

/* Whether a line begins like a boundary, or as an mbox or SMTP reads it. */
static bool
is_marker(const char *line, size_t len)
{
	if (len >= 3 && line[0] == '-' && line[1] == '-')
		return line[2] != '\r' && line[2] != '\n';
	if (len >= 5 && memcmp(line, "From ", 5) == 0)
		return true;
	return line[0] == '.' && (len == 1 || line[1] == '\r' || line[1] == '\n');
}

/*
 * Append quoted-printable.  Line ends are those of the bytes, where a line of
 * the result may end like that; everything else that could be misread is
 * quoted, "--" and "From " at the start of a line too.
 */
void
encode_quoted(GString *out, const char *bytes, size_t len, const char *eol)
{
	bool		crlf = eol[0] == '\r';
	size_t		column = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) bytes[i];
		bool		at_end = i + 1 == len || bytes[i + 1] == '\n' ||
		(bytes[i + 1] == '\r' && i + 2 < len && bytes[i + 2] == '\n');
		bool		quote;

		if (c == '\r' && i + 1 < len && bytes[i + 1] == '\n')
		{
			g_string_append(out, "\r\n");
			i++;
			column = 0;
			continue;
		}
		if (c == '\n' && !crlf)
		{
			g_string_append_c(out, '\n');
			column = 0;
			continue;
		}
		quote = c == '=' || c > 126 || (c < 32 && c != '\t') ||
			((c == ' ' || c == '\t') && at_end) ||
			(column == 0 && is_marker(bytes + i, len - i));
		if (column + (quote ? 3 : 1) > QP_COLUMNS - 1)
		{
			g_string_append_printf(out, "=%s", eol);
			column = 0;
		}
		if (quote)
			g_string_append_printf(out, "=%02X", c);
		else
			g_string_append_c(out, (char) c);
		column += quote ? 3 : 1;
	}
}

/*
 * A text in a charset, as a mail names it.  Returns NULL if that cannot be,
 * or if some character is not in it.
 */
char *
encode_charset(const char *text, size_t len, const char *charset,
			   size_t *outlen)
{
	g_autofree char *name = text_charset_name(charset);
	char	   *out;
	gsize		n;

	if (name == NULL || strcmp(name, "UTF-8") == 0)
	{
		*outlen = len;
		return g_strndup(text, len);
	}
	out = g_convert(text, (gssize) len, name, "UTF-8", NULL, &n, NULL);
	*outlen = n;
	return out;
}

/* Whether a text can be sent as it is: ASCII, in lines that are not long. */
bool
encode_is_plain(const char *text, size_t len)
{
	size_t		column = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c == '\n')
			column = 0;
		else if (c == '\r' ? i + 1 == len || text[i + 1] != '\n' :
				 c > 126 || (c < 32 && c != '\t') || ++column > 900)
			return false;
		if (column == 1 && is_marker(text + i, len - i))
			return false;
	}
	return true;
}

/* A text with all its line ends made "eol". */
GString *
encode_line_ends(const char *text, size_t len, const char *eol)
{
	GString    *out = g_string_sized_new(len + len / 32);

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			continue;
		if (text[i] == '\n')
			g_string_append(out, eol);
		else
			g_string_append_c(out, text[i]);
	}
	return out;
}
