/*-------------------------------------------------------------------------
 *
 * activity.h
 *	  Statistics of stores, and of the messages that clients fight over:
 *	  activity.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_ACTIVITY_H
#define MSGSTORE_ACTIVITY_H

/*
 * Add one record of the history, with an undo, to the statistics.  "kind" is
 * that of the change.
 */
extern void activity_change(const ChangeRow *change);

/* Add a number of bytes, negative if they went away, of messages. */
extern void activity_bytes(int64 store_id, int64 bytes);

/* Add a number of blobs, negative if they went away. */
extern void activity_blobs(int64 store_id, int64 blobs);

/*
 * Add to the statistics that "versions" records of the history with "bytes"
 * bytes of undo were deleted, by prune_history() if "prune" is set.
 */
extern void activity_pruned(int64 store_id, int64 versions, int64 bytes,
							bool prune);

/* Add to the statistics that sweep_blobs() is running. */
extern void activity_swept(int64 store_id);

/*
 * Count a save that was refused because the message had changed.  The count
 * stays, also if the transaction is rolled back.
 */
extern void activity_conflict(int64 store_id, int64 message_id);

/*
 * Count the versions, blobs and bytes of a store by reading its tables, and
 * correct the statistics.  The caller has checked the rights.
 */
extern void activity_recount(int64 store_id);

/* For handle.c: the ends of transactions and subtransactions. */
extern void activity_before_commit(void);
extern void activity_before_prepare(void);
extern void activity_committed(void);
extern void activity_aborted(void);
extern void activity_subcommitted(int level);
extern void activity_subaborted(int level);

#endif							/* MSGSTORE_ACTIVITY_H */
