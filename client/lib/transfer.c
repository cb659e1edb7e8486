/*-------------------------------------------------------------------------
 *
 * transfer.c
 *	  The calls of libmsgstore that bring changes from store to store.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* --------------------------------------------------------------- messages */

char *
msgstore_export_change(msgstore *ms, int64_t store_id, int64_t message_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	return ms_run_for_text(ms, "j", "SELECT msgstore.export_change($1, $2)",
						   &params);
}

/*
 * Return the copies of large values as a JSON array, in new memory; NULL if
 * there is no memory, or a digest is not hexadecimal.
 */
static char *
copies_text(const msgstore_blob_list *copied)
{
	size_t		size = 3;
	char	   *text;
	char	   *p;

	for (int i = 0; i < copied->count; i++)
	{
		const char *digest = copied->blobs[i].digest;

		if (digest[strspn(digest, "0123456789abcdef")] != '\0')
			return NULL;
		size += strlen(digest) + 160;
	}
	text = malloc(size);
	if (text == NULL)
		return NULL;
	strcpy(text, "[");
	p = text + 1;
	for (int i = 0; i < copied->count; i++)
	{
		const msgstore_blob *value = &copied->blobs[i];

		p += sprintf(p, "%s{\"blob\": %" PRId64 ", \"size\": %" PRId64 ","
					 " \"digest\": \"%s\", \"text\": %s,"
					 " \"as\": %" PRId64 "}", i > 0 ? ", " : "", value->blob,
					 value->size, value->digest,
					 value->is_binary ? "false" : "true", value->copy);
	}
	strcpy(p, "]");
	return text;
}

bool
msgstore_import_change(msgstore *ms, int64_t store_id, int64_t folder_id,
					   const char *change, const msgstore_blob_list *copied,
					   msgstore_saved *saved)
{
	Params		params = {0};
	char	   *copies = NULL;
	bool		imported;

	if (copied != NULL && copied->count > 0 &&
		(copies = copies_text(copied)) == NULL)
		return ms_set_error(ms, "out of memory, or a bad digest of a value");
	ms_add_number(&params, INT8OID, store_id);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_param(&params, JSONBOID, change);
	ms_add_param(&params, JSONBOID, copies);
	imported = ms_run_for_saved(ms, "SELECT result, message_id, change_number"
								" FROM msgstore.import_change($1, $2,"
								" CASE WHEN $4 IS NULL THEN $3 ELSE"
								" pg_catalog.jsonb_set($3, '{blobs}',"
								" ($3 OPERATOR(pg_catalog.->) 'blobs')"
								" OPERATOR(pg_catalog.||) $4) END)",
								&params, saved);
	free(copies);
	return imported;
}

bool
msgstore_import_deletion(msgstore *ms, int64_t store_id,
						 const char *const *source_keys, int32_t flags,
						 int32_t *result)
{
	static const char *const no_keys[] = {NULL};
	Params		params = {0};
	char	   *array;
	bool		imported;

	ms_add_number(&params, INT8OID, store_id);
	imported = ms_add_names(ms, &params, source_keys ? source_keys : no_keys,
							&array);
	ms_add_number(&params, INT4OID, flags);
	imported = imported &&
		ms_run_for_int32(ms, "SELECT msgstore.import_deletion($1, $2, $3)",
						 &params, result);
	free(array);
	return imported;
}

bool
msgstore_import_move(msgstore *ms, const msgstore_move *move,
					 msgstore_saved *saved)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, move->store_id);
	ms_add_param(&params, TEXTOID, move->source_key);
	ms_add_number(&params, INT8OID, move->folder_id);
	ms_add_param(&params, TEXTOID, move->change_key);
	ms_add_param(&params, TEXTOID, move->predecessors);
	ms_add_param(&params, TEXTOID, move->actor);
	return ms_run_for_saved(ms, "SELECT result, message_id, change_number"
							" FROM msgstore.import_move"
							"($1, $2, $3, $4, $5, $6)", &params, saved);
}

/* ---------------------------------------------------------------- folders */

char *
msgstore_export_folder(msgstore *ms, int64_t store_id, int64_t folder_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, folder_id);
	return ms_run_for_text(ms, "j", "SELECT msgstore.export_folder($1, $2)",
						   &params);
}

bool
msgstore_import_folder(msgstore *ms, int64_t store_id, const char *change,
					   int32_t *result, int64_t *folder_id)
{
	Params		params = {0};
	int64_t		numbers[2];

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, change);
	if (!ms_run_for_numbers(ms, "RN?", "SELECT result, folder_id"
							" FROM msgstore.import_folder($1, $2)", &params,
							numbers))
		return false;
	*result = (int32_t) numbers[0];
	*folder_id = numbers[1];
	return true;
}

/* ------------------------------------------------------------- read flags */

/* Run a query that returns JSON about some messages of a store. */
static char *
export_of_messages(msgstore *ms, const char *sql, int64_t store_id,
				   const int64_t *message_ids, int count)
{
	Params		params = {0};
	char	   *array;
	char	   *text = NULL;

	ms_add_number(&params, INT8OID, store_id);
	if (ms_add_id_array(ms, &params, message_ids, count, &array))
		text = ms_run_for_text(ms, "j", sql, &params);
	free(array);
	return text;
}

char *
msgstore_export_read_state(msgstore *ms, int64_t store_id,
						   const int64_t *message_ids, int count)
{
	return export_of_messages(ms, "SELECT msgstore.export_read_state($1, $2)",
							  store_id, message_ids, count);
}

bool
msgstore_import_read_state(msgstore *ms, int64_t store_id, const char *states,
						   int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, states);
	return ms_run_for_int32(ms, "SELECT msgstore.import_read_state($1, $2)",
							&params, result);
}

/* ------------------------------------------------------------- comparison */

char *
msgstore_export_keys(msgstore *ms, int64_t store_id,
					 const int64_t *message_ids, int count)
{
	return export_of_messages(ms, "SELECT msgstore.export_keys($1, $2)",
							  store_id, message_ids, count);
}

/* Run a query that compares the keys of another store. */
static msgstore_id_list *
compare_keys(msgstore *ms, const char *sql, int64_t store_id, const char *keys)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, keys);
	return ms_run_for_ids(ms, sql, &params);
}

msgstore_id_list *
msgstore_missing_changes(msgstore *ms, int64_t store_id, const char *keys)
{
	return compare_keys(ms, "SELECT i FROM pg_catalog.unnest("
						"msgstore.missing_changes($1, $2)) AS i", store_id,
						keys);
}

msgstore_id_list *
msgstore_newer_changes(msgstore *ms, int64_t store_id, const char *keys)
{
	return compare_keys(ms, "SELECT i FROM pg_catalog.unnest("
						"msgstore.newer_changes($1, $2)) AS i", store_id,
						keys);
}

msgstore_id_list *
msgstore_newer_folders(msgstore *ms, int64_t store_id, const char *keys)
{
	return compare_keys(ms, "SELECT i FROM pg_catalog.unnest("
						"msgstore.newer_folders($1, $2)) AS i", store_id,
						keys);
}

/* ----------------------------------------------------------- large values */

msgstore_blob_list *
msgstore_missing_blobs(msgstore *ms, int64_t store_id, const char *change)
{
	static const ListShape shape = {
		sizeof(msgstore_blob_list), sizeof(msgstore_blob),
		{
			offsetof(msgstore_blob, blob),
			offsetof(msgstore_blob, size),
			offsetof(msgstore_blob, digest),
			offsetof(msgstore_blob, is_binary)
		}
	};
	Params		params = {0};
	PGresult   *res;
	msgstore_blob_list *list;

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, change);
	list = ms_run_for_list(ms, "*nntb", "SELECT blob, size, digest, is_binary"
						   " FROM msgstore.missing_blobs($1, $2)", &params,
						   &shape, &res);
	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->blobs = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

void
msgstore_free_blobs(msgstore_blob_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
}

/* --------------------------------------------------------------- position */

/* Copy the numbers of a column that are not NULL; returns how many. */
static int
copy_ids(const PGresult *res, int column, int64_t *ids)
{
	int			count = 0;

	for (int row = 0; row < PQntuples(res); row++)
	{
		if (!PQgetisnull(res, row, column))
			ids[count++] = msgstore_number_at(res, row, column);
	}
	return count;
}

msgstore_position *
msgstore_get_sync_position(msgstore *ms, int64_t store_id, const char *peer)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_position *position;
	int64_t    *ids;

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, TEXTOID, peer);
	res = ms_run(ms, "*t?n?n?", "SELECT p.sync_token, i.m, i.f"
				 " FROM msgstore.get_sync_position($1, $2) AS p"
				 " LEFT JOIN LATERAL ROWS FROM (pg_catalog.unnest(p.again),"
				 " pg_catalog.unnest(p.folders_again)) AS i (m, f) ON true",
				 &params);
	if (res == NULL)
		return NULL;
	position = calloc(1, sizeof(*position) +
					  2 * sizeof(int64_t) * (size_t) PQntuples(res));
	if (position == NULL)
	{
		PQclear(res);
		(void) ms_set_error(ms, "out of memory");
		return NULL;
	}
	ids = (int64_t *) (position + 1);
	position->owner = res;
	position->token = PQntuples(res) > 0 ? msgstore_text_at(res, 0, 0) : NULL;
	position->messages = ids;
	position->message_count = copy_ids(res, 1, ids);
	position->folders = ids + position->message_count;
	position->folder_count = copy_ids(res, 2, ids + position->message_count);
	return position;
}

bool
msgstore_set_sync_position(msgstore *ms, int64_t store_id, const char *peer,
						   const msgstore_position *position)
{
	Params		params = {0};
	char	   *messages;
	char	   *folders;
	bool		set;

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, TEXTOID, peer);
	ms_add_param(&params, TEXTOID, position->token);
	set = ms_add_id_array(ms, &params, position->messages,
						  position->message_count, &messages);
	set = ms_add_id_array(ms, &params, position->folders,
						  position->folder_count, &folders) && set;
	set = set && ms_run_for_nothing(ms, "SELECT msgstore.set_sync_position"
									"($1, $2, $3, $4, $5)", &params);
	free(messages);
	free(folders);
	return set;
}

void
msgstore_free_position(msgstore_position *position)
{
	ms_free_list(position, position ? position->owner : NULL);
}
