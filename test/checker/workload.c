/*-------------------------------------------------------------------------
 *
 * workload.c
 *	  Random steps of the checker, and its operations on handles.
 *
 * NOTES
 *	  The view of a handle is compared with the model after every operation
 *	  that could have changed it.  "checker verify" compares the saves, from
 *	  the record, with the stored chain.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "mapi.h"

/* ----------------------------------------------------------------- handles */

/* Return an open handle, or NULL. */
static HandleModel *
pick_handle(Session *session)
{
	HandleModel *handles = session->model.handles;
	int			first = random_below(&session->random, MAX_HANDLES);

	for (int i = 0; i < MAX_HANDLES; i++)
	{
		if (handles[(first + i) % MAX_HANDLES].number != 0)
			return &handles[(first + i) % MAX_HANDLES];
	}
	return NULL;
}

static HandleModel *
free_handle(Session *session)
{
	for (int i = 0; i < MAX_HANDLES; i++)
	{
		if (session->model.handles[i].number == 0)
			return &session->model.handles[i];
	}
	return NULL;
}

static json_t *
view_of(const HandleModel *handle)
{
	return view_with(handle->view, handle->edits);
}

static void
set_edits(HandleModel *handle, json_t *edits)
{
	json_decref(handle->edits);
	handle->edits = edits;
}

static void
set_view(HandleModel *handle, json_t *view)
{
	json_decref(handle->view);
	handle->view = view;
}

/* Record a violation if a handle does not show what its model has. */
static void
compare(Session *session, const HandleModel *handle, const json_t *shown,
		const char *after)
{
	json_t	   *is = content_of(shown);
	json_t	   *should = view_of(handle);
	const char *where = "";

	if (number_of(shown) != (handle->is_new ? 0 : handle->base))
		violation(session, "after %s a handle on message %lld stands on %lld, not on %lld",
				  after, (long long) handle->message,
				  (long long) number_of(shown), (long long) handle->base);
	else if (!same_content(is, should, &where))
		violation(session, "after %s a handle on message %lld at %lld shows another %s than its client read or wrote",
				  after, (long long) handle->message,
				  (long long) handle->base, where);
	json_decref(is);
	json_decref(should);
}

/* Record an operation that leaves no trace: only its errors count. */
static void
note_nothing(Session *session, Reply *reply)
{
	note(session, reply, "nothing", "", NULL);
	reply_end(reply);
}

/* ---------------------------------------------------------- open and close */

static void
do_open(Session *session)
{
	HandleModel *handle = free_handle(session);
	int			dice = random_below(&session->random, 100);
	int			flags = MAPI_MODIFY;
	int			slot;
	int64_t		message;
	Reply		reply;

	if (handle == NULL || !pick_message(session, &slot, &message))
		return;
	if (dice >= 94)
		flags = SHOW_SOFT_DELETES;
	else if (dice >= 88)
		flags = MAPI_BEST_ACCESS | SHOW_SOFT_DELETES;
	if (ask(session, &reply, "MA10F",
			format("SELECT h, msgstore.get_props(h) FROM "
				   "(SELECT msgstore.open_message(%d, %lld, %d) AS h OFFSET 0) x",
				   STORE_ID, (long long) message, flags)))
	{
		json_t	   *shown = reply_json(&reply, 0, 1);

		handle->number = (int32_t) reply_number(&reply, 0, 0);
		handle->message = message;
		handle->writable =
			json_integer_value(json_object_get(shown, "PR_ACCESS_LEVEL")) == 1;
		handle->base = number_of(shown);
		handle->view = content_of(shown);
		handle->edits = json_object();
		note_read(session, &reply, message, shown, false);
		json_decref(shown);
	}
	else
	{
		is_missing(message);
		note(session, &reply, "nothing", "", NULL);
	}
	reply_end(&reply);
}

static void
do_create(Session *session)
{
	HandleModel *handle = free_handle(session);
	int64_t		folder = pick_folder(session);
	json_t	   *fields;
	Reply		reply;

	if (handle == NULL)
		return;
	fields = json_object();
	if (ask(session, &reply, NULL,
			format("SELECT h, msgstore.get_props(h), msgstore.message_id(h) FROM "
				   "(SELECT msgstore.create_message(%d, %lld) AS h OFFSET 0) x",
				   STORE_ID, (long long) folder)))
	{
		json_t	   *shown = reply_json(&reply, 0, 1);

		handle->number = (int32_t) reply_number(&reply, 0, 0);
		handle->message = reply_number(&reply, 0, 2);
		handle->is_new = true;
		handle->writable = true;
		handle->view = content_of(shown);
		handle->edits = json_object();
		handle->folder = folder;
		json_object_set_new(fields, "id", json_integer(handle->message));
		json_decref(shown);
	}
	note(session, &reply, "id", "S_OK", fields);
	reply_end(&reply);
}

static void
do_close(Session *session)
{
	HandleModel *handle = pick_handle(session);
	Reply		reply;

	for (int i = 0; i < MAX_HANDLES; i++)
	{
		if (session->model.handles[i].useless)
			handle = &session->model.handles[i];
	}
	if (handle == NULL)
		return;
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.close_object(%d)", handle->number)))
		handle_free(handle);
	note_nothing(session, &reply);
}

static void
do_look(Session *session)
{
	HandleModel *handle = pick_handle(session);
	Reply		reply;

	if (handle == NULL)
		return;
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.get_props(%d)", handle->number)))
	{
		json_t	   *shown = reply_json(&reply, 0, 0);

		compare(session, handle, shown, "a look");
		json_decref(shown);
	}
	note_nothing(session, &reply);
}

/* ----------------------------------------------------------------- editing */

static void
do_edit(Session *session)
{
	HandleModel *handle = pick_handle(session);
	bool		delete = chance(&session->random, 10);
	json_t	   *patch;
	char	   *text;
	Reply		reply;
	bool		done;

	if (handle == NULL)
		return;
	patch = delete ? random_names(&session->random) :
		random_patch(&session->random);
	text = quoted_json(session, patch);
	done = ask(session, &reply, handle->writable ? NULL : "MA005", delete ?
			   format("SELECT msgstore.delete_props(%d,"
					  " ARRAY(SELECT jsonb_array_elements_text(%s)))",
					  handle->number, text) :
			   format("SELECT msgstore.set_props(%d, %s)", handle->number,
					  text));
	if (done && !handle->writable)
		violation(session, "a read-only handle was edited");
	else if (done)
	{
		json_t	   *edits = json_copy(handle->edits);

		if (delete)
		{
			for (size_t i = 0; i < json_array_size(patch); i++)
			{
				json_t	   *name = json_array_get(patch, i);

				json_object_set_new(edits, json_string_value(name),
									json_null());
			}
		}
		else
			edits_add(edits, patch);
		set_edits(handle, edits);
	}
	note_nothing(session, &reply);
	json_decref(patch);
	free(text);
}

static void
do_refresh(Session *session)
{
	HandleModel *handle = pick_handle(session);
	Reply		reply;

	if (handle == NULL || handle->is_new)
		return;
	if (ask(session, &reply, "MA10A",
			format("SELECT msgstore.refresh(%d);"
				   " SELECT msgstore.get_props(%d)",
				   handle->number, handle->number)))
	{
		json_t	   *shown = reply_json(&reply, 1, 0);

		set_edits(handle, json_object());
		set_view(handle, content_of(shown));
		handle->base = number_of(shown);
		note_read(session, &reply, handle->message, shown, true);
		json_decref(shown);
		reply_end(&reply);
	}
	else
		note_nothing(session, &reply);
}

/* ------------------------------------------------------------------ saving */

json_t *
handle_save(const HandleModel *handle, const char *mode)
{
	json_t	   *fields = json_pack("{s:s, s:I, s:I, s:O, s:o}", "mode", mode,
								   "message", (json_int_t) handle->message,
								   "base", (json_int_t) handle->base,
								   "edits", handle->edits,
								   "view", view_of(handle));

	if (handle->is_new)
	{
		json_object_set_new(fields, "is_new", json_true());
		json_object_set_new(fields, "folder", json_integer(handle->folder));
	}
	return fields;
}

/*
 * Return true if the draft from which a handle was resumed, or as which it was
 * parked, has not been replaced by another handle since.
 */
static bool
own_draft(Session *session, const HandleModel *handle)
{
	const DraftModel *draft = handle->draft == 0 ? NULL :
		draft_find(session, handle->draft);

	return draft != NULL && draft->handle.parking == handle->parking;
}

/* Take over that a handle was parked, as a draft that no other has replaced. */
static void
parked(Session *session, HandleModel *handle, int64_t id)
{
	DraftModel *draft;

	if (id == handle->draft && draft_find(session, id) != NULL &&
		!own_draft(session, handle))
		violation(session, "what another handle parked as draft %lld was replaced",
				  (long long) id);
	draft_forget(session, id);
	draft = draft_find(session, 0);
	handle->draft = id;
	handle->parking = ++session->parkings;
	if (draft == NULL)
	{
		draft_uncertain(session, id);
		return;
	}
	draft->id = id;
	handle_copy(&draft->handle, handle);
}

/*
 * Take over that a handle was saved: it stands on the version that it shows,
 * which must be what it wrote, unless changes of others may be in it.
 */
static void
saved(Session *session, HandleModel *handle, const json_t *shown,
	  const char *mode, json_t *fields)
{
	int64_t		number = number_of(shown);
	json_t	   *content = content_of(shown);
	bool		alone = strcmp(mode, "keep") != 0 &&
		strcmp(mode, "merge") != 0 && strcmp(mode, "elsewhere") != 0 &&
		(json_object_size(handle->edits) > 0 || handle->is_new);
	const char *where = "";

	if (alone && !same_content(content, json_object_get(fields, "view"), &where))
		violation(session, "after a save of message %lld its handle shows another %s",
				  (long long) handle->message, where);
	json_object_set_new(fields, "number", json_integer(number));
	json_object_set_new(fields, "hash",
						json_integer((json_int_t) content_hash(content)));
	if (handle->is_new)
		created_message(session, handle->message);
	else
		count_version(handle->message);
	if (own_draft(session, handle))
		draft_forget(session, handle->draft);
	set_view(handle, content);
	set_edits(handle, json_object());
	handle->base = number;
	handle->is_new = false;
	handle->draft = 0;
	handle->parking = 0;
}

/*
 * Send a call that saves a handle, and take over its answer: the first result
 * is an hresult, the second the handle's view and message.
 */
static void
save_with(Session *session, HandleModel *handle, const char *mode, char *call,
		  int flags, const char *expected, json_t *fields)
{
	const char *answer = "";
	Reply		reply;
	json_t	   *shown;

	if (ask(session, &reply, expected,
			format("SELECT %s; SELECT msgstore.get_props(%d),"
				   " msgstore.message_id(%d);"
				   " SELECT parked_id FROM msgstore.parked"
				   " WHERE actor = '%s'",
				   call, handle->number, handle->number, session->actor)))
	{
		answer = reply_text(&reply, 0, 0);
		shown = reply_json(&reply, 1, 0);
		if (strcmp(answer, "S_OK") == 0)
		{
			if (strcmp(mode, "elsewhere") == 0)
			{
				json_object_set_new(fields, "created",
									json_integer(reply_number(&reply, 1, 1)));
				handle->message = reply_number(&reply, 1, 1);
				handle->writable = true;
				handle->is_new = true;
			}
			saved(session, handle, shown, mode, fields);
			if ((flags & KEEP_OPEN_READONLY) != 0 &&
				(flags & KEEP_OPEN_READWRITE) == 0)
				handle->writable = false;
		}
		else
		{
			compare(session, handle, shown, answer);
			if ((flags & PARK_REFUSED) != 0 &&
				json_object_size(handle->edits) > 0 && handle->writable)
				parked(session, handle, reply_number(&reply, 2, 0));
		}
		if (!handle->writable && strcmp(answer, "MAPI_E_NO_ACCESS") != 0 &&
			strcmp(mode, "keep") != 0 && (flags & KEEP_OPEN_READONLY) == 0)
			violation(session, "saving a read-only handle answered %s", answer);
		if (strcmp(answer, "MAPI_E_OBJECT_DELETED") == 0)
			is_missing(handle->message);
		handle->useless = !handle->writable ||
			strcmp(answer, "MAPI_E_OBJECT_DELETED") == 0;
		json_decref(shown);
	}
	else if (!session->in_transaction && reply.lost)
		draft_uncertain(session, handle->draft);
	note(session, &reply, "save", answer, fields);
	reply_end(&reply);
	free(call);
}

static void
do_save(Session *session)
{
	static const int more[] = {
		0, 0, 0, 0, KEEP_OPEN_READWRITE, KEEP_OPEN_READONLY,
		KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE, PARK_REFUSED
	};
	HandleModel *handle = pick_handle(session);
	int			flags = more[random_below(&session->random,
										  lengthof(more))];
	const char *mode;

	if (handle == NULL)
		return;
	if (chance(&session->random, 15))
		flags |= FORCE_SAVE;
	mode = handle->is_new ? "create" : flags & FORCE_SAVE ? "force" : "plain";
	save_with(session, handle, mode,
			  format("msgstore.save_changes(%d, %d)", handle->number, flags),
			  flags, NULL, handle_save(handle, mode));
}

static void
do_resolve(Session *session)
{
	HandleModel *handle = pick_handle(session);
	int			dice = random_below(&session->random, 100);
	const char *mode = dice < 45 ? "merge" : dice < 70 ? "seen" :
		dice < 80 ? "force" : dice < 90 ? "keep" : "elsewhere";
	json_t	   *fields;
	char	   *call;

	if (handle == NULL || (handle->is_new && dice < 90))
		return;
	fields = handle_save(handle, mode);
	if (strcmp(mode, "seen") == 0)
	{
		int			slot = random_below(&session->random, shared->slots);
		const Token *token = &session->tokens[slot];
		int64_t		seen = token->message == handle->message ?
			token->number : handle->base;

		json_object_set_new(fields, "seen", json_integer(seen));
		call = format("msgstore.resolve_conflict(%d, 'OVERWRITE', NULL, %lld)",
					  handle->number, (long long) seen);
	}
	else if (strcmp(mode, "elsewhere") == 0)
	{
		int64_t		folder = pick_folder(session);

		json_object_set_new(fields, "folder", json_integer(folder));
		call = format("msgstore.resolve_conflict(%d, 'SAVE_ELSEWHERE', %lld)",
					  handle->number, (long long) folder);
	}
	else
		call = format("msgstore.resolve_conflict(%d, '%s')", handle->number,
					  dice < 45 ? "MERGE" : dice < 80 ? "OVERWRITE" :
					  "KEEP_ORIGINAL");
	save_with(session, handle, mode, call, 0, NULL, fields);
}

static void
do_save_as(Session *session)
{
	HandleModel *handle = pick_handle(session);
	int64_t		folder = pick_folder(session);
	json_t	   *fields;
	Reply		reply;

	if (handle == NULL)
		return;
	fields = handle_save(handle, "copy");
	json_object_set_new(fields, "folder", json_integer(folder));
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.save_as(%d, %lld)", handle->number,
				   (long long) folder)))
	{
		json_object_set_new(fields, "created",
							json_integer(reply_number(&reply, 0, 0)));
		created_message(session, reply_number(&reply, 0, 0));
	}
	note(session, &reply, "save", "S_OK", fields);
	reply_end(&reply);
}

/*
 * Edit, save and perhaps close in a block of PL/pgSQL that raises: no effect
 * may be left.
 */
static void
do_undone(Session *session)
{
	HandleModel *handle = pick_handle(session);
	json_t	   *patch;
	char	   *text;
	Reply		reply;

	if (handle == NULL || !handle->writable)
		return;
	patch = random_patch(&session->random);
	text = quoted_json(session, patch);
	if (ask(session, &reply, NULL,
			format("SELECT public.undone(%d, %s, %d, %s);"
				   " SELECT msgstore.get_props(%d)", handle->number, text,
				   chance(&session->random, 50) ? FORCE_SAVE : 0,
				   chance(&session->random, 30) ? "true" : "false",
				   handle->number)))
	{
		json_t	   *shown = reply_json(&reply, 1, 0);

		compare(session, handle, shown, "a block that raised");
		json_decref(shown);
	}
	note_nothing(session, &reply);
	json_decref(patch);
	free(text);
}

/* ----------------------------------------------------------------- parking */

static void
do_park(Session *session)
{
	HandleModel *handle = pick_handle(session);
	json_t	   *fields = json_object();
	Reply		reply;

	if (handle == NULL || (handle->draft == 0 &&
						   draft_find(session, 0) == NULL))
	{
		json_decref(fields);
		return;
	}
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.park(%d)", handle->number)))
	{
		int64_t		id = reply_number(&reply, 0, 0);

		if (handle->draft != id)
			json_object_set_new(fields, "draft", json_integer(id));
		parked(session, handle, id);
	}
	else if (!session->in_transaction && reply.lost)
		draft_uncertain(session, handle->draft);
	note(session, &reply, "id", "S_OK", fields);
	reply_end(&reply);
}

DraftModel *
pick_draft(Session *session)
{
	DraftModel *draft = &session->model.drafts[random_below(&session->random,
															MAX_DRAFTS)];

	return draft->id == 0 ? NULL : draft;
}

static void
do_resume(Session *session)
{
	HandleModel *handle = free_handle(session);
	const DraftModel *draft = pick_draft(session);
	Reply		reply;

	if (handle == NULL || draft == NULL)
		return;
	if (ask(session, &reply, draft->handle.claimed ? "MA400" : NULL,
			format("SELECT h, msgstore.get_props(h) FROM "
				   "(SELECT msgstore.resume(%d, %lld) AS h OFFSET 0) x",
				   STORE_ID, (long long) draft->id)))
	{
		json_t	   *shown = reply_json(&reply, 0, 1);

		handle_copy(handle, &draft->handle);
		handle->number = (int32_t) reply_number(&reply, 0, 0);
		handle->writable = true;
		handle->draft = draft->id;
		compare(session, handle, shown, "resume");
		json_decref(shown);
	}
	note_nothing(session, &reply);
}

static void
do_discard(Session *session)
{
	const DraftModel *draft = pick_draft(session);
	Reply		reply;

	if (draft == NULL)
		return;
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.discard_parked(%d, %lld)", STORE_ID,
				   (long long) draft->id)))
		draft_forget(session, draft->id);
	else if (!session->in_transaction && reply.lost)
		draft_uncertain(session, draft->id);
	note_nothing(session, &reply);
}

/* ------------------------------------------------------------------- steps */

typedef void (*Step) (Session *session);

static const struct
{
	Step		step;
	int			weight;
}			steps[] =

{
	{do_open, 22},
	{do_edit, 44},
	{do_save, 40},
	{do_look, 8},
	{do_refresh, 16},
	{do_resolve, 16},
	{do_close, 6},
	{do_undone, 5},
	{do_create, 5},
	{do_save_as, 1},
	{do_park, 6},
	{do_resume, 5},
	{do_discard, 2},
	{do_read, 26},
	{do_save_message, 24},
	{do_resolve_message, 10},
	{do_restore_version, 8},
	{do_save_new_message, 1},
	{do_delete, 2},
	{do_hard_delete, 1},
	{do_restore, 2},
	{do_move, 6},
	{do_save_messages, 8},
	{do_copy, 1},
	{do_merge_lines, 8},
	{do_request, 6},
	{do_blob, 3},
	{do_park_message, 3},
	{do_resolve_parked, 4},
	{do_read_flag, 8},
	{do_look_at_flag, 6},
	{do_grant, 2},
	{do_guest_save, 8}
};

/* Return a step that is more useful now than a random one, or NULL. */
static Step
urgent_step(Session *session)
{
	for (int i = 0; i < shared->slots; i++)
	{
		if (shared->message[i] == 0 && chance(&session->random, 12))
			return do_save_new_message;
		if (shared->missing[i] != 0 && chance(&session->random, 12))
			return do_restore;
	}
	for (int i = 0; i < MAX_HANDLES; i++)
	{
		if (session->model.handles[i].useless && chance(&session->random, 30))
			return do_close;
	}
	return NULL;
}

static void
random_step(Session *session)
{
	Step		step = urgent_step(session);
	int			total = 0;
	int			dice;

	for (size_t i = 0; i < lengthof(steps); i++)
		total += steps[i].weight;
	dice = random_below(&session->random, total);
	for (size_t i = 0; step == NULL; i++)
	{
		dice -= steps[i].weight;
		if (dice < 0)
			step = steps[i].step;
	}
	next_op(session);
	step(session);
}

void
workload(Session *session, int count)
{
	session_begin(session);
	while (count > 0)
	{
		int64_t		before = session->statements;

		if (session->failed)
			step_in_failed(session);
		else if (session->in_transaction)
		{
			if (!step_in_transaction(session))
				random_step(session);
		}
		else if (chance(&session->random, 10))
			step_begin(session);
		else
			random_step(session);

		/* an operation that found nothing to work on was no step */
		if (session->statements > before)
		{
			__sync_fetch_and_add(&shared->steps, 1);
			count--;
		}
	}
	session_end(session);
}
