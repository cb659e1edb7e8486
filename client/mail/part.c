/*-------------------------------------------------------------------------
 *
 * part.c
 *	  The place and the header of each part, from GMime's objects, and the
 *	  attachments made from parts.
 *
 * NOTES
 *	  GMime returns the offsets of fields and of contents.  Offsets of objects
 *	  are made from these.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/* The server stores longer bytes as blobs (src/engine/adopt.c). */
#define INLINE_BYTES	8192

/* ------------------------------------------------------------------ places */

/* Return the content stream of a part without parts, or NULL. */
static GMimeStream *
part_stream(GMimeObject *object)
{
	GMimeDataWrapper *content = GMIME_IS_PART(object) ?
		g_mime_part_get_content(GMIME_PART(object)) : NULL;

	return content ? g_mime_data_wrapper_get_stream(content) : NULL;
}

/* Return the start of an object in the copy, or G_MAXSIZE if it is unknown. */
static size_t
object_start(const Mend *mend, GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	gint64		start = -1;

	if (g_mime_header_list_get_count(list) > 0)
		start = g_mime_header_get_offset(g_mime_header_list_get_header_at(list,
																  0));
	if (start < 0 && part_stream(object) != NULL)
	{
		/* a part without header fields begins with an empty line */
		start = part_stream(object)->bound_start;
		start -= start > 0 && mend->parsed[start - 1] == '\n';
		start -= start > 0 && mend->parsed[start - 1] == '\r';
	}
	return start < 0 ? G_MAXSIZE : (size_t) start;
}

/* Return the end of the last content in an object; 0 without content. */
static size_t
last_content(GMimeObject *object)
{
	GMimeMultipart *multipart;
	int			n;

	while (object != NULL && GMIME_IS_MULTIPART(object))
	{
		multipart = GMIME_MULTIPART(object);
		n = g_mime_multipart_get_count(multipart);
		object = n > 0 ? g_mime_multipart_get_part(multipart, n - 1) : NULL;
	}
	return object != NULL && part_stream(object) != NULL ?
		(size_t) part_stream(object)->bound_end : 0;
}

/*
 * Return the end of a multipart that begins at "start" in the copy: before the
 * next line that begins with "marker", the boundary around the multipart, or
 * at "limit".
 */
static size_t
multipart_end(const Mend *mend, GMimeObject *object, size_t start,
			  size_t limit, const char *marker)
{
	size_t		last = last_content(object);
	const char *at = mend->parsed + MAX(start, last > 2 ? last - 2 : 0);
	const char *end = mend->parsed + limit;
	size_t		len = strlen(marker);

	while (len > 0 && at < end)
	{
		at = next_line(at, end);
		if ((size_t) (end - at) >= len && memcmp(at, marker, len) == 0 &&
			(at + len == end || strchr("-\r\n \t", at[len]) != NULL))
			return limit - (size_t) (end - at) - 1 - (at[-2] == '\r');
	}
	return limit;
}

/* Return the start of the line after a header in the copy, and its end. */
static size_t
header_end(const Mend *mend, size_t start, size_t limit, size_t *head)
{
	const char *end = mend->parsed + limit;
	const char *at;
	const char *next = mend->parsed + start;

	do
	{
		at = next;
		next = next_line(at, end);
	} while (at < end && *at != '\n' && (next - at != 2 || *at != '\r'));
	*head = (size_t) (at - mend->parsed);
	return (size_t) (next - mend->parsed);
}

/*
 * Return the end of the content of a part without parts.  GMime takes the line
 * end before a boundary line for as long as that of the boundary line.
 */
static size_t
leaf_end(const Mend *mend, size_t body, size_t end)
{
	const char *at = mend->parsed + end;

	if (end < body)
		return body;
	if (end + 1 >= mend->parsed_len)
		return end;
	if (*at == '\n' && end > body && at[-1] == '\r')
		return end - 1;
	return end + (*at != '\n' && *at != '\r' && at[1] == '\n');
}

/* ------------------------------------------------------------------- parts */

/* Return the type of a part without encoded words. */
static GMimeContentType *
read_type(const Part *part)
{
	const char *value = header_get(part->header, "Content-Type");
	g_autofree char *words = NULL;

	if (value == NULL)
		return g_object_ref(g_mime_object_get_content_type(part->object));
	words = header_decode(value, true, NULL);
	return g_mime_content_type_parse(NULL, words);
}

/* Return a parameter that GMime finds in some words, or NULL. */
static char *
find_parameter(const char *words, const char *name)
{
	GMimeParamList *list = g_mime_param_list_parse(NULL, words);
	GMimeParam *param = list ? g_mime_param_list_get_parameter(list, name) :
		NULL;
	char	   *value = param ? g_strdup(g_mime_param_get_value(param)) : NULL;

	g_clear_object(&list);
	return value;
}

/*
 * Return the file name in a parameter of a field, or NULL.  GMime decodes an
 * extended parameter (RFC 2231) as ISO-8859-1, and text_decode() its bytes.
 */
static char *
file_name(const Header *header, const char *field, const char *name)
{
	const char *value = header_get(header, field);
	const char *list = value ? strchr(value, ';') : NULL;
	g_autofree char *any = g_strdup_printf("\\b%s[ *=]", name);
	g_autofree char *extended =
		g_strdup_printf("\\b%s\\*(?:0\\*)?=[ \"]*([^ \";'=]+)'", name);
	g_autofree char *coded = NULL;
	g_autofree char *words = NULL;
	g_autofree char *charset = NULL;
	g_autofree char *latin = NULL;
	g_autofree char *text = NULL;
	g_autofree char *valid = NULL;
	g_autofree char *decoded = NULL;

	if (list == NULL || !text_matches(any, list))
		return NULL;
	coded = header_decode(list + 1, true, NULL);
	/* a backslash of a path escapes nothing */
	words = text_replace("\\\\(?=[^\"\\\\])", coded, "\\\\\\\\");
	charset = text_find(extended, words, strlen(words));
	latin = text_replace("(\\*(?:0\\*)?=[ \"]*)[^ \";'=]+(?=')", words,
						 "\\1ISO-8859-1");
	text = find_parameter(charset ? latin : words, name);
	if (charset != NULL && text != NULL)
	{
		/* GMime leaves the charset if the pieces are not in order */
		g_autofree char *bare = text_replace("\\AISO-8859-1'[^']*'", text, "");
		g_autofree char *bytes = g_convert(bare, -1, "ISO-8859-1", "UTF-8",
										   NULL, NULL, NULL);

		g_free(text);
		text = bytes ? text_decode(bytes, strlen(bytes), charset, NULL, NULL) :
			find_parameter(words, name);
	}
	if (text == NULL || *text == '\0')
		return NULL;
	/* encoded words that are spread over pieces of a parameter */
	valid = g_utf8_make_valid(text, -1);
	decoded = header_decode(valid, false, NULL);
	/* a quote that is never closed */
	return text_replace("\\A\"([^\"]*)\\z", decoded, "\\1");
}

Part *
part_new(const Walk *walk, GMimeObject *object, Part *parent,
		 const char *marker)
{
	const Mend *mend = walk->reading->mend;
	GMimeStream *stream = part_stream(object);
	size_t		limit = parent ? parent->limit : mend->parsed_len;
	size_t		start = object_start(mend, object);
	size_t		body;
	size_t		head;
	g_autofree char *word = NULL;
	const char *value;
	Part	   *part;

	if (start > limit)
		return NULL;
	part = g_new0(Part, 1);
	part->object = object;
	part->header = header_new(object, mend, parent ? NULL : walk->tally);
	part->depth = parent ? parent->depth + 1 : 0;
	part->limit = stream ?
		CLAMP((size_t) stream->bound_end, start, limit) :
		multipart_end(mend, object, start, limit, marker);
	body = header_end(mend, start, part->limit, &head);
	if (stream != NULL)
	{
		body = (size_t) stream->bound_start;
		part->limit = leaf_end(mend, body, (size_t) stream->bound_end);
	}
	part->start = mend_offset(mend, start);
	part->head = MAX(part->start, mend_offset(mend, head));
	part->body = mend_offset(mend, body);
	part->end = mend_offset(mend, part->limit);

	part->type = read_type(part);
	part->mime = g_mime_content_type_get_mime_type(part->type);
	part->filename = file_name(part->header, "Content-Disposition",
							   "filename");
	if (part->filename == NULL)
		part->filename = file_name(part->header, "Content-Type", "name");
	value = header_get(part->header, "Content-Transfer-Encoding");
	if (value != NULL)
		word = text_find("\\A[ \t\"]*([^ \t\";(]+)", value, strlen(value));
	part->encoding = word ? g_mime_content_encoding_from_string(word) :
		GMIME_CONTENT_ENCODING_DEFAULT;
	part->parts = g_ptr_array_new_with_free_func(part_free);
	if (parent != NULL)
		g_ptr_array_add(parent->parts, part);
	return part;
}

void
part_free(gpointer p)
{
	Part	   *part = p;

	g_ptr_array_free(part->parts, TRUE);
	header_free(part->header);
	g_object_unref(part->type);
	g_free(part->mime);
	g_free(part->filename);
	g_free(part);
}

bool
part_is(const Part *part, const char *pattern)
{
	return text_matches(pattern, part->mime);
}

GByteArray *
part_bytes(const Reading *reading, const Part *part)
{
	return content_decode(reading->mend->data + part->body,
						  part->end - part->body, part->encoding, true);
}

/* ------------------------------------------------------------- attachments */

void
attach_names(json_t *attachment, const char *name)
{
	const char *dot = strrchr(name, '.');
	g_autofree char *base = g_strndup(name, dot ? (size_t) (dot - name) :
									  strlen(name));
	g_autofree char *plain = text_replace("[^a-z0-9_-]", base, "");
	g_autofree char *end = text_replace("[^a-z0-9]", dot ? dot : "", "");
	g_autofree char *brief = g_strdup_printf("%.8s%s%.3s", *plain ? plain :
											 "file", *end ? "." : "", end);

	put_text(attachment, "PR_ATTACH_LONG_FILENAME", name);
	put_text(attachment, "PR_ATTACH_FILENAME", brief);
	put_text(attachment, "PR_ATTACH_EXTENSION", dot);
	if (json_object_get(attachment, "PR_DISPLAY_NAME") == NULL)
		put_text(attachment, "PR_DISPLAY_NAME", name);
}

json_t *
attach_add(json_t *list, const char *type, int method, Tally *tally)
{
	json_t	   *attachment = json_object();
	g_autofree char *valid = g_utf8_make_valid(type, -1);
	g_autofree char *low = g_ascii_strdown(valid, -1);

	put_number(attachment, "PR_ATTACH_NUM",
			   (json_int_t) json_array_size(list));
	put_number(attachment, "PR_ATTACH_METHOD", method);
	put_number(attachment, "PR_RENDERING_POSITION", -1);
	put_text(attachment, "PR_ATTACH_MIME_TAG", low);
	json_array_append_new(list, attachment);
	tally_attachment(tally, low);
	return attachment;
}

void
attach_bytes(const Walk *walk, json_t *attachment, GByteArray *bytes)
{
	put_content(attachment, "PR_ATTACH_DATA_BIN", bytes,
			  bytes->len > INLINE_BYTES ? walk->reading->aside : NULL);
}

void
attach_fields(json_t *attachment, const Part *part, bool related)
{
	const char *id = header_get(part->header, "Content-ID");
	const char *place = header_get(part->header, "Content-Location");
	g_autofree char *location = place ? g_strstrip(g_strdup(place)) : NULL;
	g_autofree char *plain = id ? g_strstrip(g_strdup(id)) : NULL;
	g_autofree char *bare = id ? text_replace("\\A<(.+)>\\z", plain, "\\1") :
		NULL;

	if (part->filename != NULL)
		attach_names(attachment, part->filename);
	if (part_is(part, "^text/"))
		put_text(attachment, "PidTagTextAttachmentCharset",
				 g_mime_content_type_get_parameter(part->type, "charset"));
	put_text(attachment, "PR_ATTACH_CONTENT_LOCATION", location);
	put_text(attachment, "PR_ATTACH_CONTENT_ID", bare);
	if (related && (id != NULL || place != NULL))
	{
		put_number(attachment, "PR_ATTACH_FLAGS", ATT_MHTML_REF);
		json_object_set_new(attachment, "PR_ATTACHMENT_HIDDEN", json_true());
	}
}
