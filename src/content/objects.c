/*-------------------------------------------------------------------------
 *
 * objects.c
 *	  Lists of property objects: the arrays that hold recipients and
 *	  attachments.  Objects are found, compared and merged by number.
 *
 * NOTES
 *	  Every object of a stored list has a number that is unique in the list:
 *	  PR_ROWID of a recipient, PR_ATTACH_NUM of an attachment.  An object is a
 *	  bag.  objects_read() copies objects out of the array, so that they may
 *	  outlive it.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"


Jsonb *
object_from_value(const JsonbValue *value)
{
	Jsonb	   *object;

	Assert(value->type == jbvBinary);
	object = palloc(VARHDRSZ + value->val.binary.len);
	SET_VARSIZE(object, VARHDRSZ + value->val.binary.len);
	memcpy(&object->root, value->val.binary.data, value->val.binary.len);
	return object;
}

Jsonb *
object_in_place(const JsonbValue *value)
{
	Assert(value->type == jbvBinary);
	return (Jsonb *) ((char *) value->val.binary.data - offsetof(Jsonb, root));
}

void
value_from_object(JsonbValue *value, const Jsonb *object)
{
	value->type = jbvBinary;
	value->val.binary.data = unconstify(JsonbContainer *, &object->root);
	value->val.binary.len = VARSIZE(object) - VARHDRSZ;
}

bool
value_number(const JsonbValue *value, int64 *number)
{
	char	   *digits;
	char	   *end;
	long long	whole;

	if (value->type != jbvNumeric)
		return false;
	/* a value that was not checked yet may be any number */
	digits = DatumGetCString(DirectFunctionCall1(numeric_out,
												 NumericGetDatum(value->val.numeric)));
	errno = 0;
	whole = strtoll(digits, &end, 10);
	if (*end == '.')
		end += 1 + strspn(end + 1, "0");
	if (errno != 0 || *end != '\0')
		whole = -1;
	pfree(digits);
	*number = whole;
	return whole >= 0;
}

bool
object_number(const Jsonb *object, const char *name, int64 *number)
{
	JsonbValue	value;

	return bag_find(object, name, &value) && value_number(&value, number);
}

void
objects_read(const Jsonb *array, ObjectList *list)
{
	int			count = array == NULL ? 0 : JB_ROOT_COUNT(array);
	JsonbIterator *it;
	JsonbValue	value;

	list->allocated = count + 1;
	list->objects = palloc(sizeof(Jsonb *) * list->allocated);
	list->count = 0;
	if (count == 0)
		return;
	it = JsonbIteratorInit(unconstify(JsonbContainer *, &array->root));
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		list->objects[list->count++] = value.type == jbvBinary ?
			object_from_value(&value) : JsonbValueToJsonb(&value);
	}
}

Jsonb *
objects_build(const ObjectList *list)
{
	BagList		elements;

	baglist_init(&elements, list->count);
	for (int i = 0; i < list->count; i++)
	{
		JsonbValue	value;

		/* an element that was not checked yet may be a scalar */
		if (!JB_ROOT_IS_SCALAR(list->objects[i]) ||
			!JsonbExtractScalar(&list->objects[i]->root, &value))
			value_from_object(&value, list->objects[i]);
		baglist_add_value(&elements, "", 0, &value);
	}
	return baglist_build_array(&elements);
}

int
objects_find(const ObjectList *list, const char *name, int64 number)
{
	for (int i = 0; i < list->count; i++)
	{
		int64		found;

		if (object_number(list->objects[i], name, &found) && found == number)
			return i;
	}
	return -1;
}

void
objects_add(ObjectList *list, Jsonb *object)
{
	if (list->count + 1 >= list->allocated)
	{
		list->allocated = list->allocated * 2 + 2;
		list->objects = repalloc(list->objects,
								 sizeof(Jsonb *) * list->allocated);
	}
	list->objects[list->count++] = object;
}

int64
objects_next(const ObjectList *list, const char *name)
{
	int64		next = 0;

	for (int i = 0; i < list->count; i++)
	{
		int64		number;

		if (object_number(list->objects[i], name, &number))
			next = Max(next, number + 1);
	}
	return next;
}

int64
object_next_number(int64 *next, const char *name)
{
	if (*next > PG_INT32_MAX)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("no %s after %d can be given out", name,
						PG_INT32_MAX)));
	return (*next)++;
}

Jsonb *
object_renumber(const Jsonb *object, const char *name, int64 number)
{
	BagList		patch;

	baglist_init(&patch, 1);
	baglist_add_int(&patch, name, number);
	return bag_splice(object, baglist_build(&patch), false);
}

void
objects_remove(ObjectList *list, int at)
{
	Assert(at >= 0 && at < list->count);
	memmove(&list->objects[at], &list->objects[at + 1],
			sizeof(Jsonb *) * (list->count - at - 1));
	list->count--;
}

void
objects_compact(ObjectList *list)
{
	int			count = 0;

	for (int i = 0; i < list->count; i++)
	{
		if (list->objects[i] != NULL)
			list->objects[count++] = list->objects[i];
	}
	list->count = count;
}

/* ------------------------------------------------------- finding by number */

static int
compare_numbered(const void *a, const void *b)
{
	int64		x = ((const NumberedObject *) a)->number;
	int64		y = ((const NumberedObject *) b)->number;

	return (x > y) - (x < y);
}

void
objects_index(const ObjectList *list, const char *name, ObjectIndex *index)
{
	NumberedObject *sorted = palloc(sizeof(NumberedObject) *
									(list->count + 1));
	int			count = 0;

	for (int i = 0; i < list->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sorted[count].at = i;
		sorted[count].object = list->objects[i];
		if (object_number(list->objects[i], name, &sorted[count].number))
			count++;
	}
	qsort(sorted, count, sizeof(NumberedObject), compare_numbered);
	index->sorted = sorted;
	index->count = count;
}

const NumberedObject *
objects_look_up(const ObjectIndex *index, int64 number)
{
	NumberedObject wanted = {.number = number};

	return bsearch(&wanted, index->sorted, index->count,
				   sizeof(NumberedObject), compare_numbered);
}

/* ------------------------------------------------------ comparing, merging */

static bool
same_bytes(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) &&
		memcmp(&a->root, &b->root, VARSIZE(a) - VARHDRSZ) == 0;
}

/* Return true if two objects are equal, except for the times of attachments. */
static bool
same_object(const Jsonb *a, const Jsonb *b)
{
	BagList		times;
	Jsonb	   *patch;
	JsonbValue	value;

	if (same_bytes(a, b))
		return true;
	if (!bag_find(a, "PR_ATTACH_NUM", &value))
		return false;
	baglist_init(&times, 2);
	baglist_add_null(&times, "PR_CREATION_TIME", strlen("PR_CREATION_TIME"));
	baglist_add_null(&times, "PR_LAST_MODIFICATION_TIME",
					 strlen("PR_LAST_MODIFICATION_TIME"));
	patch = baglist_build(&times);
	return same_bytes(bag_splice(a, patch, false),
					  bag_splice(b, patch, false));
}

/* Return true if two objects differ; NULL stands for a missing object. */
static bool
differ(const NumberedObject *a, const NumberedObject *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return !same_object(a->object, b->object);
}

/* Read a list, which may be NULL, and index it. */
static void
read_index(const Jsonb *array, const char *name, ObjectList *list,
		   ObjectIndex *index)
{
	objects_read(array, list);
	objects_index(list, name, index);
}

/*
 * Return the numbers of the objects that differ between two lists, comparing
 * their indexes, which are sorted by number, in one pass.
 */
int64 *
objects_changed(const Jsonb *from, const Jsonb *to, const char *name,
				int *count)
{
	ObjectList	list;
	ObjectIndex a,
				b;
	int64	   *numbers;
	int			i = 0,
				j = 0;

	read_index(from, name, &list, &a);
	read_index(to, name, &list, &b);
	numbers = palloc(sizeof(int64) * (a.count + b.count + 1));
	*count = 0;
	while (i < a.count || j < b.count)
	{
		int			order = i == a.count ? 1 : j == b.count ? -1 :
		compare_numbered(&a.sorted[i], &b.sorted[j]);

		if (order < 0)
			numbers[(*count)++] = a.sorted[i++].number;
		else if (order > 0)
			numbers[(*count)++] = b.sorted[j++].number;
		else
		{
			if (differ(&a.sorted[i], &b.sorted[j]))
				numbers[(*count)++] = a.sorted[i].number;
			i++;
			j++;
		}
	}
	return numbers;
}

/* Sort the objects of a list by number. */
static void
sort_by_number(ObjectList *list, const char *name)
{
	ObjectIndex index;

	objects_index(list, name, &index);
	Assert(index.count == list->count);
	for (int i = 0; i < index.count; i++)
		list->objects[i] = index.sorted[i].object;
	pfree(index.sorted);
}

/*
 * Merge two changed versions of a list: start from "theirs" and apply the
 * differences between "base" and "yours".  Positions in the list stay valid
 * until the end, because a removed object leaves a NULL and an added object is
 * appended.
 */
bool
objects_merge(const Jsonb *base, const Jsonb *theirs, const Jsonb *yours,
			  const char *name, bool in_order, bool overwrite,
			  ObjectClashes *clashes, Jsonb **merged)
{
	ObjectList	list,
				result;
	ObjectIndex b,
				t,
				y;
	int			count;
	int64	   *numbers = objects_changed(base, yours, name, &count);
	int64		next;

	read_index(base, name, &list, &b);
	read_index(yours, name, &list, &y);
	next = objects_next(&list, name);
	read_index(theirs, name, &result, &t);
	next = Max(next, objects_next(&result, name));
	if (clashes != NULL)
	{
		clashes->numbers = palloc(sizeof(int64) * Max(count, 1));
		clashes->count = 0;
	}

	for (int i = 0; i < count; i++)
	{
		const NumberedObject *was = objects_look_up(&b, numbers[i]);
		const NumberedObject *other = objects_look_up(&t, numbers[i]);
		const NumberedObject *mine = objects_look_up(&y, numbers[i]);

		CHECK_FOR_INTERRUPTS();
		if (!differ(other, mine))
			continue;			/* both changed it to the same value */
		if (was == NULL)
		{
			/* added, under a new number if they also added this one */
			objects_add(&result, other == NULL ? mine->object :
						object_renumber(mine->object, name,
										object_next_number(&next, name)));
		}
		else if (differ(was, other) && !overwrite)
		{
			if (clashes == NULL)
				return false;
			clashes->numbers[clashes->count++] = numbers[i];
		}
		else if (other == NULL)
			objects_add(&result, mine->object);
		else
			result.objects[other->at] = mine == NULL ? NULL : mine->object;
	}
	objects_compact(&result);
	if (in_order)
		sort_by_number(&result, name);
	*merged = result.count == 0 && yours == NULL ? NULL :
		objects_build(&result);
	return true;
}

/* ------------------------------------------------------- levels of objects */

MemoryContext
object_level_begin(void)
{
	return MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext,
													   "msgstore embedded",
													   ALLOCSET_SMALL_SIZES));
}

Jsonb *
object_level_end(MemoryContext caller, const Jsonb *result)
{
	MemoryContext level = MemoryContextSwitchTo(caller);
	Jsonb	   *copy = NULL;

	if (result != NULL)
	{
		copy = palloc(VARSIZE(result));
		memcpy(copy, result, VARSIZE(result));
	}
	MemoryContextDelete(level);
	return copy;
}
