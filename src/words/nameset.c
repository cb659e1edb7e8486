/*-------------------------------------------------------------------------
 *
 * nameset.c
 *	  Sets of names, in the order in which the names were added.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"

/* An entry of the index of a set. */
typedef struct NameEntry
{
	const char *name;			/* hash key */
	int			at;				/* place in NameSet.names */
} NameEntry;

static uint32
hash_name(const void *key, Size keysize)
{
	const char *name = *(const char *const *) key;

	return hash_bytes((const unsigned char *) name, strlen(name));
}

static int
compare_names(const void *a, const void *b, Size keysize)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

void
nameset_init(NameSet *set)
{
	HASHCTL		control;

	set->count = 0;
	set->allocated = 16;
	set->names = palloc(sizeof(char *) * set->allocated);
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(char *);
	control.entrysize = sizeof(NameEntry);
	control.hash = hash_name;
	control.match = compare_names;
	control.hcxt = CurrentMemoryContext;
	set->index = hash_create("msgstore names", 64, &control,
							 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
							 HASH_CONTEXT);
}

bool
nameset_add(NameSet *set, const char *name)
{
	NameEntry  *entry;
	bool		found;

	entry = hash_search(set->index, &name, HASH_ENTER, &found);
	if (found)
		return false;
	entry->at = set->count;
	if (set->count == set->allocated)
	{
		set->allocated *= 2;
		set->names = repalloc(set->names, sizeof(char *) * set->allocated);
	}
	set->names[set->count++] = name;
	return true;
}

int
nameset_find(const NameSet *set, const char *name)
{
	NameEntry  *entry = hash_search(set->index, &name, HASH_FIND, NULL);

	return entry == NULL ? -1 : entry->at;
}
