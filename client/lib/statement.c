/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Run one statement with its parameters, and read its result.
 *
 * NOTES
 *	  Every call of the library is one statement, which is not prepared, so
 *	  that calls work in any transaction and behind a pooler.  Parameters go in
 *	  text form, except for bytes.  Results that are numbers come in binary
 *	  form: there a hresult is its 32-bit code, and not a name.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "statement.h"

void
ms_add_param(Params *params, Oid type, const char *value)
{
	params->types[params->n] = type;
	params->values[params->n] = value;
	params->n++;
}

void
ms_add_number(Params *params, Oid type, int64_t number)
{
	char	   *buf = params->numbers[params->n];

	snprintf(buf, sizeof(params->numbers[0]), "%" PRId64, number);
	ms_add_param(params, type, buf);
}

void
ms_add_number_or_null(Params *params, Oid type, int64_t number)
{
	if (number == 0)
		ms_add_param(params, type, NULL);
	else
		ms_add_number(params, type, number);
}

void
ms_add_ids(Params *params, int64_t store_id, int64_t id)
{
	ms_add_number(params, INT8OID, store_id);
	ms_add_number(params, INT8OID, id);
}

void
ms_add_bytes(Params *params, const void *bytes, size_t len)
{
	params->lengths[params->n] = (int) len;
	params->formats[params->n] = 1;
	ms_add_param(params, BYTEAOID, bytes);
}

PGresult *
ms_run(msgstore *ms, const char *sql, const Params *params, bool binary)
{
	PGresult   *res = PQexecParams(msgstore_connection(ms), sql, params->n,
								   params->types, params->values,
								   params->lengths, params->formats, binary);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
	{
		(void) ms_take_error(ms, res);
		return NULL;
	}
	ms_clear_error(ms);
	return res;
}

int64_t
ms_number_at(const PGresult *res, int column)
{
	const char *value = PQgetvalue(res, 0, column);
	uint32_t	high;
	uint32_t	low;

	if (PQgetisnull(res, 0, column))
		return 0;
	memcpy(&high, value, sizeof(high));
	if (PQgetlength(res, 0, column) == 4)
		return (int32_t) ntohl(high);
	memcpy(&low, value + sizeof(high), sizeof(low));
	return (int64_t) (((uint64_t) ntohl(high) << 32) | ntohl(low));
}

bool
ms_run_for_numbers(msgstore *ms, const char *sql, const Params *params,
				   int64_t *numbers, int n)
{
	PGresult   *res = ms_run(ms, sql, params, true);
	bool		as_expected;

	if (res == NULL)
		return false;
	as_expected = PQntuples(res) == 1 && PQnfields(res) >= n;
	for (int i = 0; as_expected && i < n; i++)
		numbers[i] = ms_number_at(res, i);
	if (!as_expected)
		(void) ms_set_error(ms, "the server's answer has an unexpected form");
	PQclear(res);
	return as_expected;
}

bool
ms_run_for_int32(msgstore *ms, const char *sql, const Params *params,
				 int32_t *number)
{
	int64_t		wide;

	if (!ms_run_for_numbers(ms, sql, params, &wide, 1))
		return false;
	*number = (int32_t) wide;
	return true;
}

bool
ms_run_for_result(msgstore *ms, const char *sql, const Params *params,
				  int32_t *result, int64_t *second, int64_t *third)
{
	int64_t		numbers[3];
	int			n = third != NULL ? 3 : second != NULL ? 2 : 1;

	if (!ms_run_for_numbers(ms, sql, params, numbers, n))
		return false;
	*result = (int32_t) numbers[0];
	if (second != NULL)
		*second = numbers[1];
	if (third != NULL)
		*third = numbers[2];
	return true;
}

bool
ms_run_for_nothing(msgstore *ms, const char *sql, const Params *params)
{
	PGresult   *res = ms_run(ms, sql, params, false);

	PQclear(res);
	return res != NULL;
}

char *
ms_run_for_text(msgstore *ms, const char *sql, const Params *params)
{
	PGresult   *res = ms_run(ms, sql, params, false);
	char	   *text = NULL;

	if (res == NULL)
		return NULL;
	if (PQntuples(res) != 1 || PQgetisnull(res, 0, 0))
		(void) ms_set_error(ms, "the server's answer has an unexpected form");
	else if ((text = strdup(PQgetvalue(res, 0, 0))) == NULL)
		(void) ms_set_error(ms, "out of memory");
	PQclear(res);
	return text;
}
