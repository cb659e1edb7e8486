/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between the supported versions of PostgreSQL (13 to 18).
 *
 * NOTES
 *	  The one file of the module with PG_VERSION_NUM in it.  The rest is
 *	  written for the newest version, or calls a name from here that begins
 *	  with compat_ or COMPAT_.  Each block says which version changed what, so
 *	  that it can go when that version is no longer supported.
 *
 *-------------------------------------------------------------------------
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#if PG_VERSION_NUM < 130000
#error "msgstore needs PostgreSQL 13 or later"
#endif

/* 16 moved the variable-length macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 writes what was pg_attribute_noreturn() in front of the declaration. */
#if PG_VERSION_NUM < 180000 && !defined(pg_noreturn)
#define pg_noreturn		pg_attribute_noreturn()
#endif

/*
 * 16 marks what a module declares with PG_FUNCTION_INFO_V1() as visible, and
 * hides everything else.  The Makefile hides it in all versions.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT		__attribute__((visibility("default")))

#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	extern PGDLLEXPORT const Pg_finfo_record *pg_finfo_##name(void); \
	const Pg_finfo_record * \
	pg_finfo_##name(void) \
	{ \
		static const Pg_finfo_record version = {1}; \
		return &version; \
	} \
	extern Datum name(PG_FUNCTION_ARGS)
#endif

/* 16: table_tuple_update() says which indexes need a new entry; before, if. */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes CompatUpdateIndexes;

#define compat_needs_index_entries(update)	((update) != TU_None)
#else
typedef bool CompatUpdateIndexes;

#define compat_needs_index_entries(update)	(update)
#endif

/*
 * 14 passes the ResultRelInfo and "update", 16 "only summarizing indexes".
 * For an update that table_tuple_update() has reported on, and an insert.
 */
#if PG_VERSION_NUM >= 160000
#define compat_index_update(rri, slot, estate, update) \
	((void) ExecInsertIndexTuples(rri, slot, estate, true, false, NULL, NIL, \
								  (update) == TU_Summarizing))
#define compat_index_insert(rri, slot, estate) \
	((void) ExecInsertIndexTuples(rri, slot, estate, false, false, NULL, NIL, \
								  false))
#elif PG_VERSION_NUM >= 140000
#define compat_index_update(rri, slot, estate, update) \
	((void) ExecInsertIndexTuples(rri, slot, estate, true, false, NULL, NIL))
#define compat_index_insert(rri, slot, estate) \
	((void) ExecInsertIndexTuples(rri, slot, estate, false, false, NULL, NIL))
#else
#define compat_index_update(rri, slot, estate, update) \
	((estate)->es_result_relation_info = (rri), \
	 (void) ExecInsertIndexTuples(slot, estate, false, NULL, NIL))
#define compat_index_insert(rri, slot, estate) \
	((estate)->es_result_relation_info = (rri), \
	 (void) ExecInsertIndexTuples(slot, estate, false, NULL, NIL))
#endif

/* 18 has an argument for instrumentation. */
#if PG_VERSION_NUM >= 180000
#define compat_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, norderbys)
#else
#define compat_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, nkeys, norderbys)
#endif

/*
 * 14 gave ProcessUtility_hook the argument readOnlyTree.  A hook is declared
 * with COMPAT_UTILITY_PARAMS and calls the next with COMPAT_UTILITY_ARGS.
 */
#if PG_VERSION_NUM >= 140000
#define COMPAT_UTILITY_PARAMS \
	PlannedStmt *pstmt, const char *queryString, bool readOnlyTree, \
	ProcessUtilityContext context, ParamListInfo params, \
	QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc
#define COMPAT_UTILITY_ARGS \
	pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc
#else
#define COMPAT_UTILITY_PARAMS \
	PlannedStmt *pstmt, const char *queryString, \
	ProcessUtilityContext context, ParamListInfo params, \
	QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc
#define COMPAT_UTILITY_ARGS \
	pstmt, queryString, context, params, queryEnv, dest, qc
#endif

/* 15: a setting of our prefix that nobody has defined is an error. */
#if PG_VERSION_NUM >= 150000
#define compat_reserve_guc_prefix(prefix)	MarkGUCPrefixReserved(prefix)
#else
#define compat_reserve_guc_prefix(prefix)	EmitWarningsOnPlaceholders(prefix)
#endif

/*
 * The search_path that code run as the tables' owner sees: pg_catalog and,
 * last, pg_temp.  The caller has opened a GUC nesting level and ends it.
 */
#if PG_VERSION_NUM >= 170000
#define compat_restrict_search_path()	RestrictSearchPath()
#else
#define compat_restrict_search_path() \
	((void) set_config_option("search_path", "pg_catalog, pg_temp", \
							  PGC_USERSET, PGC_S_SESSION, \
							  GUC_ACTION_SAVE, true, 0, false))
#endif

/*
 * 16: an input function may be asked to report bad input without raising it.
 * Ends the calling function, with the value "dummy" if it goes on at all.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#define compat_ereturn(context, dummy, ...) \
	ereturn(context, dummy, __VA_ARGS__)
#else
#define compat_ereturn(context, dummy, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy; \
	} while (0)
#endif

#endif							/* COMPAT_H */
