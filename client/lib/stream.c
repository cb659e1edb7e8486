/*-------------------------------------------------------------------------
 *
 * stream.c
 *	  The calls of libmsgstore for values in pieces.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

static const char *const too_much =
"the server returned more bytes than were asked for";

/* Add the parameters that every call on a stream begins with. */
static void
add_stream(Params *params, int32_t handle, const char *property)
{
	ms_add_number(params, INT4OID, handle);
	ms_add_param(params, TEXTOID, property);
}

bool
msgstore_stream_size(msgstore *ms, int32_t handle, const char *property,
					 int64_t *size)
{
	Params		params = {0};

	add_stream(&params, handle, property);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.stream_size($1, $2)",
							  &params, size);
}

void *
msgstore_read_stream(msgstore *ms, int32_t handle, const char *property,
					 int64_t offset, int64_t length, size_t *got)
{
	Params		params = {0};
	PGresult   *res;
	void	   *bytes;
	size_t		len;

	add_stream(&params, handle, property);
	ms_add_number(&params, INT8OID, offset);
	ms_add_number(&params, INT8OID, length);
	res = ms_run(ms, "1X", "SELECT msgstore.read_stream($1, $2, $3, $4)",
				 &params);
	if (res == NULL)
		return NULL;
	len = (size_t) PQgetlength(res, 0, 0);
	if ((int64_t) len > length)
	{
		PQclear(res);
		(void) ms_set_error(ms, too_much);
		return NULL;
	}
	bytes = malloc(len + 1);
	if (bytes == NULL)
		(void) ms_set_error(ms, "out of memory");
	else
	{
		/* libpq puts a zero byte behind every value */
		memcpy(bytes, PQgetvalue(res, 0, 0), len + 1);
		*got = len;
	}
	PQclear(res);
	return bytes;
}

bool
msgstore_write_stream(msgstore *ms, int32_t handle, const char *property,
					  int64_t offset, const void *bytes, size_t len,
					  int64_t *size)
{
	Params		params = {0};
	int64_t		now;

	if (len > INT_MAX)
		return ms_set_error(ms, "too many bytes to be written at once");
	add_stream(&params, handle, property);
	ms_add_number(&params, INT8OID, offset);
	ms_add_bytes(&params, len > 0 ? bytes : "", len);
	if (!ms_run_for_numbers(ms, "N", "SELECT msgstore.write_stream"
							"($1, $2, $3, $4)", &params, &now))
		return false;
	if (size != NULL)
		*size = now;
	return true;
}

bool
msgstore_write_original(msgstore *ms, int64_t store_id, int64_t message_id,
						int64_t offset, const void *bytes, size_t len,
						int64_t *size)
{
	Params		params = {0};
	int64_t		now;

	if (len > INT_MAX)
		return ms_set_error(ms, "too many bytes to be written at once");
	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, offset);
	ms_add_bytes(&params, len > 0 ? bytes : "", len);
	if (!ms_run_for_numbers(ms, "N", "SELECT msgstore.write_original"
							"($1, $2, $3, $4)", &params, &now))
		return false;
	if (size != NULL)
		*size = now;
	return true;
}

bool
msgstore_read_original(msgstore *ms, int64_t store_id, int64_t message_id,
					   int64_t offset, int64_t length, void **bytes,
					   size_t *got)
{
	Params		params = {0};
	PGresult   *res;
	bool		ok = true;

	*bytes = NULL;
	*got = 0;
	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, offset);
	ms_add_number(&params, INT8OID, length);
	res = ms_run(ms, "1X?", "SELECT msgstore.read_original($1, $2, $3, $4)",
				 &params);
	if (res == NULL)
		return false;
	if ((int64_t) PQgetlength(res, 0, 0) > length)
		ok = ms_set_error(ms, too_much);
	else if (!PQgetisnull(res, 0, 0))
	{
		*got = (size_t) PQgetlength(res, 0, 0);
		*bytes = malloc(*got + 1);
		if (*bytes == NULL)
			ok = ms_set_error(ms, "out of memory");
		else
			memcpy(*bytes, PQgetvalue(res, 0, 0), *got + 1);
	}
	PQclear(res);
	return ok;
}

bool
msgstore_truncate_stream(msgstore *ms, int32_t handle, const char *property,
						 int64_t size)
{
	Params		params = {0};

	add_stream(&params, handle, property);
	ms_add_number(&params, INT8OID, size);
	return ms_run_for_nothing(ms, "SELECT msgstore.truncate_stream"
							  "($1, $2, $3)", &params);
}

char *
msgstore_property_type(msgstore *ms, const char *property)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, property);
	return ms_run_for_text(ms, "t", "SELECT msgstore.property_type($1)",
						   &params);
}
