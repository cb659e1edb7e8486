/*-------------------------------------------------------------------------
 *
 * export.c
 *	  "msgstore export": write messages of a store as mail files.
 *
 * NOTES
 *	  Messages are read one by one, in the order of their ids.  Each message is
 *	  read through a handle, so that all of it is of one version, whatever
 *	  others save meanwhile.
 *
 *	  A file is written under another name and then renamed, so that a file
 *	  with the name of a message is complete.
 *
 *	  In a directory each message is a file FOLDER/ID.eml.  To "-" messages are
 *	  written as an mbox, and a single message without the form of an mbox.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "mail.h"

#define MAX_NAME	250			/* bytes of a directory's name */

typedef struct Export
{
	const ExportOptions *options;
	msgstore   *ms;
	int64_t		store_id;
	int64_t		folder_id;		/* 0: every folder */
	unsigned	exported;
	unsigned	failed;			/* messages that could not be read */
	bool		stopped;		/* nothing more can be written */
	bool		terminal;		/* stderr is a terminal: show progress */
	bool		alone;			/* --message: export only one message */
	GString    *mbox;			/* the end of the mbox so far */
} Export;

/* ----------------------------------------------------------------- writing */

/* Write a message as part of an mbox, in the form in which the message came. */
static bool
write_mbox(Export *export, json_t *props, const GString *mail, bool edited)
{
	json_t	   *coded = json_object_get(props, MBOX_FORM);
	gsize		len = 0;
	g_autofree guchar *form = coded == NULL ? NULL :
		g_base64_decode(json_string_value(coded), &len);
	GString    *mbox = export->mbox;
	gsize		written;

	if (mbox->len > 3)
		g_string_erase(mbox, 0, (gssize) mbox->len - 3);
	written = mbox->len;
	if (form != NULL)
	{
		form = g_realloc(form, len + 1);
		form[len] = '\0';
	}
	mbox_append(mbox, mail->str, mail->len, (char *) form, len, edited);
	return print_bytes(mbox->str + written, mbox->len - written);
}

/* Make a directory if it does not exist; print an error if that fails. */
static bool
need_directory(const char *path)
{
	if (g_mkdir_with_parents(path, 0777) == 0)
		return true;
	print_error("could not create directory \"%s\": %s", path,
				strerror(errno));
	return false;
}

static bool
write_file(const char *directory, const char *name, const GString *mail)
{
	g_autofree char *path = g_strdup_printf("%s/%s", directory, name);
	g_autofree char *part = g_strdup_printf("%s.part", path);
	FILE	   *file;
	int			fd;
	bool		ok;

	if (!need_directory(directory))
		return false;
	/* a new file, even if there is a link or a pipe of that name */
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL, 0666);
	file = fd >= 0 ? fdopen(fd, "wb") : NULL;
	ok = file != NULL &&
		fwrite(mail->str, 1, mail->len, file) == mail->len;
	if (file != NULL)
		ok = fclose(file) == 0 && ok;
	if (ok && rename(part, path) == 0)
		return true;
	print_error("could not write \"%s\": %s", path,
				strerror(errno));
	unlink(part);
	return false;
}

/*
 * Return the name of a directory for a folder: without "/" and control
 * characters, not hidden, and not too long for file systems.
 */
static char *
directory_name(const char *folder)
{
	char	   *name = g_strdup(folder);
	size_t		len = strlen(name);

	for (char *p = name; *p != '\0'; p++)
	{
		if (*p == '/' || g_ascii_iscntrl(*p))
			*p = '_';
	}
	if (len > MAX_NAME)
	{
		for (len = MAX_NAME; ((unsigned char) name[len] & 0xC0) == 0x80;)
			len--;
		name[len] = '\0';
	}
	if (*name == '.' || *name == '\0')
	{
		char	   *safe = g_strdup_printf("_%s", name);

		g_free(name);
		name = safe;
	}
	return name;
}

/* Print the outcome of a message for programs.  False if that fails. */
static bool
print_outcome(int64_t message_id, const char *path, const char *error)
{
	json_t	   *object = json_object();
	g_autofree char *shown = path ? g_filename_display_name(path) : NULL;
	bool		printed;

	json_object_set_new(object, "message_id", message_id == 0 ? json_null() :
						json_integer(message_id));
	json_object_set_new(object, "path", shown ? json_string(shown) :
						json_null());
	json_object_set_new(object, "error", error ? json_string(error) :
						json_null());
	printed = print_json(object);
	json_decref(object);
	return printed;
}

/*
 * Write a message to the directory, or to stdout, and count the message.  If
 * that fails, the export is stopped.
 */
static void
put_message(Export *export, json_t *props, const GByteArray *original,
			const char *folder, const char *name, int64_t message_id)
{
	const char *to = export->options->to;
	GString    *mail = compose_original(props, (const char *) original->data,
										original->len);
	bool		edited = mail->len != original->len ||
	memcmp(mail->str, original->data, mail->len) != 0;
	bool		ok;

	if (strcmp(to, "-") != 0)
	{
		g_autofree char *below = directory_name(folder);
		g_autofree char *directory = folder[0] == '\0' ? g_strdup(to) :
			g_strdup_printf("%s/%s", to, below);

		ok = write_file(directory, name, mail);
		if (ok && export->options->json)
		{
			g_autofree char *path = g_strdup_printf("%s/%s", directory, name);

			ok = print_outcome(message_id, path, NULL);
		}
	}
	else if (export->alone)
		ok = print_bytes(mail->str, mail->len);
	else
		ok = write_mbox(export, props, mail, edited);
	if (ok)
		export->exported++;
	else
		export->stopped = true;
	g_string_free(mail, TRUE);
}

/* ------------------------------------------------------------ from a store */

/*
 * Return a message with all of its values.  Returns NULL on error; then *why
 * is the reason, or NULL if the last error of the connection has it.
 */
static json_t *
fetch_message(Export *export, int32_t handle, const char **why)
{
	char	   *text = msgstore_get_props(export->ms, handle, NULL);
	json_t	   *props;

	*why = NULL;
	if (text == NULL)
		return NULL;
	props = json_loads(text, 0, NULL);
	free(text);
	if (props == NULL)
		*why = "the server's answer is not JSON";
	else if (!large_fetch(export->ms, handle, props, why))
	{
		json_decref(props);
		props = NULL;
	}
	return props;
}

static void
print_unread(const Export *export, int64_t message_id, const char *why)
{
	g_autofree char *doing = g_strdup_printf("could not read message %" PRId64,
											 message_id);

	if (export->options->json)
		(void) print_outcome(message_id, NULL, why ? why :
							 msgstore_last_error(export->ms)->message);
	if (why == NULL)
		session_print_error(export->ms, doing);
	else
		print_error("%s: %s", doing, why);
}

/*
 * Report that a message could not be read, and close all handles.  A broken
 * connection ends the export.
 */
static void
give_up(Export *export, int64_t message_id, const char *why)
{
	print_unread(export, message_id, why);
	(void) msgstore_execute(export->ms, "SELECT msgstore.close_object(handle)"
							" FROM msgstore.open_handles");
	if (msgstore_connected(export->ms))
		export->failed++;
	else
		export->stopped = true;
}

/* Export one message.  Returns false if the export is stopped. */
static bool
export_one(Export *export, int64_t message_id, const char *folder)
{
	g_autofree char *name = g_strdup_printf("%" PRId64 ".eml", message_id);
	json_t	   *props = NULL;
	GByteArray *original = NULL;
	const char *why = NULL;
	int32_t		handle;

	if (msgstore_open_message(export->ms, export->store_id, message_id, 0,
							  &handle))
		props = fetch_message(export, handle, &why);
	if (props != NULL)
		original = large_get_original(export->ms, export->store_id,
									  message_id, &why);
	if (original == NULL)
		give_up(export, message_id, why);
	else
	{
		(void) msgstore_close_object(export->ms, handle);
		put_message(export, props, original, folder, name, message_id);
		g_byte_array_unref(original);
		if (export->terminal)
			print_progress("%u exported ", export->exported);
	}
	json_decref(props);
	return !export->stopped;
}

/*
 * Return the ids of the messages to export, and the names of their folders;
 * NULL on error.
 */
static PGresult *
list_messages(Export *export)
{
	const ExportOptions *options = export->options;
	g_autofree char *store = g_strdup_printf("%" PRId64, export->store_id);
	g_autofree char *id = g_strdup_printf("%" PRId64, options->message_id);
	g_autofree char *folder = g_strdup_printf("%" PRId64, export->folder_id);
	const char *values[] = {store, export->folder_id ? folder : NULL,
	options->message_id ? id : NULL};

	return msgstore_query(export->ms, "*nt",
						  "SELECT m.message_id, f.name"
						  " FROM msgstore.message_list AS m"
						  " JOIN msgstore.folder_list AS f"
						  " ON f.store_id OPERATOR(pg_catalog.=) m.store_id"
						  " AND f.folder_id OPERATOR(pg_catalog.=) m.folder_id"
						  " WHERE m.store_id OPERATOR(pg_catalog.=) $1::bigint"
						  " AND ($2::bigint IS NULL"
						  " OR m.folder_id OPERATOR(pg_catalog.=) $2::bigint)"
						  " AND ($3::bigint IS NULL"
						  " OR m.message_id OPERATOR(pg_catalog.=) $3::bigint)"
						  " ORDER BY m.message_id",
						  3, values);
}

static void
print_no_message(const ExportOptions *options)
{
	g_autofree char *folder = show_name(options->folder ? options->folder :
										"");
	g_autofree char *store = show_name(options->target.store);

	print_error("there is no message %" PRId64 " in %s%s%sstore %s",
				options->message_id, options->folder ? "folder " : "",
				options->folder ? folder : "",
				options->folder ? " of " : "", store);
}

/* Export the messages of a store; print an error if that is not possible. */
static void
export_store(Export *export)
{
	const ExportOptions *options = export->options;
	PGresult   *res;

	export->stopped = true;
	if (!session_find_store(export->ms, options->target.store,
							&export->store_id))
		return;
	if (options->folder != NULL &&
		!folder_find(export->ms, export->store_id, options->folder,
					 &export->folder_id))
		return;
	res = list_messages(export);
	if (res == NULL)
		session_print_error(export->ms, "could not list the messages");
	else
	{
		int			n = PQntuples(res);

		export->stopped = false;
		export->alone = options->message_id != 0 && n == 1;
		if (options->message_id != 0 && n == 0)
			print_no_message(options);
		for (int i = 0; i < n; i++)
		{
			if (!export_one(export,
							msgstore_number_at(res, i, 0),
							export->alone ? "" :
							msgstore_text_at(res, i, 1)))
				break;
		}
	}
	PQclear(res);
}

/* --------------------------------------------- from the lines of a dry run */

/* Return the original in a line of a dry run; empty if there is none. */
static GByteArray *
json_original(json_t *props)
{
	const char *coded =
		json_string_value(json_object_get(props, "PR_INTERNET_CONTENT"));
	gsize		len;
	guchar	   *bytes = g_base64_decode(coded ? coded : "", &len);

	return g_byte_array_new_take(bytes, len);
}

/* Export the messages of a file of JSON lines, or of stdin. */
static void
export_lines(Export *export)
{
	const char *path = export->options->lines;
	FILE	   *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char	   *line = NULL;
	size_t		size = 0;

	if (file == NULL)
	{
		print_error("could not open \"%s\": %s", path,
					strerror(errno));
		export->stopped = true;
		return;
	}
	for (unsigned n = 1; !export->stopped && getline(&line, &size, file) >= 0;
		 n++)
	{
		json_error_t error;
		json_t	   *object = json_loads(line, 0, &error);
		json_t	   *props = json_object_get(object, "properties");
		g_autofree char *name = g_strdup_printf("%u.eml", n);

		if (json_is_object(props))
		{
			GByteArray *original = json_original(props);

			put_message(export, props, original, "", name, 0);
			g_byte_array_unref(original);
		}
		else
		{
			print_error("line %u of \"%s\" is not a message", n, path);
			export->failed++;
		}
		json_decref(object);
	}
	if (ferror(file))
	{
		print_error("could not read \"%s\": %s", path,
					strerror(errno));
		export->stopped = true;
	}
	free(line);
	if (file != stdin)
		fclose(file);
}

int
export_run(const ExportOptions *options)
{
	Export		export = {.options = options};

	export.terminal = isatty(STDERR_FILENO) && options->lines == NULL;
	export.mbox = g_string_new(NULL);
	if (options->lines != NULL)
		export_lines(&export);
	else
	{
		export.ms = session_connect(&options->target, "msgstore export");
		if (export.ms == NULL)
			return EXIT_TROUBLE;
		export_store(&export);
		msgstore_disconnect(export.ms);
	}
	if (export.terminal)
		print_end_progress();
	if (!print_flush())
		export.stopped = true;
	g_string_free(export.mbox, TRUE);
	if (!options->json && (export.exported > 0 || !export.stopped))
	{
		Printer		print = strcmp(options->to, "-") == 0 ? print_err :
			print_out;

		print("%u exported, %u refused\n", export.exported, export.failed);
	}
	if (export.stopped)
		return EXIT_TROUBLE;
	if (export.failed > 0)
		return EXIT_REFUSED;
	return export.exported > 0 || options->message_id == 0 ? EXIT_DONE :
		EXIT_NOTHING;
}

/* ----------------------------------------------------------------- command */

static const Option export_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(ExportOptions, folder),
	.help = "only messages in this folder"},
	{.name = "message", .letter = 'm', .kind = OPTION_ID, .value = "ID",
		.offset = offsetof(ExportOptions, message_id), .what = "message id",
	.help = "only this message"},
	{.name = "json", .kind = OPTION_FLAG,
		.offset = offsetof(ExportOptions, json),
	.help = "print a line of JSON per message: its id and path, or the error"},
	{.name = "lines", .letter = 'l', .kind = OPTION_TEXT, .value = "FILE",
		.offset = offsetof(ExportOptions, lines),
		.help = "connect to no server; read the messages from the output of "
	"\"msgstore import --dry-run\" (-: stdin)"},
	{.name = NULL}
};

static const char *
check_export(const void *arg)
{
	const ExportOptions *options = arg;

	if (options->lines == NULL)
		return options->target.store == NULL ? NO_STORE_GIVEN : NULL;
	if ((options->target.store != NULL && !options->target.store_is_default) ||
		options->folder != NULL || options->message_id != 0)
		return "--lines cannot be used with --store, --folder or --message";
	return NULL;
}

static int
run_export(const void *arg, char *const *args, int nargs)
{
	ExportOptions options = *(const ExportOptions *) arg;
	int			status;

	(void) nargs;
	options.to = args[0];
	if (options.json && strcmp(options.to, "-") == 0)
	{
		print_error("--json needs a directory");
		return frame_bad_usage("export");
	}
	g_mime_init();
	status = export_run(&options);
	g_mime_shutdown();
	return status;
}

const Command command_export = {
	.name = "export",
	.summary = "write the messages of a store as mail files",
	.usage = "--store NAME [OPTION]... DIRECTORY|-\n"
	"--lines=FILE DIRECTORY|-",
	.description = "In a directory each message becomes a file FOLDER/ID.eml, "
	"which replaces an existing file. To \"-\", standard output, messages are "
	"written as an mbox, and a single message (--message) without the form of "
	"an mbox. A message that was imported and has not been edited has its "
	"contents, signed parts to the byte.",
	.options = export_options,
	.notes = FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "exported",
		[EXIT_REFUSED] = "some messages could not be read and were named",
		[EXIT_TROUBLE] = "bad usage, no connection, no such store or folder, or "
		"an error that ended the export",
		[EXIT_NOTHING] = "there is no such message"
	},
	.needs = NEEDS_SERVER,
	.min_args = 1,
	.max_args = 1,
	.args_error = "give one directory to export to, or -",
	.size = sizeof(ExportOptions),
	.check = check_export,
	.run = run_export
};
