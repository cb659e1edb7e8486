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
 *	  The server decides if the changes of both can be merged; the menu offers
 *	  what it says.  Drafts are shown one after another; a capital letter
 *	  answers for all the rest, without asking.
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

#include "draft.h"

#define ANSWER_INDENT	5		/* column of the meaning of an answer */

/* The choice of an ordinary save, which resolve_conflict() does not know. */
static const char *const save_draft = "save";

typedef struct Resolve
{
	const ResolveOptions *options;
	Screen		screen;
	Session		session;
	Case		kase;
	msgstore_draft_list *drafts;	/* owns kase.draft */
	bool		one_of_many;	/* there are other drafts to look at */
	char		for_all;		/* the answer for all the rest, or NUL */
} Resolve;

static const struct
{
	char		letter;
	const char *word;
}			answers[] =
{
	{'k', "keep"}, {'o', "overwrite"}, {'m', "merge"}, {'e', "edit"},
	{'s', "save"}, {'d', "differences"}, {'x', "x"}, {'x', "discard"},
	{'y', "yes"}, {'w', "whole"}, {'p', "park"}, {'n', "next"},
	{'q', "quit"}, {'?', "?"}
};

/* ----------------------------------------------------------------- reading */

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
 * Ask until the answer is one of the letters in "allowed", each of which is
 * named in the question; "?" is allowed, too.  The end of stdin is "q".  *rest
 * is set to the text behind the answer, or to NULL, and *for_all to true if
 * the answer was a capital letter.
 */
static char
ask(const char *allowed, char **rest, bool *for_all)
{
	GString    *prompt = g_string_new(NULL);
	char		letter = '\0';

	for (size_t i = 0; allowed[i] != '\0'; i++)
		g_string_append_printf(prompt, "%c, ", allowed[i]);
	g_string_truncate(prompt, prompt->len - 2);
	g_string_append(prompt, " or ?");
	*rest = NULL;
	*for_all = false;
	while (letter == '\0')
	{
		g_autofree char *answer = NULL;

		print_out("%s ", prompt->str);
		answer = ask_line();
		letter = answer ? meant_letter(answer, rest) : 'q';
		if (letter == '\0' || (letter != '?' && strchr(allowed, letter) == NULL))
		{
			print_out("Please answer with %s.\n", prompt->str);
			letter = '\0';
			g_free(*rest);
			*rest = NULL;
		}
		else
			*for_all = answer != NULL && g_ascii_isupper(answer[0]) &&
				answer[1] == '\0';
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

/* Print the command that brings the replaced version back. */
static void
print_way_back(const Resolve *r, int64_t message_id)
{
	g_autofree char *store = session_store_option(&r->options->target);
	g_autofree char *previous =
		session_text(r->kase.ms, "SELECT CAST(h.previous AS pg_catalog.text)"
					 " FROM msgstore.history($1, $2, 1) AS h",
					 r->kase.store_id, message_id);

	if (previous != NULL)
		print_out("To bring the replaced version back:\n"
				  "    msgstore restore%s %lld --version=%s\n", store,
				  (long long) message_id, previous);
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
	{
		put(r, "Overwritten: message %lld in %s has the content of draft "
			"%lld, as %s.", original, place, draft, version);
		print_way_back(r, original);
	}
	else if (strcmp(choice, MSGSTORE_MERGE) == 0 ||
			 strcmp(choice, MSGSTORE_MERGE_TEXT) == 0)
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

/* Print how a merge is possible, or why not; returns its letters. */
static const char *
print_merge_answer(const Resolve *r, const Report *report)
{
	const char *obstacles = report_obstacles(report, false);
	const char *texts = report_obstacles(report, true);
	g_autofree char *why = NULL;

	if (obstacles == NULL)
	{
		print_answer(r, "m", "merge: your changes are added to the message as "
					 "it is now; the changes of others stay");
		return "kom";
	}
	if (texts == NULL)
	{
		print_answer(r, "m", "merge the texts line by line: the changes of "
					 "both stand in different places");
		return "kom";
	}
	why = g_strdup_printf("(merge is not possible because of %s)", texts);
	print_answer(r, " ", why);
	return "ko";
}

/* Print the answers if others have changed the message. */
static void
print_conflict_answers(const Resolve *r, const Report *report,
					   GString *allowed)
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
	g_string_append(allowed, print_merge_answer(r, report));
	print_answer(r, "e", "edit: the changes of both as one text, with marks "
				 "where both changed one place");
	g_string_append_c(allowed, 'e');
}

/*
 * Print the possible answers.  Returns their letters, which the caller frees.
 * Nothing overwrites a message that was deleted.
 */
static char *
print_answers(const Resolve *r, const Report *report)
{
	GString    *allowed = g_string_new(NULL);
	Standing	standing = report_standing(report);

	print_out("What do you want to do?\n");
	if (standing == STANDING_CONFLICT)
		print_conflict_answers(r, report, allowed);
	else if (standing != STANDING_DELETED)
	{
		print_answer(r, "y", standing == STANDING_NEW ?
					 "yes, save the draft in its folder" :
					 "yes, save the draft");
		g_string_append_c(allowed, 'y');
	}
	print_answer(r, "s", "save elsewhere: the draft becomes a new message in "
				 "folder Conflicts (\"s NAME\": in another folder); the "
				 "original stays as it is");
	g_string_append_c(allowed, 's');
	if (standing != STANDING_CONFLICT)
	{
		print_answer(r, "x", "discard the draft: its changes are lost");
		g_string_append_c(allowed, 'x');
	}
	print_answer(r, "d", "show all differences: base to theirs, base to yours, "
				 "theirs to yours (\"d PROPERTY\": of that property only)");
	print_answer(r, "w", "show whole values (\"w PROPERTY\": of that property "
				 "only)");
	print_answer(r, "p", "park: leave the draft as it is");
	g_string_append(allowed, "dwp");
	if (r->one_of_many)
	{
		print_answer(r, "n", "next: look at the other drafts first");
		g_string_append_c(allowed, 'n');
	}
	print_answer(r, "q", "quit: nothing is done, the draft stays parked");
	g_string_append_c(allowed, 'q');
	if (r->one_of_many)
		print_answer(r, " ", "(a capital letter, K, O, M, S, X, Y or P, "
					 "answers for all the rest)");
	return g_string_free(allowed, FALSE);
}

/* Show values through the pager. */
static void
show_more(const Resolve *r, const Report *report, char letter,
		  const char *name)
{
	bool		found;

	print_begin_pager();
	found = letter == 'd' ?
		report_print_differences(report, &r->screen, name) :
		report_print_whole(report, &r->screen, name);
	print_end_pager();
	if (!found)
		print_out("There is no such property in the report.\n");
}

/*
 * Ask for a choice, and return its letter.  While the answer asks for more to
 * see, show that and ask again.
 */
static char
ask_what_to_do(Resolve *r, const Report *report, char **rest)
{
	g_autofree char *allowed = print_answers(r, report);
	bool		for_all;
	char		letter;

	while ((letter = ask(allowed, rest, &for_all)) == 'w' || letter == 'd' ||
		   letter == '?')
	{
		if (letter == '?')
			g_free(print_answers(r, report));
		else
			show_more(r, report, letter, *rest);
		g_free(*rest);
	}
	if (for_all && r->one_of_many && strchr("komsxyp", letter) != NULL)
		r->for_all = letter;
	return letter;
}

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
			return save_draft;
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
		put(r, "The answer %c is not possible for draft %lld.", letter,
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
		print_still_parked(r);
		return EXIT_REFUSED;
	}
	current = report_current(report);
	if (letter == '\0')
	{
		print_situation(r, report);
		report_print(report, &r->screen);
		letter = ask_what_to_do(r, report, &rest);
	}
	else if (!suits(r, report, letter))
		letter = 'p';
	choice = choice_of(letter, report);
	if (letter == 's')
		folder = rest ? rest : r->options->folder;
	report_free(report);
	if (letter == 'x')
		return discard(r);
	if (letter == 'e')
		return edit_both(r, current);
	if (letter == 'n')
		return LATER;
	if (choice == NULL)
	{
		print_still_parked(r);
		return letter == 'q' ? STOP : EXIT_REFUSED;
	}
	if (!settle(r, choice, folder, letter == 'o' ? current : 0, &result))
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

/* Settle one draft.  Returns an exit code, LATER or STOP. */
static int
settle_one(Resolve *r, int64_t parked_id)
{
	int			status = resume(r, parked_id) ? -1 : EXIT_REFUSED;

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

	print_out("There are %d drafts:\n", r->drafts->count);
	list_drafts(r, print_out);
	for (int i = 0; i < r->drafts->count; i++)
		g_array_append_val(ids, r->drafts->drafts[i].parked_id);
	for (guint i = 0; status != STOP && i < ids->len; i++)
	{
		int64_t		parked_id = g_array_index(ids, int64_t, i);

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
	print_still_parked(r);
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
