/*-------------------------------------------------------------------------
 *
 * libmsgstore.c
 *	  The functions of the extension msgstore, as C calls over libpq.
 *
 * NOTES
 *	  Every call is one statement with parameters in text form (bytes aside),
 *	  so that it works in any transaction and behind a pooler, and nothing is
 *	  prepared.  Results that are numbers come in binary form: hresult travels
 *	  as its 32-bit code there, whatever its text form says.
 *
 *	  A connection keeps its last error: the PGresult it came with, if any,
 *	  holds the texts.
 *
 *	  Conflicts, drafts, history and place are in libconflict.c, attachments,
 *	  recipients and streams in libcontent.c.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* our schema first, for the statements that a client writes itself */
#define SET_SEARCH_PATH \
	"SELECT pg_catalog.set_config('search_path'," \
	" CASE WHEN pg_catalog.current_setting('search_path')" \
	" OPERATOR(pg_catalog.=) '' THEN 'msgstore'" \
	" ELSE pg_catalog.concat('msgstore, '," \
	" pg_catalog.current_setting('search_path')) END, false)"

struct msgstore
{
	PGconn	   *conn;
	bool		ready;			/* connected and set up */
	PGresult   *error_result;	/* owns the texts of error, or NULL */
	char	   *error_text;		/* its message, where that is libpq's */
	msgstore_error error;
};

static const struct
{
	int32_t		code;
	const char *name;
}			result_names[] =
{
	{MSGSTORE_S_OK, "S_OK"},
	{MSGSTORE_W_PARTIAL_COMPLETION, "MAPI_W_PARTIAL_COMPLETION"},
	{MSGSTORE_E_UNKNOWN_FLAGS, "MAPI_E_UNKNOWN_FLAGS"},
	{MSGSTORE_E_INVALID_OBJECT, "MAPI_E_INVALID_OBJECT"},
	{MSGSTORE_E_OBJECT_CHANGED, "MAPI_E_OBJECT_CHANGED"},
	{MSGSTORE_E_OBJECT_DELETED, "MAPI_E_OBJECT_DELETED"},
	{MSGSTORE_E_NOT_FOUND, "MAPI_E_NOT_FOUND"},
	{MSGSTORE_E_UNABLE_TO_COMPLETE, "MAPI_E_UNABLE_TO_COMPLETE"},
	{MSGSTORE_E_SUBMITTED, "MAPI_E_SUBMITTED"},
	{MSGSTORE_E_NO_ACCESS, "MAPI_E_NO_ACCESS"},
	{MSGSTORE_E_INVALID_PARAMETER, "MAPI_E_INVALID_PARAMETER"},
};

const char *
msgstore_result_name(int32_t result)
{
	static __thread char hex[16];

	for (size_t i = 0; i < sizeof(result_names) / sizeof(*result_names); i++)
	{
		if (result_names[i].code == result)
			return result_names[i].name;
	}
	snprintf(hex, sizeof(hex), "0x%08" PRIX32, (uint32_t) result);
	return hex;
}

/* ------------------------------------------------------------------ errors */

static void
clear_error(msgstore *ms)
{
	PQclear(ms->error_result);
	ms->error_result = NULL;
	free(ms->error_text);
	ms->error_text = NULL;
	ms->error.sqlstate[0] = '\0';
	ms->error.message = ms->error.detail = ms->error.hint = "";
}

static const char *
error_field(const PGresult *res, int field)
{
	const char *text = PQresultErrorField(res, field);

	return text ? text : "";
}

/* What libpq says about a connection, without the line end after it. */
static void
keep_connection_error(msgstore *ms)
{
	size_t		len;

	ms->error_text = strdup(PQerrorMessage(ms->conn));
	if (ms->error_text == NULL)
	{
		ms->error.message = "out of memory";
		return;
	}
	len = strlen(ms->error_text);
	while (len > 0 && ms->error_text[len - 1] == '\n')
		ms->error_text[--len] = '\0';
	ms->error.message = ms->error_text;
}

/*
 * Keep the error that res reports (res becomes ours); without one, what the
 * connection says.  Returns false, for the caller to return.
 */
static bool
keep_error(msgstore *ms, PGresult *res)
{
	clear_error(ms);
	if (res != NULL && *error_field(res, PG_DIAG_MESSAGE_PRIMARY) != '\0')
	{
		ms->error_result = res;
		snprintf(ms->error.sqlstate, sizeof(ms->error.sqlstate), "%s",
				 error_field(res, PG_DIAG_SQLSTATE));
		ms->error.message = error_field(res, PG_DIAG_MESSAGE_PRIMARY);
		ms->error.detail = error_field(res, PG_DIAG_MESSAGE_DETAIL);
		ms->error.hint = error_field(res, PG_DIAG_MESSAGE_HINT);
	}
	else
	{
		PQclear(res);
		keep_connection_error(ms);
	}
	return false;
}

bool
ms_own_error(msgstore *ms, const char *message)
{
	clear_error(ms);
	ms->error.message = message;
	return false;
}

const msgstore_error *
msgstore_last_error(const msgstore *ms)
{
	return &ms->error;
}

/* -------------------------------------------------------------- connection */

/* Make a msgstore of a connection attempt. */
static msgstore *
adopt(PGconn *conn)
{
	msgstore   *ms = calloc(1, sizeof(msgstore));

	if (ms == NULL || conn == NULL)
	{
		PQfinish(conn);
		free(ms);
		return NULL;
	}
	ms->conn = conn;
	clear_error(ms);
	if (PQstatus(conn) != CONNECTION_OK ||
		PQsetClientEncoding(conn, "UTF8") != 0)
		(void) keep_error(ms, NULL);
	else
		ms->ready = msgstore_execute(ms, SET_SEARCH_PATH);
	return ms;
}

msgstore *
msgstore_connect(const char *const *keywords, const char *const *values)
{
	return adopt(PQconnectdbParams(keywords, values, 1));
}

msgstore *
msgstore_connect_uri(const char *conninfo)
{
	return adopt(PQconnectdb(conninfo));
}

bool
msgstore_connected(const msgstore *ms)
{
	return ms->ready && PQstatus(ms->conn) == CONNECTION_OK;
}

void
msgstore_disconnect(msgstore *ms)
{
	if (ms == NULL)
		return;
	clear_error(ms);
	PQfinish(ms->conn);
	free(ms);
}

PGconn *
msgstore_connection(const msgstore *ms)
{
	return ms->conn;
}

bool
msgstore_set_actor(msgstore *ms, const char *actor)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, actor ? actor : "");
	return ms_run_for_nothing(ms, "SELECT pg_catalog.set_config"
							  "('msgstore.actor', $1, false)", &params);
}

/* -------------------------------------------------------------- statements */

bool
msgstore_execute(msgstore *ms, const char *sql)
{
	PGresult   *res = PQexec(ms->conn, sql);
	ExecStatusType status = PQresultStatus(res);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return keep_error(ms, res);
	clear_error(ms);
	PQclear(res);
	return true;
}

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
	PGresult   *res = PQexecParams(ms->conn, sql, params->n, params->types,
								   params->values, params->lengths,
								   params->formats, binary);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
	{
		(void) keep_error(ms, res);
		return NULL;
	}
	clear_error(ms);
	return res;
}

/* A number of 4 or 8 bytes from a binary result; NULL reads as 0. */
static int64_t
number_at(const PGresult *res, int column)
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

	if (res == NULL)
		return false;
	if (PQntuples(res) != 1 || PQnfields(res) < n)
	{
		PQclear(res);
		return ms_own_error(ms, "the server's answer has an unexpected form");
	}
	for (int i = 0; i < n; i++)
		numbers[i] = number_at(res, i);
	PQclear(res);
	return true;
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
		(void) ms_own_error(ms, "the server's answer has an unexpected form");
	else if ((text = strdup(PQgetvalue(res, 0, 0))) == NULL)
		(void) ms_own_error(ms, "out of memory");
	PQclear(res);
	return text;
}

/*
 * Names as the text form of an array, in new memory; NULL if there is none.
 */
static char *
array_text(const char *const *names)
{
	size_t		size = 3;
	char	   *array;
	char	   *p;

	for (int i = 0; names[i] != NULL; i++)
		size += 2 * strlen(names[i]) + 3;
	array = p = malloc(size);
	if (array == NULL)
		return NULL;
	*p++ = '{';
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

/* Run a statement whose last parameter is a list of tags, or NULL for all. */
static char *
run_for_props(msgstore *ms, const char *sql, Params *params,
			  const char *const *tags)
{
	char	   *array = NULL;
	char	   *text;

	if (tags != NULL && (array = array_text(tags)) == NULL)
	{
		(void) ms_own_error(ms, "out of memory");
		return NULL;
	}
	ms_add_param(params, TEXTARRAYOID, array);
	text = ms_run_for_text(ms, sql, params);
	free(array);
	return text;
}

/* -------------------------------------------------------- stores, folders */

/* Run a query for the id of something that may not be there. */
static bool
find(msgstore *ms, const char *sql, const Params *params, bool *found,
	 int64_t *id)
{
	PGresult   *res = ms_run(ms, sql, params, true);

	if (res == NULL)
		return false;
	*found = PQntuples(res) > 0;
	if (*found)
		*id = number_at(res, 0);
	PQclear(res);
	return true;
}

bool
msgstore_find_store(msgstore *ms, const char *name, bool *found,
					int64_t *store_id)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, name);
	return find(ms, "SELECT store_id FROM msgstore.store_list"
				" WHERE name OPERATOR(pg_catalog.=) $1",
				&params, found, store_id);
}

bool
msgstore_find_folder(msgstore *ms, int64_t store_id, int64_t parent_id,
					 const char *name, bool *found, int64_t *folder_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parent_id);
	ms_add_param(&params, TEXTOID, name);
	return find(ms, "SELECT folder_id FROM msgstore.folder_list"
				" WHERE store_id OPERATOR(pg_catalog.=) $1"
				" AND parent_id OPERATOR(pg_catalog.=) $2"
				" AND name OPERATOR(pg_catalog.=) $3",
				&params, found, folder_id);
}

bool
msgstore_create_store(msgstore *ms, const char *name, int64_t *store_id)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, name);
	return ms_run_for_numbers(ms, "SELECT msgstore.create_store($1)", &params,
							  store_id, 1);
}

bool
msgstore_create_folder(msgstore *ms, int64_t store_id, int64_t parent_id,
					   const char *name, int64_t *folder_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parent_id);
	ms_add_param(&params, TEXTOID, name);
	return ms_run_for_numbers(ms, "SELECT msgstore.create_folder($1, $2, $3)",
							  &params, folder_id, 1);
}

bool
msgstore_special_folder(msgstore *ms, int64_t store_id, const char *which,
						int64_t *folder_id, int64_t *parent_id)
{
	Params		params = {0};
	int64_t		ids[2];

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, TEXTOID, which);
	if (!ms_run_for_numbers(ms, "SELECT folder_id, parent_id"
							" FROM msgstore.folder_list"
							" WHERE store_id OPERATOR(pg_catalog.=) $1"
							" AND folder_id OPERATOR(pg_catalog.=)"
							" msgstore.special_folder($1, $2)",
							&params, ids, 2))
		return false;
	*folder_id = ids[0];
	*parent_id = ids[1];
	return true;
}

/* ----------------------------------------------------------------- handles */

bool
msgstore_open_message(msgstore *ms, int64_t store_id, int64_t message_id,
					  int32_t flags, int32_t *handle)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.open_message($1, $2, $3)",
							&params, handle);
}

bool
msgstore_create_message(msgstore *ms, int64_t store_id, int64_t folder_id,
						int32_t flags, int32_t *handle)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, folder_id);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.create_message($1, $2, $3)",
							&params, handle);
}

bool
msgstore_message_id(msgstore *ms, int32_t handle, int64_t *message_id)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_numbers(ms, "SELECT msgstore.message_id($1)", &params,
							  message_id, 1);
}

char *
msgstore_get_props(msgstore *ms, int32_t handle, const char *const *tags)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return run_for_props(ms, "SELECT msgstore.get_props($1, $2)", &params,
						 tags);
}

bool
msgstore_set_props(msgstore *ms, int32_t handle, const char *props)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_param(&params, JSONBOID, props);
	return ms_run_for_nothing(ms, "SELECT msgstore.set_props($1, $2)",
							  &params);
}

bool
msgstore_delete_props(msgstore *ms, int32_t handle, const char *const *tags)
{
	Params		params = {0};
	char	   *array = array_text(tags);
	bool		deleted;

	if (array == NULL)
		return ms_own_error(ms, "out of memory");
	ms_add_number(&params, INT4OID, handle);
	ms_add_param(&params, TEXTARRAYOID, array);
	deleted = ms_run_for_nothing(ms, "SELECT msgstore.delete_props($1, $2)",
								 &params);
	free(array);
	return deleted;
}

bool
msgstore_save_changes(msgstore *ms, int32_t handle, int32_t flags,
					  int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.save_changes($1, $2)",
							&params, result);
}

bool
msgstore_force_save(msgstore *ms, int32_t handle, int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_int32(ms, "SELECT msgstore.force_save($1)", &params,
							result);
}

bool
msgstore_refresh(msgstore *ms, int32_t handle)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_nothing(ms, "SELECT msgstore.refresh($1)", &params);
}

bool
msgstore_close_object(msgstore *ms, int32_t handle)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_nothing(ms, "SELECT msgstore.close_object($1)", &params);
}

/* -------------------------------------------------------- without a handle */

char *
msgstore_read_message(msgstore *ms, int64_t store_id, int64_t message_id,
					  const char *const *tags)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	return run_for_props(ms, "SELECT msgstore.read_message($1, $2, $3)",
						 &params, tags);
}

bool
msgstore_save_message(msgstore *ms, int64_t store_id, int64_t message_id,
					  int64_t change_number, const char *changes,
					  int32_t flags, int32_t *result, int64_t *new_number)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, change_number);
	ms_add_param(&params, JSONBOID, changes);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_result(ms, "SELECT result, change_number"
							 " FROM msgstore.save_message"
							 "($1, $2, $3, $4, $5)",
							 &params, result, new_number, NULL);
}

bool
msgstore_save_new_message(msgstore *ms, int64_t store_id, int64_t folder_id,
						  const char *props, int32_t flags, int32_t *result,
						  int64_t *message_id, int64_t *change_number)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, folder_id);
	ms_add_param(&params, JSONBOID, props);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_result(ms, "SELECT result, message_id, change_number"
							 " FROM msgstore.save_new_message"
							 "($1, $2, $3, $4)",
							 &params, result, message_id, change_number);
}
