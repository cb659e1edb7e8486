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

#include "mail.h"

/* The fields that describe a part. */
#define PART_FIELDS	"Content-(?:Type|Transfer-Encoding|Disposition|ID|" \
					"Location|MD5)"

/* The edits of PR_BODY or PR_HTML. */
typedef struct Body
{
	bool		edited;
	bool		placed;			/* the original has a part for the body */
	bool		done;			/* written, or empty, or not edited */
} Body;

/* The edits of the content. */
typedef struct Content
{
	Body		bodies[2];		/* the text, the HTML */
	GPtrArray  *first;			/* parts before all others */
	GPtrArray  *last;
	GPtrArray  *related;		/* parts beside new HTML */
} Content;

static GString *edit_bytes(json_t *props, json_t *before, const char *data,
						   size_t len, int depth, bool rebuild);

/* ------------------------------------------------------------- attachments */

/* Return the attachment with a number, or NULL. */
static json_t *
find_attachment(json_t *props, unsigned number)
{
	size_t		i;
	json_t	   *one;

	json_array_foreach(json_object_get(props, "PR_MESSAGE_ATTACHMENTS"), i,
					   one)
	{
		if (number_of(one, "PR_ATTACH_NUM", (json_int_t) i) == number)
			return one;
	}
	return NULL;
}

/*
 * Return the attachment that the original has under a number, with its edits;
 * NULL if the attachment was deleted.  An attachment that shares nothing but
 * the number with the original's attachment is a new attachment.  *before is
 * the original's attachment or NULL.  *same is true if nothing was edited;
 * edits within an embedded message do not count.
 */
static json_t *
attachment_now(const Edit *edit, unsigned number, json_t **before, bool *same)
{
	static const char *const names[] = {
		"PR_ATTACH_CONTENT_LOCATION", "PR_ATTACH_DATA_BIN",
		"PR_ATTACH_LONG_FILENAME", "PR_ATTACH_CONTENT_ID", "PR_ATTACH_MIME_TAG"
	};
	json_t	   *now = find_attachment(edit->props, number);
	bool		shared = false;

	*before = find_attachment(edit->before, number);
	*same = (json_object_get(now, "PR_ATTACH_DATA_OBJ") == NULL) ==
		(json_object_get(*before, "PR_ATTACH_DATA_OBJ") == NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		bool		equal = same_value(now, *before, names[i]);

		*same = *same && equal;
		shared |= i > 0 && equal && json_object_get(now, names[i]) != NULL;
	}
	return shared ? now : NULL;
}

/* ----------------------------------------------- the parts of the original */

/* Append bytes of the original. */
static GString *
append_data(const Edit *edit, GString *out, size_t from, size_t to)
{
	return g_string_append_len(out, edit->reading->mend->data + from,
							   (gssize) (to - from));
}

/*
 * Return the header of a part of the original, with an empty line; of the
 * whole content, the fields that describe the content.
 */
static GString *
old_header(const Edit *edit, const Part *part)
{
	GString    *out = g_string_new(NULL);
	const Field *field;

	if (part->depth > 0)
		return append_data(edit, out, part->start, part->body);
	for (guint i = 0; (field = header_next(part->header, NULL, &i)) != NULL;)
	{
		if (text_matches("\\A" PART_FIELDS "\\z", field->name))
			append_data(edit, out, field->offset, field->end);
	}
	return g_string_append(out, edit->eol);
}

/* Return a part of the original. */
static GString *
old_part(const Edit *edit, const Part *part)
{
	return append_data(edit, old_header(edit, part), part->body, part->end);
}

/* Return a part of the original, without content, as GMime's, or NULL. */
static GMimeObject *
old_object(const Edit *edit, const Part *part)
{
	g_autoptr(GString) header = old_header(edit, part);
	GMimeObject *object = parse_header(header);

	if (!GMIME_IS_PART(object))
		g_clear_object(&object);
	return object;
}

/*
 * Return an embedded message with its edits.  *edited is set to true if the
 * result differs from the original.
 */
static GString *
inner_message(const Edit *edit, const Part *part, json_t *now, json_t *before,
			  bool *edited)
{
	g_autoptr(GByteArray) bytes = part_bytes(edit->reading, part);
	GString    *inner =
		edit_bytes(json_object_get(now, "PR_ATTACH_DATA_OBJ"),
				   json_object_get(before, "PR_ATTACH_DATA_OBJ"),
				   (const char *) bytes->data, bytes->len, edit->depth + 1,
				   false);

	*edited |= inner != NULL &&
		(inner->len != bytes->len ||
		 memcmp(inner->str, bytes->data, inner->len) != 0);
	return inner;
}

/* ------------------------------------------------------------- the content */

/* Return PR_BODY, or PR_HTML with the parts beside it, as a part. */
static GString *
new_body(const Edit *edit, Content *content, bool html, GMimeObject *old)
{
	const char *value = text_of(edit->props, html ? "PR_HTML" : "PR_BODY");
	gsize		len = strlen(value);
	g_autofree char *text = html ? (char *) g_base64_decode(value, &len) :
		g_strdup(value);
	GString    *part = part_text(text, len, html ? "html" : "plain",
								 edit->eol, old);
	GPtrArray  *parts;

	content->bodies[html].done = true;
	if (!html)
		return part;
	parts = g_steal_pointer(&content->related);
	content->related = parts_new();
	g_ptr_array_insert(parts, 0, part);
	return join_parts(parts, "related", edit->eol);
}

/* Return true if a body without a part was edited. */
static bool
is_new(const Body *body)
{
	return !body->placed && !body->done;
}

/*
 * Return the part that replaces a body of the original: the edited text or
 * HTML, or both as alternatives if the other one has no part.  Returns NULL
 * if the place becomes empty.
 */
static GString *
body_part(const Edit *edit, const Part *place, Content *content)
{
	bool		html = place->html;
	const Body *own = &content->bodies[html];
	bool		both = is_new(&content->bodies[!html]);
	GMimeObject *old = both ? NULL : old_object(edit, place);
	GPtrArray  *parts = parts_new();

	if (!own->edited)
		g_ptr_array_add(parts, old_part(edit, place));
	else if (!own->done)
		g_ptr_array_add(parts, new_body(edit, content, html, old));
	if (both)
		g_ptr_array_insert(parts, html ? 0 : -1,
						   new_body(edit, content, !html, NULL));
	g_clear_object(&old);
	if (parts->len > 0)
		return join_parts(parts, "alternative", edit->eol);
	g_ptr_array_free(parts, TRUE);
	return NULL;
}

/*
 * Return true if an attachment of a part was edited or deleted.  *inner is
 * the embedded message with its edits, or NULL.
 */
static bool
attachments_differ(const Edit *edit, const Part *place, GString **inner)
{
	bool		differ = false;

	for (unsigned n = place->number; n < place->number + place->attachments;
		 n++)
	{
		bool		same;
		json_t	   *before;
		json_t	   *now = attachment_now(edit, n, &before, &same);

		if (before == NULL)
			continue;			/* not read within an embedded message */
		differ |= now == NULL || !same;
		if (place->attachments == 1 && json_object_get(now,
													   "PR_ATTACH_DATA_OBJ"))
			*inner = inner_message(edit, place, now, before, &differ);
	}
	return differ;
}

/* Return the parts that replace a part without parts; NULL without edits. */
static GPtrArray *
leaf_parts(const Edit *edit, const Part *place, Content *content)
{
	g_autoptr(GString) inner = NULL;
	bool		differ = attachments_differ(edit, place, &inner);
	bool		is_body = place->text || place->html;
	bool		several = is_body || place->attachments > 1;
	Body	   *own = &content->bodies[place->html];
	GMimeObject *old = NULL;
	GString    *part = NULL;
	GPtrArray  *parts;

	if (place->text && !own->edited && differ)
	{
		/* write the text without its uuencoded files */
		own->edited = true;
		own->done = false;
	}
	if (!differ && !(is_body && (own->edited ||
								 is_new(&content->bodies[!place->html]))))
		return NULL;
	parts = parts_new();
	if (is_body && (part = body_part(edit, place, content)) != NULL)
		g_ptr_array_add(parts, part);
	/* if several attachments were read, there is no part to change */
	if (!several)
		old = old_object(edit, place);
	for (unsigned n = place->number; n < place->number + place->attachments;
		 n++)
	{
		bool		same;
		json_t	   *before;
		json_t	   *now = attachment_now(edit, n, &before, &same);

		if (now != NULL)
			g_ptr_array_add(parts, part_attachment(edit, now, before, old,
												   place, inner));
	}
	g_clear_object(&old);
	return parts;
}

/* Return the boundary line in front of a part of a multipart. */
static GString *
boundary_line(const Edit *edit, const Part *multipart, const Part *part)
{
	const char *data = edit->reading->mend->data;
	size_t		line = part->start - (part->start > multipart->body);

	while (line > multipart->body && data[line - 1] != '\n')
		line--;
	return append_data(edit, g_string_new(NULL), line, part->start);
}

/* Return the line end after a part. */
static GString *
end_of_line(const Edit *edit, const Part *part, const Part *multipart)
{
	const char *data = edit->reading->mend->data;
	size_t		next = part->end;

	next += next < multipart->end && data[next] == '\r';
	next += next < multipart->end && data[next] == '\n';
	return append_data(edit, g_string_new(NULL), part->end, next);
}

/*
 * Append the bytes of a multipart from *at on, up to its last edited part.
 * Returns true if a part was edited.
 */
static bool
append_edited(const Edit *edit, const Part *multipart, Content *content,
			  GString *out, size_t *at)
{
	bool		edited = false;

	for (guint i = 0; i < multipart->parts->len; i++)
	{
		const Part *one = g_ptr_array_index(multipart->parts, i);
		g_autoptr(GPtrArray) parts = one->parts->len > 0 ? NULL :
			leaf_parts(edit, one, content);
		g_autoptr(GString) line = boundary_line(edit, multipart, one);
		g_autoptr(GString) eol = end_of_line(edit, one, multipart);
		size_t		next = one->end + eol->len;

		if (one->parts->len > 0)
			edited |= append_edited(edit, one, content, out, at);
		if (parts == NULL)
			continue;
		if (eol->len == 0 && (one->end < multipart->end || parts->len > 1))
			g_string_append(eol, edit->eol);
		append_data(edit, out, *at, MAX(*at, one->start - line->len));
		append_parts(out, parts, line, eol);
		*at = next;
		edited = true;
	}
	return edited;
}

/*
 * Return the root with the edits of its parts, or NULL without edits.  If the
 * root is a multipart/mixed, takes the parts in content->first and last.
 */
static GString *
edited_root(const Edit *edit, Content *content)
{
	const Part *root = edit->reading->root;
	bool		mixed = part_is(root, "^multipart/mixed$") &&
		content->first->len + content->last->len > 0;
	const Part *one = g_ptr_array_index(root->parts, 0);
	g_autoptr(GString) line = boundary_line(edit, root, one);
	g_autoptr(GString) eol = g_string_new(edit->eol);
	GString    *out = old_header(edit, root);
	size_t		at = root->body;
	bool		edited;

	if (mixed)
	{
		append_data(edit, out, at, one->start - line->len);
		at = one->start - line->len;
		append_parts(out, content->first, line, eol);
	}
	edited = append_edited(edit, root, content, out, &at);
	if (mixed)
	{
		g_autoptr(GString) rest = NULL;
		size_t		next;

		one = g_ptr_array_index(root->parts, root->parts->len - 1);
		rest = end_of_line(edit, one, root);
		next = one->end + rest->len;
		append_data(edit, out, at, next);
		at = next;
		/* the closing boundary is missing */
		if (at == root->end)
			g_string_append(out, edit->eol);
		append_parts(out, content->last, line, eol);
		if (at == root->end)
			g_string_append_printf(out, "%s--%s", g_strchomp(line->str),
								   edit->eol);
		g_ptr_array_set_size(content->first, 0);
		g_ptr_array_set_size(content->last, 0);
	}
	append_data(edit, out, at, root->end);
	if (edited || mixed)
		return out;
	g_string_free(out, TRUE);
	return NULL;
}

/* Find the bodies that have a part in the original. */
static void
find_bodies(const Part *place, Content *content)
{
	content->bodies[0].placed |= place->text;
	content->bodies[1].placed |= place->html;
	for (guint i = 0; i < place->parts->len; i++)
		find_bodies(g_ptr_array_index(place->parts, i), content);
}

/*
 * Replace the whole content of the message by a part, and the message's fields
 * that describe the content by the header of the part, if it differs.
 */
static void
set_content(Edit *edit, GString *part)
{
	const Header *header = edit->reading->root->header;
	g_autoptr(GString) old = old_header(edit, edit->reading->root);
	size_t		len = header_len(part);
	g_autoptr(GString) new = g_string_new_len(part->str, (gssize) len);
	const Field *old_field;
	GMimeObject *object = NULL;

	edit->content = g_string_erase(part, 0, (gssize) len);
	if (g_string_equal(old, new))
		return;
	if (header_get(header, "MIME-Version") == NULL)
		envelope_set(edit, "MIME-Version", "1.0");
	for (guint i = 0; (old_field = header_next(header, NULL, &i)) != NULL;)
	{
		if (text_matches("\\A(?:" PART_FIELDS "|Content-Length|Lines)\\z",
						 old_field->name))
			envelope_set(edit, old_field->name, NULL);
	}
	object = parse_header(new);
	for (int i = 0; object != NULL; i++)
	{
		GMimeHeaderList *list = g_mime_object_get_header_list(object);
		GMimeHeader *field = i < g_mime_header_list_get_count(list) ?
			g_mime_header_list_get_header_at(list, i) : NULL;

		if (field == NULL)
			g_clear_object(&object);
		else if (g_mime_header_get_offset(field) >= 0)
			envelope_set(edit, g_mime_header_get_name(field),
						 g_mime_header_get_raw_value(field));
	}
}

/*
 * Return the parts that the content consists of now, or an empty array if the
 * content was not edited.
 */
static GPtrArray *
content_parts(const Edit *edit, Content *content)
{
	const Part *root = edit->reading->root;
	GPtrArray  *parts = NULL;
	GString    *part;
	bool		edited;

	if (!edit->rebuild && root->parts->len == 0)
		parts = leaf_parts(edit, root, content);
	else if (!edit->rebuild && (part = edited_root(edit, content)) != NULL)
	{
		parts = parts_new();
		g_ptr_array_add(parts, part);
	}
	edited = edit->rebuild || parts != NULL;
	if (parts == NULL)
		parts = parts_new();
	if (!edited && content->first->len + content->last->len > 0)
	{
		if (!root->partless)
			g_ptr_array_add(parts, old_part(edit, root));
		else if (content->last->len > 0 && root->text)
			g_ptr_array_add(parts, new_body(edit, content, false, NULL));
	}
	g_ptr_array_extend_and_steal(content->first, parts);
	g_ptr_array_extend_and_steal(content->first, content->last);
	if (edited && content->first->len == 0)
		g_ptr_array_add(content->first, content->bodies[0].placed ?
						part_text("", 0, "plain", edit->eol, NULL) :
						new_body(edit, content, false, NULL));
	return content->first;
}

/* Return the report-type of a message by its attachments, or NULL. */
static const char *
report_type(json_t *props)
{
	size_t		i;
	json_t	   *one;

	if (!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"), "REPORT."))
		return NULL;
	json_array_foreach(json_object_get(props, "PR_MESSAGE_ATTACHMENTS"), i,
					   one)
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
 * Return true if a single part is to be the part of a multipart.  Readers
 * could take an attachment without a multipart for the body.
 */
static bool
stands_apart(const Edit *edit)
{
	const Part *root = edit->reading->root;

	if (!edit->rebuild)
		return root->parts->len == 0 && root->attachments > 0 &&
			(root->text || root->html || root->attachments > 1);
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
	static const char *const names[] = {"PR_BODY", "PR_HTML"};
	Content		content = {.first = parts_new(), .last = parts_new(),
	.related = parts_new()};
	Body	   *bodies = content.bodies;
	const char *report = edit->rebuild ? report_type(edit->props) : NULL;
	GPtrArray  *parts = parts_new();
	size_t		i;
	json_t	   *one;

	for (i = 0; i < 2; i++)
	{
		bodies[i].edited = !same_value(edit->props, edit->before, names[i]);
		bodies[i].done = !bodies[i].edited ||
			*text_of(edit->props, names[i]) == '\0';
	}
	if (!edit->rebuild)
		find_bodies(edit->reading->root, &content);
	json_array_foreach(json_object_get(edit->props, "PR_MESSAGE_ATTACHMENTS"),
					   i, one)
	{
		bool		beside = !bodies[1].done &&
		(number_of(one, "PR_ATTACH_FLAGS", 0) & ATT_MHTML_REF);
		unsigned	n = (unsigned) number_of(one, "PR_ATTACH_NUM",
											 (json_int_t) i);
		bool		same;
		json_t	   *before;

		if (attachment_now(edit, n, &before, &same) == NULL)
			g_ptr_array_add(beside ? content.related : content.last,
							part_attachment(edit, one, NULL, NULL, NULL,
											NULL));
	}
	/* bodies that neither replace a part nor stand beside one */
	for (i = 0; i < 2 && !bodies[0].placed && !bodies[1].placed; i++)
	{
		if (!bodies[i].done)
			g_ptr_array_add(parts, new_body(edit, &content, i == 1, NULL));
	}
	if (parts->len > 0)
		g_ptr_array_add(content.first, join_parts(parts, "alternative",
												  edit->eol));
	else
		g_ptr_array_free(parts, TRUE);
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

/*
 * Return the only attachment of a signed or encrypted message, if the texts in
 * the attachment are equal to those of the message; else NULL.
 */
static GString *
sealed_part(json_t *props)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	json_t	   *one = json_array_get(list, 0);
	RawMessage	raw = {.path = NULL};
	json_auto_t *inside = NULL;
	g_autofree guchar *bytes = NULL;

	if (json_array_size(list) != 1 ||
		!g_str_has_prefix(text_of(one, "PR_ATTACH_MIME_TAG"), "multipart/") ||
		!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"),
						  "IPM.Note.SMIME"))
		return NULL;
	bytes = g_base64_decode(text_of(one, "PR_ATTACH_DATA_BIN"), &raw.len);
	raw.data = (char *) bytes;
	inside = mime_to_json(&raw, NULL);
	return inside != NULL && same_value(inside, props, "PR_BODY") &&
		same_value(inside, props, "PR_HTML") ?
		g_string_new_len(raw.data, (gssize) raw.len) : NULL;
}

/*
 * Append the edited header.  New fields are added at its end.  Readers
 * disagree on the end of a header that is damaged or cut off; there the fields
 * are added at the start.
 */
static void
append_header(const Edit *edit, GString *out)
{
	const Part *root = edit->reading->root;
	const char *data = edit->reading->mend->data;
	bool		cut = root->head > 0 && data[root->head - 1] != '\n';
	bool		at_start = cut || edit->reading->mend->broken;
	size_t		at = root->start;
	const Field *field;

	g_string_append(out, at_start ? edit->appended->str : "");
	for (guint i = 0; (field = header_next(root->header, NULL, &i)) != NULL;)
	{
		if (field->now == NULL || field->offset < at)
			continue;
		append_data(edit, out, at, field->offset);
		g_string_append(out, field->now);
		at = field->end;
	}
	append_data(edit, out, at, root->head);
	g_string_append(out, at_start ? "" : edit->appended->str);
	/* add a missing empty line */
	if (cut)
		g_string_append(out, edit->eol);
	if (root->body == root->head)
		g_string_append(out, edit->eol);
	append_data(edit, out, root->head, root->body);
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
	.compose = compose_message};
	GString    *sealed = rebuild ? sealed_part(props) : NULL;
	const char *nl = memchr(data, '\n', len);
	GString    *out;

	edit.reading = mime_read(&raw, NULL);
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
	if (edit.edited || edit.content != NULL)
	{
		out = g_string_new_len(data, (gssize) mend_lead(data, len));
		append_header(&edit, out);
		if (edit.content != NULL)
			g_string_append_len(out, edit.content->str,
								(gssize) edit.content->len);
		else
			append_data(&edit, out, edit.reading->root->body,
						edit.reading->mend->len);
	}
	else
		out = g_string_new_len(data, (gssize) len);
	if (edit.content != NULL)
		g_string_free(edit.content, TRUE);
	g_string_free(edit.appended, TRUE);
	reading_free(edit.reading);
	return out;
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
	GString    *out = len > 0 ?
		edit_bytes(props, NULL, data, len, 0, false) : NULL;

	return out ? out : compose_message(props, 0);
}
