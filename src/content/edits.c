/*-------------------------------------------------------------------------
 *
 * edits.c
 *	  Pending edits: checking patches, combining edits, and applying them to a
 *	  version.
 *
 * NOTES
 *	  Values are shared and never changed in place.  A part that the edits do
 *	  not touch keeps its Datum, so that a save can reuse the TOAST pointer.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

/* MSGFLAG_ bits that a client may set until the first save (R31) */
#define MSGFLAG_SETTABLE	(MSGFLAG_READ | MSGFLAG_UNSENT | MSGFLAG_RESEND)

static void raise_computed(const Property *prop);
static void check_message_flags(const JsonbValue *value);

void
edits_init(Edits *edits)
{
	memset(edits, 0, sizeof(Edits));
}

bool
edits_any(const Edits *edits)
{
	for (int p = 0; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] != UNTOUCHED)
			return true;
	}
	return false;
}

/*
 * Return true if the values of all named properties follow from the edits
 * alone.  A value follows from the edits if the property is stored and the
 * edits set or delete it, or if no message can have the property.  The parts of
 * the subject may depend on the base.
 */
bool
edits_cover(const Edits *edits, ArrayType *tags)
{
	Datum	   *names;
	bool	   *nulls;
	int			count;

	if (!edits_any(edits))
		return false;
	deconstruct_array(tags, TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		Property	prop;
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			return false;
		if (!spelling_resolve_read(VARDATA_ANY(DatumGetPointer(names[i])),
								   VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
								   &prop))
			continue;
		if (prop.rule != RULE_STORED || prop.tag == PR_SUBJECT_PREFIX ||
			prop.tag == PR_NORMALIZED_SUBJECT ||
			edits->touched[prop.part] == UNTOUCHED ||
			(prop.part == PART_PROPS &&
			 !bag_find((Jsonb *) edits->value[PART_PROPS], prop.name, &value)))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------- patches */

/*
 * Check a value that is not null, and make it canonical.  Returns true if the
 * value is a reference to a blob.
 */
static bool
check_value(const Property *prop, JsonbValue *value)
{
	if (reference_takes(prop, value))
	{
		/* the whole subject could not be made of it */
		if (prop->tag == PR_SUBJECT_PREFIX ||
			prop->tag == PR_NORMALIZED_SUBJECT)
			ereport(ERROR,
					(errmapi(MAPI_E_NO_SUPPORT),
					 errmsg("property %s cannot be a blob", prop->name)));
		return true;
	}
	if (prop->part == PART_RECIPIENTS)
		recipients_check(prop, value);
	else if (prop->part == PART_ATTACHMENTS)
		attachments_check(prop, value);
	else
		property_check(prop, value);
	if (prop->tag == PR_MESSAGE_FLAGS)
		check_message_flags(value);
	return false;
}

/*
 * Check one member of a patch.  Add a member of the bag, or a reference to a
 * blob, to *props, and the value of any other part to *edits.
 */
static void
add_member(const Property *prop, JsonbValue *value, bool is_new, Edits *edits,
		   BagList *props)
{
	bool		is_blob;

	if (prop->rule == RULE_COMPUTED ||
		(prop->rule == RULE_FIRST_SAVE && !is_new))
		raise_computed(prop);
	if (prop->tag == PR_SEARCH_KEY && value->type == jbvNull)
		ereport(ERROR,
				(errmapi(MAPI_E_COMPUTED),
				 errmsg("property %s cannot be deleted", prop->name)));
	is_blob = value->type != jbvNull && check_value(prop, value);

	if (prop->part == PART_PROPS || is_blob)
		baglist_add_value(props, prop->name, prop->namelen, value);
	if (prop->part == PART_PROPS)
		return;
	if (edits->touched[prop->part] != UNTOUCHED)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %s is named more than once", prop->name)));
	edits->touched[prop->part] = TOUCHED;
	edits->value[prop->part] = value->type == jbvNull || is_blob ? NULL :
		part_value(prop->part, value);
}

/*
 * Complete edits when all members have been added: check *props, and make them
 * the patch of the bag.  "suspects" has the members that can be in another type,
 * or is NULL.
 */
static void
finish_edits(Edits *edits, BagList *props, BagList *suspects)
{
	const char *twice;
	int			len;

	twice = baglist_duplicate(props, &len);
	if (twice != NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %.*s is named more than once", len, twice)));
	if (props->count > 0)
	{
		edits->touched[PART_PROPS] = TOUCHED;
		edits->value[PART_PROPS] = (struct varlena *) baglist_build(props);
		if (suspects != NULL)
			retype_check((Jsonb *) edits->value[PART_PROPS], suspects);
	}
	edits_one_body(edits);
}

void
edits_from_patch(Jsonb *patch, bool is_new, Edits *edits)
{
	BagEntry   *entries;
	BagList		props;
	BagList		suspects;
	int			count;

	if (!JB_ROOT_IS_OBJECT(patch))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("properties must be a JSON object, not %s",
						JB_ROOT_IS_SCALAR(patch) ? "a scalar" : "an array"),
				 errhint("Write them as {\"PR_SUBJECT\": \"...\"}.")));

	edits_init(edits);
	entries = bag_entries(patch, &count);
	baglist_init(&props, count);
	baglist_init(&suspects, 0);
	for (int i = 0; i < count; i++)
	{
		Property	prop;
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		spelling_resolve(entries[i].key, entries[i].keylen, &prop);
		entry_value(&entries[i], &value);
		add_member(&prop, &value, is_new, edits, &props);
		if (!prop.alone && prop.part == PART_PROPS)
		{
			BagEntry	suspect = {prop.name, prop.namelen, entries[i].type,
			NULL, 0};

			baglist_add(&suspects, &suspect);
		}
	}
	finish_edits(edits, &props, &suspects);
}

/*
 * Make edits that delete the named properties.  Each name is handled like a
 * member of a patch whose value is null, but its type does not matter.
 */
void
edits_from_tags(ArrayType *tags, bool is_new, Edits *edits)
{
	BagList		props;
	Datum	   *names;
	bool	   *nulls;
	int			count;

	deconstruct_array(tags, TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &count);
	edits_init(edits);
	baglist_init(&props, count);
	for (int i = 0; i < count; i++)
	{
		Property	prop;
		JsonbValue	null = {.type = jbvNull};

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"tags\" is NULL")));
		spelling_resolve_id(VARDATA_ANY(DatumGetPointer(names[i])),
							VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
							&prop);
		add_member(&prop, &null, is_new, edits, &props);
	}
	finish_edits(edits, &props, NULL);	/* deletions do not meet */
}

/*
 * Make a patch of edits.  The patch of the bag may have a member with the name
 * of a part: the reference of a part that is a blob, or null if the part was a
 * blob before.
 */
Jsonb *
edits_to_patch(const Edits *edits)
{
	const Jsonb *props = edits->value[PART_PROPS] != NULL ?
	(Jsonb *) edits->value[PART_PROPS] : bag_empty();
	int			count;
	BagEntry   *entries = bag_entries(props, &count);
	BagList		list;
	Content		content;

	content_from_bag(&content, NULL);
	baglist_init(&list, count + NUM_PARTS);
	for (int i = 0; i < count; i++)
	{
		if (part_of(entries[i].key, entries[i].keylen) == PART_PROPS ||
			entries[i].type != JENTRY_ISNULL)
			baglist_add(&list, &entries[i]);
	}
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] != TOUCHED || part_is_blob(props, p))
			continue;
		content.isnull[p] = (edits->value[p] == NULL);
		content.value[p] = PointerGetDatum(edits->value[p]);
		if (content.isnull[p])
			baglist_add_null(&list, part_name(p), strlen(part_name(p)));
		else
			content_add_part(&content, p, &list);
	}
	return baglist_build(&list);
}

/* Raise MAPI_E_COMPUTED for a property that the client cannot set now. */
static void
raise_computed(const Property *prop)
{
	if (prop->rule == RULE_FIRST_SAVE)
		ereport(ERROR,
				(errmapi(MAPI_E_COMPUTED),
				 errmsg("property %s can be set until the first save only",
						prop->name)));
	ereport(ERROR,
			(errmapi(MAPI_E_COMPUTED),
			 errmsg("property %s is computed by the store", prop->name),
			 errhint("Omit this property from the call.")));
}

/* Raise an error if PR_MESSAGE_FLAGS has bits that a client cannot set. */
static void
check_message_flags(const JsonbValue *value)
{
	int32		flags = (int32) integer_of_value(value);

	if ((flags & ~MSGFLAG_SETTABLE) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property PR_MESSAGE_FLAGS has bits 0x%X that a client cannot set",
						flags & ~MSGFLAG_SETTABLE),
				 errhint("MSGFLAG_READ (0x1), MSGFLAG_UNSENT (0x8) and MSGFLAG_RESEND (0x80) can be set.")));
}

/*
 * If the edits set a body in one form, make them delete the bodies in the
 * other two forms, unless the same call sets or deletes these as well.  A
 * message has one body.
 */
void
edits_one_body(Edits *edits)
{
	bool		set = false;

	for (int p = PART_BODY; p <= PART_RTF; p++)
		set = set || edits->value[p] != NULL ||
			part_is_blob((Jsonb *) edits->value[PART_PROPS], p);
	if (!set)
		return;
	for (int p = PART_BODY; p <= PART_RTF; p++)
	{
		if (edits->touched[p] == UNTOUCHED)
			edits->touched[p] = TOUCHED_IMPLIED;
	}
}

/* ----------------------------------------------------- combining, applying */

/*
 * Return the patch that edits apply to a bag, or, without is_whole, to an
 * earlier patch.  The reference of a part that was a blob is deleted if the
 * edits touch the part, unless the patch of the edits has a member for the
 * part.
 */
static Jsonb *
patch_for(const Jsonb *bag, const Edits *edits, bool is_whole)
{
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	Jsonb	   *result = patch;
	BagList		deletions;
	int			subject = 0;

	if (patch != NULL)
		result = retype_patch(bag, patch, &subject);
	if (subject != 0)
		result = subject_complete(bag, result, subject, is_whole);
	deletions.count = 0;
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] == UNTOUCHED || !part_is_blob(bag, p) ||
			part_named(patch, p))
			continue;
		if (deletions.count == 0)
			baglist_init(&deletions, NUM_PARTS);
		baglist_add_null(&deletions, part_name(p), strlen(part_name(p)));
	}
	if (deletions.count == 0)
		return result;
	if (result == NULL)
		return baglist_build(&deletions);
	return bag_splice(result, baglist_build(&deletions), true);
}

Jsonb *
edits_patch_for(const Jsonb *bag, const Edits *edits)
{
	return patch_for(bag, edits, true);
}

void
edits_retype(const Content *content, Edits *edits)
{
	Jsonb	   *patch = edits_patch_for(DatumGetJsonbP(content->value[PART_PROPS]),
										edits);

	if (patch != NULL)
	{
		edits->touched[PART_PROPS] = TOUCHED;
		edits->value[PART_PROPS] = (struct varlena *) patch;
	}
}

void
edits_merge(const Edits *first, const Edits *then, Edits *result)
{
	for (int p = 0; p < NUM_PARTS; p++)
	{
		const Edits *source = then->touched[p] != UNTOUCHED ? then : first;

		result->touched[p] = Max(first->touched[p], then->touched[p]);
		result->value[p] = source->value[p];
	}
	if (first->touched[PART_PROPS])
	{
		Jsonb	   *bag = (Jsonb *) first->value[PART_PROPS];
		Jsonb	   *patch = patch_for(bag, then, false);

		if (patch != NULL)
			result->value[PART_PROPS] = (struct varlena *)
				bag_splice(bag, patch, true);
	}
}

void
edits_apply_parts(const Edits *edits, Content *result)
{
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] == UNTOUCHED)
			continue;
		result->value[p] = PointerGetDatum(edits->value[p]);
		result->isnull[p] = (edits->value[p] == NULL);
	}
}

void
edits_apply(const Content *base, const Edits *edits, Content *result)
{
	Jsonb	   *bag = DatumGetJsonbP(base->value[PART_PROPS]);
	Jsonb	   *patch = edits_patch_for(bag, edits);

	*result = *base;
	if (patch != NULL)
		result->value[PART_PROPS] =
			JsonbPGetDatum(bag_splice(bag, patch, false));
	edits_apply_parts(edits, result);
}

/*
 * Make edits that turn content "from" into content "to".  A part that differs,
 * but that "named" does not touch, becomes TOUCHED_IMPLIED.
 */
void
edits_between(const Content *from, const Content *to, const Edits *named,
			  Edits *result)
{
	static const char *const stamp = "PR_LAST_MODIFICATION_TIME";
	Jsonb	   *patch = bag_difference(DatumGetJsonbP(from->value[PART_PROPS]),
									   DatumGetJsonbP(to->value[PART_PROPS]));
	JsonbValue	value;

	if (bag_find(patch, stamp, &value))
	{
		BagList		list;

		/* a time that the client gave belongs to the first version only */
		baglist_init(&list, 1);
		baglist_add_null(&list, stamp, strlen(stamp));
		patch = bag_splice(patch, baglist_build(&list), false);
	}
	if (named->touched[PART_PROPS])
		patch = bag_splice(patch, (Jsonb *) named->value[PART_PROPS], true);
	edits_init(result);
	if (bag_count(patch) > 0)
	{
		result->touched[PART_PROPS] = TOUCHED;
		result->value[PART_PROPS] = (struct varlena *) patch;
	}

	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (content_same_part(from, to, p) && named->touched[p] == UNTOUCHED &&
			!part_named(patch, p))
			continue;
		result->touched[p] = Max(named->touched[p], TOUCHED_IMPLIED);
		result->value[p] = to->isnull[p] ? NULL :
			(struct varlena *) DatumGetPointer(to->value[p]);
	}
}
