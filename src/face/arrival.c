/*-------------------------------------------------------------------------
 *
 * arrival.c
 *	  Reading changes that come from other stores: keys, times, blobs, and the
 *	  messages and folders that they are of; and the winner of a conflict.
 *
 * NOTES
 *	  Stores that meet in any order agree on the winner of a conflict because
 *	  the versions of an object have one order, in which a version stands behind
 *	  all versions that it knows (lineage.c).  Whichever versions a store has
 *	  met, the last one of these in the order stands.  The order goes by:
 *
 *	  1. the number of times that the object was restored;
 *	  2. deleted versions after others;
 *	  3. PR_LAST_MODIFICATION_TIME, which every save moves on;
 *	  4. the change key.
 *
 *	  So a deletion wins over all edits that do not know it, and loses to the
 *	  restoration that ended it, wherever the three meet.  Without the first
 *	  step, a store that meets the deletion after the restoration would delete
 *	  the object again, and another store would not.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "query.h"
#include "value.h"

/* ---------------------------------------------------------------- members */

void
arrival_raise_bad(const char *name)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("the change lacks a valid member \"%s\"", name),
			 errhint("A change is what export_change() returns.")));
}

Jsonb *
arrival_argument(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *change;

	REQUIRE_ARG(n, "change");
	change = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_OBJECT(change))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a change is a JSON object")));
	return change;
}

void
arrival_key_member(const Jsonb *change, const char *name, LineageKey *key)
{
	uint8	   *bytes;
	int			size;

	if (!lineage_member(change, name, &bytes, &size) ||
		!lineage_read_key(bytes, size, key))
		arrival_raise_bad(name);
}

void
arrival_key_text(const char *text, const char *name, LineageKey *key)
{
	BagList		list;

	baglist_init(&list, 1);
	baglist_add_cstring(&list, name, text, strlen(text));
	arrival_key_member(baglist_build(&list), name, key);
}

TimestampTz
arrival_time_member(const Jsonb *change, const char *name)
{
	JsonbValue	value;
	TimestampTz time;

	if (!bag_find(change, name, &value) || value.type != jbvString ||
		!systime_timestamp(value.val.string.val, value.val.string.len, &time))
		arrival_raise_bad(name);
	return time;
}

char *
arrival_text_member(const Jsonb *change, const char *name)
{
	JsonbValue	value;

	if (!bag_find(change, name, &value) || value.type != jbvString)
		arrival_raise_bad(name);
	return pnstrdup(value.val.string.val, value.val.string.len);
}

void
arrival_objects(const JsonbValue *value, const char *name, ObjectList *list)
{
	Jsonb	   *array = value->type == jbvBinary ? object_from_value(value) :
	NULL;

	if (array == NULL || !JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		arrival_raise_bad(name);
	objects_read(array, list);
	for (int i = 0; i < list->count; i++)
	{
		if (!JB_ROOT_IS_OBJECT(list->objects[i]))
			arrival_raise_bad(name);
	}
}

void
arrival_read(const Jsonb *change, Arrival *arrival)
{
	static const char *const list_name = "PR_PREDECESSOR_CHANGE_LIST";
	JsonbValue	value;
	uint8	   *bytes;
	int			size;

	memset(arrival, 0, sizeof(Arrival));
	arrival_key_member(change, "PR_CHANGE_KEY", &arrival->key);
	if (!lineage_member(change, list_name, &bytes, &size) ||
		!lineage_read(bytes, size, &arrival->list))
		arrival_raise_bad(list_name);
	lineage_add(&arrival->list, &arrival->key);
	arrival->modifier = arrival_text_member(change, "PR_LAST_MODIFIER_NAME");
	arrival->modified_at = arrival_time_member(change,
											   "PR_LAST_MODIFICATION_TIME");
	if (bag_find(change, "PR_DELETED_ON", &value))
		arrival->deleted_at = arrival_time_member(change, "PR_DELETED_ON");
	if (bag_find(change, "restored", &value))
	{
		int64		restored;

		if (!object_number(change, "restored", &restored) || restored < 0 ||
			restored > PG_INT32_MAX)
			arrival_raise_bad("restored");
		arrival->list.restored = (int32) restored;
	}
}

bool
arrival_wins(const Arrival *arrival, const Arrival *other)
{
	bool		deleted = arrival->deleted_at != 0;

	if (arrival->list.restored != other->list.restored)
		return arrival->list.restored > other->list.restored;
	if (deleted != (other->deleted_at != 0))
		return deleted;
	if (arrival->modified_at != other->modified_at)
		return arrival->modified_at > other->modified_at;
	return lineage_compare_keys(&arrival->key, &other->key) > 0;
}

/* ------------------------------------------------------------------ blobs */

void
arrival_blob_member(const Jsonb *blob, int64 *blob_id, int64 *size,
					char **digest, bool *is_text)
{
	JsonbValue	value;


	if (!object_number(blob, "blob", blob_id) || *blob_id <= 0 ||
		!object_number(blob, "size", size) || *size < 0 ||
		*size > BLOB_MAX_BYTES)
		arrival_raise_bad("blobs");
	*digest = arrival_text_member(blob, "digest");
	if (!bag_find(blob, "text", &value) || value.type != jbvBool)
		arrival_raise_bad("blobs");
	*is_text = value.val.boolean;
}

char *
arrival_blob_digest(int64 store_id, int64 blob_id, bool *is_text)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(blob_id)};
	char	   *digest;
	bool		isnull;
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	(void) query_run(QUERY_BLOB_DIGEST, values, NULL);
	digest = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	digest = MemoryContextStrdup(caller, digest);
	*is_text = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 2, &isnull));
	SPI_finish();
	return digest;
}

int64
arrival_find_blob(int64 store_id, int64 message_id, int64 size, bool is_text,
				  const char *digest)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	Int64GetDatum(message_id), Int64GetDatum(size)};
	int64		found = 0;

	if (message_id == 0)
		return 0;
	SPI_connect();
	(void) query_run(QUERY_MESSAGE_BLOBS, values, NULL);
	for (uint64 i = 0; i < SPI_processed && found == 0; i++)
	{
		SPITupleTable *table = SPI_tuptable;
		bool		isnull;
		bool		text;
		int64		blob_id = DatumGetInt64(SPI_getbinval(table->vals[i],
														  table->tupdesc, 1,
														  &isnull));

		CHECK_FOR_INTERRUPTS();
		if (DatumGetBool(SPI_getbinval(table->vals[i], table->tupdesc, 2,
									   &isnull)) == is_text &&
			strcmp(arrival_blob_digest(store_id, blob_id, &text), digest) == 0)
			found = blob_id;
		SPI_tuptable = table;
	}
	SPI_finish();
	return found;
}

/* ---------------------------------------------------------------- objects */

int64
arrival_message(int64 store_id, const LineageKey *source)
{
	int64		id = origin_find(store_id, KEYED_MESSAGE, source);
	MessageRow	row;

	if (id != 0)
		return id;
	id = lineage_key_number(KEYED_MESSAGE, source);
	if (id == 0)
		return 0;
	messagerow_begin_read(&row, GetLatestSnapshot());
	if (!messagerow_fetch(&row, store_id, id) && !change_any(store_id, id))
		id = 0;
	messagerow_end_read(&row);
	return id;
}

int64
arrival_folder(int64 store_id, const LineageKey *source)
{
	int64		id = origin_find(store_id, KEYED_FOLDER, source);
	Datum		values[2];
	bool		found;

	if (id != 0)
		return id;
	id = lineage_key_number(KEYED_FOLDER, source);
	if (id == 0)
		return 0;
	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(id);
	SPI_connect();
	found = query_run(QUERY_FOLDER_KNOWN, values, NULL) > 0;
	SPI_finish();
	return found ? id : 0;
}
