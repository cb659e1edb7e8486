/*-------------------------------------------------------------------------
 *
 * draft.c
 *	  Edits on their way into the store: parked first, then saved.
 *
 * NOTES
 *	  A draft is parked, and committed, before the first attempt to save, and
 *	  is discarded in the transaction that saves its edits.  So there is always
 *	  either the draft or the saved version.  If the connection is lost at the
 *	  commit, nobody knows which; the next attempt repeats the save with the
 *	  same request, which the server answers as it did the first time.
 *
 *	  A draft is never parked over another one: somebody else may have parked
 *	  an edit there since it was read.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draft.h"

/* The outcome of an attempt to save. */
typedef struct Saved
{
	char	   *result;			/* the name of a result */
	int64_t		message_id;
	int64_t		change_number;
} Saved;

/* ----------------------------------------------------------------- session */

bool
session_begin(Session *session, const Target *target, const char *application)
{
	session->target = target;
	session->application = application;
	session->json = false;
	session->ms = session_connect(target, application);
	if (session->ms == NULL)
		return false;
	if (target->store == NULL ||
		session_find_store(session->ms, target->store, &session->store_id))
		return true;
	session_end(session);
	return false;
}

void
session_end(Session *session)
{
	msgstore_disconnect(session->ms);
	session->ms = NULL;
}

bool
session_lost(const Session *session)
{
	const char *sqlstate = msgstore_last_error(session->ms)->sqlstate;

	/*
	 * The server's last words come before libpq notices the end.  An error
	 * without SQLSTATE is libpq's, which a new connection may mend, if libpq
	 * has a message.  Otherwise the library has refused the form of an answer.
	 */
	return !msgstore_connected(session->ms) ||
		(*sqlstate == '\0' &&
		 *PQerrorMessage(msgstore_connection(session->ms)) != '\0') ||
		strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0;
}

bool
session_again(Session *session)
{
	msgstore   *ms;

	if (!session_lost(session))
		return false;
	ms = session_connect(session->target, session->application);
	if (ms == NULL)
		return false;
	msgstore_disconnect(session->ms);
	session->ms = ms;
	return true;
}

char *
session_store_option(const Target *target)
{
	g_autofree char *safe = show_safe(target->store ? target->store : "");
	g_autofree char *quoted = g_shell_quote(safe);

	return target->store == NULL || target->store_is_default ? g_strdup("") :
		g_strdup_printf(" --store=%s", quoted);
}

/* ----------------------------------------------------------------- outcome */

/* Return a number or a text for programs; null for 0 or NULL. */
static json_t *
number_json(int64_t number)
{
	return number == 0 ? json_null() : json_integer(number);
}

static json_t *
text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

bool
outcome_print(const Session *session, const Outcome *outcome)
{
	json_t	   *object;

	if (!session->json)
		return false;
	object = json_pack("{ss}", "outcome", outcome->outcome);
	json_object_set_new(object, "result", text_json(outcome->result));
	json_object_set_new(object, "message_id",
						number_json(outcome->message_id));
	json_object_set_new(object, "change_number",
						number_json(outcome->change_number));
	json_object_set_new(object, "parked_id", number_json(outcome->parked_id));
	json_object_set_new(object, "path", text_json(outcome->path));
	(void) print_json(object);
	json_decref(object);
	return true;
}

/* ------------------------------------------------------------------- draft */

void
draft_init(Draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->request = g_uuid_string_random();
}

void
draft_clear(Draft *draft)
{
	json_decref(draft->patch);
	g_free(draft->request);
	g_free(draft->from_parked_at);
}

/* A number as a parameter of a query. */
typedef struct Number
{
	char		text[24];
} Number;

static const char *
number_text(Number *number, int64_t value)
{
	snprintf(number->text, sizeof(number->text), "%" PRId64, value);
	return number->text;
}

/*
 * Discard a draft if it is there and, unless parked_at is NULL, was not parked
 * again since.  Returns false on error.
 */
static bool
discard(Session *session, int64_t parked_id, const char *parked_at)
{
	Number		numbers[2];
	const char *values[] = {
		number_text(&numbers[0], session->store_id),
		number_text(&numbers[1], parked_id), parked_at
	};
	PGresult   *res = msgstore_query(session->ms, "?v", "SELECT"
									 " msgstore.discard_parked(p.store_id,"
									 " p.parked_id)"
									 " FROM msgstore.parked AS p"
									 " WHERE p.store_id"
									 " OPERATOR(pg_catalog.=) $1"
									 " AND p.parked_id"
									 " OPERATOR(pg_catalog.=) $2"
									 " AND ($3::pg_catalog.timestamptz IS NULL"
									 " OR p.parked_at OPERATOR(pg_catalog.=)"
									 " $3::pg_catalog.timestamptz)", 3,
									 values);

	PQclear(res);
	return res != NULL;
}

/* Discard the draft that this one goes on with, unless it was parked again. */
static bool
discard_older(Session *session, const Draft *draft)
{
	return draft->from_id == 0 ||
		discard(session, draft->from_id, draft->from_parked_at);
}

/*
 * Find a draft with these edits that an attempt to park has left, whose answer
 * was lost, and take it for the draft.  Returns false if there is none.
 */
static bool
find_parked(Session *session, Draft *draft)
{
	bool		is_new = draft->message_id == 0;
	Number		numbers[4];
	char	   *changes = json_dumps(draft->patch, 0);
	const char *values[] = {
		number_text(&numbers[0], session->store_id), changes,
		is_new ? NULL : number_text(&numbers[1], draft->message_id),
		is_new ? NULL : number_text(&numbers[2], draft->change_number),
		number_text(&numbers[3], draft->from_id)
	};
	PGresult   *res = msgstore_query(session->ms, "?nn", "SELECT p.parked_id,"
									 " p.message_id FROM msgstore.parked AS p"
									 " WHERE p.store_id"
									 " OPERATOR(pg_catalog.=) $1"
									 " AND p.is_new OPERATOR(pg_catalog.=)"
									 " ($3::bigint IS NULL)"
									 " AND coalesce(p.message_id"
									 " OPERATOR(pg_catalog.=) $3::bigint, true)"
									 " AND coalesce(p.change_number"
									 " OPERATOR(pg_catalog.=) $4::bigint, true)"
									 " AND p.parked_id"
									 " OPERATOR(pg_catalog.<>) $5::bigint"
									 " AND (SELECT e.changes FROM"
									 " msgstore.parked_edits($1, p.parked_id)"
									 " AS e) OPERATOR(pg_catalog.=)"
									 " $2::pg_catalog.jsonb"
									 " ORDER BY p.parked_id DESC LIMIT 1", 5,
									 values);
	bool		found = res != NULL && PQntuples(res) == 1;

	free(changes);
	if (found)
	{
		draft->parked_id = msgstore_number_at(res, 0, 0);
		draft->new_id = is_new ? msgstore_number_at(res, 0, 1) : 0;
	}
	PQclear(res);
	return found;
}

/* Park the edits in a transaction.  False on error. */
static bool
park(Session *session, Draft *draft)
{
	bool		is_new = draft->message_id == 0;
	Number		numbers[4];
	char	   *changes = json_dumps(draft->patch, 0);
	const char *values[] = {
		number_text(&numbers[0], session->store_id),
		is_new ? NULL : number_text(&numbers[1], draft->message_id),
		is_new ? NULL : number_text(&numbers[2], draft->change_number),
		changes,
		is_new ? number_text(&numbers[3], draft->folder_id) : NULL
	};
	PGresult   *res = NULL;

	if (msgstore_execute(session->ms, "BEGIN"))
		res = msgstore_query(session->ms, "1n", "SELECT msgstore.park_message"
							 "($1, $2, $3, $4, NULL, $5)", 5, values);
	free(changes);
	if (res == NULL)
		return false;
	draft->parked_id = msgstore_number_at(res, 0, 0);
	PQclear(res);
	if (is_new)
	{
		g_autofree char *id = session_text(session->ms, "SELECT"
										   " CAST(p.message_id AS"
										   " pg_catalog.text)"
										   " FROM msgstore.parked AS p"
										   " WHERE p.store_id"
										   " OPERATOR(pg_catalog.=) $1"
										   " AND p.parked_id"
										   " OPERATOR(pg_catalog.=) $2",
										   session->store_id,
										   draft->parked_id);

		draft->new_id = id ? strtoll(id, NULL, 10) : 0;
	}
	return discard_older(session, draft) &&
		msgstore_execute(session->ms, "COMMIT");
}

bool
draft_park(Session *session, Draft *draft)
{
	if (park(session, draft) ||
		(session_again(session) && (find_parked(session, draft) ||
									park(session, draft))))
		return true;
	draft->parked_id = 0;
	return false;
}

/* -------------------------------------------------------------------- save */

/*
 * Save and discard the draft of a new message, in one statement.  If "again" is
 * set and the draft is gone, an earlier attempt has saved it.
 */
static bool
save_new(Session *session, const Draft *draft, bool again, Saved *saved)
{
	Number		numbers[2];
	const char *values[] = {
		number_text(&numbers[0], session->store_id),
		number_text(&numbers[1], draft->parked_id)
	};
	PGresult   *res = msgstore_query(session->ms, "1tn?", "SELECT"
									 " CAST(r.result AS pg_catalog.text),"
									 " r.change_number"
									 " FROM msgstore.resolve_parked"
									 "($1, $2, 'OVERWRITE') AS r", 2, values);
	bool		gone = res == NULL && again &&
		strcmp(msgstore_last_error(session->ms)->sqlstate, "MA10F") == 0;

	saved->message_id = draft->new_id;
	saved->result = g_strdup(gone ? "S_OK" :
							 res ? msgstore_text_at(res, 0, 0) : "");
	saved->change_number = res ? msgstore_number_at(res, 0, 1) : 0;
	PQclear(res);
	return gone || res != NULL;
}

/* Save the edits of a message.  Returns false on error. */
static bool
run_save(Session *session, const Draft *draft, msgstore_saved *outcome)
{
	char	   *changes = json_dumps(draft->patch, 0);
	msgstore_save edits = {
		.store_id = session->store_id, .message_id = draft->message_id,
		.change_number = draft->change_number, .changes = changes,
		.request = draft->request
	};
	bool		saved = msgstore_save_message(session->ms, &edits, outcome);

	free(changes);
	return saved;
}

/*
 * Save and discard the draft in a transaction.  "again" is set at the second
 * attempt.  Returns false on error.
 */
static bool
save(Session *session, const Draft *draft, bool again, Saved *saved)
{
	msgstore_saved outcome;
	bool		stored;

	g_free(saved->result);
	saved->result = NULL;
	if (draft->message_id == 0)
		return save_new(session, draft, again, saved);
	if (!msgstore_execute(session->ms, "BEGIN ISOLATION LEVEL"
						  " READ COMMITTED") ||
		!run_save(session, draft, &outcome))
		return false;
	saved->result = g_strdup(msgstore_result_name(outcome.result));
	saved->change_number = outcome.change_number;
	saved->message_id = draft->message_id;
	stored = outcome.result == MSGSTORE_S_OK;
	/* an earlier attempt may have discarded it */
	if (stored && !discard(session, draft->parked_id, NULL))
		return false;
	return msgstore_execute(session->ms, stored ? "COMMIT" : "ROLLBACK");
}

/* Print how to go on with a draft that is still parked. */
static void
print_parked(const Session *session, const Draft *draft, const char *result)
{
	g_autofree char *store = session_store_option(session->target);
	Outcome		parked = {
		.outcome = "parked", .result = result, .parked_id = draft->parked_id,
		.message_id = draft->message_id, .change_number = draft->change_number
	};

	if (outcome_print(session, &parked))
		return;
	print_out("The edits are parked as draft %lld. To go on with them:\n"
			  "    msgstore edit%s --draft=%lld\n",
			  (long long) draft->parked_id, store,
			  (long long) draft->parked_id);
}

/* Print why nothing is stored. */
static int
print_refusal(const Session *session, const Draft *draft, const char *result)
{
	if (!session->json)
		print_out("Nothing is stored: %s.\n",
				  strcmp(result, "MAPI_E_NO_ACCESS") == 0 ?
				  "you may not edit this message" :
				  strcmp(result, "MAPI_E_SUBMITTED") == 0 ?
				  "the message was submitted for sending" : result);
	print_parked(session, draft, result);
	return EXIT_REFUSED;
}

/* Save, at most twice.  Returns false after printing errors. */
static bool
try_to_save(Session *session, const Draft *draft, Saved *saved)
{
	if (save(session, draft, false, saved))
		return true;
	session_print_error(session->ms, "could not save the message");
	if (session_again(session))
	{
		if (save(session, draft, true, saved))
			return true;
		session_print_error(session->ms, "could not save the message");
	}
	return false;
}

static void
print_saved(const Session *session, const Saved *saved)
{
	g_autofree char *number = saved->change_number == 0 ? g_strdup("saved") :
		g_strdup_printf("at change %lld", (long long) saved->change_number);
	Outcome		outcome = {
		.outcome = "saved", .result = saved->result,
		.message_id = saved->message_id, .change_number = saved->change_number
	};

	if (!outcome_print(session, &outcome))
		print_out("Saved: message %lld is %s.\n",
				  (long long) saved->message_id, number);
}

int
draft_save(Session *session, Draft *draft)
{
	Saved		saved = {NULL};
	int			code;

	if (!try_to_save(session, draft, &saved))
	{
		print_parked(session, draft, NULL);
		code = EXIT_TROUBLE;
	}
	else if (strcmp(saved.result, "S_OK") == 0)
	{
		print_saved(session, &saved);
		code = EXIT_DONE;
	}
	else if (draft->message_id != 0 &&
			 (strcmp(saved.result, "MAPI_E_OBJECT_CHANGED") == 0 ||
			  strcmp(saved.result, "MAPI_E_OBJECT_DELETED") == 0))
	{
		draft->refusal = strcmp(saved.result, "MAPI_E_OBJECT_CHANGED") == 0 ?
			"MAPI_E_OBJECT_CHANGED" : "MAPI_E_OBJECT_DELETED";
		code = DRAFT_CONFLICT;
	}
	else
		code = print_refusal(session, draft, saved.result);
	g_free(saved.result);
	return print_flush() ? code : EXIT_TROUBLE;
}
