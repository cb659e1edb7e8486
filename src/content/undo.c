/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  The undo of a change: the values that the change replaced, and taking the
 *	  change back.
 *
 * NOTES
 *	  An undo contains a patch with the old members of the bag and the old
 *	  lists.  A null in the patch records that the property was absent.  Old
 *	  headers and bodies are datums beside the patch.
 *
 *	  Values outside the content, such as the folder, are in the patch under
 *	  names that begin with a dot (UNDO_FOLDER and others).  The name of a
 *	  property cannot begin with a dot.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/* ---------------------------------------------------------- making an undo */

/*
 * Return true if a part belongs to the change.  A body that is touched only
 * because another body was set does not belong to the change if it was absent
 * before.  in_bag: the undo of the bag has the part, since the part was a blob
 * or becomes one.
 */
static bool
part_changes(const Content *old, const Edits *edits, Part part, bool in_bag)
{
	return edits->touched[part] == TOUCHED ||
		(edits->touched[part] == TOUCHED_IMPLIED &&
		 !(old->isnull[part] && edits->value[part] == NULL && !in_bag));
}

/*
 * Add the old value of a part to an undo.  A list, or a null for a part that
 * was absent, becomes a member of the patch; any other value goes beside the
 * patch.  in_bag: the undo of the bag already has the part, since the part was
 * a blob or becomes one.
 */
static void
add_part(BagList *members, const Content *old, Part part, bool in_bag,
		 Undo *undo)
{
	const char *name = part_name(part);

	if (old->isnull[part])
	{
		if (!in_bag)
			baglist_add_null(members, name, strlen(name));
	}
	else if (IS_LIST(part))
	{
		JsonbValue	list;

		value_from_object(&list, DatumGetJsonbP(old->value[part]));
		baglist_add_value(members, name, strlen(name), &list);
	}
	else
	{
		undo->large[part] = old->value[part];
		undo->has_large[part] = true;
	}
}

/*
 * Complete the undo of edits, in which undo->props is the undo of the bag.
 * Large values are not copied: undo->large has the datums of "old".
 */
static void
add_parts(const Content *old, const Edits *edits, Undo *undo)
{
	BagList		members;
	BagEntry   *entries;
	int			count;

	baglist_init(&members, NUM_PARTS);
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		bool		in_bag;

		if (edits->touched[p] == UNTOUCHED)
			continue;
		in_bag = part_named(undo->props, p);
		if (part_changes(old, edits, p, in_bag))
			add_part(&members, old, p, in_bag, undo);
	}
	if (members.count == 0)
		return;
	entries = bag_entries(undo->props, &count);
	for (int i = 0; i < count; i++)
		baglist_add(&members, &entries[i]);
	undo->props = baglist_build(&members);
}

void
undo_of_edits(const Content *old, const Edits *edits, Undo *undo)
{
	Jsonb	   *bag = DatumGetJsonbP(old->value[PART_PROPS]);
	Jsonb	   *patch = edits_patch_for(bag, edits);

	memset(undo, 0, sizeof(Undo));
	undo->props = patch == NULL ? bag_empty() : bag_undo(bag, patch);
	add_parts(old, edits, undo);
}

void
undo_apply_edits(const Content *old, const Edits *edits, Content *new,
				 Undo *undo)
{
	Jsonb	   *bag = DatumGetJsonbP(old->value[PART_PROPS]);
	Jsonb	   *patch = edits_patch_for(bag, edits);

	memset(undo, 0, sizeof(Undo));
	*new = *old;
	if (patch != NULL)
		new->value[PART_PROPS] =
			JsonbPGetDatum(bag_change(bag, patch, &undo->props));
	else
		undo->props = bag_empty();
	edits_apply_parts(edits, new);
	add_parts(old, edits, undo);
}

/* --------------------------------------------------- the names in an undo */

/* The properties that show values outside the content. */
static const struct
{
	const char *member;
	const char *name;
}			shown_as[] =

{
	{UNDO_FOLDER, "PR_PARENT_ENTRYID"},
	{UNDO_DELETED, "PR_DELETED_ON"},
	{UNDO_SUBMITTED, "PR_MESSAGE_FLAGS"}
};

ArrayType *
undo_properties(const Undo *undo)
{
	int			count;
	BagEntry   *entries = bag_entries(undo->props, &count);
	Datum	   *names = palloc(sizeof(Datum) * (count + NUM_PARTS));
	int			n = 0;
	JsonbValue	value;

	for (int i = 0; i < count; i++)
	{
		if (entries[i].key[0] != '.' &&
			part_of(entries[i].key, entries[i].keylen) == PART_PROPS)
			names[n++] =
				PointerGetDatum(cstring_to_text_with_len(entries[i].key,
														 entries[i].keylen));
	}
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if ((p >= PART_HEADERS && undo->has_large[p]) ||
			part_named(undo->props, p))
			names[n++] = CStringGetTextDatum(part_name(p));
	}
	for (int i = 0; i < lengthof(shown_as); i++)
	{
		if (bag_find(undo->props, shown_as[i].member, &value))
			names[n++] = CStringGetTextDatum(shown_as[i].name);
	}
	return construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* ----------------------------------------------------- taking changes back */

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
 * Restore a part from its entry in an undo: a null if the part was absent, a
 * list, or the reference to a blob, which is added to *patch for the bag.
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

/*
 * Restore the content before a change.  Members whose name begins with a dot
 * are skipped, because they are outside the content.  A large value that is
 * restored replaces a reference in the bag.
 */
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

/* ----------------------------------------------------------- SQL functions */

/*
 * undo_properties(undo bytea, headers boolean, body boolean, html boolean,
 *				   rtf boolean) → text[]
 *
 * Return the names of the properties that a change touched, from its undo; an
 * argument is true if the undo has the large value of that name.
 */
PG_FUNCTION_INFO_V1(undo_properties_sql);
Datum
undo_properties_sql(PG_FUNCTION_ARGS)
{
	Undo		undo;

	undo.props = packed_read(PG_GETARG_BYTEA_PP(0));
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
		undo.has_large[p] = PG_GETARG_BOOL(p - PART_HEADERS + 1);
	PG_RETURN_POINTER(undo_properties(&undo));
}
