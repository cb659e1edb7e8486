/*-------------------------------------------------------------------------
 *
 * compose.c
 *	  Compose a message from its MAPI properties.
 *
 * NOTES
 *	  If the skeleton still fits, the message is as it was at its import: its
 *	  parts, their header fields and encodings, in their order.  Only header
 *	  fields whose properties have been edited are rewritten.
 *
 *	  Otherwise the message is composed from its properties: the bodies as
 *	  alternatives, the parts that the HTML shows beside the HTML, then the
 *	  attachments, in as many multiparts as necessary.  A signed or encrypted
 *	  message whose texts were not edited is the bytes of its one attachment.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/* A part that is being put together. */
typedef struct Entity
{
	GString    *header;			/* fields, each with its line end */
	GString    *body;
} Entity;

static Entity *
entity_new(void)
{
	Entity	   *entity = g_new(Entity, 1);

	entity->header = g_string_new(NULL);
	entity->body = g_string_new(NULL);
	return entity;
}

static void
entity_free(gpointer p)
{
	Entity	   *entity = p;

	g_string_free(entity->header, TRUE);
	g_string_free(entity->body, TRUE);
	g_free(entity);
}

static const char *
text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* A text for a header: on one line, so that it can begin no field. */
static char *
line_of(json_t *object, const char *name)
{
	char	   *line = g_strdup(text_of(object, name));

	for (char *p = line; *p != '\0'; p++)
	{
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	}
	return line;
}

static json_int_t
number_of(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* A field made by GMime, with our line ends. */
static void
put_field(Entity *entity, const char *name, const char *value,
		  const char *eol)
{
	g_autofree char *trimmed = g_strstrip(g_strdup(value));
	GString    *lines = encode_line_ends(trimmed, strlen(trimmed), eol);

	g_string_append_printf(entity->header, "%s: %s%s", name, lines->str, eol);
	g_string_free(lines, TRUE);
}

static void
put_type(Entity *entity, GMimeContentType *type, const char *eol)
{
	g_autofree char *value = g_mime_content_type_encode(type, NULL);

	put_field(entity, "Content-Type", value, eol);
}

/* ------------------------------------------------------------------ leaves */

static Entity *
text_entity(const char *text, size_t len, const char *subtype,
			const char *eol)
{
	Entity	   *entity = entity_new();
	GMimeContentType *type = g_mime_content_type_new("text", subtype);
	GString    *lines = encode_line_ends(text, len, eol);

	g_mime_content_type_set_parameter(type, "charset", "utf-8");
	put_type(entity, type, eol);
	g_object_unref(type);
	if (encode_is_plain(lines->str, lines->len))
		g_string_append_len(entity->body, lines->str, (gssize) lines->len);
	else
	{
		put_field(entity, "Content-Transfer-Encoding", "quoted-printable",
				  eol);
		encode_quoted(entity->body, lines->str, lines->len, eol);
	}
	g_string_free(lines, TRUE);
	return entity;
}

/* Bytes that are a whole part, header and all. */
static Entity *
part_entity(const char *bytes, size_t len)
{
	Entity	   *entity = entity_new();
	const char *lf = g_strstr_len(bytes, (gssize) len, "\n\n");
	const char *crlf = g_strstr_len(bytes, (gssize) len, "\r\n\r\n");
	const char *gap = lf && (!crlf || lf < crlf) ? lf + 1 :
		crlf ? crlf + 2 : bytes + len;
	const char *body = gap + (gap == bytes + len ? 0 : *gap == '\r' ? 2 : 1);

	g_string_append_len(entity->header, bytes, gap - bytes);
	g_string_append_len(entity->body, body, bytes + len - body);
	return entity;
}

static void
put_disposition(Entity *entity, json_t *attachment, const char *eol)
{
	g_autofree char *long_name = line_of(attachment,
										 "PR_ATTACH_LONG_FILENAME");
	g_autofree char *short_name = line_of(attachment, "PR_ATTACH_FILENAME");
	g_autofree char *id = line_of(attachment, "PR_ATTACH_CONTENT_ID");
	g_autofree char *place = line_of(attachment,
									 "PR_ATTACH_CONTENT_LOCATION");
	const char *name = *long_name ? long_name : short_name;
	bool		inside = number_of(attachment, "PR_ATTACH_FLAGS") &
		ATT_MHTML_REF;
	GMimeContentDisposition *disposition =
	g_mime_content_disposition_new();
	g_autofree char *value = NULL;

	g_mime_content_disposition_set_disposition(disposition, inside ? "inline" :
											   "attachment");
	if (*name != '\0')
		g_mime_content_disposition_set_parameter(disposition, "filename",
												 name);
	value = g_mime_content_disposition_encode(disposition, NULL);
	put_field(entity, "Content-Disposition", value, eol);
	g_object_unref(disposition);
	if (*id != '\0')
	{
		g_autofree char *bracketed = g_strdup_printf("<%s>", id);

		put_field(entity, "Content-ID", bracketed, eol);
	}
	if (*place != '\0')
		put_field(entity, "Content-Location", place, eol);
}

/* The bytes of an attachment by value. */
static guchar *
attachment_bytes(json_t *attachment, gsize *len)
{
	return g_base64_decode(text_of(attachment, "PR_ATTACH_DATA_BIN"), len);
}

/* Whether an attachment holds a signed or encrypted multipart. */
static bool
is_sealed(json_t *attachment)
{
	const char *type = text_of(attachment, "PR_ATTACH_MIME_TAG");

	return g_ascii_strncasecmp(type, "multipart/", 10) == 0 &&
		*text_of(attachment, "PR_ATTACH_DATA_BIN") != '\0';
}

static Entity *
attachment_entity(json_t *attachment, const char *eol, int depth)
{
	g_autofree char *own_tag = line_of(attachment, "PR_ATTACH_MIME_TAG");
	g_autofree char *charset = line_of(attachment,
									   "PidTagTextAttachmentCharset");
	const char *tag = own_tag;
	json_t	   *message = json_object_get(attachment, "PR_ATTACH_DATA_OBJ");
	bool		embedded = message != NULL && depth < MAX_NESTING;
	Entity	   *entity;
	GMimeContentType *type;
	g_autofree guchar *bytes = NULL;
	gsize		len;

	bytes = attachment_bytes(attachment, &len);
	if (is_sealed(attachment))
		return part_entity((char *) bytes, len);
	if (embedded && !g_str_has_prefix(tag, "message/"))
		tag = "message/rfc822";
	entity = entity_new();
	type = g_mime_content_type_parse(NULL, *tag ? tag :
									 "application/octet-stream");
	if (*charset != '\0')
		g_mime_content_type_set_parameter(type, "charset", charset);
	put_type(entity, type, eol);
	g_object_unref(type);
	put_disposition(entity, attachment, eol);
	if (embedded)
	{
		GString    *inner = compose_message(message, depth + 1);

		g_string_append_len(entity->body, inner->str, (gssize) inner->len);
		g_string_free(inner, TRUE);
	}
	else
	{
		put_field(entity, "Content-Transfer-Encoding", "base64", eol);
		encode_base64(entity->body, (char *) bytes, len, 76, eol);
	}
	return entity;
}

/* -------------------------------------------------------------- multiparts */

/* A boundary that is in none of the parts. */
static char *
make_boundary(GPtrArray *parts)
{
	GChecksum  *sum = g_checksum_new(G_CHECKSUM_SHA256);
	char	   *boundary;

	for (guint i = 0; i < parts->len; i++)
	{
		Entity	   *one = g_ptr_array_index(parts, i);

		g_checksum_update(sum, (guchar *) one->header->str,
						  (gssize) one->header->len);
		g_checksum_update(sum, (guchar *) one->body->str,
						  (gssize) one->body->len);
	}
	/* to hold its own checksum is more than a part can do */
	boundary = g_strdup_printf("=_msgstore_%.32s",
							   g_checksum_get_string(sum));
	g_checksum_free(sum);
	return boundary;
}

/* The parts as a multipart of some kind; of a single part, that one alone. */
static Entity *
multipart_entity(GPtrArray *parts, const char *subtype,
				 const char *report_type, bool always, const char *eol)
{
	Entity	   *entity;
	GMimeContentType *type;
	g_autofree char *boundary = NULL;

	if (parts->len == 1 && !always)
	{
		g_ptr_array_set_free_func(parts, NULL);
		entity = g_ptr_array_index(parts, 0);
		g_ptr_array_free(parts, TRUE);
		return entity;
	}
	entity = entity_new();
	boundary = make_boundary(parts);
	type = g_mime_content_type_new("multipart", subtype);
	if (report_type != NULL)
		g_mime_content_type_set_parameter(type, "report-type", report_type);
	g_mime_content_type_set_parameter(type, "boundary", boundary);
	put_type(entity, type, eol);
	g_object_unref(type);
	for (guint i = 0; i < parts->len; i++)
	{
		Entity	   *one = g_ptr_array_index(parts, i);

		g_string_append_printf(entity->body, "%s--%s%s", i > 0 ? eol : "",
							   boundary, eol);
		g_string_append_len(entity->body, one->header->str,
							(gssize) one->header->len);
		g_string_append(entity->body, eol);
		g_string_append_len(entity->body, one->body->str,
							(gssize) one->body->len);
	}
	g_string_append_printf(entity->body, "%s--%s--%s", eol, boundary, eol);
	g_ptr_array_free(parts, TRUE);
	return entity;
}

/* The bodies, and with the HTML what it refers to; NULL if there is none. */
static Entity *
body_entity(json_t *props, const char *eol, int depth)
{
	GPtrArray  *alternatives = g_ptr_array_new_with_free_func(entity_free);
	const char *text = text_of(props, "PR_BODY");
	const char *html = text_of(props, "PR_HTML");
	json_t	   *attachments = json_object_get(props,
											  "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	if (*text != '\0')
		g_ptr_array_add(alternatives, text_entity(text, strlen(text), "plain",
												  eol));
	if (*html != '\0')
	{
		GPtrArray  *related = g_ptr_array_new_with_free_func(entity_free);
		gsize		len;
		g_autofree guchar *bytes = g_base64_decode(html, &len);
		g_autofree char *valid = g_utf8_make_valid((char *) bytes,
												   (gssize) len);

		g_ptr_array_add(related, text_entity(valid, strlen(valid), "html",
											 eol));
		json_array_foreach(attachments, i, one)
		{
			if (number_of(one, "PR_ATTACH_FLAGS") & ATT_MHTML_REF)
				g_ptr_array_add(related, attachment_entity(one, eol, depth));
		}
		g_ptr_array_add(alternatives, multipart_entity(related, "related",
													   NULL, false, eol));
	}
	if (alternatives->len > 0)
		return multipart_entity(alternatives, "alternative", NULL, false,
								eol);
	g_ptr_array_free(alternatives, TRUE);
	return NULL;
}

/* Of what kind of report a message is, by its attachments; NULL for none. */
static const char *
report_type(json_t *props)
{
	json_t	   *attachments = json_object_get(props,
											  "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	if (!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"), "REPORT."))
		return NULL;
	json_array_foreach(attachments, i, one)
	{
		const char *type = text_of(one, "PR_ATTACH_MIME_TAG");

		if (strcmp(type, "message/delivery-status") == 0 ||
			strcmp(type, "message/global-delivery-status") == 0)
			return "delivery-status";
		if (strcmp(type, "message/disposition-notification") == 0)
			return "disposition-notification";
	}
	return NULL;
}

/* The whole content of a message. */
static Entity *
content_entity(json_t *props, const char *eol, int depth)
{
	GPtrArray  *parts = g_ptr_array_new_with_free_func(entity_free);
	bool		has_html = *text_of(props, "PR_HTML") != '\0';
	const char *report = report_type(props);
	Entity	   *body = body_entity(props, eol, depth);
	bool		always = report != NULL;
	json_t	   *attachments = json_object_get(props,
											  "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	if (body != NULL)
		g_ptr_array_add(parts, body);
	json_array_foreach(attachments, i, one)
	{
		bool		inside = has_html &&
			(number_of(one, "PR_ATTACH_FLAGS") & ATT_MHTML_REF);

		if (!inside)
			g_ptr_array_add(parts, attachment_entity(one, eol, depth));
	}
	if (parts->len == 0)
		g_ptr_array_add(parts, text_entity("", 0, "plain", eol));
	/* one attachment alone would be taken for the body */
	else if (body == NULL && !g_str_has_prefix(text_of(props,
													   "PR_MESSAGE_CLASS"),
											   "IPM.Note.SMIME"))
		always = true;
	return multipart_entity(parts, report ? "report" : "mixed", report,
							always, eol);
}

/* ------------------------------------------------------------ what is kept */

/*
 * The one attachment of a signed or encrypted message, if the message is
 * that still: its texts are those that stand in there.  NULL if not.
 */
static Entity *
sealed_entity(json_t *props)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	json_t	   *one = json_array_get(list, 0);
	Tally	   *aside;
	RawMessage	raw = {.path = NULL};
	g_autofree guchar *bytes = NULL;
	gsize		len;
	const char *why;
	json_t	   *inside;
	bool		same;

	if (json_array_size(list) != 1 || !is_sealed(one) ||
		!g_str_has_prefix(text_of(props, "PR_MESSAGE_CLASS"),
						  "IPM.Note.SMIME"))
		return NULL;
	bytes = attachment_bytes(one, &len);
	raw.data = (char *) bytes;
	raw.len = len;
	aside = tally_new();
	inside = mime_to_json(&raw, aside, &why);
	tally_free(aside);
	same = inside != NULL &&
		strcmp(text_of(inside, "PR_BODY"), text_of(props, "PR_BODY")) == 0 &&
		strcmp(text_of(inside, "PR_HTML"), text_of(props, "PR_HTML")) == 0;
	json_decref(inside);
	return same ? part_entity((char *) bytes, len) : NULL;
}

/* The header and what the skeleton replays; NULL if that does not fit. */
static GString *
replay_message(json_t *props, GString *header, bool edited, const char *eol,
			   int depth)
{
	GString    *rest = skeleton_replay(props, depth);
	bool		gap;

	if (rest == NULL)
		return NULL;
	gap = rest->len == 0 || rest->str[0] == '\n' ||
		g_str_has_prefix(rest->str, "\r\n");
	if (edited && !gap)
		g_string_prepend(rest, eol);
	g_string_prepend_len(rest, header->str, (gssize) header->len);
	return rest;
}

GString *
compose_message(json_t *props, int depth)
{
	const char *block = text_of(props, "PR_TRANSPORT_MESSAGE_HEADERS");
	const char *nl = strchr(block, '\n');
	const char *eol = nl != NULL && (nl == block || nl[-1] != '\r') ? "\n" :
		"\r\n";
	bool		edited;
	GString    *before = skeleton_header_bytes(props);
	GString    *header = letter_header(props, before, eol, &edited);
	GString    *out = replay_message(props, header, edited, eol, depth);
	Entity	   *content;

	if (before != NULL)
		g_string_free(before, TRUE);
	if (out != NULL)
	{
		g_string_free(header, TRUE);
		return out;
	}
	content = sealed_entity(props);
	if (content == NULL)
		content = content_entity(props, eol, depth);
	letter_drop_content(header);
	if (header->len > 0 && header->str[header->len - 1] != '\n')
		g_string_append(header, eol);
	g_string_append_printf(header, "MIME-Version: 1.0%s", eol);
	g_string_append_len(header, content->header->str,
						(gssize) content->header->len);
	g_string_append(header, eol);
	g_string_append_len(header, content->body->str,
						(gssize) content->body->len);
	entity_free(content);
	return header;
}
