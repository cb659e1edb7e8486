/*-------------------------------------------------------------------------
 *
 * settle.c
 *	  Carry out the choice that settles the conflict of a draft, and print the
 *	  outcome.
 *
 * NOTES
 *	  The server removes the draft in the transaction that carries out a
 *	  choice.  If this program ends before, the draft is still parked.
 *
 *	  "Overwrite" names the version that was shown.  If somebody has saved
 *	  since, nothing is stored.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve.h"

/* ---------------------------------------------------------------- outcomes */

/* Return the folder of a message as text: folder "Inbox". */
static char *
place_text(const Resolve *r, int64_t message_id)
{
	static const char *const sql =
	"SELECT f.name FROM msgstore.message_list AS m"
	" JOIN msgstore.folder_list AS f"
	" ON f.store_id OPERATOR(pg_catalog.=) m.store_id"
	" AND f.folder_id OPERATOR(pg_catalog.=) m.folder_id"
	" WHERE m.store_id OPERATOR(pg_catalog.=) $1"
	" AND m.message_id OPERATOR(pg_catalog.=) $2";
	g_autofree char *name = session_text(r->kase.ms, sql, r->kase.store_id,
										 message_id);
	g_autofree char *shown = show_name(name ? name : "?");

	return g_strdup_printf("folder %s", shown);
}

/* Return the version of the handle; 0 on error. */
static int64_t
version_of(const Resolve *r)
{
	static const char *const tags[] = {"PidTagChangeNumber", NULL};
	char	   *props = msgstore_get_props(r->kase.ms, r->kase.handle, tags);
	json_t	   *object = props ? json_loads(props, 0, NULL) : NULL;
	int64_t		number = json_integer_value(json_object_get(object, tags[0]));

	json_decref(object);
	free(props);
	return number;
}

void
settle_print(const Resolve *r, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list		args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	screen_paragraph(&r->screen, 0, COLOUR_PLAIN, text);
}

void
settle_print_parked(const Resolve *r)
{
	if (!r->options->json)
		settle_print(r, "Draft %lld stays parked.",
					 (long long) r->kase.draft->parked_id);
}

/* Return the version that the newest one has replaced, or 0. */
static int64_t
version_before(const Resolve *r, int64_t message_id)
{
	msgstore_change_list *newest = msgstore_history(r->kase.ms,
													r->kase.store_id,
													message_id, 1);
	int64_t		previous = newest != NULL && newest->count == 1 ?
		newest->changes->previous : 0;

	msgstore_free_history(newest);
	return previous;
}

/* Print the command that brings the replaced version back. */
static void
print_way_back(const Resolve *r, int64_t message_id)
{
	g_autofree char *store = session_store_option(&r->options->target);
	long long	previous = version_before(r, message_id);

	if (previous != 0)
		print_out("To bring the replaced version back:\n"
				  "    msgstore restore%s %lld --version=%lld\n", store,
				  (long long) message_id, previous);
}

/* Return a number for programs; null for 0. */
static json_t *
number_json(int64_t number)
{
	return number == 0 ? json_null() : json_integer(number);
}

/*
 * Print an outcome for programs; the message has the outcome, unless its id is
 * 0.
 */
static void
print_outcome(const Resolve *r, const char *outcome, const char *choice,
			  const char *result, int64_t message_id)
{
	json_t	   *object = json_pack("{sssssssI}", "outcome", outcome, "choice",
								   choice, "result", result, "parked_id",
								   (json_int_t) r->kase.draft->parked_id);
	bool		stored = message_id != 0;

	json_object_set_new(object, "message_id", number_json(message_id));
	json_object_set_new(object, "change_number", stored ?
						number_json(version_of(r)) : json_null());
	json_object_set_new(object, "previous",
						stored && strcmp(choice, MSGSTORE_OVERWRITE) == 0 ?
						number_json(version_before(r, message_id)) :
						json_null());
	(void) print_json(object);
	json_decref(object);
}

/* Print the outcome of a choice that was carried out. */
static void
print_settled(const Resolve *r, const char *choice)
{
	long long	draft = r->kase.draft->parked_id;
	long long	original = r->kase.draft->message_id;
	int64_t		id = original;
	long long	version;
	g_autofree char *place = NULL;

	(void) msgstore_message_id(r->kase.ms, r->kase.handle, &id);
	if (r->options->json)
	{
		print_outcome(r, "settled", choice, "S_OK", id);
		return;
	}
	version = version_of(r);
	place = place_text(r, id);
	if (strcmp(choice, SAVE_DRAFT) == 0 || r->kase.draft->change_number == 0)
		settle_print(r, "Saved: message %lld in %s has the content of draft "
					 "%lld, as change %lld.", (long long) id, place, draft,
					 version);
	else if (strcmp(choice, MSGSTORE_KEEP_ORIGINAL) == 0)
		settle_print(r, "Kept: message %lld in %s stays as it is, at change "
					 "%lld. The changes of draft %lld are dropped.", original,
					 place, version, draft);
	else if (strcmp(choice, MSGSTORE_OVERWRITE) == 0)
	{
		settle_print(r, "Overwritten: message %lld in %s has the content of "
					 "draft %lld, as change %lld.", original, place, draft,
					 version);
		print_way_back(r, original);
	}
	else if (strcmp(choice, MSGSTORE_MERGE) == 0 ||
			 strcmp(choice, MSGSTORE_MERGE_TEXT) == 0)
		settle_print(r, "Merged: message %lld in %s has the changes of both, "
					 "as change %lld.", original, place, version);
	else
		settle_print(r, "Saved elsewhere: draft %lld is now message %lld in "
					 "%s. Message %lld is as it was.", draft, (long long) id,
					 place, original);
}

/* Print the reason why nothing is stored. */
static void
print_refused(const Resolve *r, const char *choice, int32_t result)
{
	const char *why = msgstore_result_name(result);

	if (r->options->json)
	{
		print_outcome(r, "refused", choice, why, 0);
		return;
	}
	switch (result)
	{
		case MSGSTORE_E_OBJECT_CHANGED:
			why = "others have changed the message";
			break;
		case MSGSTORE_E_OBJECT_DELETED:
			why = r->kase.draft->change_number == 0 ?
				"the folder of the draft was deleted" :
				"the message was deleted";
			break;
		case MSGSTORE_E_NO_ACCESS:
			why = "you may not edit messages in this store";
			break;
		case MSGSTORE_E_SUBMITTED:
			why = "the message was submitted for sending";
			break;
	}
	settle_print(r, "Nothing is stored: %s.", why);
}

/* ---------------------------------------------------------------- choosing */

/* Carry out a choice in the transaction that is open.  False on error. */
static bool
choose(Resolve *r, const char *choice, int64_t folder_id, int64_t seen,
	   int32_t *result)
{
	msgstore   *ms = r->kase.ms;

	if (strcmp(choice, SAVE_DRAFT) == 0)
		return msgstore_save_changes(ms, r->kase.handle, 0, result);
	return msgstore_resolve_conflict(ms, r->kase.handle, choice, folder_id,
									 seen, result);
}

/* Return true if the draft is still parked, or if nobody knows. */
static bool
is_parked(const Resolve *r)
{
	msgstore_draft_list *drafts = msgstore_parked(r->kase.ms,
												  r->kase.store_id, 0);
	bool		found = drafts == NULL;

	for (int i = 0; drafts != NULL && i < drafts->count; i++)
		found |= drafts->drafts[i].parked_id == r->kase.draft->parked_id;
	msgstore_free_parked(drafts);
	return found;
}

/*
 * The connection was lost at the commit: connect anew, and look if the draft
 * is gone, as the commit leaves it.  Returns true then.
 */
static bool
was_committed(Resolve *r, const char *choice)
{
	bool		again = session_again(&r->session);

	r->kase.ms = r->session.ms;
	if (!again || is_parked(r))
	{
		settle_print_parked(r);
		return false;
	}
	if (r->options->json)
		print_outcome(r, "settled", choice, "S_OK", 0);
	else
		settle_print(r, "The choice was carried out: draft %lld is settled.",
					 (long long) r->kase.draft->parked_id);
	return true;
}

/* Find the folder for a choice; 0 stands for Conflicts. */
static bool
find_place(const Resolve *r, const char *choice, const char *folder,
		   int64_t *folder_id)
{
	*folder_id = 0;
	return folder == NULL || strcmp(choice, MSGSTORE_SAVE_ELSEWHERE) != 0 ||
		folder_make(r->kase.ms, r->kase.store_id, folder, folder_id);
}

bool
settle(Resolve *r, const char *choice, const char *folder, int64_t seen,
	   int32_t *result)
{
	msgstore   *ms = r->kase.ms;
	int64_t		folder_id;
	bool		begun = msgstore_execute(ms, "BEGIN ISOLATION LEVEL READ "
										 "COMMITTED");
	bool		placed = begun && find_place(r, choice, folder, &folder_id);

	if (!placed || !choose(r, choice, folder_id, seen, result))
	{
		if (placed || !begun)
			session_print_error(ms, "could not settle the conflict");
		(void) msgstore_execute(ms, "ROLLBACK");
		settle_print_parked(r);
		return false;
	}
	if (!msgstore_execute(ms, *result == MSGSTORE_S_OK ? "COMMIT" :
						  "ROLLBACK"))
	{
		session_print_error(ms, "could not end the transaction");
		return was_committed(r, choice);
	}
	if (*result == MSGSTORE_S_OK)
		print_settled(r, choice);
	else
		print_refused(r, choice, *result);
	return true;
}

int
settle_discard(Resolve *r)
{
	long long	draft = r->kase.draft->parked_id;

	if (!msgstore_discard_parked(r->kase.ms, r->kase.store_id, draft))
	{
		session_print_error(r->kase.ms, "could not discard the draft");
		return EXIT_REFUSED;
	}
	settle_print(r, "Draft %lld is discarded.", draft);
	return EXIT_DONE;
}
