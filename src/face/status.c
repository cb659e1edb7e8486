/*-------------------------------------------------------------------------
 *
 * status.c
 *	  The status of a message: bits that clients set beside its version.
 *
 * NOTES
 *	  The status is one for all users.  It stands in a row of its own, so that
 *	  setting it makes no new version, and no save writes an older status back.
 *	  One statement reads the old bits and writes the new ones under the lock
 *	  of that row; concurrent calls follow each other.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/builtins.h"

/*
 * set_message_status(store_id, message_id, status, mask, actor) → integer
 *
 * Set the bits of PR_MSG_STATUS that are in "mask" to those of "status", and
 * return the status before (R416).  The new status is
 * (old & ~mask) | (status & mask).
 *
 * Errors: MAPI_E_INVALID_PARAMETER if a bit is the store's own (R545),
 * MAPI_E_NOT_FOUND, also for a soft-deleted message; MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(set_message_status);
Datum
set_message_status(PG_FUNCTION_ARGS)
{
	Author		author = {call_actor(fcinfo, 4), NULL};
	int64		store_id;
	int64		message_id;
	int32		old;

	REQUIRE_ARG(2, "status");
	REQUIRE_ARG(3, "mask");
	call_require_write("set_message_status()");
	if (((PG_GETARG_INT32(2) | PG_GETARG_INT32(3)) &
		 MSGSTATUS_IN_CONFLICT) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("status bit 0x%X is set by the store alone",
						MSGSTATUS_IN_CONFLICT)));
	store_id = call_number(fcinfo, 0, "store_id");
	message_id = call_number(fcinfo, 1, "message_id");
	access_require_live(store_id, message_id, ACCESS_TO_EDIT);

	old = state_set_status(store_id, message_id, PG_GETARG_INT32(2),
						   PG_GETARG_INT32(3), author_actor(&author));
	wakeup_note(store_id);
	PG_RETURN_INT32(old);
}
