/*-------------------------------------------------------------------------
 *
 * query.c
 *	  Runs the SQL statements: everything off the hot path that reads or writes
 *	  tables through SPI.
 *
 * NOTES
 *	  The statements stand in tables by their nouns (querystore.c and the
 *	  others).  A statement receives values as parameters only.  query_run()
 *	  executes it with a plan that is saved for the life of the backend, as the
 *	  owner of the extension's tables, and with a fixed search_path, so that it
 *	  depends neither on the rights nor on the operators of the caller.  Callers
 *	  check the rights of the current role first, with access.c.  After an
 *	  error, the end of the (sub)transaction restores user id and settings.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "query.h"

static const Statement *const tables[] = {
	query_store_statements, query_folder_statements, query_message_statements,
	query_blob_statements, query_feed_statements
};

/* The statements that this backend has run, with their plans. */
static struct
{
	const Statement *statement;
	SPIPlanPtr	plan;
}			prepared[NUM_QUERIES];

/* Return a statement of the tables. */
static const Statement *
find_statement(QueryName which)
{
	for (int i = 0; i < lengthof(tables); i++)
	{
		for (const Statement *at = tables[i]; at->sql != NULL; at++)
		{
			if (at->name == which)
				return at;
		}
	}
	elog(ERROR, "there is no statement %d", which);
}

/* Return true if a statement sees what the statement that calls us sees. */
static bool
sees_as_caller(QueryName which)
{
	return which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND ||
		which == QUERY_SEARCH_ALL || IsInParallelMode();
}

/*
 * Return true if one plan serves all values.  The planner expects more rows of
 * $2 than a search has, and would plan each search anew, which costs more than
 * the search for a rare word.  The planner also expects that few of the changes
 * are new to a reader of the feed, and would plan each page anew.
 */
static bool
is_planned_once(QueryName which)
{
	return which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND ||
		which == QUERY_SEARCH_ALL || which == QUERY_FEED_PAGE;
}

/*
 * Have a statement planned with the order of an index only.
 *
 * One call of a function can run the statements on named properties many
 * times, and every reader of the feed runs its statement all the time.  Their
 * plans must suit large tables even if the tables are empty when the plan is
 * made, when all indexes cost the same.  One folder can have most rows of the
 * table of counts when the plan is made, and few after they were folded.
 */
static void
plan_by_index(QueryName which)
{
	static const char *const named[] = {"enable_seqscan", "enable_sort", NULL};
	static const char *const feed[] = {"enable_seqscan", "enable_bitmapscan",
	"jit", NULL};
	static const char *const search[] = {"enable_seqscan", "jit", NULL};
	static const char *const count[] = {"enable_seqscan", NULL};
	const char *const *off = NULL;

	if (which == QUERY_NAMED_FIND || which == QUERY_NAMED_READ ||
		which == QUERY_NAMED_NEXT)
		off = named;
	else if (which == QUERY_FEED_PAGE || which == QUERY_FEED_MESSAGES)
		off = feed;
	else if (which == QUERY_SEARCH_RANK || which == QUERY_SEARCH_FIND)
		off = search;
	else if (which == QUERY_COUNT_READ || which == QUERY_COUNT_FOLD)
		off = count;
	for (; off != NULL && *off != NULL; off++)
		(void) set_config_option(*off, "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/* Prepare a statement and keep its plan, unless that is done. */
static void
prepare(QueryName which)
{
	const Statement *statement;
	SPIPlanPtr	plan;
	int			nargs = 0;
	Oid			types[MAX_ARGS];

	if (prepared[which].plan != NULL)
		return;
	statement = find_statement(which);
	while (nargs < MAX_ARGS && OidIsValid(statement->types[nargs]))
	{
		types[nargs] = statement->types[nargs];
		nargs++;
	}
	plan = SPI_prepare_cursor(statement->sql, nargs, types,
							  is_planned_once(which) ?
							  CURSOR_OPT_GENERIC_PLAN : 0);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare statement %d", which);
	prepared[which].statement = statement;
	prepared[which].plan = plan;
}

/*
 * Run a statement and return the number of rows.
 *
 * In every isolation level a statement sees all rows that are committed by
 * now.  For example, a prune that has waited while a draft was parked must see
 * the draft.  A parallel query cannot take a new snapshot: there the statement
 * uses the active snapshot, and so does a search everywhere.
 */
uint64
query_run(QueryName which, Datum *values, const char *nulls)
{
	Oid			userid;
	int			security;
	int			guc_level;
	int			result;
	bool		writes;

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(relation_owner(), security |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	guc_level = NewGUCNestLevel();
	compat_restrict_search_path();
	plan_by_index(which);

	prepare(which);
	writes = prepared[which].statement->writes;
	result = SPI_execute_snapshot(prepared[which].plan, values, nulls,
								  sees_as_caller(which) ?
								  GetActiveSnapshot() :
								  GetLatestSnapshot(), InvalidSnapshot,
								  !writes, writes, 0);
	if (result < 0)
		elog(ERROR, "statement %d failed: %s", which,
			 SPI_result_code_string(result));

	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(userid, security);
	return SPI_processed;
}

int64
query_result_bigint(void)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
}
