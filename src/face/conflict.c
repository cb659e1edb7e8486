/*-------------------------------------------------------------------------
 *
 * conflict.c
 *	  Conflict reports: the changes of others since a client's base, the
 *	  changes of the client, and the properties that both have touched.
 *
 * NOTES
 *	  A report compares three views of the message: base, theirs (the newest
 *	  version) and yours (the base with the client's edits).  The rule of
 *	  merging (merge.c) defines which properties each side has touched, with
 *	  two additions: a move counts as a change of PR_PARENT_ENTRYID and a
 *	  deletion as a change of PR_DELETED_ON, and an object that others have
 *	  changed and changed back is reported too.
 *
 *	  Recipients and attachments are reported one by one, under the names
 *	  PR_MESSAGE_RECIPIENTS[PR_ROWID] and PR_MESSAGE_ATTACHMENTS[PR_ATTACH_NUM].
 *
 *	  A report is read with a latest snapshot in every isolation level.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "value.h"

/*
 * Unless whole values are asked for, a value of more than SUMMARY_LIMIT bytes
 * is shown as a summary: its size and, if it is a text, its beginning of up to
 * SUMMARY_BEGINS bytes.
 */
#define SUMMARY_LIMIT	1000
#define SUMMARY_BEGINS	100

#define NUM_COLUMNS		9

/* The DETAIL of an error names at most this many properties. */
#define DETAIL_LIMIT	100

/* The lists of a view, each read and indexed when it is first needed. */
typedef struct ShownLists
{
	bool		read[PART_ATTACHMENTS + 1];
	ObjectIndex index[PART_ATTACHMENTS + 1];
} ShownLists;

/* The three views of a report, and the properties that each side touched. */
typedef struct Report
{
	MessageView base;
	MessageView theirs;
	MessageView yours;
	TheirChanges touched;
	NameSet		your_objects;	/* names like PR_MESSAGE_RECIPIENTS[2] */
	ShownLists	lists[3];		/* of base, theirs, yours */
	Edits		edits;			/* the client's, after edits_retype() on both
								 * sides */
	bool		whole;			/* show large values whole */
	MemoryContext memory;		/* of the report; rows have their own */
} Report;

/* ------------------------------------------------------------------ values */

/*
 * Return the summary of a part with a column of its own: {"bytes": n,
 * "begins": "..."} for a text, {"bytes": n} for binary.
 */
static Jsonb *
summary(const MessageView *view, int part)
{
	Datum		value = view->version.content.value[part];
	BagList		list;

	baglist_init(&list, 2);
	baglist_add_int(&list, "bytes", toast_raw_datum_size(value) - VARHDRSZ);
	if (part == PART_HEADERS || part == PART_BODY)
	{
		struct varlena *begin = PG_DETOAST_DATUM_SLICE(value, 0,
													   SUMMARY_BEGINS);
		int			len = pg_mbcliplen(VARDATA_ANY(begin),
									   VARSIZE_ANY_EXHDR(begin),
									   SUMMARY_BEGINS - MAX_MULTIBYTE_CHAR_LEN);

		baglist_add_cstring(&list, "begins", VARDATA_ANY(begin), len);
	}
	return baglist_build(&list);
}

/*
 * Return the summary of a member of the bag: {"bytes": n, "begins": "..."} for
 * a string, {"bytes": n, "elements": n} for a list.  Return NULL if the value
 * is not large.
 */
static Jsonb *
summary_of_value(const JsonbValue *value)
{
	int			size = value->type == jbvString ? value->val.string.len :
	value->type == jbvBinary ? value->val.binary.len : 0;
	BagList		list;

	if (size <= SUMMARY_LIMIT)
		return NULL;
	baglist_init(&list, 2);
	baglist_add_int(&list, "bytes", size);
	if (value->type == jbvBinary)
		baglist_add_int(&list, "elements",
						JsonContainerSize(value->val.binary.data));
	else
		baglist_add_cstring(&list, "begins", value->val.string.val,
							pg_mbcliplen(value->val.string.val, size,
										 SUMMARY_BEGINS));
	return baglist_build(&list);
}

/*
 * Return the object with a number in a list of a view, or NULL.  The index of
 * the list is kept in "memory".
 */
static Jsonb *
shown_object(const MessageView *view, ShownLists *lists, Part part,
			 int64 number, MemoryContext memory)
{
	const NumberedObject *found;

	if (!lists->read[part])
	{
		MemoryContext caller = MemoryContextSwitchTo(memory);
		ObjectList	list;

		objects_read(content_list(&view->version.content, part), &list);
		objects_index(&list, part_number_name(part), &lists->index[part]);
		lists->read[part] = true;
		MemoryContextSwitchTo(caller);
	}
	found = objects_look_up(&lists->index[part], number);
	return found == NULL ? NULL : found->object;
}

/*
 * Return the value that one of the three views of a report shows of a property
 * or of an object of a list, as a summary if it is large and the report does
 * not show values whole.  Return NULL if the view does not have the property.
 */
static Jsonb *
shown(Report *report, const MessageView *view, ShownLists *lists,
	  const char *name)
{
	bool		whole = report->whole;
	Datum		tag = CStringGetTextDatum(name);
	Part		part;
	int64		number;
	Jsonb	   *object;
	Jsonb	   *large;
	JsonbValue	value;

	if (part_of_object_name(name, &part, &number))
		return shown_object(view, lists, part, number, report->memory);
	part = part_of(name, strlen(name));
	if (!whole && part >= PART_HEADERS && !view->version.content.isnull[part] &&
		toast_raw_datum_size(view->version.content.value[part]) > SUMMARY_LIMIT)
		return summary(view, part);
	object = view_props(view, construct_array(&tag, 1, TEXTOID, -1, false,
											  TYPALIGN_INT));
	if (!bag_find(object, name, &value))
		return NULL;
	if (!whole && (large = summary_of_value(&value)) != NULL)
		return large;
	return JsonbValueToJsonb(&value);
}

/* ------------------------------------------------------------------ report */

/* The outcome of collect(). */
typedef enum Collected
{
	COLLECTED,
	COLLECTED_NOTHING,			/* nobody has saved since the base */
	COLLECTED_NO_MESSAGE,		/* nothing is left of the message */
	COLLECTED_NO_BASE			/* the base is not in the history */
} Collected;

/* Fill your_objects: the objects that differ between base and yours. */
static void
find_your_objects(Report *report)
{
	nameset_init(&report->your_objects);
	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
	{
		int64	   *numbers;
		int			count;

		if (report->edits.touched[p] == UNTOUCHED)
			continue;
		numbers = objects_changed(content_list(&report->base.version.content, p),
								  content_list(&report->yours.version.content, p),
								  part_number_name(p), &count);
		for (int i = 0; i < count; i++)
			(void) nameset_add(&report->your_objects,
							   part_object_name(p, numbers[i]));
	}
}

/*
 * Fill *report with the three views and the properties that each side touched.
 * Unless COLLECTED is returned, only "edits" and "whole" are usable.  The
 * views point into *row, whose slot must stay.  A snapshot must be active.
 */
static Collected
collect(Report *report, const Stand *stand, MessageRow *row, bool whole)
{
	Datum	   *bag;

	memset(report, 0, sizeof(Report));
	report->edits = stand->edits;
	report->whole = whole;
	report->memory = CurrentMemoryContext;
	if (stand->is_new)
		return COLLECTED_NOTHING;
	if (!view_read(&report->theirs, stand->store_id, stand->message_id, row))
		return COLLECTED_NO_MESSAGE;
	if (report->theirs.version.change_number == stand->base)
		return COLLECTED_NOTHING;

	/* every row of the report looks into the bags: detoast them once */
	bag = &report->theirs.version.content.value[PART_PROPS];
	*bag = JsonbPGetDatum(DatumGetJsonbP(*bag));
	theirs_init(&report->touched, &report->theirs.version.content);
	report->base = report->theirs;
	if (!change_walk_back(stand->store_id, stand->message_id,
						  &report->base.version, stand->base, theirs_visit,
						  &report->touched))
		return COLLECTED_NO_BASE;
	report->yours = report->base;
	attachments_stamp_edits(&report->base.version.content, &report->edits,
							GetCurrentTimestamp());
	edits_apply(&report->base.version.content, &report->edits,
				&report->yours.version.content);
	edits_retype(&report->base.version.content, &report->edits);
	edits_retype(&report->theirs.version.content, &report->edits);
	find_your_objects(report);
	return COLLECTED;
}

/*
 * Return the side that touched a property: "yours", "theirs" or "both".
 * *change is the newest change of theirs that touched the property, or NULL.
 */
static const char *
side_of(const Report *report, const char *name, const TheirChange **change)
{
	bool		yours = merge_touches(&report->edits, name) ||
	nameset_find(&report->your_objects, name) >= 0;

	*change = theirs_newest(&report->touched, name);
	return *change == NULL ? "yours" : yours ? "both" : "theirs";
}

/* Put the row of one property or object into the result. */
static void
put_row(Report *report, const char *name, Tuplestorestate *result,
		TupleDesc desc)
{
	const TheirChange *change;
	const char *side = side_of(report, name, &change);
	const MessageView *views[3] = {&report->base, &report->theirs,
	&report->yours};
	Datum		values[NUM_COLUMNS];
	bool		nulls[NUM_COLUMNS] = {false};

	CHECK_FOR_INTERRUPTS();
	values[0] = CStringGetTextDatum(name);
	for (int i = 0; i < 3; i++)
	{
		Jsonb	   *value = shown(report, views[i], &report->lists[i], name);

		nulls[1 + i] = (value == NULL);
		values[1 + i] = JsonbPGetDatum(value);
	}
	values[4] = CStringGetTextDatum(side);
	nulls[5] = nulls[6] = nulls[7] = nulls[8] = true;
	if (change != NULL)
	{
		values[5] = CStringGetTextDatum(change->changed_by);
		values[6] = TimestampTzGetDatum(change->changed_at);
		nulls[7] = (change->client == NULL);
		if (change->client != NULL)
			values[7] = CStringGetTextDatum(change->client);
		values[8] = Int64GetDatum(change->change_number);
		nulls[5] = nulls[6] = nulls[8] = false;
	}
	tuplestore_putvalues(result, desc, values, nulls);
}

/* Return true if a name is that of a part which none of the views has. */
static bool
never_there(const Report *report, const char *name)
{
	int			part = part_of(name, strlen(name));

	return part != PART_PROPS &&
		!content_has(&report->base.version.content, part) &&
		!content_has(&report->theirs.version.content, part) &&
		!content_has(&report->yours.version.content, part);
}

/*
 * Return the names of all properties and objects of a report, each once: first
 * the ones that others touched, newest change first, then the client's.
 */
static List *
names_of(const Report *report)
{
	const Edits *edits = &report->edits;
	const NameSet *theirs = &report->touched.names;
	const NameSet *objects = &report->your_objects;
	List	   *names = NIL;

	for (int i = 0; i < theirs->count; i++)
		names = lappend(names, unconstify(char *, theirs->names[i]));
	if (edits->touched[PART_PROPS])
	{
		int			count;
		BagEntry   *entries = bag_entries((Jsonb *) edits->value[PART_PROPS],
										  &count);

		for (int i = 0; i < count; i++)
		{
			char	   *name = pnstrdup(entries[i].key, entries[i].keylen);

			/* a part that is a blob is added below, as a touched part */
			if (part_of(name, entries[i].keylen) == PART_PROPS &&
				nameset_find(theirs, name) < 0)
				names = lappend(names, name);
		}
	}
	for (int i = 0; i < objects->count; i++)
	{
		if (nameset_find(theirs, objects->names[i]) < 0)
			names = lappend(names, unconstify(char *, objects->names[i]));
	}
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] != UNTOUCHED &&
			nameset_find(theirs, part_name(p)) < 0 &&
			!(edits->touched[p] == TOUCHED_IMPLIED &&
			  never_there(report, part_name(p))))
			names = lappend(names, unconstify(char *, part_name(p)));
	}
	return names;
}

/* Put the rows of all properties and objects into the result. */
static void
put_rows(Report *report, Tuplestorestate *result, TupleDesc desc)
{
	List	   *names = names_of(report);
	MemoryContext row = AllocSetContextCreate(report->memory,
											  "msgstore conflict row",
											  ALLOCSET_DEFAULT_SIZES);
	ListCell   *cell;

	foreach(cell, names)
	{
		MemoryContextSwitchTo(row);
		put_row(report, lfirst(cell), result, desc);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(report->memory);
	MemoryContextDelete(row);
}

/*
 * Return the report as the result set of an SQL function.  Raise
 * MAPI_E_NOT_FOUND or MAPI_E_UNABLE_TO_COMPLETE if there is no report.
 */
static void
put_report(FunctionCallInfo fcinfo, const Stand *stand, bool whole)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);
	MessageRow	row;
	Report		report;

	messagerow_begin_read(&row, GetLatestSnapshot());
	switch (collect(&report, stand, &row, whole))
	{
		case COLLECTED:
			put_rows(&report, result, desc);
			break;
		case COLLECTED_NOTHING:
			break;
		case COLLECTED_NO_MESSAGE:
			access_raise_no_message(stand->store_id, stand->message_id);
			break;
		case COLLECTED_NO_BASE:
			stand_raise_no_base(stand);
			break;
	}
	messagerow_end_read(&row);
}

/*
 * conflict(handle, whole) → (property, base, theirs, yours, side, changed_by,
 *							  changed_at, client, change_number)
 *
 * Return one row per property that others or the handle changed since the
 * handle's base, and no row if nobody else has saved the message since.
 * base, theirs and yours are JSON values, NULL if that version does not have
 * the property; large values are summaries unless "whole" is true.
 *
 * Errors: MAPI_E_NOT_FOUND if nothing is left of the message,
 * MAPI_E_UNABLE_TO_COMPLETE if the base is not in the history,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(conflict_of_handle);
Datum
conflict_of_handle(PG_FUNCTION_ARGS)
{
	Handle	   *handle;
	Stand		stand;

	REQUIRE_ARG(0, "handle");
	REQUIRE_ARG(1, "whole");
	handle = handle_message_argument(fcinfo);
	stand_of_handle(&stand, handle);
	stand_require_readable(&stand);
	put_report(fcinfo, &stand, PG_GETARG_BOOL(1));
	return (Datum) 0;
}

/*
 * conflict(store_id, message_id, change_number, changes, whole) → rows
 *
 * Return the report of a client without a handle, whose base is change_number
 * and whose edits are "changes".  Rows and errors are as for conflict(handle),
 * with the errors of set_props() for "changes".
 */
PG_FUNCTION_INFO_V1(conflict_of_message);
Datum
conflict_of_message(PG_FUNCTION_ARGS)
{
	Stand		stand;

	REQUIRE_ARG(4, "whole");
	stand_of_arguments(&stand, fcinfo);
	put_report(fcinfo, &stand, PG_GETARG_BOOL(4));
	return (Datum) 0;
}

/* --------------------------------------------------- for an error's DETAIL */

/* Return one property of a report as a JSON object without values. */
static Jsonb *
name_json(const Report *report, const char *name)
{
	const TheirChange *change;
	const char *side = side_of(report, name, &change);
	BagList		list;

	baglist_init(&list, 6);
	baglist_add_cstring(&list, "property", name, strlen(name));
	baglist_add_cstring(&list, "side", side, strlen(side));
	if (change != NULL)
	{
		char	   *time = palloc(VALUE_TIME_SIZE);

		systime_text(change->changed_at, time);
		baglist_add_cstring(&list, "changed_by", change->changed_by,
							strlen(change->changed_by));
		baglist_add_cstring(&list, "changed_at", time, strlen(time));
		if (change->client != NULL)
			baglist_add_cstring(&list, "client", change->client,
								strlen(change->client));
		baglist_add_int(&list, "change_number", change->change_number);
	}
	return baglist_build(&list);
}

/* Return names with those of properties that both sides touched first. */
static List *
conflicts_first(const Report *report, List *names)
{
	List	   *conflicts = NIL;
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, names)
	{
		const TheirChange *change;

		if (strcmp(side_of(report, lfirst(cell), &change), "both") == 0)
			conflicts = lappend(conflicts, lfirst(cell));
		else
			others = lappend(others, lfirst(cell));
	}
	return list_concat(conflicts, others);
}

/*
 * Add to a list of members: "change_number" of the newest version, "changes",
 * an array with one object per property of the report, and "omitted", the
 * number of properties above DETAIL_LIMIT, if there are any.  If there is no
 * report, "changes" is empty and the other two are missing.
 */
static void
add_changes(BagList *list, const Stand *stand)
{
	JsonbParseState *state = NULL;
	MessageRow	row;
	Report		report;
	List	   *names = NIL;

	messagerow_begin_read(&row, GetLatestSnapshot());
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	if (collect(&report, stand, &row, false) == COLLECTED)
	{
		names = conflicts_first(&report, names_of(&report));
		baglist_add_int(list, "change_number",
						report.theirs.version.change_number);
	}
	for (int i = 0; i < Min(list_length(names), DETAIL_LIMIT); i++)
	{
		Jsonb	   *object = name_json(&report, list_nth(names, i));
		JsonbValue	value;

		value_from_object(&value, object);
		pushJsonbValue(&state, WJB_ELEM, &value);
	}
	baglist_add_value(list, "changes", strlen("changes"),
					  pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	if (list_length(names) > DETAIL_LIMIT)
		baglist_add_int(list, "omitted", list_length(names) - DETAIL_LIMIT);
	messagerow_end_read(&row);
}

/*
 * Return the report of a handle as JSON, for the DETAIL of an error.
 */
char *
conflict_json(int32 code, int32 number)
{
	Handle	   *handle = handle_find(number);
	const char *name = hresult_name(code);
	Stand		stand;
	BagList		list;
	Jsonb	   *object;

	if (handle == NULL || handle->kind != HANDLE_MESSAGE)
		return NULL;
	stand_of_handle(&stand, handle);
	if ((stand_access(&stand) & MAPI_ACCESS_READ) == 0)
		return NULL;
	if (name == NULL)
		name = psprintf("0x%08X", (uint32) code);
	baglist_init(&list, 8);
	baglist_add_cstring(&list, "code", name, strlen(name));
	baglist_add_int(&list, "store_id", stand.store_id);
	baglist_add_int(&list, "message_id", stand.message_id);
	if (!stand.is_new)
		baglist_add_int(&list, "base_change_number", stand.base);
	add_changes(&list, &stand);
	object = baglist_build(&list);
	return JsonbToCString(NULL, &object->root, VARSIZE(object));
}
