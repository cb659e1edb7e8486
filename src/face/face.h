/*-------------------------------------------------------------------------
 *
 * face.h
 *	  The highest floor, which SQL sees: start-up, open, edit, save, conflict,
 *	  resolve, place, park, history and what stands inside a message.
 *
 *	  Prototypes stand under their file's name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FACE_H
#define FACE_H

#include "engine.h"

/* ------------------------------------------------------------------ store.c */

/* Return a store's special folder, or 0. */
extern int64 store_special_folder(int64 store_id, const char *special);

/* Raise MAPI_E_NOT_FOUND unless there is such a folder, and in any case. */
extern void store_require_folder(int64 store_id, int64 folder_id);
pg_noreturn extern void store_raise_no_folder(int64 store_id, int64 folder_id);

/* ------------------------------------------------------------------ props.c */

/*
 * Return what a handle shows of the properties that are named, or of all.  The
 * base is not read, and may be pruned, if the edits alone answer.
 */
extern Jsonb *props_shown(const Handle *handle, ArrayType *tags);

/* -------------------------------------------------------------- subobject.c */

/*
 * Fold an attachment or an embedded message into its parent handle; returns
 * the result of the save.
 */
extern int32 subobject_save(Handle *handle);

/*
 * The client is about to set the whole list of attachments: the numbers that
 * are in the list now are not given out again, and handles below are stale.
 */
extern void subobject_list_replaced(Handle *handle);

/* ------------------------------------------------------------------- park.c */

/*
 * Store where a client stands: in place of the draft that *draft knows, or as
 * a new one if there is none or another handle has parked there since.
 * *draft is then the one that was stored.
 */
extern void park_stand(const Stand *stand, Draft *draft);

/*
 * Lock the drafts of a store to the end of the transaction: RowExclusiveLock
 * to park, ShareLock to prune.
 */
extern void park_lock(int64 store_id, LOCKMODE lockmode);

/*
 * Discard a draft of the current role; false if there is no such draft, or
 * another handle has parked there since (parked_at 0: even then).
 */
extern bool park_discard(int64 store_id, const Draft *draft);

/* ------------------------------------------------------------------- save.c */

/* How a save treats what others have saved since its base. */
typedef enum SaveMode
{
	SAVE_PLAIN = 0,				/* as its flags say */
	SAVE_SEEN,					/* forced, if "seen" is still the newest */
	SAVE_MERGE,					/* beside it, if both changed different things */
	SAVE_VERSION				/* plain; writes what "version" held */
} SaveMode;

/*
 * One save.  Either "edits" or, parsed only once the version has been found
 * right, "patch".
 */
typedef struct SaveRequest
{
	int64		store_id;
	int64		message_id;
	int64		base;			/* the version the client stands on */
	bool		is_new;			/* first save: insert */
	bool		was_parked;		/* another handle may have saved it first */
	int64		folder_id;		/* of a new message */
	int32		message_flags;	/* of a new message, unless its bag has them */
	const Content *start;		/* of a new message, before its edits */
	int64		source_id;		/* the message that "start" was copied from */
	const Upload *uploads;		/* of the handle, or NULL */
	const Edits *edits;
	Jsonb	   *patch;
	uint32		flags;			/* save_flags */
	SaveMode	mode;
	int64		seen;			/* SAVE_SEEN: the version shown to the user */
	int64		version;		/* SAVE_VERSION: the version to go back to */
} SaveRequest;

/* Make the request of a client's save, to be adjusted by the caller. */
extern void save_of_stand(SaveRequest *request, const Stand *stand,
						  Content *start);

/*
 * Decide and write, in one atomic step.  Returns the result; *change_number
 * is the version that stands afterwards for the client: the new one, or the
 * current one where refused (0: there is none).
 */
extern int32 save_execute(const SaveRequest *request, int64 *change_number);

/*
 * Finish a save of a handle that has gone through: the handle stands on the
 * new version and nothing is pending.  The draft it was resumed from, if any,
 * is discarded.
 */
extern void save_finish(Handle *handle, int64 change_number);

/* --------------------------------------------------------------- conflict.c */

/*
 * Return the conflict of a handle as JSON: the code, where the message stands,
 * and who touched which property; names, not values.  NULL if the caller may
 * not look through the handle.
 */
extern char *conflict_json(int32 code, int32 handle);

#endif							/* FACE_H */
