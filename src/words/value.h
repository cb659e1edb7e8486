/*-------------------------------------------------------------------------
 *
 * value.h
 *	  Values of the property types as text: readers and writers that need
 *	  nothing but the C library.
 *
 * NOTES
 *	  No server header may be included here or in value.c, so that both can
 *	  be built, tested and fuzzed by themselves.  Nothing here allocates.
 *	  Texts are bytes and a length, never expected to end in a NUL, unless a
 *	  comment says so.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_VALUE_H
#define MSGSTORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ValueResult
{
	VALUE_OK = 0,
	VALUE_BAD,					/* not a text of this type */
	VALUE_OUT_OF_RANGE			/* one, but of a value the type has not */
} ValueResult;

/*
 * A JSON number without a fractional part: 12, -3, 1.0 and 1e2 are integers,
 * 1.5 is VALUE_BAD.
 */
extern ValueResult value_read_int(const char *text, size_t len,
								  int64_t min, int64_t max, int64_t *value);

/*
 * A JSON number as ten-thousandths: 12.34 is 123400.  What has more than four
 * decimals is VALUE_BAD, as it could not be kept.  Written is the shortest
 * such number, NUL-terminated.
 */
#define VALUE_CURRENCY_SIZE		24

extern ValueResult value_read_currency(const char *text, size_t len,
									   int64_t *value);
extern void value_write_currency(int64_t value, char *buf);

/* 0x and up to eight hex digits, or a signed decimal of 32 bits. */
extern bool value_read_int32(const char *text, size_t len, int32_t *value);

/*
 * A JSON number, NUL-terminated, as the nearest double or float.  What would
 * come out as infinite, or as zero without being zero, is out of range.
 */
extern ValueResult value_read_double(const char *text, double *value);
extern ValueResult value_read_float(const char *text, float *value);

/*
 * Whether a text is one of those that stand for what is no JSON number: NaN,
 * Infinity, -Infinity and -0.
 */
extern bool value_is_float_word(const char *text, size_t len);

/*
 * A time as ticks: 100 ns since 1601-01-01T00:00:00Z, as in a FILETIME.
 *
 * Read are ISO 8601 texts with date, time and offset:
 * YYYY-MM-DDThh:mm:ss[.f...](Z|+hh:mm|+hhmm|+hh), with a blank for the T as
 * SQL writes it, t and z in any case, and five digits of year from 10000 on.
 * A fraction finer than a tick is VALUE_BAD, as it could not be kept.
 *
 * Written is YYYY-MM-DDThh:mm:ss.fffffffZ, NUL-terminated; returns the length
 * without the NUL, which is 28, or 29 from the year 10000 on.
 */
#define VALUE_TIME_SIZE		30
#define VALUE_TICKS_PER_SECOND	UINT64_C(10000000)
#define VALUE_TICKS_PER_DAY		(VALUE_TICKS_PER_SECOND * 86400)

extern ValueResult value_read_time(const char *text, size_t len,
								   uint64_t *ticks);
extern int	value_write_time(uint64_t ticks, char *buf);

/*
 * A GUID as 16 bytes in the order of the text.  Read with or without braces,
 * in any case; written with braces, in capitals, NUL-terminated.
 */
#define VALUE_GUID_BYTES	16
#define VALUE_GUID_LEN		38

extern ValueResult value_read_guid(const char *text, size_t len,
								   uint8_t *guid);
extern void value_write_guid(const uint8_t *guid, char *buf);

/*
 * Base64 (RFC 4648, section 4).  Read with or without padding, and with line
 * breaks and blanks anywhere, as encode() and MIME write it; nothing else is
 * let through, and bits that the bytes have no room for must be zero.
 * Canonical is what value_write_base64() writes: padded, in one line.
 */
#define VALUE_BASE64_LEN(bytes)		(((size_t) (bytes) + 2) / 3 * 4)
#define VALUE_BASE64_ROOM(len)		((size_t) (len) / 4 * 3 + 3)

extern bool value_base64_canonical(const char *text, size_t len);

/* buf: VALUE_BASE64_ROOM(len) bytes */
extern ValueResult value_read_base64(const char *text, size_t len,
									 uint8_t *buf, size_t *bytes);

/* buf: VALUE_BASE64_LEN(bytes) characters; no NUL is written */
extern void value_write_base64(const uint8_t *data, size_t bytes, char *buf);

#endif							/* MSGSTORE_VALUE_H */
