/*-------------------------------------------------------------------------
 *
 * mime.c
 *	  Make the JSON object of a message's MAPI properties: the header with
 *	  envelope.c, bodies and attachments from its parts.
 *
 * NOTES
 *	  PR_BODY is the plain text of the message itself, and PR_HTML its HTML, in
 *	  UTF-8, which PR_INTERNET_CPID states.  Neither is made from the other.
 *	  Texts that follow each other, such as the footer of a mailing list, are
 *	  joined.  Every other part is an attachment.  A message in the message is
 *	  an embedded message, with properties of its own.
 *
 *	  A signed or encrypted part is one attachment with exactly its bytes,
 *	  header included, so that a signature stays valid.  Signed texts are also
 *	  read into the bodies, for programs that show the message.
 *
 *	  Bytes that no property has, the header fields and boundaries of parts, go
 *	  into the skeleton (skeleton.c), in the order of the message.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/* what a part may still become */
#define MAY_BE_TEXT		0x1
#define MAY_BE_HTML		0x2

/* The walk over the parts of one message. */
typedef struct Walk
{
	GString    *text;			/* PR_BODY so far */
	GString    *html;			/* PR_HTML so far, UTF-8 */
	json_t	   *attachments;
	Skeleton	skeleton;
	unsigned	leaves;			/* parts that are no multiparts, so far */
	int			nesting;		/* how deep this message is in others */
	bool		sealed;			/* within what is kept as one attachment */
	Tally	   *tally;
} Walk;

static void walk_part(Walk *walk, Part *part, int depth, int may);
static json_t *message_to_json(const RawMessage *raw, Tally *tally,
							   int depth);

static bool
is_type(const Part *part, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(part->type, type, subtype);
}

static bool
is_message(const Part *part)
{
	return is_type(part, "message", "rfc822") ||
		is_type(part, "message", "global") || is_type(part, "message", "news");
}

/* Whether a multipart is one that is kept to the byte. */
static bool
is_sealed(const Part *part)
{
	return is_type(part, "multipart", "signed") ||
		is_type(part, "multipart", "encrypted");
}

/* Whether there is something in a part's body. */
static bool
has_content(const Part *part)
{
	for (const char *p = part->body; p < part->end; p++)
	{
		if (!g_ascii_isspace(*p))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ bodies */

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
append_text(Walk *walk, GString *out, const Part *part, bool is_html)
{
	const char *charset = g_mime_content_type_get_parameter(part->type,
															"charset");
	g_autofree char *named = NULL;
	GByteArray *bytes = part_bytes(part);
	size_t		offset = out->len;
	char	   *text;
	size_t		len;

	if (is_html && !text_charset_known(charset) && bytes->len > 0)
		charset = named = html_charset(bytes);
	text = text_decode((char *) bytes->data, bytes->len, charset,
					   walk->tally, &len);
	if (len > 0)
	{
		if (out->len > 0 && out->str[out->len - 1] != '\n')
			g_string_append_c(out, '\n');
		offset = out->len;
		g_string_append_len(out, text, (gssize) len);
	}
	if (!walk->sealed)
		skeleton_text(&walk->skeleton, part, is_html ? "html" : "text", out,
					  offset, bytes, charset);
	g_free(text);
	g_byte_array_unref(bytes);
}

/* ------------------------------------------------------------- attachments */

/* A name of eight and three plain characters, for who can use no other. */
static char *
short_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	GString    *out = g_string_new(NULL);

	for (const char *p = name; *p != '\0' && p != dot && out->len < 8; p++)
	{
		if (g_ascii_isalnum(*p) || *p == '_' || *p == '-')
			g_string_append_c(out, *p);
	}
	if (out->len == 0)
		g_string_append(out, "file");
	if (dot != NULL)
	{
		size_t		start = out->len;

		for (const char *p = dot + 1; *p != '\0' && out->len < start + 4; p++)
		{
			if (!g_ascii_isalnum(*p))
				continue;
			if (out->len == start)
				g_string_append_c(out, '.');
			g_string_append_c(out, *p);
		}
	}
	return g_string_free(out, FALSE);
}

static void
put_names(json_t *attachment, const char *name)
{
	const char *dot = strrchr(name, '.');
	g_autofree char *brief = short_name(name);

	put_text(attachment, "PR_ATTACH_LONG_FILENAME", name);
	put_text(attachment, "PR_ATTACH_FILENAME", brief);
	if (dot != NULL)
		put_text(attachment, "PR_ATTACH_EXTENSION", dot);
	if (json_object_get(attachment, "PR_DISPLAY_NAME") == NULL)
		put_text(attachment, "PR_DISPLAY_NAME", name);
}

/* An attachment with all but its content; it is the last of the list. */
static json_t *
add_attachment(Walk *walk, const Part *part, int method, unsigned *number)
{
	json_t	   *attachment = json_object();
	g_autofree char *mime = g_mime_content_type_get_mime_type(part->type);
	g_autofree char *valid = g_utf8_make_valid(mime, -1);
	g_autofree char *type = g_ascii_strdown(valid, -1);

	*number = (unsigned) json_array_size(walk->attachments);
	json_object_set_new(attachment, "PR_ATTACH_NUM", json_integer(*number));
	json_object_set_new(attachment, "PR_ATTACH_METHOD", json_integer(method));
	json_object_set_new(attachment, "PR_RENDERING_POSITION",
						json_integer(-1));
	put_text(attachment, "PR_ATTACH_MIME_TAG", type);
	json_array_append_new(walk->attachments, attachment);
	tally_count(walk->tally->attachments, type, 1);
	return attachment;
}

static void
put_bytes(json_t *attachment, const char *bytes, size_t len)
{
	g_autofree char *coded = g_base64_encode((const guchar *) bytes, len);

	json_object_set_new(attachment, "PR_ATTACH_DATA_BIN", json_string(coded));
}

/* A part's own name, charset and place, as far as its header has them. */
static void
put_part_fields(json_t *attachment, const Part *part, bool related)
{
	const char *id = part_field(part, "Content-ID");
	const char *place = part_field(part, "Content-Location");
	const char *charset = g_mime_content_type_get_parameter(part->type,
															"charset");
	g_autofree char *filename = NULL;

	g_free(part_disposition(part, &filename));
	if (filename != NULL)
		put_names(attachment, filename);
	if (charset != NULL && is_type(part, "text", "*"))
		put_text(attachment, "PidTagTextAttachmentCharset", charset);
	if (place != NULL)
	{
		g_autofree char *location = g_strstrip(g_strdup(place));

		put_text(attachment, "PR_ATTACH_CONTENT_LOCATION", location);
	}
	if (id != NULL)
	{
		g_autofree char *bare = g_strstrip(g_strdup(id));
		size_t		len = strlen(bare);

		if (len > 2 && bare[0] == '<' && bare[len - 1] == '>')
		{
			bare[len - 1] = '\0';
			put_text(attachment, "PR_ATTACH_CONTENT_ID", bare + 1);
		}
		else
			put_text(attachment, "PR_ATTACH_CONTENT_ID", bare);
	}
	if (related && (id != NULL || place != NULL))
	{
		json_object_set_new(attachment, "PR_ATTACH_FLAGS",
							json_integer(ATT_MHTML_REF));
		json_object_set_new(attachment, "PR_ATTACHMENT_HIDDEN", json_true());
	}
}

/* A message within the message; false if the part holds none after all. */
static bool
attach_message(Walk *walk, const Part *part, int depth)
{
	GByteArray *bytes = NULL;
	RawMessage	raw = {.path = NULL};
	json_t	   *message = NULL;
	json_t	   *attachment;
	unsigned	number;

	if (walk->nesting + depth >= MAX_NESTING)
		return false;
	/* no copy at every level where none is needed */
	raw.data = part->body;
	raw.len = (size_t) (part->end - part->body);
	if (!part_is_identity(part))
	{
		bytes = part_bytes(part);
		raw.data = (char *) bytes->data;
		raw.len = bytes->len;
	}
	if (raw.len > 0)
		message = message_to_json(&raw, walk->tally,
								  walk->nesting + depth + 1);
	if (bytes != NULL)
		g_byte_array_unref(bytes);
	if (message == NULL)
		return false;
	attachment = add_attachment(walk, part, ATTACH_EMBEDDED_MSG, &number);
	put_text(attachment, "PR_DISPLAY_NAME",
			 json_string_value(json_object_get(message, "PR_SUBJECT")));
	put_part_fields(attachment, part, false);
	json_object_set_new(attachment, "PR_ATTACH_DATA_OBJ", message);
	skeleton_message(&walk->skeleton, part, number);
	return true;
}

static void
attach_part(Walk *walk, const Part *part, int depth, bool related)
{
	GByteArray *bytes;
	json_t	   *attachment;
	unsigned	number;

	if (walk->sealed || (is_message(part) && attach_message(walk, part,
															depth)))
		return;
	bytes = part_bytes(part);
	attachment = add_attachment(walk, part, ATTACH_BY_VALUE, &number);
	put_part_fields(attachment, part, related);
	put_bytes(attachment, (char *) bytes->data, bytes->len);
	skeleton_data(&walk->skeleton, part, number, bytes);
	g_byte_array_unref(bytes);
}

/* The lines of a field as they stand in a header, and an empty line. */
static GString *
raw_field(const Part *part, const char *name)
{
	GString    *out = g_string_new(NULL);
	const char *at = part->start;
	size_t		len = strlen(name);
	bool		within = false;

	while (at < part->body)
	{
		const char *nl = memchr(at, '\n', (size_t) (part->body - at));
		const char *next = nl ? nl + 1 : part->body;

		if (within && *at != ' ' && *at != '\t')
			break;
		if ((size_t) (next - at) > len &&
			g_ascii_strncasecmp(at, name, len) == 0 && at[len] == ':')
			within = true;
		if (within)
			g_string_append_len(out, at, next - at);
		at = next;
	}
	if (out->len > 0)
		g_string_append(out, g_str_has_suffix(out->str, "\r\n") ? "\r\n" :
						"\n");
	return out;
}

/*
 * A multipart that is kept as it is: one attachment of exactly its bytes, as
 * a part: what its header says of it, an empty line, its body.
 */
static void
attach_whole(Walk *walk, const Part *part, int depth)
{
	json_t	   *attachment;
	unsigned	number;

	if (walk->sealed)
		return;
	attachment = add_attachment(walk, part, ATTACH_BY_VALUE, &number);
	if (is_sealed(part))
		put_names(attachment, "smime.p7m");
	if (depth == 0)
	{
		GString    *bytes = raw_field(part, "Content-Type");
		size_t		offset = bytes->len;

		g_string_append_len(bytes, part->body, part->end - part->body);
		put_bytes(attachment, bytes->str, bytes->len);
		skeleton_whole(&walk->skeleton, part->body, part->end, number,
					   offset);
		g_string_free(bytes, TRUE);
	}
	else
	{
		put_bytes(attachment, part->start, (size_t) (part->end - part->start));
		skeleton_whole(&walk->skeleton, part->start, part->end, number, 0);
	}
}

/* -------------------------------------------------------------- the parts */

/*
 * A part without parts: body text, or an attachment.  The only part of a
 * message is its body if it is text at all.  A text with a file name is
 * somebody's file, except where it is the first part of all.
 */
static void
walk_leaf(Walk *walk, Part *part, int depth, int may, bool related)
{
	g_autofree char *filename = NULL;
	g_autofree char *disposition = part_disposition(part, &filename);
	bool		only = (depth == 0);
	bool		first = (walk->leaves++ == 0);
	bool		html = is_type(part, "text", "html");
	bool		plain = is_type(part, "text", "plain");
	bool		body;

	if (only && !html && is_type(part, "text", "*"))
		plain = true;
	if (only)
		body = html || plain;
	else if (disposition != NULL &&
			 g_ascii_strcasecmp(disposition, "attachment") == 0)
		body = false;
	else if (filename != NULL && !first)
		body = false;
	else
		body = (html && (may & MAY_BE_HTML)) || (plain && (may & MAY_BE_TEXT));

	if (body)
		append_text(walk, html ? walk->html : walk->text, part, html);
	else
		attach_part(walk, part, depth, related);
}

/* Of alternatives, the first text and the first HTML are taken. */
static void
walk_alternative(Walk *walk, Part *multipart, int depth, int may)
{
	for (guint i = 0; i < multipart->parts->len; i++)
	{
		size_t		had_text = walk->text->len;
		size_t		had_html = walk->html->len;

		walk_part(walk, g_ptr_array_index(multipart->parts, i), depth, may);
		if (walk->text->len > had_text)
			may &= ~MAY_BE_TEXT;
		if (walk->html->len > had_html)
			may &= ~MAY_BE_HTML;
	}
}

static void
walk_multipart(Walk *walk, Part *multipart, int depth, int may)
{
	bool		first_only;
	bool		related = is_type(multipart, "multipart", "related");

	if (is_type(multipart, "multipart", "alternative"))
	{
		walk_alternative(walk, multipart, depth + 1, may);
		return;
	}
	if (is_type(multipart, "multipart", "appledouble"))
		may = 0;
	first_only = is_type(multipart, "multipart", "signed") ||
		is_type(multipart, "multipart", "report");
	for (guint i = 0; i < multipart->parts->len; i++)
	{
		Part	   *part = g_ptr_array_index(multipart->parts, i);
		bool		referred = i > 0 && related &&
			part_field(part, "Content-ID") != NULL;
		int			may_part = may;

		/* signatures, reports and what an HTML text refers to are no text */
		if (referred || (i > 0 && first_only))
			may_part = 0;
		if (part->parts != NULL)
			walk_part(walk, part, depth + 1, may_part);
		else
			walk_leaf(walk, part, depth + 1, may_part, related);
	}
}

/* What is signed is read and then kept whole, what is encrypted only kept. */
static void
walk_sealed(Walk *walk, Part *part, int depth, int may)
{
	bool		outer = walk->sealed;

	walk->sealed = true;
	if (is_type(part, "multipart", "signed"))
		walk_multipart(walk, part, depth, may);
	walk->sealed = outer;
	attach_whole(walk, part, depth);
}

static void
walk_part(Walk *walk, Part *part, int depth, int may)
{
	if (part->parts == NULL)
		walk_leaf(walk, part, depth, may, false);
	else if (part->too_deep)
	{
		tally_count(walk->tally->remarks,
					"multiparts nested too deep: not looked into", 1);
		attach_whole(walk, part, depth);
	}
	else if (part->parts->len == 0 && depth > 0 && has_content(part))
	{
		tally_count(walk->tally->remarks,
					"multiparts in which no part was found: attached whole",
					1);
		attach_whole(walk, part, depth);
	}
	else if (part->parts->len > 0 && is_sealed(part))
		walk_sealed(walk, part, depth, may);
	else
		walk_multipart(walk, part, depth, may);
}

/*
 * A multipart in which no part was found (a boundary that is wrong or
 * missing) still has the text it was sent with.
 */
static void
keep_partless_text(Walk *walk, const Part *root)
{
	size_t		len = (size_t) (root->end - root->body);
	GMimeContentEncoding encoding = part_encoding(root);
	GByteArray *bytes;
	char	   *text;

	if (root->parts == NULL || root->parts->len > 0 || len == 0)
		return;
	tally_count(walk->tally->remarks,
				"multiparts in which no part was found: kept as text", 1);
	text = text_decode(root->body, len, NULL, walk->tally, NULL);
	g_string_append(walk->text, text);
	g_free(text);
	if (encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
		return;					/* that was not undone */
	bytes = g_byte_array_new();
	g_byte_array_append(bytes, (const guint8 *) root->body, (guint) len);
	skeleton_text(&walk->skeleton, root, "text", walk->text, 0, bytes, NULL);
	g_byte_array_unref(bytes);
}

/* ----------------------------------------------------------- message class */

/* The value of a field such as "Action" in a report part, in small letters. */
static char *
report_field(const Part *part, const char *name)
{
	g_autofree char *text = NULL;
	size_t		n = strlen(name);
	GByteArray *bytes;

	if (part->parts != NULL)
		return NULL;
	bytes = part_bytes(part);
	text = g_strndup(bytes->len > 0 ? (char *) bytes->data : "", bytes->len);
	g_byte_array_unref(bytes);
	for (const char *line = text; line != NULL;)
	{
		const char *nl = strchr(line, '\n');

		if (g_ascii_strncasecmp(line, name, n) == 0 && line[n] == ':')
		{
			line += n + 1;
			return g_strstrip(g_ascii_strdown(line, nl ? nl - line : -1));
		}
		line = nl ? nl + 1 : NULL;
	}
	return NULL;
}

/* The class of a delivery report or read receipt, or NULL if it is neither. */
static const char *
report_class(const Part *report)
{
	const char *kind = g_mime_content_type_get_parameter(report->type,
														 "report-type");
	g_autofree char *answer = NULL;
	const Part *part;

	if (kind == NULL || report->parts->len < 2)
		return NULL;
	part = g_ptr_array_index(report->parts, 1);
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
message_class(const Part *root)
{
	const char *found = NULL;

	if (is_type(root, "application", "pkcs7-mime") ||
		is_type(root, "application", "x-pkcs7-mime") ||
		(is_type(root, "multipart", "encrypted") && root->parts->len > 0))
		found = "IPM.Note.SMIME";
	else if (is_type(root, "multipart", "signed") && root->parts->len > 0)
		found = "IPM.Note.SMIME.MultipartSigned";
	else if (is_type(root, "multipart", "report") && root->parts->len > 0)
		found = report_class(root);
	return found ? found : "IPM.Note";
}

/* ------------------------------------------------------------ the message */

/* The skeleton begins where the header ends; with it, if that is not text. */
static void
begin_skeleton(Walk *walk, const Header *header, const RawMessage *raw)
{
	size_t		len = header->block_end;

	skeleton_init(&walk->skeleton, raw->data + len);
	if (strlen(header->block) != len ||
		memcmp(header->block, raw->data, len) != 0)
		skeleton_header(&walk->skeleton, raw->data, len);
}

/* Bodies, class and attachments, from the parts. */
static void
map_parts(Header *header, const RawMessage *raw, json_t *props,
		  Tally *tally, int depth)
{
	const char *end = raw->data + raw->len;
	Walk		walk = {.tally = tally, .nesting = depth};
	Part	   *root;

	walk.text = g_string_new(NULL);
	walk.html = g_string_new(NULL);
	walk.attachments = json_array();
	begin_skeleton(&walk, header, raw);
	root = part_new(header, raw->data, raw->data + header->body_offset, end,
					"text/plain", depth);
	put_text(props, "PR_MESSAGE_CLASS", message_class(root));
	walk_part(&walk, root, 0, MAY_BE_TEXT | MAY_BE_HTML);
	keep_partless_text(&walk, root);

	put_text(props, "PR_BODY", walk.text->str);
	if (walk.html->len > 0)
	{
		g_autofree char *coded = g_base64_encode((guchar *) walk.html->str,
												 walk.html->len);

		put_text(props, "PR_HTML", coded);
		json_object_set_new(props, "PR_INTERNET_CPID",
							json_integer(CODEPAGE_UTF8));
	}
	if (json_array_size(walk.attachments) > 0)
		json_object_set(props, "PR_MESSAGE_ATTACHMENTS", walk.attachments);
	skeleton_finish(&walk.skeleton, end, props);
	json_decref(walk.attachments);
	g_string_free(walk.text, TRUE);
	g_string_free(walk.html, TRUE);
	part_free(root);
}

/* The properties of a message so deep in another one; NULL if it is none. */
static json_t *
message_to_json(const RawMessage *raw, Tally *tally, int depth)
{
	Header	   *header = header_read(raw->data, raw->len, tally);
	json_t	   *props;

	if (header == NULL)
		return NULL;
	props = json_object();
	envelope_map(header, raw, props, tally);
	map_parts(header, raw, props, tally, depth);
	return props;
}

json_t *
mime_to_json(const RawMessage *raw, Tally *tally, const char **why)
{
	json_t	   *props = message_to_json(raw, tally, 0);

	if (props == NULL)
		*why = "no message: no header field before the first empty line";
	return props;
}
