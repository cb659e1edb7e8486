/*-------------------------------------------------------------------------
 *
 * module.c
 *	  What belongs to the loadable module as a whole: settings, start-up, the
 *	  oids of the extension's relations and the row types of its functions.
 *
 * NOTES
 *	  The caches live as long as the backend.  Relcache invalidations of
 *	  a cached relation (DROP EXTENSION, ALTER ... RENAME) empty the one of
 *	  oids, and with it everything that was read from those relations, and
 *	  the one of row types, which go where the relations go.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "engine.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

char	   *msgstore_actor = NULL;
int			msgstore_max_open_handles = 1000;

static Oid	relids[NUM_RELATIONS];

static const char *const relnames[NUM_RELATIONS] = {
	"store",
	"folder",
	"folder_pkey",
	"message",
	"message_pkey",
	"change",
	"change_pkey",
	"node",
	"incarnation",
	"store_id_seq",
	"folder_id_seq",
	"message_id_seq",
	"parked_id_seq",
	"blob_id_seq",
	"change_number_seq"
};

/* The row type of a function with OUT parameters. */
typedef struct RowType
{
	Oid			function;
	TupleDesc	desc;			/* blessed */
	struct RowType *next;
} RowType;

static RowType *row_types = NULL;

static void
forget_row_types(void)
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
 * A relation changed.  Store and node are invalidated on purpose, by the
 * functions that change their rows.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int i = 0; i < NUM_RELATIONS; i++)
	{
		if (relid != InvalidOid && relid != relids[i])
			continue;
		if (i == REL_STORE || relid == InvalidOid)
			access_forget();
		if (i == REL_NODE || i == REL_INCARNATION ||
			i == REL_CHANGE_NUMBER_SEQ || relid == InvalidOid)
			number_forget();
		forget_row_types();
		relids[i] = InvalidOid;
	}
}

void
_PG_init(void)
{
	DefineCustomStringVariable("msgstore.actor",
							   "The application's user on whose behalf messages are changed.",
							   "Recorded beside the role with every change; grants nothing.",
							   &msgstore_actor,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("msgstore.max_open_handles",
							"The most handles that one session can have open.",
							"Handles closed in a transaction that could still be rolled back count too.",
							&msgstore_max_open_handles,
							1000, 1, 1000000,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
	compat_reserve_guc_prefix("msgstore");
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	handle_init();
}

Oid
module_relid(StoreRelation which)
{
	if (!OidIsValid(relids[which]))
	{
		Oid			schema = get_namespace_oid("msgstore", false);
		Oid			relid = get_relname_relid(relnames[which], schema);

		if (!OidIsValid(relid))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("relation \"msgstore.%s\" does not exist",
							relnames[which]),
					 errhint("The extension's objects are incomplete; create the extension anew.")));
		relids[which] = relid;
	}
	return relids[which];
}

bool
module_installed(void)
{
	Oid			schema;

	if (OidIsValid(relids[REL_STORE]))
		return true;
	schema = get_namespace_oid("msgstore", true);
	return OidIsValid(schema) &&
		OidIsValid(get_relname_relid(relnames[REL_STORE], schema));
}

void
module_null_argument(const char *name)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("argument \"%s\" must not be NULL", name)));
}

void
module_require_write(const char *what)
{
	PreventCommandIfReadOnly(what);
	PreventCommandIfParallelMode(what);
	PreventCommandDuringRecovery(what);
}

Tuplestorestate *
module_begin_set(FunctionCallInfo fcinfo, TupleDesc *desc)
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

/*
 * The row type of the function that is being called.  Looking it up in the
 * catalogues costs a good part of what a refused save does.
 */
static TupleDesc
row_type(FunctionCallInfo fcinfo)
{
	Oid			function = fcinfo->flinfo->fn_oid;
	MemoryContext caller;
	TupleDesc	desc;
	RowType    *type;

	for (type = row_types; type != NULL; type = type->next)
	{
		if (type->function == function)
			return type->desc;
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
module_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	return HeapTupleGetDatum(heap_form_tuple(row_type(fcinfo), values,
											 nulls));
}
