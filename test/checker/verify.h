/*-------------------------------------------------------------------------
 *
 * verify.h
 *	  What the verifying half of the checker knows: operations as they were
 *	  recorded, and changes as they are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "checker.h"

typedef enum Fate
{
	ROLLED_BACK,				/* no commit was sent, or it failed */
	COMMITTED,					/* and acknowledged */
	UNKNOWN						/* the answer was lost */
} Fate;

/* A transaction; an operation outside of one has one of its own. */
typedef struct Txn
{
	Fate		fate;
	int64_t		commit_from;	/* when the commit was sent and answered */
	int64_t		commit_to;
	struct Op  *first;			/* its operations, one after the other */
	struct Op  *last;
	const char *xid;			/* of its rows, or NULL */
	int			rows;
} Txn;

/* An operation as recorded. */
typedef struct Op
{
	int			session;
	int64_t		number;
	const char *what;			/* save, place, read ... */
	const char *mode;			/* of a save, or "" */
	const char *answer;
	json_t	   *fields;
	int64_t		from;
	int64_t		to;
	bool		undone;			/* by ROLLBACK TO */
	Txn		   *txn;
	int			rows;			/* stored changes of its name */
} Op;

/* A stored change, and the version that it made. */
typedef struct Row
{
	int64_t		message;
	int64_t		number;
	int64_t		previous;
	int64_t		base;
	int64_t		incarnation;
	const char *xid;
	char		kind;
	const char *actor;
	json_t	   *shown;			/* by message_at() */
	json_t	   *content;
	uint64_t	hash;
	Op		   *op;				/* or NULL */
	struct Row *next;			/* in its chain, or NULL */
} Row;

/* A message's current row. */
typedef struct Current
{
	int64_t		message;
	int64_t		number;
	bool		deleted;
	json_t	   *shown;			/* by read_message(), or NULL */
} Current;

typedef struct Evidence
{
	PGconn	   *conn;
	json_t	   *records;		/* arrays, one a session: the fields */
	Op		  **ops;			/* all, session by session */
	int			nops;
	Txn		  **txns;
	int			ntxns;
	json_t	   *drafts;			/* that are there, by id */
	json_t	   *uncertain;		/* that may be there, by id */
	PGresult   *change_rows;	/* owns the texts of rows */
	Row		   *rows;			/* by message and number */
	int			nrows;
	Current    *current;		/* by message */
	int			ncurrent;
	int			faults;
} Evidence;

/* ---------------------------------------------------------------- verify.c */

/* Say what does not fit. */
extern void fault(Evidence *evidence, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

extern int64_t op_number(const Op *op, const char *field);

/* Rows, or the end of the program. */
extern PGresult *evidence_query(Evidence *evidence, const char *sql);

/* What became of an operation's effect. */
extern Fate op_fate(const Op *op);

/* Whether it was answered with success, or that was lost. */
extern bool op_succeeded(const Op *op);

typedef enum Effect
{
	EFFECT_NONE,
	EFFECT_MAYBE,
	EFFECT_CERTAIN
} Effect;

/* Whether an operation, if it was not rolled back, changed a message. */
extern Effect op_effect(const Op *op, int64_t message);

/* Whether the transaction has changed the message, rolled back or not. */
extern bool txn_touched(const Txn *txn, int64_t message);

extern Row *find_row(const Evidence *evidence, int64_t message,
					 int64_t number);
extern const Current *find_current(const Evidence *evidence, int64_t message);

/* ----------------------------------------------------------------- judge.c */

/* The operation of a name, "session-number", or NULL; after judge_rows(). */
extern Op  *find_op(const Evidence *evidence, const char *name);

/* The stored chains: whole, and made of what was recorded. */
extern void judge_rows(Evidence *evidence);
extern void judge_chains(Evidence *evidence);

/* --------------------------------------------------------------- answers.c */

/* The answers: nothing missing, nothing refused without a reason. */
extern void judge_answers(Evidence *evidence);
extern void judge_transactions(Evidence *evidence);
extern void judge_numbers(Evidence *evidence);
extern void judge_drafts(Evidence *evidence);

#endif							/* VERIFY_H */
