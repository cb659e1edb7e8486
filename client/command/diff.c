/*-------------------------------------------------------------------------
 *
 * diff.c
 *	  What to do to the lines of one text to get another.
 *
 * NOTES
 *	  Lines that both begin and both end with are set aside; for what remains
 *	  between them a longest common subsequence is looked for, in a table of
 *	  all pairs.  Where that would take more than MAX_PAIRS, all of the one is
 *	  taken to be replaced by all of the other, which is true, if not short.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "command.h"

#define MAX_PAIRS	((size_t) 4 * 1024 * 1024)

/* The lines of a text, without their ends; a last empty line is none. */
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
 * Lines a (n of them) to lines b (m), by the lengths of the longest common
 * subsequences of what is left of each.
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
