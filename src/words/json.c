/*-------------------------------------------------------------------------
 *
 * json.c
 *	  The text of JSON values, written straight from the bytes of a jsonb.
 *
 * NOTES
 *	  The text is the one that jsonb's output function writes: a blank behind
 *	  each colon and each comma between members, the members in jsonb's order.
 *
 *	  A JsonText grows in the memory of a datum of type json, so that the
 *	  finished text is not copied.  Room for a long string is made before the
 *	  string is written.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "escape.h"
#include "value.h"

/* So many bytes of a string are escaped between two checks of the room. */
#define BLOCK		1024

/* ------------------------------------------------------------------- texts */

void
json_begin(StringInfo out, Size expected)
{
	out->maxlen = (int) Min(Max(expected, 1024), MaxAllocSize / 2);
	out->data = palloc(out->maxlen);
	out->len = VARHDRSZ;
	out->cursor = 0;
}

Datum
json_end(StringInfo out)
{
	SET_VARSIZE(out->data, out->len);
	return PointerGetDatum(out->data);
}

/* Make room for so many bytes. */
static inline void
make_room(StringInfo out, Size bytes)
{
	if (unlikely((Size) (out->maxlen - out->len) <= bytes))
		enlargeStringInfo(out, (int) bytes);
}

static inline void
put_char(StringInfo out, char c)
{
	out->data[out->len++] = c;
}

/* Append bytes for which there is room. */
static inline void
put_bytes(StringInfo out, const char *bytes, int len)
{
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

/* ----------------------------------------------------------------- scalars */

/* The room for a string of up to BLOCK bytes, its quotes, and what follows. */
#define STRING_ROOM(len)	(ESCAPE_ROOM(len) + 8)

/* Append a string of up to BLOCK bytes, for which there is room. */
static inline void
put_short(StringInfo out, const char *text, int len)
{
	char	   *at = out->data + out->len;

	*at++ = '"';
	at += escape_text(text, len, at);
	*at++ = '"';
	out->len = (int) (at - out->data);
}

/*
 * Append a string.  A long string may need a sixteenth more room than its
 * length before the text has to grow: a line break in each 64 bytes.
 */
static void
put_string(StringInfo out, const char *text, int len)
{
	Size		expected;

	if (len <= BLOCK)
	{
		make_room(out, STRING_ROOM(len));
		put_short(out, text, len);
		return;
	}
	expected = (Size) len + len / 16 + STRING_ROOM(BLOCK);
	if (expected < MaxAllocSize - out->len)
		make_room(out, expected);
	make_room(out, 1);
	put_char(out, '"');
	while (len > 0)
	{
		int			block = Min(len, BLOCK);

		make_room(out, STRING_ROOM(block));
		out->len += (int) escape_text(text, block, out->data + out->len);
		text += block;
		len -= block;
	}
	put_char(out, '"');
}

void
json_add_base64(StringInfo out, const void *data, int len)
{
	Size		room = VALUE_BASE64_LEN(len);

	make_room(out, room + 2);
	put_char(out, '"');
	value_write_base64(data, len, out->data + out->len);
	out->len += (int) room;
	put_char(out, '"');
}

static Numeric
numeric_of_int(int64 number)
{
	return DatumGetNumeric(DirectFunctionCall1(int8_numeric,
											   Int64GetDatum(number)));
}

/*
 * Return the value of a numeric that is an integer from 0 to 9,999, or -1 for
 * any other numeric and for one that cannot be told by its bytes.
 *
 * The layout of a numeric is known to numeric.c only.  Zero is two bytes, and
 * such an integer is these bytes and the number itself in two more: if a first
 * look at three of them finds this, numeric_out() is not needed for them.
 */
static int
small_integer(Numeric number)
{
	static enum
	{
		UNKNOWN, USABLE, UNUSABLE
	}			layout = UNKNOWN;
	static char head[sizeof(int16)];
	Size		size = VARSIZE_ANY(number) - VARHDRSZ;
	int16		digit;

	if (unlikely(layout == UNKNOWN))
	{
		Numeric		zero = numeric_of_int(0);

		layout = UNUSABLE;
		if (VARSIZE(zero) == VARHDRSZ + sizeof(head))
		{
			memcpy(head, VARDATA(zero), sizeof(head));
			layout = USABLE;
			if (small_integer(numeric_of_int(1)) != 1 ||
				small_integer(numeric_of_int(9999)) != 9999)
				layout = UNUSABLE;
		}
	}
	if (layout == UNUSABLE || size > sizeof(head) + sizeof(digit) ||
		memcmp(VARDATA(number), head, sizeof(head)) != 0)
		return -1;
	if (size == sizeof(head))
		return 0;
	memcpy(&digit, VARDATA(number) + sizeof(head), sizeof(digit));
	return digit;
}

/* Append an integer from 0 to 9,999. */
static void
put_small(StringInfo out, int number)
{
	make_room(out, 4);
	for (int power = number > 99 ? (number > 999 ? 1000 : 100) :
		 (number > 9 ? 10 : 1); power > 0; power /= 10)
		put_char(out, (char) ('0' + number / power % 10));
}

static void
put_numeric(StringInfo out, Numeric number)
{
	int			small = small_integer(number);
	char	   *digits;
	int			len;

	if (small >= 0)
	{
		put_small(out, small);
		return;
	}
	digits = DatumGetCString(DirectFunctionCall1(numeric_out,
												 NumericGetDatum(number)));
	len = (int) strlen(digits);
	make_room(out, len);
	put_bytes(out, digits, len);
	pfree(digits);
}

/* -------------------------------------------------------------- containers */

/*
 * Append the members of an object or the elements of an array, without the
 * brackets.
 */
static void
put_members(StringInfo out, const JsonbContainer *container)
{
	int			count = JsonContainerSize(container);
	bool		is_object = JsonContainerIsObject(container);
	const JEntry *values = container->children + (is_object ? count : 0);
	const char *base = (const char *) (values + count);
	uint32		key = 0;
	uint32		value = is_object ? getJsonbOffset(container, count) : 0;

	for (int i = 0; i < count; i++)
	{
		uint32		from = key;
		uint32		at = value;
		uint32		type = values[i] & JENTRY_TYPEMASK;

		CHECK_FOR_INTERRUPTS();
		if (is_object)
		{
			JBE_ADVANCE_OFFSET(key, container->children[i]);
			json_add_key(out, base + from, key - from);
		}
		else if (i > 0)
		{
			make_room(out, 2);
			put_bytes(out, ", ", 2);
		}
		JBE_ADVANCE_OFFSET(value, values[i]);
		if (type == JENTRY_ISNUMERIC || type == JENTRY_ISCONTAINER)
			at = INTALIGN(at);
		json_add_entry(out, type, base + at, value - at);
	}
}

static void
put_container(StringInfo out, const JsonbContainer *container)
{
	bool		is_object = JsonContainerIsObject(container);

	Assert(!JsonContainerIsScalar(container));
	check_stack_depth();
	make_room(out, 1);
	put_char(out, is_object ? '{' : '[');
	put_members(out, container);
	make_room(out, 1);
	put_char(out, is_object ? '}' : ']');
}

void
json_begin_object(StringInfo out)
{
	make_room(out, 1);
	put_char(out, '{');
}

void
json_end_object(StringInfo out)
{
	make_room(out, 1);
	put_char(out, '}');
}

/*
 * Append the comma that stands before a key.  The first member of an object
 * follows its brace; no other text before a key ends with that brace.
 */
static inline void
put_comma(StringInfo out)
{
	if (out->data[out->len - 1] != '{')
		put_bytes(out, ", ", 2);
}

void
json_add_key(StringInfo out, const char *key, int keylen)
{
	make_room(out, 2);
	put_comma(out);
	put_string(out, key, keylen);
	make_room(out, 2);
	put_bytes(out, ": ", 2);
}

void
json_add_name(StringInfo out, const char *name, int len)
{
	make_room(out, (Size) len + 8);
	put_comma(out);
	put_char(out, '"');
	put_bytes(out, name, len);
	put_bytes(out, "\": ", 3);
}

void
json_add_entry(StringInfo out, uint32 type, const char *data, int len)
{
	make_room(out, 5);
	switch (type)
	{
		case JENTRY_ISSTRING:
			put_string(out, data, len);
			break;
		case JENTRY_ISNUMERIC:
			put_numeric(out, (Numeric) data);
			break;
		case JENTRY_ISCONTAINER:
			put_container(out, (const JsonbContainer *) data);
			break;
		case JENTRY_ISBOOL_TRUE:
			put_bytes(out, "true", 4);
			break;
		case JENTRY_ISBOOL_FALSE:
			put_bytes(out, "false", 5);
			break;
		default:
			put_bytes(out, "null", 4);
			break;
	}
}
