/*-------------------------------------------------------------------------
 *
 * editing.c
 *	  Let the user edit the text of a message until its edits can be parked.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draft.h"

void
editing_end(Editing *editing)
{
	draft_clear(&editing->draft);
	g_free(editing->kept.path);
	g_free(editing->kept.store);
	if (editing->form != NULL)
		form_free(editing->form);
	json_decref(editing->edits);
	g_free(editing->text);
	if (editing->comments != NULL)
		g_string_free(editing->comments, TRUE);
	session_end(&editing->session);
}

int
editing_trouble(const Editing *editing, const char *doing)
{
	session_print_error(editing->session.ms, doing);
	return EXIT_TROUBLE;
}

int
editing_read_base(Editing *editing)
{
	Draft	   *draft = &editing->draft;
	msgstore   *ms = editing->session.ms;
	int64_t		store_id = editing->session.store_id;
	json_t	   *props = NULL;
	char	   *json;

	if (draft->message_id == 0)
		props = json_object();
	else
	{
		json = draft->change_number == 0 ?
			msgstore_read_message(ms, store_id, draft->message_id, NULL) :
			msgstore_message_at(ms, store_id, draft->message_id,
								draft->change_number);
		if (json == NULL)
			return editing_trouble(editing, "could not read the message");
		props = json_loads(json, 0, NULL);
		free(json);
		if (draft->change_number == 0)
			draft->change_number =
				json_integer_value(json_object_get(props,
												   "PidTagChangeNumber"));
	}
	editing->form = form_new(ms, props ? props : json_object());
	editing->kept.store = g_strdup(editing->session.target->store);
	editing->kept.message_id = draft->message_id;
	editing->kept.change_number = draft->change_number;
	editing->kept.folder_id = draft->folder_id;
	return editing->form == NULL ? EXIT_TROUBLE : -1;
}

/* ----------------------------------------------------------------- editing */

/* Print where the text is, and how to go on with it.  Returns "code". */
static int
print_kept(const Editing *editing, int code)
{
	g_autofree char *store = session_store_option(editing->session.target);
	g_autofree char *path = show_safe(editing->kept.path);
	g_autofree char *quoted = g_shell_quote(path);
	Outcome		kept = {
		.outcome = "kept", .path = editing->kept.path,
		.message_id = editing->draft.message_id,
		.change_number = editing->draft.change_number
	};

	if (!outcome_print(&editing->session, &kept))
		print_out("The text is kept in %s. To go on with it:\n"
				  "    msgstore edit%s --draft=%s\n", path, store, quoted);
	return print_flush() ? code : EXIT_TROUBLE;
}

/* Remove a text without changes.  Returns an exit code. */
static int
unchanged(const Editing *editing)
{
	Outcome		same = {
		.outcome = "unchanged", .message_id = editing->draft.message_id,
		.change_number = editing->draft.change_number
	};

	kept_remove(&editing->kept);
	if (!outcome_print(&editing->session, &same))
		print_out("Nothing was changed.\n");
	return print_flush() ? EXIT_DONE : EXIT_TROUBLE;
}

/* Return the property that an error of the server names, or "". */
static char *
property_in(const char *message)
{
	const char *at = strstr(message, "PR_");

	if (at == NULL)
		at = strstr(message, "Pid");
	return at ? g_strndup(at, strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
									 "abcdefghijklmnopqrstuvwxyz")) :
		g_strdup("");
}

/* Return the line of the first mark of a conflict that is left, or 0. */
static int
line_of_mark(const char *text)
{
	static const char *const marks[] = {
		"<<<<<<< theirs\n", "||||||| base\n", ">>>>>>> yours\n"
	};
	int			line = 1;

	for (const char *p = text; *p != '\0'; line++)
	{
		for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		{
			if (g_str_has_prefix(p, marks[i]))
				return line;
		}
		p += strcspn(p, "\n");
		if (*p == '\n')
			p++;
	}
	return 0;
}

/*
 * Read the text, and park its edits.  Returns -1 if they are parked, an exit
 * code if there is nothing to do or no way to go on, and -2 if the text has an
 * error, at *line.
 */
static int
take_text(Editing *editing, const char *text, int *line)
{
	FormError	error;
	json_t	   *patch = form_patch(editing->form, editing->session.ms, text,
								   &error);
	g_autofree char *name = NULL;
	const msgstore_error *server;

	if (editing->has_marks && patch != NULL && line_of_mark(text) > 0)
	{
		json_decref(patch);
		*line = line_of_mark(text);
		print_error("line %d: a mark of a conflict is left", *line);
		return -2;
	}
	if (patch == NULL && session_lost(&editing->session))
	{
		g_free(error.text);
		if (!session_again(&editing->session))
			return print_kept(editing, EXIT_TROUBLE);
		patch = form_patch(editing->form, editing->session.ms, text, &error);
	}
	if (patch == NULL)
	{
		print_error("line %d: %s", error.line, error.text);
		*line = error.line;
		g_free(error.text);
		return session_lost(&editing->session) ?
			print_kept(editing, EXIT_TROUBLE) : -2;
	}
	json_decref(editing->draft.patch);
	editing->draft.patch = patch;
	if (json_object_size(patch) == 0)
		return unchanged(editing);
	if (draft_park(&editing->session, &editing->draft))
	{
		kept_remove(&editing->kept);
		return -1;
	}
	server = msgstore_last_error(editing->session.ms);
	name = property_in(server->message);
	*line = form_line_of(text, name);
	session_print_error(editing->session.ms, "could not park the edits");
	if (strncmp(server->sqlstate, "MA", 2) == 0 && *name != '\0' &&
		msgstore_execute(editing->session.ms, "ROLLBACK"))
		return -2;
	return print_kept(editing, EXIT_TROUBLE);
}

int
editing_run(Editing *editing)
{
	g_autofree char *line_one = kept_first_line(&editing->kept);
	g_autofree char *first = g_strconcat(line_one, editing->comments ?
										 editing->comments->str : "", NULL);
	g_autofree char *before = editing->text ? g_strdup(editing->text) :
		form_text(editing->form, editing->edits, first);
	int			line = 1;
	int			status = -2;

	if (editing->kept.path == NULL && !kept_write(&editing->kept, before))
		return EXIT_TROUBLE;
	while (status == -2)
	{
		g_autofree char *text = NULL;
		bool		edited = kept_edit(&editing->kept, line);

		text = kept_read(editing->kept.path);
		if (text == NULL)
			return print_kept(editing, EXIT_TROUBLE);
		if (strcmp(text, before) == 0 && editing->text == NULL &&
			(editing->edits == NULL || !edited))
			return edited ? unchanged(editing) :
				(kept_remove(&editing->kept), EXIT_TROUBLE);
		if (!edited)
			return print_kept(editing, EXIT_TROUBLE);
		status = take_text(editing, text, &line);
		if (status == -2 && (editing->session.json || !isatty(STDIN_FILENO) ||
							 !ask_yes("Edit the text again?")))
			return print_kept(editing, EXIT_REFUSED);
	}
	return status;
}
