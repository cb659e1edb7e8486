/*-------------------------------------------------------------------------
 *
 * frame.c
 *	  The table of subcommands while the program runs, and the errors about
 *	  command lines.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

const Command *const *frame_commands = NULL;

const Option frame_options[] = {
	{.name = "store", .letter = 's', .kind = OPTION_TEXT, .value = "NAME",
		.offset = offsetof(Target, store),
	.help = "the store (default: MSGSTORE_STORE)"},
	{.name = "dbname", .letter = 'd', .kind = OPTION_TEXT, .value = "DBNAME",
		.offset = offsetof(Target, dbname),
	.help = "database, or connection string"},
	{.name = "host", .letter = 'h', .kind = OPTION_TEXT, .value = "HOSTNAME",
		.offset = offsetof(Target, host),
	.help = "server host or socket directory"},
	{.name = "port", .letter = 'p', .kind = OPTION_TEXT, .value = "PORT",
	.offset = offsetof(Target, port), .help = "server port"},
	{.name = "username", .letter = 'U', .kind = OPTION_TEXT, .value = "NAME",
	.offset = offsetof(Target, username), .help = "user name"},
	{.name = "actor", .letter = 'A', .kind = OPTION_TEXT, .value = "NAME",
		.offset = offsetof(Target, actor),
	.help = "the person on whose behalf messages are changed"},
	{.name = NULL}
};

const Command *
frame_find(const char *name)
{
	for (const Command *const *command = frame_commands; *command; command++)
	{
		if (strcmp((*command)->name, name) == 0)
			return *command;
	}
	return NULL;
}

int
frame_bad_usage(const char *command)
{
	print_err("Try \"msgstore %s%s--help\" for more information.\n", command,
			  *command == '\0' ? "" : " ");
	return EXIT_TROUBLE;
}

int64_t
frame_id(const char *text, const char *what)
{
	char	   *end;
	long long	n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && n > 0)
		return n;
	print_error("invalid %s \"%s\"", what, text);
	return 0;
}

const Option *
frame_option(const Command *command, const char *name)
{
	for (const Option *o = command->options; o != NULL && o->name; o++)
	{
		if (strcmp(o->name, name) == 0)
			return o;
	}
	return NULL;
}
