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
 *	  Uploads that a save did not store are deleted when their handle is saved,
 *	  refreshed or closed.
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
 *	  uploading session is still running, and those held by a running session
 *	  that has resumed a draft with them (blob_hold): the pending edits of a
 *	  handle stay complete even if the draft is discarded.  Each of the two
 *	  steps locks candidates, skipping rows that are locked, and checks them
 *	  again with a new snapshot before it deletes.  A transaction that adopts a
 *	  blob holds locks on its rows until it ends.
 *
 *	  Memory: a call holds the bytes that it reads or writes, and one chunk.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "engine.h"
#include "bag.h"
#include "query.h"

#define CHUNK_BYTES		(256 * 1024)
#define MAX_BLOB_BYTES	((int64) PG_INT32_MAX * CHUNK_BYTES)

/* -------------------------------------------------------------- references */

Jsonb *
blob_reference(int64 blob_id, int64 size)
{
	BagList		list;

	baglist_init(&list, 2);
	baglist_add_int(&list, "blob", blob_id);
	baglist_add_int(&list, "size", size);
	return baglist_build(&list);
}

bool
blob_from_value(const JsonbValue *value, int64 *blob_id, int64 *size)
{
	Jsonb	   *object;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != 2)
		return false;
	object = object_in_place(value);
	return object_number(object, "blob", blob_id) && *blob_id > 0 &&
		object_number(object, "size", size) && *size <= MAX_BLOB_BYTES;
}

bool
blob_takes(const Property *prop, JsonbValue *value)
{
	int64		blob_id;
	int64		size;

	if ((prop->type != PT_UNICODE && prop->type != PT_BINARY) ||
		!blob_from_value(value, &blob_id, &size))
		return false;
	value_from_object(value, blob_reference(blob_id, size));
	return true;
}

/* Whether an object or an array has members that are one. */
static bool
has_containers(const JsonbContainer *container)
{
	int			children = JsonContainerSize(container);

	if (JsonContainerIsObject(container))
		children *= 2;
	for (int i = 0; i < children; i++)
	{
		if (JBE_ISCONTAINER(container->children[i]))
			return true;
	}
	return false;
}

/* What there is of blobs below an object or an array. */
typedef struct BlobTally
{
	int64		count;
	int64		bytes;
	Handle	   *handle;			/* gets them as uploads, unless NULL */
} BlobTally;

static void
tally_blobs(JsonbContainer *container, BlobTally *tally)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!has_containers(container))
		return;
	check_stack_depth();
	it = JsonbIteratorInit(container);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		int64		blob_id;
		int64		size;

		CHECK_FOR_INTERRUPTS();
		if ((token != WJB_ELEM && token != WJB_VALUE) ||
			value.type != jbvBinary)
			continue;
		if (!blob_from_value(&value, &blob_id, &size))
		{
			tally_blobs(value.val.binary.data, tally);
			continue;
		}
		tally->count++;
		tally->bytes += size;
		if (tally->handle != NULL &&
			handle_upload(tally->handle, blob_id) == NULL)
			handle_add_upload(tally->handle, blob_id, true);
	}
}

bool
blobs_any(const Jsonb *object)
{
	BlobTally	tally = {0};

	tally_blobs(unconstify(JsonbContainer *, &object->root), &tally);
	return tally.count > 0;
}

int64
blobs_size(const Jsonb *object)
{
	BlobTally	tally = {0};

	tally_blobs(unconstify(JsonbContainer *, &object->root), &tally);
	return tally.bytes;
}

int64
blobs_size_of_value(const JsonbValue *value)
{
	BlobTally	tally = {0};

	if (value->type == jbvBinary)
		tally_blobs(value->val.binary.data, &tally);
	return tally.bytes;
}

static void
raise_not_yours(int64 blob_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("this message cannot refer to blob %lld",
					(long long) blob_id),
			 errhint("Write the bytes with write_stream(), or set them as a value.")));
}

/* ----------------------------------------------------------------- writing */

/*
 * Insert a blob's row.  A sealed one has no uploader: nobody waits for it.
 */
static int64
insert_blob(int64 store_id, int64 size, bool sealed, bool is_text)
{
	int64		blob_id = number_next(REL_BLOB_ID_SEQ);
	Datum		values[7] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
		Int64GetDatum(size), BoolGetDatum(sealed), BoolGetDatum(is_text),
		Int32GetDatum(sealed ? 0 : MyProcPid),
	TimestampTzGetDatum(MyStartTimestamp)};

	SPI_connect();
	query_run(QUERY_BLOB_INSERT, values, NULL);
	SPI_finish();
	return blob_id;
}

int64
blob_create(Handle *handle, bool is_text)
{
	int64		blob_id = insert_blob(handle->store_id, 0, false, is_text);

	handle_add_upload(handle, blob_id, false);
	return blob_id;
}

/*
 * Whether the blob is an upload of this session, of that kind and not sealed
 * yet.
 */
static bool
is_unsealed(int64 store_id, int64 blob_id, bool is_text)
{
	Datum		values[5] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
		Int32GetDatum(MyProcPid), TimestampTzGetDatum(MyStartTimestamp),
	BoolGetDatum(is_text)};
	bool		own;

	SPI_connect();
	own = query_run(QUERY_BLOB_UNSEALED, values, NULL) > 0;
	SPI_finish();
	return own;
}

/*
 * Raise unless a handle may refer to the blob: it is an upload of its own or
 * of its parents, or their message has it, or the role's draft of that.  A
 * reference that is only pending may say anything.
 */
static void
require_readable(const Handle *handle, int64 blob_id)
{
	const Handle *top = handle;
	Datum		values[5];
	bool		referred;

	if (handle_uploaded(handle, blob_id))
		return;
	while (top->parent != 0 && handle_find(top->parent) != NULL)
		top = handle_find(top->parent);
	values[0] = Int64GetDatum(handle->store_id);
	values[1] = Int64GetDatum(blob_id);
	values[2] = Int64GetDatum(handle->state.message_id);
	values[3] = Int64GetDatum(top->state.message_id);
	values[4] = access_role_name();
	SPI_connect();
	referred = query_run(QUERY_BLOB_REFERRED, values, NULL) > 0;
	SPI_finish();
	if (!referred)
		raise_not_yours(blob_id);
}

/* Raise unless a blob is what a reference to it says. */
static void
require_true(int64 store_id, int64 blob_id, int64 size, bool is_text)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(blob_id),
	Int64GetDatum(size), BoolGetDatum(is_text)};
	bool		as_claimed;

	SPI_connect();
	as_claimed = query_run(QUERY_BLOB_AS_CLAIMED, values, NULL) > 0;
	SPI_finish();
	if (!as_claimed)
		raise_not_yours(blob_id);
}

int64
blob_writable(Handle *handle, int64 blob_id, int64 size, bool is_text,
			  int64 keep)
{
	const Upload *own = handle_upload(handle, blob_id);
	Datum		values[4] = {Int64GetDatum(handle->store_id),
	Int64GetDatum(blob_id)};

	if (own != NULL && !own->shared &&
		is_unsealed(handle->store_id, blob_id, is_text))
		return blob_id;
	require_readable(handle, blob_id);
	require_true(handle->store_id, blob_id, size, is_text);
	values[2] = Int64GetDatum(blob_create(handle, is_text));
	values[3] = Int32GetDatum((int32) ((keep + CHUNK_BYTES - 1) / CHUNK_BYTES));
	SPI_connect();
	query_run(QUERY_BLOB_COPY, values, NULL);
	SPI_finish();
	return DatumGetInt64(values[2]);
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
 * Writes chunk by chunk, each in a memory context that is reset.  A chunk of
 * which only a part is written is read first.
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
			raise_not_yours(blob_id);
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

/*
 * Copies chunk by chunk into the result.  A chunk that is missing or too short
 * raises MAPI_E_CORRUPT_DATA.
 */
bytea *
blob_read(const Handle *handle, int64 blob_id, int64 size, int64 offset,
		  int64 count)
{
	int64		store_id = handle->store_id;
	int64		end;
	bytea	   *result;
	char	   *to;

	require_readable(handle, blob_id);
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
 * If the blob is sealed already, the first query locks its row; otherwise the
 * second query seals it.  Both leave a lock on the row until the transaction
 * ends, which the sweeper respects.
 */
void
blob_adopt(const Adoption *adoption, int64 blob_id, int64 size, bool is_text)
{
	Datum		keep[8] = {Int64GetDatum(adoption->store_id),
		Int64GetDatum(blob_id), Int64GetDatum(adoption->message_id),
		Int64GetDatum(adoption->source_id), Int64GetDatum(size),
		BoolGetDatum(is_text), BoolGetDatum(false),
	access_role_name()};
	Datum		seal[6] = {keep[0], keep[1], keep[4], keep[5],
	Int32GetDatum(MyProcPid), TimestampTzGetDatum(MyStartTimestamp)};
	bool		adopted;
	bool		uploaded = false;

	for (const Upload *upload = adoption->uploads;
		 upload != NULL && !uploaded; upload = upload->next)
		uploaded = upload->blob_id == blob_id;
	keep[6] = BoolGetDatum(uploaded);
	SPI_connect();
	adopted = query_run(QUERY_BLOB_KEEP, keep, NULL) > 0 ||
		(uploaded && query_run(QUERY_BLOB_SEAL, seal, NULL) > 0);
	SPI_finish();
	if (!adopted)
		raise_not_yours(blob_id);
	refer(adoption, blob_id);
}

int64
blob_store(const Adoption *adoption, const char *bytes, int64 size)
{
	int64		blob_id = insert_blob(adoption->store_id, size, true, false);

	blob_write(adoption->store_id, blob_id, 0, bytes, size);
	refer(adoption, blob_id);
	return blob_id;
}

void
blob_release(int64 store_id, ArrayType *blob_ids)
{
	Datum		values[4] = {Int64GetDatum(store_id),
		PointerGetDatum(blob_ids), Int32GetDatum(MyProcPid),
	TimestampTzGetDatum(MyStartTimestamp)};

	SPI_connect();
	query_run(QUERY_BLOB_DELETE, values, NULL);
	query_run(QUERY_BLOB_LET_GO, values, NULL);
	query_run(QUERY_HOLD_DELETE, values, NULL);
	SPI_finish();
}

bool
blob_hold(Handle *handle)
{
	const Edits *edits = &handle->state.edits;
	BlobTally	tally = {0, 0, handle};
	Datum		values[4] = {Int64GetDatum(handle->store_id), 0,
	Int32GetDatum(MyProcPid), TimestampTzGetDatum(MyStartTimestamp)};
	int			count;
	bool		held;

	if (XactReadOnly || IsInParallelMode())
		return true;
	if (edits->value[PART_PROPS] != NULL)
		tally_blobs(&((Jsonb *) edits->value[PART_PROPS])->root, &tally);
	if (edits->value[PART_ATTACHMENTS] != NULL)
		tally_blobs(&((Jsonb *) edits->value[PART_ATTACHMENTS])->root, &tally);
	if (tally.count == 0)
		return true;
	values[1] = PointerGetDatum(handle_uploads(handle, &count));
	SPI_connect();
	held = query_run(QUERY_HOLD_LOCK, values, NULL) == count;
	if (held)
		query_run(QUERY_HOLD_INSERT, values, NULL);
	SPI_finish();
	return held;
}

/* ---------------------------------------------------------------- sweeping */

/*
 * sweep_batch(store_id, OUT swept_references bigint, OUT swept_blobs bigint)
 *
 * Do one step of the procedure sweep_blobs(): delete up to 1000 rows of
 * blob_ref and up to 1000 blobs, and return the numbers of deleted rows.
 * Raises MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for an unknown
 * store and MAPI_E_NO_ACCESS if the role may not use the store.
 */
PG_FUNCTION_INFO_V1(sweep_batch);
Datum
sweep_batch(PG_FUNCTION_ARGS)
{
	Datum		values[3];
	Datum		result[2];
	bool		nulls[2] = {false, false};
	bool		isnull;

	REQUIRE_ARG(0, "store_id");
	values[0] = PG_GETARG_DATUM(0);
	module_require_write("sweep_blobs()");
	access_require(PG_GETARG_INT64(0), ACCESS_EDIT);

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
	return module_row(fcinfo, result, nulls);
}
