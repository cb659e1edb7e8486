/*-------------------------------------------------------------------------
 *
 * edit.c
 *	  From a message that came as mail, and its edits, to a message.
 *
 * NOTES
 *	  The original is read again.  If a property differs from the property that
 *	  the original has, the bytes that the property was read from are replaced:
 *	  a header field, or a part, which GMime writes.  All other bytes are those
 *	  of the original, so that signed parts stay valid, and a message that
 *	  nobody has edited is equal to the original.
 *
 *	  An attachment is known by its PR_ATTACH_NUM.  New attachments, and a text
 *	  that has no part to replace (the text of a signed message stays signed),
 *	  are put into the outermost multipart/mixed, which is made if missing.
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
	GString    *root;			/* replaces the whole content; or NULL */
	GPtrArray  *first;			/* parts before all others */
	GPtrArray  *last;
	GPtrArray  *related;		/* parts beside new HTML */
} Content;

/* ------------------------------------------------------ comparing, reading */

static bool
same_value(json_t *a, json_t *b, const char *name)
{
	json_t	   *left = json_object_get(a, name);
	json_t	   *right = json_object_get(b, name);

	return left == right || json_equal(left, right);
}

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

/* Return true if a header field describes only the content. */
static bool
is_content_field(const char *name)
{
	static const char *const names[] = {
		"Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
		"Content-ID", "Content-Location", "Content-Length", "Content-MD5",
		"Lines"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		if (g_ascii_strcasecmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Return the header fields that describe the content, and an empty line. */
static GString *
content_fields(const Edit *edit)
{
	const GPtrArray *fields = edit->reading->header->fields;
	GString    *out = g_string_new(NULL);

	for (guint i = 0; i < fields->len; i++)
	{
		const Field *field = g_ptr_array_index(fields, i);
		size_t		end = splice_field_end(edit, field->offset);

		if (is_content_field(field->name) &&
			g_ascii_strcasecmp(field->name, "Content-Length") != 0 &&
			g_ascii_strcasecmp(field->name, "Lines") != 0)
			g_string_append_len(out, edit->reading->mend->data +
								field->offset, (gssize) (end - field->offset));
	}
	return g_string_append(out, edit->eol);
}

/* Return the bytes of a part of the original, with its header. */
static GString *
old_part(const Edit *edit, const Place *place)
{
	const Mend *mend = edit->reading->mend;
	GString    *out;

	if (place->depth > 0)
		return g_string_new_len(mend->data + place->start,
								(gssize) (place->end - place->start));
	out = content_fields(edit);
	return g_string_append_len(out, mend->data + place->body,
							   (gssize) (place->end - place->body));
}

/* Return a part as a new object of GMime, or NULL. */
static GMimeObject *
parse_part(const Edit *edit, const Place *place)
{
	GString    *bytes = old_part(edit, place);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes->str,
															bytes->len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeObject *object = NULL;

	if (part_body(bytes) - bytes->str > 2)
		object = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	g_string_free(bytes, TRUE);
	return object;
}

static GString *edit_message(json_t *props, json_t *before, const char *data,
							 size_t len, int depth);

/* Return the mail of an edited embedded message; NULL without edits. */
static GString *
inner_message(const Edit *edit, const Place *place, json_t *now,
			  json_t *before)
{
	GByteArray *bytes = place_bytes(edit->reading, place);
	GString    *inner =
		edit_message(json_object_get(now, "PR_ATTACH_DATA_OBJ"),
					 json_object_get(before, "PR_ATTACH_DATA_OBJ"),
					 (const char *) bytes->data, bytes->len, edit->depth + 1);

	if (inner != NULL && inner->len == bytes->len &&
		memcmp(inner->str, bytes->data, inner->len) == 0)
	{
		g_string_free(inner, TRUE);
		inner = NULL;
	}
	g_byte_array_unref(bytes);
	return inner;
}

/* Replace the embedded message within a part by an edited message. */
static void
replace_inner(Edit *edit, const Place *place, GString *inner)
{
	if (place->encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		place->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
	{
		GString    *coded = part_encoded(inner->str, inner->len,
										 place->encoding, edit->eol);

		g_string_free(inner, TRUE);
		inner = coded;
	}
	splice_replace(edit, place->body, place->end, inner);
}

/* ------------------------------------------------------------ the content */

/* Return the start of the line before an offset. */
static size_t
line_before(const Edit *edit, size_t at)
{
	const char *data = edit->reading->mend->data;

	if (at > 0)
		at--;
	while (at > 0 && data[at - 1] != '\n')
		at--;
	return at;
}

/* Replace a part within a multipart by any number of parts. */
static void
replace_part(Edit *edit, const Place *place, GPtrArray *parts)
{
	const char *data = edit->reading->mend->data;
	size_t		line = line_before(edit, place->start);
	size_t		end = place->end;
	GString    *with = g_string_new(NULL);

	if (parts->len == 0)
	{
		/* the line end belongs to the boundary that follows */
		if (end < edit->reading->mend->len && data[end] == '\r')
			end++;
		if (end < edit->reading->mend->len && data[end] == '\n')
			end++;
		splice_replace(edit, line, end, with);
	}
	else
	{
		for (guint i = 0; i < parts->len; i++)
		{
			GString    *part = g_ptr_array_index(parts, i);

			if (i > 0)
			{
				g_string_append(with, edit->eol);
				g_string_append_len(with, data + line,
									(gssize) (place->start - line));
			}
			g_string_append_len(with, part->str, (gssize) part->len);
		}
		/* an empty part may lack the line end that belongs to the boundary */
		if (end < edit->reading->mend->len && strchr("\r\n", data[end]) == NULL)
			g_string_append(with, edit->eol);
		splice_replace(edit, place->start, end, with);
	}
	g_ptr_array_free(parts, TRUE);
}

/* Set the message's fields that describe the content from a part's header. */
static void
set_content_fields(Edit *edit, const char *header, size_t len)
{
	const GPtrArray *fields = edit->reading->header ?
		edit->reading->header->fields : NULL;
	g_autofree char *block = g_strndup(header, len);
	GPtrArray  *names = g_ptr_array_new_with_free_func(g_free);
	const char *next;

	if (fields == NULL ||
		header_get(edit->reading->header, "MIME-Version") == NULL)
		letter_set(edit, "MIME-Version", "1.0");
	for (const char *at = block; *at != '\0' && strchr(at, ':'); at = next)
	{
		const char *colon = strchr(at, ':');
		g_autofree char *value = NULL;

		for (next = strchr(at, '\n'); next != NULL && next[1] != '\0' &&
			 strchr(" \t", next[1]) != NULL;)
			next = strchr(next + 1, '\n');
		next = next ? next + 1 : at + strlen(at);
		if (colon >= next)
			continue;
		g_ptr_array_add(names, g_strndup(at, (gsize) (colon - at)));
		value = g_strndup(colon + 1, (gsize) (next - colon - 1));
		letter_set(edit, g_ptr_array_index(names, names->len - 1), value);
	}
	for (guint i = 0; fields != NULL && i < fields->len; i++)
	{
		const char *name = ((Field *) g_ptr_array_index(fields, i))->name;
		bool		content = is_content_field(name);

		for (guint n = 0; content && n < names->len; n++)
			content = g_ascii_strcasecmp(name, g_ptr_array_index(names,
																  n)) != 0;
		if (content)
		{
			letter_set(edit, name, NULL);
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_ptr_array_free(names, TRUE);
}

/* Replace the whole content of the message. */
static void
set_content(Edit *edit, GString *part)
{
	const char *body = part_body(part);
	size_t		header = (size_t) (body - part->str);
	const Reading *reading = edit->reading;

	/* without the empty line: end_header() adds a missing one */
	set_content_fields(edit, part->str, header);
	g_string_erase(part, 0, (gssize) header);
	splice_replace(edit, reading->body, reading->mend->len, part);
}

/* Append parts, each after a line with the boundary. */
static void
append_parts(GString *out, GPtrArray *parts, const char *boundary,
			 const char *eol)
{
	for (guint i = 0; i < parts->len; i++)
	{
		const GString *part = g_ptr_array_index(parts, i);

		g_string_append_printf(out, "--%s%s", boundary, eol);
		g_string_append_len(out, part->str, (gssize) part->len);
		g_string_append(out, eol);
	}
}

/*
 * Return the offset of the first or of the closing boundary line in the
 * content of the message; the end of the message if there is no such line.
 */
static size_t
boundary_line(const Edit *edit, bool closing)
{
	const Mend *mend = edit->reading->mend;
	g_autofree char *marker = g_strdup_printf("--%s%s",
											  edit->reading->boundary,
											  closing ? "--" : "");
	size_t		len = strlen(marker);
	size_t		at = edit->reading->body;

	while (at + len <= mend->len)
	{
		const char *nl = memchr(mend->data + at, '\n', mend->len - at);

		if (memcmp(mend->data + at, marker, len) == 0)
			return at;
		if (nl == NULL)
			break;
		at = (size_t) (nl + 1 - mend->data);
	}
	return mend->len;
}

/* Add parts to a message whose content is a multipart/mixed. */
static void
insert_parts(Edit *edit, GPtrArray *first, GPtrArray *last)
{
	const char *boundary = edit->reading->boundary;
	size_t		end = boundary_line(edit, true);
	GString    *before = g_string_new(NULL);
	GString    *after = g_string_new(NULL);

	append_parts(before, first, boundary, edit->eol);
	splice_replace(edit, MIN(boundary_line(edit, false), end),
				 MIN(boundary_line(edit, false), end), before);
	if (end == edit->reading->mend->len)
		g_string_append(after, edit->eol);
	append_parts(after, last, boundary, edit->eol);
	if (end == edit->reading->mend->len)
		g_string_append_printf(after, "--%s--%s", boundary, edit->eol);
	splice_replace(edit, end, end, after);
}

/* Make the content a part of a new multipart/mixed, and add parts. */
static void
wrap_content(Edit *edit, GPtrArray *first, GPtrArray *last)
{
	const Reading *reading = edit->reading;
	GString    *fields = content_fields(edit);
	g_autofree char *boundary = part_boundary(first->len > 0 ? first : last);
	g_autofree char *type =
		g_strdup_printf("Content-Type: multipart/mixed; boundary=\"%s\"\n",
						boundary);
	GString    *before = g_string_new(NULL);
	GString    *after = g_string_new(edit->eol);

	set_content_fields(edit, type, strlen(type));
	append_parts(before, first, boundary, edit->eol);
	g_string_append_printf(before, "--%s%s%s", boundary, edit->eol,
						   fields->str);
	append_parts(after, last, boundary, edit->eol);
	g_string_append_printf(after, "--%s--%s", boundary, edit->eol);
	splice_replace(edit, reading->body, reading->body, before);
	splice_replace(edit, reading->mend->len, reading->mend->len, after);
	g_string_free(fields, TRUE);
}

static GString *
new_text(const Edit *edit, GMimeObject *old)
{
	const char *text = text_of(edit->props, "PR_BODY");

	return part_text(text, strlen(text), "plain", edit->eol, old);
}

/* Return the HTML, with the new attachments that the HTML refers to. */
static GString *
new_html(const Edit *edit, Content *content, GMimeObject *old)
{
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(text_of(edit->props,
													   "PR_HTML"), &len);
	GString    *html = part_text((char *) bytes, len, "html", edit->eol, old);

	if (content->related->len == 0)
		return html;
	g_ptr_array_insert(content->related, 0, html);
	html = part_multipart(content->related, "related", NULL, edit->eol);
	content->related = parts_new();
	return html;
}

/*
 * Return the part that replaces a body of the original: the edited text or
 * HTML, or both as alternatives if the other one has no part.  Returns NULL
 * if the place becomes empty.  Marks the bodies that it returns as done.
 */
static GString *
body_part(const Edit *edit, const Place *place, Content *content)
{
	GMimeObject *old = parse_part(edit, place);
	bool		text = place->text ? !content->text_done :
		!content->text_place && !content->text_done;
	bool		html = place->html ? !content->html_done :
		!content->html_place && !content->html_done;
	bool		changed = place->text ? content->new_text : content->new_html;
	GPtrArray  *parts;

	if (!changed)
		text = html = true;
	if (text && html)
	{
		parts = parts_new();
		g_ptr_array_add(parts, place->text && !content->new_text ?
						old_part(edit, place) : new_text(edit, NULL));
		g_ptr_array_add(parts, place->html && !content->new_html ?
						old_part(edit, place) : new_html(edit, content, NULL));
		content->text_done = content->html_done = true;
		g_clear_object(&old);
		return part_multipart(parts, "alternative", NULL, edit->eol);
	}
	content->text_done |= text;
	content->html_done |= html;
	if (text || html)
	{
		GString    *part = text ? new_text(edit, old) :
		new_html(edit, content, old);

		g_clear_object(&old);
		return part;
	}
	g_clear_object(&old);
	return NULL;
}

/* Return true if the other body has no part, and is put beside this body. */
static bool
gets_beside(const Place *place, const Content *content)
{
	return (place->html && !content->text_place && !content->text_done) ||
		(place->text && !content->html_place && !content->html_done);
}

/*
 * Return true if an attachment of a place was edited or deleted.  Replaces
 * edited embedded messages.
 */
static bool
attachments_differ(Edit *edit, const Place *place)
{
	bool		differ = false;

	for (unsigned n = place->number; n < place->number + place->attachments;
		 n++)
	{
		json_t	   *now = attachment_now(edit, n);
		json_t	   *before = find_attachment(edit->before, n);
		GString    *inner = NULL;

		if (before == NULL)
			continue;			/* not read within an embedded message */
		if (now == NULL || !same_attachment(now, before))
			differ = true;
		else if (json_object_get(now, "PR_ATTACH_DATA_OBJ") != NULL &&
				 place->attachments == 1)
			inner = inner_message(edit, place, now, before);
		if (inner != NULL)
			replace_inner(edit, place, inner);
	}
	return differ;
}

/*
 * Return the part of an edited attachment.  "several" is true if more than the
 * attachment was read from the place, so that there is no part to change.
 */
static GString *
new_attachment(const Edit *edit, const Place *place, unsigned number,
			   json_t *now, bool several)
{
	json_t	   *before = find_attachment(edit->before, number);
	GMimeObject *old = several ? NULL : parse_part(edit, place);
	GString    *part;

	if (GMIME_IS_PART(old) && same_value(now, before, "PR_ATTACH_DATA_BIN") &&
		json_object_get(before, "PR_ATTACH_DATA_BIN") != NULL)
		part = part_renamed(now, before, old,
							edit->reading->mend->data + place->body,
							place->end - place->body, edit->eol);
	else
		part = part_attachment(now, before, old, edit->eol, edit->depth,
							   compose_message);
	g_clear_object(&old);
	return part;
}

/* Replace a part of the message, if its body or attachments were edited. */
static void
edit_place(Edit *edit, const Place *place, Content *content)
{
	bool		differ = attachments_differ(edit, place);
	bool		several = place->text || place->html ||
		place->attachments > 1;
	GPtrArray  *parts;

	if (!differ && !(place->text && content->new_text) &&
		!(place->html && content->new_html) && !gets_beside(place, content))
		return;
	parts = parts_new();
	if (place->text && !content->new_text && differ)
	{
		/* write the text without its uuencoded files */
		content->new_text = true;
		content->text_done = false;
	}
	if (place->text || place->html)
	{
		GString    *body = body_part(edit, place, content);

		if (body != NULL)
			g_ptr_array_add(parts, body);
	}
	for (unsigned n = place->number; n < place->number + place->attachments;
		 n++)
	{
		json_t	   *now = attachment_now(edit, n);

		if (now != NULL)
			g_ptr_array_add(parts, new_attachment(edit, place, n, now,
												  several));
	}
	if (place->depth > 0)
		replace_part(edit, place, parts);
	else if (parts->len == 0)
		content->root = content->text_place ?
			part_text("", 0, "plain", edit->eol, NULL) : new_text(edit, NULL);
	else if (parts->len > 1 || (several && place->attachments > 0))
		content->root = part_multipart(g_ptr_array_ref(parts), "mixed", NULL,
									   edit->eol);
	else
		content->root = g_ptr_array_steal_index(parts, 0);
	if (place->depth == 0)
		g_ptr_array_unref(parts);
}

/* Add the new parts that replace no part of the original. */
static void
add_parts(Edit *edit, Content *content)
{
	if (content->root != NULL && content->first->len + content->last->len > 0)
	{
		GPtrArray  *parts = parts_new();

		g_ptr_array_extend_and_steal(parts, content->first);
		g_ptr_array_add(parts, content->root);
		g_ptr_array_extend_and_steal(parts, content->last);
		set_content(edit, part_multipart(parts, "mixed", NULL, edit->eol));
		return;
	}
	if (content->root != NULL)
		set_content(edit, content->root);
	else if (content->first->len + content->last->len == 0)
		 /* nothing is added */ ;
	else if (edit->reading->boundary != NULL)
		insert_parts(edit, content->first, content->last);
	else
		wrap_content(edit, content->first, content->last);
	g_ptr_array_free(content->first, TRUE);
	g_ptr_array_free(content->last, TRUE);
}

/* Replace the edited parts of the content, and add the new parts. */
static void
edit_content(Edit *edit)
{
	Content		content = {.first = parts_new(), .last = parts_new(),
	.related = parts_new()};
	const GArray *places = edit->reading->places;
	json_t	   *list = json_object_get(edit->props, "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	content.new_text = !same_value(edit->props, edit->before, "PR_BODY");
	content.new_html = !same_value(edit->props, edit->before, "PR_HTML");
	content.text_done = !content.new_text ||
		*text_of(edit->props, "PR_BODY") == '\0';
	content.html_done = !content.new_html ||
		*text_of(edit->props, "PR_HTML") == '\0';
	json_array_foreach(list, i, one)
	{
		unsigned	number = (unsigned) number_of(one, "PR_ATTACH_NUM",
												  (json_int_t) i);
		bool		beside = !content.html_done &&
		(number_of(one, "PR_ATTACH_FLAGS", 0) & ATT_MHTML_REF);

		if (attachment_now(edit, number) == NULL)
			g_ptr_array_add(beside ? content.related : content.last,
							part_attachment(one, NULL, NULL, edit->eol,
											edit->depth, compose_message));
	}
	for (guint n = 0; n < places->len; n++)
	{
		content.text_place |= g_array_index(places, Place, n).text;
		content.html_place |= g_array_index(places, Place, n).html;
	}
	for (guint n = 0; n < places->len; n++)
		edit_place(edit, &g_array_index(places, Place, n), &content);
	if (!content.text_done)
		g_ptr_array_add(content.first, new_text(edit, NULL));
	if (!content.html_done)
		g_ptr_array_add(content.first, new_html(edit, &content, NULL));
	add_parts(edit, &content);
	g_ptr_array_free(content.related, TRUE);
}

/* ------------------------------------------------------------- the message */

/*
 * Add the new fields to the header, at its end.  Readers disagree on the end
 * of a header that is damaged or cut off; there the fields are added at the
 * start.
 */
static void
end_header(Edit *edit)
{
	const Reading *reading = edit->reading;
	const Mend *mend = reading->mend;
	bool		cut = reading->block_end > 0 &&
	mend->data[reading->block_end - 1] != '\n';
	size_t		at = cut || mend->copy ? reading->block_start :
		reading->block_end;
	Change		change = {at, at, edit->appended, 0};

	/* add a missing empty line */
	if (reading->body == reading->block_end &&
		(edit->changes->len > 0 || change.with != NULL))
	{
		Change		gap = {reading->body, reading->body,
		g_string_new(edit->eol), 0};

		if (cut)
			g_string_append(gap.with, edit->eol);
		g_array_prepend_val(edit->changes, gap);
	}
	/* in front of other changes at that offset */
	if (change.with != NULL)
		g_array_prepend_val(edit->changes, change);
	/* bytes before the first field could hide the new fields */
	if (reading->block_start > 0 && edit->changes->len > 0)
	{
		Change		rest = {0, reading->block_start, NULL, 0};

		g_array_prepend_val(edit->changes, rest);
	}
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
	Edit		edit = {.props = props, .depth = depth};
	Tally	   *aside = tally_new();
	const char *why;
	const char *nl = memchr(data, '\n', len);
	GString    *out = NULL;

	edit.reading = mime_read(&raw, aside, &why);
	tally_free(aside);
	if (edit.reading == NULL && !rebuild)
		return NULL;
	if (edit.reading == NULL)
		edit.reading = reading_empty();
	edit.before = before ? before : edit.reading->props;
	edit.eol = nl != NULL && (nl == data || nl[-1] != '\r') ? "\n" : "\r\n";
	edit.changes = g_array_new(FALSE, FALSE, sizeof(Change));
	g_array_set_clear_func(edit.changes, splice_clear);
	letter_edit(&edit);
	if (rebuild)
		set_content(&edit, part_content(props, edit.eol, depth,
										   compose_message));
	else
		edit_content(&edit);
	end_header(&edit);
	if (edit.changes->len > 0)
	{
		out = splice_apply(&edit);
		g_string_prepend_len(out, data, (gssize) mend_lead(data, len));
	}
	else
		out = g_string_new_len(data, (gssize) len);
	g_array_free(edit.changes, TRUE);
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

	return edit_bytes(props, NULL, header, strlen(header), depth, true);
}

GString *
compose_original(json_t *props, const char *data, size_t len)
{
	GString    *out = len > 0 ? edit_message(props, NULL, data, len, 0) : NULL;

	return out ? out : compose_message(props, 0);
}
