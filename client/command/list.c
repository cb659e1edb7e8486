/*-------------------------------------------------------------------------
 *
 * list.c
 *	  The commands that show what is in a store: stores, log, drafts, show,
 *	  diff.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "unified.h"

typedef struct ListOptions
{
	Target		target;
	bool		json;
	int64_t		version;		/* show: of this version; 0: the newest */
	unsigned	max;			/* log: at most so many changes; 0: all */
} ListOptions;

/* A timestamptz as text, independent of DateStyle and TimeZone. */
#define TIME_TEXT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC'," \
	" 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

/* Print rows, or the error of the query.  Returns an exit code. */
static int
print_rows(Session *session, const Column *columns, PGresult *rows,
		   bool json)
{
	int			code = EXIT_TROUBLE;

	if (rows == NULL)
		session_print_error(session->ms, "could not read the list");
	else if (table_print(columns, rows, json))
		code = EXIT_DONE;
	PQclear(rows);
	return code;
}

/* ------------------------------------------------------------------ stores */

static const Column store_columns[] = {
	{"store_id", "STORE", COLUMN_NUMBER},
	{"owner", "OWNER", COLUMN_TEXT},
	{"created_at", "CREATED", COLUMN_TIME},
	{"messages", "MESSAGES", COLUMN_NUMBER},
	{"name", "NAME", COLUMN_TEXT},
	{NULL}
};

static int
run_stores(const void *arg, char *const *args, int nargs)
{
	const ListOptions *options = arg;
	Target		target = options->target;
	Session		session;
	int			code;

	(void) args;
	(void) nargs;
	target.store = NULL;
	if (!session_begin(&session, &target, "msgstore stores"))
		return EXIT_TROUBLE;
	code = print_rows(&session, store_columns,
					  msgstore_query(session.ms, "*nttnt", "SELECT s.store_id,"
									 " s.owner, " TIME_TEXT("s.created_at") ","
									 " (SELECT pg_catalog.count(*)"
									 " FROM msgstore.message_list AS m"
									 " WHERE m.store_id"
									 " OPERATOR(pg_catalog.=) s.store_id),"
									 " s.name FROM msgstore.store_list AS s"
									 " ORDER BY s.name", 0, NULL),
					  options->json);
	session_end(&session);
	return code;
}

/* --------------------------------------------------------------------- log */

static const Column log_columns[] = {
	{"change_number", "CHANGE", COLUMN_NUMBER},
	{"kind", "KIND", COLUMN_TEXT},
	{"changed_at", "TIME", COLUMN_TIME},
	{"changed_by", "BY", COLUMN_TEXT},
	{"client", "WITH", COLUMN_TEXT},
	{"properties", "PROPERTIES", COLUMN_JSON},
	{"previous", "", COLUMN_HIDDEN_NUMBER},
	{"base_change_number", "", COLUMN_HIDDEN_NUMBER},
	{"role", "", COLUMN_HIDDEN},
	{"actor", "", COLUMN_HIDDEN},
	{NULL}
};

static int
run_log(const void *arg, char *const *args, int nargs)
{
	const ListOptions *options = arg;
	int64_t		id = frame_id(args[0], "message id");
	Session		session;
	msgstore_change_list *list;
	int			code = EXIT_TROUBLE;

	(void) nargs;
	if (id == 0 || !session_begin(&session, &options->target, "msgstore log"))
		return EXIT_TROUBLE;
	list = msgstore_history(session.ms, session.store_id, id,
							options->max == 0 ? INT_MAX : (int) options->max);
	if (list == NULL)
	{
		session_print_error(session.ms, "could not read the list");
		if (strcmp(msgstore_last_error(session.ms)->sqlstate, "MA10F") == 0)
			code = EXIT_NOTHING;
	}
	else if (table_print(log_columns, list->owner, options->json))
		code = list->count == 0 ? EXIT_NOTHING : EXIT_DONE;
	msgstore_free_history(list);
	session_end(&session);
	return code;
}

/* ------------------------------------------------------------------ drafts */

static const Column draft_columns[] = {
	{"parked_id", "DRAFT", COLUMN_NUMBER},
	{"message_id", "MESSAGE", COLUMN_NUMBER},
	{"conflict", "conflict", COLUMN_FLAG},
	{"is_new", "new", COLUMN_FLAG},
	{"parked_at", "PARKED", COLUMN_TIME},
	{"subject", "SUBJECT", COLUMN_TEXT},
	{"properties", "PROPERTIES", COLUMN_JSON},
	{"change_number", "", COLUMN_HIDDEN_NUMBER},
	{"actor", "", COLUMN_HIDDEN},
	{"client", "", COLUMN_HIDDEN},
	{NULL}
};

/* Print the texts on the disk that were not saved. */
static void
print_kept_texts(const ListOptions *options)
{
	g_autoptr(GPtrArray) list = kept_list(options->target.store);

	for (guint i = 0; i < list->len; i++)
	{
		const KeptText *kept = g_ptr_array_index(list, i);
		g_autofree char *path = show_safe(kept->path);

		if (options->json)
		{
			json_t	   *object = json_pack("{sssI}", "path", kept->path,
										   "message_id",
										   (json_int_t) kept->message_id);

			(void) print_json(object);
			json_decref(object);
		}
		else
			print_out("A text of message %" PRId64 " that was not saved: %s\n",
					  kept->message_id, path);
	}
}

static int
run_drafts(const void *arg, char *const *args, int nargs)
{
	const ListOptions *options = arg;
	Session		session;
	g_autofree char *store = NULL;
	const char *values[1];
	PGresult   *rows;
	int			code;

	(void) args;
	(void) nargs;
	if (!session_begin(&session, &options->target, "msgstore drafts"))
		return EXIT_TROUBLE;
	store = g_strdup_printf("%" PRId64, session.store_id);
	values[0] = store;
	rows = msgstore_query(session.ms, "*nnbbtt?jn?t?t?", "SELECT"
						  " p.parked_id, p.message_id,"
						  " NOT p.is_new AND (m.change_number IS NULL OR"
						  " m.change_number OPERATOR(pg_catalog.<>)"
						  " p.change_number), p.is_new, "
						  TIME_TEXT("p.parked_at") ","
						  " coalesce(p.subject, m.subject),"
						  " pg_catalog.to_json(p.properties),"
						  " p.change_number, p.actor, p.client"
						  " FROM msgstore.parked AS p"
						  " LEFT JOIN msgstore.message_list AS m"
						  " ON m.store_id OPERATOR(pg_catalog.=) p.store_id"
						  " AND m.message_id OPERATOR(pg_catalog.=)"
						  " p.message_id"
						  " WHERE p.store_id OPERATOR(pg_catalog.=) $1"
						  " ORDER BY p.parked_id", 1, values);
	code = print_rows(&session, draft_columns, rows, options->json);
	session_end(&session);
	print_kept_texts(options);
	return print_flush() ? code : EXIT_TROUBLE;
}

/* -------------------------------------------------------------------- show */

/* Read a version of a message; 0 is the newest.  NULL after an error. */
static json_t *
read_version(Session *session, int64_t id, int64_t version)
{
	char	   *json = version == 0 ?
		msgstore_read_message(session->ms, session->store_id, id, NULL) :
		msgstore_message_at(session->ms, session->store_id, id, version);
	json_t	   *props = json ? json_loads(json, 0, NULL) : NULL;

	free(json);
	if (props == NULL)
		session_print_error(session->ms, "could not read the message");
	return props;
}

/* Return only the properties of some names; NULL after an error. */
static json_t *
only(Session *session, json_t *props, char *const *names, int nnames)
{
	json_t	   *result = json_object();

	for (int i = 0; i < nnames; i++)
	{
		const char *values[] = {names[i]};
		PGresult   *res = msgstore_query(session->ms, "1t", "SELECT"
										 " msgstore.property_name($1)", 1,
										 values);
		const char *name = res ? msgstore_text_at(res, 0, 0) : NULL;
		json_t	   *value = name ? json_object_get(props, name) : NULL;

		if (value != NULL)
			json_object_set(result, name, value);
		PQclear(res);
		if (res == NULL)
		{
			session_print_error(session->ms, "could not look up the property");
			json_decref(result);
			return NULL;
		}
	}
	return result;
}

/* Print properties as text.  Returns false after an error. */
static bool
print_text(Session *session, json_t *props, bool all)
{
	Form	   *form;
	g_autofree char *text = NULL;

	if (!all)
	{
		const char *name;
		json_t	   *value;

		json_object_foreach(props, name, value)
		{
			char	   *json = json_is_string(value) ? NULL :
				json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(2));

			print_out("%s\n", json ? json : json_string_value(value));
			free(json);
		}
		return print_flush();
	}
	form = form_new(session->ms, json_incref(props));
	if (form == NULL)
		return false;
	text = form_text(form, NULL, NULL);
	print_out("%s", text);
	form_free(form);
	return print_flush();
}

static int
run_show(const void *arg, char *const *args, int nargs)
{
	const ListOptions *options = arg;
	int64_t		id = frame_id(args[0], "message id");
	Session		session;
	json_t	   *props;
	int			code = EXIT_TROUBLE;

	if (id == 0 || !session_begin(&session, &options->target, "msgstore show"))
		return EXIT_TROUBLE;
	props = read_version(&session, id, options->version);
	if (props == NULL &&
		strcmp(msgstore_last_error(session.ms)->sqlstate, "MA10F") == 0)
		code = EXIT_NOTHING;
	if (props != NULL && nargs > 1)
	{
		json_t	   *some = only(&session, props, args + 1, nargs - 1);

		json_decref(props);
		props = some;
	}
	if (props != NULL && (options->json ?
						  print_json(props) && print_flush() :
						  print_text(&session, props, nargs == 1)))
		code = EXIT_DONE;
	json_decref(props);
	session_end(&session);
	return code;
}

/* -------------------------------------------------------------------- diff */

/* Set what is 0 to the newest version of a message and the one before. */
static void
find_versions(Session *session, int64_t id, int64_t *from, int64_t *to)
{
	msgstore_change_list *newest = msgstore_history(session->ms,
													session->store_id, id, 1);

	if (newest != NULL && newest->count == 1)
	{
		if (*to == 0)
			*to = newest->changes->change_number;
		if (*from == 0)
			*from = newest->changes->previous;
	}
	msgstore_free_history(newest);
}

/* Return true for a property that every change changes. */
static bool
always_changes(const char *name)
{
	static const char *const names[] = {
		"PidTagChangeNumber", "PR_CHANGE_KEY", "PR_LAST_MODIFICATION_TIME",
		"PR_LAST_MODIFIER_NAME", "PR_LAST_MODIFIER_ENTRYID",
		"PR_PREDECESSOR_CHANGE_LIST", "PR_MESSAGE_SIZE",
		"PR_MESSAGE_SIZE_EXTENDED", "PR_LOCAL_COMMIT_TIME",
		"PR_NORMALIZED_SUBJECT", "PR_SUBJECT_PREFIX", "PR_NATIVE_BODY_INFO",
		"PR_DISPLAY_TO", "PR_DISPLAY_CC", "PR_DISPLAY_BCC"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Return a value as text of one or several lines. */
static char *
diff_text(const json_t *value)
{
	char	   *json;
	char	   *copy;

	if (value == NULL)
		return NULL;
	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	json = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS |
					  (json_is_array(value) ? JSON_INDENT(1) : 0));
	copy = g_strdup(json);
	free(json);
	return copy;
}

/* Print or add to "rows" the difference of one property, if there is one. */
static void
diff_property(const char *name, const json_t *old, const json_t *new,
			  const Screen *screen, bool json)
{
	g_autofree char *from = diff_text(old);
	g_autofree char *to = diff_text(new);

	if (g_strcmp0(from, to) == 0 || always_changes(name))
		return;
	if (json)
	{
		json_t	   *object = json_object();

		json_object_set_new(object, "property", json_string(name));
		json_object_set_new(object, "from", old ? json_incref((json_t *) old) :
							json_null());
		json_object_set_new(object, "to", new ? json_incref((json_t *) new) :
							json_null());
		(void) print_json(object);
		json_decref(object);
		return;
	}
	screen_put(screen, COLOUR_HEADING, name);
	print_out("\n");
	unified_print(screen, from, to, 0);
}

static int
run_diff(const void *arg, char *const *args, int nargs)
{
	const ListOptions *options = arg;
	int64_t		id = frame_id(args[0], "message id");
	int64_t		from = nargs > 1 ? frame_id(args[1], "change number") : 0;
	int64_t		to = nargs > 2 ? frame_id(args[2], "change number") : 0;
	Session		session;
	Screen		screen;
	json_t	   *old;
	json_t	   *new = NULL;
	const char *name;
	json_t	   *value;

	if (id == 0 || (nargs > 1 && from == 0) || (nargs > 2 && to == 0) ||
		!session_begin(&session, &options->target, "msgstore diff"))
		return EXIT_TROUBLE;
	screen_init(&screen);
	find_versions(&session, id, &from, &to);
	old = from == 0 ? json_object() : read_version(&session, id, from);
	if (old != NULL)
		new = read_version(&session, id, to);
	if (new != NULL)
	{
		json_object_foreach(old, name, value)
			diff_property(name, value, json_object_get(new, name), &screen,
						  options->json);
		json_object_foreach(new, name, value)
		{
			if (json_object_get(old, name) == NULL)
				diff_property(name, NULL, value, &screen, options->json);
		}
	}
	session_end(&session);
	json_decref(old);
	json_decref(new);
	return new != NULL && print_flush() ? EXIT_DONE : EXIT_TROUBLE;
}

/* ------------------------------------------------------------ descriptions */

static const Option json_options[] = {
	JSON_OPTION(ListOptions),
	{.name = NULL}
};

static const Option log_options[] = {
	{.name = "max", .letter = 'm', .kind = OPTION_COUNT, .value = "N",
		.offset = offsetof(ListOptions, max), .most = 1000000000,
	.help = "only the newest N changes"},
	JSON_OPTION(ListOptions),
	{.name = NULL}
};

static const Option show_options[] = {
	{.name = "version", .kind = OPTION_ID, .value = "NUMBER",
		.offset = offsetof(ListOptions, version), .what = "change number",
	.help = "this version (default: the newest)"},
	JSON_OPTION(ListOptions),
	{.name = NULL}
};

#define LIST_COMMAND(word) \
	.name = #word, \
	.exits = { \
		[EXIT_DONE] = "shown", \
		[EXIT_TROUBLE] = "bad usage, no connection, or an error", \
		[EXIT_NOTHING] = "there is no such message" \
	}, \
	.size = sizeof(ListOptions), \
	.run = run_##word

const Command command_stores = {
	LIST_COMMAND(stores),
	.summary = "list the stores that you may use",
	.usage = "[OPTION]...",
	.description = "Lists the stores that your role may use, with the number "
	"of messages that you may read.",
	.options = json_options,
	.needs = NEEDS_SERVER,
	.args_error = "stores takes no arguments"
};

const Command command_log = {
	LIST_COMMAND(log),
	.summary = "list the changes of a message",
	.usage = "[OPTION]... MESSAGE_ID",
	.description = "Lists the changes of a message, the newest first: number, "
	"kind, time, who, with which client, and the changed properties.",
	.options = log_options,
	.needs = NEEDS_STORE,
	.min_args = 1,
	.max_args = 1,
	.args_error = "give one message"
};

const Command command_drafts = {
	LIST_COMMAND(drafts),
	.summary = "list your drafts",
	.usage = "[OPTION]...",
	.description = "Lists the drafts that your role has parked. A draft of a "
	"message that others have saved or deleted since is marked as conflict; "
	"\"msgstore resolve\" settles it. Texts that \"msgstore edit\" could not "
	"park are listed, too.",
	.options = json_options,
	.needs = NEEDS_STORE,
	.args_error = "drafts takes no arguments"
};

const Command command_show = {
	LIST_COMMAND(show),
	.summary = "show a message, or properties of it",
	.usage = "[OPTION]... MESSAGE_ID [PROPERTY]...",
	.description = "Shows a message as text, as \"msgstore edit\" does, or the "
	"values of some properties. With --json, shows all properties.",
	.options = show_options,
	.needs = NEEDS_STORE,
	.min_args = 1,
	.max_args = ANY_NUMBER,
	.args_error = "no message given"
};

const Command command_diff = {
	LIST_COMMAND(diff),
	.summary = "show the difference between two versions of a message",
	.usage = "[OPTION]... MESSAGE_ID [FROM [TO]]",
	.description = "FROM and TO are change numbers, as \"msgstore log\" lists "
	"them. Without them, shows the newest change.",
	.options = json_options,
	.needs = NEEDS_STORE,
	.min_args = 1,
	.max_args = 3,
	.args_error = "give a message and at most two change numbers"
};
