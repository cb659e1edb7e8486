/*-------------------------------------------------------------------------
 *
 * objects.c
 *	  Lists of property objects: the arrays that hold recipients and
 *	  attachments, taken apart and put together by their number.
 *
 * NOTES
 *	  Every object of a stored list has a number of its own (PR_ROWID,
 *	  PR_ATTACH_NUM), by which it is found.  Objects are bags; they are copied
 *	  out of the list, so they may outlive it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "msgstore.h"
#include "bag.h"

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

void
value_from_object(JsonbValue *value, const Jsonb *object)
{
	value->type = jbvBinary;
	value->val.binary.data = unconstify(JsonbContainer *, &object->root);
	value->val.binary.len = VARSIZE(object) - VARHDRSZ;
}

bool
object_number(const Jsonb *object, const char *name, int64 *number)
{
	JsonbValue	value;

	if (!bag_find(object, name, &value) || value.type != jbvNumeric)
		return false;
	*number = DatumGetInt64(DirectFunctionCall1(numeric_int8,
												NumericGetDatum(value.val.numeric)));
	return true;
}

void
objects_read(const Jsonb *array, ObjectList *list)
{
	int			count = array == NULL ? 0 : JB_ROOT_COUNT(array);
	JsonbIterator *it;
	JsonbValue	value;

	list->objects = palloc(sizeof(Jsonb *) * (count + 1));
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
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < list->count; i++)
	{
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		value_from_object(&value, list->objects[i]);
		pushJsonbValue(&state, WJB_ELEM, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
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
	list->objects = repalloc(list->objects,
							 sizeof(Jsonb *) * (list->count + 2));
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

/* --------------------------------------------------------- comparing, merging */

static bool
same_object(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) &&
		memcmp(&a->root, &b->root, VARSIZE(a) - VARHDRSZ) == 0;
}

/* The object with a number, or NULL. */
static Jsonb *
with_number(const ObjectList *list, const char *name, int64 number)
{
	int			at = objects_find(list, name, number);

	return at < 0 ? NULL : list->objects[at];
}

/* Whether the objects with a number differ; both lists may lack it. */
static bool
differs(const ObjectList *a, const ObjectList *b, const char *name,
		int64 number)
{
	Jsonb	   *x = with_number(a, name, number);
	Jsonb	   *y = with_number(b, name, number);

	if (x == NULL || y == NULL)
		return x != y;
	return !same_object(x, y);
}

/* An object under its number, for sorting. */
typedef struct Numbered
{
	int64		number;
	Jsonb	   *object;
} Numbered;

static int
compare_numbered(const void *a, const void *b)
{
	int64		x = ((const Numbered *) a)->number;
	int64		y = ((const Numbered *) b)->number;

	return (x > y) - (x < y);
}

static Numbered *
sort_objects(const Jsonb *array, const char *name, int *count)
{
	ObjectList	list;
	Numbered   *sorted;

	objects_read(array, &list);
	sorted = palloc(sizeof(Numbered) * (list.count + 1));
	*count = 0;
	for (int i = 0; i < list.count; i++)
	{
		sorted[*count].object = list.objects[i];
		if (object_number(list.objects[i], name, &sorted[*count].number))
			(*count)++;
	}
	qsort(sorted, *count, sizeof(Numbered), compare_numbered);
	return sorted;
}

int64 *
objects_changed(const Jsonb *from, const Jsonb *to, const char *name,
				int *count)
{
	int			nfrom,
				nto;
	Numbered   *a = sort_objects(from, name, &nfrom);
	Numbered   *b = sort_objects(to, name, &nto);
	int64	   *numbers = palloc(sizeof(int64) * (nfrom + nto + 1));
	int			i = 0,
				j = 0;

	*count = 0;
	while (i < nfrom || j < nto)
	{
		int			order = i == nfrom ? 1 : j == nto ? -1 :
			compare_numbered(&a[i], &b[j]);

		if (order < 0)
			numbers[(*count)++] = a[i++].number;
		else if (order > 0)
			numbers[(*count)++] = b[j++].number;
		else
		{
			if (!same_object(a[i].object, b[j].object))
				numbers[(*count)++] = a[i].number;
			i++;
			j++;
		}
	}
	return numbers;
}

bool
objects_merge(const Jsonb *base, const Jsonb *theirs, const Jsonb *yours,
			  const char *name, Jsonb **merged)
{
	ObjectList	b,
				t,
				y,
				result;
	int			count;
	int64	   *numbers = objects_changed(base, yours, name, &count);
	int64		next;

	objects_read(base, &b);
	objects_read(theirs, &t);
	objects_read(yours, &y);
	objects_read(theirs, &result);
	next = Max(objects_next(&t, name), objects_next(&y, name));

	for (int i = 0; i < count; i++)
	{
		int64		number = numbers[i];
		Jsonb	   *mine = with_number(&y, name, number);
		int			at = objects_find(&result, name, number);

		CHECK_FOR_INTERRUPTS();
		if (!differs(&t, &y, name, number))
			continue;			/* both did the same */
		if (objects_find(&b, name, number) < 0)
		{
			/* added: beside what they may have added under that number */
			objects_add(&result, at < 0 ? mine :
						object_renumber(mine, name, next++));
		}
		else if (differs(&b, &t, name, number))
			return false;
		else if (mine == NULL)
			objects_remove(&result, at);
		else
			result.objects[at] = mine;
	}
	*merged = result.count == 0 && yours == NULL ? NULL :
		objects_build(&result);
	return true;
}
