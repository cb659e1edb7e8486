/*-------------------------------------------------------------------------
 *
 * judge.c
 *	  Judge the stored history: every change was made by an operation that may
 *	  have made it, every chain is whole, every version has what was saved.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

/* -------------------------------------------------------- change and maker */

static int
compare_op(const void *key, const void *element)
{
	const Op   *a = *(Op *const *) key;
	const Op   *b = *(Op *const *) element;

	if (a->session != b->session)
		return a->session < b->session ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

Op *
find_op(const Evidence *evidence, const char *name)
{
	Op			key = {0};
	Op		   *wanted = &key;
	long long	number;
	Op		  **found;

	if (sscanf(name, "%d-%lld", &key.session, &number) != 2)
		return NULL;
	key.number = number;
	found = bsearch(&wanted, evidence->ops, evidence->nops, sizeof(Op *),
					compare_op);
	return found == NULL ? NULL : *found;
}

/* Return true if a change is of the kind that its operation makes. */
static bool
right_kind(const Op *op, const Row *row)
{
	static const char *const kinds[][2] = {
		{"plain", "s"}, {"version", "s"}, {"force", "sf"}, {"seen", "sf"},
		{"merge", "sg"}, {"create", "c"}, {"elsewhere", "c"}, {"copy", "c"},
		{"copied", "y"}
	};

	if (strcmp(op->what, "place") == 0)
	{
		const char *kind =
			json_string_value(json_object_get(op->fields, "kind"));

		return kind[0] == row->kind;
	}
	for (size_t i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i][0], op->mode) == 0)
			return strchr(kinds[i][1], row->kind) != NULL;
	}
	return false;
}

/*
 * Return the version that a change may replace, as its operation asked; 0: any.
 */
static int64_t
required_base(const Op *op, const Row *row)
{
	if (strcmp(op->what, "place") == 0)
		return op_number(op, "if");
	if (row->kind == 's' || strcmp(op->mode, "plain") == 0 ||
		strcmp(op->mode, "version") == 0)
		return fields_number(op_fields(op, row->message), "base");
	if (strcmp(op->mode, "seen") == 0)
		return op_number(op, "seen");
	return 0;
}

static void
judge_row(Evidence *evidence, Row *row)
{
	Op		   *op = row->op = find_op(evidence, row->actor);
	const json_t *fields;
	int64_t		base;
	int64_t		number;

	if (op == NULL)
	{
		fault(evidence, "no operation made version %lld of message %lld (\"%s\")",
			  (long long) row->number, (long long) row->message, row->actor);
		return;
	}
	if (op_effect(op, row->message) == EFFECT_NONE ||
		op_fate(op) == ROLLED_BACK)
	{
		fault(evidence, "%s (%s %s) was answered %s%s, and left version %lld of message %lld",
			  row->actor, op->what, op->mode, op->answer,
			  op_fate(op) == ROLLED_BACK ? " and rolled back" : "",
			  (long long) row->number, (long long) row->message);
		return;
	}
	op->rows++;
	op->txn->rows++;
	if (!right_kind(op, row))
		fault(evidence, "%s (%s %s) made a change of kind %c", row->actor,
			  op->what, op->mode, row->kind);
	base = required_base(op, row);
	if (base != 0 && row->previous != base)
		fault(evidence, "%s (%s %s) was good for version %lld of message %lld only, and replaced %lld",
			  row->actor, op->what, op->mode, (long long) base,
			  (long long) row->message, (long long) row->previous);
	fields = op_fields(op, row->message);
	if (strcmp(op->what, "save") == 0 && strchr("cy", row->kind) == NULL &&
		row->base != fields_number(fields, "base"))
		fault(evidence, "%s stood on version %lld, and is recorded as standing on %lld",
			  row->actor, (long long) fields_number(fields, "base"),
			  (long long) row->base);
	number = fields_number(fields, "number");
	if (number != 0 && number != row->number)
		fault(evidence, "%s was given number %lld, and made version %lld",
			  row->actor, (long long) number, (long long) row->number);
}

void
judge_rows(Evidence *evidence)
{
	qsort(evidence->ops, evidence->nops, sizeof(Op *), compare_op);
	for (int i = 0; i < evidence->nrows; i++)
		judge_row(evidence, &evidence->rows[i]);
}

/* ----------------------------------------------------------- what is where */

/* Return the number at the end of an entry id. */
static int64_t
id_of_entry(const json_t *shown, const char *name)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *text = json_string_value(json_object_get(shown, name));
	uint64_t	id = 0;
	uint32_t	bits = 0;
	int			nbits = 0;

	for (; text != NULL && *text != '\0' && *text != '='; text++)
	{
		bits = bits << 6 | (uint32_t) (strchr(alphabet, *text) - alphabet);
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			id = id << 8 | (bits >> nbits & 0xFF);
		}
	}
	return (int64_t) id;
}

int64_t
row_folder(const Row *row)
{
	return id_of_entry(row->shown, "PR_PARENT_ENTRYID");
}

static const char *
text_of(const json_t *shown, const char *name)
{
	const char *text = json_string_value(json_object_get(shown, name));

	return text == NULL ? "" : text;
}

/* Judge placement and stamps of a version, after the version before it. */
static void
judge_stamps(Evidence *evidence, const Row *row, const Row *before)
{
	bool		was_deleted = before != NULL &&
		json_object_get(before->shown, "PR_DELETED_ON") != NULL;
	bool		deleted = json_object_get(row->shown, "PR_DELETED_ON") != NULL;
	int64_t		folder = id_of_entry(row->shown, "PR_PARENT_ENTRYID");
	int64_t		wanted = before == NULL || row->kind == 'm' ?
		op_number(row->op, "folder") :
		id_of_entry(before->shown, "PR_PARENT_ENTRYID");

	if (row->kind == 'r' ? !was_deleted : was_deleted && row->kind != 'h')
		fault(evidence, "%s (kind %c) changed message %lld, which was %sdeleted",
			  row->actor, row->kind, (long long) row->message,
			  was_deleted ? "" : "not ");
	if (deleted != (row->kind == 'd' || row->kind == 'h'))
		fault(evidence, "%s (kind %c) left message %lld %sdeleted",
			  row->actor, row->kind, (long long) row->message,
			  deleted ? "" : "not ");
	if (folder != wanted)
		fault(evidence, "version %lld of message %lld stands in folder %lld, not in %lld",
			  (long long) row->number, (long long) row->message,
			  (long long) folder, (long long) wanted);
	if (number_of(row->shown) != row->number)
		fault(evidence, "version %lld of message %lld shows number %lld",
			  (long long) row->number, (long long) row->message,
			  (long long) number_of(row->shown));
	if (strcmp(text_of(row->shown, "PR_LAST_MODIFIER_NAME"), row->actor) != 0)
		fault(evidence, "version %lld of message %lld is by %s, and says by %s",
			  (long long) row->number, (long long) row->message, row->actor,
			  text_of(row->shown, "PR_LAST_MODIFIER_NAME"));
	if (before != NULL &&
		strcmp(text_of(row->shown, "PR_LAST_MODIFICATION_TIME"),
			   text_of(before->shown, "PR_LAST_MODIFICATION_TIME")) < 0)
		fault(evidence, "version %lld of message %lld is older than the one before it",
			  (long long) row->number, (long long) row->message);
}

/* ----------------------------------------------------------------- content */

/* Add the property that SAVE_ELSEWHERE adds: the original of the copy. */
static void
add_original(Evidence *evidence, const Op *op, json_t *content)
{
	const Row  *original = find_row(evidence, op_number(op, "message"),
									op_number(op, "base"));

	if (strcmp(op->mode, "elsewhere") != 0 ||
		json_object_get(op->fields, "is_new") != NULL)
		return;
	if (original != NULL)
		json_object_set(content, "PR_CONFLICT_ENTRYID",
						json_object_get(original->shown, "PR_ENTRYID"));
	else
		fault(evidence, "%d-%lld copied a version that never was",
			  op->session, (long long) op->number);
}

/* Return the content that a new message has to have. */
static json_t *
created_content(Evidence *evidence, const Row *row)
{
	const Op   *op = row->op;
	json_t	   *view = json_object_get(op->fields, "view");
	json_t	   *content;

	if (view == NULL)
	{
		json_t	   *defaults = json_pack("{s:i, s:i, s:s, s:O}",
										 "PR_IMPORTANCE", 1,
										 "PR_SENSITIVITY", 0,
										 "PR_MESSAGE_CLASS", "IPM.Note",
										 "PR_SEARCH_KEY",
										 json_object_get(row->shown,
														 "PR_SEARCH_KEY"));

		content = view_with(defaults, json_object_get(op->fields, "edits"));
		json_decref(defaults);
		return content;
	}
	content = json_copy(view);
	add_original(evidence, op, content);
	return content;
}

/*
 * Return the content that a copy has to have: that of a version of the
 * original that can have been its newest one; report a fault, and return NULL,
 * if there is no such version.
 */
static json_t *
copied_content(Evidence *evidence, const Row *row)
{
	const json_t *item = op_fields(row->op, row->message);
	int64_t		original = item == NULL ? 0 : fields_number(item, "message");
	const char *where;

	/* of a copy whose answer was lost, the original is unknown */
	if (original == 0)
		return NULL;
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *version = &evidence->rows[i];

		if (version->message != original || version->op == NULL ||
			(version->op->txn != row->op->txn &&
			 version->op->txn->commit_from > row->op->to) ||
			(version->next != NULL && version->next->op != NULL &&
			 version->next->op->txn != row->op->txn &&
			 version->next->op->txn->fate == COMMITTED &&
			 version->next->op->txn->commit_to < row->op->txn->first->from))
			continue;
		if (same_content(version->content, row->content, &where))
			return json_copy(version->content);
	}
	fault(evidence, "%s copied message %lld, and made %lld, which has the content of none of its versions",
		  row->actor, (long long) original, (long long) row->message);
	return NULL;
}

/*
 * Return the content that a merge has to have made, by the rule of merging in
 * src/README.md; report a fault, and return NULL, if it had to be refused.
 */
static json_t *
merged_content(Evidence *evidence, const Row *row, const Row *before)
{
	json_t	   *edits = json_object_get(op_fields(row->op, row->message),
										"edits");
	const Row  *base = find_row(evidence, row->message, row->base);
	json_t	   *view = base == NULL ? NULL :
		merged_view(base->content, before->content, edits);
	bool		by_lines = json_object_get(row->op->fields, "lines") != NULL;
	const char *name;
	json_t	   *value;

	if (view == NULL)
	{
		fault(evidence, "%s merged what cannot be merged", row->actor);
		return NULL;
	}
	json_object_foreach(edits, name, value)
	{
		json_t	   *theirs = json_object_get(before->content, name);
		json_t	   *was = json_object_get(base->content, name);

		if (theirs == was || json_equal(theirs, was) ||
			json_equal(theirs, value) ||
			(theirs == NULL && json_is_null(value)) ||
			is_list(name))
			continue;
		if (by_lines && (value = merged_lines(was, theirs, value)) != NULL)
		{
			json_object_set_new(view, name, value);
			continue;
		}
		fault(evidence, "%s merged, and replaced the %s of another client",
			  row->actor, name);
	}
	return view;
}

/*
 * Return the content that a version has to have, by the record and the version
 * before it; NULL if that is unknown.
 */
static json_t *
wanted_content(Evidence *evidence, const Row *row, const Row *before)
{
	switch (row->kind)
	{
		case 'c':
			return created_content(evidence, row);
		case 'y':
			return copied_content(evidence, row);
		case 'g':
		case 's':
		case 'f':
			return strcmp(row->op->mode, "merge") == 0 ?
				merged_content(evidence, row, before) :
				json_copy(json_object_get(op_fields(row->op, row->message),
										  "view"));
		case 'h':
			return json_object();
		default:
			return json_copy(before->content);
	}
}

static void
judge_content(Evidence *evidence, const Row *row, const Row *before)
{
	json_t	   *wanted = wanted_content(evidence, row, before);
	const char *error = json_string_value(json_object_get(row->shown, "error"));
	const char *where = "";

	if (error != NULL)
		fault(evidence, "version %lld of message %lld (kind %c, by %s) cannot be read: %s",
			  (long long) row->number, (long long) row->message, row->kind,
			  row->actor, error);
	else if (wanted != NULL && !same_content(row->content, wanted, &where))
		fault(evidence, "version %lld of message %lld (kind %c, by %s) has another %s than was saved",
			  (long long) row->number, (long long) row->message, row->kind,
			  row->actor, where);
	json_decref(wanted);
}

/* ------------------------------------------------------------------ chains */

/* Judge two versions in a row: their operations have to be in order too. */
static void
judge_link(Evidence *evidence, const Row *row, const Row *before)
{
	if (row->number <= before->number)
		fault(evidence, "version %lld of message %lld follows %lld",
			  (long long) row->number, (long long) row->message,
			  (long long) before->number);
	if (row->incarnation < before->incarnation)
		fault(evidence, "version %lld of message %lld is of an older incarnation than the one before it",
			  (long long) row->number, (long long) row->message);
	if (row->op->txn != before->op->txn &&
		row->op->to < before->op->txn->commit_from)
		fault(evidence, "%s wrote over version %lld of message %lld before that was committed",
			  row->actor, (long long) before->number,
			  (long long) row->message);
}

/* Judge the message's row, which has to be the end of its chain. */
static void
judge_end(Evidence *evidence, const Row *last)
{
	const Current *current = find_current(evidence, last->message);
	bool		deleted = last->kind == 'd';

	if (last->kind == 'h')
	{
		if (current != NULL)
			fault(evidence, "message %lld is there, and was deleted for good",
				  (long long) last->message);
		return;
	}
	if (current == NULL)
		fault(evidence, "message %lld is not there, and was not deleted",
			  (long long) last->message);
	else if (current->number != last->number || current->deleted != deleted)
		fault(evidence, "message %lld stands at %lld, and its chain ends at %lld",
			  (long long) last->message, (long long) current->number,
			  (long long) last->number);
	else if (!deleted && !json_equal(current->shown, last->shown))
		fault(evidence, "message %lld is not what its newest version is",
			  (long long) last->message);
}

/*
 * Put the changes of one message in order, from its creation to the newest.
 * Returns the creation; reports a fault, and returns NULL, if they are no chain.
 */
static Row *
make_chain(Evidence *evidence, Row *rows, int nrows)
{
	Row		   *first = NULL;
	int			linked = 0;

	for (int i = 0; i < nrows; i++)
	{
		Row		   *before;

		if (rows[i].op == NULL)
			return NULL;		/* judge_row() has reported it */
		if (rows[i].previous == 0)
		{
			if (first != NULL || strchr("cy", rows[i].kind) == NULL)
				fault(evidence, "version %lld of message %lld follows nothing",
					  (long long) rows[i].number, (long long) rows[i].message);
			first = &rows[i];
			continue;
		}
		before = find_row(evidence, rows[i].message, rows[i].previous);
		if (before == NULL)
			fault(evidence, "version %lld of message %lld follows %lld, which is not there",
				  (long long) rows[i].number, (long long) rows[i].message,
				  (long long) rows[i].previous);
		else if (before->next != NULL)
			fault(evidence, "versions %lld and %lld of message %lld both follow %lld",
				  (long long) before->next->number,
				  (long long) rows[i].number, (long long) rows[i].message,
				  (long long) before->number);
		else
			before->next = &rows[i];
	}
	for (const Row *row = first; row != NULL && linked <= nrows;
		 row = row->next)
		linked++;
	if (linked == nrows)
		return first;
	fault(evidence, "%d of %d versions of message %lld stand in its chain",
		  linked, nrows, (long long) rows[0].message);
	return NULL;
}

static void
judge_chain(Evidence *evidence, Row *rows, int nrows)
{
	const Row  *before = NULL;

	for (const Row *row = make_chain(evidence, rows, nrows); row != NULL;
		 row = row->next)
	{
		judge_content(evidence, row, before);
		judge_stamps(evidence, row, before);
		if (before != NULL)
			judge_link(evidence, row, before);
		if (row->next == NULL)
			judge_end(evidence, row);
		before = row;
	}
}

void
judge_chains(Evidence *evidence)
{
	int			first = 0;

	for (int i = 1; i <= evidence->nrows; i++)
	{
		if (i < evidence->nrows &&
			evidence->rows[i].message == evidence->rows[first].message)
			continue;
		judge_chain(evidence, &evidence->rows[first], i - first);
		first = i;
	}
	for (int i = 0; i < evidence->ncurrent; i++)
	{
		const Current *current = &evidence->current[i];

		if (find_row(evidence, current->message, current->number) == NULL)
			fault(evidence, "message %lld stands at %lld, which is no change",
				  (long long) current->message, (long long) current->number);
	}
}
