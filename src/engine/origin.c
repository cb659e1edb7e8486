/*-------------------------------------------------------------------------
 *
 * origin.c
 *	  The source keys of messages and folders, and the objects of which a
 *	  source key is known.
 *
 * NOTES
 *	  The source key of an object that was made in this store is computed from
 *	  its id.  An object that was imported keeps its source key, which the table
 *	  imported has, beside the object's id here.  The row outlives the object,
 *	  so that a change of a deleted message finds the deletion.  No save of a
 *	  message touches the table.
 *
 *	  A folder may have aliases: the special folders of two stores stand for
 *	  each other, but each keeps its own source key.
 *
 *	  The keys of folders are cached, because reading a message shows that of
 *	  its folder.  The cache is emptied by an invalidation of the table, which
 *	  importing a folder sends.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "query.h"

#define MAX_CACHED_KEYS		1024

/* The key of a folder in the cache. */
typedef struct CachedKey
{
	struct
	{
		int64		store_id;
		int64		folder_id;
	}			folder;
	LineageKey	key;
} CachedKey;

static HTAB *cached_keys = NULL;

/* A RelationWatcher: the table may have changed. */
static void
forget_keys(void)
{
	if (cached_keys != NULL)
		hash_destroy(cached_keys);
	cached_keys = NULL;
}

/* Return the table of cached keys, which is empty at first. */
static HTAB *
cache(void)
{
	HASHCTL		control;

	if (cached_keys != NULL &&
		hash_get_num_entries(cached_keys) >= MAX_CACHED_KEYS)
		forget_keys();
	if (cached_keys == NULL)
	{
		relation_watch(REL_IMPORTED, forget_keys);
		memset(&control, 0, sizeof(control));
		control.keysize = 2 * sizeof(int64);
		control.entrysize = sizeof(CachedKey);
		control.hcxt = TopMemoryContext;
		cached_keys = hash_create("msgstore source keys of folders", 64,
								  &control,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	return cached_keys;
}

/* Return a key as a bytea. */
static Datum
key_datum(const LineageKey *key)
{
	bytea	   *bytes = palloc(VARHDRSZ + key->size);

	SET_VARSIZE(bytes, VARHDRSZ + key->size);
	memcpy(VARDATA(bytes), key->bytes, key->size);
	return PointerGetDatum(bytes);
}

/* Read the key of an imported object; return false if it was made here. */
static bool
read_imported(int64 store_id, Keyed series, int64 id, LineageKey *key)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	BoolGetDatum(series == KEYED_FOLDER), Int64GetDatum(id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_IMPORTED_KEY, values, NULL) > 0;
	if (found)
	{
		bool		isnull;
		bytea	   *bytes =
		DatumGetByteaPP(SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, 1, &isnull));

		found = lineage_read_key((const uint8 *) VARDATA_ANY(bytes),
								 VARSIZE_ANY_EXHDR(bytes), key);
	}
	SPI_finish();
	return found;
}

void
origin_key(int64 store_id, Keyed series, int64 id, LineageKey *key)
{
	struct
	{
		int64		store_id;
		int64		folder_id;
	}			folder = {store_id, id};
	CachedKey  *cached;

	if (series == KEYED_FOLDER)
	{
		cached = hash_search(cache(), &folder, HASH_FIND, NULL);
		if (cached != NULL)
		{
			*key = cached->key;
			return;
		}
	}
	if (!read_imported(store_id, series, id, key))
		lineage_number_key(store_id, series, id, key);
	if (series == KEYED_FOLDER)
	{
		cached = hash_search(cache(), &folder, HASH_ENTER, NULL);
		cached->key = *key;
	}
}

int64
origin_find(int64 store_id, Keyed series, const LineageKey *key)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	BoolGetDatum(series == KEYED_FOLDER), key_datum(key)};
	int64		id = 0;

	SPI_connect();
	if (query_run(QUERY_IMPORTED_FIND, values, NULL) > 0)
		id = query_result_bigint();
	SPI_finish();
	return id;
}

void
origin_record(int64 store_id, Keyed series, const LineageKey *key, int64 id,
			  bool is_alias)
{
	Datum		values[5] = {Int64GetDatum(store_id),
		BoolGetDatum(series == KEYED_FOLDER), key_datum(key),
	Int64GetDatum(id), BoolGetDatum(is_alias)};

	SPI_connect();
	query_run(QUERY_IMPORTED_INSERT, values, NULL);
	SPI_finish();
	if (series == KEYED_FOLDER)
		relation_announce(REL_IMPORTED);
}
