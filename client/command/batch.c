/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  Saves mail in batches, while the command reads the next mail.
 *
 * NOTES
 *	  A batch is one transaction.  With libpq's pipeline mode (libpq 14) a mail
 *	  is sent as soon as it was read, and the answers are taken between two
 *	  mails, so that the command and the server work at one time.  The next
 *	  batch begins before the last one is committed: two batches are in flight.
 *	  Without that mode, a batch is sent when it is complete.
 *
 *	  A batch is in memory until it is committed.  If the server refuses a mail,
 *	  the pipeline is emptied, the transaction is rolled back, and the batches
 *	  that are not committed are saved one by one, without a pipeline; the
 *	  batch with the refused mail with a savepoint before every mail, so that
 *	  only the refused mails are left out.
 *
 *	  An error that concerns one mail, by its SQLSTATE, refuses the mail.  Any
 *	  other error (of the connection, the extension, the disk) ends the saving,
 *	  since the error would occur with every other mail, too.
 *
 *	  take_answer() checks every answer before the answer is read.  An answer in
 *	  another form ends the saving.
 *
 *	  The statement that saves a mail is prepared without a name within the
 *	  transaction, so that it needs no session of its own behind a pooler.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "batch.h"

#define BATCH_BYTES		((size_t) 16 * 1024 * 1024)
#define MAX_TRIES		5		/* of a batch after deadlocks and such */
#define IN_FLIGHT		2		/* batches that are not committed yet */

#define IMPORT_SQL \
	"SELECT msgstore.import_message($1, $2, $3, $4, $5, $6, $7, $8)"

typedef struct Batch
{
	GPtrArray  *mails;			/* of Mail * */
	size_t		bytes;
	bool		begun;			/* BEGIN was sent */
	guint		sent;			/* mails that were sent */
	bool		ended;			/* COMMIT was sent */
	guint		answers;		/* to BEGIN, PREPARE, the mails, COMMIT */
} Batch;

/* The outcome of a step. */
typedef enum Outcome
{
	DONE,
	REFUSED,					/* the server refuses this mail */
	AGAIN,						/* serialization failure or deadlock */
	STOP						/* any other error: ends the saving */
} Outcome;

/* The step that an attempt to save a batch has come to. */
typedef enum Step
{
	STEP_BEGIN,
	STEP_SAVE,
	STEP_COMMIT,
	STEP_ROLLBACK
} Step;

typedef struct Attempt
{
	bool		guarded;		/* with a savepoint before every mail */
	int			tries;
	Step		step;
	const Mail *mail;			/* the mail of STEP_SAVE */
	PGresult   *error;			/* or NULL: the connection has the error */
} Attempt;

struct Saver
{
	SaverOptions options;
	msgstore   *ms;
	PGconn	   *conn;
	GQueue	   *batches;		/* of Batch *, the oldest one first */
	unsigned	outstanding;	/* answers that are missing */
	bool		stopped;
};

/* ------------------------------------------------------------------ errors */

static void
mail_free_pointer(gpointer mail)
{
	mail_free(mail);
}

static Batch *
batch_new(void)
{
	Batch	   *batch = g_new0(Batch, 1);

	batch->mails = g_ptr_array_new_with_free_func(mail_free_pointer);
	return batch;
}

static void
batch_free(Batch *batch)
{
	g_ptr_array_free(batch->mails, TRUE);
	g_free(batch);
}

/* Return the error of an attempt, which has the memory. */
static msgstore_error
attempt_error(const Saver *saver, const Attempt *attempt)
{
	msgstore_error error = *msgstore_last_error(saver->ms);
	static const int fields[] = {
		PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL,
		PG_DIAG_MESSAGE_HINT, PG_DIAG_SQLSTATE
	};
	const char *texts[G_N_ELEMENTS(fields)];

	if (attempt->error == NULL)
		return error;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
	{
		texts[i] = PQresultErrorField(attempt->error, fields[i]);
		if (texts[i] == NULL)
			texts[i] = i == 0 ? PQresultErrorMessage(attempt->error) : "";
	}
	/* an answer without an error is one in another form */
	error.message = *texts[0] ? texts[0] :
		"the server's answer has an unexpected form";
	error.detail = texts[1];
	error.hint = texts[2];
	g_strlcpy(error.sqlstate, texts[3], sizeof(error.sqlstate));
	return error;
}

/* Set the error of an attempt, which then owns the result. */
static void
set_error(Attempt *attempt, PGresult *error)
{
	PQclear(attempt->error);
	attempt->error = error;
}

/*
 * Classify the error of an attempt by its SQLSTATE.  An error concerns one
 * mail, unless its class is one of those that concern all mails.
 */
static Outcome
error_kind(const Saver *saver, const Attempt *attempt)
{
	msgstore_error error = attempt_error(saver, attempt);
	static const char *const others[] = {
		"08",					/* connection */
		"25",					/* transaction state, read-only */
		"28",					/* authorization */
		"3D", "3F",				/* no such database, schema */
		"42",					/* no such function, no privilege */
		"53", "55", "57", "58"	/* resources, locks, operator, system */
	};

	if (*error.sqlstate == '\0' || !msgstore_connected(saver->ms))
		return STOP;
	if (strncmp(error.sqlstate, "40", 2) == 0)
		return AGAIN;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
	{
		if (strncmp(error.sqlstate, others[i], 2) == 0)
			return STOP;
	}
	/* MAPI_E_NO_ACCESS: the role may not write to the store */
	if (strcmp(error.sqlstate, "MA005") == 0)
		return STOP;
	return attempt->step == STEP_SAVE ? REFUSED : STOP;
}

/* Return the number of mails that are not committed. */
static unsigned
waiting(const Saver *saver)
{
	unsigned	n = 0;

	for (GList *l = saver->batches->head; l != NULL; l = l->next)
		n += ((Batch *) l->data)->mails->len;
	return n;
}

/* Print the error that ended the saving, and how far the saving has come. */
static void
stop(Saver *saver, const Attempt *attempt)
{
	static const char *const steps[] = {
		[STEP_BEGIN] = "could not begin a transaction",
		[STEP_COMMIT] = "could not commit",
		[STEP_ROLLBACK] = "could not roll back"
	};
	const Batch *oldest = g_queue_peek_head(saver->batches);
	const Mail *first = g_ptr_array_index(oldest->mails, 0);
	g_autofree char *where = show_safe(first->where);
	msgstore_error error = attempt_error(saver, attempt);

	saver->stopped = true;
	if (saver->options.terminal)
		print_end_progress();
	session_print_text(&error, attempt->step == STEP_SAVE && attempt->mail ?
					   attempt->mail->where : steps[attempt->step]);
	print_err("msgstore: stopped: %u messages are imported; "
			  "the %u from %s on are not%s\n",
			  *saver->options.imported, waiting(saver), where,
			  attempt->step == STEP_COMMIT ?
			  ", unless the server received the commit" : "");
}

/* -------------------------------------------------------- without pipeline */

/*
 * Read the answer to a mail: one row (result, message_id, change_number), in
 * binary form.  Returns false if the answer has another form.
 */
static bool
take_answer(Mail *mail, const PGresult *res)
{
	guint32		start[4];		/* count of columns; type, size, value */
	int32_t		code;

	if (PQntuples(res) != 1 || PQnfields(res) != 1 || PQfformat(res, 0) != 1 ||
		PQgetlength(res, 0, 0) < (int) sizeof(start))
		return false;
	memcpy(start, PQgetvalue(res, 0, 0), sizeof(start));
	if (ntohl(start[0]) != 3 || ntohl(start[2]) != sizeof(code))
		return false;
	code = (int32_t) ntohl(start[3]);
	g_clear_pointer(&mail->refused, g_free);
	if (code < 0)
		mail->refused = g_strdup(msgstore_result_name(code));
	return true;
}

/* Save a mail in pieces.  Returns false on error. */
static bool
save_large(Saver *saver, Mail *mail)
{
	const SaverOptions *options = &saver->options;
	int64_t		message_id = 0;
	int32_t		result;

	g_clear_pointer(&mail->refused, g_free);
	if (!large_save(saver->ms, options->store_id, options->folder_id,
					mail->large, &result, &message_id))
		return false;
	if (result < 0)
		mail->refused = g_strdup(msgstore_result_name(result));
	return result < 0 || mail->original == NULL ||
		large_put_original(saver->ms, options->store_id, message_id,
						   (char *) mail->original->data,
						   mail->original->len);
}

/* Save one mail, and set its reason if the server refuses the mail. */
static Outcome
save_one(Saver *saver, Attempt *attempt, Mail *mail)
{
	Params		params;
	PGresult   *res;
	bool		saved;
	Outcome		kind;

	set_error(attempt, NULL);
	if (mail->large != NULL)
		saved = save_large(saver, mail);
	else
	{
		params_fill(&params, &saver->options, mail);
		res = PQexecParams(saver->conn, IMPORT_SQL, N_PARAMS, params_types,
						   params.values, params.lengths, params_formats, 1);
		saved = PQresultStatus(res) == PGRES_TUPLES_OK &&
			take_answer(mail, res);
		if (saved)
			PQclear(res);
		else
			set_error(attempt, res);
	}
	kind = saved ? DONE : error_kind(saver, attempt);
	if (kind == REFUSED)
	{
		msgstore_error error = attempt_error(saver, attempt);

		g_free(mail->refused);
		mail->refused = g_strdup_printf("%s (SQLSTATE %s)%s%s", error.message,
										error.sqlstate,
										*error.detail ? " " : "",
										error.detail);
	}
	return kind;
}

/* Run a statement without a result.  Returns false on error. */
static bool
run(Saver *saver, Attempt *attempt, const char *sql)
{
	set_error(attempt, NULL);
	return msgstore_execute(saver->ms, sql);
}

/* Save one mail in a savepoint of its own; a refusal is an outcome, too. */
static Outcome
save_guarded(Saver *saver, Attempt *attempt, Mail *mail)
{
	Outcome		outcome;

	if (!run(saver, attempt, "SAVEPOINT message"))
		return STOP;
	outcome = save_one(saver, attempt, mail);
	if (outcome == REFUSED)
	{
		if (!run(saver, attempt, "ROLLBACK TO SAVEPOINT message"))
			return STOP;
		outcome = DONE;
	}
	if (outcome == DONE &&
		!run(saver, attempt, "RELEASE SAVEPOINT message"))
		return STOP;
	return outcome;
}

/*
 * Save the batch in one transaction.  Unless guarded, the first refused mail
 * ends the attempt.  After any outcome but DONE nothing is stored, the attempt
 * has the step that failed, and the caller rolls back.
 */
static Outcome
try_batch(Saver *saver, Attempt *attempt, const Batch *batch)
{
	attempt->step = STEP_BEGIN;
	if (!run(saver, attempt, "BEGIN"))
		return error_kind(saver, attempt) == AGAIN ? AGAIN : STOP;

	attempt->step = STEP_SAVE;
	for (guint i = 0; i < batch->mails->len; i++)
	{
		Mail	   *mail = g_ptr_array_index(batch->mails, i);
		Outcome		outcome;

		attempt->mail = mail;
		outcome = attempt->guarded ? save_guarded(saver, attempt, mail) :
			save_one(saver, attempt, mail);
		if (outcome != DONE)
			return outcome;
	}

	attempt->step = STEP_COMMIT;
	if (!run(saver, attempt, "COMMIT"))
		return error_kind(saver, attempt) == AGAIN ? AGAIN : STOP;
	return DONE;
}

/* Report a batch that was committed, and forget it. */
static void
finish_batch(Saver *saver)
{
	Batch	   *batch = g_queue_pop_head(saver->batches);

	saver->options.saved(batch->mails, saver->options.arg);
	batch_free(batch);
}

/*
 * Save the oldest batch without a pipeline, in as many attempts as needed.
 * "outcome" is that of an earlier attempt, or DONE.  Returns false if an error
 * ends the saving.
 */
static bool
save_batch(Saver *saver, Attempt *attempt, Outcome outcome)
{
	const Batch *batch = g_queue_peek_head(saver->batches);
	bool		saved = false;

	while (!saved)
	{
		switch (outcome)
		{
			case DONE:
				break;
			case REFUSED:
				attempt->guarded = true;
				break;
			case AGAIN:
				if (++attempt->tries >= MAX_TRIES)
					outcome = STOP;
				break;
			case STOP:
				break;
		}
		if (outcome != DONE && outcome != STOP &&
			PQtransactionStatus(saver->conn) != PQTRANS_IDLE)
		{
			attempt->step = STEP_ROLLBACK;
			if (!run(saver, attempt, "ROLLBACK"))
				outcome = STOP;
		}
		if (outcome == STOP)
		{
			stop(saver, attempt);
			break;
		}
		outcome = try_batch(saver, attempt, batch);
		saved = outcome == DONE;
	}
	set_error(attempt, NULL);
	if (saved)
		finish_batch(saver);
	return saved;
}

/* Save all batches without a pipeline. */
static bool
save_batches(Saver *saver)
{
	while (!g_queue_is_empty(saver->batches))
	{
		Attempt		attempt = {.guarded = false};

		if (!save_batch(saver, &attempt, DONE))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- pipeline */

#ifdef LIBPQ_HAS_PIPELINING

/* Send one command of a batch. */
static bool
send_command(Saver *saver, const char *sql)
{
	saver->outstanding++;
	return PQsendQueryParams(saver->conn, sql, 0, NULL, NULL, NULL, NULL,
							 0) == 1;
}

static bool
begin_batch(Saver *saver, Batch *batch)
{
	batch->begun = true;
	if (!send_command(saver, "BEGIN"))
		return false;
	saver->outstanding++;
	return PQsendPrepare(saver->conn, "", IMPORT_SQL, N_PARAMS,
						 params_types) == 1;
}

/* End a batch; without mails, or to end the pipeline, without a commit. */
static bool
end_batch(Saver *saver, Batch *batch, bool commit)
{
	batch->ended = true;
	if (commit && !send_command(saver, "COMMIT"))
		return false;
	saver->outstanding++;
	return PQpipelineSync(saver->conn) == 1;
}

/*
 * Send mails of the newest batch, as many as the connection takes now.
 * Returns false if the connection is broken.
 */
static bool
send_mails(Saver *saver)
{
	Batch	   *batch = g_queue_peek_tail(saver->batches);
	int			full = PQflush(saver->conn);

	while (batch != NULL && full == 0 && batch->sent < batch->mails->len)
	{
		Params		params;

		if (!batch->begun && !begin_batch(saver, batch))
			return false;
		params_fill(&params, &saver->options,
					g_ptr_array_index(batch->mails, batch->sent++));
		saver->outstanding++;
		if (PQsendQueryPrepared(saver->conn, "", N_PARAMS, params.values,
								params.lengths, params_formats, 1) != 1)
			return false;
		full = PQflush(saver->conn);
	}
	return full >= 0;
}

/* Set the step of an attempt to that of the next answer. */
static void
find_step(const Saver *saver, Attempt *attempt)
{
	const Batch *batch = g_queue_peek_head(saver->batches);
	guint		n = batch->answers;

	attempt->mail = n >= 2 && n - 2 < batch->mails->len ?
		g_ptr_array_index(batch->mails, n - 2) : NULL;
	attempt->step = n < 2 ? STEP_BEGIN : attempt->mail ? STEP_SAVE :
		STEP_COMMIT;
}

/*
 * Take an answer for the oldest batch.  Returns false, and sets the attempt's
 * error and step, if the answer is an error.
 */
static bool
take_result(Saver *saver, Attempt *attempt, PGresult *res)
{
	Batch	   *batch = g_queue_peek_head(saver->batches);
	ExecStatusType status = PQresultStatus(res);
	guint		n = batch->answers;

	saver->outstanding--;
	find_step(saver, attempt);
	if (status == PGRES_PIPELINE_SYNC && batch->ended &&
		n == batch->mails->len + 3)
	{
		PQclear(res);
		finish_batch(saver);
		return true;
	}
	batch->answers++;
	if (status == (attempt->mail ? PGRES_TUPLES_OK : PGRES_COMMAND_OK) &&
		(attempt->mail == NULL ||
		 take_answer(g_ptr_array_index(batch->mails, n - 2), res)))
	{
		PQclear(res);
		return true;
	}
	set_error(attempt, res);
	return false;
}

/* Return true if the end of the oldest batch was sent. */
static bool
is_ended(const Saver *saver)
{
	const Batch *batch = g_queue_peek_head(saver->batches);

	return batch != NULL && batch->ended;
}

/*
 * Send and take what can be sent and taken without waiting.  Returns false on
 * error.
 */
static bool
move_on(Saver *saver, Attempt *attempt)
{
	bool		ok = send_mails(saver) && PQconsumeInput(saver->conn) == 1;

	while (ok && saver->outstanding > 0 && !PQisBusy(saver->conn))
	{
		PGresult   *res = PQgetResult(saver->conn);

		/* NULL ends the answers to one command */
		if (res != NULL)
			ok = take_result(saver, attempt, res);
		else if (PQstatus(saver->conn) != CONNECTION_OK)
			ok = false;
	}
	/* a server that has answered more than it was asked will say no more */
	return ok && (saver->outstanding > 0 || !is_ended(saver));
}

/* Wait until the server has sent something, or the connection takes more. */
static void
wait_for_server(Saver *saver)
{
	const Batch *batch = g_queue_peek_tail(saver->batches);
	struct pollfd fd = {PQsocket(saver->conn), POLLIN, 0};

	if (PQflush(saver->conn) == 1)
		fd.events |= POLLOUT;
	else if (batch->sent < batch->mails->len)
		return;
	(void) poll(&fd, 1, -1);	/* after a signal, the caller calls again */
}

/* Empty the pipeline after an error, and end it. */
static void
drain(Saver *saver)
{
	Batch	   *newest = g_queue_peek_tail(saver->batches);
	int			nulls = 0;		/* two of these end all answers */

	PQsetnonblocking(saver->conn, 0);
	if (newest->begun && !newest->ended)
		(void) end_batch(saver, newest, false);
	while (saver->outstanding > 0 && nulls < 2 &&
		   PQstatus(saver->conn) == CONNECTION_OK)
	{
		PGresult   *res = PQgetResult(saver->conn);

		nulls = res == NULL ? nulls + 1 : 0;
		if (res != NULL)
			saver->outstanding--;
		PQclear(res);
	}
	saver->outstanding = 0;
	(void) PQexitPipelineMode(saver->conn);
}

static bool
enter_pipeline(Saver *saver)
{
	return PQenterPipelineMode(saver->conn) == 1 &&
		PQsetnonblocking(saver->conn, 1) == 0;
}

/* Save the batches that are not committed after an error in the pipeline. */
static bool
recover(Saver *saver, Attempt *attempt)
{
	Outcome		kind;

	/* a connection that broke before any answer has its error itself */
	if (attempt->error == NULL)
		find_step(saver, attempt);
	if (attempt->error == NULL)
		attempt->error = PQmakeEmptyPGresult(saver->conn, PGRES_FATAL_ERROR);
	kind = error_kind(saver, attempt);
	/* the rest of the answers does not matter if the saving ends */
	if (kind != STOP)
		drain(saver);
	saver->stopped = !(save_batch(saver, attempt, kind) &&
					   save_batches(saver) && enter_pipeline(saver));
	return !saver->stopped;
}

/* Go on until at most "most" batches are in flight. */
static bool
wait_for_batches(Saver *saver, guint most)
{
	Attempt		attempt = {.guarded = false};

	while (g_queue_get_length(saver->batches) > most)
	{
		if (!move_on(saver, &attempt))
			return recover(saver, &attempt);
		if (g_queue_get_length(saver->batches) > most)
			wait_for_server(saver);
	}
	return true;
}

/* Send what the connection takes, without waiting. */
static bool
pump(Saver *saver)
{
	Attempt		attempt = {.guarded = false};

	return move_on(saver, &attempt) || recover(saver, &attempt);
}

/* Send the rest of the newest batch, and its end. */
static bool
send_rest(Saver *saver)
{
	Batch	   *batch = g_queue_peek_tail(saver->batches);
	Attempt		attempt = {.guarded = false};

	while (batch->sent < batch->mails->len)
	{
		if (!move_on(saver, &attempt))
			return recover(saver, &attempt);
		if (batch->sent < batch->mails->len)
			wait_for_server(saver);
	}
	if (!end_batch(saver, batch, true))
		return recover(saver, &attempt);
	return pump(saver);
}

/* Save the oldest batch without a pipeline; there is no other batch. */
static bool
save_alone(Saver *saver)
{
	bool		ok;

	PQsetnonblocking(saver->conn, 0);
	ok = PQexitPipelineMode(saver->conn) == 1 && save_batches(saver) &&
		enter_pipeline(saver);
	saver->stopped = !ok;
	return ok;
}

#else							/* without pipeline mode, wait for batches */

static bool
enter_pipeline(Saver *saver)
{
	(void) saver;
	return true;
}

static bool
wait_for_batches(Saver *saver, guint most)
{
	if (g_queue_get_length(saver->batches) > most)
		saver->stopped = !save_batches(saver);
	return !saver->stopped;
}

static bool
pump(Saver *saver)
{
	(void) saver;
	return true;
}

static bool
send_rest(Saver *saver)
{
	return wait_for_batches(saver, 0);
}

static bool
save_alone(Saver *saver)
{
	return wait_for_batches(saver, 0);
}

#endif							/* LIBPQ_HAS_PIPELINING */

/* --------------------------------------------------------------- the saver */

Saver *
saver_new(msgstore *ms, const SaverOptions *options)
{
	Saver	   *saver = g_new0(Saver, 1);

	saver->options = *options;
	saver->ms = ms;
	saver->conn = msgstore_connection(ms);
	saver->batches = g_queue_new();
	saver->stopped = !enter_pipeline(saver);
	return saver;
}

/* Return true if the newest batch is still being filled. */
static bool
is_open(const Saver *saver)
{
	const Batch *batch = g_queue_peek_tail(saver->batches);

	return batch != NULL && !batch->ended;
}

bool
saver_add(Saver *saver, Mail *mail)
{
	Batch	   *batch;

	/* a mail in pieces is a batch of its own, after all others */
	if (!saver->stopped && mail->large != NULL && saver_finish(saver))
	{
		batch = batch_new();
		g_ptr_array_add(batch->mails, mail);
		g_queue_push_tail(saver->batches, batch);
		return save_alone(saver);
	}
	if (saver->stopped)
	{
		mail_free(mail);
		return false;
	}
	if (!is_open(saver))
		g_queue_push_tail(saver->batches, batch_new());
	batch = g_queue_peek_tail(saver->batches);
	g_ptr_array_add(batch->mails, mail);
	batch->bytes += mail->bytes;
	if (batch->mails->len >= saver->options.batch ||
		batch->bytes >= BATCH_BYTES)
		return send_rest(saver) && wait_for_batches(saver, IN_FLIGHT - 1);
	return pump(saver);
}

bool
saver_finish(Saver *saver)
{
	if (!saver->stopped && is_open(saver))
		(void) send_rest(saver);
	return !saver->stopped && wait_for_batches(saver, 0);
}

void
saver_free(Saver *saver)
{
	while (!g_queue_is_empty(saver->batches))
		batch_free(g_queue_pop_head(saver->batches));
	g_queue_free(saver->batches);
	g_free(saver);
}
