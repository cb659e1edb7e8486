/*-------------------------------------------------------------------------
 *
 * access.c
 *	  Access rights: the only file that decides who may use a store.
 *
 * NOTES
 *	  A store has an owner, which is a role.  The owner, the roles that are
 *	  members of the owner, and superusers may use the store; other roles may
 *	  not.  The current role at the time of the call counts.
 *
 *	  Owner and GUID of each store that was used are cached for the life of the
 *	  backend.  The functions that write to table store send a relcache
 *	  invalidation for the table, which empties the cache in every backend; a
 *	  change of roles empties the cache as well.  No function changes the owner
 *	  of a store.  After an UPDATE that does, sessions must be restarted.
 *	  Membership is not cached, but looked up each time.
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


/* An entry of the cache of stores. */
typedef struct CachedStore
{
	int64		store_id;		/* hash key */
	Oid			owner;			/* InvalidOid: the role was dropped */
	uint8		replica_guid[GUID_BYTES];
} CachedStore;

static HTAB *stores = NULL;

/* RelationWatcher of table store: empty the cache. */
static void
forget_stores(void)
{
	if (stores != NULL)
	{
		hash_destroy(stores);
		stores = NULL;
	}
}

/* Syscache callback: roles have changed, so empty the cache. */
static void
roles_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_stores();
}

/*
 * Read the owner (a role name, palloc'd) and the replica GUID of a store, from
 * the newest row that is committed or was written by this transaction.
 * Returns false if the store does not exist.
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
 * Return the cache entry of a store, reading the store if it is not cached, or
 * NULL if the store does not exist.  The entry is valid until invalidations
 * are processed.
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

	/* no invalidations are processed from here on */
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

/* Return the cache entry of a store; raise an error if it does not exist. */
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

/* Return the rights of a role on a store. */
static AccessLevel
level_of(const CachedStore *entry, Oid role)
{
	bool		member;

	if (OidIsValid(entry->owner))
		member = has_privs_of_role(role, entry->owner);
	else
		member = superuser_arg(role);	/* the owner was dropped */
	return member ? ACCESS_EDIT : ACCESS_NONE;
}

AccessLevel
access_level(int64 store_id)
{
	/* rights may have been revoked while a save was waiting for a lock */
	AcceptInvalidationMessages();
	return level_of(require_store(store_id), GetUserId());
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

bool
access_is_owner(int64 store_id)
{
	const CachedStore *entry = require_store(store_id);

	return OidIsValid(entry->owner) ? entry->owner == GetUserId() :
		superuser();
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
 * may_use_store(store_id bigint) RETURNS boolean
 *
 * Return true if the current role may read the store, false if it may not or
 * if the store does not exist.  Never raises an error: the views use it as a
 * filter.
 */
PG_FUNCTION_INFO_V1(may_use_store);
Datum
may_use_store(PG_FUNCTION_ARGS)
{
	CachedStore *entry = find_store(PG_GETARG_INT64(0));

	PG_RETURN_BOOL(entry != NULL &&
				   level_of(entry, GetUserId()) >= ACCESS_READ);
}

/*
 * owns_store(store_id bigint) RETURNS boolean
 *
 * Return true if the current role owns the store, for the view parked.
 */
PG_FUNCTION_INFO_V1(owns_store);
Datum
owns_store(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(find_store(PG_GETARG_INT64(0)) != NULL &&
				   access_is_owner(PG_GETARG_INT64(0)));
}

/*
 * role_may_edit(store_id bigint, role text) RETURNS boolean
 *
 * Return true if the store exists, and a role of that name exists and may edit
 * the store.
 */
PG_FUNCTION_INFO_V1(role_may_edit);
Datum
role_may_edit(PG_FUNCTION_ARGS)
{
	CachedStore *entry = find_store(PG_GETARG_INT64(0));
	Oid			role = get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(1)),
									true);

	PG_RETURN_BOOL(entry != NULL && OidIsValid(role) &&
				   level_of(entry, role) >= ACCESS_EDIT);
}
