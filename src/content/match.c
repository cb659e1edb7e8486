/*-------------------------------------------------------------------------
 *
 * match.c
 *	  Evaluates compiled restrictions.
 *
 *	  The rules are at the top of restriction.c.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "restriction.h"

static bool matches(const Restriction *restriction, RestrictionFind find,
					void *object);

const char *
match_fold(const Restriction *restriction, const JsonbValue *value, int *len)
{
	const char *text = value->val.string.val;

	*len = value->val.string.len;
	if ((restriction->prop.type & ~MV_FLAG) != PT_UNICODE)
	{
		bytea	   *bytes = base64_bytes(text, *len);

		*len = VARSIZE(bytes) - VARHDRSZ;
		return VARDATA(bytes);
	}
	if (restriction->ignore_nonspace)
		text = folding_nonspace(text, *len, len);
	if (restriction->ignore_case)
		text = folding_case(text, *len, len);
	return text;
}

static bool
relop_holds(int relop, int order)
{
	switch ((Relop) relop)
	{
		case RELOP_LT:
			return order < 0;
		case RELOP_LE:
			return order <= 0;
		case RELOP_GT:
			return order > 0;
		case RELOP_GE:
			return order >= 0;
		case RELOP_EQ:
			return order == 0;
		case RELOP_NE:
			return order != 0;
	}
	pg_unreachable();
}

/* Find a value that has a place in the order of its property. */
static bool
find_ordered(const Property *prop, bool is_never, RestrictionFind find,
			 void *object, JsonbValue *value)
{
	return !is_never && find(object, prop, value) &&
		order_has(prop->type, value);
}

/* Evaluate a condition; <> is the negation of =. */
static bool
property_matches(const Restriction *restriction, RestrictionFind find,
				 void *object)
{
	bool		negated = restriction->relop == RELOP_NE;
	int			relop = negated ? RELOP_EQ : restriction->relop;
	uint16		type = restriction->prop.type;
	JsonbValue	value;

	if (!find_ordered(&restriction->prop, restriction->is_never, find, object,
					  &value))
		return negated;
	if (!order_is_list(&value) || order_is_list(&restriction->value))
		return relop_holds(relop,
						   order_compare(type, &value,
										 &restriction->value)) != negated;
	for (int i = 0; i < order_list_size(&value); i++)
	{
		JsonbValue	element;

		order_element(&value, i, &element);
		if (relop_holds(relop, order_compare(type, &element,
											 &restriction->value)))
			return !negated;
	}
	return negated;
}

/* Return true if bytes contain other bytes. */
static bool
contains(const char *text, int len, const char *pattern, int pattern_len)
{
	if (pattern_len == 0)
		return true;
	for (const char *end = text + len; end - text >= pattern_len; text++)
	{
		text = memchr(text, pattern[0], end - text - pattern_len + 1);
		if (text == NULL)
			return false;
		if (memcmp(text, pattern, pattern_len) == 0)
			return true;
	}
	return false;
}

/* Match one text, or one binary value. */
static bool
text_matches(const Restriction *restriction, const JsonbValue *value)
{
	int			len;
	const char *text = match_fold(restriction, value, &len);

	switch (restriction->match)
	{
		case MATCH_FULL:
			return len == restriction->pattern_len &&
				memcmp(text, restriction->pattern, len) == 0;
		case MATCH_PREFIX:
			return len >= restriction->pattern_len &&
				memcmp(text, restriction->pattern,
					   restriction->pattern_len) == 0;
		default:
			return contains(text, len, restriction->pattern,
							restriction->pattern_len);
	}
}

static bool
content_matches(const Restriction *restriction, RestrictionFind find,
				void *object)
{
	JsonbValue	value;

	if (!find_ordered(&restriction->prop, restriction->is_never, find, object,
					  &value))
		return false;
	if (!order_is_list(&value))
		return text_matches(restriction, &value);
	for (int i = 0; i < order_list_size(&value); i++)
	{
		JsonbValue	element;

		order_element(&value, i, &element);
		if (text_matches(restriction, &element))
			return true;
	}
	return false;
}

static bool
bitmask_matches(const Restriction *restriction, RestrictionFind find,
				void *object)
{
	JsonbValue	value;

	if (!find_ordered(&restriction->prop, restriction->is_never, find, object,
					  &value))
		return false;
	return ((integer_of_value(&value) & restriction->number) != 0) ==
		(restriction->relop == 1);
}

/* Return the size of one value, as MAPI counts it but for texts: UTF-8. */
static int64
size_of(uint16 type, const JsonbValue *value)
{
	int64		blob_id;
	int64		size;

	if (value->type == jbvBinary)
		return reference_read(value, &blob_id, &size) ? size : 0;
	switch (type & ~MV_FLAG)
	{
		case PT_I2:
		case PT_BOOLEAN:
			return 2;
		case PT_LONG:
		case PT_R4:
			return 4;
		case PT_CLSID:
			return 16;
		case PT_UNICODE:
			return value->val.string.len;
		case PT_BINARY:
		case PT_SVREID:
		case PT_SRESTRICTION:
		case PT_ACTIONS:
			return base64_size(value->val.string.val, value->val.string.len);
		default:
			return 8;
	}
}

static bool
size_matches(const Restriction *restriction, RestrictionFind find,
			 void *object)
{
	JsonbValue	value;
	int64		size = 0;

	if (restriction->is_never ||
		!find(object, &restriction->prop, &value))
		return restriction->relop == RELOP_NE;
	if (!order_is_list(&value))
		size = size_of(restriction->prop.type, &value);
	else
	{
		for (int i = 0; i < order_list_size(&value); i++)
		{
			JsonbValue	element;

			order_element(&value, i, &element);
			size += size_of(restriction->prop.type, &element);
		}
	}
	return relop_holds(restriction->relop, (size > restriction->number) -
					   (size < restriction->number));
}

static bool
compare_matches(const Restriction *restriction, RestrictionFind find,
				void *object)
{
	JsonbValue	value;
	JsonbValue	other;

	if (!find_ordered(&restriction->prop, restriction->is_never, find, object,
					  &value) ||
		!find_ordered(&restriction->other, restriction->other_is_never, find,
					  object, &other))
		return restriction->relop == RELOP_NE;
	return relop_holds(restriction->relop,
					   order_compare(restriction->prop.type, &value, &other));
}

/* RestrictionFind of an object of a list, whose bag is "object". */
static bool
find_in_bag(void *object, const Property *prop, JsonbValue *value)
{
	return bag_find(object, prop->name, value);
}

/* Return true if an object of a list matches. */
static bool
list_matches(const Restriction *restriction, RestrictionFind find,
			 void *object)
{
	JsonbValue	list;

	if (!find(object, &restriction->prop, &list) || !order_is_list(&list))
		return false;
	for (int i = 0; i < order_list_size(&list); i++)
	{
		JsonbValue	element;

		CHECK_FOR_INTERRUPTS();
		order_element(&list, i, &element);
		if (matches(restriction->parts[0], find_in_bag,
					object_in_place(&element)))
			return true;
	}
	return false;
}

/*
 * Evaluate a restriction on an object.  The nesting is bounded by compile(),
 * which has checked the depth of the stack.
 */
static bool
matches(const Restriction *restriction, RestrictionFind find, void *object)
{
	JsonbValue	value;

	switch (restriction->kind)
	{
		case RESTRICTION_AND:
			for (int i = 0; i < restriction->nparts; i++)
			{
				if (!matches(restriction->parts[i], find, object))
					return false;
			}
			return true;
		case RESTRICTION_OR:
			for (int i = 0; i < restriction->nparts; i++)
			{
				if (matches(restriction->parts[i], find, object))
					return true;
			}
			return false;
		case RESTRICTION_NOT:
			return !matches(restriction->parts[0], find, object);
		case RESTRICTION_PROPERTY:
			return property_matches(restriction, find, object);
		case RESTRICTION_CONTENT:
			return content_matches(restriction, find, object);
		case RESTRICTION_BITMASK:
			return bitmask_matches(restriction, find, object);
		case RESTRICTION_SIZE:
			return size_matches(restriction, find, object);
		case RESTRICTION_EXIST:
			return !restriction->is_never &&
				find(object, &restriction->prop, &value);
		case RESTRICTION_COMPARE:
			return compare_matches(restriction, find, object);
		case RESTRICTION_RECIPIENTS:
		case RESTRICTION_ATTACHMENTS:
			return list_matches(restriction, find, object);
		case RESTRICTION_COUNT:
		case RESTRICTION_COMMENT:
			return restriction->nparts == 0 ||
				matches(restriction->parts[0], find, object);
	}
	pg_unreachable();
}

bool
match_restriction(const Restriction *restriction, RestrictionFind find,
				  void *object)
{
	return restriction == NULL || matches(restriction, find, object);
}
