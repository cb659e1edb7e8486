/*-------------------------------------------------------------------------
 *
 * property.c
 *	  Values of properties: turn the JSON value that a caller wrote into its
 *	  stored form, or raise an error about the value.
 *
 * NOTES
 *	  Every value has exactly one stored form, so that equal values are equal
 *	  jsonb.  A value that has its stored form already, which is the common
 *	  case, is left unchanged, and nothing is allocated.
 *
 *	  An error shows the value cut short, so that no body gets into a log.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "value.h"

/* The target of a value: a property, or an element of its list. */
typedef struct Target
{
	const Property *prop;
	uint16		type;			/* type of the property or of its elements */
	int			element;		/* counted from 1; 0 for the property itself */
} Target;

static void check_list(const Property *prop, JsonbValue *value);
static void check_scalar(const Target *target, JsonbValue *value);
static void check_integer(const Target *target, JsonbValue *value,
						  int64 min, int64 max);
static void check_currency(const Target *target, JsonbValue *value);
static void check_float(const Target *target, JsonbValue *value);
static void check_time(const Target *target, JsonbValue *value);
static void check_guid(const Target *target, JsonbValue *value);
static void check_binary(const Target *target, JsonbValue *value);
static bool same_scalar(const JsonbValue *a, const JsonbValue *b);
static void expect(const Target *target, const JsonbValue *value,
				   enum jbvType type);
static void set_string(JsonbValue *value, char *text, int len);
static void set_number(JsonbValue *value, const char *text);
static char *number_text(const JsonbValue *value);
static char *value_shown(const JsonbValue *value);
static const char *target_shown(const Target *target);
static const char *json_kind(const JsonbValue *value);
pg_noreturn static void refuse_type(const Target *target,
									const JsonbValue *value);
static void refuse_value(const Target *target, const JsonbValue *value,
						 ValueResult why, const char *what, const char *hint);

void
property_check(const Property *prop, JsonbValue *value)
{
	Assert(value->type != jbvNull);
	Assert(prop->part != PART_RECIPIENTS && prop->part != PART_ATTACHMENTS);

	if (prop->type & MV_FLAG)
		check_list(prop, value);
	else
	{
		Target		target = {prop, prop->type, 0};

		check_scalar(&target, value);
	}
}

/*
 * Check the array of a multi-valued property, which may be empty, and each of
 * its elements.  *value is replaced by a new array, palloc'd, only if some
 * element was not in its stored form.
 */
static void
check_list(const Property *prop, JsonbValue *value)
{
	Target		target = {prop, prop->type & ~MV_FLAG, 0};
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;
	JsonbParseState *state = NULL;
	Jsonb	   *result;
	bool		same = true;

	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		property_refuse_type(prop, value);

	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &element, true);
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	while ((token = JsonbIteratorNext(&it, &element, true)) == WJB_ELEM)
	{
		JsonbValue	came = element;

		CHECK_FOR_INTERRUPTS();
		target.element++;
		check_scalar(&target, &element);
		same = same && same_scalar(&came, &element);
		pushJsonbValue(&state, WJB_ELEM, &element);
	}
	Assert(token == WJB_END_ARRAY);
	if (same)
		return;
	result = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	value->val.binary.data = &result->root;
	value->val.binary.len = VARSIZE(result) - VARHDRSZ;
}

/* Return true if a check has left a value unchanged. */
static bool
same_scalar(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == jbvString)
		return a->val.string.val == b->val.string.val;
	return a->type != jbvNumeric || a->val.numeric == b->val.numeric;
}

/*
 * Check a single value against the target's type, and replace *value by its
 * stored form.
 */
static void
check_scalar(const Target *target, JsonbValue *value)
{
	switch (target->type)
	{
		case PT_I2:
			check_integer(target, value, PG_INT16_MIN, PG_INT16_MAX);
			break;
		case PT_LONG:
			check_integer(target, value, PG_INT32_MIN, PG_INT32_MAX);
			break;
		case PT_I8:
			check_integer(target, value, PG_INT64_MIN, PG_INT64_MAX);
			break;
		case PT_CURRENCY:
			check_currency(target, value);
			break;
		case PT_R4:
		case PT_DOUBLE:
		case PT_APPTIME:
			check_float(target, value);
			break;
		case PT_BOOLEAN:
			expect(target, value, jbvBool);
			break;
		case PT_UNICODE:
			expect(target, value, jbvString);
			break;
		case PT_SYSTIME:
			check_time(target, value);
			break;
		case PT_CLSID:
			check_guid(target, value);
			break;
		case PT_BINARY:
		case PT_SVREID:
		case PT_SRESTRICTION:
		case PT_ACTIONS:
			check_binary(target, value);
			break;
		default:
			elog(ERROR, "property %s has the type 0x%04X, which cannot be stored",
				 target->prop->name, target->type);
	}
}

static void
check_integer(const Target *target, JsonbValue *value, int64 min, int64 max)
{
	char	   *text;
	int64_t		result;
	ValueResult why;

	expect(target, value, jbvNumeric);
	text = number_text(value);
	why = value_read_int(text, strlen(text), min, max, &result);
	if (why != VALUE_OK)
		refuse_value(target, value, why, "an integer", NULL);

	/* 1.0 is stored as 1 */
	if (strchr(text, '.') != NULL)
		value->val.numeric =
			DatumGetNumeric(DirectFunctionCall1(int8_numeric,
												Int64GetDatum(result)));
	pfree(text);
}

/* Check an amount; its stored form is the shortest number of equal value. */
static void
check_currency(const Target *target, JsonbValue *value)
{
	char		shortest[VALUE_CURRENCY_SIZE];
	char	   *text;
	int64_t		result;
	ValueResult why;

	expect(target, value, jbvNumeric);
	text = number_text(value);
	why = value_read_currency(text, strlen(text), &result);
	if (why != VALUE_OK)
		refuse_value(target, value, why, "an amount with up to four decimals",
					 NULL);
	value_write_currency(result, shortest);
	if (strcmp(text, shortest) != 0)
		set_number(value, shortest);
	pfree(text);
}

/*
 * Check a floating-point value.  Its stored form is the shortest number that
 * reads as the same float or double.  Values that JSON numbers cannot express
 * are four strings.
 */
static void
check_float(const Target *target, JsonbValue *value)
{
	char		shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
	char	   *text;
	ValueResult why;

	if (value->type == jbvString)
	{
		if (!value_is_float_word(value->val.string.val, value->val.string.len))
			refuse_value(target, value, VALUE_BAD, "a number",
						 "The only strings are \"NaN\", \"Infinity\", \"-Infinity\" and \"-0\".");
		return;
	}
	expect(target, value, jbvNumeric);
	text = number_text(value);
	if (target->type == PT_R4)
	{
		float		result;

		why = value_read_float(text, &result);
		if (why == VALUE_OK)
			float_to_shortest_decimal_buf(result, shortest);
	}
	else
	{
		double		result;

		why = value_read_double(text, &result);
		if (why == VALUE_OK)
			double_to_shortest_decimal_buf(result, shortest);
	}
	if (why != VALUE_OK)
		refuse_value(target, value, why, "a number", NULL);
	if (strcmp(text, shortest) != 0)
		set_number(value, shortest);
	pfree(text);
}

static void
check_time(const Target *target, JsonbValue *value)
{
	char		buf[VALUE_TIME_SIZE];
	uint64_t	ticks;
	int			len;
	ValueResult why;

	expect(target, value, jbvString);
	why = value_read_time(value->val.string.val, value->val.string.len,
						  &ticks);
	if (why != VALUE_OK)
		refuse_value(target, value, why, "a time",
					 "A time is written with its offset from UTC and up to seven digits of fraction, as in 2024-02-29T12:34:56.1234567Z, from 1601 on.");
	len = value_write_time(ticks, buf);
	if (len != value->val.string.len ||
		memcmp(buf, value->val.string.val, len) != 0)
		set_string(value, pnstrdup(buf, len), len);
}

static void
check_guid(const Target *target, JsonbValue *value)
{
	char		buf[VALUE_GUID_LEN + 1];
	uint8		guid[VALUE_GUID_BYTES];
	ValueResult why;

	expect(target, value, jbvString);
	why = value_read_guid(value->val.string.val, value->val.string.len, guid);
	if (why != VALUE_OK)
		refuse_value(target, value, why, "a GUID",
					 "A GUID is written as in {00020386-0000-0000-C000-000000000046}.");
	value_write_guid(guid, buf);
	if (value->val.string.len != VALUE_GUID_LEN ||
		memcmp(buf, value->val.string.val, VALUE_GUID_LEN) != 0)
		set_string(value, pnstrdup(buf, VALUE_GUID_LEN), VALUE_GUID_LEN);
}

static void
check_binary(const Target *target, JsonbValue *value)
{
	const char *text;
	int			len;
	uint8	   *data;
	size_t		bytes;
	ValueResult why;

	expect(target, value, jbvString);
	text = value->val.string.val;
	len = value->val.string.len;
	if (value_base64_canonical(text, len))
		return;

	data = palloc(VALUE_BASE64_ROOM(len));
	why = value_read_base64(text, len, data, &bytes);
	if (why != VALUE_OK)
		refuse_value(target, value, why, "base64",
					 "Binary values are written in base64: letters, digits, + and /, padded with =.");
	text = base64_text(data, bytes, &len);
	set_string(value, unconstify(char *, text), len);
	pfree(data);
}

/* Raise MAPI_E_UNEXPECTED_TYPE unless a value is of a JSON type. */
static void
expect(const Target *target, const JsonbValue *value, enum jbvType type)
{
	if (value->type != type)
		refuse_type(target, value);
}

void
property_refuse_type(const Property *prop, const JsonbValue *value)
{
	Target		target = {prop, prop->type, 0};

	refuse_type(&target, value);
}

static void
refuse_type(const Target *target, const JsonbValue *value)
{
	const char *takes = catalogue_type_json(target->type);

	if (target->prop->part == PART_RECIPIENTS ||
		target->prop->part == PART_ATTACHMENTS)
		takes = "an array of objects";
	else if (target->type == PT_OBJECT)
		takes = "an object";
	ereport(ERROR,
			(errmapi_detail(MAPI_E_UNEXPECTED_TYPE, "The value was %s.",
							value_shown(value)),
			 errmsg("%s takes %s, not %s",
					target_shown(target), takes, json_kind(value)),
			 strchr(target->prop->name, ':') != NULL ?
			 errhint("A named property that the catalogue does not know is of type PT_UNICODE, unless its name ends in another type, as in PS_PUBLIC_STRINGS:count:PT_LONG.") : 0));
}

/*
 * Raise the error about a value of the right JSON type: out of range, or not
 * "what", as in "an integer".  "hint" may be NULL.
 */
static void
refuse_value(const Target *target, const JsonbValue *value, ValueResult why,
			 const char *what, const char *hint)
{
	if (why == VALUE_OUT_OF_RANGE)
		ereport(ERROR,
				(errmapi_detail(MAPI_E_INVALID_PARAMETER, "The value was %s.",
								value_shown(value)),
				 errmsg("value is out of range for %s", target_shown(target)),
				 hint != NULL ? errhint("%s", hint) : 0));
	ereport(ERROR,
			(errmapi_detail(MAPI_E_INVALID_PARAMETER, "The value was %s.",
							value_shown(value)),
			 errmsg("value of %s is not %s", target_shown(target), what),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * Return a target as an error message shows it: "property PR_X (PT_LONG)" or
 * "element 2 of property PR_X (PT_MV_LONG)".
 */
static const char *
target_shown(const Target *target)
{
	const char *type = catalogue_type_name(target->prop->type);
	const char *name = text_shown(target->prop->name,
								  target->prop->namelen);

	if (target->element == 0)
		return psprintf("property %s (%s)", name, type);
	return psprintf("element %d of property %s (%s)", target->element,
					name, type);
}

static void
set_string(JsonbValue *value, char *text, int len)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = len;
}

static void
set_number(JsonbValue *value, const char *text)
{
	value->type = jbvNumeric;
	value->val.numeric =
		DatumGetNumeric(DirectFunctionCall3(numeric_in,
											CStringGetDatum(text),
											ObjectIdGetDatum(InvalidOid),
											Int32GetDatum(-1)));
}

static char *
number_text(const JsonbValue *value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
}

/* Return a value as an error message shows it: as JSON, cut short. */
static char *
value_shown(const JsonbValue *value)
{
	char	   *text;

	switch (value->type)
	{
		case jbvString:
			return psprintf("\"%s\"", text_shown(value->val.string.val,
												 value->val.string.len));
		case jbvNumeric:
			text = number_text(value);
			return text_shown(text, strlen(text));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return pstrdup(json_kind(value));
	}
}

/* Return the kind of a JSON value in words. */
static const char *
json_kind(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		case jbvArray:
			return "an array";
		case jbvObject:
			return "an object";
		case jbvBinary:
			if (JsonContainerIsArray(value->val.binary.data))
				return "an array";
			return "an object";
		default:
			return "something else";
	}
}
