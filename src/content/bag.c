/*-------------------------------------------------------------------------
 *
 * bag.c
 *	  The property bag: reading, splicing and comparing flat jsonb objects
 *	  without decoding their values.
 *
 * NOTES
 *	  The concatenation and deletion functions of jsonb pass every value
 *	  through an iterator and build the object anew.  In a small save that
 *	  would be most of the cost.  This file splits a bag into (key, bytes)
 *	  pairs, merges them with the pairs of a patch, which have the same sort
 *	  order, and writes the result with memcpy.
 *
 *	  The layout is described in utils/jsonb.h: a header, the JEntries of all
 *	  keys, the JEntries of all values, the bytes of all keys, the bytes of all
 *	  values.  Every JB_OFFSET_STRIDE'th JEntry holds an end offset, the others
 *	  hold a length.  Numerics and containers are padded to an int boundary,
 *	  and the padding counts towards their length.
 *
 *	  Results are palloc'd in the current memory context.  The entries of a bag
 *	  point into the bag.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

static int	compare_entries(const void *a, const void *b);
static bool same_value(const BagEntry *a, const BagEntry *b);
static Jsonb *build(const BagEntry *entries, int count, uint32 kind);

/* the number of members up to which a bag is small for bag_find() */
#define MAX_WALK	48

/* the number of values up to which bag_change() replaces them in place */
#define MAX_REPLACED	16

#define IS_PADDED(type) \
	((type) == JENTRY_ISNUMERIC || (type) == JENTRY_ISCONTAINER)

/* ---------------------------------------------------------------- building */

void
baglist_init(BagList *list, int expected)
{
	list->allocated = Max(expected, 8);
	list->count = 0;
	list->entries = palloc(sizeof(BagEntry) * list->allocated);
}

void
baglist_grow(BagList *list)
{
	list->allocated *= 2;
	list->entries = repalloc(list->entries,
							 sizeof(BagEntry) * list->allocated);
}

/*
 * Add a member with a value of any type.  Neither the key nor the value is
 * copied, except for a value that is a tree: both must live until the bag is
 * built.
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
		default:				/* a tree of values, serialized here */
			built = JsonbValueToJsonb(value);
			entry.type = JENTRY_ISCONTAINER;
			entry.data = (const char *) &built->root;
			entry.len = VARSIZE(built) - VARHDRSZ;
			break;
	}
	baglist_add(list, &entry);
}

/*
 * Add a string of len bytes.  The text is not copied and must live until the
 * bag is built.
 */
void
baglist_add_cstring(BagList *list, const char *key, const char *text, int len)
{
	baglist_add_string(list, key, strlen(key), text, len);
}

void
baglist_add_base64(BagList *list, const char *key, const void *data, int len)
{
	int			textlen;
	char	   *text = base64_text(data, len, &textlen);

	baglist_add_cstring(list, key, text, textlen);
}

/*
 * Return a number as a numeric.  Small numbers are converted once per session.
 */
static Numeric
numeric_of(int64 number)
{
	static Numeric kept[16];
	MemoryContext caller;

	if (number < 0 || number >= lengthof(kept))
		return compat_int64_to_numeric(number);
	if (kept[number] == NULL)
	{
		caller = MemoryContextSwitchTo(TopMemoryContext);
		kept[number] = compat_int64_to_numeric(number);
		MemoryContextSwitchTo(caller);
	}
	return kept[number];
}

void
baglist_add_number(BagList *list, const char *key, int keylen, int64 number)
{
	Numeric		numeric = numeric_of(number);
	BagEntry	entry = {key, keylen, JENTRY_ISNUMERIC,
	(const char *) numeric, VARSIZE_ANY(numeric)};

	baglist_add(list, &entry);
}

void
baglist_add_int(BagList *list, const char *key, int64 number)
{
	baglist_add_number(list, key, strlen(key), number);
}

void
baglist_add_bool(BagList *list, const char *key, bool value)
{
	BagEntry	entry = {key, strlen(key),
	value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, NULL, 0};

	baglist_add(list, &entry);
}

/*
 * Return the members of the list as a bag.  Sorts the list, whose keys must be
 * distinct.
 */
Jsonb *
baglist_build(BagList *list)
{
	if (list->count > 1)
		qsort(list->entries, list->count, sizeof(BagEntry), compare_entries);
	return build(list->entries, list->count, JB_FOBJECT);
}

Jsonb *
baglist_build_sorted(const BagList *list)
{
#ifdef USE_ASSERT_CHECKING
	for (int i = 1; i < list->count; i++)
		Assert(compare_entries(&list->entries[i - 1], &list->entries[i]) < 0);
#endif
	return build(list->entries, list->count, JB_FOBJECT);
}

/* Return the values of the list as an array, in the order of the list. */
Jsonb *
baglist_build_array(const BagList *list)
{
	return build(list->entries, list->count, JB_FARRAY);
}

/*
 * Return a key that occurs more than once in the list, or NULL if all keys are
 * distinct.  The key has *len bytes and no NUL.  Sorts the list.
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

void
baglist_unique(BagList *list)
{
	int			count = 0;

	qsort(list->entries, list->count, sizeof(BagEntry), compare_entries);
	for (int i = 0; i < list->count; i++)
	{
		if (count == 0 ||
			compare_entries(&list->entries[count - 1], &list->entries[i]) != 0)
			list->entries[count++] = list->entries[i];
	}
	list->count = count;
}

/*
 * Copy bytes, most often a few, for which calling memcpy() would take longer
 * than the copy itself.
 */
static inline void
copy_bytes(char *to, const char *from, int len)
{
	if (len > 32)
		memcpy(to, from, len);
	else if (len >= 16)
	{
		memcpy(to, from, 16);
		memcpy(to + len - 16, from + len - 16, 16);
	}
	else if (len >= 8)
	{
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	}
	else if (len >= 4)
	{
		memcpy(to, from, 4);
		memcpy(to + len - 4, from + len - 4, 4);
	}
	else
	{
		for (int i = 0; i < len; i++)
			to[i] = from[i];
	}
}

/*
 * Return members as a jsonb object (JB_FOBJECT), for which they must be sorted
 * by key, or their values as a jsonb array (JB_FARRAY).  Raises an error if
 * the keys and values exceed the size that a jsonb container can have.
 */
static Jsonb *
build(const BagEntry *entries, int count, uint32 kind)
{
	uint32		keys = kind == JB_FOBJECT ? count : 0;
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
				 errmsg("properties of %zu bytes exceed the limit of %u bytes",
						size - head, JENTRY_OFFLENMASK)));

	bag = palloc(size);
	bag->root.header = count | kind;
	jentry = bag->root.children;
	start = at = (char *) bag + head;

	for (uint32 i = 0; i < keys; i++)
	{
		const BagEntry *entry = &entries[i];

		copy_bytes(at, entry->key, entry->keylen);
		at += entry->keylen;
		*jentry++ = JENTRY_ISSTRING |
			(i % JB_OFFSET_STRIDE == 0 ? JENTRY_HAS_OFF | (at - start) :
			 entry->keylen);
	}
	for (uint32 i = 0; i < count; i++)
	{
		const BagEntry *entry = &entries[i];
		char	   *before = at;

		if (IS_PADDED(entry->type))
		{
			while ((at - start) % sizeof(int32) != 0)
				*at++ = '\0';
		}
		copy_bytes(at, entry->data, entry->len);
		at += entry->len;
		*jentry++ = entry->type |
			((i + keys) % JB_OFFSET_STRIDE == 0 ?
			 JENTRY_HAS_OFF | (at - start) : at - before);
	}
	SET_VARSIZE(bag, at - (char *) bag);
	return bag;
}

Jsonb *
bag_empty(void)
{
	return build(NULL, 0, JB_FOBJECT);
}

/* ----------------------------------------------------------------- reading */

/* Return the offset at which a key or value ends that begins at an offset. */
static inline uint32
entry_end(JEntry entry, uint32 begin)
{
	return JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) :
		begin + JBE_OFFLENFLD(entry);
}

int
bag_count(const Jsonb *bag)
{
	return JB_ROOT_COUNT(bag);
}

/*
 * Return the members of a bag as a palloc'd array of *count entries, in the
 * order of the bag.  Keys and values point into the bag.
 */
BagEntry *
bag_entries(const Jsonb *bag, int *count)
{
	int			n = bag_count(bag);
	const JEntry *jentry = bag->root.children;
	const char *start = (const char *) (jentry + 2 * n);
	uint32		at = 0;
	BagEntry   *entries = palloc(sizeof(BagEntry) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		uint32		end = entry_end(jentry[i], at);

		entries[i].key = start + at;
		entries[i].keylen = end - at;
		at = end;
	}
	jentry += n;
	for (int i = 0; i < n; i++)
	{
		uint32		end = entry_end(jentry[i], at);
		uint32		type = jentry[i] & JENTRY_TYPEMASK;
		uint32		from = IS_PADDED(type) ? INTALIGN(at) : at;

		entries[i].type = type;
		entries[i].data = start + from;
		entries[i].len = end - from;
		at = end;
	}
	*count = n;
	return entries;
}

/*
 * Get the value of a member as a JsonbValue, for the functions of jsonb.
 * *value points into the bag.
 */
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

/* Return the index of the member with a key of a small bag, or -1. */
static int
find_key(const Jsonb *bag, const char *key, int len)
{
	int			count = bag_count(bag);
	const JEntry *jentry = bag->root.children;
	const char *start = (const char *) (jentry + 2 * count);
	uint32		at = 0;

	for (int i = 0; i < count; i++)
	{
		uint32		end = entry_end(jentry[i], at);

		if (end - at > len)
			break;
		if (end - at == len && memcmp(start + at, key, len) == 0)
			return i;
		at = end;
	}
	return -1;
}

/* Read the value, but not the key, of the member with an index. */
static void
read_value(const Jsonb *bag, int member, BagEntry *entry)
{
	const JsonbContainer *root = &bag->root;
	int			at = bag_count(bag) + member;
	uint32		offset = getJsonbOffset(root, at);

	entry->type = root->children[at] & JENTRY_TYPEMASK;
	entry->len = getJsonbLength(root, at);
	if (IS_PADDED(entry->type))
	{
		entry->len -= INTALIGN(offset) - offset;
		offset = INTALIGN(offset);
	}
	entry->data = (const char *) (root->children + 2 * bag_count(bag)) + offset;
}

#ifdef USE_ASSERT_CHECKING
/* Return true if the functions of jsonb find the same value, or none. */
static bool
found_by_jsonb(const Jsonb *bag, const char *key, const JsonbValue *value)
{
	JsonbValue	other;

	if (getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &bag->root),
									 key, strlen(key), &other) == NULL)
		return value == NULL;
	if (value == NULL || other.type != value->type)
		return false;
	if (other.type == jbvString)
		return other.val.string.val == value->val.string.val &&
			other.val.string.len == value->val.string.len;
	if (other.type == jbvBinary)
		return other.val.binary.data == value->val.binary.data &&
			other.val.binary.len == value->val.binary.len;
	return other.type == jbvNull ||
		(other.type == jbvBool && other.val.boolean == value->val.boolean) ||
		(other.type == jbvNumeric && other.val.numeric == value->val.numeric);
}
#endif

/*
 * Find the member with the given key.  Returns false if the bag has no such
 * member.  *value points into the bag.
 *
 * The keys of a small bag, which most are, are walked over in their order, the
 * shorter ones first.  The binary search of jsonb adds up lengths for each key
 * that it looks at.
 */
bool
bag_find(const Jsonb *bag, const char *key, JsonbValue *value)
{
	JsonbContainer *root = unconstify(JsonbContainer *, &bag->root);
	int			len = strlen(key);
	int			count = bag_count(bag);
	int			at;
	BagEntry	entry;

	if (count > MAX_WALK)
		return getKeyJsonValueFromContainer(root, key, len, value) != NULL;
	at = find_key(bag, key, len);
	Assert(at >= 0 || found_by_jsonb(bag, key, NULL));
	if (at < 0)
		return false;
	read_value(bag, at, &entry);
	entry_value(&entry, value);
	Assert(found_by_jsonb(bag, key, value));
	return true;
}

int64
integer_of_value(const JsonbValue *value)
{
	Datum		numeric = NumericGetDatum(value->val.numeric);

	return DatumGetInt64(DirectFunctionCall1(numeric_int8, numeric));
}

/* ----------------------------------------------------------------- merging */

/*
 * Return the bag with a patch applied.  A member of the patch replaces the
 * member of that name in the bag or is added to the bag; a null deletes it.
 *
 * With keep_nulls, "bag" is itself a patch.  The result is then the patch that
 * has the effect of "bag" followed by "patch".
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
 * Return the patch that undoes a patch.  It has the same keys; each value is
 * the value in the bag, or null if the bag has no such member.
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

#ifdef USE_ASSERT_CHECKING
/* Return true if two bags are equal to the byte. */
static bool
same_bag(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}
#endif

/*
 * Find the members of a patch in a bag: at[] is set to their places in the bag.
 * Returns the length of all keys of the bag, or -1 if the patch deletes a
 * member or has a key that the bag has not.
 */
static int
find_members(const Jsonb *bag, const BagEntry *patch, int count, int *at)
{
	int			nbag = bag_count(bag);
	const JEntry *jentry = bag->root.children;
	const char *start = (const char *) (jentry + 2 * nbag);
	uint32		offset = 0;
	int			j = 0;

	for (int i = 0; i < nbag; i++)
	{
		uint32		end = entry_end(jentry[i], offset);

		if (j < count && patch[j].keylen == end - offset &&
			memcmp(patch[j].key, start + offset, end - offset) == 0)
		{
			if (patch[j].type == JENTRY_ISNULL)
				return -1;
			at[j++] = i;
		}
		offset = end;
	}
	return j == count ? (int) offset : -1;
}

/* The values of a bag that is being written with some values replaced. */
typedef struct Rewriting
{
	const char *from;			/* the start of the old keys */
	char	   *to;				/* the start of the new keys */
	uint32		copied;			/* the offset up to which "from" is copied */
	uint32		written;		/* the offset up to which "to" is written */
} Rewriting;

/* Copy the old values up to an offset. */
static void
copy_values(Rewriting *rewriting, uint32 end)
{
	memcpy(rewriting->to + rewriting->written,
		   rewriting->from + rewriting->copied, end - rewriting->copied);
	rewriting->written += end - rewriting->copied;
	rewriting->copied = end;
}

/* Write a value in place of the old values up to an offset. */
static void
write_value(Rewriting *rewriting, const BagEntry *entry, uint32 end)
{
	if (IS_PADDED(entry->type))
	{
		while (rewriting->written % sizeof(int32) != 0)
			rewriting->to[rewriting->written++] = '\0';
	}
	if (entry->len > 0)
		memcpy(rewriting->to + rewriting->written, entry->data, entry->len);
	rewriting->written += entry->len;
	rewriting->copied = end;
}

/*
 * Return a copy of a bag in which values are overwritten, or NULL if one of the
 * new values has another type or another length.  The entries of the patch are
 * those of the members at[], and are set to these members.
 */
static Jsonb *
overwrite_values(const Jsonb *bag, BagEntry *patch, int count, const int *at)
{
	BagEntry	old[MAX_REPLACED];
	Jsonb	   *result;

	for (int j = 0; j < count; j++)
	{
		read_value(bag, at[j], &old[j]);
		if (old[j].type != patch[j].type || old[j].len != patch[j].len)
			return NULL;
	}
	result = palloc(VARSIZE(bag));
	memcpy(result, bag, VARSIZE(bag));
	for (int j = 0; j < count; j++)
	{
		if (old[j].len > 0)
			memcpy((char *) result + (old[j].data - (const char *) bag),
				   patch[j].data, old[j].len);
		old[j].key = patch[j].key;
		old[j].keylen = patch[j].keylen;
		patch[j] = old[j];
	}
	return result;
}

/*
 * Return a bag with the values of some of its members replaced, or NULL if the
 * patch does more than this.  Each entry of the patch is set to the member that
 * it replaces.  Values between two of the patch are copied together, unless a
 * shift makes it necessary to align one anew.
 */
static Jsonb *
replace_values(const Jsonb *bag, BagEntry *patch, int count)
{
	int			nbag = bag_count(bag);
	const JEntry *old = bag->root.children;
	int			at[MAX_REPLACED + 1];
	int			keys = count > MAX_REPLACED ? -1 :
	find_members(bag, patch, count, at);
	Size		size = VARSIZE(bag) + (sizeof(int32) - 1) * nbag;
	Size		head = offsetof(Jsonb, root.children) +
	sizeof(JEntry) * 2 * nbag;
	Rewriting	rewriting;
	Jsonb	   *result;
	JEntry	   *jentry;
	uint32		offset = keys;
	uint32		begin = keys;
	int			j = 0;

	if (keys < 0)
		return NULL;
	result = overwrite_values(bag, patch, count, at);
	if (result != NULL)
		return result;
	for (int i = 0; i < count; i++)
		size += patch[i].len + sizeof(int32);
	if (size - head > JENTRY_OFFLENMASK)
		return NULL;
	at[count] = -1;
	result = palloc(size);
	memcpy(result, bag, head + keys);
	jentry = result->root.children + nbag;
	rewriting.from = (const char *) bag + head;
	rewriting.to = (char *) result + head;
	rewriting.copied = rewriting.written = keys;

	for (int i = 0; i < nbag; i++)
	{
		JEntry		entry = old[nbag + i];
		uint32		end = JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) :
		offset + JBE_OFFLENFLD(entry);
		BagEntry	member = {NULL, 0, entry & JENTRY_TYPEMASK, NULL, 0};
		uint32		value = IS_PADDED(member.type) ? INTALIGN(offset) : offset;
		uint32		type = member.type;

		member.data = rewriting.from + value;
		member.len = end - value;
		if (i == at[j])
		{
			type = patch[j].type;
			copy_values(&rewriting, offset);
			write_value(&rewriting, &patch[j], end);
			member.key = patch[j].key;
			member.keylen = patch[j].keylen;
			patch[j++] = member;
		}
		else if (IS_PADDED(type) &&
				 (rewriting.written - rewriting.copied) % sizeof(int32) != 0)
		{
			copy_values(&rewriting, offset);
			write_value(&rewriting, &member, end);
		}
		offset = end;
		end = rewriting.written + (end - rewriting.copied);
		jentry[i] = type | ((nbag + i) % JB_OFFSET_STRIDE == 0 ?
							JENTRY_HAS_OFF | end : end - begin);
		begin = end;
	}
	copy_values(&rewriting, offset);
	SET_VARSIZE(result, head + rewriting.written);
	return result;
}

/*
 * Return the bag with a patch applied, and in *undo the patch that undoes this,
 * as bag_splice() and bag_undo() would.
 */
static Jsonb *
change_any(const Jsonb *bag, const Jsonb *patch, Jsonb **undo)
{
	int			nbag,
				npatch;
	BagEntry   *old = bag_entries(bag, &nbag);
	BagEntry   *new = bag_entries(patch, &npatch);
	BagEntry   *out = palloc(sizeof(BagEntry) * (nbag + npatch + 1));
	int			i = 0,
				n = 0;
	Jsonb	   *result;

	for (int j = 0; j < npatch; j++)
	{
		BagEntry	before = new[j];
		int			order = -1;

		while (i < nbag &&
			   (order = bag_compare_keys(old[i].key, old[i].keylen,
										 new[j].key, new[j].keylen)) < 0)
			out[n++] = old[i++];
		if (new[j].type != JENTRY_ISNULL)
			out[n++] = new[j];
		before.type = JENTRY_ISNULL;
		before.len = 0;
		if (i < nbag && order == 0)
			before = old[i++];
		new[j] = before;
	}
	while (i < nbag)
		out[n++] = old[i++];
	result = build(out, n, JB_FOBJECT);
	*undo = build(new, npatch, JB_FOBJECT);
	pfree(old);
	pfree(new);
	pfree(out);
	return result;
}

Jsonb *
bag_change(const Jsonb *bag, const Jsonb *patch, Jsonb **undo)
{
	int			count;
	BagEntry   *entries = bag_entries(patch, &count);
	Jsonb	   *result = replace_values(bag, entries, count);

	if (result == NULL)
		result = change_any(bag, patch, undo);
	else
		*undo = build(entries, count, JB_FOBJECT);
	Assert(same_bag(result, bag_splice(bag, patch, false)));
	Assert(same_bag(*undo, bag_undo(bag, patch)));
	pfree(entries);
	return result;
}

/*
 * Return the patch that turns bag "from" into bag "to".  Values are compared
 * by their bytes, which is exact because stored values are canonical.
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

/* ----------------------------------------------------------------- helpers */

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
