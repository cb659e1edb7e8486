/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  What others have changed since a client's base, and whether the client's
 *	  edits can be put beside it.
 *
 * NOTES
 *	  The rule of merging, which the models and checkers of the tests follow:
 *
 *	  Three contents count: base is the version that the client started from,
 *	  theirs is the newest version, yours is base with the client's edits.  A
 *	  merge writes theirs with the client's edits.  It succeeds unless both
 *	  sides touched one thing and left it different.
 *
 *	  1. A thing is a property, or one object of a list: a recipient by its
 *		 PR_ROWID, an attachment by its PR_ATTACH_NUM.  The three bodies are
 *		 one thing: an edit of the text body and an edit of the HTML body are
 *		 edits of the body.
 *	  2. Others touched a property if a change after base names it, even if a
 *		 later one changed it back; they touched an object if it differs
 *		 between base and theirs.  Stamps and computed properties do not count;
 *		 nor does where the message stands, which a merge leaves as it is.
 *	  3. You touched a property if the edits name it, to set or to delete it,
 *		 even to the value it had, or if they set it in another type.  A body
 *		 is also touched by edits that delete it because they set another body.
 *		 You touched an object if it differs between base and the list in your
 *		 edits.
 *	  4. A thing that both touched is no obstacle if your edits leave it as
 *		 theirs has it: both sides did the same.
 *	  5. An object that you added stays beside one that others added under the
 *		 same number: yours gets the next free number.
 *	  6. Any other thing that both touched is an obstacle: nothing is merged,
 *		 and the answer is MAPI_E_OBJECT_CHANGED.
 *
 *	  Lists are merged object by object in objects_merge().  What others
 *	  touched is collected on the way back from theirs to base, over any number
 *	  of changes (change_walk_back), the newest change of a property first.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"

/* ------------------------------------------------- what others have touched */

void
theirs_init(TheirChanges *theirs, const Content *current)
{
	nameset_init(&theirs->names);
	theirs->allocated = theirs->names.allocated;
	theirs->changes = palloc(sizeof(TheirChange) * theirs->allocated);
	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
		theirs->lists[p] = content_list(current, p);
}

/* Note a property, unless a newer change that touched it is noted. */
static void
note(TheirChanges *theirs, const char *name, int namelen,
	 const ChangeRow *change)
{
	TheirChange *slot;

	if (!nameset_add(&theirs->names, pnstrdup(name, namelen)))
		return;
	if (theirs->names.count > theirs->allocated)
	{
		theirs->allocated = theirs->names.allocated;
		theirs->changes = repalloc(theirs->changes, sizeof(TheirChange) *
								   theirs->allocated);
	}
	slot = &theirs->changes[theirs->names.count - 1];
	slot->changed_by = changerow_author(change);
	slot->changed_at = change->changed_at;
	slot->client = change->client;
	slot->change_number = change->change_number;
}

/* Return true if a name in an undo is one that counts. */
static bool
counts(const char *name, int namelen)
{
	Property	prop;

	return !spelling_lookup(name, namelen, &prop) ||
		prop.rule == RULE_STORED;
}

/*
 * Note the objects of a list that a change touched; *entry is the list's undo.
 * A hard delete touches no object: it only gives the list that the earlier
 * changes led to.
 */
static void
note_objects(TheirChanges *theirs, Part part, const BagEntry *entry,
			 const ChangeRow *change)
{
	Jsonb	   *older = NULL;
	JsonbValue	value;
	int64	   *numbers;
	int			count;

	entry_value(entry, &value);
	if (value.type == jbvBinary)
		older = object_from_value(&value);
	if (change->kind == CHANGE_HARD_DELETE)
	{
		theirs->lists[part] = older;
		return;
	}
	numbers = objects_changed(older, theirs->lists[part],
							  part_number_name(part), &count);
	for (int i = 0; i < count; i++)
	{
		char	   *name = part_object_name(part, numbers[i]);

		note(theirs, name, strlen(name), change);
	}
	theirs->lists[part] = older;
}

void
theirs_visit(const ChangeRow *change, void *arg)
{
	TheirChanges *theirs = arg;
	int			count;
	BagEntry   *entries = bag_entries(change->undo.props, &count);

	for (int i = 0; i < count; i++)
	{
		const char *name = entries[i].key;
		int			namelen = entries[i].keylen;

		if (name[0] != '.')
		{
			Part		part = part_of(name, namelen);

			if (IS_LIST(part))
				note_objects(theirs, part, &entries[i], change);
			else if (change->kind != CHANGE_HARD_DELETE && counts(name, namelen))
				note(theirs, name, namelen, change);
		}
		else if (namelen == strlen(UNDO_DELETED) &&
				 memcmp(name, UNDO_DELETED, namelen) == 0)
			note(theirs, "PR_DELETED_ON", strlen("PR_DELETED_ON"), change);
		else if (change->kind == CHANGE_MOVE &&
				 namelen == strlen(UNDO_FOLDER) &&
				 memcmp(name, UNDO_FOLDER, namelen) == 0)
			note(theirs, "PR_PARENT_ENTRYID", strlen("PR_PARENT_ENTRYID"),
				 change);
	}
	if (change->kind == CHANGE_HARD_DELETE)
		return;
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (change->undo.has_large[p])
			note(theirs, part_name(p), strlen(part_name(p)), change);
	}
}

const TheirChange *
theirs_newest(const TheirChanges *theirs, const char *name)
{
	int			at = nameset_find(&theirs->names, name);

	if (at < 0 && IS_BODY(part_of(name, strlen(name))))
	{
		for (int i = 0; at < 0 && i < theirs->names.count; i++)
		{
			const char *other = theirs->names.names[i];

			if (IS_BODY(part_of(other, strlen(other))))
				at = i;
		}
	}
	return at < 0 ? NULL : &theirs->changes[at];
}

/* --------------------------------------------------------- what both touched */

bool
merge_touches(const Edits *edits, const char *name)
{
	Part		part = part_of(name, strlen(name));
	JsonbValue	value;

	if (IS_BODY(part))
		return edits->touched[PART_BODY] != UNTOUCHED ||
			edits->touched[PART_HTML] != UNTOUCHED ||
			edits->touched[PART_RTF] != UNTOUCHED;
	if (part != PART_PROPS)
		return edits->touched[part] != UNTOUCHED;
	return edits->touched[PART_PROPS] != UNTOUCHED &&
		bag_find((Jsonb *) edits->value[PART_PROPS], name, &value);
}

/*
 * Merge the lists among the edits, object by object; false if both sides
 * changed one object differently.
 */
static bool
merge_lists(const Content *base, const Content *theirs, const Edits *edits,
			Edits *merged)
{
	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
	{
		Jsonb	   *list;

		if (edits->touched[p] == UNTOUCHED)
			continue;
		if (!objects_merge(content_list(base, p), content_list(theirs, p),
						   (Jsonb *) edits->value[p], part_number_name(p),
						   false, &list))
			return false;
		merged->value[p] = (struct varlena *) list;
	}
	return true;
}

/* What the edits make of theirs. */
typedef struct Together
{
	const Content *theirs;
	Content		content;
	Jsonb	   *changed;		/* members of the bag that the edits change */
} Together;

static void
put_together(const Content *theirs, const Edits *edits, Together *together)
{
	together->theirs = theirs;
	edits_apply(theirs, edits, &together->content);
	together->changed =
		bag_difference(DatumGetJsonbP(theirs->value[PART_PROPS]),
					   DatumGetJsonbP(together->content.value[PART_PROPS]));
}

/* Return true if the edits leave a property (a body: all three) as it is. */
static bool
left_as_theirs(const Together *together, const char *name)
{
	Part		part = part_of(name, strlen(name));
	JsonbValue	value;

	if (part == PART_PROPS)
		return !bag_find(together->changed, name, &value);
	if (!IS_BODY(part))
		return content_same_part(together->theirs, &together->content, part);
	for (int p = PART_BODY; p <= PART_RTF; p++)
	{
		if (!content_same_part(together->theirs, &together->content, p))
			return false;
	}
	return true;
}

bool
merge_edits(const TheirChanges *changes, const Content *base,
			const Content *theirs, const Edits *edits, Edits *merged)
{
	Edits		retyped = *edits;
	Together	together;

	*merged = *edits;
	if (!merge_lists(base, theirs, edits, merged))
		return false;

	/* a property set in another type than theirs is touched in both */
	edits_retype(theirs, &retyped);
	put_together(theirs, edits, &together);
	for (int i = 0; i < changes->names.count; i++)
	{
		const char *name = changes->names.names[i];

		CHECK_FOR_INTERRUPTS();
		if (merge_touches(&retyped, name) && !left_as_theirs(&together, name))
			return false;
	}
	return true;
}
