/*-------------------------------------------------------------------------
 *
 * ls.c
 *	  msgstore ls: list the messages of a folder, the newest first.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>

#include "frame.h"

#define DEFAULT_MAX		50
#define MOST_MESSAGES	100000

typedef struct LsOptions
{
	Target		target;			/* must be first */
	const char *folder;			/* NULL: the Inbox */
	const char *after;			/* a position, or NULL */
	unsigned	max;
	bool		json;
} LsOptions;

static const Column columns[] = {
	{"message_id", "ID", COLUMN_NUMBER},
	{"message_delivery_time", "Received", COLUMN_TIME},
	{"read", "read", COLUMN_FLAG},
	{"sender_name", "From", COLUMN_TEXT},
	{"subject", "Subject", COLUMN_TEXT},
	{"position", "", COLUMN_HIDDEN},
	{NULL}
};

static const char *const statement =
"SELECT message_id,"
" \"row\" OPERATOR(pg_catalog.->>) 'PR_MESSAGE_DELIVERY_TIME',"
" (\"row\" OPERATOR(pg_catalog.->>) 'PR_READ')::pg_catalog.bool,"
" \"row\" OPERATOR(pg_catalog.->>) 'PR_SENDER_NAME',"
" \"row\" OPERATOR(pg_catalog.->>) 'PR_SUBJECT',"
" \"position\""
" FROM msgstore.list_messages($1, $2,"
" '{PR_MESSAGE_DELIVERY_TIME,PR_READ,PR_SENDER_NAME,PR_SUBJECT}',"
" max => $3::pg_catalog.int4, after => $4)";

/* Print the messages of a folder.  Returns an exit code. */
static int
list_folder(msgstore *ms, const LsOptions *options, int64_t store_id,
			int64_t folder_id)
{
	char		store[24];
	char		folder[24];
	char		max[24];
	const char *values[] = {store, folder, max, options->after};
	PGresult   *rows;
	int			status = EXIT_DONE;

	snprintf(store, sizeof(store), "%" PRId64, store_id);
	snprintf(folder, sizeof(folder), "%" PRId64, folder_id);
	snprintf(max, sizeof(max), "%u", options->max);
	rows = msgstore_query(ms, "*nt?b?t?t?t", statement,
						  (int) G_N_ELEMENTS(values), values);
	if (rows == NULL)
	{
		session_print_error(ms, "could not list the messages");
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
run_ls(const void *arg, char *const *args, int nargs)
{
	const LsOptions *options = arg;
	msgstore   *ms = session_connect(&options->target, "msgstore ls");
	int64_t		store_id;
	int64_t		folder_id;
	int			status = EXIT_TROUBLE;

	(void) args;
	(void) nargs;
	if (ms == NULL)
		return EXIT_TROUBLE;
	if (session_find_store(ms, options->target.store, &store_id) &&
		folder_find(ms, store_id, options->folder, &folder_id))
		status = list_folder(ms, options, store_id, folder_id);
	msgstore_disconnect(ms);
	return status;
}

static const Option ls_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(LsOptions, folder),
	.help = "the folder (default: the Inbox)"},
	{.name = "max", .letter = 'n', .kind = OPTION_COUNT, .value = "N",
		.offset = offsetof(LsOptions, max), .what = "number of messages",
		.most = MOST_MESSAGES,
	.help = "at most so many messages (default 50)"},
	{.name = "after", .kind = OPTION_TEXT, .value = "POSITION",
		.offset = offsetof(LsOptions, after),
		.help = "go on behind a message, whose position --json has printed"},
	JSON_OPTION(LsOptions),
	{.name = NULL}
};

static const LsOptions ls_defaults = {.max = DEFAULT_MAX};

const Command command_ls = {
	.name = "ls",
	.summary = "list the messages of a folder",
	.usage = "--store NAME [OPTION]...",
	.description = "Lists the messages of a folder that you may read, the "
	"newest first: id, time of delivery, the read flag, sender and subject.",
	.options = ls_options,
	.notes = FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "listed",
		[EXIT_TROUBLE] = "bad usage, no connection, no such store or folder, or "
		"an error of the server",
		[EXIT_NOTHING] = "there is no message"
	},
	.needs = NEEDS_STORE,
	.max_args = 0,
	.args_error = "no argument is needed",
	.size = sizeof(LsOptions),
	.defaults = &ls_defaults,
	.run = run_ls
};
