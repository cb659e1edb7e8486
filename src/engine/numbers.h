/*-------------------------------------------------------------------------
 *
 * numbers.h
 *	  A part of engine.h, which includes it:
 *	  relations, and the numbers that objects and changes have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_NUMBERS_H
#define MSGSTORE_NUMBERS_H

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
	REL_ACTIVITY_PKEY,
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
	REL_STORE_STATE,
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

/* The step of a reader. */
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

/* The answer to the question if a token can be used. */
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

#endif							/* MSGSTORE_NUMBERS_H */
