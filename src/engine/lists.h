/*-------------------------------------------------------------------------
 *
 * lists.h
 *	  A part of engine.h, which includes it: lists of messages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_LISTS_H
#define MSGSTORE_LISTS_H

/* ------------------------------------------------------------------ scan.c */

/* An index scan of the messages of a folder, with the active snapshot. */
typedef struct MessageScan
{
	MessageRow *row;			/* is set to each message */
	Relation	index;
	struct ScanKeyData *keys;
	int			nkeys;
	ScanDirection direction;
	struct IndexScanDescData *desc;
} MessageScan;

/*
 * Begin a scan.  Conditions are added before the first scan_next(); conditions
 * on a column are on the third one of the index.
 */
extern void scan_begin(MessageScan *scan, MessageRow *row,
					   StoreRelation index, int64 store_id, int64 folder_id);

/* Add the condition that the column is equal to a value. */
extern void scan_equal(MessageScan *scan, Datum value);

/* Add the condition that the column is not NULL, and within bounds. */
extern void scan_bounds(MessageScan *scan, const PromotedBounds *bounds);

/*
 * Add the condition that the column is NULL, and the id of the message is at
 * least "from".
 */
extern void scan_absent(MessageScan *scan, int64 from);

/* Scan in descending order. */
extern void scan_backward(MessageScan *scan);

/* Read the next message.  Returns false at the end. */
extern bool scan_next(MessageScan *scan);

/*
 * Return the number of index entries, at most "limit", some of which the
 * snapshot may not see, in place of reading messages.
 */
extern int64 scan_count(MessageScan *scan, int64 limit);

extern void scan_end(MessageScan *scan);

/* --------------------------------------------------------------- sorting.c */

/* An element of an order. */
typedef struct SortElement
{
	Property	prop;
	bool		is_never;		/* no message can have the property */
	bool		descending;
} SortElement;

typedef struct SortOrder
{
	SortElement *elements;
	int			count;
	int			instanced;		/* the element with lists of values, or -1 */
} SortOrder;

/*
 * The key of a message: a value per element, jbvNull for an absent one.  With
 * an instanced element, "instance" is the position of the value in the list.
 */
typedef struct SortKey
{
	JsonbValue *values;
	int64		message_id;
	int			instance;
} SortKey;

/*
 * Read an element, as in "PR_SUBJECT DESC", and an order, a text[].  Raises
 * MAPI_E_INVALID_PARAMETER and MAPI_E_TOO_COMPLEX.
 */
extern void sorting_element(const char *text, int len, SortElement *element);
extern void sorting_read(ArrayType *array, SortOrder *order);

/*
 * Get the values of an object's key, which may point into the object.  The
 * value of an instanced element is the whole list.  sorting_instances()
 * returns the number of keys that there are in place of it, and
 * sorting_instance() gets one of them.
 */
extern void sorting_key(const SortOrder *order, RestrictionFind find,
						void *object, SortKey *key);
extern int	sorting_instances(const SortOrder *order, const SortKey *key);
extern void sorting_instance(const SortOrder *order, const SortKey *key,
							 int n, SortKey *instance);

/* Copy a value that is no list into the current memory context. */
extern void sorting_copy_value(const JsonbValue *value, JsonbValue *copy);

/* Copy a key, without lists, into the current memory context. */
extern void sorting_copy(const SortOrder *order, const SortKey *key,
						 SortKey *copy);

/*
 * Compare two keys; sorting_compare_values() ignores ids and instances, and so
 * returns 0 for ties.
 */
extern int	sorting_compare(const SortOrder *order, const SortKey *a,
							const SortKey *b);
extern int	sorting_compare_values(const SortOrder *order, const SortKey *a,
								   const SortKey *b);

/*
 * Return the position of a key in a list, and read one.  "list" is a hash of
 * everything that determines the list, "rank" the number of rows up to here.
 * sorting_read_position() raises MAPI_E_INVALID_PARAMETER for a text that is
 * no position of the list.
 */
extern text *sorting_position(const SortOrder *order, const SortKey *key,
							   uint64 list, int64 rank);
extern void sorting_read_position(const SortOrder *order,
								  const text *position, uint64 list,
								  SortKey *key, int64 *rank);

/* --------------------------------------------------------------- listing.c */

/* A row that is listed, for listing_find(). */
typedef struct ListedRow
{
	MessageRow *row;
	const char *actor;			/* or NULL */
	Jsonb	   *bag;			/* NULL: not fetched yet */
	bool		has_view;
	MessageView view;
} ListedRow;

typedef struct ListedFolder
{
	int64		folder_id;
	bool		read_any;		/* else the caller's own messages only */
} ListedFolder;

typedef struct ListedMessage
{
	ItemPointerData tid;
	SortKey		key;
} ListedMessage;

/* Function that is called for each row of a list, in any order. */
typedef void (*ListingVisitor) (ListedRow *listed, void *arg);

/*
 * A list of messages.  The caller sets the first group after listing_init().
 */
typedef struct MessageList
{
	Restriction *restriction;	/* or NULL */
	SortOrder	order;
	int64		max;			/* rows that are needed, -1: all */
	uint32		flags;			/* SHOW_SOFT_DELETES, MAPI_ASSOCIATED */
	const char *actor;			/* who reads; NULL: as msgstore.actor has it */
	bool		has_after;
	SortKey		after;			/* the list begins behind this key */
	ListingVisitor visit;		/* or NULL: the rows become "messages" */
	void	   *visit_arg;

	int64		store_id;
	ListedFolder *folders;
	int			nfolders;
	int			allocated_folders;
	bool		is_held;		/* the list has these messages, no folders */
	const int64 *held;			/* in ascending order */
	int			nheld;
	ListedMessage *messages;	/* the result, in order */
	int64		count;
	int64		allocated;
	bool		is_full;
	MemoryContext context;
	MemoryContext row_context;
} MessageList;

extern void listing_init(MessageList *listing, int64 store_id);

/*
 * Add a folder, or a folder and all below it that are not deleted, unless the
 * current role does not see them.
 */
extern void listing_add_folder(MessageList *listing, int64 folder_id);
extern void listing_add_below(MessageList *listing, int64 folder_id);

/*
 * Return true if a list has a message that is in a folder, but for its rights
 * and the restriction.
 */
extern bool listing_has(const MessageList *listing, int64 folder_id,
						int64 message_id);

/* Read the list with the active snapshot; *row is of the open table. */
extern void listing_run(MessageList *listing, MessageRow *row);

/* Read the message at a place in the result again. */
extern void listing_fetch(const MessageList *listing, int64 n, MessageRow *row);

/* RestrictionFind of a ListedRow. */
extern bool listing_find(void *object, const Property *prop,
						 JsonbValue *value);

#endif							/* MSGSTORE_LISTS_H */
