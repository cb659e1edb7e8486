/*-------------------------------------------------------------------------
 *
 * mail.c
 *	  Messages made from mail: bytes travel as binary arguments beside the JSON
 *	  of the properties.
 *
 * NOTES
 *	  import_message() has the effect and the answers of save_new_message(),
 *	  and stores the original in the same call.  Headers, bodies and the bytes
 *	  of attachments neither pass through the JSON parser nor through base64.
 *
 *	  Bytes are stored as blobs when the folder is locked and the role may
 *	  create messages, so that a save that is refused has stored nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

/* The bytes in "attachments", and the message that is going to have them. */
typedef struct MailBytes
{
	Adoption	adoption;
	Datum	   *bytes;
	bool	   *isnull;
	int			count;
	Upload	   *uploads;		/* those that are stored, the last one first */
} MailBytes;

/*
 * ReferenceMapper: store an element of "attachments", and return the id of the
 * blob.
 */
static int64
store_bytes(const Property *prop, int64 number, int64 size, void *arg)
{
	MailBytes  *all = arg;
	Upload	   *upload;
	bytea	   *bytes;

	if (prop->type != PT_BINARY)
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("property %s cannot be an element of \"attachments\"",
						prop->name)));
	if (number > all->count || all->isnull[number - 1])
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"attachments\" has no element %lld",
						(long long) number)));
	bytes = DatumGetByteaPP(all->bytes[number - 1]);
	if (size != VARSIZE_ANY_EXHDR(bytes))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("element %lld of \"attachments\" has %lld bytes, not %lld",
						(long long) number,
						(long long) VARSIZE_ANY_EXHDR(bytes),
						(long long) size)));
	upload = palloc0(sizeof(Upload));
	upload->blob_id = blob_store(&all->adoption, VARDATA_ANY(bytes), size);
	upload->stored = true;
	upload->next = all->uploads;
	all->uploads = upload;
	return upload->blob_id;
}

/* Return the properties with blobs in place of the elements of an array. */
static Jsonb *
map_bytes(Jsonb *props, ArrayType *array, MailBytes *all)
{
	Property	list;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(props))
		return props;			/* edits_from_patch() refuses it */
	spelling_resolve("PR_MESSAGE_ATTACHMENTS",
					 strlen("PR_MESSAGE_ATTACHMENTS"), &list);
	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT,
					  &all->bytes, &all->isnull, &all->count);
	value_from_object(&value, props);
	references_map(&list, &value, store_bytes, all);
	return object_from_value(&value);
}

/* Set a part to argument n, unless the argument is NULL. */
static void
add_part(FunctionCallInfo fcinfo, int n, Part part, Edits *edits)
{
	if (PG_ARGISNULL(n))
		return;
	if (edits->touched[part] == TOUCHED)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %s is named more than once",
						part_name(part))));
	edits->touched[part] = TOUCHED;
	edits->value[part] = PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

/* Fill *edits with the edits of a new message, of whose folder we have a lock. */
static void
mail_edits(FunctionCallInfo fcinfo, MailBytes *bytes, Edits *edits)
{
	Jsonb	   *props = PG_GETARG_JSONB_P(2);

	if (!PG_ARGISNULL(6))
		props = map_bytes(props, PG_GETARG_ARRAYTYPE_P(6), bytes);
	edits_from_patch(props, true, edits);
	add_part(fcinfo, 3, PART_HEADERS, edits);
	add_part(fcinfo, 4, PART_BODY, edits);
	add_part(fcinfo, 5, PART_HTML, edits);
	edits_one_body(edits);
}

/*
 * Make the first save of the message in *request, which has an id, and return
 * the result of the save.
 */
static int32
save_mail(FunctionCallInfo fcinfo, const SaveRequest *request, int64 *number)
{
	MailBytes	bytes;
	Content		start;
	Edits		edits;
	SaveRequest first = *request;
	int32		result = save_lock_folder(request);

	if (result != S_OK)
		return result;
	memset(&bytes, 0, sizeof(bytes));
	bytes.adoption.store_id = request->store_id;
	bytes.adoption.message_id = request->message_id;
	mail_edits(fcinfo, &bytes, &edits);
	content_from_bag(&start, content_defaults());
	first.is_folder_locked = true;
	first.start = &start;
	first.edits = &edits;
	first.uploads = bytes.uploads;
	result = save_execute(&first, number);
	if (result == S_OK && !PG_ARGISNULL(7))
		original_store(request->store_id, request->message_id,
					   PG_GETARG_BYTEA_PP(7));
	return result;
}

/*
 * import_message(store_id, folder_id, props, headers, body, html, attachments,
 *				  original, request, actor)
 * → (result, message_id, change_number)
 *
 * Create a message and save it in one call, as save_new_message() does.
 * "headers", "body" and "html" are PR_TRANSPORT_MESSAGE_HEADERS, PR_BODY and
 * PR_HTML.  A reference {"blob": n, "size": bytes} in "props" stands for
 * element n of "attachments", which becomes a blob.  "original" is the mail
 * that the message was made from.  Any of these five may be NULL.
 *
 * Errors: those of save_new_message(); MAPI_E_INVALID_PARAMETER if "props" has
 * a property that is an argument, too, or a reference without an element.
 */
PG_FUNCTION_INFO_V1(import_message);
Datum
import_message(PG_FUNCTION_ARGS)
{
	SaveRequest request;
	int64		number = 0;
	int32		result = S_OK;
	Datum		values[3];
	bool		nulls[3] = {false, true, true};

	memset(&request, 0, sizeof(request));
	request.store_id = call_number(fcinfo, 0, "store_id");
	request.folder_id = call_number(fcinfo, 1, "folder_id");
	REQUIRE_ARG(2, "props");
	request.is_new = true;
	request.is_stateless = true;
	request.message_flags = MSGFLAG_DEFAULT;
	request_arguments(fcinfo, 8, &request.author);

	access_require_folder(request.store_id, request.folder_id, RIGHT_CREATE);
	call_require_write("import_message()");
	if (!request_created_before(request.store_id, &request.author,
								&request.message_id, &number))
	{
		request.message_id = number_next_id(REL_MESSAGE_ID_SEQ,
											request.store_id);
		result = save_mail(fcinfo, &request, &number);
	}
	values[0] = Int32GetDatum(result);
	if (result == S_OK)
	{
		values[1] = Int64GetDatum(request.message_id);
		values[2] = Int64GetDatum(number);
		nulls[1] = nulls[2] = false;
	}
	return call_row(fcinfo, values, nulls);
}
