/*-------------------------------------------------------------------------
 *
 * folders.h
 *	  A part of engine.h, which includes it:
 *	  rights, counts, words and keys of the messages in folders; the tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_FOLDERS_H
#define MSGSTORE_FOLDERS_H

/* ---------------------------------------------------------------- access.c */

/*
 * Every question is about the current role, uses rights that are committed by
 * now in every isolation level, and accepts invalidations first.  If the store
 * does not exist, functions that return a bool return false, and all others
 * raise MAPI_E_NOT_FOUND.
 */

/* The member in folder_right that stands for PUBLIC: no role has this name. */
#define ACCESS_PUBLIC	"public"

/*
 * Return true if the role owns the store, is a member of the owner, or is a
 * superuser.  access_require_owner() raises MAPI_E_NO_ACCESS otherwise.
 */
extern bool access_is_owner(int64 store_id);
extern void access_require_owner(int64 store_id);

/*
 * Return true if the role owns a store, itself and not as a member of the
 * owner.  If the owner was dropped, superusers count as owners.
 */
extern bool access_owns_itself(int64 store_id);

/*
 * Return true if the role has one of the rights "any" in at least one folder
 * of a store.  access_require_store() raises MAPI_E_NO_ACCESS otherwise, and
 * if the role sees no folder.
 */
extern bool access_store(int64 store_id, uint32 any);
extern void access_require_store(int64 store_id, uint32 any);

/*
 * Return the bits RIGHT_* that the role has in a folder, 0 if it has none.
 * The owner of the store has all of them, in any folder; the function does not
 * find out whether the folder exists.
 */
extern uint32 access_folder(int64 store_id, int64 folder_id);

/*
 * Return true if the role has FOLDER_VISIBLE, and if it may create messages in
 * a folder that it sees.
 */
extern bool access_sees_folder(int64 store_id, int64 folder_id);
extern bool access_may_create(int64 store_id, int64 folder_id);

/* Return the rights of another role; InvalidOid stands for PUBLIC. */
extern uint32 access_folder_of(int64 store_id, int64 folder_id, Oid role);

/*
 * Return true if another role may edit messages in a folder, or in any folder
 * of the store if folder_id is 0.
 */
extern bool access_role_edits(int64 store_id, int64 folder_id, Oid role);

/*
 * Raise MAPI_E_NO_ACCESS if the role may not use the store, MAPI_E_NOT_FOUND,
 * as for a folder that does not exist, if it does not see the folder, and
 * MAPI_E_NO_ACCESS if it sees the folder but lacks one of the rights "needed".
 */
extern void access_require_folder(int64 store_id, int64 folder_id,
								  uint32 needed);

/*
 * Return true if the role may do something with a message of a folder that it
 * may read: because it has one of the rights "any", or because it has one of
 * the rights "owned" and created the message.  "creator" is the text in
 * MessageRow.  A role may read a message if it has READ_ANY, or if it sees the
 * folder and created the message.
 *
 * The macros give the arguments "any" and "owned" of the usual questions.
 */
#define ACCESS_TO_READ		RIGHT_READ_ANY, RIGHT_FOLDER_VISIBLE
#define ACCESS_TO_EDIT		RIGHT_EDIT_ANY, RIGHT_EDIT_OWNED
#define ACCESS_TO_DELETE	RIGHT_DELETE_ANY, RIGHT_DELETE_OWNED
extern bool access_message(int64 store_id, int64 folder_id, Datum creator,
						   uint32 any, uint32 owned);

/*
 * Raise MAPI_E_NO_ACCESS if the role may not use the store, MAPI_E_NOT_FOUND,
 * as for a message that does not exist, if it does not see the folder of the
 * message, and MAPI_E_NO_ACCESS unless access_message() returns true.
 */
extern void access_require_message(int64 store_id, int64 folder_id,
								   int64 message_id, Datum creator,
								   uint32 any, uint32 owned);

/*
 * Raise MAPI_E_NO_ACCESS if the role may not use the store, so that it does not
 * learn which messages exist, else MAPI_E_NOT_FOUND for the message.
 */
pg_noreturn extern void access_raise_no_message(int64 store_id,
												int64 message_id);

/*
 * Raise MAPI_E_NOT_FOUND unless the message exists and is not deleted, read with
 * a latest snapshot, and MAPI_E_NO_ACCESS as access_require_message().
 */
extern void access_require_live(int64 store_id, int64 message_id, uint32 any,
								uint32 owned);

/* Return PR_ACCESS of a message: the bits MAPI_ACCESS_*. */
#define MAPI_ACCESS_ALL \
	(MAPI_ACCESS_MODIFY | MAPI_ACCESS_READ | MAPI_ACCESS_DELETE)
extern int32 access_bits(int64 store_id, int64 folder_id, Datum creator);

/*
 * Lock a store's row to the end of the transaction, so that changes of owner
 * and rights in one store follow each other.
 */
extern void access_lock(int64 store_id);

/*
 * Record that owner or rights in a store have changed, for the caches of all
 * sessions.  To be called after the change is written.  Locks the store's row
 * too.
 */
extern void access_changed(int64 store_id);

/* Grant in a new folder whatever is granted in its parent. */
extern void access_inherit(int64 store_id, int64 parent_id, int64 folder_id);

/* Delete all grants in a folder that is deleted for good. */
extern void access_forget(int64 store_id, int64 folder_id);

/*
 * Copy the replica GUID of a store, GUID_BYTES bytes, to *guid.
 */
extern void access_replica_guid(int64 store_id, uint8 *guid);

/* Return true if a store exists and its changes wake up whoever listens. */
extern bool access_wakes(int64 store_id);

/*
 * Lock a store against deletion, until the end of the transaction; raises
 * MAPI_E_NOT_FOUND if the store does not exist.
 */
extern void access_lock_store(int64 store_id);

/* Return the name of the current role, which owns its drafts, as a text. */
extern Datum access_role_name(void);

/* How a store's messages are searched; set_search() begins a generation. */
typedef struct SearchSettings
{
	int64		generation;
	Oid			configuration;	/* InvalidOid: it was dropped */
} SearchSettings;

/* Read the settings.  Returns false if the store is not searched. */
extern bool access_search(int64 store_id, SearchSettings *settings);

/* ------------------------------------------------------------- searchrow.c */

/*
 * Index a new message, and a message whose content is replaced: only the parts
 * that the change touches, if the message is indexed.  To be called after the
 * row of the message is written; *row has the content before.
 */
extern void searchrow_insert(const MessageRow *row);
extern void searchrow_follow(const MessageRow *row, const Content *content,
							 const Jsonb *undo);

/*
 * Index a message, which the caller has locked and read.  Returns false if it
 * is indexed already, or if the store is not searched.
 */
extern bool searchrow_index(const MessageRow *row);

/* Return a query for the words as the rows of a generation have them. */
extern TSQuery searchrow_query(const SearchSettings *settings, TSQuery query);

/* Return the searched text of a part, palloc'd. */
extern char *searchrow_text(int64 store_id, const Content *content,
							SearchPart part, int *len);

/* A reader of the rows of a store, with the active snapshot. */
typedef struct SearchReader
{
	int64		store_id;
	SearchSettings settings;
	void	   *table;
	Datum		gap;
} SearchReader;

extern void searchrow_begin(SearchReader *reader, int64 store_id,
							const SearchSettings *settings);
extern void searchrow_end(SearchReader *reader);

/*
 * Return the words of a message in the order of its parts, palloc'd; NULL if
 * the message is not indexed.  If no more than one part matches the query
 * "some", the result may be the words of this part alone.
 */
extern TSVector searchrow_read(SearchReader *reader, int64 message_id,
							   Datum some);

/* Set the words of the parts of a message, palloc'd; NULL: no words. */
extern void searchrow_parts(SearchReader *reader, int64 message_id,
							TSVector parts[NUM_SEARCH_PARTS]);

/* ------------------------------------------------------------- candidate.c */

/* A message that a search has found. */
typedef struct SearchHit
{
	float4		rank;
	bool		is_ranked;		/* or "rank" is a limit of the rank */
	int16		part;			/* with the words of the query, -1: not known */
	int64		message_id;
	int64		folder_id;		/* for the caller */
} SearchHit;

typedef struct SearchHits
{
	SearchHit  *hits;
	int64		count;
} SearchHits;

/*
 * Return the messages that may match a query for the words of rows
 * (searchrow_query()), palloc'd and in no order, as the active snapshot sees
 * them; a message whose rank is known does match.  Some
 * may be deleted, associated, or not for the caller to read.  "folders" is a
 * bigint[] outside of which no message is needed, or 0.
 */
extern SearchHits candidate_find(int64 store_id, TSQuery query,
								 Datum folders);

/*
 * Return a query for any word of a query, with "negated" also for those that a
 * message must not have; 0 if there is none.
 */
extern Datum candidate_any_word(TSQuery query, bool negated);

/* ---------------------------------------------------------------- wakeup.c */

/* Note that the transaction changes something in a store. */
extern void wakeup_note(int64 store_id);

/*
 * Notify whoever listens to the stores that were noted; refuse to prepare a
 * transaction that would notify; and forget the stores.  For handle.c, before
 * the end of a transaction, and at its end.
 */
extern void wakeup_send(void);
extern void wakeup_refuse_prepare(void);
extern void wakeup_forget(void);

/* ----------------------------------------------------------------- count.c */

/* The numbers of messages in a folder, or differences of these numbers. */
typedef struct FolderCounts
{
	int64		messages;
	int64		associated;
	int64		deleted;		/* softly */
	int64		deleted_associated;
} FolderCounts;

/* The differences that one call makes in the folders of a store. */
typedef struct CountTally
{
	int64		store_id;
	struct HTAB *entries;
} CountTally;

/*
 * Begin a tally in the current memory context, and write its differences.  A
 * call that places many messages writes one row per folder in this way.
 */
extern void count_begin(CountTally *tally, int64 store_id);
extern void count_end(CountTally *tally);

/*
 * Count a message, in the folder and state of a version, "by" times (1 or -1).
 * Without a tally (NULL) the difference is written at once.
 */
extern void count_change(CountTally *tally, const MessageRow *row,
						 const Version *version, int by);

/*
 * Read the numbers of a folder that are committed by now: of all messages, or
 * of those that the current role created.  count_read() may write, to fold
 * rows; count_look() does not.
 */
extern void count_look(int64 store_id, int64 folder_id,
					   FolderCounts *counts);
extern void count_read(int64 store_id, int64 folder_id, FolderCounts *counts);
extern void count_read_own(int64 store_id, int64 folder_id,
						   FolderCounts *counts);

/* Delete the rows of a folder that is deleted for good. */
extern void count_forget(int64 store_id, int64 folder_id);

/* --------------------------------------------------------------- lineage.c */

#define COUNTER_BYTES	6

/* The sizes of keys: a GUID, and a counter of 1 to 8 bytes. */
#define LINEAGE_KEY_MIN	(GUID_BYTES + 1)
#define LINEAGE_KEY_MAX	(GUID_BYTES + 8)

/* A source key or a change key. */
typedef struct LineageKey
{
	uint8		size;
	uint8		bytes[LINEAGE_KEY_MAX];
} LineageKey;

/* A predecessor change list: one key per GUID, sorted by GUID. */
typedef struct Lineage
{
	LineageKey *keys;
	int			count;
	int32		restored;		/* how often the object has been restored */
} Lineage;

/*
 * Make the key of a number, and return the number of which a key is the key,
 * or 0 if no incarnation of this database has given out such a number.
 */
extern void lineage_number_key(int64 store_id, Keyed series, int64 number,
							   LineageKey *key);
extern int64 lineage_key_number(Keyed series, const LineageKey *key);

/* Compare keys by GUID, then by counter. */
extern int	lineage_compare_keys(const LineageKey *a, const LineageKey *b);

/* Read a key from bytes.  Returns false if they are no key. */
extern bool lineage_read_key(const uint8 *bytes, int size, LineageKey *key);

/*
 * Add a key, or the keys of another list, unless the list includes them.  The
 * keys of a copy of the list stay as they are.  A merged list has the greater
 * number of restorations.
 */
extern void lineage_add(Lineage *list, const LineageKey *key);
extern void lineage_merge(Lineage *list, const Lineage *other);

/* Return true if a list has, for each key of "other", one that is not less. */
extern bool lineage_includes(const Lineage *list, const Lineage *other);

/*
 * Read a list from the bytes of PR_PREDECESSOR_CHANGE_LIST, and return these
 * bytes, in which the number of restorations is not.  lineage_read() returns
 * false if the bytes are no such list.
 */
extern bool lineage_read(const uint8 *bytes, int size, Lineage *list);
extern uint8 *lineage_bytes(const Lineage *list, int *size);

/*
 * Return the stored form, a bytea, of a list of a version with a key of its
 * own, or, if "key" is NULL, with the key of its number.
 */
extern Datum lineage_store(const LineageKey *key, const Lineage *list);

/*
 * Read the change key of a version and its predecessor change list, which
 * includes the key.  "predecessors" and "stored" are as in Version.
 */
extern void lineage_of(int64 store_id, int64 number, Datum predecessors,
					   Datum stored, LineageKey *key, Lineage *list);

/*
 * Return the stored lineage of version "next", which is made here of version
 * "number", by a restoration if "restores" is true.  "predecessors" and
 * "stored" are those of version "number".
 */
extern Datum lineage_follow(int64 store_id, int64 number, Datum predecessors,
							Datum stored, int64 next, bool restores);

/*
 * Get a member of an object that is binary in canonical base64; *bytes is
 * palloc'd.  Returns false if the object has no such member.
 */
extern bool lineage_member(const Jsonb *object, const char *name,
						   uint8 **bytes, int *size);

/* The parts of a version that comes from another store and keeps them. */
typedef struct Arrival
{
	LineageKey	key;			/* its change key */
	Lineage		list;			/* its predecessor change list */
	const char *modifier;		/* PR_LAST_MODIFIER_NAME */
	int32		message_flags;
	TimestampTz deleted_at;		/* if it is deleted */
	TimestampTz modified_at;	/* PR_LAST_MODIFICATION_TIME */
} Arrival;

/* ---------------------------------------------------------------- origin.c */

/*
 * Return the source key of a message or a folder (KEYED_MESSAGE, KEYED_FOLDER)
 * in *key; it may have been deleted for good.
 */
extern void origin_key(int64 store_id, Keyed series, int64 id,
					   LineageKey *key);

/*
 * Return the id of the object that was imported with a source key, or 0.  An
 * object that was made here is found by lineage_key_number().
 */
extern int64 origin_find(int64 store_id, Keyed series, const LineageKey *key);

/* Record the source key of an object, or of its counterpart elsewhere. */
extern void origin_record(int64 store_id, Keyed series, const LineageKey *key,
						  int64 id, bool is_alias);

/* ------------------------------------------------------------------ tree.c */

/* A row of folder; strings and the bag are palloc'd. */
typedef struct FolderRow
{
	int64		store_id;
	int64		folder_id;
	int64		parent_id;		/* 0: the root */
	char	   *name;
	char	   *special;		/* or NULL */
	TimestampTz created_at;
	TimestampTz deleted_at;		/* 0: not deleted */
	int64		deleted_with;	/* folder whose deletion took it along, or 0 */
	Jsonb	   *props;
	int64		change_number;
	TimestampTz modified_at;
	char	   *modifier;
	Datum		lineage;		/* bytea, as in Version */
	const Arrival *arrival;		/* the next change comes from elsewhere */
} FolderRow;

/* Kinds of changes of a folder; the others are kinds of message changes. */
#define CHANGE_RENAME		'n'
#define CHANGE_PROPERTIES	'p'
#define CHANGE_RIGHTS		'a'

/*
 * Lock the structure of a store's tree to the end of the transaction.  Callers
 * that move, delete or restore folders hold this lock, and so see a tree in
 * which folders are added below others, and renamed, but no folder changes its
 * parent.
 */
extern void tree_lock(int64 store_id);

/* How tree_folder() locks the row to the end of the transaction. */
typedef enum TreeLock
{
	TREE_READ,					/* does not lock */
	TREE_WRITE,					/* against other changes of the row */
	TREE_EMPTY					/* and against placing something in the folder */
} TreeLock;

/*
 * Read the newest version of a folder's row, which may be deleted, waiting for
 * the lock.  Returns false if the folder does not exist.
 */
extern bool tree_folder(FolderRow *row, int64 store_id, int64 folder_id,
						TreeLock lock);

/*
 * Which folders below a folder, or messages in a folder, a caller asks for:
 * one of these values, or the id of the folder whose deletion took them along.
 */
#define TREE_LIVE	INT64CONST(0)	/* those that are not deleted */
#define TREE_ALL	INT64CONST(-1)	/* those that are deleted too */

/*
 * Return the ids of the folders below a folder (not deeper), and of the
 * messages in a folder, as a palloc'd array in ascending order.  "which" is
 * TREE_LIVE, TREE_ALL or a folder; tree_messages() leaves associated messages
 * out unless "associated" is set.
 */
extern int64 *tree_children(int64 store_id, int64 folder_id, int64 which,
							int *count);
extern int64 *tree_messages(int64 store_id, int64 folder_id, int64 which,
							bool associated, int *count);

/* Return true if a folder has messages that are neither deleted nor associated. */
extern bool tree_has_messages(int64 store_id, int64 folder_id);

/* Return true if a folder is "above" or is below it, at any depth. */
extern bool tree_is_below(int64 store_id, int64 folder_id, int64 above);

/*
 * Lock a name below a parent to the end of the transaction, and return the
 * folder that has the name, or 0.  To be called before a folder gets a name or
 * a parent; two callers with one name wait for each other.
 */
extern int64 tree_find_name(int64 store_id, int64 parent_id,
							const char *name);

/*
 * Insert, write and delete a row of folder, with a change number, time and
 * author, and record the change.  The caller has locked the row and, for a new
 * place or name, the parent and the name.  "kind" is CHANGE_RENAME,
 * CHANGE_MOVE, CHANGE_DELETE, CHANGE_RESTORE or CHANGE_PROPERTIES;
 * "properties" are the names of the properties that the change touches.
 * tree_insert() gives the folder its id.
 */
extern void tree_insert(FolderRow *row);
extern void tree_write(FolderRow *row, char kind, ArrayType *properties);
extern void tree_remove(FolderRow *row);

/*
 * Record a change of the rights in a folder, for the feed, and if "below" is
 * set, in all folders below it, too.  The record has a change number of its
 * own, but makes no version of the folder.
 */
extern void tree_rights_changed(int64 store_id, int64 folder_id, bool below);

#endif							/* MSGSTORE_FOLDERS_H */
