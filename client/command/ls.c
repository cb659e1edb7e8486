/*-------------------------------------------------------------------------
 *
 * ls.c
 *	  msgstore ls: list the messages of a folder, the newest first.
 *
 *-------------------------------------------------------------------------
 */
#include "page.h"

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

static const Page page = {
	.columns = columns,
	.types = "*nt?b?t?t?t",
	.statement = statement,
	.client = "msgstore ls",
	.error = "could not list the messages"
};

static int
run_ls(const void *arg, char *const *args, int nargs)
{
	(void) args;
	(void) nargs;
	return page_run(&page, arg, NULL);
}

static const Option ls_options[] = {
	PAGE_OPTIONS("the folder (default: the Inbox)"),
	{.name = NULL}
};

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
	.size = sizeof(PageOptions),
	.defaults = &page_defaults,
	.run = run_ls
};
