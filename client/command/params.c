/*-------------------------------------------------------------------------
 *
 * params.c
 *	  A mail that is to be saved, and its values as parameters of
 *	  import_message().
 *
 * NOTES
 *	  Headers and bodies are parameters of their own, and long bytes of
 *	  attachments are elements of an array, so that the JSON has neither.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"

/* OIDs of the types of parameters; they are fixed in every PostgreSQL */
#define BYTEAOID		17
#define INT8OID			20
#define TEXTOID			25
#define BYTEAARRAYOID	1001
#define JSONBOID		3802

const Oid	params_types[N_PARAMS] = {
	INT8OID, INT8OID, JSONBOID, TEXTOID, TEXTOID, BYTEAOID, BYTEAARRAYOID,
	BYTEAOID
};
const int	params_formats[N_PARAMS] = {0, 0, 0, 0, 0, 1, 1, 1};

/* Return the bytes as one array of bytea in binary form; NULL without bytes. */
static GByteArray *
array_bytes(const GPtrArray *aside)
{
	GByteArray *out;
	guint32		header[5] = {htonl(1), htonl(1), htonl(BYTEAOID),
	htonl(aside->len), htonl(1)};

	if (aside->len == 0)
		return NULL;
	out = g_byte_array_new();
	g_byte_array_append(out, (guint8 *) header, sizeof(header));
	for (guint i = 0; i < aside->len; i++)
	{
		const GByteArray *bytes = g_ptr_array_index(aside, i);
		guint32		len = htonl(bytes ? bytes->len : G_MAXUINT32);

		g_byte_array_append(out, (guint8 *) &len, sizeof(len));
		if (bytes != NULL)
			g_byte_array_append(out, bytes->data, bytes->len);
	}
	return out;
}

/* Take a property out of an object. */
static json_t *
take_property(json_t *props, const char *name)
{
	json_t	   *value = json_incref(json_object_get(props, name));

	json_object_del(props, name);
	return value;
}

/* Take the bytes that a property refers to. */
static GByteArray *
take_bytes(json_t *props, const char *name, GPtrArray *aside)
{
	json_t	   *value = json_object_get(props, name);
	json_int_t	n = json_integer_value(json_object_get(value, "blob"));
	GByteArray *bytes;

	if (n == 0)
		return NULL;
	json_object_del(props, name);
	bytes = g_ptr_array_index(aside, n - 1);
	g_ptr_array_index(aside, n - 1) = NULL;
	if ((guint) n == aside->len)
		g_ptr_array_set_size(aside, (gint) n - 1);
	return bytes;
}

Mail *
mail_new(char *where, Tally *tally, json_t *props, GPtrArray *aside,
		 GByteArray *original)
{
	Mail	   *mail = g_new0(Mail, 1);

	mail->where = where;
	mail->tally = tally;
	mail->original = original;
	mail->bytes = original ? original->len : 0;
	if (aside == NULL)
	{
		mail->large = props;
		return mail;
	}
	mail->headers = take_property(props, "PR_TRANSPORT_MESSAGE_HEADERS");
	mail->body = take_property(props, "PR_BODY");
	mail->html = take_bytes(props, "PR_HTML", aside);
	mail->attachments = array_bytes(aside);
	mail->props = json_dumps(props, JSON_COMPACT);
	json_decref(props);
	mail->bytes += strlen(mail->props) + json_string_length(mail->headers) +
		json_string_length(mail->body) + (mail->html ? mail->html->len : 0) +
		(mail->attachments ? mail->attachments->len : 0);
	return mail;
}

void
mail_free(Mail *mail)
{
	g_free(mail->where);
	json_decref(mail->tally);
	free(mail->props);
	json_decref(mail->headers);
	json_decref(mail->body);
	g_clear_pointer(&mail->html, g_byte_array_unref);
	g_clear_pointer(&mail->attachments, g_byte_array_unref);
	g_clear_pointer(&mail->original, g_byte_array_unref);
	json_decref(mail->large);
	g_free(mail->refused);
	g_free(mail);
}

static void
put_bytes(Params *params, int n, const GByteArray *bytes)
{
	params->values[n] = bytes ? (const char *) bytes->data : NULL;
	params->lengths[n] = bytes ? (int) bytes->len : 0;
	if (bytes != NULL && bytes->data == NULL)
		params->values[n] = "";
}

void
params_fill(Params *params, const SaverOptions *options, const Mail *mail)
{
	memset(params, 0, sizeof(Params));
	snprintf(params->numbers[0], sizeof(params->numbers[0]), "%" PRId64,
			 options->store_id);
	snprintf(params->numbers[1], sizeof(params->numbers[1]), "%" PRId64,
			 options->folder_id);
	params->values[0] = params->numbers[0];
	params->values[1] = params->numbers[1];
	params->values[2] = mail->props;
	params->values[3] = json_string_value(mail->headers);
	params->values[4] = json_string_value(mail->body);
	put_bytes(params, 5, mail->html);
	put_bytes(params, 6, mail->attachments);
	put_bytes(params, 7, mail->original);
}
