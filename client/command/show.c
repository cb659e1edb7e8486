/*-------------------------------------------------------------------------
 *
 * show.c
 *	  Make texts safe for a terminal, and fit them to the screen.
 *
 * NOTES
 *	  Strangers write messages.  A character that could move the cursor, set a
 *	  title, change the direction of writing, or that is invisible, is printed
 *	  as a code, \x1b or \u202e.  print.c does so with everything that it
 *	  prints; a text that must not have line ends passes through show_safe().
 *
 *	  Columns are counted as terminals count them: a wide character of East
 *	  Asia takes two columns, a combining mark takes no column.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "command.h"

/* Return true if the only effect of a character is its glyph. */
static bool
is_harmless(gunichar c)
{
	switch (g_unichar_type(c))
	{
		case G_UNICODE_CONTROL:
		case G_UNICODE_LINE_SEPARATOR:
		case G_UNICODE_PARAGRAPH_SEPARATOR:
		case G_UNICODE_SURROGATE:
		case G_UNICODE_PRIVATE_USE:
		case G_UNICODE_UNASSIGNED:
			return false;
		case G_UNICODE_FORMAT:
			/* some scripts, and emoji, are spelled with joiners */
			return c == 0x200C || c == 0x200D;
		default:
			return true;
	}
}

char *
show_safe(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString    *out = g_string_sized_new(strlen(valid));

	for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p))
	{
		gunichar	c = g_utf8_get_char(p);

		if (is_harmless(c))
			g_string_append_unichar(out, c);
		else if (c == '\n')
			g_string_append(out, "\\n");
		else if (c == '\r')
			g_string_append(out, "\\r");
		else if (c == '\t')
			g_string_append(out, "\\t");
		else if (c < 0x80)
			g_string_append_printf(out, "\\x%02x", c);
		else if (c < 0x10000)
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_printf(out, "\\U%08x", c);
	}
	return g_string_free(out, FALSE);
}

char *
show_safe_lines(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
	{
		g_auto(GStrv) pieces = g_strsplit(*line, "\t", -1);
		g_autofree char *spaced = g_strjoinv("    ", pieces);

		g_free(*line);
		*line = show_safe(spaced);
	}
	return g_strjoinv("\n", lines);
}

char *
show_safe_json(const char *json)
{
	g_autofree char *valid = g_utf8_make_valid(json, -1);
	GString    *out = g_string_sized_new(strlen(valid));

	for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p))
	{
		gunichar	c = g_utf8_get_char(p);

		if (is_harmless(c))
			g_string_append_unichar(out, c);
		else if (c < 0x10000)
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_printf(out, "\\u%04x\\u%04x",
								   0xD7C0 + (c >> 10), 0xDC00 + (c & 0x3FF));
	}
	return g_string_free(out, FALSE);
}

int
show_char_columns(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

int
show_columns(const char *safe)
{
	int			n = 0;

	for (const char *p = safe; *p != '\0'; p = g_utf8_next_char(p))
		n += show_char_columns(g_utf8_get_char(p));
	return n;
}

char *
show_fit(const char *safe, int columns, const char *ending)
{
	const char *end = safe;
	int			room = columns - show_columns(ending);
	int			used = 0;

	if (show_columns(safe) <= columns)
		return g_strdup(safe);
	while (*end != '\0')
	{
		int			width = show_char_columns(g_utf8_get_char(end));

		if (used + width > room)
			break;
		used += width;
		end = g_utf8_next_char(end);
	}
	return g_strdup_printf("%.*s%s", (int) (end - safe), safe, ending);
}

char *
show_time(const char *iso)
{
	GDateTime  *when = iso ? g_date_time_new_from_iso8601(iso, NULL) : NULL;
	GDateTime  *local = when ? g_date_time_to_local(when) : NULL;
	char	   *text;

	text = local ? g_date_time_format(local, "%Y-%m-%d %H:%M:%S") :
		show_safe(iso ? iso : "?");
	if (local != NULL)
		g_date_time_unref(local);
	if (when != NULL)
		g_date_time_unref(when);
	return text;
}

char *
show_name(const char *name)
{
	g_autofree char *safe = show_safe(name);
	g_autofree char *fit = show_fit(safe, 60, "...");

	return g_strdup_printf("\"%s\"", fit);
}
