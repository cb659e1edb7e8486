/*-------------------------------------------------------------------------
 *
 * large.c
 *	  Messages with large values: out of a store.
 *
 * NOTES
 *	  The JSON object of a message that get_props() gives has references in
 *	  place of values that the server holds as blobs.  Here they are replaced
 *	  by the values: a string by itself, bytes by their base64, as the rest of
 *	  the client knows them.
 *
 *	  Each attachment and embedded message has a handle of its own that is
 *	  closed as soon as its parent has what it holds.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* What is read or written at once.  Base64 of it is whole groups of four. */
#define PIECE_BYTES		((size_t) 768 * 1024)

/* Messages with more than that in large values are not exported. */
#define MAX_FETCHED_BYTES	((size_t) 1024 * 1024 * 1024)

/* Whether a property is a string, rather than binary. */
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
	const char *why;			/* it failed without an error; or NULL */
} Fetch;

/* Whether a value is a reference to a blob. */
static bool
is_reference(const json_t *value)
{
	return json_is_integer(json_object_get(value, "blob"));
}

/* Whether there is a reference anywhere in a value. */
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
 * Read a property of so many bytes.  Returns a string, NULL on error.
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
		if (got == 0)
			break;
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

/* Put the value in the place of a reference that an object has. */
static bool
fetch_value(Fetch *fetch, int32_t handle, json_t *object, const char *name)
{
	json_t	   *reference = json_object_get(object, name);
	json_int_t	size = json_integer_value(json_object_get(reference, "size"));
	json_t	   *value;

	if ((size_t) size > MAX_FETCHED_BYTES - fetch->fetched)
	{
		fetch->why = "message longer than 1 GB";
		return false;
	}
	value = read_value(fetch, handle, name, (size_t) size);
	if (value == NULL)
		return false;
	fetch->fetched += (size_t) size;
	return json_object_set_new(object, name, value) == 0;
}

static bool fetch_object(Fetch *fetch, int32_t handle, json_t *object);

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

/* Fetch what a message or an attachment has as references, to any depth. */
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
