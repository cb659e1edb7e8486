/*-------------------------------------------------------------------------
 *
 * candidate.c
 *	  Candidates of a search: the messages that the index finds.
 *
 * NOTES
 *	  A message has a row of words per part of its text (searchrow.c), and the
 *	  index finds rows.  There are three kinds of queries.
 *
 *	  If the query names words of which one suffices, each row with one of the
 *	  words is ranked as it is found.  A message with one such row has the rank
 *	  of the row, since its other rows have none of the words.  A message with
 *	  several such rows has no higher rank than their sum: PostgreSQL divides
 *	  the weight of a word by the square of its place among equal words, which
 *	  are fewer in a row than in the message.
 *
 *	  If there are conditions that every result must match within one part of
 *	  its text (necessary()), the candidates are the messages that match those
 *	  of the conditions that the fewest rows match.  Which ones these are is
 *	  guessed from the statistics of the table, since the index has to find all
 *	  rows of a word before it returns the first.  Nothing is known of the
 *	  ranks, nor if a candidate matches the query.
 *
 *	  Otherwise, as in a query for messages without a word, every message of
 *	  the store or the folders is a candidate.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tsearch/ts_utils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "query.h"

#define MAX_NECESSARY	16		/* conditions for the index */
#define FIRST_LIMIT		1000	/* rows of a condition */
#define NEXT_LIMIT		8		/* times as many */

/*
 * A condition is used beside the rarest one if it has at most so many times
 * its rows.
 */
#define FEW_TIMES		4

/* The share of the rows that a word has at most if it is not common. */
#define RARE_SHARE		0.0001

/* The part of the rank that a sum of ranks may have lost by rounding. */
#define ROUNDING		1.0001

/* A query that a part of each result must match. */
typedef struct Condition
{
	Datum		query;
	double		share;			/* of all rows; 0: few, or not known */
} Condition;

/* A search for candidates. */
typedef struct Search
{
	int64		store_id;
	TSQuery		query;
	SearchHits	candidates;
} Search;

/* ------------------------------------------------------------------ queries */

static bool
is_operator(const QTNode *node, int8 oper)
{
	return node->valnode->type == QI_OPR &&
		node->valnode->qoperator.oper == oper;
}

static Datum
either(Datum a, Datum b)
{
	return DirectFunctionCall2(tsquery_or, a, b);
}

/*
 * Return a query that at least one part of every matching message matches, or
 * 0 if there is no such query.
 */
static Datum
necessary(QTNode *node)
{
	Datum		result = (Datum) 0;

	check_stack_depth();
	if (node->valnode->type == QI_VAL || is_operator(node, OP_PHRASE))
		return TSQueryGetDatum(QTN2QT(node));
	if (is_operator(node, OP_NOT))
		return (Datum) 0;
	for (int i = 0; i < node->nchild; i++)
	{
		Datum		part = necessary(node->child[i]);

		if (is_operator(node, OP_AND) && part != (Datum) 0)
			return part;
		if (is_operator(node, OP_OR) && part == (Datum) 0)
			return (Datum) 0;
		if (part != (Datum) 0)
			result = result == (Datum) 0 ? part : either(result, part);
	}
	return result;
}

/* Add what is necessary for each operand of the AND at the top of a query. */
static void
add_necessary(QTNode *node, Condition *conditions, int *count)
{
	Datum		query;

	check_stack_depth();
	if (is_operator(node, OP_AND))
	{
		for (int i = 0; i < node->nchild; i++)
			add_necessary(node->child[i], conditions, count);
		return;
	}
	query = *count < MAX_NECESSARY ? necessary(node) : (Datum) 0;
	if (query != (Datum) 0)
		conditions[(*count)++].query = query;
}

/*
 * Return a query for any word of a query, with "negated" also for those that a
 * message must not have; 0 if there is none.
 */
static Datum
any_word(QTNode *node, bool negated)
{
	Datum		result = (Datum) 0;

	check_stack_depth();
	if (node->valnode->type == QI_VAL)
		return TSQueryGetDatum(QTN2QT(node));
	if (is_operator(node, OP_NOT) && !negated)
		return (Datum) 0;
	for (int i = 0; i < node->nchild; i++)
	{
		Datum		part = any_word(node->child[i], negated);

		if (part != (Datum) 0)
			result = result == (Datum) 0 ? part : either(result, part);
	}
	return result;
}

/* Return true if a message matches a query with any of its words. */
static bool
is_any_of_words(QTNode *node)
{
	check_stack_depth();
	if (node->valnode->type == QI_VAL)
		return true;
	if (!is_operator(node, OP_OR))
		return false;
	for (int i = 0; i < node->nchild; i++)
	{
		if (!is_any_of_words(node->child[i]))
			return false;
	}
	return true;
}

/* Return the tree of a query that is not empty. */
static QTNode *
query_tree(TSQuery query)
{
	return QT2QTN(GETQUERY(query), GETOPERAND(query));
}

Datum
candidate_any_word(TSQuery query, bool negated)
{
	return any_word(query_tree(query), negated);
}

/* -------------------------------------------------------------- statistics */

/* Return the share of the rows that have a word, 0 if it is not common. */
static double
share_of_word(const AttStatsSlot * common, const char *word, int len)
{
	for (int i = 0; i < common->nvalues && i < common->nnumbers; i++)
	{
		text	   *value = DatumGetTextPP(common->values[i]);

		if (VARSIZE_ANY_EXHDR(value) == len &&
			memcmp(VARDATA_ANY(value), word, len) == 0)
			return common->numbers[i];
	}
	return 0;
}

/* Return the share of the rows that match a condition. */
static double
share_of(const AttStatsSlot * common, const QTNode *node)
{
	double		share = 0;

	check_stack_depth();
	if (node->valnode->type == QI_VAL)
		return share_of_word(common, node->word,
							 node->valnode->qoperand.length);
	for (int i = 0; i < node->nchild; i++)
	{
		double		part = share_of(common, node->child[i]);

		if (is_operator(node, OP_OR))
			share += part;
		else
			share = i == 0 ? part : Min(share, part);	/* a phrase */
	}
	return share;
}

/* Sort conditions by the share of the rows that match, the least first. */
static void
sort_conditions(Condition *conditions, int count)
{
	Oid			table = relation_oid(REL_MESSAGE_SEARCH);
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH,
										ObjectIdGetDatum(table),
										Int16GetDatum(get_attnum(table,
																 "words")),
										BoolGetDatum(false));
	AttStatsSlot common;

	for (int i = 0; i < count; i++)
		conditions[i].share = 0;
	if (!HeapTupleIsValid(tuple))
		return;
	if (get_attstatsslot(&common, tuple, STATISTIC_KIND_MCELEM, InvalidOid,
						 ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
	{
		for (int i = 0; i < count; i++)
		{
			Condition	next = conditions[i];
			int			at = i;

			next.share = share_of(&common,
								  query_tree(DatumGetTSQuery(next.query)));
			for (; at > 0 && conditions[at - 1].share > next.share; at--)
				conditions[at] = conditions[at - 1];
			conditions[at] = next;
		}
		free_attstatsslot(&common);
	}
	ReleaseSysCache(tuple);
}

/* -------------------------------------------------------------------- rows */

/* Return column n of the only row of a result, an array, or NULL. */
static ArrayType *
result_array(int n)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, n, &isnull);

	return isnull ? NULL : DatumGetArrayTypeP(datum);
}

/*
 * Return the rows that a statement has found, in a memory context: ids, and
 * with "has_ranks" ranks and parts.
 */
static SearchHits
take_rows(bool has_ranks, MemoryContext context)
{
	SearchHits	rows = {NULL, 0};
	ArrayType  *ids = result_array(1);
	const int64 *id;
	const float4 *rank;
	const int16 *part;

	if (ids == NULL)
		return rows;
	rows.count = ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids));
	rows.hits = MemoryContextAllocHuge(context, sizeof(SearchHit) * rows.count);
	id = (const int64 *) ARR_DATA_PTR(ids);
	rank = has_ranks ? (const float4 *) ARR_DATA_PTR(result_array(2)) : NULL;
	part = has_ranks ? (const int16 *) ARR_DATA_PTR(result_array(3)) : NULL;
	for (int64 i = 0; i < rows.count; i++)
	{
		SearchHit  *hit = &rows.hits[i];

		hit->message_id = id[i];
		hit->folder_id = 0;
		hit->is_ranked = has_ranks;
		hit->rank = has_ranks ? rank[i] : get_float4_infinity();
		hit->part = has_ranks ? part[i] : -1;
	}
	return rows;
}

/* qsort() comparator: by message. */
static int
compare_messages(const void *a, const void *b)
{
	int64		x = ((const SearchHit *) a)->message_id;
	int64		y = ((const SearchHit *) b)->message_id;

	return (x > y) - (x < y);
}

/*
 * Sort rows by message, and make one candidate of the rows of a message, with
 * a limit of its rank.
 */
static void
join_rows(SearchHits *rows)
{
	int64		count = 0;

	if (rows->count > 1)
		qsort(rows->hits, rows->count, sizeof(SearchHit), compare_messages);
	for (int64 i = 0; i < rows->count; i++)
	{
		const SearchHit *hit = &rows->hits[i];
		SearchHit  *last = &rows->hits[count - 1];

		if (count == 0 || last->message_id != hit->message_id)
		{
			rows->hits[count++] = *hit;
			continue;
		}
		last->is_ranked = false;
		last->part = -1;
		last->rank = (last->rank + hit->rank) * ROUNDING;
	}
	rows->count = count;
}

/* Drop the candidates that are not among others; both are sorted. */
static void
intersect(SearchHits *candidates, const SearchHits *others)
{
	int64		count = 0;
	int64		at = 0;

	for (int64 i = 0; i < candidates->count; i++)
	{
		int64		id = candidates->hits[i].message_id;

		while (at < others->count && others->hits[at].message_id < id)
			at++;
		if (at < others->count && others->hits[at].message_id == id)
			candidates->hits[count++] = candidates->hits[i];
	}
	candidates->count = count;
}

/* Return the rows that match a condition, no more than a limit. */
static SearchHits
find_rows(const Search *search, Datum condition, int64 limit)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		values[3] = {Int64GetDatum(search->store_id), condition,
	Int64GetDatum(limit)};
	SearchHits	rows;

	SPI_connect();
	query_run(QUERY_SEARCH_FIND, values, NULL);
	rows = take_rows(false, context);
	SPI_finish();
	return rows;
}

/*
 * Find the messages that match the rarest of the conditions, which are sorted.
 * The statistics may be wrong, or there are none.  So the rows of a condition
 * are limited, and with each greater limit more common conditions are tried.
 * Of several conditions with few rows, all are used.
 */
static void
find_by_conditions(Search *search, const Condition *conditions, int count)
{
	double		rarest = Max(conditions[0].share, RARE_SHARE);
	double		times = FEW_TIMES;
	bool		found = false;

	for (int64 limit = FIRST_LIMIT; !found; limit *= NEXT_LIMIT)
	{
		for (int i = 0; i < count; i++)
		{
			SearchHits	rows;

			CHECK_FOR_INTERRUPTS();
			if (conditions[i].share > rarest * (found ? FEW_TIMES : times))
				break;
			rows = find_rows(search, conditions[i].query, limit);
			if (rows.count >= limit)
			{
				pfree(rows.hits);
				continue;
			}
			join_rows(&rows);
			if (found)
				intersect(&search->candidates, &rows);
			else
				search->candidates = rows;
			found = true;
		}
		times *= NEXT_LIMIT;
	}
}

/* Find the rows that have a word of the query, with their ranks. */
static void
find_ranked(Search *search)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		values[2] = {Int64GetDatum(search->store_id),
	TSQueryGetDatum(search->query)};

	SPI_connect();
	query_run(QUERY_SEARCH_RANK, values, NULL);
	search->candidates = take_rows(true, context);
	SPI_finish();
	join_rows(&search->candidates);
}

/* Find all messages that are searched, of all folders or those of an array. */
static void
find_all(Search *search, Datum folders)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		values[2] = {Int64GetDatum(search->store_id), folders};

	SPI_connect();
	query_run(QUERY_SEARCH_ALL, values, folders == (Datum) 0 ? " n" : NULL);
	search->candidates = take_rows(false, context);
	SPI_finish();
}

SearchHits
candidate_find(int64 store_id, TSQuery query, Datum folders)
{
	Search		search = {store_id, query, {NULL, 0}};
	QTNode	   *tree = query_tree(query);
	Condition	conditions[MAX_NECESSARY];
	int			count = 0;

	if (is_any_of_words(tree))
		find_ranked(&search);
	else
	{
		add_necessary(tree, conditions, &count);
		if (count > 1)
			sort_conditions(conditions, count);
		if (count > 0)
			find_by_conditions(&search, conditions, count);
		else
			find_all(&search, folders);
	}
	return search.candidates;
}
