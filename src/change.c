/*-------------------------------------------------------------------------
 *
 * change.c
 *	  The chain of changes: who did what when, and how to get back.
 *
 * NOTES
 *	  Each row of change holds what its change replaced.  An older version is
 *	  the newest one with the changes since taken back, from the newest on,
 *	  along "previous".  Every link is looked up by its full key, so a row
 *	  that is missing is noticed: at the old end it was pruned, anywhere else
 *	  the history is damaged.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "msgstore.h"

bool
change_walk_back(int64 store_id, int64 message_id, int64 from, int64 to,
				 Content *content, Snapshot snapshot)
{
	Relation	change;
	int64		at = from;

	if (from == to)
		return true;
	change = table_open(module_relid(REL_CHANGE), AccessShareLock);
	while (at != to)
	{
		ChangeRow	row;

		CHECK_FOR_INTERRUPTS();
		if (!changerow_fetch(&row, change, store_id, message_id, at, snapshot))
		{
			if (changerow_fetch(&row, change, store_id, message_id, to,
								snapshot))
				ereport(ERROR,
						(errmapi(MAPI_E_CORRUPT_DATA),
						 errmsg("the history of message %lld in store %lld lacks change %lld",
								(long long) message_id, (long long) store_id,
								(long long) at)));
			break;
		}
		if (row.previous == 0)
			break;
		undo_apply(&row.undo, content);
		at = row.previous;
	}
	table_close(change, NoLock);
	return at == to;
}

const char *
change_author(void)
{
	if (msgstore_actor != NULL && msgstore_actor[0] != '\0')
		return msgstore_actor;
	return GetUserNameFromId(GetUserId(), false);
}

void
change_record(char kind, int64 store_id, int64 message_id,
			  int64 change_number, int64 previous, int64 base,
			  TimestampTz changed_at, const Undo *undo)
{
	ChangeRow	row;

	memset(&row, 0, sizeof(row));
	row.store_id = store_id;
	row.message_id = message_id;
	row.change_number = change_number;
	row.previous = previous;
	row.base = base;
	row.changed_at = changed_at;
	row.kind = kind;
	row.role = GetUserNameFromId(GetUserId(), false);
	if (msgstore_actor != NULL && msgstore_actor[0] != '\0')
		row.actor = msgstore_actor;
	if (application_name != NULL && application_name[0] != '\0')
		row.client = application_name;
	row.undo = *undo;
	changerow_insert(&row);
}
