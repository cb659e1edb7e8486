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

	add_stream(&params, handle, property);
	ms_add_number(&params, INT8OID, offset);
	ms_add_number(&params, INT8OID, length);
	return ms_run_for_bytes(ms, "X", "SELECT msgstore.read_stream"
							"($1, $2, $3, $4)", &params, length, got);
}

/*
 * Run a statement that writes a piece.  The offset and the bytes are the
 * parameters $3 and $4, which are added here.  *size is set to the size
 * afterwards.
 */
static bool
write_piece(msgstore *ms, const char *sql, Params *params, int64_t offset,
			const void *bytes, size_t len, int64_t *size)
{
	if (len > INT_MAX)
		return ms_set_error(ms, "too many bytes to be written at once");
	ms_add_number(params, INT8OID, offset);
	ms_add_bytes(params, len > 0 ? bytes : "", len);
	return ms_run_for_numbers(ms, "N", sql, params, size);
}

bool
msgstore_write_stream(msgstore *ms, int32_t handle, const char *property,
					  int64_t offset, const void *bytes, size_t len)
{
	Params		params = {0};
	int64_t		size;

	add_stream(&params, handle, property);
	return write_piece(ms, "SELECT msgstore.write_stream($1, $2, $3, $4)",
					   &params, offset, bytes, len, &size);
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

/* --------------------------------------------------------------- originals */

bool
msgstore_write_original(msgstore *ms, int64_t store_id, int64_t message_id,
						const void *bytes, size_t len, int64_t *size)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	return write_piece(ms, "SELECT msgstore.write_original($1, $2, $3, $4)",
					   &params, *size, bytes, len, size);
}

void *
msgstore_read_original(msgstore *ms, int64_t store_id, int64_t message_id,
					   int64_t offset, int64_t length, size_t *got)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, offset);
	ms_add_number(&params, INT8OID, length);
	return ms_run_for_bytes(ms, "X?", "SELECT msgstore.read_original"
							"($1, $2, $3, $4)", &params, length, got);
}

/* ------------------------------------------------------------ large values */

bool
msgstore_create_blob(msgstore *ms, int64_t store_id, bool is_binary,
					 int64_t *blob)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, BOOLOID, is_binary ? "t" : "f");
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.create_blob($1, $2)",
							  &params, blob);
}

bool
msgstore_write_blob(msgstore *ms, int64_t store_id, int64_t blob,
					int64_t offset, const void *bytes, size_t len)
{
	Params		params = {0};
	int64_t		size;

	ms_add_ids(&params, store_id, blob);
	return write_piece(ms, "SELECT msgstore.write_blob($1, $2, $3, $4)",
					   &params, offset, bytes, len, &size);
}

void *
msgstore_read_blob(msgstore *ms, const msgstore_blob_place *place,
				   int64_t offset, int64_t length, size_t *got)
{
	Params		params = {0};

	ms_add_ids(&params, place->store_id, place->message_id);
	ms_add_number(&params, INT8OID, place->blob);
	ms_add_number(&params, INT8OID, offset);
	ms_add_number(&params, INT8OID, length);
	return ms_run_for_bytes(ms, "X", "SELECT msgstore.read_blob"
							"($1, $2, $3, $4, $5)", &params, length, got);
}
