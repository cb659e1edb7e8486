/*-------------------------------------------------------------------------
 *
 * bring.c
 *	  Bring folders, messages, large values and read flags from one store to
 *	  another.
 *
 * NOTES
 *	  Content is brought as it is now.  Importing something that the
 *	  receiving store has already does nothing, so that a call that met others
 *	  or was ended may be repeated.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync.h"

#define PIECE_BYTES		131072
#define ORIGINAL_BYTES	((int64_t) 1024 * 1024) /* a piece of an original */
#define MAX_TRIES		5		/* of an import that meets others */
#define MAX_DEPTH		100		/* of folders to bring for a message */

/* ------------------------------------------------------------------- peers */

/* Count the bytes of a text that goes from one side to the other. */
static void
count_text(Run *run, const char *text)
{
	run->tally.bytes += text != NULL ? strlen(text) : 0;
}

bool
peer_failed_with(const Peer *side, const char *one, const char *two)
{
	const char *sqlstate = msgstore_last_error(side->ms)->sqlstate;

	return strcmp(sqlstate, one) == 0 || strcmp(sqlstate, two) == 0;
}

/* Return true if a call was refused because of locks or other changes. */
static bool
met_others(const Peer *side)
{
	return peer_failed_with(side, "40001", "40P01");
}

/* Return true if the last call of a side has failed. */
static bool
has_failed(const Peer *side)
{
	return msgstore_last_error(side->ms)->message[0] != '\0';
}

/* Return true if what was asked for is gone, or not to be seen. */
static bool
is_hidden(const Peer *side)
{
	return peer_failed_with(side, "MA10F", "MA005");
}

bool
peer_trouble(const Peer *side, const char *doing)
{
	g_autofree char *what = g_strdup_printf("%s, store %s", doing, side->name);

	session_print_error(side->ms, what);
	return false;
}

/*
 * Return a number that a query returns for two ids of a store, 0 if it returns
 * no row or NULL.
 */
static int64_t
ask_number(const Peer *side, const char *sql, int64_t id)
{
	g_autofree char *text = session_text(side->ms, sql, side->store_id, id);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* ----------------------------------------------------------------- folders */

/* Return true if a folder that was exported is deleted. */
static bool
is_deleted(const char *folder)
{
	json_t	   *object = json_loads(folder, 0, NULL);
	bool		deleted = json_object_get(object, "PR_DELETED_ON") != NULL ||
		json_object_get(object, "hard") != NULL;

	json_decref(object);
	return deleted;
}

/* Import a folder.  Returns false on error. */
static bool
import_folder(Run *run, const char *folder, int32_t *result)
{
	int64_t		there;

	for (int i = 0; i < MAX_TRIES; i++)
	{
		count_text(run, folder);
		if (msgstore_import_folder(run->to->ms, run->to->store_id, folder,
								   result, &there))
			return true;
		if (!met_others(run->to))
			break;
	}
	return false;
}

static bool bring_folder(Run *run, int64_t id, bool deletions, bool again);

/*
 * Bring the folders above a folder, the topmost first.  Returns false on error.
 */
static bool
bring_above(Run *run, int64_t id, int depth)
{
	int64_t		parent =
		ask_number(run->from, "SELECT CAST(f.parent_id AS pg_catalog.text)"
				   " FROM msgstore.folder_list AS f WHERE f.store_id"
				   " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)"
				   " AND f.folder_id OPERATOR(pg_catalog.=)"
				   " CAST($2 AS pg_catalog.int8)", id);

	return parent == 0 || depth == MAX_DEPTH ||
		(bring_above(run, parent, depth + 1) &&
		 bring_folder(run, parent, false, false));
}

/* Return true if a folder could not be imported because of a folder above. */
static bool
has_no_place(int32_t result)
{
	return result == MSGSTORE_SYNC_E_NO_PARENT ||
		result == MSGSTORE_SYNC_E_CYCLE;
}

/* Note a folder that is to be tried again. */
static void
note_waiting(Run *run, int64_t id)
{
	for (guint i = 0; i < run->folders_again->len; i++)
	{
		if (g_array_index(run->folders_again, int64_t, i) == id)
			return;
	}
	g_array_append_val(run->folders_again, id);
}

/*
 * Bring a folder as it is now, if it is deleted only with "deletions".  For a
 * folder that has no place there, the folders above are brought as well, if
 * "again" is true: the feed may name them later, or has named them before they
 * had a place themselves.  A folder that has no place then is tried again by
 * the next run.  Returns false on error.
 */
static bool
bring_folder(Run *run, int64_t id, bool deletions, bool again)
{
	char	   *folder = msgstore_export_folder(run->from->ms,
												run->from->store_id, id);
	int32_t		result;
	bool		imported;

	if (folder == NULL)
		return is_hidden(run->from) ||
			peer_trouble(run->from, "could not read a folder");
	count_text(run, folder);
	if (is_deleted(folder) != deletions)
	{
		free(folder);
		return true;
	}
	imported = import_folder(run, folder, &result);
	if (again && imported && has_no_place(result))
	{
		if (!bring_above(run, id, 0))
		{
			free(folder);
			return false;
		}
		imported = import_folder(run, folder, &result);
	}
	free(folder);
	if (!imported && is_hidden(run->to))
		run->tally.refused++;
	else if (!imported)
		return peer_trouble(run->to, "could not import a folder");
	else if (result == MSGSTORE_S_OK)
		run->tally.folders++;
	else if (again && has_no_place(result))
		note_waiting(run, id);
	return true;
}

bool
bring_folders(Run *run, const GArray *ids, bool deletions)
{
	for (guint i = 0; i < ids->len; i++)
	{
		if (!bring_folder(run, g_array_index(ids, int64_t, i), deletions,
						  true))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ large values */

/*
 * Return the length of the whole characters at the beginning of a piece of a
 * text, which may end within a character.
 */
static size_t
whole_characters(const char *piece, size_t len)
{
	size_t		start = len;

	while (start > 0 && len - start < 4 &&
		   ((unsigned char) piece[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0 || len - (start - 1) ==
		(size_t) g_utf8_skip[(unsigned char) piece[start - 1]])
		return len;
	return start - 1;
}

/*
 * Copy a large value in pieces.  Returns false after printing an error.
 */
static bool
copy_pieces(Run *run, const msgstore_blob_place *from,
			const msgstore_blob *value)
{
	int64_t		at = 0;

	while (at < value->size)
	{
		size_t		got = 0;
		void	   *piece = msgstore_read_blob(run->from->ms, from, at,
											   PIECE_BYTES, &got);
		bool		written;

		if (piece == NULL)
			return peer_trouble(run->from, "could not read a large value");
		if (!value->is_binary)
			got = whole_characters(piece, got);
		if (got == 0)
		{
			free(piece);
			print_error("a large value of store %s is shorter than it should "
						"be", run->from->name);
			return false;
		}
		run->tally.bytes += 2 * got;
		written = msgstore_write_blob(run->to->ms, run->to->store_id,
									  value->copy, at, piece, got);
		free(piece);
		if (!written)
			return peer_trouble(run->to, "could not copy a large value");
		at += (int64_t) got;
	}
	run->tally.values++;
	return true;
}

/*
 * Copy the large values of a change that the receiving store lacks, and set
 * *copied to their list, NULL if the change has none.  Returns false after
 * printing an error.
 */
static bool
copy_values(Run *run, int64_t id, const char *change,
			msgstore_blob_list **copied)
{
	msgstore_blob_place from = {run->from->store_id, id, 0};
	msgstore_blob_list *list;

	*copied = NULL;
	if (strstr(change, "\"blobs\"") == NULL)
		return true;
	list = msgstore_missing_blobs(run->to->ms, run->to->store_id, change);
	if (list == NULL)
		return peer_trouble(run->to, "could not copy a large value");
	*copied = list;
	for (int i = 0; i < list->count; i++)
	{
		from.blob = list->blobs[i].blob;
		if (!msgstore_create_blob(run->to->ms, run->to->store_id,
								  list->blobs[i].is_binary,
								  &list->blobs[i].copy))
			return peer_trouble(run->to, "could not copy a large value");
		if (!copy_pieces(run, &from, &list->blobs[i]))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- messages */

/*
 * Copy the mail that a message was made from, in pieces, to message "to_id" of
 * the receiving store, unless that message has an original or the store keeps
 * none.  Returns false on error.
 */
static bool
copy_original(Run *run, int64_t id, int64_t to_id)
{
	int64_t		size = 0;
	size_t		got;
	void	   *bytes = msgstore_read_original(run->to->ms, run->to->store_id,
											   to_id, 0, 1, &got);

	free(bytes);
	if (bytes == NULL || got > 0)
		return bytes != NULL;
	do
	{
		bool		written;

		bytes = msgstore_read_original(run->from->ms, run->from->store_id, id,
									   size, ORIGINAL_BYTES, &got);
		written = bytes != NULL &&
			(got == 0 ||
			 msgstore_write_original(run->to->ms, run->to->store_id, to_id,
									 bytes, got, &size));
		free(bytes);
		if (!written)
			return false;
		run->tally.bytes += 2 * got;
	} while (got == ORIGINAL_BYTES && size > 0);
	if (size > 0)
		run->tally.originals++;
	return true;
}

/* Import a message and its original in one transaction. */
static bool
import_whole(Run *run, int64_t id, const char *change,
			 const msgstore_blob_list *copied, msgstore_saved *saved)
{
	if (!msgstore_execute(run->to->ms, "BEGIN") ||
		!msgstore_import_change(run->to->ms, run->to->store_id, 0, change,
								copied, saved))
		return false;
	if ((saved->result == MSGSTORE_S_OK ||
		 saved->result == MSGSTORE_SYNC_E_CONFLICT) &&
		!copy_original(run, id, saved->message_id))
		return false;
	return msgstore_execute(run->to->ms, "COMMIT");
}

/*
 * End the transaction of an import that failed, if there is one.  Returns false
 * on error.
 */
static bool
back_out(Run *run)
{
	return PQtransactionStatus(msgstore_connection(run->to->ms)) ==
		PQTRANS_IDLE || msgstore_execute(run->to->ms, "ROLLBACK");
}

/*
 * Import a message and its original.  Returns false on error; the error is the
 * last one of its side, and the caller has to call back_out().
 */
static bool
import_change(Run *run, int64_t id, const char *change,
			  const msgstore_blob_list *copied, msgstore_saved *saved)
{
	bool		whole = strstr(change, "\"original\"") != NULL;

	for (int i = 0; i < MAX_TRIES && back_out(run); i++)
	{
		count_text(run, change);
		if (whole ? import_whole(run, id, change, copied, saved) :
			msgstore_import_change(run->to->ms, run->to->store_id, 0, change,
								   copied, saved))
			return true;
		if (!met_others(run->to))
			break;
	}
	return false;
}

/* Bring the folder of a message.  Returns false on error. */
static bool
bring_folder_of(Run *run, int64_t id)
{
	int64_t		folder =
		ask_number(run->from, "SELECT CAST(m.folder_id AS pg_catalog.text)"
				   " FROM msgstore.message_list AS m WHERE m.store_id"
				   " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)"
				   " AND m.message_id OPERATOR(pg_catalog.=)"
				   " CAST($2 AS pg_catalog.int8)", id);

	return folder == 0 || bring_folder(run, folder, false, true);
}

/*
 * Note the outcome of a message.  A message that has to wait is tried again; a
 * message that is deleted there is to be deleted here, too, even if the
 * deletion is older than any position.
 */
static void
note_result(Run *run, int64_t id, const msgstore_saved *saved)
{
	if (saved->result == MSGSTORE_S_OK)
		run->tally.messages++;
	else if (saved->result == MSGSTORE_SYNC_E_CONFLICT)
	{
		run->tally.messages++;
		run->tally.conflicts++;
	}
	else if (saved->result == MSGSTORE_SYNC_E_OBJECT_DELETED)
	{
		run->tally.deleted++;
		g_array_append_val(run->answers, saved->message_id);
	}
	else if (saved->result != MSGSTORE_SYNC_E_IGNORE)
		g_array_append_val(run->again, id);
}

/* Import a message as it is now, and if need be its folder before. */
static bool
bring_change(Run *run, int64_t id, const char *change,
			 const msgstore_blob_list *copied)
{
	msgstore_saved saved;
	bool		imported = import_change(run, id, change, copied, &saved);

	if (imported && saved.result == MSGSTORE_SYNC_E_NO_PARENT)
	{
		if (!bring_folder_of(run, id))
			return false;
		imported = import_change(run, id, change, copied, &saved);
	}
	if (imported)
	{
		note_result(run, id, &saved);
		return true;
	}
	if (is_hidden(run->from))
		return back_out(run);	/* deleted meanwhile */
	if (has_failed(run->from))
		return peer_trouble(run->from, "could not read an original");
	if (!is_hidden(run->to))
		return peer_trouble(run->to, "could not import a message");
	run->tally.refused++;
	g_array_append_val(run->again, id);
	return back_out(run);
}

/* Bring one message as it is now.  Returns false on error. */
static bool
bring_message(Run *run, int64_t id)
{
	char	   *change = msgstore_export_change(run->from->ms,
												run->from->store_id, id);
	msgstore_blob_list *copied;
	bool		done;

	if (change == NULL)
		return is_hidden(run->from) ||
			peer_trouble(run->from, "could not read a message");
	count_text(run, change);
	done = copy_values(run, id, change, &copied) &&
		bring_change(run, id, change, copied);
	msgstore_free_blobs(copied);
	free(change);
	return done;
}

/* A call of the library that compares keys. */
typedef msgstore_id_list *(*Compare) (msgstore *ms, int64_t store_id,
									  const char *keys);

/* Return the ids of a list, which is freed; NULL after printing an error. */
static GArray *
take_ids(Run *run, const Peer *side, const char *doing, msgstore_id_list *list)
{
	GArray	   *ids;

	if (list == NULL)
	{
		(void) peer_trouble(side, doing);
		return NULL;
	}
	run->tally.bytes += sizeof(int64_t) * (size_t) list->count;
	ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_array_append_vals(ids, list->ids, (guint) list->count);
	msgstore_free_ids(list);
	return ids;
}

/*
 * Give the keys of some messages of one side to the other, and return the ids
 * that a call returns for them there, or NULL after printing an error.
 */
static GArray *
compare_messages(Run *run, const Peer *side, const GArray *ids,
				 const Peer *other, Compare compare)
{
	char	   *keys = msgstore_export_keys(side->ms, side->store_id,
											(const int64_t *) ids->data,
											(int) ids->len);
	GArray	   *found;

	if (keys == NULL)
	{
		(void) peer_trouble(side, "could not read the keys of messages");
		return NULL;
	}
	run->tally.bytes += 2 * strlen(keys);
	found = take_ids(run, other, "could not compare messages",
					 compare(other->ms, other->store_id, keys));
	free(keys);
	return found;
}

/* Bring the read flags of messages.  Returns false on error. */
static bool
bring_flags(Run *run, const GArray *ids)
{
	const int64_t *numbers = (const int64_t *) ids->data;
	char	   *states = msgstore_export_read_state(run->from->ms,
													run->from->store_id,
													numbers, (int) ids->len);
	json_t	   *array;
	size_t		count;
	int32_t		result;
	bool		done;

	if (states == NULL)
		return peer_trouble(run->from, "could not read read flags");
	run->tally.bytes += 2 * strlen(states);
	array = json_loads(states, 0, NULL);
	count = json_array_size(array);
	json_decref(array);
	done = count == 0 ||
		msgstore_import_read_state(run->to->ms, run->to->store_id, states,
								   &result) ||
		peer_trouble(run->to, "could not import read flags");
	free(states);
	if (done)
		run->tally.flags += (unsigned) count;
	return done;
}

bool
bring_messages(Run *run, const GArray *ids)
{
	GArray	   *list;
	bool		done = true;

	if (ids->len == 0)
		return true;
	list = compare_messages(run, run->from, ids, run->to,
							msgstore_missing_changes);
	if (list == NULL)
		return false;
	for (guint i = 0; done && i < list->len; i++)
		done = bring_message(run, g_array_index(list, int64_t, i));
	g_array_free(list, TRUE);
	return done && bring_flags(run, ids);
}

/*
 * List the messages of one side from an id on, which is moved on; those of a
 * folder, or all if the folder is 0.  Returns NULL after printing an error.
 */
static GArray *
list_messages(Run *run, const Peer *side, int64_t folder, int64_t *after)
{
	char		text[3][24];
	const char *values[] = {text[0], text[1], text[2]};
	GArray	   *ids;
	PGresult   *res;

	snprintf(text[0], sizeof(text[0]), "%" PRId64, side->store_id);
	snprintf(text[1], sizeof(text[1]), "%" PRId64, *after);
	snprintf(text[2], sizeof(text[2]), "%" PRId64, folder);
	res = msgstore_query(side->ms, "*n", "SELECT m.message_id"
						 " FROM msgstore.message_list AS m"
						 " WHERE m.store_id OPERATOR(pg_catalog.=)"
						 " CAST($1 AS pg_catalog.int8)"
						 " AND m.message_id OPERATOR(pg_catalog.>)"
						 " CAST($2 AS pg_catalog.int8)"
						 " AND (m.folder_id OPERATOR(pg_catalog.=)"
						 " CAST($3 AS pg_catalog.int8)"
						 " OR CAST($3 AS pg_catalog.int8)"
						 " OPERATOR(pg_catalog.=) 0)"
						 " ORDER BY m.message_id LIMIT " PAGE_ROWS, 3, values);
	if (res == NULL)
	{
		(void) peer_trouble(side, "could not list messages");
		return NULL;
	}
	ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	for (int r = 0; r < PQntuples(res); r++)
	{
		*after = msgstore_number_at(res, r, 0);
		g_array_append_val(ids, *after);
	}
	run->tally.bytes += sizeof(int64_t) * ids->len;
	PQclear(res);
	return ids;
}

bool
bring_flags_of_folder(Run *run, int64_t folder_id)
{
	int64_t		after = 0;
	bool		done = true;
	bool		more = true;

	while (done && more)
	{
		GArray	   *ids = list_messages(run, run->from, folder_id, &after);

		if (ids == NULL)
			return false;
		more = ids->len > 0;
		done = !more || bring_flags(run, ids);
		g_array_free(ids, TRUE);
	}
	return done;
}

/* ------------------------------------------------------------ first meeting */

/*
 * Return the folders of the sending store of which the receiving store has
 * older versions, or NULL after printing an error.
 */
static GArray *
newer_folders(Run *run)
{
	g_autofree char *keys =
		session_text(run->to->ms, "SELECT CAST(pg_catalog.jsonb_agg("
					 "msgstore.export_folder(f.store_id, f.folder_id))"
					 " AS pg_catalog.text) FROM msgstore.folder_list AS f"
					 " WHERE f.store_id OPERATOR(pg_catalog.=)"
					 " CAST($1 AS pg_catalog.int8) AND f.folder_id"
					 " OPERATOR(pg_catalog.>) CAST($2 AS pg_catalog.int8)",
					 run->to->store_id, 0);

	if (keys == NULL)
	{
		(void) peer_trouble(run->to, "could not read folders");
		return NULL;
	}
	run->tally.bytes += 2 * strlen(keys);
	return take_ids(run, run->from, "could not compare folders",
					msgstore_newer_folders(run->from->ms,
										   run->from->store_id, keys));
}

/*
 * Bring the messages of which the receiving store has older versions.  Returns
 * false on error.
 */
static bool
bring_newer_messages(Run *run)
{
	int64_t		after = 0;
	bool		done = true;
	bool		more = true;

	while (done && more)
	{
		GArray	   *ids = list_messages(run, run->to, 0, &after);
		GArray	   *newer = NULL;

		if (ids == NULL)
			return false;
		more = ids->len > 0;
		if (more)
		{
			newer = compare_messages(run, run->to, ids, run->from,
									 msgstore_newer_changes);
			done = newer != NULL && bring_messages(run, newer);
		}
		g_array_free(ids, TRUE);
		if (newer != NULL)
			g_array_free(newer, TRUE);
	}
	return done;
}

bool
bring_newer(Run *run)
{
	GArray	   *folders = newer_folders(run);
	bool		done;

	if (folders == NULL)
		return false;
	done = bring_folders(run, folders, false) && bring_newer_messages(run) &&
		bring_folders(run, folders, true);
	g_array_free(folders, TRUE);
	return done;
}
