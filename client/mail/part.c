/*-------------------------------------------------------------------------
 *
 * part.c
 *	  The place and the header of each part, from GMime's objects.
 *
 * NOTES
 *	  GMime returns the offsets of fields and of contents.  Offsets of objects
 *	  are made from these.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mime.h"

GMimeStream *
part_stream(GMimeObject *object)
{
	GMimeDataWrapper *content = GMIME_IS_PART(object) ?
		g_mime_part_get_content(GMIME_PART(object)) : NULL;

	return content ? g_mime_data_wrapper_get_stream(content) : NULL;
}

/* Return the content of the message in a message part, or NULL. */
static GMimeObject *
inner_object(GMimeObject *object)
{
	GMimeMessage *message = GMIME_IS_MESSAGE_PART(object) ?
		g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) : NULL;

	return message ? g_mime_message_get_mime_part(message) : NULL;
}

size_t
part_header_end(const Walk *walk, size_t at, size_t limit, size_t *body)
{
	while (at < limit)
	{
		const char *start = walk->copy + at;
		const char *nl = memchr(start, '\n', limit - at);
		size_t		len = nl ? (size_t) (nl + 1 - start) : limit - at;

		if (*start == '\n' || (len == 2 && *start == '\r'))
		{
			*body = at + len;
			return at;
		}
		at += len;
	}
	*body = limit;
	return limit;
}

/* Return the offset of an object's first field; G_MAXSIZE without fields. */
static size_t
first_field(GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	gint64		offset = -1;

	if (g_mime_header_list_get_count(list) > 0)
		offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(list,
																   0));
	return offset < 0 ? G_MAXSIZE : (size_t) offset;
}

size_t
part_message_start(GMimeMessage *message)
{
	GMimeObject *content = g_mime_message_get_mime_part(message);
	size_t		start = first_field(GMIME_OBJECT(message));

	return content ? MIN(start, first_field(content)) : start;
}

size_t
part_start(const Walk *walk, GMimeObject *object)
{
	size_t		start = first_field(object);
	GMimeStream *stream = part_stream(object);

	if (start != G_MAXSIZE)
		return start;
	if (stream != NULL)
		start = (size_t) stream->bound_start;
	else if (inner_object(object) != NULL)
		start = part_message_start(g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)));
	if (start == G_MAXSIZE)
		return start;
	if (start > 0 && walk->copy[start - 1] == '\n')
		start--;
	if (start > 0 && walk->copy[start - 1] == '\r')
		start--;
	return start;
}

/* Return the end of the last content in an object; "start" without content. */
static size_t
last_content(GMimeObject *object, size_t start)
{
	GMimeStream *stream;

	while (object != NULL && !GMIME_IS_PART(object))
	{
		int			n = GMIME_IS_MULTIPART(object) ?
		g_mime_multipart_get_count(GMIME_MULTIPART(object)) : 0;

		object = n > 0 ? g_mime_multipart_get_part(GMIME_MULTIPART(object),
												   n - 1) :
			inner_object(object);
	}
	stream = object ? part_stream(object) : NULL;
	return stream ? MAX(start, (size_t) stream->bound_end) : start;
}

size_t
part_end(const Walk *walk, GMimeObject *object, size_t start, size_t limit,
		   const char *marker)
{
	size_t		at = last_content(object, start);
	size_t		len = strlen(marker);

	if (part_stream(object) != NULL)
		return MIN(at, limit);
	at = at > start + 2 ? at - 2 : start;
	while (len > 0 && at < limit)
	{
		const char *nl = memchr(walk->copy + at, '\n', limit - at);
		size_t		line = nl ? (size_t) (nl + 1 - walk->copy) : limit;

		if (line + len <= limit && memcmp(nl + 1, marker, len) == 0 &&
			(line + len == limit ||
			 strchr("-\r\n \t", walk->copy[line + len]) != NULL))
			return line - (line - 1 > start && nl[-1] == '\r' ? 2 : 1);
		at = line;
	}
	return limit;
}

/*
 * Return the end of the content of a part without parts.  GMime takes the line
 * end before a boundary line for as long as that of the boundary line.
 */
static size_t
leaf_end(const Walk *walk, size_t body, size_t end)
{
	if (end < body)
		return body;
	if (end + 1 >= walk->copy_len)
		return end;
	if (walk->copy[end] == '\n' && end > body && walk->copy[end - 1] == '\r')
		return end - 1;
	if (walk->copy[end] != '\n' && walk->copy[end] != '\r' &&
		walk->copy[end + 1] == '\n')
		return end + 1;
	return end;
}

void
part_init(Part *part, const Walk *walk, GMimeObject *object, Header *header,
		  size_t start, size_t end, int depth)
{
	GMimeStream *stream = part_stream(object);
	Tally	   *aside = tally_new();
	const char *type;
	const char *place;
	const char *name = NULL;

	part->object = object;
	part->header = header ? header : header_new(object, aside);
	part->depth = depth;
	part->start = start;
	part->end = end;
	(void) part_header_end(walk, start, end, &part->body);
	if (stream != NULL)
	{
		part->body = (size_t) stream->bound_start;
		part->end = leaf_end(walk, part->body, (size_t) stream->bound_end);
	}
	type = header_get(part->header, "Content-Type");
	place = header_get(part->header, "Content-Disposition");
	part->type = NULL;
	part->disposition = part->filename = NULL;
	if (type != NULL && strlen(type) <= LONG_FIELD)
	{
		g_autofree char *words = header_decode(type, true, aside);

		part->type = g_mime_content_type_parse(NULL, words);
	}
	else
	{
		GMimeContentType *own = g_mime_object_get_content_type(object);

		part->type =
			g_mime_content_type_new(g_mime_content_type_get_media_type(own),
									g_mime_content_type_get_media_subtype(own));
	}
	if (place != NULL && strlen(place) <= LONG_FIELD)
	{
		g_autofree char *words = header_decode(place, true, aside);
		GMimeContentDisposition *parsed =
			g_mime_content_disposition_parse(NULL, words);

		part->disposition =
			g_strdup(g_mime_content_disposition_get_disposition(parsed));
		name = g_mime_content_disposition_get_parameter(parsed, "filename");
		part->filename = name && *name ? g_utf8_make_valid(name, -1) : NULL;
		g_object_unref(parsed);
	}
	name = g_mime_content_type_get_parameter(part->type, "name");
	if (part->filename == NULL && name != NULL && *name != '\0')
		part->filename = g_utf8_make_valid(name, -1);
	if (part->filename != NULL)
		g_strstrip(part->filename);
	/* encoded words that are spread over pieces of a parameter (RFC 2231) */
	if (part->filename != NULL && strstr(part->filename, "=?") != NULL)
	{
		g_autofree char *words = part->filename;

		part->filename = header_decode(words, false, aside);
	}
	tally_free(aside);
}

void
part_clear(Part *part)
{
	if (part->header != NULL)
		header_free(part->header);
	g_object_unref(part->type);
	g_free(part->disposition);
	g_free(part->filename);
}

GMimeContentEncoding
part_encoding(const Part *part)
{
	const char *value = header_get(part->header, "Content-Transfer-Encoding");
	g_autofree char *word = NULL;

	if (value == NULL)
		return GMIME_CONTENT_ENCODING_DEFAULT;
	value += strspn(value, " \t");
	word = g_strndup(value, strcspn(value, " \t;("));
	return g_mime_content_encoding_from_string(word);
}

const char *
part_raw(const Walk *walk, size_t from, size_t to, size_t *len)
{
	const Mend *mend = walk->reading->mend;
	size_t		start = mend_offset(mend, from);
	size_t		end = to > from ? mend_offset(mend, to) : start;

	*len = end - start;
	return mend->data + start;
}

GByteArray *
part_bytes(const Walk *walk, const Part *part)
{
	size_t		len;
	const char *bytes = part_raw(walk, part->body, part->end, &len);

	return content_decode(bytes, len, part_encoding(part), true);
}
