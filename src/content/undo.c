/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  What a change replaced, and how to take the change back.
 *
 * NOTES
 *	  An undo is a patch of the bag, in which a null says that the property
 *	  was absent; the lists stand in it too.  Replaced headers and bodies stand
 *	  beside it, as the datums they were.  Where the message stood is in the
 *	  patch under names that begin with a dot (UNDO_FOLDER and its like), which
 *	  no property has.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/* ------------------------------------------------------------ making an undo */

/* An undo that is being put together. */
typedef struct UndoWork
{
	BagList		members;		/* of the patch */
	Datum	   *names;			/* of the changed properties, texts */
	int			nnames;
} UndoWork;

/* Begin with the undo of the bag, which may be NULL. */
static void
begin_with_bag(UndoWork *work, const Jsonb *bag_undone)
{
	int			count = 0;
	BagEntry   *entries = bag_undone == NULL ? NULL :
		bag_entries(bag_undone, &count);

	baglist_init(&work->members, count + NUM_PARTS);
	work->names = palloc(sizeof(Datum) * (count + NUM_PARTS));
	work->nnames = 0;
	for (int i = 0; i < count; i++)
	{
		text	   *name = cstring_to_text_with_len(entries[i].key,
													entries[i].keylen);

		baglist_add(&work->members, &entries[i]);
		work->names[work->nnames++] = PointerGetDatum(name);
	}
}

/*
 * Return true if edits change a part.  A body that they touch only because
 * they set another one is not changed if it was absent before.
 */
static bool
part_changes(const Content *old, const Edits *edits, Part part, bool in_bag)
{
	return edits->touched[part] == TOUCHED ||
		(edits->touched[part] == TOUCHED_IMPLIED &&
		 !(old->isnull[part] && edits->value[part] == NULL && !in_bag));
}

/*
 * Add the old value of a part: a list, or a null for a part that was absent, as
 * a member of the patch, other values beside the patch.  With in_bag the undo
 * of the bag names the part already: a blob comes or goes.
 */
static void
add_part(UndoWork *work, const Content *old, Part part, bool in_bag,
		 Undo *undo)
{
	const char *name = part_name(part);

	if (!in_bag)
		work->names[work->nnames++] = CStringGetTextDatum(name);
	if (old->isnull[part])
	{
		if (!in_bag)
			baglist_add_null(&work->members, name, strlen(name));
	}
	else if (IS_LIST(part))
	{
		JsonbValue	list;

		value_from_object(&list, DatumGetJsonbP(old->value[part]));
		baglist_add_value(&work->members, name, strlen(name), &list);
	}
	else
	{
		undo->large[part] = old->value[part];
		undo->has_large[part] = true;
	}
}

void
undo_of_edits(const Content *old, const Edits *edits, Undo *undo)
{
	Jsonb	   *bag = DatumGetJsonbP(old->value[PART_PROPS]);
	Jsonb	   *patch = edits_patch_for(bag, edits);
	Jsonb	   *bag_undone = patch == NULL ? NULL : bag_undo(bag, patch);
	UndoWork	work;
	int			from_bag;

	memset(undo, 0, sizeof(Undo));
	begin_with_bag(&work, bag_undone);
	from_bag = work.members.count;
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		bool		in_bag = part_named(bag_undone, p);

		if (part_changes(old, edits, p, in_bag))
			add_part(&work, old, p, in_bag, undo);
	}
	undo->props = bag_undone != NULL && work.members.count == from_bag ?
		bag_undone : baglist_build(&work.members);
	undo->properties = construct_array(work.names, work.nnames, TEXTOID, -1,
									   false, TYPALIGN_INT);
}

/* -------------------------------------------------------- taking changes back */

void
undo_merge(Undo *total, const Undo *older)
{
	Jsonb	   *newer = total->props;

	total->props = bag_splice(newer, older->props, true);
	pfree(newer);
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (older->has_large[p])
		{
			total->large[p] = older->large[p];
			total->has_large[p] = true;
		}
		else if (part_named(older->props, p))
			total->has_large[p] = false;
	}
}

/*
 * Take back what the undo's patch has of a part: the part was absent, a list,
 * or a blob, whose reference goes back into the bag.
 */
static void
undo_part(const BagEntry *entry, Part part, Content *content, BagList *patch)
{
	content->isnull[part] = true;
	if (part >= PART_HEADERS)
		baglist_add(patch, entry);
	else if (entry->type != JENTRY_ISNULL)
	{
		JsonbValue	value;

		entry_value(entry, &value);
		content->value[part] = JsonbPGetDatum(object_from_value(&value));
		content->isnull[part] = false;
	}
}

void
undo_apply(const Undo *undo, Content *content)
{
	BagList		patch;
	int			count;
	BagEntry   *entries = bag_entries(undo->props, &count);

	baglist_init(&patch, count + NUM_PARTS);
	for (int i = 0; i < count; i++)
	{
		Part		p;

		if (entries[i].key[0] == '.')
			continue;
		p = part_of(entries[i].key, entries[i].keylen);
		if (p == PART_PROPS)
			baglist_add(&patch, &entries[i]);
		else if (!undo->has_large[p])
			undo_part(&entries[i], p, content, &patch);
	}
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (!undo->has_large[p])
			continue;
		content->value[p] = undo->large[p];
		content->isnull[p] = false;
		baglist_add_null(&patch, part_name(p), strlen(part_name(p)));
	}
	if (patch.count > 0)
		content->value[PART_PROPS] =
			JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
									  baglist_build(&patch), false));
}
