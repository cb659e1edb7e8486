/*-------------------------------------------------------------------------
 *
 * option.c
 *	  Read the command line of a subcommand by its description.
 *
 * NOTES
 *	  getopt_long() finds the options; its own messages are off, because they
 *	  would print what was typed as it is.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define HELP_CODE		1		/* codes of options for getopt_long() */
#define VERSION_CODE	'V'
#define FIRST_CODE		256		/* code of a command's first option */
#define COMMON_CODE		512		/* code of the first common option */

/* ------------------------------------------------------------ did you mean */

/*
 * Return the number of letters to insert, delete, replace or swap that turn
 * one word into another; 3 stands for every larger number and for words of
 * more than 30 letters.
 */
static int
distance(const char *a, const char *b)
{
	int			row[3][32];
	size_t		n = strlen(a);
	size_t		m = strlen(b);

	if (n > 30 || m > 30)
		return 3;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (int) j;
	for (size_t i = 1; i <= n; i++)
	{
		int		   *now = row[i % 3];
		const int  *before = row[(i + 2) % 3];
		const int  *earlier = row[(i + 1) % 3];

		now[0] = (int) i;
		for (size_t j = 1; j <= m; j++)
		{
			now[j] = MIN(MIN(before[j] + 1, now[j - 1] + 1),
						 before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], earlier[j - 2] + 1);
		}
	}
	return MIN(row[n % 3][m], 3);
}

const char *
option_meant(const char *misspelled,
			 const char *(*name) (const void *arg, int n), const void *arg)
{
	const char *best = NULL;
	int			least = 3;
	const char *candidate;

	for (int i = 0; (candidate = name(arg, i)) != NULL; i++)
	{
		int			d = distance(misspelled, candidate);

		/* the beginning of a name stands for the name */
		if (strlen(misspelled) > 1 &&
			strncmp(candidate, misspelled, strlen(misspelled)) == 0)
			d = 1;
		if (d < least && d < (int) strlen(candidate))
		{
			least = d;
			best = candidate;
		}
	}
	return best;
}

/* Return the n-th name of the long options of getopt_long(). */
static const char *
long_name(const void *arg, int n)
{
	return ((const struct option *) arg)[n].name;
}

/* ----------------------------------------------------------------- options */

/* Put the argument of an option in its place.  False after an error. */
static bool
take(const Option *option, const char *text, char *options)
{
	void	   *member = options + option->offset;
	const char *what = option->what ? option->what : option->name;
	char	   *end;
	unsigned long n;

	switch (option->kind)
	{
		case OPTION_FLAG:
			*(bool *) member = true;
			return true;
		case OPTION_TEXT:
			*(const char **) member = text ? text : "";
			return true;
		case OPTION_ID:
			*(int64_t *) member = frame_id(text, what);
			return *(int64_t *) member != 0;
		case OPTION_COUNT:
			errno = 0;
			n = strtoul(text, &end, 10);
			*(unsigned *) member = (unsigned) n;
			if (errno == 0 && g_ascii_isdigit(*text) && *end == '\0' &&
				n >= 1 && n <= option->most)
				return true;
			print_error("invalid %s \"%s\": must be from 1 to %u", what, text,
						option->most);
			return false;
		case OPTION_CHOICE:
			for (const char *const *choice = option->choices; *choice; choice++)
			{
				*(const char **) member = *choice;
				if (g_ascii_strcasecmp(text, *choice) == 0)
					return true;
			}
			break;
	}
	{
		g_autofree char *all = g_strjoinv(", ", (char **) option->choices);

		print_error("invalid %s \"%s\": must be one of %s", what, text, all);
	}
	return false;
}

/* Add options to those of getopt_long(); codes count from "code" on. */
static void
add_options(GArray *longs, GString *letters, const Option *options, int code)
{
	for (const Option *option = options; option && option->name; option++)
	{
		int			has_argument = option->kind == OPTION_FLAG ?
			no_argument : option->is_optional ? optional_argument :
			required_argument;
		struct option entry = {option->name, has_argument, NULL, code++};

		g_array_append_val(longs, entry);
		if (option->letter != '\0')
			g_string_append_printf(letters, "%c%.*s", option->letter,
								   has_argument, "::");
	}
}

/* Return the option of a code of getopt_long(), which may be a letter. */
static const Option *
option_of(const Command *command, int code)
{
	const Option *lists[] = {command->options, frame_options};

	if (code >= COMMON_CODE)
		return &frame_options[code - COMMON_CODE];
	if (code >= FIRST_CODE)
		return &command->options[code - FIRST_CODE];
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
	{
		for (const Option *option = lists[i]; option && option->name; option++)
		{
			if (option->letter == code)
				return option;
		}
	}
	return NULL;
}

/* Print the error about an option that getopt_long() did not accept. */
static void
report_option(int c, const char *typed, const struct option *longs)
{
	size_t		len = strcspn(typed, "=");
	g_autofree char *name = g_strndup(typed, len);
	const char *meant;

	if (c == ':')
	{
		print_error("option \"%s\" needs an argument", name);
		return;
	}
	if (typed[len] == '=')
	{
		for (const struct option *entry = longs; entry->name; entry++)
		{
			if (strcmp(entry->name, name + 2) == 0)
			{
				print_error("option \"%s\" has no argument", name);
				return;
			}
		}
	}
	print_error("unknown option \"%s\"", name);
	if (strncmp(name, "--", 2) != 0)
		return;
	meant = option_meant(name + 2, long_name, longs);
	if (meant != NULL)
		print_err("Did you mean \"--%s\"?\n", meant);
}

/*
 * Read the options of a command.  Returns -1 to go on with the arguments from
 * optind on, else an exit code.
 */
static int
read_options(const Command *command, int argc, char **argv, char *options)
{
	g_autoptr(GArray) longs = g_array_new(TRUE, TRUE, sizeof(struct option));
	g_autoptr(GString) letters = g_string_new(":V?");
	struct option help = {"help", no_argument, NULL, HELP_CODE};
	struct option version = {"version", no_argument, NULL, VERSION_CODE};
	const struct option *table;
	int			c;

	add_options(longs, letters, command->options, FIRST_CODE);
	if (command->needs != NEEDS_NOTHING)
		add_options(longs, letters, frame_options, COMMON_CODE);
	g_array_append_val(longs, help);
	if (frame_option(command, "version") == NULL)
		g_array_append_val(longs, version);
	table = (const struct option *) (void *) longs->data;

	opterr = 0;
	while ((c = getopt_long(argc, argv, letters->str, table, NULL)) != -1)
	{
		const Option *option;

		if (c == HELP_CODE ||
			(c == '?' && strcmp(argv[optind - 1], "-?") == 0))
		{
			help_print(command);
			return EXIT_DONE;
		}
		if (c == VERSION_CODE)
		{
			print_out("msgstore %s\n", MSGSTORE_VERSION);
			return EXIT_DONE;
		}
		option = c == '?' || c == ':' ? NULL : option_of(command, c);
		if (option == NULL)
		{
			report_option(c, argv[optind - 1], table);
			return frame_bad_usage(command->name);
		}
		if (!take(option, optarg, options))
			return EXIT_TROUBLE;
	}
	return -1;
}

/*
 * Take the store from the environment if it was not given.  Returns an error
 * text if a command has no store that it needs, or NULL.
 */
static const char *
find_store(const Command *command, Target *target)
{
	const char *store = getenv("MSGSTORE_STORE");

	if (target->store == NULL && store != NULL && *store != '\0')
	{
		target->store = store;
		target->store_is_default = true;
	}
	return command->needs == NEEDS_STORE && target->store == NULL ?
		NO_STORE_GIVEN : NULL;
}

int
option_run(const Command *command, int argc, char **argv)
{
	g_autofree char *options = g_malloc0(command->size);
	const char *error = NULL;
	int			status;
	int			nargs;

	if (command->defaults != NULL)
		memcpy(options, command->defaults, command->size);
	status = read_options(command, argc, argv, options);
	if (status >= 0)
		return status;
	nargs = argc - optind;
	if (command->needs != NEEDS_NOTHING)
		error = find_store(command, (Target *) (void *) options);
	if (error == NULL && command->check != NULL)
		error = command->check(options);
	if (error == NULL && (nargs < command->min_args ||
						  (command->max_args != ANY_NUMBER &&
						   nargs > command->max_args)))
		error = command->args_error;
	if (error != NULL)
	{
		print_error("%s", error);
		return frame_bad_usage(command->name);
	}
	return command->run(options, argv + optind, nargs);
}
