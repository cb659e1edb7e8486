/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  One statement with its parameters: what the files of libmsgstore share.
 *	  Not installed.
 *
 * NOTES
 *	  A Params points to the texts and bytes it is given; they live until the
 *	  statement has run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef STATEMENT_H
#define STATEMENT_H

#include "libmsgstore.h"

/* OIDs of the parameters' types, fixed in every PostgreSQL */
#define BYTEAOID	17
#define INT8OID		20
#define INT4OID		23
#define TEXTOID		25
#define TEXTARRAYOID	1009
#define INT8ARRAYOID	1016
#define JSONBOID	3802

#define MAX_PARAMS	7

typedef struct Params
{
	int			n;
	Oid			types[MAX_PARAMS];
	const char *values[MAX_PARAMS];
	int			lengths[MAX_PARAMS];	/* of those in binary form */
	int			formats[MAX_PARAMS];	/* 0: text, 1: binary */
	char		numbers[MAX_PARAMS][24];
} Params;

/* Add a parameter; a value that is NULL is SQL's NULL. */
extern void ms_add_param(Params *params, Oid type, const char *value);
extern void ms_add_number(Params *params, Oid type, int64_t number);

/* The same, 0 standing for NULL. */
extern void ms_add_number_or_null(Params *params, Oid type, int64_t number);

/* The ids of a store and of something in it, as most calls begin. */
extern void ms_add_ids(Params *params, int64_t store_id, int64_t id);

/* Bytes, in binary form; at most INT_MAX of them. */
extern void ms_add_bytes(Params *params, const void *bytes, size_t len);

/*
 * Run a query.  Returns its result, which the caller clears; NULL after
 * keeping the error.
 */
extern PGresult *ms_run(msgstore *ms, const char *sql, const Params *params,
						bool binary);

/*
 * Run a statement that gives one row of numbers, and read the first n of its
 * columns; or one code or handle; or nothing (void); or one text, which the
 * caller frees.
 */
extern bool ms_run_for_numbers(msgstore *ms, const char *sql,
							   const Params *params, int64_t *numbers, int n);
extern bool ms_run_for_int32(msgstore *ms, const char *sql,
							 const Params *params, int32_t *number);
extern bool ms_run_for_nothing(msgstore *ms, const char *sql,
							   const Params *params);
extern char *ms_run_for_text(msgstore *ms, const char *sql,
							 const Params *params);

/*
 * Run a statement that gives one row of a result code and then numbers, of
 * which two may be asked for; NULL is for one that is not there, or not
 * wanted.
 */
extern bool ms_run_for_result(msgstore *ms, const char *sql,
							  const Params *params, int32_t *result,
							  int64_t *second, int64_t *third);

/* Keep an error of our own making, in constant memory; returns false. */
extern bool ms_own_error(msgstore *ms, const char *message);

#endif							/* STATEMENT_H */
