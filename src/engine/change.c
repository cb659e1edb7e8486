/*-------------------------------------------------------------------------
 *
 * change.c
 *	  The chain of changes: writing a version with its record, and walking
 *	  back to an older version.
 *
 * NOTES
 *	  Each row of change records who made the change and when, and the values
 *	  that the change replaced (its undo).
 *
 *	  An older version is read by taking changes back, from the newest one
 *	  along "previous".  The walk merges the undos on its way, an older value
 *	  replacing a newer one, and applies the result at the end, so that a long
 *	  walk needs little more memory than a short one.  Every row is looked up
 *	  by its full key, so that a missing row is noticed.  A row missing at the
 *	  old end of the chain was pruned; a row missing anywhere else means a
 *	  damaged history.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "query.h"
#include "value.h"

/* -------------------------------------------------------- lists of numbers */

/* Convert a JSON array of integers to a bigint[]. */
static Datum
numbers_from_json(const JsonbValue *array)
{
	JsonbContainer *container = array->val.binary.data;
	int			count = JsonContainerSize(container);
	Datum	   *numbers = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		JsonbValue *number = getIthJsonbValueFromContainer(container, i);

		numbers[i] = Int64GetDatum(integer_of_value(number));
	}
	return PointerGetDatum(construct_array(numbers, count, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/* Convert integers to a JSON array, which is palloc'd. */
static void
numbers_to_json(Datum *numbers, int count, JsonbValue *array)
{
	JsonbParseState *state = NULL;
	JsonbValue	number;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	number.type = jbvNumeric;
	for (int i = 0; i < count; i++)
	{
		number.val.numeric =
			DatumGetNumeric(DirectFunctionCall1(int8_numeric, numbers[i]));
		pushJsonbValue(&state, WJB_ELEM, &number);
	}
	*array = *pushJsonbValue(&state, WJB_END_ARRAY, NULL);
}

/* ------------------------------------------------------------ walking back */

/* Undo a change of a time, which is 0 if the member of the undo is null. */
static void
undo_time(const Undo *undo, const char *member, TimestampTz *time)
{
	JsonbValue	value;

	if (!bag_find(undo->props, member, &value))
		return;
	*time = 0;
	if (value.type == jbvString)
		(void) systime_timestamp(value.val.string.val, value.val.string.len,
								 time);
}

/* Undo the part of a change that is outside the content. */
static void
undo_placement(const Undo *undo, Version *version)
{
	JsonbValue	value;

	if (bag_find(undo->props, UNDO_FOLDER, &value))
		version->folder_id = integer_of_value(&value);
	if (bag_find(undo->props, UNDO_FLAGS, &value))
		version->message_flags = (int32) integer_of_value(&value);
	undo_time(undo, UNDO_DELETED, &version->deleted_at);
	undo_time(undo, UNDO_SUBMITTED, &version->submitted_at);
	if (bag_find(undo->props, UNDO_PREDECESSORS, &value))
		version->predecessors = value.type == jbvNull ? (Datum) 0 :
			numbers_from_json(&value);
	if (bag_find(undo->props, UNDO_LINEAGE, &value))
		version->lineage = value.type == jbvNull ? (Datum) 0 :
			PointerGetDatum(base64_bytes(value.val.string.val,
										 value.val.string.len));
}

/*
 * Replace *version by an older version.  If a row is missing although the row
 * of "to" exists, the chain has a hole, and an error is raised.
 */
bool
change_walk_back(int64 store_id, int64 message_id, Version *version, int64 to,
				 ChangeVisitor visit, void *arg)
{
	Relation	change;
	ChangeWalk	walk;
	int64		at = version->change_number;
	Undo		total;

	if (at == to)
		return true;
	memset(&total, 0, sizeof(Undo));
	total.props = bag_empty();
	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	changewalk_begin(&walk, change, store_id, message_id);
	while (at != to)
	{
		ChangeRow	row;

		CHECK_FOR_INTERRUPTS();
		if (!changewalk_fetch(&walk, &row, at))
		{
			if (changewalk_fetch(&walk, &row, to))
				ereport(ERROR,
						(errmapi(MAPI_E_CORRUPT_DATA),
						 errmsg("the history of message %lld in store %lld lacks change %lld",
								(long long) message_id, (long long) store_id,
								(long long) at)));
			break;
		}
		if (row.previous == 0)
			break;
		if (visit != NULL)
			visit(&row, arg);
		undo_merge(&total, &row.undo);
		pfree(row.undo.props);
		at = row.previous;
	}
	changewalk_end(&walk);
	table_close(change, NoLock);
	if (at != to)
		return false;

	undo_apply(&total, &version->content);
	undo_placement(&total, version);
	version->change_number = to;
	return true;
}

bool
change_any(int64 store_id, int64 message_id)
{
	Relation	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	ChangeRow	row;
	bool		found = changerow_newest(&row, change, store_id, message_id,
										 '\0');

	table_close(change, NoLock);
	return found;
}

/* ----------------------------------------------------------------- writing */

bool
change_requested(int64 store_id, const char *request, int64 *message_id,
				 int64 *number)
{
	Datum		values[4] = {Int64GetDatum(store_id),
		CStringGetTextDatum(request), access_role_name(),
	Int64GetDatum(*message_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_CHANGE_REQUESTED, values,
					  *message_id == 0 ? "   n" : NULL) > 0;
	if (found)
	{
		bool		isnull;

		*message_id = query_result_bigint();
		*number = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											  SPI_tuptable->tupdesc, 2,
											  &isnull));
	}
	SPI_finish();
	return found;
}

/*
 * Insert the record of a change to the message in *row, or add it to a batch.
 * "author" is NULL if the call names none.
 */
static void
record(const MessageRow *row, char kind, int64 number, int64 previous,
	   int64 base, TimestampTz changed_at, const Author *author,
	   const Undo *undo, ChangeBatch *batch)
{
	ChangeRow	change;

	memset(&change, 0, sizeof(change));
	change.store_id = row->store_id;
	change.message_id = row->message_id;
	change.change_number = number;
	change.previous = previous;
	change.base = base;
	change.incarnation = number_incarnation();
	change.changed_at = changed_at;
	change.kind = kind;
	change.author_id = author_record(author, number);
	change.request = author == NULL ? NULL : author->request;
	change.undo = *undo;
	change.packed = packed_bag(undo->props);
	if (batch != NULL)
		changebatch_add(batch, &change);
	else
		changerow_insert(&change);
	activity_change(&change);
	wakeup_note(row->store_id);
}

/*
 * Return the time of a change to the version in *row: that of the clock, but
 * always later than that of the replaced version.  The changes of a message
 * are therefore in the order of their times, even if a clock is set back or
 * the clocks of two nodes differ.
 */
static TimestampTz
change_time(const MessageRow *row)
{
	return Max(GetCurrentTimestamp(), row->modified_at + 1);
}

/*
 * Make edits replace the PR_LAST_MODIFICATION_TIME that the client set before
 * the first save, if any.  Only such a time is a member of the bag, and it
 * hides the time of the change.
 *
 * *edits is changed to delete the member or, if the client's time lies in the
 * future, to set it to a later time, because PR_LAST_MODIFICATION_TIME never
 * goes back.  If only *edits has the member (a forced save that leads back to
 * the first version), it is removed from *edits.
 */
static void
replace_given_time(const MessageRow *row, TimestampTz time, Edits *edits)
{
	static const char *const name = "PR_LAST_MODIFICATION_TIME";
	Jsonb	   *bag = DatumGetJsonbP(row->version.content.value[PART_PROPS]);
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	bool		is_given;
	TimestampTz given;
	JsonbValue	value;
	BagList		list;
	Jsonb	   *member;
	char		text[VALUE_TIME_SIZE];

	is_given = bag_find(bag, name, &value);
	if (!is_given && (patch == NULL || !bag_find(patch, name, &value)))
		return;

	baglist_init(&list, 1);
	if (is_given &&
		systime_timestamp(value.val.string.val, value.val.string.len,
						  &given) && given >= time)
	{
		systime_text(given + 1, text);	/* "given" was cut to microseconds */
		baglist_add_cstring(&list, name, text, strlen(text));
	}
	else
		baglist_add_null(&list, name, strlen(name));
	member = baglist_build(&list);

	/* a null deletes the given time or, without one, the patch's member */
	if (patch != NULL)
		member = bag_splice(patch, member, is_given);
	edits->touched[PART_PROPS] = TOUCHED;
	edits->value[PART_PROPS] = (struct varlena *) member;
}

/*
 * Add to an undo a value outside the content that a change replaces.  "member"
 * is the name of the value in the undo (UNDO_*).
 */
static void
add_undo(Undo *undo, const char *member, JsonbValue *old)
{
	BagList		list;

	baglist_init(&list, 1);
	baglist_add_value(&list, member, strlen(member), old);
	undo->props = bag_splice(undo->props, baglist_build(&list), true);
}

/* Set *value to a number. */
static void
number_value(JsonbValue *value, int64 number)
{
	value->type = jbvNumeric;
	value->val.numeric =
		DatumGetNumeric(DirectFunctionCall1(int8_numeric,
											Int64GetDatum(number)));
}

/*
 * Set *value to a time, or to null if the time is 0.  "text" has room for
 * VALUE_TIME_SIZE bytes and must live as long as the value.
 */
static void
time_value(JsonbValue *value, TimestampTz time, char *text)
{
	value->type = jbvNull;
	if (time == 0)
		return;
	systime_text(time, text);
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = strlen(text);
}

/*
 * Submit a version or end its submission as ordered; add the old state to
 * *undo.
 */
static void
change_sending(const ChangeOrder *order, Version *version, TimestampTz time,
			   Undo *undo)
{
	JsonbValue	old;
	char		text[VALUE_TIME_SIZE];

	if (order->sending == SENDING_STAYS)
		return;
	time_value(&old, version->submitted_at, text);
	add_undo(undo, UNDO_SUBMITTED, &old);
	version->submitted_at = order->sending == SENDING_BEGINS ? time : 0;
	if (order->sending == SENDING_DONE)
	{
		number_value(&old, version->message_flags);
		add_undo(undo, UNDO_FLAGS, &old);
		version->message_flags &= ~MSGFLAG_UNSENT;
	}
}

/* Set *value to a text, which is palloc'd. */
static void
text_value(JsonbValue *value, Datum datum)
{
	value->type = jbvString;
	value->val.string.val = TextDatumGetCString(datum);
	value->val.string.len = strlen(value->val.string.val);
}

/* Move, delete or restore a version as ordered; add the old state to *undo. */
static void
place(const ChangeOrder *order, Version *version, TimestampTz time,
	  Undo *undo)
{
	JsonbValue	old;
	char		text[VALUE_TIME_SIZE];

	if (order->folder_id != 0)
	{
		number_value(&old, version->folder_id);
		add_undo(undo, UNDO_FOLDER, &old);
		version->folder_id = order->folder_id;
	}
	if (order->set_deleted)
	{
		time_value(&old, version->deleted_at, text);
		add_undo(undo, UNDO_DELETED, &old);
		version->deleted_at = order->deleted ? time : 0;
		version->deleted_with = order->deleted ? order->deleted_with : 0;
	}
}

/*
 * Return the predecessors of a version, as an array of *count bigint datums in
 * *numbers, and as a value for an undo in *old.  Without predecessors,
 * *numbers is NULL and *old a JSON null.
 */
static void
old_predecessors(const Version *version, Datum **numbers, int *count,
				 JsonbValue *old)
{
	*numbers = NULL;
	*count = 0;
	old->type = jbvNull;
	if (version->predecessors == (Datum) 0)
		return;
	deconstruct_array(DatumGetArrayTypeP(version->predecessors), INT8OID,
					  sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  numbers, NULL, count);
	numbers_to_json(*numbers, *count, old);
}

/* Replace the stored lineage of a version; add the old one to *undo. */
static void
replace_lineage(Version *version, Datum lineage, Undo *undo)
{
	JsonbValue	old = {.type = jbvNull};

	if (version->lineage != (Datum) 0)
	{
		bytea	   *bytes = DatumGetByteaPP(version->lineage);

		old.type = jbvString;
		old.val.string.val = base64_text(VARDATA_ANY(bytes),
										 VARSIZE_ANY_EXHDR(bytes),
										 &old.val.string.len);
	}
	add_undo(undo, UNDO_LINEAGE, &old);
	version->lineage = lineage;
}

/* Replace the predecessors of a version; add the old ones to *undo. */
static void
replace_predecessors(Version *version, Datum predecessors, JsonbValue *old,
					 Undo *undo)
{
	add_undo(undo, UNDO_PREDECESSORS, old);
	version->predecessors = predecessors;
}

/* Remove the predecessors of a version that has got a lineage. */
static void
forget_predecessors(Version *version, Undo *undo)
{
	JsonbValue	old;
	Datum	   *numbers;
	int			count;

	if (version->predecessors == (Datum) 0)
		return;
	old_predecessors(version, &numbers, &count, &old);
	replace_predecessors(version, (Datum) 0, &old, undo);
}

/*
 * Give the version its number.  A version with a lineage, or one that restores
 * the message, gets the lineage of the version that follows it.  Otherwise,
 * where the version that it replaces has a key with another GUID (another
 * node, or an older incarnation), remember that number among the predecessors,
 * instead of an older one of that GUID, and remove the number of our own GUID,
 * which the new one follows.
 */
static void
follow(int64 store_id, Version *version, int64 number, bool restores,
	   Undo *undo)
{
	int64		replaced = version->change_number;
	Datum	   *numbers;
	Datum	   *kept;
	int			count;
	int			nkept = 0;
	JsonbValue	old;

	version->change_number = number;
	if (version->lineage != (Datum) 0 || restores)
	{
		replace_lineage(version, lineage_follow(store_id, replaced,
												version->predecessors,
												version->lineage, number,
												restores),
						undo);
		forget_predecessors(version, undo);
		return;
	}
	if (incarnation_same(replaced, number))
		return;
	old_predecessors(version, &numbers, &count, &old);
	kept = palloc(sizeof(Datum) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		int64		old_number = DatumGetInt64(numbers[i]);

		if (!incarnation_same(old_number, replaced) &&
			!incarnation_same(old_number, number))
			kept[nkept++] = numbers[i];
	}
	kept[nkept++] = Int64GetDatum(replaced);
	replace_predecessors(version,
						 PointerGetDatum(construct_array(kept, nkept, INT8OID,
														 sizeof(int64),
														 FLOAT8PASSBYVAL,
														 TYPALIGN_DOUBLE)),
						 &old, undo);
}

/*
 * Give the version its number, and the keys, flags and time of deletion with
 * which it came from another store.
 */
static void
arrive(const Arrival *arrival, Version *version, int64 number, Undo *undo)
{
	JsonbValue	old;

	version->change_number = number;
	replace_lineage(version, lineage_store(&arrival->key, &arrival->list),
					undo);
	forget_predecessors(version, undo);
	if (version->deleted_at != 0 && arrival->deleted_at != 0)
		version->deleted_at = arrival->deleted_at;
	if (version->message_flags != arrival->message_flags)
	{
		number_value(&old, version->message_flags);
		add_undo(undo, UNDO_FLAGS, &old);
		version->message_flags = arrival->message_flags;
	}
}

/*
 * Under REPEATABLE READ and SERIALIZABLE, raise a serialization failure if the
 * transaction's snapshot does not see the version that would be replaced.
 */
static void
check_serializable(MessageRow *row)
{
	if (IsolationUsesXactSnapshot() &&
		!messagerow_visible(row, GetTransactionSnapshot()))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update")));
}

/*
 * Write a new version and its record.  The undo is computed from the replaced
 * version.  Nothing is recorded unless the row was updated.
 */
TM_Result
change_write(MessageRow *row, const ChangeOrder *order, int64 *number)
{
	Version		version = row->version;
	Adoption	adoption = {row->store_id, row->message_id, 0,
	order->uploads, false};
	const Arrival *arrival = order->arrival;
	TimestampTz time = change_time(row);
	Edits		edits;
	Undo		undo;
	TM_Result	result;

	check_serializable(row);
	edits_init(&edits);
	if (order->edits != NULL)
		edits = *order->edits;
	if (arrival == NULL)
	{
		replace_given_time(row, time, &edits);
		attachments_stamp_edits(&row->version.content, &edits, time);
	}
	adopt_edits(&adoption, &edits);
	undo_apply_edits(&row->version.content, &edits, &version.content, &undo);
	place(order, &version, time, &undo);
	change_sending(order, &version, time, &undo);
	if (arrival != NULL)
		arrive(arrival, &version, number_next_change(version.change_number),
			   &undo);
	else
		follow(row->store_id, &version,
			   number_next_change(version.change_number),
			   order->set_deleted && !order->deleted, &undo);

	result = messagerow_update(row, &version, time,
							   arrival != NULL ? arrival->modifier :
							   author_name(&order->author), undo.props,
							   order->no_wait);
	if (result != TM_Ok)
		return result;
	searchrow_follow(row, &version.content, undo.props);
	record(row, order->kind, version.change_number,
		   row->version.change_number, order->base, time, &order->author,
		   &undo, order->batch);
	if (order->folder_id != 0 || order->set_deleted)
	{
		count_change(order->tally, row, &row->version, -1);
		count_change(order->tally, row, &version, 1);
	}
	CommandCounterIncrement();
	*number = version.change_number;
	return TM_Ok;
}

/* Insert the first version of a message, with a record of the given kind. */
static void
create(MessageRow *row, char kind, int64 source_id, const Upload *uploads,
	   const Author *author, CountTally *tally)
{
	Content    *content = &row->version.content;
	Adoption	adoption = {row->store_id, row->message_id, source_id,
	uploads, false};
	Edits		none;
	Undo		undo;

	row->modified_at = Max(GetCurrentTimestamp(), row->created_at);
	if (row->created_at == 0)
		row->created_at = row->modified_at;
	if (!content->isnull[PART_ATTACHMENTS])
		content->value[PART_ATTACHMENTS] =
			JsonbPGetDatum(attachments_stamp(NULL,
											 content_list(content,
														  PART_ATTACHMENTS),
											 row->modified_at));
	adopt_content(&adoption, content);
	edits_init(&none);
	undo_of_edits(&row->version.content, &none, &undo);
	row->source_key = row->version.lineage = (Datum) 0;
	row->creator = access_role_name();
	row->creator_actor = author_actor(author) == NULL ? (Datum) 0 :
		CStringGetTextDatum(author_actor(author));
	row->version.change_number = number_next_change(0);
	messagerow_insert(row, author_name(author));
	searchrow_insert(row);
	record(row, kind, row->version.change_number, 0, 0,
		   row->modified_at, author, &undo, NULL);
	count_change(tally, row, &row->version, 1);
	CommandCounterIncrement();
}

void
change_create(MessageRow *row, int64 source_id, const Upload *uploads,
			  const Author *author, CountTally *tally)
{
	create(row, CHANGE_CREATE, source_id, uploads, author, tally);
}

void
change_copy(MessageRow *row, int64 source_id, CountTally *tally)
{
	create(row, CHANGE_COPY, source_id, NULL, NULL, tally);
}

void
change_arrive(MessageRow *row, const Arrival *arrival, const Author *author)
{
	Adoption	adoption = {row->store_id, row->message_id, 0, NULL, false};
	Edits		none;
	Undo		undo;

	row->modified_at = GetCurrentTimestamp();
	adopt_content(&adoption, &row->version.content);
	edits_init(&none);
	undo_of_edits(&row->version.content, &none, &undo);
	row->creator = access_role_name();
	row->version.change_number = number_next_change(0);
	row->version.message_flags = arrival->message_flags;
	row->version.lineage = lineage_store(&arrival->key, &arrival->list);
	messagerow_insert(row, arrival->modifier);
	searchrow_insert(row);
	record(row, CHANGE_IMPORT, row->version.change_number, 0, 0,
		   row->modified_at, author, &undo, NULL);
	count_change(NULL, row, &row->version, 1);
	CommandCounterIncrement();
}

/* Delete the row of a message, and its state outside of the version. */
static void
delete_row(const MessageRow *row)
{
	Datum		values[2] = {Int64GetDatum(row->store_id),
	Int64GetDatum(row->message_id)};

	activity_bytes(row->store_id, -messagerow_size(row));
	SPI_connect();
	if (query_run(QUERY_MESSAGE_DELETE, values, NULL) != 1)
		elog(ERROR, "could not delete message " INT64_FORMAT " of store "
			 INT64_FORMAT, row->message_id, row->store_id);
	query_run(QUERY_MESSAGE_FORGET, values, NULL);
	SPI_finish();
}

/*
 * Delete a row and record the deletion.  The undo in the record holds the
 * whole message: all parts of the content, and folder, flags, creator, times.
 * The record lists PR_DELETED_ON as the only property that the change touched.
 */
void
change_hard_delete(MessageRow *row, const Author *author,
				   CountTally *tally)
{
	Content    *content = &row->version.content;
	Version		version = row->version;
	Edits		all;
	Undo		undo;
	JsonbValue	old;
	Datum		deleted_on;
	Datum	   *numbers;
	int			count;
	char		text[VALUE_TIME_SIZE];
	TimestampTz time = change_time(row);

	check_serializable(row);
	edits_init(&all);
	for (int p = 0; p < NUM_PARTS; p++)
		all.touched[p] = content->isnull[p] ? UNTOUCHED : TOUCHED;
	all.value[PART_PROPS] = (struct varlena *)
		bag_difference(DatumGetJsonbP(content->value[PART_PROPS]),
					   bag_empty());
	replace_given_time(row, time, &all);
	undo_of_edits(content, &all, &undo);
	deleted_on = CStringGetTextDatum("PR_DELETED_ON");
	undo.properties = construct_array(&deleted_on, 1, TEXTOID, -1, false,
									  TYPALIGN_INT);

	number_value(&old, row->version.folder_id);
	add_undo(&undo, UNDO_FOLDER, &old);
	number_value(&old, row->version.message_flags);
	add_undo(&undo, UNDO_FLAGS, &old);
	time_value(&old, row->created_at, text);
	add_undo(&undo, UNDO_CREATED, &old);
	text_value(&old, row->creator);
	add_undo(&undo, UNDO_CREATOR, &old);
	time_value(&old, row->version.deleted_at, text);
	add_undo(&undo, UNDO_DELETED, &old);
	time_value(&old, row->version.submitted_at, text);
	add_undo(&undo, UNDO_SUBMITTED, &old);
	old_predecessors(&version, &numbers, &count, &old);
	add_undo(&undo, UNDO_PREDECESSORS, &old);
	follow(row->store_id, &version,
		   number_next_change(version.change_number), false, &undo);

	record(row, CHANGE_HARD_DELETE, version.change_number,
		   row->version.change_number, row->version.change_number, time,
		   author, &undo, NULL);
	count_change(tally, row, &row->version, -1);
	delete_row(row);
}

bool
change_purge(int64 store_id, int64 message_id, MessageRow *row,
			 CountTally *tally)
{
	Datum		values[3] = {Int64GetDatum(store_id), Int64GetDatum(message_id),
	Int64GetDatum(row != NULL ? row->version.folder_id : 0)};
	MemoryContext caller = CurrentMemoryContext;
	MessageRow	gone;
	Undo		undo;
	int64		changes;
	int64		bytes;
	bool		isnull;
	Jsonb	   *folders;
	JsonbValue	value;

	SPI_connect();
	query_run(QUERY_PURGE_CHANGES, values, row != NULL ? NULL : "  n");
	changes = query_result_bigint();
	bytes = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										SPI_tuptable->tupdesc, 2, &isnull));
	MemoryContextSwitchTo(caller);
	folders = DatumGetJsonbPCopy(SPI_getbinval(SPI_tuptable->vals[0],
											   SPI_tuptable->tupdesc, 3,
											   &isnull));
	SPI_finish();
	if (row == NULL && changes == 0)
		return false;
	activity_pruned(store_id, changes, bytes, false);
	if (row != NULL)
	{
		check_serializable(row);
		count_change(tally, row, &row->version, -1);
		delete_row(row);
	}
	blob_purge(store_id, message_id);

	memset(&gone, 0, sizeof(gone));
	gone.store_id = store_id;
	gone.message_id = message_id;
	memset(&undo, 0, sizeof(undo));
	undo.props = bag_empty();
	value_from_object(&value, folders);
	add_undo(&undo, UNDO_FOLDERS, &value);
	record(&gone, CHANGE_PURGE,
		   number_next_change(row != NULL ? row->version.change_number : 0),
		   0, 0, GetCurrentTimestamp(), NULL, &undo, NULL);
	CommandCounterIncrement();
	return true;
}

void
change_purge_drafts(int64 store_id, int64 message_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(message_id)};

	SPI_connect();
	query_run(QUERY_PURGE_DRAFTS, values, NULL);
	SPI_finish();
}
