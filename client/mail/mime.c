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

#include "mail.h"

/* the bodies that a part can become */
#define MAY_BE_TEXT		0x1
#define MAY_BE_HTML		0x2

static void walk_part(Walk *walk, Part *part, int may, bool related);
static Reading *read_bytes(const RawMessage *raw, Tally *tally, int nesting,
						   unsigned *parts);

/* A part that is signed or encrypted. */
#define SEALED			"^multipart/(?:signed|encrypted)$"

/* ------------------------------------------------------------------- parts */

/* Return the count of parts in a multipart, 0 for other parts. */
static int
part_count(Part *part)
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
join_plain(Walk *walk, const char *text)
{
	g_autoptr(GMatchInfo) file =
		text_search("(?-i)^begin [0-7]{3,4} (.+)\\n((?:[ -`]+\\r?\\n)*+)"
					"end[ \\r]*$\\n?", text, strstr(text, "begin ") ?
					strlen(text) : 0);
	g_autoptr(GString) rest = g_string_new(NULL);
	int			done = 0;

	for (; g_match_info_matches(file); g_match_info_next(file, NULL))
	{
		g_autofree char *name = g_strchomp(g_match_info_fetch(file, 1));
		g_autofree char *coded = g_match_info_fetch(file, 2);
		json_t	   *attachment = attach_add(walk->attachments,
											"application/octet-stream",
											ATTACH_BY_VALUE, walk->tally);
		int			from;
		int			to;

		attach_names(attachment, name);
		attach_bytes(walk, attachment,
					 content_decode(coded, strlen(coded),
									GMIME_CONTENT_ENCODING_UUENCODE, false));
		g_match_info_fetch_pos(file, 0, &from, &to);
		g_string_append_len(rest, text + done, from - done);
		done = to;
	}
	g_string_append(rest, text + done);
	join_text(walk->text, rest->str, rest->len);
}

static void
take_text(Walk *walk, Part *part, bool html)
{
	const char *charset = g_mime_content_type_get_parameter(part->type,
															"charset");
	g_autofree char *named = NULL;
	g_autoptr(GByteArray) bytes = part_bytes(walk->reading, part);
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
	part->html = html;
	part->text = !html;
}

/* ------------------------------------------------------------- attachments */

/* Return the properties of an embedded message, or NULL. */
static json_t *
read_embedded(Walk *walk, Part *part)
{
	RawMessage	raw = {.data = walk->reading->mend->data + part->body,
		.len = part->end - part->body,
	.aside = walk->reading->aside};
	int			nesting = walk->nesting + part->depth + 1;
	g_autoptr(GByteArray) bytes = NULL;
	Reading    *reading;
	json_t	   *message = NULL;

	if (nesting > MAX_NESTING || *walk->parts > MAX_PARTS)
		return NULL;
	if (part->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		part->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
	{
		bytes = part_bytes(walk->reading, part);
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
	return message;
}

static void
attach_part(Walk *walk, Part *part, bool related)
{
	json_t	   *message = part_is(part, "^message/(?:rfc822|global|news)$") ?
		read_embedded(walk, part) : NULL;
	GByteArray *bytes = message ? NULL : part_bytes(walk->reading, part);
	json_t	   *attachment;

	if (message == NULL && part_is(part, "^application/(?:vnd\\.)?ms-tnef$") &&
		tnef_read(walk, bytes))
	{
		g_byte_array_unref(bytes);
		return;
	}
	attachment = attach_add(walk->attachments, part->mime, message ?
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
attach_whole(Walk *walk, Part *part)
{
	const guint8 *data = (const guint8 *) walk->reading->mend->data;
	size_t		start = part->depth > 0 ? part->start : part->body;
	GByteArray *out = g_byte_array_new();
	guint		i = 0;
	Field	   *field = part->depth > 0 ? NULL :
	header_next(part->header, "Content-Type", &i);
	json_t	   *attachment = attach_add(walk->attachments, part->mime,
										ATTACH_BY_VALUE, walk->tally);

	if (field != NULL)
	{
		bool		cr = field->end > 1 && data[field->end - 2] == '\r';

		g_byte_array_append(out, data + field->offset,
							(guint) (field->end - field->offset));
		g_byte_array_append(out, (guint8 *) "\r\n" + !cr, 1 + cr);
	}
	g_byte_array_append(out, data + start, (guint) (part->end - start));
	if (part_is(part, SEALED))
		attach_names(attachment, "smime.p7m");
	attach_bytes(walk, attachment, out);
}

/* -------------------------------------------------------------- the parts */

/*
 * Read a part without parts into a body or an attachment.  A text that is the
 * whole message is the body, unless its type is one for data.  A text with a
 * file name is an attachment, unless the text is the first part.
 */
static void
walk_leaf(Walk *walk, Part *part, int may, bool related)
{
	const char *disposition = header_get(part->header, "Content-Disposition");
	bool		only = (part->depth == 0);
	bool		first = (walk->leaves++ == 0);
	bool		html = part_is(part, "^text/html$");
	bool		plain = part_is(part, "^text/plain$");
	bool		body = (html && (may & MAY_BE_HTML)) ||
		(plain && (may & MAY_BE_TEXT));

	if (only)
		body = part_is(part, "^text/(?!(?:calendar|csv|directory|(?:x-)?vcard|"
					   "x-vcalendar)$)");
	else if (part->filename != NULL && !first)
		body = false;
	if (disposition != NULL &&
		text_matches("\\A[\\s\"]*attachment(?![a-z-])", disposition))
		body = false;

	(*walk->parts)++;
	if (body)
		take_text(walk, part, html);
	else if (!walk->sealed)
		attach_part(walk, part, related);
}

static void
walk_multipart(Walk *walk, Part *part, int may)
{
	GMimeMultipart *multipart = GMIME_MULTIPART(part->object);
	const char *boundary = g_mime_multipart_get_boundary(multipart);
	g_autofree char *marker = g_strconcat("--", boundary ? boundary : "",
										  NULL);
	bool		related = part_is(part, "^multipart/related$");
	bool		alternative = part_is(part, "^multipart/alternative$");
	bool		first_only = part_is(part, "^multipart/(?:signed|report)$");
	int			n = part_count(part);

	if (part_is(part, "^multipart/appledouble$"))
		may = 0;
	for (int i = 0; i < n; i++)
	{
		GMimeObject *object = g_mime_multipart_get_part(multipart, i);
		Part	   *one = part_new(walk, object, part, marker);
		size_t		had_text = walk->text->len;
		size_t		had_html = walk->html->len;
		bool		referred;

		if (one == NULL)
			continue;
		/* a signature, a report, or a part that HTML refers to is no body */
		referred = i > 0 && related &&
			header_get(one->header, "Content-ID") != NULL;
		walk_part(walk, one, referred || (i > 0 && first_only) ? 0 : may,
				  related);
		/* the first text and the first HTML of alternatives are the bodies */
		if (alternative && walk->text->len > had_text)
			may &= ~MAY_BE_TEXT;
		if (alternative && walk->html->len > had_html)
			may &= ~MAY_BE_HTML;
	}
}

/*
 * Read a multipart in which GMime has found no part (the boundary is wrong or
 * missing): as text if it is the whole content, else as an attachment.
 */
static void
take_partless(Walk *walk, Part *part)
{
	const char *bytes = walk->reading->mend->data + part->body;
	size_t		len = part->end - part->body;
	g_autofree char *content = text_find("(\\S)", bytes, len);
	g_autofree char *text = NULL;

	part->partless = true;
	if (len == 0 || (part->depth > 0 && content == NULL))
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
	part->text = true;
	text = text_decode(bytes, len, NULL, walk->tally, &len);
	g_string_append_len(walk->text, text, (gssize) len);
}

static void
walk_part(Walk *walk, Part *part, int may, bool related)
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
	else if (part_is(part, SEALED))
	{
		/* signed parts are read and attached, encrypted parts attached */
		walk->sealed = true;
		if (part_is(part, "^multipart/signed$"))
			walk_multipart(walk, part, may);
		walk->sealed = outer;
		if (!walk->sealed)
			attach_whole(walk, part);
		g_ptr_array_set_size(part->parts, 0);
	}
	else
		walk_multipart(walk, part, may);
	part->number = had;
	part->attachments =
		(unsigned) json_array_size(walk->attachments) - had;
}

/* ----------------------------------------------------------- message class */

/* Return the class of a delivery report or read receipt; NULL for others. */
static const char *
report_class(const Walk *walk, Part *report)
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
	const Part *second;
	const char *bytes;
	int			i = 0;

	if (type == NULL || report->parts->len < 2)
		return NULL;
	second = g_ptr_array_index(report->parts, 1);
	bytes = walk->reading->mend->data + second->start;
	if (g_ascii_strcasecmp(type, "disposition-notification") == 0)
	{
		answer = text_find("^Disposition:.*(displayed)", bytes,
						   second->end - second->start);
		return answer ? "REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN";
	}
	if (g_ascii_strcasecmp(type, "delivery-status") != 0)
		return NULL;
	answer = text_find("^Action:[ \t]*(.*)", bytes,
					   second->end - second->start);
	while (answer != NULL &&
		   g_ascii_strncasecmp(answer, actions[i][0],
							   strlen(actions[i][0])) != 0)
		i++;
	return actions[i][1];
}

static const char *
message_class(const Walk *walk, Part *root)
{
	const char *found = NULL;

	if (part_is(root, "^application/(?:x-)?pkcs7-mime$") ||
		(part_is(root, "^multipart/encrypted$") && part_count(root) > 0))
		found = "IPM.Note.SMIME";
	else if (part_is(root, "^multipart/signed$") && part_count(root) > 0)
		found = "IPM.Note.SMIME.MultipartSigned";
	else if (part_is(root, "^multipart/report$"))
		found = report_class(walk, root);
	return found ? found : "IPM.Note";
}

/* ------------------------------------------------------------ the message */

/* Set the bodies, the class and the attachments. */
static void
map_content(Walk *walk, Part *root)
{
	json_t	   *props = walk->reading->props;

	walk_part(walk, root, MAY_BE_TEXT | MAY_BE_HTML, false);
	if (json_object_get(props, "PR_MESSAGE_CLASS") == NULL)
		put_text(props, "PR_MESSAGE_CLASS", message_class(walk, root));
	put_text(props, "PR_BODY", walk->text->str);
	if (walk->html->len > 0)
	{
		size_t		len = walk->html->len;
		char	   *html = g_string_free(g_steal_pointer(&walk->html), FALSE);

		put_content(props, "PR_HTML",
				  g_byte_array_new_take((guint8 *) html, len),
				  walk->nesting == 0 ? walk->reading->aside : NULL);
		put_number(props, "PR_INTERNET_CPID", CODEPAGE_UTF8);
	}
	if (json_array_size(walk->attachments) > 0)
		json_object_set(props, "PR_MESSAGE_ATTACHMENTS", walk->attachments);
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
	Walk		walk = {.reading = reading, .tally = tally,
	.nesting = nesting, .parts = parts};
	Part	   *root;

	reading->mend = mend;
	reading->aside = raw->aside;
	tally_remark(tally, "NUL characters in header fields: left out",
				 mend->nuls);
	tally_remark(tally, "header fields beyond the first 50000: only in the "
				 "transport headers", mend->fields_left);
	tally_remark(tally, "parts beyond the first 10000: within the last one",
				 mend->parts_left);
	root = object ? part_new(&walk, object, NULL, "") : NULL;
	reading->root = root;
	if (root != NULL && root->header->fields->len > 0)
	{
		g_autofree char *block = header_block(root->header,
											  mend->data + root->start,
											  root->head - root->start);

		walk.text = g_string_new(NULL);
		walk.html = g_string_new(NULL);
		walk.attachments = json_array();
		reading->props = json_object();
		envelope_map(root->header, raw, reading->props, tally);
		put_text(reading->props, "PR_TRANSPORT_MESSAGE_HEADERS", block);
		map_content(&walk, root);
		json_decref(walk.attachments);
		g_string_free(walk.text, TRUE);
		if (walk.html != NULL)
			g_string_free(walk.html, TRUE);
	}
	g_clear_object(&object);
	if (reading->props == NULL)
		g_clear_pointer(&reading, reading_free);
	return reading;
}

Reading *
mime_read(const RawMessage *raw, Tally *tally)
{
	unsigned	parts = 0;

	return read_bytes(raw, tally, 0, &parts);
}

void
reading_free(Reading *reading)
{
	json_decref(reading->props);
	if (reading->root != NULL)
		part_free(reading->root);
	mend_free(reading->mend);
	g_free(reading);
}

json_t *
mime_to_json(const RawMessage *raw, Tally *tally)
{
	Reading    *reading = mime_read(raw, tally);
	json_t	   *props = reading ? json_incref(reading->props) : NULL;

	if (reading != NULL)
		reading_free(reading);
	return props;
}
