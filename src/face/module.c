/*-------------------------------------------------------------------------
 *
 * module.c
 *	  Start-up of the loadable module: its settings, and the rooms that must
 *	  know from the beginning what happens in the session.
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
							   "The application's user on whose behalf messages are changed.",
							   "Recorded beside the role with every change; grants nothing.",
							   &change_actor_setting,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("msgstore.max_open_handles",
							"The most handles that one session can have open.",
							"Handles closed in a transaction that could still be rolled back count too.",
							&handle_max_open,
							1000, 1, 1000000,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
	compat_reserve_guc_prefix("msgstore");
	relation_init();
	handle_init();
}
