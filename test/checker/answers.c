/*-------------------------------------------------------------------------
 *
 * answers.c
 *	  Judge the answers: no acknowledged change is missing, no refusal was
 *	  without a reason, no session was shown a version before or after its
 *	  time, no number was given twice.
 *
 * NOTES
 *	  Operations have times, of one clock.  An operation has to see each commit
 *	  that was answered before the operation was sent, and cannot see a commit
 *	  that was sent after the operation was answered.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

/* --------------------------------------------------------- what is missing */

/* Return the message that an item of an operation writes. */
static int64_t
item_message(const json_t *item)
{
	int64_t		created = fields_number(item, "created");

	return created != 0 ? created : fields_number(item, "message");
}

/* Return the number of changes that an operation has to have left. */
static int
certain_rows(const Op *op)
{
	json_t	   *messages = json_object_get(op->fields, "messages");
	json_t	   *items = json_object_get(op->fields, "items");
	int64_t		created = op_number(op, "created");
	int			count = 0;

	for (size_t i = 0; i < json_array_size(items); i++)
		count += op_effect(op, item_message(json_array_get(items, i))) ==
			EFFECT_CERTAIN;
	if (items != NULL)
		return count;
	if (strcmp(op->what, "save") == 0)
		return op_effect(op, created != 0 ? created :
						 op_number(op, "message")) == EFFECT_CERTAIN;
	for (size_t i = 0; i < json_array_size(messages); i++)
	{
		json_t	   *message = json_array_get(messages, i);

		count += op_effect(op, json_integer_value(message)) == EFFECT_CERTAIN;
	}
	return count;
}

static int
most_rows(const Op *op)
{
	json_t	   *messages = json_object_get(op->fields, "messages");
	json_t	   *items = json_object_get(op->fields, "items");

	if (items != NULL)
		return (int) json_array_size(items);
	return strcmp(op->what, "place") == 0 ? (int) json_array_size(messages) : 1;
}

/*
 * Judge if all changes of a transaction are there, or none.
 */
static void
judge_presence(Evidence *evidence, const Op *op)
{
	Fate		fate = op_fate(op);
	int			certain = certain_rows(op);

	if (op->rows > most_rows(op))
		fault(evidence, "%d-%lld (%s %s) made %d versions", op->session,
			  (long long) op->number, op->what, op->mode, op->rows);
	if (fate == ROLLED_BACK || op->rows >= certain)
		return;
	if (fate == COMMITTED)
		fault(evidence, "%d-%lld (%s %s of message %lld, answered %s) was acknowledged and is missing",
			  op->session, (long long) op->number, op->what, op->mode,
			  (long long) op_number(op, "message"), op->answer);
	else if (op->txn->rows > 0)
		fault(evidence, "%d-%lld (%s %s of message %lld) is missing, and others of its transaction are there",
			  op->session, (long long) op->number, op->what, op->mode,
			  (long long) op_number(op, "message"));
}

/* ---------------------------------------------------- what was refused why */

/* Return true if another operation saved a new message before an answer. */
static bool
was_created(const Evidence *evidence, const Op *op, int64_t message)
{
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];

		if (row->message == message && row->op != NULL && row->op != op &&
			row->op->txn->commit_from < op->to)
			return true;
	}
	return txn_touched(op->txn, message);
}

/* Return true if a message was deleted, at any time before an answer. */
static bool
was_deleted(const Evidence *evidence, const Op *op, int64_t message)
{
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];

		if (row->message == message && row->op != NULL &&
			(row->kind == 'd' || row->kind == 'h') &&
			row->op->txn->commit_from < op->to)
			return true;
	}
	return false;
}

static bool
is_body(const char *name)
{
	return strcmp(name, "PR_BODY") == 0 || strcmp(name, "PR_HTML") == 0 ||
		strcmp(name, "PR_RTF_COMPRESSED") == 0;
}

/* Return true if two patches have a property in common, bodies as one. */
static bool
overlap(const json_t *a, const json_t *b)
{
	const char *name;
	const char *other;
	json_t	   *value;

	json_object_foreach((json_t *) a, name, value)
	{
		json_object_foreach((json_t *) b, other, value)
		{
			if (strcmp(name, other) == 0 || (is_body(name) && is_body(other)))
				return true;
		}
	}
	return false;
}

/*
 * Return true if a change may have touched a property of edits.  A change that
 * wrote a whole message, forced or going back, may touch every property if it
 * made any difference.
 */
static bool
touches(const json_t *edits, const Row *row, const Row *before)
{
	const char *where;

	if (overlap(edits, json_object_get(op_fields(row->op, row->message),
									   "edits")))
		return true;
	return (row->kind == 'f' || strcmp(row->op->mode, "version") == 0) &&
		!same_content(row->content, before->content, &where);
}

/* Return true if all edits are texts that can be merged line by line. */
static bool
lines_merge(const json_t *base, const json_t *theirs, const json_t *edits)
{
	const char *name;
	json_t	   *value;

	json_object_foreach((json_t *) edits, name, value)
	{
		json_t	   *merged = merged_lines(json_object_get(base, name),
										  json_object_get(theirs, name), value);

		if (merged == NULL)
			return false;
		json_decref(merged);
	}
	return true;
}

/* Return true if a merge was refused with a reason: both sides touched a unit. */
static bool
merge_overlaps(const Op *op, const Row *base)
{
	json_t	   *edits = json_object_get(op->fields, "edits");
	bool		by_lines = json_object_get(op->fields, "lines") != NULL;

	for (const Row *before = base, *row = base->next;
		 row != NULL && row->op->txn->commit_from < op->to;
		 before = row, row = row->next)
	{
		if (touches(edits, row, before) &&
			!(by_lines && lines_merge(base->content, row->content, edits)))
			return true;
	}
	return false;
}

static void
judge_changed(Evidence *evidence, const Op *op, const json_t *fields)
{
	bool		place = strcmp(op->what, "place") == 0;
	int64_t		message = place ?
		json_integer_value(json_array_get(json_object_get(op->fields,
														  "messages"), 0)) :
		fields_number(fields, "message");
	int64_t		number = fields_number(fields, place ? "if" :
									   strcmp(op->mode, "seen") == 0 ? "seen" :
									   "base");
	const Row  *row = find_row(evidence, message, number);

	if (json_object_get(op->fields, "is_new") != NULL &&
		!was_created(evidence, op, message))
		fault(evidence, "%d-%lld was refused, and no other operation had saved message %lld",
			  op->session, (long long) op->number, (long long) message);
	if (row == NULL || txn_touched(op->txn, message))
		return;
	if (row->next == NULL || row->next->op->txn->commit_from > op->to)
		fault(evidence, "%d-%lld (%s %s) was refused, and version %lld of message %lld was the newest",
			  op->session, (long long) op->number, op->what, op->mode,
			  (long long) number, (long long) message);
	else if (strcmp(op->mode, "merge") == 0 && !merge_overlaps(op, row))
		fault(evidence, "%d-%lld was not merged into message %lld, and no other operation touched its edits",
			  op->session, (long long) op->number, (long long) message);
}

/* Judge the refusal of an operation, or of an item of one. */
static void
judge_refusal(Evidence *evidence, const Op *op, const json_t *fields,
			  const char *answer)
{
	int64_t		message = fields_number(fields, "message");
	int64_t		version = fields_number(fields,
										strcmp(op->mode, "version") == 0 ?
										"version" : "base");

	if (strcmp(answer, "MAPI_E_OBJECT_CHANGED") == 0)
		judge_changed(evidence, op, fields);
	else if (strcmp(op->what, "save") != 0 ||
			 txn_touched(op->txn, message))
		return;
	else if (strcmp(answer, "MAPI_E_OBJECT_DELETED") == 0)
	{
		if (!was_deleted(evidence, op, message))
			fault(evidence, "%d-%lld was answered that message %lld was deleted, and no operation had deleted it",
				  op->session, (long long) op->number, (long long) message);
	}
	else if (strcmp(answer, "MAPI_E_UNABLE_TO_COMPLETE") == 0 ||
			 strcmp(answer, "!MA400") == 0)
	{
		if (find_row(evidence, message, version) != NULL)
			fault(evidence, "%d-%lld was answered that message %lld has no version %lld",
				  op->session, (long long) op->number, (long long) message,
				  (long long) version);
	}
	else if (strcmp(answer, "!MA10F") == 0)
	{
		if (find_row(evidence, message, version) != NULL)
			fault(evidence, "%d-%lld was answered that there is no message %lld",
				  op->session, (long long) op->number, (long long) message);
	}
}

/*
 * Judge a request that was sent again as its first answer was lost: the two
 * operations made one change, and it was not refused if the first had made it.
 */
static void
judge_repetition(Evidence *evidence, const Op *op)
{
	const char *name =
		json_string_value(json_object_get(op->fields, "repeats"));
	const Op   *first = name == NULL ? NULL : find_op(evidence, name);

	if (first == NULL || first->rows == 0)
		return;
	if (op->rows > 0)
		fault(evidence, "%s and %d-%lld, one request, both changed message %lld",
			  name, op->session, (long long) op->number,
			  (long long) op_number(op, "message"));
	if (strcmp(op->answer, "MAPI_E_OBJECT_CHANGED") == 0)
		fault(evidence, "%d-%lld repeated a request that had been carried out, and was refused",
			  op->session, (long long) op->number);
}

/* Judge the refusal of an operation, or those of its items. */
static void
judge_refusals(Evidence *evidence, const Op *op)
{
	json_t	   *items = json_object_get(op->fields, "items");

	if (items == NULL)
		judge_refusal(evidence, op, op->fields, op->answer);
	for (size_t i = 0; op_succeeded(op) && i < json_array_size(items); i++)
	{
		json_t	   *item = json_array_get(items, i);
		const char *answer =
			json_string_value(json_object_get(item, "answer"));

		judge_refusal(evidence, op, item, answer == NULL ? "" : answer);
	}
}

/* ----------------------------------------------------------- what was read */

/*
 * Judge a version that was shown: it existed, was committed or the reader's
 * own, and was not out of date for a reader that had to see the newest.
 */
static void
judge_reading(Evidence *evidence, const Op *op)
{
	int64_t		created = op_number(op, "created");
	int64_t		message = created != 0 ? created : op_number(op, "message");
	int64_t		number = op_number(op, "number");
	int64_t		since = op_number(op, "since");
	const Row  *row;

	if (json_object_get(op->fields, "hash") == NULL || op->answer[0] == '!')
		return;
	row = find_row(evidence, message, number);
	if (row == NULL || row->op == NULL)
	{
		if (!txn_touched(op->txn, message) && op_fate(op) != UNKNOWN)
			fault(evidence, "%d-%lld (%s %s) was shown version %lld of message %lld, which never was",
				  op->session, (long long) op->number, op->what, op->mode,
				  (long long) number, (long long) message);
		return;
	}
	if ((uint64_t) op_number(op, "hash") != row->hash)
		fault(evidence, "%d-%lld (%s %s) was shown something else as version %lld of message %lld",
			  op->session, (long long) op->number, op->what, op->mode,
			  (long long) number, (long long) message);
	if (row->op->txn != op->txn && row->op->txn->commit_from > op->to)
		fault(evidence, "%d-%lld was shown version %lld of message %lld before it was committed",
			  op->session, (long long) op->number, (long long) number,
			  (long long) message);
	if (since != 0 && row->next != NULL && row->op->txn != op->txn &&
		row->next->op->txn->fate == COMMITTED &&
		row->next->op->txn->commit_to < since)
		fault(evidence, "%d-%lld was shown version %lld of message %lld, and %lld had been committed",
			  op->session, (long long) op->number, (long long) number,
			  (long long) message, (long long) row->next->number);
}

void
judge_answers(Evidence *evidence)
{
	for (int i = 0; i < evidence->nops; i++)
	{
		const Op   *op = evidence->ops[i];

		judge_presence(evidence, op);
		judge_refusals(evidence, op);
		judge_repetition(evidence, op);
		judge_reading(evidence, op);
	}
}

/* ------------------------------------------------------------ transactions */

static int
compare_xid(const void *a, const void *b)
{
	return strcmp((*(Txn *const *) a)->xid, (*(Txn *const *) b)->xid);
}

/*
 * Judge the transaction ids: the changes of one transaction have one id, which
 * no other transaction has.
 */
void
judge_transactions(Evidence *evidence)
{
	Txn		  **writers = calloc(evidence->ntxns + 1, sizeof(Txn *));
	int			count = 0;

	if (writers == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];
		Txn		   *txn = row->op == NULL ? NULL : row->op->txn;

		if (txn == NULL)
			continue;
		if (txn->xid == NULL)
		{
			txn->xid = row->xid;
			writers[count++] = txn;
		}
		else if (strcmp(txn->xid, row->xid) != 0)
			fault(evidence, "%s stands in transaction %s, others of its own in %s",
				  row->actor, row->xid, txn->xid);
	}
	qsort(writers, count, sizeof(Txn *), compare_xid);
	for (int i = 1; i < count; i++)
	{
		if (strcmp(writers[i]->xid, writers[i - 1]->xid) == 0)
			fault(evidence, "transaction %s was two: of session %d, and of %d",
				  writers[i]->xid, writers[i - 1]->first->session,
				  writers[i]->first->session);
	}
	free(writers);
}

/* ----------------------------------------------------------------- numbers */

/* A number that an operation was given, rolled back or not. */
typedef struct Given
{
	int64_t		number;
	const Op   *op;
} Given;

static int
compare_given(const void *a, const void *b)
{
	int64_t		x = ((const Given *) a)->number;
	int64_t		y = ((const Given *) b)->number;

	return x < y ? -1 : x > y;
}

/* Judge a series of numbers: none may have been given to two operations. */
static void
judge_series(Evidence *evidence, const char *what, Given *given, int count)
{
	qsort(given, count, sizeof(Given), compare_given);
	for (int i = 1; i < count; i++)
	{
		if (given[i].number == given[i - 1].number &&
			given[i].op != given[i - 1].op)
			fault(evidence, "%s %lld was given out twice: to %d-%lld and to %d-%lld",
				  what, (long long) given[i].number,
				  given[i - 1].op->session,
				  (long long) given[i - 1].op->number,
				  given[i].op->session, (long long) given[i].op->number);
	}
}

static int
compare_incarnation(const void *a, const void *b)
{
	const Row  *x = *(Row *const *) a;
	const Row  *y = *(Row *const *) b;

	if (x->incarnation != y->incarnation)
		return x->incarnation < y->incarnation ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/*
 * Judge the numbers of incarnations: they begin past the incarnation, and end
 * before the next one.
 */
static void
judge_incarnations(Evidence *evidence)
{
	Row		  **rows = calloc(evidence->nrows + 1, sizeof(Row *));
	int			count = 0;

	if (rows == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->nrows; i++)
		rows[i] = &evidence->rows[i];
	qsort(rows, evidence->nrows, sizeof(Row *), compare_incarnation);
	for (int i = 0; i < evidence->nrows; i++)
	{
		bool		begins = i == 0 ||
			rows[i]->incarnation != rows[i - 1]->incarnation;

		count += begins;
		if (rows[i]->number < rows[i]->incarnation ||
			(i > 0 && rows[i]->number <= rows[i - 1]->number))
			fault(evidence, "number %lld, of incarnation %lld, is out of order",
				  (long long) rows[i]->number,
				  (long long) rows[i]->incarnation);
	}
	printf("%d incarnations\n", count);
	free(rows);
}

/* Add the numbers and ids that the items of an operation were given. */
static void
give_items(const Op *op, Given *numbers, int *nnumbers, Given *ids, int *nids)
{
	json_t	   *items = json_object_get(op->fields, "items");

	for (size_t i = 0; i < json_array_size(items); i++)
	{
		json_t	   *item = json_array_get(items, i);
		int64_t		created = fields_number(item, "created");
		int64_t		number = fields_number(item, "number");

		if (created != 0)
			ids[(*nids)++] = (Given) {created, op};
		if (number != 0 &&
			op_effect(op, item_message(item)) == EFFECT_CERTAIN)
			numbers[(*nnumbers)++] = (Given) {number, op};
	}
}

void
judge_numbers(Evidence *evidence)
{
	size_t		most = (MAX_ITEMS + 2) *
		(size_t) (evidence->nops + evidence->nrows) + 1;
	Given	   *numbers = calloc(most, sizeof(Given));
	Given	   *ids = calloc(most, sizeof(Given));
	Given	   *drafts = calloc(most, sizeof(Given));
	int			nnumbers = 0;
	int			nids = 0;
	int			ndrafts = 0;

	if (numbers == NULL || ids == NULL || drafts == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];

		if (row->op != NULL)
			numbers[nnumbers++] = (Given) {row->number, row->op};
	}
	for (int i = 0; i < evidence->nops; i++)
	{
		const Op   *op = evidence->ops[i];

		if (op_number(op, "number") != 0 && certain_rows(op) == 1)
			numbers[nnumbers++] = (Given) {op_number(op, "number"), op};
		if (op_number(op, "created") != 0)
			ids[nids++] = (Given) {op_number(op, "created"), op};
		if (op_number(op, "id") != 0)
			ids[nids++] = (Given) {op_number(op, "id"), op};
		give_items(op, numbers, &nnumbers, ids, &nids);
		if (op_number(op, "draft") != 0)
			drafts[ndrafts++] = (Given) {op_number(op, "draft"), op};
	}
	judge_series(evidence, "change number", numbers, nnumbers);
	judge_series(evidence, "message id", ids, nids);
	judge_series(evidence, "draft", drafts, ndrafts);
	judge_incarnations(evidence);
	free(numbers);
	free(ids);
	free(drafts);
}

/* ------------------------------------------------------------------ drafts */

/*
 * Judge the drafts: they are those that their sessions left, and perhaps some
 * whose answers were lost.
 */
void
judge_drafts(Evidence *evidence)
{
	PGresult   *result = evidence_query(evidence,
										"SELECT parked_id, message_id,"
										" coalesce(base_change_number, 0),"
										" actor FROM msgstore.parked_draft"
										" WHERE store_id = 1");
	const char *key;
	json_t	   *draft;

	for (int i = 0; i < PQntuples(result); i++)
	{
		const char *id = PQgetvalue(result, i, 0);
		const Op   *op = find_op(evidence, PQgetvalue(result, i, 3));

		draft = json_object_get(evidence->drafts, id);
		if (draft == NULL)
		{
			if (json_object_get(evidence->uncertain, id) == NULL &&
				(op == NULL || op_fate(op) != UNKNOWN))
				fault(evidence, "draft %s of message %s is there, and should not",
					  id, PQgetvalue(result, i, 1));
			continue;
		}
		if (json_integer_value(json_object_get(draft, "message")) !=
			strtoll(PQgetvalue(result, i, 1), NULL, 10) ||
			json_integer_value(json_object_get(draft, "base")) !=
			strtoll(PQgetvalue(result, i, 2), NULL, 10))
			fault(evidence, "draft %s stands on version %s of message %s",
				  id, PQgetvalue(result, i, 2), PQgetvalue(result, i, 1));
		json_object_del(evidence->drafts, id);
	}
	json_object_foreach(evidence->drafts, key, draft)
		fault(evidence, "draft %s is missing", key);
	PQclear(result);
}
