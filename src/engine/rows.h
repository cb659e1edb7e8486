/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  A part of engine.h, which includes it:
 *	  rows that are read and written without the executor, and their parents.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_ROWS_H
#define MSGSTORE_ROWS_H

/* ---------------------------------------------------------------- author.c */

extern char *author_setting;	/* msgstore.actor */

/*
 * The hooks of msgstore.actor.  A SET of a text that is no actor is refused.
 * PostgreSQL only warns of a value that was set before the module was loaded,
 * and drops the value; such a value is accepted until
 * author_setting_defined(), and author_actor() raises an error instead.
 */
extern bool author_check_setting(char **newval, void **extra,
								 GucSource source);
extern void author_assign_setting(const char *newval, void *extra);
extern void author_setting_defined(void);

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
 * Find many rows with values in the first nkeys columns of such an index, with
 * one snapshot, which must stay active.  direct_walk() finds one row as
 * direct_fetch() does, in the slot of the walk, which holds the tuple until the
 * next row is looked for.
 */
typedef struct DirectWalk
{
	int			nkeys;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context;		/* of the scan */
} DirectWalk;

extern void direct_begin_walk(DirectWalk *walk, Relation rel,
							  StoreRelation index, int nkeys,
							  Snapshot snapshot);
extern bool direct_walk(DirectWalk *walk, const int64 *key);
extern void direct_end_walk(DirectWalk *walk);

/*
 * Raise an error if a NULL violates a NOT NULL constraint, as the executor
 * does.
 */
extern void direct_require_not_null(Relation rel, const bool *nulls);

/*
 * Make a slot for a new tuple of a table.  The caller sets tts_values and
 * tts_isnull of all columns, which must live as long as the slot, and then has
 * the tuple formed.  direct_form_behind() copies the bytes of another tuple of
 * the table up to the value of column "first", to which "from" points: the
 * columns before have the values of that tuple, and NULLs are in the columns in
 * which that tuple has them.
 */
extern TupleTableSlot *direct_slot(Relation rel);
extern void direct_form(TupleTableSlot *slot);
extern void direct_form_behind(TupleTableSlot *slot, HeapTuple tuple,
							   const char *from, int first);

/*
 * Insert the entries of a tuple that was inserted, of several such tuples, or
 * of one that replaced the tuple "old", with the report of
 * table_tuple_update(), into the indexes of the table.  The caller holds
 * RowExclusiveLock on the table.
 */
extern void direct_insert_entries(Relation rel, TupleTableSlot *slot);
extern void direct_insert_batch(Relation rel, TupleTableSlot **slots,
								int count);
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
 * only "properties" is set, which changerow_fetch() does not set.  The row is
 * found by its key, or at the place where a statement has found it, with a slot
 * for rows of change; false if the active snapshot does not see it.
 */
extern bool changerow_fetch_head(ChangeRow *row, Relation change,
								 int64 store_id, int64 message_id,
								 int64 change_number);
extern bool changerow_fetch_head_at(ChangeRow *row, Relation change,
									ItemPointer tid, TupleTableSlot *slot);

/*
 * Read many rows of one message with the active snapshot, which must stay
 * active until the end of the walk: changewalk_fetch() reads a row as
 * changerow_fetch() does, changewalk_fetch_head() as changerow_fetch_head().
 */
typedef struct ChangeWalk
{
	Relation	change;
	int64		store_id;
	int64		message_id;
	DirectWalk	direct;
} ChangeWalk;

extern void changewalk_begin(ChangeWalk *walk, Relation change,
							 int64 store_id, int64 message_id);
extern bool changewalk_fetch(ChangeWalk *walk, ChangeRow *row,
							 int64 change_number);
extern bool changewalk_fetch_head(ChangeWalk *walk, ChangeRow *row,
								  int64 change_number);
extern void changewalk_end(ChangeWalk *walk);

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
 * them one by one.  Rows are inserted at the latest by changebatch_end(), which
 * every batch needs unless an error ends the transaction.  The memory context
 * in which a row is added must live until then; replaced values that are stored
 * out of line need not.  No row may be added in a subtransaction of the batch's.
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

#endif							/* MSGSTORE_ROWS_H */
