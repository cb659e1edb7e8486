/*-------------------------------------------------------------------------
 *
 * manage.c
 *	  The commands that change places, read flags, rights and stores: rm, mv,
 *	  cp, restore, mark, grant, prune, sweep, init.
 *
 * NOTES
 *	  Each is one statement of the server, and all or nothing but for rm, mv,
 *	  restore and mark of several messages: there the server does what can be
 *	  done, and answers MAPI_W_PARTIAL_COMPLETION.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"

typedef struct ManageOptions
{
	Target		target;
	bool		json;
	bool		hard;			/* rm: for good */
	bool		unread;			/* mark */
	bool		revoke;			/* grant */
	int64_t		version;		/* restore: the version to go back to */
	int64_t		base;			/* restore: over this version; 0: the newest */
	const char *folder;			/* mark: all messages of this folder */
} ManageOptions;

#define MANAGE_OPTION(member) .offset = offsetof(ManageOptions, member)

/* ------------------------------------------------------------------ common */

/* A command about messages: the session, and the messages of its arguments. */
typedef struct Work
{
	const ManageOptions *options;
	Session		session;
	msgstore_selection messages;
	int64_t    *ids;			/* those of messages */
} Work;

/*
 * Read message ids, connect, and find the store.  Returns false after printing
 * an error; otherwise the caller calls work_end().
 */
static bool
work_begin(Work *work, const ManageOptions *options, const char *application,
		   char *const *args, int nargs)
{
	memset(work, 0, sizeof(*work));
	work->options = options;
	work->ids = g_new0(int64_t, (gsize) nargs + 1);
	for (int i = 0; i < nargs; i++)
	{
		work->ids[i] = frame_id(args[i], "message id");
		if (work->ids[i] == 0)
			break;
	}
	if ((nargs > 0 && work->ids[nargs - 1] == 0) ||
		!session_begin(&work->session, &options->target, application))
	{
		g_free(work->ids);
		return false;
	}
	work->messages.store_id = work->session.store_id;
	work->messages.message_ids = work->ids;
	work->messages.count = nargs;
	return true;
}

static void
work_end(Work *work)
{
	session_end(&work->session);
	g_free(work->ids);
}

/* Print the result of a call as JSON or as a sentence; returns an exit code. */
static int
print_result(const ManageOptions *options, const char *result,
			 const char *done)
{
	bool		all = strcmp(result, "S_OK") == 0;

	if (options->json)
	{
		json_t	   *object = json_pack("{ss}", "result", result);

		(void) print_json(object);
		json_decref(object);
	}
	else if (all)
		print_out("%s\n", done);
	else if (strcmp(result, "MAPI_W_PARTIAL_COMPLETION") == 0)
		print_out("%s Some messages were left out: they do not exist, or you "
				  "have no right to do that.\n", done);
	else
		print_out("Nothing is done: %s.\n",
				  strcmp(result, "MAPI_E_NOT_FOUND") == 0 ?
				  "there are no such messages" :
				  strcmp(result, "MAPI_E_NO_ACCESS") == 0 ?
				  "you have no right to do that" :
				  strcmp(result, "MAPI_E_OBJECT_CHANGED") == 0 ?
				  "others have saved the message meanwhile" : result);
	if (!print_flush())
		return EXIT_TROUBLE;
	return all ? EXIT_DONE : strcmp(result, "MAPI_E_NOT_FOUND") == 0 ?
		EXIT_NOTHING : EXIT_REFUSED;
}

/*
 * Print the outcome of a call that the server answered with a result, or the
 * error.  Returns an exit code.
 */
static int
print_outcome(Work *work, bool answered, int32_t result, const char *done)
{
	if (answered)
		return print_result(work->options, msgstore_result_name(result), done);
	session_print_error(work->session.ms, "could not do that");
	return EXIT_TROUBLE;
}

/* ------------------------------------------------------------ rm, restore */

static int
run_rm(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	Work		work;
	int32_t		result = 0;
	bool		answered;
	int			code;

	if (!work_begin(&work, options, "msgstore rm", args, nargs))
		return EXIT_TROUBLE;
	answered = msgstore_delete_messages(work.session.ms, &work.messages,
										options->hard ?
										MSGSTORE_DELETE_HARD_DELETE : 0,
										&result);
	code = print_outcome(&work, answered, result, options->hard ?
						 "Deleted for good." :
						 "Deleted. \"msgstore restore\" brings messages"
						 " back.");
	work_end(&work);
	return code;
}

/* Go back to an older version of a message. */
static int
restore_version(Session *session, const ManageOptions *options, int64_t id)
{
	int64_t		base = options->base;
	msgstore_saved saved;
	g_autofree char *done = NULL;

	if (base == 0)
	{
		msgstore_change_list *newest = msgstore_history(session->ms,
														session->store_id, id,
														1);

		if (newest == NULL)
		{
			session_print_error(session->ms, "could not read the message");
			return EXIT_TROUBLE;
		}
		base = newest->count == 1 ? newest->changes->change_number : 0;
		msgstore_free_history(newest);
	}
	if (!msgstore_restore_version(session->ms, session->store_id, id,
								  options->version, base, &saved))
	{
		session_print_error(session->ms, "could not restore the version");
		return EXIT_TROUBLE;
	}
	done = g_strdup_printf("Restored: message %" PRId64 " has the content of "
						   "change %" PRId64 ", as change %" PRId64 ".", id,
						   options->version, saved.change_number);
	return print_result(options, msgstore_result_name(saved.result), done);
}

static int
run_restore(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	Work		work;
	int32_t		result = 0;
	int			code;

	if (options->version != 0 && nargs != 1)
	{
		print_error("give one message with --version");
		return frame_bad_usage("restore");
	}
	if (!work_begin(&work, options, "msgstore restore", args, nargs))
		return EXIT_TROUBLE;
	if (options->version != 0)
		code = restore_version(&work.session, options, work.ids[0]);
	else
	{
		bool		answered = msgstore_restore_messages(work.session.ms,
														 &work.messages,
														 &result);

		code = print_outcome(&work, answered, result, "Restored.");
	}
	work_end(&work);
	return code;
}

/* ------------------------------------------------------------------ mv, cp */

static int
run_mv(const void *arg, char *const *args, int nargs)
{
	const char *folder = args[nargs - 1];
	g_autofree char *shown = show_name(folder);
	g_autofree char *done = g_strdup_printf("Moved to folder %s.", shown);
	Work		work;
	int64_t		folder_id;
	int32_t		result = 0;
	int			code = EXIT_TROUBLE;

	if (!work_begin(&work, arg, "msgstore mv", args, nargs - 1))
		return EXIT_TROUBLE;
	if (folder_find(work.session.ms, work.session.store_id, folder,
					&folder_id))
	{
		bool		answered = msgstore_move_messages(work.session.ms,
													  &work.messages,
													  folder_id, &result);

		code = print_outcome(&work, answered, result, done);
	}
	work_end(&work);
	return code;
}

/* Return ids as the text of a bigint[]. */
static char *
ids_text(const msgstore_selection *messages)
{
	GString    *list = g_string_new("{");

	for (int i = 0; i < messages->count; i++)
		g_string_append_printf(list, "%s%" PRId64, i > 0 ? "," : "",
							   messages->message_ids[i]);
	g_string_append_c(list, '}');
	return g_string_free(list, FALSE);
}

/* Return the id of a folder as text.  NULL after printing an error. */
static char *
folder_text(Session *session, const char *name)
{
	int64_t		folder_id;

	return folder_find(session->ms, session->store_id, name, &folder_id) ?
		g_strdup_printf("%" PRId64, folder_id) : NULL;
}

static const Column copied_columns[] = {
	{"message_id", "MESSAGE", COLUMN_NUMBER},
	{"new_message_id", "COPY", COLUMN_NUMBER},
	{"result", "RESULT", COLUMN_TEXT},
	{NULL}
};

static int
run_cp(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	Work		work;
	g_autofree char *folder = NULL;
	PGresult   *res = NULL;
	int			code = EXIT_TROUBLE;

	if (!work_begin(&work, options, "msgstore cp", args, nargs - 1))
		return EXIT_TROUBLE;
	folder = folder_text(&work.session, args[nargs - 1]);
	if (folder != NULL)
	{
		g_autofree char *store = g_strdup_printf("%" PRId64,
												 work.session.store_id);
		g_autofree char *ids = ids_text(&work.messages);
		const char *values[] = {store, ids, folder};

		res = msgstore_query(work.session.ms, "*nn?t", "SELECT c.message_id,"
							 " c.new_message_id,"
							 " CAST(c.result AS pg_catalog.text)"
							 " FROM msgstore.copy_messages($1, $2, $3) AS c",
							 3, values);
		if (res == NULL)
			session_print_error(work.session.ms,
								"could not copy the messages");
	}
	if (res != NULL && table_print(copied_columns, res, options->json))
	{
		code = EXIT_DONE;
		for (int row = 0; row < PQntuples(res); row++)
		{
			if (strcmp(msgstore_text_at(res, row, 2), "S_OK") != 0)
				code = EXIT_REFUSED;
		}
	}
	PQclear(res);
	work_end(&work);
	return code;
}

/* -------------------------------------------------------------------- mark */

static int
run_mark(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	Work		work;
	int64_t		folder_id = 0;
	int32_t		result = 0;
	int			code = EXIT_TROUBLE;

	if ((options->folder == NULL) == (nargs == 0))
	{
		print_error("give messages, or a folder (option --folder)");
		return frame_bad_usage("mark");
	}
	if (!work_begin(&work, options, "msgstore mark", args, nargs))
		return EXIT_TROUBLE;
	if (options->folder != NULL)
		work.messages.message_ids = NULL;
	if (options->folder == NULL ||
		folder_find(work.session.ms, work.session.store_id, options->folder,
					&folder_id))
	{
		bool		answered =
			msgstore_set_read_flags(work.session.ms, &work.messages,
									folder_id, options->unread ?
									MSGSTORE_CLEAR_READ_FLAG : 0, &result);

		code = print_outcome(&work, answered, result, options->unread ?
							 "Marked as unread." : "Marked as read.");
	}
	work_end(&work);
	return code;
}

/* ------------------------------------------------------------------- grant */

static const Column grant_columns[] = {
	{"member", "MEMBER", COLUMN_TEXT},
	{"rights", "RIGHTS", COLUMN_TEXT},
	{NULL}
};

/* Print the grants in a folder. */
static int
print_grants(Session *session, const ManageOptions *options,
			 const char *folder)
{
	g_autofree char *store = g_strdup_printf("%" PRId64, session->store_id);
	const char *values[] = {store, folder};
	PGresult   *res = msgstore_query(session->ms, "*tt", "SELECT p.member,"
									 " CAST(p.rights AS pg_catalog.text)"
									 " FROM msgstore.folder_permissions AS p"
									 " WHERE p.store_id"
									 " OPERATOR(pg_catalog.=) $1"
									 " AND p.folder_id"
									 " OPERATOR(pg_catalog.=) $2"
									 " ORDER BY 1", 2, values);
	int			code = EXIT_TROUBLE;

	if (res == NULL)
		session_print_error(session->ms, "could not read the rights");
	else if (table_print(grant_columns, res, options->json))
		code = EXIT_DONE;
	PQclear(res);
	return code;
}

static int
run_grant(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	g_autofree char *folder = NULL;
	g_autofree char *store = NULL;
	Session		session;
	PGresult   *res = NULL;
	int			code = EXIT_TROUBLE;

	if ((nargs == 2) != options->revoke)
	{
		print_error("give a folder; or a folder, a member and rights; or "
					"--revoke with a folder and a member");
		return frame_bad_usage("grant");
	}
	if (!session_begin(&session, &options->target, "msgstore grant"))
		return EXIT_TROUBLE;
	folder = folder_text(&session, args[0]);
	store = g_strdup_printf("%" PRId64, session.store_id);
	if (folder != NULL && nargs == 1)
		code = print_grants(&session, options, folder);
	else if (folder != NULL)
	{
		const char *values[] = {store, folder, args[1], nargs > 2 ? args[2] :
			NULL};

		res = msgstore_query(session.ms, "1v", options->revoke ?
							 "SELECT msgstore.revoke_folder($1, $2, $3)" :
							 "SELECT msgstore.grant_folder($1, $2, $3, $4)",
							 nargs + 1, values);
		if (res == NULL)
			session_print_error(session.ms, "could not change the rights");
		else
			code = print_grants(&session, options, folder);
	}
	PQclear(res);
	session_end(&session);
	return code;
}

/* ------------------------------------------------------------ prune, sweep */

/* Call a procedure of the store, which returns a number. */
static int
run_procedure(const ManageOptions *options, const char *application,
			  const char *sql, const char *key, const char *done)
{
	Session		session;
	g_autofree char *store = NULL;
	const char *values[1];
	PGresult   *res;
	int			code = EXIT_TROUBLE;

	if (!session_begin(&session, &options->target, application))
		return EXIT_TROUBLE;
	store = g_strdup_printf("%" PRId64, session.store_id);
	values[0] = store;
	res = msgstore_query(session.ms, "1n", sql, 1, values);
	if (res == NULL)
		session_print_error(session.ms, "could not do that");
	else
	{
		int64_t		number = msgstore_number_at(res, 0, 0);

		if (options->json)
		{
			json_t	   *object = json_pack("{sI}", key, (json_int_t) number);

			(void) print_json(object);
			json_decref(object);
		}
		else
			print_out("%" PRId64 " %s\n", number, done);
		code = print_flush() ? EXIT_DONE : EXIT_TROUBLE;
	}
	PQclear(res);
	session_end(&session);
	return code;
}

static int
run_prune(const void *arg, char *const *args, int nargs)
{
	(void) args;
	(void) nargs;
	return run_procedure(arg, "msgstore prune",
						 "CALL msgstore.prune_history($1)", "pruned",
						 "changes were deleted from the history.");
}

static int
run_sweep(const void *arg, char *const *args, int nargs)
{
	(void) args;
	(void) nargs;
	return run_procedure(arg, "msgstore sweep",
						 "CALL msgstore.sweep_blobs($1)", "swept",
						 "blobs that nothing needs were deleted.");
}

/* -------------------------------------------------------------------- init */

static int
run_init(const void *arg, char *const *args, int nargs)
{
	const ManageOptions *options = arg;
	msgstore   *ms = session_connect_anyhow(&options->target, "msgstore init");
	g_autofree char *shown = NULL;
	bool		found = false;
	int64_t		store_id = 0;
	int			code = EXIT_TROUBLE;

	(void) args;
	(void) nargs;
	if (ms == NULL)
		return EXIT_TROUBLE;
	if (!msgstore_execute(ms, "SET client_min_messages = warning") ||
		!msgstore_execute(ms, "CREATE EXTENSION IF NOT EXISTS msgstore"))
		session_print_error(ms, "could not create the extension");
	else if (options->target.store == NULL)
		code = EXIT_DONE;
	else if (!msgstore_find_store(ms, options->target.store, &found,
								  &store_id) ||
			 (!found && !msgstore_create_store(ms, options->target.store,
											   &store_id)))
		session_print_error(ms, "could not create the store");
	else
		code = EXIT_DONE;
	if (code == EXIT_DONE && options->json)
	{
		json_t	   *object = json_pack("{ss?sI}", "store",
									   options->target.store, "store_id",
									   (json_int_t) store_id);

		(void) print_json(object);
		json_decref(object);
	}
	else if (code == EXIT_DONE && options->target.store == NULL)
		print_out("The database has the extension msgstore.\n");
	else if (code == EXIT_DONE)
	{
		shown = show_name(options->target.store);
		print_out("Store %s %s.\n", shown, found ? "is there already" :
				  "was created");
	}
	if (!print_flush())
		code = EXIT_TROUBLE;
	msgstore_disconnect(ms);
	return code;
}

/* ------------------------------------------------------------ descriptions */

static const Option json_options[] = {
	JSON_OPTION(ManageOptions),
	{.name = NULL}
};

static const Option rm_options[] = {
	{.name = "hard", .kind = OPTION_FLAG, MANAGE_OPTION(hard),
	.help = "for good: the messages cannot be restored"},
	JSON_OPTION(ManageOptions),
	{.name = NULL}
};

static const Option restore_options[] = {
	{.name = "version", .kind = OPTION_ID, .value = "NUMBER",
		MANAGE_OPTION(version), .what = "change number",
	.help = "give the message the content of this version"},
	{.name = "base", .letter = 'b', .kind = OPTION_ID, .value = "NUMBER",
		MANAGE_OPTION(base), .what = "change number",
		.help = "with --version: only if the message is still at this change "
	"(default: whatever it is)"},
	JSON_OPTION(ManageOptions),
	{.name = NULL}
};

static const Option mark_options[] = {
	{.name = "unread", .letter = 'u', .kind = OPTION_FLAG,
	MANAGE_OPTION(unread), .help = "mark as unread"},
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
	MANAGE_OPTION(folder), .help = "all messages of this folder"},
	JSON_OPTION(ManageOptions),
	{.name = NULL}
};

static const Option grant_options[] = {
	{.name = "revoke", .letter = 'r', .kind = OPTION_FLAG,
	MANAGE_OPTION(revoke), .help = "remove the grant to the member"},
	JSON_OPTION(ManageOptions),
	{.name = NULL}
};

#define MANAGE_EXITS { \
	[EXIT_DONE] = "done", \
	[EXIT_REFUSED] = "refused, for all or for some messages", \
	[EXIT_TROUBLE] = "bad usage, no connection, or an error", \
	[EXIT_NOTHING] = "there are no such messages" \
}

#define MANAGE_COMMAND(word) \
	.name = #word, \
	.exits = MANAGE_EXITS, \
	.needs = NEEDS_STORE, \
	.size = sizeof(ManageOptions), \
	.run = run_##word

const Command command_rm = {
	MANAGE_COMMAND(rm),
	.summary = "delete messages",
	.usage = "[OPTION]... MESSAGE_ID...",
	.description = "Deletes messages so that \"msgstore restore\" brings them "
	"back, or for good with --hard.",
	.options = rm_options,
	.min_args = 1,
	.max_args = ANY_NUMBER,
	.args_error = "no message given"
};

const Command command_restore = {
	MANAGE_COMMAND(restore),
	.summary = "restore deleted messages, or an older version",
	.usage = "[OPTION]... MESSAGE_ID...\n--version=NUMBER [OPTION]... MESSAGE_ID",
	.description = "Restores messages that were deleted, but not for good. With "
	"--version, saves the content of an older version as the newest one; \"msgstore "
	"log\" shows the versions.",
	.options = restore_options,
	.min_args = 1,
	.max_args = ANY_NUMBER,
	.args_error = "no message given"
};

const Command command_mv = {
	MANAGE_COMMAND(mv),
	.summary = "move messages to a folder",
	.usage = "[OPTION]... MESSAGE_ID... FOLDER",
	.description = "Moves messages to another folder of the store.",
	.options = json_options,
	.notes = FOLDER_NOTES,
	.min_args = 2,
	.max_args = ANY_NUMBER,
	.args_error = "give messages and a folder"
};

const Command command_cp = {
	MANAGE_COMMAND(cp),
	.summary = "copy messages to a folder",
	.usage = "[OPTION]... MESSAGE_ID... FOLDER",
	.description = "Copies messages to a folder, and prints the ids of the "
	"copies.",
	.options = json_options,
	.notes = FOLDER_NOTES,
	.min_args = 2,
	.max_args = ANY_NUMBER,
	.args_error = "give messages and a folder"
};

const Command command_mark = {
	MANAGE_COMMAND(mark),
	.summary = "mark messages as read or unread",
	.usage = "[OPTION]... MESSAGE_ID...\n--folder=FOLDER [OPTION]...",
	.description = "Marks messages for you: your role, and the person of "
	"--actor.",
	.options = mark_options,
	.notes = FOLDER_NOTES,
	.max_args = ANY_NUMBER
};

const Command command_grant = {
	MANAGE_COMMAND(grant),
	.summary = "show or change the rights of roles in a folder",
	.usage = "[OPTION]... FOLDER\n[OPTION]... FOLDER MEMBER RIGHTS\n"
	"--revoke [OPTION]... FOLDER MEMBER",
	.description = "MEMBER is a role or PUBLIC. RIGHTS are names such as "
	"REVIEWER, EDITOR or READ_ANY|CREATE, in place of those granted before; "
	"NONE shuts the member out.",
	.options = grant_options,
	.notes = FOLDER_NOTES,
	.min_args = 1,
	.max_args = 3,
	.args_error = "give a folder, or a folder, a member and rights"
};

const Command command_prune = {
	MANAGE_COMMAND(prune),
	.summary = "delete history that the store need not keep",
	.usage = "[OPTION]...",
	.description = "Deletes the oldest changes that the retention of the store "
	"does not protect, in batches that are committed.",
	.options = json_options,
	.args_error = "prune takes no arguments"
};

const Command command_sweep = {
	MANAGE_COMMAND(sweep),
	.summary = "delete large values that nothing needs",
	.usage = "[OPTION]...",
	.description = "Deletes the blobs that no version, draft or upload needs, "
	"in batches that are committed.",
	.options = json_options,
	.args_error = "sweep takes no arguments"
};

const Command command_init = {
	.name = "init",
	.summary = "create the extension and a store",
	.usage = "[--store=NAME] [OPTION]...",
	.description = "Creates the extension msgstore in the database, and the "
	"store, unless they are there already. The store belongs to your role.",
	.options = json_options,
	.exits = {
		[EXIT_DONE] = "both are there",
		[EXIT_TROUBLE] = "bad usage, no connection, or an error"
	},
	.needs = NEEDS_SERVER,
	.args_error = "init takes no arguments",
	.size = sizeof(ManageOptions),
	.run = run_init
};
