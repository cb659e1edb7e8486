/*-------------------------------------------------------------------------
 *
 * completion.c
 *	  The completion of command lines for bash, zsh and fish, made from the
 *	  descriptions of commands.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "frame.h"

/* Append a text within single quotes, as all three shells read it. */
static void
put_quoted(GString *out, const char *text)
{
	g_string_append_c(out, '\'');
	for (const char *p = text; *p != '\0'; p++)
	{
		if (*p == '\'')
			g_string_append(out, "'\\''");
		else
			g_string_append_c(out, *p);
	}
	g_string_append_c(out, '\'');
}

/* Call a function for each option of a command. */
static void
each_option(const Command *command, GString *out,
			void (*put) (GString *out, const Option *option))
{
	static const Option help = {.name = "help", .letter = '?',
	.help = "show a help text"};

	for (const Option *o = command->options; o && o->name; o++)
		put(out, o);
	for (const Option *o = frame_options;
		 command->needs != NEEDS_NOTHING && o->name; o++)
		put(out, o);
	put(out, &help);
}

/* -------------------------------------------------------------------- bash */

static void
put_bash_option(GString *out, const Option *option)
{
	g_string_append_printf(out, " --%s%s", option->name,
						   option->kind == OPTION_FLAG ? "" : "=");
}

static void
put_bash(GString *out)
{
	g_string_append(out,
					"# bash completion for msgstore; made by \"msgstore "
					"completion bash\"\n"
					"_msgstore()\n{\n"
					"\tlocal cur=${COMP_WORDS[COMP_CWORD]} words= i\n\n"
					"\tCOMPREPLY=()\n"
					"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
					"\t\twords='");
	for (const Command *const *command = frame_commands; *command; command++)
		g_string_append_printf(out, "%s%s", command == frame_commands ? "" : " ",
							   (*command)->name);
	g_string_append(out, "'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (const Command *const *command = frame_commands; *command; command++)
	{
		g_string_append_printf(out, "\t\t%s) words='", (*command)->name);
		each_option(*command, out, put_bash_option);
		g_string_append(out, "' ;;\n");
	}
	g_string_append(out,
					"\t\tesac\n"
					"\t\tcase $cur in\n\t\t-*) ;;\n"
					"\t\t*) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
					"\t\tesac\n\tfi\n"
					"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
					"\tfor i in \"${!COMPREPLY[@]}\"; do\n"
					"\t\tcase ${COMPREPLY[i]} in\n"
					"\t\t*=) compopt -o nospace ;;\n"
					"\t\tesac\n\tdone\n}\n"
					"complete -o filenames -F _msgstore msgstore\n");
}

/* --------------------------------------------------------------------- zsh */

/* Append a text for the description of a value in a specification. */
static void
put_zsh_text(GString *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
	{
		if (strchr("[]:\\", *p) != NULL)
			g_string_append_c(out, '\\');
		if (*p == '\'')
			g_string_append(out, "'\\''");
		else
			g_string_append_c(out, *p);
	}
}

static void
put_zsh_option(GString *out, const Option *option)
{
	g_string_append_printf(out, " \\\n\t\t\t'--%s%s[", option->name,
						   option->kind == OPTION_FLAG ? "" : "=");
	put_zsh_text(out, option->help);
	g_string_append_c(out, ']');
	if (option->kind == OPTION_CHOICE)
	{
		g_autofree char *all = g_strjoinv(" ", (char **) option->choices);

		g_string_append_printf(out, ":%s:(%s)", option->value, all);
	}
	else if (option->kind != OPTION_FLAG)
		g_string_append_printf(out, ":%s:", option->value);
	g_string_append_c(out, '\'');
}

static void
put_zsh(GString *out)
{
	g_string_append(out,
					"#compdef msgstore\n"
					"# made by \"msgstore completion zsh\"\n"
					"_msgstore()\n{\n"
					"\tlocal -a subcommands\n\tsubcommands=(\n");
	for (const Command *const *command = frame_commands; *command; command++)
	{
		g_string_append_printf(out, "\t\t'%s:", (*command)->name);
		put_zsh_text(out, (*command)->summary);
		g_string_append(out, "'\n");
	}
	g_string_append(out,
					"\t)\n"
					"\tif (( CURRENT == 2 )); then\n"
					"\t\t_describe command subcommands\n\t\treturn\n\tfi\n"
					"\tshift words\n\t(( CURRENT-- ))\n"
					"\tcase $words[1] in\n");
	for (const Command *const *command = frame_commands; *command; command++)
	{
		g_string_append_printf(out, "\t\t%s) _arguments", (*command)->name);
		each_option(*command, out, put_zsh_option);
		g_string_append(out, " \\\n\t\t\t'*:argument:_files' ;;\n");
	}
	g_string_append(out, "\tesac\n}\n_msgstore \"$@\"\n");
}

/* -------------------------------------------------------------------- fish */

static void
put_fish(GString *out)
{
	g_string_append(out, "# fish completion for msgstore; made by \"msgstore "
					"completion fish\"\n");
	for (const Command *const *command = frame_commands; *command; command++)
	{
		const Option *lists[] = {(*command)->options,
			(*command)->needs == NEEDS_NOTHING ? NULL : frame_options};

		g_string_append_printf(out, "complete -c msgstore -n "
							   "__fish_use_subcommand -a %s -d ",
							   (*command)->name);
		put_quoted(out, (*command)->summary);
		g_string_append_c(out, '\n');
		for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		{
			for (const Option *o = lists[i]; o && o->name; o++)
			{
				g_string_append_printf(out, "complete -c msgstore -n "
									   "'__fish_seen_subcommand_from %s' -l %s",
									   (*command)->name, o->name);
				if (o->letter != '\0')
					g_string_append_printf(out, " -s %c", o->letter);
				if (o->kind != OPTION_FLAG)
					g_string_append(out, " -r");
				if (o->kind == OPTION_CHOICE)
				{
					g_autofree char *all = g_strjoinv(" ",
													  (char **) o->choices);

					g_string_append_printf(out, " -a '%s'", all);
				}
				g_string_append(out, " -d ");
				put_quoted(out, o->help);
				g_string_append_c(out, '\n');
			}
		}
	}
}

/* ----------------------------------------------------------------- command */

static int
run_completion(const void *options, char *const *args, int nargs)
{
	static const struct
	{
		const char *shell;
		void		(*put) (GString *out);
	}			shells[] =
	{
		{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}
	};

	(void) options;
	(void) nargs;
	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
	{
		GString    *out;
		bool		printed;

		if (strcmp(args[0], shells[i].shell) != 0)
			continue;
		out = g_string_new(NULL);
		shells[i].put(out);
		printed = print_bytes(out->str, out->len) && print_flush();
		g_string_free(out, TRUE);
		return printed ? EXIT_DONE : EXIT_TROUBLE;
	}
	print_error("unknown shell \"%s\": must be bash, zsh or fish", args[0]);
	return EXIT_TROUBLE;
}

const Command command_completion = {
	.name = "completion",
	.summary = "print the completion of command lines for a shell",
	.usage = "bash|zsh|fish",
	.description = "Prints a script that completes command lines of msgstore. "
	"In bash, run: eval \"$(msgstore completion bash)\". \"make install\" "
	"installs the scripts where the shells look for them.",
	.exits = {
		[EXIT_DONE] = "the script was printed",
		[EXIT_TROUBLE] = "bad usage"
	},
	.min_args = 1,
	.max_args = 1,
	.args_error = "give one shell: bash, zsh or fish",
	.size = sizeof(Target),
	.run = run_completion
};
