/*-------------------------------------------------------------------------
 *
 * content.c
 *	  Decodes transfer encodings by GMime, and finds uuencoded files in texts.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

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

/* Return the padding that the letters of base64 from "at" to "end" lack. */
static const char *
padding_of(const char *at, const char *end)
{
	static const char *const padding[] = {"", "", "==", "="};
	size_t		letters = 0;

	for (; at < end; at++)
		letters += g_ascii_isalnum(*at) || *at == '+' || *at == '/';
	return padding[letters % 4];
}

static void
decode_piece(GByteArray *out, const char *at, const char *end,
			 GMimeContentEncoding encoding)
{
	GMimeEncoding state;
	guint		had = out->len;
	size_t		n;

	g_mime_encoding_init_decode(&state, encoding);
	g_byte_array_set_size(out, had + (guint) g_mime_encoding_outlen(&state,
												   (size_t) (end - at)) + 4);
	n = g_mime_encoding_step(&state, at, (size_t) (end - at),
							 (char *) out->data + had);
	/* GMime writes the bytes of a last group only with the padding */
	if (encoding == GMIME_CONTENT_ENCODING_BASE64)
	{
		const char *padding = padding_of(at, end);

		n += g_mime_encoding_step(&state, padding, strlen(padding),
								  (char *) out->data + had + n);
	}
	g_byte_array_set_size(out, had + (guint) n);
}

/*
 * GMime ends base64 at the padding.  Bytes after the padding are a further
 * piece if all of them are base64; otherwise they are a footer.
 */
static void
decode_base64(GByteArray *out, const char *at, const char *end)
{
	const char *foreign = last_foreign(at, end);

	while (at < end)
	{
		const char *pad = memchr(at, '=', (size_t) (end - at));

		decode_piece(out, at, pad ? pad : end,
					 GMIME_CONTENT_ENCODING_BASE64);
		while (pad != NULL && pad < end && *pad == '=')
			pad++;
		if (pad == NULL || pad < foreign)
			break;
		at = pad;
	}
}

/* Decode quoted-printable without blanks before a line end (RFC 2045). */
static GByteArray *
strip_blanks(const char *bytes, size_t len)
{
	GByteArray *out = g_byte_array_sized_new((guint) len + 1);
	GMimeFilter *filter = g_mime_filter_strip_new();
	char	   *to;
	size_t		n;
	size_t		prespace;

	g_mime_filter_complete(filter, (char *) bytes, len, 0, &to, &n,
						   &prespace);
	g_byte_array_append(out, (guint8 *) to, (guint) n);
	g_object_unref(filter);
	return out;
}

GByteArray *
content_decode(const char *bytes, size_t len, GMimeContentEncoding encoding,
			   bool lines)
{
	GByteArray *out = g_byte_array_new();
	GByteArray *stripped = NULL;
	const char *end = bytes + len;

	switch (encoding)
	{
		case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
			if (lines)
			{
				stripped = strip_blanks(bytes, len);
				bytes = (char *) stripped->data;
				end = bytes + stripped->len;
			}
			/* FALLTHROUGH */
		case GMIME_CONTENT_ENCODING_UUENCODE:
			decode_piece(out, bytes, end, encoding);
			break;
		case GMIME_CONTENT_ENCODING_BASE64:
			decode_base64(out, bytes, end);
			break;
		default:
			g_byte_array_append(out, (const guint8 *) bytes, (guint) len);
	}
	if (stripped != NULL)
		g_byte_array_unref(stripped);
	return out;
}

/* ---------------------------------------------------------------- uuencode */

/* Return the length of a line if uuencode can have written the line, or 0. */
static size_t
coded_len(const char *line, const char *stop)
{
	size_t		len = (size_t) (stop - line);
	size_t		need;

	if (len == 0 || *line < 32 || *line > 96)
		return 0;
	need = 1 + (((size_t) (*line - 32) & 63) + 2) / 3 * 4;
	for (size_t i = 0; i < len; i++)
	{
		if (line[i] < 32 || line[i] > 96)
			return 0;
	}
	/* blanks at the end can be missing, and a checksum can follow */
	return len + 4 >= need && len <= need + 1 ? len : 0;
}

/* Return the name in a line "begin 644 name"; NULL for another line. */
static char *
begin_name(const char *line, const char *stop)
{
	g_autofree char *text = g_strndup(line, (gsize) (stop - line));
	size_t		digits;

	if (!g_str_has_prefix(text, "begin "))
		return NULL;
	digits = strspn(text + 6, "01234567");
	if (digits < 3 || digits > 4 || text[6 + digits] != ' ' ||
		text[7 + digits] == '\0')
		return NULL;
	return g_strdup(text + 7 + digits);
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
		const char *stop = line + n - (n > 0 && line[n - 1] == '\r');
		const char *next = line + n + (line[n] == '\n');

		if (body != NULL && stop - line == 3 && memcmp(line, "end", 3) == 0)
		{
			*end = next;
			return content_decode(body, (size_t) (line - body),
								  GMIME_CONTENT_ENCODING_UUENCODE, false);
		}
		if (body != NULL && coded_len(line, stop) == 0)
		{
			g_clear_pointer(name, g_free);
			body = NULL;
		}
		if (body == NULL && (*name = begin_name(line, stop)) != NULL)
		{
			*at = line;
			body = next;
		}
		line = next;
	}
	g_clear_pointer(name, g_free);
	return NULL;
}
