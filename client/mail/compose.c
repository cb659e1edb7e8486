/*-------------------------------------------------------------------------
 *
 * compose.c
 *	  From properties to the parts of a message, written by GMime.
 *
 * NOTES
 *	  A part is a string here: its header, an empty line, its body.  A message
 *	  that was never mail is composed from its properties: the bodies as
 *	  alternatives, with the attachments that the HTML refers to beside the
 *	  HTML, then the other attachments, in as many multiparts as needed.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "edit.h"

const char *
text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

json_int_t
number_of(json_t *object, const char *name, json_int_t missing)
{
	json_t	   *value = json_object_get(object, name);

	if (json_is_true(value))
		return 1;
	return json_is_integer(value) ? json_integer_value(value) : missing;
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

/* Return an object as GMime writes it, and free the object. */
static GString *
object_text(GMimeObject *object, const char *eol)
{
	GMimeFormatOptions *format = g_mime_format_options_clone(NULL);
	char	   *text;
	GString    *out;

	g_mime_format_options_set_newline_format(format, *eol == '\r' ?
											 GMIME_NEWLINE_FORMAT_DOS :
											 GMIME_NEWLINE_FORMAT_UNIX);
	text = g_mime_object_to_string(object, format);
	out = g_string_new(text);
	g_free(text);
	g_mime_format_options_free(format);
	g_object_unref(object);
	return out;
}

static void
set_content(GMimePart *part, const void *bytes, size_t len,
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
part_encoded(const char *bytes, size_t len, GMimeContentEncoding encoding,
			 const char *eol)
{
	GMimePart  *part = g_mime_part_new();
	GString    *out;

	set_content(part, bytes, len, encoding);
	out = object_text(GMIME_OBJECT(part), eol);
	return g_string_erase(out, 0, part_body(out) - out->str);
}

/* Return true if a text needs no encoding: ASCII, in short lines. */
static bool
is_plain(const char *text, size_t len)
{
	size_t		column = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		/* a boundary, or a line with a meaning in mbox or SMTP */
		if (column == 0 && (c == '-' || c == '.' || c == 'F'))
			return false;
		column = c == '\n' ? 0 : column + 1;
		if (c > 126 || (c < 32 && c != '\t' && c != '\n') || column > 900)
			return false;
	}
	return true;
}

GString *
part_text(const char *text, size_t len, const char *subtype, const char *eol,
		  GMimeObject *old)
{
	GMimePart  *part = GMIME_IS_PART(old) ? GMIME_PART(g_object_ref(old)) :
		g_mime_part_new();
	GMimeContentType *type = g_mime_content_type_new("text", subtype);
	GString    *lines = g_string_sized_new(len);

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			g_string_append_c(lines, text[i]);
	}
	g_mime_content_type_set_parameter(type, "charset", "utf-8");
	g_mime_object_set_content_type(GMIME_OBJECT(part), type);
	g_object_unref(type);
	set_content(part, lines->str, lines->len,
				is_plain(lines->str, lines->len) ?
				GMIME_CONTENT_ENCODING_DEFAULT :
				GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	g_string_free(lines, TRUE);
	return object_text(GMIME_OBJECT(part), eol);
}

/* ------------------------------------------------------------- attachments */

/*
 * Return true if a property was edited.  Every property of a new attachment
 * counts as edited.
 */
static bool
differs(json_t *now, json_t *before, const char *name)
{
	json_t	   *left = json_object_get(now, name);
	json_t	   *right = json_object_get(before, name);

	return left != right && !json_equal(left, right);
}

/* Set a field to a value, without encoding and folding the value. */
static void
set_raw(GMimeObject *part, const char *name, const char *value)
{
	g_autofree char *raw = g_strdup_printf(" %s\n", value);

	g_mime_object_set_header(part, name, "", NULL);
	g_mime_header_set_raw_value(g_mime_header_list_get_header(g_mime_object_get_header_list(part),
															  name), raw);
}

/* Set the fields that have the names of a part, if the names were edited. */
static void
set_names(GMimeObject *part, json_t *now, json_t *before)
{
	g_autofree char *long_name = line_of(now, "PR_ATTACH_LONG_FILENAME");
	g_autofree char *short_name = line_of(now, "PR_ATTACH_FILENAME");
	g_autofree char *id = line_of(now, "PR_ATTACH_CONTENT_ID");
	g_autofree char *place = line_of(now, "PR_ATTACH_CONTENT_LOCATION");
	const char *name = *long_name ? long_name : short_name;
	bool		inside = number_of(now, "PR_ATTACH_FLAGS", 0) &
		ATT_MHTML_REF;

	if (before == NULL)
		g_mime_object_set_disposition(part, inside ? "inline" : "attachment");
	if (differs(now, before, "PR_ATTACH_LONG_FILENAME") ||
		(before == NULL && *name != '\0'))
	{
		if (g_mime_object_get_disposition(part) == NULL)
			g_mime_object_set_disposition(part, "attachment");
		g_mime_object_set_content_disposition_parameter(part, "filename",
														name);
		if (g_mime_object_get_content_type_parameter(part, "name") != NULL)
			g_mime_object_set_content_type_parameter(part, "name", name);
	}
	if (differs(now, before, "PR_ATTACH_CONTENT_ID"))
	{
		g_autofree char *bracketed = g_strdup_printf("<%s>", id);

		if (*id == '\0')
			g_mime_object_remove_header(part, "Content-ID");
		else
			g_mime_object_set_header(part, "Content-ID", bracketed, "utf-8");
	}
	if (differs(now, before, "PR_ATTACH_CONTENT_LOCATION"))
	{
		if (*place == '\0')
			g_mime_object_remove_header(part, "Content-Location");
		else
			set_raw(part, "Content-Location", place);
	}
}

/* Set the type of a part, if the type was edited. */
static void
set_type(GMimeObject *part, json_t *now, json_t *before, bool embedded)
{
	g_autofree char *tag = line_of(now, "PR_ATTACH_MIME_TAG");
	g_autofree char *charset = line_of(now, "PidTagTextAttachmentCharset");
	GMimeContentType *type;

	if (!differs(now, before, "PR_ATTACH_MIME_TAG") &&
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
part_attachment(json_t *now, json_t *before, GMimeObject *old,
				const char *eol, int depth, InnerFunc inner)
{
	json_t	   *message = json_object_get(now, "PR_ATTACH_DATA_OBJ");
	bool		embedded = message != NULL && depth < MAX_NESTING;
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
	if (!GMIME_IS_PART(old))
		old = NULL;
	if (old == NULL)
		before = NULL;
	part = old ? g_object_ref(old) : GMIME_OBJECT(g_mime_part_new());
	set_type(part, now, before, embedded);
	set_names(part, now, before);
	set_content(GMIME_PART(part), bytes, embedded ? 0 : len, embedded ?
				GMIME_CONTENT_ENCODING_DEFAULT :
				GMIME_CONTENT_ENCODING_BASE64);
	out = object_text(part, eol);
	if (embedded)
	{
		GString    *mail = inner(message, depth + 1);

		g_string_append_len(out, mail->str, (gssize) mail->len);
		g_string_free(mail, TRUE);
	}
	return out;
}

GString *
part_renamed(json_t *now, json_t *before, GMimeObject *old, const char *body,
			 size_t len, const char *eol)
{
	GString    *out;

	set_type(old, now, before, false);
	set_names(old, now, before);
	out = object_text(g_object_ref(old), eol);
	g_string_truncate(out, (gsize) (part_body(out) - out->str));
	return g_string_append_len(out, body, (gssize) len);
}

/* -------------------------------------------------------------- multiparts */

const char *
part_body(const GString *part)
{
	const char *at = part->str;
	const char *end = part->str + part->len;

	while (at < end)
	{
		const char *nl = memchr(at, '\n', (size_t) (end - at));
		const char *next = nl ? nl + 1 : end;

		if (*at == '\n' || (*at == '\r' && next - at == 2))
			return next;
		at = next;
	}
	return end;
}

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

char *
part_boundary(const GPtrArray *parts)
{
	GChecksum  *sum = g_checksum_new(G_CHECKSUM_SHA256);
	char	   *boundary;

	/* no part can contain a checksum of all parts */
	for (guint i = 0; i < parts->len; i++)
	{
		GString    *part = g_ptr_array_index(parts, i);

		g_checksum_update(sum, (guchar *) part->str, (gssize) part->len);
	}
	boundary = g_strdup_printf("=_msgstore_%.32s",
							   g_checksum_get_string(sum));
	g_checksum_free(sum);
	return boundary;
}

GString *
part_multipart(GPtrArray *parts, const char *subtype, const char *report_type,
			   const char *eol)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
	g_autofree char *boundary = part_boundary(parts);
	GString    *out;

	g_mime_multipart_set_boundary(multipart, boundary);
	if (report_type != NULL)
		g_mime_object_set_content_type_parameter(GMIME_OBJECT(multipart),
												 "report-type", report_type);
	out = object_text(GMIME_OBJECT(multipart), eol);
	g_string_truncate(out, (gsize) (part_body(out) - out->str));
	for (guint i = 0; i < parts->len; i++)
	{
		GString    *part = g_ptr_array_index(parts, i);

		g_string_append_printf(out, "%s--%s%s", i > 0 ? eol : "", boundary,
							   eol);
		g_string_append_len(out, part->str, (gssize) part->len);
	}
	g_string_append_printf(out, "%s--%s--%s", eol, boundary, eol);
	g_ptr_array_free(parts, TRUE);
	return out;
}

/* Return the parts as a multipart, or a single part alone; free the array. */
static GString *
join_parts(GPtrArray *parts, const char *subtype, const char *eol)
{
	GString    *one;

	if (parts->len > 1)
		return part_multipart(parts, subtype, NULL, eol);
	one = g_ptr_array_steal_index(parts, 0);
	g_ptr_array_free(parts, TRUE);
	return one;
}

/* Return the HTML, with the attachments that the HTML refers to. */
static GString *
html_part(json_t *props, const char *eol, int depth, InnerFunc inner)
{
	GPtrArray  *related = parts_new();
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(text_of(props, "PR_HTML"),
											   &len);
	size_t		i;
	json_t	   *one;

	g_ptr_array_add(related, part_text((char *) bytes, len, "html", eol,
									   NULL));
	json_array_foreach(json_object_get(props, "PR_MESSAGE_ATTACHMENTS"), i, one)
	{
		if (number_of(one, "PR_ATTACH_FLAGS", 0) & ATT_MHTML_REF)
			g_ptr_array_add(related, part_attachment(one, NULL, NULL, eol, depth,
													 inner));
	}
	return join_parts(related, "related", eol);
}

/* Return the report-type of a message by its attachments, or NULL. */
static const char *
report_type(json_t *props)
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

/*
 * Return the only attachment of a signed or encrypted message, if the texts in
 * the attachment are equal to those of the message; else NULL.
 */
static GString *
sealed_part(json_t *props)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	json_t	   *one = json_array_get(list, 0);
	const char *coded = text_of(one, "PR_ATTACH_DATA_BIN");
	RawMessage	raw = {.path = NULL};
	Tally	   *aside;
	json_t	   *inside;
	const char *why;
	gsize		len;
	g_autofree guchar *bytes = NULL;
	bool		same;

	if (json_array_size(list) != 1 || *coded == '\0' ||
		!g_str_has_prefix(text_of(one, "PR_ATTACH_MIME_TAG"), "multipart/") ||
		!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"),
						  "IPM.Note.SMIME"))
		return NULL;
	bytes = g_base64_decode(coded, &len);
	raw.data = (char *) bytes;
	raw.len = len;
	aside = tally_new();
	inside = mime_to_json(&raw, aside, &why);
	tally_free(aside);
	same = inside != NULL &&
		strcmp(text_of(inside, "PR_BODY"), text_of(props, "PR_BODY")) == 0 &&
		strcmp(text_of(inside, "PR_HTML"), text_of(props, "PR_HTML")) == 0;
	json_decref(inside);
	return same ? g_string_new_len((char *) bytes, (gssize) len) : NULL;
}

GString *
part_content(json_t *props, const char *eol, int depth, InnerFunc inner)
{
	GPtrArray  *parts = parts_new();
	GPtrArray  *bodies = parts_new();
	const char *text = text_of(props, "PR_BODY");
	bool		html = *text_of(props, "PR_HTML") != '\0';
	const char *report = report_type(props);
	GString    *sealed = sealed_part(props);
	size_t		i;
	json_t	   *one;

	if (sealed != NULL)
		g_ptr_array_add(parts, sealed);
	else if (*text != '\0')
		g_ptr_array_add(bodies, part_text(text, strlen(text), "plain", eol,
										  NULL));
	if (html && sealed == NULL)
		g_ptr_array_add(bodies, html_part(props, eol, depth, inner));
	if (bodies->len > 0)
		g_ptr_array_add(parts, join_parts(bodies, "alternative", eol));
	else
		g_ptr_array_free(bodies, TRUE);
	json_array_foreach(sealed ? NULL :
					   json_object_get(props, "PR_MESSAGE_ATTACHMENTS"), i, one)
	{
		if (!html || !(number_of(one, "PR_ATTACH_FLAGS", 0) & ATT_MHTML_REF))
			g_ptr_array_add(parts, part_attachment(one, NULL, NULL, eol, depth,
													 inner));
	}
	if (parts->len == 0)
		g_ptr_array_add(parts, part_text("", 0, "plain", eol, NULL));
	/* readers could take an attachment without a multipart for the body */
	else if (report != NULL || (*text == '\0' && !html &&
								!g_str_has_prefix(text_of(props,
														  "PR_MESSAGE_CLASS"),
												  "IPM.Note.SMIME")))
		return part_multipart(parts, report ? "report" : "mixed", report, eol);
	return join_parts(parts, "mixed", eol);
}
