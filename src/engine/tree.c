/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  The tree of folders of a store: rows of folder and folder_change, and the
 *	  locks on them.
 *
 * NOTES
 *	  All locks are held to the end of the transaction.  They are taken in this
 *	  order:
 *
 *	  1. The structure of the tree: the root's row, FOR NO KEY UPDATE.  Whoever
 *	     moves, deletes or restores folders takes this lock first, so that two
 *	     of them follow each other.  Two moves at once could make a cycle, of
 *	     which neither sees more than one half; two deletions could lock the
 *	     same folders in different orders.
 *	  2. Rows of folder, from the root downwards.  Whoever places a message or
 *	     a folder takes FOR KEY SHARE on the folder in which it is placed
 *	     (parent_lock_folder()); many do so at once.  Whoever changes the row
 *	     takes FOR NO KEY UPDATE, which does not wait for them.  Whoever
 *	     deletes the folder takes FOR UPDATE, which does.  After this wait
 *	     nothing can be placed in the folder any more, so what a latest
 *	     snapshot finds in it then is everything.
 *	  3. Names below a parent.  The lock is one on an object of the class
 *	     msgstore.folder, whose number is a hash of parent and name.  Whoever
 *	     waits for it sees the folder that the other has made.
 *	  4. Rows of message, in the order of their ids.
 *
 *	  Statements see all rows that are committed by now, in every isolation
 *	  level.  PostgreSQL raises 40001 under REPEATABLE READ and SERIALIZABLE if
 *	  a row that is to be locked or written was changed since the statement
 *	  began.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "query.h"

/* ------------------------------------------------------------------- locks */

void
tree_lock(int64 store_id)
{
	Datum		values[1] = {Int64GetDatum(store_id)};

	SPI_connect();
	query_run(QUERY_FOLDER_LOCK_TREE, values, NULL);
	SPI_finish();
}

int64
tree_find_name(int64 store_id, int64 parent_id, const char *name)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(parent_id),
	CStringGetTextDatum(name)};
	int64		place[2] = {store_id, parent_id};
	uint32		hash;
	int64		folder_id = 0;

	hash = hash_bytes((unsigned char *) place, sizeof(place));
	hash = hash_combine(hash, hash_bytes((const unsigned char *) name,
										 strlen(name)));
	LockDatabaseObject(relation_oid(REL_FOLDER), (Oid) hash, 0, ExclusiveLock);
	SPI_connect();
	if (query_run(QUERY_FOLDER_NAMED, values, NULL) > 0)
		folder_id = query_result_bigint();
	SPI_finish();
	return folder_id;
}

/* ----------------------------------------------------------------- reading */

/* The columns of READ_FOLDER, counted from 1. */
enum
{
	F_PARENT_ID = 1,
	F_NAME,
	F_SPECIAL,
	F_CREATED_AT,
	F_DELETED_AT,
	F_DELETED_WITH,
	F_PROPS,
	F_CHANGE_NUMBER,
	F_MODIFIED_AT,
	F_MODIFIER,
	F_LINEAGE
};

/* Return a column of the first row of the result, 0 if it is NULL. */
static Datum
column(int number)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, number, &isnull);

	return isnull ? (Datum) 0 : value;
}

/* Return a column as an integer of 8 bytes, 0 if it is NULL. */
static int64
column_int64(int number)
{
	Datum		value = column(number);

	return value == (Datum) 0 ? 0 : DatumGetInt64(value);
}

/* Copy the first row of the result of READ_FOLDER, in the current context. */
static void
read_folder(FolderRow *row)
{
	row->parent_id = column_int64(F_PARENT_ID);
	row->name = TextDatumGetCString(column(F_NAME));
	row->special = column(F_SPECIAL) == (Datum) 0 ? NULL :
		TextDatumGetCString(column(F_SPECIAL));
	row->created_at = column_int64(F_CREATED_AT);
	row->deleted_at = column_int64(F_DELETED_AT);
	row->deleted_with = column_int64(F_DELETED_WITH);
	row->props = DatumGetJsonbPCopy(column(F_PROPS));
	row->change_number = column_int64(F_CHANGE_NUMBER);
	row->modified_at = column_int64(F_MODIFIED_AT);
	row->modifier = TextDatumGetCString(column(F_MODIFIER));
	if (column(F_LINEAGE) != (Datum) 0)
		row->lineage = PointerGetDatum(DatumGetByteaPCopy(column(F_LINEAGE)));
}

bool
tree_folder(FolderRow *row, int64 store_id, int64 folder_id, TreeLock lock)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	MemoryContext caller = CurrentMemoryContext;
	bool		found;

	memset(row, 0, sizeof(FolderRow));
	row->store_id = store_id;
	row->folder_id = folder_id;
	SPI_connect();
	found = query_run(QUERY_FOLDER_READ + (int) lock, values, NULL) > 0;
	if (found)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		read_folder(row);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}

/*
 * Run a statement that returns ids, and return them in a palloc'd array of
 * *count elements.
 */
static int64 *
read_ids(QueryName which, Datum *values, int *count)
{
	int64	   *ids;

	SPI_connect();
	*count = (int) query_run(which, values, NULL);
	ids = SPI_palloc(sizeof(int64) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		bool		isnull;

		ids[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i],
											 SPI_tuptable->tupdesc, 1,
											 &isnull));
	}
	SPI_finish();
	return ids;
}

int64 *
tree_children(int64 store_id, int64 folder_id, int64 which, int *count)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(folder_id),
	Int64GetDatum(which)};

	return read_ids(QUERY_FOLDER_CHILDREN, values, count);
}

int64 *
tree_messages(int64 store_id, int64 folder_id, int64 which, bool associated,
			  int *count)
{
	Datum		values[4] = {Int64GetDatum(store_id), Int64GetDatum(folder_id),
	Int64GetDatum(which), BoolGetDatum(associated)};

	return read_ids(QUERY_FOLDER_MESSAGES, values, count);
}

bool
tree_has_messages(int64 store_id, int64 folder_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_FOLDER_HAS_MESSAGES, values, NULL) > 0;
	SPI_finish();
	return found;
}

/* Walk from a folder up to the root, and look for "above" on the way. */
bool
tree_is_below(int64 store_id, int64 folder_id, int64 above)
{
	FolderRow	row;

	while (folder_id != above)
	{
		CHECK_FOR_INTERRUPTS();
		if (folder_id == 0 ||
			!tree_folder(&row, store_id, folder_id, TREE_READ))
			return false;
		folder_id = row.parent_id;
	}
	return true;
}

/* ----------------------------------------------------------------- writing */

/* Set a value, which is NULL if it is 0. */
static void
put_int64(Datum *values, char *nulls, int at, int64 value)
{
	values[at] = Int64GetDatum(value);
	nulls[at] = value == 0 ? 'n' : ' ';
}

/* Set a value, which is NULL if the text is. */
static void
put_text(Datum *values, char *nulls, int at, const char *text)
{
	values[at] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
	nulls[at] = text == NULL ? 'n' : ' ';
}

/* Run a statement that writes one row. */
static void
write_one(QueryName which, Datum *values, const char *nulls)
{
	SPI_connect();
	if (query_run(which, values, nulls) != 1)
		elog(ERROR, "statement %d did not write one row", which);
	SPI_finish();
}

/*
 * Record the change that has made the version in *row out of the version
 * "previous", 0 for a creation.
 */
static void
record(const FolderRow *row, int64 previous, char kind,
	   ArrayType *properties)
{
	Datum		values[13];
	char		nulls[14] = "             ";

	values[0] = Int64GetDatum(row->store_id);
	values[1] = Int64GetDatum(row->folder_id);
	values[2] = Int64GetDatum(row->change_number);
	put_int64(values, nulls, 3, previous);
	values[4] = Int64GetDatum(number_incarnation());
	values[5] = TimestampTzGetDatum(row->arrival != NULL ?
									GetCurrentTimestamp() : row->modified_at);
	values[6] = CharGetDatum(kind);
	values[7] = access_role_name();
	put_text(values, nulls, 8, author_actor(NULL));
	put_text(values, nulls, 9, author_client());
	put_int64(values, nulls, 10, row->parent_id);
	put_text(values, nulls, 11, row->name);
	values[12] = PointerGetDatum(properties != NULL ? properties :
								 construct_empty_array(TEXTOID));
	write_one(QUERY_FOLDER_CHANGE, values, nulls);
	wakeup_note(row->store_id);
}

/*
 * Give *row a new version: number, time and author, and its keys if they
 * cannot be computed from the number.  The time is later than that of the
 * replaced version, even if the clock was set back.  A version that comes from
 * another store keeps its time and author.
 */
static void
stamp(FolderRow *row, bool restores)
{
	int64		previous = row->change_number;

	row->change_number = number_next_change(previous);
	if (row->arrival != NULL)
	{
		row->modified_at = row->arrival->modified_at;
		row->modifier = pstrdup(row->arrival->modifier);
		row->lineage = lineage_store(&row->arrival->key, &row->arrival->list);
		return;
	}
	row->modified_at = Max(GetCurrentTimestamp(), row->modified_at + 1);
	row->modifier = pstrdup(author_name(NULL));
	if (row->lineage != (Datum) 0 || restores ||
		(previous != 0 && !incarnation_same(previous, row->change_number)))
		row->lineage = lineage_follow(row->store_id, previous, (Datum) 0,
									  row->lineage, row->change_number,
									  restores);
}

void
tree_insert(FolderRow *row)
{
	Datum		values[11];
	char		nulls[12] = "           ";
	bool		imported = row->arrival != NULL || row->lineage != (Datum) 0;

	row->folder_id = number_next_id(REL_FOLDER_ID_SEQ, row->store_id);
	stamp(row, false);
	if (!imported)
		row->created_at = row->modified_at;
	values[0] = Int64GetDatum(row->store_id);
	values[1] = Int64GetDatum(row->folder_id);
	put_int64(values, nulls, 2, row->parent_id);
	put_text(values, nulls, 3, row->name);
	put_text(values, nulls, 4, row->special);
	values[5] = TimestampTzGetDatum(row->created_at);
	values[6] = JsonbPGetDatum(row->props != NULL ? row->props : bag_empty());
	values[7] = Int64GetDatum(row->change_number);
	put_text(values, nulls, 8, row->modifier);
	values[9] = TimestampTzGetDatum(row->modified_at);
	values[10] = row->lineage;
	nulls[10] = row->lineage == (Datum) 0 ? 'n' : ' ';
	write_one(QUERY_FOLDER_INSERT, values, nulls);
	record(row, 0, imported ? CHANGE_IMPORT : CHANGE_CREATE, NULL);
}

void
tree_write(FolderRow *row, char kind, ArrayType *properties)
{
	int64		previous = row->change_number;
	Datum		values[11];
	char		nulls[12] = "           ";

	stamp(row, kind == CHANGE_RESTORE);
	values[0] = Int64GetDatum(row->store_id);
	values[1] = Int64GetDatum(row->folder_id);
	put_int64(values, nulls, 2, row->parent_id);
	put_text(values, nulls, 3, row->name);
	put_int64(values, nulls, 4, row->deleted_at);
	put_int64(values, nulls, 5, row->deleted_with);
	values[6] = JsonbPGetDatum(row->props);
	values[7] = Int64GetDatum(row->change_number);
	values[8] = TimestampTzGetDatum(row->modified_at);
	put_text(values, nulls, 9, row->modifier);
	values[10] = row->lineage;
	nulls[10] = row->lineage == (Datum) 0 ? 'n' : ' ';
	write_one(QUERY_FOLDER_UPDATE, values, nulls);
	record(row, previous, kind, properties);
}

void
tree_remove(FolderRow *row)
{
	Datum		values[2] = {Int64GetDatum(row->store_id),
	Int64GetDatum(row->folder_id)};
	int64		previous = row->change_number;

	stamp(row, false);
	write_one(QUERY_FOLDER_DELETE, values, NULL);
	record(row, previous, CHANGE_HARD_DELETE, NULL);
}

void
tree_rights_changed(int64 store_id, int64 folder_id, bool below)
{
	FolderRow	row;
	int64	   *children;
	int			count = 0;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!tree_folder(&row, store_id, folder_id, TREE_READ))
		return;
	stamp(&row, false);
	record(&row, 0, CHANGE_RIGHTS, NULL);
	if (!below)
		return;
	children = tree_children(store_id, folder_id, TREE_ALL, &count);
	for (int i = 0; i < count; i++)
		tree_rights_changed(store_id, children[i], true);
}
