/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  The calls of libmsgstore for many saves: one call for all of them, or a
 *	  pipeline; and the calls that bring changes from store to store.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* ---------------------------------------------------------------- one call */

msgstore_saved_list *
msgstore_save_messages(msgstore *ms, int64_t store_id, const char *changes,
					   int32_t flags, const char *actor)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_saved_list *list;
	msgstore_saved *rows;

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, changes);
	ms_add_number(&params, INT4OID, flags);
	ms_add_param(&params, TEXTOID, actor);
	list = ms_run_for_list(ms, "*RNN?", "SELECT result, message_id,"
						   " change_number FROM msgstore.save_messages"
						   "($1, $2, $3, $4) ORDER BY item", &params,
						   sizeof(*list), sizeof(*rows), &res);
	if (list == NULL)
		return NULL;
	rows = (msgstore_saved *) (list + 1);
	list->count = PQntuples(res);
	list->saved = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].result = (int32_t) ms_number_in(res, i, 0);
		rows[i].message_id = ms_number_in(res, i, 1);
		rows[i].change_number = ms_number_in(res, i, 2);
	}
	PQclear(res);
	return list;
}

void
msgstore_free_saved(msgstore_saved_list *list)
{
	free(list);
}

/* ---------------------------------------------------------------- pipeline */

#define SAVE_FORM	"1RN?"
#define SAVE_QUERY \
	"SELECT result, change_number" \
	" FROM msgstore.save_message($1, $2, $3, $4, $5, $6, $7)"

/* Most saves of a pipeline whose answers wait, so that neither side blocks. */
#define MOST_UNREAD	100

#ifdef LIBPQ_HAS_PIPELINING

bool
msgstore_enter_pipeline(msgstore *ms)
{
	*ms_unread(ms) = 0;
	ms_clear_error(ms);
	return PQenterPipelineMode(msgstore_connection(ms)) == 1 ||
		ms_take_error(ms, NULL);
}

bool
msgstore_send_save(msgstore *ms, const msgstore_save *save)
{
	Params		params = {0};

	if (*ms_unread(ms) >= MOST_UNREAD)
		return ms_set_error(ms, "too many saves wait for their answers to be "
							"read");
	ms_add_ids(&params, save->store_id, save->message_id);
	ms_add_number(&params, INT8OID, save->change_number);
	ms_add_param(&params, JSONBOID, save->changes);
	ms_add_number(&params, INT4OID, save->flags);
	ms_add_param(&params, TEXTOID, save->request);
	ms_add_param(&params, TEXTOID, save->actor);
	ms_clear_error(ms);
	if (!ms_send(ms, SAVE_FORM, SAVE_QUERY, &params))
		return false;
	if (PQpipelineSync(msgstore_connection(ms)) != 1)
		return ms_take_error(ms, NULL);
	(*ms_unread(ms))++;
	return true;
}

bool
msgstore_next_saved(msgstore *ms, int32_t *result, int64_t *new_number)
{
	PGresult   *res;

	if (*ms_unread(ms) == 0)
		return ms_set_error(ms, "no save waits for an answer");
	(*ms_unread(ms))--;
	res = ms_receive(ms, SAVE_FORM, SAVE_QUERY);
	if (res == NULL)
		return false;
	*result = (int32_t) ms_number_at(res, 0);
	if (new_number != NULL)
		*new_number = ms_number_at(res, 1);
	PQclear(res);
	return true;
}

bool
msgstore_exit_pipeline(msgstore *ms)
{
	int32_t		result;

	while (*ms_unread(ms) > 0 && PQstatus(msgstore_connection(ms)) ==
		   CONNECTION_OK)
		(void) msgstore_next_saved(ms, &result, NULL);
	*ms_unread(ms) = 0;
	ms_clear_error(ms);
	return PQexitPipelineMode(msgstore_connection(ms)) == 1 ||
		ms_take_error(ms, NULL);
}

#else

static bool
no_pipeline(msgstore *ms)
{
	return ms_set_error(ms, "this libpq has no pipeline mode");
}

bool
msgstore_enter_pipeline(msgstore *ms)
{
	return no_pipeline(ms);
}

bool
msgstore_send_save(msgstore *ms, const msgstore_save *save)
{
	(void) save;
	return no_pipeline(ms);
}

bool
msgstore_next_saved(msgstore *ms, int32_t *result, int64_t *new_number)
{
	(void) result;
	(void) new_number;
	return no_pipeline(ms);
}

bool
msgstore_exit_pipeline(msgstore *ms)
{
	return no_pipeline(ms);
}

#endif

/* -------------------------------------------------------- store to store */

char *
msgstore_export_change(msgstore *ms, int64_t store_id, int64_t message_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	return ms_run_for_text(ms, "j", "SELECT msgstore.export_change($1, $2)",
						   &params);
}

bool
msgstore_import_change(msgstore *ms, int64_t store_id, int64_t folder_id,
					   const char *change, int32_t *result,
					   int64_t *message_id)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_param(&params, JSONBOID, change);
	return ms_run_for_result(ms, "RN?", "SELECT result, message_id"
							 " FROM msgstore.import_change($1, $2, $3)",
							 &params, result, message_id, NULL);
}

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

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, JSONBOID, change);
	return ms_run_for_result(ms, "RN?", "SELECT result, folder_id"
							 " FROM msgstore.import_folder($1, $2)",
							 &params, result, folder_id, NULL);
}
