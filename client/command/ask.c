/*-------------------------------------------------------------------------
 *
 * ask.c
 *	  Questions to the user: questions go to stdout, answers come from stdin,
 *	  terminals or not.
 *
 * NOTES
 *	  Ctrl-C at a question is the end of the answers: the command prints where
 *	  the user's edits are, as it does at the end of stdin.  Then main() ends the
 *	  program by that signal, so that a shell sees what happened.
 *
 *-------------------------------------------------------------------------
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "draft.h"

static volatile sig_atomic_t interrupted = 0;

static void
interrupt(int signo)
{
	(void) signo;
	interrupted = 1;
}

/*
 * Wait for input on a terminal, where each line is a read of its own.  SIGINT
 * is blocked but for the wait, so that none is missed.
 */
static void
wait_for_input(const sigset_t *mask)
{
	fd_set		set;

	FD_ZERO(&set);
	FD_SET(STDIN_FILENO, &set);
	if (!interrupted && !feof(stdin) && isatty(STDIN_FILENO))
		(void) pselect(STDIN_FILENO + 1, &set, NULL, NULL, NULL, mask);
}

char *
ask_line(void)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct sigaction before;
	sigset_t	blocked;
	sigset_t	mask;
	char	   *line = NULL;
	size_t		size = 0;
	char	   *copy = NULL;

	(void) sigemptyset(&blocked);
	(void) sigaddset(&blocked, SIGINT);
	(void) sigprocmask(SIG_BLOCK, &blocked, &mask);
	(void) sigaction(SIGINT, &action, &before);
	(void) print_flush();
	wait_for_input(&mask);
	(void) sigprocmask(SIG_SETMASK, &mask, NULL);
	if (!interrupted && getline(&line, &size, stdin) >= 0)
		copy = g_strstrip(g_utf8_make_valid(line, -1));
	else
		print_out("\n");
	(void) sigaction(SIGINT, &before, NULL);
	free(line);
	return copy;
}

bool
ask_interrupted(void)
{
	return interrupted != 0;
}

void
ask_end(void)
{
	if (!interrupted)
		return;
	(void) signal(SIGINT, SIG_DFL);
	(void) raise(SIGINT);
}

bool
ask_yes(const char *question)
{
	for (;;)
	{
		g_autofree char *answer = NULL;

		print_out("%s (y or n) ", question);
		answer = ask_line();
		if (answer == NULL || g_ascii_strcasecmp(answer, "n") == 0 ||
			g_ascii_strcasecmp(answer, "no") == 0)
			return false;
		if (g_ascii_strcasecmp(answer, "y") == 0 ||
			g_ascii_strcasecmp(answer, "yes") == 0)
			return true;
	}
}
