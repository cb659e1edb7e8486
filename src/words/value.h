/*-------------------------------------------------------------------------
 *
 * value.h
 *	  Values of the property types as text: readers and writers that need
 *	  nothing but the C library.
 *
 * NOTES
 *	  No server header may be included in this file or in value.c, so that both
 *	  can be built, tested and fuzzed without a server.  No function allocates
 *	  memory.  A text is bytes and a length, and need not be NUL-terminated
 *	  unless a comment requires a NUL.
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
	VALUE_BAD,					/* the text has not the form of the type */
	VALUE_OUT_OF_RANGE			/* the form is right, but not the value */
} ValueResult;

/*
 * Read a JSON number between min and max whose value is an integer: 12, -3,
 * 1.0 and 1e2 are read, 1.5 is VALUE_BAD.
 */
extern ValueResult value_read_int(const char *text, size_t len,
								  int64_t min, int64_t max, int64_t *value);

/*
 * Read a JSON number as ten-thousandths: 12.34 is 123400.  A number with more
 * than four decimals is VALUE_BAD, since it could not be stored exactly.
 *
 * Write ten-thousandths as the shortest JSON number, NUL-terminated; buf has
 * room for VALUE_CURRENCY_SIZE bytes.
 */
#define VALUE_CURRENCY_SIZE		24

extern ValueResult value_read_currency(const char *text, size_t len,
									   int64_t *value);
extern void value_write_currency(int64_t value, char *buf);

/*
 * Read 0x and up to eight hex digits, or a signed decimal number of 32 bits.
 * Return false if the text is neither.
 */
extern bool value_read_int32(const char *text, size_t len, int32_t *value);

/*
 * Read a JSON number, which must be NUL-terminated, as the nearest double or
 * float.  A number is out of range if the result would be infinite, or zero
 * although the number is not zero.
 */
extern ValueResult value_read_double(const char *text, double *value);
extern ValueResult value_read_float(const char *text, float *value);

/*
 * Return true if a text is one of the words for floating-point values that are
 * not JSON numbers: NaN, Infinity, -Infinity and -0.
 */
extern bool value_is_float_word(const char *text, size_t len);

/*
 * A time is a number of ticks: 100 ns since 1601-01-01T00:00:00Z, as in a
 * FILETIME.
 *
 * Read an ISO 8601 text with date, time and offset:
 * YYYY-MM-DDThh:mm:ss[.f...](Z|+hh:mm|+hhmm|+hh).  T may be a blank, as SQL
 * writes it; T and Z may be in lower case; an offset may have a minus sign;
 * years from 10000 on have five digits.  A fraction finer than a tick is
 * VALUE_BAD, since it could not be stored exactly.
 *
 * Write YYYY-MM-DDThh:mm:ss.fffffffZ, NUL-terminated, and return the length
 * without the NUL: 28, or 29 from the year 10000 on.  buf has room for
 * VALUE_TIME_SIZE bytes.
 */
#define VALUE_TIME_SIZE		30
#define VALUE_TICKS_PER_SECOND	UINT64_C(10000000)
#define VALUE_TICKS_PER_DAY		(VALUE_TICKS_PER_SECOND * 86400)

extern ValueResult value_read_time(const char *text, size_t len,
								   uint64_t *ticks);
extern int	value_write_time(uint64_t ticks, char *buf);

/*
 * A GUID is 16 bytes in the order of its text.  Read a GUID with or without
 * braces, in upper or lower case.  Write it with braces, in upper case,
 * NUL-terminated; buf has room for VALUE_GUID_LEN + 1 bytes.
 */
#define VALUE_GUID_BYTES	16
#define VALUE_GUID_LEN		38

extern ValueResult value_read_guid(const char *text, size_t len,
								   uint8_t *guid);
extern void value_write_guid(const uint8_t *guid, char *buf);

/*
 * Base64 (RFC 4648, section 4).  Reading accepts a text with or without
 * padding, and with line breaks and blanks anywhere, as encode() and MIME
 * write them.  Any other character is VALUE_BAD, and so are bits other than
 * zero after the last byte.  A text is canonical if value_write_base64() would
 * write the same text: padded, in one line.
 */
#define VALUE_BASE64_LEN(bytes)		(((size_t) (bytes) + 2) / 3 * 4)
#define VALUE_BASE64_ROOM(len)		((size_t) (len) / 4 * 3 + 3)

/* Return true if a text is canonical base64. */
extern bool value_base64_canonical(const char *text, size_t len);

/*
 * Read base64 into buf, which has room for VALUE_BASE64_ROOM(len) bytes;
 * *bytes is the number of bytes read.
 */
extern ValueResult value_read_base64(const char *text, size_t len,
									 uint8_t *buf, size_t *bytes);

/* Write VALUE_BASE64_LEN(bytes) characters to buf, without a NUL. */
extern void value_write_base64(const uint8_t *data, size_t bytes, char *buf);

#endif							/* MSGSTORE_VALUE_H */
