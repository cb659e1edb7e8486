/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Text forms that need the server: texts cut short for error messages,
 *	  times as timestamptz, base64 as bytea.
 *
 * NOTES
 *	  value.c reads and writes the texts of times and base64.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "mb/pg_wchar.h"

#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "value.h"

#define SHOWN_BYTES		60		/* of a text in an error message, at most */

/* Days from 1601-01-01, where ticks begin, to 2000-01-01. */
#define TICK_EPOCH_DAYS		145731

char *
text_shown(const char *text, int len)
{
	int			shown = len;

	if (len > SHOWN_BYTES)
		shown = pg_mbcliplen(text, len, SHOWN_BYTES);
	return psprintf("%.*s%s", shown, text, shown < len ? "..." : "");
}

bool
text_has_control(const char *text, int len)
{
	for (int i = 0; i < len; i++)
	{
		unsigned char c = text[i];

		/* U+0080 to U+009F are C2 80 to C2 9F in UTF-8 */
		if (c < 0x20 || c == 0x7F ||
			(c == 0xC2 && i + 1 < len && (unsigned char) text[i + 1] < 0xA0))
			return true;
	}
	return false;
}

bool
text_is_name(const char *text)
{
	int			characters = 0;

	/* the postmaster, which reads the setting too, has no encoding */
	for (const char *c = text; *c != '\0'; c++)
	{
		if ((*c & 0xC0) != 0x80)
			characters++;
	}
	return characters <= MAX_NAME && !text_has_control(text, strlen(text));
}

int
systime_text(int64 timestamp, char *buf)
{
	const int64 start = -TICK_EPOCH_DAYS * USECS_PER_DAY;
	const uint64 per_usec = VALUE_TICKS_PER_SECOND / USECS_PER_SEC;
	uint64		ticks = 0;

	if (timestamp > start)
	{
		ticks = (uint64) (timestamp - start);
		ticks = ticks > PG_UINT64_MAX / per_usec ?
			PG_UINT64_MAX : ticks * per_usec;
	}
	return value_write_time(ticks, buf);
}

bool
systime_timestamp(const char *text, int len, int64 *timestamp)
{
	uint64		ticks;

	if (value_read_time(text, len, &ticks) != VALUE_OK)
		return false;
	*timestamp = (int64) (ticks / (VALUE_TICKS_PER_SECOND / USECS_PER_SEC)) -
		TICK_EPOCH_DAYS * USECS_PER_DAY;
	return true;
}

char *
base64_text(const void *data, int len, int *outlen)
{
	Size		textlen = VALUE_BASE64_LEN(len);
	char	   *text = palloc(textlen + 1);

	value_write_base64(data, len, text);
	text[textlen] = '\0';
	if (outlen != NULL)
		*outlen = (int) textlen;
	return text;
}

bytea *
base64_bytes(const char *text, int len)
{
	bytea	   *result = palloc(VARHDRSZ + VALUE_BASE64_ROOM(len));
	size_t		bytes;

	if (value_read_base64(text, len, (uint8 *) VARDATA(result),
						  &bytes) != VALUE_OK)
		elog(ERROR, "invalid base64 in a checked value");
	SET_VARSIZE(result, VARHDRSZ + bytes);
	return result;
}

int
base64_size(const char *text, int len)
{
	int			size = len / 4 * 3;

	for (int i = len - 1; i >= 0 && text[i] == '='; i--)
		size--;
	return size;
}

/*
 * systime(text) → timestamptz
 *
 * Return the time of a stored PT_SYSTIME, cut to microseconds.  Errors: 22007
 * if the text is not a PT_SYSTIME.
 */
PG_FUNCTION_INFO_V1(systime);
Datum
systime(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	TimestampTz result;

	if (!systime_timestamp(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
						   &result))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
				 errmsg("\"%s\" is not a PT_SYSTIME",
						text_to_cstring(value))));
	PG_RETURN_TIMESTAMPTZ(result);
}

bool
text_valid(const char *bytes, int64 count)
{
	return pg_verify_mbstr(PG_UTF8, bytes, count, true) &&
		memchr(bytes, '\0', count) == NULL;
}
