/*-------------------------------------------------------------------------
 *
 * edits.c
 *	  Pending edits: checked patches, what they make of a version, and what
 *	  takes them back.
 *
 * NOTES
 *	  Nothing here touches tables.  Values are shared, never changed in
 *	  place: a part that edits leave alone keeps the very Datum it came with,
 *	  which is what lets a save reuse TOAST pointers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "engine.h"
#include "bag.h"

/* MSGFLAG_ bits that a client may set until the first save (R31) */
#define MSGFLAG_SETTABLE	(MSGFLAG_READ | MSGFLAG_UNSENT | MSGFLAG_RESEND)

static void raise_computed(const Property *prop);
static void check_message_flags(const JsonbValue *value);
static struct varlena *part_value(Part part, JsonbValue *value);
static void one_body(Edits *edits);

static const char *const part_names[NUM_PARTS] = {
	NULL,
	"PR_MESSAGE_RECIPIENTS",
	"PR_MESSAGE_ATTACHMENTS",
	"PR_TRANSPORT_MESSAGE_HEADERS",
	"PR_BODY",
	"PR_HTML",
	"PR_RTF_COMPRESSED"
};

const char *
part_name(Part part)
{
	return part_names[part];
}

/* The part whose property has a name; PART_PROPS where none has. */
static Part
part_of_entry(const BagEntry *entry)
{
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (strlen(part_names[p]) == entry->keylen &&
			memcmp(part_names[p], entry->key, entry->keylen) == 0)
			return (Part) p;
	}
	return PART_PROPS;
}

/* Whether a bag, or a patch that is not NULL, has a member of a part's name. */
static bool
names_part(const Jsonb *bag, int part)
{
	JsonbValue	value;

	return bag != NULL && bag_find(bag, part_names[part], &value);
}

/* Whether a patch, or NULL, makes a blob of a part. */
static bool
sets_blob(const Jsonb *patch, int part)
{
	JsonbValue	value;

	return patch != NULL && part >= PART_HEADERS &&
		bag_find(patch, part_names[part], &value) && value.type != jbvNull;
}

bool
content_has(const Content *content, Part part)
{
	return !content->isnull[part] ||
		sets_blob(DatumGetJsonbP(content->value[PART_PROPS]), part);
}

Jsonb *
content_list(const Content *content, Part part)
{
	return content->isnull[part] ? NULL :
		DatumGetJsonbP(content->value[part]);
}

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
 * Whether what is shown of every property that is named follows from edits
 * alone.
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
		if (!property_resolve_read(VARDATA_ANY(DatumGetPointer(names[i])),
								   VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
								   &prop))
			continue;
		if (prop.rule != RULE_STORED ||
			edits->touched[prop.part] == UNTOUCHED ||
			(prop.part == PART_PROPS &&
			 !bag_find((Jsonb *) edits->value[PART_PROPS], prop.name, &value)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ patches */

/*
 * Check one member of a patch and add it to the edits or, for a member of the
 * bag, to *props.
 */
static void
add_member(const BagEntry *entry, bool is_new, Edits *edits, BagList *props)
{
	Property	prop;
	JsonbValue	value;
	bool		is_blob;

	property_resolve(entry->key, entry->keylen, &prop);
	if (prop.rule == RULE_COMPUTED ||
		(prop.rule == RULE_FIRST_SAVE && !is_new))
		raise_computed(&prop);

	entry_value(entry, &value);
	is_blob = blob_takes(&prop, &value);
	if (value.type != jbvNull && !is_blob)
	{
		property_check(&prop, &value);
		if (prop.tag == PR_MESSAGE_FLAGS)
			check_message_flags(&value);
	}

	if (prop.part == PART_PROPS || is_blob)
		baglist_add_value(props, prop.name, prop.namelen, &value);
	if (prop.part == PART_PROPS)
		return;
	if (edits->touched[prop.part] != UNTOUCHED)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %s is named more than once", prop.name)));
	edits->touched[prop.part] = TOUCHED;
	edits->value[prop.part] = value.type == jbvNull || is_blob ? NULL :
		part_value(prop.part, &value);
}

/*
 * The members have been added: make the patch of the bag.
 */
static void
finish_edits(Edits *edits, BagList *props)
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
		retype_check((Jsonb *) edits->value[PART_PROPS]);
	}
	one_body(edits);
}

void
edits_from_patch(Jsonb *patch, bool is_new, Edits *edits)
{
	BagEntry   *entries;
	BagList		props;
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
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_member(&entries[i], is_new, edits, &props);
	}
	finish_edits(edits, &props);
}

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
		BagEntry	entry = {NULL, 0, JENTRY_ISNULL, NULL, 0};

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"tags\" is NULL")));
		entry.key = VARDATA_ANY(DatumGetPointer(names[i]));
		entry.keylen = VARSIZE_ANY_EXHDR(DatumGetPointer(names[i]));
		add_member(&entry, is_new, edits, &props);
	}
	finish_edits(edits, &props);
}

void
edits_from_stored(Jsonb *object, Edits *edits)
{
	int			count;
	BagEntry   *entries = bag_entries(object, &count);
	BagList		props;

	edits_init(edits);
	baglist_init(&props, count);
	for (int i = 0; i < count; i++)
	{
		Part		p = part_of_entry(&entries[i]);
		bool		is_blob = p >= PART_HEADERS &&
			entries[i].type == JENTRY_ISCONTAINER;

		if (p == PART_PROPS || is_blob)
			baglist_add(&props, &entries[i]);
		if (p != PART_PROPS)
			edits->touched[p] = TOUCHED;
		if (p != PART_PROPS && !is_blob)
		{
			JsonbValue	value;

			entry_value(&entries[i], &value);
			edits->value[p] = part_value(p, &value);
		}
	}
	edits->touched[PART_PROPS] = TOUCHED;
	edits->value[PART_PROPS] = (struct varlena *) baglist_build(&props);
}

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
			 errhint("Leave it out of what you set or delete.")));
}

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
 * A checked value as its column holds it.
 */
static struct varlena *
part_value(Part part, JsonbValue *value)
{
	switch (part)
	{
		case PART_HEADERS:
		case PART_BODY:
			return (struct varlena *)
				cstring_to_text_with_len(value->val.string.val,
										 value->val.string.len);
		case PART_HTML:
		case PART_RTF:
			return (struct varlena *)
				base64_bytes(value->val.string.val, value->val.string.len);
		default:
			return (struct varlena *) JsonbValueToJsonb(value);
	}
}

/*
 * A message has one body: setting it in one form deletes the other two,
 * unless the same call says something of them.
 */
static void
one_body(Edits *edits)
{
	bool		set = false;

	for (int p = PART_BODY; p <= PART_RTF; p++)
		set = set || edits->value[p] != NULL ||
			sets_blob((Jsonb *) edits->value[PART_PROPS], p);
	if (!set)
		return;
	for (int p = PART_BODY; p <= PART_RTF; p++)
	{
		if (edits->touched[p] == UNTOUCHED)
			edits->touched[p] = TOUCHED_IMPLIED;
	}
}

/* ------------------------------------------------------ combining, applying */

/*
 * The patch that edits apply to a bag, which may be a patch itself: theirs,
 * and the deletion of what they replace there, the same properties in other
 * types and blobs of parts.  NULL where there is none.
 */
static Jsonb *
patch_for(const Jsonb *bag, const Edits *edits)
{
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	Jsonb	   *result = patch;
	BagList		deletions;

	if (patch != NULL)
		result = retype_patch(bag, patch);
	deletions.count = 0;
	for (int p = PART_HEADERS; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] == UNTOUCHED || !sets_blob(bag, p) ||
			names_part(patch, p))
			continue;
		if (deletions.count == 0)
			baglist_init(&deletions, NUM_PARTS);
		baglist_add_null(&deletions, part_names[p], strlen(part_names[p]));
	}
	if (deletions.count == 0)
		return result;
	if (result == NULL)
		return baglist_build(&deletions);
	return bag_splice(result, baglist_build(&deletions), true);
}

void
edits_retype(const Content *content, Edits *edits)
{
	Jsonb	   *patch = patch_for(DatumGetJsonbP(content->value[PART_PROPS]),
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
		Jsonb	   *patch = patch_for(bag, then);

		if (patch != NULL)
			result->value[PART_PROPS] = (struct varlena *)
				bag_splice(bag, patch, true);
	}
}

void
edits_apply(const Content *base, const Edits *edits, Content *result)
{
	Jsonb	   *bag = DatumGetJsonbP(base->value[PART_PROPS]);
	Jsonb	   *patch = patch_for(bag, edits);

	*result = *base;
	if (patch != NULL)
		result->value[PART_PROPS] =
			JsonbPGetDatum(bag_splice(bag, patch, false));
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] == UNTOUCHED)
			continue;
		result->value[p] = PointerGetDatum(edits->value[p]);
		result->isnull[p] = (edits->value[p] == NULL);
	}
}

/* The blob that a part is, or 0. */
static int64
blob_of(const Content *content, int part)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;

	if (bag_find(DatumGetJsonbP(content->value[PART_PROPS]), part_name(part),
				 &value) && blob_from_value(&value, &blob_id, &size))
		return blob_id;
	return 0;
}

bool
content_same_part(const Content *a, const Content *b, int part)
{
	struct varlena *x,
			   *y;

	if (a->isnull[part] || b->isnull[part])
		return a->isnull[part] == b->isnull[part] &&
			blob_of(a, part) == blob_of(b, part);
	if (a->value[part] == b->value[part])
		return true;
	if (toast_raw_datum_size(a->value[part]) !=
		toast_raw_datum_size(b->value[part]))
		return false;
	x = PG_DETOAST_DATUM_PACKED(a->value[part]);
	y = PG_DETOAST_DATUM_PACKED(b->value[part]);
	return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

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

		/* a time that was given to the first version is of that one only */
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
			!names_part(patch, p))
			continue;
		result->touched[p] = Max(named->touched[p], TOUCHED_IMPLIED);
		result->value[p] = to->isnull[p] ? NULL :
			(struct varlena *) DatumGetPointer(to->value[p]);
	}
}

/* --------------------------------------------------------------------- undo */

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
		   !names_part(bag_undone, part)));
}

/* A list (recipients, attachments) as a member of an undo. */
static void
add_old_list(BagList *members, int part, Datum old)
{
	Jsonb	   *array = DatumGetJsonbP(old);
	JsonbValue	value;

	value_from_object(&value, array);
	baglist_add_value(members, part_names[part], strlen(part_names[part]),
					  &value);
}

void
edits_undo(const Content *old, const Edits *edits, Undo *undo)
{
	Jsonb	   *bag_was = DatumGetJsonbP(old->value[PART_PROPS]);
	Jsonb	   *patch = patch_for(bag_was, edits);
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
		bool		named = names_part(bag, p);

		if (!part_changes(old, edits, bag, p))
			continue;
		if (!named)
			names[nnames++] = CStringGetTextDatum(part_names[p]);
		if (!old->isnull[p] && p >= PART_HEADERS)
		{
			undo->large[p] = old->value[p];
			undo->has_large[p] = true;
		}
		else if (!old->isnull[p])
			add_old_list(&members, p, old->value[p]);
		else if (!named)
			baglist_add_null(&members, part_names[p], strlen(part_names[p]));
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
		else if (names_part(older->props, p))
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
		p = part_of_entry(&entries[i]);
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
		baglist_add_null(&patch, part_names[p], strlen(part_names[p]));
	}
	if (patch.count > 0)
		content->value[PART_PROPS] =
			JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
									  baglist_build(&patch), false));
}
