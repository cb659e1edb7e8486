/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  One statement with its parameters, for the files of libmsgstore.  Not
 *	  installed.
 *
 * NOTES
 *	  A Params points to the caller's texts and bytes, which must stay until
 *	  the statement has run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef STATEMENT_H
#define STATEMENT_H

#include "libmsgstore.h"

/* OIDs of the types of parameters; they are fixed in every PostgreSQL */
#define BOOLOID		16
#define BYTEAOID	17
#define NAMEOID		19
#define INT8OID		20
#define INT4OID		23
#define TEXTOID		25
#define JSONOID		114
#define TEXTARRAYOID	1009
#define INT8ARRAYOID	1016
#define VOIDOID		2278
#define JSONBOID	3802

#define MAX_PARAMS	10
#define MAX_COLUMNS	10

typedef struct Params
{
	int			n;
	Oid			types[MAX_PARAMS];
	const char *values[MAX_PARAMS];
	int			lengths[MAX_PARAMS];	/* of values in binary form */
	int			formats[MAX_PARAMS];	/* 0: text, 1: binary */
	char		numbers[MAX_PARAMS][24];
} Params;

/* ------------------------------------------------------------- statement.c */

/*
 * Add a parameter, as text; NULL stands for SQL's NULL.  There may be
 * MAX_PARAMS of them.
 */
extern void ms_add_param(Params *params, Oid type, const char *value);
extern void ms_add_number(Params *params, Oid type, int64_t number);

/* Add a number, or SQL's NULL if the number is 0. */
extern void ms_add_number_or_null(Params *params, Oid type, int64_t number);

/* Add the ids of a store and of a message or folder in the store. */
extern void ms_add_ids(Params *params, int64_t store_id, int64_t id);

/* Add bytes, in binary form; at most INT_MAX of them. */
extern void ms_add_bytes(Params *params, const void *bytes, size_t len);

/*
 * Run a query, and check its answer against a form.  Returns the result, which
 * the caller clears; NULL on error, with the last error set.
 *
 * A form is a text.  Its first character is the number of rows: '1' for one
 * row, '?' for at most one, '*' for any number.  A letter per column follows,
 * and after the letter '?' if the column may be NULL:
 *
 *	t	a text (or a name)
 *	j	JSON
 *	n	a number from 0 to below 2^53
 *	b	a boolean, "t" or "f"
 *	v	void
 *	R	a 32-bit number: a result code, a handle
 *	N	as n
 *	X	bytes
 *
 * Small letters ask for the answer in text form, capitals in binary form; a
 * form has only small letters or only capitals.
 */
extern PGresult *ms_run(msgstore *ms, const char *form, const char *sql,
						const Params *params);

/*
 * Send a statement in pipeline mode, and receive its answer as ms_run() does,
 * up to the mark that ends it.
 */
extern bool ms_send(msgstore *ms, const char *form, const char *sql,
					const Params *params);
extern PGresult *ms_receive(msgstore *ms, const char *form, const char *sql);

/*
 * The rows of a list: the size of the list's structure and of one row, and for
 * each column of the query the place of its member in the row.  A member is a
 * bool for "b", an int64_t for "n" and a const char * for other columns.
 */
typedef struct ListShape
{
	size_t		list_size;
	size_t		row_size;
	size_t		members[MAX_COLUMNS];
} ListShape;

/*
 * Run a query for a list, and set *res to its result, in text form.  Returns
 * memory for the list, zeroed, with the rows behind the list; NULL on error,
 * and then there is no result.  The texts of the rows belong to the result.
 */
extern void *ms_run_for_list(msgstore *ms, const char *form, const char *sql,
							 const Params *params, const ListShape *shape,
							 PGresult **res);

/* Return the rows of such a list. */
extern void *ms_rows_of(void *list, const ListShape *shape);

/* Free a list and the result that has its texts. */
extern void ms_free_list(void *list, PGresult *owner);

/* Run a query for ids: one column, "*n". */
extern msgstore_id_list *ms_run_for_ids(msgstore *ms, const char *sql,
										const Params *params);

/*
 * Add names that end with NULL, or ids, as an array, and set *array to its
 * text, which the caller frees after the statement.  NULL stands for SQL's
 * NULL.  Return false, with the last error set, if there is no memory.
 */
extern bool ms_add_names(msgstore *ms, Params *params,
						 const char *const *names, char **array);
extern bool ms_add_id_array(msgstore *ms, Params *params, const int64_t *ids,
							int count, char **array);

/* A timestamptz as text, independent of DateStyle and TimeZone. */
#define TIME_TEXT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC'," \
	" 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

/*
 * Run a query that returns one row, and read its columns as numbers, or its
 * column as a 32-bit number (a result code or a handle) or as a text, which
 * the caller frees; or read nothing (void).  "form" has a capital for each
 * number, and no character for the rows: "NN?".  A number that is NULL is
 * read as 0.  Return false, or NULL, on error; then the caller's variables are
 * as they were.
 */
extern bool ms_run_for_numbers(msgstore *ms, const char *form,
							   const char *sql, const Params *params,
							   int64_t *numbers);
extern bool ms_run_for_int32(msgstore *ms, const char *sql,
							 const Params *params, int32_t *number);
extern char *ms_run_for_text(msgstore *ms, const char *form, const char *sql,
							 const Params *params);
extern bool ms_run_for_nothing(msgstore *ms, const char *sql,
							   const Params *params);

/*
 * Run a query that returns one row: a result code, the id of a message, and a
 * change number; both numbers may be NULL.
 */
extern bool ms_run_for_saved(msgstore *ms, const char *sql,
							 const Params *params, msgstore_saved *saved);

/*
 * Run a query that returns one value of bytes, at most so many.  Its form is
 * "X", or "X?" if SQL's NULL may come, which is read as no bytes.  Returns the
 * bytes with a zero byte behind them, which the caller frees, and sets *got to
 * their number; NULL on error.
 */
extern void *ms_run_for_bytes(msgstore *ms, const char *form,
							  const char *sql, const Params *params,
							  int64_t most, size_t *got);

/* --------------------------------------------------------------- message.c */

/* The query that saves a message, and its parameters, $1 to $7. */
#define MS_SAVE_QUERY \
	"SELECT result, $2, change_number" \
	" FROM msgstore.save_message($1, $2, $3, $4, $5, $6, $7)"

extern void ms_add_save(Params *params, const msgstore_save *save);

/* --------------------------------------------------------------- answer.c */

/*
 * Return true if an answer has a form.  Otherwise write the first difference
 * to "why", which has room for "size" bytes.
 */
extern bool ms_answer_fits(const PGresult *res, const char *form, char *why,
						   size_t size);

/*
 * Return a number of 4 or 8 bytes from the first row, or from any row, of a
 * result in binary form that ms_run() has checked; 0 for SQL's NULL.
 */
extern int64_t ms_number_at(const PGresult *res, int column);
extern int64_t ms_number_in(const PGresult *res, int row, int column);

/* ------------------------------------------------------------ connection.c */

/* Return the number of saves of a pipeline whose answers were not read. */
extern int *ms_unread(msgstore *ms);

/* Forget the last error. */
extern void ms_clear_error(msgstore *ms);

/*
 * Set the last error from a result, which then belongs to the connection; or,
 * if there is no result or no error in it, from the state of the connection.
 * Returns false, so that callers can return it.
 */
extern bool ms_take_error(msgstore *ms, PGresult *res);

/*
 * Set the last error to a message in constant memory, without a SQLSTATE.
 * Returns false.
 */
extern bool ms_set_error(msgstore *ms, const char *message);

/* Set the last error to a copy of a message.  Returns false. */
extern bool ms_copy_error(msgstore *ms, const char *message);

#endif							/* STATEMENT_H */
