/*-------------------------------------------------------------------------
 *
 * kept.c
 *	  Texts that are being edited, as files, and the editor.
 *
 * NOTES
 *	  A text is written before the editor starts, and is removed only after the
 *	  server has parked the edits, or after the user has changed nothing.  So
 *	  whatever ends the command, the text stays on the disk: in the folder
 *	  msgstore of XDG_STATE_HOME (~/.local/state), which only the user can read.
 *	  The first line of a text names the store, the message and the version.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "draft.h"

#define FIRST_WORDS		"# msgstore: "

void
kept_free(KeptText *kept)
{
	if (kept == NULL)
		return;
	g_free(kept->path);
	g_free(kept->store);
	g_free(kept);
}

char *
kept_first_line(const KeptText *kept)
{
	json_t	   *store = json_string(kept->store);
	char	   *quoted = json_dumps(store, JSON_ENCODE_ANY);
	g_autofree char *safe = show_safe_json(quoted);
	char	   *line;

	if (kept->message_id != 0)
		line = g_strdup_printf(FIRST_WORDS "message %lld at change %lld in "
							   "store %s", (long long) kept->message_id,
							   (long long) kept->change_number, safe);
	else
		line = g_strdup_printf(FIRST_WORDS "new message in folder %lld in "
							   "store %s", (long long) kept->folder_id, safe);
	free(quoted);
	json_decref(store);
	return line;
}

KeptText *
kept_of_text(const char *path, const char *text)
{
	g_autofree char *line = g_strchomp(g_strndup(text, strcspn(text, "\n")));
	const char *quoted = strstr(line, " in store ");
	long long	id = 0;
	long long	number = 0;
	long long	folder = 0;
	json_t	   *store;
	KeptText   *kept;

	if (quoted == NULL ||
		(sscanf(line, FIRST_WORDS "message %lld at change %lld in store ",
				&id, &number) != 2 &&
		 sscanf(line, FIRST_WORDS "new message in folder %lld in store ",
				&folder) != 1))
		return NULL;
	store = json_loads(quoted + strlen(" in store "), JSON_DECODE_ANY, NULL);
	if (!json_is_string(store))
	{
		json_decref(store);
		return NULL;
	}
	kept = g_new0(KeptText, 1);
	kept->path = g_strdup(path);
	kept->store = g_strdup(json_string_value(store));
	kept->message_id = id;
	kept->change_number = number;
	kept->folder_id = folder;
	json_decref(store);
	return kept;
}

/* ------------------------------------------------------------------- files */

static char *
kept_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME");

	if (state != NULL && g_path_is_absolute(state))
		return g_build_filename(state, "msgstore", NULL);
	return g_build_filename(g_get_home_dir(), ".local", "state", "msgstore",
							NULL);
}

bool
kept_write(KeptText *kept, const char *text)
{
	g_autofree char *folder = kept_folder();
	size_t		len = strlen(text);
	int			fd;
	ssize_t		written = 0;

	if (kept->path == NULL)
	{
		(void) g_mkdir_with_parents(folder, 0700);
		kept->path = g_strdup_printf("%s/message-%lld-XXXXXX", folder,
									 (long long) kept->message_id);
		fd = g_mkstemp(kept->path);
	}
	else
		fd = g_open(kept->path, O_WRONLY | O_TRUNC, 0600);
	while (fd >= 0 && len > 0)
	{
		written = write(fd, text, len);
		if (written < 0 && errno != EINTR)
			break;
		text += MAX(written, 0);
		len -= (size_t) MAX(written, 0);
	}
	if (fd < 0 || len > 0 || fsync(fd) != 0)
	{
		print_error("could not write %s: %s", kept->path, g_strerror(errno));
		if (fd >= 0)
			(void) close(fd);
		return false;
	}
	(void) close(fd);
	return true;
}

char *
kept_read(const char *path)
{
	char	   *text;
	GError	   *error = NULL;

	if (g_file_get_contents(path, &text, NULL, &error))
		return text;
	print_error("could not read the text: %s", error->message);
	g_error_free(error);
	return NULL;
}

GPtrArray *
kept_list(const char *store)
{
	GPtrArray  *list = g_ptr_array_new_with_free_func((GDestroyNotify) kept_free);
	g_autofree char *folder = kept_folder();
	GDir	   *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
	{
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *text = NULL;
		KeptText   *kept = NULL;

		if (g_str_has_prefix(name, "message-") &&
			g_file_get_contents(path, &text, NULL, NULL))
			kept = kept_of_text(path, text);
		if (kept != NULL && strcmp(kept->store, store) == 0)
			g_ptr_array_add(list, kept);
		else
			kept_free(kept);
	}
	if (dir != NULL)
		g_dir_close(dir);
	return list;
}

void
kept_remove(const KeptText *kept)
{
	if (g_unlink(kept->path) != 0)
		print_error("could not remove %s: %s", kept->path, g_strerror(errno));
}

/* ------------------------------------------------------------------ editor */

/* Return the user's editor, a command of the shell. */
static const char *
editor(void)
{
	static const char *const variables[] = {"VISUAL", "EDITOR"};

	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++)
	{
		const char *value = getenv(variables[i]);

		if (value != NULL && *value != '\0')
			return value;
	}
	return "vi";
}

/* Return true if an editor understands "+LINE". */
static bool
takes_line(const char *command)
{
	static const char *const names[] = {
		"vi", "vim", "nvim", "view", "ex", "nano", "emacs", "emacsclient",
		"joe", "jed", "mg", "micro", "pico", "ne", "kak"
	};
	g_autofree char *word = g_strndup(command, strcspn(command, " "));
	g_autofree char *base = g_path_get_basename(word);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
	{
		if (strcmp(base, names[i]) == 0)
			return true;
	}
	return false;
}

int
kept_run_shell(const char *command, char *const *args, int nargs)
{
	/* without a shell in between, Ctrl-C is the command's alone */
	bool		simple = strpbrk(command, "|&;<>()$`\\\"'\n*?[#~=%") == NULL;
	g_autofree char *script = g_strdup_printf("%s%s \"$@\"",
											  simple ? "exec " : "", command);
	g_autofree char **argv = g_new0(char *, nargs + 5);
	void		(*interrupt) (int) = signal(SIGINT, SIG_IGN);
	void		(*quit) (int) = signal(SIGQUIT, SIG_IGN);
	int			status = -1;
	pid_t		pid;

	argv[0] = (char *) "sh";
	argv[1] = (char *) "-c";
	argv[2] = script;
	argv[3] = (char *) "msgstore";
	for (int i = 0; i < nargs; i++)
		argv[4 + i] = args[i];
	(void) print_flush();
	pid = fork();
	if (pid == 0)
	{
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execv("/bin/sh", argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	signal(SIGINT, interrupt);
	signal(SIGQUIT, quit);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool
kept_edit(const KeptText *kept, int line)
{
	const char *command = editor();
	g_autofree char *place = g_strdup_printf("+%d", line);
	char	   *args[2] = {place, kept->path};
	bool		with_line = line > 1 && takes_line(command);
	int			code = kept_run_shell(command, with_line ? args : args + 1,
									  with_line ? 2 : 1);

	if (code == 0)
		return true;
	print_error("the editor \"%s\" failed", command);
	return false;
}
