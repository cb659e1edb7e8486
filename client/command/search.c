/*-------------------------------------------------------------------------
 *
 * search.c
 *	  msgstore search: list the messages that match a query, the best first.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>

#include "frame.h"

#define DEFAULT_MAX		50
#define MOST_MESSAGES	100000

typedef struct SearchOptions
{
	Target		target;			/* must be first */
	const char *folder;			/* NULL: the store */
	const char *after;			/* a position, or NULL */
	unsigned	max;
	bool		json;
} SearchOptions;

static const Column columns[] = {
	{"message_id", "ID", COLUMN_NUMBER},
	{"message_delivery_time", "Received", COLUMN_TIME},
	{"sender_name", "From", COLUMN_TEXT},
	{"subject", "Subject", COLUMN_TEXT},
	{"headline", "Text", COLUMN_TEXT},
	{"position", "", COLUMN_HIDDEN},
	{NULL}
};

static const char *const statement =
"SELECT message_id,"
" props OPERATOR(pg_catalog.->>) 'PR_MESSAGE_DELIVERY_TIME',"
" props OPERATOR(pg_catalog.->>) 'PR_SENDER_NAME',"
" props OPERATOR(pg_catalog.->>) 'PR_SUBJECT', headline, \"position\""
" FROM msgstore.search_messages($1, $2, $3, $4::pg_catalog.int4, $5),"
" LATERAL msgstore.read_message($1, message_id,"
" '{PR_MESSAGE_DELIVERY_TIME,PR_SENDER_NAME,PR_SUBJECT}') AS props";

/*
 * Print the messages that match a query, of a folder or, if folder_id is 0, of
 * the store.  Returns an exit code.
 */
static int
search(msgstore *ms, const SearchOptions *options, const char *query,
	   int64_t store_id, int64_t folder_id)
{
	char		store[24];
	char		folder[24];
	char		max[24];
	const char *values[] = {store, query, folder_id == 0 ? NULL : folder,
	max, options->after};
	PGresult   *rows;
	int			status = EXIT_DONE;

	snprintf(store, sizeof(store), "%" PRId64, store_id);
	snprintf(folder, sizeof(folder), "%" PRId64, folder_id);
	snprintf(max, sizeof(max), "%u", options->max);
	rows = msgstore_query(ms, "*nt?t?t?t?t?", statement,
						  (int) G_N_ELEMENTS(values), values);
	if (rows == NULL)
	{
		session_print_error(ms, "could not search");
		return EXIT_TROUBLE;
	}
	if (PQntuples(rows) == 0)
		status = EXIT_NOTHING;
	else if (!table_print(columns, rows, options->json))
		status = EXIT_TROUBLE;
	PQclear(rows);
	return status;
}

static int
run_search(const void *arg, char *const *args, int nargs)
{
	const SearchOptions *options = arg;
	msgstore   *ms = session_connect(&options->target, "msgstore search");
	int64_t		store_id;
	int64_t		folder_id = 0;
	int			status = EXIT_TROUBLE;

	(void) nargs;
	if (ms == NULL)
		return EXIT_TROUBLE;
	if (session_find_store(ms, options->target.store, &store_id) &&
		(options->folder == NULL ||
		 folder_find(ms, store_id, options->folder, &folder_id)))
		status = search(ms, options, args[0], store_id, folder_id);
	msgstore_disconnect(ms);
	return status;
}

static const Option search_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(SearchOptions, folder),
	.help = "only this folder (default: the store)"},
	{.name = "max", .letter = 'n', .kind = OPTION_COUNT, .value = "N",
		.offset = offsetof(SearchOptions, max), .what = "number of messages",
		.most = MOST_MESSAGES,
	.help = "at most so many messages (default 50)"},
	{.name = "after", .kind = OPTION_TEXT, .value = "POSITION",
		.offset = offsetof(SearchOptions, after),
		.help = "go on behind a message, whose position --json has printed"},
	JSON_OPTION(SearchOptions),
	{.name = NULL}
};

static const SearchOptions search_defaults = {.max = DEFAULT_MAX};

const Command command_search = {
	.name = "search",
	.summary = "list the messages that match a query",
	.usage = "--store NAME [OPTION]... QUERY",
	.description = "Lists the messages that match a query and that you may "
	"read, the best first.  The query has the syntax of web searches: all "
	"words, \"a phrase\", or, -without.",
	.options = search_options,
	.notes = FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "found",
		[EXIT_TROUBLE] = "bad usage, no connection, no such store or folder, a "
		"store without search, or an error of the server",
		[EXIT_NOTHING] = "no message matches"
	},
	.needs = NEEDS_STORE,
	.min_args = 1,
	.max_args = 1,
	.args_error = "one query is needed",
	.size = sizeof(SearchOptions),
	.defaults = &search_defaults,
	.run = run_search
};
