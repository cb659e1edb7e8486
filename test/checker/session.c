/*-------------------------------------------------------------------------
 *
 * session.c
 *	  A session of the checker: its connection, its transactions, the model of
 *	  its handles and drafts, and its record.
 *
 * NOTES
 *	  Every operation has a name, made of session and number, and sets it as
 *	  msgstore.actor.  So each row of the history bears the name of the
 *	  operation that made it.
 *
 *	  The record is a file with one JSON object per line, flushed line by
 *	  line.  A crash of the server does not touch the process that writes it.
 *
 *	  The model of handles and drafts follows transactions: it is copied when a
 *	  transaction or a savepoint begins, and the copy is put back when the
 *	  transaction or savepoint is rolled back.  Copies share their values.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checker.h"

/* Seconds that the server may take to come back, if the environment sets none. */
#define CONNECT_SECONDS	180

static void lose(Session *session);

/* --------------------------------------------------------------- the model */

void
handle_free(HandleModel *handle)
{
	json_decref(handle->view);
	json_decref(handle->edits);
	memset(handle, 0, sizeof(HandleModel));
}

void
handle_copy(HandleModel *to, const HandleModel *from)
{
	json_incref(from->view);
	json_incref(from->edits);
	handle_free(to);
	*to = *from;
}

static void
model_copy(Model *to, const Model *from)
{
	for (int i = 0; i < MAX_HANDLES; i++)
		handle_copy(&to->handles[i], &from->handles[i]);
	for (int i = 0; i < MAX_DRAFTS; i++)
	{
		to->drafts[i].id = from->drafts[i].id;
		handle_copy(&to->drafts[i].handle, &from->drafts[i].handle);
	}
	memcpy(to->flags, from->flags, sizeof(to->flags));
}

static void
model_free(Model *model)
{
	for (int i = 0; i < MAX_HANDLES; i++)
		handle_free(&model->handles[i]);
	for (int i = 0; i < MAX_DRAFTS; i++)
		handle_free(&model->drafts[i].handle);
}

DraftModel *
draft_find(Session *session, int64_t id)
{
	for (int i = 0; i < MAX_DRAFTS; i++)
	{
		if (session->model.drafts[i].id == id)
			return &session->model.drafts[i];
	}
	return NULL;
}

void
draft_forget(Session *session, int64_t id)
{
	DraftModel *draft = id == 0 ? NULL : draft_find(session, id);

	if (draft != NULL)
	{
		draft->id = 0;
		handle_free(&draft->handle);
	}
}

void
draft_uncertain(Session *session, int64_t id)
{
	if (id == 0)
		return;
	json_array_append_new(session->uncertain, json_integer(id));
	draft_forget(session, id);
}

/* Return true if a draft is equal in two models. */
static bool
same_draft(const DraftModel *a, const DraftModel *b)
{
	return a->id == b->id && a->handle.parking == b->handle.parking;
}

/*
 * Forget the drafts and read flags that a commit whose answer was lost may have
 * changed.
 */
static void
model_after_lost_commit(Session *session)
{
	Model		before = {0};
	Model		after = {0};

	model_copy(&before, &session->saved[0]);
	model_copy(&after, &session->model);
	model_copy(&session->model, &before);
	for (int i = 0; i < MAX_DRAFTS; i++)
	{
		if (same_draft(&after.drafts[i], &before.drafts[i]))
			continue;
		draft_uncertain(session, before.drafts[i].id);
		draft_uncertain(session, after.drafts[i].id);
	}
	flags_uncertain(&after, &before);
	memcpy(session->model.flags, after.flags, sizeof(after.flags));
	model_copy(&session->saved[0], &session->model);
	model_free(&before);
	model_free(&after);
}

/* -------------------------------------------------------------- the record */

static void
write_record(Session *session, json_t *record)
{
	char	   *line = json_dumps(record, JSON_COMPACT);

	if (line == NULL || fputs(line, session->record) == EOF ||
		putc('\n', session->record) == EOF || fflush(session->record) != 0)
		die("could not write the record of session %d", session->number);
	free(line);
	json_decref(record);
}

void
note(Session *session, const Reply *reply, const char *what,
	 const char *answer, json_t *fields)
{
	char		error[8];

	if (fields == NULL)
		fields = json_object();
	if (reply->lost)
		answer = "lost";
	else if (reply->state[0] != '\0')
	{
		snprintf(error, sizeof(error), "!%s", reply->state);
		answer = error;
	}
	json_object_set_new(fields, "do", json_string(what));
	json_object_set_new(fields, "op", json_integer(session->op));
	json_object_set_new(fields, "answer", json_string(answer));
	json_object_set_new(fields, "from", json_integer(reply->from));
	json_object_set_new(fields, "to", json_integer(reply->to));
	if (session->in_transaction)
		json_object_set_new(fields, "txn", json_integer(session->transactions));
	write_record(session, fields);

	if (reply->lost)
		lose(session);
	else if (reply->state[0] != '\0')
		session->failed = session->in_transaction;
}

void
violation(Session *session, const char *fmt,...)
{
	char		text[1000];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	/* a character may have been cut in two */
	for (char *p = text; *p != '\0'; p++)
		*p = (signed char) *p < 0 ? '?' : *p;
	write_record(session, json_pack("{s:s, s:I, s:s, s:s}", "do", "violation",
									"op", (json_int_t) session->op,
									"kind", fmt, "text", text));
}

/* ------------------------------------------------------------- connections */

/* Ignore notices: that the server ends a session, above all. */
static void
ignore_notice(void *arg, const PGresult *result)
{
	(void) arg;
	(void) result;
}

/*
 * Return the seconds that a server may take to accept connections: the limit
 * of all tests for any wait.
 */
static int64_t
connect_seconds(void)
{
	const char *seconds = getenv("PG_TEST_TIMEOUT_DEFAULT");

	return seconds == NULL || atoi(seconds) <= 0 ? CONNECT_SECONDS :
		atoi(seconds);
}

/* Connect as soon as the server accepts connections; die() after the limit. */
static void
connect_session(Session *session)
{
	static const char *const levels[] = {
		"read committed", "repeatable read", "serializable"
	};
	const char *keywords[] = {"dbname", "application_name", NULL};
	const char *values[] = {session->conninfo, "checker", NULL};
	int64_t		deadline = now() + connect_seconds() * INT64_C(1000000);
	bool		ready = false;

	while (!ready)
	{
		char	   *setup = format("SET default_transaction_isolation = '%s'",
								   levels[random_below(&session->random, 3)]);

		session->conn = PQconnectdbParams(keywords, values, 1);
		if (PQstatus(session->conn) == CONNECTION_OK)
		{
			PGresult   *result = PQexec(session->conn, setup);

			ready = PQresultStatus(result) == PGRES_COMMAND_OK;
			PQclear(result);
		}
		free(setup);
		if (ready)
			break;
		if (now() > deadline)
			die("session %d: %s", session->number,
				PQerrorMessage(session->conn));
		PQfinish(session->conn);
		usleep(20000);
	}
	PQsetNoticeReceiver(session->conn, ignore_notice, NULL);
	shared->backend[session->number] =
		PQbackendPID(session->conn);
}

/* Take over that the connection broke: handles and transaction are gone. */
static void
lose(Session *session)
{
	shared->backend[session->number] = 0;
	PQfinish(session->conn);
	if (session->in_transaction)
		model_copy(&session->model, &session->saved[0]);
	for (int i = 0; i < MAX_HANDLES; i++)
		handle_free(&session->model.handles[i]);
	session->in_transaction = false;
	session->failed = false;
	session->ncreated = 0;
	connect_session(session);
}

void
session_begin(Session *session)
{
	session->uncertain = json_array();
	connect_session(session);
	write_record(session, json_pack("{s:s, s:i}", "do", "session", "number",
									session->number));
}

/* -------------------------------------------------------------- statements */

void
next_op(Session *session)
{
	session->op++;
	snprintf(session->actor, sizeof(session->actor), "%d-%lld",
			 session->number, (long long) session->op);
}

static void
keep_error(Reply *reply, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	/* an error without SQLSTATE comes from libpq, and 57P.. ends the session */
	if (state == NULL || strncmp(state, "57P", 3) == 0)
		reply->lost = true;
	else if (reply->state[0] == '\0')
	{
		snprintf(reply->state, sizeof(reply->state), "%s", state);
		snprintf(reply->message, sizeof(reply->message), "%s",
				 text == NULL ? "" : text);
	}
}

/*
 * Send and receive everything.  The tag of the last command goes to *tag,
 * which may be NULL.
 */
static void
exchange(Session *session, Reply *reply, const char *sql, char *tag)
{
	PGresult   *result;

	memset(reply, 0, sizeof(Reply));
	session->statements++;
	reply->from = now();
	if (PQsendQuery(session->conn, sql) == 0)
		reply->lost = true;
	while (!reply->lost && (result = PQgetResult(session->conn)) != NULL)
	{
		ExecStatusType status = PQresultStatus(result);

		if (tag != NULL)
			snprintf(tag, 32, "%s", PQcmdStatus(result));
		if (status == PGRES_TUPLES_OK && reply->nresults < MAX_RESULTS)
		{
			reply->results[reply->nresults++] = result;
			continue;
		}
		if (status == PGRES_FATAL_ERROR)
			keep_error(reply, result);
		PQclear(result);
	}
	if (PQstatus(session->conn) == CONNECTION_BAD)
		reply->lost = true;
	reply->to = now();
}

/* Return true for errors that any statement can meet beside other sessions. */
static bool
may_happen(const char *state)
{
	static const char *const states[] = {
		"40001",				/* serialization failure */
		"40P01",				/* deadlock */
		"55P03",				/* lock timeout */
		"57014"					/* cancelled */
	};

	for (size_t i = 0; i < lengthof(states); i++)
	{
		if (strcmp(states[i], state) == 0)
			return true;
	}
	return false;
}

bool
ask(Session *session, Reply *reply, const char *expected, char *sql)
{
	char	   *whole = format("SET msgstore.actor = '%s'; %s",
							   session->actor, sql);

	exchange(session, reply, whole, NULL);
	if (!reply->lost && reply->state[0] != '\0' && !may_happen(reply->state) &&
		(expected == NULL || strstr(expected, reply->state) == NULL))
		violation(session, "%.300s: %s %s", sql, reply->state, reply->message);
	free(whole);
	free(sql);
	return !reply->lost && reply->state[0] == '\0';
}

void
reply_end(Reply *reply)
{
	for (int i = 0; i < reply->nresults; i++)
		PQclear(reply->results[i]);
	reply->nresults = 0;
}

const char *
reply_text(const Reply *reply, int result, int column)
{
	if (result >= reply->nresults || PQntuples(reply->results[result]) == 0)
		return "";
	return PQgetvalue(reply->results[result], 0, column);
}

int64_t
reply_number(const Reply *reply, int result, int column)
{
	return strtoll(reply_text(reply, result, column), NULL, 10);
}

json_t *
reply_json(const Reply *reply, int result, int column)
{
	json_t	   *value = json_loads(reply_text(reply, result, column), 0,
									NULL);

	return value == NULL ? json_object() : value;
}

char *
quoted(Session *session, const char *text)
{
	char	   *escaped = PQescapeLiteral(session->conn, text, strlen(text));
	char	   *copy;

	if (escaped == NULL)
		die("%s", PQerrorMessage(session->conn));
	copy = format("%s", escaped);
	PQfreemem(escaped);
	return copy;
}

char *
quoted_json(Session *session, const json_t *value)
{
	char	   *text = json_dumps(value, JSON_COMPACT);
	char	   *result = quoted(session, text);

	free(text);
	return result;
}

/* ------------------------------------------------------------ transactions */

/* Send a statement that begins, divides or ends a transaction; record it. */
static bool
control(Session *session, Reply *reply, const char *what, int depth,
		char *sql, char *tag)
{
	json_t	   *fields = json_pack("{s:i}", "depth", depth);
	bool		done;

	exchange(session, reply, sql, tag);
	done = !reply->lost && reply->state[0] == '\0';
	if (!reply->lost && !done && !may_happen(reply->state))
		violation(session, "%s: %s %s", sql, reply->state, reply->message);
	if (reply->lost && strcmp(what, "commit") == 0)
		model_after_lost_commit(session);
	note(session, reply, what, "done", fields);
	reply_end(reply);
	free(sql);
	return done;
}

void
step_begin(Session *session)
{
	static const char *const levels[] = {
		"READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"
	};
	int			level = random_below(&session->random, 4);
	Reply		reply;

	next_op(session);
	session->transactions++;
	session->in_transaction = true;
	model_copy(&session->saved[0], &session->model);
	if (control(session, &reply, "begin", 0,
				format("BEGIN ISOLATION LEVEL %s%s", levels[level],
					   chance(&session->random, 15) ?
					   "; SET LOCAL lock_timeout = '25ms'" : ""), NULL))
	{
		session->own_snapshot = level >= 2;
		session->began = reply.from;
		session->savepoints = 0;
		session->ncreated = 0;
	}
	else if (session->conn != NULL)
	{
		/* cancelled before or after it took effect */
		session->failed = PQtransactionStatus(session->conn) != PQTRANS_IDLE;
		session->in_transaction = session->failed;
		session->savepoints = 0;
	}
}

static void
publish(int64_t message)
{
	if (message < 0)
	{
		for (int i = 0; i < shared->slots; i++)
			__sync_val_compare_and_swap(&shared->message[i], -message, 0);
		return;
	}
	for (int i = 0; i < shared->slots; i++)
	{
		if (shared->message[i] == 0 || shared->versions[i] > 80)
		{
			shared->versions[i] = 0;
			shared->missing[i] = 0;
			shared->message[i] = message;
			return;
		}
	}
}

void
created_message(Session *session, int64_t message)
{
	if (!session->in_transaction)
		publish(message);
	else if (session->ncreated < (int) lengthof(session->created))
		session->created[session->ncreated++] = message;
}

static void
commit(Session *session)
{
	char		tag[32] = "";
	Reply		reply;
	bool		was_failed = session->failed;

	if (control(session, &reply, "commit", 0, format("COMMIT"), tag))
	{
		if (strcmp(tag, "COMMIT") == 0 && !was_failed)
		{
			for (int i = 0; i < session->ncreated; i++)
				publish(session->created[i]);
		}
		else
			violation(session, "COMMIT answered %s", tag);
	}
	else if (session->in_transaction)
		model_copy(&session->model, &session->saved[0]);

	/* cancelled before it began: still there */
	session->in_transaction =
		PQtransactionStatus(session->conn) != PQTRANS_IDLE;
	session->failed = session->in_transaction;
}

static void
roll_back(Session *session)
{
	Reply		reply;

	if (control(session, &reply, "rollback", 0, format("ROLLBACK"), NULL))
	{
		model_copy(&session->model, &session->saved[0]);
		session->in_transaction = false;
		session->failed = false;
	}
}

static void
roll_back_to(Session *session)
{
	int			depth = 1 +
		random_below(&session->random, session->savepoints);
	Reply		reply;

	if (control(session, &reply, "rollback to", depth,
				format("ROLLBACK TO p%d", depth), NULL))
	{
		model_copy(&session->model, &session->saved[depth]);
		session->savepoints = depth;
		session->failed = false;
	}
}

static void
set_savepoint(Session *session)
{
	int			depth = session->savepoints + 1;
	Reply		reply;

	if (control(session, &reply, "savepoint", depth,
				format("SAVEPOINT p%d", depth), NULL))
	{
		model_copy(&session->saved[depth], &session->model);
		session->savepoints = depth;
	}
}

static void
release_savepoint(Session *session)
{
	int			depth = 1 +
		random_below(&session->random, session->savepoints);
	Reply		reply;

	if (control(session, &reply, "release", depth,
				format("RELEASE p%d", depth), NULL))
		session->savepoints = depth - 1;
}

void
step_in_failed(Session *session)
{
	next_op(session);
	if (session->savepoints > 0 && chance(&session->random, 70))
		roll_back_to(session);
	else
		roll_back(session);
}

/*
 * End or divide the transaction; return false if it was left as it is.
 */
bool
step_in_transaction(Session *session)
{
	int			dice = random_below(&session->random, 100);

	if (dice >= 30)
		return false;
	next_op(session);
	if (dice < 13)
		commit(session);
	else if (dice < 17)
		roll_back(session);
	else if (dice < 23 && session->savepoints < MAX_SAVEPOINTS)
		set_savepoint(session);
	else if (dice < 28 && session->savepoints > 0)
		roll_back_to(session);
	else if (session->savepoints > 0)
		release_savepoint(session);
	else
		return false;
	return true;
}

/*
 * End the transaction, and record the drafts that are there.
 */
void
session_end(Session *session)
{
	json_t	   *drafts = json_array();

	while (session->in_transaction)
	{
		next_op(session);
		if (session->failed)
			roll_back(session);
		else
			commit(session);
	}
	for (int i = 0; i < MAX_DRAFTS; i++)
	{
		const DraftModel *draft = &session->model.drafts[i];

		if (draft->id != 0)
			json_array_append_new(drafts,
								  json_pack("{s:I, s:I, s:I}",
											"id", (json_int_t) draft->id,
											"message",
											(json_int_t) draft->handle.message,
											"base",
											(json_int_t) draft->handle.base));
	}
	write_record(session, json_pack("{s:s, s:o, s:O}", "do", "end", "drafts",
									drafts, "uncertain", session->uncertain));
	model_free(&session->model);
	for (int i = 0; i <= MAX_SAVEPOINTS; i++)
		model_free(&session->saved[i]);
	for (int i = 0; i < shared->slots; i++)
		json_decref(session->tokens[i].view);
	json_decref(session->uncertain);
	json_decref(session->request.edits);
	PQfinish(session->conn);
	fclose(session->record);
}
