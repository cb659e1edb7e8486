/*-------------------------------------------------------------------------
 *
 * two_clients.c
 *	  Two clients edit one message: a tutorial that runs.
 *
 *	  usage: two_clients CONNINFO STORE [MESSAGE_ID]
 *
 *	  Alice and Bob have a connection each and open one message: MESSAGE_ID, or
 *	  the first message of the store that has a subject.  Alice changes the
 *	  subject, Bob the text.  Alice saves first.  Bob's save is refused and
 *	  stores nothing; Bob tries again, then forces.  Then Alice is refused,
 *	  reads the conflict, and merges.
 *
 *	  Prints every call with its answer, the message after each save, and the
 *	  history.  Exits with 0 if all answers obey the rules, 1 if an answer does
 *	  not, 2 if an error is raised.
 *
 * NOTES
 *	  Calls that open, edit and save use libmsgstore.  Plain queries use libpq
 *	  on the connection of libmsgstore.  A program without libmsgstore can send
 *	  the statements itself: SELECT open_message($1, $2, $3) and so on.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmsgstore.h"

/* the edits, as JSON objects of properties */
#define ALICES_SUBJECT	"A new subject, by Alice"
#define ALICES_EDIT		"{\"PR_SUBJECT\": \"" ALICES_SUBJECT "\"}"
#define ALICES_MARK		"{\"PR_IMPORTANCE\": 2}"
#define BOBS_TEXT		"A new text, by Bob."
#define BOBS_EDIT		"{\"PR_BODY\": \"" BOBS_TEXT "\"}"

typedef struct Client
{
	const char *name;			/* as printed, six wide */
	const char *application;	/* as the server and the history know it */
	msgstore   *ms;
	int32_t		handle;
} Client;

static Client alice = {"Alice", "Alice's client", NULL, 0};
static Client bob = {"Bob", "Bob's client", NULL, 0};

static bool surprised = false;	/* an answer broke a rule */

/* ---------------------------------------------------------------- printing */

/* Print a call of a client, and its answer. */
static void
print_call(const Client *client, const char *did, const char *got)
{
	printf("  %-6s %-44s -> %s\n", client->name, did, got);
}

/* Report an answer that breaks a rule. */
static void
expect(bool as_expected, const char *rule)
{
	if (as_expected)
		return;
	surprised = true;
	printf("  !!     this rule is broken: %s\n", rule);
}

/* Print an error that was raised, and exit. */
static void
give_up(const msgstore *ms, const char *doing)
{
	const msgstore_error *error = msgstore_last_error(ms);

	fprintf(stderr, "two_clients: %s: %s (SQLSTATE %s) %s\n", doing,
			error->message, error->sqlstate, error->detail);
	exit(2);
}

/* ------------------------------------------------ queries with plain libpq */

/* Run a query with two numbers as its parameters; exits on error. */
static PGresult *
query(const Client *client, const char *sql, int64_t one, int64_t two)
{
	char		text[2][24];
	const char *values[2] = {text[0], text[1]};
	PGresult   *res;

	snprintf(text[0], sizeof(text[0]), "%" PRId64, one);
	snprintf(text[1], sizeof(text[1]), "%" PRId64, two);
	res = PQexecParams(msgstore_connection(client->ms), sql, 2, NULL, values,
					   NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
	{
		fprintf(stderr, "two_clients: %s", PQresultErrorMessage(res));
		exit(2);
	}
	return res;
}

/* Return the size of whole characters at the start of a text, at most max. */
static int
first_part(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return (int) len;
	for (len = max; len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80;)
		len--;
	return (int) len;
}

/* Print the first six lines of a text, and the beginning of long lines. */
static void
print_text(const char *text)
{
	const char *label = "text";

	for (int lines = 0; *text != '\0'; lines++)
	{
		int			len = (int) strcspn(text, "\r\n");

		if (lines == 6)
		{
			printf("             ...\n");
			break;
		}
		if (len > 0)
			printf("    %-8s %.*s%s\n", label, first_part(text, len, 66), text,
				   len > 66 ? " ..." : "");
		else
			putchar('\n');
		label = "";
		text += len;
		if (*text == '\r')
			text++;
		if (*text == '\n')
			text++;
	}
}

/* A text, or '', without control characters but line ends. */
#define PRINTABLE(text) \
	"regexp_replace(coalesce(" text ", ''), '[\\u0001-\\u0009\\u000b" \
	"\\u000c\\u000e-\\u001f\\u007f-\\u009f]', ' ', 'g')"

/* Read and print the stored message; returns the row, for checks. */
static PGresult *
show_message(int64_t store_id, int64_t message_id)
{
	PGresult   *res = query(&alice,
							"SELECT " PRINTABLE("p->>'PR_SUBJECT'") ","
							" " PRINTABLE("p->>'PR_BODY'") ","
							" p->>'PidTagChangeNumber',"
							" coalesce(p->>'PR_IMPORTANCE', '1')"
							" FROM read_message($1, $2) AS p",
							store_id, message_id);

	printf("    subject  %s\n", PQgetvalue(res, 0, 0));
	print_text(PQgetvalue(res, 0, 1));
	if (strcmp(PQgetvalue(res, 0, 3), "2") == 0)
		printf("    marked   important\n");
	printf("    version  %s\n", PQgetvalue(res, 0, 2));
	return res;
}

/* Print the history of the message. */
static void
show_history(int64_t store_id, int64_t message_id)
{
	PGresult   *res = query(&alice,
							"SELECT change_number, kind, changed_by,"
							" coalesce(nullif(client, ''), '-'),"
							" to_char(changed_at, 'HH24:MI:SS.MS'),"
							" coalesce(nullif(array_to_string(properties,"
							" ', '), ''), '-')"
							" FROM history($1, $2) ORDER BY change_number",
							store_id, message_id);
	int			n = PQntuples(res);

	printf("    %-8s %-8s %-10s %-16s %-13s %s\n", "version", "kind", "by",
		   "client", "at", "properties");
	for (int i = 0; i < n; i++)
		printf("    %-8s %-8s %-10s %-16s %-13s %.60s%s\n",
			   PQgetvalue(res, i, 0), PQgetvalue(res, i, 1),
			   PQgetvalue(res, i, 2), PQgetvalue(res, i, 3),
			   PQgetvalue(res, i, 4), PQgetvalue(res, i, 5),
			   strlen(PQgetvalue(res, i, 5)) > 60 ? " ..." : "");
	expect(n >= 3, "the history has the import, Alice's save and Bob's save");
	if (n >= 3)
	{
		expect(strcmp(PQgetvalue(res, n - 2, 3), alice.application) == 0,
			   "the change before the last is Alice's");
		expect(strcmp(PQgetvalue(res, n - 1, 3), bob.application) == 0,
			   "the last change is Bob's");
	}
	PQclear(res);
}

/* ------------------------------------------------------------- the clients */

static void
connect_client(Client *client, const char *conninfo)
{
	const char *keywords[] = {"dbname", "application_name", NULL};
	const char *values[] = {conninfo, client->application, NULL};

	client->ms = msgstore_connect(keywords, values);
	if (client->ms == NULL)
	{
		fputs("two_clients: out of memory\n", stderr);
		exit(2);
	}
	if (!msgstore_connected(client->ms))
		give_up(client->ms, "could not connect");
}

/* Open the message for editing.  Opening locks nothing. */
static void
open_message(Client *client, int64_t store_id, int64_t message_id)
{
	char		got[32];

	if (!msgstore_open_message(client->ms, store_id, message_id,
							   MSGSTORE_MODIFY, &client->handle))
		give_up(client->ms, "open_message");
	snprintf(got, sizeof(got), "handle %" PRId32, client->handle);
	print_call(client, "open_message(..., MAPI_MODIFY)", got);
}

/* Edit.  The edits are pending in the handle until a save. */
static void
edit(const Client *client, const char *what, const char *props)
{
	if (!msgstore_set_props(client->ms, client->handle, props))
		give_up(client->ms, "set_props");
	print_call(client, what, "pending, not stored");
}

static void
save(const Client *client, int32_t expected, const char *rule)
{
	int32_t		result;

	if (!msgstore_save_changes(client->ms, client->handle, 0, &result))
		give_up(client->ms, "save_changes");
	print_call(client, "save_changes(handle)", msgstore_result_name(result));
	expect(result == expected, rule);
}

static void
force(const Client *client)
{
	int32_t		result;

	if (!msgstore_force_save(client->ms, client->handle, &result))
		give_up(client->ms, "force_save");
	print_call(client, "force_save(handle)", msgstore_result_name(result));
	expect(result == MSGSTORE_S_OK, "a forced save goes through");
}

/* Print the conflict, one line per property. */
static void
show_conflict(const Client *client)
{
	msgstore_conflict_report *report = msgstore_conflict(client->ms,
														 client->handle,
														 false);

	if (report == NULL)
		give_up(client->ms, "conflict");
	printf("  %-6s conflict(handle)\n", client->name);
	for (int i = 0; i < report->count; i++)
	{
		const msgstore_difference *row = &report->differences[i];
		bool		yours = strcmp(row->side, "yours") == 0;
		const char *value = yours ? row->yours : row->theirs;

		if (value == NULL)
			value = "(none)";
		printf("    %-16s changed by %-14s to  %.*s\n", row->property,
			   yours ? client->application : row->client,
			   first_part(value, strlen(value), 40), value);
		expect(strcmp(row->side, "both") != 0,
			   "no property was changed by both");
	}
	expect(report->count >= 3, "subject, text and mark are reported");
	msgstore_free_conflict(report);
}

static void
merge(const Client *client)
{
	int32_t		result;

	if (!msgstore_resolve_conflict(client->ms, client->handle, MSGSTORE_MERGE,
								   0, 0, &result))
		give_up(client->ms, "resolve_conflict");
	print_call(client, "resolve_conflict(handle, 'MERGE')",
		 msgstore_result_name(result));
	expect(result == MSGSTORE_S_OK, "disjoint changes can be merged");
}

/* --------------------------------------------------------------- the story */

/* Find the store by its name, and its first message that has a subject. */
static int64_t
find_message(const char *store_name, int64_t *store_id)
{
	bool		found;
	PGresult   *res;
	int64_t		message_id;

	if (!msgstore_find_store(alice.ms, store_name, &found, store_id))
		give_up(alice.ms, "could not look for the store");
	if (!found)
	{
		fprintf(stderr, "two_clients: no store \"%s\"\n", store_name);
		exit(2);
	}
	res = query(&alice,
				"SELECT message_id FROM message_list"
				" WHERE store_id = $1 AND message_id > $2 AND subject <> ''"
				" ORDER BY message_id LIMIT 1", *store_id, 0);
	if (PQntuples(res) == 0)
	{
		fprintf(stderr, "two_clients: no message with a subject in \"%s\"\n",
				store_name);
		exit(2);
	}
	message_id = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return message_id;
}

/* Run the story of Alice and Bob. */
static void
play(int64_t store_id, int64_t message_id)
{
	PGresult   *before;
	PGresult   *after_alice;
	PGresult   *after_bob;
	PGresult   *after_merge;

	printf("\nThe message before:\n");
	before = show_message(store_id, message_id);

	printf("\nTwo clients open and edit the message; nothing is locked:\n");
	open_message(&alice, store_id, message_id);
	open_message(&bob, store_id, message_id);
	edit(&alice, "set_props(handle, {PR_SUBJECT: ...})", ALICES_EDIT);
	edit(&bob, "set_props(handle, {PR_BODY: ...})", BOBS_EDIT);

	printf("\nThe first save wins; the second is refused and stores "
		   "nothing:\n");
	save(&alice, MSGSTORE_S_OK, "the first save goes through");
	save(&bob, MSGSTORE_E_OBJECT_CHANGED, "the second save is refused");

	printf("\nThe stored message is Alice's:\n");
	after_alice = show_message(store_id, message_id);
	expect(strcmp(PQgetvalue(after_alice, 0, 0), ALICES_SUBJECT) == 0,
		   "Alice's subject is stored");
	expect(strcmp(PQgetvalue(after_alice, 0, 1),
				  PQgetvalue(before, 0, 1)) == 0,
		   "nothing of Bob's is stored");

	printf("\nA second try is refused, too; a forced save is not:\n");
	save(&bob, MSGSTORE_E_OBJECT_CHANGED, "the same save is refused again");
	force(&bob);

	printf("\nThe stored message is the whole message that Bob saw and "
		   "edited:\n");
	after_bob = show_message(store_id, message_id);
	expect(strcmp(PQgetvalue(after_bob, 0, 0),
				  PQgetvalue(before, 0, 0)) == 0,
		   "the subject is the subject that Bob saw");
	expect(strcmp(PQgetvalue(after_bob, 0, 1), BOBS_TEXT) == 0,
		   "the text is Bob's");

	printf("\nAlice's version is not lost.  The history (the numbers in "
		   "between belong to\nother messages):\n");
	show_history(store_id, message_id);

	printf("\nNow Alice's handle is out of date:\n");
	edit(&alice, "set_props(handle, {PR_IMPORTANCE: 2})", ALICES_MARK);
	save(&alice, MSGSTORE_E_OBJECT_CHANGED, "Alice's handle is stale");

	printf("\nThe conflict has no property that both have changed:\n");
	show_conflict(&alice);
	merge(&alice);

	printf("\nThe stored message has Bob's text and Alice's mark:\n");
	after_merge = show_message(store_id, message_id);
	expect(strcmp(PQgetvalue(after_merge, 0, 1), BOBS_TEXT) == 0 &&
		   strcmp(PQgetvalue(after_merge, 0, 3), "2") == 0,
		   "merged, the message has both changes");

	PQclear(before);
	PQclear(after_alice);
	PQclear(after_bob);
	PQclear(after_merge);
	if (!msgstore_close_object(alice.ms, alice.handle))
		give_up(alice.ms, "close_object");
	if (!msgstore_close_object(bob.ms, bob.handle))
		give_up(bob.ms, "close_object");
}

int
main(int argc, char **argv)
{
	int64_t		store_id;
	int64_t		message_id;

	if (argc < 3 || argc > 4)
	{
		fputs("usage: two_clients CONNINFO STORE [MESSAGE_ID]\n", stderr);
		return 2;
	}
	connect_client(&alice, argv[1]);
	connect_client(&bob, argv[1]);
	message_id = find_message(argv[2], &store_id);
	if (argc == 4)
		message_id = strtoll(argv[3], NULL, 10);

	play(store_id, message_id);

	msgstore_disconnect(alice.ms);
	msgstore_disconnect(bob.ms);
	printf("\n%s\n", surprised ?
		   "An answer broke a rule; see above." :
		   "Every answer obeyed the rules.");
	return surprised ? 1 : 0;
}
