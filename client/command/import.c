/*-------------------------------------------------------------------------
 *
 * import.c
 *	  "msgstore import": save messages into a store in batches, and report the
 *	  outcome.
 *
 * NOTES
 *	  batch.c saves the messages.  The report counts committed messages.  Store
 *	  and folder are created when there is a message for them, and not for a
 *	  mistyped path.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "frame.h"

typedef struct Import
{
	const ImportOptions *options;
	msgstore   *ms;				/* NULL in a dry run */
	int64_t		store_id;
	int64_t		folder_id;
	Saver	   *saver;			/* NULL: no message yet */
	Tally	   *tally;			/* of the imported messages */
	GPtrArray  *refused;		/* of char *, "where: reason" */
	unsigned	imported;
	unsigned	skipped;
	unsigned	known;			/* mail that the store has already */
	GHashTable *keys;			/* of known mail; NULL: no --skip-known */
	bool		stopped;		/* by an error that ends the import */
	bool		terminal;		/* stderr is a terminal: show progress */
} Import;

/* --------------------------------------------------------------- progress */

static void
show_progress(const Import *import)
{
	if (import->terminal)
		print_progress("%u imported, %u refused ", import->imported,
					   import->refused->len);
}

static void
end_progress(const Import *import)
{
	if (import->terminal)
		print_end_progress();
}

/* Print the last error, below the progress line. */
static void
print_call_error(const Import *import, const char *doing)
{
	end_progress(import);
	session_print_error(import->ms, doing);
}

/* ------------------------------------------------------------- the server */

/* Return true if the last error is MAPI_E_COLLISION: the name is in use. */
static bool
was_taken(const Import *import)
{
	return strcmp(msgstore_last_error(import->ms)->sqlstate, "MA604") == 0;
}

/*
 * Find the store by its name, or create the store.  Another session may
 * create it at the same time.
 */
static bool
find_or_make_store(Import *import, const char *name)
{
	bool		found;

	if (!msgstore_find_store(import->ms, name, &found, &import->store_id))
		return false;
	if (found || msgstore_create_store(import->ms, name, &import->store_id))
		return true;
	return was_taken(import) &&
		msgstore_find_store(import->ms, name, &found, &import->store_id) &&
		found;
}

/* Find or create the store and the folder; print an error if that fails. */
static bool
find_place(Import *import)
{
	const ImportOptions *options = import->options;
	g_autofree char *shown = show_name(options->target.store);
	g_autofree char *doing = g_strdup_printf("could not find or create store "
											 "%s", shown);

	if (!find_or_make_store(import, options->target.store))
	{
		print_call_error(import, doing);
		return false;
	}
	end_progress(import);
	return folder_make(import->ms, import->store_id, options->folder,
					   &import->folder_id);
}

/* Count a batch that was committed. */
static void
count_batch(const GPtrArray *mails, void *arg)
{
	Import	   *import = arg;

	for (guint i = 0; i < mails->len; i++)
	{
		const Mail *mail = g_ptr_array_index(mails, i);

		if (mail->refused != NULL)
			g_ptr_array_add(import->refused,
							g_strdup_printf("%s: %s", mail->where,
											mail->refused));
		else
		{
			import->imported++;
			tally_merge(import->tally, mail->tally);
		}
	}
	show_progress(import);
}

/* Find store and folder, and begin to save. */
static bool
begin_saving(Import *import)
{
	SaverOptions options = {.batch = import->options->batch,
		.saved = count_batch, .arg = import, .imported = &import->imported,
	.terminal = import->terminal};

	if (!find_place(import))
		return false;
	options.store_id = import->store_id;
	options.folder_id = import->folder_id;
	import->saver = saver_new(import->ms, &options);
	return true;
}

/* -------------------------------------------------------------- known mail */

/* Set by a signal: the import ends after the current message and its batch. */
static volatile sig_atomic_t interrupted = 0;

static void
on_interrupt(int signal_number)
{
	(void) signal_number;
	interrupted = 1;
}

/* End with a report at the first Ctrl-C, and at once at the second. */
static void
catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	action.sa_flags = (int) SA_RESETHAND | SA_RESTART;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

/*
 * Return the key of a mail: 'o' and a hash of the original, or, without the
 * original, 'h' and a hash of the header.
 */
static char *
known_key(char kind, const char *bytes, size_t len)
{
	g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
													   (const guchar *) bytes,
													   len);

	return g_strdup_printf("%c%s", kind, sum);
}

/*
 * Read the keys of all messages of the store; there are no keys if the store
 * does not exist.  Returns false on error.
 */
static bool
read_known(Import *import)
{
	bool		found;
	g_autofree char *store = NULL;
	const char *values[1];
	PGresult   *res;

	if (!msgstore_find_store(import->ms, import->options->target.store,
							 &found, &import->store_id))
	{
		print_call_error(import, "could not look for the store");
		return false;
	}
	if (!found)
		return true;
	values[0] = store = g_strdup_printf("%" PRId64, import->store_id);
	res = msgstore_query(import->ms, "*t",
						 "SELECT COALESCE('o' OPERATOR(pg_catalog.||)"
						 " pg_catalog.encode(pg_catalog.sha256("
						 "msgstore.read_original(store_id, message_id, 0,"
						 " 1000000000)), 'hex'), 'h' OPERATOR(pg_catalog.||)"
						 " pg_catalog.encode(pg_catalog.sha256("
						 "pg_catalog.convert_to(COALESCE("
						 "msgstore.read_message(store_id, message_id,"
						 " '{PR_TRANSPORT_MESSAGE_HEADERS}')"
						 " OPERATOR(pg_catalog.->>)"
						 " 'PR_TRANSPORT_MESSAGE_HEADERS', ''), 'UTF8')),"
						 " 'hex')) FROM msgstore.message_list"
						 " WHERE store_id OPERATOR(pg_catalog.=)"
						 " $1::pg_catalog.int8",
						 1, values);
	if (res == NULL)
		print_call_error(import, "could not read the mail that is known");
	for (int i = 0; res != NULL && i < PQntuples(res); i++)
		g_hash_table_add(import->keys, g_strdup(PQgetvalue(res, i, 0)));
	PQclear(res);
	return res != NULL;
}

/* Return true if a mail is known, and add its key to the known ones. */
static bool
is_known(Import *import, const RawMessage *raw, json_t *props)
{
	json_t	   *block = json_object_get(props,
										"PR_TRANSPORT_MESSAGE_HEADERS");
	g_autofree char *header = known_key('h', json_string_value(block),
										json_string_length(block));
	g_autofree char *whole = known_key('o', raw->data, raw->len);

	if (g_hash_table_contains(import->keys, whole) ||
		g_hash_table_contains(import->keys, header))
		return true;
	g_hash_table_add(import->keys, import->options->no_original ?
					 g_steal_pointer(&header) : g_steal_pointer(&whole));
	return false;
}

/* -------------------------------------------------- messages from source.c */

/* Return the name of a message, "path:number", as UTF-8. */
static char *
where_text(const char *path, unsigned number)
{
	g_autofree char *valid = g_utf8_make_valid(path, -1);

	return number == 0 ? g_strdup(valid) :
		g_strdup_printf("%s:%u", valid, number);
}

/*
 * Print a message as one line of JSON, for a dry run.  Returns false if stdout
 * cannot be written; then the import is stopped.
 */
static bool
print_message(Import *import, const char *where, json_t *props,
			  Tally *tally)
{
	json_t	   *line = json_object();
	bool		ok;

	json_object_set_new(line, "message", json_string(where));
	json_object_set(line, "properties", props);
	json_object_update(line, tally);
	ok = print_json(line);
	json_decref(line);
	if (!ok)
	{
		(void) print_flush();
		import->stopped = true;
	}
	import->imported++;
	tally_merge(import->tally, tally);
	return ok;
}

/* Print the remarks about one message, which the report only counts. */
static void
print_remarks(const Import *import, const char *where, Tally *tally)
{
	g_autofree char *shown = show_safe(where);
	const char *kind;
	json_t	   *count;

	end_progress(import);
	json_object_foreach(json_object_get(tally, "remarks"), kind, count)
	{
		g_autofree char *remark = show_safe(kind);

		print_err("%s: %s (%d)\n", shown, remark,
				  (int) json_integer_value(count));
	}
}

static void
on_trouble(const char *path, unsigned number, const char *why, void *arg)
{
	Import	   *import = arg;
	g_autofree char *where = where_text(path, number);

	g_ptr_array_add(import->refused, g_strdup_printf("%s: %s", where, why));
}

static void
on_skipped(const char *path, void *arg)
{
	Import	   *import = arg;
	g_autofree char *shown = show_safe(path);

	import->skipped++;
	if (import->options->verbose)
		print_err("%s: skipped\n", shown);
}

/*
 * Save a message, which then owns where, props and tally.  Returns false if
 * the import is stopped.
 */
static bool
save_message(Import *import, const RawMessage *raw, char *where,
			 json_t *props, Tally *tally)
{
	GByteArray *original = NULL;
	GPtrArray  *aside = raw->aside;

	if (!import->options->no_original)
		original = g_byte_array_append(g_byte_array_new(),
									   (const guint8 *) raw->data,
									   (guint) raw->len);
	if (large_message(props, aside))
	{
		RawMessage	again = *raw;
		Tally	   *ignored = tally_new();

		/* in pieces, bytes are base64 in the properties */
		again.aside = aside = NULL;
		json_decref(props);
		props = mime_to_json(&again, ignored);
		json_decref(ignored);
	}
	import->stopped = (import->saver == NULL && !begin_saving(import)) ||
		!saver_add(import->saver, mail_new(where, tally, props, aside,
										   original));
	return !import->stopped;
}

/*
 * Print a message of a dry run, with the original; false as print_message().
 */
static bool
show_message(Import *import, const RawMessage *raw, const char *where,
			 json_t *props, Tally *tally)
{
	if (!import->options->no_original)
		put_binary(props, "PR_INTERNET_CONTENT", raw->data, raw->len);
	return print_message(import, where, props, tally);
}

/* Free bytes in "aside", unless a mail owns them. */
static void
free_bytes(gpointer bytes)
{
	if (bytes != NULL)
		g_byte_array_unref(bytes);
}

static bool
on_message(const RawMessage *found, void *arg)
{
	Import	   *import = arg;
	RawMessage	raw = *found;
	Tally	   *tally = tally_new();
	char	   *where = where_text(raw.path, raw.number);
	json_t	   *props;
	bool		go_on = true;

	if (!import->options->dry_run)
		raw.aside = g_ptr_array_new_with_free_func(free_bytes);
	props = mime_to_json(&raw, tally);
	if (props == NULL)
		on_trouble(raw.path, raw.number, NOT_A_MESSAGE, import);
	else if (import->options->verbose)
		print_remarks(import, where, tally);
	if (props != NULL && import->keys != NULL && is_known(import, &raw, props))
		import->known++;
	else if (props != NULL && import->options->dry_run)
		go_on = show_message(import, &raw, where, props, tally);
	else if (props != NULL)
	{
		go_on = save_message(import, &raw, where, props, tally);
		g_ptr_array_unref(raw.aside);
		return go_on && !interrupted;
	}
	g_clear_pointer(&raw.aside, g_ptr_array_unref);
	json_decref(props);
	json_decref(tally);
	g_free(where);
	return go_on && !interrupted;
}

/* ----------------------------------------------------------------- report */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Print the counts under a headline, sorted; nothing without counts. */
static void
print_table(Printer print, const char *headline, json_t *counts)
{
	g_autofree const char **kinds = g_new0(const char *,
										   json_object_size(counts) + 1);
	const char *kind;
	json_t	   *count;
	size_t		n = 0;

	json_object_foreach(counts, kind, count)
		kinds[n++] = kind;
	if (n > 0)
		print("%s\n", headline);
	qsort(kinds, n, sizeof(*kinds), by_text);
	for (size_t i = 0; i < n; i++)
	{
		g_autofree char *shown = show_safe(kinds[i]);

		print("  %7d  %s\n", (int) number_of(counts, kinds[i], 0), shown);
	}
}

/* Print the report for programs: the refusals, then the numbers. */
static void
print_report_json(const Import *import)
{
	json_t	   *refused = json_array();
	json_t	   *report = json_pack("{sIsIsIsIsb}", "imported",
								   (json_int_t) import->imported, "refused",
								   (json_int_t) import->refused->len,
								   "skipped", (json_int_t) import->skipped,
								   "known", (json_int_t) import->known,
								   "interrupted", (int) interrupted);

	for (guint i = 0; i < import->refused->len; i++)
	{
		g_autofree char *valid =
			g_utf8_make_valid(g_ptr_array_index(import->refused, i), -1);

		json_array_append_new(refused, json_string(valid));
	}
	json_object_set_new(report, "refusals", refused);
	json_object_update(report, import->tally);
	(void) print_json(report);
	json_decref(report);
}

static void
print_report(const Import *import)
{
	Printer		print = import->options->dry_run ? print_err : print_out;

	end_progress(import);
	if (import->options->json)
	{
		print_report_json(import);
		return;
	}
	print_table(print, "Attachments:",
				json_object_get(import->tally, "attachments"));
	print_table(print, "Left out or mended (the transport headers are whole):",
				json_object_get(import->tally, "remarks"));
	if (import->refused->len > 0)
		print("Refused:\n");
	for (guint i = 0; i < import->refused->len; i++)
	{
		g_autofree char *line =
			show_safe(g_ptr_array_index(import->refused, i));

		print("  %s\n", line);
	}
	if (import->skipped > 0)
		print("%u hidden or housekeeping file%s skipped\n",
			  import->skipped, import->skipped == 1 ? "" : "s");
	if (import->known > 0)
		print("%u in the store already\n", import->known);
	if (interrupted)
		print("interrupted: what has not been read is not imported\n");
	print("%u %s, %u refused\n", import->imported,
		  import->options->dry_run ? "read, none stored" : "imported",
		  import->refused->len);
}

int
import_run(const ImportOptions *options, char *const *paths, int npaths)
{
	Import		import = {.options = options};
	Source		source = {on_message, on_trouble, on_skipped, &import,
	.follow_links = options->follow_links};
	int			status;

	import.refused = g_ptr_array_new_with_free_func(g_free);
	import.tally = tally_new();
	import.terminal = isatty(STDERR_FILENO) && !options->dry_run;

	if (!options->dry_run)
		import.ms = session_connect(&options->target, "msgstore import");
	if (options->skip_known)
		import.keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
											NULL);
	if (!options->dry_run && (import.ms == NULL ||
							  (import.keys != NULL && !read_known(&import))))
		import.stopped = true;
	else
	{
		catch_interrupt();
		source_read(&source, paths, npaths);
		if (import.saver != NULL && !import.stopped)
			import.stopped = !saver_finish(import.saver);
		print_report(&import);
	}
	if (!import.stopped && !print_flush())
		import.stopped = true;
	if (import.stopped || interrupted)
		status = EXIT_TROUBLE;
	else
		status = import.refused->len > 0 ? EXIT_REFUSED : EXIT_DONE;

	g_clear_pointer(&import.saver, saver_free);
	msgstore_disconnect(import.ms);
	g_ptr_array_free(import.refused, TRUE);
	json_decref(import.tally);
	if (import.keys != NULL)
		g_hash_table_destroy(import.keys);
	return status;
}

/* ----------------------------------------------------------------- command */

#define DEFAULT_BATCH		100
#define MAX_BATCH			10000

static const Option import_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(ImportOptions, folder),
	.help = "the folder, created if it is missing (default: the Inbox)"},
	{.name = "batch", .letter = 'b', .kind = OPTION_COUNT, .value = "N",
		.offset = offsetof(ImportOptions, batch), .most = MAX_BATCH,
		.what = "batch size",
	.help = "messages per transaction (1 to 10000, default 100)"},
	{.name = "dry-run", .letter = 'n', .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, dry_run),
		.help = "connect to no server; print one line of JSON per message, and "
	"the report on stderr"},
	{.name = "no-original", .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, no_original),
	.help = "do not store the mail as it came"},
	{.name = "skip-known", .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, skip_known),
	.help = "leave out mail that the store has already"},
	{.name = "follow-links", .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, follow_links),
	.help = "follow symbolic links out of PATH, too"},
	{.name = "verbose", .letter = 'v', .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, verbose),
	.help = "name each message that is mended, and each skipped file"},
	{.name = "json", .kind = OPTION_FLAG,
		.offset = offsetof(ImportOptions, json),
	.help = "print the report as one line of JSON"},
	{.name = NULL}
};

static const char *
check_import(const void *arg)
{
	const ImportOptions *options = arg;

	if (options->dry_run && options->json)
		return "--json cannot be used with --dry-run, which prints JSON";
	return options->dry_run || options->target.store != NULL ? NULL :
		NO_STORE_GIVEN;
}

static int
run_import(const void *options, char *const *args, int nargs)
{
	int			status;

	g_mime_init();
	status = import_run(options, args, nargs);
	g_mime_shutdown();
	return status;
}

static const ImportOptions import_defaults = {.batch = DEFAULT_BATCH};

const Command command_import = {
	.name = "import",
	.summary = "save mail files, mailboxes and folders of mail into a store",
	.usage = "--store NAME [OPTION]... PATH...\n"
	"--dry-run [OPTION]... PATH...",
	.description = "PATH is a message file, an mbox file, a Maildir folder, or a "
	"folder of these, which is read in the order of names; \"-\" is standard "
	"input. A message becomes MAPI properties, with its attachments and "
	"embedded messages. The store is created if it is missing.",
	.options = import_options,
	.notes = "Importing a message again stores the message again, unless "
	"--skip-known is given. Ctrl-C ends the import with a report.\n\n"
	FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "all messages were imported",
		[EXIT_REFUSED] = "some messages were refused and named",
		[EXIT_TROUBLE] = "bad usage, no connection, or an error that ended the "
		"import; batches that were committed before stay"
	},
	.needs = NEEDS_SERVER,
	.min_args = 1,
	.max_args = ANY_NUMBER,
	.args_error = "no path given",
	.size = sizeof(ImportOptions),
	.defaults = &import_defaults,
	.check = check_import,
	.run = run_import
};
