/*-------------------------------------------------------------------------
 *
 * throw.c
 *	  throw_if_failed(), which turns the failure of any call into an error.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

/*
 * throw_if_failed(result, handle) → hresult
 *
 * Return the result if it is a success or a warning, else raise it as an error
 * whose SQLSTATE stands for the code.  With an open handle of the caller, the
 * error's DETAIL is the conflict report of the handle as JSON.  The handle may
 * be NULL, and need not be open, so that any call can be wrapped.
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
