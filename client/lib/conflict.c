/*-------------------------------------------------------------------------
 *
 * conflict.c
 *	  The calls of libmsgstore for conflicts and drafts.
 *
 * NOTES
 *	  A list and its rows are one piece of memory.  The texts belong to the
 *	  PGresult of the query, which the list owns.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
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
	static const ListShape shape = {
		sizeof(msgstore_conflict_report), sizeof(msgstore_difference),
		{
			offsetof(msgstore_difference, property),
			offsetof(msgstore_difference, base),
			offsetof(msgstore_difference, theirs),
			offsetof(msgstore_difference, yours),
			offsetof(msgstore_difference, side),
			offsetof(msgstore_difference, changed_by),
			offsetof(msgstore_difference, changed_at),
			offsetof(msgstore_difference, client),
			offsetof(msgstore_difference, change_number)
		}
	};
	PGresult   *res;
	msgstore_conflict_report *report =
		ms_run_for_list(ms, "*tj?j?j?tt?t?t?n?", sql, params, &shape, &res);

	if (report == NULL)
		return NULL;
	report->count = PQntuples(res);
	report->differences = ms_rows_of(report, &shape);
	report->owner = res;
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
msgstore_message_conflict(msgstore *ms, const msgstore_save *save, bool whole)
{
	Params		params = {0};

	ms_add_ids(&params, save->store_id, save->message_id);
	ms_add_number(&params, INT8OID, save->change_number);
	ms_add_param(&params, JSONBOID, save->changes);
	return run_for_report(ms, whole ? CONFLICT_COLUMNS "($1, $2, $3, $4, true)"
						  : CONFLICT_COLUMNS "($1, $2, $3, $4)", &params);
}

void
msgstore_free_conflict(msgstore_conflict_report *report)
{
	ms_free_list(report, report ? report->owner : NULL);
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
msgstore_resolve_message_conflict(msgstore *ms, const msgstore_save *save,
								  const char *choice, int64_t folder_id,
								  int64_t seen, msgstore_saved *saved)
{
	Params		params = {0};

	ms_add_ids(&params, save->store_id, save->message_id);
	ms_add_number(&params, INT8OID, save->change_number);
	ms_add_param(&params, JSONBOID, save->changes);
	ms_add_param(&params, TEXTOID, choice);
	ms_add_number_or_null(&params, INT8OID, folder_id);
	ms_add_number_or_null(&params, INT8OID, seen);
	ms_add_param(&params, TEXTOID, save->request);
	ms_add_param(&params, TEXTOID, save->actor);
	return ms_run_for_saved(ms, "SELECT result, message_id, change_number"
							" FROM msgstore.resolve_conflict"
							"($1, $2, $3, $4, $5, $6, $7, $8, $9)",
							&params, saved);
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
	static const ListShape shape = {
		sizeof(msgstore_draft_list), sizeof(msgstore_draft),
		{
			offsetof(msgstore_draft, parked_id),
			offsetof(msgstore_draft, message_id),
			offsetof(msgstore_draft, change_number),
			offsetof(msgstore_draft, subject),
			offsetof(msgstore_draft, properties),
			offsetof(msgstore_draft, actor),
			offsetof(msgstore_draft, client),
			offsetof(msgstore_draft, parked_at)
		}
	};
	Params		params = {0};
	PGresult   *res;
	msgstore_draft_list *list;

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
						   " ORDER BY parked_id", &params, &shape, &res);
	if (list == NULL)
		return NULL;
	list->count = PQntuples(res);
	list->drafts = ms_rows_of(list, &shape);
	list->owner = res;
	return list;
}

void
msgstore_free_parked(msgstore_draft_list *list)
{
	ms_free_list(list, list ? list->owner : NULL);
}
