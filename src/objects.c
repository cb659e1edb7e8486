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
		list->objects[list->count++] = object_from_value(&value);
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

void
objects_remove(ObjectList *list, int at)
{
	Assert(at >= 0 && at < list->count);
	memmove(&list->objects[at], &list->objects[at + 1],
			sizeof(Jsonb *) * (list->count - at - 1));
	list->count--;
}
