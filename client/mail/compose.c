/*-------------------------------------------------------------------------
 *
 * compose.c
 *	  From properties to the parts of a message, written by GMime.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

static void
free_part(gpointer part)
{
	g_string_free(part, TRUE);
}

GPtrArray *
parts_new(void)
{
	return g_ptr_array_new_with_free_func(free_part);
}

size_t
header_len(const GString *part)
{
	g_autofree char *header =
		text_find("\\A((?:[^\\r\\n].*\\n)*+(?:\\r?\\n)?)", part->str,
				  part->len);

	return header && *header ? strlen(header) : part->len;
}

GMimeObject *
parse_header(const GString *header)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(header->str,
															header->len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeObject *object = g_mime_parser_construct_part(parser, NULL);

	g_object_unref(parser);
	g_object_unref(stream);
	return object;
}

/* Return an object as GMime writes it, and free the object. */
static GString *
object_text(GMimeObject *object, const char *eol)
{
	GMimeFormatOptions *format = g_mime_format_options_clone(NULL);
	g_autofree char *text = NULL;

	g_mime_format_options_set_newline_format(format, *eol == '\r' ?
											 GMIME_NEWLINE_FORMAT_DOS :
											 GMIME_NEWLINE_FORMAT_UNIX);
	text = g_mime_object_to_string(object, format);
	g_mime_format_options_free(format);
	g_object_unref(object);
	return g_string_new(text);
}

/* Set the content of a part. */
static void
set_bytes(GMimePart *part, const void *bytes, size_t len,
		  GMimeContentEncoding encoding)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream,
											GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content(part, content);
	if (encoding != g_mime_part_get_content_encoding(part))
		g_mime_part_set_content_encoding(part, encoding);
	g_object_unref(content);
	g_object_unref(stream);
}

GString *
part_text(const char *text, size_t len, const char *subtype, const char *eol,
		  GMimeObject *old)
{
	GMimePart  *part = old ? GMIME_PART(g_object_ref(old)) :
		g_mime_part_new();
	GMimeContentType *type = g_mime_content_type_new("text", subtype);
	g_autoptr(GString) lines = g_string_sized_new(len);
	g_autofree char *special = NULL;

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			g_string_append_c(lines, text[i]);
	}
	/* 8-bit, long lines, a boundary, a line with a meaning in mbox or SMTP */
	special = text_find("((?-i)^[-.F]|[^\\t\\n -~]|.{901})", lines->str,
						lines->len);
	g_mime_content_type_set_parameter(type, "charset", "utf-8");
	g_mime_object_set_content_type(GMIME_OBJECT(part), type);
	g_object_unref(type);
	set_bytes(part, lines->str, lines->len, special ?
			  GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE :
			  GMIME_CONTENT_ENCODING_DEFAULT);
	return object_text(GMIME_OBJECT(part), eol);
}

void
append_parts(GString *out, const GPtrArray *parts, const GString *line,
			 const GString *eol)
{
	for (guint i = 0; i < parts->len; i++)
	{
		const GString *part = g_ptr_array_index(parts, i);

		g_string_append_len(out, line->str, (gssize) line->len);
		g_string_append_len(out, part->str, (gssize) part->len);
		g_string_append_len(out, eol->str, (gssize) eol->len);
	}
}

GString *
part_multipart(GPtrArray *parts, const char *subtype, const char *report_type,
			   const char *eol)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *boundary = NULL;
	g_autoptr(GString) line = g_string_new("--");
	g_autoptr(GString) end = g_string_new(eol);
	GString    *out;

	/* no part can contain a checksum of all parts */
	for (guint i = 0; i < parts->len; i++)
	{
		GString    *part = g_ptr_array_index(parts, i);

		g_checksum_update(sum, (guchar *) part->str, (gssize) part->len);
	}
	boundary = g_strdup_printf("=_msgstore_%.32s", g_checksum_get_string(sum));
	g_mime_multipart_set_boundary(multipart, boundary);
	if (report_type != NULL)
		g_mime_object_set_content_type_parameter(GMIME_OBJECT(multipart),
												 "report-type", report_type);
	out = object_text(GMIME_OBJECT(multipart), eol);
	g_string_truncate(out, header_len(out));
	g_string_append_printf(line, "%s%s", boundary, eol);
	append_parts(out, parts, line, end);
	g_string_append_printf(out, "--%s--%s", boundary, eol);
	g_ptr_array_free(parts, TRUE);
	return out;
}

GString *
join_parts(GPtrArray *parts, const char *subtype, const char *eol)
{
	GString    *one;

	if (parts->len > 1)
		return part_multipart(parts, subtype, NULL, eol);
	one = g_ptr_array_steal_index(parts, 0);
	g_ptr_array_free(parts, TRUE);
	return one;
}

/* ------------------------------------------------------------- attachments */

bool
same_value(json_t *a, json_t *b, const char *name)
{
	json_t	   *left = json_object_get(a, name);
	json_t	   *right = json_object_get(b, name);

	return left == right || json_equal(left, right);
}

/* Return a text on one line, so that the text cannot begin a header field. */
static char *
line_of(json_t *object, const char *name)
{
	return g_strstrip(text_replace("[\\x01-\\x1F\\x7F]",
								   text_of(object, name), " "));
}

/* Set a field of a part to a value, which is not encoded; "" removes it. */
static void
set_field(GMimeObject *part, const char *name, const char *value)
{
	g_autofree char *raw = g_strdup_printf(" %s\n", value);
	GMimeHeaderList *list = g_mime_object_get_header_list(part);

	g_mime_object_remove_header(part, name);
	if (strspn(value, "<>") == strlen(value))
		return;
	g_mime_object_set_header(part, name, "", NULL);
	g_mime_header_set_raw_value(g_mime_header_list_get_header(list, name),
								raw);
}

/*
 * Set the names of an attachment in the header of a part, if they differ from
 * "before", or "before" is NULL.
 */
static void
set_names(GMimeObject *part, json_t *now, json_t *before)
{
	g_autofree char *long_name = line_of(now, "PR_ATTACH_LONG_FILENAME");
	g_autofree char *short_name = line_of(now, "PR_ATTACH_FILENAME");
	g_autofree char *id = line_of(now, "PR_ATTACH_CONTENT_ID");
	g_autofree char *place = line_of(now, "PR_ATTACH_CONTENT_LOCATION");
	const char *name = *long_name ? long_name : short_name;

	if (before == NULL)
		g_mime_object_set_disposition(part,
									  number_of(now, "PR_ATTACH_FLAGS", 0) &
									  ATT_MHTML_REF ? "inline" : "attachment");
	if (!same_value(now, before, "PR_ATTACH_LONG_FILENAME") ||
		(before == NULL && *name != '\0'))
	{
		if (g_mime_object_get_disposition(part) == NULL)
			g_mime_object_set_disposition(part, "attachment");
		g_mime_object_set_content_disposition_parameter(part, "filename",
														name);
		if (g_mime_object_get_content_type_parameter(part, "name") != NULL)
			g_mime_object_set_content_type_parameter(part, "name", name);
	}
	if (!same_value(now, before, "PR_ATTACH_CONTENT_ID"))
	{
		g_autofree char *coded = g_mime_utils_header_encode_text(NULL, id,
																 "utf-8");
		g_autofree char *bracketed =
			g_strdup_printf("<%s>", g_str_is_ascii(id) ? id : coded);

		set_field(part, "Content-ID", bracketed);
	}
	if (!same_value(now, before, "PR_ATTACH_CONTENT_LOCATION"))
		set_field(part, "Content-Location", place);
}

/* Set the type of an attachment, as set_names() sets names. */
static void
set_type(GMimeObject *part, json_t *now, json_t *before, bool embedded)
{
	g_autofree char *tag = line_of(now, "PR_ATTACH_MIME_TAG");
	g_autofree char *charset = line_of(now, "PidTagTextAttachmentCharset");
	GMimeContentType *type;

	if (same_value(now, before, "PR_ATTACH_MIME_TAG") &&
		(before != NULL || *tag != '\0'))
		return;
	type = g_mime_content_type_parse(NULL, embedded &&
									 !g_str_has_prefix(tag, "message/") ?
									 "message/rfc822" : *tag ? tag :
									 "application/octet-stream");
	if (*charset != '\0')
		g_mime_content_type_set_parameter(type, "charset", charset);
	g_mime_object_set_content_type(part, type);
	g_object_unref(type);
}

GString *
part_attachment(const Edit *edit, json_t *now, json_t *before,
				GMimeObject *old, const Part *place, const GString *inner)
{
	json_t	   *message = json_object_get(now, "PR_ATTACH_DATA_OBJ");
	bool		embedded = message != NULL && edit->depth < MAX_NESTING;
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(text_of(now,
													   "PR_ATTACH_DATA_BIN"),
											   &len);
	/* the body is written as it is */
	bool		same = old != NULL && !embedded &&
		json_object_get(now, "PR_ATTACH_DATA_BIN") != NULL &&
		same_value(now, before, "PR_ATTACH_DATA_BIN");
	GMimeContentEncoding encoding = GMIME_CONTENT_ENCODING_BASE64;
	const char *raw = (char *) bytes;
	GMimeObject *part;
	g_autoptr(GString) composed = NULL;
	GString    *out;

	/* signed or encrypted: the bytes are a whole part */
	if (!same && !embedded && len > 0 &&
		g_str_has_prefix(text_of(now, "PR_ATTACH_MIME_TAG"), "multipart/"))
		return g_string_new_len(raw, (gssize) len);
	part = old ? g_object_ref(old) : GMIME_OBJECT(g_mime_part_new());
	set_type(part, now, old ? before : NULL, embedded);
	set_names(part, now, old ? before : NULL);
	if (embedded)
	{
		if (inner == NULL)
			inner = composed = edit->compose(message, edit->depth + 1);
		encoding = g_mime_part_get_content_encoding(GMIME_PART(part));
		same = encoding != GMIME_CONTENT_ENCODING_BASE64 &&
			encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
		raw = inner->str;
		len = inner->len;
	}
	else if (same)
	{
		raw = edit->reading->mend->data + place->body;
		len = place->end - place->body;
	}
	if (!same)
		set_bytes(GMIME_PART(part), raw, len, encoding);
	out = object_text(part, edit->eol);
	if (!same)
		return out;
	g_string_truncate(out, header_len(out));
	return g_string_append_len(out, raw, (gssize) len);
}
