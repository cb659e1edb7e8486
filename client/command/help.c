/*-------------------------------------------------------------------------
 *
 * help.c
 *	  Help texts and man pages, made from the descriptions of commands.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "frame.h"

#define HELP_COLUMNS	79
#define OPTION_COLUMN	25		/* column of the meaning of an option */

static const char *const environment[][2] = {
	{"MSGSTORE_STORE", "the store if --store is not given"},
	{"NO_COLOR", "no colours, also on a terminal"},
	{"VISUAL, EDITOR", "the editor of \"msgstore edit\" and \"msgstore new\""},
	{"MSGSTORE_MERGETOOL",
	"a program that merges BASE, THEIRS and YOURS into MERGED"},
	{"PAGER", "shows what is longer than the screen"},
	{"PGDATABASE, PGHOST, PGPORT, PGUSER",
	"as for psql; passwords from PGPASSWORD or the password file"}
};

/* -------------------------------------------------------------------- text */

/*
 * Append a text, with its words filled up to the width.  The first line goes on
 * at column "at"; the others are indented.
 */
static void
fill(GString *out, const char *text, int at, int indent)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
	bool		first = true;

	for (char **word = words; *word != NULL; word++)
	{
		int			width = show_columns(*word);

		if (width == 0)
			continue;
		if (!first && at + 1 + width > HELP_COLUMNS)
		{
			g_string_append_printf(out, "\n%*s", indent, "");
			at = indent;
		}
		else if (!first)
		{
			g_string_append_c(out, ' ');
			at++;
		}
		g_string_append(out, *word);
		at += width;
		first = false;
	}
	g_string_append_c(out, '\n');
}

/* Append paragraphs, each with an empty line before it. */
static void
fill_paragraphs(GString *out, const char *text)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

	for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++)
	{
		g_string_append_c(out, '\n');
		fill(out, *paragraph, 0, 0);
	}
}

/* Append a term and its meaning, which begins at a column. */
static void
put_term(GString *out, const char *term, const char *meaning)
{
	int			at = show_columns(term) + 2;

	g_string_append_printf(out, "  %s", term);
	if (at + 2 > OPTION_COLUMN)
	{
		g_string_append_c(out, '\n');
		at = 0;
	}
	g_string_append_printf(out, "%*s", OPTION_COLUMN - at, "");
	fill(out, meaning, OPTION_COLUMN, OPTION_COLUMN);
}

/* Return an option as it is typed: "-f, --folder=NAME". */
static char *
option_text(const Option *option)
{
	g_autofree char *letter = option->letter == '\0' ? g_strdup("    ") :
		g_strdup_printf("-%c, ", option->letter);

	return g_strdup_printf(option->is_optional ? "%s--%s[%s%s]" :
						   "%s--%s%s%s", letter, option->name,
						   option->value ? "=" : "",
						   option->value ? option->value : "");
}

static void
put_options(GString *out, const Option *options)
{
	for (const Option *option = options; option && option->name; option++)
	{
		g_autofree char *text = option_text(option);

		put_term(out, text, option->help);
	}
}

/* Append the exit codes that a command has. */
static void
put_exits(GString *out, const Command *command)
{
	g_string_append(out, "\nExit status:\n");
	for (int i = 0; i < NUM_EXITS; i++)
	{
		g_autofree char *code = g_strdup_printf("%d", i);

		if (command->exits[i] == NULL)
			continue;
		g_string_append_printf(out, "  %s  ", code);
		fill(out, command->exits[i], 5, 5);
	}
}

/* ------------------------------------------------------------------- helps */

void
help_print_general(Printer print)
{
	GString    *out = g_string_new("msgstore - work with message stores in "
								   "PostgreSQL\n\n"
								   "Usage:\n"
								   "  msgstore COMMAND [OPTION]... [ARGUMENT]...\n"
								   "  msgstore COMMAND --help\n"
								   "  msgstore --help | --version\n\n"
								   "Commands:\n");

	for (const Command *const *command = frame_commands; *command; command++)
	{
		g_string_append_printf(out, "  %-12s", (*command)->name);
		fill(out, (*command)->summary, 14, 14);
	}
	g_string_append(out, "\nEnvironment:\n");
	for (size_t i = 0; i < G_N_ELEMENTS(environment); i++)
		put_term(out, environment[i][0], environment[i][1]);
	print("%s", out->str);
	g_string_free(out, TRUE);
}

void
help_print(const Command *command)
{
	GString    *out = g_string_new(NULL);
	g_auto(GStrv) usage = g_strsplit(command->usage, "\n", -1);

	g_string_append_printf(out, "msgstore %s - %s\n\nUsage:\n",
						   command->name, command->summary);
	for (char **line = usage; *line != NULL; line++)
		g_string_append_printf(out, "  msgstore %s%s%s\n", command->name,
							   **line ? " " : "", *line);
	fill_paragraphs(out, command->description);
	g_string_append(out, "\nOptions:\n");
	put_options(out, command->options);
	put_term(out, "-?, --help", "show this help, then exit");
	put_term(out, frame_option(command, "version") ? "-V" : "-V, --version",
			 "show the version of msgstore, then exit");
	if (command->needs != NEEDS_NOTHING)
	{
		g_string_append(out, "\nStore and server:\n");
		put_options(out, frame_options);
	}
	if (command->notes != NULL)
		fill_paragraphs(out, command->notes);
	put_exits(out, command);
	print_out("%s", out->str);
	g_string_free(out, TRUE);
}

/* --------------------------------------------------------------- man pages */

/* Append a text as roff has it: '-' is a minus, and no line is a request. */
static void
put_roff(GString *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
	{
		bool		starts = p == text || p[-1] == '\n';

		if (*p == '-' || *p == '\\')
			g_string_append_c(out, '\\');
		else if (starts && (*p == '.' || *p == '\''))
			g_string_append(out, "\\&");
		g_string_append_c(out, *p == '\\' ? 'e' : *p);
	}
}

static void
put_roff_line(GString *out, const char *before, const char *text)
{
	g_string_append(out, before);
	put_roff(out, text);
	g_string_append_c(out, '\n');
}

static void
put_roff_paragraphs(GString *out, const char *text)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

	for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++)
		put_roff_line(out, ".PP\n", *paragraph);
}

static void
put_roff_options(GString *out, const Option *options)
{
	for (const Option *option = options; option && option->name; option++)
	{
		g_autofree char *text = option_text(option);

		put_roff_line(out, ".TP\n.B ", g_strchug(text));
		put_roff_line(out, "", option->help);
	}
}

static void
put_roff_environment(GString *out)
{
	g_string_append(out, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < G_N_ELEMENTS(environment); i++)
	{
		put_roff_line(out, ".TP\n.B ", environment[i][0]);
		put_roff_line(out, "", environment[i][1]);
	}
}

/* Begin a page; "suffix" is empty, or begins with '-'. */
static GString *
begin_page(const char *suffix, const char *summary)
{
	GString    *out = g_string_new(NULL);
	g_autofree char *upper = g_ascii_strup(suffix, -1);

	g_string_append_printf(out, ".TH MSGSTORE%s 1 \"\" \"msgstore "
						   MSGSTORE_VERSION "\"\n.SH NAME\n", upper);
	g_string_append_printf(out, "msgstore%s \\- ", suffix);
	put_roff_line(out, "", summary);
	g_string_append(out, ".SH SYNOPSIS\n");
	return out;
}

static int
end_page(GString *out)
{
	bool		printed = print_bytes(out->str, out->len) && print_flush();

	g_string_free(out, TRUE);
	return printed ? EXIT_DONE : EXIT_TROUBLE;
}

/* Print the page of the program. */
static int
print_main_page(void)
{
	GString    *out = begin_page("", "work with message stores in PostgreSQL");

	g_string_append(out, ".B msgstore\n.I COMMAND\n"
					"[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n"
					".SH COMMANDS\n");
	for (const Command *const *command = frame_commands; *command; command++)
	{
		g_string_append_printf(out, ".TP\n.BR msgstore\\-%s (1)\n",
							   (*command)->name);
		put_roff_line(out, "", (*command)->summary);
	}
	put_roff_environment(out);
	return end_page(out);
}

/* Print the page of a command. */
static int
print_page(const Command *command)
{
	g_autofree char *suffix = g_strdup_printf("-%s", command->name);
	GString    *out = begin_page(suffix, command->summary);
	g_auto(GStrv) usage = g_strsplit(command->usage, "\n", -1);

	for (char **line = usage; *line != NULL; line++)
	{
		g_autofree char *text = g_strdup_printf("msgstore %s %s",
												command->name, *line);

		put_roff_line(out, line == usage ? "" : ".br\n", text);
	}
	g_string_append(out, ".SH DESCRIPTION\n");
	put_roff_paragraphs(out, command->description);
	g_string_append(out, ".SH OPTIONS\n");
	put_roff_options(out, command->options);
	if (command->needs != NEEDS_NOTHING)
		put_roff_options(out, frame_options);
	if (command->notes != NULL)
	{
		g_string_append(out, ".SH NOTES\n");
		put_roff_paragraphs(out, command->notes);
	}
	g_string_append(out, ".SH EXIT STATUS\n");
	for (int i = 0; i < NUM_EXITS; i++)
	{
		if (command->exits[i] == NULL)
			continue;
		g_string_append_printf(out, ".TP\n.B %d\n", i);
		put_roff_line(out, "", command->exits[i]);
	}
	put_roff_environment(out);
	g_string_append(out, ".SH SEE ALSO\n.BR msgstore (1)\n");
	return end_page(out);
}

typedef struct ManOptions
{
	Target		target;
	bool		names;
} ManOptions;

static const Option man_options[] = {
	{.name = "names", .kind = OPTION_FLAG,
		.offset = offsetof(ManOptions, names),
	.help = "print the names of the commands"},
	{.name = NULL}
};

static int
run_man(const void *options, char *const *args, int nargs)
{
	const Command *command;

	if (((const ManOptions *) options)->names)
	{
		for (const Command *const *each = frame_commands; *each; each++)
			print_out("%s\n", (*each)->name);
		return print_flush() ? EXIT_DONE : EXIT_TROUBLE;
	}
	if (nargs == 0)
		return print_main_page();
	command = frame_find(args[0]);
	if (command != NULL)
		return print_page(command);
	print_error("unknown command \"%s\"", args[0]);
	return EXIT_TROUBLE;
}

const Command command_man = {
	.name = "man",
	.summary = "print a man page",
	.usage = "[COMMAND]",
	.description = "Prints the man page of a command, or of the whole program, "
	"in the language of man. \"msgstore man edit | man -l -\" shows a page. "
	"\"make install\" installs all of them.",
	.options = man_options,
	.exits = {
		[EXIT_DONE] = "the page was printed",
		[EXIT_TROUBLE] = "there is no such command"
	},
	.max_args = 1,
	.args_error = "give one command",
	.size = sizeof(ManOptions),
	.run = run_man
};
