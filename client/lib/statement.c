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
#include <ctype.h>
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

/*
 * Return the function or view of the extension that a query calls, as it
 * stands behind "msgstore." in the query.  *len is the length of the name.
 */
static const char *
called(const char *sql, int *len)
{
	const char *schema = strstr(sql, "msgstore.");
	const char *name = schema ? strchr(schema, '.') + 1 : "";

	*len = (int) strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	return name;
}

/* Set the last error: the answer to a query is not of the expected form. */
static void
set_bad_answer(msgstore *ms, const char *sql, const char *why)
{
	int			len;
	const char *name = called(sql, &len);
	char		text[256];

	snprintf(text, sizeof(text), "the server's answer to %.*s%shas an "
			 "unexpected form: %s", len, name, len > 0 ? " " : "the query ",
			 why);
	(void) ms_copy_error(ms, text);
}

PGresult *
ms_run(msgstore *ms, const char *form, const char *sql, const Params *params)
{
	bool		binary = isupper((unsigned char) form[1]);
	PGresult   *res = PQexecParams(msgstore_connection(ms), sql, params->n,
								   params->types, params->values,
								   params->lengths, params->formats, binary);
	ExecStatusType status = PQresultStatus(res);
	char		why[100];

	if (status == PGRES_TUPLES_OK &&
		ms_answer_fits(res, form, why, sizeof(why)))
	{
		ms_clear_error(ms);
		return res;
	}
	if (status == PGRES_TUPLES_OK)
		set_bad_answer(ms, sql, why);
	else if (res == NULL || status == PGRES_FATAL_ERROR)
	{
		(void) ms_take_error(ms, res);
		return NULL;
	}
	else
		set_bad_answer(ms, sql, "it has no rows and columns");
	PQclear(res);
	return NULL;
}

PGresult *
msgstore_query(msgstore *ms, const char *form, const char *sql, int n,
			   const char *const *values)
{
	Params		params = {0};

	if (n > MAX_PARAMS)
	{
		(void) ms_set_error(ms, "too many parameters for a query");
		return NULL;
	}
	for (int i = 0; i < n; i++)
		ms_add_param(&params, 0, values[i]);
	return ms_run(ms, form, sql, &params);
}

bool
ms_run_for_numbers(msgstore *ms, const char *form, const char *sql,
				   const Params *params, int64_t *numbers)
{
	char		whole[16];
	PGresult   *res;

	snprintf(whole, sizeof(whole), "1%s", form);
	res = ms_run(ms, whole, sql, params);
	if (res == NULL)
		return false;
	for (int i = 0; i < PQnfields(res); i++)
		numbers[i] = ms_number_at(res, i);
	PQclear(res);
	return true;
}

bool
ms_run_for_int32(msgstore *ms, const char *sql, const Params *params,
				 int32_t *number)
{
	int64_t		wide;

	if (!ms_run_for_numbers(ms, "R", sql, params, &wide))
		return false;
	*number = (int32_t) wide;
	return true;
}

bool
ms_run_for_result(msgstore *ms, const char *form, const char *sql,
				  const Params *params, int32_t *result, int64_t *second,
				  int64_t *third)
{
	int64_t		numbers[3];

	if (!ms_run_for_numbers(ms, form, sql, params, numbers))
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
	PGresult   *res = ms_run(ms, "1v", sql, params);

	PQclear(res);
	return res != NULL;
}

char *
ms_run_for_text(msgstore *ms, const char *form, const char *sql,
				const Params *params)
{
	char		whole[4];
	PGresult   *res;
	char	   *text = NULL;

	snprintf(whole, sizeof(whole), "1%s", form);
	res = ms_run(ms, whole, sql, params);
	if (res == NULL)
		return NULL;
	text = strdup(PQgetvalue(res, 0, 0));
	if (text == NULL)
		(void) ms_set_error(ms, "out of memory");
	PQclear(res);
	return text;
}
