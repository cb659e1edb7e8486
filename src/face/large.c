/*-------------------------------------------------------------------------
 *
 * large.c
 *	  Large strings and bytes without a handle: blobs that a role creates,
 *	  writes and reads in pieces.
 *
 * NOTES
 *	  blob.c describes blobs.  A blob that is created here belongs to the
 *	  current role until a version or a draft refers to the blob.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "activity.h"
#include "query.h"

/*
 * Raise MAPI_E_NO_ACCESS unless the current role may create or edit messages in
 * some folder of a store.
 */
static void
require_writer(int64 store_id)
{
	access_require_store(store_id,
						 RIGHT_CREATE | RIGHT_EDIT_ANY | RIGHT_EDIT_OWNED);
}

/*
 * create_blob(store_id, is_binary, actor) → blob_id
 *
 * Create an empty blob of the current role, without a handle: bytes, or a
 * string.  Errors: MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(create_blob);
Datum
create_blob(PG_FUNCTION_ARGS)
{
	Author		author = {call_actor(fcinfo, 2), NULL};
	const char *actor = author_actor(&author);
	Datum		values[5];

	(void) call_number(fcinfo, 0, "store_id");
	REQUIRE_ARG(1, "is_binary");
	call_require_write("create_blob()");
	require_writer(PG_GETARG_INT64(0));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = Int64GetDatum(number_next_id(REL_BLOB_ID_SEQ,
											 PG_GETARG_INT64(0)));
	values[2] = BoolGetDatum(!PG_GETARG_BOOL(1));
	values[3] = access_role_name();
	values[4] = actor == NULL ? (Datum) 0 : CStringGetTextDatum(actor);
	access_lock_store(PG_GETARG_INT64(0));
	SPI_connect();
	query_run(QUERY_BLOB_CREATE, values, actor == NULL ? "    n" : NULL);
	SPI_finish();
	activity_blobs(PG_GETARG_INT64(0), 1);
	PG_RETURN_DATUM(values[1]);
}

/*
 * Raise MAPI_E_INVALID_PARAMETER unless a write leaves a string valid: "count"
 * bytes at an offset into a blob of "size" bytes.
 */
static void
check_text(int64 store_id, int64 blob_id, int64 size, int64 offset,
		   const char *bytes, int64 count)
{
	int64		ends[2] = {offset, offset + count};
	bool		valid = text_valid(bytes, count);

	for (int i = 0; i < lengthof(ends) && valid; i++)
	{
		bytea	   *byte = blob_read(store_id, blob_id, size, ends[i], 1);

		valid = VARSIZE(byte) == VARHDRSZ || (*VARDATA(byte) & 0xC0) != 0x80;
	}
	if (!valid)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("blob %lld would not be valid UTF-8",
						(long long) blob_id),
				 errhint("Write whole characters.")));
}

/*
 * write_blob(store_id, blob_id, offset, bytes) → bigint
 *
 * Write bytes at an offset of a blob that the current role has created, over
 * the present bytes and past their end, and return the size of the blob
 * afterwards.  Other writers of the blob wait.
 *
 * Errors: MAPI_E_NOT_FOUND for a blob that is not the role's, or that a
 * version or a draft refers to already; MAPI_E_INVALID_PARAMETER if the offset
 * is past the end, or a string would not be valid UTF-8; MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(write_blob);
Datum
write_blob(PG_FUNCTION_ARGS)
{
	Datum		values[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	int64		store_id;
	int64		blob_id;
	int64		offset;
	bytea	   *bytes;
	int64		count;
	int64		size = 0;
	bool		is_text = false;
	bool		found;
	bool		isnull;

	store_id = call_number(fcinfo, 0, "store_id");
	blob_id = call_number(fcinfo, 1, "blob_id");
	REQUIRE_ARG(3, "bytes");
	offset = call_bytes(fcinfo, 2, "offset");
	bytes = PG_GETARG_BYTEA_PP(3);
	count = VARSIZE_ANY_EXHDR(bytes);
	call_require_write("write_blob()");
	require_writer(store_id);

	values[2] = access_role_name();
	SPI_connect();
	found = query_run(QUERY_BLOB_WRITABLE, values, NULL) > 0;
	if (found)
	{
		size = query_result_bigint();
		is_text = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 2,
											 &isnull));
	}
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("store %lld has no blob %lld that role \"%s\" can write",
						(long long) store_id, (long long) blob_id,
						GetUserNameFromId(GetUserId(), false))));
	if (offset > size)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("offset %lld is past the end of blob %lld, which has %lld bytes",
						(long long) offset, (long long) blob_id,
						(long long) size)));
	if (is_text)
		check_text(store_id, blob_id, size, offset, VARDATA_ANY(bytes),
				   count);

	blob_write(store_id, blob_id, offset, VARDATA_ANY(bytes), count);
	size = Max(size, offset + count);
	values[2] = Int64GetDatum(size);
	SPI_connect();
	query_run(QUERY_BLOB_RESIZE, values, NULL);
	SPI_finish();
	PG_RETURN_INT64(size);
}

/*
 * read_blob(store_id, message_id, blob_id, offset, length) → bytea
 *
 * Return up to "length" bytes of a blob from "offset" on: fewer at the end,
 * and an empty bytea past the end.  The message must refer to the blob, in any
 * version or in a draft of the current role, or the role must have created the
 * blob; in that case message_id may be NULL.
 *
 * Errors: MAPI_E_NOT_FOUND for the blob, MAPI_E_TOO_BIG for a "length" that
 * does not fit into one bytea, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(read_blob);
Datum
read_blob(PG_FUNCTION_ARGS)
{
	int64		offset = call_bytes(fcinfo, 3, "offset");
	int64		count = call_bytes(fcinfo, 4, "length");
	Datum		values[4] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(2),
	PG_GETARG_DATUM(1), access_role_name()};
	int64		size = 0;
	bool		found;

	(void) call_number(fcinfo, 0, "store_id");
	if (!PG_ARGISNULL(1))
		(void) call_number(fcinfo, 1, "message_id");
	(void) call_number(fcinfo, 2, "blob_id");
	blob_check_length(count);
	access_require_store(PG_GETARG_INT64(0), RIGHT_FOLDER_VISIBLE);
	if (!PG_ARGISNULL(1))
	{
		Stand		stand = {.store_id = PG_GETARG_INT64(0),
		.message_id = PG_GETARG_INT64(1)};

		stand_require_readable(&stand);
	}
	SPI_connect();
	found = query_run(QUERY_BLOB_READABLE, values,
					  PG_ARGISNULL(1) ? "  n " : NULL) > 0;
	if (found)
		size = query_result_bigint();
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("this message does not refer to blob %lld",
						(long long) PG_GETARG_INT64(2))));
	PG_RETURN_BYTEA_P(blob_read(PG_GETARG_INT64(0), PG_GETARG_INT64(2), size,
								offset, count));
}
