/*-------------------------------------------------------------------------
 *
 * direct.c
 *	  Help for row.c and changerow.c to read and write tuples without the
 *	  executor: tables that may be written so, places of columns, scans by key,
 *	  the check of NOT NULL, new tuples, index entries.
 *
 * NOTES
 *	  The executor opens and locks every index of a table for every statement,
 *	  and builds the state that expressions and predicates need.  That is more
 *	  work than the entry itself.  This file looks at the indexes of a table
 *	  once, and keeps for each the columns of its key.
 *
 *	  A B-tree of plain columns needs no more than this, with a predicate only
 *	  of the form "column IS [NOT] NULL", "column & bits <> 0", or both.  If a
 *	  table has any other index, which a user may have added, the executor
 *	  inserts the entries of all indexes.
 *
 *	  The caller holds RowExclusiveLock on the table.  Whoever drops, rebuilds or
 *	  adds an index takes a lock on the table that conflicts, or waits for the
 *	  end of all transactions that hold one, so that the indexes need no locks
 *	  of their own here.
 *
 *	  Cached entries live as long as the backend; an invalidation of the table,
 *	  which every change of its indexes sends, drops them.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "nodes/primnodes.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define MAX_TABLES		4
#define MAX_INDEXES		8
#define MAX_KEY			8
#define MAX_TESTS		2
#define MAX_SCAN_KEYS	3

/* A part of a predicate: it is true if the column is NULL, or is not, ... */
typedef struct IndexTest
{
	AttrNumber	column;
	bool		if_null;
	int32		bits;			/* ... and if any of these is set, unless 0 */
} IndexTest;

/* A B-tree of plain columns. */
typedef struct PlainIndex
{
	Oid			oid;
	bool		is_unique;
	int			ntests;			/* all are true of a tuple that has an entry */
	IndexTest	tests[MAX_TESTS];
	int			nkeys;
	AttrNumber	keys[MAX_KEY];
} PlainIndex;

/* The indexes of a table. */
typedef struct TableIndexes
{
	Oid			table;			/* InvalidOid: the entry is free */
	bool		is_plain;		/* all indexes are in the array */
	int			count;
	PlainIndex	indexes[MAX_INDEXES];
} TableIndexes;

static TableIndexes tables[MAX_TABLES];
static uint64 changes = 0;		/* counts invalidations */

/* --------------------------------------------------------------- relations */

static void
refuse_relation(Relation rel, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("relation \"msgstore.%s\" has %s, which msgstore does not support",
					RelationGetRelationName(rel), what),
			 errhint("Remove it. To follow changes, read the table msgstore.change.")));
}

/*
 * Open a table, and refuse it if a user has added something that direct writes
 * would skip.  Internal triggers show a deferrable unique constraint
 * (unique_key_recheck) and a foreign key (RI_FKey_check_ins).
 */
Relation
direct_relation(StoreRelation which, LOCKMODE lockmode)
{
	Relation	rel = table_open(relation_oid(which), lockmode);

	if (rel->trigdesc != NULL)
	{
		for (int i = 0; i < rel->trigdesc->numtriggers; i++)
		{
			if (!rel->trigdesc->triggers[i].tgisinternal)
				refuse_relation(rel, "a trigger");
			if (rel->trigdesc->triggers[i].tgfoid == F_RI_FKEY_CHECK_INS)
				refuse_relation(rel, "a foreign key to another table");
			if (rel->trigdesc->triggers[i].tgfoid == F_UNIQUE_KEY_RECHECK)
				refuse_relation(rel, "a deferrable constraint");
		}
	}
	if (rel->rd_rules != NULL)
		refuse_relation(rel, "a rule");
	if (rel->rd_rel->relrowsecurity)
		refuse_relation(rel, "row-level security");
	if (rel->rd_att->constr != NULL &&
		(rel->rd_att->constr->num_check > 0 ||
		 rel->rd_att->constr->has_generated_stored))
		refuse_relation(rel, "a check constraint or a generated column");
	return rel;
}

const int *
direct_columns(ColumnMap *map, Relation rel, const char *const *names,
			   int count)
{
	if (map->relid == RelationGetRelid(rel))
		return map->at;
	map->relid = InvalidOid;
	for (int i = 0; i < count; i++)
	{
		AttrNumber	attno = get_attnum(RelationGetRelid(rel), names[i]);

		if (attno == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							names[i], RelationGetRelationName(rel))));
		map->at[i] = attno - 1;
	}
	map->relid = RelationGetRelid(rel);
	return map->at;
}

/* ----------------------------------------------------------------- scans */

/* Fill keys of a scan for the first nkeys columns, which are bigint. */
static void
init_keys(ScanKeyData *keys, const int64 *key, int nkeys)
{
	Assert(nkeys <= MAX_SCAN_KEYS);
	for (int i = 0; i < nkeys; i++)
		ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, F_INT8EQ,
					Int64GetDatum(key[i]));
}

/*
 * Begin an index scan of the rows that have the given values in the first
 * nkeys columns of the index, which are bigint.
 */
IndexScanDesc
direct_begin_scan(Relation rel, Relation indexrel, const int64 *key,
				  int nkeys, Snapshot snapshot)
{
	ScanKeyData keys[MAX_SCAN_KEYS];
	IndexScanDesc scan;

	init_keys(keys, key, nkeys);
	scan = compat_index_beginscan(rel, indexrel, snapshot, nkeys, 0);
	index_rescan(scan, keys, nkeys, NULL, 0);
	return scan;
}

/*
 * Find the first row with the given values in the first columns of a unique
 * index of bigint columns.  Returns false if the snapshot sees no such row;
 * otherwise the slot holds the tuple, pinned.
 */
bool
direct_fetch(Relation rel, StoreRelation index, const int64 *key, int nkeys,
			 Snapshot snapshot, TupleTableSlot *slot)
{
	Relation	indexrel = index_open(relation_oid(index), AccessShareLock);
	IndexScanDesc scan = direct_begin_scan(rel, indexrel, key, nkeys, snapshot);
	bool		found;

	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	index_endscan(scan);
	index_close(indexrel, AccessShareLock);
	return found;
}

void
direct_begin_walk(DirectWalk *walk, Relation rel, StoreRelation index,
				  int nkeys, Snapshot snapshot)
{
	walk->nkeys = nkeys;
	walk->context = CurrentMemoryContext;
	walk->index = index_open(relation_oid(index), AccessShareLock);
	walk->scan = compat_index_beginscan(rel, walk->index, snapshot, nkeys, 0);
	walk->slot = table_slot_create(rel, NULL);
}

bool
direct_walk(DirectWalk *walk, const int64 *key)
{
	MemoryContext caller = MemoryContextSwitchTo(walk->context);
	ScanKeyData keys[MAX_SCAN_KEYS];
	bool		found;

	init_keys(keys, key, walk->nkeys);
	index_rescan(walk->scan, keys, walk->nkeys, NULL, 0);
	found = index_getnext_slot(walk->scan, ForwardScanDirection, walk->slot);
	MemoryContextSwitchTo(caller);
	return found;
}

void
direct_end_walk(DirectWalk *walk)
{
	ExecDropSingleTupleTableSlot(walk->slot);
	index_endscan(walk->scan);
	index_close(walk->index, AccessShareLock);
}

/* ------------------------------------------------------------ new tuples */

/*
 * Raise an error if a NULL violates a NOT NULL constraint, as the executor
 * does.  A user may have added such a column to the table.
 */
void
direct_require_not_null(Relation rel, const bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attnotnull && !column->attisdropped && nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
							NameStr(column->attname),
							RelationGetRelationName(rel)),
					 errtablecol(rel, i + 1)));
	}
}

TupleTableSlot *
direct_slot(Relation rel)
{
	return MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsHeapTuple);
}

/*
 * Return a size in which the values of a slot from column "first" on have room,
 * and add to *infomask the flags that they give a tuple.
 */
static Size
room_for_values(const TupleTableSlot *slot, int first, uint16 *infomask)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	Size		size = 0;

	for (int i = first; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		char	   *value = DatumGetPointer(slot->tts_values[i]);

		if (slot->tts_isnull[i])
			*infomask |= HEAP_HASNULL;
		else if (column->attlen == -1)
		{
			size += MAXIMUM_ALIGNOF + VARSIZE_ANY(value);
			*infomask |= HEAP_HASVARWIDTH;
			if (VARATT_IS_EXTERNAL(value))
				*infomask |= HEAP_HASEXTERNAL;
		}
		else
			size += MAXIMUM_ALIGNOF + column->attlen;
	}
	return size;
}

/*
 * Write a value of variable length where the values before it end; return the
 * place behind it.  As in every tuple, a short value has a short header and no
 * alignment.
 */
static char *
put_varlena(char *at, Form_pg_attribute column, const char *value)
{
	Size		size = VARSIZE_ANY(value);

	if (column->attstorage != TYPSTORAGE_PLAIN && VARATT_CAN_MAKE_SHORT(value))
	{
		size = VARATT_CONVERTED_SHORT_SIZE(value);
		SET_VARSIZE_SHORT(at, size);
		memcpy(at + VARHDRSZ_SHORT, VARDATA(value), size - VARHDRSZ_SHORT);
		return at + size;
	}
	if (VARATT_IS_4B(value))
		at = (char *) att_align_nominal(at, column->attalign);
	memcpy(at, value, size);
	return at + size;
}

/* Write a value where the values before it end; return the place behind it. */
static char *
put_value(char *at, Form_pg_attribute column, Datum value)
{
	if (column->attlen == -1)
		return put_varlena(at, column, DatumGetPointer(value));
	at = (char *) att_align_nominal(at, column->attalign);
	if (column->attbyval)
		store_att_byval(at, value, column->attlen);
	else
		memcpy(at, DatumGetPointer(value), column->attlen);
	return at + column->attlen;
}

/*
 * Form a tuple of a header, with values behind it up to column "first", and of
 * the values of a slot from that column on, which have room in "room" bytes.
 * The slot gets the tuple.  heap_form_tuple() would pass over all values twice,
 * and the access method would copy the values of a virtual slot before it forms
 * their tuple.
 */
static void
form_tuple(TupleTableSlot *slot, HeapTupleHeader head, Size headlen, int first,
		   Size room)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	HeapTuple	tuple = palloc0(HEAPTUPLESIZE + headlen + room);
	char	   *at;

	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_data = (HeapTupleHeader) ((char *) tuple + HEAPTUPLESIZE);
	memcpy(tuple->t_data, head, headlen);
	at = (char *) tuple->t_data + headlen;
	for (int i = first; i < desc->natts; i++)
	{
		if (!slot->tts_isnull[i])
			at = put_value(at, TupleDescAttr(desc, i), slot->tts_values[i]);
	}
	tuple->t_len = at - (char *) tuple->t_data;
	ExecStoreHeapTuple(tuple, slot, true);

	/* the values are known: an index entry need not be read from the tuple */
	slot->tts_nvalid = desc->natts;
}

void
direct_form(TupleTableSlot *slot)
{
	union
	{
		HeapTupleHeaderData header;
		char		bytes[MAXALIGN(SizeofHeapTupleHeader +
								   (MaxHeapAttributeNumber + 7) / 8)];
	}			head;
	int			natts = slot->tts_tupleDescriptor->natts;
	Size		headlen = SizeofHeapTupleHeader;
	uint16		infomask = 0;
	Size		room = room_for_values(slot, 0, &infomask);

	if (infomask & HEAP_HASNULL)
		headlen += BITMAPLEN(natts);
	headlen = MAXALIGN(headlen);
	memset(&head, 0, headlen);
	for (int i = 0; i < natts && (infomask & HEAP_HASNULL); i++)
	{
		if (!slot->tts_isnull[i])
			head.header.t_bits[i >> 3] |= 1 << (i & 7);
	}
	HeapTupleHeaderSetNatts(&head.header, natts);
	head.header.t_infomask = infomask;
	head.header.t_hoff = headlen;
	form_tuple(slot, &head.header, headlen, 0, room);
}

void
direct_form_behind(TupleTableSlot *slot, HeapTuple tuple, const char *from,
				   int first)
{
	uint16		infomask = 0;
	Size		room = room_for_values(slot, first, &infomask);

	form_tuple(slot, tuple->t_data, from - (char *) tuple->t_data, first, room);
	((HeapTupleTableSlot *) slot)->tuple->t_data->t_infomask |= infomask;
}

/* Relcache callback; InvalidOid stands for all tables. */
static void
table_changed(Datum arg, Oid relid)
{
	changes++;
	for (int i = 0; i < MAX_TABLES; i++)
	{
		if (relid == InvalidOid || relid == tables[i].table)
			tables[i].table = InvalidOid;
	}
}

/* Read "column IS [NOT] NULL"; return false if the node is something else. */
static bool
read_null_test(Node *node, IndexTest *test)
{
	NullTest   *expr = (NullTest *) node;

	if (!IsA(node, NullTest) || expr->argisrow || !IsA(expr->arg, Var))
		return false;
	test->column = ((Var *) expr->arg)->varattno;
	test->if_null = expr->nulltesttype == IS_NULL;
	test->bits = 0;
	return test->column > 0;
}

/* Return true if a node is a constant integer, and set *value to the integer. */
static bool
read_integer(Node *node, int32 *value)
{
	Const	   *constant = (Const *) node;

	if (!IsA(node, Const) || constant->constisnull)
		return false;
	*value = DatumGetInt32(constant->constvalue);
	return true;
}

/* Read "column & bits <> 0"; return false if the node is something else. */
static bool
read_bit_test(Node *node, IndexTest *test)
{
	OpExpr	   *differs = (OpExpr *) node;
	OpExpr	   *masked;
	int32		zero;

	if (!IsA(node, OpExpr) || differs->opfuncid != F_INT4NE ||
		!read_integer(lsecond(differs->args), &zero) || zero != 0)
		return false;
	masked = linitial(differs->args);
	if (!IsA(masked, OpExpr) || masked->opfuncid != F_INT4AND ||
		!IsA(linitial(masked->args), Var) ||
		!read_integer(lsecond(masked->args), &test->bits))
		return false;
	test->column = ((Var *) linitial(masked->args))->varattno;
	test->if_null = false;
	return test->column > 0 && test->bits != 0;
}

/* Read a predicate.  Returns false if the executor is needed for it. */
static bool
read_predicate(Relation index, PlainIndex *plain)
{
	List	   *predicate = RelationGetIndexPredicate(index);
	ListCell   *cell;

	plain->ntests = 0;
	if (list_length(predicate) > MAX_TESTS)
		return false;
	foreach(cell, predicate)
	{
		IndexTest  *test = &plain->tests[plain->ntests++];

		if (!read_null_test(lfirst(cell), test) &&
			!read_bit_test(lfirst(cell), test))
			return false;
	}
	return true;
}

/* Read an index.  Returns false if the executor is needed for the index. */
static bool
read_index(Relation index, PlainIndex *plain)
{
	Form_pg_index form = index->rd_index;

	plain->oid = RelationGetRelid(index);
	plain->is_unique = form->indisunique;
	plain->nkeys = form->indnatts;
	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisready ||
		!form->indimmediate || form->indisexclusion || form->indnatts > MAX_KEY)
		return false;
	for (int i = 0; i < plain->nkeys; i++)
	{
		plain->keys[i] = form->indkey.values[i];
		if (plain->keys[i] <= 0)
			return false;
	}
	return read_predicate(index, plain);
}

/* Read the indexes of a table. */
static void
read_indexes(Relation rel, TableIndexes *result)
{
	List	   *oids = RelationGetIndexList(rel);
	ListCell   *cell;

	result->table = RelationGetRelid(rel);
	result->count = 0;
	result->is_plain = list_length(oids) <= MAX_INDEXES;
	foreach(cell, oids)
	{
		Relation	index;

		if (!result->is_plain)
			break;
		index = index_open(lfirst_oid(cell), RowExclusiveLock);
		result->is_plain = read_index(index,
									  &result->indexes[result->count++]);
		index_close(index, NoLock);
	}
	list_free(oids);
}

/*
 * Return the indexes of a table: those that are kept, or else *room, which is
 * filled, and kept unless the table has changed meanwhile.
 */
static const TableIndexes *
find_indexes(Relation rel, TableIndexes *room)
{
	static bool registered = false;
	Oid			relid = RelationGetRelid(rel);
	uint64		before;

	for (int i = 0; i < MAX_TABLES; i++)
	{
		if (tables[i].table == relid)
			return &tables[i];
	}
	if (!registered)
		CacheRegisterRelcacheCallback(table_changed, (Datum) 0);
	registered = true;
	before = changes;
	read_indexes(rel, room);
	for (int i = 0; i < MAX_TABLES && before == changes; i++)
	{
		if (tables[i].table != InvalidOid)
			continue;
		tables[i] = *room;
		break;
	}
	return room;
}

/* Insert the entries of a tuple with the executor. */
static void
insert_by_executor(Relation rel, TupleTableSlot *slot,
				   const CompatUpdateIndexes *update)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *rri = makeNode(ResultRelInfo);

	InitResultRelInfo(rri, rel, 0, NULL, 0);
	ExecOpenIndices(rri, false);
	if (update == NULL)
		compat_index_insert(rri, slot, estate);
	else
		compat_index_update(rri, slot, estate, *update);
	ExecCloseIndices(rri);
	FreeExecutorState(estate);
}

/*
 * Insert the entry of a tuple into one index.  "old" is the tuple that was
 * replaced, or NULL.  The datums of a key that a change leaves alone are those
 * of "old"; the index is then given the hint that the key is the old one.
 */
static void
insert_entry(Relation rel, Relation index, TupleTableSlot *old,
			 TupleTableSlot *slot, const PlainIndex *plain)
{
	Datum		values[MAX_KEY];
	bool		nulls[MAX_KEY];
	bool		unchanged = old != NULL;

	for (int i = 0; i < plain->nkeys; i++)
	{
		values[i] = slot_getattr(slot, plain->keys[i], &nulls[i]);
		if (unchanged)
		{
			bool		isnull;
			Datum		before = slot_getattr(old, plain->keys[i], &isnull);

			unchanged = isnull == nulls[i] && (isnull || before == values[i]);
		}
	}
	compat_index_insert_entry(index, values, nulls, &slot->tts_tid, rel,
							  plain->is_unique ? UNIQUE_CHECK_YES :
							  UNIQUE_CHECK_NO, unchanged);
}

/* Return true if an index has an entry for a tuple. */
static bool
has_entry(const PlainIndex *plain, TupleTableSlot *slot)
{
	for (int i = 0; i < plain->ntests; i++)
	{
		const IndexTest *test = &plain->tests[i];
		bool		isnull;
		Datum		value = slot_getattr(slot, test->column, &isnull);

		if (isnull != test->if_null ||
			(test->bits != 0 && (DatumGetInt32(value) & test->bits) == 0))
			return false;
	}
	return true;
}

/* Insert the entries of tuples into one index, if they have any. */
static void
insert_into_index(Relation rel, TupleTableSlot *old, TupleTableSlot **slots,
				  int count, const PlainIndex *plain)
{
	Relation	index = NULL;

	for (int i = 0; i < count; i++)
	{
		if (!has_entry(plain, slots[i]))
			continue;
		if (index == NULL)
			index = RelationIdGetRelation(plain->oid);
		if (!RelationIsValid(index))
			elog(ERROR, "could not open index %u", plain->oid);
		insert_entry(rel, index, old, slots[i], plain);
	}
	if (index != NULL)
		RelationClose(index);
}

/*
 * Insert the entries of tuples into all indexes.  "old" is the tuple that the
 * only tuple replaced, or NULL.  Returns false, without inserting anything, if
 * the executor is needed.
 */
static bool
insert_entries(Relation rel, TupleTableSlot *old, TupleTableSlot **slots,
			   int count)
{
	TableIndexes room;
	TableIndexes indexes = *find_indexes(rel, &room);

	for (int i = 0; indexes.is_plain && i < indexes.count; i++)
		insert_into_index(rel, old, slots, count, &indexes.indexes[i]);
	return indexes.is_plain;
}

void
direct_insert_entries(Relation rel, TupleTableSlot *slot)
{
	direct_insert_batch(rel, &slot, 1);
}

void
direct_insert_batch(Relation rel, TupleTableSlot **slots, int count)
{
	if (insert_entries(rel, NULL, slots, count))
		return;
	for (int i = 0; i < count; i++)
		insert_by_executor(rel, slots[i], NULL);
}

void
direct_update_entries(Relation rel, TupleTableSlot *old, TupleTableSlot *slot,
					  const CompatUpdateIndexes *update)
{
	if (!compat_needs_all_entries(*update) ||
		!insert_entries(rel, old, &slot, 1))
		insert_by_executor(rel, slot, update);
}

void
direct_write(Relation rel, TupleTableSlot *old, TupleTableSlot *slot)
{
	ItemPointerData tid;
	TM_FailureData failure;
	LockTupleMode lockmode;
	CompatUpdateIndexes update;
	TM_Result	result;

	if (old == NULL)
	{
		CheckCmdReplicaIdentity(rel, CMD_INSERT);
		table_tuple_insert(rel, slot, GetCurrentCommandId(true), 0, NULL);
		direct_insert_entries(rel, slot);
		return;
	}
	CheckCmdReplicaIdentity(rel, CMD_UPDATE);
	tid = old->tts_tid;
	result = table_tuple_update(rel, &tid, slot, GetCurrentCommandId(true),
								SnapshotSelf, InvalidSnapshot, true,
								&failure, &lockmode, &update);
	if (result != TM_Ok)
		elog(ERROR, "unexpected result %d of updating table \"%s\"", result,
			 RelationGetRelationName(rel));
	if (compat_needs_index_entries(update))
		direct_update_entries(rel, old, slot, &update);
}
