/*-------------------------------------------------------------------------
 *
 * wakeup.c
 *	  Wake-ups: notifications of whoever listens to the changes of a store.
 *
 * NOTES
 *	  A transaction that changes something in a store with wake-ups sends one
 *	  NOTIFY on the channel msgstore_<store_id>, without a payload: anybody can
 *	  listen to a channel, and ids are for those who may read.  Whoever is woken
 *	  up asks the feed.
 *
 *	  NOTIFY makes commits wait for each other, so it is sent before the commit
 *	  and not in the save.  The stores are noted until then in memory of the
 *	  transaction.  A rollback to a savepoint does not take a note back: a
 *	  wake-up without a change does no harm.
 *
 *	  A transaction that has notified cannot be prepared.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "commands/async.h"
#include "utils/memutils.h"

/* The stores that the transaction has changed, in TopTransactionContext. */
static int64 *noted = NULL;
static int	noted_count = 0;
static int	noted_allocated = 0;

void
wakeup_note(int64 store_id)
{
	for (int i = 0; i < noted_count; i++)
	{
		if (noted[i] == store_id)
			return;
	}
	if (!access_wakes(store_id))
		return;
	if (noted == NULL)
	{
		noted_allocated = 4;
		noted = MemoryContextAlloc(TopTransactionContext,
								   sizeof(int64) * noted_allocated);
	}
	else if (noted_count == noted_allocated)
	{
		noted = repalloc(noted, sizeof(int64) * noted_allocated * 2);
		noted_allocated *= 2;
	}
	noted[noted_count++] = store_id;
}

void
wakeup_send(void)
{
	char		channel[NAMEDATALEN];

	for (int i = 0; i < noted_count; i++)
	{
		snprintf(channel, sizeof(channel), "msgstore_%lld",
				 (long long) noted[i]);
		Async_Notify(channel, "");
	}
}

void
wakeup_refuse_prepare(void)
{
	if (noted_count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has changed a store with wake-ups"),
				 errhint("Commit the transaction, or switch the wake-ups off with set_wakeups().")));
}

void
wakeup_forget(void)
{
	noted = NULL;
	noted_count = 0;
	noted_allocated = 0;
}
