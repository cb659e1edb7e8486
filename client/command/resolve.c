/*-------------------------------------------------------------------------
 *
 * resolve.c
 *	  "msgstore resolve": show the conflict of a parked draft, ask for a
 *	  choice, carry out the choice, and print the outcome.
 *
 * NOTES
 *	  The draft is resumed as a handle.  The server removes the draft in the
 *	  transaction that carries out a choice.  If this program ends before, the
 *	  draft is still parked.
 *
 *	  "Overwrite" names the version that was shown.  If somebody has saved
 *	  since, nothing is stored, and the new conflict is shown.
 *
 *	  Questions go to stdout and answers come from stdin, terminals or not.
 *	  The end of stdin is the answer "quit".
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "frame.h"

#define ANSWER_INDENT	5		/* column of the meaning of an answer */

/* The choice of an ordinary save, which resolve_conflict() does not know. */
static const char *const save_draft = "save";

typedef struct Resolve
{
	const ResolveOptions *options;
	Screen		screen;
	Case		kase;
	msgstore_draft_list *drafts;	/* owns kase.draft */
} Resolve;

static const struct
{
	char		letter;
	const char *word;
}			answers[] =
{
	{'k', "keep"}, {'o', "overwrite"}, {'m', "merge"}, {'s', "save"},
	{'d', "discard"}, {'y', "yes"}, {'w', "whole"}, {'q', "quit"}
};

/* ----------------------------------------------------------------- reading */

/* Return a line from stdin, without its line end; NULL at the end of stdin. */
static char *
read_answer(void)
{
	char	   *line = NULL;
	size_t		size = 0;
	char	   *copy = NULL;

	(void) print_flush();
	if (getline(&line, &size, stdin) >= 0)
		copy = g_strstrip(g_utf8_make_valid(line, -1));
	else
		print_out("\n");
	free(line);
	return copy;
}

/*
 * Return the letter of an answer, which is a word or its beginning; NUL if the
 * answer has no meaning.  *rest is set to the text behind the first word, or
 * to NULL.
 */
static char
meant_letter(const char *answer, char **rest)
{
	size_t		len = strcspn(answer, " ");

	*rest = NULL;
	for (size_t i = 0; len > 0 && i < G_N_ELEMENTS(answers); i++)
	{
		if (g_ascii_strncasecmp(answer, answers[i].word, len) != 0 ||
			len > strlen(answers[i].word))
			continue;
		if (answer[len] != '\0' && strcmp(answer, "save elsewhere") != 0)
			*rest = g_strstrip(g_strdup(answer + len));
		return answers[i].letter;
	}
	return '\0';
}

/*
 * Ask until the answer is one of the letters in "allowed"; the end of stdin is
 * "q".  *rest is set to the text behind the answer, or to NULL.
 */
static char
ask(const char *allowed, char **rest)
{
	GString    *prompt = g_string_new(NULL);
	size_t		n = strlen(allowed);
	char		letter = '\0';

	for (size_t i = 0; i < n; i++)
		g_string_append_printf(prompt, "%s%c", i == 0 ? "" :
							   i + 1 < n ? ", " : " or ", allowed[i]);
	*rest = NULL;
	while (letter == '\0')
	{
		g_autofree char *answer = NULL;

		print_out("%s? ", prompt->str);
		answer = read_answer();
		letter = answer ? meant_letter(answer, rest) : 'q';
		if (letter == '\0' || strchr(allowed, letter) == NULL)
		{
			print_out("Please answer with %s.\n", prompt->str);
			letter = '\0';
			g_free(*rest);
			*rest = NULL;
		}
	}
	g_string_free(prompt, TRUE);
	return letter;
}

/* ---------------------------------------------------------------- outcomes */

/* Return the folder of a message as text: folder "Inbox". */
static char *
place_text(const Resolve *r, int64_t message_id)
{
	static const char *const sql =
	"SELECT f.name FROM msgstore.message_list AS m"
	" JOIN msgstore.folder_list AS f"
	" ON f.store_id OPERATOR(pg_catalog.=) m.store_id"
	" AND f.folder_id OPERATOR(pg_catalog.=) m.folder_id"
	" WHERE m.store_id OPERATOR(pg_catalog.=) $1"
	" AND m.message_id OPERATOR(pg_catalog.=) $2";
	g_autofree char *name = session_text(r->kase.ms, sql, r->kase.store_id,
										 message_id);
	g_autofree char *shown = show_name(name ? name : "?");

	return g_strdup_printf("folder %s", shown);
}

/* Return the version of the handle as text. */
static char *
version_text(const Resolve *r)
{
	static const char *const tags[] = {"PidTagChangeNumber", NULL};
	char	   *props = msgstore_get_props(r->kase.ms, r->kase.handle, tags);
	const char *colon = props ? strchr(props, ':') : NULL;
	char	   *text = g_strdup_printf("change %lld", colon ?
									   strtoll(colon + 1, NULL, 10) : 0LL);

	free(props);
	return text;
}

static void put(const Resolve *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Print a sentence, formatted and wrapped. */
static void
put(const Resolve *r, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list		args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	screen_paragraph(&r->screen, 0, text);
}

static void
print_still_parked(const Resolve *r)
{
	put(r, "Draft %lld stays parked.", (long long) r->kase.draft->parked_id);
}

/* Print the outcome of a choice that was carried out. */
static void
print_settled(const Resolve *r, const char *choice)
{
	long long	draft = r->kase.draft->parked_id;
	long long	original = r->kase.draft->message_id;
	int64_t		id = original;
	g_autofree char *place = NULL;
	g_autofree char *version = version_text(r);

	(void) msgstore_message_id(r->kase.ms, r->kase.handle, &id);
	place = place_text(r, id);
	if (strcmp(choice, save_draft) == 0 || r->kase.draft->change_number == 0)
		put(r, "Saved: message %lld in %s has the content of draft %lld, as "
			"%s.", (long long) id, place, draft, version);
	else if (strcmp(choice, MSGSTORE_KEEP_ORIGINAL) == 0)
		put(r, "Kept: message %lld in %s stays as it is, at %s. The changes "
			"of draft %lld are dropped.", original, place, version, draft);
	else if (strcmp(choice, MSGSTORE_OVERWRITE) == 0)
		put(r, "Overwritten: message %lld in %s has the content of draft "
			"%lld, as %s. The version before is in its history.",
			original, place, draft, version);
	else if (strcmp(choice, MSGSTORE_MERGE) == 0)
		put(r, "Merged: message %lld in %s has the changes of both, as %s.",
			original, place, version);
	else
		put(r, "Saved elsewhere: draft %lld is now message %lld in %s. "
			"Message %lld is as it was.",
			draft, (long long) id, place, original);
}

/* Print the reason why nothing is stored. */
static void
print_refused(const Resolve *r, int32_t result)
{
	const char *why = msgstore_result_name(result);

	switch (result)
	{
		case MSGSTORE_E_OBJECT_CHANGED:
			why = "others have changed the message";
			break;
		case MSGSTORE_E_OBJECT_DELETED:
			why = r->kase.draft->change_number == 0 ?
				"the folder of the draft was deleted" :
				"the message was deleted";
			break;
		case MSGSTORE_E_NO_ACCESS:
			why = "you may not edit messages in this store";
			break;
		case MSGSTORE_E_SUBMITTED:
			why = "the message was submitted for sending";
			break;
	}
	put(r, "Nothing is stored: %s.", why);
}

/* ---------------------------------------------------------------- choosing */

/* Carry out a choice in the transaction that is open.  False on error. */
static bool
choose(Resolve *r, const char *choice, const char *folder, int64_t seen,
	   int32_t *result)
{
	msgstore   *ms = r->kase.ms;
	int64_t		folder_id = 0;

	if (folder != NULL && strcmp(choice, MSGSTORE_SAVE_ELSEWHERE) == 0 &&
		!session_make_folder(ms, r->kase.store_id, folder, &folder_id))
		return false;
	if (strcmp(choice, save_draft) == 0)
		return msgstore_save_changes(ms, r->kase.handle, 0, result);
	return msgstore_resolve_conflict(ms, r->kase.handle, choice, folder_id,
									 seen, result);
}

/*
 * Carry out a choice in a transaction, and print the outcome.  Returns false
 * on error; otherwise *result is MSGSTORE_S_OK, or nothing is stored.
 */
static bool
settle(Resolve *r, const char *choice, const char *folder, int64_t seen,
	   int32_t *result)
{
	msgstore   *ms = r->kase.ms;

	if (!msgstore_execute(ms, "BEGIN ISOLATION LEVEL READ COMMITTED") ||
		!choose(r, choice, folder, seen, result))
	{
		session_print_error(ms, "could not settle the conflict");
		(void) msgstore_execute(ms, "ROLLBACK");
		print_still_parked(r);
		return false;
	}
	if (!msgstore_execute(ms, *result == MSGSTORE_S_OK ? "COMMIT" :
						  "ROLLBACK"))
	{
		session_print_error(ms, "could not end the transaction");
		put(r, "Draft %lld stays parked, unless the server received the "
			"commit.",
			(long long) r->kase.draft->parked_id);
		return false;
	}
	if (*result == MSGSTORE_S_OK)
		print_settled(r, choice);
	else
		print_refused(r, *result);
	return true;
}

static int
discard(Resolve *r)
{
	long long	draft = r->kase.draft->parked_id;

	if (!msgstore_discard_parked(r->kase.ms, r->kase.store_id, draft))
	{
		session_print_error(r->kase.ms, "could not discard the draft");
		return EXIT_REFUSED;
	}
	put(r, "Draft %lld is discarded.", draft);
	return EXIT_DONE;
}

/* -------------------------------------------------------------- the dialog */

/* Return the subject of the draft for a sentence: " ("Subject")", or "". */
static char *
subject_text(const Resolve *r)
{
	static const char *const tags[] = {"PR_SUBJECT", NULL};
	char	   *props = msgstore_get_props(r->kase.ms, r->kase.handle, tags);
	json_t	   *object = props ? json_loads(props, 0, NULL) : NULL;
	const char *subject = json_string_value(json_object_get(object, tags[0]));
	g_autofree char *name = subject ? show_name(subject) : NULL;

	json_decref(object);
	free(props);
	return name ? g_strdup_printf(" (%s)", name) : g_strdup("");
}

/* Print the draft, its message, and the relation between the two. */
static void
print_situation(const Resolve *r, const Report *report)
{
	const msgstore_draft *draft = r->kase.draft;
	g_autofree char *when = show_time(draft->parked_at);
	g_autofree char *client = show_name(draft->client ? draft->client : "?");
	g_autofree char *store = show_name(r->options->target.store);
	g_autofree char *subject = subject_text(r);
	GString    *text = g_string_new(NULL);

	g_string_append_printf(text, "Draft %lld of message %lld%s in store %s, "
						   "parked %s with %s.", (long long) draft->parked_id,
						   (long long) draft->message_id, subject, store, when,
						   client);
	switch (report_standing(report))
	{
		case STANDING_CONFLICT:
			g_string_append_printf(text, " The draft was begun at change "
								   "%lld; others have saved since, and the "
								   "message is at change %lld.",
								   (long long) draft->change_number,
								   (long long) report_current(report));
			break;
		case STANDING_FREE:
			g_string_append_printf(text, " Nobody has saved since: the "
								   "message is still at change %lld, and "
								   "there is no conflict.",
								   (long long) report_current(report));
			break;
		case STANDING_NEW:
			g_string_append(text, " The message is new and was never saved: "
							"there is no conflict.");
			break;
		case STANDING_DELETED:
			g_string_append_printf(text, " The draft was begun at change "
								   "%lld; the message has been deleted "
								   "since.",
								   (long long) draft->change_number);
			break;
	}
	screen_paragraph(&r->screen, 0, text->str);
	g_string_free(text, TRUE);
}

/* Print an answer and its meaning. */
static void
print_answer(const Resolve *r, const char *letter, const char *text)
{
	print_out("  ");
	screen_put(&r->screen, COLOUR_HEADING, letter);
	print_out("  ");
	screen_paragraph(&r->screen, ANSWER_INDENT, text);
}

/*
 * Print the answers if others have changed the message, and return their
 * letters.
 */
static const char *
print_conflict_answers(const Resolve *r, const Report *report)
{
	g_autofree char *both = report_names(report, SIDE_BOTH);
	g_autofree char *theirs = report_names(report, SIDE_THEIRS);
	g_autofree char *lost = NULL;

	if (both != NULL || theirs != NULL)
		lost = g_strdup_printf("overwrite: the message gets the content of "
							   "the draft; the changes of others to %s%s%s "
							   "are replaced, and remain in the history",
							   both ? both : "", both && theirs ? ", " : "",
							   theirs ? theirs : "");
	print_answer(r, "k", "keep the original: the message stays as it is; your "
				 "changes are dropped");
	print_answer(r, "o", lost ? lost : "overwrite: the message gets the "
				 "content of the draft");
	if (both == NULL)
		print_answer(r, "m", "merge: your changes are added to the message as "
					 "it is now; the changes of others stay");
	else
	{
		g_autofree char *why = g_strdup_printf("(merge is not possible: both "
											   "changed %s)", both);

		print_answer(r, " ", why);
	}
	print_answer(r, "s", "save elsewhere: the draft becomes a new message in "
				 "folder Conflicts (\"s NAME\": in another folder); the "
				 "original stays as it is");
	return both == NULL ? "komswq" : "koswq";
}

/* Print the possible answers, and return their letters. */
static const char *
print_answers(const Resolve *r, const Report *report)
{
	const char *allowed = "ysdwq";

	switch (report_standing(report))
	{
		case STANDING_CONFLICT:
			allowed = print_conflict_answers(r, report);
			break;
		case STANDING_DELETED:
			allowed = "sdwq";
			break;
		case STANDING_FREE:
			print_answer(r, "y", "yes, save the draft");
			break;
		case STANDING_NEW:
			print_answer(r, "y", "yes, save the draft in its folder");
			break;
	}
	if (report_standing(report) != STANDING_CONFLICT)
	{
		print_answer(r, "s", "save the draft as a new message in folder "
					 "Conflicts (\"s NAME\": in another folder)");
		print_answer(r, "d", "discard the draft: its changes are lost");
	}
	print_answer(r, "w", "show whole values (\"w PROPERTY\": of that property "
				 "only)");
	print_answer(r, "q", "quit: nothing is done, the draft stays parked");
	return allowed;
}

/*
 * Ask for a choice, and return its letter.  While the answer is "w", print
 * whole values and ask again.
 */
static char
ask_what_to_do(const Resolve *r, const Report *report, char **rest)
{
	const char *allowed;
	char		letter;

	print_out("What do you want to do?\n");
	allowed = print_answers(r, report);
	while ((letter = ask(allowed, rest)) == 'w')
	{
		if (!report_print_whole(report, &r->screen, *rest))
			print_out("There is no such property in the report.\n");
		g_free(*rest);
	}
	return letter;
}

/*
 * Show the conflict, ask, and carry out the choice.  Returns an exit code, or
 * -1 if there is a new conflict to show.
 */
static int
one_round(Resolve *r)
{
	Report	   *report = report_read(&r->kase);
	g_autofree char *rest = NULL;
	const char *choice = NULL;
	const char *folder = NULL;
	int64_t		seen = 0;
	int32_t		result;
	char		letter;

	if (report == NULL)
	{
		session_print_error(r->kase.ms, "could not compare the versions");
		print_still_parked(r);
		return EXIT_REFUSED;
	}
	print_situation(r, report);
	report_print(report, &r->screen);
	letter = ask_what_to_do(r, report, &rest);
	switch (letter)
	{
		case 'd':
			report_free(report);
			return discard(r);
		case 'k':
			choice = MSGSTORE_KEEP_ORIGINAL;
			break;
		case 'm':
			choice = MSGSTORE_MERGE;
			break;
		case 's':
			choice = MSGSTORE_SAVE_ELSEWHERE;
			folder = rest ? rest : r->options->folder;
			break;
		case 'y':
			choice = save_draft;
			break;
		case 'o':
			choice = MSGSTORE_OVERWRITE;
			seen = report_current(report);
			break;
	}
	report_free(report);
	if (choice == NULL)
	{
		print_still_parked(r);
		return EXIT_REFUSED;
	}
	if (!settle(r, choice, folder, seen, &result))
		return EXIT_REFUSED;
	if (result == MSGSTORE_S_OK)
		return EXIT_DONE;
	if (result != MSGSTORE_E_OBJECT_CHANGED &&
		result != MSGSTORE_E_OBJECT_DELETED)
	{
		print_still_parked(r);
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
 * Find the draft by the options, or ask for one of several.  Returns an exit
 * code, or -1 to go on.
 */
static int
choose_draft(Resolve *r)
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
	{
		print_out("There are several drafts:\n");
		list_drafts(r, print_out);
		while (r->kase.draft == NULL)
		{
			g_autofree char *answer = NULL;

			print_out("Which draft (its number, or q to quit)? ");
			answer = read_answer();
			if (answer == NULL || *answer == 'q')
				return EXIT_REFUSED;
			r->kase.draft = find_draft(r, strtoll(answer, NULL, 10));
		}
		print_out("\n");
	}
	if (r->kase.draft != NULL)
		return -1;
	print_no_draft(options);
	return EXIT_NOTHING;
}

/* Find store and draft, and resume the draft.  Returns an exit code, or -1. */
static int
take_up(Resolve *r)
{
	int			status;

	if (!session_find_store(r->kase.ms, r->options->target.store,
							&r->kase.store_id))
		return EXIT_TROUBLE;
	status = choose_draft(r);
	if (status < 0 && !msgstore_resume(r->kase.ms, r->kase.store_id,
									   r->kase.draft->parked_id,
									   &r->kase.handle))
	{
		session_print_error(r->kase.ms, "could not resume the draft");
		status = EXIT_REFUSED;
	}
	return status;
}

int
resolve_run(const ResolveOptions *options)
{
	Resolve		resolve = {.options = options};
	int32_t		result;
	int			status;

	screen_init(&resolve.screen);
	resolve.kase.ms = session_connect(&options->target, "msgstore resolve");
	if (resolve.kase.ms == NULL)
		return EXIT_TROUBLE;
	status = take_up(&resolve);
	if (status < 0 && options->choice != NULL)
	{
		status = EXIT_REFUSED;
		if (settle(&resolve, options->choice, options->folder, options->seen,
				   &result))
		{
			if (result == MSGSTORE_S_OK)
				status = EXIT_DONE;
			else
				print_still_parked(&resolve);
		}
	}
	while (status < 0)
		status = one_round(&resolve);
	msgstore_free_parked(resolve.drafts);
	msgstore_disconnect(resolve.kase.ms);
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
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "NAME",
		.offset = offsetof(ResolveOptions, folder),
		.help = "with SAVE_ELSEWHERE: a folder beside the Inbox, created if it "
	"is missing (default: Conflicts)"},
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
	.notes = "Colours are used on a terminal, unless NO_COLOR is set.",
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
