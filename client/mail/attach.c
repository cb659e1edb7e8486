/*-------------------------------------------------------------------------
 *
 * attach.c
 *	  The properties of attachments.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mime.h"

/* The server stores longer bytes as blobs (src/engine/adopt.c). */
#define INLINE_BYTES	8192

bool
attach_is(const Part *part, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(part->type, type, subtype);
}

/* Return a file name cut to eight and three plain characters. */
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

void
attach_names(json_t *attachment, const char *name)
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

json_t *
attach_add(json_t *list, const char *type, int method, Tally *tally)
{
	json_t	   *attachment = json_object();
	g_autofree char *valid = g_utf8_make_valid(type, -1);
	g_autofree char *low = g_ascii_strdown(valid, -1);

	json_object_set_new(attachment, "PR_ATTACH_NUM",
						json_integer((json_int_t) json_array_size(list)));
	json_object_set_new(attachment, "PR_ATTACH_METHOD", json_integer(method));
	json_object_set_new(attachment, "PR_RENDERING_POSITION",
						json_integer(-1));
	put_text(attachment, "PR_ATTACH_MIME_TAG", low);
	json_array_append_new(list, attachment);
	tally_count(tally->attachments, low, 1);
	return attachment;
}

void
attach_bytes(Walk *walk, json_t *attachment, GByteArray *bytes)
{
	GPtrArray  *aside = walk->reading->aside;

	if (aside != NULL && bytes->len > INLINE_BYTES)
	{
		put_aside(attachment, "PR_ATTACH_DATA_BIN", aside, bytes);
		return;
	}
	put_binary(attachment, "PR_ATTACH_DATA_BIN", bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

void
attach_fields(json_t *attachment, const Part *part, bool related)
{
	const char *id = header_get(part->header, "Content-ID");
	const char *place = header_get(part->header, "Content-Location");
	const char *charset = g_mime_content_type_get_parameter(part->type,
															"charset");

	if (part->filename != NULL)
		attach_names(attachment, part->filename);
	if (charset != NULL && attach_is(part, "text", "*"))
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
		bool		brackets = len > 2 && bare[0] == '<' &&
		bare[len - 1] == '>';

		if (brackets)
			bare[len - 1] = '\0';
		put_text(attachment, "PR_ATTACH_CONTENT_ID",
				 brackets ? bare + 1 : bare);
	}
	if (related && (id != NULL || place != NULL))
	{
		json_object_set_new(attachment, "PR_ATTACH_FLAGS",
							json_integer(ATT_MHTML_REF));
		json_object_set_new(attachment, "PR_ATTACHMENT_HIDDEN", json_true());
	}
}
