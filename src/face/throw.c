/*-------------------------------------------------------------------------
 *
 * throw.c
 *	  The strict form of every call, by composition: a failure becomes the
 *	  error of its class.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

/*
 * throw_if_failed(hresult, handle int4) returns hresult
 *
 * Returns a success as it came; raises a failure as the error of its class.
 * With a handle of the caller's, DETAIL is its conflict report as JSON
 * (conflict.c).  The handle may be NULL, and need not be open: a call that
 * closed or never opened one can be wrapped as well.
 */
PG_FUNCTION_INFO_V1(hresult_throw_if_failed);
Datum
hresult_throw_if_failed(PG_FUNCTION_ARGS)
{
	int32		code;
	const char *name;
	const char *report = NULL;

	REQUIRE_ARG(0, "result");
	code = PG_GETARG_INT32(0);
	if (code >= 0)
		PG_RETURN_INT32(code);

	if (!PG_ARGISNULL(1))
		report = conflict_json(code, PG_GETARG_INT32(1));
	name = hresult_name(code);
	ereport(ERROR,
			(errmapi(code),
			 name != NULL ? errmsg("the call failed with %s", name) :
			 errmsg("the call failed with 0x%08X", (uint32) code),
			 report != NULL ? errdetail_internal("%s", report) : 0,
			 code == MAPI_E_OBJECT_CHANGED ?
			 errhint("Look at conflict(), then refresh the handle and edit again, use resolve_conflict(), or save with FORCE_SAVE.") : 0));
	PG_RETURN_NULL();			/* keep compiler quiet */
}
