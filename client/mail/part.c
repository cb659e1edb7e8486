/*-------------------------------------------------------------------------
 *
 * part.c
 *	  Cut a message into its MIME parts.
 *
 * NOTES
 *	  Parts point into the message, and nothing is copied or changed.  Signed
 *	  parts can therefore be stored to the byte, and the bytes between parts
 *	  can be written again.  GMime reads parameters, header.c reads headers.
 *
 *	  A boundary line belongs to the outermost multipart with this boundary, so
 *	  a part without an end ends with the multipart around it.  The line end
 *	  before a boundary belongs to the boundary.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/* A line that is a boundary. */
typedef struct Boundary
{
	const char *start;
	const char *next;			/* the line after it */
	bool		closing;
} Boundary;

/* Find the next boundary line at or after "at", which begins a line. */
static bool
next_boundary(const char *at, const char *end, const char *marker,
			  Boundary *found)
{
	size_t		len = strlen(marker);

	while (at < end)
	{
		const char *nl = memchr(at, '\n', (size_t) (end - at));
		const char *stop = nl ? nl : end;
		const char *p = at + len;

		if ((size_t) (stop - at) >= len && memcmp(at, marker, len) == 0)
		{
			found->closing = stop - p >= 2 && p[0] == '-' && p[1] == '-';
			if (found->closing)
				p += 2;
			while (p < stop && (*p == ' ' || *p == '\t' || *p == '\r'))
				p++;
			if (p == stop)
			{
				found->start = at;
				found->next = nl ? nl + 1 : end;
				return true;
			}
		}
		at = nl ? nl + 1 : end;
	}
	return false;
}

static Part *part_read(const char *start, const char *end,
					   const char *default_type, int depth);

/* Cut the body of a multipart at its boundaries. */
static void
read_parts(Part *part, const char *boundary, int depth)
{
	g_autofree char *marker = g_strconcat("--", boundary, NULL);
	const char *inner = g_mime_content_type_is_type(part->type, "multipart",
													"digest") ?
		"message/rfc822" : "text/plain";
	Boundary	here;
	Boundary	next;

	if (!next_boundary(part->body, part->end, marker, &here))
		return;
	while (!here.closing)
	{
		const char *stop = part->end;
		bool		more = next_boundary(here.next, part->end, marker, &next);

		if (more)
		{
			stop = next.start;
			if (stop > here.next)
				stop--;			/* the line end before it */
			if (stop > here.next && stop[-1] == '\r')
				stop--;
		}
		g_ptr_array_add(part->parts, part_read(here.next, stop, inner,
											   depth + 1));
		if (!more)
			break;
		here = next;
	}
}

static void
part_free_one(gpointer p)
{
	part_free(p);
}

Part *
part_new(Header *header, const char *start, const char *body,
		 const char *end, const char *default_type, int depth)
{
	Part	   *part = g_new0(Part, 1);
	const char *type = header ? header_get(header, "Content-Type") : NULL;
	const char *boundary;

	part->header = header;
	part->start = start;
	part->body = body;
	part->end = end;
	part->type = g_mime_content_type_parse(NULL, type ? type : default_type);
	boundary = g_mime_content_type_get_parameter(part->type, "boundary");
	if (!g_mime_content_type_is_type(part->type, "multipart", "*"))
		return part;
	part->parts = g_ptr_array_new_with_free_func(part_free_one);
	if (depth >= MAX_NESTING)
		part->too_deep = true;
	else if (boundary != NULL && *boundary != '\0')
		read_parts(part, boundary, depth);
	return part;
}

/* A part of a multipart: its header, which may be empty, and its body. */
static Part *
part_read(const char *start, const char *end, const char *default_type,
		  int depth)
{
	size_t		len = (size_t) (end - start);
	const char *body = start;
	Header	   *header = NULL;

	while (body < end && *body == '\r')
		body++;
	if (body < end && *body == '\n')
		body++;
	else
	{
		Tally	   *aside = tally_new();

		header = header_read(start, len, aside);
		tally_free(aside);
		body = header ? start + header->body_offset : start;
	}
	return part_new(header, start, body, end, default_type, depth);
}

void
part_free(Part *part)
{
	if (part->header != NULL)
		header_free(part->header);
	if (part->parts != NULL)
		g_ptr_array_free(part->parts, TRUE);
	g_object_unref(part->type);
	g_free(part);
}

const char *
part_field(const Part *part, const char *name)
{
	return part->header ? header_get(part->header, name) : NULL;
}

GMimeContentEncoding
part_encoding(const Part *part)
{
	const char *value = part_field(part, "Content-Transfer-Encoding");
	g_autofree char *word = NULL;

	if (value == NULL)
		return GMIME_CONTENT_ENCODING_DEFAULT;
	value += strspn(value, " \t");
	word = g_strndup(value, strcspn(value, " \t;("));
	return g_mime_content_encoding_from_string(word);
}

/* A file's name; encoded words that GMime could make nothing of, decoded. */
static char *
file_name(const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	Tally	   *aside;
	char	   *decoded;

	if (strstr(valid, "=?") == NULL)
		return g_steal_pointer(&valid);
	aside = tally_new();
	decoded = header_decode(valid, false, aside);
	tally_free(aside);
	return decoded;
}

char *
part_disposition(const Part *part, char **filename)
{
	const char *value = part_field(part, "Content-Disposition");
	GMimeContentDisposition *disposition = NULL;
	const char *name = NULL;
	const char *word = NULL;
	char	   *copy;

	if (value != NULL)
		disposition = g_mime_content_disposition_parse(NULL, value);
	if (disposition != NULL)
	{
		word = g_mime_content_disposition_get_disposition(disposition);
		name = g_mime_content_disposition_get_parameter(disposition,
														"filename");
	}
	if (name == NULL || *name == '\0')
		name = g_mime_content_type_get_parameter(part->type, "name");
	*filename = name && *name ? file_name(name) : NULL;
	copy = g_strdup(word);
	if (disposition != NULL)
		g_object_unref(disposition);
	return copy;
}

/* What a character stands for in base64, -1 for nothing. */
static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whether a character may stand in a content in base64 at all. */
static bool
in_base64(char c)
{
	return base64_value(c) >= 0 || c == '=' || g_ascii_isspace(c);
}

const char *
part_coded_end(const Part *part)
{
	const char *last = part->end;
	const char *pad;

	if (part_encoding(part) != GMIME_CONTENT_ENCODING_BASE64)
		return part->end;
	/* the last character that is none of base64 */
	while (last > part->body && in_base64(last[-1]))
		last--;
	/* padding before it ends the content: what follows is some footer */
	pad = memchr(part->body, '=', (size_t) (last - part->body));
	if (pad == NULL)
		return part->end;
	while (pad < last && *pad == '=')
		pad++;
	return pad;
}

/*
 * Decode base64.  What is none of it is passed over; where padding stands
 * between two pieces, both are decoded, and where it is missing at the end,
 * nothing is lost.
 */
static void
append_base64(GByteArray *out, const char *at, const char *end)
{
	guint32		bits = 0;
	int			n = 0;

	g_byte_array_set_size(out, (guint) ((end - at) / 4 * 3 + 3));
	g_byte_array_set_size(out, 0);
	for (; at <= end; at++)
	{
		int			value = at < end ? base64_value(*at) : -1;

		if (value >= 0)
		{
			bits = bits << 6 | (guint32) value;
			n++;
		}
		if (n == 4 || (n > 0 && (at == end || *at == '=')))
		{
			guint8		bytes[3];

			bits <<= 6 * (4 - n);
			bytes[0] = (guint8) (bits >> 16);
			bytes[1] = (guint8) (bits >> 8);
			bytes[2] = (guint8) bits;
			g_byte_array_append(out, bytes, (guint) (n - 1));
			bits = 0;
			n = 0;
		}
	}
}

bool
part_is_identity(const Part *part)
{
	GMimeContentEncoding encoding = part_encoding(part);

	return encoding == GMIME_CONTENT_ENCODING_DEFAULT ||
		encoding == GMIME_CONTENT_ENCODING_7BIT ||
		encoding == GMIME_CONTENT_ENCODING_8BIT ||
		encoding == GMIME_CONTENT_ENCODING_BINARY;
}

GByteArray *
part_bytes(const Part *part)
{
	GMimeContentEncoding encoding = part_encoding(part);
	GByteArray *bytes = g_byte_array_new();
	size_t		len = (size_t) (part->end - part->body);
	GMimeStream *from;
	GMimeStream *to;
	GMimeDataWrapper *content;

	if (part_is_identity(part))
	{
		g_byte_array_append(bytes, (const guint8 *) part->body, (guint) len);
		return bytes;
	}
	if (encoding == GMIME_CONTENT_ENCODING_BASE64)
	{
		append_base64(bytes, part->body, part_coded_end(part));
		return bytes;
	}
	from = g_mime_stream_mem_new_with_buffer(part->body, len);
	to = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(to), FALSE);
	content = g_mime_data_wrapper_new_with_stream(from, encoding);
	g_mime_data_wrapper_write_to_stream(content, to);
	g_object_unref(content);
	g_object_unref(from);
	g_object_unref(to);
	return bytes;
}
