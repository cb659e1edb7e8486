/*-------------------------------------------------------------------------
 *
 * result.c
 *	  The names of result codes.
 *
 * NOTES
 *	  libmsgstore.h is installed by itself, so it has the numbers of MAPI
 *	  written out.  The assertions below compare these numbers with mapi.h,
 *	  which is made from the facts that the server is built from.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>

#include "libmsgstore.h"
#include "mapi.h"

#define EQUAL(ours, name) \
	_Static_assert((ours) == (name), #ours " is not " #name)

EQUAL(MSGSTORE_S_OK, S_OK);
EQUAL(MSGSTORE_W_PARTIAL_COMPLETION, MAPI_W_PARTIAL_COMPLETION);
EQUAL(MSGSTORE_E_UNKNOWN_FLAGS, MAPI_E_UNKNOWN_FLAGS);
EQUAL(MSGSTORE_E_INVALID_OBJECT, MAPI_E_INVALID_OBJECT);
EQUAL(MSGSTORE_E_OBJECT_CHANGED, MAPI_E_OBJECT_CHANGED);
EQUAL(MSGSTORE_E_OBJECT_DELETED, MAPI_E_OBJECT_DELETED);
EQUAL(MSGSTORE_E_NOT_FOUND, MAPI_E_NOT_FOUND);
EQUAL(MSGSTORE_E_UNABLE_TO_COMPLETE, MAPI_E_UNABLE_TO_COMPLETE);
EQUAL(MSGSTORE_E_SUBMITTED, MAPI_E_SUBMITTED);
EQUAL(MSGSTORE_E_NO_ACCESS, MAPI_E_NO_ACCESS);
EQUAL(MSGSTORE_E_INVALID_PARAMETER, MAPI_E_INVALID_PARAMETER);

EQUAL(MSGSTORE_MODIFY, MAPI_MODIFY);
EQUAL(MSGSTORE_SHOW_SOFT_DELETES, SHOW_SOFT_DELETES);
EQUAL(MSGSTORE_BEST_ACCESS, MAPI_BEST_ACCESS);
EQUAL(MSGSTORE_CREATE, MAPI_CREATE);
EQUAL(MSGSTORE_MODRECIP_ADD, MODRECIP_ADD);
EQUAL(MSGSTORE_MODRECIP_MODIFY, MODRECIP_MODIFY);
EQUAL(MSGSTORE_MODRECIP_REMOVE, MODRECIP_REMOVE);
EQUAL(MSGSTORE_KEEP_OPEN_READONLY, KEEP_OPEN_READONLY);
EQUAL(MSGSTORE_KEEP_OPEN_READWRITE, KEEP_OPEN_READWRITE);
EQUAL(MSGSTORE_FORCE_SAVE, FORCE_SAVE);
EQUAL(MSGSTORE_PARK_REFUSED, PARK_REFUSED);
EQUAL(MSGSTORE_DELETE_HARD_DELETE, DELETE_HARD_DELETE);

static const struct
{
	int32_t		code;
	const char *name;
}			result_names[] =
{
	{MSGSTORE_S_OK, "S_OK"},
	{MSGSTORE_W_PARTIAL_COMPLETION, "MAPI_W_PARTIAL_COMPLETION"},
	{MSGSTORE_E_UNKNOWN_FLAGS, "MAPI_E_UNKNOWN_FLAGS"},
	{MSGSTORE_E_INVALID_OBJECT, "MAPI_E_INVALID_OBJECT"},
	{MSGSTORE_E_OBJECT_CHANGED, "MAPI_E_OBJECT_CHANGED"},
	{MSGSTORE_E_OBJECT_DELETED, "MAPI_E_OBJECT_DELETED"},
	{MSGSTORE_E_NOT_FOUND, "MAPI_E_NOT_FOUND"},
	{MSGSTORE_E_UNABLE_TO_COMPLETE, "MAPI_E_UNABLE_TO_COMPLETE"},
	{MSGSTORE_E_SUBMITTED, "MAPI_E_SUBMITTED"},
	{MSGSTORE_E_NO_ACCESS, "MAPI_E_NO_ACCESS"},
	{MSGSTORE_E_INVALID_PARAMETER, "MAPI_E_INVALID_PARAMETER"},
};

const char *
msgstore_result_name(int32_t result)
{
	static __thread char hex[16];

	for (size_t i = 0; i < sizeof(result_names) / sizeof(*result_names); i++)
	{
		if (result_names[i].code == result)
			return result_names[i].name;
	}
	snprintf(hex, sizeof(hex), "0x%08" PRIX32, (uint32_t) result);
	return hex;
}
