/*-------------------------------------------------------------------------
 *
 * retype.c
 *	  A property id has one value, of one type: setting it in another type
 *	  replaces what is there.
 *
 * NOTES
 *	  The bag knows properties by their canonical names, and one id in two
 *	  types has two of them: 0x66A10003 and 0x66A10102, or what the catalogue
 *	  calls them; PS_PUBLIC_STRINGS:count:PT_LONG and
 *	  PS_PUBLIC_STRINGS:count.  So where a patch is applied to a bag, it is
 *	  first made to delete those other names: those, and only those, that the
 *	  bag has.  Undo, history and conflicts then see two properties touched,
 *	  one set and one deleted, which is what happens.
 *
 *	  Properties with a place of their own (bodies, headers) have no relatives
 *	  in the bag.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "msgstore.h"
#include "bag.h"
#include "catalogue.h"

/* Called with a relative that a bag has. */
typedef void (*RelativeVisitor) (const BagEntry *entry, const char *relative,
								 void *arg);

/* Visit a name, if the bag has a value under it. */
static void
visit_name(const Jsonb *bag, const BagEntry *entry, const char *relative,
		   RelativeVisitor visit, void *arg)
{
	JsonbValue	value;

	if (bag_find(bag, relative, &value) && value.type != jbvNull &&
		!(strlen(relative) == entry->keylen &&
		  memcmp(relative, entry->key, entry->keylen) == 0))
		visit(entry, relative, arg);
}

/* Visit the relatives of a named property that the catalogue does not know. */
static void
visit_named(const Jsonb *bag, const BagEntry *entry, int stemlen,
			RelativeVisitor visit, void *arg)
{
	const CatalogueType *type;

	visit_name(bag, entry, pnstrdup(entry->key, stemlen), visit, arg);
	for (int i = 0; (type = catalogue_type(i)) != NULL; i++)
		visit_name(bag, entry,
				   psprintf("%.*s:%s", stemlen, entry->key, type->name),
				   visit, arg);
}

/*
 * Visit the relatives of a tagged property: those that the catalogue has,
 * and, where an id may have any type, tags in hex.
 */
static void
visit_tagged(const Jsonb *bag, const BagEntry *entry, uint32 tag,
			 RelativeVisitor visit, void *arg)
{
	const CatalogueProperty *known = NULL;
	const CatalogueType *type;
	bool		any_known = false;

	while ((known = catalogue_next_of_id(TAG_ID(tag), known)) != NULL)
	{
		any_known = true;
		if (known->tag != tag && known->part == PART_PROPS)
			visit_name(bag, entry, catalogue_string(known->name), visit, arg);
	}
	if (any_known && TAG_ID(tag) <= LAST_MAPI_ID)
		return;
	for (int i = 0; (type = catalogue_type(i)) != NULL; i++)
	{
		char		relative[HEX_TAG_LEN + 1];

		if (type->json == 0)
			continue;
		snprintf(relative, sizeof(relative), "0x%04X%04X", TAG_ID(tag),
				 type->code);
		visit_name(bag, entry, relative, visit, arg);
	}
}

/* Visit what a member of a patch replaces in a bag. */
static void
visit_relatives(const Jsonb *bag, const BagEntry *entry,
				RelativeVisitor visit, void *arg)
{
	Property	prop;
	int			stemlen;

	if (entry->type == JENTRY_ISNULL ||
		!property_lookup(entry->key, entry->keylen, &prop))
		return;
	if (prop.tag != 0)
		visit_tagged(bag, entry, prop.tag, visit, arg);
	else if ((stemlen = named_stem_length(entry->key, entry->keylen)) > 0)
		visit_named(bag, entry, stemlen, visit, arg);
}

/* A RelativeVisitor: collect deletions in the BagList in "arg". */
static void
delete_relative(const BagEntry *entry, const char *relative, void *arg)
{
	baglist_add_null(arg, pstrdup(relative), strlen(relative));
}

/*
 * The patch that also deletes what its members replace in a bag, which may be
 * a patch itself.  The very patch where that is nothing.
 */
Jsonb *
retype_patch(const Jsonb *bag, Jsonb *patch)
{
	BagList		deletions;
	BagEntry   *entries;
	int			count;

	if (bag_count(bag) == 0)
		return patch;
	baglist_init(&deletions, 0);
	entries = bag_entries(patch, &count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		visit_relatives(bag, &entries[i], delete_relative, &deletions);
	}
	pfree(entries);
	if (deletions.count == 0)
		return patch;
	return bag_splice(baglist_build(&deletions), patch, true);
}

/*
 * The same for edits to some content.
 */
void
retype_edits(const Content *content, Edits *edits)
{
	if (edits->touched[PART_PROPS] != UNTOUCHED)
		edits->value[PART_PROPS] = (struct varlena *)
			retype_patch(DatumGetJsonbP(content->value[PART_PROPS]),
						 (Jsonb *) edits->value[PART_PROPS]);
}

/* A RelativeVisitor: raise. */
static void
refuse_relative(const BagEntry *entry, const char *relative, void *arg)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("properties %.*s and %s are one, in two types",
					entry->keylen, entry->key, relative),
			 errhint("A property has one value. Set it in one of the types.")));
}

/*
 * Raise where a patch sets one property in two types.
 */
void
retype_check(const Jsonb *patch)
{
	BagEntry   *entries;
	int			count;

	if (bag_count(patch) < 2)
		return;
	entries = bag_entries(patch, &count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		visit_relatives(patch, &entries[i], refuse_relative, NULL);
	}
	pfree(entries);
}
