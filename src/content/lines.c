/*-------------------------------------------------------------------------
 *
 * lines.c
 *	  Texts as lines, and the lines that two texts have in common.
 *
 * NOTES
 *	  Lines are paired by the algorithm of Myers ("An O(ND) difference
 *	  algorithm and its variations", 1986) in linear space: the box between two
 *	  texts is split where a shortest path of insertions and deletions, walked
 *	  from both corners at once, meets itself.  Lines that only one of the texts
 *	  has take no part.  Then groups of unpaired lines are moved towards the
 *	  end of the text, so that texts of equal lines are paired in one way only.
 *
 *	  Memory is proportional to the number of lines.  The work on one box is
 *	  bounded: a box whose path is longer than MAX_COST has no pairs, which is
 *	  a correct answer, though not a short one.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#define MAX_COST		8192	/* lines inserted and deleted per box, halved */
#define FIRST_SLOTS		256		/* a power of 2 */

/* ------------------------------------------------------------------- lines */

/* A line whose first occurrence was seen in one of the texts of a table. */
typedef struct KnownLine
{
	const char *start;
	int			len;
	uint32		hash;
} KnownLine;

/* The different lines of all texts of a table; slots hold a line's id + 1. */
struct LineTable
{
	KnownLine  *lines;
	int			count;
	int			allocated;
	int		   *slots;
	int			nslots;			/* a power of 2 */
};

LineTable *
linetable_create(void)
{
	LineTable  *table = palloc0(sizeof(LineTable));

	table->allocated = FIRST_SLOTS / 2;
	table->lines = palloc(sizeof(KnownLine) * table->allocated);
	table->nslots = FIRST_SLOTS;
	table->slots = palloc0(sizeof(int) * table->nslots);
	return table;
}

/* Return the slot of a line, or the free slot in which it can be put. */
static int *
find_slot(const LineTable *table, const char *start, int len, uint32 hash)
{
	uint32		at = hash & (table->nslots - 1);

	while (table->slots[at] != 0)
	{
		const KnownLine *known = &table->lines[table->slots[at] - 1];

		if (known->hash == hash && known->len == len &&
			memcmp(known->start, start, len) == 0)
			break;
		at = (at + 1) & (table->nslots - 1);
	}
	return &table->slots[at];
}

/* Double the table. */
static void
enlarge(LineTable *table)
{
	table->allocated *= 2;
	table->lines = repalloc(table->lines,
							sizeof(KnownLine) * table->allocated);
	pfree(table->slots);
	table->nslots *= 2;
	table->slots = palloc0(sizeof(int) * table->nslots);
	for (int i = 0; i < table->count; i++)
	{
		const KnownLine *known = &table->lines[i];

		*find_slot(table, known->start, known->len, known->hash) = i + 1;
	}
}

/* Return the id of a line: the number of different lines before it. */
static int
line_id(LineTable *table, const char *start, int len)
{
	uint32		hash = hash_bytes((const unsigned char *) start, len);
	int		   *slot = find_slot(table, start, len, hash);
	KnownLine  *known;

	if (*slot != 0)
		return *slot - 1;
	if (table->count == table->allocated)
	{
		enlarge(table);
		slot = find_slot(table, start, len, hash);
	}
	known = &table->lines[table->count];
	known->start = start;
	known->len = len;
	known->hash = hash;
	*slot = ++table->count;
	return *slot - 1;
}

bool
lines_read(Lines *lines, LineTable *table, const char *text, int len)
{
	int			count = 0;

	for (const char *p = text; p < text + len; count++)
	{
		const char *end = memchr(p, '\n', text + len - p);

		if (count == LINES_MAX)
			return false;
		p = end == NULL ? text + len : end + 1;
	}
	lines->text = text;
	lines->count = count;
	lines->start = palloc(sizeof(int) * (count + 1));
	lines->id = palloc(sizeof(int) * (count + 1));
	lines->start[0] = 0;
	for (int i = 0; i < count; i++)
	{
		int			start = lines->start[i];
		const char *end = memchr(text + start, '\n', len - start);

		CHECK_FOR_INTERRUPTS();
		lines->start[i + 1] = end == NULL ? len : end + 1 - text;
		lines->id[i] = line_id(table, text + start,
							   lines->start[i + 1] - start);
	}
	return true;
}

/* ----------------------------------------------------------- shortest path */

/*
 * One of two texts whose lines are paired.  "common" are the ids of the lines
 * that the other text has too, and "place" their places in the text.
 */
typedef struct Side
{
	int			count;
	const int  *id;
	bool	   *single;			/* per line: not paired */
	int			ncommon;
	int		   *common;
	int		   *place;
} Side;

/*
 * The search for a path.  A diagonal is the difference of the places in both
 * texts.  "forward" and "backward" have the farthest place in the first text
 * that was reached on each diagonal; they may be indexed by negative numbers.
 */
typedef struct Search
{
	Side	   *a;
	Side	   *b;
	int		   *forward;
	int		   *backward;
} Search;

/* The lines a0 to a1 of the first text against b0 to b1 of the second. */
typedef struct Box
{
	int			a0;
	int			a1;
	int			b0;
	int			b1;
} Box;

/* The diagonals that a walk has reached, and the bounds of all diagonals. */
typedef struct Reach
{
	int			min;
	int			max;
	int			lowest;
	int			highest;
} Reach;

/* Reach one diagonal more on both sides; put "unset" beyond the last ones. */
static void
widen(Reach *reach, int *farthest, int unset)
{
	if (reach->min > reach->lowest)
		farthest[--reach->min - 1] = unset;
	else
		reach->min++;
	if (reach->max < reach->highest)
		farthest[++reach->max + 1] = unset;
	else
		reach->max--;
}

/*
 * Walk one step further from the start of a box, on all diagonals.  Returns
 * true if the walk meets the walk from the end, at *x in the first text.
 */
static bool
step_forward(const Search *search, const Box *box, const Reach *reach,
			 const Reach *other, bool meets, int *x, int *diagonal)
{
	int		   *far = search->forward;

	for (int d = reach->max; d >= reach->min; d -= 2)
	{
		int			i = far[d - 1] >= far[d + 1] ? far[d - 1] + 1 : far[d + 1];

		while (i < box->a1 && i - d < box->b1 &&
			   search->a->common[i] == search->b->common[i - d])
			i++;
		far[d] = i;
		if (meets && d >= other->min && d <= other->max &&
			search->backward[d] <= i)
		{
			*x = i;
			*diagonal = d;
			return true;
		}
	}
	return false;
}

/* Walk one step further from the end of a box, as step_forward() does. */
static bool
step_backward(const Search *search, const Box *box, const Reach *reach,
			  const Reach *other, bool meets, int *x, int *diagonal)
{
	int		   *far = search->backward;

	for (int d = reach->max; d >= reach->min; d -= 2)
	{
		int			i = far[d - 1] < far[d + 1] ? far[d - 1] : far[d + 1] - 1;

		while (i > box->a0 && i - d > box->b0 &&
			   search->a->common[i - 1] == search->b->common[i - d - 1])
			i--;
		far[d] = i;
		if (meets && d >= other->min && d <= other->max &&
			i <= search->forward[d])
		{
			*x = i;
			*diagonal = d;
			return true;
		}
	}
	return false;
}

/*
 * Find a point of a shortest path through a box, at which the box is split.
 * Returns false if the path is too long to be searched for.
 */
static bool
find_split(const Search *search, const Box *box, int *x, int *y)
{
	int			lowest = box->a0 - box->b1;
	int			highest = box->a1 - box->b0;
	int			start = box->a0 - box->b0;
	int			end = box->a1 - box->b1;
	Reach		forward = {start, start, lowest, highest};
	Reach		backward = {end, end, lowest, highest};
	bool		odd = ((start - end) & 1) != 0;
	int			diagonal;

	search->forward[start] = box->a0;
	search->backward[end] = box->a1;
	for (int cost = 0; cost < MAX_COST; cost++)
	{
		CHECK_FOR_INTERRUPTS();
		widen(&forward, search->forward, -1);
		if (step_forward(search, box, &forward, &backward, odd, x, &diagonal))
		{
			*y = *x - diagonal;
			return true;
		}
		widen(&backward, search->backward, PG_INT32_MAX);
		if (step_backward(search, box, &backward, &forward, !odd, x,
						  &diagonal))
		{
			*y = *x - diagonal;
			return true;
		}
	}
	return false;
}

/* Mark common lines of a text as not paired. */
static void
mark_single(Side *side, int from, int to)
{
	for (int i = from; i < to; i++)
		side->single[side->place[i]] = true;
}

/* Mark the lines of a box that are not on a shortest path through the box. */
static void
search_box(const Search *search, Box box)
{
	int			x,
				y;

	check_stack_depth();
	while (box.a0 < box.a1 && box.b0 < box.b1 &&
		   search->a->common[box.a0] == search->b->common[box.b0])
	{
		box.a0++;
		box.b0++;
	}
	while (box.a0 < box.a1 && box.b0 < box.b1 &&
		   search->a->common[box.a1 - 1] == search->b->common[box.b1 - 1])
	{
		box.a1--;
		box.b1--;
	}
	if (box.a0 == box.a1 || box.b0 == box.b1 ||
		!find_split(search, &box, &x, &y))
	{
		mark_single(search->a, box.a0, box.a1);
		mark_single(search->b, box.b0, box.b1);
	}
	else
	{
		Box			before = {box.a0, x, box.b0, y};
		Box			after = {x, box.a1, y, box.b1};

		search_box(search, before);
		search_box(search, after);
	}
}

/* ------------------------------------------------------------------ groups */

/*
 * A group of unpaired lines, from "start" up to "end", between two paired
 * lines; it may be empty.  Both texts have equally many groups.
 */
typedef struct LineGroup
{
	const Side *side;
	int			start;
	int			end;
} LineGroup;

/* Extend a group to all unpaired lines around it. */
static void
group_extend(LineGroup *group)
{
	const bool *single = group->side->single;

	while (group->start > 0 && single[group->start - 1])
		group->start--;
	while (group->end < group->side->count && single[group->end])
		group->end++;
}

/* Go to the next group or to the one before; false if there is no other. */
static bool
group_next(LineGroup *group)
{
	if (group->end == group->side->count)
		return false;
	group->start = group->end = group->end + 1;
	group_extend(group);
	return true;
}

static void
group_previous(LineGroup *group)
{
	Assert(group->start > 0);
	group->start = group->end = group->start - 1;
	group_extend(group);
}

/*
 * Move a group by one line: up if the line before the group equals its last
 * line, or down if the line behind it equals its first.  Groups that meet
 * become one.  Returns false if the group cannot be moved.
 */
static bool
group_move_up(LineGroup *group)
{
	const Side *side = group->side;

	if (group->start == 0 ||
		side->id[group->start - 1] != side->id[group->end - 1])
		return false;
	side->single[--group->start] = true;
	side->single[--group->end] = false;
	group_extend(group);
	return true;
}

static bool
group_move_down(LineGroup *group)
{
	const Side *side = group->side;

	if (group->end == side->count ||
		side->id[group->start] != side->id[group->end])
		return false;
	side->single[group->start++] = false;
	side->single[group->end++] = true;
	group_extend(group);
	return true;
}

/*
 * Move a group as far down as it goes, or less far if it then stands opposite
 * to unpaired lines of the other text, whose group *other is.
 */
static void
settle_group(LineGroup *group, LineGroup *other)
{
	int			size;
	bool		opposite;

	do
	{
		size = group->end - group->start;
		while (group_move_up(group))
			group_previous(other);
		opposite = other->end > other->start;
		while (group_move_down(group))
		{
			CHECK_FOR_INTERRUPTS();
			(void) group_next(other);
			if (other->end > other->start)
				opposite = true;
		}
	} while (size != group->end - group->start);

	while (opposite && other->end == other->start)
	{
		if (!group_move_up(group))
			break;				/* not reached: a move down was undone */
		group_previous(other);
	}
}

/* Settle all groups of a text. */
static void
settle_groups(const Side *side, const Side *other_side)
{
	LineGroup	group = {side, 0, 0};
	LineGroup	other = {other_side, 0, 0};

	group_extend(&group);
	group_extend(&other);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (group.end > group.start)
			settle_group(&group, &other);
	} while (group_next(&group) && group_next(&other));
}

/* ----------------------------------------------------------------- pairing */

/* Prepare a text: lines that the other text does not have are unpaired. */
static void
side_init(Side *side, const Lines *lines, const bool *in_other)
{
	side->count = lines->count;
	side->id = lines->id;
	side->single = palloc(lines->count + 1);
	side->common = palloc(sizeof(int) * (lines->count + 1));
	side->place = palloc(sizeof(int) * (lines->count + 1));
	side->ncommon = 0;
	for (int i = 0; i < lines->count; i++)
	{
		side->single[i] = !in_other[lines->id[i]];
		if (side->single[i])
			continue;
		side->common[side->ncommon] = lines->id[i];
		side->place[side->ncommon++] = i;
	}
}

/* Return an array that says for each id of a table if a text has the line. */
static bool *
ids_of(const LineTable *table, const Lines *lines)
{
	bool	   *found = palloc0(table->count + 1);

	for (int i = 0; i < lines->count; i++)
		found[lines->id[i]] = true;
	return found;
}

int *
lines_pair(const LineTable *table, const Lines *from, const Lines *to)
{
	int		   *partner = palloc(sizeof(int) * (from->count + 1));
	Side		a,
				b;
	Search		search;
	Box			whole = {0};
	int			diagonals;
	int			j = 0;

	search.a = &a;
	search.b = &b;
	side_init(&a, from, ids_of(table, to));
	side_init(&b, to, ids_of(table, from));
	/* diagonals from -ncommon of b to ncommon of a, and one beyond each end */
	diagonals = a.ncommon + b.ncommon + 3;
	search.forward = palloc(sizeof(int) * diagonals);
	search.backward = palloc(sizeof(int) * diagonals);
	search.forward += b.ncommon + 1;
	search.backward += b.ncommon + 1;
	whole.a1 = a.ncommon;
	whole.b1 = b.ncommon;
	search_box(&search, whole);
	settle_groups(&a, &b);
	settle_groups(&b, &a);

	for (int i = 0; i < from->count; i++)
	{
		partner[i] = -1;
		if (a.single[i])
			continue;
		while (b.single[j])
			j++;
		partner[i] = j++;
	}
	return partner;
}
