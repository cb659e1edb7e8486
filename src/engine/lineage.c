/*-------------------------------------------------------------------------
 *
 * lineage.c
 *	  Keys of objects and versions, and predecessor change lists.
 *
 * NOTES
 *	  A key is a GUID and a counter.  The source key of a message or folder is
 *	  the key of its id in the store that made the object, and the change key
 *	  of a version is the key of its change number in the store that made the
 *	  version.  Both keep their keys in every store to which they are copied.
 *	  The GUID is that of the incarnation that gave the number out.  In change
 *	  keys, the store's id is XORed into its last eight bytes, because the stores
 *	  of one database share the numbers, and do not know each other's changes.
 *
 *	  The predecessor change list of a version has the greatest change key of
 *	  each GUID of which the version knows a change (MS-OXCFXICS 3.1.5.6).  One
 *	  version is newer than another if its list includes every key of the
 *	  other's list.  If neither list includes the other, the versions were made
 *	  independently of each other.
 *
 *	  Most versions were made in this database and follow versions made here.
 *	  Their keys are computed from numbers: the change number, and those in
 *	  "predecessors".  A version that came from another store, or that restored
 *	  a deleted object, or that follows such a version, has a lineage, which
 *	  replaces "predecessors":
 *
 *		1 byte		1 if the version has a key of its own, which is the first
 *					of the following; 0 if the key is that of its number
 *		4 bytes		how often the object has been restored (see arrival.c)
 *		keys		each preceded by its size in one byte, sorted by GUID;
 *					the version's own key is among them if the byte is 1
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "value.h"

/* the bytes of a stored lineage before its keys */
#define STORED_HEAD		5

/* ------------------------------------------------------------------- keys */

/* Write the last bytes of a number, big-endian. */
static inline void
put_bytes(uint8 *at, uint64 number, int bytes)
{
	number = pg_hton64(number);
	memcpy(at, (const char *) &number + sizeof(number) - bytes, bytes);
}

/* Read a number from big-endian bytes. */
static uint64
get_number(const uint8 *at, int bytes)
{
	uint64		number = 0;

	for (int i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

void
lineage_number_key(int64 store_id, Keyed series, int64 number, LineageKey *key)
{
	memset(key, 0, sizeof(LineageKey));
	if (!incarnation_guid(series, number, key->bytes))
	{
		access_replica_guid(store_id, key->bytes);
		key->bytes[GUID_BYTES - 2] ^= NODE_OF(number) >> 8;
		key->bytes[GUID_BYTES - 1] ^= NODE_OF(number) & 0xFF;
	}
	if (series == KEYED_CHANGE)
	{
		uint8		store[sizeof(int64)];

		put_bytes(store, (uint64) store_id, sizeof(store));
		for (int i = 0; i < (int) sizeof(store); i++)
			key->bytes[GUID_BYTES - sizeof(store) + i] ^= store[i];
	}
	put_bytes(key->bytes + GUID_BYTES, COUNTER_OF(number), COUNTER_BYTES);
	key->size = GUID_BYTES + COUNTER_BYTES;
}

int64
lineage_key_number(Keyed series, const LineageKey *key)
{
	uint64		counter;

	if (key->size != GUID_BYTES + COUNTER_BYTES)
		return 0;
	counter = get_number(key->bytes + GUID_BYTES, COUNTER_BYTES);
	if (counter > COUNTER_MASK)
		return 0;
	return incarnation_number(series, key->bytes, (int64) counter);
}

/* Compare the GUIDs of two keys. */
static int
compare_guids(const LineageKey *a, const LineageKey *b)
{
	return memcmp(a->bytes, b->bytes, GUID_BYTES);
}

/* Compare the counters of two keys with one GUID, as numbers. */
static int
compare_counters(const LineageKey *a, const LineageKey *b)
{
	uint64		x = get_number(a->bytes + GUID_BYTES, a->size - GUID_BYTES);
	uint64		y = get_number(b->bytes + GUID_BYTES, b->size - GUID_BYTES);

	return x < y ? -1 : x > y ? 1 : 0;
}

int
lineage_compare_keys(const LineageKey *a, const LineageKey *b)
{
	int			order = compare_guids(a, b);

	return order != 0 ? order : compare_counters(a, b);
}

bool
lineage_read_key(const uint8 *bytes, int size, LineageKey *key)
{
	if (size < LINEAGE_KEY_MIN || size > LINEAGE_KEY_MAX)
		return false;
	memset(key, 0, sizeof(LineageKey));
	key->size = size;
	memcpy(key->bytes, bytes, size);
	return true;
}

/* ------------------------------------------------------------------ lists */

void
lineage_add(Lineage *list, const LineageKey *key)
{
	int			at = 0;
	int			order = 1;
	int			rest;
	LineageKey *keys;

	while (at < list->count &&
		   (order = compare_guids(&list->keys[at], key)) < 0)
		at++;
	rest = at;
	if (at < list->count && order == 0)
	{
		if (compare_counters(&list->keys[at], key) >= 0)
			return;
		rest = at + 1;
	}
	/* a copy of the list may share the old array */
	keys = palloc(sizeof(LineageKey) * (list->count + 1));
	if (at > 0)
		memcpy(keys, list->keys, sizeof(LineageKey) * at);
	keys[at] = *key;
	if (list->count > rest)
		memcpy(&keys[at + 1], list->keys + rest,
			   sizeof(LineageKey) * (list->count - rest));
	list->count = at + 1 + list->count - rest;
	list->keys = keys;
}

void
lineage_merge(Lineage *list, const Lineage *other)
{
	for (int i = 0; i < other->count; i++)
		lineage_add(list, &other->keys[i]);
	list->restored = Max(list->restored, other->restored);
}

bool
lineage_includes(const Lineage *list, const Lineage *other)
{
	for (int i = 0; i < other->count; i++)
	{
		bool		found = false;

		for (int j = 0; j < list->count && !found; j++)
			found = compare_guids(&list->keys[j], &other->keys[i]) == 0 &&
				compare_counters(&list->keys[j], &other->keys[i]) >= 0;
		if (!found)
			return false;
	}
	return true;
}

bool
lineage_read(const uint8 *bytes, int size, Lineage *list)
{
	memset(list, 0, sizeof(Lineage));
	while (size > 0)
	{
		LineageKey	key;

		if (bytes[0] >= size || !lineage_read_key(bytes + 1, bytes[0], &key))
			return false;
		lineage_add(list, &key);
		size -= 1 + bytes[0];
		bytes += 1 + bytes[0];
	}
	return true;
}

/* Append a key to bytes, preceded by its size. */
static void
append_key(StringInfo bytes, const LineageKey *key)
{
	appendStringInfoCharMacro(bytes, key->size);
	appendBinaryStringInfo(bytes, (const char *) key->bytes, key->size);
}

uint8 *
lineage_bytes(const Lineage *list, int *size)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	for (int i = 0; i < list->count; i++)
		append_key(&bytes, &list->keys[i]);
	*size = bytes.len;
	return (uint8 *) bytes.data;
}

/* ------------------------------------------------------ stored lineages */

/*
 * Read a stored lineage.  Returns true and sets *key if the version has a key
 * of its own.
 */
static bool
read_stored(Datum stored, LineageKey *key, Lineage *list)
{
	bytea	   *bytes = DatumGetByteaPP(stored);
	const uint8 *data = (const uint8 *) VARDATA_ANY(bytes);
	int			size = VARSIZE_ANY_EXHDR(bytes) - STORED_HEAD;

	if (size < 0 || !lineage_read(data + STORED_HEAD, size, list) ||
		(data[0] != 0 &&
		 (size < 1 || !lineage_read_key(data + STORED_HEAD + 1,
										data[STORED_HEAD], key))))
		ereport(ERROR,
				(errmapi(MAPI_E_CORRUPT_DATA),
				 errmsg("the predecessor change list of a version is damaged")));
	list->restored = (int32) get_number(data + 1, STORED_HEAD - 1);
	return data[0] != 0;
}

Datum
lineage_store(const LineageKey *key, const Lineage *list)
{
	StringInfoData bytes;
	uint8		head[STORED_HEAD];
	bytea	   *result;

	initStringInfo(&bytes);
	head[0] = key != NULL ? 1 : 0;
	put_bytes(head + 1, (uint64) list->restored, STORED_HEAD - 1);
	appendBinaryStringInfo(&bytes, (const char *) head, STORED_HEAD);
	if (key != NULL)
		append_key(&bytes, key);
	for (int i = 0; i < list->count; i++)
	{
		if (key == NULL || compare_guids(key, &list->keys[i]) != 0 ||
			compare_counters(key, &list->keys[i]) != 0)
			append_key(&bytes, &list->keys[i]);
	}
	result = palloc(VARHDRSZ + bytes.len);
	SET_VARSIZE(result, VARHDRSZ + bytes.len);
	memcpy(VARDATA(result), bytes.data, bytes.len);
	return PointerGetDatum(result);
}

/* ---------------------------------------------------------- of a version */

void
lineage_of(int64 store_id, int64 number, Datum predecessors, Datum stored,
		   LineageKey *key, Lineage *list)
{
	Datum	   *numbers;
	int			count;
	bool		own = false;

	memset(list, 0, sizeof(Lineage));
	if (stored != (Datum) 0)
		own = read_stored(stored, key, list);
	if (!own)
		lineage_number_key(store_id, KEYED_CHANGE, number, key);
	lineage_add(list, key);
	if (predecessors == (Datum) 0)
		return;
	deconstruct_array(DatumGetArrayTypeP(predecessors), INT8OID,
					  sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &numbers, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		LineageKey	old;

		lineage_number_key(store_id, KEYED_CHANGE, DatumGetInt64(numbers[i]),
						   &old);
		lineage_add(list, &old);
	}
}

/*
 * The new key replaces the key with its GUID, which it is greater than, unless
 * a copy of this database has used the GUID for greater numbers; then the
 * greater key stays in the list.
 */
Datum
lineage_follow(int64 store_id, int64 number, Datum predecessors, Datum stored,
			   int64 next, bool restores)
{
	LineageKey	key;
	LineageKey	next_key;
	Lineage		list;
	Lineage		kept = {0};

	lineage_of(store_id, number, predecessors, stored, &key, &list);
	lineage_number_key(store_id, KEYED_CHANGE, next, &next_key);
	for (int i = 0; i < list.count; i++)
	{
		if (compare_guids(&list.keys[i], &next_key) != 0 ||
			compare_counters(&list.keys[i], &next_key) > 0)
			lineage_add(&kept, &list.keys[i]);
	}
	kept.restored = list.restored;
	if (restores && kept.restored < PG_INT32_MAX)
		kept.restored++;
	return lineage_store(NULL, &kept);
}

bool
lineage_member(const Jsonb *object, const char *name, uint8 **bytes,
			   int *size)
{
	JsonbValue	value;
	bytea	   *read;

	if (!bag_find(object, name, &value) || value.type != jbvString ||
		!value_base64_canonical(value.val.string.val, value.val.string.len))
		return false;
	read = base64_bytes(value.val.string.val, value.val.string.len);
	*bytes = (uint8 *) VARDATA(read);
	*size = VARSIZE(read) - VARHDRSZ;
	return true;
}
