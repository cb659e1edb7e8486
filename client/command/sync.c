/*-------------------------------------------------------------------------
 *
 * sync.c
 *	  The command "msgstore sync": bring the changes of one store to another,
 *	  and with --both the other way, too.
 *
 * NOTES
 *	  The receiving store keeps how far it has got (get_sync_position()).  A
 *	  run reads the feed of the sending store from there, a page at a time: it
 *	  asks for the keys of the messages in the page, asks the receiving store
 *	  which of these versions it lacks, and brings those.  What a page names
 *	  is read as it is now, so the order of a page does not matter, except that
 *	  folders come before what is in them and are deleted after it.
 *
 *	  Each import is a transaction of its own, and importing something again
 *	  does nothing.  The position moves on after everything in the page was
 *	  committed, in a later transaction of the same session.  So a run may be
 *	  ended anywhere, and the session need not wait for the disk at each
 *	  commit: a crash of the server loses the position with what it covers.
 *
 *	  A message that cannot be imported yet, because its folder is deleted or
 *	  the message is being sent, is noted beside the position, and tried again
 *	  by every run.
 *
 *	  Memory holds one page of ids and one message without its large values,
 *	  which are copied in pieces.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define PAGE_ROWS		"1000"
#define PIECE_BYTES		131072
#define MAX_TRIES		5		/* of an import that meets others */
#define MAX_PASSES		4		/* of --both */
#define MAX_DEPTH		100		/* of folders to bring for a message */

/* the feed cannot go on from a token: MAPI_E_UNABLE_TO_COMPLETE */
#define LIST_ANEW		"MA400"

typedef struct SyncOptions
{
	Target		target;
	const char *from;			/* NULL: the target's connection */
	const char *to;
	const char *to_store;		/* NULL: the name of the other store */
	bool		both;
} SyncOptions;

/* One of the two stores. */
typedef struct Peer
{
	msgstore   *ms;
	int64_t		store_id;
	char		store[24];		/* its id as text */
	char	   *peer;			/* the name under which others know it */
	char	   *name;			/* for messages, safe */
} Peer;

/* What was done in one direction. */
typedef struct Tally
{
	unsigned	messages;
	unsigned	folders;
	unsigned	conflicts;
	unsigned	deleted;		/* edits of messages that are deleted here */
	unsigned	flags;
	unsigned	values;			/* large ones */
	unsigned	refused;
	uint64_t	bytes;
} Tally;

/* One direction. */
typedef struct Run
{
	Peer	   *from;
	Peer	   *to;
	Tally		tally;
	GArray	   *again;			/* int64_t: ids of messages of "from" */
	GArray	   *answers;		/* ids of messages of "to", for the way back */
	GArray	   *first;			/* ids to begin with, or NULL */
} Run;

/* ----------------------------------------------------------------- queries */

/*
 * Run a query on one side, and count the bytes that go either way.  Returns
 * NULL on error.
 */
static PGresult *
ask(Run *run, Peer *side, const char *form, const char *sql, int n,
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
	PGresult   *res = ask(run, side, "?t?", sql, n, values);
	char	   *text = NULL;

	if (res != NULL && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0))
		text = g_strdup(msgstore_text_at(res, 0, 0));
	PQclear(res);
	return text;
}

/* Return true if the last error of a side has one of two SQLSTATEs. */
static bool
failed_with(const Peer *side, const char *one, const char *two)
{
	const char *sqlstate = msgstore_last_error(side->ms)->sqlstate;

	return strcmp(sqlstate, one) == 0 || strcmp(sqlstate, two) == 0;
}

/* Return true if a call was refused because of locks or other changes. */
static bool
met_others(const Peer *side)
{
	return failed_with(side, "40001", "40P01");
}

/* Return true if what was asked for is gone, or not to be seen. */
static bool
is_hidden(const Peer *side)
{
	return failed_with(side, "MA10F", "MA005");
}

static bool
trouble(const Peer *side, const char *doing)
{
	g_autofree char *what = g_strdup_printf("%s, store %s", doing, side->name);

	session_print_error(side->ms, what);
	return false;
}

/* Return a bigint[] as text. */
static char *
ids_text(const GArray *ids)
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
	PGresult   *res = ask(run, run->from, "?tb",
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

static bool bring_folder(Run *run, const char *id, bool deletions, int depth);

/* Bring the folder above a folder.  Returns false on error. */
static bool
bring_parent(Run *run, const char *id, int depth)
{
	const char *values[] = {run->from->store, id};
	g_autofree char *parent =
		ask_text(run, run->from,
				 "SELECT CAST(f.parent_id AS pg_catalog.text)"
				 " FROM msgstore.folder_list AS f WHERE f.store_id"
				 " OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.int8)"
				 " AND f.folder_id OPERATOR(pg_catalog.=)"
				 " CAST($2 AS pg_catalog.int8)", 2, values);

	return parent == NULL || bring_folder(run, parent, false, depth + 1);
}

/*
 * Bring a folder as it is now, if it is deleted only with "deletions".  One
 * that has no place there yet waits for a change of a folder, which the feed of
 * one of the stores will have.  Returns false on error.
 */
static bool
bring_folder(Run *run, const char *id, bool deletions, int depth)
{
	bool		deleted = false;
	g_autofree char *folder = export_folder(run, id, &deleted);
	g_autofree char *result = NULL;

	if (folder == NULL)
		return is_hidden(run->from) ||
			trouble(run->from, "could not read a folder");
	if (deleted != deletions)
		return true;
	result = import_folder(run, folder);
	if (result != NULL && strcmp(result, "SYNC_E_NO_PARENT") == 0 &&
		depth < MAX_DEPTH)
	{
		if (!bring_parent(run, id, depth))
			return false;
		g_free(result);
		result = import_folder(run, folder);
	}
	if (result == NULL && is_hidden(run->to))
		run->tally.refused++;
	else if (result == NULL)
		return trouble(run->to, "could not import a folder");
	else if (strcmp(result, "S_OK") == 0)
		run->tally.folders++;
	return true;
}

/* Bring the folders of a page; the deleted ones with "deletions". */
static bool
bring_folders(Run *run, const GArray *ids, bool deletions)
{
	for (guint i = 0; i < ids->len; i++)
	{
		char		id[24];

		snprintf(id, sizeof(id), "%" PRId64, g_array_index(ids, int64_t, i));
		if (!bring_folder(run, id, deletions, 0))
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
			done = trouble(run->from, "could not read a large value");
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
	PGresult   *res = ask(run, run->to, "*nntb",
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
	res = ask(run, run->from, "1ttb",
			  "SELECT CAST(c AS pg_catalog.text), CAST("
			  "pg_catalog.jsonb_build_object('PR_SOURCE_KEY',"
			  " c OPERATOR(pg_catalog.->) 'PR_SOURCE_KEY', 'blobs',"
			  " COALESCE(c OPERATOR(pg_catalog.->) 'blobs', '[]'))"
			  " AS pg_catalog.text), c OPERATOR(pg_catalog.?) 'blobs'"
			  " FROM msgstore.export_change(CAST($1 AS pg_catalog.int8),"
			  " CAST($2 AS pg_catalog.int8)) AS c", 2, values);
	if (res == NULL)
		return false;
	change->change = g_strdup(msgstore_text_at(res, 0, 0));
	change->blobs = g_strdup(msgstore_text_at(res, 0, 1));
	change->has_blobs = strcmp(msgstore_text_at(res, 0, 2), "t") == 0;
	PQclear(res);
	return true;
}

/*
 * Import a message; returns the result, or NULL on error.  *id is the message
 * of the receiving store, 0 if it has none.
 */
static char *
import_change(Run *run, const Change *change, const char *copied, int64_t *id)
{
	const char *values[] = {run->to->store, change->change, copied};
	char	   *result = NULL;

	for (int i = 0; result == NULL && i < MAX_TRIES; i++)
	{
		PGresult   *res =
			ask(run, run->to, "1tn?",
						  "SELECT CAST(r.result AS pg_catalog.text),"
						  " r.message_id"
						  " FROM msgstore.import_change(CAST($1 AS"
						  " pg_catalog.int8), NULL, CASE WHEN CAST($3 AS pg_catalog.jsonb) IS NULL"
						  " THEN CAST($2 AS pg_catalog.jsonb) ELSE"
						  " pg_catalog.jsonb_set(CAST($2 AS"
						  " pg_catalog.jsonb), '{blobs}', (CAST($2 AS"
						  " pg_catalog.jsonb) OPERATOR(pg_catalog.->)"
						  " 'blobs') OPERATOR(pg_catalog.||)"
						  " CAST($3 AS pg_catalog.jsonb)) END) AS r",
						  3, values);

		if (res != NULL)
		{
			result = g_strdup(msgstore_text_at(res, 0, 0));
			*id = PQgetisnull(res, 0, 1) ? 0 : msgstore_number_at(res, 0, 1);
			PQclear(res);
		}
		else if (!met_others(run->to))
			break;
	}
	return result;
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

	return folder == NULL || bring_folder(run, folder, false, 0);
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
			trouble(run->from, "could not read a message");
	if (change.has_blobs)
	{
		copied = copy_blobs(run, change.id, change.blobs);
		done = copied != NULL ||
			trouble(run->to, "could not copy a large value");
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
	if (result == NULL && is_hidden(run->to))
	{
		run->tally.refused++;
		g_array_append_val(run->again, id);
		return true;
	}
	if (result == NULL)
		return trouble(run->to, "could not import a message");
	note_result(run, id, result, there);
	return true;
}

/* Return those of some messages that the receiving store lacks. */
static GArray *
missing(Run *run, const char *ids)
{
	const char *values[] = {run->from->store, ids};
	g_autofree char *keys =
		ask_text(run, run->from,
				 "SELECT CAST(msgstore.export_keys(CAST($1 AS"
				 " pg_catalog.int8), CAST($2 AS pg_catalog.int8[]))"
				 " AS pg_catalog.text)", 2, values);
	const char *lacks[] = {run->to->store, keys};
	PGresult   *res;
	GArray	   *list;

	if (keys == NULL)
	{
		(void) trouble(run->from, "could not read the keys of messages");
		return NULL;
	}
	res = ask(run, run->to, "*n",
			  "SELECT i FROM pg_catalog.unnest(msgstore.missing_changes("
			  "CAST($1 AS pg_catalog.int8), CAST($2 AS pg_catalog.jsonb)))"
			  " AS i", 2, lacks);
	if (res == NULL)
	{
		(void) trouble(run->to, "could not compare messages");
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
		return trouble(run->from, "could not read read flags");
	if (strcmp(states, "[]") == 0)
		return true;
	count = ask_text(run, run->to,
					 "SELECT CAST(pg_catalog.jsonb_array_length(s)"
					 " AS pg_catalog.text)"
					 " FROM (SELECT CAST($2 AS pg_catalog.jsonb) AS s) AS t,"
					 " msgstore.import_read_state(CAST($1 AS"
					 " pg_catalog.int8), s) AS r", 2, given);
	if (count == NULL)
		return trouble(run->to, "could not import read flags");
	run->tally.flags += (unsigned) strtoul(count, NULL, 10);
	return true;
}

/* Bring messages and their read flags.  Returns false on error. */
static bool
bring_messages(Run *run, const GArray *ids)
{
	g_autofree char *text = ids_text(ids);
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

/* Bring the read flags of a folder that was marked as a whole. */
static bool
bring_flags_of_folder(Run *run, int64_t folder_id)
{
	char		folder[24];
	g_autofree char *after = g_strdup("0");

	snprintf(folder, sizeof(folder), "%" PRId64, folder_id);
	while (strcmp(after, "") != 0)
	{
		const char *values[] = {run->from->store, folder, after};
		PGresult   *res =
			ask(run, run->from, "*n",
				"SELECT m.message_id FROM msgstore.message_list AS m"
				" WHERE m.store_id OPERATOR(pg_catalog.=)"
				" CAST($1 AS pg_catalog.int8) AND m.folder_id"
				" OPERATOR(pg_catalog.=) CAST($2 AS pg_catalog.int8)"
				" AND m.message_id OPERATOR(pg_catalog.>)"
				" CAST($3 AS pg_catalog.int8)"
				" ORDER BY m.message_id LIMIT " PAGE_ROWS, 3, values);
		GArray	   *ids;
		g_autofree char *text = NULL;

		if (res == NULL)
			return trouble(run->from, "could not list a folder");
		ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
		g_free(after);
		after = g_strdup("");
		for (int r = 0; r < PQntuples(res); r++)
		{
			int64_t		id = msgstore_number_at(res, r, 0);

			g_array_append_val(ids, id);
			g_free(after);
			after = g_strdup(msgstore_text_at(res, r, 0));
		}
		PQclear(res);
		text = ids_text(ids);
		g_array_free(ids, TRUE);
		if (strcmp(after, "") != 0 && !bring_flags(run, text))
			return false;
	}
	return true;
}

/* -------------------------------------------------------------------- feed */

/* What a page of the feed names. */
typedef struct Page
{
	GArray	   *messages;		/* int64_t, each once, as the next two */
	GArray	   *folders;
	GArray	   *marked;			/* folders that were marked as a whole */
	char	   *token;			/* after the page */
	bool		ended;			/* it is the last one */
} Page;

static void
free_page(Page *page)
{
	g_array_free(page->messages, TRUE);
	g_array_free(page->folders, TRUE);
	g_array_free(page->marked, TRUE);
	g_free(page->token);
}

/* Add an id to a list, unless it has it. */
static void
add_once(GArray *list, GHashTable *seen, int64_t id)
{
	int64_t    *key = g_new(int64_t, 1);

	*key = id;
	if (g_hash_table_add(seen, key))
		g_array_append_val(list, id);
}

/* Sort the rows of a page into its lists. */
static void
sort_page(const PGresult *res, Page *page)
{
	GHashTable *messages = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												 g_free, NULL);
	GHashTable *folders = g_hash_table_new_full(g_int64_hash, g_int64_equal,
												g_free, NULL);
	GHashTable *marked = g_hash_table_new_full(g_int64_hash, g_int64_equal,
											   g_free, NULL);

	for (int r = 0; r < PQntuples(res); r++)
	{
		const char *kind = msgstore_text_at(res, r, 3);

		if (strcmp(kind, "end") == 0)
			page->ended = true;
		else if (!PQgetisnull(res, r, 1))
			add_once(page->messages, messages, msgstore_number_at(res, r, 1));
		else if (PQgetisnull(res, r, 2))
			continue;
		else if (strcmp(kind, "read_folder") == 0)
			add_once(page->marked, marked, msgstore_number_at(res, r, 2));
		else
			add_once(page->folders, folders, msgstore_number_at(res, r, 2));
	}
	g_hash_table_destroy(messages);
	g_hash_table_destroy(folders);
	g_hash_table_destroy(marked);
}

/*
 * Read a page of the feed from a token on, NULL for the beginning.  Returns
 * false on error.
 */
static bool
read_page(Run *run, const char *token, Page *page)
{
	const char *values[] = {run->from->store, token};
	PGresult   *res = ask(run, run->from, "*tn?n?t",
						  "SELECT c.token, c.message_id, c.folder_id, c.kind"
						  " FROM msgstore.changes_since(CAST($1 AS"
						  " pg_catalog.int8), CAST($2 AS pg_catalog.text),"
						  " " PAGE_ROWS ") AS c", 2, values);

	memset(page, 0, sizeof(*page));
	if (res == NULL)
		return false;
	page->messages = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->folders = g_array_new(FALSE, FALSE, sizeof(int64_t));
	page->marked = g_array_new(FALSE, FALSE, sizeof(int64_t));
	sort_page(res, page);
	if (PQntuples(res) > 0)
		page->token = g_strdup(msgstore_text_at(res, PQntuples(res) - 1, 0));
	else
	{
		page->token = g_strdup(token);
		page->ended = true;
	}
	PQclear(res);
	return true;
}

/* Record the position in the receiving store.  Returns false on error. */
static bool
set_position(Run *run, const char *token)
{
	g_autofree char *again = ids_text(run->again);
	const char *values[] = {run->to->store, run->from->peer, token, again};
	PGresult   *res = ask(run, run->to, "1v",
						  "SELECT msgstore.set_sync_position(CAST($1 AS"
						  " pg_catalog.int8), $2, $3,"
						  " CAST($4 AS pg_catalog.int8[]))", 4, values);

	if (res == NULL)
		return trouble(run->to, "could not record the position");
	PQclear(res);
	return true;
}

/*
 * Read the position from the receiving store, and the messages to be tried
 * again.  *token is NULL if there is no position.  Returns false on error.
 */
static bool
get_position(Run *run, char **token, GArray *again)
{
	const char *values[] = {run->to->store, run->from->peer};
	PGresult   *res = ask(run, run->to, "*t?n?",
						  "SELECT p.sync_token, i FROM"
						  " msgstore.get_sync_position(CAST($1 AS"
						  " pg_catalog.int8), $2) AS p"
						  " LEFT JOIN LATERAL pg_catalog.unnest(p.again)"
						  " AS i ON true", 2, values);

	if (res == NULL)
		return trouble(run->to, "could not read the position");
	*token = NULL;
	for (int r = 0; r < PQntuples(res); r++)
	{
		int64_t		id;

		if (r == 0 && !PQgetisnull(res, r, 0))
			*token = g_strdup(msgstore_text_at(res, r, 0));
		if (PQgetisnull(res, r, 1))
			continue;
		id = msgstore_number_at(res, r, 1);
		g_array_append_val(again, id);
	}
	PQclear(res);
	return true;
}

/* Bring what a page names, and record the position behind it. */
static bool
bring_page(Run *run, const Page *page)
{
	if (!bring_folders(run, page->folders, false) ||
		!bring_messages(run, page->messages))
		return false;
	for (guint i = 0; i < page->marked->len; i++)
	{
		if (!bring_flags_of_folder(run, g_array_index(page->marked, int64_t,
													  i)))
			return false;
	}
	return bring_folders(run, page->folders, true) &&
		set_position(run, page->token);
}

/* Bring all changes of one store to the other.  Returns false on error. */
static bool
run_direction(Run *run)
{
	GArray	   *waiting = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autofree char *token = NULL;
	bool		done = get_position(run, &token, waiting);
	bool		ended = false;

	if (run->first != NULL)
		g_array_append_vals(waiting, run->first->data, run->first->len);
	done = done && bring_messages(run, waiting);
	g_array_free(waiting, TRUE);
	while (done && !ended)
	{
		Page		page;

		if (!read_page(run, token, &page))
		{
			if (token == NULL || !failed_with(run->from, LIST_ANEW, ""))
				return trouble(run->from, "could not read the feed");
			g_free(token);
			token = NULL;
			continue;
		}
		done = bring_page(run, &page);
		ended = page.ended;
		g_free(token);
		token = g_strdup(page.token);
		free_page(&page);
	}
	return done;
}

/* ----------------------------------------------------------------- command */

/* Connect to one side.  Returns false after printing an error. */
static bool
open_side(Peer *side, const Target *target, const char *dbname,
		  const char *store)
{
	Target		own = {.dbname = dbname, .actor = target->actor};
	const char *values[] = {side->store};
	PGresult   *res;

	side->name = show_name(store);
	side->ms = session_connect(dbname == NULL ? target : &own,
							   "msgstore sync");
	if (side->ms == NULL ||
		!session_find_store(side->ms, store, &side->store_id))
		return false;
	snprintf(side->store, sizeof(side->store), "%" PRId64, side->store_id);
	/* see the NOTES: no commit has to wait for the disk */
	if (!msgstore_execute(side->ms, "SET synchronous_commit = off"))
		return trouble(side, "could not prepare the session");
	res = msgstore_query(side->ms, "1t",
						 "SELECT pg_catalog.concat(s.system_identifier, '/',"
						 " d.oid, '/', CAST($1 AS pg_catalog.text)) FROM"
						 " pg_catalog.pg_control_system() AS s,"
						 " pg_catalog.pg_database AS d"
						 " WHERE d.datname OPERATOR(pg_catalog.=)"
						 " pg_catalog.current_database()", 1, values);
	if (res == NULL)
		return trouble(side, "could not identify the store");
	side->peer = g_strdup(msgstore_text_at(res, 0, 0));
	PQclear(res);
	return true;
}

static void
close_side(Peer *side)
{
	msgstore_disconnect(side->ms);
	g_free(side->peer);
	g_free(side->name);
}

static void
print_tally(const Run *run)
{
	const Tally *tally = &run->tally;

	print_out("%s -> %s: %u messages, %u folders, %u read flags, %u large"
			  " values; %u conflicts, %u edits of deleted messages,"
			  " %u refused, %u to be tried again; %" PRIu64 " bytes\n",
			  run->from->name, run->to->name, tally->messages,
			  tally->folders, tally->flags, tally->values, tally->conflicts,
			  tally->deleted, tally->refused, run->again->len, tally->bytes);
}

/*
 * Run one direction, and add its tally to a sum.  "first" are messages to begin
 * with.  Returns false on error.
 */
static bool
pass(Run *sum, Peer *from, Peer *to, GArray *first, bool *any)
{
	Run			run = {.from = from, .to = to, .again = sum->again,
	.answers = sum->answers, .first = first};
	bool		done;

	g_array_set_size(run.again, 0);
	g_array_set_size(run.answers, 0);
	done = run_direction(&run);
	*any = *any || run.tally.messages > 0 || run.tally.folders > 0 ||
		run.answers->len > 0;
	sum->from = from;
	sum->to = to;
	sum->tally.messages += run.tally.messages;
	sum->tally.folders += run.tally.folders;
	sum->tally.conflicts += run.tally.conflicts;
	sum->tally.deleted += run.tally.deleted;
	sum->tally.flags += run.tally.flags;
	sum->tally.values += run.tally.values;
	sum->tally.refused = run.tally.refused;
	sum->tally.bytes += run.tally.bytes;
	return done;
}

static int
run_sync(const void *arg, char *const *args, int nargs)
{
	const SyncOptions *options = arg;
	const char *store = options->target.store;
	const char *to_store = options->to_store != NULL ? options->to_store :
		store;
	Peer		a = {0};
	Peer		b = {0};
	Run			there = {.again = g_array_new(FALSE, FALSE, sizeof(int64_t)),
	.answers = g_array_new(FALSE, FALSE, sizeof(int64_t))};
	Run			back = {.again = g_array_new(FALSE, FALSE, sizeof(int64_t)),
	.answers = g_array_new(FALSE, FALSE, sizeof(int64_t))};
	bool		done = open_side(&a, &options->target, options->from, store) &&
		open_side(&b, &options->target, options->to, to_store);
	bool		any = done;
	int			status = EXIT_TROUBLE;

	(void) args;
	(void) nargs;
	/* what one direction has settled may be news to the other */
	for (int i = 0; done && any && i < (options->both ? MAX_PASSES : 1); i++)
	{
		any = false;
		done = pass(&there, &a, &b, back.answers, &any);
		if (done && options->both)
			done = pass(&back, &b, &a, there.answers, &any);
	}
	if (there.from != NULL)
		print_tally(&there);
	if (back.from != NULL)
		print_tally(&back);
	if (done)
		status = there.again->len + back.again->len > 0 ? EXIT_REFUSED :
			EXIT_DONE;
	g_array_free(there.again, TRUE);
	g_array_free(back.again, TRUE);
	g_array_free(there.answers, TRUE);
	g_array_free(back.answers, TRUE);
	close_side(&a);
	close_side(&b);
	return print_flush() ? status : EXIT_TROUBLE;
}

static const Option sync_options[] = {
	{.name = "from", .letter = 'F', .kind = OPTION_TEXT, .value = "CONN",
		.offset = offsetof(SyncOptions, from),
		.help = "database or connection string of the sending store (default: "
	"as given by --dbname)"},
	{.name = "to", .letter = 'T', .kind = OPTION_TEXT, .value = "CONN",
		.offset = offsetof(SyncOptions, to),
	.help = "database or connection string of the receiving store"},
	{.name = "to-store", .kind = OPTION_TEXT, .value = "NAME",
		.offset = offsetof(SyncOptions, to_store),
	.help = "the receiving store (default: the name given by --store)"},
	{.name = "both", .kind = OPTION_FLAG,
		.offset = offsetof(SyncOptions, both),
	.help = "bring changes the other way, too"},
	{.name = NULL}
};

static const char *
check_sync(const void *arg)
{
	const SyncOptions *options = arg;

	return options->to == NULL ? "no receiving side given (option --to)" :
		NULL;
}

const Command command_sync = {
	.name = "sync",
	.summary = "bring the changes of one store to another",
	.usage = "--store NAME --from CONN --to CONN [OPTION]...",
	.description = "Folders, messages, deletions, moves and read flags that "
	"are new in the sending store are brought to the receiving store, which "
	"has to exist. What both have changed is a conflict: the later change "
	"stands, and the other becomes a draft of the message, to be settled with "
	"\"msgstore resolve\".\n\n"
	"The receiving store remembers how far it has got, so that the next run "
	"brings only what is new. A run may be ended at any time; run the command "
	"again to go on.",
	.options = sync_options,
	.notes = "The report has a line per direction, with the bytes that were "
	"sent and received. Messages whose folder is deleted in the receiving "
	"store, and those that are being sent, are tried again by the next run.",
	.exits = {
		[EXIT_DONE] = "everything was brought",
		[EXIT_REFUSED] = "some messages are to be tried again",
		[EXIT_TROUBLE] = "bad usage, no connection, no such store, or an error "
		"that ended the run"
	},
	.needs = NEEDS_STORE,
	.min_args = 0,
	.max_args = 0,
	.args_error = "sync takes no arguments",
	.size = sizeof(SyncOptions),
	.check = check_sync,
	.run = run_sync
};
