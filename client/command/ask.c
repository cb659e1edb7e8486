/*-------------------------------------------------------------------------
 *
 * ask.c
 *	  Questions to the user: questions go to stdout, answers come from stdin,
 *	  terminals or not.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"

char *
ask_line(void)
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
