/*-------------------------------------------------------------------------
 *
 * sync.c
 *	  The command "msgstore sync": bring the changes of one store to another,
 *	  and with --both the other way, too.
 *
 * NOTES
 *	  The receiving store keeps how far it has got (get_sync_position()).  A
 *	  run reads the feed of the sending store from there, a page at a time: it
 *	  asks for the keys of the messages in the page, asks the receiving store
 *	  which of these versions it lacks, and brings those.  What a page names
 *	  is read as it is now, so the order of a page does not matter, except that
 *	  folders come before what is in them and are deleted after it.
 *
 *	  A feed that is read from its beginning names what is there, and not what
 *	  was deleted before.  So the first page is preceded by a comparison of
 *	  what the receiving store has with the sending store.
 *
 *	  Each import is a transaction of its own, and importing something again
 *	  does nothing.  The position moves on after everything in the page was
 *	  committed, in a later transaction of the same session.  So a run may be
 *	  ended anywhere, and the session need not wait for the disk at each
 *	  commit: a crash of the server loses the position with what it covers.
 *
 *	  A message or folder that cannot be imported yet, because the folder above
 *	  is deleted or the message is being sent, is noted beside the position, and
 *	  tried again by every run.
 *
 *	  Memory holds one page of ids and one message without its large values,
 *	  which are copied in pieces.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync.h"

#define MAX_PASSES		4		/* of --both */

/*
 * The feed cannot go on from a token (MAPI_E_UNABLE_TO_COMPLETE), or the
 * recorded position is no token of the store (MAPI_E_INVALID_PARAMETER).
 */
#define LIST_ANEW		"MA400"
#define NO_TOKEN		"MA057"

typedef struct SyncOptions
{
	Target		target;
	const char *from;			/* NULL: the target's connection */
	const char *to;
	const char *to_store;		/* NULL: the name of the other store */
	bool		both;
	bool		json;
} SyncOptions;

/* -------------------------------------------------------------------- feed */

/* The names in a page of the feed. */
typedef struct Page
{
	GArray	   *messages;		/* int64_t, each once, as the next two */
	GArray	   *folders;
	GArray	   *marked;			/* folders that were marked as a whole */
	char	   *token;			/* after the page */
	bool		ended;			/* it is the last one */
} Page;

static void
free_page(Page *page)
{
	g_array_free(page->messages, TRUE);
	g_array_free(page->folders, TRUE);
	g_array_free(page->marked, TRUE);
	g_free(page->token);
}

/* Add an id to a list, unless it has it. */
static void
add_once(GArray *list, GHashTable *seen, int64_t id)
{
	int64_t    *key = g_new(int64_t, 1);

	*key = id;
	if (g_hash_table_add(seen, key))
		g_array_append_val(list, id);
}

/* Sort the changes of a page into its lists. */
static void
sort_page(const msgstore_event_list *events, Page *page)
{
	GHashTable *messages = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												 g_free, NULL);
	GHashTable *folders = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												g_free, NULL);
	GHashTable *marked = g_hash_table_new_full(g_int64_hash, g_int64_equal,
											   g_free, NULL);

	for (int i = 0; i < events->count; i++)
	{
		const msgstore_event *event = &events->events[i];

		if (strcmp(event->kind, "end") == 0)
			page->ended = true;
		else if (event->message_id != 0)
			add_once(page->messages, messages, event->message_id);
		else if (event->folder_id == 0)
			continue;
		else if (strcmp(event->kind, "read_folder") == 0)
			add_once(page->marked, marked, event->folder_id);
		else
			add_once(page->folders, folders, event->folder_id);
	}
	g_hash_table_destroy(messages);
	g_hash_table_destroy(folders);
	g_hash_table_destroy(marked);
}

/* Return the number of bytes of a page of the feed. */
static uint64_t
page_bytes(const msgstore_event_list *events)
{
	uint64_t	bytes = 0;

	for (int r = 0; r < PQntuples(events->owner); r++)
	{
		for (int c = 0; c < PQnfields(events->owner); c++)
			bytes += (uint64_t) PQgetlength(events->owner, r, c);
	}
	return bytes;
}

/*
 * Read a page of the feed from a token on, NULL for the beginning.  Returns
 * false on error.
 */
static bool
read_page(Run *run, const char *token, Page *page)
{
	msgstore_feed feed = {
		.store_id = run->from->store_id, .token = token, .max = FEED_ROWS
	};
	msgstore_event_list *events = msgstore_changes_since(run->from->ms, &feed);

	memset(page, 0, sizeof(*page));
	if (events == NULL)
		return false;
	page->messages = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->folders = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->marked = g_array_new(FALSE, FALSE, sizeof(int64_t));
	sort_page(events, page);
	if (events->count > 0)
		page->token = g_strdup(events->events[events->count - 1].token);
	else
	{
		page->token = g_strdup(token);
		page->ended = true;
	}
	run->tally.bytes += page_bytes(events);
	msgstore_free_events(events);
	return true;
}

/* Record the position in the receiving store.  Returns false on error. */
static bool
set_position(Run *run, const char *token)
{
	msgstore_position position = {
		.token = token,
		.messages = (const int64_t *) run->again->data,
		.message_count = (int) run->again->len,
		.folders = (const int64_t *) run->folders_again->data,
		.folder_count = (int) run->folders_again->len
	};

	return msgstore_set_sync_position(run->to->ms, run->to->store_id,
									  run->from->peer, &position) ||
		peer_trouble(run->to, "could not record the position");
}

/*
 * Read the position from the receiving store, and the messages and folders to
 * be tried again.  *token is NULL if there is no position.  Returns false on
 * error.
 */
static bool
get_position(Run *run, char **token, GArray *again, GArray *folders)
{
	msgstore_position *position =
		msgstore_get_sync_position(run->to->ms, run->to->store_id,
								   run->from->peer);

	if (position == NULL)
		return peer_trouble(run->to, "could not read the position");
	*token = g_strdup(position->token);
	g_array_append_vals(again, position->messages,
						(guint) position->message_count);
	g_array_append_vals(folders, position->folders,
						(guint) position->folder_count);
	msgstore_free_position(position);
	return true;
}

/* Bring what a page names, and record the position behind it. */
static bool
bring_page(Run *run, const Page *page)
{
	if (!bring_folders(run, page->folders, false) ||
		!bring_messages(run, page->messages))
		return false;
	for (guint i = 0; i < page->marked->len; i++)
	{
		if (!bring_flags_of_folder(run, g_array_index(page->marked, int64_t,
													  i)))
			return false;
	}
	return bring_folders(run, page->folders, true) &&
		set_position(run, page->token);
}

/* Bring all changes of one store to the other.  Returns false on error. */
static bool
run_direction(Run *run)
{
	GArray	   *waiting = g_array_new(FALSE, FALSE, sizeof(int64_t));
	GArray	   *folders = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autofree char *token = NULL;
	bool		done = get_position(run, &token, waiting, folders);
	bool		ended = false;

	if (run->first != NULL)
		g_array_append_vals(waiting, run->first->data, run->first->len);
	done = done && bring_folders(run, folders, false) &&
		bring_messages(run, waiting);
	g_array_free(waiting, TRUE);
	g_array_free(folders, TRUE);
	while (done && !ended)
	{
		Page		page;

		if (!read_page(run, token, &page))
		{
			if (token == NULL || !peer_failed_with(run->from, LIST_ANEW, NO_TOKEN))
				return peer_trouble(run->from, "could not read the feed");
			g_free(token);
			token = NULL;
			continue;
		}
		/* behind the snapshot of the feed, and before any position */
		done = (token != NULL || bring_newer(run)) && bring_page(run, &page);
		ended = page.ended;
		g_free(token);
		token = g_strdup(page.token);
		free_page(&page);
	}
	return done;
}

/* ----------------------------------------------------------------- command */

/* Connect to one side.  Returns false after printing an error. */
static bool
open_side(Peer *side, const Target *target, const char *dbname,
		  const char *store)
{
	Target		own = {.dbname = dbname, .actor = target->actor};
	side->name = show_name(store);
	side->ms = session_connect(dbname == NULL ? target : &own,
							   "msgstore sync");
	if (side->ms == NULL ||
		!session_find_store(side->ms, store, &side->store_id))
		return false;
	/* see the NOTES: no commit has to wait for the disk */
	if (!msgstore_execute(side->ms, "SET synchronous_commit = off"))
		return peer_trouble(side, "could not prepare the session");
	side->peer = session_text(side->ms, "SELECT pg_catalog.concat("
							  "s.system_identifier, '/', d.oid, '/',"
							  " CAST($1 AS pg_catalog.text)) FROM"
							  " pg_catalog.pg_control_system() AS s,"
							  " pg_catalog.pg_database AS d"
							  " WHERE d.datname OPERATOR(pg_catalog.=)"
							  " pg_catalog.current_database()"
							  " AND CAST($2 AS pg_catalog.int8)"
							  " OPERATOR(pg_catalog.=) 0", side->store_id, 0);
	return side->peer != NULL ||
		peer_trouble(side, "could not identify the store");
}

static void
close_side(Peer *side)
{
	msgstore_disconnect(side->ms);
	g_free(side->peer);
	g_free(side->name);
}

/* Make the lists of a direction, and free them. */
static void
make_lists(Run *run)
{
	run->again = g_array_new(FALSE, FALSE, sizeof(int64_t));
	run->folders_again = g_array_new(FALSE, FALSE, sizeof(int64_t));
	run->answers = g_array_new(FALSE, FALSE, sizeof(int64_t));
}

static void
free_lists(Run *run)
{
	g_array_free(run->again, TRUE);
	g_array_free(run->folders_again, TRUE);
	g_array_free(run->answers, TRUE);
}

/* Return the number of messages and folders that are to be tried again. */
static unsigned
count_waiting(const Run *run)
{
	return run->again->len + run->folders_again->len;
}

/* Print the report of a direction for programs, with the names of stores. */
static void
print_tally_json(const Run *run, const char *from, const char *to)
{
	const Tally *tally = &run->tally;
	json_t	   *object = json_pack("{sIsIsIsIsIsIsIsIsIsI}",
								   "messages", (json_int_t) tally->messages,
								   "folders", (json_int_t) tally->folders,
								   "read_flags", (json_int_t) tally->flags,
								   "large_values", (json_int_t) tally->values,
								   "originals", (json_int_t) tally->originals,
								   "conflicts", (json_int_t) tally->conflicts,
								   "deleted", (json_int_t) tally->deleted,
								   "refused", (json_int_t) tally->refused,
								   "again", (json_int_t) count_waiting(run),
								   "bytes", (json_int_t) tally->bytes);

	json_object_set_new(object, "from", json_string(from));
	json_object_set_new(object, "to", json_string(to));
	(void) print_json(object);
	json_decref(object);
}

static void
print_tally(const Run *run)
{
	const Tally *tally = &run->tally;

	print_out("%s -> %s: %u messages, %u folders, %u read flags, %u large"
			  " values, %u originals; %u conflicts, %u edits of deleted messages,"
			  " %u refused, %u to be tried again; %" PRIu64 " bytes\n",
			  run->from->name, run->to->name, tally->messages,
			  tally->folders, tally->flags, tally->values, tally->originals,
			  tally->conflicts, tally->deleted, tally->refused,
			  count_waiting(run), tally->bytes);
}

/*
 * Run one direction, and add its tally to a sum.  "first" are messages to begin
 * with.  Returns false on error.
 */
static bool
pass(Run *sum, Peer *from, Peer *to, GArray *first, bool *any)
{
	Run			run = {.from = from, .to = to, .again = sum->again,
	.folders_again = sum->folders_again, .answers = sum->answers,
	.first = first};
	bool		done;

	g_array_set_size(run.again, 0);
	g_array_set_size(run.folders_again, 0);
	g_array_set_size(run.answers, 0);
	done = run_direction(&run);
	*any = *any || run.tally.messages > 0 || run.tally.folders > 0 ||
		run.answers->len > 0;
	sum->from = from;
	sum->to = to;
	sum->tally.messages += run.tally.messages;
	sum->tally.folders += run.tally.folders;
	sum->tally.conflicts += run.tally.conflicts;
	sum->tally.deleted += run.tally.deleted;
	sum->tally.flags += run.tally.flags;
	sum->tally.values += run.tally.values;
	sum->tally.originals += run.tally.originals;
	sum->tally.refused = run.tally.refused;
	sum->tally.bytes += run.tally.bytes;
	return done;
}

static int
run_sync(const void *arg, char *const *args, int nargs)
{
	const SyncOptions *options = arg;
	const char *store = options->target.store;
	const char *to_store = options->to_store != NULL ? options->to_store :
		store;
	Peer		a = {0};
	Peer		b = {0};
	Run			there = {0};
	Run			back = {0};
	bool		done = open_side(&a, &options->target, options->from, store) &&
		open_side(&b, &options->target, options->to, to_store);
	bool		any = done;
	int			status = EXIT_TROUBLE;

	(void) args;
	(void) nargs;
	make_lists(&there);
	make_lists(&back);
	/* conflicts settled in one direction may be news to the other */
	for (int i = 0; done && any && i < (options->both ? MAX_PASSES : 1); i++)
	{
		any = false;
		done = pass(&there, &a, &b, back.answers, &any);
		if (done && options->both)
			done = pass(&back, &b, &a, there.answers, &any);
	}
	if (there.from != NULL && options->json)
		print_tally_json(&there, store, to_store);
	else if (there.from != NULL)
		print_tally(&there);
	if (back.from != NULL && options->json)
		print_tally_json(&back, to_store, store);
	else if (back.from != NULL)
		print_tally(&back);
	if (done)
		status = count_waiting(&there) + count_waiting(&back) > 0 ?
			EXIT_REFUSED : EXIT_DONE;
	free_lists(&there);
	free_lists(&back);
	close_side(&a);
	close_side(&b);
	return print_flush() ? status : EXIT_TROUBLE;
}

static const Option sync_options[] = {
	{.name = "from", .letter = 'F', .kind = OPTION_TEXT, .value = "CONN",
		.offset = offsetof(SyncOptions, from),
		.help = "database or connection string of the sending store (default: "
	"as given by --dbname)"},
	{.name = "to", .letter = 'T', .kind = OPTION_TEXT, .value = "CONN",
		.offset = offsetof(SyncOptions, to),
	.help = "database or connection string of the receiving store"},
	{.name = "to-store", .kind = OPTION_TEXT, .value = "NAME",
		.offset = offsetof(SyncOptions, to_store),
	.help = "the receiving store (default: the name given by --store)"},
	{.name = "both", .kind = OPTION_FLAG,
		.offset = offsetof(SyncOptions, both),
	.help = "bring changes the other way, too"},
	JSON_OPTION(SyncOptions),
	{.name = NULL}
};

static const char *
check_sync(const void *arg)
{
	const SyncOptions *options = arg;

	return options->to == NULL ? "no receiving side given (option --to)" :
		NULL;
}

const Command command_sync = {
	.name = "sync",
	.summary = "bring the changes of one store to another",
	.usage = "--store NAME --from CONN --to CONN [OPTION]...",
	.description = "Folders, messages, deletions, moves and read flags that "
	"are new in the sending store are brought to the receiving store, which "
	"has to exist; with a message comes the mail that it was made from. "
	"What both have changed is a conflict: the later change "
	"stands, and the other becomes a draft of the message, to be settled with "
	"\"msgstore resolve\".\n\n"
	"The receiving store remembers how far it has got, so that the next run "
	"brings only what is new. A run may be ended at any time; run the command "
	"again to go on.",
	.options = sync_options,
	.notes = "The report has a line per direction, with the bytes that were "
	"sent and received. Messages and folders below a folder that is deleted in "
	"the receiving store, and messages that are being sent, are tried again by "
	"the next run.",
	.exits = {
		[EXIT_DONE] = "everything was brought",
		[EXIT_REFUSED] = "some messages or folders are to be tried again",
		[EXIT_TROUBLE] = "bad usage, no connection, no such store, or an error "
		"that ended the run"
	},
	.needs = NEEDS_STORE,
	.min_args = 0,
	.max_args = 0,
	.args_error = "sync takes no arguments",
	.size = sizeof(SyncOptions),
	.check = check_sync,
	.run = run_sync
};
