/*-------------------------------------------------------------------------
 *
 * stream.c
 *	  Values read and written in pieces.
 *
 * NOTES
 *	  A stream is a property of a handle, addressed by name and offset; there
 *	  is nothing to open or close.  Written bytes show on the handle at once
 *	  and are stored when the message is saved, like any edit.
 *
 *	  PR_ATTACH_DATA_BIN is always written as a blob (blob.c), and so is any
 *	  other value once a write makes it larger than MAX_INLINE bytes.  The size
 *	  of a blob is limited by the disk only, and reading or writing one takes
 *	  memory for one piece.  A smaller value is held in memory as a whole.
 *
 *	  Offsets into strings count bytes of UTF-8.  A write checks the written
 *	  piece and the two places where it meets the old value, but not the rest:
 *	  if the old value and the piece are valid, and the piece replaces whole
 *	  characters, then the new value is valid too.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* A property that is read or written as a stream: a blob, or bytes. */
typedef struct Stream
{
	Handle	   *handle;
	Property	prop;
	int64		blob_id;		/* 0 if the value is not a blob */
	int64		size;			/* of the whole value, in bytes */
	bool		exists;			/* the handle has the property */
	bytea	   *bytes;			/* NULL for a blob, or if only the size was
								 * asked for */
} Stream;

/* -------------------------------------------------------------- finding it */

static bool
is_text(const Property *prop)
{
	return prop->type == PT_UNICODE;
}

/* Fill the stream from the member of a bag, if the bag has the property. */
static void
find_in_bag(Stream *stream, const Jsonb *bag)
{
	JsonbValue	value;

	if (!bag_find(bag, stream->prop.name, &value))
		return;
	stream->exists = true;
	if (reference_read(&value, &stream->blob_id, &stream->size))
		return;
	stream->bytes = is_text(&stream->prop) ?
		(bytea *) cstring_to_text_with_len(value.val.string.val,
										   value.val.string.len) :
		base64_bytes(value.val.string.val, value.val.string.len);
	stream->size = VARSIZE_ANY_EXHDR(stream->bytes);
}

/*
 * Fill the stream from the column of its property.  Only the wanted piece,
 * "count" bytes from "offset" on, is fetched from TOAST.
 */
static void
find_in_part(Stream *stream, const Content *content, int64 offset,
			 int64 count)
{
	Datum		value = content->value[stream->prop.part];

	stream->exists = true;
	stream->size = toast_raw_datum_size(value) - VARHDRSZ;
	if (count > 0 && offset < stream->size)
		stream->bytes = (bytea *)
			PG_DETOAST_DATUM_SLICE(value, (int32) offset,
								   (int32) Min(count, stream->size - offset));
}

/* Return the stream's property as the "tags" argument of other functions. */
static ArrayType *
tags_of(const Stream *stream)
{
	Datum		name = PointerGetDatum(cstring_to_text_with_len(stream->prop.name,
																stream->prop.namelen));

	return construct_array(&name, 1, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * Fill the stream with the value that its handle shows, from the base and the
 * pending edits.  If the property is pending, the base is not read and may be
 * pruned.  "offset" and "count" are as for find_in_part().
 */
static void
find_shown(Stream *stream, int64 offset, int64 count)
{
	Handle	   *handle = stream->handle;
	Content		content;
	MessageRow	row;
	Stand		stand;

	stand_of_handle(&stand, handle);
	messagerow_begin_read(&row, GetLatestSnapshot());
	if (handle->kind == HANDLE_MESSAGE &&
		!edits_cover(&stand.edits, tags_of(stream)))
	{
		MessageView view;

		stand_view(&view, &stand, &row);
		content = view.version.content;
	}
	else
	{
		stand_require_readable(&stand);
		if (handle->kind != HANDLE_MESSAGE)
			content = handle->state.object;
		else
			content_from_bag(&content, bag_empty());
	}
	edits_apply(&content, &handle->state.edits, &content);
	if (content.isnull[stream->prop.part] || stream->prop.part == PART_PROPS)
		find_in_bag(stream, DatumGetJsonbP(content.value[PART_PROPS]));
	else
		find_in_part(stream, &content, offset, count);
	messagerow_end_read(&row);
}

/*
 * Fill *stream for the handle and property that arguments 0 and 1 name.
 * stream->bytes are up to "count" bytes from "offset" on if the property has a
 * column of its own, else the whole value.
 *
 * Raise MAPI_E_INVALID_OBJECT, MAPI_E_NO_ACCESS, MAPI_E_NO_SUPPORT if the
 * property is neither a string nor binary, or an error of spelling_resolve().
 */
static void
find_stream(FunctionCallInfo fcinfo, Stream *stream, int64 offset,
			int64 count)
{
	text	   *name;

	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "property");
	memset(stream, 0, sizeof(Stream));
	stream->handle = handle_get(PG_GETARG_INT32(0));
	name = PG_GETARG_TEXT_PP(1);
	spelling_resolve(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
					 &stream->prop);
	if (stream->prop.type != PT_UNICODE && stream->prop.type != PT_BINARY)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("property %s (%s) is neither a string nor binary",
						stream->prop.name,
						catalogue_type_name(stream->prop.type))));

	if (stream->prop.rule == RULE_COMPUTED ||
		stream->prop.tag == PR_SUBJECT_PREFIX ||
		stream->prop.tag == PR_NORMALIZED_SUBJECT)
		find_in_bag(stream, props_shown(stream->handle, tags_of(stream)));
	else
		find_shown(stream, offset, count);
}

static void
raise_no_stream(const Stream *stream)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("handle %d has no property %s", stream->handle->number,
					stream->prop.name)));
}

/* ----------------------------------------------------------------- reading */

/*
 * Return up to "count" bytes of the blob that holds the stream's value, from
 * "offset" on.  Raise an error if the handle may not refer to the blob.
 */
static bytea *
read_blob(const Stream *stream, int64 offset, int64 count)
{
	upload_require_readable(stream->handle, stream->blob_id);
	return blob_read(stream->handle->store_id, stream->blob_id, stream->size,
					 offset, count);
}

/*
 * stream_size(handle, property) → bigint
 *
 * Return the size of a property in bytes.  Errors: MAPI_E_NOT_FOUND if the
 * handle does not have the property, and the errors of find_stream().
 */
PG_FUNCTION_INFO_V1(stream_size);
Datum
stream_size(PG_FUNCTION_ARGS)
{
	Stream		stream;

	find_stream(fcinfo, &stream, 0, 0);
	if (!stream.exists)
		raise_no_stream(&stream);
	PG_RETURN_INT64(stream.size);
}

/*
 * read_stream(handle, property, offset, length) → bytea
 *
 * Return up to "length" bytes from "offset" on: fewer at the end of the value,
 * and an empty bytea past the end.
 *
 * Errors: MAPI_E_NOT_FOUND if the handle does not have the property,
 * MAPI_E_TOO_BIG for a "length" that does not fit into one bytea, and the
 * errors of find_stream().
 */
PG_FUNCTION_INFO_V1(read_stream);
Datum
read_stream(PG_FUNCTION_ARGS)
{
	int64		offset = call_bytes(fcinfo, 2, "offset");
	int64		count = call_bytes(fcinfo, 3, "length");
	Stream		stream;
	bytea	   *result;

	blob_check_length(count);
	find_stream(fcinfo, &stream, offset, count);
	if (!stream.exists)
		raise_no_stream(&stream);
	if (stream.blob_id != 0)
		PG_RETURN_BYTEA_P(read_blob(&stream, offset, count));
	if (stream.prop.part != PART_PROPS)
		offset = 0;				/* the fetched slice begins at the offset */
	if (stream.bytes == NULL || offset >= VARSIZE_ANY_EXHDR(stream.bytes))
		count = 0;
	else
		count = Min(count, (int64) VARSIZE_ANY_EXHDR(stream.bytes) - offset);
	result = palloc(VARHDRSZ + count);
	SET_VARSIZE(result, VARHDRSZ + count);
	if (count > 0)
		memcpy(VARDATA(result), VARDATA_ANY(stream.bytes) + offset, count);
	PG_RETURN_BYTEA_P(result);
}

/* ----------------------------------------------------------------- writing */

/* Set the property to a value, as a pending edit of the handle. */
static void
set_value(const Stream *stream, JsonbValue *value)
{
	BagList		members;
	Edits		edits;

	baglist_init(&members, 1);
	baglist_add_value(&members, stream->prop.name, stream->prop.namelen,
					  value);
	edits_from_patch(baglist_build(&members), true, &edits);
	handle_add_edits(stream->handle, &edits);
}

/* Set the property to bytes in memory, as a pending edit. */
static void
set_bytes(const Stream *stream, const char *bytes, int64 size)
{
	JsonbValue	value;

	value.type = jbvString;
	if (is_text(&stream->prop))
	{
		value.val.string.val = unconstify(char *, bytes);
		value.val.string.len = size;
	}
	else
		value.val.string.val = base64_text(bytes, size,
										   &value.val.string.len);
	set_value(stream, &value);
}

/* Set the property to a reference to a blob, as a pending edit. */
static void
set_blob(const Stream *stream, int64 blob_id, int64 size)
{
	JsonbValue	value;

	value_from_object(&value, reference_build(blob_id, size));
	set_value(stream, &value);
}

/* The size in bytes up to which a written value is not made a blob. */
#define MAX_INLINE		(1024 * 1024)

/* Return true if a value of that size has to be a blob. */
static bool
wants_blob(const Stream *stream, int64 size)
{
	return stream->blob_id != 0 || size > MAX_INLINE ||
		(stream->handle->kind == HANDLE_ATTACHMENT &&
		 stream->prop.tag == PR_ATTACH_DATA_BIN);
}

/*
 * Return the blob to write to: an upload of the handle that holds the
 * property's present value, or at least the first "keep" bytes of the value.
 */
static int64
upload_of(const Stream *stream, int64 keep)
{
	int64		blob_id;

	if (stream->blob_id != 0)
		return upload_writable(stream->handle, stream->blob_id, stream->size,
							   is_text(&stream->prop), keep);
	blob_id = upload_create(stream->handle, is_text(&stream->prop));
	if (stream->size > 0)
		blob_write(stream->handle->store_id, blob_id, 0,
				   VARDATA_ANY(stream->bytes), stream->size);
	return blob_id;
}

/* Raise MAPI_E_INVALID_PARAMETER if byte "at" continues a character. */
static void
check_boundary(const Stream *stream, int64 at)
{
	unsigned char byte;

	if (at >= stream->size)
		return;
	if (stream->blob_id != 0)
		byte = *VARDATA(read_blob(stream, at, 1));
	else
		byte = VARDATA_ANY(stream->bytes)[at];
	if ((byte & 0xC0) == 0x80)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("byte %lld of property %s is inside a character",
						(long long) at, stream->prop.name),
				 errhint("Write whole characters.")));
}

/*
 * Raise MAPI_E_INVALID_PARAMETER unless a piece consists of whole characters
 * and has no NUL among them.
 */
static void
check_text(const Stream *stream, const char *bytes, int64 count)
{
	if (!text_valid(bytes, count))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %s would not be valid UTF-8",
						stream->prop.name),
				 errhint("Write whole characters.")));
}

/*
 * Raise an error unless the property can be written through this handle:
 * MAPI_E_NO_ACCESS, MAPI_E_COMPUTED or MAPI_E_NO_SUPPORT.
 */
static void
require_stored(const Stream *stream)
{
	handle_require_writable(stream->handle);
	if (stream->prop.rule == RULE_COMPUTED)
		ereport(ERROR,
				(errmapi(MAPI_E_COMPUTED),
				 errmsg("property %s is computed by the store",
						stream->prop.name)));
	if (stream->handle->kind == HANDLE_ATTACHMENT &&
		stream->prop.part != PART_PROPS)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("property %s belongs to messages, not to attachments",
						stream->prop.name)));
}

/* Raise MAPI_E_TOO_BIG if a value cannot have so many bytes. */
static void
check_size(const Stream *stream, int64 offset, int64 count)
{
	if (offset > BLOB_MAX_BYTES - count)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("property %s cannot have more than %lld bytes",
						stream->prop.name, (long long) BLOB_MAX_BYTES)));
}

/*
 * write_stream(handle, property, offset, bytes) → bigint
 *
 * Write bytes at an offset, over the present value and past its end, and
 * return the size of the value afterwards.  If the handle does not have the
 * property, the value is empty before the write.  If the offset is past the
 * end of a binary value, zeros fill the gap.
 *
 * Errors: MAPI_E_NO_ACCESS on a read-only handle, MAPI_E_COMPUTED,
 * MAPI_E_TOO_BIG, MAPI_E_INVALID_PARAMETER if the offset is past the end of a
 * string or a string would not be valid UTF-8, and the errors of
 * find_stream().
 */
PG_FUNCTION_INFO_V1(write_stream);
Datum
write_stream(PG_FUNCTION_ARGS)
{
	int64		offset = call_bytes(fcinfo, 2, "offset");
	Stream		stream;
	bytea	   *bytes;
	int64		count;
	int64		size;

	REQUIRE_ARG(3, "bytes");
	bytes = PG_GETARG_BYTEA_PP(3);
	count = VARSIZE_ANY_EXHDR(bytes);
	find_stream(fcinfo, &stream, 0, PG_INT32_MAX);
	require_stored(&stream);
	check_size(&stream, offset, count);
	if (offset > stream.size && is_text(&stream.prop))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("offset %lld is past the end of property %s, which has %lld bytes",
						(long long) offset, stream.prop.name,
						(long long) stream.size)));
	if (is_text(&stream.prop))
	{
		check_text(&stream, VARDATA_ANY(bytes), count);
		check_boundary(&stream, offset);
		check_boundary(&stream, offset + count);
	}
	size = Max(stream.size, offset + count);
	if (wants_blob(&stream, size))
	{
		int64		blob_id;

		call_require_write("write_stream()");
		blob_id = upload_of(&stream, stream.size);
		blob_write_zeros(stream.handle->store_id, blob_id, stream.size,
						 offset - stream.size);
		blob_write(stream.handle->store_id, blob_id, offset,
				   VARDATA_ANY(bytes), count);
		set_blob(&stream, blob_id, size);
	}
	else
	{
		char	   *buf = palloc0(size + 1);

		if (stream.bytes != NULL)
			memcpy(buf, VARDATA_ANY(stream.bytes), stream.size);
		memcpy(buf + offset, VARDATA_ANY(bytes), count);
		set_bytes(&stream, buf, size);
	}
	PG_RETURN_INT64(size);
}

/*
 * set_stream_size(handle, property, size)
 *
 * Cut a value to its first "size" bytes, or fill a binary value with zeros up
 * to that size (MS-OXCPRPT R57706).  truncate_stream() is another name of this
 * function.
 *
 * Errors: as write_stream(), with MAPI_E_INVALID_PARAMETER if a string has
 * fewer than "size" bytes.
 */
PG_FUNCTION_INFO_V1(set_stream_size);
Datum
set_stream_size(PG_FUNCTION_ARGS)
{
	int64		size = call_bytes(fcinfo, 2, "size");
	Stream		stream;

	find_stream(fcinfo, &stream, 0, PG_INT32_MAX);
	require_stored(&stream);
	check_size(&stream, size, 0);
	if (size > stream.size && is_text(&stream.prop))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %s has only %lld bytes", stream.prop.name,
						(long long) stream.size)));
	if (is_text(&stream.prop))
		check_boundary(&stream, size);
	if (wants_blob(&stream, size))
	{
		int64		blob_id;

		call_require_write("set_stream_size()");
		blob_id = upload_of(&stream, Min(size, stream.size));
		if (size < stream.size)
			blob_truncate(stream.handle->store_id, blob_id, size);
		else
			blob_write_zeros(stream.handle->store_id, blob_id, stream.size,
							 size - stream.size);
		set_blob(&stream, blob_id, size);
	}
	else
	{
		char	   *buf = palloc0(size + 1);

		if (stream.bytes != NULL)
			memcpy(buf, VARDATA_ANY(stream.bytes), Min(size, stream.size));
		set_bytes(&stream, buf, size);
	}
	PG_RETURN_VOID();
}
