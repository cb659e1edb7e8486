/*-------------------------------------------------------------------------
 *
 * conflict.c
 *	  The calls of libmsgstore for conflicts, drafts, history and places.
 *
 * NOTES
 *	  A list and its rows are one piece of memory.  The texts belong to the
 *	  PGresult of the query, which the list owns.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* --------------------------------------------------------------- conflicts */

#define CONFLICT_COLUMNS \
	"SELECT property, base, theirs, yours, side, changed_by, " \
	TIME_TEXT("changed_at") ", client, change_number" \
	" FROM msgstore.conflict"

static msgstore_conflict_report *
run_for_report(msgstore *ms, const char *sql, const Params *params)
{
	PGresult   *res;
	msgstore_conflict_report *report;
	msgstore_difference *rows;

	report = ms_run_for_list(ms, "*tj?j?j?tt?t?t?n?", sql, params,
						  sizeof(*report), sizeof(*rows), &res);
	if (report == NULL)
		return NULL;
	rows = (msgstore_difference *) (report + 1);
	report->owner = res;
	report->count = PQntuples(res);
	report->differences = rows;
	for (int i = 0; i < report->count; i++)
	{
		rows[i].property = msgstore_text_at(res, i, 0);
		rows[i].base = msgstore_text_at(res, i, 1);
		rows[i].theirs = msgstore_text_at(res, i, 2);
		rows[i].yours = msgstore_text_at(res, i, 3);
		rows[i].side = msgstore_text_at(res, i, 4);
		rows[i].changed_by = msgstore_text_at(res, i, 5);
		rows[i].changed_at = msgstore_text_at(res, i, 6);
		rows[i].client = msgstore_text_at(res, i, 7);
		rows[i].change_number = msgstore_number_at(res, i, 8);
	}
	return report;
}

msgstore_conflict_report *
msgstore_conflict(msgstore *ms, int32_t handle, bool whole)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return run_for_report(ms, whole ? CONFLICT_COLUMNS "($1, true)" :
						  CONFLICT_COLUMNS "($1)", &params);
}

msgstore_conflict_report *
msgstore_message_conflict(msgstore *ms, int64_t store_id, int64_t message_id,
						  int64_t change_number, const char *changes,
						  bool whole)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, change_number);
	ms_add_param(&params, JSONBOID, changes);
	return run_for_report(ms, whole ? CONFLICT_COLUMNS "($1, $2, $3, $4, true)"
						  : CONFLICT_COLUMNS "($1, $2, $3, $4)", &params);
}

void
msgstore_free_conflict(msgstore_conflict_report *report)
{
	if (report != NULL)
		PQclear(report->owner);
	free(report);
}

bool
msgstore_resolve_conflict(msgstore *ms, int32_t handle, const char *choice,
						  int64_t folder_id, int64_t seen, int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_param(&params, TEXTOID, choice);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_number_or_null(&params, INT8OID, seen);
	return ms_run_for_int32(ms, "SELECT msgstore.resolve_conflict"
							"($1, $2, $3, $4)", &params, result);
}

bool
msgstore_resolve_message_conflict(msgstore *ms, int64_t store_id,
								  int64_t message_id, int64_t change_number,
								  const char *changes, const char *choice,
								  int64_t folder_id, int64_t seen,
								  int32_t *result, int64_t *in_message,
								  int64_t *new_number)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, change_number);
	ms_add_param(&params, JSONBOID, changes);
	ms_add_param(&params, TEXTOID, choice);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_number_or_null(&params, INT8OID, seen);
	return ms_run_for_result(ms, "RNN?",
							 "SELECT result, message_id, change_number"
							 " FROM msgstore.resolve_conflict"
							 "($1, $2, $3, $4, $5, $6, $7)",
							 &params, result, in_message, new_number);
}

char *
msgstore_merge_obstacles(msgstore *ms, int32_t handle, bool by_lines)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_param(&params, BOOLOID, by_lines ? "t" : "f");
	return ms_run_for_text(ms, "j", "SELECT pg_catalog.to_json"
						   "(msgstore.merge_obstacles($1, $2))", &params);
}

char *
msgstore_merge_text(msgstore *ms, const char *base, const char *theirs,
					const char *yours, int64_t *conflicts)
{
	const char *values[] = {base, theirs, yours};
	PGresult   *res = msgstore_query(ms, "1tn", "SELECT m.merged,"
									 " m.conflicts::bigint"
									 " FROM msgstore.merge_text($1, $2, $3)"
									 " AS m", 3, values);
	char	   *merged = NULL;

	if (res == NULL)
		return NULL;
	merged = strdup(msgstore_text_at(res, 0, 0));
	if (merged == NULL)
		(void) ms_set_error(ms, "out of memory");
	else if (conflicts != NULL)
		*conflicts = msgstore_number_at(res, 0, 1);
	PQclear(res);
	return merged;
}

bool
msgstore_save_as(msgstore *ms, int32_t handle, int64_t folder_id,
				 int64_t *message_id)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT8OID, folder_id);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.save_as($1, $2)",
							  &params, message_id);
}

/* ------------------------------------------------------------------ drafts */

bool
msgstore_park(msgstore *ms, int32_t handle, int64_t *parked_id)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_numbers(ms, "N", "SELECT msgstore.park($1)", &params,
							  parked_id);
}

bool
msgstore_resume(msgstore *ms, int64_t store_id, int64_t parked_id,
				int32_t *handle)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parked_id);
	return ms_run_for_int32(ms, "SELECT msgstore.resume($1, $2)", &params,
							handle);
}

bool
msgstore_discard_parked(msgstore *ms, int64_t store_id, int64_t parked_id)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, parked_id);
	return ms_run_for_nothing(ms, "SELECT msgstore.discard_parked($1, $2)",
							  &params);
}

msgstore_draft_list *
msgstore_parked(msgstore *ms, int64_t store_id, int64_t message_id)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_draft_list *list;
	msgstore_draft *rows;

	ms_add_number(&params, INT8OID, store_id);
	ms_add_number_or_null(&params, INT8OID, message_id);
	list = ms_run_for_list(ms, "*nnn?t?jt?t?t",
						"SELECT parked_id, message_id, change_number,"
						" subject, pg_catalog.to_json(properties), actor,"
						" client, " TIME_TEXT("parked_at")
						" FROM msgstore.parked"
						" WHERE store_id OPERATOR(pg_catalog.=) $1"
						" AND (message_id OPERATOR(pg_catalog.=) $2"
						" OR $2 IS NULL)"
						" AND role OPERATOR(pg_catalog.=) CURRENT_USER"
						" ORDER BY parked_id",
						&params, sizeof(*list), sizeof(*rows), &res);
	if (list == NULL)
		return NULL;
	rows = (msgstore_draft *) (list + 1);
	list->owner = res;
	list->count = PQntuples(res);
	list->drafts = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].parked_id = msgstore_number_at(res, i, 0);
		rows[i].message_id = msgstore_number_at(res, i, 1);
		rows[i].change_number = msgstore_number_at(res, i, 2);
		rows[i].subject = msgstore_text_at(res, i, 3);
		rows[i].properties = msgstore_text_at(res, i, 4);
		rows[i].actor = msgstore_text_at(res, i, 5);
		rows[i].client = msgstore_text_at(res, i, 6);
		rows[i].parked_at = msgstore_text_at(res, i, 7);
	}
	return list;
}

void
msgstore_free_parked(msgstore_draft_list *list)
{
	if (list != NULL)
		PQclear(list->owner);
	free(list);
}

/* ----------------------------------------------------------------- history */

msgstore_change_list *
msgstore_history(msgstore *ms, int64_t store_id, int64_t message_id)
{
	Params		params = {0};
	PGresult   *res;
	msgstore_change_list *list;
	msgstore_change *rows;

	ms_add_ids(&params, store_id, message_id);
	list = ms_run_for_list(ms, "*ntttt?t?t?j?n?n?",
						"SELECT change_number, kind, changed_by, role,"
						" actor, client, " TIME_TEXT("changed_at") ","
						" pg_catalog.to_json(properties), previous,"
						" base_change_number FROM msgstore.history($1, $2)",
						&params, sizeof(*list), sizeof(*rows), &res);
	if (list == NULL)
		return NULL;
	rows = (msgstore_change *) (list + 1);
	list->owner = res;
	list->count = PQntuples(res);
	list->changes = rows;
	for (int i = 0; i < list->count; i++)
	{
		rows[i].change_number = msgstore_number_at(res, i, 0);
		rows[i].kind = msgstore_text_at(res, i, 1);
		rows[i].changed_by = msgstore_text_at(res, i, 2);
		rows[i].role = msgstore_text_at(res, i, 3);
		rows[i].actor = msgstore_text_at(res, i, 4);
		rows[i].client = msgstore_text_at(res, i, 5);
		rows[i].changed_at = msgstore_text_at(res, i, 6);
		rows[i].properties = msgstore_text_at(res, i, 7);
		rows[i].previous = msgstore_number_at(res, i, 8);
		rows[i].base_change_number = msgstore_number_at(res, i, 9);
	}
	return list;
}

void
msgstore_free_history(msgstore_change_list *list)
{
	if (list != NULL)
		PQclear(list->owner);
	free(list);
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
						 int32_t *result, int64_t *new_number)
{
	Params		params = {0};

	ms_add_ids(&params, store_id, message_id);
	ms_add_number(&params, INT8OID, version);
	ms_add_number(&params, INT8OID, change_number);
	return ms_run_for_result(ms, "RN?", "SELECT result, change_number"
							 " FROM msgstore.restore_version"
							 "($1, $2, $3, $4)",
							 &params, result, new_number, NULL);
}

/* ------------------------------------------------------------------- place */

/*
 * Run a statement about several messages.  Their ids become the value of the
 * parameter $2, which the caller has added without a value.
 */
static bool
run_for_place(msgstore *ms, const char *sql, Params *params,
			  const int64_t *ids, int count, int32_t *result)
{
	char	   *array = ms_ids_text(ids, count);
	bool		answered;

	if (array == NULL)
		return ms_set_error(ms, "out of memory");
	params->values[1] = array;
	answered = ms_run_for_int32(ms, sql, params, result);
	free(array);
	return answered;
}

bool
msgstore_delete_messages(msgstore *ms, int64_t store_id,
						 const int64_t *message_ids, int count,
						 int32_t flags, int64_t if_change_number,
						 int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, INT8ARRAYOID, NULL);
	ms_add_number(&params, INT4OID, flags);
	ms_add_number_or_null(&params, INT8OID, if_change_number);
	return run_for_place(ms, "SELECT msgstore.delete_messages"
						 "($1, $2, $3, $4)", &params, message_ids, count,
						 result);
}

bool
msgstore_restore_messages(msgstore *ms, int64_t store_id,
						  const int64_t *message_ids, int count,
						  int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, INT8ARRAYOID, NULL);
	return run_for_place(ms, "SELECT msgstore.restore_messages($1, $2)",
						 &params, message_ids, count, result);
}

bool
msgstore_move_messages(msgstore *ms, int64_t store_id,
					   const int64_t *message_ids, int count,
					   int64_t folder_id, int64_t if_change_number,
					   int32_t *result)
{
	Params		params = {0};

	ms_add_number(&params, INT8OID, store_id);
	ms_add_param(&params, INT8ARRAYOID, NULL);
	ms_add_number(&params, INT8OID, folder_id);
	ms_add_number_or_null(&params, INT8OID, if_change_number);
	return run_for_place(ms, "SELECT msgstore.move_messages"
						 "($1, $2, $3, $4)", &params, message_ids, count,
						 result);
}
