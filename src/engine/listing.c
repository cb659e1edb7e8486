/*-------------------------------------------------------------------------
 *
 * listing.c
 *	  Which messages a list has, and in which order.
 *
 * NOTES
 *	  A list is read folder by folder.  The rows of a folder come from one
 *	  index; a restriction is evaluated on every row that is read, so that the
 *	  index only decides how many these are:
 *
 *		the index of the first sort element, from the position on, and no
 *		further than the list needs ("in order");
 *		the index of a promoted column that the restriction bounds, if the
 *		folder has few such messages;
 *		the index of the folder's messages, of those that are deleted or of
 *		those that are associated; of the caller's own if the caller may not
 *		read others.
 *
 *	  A list that holds its messages, as a search that was stopped does, reads
 *	  these by their ids.
 *
 *	  Rows that qualify are candidates.  The candidates are kept in memory with
 *	  their sort keys, and when there are many more than the list needs, the
 *	  last ones are dropped.  A promoted value may be equal for rows whose
 *	  properties differ, so a scan in order stops only where the value changes.
 *
 *	  Everything is read with the active snapshot.  Rows of the result are
 *	  fetched again by their place in the table, which a snapshot keeps.
 *
 *	  Memory: candidates live in the context in which listing_begin() was
 *	  called; what is computed for one row is freed before the next.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "computed.h"

/* Candidates beyond those that the list needs, before the last are dropped. */
#define SPARE			1000

/*
 * A bounded column is preferred to a scan in order if a folder has at most so
 * many rows between the bounds.
 */
#define FEW_ROWS		5000

/* The columns that have an index. */
static const struct
{
	PromotedColumn column;
	StoreRelation index;
}			indexes[] =

{
	{PROMOTED_SENDER, REL_MESSAGE_SENDER},
	{PROMOTED_DELIVERY, REL_MESSAGE_DELIVERY}
};

/* --------------------------------------------------------------- one row */

bool
listing_find(void *object, const Property *prop, JsonbValue *value)
{
	ListedRow  *listed = object;

	if (listed->bag == NULL)
		listed->bag = DatumGetJsonbP(messagerow_props(listed->row));
	if (prop->part == PART_PROPS && bag_find(listed->bag, prop->name, value))
		return true;
	if (prop->part == PART_PROPS && !view_computes(prop))
		return false;
	if (!listed->has_view)
	{
		messagerow_complete(listed->row);
		view_from_row(&listed->view, listed->row);
		listed->view.actor = listed->actor;
		listed->has_view = true;
	}
	return view_value(&listed->view, prop, value);
}

/* Begin with another row. */
static void
listed_begin(ListedRow *listed, MessageRow *row, const char *actor)
{
	listed->row = row;
	listed->actor = actor;
	listed->bag = NULL;
	listed->has_view = false;
}

/* Return true if a row belongs to the list but for the restriction. */
static bool
belongs(const MessageList *listing, const ListedFolder *folder,
		const MessageRow *row)
{
	const Version *version = &row->version;

	if (((listing->flags & SHOW_SOFT_DELETES) != 0) !=
		(version->deleted_at != 0))
		return false;
	if (((listing->flags & MAPI_ASSOCIATED) != 0) !=
		((version->message_flags & MSGFLAG_ASSOCIATED) != 0))
		return false;
	return folder->read_any ||
		access_message(listing->store_id, folder->folder_id, row->creator,
					   ACCESS_TO_READ);
}

/* -------------------------------------------------------------- candidates */

/* qsort_arg() comparator for candidates. */
static int
compare_candidates(const void *a, const void *b, void *arg)
{
	const MessageList *listing = arg;

	return sorting_compare(&listing->order, &((const ListedMessage *) a)->key,
						   &((const ListedMessage *) b)->key);
}

/* Free the key of a candidate. */
static void
free_candidate(const MessageList *listing, ListedMessage *candidate)
{
	for (int i = 0; i < listing->order.count; i++)
	{
		JsonbValue *value = &candidate->key.values[i];

		if (value->type == jbvString)
			pfree(value->val.string.val);
		else if (value->type == jbvNumeric)
			pfree(value->val.numeric);
	}
	pfree(candidate->key.values);
}

/* Sort the candidates, and drop those that the list does not need. */
static void
drop_surplus(MessageList *listing)
{
	qsort_arg(listing->messages, listing->count, sizeof(ListedMessage),
			  compare_candidates, listing);
	if (listing->max < 0 || listing->count <= listing->max)
		return;
	for (int64 i = listing->max; i < listing->count; i++)
		free_candidate(listing, &listing->messages[i]);
	listing->count = listing->max;
	listing->is_full = true;
}

/*
 * Add a candidate unless it is before the position, or after all that the list
 * needs.  Returns true if the candidate is behind the position.
 */
static bool
add_candidate(MessageList *listing, const MessageRow *row, const SortKey *key)
{
	ListedMessage *candidate;
	MemoryContext caller;

	if (listing->has_after &&
		sorting_compare(&listing->order, key, &listing->after) <= 0)
		return false;
	if (listing->is_full && (listing->max == 0 ||
							 sorting_compare(&listing->order, key,
											 &listing->messages[listing->max - 1].key) > 0))
		return true;

	caller = MemoryContextSwitchTo(listing->context);
	if (listing->count == listing->allocated)
	{
		listing->allocated = Max(64, listing->allocated * 2);
		listing->messages =
			listing->messages == NULL ?
			MemoryContextAllocHuge(listing->context,
								   sizeof(ListedMessage) * listing->allocated) :
			repalloc_huge(listing->messages,
						  sizeof(ListedMessage) * listing->allocated);
	}
	candidate = &listing->messages[listing->count++];
	candidate->tid = row->slot->tts_tid;
	sorting_copy(&listing->order, key, &candidate->key);
	MemoryContextSwitchTo(caller);
	if (listing->max >= 0 && listing->count >= 2 * listing->max + SPARE)
		drop_surplus(listing);
	return true;
}

/*
 * Evaluate the row that was read last, in memory that is freed afterwards.
 * Returns the number of candidates behind the position that the row is.
 */
static int
consider(MessageList *listing, const ListedFolder *folder, MessageRow *row)
{
	MemoryContext caller;
	ListedRow	listed;
	SortKey		key;
	int			found = 0;

	CHECK_FOR_INTERRUPTS();
	if (!belongs(listing, folder, row))
		return 0;
	caller = MemoryContextSwitchTo(listing->row_context);
	listed_begin(&listed, row, listing->actor);
	if (match_restriction(listing->restriction, listing_find, &listed))
	{
		if (listing->visit != NULL)
		{
			listing->visit(&listed, listing->visit_arg);
			found = 1;
		}
		else
		{
			sorting_key(&listing->order, listing_find, &listed, &key);
			key.message_id = row->message_id;
			for (int i = 0; i < sorting_instances(&listing->order, &key); i++)
			{
				SortKey		instance;

				sorting_instance(&listing->order, &key, i, &instance);
				if (add_candidate(listing, row, &instance))
					found++;
			}
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(listing->row_context);
	return found;
}

/* ------------------------------------------------------------------- scans */

/* Read all rows of a scan, in any order. */
static void
scan_rows(MessageList *listing, const ListedFolder *folder, MessageRow *row,
		  MessageScan *scan)
{
	while (scan_next(scan))
		(void) consider(listing, folder, row);
	scan_end(scan);
}

/* Return true if two promoted values are equal. */
static bool
same_promoted(PromotedColumn column, const Promoted *a, Datum value)
{
	text	   *x;
	text	   *y;

	if (column == PROMOTED_DELIVERY)
		return DatumGetInt64(a->value[column]) == DatumGetInt64(value);
	x = DatumGetTextPP(a->value[column]);
	y = DatumGetTextPP(value);
	return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

/*
 * Read the rows of a scan that is in the order of a column, until the list has
 * enough of them and the value of the column changes.  Returns the number of
 * candidates that it has found.
 */
static int64
scan_in_order(MessageList *listing, const ListedFolder *folder, MessageRow *row,
			  MessageScan *scan, PromotedColumn column, int64 needed)
{
	bool		by_time = column == PROMOTED_DELIVERY;
	Datum		last = (Datum) 0;
	bool		any = false;
	int64		found = 0;

	while (scan_next(scan))
	{
		if (!any || !same_promoted(column, &row->promoted, last))
		{
			if (found >= needed)
				break;
			if (any && !by_time)
				pfree(DatumGetPointer(last));
			last = by_time ? row->promoted.value[column] :
				PointerGetDatum(DatumGetTextPCopy(row->promoted.value[column]));
			any = true;
		}
		found += consider(listing, folder, row);
	}
	scan_end(scan);
	return found;
}

/*
 * Read the rows without a value of the column.  They are in the order of their
 * ids, which is the order of the list if the list has no other sort element.
 */
static void
scan_absent_rows(MessageList *listing, const ListedFolder *folder,
				 MessageRow *row, StoreRelation index, int64 needed)
{
	bool		by_id = listing->order.count == 1;
	bool		from_after = by_id && listing->has_after &&
	listing->after.values[0].type == jbvNull;
	MessageScan scan;

	scan_begin(&scan, row, index, listing->store_id, folder->folder_id);
	scan_absent(&scan, from_after ? listing->after.message_id : 0);
	while ((!by_id || needed > 0) && scan_next(&scan))
		needed -= consider(listing, folder, row);
	scan_end(&scan);
}

/*
 * Read the rows of a folder from the index of the first sort element.  The
 * rows without a value come last, and not at all if the restriction bounds the
 * column.
 */
static void
list_in_order(MessageList *listing, const ListedFolder *folder, MessageRow *row,
			  PromotedColumn column, StoreRelation index)
{
	bool		descending = listing->order.elements[0].descending;
	int64		needed = listing->max < 0 ? PG_INT64_MAX : listing->max;
	PromotedBounds bounds = {0};
	bool		bounded;
	MessageScan scan;

	if (listing->restriction != NULL)
		restriction_bounds(listing->restriction, column, &bounds);
	bounded = bounds.has_low || bounds.has_high;
	if (!listing->has_after || listing->after.values[0].type != jbvNull)
	{
		Datum		from;

		if (listing->has_after &&
			promoted_value(column, &listing->after.values[0], &from))
		{
			if (descending)
				promoted_reduce_high(&bounds, column, from);
			else
				promoted_raise_low(&bounds, column, from);
		}
		scan_begin(&scan, row, index, listing->store_id, folder->folder_id);
		scan_bounds(&scan, &bounds);
		if (descending)
			scan_backward(&scan);
		needed -= scan_in_order(listing, folder, row, &scan, column, needed);
	}
	if (!bounded && needed > 0)
		scan_absent_rows(listing, folder, row, index, needed);
}

/* Return the place in indexes[] of the first sort element, or -1. */
static int
order_index(const MessageList *listing)
{
	const SortElement *first = &listing->order.elements[0];

	if (listing->order.count == 0 || first->is_never ||
		listing->visit != NULL)
		return -1;
	for (int i = 0; i < lengthof(indexes); i++)
	{
		if (promoted_column(first->prop.name) == indexes[i].column)
			return i;
	}
	return -1;
}

/* Return true if a folder has few rows between the bounds of a column. */
static bool
has_few(const MessageList *listing, const ListedFolder *folder, MessageRow *row,
		StoreRelation index, const PromotedBounds *bounds)
{
	MessageScan scan;
	bool		few;

	scan_begin(&scan, row, index, listing->store_id, folder->folder_id);
	scan_bounds(&scan, bounds);
	few = scan_count(&scan, FEW_ROWS + 1) <= FEW_ROWS;
	scan_end(&scan);
	return few;
}

/*
 * Read the rows of a folder from the index of a column that the restriction
 * bounds: on both sides, or if "one_side" is set, on one.  Returns false if
 * there is no such column, or if the list has an order of an index that may
 * reach its end sooner.
 */
static bool
list_bounded(MessageList *listing, const ListedFolder *folder, MessageRow *row,
			 int in_order, bool one_side)
{
	bool		may_stop = in_order >= 0 && listing->max >= 0;

	for (int i = 0; listing->restriction != NULL && i < lengthof(indexes); i++)
	{
		PromotedBounds bounds = {0};
		MessageScan scan;

		restriction_bounds(listing->restriction, indexes[i].column, &bounds);
		if (i == in_order ||
			(one_side ? !bounds.has_low && !bounds.has_high :
			 !bounds.has_low || !bounds.has_high) ||
			(may_stop && (one_side ||
						  !has_few(listing, folder, row, indexes[i].index,
								   &bounds))))
			continue;
		scan_begin(&scan, row, indexes[i].index, listing->store_id,
				   folder->folder_id);
		scan_bounds(&scan, &bounds);
		scan_rows(listing, folder, row, &scan);
		return true;
	}
	return false;
}

/* Read the rows of a folder from the index that reads the fewest. */
static void
list_folder(MessageList *listing, const ListedFolder *folder, MessageRow *row)
{
	int			in_order = order_index(listing);
	StoreRelation index = REL_MESSAGE_FOLDER;
	MessageScan scan;

	if ((listing->flags & SHOW_SOFT_DELETES) != 0)
		index = REL_MESSAGE_DELETED;
	else if ((listing->flags & MAPI_ASSOCIATED) != 0)
		index = REL_MESSAGE_ASSOCIATED;
	else if (folder->read_any)
	{
		if (list_bounded(listing, folder, row, in_order, false))
			return;
		if (in_order >= 0)
		{
			list_in_order(listing, folder, row, indexes[in_order].column,
						  indexes[in_order].index);
			return;
		}
		if (list_bounded(listing, folder, row, in_order, true))
			return;
	}
	scan_begin(&scan, row, index, listing->store_id, folder->folder_id);
	if (!folder->read_any)
		scan_equal(&scan, access_role_name());
	scan_rows(listing, folder, row, &scan);
}

/* Read a message that the list holds, in whichever folder the message is. */
static void
list_held(MessageList *listing, int64 message_id, MessageRow *row)
{
	ListedFolder folder = {0};

	CHECK_FOR_INTERRUPTS();
	if (!messagerow_fetch(row, listing->store_id, message_id))
		return;
	folder.folder_id = row->version.folder_id;
	(void) consider(listing, &folder, row);
}

/* ----------------------------------------------------------------- listing */

void
listing_init(MessageList *listing, int64 store_id)
{
	memset(listing, 0, sizeof(MessageList));
	listing->store_id = store_id;
	listing->max = -1;
	listing->order.instanced = -1;
	listing->context = CurrentMemoryContext;
	listing->row_context = AllocSetContextCreate(CurrentMemoryContext,
												 "msgstore listed row",
												 ALLOCSET_DEFAULT_SIZES);
}

void
listing_add_folder(MessageList *listing, int64 folder_id)
{
	uint32		rights = access_folder(listing->store_id, folder_id);
	ListedFolder *folder;

	for (int i = 0; i < listing->nfolders; i++)
	{
		if (listing->folders[i].folder_id == folder_id)
			return;
	}
	if ((rights & RIGHT_FOLDER_VISIBLE) == 0)
		return;
	if (listing->nfolders == listing->allocated_folders)
	{
		listing->allocated_folders = Max(8, listing->allocated_folders * 2);
		listing->folders = listing->folders == NULL ?
			palloc(sizeof(ListedFolder) * listing->allocated_folders) :
			repalloc(listing->folders,
					 sizeof(ListedFolder) * listing->allocated_folders);
	}
	folder = &listing->folders[listing->nfolders++];
	folder->folder_id = folder_id;
	folder->read_any = (rights & RIGHT_READ_ANY) != 0;
}

void
listing_add_below(MessageList *listing, int64 folder_id)
{
	int			count;
	int64	   *ids;

	check_stack_depth();
	listing_add_folder(listing, folder_id);
	ids = tree_children(listing->store_id, folder_id, TREE_LIVE, &count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		listing_add_below(listing, ids[i]);
	}
	pfree(ids);
}

/* bsearch() comparator for ids. */
static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

bool
listing_has(const MessageList *listing, int64 folder_id, int64 message_id)
{
	if (listing->is_held)
		return listing->nheld > 0 &&
			bsearch(&message_id, listing->held, listing->nheld, sizeof(int64),
					compare_ids) != NULL;
	for (int i = 0; i < listing->nfolders; i++)
	{
		if (listing->folders[i].folder_id == folder_id)
			return true;
	}
	return false;
}

void
listing_run(MessageList *listing, MessageRow *row)
{
	if (listing->max == 0 && listing->visit == NULL)
		return;
	for (int i = 0; i < listing->nfolders; i++)
		list_folder(listing, &listing->folders[i], row);
	for (int i = 0; i < listing->nheld; i++)
		list_held(listing, listing->held[i], row);
	if (listing->visit == NULL)
		drop_surplus(listing);
}

void
listing_fetch(const MessageList *listing, int64 n, MessageRow *row)
{
	if (!messagerow_fetch_at(row, &listing->messages[n].tid))
		elog(ERROR, "message " INT64_FORMAT " of store " INT64_FORMAT
			 " has moved within its snapshot",
			 listing->messages[n].key.message_id, listing->store_id);
}
