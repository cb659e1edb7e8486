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
#define ORIGINAL_BYTES	((size_t) 1024 * 1024)	/* a piece of an original */
#define MAX_TRIES		5		/* of an import that meets others */
#define MAX_DEPTH		100		/* of folders to bring for a message */

/* ----------------------------------------------------------------- queries */

PGresult *
peer_ask(Run *run, Peer *side, const char *form, const char *sql, int n,
	const char *const *values)
{
	PGresult   *res = msgstore_query(side->ms, form, sql, n, values);

	for (int i = 0; i < n; i++)
		run->tally.bytes += values[i] == NULL ? 0 : strlen(values[i]);
	for (int r = 0; res != NULL && r < PQntuples(res); r++)
	{
		for (int c = 0; c < PQnfields(res); c++)
			run->tally.bytes += (uint64_t) PQgetlength(res, r, c);
	}
	return res;
}

/* Run a query that returns one text; NULL on error or if it returns none. */
static char *
ask_text(Run *run, Peer *side, const char *sql, int n,
		 const char *const *values)
{
	PGresult   *res = peer_ask(run, side, "?t?", sql, n, values);
	char	   *text = NULL;

	if (res != NULL && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0))
		text = g_strdup(msgstore_text_at(res, 0, 0));
	PQclear(res);
	return text;
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

char *
bring_ids_text(const GArray *ids)
{
	GString    *text = g_string_new("{");

	for (guint i = 0; i < ids->len; i++)
		g_string_append_printf(text, "%s%" PRId64, i > 0 ? "," : "",
							   g_array_index(ids, int64_t, i));
	g_string_append_c(text, '}');
	return g_string_free(text, FALSE);
}

/* ----------------------------------------------------------------- folders */

/*
 * Export a folder of the sending store.  *deleted is true if it is deleted.
 * Returns NULL on error, or without an error if it is not to be seen.
 */
static char *
export_folder(Run *run, const char *id, bool *deleted)
{
	const char *values[] = {run->from->store, id};
	PGresult   *res = peer_ask(run, run->from, "?tb",
						  "SELECT CAST(f AS pg_catalog.text),"
						  " f OPERATOR(pg_catalog.?) 'PR_DELETED_ON'"
						  " OR f OPERATOR(pg_catalog.?) 'hard'"
						  " FROM msgstore.export_folder(CAST($1 AS"
						  " pg_catalog.int8), CAST($2 AS pg_catalog.int8))"
						  " AS f", 2, values);
	char	   *folder = NULL;

	if (res != NULL && PQntuples(res) == 1)
	{
		folder = g_strdup(msgstore_text_at(res, 0, 0));
		*deleted = strcmp(msgstore_text_at(res, 0, 1), "t") == 0;
	}
	PQclear(res);
	return folder;
}

/* Import a folder; returns the result, or NULL on error. */
static char *
import_folder(Run *run, const char *folder)
{
	const char *values[] = {run->to->store, folder};
	char	   *result = NULL;

	for (int i = 0; result == NULL && i < MAX_TRIES; i++)
	{
		result = ask_text(run, run->to,
						  "SELECT CAST(r.result AS pg_catalog.text)"
						  " FROM msgstore.import_folder(CAST($1 AS"
						  " pg_catalog.int8), CAST($2 AS pg_catalog.jsonb))"
						  " AS r", 2, values);
		if (result == NULL && !met_others(run->to))
			break;
	}
	return result;
}

static bool bring_folder(Run *run, const char *id, bool deletions, bool again);

/*
 * Bring the folders above a folder, the topmost first.  Returns false on error.
 */
static bool
bring_above(Run *run, const char *id, int depth)
{
	const char *values[] = {run->from->store, id};
	g_autofree char *parent =
		ask_text(run, run->from,
				 "SELECT CAST(f.parent_id AS pg_catalog.text)"
				 " FROM msgstore.folder_list AS f WHERE f.store_id"
				 " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)"
				 " AND f.folder_id OPERATOR(pg_catalog.=)"
				 " CAST($2 AS pg_catalog.int8)", 2, values);

	return parent == NULL || depth == MAX_DEPTH ||
		(bring_above(run, parent, depth + 1) &&
		 bring_folder(run, parent, false, false));
}

/* Return true if a folder could not be imported because of a folder above. */
static bool
has_no_place(const char *result)
{
	return strcmp(result, "SYNC_E_NO_PARENT") == 0 ||
		strcmp(result, "SYNC_E_CYCLE") == 0;
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
bring_folder(Run *run, const char *id, bool deletions, bool again)
{
	bool		deleted = false;
	g_autofree char *folder = export_folder(run, id, &deleted);
	g_autofree char *result = NULL;

	if (folder == NULL)
		return is_hidden(run->from) ||
			peer_trouble(run->from, "could not read a folder");
	if (deleted != deletions)
		return true;
	result = import_folder(run, folder);
	if (again && result != NULL && has_no_place(result))
	{
		if (!bring_above(run, id, 0))
			return false;
		g_free(result);
		result = import_folder(run, folder);
	}
	if (result == NULL && is_hidden(run->to))
		run->tally.refused++;
	else if (result == NULL)
		return peer_trouble(run->to, "could not import a folder");
	else if (strcmp(result, "S_OK") == 0)
		run->tally.folders++;
	else if (again && has_no_place(result))
		note_waiting(run, (int64_t) strtoll(id, NULL, 10));
	return true;
}

bool
bring_folders(Run *run, const GArray *ids, bool deletions)
{
	for (guint i = 0; i < ids->len; i++)
	{
		char		id[24];

		snprintf(id, sizeof(id), "%" PRId64, g_array_index(ids, int64_t, i));
		if (!bring_folder(run, id, deletions, true))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ large values */

/* Copy a blob in pieces to a new one.  Returns its id, or NULL on error. */
static char *
copy_blob(Run *run, const char *message, const char *blob, int64_t size,
		  const char *is_binary)
{
	const char *made[] = {run->to->store, is_binary};
	char	   *as = ask_text(run, run->to,
							  "SELECT CAST(msgstore.create_blob(CAST($1 AS"
							  " pg_catalog.int8), CAST($2 AS pg_catalog.bool))"
							  " AS pg_catalog.text)", 2, made);
	bool		done = as != NULL;

	for (int64_t at = 0; done && at < size; at += PIECE_BYTES)
	{
		char		offset[24];
		char		length[24];
		const char *read[] = {run->from->store, message, blob, offset, length};
		g_autofree char *piece = NULL;

		snprintf(offset, sizeof(offset), "%" PRId64, at);
		snprintf(length, sizeof(length), "%d", PIECE_BYTES);
		piece = ask_text(run, run->from,
						 "SELECT pg_catalog.encode(msgstore.read_blob("
						 "CAST($1 AS pg_catalog.int8), CAST($2 AS"
						 " pg_catalog.int8), CAST($3 AS pg_catalog.int8),"
						 " CAST($4 AS pg_catalog.int8), CAST($5 AS"
						 " pg_catalog.int8)), 'base64')", 5, read);
		if (piece == NULL)
		{
			done = peer_trouble(run->from, "could not read a large value");
			break;
		}
		{
			const char *write[] = {run->to->store, as, offset, piece};
			g_autofree char *written =
				ask_text(run, run->to,
						 "SELECT CAST(msgstore.write_blob(CAST($1 AS"
						 " pg_catalog.int8), CAST($2 AS pg_catalog.int8),"
						 " CAST($3 AS pg_catalog.int8),"
						 " pg_catalog.decode($4, 'base64'))"
						 " AS pg_catalog.text)", 4, write);

			done = written != NULL;
		}
	}
	if (!done)
	{
		g_free(as);
		return NULL;
	}
	run->tally.values++;
	return as;
}

/*
 * Copy the blobs of a change that the receiving store lacks.  Returns an array
 * of objects as text, which says what they have become; NULL on error.
 */
static char *
copy_blobs(Run *run, const char *message, const char *blobs)
{
	const char *values[] = {run->to->store, blobs};
	PGresult   *res = peer_ask(run, run->to, "*nntb",
						  "SELECT b.blob, b.size, b.digest, b.is_binary"
						  " FROM msgstore.missing_blobs(CAST($1 AS"
						  " pg_catalog.int8), CAST($2 AS pg_catalog.jsonb))"
						  " AS b", 2, values);
	GString    *list = g_string_new("[");

	for (int r = 0; res != NULL && r < PQntuples(res); r++)
	{
		const char *binary = msgstore_text_at(res, r, 3);
		g_autofree char *as = copy_blob(run, message,
										msgstore_text_at(res, r, 0),
										msgstore_number_at(res, r, 1), binary);

		if (as == NULL)
		{
			PQclear(res);
			g_string_free(list, TRUE);
			return NULL;
		}
		g_string_append_printf(list, "%s{\"blob\": %s, \"size\": %s,"
							   " \"digest\": \"%s\", \"text\": %s,"
							   " \"as\": %s}", r > 0 ? ", " : "",
							   msgstore_text_at(res, r, 0),
							   msgstore_text_at(res, r, 1),
							   msgstore_text_at(res, r, 2),
							   strcmp(binary, "t") == 0 ? "false" : "true",
							   as);
	}
	if (res == NULL)
	{
		g_string_free(list, TRUE);
		return NULL;
	}
	PQclear(res);
	g_string_append_c(list, ']');
	return g_string_free(list, FALSE);
}

/* ---------------------------------------------------------------- messages */

/* A message of the sending store as it is now. */
typedef struct Change
{
	char		id[24];
	char	   *change;
	char	   *blobs;			/* its source key and its blobs */
	bool		has_blobs;
	bool		has_original;	/* the mail that it was made from */
} Change;

static void
free_change(Change *change)
{
	g_free(change->change);
	g_free(change->blobs);
}

/* Read a message.  Returns false on error. */
static bool
export_change(Run *run, int64_t id, Change *change)
{
	const char *values[] = {run->from->store, change->id};
	PGresult   *res;

	memset(change, 0, sizeof(*change));
	snprintf(change->id, sizeof(change->id), "%" PRId64, id);
	res = peer_ask(run, run->from, "1ttbb",
			  "SELECT CAST(c AS pg_catalog.text), CAST("
			  "pg_catalog.jsonb_build_object('PR_SOURCE_KEY',"
			  " c OPERATOR(pg_catalog.->) 'PR_SOURCE_KEY', 'blobs',"
			  " COALESCE(c OPERATOR(pg_catalog.->) 'blobs', '[]'))"
			  " AS pg_catalog.text), c OPERATOR(pg_catalog.?) 'blobs',"
			  " c OPERATOR(pg_catalog.?) 'original'"
			  " FROM msgstore.export_change(CAST($1 AS pg_catalog.int8),"
			  " CAST($2 AS pg_catalog.int8)) AS c", 2, values);
	if (res == NULL)
		return false;
	change->change = g_strdup(msgstore_text_at(res, 0, 0));
	change->blobs = g_strdup(msgstore_text_at(res, 0, 1));
	change->has_blobs = strcmp(msgstore_text_at(res, 0, 2), "t") == 0;
	change->has_original = strcmp(msgstore_text_at(res, 0, 3), "t") == 0;
	PQclear(res);
	return true;
}

/*
 * Copy the mail that a message was made from, in pieces, to message "id" of the
 * receiving store, unless that store keeps no originals.  Returns false on
 * error.
 */
static bool
copy_original(Run *run, const Change *change, int64_t id)
{
	int64_t		from_id = (int64_t) strtoll(change->id, NULL, 10);
	int64_t		size = 0;
	size_t		got;

	do
	{
		void	   *bytes;
		bool		written;

		if (!msgstore_read_original(run->from->ms, run->from->store_id,
									from_id, size, ORIGINAL_BYTES, &bytes,
									&got))
			return false;
		if (bytes == NULL)
			return true;
		written = msgstore_write_original(run->to->ms, run->to->store_id, id,
										  size, bytes, got, &size);
		free(bytes);
		if (!written)
			return false;
		run->tally.bytes += 2 * got;
	} while (got == ORIGINAL_BYTES && size > 0);
	if (size > 0)
		run->tally.originals++;
	return true;
}

/*
 * Import a message once; returns the result, or NULL on error.  *id is the
 * message of the receiving store, 0 if it has none; *lacks is set if that
 * message lacks the original which the change has.
 */
static char *
import_once(Run *run, const Change *change, const char *copied, int64_t *id,
			bool *lacks)
{
	const char *values[] = {run->to->store, change->change, copied,
	change->has_original ? "t" : "f"};
	PGresult   *res =
		peer_ask(run, run->to, "1tn?b",
				 "SELECT CAST(r.result AS pg_catalog.text), r.message_id,"
				 " CASE WHEN CAST($4 AS pg_catalog.bool)"
				 " AND CAST(r.result AS pg_catalog.text)"
				 " OPERATOR(pg_catalog.=) ANY (ARRAY['S_OK',"
				 " 'SYNC_E_CONFLICT']) THEN msgstore.read_original("
				 "CAST($1 AS pg_catalog.int8), r.message_id, 0, 0) IS NULL"
				 " ELSE false END"
				 " FROM msgstore.import_change(CAST($1 AS"
				 " pg_catalog.int8), NULL, CASE WHEN CAST($3 AS"
				 " pg_catalog.jsonb) IS NULL"
				 " THEN CAST($2 AS pg_catalog.jsonb) ELSE"
				 " pg_catalog.jsonb_set(CAST($2 AS"
				 " pg_catalog.jsonb), '{blobs}', (CAST($2 AS"
				 " pg_catalog.jsonb) OPERATOR(pg_catalog.->)"
				 " 'blobs') OPERATOR(pg_catalog.||)"
				 " CAST($3 AS pg_catalog.jsonb)) END) AS r", 4, values);
	char	   *result;

	if (res == NULL)
		return NULL;
	result = g_strdup(msgstore_text_at(res, 0, 0));
	*id = PQgetisnull(res, 0, 1) ? 0 : msgstore_number_at(res, 0, 1);
	*lacks = strcmp(msgstore_text_at(res, 0, 2), "t") == 0;
	PQclear(res);
	return result;
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
 * Import a message, and its original in the same transaction; returns the
 * result and *id as import_once() does.  After an error on either side, which
 * is the last one of that side, the caller has to call back_out().
 */
static char *
import_change(Run *run, const Change *change, const char *copied, int64_t *id)
{
	for (int i = 0; i < MAX_TRIES && back_out(run); i++)
	{
		bool		whole = change->has_original;
		bool		lacks = false;
		char	   *result = NULL;

		if (!whole || msgstore_execute(run->to->ms, "BEGIN"))
			result = import_once(run, change, copied, id, &lacks);
		if (result != NULL && (!lacks || copy_original(run, change, *id)) &&
			(!whole || msgstore_execute(run->to->ms, "COMMIT")))
			return result;
		g_free(result);
		if (!met_others(run->to))
			break;
	}
	return NULL;
}

/* Bring the folder of a message.  Returns false on error. */
static bool
bring_folder_of(Run *run, const char *id)
{
	const char *values[] = {run->from->store, id};
	g_autofree char *folder =
		ask_text(run, run->from,
				 "SELECT CAST(m.folder_id AS pg_catalog.text)"
				 " FROM msgstore.message_list AS m WHERE m.store_id"
				 " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)"
				 " AND m.message_id OPERATOR(pg_catalog.=)"
				 " CAST($2 AS pg_catalog.int8)", 2, values);

	return folder == NULL || bring_folder(run, folder, false, true);
}

/*
 * Note what a message has come to, which is message "there" of the receiving
 * store.  One that has to wait is tried again; one that is deleted there is to
 * be deleted here, too, even if the deletion is older than any position.
 */
static void
note_result(Run *run, int64_t id, const char *result, int64_t there)
{
	if (strcmp(result, "S_OK") == 0)
		run->tally.messages++;
	else if (strcmp(result, "SYNC_E_CONFLICT") == 0)
	{
		run->tally.messages++;
		run->tally.conflicts++;
	}
	else if (strcmp(result, "SYNC_E_OBJECT_DELETED") == 0)
	{
		run->tally.deleted++;
		g_array_append_val(run->answers, there);
	}
	else if (strcmp(result, "SYNC_E_IGNORE") != 0)
		g_array_append_val(run->again, id);
}

/* Bring one message as it is now.  Returns false on error. */
static bool
bring_message(Run *run, int64_t id)
{
	Change		change;
	g_autofree char *copied = NULL;
	g_autofree char *result = NULL;
	int64_t		there = 0;
	bool		done = true;

	if (!export_change(run, id, &change))
		return is_hidden(run->from) ||
			peer_trouble(run->from, "could not read a message");
	if (change.has_blobs)
	{
		copied = copy_blobs(run, change.id, change.blobs);
		done = copied != NULL ||
			peer_trouble(run->to, "could not copy a large value");
	}
	if (done)
		result = import_change(run, &change, copied, &there);
	if (result != NULL && strcmp(result, "SYNC_E_NO_PARENT") == 0)
	{
		done = bring_folder_of(run, change.id);
		g_free(result);
		result = done ? import_change(run, &change, copied, &there) : NULL;
	}
	free_change(&change);
	if (!done)
		return false;
	if (result == NULL && is_hidden(run->from))
		return back_out(run);	/* deleted meanwhile */
	if (result == NULL && has_failed(run->from))
		return peer_trouble(run->from, "could not read an original");
	if (result == NULL && is_hidden(run->to))
	{
		run->tally.refused++;
		g_array_append_val(run->again, id);
		return back_out(run);
	}
	if (result == NULL)
		return peer_trouble(run->to, "could not import a message");
	note_result(run, id, result, there);
	return true;
}

/* Run a query that returns ids.  Returns NULL after printing an error. */
static GArray *
ask_ids(Run *run, Peer *side, const char *doing, const char *sql, int n,
		const char *const *values)
{
	PGresult   *res = peer_ask(run, side, "*n", sql, n, values);
	GArray	   *list;

	if (res == NULL)
	{
		(void) peer_trouble(side, doing);
		return NULL;
	}
	list = g_array_new(FALSE, FALSE, sizeof(int64_t));
	for (int r = 0; r < PQntuples(res); r++)
	{
		int64_t		id = msgstore_number_at(res, r, 0);

		g_array_append_val(list, id);
	}
	PQclear(res);
	return list;
}

/*
 * Give the keys of some messages of one side to the other, and return the ids
 * that a query returns for them there, or NULL after printing an error.
 */
static GArray *
compare_messages(Run *run, Peer *side, const char *ids, Peer *other,
				 const char *sql)
{
	const char *values[] = {side->store, ids};
	g_autofree char *keys =
		ask_text(run, side,
				 "SELECT CAST(msgstore.export_keys(CAST($1 AS"
				 " pg_catalog.int8), CAST($2 AS pg_catalog.int8[]))"
				 " AS pg_catalog.text)", 2, values);
	const char *given[] = {other->store, keys};

	if (keys == NULL)
	{
		(void) peer_trouble(side, "could not read the keys of messages");
		return NULL;
	}
	return ask_ids(run, other, "could not compare messages", sql, 2, given);
}

/* Return those of some messages that the receiving store lacks. */
static GArray *
missing(Run *run, const char *ids)
{
	return compare_messages(run, run->from, ids, run->to,
							"SELECT i FROM pg_catalog.unnest("
							"msgstore.missing_changes(CAST($1 AS"
							" pg_catalog.int8), CAST($2 AS"
							" pg_catalog.jsonb))) AS i");
}

/* Bring the read flags of messages.  Returns false on error. */
static bool
bring_flags(Run *run, const char *ids)
{
	const char *values[] = {run->from->store, ids};
	g_autofree char *states =
		ask_text(run, run->from,
				 "SELECT CAST(msgstore.export_read_state(CAST($1 AS"
				 " pg_catalog.int8), CAST($2 AS pg_catalog.int8[]))"
				 " AS pg_catalog.text)", 2, values);
	const char *given[] = {run->to->store, states};
	g_autofree char *count = NULL;

	if (states == NULL)
		return peer_trouble(run->from, "could not read read flags");
	if (strcmp(states, "[]") == 0)
		return true;
	count = ask_text(run, run->to,
					 "SELECT CAST(pg_catalog.jsonb_array_length(s)"
					 " AS pg_catalog.text)"
					 " FROM (SELECT CAST($2 AS pg_catalog.jsonb) AS s) AS t,"
					 " msgstore.import_read_state(CAST($1 AS"
					 " pg_catalog.int8), s) AS r", 2, given);
	if (count == NULL)
		return peer_trouble(run->to, "could not import read flags");
	run->tally.flags += (unsigned) strtoul(count, NULL, 10);
	return true;
}

bool
bring_messages(Run *run, const GArray *ids)
{
	g_autofree char *text = bring_ids_text(ids);
	GArray	   *list;
	bool		done = true;

	if (ids->len == 0)
		return true;
	list = missing(run, text);
	if (list == NULL)
		return false;
	for (guint i = 0; done && i < list->len; i++)
		done = bring_message(run, g_array_index(list, int64_t, i));
	g_array_free(list, TRUE);
	return done && bring_flags(run, text);
}

/*
 * List the messages of one side from an id on, which is moved on; those of a
 * folder, or all if the folder is NULL.  Returns NULL after printing an error.
 */
static GArray *
list_messages(Run *run, Peer *side, const char *folder, int64_t *after)
{
	char		from[24];
	const char *values[] = {side->store, from, folder};
	GArray	   *ids;

	snprintf(from, sizeof(from), "%" PRId64, *after);
	ids = ask_ids(run, side, "could not list messages", folder == NULL ?
				  "SELECT m.message_id FROM msgstore.message_list AS m"
				  " WHERE m.store_id OPERATOR(pg_catalog.=)"
				  " CAST($1 AS pg_catalog.int8) AND m.message_id"
				  " OPERATOR(pg_catalog.>) CAST($2 AS pg_catalog.int8)"
				  " ORDER BY m.message_id LIMIT " PAGE_ROWS :
				  "SELECT m.message_id FROM msgstore.message_list AS m"
				  " WHERE m.store_id OPERATOR(pg_catalog.=)"
				  " CAST($1 AS pg_catalog.int8) AND m.folder_id"
				  " OPERATOR(pg_catalog.=) CAST($3 AS pg_catalog.int8)"
				  " AND m.message_id OPERATOR(pg_catalog.>)"
				  " CAST($2 AS pg_catalog.int8)"
				  " ORDER BY m.message_id LIMIT " PAGE_ROWS,
				  folder == NULL ? 2 : 3, values);
	if (ids != NULL && ids->len > 0)
		*after = g_array_index(ids, int64_t, ids->len - 1);
	return ids;
}

bool
bring_flags_of_folder(Run *run, int64_t folder_id)
{
	char		folder[24];
	int64_t		after = 0;
	bool		done = true;
	bool		more = true;

	snprintf(folder, sizeof(folder), "%" PRId64, folder_id);
	while (done && more)
	{
		GArray	   *ids = list_messages(run, run->from, folder, &after);
		g_autofree char *text = NULL;

		if (ids == NULL)
			return false;
		text = bring_ids_text(ids);
		more = ids->len > 0;
		g_array_free(ids, TRUE);
		done = !more || bring_flags(run, text);
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
	const char *values[] = {run->to->store};
	g_autofree char *keys =
		ask_text(run, run->to,
				 "SELECT CAST(pg_catalog.jsonb_agg(msgstore.export_folder("
				 "f.store_id, f.folder_id)) AS pg_catalog.text)"
				 " FROM msgstore.folder_list AS f WHERE f.store_id"
				 " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)",
				 1, values);
	const char *given[] = {run->from->store, keys};

	if (keys == NULL)
	{
		(void) peer_trouble(run->to, "could not read folders");
		return NULL;
	}
	return ask_ids(run, run->from, "could not compare folders",
				   "SELECT i FROM pg_catalog.unnest("
				   "msgstore.newer_folders(CAST($1 AS pg_catalog.int8),"
				   " CAST($2 AS pg_catalog.jsonb))) AS i", 2, given);
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
		GArray	   *ids = list_messages(run, run->to, NULL, &after);
		GArray	   *newer;
		g_autofree char *text = NULL;

		if (ids == NULL)
			return false;
		text = bring_ids_text(ids);
		more = ids->len > 0;
		g_array_free(ids, TRUE);
		if (!more)
			break;
		newer = compare_messages(run, run->to, text, run->from,
								 "SELECT i FROM pg_catalog.unnest("
								 "msgstore.newer_changes(CAST($1 AS"
								 " pg_catalog.int8), CAST($2 AS"
								 " pg_catalog.jsonb))) AS i");
		if (newer == NULL)
			return false;
		done = bring_messages(run, newer);
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
