/*-------------------------------------------------------------------------
 *
 * tour.c
 *	  Every call of libmsgstore once, in the order in which a program would
 *	  come to need them.
 *
 *	  usage: tour CONNINFO STORE
 *
 *	  Makes the store if it is missing, a folder in it, and two messages: one
 *	  through a handle, one in a single call.  Then works without a session,
 *	  as behind a pooler: the change number says which version is meant.
 *	  Ends with an error on purpose, to show what one looks like.
 *
 *	  Exits with 0 if every answer was what libmsgstore.h promises, 1 if one
 *	  was not, 2 if it could not be tried.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmsgstore.h"

#define CHECK(condition) check((condition), #condition)

static msgstore *ms;
static bool surprised = false;

/* A call has raised an error that is no part of the tour: give up. */
static void
need(bool answered)
{
	const msgstore_error *error = msgstore_last_error(ms);

	if (answered)
		return;
	fprintf(stderr, "tour: %s (SQLSTATE %s)\n%s\n%s\n", error->message,
			error->sqlstate, error->detail, error->hint);
	exit(2);
}

static void
check(bool holds, const char *condition)
{
	printf("  %-4s %s\n", holds ? "ok" : "NOT", condition);
	surprised |= !holds;
}

/* Whether a JSON text has a member, written as the server writes it. */
static bool
has(const char *json, const char *member)
{
	return json != NULL && strstr(json, member) != NULL;
}

/* The store, made if it is missing, and a folder beside its Inbox. */
static void
make_folder(const char *store_name, int64_t *store_id, int64_t *folder_id)
{
	int64_t		inbox;
	int64_t		top;
	int64_t		again;
	bool		found;

	printf("A store, and a folder in it:\n");
	need(msgstore_find_store(ms, store_name, &found, store_id));
	if (!found)
		need(msgstore_create_store(ms, store_name, store_id));
	need(msgstore_special_folder(ms, *store_id, "Inbox", &inbox, &top));
	need(msgstore_find_folder(ms, *store_id, top, "Tour", &found, folder_id));
	if (!found)
		need(msgstore_create_folder(ms, *store_id, top, "Tour", folder_id));
	need(msgstore_find_folder(ms, *store_id, top, "Tour", &found, &again));
	CHECK(found && again == *folder_id && *folder_id != inbox);
}

/* A message through a handle: it is nowhere until it is saved. */
static int64_t
use_handles(int64_t store_id, int64_t folder_id)
{
	static const char *const subject[] = {"PR_SUBJECT", NULL};
	int32_t		writer;
	int32_t		reader;
	int32_t		result;
	int64_t		id;
	char	   *props;

	printf("A message through handles:\n");
	need(msgstore_create_message(ms, store_id, folder_id, 0, &writer));
	need(msgstore_message_id(ms, writer, &id));
	need(msgstore_set_props(ms, writer, "{\"PR_SUBJECT\": \"first\"}"));
	CHECK(!msgstore_open_message(ms, store_id, id, 0, &reader));
	need(msgstore_save_changes(ms, writer, MSGSTORE_KEEP_OPEN_READWRITE,
							   &result));
	CHECK(result == MSGSTORE_S_OK);

	need(msgstore_open_message(ms, store_id, id, MSGSTORE_BEST_ACCESS,
							   &reader));
	need(msgstore_set_props(ms, writer, "{\"PR_SUBJECT\": \"second\"}"));
	need(msgstore_save_changes(ms, writer, 0, &result));
	CHECK(result == MSGSTORE_S_OK);

	/* a handle shows the version it has read, until it is refreshed */
	need((props = msgstore_get_props(ms, reader, subject)) != NULL);
	CHECK(has(props, "\"first\""));
	free(props);
	need(msgstore_save_changes(ms, reader, 0, &result));
	CHECK(result == MSGSTORE_E_OBJECT_CHANGED);
	need(msgstore_refresh(ms, reader));
	need((props = msgstore_get_props(ms, reader, NULL)) != NULL);
	CHECK(has(props, "\"second\"") && has(props, "\"PR_ENTRYID\""));
	free(props);

	need(msgstore_set_props(ms, writer, "{\"PR_SUBJECT\": \"third\"}"));
	need(msgstore_force_save(ms, writer, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, writer));
	need(msgstore_close_object(ms, reader));
	return id;
}

/* The same without a session: one call, one save. */
static void
use_numbers(int64_t store_id, int64_t folder_id, int64_t first_id)
{
	static const char *const some[] = {"PR_BODY", "PR_SUBJECT", NULL};
	int32_t		result;
	int64_t		id;
	int64_t		created;
	int64_t		saved;
	int64_t		current;
	char	   *props;

	printf("Without a session:\n");
	need(msgstore_save_new_message(ms, store_id, folder_id,
								   "{\"PR_SUBJECT\": \"one call\"}", 0,
								   &result, &id, &created));
	CHECK(result == MSGSTORE_S_OK && id != first_id && created != 0);
	need(msgstore_save_message(ms, store_id, id, created,
							   "{\"PR_BODY\": \"a text\"}", 0, &result,
							   &saved));
	CHECK(result == MSGSTORE_S_OK && saved != created);

	/* over a version that is not current: refused, and told which one is */
	need(msgstore_save_message(ms, store_id, id, created,
							   "{\"PR_BODY\": \"too late\"}", 0, &result,
							   &current));
	CHECK(result == MSGSTORE_E_OBJECT_CHANGED && current == saved);
	need((props = msgstore_read_message(ms, store_id, id, some)) != NULL);
	CHECK(has(props, "\"a text\"") && has(props, "\"one call\""));
	free(props);

	/* calls take part in a transaction, like any statement */
	need(msgstore_execute(ms, "BEGIN"));
	need(msgstore_save_message(ms, store_id, id, current,
							   "{\"PR_BODY\": null}", MSGSTORE_FORCE_SAVE,
							   &result, NULL));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_execute(ms, "ROLLBACK"));
	need((props = msgstore_read_message(ms, store_id, id, some)) != NULL);
	CHECK(has(props, "\"a text\""));
	free(props);
}

/* What is wrong with the call is raised; what a save can meet is answered. */
static void
meet_errors(int64_t store_id)
{
	const msgstore_error *error;
	int32_t		handle = 0;
	int32_t		result = 17;

	printf("An error:\n");
	CHECK(!msgstore_save_changes(ms, handle, 0, &result));
	error = msgstore_last_error(ms);
	CHECK(strcmp(error->sqlstate, "MA108") == 0);
	CHECK(*error->message != '\0');
	CHECK(strncmp(error->detail, "MAPI_E_INVALID_OBJECT", 21) == 0);
	CHECK(result == 17);
	CHECK(!msgstore_open_message(ms, store_id, -1, 0, &handle));
	CHECK(strcmp(msgstore_last_error(ms)->sqlstate, "MA10F") == 0);
	CHECK(msgstore_execute(ms, "SELECT succeeded('S_OK')"));
	CHECK(*msgstore_last_error(ms)->message == '\0');
	CHECK(strcmp(msgstore_result_name(MSGSTORE_E_OBJECT_CHANGED),
				 "MAPI_E_OBJECT_CHANGED") == 0);
	CHECK(strcmp(msgstore_result_name(0x00040481), "0x00040481") == 0);
}

int
main(int argc, char **argv)
{
	int64_t		store_id;
	int64_t		folder_id;
	int64_t		message_id;

	if (argc != 3)
	{
		fputs("usage: tour CONNINFO STORE\n", stderr);
		return 2;
	}
	ms = msgstore_connect_uri(argv[1]);
	if (ms == NULL)
		return 2;
	need(msgstore_connected(ms));

	make_folder(argv[2], &store_id, &folder_id);
	message_id = use_handles(store_id, folder_id);
	use_numbers(store_id, folder_id, message_id);
	meet_errors(store_id);
	msgstore_disconnect(ms);
	return surprised ? 1 : 0;
}
