/*-------------------------------------------------------------------------
 *
 * engine.h
 *	  The third floor: rows, numbers, rights, handles, blobs, the chain of
 *	  changes, merging, the view of a version.
 *
 *	  Prototypes are grouped by source file.  The SQL statements are declared
 *	  in query.h.  Functions that return memory palloc it in the current memory
 *	  context, unless a comment says otherwise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "content.h"

#include "access/sdir.h"
#include "access/tableam.h"
#include "access/xlogdefs.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "tsearch/ts_type.h"
#include "utils/guc.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* -------------------------------------------------------------- relation.c */

/* The relations of the extension that the module opens itself. */
typedef enum StoreRelation
{
	REL_STORE = 0,
	REL_STORE_PKEY,
	REL_FOLDER,
	REL_FOLDER_PKEY,
	REL_MESSAGE,
	REL_MESSAGE_PKEY,
	REL_MESSAGE_FOLDER,
	REL_MESSAGE_DELETED,
	REL_MESSAGE_ASSOCIATED,
	REL_MESSAGE_DELIVERY,
	REL_MESSAGE_SENDER,
	REL_CHANGE,
	REL_CHANGE_PKEY,
	REL_FOLDER_COUNT,
	REL_FOLDER_COUNT_PKEY,
	REL_ACTIVITY,
	REL_AUTHOR,
	REL_AUTHOR_PKEY,
	REL_AUTHOR_HASH,
	REL_PARKED,
	REL_PARKED_PKEY,
	REL_BLOB,
	REL_BLOB_PKEY,
	REL_READ_PAGE,
	REL_READ_PAGE_PKEY,
	REL_READ_MARK,
	REL_READ_MARK_PKEY,
	REL_MESSAGE_STATUS,
	REL_MESSAGE_STATUS_PKEY,
	REL_MESSAGE_SEARCH,
	REL_MESSAGE_SEARCH_PKEY,
	REL_NODE,
	REL_INCARNATION,
	REL_IMPORTED,
	REL_NUMBER_MARKER,
	REL_STORE_ID_SEQ,
	REL_FOLDER_ID_SEQ,
	REL_MESSAGE_ID_SEQ,
	REL_PARKED_ID_SEQ,
	REL_BLOB_ID_SEQ,
	REL_CHANGE_NUMBER_SEQ
} StoreRelation;
#define NUM_RELATIONS	(REL_CHANGE_NUMBER_SEQ + 1)

extern void relation_init(void);	/* once, at module load */

/*
 * Return the oid of a relation, from a cache that follows invalidations.
 * Raises an error if the extension's schema was renamed.
 */
extern Oid	relation_oid(StoreRelation which);

/*
 * Return true if the extension's tables exist.  The module stays loaded after
 * DROP EXTENSION.
 */
extern bool relation_installed(void);

/*
 * Return the version of the extension's script, palloc'd, or NULL if the
 * extension does not exist.  MSGSTORE_VERSION is the version of the module.
 */
extern char *relation_version(void);

/* Return the role that owns the extension's tables. */
extern Oid	relation_owner(void);

/*
 * Register a function to be called when a relation may have changed, so that a
 * source file can discard what it has cached of the rows.  A relation can have
 * one watcher.
 */
typedef void (*RelationWatcher) (void);
extern void relation_watch(StoreRelation which, RelationWatcher changed);

/*
 * Announce to all sessions, when the transaction commits, that rows of a
 * relation have changed.
 */
extern void relation_announce(StoreRelation which);

/* ----------------------------------------------------------- incarnation.c */

#define GUID_BYTES	16

/* A number: the node's number and a counter. */
#define NODE_SHIFT		43
#define MAX_NODE		1023
#define COUNTER_MASK	((INT64CONST(1) << NODE_SHIFT) - 1)
#define NODE_OF(number)		((number) >> NODE_SHIFT)
#define COUNTER_OF(number)	((number) & COUNTER_MASK)

/*
 * Counters of a new incarnation are at least so far above all older ones of
 * their series and node.
 */
#define NUMBER_STEP		(INT64CONST(1) << 20)

/* The series whose numbers have keys: a GUID, and the counter. */
typedef enum Keyed
{
	KEYED_CHANGE = 0,
	KEYED_MESSAGE,
	KEYED_FOLDER
} Keyed;
#define NUM_KEYED		(KEYED_FOLDER + 1)

/* A row of incarnation; number_marker begins with the same columns. */
typedef struct Incarnation
{
	int64		node;
	int64		began[NUM_KEYED];	/* its counters are greater */
	uint8		guid[GUID_BYTES];
	int64		system_identifier;
	uint64		wal_position;
	TimestampTz began_at;
} Incarnation;
#define NUM_INCARNATION_COLUMNS	8

/*
 * Read an incarnation from a tuple of either table, and write it to the values
 * of one.  The values point into *incarnation.
 */
extern void incarnation_read(Incarnation *incarnation, HeapTuple tuple,
							 TupleDesc desc);
extern void incarnation_values(const Incarnation *incarnation, Datum *values);

/*
 * Make sure that the row of an incarnation is committed if this transaction
 * is.
 */
extern void incarnation_record(const Incarnation *incarnation);

/*
 * Copy the GUID of the incarnation that gave out a number, GUID_BYTES bytes,
 * to *guid.  Returns false where its row is not in this database.
 */
extern bool incarnation_guid(Keyed series, int64 number, uint8 *guid);

/*
 * Return the number of a series with a counter that the incarnation with a
 * GUID has given out, or 0 where this database does not know it.
 */
extern int64 incarnation_number(Keyed series, const uint8 *guid,
								int64 counter);

/* Return true if the change keys of two change numbers have the same GUID. */
extern bool incarnation_same(int64 a, int64 b);

/* An incarnation, as the feed needs it. */
typedef struct IncarnationSpan
{
	int64		incarnation;	/* counter of change numbers at its start */
	bool		is_own;			/* it began in this cluster */
	uint64		wal_position;	/* and there */
	uint64		first_xid;		/* the least xid that wrote its row */
} IncarnationSpan;

/*
 * Return all incarnations that have begun, the newest first, palloc'd.
 * "running" is one that may have no row yet, or NULL.
 */
extern IncarnationSpan *incarnation_spans(const Incarnation *running,
										  int *count);

/* ---------------------------------------------------------------- number.c */

/*
 * Return the next change number, for a version that replaces another one, or 0
 * for a new message.  Where both are of one node, the new number is greater,
 * whatever the sequence remembers.
 */
extern int64 number_next_change(int64 replaced);

/*
 * Return the next id of a series that no row of the store has.  The store is
 * ignored for ids of stores.
 */
extern int64 number_next_id(StoreRelation sequence, int64 store_id);

/* Return the incarnation of the change number that was given out last here. */
extern int64 number_incarnation(void);

/*
 * Read the incarnation that is running here.  Returns false if none has begun
 * since the server started, and on a standby.
 */
extern bool number_begun(Incarnation *incarnation);

/* -------------------------------------------------------------- position.c */

/*
 * The transactions that a snapshot sees, by their 64-bit ids: all below xmax
 * but those that were running.
 */
typedef struct Seen
{
	int64		incarnation;	/* the newest that had begun, -1: none */
	uint64		xmin;			/* all below are seen */
	uint64		xmax;
	int			count;
	uint64	   *running;		/* ascending */
} Seen;

/* What a reader is doing. */
typedef enum TokenPhase
{
	TOKEN_REST = 0,				/* it has everything that "from" sees */
	TOKEN_FOLDERS,				/* lists the folders, "from" comes then */
	TOKEN_MESSAGES,				/* lists the messages, "from" comes then */
	TOKEN_PASS					/* gets what "to" sees and "from" does not */
} TokenPhase;

/* A place in the order of changes. */
typedef struct FeedPlace
{
	int64		incarnation;
	uint64		xid;
	int64		number;
	int64		message_id;		/* or the folder that was listed */
} FeedPlace;

typedef struct Token
{
	int64		store_id;
	uint64		system;			/* identifier of the cluster */
	Oid			database;
	TimeLineID	timeline;		/* the newest snapshot was taken there */
	XLogRecPtr	wal;
	TokenPhase	phase;
	Seen		from;
	Seen		to;
	int64		folder_id;		/* of a pass or a listing, 0: the store */
	FeedPlace	at;				/* the last that the reader has */
} Token;

/* A token's text without its place. */
typedef struct TokenText
{
	StringInfoData text;
	int			head;
} TokenText;

/* Whether a token can be used. */
typedef enum TokenFate
{
	TOKEN_GOOD = 0,
	TOKEN_AHEAD,				/* this standby has not replayed so much */
	TOKEN_FOREIGN,				/* of another cluster or database */
	TOKEN_LOST					/* of changes that this server never had */
} TokenFate;

/* Return all incarnations that have begun here, the newest first, palloc'd. */
extern IncarnationSpan *position_spans(int *count);

/* Fill *seen from the active snapshot; the own transaction is running. */
extern void position_now(Seen *seen, const IncarnationSpan *spans, int count);

/* Return true if a snapshot sees a transaction. */
extern bool position_seen(const Seen *seen, uint64 xid);

/* Return true if a snapshot sees everything that an older one sees. */
extern bool position_includes(const Seen *newer, const Seen *older);

/*
 * Set cluster, database, timeline and position of a token whose snapshot was
 * taken here, and flush the WAL that the snapshot needs.
 */
extern void position_origin(Token *token);

extern TokenFate position_check(const Token *token,
								const IncarnationSpan *spans, int count);

/*
 * Write a token: everything but its place once, and then the token with any
 * place as a text.
 */
extern void position_begin_text(const Token *token, TokenText *text);
extern Datum position_text(TokenText *text, const Token *token);

/*
 * Read a token, whose arrays are palloc'd.  Returns false if the text is not
 * one that position_text() has written.
 */
extern bool position_read(const char *text, int len, Token *token);

/* ---------------------------------------------------------------- author.c */

extern char *author_setting;	/* msgstore.actor */

/* GucStringCheckHook of msgstore.actor: refuse a text that is no actor. */
extern bool author_check_setting(char **newval, void **extra,
								 GucSource source);

/*
 * The author of the changes of one call, beside the current role: the user of
 * the application (NULL: the user in msgstore.actor, "": no user), and the
 * name that the client gave to the call in case it repeats the call, or NULL.
 */
typedef struct Author
{
	const char *actor;
	const char *request;
} Author;

/*
 * Return the actor of changes made now (the user of the application, or NULL),
 * their client (application_name, or NULL), and the name of their author: the
 * actor, or else the current role.  "author" is NULL if the call names none.
 */
extern const char *author_actor(const Author *author);
extern const char *author_client(void);
extern const char *author_name(const Author *author);

/*
 * Call a function that does the work of an SQL function, with argument n as the
 * actor of the changes that it makes, also if it raises an error; a NULL leaves
 * the actor.
 */
extern int64 author_call(FunctionCallInfo fcinfo, int n,
						 int64 (*work) (FunctionCallInfo));

/*
 * Make an actor that of all changes, in place of msgstore.actor, until the next
 * call; NULL ends this.  Returns the actor before.  The caller puts it back in
 * PG_FINALLY, and the text lives as long.
 */
extern const char *author_use(const char *actor);

/* A row of the table author. */
typedef struct AuthorNames
{
	const char *role;
	const char *actor;			/* or NULL */
	const char *client;			/* or NULL */
} AuthorNames;

/*
 * Return the id of the row with the author of changes made now, for the change
 * with a number.  The row is committed if this transaction is.
 */
extern int64 author_record(const Author *author, int64 number);

/*
 * Read the row with an id; the strings are palloc'd.  Raises
 * MAPI_E_CORRUPT_DATA if there is no such row.
 */
extern void author_fetch(int64 author_id, AuthorNames *names);

/* ---------------------------------------------------------------- direct.c */

/*
 * Open the table message or change.  Raises an error if a user has added a
 * trigger, a rule, a policy or a constraint, which direct writes would skip.
 * The lock is held until the end of the transaction.
 */
extern Relation direct_relation(StoreRelation which, LOCKMODE lockmode);

/*
 * Positions of columns in the tuple descriptor of a relation, counted from 0.
 * Columns of an existing table are never dropped or reordered, so that the
 * positions are valid as long as the oid is the same.
 */
#define MAX_COLUMNS		40

typedef struct ColumnMap
{
	Oid			relid;
	int			at[MAX_COLUMNS];
} ColumnMap;

/* Return the positions of the named columns, from *map if that is valid. */
extern const int *direct_columns(ColumnMap *map, Relation rel,
								 const char *const *names, int count);

/*
 * Begin an index scan of the rows that have the given values in the first
 * nkeys columns of the index, which are bigint.
 */
extern IndexScanDesc direct_begin_scan(Relation rel, Relation indexrel,
									   const int64 *key, int nkeys,
									   Snapshot snapshot);

/*
 * Find the first row with the given values in the first columns of a unique
 * index of bigint columns.  Returns false if the snapshot sees no such row;
 * otherwise the slot holds the tuple, pinned.
 */
extern bool direct_fetch(Relation rel, StoreRelation index, const int64 *key,
						 int nkeys, Snapshot snapshot, TupleTableSlot *slot);

/*
 * Raise an error if a NULL violates a NOT NULL constraint, as the executor
 * does.
 */
extern void direct_require_not_null(Relation rel, const bool *nulls);

/*
 * Insert the entries of a tuple that was inserted, or of one that replaced the
 * tuple "old", with the report of table_tuple_update(), into the indexes of the
 * table.  The caller holds RowExclusiveLock on the table.
 */
extern void direct_insert_entries(Relation rel, TupleTableSlot *slot);
extern void direct_update_entries(Relation rel, TupleTableSlot *old,
								  TupleTableSlot *slot,
								  const CompatUpdateIndexes *update);

/*
 * Insert a tuple that is in a slot, or replace the tuple "old", which no other
 * transaction may be writing; and insert the index entries.
 */
extern void direct_write(Relation rel, TupleTableSlot *old,
						 TupleTableSlot *slot);

/* ------------------------------------------------------------------ hint.c */

/*
 * Return true if this backend knows a place where a message was, and note the
 * place where a message is.
 */
extern bool hint_find(Relation message, int64 store_id, int64 message_id,
					  ItemPointer tid);
extern void hint_note(Relation message, int64 store_id, int64 message_id,
					  const ItemPointerData *tid);

/* ------------------------------------------------------------------- row.c */

/*
 * One version of a message: the values that a change can change.
 * "predecessors" is a bigint[]: the newest change number of every other node
 * that has changed the message.
 */
typedef struct Version
{
	int64		change_number;
	int64		folder_id;
	int32		message_flags;	/* MSGFLAG_* of the message itself */
	TimestampTz deleted_at;		/* 0: not deleted */
	TimestampTz submitted_at;	/* 0: not submitted */
	int64		deleted_with;	/* folder whose deletion took it along, or 0 */
	Datum		predecessors;	/* 0: the array is empty */
	Datum		lineage;		/* bytea of lineage.c, 0: all made here */
	Content		content;
} Version;

/*
 * A row of message that is being read or written.  "slot" contains the tuple,
 * into which the datums point.
 */
typedef struct MessageRow
{
	Relation	table;			/* message */
	TupleTableSlot *slot;
	int64		store_id;
	int64		message_id;
	TimestampTz created_at;
	Datum		creator;		/* text: the role of the first save */
	Datum		creator_actor;	/* text, or 0: its actor */
	Datum		source_key;		/* bytea, or 0: made in this store */
	TimestampTz modified_at;
	Datum		modifier;		/* text */
	Promoted	promoted;		/* read, not written */
	Version		version;
} MessageRow;

/*
 * Open the table message to fetch and write one row at a time, and close it.
 * The lock is held until the end of the transaction.
 */
extern void messagerow_open(MessageRow *row, LOCKMODE lockmode);
extern void messagerow_close(MessageRow *row);

/*
 * Begin and end reading a message: open the table with AccessShareLock and
 * push the snapshot as the active one.  The row is valid until
 * messagerow_end_read().
 */
extern void messagerow_begin_read(MessageRow *row, Snapshot snapshot);
extern void messagerow_end_read(MessageRow *row);

/*
 * Read the version of a message that the active snapshot sees.  Returns false
 * if the snapshot sees no such message.
 */
extern bool messagerow_fetch(MessageRow *row, int64 store_id,
							 int64 message_id);

/*
 * Read the version at a place in the table, where a scan with the active
 * snapshot has found it.
 */
extern bool messagerow_fetch_at(MessageRow *row, ItemPointer tid);

/*
 * Read the tuple that an index scan has put into the slot of a row, as far as
 * most rows of a scan are looked at: messagerow_loaded() sets the key, folder,
 * flags, time of the deletion and creator of the row, and the promoted columns
 * that have an index.  messagerow_props() returns the properties of the row,
 * and messagerow_complete() sets the whole row.
 */
extern void messagerow_loaded(MessageRow *row);
extern Datum messagerow_props(MessageRow *row);
extern void messagerow_complete(MessageRow *row);

/* Raise MAPI_E_NOT_FOUND or MAPI_E_OBJECT_DELETED for a message. */
pg_noreturn extern void messagerow_raise_not_found(int64 store_id,
												   int64 message_id);
pg_noreturn extern void messagerow_raise_deleted(int64 store_id,
												 int64 message_id);

/*
 * Lock the row in mode FOR NO KEY UPDATE, waiting for other transactions.
 * With "newest", lock and read the newest version.  Without, lock the version
 * in *row; if a newer version exists, return TM_Updated and take no lock.
 * Returns TM_Deleted if the row was deleted.
 */
extern TM_Result messagerow_lock(MessageRow *row, bool newest);

/*
 * Return true if the version in *row has to be locked before it is replaced:
 * another transaction seems to lock or to replace it, so that a write would
 * have to wait, and to be decided anew; or the server has assertions.
 */
extern bool messagerow_held(const MessageRow *row);

/*
 * Replace the version in *row by a new version; "undo" is a patch that undoes
 * the change of the bag.  Returns TM_Ok, or TM_Updated or TM_Deleted without
 * writing anything.  Waits for a transaction that holds the row, or with
 * "no_wait" returns TM_BeingModified, also if this transaction locked the row.
 */
extern TM_Result messagerow_update(MessageRow *row, const Version *version,
								   TimestampTz modified_at,
								   const char *modifier, const Jsonb *undo,
								   bool no_wait);

/*
 * Write the promoted columns of a row, which the caller has locked, and nothing
 * else.  The row is fetched again before it is used.
 */
extern void messagerow_promote(MessageRow *row);

/*
 * Insert a new message from all fields of *row, except slot and modifier.
 */
extern void messagerow_insert(MessageRow *row, const char *modifier);

/* Return PR_MESSAGE_SIZE of the version in *row, from the promoted column. */
extern int64 messagerow_size(const MessageRow *row);

/* Return true if the snapshot sees the version in *row. */
extern bool messagerow_visible(MessageRow *row, Snapshot snapshot);

/* ------------------------------------------------------------- changerow.c */

/* A row of change. */
typedef struct ChangeRow
{
	int64		store_id;
	int64		message_id;
	int64		change_number;
	int64		previous;		/* 0: this is the first change */
	int64		base;			/* 0: the message was new */
	int64		incarnation;	/* written, not read */
	TimestampTz changed_at;
	char		kind;			/* CHANGE_* */
	int64		author_id;		/* written, and read into "author" */
	AuthorNames author;
	const char *request;		/* or NULL; written, but not read */
	Undo		undo;
	const bytea *packed;		/* undo.props, packed; written, not read */
} ChangeRow;

#define CHANGE_CREATE	'c'
#define CHANGE_COPY		'y'		/* the first version of a copy */
#define CHANGE_SAVE		's'
#define CHANGE_FORCE	'f'		/* a save that replaced an unseen version */
#define CHANGE_MERGE	'g'		/* a save merged with an unseen version */
#define CHANGE_MOVE		'm'
#define CHANGE_IMPORT	'i'		/* came from another store */
#define CHANGE_SUBMIT	'u'		/* submitted, or not any more */
#define CHANGE_DELETE	'd'		/* soft */
#define CHANGE_RESTORE	'r'
#define CHANGE_HARD_DELETE	'h'
#define CHANGE_PURGE	'x'		/* all that is left of an erased message */

/*
 * Insert a row of change, and read the row that the active snapshot sees.
 * changerow_fetch() returns false if the snapshot sees no such row.
 */
extern void changerow_insert(const ChangeRow *row);
extern bool changerow_fetch(ChangeRow *row, Relation change, int64 store_id,
							int64 message_id, int64 change_number);

/*
 * Read a row of change without the values that the change replaced: of *undo,
 * only "properties" is set, which changerow_fetch() does not set.
 */
extern bool changerow_fetch_head(ChangeRow *row, Relation change,
								 int64 store_id, int64 message_id,
								 int64 change_number);

/*
 * Return true if the active snapshot sees a change of a message that is older
 * than a time.
 */
extern bool changerow_any_before(Relation change, int64 store_id,
								 int64 message_id, TimestampTz time);

/*
 * Read the newest change of a message, or the newest change of a kind unless
 * "kind" is '\0', that the active snapshot sees.  Returns false if the
 * snapshot sees no such change.
 */
extern bool changerow_newest(ChangeRow *row, Relation change, int64 store_id,
							 int64 message_id, char kind);

/* Return the author of a change: the actor if one was set, else the role. */
extern const char *changerow_author(const ChangeRow *row);

/*
 * Rows of change that are inserted together, which costs less than to insert
 * them one by one.  changebatch_add() copies the row; rows are inserted at the
 * latest by changebatch_end(), which every batch needs unless an error ends the
 * transaction.  No row may be added in a subtransaction of the batch's.
 */
#define MAX_BATCH	128

typedef struct ChangeBatch
{
	Relation	change;
	int			created;		/* the number of slots */
	int			count;			/* the number of rows, in the first slots */
	TupleTableSlot *slots[MAX_BATCH];
} ChangeBatch;

extern void changebatch_begin(ChangeBatch *batch);
extern void changebatch_add(ChangeBatch *batch, const ChangeRow *row);
extern void changebatch_end(ChangeBatch *batch);

/* ---------------------------------------------------------------- parent.c */

/*
 * Lock a store or a folder against deletion, until the end of the transaction.
 * Returns false if there is no such row, or if the folder is deleted.
 * parent_lock_folder() raises MAPI_E_NO_SUPPORT for a search folder, in which
 * nothing has its place; parent_lock_any_folder() locks it too.
 */
extern bool parent_lock_store(int64 store_id);
extern bool parent_lock_folder(int64 store_id, int64 folder_id);
extern bool parent_lock_any_folder(int64 store_id, int64 folder_id);
pg_noreturn extern void parent_raise_search_folder(int64 folder_id);

/*
 * Lock a folder so, but return false at once if the folder does not exist or is
 * deleted; *existed is true if the folder is gone only after a wait.
 */
extern bool parent_lock_folder_if(int64 store_id, int64 folder_id,
								  bool *existed);

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

/* Return the lexeme that every row of a store and generation has, palloc'd. */
extern char *searchrow_key(int64 store_id, const SearchSettings *settings);

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
 * the message is not indexed.
 */
extern TSVector searchrow_read(SearchReader *reader, int64 message_id);

/* Set the words of the parts of a message, palloc'd; NULL: no words. */
extern void searchrow_parts(SearchReader *reader, int64 message_id,
							TSVector parts[NUM_SEARCH_PARTS]);

/* ------------------------------------------------------------- candidate.c */

/* A message that a search has found. */
typedef struct SearchHit
{
	float4		rank;
	bool		is_ranked;		/* or "rank" is a limit of the rank */
	int64		message_id;
	int64		folder_id;		/* for the caller */
} SearchHit;

typedef struct SearchHits
{
	SearchHit  *hits;
	int64		count;
} SearchHits;

/*
 * Return the messages that may match a query, palloc'd and in no order, as the
 * active snapshot sees them; a message whose rank is known does match.  Some
 * may be deleted, associated, or not for the caller to read.  "folders" is a
 * bigint[] outside of which no message is needed, or 0.
 */
extern SearchHits candidate_find(int64 store_id,
								 const SearchSettings *settings,
								 TSQuery query, Datum folders);

/*
 * Return a query for any word of a query that a message may have, or 0 if it
 * has only words that a message must not have.
 */
extern Datum candidate_any_word(TSQuery query);

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

/* ------------------------------------------------------------------ blob.c */

/* A blob that a handle has written and that no save has stored yet. */
typedef struct Upload
{
	int64		blob_id;
	bool		shared;			/* others have the reference: copy to write */
	bool		stored;			/* sealed and referred to: blob_store() */
	struct Upload *next;
} Upload;

/* Raise the error about a blob to which the client may not refer. */
pg_noreturn extern void blob_refuse(int64 blob_id);

/*
 * Insert the row of a new blob and return its id.  A blob that is not sealed
 * is an upload of this session.  is_text: the value is a PT_UNICODE, not
 * bytes.
 */
extern int64 blob_insert(int64 store_id, int64 size, bool sealed,
						 bool is_text);

/* Copy at least the first "keep" bytes of a blob to a new upload. */
extern void blob_copy(int64 store_id, int64 from, int64 to, int64 keep);

/* Write bytes to an upload, at an offset of at most its size. */
extern void blob_write(int64 store_id, int64 blob_id, int64 offset,
					   const char *bytes, int64 count);

/* Raise MAPI_E_TOO_BIG if so many bytes do not fit into one bytea. */
extern void blob_check_length(int64 count);

/* Write zeros to an upload, at an offset of at most its size. */
extern void blob_write_zeros(int64 store_id, int64 blob_id, int64 offset,
							 int64 count);

/* Truncate an upload to a size of at most its own. */
extern void blob_truncate(int64 store_id, int64 blob_id, int64 size);

/*
 * Return up to "count" bytes of a blob from an offset on; "size" is the size
 * of the blob.  The caller has checked that the client may refer to the blob.
 */
extern bytea *blob_read(int64 store_id, int64 blob_id, int64 size,
						int64 offset, int64 count);

/*
 * Release blobs that no handle of the session needs any more: delete those
 * that are not sealed, and leave the others to the sweeper.
 */
extern void blob_release(int64 store_id, ArrayType *blob_ids);

/* The version or draft that is being stored, and the source of its blobs. */
typedef struct Adoption
{
	int64		store_id;
	int64		message_id;
	int64		source_id;		/* message it was copied from, or 0 */
	const Upload *uploads;		/* of the handle that is saved */
	bool		is_draft;		/* only the current role can see it */
} Adoption;

/*
 * Seal a blob to which a version or a draft is going to refer, and record the
 * reference.  Raises MAPI_E_INVALID_PARAMETER unless the message or its source
 * already refers to the blob, the blob is among the uploads, or the current
 * role has created the blob, and unless size and type are right.
 */
extern void blob_adopt(const Adoption *adoption, int64 blob_id, int64 size,
					   bool is_text);

/*
 * Copy a sealed blob from another store under its id, unless the store of the
 * adoption has it, and record the reference.
 */
extern void blob_import(int64 from_store_id, const Adoption *adoption,
						int64 blob_id);

/*
 * Delete the references of a message that is erased, and the blobs to which
 * nothing else refers and which no session holds.
 */
extern void blob_purge(int64 store_id, int64 message_id);

/*
 * Store bytes as a sealed blob to which the message refers, and return its id.
 */
extern int64 blob_store(const Adoption *adoption, const char *bytes,
						int64 size);

/* ----------------------------------------------------------------- adopt.c */

/*
 * Bring edits or a content into the form in which they are stored: seal and
 * record the blobs to which they refer, and turn large bytes of attachments
 * into blobs.  Values that change are replaced, not changed in place.
 */
extern void adopt_edits(const Adoption *adoption, Edits *edits);
extern void adopt_content(const Adoption *adoption, Content *content);

/* Return true if storing edits may write blobs. */
extern bool adopt_needed(const Edits *edits);

/* ---------------------------------------------------------------- change.c */

/*
 * Function that is called for each change that is taken back, newest first.
 * After the call the undo is freed; the other fields stay valid.
 */
typedef void (*ChangeVisitor) (const ChangeRow *change, void *arg);

/*
 * Replace *version by the older version with change number "to", taking back
 * one change after the other, with the active snapshot.  Returns false if the
 * chain does not reach that version, because it was pruned or never was a
 * version of this message.  Raises MAPI_E_CORRUPT_DATA if the chain has a
 * hole.  "visit" may be NULL.
 */
extern bool change_walk_back(int64 store_id, int64 message_id,
							 Version *version, int64 to,
							 ChangeVisitor visit, void *arg);

/* The fate of the submission of a message. */
typedef enum Sending
{
	SENDING_STAYS = 0,			/* as it is */
	SENDING_BEGINS,				/* submitted */
	SENDING_ENDS,				/* not submitted any more, and unsent */
	SENDING_DONE				/* not submitted any more, and sent */
} Sending;

/* A change to be made to a row. */
typedef struct ChangeOrder
{
	char		kind;			/* CHANGE_* */
	int64		base;			/* change number that the client had seen */
	const Edits *edits;			/* or NULL */
	int64		folder_id;		/* folder to move to, or 0 */
	bool		set_deleted;	/* "deleted" is to be stored */
	bool		deleted;
	bool		no_wait;		/* do not wait for others that hold the row */
	Sending		sending;
	int64		deleted_with;	/* folder whose deletion takes it along, or 0 */
	const Upload *uploads;		/* of the handle that is saved, or NULL */
	Author		author;
	CountTally *tally;			/* for a change of place, or NULL */
	const Arrival *arrival;		/* of a change made in another store, or NULL */
	ChangeBatch *batch;			/* to insert the record later, or NULL */
} ChangeOrder;

/*
 * Write a new version in place of the version in *row, with its number, time
 * and author, and insert the record of the change.  Returns as
 * messagerow_update() does.  After TM_Ok the command counter is incremented,
 * and *number is the new change number.  Raises a serialization failure if the
 * transaction's snapshot does not see the replaced version.
 */
extern TM_Result change_write(MessageRow *row, const ChangeOrder *order,
							  int64 *number);

/*
 * Insert the first version of a new message, and the record of the change.  The
 * current role is the creator; row->created_at is set if it is 0.  source_id is
 * the message from which it was copied, or 0; "uploads" are those of the handle
 * that is saved, or NULL; "author" is NULL if the call names none; "tally" is as
 * for count_change().
 */
extern void change_create(MessageRow *row, int64 source_id,
						  const Upload *uploads, const Author *author,
						  CountTally *tally);

/* Insert a copy of a message, as change_create() does. */
extern void change_copy(MessageRow *row, int64 source_id, CountTally *tally);

/*
 * Insert the first version here of a message that comes from another store,
 * with its source key, time of creation and name of the creator.  The current
 * role is the creator.
 */
extern void change_arrive(MessageRow *row, const Arrival *arrival,
						  const Author *author);

/* Delete a locked row; the record of the change contains the whole message. */
extern void change_hard_delete(MessageRow *row, const Author *author,
							   CountTally *tally);

/*
 * Erase a message: its row (locked, or NULL if it was deleted), its changes and
 * its references to blobs, with the blobs that nothing else needs, and leave one
 * record without values.  Returns false if there was nothing to erase.
 * change_purge_drafts() erases the drafts; their lock is taken last.
 */
extern bool change_purge(int64 store_id, int64 message_id, MessageRow *row,
						 CountTally *tally);
extern void change_purge_drafts(int64 store_id, int64 message_id);

/*
 * Return true if the active snapshot sees a change of a message.  A message
 * that was deleted for good, or by hand, has changes and no row.
 */
extern bool change_any(int64 store_id, int64 message_id);

/*
 * Find the change that an earlier call of the current role with the same
 * request has made: to the message *message_id, or if *message_id is 0, the
 * creation of any message of the store.  Return false if there is none;
 * otherwise set *message_id, and *number to the version that the change made.
 */
extern bool change_requested(int64 store_id, const char *request,
							 int64 *message_id, int64 *number);

/* -------------------------------------------------------------- original.c */

/*
 * Add the mail that a message was made from to a list, as a property, if the
 * message has an original.  Raise MAPI_E_NOT_ENOUGH_MEMORY if it is too long.
 */
extern void original_add(int64 store_id, int64 message_id, const char *name,
						 BagList *list);

/* Store the original of a new message, unless the store keeps no originals. */
extern void original_store(int64 store_id, int64 message_id,
						   const bytea *original);

/* Return the number of bytes of an original; -1 if the message has none. */
extern int64 original_size(int64 store_id, int64 message_id);

/* Delete the original of a message, if the message has one. */
extern void original_delete(int64 store_id, int64 message_id);

/*
 * Copy the original of a message, if the message has one, to a new message;
 * to one of another store only if that store keeps originals.
 */
extern void original_copy(int64 store_id, int64 message_id, int64 to_store_id,
						  int64 copy_id);

/* ----------------------------------------------------------------- merge.c */

/* The newest change by others that touched a property. */
typedef struct TheirChange
{
	const char *changed_by;
	TimestampTz changed_at;
	const char *client;			/* or NULL */
	int64		change_number;
} TheirChange;

/*
 * The properties and objects that others have touched since a client's base.
 * Properties have their canonical names, objects of lists the names of
 * part_object_name().
 */
typedef struct TheirChanges
{
	NameSet		names;			/* those of the newest change first */
	TheirChange *changes;		/* one per name */
	int			allocated;
	Jsonb	   *lists[PART_ATTACHMENTS + 1];	/* before the last visited */
} TheirChanges;

/* Start with nothing touched; the walk starts from version "current". */
extern void theirs_init(TheirChanges *theirs, const Content *current);

/* ChangeVisitor: add what a change touched to the TheirChanges in "arg". */
extern void theirs_visit(const ChangeRow *change, void *arg);

/*
 * Return the newest change that touched a name, or NULL.  A change of any body
 * touches all bodies, and one of a part of the subject all parts.
 */
extern const TheirChange *theirs_newest(const TheirChanges *theirs,
										const char *name);

/*
 * Return true if edits touch a property.  An edit of any body touches all
 * bodies, and one of a part of the subject all parts.
 */
extern bool merge_touches(const Edits *edits, const char *name);

/*
 * Merge the edits of a client with the changes of others, by the rule at the
 * top of merge.c.  "theirs" is the version with the others' changes.  With
 * "by_lines", texts that both sides touched are merged line by line.  Returns
 * false if the rule does not allow the merge; otherwise *merged are the edits
 * to apply to "theirs".  If "obstacles" is not NULL, the names of all items
 * that are obstacles are added to it.
 */
extern bool merge_edits(const TheirChanges *changes, const Content *base,
						const Content *theirs, const Edits *edits,
						bool by_lines, NameSet *obstacles, Edits *merged);

/* ----------------------------------------------------------------- state.c */

/* A user who reads: two texts; no actor is the empty text. */
typedef struct Reader
{
	Datum		role;
	Datum		actor;
} Reader;

/*
 * A message whose read state is asked for; fields are as in MessageRow and
 * Version.
 */
typedef struct ReadSubject
{
	int64		store_id;
	int64		message_id;
	int32		message_flags;
	Datum		creator;		/* or 0 */
	Datum		creator_actor;	/* or 0 */
} ReadSubject;

/* The state of one message for one user. */
typedef struct ReadState
{
	bool		is_known;		/* the user has set or cleared the flag */
	bool		is_read;
	int32		receipts;		/* bits RECEIPT_* */
	TimestampTz changed_at;		/* 0: the user has changed nothing */
} ReadState;

#define RECEIPT_DUE			0x1 /* a read receipt is due without the flag */
#define RECEIPT_NO_READ		0x2 /* no read receipt is due any more */
#define RECEIPT_NO_NONREAD	0x4 /* no non-read receipt is due any more */

/* A change of the read state; "receipts" are bits RECEIPT_* to be set. */
typedef struct ReadOrder
{
	bool		sets;			/* sets the read flag */
	bool		clears;			/* clears it */
	int32		receipts;
	TimestampTz changed_at;		/* of a change made elsewhere, or 0 */
} ReadOrder;

/*
 * Fill *reader with the current role and an actor; NULL is the actor of
 * msgstore.actor.
 */
extern void state_reader(Reader *reader, const char *actor);

/* Read the state of a message for a user, with the active snapshot. */
extern void state_read(const Reader *reader, const ReadSubject *message,
					   ReadState *state);

/*
 * Return the number of messages of a folder that are unread for a user, of
 * those that the user may read: all with "read_any" (the right READ_ANY), else
 * those that the role has created.  Deleted and associated messages do not
 * count.  Reads the flags of the folder's messages, or of those on the pages
 * in which the user has read something if these are fewer, and no content.
 */
extern int64 state_count_unread(const Reader *reader, int64 store_id,
								int64 folder_id, bool read_any);

/*
 * Change the read state of messages, whose ids are in ascending order, or of
 * all messages of a folder that the user may read ("read_any" as above).  The
 * caller has checked the rights.  A folder is one statement and one position:
 * it has the messages that are committed by now.
 */
extern void state_mark(const Reader *reader, int64 store_id, const int64 *ids,
					   int count, const ReadOrder *order);
extern void state_mark_folder(const Reader *reader, int64 store_id,
							  int64 folder_id, bool read_any,
							  const ReadOrder *order);

/*
 * Set or clear the bit of the status that says that the message is in
 * conflict, unless it has that value.
 */
extern void state_set_conflict(int64 store_id, int64 message_id, bool set);

/*
 * Read the status of a message and the time of its last change, with the
 * active snapshot.  Returns false, and sets nothing, if it was never set.
 */
extern bool state_status(int64 store_id, int64 message_id, int32 *status,
						 TimestampTz *changed_at);

/* -------------------------------------------------------------- computed.c */

/*
 * Return the id of the folder of a store whose entry id has the given bytes,
 * or 0 if they are the entry id of anything else.
 */
extern int64 computed_folder_of_entryid(int64 store_id, const uint8 *entryid,
										int size);

/*
 * Add the entry id of an object (PR_OBJECT_TYPE and id), and the source key of
 * an id or the change key of a change number, to a list of members.
 */
extern void computed_add_entryid(int64 store_id, BagList *list, const char *name,
								 int type, int64 id);
extern void computed_add_key(int64 store_id, BagList *list, const char *name,
							 Keyed series, int64 number);

/* ------------------------------------------------------------------ view.c */

/* The kind of object on which a handle is open. */
typedef enum HandleKind
{
	HANDLE_MESSAGE = 0,
	HANDLE_ATTACHMENT,
	HANDLE_EMBEDDED				/* a message embedded in an attachment */
} HandleKind;

/*
 * The values from which all properties of one version are computed.  Fields
 * are as in MessageRow.  "access" is PR_ACCESS, the bits MAPI_ACCESS_* of the
 * current role when the view was filled; "level" is PR_ACCESS_LEVEL, or -1 if
 * that property is not shown.
 */
typedef struct MessageView
{
	HandleKind	kind;
	int64		store_id;
	int64		message_id;
	TimestampTz created_at;
	TimestampTz modified_at;
	Datum		creator;		/* text, or 0: not known */
	Datum		creator_actor;
	Datum		source_key;		/* bytea, or 0: made in this store */
	const char *actor;			/* of the reader; NULL: of msgstore.actor */
	const char *modifier;
	int32		access;
	int			level;
	Version		version;		/* change number 0: not saved yet */
} MessageView;

/* Fill a view from the version in a row. */
extern void view_from_row(MessageView *view, const MessageRow *row);

/*
 * Fill a view from the version that the active snapshot sees.  For a message
 * that was hard-deleted, fill it from the record of the deletion; the view
 * then has almost no content.  The view points into *row.  Returns false if
 * the snapshot sees neither a version nor such a record.
 *
 * view_read() raises MAPI_E_NO_ACCESS or MAPI_E_NOT_FOUND if the current role
 * may not read the message; view_find() leaves that to view_readable().
 */
extern bool view_read(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row);
extern bool view_find(MessageView *view, int64 store_id, int64 message_id,
					  MessageRow *row);

/* Return true if the current role may read the message in a view. */
extern bool view_readable(const MessageView *view);

/*
 * Raise MAPI_E_NOT_FOUND unless the message exists or has existed, and the
 * errors of view_read() unless the current role may read it.
 */
extern void view_require_message(int64 store_id, int64 message_id);

/*
 * Replace the version in a view by an older version.  Returns false if the
 * chain does not reach that version.
 */
extern bool view_go_back(MessageView *view, int64 change_number);

/*
 * Return the properties of a view as a JSON object: those named in "tags", or
 * all of them if "tags" is NULL.
 */
extern Jsonb *view_props(const MessageView *view, ArrayType *tags);

/*
 * Return the properties that view_props() returns as a datum of type json,
 * whose text is the text of that jsonb.
 */
extern Datum view_json(const MessageView *view, ArrayType *tags);

/*
 * Return the names of all properties of a view as a text[], without reading
 * their values.
 */
extern ArrayType *view_names(const MessageView *view);

/*
 * Get the value of one property of a view, whose memory *value points into or
 * is palloc'd.  Returns false if the view lacks the property.  view_computes()
 * returns true if the property may be one that is not a member of the bag.
 */
extern bool view_value(const MessageView *view, const Property *prop,
					   JsonbValue *value);
extern bool view_computes(const Property *prop);

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

/* ----------------------------------------------------- pending.c, handle.c */

/* The draft that a handle was parked as or resumed from. */
typedef struct Draft
{
	int64		id;				/* 0: the handle has no draft */
	TimestampTz parked_at;		/* differs if the draft was parked again */
	bool		of_message;		/* it belongs to the message, not to a role */
} Draft;

/* The part of a handle that transactions change, and restore in a rollback. */
typedef struct HandleState
{
	int64		message_id;
	int64		folder_id;		/* of a new message */
	int64		base;			/* change number, 0 for a new message */
	Draft		draft;
	int64		next_attach;	/* PR_ATTACH_NUMs from here on are unused */
	int64		next_row;		/* PR_ROWIDs from here on are unused */
	int64		era;			/* incremented when handles below get stale */
	bool		was_listed;		/* attachment: its message has had it */
	Upload	   *uploads;		/* newest first, in upload_memory */
	bool		writable;
	bool		is_new;
	Content		object;			/* base of an attachment or embedded message */
	Edits		edits;			/* pending */
} HandleState;

/* The state of a handle before its first change at a nesting level. */
typedef struct SavedState
{
	int			level;
	HandleState state;
	struct SavedState *next;	/* of an outer level */
} SavedState;

typedef struct Handle
{
	int32		number;			/* hash key */
	int64		store_id;
	HandleKind	kind;
	int32		parent;			/* the handle that a save folds into, or 0 */
	int64		parent_era;		/* era of the parent when this was opened */
	int64		attach_num;		/* of an attachment */
	Jsonb	   *defaults;		/* default properties of a new message */
	Oid			role;			/* the role that opened it */
	TimestampTz opened_at;
	bool		transactional;	/* is closed before its transaction ends */
	TimestampTz created_at;		/* of a new message: its PR_CREATION_TIME */
	HandleState state;

	/* private to handle.c and pending.c */
	MemoryContext context;
	MemoryContext upload_memory;	/* lists of uploads; child of "context" */
	Oid			relation;		/* the table message at opening */
	int64		bytes;			/* of the values of all states */
	int			opened_level;	/* nesting level of opening, 0: committed */
	int			closed_level;	/* nesting level of closing, 0: open */
	SavedState *saved;			/* states to restore, innermost first */
	bool		is_dirty;		/* listed as changed by this transaction */
	dlist_node	dirty_node;
} Handle;

/* --------------------------------------------------------------- pending.c */

extern int	pending_max;		/* msgstore.max_pending, in kB */

/*
 * Replace the pending edits; NULL stands for empty edits.  Values are copied
 * into the handle's memory, unless they are there already.  Values that no
 * state uses any more are freed.  Raises MAPI_E_NOT_ENOUGH_RESOURCES, before
 * anything changes, if the session would exceed msgstore.max_pending.
 */
extern void pending_set_edits(Handle *handle, const Edits *edits);

/*
 * Replace the base of a handle on an attachment or an embedded message.  The
 * base is copied, and pending edits are dropped.  Raises
 * MAPI_E_NOT_ENOUGH_RESOURCES as pending_set_edits() does.
 */
extern void pending_set_object(Handle *handle, const Content *object);

/*
 * Push the present state of a handle as the saved state of a nesting level;
 * pop the innermost saved state and free it; pop it and make it the present
 * state.
 */
extern void pending_save(Handle *handle, int level);
extern void pending_drop_saved(Handle *handle);
extern void pending_restore(Handle *handle);

/* Stop counting the bytes of a handle that is about to be freed. */
extern void pending_forget(Handle *handle);

/* ---------------------------------------------------------------- handle.c */

/* Values of msgstore.handles; the value at the time of opening counts. */
typedef enum HandleMode
{
	HANDLES_SESSION = 0,		/* handles live until they are closed */
	HANDLES_TRANSACTION,		/* they are closed with their transaction */
	HANDLES_OFF					/* none can be opened */
} HandleMode;

extern int	handle_mode;		/* msgstore.handles, a HandleMode */
extern int	handle_max_open;	/* msgstore.max_open_handles */

extern void handle_init(void);	/* once, at module load */

/*
 * Register the function that is called when a transaction has ended, and with
 * "all" when a session ends everything that it has, by DISCARD ALL.
 */
typedef void (*HandleEnd) (bool all);
extern void handle_watch_end(HandleEnd ended);

/* Raise MAPI_E_NO_SUPPORT if msgstore.handles is off. */
extern void handle_require_allowed(void);

/* Return a number for a handle, or for something else that a session opens. */
extern int32 handle_new_number(void);

/*
 * Return a new handle.  Raises MAPI_E_NOT_ENOUGH_RESOURCES if
 * msgstore.max_open_handles handles are open, and MAPI_E_NO_SUPPORT if
 * msgstore.handles is off.
 */
extern Handle *handle_open(int64 store_id, int64 message_id);

/*
 * Return the open handle with a number that the current role has in this
 * session.  If there is no such handle, handle_find() returns NULL, and
 * handle_get() raises MAPI_E_INVALID_OBJECT.
 */
extern Handle *handle_find(int32 number);
extern Handle *handle_get(int32 number);

/*
 * Save the state of a handle, so that a rollback can restore it.  To be called
 * before the first write to handle->state.
 */
extern void handle_touch(Handle *handle);

/*
 * Set the version that is the base of a handle.  Pending edits and uploads are
 * dropped; see handle_drop_uploads().
 */
extern void handle_set_base(Handle *handle, int64 base);

/* Set the default properties of a new message to a copy of a bag. */
extern void handle_set_defaults(Handle *handle, const Jsonb *defaults);

/*
 * Close a handle; a rollback opens it again.  The handle may be freed at once.
 */
extern void handle_close(Handle *handle);

/* Add a blob to the uploads of a handle; "shared" as in Upload. */
extern void handle_add_upload(Handle *handle, int64 blob_id, bool shared);

/* Return the upload of a handle that is a given blob, or NULL. */
extern const Upload *handle_upload(const Handle *handle, int64 blob_id);

/* Return true if a blob is an upload of a handle or of a parent of it. */
extern bool handle_uploaded(const Handle *handle, int64 blob_id);

/*
 * Mark the uploads of a handle as shared, because others have the references,
 * and add them to the uploads of "parent" unless that is NULL.
 */
extern void handle_share_uploads(Handle *handle, Handle *parent);

/* Return the ids of a handle's uploads as a bigint[] of *count elements. */
extern ArrayType *handle_uploads(const Handle *handle, int *count);

/*
 * Empty the list of a handle's uploads, and release the blobs that no other
 * handle has.  Does nothing if the transaction cannot write.
 */
extern void handle_drop_uploads(Handle *handle);

/* Raise MAPI_E_NO_ACCESS on a read-only handle. */
extern void handle_require_writable(const Handle *handle);

/* Merge checked edits into the pending edits. */
extern void handle_add_edits(Handle *handle, const Edits *edits);

/*
 * Return the handle whose number is argument 0 of an SQL function.
 * handle_message_argument() raises MAPI_E_NO_SUPPORT if the handle is open on
 * an attachment or an embedded message.
 */
extern Handle *handle_argument(FunctionCallInfo fcinfo);
extern Handle *handle_message_argument(FunctionCallInfo fcinfo);

/* ---------------------------------------------------------------- upload.c */

/*
 * Create an empty upload of a handle and return its id.  is_text: the value is
 * a PT_UNICODE, not bytes.
 */
extern int64 upload_create(Handle *handle, bool is_text);

/*
 * Return the id of a blob that a handle may write in place of a given blob:
 * the blob itself if it is an upload of the handle that is not shared, else a
 * new upload with a copy of at least its first "keep" bytes.  Raises
 * MAPI_E_INVALID_PARAMETER if the handle may not refer to the blob, or if size
 * or type are not those of the blob.
 */
extern int64 upload_writable(Handle *handle, int64 blob_id, int64 size,
							 bool is_text, int64 keep);

/*
 * Raise MAPI_E_INVALID_PARAMETER unless a handle may refer to a blob: an
 * upload of the handle or of a parent, a blob of their message, or a blob of
 * the current role's draft of the message.  To be called for a pending
 * reference, in which the client may have set any id.
 */
extern void upload_require_readable(const Handle *handle, int64 blob_id);

/*
 * Hold the blobs to which the pending edits of a resumed handle refer, so that
 * they stay even if the draft is discarded.  They count as uploads of the
 * handle.  Returns false if a blob has been deleted already.
 */
extern bool upload_hold(Handle *handle);

/* ----------------------------------------------------------------- stand.c */

/*
 * The stand of a client: the version of a message that it has seen (its base)
 * and its own edits.  A client has its stand in a handle, or passes a change
 * number and a patch to a call without a session.
 */
typedef struct Stand
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* 0 for a new message */
	bool		is_new;
	bool		was_parked;		/* the handle has, or had, a draft */
	int64		folder_id;		/* of a new message */
	Jsonb	   *defaults;		/* of a new message */
	TimestampTz created_at;		/* of a new message: its PR_CREATION_TIME */
	const Upload *uploads;		/* of the handle */
	Author		author;			/* of a call without a session */
	Edits		edits;
} Stand;

/* Get the stand of a handle, whose memory it shares. */
extern void stand_of_handle(Stand *stand, const Handle *handle);

/*
 * Get the stand from the first arguments of a call without a session:
 * store_id, message_id, change_number and changes.  A NULL raises
 * MAPI_E_INVALID_PARAMETER.
 */
extern void stand_of_arguments(Stand *stand, FunctionCallInfo fcinfo);

/* Raise MAPI_E_UNABLE_TO_COMPLETE, because the history lacks the base. */
pg_noreturn extern void stand_raise_no_base(const Stand *stand);

/*
 * Fill a view from the base of a client, without the client's edits, with the
 * active snapshot.  The view points into *row.  Raises MAPI_E_OBJECT_DELETED
 * if the message and its history are gone, and MAPI_E_UNABLE_TO_COMPLETE if
 * the history lacks the base.
 */
extern void stand_view(MessageView *view, const Stand *stand, MessageRow *row);

/*
 * Return the bits MAPI_ACCESS_* of the current role on a client's message, read
 * with a latest snapshot.  The client has all of them on a message that is new
 * or of which nothing is left, if it may use the store.
 *
 * stand_require_readable() raises the errors of view_read() unless the role may
 * read the message.  To be called where a client is shown values without
 * stand_view(): pending lists and objects contain values of the message.
 */
extern int32 stand_access(const Stand *stand);

/*
 * Return true if the current role may save the edits of a client: edit the
 * message, or create messages in the store.  stand_require_editable() raises
 * MAPI_E_NO_ACCESS otherwise.
 */
extern bool stand_may_edit(const Stand *stand);
extern void stand_require_editable(const Stand *stand);
extern void stand_require_readable(const Stand *stand);

#endif							/* ENGINE_H */
