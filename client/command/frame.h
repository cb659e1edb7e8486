/*-------------------------------------------------------------------------
 *
 * frame.h
 *	  The frame of subcommands: how a subcommand describes itself, and what is
 *	  made of its description.
 *
 *	  To add a subcommand, define a Command in the file of the subcommand,
 *	  declare it below, and add it to the table in msgstore.c.  Reading the
 *	  command line, --help, the man page and the completion of shells follow
 *	  from the description.
 *
 * NOTES
 *	  Texts of a description are plain: paragraphs are separated by an empty
 *	  line ("\n\n") and are filled when they are printed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>

#include "command.h"

#define MSGSTORE_VERSION	"0.1"

/* The kind of an argument, which gives the type of the member that holds it. */
typedef enum OptionKind
{
	OPTION_FLAG,				/* no argument; bool */
	OPTION_TEXT,				/* const char * */
	OPTION_ID,					/* a number above 0; int64_t */
	OPTION_COUNT,				/* a number from 1 to "most"; unsigned */
	OPTION_CHOICE				/* one of "choices", in any case; const char * */
} OptionKind;

typedef struct Option
{
	const char *name;			/* without "--"; NULL ends a list */
	char		letter;			/* or '\0' */
	OptionKind	kind;
	size_t		offset;			/* of the member in the command's options */
	const char *value;			/* name of the argument in the help; or NULL */
	const char *help;
	const char *what;			/* in an error, "invalid WHAT"; or NULL */
	unsigned	most;
	const char *const *choices; /* ends with NULL */
	bool		is_optional;	/* the argument may be missing: "" then */
} Option;

/* The option --json of a command whose options have a member "json". */
#define JSON_OPTION(type) \
	{.name = "json", .kind = OPTION_FLAG, .offset = offsetof(type, json), \
	 .help = "print JSON, one value per line"}

/* The needs of a command.  Commands with a server have its options. */
typedef enum CommandNeeds
{
	NEEDS_NOTHING,
	NEEDS_SERVER,
	NEEDS_STORE					/* a server, and the option --store */
} CommandNeeds;

#define NO_STORE_GIVEN	"no store given (option --store)"
#define ANY_NUMBER	(-1)		/* of arguments */
#define NUM_EXITS	4			/* exit codes from 0 on: see command.h */

typedef struct Command
{
	const char *name;
	const char *summary;		/* a phrase: "save mail into a store" */
	const char *usage;			/* behind the name; several lines are allowed */
	const char *description;
	const Option *options;		/* besides the common ones; or NULL */
	const char *notes;			/* more paragraphs, after the options; or NULL */
	const char *exits[NUM_EXITS];	/* meaning of each code; NULL: not used */
	CommandNeeds needs;
	int			min_args;
	int			max_args;
	const char *args_error;		/* the error for another number of arguments */
	size_t		size;			/* of the options, which begin with a Target */
	const void *defaults;		/* or NULL: all members are 0 */

	/* Return an error text if the options contradict each other; or NULL. */
	const char *(*check) (const void *options);

	/* Run; returns an exit code. */
	int			(*run) (const void *options, char *const *args, int nargs);
} Command;

/* The commands; msgstore.c has the table of them. */
extern const Command command_init;
extern const Command command_stores;
extern const Command command_show;
extern const Command command_folders;
extern const Command command_log;
extern const Command command_diff;
extern const Command command_drafts;
extern const Command command_rm;
extern const Command command_restore;
extern const Command command_mv;
extern const Command command_cp;
extern const Command command_mark;
extern const Command command_grant;
extern const Command command_prune;
extern const Command command_sweep;
extern const Command command_import;
extern const Command command_export;
extern const Command command_resolve;
extern const Command command_sync;
extern const Command command_edit;
extern const Command command_new;
extern const Command command_set;
extern const Command command_ls;
extern const Command command_watch;
extern const Command command_search;
extern const Command command_completion;
extern const Command command_man;

/* ----------------------------------------------------------------- frame.c */

/* All commands, in the order of the help; NULL ends the table. */
extern const Command *const *frame_commands;

/* The options of every command that needs a server or a store. */
extern const Option frame_options[];

/* Return the command of a name, or NULL. */
extern const Command *frame_find(const char *name);

/* Return the option of a command's own with a name, or NULL. */
extern const Option *frame_option(const Command *command, const char *name);

/* Print where to find help; the command may be "".  Returns EXIT_TROUBLE. */
extern int	frame_bad_usage(const char *command);

/*
 * Read an argument as a number above 0.  Prints an error and returns 0 for any
 * other text; "what" is the name of the number.
 */
extern int64_t frame_id(const char *text, const char *what);

/* ---------------------------------------------------------------- option.c */

/*
 * Run a command with the arguments behind its name.  Prints an error and where
 * to find help if the command line is wrong.  Returns an exit code.
 */
extern int	option_run(const Command *command, int argc, char **argv);

/*
 * Return the name that a misspelled name is most like, or NULL if there is
 * none.  "name" returns the names from number 0 on, then NULL.
 */
extern const char *option_meant(const char *misspelled,
								const char *(*name) (const void *arg, int n),
								const void *arg);

/* ------------------------------------------------------------------ help.c */

/* Print the help text of the program, or of a command. */
extern void help_print_general(Printer print);
extern void help_print(const Command *command);

/* ----------------------------------------------------------------- table.c */

/* A column of a table: its name in JSON, its heading, and its values. */
typedef enum ColumnKind
{
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_TIME,				/* a time of libmsgstore */
	COLUMN_FLAG,				/* a boolean; its heading is shown if true */
	COLUMN_JSON,				/* a value that only JSON shows whole */
	COLUMN_HIDDEN,				/* text that only JSON shows */
	COLUMN_HIDDEN_NUMBER
} ColumnKind;

typedef struct Column
{
	const char *name;			/* NULL ends a list */
	const char *heading;
	ColumnKind	kind;
} Column;

/*
 * Print the rows of a result, whose columns are described in their order: as
 * one line of JSON per row, or as a table that fits the screen, in which the
 * last text is cut.  Returns false if printing fails.
 */
extern bool table_print(const Column *columns, const PGresult *rows,
						bool json);

/* Return a row of such a result as a JSON object. */
extern json_t *table_json(const Column *columns, const PGresult *rows,
						  int row);

#endif							/* FRAME_H */
