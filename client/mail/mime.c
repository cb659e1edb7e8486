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
static json_t *read_parsed(GMimeMessage *message, Reading *reading,
						   const RawMessage *raw, Tally *tally, int nesting,
						   unsigned *parts, size_t start, size_t end);
static Reading *read_bytes(const RawMessage *raw, Tally *tally, int nesting,
						   unsigned *parts);

/* ------------------------------------------------------------------- parts */

static bool
is_message(const Part *part)
{
	return attach_is(part, "message", "rfc822") ||
		attach_is(part, "message", "global") ||
		attach_is(part, "message", "news");
}

/* Return true if a part is signed or encrypted. */
static bool
is_sealed(const Part *part)
{
	return attach_is(part, "multipart", "signed") ||
		attach_is(part, "multipart", "encrypted");
}

/* Return the count of parts in a multipart, 0 for other parts. */
static int
part_count(const Part *part)
{
	return GMIME_IS_MULTIPART(part->object) ?
		g_mime_multipart_get_count(GMIME_MULTIPART(part->object)) : 0;
}

/* Add the place of a part; returns the place for the caller to complete. */
static Place *
add_place(Walk *walk, const Part *part)
{
	const Mend *mend = walk->reading->mend;
	Place		place = {.depth = part->depth};

	place.encoding = part_encoding(part);
	place.start = mend_offset(mend, part->start);
	place.body = mend_offset(mend, part->body);
	place.end = mend_offset(mend, part->end);
	place.number = (unsigned) json_array_size(walk->attachments);
	g_array_append_val(walk->reading->places, place);
	return &g_array_index(walk->reading->places, Place,
						  walk->reading->places->len - 1);
}

/* ------------------------------------------------------------------ bodies */

/* Return the charset in the first bytes of an HTML text, or NULL. */
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
	Place	   *place = walk->sealed ? NULL : add_place(walk, part);
	size_t		had = json_array_size(walk->attachments);
	size_t		len;

	if (html && !text_charset_known(charset) && bytes->len > 0)
		charset = named = html_charset(bytes);
	text = text_decode((char *) bytes->data, bytes->len, charset,
					   walk->tally, &len);
	if (html)
		join_text(walk->html, text, len);
	else
		join_plain(walk, text);
	if (place != NULL)
	{
		place->html = html;
		place->text = !html;
		place->attachments = (unsigned) (json_array_size(walk->attachments) -
										 had);
	}
	g_byte_array_unref(bytes);
}

/* ------------------------------------------------------------- attachments */

/*
 * Attach an embedded message.  Returns false if the part contains no message.
 */
static bool
attach_message(Walk *walk, const Part *part)
{
	GMimeContentEncoding encoding = part_encoding(part);
	json_t	   *message = NULL;
	json_t	   *attachment;
	g_autofree char *type = NULL;
	int			nesting = walk->nesting + part->depth + 1;

	if (nesting > MAX_NESTING || *walk->parts > MAX_PARTS)
		return false;
	if (GMIME_IS_MESSAGE_PART(part->object))
	{
		GMimeMessage *inner =
			g_mime_message_part_get_message(GMIME_MESSAGE_PART(part->object));
		size_t		start = inner ? part_message_start(inner) : G_MAXSIZE;

		if (start < part->end)
			message = read_parsed(inner, walk->reading, NULL, walk->tally,
								  nesting, walk->parts, start, part->end);
	}
	else
	{
		GByteArray *bytes = part_bytes(walk, part);
		RawMessage	raw = {.data = (char *) bytes->data, .len = bytes->len,
		.aside = walk->reading->aside};
		Reading    *reading = bytes->len > 0 && encoding !=
		GMIME_CONTENT_ENCODING_DEFAULT ?
		read_bytes(&raw, walk->tally, nesting, walk->parts) : NULL;

		if (reading != NULL)
		{
			message = json_incref(reading->props);
			reading_free(reading);
		}
		g_byte_array_unref(bytes);
	}
	if (message == NULL)
		return false;
	add_place(walk, part)->attachments = 1;
	type = g_mime_content_type_get_mime_type(part->type);
	attachment = attach_add(walk->attachments, type, ATTACH_EMBEDDED_MSG,
							walk->tally);
	put_text(attachment, "PR_DISPLAY_NAME",
			 json_string_value(json_object_get(message, "PR_SUBJECT")));
	attach_fields(attachment, part, false);
	json_object_set_new(attachment, "PR_ATTACH_DATA_OBJ", message);
	return true;
}

static bool
is_tnef(const Part *part)
{
	return attach_is(part, "application", "ms-tnef") ||
		attach_is(part, "application", "vnd.ms-tnef");
}

static void
attach_part(Walk *walk, const Part *part, bool related)
{
	GByteArray *bytes;
	Place	   *place;
	json_t	   *attachment;
	g_autofree char *type = NULL;

	if (walk->sealed || (is_message(part) && attach_message(walk, part)))
		return;
	bytes = part_bytes(walk, part);
	place = add_place(walk, part);
	if (is_tnef(part) && tnef_read(walk, walk->props, bytes))
	{
		place->attachments =
			(unsigned) json_array_size(walk->attachments) - place->number;
		g_byte_array_unref(bytes);
		return;
	}
	place->attachments = 1;
	type = g_mime_content_type_get_mime_type(part->type);
	attachment = attach_add(walk->attachments, type, ATTACH_BY_VALUE,
							walk->tally);
	attach_fields(attachment, part, related);
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

	if (part->depth > 0)
		bytes = part_raw(walk, part->start, part->end, &len);
	else
	{
		GPtrArray  *fields = part->header->fields;

		for (guint i = 0; i < fields->len; i++)
		{
			Field	   *field = g_ptr_array_index(fields, i);
			Field	   *next = i + 1 < fields->len ?
			g_ptr_array_index(fields, i + 1) : NULL;

			if (g_ascii_strcasecmp(field->name, "Content-Type") != 0)
				continue;
			bytes = part_raw(walk, field->offset, next ? next->offset :
							  part->body, &len);
			g_string_append_len(out, bytes, (gssize) len);
			if (next != NULL)
				g_string_append(out, g_str_has_suffix(out->str, "\r\n") ?
								"\r\n" : "\n");
			break;
		}
		bytes = part_raw(walk, part->body, part->end, &len);
	}
	g_string_append_len(out, bytes, (gssize) len);
	add_place(walk, part)->attachments = 1;
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
	static const char *const subtypes[] = {
		"calendar", "csv", "directory", "vcard", "x-vcard", "x-vcalendar"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(subtypes); i++)
	{
		if (attach_is(part, "text", subtypes[i]))
			return true;
	}
	return false;
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
	bool		html = attach_is(part, "text", "html");
	bool		plain = attach_is(part, "text", "plain");
	bool		body = (html && (may & MAY_BE_HTML)) ||
		(plain && (may & MAY_BE_TEXT));

	if (only)
		body = attach_is(part, "text", "*") && !is_data(part);
	else if (part->filename != NULL && !first)
		body = false;
	if (part->disposition != NULL &&
		g_ascii_strcasecmp(part->disposition, "attachment") == 0)
		body = false;

	(*walk->parts)++;
	if (body)
		take_text(walk, part, html);
	else
		attach_part(walk, part, related);
}

static void
walk_multipart(Walk *walk, const Part *part, int may)
{
	GMimeMultipart *multipart = GMIME_MULTIPART(part->object);
	const char *boundary = g_mime_multipart_get_boundary(multipart);
	g_autofree char *marker = g_strconcat("--", boundary ? boundary : "",
										  NULL);
	bool		related = attach_is(part, "multipart", "related");
	bool		alternative = attach_is(part, "multipart", "alternative");
	bool		first_only = attach_is(part, "multipart", "signed") ||
		attach_is(part, "multipart", "report");
	int			n = part_count(part);

	if (attach_is(part, "multipart", "appledouble"))
		may = 0;
	for (int i = 0; i < n; i++)
	{
		GMimeObject *object = g_mime_multipart_get_part(multipart, i);
		size_t		start = part_start(walk, object);
		size_t		had_text = walk->text->len;
		size_t		had_html = walk->html->len;
		bool		referred;
		Part		one;

		if (start == G_MAXSIZE || start > part->end)
			continue;
		part_init(&one, walk, object, NULL, start,
				  part_end(walk, object, start, part->end, marker),
				  part->depth + 1);
		/* a signature, a report, or a part that HTML refers to is no body */
		referred = i > 0 && related &&
			header_get(one.header, "Content-ID") != NULL;
		walk_part(walk, &one, referred || (i > 0 && first_only) ? 0 : may,
				  related);
		/* the first text and the first HTML of alternatives are the bodies */
		if (alternative && walk->text->len > had_text)
			may &= ~MAY_BE_TEXT;
		if (alternative && walk->html->len > had_html)
			may &= ~MAY_BE_HTML;
		part_clear(&one);
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

	if (len == 0 || (part->depth > 0 && !has_content(walk, part)))
		return;
	if (part->depth > 0)
	{
		tally_count(walk->tally->remarks,
					"multiparts in which no part was found: attached whole",
					1);
		if (!walk->sealed)
			attach_whole(walk, part);
		return;
	}
	tally_count(walk->tally->remarks,
				"multiparts in which no part was found: kept as text", 1);
	add_place(walk, part)->text = true;
	text = text_decode(bytes, len, NULL, walk->tally, &len);
	g_string_append_len(walk->text, text, (gssize) len);
}

static void
walk_part(Walk *walk, const Part *part, int may, bool related)
{
	bool		outer = walk->sealed;

	if (!GMIME_IS_MULTIPART(part->object))
		walk_leaf(walk, part, may, related && part->depth > 0);
	else if (walk->nesting + part->depth >= MAX_NESTING)
	{
		tally_count(walk->tally->remarks,
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
		if (attach_is(part, "multipart", "signed"))
			walk_multipart(walk, part, may);
		walk->sealed = outer;
		if (!walk->sealed)
			attach_whole(walk, part);
	}
	else
		walk_multipart(walk, part, may);
}

/* ----------------------------------------------------------- message class */

/*
 * Return the value of a field in a part of a report, in lower case, or NULL.
 */
static char *
report_field(const Walk *walk, GMimeObject *object, const char *name)
{
	GMimeStream *stream = part_stream(object);
	size_t		n = strlen(name);
	const char *bytes;
	size_t		len;
	g_autofree char *text = NULL;

	if (stream == NULL)
		return NULL;
	bytes = part_raw(walk, (size_t) stream->bound_start,
					  (size_t) stream->bound_end, &len);
	text = g_strndup(bytes, len);
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
	const char *kind = g_mime_content_type_get_parameter(report->type,
														 "report-type");
	g_autofree char *answer = NULL;
	GMimeObject *part;
	int			i = 0;

	if (kind == NULL || part_count(report) < 2)
		return NULL;
	part = g_mime_multipart_get_part(GMIME_MULTIPART(report->object), 1);
	if (g_ascii_strcasecmp(kind, "disposition-notification") == 0)
	{
		answer = report_field(walk, part, "Disposition");
		return answer != NULL && strstr(answer, "displayed") != NULL ?
			"REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN";
	}
	if (g_ascii_strcasecmp(kind, "delivery-status") != 0)
		return NULL;
	answer = report_field(walk, part, "Action");
	while (answer != NULL && !g_str_has_prefix(answer, actions[i][0]))
		i++;
	return actions[i][1];
}

static const char *
message_class(const Walk *walk, const Part *root)
{
	const char *found = NULL;

	if (attach_is(root, "application", "pkcs7-mime") ||
		attach_is(root, "application", "x-pkcs7-mime") ||
		(attach_is(root, "multipart", "encrypted") && part_count(root) > 0))
		found = "IPM.Note.SMIME";
	else if (attach_is(root, "multipart", "signed") && part_count(root) > 0)
		found = "IPM.Note.SMIME.MultipartSigned";
	else if (attach_is(root, "multipart", "report") && part_count(root) > 0)
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

/*
 * Return the properties of a message that GMime has parsed, at "start" to
 * "end" in the copy; NULL if the message has no header field.  raw is NULL
 * for an embedded message; places are added to the reading of the outermost
 * message.
 */
static json_t *
read_parsed(GMimeMessage *message, Reading *reading, const RawMessage *raw,
			Tally *tally, int nesting, unsigned *parts, size_t start,
			size_t end)
{
	static const RawMessage no_raw = {.path = NULL};
	const Mend *mend = reading->mend;
	Reading		inner = {.mend = reading->mend, .aside = reading->aside};
	Header	   *header = header_new(GMIME_OBJECT(message), tally);
	GMimeObject *content = g_mime_message_get_mime_part(message);
	Walk		walk = {.tally = tally, .nesting = nesting, .parts = parts};
	json_t	   *props;
	Part		root;
	g_autofree char *block = NULL;
	const char *bytes;
	size_t		len;
	size_t		body;

	if (header->fields->len == 0 || content == NULL)
	{
		header_free(header);
		return NULL;
	}
	inner.places = g_array_new(FALSE, FALSE, sizeof(Place));
	walk.reading = raw ? reading : &inner;
	walk.copy = mend->copy ? mend->copy->str : mend->data;
	walk.copy_len = mend->copy ? mend->copy->len : mend->len;
	walk.text = g_string_new(NULL);
	walk.html = g_string_new(NULL);
	walk.attachments = json_array();

	walk.props = props = json_object();
	envelope_map(header, raw ? raw : &no_raw, props, tally);
	part_init(&root, &walk, content, header, start, end, 0);
	bytes = part_raw(&walk, start, part_header_end(&walk, start, end, &body),
					  &len);
	if (raw != NULL)
	{
		reading->block_start = mend_offset(mend, start);
		reading->block_end = reading->block_start + len;
		reading->body = mend_offset(mend, body);
		if (attach_is(&root, "multipart", "mixed"))
			reading->boundary =
				g_strdup(g_mime_content_type_get_parameter(root.type,
														   "boundary"));
	}
	block = header_block(header, bytes, len);
	put_text(props, "PR_TRANSPORT_MESSAGE_HEADERS", block);
	map_content(&walk, &root, props);

	if (raw != NULL)
	{
		root.header = NULL;
		reading->header = header;
		for (guint i = 0; i < header->fields->len; i++)
		{
			Field	   *field = g_ptr_array_index(header->fields, i);

			field->offset = mend_offset(mend, field->offset);
		}
	}
	part_clear(&root);
	json_decref(walk.attachments);
	g_string_free(walk.text, TRUE);
	g_string_free(walk.html, TRUE);
	g_array_free(inner.places, TRUE);
	return props;
}

/*
 * Read a message with "nesting" messages around it.  Returns NULL if the bytes
 * are not a message.
 */
static Reading *
read_bytes(const RawMessage *raw, Tally *tally, int nesting, unsigned *parts)
{
	Reading    *reading = g_new0(Reading, 1);
	GMimeMessage *message = NULL;
	GMimeParser *parser;
	GMimeStream *stream;
	GByteArray *array;
	size_t		lead = mend_lead(raw->data, raw->len);
	Mend	   *mend = mend_new(raw->data + lead, raw->len - lead);
	size_t		len = mend->copy ? mend->copy->len : mend->len;

	reading->mend = mend;
	reading->aside = raw->aside;
	reading->places = g_array_new(FALSE, FALSE, sizeof(Place));
	/* the array borrows bytes that the stream neither frees nor changes */
	array = g_byte_array_new_take((guint8 *) (mend->copy ? mend->copy->str :
											  mend->data), len);
	stream = g_mime_stream_mem_new();
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), array);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message != NULL)
	{
		reading->props = read_parsed(message, reading, raw, tally, nesting,
									 parts, part_message_start(message), len);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	(void) g_byte_array_steal(array, NULL);
	g_byte_array_unref(array);
	tally_count(tally->remarks, "NUL characters in header fields: left out",
				mend->nuls);
	tally_count(tally->remarks, "header fields beyond the first 50000: only in "
				"the transport headers", mend->fields_left);
	tally_count(tally->remarks, "parts beyond the first 10000: within the "
				"last one", mend->parts_left);
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

Reading *
reading_empty(void)
{
	Reading    *reading = g_new0(Reading, 1);

	reading->props = json_object();
	reading->mend = mend_new("", 0);
	reading->places = g_array_new(FALSE, FALSE, sizeof(Place));
	return reading;
}

void
reading_free(Reading *reading)
{
	json_decref(reading->props);
	if (reading->header != NULL)
		header_free(reading->header);
	g_free(reading->boundary);
	mend_free(reading->mend);
	g_array_free(reading->places, TRUE);
	g_free(reading);
}

GByteArray *
place_bytes(const Reading *reading, const Place *place)
{
	return content_decode(reading->mend->data + place->body,
						  place->end - place->body, place->encoding, true);
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
