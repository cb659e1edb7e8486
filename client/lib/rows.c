/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  The calls of libmsgstore that return many rows: lists of messages,
 *	  search, and the feed of changes.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <stdlib.h>

#include "statement.h"

/* ------------------------------------------------------------------- lists */

/* Run the query for a page of a list, with the arrays of names. */
static msgstore_row_list *
run_for_page(msgstore *ms, const Params *params)
{
	static const ListShape shape = {
		sizeof(msgstore_row_list), sizeof(msgstore_row),
		{
			offsetof(msgstore_row, message_id),
			offsetof(msgstore_row, change_number),
			offsetof(msgstore_row, row),
			offsetof(msgstore_row, position)
		}
	};
	PGresult   *res;
	msgstore_row_list *list =
		ms_run_for_list(ms, "*nnjt", "SELECT message_id, change_number,"
						" \"row\", \"position\" FROM msgstore.list_messages"
						"($1, $2, $3, $4, coalesce($5,"
						" '{PR_MESSAGE_DELIVERY_TIME DESC}'),"
						" $6, $7, $8, $9)", params, &shape, &res);

	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->rows = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

msgstore_row_list *
msgstore_list_messages(msgstore *ms, const msgstore_table *table)
{
	Params		params = {0};
	msgstore_row_list *list = NULL;
	char	   *columns;
	char	   *sort;
	bool		added;

	ms_add_ids(&params, table->store_id, table->folder_id);
	added = ms_add_names(ms, &params, table->columns, &columns);
	ms_add_param(&params, JSONBOID, table->restriction);
	added = ms_add_names(ms, &params, table->sort, &sort) && added;
	ms_add_number_or_null(&params, INT4OID, table->max);
	ms_add_param(&params, TEXTOID, table->after);
	ms_add_number(&params, INT4OID, table->flags);
	ms_add_param(&params, TEXTOID, table->actor);
	if (added)
		list = run_for_page(ms, &params);
	free(columns);
	free(sort);
	return list;
}

void
msgstore_free_rows(msgstore_row_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
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
	static const ListShape shape = {
		sizeof(msgstore_found_list), sizeof(msgstore_found),
		{
			offsetof(msgstore_found, message_id),
			offsetof(msgstore_found, folder_id),
			offsetof(msgstore_found, rank),
			offsetof(msgstore_found, headline),
			offsetof(msgstore_found, position)
		}
	};
	Params		params = {0};
	PGresult   *res;
	msgstore_found_list *list;

	ms_add_number(&params, INT8OID, search->store_id);
	ms_add_param(&params, TEXTOID, search->query);
	ms_add_number_or_null(&params, INT8OID, search->folder_id);
	ms_add_number_or_null(&params, INT4OID, search->max);
	ms_add_param(&params, TEXTOID, search->after);
	ms_add_param(&params, TEXTOID, search->actor);
	list = ms_run_for_list(ms, "*nntt?t", "SELECT message_id, folder_id,"
						   " CAST(rank AS pg_catalog.text), headline,"
						   " \"position\" FROM msgstore.search_messages"
						   "($1, $2, $3, $4, $5, $6)", &params, &shape, &res);
	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->found = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

void
msgstore_free_found(msgstore_found_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
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
	static const ListShape shape = {
		sizeof(msgstore_event_list), sizeof(msgstore_event),
		{
			offsetof(msgstore_event, token),
			offsetof(msgstore_event, message_id),
			offsetof(msgstore_event, folder_id),
			offsetof(msgstore_event, change_number),
			offsetof(msgstore_event, kind),
			offsetof(msgstore_event, changed_by),
			offsetof(msgstore_event, client),
			offsetof(msgstore_event, changed_at),
			offsetof(msgstore_event, properties)
		}
	};
	Params		params = {0};
	PGresult   *res;
	msgstore_event_list *list;

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
						   "($1, $2, $3, $4, $5)", &params, &shape, &res);
	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->events = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

void
msgstore_free_events(msgstore_event_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
}
