/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Connect to a server, find a store, print errors.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/*
 * Return true if the database has the extension; otherwise print an error.
 */
static bool
has_extension(msgstore *ms)
{
	g_autofree char *database =
		show_name(PQdb(msgstore_connection(ms)));
	PGresult   *res = msgstore_query(ms, "?t", "SELECT extname"
									 " FROM pg_catalog.pg_extension"
									 " WHERE extname OPERATOR(pg_catalog.=)"
									 " 'msgstore'", 0, NULL);
	bool		missing = res != NULL && PQntuples(res) == 0;

	if (res == NULL)
		session_print_error(ms, "could not look for the extension");
	else if (missing)
	{
		print_error("database %s does not have the extension msgstore",
					database);
		print_detail("hint",
					 "In that database, run CREATE EXTENSION msgstore.");
	}
	PQclear(res);
	return res != NULL && !missing;
}

msgstore *
session_connect_anyhow(const Target *target, const char *application)
{
	const char *keywords[] = {
		"dbname", "host", "port", "user", "fallback_application_name", NULL
	};
	const char *values[] = {
		target->dbname, target->host, target->port, target->username,
		application, NULL
	};
	msgstore   *ms = msgstore_connect_noticed(keywords, values,
											  print_notice, NULL);

	if (ms == NULL)
		print_error("out of memory");
	else if (msgstore_connected(ms))
		return ms;
	else
		session_print_error(ms, "could not connect");
	msgstore_disconnect(ms);
	return NULL;
}

msgstore *
session_connect(const Target *target, const char *application)
{
	msgstore   *ms = session_connect_anyhow(target, application);

	if (ms != NULL && has_extension(ms))
	{
		if (target->actor == NULL || msgstore_set_actor(ms, target->actor))
			return ms;
		session_print_error(ms, "could not set the actor");
	}
	msgstore_disconnect(ms);
	return NULL;
}

void
session_print_error(const msgstore *ms, const char *doing)
{
	session_print_text(msgstore_last_error(ms), doing);
}

void
session_print_text(const msgstore_error *error, const char *doing)
{
	g_autofree char *subject = show_safe(doing);

	print_error("%s: %s", subject, error->message);
	print_detail("detail", error->detail);
	print_detail("hint", error->hint);
}

bool
session_find_store(msgstore *ms, const char *name, int64_t *store_id)
{
	g_autofree char *shown = show_name(name);
	bool		found;

	if (!msgstore_find_store(ms, name, &found, store_id))
	{
		session_print_error(ms, "could not look for the store");
		return false;
	}
	if (!found)
		print_error("there is no store %s that you may use", shown);
	return found;
}

char *
session_text(msgstore *ms, const char *sql, int64_t one, int64_t two)
{
	char		text[2][24];
	const char *values[2] = {text[0], text[1]};
	PGresult   *res;
	char	   *answer = NULL;

	snprintf(text[0], sizeof(text[0]), "%" PRId64, one);
	snprintf(text[1], sizeof(text[1]), "%" PRId64, two);
	res = msgstore_query(ms, "?t?", sql, 2, values);
	if (res != NULL && PQntuples(res) == 1)
		answer = g_strdup(msgstore_text_at(res, 0, 0));
	PQclear(res);
	return answer;
}
