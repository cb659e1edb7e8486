/*-------------------------------------------------------------------------
 *
 * order.c
 *	  The order of the values of a property.
 *
 * NOTES
 *	  Values are in their stored form (property.c), so that equal values are
 *	  equal texts.  Numbers and times are in the order of their values, false
 *	  before true, strings in the order of their code points, binary values in
 *	  the order of their bytes.  NaN is greater than all other numbers.  A list
 *	  of values is compared element by element, and a list comes after its
 *	  beginning.
 *
 *	  A value that is held as a blob has no place in the order: the callers
 *	  take it for absent.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* Compare bytes; a text comes after its beginning. */
static int
compare_bytes(const void *a, int alen, const void *b, int blen)
{
	int			order = memcmp(a, b, Min(alen, blen));

	return order != 0 ? order : (alen > blen) - (alen < blen);
}

/* Compare two base64 texts by the bytes that they stand for. */
static int
compare_binary(const JsonbValue *a, const JsonbValue *b)
{
	bytea	   *x;
	bytea	   *y;
	int			order;

	if (a->val.string.len == b->val.string.len &&
		memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0)
		return 0;
	x = base64_bytes(a->val.string.val, a->val.string.len);
	y = base64_bytes(b->val.string.val, b->val.string.len);
	order = compare_bytes(VARDATA(x), VARSIZE(x) - VARHDRSZ,
						  VARDATA(y), VARSIZE(y) - VARHDRSZ);
	pfree(x);
	pfree(y);
	return order;
}

/* Return a floating-point value, which may be one of four words. */
static double
float_of(const JsonbValue *value)
{
	if (value->type == jbvNumeric)
		return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
												  NumericGetDatum(value->val.numeric)));
	switch (value->val.string.val[0])
	{
		case 'N':
			return get_float8_nan();
		case 'I':
			return get_float8_infinity();
		default:				/* -Infinity and -0 */
			return value->val.string.val[1] == 'I' ?
				-get_float8_infinity() : 0;
	}
}

/* Compare two values that are no lists. */
static int
compare_scalars(uint16 type, const JsonbValue *a, const JsonbValue *b)
{
	switch (type)
	{
		case PT_R4:
		case PT_DOUBLE:
		case PT_APPTIME:
			return float8_cmp_internal(float_of(a), float_of(b));
		case PT_BOOLEAN:
			return (int) a->val.boolean - (int) b->val.boolean;
		case PT_SYSTIME:

			/* the text of a later year is longer */
			if (a->val.string.len != b->val.string.len)
				return a->val.string.len < b->val.string.len ? -1 : 1;
			/* FALLTHROUGH */
		case PT_UNICODE:
		case PT_CLSID:
			return compare_bytes(a->val.string.val, a->val.string.len,
								 b->val.string.val, b->val.string.len);
		case PT_BINARY:
		case PT_SVREID:
		case PT_SRESTRICTION:
		case PT_ACTIONS:
			return compare_binary(a, b);
		default:
			return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
													 NumericGetDatum(a->val.numeric),
													 NumericGetDatum(b->val.numeric)));
	}
}

bool
order_is_list(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data);
}

int
order_list_size(const JsonbValue *list)
{
	return JsonContainerSize(list->val.binary.data);
}

void
order_element(const JsonbValue *list, int n, JsonbValue *element)
{
	*element = *getIthJsonbValueFromContainer(list->val.binary.data, n);
}

static int
compare_lists(uint16 type, const JsonbValue *a, const JsonbValue *b)
{
	int			asize = order_list_size(a);
	int			bsize = order_list_size(b);

	for (int i = 0; i < Min(asize, bsize); i++)
	{
		JsonbValue	x;
		JsonbValue	y;
		int			order;

		order_element(a, i, &x);
		order_element(b, i, &y);
		order = compare_scalars(type, &x, &y);
		if (order != 0)
			return order;
	}
	return (asize > bsize) - (asize < bsize);
}

int
order_compare(uint16 type, const JsonbValue *a, const JsonbValue *b)
{
	type &= ~MV_FLAG;
	if (order_is_list(a) && order_is_list(b))
		return compare_lists(type, a, b);
	return compare_scalars(type, a, b);
}

bool
order_has(uint16 type, const JsonbValue *value)
{
	if ((type & MV_FLAG) != 0)
		return order_is_list(value) || value->type != jbvBinary;
	return value->type != jbvBinary && value->type != jbvNull;
}
