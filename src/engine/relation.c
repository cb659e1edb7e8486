/*-------------------------------------------------------------------------
 *
 * relation.c
 *	  The relations of the extension: their oids, their owner, and the
 *	  announcement of their changes.
 *
 * NOTES
 *	  Oids are cached for the life of the backend.  A relcache invalidation of
 *	  a cached relation (DROP EXTENSION, ALTER ... RENAME) empties its entry
 *	  and calls the relation's watcher, which discards what its source file has
 *	  cached of the relation's rows.  The functions that change rows of the
 *	  tables store and node send such an invalidation themselves.
 *
 *	  The statements of query.c and the functions in SQL name the schema
 *	  msgstore.  ALTER SCHEMA ... RENAME sends no relcache invalidation; after
 *	  any change of a schema, the next call looks for the schema again, and
 *	  raises an error with a hint if the schema has another name.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

static Oid	relids[NUM_RELATIONS];
static RelationWatcher watchers[NUM_RELATIONS];

/* the tables stand in schema msgstore, as of the last change of a schema */
static bool schema_found = false;

static const char *const relnames[NUM_RELATIONS] = {
	"store",
	"store_pkey",
	"folder",
	"folder_pkey",
	"message",
	"message_pkey",
	"message_folder",
	"message_deleted",
	"message_associated",
	"message_delivery",
	"message_sender",
	"change",
	"change_pkey",
	"folder_count",
	"folder_count_pkey",
	"activity",
	"activity_pkey",
	"author",
	"author_pkey",
	"author_hash",
	"parked_draft",
	"parked_draft_pkey",
	"blob",
	"blob_pkey",
	"read_page",
	"read_page_pkey",
	"read_mark",
	"read_mark_pkey",
	"message_status",
	"message_status_pkey",
	"store_state",
	"message_search",
	"message_search_pkey",
	"node",
	"incarnation",
	"imported",
	"number_marker",
	"store_id_seq",
	"folder_id_seq",
	"message_id_seq",
	"parked_id_seq",
	"blob_id_seq",
	"change_number_seq"
};

/*
 * Relcache callback: the relation has changed or, with InvalidOid, any
 * relation may have changed.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int i = 0; i < NUM_RELATIONS; i++)
	{
		if (relid != InvalidOid && relid != relids[i])
			continue;
		if (watchers[i] != NULL)
			watchers[i] ();
		relids[i] = InvalidOid;
	}
}

/* Syscache callback: schemas have changed. */
static void
schemas_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	schema_found = false;
}

void
relation_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schemas_changed, (Datum) 0);
}

void
relation_watch(StoreRelation which, RelationWatcher changed)
{
	Assert(watchers[which] == NULL || watchers[which] == changed);
	watchers[which] = changed;
}

void
relation_announce(StoreRelation which)
{
	CacheInvalidateRelcacheByRelid(relation_oid(which));
}

/*
 * Read the row of the extension: the name of its schema and its version, both
 * palloc'd.  Return false if the extension does not exist.
 */
static bool
read_extension(char **schema, char **version)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("msgstore"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(rel), &isnull);

		*schema = get_namespace_name(((Form_pg_extension) GETSTRUCT(tuple))->extnamespace);
		*version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

char *
relation_version(void)
{
	char	   *schema;
	char	   *version;

	return read_extension(&schema, &version) ? version : NULL;
}

/*
 * Raise an error if the extension's schema is not called msgstore.  Warn, once
 * per session, if the script is of another version than the module.
 */
static void
require_schema(void)
{
	static bool warned = false;
	char	   *schema;
	char	   *version;

	if (!read_extension(&schema, &version))
	{
		schema_found = true;
		return;
	}
	if (strcmp(schema, "msgstore") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("the schema of the extension msgstore was renamed to \"%s\"",
						schema),
				 errhint("Rename it back: ALTER SCHEMA %s RENAME TO msgstore.",
						 quote_identifier(schema))));
	schema_found = true;
	if (strcmp(version, MSGSTORE_VERSION) != 0 && !creating_extension &&
		!warned)
	{
		warned = true;
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the module and the extension msgstore have different versions"),
				 errdetail("The module has version %s, the extension has version %s.",
						   MSGSTORE_VERSION, version),
				 errhint("Run ALTER EXTENSION msgstore UPDATE, or install the module of that version and reconnect.")));
	}
}

Oid
relation_oid(StoreRelation which)
{
	if (!schema_found)
		require_schema();
	if (!OidIsValid(relids[which]))
	{
		Oid			schema = get_namespace_oid("msgstore", false);
		Oid			relid = get_relname_relid(relnames[which], schema);

		if (!OidIsValid(relid))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("relation \"msgstore.%s\" does not exist",
							relnames[which]),
					 errhint("The objects of the extension are incomplete. Drop the extension and create it again.")));
		relids[which] = relid;
	}
	return relids[which];
}

bool
relation_installed(void)
{
	Oid			schema;

	if (schema_found && OidIsValid(relids[REL_STORE]))
		return true;
	schema = get_namespace_oid("msgstore", true);
	return OidIsValid(schema) &&
		OidIsValid(get_relname_relid(relnames[REL_STORE], schema));
}

Oid
relation_owner(void)
{
	Relation	rel = table_open(relation_oid(REL_STORE), AccessShareLock);
	Oid			owner = rel->rd_rel->relowner;

	table_close(rel, AccessShareLock);
	return owner;
}
