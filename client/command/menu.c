/*-------------------------------------------------------------------------
 *
 * menu.c
 *	  Show a draft and its conflict, and ask the user for a choice.
 *
 * NOTES
 *	  Questions go to stdout and answers come from stdin, terminals or not.
 *	  The end of stdin is the answer "quit".  The menu offers what the server
 *	  says that is possible.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve.h"

#define ANSWER_INDENT	5		/* column of the meaning of an answer */

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

void
menu_print_situation(const Resolve *r, const Report *report)
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
	screen_paragraph(&r->screen, 0, COLOUR_PLAIN, text->str);
	g_string_free(text, TRUE);
}

/* Print an answer and its meaning. */
static void
print_answer(const Resolve *r, const char *letter, const char *text)
{
	print_out("  ");
	screen_put(&r->screen, COLOUR_HEADING, letter);
	print_out("  ");
	screen_paragraph(&r->screen, ANSWER_INDENT, COLOUR_PLAIN, text);
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
		sides_print_differences(report, &r->screen, name) :
		sides_print_whole(report, &r->screen, name);
	print_end_pager();
	if (!found)
		print_out("There is no such property in the report.\n");
}

char
menu_ask(Resolve *r, const Report *report, char **rest)
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
