/*-------------------------------------------------------------------------
 *
 * mime.c
 *	  A message as the JSON object of its MAPI properties: the header by
 *	  way of envelope.c, and here its parts: bodies and attachments.
 *
 * NOTES
 *	  PR_BODY is what the message itself says in plain text, PR_HTML what it
 *	  says in HTML (as UTF-8, which PR_INTERNET_CPID states); neither is made
 *	  from the other.  Texts that follow each other, such as the footer of a
 *	  mailing list, are joined.  Every other part is an attachment, and is
 *	  counted by its content type.
 *
 *	  The parser is given the body under no more than the fields that say what
 *	  it is, as header.c has read them: NULs and raw bytes in the header do
 *	  not reach it.  It stops nesting by itself (at about a thousand levels);
 *	  we stop at MAX_NESTING.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

#define CODEPAGE_UTF8	65001

/* what a part may still become */
#define MAY_BE_TEXT		0x1
#define MAY_BE_HTML		0x2

/* The walk over the parts of one message. */
typedef struct Walk
{
	GString    *text;			/* PR_BODY so far */
	GString    *html;			/* PR_HTML so far, UTF-8 */
	unsigned	leaves;			/* parts that are no multiparts, so far */
	Tally	   *tally;
} Walk;

static void walk_part(Walk *walk, GMimeObject *part, int depth, int may);

static void
count_attachment(Walk *walk, GMimeObject *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	g_autofree char *mime = g_mime_content_type_get_mime_type(type);
	g_autofree char *valid = g_utf8_make_valid(mime, -1);
	g_autofree char *kind = g_ascii_strdown(valid, -1);

	tally_count(walk->tally->attachments, kind, 1);
}

/* The content of a part, its transfer encoding undone; NULL if it has none. */
static GByteArray *
part_bytes(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream;
	GByteArray *bytes;

	if (content == NULL)
		return NULL;
	bytes = g_byte_array_new();
	stream = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_data_wrapper_write_to_stream(content, stream);
	g_object_unref(stream);
	return bytes;
}

/* The charset that an HTML text names in its first bytes, or NULL. */
static char *
html_charset(const GByteArray *bytes)
{
	g_autofree char *start = g_strndup((char *) bytes->data,
									   MIN(bytes->len, 1024));
	g_autofree char *low = g_ascii_strdown(start, -1);
	char	   *at = strstr(low, "charset=");

	if (at == NULL)
		return NULL;
	at += strlen("charset=");
	at += strspn(at, "\"' ");
	return g_strndup(at, strcspn(at, "\"'; />"));
}

/* Append the text of a part to what there is. */
static void
append_text(Walk *walk, GString *out, GMimeObject *part, bool is_html)
{
	const char *charset =
	g_mime_object_get_content_type_parameter(part, "charset");
	g_autofree char *named = NULL;
	GByteArray *bytes = part_bytes(GMIME_PART(part));
	char	   *text;
	size_t		len;

	if (bytes == NULL)
		return;
	if (is_html && !text_charset_known(charset) && bytes->len > 0)
		charset = named = html_charset(bytes);
	text = text_decode((char *) bytes->data, bytes->len, charset,
					   walk->tally, &len);
	if (len > 0)
	{
		if (out->len > 0 && out->str[out->len - 1] != '\n')
			g_string_append_c(out, '\n');
		g_string_append_len(out, text, (gssize) len);
	}
	g_free(text);
	g_byte_array_unref(bytes);
}

/*
 * A part without parts: body text, or an attachment.  The only part of a
 * message is its body if it is text at all.  A text with a file name is
 * somebody's file, except where it is the first part of all.
 */
static void
walk_leaf(Walk *walk, GMimeObject *part, int depth, int may)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	const char *disposition = g_mime_object_get_disposition(part);
	bool		only = (depth == 0);
	bool		first = (walk->leaves++ == 0);
	bool		html = g_mime_content_type_is_type(type, "text", "html");
	bool		plain = g_mime_content_type_is_type(type, "text", "plain");
	bool		body;

	if (only && !html && g_mime_content_type_is_type(type, "text", "*"))
		plain = true;
	if (!GMIME_IS_PART(part))
		body = false;
	else if (only)
		body = html || plain;
	else if (disposition != NULL &&
			 g_ascii_strcasecmp(disposition, "attachment") == 0)
		body = false;
	else if (g_mime_part_get_filename(GMIME_PART(part)) != NULL && !first)
		body = false;
	else
		body = (html && (may & MAY_BE_HTML)) || (plain && (may & MAY_BE_TEXT));

	if (body)
		append_text(walk, html ? walk->html : walk->text, part, html);
	else
		count_attachment(walk, part);
}

/* Of alternatives, the first text and the first HTML are taken. */
static void
walk_alternative(Walk *walk, GMimeMultipart *multipart, int depth, int may)
{
	int			n = g_mime_multipart_get_count(multipart);

	for (int i = 0; i < n; i++)
	{
		size_t		had_text = walk->text->len;
		size_t		had_html = walk->html->len;

		walk_part(walk, g_mime_multipart_get_part(multipart, i), depth, may);
		if (walk->text->len > had_text)
			may &= ~MAY_BE_TEXT;
		if (walk->html->len > had_html)
			may &= ~MAY_BE_HTML;
	}
}

static void
walk_multipart(Walk *walk, GMimeMultipart *multipart, int depth, int may)
{
	GMimeContentType *type =
	g_mime_object_get_content_type(GMIME_OBJECT(multipart));
	int			n = g_mime_multipart_get_count(multipart);
	bool		first_only;
	bool		related;

	if (g_mime_content_type_is_type(type, "multipart", "alternative"))
	{
		walk_alternative(walk, multipart, depth + 1, may);
		return;
	}
	if (g_mime_content_type_is_type(type, "multipart", "encrypted") ||
		g_mime_content_type_is_type(type, "multipart", "appledouble"))
		may = 0;
	first_only = g_mime_content_type_is_type(type, "multipart", "signed") ||
		g_mime_content_type_is_type(type, "multipart", "report");
	related = g_mime_content_type_is_type(type, "multipart", "related");
	for (int i = 0; i < n; i++)
	{
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);

		/* signatures, reports and what an HTML text refers to are no text */
		if (i > 0 && (first_only ||
					  (related && g_mime_object_get_content_id(part) != NULL)))
			walk_part(walk, part, depth + 1, 0);
		else
			walk_part(walk, part, depth + 1, may);
	}
}

static void
walk_part(Walk *walk, GMimeObject *part, int depth, int may)
{
	if (GMIME_IS_MULTIPART(part))
	{
		if (depth >= MAX_NESTING)
			tally_count(walk->tally->remarks,
						"multiparts nested too deep: not looked into", 1);
		else
			walk_multipart(walk, GMIME_MULTIPART(part), depth, may);
	}
	else
		walk_leaf(walk, part, depth, may);
}

/*
 * A multipart in which no part was found (a boundary that is wrong or
 * missing) still has the text it was sent with.
 */
static void
keep_partless_text(Walk *walk, GMimeObject *root, const char *body, size_t len)
{
	char	   *text;

	if (!GMIME_IS_MULTIPART(root) ||
		g_mime_multipart_get_count(GMIME_MULTIPART(root)) > 0 || len == 0)
		return;
	tally_count(walk->tally->remarks,
				"multiparts in which no part was found: kept as text", 1);
	text = text_decode(body, len, NULL, walk->tally, NULL);
	g_string_append(walk->text, text);
	g_free(text);
}

/* ----------------------------------------------------------- message class */

/* The value of a field such as "Action" in a report part, in small letters. */
static char *
report_field(GMimeObject *part, const char *name)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t		n = strlen(name);
	GByteArray *bytes;

	if (!GMIME_IS_PART(part))
		return NULL;
	bytes = part_bytes(GMIME_PART(part));
	if (bytes == NULL)
		return NULL;
	text = g_strndup((char *) bytes->data, bytes->len);
	g_byte_array_unref(bytes);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
	{
		if (g_ascii_strncasecmp(*line, name, n) == 0 && (*line)[n] == ':')
			return g_strstrip(g_ascii_strdown(*line + n + 1, -1));
	}
	return NULL;
}

/* The class of a delivery report or read receipt, or NULL if it is neither. */
static const char *
report_class(GMimeMultipart *report)
{
	GMimeContentType *type =
	g_mime_object_get_content_type(GMIME_OBJECT(report));
	const char *kind = g_mime_content_type_get_parameter(type, "report-type");
	g_autofree char *answer = NULL;
	GMimeObject *part;

	if (kind == NULL || g_mime_multipart_get_count(report) < 2)
		return NULL;
	part = g_mime_multipart_get_part(report, 1);
	if (g_ascii_strcasecmp(kind, "disposition-notification") == 0)
	{
		answer = report_field(part, "Disposition");
		if (answer != NULL && strstr(answer, "displayed") != NULL)
			return "REPORT.IPM.Note.IPNRN";
		return "REPORT.IPM.Note.IPNNRN";
	}
	if (g_ascii_strcasecmp(kind, "delivery-status") != 0)
		return NULL;
	answer = report_field(part, "Action");
	if (answer == NULL || g_str_has_prefix(answer, "failed"))
		return "REPORT.IPM.Note.NDR";
	if (g_str_has_prefix(answer, "delayed"))
		return "REPORT.IPM.Note.Delayed";
	if (g_str_has_prefix(answer, "relayed"))
		return "REPORT.IPM.Note.Relayed";
	if (g_str_has_prefix(answer, "expanded"))
		return "REPORT.IPM.Note.Expanded";
	return "REPORT.IPM.Note.DR";
}

static const char *
message_class(GMimeObject *root)
{
	GMimeContentType *type = g_mime_object_get_content_type(root);
	const char *found = NULL;

	if (g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
		g_mime_content_type_is_type(type, "application", "x-pkcs7-mime"))
		found = "IPM.Note.SMIME";
	else if (g_mime_content_type_is_type(type, "multipart", "signed"))
	{
		const char *protocol =
		g_mime_object_get_content_type_parameter(root, "protocol");

		if (protocol != NULL &&
			g_ascii_strncasecmp(protocol, "application/", 12) == 0 &&
			(g_ascii_strcasecmp(protocol + 12, "pkcs7-signature") == 0 ||
			 g_ascii_strcasecmp(protocol + 12, "x-pkcs7-signature") == 0))
			found = "IPM.Note.SMIME.MultipartSigned";
	}
	else if (GMIME_IS_MULTIPART(root) &&
			 g_mime_content_type_is_type(type, "multipart", "report"))
		found = report_class(GMIME_MULTIPART(root));
	return found ? found : "IPM.Note";
}

/* ------------------------------------------------------------ the message */

/*
 * Parse a body under those fields of its header that say what it is; the
 * first one of a name counts.  Returns a new reference.
 */
static GMimeMessage *
parse_message(const Header *header, const char *body, size_t len)
{
	static const char *const names[] = {
		"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"
	};
	GByteArray *bytes = g_byte_array_sized_new((guint) len + 512);
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeMessage *message;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		const char *value = header_get(header, names[i]);
		g_autofree char *line = NULL;

		if (value == NULL)
			continue;
		line = g_strdup_printf("%s:%s\n", names[i], value);
		g_byte_array_append(bytes, (guint8 *) line, (guint) strlen(line));
	}
	g_byte_array_append(bytes, (const guint8 *) "MIME-Version: 1.0\n\n", 19);
	g_byte_array_append(bytes, (const guint8 *) body, (guint) len);

	stream = g_mime_stream_mem_new_with_byte_array(bytes);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return message;
}

/* Bodies, class and attachments, from the parts. */
static void
map_parts(const Header *header, const RawMessage *raw, json_t *props,
		  Tally *tally)
{
	const char *body = raw->data + header->body_offset;
	size_t		len = raw->len - header->body_offset;
	GMimeMessage *message = parse_message(header, body, len);
	GMimeObject *root = message ? g_mime_message_get_mime_part(message) : NULL;
	Walk		walk = {g_string_new(NULL), g_string_new(NULL), 0, tally};

	json_object_set_new(props, "PR_MESSAGE_CLASS",
						json_string(root ? message_class(root) : "IPM.Note"));
	if (root != NULL)
	{
		walk_part(&walk, root, 0, MAY_BE_TEXT | MAY_BE_HTML);
		keep_partless_text(&walk, root, body, len);
	}
	put_text(props, "PR_BODY", walk.text->str);
	if (walk.html->len > 0)
	{
		g_autofree char *coded = g_base64_encode((guchar *) walk.html->str,
												 walk.html->len);

		put_text(props, "PR_HTML", coded);
		json_object_set_new(props, "PR_INTERNET_CPID",
							json_integer(CODEPAGE_UTF8));
	}
	g_string_free(walk.text, TRUE);
	g_string_free(walk.html, TRUE);
	if (message != NULL)
		g_object_unref(message);
}

json_t *
mime_to_json(const RawMessage *raw, Tally *tally, const char **why)
{
	Header	   *header = header_read(raw->data, raw->len, tally);
	json_t	   *props;

	if (header == NULL)
	{
		*why = "no message: no header field before the first empty line";
		return NULL;
	}
	props = json_object();
	envelope_map(header, raw, props, tally);
	map_parts(header, raw, props, tally);
	header_free(header);
	return props;
}
