/*-------------------------------------------------------------------------
 *
 * table.c
 *	  Print the rows of a query as a table, or as lines of JSON.
 *
 * NOTES
 *	  The names of the columns are the keys of the JSON objects, and are a
 *	  promise to programs: columns are added, but not renamed.  The table for
 *	  people may change.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "frame.h"

#define GAP			2			/* columns between two values */
#define LEAST_WIDTH	12			/* of the last value */
#define LEAST_TEXT	10			/* of any other text that is cut */
#define FAIR_TEXT	16			/* the least while the last value is short of room */
#define MOST_WIDTH	32			/* of any other text */

/* -------------------------------------------------------------------- JSON */

json_t *
table_json(const Column *columns, const PGresult *rows, int row)
{
	json_t	   *object = json_object();

	for (int i = 0; columns[i].name != NULL; i++)
	{
		const char *text = msgstore_text_at(rows, row, i);
		json_t	   *value = NULL;

		if (text == NULL)
			value = json_null();
		else if (columns[i].kind == COLUMN_NUMBER ||
				 columns[i].kind == COLUMN_HIDDEN_NUMBER)
			value = json_integer(msgstore_number_at(rows, row, i));
		else if (columns[i].kind == COLUMN_FLAG)
			value = json_boolean(*text == 't');
		else if (columns[i].kind == COLUMN_JSON)
			value = json_loads(text, JSON_DECODE_ANY, NULL);
		json_object_set_new(object, columns[i].name,
							value ? value : json_string(text ? text : ""));
	}
	return object;
}

static bool
print_lines(const Column *columns, const PGresult *rows)
{
	bool		printed = true;

	for (int row = 0; printed && row < PQntuples(rows); row++)
	{
		json_t	   *object = table_json(columns, rows, row);

		printed = print_json(object);
		json_decref(object);
	}
	return print_flush() && printed;
}

/* ------------------------------------------------------------------- table */

static bool
is_hidden(const Column *column)
{
	return column->kind == COLUMN_HIDDEN ||
		column->kind == COLUMN_HIDDEN_NUMBER;
}

/* Return a value as people read it: safe text on one line. */
static char *
cell(const Column *column, const PGresult *rows, int row, int i)
{
	const char *text = msgstore_text_at(rows, row, i);

	if (text == NULL)
		return g_strdup("");
	if (column->kind == COLUMN_TIME)
		return show_time(text);
	if (column->kind == COLUMN_FLAG)
		return g_strdup(*text == 't' ? column->heading : "");
	if (column->kind == COLUMN_JSON)
	{
		json_t	   *value = json_loads(text, JSON_DECODE_ANY, NULL);
		GString    *list = g_string_new(NULL);
		size_t		i;
		json_t	   *element;

		json_array_foreach(value, i, element)
		{
			const char *name = json_string_value(element);
			g_autofree char *safe = show_safe(name ? name : "?");

			g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", safe);
		}
		json_decref(value);
		return g_string_free(list, FALSE);
	}
	return show_safe(text);
}

/* Print one line of values, of which the last visible one is cut. */
static void
print_row(const Column *columns, char *const *cells, const int *widths,
		  int last, int room)
{
	GString    *line = g_string_new(NULL);

	for (int i = 0; i <= last; i++)
	{
		g_autofree char *fit = show_fit(cells[i], i == last ?
										MAX(room, LEAST_WIDTH) : widths[i],
										"...");
		int			pad = widths[i] - show_columns(fit);

		if (is_hidden(&columns[i]) || widths[i] == 0)
			continue;
		if (i == last)
			g_string_append(line, fit);
		else if (columns[i].kind == COLUMN_NUMBER)
			g_string_append_printf(line, "%*s%s%*s", pad, "", fit, GAP, "");
		else
			g_string_append_printf(line, "%s%*s", fit, pad + GAP, "");
	}
	g_strchomp(line->str);
	print_out("%s\n", line->str);
	g_string_free(line, TRUE);
}

/*
 * Make texts before the last column narrower, the widest first, by "excess"
 * columns in all, but no narrower than "least".  Returns by how much.
 */
static int
shrink(const Column *columns, int *widths, int last, int excess, int least)
{
	int			saved = 0;

	while (saved < excess)
	{
		int			widest = -1;

		for (int i = 0; i < last; i++)
		{
			if (columns[i].kind == COLUMN_TEXT && widths[i] > least &&
				(widest < 0 || widths[i] > widths[widest]))
				widest = i;
		}
		if (widest < 0)
			break;
		widths[widest]--;
		saved++;
	}
	return saved;
}

/*
 * Print each row as lines of headings and values, for a screen on which the
 * columns do not fit.  Row 0 of the cells has the headings.
 */
static void
print_records(const Column *columns, char *const *cells, int ncolumns,
			  int nrows, int room)
{
	int			width = 0;

	for (int i = 0; i < ncolumns; i++)
	{
		if (!is_hidden(&columns[i]))
			width = MAX(width, show_columns(cells[i]) + GAP);
	}
	for (int row = 1; row <= nrows; row++)
	{
		if (row > 1)
			print_out("\n");
		for (int i = 0; i < ncolumns; i++)
		{
			const char *value = cells[row * ncolumns + i];
			g_autofree char *fit = show_fit(value, MAX(room - width,
													   LEAST_WIDTH), "...");

			if (!is_hidden(&columns[i]) && *value != '\0')
				print_out("%-*s%s\n", width, cells[i], fit);
		}
	}
}

static bool
print_table(const Column *columns, int ncolumns, const PGresult *rows)
{
	int			nrows = PQntuples(rows);
	g_autofree int *widths = g_new0(int, ncolumns);
	g_auto(GStrv) cells = g_new0(char *, (size_t) (nrows + 1) * ncolumns + 1);
	Screen		screen;
	int			last = 0;
	int			used = 0;
	int			wanted;

	screen_init(&screen);
	for (int row = 0; row <= nrows; row++)
	{
		for (int i = 0; i < ncolumns; i++)
		{
			char	   *text = row == 0 ? g_strdup(columns[i].heading) :
				cell(&columns[i], rows, row - 1, i);

			cells[row * ncolumns + i] = text;
			/* a flag that no row has takes no room */
			if (row > 0 || columns[i].kind != COLUMN_FLAG)
				widths[i] = MAX(widths[i], show_columns(text));
		}
	}
	for (int i = 0; i < ncolumns; i++)
	{
		if (!is_hidden(&columns[i]) && widths[i] > 0)
			last = i;
	}
	for (int i = 0; i < last; i++)
	{
		widths[i] = MIN(widths[i], MOST_WIDTH);
		if (!is_hidden(&columns[i]) && widths[i] > 0)
			used += widths[i] + GAP;
	}
	/* a third of the screen for the last value, if it has use for so much */
	wanted = MIN(widths[last], screen.columns / 3);
	used -= shrink(columns, widths, last, used + wanted - screen.columns,
				   FAIR_TEXT);
	used -= shrink(columns, widths, last, used + LEAST_WIDTH - screen.columns,
				   LEAST_TEXT);
	if (used + LEAST_WIDTH > screen.columns)
	{
		print_records(columns, cells, ncolumns, nrows, screen.columns);
		return print_flush();
	}
	for (int row = 0; row <= nrows; row++)
	{
		for (int i = 0; row == 0 && i < ncolumns; i++)
		{
			/* the heading of a flag stands in its cells */
			if (columns[i].kind == COLUMN_FLAG)
				*cells[i] = '\0';
		}
		print_row(columns, &cells[row * ncolumns], widths, last,
				  screen.columns - used);
	}
	return print_flush();
}

bool
table_print(const Column *columns, const PGresult *rows, bool json)
{
	int			ncolumns = 0;

	if (json)
		return print_lines(columns, rows);
	while (columns[ncolumns].name != NULL)
		ncolumns++;
	if (PQntuples(rows) == 0)
		return print_flush();
	return print_table(columns, ncolumns, rows);
}
