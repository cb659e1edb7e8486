/*-------------------------------------------------------------------------
 *
 * value.c
 *	  libFuzzer's door to the readers of values in src/words/value.c: every value
 *	  that a reader accepts is written, read again, and has to be equal.
 *
 * NOTES
 *	  The first byte of an input selects the reader, the rest is the text.  The
 *	  text is passed in memory of exactly its size, and so is the room for
 *	  output, so that the address sanitizer sees the first byte out of bounds.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", \
					__FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void
try_integers(const char *text, size_t len)
{
	int64_t		wide;
	int64_t		narrow;
	int32_t		small;

	if (value_read_int(text, len, INT16_MIN, INT16_MAX, &narrow) == VALUE_OK)
	{
		REQUIRE(narrow >= INT16_MIN && narrow <= INT16_MAX);
		REQUIRE(value_read_int(text, len, INT64_MIN, INT64_MAX,
							   &wide) == VALUE_OK && wide == narrow);
	}
	if (value_read_int(text, len, INT64_MIN, INT64_MAX, &wide) == VALUE_OK)
	{
		char		buf[32];
		int64_t		again;
		int			n = snprintf(buf, sizeof(buf), "%lld", (long long) wide);

		REQUIRE(value_read_int(buf, n, INT64_MIN, INT64_MAX,
							   &again) == VALUE_OK && again == wide);
	}
	(void) value_read_int32(text, len, &small);
}

static void
require_currency(int64_t value)
{
	char		buf[VALUE_CURRENCY_SIZE];
	int64_t		again;

	value_write_currency(value, buf);
	REQUIRE(value_read_currency(buf, strlen(buf), &again) == VALUE_OK);
	REQUIRE(again == value);
}

static void
try_currency(const char *text, size_t len)
{
	int64_t		value;

	if (value_read_currency(text, len, &value) == VALUE_OK)
		require_currency(value);
	if (len == sizeof(value))
	{
		memcpy(&value, text, sizeof(value));
		require_currency(value);
	}
}

static void
try_floats(const char *text, size_t len)
{
	char	   *terminated = malloc(len + 1);
	double		wide;
	float		narrow;

	memcpy(terminated, text, len);
	terminated[len] = '\0';
	if (value_read_double(terminated, &wide) == VALUE_OK)
		REQUIRE(isfinite(wide) &&
				(wide == 0 || !value_is_float_word(text, len)));
	if (value_read_float(terminated, &narrow) == VALUE_OK)
		REQUIRE(isfinite(narrow));
	free(terminated);
}

static void
require_time(uint64_t ticks)
{
	char		buf[VALUE_TIME_SIZE];
	uint64_t	again;
	int			len = value_write_time(ticks, buf);

	REQUIRE(len == 28 || len == 29);
	REQUIRE(buf[len] == '\0' && strlen(buf) == (size_t) len);
	REQUIRE(value_read_time(buf, len, &again) == VALUE_OK && again == ticks);
}

static void
try_time(const char *text, size_t len)
{
	uint64_t	ticks;

	if (value_read_time(text, len, &ticks) == VALUE_OK)
		require_time(ticks);
	if (len == sizeof(ticks))
	{
		memcpy(&ticks, text, sizeof(ticks));
		require_time(ticks);
	}
}

static void
try_guid(const char *text, size_t len)
{
	uint8_t		guid[VALUE_GUID_BYTES];
	uint8_t		again[VALUE_GUID_BYTES];
	char		buf[VALUE_GUID_LEN + 1];

	if (value_read_guid(text, len, guid) == VALUE_OK)
	{
		value_write_guid(guid, buf);
		REQUIRE(strlen(buf) == VALUE_GUID_LEN);
		REQUIRE(value_read_guid(buf, VALUE_GUID_LEN, again) == VALUE_OK);
		REQUIRE(memcmp(guid, again, sizeof(guid)) == 0);
	}
}

static void
try_base64(const char *text, size_t len)
{
	uint8_t    *bytes = malloc(VALUE_BASE64_ROOM(len));
	size_t		nbytes;
	ValueResult result = value_read_base64(text, len, bytes, &nbytes);
	bool		canonical = value_base64_canonical(text, len);

	REQUIRE(result == VALUE_OK || !canonical);
	if (result == VALUE_OK)
	{
		size_t		written = VALUE_BASE64_LEN(nbytes);
		char	   *buf = malloc(written + 1);

		value_write_base64(bytes, nbytes, buf);
		REQUIRE(value_base64_canonical(buf, written));
		REQUIRE(canonical == (written == len && memcmp(buf, text, len) == 0));
		free(buf);
	}
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[]) (const char *text, size_t len) = {
		try_integers, try_currency, try_floats, try_time, try_guid, try_base64
	};
	char	   *text;

	if (size == 0)
		return 0;
	text = malloc(size - 1 > 0 ? size - 1 : 1);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	tries[data[0] % (sizeof(tries) / sizeof(tries[0]))] (text, size - 1);
	free(text);
	return 0;
}
