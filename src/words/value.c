/*-------------------------------------------------------------------------
 *
 * value.c
 *	  Values of the property types as text: readers and writers that need
 *	  nothing but the C library.
 *
 *-------------------------------------------------------------------------
 */
#include "value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAST_YEAR	60056		/* the year in which 64 bits of ticks end */

/* A text that is read from left to right; "at" is the next byte to read. */
typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

static ValueResult read_scaled(const char *text, size_t len, int decimals,
							   int64_t *value);
static bool read_char(Reader *in, char c);
static bool read_digits(Reader *in, int count, int *value);
static bool read_date(Reader *in, int *year, int *month, int *day);
static bool read_clock(Reader *in, int64_t *ticks);
static bool read_offset(Reader *in, int *seconds);
static int64_t days_before(int year, int month, int day);
static bool read_exponent(Reader *in, int64_t *exponent);
static bool is_json_number(const char *text);
static int	hex_digit(char c);
static int	base64_digit(char c);

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* ----------------------------------------------------------------- numbers */

ValueResult
value_read_int(const char *text, size_t len, int64_t min, int64_t max,
			   int64_t *value)
{
	ValueResult result = read_scaled(text, len, 0, value);

	if (result == VALUE_OK && (*value < min || *value > max))
		return VALUE_OUT_OF_RANGE;
	return result;
}

ValueResult
value_read_currency(const char *text, size_t len, int64_t *value)
{
	return read_scaled(text, len, 4, value);
}

void
value_write_currency(int64_t value, char *buf)
{
	uint64_t	left = value < 0 ? -(uint64_t) value : (uint64_t) value;
	char		digits[VALUE_CURRENCY_SIZE];
	int			ndigits = 0;
	int			decimals = 4;

	for (; decimals > 0 && left % 10 == 0; decimals--)
		left /= 10;
	while (left > 0 || ndigits <= decimals)
	{
		digits[ndigits++] = (char) ('0' + left % 10);
		left /= 10;
	}

	if (value < 0)
		*buf++ = '-';
	while (ndigits > 0)
	{
		if (ndigits == decimals)
			*buf++ = '.';
		*buf++ = digits[--ndigits];
	}
	*buf = '\0';
}

/*
 * Read a JSON number and multiply it by 10^decimals.  Return VALUE_BAD if the
 * text is not a JSON number or the product is not an integer,
 * VALUE_OUT_OF_RANGE if the product does not fit into 64 bits.
 *
 * Zeros are counted when they are read, and multiplied into the result only
 * once another digit follows, so that 1000000000000000000000e-21 is 1.
 */
static ValueResult
read_scaled(const char *text, size_t len, int decimals, int64_t *value)
{
	Reader		in = {text, text + len};
	bool		negative = read_char(&in, '-');
	uint64_t	limit;
	uint64_t	result = 0;
	bool		in_fraction = false;
	bool		too_big = false;
	int64_t		scale = 0;		/* the number is result * 10^scale */
	int64_t		zeros = 0;		/* zeros that are read, but not in result */
	int64_t		exponent;
	int			digits = 0;

	limit = negative ? UINT64_C(1) << 63 : (UINT64_C(1) << 63) - 1;
	for (; in.at < in.end; in.at++)
	{
		int			digit = *in.at - '0';

		if (*in.at == '.' && digits > 0 && !in_fraction)
		{
			in_fraction = true;
			continue;
		}
		if (!is_digit(*in.at))
			break;
		digits++;
		if (in_fraction)
			scale--;
		if (digit == 0)
		{
			zeros++;
			continue;
		}
		for (zeros++; zeros > 0; zeros--)
		{
			if (result > UINT64_MAX / 10 - 1)
				too_big = true;
			else
				result *= 10;
		}
		result += digit;
	}
	if (digits == 0 || in.at[-1] == '.')
		return VALUE_BAD;
	if (!read_exponent(&in, &exponent) || in.at != in.end)
		return VALUE_BAD;
	scale += zeros + exponent + decimals;

	if (result == 0 && !too_big)
		scale = 0;
	if (scale < 0)
		return VALUE_BAD;
	for (; scale > 0 && !too_big; scale--)
	{
		if (result > limit / 10)
			too_big = true;
		else
			result *= 10;
	}
	if (too_big || result > limit)
		return VALUE_OUT_OF_RANGE;

	if (negative)
		*value = result > INT64_MAX ? INT64_MIN : -(int64_t) result;
	else
		*value = (int64_t) result;
	return VALUE_OK;
}

/*
 * Read an optional exponent, e or E and an integer; if there is none,
 * *exponent is 0.  Return false if the integer is missing.  An exponent of
 * more than 32 bits is cut short: its number is refused in any case, or zero.
 */
static bool
read_exponent(Reader *in, int64_t *exponent)
{
	bool		down;

	*exponent = 0;
	if (!read_char(in, 'e') && !read_char(in, 'E'))
		return true;
	down = read_char(in, '-');
	if (!down)
		(void) read_char(in, '+');
	if (in->at == in->end)
		return false;
	for (; in->at < in->end && is_digit(*in->at); in->at++)
	{
		if (*exponent < INT32_MAX)
			*exponent = *exponent * 10 + (*in->at - '0');
	}
	if (down)
		*exponent = -*exponent;
	return true;
}

/*
 * Read 32 bits.  Hex digits give the bits themselves, so that 0xFFFFFFFF is
 * -1; a decimal number must be in the range of the signed type.
 */
bool
value_read_int32(const char *text, size_t len, int32_t *value)
{
	uint64_t	result = 0;

	if (len > 2 && len <= 10 && text[0] == '0' &&
		(text[1] == 'x' || text[1] == 'X'))
	{
		for (size_t i = 2; i < len; i++)
		{
			int			digit = hex_digit(text[i]);

			if (digit < 0)
				return false;
			result = result << 4 | (uint64_t) digit;
		}
		*value = (int32_t) (uint32_t) result;
		return true;
	}
	else
	{
		Reader		in = {text, text + len};
		bool		negative = read_char(&in, '-');
		uint64_t	limit = negative ? UINT64_C(1) << 31 : INT32_MAX;

		if (!negative)
			(void) read_char(&in, '+');
		if (in.at == in.end)
			return false;
		for (; in.at < in.end; in.at++)
		{
			if (!is_digit(*in.at))
				return false;
			result = result * 10 + (uint64_t) (*in.at - '0');
			if (result > limit)
				return false;
		}
		*value = (int32_t) (negative ? -(int64_t) result : (int64_t) result);
		return true;
	}
}

ValueResult
value_read_double(const char *text, double *value)
{
	if (!is_json_number(text))
		return VALUE_BAD;
	errno = 0;
	*value = strtod(text, NULL);

	/* strtod() sets errno for a denormal result too, which is acceptable */
	if (errno == ERANGE && (*value == 0 || !isfinite(*value)))
		return VALUE_OUT_OF_RANGE;
	return VALUE_OK;
}

ValueResult
value_read_float(const char *text, float *value)
{
	if (!is_json_number(text))
		return VALUE_BAD;
	errno = 0;
	*value = strtof(text, NULL);
	if (errno == ERANGE && (*value == 0 || !isfinite(*value)))
		return VALUE_OUT_OF_RANGE;
	return VALUE_OK;
}

bool
value_is_float_word(const char *text, size_t len)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity", "-0"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			return true;
	}
	return false;
}

/*
 * Return true if a text is a JSON number.  strtod() accepts more: hex digits,
 * infinities, and blanks in front.
 */
static bool
is_json_number(const char *text)
{
	const char *start;

	if (*text == '-')
		text++;
	for (start = text; is_digit(*text); text++)
		;
	if (text == start)
		return false;
	if (*text == '.')
	{
		text++;
		for (start = text; is_digit(*text); text++)
			;
		if (text == start)
			return false;
	}
	if (*text == 'e' || *text == 'E')
	{
		text++;
		if (*text == '-' || *text == '+')
			text++;
		for (start = text; is_digit(*text); text++)
			;
		if (text == start)
			return false;
	}
	return *text == '\0';
}

/* ------------------------------------------------------------------- times */

/*
 * Read a time.  The seconds since 1601 in UTC are checked before they are
 * multiplied to ticks, so that nothing overflows.
 */
ValueResult
value_read_time(const char *text, size_t len, uint64_t *ticks)
{
	Reader		in = {text, text + len};
	int			year,
				month,
				day,
				offset;
	int64_t		days,
				clock,
				seconds;
	uint64_t	whole;

	if (!read_date(&in, &year, &month, &day))
		return VALUE_BAD;
	if (!read_char(&in, 'T') && !read_char(&in, 't') && !read_char(&in, ' '))
		return VALUE_BAD;
	if (!read_clock(&in, &clock) || !read_offset(&in, &offset) ||
		in.at != in.end)
		return VALUE_BAD;

	/* years near the ends of the range are left to the exact checks below */
	if (year < 1600 || year > LAST_YEAR)
		return VALUE_OUT_OF_RANGE;
	days = days_before(year, month, day) - days_before(1601, 1, 1);
	seconds = days * 86400 + clock / (int64_t) VALUE_TICKS_PER_SECOND - offset;
	if (seconds < 0 ||
		(uint64_t) seconds > UINT64_MAX / VALUE_TICKS_PER_SECOND)
		return VALUE_OUT_OF_RANGE;
	whole = (uint64_t) seconds * VALUE_TICKS_PER_SECOND;
	clock %= (int64_t) VALUE_TICKS_PER_SECOND;
	if ((uint64_t) clock > UINT64_MAX - whole)
		return VALUE_OUT_OF_RANGE;
	*ticks = whole + (uint64_t) clock;
	return VALUE_OK;
}

/* Write the last two digits of a number and a mark; return what follows. */
static char *
write_pair(char *at, uint64_t number, char mark)
{
	at[0] = (char) ('0' + number / 10 % 10);
	at[1] = (char) ('0' + number % 10);
	at[2] = mark;
	return at + 3;
}

/*
 * Write a time: compute the date from the days, then write year, month, day,
 * hour, minute, second and fraction.
 */
int
value_write_time(uint64_t ticks, char *buf)
{
	uint64_t	days = ticks / VALUE_TICKS_PER_DAY;
	uint64_t	clock = ticks % VALUE_TICKS_PER_DAY;
	uint64_t	era_day,
				year,
				year_day,
				month,
				seconds;
	uint32_t	fraction;
	char	   *at = buf;

	/*
	 * Count days from 1600-03-01, which begins a cycle of 400 years, and let
	 * years begin in March, so that a leap day is the last day of its year.
	 */
	days += (uint64_t) (days_before(1601, 1, 1) - days_before(1600, 3, 1));
	era_day = days % 146097;
	year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	year_day = era_day - (365 * year + year / 4 - year / 100);
	month = (5 * year_day + 2) / 153;

	year += 1600 + days / 146097 * 400 + (month >= 10 ? 1 : 0);
	if (year > 9999)
		*at++ = (char) ('0' + year / 10000);
	at = write_pair(at, year / 100, '\0') - 1;
	at = write_pair(at, year, '-');
	at = write_pair(at, month < 10 ? month + 3 : month - 9, '-');
	at = write_pair(at, year_day - (153 * month + 2) / 5 + 1, 'T');
	seconds = clock / VALUE_TICKS_PER_SECOND;
	at = write_pair(at, seconds / 3600, ':');
	at = write_pair(at, seconds / 60 % 60, ':');
	at = write_pair(at, seconds % 60, '.');
	fraction = (uint32_t) (clock % VALUE_TICKS_PER_SECOND);
	for (int i = 6; i >= 0; i--)
	{
		at[i] = (char) ('0' + fraction % 10);
		fraction /= 10;
	}
	at += 7;
	*at++ = 'Z';
	*at = '\0';
	return (int) (at - buf);
}

/* Return the days from 0000-03-01 to a date of the Gregorian calendar. */
static int64_t
days_before(int year, int month, int day)
{
	int64_t		march_year = month > 2 ? year : year - 1;
	int			march_month = month > 2 ? month - 3 : month + 9;

	return march_year * 365 + march_year / 4 - march_year / 100 +
		march_year / 400 + (153 * march_month + 2) / 5 + day - 1;
}

/*
 * Read YYYY-MM-DD, with a fifth digit for years from 10000 on.  Return false
 * if the text is not a date that exists.
 */
static bool
read_date(Reader *in, int *year, int *month, int *day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			last;

	if (!read_digits(in, 4, year))
		return false;
	if (in->at < in->end && is_digit(*in->at))
	{
		if (*year < 1000)
			return false;
		*year = *year * 10 + (*in->at++ - '0');
	}
	if (!read_char(in, '-') || !read_digits(in, 2, month) ||
		!read_char(in, '-') || !read_digits(in, 2, day))
		return false;
	if (*month < 1 || *month > 12)
		return false;
	last = days[*month - 1];
	if (*month == 2 && *year % 4 == 0 &&
		(*year % 100 != 0 || *year % 400 == 0))
		last = 29;
	return *day >= 1 && *day <= last;
}

/*
 * Read hh:mm:ss[.f...] as ticks since midnight.  Return false if the text is
 * not a time of day, or if its fraction is not a whole number of ticks.
 */
static bool
read_clock(Reader *in, int64_t *ticks)
{
	int			hour,
				minute,
				second;
	int64_t		unit = (int64_t) VALUE_TICKS_PER_SECOND;

	if (!read_digits(in, 2, &hour) || !read_char(in, ':') ||
		!read_digits(in, 2, &minute) || !read_char(in, ':') ||
		!read_digits(in, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*ticks = (hour * 3600 + minute * 60 + second) * unit;

	if (!read_char(in, '.'))
		return true;
	if (in->at == in->end || !is_digit(*in->at))
		return false;
	for (; in->at < in->end && is_digit(*in->at); in->at++)
	{
		unit /= 10;
		if (unit == 0 && *in->at != '0')
			return false;
		*ticks += unit * (*in->at - '0');
	}
	return true;
}

/* Read Z or an offset; *seconds is how far local time is ahead of UTC. */
static bool
read_offset(Reader *in, int *seconds)
{
	int			hours,
				minutes = 0;
	bool		behind;

	*seconds = 0;
	if (read_char(in, 'Z') || read_char(in, 'z'))
		return true;
	behind = read_char(in, '-');
	if (!behind && !read_char(in, '+'))
		return false;
	if (!read_digits(in, 2, &hours))
		return false;
	if (in->at < in->end)
	{
		(void) read_char(in, ':');
		if (!read_digits(in, 2, &minutes))
			return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * 60;
	if (behind)
		*seconds = -*seconds;
	return true;
}

/* Read one character.  Return false, and read nothing, if it is not c. */
static bool
read_char(Reader *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

/* Read a number of exactly "count" digits. */
static bool
read_digits(Reader *in, int count, int *value)
{
	*value = 0;
	for (; count > 0; count--)
	{
		if (in->at == in->end || !is_digit(*in->at))
			return false;
		*value = *value * 10 + (*in->at++ - '0');
	}
	return true;
}

/* ------------------------------------------------------------------- GUIDs */

/* Return true if the text of a GUID has a '-' before this byte. */
static inline bool
guid_mark_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

ValueResult
value_read_guid(const char *text, size_t len, uint8_t *guid)
{
	if (len == VALUE_GUID_LEN && text[0] == '{' && text[len - 1] == '}')
	{
		text++;
		len -= 2;
	}
	if (len != VALUE_GUID_LEN - 2)
		return VALUE_BAD;

	for (int i = 0; i < VALUE_GUID_BYTES; i++)
	{
		int			high,
					low;

		if (guid_mark_before(i) && *text++ != '-')
			return VALUE_BAD;
		high = hex_digit(*text++);
		low = hex_digit(*text++);
		if (high < 0 || low < 0)
			return VALUE_BAD;
		guid[i] = (uint8_t) (high << 4 | low);
	}
	return VALUE_OK;
}

void
value_write_guid(const uint8_t *guid, char *buf)
{
	static const char digits[] = "0123456789ABCDEF";

	*buf++ = '{';
	for (int i = 0; i < VALUE_GUID_BYTES; i++)
	{
		if (guid_mark_before(i))
			*buf++ = '-';
		*buf++ = digits[guid[i] >> 4];
		*buf++ = digits[guid[i] & 0xF];
	}
	*buf++ = '}';
	*buf = '\0';
}

/* Return the value of a hex digit in either case, or -1. */
static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* ------------------------------------------------------------------ base64 */

bool
value_base64_canonical(const char *text, size_t len)
{
	size_t		data = len;

	if (len % 4 != 0)
		return false;
	while (data > 0 && len - data < 2 && text[data - 1] == '=')
		data--;
	for (size_t i = 0; i < data; i++)
	{
		if (base64_digit(text[i]) < 0)
			return false;
	}
	if (len - data == 1)
		return (base64_digit(text[data - 1]) & 0x3) == 0;
	if (len - data == 2)
		return (base64_digit(text[data - 1]) & 0xF) == 0;
	return true;
}

/*
 * Read base64: collect groups of four digits, skip blanks, and accept padding
 * only at the end.  A last group of two or three digits gives one or two
 * bytes; its unused bits must be zero.
 */
ValueResult
value_read_base64(const char *text, size_t len, uint8_t *buf, size_t *bytes)
{
	uint32_t	group = 0;
	int			digits = 0;		/* number of digits in "group" */
	int			padding = 0;
	uint8_t    *out = buf;

	for (size_t i = 0; i < len; i++)
	{
		int			digit;

		if (is_blank(text[i]))
			continue;
		if (text[i] == '=')
		{
			padding++;
			continue;
		}
		digit = base64_digit(text[i]);
		if (digit < 0 || padding > 0)
			return VALUE_BAD;
		group = group << 6 | (uint32_t) digit;
		if (++digits == 4)
		{
			*out++ = (uint8_t) (group >> 16);
			*out++ = (uint8_t) (group >> 8);
			*out++ = (uint8_t) group;
			group = 0;
			digits = 0;
		}
	}

	if (padding > 0 && digits + padding != 4)
		return VALUE_BAD;
	switch (digits)
	{
		case 0:
			if (padding > 0)
				return VALUE_BAD;
			break;
		case 1:
			return VALUE_BAD;
		case 2:
			if ((group & 0xF) != 0)
				return VALUE_BAD;
			*out++ = (uint8_t) (group >> 4);
			break;
		case 3:
			if ((group & 0x3) != 0)
				return VALUE_BAD;
			*out++ = (uint8_t) (group >> 10);
			*out++ = (uint8_t) (group >> 2);
			break;
	}
	*bytes = (size_t) (out - buf);
	return VALUE_OK;
}

/*
 * Three bytes are written as two pairs of digits, from a table that the first
 * call fills.
 */
void
value_write_base64(const uint8_t *data, size_t bytes, char *buf)
{
	static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char pairs[1 << 12][2];

	if (pairs[0][0] == '\0')
	{
		for (int i = 0; i < 1 << 12; i++)
		{
			pairs[i][0] = digits[i >> 6];
			pairs[i][1] = digits[i & 0x3F];
		}
	}
	for (; bytes >= 3; bytes -= 3, data += 3, buf += 4)
	{
		uint32_t	group = (uint32_t) data[0] << 16 |
		(uint32_t) data[1] << 8 | data[2];

		memcpy(buf, pairs[group >> 12], 2);
		memcpy(buf + 2, pairs[group & 0xFFF], 2);
	}
	if (bytes == 2)
	{
		*buf++ = digits[data[0] >> 2];
		*buf++ = digits[(data[0] & 0x3) << 4 | data[1] >> 4];
		*buf++ = digits[(data[1] & 0xF) << 2];
		*buf++ = '=';
	}
	else if (bytes == 1)
	{
		*buf++ = digits[data[0] >> 2];
		*buf++ = digits[(data[0] & 0x3) << 4];
		*buf++ = '=';
		*buf++ = '=';
	}
}

/* Return the value of a base64 digit, or -1. */
static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}
