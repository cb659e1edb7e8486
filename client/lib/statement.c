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
#include <stdlib.h>
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

/*
 * Check the result of a statement as ms_run() does; the result is returned, or
 * cleared on error.
 */
static PGresult *
take_answer(msgstore *ms, const char *form, const char *sql, PGresult *res)
{
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
ms_run(msgstore *ms, const char *form, const char *sql, const Params *params)
{
	bool		binary = isupper((unsigned char) form[1]);
	PGresult   *res = PQexecParams(msgstore_connection(ms), sql, params->n,
								   params->types, params->values,
								   params->lengths, params->formats, binary);

	return take_answer(ms, form, sql, res);
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
ms_send(msgstore *ms, const char *form, const char *sql, const Params *params)
{
	bool		binary = isupper((unsigned char) form[1]);

	if (PQsendQueryParams(msgstore_connection(ms), sql, params->n,
						  params->types, params->values, params->lengths,
						  params->formats, binary) == 1)
		return true;
	return ms_take_error(ms, NULL);
}

#ifdef LIBPQ_HAS_PIPELINING

PGresult *
ms_receive(msgstore *ms, const char *form, const char *sql)
{
	PGconn	   *conn = msgstore_connection(ms);
	PGresult   *res = take_answer(ms, form, sql, PQgetResult(conn));
	bool		synced = false;

	/* NULL ends the statement, and the mark of its end follows */
	for (int ends = 0; ends < 2 && !synced &&
		 PQstatus(conn) == CONNECTION_OK;)
	{
		PGresult   *rest = PQgetResult(conn);

		synced = PQresultStatus(rest) == PGRES_PIPELINE_SYNC;
		ends = rest == NULL ? ends + 1 : 0;
		PQclear(rest);
	}
	return res;
}

#endif

/*
 * Return names that end with NULL as the text form of an array, in new memory;
 * NULL if there is no memory.
 */
static char *
array_text(const char *const *names)
{
	size_t		size = 3;
	char	   *array;
	char	   *p;

	for (int i = 0; names[i] != NULL; i++)
		size += 2 * strlen(names[i]) + 3;
	array = malloc(size);
	if (array == NULL)
		return NULL;
	array[0] = '{';
	p = array + 1;
	for (int i = 0; names[i] != NULL; i++)
	{
		if (i > 0)
			*p++ = ',';
		*p++ = '"';
		for (const char *c = names[i]; *c != '\0'; c++)
		{
			if (*c == '"' || *c == '\\')
				*p++ = '\\';
			*p++ = *c;
		}
		*p++ = '"';
	}
	*p++ = '}';
	*p = '\0';
	return array;
}

/* Return ids as the text form of an array, as array_text() does. */
static char *
ids_text(const int64_t *ids, int count)
{
	char	   *array = malloc((size_t) count * 24 + 3);
	char	   *p = array;

	if (array == NULL)
		return NULL;
	*p++ = '{';
	for (int i = 0; i < count; i++)
		p += sprintf(p, "%s%" PRId64, i > 0 ? "," : "", ids[i]);
	strcpy(p, "}");
	return array;
}

/* Add an array that was made, or was not for lack of memory. */
static bool
add_array(msgstore *ms, Params *params, Oid type, const char *array)
{
	ms_add_param(params, type, array);
	return array != NULL || ms_set_error(ms, "out of memory");
}

bool
ms_add_names(msgstore *ms, Params *params, const char *const *names,
			 char **array)
{
	*array = NULL;
	if (names != NULL)
		return add_array(ms, params, TEXTARRAYOID,
						 *array = array_text(names));
	ms_add_param(params, TEXTARRAYOID, NULL);
	return true;
}

bool
ms_add_id_array(msgstore *ms, Params *params, const int64_t *ids, int count,
				char **array)
{
	return add_array(ms, params, INT8ARRAYOID, *array = ids_text(ids, count));
}

/* Run a query that returns one row.  "form" describes its columns. */
static PGresult *
run_for_row(msgstore *ms, const char *form, const char *sql,
			const Params *params)
{
	char		whole[16];

	snprintf(whole, sizeof(whole), "1%s", form);
	return ms_run(ms, whole, sql, params);
}

bool
ms_run_for_numbers(msgstore *ms, const char *form, const char *sql,
				   const Params *params, int64_t *numbers)
{
	PGresult   *res = run_for_row(ms, form, sql, params);

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
ms_run_for_saved(msgstore *ms, const char *sql, const Params *params,
				 msgstore_saved *saved)
{
	int64_t		numbers[3] = {0};

	if (!ms_run_for_numbers(ms, "RN?N?", sql, params, numbers))
		return false;
	saved->result = (int32_t) numbers[0];
	saved->message_id = numbers[1];
	saved->change_number = numbers[2];
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
	PGresult   *res = run_for_row(ms, form, sql, params);
	char	   *text;

	if (res == NULL)
		return NULL;
	text = strdup(PQgetvalue(res, 0, 0));
	if (text == NULL)
		(void) ms_set_error(ms, "out of memory");
	PQclear(res);
	return text;
}

void *
ms_run_for_bytes(msgstore *ms, const char *form, const char *sql,
				 const Params *params, int64_t most, size_t *got)
{
	PGresult   *res = run_for_row(ms, form, sql, params);
	size_t		len;
	void	   *bytes = NULL;

	if (res == NULL)
		return NULL;
	len = (size_t) PQgetlength(res, 0, 0);
	if ((int64_t) len > most)
		(void) ms_set_error(ms, "the server returned more bytes than were "
							"asked for");
	else if ((bytes = malloc(len + 1)) == NULL)
		(void) ms_set_error(ms, "out of memory");
	else
	{
		/* libpq puts a zero byte behind every value */
		memcpy(bytes, PQgetvalue(res, 0, 0), len + 1);
		*got = len;
	}
	PQclear(res);
	return bytes;
}

/* ------------------------------------------------------------------- lists */

/* Set a member of a row from a column, whose letter is in "form". */
static void
set_member(char *member, char letter, const PGresult *res, int row,
		   int column)
{
	const char *text = msgstore_text_at(res, row, column);

	if (letter == 'n')
		*(int64_t *) member = msgstore_number_at(res, row, column);
	else if (letter == 'b')
		*(bool *) member = text != NULL && *text == 't';
	else
		*(const char **) member = text;
}

/* Return where the rows of a list begin, aligned for numbers. */
static size_t
rows_offset(const ListShape *shape)
{
	return (shape->list_size + sizeof(int64_t) - 1) /
		sizeof(int64_t) * sizeof(int64_t);
}

void *
ms_rows_of(void *list, const ListShape *shape)
{
	return (char *) list + rows_offset(shape);
}

void *
ms_run_for_list(msgstore *ms, const char *form, const char *sql,
				const Params *params, const ListShape *shape, PGresult **res)
{
	char	   *list;
	char	   *member;

	*res = ms_run(ms, form, sql, params);
	if (*res == NULL)
		return NULL;
	list = calloc(1, rows_offset(shape) +
				  shape->row_size * (size_t) PQntuples(*res));
	if (list == NULL)
	{
		PQclear(*res);
		(void) ms_set_error(ms, "out of memory");
		return NULL;
	}
	member = ms_rows_of(list, shape);
	for (int row = 0; row < PQntuples(*res); row++)
	{
		const char *letter = form + 1;

		for (int column = 0; column < PQnfields(*res); column++)
		{
			set_member(member + shape->members[column], *letter, *res, row,
					   column);
			letter += letter[1] == '?' ? 2 : 1;
		}
		member += shape->row_size;
	}
	return list;
}

void
ms_free_list(void *list, PGresult *owner)
{
	PQclear(owner);
	free(list);
}

msgstore_id_list *
ms_run_for_ids(msgstore *ms, const char *sql, const Params *params)
{
	static const ListShape shape = {
		sizeof(msgstore_id_list), sizeof(int64_t), {0}
	};
	PGresult   *res;
	msgstore_id_list *list = ms_run_for_list(ms, "*n", sql, params, &shape,
											 &res);

	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->ids = ms_rows_of(list, &shape);
	PQclear(res);
	return list;
}

void
msgstore_free_ids(msgstore_id_list *list)
{
	free(list);
}
