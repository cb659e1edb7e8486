/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Merging the edits of a client with the changes that others have made
 *	  since the client's base.
 *
 * NOTES
 *	  This is the rule of merging.  The models and checkers of the tests follow
 *	  it as well.
 *
 *	  There are three contents.  "Base" is the version from which the client
 *	  started.  "Theirs" is the newest version.  "Yours" is base with the
 *	  client's edits.  A merge writes theirs with the client's edits.  It
 *	  succeeds unless both sides touched the same item and gave it different
 *	  values.
 *
 *	  1. An item is a property, or one object of a list: a recipient, found by
 *		 PR_ROWID, or an attachment, found by PR_ATTACH_NUM.  The three bodies
 *		 are one item: an edit of the text body and an edit of the HTML body
 *		 both touch the body.  PR_SUBJECT, its prefix and the normalized
 *		 subject are one item as well.
 *	  2. Others touched a property if a change after base lists the property,
 *		 even if a later change restored its value.  Others touched an object
 *		 if it differs between base and theirs.  Stamps and computed properties
 *		 do not count, and neither do the times of attachments.  The folder of
 *		 the message does not count either; a merge leaves the message in the
 *		 folder of theirs.
 *	  3. You touched a property if the edits set or delete it, even if its
 *		 value stays the same, or if they set the property in another type.
 *		 You touched a body also if the edits delete it because they set
 *		 another body.  You touched an object if it differs between base and
 *		 the list in your edits.
 *	  4. An item that both sides touched is no obstacle if your edits give it
 *		 the value that it has in theirs.
 *	  5. If both sides added an object under the same number, both objects
 *		 stay, and yours gets the next free number.
 *	  6. A client may ask for texts to be merged line by line (MERGE_TEXT).
 *		 An item that both sides touched is then merged by hunks.c, and is an
 *		 obstacle only if that finds a conflict.  The item must be a string in
 *		 all three contents: a property of the bag, the transport headers, or
 *		 the body.  The body is merged if theirs and yours have one and the
 *		 same form of it, text or HTML in UTF-8, which base has too.  Subjects,
 *		 and texts that are kept as blobs, are not merged by lines.
 *	  7. Any other item that both sides touched is an obstacle: nothing is
 *		 merged, and the save returns MAPI_E_OBJECT_CHANGED.
 *
 *	  objects_merge() merges lists object by object.  The items that others
 *	  touched are collected by change_walk_back(), on the way from theirs to
 *	  base, so that the newest change of a property comes first.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"
#include "utils/builtins.h"

/* ----------------------------------------------- items that others touched */

void
theirs_init(TheirChanges *theirs, const Content *current)
{
	nameset_init(&theirs->names);
	theirs->allocated = theirs->names.allocated;
	theirs->changes = palloc(sizeof(TheirChange) * theirs->allocated);
	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
		theirs->lists[p] = content_list(current, p);
}

/*
 * Note that a change touched a name, of namelen bytes, unless a newer change
 * that touched the name is noted already.
 */
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
	slot->client = change->author.client;
	slot->change_number = change->change_number;
}

/*
 * Return false if a name in an undo is that of a property that is computed, or
 * that can be set only until the first save.
 */
static bool
counts(const char *name, int namelen)
{
	Property	prop;

	return !spelling_lookup(name, namelen, &prop) ||
		prop.rule == RULE_STORED;
}

/*
 * Note the objects of a list that a change touched.  *entry is the undo of the
 * list.  A hard delete touches no object; its undo only gives the list from
 * which earlier changes are taken back.
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

/*
 * ChangeVisitor: note the items that a change touched.  Of a hard delete, only
 * the deletion itself counts.  Of the values outside the content, the deletion
 * and the folder of a move count, as the properties that show them.
 */
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
		else if (change->kind != CHANGE_HARD_DELETE &&
				 namelen == strlen(UNDO_SUBMITTED) &&
				 memcmp(name, UNDO_SUBMITTED, namelen) == 0)
			note(theirs, "PR_MESSAGE_FLAGS", strlen("PR_MESSAGE_FLAGS"),
				 change);
		else if ((change->kind == CHANGE_MOVE ||
				  change->kind == CHANGE_IMPORT) &&
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

/* Return true if two names are those of parts of one item. */
static bool
one_item(const char *a, const char *b)
{
	if (subject_named(a))
		return subject_named(b);
	return IS_BODY(part_of(a, strlen(a))) && IS_BODY(part_of(b, strlen(b)));
}

const TheirChange *
theirs_newest(const TheirChanges *theirs, const char *name)
{
	int			at = nameset_find(&theirs->names, name);

	if (at < 0 && (IS_BODY(part_of(name, strlen(name))) ||
				   subject_named(name)))
	{
		for (int i = 0; at < 0 && i < theirs->names.count; i++)
		{
			if (one_item(name, theirs->names.names[i]))
				at = i;
		}
	}
	return at < 0 ? NULL : &theirs->changes[at];
}

/* ------------------------------------------------- items that both touched */

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
	if (edits->touched[PART_PROPS] != UNTOUCHED && subject_named(name))
		return subject_touched((Jsonb *) edits->value[PART_PROPS]);
	return edits->touched[PART_PROPS] != UNTOUCHED &&
		bag_find((Jsonb *) edits->value[PART_PROPS], name, &value);
}

/*
 * Merge the lists that the edits touch into *merged, object by object.
 * Returns false if both sides changed the same object to different values;
 * adds the names of all such objects to "obstacles" if that is not NULL.
 */
static bool
merge_lists(const Content *base, const Content *theirs, const Edits *edits,
			NameSet *obstacles, Edits *merged)
{
	bool		possible = true;


	for (int p = PART_RECIPIENTS; p <= PART_ATTACHMENTS; p++)
	{
		ObjectClashes clashes = {NULL, 0};
		Jsonb	   *list;

		if (edits->touched[p] == UNTOUCHED)
			continue;
		if (!objects_merge(content_list(base, p), content_list(theirs, p),
						   (Jsonb *) edits->value[p], part_number_name(p),
						   p == PART_RECIPIENTS, false,
						   obstacles != NULL ? &clashes : NULL, &list))
			return false;
		merged->value[p] = (struct varlena *) list;
		for (int i = 0; i < clashes.count; i++)
			nameset_add(obstacles, part_object_name(p, clashes.numbers[i]));
		possible = possible && clashes.count == 0;
	}
	return possible;
}

/* The result of applying the client's edits to theirs. */
typedef struct Together
{
	const Content *theirs;
	Content		content;
	Jsonb	   *changed;		/* patch of the bag: members that change */
} Together;

/* Apply edits to theirs. */
static void
put_together(const Content *theirs, const Edits *edits, Together *together)
{
	together->theirs = theirs;
	edits_apply(theirs, edits, &together->content);
	together->changed =
		bag_difference(DatumGetJsonbP(theirs->value[PART_PROPS]),
					   DatumGetJsonbP(together->content.value[PART_PROPS]));
}

/*
 * Return true if the edits leave a property as it is in theirs.  For a body,
 * return true if they leave all three bodies, and for a part of the subject if
 * they leave the whole subject.
 */
static bool
left_as_theirs(const Together *together, const char *name)
{
	Part		part = part_of(name, strlen(name));
	JsonbValue	value;

	if (subject_named(name))
		return !subject_touched(together->changed);
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

/* ---------------------------------------------------------- texts by lines */

/* One text in three contents, and the result of merging it. */
typedef struct ThreeTexts
{
	const char *text[NUM_TEXTS];
	int			len[NUM_TEXTS];
} ThreeTexts;

/*
 * Get the value of a part of a content that is a string, or HTML in UTF-8.
 * Returns false if the content has no such value.
 */
static bool
get_part_text(const Content *content, Part part, ThreeTexts *texts, int which)
{
	struct varlena *value;

	if (content->isnull[part])
		return false;
	value = PG_DETOAST_DATUM_PACKED(content->value[part]);
	texts->text[which] = VARDATA_ANY(value);
	texts->len[which] = VARSIZE_ANY_EXHDR(value);
	return part != PART_HTML ||
		text_valid(texts->text[which], texts->len[which]);
}

/* Detoast the bag of a content, so that many reads of it are cheap. */
static void
detoast_bag(Content *content)
{
	content->value[PART_PROPS] =
		JsonbPGetDatum(DatumGetJsonbP(content->value[PART_PROPS]));
}

/* Get the string that a bag has under a name, as get_part_text() does. */
static bool
get_bag_text(const Content *content, const char *name, ThreeTexts *texts,
			 int which)
{
	JsonbValue	value;

	if (!bag_find(DatumGetJsonbP(content->value[PART_PROPS]), name, &value) ||
		value.type != jbvString)
		return false;
	texts->text[which] = value.val.string.val;
	texts->len[which] = value.val.string.len;
	return true;
}

/*
 * Return the only form of the body that two contents have, PART_BODY or
 * PART_HTML, or PART_PROPS if they have no such form.
 */
static Part
common_body(const Content *theirs, const Content *yours)
{
	Part		form = PART_PROPS;

	for (int p = PART_BODY; p <= PART_RTF; p++)
	{
		if (content_has(theirs, p) != content_has(yours, p) ||
			(content_has(theirs, p) && form != PART_PROPS))
			return PART_PROPS;
		if (content_has(theirs, p))
			form = (Part) p;
	}
	return form == PART_RTF ? PART_PROPS : form;
}

/*
 * Put a merged text into edits that touch the property already: a part into
 * the edits themselves, a member of the bag into a list of members.
 */
static void
put_text(Edits *merged, BagList *members, Part part, const char *name,
		 const StringInfo text)
{
	if (part != PART_PROPS)
	{
		merged->touched[part] = TOUCHED;
		merged->value[part] = (struct varlena *)
			cstring_to_text_with_len(text->data, text->len);
	}
	else
		baglist_add_cstring(members, name, text->data, text->len);
}

/*
 * Merge the text of an item that both sides touched, and put it into *merged
 * or *members as put_text() does.  Returns false if the item is not a text in
 * all three contents (indexed by TEXT_BASE and so on), or if both changed the
 * text in one place.  "name" is any property of the item.
 */
static bool
merge_text_of(const Content *contents, const char *name, Edits *merged,
			  BagList *members)
{
	Part		part = part_of(name, strlen(name));
	ThreeTexts	texts;
	Hunks		hunks;
	StringInfoData text;
	Property	prop;

	if (subject_named(name) || IS_LIST(part))
		return false;
	if (IS_BODY(part))
	{
		part = common_body(&contents[TEXT_THEIRS], &contents[TEXT_YOURS]);
		if (part == PART_PROPS)
			return false;
	}
	else if (part == PART_PROPS &&
			 (!spelling_lookup(name, strlen(name), &prop) ||
			  prop.type != PT_UNICODE))
		return false;
	for (int i = 0; i < NUM_TEXTS; i++)
	{
		if (part == PART_PROPS ? !get_bag_text(&contents[i], name, &texts, i) :
			!get_part_text(&contents[i], part, &texts, i))
			return false;
	}
	if (!hunks_find(texts.text, texts.len, &hunks) || hunks.conflicts > 0 ||
		(Size) texts.len[TEXT_THEIRS] + texts.len[TEXT_YOURS] > MaxAllocSize / 2)
		return false;
	initStringInfo(&text);
	hunks_merged(&hunks, &text);
	put_text(merged, members, part, name, &text);
	return true;
}

/* ------------------------------------------------------------------- merge */

bool
merge_edits(const TheirChanges *changes, const Content *base,
			const Content *theirs, const Edits *edits, bool by_lines,
			NameSet *obstacles, Edits *merged)
{
	bool		possible;
	Edits		own = *edits;
	Edits		retyped;
	Together	together;
	Content		contents[NUM_TEXTS];
	bool		body_merged = false;
	BagList		members;

	attachments_stamp_edits(base, &own, GetCurrentTimestamp());
	*merged = retyped = own;
	possible = merge_lists(base, theirs, &own, obstacles, merged);
	if (!possible && obstacles == NULL)
		return false;

	/* setting a property in another type touches the property of theirs too */
	edits_retype(theirs, &retyped);
	put_together(theirs, edits, &together);
	contents[TEXT_BASE] = *base;
	contents[TEXT_THEIRS] = *theirs;
	edits_apply(base, edits, &contents[TEXT_YOURS]);
	if (by_lines)
	{
		for (int i = 0; i < NUM_TEXTS; i++)
			detoast_bag(&contents[i]);
	}
	baglist_init(&members, 8);
	for (int i = 0; i < changes->names.count; i++)
	{
		const char *name = changes->names.names[i];
		bool		is_body = IS_BODY(part_of(name, strlen(name)));

		CHECK_FOR_INTERRUPTS();
		if (!merge_touches(&retyped, name) ||
			left_as_theirs(&together, name) || (is_body && body_merged))
			continue;
		if (by_lines && merge_text_of(contents, name, merged, &members))
			body_merged = body_merged || is_body;
		else if (obstacles == NULL)
			return false;
		else
		{
			nameset_add(obstacles, name);
			possible = false;
		}
	}
	if (members.count > 0)
		merged->value[PART_PROPS] = (struct varlena *)
			bag_splice((Jsonb *) merged->value[PART_PROPS],
					   baglist_build(&members), true);
	return possible;
}
