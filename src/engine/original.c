/*-------------------------------------------------------------------------
 *
 * original.c
 *	  The mail that a message was made from, as it came: PR_INTERNET_CONTENT.
 *
 * NOTES
 *	  Originals have a table of their own, in pieces, which no save, merge or
 *	  move reads or writes.  An original is written once, from its start to its
 *	  end; a copy of a message gets a copy of the original, and a hard delete
 *	  deletes the original.  Originals are no part of versions: the history has
 *	  none, and PR_MESSAGE_SIZE does not count them.
 *
 *	  get_props() and read_message() show PR_INTERNET_CONTENT only if "tags"
 *	  names the property.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "query.h"

/* original_store() writes pieces of this size. */
#define PIECE_BYTES		((int64) 1024 * 1024)

/* A longer original is not shown as a property; read_original() reads it. */
#define MAX_SHOWN_BYTES		(128 * 1024 * 1024)

int64
original_size(int64 store_id, int64 message_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};
	int64		size;

	SPI_connect();
	query_run(QUERY_ORIGINAL_SIZE, values, NULL);
	size = query_result_bigint();
	SPI_finish();
	return size;
}

/*
 * Return up to "count" bytes of an original from "offset" on, in the caller's
 * memory context.
 */
static bytea *
original_bytes(int64 store_id, int64 message_id, int64 offset, int64 count)
{
	Datum		values[4] = {Int64GetDatum(store_id),
	Int64GetDatum(message_id), Int64GetDatum(offset), Int64GetDatum(count)};
	MemoryContext caller = CurrentMemoryContext;
	bytea	   *result;
	char	   *at;

	count = Max(0, Min(count, original_size(store_id, message_id) - offset));
	result = (bytea *) MemoryContextAllocHuge(caller, VARHDRSZ + count);
	SET_VARSIZE(result, VARHDRSZ + count);
	at = VARDATA(result);
	SPI_connect();
	query_run(QUERY_ORIGINAL_READ, values, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		bytea	   *piece =
		DatumGetByteaPP(SPI_getbinval(SPI_tuptable->vals[i],
									  SPI_tuptable->tupdesc, 1, &isnull));
		int64		len = Min(VARSIZE_ANY_EXHDR(piece),
							  VARDATA(result) + count - at);

		memcpy(at, VARDATA_ANY(piece), len);
		at += len;
	}
	SPI_finish();
	return result;
}

void
original_add(int64 store_id, int64 message_id, const char *name,
			 BagList *list)
{
	int64		size = original_size(store_id, message_id);
	bytea	   *bytes;

	if (size < 0)
		return;
	if (size > MAX_SHOWN_BYTES)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_ENOUGH_MEMORY),
				 errmsg("property %s has %lld bytes", name, (long long) size),
				 errhint("Read the property in pieces, with read_original().")));
	bytes = original_bytes(store_id, message_id, 0, size);
	baglist_add_base64(list, name, (uint8 *) VARDATA(bytes), size);
}

void
original_store(int64 store_id, int64 message_id, const bytea *original)
{
	int64		size = VARSIZE_ANY_EXHDR(original);
	int64		at = 0;
	bytea	   *piece = palloc(VARHDRSZ + Min(size, PIECE_BYTES));
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(message_id),
	(Datum) 0, PointerGetDatum(piece)};

	do
	{
		int64		count = Min(size - at, PIECE_BYTES);

		CHECK_FOR_INTERRUPTS();
		SET_VARSIZE(piece, VARHDRSZ + count);
		memcpy(VARDATA(piece), VARDATA_ANY(original) + at, count);
		values[2] = Int64GetDatum(at);
		SPI_connect();
		query_run(QUERY_ORIGINAL_STORE, values, NULL);
		SPI_finish();
		at += count;
	} while (at < size);
	pfree(piece);
}

void
original_delete(int64 store_id, int64 message_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};

	SPI_connect();
	query_run(QUERY_ORIGINAL_DELETE, values, NULL);
	SPI_finish();
}

void
original_copy(int64 store_id, int64 message_id, int64 to_store_id,
			  int64 copy_id)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(message_id),
	Int64GetDatum(to_store_id), Int64GetDatum(copy_id)};

	SPI_connect();
	query_run(QUERY_ORIGINAL_COPY, values, NULL);
	SPI_finish();
}

/*
 * Raise an error unless the role may write (else read) the original of a
 * message.  Whoever may create messages may write those of its own.
 */
static void
require_message(int64 store_id, int64 message_id, bool write)
{
	if (write)
		access_require_live(store_id, message_id, RIGHT_EDIT_ANY,
							RIGHT_EDIT_OWNED | RIGHT_CREATE);
	else
		access_require_live(store_id, message_id, ACCESS_TO_READ);
}

/* Return argument n, a number of bytes that must not be negative. */
static int64
count_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	REQUIRE_ARG(n, name);
	if (PG_GETARG_INT64(n) < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" must not be negative", name)));
	return PG_GETARG_INT64(n);
}

/*
 * write_original(store_id, message_id, offset, bytes) → bigint
 *
 * Write the next piece of the mail that a message was made from, and return
 * the number of bytes that are stored now; 0 if the store keeps no originals.
 * "offset" is the number of bytes that are stored already, so that bytes once
 * written are never replaced.
 *
 * Errors: MAPI_E_NOT_FOUND for the message, MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER for another offset.
 */
PG_FUNCTION_INFO_V1(write_original);
Datum
write_original(PG_FUNCTION_ARGS)
{
	Datum		values[4] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
	PG_GETARG_DATUM(2), PG_GETARG_DATUM(3)};
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		message_id = call_number(fcinfo, 1, "message_id");
	int64		offset = count_argument(fcinfo, 2, "offset");
	int64		result = 0;
	bool		written;

	REQUIRE_ARG(3, "bytes");
	call_require_write("write_original()");
	require_message(store_id, message_id, true);
	SPI_connect();
	written = query_run(QUERY_ORIGINAL_WRITE, values, NULL) > 0;
	if (written)
		result = query_result_bigint();
	SPI_finish();
	if (!written)
	{
		int64		size = original_size(store_id, message_id);

		SPI_connect();
		written = query_run(QUERY_ORIGINAL_KEPT, values, NULL) == 0;
		SPI_finish();
		if (!written)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("offset %lld is not the end of the original, which has %lld bytes",
							(long long) offset, (long long) Max(size, 0))));
	}
	PG_RETURN_INT64(result);
}

/*
 * read_original(store_id, message_id, offset, length) → bytea
 *
 * Return up to "length" bytes of the mail that a message was made from; fewer
 * at its end, and NULL if the store has no original of the message.
 *
 * Errors: MAPI_E_NOT_FOUND for the message, MAPI_E_NO_ACCESS, MAPI_E_TOO_BIG
 * for a length over 1 GB.
 */
PG_FUNCTION_INFO_V1(read_original);
Datum
read_original(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		message_id = call_number(fcinfo, 1, "message_id");
	int64		offset = count_argument(fcinfo, 2, "offset");
	int64		length = count_argument(fcinfo, 3, "length");

	if (length > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("%lld bytes cannot be read at once", (long long) length),
				 errhint("Read the value in pieces of a few megabytes.")));
	require_message(store_id, message_id, false);
	if (original_size(store_id, message_id) < 0)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(original_bytes(store_id, message_id, offset, length));
}

/*
 * keep_originals(store_id, keep)
 *
 * Set whether a store keeps the mail that its messages are made from.  The
 * originals that are there already stay.  Errors: MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(keep_originals);
Datum
keep_originals(PG_FUNCTION_ARGS)
{
	Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	int64		store_id = call_number(fcinfo, 0, "store_id");

	REQUIRE_ARG(1, "keep");
	call_require_write("keep_originals()");
	access_require_owner(store_id);
	SPI_connect();
	query_run(QUERY_STORE_ORIGINALS, values, NULL);
	SPI_finish();
	relation_announce(REL_STORE);
	PG_RETURN_VOID();
}
