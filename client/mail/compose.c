/*-------------------------------------------------------------------------
 *
 * compose.c
 *	  From properties to the parts of a message, written by GMime.
 *
 * NOTES
 *	  A part is a string here: its header, an empty line, its body.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "edit.h"

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
parse_header(const char *header, size_t len)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(header, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeObject *object = g_mime_parser_construct_part(parser, NULL);

	g_object_unref(parser);
	g_object_unref(stream);
	return object;
}

GString *
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

void
set_bytes(GMimePart *part, const void *bytes, size_t len,
		  GMimeContentEncoding encoding)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream,
											GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content(part, content);
	g_mime_part_set_content_encoding(part, encoding);
	g_object_unref(content);
	g_object_unref(stream);
}

GString *
part_text(const char *text, size_t len, const char *subtype, const char *eol,
		  GMimeObject *old)
{
	GMimePart  *part = GMIME_IS_PART(old) ? GMIME_PART(g_object_ref(old)) :
		g_mime_part_new();
	GMimeContentType *type = g_mime_content_type_new("text", subtype);
	GString    *lines = g_string_sized_new(len);
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
	g_string_free(lines, TRUE);
	return object_text(GMIME_OBJECT(part), eol);
}

GString *
part_multipart(GPtrArray *parts, const char *subtype, const char *report_type,
			   const char *eol)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
	GChecksum  *sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *boundary = NULL;
	GString    *out;

	/* no part can contain a checksum of all parts */
	for (guint i = 0; i < parts->len; i++)
	{
		GString    *part = g_ptr_array_index(parts, i);

		g_checksum_update(sum, (guchar *) part->str, (gssize) part->len);
	}
	boundary = g_strdup_printf("=_msgstore_%.32s", g_checksum_get_string(sum));
	g_checksum_free(sum);
	g_mime_multipart_set_boundary(multipart, boundary);
	if (report_type != NULL)
		g_mime_object_set_content_type_parameter(GMIME_OBJECT(multipart),
												 "report-type", report_type);
	out = object_text(GMIME_OBJECT(multipart), eol);
	g_string_truncate(out, header_len(out));
	for (guint i = 0; i < parts->len; i++)
	{
		GString    *part = g_ptr_array_index(parts, i);

		g_string_append_printf(out, "--%s%s", boundary, eol);
		g_string_append_len(out, part->str, (gssize) part->len);
		g_string_append(out, eol);
	}
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
	char	   *line = g_strdup(text_of(object, name));

	for (char *p = line; *p != '\0'; p++)
	{
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	}
	return g_strstrip(line);
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

void
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

void
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
				GMimeObject *old)
{
	json_t	   *message = json_object_get(now, "PR_ATTACH_DATA_OBJ");
	bool		embedded = message != NULL && edit->depth < MAX_NESTING;
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(text_of(now,
													   "PR_ATTACH_DATA_BIN"),
											   &len);
	GMimeObject *part;
	GString    *out;

	/* signed or encrypted: the bytes are a whole part */
	if (!embedded && len > 0 &&
		g_str_has_prefix(text_of(now, "PR_ATTACH_MIME_TAG"), "multipart/"))
		return g_string_new_len((char *) bytes, (gssize) len);
	if (GMIME_IS_PART(old))
		part = g_object_ref(old);
	else
	{
		part = GMIME_OBJECT(g_mime_part_new());
		before = NULL;
	}
	set_type(part, now, before, embedded);
	set_names(part, now, before);
	set_bytes(GMIME_PART(part), bytes, embedded ? 0 : len, embedded ?
			  GMIME_CONTENT_ENCODING_DEFAULT : GMIME_CONTENT_ENCODING_BASE64);
	out = object_text(part, edit->eol);
	if (embedded)
	{
		GString    *mail = edit->inner(message, edit->depth + 1);

		g_string_append_len(out, mail->str, (gssize) mail->len);
		g_string_free(mail, TRUE);
	}
	return out;
}

/* ----------------------------------------------------- reports, signatures */

const char *
part_report(json_t *props)
{
	size_t		i;
	json_t	   *one;

	if (!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"), "REPORT."))
		return NULL;
	json_array_foreach(json_object_get(props, "PR_MESSAGE_ATTACHMENTS"), i, one)
	{
		const char *type = text_of(one, "PR_ATTACH_MIME_TAG");

		if (g_str_has_suffix(type, "delivery-status"))
			return "delivery-status";
		if (strcmp(type, "message/disposition-notification") == 0)
			return "disposition-notification";
	}
	return NULL;
}

GString *
part_sealed(json_t *props)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	json_t	   *one = json_array_get(list, 0);
	RawMessage	raw = {.path = NULL};
	json_t	   *inside;
	const char *why;
	gsize		len;
	g_autofree guchar *bytes = NULL;
	bool		same;

	if (json_array_size(list) != 1 ||
		!g_str_has_prefix(text_of(one, "PR_ATTACH_MIME_TAG"), "multipart/") ||
		!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"),
						  "IPM.Note.SMIME"))
		return NULL;
	bytes = g_base64_decode(text_of(one, "PR_ATTACH_DATA_BIN"), &len);
	raw.data = (char *) bytes;
	raw.len = len;
	inside = mime_to_json(&raw, NULL, &why);
	same = inside != NULL &&
		strcmp(text_of(inside, "PR_BODY"), text_of(props, "PR_BODY")) == 0 &&
		strcmp(text_of(inside, "PR_HTML"), text_of(props, "PR_HTML")) == 0;
	json_decref(inside);
	return same ? g_string_new_len((char *) bytes, (gssize) len) : NULL;
}
