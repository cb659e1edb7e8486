/*-------------------------------------------------------------------------
 *
 * tour.c
 *	  Every call of libmsgstore, at least once, in the order in which most
 *	  programs need them.
 *
 *	  usage: tour CONNINFO STORE
 *
 *	  Creates the store if it is missing, a folder in the store, and two
 *	  messages, one through a handle and one with a single call.  Then works
 *	  without a session, as behind a pooler, where a change number names the
 *	  version.  Then come contents of messages and values in pieces; conflicts
 *	  and their resolution; drafts, history and places; lists, search, many
 *	  saves and the feed; another store, to which folders and messages are
 *	  brought.  The last part raises an error on purpose, to show its texts.
 *
 *	  Exits with 0 if every answer is as libmsgstore.h describes it, 1 if an
 *	  answer is not, 2 if an error is raised.
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

/* Print the error and exit if a call that must succeed has failed. */
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

/* Print a condition, and remember one that does not hold. */
static void
check(bool holds, const char *condition)
{
	printf("  %-4s %s\n", holds ? "ok" : "NOT", condition);
	surprised |= !holds;
}

/* Return true if a JSON text contains a text, in the form of the server. */
static bool
has(const char *json, const char *member)
{
	return json != NULL && strstr(json, member) != NULL;
}

/* Return true if a text is there and equal to another. */
static bool
equal(const char *text, const char *other)
{
	return text != NULL && strcmp(text, other) == 0;
}

/* Find or create the store, and a folder beside its Inbox. */
static void
make_folder(const char *store_name, int64_t *store_id, int64_t *folder_id)
{
	int64_t		inbox;
	int64_t		top;
	int64_t		again;
	bool		found;

	printf("A store and a folder:\n");
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

/* Create and edit a message through handles; return its id. */
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

/* Create and edit a message without handles: one call is one save. */
static void
use_numbers(int64_t store_id, int64_t folder_id, int64_t first_id)
{
	static const char *const some[] = {"PR_BODY", "PR_SUBJECT", NULL};
	msgstore_save save = {0};
	msgstore_saved saved;
	char	   *props;
	int64_t		created;

	printf("Without a session:\n");
	save.store_id = store_id;
	save.folder_id = folder_id;
	save.changes = "{\"PR_SUBJECT\": \"one call\"}";
	need(msgstore_save_new_message(ms, &save, &saved));
	created = saved.change_number;
	CHECK(saved.result == MSGSTORE_S_OK && saved.message_id != first_id &&
		  created != 0);
	save.message_id = saved.message_id;
	save.change_number = created;
	save.changes = "{\"PR_BODY\": \"a text\"}";
	need(msgstore_save_message(ms, &save, &saved));
	CHECK(saved.result == MSGSTORE_S_OK && saved.change_number != created);

	/* refused over an old version; the answer has the current number */
	save.changes = "{\"PR_BODY\": \"too late\"}";
	need(msgstore_save_message(ms, &save, &saved));
	CHECK(saved.result == MSGSTORE_E_OBJECT_CHANGED &&
		  saved.change_number != created);
	need((props = msgstore_read_message(ms, store_id, save.message_id,
										some)) != NULL);
	CHECK(has(props, "\"a text\"") && has(props, "\"one call\""));
	free(props);

	/* a call takes part in a transaction, as any statement does */
	need(msgstore_execute(ms, "BEGIN"));
	save.change_number = saved.change_number;
	save.changes = "{\"PR_BODY\": null}";
	save.flags = MSGSTORE_FORCE_SAVE;
	need(msgstore_save_message(ms, &save, &saved));
	CHECK(saved.result == MSGSTORE_S_OK);
	need(msgstore_execute(ms, "ROLLBACK"));
	need((props = msgstore_read_message(ms, store_id, save.message_id,
										some)) != NULL);
	CHECK(has(props, "\"a text\""));
	free(props);
}

/* Create a message with recipients and an embedded message; return its id. */
static int64_t
fill_message(int64_t store_id, int64_t folder_id)
{
	static const char *const comment[] = {"PR_COMMENT", NULL};
	int32_t		message;
	int32_t		attachment;
	int32_t		embedded;
	int32_t		result;
	int64_t		id;
	char	   *props;

	printf("The contents of a message:\n");
	need(msgstore_create_message(ms, store_id, folder_id, 0, &message));
	need(msgstore_message_id(ms, message, &id));
	need(msgstore_set_props(ms, message, "{\"PR_SUBJECT\": \"outside\","
							" \"PR_COMMENT\": \"too much\"}"));
	need(msgstore_delete_props(ms, message, comment));
	need(msgstore_modify_recipients(ms, message, 0,
									"[{\"PR_DISPLAY_NAME\": \"Ann\"}]"));
	need(msgstore_modify_recipients(ms, message, MSGSTORE_MODRECIP_ADD,
									"[{\"PR_DISPLAY_NAME\": \"Bob\"}]"));

	/* save the embedded message, then its attachment, then the message */
	need(msgstore_create_attachment(ms, message, &attachment));
	need(msgstore_open_embedded_message(ms, attachment, MSGSTORE_CREATE,
										&embedded));
	need(msgstore_set_props(ms, embedded, "{\"PR_SUBJECT\": \"inside\"}"));
	need(msgstore_save_changes(ms, embedded, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, embedded));
	need(msgstore_save_changes(ms, attachment, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, attachment));
	need((props = msgstore_get_props(ms, message, NULL)) != NULL);
	CHECK(has(props, "\"Ann\"") && has(props, "\"Bob\""));
	CHECK(has(props, "\"inside\"") && !has(props, "too much"));
	free(props);
	need(msgstore_save_changes(ms, message, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, message));
	return id;
}

/* Write and read values in pieces, which can be longer than memory. */
static void
use_streams(int64_t store_id, int64_t id)
{
	static const char *const body[] = {"PR_BODY", NULL};
	static const char text[] = "caf\xc3\xa9\n"; /* a two-byte character */
	enum
	{
		LEN = sizeof(text) - 1,
		LINES = 100000
	};
	char	   *piece = malloc(LEN * LINES);
	int32_t		message;
	int32_t		attachment;
	int32_t		result;
	int64_t		size = 0;
	size_t		got = 0;
	char	   *bytes;
	char	   *props;

	printf("Values in pieces:\n");
	need(piece != NULL);
	for (int i = 0; i < LINES; i++)
		memcpy(piece + i * LEN, text, LEN);
	need(msgstore_open_message(ms, store_id, id, MSGSTORE_MODIFY, &message));
	CHECK(!msgstore_stream_size(ms, message, "PR_BODY", &size));
	CHECK(strcmp(msgstore_last_error(ms)->sqlstate, "MA10F") == 0);
	for (int i = 0; i < 4; i++)
		need(msgstore_write_stream(ms, message, "PR_BODY", i * LEN * LINES,
								   piece, LEN * LINES));
	free(piece);
	need(msgstore_stream_size(ms, message, "PR_BODY", &size));
	CHECK(size == 2400000);

	/* such a large value shows as a reference, and is read in pieces */
	need((props = msgstore_get_props(ms, message, body)) != NULL);
	CHECK(has(props, "\"blob\"") && has(props, "\"size\": 2400000"));
	free(props);
	need(msgstore_truncate_stream(ms, message, "PR_BODY", size - LEN));
	need(msgstore_stream_size(ms, message, "PR_BODY", &size));
	CHECK(size == 2399994);
	need((bytes = msgstore_read_stream(ms, message, "PR_BODY", size - 3, 100,
									   &got)) != NULL);
	CHECK(got == 3 && memcmp(bytes, "\xc3\xa9\n", 4) == 0);
	free(bytes);
	need((bytes = msgstore_read_stream(ms, message, "PR_BODY", size, 100,
									   &got)) != NULL);
	CHECK(got == 0);
	free(bytes);
	CHECK(!msgstore_write_stream(ms, message, "PR_BODY", size, "\xc3", 1));

	/* binary values have any bytes, for example those of an attachment */
	need(msgstore_create_attachment(ms, message, &attachment));
	need(msgstore_write_stream(ms, attachment, "PR_ATTACH_DATA_BIN", 0,
							   "\0\xff\0", 3));
	need(msgstore_save_changes(ms, attachment, 0, &result));
	need(msgstore_close_object(ms, attachment));
	need(msgstore_delete_attachment(ms, message, 0));
	need(msgstore_save_changes(ms, message, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, message));

	need(msgstore_open_message(ms, store_id, id, 0, &message));
	CHECK(!msgstore_open_attachment(ms, message, 0, 0, &attachment));
	need(msgstore_open_attachment(ms, message, 1, 0, &attachment));
	need((bytes = msgstore_read_stream(ms, attachment, "PR_ATTACH_DATA_BIN",
									   0, 100, &got)) != NULL);
	CHECK(got == 3 && memcmp(bytes, "\0\xff\0", 3) == 0);
	free(bytes);
	need(msgstore_close_object(ms, attachment));
	need(msgstore_close_object(ms, message));

	/* the mail that a message was made from belongs to no version */
	size = 0;
	need(msgstore_write_original(ms, store_id, id, "Subject: o", 10, &size));
	need(msgstore_write_original(ms, store_id, id, "utside\n\n", 8, &size));
	CHECK(size == 18);
	need((bytes = msgstore_read_original(ms, store_id, id, 9, 100,
										 &got)) != NULL);
	CHECK(got == 9 && memcmp(bytes, "outside\n\n", 10) == 0);
	free(bytes);
	need((bytes = msgstore_property_type(ms, "PidTagHtml")) != NULL);
	CHECK(strcmp(bytes, "PT_BINARY") == 0);
	free(bytes);
}

/*
 * Create a message that two clients edit at a time.  Return a save of one
 * client, for the version that the other has saved over, and a handle.
 */
static msgstore_save
make_conflict(int64_t store_id, int64_t folder_id, int32_t *handle)
{
	msgstore_save save = {0};
	msgstore_saved saved;
	int32_t		result;

	save.store_id = store_id;
	save.folder_id = folder_id;
	save.changes = "{\"PR_SUBJECT\": \"base\"}";
	need(msgstore_save_new_message(ms, &save, &saved));
	save.message_id = saved.message_id;
	save.change_number = saved.change_number;
	need(msgstore_open_message(ms, store_id, save.message_id, MSGSTORE_MODIFY,
							   handle));
	need(msgstore_set_props(ms, *handle, "{\"PR_COMMENT\": \"mine\"}"));
	save.changes = "{\"PR_SUBJECT\": \"theirs\"}";
	need(msgstore_save_message(ms, &save, &saved));
	need(msgstore_save_changes(ms, *handle, 0, &result));
	CHECK(result == MSGSTORE_E_OBJECT_CHANGED);
	save.changes = "{\"PR_COMMENT\": \"x\"}";
	return save;
}

/* Report and settle conflicts. */
static void
settle_conflicts(int64_t store_id, int64_t folder_id)
{
	msgstore_conflict_report *report;
	const msgstore_difference *theirs;
	msgstore_save save;
	msgstore_saved saved;
	int32_t		handle;
	int32_t		result;
	int64_t		copy;
	char	   *props;

	printf("A conflict and its resolution:\n");
	save = make_conflict(store_id, folder_id, &handle);
	need((report = msgstore_conflict(ms, handle, false)) != NULL);
	theirs = report->differences;
	need(report->count == 2);
	CHECK(strcmp(theirs->property, "PR_SUBJECT") == 0);
	CHECK(equal(theirs->base, "\"base\"") &&
		  equal(theirs->theirs, "\"theirs\""));
	CHECK(strcmp(theirs->side, "theirs") == 0 && theirs->changed_by != NULL);
	CHECK(strcmp(theirs[1].side, "yours") == 0 && theirs[1].base == NULL);
	save.change_number = theirs->change_number;
	msgstore_free_conflict(report);
	need(msgstore_save_as(ms, handle, folder_id, &copy));
	CHECK(copy != save.message_id);
	need(msgstore_resolve_conflict(ms, handle, MSGSTORE_OVERWRITE, 0,
								   save.change_number - 1, &result));
	CHECK(result == MSGSTORE_E_OBJECT_CHANGED);
	need((props = msgstore_merge_obstacles(ms, handle, false)) != NULL);
	CHECK(strcmp(props, "[]") == 0);
	free(props);
	need((props = msgstore_merge_text(ms, "a\n-\nb\n", "A\n-\nb\n",
									  "a\n-\nB\n", NULL)) != NULL);
	CHECK(strcmp(props, "A\n-\nB\n") == 0);
	free(props);
	need(msgstore_resolve_conflict(ms, handle, MSGSTORE_MERGE, 0, 0,
								   &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_close_object(ms, handle));

	/* a conflict without a handle */
	need((report = msgstore_message_conflict(ms, &save, true)) != NULL);
	CHECK(report->count == 1 &&
		  strcmp(report->differences->side, "both") == 0);
	msgstore_free_conflict(report);
	need(msgstore_resolve_message_conflict(ms, &save, MSGSTORE_MERGE, 0, 0,
										   &saved));
	CHECK(saved.result == MSGSTORE_E_OBJECT_CHANGED);
	need(msgstore_resolve_message_conflict(ms, &save, MSGSTORE_SAVE_ELSEWHERE,
										   folder_id, 0, &saved));
	CHECK(saved.result == MSGSTORE_S_OK &&
		  saved.message_id != save.message_id &&
		  saved.change_number > save.change_number);
	need((props = msgstore_read_message(ms, store_id, save.message_id,
										NULL)) != NULL);
	CHECK(has(props, "\"mine\"") && has(props, "\"theirs\""));
	free(props);
}

/* Park edits, which then outlive the connection. */
static void
park_a_draft(int64_t store_id, int64_t folder_id)
{
	msgstore_draft_list *list;
	int32_t		handle;
	int32_t		result;
	int64_t		id;
	int64_t		parked_id;

	printf("A draft:\n");
	id = make_conflict(store_id, folder_id, &handle).message_id;
	need(msgstore_park(ms, handle, &parked_id));
	need(msgstore_close_object(ms, handle));
	need((list = msgstore_parked(ms, store_id, id)) != NULL);
	need(list->count == 1);
	CHECK(list->drafts->parked_id == parked_id &&
		  list->drafts->message_id == id);
	CHECK(strcmp(list->drafts->properties, "[\"PR_COMMENT\"]") == 0);
	msgstore_free_parked(list);
	need(msgstore_resume(ms, store_id, parked_id, &handle));
	need(msgstore_resolve_conflict(ms, handle, MSGSTORE_SAVE_ELSEWHERE, 0, 0,
								   &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_park(ms, handle, &parked_id));
	need(msgstore_discard_parked(ms, store_id, parked_id));
	CHECK(!msgstore_resume(ms, store_id, parked_id, &handle));
}

/* Read and restore an older version; move, delete and restore a message. */
static void
look_back(int64_t store_id, int64_t folder_id, int64_t id)
{
	msgstore_change_list *list;
	const int64_t some[] = {id, -1};
	msgstore_selection chosen = {0};
	msgstore_saved saved;
	int64_t		first;
	int64_t		last;
	int64_t		inbox;
	int64_t		top;
	int32_t		result;
	char	   *props;

	printf("History and places:\n");
	need((list = msgstore_history(ms, store_id, id, 0)) != NULL);
	need(list->count >= 3);
	CHECK(strcmp(list->changes->kind, "create") == 0);
	CHECK(list->changes[1].previous == list->changes->change_number);
	first = list->changes->change_number;
	last = list->changes[list->count - 1].change_number;
	msgstore_free_history(list);
	need((props = msgstore_message_at(ms, store_id, id, first)) != NULL);
	CHECK(has(props, "\"first\""));
	free(props);
	need(msgstore_restore_version(ms, store_id, id, first, first, &saved));
	CHECK(saved.result == MSGSTORE_E_OBJECT_CHANGED);
	need(msgstore_set_actor(ms, "ann@example.org"));
	need(msgstore_restore_version(ms, store_id, id, first, last, &saved));
	CHECK(saved.result == MSGSTORE_S_OK);
	need(msgstore_set_actor(ms, NULL));
	need((list = msgstore_history(ms, store_id, id, 1)) != NULL);
	need(list->count == 1);
	CHECK(list->changes->change_number == saved.change_number);
	CHECK(equal(list->changes->changed_by, "ann@example.org") &&
		  equal(list->changes->actor, "ann@example.org"));
	msgstore_free_history(list);

	need(msgstore_special_folder(ms, store_id, "Drafts", &inbox, &top));
	chosen.store_id = store_id;
	chosen.message_ids = some;
	chosen.count = 1;
	chosen.if_change_number = first;
	need(msgstore_move_messages(ms, &chosen, inbox, &result));
	CHECK(result == MSGSTORE_E_OBJECT_CHANGED);
	CHECK(!msgstore_restore_messages(ms, &chosen, &result));
	chosen.if_change_number = saved.change_number;
	need(msgstore_move_messages(ms, &chosen, inbox, &result));
	CHECK(result == MSGSTORE_S_OK);
	chosen.if_change_number = 0;
	need(msgstore_delete_messages(ms, &chosen, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	need(msgstore_restore_messages(ms, &chosen, &result));
	CHECK(result == MSGSTORE_S_OK);
	chosen.count = 2;
	need(msgstore_move_messages(ms, &chosen, folder_id, &result));
	CHECK(result == MSGSTORE_W_PARTIAL_COMPLETION);
	need(msgstore_set_read_flags(ms, &chosen, 0, 0, &result));
	CHECK(result == MSGSTORE_W_PARTIAL_COMPLETION);
	chosen.message_ids = NULL;
	need(msgstore_set_read_flags(ms, &chosen, folder_id,
								 MSGSTORE_CLEAR_READ_FLAG, &result));
	CHECK(result == MSGSTORE_S_OK);
}

/* List, count and find messages. */
static void
list_and_search(int64_t store_id, int64_t folder_id)
{
	static const char *const columns[] = {"PR_SUBJECT", NULL};
	static const char *const sort[] = {"PR_SUBJECT DESC", NULL};
	msgstore_table table = {0};
	msgstore_search search = {0};
	msgstore_save save = {0};
	msgstore_saved saved;
	msgstore_row_list *page;
	msgstore_found_list *found;
	char		call[80];
	int64_t		count;
	int64_t		last;

	printf("Lists and search:\n");
	table.store_id = store_id;
	table.folder_id = folder_id;
	table.columns = columns;
	table.sort = sort;
	table.max = 2;
	need(msgstore_count_messages(ms, &table, &count));
	need((page = msgstore_list_messages(ms, &table)) != NULL);
	need(page->count == 2);
	CHECK(has(page->rows[0].row, "\"theirs\""));
	CHECK(count > page->count);
	table.after = page->rows[1].position;
	last = page->rows[1].message_id;
	{
		msgstore_row_list *next = msgstore_list_messages(ms, &table);

		need(next != NULL);
		CHECK(next->count > 0 && next->rows[0].message_id != last);
		msgstore_free_rows(next);
	}
	msgstore_free_rows(page);
	table.after = NULL;
	table.restriction = "{\"content\": {\"name\": \"PR_SUBJECT\","
		" \"value\": \"one\", \"match\": \"prefix\"}}";
	need((page = msgstore_list_messages(ms, &table)) != NULL);
	CHECK(page->count > 0 && has(page->rows[0].row, "\"one call\""));
	msgstore_free_rows(page);
	table.restriction = "{\"nonsense\": 1}";
	CHECK(msgstore_list_messages(ms, &table) == NULL);

	search.store_id = store_id;
	search.query = "findable";
	CHECK(msgstore_search_messages(ms, &search) == NULL);
	snprintf(call, sizeof(call), "SELECT set_search(%" PRId64
			 ", true, 'simple')", store_id);
	need(msgstore_execute(ms, call));
	save.store_id = store_id;
	save.folder_id = folder_id;
	save.changes = "{\"PR_SUBJECT\": \"findable\"}";
	need(msgstore_save_new_message(ms, &save, &saved));
	need((found = msgstore_search_messages(ms, &search)) != NULL);
	CHECK(found->count == 1 && found->found->folder_id == folder_id &&
		  found->found->message_id == saved.message_id &&
		  strtod(found->found->rank, NULL) > 0);
	msgstore_free_found(found);
	snprintf(call, sizeof(call), "SELECT set_search(%" PRId64 ", false)",
			 store_id);
	need(msgstore_execute(ms, call));
}

/* Make many saves at a time, and read what has changed since. */
static void
save_many(int64_t store_id, int64_t folder_id)
{
	enum
	{
		MANY = 8
	};
	int64_t		ids[MANY];
	int64_t		numbers[MANY];
	int32_t		result = 0;
	char		changes[256];
	char	   *token;
	int			stored = 0;
	msgstore_save save = {0};
	msgstore_saved one;
	msgstore_selection all = {0};
	msgstore_feed feed = {0};
	msgstore_saved_list *saved;
	msgstore_event_list *events;

	printf("Many saves, and the feed:\n");
	save.store_id = store_id;
	save.folder_id = folder_id;
	save.changes = "{\"PR_SUBJECT\": \"outside\"}";
	for (int i = 0; i < MANY; i++)
	{
		need(msgstore_save_new_message(ms, &save, &one));
		ids[i] = one.message_id;
		numbers[i] = one.change_number;
	}
	need((token = msgstore_feed_position(ms, store_id)) != NULL);

	/* a pipeline: each save is a transaction of its own */
	need(msgstore_enter_pipeline(ms));
	for (int i = 0; i < MANY; i++)
	{
		save.message_id = ids[i];
		save.change_number = i == 3 ? 1 : numbers[i];
		save.changes = i == 5 ? "{\"PR_NOWHERE\": 1}" :
			"{\"PR_IMPORTANCE\": 2}";
		need(msgstore_send_save(ms, &save));
	}
	for (int i = 0; i < MANY; i++)
	{
		if (!msgstore_next_saved(ms, &one))
			CHECK(i == 5 && *msgstore_last_error(ms)->sqlstate != '\0');
		else if (one.result == MSGSTORE_S_OK)
		{
			numbers[i] = one.change_number;
			stored += one.message_id == ids[i];
		}
		else
			CHECK(i == 3 && one.result == MSGSTORE_E_OBJECT_CHANGED);
	}
	CHECK(stored == MANY - 2);
	CHECK(!msgstore_next_saved(ms, &one));
	need(msgstore_exit_pipeline(ms));

	/* one call for all, in one transaction */
	snprintf(changes, sizeof(changes), "[{\"message_id\": %" PRId64 ","
			 " \"change_number\": %" PRId64 ", \"changes\":"
			 " {\"PR_SENSITIVITY\": 1}}, {\"message_id\": %" PRId64 ","
			 " \"change_number\": 1, \"changes\": {\"PR_SENSITIVITY\": 1}}]",
			 ids[0], numbers[0], ids[1]);
	need((saved = msgstore_save_messages(ms, store_id, changes, 0,
										 NULL)) != NULL);
	need(saved->count == 2);
	CHECK(saved->saved[0].result == MSGSTORE_S_OK &&
		  saved->saved[0].change_number > numbers[0]);
	CHECK(saved->saved[1].message_id == ids[1] &&
		  saved->saved[1].result == MSGSTORE_E_OBJECT_CHANGED);
	msgstore_free_saved(saved);

	feed.store_id = store_id;
	feed.token = token;
	need((events = msgstore_changes_since(ms, &feed)) != NULL);
	need(events->count == stored + 2);
	CHECK(strcmp(events->events[0].kind, "save") == 0 &&
		  has(events->events[0].properties, "[\"PR_IMPORTANCE\"]"));
	CHECK(strcmp(events->events[events->count - 1].kind, "end") == 0);
	msgstore_free_events(events);
	free(token);
	all.store_id = store_id;
	all.message_ids = ids;
	all.count = MANY;
	need(msgstore_delete_messages(ms, &all, MSGSTORE_DELETE_HARD_DELETE,
								  &result));
}

/* Return the text of a member of a JSON object, which the caller frees. */
static char *
member(const char *json, const char *name)
{
	char		start[64];
	const char *at;

	snprintf(start, sizeof(start), "\"%s\": \"", name);
	at = strstr(json, start);
	need(at != NULL);
	at += strlen(start);
	return strndup(at, strcspn(at, "\""));
}

/* Bring the root and a folder to another store; return the id of the store. */
static int64_t
bring_folders(const char *store_name, int64_t store_id, int64_t folder_id)
{
	char		name[200];
	int64_t		other;
	int64_t		folders[2] = {0, folder_id};
	int64_t		parent;
	int64_t		folder = 0;
	int32_t		result = 0;
	bool		found;
	char	   *change;

	snprintf(name, sizeof(name), "%.150s, brought", store_name);
	need(msgstore_find_store(ms, name, &found, &other));
	if (!found)
		need(msgstore_create_store(ms, name, &other));
	need(msgstore_special_folder(ms, store_id, "Root", &folders[0], &parent));
	for (int i = 0; i < 2; i++)
	{
		need((change = msgstore_export_folder(ms, store_id,
											  folders[i])) != NULL);
		need(msgstore_import_folder(ms, other, change, &result, &folder));
		CHECK(result == MSGSTORE_S_OK || result == MSGSTORE_SYNC_E_IGNORE);
		free(change);
	}
	need((change = msgstore_export_folder(ms, other, folder)) != NULL);
	{
		size_t		size = strlen(change) + 3;
		char	   *keys = malloc(size);
		msgstore_id_list *newer;

		need(keys != NULL);
		snprintf(keys, size, "[%s]", change);
		need((newer = msgstore_newer_folders(ms, store_id, keys)) != NULL);
		CHECK(newer->count == 0);
		msgstore_free_ids(newer);
		free(keys);
	}
	free(change);
	return other;
}

/* Copy a large value to another store; return its id there. */
static int64_t
copy_value(const msgstore_blob_place *place, const msgstore_blob *value,
		   int64_t other)
{
	int64_t		copy;
	int64_t		offset = 0;

	need(msgstore_create_blob(ms, other, value->is_binary, &copy));
	while (offset < value->size)
	{
		size_t		got = 0;
		void	   *bytes = msgstore_read_blob(ms, place, offset, 1000000,
											   &got);

		need(bytes != NULL);
		/* whole characters: the fourth byte of a line begins one */
		got -= (offset + (int64_t) got) % 6 == 4;
		need(got > 0);
		need(msgstore_write_blob(ms, other, copy, offset, bytes, got));
		offset += (int64_t) got;
		free(bytes);
	}
	return copy;
}

/* Copy the large values that a change needs; return their list. */
static msgstore_blob_list *
bring_values(int64_t store_id, int64_t message_id, int64_t other,
			 const char *change)
{
	msgstore_blob_list *list = msgstore_missing_blobs(ms, other, change);
	msgstore_blob_place place = {store_id, message_id, 0};

	need(list != NULL);
	for (int i = 0; i < list->count; i++)
	{
		place.blob = list->blobs[i].blob;
		list->blobs[i].copy = copy_value(&place, &list->blobs[i], other);
	}
	return list;
}

/* Bring a move, a read flag, and at last a deletion of a message. */
static void
bring_states(int64_t store_id, int64_t id, int64_t other, int64_t copy)
{
	char	   *before = msgstore_export_change(ms, store_id, id);
	char	   *after;
	char	   *keys = msgstore_export_keys(ms, other, &copy, 1);
	char	   *texts[3];
	const char *sources[2] = {NULL, NULL};
	char		call[80];
	msgstore_selection chosen = {0};
	msgstore_move move = {0};
	msgstore_saved saved;
	msgstore_id_list *newer;
	int64_t		inbox;
	int64_t		top;
	int32_t		result;

	need(before != NULL && keys != NULL);
	chosen.store_id = store_id;
	chosen.message_ids = &id;
	chosen.count = 1;
	need(msgstore_special_folder(ms, store_id, "Inbox", &inbox, &top));
	need(msgstore_move_messages(ms, &chosen, inbox, &result));
	need((newer = msgstore_newer_changes(ms, store_id, keys)) != NULL);
	CHECK(newer->count == 1 && newer->ids[0] == id);
	msgstore_free_ids(newer);
	free(keys);
	need((after = msgstore_export_change(ms, store_id, id)) != NULL);
	move.store_id = other;
	move.source_key = sources[0] = texts[0] = member(before, "PR_SOURCE_KEY");
	move.change_key = texts[1] = member(after, "PR_CHANGE_KEY");
	move.predecessors = texts[2] = member(before,
										  "PR_PREDECESSOR_CHANGE_LIST");
	need(msgstore_special_folder(ms, other, "Inbox", &move.folder_id, &top));
	need(msgstore_import_move(ms, &move, &saved));
	CHECK(saved.result == MSGSTORE_S_OK && saved.message_id == copy);

	snprintf(call, sizeof(call), "SELECT set_read_flag(%" PRId64 ", %" PRId64
			 ")", store_id, id);
	need(msgstore_execute(ms, call));
	need((keys = msgstore_export_read_state(ms, store_id, &id, 1)) != NULL);
	need(msgstore_import_read_state(ms, other, keys, &result));
	CHECK(result == MSGSTORE_S_OK && has(keys, texts[0]));
	need(msgstore_import_deletion(ms, other, sources, 0, &result));
	CHECK(result == MSGSTORE_S_OK);
	free(keys);
	free(before);
	free(after);
	for (int i = 0; i < 3; i++)
		free(texts[i]);
}

/* Bring folders and messages to another store, and record the position. */
static void
bring(const char *store_name, int64_t store_id, int64_t folder_id,
	  int64_t message_id, int64_t large_id)
{
	const int64_t ids[2] = {message_id, large_id};
	msgstore_saved saved;
	msgstore_id_list *missing;
	msgstore_blob_list *values;
	msgstore_position *position;
	msgstore_position now = {0};
	int64_t		other;
	char	   *change;

	printf("From store to store:\n");
	other = bring_folders(store_name, store_id, folder_id);
	need((change = msgstore_export_keys(ms, store_id, ids, 2)) != NULL);
	need((missing = msgstore_missing_changes(ms, other, change)) != NULL);
	CHECK(missing->count == 2);
	free(change);
	msgstore_free_ids(missing);
	for (int i = 1; i >= 0; i--)
	{
		need((change = msgstore_export_change(ms, store_id, ids[i])) != NULL);
		values = bring_values(store_id, ids[i], other, change);
		CHECK(values->count == (ids[i] == large_id ? 2 : 0));
		need(msgstore_import_change(ms, other, 0, change, values, &saved));
		CHECK(saved.result == MSGSTORE_S_OK && saved.message_id > 0);
		msgstore_free_blobs(values);
		free(change);
	}
	need((change = msgstore_export_change(ms, store_id, message_id)) != NULL);
	need(msgstore_import_change(ms, other, 0, change, NULL, &saved));
	CHECK(saved.result == MSGSTORE_SYNC_E_IGNORE);
	free(change);
	bring_states(store_id, message_id, other, saved.message_id);

	now.token = change = msgstore_feed_position(ms, store_id);
	now.messages = &large_id;
	now.message_count = 1;
	need(change != NULL);
	need(msgstore_set_sync_position(ms, other, store_name, &now));
	need((position = msgstore_get_sync_position(ms, other,
												store_name)) != NULL);
	CHECK(equal(position->token, change));
	CHECK(position->message_count == 1 && position->messages[0] == large_id &&
		  position->folder_count == 0);
	msgstore_free_position(position);
	free(change);
}

/* Raise errors, and read their texts. */
static void
meet_errors(int64_t store_id)
{
	const msgstore_error *error;
	msgstore   *nowhere;
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

	nowhere = msgstore_connect_uri("host=/nowhere/at/all");
	CHECK(nowhere != NULL && !msgstore_connected(nowhere));
	if (nowhere == NULL)
		return;
	error = msgstore_last_error(nowhere);
	CHECK(*error->sqlstate == '\0' && *error->message != '\0' &&
		  error->message[strlen(error->message) - 1] != '\n');
	msgstore_disconnect(nowhere);
}

int
main(int argc, char **argv)
{
	static const char *const keywords[] = {
		"dbname", "fallback_application_name", NULL
	};
	const char *values[] = {argv[1], "tour", NULL};
	int64_t		store_id;
	int64_t		folder_id;
	int64_t		message_id;
	int64_t		large_id;

	if (argc != 3)
	{
		fputs("usage: tour CONNINFO STORE\n", stderr);
		return 2;
	}
	ms = msgstore_connect(keywords, values);
	if (ms == NULL)
		return 2;
	need(msgstore_connected(ms));
	CHECK(PQstatus(msgstore_connection(ms)) == CONNECTION_OK);

	make_folder(argv[2], &store_id, &folder_id);
	message_id = use_handles(store_id, folder_id);
	use_numbers(store_id, folder_id, message_id);
	large_id = fill_message(store_id, folder_id);
	use_streams(store_id, large_id);
	settle_conflicts(store_id, folder_id);
	park_a_draft(store_id, folder_id);
	look_back(store_id, folder_id, message_id);
	list_and_search(store_id, folder_id);
	save_many(store_id, folder_id);
	bring(argv[2], store_id, folder_id, message_id, large_id);
	meet_errors(store_id);
	msgstore_disconnect(ms);
	return surprised ? 1 : 0;
}
