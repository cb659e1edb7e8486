/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  The calls of libmsgstore for many saves: one call for all of them, or a
 *	  pipeline.
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
	res = ms_run(ms, "*RNN?", "SELECT result, message_id, change_number"
				 " FROM msgstore.save_messages($1, $2, $3, $4)"
				 " ORDER BY item", &params);
	if (res == NULL)
		return NULL;
	list = malloc(sizeof(*list) + sizeof(*rows) * (size_t) PQntuples(res));
	if (list == NULL)
	{
		PQclear(res);
		(void) ms_set_error(ms, "out of memory");
		return NULL;
	}
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

#define SAVE_FORM	"1RN?N?"

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
	ms_add_save(&params, save);
	ms_clear_error(ms);
	if (!ms_send(ms, SAVE_FORM, MS_SAVE_QUERY, &params))
		return false;
	if (PQpipelineSync(msgstore_connection(ms)) != 1)
		return ms_take_error(ms, NULL);
	(*ms_unread(ms))++;
	return true;
}

bool
msgstore_next_saved(msgstore *ms, msgstore_saved *saved)
{
	PGresult   *res;

	if (*ms_unread(ms) == 0)
		return ms_set_error(ms, "no save waits for an answer");
	(*ms_unread(ms))--;
	res = ms_receive(ms, SAVE_FORM, MS_SAVE_QUERY);
	if (res == NULL)
		return false;
	saved->result = (int32_t) ms_number_at(res, 0);
	saved->message_id = ms_number_at(res, 1);
	saved->change_number = ms_number_at(res, 2);
	PQclear(res);
	return true;
}

bool
msgstore_exit_pipeline(msgstore *ms)
{
	msgstore_saved saved;

	while (*ms_unread(ms) > 0 && PQstatus(msgstore_connection(ms)) ==
		   CONNECTION_OK)
		(void) msgstore_next_saved(ms, &saved);
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
msgstore_next_saved(msgstore *ms, msgstore_saved *saved)
{
	(void) saved;
	return no_pipeline(ms);
}

bool
msgstore_exit_pipeline(msgstore *ms)
{
	return no_pipeline(ms);
}

#endif
