/*-------------------------------------------------------------------------
 *
 * module.c
 *	  Start-up of the loadable module: its settings, and the files that must
 *	  register callbacks before anything else happens in the session.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(msgstore_version);

static const struct config_enum_entry handle_modes[] = {
	{"session", HANDLES_SESSION, false},
	{"transaction", HANDLES_TRANSACTION, false},
	{"off", HANDLES_OFF, false},
	{NULL, 0, false}
};

void
_PG_init(void)
{
	DefineCustomStringVariable("msgstore.actor",
							   "Sets the application's user on whose behalf messages are changed.",
							   "The user is recorded beside the role in every change.  The setting grants no rights.",
							   &author_setting,
							   "",
							   PGC_USERSET, 0,
							   author_check_setting, author_assign_setting,
							   NULL);
	author_setting_defined();
	DefineCustomEnumVariable("msgstore.handles",
							 "Sets how long handles live.",
							 "Behind a pooler that lends a session to another client after each transaction, handles must close with their transaction, or be off.",
							 &handle_mode,
							 HANDLES_SESSION, handle_modes,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("msgstore.max_open_handles",
							"Sets the maximum number of handles that a session can have open.",
							"Handles that a transaction has closed count until the transaction ends.",
							&handle_max_open,
							1000, 1, 1000000,
							PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("msgstore.max_pending",
							"Sets the maximum memory for the pending edits of all handles of a session.",
							"Values that a rollback could bring back count until the transaction ends.",
							&pending_max,
							1024 * 1024, 64, MAX_KILOBYTES,
							PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	compat_reserve_guc_prefix("msgstore");
	relation_init();
	handle_init();
}

/*
 * msgstore_version() → (module, script)
 *
 * Return the version of the loaded module, and of the script that has made
 * the extension's objects.
 */
Datum
msgstore_version(PG_FUNCTION_ARGS)
{
	char	   *script = relation_version();
	Datum		values[] = {CStringGetTextDatum(MSGSTORE_VERSION), (Datum) 0};
	bool		nulls[] = {false, script == NULL};

	if (script != NULL)
		values[1] = CStringGetTextDatum(script);
	return call_row(fcinfo, values, nulls);
}
