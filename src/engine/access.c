/*-------------------------------------------------------------------------
 *
 * access.c
 *	  Who may do what: every decision is made here.
 *
 * NOTES
 *	  A store belongs to a role; the role, its members and superusers may use
 *	  it, others may not.  Decisions are on the current role at the time of
 *	  the call.
 *
 *	  Owner and GUID of stores are cached for the life of the backend, one
 *	  entry a store that was used.  The functions that write to table store
 *	  send a relcache invalidation for it, which empties the cache here and
 *	  in every other backend; so does a change of roles.  None of them changes
 *	  an owner, and who does that with an UPDATE has to reconnect sessions.
 *	  Membership itself is asked of PostgreSQL each time.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "query.h"


typedef struct CachedStore
{
	int64		store_id;		/* hash key */
	Oid			owner;			/* InvalidOid: no such role any more */
	uint8		replica_guid[GUID_BYTES];
} CachedStore;

static HTAB *stores = NULL;

/* A RelationWatcher: rows of table store have changed. */
static void
forget_stores(void)
{
	if (stores != NULL)
	{
		hash_destroy(stores);
		stores = NULL;
	}
}

static void
roles_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_stores();
}

/*
 * Read a store's owner (a role's name, palloc'd) and replica GUID, as the
 * newest committed row or this transaction has them; false if there is no such
 * store.
 */
static bool
read_store(int64 store_id, char **owner, uint8 *replica_guid)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	MemoryContext caller = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	found = query_run(QUERY_STORE_READ, values, NULL) > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		datum = SPI_getbinval(tuple, desc, 1, &isnull);

		*owner = MemoryContextStrdup(caller, TextDatumGetCString(datum));
		datum = SPI_getbinval(tuple, desc, 2, &isnull);
		memcpy(replica_guid, DatumGetUUIDP(datum)->data, GUID_BYTES);
	}
	SPI_finish();
	return found;
}

/*
 * The cache entry of a store, read if need be; NULL where there is no store.
 * Valid until the next time invalidations may arrive.
 */
static CachedStore *
find_store(int64 store_id)
{
	static bool registered = false;
	CachedStore *entry;
	char	   *owner;
	uint8		guid[GUID_BYTES];
	Oid			role;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
		relation_watch(REL_STORE, forget_stores);
		registered = true;
	}
	if (stores != NULL)
	{
		entry = hash_search(stores, &store_id, HASH_FIND, NULL);
		if (entry != NULL)
			return entry;
	}

	if (!read_store(store_id, &owner, guid))
		return NULL;
	role = get_role_oid(owner, true);
	pfree(owner);

	/* nothing from here on lets invalidations in */
	if (stores == NULL)
	{
		HASHCTL		control;

		memset(&control, 0, sizeof(control));
		control.keysize = sizeof(int64);
		control.entrysize = sizeof(CachedStore);
		control.hcxt = CacheMemoryContext;
		stores = hash_create("msgstore stores", 16, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(stores, &store_id, HASH_ENTER, NULL);
	entry->owner = role;
	memcpy(entry->replica_guid, guid, GUID_BYTES);
	return entry;
}

/* The same, but raises where there is no such store. */
static CachedStore *
require_store(int64 store_id)
{
	CachedStore *entry = find_store(store_id);

	if (entry == NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("store %lld does not exist", (long long) store_id)));
	return entry;
}

static AccessLevel
level_of(const CachedStore *entry)
{
	bool		member;

	if (OidIsValid(entry->owner))
		member = has_privs_of_role(GetUserId(), entry->owner);
	else
		member = superuser();	/* the owner was dropped */
	return member ? ACCESS_EDIT : ACCESS_NONE;
}

AccessLevel
access_level(int64 store_id)
{
	/* a save asks again after it has waited: see what was revoked meanwhile */
	AcceptInvalidationMessages();
	return level_of(require_store(store_id));
}

void
access_require(int64 store_id, AccessLevel needed)
{
	if (access_level(store_id) < needed)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" may not use store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) store_id),
				 errhint("A store can be used by the role that owns it and by that role's members.")));
}

void
access_replica_guid(int64 store_id, uint8 *guid)
{
	memcpy(guid, require_store(store_id)->replica_guid, GUID_BYTES);
}

Datum
access_role_name(void)
{
	return CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
}

/*
 * may_use_store(store_id) → boolean: for the views.
 */
PG_FUNCTION_INFO_V1(may_use_store);
Datum
may_use_store(PG_FUNCTION_ARGS)
{
	CachedStore *entry = find_store(PG_GETARG_INT64(0));

	PG_RETURN_BOOL(entry != NULL && level_of(entry) >= ACCESS_READ);
}
