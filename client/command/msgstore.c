/*-------------------------------------------------------------------------
 *
 * msgstore.c
 *	  The command "msgstore": the table of its subcommands, of which main()
 *	  runs one.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "frame.h"

/* All commands, in the order of the help. */
static const Command *const commands[] = {
	&command_init,
	&command_stores,
	&command_folders,
	&command_ls,
	&command_search,
	&command_show,
	&command_edit,
	&command_new,
	&command_set,
	&command_log,
	&command_diff,
	&command_drafts,
	&command_resolve,
	&command_rm,
	&command_restore,
	&command_mv,
	&command_cp,
	&command_mark,
	&command_grant,
	&command_prune,
	&command_sweep,
	&command_import,
	&command_export,
	&command_watch,
	&command_sync,
	&command_completion,
	&command_man,
	NULL
};

/* Return the name of the n-th command, or NULL. */
static const char *
command_name(const void *arg, int n)
{
	(void) arg;
	return commands[n] ? commands[n]->name : NULL;
}

/* Print the error about a command or an option that does not exist. */
static int
unknown(const char *word)
{
	const char *meant = NULL;

	if (*word == '-')
		print_error("unknown option \"%s\"", word);
	else
	{
		print_error("unknown command \"%s\"", word);
		meant = option_meant(word, command_name, NULL);
	}
	if (meant != NULL)
		print_err("Did you mean \"%s\"?\n", meant);
	return frame_bad_usage("");
}

int
main(int argc, char **argv)
{
	const char *word = argv[1];
	const Command *command;
	bool		help;

	/* end without memory, so that no value can be left out for lack of it */
	json_set_alloc_funcs(g_malloc, g_free);
	frame_commands = commands;
	if (argc < 2)
	{
		help_print_general(print_err);
		return EXIT_TROUBLE;
	}
	help = strcmp(word, "help") == 0;
	if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 ||
		(help && argc == 2))
	{
		help_print_general(print_out);
		return EXIT_DONE;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
	{
		print_out("msgstore %s\n", MSGSTORE_VERSION);
		return EXIT_DONE;
	}
	command = frame_find(help ? argv[2] : word);
	if (command == NULL)
		return unknown(help ? argv[2] : word);
	if (help)
	{
		help_print(command);
		return EXIT_DONE;
	}
	return option_run(command, argc - 1, argv + 1);
}
