/*-------------------------------------------------------------------------
 *
 * category.c
 *	  Lists of categories: the groups of messages with equal properties.
 *
 * NOTES
 *	  "by" names the properties, one level each.  A category is the messages
 *	  with equal values on its level and on all levels above; the absent value
 *	  makes a category too, which comes last.  The list has each category in
 *	  front of those of the next level within it, so that a client collapses a
 *	  level by leaving out the rows of greater depth.
 *
 *	  Categories of one level are sorted by the elements of "sort", then by their
 *	  own value.  An element is the greatest or least value of a property among
 *	  the messages of a category, the number of its messages or of its unread
 *	  messages, or, on its own level, the value of a property of "by".  A
 *	  conversation list, for example, is sorted by the greatest delivery time.
 *
 *	  A message whose property has a list of values is in the category of each
 *	  of its values, and is counted once in the categories above.
 *
 *	  The key of a category has, for each level down to its own, the values of
 *	  "sort" and the value of the level.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

/* The order of categories. */
typedef enum CriterionKind
{
	BY_GREATEST,				/* the greatest value of a property */
	BY_LEAST,
	BY_COUNT,					/* the number of messages */
	BY_UNREAD,
	BY_LEVEL					/* the value of a level, on this level */
} CriterionKind;

typedef struct Criterion
{
	SortElement element;
	CriterionKind kind;
	int			level;			/* of BY_LEVEL */
} Criterion;

/* The values that make a category, as bytes, and its level. */
typedef struct CategoryName
{
	int			depth;
	int			len;
	const char *bytes;
} CategoryName;

typedef struct Category
{
	CategoryName name;			/* hash key */
	struct Category *parent;	/* of the level above, or NULL */
	JsonbValue	value;			/* of the level */
	JsonbValue *extremes;		/* one per element of "sort", if it is one */
	int64		count;
	int64		unread;
	SortKey		key;
} Category;

typedef struct CategoryList
{
	SortOrder	by;
	Criterion  *sort;
	int			nsort;
	Property	read;			/* PR_READ */
	HTAB	   *categories;
	SortOrder	order;			/* of keys */
	MemoryContext context;
} CategoryList;

/* --------------------------------------------------------------- arguments */

/* Read a property without MAX or MIN as what categories are sorted by. */
static void
read_own(const CategoryList *list, const char *text, int len,
		 Criterion *criterion)
{
	const char *name;

	sorting_element(text, len, &criterion->element);
	name = criterion->element.prop.name;
	if (strcmp(name, "PR_CONTENT_COUNT") == 0)
		criterion->kind = BY_COUNT;
	else if (strcmp(name, "PR_CONTENT_UNREAD") == 0)
		criterion->kind = BY_UNREAD;
	else
	{
		criterion->kind = BY_LEVEL;
		while (criterion->level < list->by.count &&
			   strcmp(list->by.elements[criterion->level].prop.name, name) != 0)
			criterion->level++;
		if (criterion->level == list->by.count)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("\"%s\" is not MAX(property) or MIN(property)",
							text_shown(text, len)),
					 errhint("Categories are sorted by elements such as MAX(PR_MESSAGE_DELIVERY_TIME) DESC, by PR_CONTENT_COUNT, PR_CONTENT_UNREAD and the properties of \"by\".")));
	}
}

/* Read an element of "sort", and a direction. */
static void
read_criterion(const CategoryList *list, const char *text, int len,
			   Criterion *criterion)
{
	const char *end = memchr(text, ')', len);
	StringInfoData element;

	memset(criterion, 0, sizeof(Criterion));
	if (len < 5 || end == NULL ||
		(pg_strncasecmp(text, "MAX(", 4) != 0 &&
		 pg_strncasecmp(text, "MIN(", 4) != 0))
	{
		read_own(list, text, len, criterion);
		return;
	}
	criterion->kind = pg_strncasecmp(text, "MAX(", 4) == 0 ? BY_GREATEST :
		BY_LEAST;
	initStringInfo(&element);
	appendBinaryStringInfo(&element, text + 4, end - text - 4);
	appendBinaryStringInfo(&element, end + 1, text + len - end - 1);
	sorting_element(element.data, element.len, &criterion->element);
}

/* Read argument n, "sort", which may be NULL; "by" is read. */
static void
read_sort(FunctionCallInfo fcinfo, int n, CategoryList *list)
{
	Datum	   *elements;
	bool	   *nulls;

	if (PG_ARGISNULL(n))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &list->nsort);
	list->sort = palloc(sizeof(Criterion) * Max(list->nsort, 1));
	for (int i = 0; i < list->nsort; i++)
	{
		text	   *element;

		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("an element of \"sort\" is NULL")));
		element = DatumGetTextPP(elements[i]);
		read_criterion(list, VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element),
					   &list->sort[i]);
	}
}

/* Make the order of keys: on each level the elements of "sort", then "by". */
static void
make_order(CategoryList *list)
{
	SortElement *at;

	list->order.count = list->by.count * (list->nsort + 1);
	list->order.instanced = -1;
	at = list->order.elements = palloc(sizeof(SortElement) *
									   list->order.count);
	for (int level = 0; level < list->by.count; level++)
	{
		for (int i = 0; i < list->nsort; i++)
			*at++ = list->sort[i].element;
		*at++ = list->by.elements[level];
	}
}

/* -------------------------------------------------------------- collecting */

static uint32
hash_name(const void *key, Size keysize)
{
	const CategoryName *name = key;

	return DatumGetUInt32(hash_any((const unsigned char *) name->bytes,
								   name->len)) + name->depth;
}

static int
compare_names(const void *a, const void *b, Size keysize)
{
	const CategoryName *x = a;
	const CategoryName *y = b;

	if (x->depth != y->depth || x->len != y->len)
		return 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

/* Get the name of a category: the values of a key down to a level. */
static void
name_category(const SortKey *key, int depth, CategoryName *name)
{
	BagList		values;
	Jsonb	   *array;

	baglist_init(&values, depth + 1);
	for (int i = 0; i <= depth; i++)
	{
		JsonbValue	value = key->values[i];

		baglist_add_value(&values, "", 0, &value);
	}
	array = baglist_build_array(&values);
	name->depth = depth;
	name->bytes = VARDATA(array);
	name->len = VARSIZE(array) - VARHDRSZ;
}

/* Return true if a value is more extreme than the one that is kept. */
static bool
is_beyond(const Criterion *criterion, const JsonbValue *value,
		  const JsonbValue *kept)
{
	int			order;

	if (value->type == jbvNull || kept->type == jbvNull)
		return value->type != jbvNull;
	order = order_compare(criterion->element.prop.type, value, kept);
	return criterion->kind == BY_GREATEST ? order > 0 : order < 0;
}

/* Put the most extreme value of a list in its place. */
static void
reduce_list(const Criterion *criterion, JsonbValue *value)
{
	JsonbValue	list = *value;

	value->type = jbvNull;
	for (int i = 0; i < order_list_size(&list); i++)
	{
		JsonbValue	element;

		order_element(&list, i, &element);
		if (is_beyond(criterion, &element, value))
			*value = element;
	}
}

/* Find or make the category of a key on a level. */
static Category *
find_category(CategoryList *list, const SortKey *key, int depth,
			  Category *parent)
{
	CategoryName name;
	Category   *category;
	bool		found;

	name_category(key, depth, &name);
	category = hash_search(list->categories, &name, HASH_ENTER, &found);
	if (!found)
	{
		MemoryContext caller = MemoryContextSwitchTo(list->context);
		char	   *bytes = palloc(name.len);

		memcpy(bytes, name.bytes, name.len);
		category->name.bytes = bytes;
		category->parent = parent;
		sorting_copy_value(&key->values[depth], &category->value);
		category->extremes = palloc(sizeof(JsonbValue) *
									Max(list->nsort, 1));
		for (int i = 0; i < list->nsort; i++)
			category->extremes[i].type = jbvNull;
		category->count = category->unread = 0;
		MemoryContextSwitchTo(caller);
	}
	return category;
}

/* Return true if an earlier instance of a key has the value of this one. */
static bool
is_repeated(const CategoryList *list, const SortKey *key, int n)
{
	int			at = list->by.instanced;

	for (int i = 0; i < n; i++)
	{
		SortKey		a;
		SortKey		b;

		sorting_instance(&list->by, key, i, &a);
		sorting_instance(&list->by, key, n, &b);
		if (order_compare(list->by.elements[at].prop.type, &a.values[at],
						  &b.values[at]) == 0)
			return true;
	}
	return false;
}

/* Count a message in the categories of one of its keys, from a level down. */
static void
count_in(CategoryList *list, const SortKey *key, int from,
		 const JsonbValue *values, bool unread)
{
	Category   *category = NULL;

	for (int depth = 0; depth < list->by.count; depth++)
	{
		MemoryContext caller;

		category = find_category(list, key, depth, category);
		if (depth < from)
			continue;
		category->count++;
		if (unread)
			category->unread++;
		caller = MemoryContextSwitchTo(list->context);
		for (int i = 0; i < list->nsort; i++)
		{
			if (is_beyond(&list->sort[i], &values[i], &category->extremes[i]))
				sorting_copy_value(&values[i], &category->extremes[i]);
		}
		MemoryContextSwitchTo(caller);
	}
}

/* ListingVisitor: count a message in its categories. */
static void
visit(ListedRow *listed, void *arg)
{
	CategoryList *list = arg;
	JsonbValue *values = palloc(sizeof(JsonbValue) * Max(list->nsort, 1));
	JsonbValue	read;
	SortKey		key;
	bool		unread;

	for (int i = 0; i < list->nsort; i++)
	{
		const SortElement *element = &list->sort[i].element;

		if (list->sort[i].kind > BY_LEAST || element->is_never ||
			!listing_find(listed, &element->prop, &values[i]) ||
			!order_has(element->prop.type, &values[i]))
			values[i].type = jbvNull;
		else if (order_is_list(&values[i]))
			reduce_list(&list->sort[i], &values[i]);
	}
	unread = !listing_find(listed, &list->read, &read) || !read.val.boolean;
	sorting_key(&list->by, listing_find, listed, &key);
	for (int i = 0; i < sorting_instances(&list->by, &key); i++)
	{
		SortKey		instance;

		if (is_repeated(list, &key, i))
			continue;
		sorting_instance(&list->by, &key, i, &instance);
		count_in(list, &instance, i == 0 ? 0 : list->by.instanced, values,
				 unread);
	}
}

/* ------------------------------------------------------------------ result */

static JsonbValue
number_value(int64 number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric =
		DatumGetNumeric(DirectFunctionCall1(int8_numeric,
											Int64GetDatum(number)));
	return value;
}

/* Return the value of a criterion, element n of "sort", for a category. */
static JsonbValue
criterion_value(const Criterion *criterion, const Category *category, int n)
{
	JsonbValue	value = category->extremes[n];

	switch (criterion->kind)
	{
		case BY_COUNT:
			return number_value(category->count);
		case BY_UNREAD:
			return number_value(category->unread);
		case BY_LEVEL:
			if (category->name.depth == criterion->level)
				value = category->value;
			break;
		default:
			break;
	}
	return value;
}

/* Set the key of a category, whose parents have theirs. */
static void
make_key(const CategoryList *list, Category *category)
{
	int			width = list->nsort + 1;

	category->key.values = palloc(sizeof(JsonbValue) * list->order.count);
	category->key.message_id = 0;
	category->key.instance = category->name.depth;
	for (int i = 0; i < list->order.count; i++)
		category->key.values[i].type = jbvNull;
	for (const Category *at = category; at != NULL; at = at->parent)
	{
		JsonbValue *values = category->key.values + at->name.depth * width;

		for (int i = 0; i < list->nsort; i++)
			values[i] = criterion_value(&list->sort[i], at, i);
		values[list->nsort] = at->value;
	}
}

/*
 * Compare two keys.  On the levels that both have, by value; a category comes
 * before those in it.
 */
static int
compare_keys(const CategoryList *list, const SortKey *a, const SortKey *b)
{
	SortOrder	common = list->order;
	int			order;

	common.count = (Min(a->instance, b->instance) + 1) * (list->nsort + 1);
	order = sorting_compare_values(&common, a, b);
	return order != 0 ? order : a->instance - b->instance;
}

/* qsort_arg() comparator for pointers to categories. */
static int
compare_categories(const void *a, const void *b, void *arg)
{
	return compare_keys(arg, &(*(Category *const *) a)->key,
						&(*(Category *const *) b)->key);
}

/* Return the sorted categories behind a key, which may be NULL. */
static Category **
sorted_categories(CategoryList *list, const SortKey *after, int64 *count)
{
	Category  **sorted = palloc(sizeof(Category *) *
								Max(hash_get_num_entries(list->categories), 1));
	HASH_SEQ_STATUS scan;
	Category   *category;

	*count = 0;
	hash_seq_init(&scan, list->categories);
	while ((category = hash_seq_search(&scan)) != NULL)
	{
		make_key(list, category);
		if (after == NULL || compare_keys(list, &category->key, after) > 0)
			sorted[(*count)++] = category;
	}
	qsort_arg(sorted, *count, sizeof(Category *), compare_categories, list);
	return sorted;
}

/* Return the values of a category and of those above as JSON. */
static Jsonb *
category_json(const CategoryList *list, const Category *category)
{
	BagList		members;

	baglist_init(&members, category->name.depth + 1);
	for (; category != NULL; category = category->parent)
	{
		const Property *prop = &list->by.elements[category->name.depth].prop;
		JsonbValue	value = category->value;

		baglist_add_value(&members, prop->name, prop->namelen, &value);
	}
	baglist_unique(&members);
	return baglist_build(&members);
}

/* Read argument n, "by". */
static void
read_by(FunctionCallInfo fcinfo, int n, CategoryList *list)
{
	REQUIRE_ARG(n, "by");
	sorting_read(PG_GETARG_ARRAYTYPE_P(n), &list->by);
	if (list->by.count == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"by\" must name a property")));
	for (int i = 0; i < list->by.count; i++)
	{
		if (list->by.elements[i].is_never)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("no message has the property %s",
							list->by.elements[i].prop.name)));
	}
}

/* Begin to collect categories in the current memory context. */
static void
begin_collecting(CategoryList *list)
{
	HASHCTL		control;

	list->context = CurrentMemoryContext;
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(CategoryName);
	control.entrysize = sizeof(Category);
	control.hash = hash_name;
	control.match = compare_names;
	control.hcxt = CurrentMemoryContext;
	list->categories = hash_create("msgstore categories", 256, &control,
								   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
								   HASH_CONTEXT);
}

/* Add the rows of a list of categories to the result, at most "max". */
static void
put_categories(FunctionCallInfo fcinfo, CategoryList *list,
			   const SortKey *after, int64 rank, int64 max, uint64 hash)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);
	int64		count;
	Category  **sorted = sorted_categories(list, after, &count);

	for (int64 i = 0; i < count && (max < 0 || i < max); i++)
	{
		Datum		values[5];
		bool		nulls[5] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(sorted[i]->name.depth);
		values[1] = JsonbPGetDatum(category_json(list, sorted[i]));
		values[2] = Int64GetDatum(sorted[i]->count);
		values[3] = Int64GetDatum(sorted[i]->unread);
		values[4] = PointerGetDatum(sorting_position(&list->order,
													 &sorted[i]->key, hash,
													 rank + i + 1));
		tuplestore_putvalues(result, desc, values, nulls);
	}
}

/*
 * list_categories(store_id, folder_id, by, restriction, sort, max, after,
 *				   flags, actor)
 *		→ (depth, category, count, unread, position)
 *
 * Return the categories of the messages that list_messages() lists, with the
 * numbers of messages and of unread messages.
 *
 * Errors: as list_messages(); MAPI_E_INVALID_PARAMETER for an element of "by"
 * or "sort", MAPI_E_TOO_COMPLEX for a restriction with a count.
 */
PG_FUNCTION_INFO_V1(list_categories);
Datum
list_categories(PG_FUNCTION_ARGS)
{
	static const ListArguments at = {.restriction = 3, .flags = 7, .actor = 8};
	CategoryList list = {0};
	MessageList messages;
	MessageRow	row;
	SortKey		after;
	uint64		hash;
	int64		rank = 0;
	int64		max;

	list_begin(fcinfo, &at, &messages, &hash);
	read_by(fcinfo, 2, &list);
	read_sort(fcinfo, 4, &list);
	max = list_max_argument(fcinfo, 5);
	if (restriction_max(messages.restriction) >= 0)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("the messages of categories cannot be limited by a count")));
	make_order(&list);
	for (int i = 0; i < list.nsort; i++)
		hash = hash * 8 + list.sort[i].kind;
	hash = list_hash_order(&list.order, hash + list.nsort);
	if (!PG_ARGISNULL(6))
	{
		sorting_read_position(&list.order, PG_GETARG_TEXT_PP(6), hash, &after,
							  &rank);
		after.instance = Min(after.instance, list.by.count - 1);
	}

	(void) spelling_lookup("PR_READ", 7, &list.read);
	begin_collecting(&list);
	messages.visit = visit;
	messages.visit_arg = &list;
	messagerow_begin_read(&row, GetActiveSnapshot());
	listing_run(&messages, &row);
	messagerow_end_read(&row);
	put_categories(fcinfo, &list, PG_ARGISNULL(6) ? NULL : &after, rank, max,
				   hash);
	return (Datum) 0;
}
