/*-------------------------------------------------------------------------
 *
 * msgstore.c
 *	  The command "msgstore": read the command line and call the function of
 *	  a command.  Options and environment choose the server as in psql.
 *
 *	  Exit codes: 0 everything is done; 1 a message or a choice was refused; 2
 *	  nothing, or not everything, could be done (usage, connection, an error of
 *	  the server); 3 there was nothing to do.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "mail.h"

#define MSGSTORE_VERSION	"0.1"
#define DEFAULT_BATCH		100
#define MAX_BATCH			10000

static const char general_help[] =
"msgstore - work with message stores in PostgreSQL\n"
"\n"
"Usage:\n"
"  msgstore import --store NAME [OPTION]... PATH...\n"
"  msgstore export --store NAME [OPTION]... DIRECTORY|-\n"
"  msgstore resolve --store NAME [OPTION]... [MESSAGE_ID]\n"
"  msgstore COMMAND --help\n"
"  msgstore --help | --version\n"
"\n"
"Commands:\n"
"  import    save mail files, mailboxes and folders of mail into a store\n"
"  export    write the messages of a store as mail files\n"
"  resolve   show the conflict of a parked draft, and settle it\n";

#define CONNECTION_HELP \
"Connection options:\n" \
"  -d, --dbname=DBNAME    database, or connection string\n" \
"  -h, --host=HOSTNAME    server host or socket directory\n" \
"  -p, --port=PORT        server port\n" \
"  -U, --username=NAME    user name\n" \
"  -A, --actor=NAME       the person on whose behalf messages are changed\n" \
"Missing settings come from PGDATABASE, PGHOST, PGPORT, PGUSER and other\n" \
"variables of libpq; passwords from PGPASSWORD or the password file.\n"

static const char import_help[] =
"msgstore import - save mail into a message store\n"
"\n"
"Usage:\n"
"  msgstore import --store NAME [OPTION]... PATH...\n"
"  msgstore import --dry-run [OPTION]... PATH...\n"
"\n"
"PATH is a message file, an mbox file, a Maildir folder, or a folder of\n"
"these, which is read in the order of names; \"-\" is standard\n"
"input.  A message becomes MAPI\n"
"properties, with its attachments and embedded messages.\n"
"\n"
"Options:\n"
"  -s, --store=NAME       store to import into, created if it is missing\n"
"  -f, --folder=NAME      folder beside the Inbox, created if it is missing\n"
"                         (default: the Inbox)\n"
"  -b, --batch=N          messages per transaction (1 to 10000, default 100)\n"
"  -n, --dry-run          connect to no server; print one line of JSON per\n"
"                         message, and the report on stderr\n"
"      --no-original      do not store the mail as it came\n"
"      --skip-known       leave out mail that the store has already\n"
"      --follow-links     follow symbolic links out of PATH, too\n"
"  -v, --verbose          name each message that is mended, and each skipped\n"
"                         file\n"
"  -?, --help             show this help, then exit\n"
"  -V, --version          show the version, then exit\n"
"\n"
CONNECTION_HELP
"\n"
"Exit status: 0 if all messages were imported; 1 if some messages were\n"
"refused and named; 2 after bad usage, without a connection, or after an\n"
"error that ended the import.  Batches that were committed before stay.\n"
"Importing a message again stores the message again, unless --skip-known is\n"
"given.  Ctrl-C ends the import with a report.\n";

static const char export_help[] =
"msgstore export - write messages as mail\n"
"\n"
"Usage:\n"
"  msgstore export --store NAME [OPTION]... DIRECTORY|-\n"
"  msgstore export --json=FILE DIRECTORY|-\n"
"\n"
"In a directory each message becomes a file FOLDER/ID.eml, which replaces an\n"
"existing file.  To \"-\", standard output, messages are written as an mbox,\n"
"and a single message (--message) without the form of an mbox.\n"
"A message that was imported and has not been edited has its contents,\n"
"signed parts to the byte.\n"
"\n"
"Options:\n"
"  -s, --store=NAME       the store\n"
"  -f, --folder=NAME      only messages in folders of that name\n"
"  -m, --message=ID       only this message\n"
"  -j, --json=FILE        connect to no server; read the messages from the\n"
"                         output of \"msgstore import --dry-run\" (-: stdin)\n"
"  -?, --help             show this help, then exit\n"
"  -V, --version          show the version, then exit\n"
"\n"
CONNECTION_HELP
"\n"
"Exit status: 0 exported; 1 if some messages could not be read and were\n"
"named; 2 after bad usage, without a connection, without such a store or\n"
"folder, or after an error that ended the export; 3 without such a message.\n";

static const char resolve_help[] =
"msgstore resolve - settle the conflict of a parked draft\n"
"\n"
"Usage:\n"
"  msgstore resolve --store NAME [OPTION]... [MESSAGE_ID]\n"
"\n"
"Shows each property that differs: the value when the draft was begun, the\n"
"value of others (who, when, with which client), and the value of the draft.\n"
"Then asks for a choice.  Until a choice is carried out, nothing is stored\n"
"and the draft stays parked.\n"
"\n"
"Options:\n"
"  -s, --store=NAME       the store of the message\n"
"  -D, --draft=PARKED_ID  the draft, if you have several drafts\n"
"  -c, --choice=CHOICE    ask nothing, and carry out KEEP_ORIGINAL,\n"
"                         OVERWRITE, SAVE_ELSEWHERE or MERGE\n"
"      --seen=NUMBER      with OVERWRITE: only if the message is still at\n"
"                         this change\n"
"  -f, --folder=NAME      with SAVE_ELSEWHERE: a folder beside the Inbox,\n"
"                         created if it is missing (default: Conflicts)\n"
"  -?, --help             show this help, then exit\n"
"  -V, --version          show the version, then exit\n"
"\n"
CONNECTION_HELP
"\n"
"Colours are used on a terminal, unless NO_COLOR is set.\n"
"\n"
"Exit status: 0 settled; 1 refused, or left in conflict: the draft stays\n"
"parked; 2 after bad usage or without a connection; 3 without such a draft.\n";

/* Print where to find help; the command is "" or ends with a blank. */
static int
bad_usage(const char *command)
{
	print_err("Try \"msgstore %s--help\" for more information.\n",
			  command);
	return EXIT_TROUBLE;
}

/* Read a number from 1 to MAX_BATCH; returns 0 for any other text. */
static unsigned
batch_size(const char *text)
{
	char	   *end;
	long		n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > MAX_BATCH)
		return 0;
	return (unsigned) n;
}

/* Read a number above 0; prints an error and returns 0 for any other text. */
static int64_t
id_number(const char *text, const char *what)
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

/* The options of every command. */
#define COMMON_OPTIONS \
	{"store", required_argument, NULL, 's'}, \
	{"dbname", required_argument, NULL, 'd'}, \
	{"host", required_argument, NULL, 'h'}, \
	{"port", required_argument, NULL, 'p'}, \
	{"username", required_argument, NULL, 'U'}, \
	{"actor", required_argument, NULL, 'A'}, \
	{"help", no_argument, NULL, '?'}, \
	{"version", no_argument, NULL, 'V'}, \
	{NULL, 0, NULL, 0}

#define COMMON_LETTERS	"s:d:h:p:U:A:V?"

/*
 * Take an option that every command has, or report a bad option.  Returns -1
 * to go on, else an exit code.
 */
static int
common_option(int c, char **argv, const char *command, const char *help,
			  Target *target)
{
	switch (c)
	{
		case 's':
			target->store = optarg;
			return -1;
		case 'd':
			target->dbname = optarg;
			return -1;
		case 'h':
			target->host = optarg;
			return -1;
		case 'p':
			target->port = optarg;
			return -1;
		case 'U':
			target->username = optarg;
			return -1;
		case 'A':
			target->actor = optarg;
			return -1;
		case 'V':
			print_out("msgstore %s\n", MSGSTORE_VERSION);
			return EXIT_DONE;
		case '?':
			/* getopt returns '?' for a bad option, too */
			if (strcmp(argv[optind - 1], "-?") == 0 ||
				strcmp(argv[optind - 1], "--help") == 0)
			{
				print_out("%s", help);
				return EXIT_DONE;
			}
			break;
	}
	return bad_usage(command);
}

/* Return true if there is a store; print an error if not. */
static bool
has_store(const Target *target)
{
	if (target->store == NULL)
		print_error("no store given (option --store)");
	return target->store != NULL;
}

/* ------------------------------------------------------------------ import */

/*
 * Read the options of "import".  Returns -1 to go on with the paths from
 * optind on, else an exit code.
 */
static int
read_import_options(int argc, char **argv, ImportOptions *options)
{
	static const struct option long_options[] = {
		{"folder", required_argument, NULL, 'f'},
		{"batch", required_argument, NULL, 'b'},
		{"dry-run", no_argument, NULL, 'n'},
		{"no-original", no_argument, NULL, 'o'},
		{"skip-known", no_argument, NULL, 'k'},
		{"follow-links", no_argument, NULL, 'L'},
		{"verbose", no_argument, NULL, 'v'},
		COMMON_OPTIONS
	};
	int			status = -1;
	int			c;

	while (status < 0 &&
		   (c = getopt_long(argc, argv, COMMON_LETTERS "f:b:nv",
							long_options, NULL)) != -1)
	{
		switch (c)
		{
			case 'f':
				options->folder = optarg;
				break;
			case 'b':
				options->batch = batch_size(optarg);
				if (options->batch == 0)
				{
					print_error("invalid batch size \"%s\": must be from 1 to %d",
								optarg, MAX_BATCH);
					return EXIT_TROUBLE;
				}
				break;
			case 'n':
				options->dry_run = true;
				break;
			case 'o':
				options->no_original = true;
				break;
			case 'k':
				options->skip_known = true;
				break;
			case 'L':
				options->follow_links = true;
				break;
			case 'v':
				options->verbose = true;
				break;
			default:
				status = common_option(c, argv, "import ", import_help,
									   &options->target);
		}
	}
	return status;
}

static int
command_import(int argc, char **argv)
{
	ImportOptions options = {.batch = DEFAULT_BATCH};
	int			status = read_import_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!options.dry_run && !has_store(&options.target))
		return bad_usage("import ");
	if (optind >= argc)
	{
		print_error("no path given");
		return bad_usage("import ");
	}
	g_mime_init();
	status = import_run(&options, argv + optind, argc - optind);
	g_mime_shutdown();
	return status;
}

/* ------------------------------------------------------------------ export */

static int
read_export_options(int argc, char **argv, ExportOptions *options)
{
	static const struct option long_options[] = {
		{"folder", required_argument, NULL, 'f'},
		{"message", required_argument, NULL, 'm'},
		{"json", required_argument, NULL, 'j'},
		COMMON_OPTIONS
	};
	int			status = -1;
	int			c;

	while (status < 0 &&
		   (c = getopt_long(argc, argv, COMMON_LETTERS "f:m:j:",
							long_options, NULL)) != -1)
	{
		switch (c)
		{
			case 'f':
				options->folder = optarg;
				break;
			case 'm':
				options->message_id = id_number(optarg, "message id");
				if (options->message_id == 0)
					return EXIT_TROUBLE;
				break;
			case 'j':
				options->json = optarg;
				break;
			default:
				status = common_option(c, argv, "export ", export_help,
									   &options->target);
		}
	}
	return status;
}

/* Return true if the options are consistent; print an error if not. */
static bool
check_export_options(const ExportOptions *options)
{
	if (options->json == NULL)
		return has_store(&options->target);
	if (options->target.store == NULL && options->folder == NULL &&
		options->message_id == 0)
		return true;
	print_error("--json cannot be used with --store, --folder or "
				"--message");
	return false;
}

static int
command_export(int argc, char **argv)
{
	ExportOptions options = {.message_id = 0};
	int			status = read_export_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!check_export_options(&options))
		return bad_usage("export ");
	if (argc - optind != 1)
	{
		print_error("give one directory to export to, or -");
		return bad_usage("export ");
	}
	options.to = argv[optind];
	g_mime_init();
	status = export_run(&options);
	g_mime_shutdown();
	return status;
}

/* ----------------------------------------------------------------- resolve */

/*
 * Return a choice by its name, in any case; prints an error and returns NULL
 * for any other text.
 */
static const char *
choice_name(const char *text)
{
	static const char *const names[] = {
		MSGSTORE_KEEP_ORIGINAL, MSGSTORE_OVERWRITE, MSGSTORE_SAVE_ELSEWHERE,
		MSGSTORE_MERGE
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		if (g_ascii_strcasecmp(text, names[i]) == 0)
			return names[i];
	}
	print_error("invalid choice \"%s\": must be "
				"KEEP_ORIGINAL, OVERWRITE, SAVE_ELSEWHERE or MERGE", text);
	return NULL;
}

static int
read_resolve_options(int argc, char **argv, ResolveOptions *options)
{
	static const struct option long_options[] = {
		{"draft", required_argument, NULL, 'D'},
		{"choice", required_argument, NULL, 'c'},
		{"seen", required_argument, NULL, 'S'},
		{"folder", required_argument, NULL, 'f'},
		COMMON_OPTIONS
	};
	int			status = -1;
	int			c;

	while (status < 0 &&
		   (c = getopt_long(argc, argv, COMMON_LETTERS "D:c:f:",
							long_options, NULL)) != -1)
	{
		switch (c)
		{
			case 'D':
				options->draft = id_number(optarg, "number of a draft");
				if (options->draft == 0)
					return EXIT_TROUBLE;
				break;
			case 'c':
				options->choice = choice_name(optarg);
				if (options->choice == NULL)
					return EXIT_TROUBLE;
				break;
			case 'S':
				options->seen = id_number(optarg, "change number");
				if (options->seen == 0)
					return EXIT_TROUBLE;
				break;
			case 'f':
				options->folder = optarg;
				break;
			default:
				status = common_option(c, argv, "resolve ", resolve_help,
									   &options->target);
		}
	}
	return status;
}

/* Return true if the options are consistent; print an error if not. */
static bool
check_resolve_options(const ResolveOptions *options)
{
	const char *choice = options->choice;

	if (!has_store(&options->target))
		return false;
	if (options->seen != 0 &&
		(choice == NULL || strcmp(choice, MSGSTORE_OVERWRITE) != 0))
		print_error("--seen needs --choice OVERWRITE");
	else if (options->folder != NULL && choice != NULL &&
			 strcmp(choice, MSGSTORE_SAVE_ELSEWHERE) != 0)
		print_error("--folder needs the choice SAVE_ELSEWHERE");
	else
		return true;
	return false;
}

static int
command_resolve(int argc, char **argv)
{
	ResolveOptions options = {.message_id = 0};
	int			status = read_resolve_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!check_resolve_options(&options))
		return bad_usage("resolve ");
	if (argc - optind > 1)
	{
		print_error("more than one message given");
		return bad_usage("resolve ");
	}
	if (optind < argc)
	{
		options.message_id = id_number(argv[optind], "message id");
		if (options.message_id == 0)
			return EXIT_TROUBLE;
	}
	return resolve_run(&options);
}

int
main(int argc, char **argv)
{
	static struct
	{
		const char *name;
		int			(*run) (int argc, char **argv);
		char		title[20];	/* getopt prints it before an error */
	}			commands[] =
	{
		{"import", command_import, "msgstore import"},
		{"export", command_export, "msgstore export"},
		{"resolve", command_resolve, "msgstore resolve"}
	};

	/* end without memory, so that no value can be left out for lack of it */
	json_set_alloc_funcs(g_malloc, g_free);
	if (argc < 2)
	{
		print_err("%s", general_help);
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
	{
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		argv[1] = commands[i].title;
		return commands[i].run(argc - 1, argv + 1);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
	{
		print_out("%s", general_help);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
	{
		print_out("msgstore %s\n", MSGSTORE_VERSION);
		return EXIT_DONE;
	}
	print_error("unknown %s \"%s\"",
				argv[1][0] == '-' ? "option" : "command", argv[1]);
	return bad_usage("");
}
