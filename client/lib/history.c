/*-------------------------------------------------------------------------
 *
 * history.c
 *	  The calls of libmsgstore for the history and the places of messages.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* ----------------------------------------------------------------- history */

msgstore_change_list *
msgstore_history(msgstore *ms, int64_t store_id, int64_t message_id, int max)
{
	static const ListShape shape = {
		sizeof(msgstore_change_list), sizeof(msgstore_change),
		{
			offsetof(msgstore_change, change_number),
			offsetof(msgstore_change, kind),
			offsetof(msgstore_change, changed_at),
			offsetof(msgstore_change, changed_by),
			offsetof(msgstore_change, client),
			offsetof(msgstore_change, properties),
			offsetof(msgstore_change, previous),
			offsetof(msgstore_change, base_change_number),
			offsetof(msgstore_change, role),
			offsetof(msgstore_change, actor)
		}
	};
	Params		params = {0};
	PGresult   *res;
	msgstore_change_list *list;

	ms_add_ids(&params, store_id, message_id);
	ms_add_number_or_null(&params, INT4OID, max);
	list = ms_run_for_list(ms, "*nttt?t?j?n?n?t?t?", "SELECT change_number,"
						   " kind, " TIME_TEXT("changed_at") ", changed_by,"
						   " client, pg_catalog.to_json(properties), previous,"
						   " base_change_number, role, actor"
						   " FROM msgstore.history($1, $2, $3)",
						   &params, &shape, &res);
	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->changes = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

void
msgstore_free_history(msgstore_change_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
}

char *
msgstore_message_at(msgstore *ms, int64_t store_id, int64_t message_id,
					int64_t change_number)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, change_number);
	return ms_run_for_text(ms, "j", "SELECT msgstore.message_at($1, $2, $3)",
						   &params);
}

bool
msgstore_restore_version(msgstore *ms, int64_t store_id, int64_t message_id,
						 int64_t version, int64_t change_number,
						 msgstore_saved *saved)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, version);
	ms_add_number(&params, INT8OID, change_number);
	return ms_run_for_saved(ms, "SELECT result, $2, change_number"
							" FROM msgstore.restore_version"
							"($1, $2, $3, $4)", &params, saved);
}

/* ------------------------------------------------------------------ places */

/*
 * Run a statement about several messages.  Their store and their ids become
 * the parameters $1 and $2; the statement's own parameter, if the type is not
 * 0, becomes $3.
 */
static bool
run_for_messages(msgstore *ms, const char *sql,
				 const msgstore_selection *messages, Oid type, int64_t own,
				 int32_t *result)
{
	Params		params = {0};
	char	   *array;
	bool		answered;

	ms_add_number(&params, INT8OID, messages->store_id);
	answered = ms_add_id_array(ms, &params, messages->message_ids,
							   messages->count, &array);
	if (type != 0)
	{
		ms_add_number(&params, type, own);
		ms_add_number_or_null(&params, INT8OID, messages->if_change_number);
	}
	ms_add_param(&params, TEXTOID, messages->actor);
	answered = answered && ms_run_for_int32(ms, sql, &params, result);
	free(array);
	return answered;
}

bool
msgstore_delete_messages(msgstore *ms, const msgstore_selection *messages,
						 int32_t flags, int32_t *result)
{
	return run_for_messages(ms, "SELECT msgstore.delete_messages"
							"($1, $2, $3, $4, $5)", messages, INT4OID, flags,
							result);
}

bool
msgstore_restore_messages(msgstore *ms, const msgstore_selection *messages,
						  int32_t *result)
{
	if (messages->if_change_number != 0)
		return ms_set_error(ms, "messages are restored without a condition");
	return run_for_messages(ms, "SELECT msgstore.restore_messages($1, $2, $3)",
							messages, 0, 0, result);
}

bool
msgstore_move_messages(msgstore *ms, const msgstore_selection *messages,
					   int64_t folder_id, int32_t *result)
{
	return run_for_messages(ms, "SELECT msgstore.move_messages"
							"($1, $2, $3, $4, $5)", messages, INT8OID,
							folder_id, result);
}

bool
msgstore_set_read_flags(msgstore *ms, const msgstore_selection *messages,
						int64_t folder_id, int32_t flags, int32_t *result)
{
	Params		params = {0};
	char	   *array = NULL;
	bool		answered = true;

	if (messages->if_change_number != 0)
		return ms_set_error(ms, "messages are marked without a condition");
	ms_add_number(&params, INT8OID, messages->store_id);
	if (messages->message_ids == NULL)
		ms_add_param(&params, INT8ARRAYOID, NULL);
	else
		answered = ms_add_id_array(ms, &params, messages->message_ids,
								   messages->count, &array);
	ms_add_number(&params, INT4OID, flags);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_param(&params, TEXTOID, messages->actor);
	answered = answered &&
		ms_run_for_int32(ms, "SELECT msgstore.set_read_flags"
						 "($1, $2, $3, $4, $5)", &params, result);
	free(array);
	return answered;
}
