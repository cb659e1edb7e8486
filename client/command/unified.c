/*-------------------------------------------------------------------------
 *
 * unified.c
 *	  Show the difference of two texts: hunks of old and new lines, with the
 *	  words marked that differ.
 *
 * NOTES
 *	  A hunk shows at most MOST_LINES old and MOST_LINES new lines, each at
 *	  most MOST_ROWS rows of the screen long, so that neither side can hide the
 *	  other.  What is left out is counted.  Of a long line, the part with the
 *	  first marked word is shown.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "unified.h"

#define MOST_LINES		8
#define MOST_ROWS		3
#define MOST_WORDS		400		/* of a line whose words are compared */
#define CONTEXT			2		/* equal lines before and after a hunk */
#define INDENT			4

/* ------------------------------------------------------------------- words */

/* A piece of a line: a word, a run of blanks, or one other character. */
typedef struct Word
{
	const char *start;
	int			len;
	bool		marked;
} Word;

static bool
is_word(gunichar c)
{
	return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '_' || c == '\'';
}

/* Cut a safe line into words. */
static GArray *
split_words(const char *line)
{
	GArray	   *words = g_array_new(FALSE, FALSE, sizeof(Word));
	const char *p = line;

	while (*p != '\0')
	{
		gunichar	c = g_utf8_get_char(p);
		const char *end = g_utf8_next_char(p);
		bool		joins = is_word(c) && !g_unichar_iswide(c);
		Word		word;

		while (*end != '\0' &&
			   (joins ? is_word(g_utf8_get_char(end)) &&
				!g_unichar_iswide(g_utf8_get_char(end)) :
				c == ' ' && *end == ' '))
			end = g_utf8_next_char(end);
		word.start = p;
		word.len = (int) (end - p);
		word.marked = true;
		g_array_append_val(words, word);
		p = end;
	}
	return words;
}

static bool
same_word(const Word *a, const Word *b)
{
	return a->len == b->len && memcmp(a->start, b->start, (size_t) a->len) == 0;
}

/* Unmark the words that two lines have in common, in order. */
static void
mark_words(GArray *old, GArray *new)
{
	Word	   *a = (Word *) (void *) old->data;
	Word	   *b = (Word *) (void *) new->data;
	guint		n = MIN(old->len, MOST_WORDS);
	guint		m = MIN(new->len, MOST_WORDS);
	guint		row = m + 1;
	g_autofree guint16 *length = g_new0(guint16, (gsize) (n + 1) * row);
	guint		i = 0;
	guint		j = 0;

	for (guint x = n; x-- > 0;)
	{
		for (guint y = m; y-- > 0;)
			length[x * row + y] = same_word(&a[x], &b[y]) ?
				length[(x + 1) * row + y + 1] + 1 :
				MAX(length[(x + 1) * row + y], length[x * row + y + 1]);
	}
	while (i < n && j < m)
	{
		if (same_word(&a[i], &b[j]))
		{
			a[i++].marked = false;
			b[j++].marked = false;
		}
		else if (length[(i + 1) * row + j] >= length[i * row + j + 1])
			i++;
		else
			j++;
	}
}

/* Return true if enough of two lines is equal for marks to be of use. */
static bool
worth_marking(GArray *old, GArray *new)
{
	guint		same = 0;

	for (guint i = 0; i < old->len; i++)
	{
		const Word *word = &g_array_index(old, Word, i);

		if (!word->marked && *word->start != ' ')
			same++;
	}
	return same > 0 && same * 5 >= MIN(old->len, new->len);
}

/* ------------------------------------------------------------------- lines */

/* Where a line is put: its indent, and the last column. */
typedef struct Pen
{
	const Screen *screen;
	Colour		colour;
	Colour		mark;
	int			indent;
	int			at;
	int			row;
	GString    *carets;			/* under the row, without colours */
} Pen;

/* Print the carets under a row, and begin a new row. */
static void
end_row(Pen *pen)
{
	print_out("\n");
	if (!pen->screen->colours && strchr(pen->carets->str, '^') != NULL)
	{
		g_strchomp(pen->carets->str);
		print_out("%*s%s\n", pen->indent, "", pen->carets->str);
	}
	g_string_truncate(pen->carets, 0);
	pen->row++;
	pen->at = pen->indent;
}

/* Put a piece of a line, wrapped.  Returns false when there is no more room. */
static bool
put_piece(Pen *pen, const char *text, int len, bool marked)
{
	while (len > 0)
	{
		const char *end = text;
		g_autofree char *piece = NULL;
		int			width = 0;
		int			last = pen->screen->columns;

		/* the last row has room for the dots */
		if (pen->row + 1 == MOST_ROWS)
			last -= 3;

		while (end < text + len)
		{
			int			columns = show_char_columns(g_utf8_get_char(end));

			if (pen->at + width + columns > last)
				break;
			width += columns;
			end = g_utf8_next_char(end);
		}
		piece = g_strndup(text, (gsize) (end - text));
		if (width > 0 || end > text)
			screen_put(pen->screen, marked ? pen->mark : pen->colour, piece);
		for (int i = 0; i < width; i++)
			g_string_append_c(pen->carets, marked ? '^' : ' ');
		pen->at += width;
		len -= (int) (end - text);
		text = end;
		if (len == 0)
			break;
		if (pen->row + 1 == MOST_ROWS)
			return false;
		end_row(pen);
		print_out("%*s", pen->indent, "");
	}
	return true;
}

/* Begin a new row for a word that does not fit into the rest of this one. */
static void
begin_word(Pen *pen, const Word *word)
{
	g_autofree char *text = g_strndup(word->start, (gsize) word->len);
	int			width = show_columns(text);
	int			last = pen->screen->columns;

	if (pen->at > pen->indent && pen->at + width > last &&
		pen->indent + width < last - 3 && *word->start != ' ' &&
		pen->row + 1 < MOST_ROWS)
	{
		end_row(pen);
		print_out("%*s", pen->indent, "");
	}
}

/*
 * Print a line behind its label, which is "indent" columns wide.  Of a line
 * that does not fit, the beginning is left out up to a little before the first
 * marked word.
 */
static void
put_line(const Screen *screen, GArray *words, bool marks, Colour colour,
		 Colour mark, int indent)
{
	Pen			pen = {screen, colour, mark, indent, indent, 0,
	g_string_new(NULL)};
	int			room = (screen->columns - indent) * MOST_ROWS;
	int			total = 0;
	int			before = 0;
	bool		seen = false;
	guint		first = 0;
	bool		fits = true;

	for (guint i = 0; i < words->len; i++)
	{
		const Word *word = &g_array_index(words, Word, i);
		g_autofree char *text = g_strndup(word->start, (gsize) word->len);

		seen = seen || (marks && word->marked);
		total += show_columns(text);
		if (!seen)
			before = total;
	}
	if (marks && seen && total > room && before > 24)
	{
		int			skip = MIN(before - 20, total - room + 3);

		for (int left = 0; left < skip && first < words->len; first++)
		{
			const Word *word = &g_array_index(words, Word, first);
			g_autofree char *text = g_strndup(word->start, (gsize) word->len);

			left += show_columns(text);
		}
		(void) put_piece(&pen, "...", 3, false);
	}
	for (guint i = first; fits && i < words->len; i++)
	{
		const Word *word = &g_array_index(words, Word, i);

		begin_word(&pen, word);
		fits = put_piece(&pen, word->start, word->len, marks && word->marked);
	}
	if (!fits)
		print_out("...");
	end_row(&pen);
	g_string_free(pen.carets, TRUE);
}

/* Print one line that has no partner. */
static void
put_plain(const Screen *screen, const char *line, Colour colour, int indent)
{
	GArray	   *words = split_words(line);

	put_line(screen, words, false, colour, colour, indent);
	g_array_free(words, TRUE);
}

/* Print the label of a line: a sign, or a word. */
static void
put_label(const Screen *screen, const char *label, Colour colour, int indent)
{
	g_autofree char *padded = g_strdup_printf("%-*s", indent, label);

	screen_put(screen, colour, padded);
}

void
unified_pair(const Screen *screen, const char *const *old,
			 const char *const *new, const char *old_label,
			 const char *new_label, int indent)
{
	guint		n = old ? g_strv_length((char **) old) : 0;
	guint		m = new ? g_strv_length((char **) new) : 0;

	for (int side = 0; side < 2; side++)
	{
		guint		count = side == 0 ? n : m;
		const char *label = side == 0 ? old_label : new_label;
		Colour		colour = side == 0 ? COLOUR_OLD : COLOUR_NEW;

		if (label == NULL)
			continue;
		for (guint i = 0; i < count && i < MOST_LINES; i++)
		{
			const char *line = side == 0 ? old[i] : new[i];
			GArray	   *a = i < n ? split_words(old[i]) : NULL;
			GArray	   *b = i < m ? split_words(new[i]) : NULL;
			bool		marks = a != NULL && b != NULL;

			if (marks)
			{
				mark_words(a, b);
				marks = worth_marking(a, b);
			}
			put_label(screen, label, colour, indent);
			if (marks)
				put_line(screen, side == 0 ? a : b, true, colour,
						 side == 0 ? COLOUR_OLD_MARK : COLOUR_NEW_MARK,
						 indent);
			else
				put_plain(screen, line, colour, indent);
			if (a != NULL)
				g_array_free(a, TRUE);
			if (b != NULL)
				g_array_free(b, TRUE);
		}
		if (count > MOST_LINES)
			print_out("%*s... and %u more lines\n", indent, "",
					  count - MOST_LINES);
	}
}

void
unified_value(const Screen *screen, const char *const *old,
			  const char *const *new, int indent)
{
	GArray	   *a = old && old[0] ? split_words(old[0]) : NULL;
	GArray	   *b = split_words(new[0]);
	bool		marks = a != NULL;

	if (marks)
	{
		mark_words(a, b);
		marks = worth_marking(a, b);
		g_array_free(a, TRUE);
	}
	put_line(screen, b, marks, COLOUR_PLAIN, COLOUR_NEW_MARK, indent);
	g_array_free(b, TRUE);
}

/* ------------------------------------------------------------------- hunks */

char	  **
unified_lines(const char *text)
{
	g_autofree char *safe = show_safe_lines(text);
	char	  **lines = g_strsplit(safe, "\n", -1);
	guint		n = g_strv_length(lines);

	if (n > 0 && *lines[n - 1] == '\0')
	{
		g_free(lines[n - 1]);
		lines[n - 1] = NULL;
	}
	return lines;
}

/* Print equal lines around a hunk. */
static void
put_context(const Screen *screen, char *const *lines, guint from, guint to)
{
	for (guint i = from; i < to && lines[i] != NULL; i++)
	{
		print_out("%*s", *lines[i] == '\0' ? 0 : INDENT, "");
		put_plain(screen, lines[i], COLOUR_QUIET, INDENT);
	}
}

/* Return copies of lines, as an array that ends with NULL. */
static char **
slice(char *const *lines, guint from, guint count)
{
	char	  **result = g_new0(char *, count + 1);

	for (guint i = 0; i < count; i++)
		result[i] = g_strdup(lines[from + i]);
	return result;
}

/* Lines that differ: "olds" of the old text by "news" of the new one. */
typedef struct Hunk
{
	guint		start_a;		/* from 0 */
	guint		start_b;
	guint		olds;
	guint		news;
} Hunk;

/* Gather the lines of a difference to hunks. */
static GArray *
find_hunks(const GArray *lines)
{
	GArray	   *hunks = g_array_new(FALSE, TRUE, sizeof(Hunk));
	guint		at_a = 0;		/* first line of a that is not passed yet */
	guint		at_b = 0;
	guint		i = 0;

	while (i < lines->len)
	{
		const DiffLine *line = &g_array_index(lines, DiffLine, i);
		Hunk		hunk = {0};

		/* the equal lines before the hunk are as many in both texts */
		if (line->sign == '-')
		{
			hunk.start_a = line->number - 1;
			hunk.start_b = at_b + (hunk.start_a - at_a);
		}
		else
		{
			hunk.start_b = line->number - 1;
			hunk.start_a = at_a + (hunk.start_b - at_b);
		}
		for (; i < lines->len; i++)
		{
			line = &g_array_index(lines, DiffLine, i);
			if (line->sign == '-' &&
				line->number - 1 == hunk.start_a + hunk.olds)
				hunk.olds++;
			else if (line->sign == '+' &&
					 line->number - 1 == hunk.start_b + hunk.news)
				hunk.news++;
			else
				break;
		}
		at_a = hunk.start_a + hunk.olds;
		at_b = hunk.start_b + hunk.news;
		g_array_append_val(hunks, hunk);
	}
	return hunks;
}

/*
 * Print the equal lines before a hunk, under a heading unless they follow the
 * lines after the hunk before, which ends at line "after".
 */
static void
put_before(const Screen *screen, char *const *a, const Hunk *hunk,
		   bool is_first, guint after)
{
	guint		from = hunk->start_a > CONTEXT ? hunk->start_a - CONTEXT : 0;

	if (is_first || from > after + CONTEXT)
	{
		g_autofree char *head = g_strdup_printf("@@ line %u",
												hunk->start_a + 1);

		print_out("  ");
		screen_put(screen, COLOUR_QUIET, head);
		print_out("\n");
	}
	else
		from = after + CONTEXT;
	put_context(screen, a, from, hunk->start_a);
}

/*
 * Print the hunks of two texts of several lines.  Returns the number of hunks
 * that were left out because of "most" (0: print all).
 */
static guint
put_hunks(const Screen *screen, const char *from, const char *to, guint most)
{
	g_auto(GStrv) a = unified_lines(from);
	g_auto(GStrv) b = unified_lines(to);
	g_autofree char *x = g_strjoinv("\n", a);
	g_autofree char *y = g_strjoinv("\n", b);
	GArray	   *lines = diff_lines(x, y);
	GArray	   *hunks = find_hunks(lines);
	guint		shown = most == 0 ? hunks->len : MIN(most, hunks->len);
	guint		left_out = hunks->len - shown;
	guint		after = 0;

	for (guint i = 0; i < shown; i++)
	{
		const Hunk *hunk = &g_array_index(hunks, Hunk, i);
		const Hunk *next = i + 1 < hunks->len ? hunk + 1 : NULL;
		g_auto(GStrv) old = slice(a, hunk->start_a, hunk->olds);
		g_auto(GStrv) new = slice(b, hunk->start_b, hunk->news);

		put_before(screen, a, hunk, i == 0, after);
		unified_pair(screen, (const char *const *) old,
					 (const char *const *) new, "  - ", "  + ", INDENT);
		after = hunk->start_a + hunk->olds;
		put_context(screen, a, after, next ? MIN(after + CONTEXT,
												 next->start_a) :
					after + CONTEXT);
	}
	g_array_free(hunks, TRUE);
	g_array_free(lines, TRUE);
	return left_out;
}

void
unified_print(const Screen *screen, const char *from, const char *to,
			  unsigned most)
{
	g_auto(GStrv) a = from ? unified_lines(from) : NULL;
	g_auto(GStrv) b = to ? unified_lines(to) : NULL;
	bool		many = (a && g_strv_length(a) > 1) ||
		(b && g_strv_length(b) > 1);
	guint		left_out = 0;

	if (from != NULL && to != NULL && many)
		left_out = put_hunks(screen, from, to, most);
	else
		unified_pair(screen, (const char *const *) a,
					 (const char *const *) b, "  - ", "  + ", INDENT);
	if (left_out > 0)
		print_out("    ... and %u more places\n", left_out);
}
