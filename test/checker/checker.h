/*-------------------------------------------------------------------------
 *
 * checker.h
 *	  What the files of the checker of histories share.
 *
 *	  The checker has two halves.  "checker run" lets many sessions work on a
 *	  few messages at random, and each writes down what it did and was
 *	  answered (workload.c, session.c).  "checker verify" reads that, reads the
 *	  stored chains, and proves that they agree (verify.c, judge.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef CHECKER_H
#define CHECKER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <libpq-fe.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

/* --------------------------------------------------------------- checker.c */

#define STORE_ID		1		/* the one store that all is done in */
#define MAX_SESSIONS	64

/* What the processes of a run share. */
typedef struct Shared
{
#define MAX_SLOTS		16
	int			slots;			/* how many messages to work on */
	int64_t		message[MAX_SLOTS]; /* and which; 0: none yet */
	int32_t		versions[MAX_SLOTS];	/* about how many each has */
	int32_t		missing[MAX_SLOTS]; /* whether somebody did not find it */
#define NUM_FOLDERS		4
	int64_t		folder[NUM_FOLDERS];
	int32_t		steps;			/* done by all sessions together */
	int32_t		backend[MAX_SESSIONS];	/* its sessions' processes */
} Shared;

extern Shared *shared;

/* printf() into memory of its own; what is called in a pinch, die()s. */
extern char *format(const char *fmt,...) __attribute__((format(printf, 1, 2)));
extern void die(const char *fmt,...)
			__attribute__((format(printf, 1, 2), noreturn));

/* Microseconds of a clock that all processes of this machine share. */
extern int64_t now(void);

/* ---------------------------------------------------------------- values.c */

typedef struct Random
{
	uint64_t	state;
} Random;

/* A number from 0 to n - 1; true in so many cases of a hundred. */
extern int	random_below(Random *random, int n);
extern bool chance(Random *random, int percent);

/* A patch of one to three properties, null deletes. */
extern json_t *random_patch(Random *random);

/* Names of one to three properties to delete, as a JSON array. */
extern json_t *random_names(Random *random);

/* Put a patch upon pending edits, as set_props() does. */
extern void edits_add(json_t *edits, const json_t *patch);

/* What a base becomes under edits. */
extern json_t *view_with(const json_t *base, const json_t *edits);

/*
 * What a message becomes when edits of a base are merged with what others made
 * of it; NULL where both changed the same recipient or attachment.
 */
extern json_t *merged_view(const json_t *base, const json_t *theirs,
						   const json_t *edits);

/* Whether a property is a list whose objects are merged one by one. */
extern bool is_list(const char *name);

/* What a client can change, out of everything that a message shows. */
extern json_t *content_of(const json_t *shown);

extern uint64_t content_hash(const json_t *content);

/* PidTagChangeNumber of what a message shows; 0: none. */
extern int64_t number_of(const json_t *shown);

/* Whether two contents are the same; if not, *where is what differs. */
extern bool same_content(const json_t *a, const json_t *b, const char **where);

/* --------------------------------------------------------------- session.c */

#define MAX_HANDLES		5
#define MAX_DRAFTS		4
#define MAX_SAVEPOINTS	3
#define MAX_RESULTS		3

/* A handle as its client thinks of it; number 0: none. */
typedef struct HandleModel
{
	int32_t		number;
	int64_t		message;
	bool		is_new;
	bool		writable;
	int64_t		base;			/* change number */
	json_t	   *view;			/* content of the base */
	json_t	   *edits;			/* pending; never changed in place */
	int64_t		folder;			/* of a new message */
	int64_t		draft;			/* where it was parked, or 0 */
	int64_t		parking;		/* and which time that was */
	bool		useless;		/* no save can succeed */
} HandleModel;

/* A parked draft; id 0: none. */
typedef struct DraftModel
{
	int64_t		id;
	HandleModel handle;			/* as it was when parked */
} DraftModel;

/* What follows a session's transaction. */
typedef struct Model
{
	HandleModel handles[MAX_HANDLES];
	DraftModel	drafts[MAX_DRAFTS];
} Model;

/* A version that was read: good or stale as a base. */
typedef struct Token
{
	int64_t		message;		/* 0: none */
	int64_t		number;
	json_t	   *view;
} Token;

typedef struct Session
{
	int			number;
	const char *conninfo;
	PGconn	   *conn;
	FILE	   *record;
	Random		random;
	int64_t		statements;		/* sent so far */
	int64_t		op;				/* of the running operation */
	char		actor[32];		/* its name: session-operation */

	Model		model;
	Token		tokens[MAX_SLOTS];
	int64_t		parkings;		/* so far */
	json_t	   *uncertain;		/* drafts that nobody can know of */

	int64_t		transactions;	/* begun so far */
	bool		in_transaction;
	bool		failed;			/* an error, and no rollback yet */
	bool		own_snapshot;	/* REPEATABLE READ or SERIALIZABLE */
	int64_t		began;
	int			savepoints;
	Model		saved[MAX_SAVEPOINTS + 1];	/* [0]: at BEGIN */
	int64_t		created[8];		/* messages to publish at commit */
	int			ncreated;
} Session;

/* What came of a statement, or of several sent together. */
typedef struct Reply
{
	bool		lost;			/* the connection broke: nobody knows */
	char		state[6];		/* SQLSTATE of an error, or "" */
	char		message[200];
	PGresult   *results[MAX_RESULTS];	/* of what returns rows */
	int			nresults;
	int64_t		from;			/* when it was sent and answered */
	int64_t		to;
} Reply;

extern void session_begin(Session *session);
extern void session_end(Session *session);

/* A new operation: from now on what is sent goes by its name. */
extern void next_op(Session *session);

/*
 * Send statements, as the running operation, and wait for all of their
 * answers.  True if none of them failed.  An error that is not among
 * "expected" (SQLSTATEs, or NULL), nor among those that any statement can
 * meet, is noted as a violation.
 */
extern bool ask(Session *session, Reply *reply, const char *expected,
				char *sql);
extern void reply_end(Reply *reply);

/* A field of a result of a reply. */
extern const char *reply_text(const Reply *reply, int result, int column);
extern int64_t reply_number(const Reply *reply, int result, int column);
extern json_t *reply_json(const Reply *reply, int result, int column);

/*
 * Write down an operation.  "fields" (consumed) is what it did; the name, the
 * transaction, the times and the answer are added: the given one, or, where
 * there was none, what went wrong.
 */
extern void note(Session *session, const Reply *reply, const char *what,
				 const char *answer, json_t *fields);
extern void violation(Session *session, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

/* A text as SQL, in memory of its own. */
extern char *quoted(Session *session, const char *text);
extern char *quoted_json(Session *session, const json_t *value);

/* Steps that begin, divide and end transactions. */
extern void step_begin(Session *session);
extern void step_in_failed(Session *session);
extern bool step_in_transaction(Session *session);

/* What a commit makes known, now or when it comes. */
extern void created_message(Session *session, int64_t message);

extern void handle_free(HandleModel *handle);
extern void handle_copy(HandleModel *to, const HandleModel *from);
extern DraftModel *draft_find(Session *session, int64_t id);
extern void draft_forget(Session *session, int64_t id);

/* Nobody knows whether the draft is there: an answer was lost. */
extern void draft_uncertain(Session *session, int64_t id);

/* -------------------------------------------------------------- workload.c */

extern void workload(Session *session, int steps);

/* ------------------------------------------------------------- stateless.c */

extern void do_read(Session *session);
extern void do_save_message(Session *session);
extern void do_resolve_message(Session *session);
extern void do_restore_version(Session *session);
extern void do_save_new_message(Session *session);
extern void do_delete(Session *session);
extern void do_hard_delete(Session *session);
extern void do_restore(Session *session);
extern void do_move(Session *session);

/* A slot's message; false where it has none. */
extern bool pick_message(Session *session, int *slot, int64_t *message);

/* Somebody did not find it: restore it some time. */
extern void is_missing(int64_t message);

/* A folder of the store; a save's change to the count of versions. */
extern int64_t pick_folder(Session *session);
extern void count_version(int64_t message);

/* Note that somebody was shown a version. */
extern void note_read(Session *session, const Reply *reply, int64_t message,
					  const json_t *shown, bool newest);

/* ---------------------------------------------------------------- verify.c */

extern int	verify(const char *conninfo, const char *directory);

#endif							/* CHECKER_H */
