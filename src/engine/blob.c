/*-------------------------------------------------------------------------
 *
 * blob.c
 *	  Large strings and bytes: written in pieces, shared between versions,
 *	  swept when nothing refers to them.
 *
 * NOTES
 *	  A blob is a row of table blob and its chunks.  A property whose value is
 *	  a blob holds a reference, {"blob": id, "size": bytes}, in place of the
 *	  value.
 *
 *	  A new blob is an upload.  It belongs to the handle that wrote it and to
 *	  the handles into which that handle will be folded; no other handle can
 *	  refer to it.  The upload is written in place as long as only its own
 *	  handle has the reference; later, a write copies it first.  A save that
 *	  stores a reference seals the blob, whose bytes never change afterwards.
 *	  Chunks are ordinary rows, so that a rollback undoes writes to an upload.
 *	  Saving, refreshing or closing a handle deletes its uploads that were not
 *	  stored.
 *
 *	  A blob that was created without a handle (create_blob) belongs to its
 *	  creator, which is a role.  The creator writes and reads the blob, and
 *	  refers to it in any message of the store.  Its size is valid before the
 *	  blob is sealed.
 *
 *	  Any client can set any reference.  Whenever bytes are read, copied or
 *	  stored, the module therefore checks that the message may refer to the
 *	  blob.  Size and type in a reference are a claim, which is checked when
 *	  the blob is copied or stored.
 *
 *	  A row of blob_ref records that a version or a draft of a message may
 *	  contain a reference.  If draft_of is set, only drafts of that role do,
 *	  which no other role can see.
 *
 *	  The sweeper first deletes the rows of blob_ref whose reference is found
 *	  neither in the message nor in its changes nor in its parked drafts.  Then
 *	  it deletes the blobs without a row of blob_ref, except those whose
 *	  uploading session is still running, those that were created without a
 *	  handle less than a day ago, and those held by a running session
 *	  that has resumed a draft with them (table blob_hold): the pending edits
 *	  of a handle stay complete even if the draft is discarded.  Each of the
 *	  two steps locks candidates, skipping rows that are locked, and checks
 *	  them again with a new snapshot before it deletes.  A transaction that
 *	  adopts a blob holds locks on its rows until it ends.
 *
 *	  Memory: a call holds the bytes that it reads or writes, and one chunk.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "activity.h"
#include "query.h"

#define CHUNK_BYTES		BLOB_CHUNK_BYTES

void
blob_refuse(int64 blob_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("this message cannot refer to blob %lld",
					(long long) blob_id),
			 errhint("Write the bytes with write_stream() or write_blob(), or set them as a value.")));
}

/* ----------------------------------------------------------------- writing */

int64
blob_insert(int64 store_id, int64 size, bool sealed, bool is_text)
{
	int64		blob_id = number_next_id(REL_BLOB_ID_SEQ, store_id);
	Datum		values[7] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
		Int64GetDatum(size), BoolGetDatum(sealed), BoolGetDatum(is_text),
		Int32GetDatum(sealed ? 0 : MyProcPid),
	TimestampTzGetDatum(MyStartTimestamp)};

	access_lock_store(store_id);
	SPI_connect();
	query_run(QUERY_BLOB_INSERT, values, NULL);
	SPI_finish();
	activity_blobs(store_id, 1);
	return blob_id;
}

void
blob_copy(int64 store_id, int64 from, int64 to, int64 keep)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(from),
		Int64GetDatum(to),
	Int32GetDatum((int32) ((keep + CHUNK_BYTES - 1) / CHUNK_BYTES))};

	SPI_connect();
	query_run(QUERY_BLOB_COPY, values, NULL);
	SPI_finish();
}

/*
 * Return the bytes of a chunk, or NULL if there is no such chunk.  The result
 * is palloc'd in the caller's context, outside SPI.
 */
static bytea *
read_chunk(int64 store_id, int64 blob_id, int32 number)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
	Int32GetDatum(number)};
	bytea	   *chunk = NULL;

	SPI_connect();
	if (query_run(QUERY_CHUNK_READ, values, NULL) > 0)
	{
		bool		isnull;
		bytea	   *found = DatumGetByteaPP(SPI_getbinval(SPI_tuptable->vals[0],
														  SPI_tuptable->tupdesc,
														  1, &isnull));
		Size		size = VARSIZE_ANY_EXHDR(found);

		chunk = SPI_palloc(VARHDRSZ + size);
		SET_VARSIZE(chunk, VARHDRSZ + size);
		memcpy(VARDATA(chunk), VARDATA_ANY(found), size);
	}
	SPI_finish();
	return chunk;
}

static void
write_chunk(int64 store_id, int64 blob_id, int32 number, bytea *chunk)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
	Int32GetDatum(number), PointerGetDatum(chunk)};

	SPI_connect();
	query_run(QUERY_CHUNK_WRITE, values, NULL);
	SPI_finish();
}

/*
 * Write bytes to an upload, chunk by chunk, in a memory context that is reset
 * after each chunk.  A chunk of which only a part is written is read first.
 */
void
blob_write(int64 store_id, int64 blob_id, int64 offset, const char *bytes,
		   int64 count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore chunk",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	while (count > 0)
	{
		int32		number = (int32) (offset / CHUNK_BYTES);
		int32		at = (int32) (offset % CHUNK_BYTES);
		int32		part = (int32) Min(count, CHUNK_BYTES - at);
		bytea	   *chunk = palloc(VARHDRSZ + CHUNK_BYTES);
		Size		size = at + part;
		Size		had = 0;

		CHECK_FOR_INTERRUPTS();
		if (at > 0 || part < CHUNK_BYTES)
		{
			bytea	   *old = read_chunk(store_id, blob_id, number);

			if (old != NULL)
			{
				had = VARSIZE_ANY_EXHDR(old);
				memcpy(VARDATA(chunk), VARDATA(old), had);
				size = Max(size, had);
			}
		}
		/* the size that a reference claims may exceed that of the upload */
		if (had < at)
			blob_refuse(blob_id);
		memcpy(VARDATA(chunk) + at, bytes, part);
		SET_VARSIZE(chunk, VARHDRSZ + size);
		write_chunk(store_id, blob_id, number, chunk);
		bytes += part;
		offset += part;
		count -= part;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
blob_write_zeros(int64 store_id, int64 blob_id, int64 offset, int64 count)
{
	char	   *zeros = palloc0(CHUNK_BYTES);

	while (count > 0)
	{
		/* end at the end of a chunk, so that the next ones are whole */
		int64		part = Min(count, CHUNK_BYTES - offset % CHUNK_BYTES);

		blob_write(store_id, blob_id, offset, zeros, part);
		offset += part;
		count -= part;
	}
	pfree(zeros);
}

void
blob_truncate(int64 store_id, int64 blob_id, int64 size)
{
	int32		number = (int32) (size / CHUNK_BYTES);
	int32		rest = (int32) (size % CHUNK_BYTES);
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
	Int32GetDatum(rest > 0 ? number + 1 : number)};
	bytea	   *last;

	SPI_connect();
	query_run(QUERY_CHUNK_DELETE, values, NULL);
	SPI_finish();
	if (rest == 0)
		return;
	last = read_chunk(store_id, blob_id, number);
	if (last == NULL || VARSIZE_ANY_EXHDR(last) <= rest)
		return;
	SET_VARSIZE(last, VARHDRSZ + rest);
	write_chunk(store_id, blob_id, number, last);
}

void
blob_check_length(int64 count)
{
	if (count > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("%lld bytes cannot be read at once", (long long) count),
				 errhint("Read the value in pieces of a few megabytes.")));
}

/*
 * Return bytes of a blob, copied chunk by chunk.  Raises MAPI_E_CORRUPT_DATA
 * if a chunk is missing or too short.
 */
bytea *
blob_read(int64 store_id, int64 blob_id, int64 size, int64 offset,
		  int64 count)
{
	int64		end;
	bytea	   *result;
	char	   *to;

	/* offset + count might overflow */
	count = offset < size ? Min(count, size - offset) : 0;
	end = offset + count;
	result = palloc(VARHDRSZ + count);
	SET_VARSIZE(result, VARHDRSZ + count);
	to = VARDATA(result);
	while (offset < end)
	{
		int32		number = (int32) (offset / CHUNK_BYTES);
		int32		at = (int32) (offset % CHUNK_BYTES);
		int32		part = (int32) Min(end - offset, CHUNK_BYTES - at);
		bytea	   *chunk = read_chunk(store_id, blob_id, number);

		CHECK_FOR_INTERRUPTS();
		if (chunk == NULL || VARSIZE_ANY_EXHDR(chunk) < at + part)
			ereport(ERROR,
					(errmapi(MAPI_E_CORRUPT_DATA),
					 errmsg("blob %lld of store %lld lacks bytes from %lld on",
							(long long) blob_id, (long long) store_id,
							(long long) offset)));
		memcpy(to, VARDATA(chunk) + at, part);
		pfree(chunk);
		to += part;
		offset += part;
	}
	return result;
}

/* ----------------------------------------------------------------- storing */

/* Record that the message, or a draft of it, may refer to the blob. */
static void
refer(const Adoption *adoption, int64 blob_id)
{
	Datum		values[4] = {Int64GetDatum(adoption->store_id),
		Int64GetDatum(blob_id), Int64GetDatum(adoption->message_id),
	access_role_name()};

	SPI_connect();
	query_run(QUERY_BLOB_REFER, values,
			  adoption->is_draft ? NULL : "   n");
	SPI_finish();
}

/*
 * Seal a blob and record the reference to it.  If the blob is sealed already,
 * the first query locks its row; otherwise the second query seals it.  Both
 * leave a lock on the row until the transaction ends, which the sweeper
 * respects.
 */
void
blob_adopt(const Adoption *adoption, int64 blob_id, int64 size, bool is_text)
{
	Datum		keep[8] = {Int64GetDatum(adoption->store_id),
		Int64GetDatum(blob_id), Int64GetDatum(adoption->message_id),
		Int64GetDatum(adoption->source_id), Int64GetDatum(size),
		BoolGetDatum(is_text), BoolGetDatum(false),
	access_role_name()};
	Datum		seal[8] = {keep[0], keep[1], keep[4], keep[5],
		Int32GetDatum(MyProcPid), TimestampTzGetDatum(MyStartTimestamp),
	keep[6], keep[7]};
	bool		adopted;
	bool		uploaded = false;

	for (const Upload *upload = adoption->uploads;
		 upload != NULL && !uploaded; upload = upload->next)
	{
		uploaded = upload->blob_id == blob_id;
		if (uploaded && upload->stored)
			return;
	}
	keep[6] = seal[6] = BoolGetDatum(uploaded);
	SPI_connect();
	adopted = query_run(QUERY_BLOB_KEEP, keep, NULL) > 0 ||
		query_run(QUERY_BLOB_SEAL, seal, NULL) > 0;
	SPI_finish();
	if (!adopted)
		blob_refuse(blob_id);
	refer(adoption, blob_id);
}

int64
blob_store(const Adoption *adoption, const char *bytes, int64 size)
{
	int64		blob_id = blob_insert(adoption->store_id, size, true, false);

	blob_write(adoption->store_id, blob_id, 0, bytes, size);
	refer(adoption, blob_id);
	return blob_id;
}

/*
 * Copy a blob from another store.  The second query locks the copy against the
 * sweeper, which may be about to delete one that the store has already; then
 * the copy is made again.
 */
void
blob_import(int64 from_store_id, const Adoption *adoption, int64 blob_id)
{
	Datum		import[3] = {Int64GetDatum(from_store_id),
	Int64GetDatum(adoption->store_id), Int64GetDatum(blob_id)};
	Datum		lock[2] = {import[1], import[2]};
	bool		locked = false;

	SPI_connect();
	while (!locked)
	{
		CHECK_FOR_INTERRUPTS();
		if (query_run(QUERY_BLOB_IMPORT, import, NULL) == 0)
			blob_refuse(blob_id);
		activity_blobs(adoption->store_id, query_result_bigint());
		locked = query_run(QUERY_BLOB_LOCK, lock, NULL) > 0;
	}
	SPI_finish();
	refer(adoption, blob_id);
}

void
blob_purge(int64 store_id, int64 message_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};
	bool		isnull;

	SPI_connect();
	query_run(QUERY_PURGE_REFS, values, NULL);
	values[1] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							  &isnull);
	query_run(QUERY_PURGE_LOCK_BLOBS, values, NULL);
	activity_blobs(store_id,
				   -(int64) query_run(QUERY_SWEEP_BLOBS, values, NULL));
	SPI_finish();
}

void
blob_release(int64 store_id, ArrayType *blob_ids)
{
	Datum		values[4] = {Int64GetDatum(store_id),
		PointerGetDatum(blob_ids), Int32GetDatum(MyProcPid),
	TimestampTzGetDatum(MyStartTimestamp)};

	SPI_connect();
	activity_blobs(store_id,
				   -(int64) query_run(QUERY_BLOB_DELETE, values, NULL));
	query_run(QUERY_BLOB_LET_GO, values, NULL);
	query_run(QUERY_HOLD_DELETE, values, NULL);
	SPI_finish();
}

/* ---------------------------------------------------------------- sweeping */

/*
 * sweep_batch(store_id, OUT swept_references bigint, OUT swept_blobs bigint)
 *
 * Do one step of the procedure sweep_blobs(): delete up to 1000 rows of
 * blob_ref and up to 1000 blobs, and return the numbers of deleted rows.
 * Raises MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for an unknown
 * store and MAPI_E_NO_ACCESS unless the role owns the store.
 */
PG_FUNCTION_INFO_V1(sweep_batch);
Datum
sweep_batch(PG_FUNCTION_ARGS)
{
	Datum		values[3];
	Datum		result[2];
	bool		nulls[2] = {false, false};
	bool		isnull;

	values[0] = Int64GetDatum(call_number(fcinfo, 0, "store_id"));
	call_require_write("sweep_blobs()");
	access_require_owner(DatumGetInt64(values[0]));

	/* this transaction may have read the running backends: read them anew */
	pgstat_clear_snapshot();
	SPI_connect();
	query_run(QUERY_SWEEP_LOCK_REFS, values, NULL);
	for (int i = 0; i < 2; i++)
	{
		values[1 + i] = SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, i + 1, &isnull);
		Assert(!isnull);
	}
	result[0] = Int64GetDatum(query_run(QUERY_SWEEP_REFS, values, NULL));
	query_run(QUERY_SWEEP_HOLDS, values, NULL);
	query_run(QUERY_SWEEP_LOCK_BLOBS, values, NULL);
	values[1] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							  &isnull);
	result[1] = Int64GetDatum(query_run(QUERY_SWEEP_BLOBS, values, NULL));
	SPI_finish();
	activity_blobs(DatumGetInt64(values[0]), -DatumGetInt64(result[1]));
	activity_swept(DatumGetInt64(values[0]));
	return call_row(fcinfo, result, nulls);
}
