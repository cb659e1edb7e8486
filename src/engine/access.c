/*-------------------------------------------------------------------------
 *
 * access.c
 *	  Access rights: the only file that decides who may use a store, a folder
 *	  and a message.
 *
 * NOTES
 *	  A store has an owner, which is a role.  The owner, the roles that are
 *	  members of the owner, and superusers have all rights in all folders.  Any
 *	  other role has the union of the rights that the table folder_right grants
 *	  in a folder to the role and to the roles of which it is a member.  The
 *	  entry of PUBLIC counts only for a role that has no entry in the folder,
 *	  not even an entry without rights.  The current role at the time of the
 *	  call counts.
 *
 *	  Two caches live as long as the backend: owner, GUID and rights generation
 *	  of each store that was used, and the rights of each role in each folder
 *	  that was asked about.  Membership in the owner is looked up each time.
 *
 *	  A cached value must be dropped when it changes, by another session too.
 *	  Whoever writes to store or folder_right sends a relcache invalidation of
 *	  table store, which PostgreSQL sends after the transaction has become
 *	  visible and before its COMMIT returns.  Every function here first accepts
 *	  invalidations, so a call that begins after that COMMIT has returned uses
 *	  the new rights.  An invalidation increments "epoch", which makes all
 *	  cached stores doubtful; a doubtful store is read again, with a latest
 *	  snapshot in every isolation level.  The rights cached for a store are
 *	  kept if the store's rights generation is unchanged.  A generation is a
 *	  change number, which no rollback gives out again.
 *
 *	  A new folder inherits grants without a new generation.  The folder can
 *	  have been asked about before it existed, so an entry that found no grant
 *	  is doubtful after every invalidation.  A change of roles or memberships
 *	  drops all cached rights.
 *
 *	  A new store needs no invalidation, since no session has asked about it.
 *
 *	  epoch and generation are noted before the rows are read.  A change that
 *	  arrives while they are read therefore leaves an entry doubtful.  In a
 *	  parallel query the rows are read with the active snapshot, which may be
 *	  old, and are not cached.
 *
 *	  After an UPDATE of the tables by hand, sessions must be restarted.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "query.h"

/* The number of cached rights after which the cache starts anew. */
#define MAX_CACHED_RIGHTS	10000

/*
 * An entry of the cache of stores.  If our own transaction has written the row,
 * "writer" is the subtransaction that has, and "top" the whole transaction: a
 * rollback takes the row back, and sends no invalidation.
 */
typedef struct CachedStore
{
	int64		store_id;		/* hash key */
	Oid			owner;			/* InvalidOid: the role was dropped */
	uint8		replica_guid[GUID_BYTES];
	int64		generation;		/* of the rights in the store */
	bool		is_searched;
	SearchSettings search;
	bool		wakes;			/* changes wake up whoever listens */
	TransactionId writer;		/* InvalidTransactionId: committed */
	FullTransactionId top;
	uint64		epoch;			/* the entry is valid in this epoch */
} CachedStore;

/* The question that an entry of the cache of rights answers: the hash key. */
typedef struct RightsKey
{
	int64		store_id;
	int64		folder_id;		/* 0 if whole_store */
	Oid			role;
	int32		whole_store;	/* the rights in any folder of the store */
} RightsKey;

typedef struct CachedRights
{
	RightsKey	key;
	uint32		rights;			/* 0: none, or no grant was found */
	bool		granted;		/* a grant was found */
	int64		generation;		/* of the store when the rights were read */
	uint64		epoch;			/* before the rights were read */
	uint64		role_epoch;
} CachedRights;

/* The grants in one folder that apply to a role. */
typedef struct Grants
{
	bool		found;			/* any grant, also of PUBLIC */
	bool		to_role;		/* a grant to a role */
	uint32		rights;			/* granted to the role and its roles */
	uint32		to_public;
} Grants;

static HTAB *stores = NULL;
static CachedStore *last_store = NULL;	/* the entry found last, or NULL */
static HTAB *rights_cache = NULL;
static Oid	cached_table = InvalidOid;	/* table store, of both caches */

/* Incremented when stores, and when roles or memberships may have changed. */
static uint64 epoch = 1;
static uint64 role_epoch = 1;

/* ------------------------------------------------------------------ caches */

/* RelationWatcher of table store. */
static void
stores_changed(void)
{
	epoch++;
}

/* Syscache callback: the oid of a configuration may be another. */
static void
configurations_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	epoch++;
}

/* Syscache callback: roles or memberships have changed. */
static void
roles_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	epoch++;
	role_epoch++;
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
	/* the owner of the database is a member of pg_database_owner */
	CacheRegisterSyscacheCallback(DATABASEOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(TSCONFIGOID, configurations_changed,
								  (Datum) 0);
	relation_watch(REL_STORE, stores_changed);
	registered = true;
}

static HTAB *
create_cache(const char *name, Size keysize, Size entrysize)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = keysize;
	control.entrysize = entrysize;
	control.hcxt = CacheMemoryContext;
	return hash_create(name, 16, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Empty both caches if the extension was dropped and created again. */
static void
check_table(void)
{
	Oid			table = relation_oid(REL_STORE);

	if (table == cached_table)
		return;
	if (stores != NULL)
		hash_destroy(stores);
	if (rights_cache != NULL)
		hash_destroy(rights_cache);
	stores = rights_cache = NULL;
	cached_table = table;
}

/* ------------------------------------------------------------------ stores */

/*
 * Read owner, GUID, generation and search of a store into *entry, from the
 * newest row that is committed or was written by this transaction.  Returns
 * false if the store does not exist.
 */
static bool
read_store(int64 store_id, CachedStore *entry)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_STORE_READ, values, NULL) > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		datum = SPI_getbinval(tuple, desc, 1, &isnull);

		entry->owner = get_role_oid(TextDatumGetCString(datum), true);
		datum = SPI_getbinval(tuple, desc, 2, &isnull);
		memcpy(entry->replica_guid, DatumGetUUIDP(datum)->data, GUID_BYTES);
		datum = SPI_getbinval(tuple, desc, 3, &isnull);
		entry->generation = DatumGetInt64(datum);
		datum = SPI_getbinval(tuple, desc, 4, &isnull);
		entry->wakes = DatumGetBool(datum);
		datum = SPI_getbinval(tuple, desc, 5, &isnull);
		entry->is_searched = !isnull;
		entry->search.generation = isnull ? 0 : DatumGetInt64(datum);
		datum = SPI_getbinval(tuple, desc, 6, &isnull);
		entry->search.configuration = isnull ? InvalidOid :
			DatumGetObjectId(datum);
		datum = SPI_getbinval(tuple, desc, 7, &isnull);
		entry->writer = DatumGetTransactionId(datum);
		if (!TransactionIdIsCurrentTransactionId(entry->writer))
			entry->writer = InvalidTransactionId;
		entry->top = GetTopFullTransactionIdIfAny();
	}
	SPI_finish();
	return found;
}

/* Return true if an entry holds: it is not doubtful, and not rolled back. */
static bool
store_is_valid(const CachedStore *entry)
{
	return entry->epoch == epoch &&
		(!TransactionIdIsValid(entry->writer) ||
		 (FullTransactionIdEquals(entry->top,
								  GetTopFullTransactionIdIfAny()) &&
		  TransactionIdIsCurrentTransactionId(entry->writer)));
}

/*
 * Return the cache entry of a store, reading the store if it is not cached or
 * doubtful, or NULL if the store does not exist.  The entry is valid until
 * invalidations are processed.
 */
static CachedStore *
find_store(int64 store_id)
{
	CachedStore *entry = NULL;
	CachedStore read;

	register_callbacks();
	AcceptInvalidationMessages();
	if (last_store != NULL && last_store->store_id == store_id)
		entry = last_store;
	else if (stores != NULL)
		entry = hash_search(stores, &store_id, HASH_FIND, NULL);
	if (entry != NULL && store_is_valid(entry))
	{
		last_store = entry;
		return entry;
	}
	last_store = NULL;

	check_table();
	memset(&read, 0, sizeof(read));
	read.store_id = store_id;
	read.epoch = IsInParallelMode() ? 0 : epoch;
	if (!read_store(store_id, &read))
	{
		if (stores != NULL)
			hash_search(stores, &store_id, HASH_REMOVE, NULL);
		last_store = NULL;
		return NULL;
	}
	if (stores == NULL)
		stores = create_cache("msgstore stores", sizeof(int64),
							  sizeof(CachedStore));
	entry = hash_search(stores, &store_id, HASH_ENTER, NULL);
	*entry = read;
	return entry;
}

pg_noreturn static void
raise_no_store(int64 store_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("store %lld does not exist", (long long) store_id)));
}

/* Return the cache entry of a store; raise an error if it does not exist. */
static CachedStore *
require_store(int64 store_id)
{
	CachedStore *entry = find_store(store_id);

	if (entry == NULL)
		raise_no_store(store_id);
	return entry;
}

bool
access_search(int64 store_id, SearchSettings *settings)
{
	CachedStore *entry = find_store(store_id);

	if (entry == NULL || !entry->is_searched)
		return false;
	*settings = entry->search;
	return true;
}

/* Return true if a role has all rights on a store. */
static bool
owns(const CachedStore *store, Oid role)
{
	if (OidIsValid(store->owner))
		return has_privs_of_role(role, store->owner);
	return superuser_arg(role); /* the owner was dropped */
}

/* ------------------------------------------------------------------ grants */

/* Add a grant to those that apply to a role; InvalidOid stands for PUBLIC. */
static void
add_grant(Grants *grants, Oid role, const char *member, uint32 rights)
{
	Oid			grantee;

	grants->found = true;
	if (strcmp(member, ACCESS_PUBLIC) == 0)
	{
		grants->to_public |= rights;
		return;
	}
	grantee = get_role_oid(member, true);
	if (OidIsValid(role) && OidIsValid(grantee) &&
		has_privs_of_role(role, grantee))
	{
		grants->to_role = true;
		grants->rights |= rights;
	}
}

static uint32
rights_of_grants(const Grants *grants)
{
	return grants->to_role ? grants->rights : grants->to_public;
}

/*
 * Read the rights of a role in the folder of *entry, or the union of its
 * rights in all folders of the store.  The rows come folder by folder.
 */
static void
read_rights(CachedRights *entry)
{
	Datum		values[2] = {Int64GetDatum(entry->key.store_id),
	Int64GetDatum(entry->key.folder_id)};
	uint64		count;
	Grants		grants = {0};
	int64		folder_id = 0;

	SPI_connect();
	count = query_run(entry->key.whole_store ? QUERY_RIGHTS_OF_STORE :
					  QUERY_RIGHTS_OF_FOLDER, values, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		int64		folder = DatumGetInt64(SPI_getbinval(tuple, desc, 1,
														 &isnull));

		CHECK_FOR_INTERRUPTS();
		if (i > 0 && folder != folder_id)
		{
			entry->rights |= rights_of_grants(&grants);
			memset(&grants, 0, sizeof(grants));
		}
		folder_id = folder;
		add_grant(&grants, entry->key.role,
				  TextDatumGetCString(SPI_getbinval(tuple, desc, 2, &isnull)),
				  DatumGetUInt32(SPI_getbinval(tuple, desc, 3, &isnull)));
	}
	SPI_finish();
	entry->rights |= rights_of_grants(&grants);
	entry->granted = grants.found;
}

/* Return true if a cached entry still holds in a generation of its store. */
static bool
is_valid(const CachedRights *entry, int64 generation)
{
	return entry->generation == generation &&
		entry->role_epoch == role_epoch &&
		(entry->granted || entry->epoch == epoch);
}

/* Return the rights that the grants in a store give, from the cache. */
static uint32
granted_rights(const CachedStore *store, const RightsKey *key)
{
	CachedRights *entry = NULL;
	CachedRights read;

	if (rights_cache != NULL)
		entry = hash_search(rights_cache, key, HASH_FIND, NULL);
	if (entry != NULL && is_valid(entry, store->generation))
		return entry->rights;

	memset(&read, 0, sizeof(read));
	read.key = *key;
	read.generation = store->generation;
	read.epoch = epoch;
	read.role_epoch = role_epoch;
	read_rights(&read);
	if (IsInParallelMode())
		return read.rights;

	if (rights_cache != NULL &&
		hash_get_num_entries(rights_cache) >= MAX_CACHED_RIGHTS)
	{
		hash_destroy(rights_cache);
		rights_cache = NULL;
	}
	if (rights_cache == NULL)
		rights_cache = create_cache("msgstore rights", sizeof(RightsKey),
									sizeof(CachedRights));
	entry = hash_search(rights_cache, key, HASH_ENTER, NULL);
	*entry = read;
	return read.rights;
}

/* Return the rights of a role in a folder of a store. */
static uint32
folder_rights(const CachedStore *store, int64 folder_id, Oid role)
{
	RightsKey	key;

	if (OidIsValid(role) && owns(store, role))
		return RIGHTS_ALL;
	memset(&key, 0, sizeof(key));
	key.store_id = store->store_id;
	key.folder_id = folder_id;
	key.role = role;
	return granted_rights(store, &key);
}

/* Return the union of a role's rights in all folders of a store. */
static uint32
store_rights(const CachedStore *store, Oid role)
{
	RightsKey	key;

	if (owns(store, role))
		return RIGHTS_ALL;
	memset(&key, 0, sizeof(key));
	key.store_id = store->store_id;
	key.role = role;
	key.whole_store = true;
	return granted_rights(store, &key);
}

/* ----------------------------------------------------- questions on stores */

bool
access_is_owner(int64 store_id)
{
	CachedStore *store = find_store(store_id);

	return store != NULL && owns(store, GetUserId());
}

bool
access_owns_itself(int64 store_id)
{
	const CachedStore *store = find_store(store_id);

	if (store == NULL)
		return false;
	return OidIsValid(store->owner) ? store->owner == GetUserId() :
		superuser();
}

void
access_require_owner(int64 store_id)
{
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	if (!access_is_owner(store_id))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" does not own store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) store_id),
				 errhint("The call needs the role that owns the store, or one of its members.")));
}

bool
access_store(int64 store_id, uint32 any)
{
	CachedStore *store = find_store(store_id);

	return store != NULL && (store_rights(store, GetUserId()) & any) != 0;
}

void
access_require_store(int64 store_id, uint32 any)
{
	uint32		rights = store_rights(require_store(store_id),
									  GetUserId());

	if ((rights & RIGHT_FOLDER_VISIBLE) == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" may not use store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) store_id),
				 errhint("A store can be used by the role that owns it, by that role's members, and by roles with rights in a folder.")));
	if ((rights & any) == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" may not change anything in store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) store_id)));
}

bool
access_wakes(int64 store_id)
{
	CachedStore *store = find_store(store_id);

	return store != NULL && store->wakes;
}

void
access_replica_guid(int64 store_id, uint8 *guid)
{
	memcpy(guid, require_store(store_id)->replica_guid, GUID_BYTES);
}

void
access_lock_store(int64 store_id)
{
	if (!parent_lock_store(store_id))
		raise_no_store(store_id);
}

/* The name of the last role is kept until a role changes. */
Datum
access_role_name(void)
{
	static Oid	kept_role = InvalidOid;
	static uint64 kept_epoch;
	static NameData kept;
	static int	len;

	register_callbacks();
	if (kept_role != GetUserId() || kept_epoch != role_epoch)
	{
		kept_role = InvalidOid;
		kept_epoch = role_epoch;
		namestrcpy(&kept, GetUserNameFromId(GetUserId(), false));
		len = strlen(NameStr(kept));
		kept_role = GetUserId();
	}
	return PointerGetDatum(cstring_to_text_with_len(NameStr(kept), len));
}

/* ---------------------------------------------------- questions on folders */

uint32
access_folder(int64 store_id, int64 folder_id)
{
	return folder_rights(require_store(store_id), folder_id, GetUserId());
}

/* Return true if the current role has all of the rights "needed". */
static bool
has_rights(int64 store_id, int64 folder_id, uint32 needed)
{
	CachedStore *store = find_store(store_id);

	return store != NULL &&
		(folder_rights(store, folder_id, GetUserId()) & needed) == needed;
}

bool
access_sees_folder(int64 store_id, int64 folder_id)
{
	return has_rights(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
}

bool
access_may_create(int64 store_id, int64 folder_id)
{
	return has_rights(store_id, folder_id,
					  RIGHT_FOLDER_VISIBLE | RIGHT_CREATE);
}

uint32
access_folder_of(int64 store_id, int64 folder_id, Oid role)
{
	return folder_rights(require_store(store_id), folder_id, role);
}

/*
 * Return the current role's rights in a folder.  Raise MAPI_E_NO_ACCESS if the
 * role may not use the store at all.
 */
static uint32
rights_at_door(int64 store_id, int64 folder_id)
{
	uint32		rights = access_folder(store_id, folder_id);

	if ((rights & RIGHT_FOLDER_VISIBLE) == 0)
		access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	return rights;
}

void
access_require_folder(int64 store_id, int64 folder_id, uint32 needed)
{
	uint32		rights = rights_at_door(store_id, folder_id);

	if ((rights & RIGHT_FOLDER_VISIBLE) == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("folder %lld does not exist in store %lld",
						(long long) folder_id, (long long) store_id)));
	if ((rights & needed) != needed)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" lacks a right in folder %lld of store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) folder_id, (long long) store_id),
				 errhint("The call needs %s.",
						 flags_folder_rights_text(needed & ~rights))));
}

bool
access_role_edits(int64 store_id, int64 folder_id, Oid role)
{
	CachedStore *store = find_store(store_id);
	uint32		rights = 0;

	if (store != NULL)
		rights = folder_id == 0 ? store_rights(store, role) :
			folder_rights(store, folder_id, role);
	return (rights & (RIGHT_EDIT_ANY | RIGHT_EDIT_OWNED)) != 0;
}

/* --------------------------------------------------- questions on messages */

/* Return true if the current role created a message. */
static bool
is_creator(Datum creator)
{
	text	   *name = DatumGetTextPP(creator);
	const char *role = GetUserNameFromId(GetUserId(), false);
	size_t		len = strlen(role);

	return VARSIZE_ANY_EXHDR(name) == len &&
		memcmp(VARDATA_ANY(name), role, len) == 0;
}

/* Return true as access_message() does, with the rights in the folder. */
static bool
suffices(uint32 rights, Datum creator, uint32 any, uint32 owned)
{
	if ((rights & RIGHT_READ_ANY) != 0 && (rights & any) != 0)
		return true;
	if ((rights & RIGHT_FOLDER_VISIBLE) == 0 ||
		(rights & (any | owned)) == 0)
		return false;
	return is_creator(creator);
}

bool
access_message(int64 store_id, int64 folder_id, Datum creator, uint32 any,
			   uint32 owned)
{
	CachedStore *store = find_store(store_id);

	return store != NULL &&
		suffices(folder_rights(store, folder_id, GetUserId()), creator, any,
				 owned);
}

void
access_raise_no_message(int64 store_id, int64 message_id)
{
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	messagerow_raise_not_found(store_id, message_id);
}

void
access_require_message(int64 store_id, int64 folder_id, int64 message_id,
					   Datum creator, uint32 any, uint32 owned)
{
	uint32		rights = rights_at_door(store_id, folder_id);

	if ((rights & RIGHT_FOLDER_VISIBLE) == 0)
		messagerow_raise_not_found(store_id, message_id);
	if (!suffices(rights, creator, any, owned))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" lacks a right on message %lld of store %lld",
						GetUserNameFromId(GetUserId(), false),
						(long long) message_id, (long long) store_id),
				 errhint("The call needs %s, or %s on a message that the role created.",
						 flags_folder_rights_text(any),
						 flags_folder_rights_text(owned))));
}

void
access_require_live(int64 store_id, int64 message_id, uint32 any, uint32 owned)
{
	MessageRow	row;

	messagerow_begin_read(&row, GetLatestSnapshot());
	if (!messagerow_fetch(&row, store_id, message_id) ||
		row.version.deleted_at != 0)
		access_raise_no_message(store_id, message_id);
	access_require_message(store_id, row.version.folder_id, message_id,
						   row.creator, any, owned);
	messagerow_end_read(&row);
}

int32
access_bits(int64 store_id, int64 folder_id, Datum creator)
{
	uint32		rights = access_folder(store_id, folder_id);
	int32		bits = 0;

	if (suffices(rights, creator, ACCESS_TO_READ))
		bits |= MAPI_ACCESS_READ;
	if (suffices(rights, creator, ACCESS_TO_EDIT))
		bits |= MAPI_ACCESS_MODIFY;
	if (suffices(rights, creator, ACCESS_TO_DELETE))
		bits |= MAPI_ACCESS_DELETE;
	return bits;
}

/* ---------------------------------------------------------- changed rights */

void
access_lock(int64 store_id)
{
	Datum		values[1] = {Int64GetDatum(store_id)};

	SPI_connect();
	query_run(QUERY_STORE_LOCK, values, NULL);
	SPI_finish();
}

void
access_changed(int64 store_id)
{
	Datum		values[2] = {Int64GetDatum(store_id),
	Int64GetDatum(number_next_change(0))};

	SPI_connect();
	query_run(QUERY_STORE_GENERATION, values, NULL);
	SPI_finish();
	relation_announce(REL_STORE);
	CommandCounterIncrement();
}

void
access_inherit(int64 store_id, int64 parent_id, int64 folder_id)
{
	Datum		values[3] = {Int64GetDatum(store_id),
	Int64GetDatum(parent_id), Int64GetDatum(folder_id)};
	bool		any;

	SPI_connect();
	any = query_run(QUERY_RIGHTS_COPY, values, NULL) > 0;
	SPI_finish();
	if (any)
	{
		relation_announce(REL_STORE);
		CommandCounterIncrement();
	}
}

void
access_forget(int64 store_id, int64 folder_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	bool		any;

	SPI_connect();
	any = query_run(QUERY_RIGHTS_DROP, values, NULL) > 0;
	SPI_finish();
	if (any)
		access_changed(store_id);
}
