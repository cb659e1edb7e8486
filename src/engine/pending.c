/*-------------------------------------------------------------------------
 *
 * pending.c
 *	  The values that a handle has in memory: pending edits, and the base of
 *	  an attachment or an embedded message.
 *
 * NOTES
 *	  A handle has a present state, and saved states that a rollback restores
 *	  (handle.c).  States share values.  A value is copied into the memory of
 *	  its handle, never changed in place, and freed when no state of the handle
 *	  uses the value any more.
 *
 *	  msgstore.max_pending bounds the bytes of the values of all states of all
 *	  handles of the session.  Bytes are added when a value is copied into a
 *	  handle, and subtracted when the value is freed.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/detoast.h"

int			pending_max = 1024 * 1024;

/* bytes of the values that all handles have in memory */
static int64 pending_bytes = 0;

/* ------------------------------------------------------------------ values */

/* Return true if a value belongs to the edits or the base of a state. */
static bool
state_uses(const HandleState *state, const void *value)
{
	for (int p = 0; p < NUM_PARTS; p++)
	{
		if (state->edits.value[p] == value ||
			DatumGetPointer(state->object.value[p]) == value)
			return true;
	}
	return false;
}

/* Return true if a saved state of the handle uses a value. */
static bool
saved_uses(const Handle *handle, const void *value)
{
	for (SavedState *saved = handle->saved; saved != NULL; saved = saved->next)
	{
		if (state_uses(&saved->state, value))
			return true;
	}
	return false;
}

/* Return true if the handle's state or a saved state uses a value. */
static bool
value_used(const Handle *handle, const void *value)
{
	return state_uses(&handle->state, value) || saved_uses(handle, value);
}

/* Count bytes that were copied into a handle, or freed if "bytes" is < 0. */
static void
count_bytes(Handle *handle, int64 bytes)
{
	handle->bytes += bytes;
	pending_bytes += bytes;
}

/* Return the bytes of a value if no saved state of the handle uses it. */
static int64
unsaved_bytes(const Handle *handle, const void *value)
{
	return value == NULL || saved_uses(handle, value) ? 0 : VARSIZE_ANY(value);
}

/* Return the bytes of the pending edits that no saved state uses. */
static int64
edits_bytes(const Handle *handle, const Edits *edits)
{
	int64		bytes = 0;

	for (int p = 0; p < NUM_PARTS; p++)
		bytes += unsaved_bytes(handle, edits->value[p]);
	return bytes;
}

/*
 * Raise MAPI_E_NOT_ENOUGH_RESOURCES if the session's bytes would grow by
 * "growth" beyond msgstore.max_pending.
 */
static void
require_room(int64 growth)
{
	if (growth > 0 &&
		pending_bytes + growth > (int64) pending_max * 1024)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_ENOUGH_RESOURCES),
				 errmsg("the pending edits of this session would take more than %d kB",
						pending_max),
				 errhint("Save or close handles, write large values with write_stream(), or raise msgstore.max_pending.")));
}

/*
 * Free the values of a discarded state that no other state of the handle uses.
 * Base and edits of a state never share a value.
 */
static void
release(Handle *handle, const HandleState *left)
{
	for (int p = 0; p < NUM_PARTS; p++)
	{
		void	   *values[] = {left->edits.value[p],
		DatumGetPointer(left->object.value[p])};

		for (int i = 0; i < lengthof(values); i++)
		{
			if (values[i] != NULL && !value_used(handle, values[i]))
			{
				count_bytes(handle, -(int64) VARSIZE_ANY(values[i]));
				pfree(values[i]);
			}
		}
	}
}

void
pending_forget(Handle *handle)
{
	count_bytes(handle, -handle->bytes);
}

/* ----------------------------------------------------------------- setting */

void
pending_set_edits(Handle *handle, const Edits *edits)
{
	HandleState left = handle->state;
	Edits		new;

	edits_init(&new);
	if (edits != NULL)
	{
		new = *edits;
		require_room(edits_bytes(handle, edits) -
					 edits_bytes(handle, &handle->state.edits));
		for (int p = 0; p < NUM_PARTS; p++)
		{
			if (new.value[p] != NULL && !value_used(handle, new.value[p]))
			{
				Size		size = VARSIZE_ANY(new.value[p]);

				new.value[p] = MemoryContextAllocHuge(handle->context, size);
				memcpy(new.value[p], edits->value[p], size);
				count_bytes(handle, size);
			}
		}
	}
	handle->state.edits = new;
	release(handle, &left);
}

void
pending_set_object(Handle *handle, const Content *object)
{
	HandleState left = handle->state;
	MemoryContext caller;
	Content		new = *object;
	int64		growth = -edits_bytes(handle, &left.edits);

	for (int p = 0; p < NUM_PARTS; p++)
	{
		growth -= unsaved_bytes(handle, DatumGetPointer(left.object.value[p]));
		if (!object->isnull[p])
			growth += toast_raw_datum_size(object->value[p]);
	}
	require_room(growth);
	caller = MemoryContextSwitchTo(handle->context);
	for (int p = 0; p < NUM_PARTS; p++)
	{
		new.value[p] = (Datum) 0;
		if (new.isnull[p])
			continue;
		new.value[p] = PointerGetDatum(PG_DETOAST_DATUM_COPY(object->value[p]));
		count_bytes(handle, VARSIZE_ANY(DatumGetPointer(new.value[p])));
	}
	MemoryContextSwitchTo(caller);
	handle->state.object = new;
	edits_init(&handle->state.edits);
	release(handle, &left);
}

/* ------------------------------------------------------------ saved states */

void
pending_save(Handle *handle, int level)
{
	SavedState *saved = MemoryContextAlloc(handle->context,
										   sizeof(SavedState));

	saved->level = level;
	saved->state = handle->state;
	saved->next = handle->saved;
	handle->saved = saved;
}

void
pending_drop_saved(Handle *handle)
{
	SavedState *saved = handle->saved;

	handle->saved = saved->next;
	release(handle, &saved->state);
	pfree(saved);
}

void
pending_restore(Handle *handle)
{
	HandleState undone = handle->state;
	SavedState *saved = handle->saved;

	handle->state = saved->state;
	handle->saved = saved->next;
	pfree(saved);
	release(handle, &undone);
}
