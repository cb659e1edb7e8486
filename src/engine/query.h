/*-------------------------------------------------------------------------
 *
 * query.h
 *	  The SQL statements of the module, and the function that runs them through
 *	  SPI.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_QUERY_H
#define MSGSTORE_QUERY_H

typedef enum QueryName
{
	QUERY_STORE_READ = 0,
	QUERY_STORE_INSERT,
	QUERY_STORE_RETENTION,
	QUERY_STORE_OWNER,
	QUERY_STORE_LOCK,
	QUERY_STORE_GENERATION,
	QUERY_RIGHTS_OF_FOLDER,
	QUERY_RIGHTS_OF_STORE,
	QUERY_RIGHTS_SET,
	QUERY_RIGHTS_REVOKE,
	QUERY_RIGHTS_COPY,
	QUERY_RIGHTS_DROP,
	QUERY_STORE_ORIGINALS,
	QUERY_FOLDER_INSERT,
	QUERY_FOLDER_EXISTS,
	QUERY_FOLDER_SPECIAL,
	QUERY_MESSAGE_DELETE,
	QUERY_CHANGE_REQUESTED,
	QUERY_ORIGINAL_SIZE,
	QUERY_ORIGINAL_READ,
	QUERY_ORIGINAL_WRITE,
	QUERY_ORIGINAL_KEPT,
	QUERY_ORIGINAL_COPY,
	QUERY_ORIGINAL_DELETE,
	QUERY_PARKED_INSERT,
	QUERY_PARKED_READ,
	QUERY_PARKED_DELETE,
	QUERY_PRUNE,
	QUERY_BLOB_INSERT,
	QUERY_BLOB_CREATE,
	QUERY_BLOB_WRITABLE,
	QUERY_BLOB_RESIZE,
	QUERY_BLOB_READABLE,
	QUERY_BLOB_UNSEALED,
	QUERY_BLOB_REFERRED,
	QUERY_BLOB_AS_CLAIMED,
	QUERY_BLOB_COPY,
	QUERY_BLOB_KEEP,
	QUERY_BLOB_SEAL,
	QUERY_BLOB_REFER,
	QUERY_BLOB_DELETE,
	QUERY_BLOB_LET_GO,
	QUERY_HOLD_LOCK,
	QUERY_HOLD_INSERT,
	QUERY_HOLD_DELETE,
	QUERY_CHUNK_READ,
	QUERY_CHUNK_WRITE,
	QUERY_CHUNK_DELETE,
	QUERY_SWEEP_LOCK_REFS,
	QUERY_SWEEP_REFS,
	QUERY_SWEEP_HOLDS,
	QUERY_SWEEP_LOCK_BLOBS,
	QUERY_SWEEP_BLOBS,
	QUERY_NAMED_FIND,
	QUERY_NAMED_READ,
	QUERY_NAMED_NEXT,
	QUERY_NAMED_INSERT,
	QUERY_STORE_CHILD,
	QUERY_FOLDER_CHILD,
	QUERY_BLOB_CHUNKS_DELETE,
	QUERY_BLOB_CHILD,
	QUERY_LARGEST_IDS,
	QUERY_NEWEST_CHANGE,
	QUERY_INCARNATION_INSERT,
	QUERY_NODE_DELETE,
	QUERY_NODE_INSERT
} QueryName;
#define NUM_QUERIES		(QUERY_NODE_INSERT + 1)

/*
 * Run a statement of the table in query.c as the owner of the extension's
 * tables, and return the number of rows.  The caller has connected to SPI, has
 * checked the rights of the current role, and reads the result from
 * SPI_tuptable.  "nulls" is as in SPI_execute_plan(): NULL if no value is
 * NULL.
 */
extern uint64 query_run(QueryName which, Datum *values, const char *nulls);

/* Return the first column, a bigint, of the first row of the result. */
extern int64 query_result_bigint(void);

#endif							/* MSGSTORE_QUERY_H */
