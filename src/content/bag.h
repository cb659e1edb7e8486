/*-------------------------------------------------------------------------
 *
 * bag.h
 *	  The property bag: a flat jsonb object, keyed by canonical name.
 *
 * NOTES
 *	  A patch is a bag as well.  A JSON null in a patch deletes the member of
 *	  that name.  A stored bag contains no nulls, so that a null in an undo
 *	  patch can record that the property was absent.
 *
 *	  All functions that return memory palloc it in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_BAG_H
#define MSGSTORE_BAG_H

#include "port/pg_bswap.h"
#include "utils/jsonb.h"

/*
 * One member of a bag, as jsonb stores it.  "type" is the JENTRY_* type;
 * "data" and "len" are the bytes of the value, without alignment padding.
 */
typedef struct BagEntry
{
	const char *key;
	int			keylen;
	uint32		type;
	const char *data;
	int			len;
} BagEntry;

/* A growing list of members from which a bag is built. */
typedef struct BagList
{
	BagEntry   *entries;
	int			count;
	int			allocated;
} BagList;

/*
 * Lists.  "expected" is the number of members for which room is made at first.
 * Keys and values are not copied and must live until the bag is built.
 */
extern void baglist_init(BagList *list, int expected);
extern void baglist_grow(BagList *list);
extern void baglist_add_value(BagList *list, const char *key, int keylen,
							  JsonbValue *value);
extern void baglist_add_cstring(BagList *list, const char *key,
								const char *text, int len);
extern void baglist_add_base64(BagList *list, const char *key,
							   const void *data, int len);
extern void baglist_add_int(BagList *list, const char *key, int64 number);
extern void baglist_add_bool(BagList *list, const char *key, bool value);
extern void baglist_add_number(BagList *list, const char *key, int keylen,
							   int64 number);

static inline void
baglist_add(BagList *list, const BagEntry *entry)
{
	if (list->count == list->allocated)
		baglist_grow(list);
	list->entries[list->count++] = *entry;
}

static inline void
baglist_add_string(BagList *list, const char *key, int keylen,
				   const char *text, int len)
{
	BagEntry	entry = {key, keylen, JENTRY_ISSTRING, text, len};

	baglist_add(list, &entry);
}

static inline void
baglist_add_null(BagList *list, const char *key, int keylen)
{
	BagEntry	entry = {key, keylen, JENTRY_ISNULL, NULL, 0};

	baglist_add(list, &entry);
}

/*
 * Return the list as a bag, for which its keys must be distinct, or its values
 * as an array.  baglist_build() sorts the list; baglist_build_sorted() is for a
 * list that is sorted.
 */
extern Jsonb *baglist_build(BagList *list);
extern Jsonb *baglist_build_sorted(const BagList *list);
extern Jsonb *baglist_build_array(const BagList *list);

/* Drop all members but one of each key.  Sorts the list. */
extern void baglist_unique(BagList *list);

/* Return a key that occurs more than once, or NULL.  Sorts the list. */
extern const char *baglist_duplicate(BagList *list, int *len);

/*
 * Compare keys in the order of jsonb, in which the members of a bag stand:
 * shorter keys first, keys of equal length by their bytes.  Most keys of equal
 * length differ in their first eight bytes.
 */
static inline int
bag_compare_keys(const char *a, int alen, const char *b, int blen)
{
	uint64		x;
	uint64		y;

	if (alen != blen)
		return alen < blen ? -1 : 1;
	if (alen < (int) sizeof(uint64))
		return memcmp(a, b, alen);
	memcpy(&x, a, sizeof(uint64));
	memcpy(&y, b, sizeof(uint64));
	if (x != y)
		return pg_ntoh64(x) < pg_ntoh64(y) ? -1 : 1;
	return memcmp(a + sizeof(uint64), b + sizeof(uint64),
				  alen - sizeof(uint64));
}

/*
 * Read a bag.  bag_entries() returns an array of *count members in the order
 * of the bag, bag_find() false if there is no member with that key.  Entries
 * and values point into the bag.
 */
extern int	bag_count(const Jsonb *bag);
extern BagEntry *bag_entries(const Jsonb *bag, int *count);
extern Jsonb *bag_empty(void);
extern bool bag_find(const Jsonb *bag, const char *key, JsonbValue *value);

/*
 * Return a bag with a patch applied.  With keep_nulls, "bag" is a patch, and
 * so is the result: it has the effect of "bag" followed by "patch".
 */
extern Jsonb *bag_splice(const Jsonb *bag, const Jsonb *patch,
						 bool keep_nulls);

/* Return the patch that undoes the effect of a patch on a bag. */
extern Jsonb *bag_undo(const Jsonb *bag, const Jsonb *patch);

/* Do both: return the bag with a patch applied, and set *undo. */
extern Jsonb *bag_change(const Jsonb *bag, const Jsonb *patch, Jsonb **undo);

/* Return the patch that turns one bag into another. */
extern Jsonb *bag_difference(const Jsonb *from, const Jsonb *to);

/* Get the value of a member for the functions of jsonb. */
extern void entry_value(const BagEntry *entry, JsonbValue *value);

/* Return the value of a jbvNumeric that is known to be a 64-bit integer. */
extern int64 integer_of_value(const JsonbValue *value);

#endif							/* MSGSTORE_BAG_H */
