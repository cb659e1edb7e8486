/*-------------------------------------------------------------------------
 *
 * two_clients.c
 *	  Two clients meet over one message: a tutorial that runs.
 *
 *	  usage: two_clients CONNINFO STORE [MESSAGE_ID]
 *
 *	  Alice and Bob have a connection each and open the same message (the
 *	  first one of the store that has a subject, unless told which).  Alice
 *	  changes the subject, Bob the text.  Alice saves first.  Bob's save is
 *	  refused and stores nothing; he tries again, then forces.  At last Alice
 *	  is refused, looks at what stands against her save, and merges.
 *
 *	  Prints what each did and got, what the message is afterwards, and who
 *	  did what when.  Exits with 0 if every answer was what the rules say, 1
 *	  if one was not, 2 if it could not be tried.
 *
 * NOTES
 *	  Calls that open, edit and save go through libmsgstore; plain queries go
 *	  over the same connection with libpq.  A program that prefers to do
 *	  without libmsgstore sends what it sends: SELECT open_message($1, $2,
 *	  $3) and so on.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmsgstore.h"

/* what they change; as JSON, property by property */
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

static bool surprised = false;	/* an answer was not what the rules say */

/* ----------------------------------------------------------------- telling */

static void
tell(const Client *client, const char *did, const char *got)
{
	printf("  %-6s %-44s -> %s\n", client->name, did, got);
}

static void
expect(bool as_expected, const char *rule)
{
	if (as_expected)
		return;
	surprised = true;
	printf("  !!     this should not be: %s\n", rule);
}

/* A raised error is no part of the story: say what it was, and give up. */
static void
give_up(const msgstore *ms, const char *doing)
{
	const msgstore_error *error = msgstore_last_error(ms);

	fprintf(stderr, "two_clients: %s: %s (SQLSTATE %s) %s\n", doing,
			error->message, error->sqlstate, error->detail);
	exit(2);
}

/* ------------------------------------------------ queries with plain libpq */

/* Run a query with up to two numbers as its parameters; ends on error. */
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

/* How many bytes of a text to print: at most max, and whole characters. */
static int
first_part(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return (int) len;
	for (len = max; len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80;)
		len--;
	return (int) len;
}

/* Print the first six lines of a text, and the beginnings of long ones. */
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

/* A text, or '', without what a terminal would obey; lines stay lines. */
#define PRINTABLE(text) \
	"regexp_replace(coalesce(" text ", ''), '[\\u0001-\\u0009\\u000b" \
	"\\u000c\\u000e-\\u001f\\u007f-\\u009f]', ' ', 'g')"

/* Read the message afresh and print it; returns the row for checks. */
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

/* Who did what when. */
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
	expect(n >= 3, "the history has the import, Alice's save and Bob's");
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

/* Open the message for editing.  Nothing is locked by that. */
static void
open_message(Client *client, int64_t store_id, int64_t message_id)
{
	char		got[32];

	if (!msgstore_open_message(client->ms, store_id, message_id,
							   MSGSTORE_MODIFY, &client->handle))
		give_up(client->ms, "open_message");
	snprintf(got, sizeof(got), "handle %" PRId32, client->handle);
	tell(client, "open_message(..., MAPI_MODIFY)", got);
}

/* Edit.  It stays with the handle until it is saved. */
static void
edit(const Client *client, const char *what, const char *props)
{
	if (!msgstore_set_props(client->ms, client->handle, props))
		give_up(client->ms, "set_props");
	tell(client, what, "pending, seen by nobody else");
}

static void
save(const Client *client, int32_t expected, const char *rule)
{
	int32_t		result;

	if (!msgstore_save_changes(client->ms, client->handle, 0, &result))
		give_up(client->ms, "save_changes");
	tell(client, "save_changes(handle)", msgstore_result_name(result));
	expect(result == expected, rule);
}

static void
force(const Client *client)
{
	int32_t		result;

	if (!msgstore_force_save(client->ms, client->handle, &result))
		give_up(client->ms, "force_save");
	tell(client, "force_save(handle)", msgstore_result_name(result));
	expect(result == MSGSTORE_S_OK, "a forced save goes through");
}

/* The conflict, property by property. */
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
	tell(client, "resolve_conflict(handle, 'MERGE')",
		 msgstore_result_name(result));
	expect(result == MSGSTORE_S_OK, "disjoint changes can be merged");
}

/* --------------------------------------------------------------- the story */

/* The store by its name, and the first message in it that has a subject. */
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

static void
play(int64_t store_id, int64_t message_id)
{
	PGresult   *before;
	PGresult   *after_alice;
	PGresult   *after_bob;
	PGresult   *after_merge;

	printf("\nThe message, as it stands:\n");
	before = show_message(store_id, message_id);

	printf("\nTwo clients open it and edit; nothing is locked:\n");
	open_message(&alice, store_id, message_id);
	open_message(&bob, store_id, message_id);
	edit(&alice, "set_props(handle, {PR_SUBJECT: ...})", ALICES_EDIT);
	edit(&bob, "set_props(handle, {PR_BODY: ...})", BOBS_EDIT);

	printf("\nThe first save wins; the second stores nothing and says so:\n");
	save(&alice, MSGSTORE_S_OK, "the first save goes through");
	save(&bob, MSGSTORE_E_OBJECT_CHANGED, "the second save is refused");

	printf("\nWhat anybody reads now is Alice's:\n");
	after_alice = show_message(store_id, message_id);
	expect(strcmp(PQgetvalue(after_alice, 0, 0), ALICES_SUBJECT) == 0,
		   "Alice's subject is stored");
	expect(strcmp(PQgetvalue(after_alice, 0, 1),
				  PQgetvalue(before, 0, 1)) == 0,
		   "nothing of Bob's is stored");

	printf("\nTrying again changes nothing; forcing does:\n");
	save(&bob, MSGSTORE_E_OBJECT_CHANGED, "the same save is refused again");
	force(&bob);

	printf("\nWhat anybody reads now is what Bob saw and wrote, the whole of "
		   "it:\n");
	after_bob = show_message(store_id, message_id);
	expect(strcmp(PQgetvalue(after_bob, 0, 0),
				  PQgetvalue(before, 0, 0)) == 0,
		   "the subject is the one that Bob saw");
	expect(strcmp(PQgetvalue(after_bob, 0, 1), BOBS_TEXT) == 0,
		   "the text is Bob's");

	printf("\nAlice's version is not lost.  Who did what, and when (the "
		   "numbers between\nare those of other messages):\n");
	show_history(store_id, message_id);

	printf("\nAnd now it is Alice's handle that is out of date:\n");
	edit(&alice, "set_props(handle, {PR_IMPORTANCE: 2})", ALICES_MARK);
	save(&alice, MSGSTORE_E_OBJECT_CHANGED, "Alice's handle is stale");

	printf("\nWhat stands against her save?  Nothing that both have "
		   "touched:\n");
	show_conflict(&alice);
	merge(&alice);

	printf("\nWhat anybody reads now is Bob's text, and Alice's mark:\n");
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
		   "Something was not what the rules say; see above." :
		   "Every answer was what the rules say.");
	return surprised ? 1 : 0;
}
