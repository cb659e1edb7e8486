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

/*
 * A part that is touched only because another body was set, and that was
 * absent before and after, is no part of the change.  A blob that comes or
 * goes is in the bag's undo already.
 */
static bool
part_changes(const Content *old, const Edits *edits, const Jsonb *bag_undone,
			 int part)
{
	return edits->touched[part] == TOUCHED ||
		(edits->touched[part] == TOUCHED_IMPLIED &&
		 !(old->isnull[part] && edits->value[part] == NULL &&
		   !part_named(bag_undone, part)));
}

/* A list (recipients, attachments) as a member of an undo. */
static void
add_old_list(BagList *members, int part, Datum old)
{
	Jsonb	   *array = DatumGetJsonbP(old);
	JsonbValue	value;

	value_from_object(&value, array);
	baglist_add_value(members, part_name(part), strlen(part_name(part)),
					  &value);
}

void
undo_of_edits(const Content *old, const Edits *edits, Undo *undo)
{
	Jsonb	   *bag_was = DatumGetJsonbP(old->value[PART_PROPS]);
	Jsonb	   *patch = edits_patch_for(bag_was, edits);
	Jsonb	   *bag = NULL;
	BagEntry   *entries = NULL;
	BagList		members;
	Datum	   *names;
	int			nnames = 0;
	int			count = 0;

	memset(undo, 0, sizeof(Undo));
	if (patch != NULL)
	{
		bag = bag_undo(bag_was, patch);
		entries = bag_entries(bag, &count);
	}
	baglist_init(&members, count + 2);
	names = palloc(sizeof(Datum) * (count + NUM_PARTS));
	for (int i = 0; i < count; i++)
	{
		baglist_add(&members, &entries[i]);
		names[nnames++] = PointerGetDatum(cstring_to_text_with_len(entries[i].key,
																   entries[i].keylen));
	}

	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		bool		named = part_named(bag, p);

		if (!part_changes(old, edits, bag, p))
			continue;
		if (!named)
			names[nnames++] = CStringGetTextDatum(part_name(p));
		if (!old->isnull[p] && p >= PART_HEADERS)
		{
			undo->large[p] = old->value[p];
			undo->has_large[p] = true;
		}
		else if (!old->isnull[p])
			add_old_list(&members, p, old->value[p]);
		else if (!named)
			baglist_add_null(&members, part_name(p), strlen(part_name(p)));
	}
	undo->props = (nnames == count && bag != NULL) ? bag :
		baglist_build(&members);
	undo->properties = construct_array(names, nnames, TEXTOID, -1, false,
									   TYPALIGN_INT);
}

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
 * What the undo says of a part that has a column: it was absent, a list, or a
 * blob, whose reference goes back into the bag.
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
