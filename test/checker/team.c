/*-------------------------------------------------------------------------
 *
 * team.c
 *	  Operations of the checker on what is not the message: the read flags of
 *	  a user, and the rights of a guest, beside saves of that guest.
 *
 * NOTES
 *	  Each session sets the read flags of a user of its own, so it knows what
 *	  they are.  All sessions grant and revoke the guest's right to edit, and
 *	  save as the guest; "checker verify" judges the answers by their times
 *	  (rights.c).
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "mapi.h"

/* -------------------------------------------------------------- read flags */

static FlagModel *
flag_of(Model *model, int64_t message)
{
	return &model->flags[message % MAX_FLAGS];
}

static void
set_flag(Model *model, int64_t message, Flag flag)
{
	*flag_of(model, message) = (FlagModel) {message, flag};
}

void
flags_uncertain(Model *model, const Model *before)
{
	for (int i = 0; i < MAX_FLAGS; i++)
	{
		if (model->flags[i].message != before->flags[i].message ||
			model->flags[i].flag != before->flags[i].flag)
			model->flags[i].flag = FLAG_UNKNOWN;
	}
}

/* Set or clear the read flag of one message, or of two in one call. */
void
do_read_flag(Session *session)
{
	bool		clear = chance(&session->random, 40);
	int			wanted = chance(&session->random, 50) ? 1 : 2;
	int64_t		ids[2];
	int			count = 0;
	int			slot;
	char	   *call;
	const char *answer = "";
	Reply		reply;

	for (int i = 0; i < wanted; i++)
	{
		if (pick_message(session, &slot, &ids[count]) &&
			(count == 0 || ids[0] != ids[1]))
			count++;
	}
	if (count == 0)
		return;
	call = count == 1 ?
		format("set_read_flag(%d, %lld", STORE_ID, (long long) ids[0]) :
		format("set_read_flags(%d, ARRAY[%lld, %lld]", STORE_ID,
			   (long long) ids[0], (long long) ids[1]);
	if (ask(session, &reply, "MA10F",
			format("SELECT msgstore.%s, %d, actor => 'reader-%d')", call,
				   clear ? CLEAR_READ_FLAG : 0, session->number)))
		answer = reply_text(&reply, 0, 0);
	for (int i = 0; i < count; i++)
	{
		if (strcmp(answer, "S_OK") == 0)
			set_flag(&session->model, ids[i], clear ? FLAG_UNREAD : FLAG_READ);
		else if (strcmp(answer, "MAPI_W_PARTIAL_COMPLETION") == 0 ||
				 (reply.lost && !session->in_transaction))
			set_flag(&session->model, ids[i], FLAG_UNKNOWN);
	}
	note(session, &reply, "nothing", answer, NULL);
	reply_end(&reply);
	free(call);
}

/* Compare the flag that the session's user has with the model. */
void
do_look_at_flag(Session *session)
{
	int			slot;
	int64_t		message;
	const FlagModel *known;
	json_t	   *fields = NULL;
	Reply		reply;

	if (!pick_message(session, &slot, &message))
		return;
	known = flag_of(&session->model, message);
	if (ask(session, &reply, "MA10F",
			format("SELECT msgstore.read_message(%d, %lld, '{PR_READ}',"
				   " actor => 'reader-%d')", STORE_ID, (long long) message,
				   session->number)) &&
		known->message == message && known->flag != FLAG_UNKNOWN)
	{
		json_t	   *shown = reply_json(&reply, 0, 0);
		bool		is_read = json_is_true(json_object_get(shown, "PR_READ"));

		fields = json_pack("{s:s}", "compared", "flag");
		if (is_read != (known->flag == FLAG_READ))
			violation(session, "message %lld is %s for the user who had marked it %s",
					  (long long) message, is_read ? "read" : "unread",
					  is_read ? "unread" : "read");
		json_decref(shown);
	}
	note(session, &reply, "nothing", "", fields);
	reply_end(&reply);
}

/* ------------------------------------------------------------------ rights */

/* Grant the guest the right to edit in a folder, or revoke it. */
void
do_grant(Session *session)
{
	int64_t		folder = pick_folder(session);
	bool		edit = chance(&session->random, 65);
	Reply		reply;

	if (session->in_transaction)
		return;
	ask(session, &reply, NULL,
		format("SELECT msgstore.grant_folder(%d, %lld, '" GUEST "', '%s')",
			   STORE_ID, (long long) folder,
			   edit ? "REVIEWER|EDIT_ANY" : "REVIEWER"));
	note(session, &reply, "grant", "S_OK",
		 json_pack("{s:I, s:b}", "folder", (json_int_t) folder, "edit", edit));
	reply_end(&reply);
}

/* Save over a version that was read, as the guest. */
void
do_guest_save(Session *session)
{
	Token	   *token = pick_token(session);
	bool		force = chance(&session->random, 15);
	json_t	   *patch;
	json_t	   *edits;
	json_t	   *fields;
	char	   *text;
	Reply		reply;

	if (token == NULL)
		return;
	patch = random_patch(&session->random);
	edits = json_object();
	edits_add(edits, patch);
	text = quoted_json(session, patch);
	fields = token_save(token, force ? "force" : "plain", edits);
	json_object_set_new(fields, "guest", json_true());
	ask(session, &reply, "MA10F",
		format("SET ROLE " GUEST "; SELECT (r).result, (r).change_number FROM "
			   "(SELECT msgstore.save_message(%d, %lld, %lld, %s, %d) AS r"
			   " OFFSET 0) x; RESET ROLE",
			   STORE_ID, (long long) token->message,
			   (long long) token->number, text, force ? FORCE_SAVE : 0));
	note_save(session, &reply, token, fields, 1, true);
	json_decref(edits);
	json_decref(patch);
	free(text);
}
