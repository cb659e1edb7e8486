/*-------------------------------------------------------------------------
 *
 * answer.c
 *	  The one place that checks answers of the server before they are read.
 *
 * NOTES
 *	  A server may be of another version, or not be what it seems.  So every
 *	  answer is compared with the form that the call expects: the number of
 *	  rows and columns, the types, NULLs, the lengths of binary numbers, and
 *	  the digits of numbers in text form.  An answer that passes can be read
 *	  without further checks.  statement.h describes the texts for forms.
 *
 *	  The type hresult has no fixed OID.  A 32-bit number may therefore also be
 *	  of a type that an extension made, if the type has four bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

#define FIRST_NORMAL_OID	16384	/* types of extensions begin here */

/* Ids, change numbers and sizes are below 2^53. */
#define NUMBER_LIMIT		((int64_t) 1 << 53)

/* Return a number of 4 or 8 bytes in network order. */
static int64_t
binary_number(const char *bytes, int length)
{
	uint32_t	high;
	uint32_t	low;

	memcpy(&high, bytes, sizeof(high));
	if (length == 4)
		return (int32_t) ntohl(high);
	memcpy(&low, bytes + sizeof(high), sizeof(low));
	return (int64_t) (((uint64_t) ntohl(high) << 32) | ntohl(low));
}

/* Return true if a text is a number from 0 to below 2^53. */
static bool
is_number(const char *text)
{
	size_t		digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 16 && text[digits] == '\0' &&
		strtoll(text, NULL, 10) < NUMBER_LIMIT;
}

/* Return true if a column of a type can have the kind of a letter. */
static bool
type_fits(const PGresult *res, int column, char kind)
{
	Oid			type = PQftype(res, column);

	switch (kind)
	{
		case 'R':
			return type == INT4OID || (type >= FIRST_NORMAL_OID &&
									   PQfsize(res, column) == 4);
		case 'N':
		case 'n':
			return type == INT8OID;
		case 'X':
			return type == BYTEAOID;
		case 't':
			return type == TEXTOID || type == NAMEOID;
		case 'j':
			return type == JSONBOID || type == JSONOID;
		case 'b':
			return type == BOOLOID;
		case 'v':
			return type == VOIDOID;
	}
	return false;
}

/* Return true if a value that is not NULL can be read as its kind. */
static bool
value_fits(const char *value, int length, char kind)
{
	switch (kind)
	{
		case 'R':
			return length == 4;
		case 'N':
			return length == 8 && binary_number(value, 8) >= 0 &&
				binary_number(value, 8) < NUMBER_LIMIT;
		case 'n':
			return is_number(value);
		case 'b':
			return strcmp(value, "t") == 0 || strcmp(value, "f") == 0;
		case 't':
		case 'j':
			return (size_t) length == strlen(value);
	}
	return true;
}

/* Return true if the values of a column fit; otherwise set "why". */
static bool
column_fits(const PGresult *res, int column, char kind, bool nullable,
			char *why, size_t size)
{
	if (!type_fits(res, column, kind))
	{
		snprintf(why, size, "column %d has type %u", column + 1,
				 PQftype(res, column));
		return false;
	}
	if (PQfformat(res, column) != (isupper((unsigned char) kind) != 0))
	{
		snprintf(why, size, "column %d has another format", column + 1);
		return false;
	}
	for (int row = 0; row < PQntuples(res); row++)
	{
		bool		is_null = PQgetisnull(res, row, column);

		if (is_null && nullable)
			continue;
		if (is_null)
			snprintf(why, size, "column %d of row %d is NULL", column + 1,
					 row + 1);
		else if (value_fits(PQgetvalue(res, row, column),
							PQgetlength(res, row, column), kind))
			continue;
		else
			snprintf(why, size, "column %d of row %d has a bad value",
					 column + 1, row + 1);
		return false;
	}
	return true;
}

bool
ms_answer_fits(const PGresult *res, const char *form, char *why, size_t size)
{
	int			rows = PQntuples(res);
	int			column = 0;
	int			expected = 0;

	for (const char *p = form + 1; *p != '\0'; p++)
		expected += *p != '?';
	if ((*form == '1' && rows != 1) || (*form == '?' && rows > 1))
	{
		snprintf(why, size, "it has %d rows", rows);
		return false;
	}
	if (PQnfields(res) != expected)
	{
		snprintf(why, size, "it has %d columns in place of %d",
				 PQnfields(res), expected);
		return false;
	}
	for (const char *p = form + 1; *p != '\0'; p++)
	{
		bool		nullable = p[1] == '?';

		if (!column_fits(res, column++, *p, nullable, why, size))
			return false;
		p += nullable;
	}
	return true;
}

/* ------------------------------------------------------- answers that fit */

int64_t
ms_number_in(const PGresult *res, int row, int column)
{
	if (PQgetisnull(res, row, column))
		return 0;
	return binary_number(PQgetvalue(res, row, column),
						 PQgetlength(res, row, column));
}

int64_t
ms_number_at(const PGresult *res, int column)
{
	return ms_number_in(res, 0, column);
}

const char *
msgstore_text_at(const PGresult *res, int row, int column)
{
	return PQgetisnull(res, row, column) ? NULL :
		PQgetvalue(res, row, column);
}

int64_t
msgstore_number_at(const PGresult *res, int row, int column)
{
	return PQgetisnull(res, row, column) ? 0 :
		strtoll(PQgetvalue(res, row, column), NULL, 10);
}
