/*-------------------------------------------------------------------------
 *
 * export.c
 *	  Writes messages of a store as mail files.
 *
 * NOTES
 *	  Messages are read one by one, in order of their ids, each through a
 *	  handle, so that it is of one version whatever others save meanwhile.
 *	  Attachments that the server holds as blobs come in pieces.
 *
 *	  A file is written under another name and then renamed: what has its name
 *	  is whole.
 *
 *	  To a directory each message is a file FOLDER/ID.eml; to "-" they follow
 *	  each other as an mbox, one message alone as it is.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "mail.h"

#define PIECE_BYTES		(1024 * 1024)

typedef struct Export
{
	const ExportOptions *options;
	msgstore   *ms;
	int64_t		store_id;
	unsigned	exported;
	unsigned	failed;			/* could not be read, and were named */
	bool		stopped;		/* nothing more can be written */
	bool		alone;			/* the one message that was asked for */
} Export;

/* ------------------------------------------------------------- attachments */

/* A number that a call with numbers as its arguments returns. */
static bool
call_number(Export *export, const char *sql, int64_t one, int64_t two,
			int64_t *number)
{
	g_autofree char *text = session_text(export->ms, sql, one, two);

	if (text != NULL)
		*number = g_ascii_strtoll(text, NULL, 10);
	return text != NULL;
}

/* The bytes behind an attachment's handle, as base64 in the attachment. */
static bool
read_bytes(Export *export, int64_t handle, json_t *attachment)
{
	GByteArray *bytes = g_byte_array_new();
	const char *sql =
	"SELECT msgstore.read_stream($1::int4, 'PR_ATTACH_DATA_BIN', $2::int8,"
	" 1048576)";
	size_t		got = PIECE_BYTES;
	char		text[2][24];
	const char *values[2] = {text[0], text[1]};
	g_autofree char *coded = NULL;

	while (got > 0)
	{
		PGresult   *res;

		snprintf(text[0], sizeof(text[0]), "%" PRId64, handle);
		snprintf(text[1], sizeof(text[1]), "%u", bytes->len);
		res = PQexecParams(msgstore_connection(export->ms), sql, 2, NULL,
						   values, NULL, NULL, 1);
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
		{
			PQclear(res);
			g_byte_array_unref(bytes);
			return false;
		}
		got = (size_t) PQgetlength(res, 0, 0);
		g_byte_array_append(bytes, (guint8 *) PQgetvalue(res, 0, 0),
							(guint) got);
		PQclear(res);
	}
	coded = g_base64_encode(bytes->data ? bytes->data : (guchar *) "",
							bytes->len);
	json_object_set_new(attachment, "PR_ATTACH_DATA_BIN", json_string(coded));
	g_byte_array_unref(bytes);
	return true;
}

static bool fetch_attachments(Export *export, int64_t handle, json_t *props);

/* Fetch what an attachment has as a blob, or messages embedded in it have. */
static bool
fetch_attachment(Export *export, int64_t parent, json_t *attachment)
{
	json_t	   *bytes = json_object_get(attachment, "PR_ATTACH_DATA_BIN");
	json_t	   *message = json_object_get(attachment, "PR_ATTACH_DATA_OBJ");
	json_t	   *number = json_object_get(attachment, "PR_ATTACH_NUM");
	int64_t		handle;
	int64_t		inner;
	bool		ok;

	if (!json_is_object(bytes) &&
		json_object_get(message, "PR_MESSAGE_ATTACHMENTS") == NULL)
		return true;
	if (!call_number(export, "SELECT msgstore.open_attachment($1::int4,"
					 " $2::int4)", parent, json_integer_value(number),
					 &handle))
		return false;
	if (message == NULL)
		ok = read_bytes(export, handle, attachment);
	else
	{
		ok = call_number(export, "SELECT msgstore.open_embedded_message"
						 "($1::int4) WHERE $2::int4 = 0", handle, 0, &inner);
		if (ok)
			ok = fetch_attachments(export, inner, message) &&
				msgstore_close_object(export->ms, (int32_t) inner);
	}
	return ok && msgstore_close_object(export->ms, (int32_t) handle);
}

static bool
fetch_attachments(Export *export, int64_t handle, json_t *props)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	size_t		i;
	json_t	   *one;

	json_array_foreach(list, i, one)
	{
		if (!fetch_attachment(export, handle, one))
			return false;
	}
	return true;
}

/* A message with all of its bytes; NULL after an error. */
static json_t *
fetch_message(Export *export, int64_t message_id)
{
	int32_t		handle;
	char	   *text;
	json_t	   *props = NULL;

	if (!msgstore_open_message(export->ms, export->store_id, message_id, 0,
							   &handle))
		return NULL;
	text = msgstore_get_props(export->ms, handle, NULL);
	if (text != NULL)
		props = json_loads(text, 0, NULL);
	free(text);
	if (props != NULL && !fetch_attachments(export, handle, props))
	{
		json_decref(props);
		props = NULL;
	}
	if (props != NULL)
		(void) msgstore_close_object(export->ms, handle);
	return props;
}

/* ----------------------------------------------------------------- writing */

/* As an mbox: a From_ line, and ">" before lines that look like one. */
static bool
write_mbox(const GString *mail)
{
	const char *at = mail->str;
	const char *end = mail->str + mail->len;

	fputs("From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n", stdout);
	while (at < end)
	{
		const char *nl = memchr(at, '\n', (size_t) (end - at));
		const char *next = nl ? nl + 1 : end;
		const char *p = at;

		while (p < next && *p == '>')
			p++;
		if (next - p >= 5 && memcmp(p, "From ", 5) == 0)
			putchar('>');
		fwrite(at, 1, (size_t) (next - at), stdout);
		at = next;
	}
	if (mail->len == 0 || end[-1] != '\n')
		putchar('\n');
	putchar('\n');
	return !ferror(stdout);
}

/* Make a directory, if it is not there. */
static bool
need_directory(const char *path)
{
	if (g_mkdir_with_parents(path, 0777) == 0)
		return true;
	fprintf(stderr, "msgstore: error: could not create directory \"%s\": %s\n",
			path, strerror(errno));
	return false;
}

static bool
write_file(const char *directory, const char *name, const GString *mail)
{
	g_autofree char *path = g_strdup_printf("%s/%s", directory, name);
	g_autofree char *part = g_strdup_printf("%s.part", path);
	FILE	   *file;
	bool		ok;

	if (!need_directory(directory))
		return false;
	file = fopen(part, "wb");
	ok = file != NULL &&
		fwrite(mail->str, 1, mail->len, file) == mail->len;
	if (file != NULL)
		ok = fclose(file) == 0 && ok;
	if (ok && rename(part, path) == 0)
		return true;
	fprintf(stderr, "msgstore: error: could not write \"%s\": %s\n", path,
			strerror(errno));
	unlink(part);
	return false;
}

/* A folder's name as that of a directory. */
static char *
directory_name(const char *folder)
{
	char	   *name = g_strdup(folder);

	for (char *p = name; *p != '\0'; p++)
	{
		if (*p == '/' || g_ascii_iscntrl(*p))
			*p = '_';
	}
	if (*name == '.' || *name == '\0')
	{
		char	   *safe = g_strdup_printf("_%s", name);

		g_free(name);
		name = safe;
	}
	return name;
}

/* Write a message to where messages go. */
static void
put_message(Export *export, json_t *props, const char *folder,
			const char *name)
{
	const char *to = export->options->to;
	GString    *mail = compose_message(props, 0);
	bool		ok;

	if (strcmp(to, "-") != 0)
	{
		g_autofree char *below = directory_name(folder);
		g_autofree char *directory = folder[0] == '\0' ? g_strdup(to) :
			g_strdup_printf("%s/%s", to, below);

		ok = write_file(directory, name, mail);
	}
	else if (export->alone)
		ok = fwrite(mail->str, 1, mail->len, stdout) == mail->len;
	else
		ok = write_mbox(mail);
	if (ok)
		export->exported++;
	else
		export->stopped = true;
	g_string_free(mail, TRUE);
}

/* ------------------------------------------------------------ from a store */

/*
 * Say what the server said.  A plain query's error is libpq's alone, and
 * libmsgstore has none to tell.
 */
static void
print_error(const Export *export, const char *doing)
{
	if (*msgstore_last_error(export->ms)->message != '\0')
		session_print_error(export->ms, doing);
	else
		fprintf(stderr, "msgstore: error: %s: %s", doing,
				PQerrorMessage(msgstore_connection(export->ms)));
}

static bool
export_one(Export *export, int64_t message_id, const char *folder)
{
	json_t	   *props = fetch_message(export, message_id);
	g_autofree char *name = g_strdup_printf("%" PRId64 ".eml", message_id);

	if (props == NULL)
	{
		g_autofree char *doing = g_strdup_printf("could not read message %"
												 PRId64, message_id);

		print_error(export, doing);
		if (msgstore_connected(export->ms))
			export->failed++;
		else
			export->stopped = true;
		return !export->stopped;
	}
	put_message(export, props, folder, name);
	json_decref(props);
	return !export->stopped;
}

/* The ids of the messages to export, with the names of their folders. */
static PGresult *
list_messages(Export *export)
{
	const ExportOptions *options = export->options;
	g_autofree char *store = g_strdup_printf("%" PRId64, export->store_id);
	g_autofree char *id = g_strdup_printf("%" PRId64, options->message_id);
	const char *values[] = {store, options->folder,
	options->message_id ? id : NULL};

	return PQexecParams(msgstore_connection(export->ms),
						"SELECT message_id, name FROM msgstore.message_list"
						" JOIN msgstore.folder_list USING (store_id,"
						" folder_id) WHERE store_id = $1::int8"
						" AND ($2::text IS NULL OR name = $2)"
						" AND ($3::int8 IS NULL OR message_id = $3::int8)"
						" ORDER BY message_id",
						3, NULL, values, NULL, NULL, 0);
}

static void
export_store(Export *export)
{
	const ExportOptions *options = export->options;
	PGresult   *res;
	bool		found;

	export->stopped = true;
	if (!msgstore_find_store(export->ms, options->target.store, &found,
							 &export->store_id))
	{
		session_print_error(export->ms, "could not look for the store");
		return;
	}
	if (!found)
	{
		fprintf(stderr, "msgstore: error: there is no store \"%s\" that you "
				"may use\n", options->target.store);
		return;
	}
	res = list_messages(export);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		fprintf(stderr, "msgstore: error: could not list the messages: %s",
				PQresultErrorMessage(res));
	else
	{
		int			n = PQntuples(res);

		export->stopped = false;
		export->alone = options->message_id != 0 && n == 1;
		for (int i = 0; i < n; i++)
		{
			if (!export_one(export,
							g_ascii_strtoll(PQgetvalue(res, i, 0), NULL, 10),
							export->alone ? "" : PQgetvalue(res, i, 1)))
				break;
		}
	}
	PQclear(res);
}

/* --------------------------------------------- from the lines of a dry run */

static void
export_json(Export *export)
{
	const char *path = export->options->json;
	FILE	   *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char	   *line = NULL;
	size_t		size = 0;

	if (file == NULL)
	{
		fprintf(stderr, "msgstore: error: could not open \"%s\": %s\n", path,
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
			put_message(export, props, "", name);
		else
		{
			fprintf(stderr, "msgstore: error: line %u of \"%s\" is no "
					"message\n", n, path);
			export->failed++;
		}
		json_decref(object);
	}
	free(line);
	if (file != stdin)
		fclose(file);
}

int
export_run(const ExportOptions *options)
{
	Export		export = {.options = options};

	if (options->json != NULL)
		export_json(&export);
	else
	{
		export.ms = session_connect(&options->target, "msgstore export");
		if (export.ms == NULL)
			return EXIT_TROUBLE;
		export_store(&export);
		msgstore_disconnect(export.ms);
	}
	if (fflush(stdout) != 0 || ferror(stdout))
	{
		perror("msgstore: error: could not write");
		export.stopped = true;
	}
	if (export.exported > 0 || !export.stopped)
		fprintf(strcmp(options->to, "-") == 0 ? stderr : stdout,
				"%u exported, %u refused\n", export.exported, export.failed);
	if (export.stopped)
		return EXIT_TROUBLE;
	if (export.failed > 0)
		return EXIT_REFUSED;
	return export.exported > 0 || options->message_id == 0 ? EXIT_DONE :
		EXIT_NOTHING;
}
