/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  Many saves in one call.
 *
 * NOTES
 *	  Each item of the call is a save of its own, with the answer that
 *	  save_message() would give.  The saves are done in the order of the ids of
 *	  their messages, so that two calls do not deadlock, and each id is saved
 *	  once.
 *
 *	  An item that raises an error with a MAPI code is answered with this code,
 *	  and takes no other item back.  All patches are checked first, in one
 *	  subtransaction, and one by one only if a patch is not valid.  A checked
 *	  save raises no such error unless it stores blobs or is forced; only these
 *	  saves have a subtransaction of their own, since each costs a transaction
 *	  id.  Any other error ends the call, after its subtransaction was rolled
 *	  back: outside of a transaction block, the session would else be left in a
 *	  failed transaction.
 *
 *	  The changes of the other saves are recorded together at the end
 *	  (changebatch_begin): a call saves a message once, so that no save of the
 *	  call looks for the record of another one.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/resowner.h"

/* One save of the call. */
typedef struct BulkItem
{
	int			at;				/* position in the call, from 1 */
	int64		message_id;		/* 0: the element has none */
	int64		base;
	Jsonb	   *patch;			/* NULL: the element is not valid */
	Edits		edits;			/* the checked patch */
	int32		result;
	int64		number;			/* the version that stands afterwards, or 0 */
} BulkItem;

/* The call. */
typedef struct Bulk
{
	int64		store_id;
	uint32		flags;
	BulkItem   *items;
	int			count;
	BulkItem   *one;			/* the item that is processed alone */
	MessageRow	row;			/* open, for saves outside of subtransactions */
	ChangeBatch batch;			/* of their changes */
} Bulk;

/* ------------------------------------------------------------- subcalls */

/*
 * Call a function in a subtransaction.  Return S_OK, or the MAPI code of the
 * error that the function raised.  Any other error is raised again.  In each
 * case, an error rolls back the subtransaction.
 */
static int32
attempt(void (*work) (Bulk *), Bulk *bulk)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile int32 result = S_OK;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		work(bulk);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		result = hresult_of_sqlstate(error->sqlerrcode);
		if (result == S_OK)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return result;
}

/* --------------------------------------------------------------- arguments */

/*
 * Find the values of an element that is an object with the three members, or an
 * array of three values in the same order.  Returns NULL in place of an absent
 * value; *whole is false if the element has another number of values.
 */
static void
find_values(const JsonbValue *element, const JsonbValue **found, bool *whole)
{
	static const char *const names[3] = {
		"message_id", "change_number", "changes"
	};
	JsonbContainer *container = element->val.binary.data;
	bool		is_object;

	*whole = false;
	memset(found, 0, sizeof(JsonbValue *) * 3);
	if (element->type != jbvBinary)
		return;
	is_object = JsonContainerIsObject(container);
	*whole = JsonContainerSize(container) == 3;
	for (int i = 0; i < 3 && (is_object || *whole); i++)
	{
		if (!is_object)
			found[i] = getIthJsonbValueFromContainer(container, i);
		else
		{
			JsonbValue *value = palloc(sizeof(JsonbValue));

			if (bag_find(object_in_place(element), names[i], value))
				found[i] = value;
		}
	}
}

/* Read a value that is an id or a change number. */
static bool
read_number(const JsonbValue *value, int64 *number)
{
	return value != NULL && value_number(value, number) && *number > 0 &&
		*number <= MAX_NUMBER;
}

/* Read an element of the call, which may be any JSON, into *item. */
static void
read_item(const JsonbValue *element, BulkItem *item)
{
	const JsonbValue *values[3];
	bool		whole;

	item->result = MAPI_E_INVALID_PARAMETER;
	find_values(element, values, &whole);
	if (!read_number(values[0], &item->message_id))
		item->message_id = 0;
	if (item->message_id == 0 || !whole ||
		!read_number(values[1], &item->base) ||
		values[2] == NULL || values[2]->type != jbvBinary ||
		!JsonContainerIsObject(values[2]->val.binary.data))
		return;
	item->patch = object_from_value(values[2]);
	item->result = S_OK;
}

/* qsort() comparator: by id, then by position. */
static int
compare_items(const void *a, const void *b)
{
	const BulkItem *x = a;
	const BulkItem *y = b;

	if (x->message_id != y->message_id)
		return x->message_id < y->message_id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at ? 1 : 0;
}

/* qsort() comparator: by position. */
static int
compare_places(const void *a, const void *b)
{
	return ((const BulkItem *) a)->at - ((const BulkItem *) b)->at;
}

/*
 * Read argument n, "changes", into the items of a call, sorted by id.  All items
 * with an id that occurs twice are refused.  Raise MAPI_E_INVALID_PARAMETER
 * unless the argument is an array.
 */
static void
items_argument(FunctionCallInfo fcinfo, int n, Bulk *bulk)
{
	Jsonb	   *array;
	JsonbIterator *it;
	JsonbValue	value;

	REQUIRE_ARG(n, "changes");
	array = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"changes\" must be an array of objects"),
				 errhint("Write each object as {\"message_id\": ..., \"change_number\": ..., \"changes\": {...}}.")));
	bulk->items = palloc0(sizeof(BulkItem) * Max(JB_ROOT_COUNT(array), 1));
	it = JsonbIteratorInit(&array->root);
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		BulkItem   *item = &bulk->items[bulk->count++];

		item->at = bulk->count;
		read_item(&value, item);
	}
	qsort(bulk->items, bulk->count, sizeof(BulkItem), compare_items);
	for (int i = 1; i < bulk->count; i++)
	{
		BulkItem   *item = &bulk->items[i];

		if (item->message_id != 0 && item->message_id == item[-1].message_id)
			item->result = item[-1].result = MAPI_E_INVALID_PARAMETER;
	}
}

/* ------------------------------------------------------------------ saving */

static void
check_one(Bulk *bulk)
{
	edits_from_patch(bulk->one->patch, false, &bulk->one->edits);
}

/*
 * Check the patches of all items.  Where a patch is that of the item before, as
 * it often is, both items share the edits, which nobody changes.
 */
static void
check_all(Bulk *bulk)
{
	const BulkItem *checked = NULL;

	for (int i = 0; i < bulk->count; i++)
	{
		BulkItem   *item = &bulk->items[i];

		if (item->result != S_OK)
			continue;
		if (checked != NULL &&
			VARSIZE(checked->patch) == VARSIZE(item->patch) &&
			memcmp(checked->patch, item->patch, VARSIZE(item->patch)) == 0)
			item->edits = checked->edits;
		else
			edits_from_patch(item->patch, false, &item->edits);
		checked = item;
	}
}

/* Make the request to save an item. */
static void
request_of(const Bulk *bulk, const BulkItem *item, SaveRequest *request)
{
	memset(request, 0, sizeof(SaveRequest));
	request->store_id = bulk->store_id;
	request->message_id = item->message_id;
	request->base = item->base;
	request->edits = &item->edits;
	request->flags = bulk->flags;
}

/* Save the item that is processed alone. */
static void
save_one(Bulk *bulk)
{
	SaveRequest request;

	request_of(bulk, bulk->one, &request);
	bulk->one->result = save_execute(&request, &bulk->one->number);
}

static void
require_one(Bulk *bulk)
{
	view_require_message(bulk->store_id, bulk->one->message_id);
}

/*
 * Save an item whose patch is valid.  A message that the current role may not
 * read is answered as if it did not exist or could not be read, whatever its
 * state is.
 */
static void
save_item(Bulk *bulk, BulkItem *item)
{
	int32		result = S_OK;
	SaveRequest request;

	bulk->one = item;
	if ((bulk->flags & FORCE_SAVE) != 0 || adopt_needed(&item->edits))
		result = attempt(save_one, bulk);
	else
	{
		request_of(bulk, item, &request);
		request.batch = &bulk->batch;
		item->result = save_on_row(&bulk->row, &request, &item->number);
	}
	if (result == S_OK && (item->result == MAPI_E_OBJECT_DELETED ||
						   item->result == MAPI_E_NO_ACCESS))
		result = attempt(require_one, bulk);
	if (result != S_OK)
	{
		item->result = result;
		item->number = 0;
	}
}

/* Park the edits of a refused item, as save_message() does. */
static void
park_item(const Bulk *bulk, const BulkItem *item)
{
	Stand		stand;
	Draft		draft = {0};

	if (item->result == S_OK || item->patch == NULL || item->number == 0)
		return;
	memset(&stand, 0, sizeof(stand));
	stand.store_id = bulk->store_id;
	stand.message_id = item->message_id;
	stand.base = item->base;
	stand.edits = item->edits;
	if (edits_any(&stand.edits))
		park_stand(&stand, &draft);
}

/* Do the saves of a call in the order of the ids. */
static void
save_all(Bulk *bulk)
{
	if (attempt(check_all, bulk) != S_OK)
	{
		for (int i = 0; i < bulk->count; i++)
		{
			bulk->one = &bulk->items[i];
			if (bulk->one->result == S_OK)
				bulk->one->result = attempt(check_one, bulk);
		}
	}
	messagerow_open(&bulk->row, RowExclusiveLock);
	changebatch_begin(&bulk->batch);
	for (int i = 0; i < bulk->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (bulk->items[i].result == S_OK)
			save_item(bulk, &bulk->items[i]);
	}
	changebatch_end(&bulk->batch);
	messagerow_close(&bulk->row);
	/* the lock of the drafts is taken last */
	for (int i = 0; (bulk->flags & PARK_REFUSED) != 0 && i < bulk->count; i++)
		park_item(bulk, &bulk->items[i]);
}

/* Return a row for each item, in the order of the call. */
static void
return_items(FunctionCallInfo fcinfo, Bulk *bulk)
{
	TupleDesc	desc;
	Tuplestorestate *rows = call_begin_set(fcinfo, &desc);

	qsort(bulk->items, bulk->count, sizeof(BulkItem), compare_places);
	for (int i = 0; i < bulk->count; i++)
	{
		const BulkItem *item = &bulk->items[i];
		Datum		values[4] = {Int32GetDatum(item->at),
			Int64GetDatum(item->message_id), Int32GetDatum(item->result),
		Int64GetDatum(item->number)};
		bool		nulls[4] = {false, item->message_id == 0, false,
		item->number == 0};

		tuplestore_putvalues(rows, desc, values, nulls);
	}
}

/* Do the work of save_messages(). */
static int64
work_save_messages(FunctionCallInfo fcinfo)
{
	Bulk		bulk = {0};

	REQUIRE_ARG(2, "flags");
	bulk.store_id = call_number(fcinfo, 0, "store_id");
	bulk.flags = PG_GETARG_UINT32(2);
	items_argument(fcinfo, 1, &bulk);
	call_require_write("save_messages()");
	access_require_store(bulk.store_id, RIGHT_FOLDER_VISIBLE);
	if ((bulk.flags & ~SAVE_FLAGS) == 0)
		save_all(&bulk);
	else
	{
		for (int i = 0; i < bulk.count; i++)
			bulk.items[i].result = MAPI_E_UNKNOWN_FLAGS;
	}
	return_items(fcinfo, &bulk);
	return 0;
}

/*
 * save_messages(store_id, changes, flags, actor)
 * → (item, message_id, result, change_number)
 *
 * Do many saves in one call.  "changes" is an array of objects with the members
 * message_id, change_number and changes, the arguments of save_message(), or of
 * arrays of these three values, which need less parsing.
 *
 * Returns a row for each element, in their order, with the answer that
 * save_message() would give; instead of an error with a MAPI code its result is
 * this code.  An element that is not as described, and all elements with an id
 * that occurs twice, are answered with MAPI_E_INVALID_PARAMETER.
 *
 * Errors: MAPI_E_INVALID_PARAMETER unless "changes" is an array,
 * MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS if the role may not use it.
 */
PG_FUNCTION_INFO_V1(save_messages);
Datum
save_messages(PG_FUNCTION_ARGS)
{
	(void) author_call(fcinfo, 3, work_save_messages);
	return (Datum) 0;
}
