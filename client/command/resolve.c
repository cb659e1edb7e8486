/*-------------------------------------------------------------------------
 *
 * resolve.c
 *	  "msgstore resolve": show the conflicts of parked drafts one after
 *	  another, and have each one settled.
 *
 * NOTES
 *	  The draft is resumed as a handle.  The server removes the draft in the
 *	  transaction that carries out a choice.  If this program ends before, the
 *	  draft is still parked.
 *
 *	  "Overwrite" names the version that was shown.  If somebody has saved
 *	  since, nothing is stored, and the new conflict is shown.
 *
 *	  The server decides if the changes of both can be merged; the menu offers
 *	  what it says.  Drafts are shown one after another; a capital letter
 *	  answers for all the rest, without asking.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "resolve.h"

/* ---------------------------------------------------------------- editing */

/* Take up a draft that has taken the place of the one before. */
static bool
take_up_again(Resolve *r, int64_t parked_id)
{
	msgstore_free_parked(r->drafts);
	r->kase.draft = NULL;
	r->drafts = msgstore_parked(r->kase.ms, r->kase.store_id, 0);
	for (int i = 0; r->drafts != NULL && i < r->drafts->count; i++)
	{
		if (r->drafts->drafts[i].parked_id == parked_id)
			r->kase.draft = &r->drafts->drafts[i];
	}
	return r->kase.draft != NULL &&
		msgstore_resume(r->kase.ms, r->kase.store_id, parked_id,
						&r->kase.handle);
}

/*
 * Let the user edit the changes of both as one text, and save the text.
 * Returns an exit code, or -1 if the conflict must be shown again.
 */
static int
edit_both(Resolve *r, int64_t current)
{
	const msgstore_draft *draft = r->kase.draft;
	Editing		editing = {.session = r->session, .has_marks = true};
	char	   *json = msgstore_message_at(r->kase.ms, r->kase.store_id,
										   draft->message_id, current);
	json_t	   *theirs = json ? json_loads(json, 0, NULL) : NULL;
	int			status = -1;
	int			code = -1;

	free(json);
	draft_init(&editing.draft);
	editing.draft.message_id = draft->message_id;
	editing.draft.change_number = current;
	editing.draft.from_id = draft->parked_id;
	editing.draft.from_parked_at = g_strdup(draft->parked_at);
	if (theirs == NULL)
		session_print_error(r->kase.ms, "could not read the message");
	else if ((status = editing_read_base(&editing)) < 0 &&
			 blend(&editing, r->kase.handle, theirs) &&
			 (status = editing_run(&editing)) < 0)
	{
		code = draft_save(&editing.session, &editing.draft);
		if (code == DRAFT_CONFLICT)
			print_out("Others have saved the message meanwhile.\n");
	}
	/* the session may have been made anew */
	r->session = editing.session;
	r->kase.ms = r->session.ms;
	editing.session.ms = NULL;
	if (code == DRAFT_CONFLICT && editing.draft.parked_id != 0 &&
		!take_up_again(r, editing.draft.parked_id))
	{
		session_print_error(r->kase.ms, "could not resume the draft");
		code = EXIT_REFUSED;
	}
	json_decref(theirs);
	editing_end(&editing);
	return code;
}

/* ------------------------------------------------------------- one draft */

/* The exit code of one_round() for a draft that is looked at later. */
#define LATER	(-2)
#define STOP	(-3)			/* look at no other draft */

/* Return the choice that a letter stands for, or NULL. */
static const char *
choice_of(char letter, const Report *report)
{
	switch (letter)
	{
		case 'k':
			return MSGSTORE_KEEP_ORIGINAL;
		case 'm':
			return report_obstacles(report, false) == NULL ?
				MSGSTORE_MERGE : MSGSTORE_MERGE_TEXT;
		case 's':
			return MSGSTORE_SAVE_ELSEWHERE;
		case 'y':
			return SAVE_DRAFT;
		case 'o':
			return MSGSTORE_OVERWRITE;
	}
	return NULL;
}

/*
 * Return true if the answer for all the rest suits this draft; otherwise print
 * that it does not.
 */
static bool
suits(const Resolve *r, const Report *report, char letter)
{
	Standing	standing = report_standing(report);
	bool		fits = letter == 's' || letter == 'p';

	if (letter == 'k' || letter == 'o')
		fits = standing == STANDING_CONFLICT;
	else if (letter == 'm')
		fits = standing == STANDING_CONFLICT &&
			report_obstacles(report, true) == NULL;
	else if (letter == 'y')
		fits = standing == STANDING_FREE || standing == STANDING_NEW;
	else if (letter == 'x')
		fits = standing != STANDING_CONFLICT;
	if (!fits)
		settle_print(r, "The answer %c is not possible for draft %lld.", letter,
			(long long) r->kase.draft->parked_id);
	return fits;
}

/*
 * Show the conflict, ask, and carry out the choice.  Returns an exit code,
 * LATER, STOP, or -1 if there is a new conflict to show.
 */
static int
one_round(Resolve *r)
{
	Report	   *report = report_read(&r->kase);
	g_autofree char *rest = NULL;
	const char *choice;
	const char *folder = NULL;
	int64_t		current;
	int32_t		result;
	char		letter = r->for_all;

	screen_init(&r->screen);
	if (report == NULL)
	{
		session_print_error(r->kase.ms, "could not compare the versions");
		settle_print_parked(r);
		return EXIT_REFUSED;
	}
	current = report_current(report);
	if (letter == '\0')
	{
		menu_print_situation(r, report);
		sides_print(report, &r->screen);
		letter = menu_ask(r, report, &rest);
	}
	else if (!suits(r, report, letter))
		letter = 'p';
	choice = choice_of(letter, report);
	if (letter == 's')
		folder = rest ? rest : r->options->folder;
	report_free(report);
	if (letter == 'x')
		return settle_discard(r);
	if (letter == 'e')
		return edit_both(r, current);
	if (letter == 'n')
		return LATER;
	if (choice == NULL)
	{
		settle_print_parked(r);
		return letter == 'q' ? STOP : EXIT_REFUSED;
	}
	if (!settle(r, choice, folder, letter == 'o' ? current : 0, &result))
		return EXIT_REFUSED;
	if (result == MSGSTORE_S_OK)
		return EXIT_DONE;
	if (result != MSGSTORE_E_OBJECT_CHANGED &&
		result != MSGSTORE_E_OBJECT_DELETED)
	{
		settle_print_parked(r);
		return EXIT_REFUSED;
	}
	print_out("The new state:\n\n");
	return -1;
}

/* ------------------------------------------------------------ which draft */

/* Return the names of the properties that a draft changes, as safe text. */
static char *
property_names(const msgstore_draft *draft)
{
	json_t	   *names = json_loads(draft->properties, 0, NULL);
	GString    *text = g_string_new(NULL);
	g_autofree char *safe = NULL;
	size_t		i;
	json_t	   *name;

	json_array_foreach(names, i, name)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
							   json_string_value(name));
	json_decref(names);
	safe = show_safe(text->str);
	g_string_free(text, TRUE);
	return show_fit(safe, 30, "...");
}

/* Print one line per draft. */
static void
list_drafts(const Resolve *r, Printer print)
{
	for (int i = 0; i < r->drafts->count; i++)
	{
		const msgstore_draft *draft = &r->drafts->drafts[i];
		g_autofree char *when = show_time(draft->parked_at);
		g_autofree char *client = show_name(draft->client ? draft->client :
											"?");
		g_autofree char *what = draft->subject ? show_name(draft->subject) :
			property_names(draft);
		g_autofree char *line = NULL;
		g_autofree char *fit = NULL;

		line = g_strdup_printf("%6lld  message %lld (%s), parked %s with %s",
							   (long long) draft->parked_id,
							   (long long) draft->message_id, what, when,
							   client);
		fit = show_fit(line, r->screen.columns, "...");
		print("%s\n", fit);
	}
}

static const msgstore_draft *
find_draft(const Resolve *r, int64_t parked_id)
{
	for (int i = 0; i < r->drafts->count; i++)
	{
		if (r->drafts->drafts[i].parked_id == parked_id)
			return &r->drafts->drafts[i];
	}
	return NULL;
}

static void
print_no_draft(const ResolveOptions *options)
{
	g_autofree char *store = show_name(options->target.store);

	print_err("msgstore: there is nothing to resolve: you have no parked "
			  "draft");
	if (options->draft != 0)
		print_err(" %lld", (long long) options->draft);
	if (options->message_id != 0)
		print_err(" of message %lld", (long long) options->message_id);
	print_err(" in store %s\n", store);
}

/*
 * Find the drafts by the options.  Returns an exit code, or -1 to go on; then
 * kase.draft is the only draft, or NULL if there are several.
 */
static int
find_drafts(Resolve *r)
{
	const ResolveOptions *options = r->options;

	r->drafts = msgstore_parked(r->kase.ms, r->kase.store_id,
								options->message_id);
	if (r->drafts == NULL)
	{
		session_print_error(r->kase.ms, "could not look for drafts");
		return EXIT_TROUBLE;
	}
	if (options->draft != 0)
		r->kase.draft = find_draft(r, options->draft);
	else if (r->drafts->count == 1)
		r->kase.draft = r->drafts->drafts;
	else if (r->drafts->count > 1 && options->choice != NULL)
	{
		print_error("there are several drafts; choose one with --draft:");
		list_drafts(r, print_err);
		return EXIT_TROUBLE;
	}
	else if (r->drafts->count > 1)
		return -1;
	if (r->kase.draft != NULL)
		return -1;
	print_no_draft(options);
	return EXIT_NOTHING;
}

/* Resume a draft as the handle.  Returns false after printing an error. */
static bool
resume(Resolve *r, int64_t parked_id)
{
	if (take_up_again(r, parked_id))
		return true;
	if (r->kase.draft == NULL)
		print_error("draft %lld is gone", (long long) parked_id);
	else
		session_print_error(r->kase.ms, "could not resume the draft");
	return false;
}

/* Print the conflict of a draft for programs.  Returns an exit code. */
static int
print_one(Resolve *r, int64_t parked_id)
{
	Report	   *report = resume(r, parked_id) ? report_read(&r->kase) : NULL;
	json_t	   *object;

	if (report == NULL)
	{
		if (r->kase.draft != NULL)
			session_print_error(r->kase.ms, "could not compare the versions");
		return EXIT_REFUSED;
	}
	object = report_json(report);
	(void) print_json(object);
	json_decref(object);
	report_free(report);
	return EXIT_REFUSED;
}

/* Settle one draft.  Returns an exit code, LATER or STOP. */
static int
settle_one(Resolve *r, int64_t parked_id)
{
	int			status;

	if (r->options->json)
		return print_one(r, parked_id);
	status = resume(r, parked_id) ? -1 : EXIT_REFUSED;
	while (status == -1)
		status = one_round(r);
	return status;
}

/* Settle several drafts, one after another.  Returns an exit code. */
static int
settle_many(Resolve *r)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	int			code = EXIT_DONE;
	int			status = EXIT_DONE;

	if (!r->options->json)
	{
		print_out("There are %d drafts:\n", r->drafts->count);
		list_drafts(r, print_out);
	}
	for (int i = 0; i < r->drafts->count; i++)
		g_array_append_val(ids, r->drafts->drafts[i].parked_id);
	for (guint i = 0; status != STOP && i < ids->len; i++)
	{
		int64_t		parked_id = g_array_index(ids, int64_t, i);

		if (!r->options->json)
			print_out("\n");
		r->one_of_many = i + 1 < ids->len;
		status = settle_one(r, parked_id);
		if (status == LATER)
			g_array_append_val(ids, parked_id);
		else if (status != EXIT_DONE)
			code = EXIT_REFUSED;
	}
	return code;
}

/* Carry out the choice of the options. */
static int
settle_by_option(Resolve *r, int64_t parked_id)
{
	const ResolveOptions *options = r->options;
	int32_t		result;

	if (!resume(r, parked_id) ||
		!settle(r, options->choice, options->folder, options->seen, &result))
		return EXIT_REFUSED;
	if (result == MSGSTORE_S_OK)
		return EXIT_DONE;
	settle_print_parked(r);
	return EXIT_REFUSED;
}

int
resolve_run(const ResolveOptions *options)
{
	Resolve		resolve = {.options = options};
	int			status;

	screen_init(&resolve.screen);
	if (!session_begin(&resolve.session, &options->target,
					   "msgstore resolve"))
		return EXIT_TROUBLE;
	resolve.kase.ms = resolve.session.ms;
	resolve.kase.store_id = resolve.session.store_id;
	status = find_drafts(&resolve);
	if (status < 0 && resolve.kase.draft == NULL)
		status = settle_many(&resolve);
	else if (status < 0 && options->choice != NULL)
		status = settle_by_option(&resolve, resolve.kase.draft->parked_id);
	else if (status < 0)
	{
		status = settle_one(&resolve, resolve.kase.draft->parked_id);
		if (status == STOP)
			status = EXIT_REFUSED;
	}
	msgstore_free_parked(resolve.drafts);
	session_end(&resolve.session);
	if (!print_flush())
		status = EXIT_TROUBLE;
	return status;
}

/* ----------------------------------------------------------------- command */

static const char *const choice_names[] = {
	MSGSTORE_KEEP_ORIGINAL, MSGSTORE_OVERWRITE, MSGSTORE_SAVE_ELSEWHERE,
	MSGSTORE_MERGE, MSGSTORE_MERGE_TEXT, NULL
};

static const Option resolve_options[] = {
	{.name = "draft", .letter = 'D', .kind = OPTION_ID, .value = "PARKED_ID",
		.offset = offsetof(ResolveOptions, draft), .what = "number of a draft",
	.help = "the draft, if you have several drafts"},
	{.name = "choice", .letter = 'c', .kind = OPTION_CHOICE, .value = "CHOICE",
		.offset = offsetof(ResolveOptions, choice), .choices = choice_names,
		.help = "ask nothing, and carry out KEEP_ORIGINAL, OVERWRITE, "
	"SAVE_ELSEWHERE, MERGE or MERGE_TEXT"},
	{.name = "seen", .kind = OPTION_ID, .value = "NUMBER",
		.offset = offsetof(ResolveOptions, seen), .what = "change number",
		.help = "with OVERWRITE: only if the message is still at this change"},
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER",
		.offset = offsetof(ResolveOptions, folder),
		.help = "with SAVE_ELSEWHERE: the folder, created if it is missing "
	"(default: Conflicts)"},
	JSON_OPTION(ResolveOptions),
	{.name = NULL}
};

static const char *
check_resolve(const void *arg)
{
	const ResolveOptions *options = arg;
	const char *choice = options->choice;

	if (options->seen != 0 &&
		(choice == NULL || strcmp(choice, MSGSTORE_OVERWRITE) != 0))
		return "--seen needs --choice OVERWRITE";
	if (options->folder != NULL && choice != NULL &&
		strcmp(choice, MSGSTORE_SAVE_ELSEWHERE) != 0)
		return "--folder needs the choice SAVE_ELSEWHERE";
	return NULL;
}

static int
run_resolve(const void *arg, char *const *args, int nargs)
{
	ResolveOptions options = *(const ResolveOptions *) arg;

	if (nargs > 0)
	{
		options.message_id = frame_id(args[0], "message id");
		if (options.message_id == 0)
			return EXIT_TROUBLE;
	}
	return resolve_run(&options);
}

const Command command_resolve = {
	.name = "resolve",
	.summary = "show the conflict of a parked draft, and settle it",
	.usage = "--store NAME [OPTION]... [MESSAGE_ID]",
	.description = "Shows each property that differs: the value when the draft "
	"was begun, the value of others (who, when, with which client), and the "
	"value of the draft. Then asks for a choice. Until a choice is carried "
	"out, nothing is stored and the draft stays parked.",
	.options = resolve_options,
	.notes = "With --json, nothing is asked: without --choice the conflicts are "
	"printed, and the drafts stay parked.\n\n"
	"Colours are used on a terminal, unless NO_COLOR is set.\n\n"
	FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "settled",
		[EXIT_REFUSED] = "refused, or left in conflict: the draft stays parked",
		[EXIT_TROUBLE] = "bad usage, or no connection",
		[EXIT_NOTHING] = "there is no such draft"
	},
	.needs = NEEDS_STORE,
	.max_args = 1,
	.args_error = "more than one message given",
	.size = sizeof(ResolveOptions),
	.check = check_resolve,
	.run = run_resolve
};
