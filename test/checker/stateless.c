/*-------------------------------------------------------------------------
 *
 * stateless.c
 *	  Operations of the checker without a handle: read, save over a number,
 *	  settle a conflict, go back, delete, restore, move.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"

/* ----------------------------------------------------------- what to touch */

bool
pick_message(Session *session, int *slot, int64_t *message)
{
	*slot = random_below(&session->random, shared->slots);
	*message = shared->message[*slot];
	return *message != 0;
}

void
is_missing(int64_t message)
{
	for (int i = 0; i < shared->slots; i++)
	{
		if (shared->message[i] == message)
			shared->missing[i] = 1;
	}
}

int64_t
pick_folder(Session *session)
{
	return shared->folder[random_below(&session->random, NUM_FOLDERS)];
}

void
count_version(int64_t message)
{
	for (int i = 0; i < shared->slots; i++)
	{
		if (shared->message[i] == message)
			__sync_fetch_and_add(&shared->versions[i], 1);
	}
}

void
set_token(Token *token, int64_t message, int64_t number, json_t *view)
{
	json_decref(token->view);
	token->message = message;
	token->number = number;
	token->view = view;
}

Token *
pick_token(Session *session)
{
	Token	   *token = &session->tokens[random_below(&session->random,
													  shared->slots)];

	return token->message == 0 ? NULL : token;
}

void
note_read(Session *session, const Reply *reply, int64_t message,
		  const json_t *shown, bool newest)
{
	json_t	   *content = content_of(shown);
	int64_t		since = !newest && session->in_transaction &&
		session->own_snapshot ? session->began : reply->from;

	note(session, reply, "read", "S_OK",
		 json_pack("{s:I, s:I, s:I, s:I}",
				   "message", (json_int_t) message,
				   "number", (json_int_t) number_of(shown),
				   "hash", (json_int_t) content_hash(content),
				   "since", (json_int_t) since));
	json_decref(content);
}

/* ----------------------------------------------------------------- reading */

void
do_read(Session *session)
{
	Reply		reply;
	int			slot;
	int64_t		message;

	if (!pick_message(session, &slot, &message))
		return;
	if (ask(session, &reply, "MA10F",
			format("SELECT msgstore.read_message(%d, %lld)", STORE_ID,
				   (long long) message)))
	{
		json_t	   *shown = reply_json(&reply, 0, 0);

		note_read(session, &reply, message, shown, false);
		set_token(&session->tokens[slot], message, number_of(shown),
				  content_of(shown));
		json_decref(shown);
	}
	else
	{
		is_missing(message);
		note(session, &reply, "nothing", "", NULL);
	}
	reply_end(&reply);
}

/* ------------------------------------------------------------------ saving */

json_t *
token_save(const Token *token, const char *mode, json_t *edits)
{
	return json_pack("{s:s, s:I, s:I, s:O, s:o}", "mode", mode,
					 "message", (json_int_t) token->message,
					 "base", (json_int_t) token->number,
					 "edits", edits,
					 "view", view_with(token->view, edits));
}

void
note_save(Session *session, Reply *reply, Token *token, json_t *fields,
		  int column, bool follow)
{
	const char *answer = reply_text(reply, 0, 0);
	int64_t		number = reply_number(reply, 0, column);

	if (number != 0)
		json_object_set_new(fields, "number", json_integer(number));
	if (strcmp(answer, "S_OK") == 0)
	{
		count_version(token->message);
		if (follow && chance(&session->random, 50))
			set_token(token, token->message, number,
					  json_incref(json_object_get(fields, "view")));
	}
	else if (strcmp(answer, "MAPI_E_OBJECT_DELETED") == 0)
	{
		is_missing(token->message);
		if (chance(&session->random, 30))
			set_token(token, 0, 0, NULL);
	}
	note(session, reply, "save", answer, fields);
	reply_end(reply);
}

void
do_save_message(Session *session)
{
	Token	   *token = pick_token(session);
	bool		force = chance(&session->random, 15);
	bool		empty = chance(&session->random, 4);
	json_t	   *patch;
	json_t	   *edits;
	char	   *text;
	Reply		reply;

	if (token == NULL)
		return;
	patch = empty ? json_object() : random_patch(&session->random);
	edits = json_object();
	edits_add(edits, patch);
	text = quoted_json(session, patch);
	ask(session, &reply, "MA10F",
		format("SELECT (r).result, (r).change_number FROM "
			   "(SELECT msgstore.save_message(%d, %lld, %lld, %s, %d) AS r"
			   " OFFSET 0) x",
			   STORE_ID, (long long) token->message,
			   (long long) token->number, text, force ? 4 : 0));
	note_save(session, &reply, token,
			  token_save(token, force ? "force" : "plain", edits), 1, !empty);
	json_decref(edits);
	json_decref(patch);
	free(text);
}

/*
 * Settle a conflict, or save where there is none, by one of the modes "merge",
 * "force", "seen" and "elsewhere".
 */
static void
resolve_message(Session *session, Token *token, const char *mode,
				const char *choice, const char *more, json_t *fields,
				const json_t *patch)
{
	bool		elsewhere = strcmp(mode, "elsewhere") == 0;
	char	   *text = quoted_json(session, patch);
	Reply		reply;

	if (ask(session, &reply, elsewhere ? "MA10F MA10A MA400" : "MA10F",
			format("SELECT (r).result, (r).change_number, (r).message_id FROM "
				   "(SELECT msgstore.resolve_conflict(%d, %lld, %lld, %s,"
				   " '%s'%s) AS r OFFSET 0) x",
				   STORE_ID, (long long) token->message,
				   (long long) token->number, text, choice, more)) &&
		elsewhere)
	{
		json_object_set_new(fields, "created",
							json_integer(reply_number(&reply, 0, 2)));
		created_message(session, reply_number(&reply, 0, 2));
	}
	note_save(session, &reply, token, fields, 1,
			  !elsewhere && strcmp(mode, "merge") != 0);
	free(text);
}

void
do_resolve_message(Session *session)
{
	Token	   *token = pick_token(session);
	const Token *shown = pick_token(session);
	int			dice = random_below(&session->random, 100);
	const char *mode = dice < 50 ? "merge" : dice < 80 ? "seen" :
		dice < 90 ? "force" : "elsewhere";
	char	   *more = NULL;
	json_t	   *patch;
	json_t	   *edits;
	json_t	   *fields;

	if (token == NULL)
		return;
	if (shown == NULL || shown->message != token->message)
		shown = token;
	patch = random_patch(&session->random);
	edits = json_object();
	edits_add(edits, patch);
	fields = token_save(token, mode, edits);
	if (strcmp(mode, "seen") == 0)
	{
		json_object_set_new(fields, "seen", json_integer(shown->number));
		more = format(", seen => %lld", (long long) shown->number);
	}
	else if (strcmp(mode, "elsewhere") == 0)
	{
		json_object_set_new(fields, "folder", json_integer(shared->folder[0]));
		more = format(", folder_id => %lld", (long long) shared->folder[0]);
	}
	resolve_message(session, token, mode,
					dice < 50 ? "MERGE" : dice < 90 ? "OVERWRITE" :
					"SAVE_ELSEWHERE", more == NULL ? "" : more, fields, patch);
	free(more);
	json_decref(edits);
	json_decref(patch);
}

/*
 * Go back to the version of another token.
 */
void
do_restore_version(Session *session)
{
	Token	   *token = pick_token(session);
	const Token *old = &session->tokens[random_below(&session->random,
													 shared->slots)];
	json_t	   *edits;
	Reply		reply;

	if (token == NULL || old->message != token->message)
		return;
	edits = json_object();
	ask(session, &reply, "MA10F",
		format("SELECT (r).result, (r).change_number FROM "
			   "(SELECT msgstore.restore_version(%d, %lld, %lld, %lld) AS r"
			   " OFFSET 0) x",
			   STORE_ID, (long long) token->message,
			   (long long) old->number, (long long) token->number));
	note_save(session, &reply, token,
			  json_pack("{s:s, s:I, s:I, s:I, s:o, s:O}", "mode", "version",
						"message", (json_int_t) token->message,
						"base", (json_int_t) token->number,
						"version", (json_int_t) old->number,
						"edits", edits, "view", old->view), 1, true);
}

void
do_save_new_message(Session *session)
{
	json_t	   *patch = random_patch(&session->random);
	json_t	   *edits = json_object();
	int64_t		folder = pick_folder(session);
	char	   *text;
	json_t	   *fields;
	Reply		reply;

	if (chance(&session->random, 30))
		json_object_set_new(patch, "PR_LAST_MODIFICATION_TIME",
							json_string(chance(&session->random, 50) ?
										"2020-01-01T00:00:00.0000000Z" :
										"2099-01-01T00:00:00.0000000Z"));
	edits_add(edits, patch);
	json_object_del(edits, "PR_LAST_MODIFICATION_TIME");
	fields = json_pack("{s:s, s:I, s:O}", "mode", "create",
					   "folder", (json_int_t) folder, "edits", edits);
	text = quoted_json(session, patch);
	if (ask(session, &reply, NULL,
			format("SELECT (r).result, (r).message_id, (r).change_number FROM "
				   "(SELECT msgstore.save_new_message(%d, %lld, %s) AS r"
				   " OFFSET 0) x",
				   STORE_ID, (long long) folder, text)))
	{
		int64_t		message = reply_number(&reply, 0, 1);

		json_object_set_new(fields, "created", json_integer(message));
		json_object_set_new(fields, "number",
							json_integer(reply_number(&reply, 0, 2)));
		created_message(session, message);
	}
	note(session, &reply, "save", reply_text(&reply, 0, 0), fields);
	reply_end(&reply);
	json_decref(patch);
	json_decref(edits);
	free(text);
}

/* ----------------------------------------------------------------- placing */

/*
 * Choose the messages of a call: one or two of the shared ones; with a
 * condition, the one of a token; to restore, messages that were not found.
 * Returns their number.
 */
static int
pick_messages(Session *session, const char *kind, bool conditional,
			  int64_t *ids, int64_t *number)
{
	int			wanted = chance(&session->random, 70) ? 1 : 2;
	const Token *token = conditional ? pick_token(session) : NULL;
	int			count = 0;

	*number = 0;
	if (token != NULL)
	{
		ids[0] = token->message;
		*number = token->number;
		return 1;
	}
	for (int i = 0; i < shared->slots && strcmp(kind, "r") == 0; i++)
	{
		if (shared->missing[i] != 0 && count < wanted)
		{
			shared->missing[i] = 0;
			if (shared->message[i] != 0)
				ids[count++] = shared->message[i];
		}
	}
	for (int i = 0; i < wanted && count < wanted; i++)
	{
		int			slot;

		if (pick_message(session, &slot, &ids[count]) &&
			(count == 0 || ids[0] != ids[1]))
			count++;
	}
	return count;
}

/*
 * Delete, restore or move messages; "more" is a further argument.
 */
static void
place(Session *session, const char *kind, const char *function,
	  const char *more, int64_t folder, int conditional)
{
	int64_t		ids[2];
	int64_t		number;
	int			count = pick_messages(session, kind,
									  chance(&session->random, conditional),
									  ids, &number);
	char	   *condition = number == 0 ? format("NULL") :
		format("%lld", (long long) number);
	char	   *list;
	json_t	   *messages = json_array();
	Reply		reply;

	for (int i = 0; i < count; i++)
		json_array_append_new(messages, json_integer(ids[i]));
	list = json_dumps(messages, JSON_COMPACT);
	if (ask(session, &reply, NULL,
			format("SELECT msgstore.%s(%d, ARRAY%s::bigint[]%s%s%s)",
				   function, STORE_ID, list, more,
				   kind[0] == 'r' ? "" : ", if_change_number => ",
				   kind[0] == 'r' ? "" : condition)) &&
		kind[0] == 'h' && strcmp(reply_text(&reply, 0, 0), "S_OK") == 0)
	{
		for (int i = 0; i < count; i++)
			created_message(session, -ids[i]);
	}
	else if (kind[0] == 'r' && chance(&session->random, 30) &&
			 strcmp(reply_text(&reply, 0, 0), "MAPI_E_NOT_FOUND") == 0)
	{
		/* perhaps the message is deleted for good: replace it */
		for (int i = 0; i < count; i++)
			created_message(session, -ids[i]);
	}
	note(session, &reply, "place", reply_text(&reply, 0, 0),
		 json_pack("{s:s, s:o, s:I, s:I}", "kind", kind, "messages", messages,
				   "folder", (json_int_t) folder, "if", (json_int_t) number));
	reply_end(&reply);
	free(condition);
	free(list);
}

void
do_delete(Session *session)
{
	place(session, "d", "delete_messages", "", 0, 40);
}

void
do_hard_delete(Session *session)
{
	place(session, "h", "delete_messages", ", 16", 0, 40);
}

void
do_restore(Session *session)
{
	place(session, "r", "restore_messages", "", 0, 0);
}

void
do_move(Session *session)
{
	int64_t		folder = pick_folder(session);
	char	   *argument = format(", %lld", (long long) folder);

	place(session, "m", "move_messages", argument, folder, 40);
	free(argument);
}
