/*-------------------------------------------------------------------------
 *
 * hunks.c
 *	  Three-way merging of texts, line by line.
 *
 * NOTES
 *	  There are three texts: "base", and two that were made from it, "theirs"
 *	  and "yours".  Each is compared with base.  Where one of them differs from
 *	  base, there is a hunk of base lines and of the lines that replace them.
 *	  Hunks of both sides that overlap or touch, so that no line of base stands
 *	  between them, are one hunk of the result.
 *
 *	  A hunk that only one side changed is merged.  A hunk that both sides
 *	  changed to the same lines is merged as well.  Any other hunk that both
 *	  sides changed is a conflict.
 *
 *	  git merge-file follows the same rule, and test/t/070_merge_text.pl
 *	  compares the results.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* A change of one side: lines of base, and the lines that replace them. */
typedef struct SideHunk
{
	int			base_from;
	int			base_to;
	int			from;
	int			to;
} SideHunk;

/* The changes of one side, and the merge's place in them. */
typedef struct SideHunks
{
	SideHunk   *hunks;
	int			count;
	int			at;				/* the first hunk that is not merged yet */
	int			shift;			/* from a line of base to the side's line */
} SideHunks;

/* Return the changes of a side, whose lines are the partners of base's. */
static SideHunks
side_hunks(const Lines *base, const Lines *side, const int *partner)
{
	SideHunks	result = {NULL};
	int			allocated = 16;
	int			i = 0;
	int			j = 0;

	result.hunks = palloc(sizeof(SideHunk) * allocated);
	while (i < base->count || j < side->count)
	{
		SideHunk	hunk = {i, i, j, j};

		CHECK_FOR_INTERRUPTS();
		while (hunk.base_to < base->count && partner[hunk.base_to] < 0)
			hunk.base_to++;
		hunk.to = hunk.base_to < base->count ? partner[hunk.base_to] :
			side->count;
		i = hunk.base_to + 1;
		j = hunk.to + 1;
		if (hunk.base_to == hunk.base_from && hunk.to == hunk.from)
			continue;
		if (result.count == allocated)
		{
			allocated *= 2;
			result.hunks = repalloc(result.hunks,
									sizeof(SideHunk) * allocated);
		}
		result.hunks[result.count++] = hunk;
	}
	return result;
}

/* ------------------------------------------------------------------- merge */

/* Return the next change of a side if it begins at or before a line, or NULL. */
static const SideHunk *
next_until(const SideHunks *side, int line)
{
	return side->at < side->count &&
		side->hunks[side->at].base_from <= line ?
		&side->hunks[side->at] : NULL;
}

/* Return true if a hunk has equal lines in theirs and yours. */
static bool
sides_agree(const Lines *texts, const Hunk *hunk)
{
	int			count = hunk->to[TEXT_THEIRS] - hunk->from[TEXT_THEIRS];

	if (count != hunk->to[TEXT_YOURS] - hunk->from[TEXT_YOURS])
		return false;
	return memcmp(texts[TEXT_THEIRS].id + hunk->from[TEXT_THEIRS],
				  texts[TEXT_YOURS].id + hunk->from[TEXT_YOURS],
				  sizeof(int) * count) == 0;
}

/*
 * Set the lines of one side in a hunk whose lines of base are known: those
 * between its changes from number "first" up to side->at, with the lines of
 * base around them.
 */
static void
set_side(Hunk *hunk, int text, SideHunks *side, int first)
{
	hunk->from[text] = hunk->from[TEXT_BASE] + side->shift;
	if (side->at > first)
	{
		const SideHunk *last = &side->hunks[side->at - 1];

		side->shift = last->to - last->base_to;
	}
	hunk->to[text] = hunk->to[TEXT_BASE] + side->shift;
}

/*
 * Take the next hunk from the changes of both sides: the first change that is
 * left, and all that touch it.
 */
static void
take_hunk(const Lines *texts, SideHunks *theirs, SideHunks *yours, Hunk *hunk)
{
	int			first_theirs = theirs->at;
	int			first_yours = yours->at;
	const SideHunk *one = next_until(theirs, PG_INT32_MAX);
	const SideHunk *other = next_until(yours, PG_INT32_MAX);

	if (one == NULL || (other != NULL && other->base_from < one->base_from))
		one = other;
	hunk->from[TEXT_BASE] = hunk->to[TEXT_BASE] = one->base_from;
	for (;;)
	{
		SideHunks  *side = theirs;

		one = next_until(theirs, hunk->to[TEXT_BASE]);
		if (one == NULL)
		{
			side = yours;
			one = next_until(yours, hunk->to[TEXT_BASE]);
		}
		if (one == NULL)
			break;
		hunk->to[TEXT_BASE] = Max(hunk->to[TEXT_BASE], one->base_to);
		side->at++;
	}
	set_side(hunk, TEXT_THEIRS, theirs, first_theirs);
	set_side(hunk, TEXT_YOURS, yours, first_yours);
	hunk->by_theirs = theirs->at > first_theirs;
	hunk->by_yours = yours->at > first_yours;
	hunk->conflict = hunk->by_theirs && hunk->by_yours &&
		!sides_agree(texts, hunk);
}

bool
hunks_find(const char *const *text, const int *len, Hunks *result)
{
	LineTable  *table = linetable_create();
	int			allocated = 16;
	SideHunks	sides[NUM_TEXTS];

	for (int i = 0; i < NUM_TEXTS; i++)
	{
		if (!lines_read(&result->texts[i], table, text[i], len[i]))
			return false;
	}
	for (int i = TEXT_THEIRS; i < NUM_TEXTS; i++)
		sides[i] = side_hunks(&result->texts[TEXT_BASE], &result->texts[i],
							  lines_pair(table, &result->texts[TEXT_BASE],
										 &result->texts[i]));

	result->hunks = palloc(sizeof(Hunk) * allocated);
	result->count = result->conflicts = 0;
	while (sides[TEXT_THEIRS].at < sides[TEXT_THEIRS].count ||
		   sides[TEXT_YOURS].at < sides[TEXT_YOURS].count)
	{
		CHECK_FOR_INTERRUPTS();
		if (result->count == allocated)
		{
			allocated *= 2;
			result->hunks = repalloc(result->hunks, sizeof(Hunk) * allocated);
		}
		take_hunk(result->texts, &sides[TEXT_THEIRS], &sides[TEXT_YOURS],
				  &result->hunks[result->count]);
		if (result->hunks[result->count++].conflict)
			result->conflicts++;
	}
	return true;
}

/* ------------------------------------------------------------------ result */

/* Append lines of a text. */
static void
append_lines(StringInfo out, const Lines *lines, int from, int to)
{
	appendBinaryStringInfo(out, lines->text + lines->start[from],
						   lines->start[to] - lines->start[from]);
}

/*
 * Append a mark, on a line of its own.  The line before the mark, which may be
 * the last line of a text, is given a line end if it has none.
 */
static void
append_mark(StringInfo out, const char *mark)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		appendStringInfoChar(out, '\n');
	appendStringInfoString(out, mark);
	appendStringInfoChar(out, '\n');
}

/* Append a conflict: the lines of theirs, base and yours between marks. */
static void
append_conflict(StringInfo out, const Hunks *hunks, const Hunk *hunk)
{
	static const struct
	{
		const char *mark;
		int			text;
	}			order[] = {
		{"<<<<<<< theirs", TEXT_THEIRS},
		{"||||||| base", TEXT_BASE},
		{"=======", TEXT_YOURS}
	};

	for (int i = 0; i < lengthof(order); i++)
	{
		int			text = order[i].text;

		append_mark(out, order[i].mark);
		append_lines(out, &hunks->texts[text], hunk->from[text],
					 hunk->to[text]);
	}
	append_mark(out, ">>>>>>> yours");
}

void
hunks_merged(const Hunks *hunks, StringInfo out)
{
	const Lines *base = &hunks->texts[TEXT_BASE];
	int			at = 0;

	for (int i = 0; i < hunks->count; i++)
	{
		const Hunk *hunk = &hunks->hunks[i];
		int			text = hunk->by_theirs ? TEXT_THEIRS : TEXT_YOURS;

		append_lines(out, base, at, hunk->from[TEXT_BASE]);
		if (hunk->conflict)
			append_conflict(out, hunks, hunk);
		else
			append_lines(out, &hunks->texts[text], hunk->from[text],
						 hunk->to[text]);
		at = hunk->to[TEXT_BASE];
	}
	append_lines(out, base, at, base->count);
}

/* ----------------------------------------------------------- SQL functions */

/*
 * Find the hunks of the three texts that are the arguments of a function.
 * Raises MAPI_E_TOO_BIG if one of them has too many lines.
 */
static void
hunks_of_arguments(FunctionCallInfo fcinfo, Hunks *hunks)
{
	const char *texts[NUM_TEXTS];
	int			len[NUM_TEXTS];

	for (int i = 0; i < NUM_TEXTS; i++)
	{
		struct varlena *argument = PG_GETARG_TEXT_PP(i);

		texts[i] = VARDATA_ANY(argument);
		len[i] = VARSIZE_ANY_EXHDR(argument);
	}
	if (!hunks_find(texts, len, hunks))
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_BIG),
				 errmsg("a text with more than %d lines cannot be merged",
						LINES_MAX)));
}

/*
 * merge_text(base, theirs, yours) → (merged, conflicts)
 *
 * Return the text that results from the changes of both sides, and the number
 * of conflicts in it.  A conflict shows the lines of theirs, base and yours
 * between marks.
 */
PG_FUNCTION_INFO_V1(merge_text);
Datum
merge_text(PG_FUNCTION_ARGS)
{
	Hunks		hunks;
	StringInfoData out;
	Datum		values[2];
	bool		nulls[2] = {false};

	hunks_of_arguments(fcinfo, &hunks);
	initStringInfo(&out);
	hunks_merged(&hunks, &out);
	values[0] = PointerGetDatum(cstring_to_text_with_len(out.data, out.len));
	values[1] = Int32GetDatum(hunks.conflicts);
	return call_row(fcinfo, values, nulls);
}

/*
 * text_hunks(base, theirs, yours) → (hunk, side, is_conflict, base_line,
 *									  theirs_line, yours_line, base_text,
 *									  theirs_text, yours_text)
 *
 * Return one row per hunk, in the order of the lines: its number, from 1; the
 * side that made it, "theirs", "yours" or "both"; the number of its first line
 * in each text, from 1; and its lines in each text.
 */
PG_FUNCTION_INFO_V1(text_hunks);
Datum
text_hunks(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result;
	Hunks		hunks;

	hunks_of_arguments(fcinfo, &hunks);
	result = call_begin_set(fcinfo, &desc);
	for (int i = 0; i < hunks.count; i++)
	{
		const Hunk *hunk = &hunks.hunks[i];
		Datum		values[3 + 2 * NUM_TEXTS];
		bool		nulls[3 + 2 * NUM_TEXTS] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(!hunk->by_yours ? "theirs" :
										!hunk->by_theirs ? "yours" : "both");
		values[2] = BoolGetDatum(hunk->conflict);
		for (int t = 0; t < NUM_TEXTS; t++)
		{
			const Lines *lines = &hunks.texts[t];
			int			start = lines->start[hunk->from[t]];
			int			end = lines->start[hunk->to[t]];

			values[3 + t] = Int32GetDatum(hunk->from[t] + 1);
			values[3 + NUM_TEXTS + t] =
				PointerGetDatum(cstring_to_text_with_len(lines->text + start,
														 end - start));
		}
		tuplestore_putvalues(result, desc, values, nulls);
	}
	return (Datum) 0;
}
