/*-------------------------------------------------------------------------
 *
 * retype.c
 *	  Changing the type of a property: an id has one value, of one type, and
 *	  setting it in another type replaces that value.
 *
 * NOTES
 *	  A bag is keyed by canonical names.  An id has a different name in each
 *	  type: 0x66A10003 and 0x66A10102, or the names of these two tags in the
 *	  catalogue; PS_PUBLIC_STRINGS:count:PT_LONG and PS_PUBLIC_STRINGS:count.
 *	  Here such properties are called relatives.
 *
 *	  Before a patch is applied to a bag, deletions are added to the patch for
 *	  the relatives that the bag has of each property that the patch sets or
 *	  deletes.  Undo, history and conflicts then show two properties as
 *	  touched.
 *
 *	  Properties that are stored outside the bag (bodies, headers, lists) have
 *	  no relatives in the bag.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"

#include "catalogue.h"

/* the length of "0xIIII" */
#define HEX_ID_LEN	6

/*
 * The relatives of that many named properties are searched for by reading the
 * whole bag.  For more, the bag's named properties are sorted.
 */
#define MAX_SCANS	16

/* A named property of a bag, by its name without the type. */
typedef struct Stem
{
	const BagEntry *member;
	int			len;
} Stem;

/* A bag in which relatives are searched for. */
typedef struct Search
{
	const Jsonb *bag;
	BagEntry   *entries;		/* NULL until they are needed */
	int			count;
	int			scans;
	Stem	   *stems;			/* sorted; NULL until they are needed */
	int			nstems;
} Search;

/* Called with a member of a patch and the name of a relative in the bag. */
typedef void (*RelativeVisitor) (const BagEntry *entry, const char *relative,
								 void *arg);

/* Visit a member of the bag, unless it is null or has the entry's own name. */
static void
visit_member(const BagEntry *member, const BagEntry *entry,
			 RelativeVisitor visit, void *arg)
{
	if (member->type != JENTRY_ISNULL &&
		!(member->keylen == entry->keylen &&
		  memcmp(member->key, entry->key, entry->keylen) == 0))
		visit(entry, pnstrdup(member->key, member->keylen), arg);
}

static void
need_entries(Search *search)
{
	if (search->entries == NULL)
		search->entries = bag_entries(search->bag, &search->count);
}

static int
compare_stems(const void *a, const void *b)
{
	const Stem *x = a;
	const Stem *y = b;

	return bag_compare_keys(x->member->key, x->len, y->member->key, y->len);
}

static void
need_stems(Search *search)
{
	if (search->stems != NULL)
		return;
	search->stems = palloc(sizeof(Stem) * (search->count + 1));
	for (int i = 0; i < search->count; i++)
	{
		const BagEntry *member = &search->entries[i];
		int			len = named_stem_length(member->key, member->keylen);

		CHECK_FOR_INTERRUPTS();
		if (len == 0)
			continue;
		search->stems[search->nstems].member = member;
		search->stems[search->nstems++].len = len;
	}
	qsort(search->stems, search->nstems, sizeof(Stem), compare_stems);
}

/* Visit the relatives of a named property in the sorted named properties. */
static void
visit_stems(Search *search, const BagEntry *entry, int stemlen,
			RelativeVisitor visit, void *arg)
{
	Stem		wanted = {entry, stemlen};
	int			from = 0;
	int			to;

	need_stems(search);
	to = search->nstems;
	while (from < to)
	{
		int			middle = (from + to) / 2;

		if (compare_stems(&search->stems[middle], &wanted) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (int i = from; i < search->nstems &&
		 compare_stems(&search->stems[i], &wanted) == 0; i++)
		visit_member(search->stems[i].member, entry, visit, arg);
}

/*
 * Visit the relatives of a named property that is not in the catalogue.  The
 * name of the entry without its type has stemlen bytes.
 */
static void
visit_named(Search *search, const BagEntry *entry, int stemlen,
			RelativeVisitor visit, void *arg)
{
	need_entries(search);
	if (search->scans++ >= MAX_SCANS)
	{
		visit_stems(search, entry, stemlen, visit, arg);
		return;
	}
	for (int i = 0; i < search->count; i++)
	{
		const BagEntry *member = &search->entries[i];

		if (member->keylen >= stemlen &&
			memcmp(member->key, entry->key, stemlen) == 0 &&
			named_stem_length(member->key, member->keylen) == stemlen)
			visit_member(member, entry, visit, arg);
	}
}

/*
 * Compare a member with the hexadecimal tags of one id, whose prefix is
 * "0xIIII", in the order of a bag.  Returns 0 if the member is such a tag.
 */
static int
compare_hex_tag(const BagEntry *member, const char *prefix)
{
	if (member->keylen != HEX_TAG_LEN)
		return member->keylen < HEX_TAG_LEN ? -1 : 1;
	return memcmp(member->key, prefix, HEX_ID_LEN);
}

/*
 * Return the position of the first member that is not sorted before the
 * hexadecimal tags of one id.
 */
static int
first_hex_tag(const Search *search, const char *prefix)
{
	int			from = 0;
	int			to = search->count;

	while (from < to)
	{
		int			middle = (from + to) / 2;

		if (compare_hex_tag(&search->entries[middle], prefix) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/*
 * Visit the relatives of a property with a tag: the names that the catalogue
 * has for the id and, if the id may have any type, its hexadecimal tags.
 */
static void
visit_tagged(Search *search, const BagEntry *entry, uint32 tag,
			 RelativeVisitor visit, void *arg)
{
	const CatalogueProperty *known = NULL;
	char		prefix[HEX_ID_LEN + 1];
	bool		any_known = false;

	while ((known = catalogue_next_of_id(TAG_ID(tag), known)) != NULL)
	{
		const char *name = catalogue_string(known->name);
		JsonbValue	value;

		/* hexadecimal names of an id of any type are left to the loop below */
		any_known = true;
		if (known->tag != tag && known->part == PART_PROPS &&
			(name[0] != '0' || TAG_ID(tag) <= LAST_MAPI_ID) &&
			bag_find(search->bag, name, &value) && value.type != jbvNull)
			visit(entry, name, arg);
	}
	if (any_known && TAG_ID(tag) <= LAST_MAPI_ID)
		return;

	snprintf(prefix, sizeof(prefix), "0x%04X", TAG_ID(tag));
	need_entries(search);
	for (int i = first_hex_tag(search, prefix); i < search->count &&
		 compare_hex_tag(&search->entries[i], prefix) == 0; i++)
		visit_member(&search->entries[i], entry, visit, arg);
}

/*
 * Visit the relatives that the bag has of a member of a patch.  A property that
 * is stored outside the bag has no relatives.  Returns the property's tag, or 0.
 */
static uint32
visit_relatives(Search *search, const BagEntry *entry,
				RelativeVisitor visit, void *arg)
{
	Property	prop;
	int			stemlen;

	if (!spelling_lookup(entry->key, entry->keylen, &prop))
		return 0;
	if (prop.alone || prop.part != PART_PROPS)
		return prop.tag;
	if (prop.tag != 0)
		visit_tagged(search, entry, prop.tag, visit, arg);
	else if ((stemlen = named_stem_length(entry->key, entry->keylen)) > 0)
		visit_named(search, entry, stemlen, visit, arg);
	return prop.tag;
}

/* Return the bit (SUBJECT_*) of a tag that is one of those of the subject. */
static int
subject_bit(uint32 tag)
{
	return tag == PR_SUBJECT ? SUBJECT_WHOLE :
		tag == PR_SUBJECT_PREFIX || tag == PR_NORMALIZED_SUBJECT ?
		SUBJECT_PARTS : 0;
}

/* RelativeVisitor: add the deletion of a relative to the BagList in "arg". */
static void
delete_relative(const BagEntry *entry, const char *relative, void *arg)
{
	baglist_add_null(arg, relative, strlen(relative));
}

/* Return true if no member of a bag can have a relative. */
static bool
all_alone(const Jsonb *bag)
{
	int			count;
	BagEntry   *entries = bag_entries(bag, &count);
	Property	prop;
	bool		alone = true;

	for (int i = 0; i < count && alone; i++)
		alone = spelling_lookup(entries[i].key, entries[i].keylen, &prop) &&
			(prop.alone || prop.part != PART_PROPS);
	pfree(entries);
	return alone;
}

/* Return the bits (SUBJECT_*) of the members that a patch has. */
static int
subject_bits(const Jsonb *patch)
{
	JsonbValue	value;

	return (bag_find(patch, "PR_SUBJECT", &value) ? SUBJECT_WHOLE : 0) |
		(bag_find(patch, "PR_SUBJECT_PREFIX", &value) ||
		 bag_find(patch, "PR_NORMALIZED_SUBJECT", &value) ?
		 SUBJECT_PARTS : 0);
}

/*
 * Return a patch that also deletes the relatives of its members in a bag.  The
 * bag may itself be a patch.  Returns "patch" itself if there is nothing to
 * delete.
 */
Jsonb *
retype_patch(const Jsonb *bag, Jsonb *patch, int *subject)
{
	Search		search = {bag, NULL, 0, 0, NULL, 0};
	BagList		deletions;
	BagEntry   *entries;
	int			count;

	*subject = SUBJECT_WHOLE | SUBJECT_PARTS;
	if (bag_count(bag) == 0)
		return patch;
	*subject = 0;
	if (bag_count(bag) < bag_count(patch) && all_alone(bag))
	{
		/* a relative of a member of the patch would have a relative, too */
		*subject = subject_bits(patch);
		return patch;
	}
	baglist_init(&deletions, 0);
	entries = bag_entries(patch, &count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		*subject |= subject_bit(visit_relatives(&search, &entries[i],
												delete_relative,
												&deletions));
	}
	pfree(entries);
	if (deletions.count == 0)
		return patch;
	/* two deletions of the patch may have a relative in common */
	baglist_unique(&deletions);
	return bag_splice(baglist_build(&deletions), patch, true);
}

/* RelativeVisitor: raise an error. */
static void
refuse_relative(const BagEntry *entry, const char *relative, void *arg)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("properties %.*s and %s are one property in two types",
					entry->keylen, entry->key, relative),
			 errhint("A property has one value. Set it in one type only.")));
}

void
retype_check(const Jsonb *patch, BagList *suspects)
{
	Search		search = {patch, NULL, 0, 0, NULL, 0};
	BagList		all;

	if (suspects == NULL)
	{
		suspects = &all;
		all.entries = bag_entries(patch, &all.count);
	}
	else
		baglist_unique(suspects);
	if (suspects->count < 2)
		return;
	for (int i = 0; i < suspects->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (suspects->entries[i].type != JENTRY_ISNULL)
			(void) visit_relatives(&search, &suspects->entries[i],
								   refuse_relative, NULL);
	}
}
