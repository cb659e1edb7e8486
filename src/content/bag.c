/*-------------------------------------------------------------------------
 *
 * bag.c
 *	  The property bag: reading, splicing and comparing flat jsonb objects
 *	  without taking them apart value by value.
 *
 * NOTES
 *	  jsonb's own concatenation and deletion walk every value through the
 *	  iterator and build the object anew, which is most of what a small save
 *	  would cost.  Here a bag is taken apart into (key, bytes) pairs, merged
 *	  with a patch that is sorted alike, and written out again by memcpy.
 *	  The layout is the one described in utils/jsonb.h: a header, JEntries
 *	  of all keys, then of all values (every JB_OFFSET_STRIDE'th holds an end
 *	  offset, the others lengths), then the bytes in the same order, numerics
 *	  and containers padded to an int boundary and the padding counted into
 *	  their length.
 *
 *	  Everything returned is palloc'd in the current context; entries point
 *	  into the bag they were taken from.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

static int	compare_entries(const void *a, const void *b);
static bool same_value(const BagEntry *a, const BagEntry *b);
static Jsonb *build(const BagEntry *entries, int count, uint32 kind);

#define IS_PADDED(type) \
	((type) == JENTRY_ISNUMERIC || (type) == JENTRY_ISCONTAINER)

/* ------------------------------------------------------- putting together */

void
baglist_init(BagList *list, int expected)
{
	list->allocated = Max(expected, 8);
	list->count = 0;
	list->entries = palloc(sizeof(BagEntry) * list->allocated);
}

void
baglist_add(BagList *list, const BagEntry *entry)
{
	if (list->count == list->allocated)
	{
		list->allocated *= 2;
		list->entries = repalloc(list->entries,
								 sizeof(BagEntry) * list->allocated);
	}
	list->entries[list->count++] = *entry;
}

/*
 * Add a value of any kind.  Key and value must live until the list is built.
 */
void
baglist_add_value(BagList *list, const char *key, int keylen,
				  JsonbValue *value)
{
	BagEntry	entry = {key, keylen, 0, NULL, 0};
	Jsonb	   *built;

	switch (value->type)
	{
		case jbvNull:
			entry.type = JENTRY_ISNULL;
			break;
		case jbvBool:
			entry.type = value->val.boolean ? JENTRY_ISBOOL_TRUE :
				JENTRY_ISBOOL_FALSE;
			break;
		case jbvString:
			entry.type = JENTRY_ISSTRING;
			entry.data = value->val.string.val;
			entry.len = value->val.string.len;
			break;
		case jbvNumeric:
			entry.type = JENTRY_ISNUMERIC;
			entry.data = (const char *) value->val.numeric;
			entry.len = VARSIZE_ANY(value->val.numeric);
			break;
		case jbvBinary:
			entry.type = JENTRY_ISCONTAINER;
			entry.data = (const char *) value->val.binary.data;
			entry.len = value->val.binary.len;
			break;
		default:				/* a tree: give it its bytes first */
			built = JsonbValueToJsonb(value);
			entry.type = JENTRY_ISCONTAINER;
			entry.data = (const char *) &built->root;
			entry.len = VARSIZE(built) - VARHDRSZ;
			break;
	}
	baglist_add(list, &entry);
}

/* Add a string; the text must live until the list is built. */
void
baglist_add_cstring(BagList *list, const char *key, const char *text, int len)
{
	BagEntry	entry = {key, strlen(key), JENTRY_ISSTRING, text, len};

	baglist_add(list, &entry);
}

void
baglist_add_base64(BagList *list, const char *key, const void *data, int len)
{
	int			textlen;
	char	   *text = base64_text(data, len, &textlen);

	baglist_add_cstring(list, key, text, textlen);
}

void
baglist_add_int(BagList *list, const char *key, int64 number)
{
	Numeric		numeric = DatumGetNumeric(DirectFunctionCall1(int8_numeric,
															  Int64GetDatum(number)));
	BagEntry	entry = {key, strlen(key), JENTRY_ISNUMERIC,
	(const char *) numeric, VARSIZE_ANY(numeric)};

	baglist_add(list, &entry);
}

void
baglist_add_bool(BagList *list, const char *key, bool value)
{
	BagEntry	entry = {key, strlen(key),
	value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, NULL, 0};

	baglist_add(list, &entry);
}

void
baglist_add_null(BagList *list, const char *key, int keylen)
{
	BagEntry	entry = {key, keylen, JENTRY_ISNULL, NULL, 0};

	baglist_add(list, &entry);
}

/* Sort the members and write the bag.  Keys must be distinct. */
Jsonb *
baglist_build(BagList *list)
{
	if (list->count > 1)
		qsort(list->entries, list->count, sizeof(BagEntry), compare_entries);
	return build(list->entries, list->count, JB_FOBJECT);
}

/* The values of the list, in its order, as an array. */
Jsonb *
baglist_build_array(const BagList *list)
{
	return build(list->entries, list->count, JB_FARRAY);
}

/*
 * A key that stands in the list twice, or NULL.  Sorts the list.
 */
const char *
baglist_duplicate(BagList *list, int *len)
{
	if (list->count > 1)
		qsort(list->entries, list->count, sizeof(BagEntry), compare_entries);
	for (int i = 1; i < list->count; i++)
	{
		if (compare_entries(&list->entries[i - 1], &list->entries[i]) == 0)
		{
			*len = list->entries[i].keylen;
			return list->entries[i].key;
		}
	}
	return NULL;
}

/*
 * Write members out: sorted ones as a jsonb object (JB_FOBJECT), or their
 * values as an array (JB_FARRAY).
 */
static Jsonb *
build(const BagEntry *entries, int count, uint32 kind)
{
	int			keys = kind == JB_FOBJECT ? count : 0;
	Size		head = offsetof(Jsonb, root) + sizeof(uint32) +
		sizeof(JEntry) * ((Size) keys + count);
	Size		size = head;
	Jsonb	   *bag;
	JEntry	   *jentry;
	char	   *start;
	char	   *at;

	for (int i = 0; i < count; i++)
		size += entries[i].keylen + entries[i].len + sizeof(int32);
	if (size - head > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("properties of %zu bytes exceed the %u bytes that one set of them can hold",
						size - head, JENTRY_OFFLENMASK)));

	bag = palloc(size);
	bag->root.header = count | kind;
	jentry = bag->root.children;
	start = at = (char *) bag + head;

	for (int i = 0; i < keys; i++)
	{
		memcpy(at, entries[i].key, entries[i].keylen);
		at += entries[i].keylen;
		if (i % JB_OFFSET_STRIDE == 0)
			*jentry++ = JENTRY_ISSTRING | JENTRY_HAS_OFF | (at - start);
		else
			*jentry++ = JENTRY_ISSTRING | entries[i].keylen;
	}
	for (int i = 0; i < count; i++)
	{
		char	   *before = at;

		if (IS_PADDED(entries[i].type))
		{
			while ((at - start) % sizeof(int32) != 0)
				*at++ = '\0';
		}
		if (entries[i].len > 0)
			memcpy(at, entries[i].data, entries[i].len);
		at += entries[i].len;
		if ((i + keys) % JB_OFFSET_STRIDE == 0)
			*jentry++ = entries[i].type | JENTRY_HAS_OFF | (at - start);
		else
			*jentry++ = entries[i].type | (at - before);
	}
	SET_VARSIZE(bag, at - (char *) bag);
	return bag;
}

Jsonb *
bag_empty(void)
{
	return build(NULL, 0, JB_FOBJECT);
}

/* ------------------------------------------------------------ taking apart */

int
bag_count(const Jsonb *bag)
{
	return JB_ROOT_COUNT(bag);
}

/*
 * The members of a bag, in its order.  They point into the bag.
 */
BagEntry *
bag_entries(const Jsonb *bag, int *count)
{
	int			n = bag_count(bag);
	const JEntry *jentry = bag->root.children;
	const char *start = (const char *) (jentry + 2 * n);
	uint32		at = 0;
	BagEntry   *entries = palloc(sizeof(BagEntry) * Max(n, 1));

	for (int i = 0; i < 2 * n; i++)
	{
		BagEntry   *entry = &entries[i < n ? i : i - n];
		uint32		end = JBE_HAS_OFF(jentry[i]) ? JBE_OFFLENFLD(jentry[i]) :
			at + JBE_OFFLENFLD(jentry[i]);

		if (i < n)
		{
			entry->key = start + at;
			entry->keylen = end - at;
		}
		else
		{
			uint32		from = at;

			entry->type = jentry[i] & JENTRY_TYPEMASK;
			if (IS_PADDED(entry->type))
				from = INTALIGN(at);
			entry->data = start + from;
			entry->len = end - from;
		}
		at = end;
	}
	*count = n;
	return entries;
}

/*
 * Find one member; false where the bag has none of that name.  *value points
 * into the bag.
 */
bool
bag_find(const Jsonb *bag, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(unconstify(JsonbContainer *,
												   &bag->root),
										key, strlen(key), value) != NULL;
}

/* A member's value for jsonb's own functions.  Points into the bag. */
void
entry_value(const BagEntry *entry, JsonbValue *value)
{
	switch (entry->type)
	{
		case JENTRY_ISNULL:
			value->type = jbvNull;
			break;
		case JENTRY_ISBOOL_TRUE:
		case JENTRY_ISBOOL_FALSE:
			value->type = jbvBool;
			value->val.boolean = (entry->type == JENTRY_ISBOOL_TRUE);
			break;
		case JENTRY_ISSTRING:
			value->type = jbvString;
			value->val.string.val = unconstify(char *, entry->data);
			value->val.string.len = entry->len;
			break;
		case JENTRY_ISNUMERIC:
			value->type = jbvNumeric;
			value->val.numeric = (Numeric) entry->data;
			break;
		default:
			value->type = jbvBinary;
			value->val.binary.data = (JsonbContainer *) entry->data;
			value->val.binary.len = entry->len;
			break;
	}
}

int64
integer_of_value(const JsonbValue *value)
{
	Datum		numeric = NumericGetDatum(value->val.numeric);

	return DatumGetInt64(DirectFunctionCall1(numeric_int8, numeric));
}

/* ----------------------------------------------------------------- merging */

/*
 * The bag with a patch applied: a member of the patch replaces or adds, a
 * null deletes.  keep_nulls makes the result a patch itself: the one that
 * does what both do, one after the other.
 */
Jsonb *
bag_splice(const Jsonb *bag, const Jsonb *patch, bool keep_nulls)
{
	int			nbag,
				npatch;
	BagEntry   *old = bag_entries(bag, &nbag);
	BagEntry   *new = bag_entries(patch, &npatch);
	BagEntry   *out = palloc(sizeof(BagEntry) * (nbag + npatch + 1));
	int			i = 0,
				j = 0,
				n = 0;
	Jsonb	   *result;

	while (i < nbag || j < npatch)
	{
		int			order;

		if (j >= npatch)
			order = -1;
		else if (i >= nbag)
			order = 1;
		else
			order = bag_compare_keys(old[i].key, old[i].keylen,
									 new[j].key, new[j].keylen);
		if (order < 0)
			out[n++] = old[i++];
		else
		{
			if (order == 0)
				i++;
			if (keep_nulls || new[j].type != JENTRY_ISNULL)
				out[n++] = new[j];
			j++;
		}
	}
	result = build(out, n, JB_FOBJECT);
	pfree(old);
	pfree(new);
	pfree(out);
	return result;
}

/*
 * The patch that undoes a patch: for every member of it the value that the
 * bag had, null where it had none.
 */
Jsonb *
bag_undo(const Jsonb *bag, const Jsonb *patch)
{
	int			nbag,
				npatch;
	BagEntry   *old = bag_entries(bag, &nbag);
	BagEntry   *out = bag_entries(patch, &npatch);
	int			i = 0;
	Jsonb	   *result;

	for (int j = 0; j < npatch; j++)
	{
		int			order = -1;

		while (i < nbag &&
			   (order = bag_compare_keys(old[i].key, old[i].keylen,
										 out[j].key, out[j].keylen)) < 0)
			i++;
		if (i < nbag && order == 0)
			out[j] = old[i];
		else
		{
			out[j].type = JENTRY_ISNULL;
			out[j].len = 0;
		}
	}
	result = build(out, npatch, JB_FOBJECT);
	pfree(old);
	pfree(out);
	return result;
}

/*
 * The patch that leads from one bag to another.  A value counts as the same
 * when its bytes are: stored values are canonical.
 */
Jsonb *
bag_difference(const Jsonb *from, const Jsonb *to)
{
	int			nfrom,
				nto;
	BagEntry   *a = bag_entries(from, &nfrom);
	BagEntry   *b = bag_entries(to, &nto);
	BagEntry   *out = palloc(sizeof(BagEntry) * (nfrom + nto + 1));
	int			i = 0,
				j = 0,
				n = 0;
	Jsonb	   *result;

	while (i < nfrom || j < nto)
	{
		int			order;

		if (j >= nto)
			order = -1;
		else if (i >= nfrom)
			order = 1;
		else
			order = bag_compare_keys(a[i].key, a[i].keylen,
									 b[j].key, b[j].keylen);
		if (order < 0)
		{
			out[n] = a[i++];
			out[n].type = JENTRY_ISNULL;
			out[n++].len = 0;
		}
		else
		{
			if (order > 0 || !same_value(&a[i], &b[j]))
				out[n++] = b[j];
			if (order == 0)
				i++;
			j++;
		}
	}
	result = build(out, n, JB_FOBJECT);
	pfree(a);
	pfree(b);
	pfree(out);
	return result;
}

/* ------------------------------------------------------------------ helpers */

/* jsonb's order of keys: shorter ones first, then by their bytes */
int
bag_compare_keys(const char *a, int alen, const char *b, int blen)
{
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return memcmp(a, b, alen);
}

static int
compare_entries(const void *a, const void *b)
{
	const BagEntry *x = a;
	const BagEntry *y = b;

	return bag_compare_keys(x->key, x->keylen, y->key, y->keylen);
}

static bool
same_value(const BagEntry *a, const BagEntry *b)
{
	return a->type == b->type && a->len == b->len &&
		(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
