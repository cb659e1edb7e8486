/*-------------------------------------------------------------------------
 *
 * checker.h
 *	  Declarations shared by the files of the checker of histories.
 *
 *	  The checker has two halves.  In "checker run" many sessions work on a few
 *	  messages at random, and each records its operations and their answers
 *	  (workload.c, session.c).  "checker verify" reads the records and the
 *	  stored chains, and proves that they agree (verify.c, judge.c, answers.c).
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

#define STORE_ID		1		/* the only store */
#define MAX_SESSIONS	64

/* The memory shared by the processes of a run. */
typedef struct Shared
{
#define MAX_SLOTS		16
	int			slots;			/* number of messages to work on */
	int64_t		message[MAX_SLOTS]; /* their ids; 0: not made yet */
	int32_t		versions[MAX_SLOTS];	/* about how many versions each has */
	int32_t		missing[MAX_SLOTS]; /* 1 if a session did not find it */
#define NUM_FOLDERS		4
	int64_t		folder[NUM_FOLDERS];
	int32_t		steps;			/* done by all sessions together */
	int32_t		backend[MAX_SESSIONS];	/* process ids of backends */
} Shared;

extern Shared *shared;

/* printf() into malloc'd memory; die() on failure. */
extern char *format(const char *fmt,...) __attribute__((format(printf, 1, 2)));
extern void die(const char *fmt,...)
			__attribute__((format(printf, 1, 2), noreturn));

/* Return microseconds of a clock that all processes of this machine share. */
extern int64_t now(void);

/* ---------------------------------------------------------------- values.c */

typedef struct Random
{
	uint64_t	state;
} Random;

/* Return a number from 0 to n - 1; return true in so many percent of calls. */
extern int	random_below(Random *random, int n);
extern bool chance(Random *random, int percent);

/* Return a patch of one to three properties; null deletes. */
extern json_t *random_patch(Random *random);

/* The property with a text of several lines, for merges line by line. */
#define LINES_PROPERTY	"PR_COMMENT"

/* Return a patch that changes one line of that text of a view. */
extern json_t *random_line(Random *random, const json_t *view);

/* Return three such texts merged, or NULL if a line is in conflict. */
extern json_t *merged_lines(const json_t *base, const json_t *theirs,
							const json_t *yours);

/* Return the names of one to three properties to delete, as a JSON array. */
extern json_t *random_names(Random *random);

/* Add a patch to pending edits, as set_props() does. */
extern void edits_add(json_t *edits, const json_t *patch);

/* Return a base with edits applied. */
extern json_t *view_with(const json_t *base, const json_t *edits);

/*
 * Return the message that results when edits of a base are merged with what
 * others have made of the base, by the rule of merging in src/README.md.
 * Returns NULL if both sides changed one recipient or attachment; the caller
 * checks the other units.
 */
extern json_t *merged_view(const json_t *base, const json_t *theirs,
						   const json_t *edits);

/* Return true if a property is a list whose objects are merged one by one. */
extern bool is_list(const char *name);

/* Return the properties that a client can change, of all that are shown. */
extern json_t *content_of(const json_t *shown);

extern uint64_t content_hash(const json_t *content);

/* Return the PidTagChangeNumber of a shown message; 0: it has none. */
extern int64_t number_of(const json_t *shown);

/* Return true if two contents are equal; else *where names a difference. */
extern bool same_content(const json_t *a, const json_t *b, const char **where);

/* --------------------------------------------------------------- session.c */

#define MAX_HANDLES		5
#define MAX_DRAFTS		4
#define MAX_SAVEPOINTS	3
#define MAX_RESULTS		3

/* The model of a handle; number 0: no handle. */
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
	int64_t		parking;		/* number of that parking */
	bool		useless;		/* no save can succeed */
	bool		claimed;		/* the base may never have been committed */
} HandleModel;

/* The model of a parked draft; id 0: no draft. */
typedef struct DraftModel
{
	int64_t		id;
	HandleModel handle;			/* as it was when parked */
} DraftModel;

/* The read flag of a session's own user on a message. */
typedef enum Flag
{
	FLAG_UNREAD,
	FLAG_READ,
	FLAG_UNKNOWN				/* an answer was lost */
} Flag;

typedef struct FlagModel
{
	int64_t		message;		/* 0: no message */
	Flag		flag;
} FlagModel;

/* The part of a session's model that follows its transaction. */
typedef struct Model
{
	HandleModel handles[MAX_HANDLES];
	DraftModel	drafts[MAX_DRAFTS];
#define MAX_FLAGS	64
	FlagModel	flags[MAX_FLAGS];
} Model;

/* A save that named a request, to be repeated. */
typedef struct Request
{
	int64_t		message;		/* 0: no request */
	int64_t		base;
	json_t	   *edits;
	char		name[48];
	bool		known;			/* the answer was S_OK, and is not lost */
	int64_t		number;			/* that was answered */
} Request;

/* A version that was read, current or stale. */
typedef struct Token
{
	int64_t		message;		/* 0: no version */
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
	json_t	   *uncertain;		/* drafts that may be there or not */
	Request		request;

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

/* The answer to a statement, or to several sent together. */
typedef struct Reply
{
	bool		lost;			/* the connection broke before an answer */
	char		state[6];		/* SQLSTATE of an error, or "" */
	char		message[200];
	PGresult   *results[MAX_RESULTS];	/* of statements that return rows */
	int			nresults;
	int64_t		from;			/* when it was sent and answered */
	int64_t		to;
} Reply;

extern void session_begin(Session *session);
extern void session_end(Session *session);

/* Begin a new operation, under whose name the next statements are sent. */
extern void next_op(Session *session);

/*
 * Send statements, as the running operation, and wait for all of their
 * answers.  Frees "sql".  Returns true if no statement failed.  An error that
 * is not among "expected" (SQLSTATEs, or NULL), nor among those that any
 * statement can meet, is recorded as a violation.
 */
extern bool ask(Session *session, Reply *reply, const char *expected,
				char *sql);
extern void reply_end(Reply *reply);

/* Return a field of a result of a reply. */
extern const char *reply_text(const Reply *reply, int result, int column);
extern int64_t reply_number(const Reply *reply, int result, int column);
extern json_t *reply_json(const Reply *reply, int result, int column);

/*
 * Record an operation.  "fields" (consumed, may be NULL) describes it; name,
 * transaction, times and answer are added.  The answer is the given one, or
 * the error, or "lost".
 */
extern void note(Session *session, const Reply *reply, const char *what,
				 const char *answer, json_t *fields);
extern void violation(Session *session, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

/* Return a text as a literal of SQL, in malloc'd memory. */
extern char *quoted(Session *session, const char *text);
extern char *quoted_json(Session *session, const json_t *value);

/*
 * Steps that begin, divide and end transactions.  step_in_transaction()
 * returns false if the step was left to an operation in the transaction.
 */
extern void step_begin(Session *session);
extern void step_in_failed(Session *session);
extern bool step_in_transaction(Session *session);

/*
 * Make a new message known to all sessions, now or at the commit; a negative
 * id takes the message away.
 */
extern void created_message(Session *session, int64_t message);

extern void handle_free(HandleModel *handle);
extern void handle_copy(HandleModel *to, const HandleModel *from);
extern DraftModel *draft_find(Session *session, int64_t id);
extern void draft_forget(Session *session, int64_t id);

/* Record that a draft may be there or not, as an answer was lost. */
extern void draft_uncertain(Session *session, int64_t id);

/* -------------------------------------------------------------- workload.c */

/* Return the fields of a save of a handle's view. */
extern json_t *handle_save(const HandleModel *handle, const char *mode);

/* Return a draft of the session, or NULL. */
extern DraftModel *pick_draft(Session *session);

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

/* ------------------------------------------------------------------ bulk.c */

#define MAX_ITEMS		3		/* messages of one call */

extern void do_save_messages(Session *session);
extern void do_copy(Session *session);
extern void do_merge_lines(Session *session);
extern void do_request(Session *session);
extern void do_blob(Session *session);
extern void do_park_message(Session *session);
extern void do_resolve_parked(Session *session);

/* ------------------------------------------------------------------ team.c */

#define GUEST			"checker_guest" /* a role with rights in folders */

extern void do_read_flag(Session *session);
extern void do_look_at_flag(Session *session);
extern void do_grant(Session *session);
extern void do_guest_save(Session *session);

/* Take over that flags may have been set or not, as an answer was lost. */
extern void flags_uncertain(Model *model, const Model *before);

/* -------------------------------------------------------------- stateless.c */

/* Set a slot and its message; return false if the slot has no message. */
extern bool pick_message(Session *session, int *slot, int64_t *message);

/* Record that a message was not found, so that some session restores it. */
extern void is_missing(int64_t message);

/* Return a folder of the store; count a version of a message. */
extern int64_t pick_folder(Session *session);
extern void count_version(int64_t message);

/* Return the version that was read last of some message, or NULL. */
extern Token *pick_token(Session *session);
extern void set_token(Token *token, int64_t message, int64_t number,
					  json_t *view);

/* Return the fields of a save over a version that was read. */
extern json_t *token_save(const Token *token, const char *mode, json_t *edits);

/*
 * Record a save and its answer, of which the given column is the number.  If
 * that version holds what the save wrote ("follow"), the token moves to it half
 * of the time, and becomes stale otherwise.
 */
extern void note_save(Session *session, Reply *reply, Token *token,
					  json_t *fields, int column, bool follow);

/* Record that the session was shown a version; newest: the newest one. */
extern void note_read(Session *session, const Reply *reply, int64_t message,
					  const json_t *shown, bool newest);

/* ---------------------------------------------------------------- verify.c */

extern int	verify(const char *conninfo, const char *directory);

#endif							/* CHECKER_H */
