/*-------------------------------------------------------------------------
 *
 * sorting.c
 *	  The order of a list: its elements, the keys of messages, and positions.
 *
 * NOTES
 *	  An element is the name of a property, and ASC or DESC.  Messages that
 *	  lack the property come last in both directions.  Ties are resolved by the
 *	  id of the message, in ascending order, so that the order of a list is
 *	  total and a position in it means one place.
 *
 *	  A property with a list of values sorts a message once by each of its
 *	  values: the message then is in the list that often.  One element of an
 *	  order may be of that kind.
 *
 *	  A position is a text that clients hand back as it is: the key of the last
 *	  row, and a checksum over the key and over everything that determines the
 *	  list.  A position of another list is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "value.h"

#define MAX_ELEMENTS	16		/* of an order */
#define CHECKSUM_DIGITS	16

/* ---------------------------------------------------------------- elements */

/*
 * Cut the direction off the end of an element, if it has one, and the blanks
 * around it.
 */
static bool
cut_direction(const char *text, int *len)
{
	static const struct
	{
		const char *word;
		bool		descending;
	}			words[] = {{"ASC", false}, {"DESC", true}};

	while (*len > 0 && text[*len - 1] == ' ')
		(*len)--;
	for (int i = 0; i < lengthof(words); i++)
	{
		int			n = strlen(words[i].word);

		if (*len > n && text[*len - n - 1] == ' ' &&
			pg_strncasecmp(text + *len - n, words[i].word, n) == 0)
		{
			*len -= n;
			while (*len > 0 && text[*len - 1] == ' ')
				(*len)--;
			return words[i].descending;
		}
	}
	return false;
}

void
sorting_element(const char *text, int len, SortElement *element)
{
	const char *start = text;

	memset(element, 0, sizeof(SortElement));
	element->descending = cut_direction(text, &len);
	while (len > 0 && *start == ' ')
	{
		start++;
		len--;
	}
	element->is_never = !spelling_resolve_read(start, len, &element->prop);
	if (IS_LIST(element->prop.part) || element->prop.type == PT_OBJECT)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a list cannot be sorted by property %s",
						element->prop.name)));
}

void
sorting_read(ArrayType *array, SortOrder *order)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	memset(order, 0, sizeof(SortOrder));
	order->instanced = -1;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, &count);
	if (count > MAX_ELEMENTS)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("a list is sorted by at most %d properties",
						MAX_ELEMENTS)));
	order->elements = palloc(sizeof(SortElement) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		text	   *element;

		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("an element of \"sort\" is NULL")));
		element = DatumGetTextPP(elements[i]);
		sorting_element(VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element),
						&order->elements[i]);
		if ((order->elements[i].prop.type & MV_FLAG) == 0)
			continue;
		if (order->instanced >= 0)
			ereport(ERROR,
					(errmapi(MAPI_E_TOO_COMPLEX),
					 errmsg("a list is sorted by at most one property with a list of values")));
		order->instanced = i;
	}
	order->count = count;
}

/* -------------------------------------------------------------------- keys */

void
sorting_copy_value(const JsonbValue *value, JsonbValue *copy)
{
	*copy = *value;
	if (value->type == jbvString)
		copy->val.string.val = pnstrdup(value->val.string.val,
										value->val.string.len);
	else if (value->type == jbvNumeric)
	{
		Size		size = VARSIZE(value->val.numeric);

		copy->val.numeric = palloc(size);
		memcpy(copy->val.numeric, value->val.numeric, size);
	}
}

/* Compare two values of an element, of which jbvNull is an absent one. */
static int
compare_element(const SortElement *element, const JsonbValue *a,
				const JsonbValue *b)
{
	int			order;

	if (a->type == jbvNull || b->type == jbvNull)
		return (a->type == jbvNull) - (b->type == jbvNull);
	order = order_compare(element->prop.type, a, b);
	return element->descending ? -order : order;
}

int
sorting_compare_values(const SortOrder *order, const SortKey *a,
					   const SortKey *b)
{
	for (int i = 0; i < order->count; i++)
	{
		int			result = compare_element(&order->elements[i],
											 &a->values[i], &b->values[i]);

		if (result != 0)
			return result;
	}
	return 0;
}

int
sorting_compare(const SortOrder *order, const SortKey *a, const SortKey *b)
{
	int			result = sorting_compare_values(order, a, b);

	if (result != 0)
		return result;
	if (a->message_id != b->message_id)
		return a->message_id < b->message_id ? -1 : 1;
	return (a->instance > b->instance) - (a->instance < b->instance);
}

void
sorting_key(const SortOrder *order, RestrictionFind find, void *object,
			SortKey *key)
{
	key->values = palloc(sizeof(JsonbValue) * Max(order->count, 1));
	key->instance = 0;
	for (int i = 0; i < order->count; i++)
	{
		const SortElement *element = &order->elements[i];

		if (element->is_never ||
			!find(object, &element->prop, &key->values[i]) ||
			!order_has(element->prop.type, &key->values[i]))
			key->values[i].type = jbvNull;
	}
}

int
sorting_instances(const SortOrder *order, const SortKey *key)
{
	const JsonbValue *list;

	if (order->instanced < 0)
		return 1;
	list = &key->values[order->instanced];
	return list->type == jbvNull ? 1 : Max(order_list_size(list), 1);
}

void
sorting_instance(const SortOrder *order, const SortKey *key, int n,
				 SortKey *instance)
{
	*instance = *key;
	instance->instance = n;
	instance->values = palloc(sizeof(JsonbValue) * Max(order->count, 1));
	for (int i = 0; i < order->count; i++)
	{
		const JsonbValue *value = &key->values[i];

		instance->values[i] = *value;
		if (i != order->instanced || value->type == jbvNull)
			continue;
		if (order_list_size(value) == 0)
			instance->values[i].type = jbvNull;
		else
			order_element(value, n, &instance->values[i]);
	}
}

void
sorting_copy(const SortOrder *order, const SortKey *key, SortKey *copy)
{
	*copy = *key;
	copy->values = palloc(sizeof(JsonbValue) * Max(order->count, 1));
	for (int i = 0; i < order->count; i++)
		sorting_copy_value(&key->values[i], &copy->values[i]);
}

/* --------------------------------------------------------------- positions */

/* Return the checksum of a key's JSON in a list. */
static uint64
checksum(uint64 list, const char *json, int len)
{
	return DatumGetUInt64(hash_any_extended((const unsigned char *) json, len,
											list));
}

text *
sorting_position(const SortOrder *order, const SortKey *key, uint64 list,
				 int64 rank)
{
	BagList		members;
	Jsonb	   *json;
	StringInfoData text;
	char	   *plain;

	baglist_init(&members, order->count + 3);
	baglist_add_int(&members, "id", key->message_id);
	baglist_add_int(&members, "instance", key->instance);
	baglist_add_int(&members, "rank", rank);
	for (int i = 0; i < order->count; i++)
		baglist_add_value(&members, "value", 5, &key->values[i]);
	json = baglist_build_array(&members);
	initStringInfo(&text);
	plain = JsonbToCString(&text, &json->root, VARSIZE(json));
	return cstring_to_text(psprintf("%016llX%s",
									(unsigned long long) checksum(list, plain,
																  text.len),
									base64_text(plain, text.len, NULL)));
}

pg_noreturn static void refuse_position(void);
static void
refuse_position(void)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("\"after\" is not a position in this list"),
			 errhint("A position is good for the folder, restriction, sort order and flags with which it was returned.")));
}

/* Return the JSON of a position, or NULL if it is not one of this list. */
static char *
position_json(const char *text, int len, uint64 list)
{
	const char *base64 = text + CHECKSUM_DIGITS;
	int			base64_len = len - CHECKSUM_DIGITS;
	char		digits[CHECKSUM_DIGITS + 1];
	uint8	   *json;
	size_t		bytes;

	if (base64_len <= 0 || !value_base64_canonical(base64, base64_len))
		return NULL;
	json = palloc(VALUE_BASE64_ROOM(base64_len) + 1);
	if (value_read_base64(base64, base64_len, json, &bytes) != VALUE_OK)
		return NULL;
	json[bytes] = '\0';
	snprintf(digits, sizeof(digits), "%016llX",
			 (unsigned long long) checksum(list, (char *) json, bytes));
	return memcmp(digits, text, CHECKSUM_DIGITS) == 0 ? (char *) json : NULL;
}

/* Read an integer of 0 or more. */
static int64
read_number(const JsonbValue *array, int n)
{
	JsonbValue	value;
	char	   *text;
	int64_t		number;

	order_element(array, n, &value);
	if (value.type != jbvNumeric)
		refuse_position();
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value.val.numeric)));
	if (value_read_int(text, strlen(text), 0, PG_INT64_MAX,
					   &number) != VALUE_OK)
		refuse_position();
	return number;
}

/* Read the value of an element, which has the type of the element or is null. */
static void
read_element(const SortElement *element, const JsonbValue *array, int n,
			 JsonbValue *value)
{
	Property	prop = element->prop;

	order_element(array, n, value);
	if (value->type == jbvNull)
		return;
	if (element->is_never || value->type == jbvBinary)
		refuse_position();
	prop.type &= ~MV_FLAG;
	property_check(&prop, value);
}

/*
 * A checksum that is right does not prove that the store has made the
 * position, so everything in it is checked.
 */
void
sorting_read_position(const SortOrder *order, const text *position,
					  uint64 list, SortKey *key, int64 *rank)
{
	char	   *json = position_json(VARDATA_ANY(position),
									 VARSIZE_ANY_EXHDR(position), list);
	JsonbValue	array;

	if (json == NULL)
		refuse_position();
	value_from_object(&array,
					  DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														 CStringGetDatum(json))));
	if (!order_is_list(&array) || order_list_size(&array) != order->count + 3)
		refuse_position();
	key->message_id = read_number(&array, 0);
	key->instance = (int) Min(read_number(&array, 1), PG_INT32_MAX);
	*rank = read_number(&array, 2);
	key->values = palloc(sizeof(JsonbValue) * Max(order->count, 1));
	for (int i = 0; i < order->count; i++)
		read_element(&order->elements[i], &array, i + 3, &key->values[i]);
}
