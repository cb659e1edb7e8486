/*-------------------------------------------------------------------------
 *
 * stats.c
 *	  The statistics of stores: counts them anew.  The view msgstore_stats
 *	  shows them, activity.c collects them.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "activity.h"

/*
 * recount_stats(store_id)
 *
 * Count the versions, the blobs and the bytes of a store by reading its
 * tables, and correct the statistics.  The counts of events cannot be counted
 * anew.  What other sessions have saved and not reported is counted twice.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for the store,
 * MAPI_E_NO_ACCESS unless the role owns it.
 */
PG_FUNCTION_INFO_V1(recount_stats);
Datum
recount_stats(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");

	call_require_write("recount_stats()");
	access_require_owner(store_id);
	activity_recount(store_id);
	PG_RETURN_VOID();
}
