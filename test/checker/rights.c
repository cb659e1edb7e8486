/*-------------------------------------------------------------------------
 *
 * rights.c
 *	  Judge the saves of the guest by the rights that were granted and revoked.
 *
 * NOTES
 *	  Two grants whose times overlap may have taken effect in either order, and
 *	  so may a grant and a save.  An answer is a fault only if no order of what
 *	  overlaps explains it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

/* The changes of rights that were, or may have been, committed. */
typedef struct Grants
{
	const Op  **ops;
	int			count;
} Grants;

static void
collect_grants(const Evidence *evidence, Grants *grants)
{
	grants->count = 0;
	grants->ops = calloc(evidence->nops + 1, sizeof(Op *));
	if (grants->ops == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->nops; i++)
	{
		const Op   *op = evidence->ops[i];

		if (strcmp(op->what, "grant") == 0 && op_fate(op) != ROLLED_BACK)
			grants->ops[grants->count++] = op;
	}
}

/* Return true if an operation gives or takes the right to edit in a folder. */
static bool
changes_rights(const Op *op, int64_t folder, bool edit)
{
	return op_number(op, "folder") == folder &&
		json_is_true(json_object_get(op->fields, "edit")) == edit;
}

/*
 * Return true if a change of rights in a folder, at a time, was certainly
 * replaced by its opposite before a save began.
 */
static bool
was_replaced(const Grants *grants, int64_t folder, bool edit,
			 int64_t changed, const Op *save)
{
	for (int i = 0; i < grants->count; i++)
	{
		const Op   *op = grants->ops[i];

		if (changes_rights(op, folder, !edit) && op_fate(op) == COMMITTED &&
			op->from > changed && op->to < save->from)
			return true;
	}
	return false;
}

/* Return true if the guest may have had the right, or not, during a save. */
static bool
may_have(const Grants *grants, int64_t folder, bool edit, const Op *save)
{
	/* at first, the guest does not have it */
	if (!edit && !was_replaced(grants, folder, false, 0, save))
		return true;
	for (int i = 0; i < grants->count; i++)
	{
		const Op   *op = grants->ops[i];

		if (changes_rights(op, folder, edit) && op->from < save->to &&
			!was_replaced(grants, folder, edit, op->to, save))
			return true;
	}
	return false;
}

/* Return true if a version may have been the newest one during an operation. */
static bool
may_be_newest(const Row *row, const Op *op)
{
	return row->op != NULL && row->op->txn->commit_from <= op->to &&
		(row->next == NULL || row->next->op == NULL ||
		 row->next->op->txn->fate != COMMITTED ||
		 row->next->op->txn->commit_to >= op->from);
}

/* Return true if the guest may have lacked the right where a message stood. */
static bool
refusal_has_reason(const Evidence *evidence, const Grants *grants,
				   const Op *op, int64_t message)
{
	if (txn_touched(op->txn, message))
		return true;
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];

		if (row->message == message && may_be_newest(row, op) &&
			may_have(grants, row_folder(row), false, op))
			return true;
	}
	return false;
}

void
judge_rights(Evidence *evidence)
{
	int			saves = 0;
	int			refusals = 0;
	Grants		grants;

	collect_grants(evidence, &grants);
	for (int i = 0; i < evidence->nops; i++)
	{
		const Op   *op = evidence->ops[i];
		int64_t		message = op_number(op, "message");

		if (json_object_get(op->fields, "guest") == NULL)
			continue;
		if (strcmp(op->answer, "S_OK") == 0)
		{
			const Row  *row = find_row(evidence, message,
									   op_number(op, "number"));

			saves++;
			if (row != NULL && row->op == op &&
				!may_have(&grants, row_folder(row), true, op))
				fault(evidence, "%d-%lld saved message %lld in folder %lld without the right to edit",
					  op->session, (long long) op->number,
					  (long long) message, (long long) row_folder(row));
		}
		else if (strcmp(op->answer, "MAPI_E_NO_ACCESS") == 0)
		{
			refusals++;
			if (!refusal_has_reason(evidence, &grants, op, message))
				fault(evidence, "%d-%lld was refused, and had the right to edit message %lld",
					  op->session, (long long) op->number,
					  (long long) message);
		}
	}
	free(grants.ops);
	printf("%d saves of a guest, %d of them without the right\n",
		   saves + refusals, refusals);
}
