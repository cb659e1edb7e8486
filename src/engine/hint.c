/*-------------------------------------------------------------------------
 *
 * hint.c
 *	  Where this backend has met messages last.
 *
 * NOTES
 *	  A message that was just read is often saved next.  Its row is then looked
 *	  for at the place where it was, before the index is used.  A hint may be
 *	  wrong at any time, since the row moves with every change and another row
 *	  takes its place: row.c checks the row that it finds there.
 *
 *	  Each message has one slot in a small table, which messages of other ids
 *	  share.  A new file of the table (VACUUM FULL, TRUNCATE) ends all hints.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "storage/itemptr.h"
#include "utils/rel.h"

#define NUM_HINTS	256			/* a power of 2 */

typedef struct PlaceHint
{
	int64		store_id;
	int64		message_id;		/* 0: no hint */
	ItemPointerData tid;
} PlaceHint;

static PlaceHint hints[NUM_HINTS];
static Oid	hint_table = InvalidOid;	/* table and file of the hints */
static Oid	hint_file = InvalidOid;

/* Return the slot of a message; it may have the hint of another message. */
static PlaceHint *
hint_of(Relation message, int64 store_id, int64 message_id)
{
	if (RelationGetRelid(message) != hint_table ||
		message->rd_rel->relfilenode != hint_file)
	{
		memset(hints, 0, sizeof(hints));
		hint_table = RelationGetRelid(message);
		hint_file = message->rd_rel->relfilenode;
	}
	return &hints[(message_id ^ (store_id << 4)) & (NUM_HINTS - 1)];
}

bool
hint_find(Relation message, int64 store_id, int64 message_id, ItemPointer tid)
{
	PlaceHint  *hint = hint_of(message, store_id, message_id);

	*tid = hint->tid;
	return message_id != 0 && hint->message_id == message_id &&
		hint->store_id == store_id;
}

void
hint_note(Relation message, int64 store_id, int64 message_id,
		  const ItemPointerData *tid)
{
	PlaceHint  *hint = hint_of(message, store_id, message_id);

	hint->store_id = store_id;
	hint->message_id = message_id;
	hint->tid = *tid;
}
