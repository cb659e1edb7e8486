/*-------------------------------------------------------------------------
 *
 * edit.c
 *	  From a message that came as mail, and its edits, to a message; and from
 *	  properties alone to a message.
 *
 * NOTES
 *	  The original is read again.  If a property differs from the property that
 *	  the original has, the header field or the part that the property was read
 *	  from is replaced; GMime writes the new part.  All other bytes are those
 *	  of the original, so that signed parts stay valid, and a message that
 *	  nobody has edited is equal to the original.
 *
 *	  An attachment is known by its PR_ATTACH_NUM.  New attachments, and a text
 *	  that has no part to replace (the text of a signed message stays signed),
 *	  are put into the outermost multipart/mixed, which is made if missing.
 *
 *	  A message that was never mail is composed from its properties: the bodies
 *	  as alternatives, with the attachments that the HTML refers to beside the
 *	  HTML, then the other attachments, in as many multiparts as needed.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "edit.h"

/* The edits of the content. */
typedef struct Content
{
	bool		new_text;
	bool		new_html;
	bool		text_place;		/* the original has a part for the text */
	bool		html_place;
	bool		text_done;
	bool		html_done;
	GPtrArray  *first;			/* parts before all others */
	GPtrArray  *last;
	GPtrArray  *related;		/* parts beside new HTML */
} Content;

/* ------------------------------------------------------------- attachments */

/* Return the attachment with a number, or NULL. */
static json_t *
find_attachment(json_t *props, unsigned number)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	json_array_foreach(list, i, one)
	{
		if (number_of(one, "PR_ATTACH_NUM", (json_int_t) i) == number)
			return one;
	}
	return NULL;
}

/*
 * Return the attachment that the original has under a number, with its edits;
 * NULL if the attachment was deleted.  An attachment that shares nothing but
 * the number with the original's attachment is a new attachment.
 */
static json_t *
attachment_now(const Edit *edit, unsigned number)
{
	static const char *const names[] = {
		"PR_ATTACH_DATA_BIN", "PR_ATTACH_LONG_FILENAME",
		"PR_ATTACH_CONTENT_ID", "PR_ATTACH_MIME_TAG"
	};
	json_t	   *now = find_attachment(edit->props, number);
	json_t	   *before = find_attachment(edit->before, number);

	for (size_t i = 0; now != NULL && i < G_N_ELEMENTS(names); i++)
	{
		if (json_object_get(now, names[i]) != NULL &&
			same_value(now, before, names[i]))
			return now;
	}
	return NULL;
}

/*
 * Return true if an attachment was not edited.  Edits within an embedded
 * message do not count.
 */
static bool
same_attachment(json_t *now, json_t *before)
{
	static const char *const names[] = {
		"PR_ATTACH_LONG_FILENAME", "PR_ATTACH_MIME_TAG",
		"PR_ATTACH_CONTENT_ID", "PR_ATTACH_CONTENT_LOCATION",
		"PR_ATTACH_DATA_BIN"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		if (!same_value(now, before, names[i]))
			return false;
	}
	return (json_object_get(now, "PR_ATTACH_DATA_OBJ") == NULL) ==
		(json_object_get(before, "PR_ATTACH_DATA_OBJ") == NULL);
}

/* ----------------------------------------------- the parts of the original */

/* Return true if a header field describes only the content. */
static bool
is_content_field(const char *name)
{
	return text_matches("\\A(?:Content-(?:Type|Transfer-Encoding|Disposition|"
						"ID|Location|Length|MD5)|Lines)\\z", name);
}

/*
 * Return the header of a part of the original, with an empty line; of the
 * whole content, the fields that describe the content.
 */
static GString *
old_header(const Edit *edit, const Part *place)
{
	const Reading *reading = edit->reading;
	const GPtrArray *fields = reading->root->header->fields;
	const char *data = reading->mend->data;
	GString    *out = g_string_new(NULL);

	if (place != reading->root)
		return g_string_append_len(out, data + place->start,
								   (gssize) (place->body - place->start));
	for (guint i = 0; i < fields->len; i++)
	{
		const Field *field = g_ptr_array_index(fields, i);

		if (is_content_field(field->name) &&
			g_ascii_strcasecmp(field->name, "Content-Length") != 0 &&
			g_ascii_strcasecmp(field->name, "Lines") != 0)
			g_string_append_len(out, data + field->offset,
								(gssize) (field->end - field->offset));
	}
	return g_string_append(out, edit->eol);
}

/* Return a part of the original. */
static GString *
old_part(const Edit *edit, const Part *place)
{
	return g_string_append_len(old_header(edit, place),
							   edit->reading->mend->data + place->body,
							   (gssize) (place->end - place->body));
}

/* Return a part of the original, without content, as GMime's, or NULL. */
static GMimeObject *
old_object(const Edit *edit, const Part *place)
{
	GString    *header = old_header(edit, place);
	GMimeObject *object = header->len > 2 ?
		parse_header(header->str, header->len) : NULL;

	if (!GMIME_IS_PART(object))
		g_clear_object(&object);
	g_string_free(header, TRUE);
	return object;
}

static GString *edit_message(json_t *props, json_t *before, const char *data,
							 size_t len, int depth);

/* Return the part of an edited embedded message; NULL without edits. */
static GString *
inner_part(const Edit *edit, const Part *place, json_t *now, json_t *before)
{
	GByteArray *bytes = part_bytes(edit->reading, place);
	GString    *inner =
		edit_message(json_object_get(now, "PR_ATTACH_DATA_OBJ"),
					 json_object_get(before, "PR_ATTACH_DATA_OBJ"),
					 (const char *) bytes->data, bytes->len, edit->depth + 1);
	GString    *part = NULL;

	if (inner != NULL && (inner->len != bytes->len ||
						  memcmp(inner->str, bytes->data, inner->len) != 0))
	{
		GMimePart  *coder = g_mime_part_new();
		GString    *coded;

		/* GMime encodes the message as the content of a part */
		set_bytes(coder, inner->str, inner->len,
				  place->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
				  place->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ?
				  place->encoding : GMIME_CONTENT_ENCODING_DEFAULT);
		coded = object_text(GMIME_OBJECT(coder), edit->eol);
		part = old_header(edit, place);
		g_string_append(part, coded->str + header_len(coded));
		g_string_free(coded, TRUE);
	}
	if (inner != NULL)
		g_string_free(inner, TRUE);
	g_byte_array_unref(bytes);
	return part;
}

/* ------------------------------------------------------------- the content */

/* Return PR_BODY, or PR_HTML with the parts beside it, as a part. */
static GString *
plain_part(const Edit *edit, GMimeObject *old)
{
	const char *text = text_of(edit->props, "PR_BODY");

	return part_text(text, strlen(text), "plain", edit->eol, old);
}

static GString *
html_part(const Edit *edit, Content *content, GMimeObject *old)
{
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(text_of(edit->props,
													   "PR_HTML"), &len);
	GPtrArray  *parts = g_steal_pointer(&content->related);

	content->related = parts_new();
	g_ptr_array_insert(parts, 0, part_text((char *) bytes, len, "html",
										   edit->eol, old));
	return join_parts(parts, "related", edit->eol);
}

/*
 * Return the part that replaces a body of the original: the edited text or
 * HTML, or both as alternatives if the other one has no part.  Returns NULL
 * if the place becomes empty.  Marks the bodies that it returns as done.
 */
static GString *
body_part(const Edit *edit, const Part *place, Content *content)
{
	bool		text = place->text ? !content->text_done :
		!content->text_place && !content->text_done;
	bool		html = place->html ? !content->html_done :
		!content->html_place && !content->html_done;
	bool		changed = place->text ? content->new_text : content->new_html;
	GMimeObject *old;
	GPtrArray  *parts;
	GString    *part = NULL;

	if (!changed)
		text = html = true;
	content->text_done |= text;
	content->html_done |= html;
	if (text && html)
	{
		parts = parts_new();
		g_ptr_array_add(parts, place->text && !content->new_text ?
						old_part(edit, place) : plain_part(edit, NULL));
		g_ptr_array_add(parts, place->html && !content->new_html ?
						old_part(edit, place) :
						html_part(edit, content, NULL));
		return part_multipart(parts, "alternative", NULL, edit->eol);
	}
	old = old_object(edit, place);
	if (text)
		part = plain_part(edit, old);
	else if (html)
		part = html_part(edit, content, old);
	g_clear_object(&old);
	return part;
}

/*
 * Return the part of an edited attachment.  "several" is true if more than the
 * attachment was read from the place, so that there is no part to change.
 */
static GString *
attachment_part(const Edit *edit, const Part *place, unsigned number,
				json_t *now, bool several)
{
	json_t	   *before = find_attachment(edit->before, number);
	GMimeObject *old = several ? NULL : old_object(edit, place);
	GString    *part;

	if (old != NULL && same_value(now, before, "PR_ATTACH_DATA_BIN") &&
		json_object_get(before, "PR_ATTACH_DATA_BIN") != NULL)
	{
		/* other names or another type, and the old body */
		set_type(old, now, before, false);
		set_names(old, now, before);
		part = object_text(g_object_ref(old), edit->eol);
		g_string_truncate(part, header_len(part));
		g_string_append_len(part, edit->reading->mend->data + place->body,
							(gssize) (place->end - place->body));
	}
	else
		part = part_attachment(edit, now, before, old);
	g_clear_object(&old);
	return part;
}

/*
 * Return true if an attachment of a place was edited or deleted.  *inner is
 * the part of an embedded message with edits, or NULL.
 */
static bool
attachments_differ(const Edit *edit, const Part *place, GString **inner)
{
	bool		differ = false;

	*inner = NULL;
	for (unsigned n = place->number; n < place->number + place->attachments;
		 n++)
	{
		json_t	   *now = attachment_now(edit, n);
		json_t	   *before = find_attachment(edit->before, n);

		if (before == NULL)
			continue;			/* not read within an embedded message */
		if (now == NULL || !same_attachment(now, before))
			differ = true;
		else if (json_object_get(now, "PR_ATTACH_DATA_OBJ") != NULL &&
				 place->attachments == 1)
			*inner = inner_part(edit, place, now, before);
	}
	return differ;
}

/* Return the parts that replace a part without parts; NULL without edits. */
static GPtrArray *
leaf_parts(const Edit *edit, const Part *place, Content *content)
{
	GString    *part;
	bool		differ = attachments_differ(edit, place, &part);
	bool		several = place->text || place->html ||
		place->attachments > 1;
	bool		beside = (place->html && !content->text_place &&
						  !content->text_done) ||
		(place->text && !content->html_place && !content->html_done);
	GPtrArray  *parts;

	if (!differ && part == NULL && !beside &&
		!(place->text && content->new_text) &&
		!(place->html && content->new_html))
		return NULL;
	parts = parts_new();
	if (place->text && !content->new_text && differ)
	{
		/* write the text without its uuencoded files */
		content->new_text = true;
		content->text_done = false;
	}
	if (place->text || place->html)
		part = body_part(edit, place, content);
	if (part != NULL)
		g_ptr_array_add(parts, part);
	for (unsigned n = place->number; (differ || several) &&
		 n < place->number + place->attachments; n++)
	{
		json_t	   *now = attachment_now(edit, n);

		if (now != NULL)
			g_ptr_array_add(parts, attachment_part(edit, place, n, now,
												   several));
	}
	return parts;
}

/* Append parts, each after a boundary line and before a line end. */
static void
append_parts(GString *out, const GPtrArray *parts, const char *line,
			 size_t line_len, const char *eol, size_t eol_len)
{
	for (guint i = 0; i < parts->len; i++)
	{
		const GString *part = g_ptr_array_index(parts, i);

		g_string_append_len(out, line, (gssize) line_len);
		g_string_append_len(out, part->str, (gssize) part->len);
		g_string_append_len(out, eol, (gssize) eol_len);
	}
}

/* Add the edited bodies that replace no part of the original. */
static void
add_bodies(const Edit *edit, Content *content)
{
	GPtrArray  *parts = parts_new();

	if (!content->text_done)
		g_ptr_array_add(parts, plain_part(edit, NULL));
	if (!content->html_done)
		g_ptr_array_add(parts, html_part(edit, content, NULL));
	content->text_done = content->html_done = true;
	if (parts->len > 0)
		g_ptr_array_add(content->first, join_parts(parts, "alternative",
												   edit->eol));
	else
		g_ptr_array_free(parts, TRUE);
}

static GPtrArray *place_parts(const Edit *edit, const Part *place,
							  Content *content);

/*
 * Return a multipart with the edits of its parts, or NULL without edits.  The
 * parts in content->first and content->last are put into the outermost
 * multipart/mixed.
 */
static GString *
edited_multipart(const Edit *edit, const Part *place, Content *content)
{
	const char *data = edit->reading->mend->data;
	size_t		at = place->body;
	guint		n = place->parts->len;
	bool		outer = place == edit->reading->root && part_is(place, "multipart", "mixed");
	bool		edited = false;
	GPtrArray **parts = g_new0(GPtrArray *, n);
	GString    *out = NULL;

	for (guint i = 0; i < n; i++)
	{
		parts[i] = place_parts(edit, g_ptr_array_index(place->parts, i),
							   content);
		edited = edited || parts[i] != NULL;
	}
	if (outer)
		add_bodies(edit, content);
	outer = outer && content->first->len + content->last->len > 0;
	if (edited || outer)
		out = old_header(edit, place);
	for (guint i = 0; out != NULL && i < n; i++)
	{
		const Part *one = g_ptr_array_index(place->parts, i);
		size_t		start = CLAMP(one->start, at, place->end);
		size_t		end = CLAMP(one->end, start, place->end);
		size_t		line = start - (start > at);
		size_t		next = end;
		const char *eol = edit->eol;
		size_t		line_len;

		while (line > at && data[line - 1] != '\n')
			line--;
		line_len = start - line;
		next += next < place->end && data[next] == '\r';
		next += next < place->end && data[next] == '\n';
		if (next > end || (next == place->end && !outer))
			eol = data + end;
		if (parts[i] == NULL && outer && i + 1 == n)
		{
			parts[i] = parts_new();
			g_ptr_array_add(parts[i], old_part(edit, one));
		}
		g_string_append_len(out, data + at, (gssize) (line - at));
		if (outer && i == 0)
			append_parts(out, content->first, data + line, line_len, edit->eol,
						 strlen(edit->eol));
		if (parts[i] != NULL)
			append_parts(out, parts[i], data + line, line_len, eol,
						 eol == edit->eol ? strlen(eol) : next - end);
		else
			g_string_append_len(out, data + line, (gssize) (end - line));
		at = parts[i] ? next : end;
		if (outer && i + 1 == n)
		{
			append_parts(out, content->last, data + line, line_len, edit->eol,
						 strlen(edit->eol));
			/* the closing boundary is missing */
			while (line_len > 0 && g_ascii_isspace(data[line + line_len - 1]))
				line_len--;
			if (at == place->end)
				g_string_append_printf(out, "%.*s--%s", (int) line_len,
									   data + line, edit->eol);
			g_ptr_array_set_size(content->first, 0);
			g_ptr_array_set_size(content->last, 0);
		}
	}
	if (out != NULL)
		g_string_append_len(out, data + at, (gssize) (place->end - at));
	for (guint i = 0; i < n; i++)
		g_clear_pointer(&parts[i], g_ptr_array_unref);
	g_free(parts);
	return out;
}

/* Return the parts that replace a part of the original; NULL without edits. */
static GPtrArray *
place_parts(const Edit *edit, const Part *place, Content *content)
{
	GString    *part;
	GPtrArray  *parts = NULL;

	if (place->parts->len == 0)
		return leaf_parts(edit, place, content);
	part = edited_multipart(edit, place, content);
	if (part != NULL)
	{
		parts = parts_new();
		g_ptr_array_add(parts, part);
	}
	return parts;
}

/* Find the bodies that have a place in the original. */
static void
find_bodies(const Part *place, Content *content)
{
	content->text_place |= place->text;
	content->html_place |= place->html;
	for (guint i = 0; i < place->parts->len; i++)
		find_bodies(g_ptr_array_index(place->parts, i), content);
}

/*
 * Set the message's fields that describe the content from the header of a
 * part, and remove the other ones.
 */
static void
set_content_fields(Edit *edit, const char *header, size_t len)
{
	const GPtrArray *fields = edit->reading->root->header->fields;
	GMimeObject *object = parse_header(header, len);
	GMimeHeaderList *list = object ? g_mime_object_get_header_list(object) :
		NULL;
	int			n = list ? g_mime_header_list_get_count(list) : 0;

	if (header_get(edit->reading->root->header, "MIME-Version") == NULL)
		envelope_set(edit, "MIME-Version", "1.0");
	for (int i = 0; i < n; i++)
	{
		GMimeHeader *field = g_mime_header_list_get_header_at(list, i);

		if (g_mime_header_get_offset(field) >= 0)
			envelope_set(edit, g_mime_header_get_name(field),
						 g_mime_header_get_raw_value(field));
	}
	for (guint i = 0; i < fields->len; i++)
	{
		const char *name = ((Field *) g_ptr_array_index(fields, i))->name;

		if (is_content_field(name) &&
			!(n > 0 && g_mime_header_list_contains(list, name)))
			envelope_set(edit, name, NULL);
	}
	g_clear_object(&object);
}

/* Replace the whole content of the message by a part. */
static void
set_content(Edit *edit, GString *part)
{
	GString    *old = old_header(edit, edit->reading->root);
	size_t		len = header_len(part);

	if (old->len != len || memcmp(old->str, part->str, len) != 0)
		set_content_fields(edit, part->str, len);
	edit->content = g_string_erase(part, 0, (gssize) len);
	g_string_free(old, TRUE);
}

/*
 * Return the parts that the content consists of now, or an empty array if the
 * content was not edited.
 */
static GPtrArray *
content_parts(const Edit *edit, Content *content)
{
	const Part *place = edit->reading->root;
	GPtrArray  *parts = edit->rebuild ? parts_new() :
		place_parts(edit, place, content);
	bool		edited = parts != NULL;

	add_bodies(edit, content);
	if (parts == NULL)
		parts = parts_new();
	if (!edited && content->first->len + content->last->len > 0)
	{
		if (!place->partless)
			g_ptr_array_add(parts, old_part(edit, place));
		else if (content->last->len > 0 && place->text)
			g_ptr_array_add(parts, plain_part(edit, NULL));
	}
	g_ptr_array_extend_and_steal(content->first, parts);
	g_ptr_array_extend_and_steal(content->first, content->last);
	if (edited && content->first->len == 0)
		g_ptr_array_add(content->first, content->text_place ?
						part_text("", 0, "plain", edit->eol, NULL) :
						plain_part(edit, NULL));
	return content->first;
}

/*
 * Return true if a single part is to be the part of a multipart.  Readers
 * could take an attachment without a multipart for the body.
 */
static bool
stands_apart(const Edit *edit)
{
	const Part *place = edit->reading->root;

	if (!edit->rebuild)
		return place->parts->len == 0 && place->attachments > 0 &&
			(place->text || place->html || place->attachments > 1);
	return *text_of(edit->props, "PR_BODY") == '\0' &&
		*text_of(edit->props, "PR_HTML") == '\0' &&
		json_object_get(edit->props, "PR_MESSAGE_ATTACHMENTS") != NULL &&
		!g_str_has_prefix(text_of(edit->props, "PR_MESSAGE_CLASS"),
						  "IPM.Note.SMIME");
}

/* Replace the edited parts of the content, and add the new parts. */
static void
edit_content(Edit *edit)
{
	Content		content = {.first = parts_new(), .last = parts_new(),
	.related = parts_new()};
	const char *report = edit->rebuild ? part_report(edit->props) : NULL;
	GPtrArray  *parts;
	size_t		i;
	json_t	   *one;

	content.new_text = !same_value(edit->props, edit->before, "PR_BODY");
	content.new_html = !same_value(edit->props, edit->before, "PR_HTML");
	content.text_done = !content.new_text ||
		*text_of(edit->props, "PR_BODY") == '\0';
	content.html_done = !content.new_html ||
		*text_of(edit->props, "PR_HTML") == '\0';
	find_bodies(edit->reading->root, &content);
	json_array_foreach(json_object_get(edit->props, "PR_MESSAGE_ATTACHMENTS"),
					   i, one)
	{
		bool		beside = !content.html_done &&
		(number_of(one, "PR_ATTACH_FLAGS", 0) & ATT_MHTML_REF);

		if (attachment_now(edit, (unsigned) number_of(one, "PR_ATTACH_NUM",
													  (json_int_t) i)) == NULL)
			g_ptr_array_add(beside ? content.related : content.last,
							part_attachment(edit, one, NULL, NULL));
	}
	parts = content_parts(edit, &content);
	g_ptr_array_free(content.related, TRUE);
	if (parts->len == 0)
		g_ptr_array_free(parts, TRUE);
	else if (report != NULL)
		set_content(edit, part_multipart(parts, "report", report, edit->eol));
	else if (stands_apart(edit))
		set_content(edit, part_multipart(parts, "mixed", NULL, edit->eol));
	else
		set_content(edit, join_parts(parts, "mixed", edit->eol));
}

/* ------------------------------------------------------------- the message */

/* Return true if the message differs from the original. */
static bool
is_edited(const Edit *edit)
{
	const GPtrArray *fields = edit->reading->root->header->fields;
	bool		edited = edit->content != NULL || edit->appended->len > 0;

	for (guint i = 0; !edited && i < fields->len; i++)
		edited = ((Field *) g_ptr_array_index(fields, i))->now != NULL;
	return edited;
}

/*
 * Append the edited header.  New fields are added at its end.  Readers
 * disagree on the end of a header that is damaged or cut off; there the fields
 * are added at the start.
 */
static void
append_header(const Edit *edit, GString *out)
{
	const Reading *reading = edit->reading;
	const Part *place = reading->root;
	const char *data = reading->mend->data;
	bool		cut = place->head > 0 && data[place->head - 1] != '\n';
	bool		at_start = cut || reading->mend->broken;
	size_t		at = place->start;

	g_string_append(out, at_start ? edit->appended->str : "");
	for (guint i = 0; i < reading->root->header->fields->len; i++)
	{
		const Field *field = g_ptr_array_index(reading->root->header->fields, i);

		if (field->now == NULL || field->offset < at)
			continue;
		g_string_append_len(out, data + at, (gssize) (field->offset - at));
		g_string_append(out, field->now);
		at = field->end;
	}
	g_string_append_len(out, data + at, (gssize) (place->head - at));
	g_string_append(out, at_start ? "" : edit->appended->str);
	/* add a missing empty line */
	if (cut)
		g_string_append(out, edit->eol);
	if (place->body == place->head)
		g_string_append(out, edit->eol);
	g_string_append_len(out, data + place->head,
						(gssize) (place->body - place->head));
}

/*
 * Return the message in "data" with the properties in "props".  "before" are
 * the properties of an embedded message as the outer message was read, or
 * NULL. With "rebuild", data is the header alone, and the content is composed
 * from the properties.  Returns NULL if data is not a message.
 */
static GString *
edit_bytes(json_t *props, json_t *before, const char *data, size_t len,
		   int depth, bool rebuild)
{
	RawMessage	raw = {.data = data, .len = len};
	Edit		edit = {.props = props, .depth = depth, .rebuild = rebuild,
	.inner = compose_message};
	GString    *sealed = rebuild ? part_sealed(props) : NULL;
	const char *why;
	const char *nl = memchr(data, '\n', len);
	GString    *out = NULL;

	edit.reading = mime_read(&raw, NULL, &why);
	if (edit.reading == NULL)
		return NULL;
	edit.before = before ? before : edit.reading->props;
	edit.eol = nl != NULL && (nl == data || nl[-1] != '\r') ? "\n" : "\r\n";
	edit.appended = g_string_new(NULL);
	envelope_edit(&edit);
	if (rebuild)
	{
		json_object_del(edit.before, "PR_BODY");
		json_object_del(edit.before, "PR_HTML");
		json_object_del(edit.before, "PR_MESSAGE_ATTACHMENTS");
	}
	if (sealed != NULL)
		set_content(&edit, sealed);
	else
		edit_content(&edit);
	if (is_edited(&edit))
	{
		const Mend *mend = edit.reading->mend;
		size_t		body = edit.reading->root->body;

		out = g_string_new_len(data, (gssize) mend_lead(data, len));
		append_header(&edit, out);
		if (edit.content != NULL)
			g_string_append_len(out, edit.content->str,
								(gssize) edit.content->len);
		else
			g_string_append_len(out, mend->data + body,
								(gssize) (mend->len - body));
	}
	else
		out = g_string_new_len(data, (gssize) len);
	if (edit.content != NULL)
		g_string_free(edit.content, TRUE);
	g_string_free(edit.appended, TRUE);
	reading_free(edit.reading);
	return out;
}

static GString *
edit_message(json_t *props, json_t *before, const char *data, size_t len,
			 int depth)
{
	return edit_bytes(props, before, data, len, depth, false);
}

GString *
compose_message(json_t *props, int depth)
{
	const char *header = text_of(props, "PR_TRANSPORT_MESSAGE_HEADERS");
	GString    *out = edit_bytes(props, NULL, header, strlen(header), depth,
								 true);

	header = "MIME-Version: 1.0\r\n";
	return out ? out : edit_bytes(props, NULL, header, strlen(header), depth,
								  true);
}

GString *
compose_original(json_t *props, const char *data, size_t len)
{
	GString    *out = len > 0 ? edit_message(props, NULL, data, len, 0) : NULL;

	return out ? out : compose_message(props, 0);
}
