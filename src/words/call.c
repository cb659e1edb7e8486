/*-------------------------------------------------------------------------
 *
 * call.c
 *	  Calls from SQL: arguments, and the rows and sets that are returned.
 *
 * NOTES
 *	  The row types of functions with OUT parameters are cached in
 *	  TopMemoryContext.  When any function is created, altered or dropped, all
 *	  row types are freed, and looked up again at their next use.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* The row type of a function with OUT parameters. */
typedef struct RowType
{
	Oid			function;
	TupleDesc	desc;			/* blessed */
	struct RowType *next;
} RowType;

static RowType *row_types = NULL;

void
call_null_argument(const char *name)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("argument \"%s\" must not be NULL", name)));
}

void
call_check_number(int64 number, const char *name)
{
	if (number < -MAX_NUMBER || number > MAX_NUMBER)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" is not below 2^53: %lld",
						name, (long long) number),
				 errhint("Ids and change numbers are below 2^53. Pass them on as they were returned.")));
}

/*
 * check_number(number, name) → void
 *
 * Raise MAPI_E_INVALID_PARAMETER, as call_number() does, unless the number,
 * which is the argument "name" of a function in SQL, is below 2^53.
 */
PG_FUNCTION_INFO_V1(check_number);
Datum
check_number(PG_FUNCTION_ARGS)
{
	call_check_number(PG_GETARG_INT64(0),
					  text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

int64
call_number(FunctionCallInfo fcinfo, int n, const char *name)
{
	REQUIRE_ARG(n, name);
	call_check_number(PG_GETARG_INT64(n), name);
	return PG_GETARG_INT64(n);
}

void
call_require_write(const char *what)
{
	PreventCommandIfReadOnly(what);
	PreventCommandIfParallelMode(what);
	PreventCommandDuringRecovery(what);
}

int64
call_bytes(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		call_null_argument(name);
	if (PG_GETARG_INT64(n) < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" must not be negative", name)));
	return PG_GETARG_INT64(n);
}

char *
call_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

char *
call_actor(FunctionCallInfo fcinfo, int n)
{
	char	   *actor = call_text(fcinfo, n);

	if (actor != NULL && !text_is_name(actor))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"actor\" must have at most %d characters, and no control character",
						MAX_NAME)));
	return actor;
}

Tuplestorestate *
call_begin_set(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		(rsinfo->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));

	caller = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	*desc = CreateTupleDescCopy(*desc);
	rsinfo->setDesc = *desc;
	rsinfo->setResult = tuplestore_begin_heap(true, false, work_mem);
	rsinfo->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(caller);
	return rsinfo->setResult;
}

/* Callback of the system cache: forget all row types. */
static void
functions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	while (row_types != NULL)
	{
		RowType    *type = row_types;

		row_types = type->next;
		FreeTupleDesc(type->desc);
		pfree(type);
	}
}

/*
 * Return the row type of the function that is being called.  Looking up a row
 * type in the catalogs takes a good part of the time of a refused save, hence
 * the cache.
 */
static TupleDesc
row_type(FunctionCallInfo fcinfo)
{
	static bool registered = false;
	Oid			function = fcinfo->flinfo->fn_oid;
	MemoryContext caller;
	TupleDesc	desc;
	RowType    *type;

	for (type = row_types; type != NULL; type = type->next)
	{
		if (type->function == function)
			return type->desc;
	}
	if (!registered)
	{
		CacheRegisterSyscacheCallback(PROCOID, functions_changed, (Datum) 0);
		registered = true;
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	caller = MemoryContextSwitchTo(TopMemoryContext);
	desc = BlessTupleDesc(CreateTupleDescCopy(desc));
	type = palloc(sizeof(RowType));
	MemoryContextSwitchTo(caller);
	type->function = function;
	type->desc = desc;
	type->next = row_types;
	row_types = type;
	return desc;
}

Datum
call_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	return HeapTupleGetDatum(heap_form_tuple(row_type(fcinfo), values,
											 nulls));
}
