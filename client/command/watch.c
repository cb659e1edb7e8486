/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  msgstore watch: a line per change of a store, as changes come.
 *
 * NOTES
 *	  The command keeps a token of the feed.  It prints what is new, and then
 *	  waits for a notification on the channel of the store, but no longer than
 *	  the interval: wake-ups may be off, and LISTEN is not possible on a standby
 *	  and behind some poolers.
 *
 *	  When the connection breaks, the command connects again, as often as it
 *	  takes, and goes on from its token.  A row counts as printed when stdout
 *	  has taken the page, so a page can be printed twice, but none is left out.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame.h"

#define LONGEST_PAUSE	30		/* seconds between two attempts to connect */

typedef struct WatchOptions
{
	Target		target;
	const char *folder;			/* NULL: the whole store */
	const char *since;			/* a token; NULL: from now on */
	bool		all;			/* first what is there */
	bool		once;			/* only what is new now */
	bool		json;
	unsigned	interval;		/* seconds between two looks */
} WatchOptions;

static const WatchOptions watch_defaults = {.interval = 10};

/* The state of a watch. */
typedef struct Watch
{
	const WatchOptions *options;
	msgstore   *ms;
	int64_t		store_id;
	int64_t		folder_id;		/* 0: the whole store */
	char	   *token;			/* NULL: list what is there */
	bool		started;		/* the token is set, or not needed */
} Watch;

static volatile sig_atomic_t stopped = 0;

static void
stop(int signo)
{
	(void) signo;
	stopped = 1;
}

/* ------------------------------------------------------------------ output */

static const Column columns[] = {
	{"token", NULL, COLUMN_TEXT},
	{"message_id", NULL, COLUMN_NUMBER},
	{"folder_id", NULL, COLUMN_NUMBER},
	{"change_number", NULL, COLUMN_NUMBER},
	{"kind", NULL, COLUMN_TEXT},
	{"changed_by", NULL, COLUMN_TEXT},
	{"client", NULL, COLUMN_TEXT},
	{"changed_at", NULL, COLUMN_TIME},
	{"properties", NULL, COLUMN_JSON},
	{NULL, NULL, COLUMN_TEXT}
};

/* Return the names in a JSON array, separated by commas, as safe text. */
static char *
names(const char *array)
{
	json_t	   *list = array == NULL ? NULL : json_loads(array, 0, NULL);
	GString    *out = g_string_new(NULL);
	size_t		i;
	json_t	   *name;

	json_array_foreach(list, i, name)
	{
		g_autofree char *safe = show_safe(json_is_string(name) ?
										  json_string_value(name) : "");

		g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", safe);
	}
	json_decref(list);
	return g_string_free(out, FALSE);
}

/* Print a change as a line for people. */
static void
print_line(const msgstore_event *event)
{
	g_autofree char *when = event->changed_at == NULL ? g_strdup("-") :
		show_time(event->changed_at);
	g_autofree char *kind = show_safe(event->kind);
	g_autofree char *properties = names(event->properties);

	print_out("%s  %-8s", when, kind);
	if (event->message_id != 0)
		print_out("  message %" PRId64, event->message_id);
	if (event->folder_id != 0)
		print_out("  folder %" PRId64, event->folder_id);
	if (event->changed_by != NULL)
	{
		g_autofree char *who = show_name(event->changed_by);

		print_out("  by %s", who);
	}
	if (*properties != '\0')
		print_out("  %s", properties);
	print_out("\n");
}

static bool
is_end(const msgstore_event *event)
{
	return strcmp(event->kind, "end") == 0;
}

/* Print a row; the last one of a call is of use to programs only. */
static bool
print_row(const Watch *watch, const msgstore_event_list *list, int row)
{
	const msgstore_event *event = &list->events[row];

	if (watch->options->json && (!is_end(event) || watch->options->once))
	{
		json_t	   *object = table_json(columns, list->owner, row);
		bool		printed = print_json(object);

		json_decref(object);
		return printed;
	}
	if (!is_end(event))
		print_line(event);
	return true;
}

/* ------------------------------------------------------------------ the feed */

/* The outcome of an attempt. */
typedef enum Outcome
{
	WENT_ON,
	AT_END,						/* nothing more is new */
	BROKEN,						/* the connection, which can be made anew */
	FAILED						/* what another attempt would not change */
} Outcome;

/* Print an error, and return whether another attempt could help. */
static Outcome
failure(const Watch *watch, const char *doing)
{
	session_print_error(watch->ms, doing);
	return msgstore_connected(watch->ms) ? FAILED : BROKEN;
}

/* Print a page of what is new. */
static Outcome
print_page(Watch *watch)
{
	msgstore_feed feed = {
		.store_id = watch->store_id, .token = watch->token,
		.folder_id = watch->folder_id
	};
	msgstore_event_list *list = msgstore_changes_since(watch->ms, &feed);
	bool		at_end;
	bool		printed = true;

	if (list == NULL)
		return failure(watch, "could not read the changes");
	at_end = list->count == 0 || is_end(&list->events[list->count - 1]);
	for (int i = 0; i < list->count && printed; i++)
		printed = print_row(watch, list, i);
	printed = print_flush() && printed;
	if (printed && list->count > 0)
	{
		g_free(watch->token);
		watch->token = g_strdup(list->events[list->count - 1].token);
	}
	msgstore_free_events(list);
	return !printed ? FAILED : at_end ? AT_END : WENT_ON;
}

/* Print everything that is new. */
static Outcome
print_news(Watch *watch)
{
	Outcome		outcome = WENT_ON;

	while (outcome == WENT_ON && !stopped)
		outcome = print_page(watch);
	return outcome;
}

/* --------------------------------------------------------------- connection */

/* Listen to the store; without that, the interval alone decides. */
static void
listen_to_store(const Watch *watch)
{
	g_autofree char *sql = g_strdup_printf("LISTEN msgstore_%" PRId64,
										   watch->store_id);

	if (!msgstore_execute(watch->ms, sql) && msgstore_connected(watch->ms))
		print_err("msgstore: no wake-ups here (%s); looking every %u seconds\n",
				  msgstore_last_error(watch->ms)->message,
				  watch->options->interval);
}

/* Find store and folder, and the token to begin with. */
static Outcome
start(Watch *watch)
{
	const WatchOptions *options = watch->options;

	if (!session_find_store(watch->ms, options->target.store,
							&watch->store_id) ||
		(options->folder != NULL &&
		 !folder_find(watch->ms, watch->store_id, options->folder,
					  &watch->folder_id)))
		return msgstore_connected(watch->ms) ? FAILED : BROKEN;
	if (!options->once)
		listen_to_store(watch);
	if (!watch->started && !options->all && watch->token == NULL)
	{
		char	   *token = msgstore_feed_position(watch->ms, watch->store_id);

		if (token == NULL)
			return failure(watch, "could not find out where the feed is");
		watch->token = g_strdup(token);
		free(token);
	}
	watch->started = true;
	return AT_END;
}

/* Wait, but not longer than a signal. */
static void
pause_for(unsigned seconds)
{
	struct timespec left = {.tv_sec = seconds};

	if (!stopped)
		(void) nanosleep(&left, NULL);
}

/* Connect, and find out where to begin. */
static Outcome
connect_and_start(Watch *watch)
{
	Outcome		outcome;

	watch->ms = session_connect(&watch->options->target, "msgstore watch");
	if (watch->ms == NULL)
		return BROKEN;
	outcome = start(watch);
	if (outcome == BROKEN || outcome == FAILED)
	{
		msgstore_disconnect(watch->ms);
		watch->ms = NULL;
	}
	return outcome;
}

/*
 * Connect again until it succeeds, with longer and longer pauses.  Returns
 * FAILED if store or folder are not there any more.
 */
static Outcome
reconnect(Watch *watch)
{
	Outcome		outcome = BROKEN;

	msgstore_disconnect(watch->ms);
	watch->ms = NULL;
	for (unsigned pause = 1; outcome == BROKEN && !stopped;
		 pause = MIN(pause * 2, LONGEST_PAUSE))
	{
		pause_for(pause);
		if (!stopped)
			outcome = connect_and_start(watch);
	}
	return outcome;
}

/*
 * Wait for a notification, the end of the interval or a signal.  Whatever ends
 * the wait, the feed is read next, and shows a connection that has broken.
 */
static void
wait_for_news(const Watch *watch)
{
	PGconn	   *conn = msgstore_connection(watch->ms);
	struct pollfd socket = {.fd = PQsocket(conn), .events = POLLIN};
	PGnotify   *notice;

	if (socket.fd >= 0 && !stopped)
		(void) poll(&socket, 1, (int) (watch->options->interval * 1000));
	(void) PQconsumeInput(conn);
	while ((notice = PQnotifies(conn)) != NULL)
		PQfreemem(notice);
}

/* ------------------------------------------------------------------ command */

static int
run_watch(const void *arg, char *const *args, int nargs)
{
	const WatchOptions *options = arg;
	Watch		watch = {.options = options};
	struct sigaction action = {.sa_handler = stop};
	Outcome		outcome;

	(void) args;
	(void) nargs;
	(void) sigaction(SIGINT, &action, NULL);
	(void) sigaction(SIGTERM, &action, NULL);
	watch.token = g_strdup(options->since);
	outcome = connect_and_start(&watch);
	if (outcome == BROKEN)
		outcome = FAILED;		/* at first, the server must be there */
	while (outcome != FAILED && !stopped)
	{
		outcome = print_news(&watch);
		if (outcome == BROKEN && !options->once)
			outcome = reconnect(&watch);
		else if (options->once)
			break;
		else if (outcome == AT_END)
			wait_for_news(&watch);
	}
	msgstore_disconnect(watch.ms);
	g_free(watch.token);
	return outcome == FAILED || (outcome == BROKEN && !stopped) ?
		EXIT_TROUBLE : EXIT_DONE;
}

static const char *
check_watch(const void *arg)
{
	const WatchOptions *options = arg;

	return options->all && options->since != NULL ?
		"--all cannot be used with --since" : NULL;
}

static const Option watch_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(WatchOptions, folder),
	.help = "only changes in this folder"},
	{.name = "since", .kind = OPTION_TEXT, .value = "TOKEN",
		.offset = offsetof(WatchOptions, since),
	.help = "begin with the changes since a token, from a line of --json"},
	{.name = "all", .kind = OPTION_FLAG,
		.offset = offsetof(WatchOptions, all),
	.help = "begin with the folders and messages that are there"},
	{.name = "once", .kind = OPTION_FLAG,
		.offset = offsetof(WatchOptions, once),
		.help = "end when there is nothing new; with --json, the last line has "
	"the token to go on from"},
	{.name = "interval", .kind = OPTION_COUNT, .value = "SECONDS",
		.offset = offsetof(WatchOptions, interval), .most = 3600,
		.what = "interval",
	.help = "look after so many seconds without a wake-up (default 10)"},
	JSON_OPTION(WatchOptions),
	{.name = NULL}
};

const Command command_watch = {
	.name = "watch",
	.summary = "print the changes of a store as they come",
	.usage = "--store NAME [OPTION]...",
	.description = "One line per change: its time, its kind, the message and the "
	"folder, who made it, and the properties that it touched. Nothing is left "
	"out, however late a transaction commits. If the connection breaks, the "
	"command connects again and goes on where it was.",
	.options = watch_options,
	.notes = "If the owner of the store has switched wake-ups on "
	"(set_wakeups), changes are printed at once. Otherwise, on a standby, and "
	"behind a pooler without LISTEN, the command looks every few seconds.\n\n"
	FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "ended by a signal; or with --once, everything was printed",
		[EXIT_TROUBLE] = "bad usage, no connection at first, no such store or "
		"folder, or a token from which the server cannot go on"
	},
	.needs = NEEDS_STORE,
	.max_args = 0,
	.args_error = "no argument is taken",
	.size = sizeof(WatchOptions),
	.defaults = &watch_defaults,
	.check = check_watch,
	.run = run_watch
};
