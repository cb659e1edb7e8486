/*-------------------------------------------------------------------------
 *
 * msgstore.c
 *	  The command "msgstore": reads the command line and hands over to what
 *	  does the work.  Connects as psql does: --dbname and its like, and the
 *	  PG* environment.
 *
 *	  Exit codes: 0 all done; 1 some messages refused; 2 nothing could be
 *	  done, or not all of it (usage, connection, a server error).
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

#define MSGSTORE_VERSION	"0.1"
#define DEFAULT_BATCH		100
#define MAX_BATCH			10000

static const char general_help[] =
"msgstore - works with message stores in PostgreSQL\n"
"\n"
"Usage:\n"
"  msgstore import --store NAME [OPTION]... PATH...\n"
"  msgstore COMMAND --help\n"
"  msgstore --help | --version\n"
"\n"
"Commands:\n"
"  import    bring mail files, mailboxes and folders of them into a store\n";

static const char import_help[] =
"msgstore import - bring mail into a message store\n"
"\n"
"Usage:\n"
"  msgstore import --store NAME [OPTION]... PATH...\n"
"  msgstore import --dry-run [OPTION]... PATH...\n"
"\n"
"PATH is a message file, an mbox file, a Maildir folder, or a folder of any\n"
"of these, which is read in the order of names.  A message becomes MAPI\n"
"properties; attachments cannot be stored yet and are counted.\n"
"\n"
"Options:\n"
"  -s, --store=NAME       store to import into, created if it is missing\n"
"  -f, --folder=NAME      folder beside the Inbox, created if it is missing\n"
"                         (default: the Inbox)\n"
"  -b, --batch=N          messages a transaction (1 to 10000, default 100)\n"
"  -n, --dry-run          connect to nothing; print each message as a line\n"
"                         of JSON, the report on stderr\n"
"  -v, --verbose          name each message that is not imported whole\n"
"  -?, --help             show this help, then exit\n"
"  -V, --version          show the version, then exit\n"
"\n"
"Connection options:\n"
"  -d, --dbname=DBNAME    database, or connection string\n"
"  -h, --host=HOSTNAME    server host or socket directory\n"
"  -p, --port=PORT        server port\n"
"  -U, --username=NAME    user name\n"
"What is not given comes from PGDATABASE, PGHOST, PGPORT, PGUSER and the\n"
"like; passwords from PGPASSWORD or the password file.\n"
"\n"
"Exit status: 0 if all messages were imported; 1 if some were refused, which\n"
"are named; 2 for bad usage, no connection, or an error that ended the\n"
"import.  What was committed before such an end stays.  Importing a message\n"
"again stores it again.\n";

static int
bad_usage(const char *command)
{
	fprintf(stderr, "Try \"msgstore %s--help\" for more information.\n",
			command);
	return EXIT_TROUBLE;
}

/* A number from 1 to MAX_BATCH; 0 if the text is none. */
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

/*
 * Read the options of "import", argv[0] being that word.  Returns -1 to go
 * on with the paths from optind on, else an exit code.
 */
static int
read_import_options(int argc, char **argv, ImportOptions *options)
{
	static const struct option long_options[] = {
		{"store", required_argument, NULL, 's'},
		{"folder", required_argument, NULL, 'f'},
		{"batch", required_argument, NULL, 'b'},
		{"dry-run", no_argument, NULL, 'n'},
		{"verbose", no_argument, NULL, 'v'},
		{"dbname", required_argument, NULL, 'd'},
		{"host", required_argument, NULL, 'h'},
		{"port", required_argument, NULL, 'p'},
		{"username", required_argument, NULL, 'U'},
		{"help", no_argument, NULL, '?'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0}
	};
	int			c;

	while ((c = getopt_long(argc, argv, "s:f:b:nvd:h:p:U:V?", long_options,
							NULL)) != -1)
	{
		switch (c)
		{
			case 's':
				options->store = optarg;
				break;
			case 'f':
				options->folder = optarg;
				break;
			case 'b':
				options->batch = batch_size(optarg);
				if (options->batch == 0)
				{
					fprintf(stderr, "msgstore: error: invalid batch size "
							"\"%s\": must be from 1 to %d\n",
							optarg, MAX_BATCH);
					return EXIT_TROUBLE;
				}
				break;
			case 'n':
				options->dry_run = true;
				break;
			case 'v':
				options->verbose = true;
				break;
			case 'd':
				options->dbname = optarg;
				break;
			case 'h':
				options->host = optarg;
				break;
			case 'p':
				options->port = optarg;
				break;
			case 'U':
				options->username = optarg;
				break;
			case 'V':
				puts("msgstore " MSGSTORE_VERSION);
				return EXIT_IMPORTED;
			case '?':
				/* getopt's own complaint looks the same as -? */
				if (strcmp(argv[optind - 1], "-?") != 0 &&
					strcmp(argv[optind - 1], "--help") != 0)
					return bad_usage("import ");
				fputs(import_help, stdout);
				return EXIT_IMPORTED;
			default:
				return bad_usage("import ");
		}
	}
	return -1;
}

static int
command_import(int argc, char **argv)
{
	ImportOptions options = {.batch = DEFAULT_BATCH};
	int			status = read_import_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (options.store == NULL && !options.dry_run)
	{
		fputs("msgstore: error: no store given (option --store)\n", stderr);
		return bad_usage("import ");
	}
	if (optind >= argc)
	{
		fputs("msgstore: error: no path given\n", stderr);
		return bad_usage("import ");
	}
	g_mime_init();
	status = import_run(&options, argv + optind, argc - optind);
	g_mime_shutdown();
	return status;
}

int
main(int argc, char **argv)
{
	if (argc < 2)
	{
		fputs(general_help, stderr);
		return EXIT_TROUBLE;
	}
	if (strcmp(argv[1], "import") == 0)
		return command_import(argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
	{
		fputs(general_help, stdout);
		return EXIT_IMPORTED;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
	{
		puts("msgstore " MSGSTORE_VERSION);
		return EXIT_IMPORTED;
	}
	fprintf(stderr, "msgstore: error: unknown command \"%s\"\n", argv[1]);
	return bad_usage("");
}
