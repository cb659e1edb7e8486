/*-------------------------------------------------------------------------
 *
 * bag.h
 *	  The property bag: a flat jsonb object, keyed by canonical name.
 *
 * NOTES
 *	  A patch is a bag too, whose JSON nulls stand for deletions.  A stored
 *	  bag holds no nulls, so an undo patch can say "was absent" with one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_BAG_H
#define MSGSTORE_BAG_H

#include "utils/jsonb.h"

/*
 * One member, in the bytes jsonb keeps: "type" is the JENTRY_* type, "data"
 * and "len" the value without its alignment padding.
 */
typedef struct BagEntry
{
	const char *key;
	int			keylen;
	uint32		type;
	const char *data;
	int			len;
} BagEntry;

/* A growing list of members, for putting a bag together. */
typedef struct BagList
{
	BagEntry   *entries;
	int			count;
	int			allocated;
} BagList;

extern void baglist_init(BagList *list, int expected);
extern void baglist_add(BagList *list, const BagEntry *entry);
extern void baglist_add_value(BagList *list, const char *key, int keylen,
							  JsonbValue *value);
extern void baglist_add_cstring(BagList *list, const char *key,
								const char *text, int len);
extern void baglist_add_base64(BagList *list, const char *key,
							   const void *data, int len);
extern void baglist_add_int(BagList *list, const char *key, int64 number);
extern void baglist_add_bool(BagList *list, const char *key, bool value);
extern void baglist_add_null(BagList *list, const char *key, int keylen);
extern Jsonb *baglist_build(BagList *list);
extern Jsonb *baglist_build_array(const BagList *list);
extern const char *baglist_duplicate(BagList *list, int *len);

/* jsonb's order of keys, in which the members of a bag stand. */
extern int	bag_compare_keys(const char *a, int alen,
							 const char *b, int blen);

extern int	bag_count(const Jsonb *bag);
extern BagEntry *bag_entries(const Jsonb *bag, int *count);
extern Jsonb *bag_empty(void);
extern bool bag_find(const Jsonb *bag, const char *key, JsonbValue *value);
extern Jsonb *bag_splice(const Jsonb *bag, const Jsonb *patch,
						 bool keep_nulls);
extern Jsonb *bag_undo(const Jsonb *bag, const Jsonb *patch);
extern Jsonb *bag_difference(const Jsonb *from, const Jsonb *to);
extern void entry_value(const BagEntry *entry, JsonbValue *value);

/* A jbvNumeric that is known to be an integer of 64 bits. */
extern int64 integer_of_value(const JsonbValue *value);

#endif							/* MSGSTORE_BAG_H */
