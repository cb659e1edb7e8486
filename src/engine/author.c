/*-------------------------------------------------------------------------
 *
 * author.c
 *	  The author of changes and drafts: the user of the application, the
 *	  current role, and the client program.
 *
 * NOTES
 *	  Most changes have one of a few authors.  A row of change therefore has
 *	  the id of a row of the table author, which has the three texts.
 *
 *	  The first change of an author that has no committed row writes the row,
 *	  in the transaction of the change.  The id of the row is the number of that
 *	  change, which is never given out twice, so that a row never meets another
 *	  one in an index, and sessions do not wait for each other.  Several rows
 *	  may have equal texts: those that transactions wrote at once.  A change is
 *	  visible only together with the row of its author, because a session uses
 *	  a row of another transaction only after that transaction has committed.
 *	  Rows are never updated; rows that no change uses any more stay.
 *
 *	  A row is found by a hash of its texts, which are then compared.  The hash
 *	  may differ on a machine of another kind; such a row is not found, and the
 *	  author gets another row.  Rows are read with SnapshotSelf, which a parallel
 *	  query may use, too, and which takes no predicate locks.
 *
 *	  Two caches live as long as the backend: rows by id, for readers, and rows
 *	  by hash, for writers.  An invalidation of the table, or of a role, which
 *	  may have been renamed, empties both.  A row that this session has written
 *	  counts as found only in the transaction, and in the subtransaction, that
 *	  wrote it; afterwards the row is looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "query.h"

/* The number of rows in a cache after which both caches start anew. */
#define MAX_CACHED		1000

/* The columns of author, in the order of the table. */
enum
{
	A_AUTHOR_ID = 1,
	A_HASH,
	A_ROLE,
	A_ACTOR,
	A_CLIENT
};

/* An entry of the cache of rows by id. */
typedef struct KnownAuthor
{
	int64		author_id;		/* hash key */
	AuthorNames names;
} KnownAuthor;

/*
 * An entry of the cache of rows by hash.  If the row was not committed when
 * the entry was made, "writer" is the transaction that wrote it, and "top" the
 * transaction of which "writer" is a part.
 */
typedef struct OwnAuthor
{
	uint64		hash;			/* hash key */
	int64		author_id;
	Oid			roleid;
	AuthorNames names;
	TransactionId writer;		/* InvalidTransactionId: committed */
	FullTransactionId top;
} OwnAuthor;

char	   *author_setting = NULL;
static bool setting_is_name = true;
static bool is_defined = false; /* the setting, for author_check_setting() */

static const char *actor_in_use = NULL;

static MemoryContext author_memory = NULL;	/* of both caches */
static HTAB *known = NULL;
static HTAB *own = NULL;
static OwnAuthor *last_own = NULL;	/* the entry that was used last */

/* ----------------------------------------------------- the author of a call */

const char *
author_actor(const Author *author)
{
	const char *actor = author_setting;

	if (author != NULL && author->actor != NULL)
		actor = author->actor;
	else if (actor_in_use != NULL)
		actor = actor_in_use;
	else if (!setting_is_name)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("setting \"msgstore.actor\" must have at most %d characters, and no control character",
						MAX_NAME)));
	return actor != NULL && actor[0] != '\0' ? actor : NULL;
}

const char *
author_client(void)
{
	return application_name != NULL && application_name[0] != '\0' ?
		application_name : NULL;
}

const char *
author_name(const Author *author)
{
	const char *actor = author_actor(author);

	return actor != NULL ? actor : GetUserNameFromId(GetUserId(), false);
}

const char *
author_use(const char *actor)
{
	const char *before = actor_in_use;

	actor_in_use = actor;
	return before;
}

bool
author_check_setting(char **newval, void **extra, GucSource source)
{
	if (!is_defined || text_is_name(*newval))
		return true;
	GUC_check_errdetail("It has at most %d characters, and no control character.",
						MAX_NAME);
	return false;
}

void
author_assign_setting(const char *newval, void *extra)
{
	setting_is_name = newval == NULL || text_is_name(newval);
}

void
author_setting_defined(void)
{
	is_defined = true;
}

/*
 * Set msgstore.actor for the duration of a call, as a SET clause of the function
 * would.
 */
int64
author_call(FunctionCallInfo fcinfo, int n, int64 (*work) (FunctionCallInfo))
{
	int			level;
	int64		result;

	if (PG_ARGISNULL(n))
		return work(fcinfo);
	level = NewGUCNestLevel();
	(void) set_config_option("msgstore.actor",
							 call_actor(fcinfo, n),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	result = work(fcinfo);
	AtEOXact_GUC(true, level);
	return result;
}

/* ------------------------------------------------------------------ caches */

/* A RelationWatcher of author, and the work of roles_changed(). */
static void
forget_authors(void)
{
	known = NULL;
	own = NULL;
	last_own = NULL;
	if (author_memory != NULL)
		MemoryContextReset(author_memory);
}

/* Syscache callback: a role may have another name. */
static void
roles_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_authors();
}

static HTAB *
create_cache(const char *name, Size entrysize)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(int64);
	control.entrysize = entrysize;
	control.hcxt = author_memory;
	return hash_create(name, 16, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Make room for one more row in both caches. */
static void
prepare_caches(void)
{
	if (author_memory == NULL)
	{
		author_memory = AllocSetContextCreate(TopMemoryContext,
											  "msgstore authors",
											  ALLOCSET_SMALL_SIZES);
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
		relation_watch(REL_AUTHOR, forget_authors);
	}
	if (known != NULL && (hash_get_num_entries(known) >= MAX_CACHED ||
						  hash_get_num_entries(own) >= MAX_CACHED))
		forget_authors();
	if (known == NULL)
	{
		own = create_cache("msgstore own authors", sizeof(OwnAuthor));
		known = create_cache("msgstore known authors", sizeof(KnownAuthor));
	}
}

/* Copy a text, which may be NULL, into a memory context. */
static const char *
keep(MemoryContext context, const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(context, text);
}

static void
copy_names(MemoryContext context, const AuthorNames *from, AuthorNames *to)
{
	to->role = keep(context, from->role);
	to->actor = keep(context, from->actor);
	to->client = keep(context, from->client);
}

/* Return true if two texts are equal; either may be NULL. */
static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Return a hash of three texts, among which a NULL is not an empty text. */
static uint64
hash_names(const AuthorNames *names)
{
	const char *const texts[] = {names->role, names->actor, names->client};
	uint64		hash = 0;

	for (int i = 0; i < lengthof(texts); i++)
	{
		hash = hash * UINT64CONST(0x9E3779B97F4A7C15) + i;
		if (texts[i] != NULL)
			hash ^= hash_bytes_extended((const unsigned char *) texts[i],
										strlen(texts[i]), hash);
	}
	return hash;
}

/* ---------------------------------------------------------------- the rows */

/* Return a column of a tuple as a palloc'd string, or NULL. */
static const char *
column(HeapTuple tuple, int attno, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, attno, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Look for a row whose column, which has an index, has a value.  With *names
 * set, the row must have these names; otherwise *names is set, with palloc'd
 * strings.  Returns false if there is no such row.  *writer is the transaction
 * that wrote the row if that is not the past.
 */
static bool
find_row(StoreRelation index, int attno, int64 value, AuthorNames *names,
		 int64 *author_id, TransactionId *writer)
{
	Relation	rel = table_open(relation_oid(REL_AUTHOR), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, attno, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(value));
	scan = systable_beginscan(rel, relation_oid(index), true, SnapshotSelf, 1,
							  &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		AuthorNames row = {column(tuple, A_ROLE, desc),
		column(tuple, A_ACTOR, desc), column(tuple, A_CLIENT, desc)};
		TransactionId xmin = HeapTupleHeaderGetXmin(tuple->t_data);
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (names->role != NULL &&
			!(same_text(names->role, row.role) &&
			  same_text(names->actor, row.actor) &&
			  same_text(names->client, row.client)))
			continue;
		found = true;
		*names = row;
		*author_id = DatumGetInt64(heap_getattr(tuple, A_AUTHOR_ID, desc,
												&isnull));
		*writer = TransactionIdIsCurrentTransactionId(xmin) ? xmin :
			InvalidTransactionId;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Write a row. */
static void
insert_row(int64 author_id, uint64 hash, const AuthorNames *names)
{
	Datum		values[5];
	char		nulls[6] = "     ";

	values[0] = Int64GetDatum(author_id);
	values[1] = Int64GetDatum((int64) hash);
	values[2] = CStringGetTextDatum(names->role);
	values[3] = values[4] = (Datum) 0;
	if (names->actor != NULL)
		values[3] = CStringGetTextDatum(names->actor);
	else
		nulls[3] = 'n';
	if (names->client != NULL)
		values[4] = CStringGetTextDatum(names->client);
	else
		nulls[4] = 'n';
	SPI_connect();
	query_run(QUERY_AUTHOR_INSERT, values, nulls);
	SPI_finish();
}

/* Return true if the row of an entry is committed or our own. */
static bool
is_valid(const OwnAuthor *entry)
{
	return !TransactionIdIsValid(entry->writer) ||
		(FullTransactionIdEquals(entry->top,
								 GetTopFullTransactionIdIfAny()) &&
		 TransactionIdIsCurrentTransactionId(entry->writer));
}

/*
 * Return the id of the row with these names, in the cache, in the table, or
 * written now with the id "number".
 */
static int64
find_or_insert(Oid roleid, AuthorNames *names, int64 number)
{
	uint64		hash = hash_names(names);
	AuthorNames found = *names;
	int64		author_id;
	TransactionId writer;
	OwnAuthor  *entry;
	bool		exists;

	prepare_caches();
	entry = hash_search(own, &hash, HASH_FIND, NULL);
	if (entry == NULL || !is_valid(entry) || entry->roleid != roleid ||
		!same_text(entry->names.role, names->role) ||
		!same_text(entry->names.actor, names->actor) ||
		!same_text(entry->names.client, names->client))
	{
		if (!find_row(REL_AUTHOR_HASH, A_HASH, (int64) hash, &found,
					  &author_id, &writer))
		{
			author_id = number;
			insert_row(author_id, hash, names);
			writer = GetCurrentTransactionId();
		}
		prepare_caches();		/* invalidations may have emptied them */
		entry = hash_search(own, &hash, HASH_ENTER, &exists);
		entry->author_id = author_id;
		entry->roleid = roleid;
		entry->writer = writer;
		entry->top = TransactionIdIsValid(writer) ?
			GetTopFullTransactionId() : InvalidFullTransactionId;
		copy_names(author_memory, names, &entry->names);
	}
	last_own = entry;
	return entry->author_id;
}

int64
author_record(const Author *author, int64 number)
{
	Oid			roleid = GetUserId();
	AuthorNames names;

	names.actor = author_actor(author);
	names.client = author_client();
	if (last_own != NULL && last_own->roleid == roleid &&
		same_text(last_own->names.actor, names.actor) &&
		same_text(last_own->names.client, names.client) &&
		is_valid(last_own))
		return last_own->author_id;
	names.role = GetUserNameFromId(roleid, false);
	return find_or_insert(roleid, &names, number);
}

void
author_fetch(int64 author_id, AuthorNames *names)
{
	KnownAuthor *entry = NULL;
	AuthorNames row = {NULL};
	TransactionId writer;
	int64		id;
	bool		exists;

	if (known != NULL)
		entry = hash_search(known, &author_id, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (!find_row(REL_AUTHOR_PKEY, A_AUTHOR_ID, author_id, &row, &id,
					  &writer))
			ereport(ERROR,
					(errmapi(MAPI_E_CORRUPT_DATA),
					 errmsg("the history lacks author %lld",
							(long long) author_id)));
		prepare_caches();
		entry = hash_search(known, &author_id, HASH_ENTER, &exists);
		copy_names(author_memory, &row, &entry->names);
	}
	copy_names(CurrentMemoryContext, &entry->names, names);
}
