/*-------------------------------------------------------------------------
 *
 * module.c
 *	  Start-up of the loadable module: its settings, and the files that must
 *	  register callbacks before anything else happens in the session.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomStringVariable("msgstore.actor",
							   "Sets the application's user on whose behalf messages are changed.",
							   "The user is recorded beside the role in every change.  The setting grants no rights.",
							   &change_actor_setting,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("msgstore.max_open_handles",
							"Sets the maximum number of handles that a session can have open.",
							"Handles that a transaction has closed count until the transaction ends.",
							&handle_max_open,
							1000, 1, 1000000,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
	compat_reserve_guc_prefix("msgstore");
	relation_init();
	handle_init();
}
