/*-------------------------------------------------------------------------
 *
 * upload.c
 *	  The blobs of a handle: its uploads, which are not saved yet, and the
 *	  blobs to which it may refer.
 *
 * NOTES
 *	  The list of a handle's uploads is part of its state (handle.c).  A
 *	  rollback therefore takes an upload back in the list as well as in the
 *	  tables.  The life of a blob is described in blob.c.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "query.h"

int64
upload_create(Handle *handle, bool is_text)
{
	int64		blob_id = blob_insert(handle->store_id, 0, false, is_text);

	handle_add_upload(handle, blob_id, false);
	return blob_id;
}

/*
 * Return true if the blob is an upload of this session that is not sealed, and
 * has the given type: text or bytes.
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
 * Raise an error unless a handle may refer to a blob.  The blob may belong to
 * the message of the handle or, for an attachment or an embedded message, to
 * the message at the top.
 */
void
upload_require_readable(const Handle *handle, int64 blob_id)
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
		blob_refuse(blob_id);
}

/* Raise an error unless size and type are those of the blob. */
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
		blob_refuse(blob_id);
}

int64
upload_writable(Handle *handle, int64 blob_id, int64 size, bool is_text,
				int64 keep)
{
	const Upload *own = handle_upload(handle, blob_id);
	int64		copy;

	if (own != NULL && !own->shared &&
		is_unsealed(handle->store_id, blob_id, is_text))
		return blob_id;
	upload_require_readable(handle, blob_id);
	require_true(handle->store_id, blob_id, size, is_text);
	copy = upload_create(handle, is_text);
	blob_copy(handle->store_id, blob_id, copy, keep);
	return copy;
}

/* ReferenceVisitor: add the blob to the uploads of the Handle in "arg". */
static void
note_upload(int64 blob_id, int64 size, void *arg)
{
	Handle	   *handle = arg;

	if (handle_upload(handle, blob_id) == NULL)
		handle_add_upload(handle, blob_id, true);
}

/*
 * Hold the blobs to which the pending edits of a handle refer.  They are
 * locked against the sweeper first, so that they still exist when the session
 * is recorded as their holder.
 */
bool
upload_hold(Handle *handle)
{
	const Edits *edits = &handle->state.edits;
	Datum		values[4] = {Int64GetDatum(handle->store_id), 0,
	Int32GetDatum(MyProcPid), TimestampTzGetDatum(MyStartTimestamp)};
	int			count;
	bool		held;

	if (XactReadOnly || IsInParallelMode())
		return true;
	if (edits->value[PART_PROPS] != NULL)
		references_visit((Jsonb *) edits->value[PART_PROPS], note_upload,
						 handle);
	if (edits->value[PART_ATTACHMENTS] != NULL)
		references_visit((Jsonb *) edits->value[PART_ATTACHMENTS],
						 note_upload, handle);
	if (handle->state.uploads == NULL)
		return true;
	values[1] = PointerGetDatum(handle_uploads(handle, &count));
	SPI_connect();
	held = query_run(QUERY_HOLD_LOCK, values, NULL) == count;
	if (held)
		query_run(QUERY_HOLD_INSERT, values, NULL);
	SPI_finish();
	return held;
}
