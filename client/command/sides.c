/*-------------------------------------------------------------------------
 *
 * sides.c
 *	  Print a conflict: for each property the base, the value of the others and
 *	  the value of the draft.
 *
 * NOTES
 *	  A value of one line is shown whole, or by the part with its first
 *	  difference.  Of a text of several lines, the hunks are shown that the
 *	  server finds (text_hunks), at most MOST_HUNKS of each side.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "unified.h"

#define MOST_HUNKS		8		/* shown hunks of one text and side */
#define VALUE_INDENT	10		/* column of the values */

static const char *const view_labels[NUM_VIEWS] = {"base", "theirs", "yours"};

static void
print_heading(const Entry *entry, const Screen *screen)
{
	g_autofree char *safe = show_safe(entry->property);

	print_out("\n");
	screen_put(screen, COLOUR_HEADING, safe);
	if (entry->alike && entry->side == SIDE_BOTH)
		print_out("  (both alike)");
	print_out("\n");
}

/* Print the heading of a group of properties. */
static void
print_group(Side side, const Screen *screen)
{
	print_out("\n");
	switch (side)
	{
		case SIDE_BOTH:
			screen_put(screen, COLOUR_BOTH, "Changed by both");
			break;
		case SIDE_THEIRS:
			screen_put(screen, COLOUR_THEIRS, "Changed by others only");
			break;
		case SIDE_YOURS:
			screen_put(screen, COLOUR_YOURS, "Changed by you only");
			break;
	}
	print_out("\n");
}

static void
print_label(View view, const Screen *screen)
{
	char		label[VALUE_INDENT + 1];

	snprintf(label, sizeof(label), "  %-*s", VALUE_INDENT - 2,
			 view_labels[view]);
	screen_put(screen, view == BASE ? COLOUR_QUIET :
			   view == THEIRS ? COLOUR_THEIRS : COLOUR_YOURS, label);
}

/* Return true if a view is shown: the base, and each view that may differ. */
static bool
shows(const Entry *entry, View view)
{
	return view == BASE || entry->side == SIDE_BOTH ||
		entry->side == (view == THEIRS ? SIDE_THEIRS : SIDE_YOURS);
}

/* Return true if a text of an entry has more than one line. */
static bool
has_lines(const Entry *entry)
{
	for (int i = 0; i < NUM_VIEWS; i++)
	{
		if (entry->text[i] != NULL && strchr(entry->text[i], '\n') != NULL)
			return true;
	}
	return false;
}

/* Print the number of lines and bytes of the base. */
static void
print_size(const char *text)
{
	g_autofree char *size = report_bytes_text((json_int_t) strlen(text));
	size_t		lines = 0;

	for (const char *p = text; *p != '\0'; lines++)
	{
		p += strcspn(p, "\n");
		if (*p == '\n')
			p++;
	}
	print_out("%zu %s, %s\n", lines, lines == 1 ? "line" : "lines", size);
}

/* Print the last change by others under their value. */
static void
print_who(const Entry *entry, const Screen *screen)
{
	if (entry->who == NULL || entry->side == SIDE_YOURS)
		return;
	print_out("%*s", VALUE_INDENT, "");
	screen_paragraph(screen, VALUE_INDENT, COLOUR_QUIET, entry->who);
}

/* Print values of one line, with the words marked that differ from base. */
static void
print_values(const Entry *entry, const Screen *screen)
{
	const char *base[] = {entry->text[BASE], NULL};

	for (View view = BASE; view < NUM_VIEWS; view++)
	{
		const char *value[] = {entry->text[view], NULL};
		g_autofree char *safe_base = base[0] ? show_safe(base[0]) : NULL;
		g_autofree char *safe = value[0] ? show_safe(value[0]) : NULL;
		const char *old[] = {safe_base, NULL};
		const char *new[] = {safe, NULL};

		if (!shows(entry, view))
			continue;
		print_label(view, screen);
		if (value[0] == NULL)
			print_out("(none)\n");
		else
			unified_value(screen, view == BASE ? NULL : old, new,
						  VALUE_INDENT);
		if (view == THEIRS)
			print_who(entry, screen);
	}
}

/* Print the three sides of a hunk in which both changed the lines. */
static void
print_conflict_hunk(const PGresult *hunks, int row, const Screen *screen)
{
	for (int view = BASE; view < NUM_VIEWS; view++)
	{
		g_auto(GStrv) base = unified_lines(msgstore_text_at(hunks, row, 4));
		g_auto(GStrv) lines = unified_lines(msgstore_text_at(hunks, row,
															 4 + view));
		g_autofree char *label = g_strdup_printf("  %-*s", VALUE_INDENT - 2,
												 view_labels[view]);

		if (lines[0] == NULL)
			print_out("%s(no lines)\n", label);
		else if (view == BASE)
			unified_pair(screen, (const char *const *) lines, NULL, label,
						 NULL, VALUE_INDENT);
		else
			unified_pair(screen, (const char *const *) base,
						 (const char *const *) lines, NULL, label,
						 VALUE_INDENT);
	}
}

/*
 * Print the hunks of a text that the server finds; at most "most" of each
 * side, and the number of the others.
 */
static void
print_hunks(const PGresult *hunks, const Screen *screen, int most)
{
	static const char *const headings[] = {
		"others", "you", "both alike", "both: a conflict"
	};
	int			shown[G_N_ELEMENTS(headings)] = {0};
	int			left_out = 0;

	for (int row = 0; row < PQntuples(hunks); row++)
	{
		const char *side = msgstore_text_at(hunks, row, 0);
		bool		conflict = *msgstore_text_at(hunks, row, 1) == 't';
		int			kind = strcmp(side, "theirs") == 0 ? 0 :
			strcmp(side, "yours") == 0 ? 1 : conflict ? 3 : 2;
		g_autofree char *heading =
			g_strdup_printf("  @@ line %s, %s",
							msgstore_text_at(hunks, row, 2),
							headings[kind]);

		if (shown[kind]++ >= most)
		{
			left_out++;
			continue;
		}
		screen_put(screen, kind == 0 ? COLOUR_THEIRS :
				   kind == 1 ? COLOUR_YOURS : COLOUR_BOTH, heading);
		print_out("\n");
		if (conflict)
			print_conflict_hunk(hunks, row, screen);
		else
		{
			g_auto(GStrv) old = unified_lines(msgstore_text_at(hunks, row, 4));
			g_auto(GStrv) new = unified_lines(msgstore_text_at(hunks, row,
															   kind == 1 ? 6 : 5));

			unified_pair(screen, (const char *const *) old,
						 (const char *const *) new, "    - ", "    + ", 6);
		}
	}
	if (left_out > 0)
		print_out("  ... and %d more places (d shows all)\n", left_out);
}

/* Print a text of several lines that both changed. */
static void
print_both(const Report *report, const Entry *entry, const Screen *screen,
		   int most)
{
	const char *values[NUM_VIEWS];
	PGresult   *hunks;

	for (int view = BASE; view < NUM_VIEWS; view++)
		values[view] = entry->text[view] ? entry->text[view] : "";
	hunks = msgstore_query(report->kase->ms, "*tbttttt", "SELECT h.side,"
						   " h.is_conflict, CAST(h.base_line AS"
						   " pg_catalog.text), '', h.base_text, h.theirs_text,"
						   " h.yours_text"
						   " FROM msgstore.text_hunks($1, $2, $3) AS h",
						   NUM_VIEWS, values);
	if (hunks != NULL)
		print_hunks(hunks, screen, most);
	else
	{
		print_label(THEIRS, screen);
		print_out("\n");
		unified_print(screen, values[BASE], values[THEIRS], MOST_HUNKS);
		print_label(YOURS, screen);
		print_out("\n");
		unified_print(screen, values[BASE], values[YOURS], MOST_HUNKS);
	}
	PQclear(hunks);
	print_who(entry, screen);
}

static void
print_entry(const Report *report, const Entry *entry, const Screen *screen,
			int most)
{
	View		view = entry->side == SIDE_YOURS ? YOURS : THEIRS;

	print_heading(entry, screen);
	if (!has_lines(entry))
	{
		print_values(entry, screen);
		return;
	}
	print_label(BASE, screen);
	if (entry->text[BASE] == NULL)
		print_out("(none)\n");
	else
		print_size(entry->text[BASE]);
	if (entry->side == SIDE_BOTH && entry->text[THEIRS] != NULL &&
		entry->text[YOURS] != NULL)
		print_both(report, entry, screen, most);
	else if (entry->side == SIDE_BOTH)
		print_values(entry, screen);
	else
	{
		if (entry->text[view] == NULL)
		{
			print_label(view, screen);
			print_out("(none)\n");
		}
		unified_print(screen, entry->text[BASE] ? entry->text[BASE] : "",
					  entry->text[view] ? entry->text[view] : "",
					  most == G_MAXINT ? 0 : (unsigned) most);
		print_who(entry, screen);
	}
}

void
sides_print(const Report *report, const Screen *screen)
{
	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);
		const Entry *before = i == 0 ? NULL :
			g_ptr_array_index(report->entries, i - 1);

		if (before == NULL || before->side != entry->side)
			print_group(entry->side, screen);
		print_entry(report, entry, screen, MOST_HUNKS);
	}
	if (report->entries->len == 0)
		print_out("\nNo property differs.\n");
	print_out("\n");
}

bool
sides_print_differences(const Report *report, const Screen *screen,
						 const char *name)
{
	static const struct
	{
		View		from;
		View		to;
		const char *heading;
	}			pairs[] =
	{
		{BASE, THEIRS, "base to theirs"},
		{BASE, YOURS, "base to yours"},
		{THEIRS, YOURS, "theirs to yours"}
	};
	bool		found = false;

	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);

		if (name != NULL && strcmp(entry->property, name) != 0)
			continue;
		found = true;
		print_heading(entry, screen);
		for (size_t p = 0; p < G_N_ELEMENTS(pairs); p++)
		{
			const char *from = entry->text[pairs[p].from];
			const char *to = entry->text[pairs[p].to];

			if (g_strcmp0(from, to) == 0)
				continue;
			print_out("  ");
			screen_put(screen, COLOUR_QUIET, pairs[p].heading);
			print_out("\n");
			unified_print(screen, from, to, 0);
		}
	}
	print_out("\n");
	return found || name == NULL;
}

/* Print all lines of a value. */
static void
print_lines(const char *text)
{
	g_autofree char *safe = show_safe_lines(text);
	g_auto(GStrv) lines = g_strsplit(safe, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
	{
		if (line[1] == NULL && **line == '\0' && line > lines)
			break;				/* nothing follows the last line end */
		if (line > lines && **line != '\0')
			print_out("%*s", VALUE_INDENT, "");
		print_out("%s\n", *line);
	}
}

bool
sides_print_whole(const Report *report, const Screen *screen,
				   const char *name)
{
	bool		found = false;

	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);

		if (name != NULL && strcmp(entry->property, name) != 0)
			continue;
		found = true;
		print_heading(entry, screen);
		for (View view = BASE; view < NUM_VIEWS; view++)
		{
			if (!shows(entry, view))
				continue;
			print_label(view, screen);
			print_lines(entry->text[view] ? entry->text[view] : "(none)");
		}
	}
	print_out("\n");
	return found || name == NULL;
}
