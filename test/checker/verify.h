/*-------------------------------------------------------------------------
 *
 * verify.h
 *	  Declarations of the verifying half of the checker: operations as they
 *	  were recorded, and changes as they are stored.
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

/* A transaction; an operation outside of one is a transaction by itself. */
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
	const char *mode;			/* mode of a save, or "" */
	const char *answer;
	json_t	   *fields;
	int64_t		from;
	int64_t		to;
	bool		undone;			/* by ROLLBACK TO */
	Txn		   *txn;
	int			rows;			/* number of changes that bear its name */
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
	json_t	   *records;		/* one array per session: the fields */
	Op		  **ops;			/* all, session by session */
	int			nops;
	Txn		  **txns;
	int			ntxns;
	json_t	   *drafts;			/* that are there, by id */
	json_t	   *uncertain;		/* that may be there, by id */
	PGresult   *change_rows;	/* holds the texts of rows */
	Row		   *rows;			/* by message and number */
	int			nrows;
	Current    *current;		/* by message */
	int			ncurrent;
	int			faults;
} Evidence;

/* ---------------------------------------------------------------- verify.c */

/* Print a fault, and count it. */
extern void fault(Evidence *evidence, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

extern int64_t op_number(const Op *op, const char *field);

/*
 * Return the fields of the part of an operation that is about a message: of
 * the item, if the operation saves many messages, else of the operation.
 * Returns NULL if no item is about the message.
 */
extern json_t *op_fields(const Op *op, int64_t message);

extern int64_t fields_number(const json_t *fields, const char *field);

/* Return the rows of a query; die() on failure. */
extern PGresult *evidence_query(Evidence *evidence, const char *sql);

/* Return if the effect of an operation was committed. */
extern Fate op_fate(const Op *op);

/* Return true if the answer was a success, or was lost. */
extern bool op_succeeded(const Op *op);

typedef enum Effect
{
	EFFECT_NONE,
	EFFECT_MAYBE,
	EFFECT_CERTAIN
} Effect;

/* Return if an operation, unless it was rolled back, changed a message. */
extern Effect op_effect(const Op *op, int64_t message);

/* Return true if a transaction changed a message, rolled back or not. */
extern bool txn_touched(const Txn *txn, int64_t message);

extern Row *find_row(const Evidence *evidence, int64_t message,
					 int64_t number);
extern const Current *find_current(const Evidence *evidence, int64_t message);

/* ----------------------------------------------------------------- judge.c */

/*
 * Return the operation of a name, "session-number", or NULL.  The operations
 * are in order after judge_rows().
 */
extern Op  *find_op(const Evidence *evidence, const char *name);

/* Return the folder in which a version stood. */
extern int64_t row_folder(const Row *row);

/* Judge the stored chains: whole, and made of recorded operations. */
extern void judge_rows(Evidence *evidence);
extern void judge_chains(Evidence *evidence);

/* --------------------------------------------------------------- answers.c */

/* Judge the answers: nothing is missing, no refusal is without a reason. */
extern void judge_answers(Evidence *evidence);
extern void judge_transactions(Evidence *evidence);
extern void judge_numbers(Evidence *evidence);
extern void judge_drafts(Evidence *evidence);

/* ---------------------------------------------------------------- rights.c */

/* Judge the saves of the guest by the rights that were granted and revoked. */
extern void judge_rights(Evidence *evidence);

#endif							/* VERIFY_H */
