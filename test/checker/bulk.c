/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  Operations of the checker with several messages, requests that are
 *	  repeated, merges line by line, bodies as blobs, drafts without a handle.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"

/* Return a field of one row of the first result of a reply. */
static const char *
row_text(const Reply *reply, int row, int column)
{
	if (reply->nresults == 0 || row >= PQntuples(reply->results[0]))
		return "";
	return PQgetvalue(reply->results[0], row, column);
}

static int64_t
row_number(const Reply *reply, int row, int column)
{
	return strtoll(row_text(reply, row, column), NULL, 10);
}

/* Return a random patch as edits; *text is the patch as a literal. */
static json_t *
random_edits(Session *session, char **text)
{
	json_t	   *patch = random_patch(&session->random);
	json_t	   *edits = json_object();

	edits_add(edits, patch);
	*text = quoted_json(session, patch);
	json_decref(patch);
	return edits;
}

/* -------------------------------------------------------- several messages */

/* Save over the versions of up to MAX_ITEMS messages in one call. */
void
do_save_messages(Session *session)
{
	bool		force = chance(&session->random, 15);
	Token	   *tokens[MAX_ITEMS] = {NULL};
	json_t	   *items = json_array();
	json_t	   *changes = json_array();
	int			count = 0;
	char	   *text;
	bool		done;
	Reply		reply;

	for (int i = 0; i < MAX_ITEMS; i++)
	{
		Token	   *token = pick_token(session);
		json_t	   *patch;
		json_t	   *edits;

		for (int j = 0; j < count; j++)
		{
			if (token != NULL && tokens[j]->message == token->message)
				token = NULL;
		}
		if (token == NULL)
			continue;
		tokens[count++] = token;
		patch = random_patch(&session->random);
		edits = json_object();
		edits_add(edits, patch);
		json_array_append_new(items, token_save(token, "", edits));
		json_array_append_new(changes,
							  json_pack("{s:I, s:I, s:o}",
										"message_id",
										(json_int_t) token->message,
										"change_number",
										(json_int_t) token->number,
										"changes", patch));
		json_decref(edits);
	}
	text = quoted_json(session, changes);
	done = ask(session, &reply, NULL,
			   format("SELECT item, result, change_number"
					  " FROM msgstore.save_messages(%d, %s, %d) ORDER BY item",
					  STORE_ID, text, force ? 4 : 0));
	for (int i = 0; done && i < count; i++)
	{
		json_t	   *item = json_array_get(items, i);
		const char *answer = row_text(&reply, i, 1);
		int64_t		number = row_number(&reply, i, 2);

		json_object_set_new(item, "answer", json_string(answer));
		if (number != 0)
			json_object_set_new(item, "number", json_integer(number));
		if (strcmp(answer, "S_OK") == 0)
		{
			count_version(tokens[i]->message);
			if (chance(&session->random, 50))
				set_token(tokens[i], tokens[i]->message, number,
						  json_incref(json_object_get(item, "view")));
		}
		else if (strcmp(answer, "MAPI_E_OBJECT_CHANGED") != 0)
			is_missing(tokens[i]->message);
	}
	note(session, &reply, "save", "S_OK",
		 json_pack("{s:s, s:o}", "mode", force ? "force" : "plain", "items",
				   items));
	reply_end(&reply);
	json_decref(changes);
	free(text);
}

/* Copy one or two messages into a folder. */
void
do_copy(Session *session)
{
	int64_t		folder = pick_folder(session);
	json_t	   *items = json_array();
	json_t	   *ids = json_array();
	int			slot;
	char	   *list;
	Reply		reply;

	for (int i = 0; i < 2; i++)
	{
		int64_t		message;

		if (pick_message(session, &slot, &message))
			json_array_append_new(ids, json_integer(message));
	}
	list = json_dumps(ids, JSON_COMPACT);
	if (ask(session, &reply, "MA10F",
			format("SELECT message_id, result, coalesce(new_message_id, 0)"
				   " FROM msgstore.copy_messages(%d, ARRAY%s::bigint[], %lld)",
				   STORE_ID, list, (long long) folder)))
	{
		for (int i = 0; i < PQntuples(reply.results[0]); i++)
		{
			int64_t		created = row_number(&reply, i, 2);

			json_array_append_new(items,
								  json_pack("{s:I, s:s, s:I}",
											"message",
											(json_int_t) row_number(&reply, i, 0),
											"answer", row_text(&reply, i, 1),
											"created", (json_int_t) created));
			if (created != 0)
				created_message(session, created);
		}
	}
	note(session, &reply, "save", "S_OK",
		 json_pack("{s:s, s:I, s:o}", "mode", "copied", "folder",
				   (json_int_t) folder, "items", items));
	reply_end(&reply);
	json_decref(ids);
	free(list);
}

/* ---------------------------------------------------- texts, line by line */

/* Change one line of a text, and merge with the lines of others. */
void
do_merge_lines(Session *session)
{
	Token	   *token = pick_token(session);
	json_t	   *edits;
	json_t	   *fields;
	char	   *text;
	Reply		reply;

	if (token == NULL)
		return;
	edits = random_line(&session->random, token->view);
	text = quoted_json(session, edits);
	fields = token_save(token, "merge", edits);
	json_object_set_new(fields, "lines", json_true());
	ask(session, &reply, "MA10F",
		format("SELECT (r).result, (r).change_number FROM "
			   "(SELECT msgstore.resolve_conflict(%d, %lld, %lld, %s,"
			   " 'MERGE_TEXT') AS r OFFSET 0) x",
			   STORE_ID, (long long) token->message,
			   (long long) token->number, text));
	note_save(session, &reply, token, fields, 1, false);
	json_decref(edits);
	free(text);
}

/* ---------------------------------------------------------------- requests */

/*
 * Judge the answer to a repeated request whose first answer is known: that
 * answer again.
 */
static void
compare_request(Session *session, const Reply *reply)
{
	const Request *request = &session->request;
	const char *answer = reply_text(reply, 0, 0);

	if (strcmp(answer, "S_OK") != 0 ||
		reply_number(reply, 0, 1) != request->number)
		violation(session, "a request that had made version %lld of message %lld was answered %s, %lld",
				  (long long) request->number, (long long) request->message,
				  answer, (long long) reply_number(reply, 0, 1));
}

/*
 * Send the request of the session, or send it again.  The record of a
 * repetition of a request whose answer was lost names the first operation.
 */
static void
send_request(Session *session, json_t *fields, bool again)
{
	Request    *request = &session->request;
	char	   *text = quoted_json(session, request->edits);
	const char *answer;
	bool		done;
	Reply		reply;

	done = ask(session, &reply, "MA10F",
			   format("SELECT (r).result, (r).change_number FROM "
					  "(SELECT msgstore.save_message(%d, %lld, %lld, %s,"
					  " request => '%s') AS r OFFSET 0) x",
					  STORE_ID, (long long) request->message,
					  (long long) request->base, text, request->name));
	answer = reply_text(&reply, 0, 0);
	if (again && request->known)
	{
		if (done)
			compare_request(session, &reply);
		json_decref(fields);
		note(session, &reply, "nothing", answer,
			 done ? json_pack("{s:s}", "compared", "request") : NULL);
	}
	else
	{
		if (done)
			json_object_set_new(fields, "number",
								json_integer(reply_number(&reply, 0, 1)));
		if (strcmp(answer, "S_OK") == 0)
		{
			count_version(request->message);
			request->known = true;
			request->number = reply_number(&reply, 0, 1);
		}
		else if (!reply.lost)
			request->message = 0;	/* a refusal leaves no record */
		note(session, &reply, "save", answer, fields);
	}
	reply_end(&reply);
	free(text);
}

/*
 * Save with a request, or repeat the last request.  A request is made outside
 * of transactions, and is repeated there until its answer is known.
 */
void
do_request(Session *session)
{
	Request    *request = &session->request;
	Token	   *token = pick_token(session);
	bool		again = request->message != 0 &&
		(!request->known || chance(&session->random, 60));
	json_t	   *fields;

	if (session->in_transaction && !(again && request->known))
		return;
	if (!again)
	{
		char	   *text;

		if (token == NULL)
			return;
		json_decref(request->edits);
		request->edits = random_edits(session, &text);
		free(text);
		request->message = token->message;
		request->base = token->number;
		request->known = false;
		snprintf(request->name, sizeof(request->name), "request %s",
				 session->actor);
		fields = token_save(token, "plain", request->edits);
	}
	else
		fields = json_pack("{s:s, s:I, s:I, s:O, s:s}", "mode", "plain",
						   "message", (json_int_t) request->message,
						   "base", (json_int_t) request->base,
						   "edits", request->edits,
						   "repeats", request->name + strlen("request "));
	send_request(session, fields, again);
}

/* ------------------------------------------------------------------- blobs */

/* Save a body that was written as a blob before. */
void
do_blob(Session *session)
{
	Token	   *token = pick_token(session);
	json_t	   *patch;
	json_t	   *edits;
	char	   *text;
	Reply		reply;

	if (token == NULL)
		return;
	if (!ask(session, &reply, NULL,
			 format("SELECT b, msgstore.write_blob(%d, b, 0, 'text of a body')"
					" FROM (SELECT msgstore.create_blob(%d, false) AS b"
					" OFFSET 0) x", STORE_ID, STORE_ID)))
	{
		note(session, &reply, "nothing", "", NULL);
		reply_end(&reply);
		return;
	}
	patch = json_pack("{s:{s:I, s:I}}", "PR_BODY",
					  "blob", (json_int_t) reply_number(&reply, 0, 0),
					  "size", (json_int_t) reply_number(&reply, 0, 1));
	reply_end(&reply);
	edits = json_object();
	edits_add(edits, patch);
	text = quoted_json(session, patch);
	ask(session, &reply, "MA10F",
		format("SELECT (r).result, (r).change_number FROM "
			   "(SELECT msgstore.save_message(%d, %lld, %lld, %s) AS r"
			   " OFFSET 0) x",
			   STORE_ID, (long long) token->message,
			   (long long) token->number, text));
	note_save(session, &reply, token, token_save(token, "plain", edits), 1,
			  true);
	json_decref(edits);
	json_decref(patch);
	free(text);
}

/* ------------------------------------------------- drafts without a handle */

/* Park edits of a version that was read, or replace a draft by them. */
void
do_park_message(Session *session)
{
	Token	   *token = pick_token(session);
	DraftModel *old = pick_draft(session);
	json_t	   *fields = json_object();
	json_t	   *edits;
	char	   *text;
	char	   *replaces;
	int64_t		id = 0;
	Reply		reply;

	if (old != NULL && (token == NULL || old->handle.is_new ||
						old->handle.message != token->message))
		old = NULL;
	if (token == NULL || (old == NULL && draft_find(session, 0) == NULL))
	{
		json_decref(fields);
		return;
	}
	edits = random_edits(session, &text);
	replaces = old == NULL ? format("NULL") :
		format("%lld", (long long) old->id);
	if (ask(session, &reply, "MA10F MA10A MA400",
			format("SELECT msgstore.park_message(%d, %lld, %lld, %s,"
				   " parked_id => %s)",
				   STORE_ID, (long long) token->message,
				   (long long) token->number, text, replaces)))
	{
		DraftModel *draft;

		id = reply_number(&reply, 0, 0);
		if (old == NULL)
			json_object_set_new(fields, "draft", json_integer(id));
		else if (old->id != id)
			violation(session, "draft %lld was parked anew as %lld",
					  (long long) old->id, (long long) id);
		draft_forget(session, id);
		draft = draft_find(session, 0);
		draft->id = id;
		draft->handle.message = token->message;
		draft->handle.base = token->number;
		draft->handle.writable = true;
		draft->handle.claimed = true;
		draft->handle.view = json_incref(token->view);
		draft->handle.edits = json_incref(edits);
		draft->handle.draft = id;
		draft->handle.parking = ++session->parkings;
	}
	else if (!session->in_transaction && reply.lost && old != NULL)
		draft_uncertain(session, old->id);
	note(session, &reply, "id", "S_OK", fields);
	reply_end(&reply);
	json_decref(edits);
	free(text);
	free(replaces);
}

/* Settle a draft without a handle, by any choice that it may have. */
void
do_resolve_parked(Session *session)
{
	const DraftModel *draft = pick_draft(session);
	int			dice = random_below(&session->random, 100);
	const char *mode = dice < 40 ? "merge" : dice < 70 ? "seen" :
		dice < 80 ? "force" : dice < 90 ? "keep" : "elsewhere";
	const char *choice = dice < 40 ? "MERGE" : dice < 80 ? "OVERWRITE" :
		dice < 90 ? "KEEP_ORIGINAL" : "SAVE_ELSEWHERE";
	char	   *more;
	json_t	   *fields;
	int64_t		id;
	int64_t		message;
	bool		is_new;
	Reply		reply;

	if (draft == NULL)
		return;
	id = draft->id;
	message = draft->handle.message;
	is_new = draft->handle.is_new;
	if (is_new && dice < 90)
	{
		mode = "create";
		choice = "OVERWRITE";
	}
	fields = handle_save(&draft->handle, mode);
	if (strcmp(mode, "seen") == 0)
	{
		json_object_set_new(fields, "seen",
							json_integer(draft->handle.base));
		more = format(", seen => %lld", (long long) draft->handle.base);
	}
	else if (strcmp(mode, "elsewhere") == 0)
	{
		json_object_set_new(fields, "folder", json_integer(shared->folder[0]));
		more = format(", folder_id => %lld", (long long) shared->folder[0]);
	}
	else
		more = format("%s", "");
	if (ask(session, &reply, "MA10F MA10A MA400",
			format("SELECT (r).result, (r).change_number, (r).message_id FROM "
				   "(SELECT msgstore.resolve_parked(%d, %lld, '%s'%s) AS r"
				   " OFFSET 0) x",
				   STORE_ID, (long long) id, choice, more)) &&
		strcmp(reply_text(&reply, 0, 0), "S_OK") == 0)
	{
		int64_t		number = reply_number(&reply, 0, 1);

		draft_forget(session, id);
		json_object_set_new(fields, "compared", json_string("draft"));
		if (number != 0 && strcmp(mode, "keep") != 0)
			json_object_set_new(fields, "number", json_integer(number));
		if (strcmp(mode, "elsewhere") == 0)
		{
			json_object_set_new(fields, "created",
								json_integer(reply_number(&reply, 0, 2)));
			created_message(session, reply_number(&reply, 0, 2));
		}
		else if (is_new)
			created_message(session, message);
		else if (strcmp(mode, "keep") != 0)
			count_version(message);
	}
	else if (!session->in_transaction && reply.lost)
		draft_uncertain(session, id);
	note(session, &reply, "save", reply_text(&reply, 0, 0), fields);
	reply_end(&reply);
	free(more);
}
