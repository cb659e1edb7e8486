/*-------------------------------------------------------------------------
 *
 * large.c
 *	  Read and save messages with large values.
 *
 * NOTES
 *	  The JSON object that get_props() returns has references in place of
 *	  values that the server stores as blobs.  large_fetch() replaces them by
 *	  the values, a string as it is and bytes as base64.
 *
 *	  A message that is too large for one call is created through handles.  Its
 *	  long values are written in pieces, and the JSON text that is sent has all
 *	  other values.  The long values of the message itself are written first,
 *	  so that their references can be in the text: setting one of the bodies
 *	  alone would delete the other bodies.  Each attachment or embedded message
 *	  with a long value follows, through a handle of its own.  The server needs
 *	  memory for one piece and for the other values.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "mail.h"

/* The size of a piece, whose base64 has no padding. */
#define PIECE_BYTES		((size_t) 768 * 1024)

/*
 * A message is large if one of its strings has more than LARGE_VALUE bytes, or
 * if its strings have more than LARGE_BYTES in all: a jsonb ends at 256 MB.
 */
#define LARGE_VALUE		((size_t) 1024 * 1024)
#define LARGE_BYTES		((size_t) 128 * 1024 * 1024)

/* Bytes of an original that are read or written at once. */
#define ORIGINAL_BYTES	((size_t) 1024 * 1024)

/* In a large message, base64 of an attachment is long from this size on. */
#define LONG_BYTES		((size_t) 64 * 1024)

/* Set *is_text to true for a string, to false for a binary property. */
static bool
find_kind(msgstore *ms, const char *name, bool *is_text)
{
	char	   *type = msgstore_property_type(ms, name);

	if (type == NULL)
		return false;
	*is_text = strcmp(type, "PT_UNICODE") == 0;
	free(type);
	return true;
}

/* -------------------------------------------------------- out of the store */

typedef struct Fetch
{
	msgstore   *ms;
	size_t		fetched;		/* bytes so far */
	const char *why;			/* the reason, if no call failed; or NULL */
} Fetch;

/* Return true if a value is a reference to a blob. */
static bool
is_reference(const json_t *value)
{
	return json_is_integer(json_object_get(value, "blob"));
}

/* Return true if a value is or contains a reference. */
static bool
has_reference(const json_t *value)
{
	size_t		i;
	json_t	   *one;

	if (is_reference(value))
		return true;
	json_array_foreach(value, i, one)
	{
		if (has_reference(one))
			return true;
	}
	for (void *at = json_object_iter((json_t *) value); at != NULL;
		 at = json_object_iter_next((json_t *) value, at))
	{
		if (has_reference(json_object_iter_value(at)))
			return true;
	}
	return false;
}

/*
 * Read a property whose value has the given size, and return it as a JSON
 * string: a text, or base64 of bytes.  Returns NULL on error.
 */
static json_t *
read_value(Fetch *fetch, int32_t handle, const char *name, size_t size)
{
	g_autofree char *out = NULL;
	json_t	   *value;
	size_t		len = 0;
	size_t		at = 0;
	gint		state = 0;
	gint		save = 0;
	bool		is_text;

	if (!find_kind(fetch->ms, name, &is_text))
		return NULL;
	out = g_malloc(is_text ? size + 1 : size / 3 * 4 + 8);
	while (at < size)
	{
		size_t		got;
		void	   *bytes = msgstore_read_stream(fetch->ms, handle, name,
												 (int64_t) at,
												 (int64_t) MIN(PIECE_BYTES,
															   size - at),
												 &got);

		if (bytes == NULL)
			return NULL;
		if (got == 0 || got > size - at)
		{
			free(bytes);
			fetch->why = "a value does not have the size of its reference";
			return NULL;
		}
		if (is_text)
			memcpy(out + at, bytes, got);
		else
			len += g_base64_encode_step(bytes, got, FALSE, out + len, &state,
										&save);
		free(bytes);
		at += got;
	}
	if (is_text)
		len = at;
	else
		len += g_base64_encode_close(FALSE, out + len, &state, &save);
	value = json_stringn(out, len);
	if (value == NULL)
		fetch->why = "out of memory";
	return value;
}

/* Replace a reference in an object by its value. */
static bool
fetch_value(Fetch *fetch, int32_t handle, json_t *object, const char *name)
{
	json_t	   *reference = json_object_get(object, name);
	json_int_t	size = json_integer_value(json_object_get(reference, "size"));
	json_t	   *value;

	if ((size_t) size > MAX_MESSAGE_BYTES - fetch->fetched)
	{
		fetch->why = MESSAGE_TOO_LONG;
		return false;
	}
	value = read_value(fetch, handle, name, (size_t) size);
	if (value == NULL)
		return false;
	fetch->fetched += (size_t) size;
	return json_object_set_new(object, name, value) == 0;
}

static bool fetch_object(Fetch *fetch, int32_t handle, json_t *object);

/* Replace the references in an attachment, and in its embedded message. */
static bool
fetch_attachment(Fetch *fetch, int32_t parent, json_t *attachment)
{
	json_t	   *number = json_object_get(attachment, "PR_ATTACH_NUM");
	json_t	   *message = json_object_get(attachment, "PR_ATTACH_DATA_OBJ");
	msgstore   *ms = fetch->ms;
	int32_t		handle;
	int32_t		inner;

	if (!msgstore_open_attachment(ms, parent,
								  (int32_t) json_integer_value(number), 0,
								  &handle) ||
		!fetch_object(fetch, handle, attachment))
		return false;
	if (has_reference(message) &&
		!(msgstore_open_embedded_message(ms, handle, 0, &inner) &&
		  fetch_object(fetch, inner, message) &&
		  msgstore_close_object(ms, inner)))
		return false;
	return msgstore_close_object(ms, handle);
}

/* Replace all references in a message or in an attachment, to any depth. */
static bool
fetch_object(Fetch *fetch, int32_t handle, json_t *object)
{
	json_t	   *list = json_object_get(object, "PR_MESSAGE_ATTACHMENTS");
	const char *name;
	json_t	   *value;
	size_t		i;
	json_t	   *one;

	json_object_foreach(object, name, value)
	{
		if (is_reference(value) &&
			!fetch_value(fetch, handle, object, name))
			return false;
	}
	json_array_foreach(list, i, one)
	{
		if (has_reference(one) && !fetch_attachment(fetch, handle, one))
			return false;
	}
	return true;
}

bool
large_fetch(msgstore *ms, int32_t handle, json_t *props, const char **why)
{
	Fetch		fetch = {.ms = ms};
	bool		ok = fetch_object(&fetch, handle, props);

	*why = fetch.why;
	return ok;
}

/* ---------------------------------------------------------- into the store */

/* Return true if a value of a large message is written in pieces. */
static bool
is_long(const char *name, const json_t *value)
{
	return json_string_length(value) >
		(strcmp(name, "PR_ATTACH_DATA_BIN") == 0 ? LONG_BYTES : LARGE_VALUE);
}

/* The strings in a value. */
typedef struct Strings
{
	size_t		bytes;			/* of all strings */
	size_t		longest;		/* bytes of the longest string */
	bool		any_long;		/* is_long() of one of them */
} Strings;

/* Count the strings in a value, which has a name if it is a property. */
static void
count_strings(Strings *strings, const char *name, json_t *value)
{
	size_t		len = json_string_length(value);
	const char *member;
	size_t		i;
	json_t	   *one;

	strings->bytes += len;
	strings->longest = MAX(strings->longest, len);
	strings->any_long |= is_long(name, value);
	json_object_foreach(value, member, one)
		count_strings(strings, member, one);
	json_array_foreach(value, i, one)
		count_strings(strings, "", one);
}

static bool
has_long(json_t *value)
{
	Strings		strings = {0};

	count_strings(&strings, "", value);
	return strings.any_long;
}

bool
large_message(json_t *props, const GPtrArray *aside)
{
	Strings		strings = {0};

	count_strings(&strings, "", props);
	for (guint i = 0; i < aside->len; i++)
	{
		const GByteArray *bytes = g_ptr_array_index(aside, i);

		strings.bytes += bytes->len;
		strings.longest = MAX(strings.longest, bytes->len);
	}
	return strings.longest > LARGE_VALUE || strings.bytes > LARGE_BYTES;
}

/* Return a copy of a value without long strings; short ones are shared. */
static json_t *
short_copy(json_t *value)
{
	json_t	   *copy;
	const char *name;
	size_t		i;
	json_t	   *one;

	if (json_is_object(value))
	{
		copy = json_object();
		json_object_foreach(value, name, one)
		{
			if (!is_long(name, one))
				json_object_set_new(copy, name, short_copy(one));
		}
		return copy;
	}
	if (json_is_array(value))
	{
		copy = json_array();
		json_array_foreach(value, i, one)
			json_array_append_new(copy, short_copy(one));
		return copy;
	}
	return json_incref(value);
}

/* Write a string in pieces of whole characters. */
static bool
write_text(msgstore *ms, int32_t handle, const char *name, const char *text,
		   size_t len)
{
	size_t		at = 0;

	while (at < len)
	{
		size_t		end = MIN(at + PIECE_BYTES, len);

		while (end < len && ((unsigned char) text[end] & 0xC0) == 0x80)
			end--;
		if (!msgstore_write_stream(ms, handle, name, (int64_t) at, text + at,
								   end - at))
			return false;
		at = end;
	}
	return true;
}

/* Write the bytes of a text in base64, in pieces. */
static bool
write_base64(msgstore *ms, int32_t handle, const char *name,
			 const char *coded, size_t len)
{
	g_autofree guchar *bytes = g_malloc(PIECE_BYTES + 3);
	int64_t		written = 0;
	gint		state = 0;
	guint		save = 0;

	for (size_t at = 0; at < len; at += PIECE_BYTES / 3 * 4)
	{
		size_t		n = g_base64_decode_step(coded + at,
											 MIN(PIECE_BYTES / 3 * 4,
												 len - at),
											 bytes, &state, &save);

		if (!msgstore_write_stream(ms, handle, name, written, bytes, n))
			return false;
		written += (int64_t) n;
	}
	return true;
}

/* Return the value of a property as the handle shows it; NULL on error. */
static json_t *
shown_value(msgstore *ms, int32_t handle, const char *name)
{
	const char *const names[] = {name, NULL};
	char	   *text = msgstore_get_props(ms, handle, names);
	json_t	   *props = text ? json_loads(text, 0, NULL) : NULL;
	json_t	   *value = json_incref(json_object_get(props, name));

	json_decref(props);
	free(text);
	return value;
}

/* Write a long value, and return the reference to it; NULL on error. */
static json_t *
put_value(msgstore *ms, int32_t handle, const char *name,
		  const json_t *value)
{
	const char *text = json_string_value(value);
	size_t		len = json_string_length(value);
	bool		is_text;

	if (!find_kind(ms, name, &is_text) ||
		!(is_text ? write_text : write_base64) (ms, handle, name, text, len))
		return NULL;
	return shown_value(ms, handle, name);
}

/*
 * Write the long values of an object, but not of the objects in it, and put
 * the references into "shown".
 */
static bool
put_long_values(msgstore *ms, int32_t handle, json_t *object, json_t *shown)
{
	const char *name;
	json_t	   *value;

	json_object_foreach(object, name, value)
	{
		if (!is_long(name, value))
			continue;
		value = put_value(ms, handle, name, value);
		if (value == NULL)
			return false;
		json_object_set_new(shown, name, value);
	}
	return true;
}

/*
 * Save a handle's edits and close the handle.  Returns false on error, and if
 * *result is a failure.
 */
static bool
save_and_close(msgstore *ms, int32_t handle, int32_t *result)
{
	return msgstore_save_changes(ms, handle, 0, result) &&
		msgstore_close_object(ms, handle) && *result >= 0;
}

static bool put_message(msgstore *ms, int32_t handle, json_t *props,
						int32_t *result);

/* Write the long values of an attachment; the parent has the other values. */
static bool
put_attachment(msgstore *ms, int32_t parent, json_t *attachment,
			   int32_t *result)
{
	json_t	   *number = json_object_get(attachment, "PR_ATTACH_NUM");
	json_t	   *message = json_object_get(attachment, "PR_ATTACH_DATA_OBJ");
	json_t	   *shown = json_object();
	int32_t		handle;
	int32_t		inner;
	bool		ok;

	ok = msgstore_open_attachment(ms, parent,
								  (int32_t) json_integer_value(number),
								  MSGSTORE_MODIFY, &handle) &&
		put_long_values(ms, handle, attachment, shown);
	json_decref(shown);
	if (ok && has_long(message))
		ok = msgstore_open_embedded_message(ms, handle, MSGSTORE_MODIFY,
											&inner) &&
			put_message(ms, inner, message, result) &&
			save_and_close(ms, inner, result);
	return ok && save_and_close(ms, handle, result);
}

/* Set the properties of a message, and write long values, to any depth. */
static bool
put_message(msgstore *ms, int32_t handle, json_t *props, int32_t *result)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	json_t	   *shown = short_copy(props);
	bool		ok = put_long_values(ms, handle, props, shown);
	size_t		i;
	json_t	   *one;

	if (ok)
	{
		char	   *text = json_dumps(shown, JSON_COMPACT);

		ok = msgstore_set_props(ms, handle, text);
		free(text);
	}
	json_decref(shown);
	json_array_foreach(list, i, one)
	{
		if (ok && has_long(one))
			ok = put_attachment(ms, handle, one, result);
	}
	return ok;
}

bool
large_save(msgstore *ms, int64_t store_id, int64_t folder_id, json_t *props,
		   int32_t *result, int64_t *message_id)
{
	int32_t		handle;

	*result = MSGSTORE_S_OK;
	return (msgstore_create_message(ms, store_id, folder_id, 0, &handle) &&
			msgstore_message_id(ms, handle, message_id) &&
			put_message(ms, handle, props, result) &&
			save_and_close(ms, handle, result)) || *result < 0;
}

bool
large_put_original(msgstore *ms, int64_t store_id, int64_t message_id,
				   const char *bytes, size_t len)
{
	size_t		at = 0;
	int64_t		size = 0;

	do
	{
		size_t		n = MIN(len - at, ORIGINAL_BYTES);

		if (!msgstore_write_original(ms, store_id, message_id, bytes + at, n,
									 &size))
			return false;
		at += n;
	} while (size > 0 && at < len);
	return true;
}

GByteArray *
large_get_original(msgstore *ms, int64_t store_id, int64_t message_id,
				   const char **why)
{
	GByteArray *all = g_byte_array_new();
	size_t		got = ORIGINAL_BYTES;

	*why = NULL;
	while (got == ORIGINAL_BYTES)
	{
		void	   *bytes = msgstore_read_original(ms, store_id, message_id,
												   all->len, ORIGINAL_BYTES,
												   &got);

		if (bytes != NULL && got > MAX_MESSAGE_BYTES - all->len)
			*why = MESSAGE_TOO_LONG;
		else if (bytes != NULL)
			g_byte_array_append(all, bytes, (guint) got);
		free(bytes);
		if (bytes == NULL || *why != NULL)
		{
			g_byte_array_unref(all);
			return NULL;
		}
	}
	return all;
}
