/*-------------------------------------------------------------------------
 *
 * connection.c
 *	  The connection of a msgstore, and its last error.
 *
 * NOTES
 *	  A connection has its last error until the next call.  The texts belong
 *	  to the PGresult of that error, or, if libpq itself failed, to a copy of
 *	  libpq's message.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* Put the extension's schema first, for the caller's own statements. */
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
	int			unread;			/* answers of a pipeline */
	PGresult   *error_result;	/* owns the texts of error, or NULL */
	char	   *error_text;		/* owns libpq's message, or NULL */
	msgstore_error error;
};

int *
ms_unread(msgstore *ms)
{
	return &ms->unread;
}

/* ------------------------------------------------------------------ errors */

void
ms_clear_error(msgstore *ms)
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

/* Set the last error to libpq's message, without the line end after it. */
static void
take_connection_error(msgstore *ms)
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

bool
ms_take_error(msgstore *ms, PGresult *res)
{
	ms_clear_error(ms);
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
		take_connection_error(ms);
	}
	return false;
}

bool
ms_set_error(msgstore *ms, const char *message)
{
	ms_clear_error(ms);
	ms->error.message = message;
	return false;
}

bool
ms_copy_error(msgstore *ms, const char *message)
{
	char	   *copy = strdup(message);

	(void) ms_set_error(ms, copy ? copy : "out of memory");
	ms->error_text = copy;
	return false;
}

const msgstore_error *
msgstore_last_error(const msgstore *ms)
{
	return &ms->error;
}

/* -------------------------------------------------------------- connection */

/*
 * Make a msgstore of a connection, which may have failed.  Returns NULL if
 * there is no memory.
 */
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
	ms_clear_error(ms);
	if (PQstatus(conn) != CONNECTION_OK ||
		PQsetClientEncoding(conn, "UTF8") != 0)
		(void) ms_take_error(ms, NULL);
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
msgstore_connect_noticed(const char *const *keywords,
						 const char *const *values,
						 PQnoticeProcessor notice, void *arg)
{
	PGconn	   *conn = PQconnectStartParams(keywords, values, 1);

	/*
	 * libpq prints notices itself until it has another function, and servers
	 * may send notices while a connection is made.  So the function is set
	 * before anything is read, and then the attempt is made again by a call
	 * that obeys connect_timeout.
	 */
	if (conn != NULL && PQstatus(conn) != CONNECTION_BAD)
	{
		PQsetNoticeProcessor(conn, notice, arg);
		PQreset(conn);
	}
	return adopt(conn);
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
	ms_clear_error(ms);
	PQfinish(ms->conn);
	free(ms);
}

PGconn *
msgstore_connection(const msgstore *ms)
{
	return ms->conn;
}

bool
msgstore_execute(msgstore *ms, const char *sql)
{
	PGresult   *res = PQexec(ms->conn, sql);
	ExecStatusType status = PQresultStatus(res);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return ms_take_error(ms, res);
	ms_clear_error(ms);
	PQclear(res);
	return true;
}

