/*-------------------------------------------------------------------------
 *
 * mime.c
 *	  From a message to the JSON object of its MAPI properties.  envelope.c
 *	  maps the header; this file maps the parts to bodies and attachments.
 *
 * NOTES
 *	  GMime parses the message.  GMime's objects have the structure, the header
 *	  fields and the offset of every content; contents are read from the
 *	  message itself.
 *
 *	  PR_BODY is the plain text of the message, PR_HTML its HTML (as UTF-8,
 *	  which PR_INTERNET_CPID states); no body is made from the other body.
 *	  Texts that follow each other, such as the footer of a mailing list, are
 *	  joined. Every other part is an attachment, and a message within the
 *	  message is an embedded message with properties of its own.  Files that
 *	  are uuencoded within a text are attachments, too.
 *
 *	  A signed or encrypted part is one attachment of exactly its bytes, header
 *	  included, so that signatures stay valid.  Signed texts are also read into
 *	  the bodies, for programs that show the message.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mime.h"

/* the bodies that a part can become */
#define MAY_BE_TEXT		0x1
#define MAY_BE_HTML		0x2

static void walk_part(Walk *walk, const Part *part, int may, bool related);
static Reading *read_bytes(const RawMessage *raw, Tally *tally, int nesting,
						   unsigned *parts);

/* ------------------------------------------------------------------- parts */

static bool
is_message(const Part *part)
{
	return part_is(part, "message", "rfc822") ||
		part_is(part, "message", "global") ||
		part_is(part, "message", "news");
}

/* Return true if a part is signed or encrypted. */
static bool
is_sealed(const Part *part)
{
	return part_is(part, "multipart", "signed") ||
		part_is(part, "multipart", "encrypted");
}

/* Return the count of parts in a multipart, 0 for other parts. */
static int
part_count(const Part *part)
{
	return GMIME_IS_MULTIPART(part->object) ?
		g_mime_multipart_get_count(GMIME_MULTIPART(part->object)) : 0;
}

/* ------------------------------------------------------------------ bodies */

/* Append a text to a body, on a new line. */
static void
join_text(GString *out, const char *text, size_t len)
{
	if (len > 0 && out->len > 0 && out->str[out->len - 1] != '\n')
		g_string_append_c(out, '\n');
	g_string_append_len(out, text, (gssize) len);
}

/* Append a text to PR_BODY; files uuencoded within it become attachments. */
static void
join_plain(Walk *walk, char *text)
{
	const char *at = text;
	const char *done = text;
	const char *end;
	char	   *name;
	GByteArray *bytes;
	GString    *rest = g_string_new(NULL);

	while ((bytes = content_uuencoded(&at, &end, &name)) != NULL)
	{
		json_t	   *attachment = attach_add(walk->attachments,
											"application/octet-stream",
											ATTACH_BY_VALUE, walk->tally);

		attach_names(attachment, name);
		attach_bytes(walk, attachment, bytes);
		g_string_append_len(rest, done, at - done);
		at = done = end;
		g_free(name);
	}
	g_string_append(rest, done);
	join_text(walk->text, rest->str, rest->len);
	g_string_free(rest, TRUE);
}

static void
take_text(Walk *walk, const Part *part, bool html)
{
	const char *charset = g_mime_content_type_get_parameter(part->type,
															"charset");
	g_autofree char *named = NULL;
	GByteArray *bytes = part_bytes(walk, part);
	g_autofree char *text = NULL;
	size_t		len;

	if (html && !text_charset_known(charset))
		charset = named = text_find("charset=[\"' ]*([^\"'; />]+)",
									(char *) bytes->data,
									MIN(bytes->len, 1024));
	text = text_decode((char *) bytes->data, bytes->len, charset,
					   walk->tally, &len);
	if (html)
		join_text(walk->html, text, len);
	else
		join_plain(walk, text);
	part->place->html = html;
	part->place->text = !html;
	g_byte_array_unref(bytes);
}

/* ------------------------------------------------------------- attachments */

/* Return the properties of an embedded message, or NULL. */
static json_t *
read_embedded(Walk *walk, const Part *part)
{
	const char *data = walk->reading->mend->data;
	const Place *place = part->place;
	RawMessage	raw = {.data = data + place->body,
		.len = place->end - place->body,
	.aside = walk->reading->aside};
	int			nesting = walk->nesting + part->depth + 1;
	GByteArray *bytes = NULL;
	Reading    *reading;
	json_t	   *message = NULL;

	if (nesting > MAX_NESTING || *walk->parts > MAX_PARTS)
		return NULL;
	if (part->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		part->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
	{
		bytes = part_bytes(walk, part);
		raw.data = (char *) bytes->data;
		raw.len = bytes->len;
	}
	reading = raw.len > 0 ?
		read_bytes(&raw, walk->tally, nesting, walk->parts) : NULL;
	if (reading != NULL)
	{
		message = json_incref(reading->props);
		reading_free(reading);
	}
	g_clear_pointer(&bytes, g_byte_array_unref);
	return message;
}

static bool
is_tnef(const Part *part)
{
	return part_is(part, "application", "ms-tnef") ||
		part_is(part, "application", "vnd.ms-tnef");
}

static void
attach_part(Walk *walk, const Part *part, bool related)
{
	json_t	   *message = is_message(part) ? read_embedded(walk, part) : NULL;
	GByteArray *bytes = message ? NULL : part_bytes(walk, part);
	json_t	   *attachment;
	g_autofree char *type = g_mime_content_type_get_mime_type(part->type);

	if (message == NULL && is_tnef(part) &&
		tnef_read(walk, walk->props, bytes))
	{
		g_byte_array_unref(bytes);
		return;
	}
	attachment = attach_add(walk->attachments, type, message ?
							ATTACH_EMBEDDED_MSG : ATTACH_BY_VALUE,
							walk->tally);
	if (message != NULL)
		put_text(attachment, "PR_DISPLAY_NAME",
				 text_of(message, "PR_SUBJECT"));
	attach_fields(attachment, part, related && message == NULL);
	if (message != NULL)
		json_object_set_new(attachment, "PR_ATTACH_DATA_OBJ", message);
	else
		attach_bytes(walk, attachment, bytes);
}

/*
 * Attach a multipart as one attachment of exactly its bytes: the header (if
 * the multipart is the content of the message, only Content-Type), an empty
 * line, the body.
 */
static void
attach_whole(Walk *walk, const Part *part)
{
	json_t	   *attachment;
	g_autofree char *type = g_mime_content_type_get_mime_type(part->type);
	GString    *out = g_string_new(NULL);
	const char *bytes;
	size_t		len;

	for (guint i = 0; part->depth == 0 && i < part->header->fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(part->header->fields, i);

		if (g_ascii_strcasecmp(field->name, "Content-Type") != 0)
			continue;
		bytes = walk->reading->mend->data + field->offset;
		len = field->end - field->offset;
		g_string_append_len(out, bytes, (gssize) len);
		g_string_append(out, g_str_has_suffix(out->str, "\r\n") ? "\r\n" :
						"\n");
		break;
	}
	bytes = part_raw(walk, part->depth > 0 ? part->start : part->body,
					 part->end, &len);
	g_string_append_len(out, bytes, (gssize) len);
	attachment = attach_add(walk->attachments, type, ATTACH_BY_VALUE,
							walk->tally);
	if (is_sealed(part))
		attach_names(attachment, "smime.p7m");
	len = out->len;
	attach_bytes(walk, attachment,
				 g_byte_array_new_take((guint8 *) g_string_free(out, FALSE),
									   len));
}

/* -------------------------------------------------------------- the parts */

/* Return true if a text that is the whole message is an attachment. */
static bool
is_data(const Part *part)
{
	return text_matches("\\A(?:calendar|csv|directory|(?:x-)?vcard|"
						"x-vcalendar)\\z",
						g_mime_content_type_get_media_subtype(part->type));
}

/*
 * Read a part without parts into a body or an attachment.  A text that is the
 * whole message is the body, unless is_data().  A text with a file name is an
 * attachment, unless the text is the first part.
 */
static void
walk_leaf(Walk *walk, const Part *part, int may, bool related)
{
	bool		only = (part->depth == 0);
	bool		first = (walk->leaves++ == 0);
	bool		html = part_is(part, "text", "html");
	bool		plain = part_is(part, "text", "plain");
	bool		body = (html && (may & MAY_BE_HTML)) ||
		(plain && (may & MAY_BE_TEXT));

	if (only)
		body = part_is(part, "text", "*") && !is_data(part);
	else if (part->filename != NULL && !first)
		body = false;
	if (part->disposition != NULL &&
		g_ascii_strcasecmp(part->disposition, "attachment") == 0)
		body = false;

	(*walk->parts)++;
	if (body)
		take_text(walk, part, html);
	else if (!walk->sealed)
		attach_part(walk, part, related);
}

static void
walk_multipart(Walk *walk, const Part *part, int may)
{
	GMimeMultipart *multipart = GMIME_MULTIPART(part->object);
	const char *boundary = g_mime_multipart_get_boundary(multipart);
	g_autofree char *marker = g_strconcat("--", boundary ? boundary : "",
										  NULL);
	bool		related = part_is(part, "multipart", "related");
	bool		alternative = part_is(part, "multipart", "alternative");
	bool		first_only = part_is(part, "multipart", "signed") ||
		part_is(part, "multipart", "report");
	int			n = part_count(part);

	if (part_is(part, "multipart", "appledouble"))
		may = 0;
	for (int i = 0; i < n; i++)
	{
		GMimeObject *object = g_mime_multipart_get_part(multipart, i);
		size_t		start = part_start(walk, object);
		size_t		had_text = walk->text->len;
		size_t		had_html = walk->html->len;
		bool		referred;
		Header	   *header;
		Part		one;

		if (start == G_MAXSIZE || start > part->end)
			continue;
		header = header_new(object, NULL);
		part_init(&one, walk, object, header, part, start,
				  part_end(walk, object, start, part->end, marker));
		/* a signature, a report, or a part that HTML refers to is no body */
		referred = i > 0 && related &&
			header_get(header, "Content-ID") != NULL;
		walk_part(walk, &one, referred || (i > 0 && first_only) ? 0 : may,
				  related);
		/* the first text and the first HTML of alternatives are the bodies */
		if (alternative && walk->text->len > had_text)
			may &= ~MAY_BE_TEXT;
		if (alternative && walk->html->len > had_html)
			may &= ~MAY_BE_HTML;
		part_clear(&one);
		header_free(header);
	}
}

/* Return true if a part's body contains more than blanks. */
static bool
has_content(const Walk *walk, const Part *part)
{
	for (size_t at = part->body; at < part->end; at++)
	{
		if (!g_ascii_isspace(walk->copy[at]))
			return true;
	}
	return false;
}

/*
 * Read a multipart in which GMime has found no part (the boundary is wrong or
 * missing): as text if it is the whole content, else as an attachment.
 */
static void
take_partless(Walk *walk, const Part *part)
{
	size_t		len;
	const char *bytes = part_raw(walk, part->body, part->end, &len);
	g_autofree char *text = NULL;

	part->place->partless = true;
	if (len == 0 || (part->depth > 0 && !has_content(walk, part)))
		return;
	if (part->depth > 0)
	{
		tally_remark(walk->tally, "multiparts in which no part was found: "
					 "attached whole", 1);
		if (!walk->sealed)
			attach_whole(walk, part);
		return;
	}
	tally_remark(walk->tally, "multiparts in which no part was found: kept as "
				 "text", 1);
	part->place->text = true;
	text = text_decode(bytes, len, NULL, walk->tally, &len);
	g_string_append_len(walk->text, text, (gssize) len);
}

static void
walk_part(Walk *walk, const Part *part, int may, bool related)
{
	unsigned	had = (unsigned) json_array_size(walk->attachments);
	bool		outer = walk->sealed;

	if (!GMIME_IS_MULTIPART(part->object))
		walk_leaf(walk, part, may, related && part->depth > 0);
	else if (walk->nesting + part->depth >= MAX_NESTING)
	{
		tally_remark(walk->tally,
					 "multiparts nested too deep: not looked into", 1);
		if (!walk->sealed)
			attach_whole(walk, part);
	}
	else if (part_count(part) == 0)
		take_partless(walk, part);
	else if (is_sealed(part))
	{
		/* signed parts are read and attached, encrypted parts attached */
		walk->sealed = true;
		if (part_is(part, "multipart", "signed"))
			walk_multipart(walk, part, may);
		walk->sealed = outer;
		if (!walk->sealed)
			attach_whole(walk, part);
		g_ptr_array_set_size(part->place->places, 0);
	}
	else
		walk_multipart(walk, part, may);
	part->place->number = had;
	part->place->attachments =
		(unsigned) json_array_size(walk->attachments) - had;
}

/* ----------------------------------------------------------- message class */

/* Return the class of a delivery report or read receipt; NULL for others. */
static const char *
report_class(const Walk *walk, const Part *report)
{
	static const char *const actions[][2] = {
		{"failed", "REPORT.IPM.Note.NDR"},
		{"delayed", "REPORT.IPM.Note.Delayed"},
		{"relayed", "REPORT.IPM.Note.Relayed"},
		{"expanded", "REPORT.IPM.Note.Expanded"},
		{"", "REPORT.IPM.Note.DR"}
	};
	const char *type = g_mime_content_type_get_parameter(report->type,
														 "report-type");
	g_autofree char *answer = NULL;
	GMimeObject *second;
	const char *bytes;
	size_t		start;
	size_t		len;
	int			i = 0;

	if (type == NULL || part_count(report) < 2)
		return NULL;
	second = g_mime_multipart_get_part(GMIME_MULTIPART(report->object), 1);
	start = MIN(part_start(walk, second), report->end);
	bytes = part_raw(walk, start, part_end(walk, second, start, report->end,
										   ""), &len);
	if (g_ascii_strcasecmp(type, "disposition-notification") == 0)
	{
		answer = text_find("^Disposition:.*(displayed)", bytes, len);
		return answer ? "REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN";
	}
	if (g_ascii_strcasecmp(type, "delivery-status") != 0)
		return NULL;
	answer = text_find("^Action:[ \t]*(.*)", bytes, len);
	while (answer != NULL &&
		   g_ascii_strncasecmp(answer, actions[i][0],
							   strlen(actions[i][0])) != 0)
		i++;
	return actions[i][1];
}

static const char *
message_class(const Walk *walk, const Part *root)
{
	const char *found = NULL;

	if (part_is(root, "application", "pkcs7-mime") ||
		part_is(root, "application", "x-pkcs7-mime") ||
		(part_is(root, "multipart", "encrypted") && part_count(root) > 0))
		found = "IPM.Note.SMIME";
	else if (part_is(root, "multipart", "signed") && part_count(root) > 0)
		found = "IPM.Note.SMIME.MultipartSigned";
	else if (part_is(root, "multipart", "report") && part_count(root) > 0)
		found = report_class(walk, root);
	return found ? found : "IPM.Note";
}

/* ------------------------------------------------------------ the message */

/* Set the bodies, the class and the attachments. */
static void
map_content(Walk *walk, const Part *root, json_t *props)
{
	put_text(props, "PR_MESSAGE_CLASS", message_class(walk, root));
	walk_part(walk, root, MAY_BE_TEXT | MAY_BE_HTML, false);
	put_text(props, "PR_BODY", walk->text->str);
	if (walk->html->len > 0)
	{
		if (walk->reading->aside != NULL && walk->nesting == 0)
			put_aside(props, "PR_HTML", walk->reading->aside,
					  g_byte_array_append(g_byte_array_new(),
										  (guint8 *) walk->html->str,
										  (guint) walk->html->len));
		else
			put_binary(props, "PR_HTML", walk->html->str, walk->html->len);
		json_object_set_new(props, "PR_INTERNET_CPID",
							json_integer(CODEPAGE_UTF8));
	}
	if (json_array_size(walk->attachments) > 0)
		json_object_set(props, "PR_MESSAGE_ATTACHMENTS", walk->attachments);
}

/* Set the offsets of the header's fields to those in the message. */
static void
set_offsets(Reading *reading)
{
	const char *data = reading->mend->data;
	size_t		head = reading->place->head;

	for (guint i = 0; i < reading->header->fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(reading->header->fields, i);
		size_t		at = mend_offset(reading->mend, field->offset);

		field->offset = at;
		do
		{
			const char *nl = memchr(data + at, '\n', head - at);

			at = nl ? (size_t) (nl + 1 - data) : head;
		} while (at < head && (data[at] == ' ' || data[at] == '\t'));
		field->end = at;
	}
}

/* Read a message that GMime has parsed, with at least one header field. */
static void
read_object(Reading *reading, GMimeObject *object, const RawMessage *raw,
			Tally *tally, int nesting, unsigned *parts)
{
	const Mend *mend = reading->mend;
	Walk		walk = {.reading = reading, .tally = tally,
	.nesting = nesting, .parts = parts};
	Part		root;
	g_autofree char *block = NULL;

	walk.copy = mend->copy ? mend->copy->str : mend->data;
	walk.copy_len = mend->copy ? mend->copy->len : mend->len;
	walk.text = g_string_new(NULL);
	walk.html = g_string_new(NULL);
	walk.attachments = json_array();
	walk.props = reading->props = json_object();
	envelope_map(reading->header, raw, reading->props, tally);
	part_init(&root, &walk, object, reading->header, NULL,
			  part_start(&walk, object), walk.copy_len);
	reading->place = root.place;
	reading->mixed = part_is(&root, "multipart", "mixed");
	block = header_block(reading->header, mend->data + root.place->start,
						 root.place->head - root.place->start);
	put_text(reading->props, "PR_TRANSPORT_MESSAGE_HEADERS", block);
	set_offsets(reading);
	map_content(&walk, &root, reading->props);
	part_clear(&root);
	json_decref(walk.attachments);
	g_string_free(walk.text, TRUE);
	g_string_free(walk.html, TRUE);
}

/*
 * Read a message with "nesting" messages around it.  Returns NULL if the bytes
 * are not a message.
 */
static Reading *
read_bytes(const RawMessage *raw, Tally *tally, int nesting, unsigned *parts)
{
	Reading    *reading = g_new0(Reading, 1);
	size_t		lead = mend_lead(raw->data, raw->len);
	Mend	   *mend = mend_new(raw->data + lead, raw->len - lead);
	GMimeObject *object = mend_parse(mend);

	reading->mend = mend;
	reading->aside = raw->aside;
	tally_remark(tally, "NUL characters in header fields: left out",
				 mend->nuls);
	tally_remark(tally, "header fields beyond the first 50000: only in the "
				 "transport headers", mend->fields_left);
	tally_remark(tally, "parts beyond the first 10000: within the last one",
				 mend->parts_left);
	if (object != NULL)
		reading->header = header_new(object, tally);
	if (object != NULL && reading->header->fields->len > 0)
		read_object(reading, object, raw, tally, nesting, parts);
	g_clear_object(&object);
	if (reading->props == NULL)
		g_clear_pointer(&reading, reading_free);
	return reading;
}

Reading *
mime_read(const RawMessage *raw, Tally *tally, const char **why)
{
	unsigned	parts = 0;
	Reading    *reading = read_bytes(raw, tally, 0, &parts);

	if (reading == NULL)
		*why = "no message: no header field before the first empty line";
	return reading;
}

void
reading_free(Reading *reading)
{
	json_decref(reading->props);
	if (reading->header != NULL)
		header_free(reading->header);
	if (reading->place != NULL)
		place_free(reading->place);
	mend_free(reading->mend);
	g_free(reading);
}

json_t *
mime_to_json(const RawMessage *raw, Tally *tally, const char **why)
{
	Reading    *reading = mime_read(raw, tally, why);
	json_t	   *props = reading ? json_incref(reading->props) : NULL;

	if (reading != NULL)
		reading_free(reading);
	return props;
}
