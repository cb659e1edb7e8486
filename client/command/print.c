/*-------------------------------------------------------------------------
 *
 * print.c
 *	  The one door through which the command prints, on stdout and stderr.
 *
 * NOTES
 *	  Strangers write messages, and any program can be a server.  So every text
 *	  is made safe here, after formatting: a character that could move the
 *	  cursor, set a title or change the direction of writing is printed as a
 *	  code, and only line ends stay.  tools/check-client refuses a file of the
 *	  command that prints in another way.
 *
 *	  A line end in a value could still forge a line of output.  Texts that are
 *	  part of a line must therefore pass through show_safe(), show_name() or
 *	  show_fit() of show.c, which return one line.
 *
 *	  Bytes that another program reads, mail and JSON, have functions of their
 *	  own: print_bytes() and print_json().
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define DEFAULT_COLUMNS	80
#define MIN_COLUMNS		40

static const char *const colour_codes[] = {
	[COLOUR_HEADING] = "1",
	[COLOUR_THEIRS] = "33",
	[COLOUR_YOURS] = "36",
	[COLOUR_BOTH] = "1;31",
	[COLOUR_QUIET] = "2",
	[COLOUR_PLAIN] = "0",
	[COLOUR_OLD] = "31",
	[COLOUR_NEW] = "32",
	[COLOUR_OLD_MARK] = "31;7",
	[COLOUR_NEW_MARK] = "32;7"
};

/* ------------------------------------------------------------------- texts */

/* Print a formatted text, made safe. */
static void
print_safe(FILE *out, const char *format, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);
	g_autofree char *safe = show_safe_lines(text);

	fputs(safe, out);
}

void
print_out(const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	print_safe(stdout, format, args);
	va_end(args);
}

void
print_err(const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	print_safe(stderr, format, args);
	va_end(args);
}

/*
 * Print a text on stderr behind "msgstore: " and a label.  Lines after the
 * first are indented, so that they cannot be taken for lines of this program.
 */
static void
print_labelled(const char *label, const char *text)
{
	g_autofree char *safe = g_strchomp(show_safe_lines(text));
	g_auto(GStrv) lines = g_strsplit(safe, "\n", -1);
	g_autofree char *indented = g_strjoinv("\n    ", lines);

	fprintf(stderr, "msgstore: %s: %s\n", label, indented);
}

void
print_error(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list		args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	print_labelled("error", text);
}

void
print_detail(const char *label, const char *text)
{
	if (*text != '\0')
		print_labelled(label, text);
}

void
print_notice(void *arg, const char *message)
{
	(void) arg;
	print_labelled("server", message);
}

void
print_progress(const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *safe = NULL;
	va_list		args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	safe = show_safe(text);
	fprintf(stderr, "\r%s", safe);
}

void
print_end_progress(void)
{
	fputs("\r\033[K", stderr);
}

/* --------------------------------------------------- for other programs */

bool
print_bytes(const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, stdout) == len;
}

bool
print_json(const json_t *value)
{
	char	   *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS |
								  JSON_ENCODE_ANY);
	g_autofree char *safe = text ? show_safe_json(text) : NULL;

	free(text);
	return safe != NULL && fputs(safe, stdout) != EOF &&
		putchar('\n') != EOF;
}

/* The pager, and the terminal while the pager has stdout. */
static pid_t pager_pid = 0;
static int	terminal_fd = -1;

void
print_begin_pager(void)
{
	const char *pager = getenv("PAGER");
	int			ends[2];

	if (pager == NULL || *pager == '\0')
		pager = "less -FRX 2>/dev/null || more";
	if (!isatty(STDOUT_FILENO) || fflush(stdout) != 0 || pipe(ends) != 0)
		return;
	terminal_fd = dup(STDOUT_FILENO);
	pager_pid = fork();
	if (pager_pid == 0)
	{
		(void) dup2(ends[0], STDIN_FILENO);
		(void) close(ends[0]);
		(void) close(ends[1]);
		execl("/bin/sh", "sh", "-c", pager, (char *) NULL);
		_exit(127);
	}
	(void) close(ends[0]);
	if (pager_pid > 0)
	{
		/* a pager may end before it has read everything */
		signal(SIGPIPE, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		(void) dup2(ends[1], STDOUT_FILENO);
	}
	(void) close(ends[1]);
}

void
print_end_pager(void)
{
	int			status;

	if (pager_pid > 0)
	{
		(void) fflush(stdout);
		clearerr(stdout);
		(void) dup2(terminal_fd, STDOUT_FILENO);
		while (waitpid(pager_pid, &status, 0) < 0 && errno == EINTR)
			continue;
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
	}
	if (terminal_fd >= 0)
		(void) close(terminal_fd);
	terminal_fd = -1;
	pager_pid = 0;
}

bool
print_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	print_error("could not write: %s", strerror(errno));
	return false;
}

/* ------------------------------------------------------------------ screen */

static int
terminal_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int			n = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		n = size.ws_col;
	if (n == 0 && columns != NULL)
		n = atoi(columns);
	if (n <= 0)
		n = DEFAULT_COLUMNS;
	return MAX(n, MIN_COLUMNS);
}

void
screen_init(Screen *screen)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	screen->columns = terminal_columns();
	screen->colours = isatty(STDOUT_FILENO) &&
		(no_color == NULL || *no_color == '\0') &&
		term != NULL && strcmp(term, "dumb") != 0;
}

void
screen_put(const Screen *screen, Colour colour, const char *text)
{
	g_autofree char *safe = show_safe_lines(text);

	if (screen->colours && colour != COLOUR_PLAIN)
		printf("\033[%sm%s\033[0m", colour_codes[colour], safe);
	else
		fputs(safe, stdout);
}

void
screen_paragraph(const Screen *screen, int indent, Colour colour,
				 const char *text)
{
	g_autofree char *safe = show_safe(text);
	g_auto(GStrv) words = g_strsplit(safe, " ", -1);
	int			at = indent;

	for (char **word = words; *word != NULL; word++)
	{
		int			width = show_columns(*word);

		if (word > words && at + 1 + width > screen->columns)
		{
			printf("\n%*s", indent, "");
			at = indent;
		}
		else if (word > words)
		{
			putchar(' ');
			at++;
		}
		screen_put(screen, colour, *word);
		at += width;
	}
	putchar('\n');
}
