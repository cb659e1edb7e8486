/*-------------------------------------------------------------------------
 *
 * search.c
 *	  msgstore search: list the messages that match a query, the best first.
 *
 *-------------------------------------------------------------------------
 */
#include "page.h"

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
" FROM msgstore.search_messages($1, $5, $2, $3::pg_catalog.int4, $4),"
" LATERAL msgstore.read_message($1, message_id,"
" '{PR_MESSAGE_DELIVERY_TIME,PR_SENDER_NAME,PR_SUBJECT}') AS props";

static const Page page = {
	.columns = columns,
	.types = "*nt?t?t?t?t?",
	.statement = statement,
	.client = "msgstore search",
	.error = "could not search",
	.whole_store = true
};

static int
run_search(const void *arg, char *const *args, int nargs)
{
	(void) nargs;
	return page_run(&page, arg, args[0]);
}

static const Option search_options[] = {
	PAGE_OPTIONS("only this folder (default: the store)"),
	{.name = NULL}
};

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
	.size = sizeof(PageOptions),
	.defaults = &page_defaults,
	.run = run_search
};
