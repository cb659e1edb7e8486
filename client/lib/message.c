/*-------------------------------------------------------------------------
 *
 * message.c
 *	  The calls of libmsgstore for the session, stores, folders and messages.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/*
 * Run a query for properties as JSON.  The last parameter, which is added
 * here, is the list of tags; NULL asks for all properties.
 */
static char *
run_for_props(msgstore *ms, const char *sql, Params *params,
			  const char *const *tags)
{
	char	   *array;
	char	   *text = NULL;

	if (ms_add_names(ms, params, tags, &array))
		text = ms_run_for_text(ms, "j", sql, params);
	free(array);
	return text;
}

/* ---------------------------------------------------------------- session */

bool
msgstore_set_actor(msgstore *ms, const char *actor)
{
	Params		params = {0};
	PGresult   *res;

	ms_add_param(&params, TEXTOID, actor ? actor : "");
	res = ms_run(ms, "1t", "SELECT pg_catalog.set_config"
				 "('msgstore.actor', $1, false)", &params);
	PQclear(res);
	return res != NULL;
}

/* -------------------------------------------------------- stores, folders */

/* Run a query for an id; *found is false if the query returns no row. */
static bool
run_for_id(msgstore *ms, const char *sql, const Params *params, bool *found,
		   int64_t *id)
{
	PGresult   *res = ms_run(ms, "?N", sql, params);

	if (res == NULL)
		return false;
	*found = PQntuples(res) > 0;
	if (*found)
		*id = ms_number_at(res, 0);
	PQclear(res);
	return true;
}

bool
msgstore_find_store(msgstore *ms, const char *name, bool *found,
					int64_t *store_id)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, name);
	return run_for_id(ms, "SELECT store_id FROM msgstore.store_list"
					  " WHERE name OPERATOR(pg_catalog.=) $1",
					  &params, found, store_id);
}

bool
msgstore_find_folder(msgstore *ms, int64_t store_id, int64_t parent_id,
					 const char *name, bool *found, int64_t *folder_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parent_id);
	ms_add_param(&params, TEXTOID, name);
	return run_for_id(ms, "SELECT folder_id FROM msgstore.folder_list"
					  " WHERE store_id OPERATOR(pg_catalog.=) $1"
					  " AND parent_id OPERATOR(pg_catalog.=) $2"
					  " AND name OPERATOR(pg_catalog.=) $3",
					  &params, found, folder_id);
}

bool
msgstore_create_store(msgstore *ms, const char *name, int64_t *store_id)
{
	Params		params = {0};

	ms_add_param(&params, TEXTOID, name);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.create_store($1)",
							  &params, store_id);
}

bool
msgstore_create_folder(msgstore *ms, int64_t store_id, int64_t parent_id,
					   const char *name, int64_t *folder_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parent_id);
	ms_add_param(&params, TEXTOID, name);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.create_folder"
							  "($1, $2, $3)", &params, folder_id);
}

bool
msgstore_special_folder(msgstore *ms, int64_t store_id, const char *which,
						int64_t *folder_id, int64_t *parent_id)
{
	Params		params = {0};
	int64_t		ids[2];

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, TEXTOID, which);
	if (!ms_run_for_numbers(ms, "NN?", "SELECT folder_id, parent_id"
							" FROM msgstore.folder_list"
							" WHERE store_id OPERATOR(pg_catalog.=) $1"
							" AND folder_id OPERATOR(pg_catalog.=)"
							" msgstore.special_folder($1, $2)",
							&params, ids))
		return false;
	*folder_id = ids[0];
	*parent_id = ids[1];
	return true;
}

/* ----------------------------------------------------------------- handles */

bool
msgstore_open_message(msgstore *ms, int64_t store_id, int64_t message_id,
					  int32_t flags, int32_t *handle)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.open_message($1, $2, $3)",
							&params, handle);
}

bool
msgstore_create_message(msgstore *ms, int64_t store_id, int64_t folder_id,
						int32_t flags, int32_t *handle)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, folder_id);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.create_message($1, $2, $3)",
							&params, handle);
}

bool
msgstore_message_id(msgstore *ms, int32_t handle, int64_t *message_id)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.message_id($1)",
							  &params, message_id);
}

char *
msgstore_get_props(msgstore *ms, int32_t handle, const char *const *tags)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return run_for_props(ms, "SELECT msgstore.get_props_json($1, $2)", &params,
						 tags);
}

bool
msgstore_set_props(msgstore *ms, int32_t handle, const char *props)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_param(&params, JSONBOID, props);
	return ms_run_for_nothing(ms, "SELECT msgstore.set_props($1, $2)",
							  &params);
}

bool
msgstore_delete_props(msgstore *ms, int32_t handle, const char *const *tags)
{
	static const char *const no_tags[] = {NULL};
	Params		params = {0};
	char	   *array;
	bool		deleted;

	ms_add_number(&params, INT4OID, handle);
	deleted = ms_add_names(ms, &params, tags ? tags : no_tags, &array) &&
		ms_run_for_nothing(ms, "SELECT msgstore.delete_props($1, $2)",
						   &params);
	free(array);
	return deleted;
}

bool
msgstore_save_changes(msgstore *ms, int32_t handle, int32_t flags,
					  int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.save_changes($1, $2)",
							&params, result);
}

bool
msgstore_force_save(msgstore *ms, int32_t handle, int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_int32(ms, "SELECT msgstore.force_save($1)", &params,
							result);
}

bool
msgstore_refresh(msgstore *ms, int32_t handle)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_nothing(ms, "SELECT msgstore.refresh($1)", &params);
}

bool
msgstore_close_object(msgstore *ms, int32_t handle)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_nothing(ms, "SELECT msgstore.close_object($1)", &params);
}

/* -------------------------------------------------------- without a handle */

void
ms_add_save(Params *params, const msgstore_save *save)
{
	ms_add_ids(params, save->store_id, save->message_id);
	ms_add_number(params, INT8OID, save->change_number);
	ms_add_param(params, JSONBOID, save->changes);
	ms_add_number(params, INT4OID, save->flags);
	ms_add_param(params, TEXTOID, save->request);
	ms_add_param(params, TEXTOID, save->actor);
}

char *
msgstore_read_message(msgstore *ms, int64_t store_id, int64_t message_id,
					  const char *const *tags)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	return run_for_props(ms, "SELECT msgstore.read_message_json($1, $2, $3)",
						 &params, tags);
}

bool
msgstore_save_message(msgstore *ms, const msgstore_save *save,
					  msgstore_saved *saved)
{
	Params		params = {0};

	ms_add_save(&params, save);
	return ms_run_for_saved(ms, MS_SAVE_QUERY, &params, saved);
}

bool
msgstore_save_new_message(msgstore *ms, const msgstore_save *save,
						  msgstore_saved *saved)
{
	Params		params = {0};

	ms_add_ids(&params, save->store_id, save->folder_id);
	ms_add_param(&params, JSONBOID, save->changes);
	ms_add_number(&params, INT4OID, save->flags);
	ms_add_param(&params, TEXTOID, save->request);
	ms_add_param(&params, TEXTOID, save->actor);
	return ms_run_for_saved(ms, "SELECT result, message_id, change_number"
							" FROM msgstore.save_new_message"
							"($1, $2, $3, $4, $5, $6)", &params, saved);
}
