/*-------------------------------------------------------------------------
 *
 * checker.c
 *	  The checker of histories: many sessions work on a few messages at
 *	  random, and their answers are compared with the stored history.
 *
 *	  usage: checker run --dbname=CONNINFO --record=DIRECTORY [OPTION=N ...]
 *			 checker verify --dbname=CONNINFO --record=DIRECTORY
 *
 *		--sessions=N	number of sessions at a time (8)
 *		--first=N		number of the first session, if others have been
 *						recorded in the directory before (0)
 *		--messages=N	number of messages at a time (6)
 *		--steps=N		number of steps of all sessions together (20000)
 *		--seed=N		seed of the random numbers
 *		--disturb=N		cancel or end a session about every N steps (0: never)
 *
 *	  "run" needs a database with the extension, and makes the store.  It
 *	  prints the number of steps done, and goes on after the server was down.
 *	  "verify" prints the faults that it finds.  Exit status: 0 without
 *	  faults, 1 with faults, 2 if the work could not be done.
 *
 *-------------------------------------------------------------------------
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checker.h"

typedef struct Options
{
	const char *conninfo;
	const char *directory;
	int			sessions;
	int			first;
	int			messages;
	int			steps;
	long long	seed;
	int			disturb;
} Options;

Shared	   *shared;

/* ----------------------------------------------------------------- helpers */

char *
format(const char *fmt,...)
{
	va_list		args;
	char	   *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		die("out of memory");
	va_end(args);
	return text;
}

void
die(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fputs("checker: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t) time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* ------------------------------------------------------------------ set-up */

/* Edit, save and perhaps close in a block that is rolled back. */
static const char *const undone_function =
"CREATE OR REPLACE FUNCTION public.undone(handle int, patch jsonb,"
" flags int, closing boolean)"
" RETURNS text LANGUAGE plpgsql AS $$"
" DECLARE result text;"
" BEGIN"
"  PERFORM msgstore.set_props(handle, patch);"
"  result := msgstore.save_changes(handle, flags);"
"  IF closing THEN PERFORM msgstore.close_object(handle); END IF;"
"  RAISE EXCEPTION USING ERRCODE = 'UNDON';"
" EXCEPTION WHEN SQLSTATE 'UNDON' THEN RETURN result;"
" END $$";

static int64_t
query_number(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexec(conn, sql);
	int64_t		number = 0;

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	else if (PQresultStatus(result) != PGRES_COMMAND_OK &&
			 PQresultStatus(result) != PGRES_TUPLES_OK)
		die("%s", PQerrorMessage(conn));
	PQclear(result);
	return number;
}

/* Make the store, unless it is there, and the memory shared by all processes. */
static void
set_up(const Options *options)
{
	static const char *const folders[NUM_FOLDERS] = {
		"Inbox", "Drafts", "Sent Items", "Deleted Items"
	};
	PGconn	   *conn = PQconnectdb(options->conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
		die("%s", PQerrorMessage(conn));
	shared = mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no shared memory");
	shared->slots = options->messages;
	if (query_number(conn, "SELECT count(*) FROM msgstore.store_list") == 0)
		query_number(conn, "SELECT msgstore.create_store('checker')");
	query_number(conn, undone_function);
	query_number(conn, "DO $$ BEGIN CREATE ROLE " GUEST ";"
				 " EXCEPTION WHEN duplicate_object THEN NULL; END $$");
	for (int i = 0; i < NUM_FOLDERS; i++)
	{
		char	   *sql = format("SELECT msgstore.special_folder(%d, '%s')",
								 STORE_ID, folders[i]);

		shared->folder[i] = query_number(conn, sql);
		free(sql);
		sql = format("SELECT msgstore.grant_folder(%d, %lld, '" GUEST "',"
					 " 'REVIEWER') WHERE NOT EXISTS (SELECT FROM"
					 " msgstore.folder_permissions WHERE folder_id = %lld"
					 " AND member = '" GUEST "')",
					 STORE_ID, (long long) shared->folder[i],
					 (long long) shared->folder[i]);
		query_number(conn, sql);
		free(sql);
	}
	PQfinish(conn);
}

/* ----------------------------------------------------------------- running */

static void
run_session(const Options *options, int number)
{
	Session    *session = calloc(1, sizeof(Session));
	char	   *path = format("%s/session-%d.jsonl", options->directory, number);

	if (session == NULL)
		die("out of memory");
	session->number = number;
	session->conninfo = options->conninfo;
	session->random.state = (uint64_t) options->seed * 1000003 + number;
	session->record = fopen(path, "w");
	if (session->record == NULL)
		die("could not create \"%s\"", path);
	workload(session, options->steps / options->sessions);
	free(path);
	free(session);
}

/*
 * Cancel a statement or end a session, again and again, until killed.  The
 * pace is that of the sessions, so that a slow machine disturbs no more steps
 * than a fast one.
 */
static void
disturb(const Options *options)
{
	Random		random = {(uint64_t) options->seed};
	PGconn	   *conn = NULL;
	int			next = 0;

	for (;;)
	{
		int			which = options->first +
			random_below(&random, options->sessions);
		int			pid;

		next += 1 + random_below(&random, 2 * options->disturb);
		while (shared->steps < next)
			usleep(1000);
		pid = shared->backend[which];
		if (conn == NULL)
			conn = PQconnectdb(options->conninfo);
		if (PQstatus(conn) == CONNECTION_OK)
		{
			char	   *sql = format("SELECT pg_%s_backend(pid)"
									 " FROM pg_stat_activity WHERE pid = %d",
									 chance(&random, 10) ? "terminate" :
									 "cancel", pid);

			PQclear(PQexec(conn, sql));
			free(sql);
		}
		if (PQstatus(conn) != CONNECTION_OK)
		{
			PQfinish(conn);
			conn = NULL;
		}
	}
}

/* Start a process for a session, or for the disturber; return its pid. */
static pid_t
start(const Options *options, int number, bool disturbs)
{
	pid_t		pid = fork();

	if (pid < 0)
		die("could not fork");
	if (pid > 0)
		return pid;
	if (disturbs)
		disturb(options);
	else
		run_session(options, number);
	exit(0);
}

static int
run(const Options *options)
{
	pid_t		disturber = 0;
	int			left = options->sessions;
	int			printed = 0;
	int			status;
	bool		failed = false;

	set_up(options);
	printf("seed %lld\n", options->seed);
	fflush(stdout);
	for (int i = 0; i < options->sessions; i++)
		start(options, options->first + i, false);
	if (options->disturb > 0)
		disturber = start(options, 0, true);
	while (left > 0)
	{
		pid_t		pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0)
		{
			left--;
			failed = failed || status != 0;
			continue;
		}
		if (shared->steps / 200 > printed)
		{
			printed = shared->steps / 200;
			printf("%d steps\n", printed * 200);
			fflush(stdout);
		}
		usleep(10000);
	}
	if (disturber != 0)
	{
		kill(disturber, SIGKILL);
		waitpid(disturber, &status, 0);
	}
	printf("%d steps done by %d sessions\n", shared->steps, options->sessions);
	return failed ? 2 : 0;
}

/* ----------------------------------------------------------------- options */

static void
usage(void)
{
	fputs("usage: checker run|verify --dbname=CONNINFO --record=DIRECTORY"
		  " [--sessions=N] [--first=N] [--messages=N] [--steps=N]"
		  " [--seed=N] [--disturb=N]\n",
		  stderr);
	exit(2);
}

static long long
number_option(const char *name, const char *text, long long least)
{
	char	   *end;
	long long	number = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || number < least)
		die("--%s is not a number from %lld on: %s", name, least, text);
	return number;
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{"dbname", required_argument, NULL, 'd'},
		{"record", required_argument, NULL, 'r'},
		{"sessions", required_argument, NULL, 'n'},
		{"first", required_argument, NULL, 'f'},
		{"messages", required_argument, NULL, 'm'},
		{"steps", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'x'},
		{"disturb", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0}
	};
	Options		options = {.sessions = 8, .messages = 6, .steps = 20000,
	.seed = time(NULL)};
	int			option;
	int			which;

	while ((option = getopt_long(argc, argv, "", names, &which)) != -1)
	{
		if (option == 'd')
			options.conninfo = optarg;
		else if (option == 'r')
			options.directory = optarg;
		else if (option == 'n')
			options.sessions = number_option("sessions", optarg, 1);
		else if (option == 'f')
			options.first = number_option("first", optarg, 0);
		else if (option == 'm')
			options.messages = number_option("messages", optarg, 1);
		else if (option == 's')
			options.steps = number_option("steps", optarg, 1);
		else if (option == 'x')
			options.seed = number_option("seed", optarg, 0);
		else if (option == 'k')
			options.disturb = number_option("disturb", optarg, 0);
		else
			usage();
	}
	if (optind != argc - 1 || options.conninfo == NULL ||
		options.directory == NULL ||
		options.messages > MAX_SLOTS ||
		options.first + options.sessions > MAX_SESSIONS)
		usage();
	if (strcmp(argv[optind], "run") == 0)
		return run(&options);
	if (strcmp(argv[optind], "verify") == 0)
		return verify(options.conninfo, options.directory);
	usage();
	return 2;
}
