/*-------------------------------------------------------------------------
 *
 * list.c
 *	  Lists of messages, and their numbers.
 *
 * NOTES
 *	  A list is what a contents table is in MAPI: the messages of a folder that
 *	  the caller may read, restricted and sorted, in pages.  A page begins
 *	  behind a position, which is the sort key of a message and not a number of
 *	  rows, so that a page misses and repeats no message that stays where it is
 *	  while others are saved, moved and deleted.
 *
 *	  The rights are asked once, when the folders of the list are gathered.  The
 *	  rows are then read from the index that has their order (listing.c).
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define KNOWN_FLAGS	(CONVENIENT_DEPTH | SHOW_SOFT_DELETES | MAPI_ASSOCIATED)

/* --------------------------------------------------------------- arguments */

/* Raise MAPI_E_UNKNOWN_FLAGS if flags have bits that no list knows. */
static void
check_flags(uint32 flags)
{
	if ((flags & ~KNOWN_FLAGS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown bits 0x%X in \"flags\"",
						flags & ~KNOWN_FLAGS)));
}

int64
list_max_argument(FunctionCallInfo fcinfo, int n)
{
	int32		max;

	if (PG_ARGISNULL(n))
		return -1;
	max = PG_GETARG_INT32(n);
	if (max < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"max\" must not be negative")));
	return max;
}

/* Return a hash of bytes and of an earlier hash. */
static uint64
hash_part(const void *bytes, int len, uint64 seed)
{
	return DatumGetUInt64(hash_any_extended(bytes, len, seed));
}

/*
 * Begin a list of a folder that the caller sees: gather the folders that it
 * reads.  "json" is the restriction, or NULL.
 */
static void
gather_folders(MessageList *listing, int64 store_id, int64 folder_id,
			   Jsonb *json, uint32 flags)
{
	Restriction *restriction = NULL;
	Criteria	criteria;

	listing_init(listing, store_id);
	listing->flags = flags;
	if (json != NULL)
		restriction = restriction_compile(json);
	if (criteria_read(store_id, folder_id, &criteria))
		restriction = restriction_and(criteria_begin(listing, &criteria),
									  restriction);
	else if ((flags & CONVENIENT_DEPTH) != 0)
		listing_add_below(listing, folder_id);
	else
		listing_add_folder(listing, folder_id);
	listing->restriction = restriction;
}

void
list_open(MessageList *listing, int64 store_id, int64 folder_id, Jsonb *json,
		  uint32 flags)
{
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	store_require_folder(store_id, folder_id);
	check_flags(flags);
	gather_folders(listing, store_id, folder_id, json, flags);
}

void
list_begin(FunctionCallInfo fcinfo, const ListArguments *at,
		   MessageList *listing, uint64 *list)
{
	int64		key[3];
	Jsonb	   *json = PG_ARGISNULL(at->restriction) ? NULL :
	PG_GETARG_JSONB_P(at->restriction);

	key[0] = call_number(fcinfo, 0, "store_id");
	key[1] = call_number(fcinfo, 1, "folder_id");
	REQUIRE_ARG(at->flags, "flags");
	key[2] = PG_GETARG_UINT32(at->flags);
	list_open(listing, key[0], key[1], json, PG_GETARG_UINT32(at->flags));
	listing->actor = call_actor(fcinfo, at->actor);
	*list = hash_part(key, sizeof(key), 0);
	if (json != NULL)
		*list = hash_part(VARDATA(json), VARSIZE(json) - VARHDRSZ, *list);
}

uint64
list_hash_order(const SortOrder *order, uint64 list)
{
	for (int i = 0; i < order->count; i++)
	{
		const SortElement *element = &order->elements[i];

		list = hash_part(element->prop.name,
						 element->is_never ? 0 : element->prop.namelen,
						 list + element->descending);
	}
	return list;
}

/* ----------------------------------------------------------------- listing */

/*
 * Put the value by which an instance of a message is sorted in place of the
 * list of values in its row, if the row has the property.
 */
static Jsonb *
put_instance(const MessageList *listing, const SortKey *key, Jsonb *row)
{
	int			at = listing->order.instanced;
	const char *name;
	JsonbValue	value;
	BagList		list;

	if (at < 0 || key->values[at].type == jbvNull)
		return row;
	name = listing->order.elements[at].prop.name;
	if (!bag_find(row, name, &value))
		return row;
	value = key->values[at];
	baglist_init(&list, 1);
	baglist_add_value(&list, name, strlen(name), &value);
	return bag_splice(row, baglist_build(&list), false);
}

/* Add the rows of a list to the result. */
static void
put_rows(FunctionCallInfo fcinfo, MessageList *listing, MessageRow *row,
		 ArrayType *columns, uint64 list, int64 rank)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);

	for (int64 i = 0; i < listing->count; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(listing->row_context);
		MessageView view;
		Datum		values[4];
		bool		nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		listing_fetch(listing, i, row);
		view_from_row(&view, row);
		view.actor = listing->actor;
		values[0] = Int64GetDatum(row->message_id);
		values[1] = Int64GetDatum(row->version.change_number);
		values[2] = JsonbPGetDatum(put_instance(listing,
												&listing->messages[i].key,
												view_props(&view, columns)));
		values[3] = PointerGetDatum(sorting_position(&listing->order,
													 &listing->messages[i].key,
													 list, rank + i + 1));
		tuplestore_putvalues(result, desc, values, nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(listing->row_context);
	}
}

/*
 * Add argument n, what rows are looked for, to the restriction of a list.  The
 * positions of the list stay as they are.
 */
static void
find_argument(FunctionCallInfo fcinfo, int n, MessageList *listing)
{
	Restriction *find;

	if (PG_ARGISNULL(n))
		return;
	find = restriction_compile(PG_GETARG_JSONB_P(n));
	if (restriction_max(find) >= 0)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("\"find\" cannot have a count"),
				 errhint("Limit the rows with \"max\".")));
	if (restriction_max(listing->restriction) >= 0)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("rows cannot be found in a list that is limited by a count")));
	listing->restriction = restriction_and(listing->restriction, find);
}

/*
 * list_messages(store_id, folder_id, columns, restriction, sort, max, after,
 *				 flags, actor, find)
 *		→ (message_id, change_number, row, position)
 *
 * Return the messages of a folder that the caller may read, with the named
 * properties; all properties if "columns" is NULL.  The rows are those behind
 * the position "after", at most "max"; of these, the rows that "find" selects.
 * Their positions are those of the list without "find".
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS,
 * MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER for a name, a restriction, an
 * element of "sort" or a position, MAPI_E_TOO_COMPLEX.
 */
PG_FUNCTION_INFO_V1(list_messages);
Datum
list_messages(PG_FUNCTION_ARGS)
{
	static const ListArguments at = {.restriction = 3, .flags = 7, .actor = 8};
	MessageList listing;
	uint64		list;
	int64		rank = 0;
	int64		most;
	MessageRow	row;

	list_begin(fcinfo, &at, &listing, &list);
	listing.max = list_max_argument(fcinfo, 5);
	if (!PG_ARGISNULL(4))
		sorting_read(PG_GETARG_ARRAYTYPE_P(4), &listing.order);
	list = list_hash_order(&listing.order, list);
	find_argument(fcinfo, 9, &listing);
	if (!PG_ARGISNULL(6))
	{
		sorting_read_position(&listing.order, PG_GETARG_TEXT_PP(6), list,
							  &listing.after, &rank);
		listing.has_after = true;
	}
	most = restriction_max(listing.restriction);
	if (most >= 0)
		listing.max = listing.max < 0 ? Max(most - rank, 0) :
			Min(listing.max, Max(most - rank, 0));

	messagerow_begin_read(&row, GetActiveSnapshot());
	listing_run(&listing, &row);
	put_rows(fcinfo, &listing, &row,
			 PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2), list, rank);
	messagerow_end_read(&row);
	return (Datum) 0;
}

/* ---------------------------------------------------------------- counting */

/* ListingVisitor: count a row. */
static void
count_row(ListedRow *listed, void *arg)
{
	(*(int64 *) arg)++;
}

/*
 * Return the number of messages of one folder that is counted already.  With
 * "stable", nothing is written.
 */
static int64
known_count(const MessageList *listing, const ListedFolder *folder,
			bool stable)
{
	bool		associated = (listing->flags & MAPI_ASSOCIATED) != 0;
	FolderCounts counts;

	if (folder->read_any && stable)
		count_look(listing->store_id, folder->folder_id, &counts);
	else if (folder->read_any)
		count_read(listing->store_id, folder->folder_id, &counts);
	else
		count_read_own(listing->store_id, folder->folder_id, &counts);
	if ((listing->flags & SHOW_SOFT_DELETES) != 0)
		return associated ? counts.deleted_associated : counts.deleted;
	return associated ? counts.associated : counts.messages;
}

/* Return the number of messages of a list; "stable" as for known_count(). */
static int64
count_list(MessageList *listing, bool stable)
{
	MessageRow	row;
	int64		most;
	int64		count = 0;

	if (listing->restriction == NULL && !listing->is_held)
	{
		for (int i = 0; i < listing->nfolders; i++)
			count += known_count(listing, &listing->folders[i], stable);
		return count;
	}
	listing->visit = count_row;
	listing->visit_arg = &count;
	messagerow_begin_read(&row, GetActiveSnapshot());
	listing_run(listing, &row);
	messagerow_end_read(&row);
	most = restriction_max(listing->restriction);
	return most >= 0 ? Min(count, most) : count;
}

int64
list_count(int64 store_id, int64 folder_id, uint32 flags)
{
	MessageList listing;

	list_open(&listing, store_id, folder_id, NULL, flags);
	return count_list(&listing, false);
}

/*
 * count_messages(store_id, folder_id, restriction, flags, actor) → bigint
 *
 * Return the number of messages that list_messages() would list.  Without a
 * restriction, the folder's counts are read and no message.  Errors: as
 * list_messages().
 */
PG_FUNCTION_INFO_V1(count_messages);
Datum
count_messages(PG_FUNCTION_ARGS)
{
	static const ListArguments at = {.restriction = 2, .flags = 3, .actor = 4};
	MessageList listing;
	uint64		list;

	list_begin(fcinfo, &at, &listing, &list);
	PG_RETURN_INT64(count_list(&listing, false));
}

/* ListingVisitor: count a row that the user has not read. */
static void
count_unread_row(ListedRow *listed, void *arg)
{
	Property	prop;
	JsonbValue	value;

	(void) spelling_lookup("PR_READ", 7, &prop);
	if (!listing_find(listed, &prop, &value) || !value.val.boolean)
		(*(int64 *) arg)++;
}

int64
list_unread(int64 store_id, int64 folder_id, const char *actor)
{
	MessageList listing;
	MessageRow	row;
	int64		count = 0;

	gather_folders(&listing, store_id, folder_id, NULL, 0);
	listing.actor = actor;
	listing.visit = count_unread_row;
	listing.visit_arg = &count;
	messagerow_begin_read(&row, GetActiveSnapshot());
	listing_run(&listing, &row);
	messagerow_end_read(&row);
	return count;
}

/*
 * content_count(store_id, folder_id) → bigint
 *
 * Return the number of messages that the caller may read in a folder that the
 * caller sees, NULL for any other folder: a column of folder_list.
 */
PG_FUNCTION_INFO_V1(content_count);
Datum
content_count(PG_FUNCTION_ARGS)
{
	int64		store_id = PG_GETARG_INT64(0);
	int64		folder_id = PG_GETARG_INT64(1);
	MessageList listing;

	if (!access_sees_folder(store_id, folder_id))
		PG_RETURN_NULL();
	gather_folders(&listing, store_id, folder_id, NULL, 0);
	PG_RETURN_INT64(count_list(&listing, true));
}
