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

/* the feed cannot go on from a token: MAPI_E_UNABLE_TO_COMPLETE */
#define LIST_ANEW		"MA400"

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

/* Sort the rows of a page into its lists. */
static void
sort_page(const PGresult *res, Page *page)
{
	GHashTable *messages = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												 g_free, NULL);
	GHashTable *folders = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												g_free, NULL);
	GHashTable *marked = g_hash_table_new_full(g_int64_hash, g_int64_equal,
											   g_free, NULL);

	for (int r = 0; r < PQntuples(res); r++)
	{
		const char *kind = msgstore_text_at(res, r, 3);

		if (strcmp(kind, "end") == 0)
			page->ended = true;
		else if (!PQgetisnull(res, r, 1))
			add_once(page->messages, messages, msgstore_number_at(res, r, 1));
		else if (PQgetisnull(res, r, 2))
			continue;
		else if (strcmp(kind, "read_folder") == 0)
			add_once(page->marked, marked, msgstore_number_at(res, r, 2));
		else
			add_once(page->folders, folders, msgstore_number_at(res, r, 2));
	}
	g_hash_table_destroy(messages);
	g_hash_table_destroy(folders);
	g_hash_table_destroy(marked);
}

/*
 * Read a page of the feed from a token on, NULL for the beginning.  Returns
 * false on error.
 */
static bool
read_page(Run *run, const char *token, Page *page)
{
	const char *values[] = {run->from->store, token};
	PGresult   *res = peer_ask(run, run->from, "*tn?n?t",
						  "SELECT c.token, c.message_id, c.folder_id, c.kind"
						  " FROM msgstore.changes_since(CAST($1 AS"
						  " pg_catalog.int8), CAST($2 AS pg_catalog.text),"
						  " " PAGE_ROWS ") AS c", 2, values);

	memset(page, 0, sizeof(*page));
	if (res == NULL)
		return false;
	page->messages = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->folders = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->marked = g_array_new(FALSE, FALSE, sizeof(int64_t));
	sort_page(res, page);
	if (PQntuples(res) > 0)
		page->token = g_strdup(msgstore_text_at(res, PQntuples(res) - 1, 0));
	else
	{
		page->token = g_strdup(token);
		page->ended = true;
	}
	PQclear(res);
	return true;
}

/* Record the position in the receiving store.  Returns false on error. */
static bool
set_position(Run *run, const char *token)
{
	g_autofree char *again = bring_ids_text(run->again);
	g_autofree char *folders = bring_ids_text(run->folders_again);
	const char *values[] = {run->to->store, run->from->peer, token, again,
		folders};
	PGresult   *res = peer_ask(run, run->to, "1v",
						  "SELECT msgstore.set_sync_position(CAST($1 AS"
						  " pg_catalog.int8), $2, $3,"
						  " CAST($4 AS pg_catalog.int8[]),"
						  " CAST($5 AS pg_catalog.int8[]))", 5, values);

	if (res == NULL)
		return peer_trouble(run->to, "could not record the position");
	PQclear(res);
	return true;
}

/* Append the number at a place of a result to a list, unless it is NULL. */
static void
append_id(GArray *list, const PGresult *res, int row, int column)
{
	int64_t		id;

	if (PQgetisnull(res, row, column))
		return;
	id = msgstore_number_at(res, row, column);
	g_array_append_val(list, id);
}

/*
 * Read the position from the receiving store, and the messages and folders to
 * be tried again.  *token is NULL if there is no position.  Returns false on
 * error.
 */
static bool
get_position(Run *run, char **token, GArray *again, GArray *folders)
{
	const char *values[] = {run->to->store, run->from->peer};
	PGresult   *res = peer_ask(run, run->to, "*t?n?n?",
						  "SELECT p.sync_token, i.m, i.f FROM"
						  " msgstore.get_sync_position(CAST($1 AS"
						  " pg_catalog.int8), $2) AS p"
						  " LEFT JOIN LATERAL ROWS FROM ("
						  "pg_catalog.unnest(p.again),"
						  " pg_catalog.unnest(p.folders_again))"
						  " AS i (m, f) ON true", 2, values);

	if (res == NULL)
		return peer_trouble(run->to, "could not read the position");
	*token = NULL;
	for (int r = 0; r < PQntuples(res); r++)
	{
		if (r == 0 && !PQgetisnull(res, r, 0))
			*token = g_strdup(msgstore_text_at(res, r, 0));
		append_id(again, res, r, 1);
		append_id(folders, res, r, 2);
	}
	PQclear(res);
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
			if (token == NULL || !peer_failed_with(run->from, LIST_ANEW, ""))
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
	const char *values[] = {side->store};
	PGresult   *res;

	side->name = show_name(store);
	side->ms = session_connect(dbname == NULL ? target : &own,
							   "msgstore sync");
	if (side->ms == NULL ||
		!session_find_store(side->ms, store, &side->store_id))
		return false;
	snprintf(side->store, sizeof(side->store), "%" PRId64, side->store_id);
	/* see the NOTES: no commit has to wait for the disk */
	if (!msgstore_execute(side->ms, "SET synchronous_commit = off"))
		return peer_trouble(side, "could not prepare the session");
	res = msgstore_query(side->ms, "1t",
						 "SELECT pg_catalog.concat(s.system_identifier, '/',"
						 " d.oid, '/', CAST($1 AS pg_catalog.text)) FROM"
						 " pg_catalog.pg_control_system() AS s,"
						 " pg_catalog.pg_database AS d"
						 " WHERE d.datname OPERATOR(pg_catalog.=)"
						 " pg_catalog.current_database()", 1, values);
	if (res == NULL)
		return peer_trouble(side, "could not identify the store");
	side->peer = g_strdup(msgstore_text_at(res, 0, 0));
	PQclear(res);
	return true;
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
	/* what one direction has settled may be news to the other */
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
