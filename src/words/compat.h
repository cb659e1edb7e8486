/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between the supported versions of PostgreSQL (13 to 18).
 *
 * NOTES
 *	  This is the only file of the module that uses PG_VERSION_NUM.  All other
 *	  files are written for the newest version, or use a name that is defined
 *	  in this file and begins with compat_ or COMPAT_.  Each block names the
 *	  version that made the change; the block can be removed once no older
 *	  version is supported.
 *
 *-------------------------------------------------------------------------
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#if PG_VERSION_NUM < 130000
#error "msgstore needs PostgreSQL 13 or later"
#endif

/* PostgreSQL 16 moved the variable-length macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * PostgreSQL 18 replaced pg_attribute_noreturn() by pg_noreturn, which stands
 * in front of a declaration.
 */
#if PG_VERSION_NUM < 180000 && !defined(pg_noreturn)
#define pg_noreturn		pg_attribute_noreturn()
#endif

/*
 * From PostgreSQL 16 on, PG_FUNCTION_INFO_V1() makes a function visible
 * outside the module, and all other symbols are hidden.  The Makefile hides
 * symbols in every version, so before 16 the macros below make the functions
 * visible.
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

/*
 * From PostgreSQL 16 on, table_tuple_update() reports which indexes need a new
 * entry; before, it reported only if they do.
 */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes CompatUpdateIndexes;

#define compat_needs_index_entries(update)	((update) != TU_None)
#define compat_needs_all_entries(update)	((update) == TU_All)
#else
typedef bool CompatUpdateIndexes;

#define compat_needs_index_entries(update)	(update)
#define compat_needs_all_entries(update)	(update)
#endif

/*
 * ExecInsertIndexTuples() takes the ResultRelInfo and "update" from PostgreSQL
 * 14 on, and "onlySummarizing" from 16 on.  Insert index entries for a tuple
 * that was updated, where "update" is the report of table_tuple_update(), or
 * for a tuple that was inserted.
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

/* PostgreSQL 14 renamed the oid of pg_lsn. */
#if PG_VERSION_NUM >= 140000
#define COMPAT_PG_LSN_OID	PG_LSNOID
#else
#define COMPAT_PG_LSN_OID	LSNOID
#endif

/*
 * index_insert() takes "indexUnchanged" from PostgreSQL 14 on: true if the key
 * is that of the tuple that was replaced.  Insert one entry into a B-tree,
 * which does not use its IndexInfo.
 */
#if PG_VERSION_NUM >= 140000
#define compat_index_insert_entry(index, values, nulls, tid, heap, check, \
								  unchanged) \
	((void) index_insert(index, values, nulls, tid, heap, check, unchanged, \
						 NULL))
#else
#define compat_index_insert_entry(index, values, nulls, tid, heap, check, \
								  unchanged) \
	((void) (unchanged), \
	 (void) index_insert(index, values, nulls, tid, heap, check, NULL))
#endif

/*
 * PostgreSQL 14 added pg_do_encoding_conversion_buf(), which raises no error.
 * Convert bytes into a buffer with an end mark, and return the number of bytes
 * that were converted; before 14, none are.
 */
#if PG_VERSION_NUM >= 140000
#define compat_convert(proc, from, to, bytes, len, buffer, size) \
	pg_do_encoding_conversion_buf(proc, from, to, bytes, len, buffer, size, \
								  true)
#else
#define compat_convert(proc, from, to, bytes, len, buffer, size) \
	((void) (proc), (void) (bytes), (void) (len), (void) (size), 0)
#endif

/* PostgreSQL 18 added an argument for instrumentation. */
#if PG_VERSION_NUM >= 180000
#define compat_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, norderbys)
#else
#define compat_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, nkeys, norderbys)
#endif

/*
 * PostgreSQL 14 added the argument readOnlyTree to ProcessUtility_hook.
 * Declare a hook with COMPAT_UTILITY_PARAMS, and call the next hook with
 * COMPAT_UTILITY_ARGS.
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

/*
 * Reserve our prefix of settings.  From PostgreSQL 15 on, setting an undefined
 * parameter with this prefix is an error; before, there was only a warning.
 */
#if PG_VERSION_NUM >= 150000
#define compat_reserve_guc_prefix(prefix)	MarkGUCPrefixReserved(prefix)
#else
#define compat_reserve_guc_prefix(prefix)	EmitWarningsOnPlaceholders(prefix)
#endif

/*
 * Set the search_path for code that runs as the tables' owner: pg_catalog and,
 * last, pg_temp.  The caller must have opened a GUC nesting level, and must
 * close it.  PostgreSQL 17 added a function for this.
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
 * Report bad input, and return "dummy" from the calling function unless the
 * report raises an error.  From PostgreSQL 16 on, the context of an input
 * function may ask for a report without an error.
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

/* Convert an integer to a numeric.  PostgreSQL 14 added a C function for this. */
#if PG_VERSION_NUM >= 140000
#define compat_int64_to_numeric(number)	int64_to_numeric(number)
#else
#define compat_int64_to_numeric(number) \
	DatumGetNumeric(DirectFunctionCall1(int8_numeric, Int64GetDatum(number)))
#endif

/*
 * PostgreSQL 15 moved GetXLogReplayRecPtr() to a header of its own, and
 * replaced ThisTimeLineID, the timeline of the WAL that is written.  Before,
 * RecoveryInProgress() sets it.
 */
#if PG_VERSION_NUM >= 150000
#include "access/xlogrecovery.h"
#define compat_insert_timeline()	GetWALInsertionTimeLine()
#else
#define compat_insert_timeline()	ThisTimeLineID
#endif

/*
 * The newest transaction that has ended.  The variable was given an epoch in
 * PostgreSQL 14, and another name in 17.
 */
#if PG_VERSION_NUM >= 170000
#define compat_latest_completed() \
	XidFromFullTransactionId(TransamVariables->latestCompletedXid)
#elif PG_VERSION_NUM >= 140000
#define compat_latest_completed() \
	XidFromFullTransactionId(ShmemVariableCache->latestCompletedXid)
#else
#define compat_latest_completed()	(ShmemVariableCache->latestCompletedXid)
#endif

#endif							/* COMPAT_H */
