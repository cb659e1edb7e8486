/*-------------------------------------------------------------------------
 *
 * revise.c
 *	  "msgstore edit", "msgstore new" and "msgstore set".
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draft.h"

typedef struct EditOptions
{
	Target		target;
	const char *draft;			/* "": the only one; a number, or a path */
	const char *folder;			/* of a new message */
	int64_t		base;			/* "set": the version, or 0: the newest */
	bool		json;
} EditOptions;

/* ------------------------------------------------------------ what is edited */

/* Go on with a parked draft.  Returns -1, or an exit code. */
static int
read_parked(Editing *editing, int64_t parked_id)
{
	Draft	   *draft = &editing->draft;
	g_autofree char *store = g_strdup_printf("%lld", (long long)
											 editing->session.store_id);
	g_autofree char *id = g_strdup_printf("%lld", (long long) parked_id);
	const char *values[] = {store, id};
	PGresult   *res = msgstore_query(editing->session.ms, "1n?n?jn?t",
									 "SELECT CASE WHEN e.change_number IS NULL"
									 " THEN NULL ELSE e.message_id END,"
									 " e.change_number, e.changes,"
									 " e.folder_id,"
									 " CAST(e.parked_at AS pg_catalog.text)"
									 " FROM msgstore.parked_edits($1, $2) AS e",
									 2, values);

	if (res == NULL)
	{
		bool		missing =
			strcmp(msgstore_last_error(editing->session.ms)->sqlstate,
				   "MA10F") == 0;

		(void) editing_trouble(editing, "could not read the draft");
		return missing ? EXIT_NOTHING : EXIT_TROUBLE;
	}
	draft->message_id = msgstore_number_at(res, 0, 0);
	draft->change_number = msgstore_number_at(res, 0, 1);
	editing->edits = json_loads(msgstore_text_at(res, 0, 2), 0, NULL);
	draft->folder_id = msgstore_number_at(res, 0, 3);
	draft->from_id = parked_id;
	draft->from_parked_at = g_strdup(msgstore_text_at(res, 0, 4));
	PQclear(res);
	return -1;
}

/* Go on with a text that was kept.  Returns -1, or an exit code. */
static int
read_kept(Editing *editing, const char *path)
{
	g_autofree char *text = kept_read(path);
	KeptText   *kept;

	if (text == NULL)
		return EXIT_NOTHING;
	kept = kept_of_text(path, text);
	if (kept == NULL || strcmp(kept->store, editing->session.target->store) != 0)
	{
		print_error("%s is not a text of a message in store \"%s\"", path,
					editing->session.target->store);
		kept_free(kept);
		return EXIT_TROUBLE;
	}
	editing->draft.message_id = kept->message_id;
	editing->draft.change_number = kept->change_number;
	editing->draft.folder_id = kept->folder_id;
	editing->kept.path = g_strdup(path);
	editing->text = g_steal_pointer(&text);
	kept_free(kept);
	return -1;
}

/* Find the only draft, parked or kept; list them if there are several. */
static int
read_only_draft(Editing *editing, int64_t message_id)
{
	msgstore_draft_list *drafts = msgstore_parked(editing->session.ms,
												  editing->session.store_id,
												  message_id);
	g_autoptr(GPtrArray) kept = kept_list(editing->session.target->store);
	int64_t		parked_id = 0;
	int			count;

	if (drafts == NULL)
		return editing_trouble(editing, "could not look for drafts");
	for (guint i = kept->len; message_id != 0 && i-- > 0;)
	{
		if (((KeptText *) kept->pdata[i])->message_id != message_id)
			g_ptr_array_remove_index(kept, i);
	}
	count = drafts->count + (int) kept->len;
	if (count > 1)
		print_error("there are several drafts; name one:");
	for (int i = 0; i < drafts->count; i++)
	{
		parked_id = drafts->drafts[i].parked_id;
		if (count > 1)
			print_err("    msgstore edit --draft=%lld\n",
					  (long long) parked_id);
	}
	for (guint i = 0; count > 1 && i < kept->len; i++)
		print_err("    msgstore edit --draft=%s\n",
				  ((KeptText *) kept->pdata[i])->path);
	msgstore_free_parked(drafts);
	if (count > 1)
		return EXIT_TROUBLE;
	if (count == 0)
	{
		print_error("there is no draft");
		return EXIT_NOTHING;
	}
	return parked_id != 0 ? read_parked(editing, parked_id) :
		read_kept(editing, ((KeptText *) kept->pdata[0])->path);
}

/* Find the draft of the option --draft.  Returns -1, or an exit code. */
static int
read_draft(Editing *editing, const char *which, int64_t message_id)
{
	int64_t		id;

	if (*which == '\0')
		return read_only_draft(editing, message_id);
	if (strspn(which, "0123456789") < strlen(which))
		return read_kept(editing, which);
	id = frame_id(which, "number of a draft");
	return id == 0 ? EXIT_TROUBLE : read_parked(editing, id);
}

/* -------------------------------------------------------------------- save */

/*
 * Save the parked edits.  In a conflict, let the user settle it, or print how
 * to settle it if there is nobody to ask.  Returns an exit code.
 */
static int
save(Editing *editing)
{
	const Target *target = editing->session.target;
	long long	parked_id = editing->draft.parked_id;
	ResolveOptions options = {.target = *target, .draft = parked_id};
	g_autofree char *store = session_store_option(target);
	int			code = draft_save(&editing->session, &editing->draft);
	Outcome		parked = {
		.outcome = "parked", .parked_id = parked_id,
		.message_id = editing->draft.message_id,
		.change_number = editing->draft.change_number
	};

	if (code != DRAFT_CONFLICT)
		return code;
	parked.result = editing->draft.refusal;
	if (outcome_print(&editing->session, &parked))
		return print_flush() ? EXIT_REFUSED : EXIT_TROUBLE;
	if (isatty(STDIN_FILENO))
	{
		print_out("Others have saved the message meanwhile.\n\n");
		return resolve_run(&options);
	}
	print_out("Nothing is stored: others have saved the message meanwhile.\n"
			  "The edits are parked as draft %lld. To settle the conflict:\n"
			  "    msgstore resolve%s --draft=%lld\n", parked_id, store,
			  parked_id);
	return print_flush() ? EXIT_REFUSED : EXIT_TROUBLE;
}

/* ---------------------------------------------------------------- commands */

static int
run_edit(const void *arg, char *const *args, int nargs)
{
	const EditOptions *options = arg;
	Editing		editing = {.form = NULL};
	int64_t		message_id = nargs > 0 ? frame_id(args[0], "message id") : 0;
	int			status = -1;

	if (nargs > 0 && message_id == 0)
		return EXIT_TROUBLE;
	if (nargs == 0 && options->draft == NULL)
	{
		print_error("no message given");
		return frame_bad_usage("edit");
	}
	if (!session_begin(&editing.session, &options->target, "msgstore edit"))
		return EXIT_TROUBLE;
	editing.session.json = options->json;
	draft_init(&editing.draft);
	editing.draft.message_id = message_id;
	if (options->draft != NULL)
		status = read_draft(&editing, options->draft, message_id);
	if (status < 0)
		status = editing_read_base(&editing);
	if (status < 0)
		status = editing_run(&editing);
	if (status < 0)
		status = save(&editing);
	editing_end(&editing);
	return status;
}

/* Set the folder of a new message.  Returns -1, or an exit code. */
static int
find_new_folder(Editing *editing, const char *name)
{
	return folder_make(editing->session.ms, editing->session.store_id, name,
					   &editing->draft.folder_id) ? -1 : EXIT_TROUBLE;
}

/* Read assignments into the draft's patch.  Returns -1, or an exit code. */
static int
assign(Editing *editing, char *const *args, int nargs)
{
	editing->draft.patch = json_object();
	for (int i = 0; i < nargs; i++)
	{
		if (!form_assign(editing->session.ms, editing->draft.patch, args[i]))
			return EXIT_TROUBLE;
	}
	return -1;
}

/* Park and save the draft's patch, without an editor. */
static int
park_and_save(Editing *editing)
{
	if (draft_park(&editing->session, &editing->draft))
		return save(editing);
	return editing_trouble(editing, "could not park the edits");
}

static int
run_new(const void *arg, char *const *args, int nargs)
{
	const EditOptions *options = arg;
	Editing		editing = {.form = NULL};
	int			status;

	if (!session_begin(&editing.session, &options->target, "msgstore new"))
		return EXIT_TROUBLE;
	editing.session.json = options->json;
	draft_init(&editing.draft);
	status = find_new_folder(&editing, options->folder);
	if (status < 0)
		status = assign(&editing, args, nargs);
	if (status < 0 && nargs > 0)
		status = park_and_save(&editing);
	if (status < 0)
		status = editing_read_base(&editing);
	if (status < 0)
		status = editing_run(&editing);
	if (status < 0)
		status = save(&editing);
	editing_end(&editing);
	return status;
}

static int
run_set(const void *arg, char *const *args, int nargs)
{
	const EditOptions *options = arg;
	Editing		editing = {.form = NULL};
	int64_t		message_id = frame_id(args[0], "message id");
	int			status;

	if (message_id == 0 ||
		!session_begin(&editing.session, &options->target, "msgstore set"))
		return EXIT_TROUBLE;
	editing.session.json = options->json;
	draft_init(&editing.draft);
	editing.draft.message_id = message_id;
	editing.draft.change_number = options->base;
	status = options->base == 0 ? editing_read_base(&editing) : -1;
	if (status < 0)
		status = assign(&editing, args + 1, nargs - 1);
	if (status < 0)
		status = park_and_save(&editing);
	editing_end(&editing);
	return status;
}

static const Option edit_options[] = {
	{.name = "draft", .letter = 'D', .kind = OPTION_TEXT,
		.value = "DRAFT", .is_optional = true,
		.offset = offsetof(EditOptions, draft),
		.help = "go on with a draft: the number of a parked draft, or the path "
	"of a text that was kept; without DRAFT, the only one there is"},
	JSON_OPTION(EditOptions),
	{.name = NULL}
};

static const Option new_options[] = {
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(EditOptions, folder),
	.help = "the folder, created if it is missing (default: the Inbox)"},
	JSON_OPTION(EditOptions),
	{.name = NULL}
};

static const Option set_options[] = {
	{.name = "base", .letter = 'b', .kind = OPTION_ID, .value = "NUMBER",
		.offset = offsetof(EditOptions, base), .what = "change number",
		.help = "the version that the values replace; if others have saved "
	"since, nothing is stored (default: the newest)"},
	JSON_OPTION(EditOptions),
	{.name = NULL}
};

#define EDIT_EXITS { \
	[EXIT_DONE] = "saved, or nothing was changed", \
	[EXIT_REFUSED] = "refused, or left in conflict: the edits are parked", \
	[EXIT_TROUBLE] = "bad usage, no connection, or an error; edits are parked " \
	"or kept as a text, and the place is printed", \
	[EXIT_NOTHING] = "there is no such draft" \
}

const Command command_edit = {
	.name = "edit",
	.summary = "edit a message as text, and save it",
	.usage = "[OPTION]... MESSAGE_ID\n--draft[=DRAFT] [OPTION]... [MESSAGE_ID]",
	.description = "Opens the message in $VISUAL or $EDITOR: a line per "
	"property and recipient, an empty line, and the body. A line that is "
	"deleted deletes the property. An error in the text opens the editor "
	"again, at the line.\n\n"
	"The edits are parked as a draft before the first attempt to save, and the "
	"draft is discarded only when they are saved. If others have saved the "
	"message meanwhile, the conflict is shown, as \"msgstore resolve\" does.",
	.options = edit_options,
	.notes = "While it is edited, the text is in the folder msgstore of "
	"XDG_STATE_HOME (~/.local/state). It stays there if the editor fails or the "
	"server cannot be reached.\n\n"
	"With --json, nothing is asked: a text with an error is kept, and edits that "
	"are refused stay parked.",
	.exits = EDIT_EXITS,
	.needs = NEEDS_STORE,
	.max_args = 1,
	.args_error = "more than one message given",
	.size = sizeof(EditOptions),
	.run = run_edit
};

const Command command_new = {
	.name = "new",
	.summary = "write a new message",
	.usage = "[OPTION]... [KEY=VALUE|KEY:=JSON]...",
	.description = "Opens a new message in $VISUAL or $EDITOR, as \"msgstore "
	"edit\" does. With values, saves a message of these without an editor.",
	.options = new_options,
	.notes = FOLDER_NOTES,
	.exits = EDIT_EXITS,
	.needs = NEEDS_STORE,
	.max_args = ANY_NUMBER,
	.size = sizeof(EditOptions),
	.run = run_new
};

const Command command_set = {
	.name = "set",
	.summary = "set properties of a message",
	.usage = "[OPTION]... MESSAGE_ID KEY=VALUE|KEY:=JSON...",
	.description = "KEY is any spelling of a property, VALUE a text or a "
	"number, and JSON any value: null deletes the property, and a list of "
	"objects is the value of PR_MESSAGE_RECIPIENTS.\n\n"
	"The values are parked as a draft before the attempt to save them, and "
	"the draft is discarded only when they are saved.",
	.options = set_options,
	.exits = EDIT_EXITS,
	.needs = NEEDS_STORE,
	.min_args = 2,
	.max_args = ANY_NUMBER,
	.args_error = "give a message and at least one KEY=VALUE",
	.size = sizeof(EditOptions),
	.run = run_set
};
