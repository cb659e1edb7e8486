/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  The calls of libmsgstore that return many rows: lists of messages,
 *	  search, and the feed of changes.
 *
 * NOTES
 *	  A list and its rows are one piece of memory.  The texts belong to the
 *	  PGresult of the query, which the list owns.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* Add names that end with NULL as an array; *array is to be freed. */
static bool
add_names(msgstore *ms, Params *params, const char *const *names,
		  char **array)
{
	*array = names ? ms_array_text(names) : NULL;
	ms_add_param(params, TEXTARRAYOID, *array);
	return names == NULL || *array != NULL || ms_set_error(ms, "out of memory");
}

/* ------------------------------------------------------------------- lists */

msgstore_row_list *
msgstore_list_messages(msgstore *ms, const msgstore_table *table)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_row_list *list = NULL;
	msgstore_row *rows;
	char	   *columns = NULL;
	char	   *sort = NULL;

	ms_add_ids(&params, table->store_id, table->folder_id);
	if (add_names(ms, &params, table->columns, &columns))
	{
		ms_add_param(&params, JSONBOID, table->restriction);
		if (add_names(ms, &params, table->sort, &sort))
		{
			ms_add_number_or_null(&params, INT4OID, table->max);
			ms_add_param(&params, TEXTOID, table->after);
			ms_add_number(&params, INT4OID, table->flags);
			ms_add_param(&params, TEXTOID, table->actor);
			list = ms_run_for_list(ms, "*nnjt", "SELECT message_id,"
								   " change_number, \"row\", \"position\""
								   " FROM msgstore.list_messages"
								   "($1, $2, $3, $4, coalesce($5,"
								   " '{PR_MESSAGE_DELIVERY_TIME DESC}'),"
								   " $6, $7, $8, $9)", &params, sizeof(*list),
								   sizeof(*rows), &res);
		}
	}
	free(columns);
	free(sort);
	if (list == NULL)
		return NULL;
	rows = (msgstore_row *) (list + 1);
	list->owner = res;
	list->count = PQntuples(res);
	list->rows = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].message_id = msgstore_number_at(res, i, 0);
		rows[i].change_number = msgstore_number_at(res, i, 1);
		rows[i].row = msgstore_text_at(res, i, 2);
		rows[i].position = msgstore_text_at(res, i, 3);
	}
	return list;
}

void
msgstore_free_rows(msgstore_row_list *list)
{
	if (list != NULL)
		PQclear(list->owner);
	free(list);
}

bool
msgstore_count_messages(msgstore *ms, const msgstore_table *table,
						int64_t *count)
{
	Params		params = {0};

	ms_add_ids(&params, table->store_id, table->folder_id);
	ms_add_param(&params, JSONBOID, table->restriction);
	ms_add_number(&params, INT4OID, table->flags);
	ms_add_param(&params, TEXTOID, table->actor);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.count_messages"
							  "($1, $2, $3, $4, $5)", &params, count);
}

/* ------------------------------------------------------------------ search */

msgstore_found_list *
msgstore_search_messages(msgstore *ms, const msgstore_search *search)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_found_list *list;
	msgstore_found *rows;

	ms_add_number(&params, INT8OID, search->store_id);
	ms_add_param(&params, TEXTOID, search->query);
	ms_add_number_or_null(&params, INT8OID, search->folder_id);
	ms_add_number_or_null(&params, INT4OID, search->max);
	ms_add_param(&params, TEXTOID, search->after);
	ms_add_param(&params, TEXTOID, search->actor);
	list = ms_run_for_list(ms, "*nntt?t", "SELECT message_id, folder_id,"
						   " CAST(rank AS pg_catalog.text), headline,"
						   " \"position\" FROM msgstore.search_messages"
						   "($1, $2, $3, $4, $5, $6)", &params, sizeof(*list),
						   sizeof(*rows), &res);
	if (list == NULL)
		return NULL;
	rows = (msgstore_found *) (list + 1);
	list->owner = res;
	list->count = PQntuples(res);
	list->found = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].message_id = msgstore_number_at(res, i, 0);
		rows[i].folder_id = msgstore_number_at(res, i, 1);
		rows[i].rank = msgstore_text_at(res, i, 2);
		rows[i].headline = msgstore_text_at(res, i, 3);
		rows[i].position = msgstore_text_at(res, i, 4);
	}
	return list;
}

void
msgstore_free_found(msgstore_found_list *list)
{
	if (list != NULL)
		PQclear(list->owner);
	free(list);
}

/* -------------------------------------------------------------------- feed */

char *
msgstore_feed_position(msgstore *ms, int64_t store_id)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	return ms_run_for_text(ms, "t", "SELECT msgstore.feed_position($1)",
						   &params);
}

msgstore_event_list *
msgstore_changes_since(msgstore *ms, const msgstore_feed *feed)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_event_list *list;
	msgstore_event *rows;

	ms_add_number(&params, INT8OID, feed->store_id);
	ms_add_param(&params, TEXTOID, feed->token);
	ms_add_number(&params, INT4OID, feed->max ? feed->max : 1000);
	ms_add_number_or_null(&params, INT8OID, feed->folder_id);
	ms_add_param(&params, TEXTOID, feed->actor);
	list = ms_run_for_list(ms, "*tn?n?n?tt?t?t?j?", "SELECT token,"
						   " message_id, folder_id, change_number, kind,"
						   " changed_by, client, " TIME_TEXT("changed_at") ","
						   " pg_catalog.to_json(properties)"
						   " FROM msgstore.changes_since"
						   "($1, $2, $3, $4, $5)", &params, sizeof(*list),
						   sizeof(*rows), &res);
	if (list == NULL)
		return NULL;
	rows = (msgstore_event *) (list + 1);
	list->owner = res;
	list->count = PQntuples(res);
	list->events = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].token = msgstore_text_at(res, i, 0);
		rows[i].message_id = msgstore_number_at(res, i, 1);
		rows[i].folder_id = msgstore_number_at(res, i, 2);
		rows[i].change_number = msgstore_number_at(res, i, 3);
		rows[i].kind = msgstore_text_at(res, i, 4);
		rows[i].changed_by = msgstore_text_at(res, i, 5);
		rows[i].client = msgstore_text_at(res, i, 6);
		rows[i].changed_at = msgstore_text_at(res, i, 7);
		rows[i].properties = msgstore_text_at(res, i, 8);
	}
	return list;
}

void
msgstore_free_events(msgstore_event_list *list)
{
	if (list != NULL)
		PQclear(list->owner);
	free(list);
}
