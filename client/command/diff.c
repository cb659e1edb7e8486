/*-------------------------------------------------------------------------
 *
 * diff.c
 *	  Find the lines that differ between two texts.
 *
 * NOTES
 *	  Common lines at the beginning and at the end are skipped.  For the lines
 *	  between them, a table of all pairs of lines gives a longest common
 *	  subsequence.  If there are more than MAX_PAIRS pairs, all lines of one
 *	  text are taken as replaced by all lines of the other, which is true, but
 *	  longer than necessary.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "command.h"

#define MAX_PAIRS	((size_t) 4 * 1024 * 1024)

/*
 * Return the lines of a text, without their line ends.  Nothing follows the
 * last line end.
 */
static GArray *
split_lines(const char *text)
{
	GArray	   *lines = g_array_new(FALSE, FALSE, sizeof(DiffLine));

	while (*text != '\0')
	{
		size_t		len = strcspn(text, "\n");
		DiffLine	line = {' ', lines->len + 1, text, len};

		g_array_append_val(lines, line);
		text += len;
		if (*text == '\n')
			text++;
	}
	return lines;
}

static bool
same_line(const DiffLine *a, const DiffLine *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void
put(GArray *out, char sign, const DiffLine *line)
{
	DiffLine	copy = *line;

	copy.sign = sign;
	g_array_append_val(out, copy);
}

/*
 * Add the difference between n lines a and m lines b to "out".  In the table,
 * the element of a line of a and a line of b is the length of the longest
 * common subsequence of the lines from these two on.
 */
static void
diff_middle(const DiffLine *a, size_t n, const DiffLine *b, size_t m,
			GArray *out)
{
	size_t		row = m + 1;
	guint32    *length;
	size_t		i = 0;
	size_t		j = 0;

	if (n == 0 || m == 0 || n > MAX_PAIRS / m)
	{
		while (i < n)
			put(out, '-', &a[i++]);
		while (j < m)
			put(out, '+', &b[j++]);
		return;
	}
	length = g_new0(guint32, (n + 1) * row);
	for (size_t x = n; x-- > 0;)
	{
		for (size_t y = m; y-- > 0;)
		{
			guint32    *at = &length[x * row + y];

			*at = same_line(&a[x], &b[y]) ? at[row + 1] + 1 :
				MAX(at[row], at[1]);
		}
	}
	while (i < n || j < m)
	{
		if (i < n && j < m && same_line(&a[i], &b[j]))
		{
			i++;
			j++;
		}
		else if (j == m ||
				 (i < n && length[(i + 1) * row + j] >=
				  length[i * row + j + 1]))
			put(out, '-', &a[i++]);
		else
			put(out, '+', &b[j++]);
	}
	g_free(length);
}

GArray *
diff_lines(const char *from, const char *to)
{
	GArray	   *out = g_array_new(FALSE, FALSE, sizeof(DiffLine));
	GArray	   *a = split_lines(from);
	GArray	   *b = split_lines(to);
	const DiffLine *x = (const DiffLine *) (void *) a->data;
	const DiffLine *y = (const DiffLine *) (void *) b->data;
	size_t		n = a->len;
	size_t		m = b->len;
	size_t		first = 0;

	while (first < n && first < m && same_line(&x[first], &y[first]))
		first++;
	while (n > first && m > first && same_line(&x[n - 1], &y[m - 1]))
	{
		n--;
		m--;
	}
	diff_middle(x + first, n - first, y + first, m - first, out);
	g_array_free(a, TRUE);
	g_array_free(b, TRUE);
	return out;
}
