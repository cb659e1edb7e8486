/*-------------------------------------------------------------------------
 *
 * request.c
 *	  Requests: the names that clients give to saves, so that a repeated call
 *	  is answered and not carried out.
 *
 * NOTES
 *	  A request is recorded in the change that it made (change.c), so record
 *	  and change stand and fall together, and a refused call leaves nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "storage/lmgr.h"

#define MAX_REQUEST		255		/* characters of a request */

void
request_arguments(FunctionCallInfo fcinfo, int n, Author *author)
{
	author->request = call_text(fcinfo, n);
	author->actor = call_actor(fcinfo, n + 1);
	if (author->request == NULL)
		return;
	if (author->request[0] == '\0' ||
		pg_mbstrlen(author->request) > MAX_REQUEST)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"request\" must have 1 to %d characters",
						MAX_REQUEST)));
}

bool
request_created_before(int64 store_id, const Author *author,
					   int64 *message_id, int64 *number)
{
	const char *request = author->request;

	if (request == NULL)
		return false;
	LockDatabaseObject(relation_oid(REL_CHANGE),
					   hash_bytes((const unsigned char *) request,
								  strlen(request)), 0, ExclusiveLock);
	*message_id = 0;
	return change_requested(store_id, request, message_id, number);
}

bool
request_saved_before(const SaveRequest *request, int64 *number)
{
	int64		message_id = request->message_id;

	return request->author.request != NULL &&
		change_requested(request->store_id, request->author.request,
						 &message_id, number);
}
