/*
 * msgstore from C, with libpq alone.  Usage: c_libpq STORE
 *
 * libmsgstore has these calls as functions; this program shows what they send.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define PIECE 100000

static PGconn *ms;

/* Run one call with parameters in text form; the caller clears the result. */
static PGresult *
call(const char *sql, int n, const char *const *values)
{
	PGresult   *res = PQexecParams(ms, sql, n, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
	{
		fputs(PQerrorMessage(ms), stderr);
		exit(1);
	}
	return res;
}

/* Run one call, print a label and its first value. */
static void
print_call(const char *label, const char *sql, int n, const char *const *values)
{
	PGresult   *res = call(sql, n, values);

	printf("%s: %s\n", label, PQgetvalue(res, 0, 0));
	PQclear(res);
}

/* Run one call and keep its first value. */
static void
keep_call(char *value, size_t size, const char *sql, int n,
		  const char *const *values)
{
	PGresult   *res = call(sql, n, values);

	snprintf(value, size, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
}

/*
 * Append to the body: read, edit, save, and again on a conflict.  The text is
 * edited in SQL here; a program would use its JSON library.
 */
static void
append(const char *store, const char *message, const char *line)
{
	const char *of_message[] = {store, message, line};
	char		result[64];

	do
	{
		PGresult   *now = call("SELECT m->>'PidTagChangeNumber',"
							   " jsonb_build_object('PR_BODY',"
							   " (m->>'PR_BODY') || $3)"
							   " FROM msgstore.read_message($1, $2) AS m",
							   3, of_message);
		const char *save[] = {store, message, PQgetvalue(now, 0, 0),
		PQgetvalue(now, 0, 1)};

		keep_call(result, sizeof(result),
				  "SELECT result FROM msgstore.save_message($1, $2, $3, $4,"
				  " actor => 'bob')", 4, save);
		PQclear(now);
	} while (strcmp(result, "MAPI_E_OBJECT_CHANGED") == 0);
	printf("appended: %s\n", result);
}

/* Attach a file, in pieces that travel in binary form. */
static void
attach(const char *store, const char *message)
{
	const char *of_message[] = {store, message};
	char		handle[16];
	char		attachment[16];
	char		bytes[PIECE];
	const char *of_handle[] = {handle};
	const char *of_attachment[] = {attachment, "{\"PR_ATTACH_LONG_FILENAME\":"
	" \"photo.jpg\", \"PR_ATTACH_METHOD\": 1}"};

	keep_call(handle, sizeof(handle),
			  "SELECT msgstore.open_message($1, $2, 'MAPI_MODIFY')",
			  2, of_message);
	keep_call(attachment, sizeof(attachment),
			  "SELECT msgstore.create_attachment($1)", 1, of_handle);
	PQclear(call("SELECT msgstore.set_props($1, $2)", 2, of_attachment));
	memset(bytes, 'x', PIECE);
	for (int piece = 0; piece < 3; piece++)
	{
		char		offset[16];
		const char *values[] = {attachment, offset, bytes};
		const int	lengths[] = {0, 0, PIECE};
		const int	formats[] = {0, 0, 1};
		PGresult   *res;

		snprintf(offset, sizeof(offset), "%d", piece * PIECE);
		res = PQexecParams(ms, "SELECT msgstore.write_stream($1,"
						   " 'PR_ATTACH_DATA_BIN', $2, $3)",
						   3, NULL, values, lengths, formats, 0);
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
			fputs(PQerrorMessage(ms), stderr);
		PQclear(res);
	}
	PQclear(call("SELECT msgstore.save_changes($1)", 1, of_attachment));
	print_call("attached", "SELECT msgstore.save_changes($1)", 1, of_handle);
	print_call("bytes", "SELECT msgstore.stream_size($1, 'PR_ATTACH_DATA_BIN')",
			   1, of_attachment);
	PQclear(call("SELECT msgstore.close_object($1)", 1, of_handle));
}

int
main(int argc, char **argv)
{
	char		store[32];
	char		message[32];
	char		n[32];
	PGresult   *res;

	ms = PQconnectdb("");
	if (argc != 2 || PQstatus(ms) != CONNECTION_OK)
	{
		fprintf(stderr, "usage: c_libpq STORE\n%s", PQerrorMessage(ms));
		return 1;
	}
	keep_call(store, sizeof(store), "SELECT msgstore.create_store($1)", 1,
			  (const char *const *) &argv[1]);

	const char *create[] = {store, "{\"PR_SUBJECT\": \"Printer on fire\","
	" \"PR_BODY\": \"It smokes.\"}"};

	res = call("SELECT result, message_id, change_number"
			   " FROM msgstore.save_new_message($1::bigint,"
			   " msgstore.special_folder($1::bigint, 'Inbox'), $2)", 2, create);
	printf("created: %s\n", PQgetvalue(res, 0, 0));
	snprintf(message, sizeof(message), "%s", PQgetvalue(res, 0, 1));
	snprintf(n, sizeof(n), "%s", PQgetvalue(res, 0, 2));
	PQclear(res);

	/* Ann saves; Bob, who read the message before, loses nothing */
	const char *ann[] = {store, message, n,
	"{\"PR_SUBJECT\": \"Printer on fire (2nd floor)\"}", "ann"};
	const char *bob[] = {store, message, n, "{\"PR_IMPORTANCE\": 2}", "bob"};
	const char *save = "SELECT result FROM msgstore.save_message("
		"$1, $2, $3, $4, actor => $5)";

	print_call("ann", save, 5, ann);
	print_call("bob", save, 5, bob);

	/* the report: both changes, compared with the version that Bob read */
	res = call("SELECT property, theirs, side, coalesce(changed_by, '-')"
			   " FROM msgstore.conflict($1, $2, $3, $4)", 4, bob);
	for (int i = 0; i < PQntuples(res); i++)
		printf("conflict: %s %s %s %s\n", PQgetvalue(res, i, 0),
			   PQgetvalue(res, i, 1), PQgetvalue(res, i, 2),
			   PQgetvalue(res, i, 3));
	PQclear(res);

	/* no property was changed by both, so Bob's edits are merged */
	print_call("merged", "SELECT result FROM msgstore.resolve_conflict("
			   "$1, $2, $3, $4, 'MERGE', actor => $5)", 5, bob);
	append(store, message, " Fire brigade called.");
	attach(store, message);

	/* errors have a SQLSTATE of class MA */
	res = PQexecParams(ms, "SELECT msgstore.read_message($1, 999999)", 1, NULL,
					   (const char *const[]) {store}, NULL, NULL, 0);
	printf("error: %s\n", PQresultErrorField(res, PG_DIAG_SQLSTATE));
	PQclear(res);
	PQfinish(ms);
	return 0;
}
