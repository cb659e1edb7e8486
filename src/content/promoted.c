/*-------------------------------------------------------------------------
 *
 * promoted.c
 *	  Promoted values: properties by which lists are sorted and filtered, in
 *	  columns of their own.
 *
 * NOTES
 *	  A promoted value follows from the content and is never set by itself.  A
 *	  text is cut to 255 characters, since a longer one may not fit into an
 *	  index, and a time to microseconds: the order of the promoted values is
 *	  that of the properties, except that different properties can have equal
 *	  promoted values.  Readers that need more look at the property.
 *
 *	  A save that leaves a property alone keeps the promoted datum as it is, so
 *	  that no index changes.  Whether a save touches a property is read from the
 *	  patch that undoes the save: the patch has a member for each property that
 *	  the save sets or deletes.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "access/detoast.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define MAX_CHARACTERS	255		/* of a promoted text */

/*
 * The properties in the bag that are promoted.  A subject follows from three
 * members, of which every one has a line.
 */
static const struct
{
	const char *name;
	int			len;
	PromotedColumn column;
}			members[] =

{
#define MEMBER(name, column)	{name, sizeof(name) - 1, column}
	MEMBER("PR_SUBJECT", PROMOTED_SUBJECT),
	MEMBER("PR_IMPORTANCE", PROMOTED_IMPORTANCE),
	MEMBER("PR_SENDER_NAME", PROMOTED_SENDER),
	MEMBER("PR_MESSAGE_CLASS", PROMOTED_CLASS),
	MEMBER("PR_SUBJECT_PREFIX", PROMOTED_SUBJECT),
	MEMBER("PR_CLIENT_SUBMIT_TIME", PROMOTED_SUBMIT),
	MEMBER("PR_CONVERSATION_TOPIC", PROMOTED_CONVERSATION),
	MEMBER("PR_NORMALIZED_SUBJECT", PROMOTED_SUBJECT),
	MEMBER("PR_MESSAGE_DELIVERY_TIME", PROMOTED_DELIVERY)
#undef MEMBER
};

/* Return a text as it is promoted. */
static text *
promoted_text(const char *string, int len)
{
	if (len > MAX_CHARACTERS)	/* bytes, each of which may be a character */
		len = pg_mbcharcliplen(string, len, MAX_CHARACTERS);
	return cstring_to_text_with_len(string, len);
}

/* Promote a value of the bag; a value of another form becomes NULL. */
static void
promote(PromotedColumn column, const JsonbValue *value, Promoted *promoted)
{
	TimestampTz time;

	switch (column)
	{
		case PROMOTED_DELIVERY:
		case PROMOTED_SUBMIT:
			if (value->type != jbvString ||
				!systime_timestamp(value->val.string.val,
								   value->val.string.len, &time))
				return;
			promoted->value[column] = TimestampTzGetDatum(time);
			break;
		case PROMOTED_IMPORTANCE:
			if (value->type != jbvNumeric)
				return;
			promoted->value[column] =
				Int32GetDatum((int32) integer_of_value(value));
			break;
		default:
			if (value->type != jbvString)
				return;
			promoted->value[column] =
				PointerGetDatum(promoted_text(value->val.string.val,
											  value->val.string.len));
			break;
	}
	promoted->isnull[column] = false;
}

/* Set a column from the member of the bag that it promotes. */
static void
fill_member(const Jsonb *bag, int member, Promoted *promoted)
{
	PromotedColumn column = members[member].column;
	JsonbValue	prefix;
	JsonbValue	value;

	promoted->value[column] = (Datum) 0;
	promoted->isnull[column] = true;
	if (column == PROMOTED_SUBJECT ? subject_parts(bag, &prefix, &value) :
		bag_find(bag, members[member].name, &value))
		promote(column, &value, promoted);
}

static void
fill_attachments(const Content *content, Promoted *promoted)
{
	const Jsonb *list = content_list(content, PART_ATTACHMENTS);

	promoted->value[PROMOTED_ATTACHMENTS] =
		BoolGetDatum(list != NULL && JB_ROOT_COUNT(list) > 0);
	promoted->isnull[PROMOTED_ATTACHMENTS] = false;
}

PromotedColumn
promoted_column(const char *name)
{
	if (strcmp(name, "PR_SUBJECT") == 0 ||
		strcmp(name, "PR_SUBJECT_PREFIX") == 0)
		return PROMOTED_NOTHING;	/* the order of the column is another */
	if (strcmp(name, "PR_HASATTACH") == 0)
		return PROMOTED_ATTACHMENTS;
	if (strcmp(name, "PR_MESSAGE_SIZE_EXTENDED") == 0)
		return PROMOTED_SIZE;
	for (int i = 0; i < lengthof(members); i++)
	{
		if (strcmp(name, members[i].name) == 0)
			return members[i].column;
	}
	return PROMOTED_NOTHING;
}

void
promoted_fill(const Content *content, Promoted *promoted)
{
	const Jsonb *bag = DatumGetJsonbP(content->value[PART_PROPS]);

	for (int i = 0; i < lengthof(members); i++)
	{
		/* the first line of the subject fills the column */
		if (members[i].column != PROMOTED_SUBJECT || i == 0)
			fill_member(bag, i, promoted);
	}
	fill_attachments(content, promoted);
	promoted->value[PROMOTED_SIZE] = Int64GetDatum(content_size(content));
	promoted->isnull[PROMOTED_SIZE] = false;
}

/* Return true if both contents have the datum of a part, or lack the part. */
static bool
shares_part(const Content *a, const Content *b, int part)
{
	return a->isnull[part] == b->isnull[part] &&
		(a->isnull[part] || a->value[part] == b->value[part]);
}

/* Return true if a bag has a member with the value of an entry. */
static bool
has_value(const Jsonb *bag, int member, const BagEntry *entry)
{
	JsonbValue	old;
	JsonbValue	new;

	entry_value(entry, &old);
	if (!bag_find(bag, members[member].name, &new))
		return old.type == jbvNull;
	if (old.type != new.type)
		return false;
	if (old.type == jbvString)
		return old.val.string.len == new.val.string.len &&
			memcmp(old.val.string.val, new.val.string.val,
				   old.val.string.len) == 0;
	return old.type == jbvNumeric &&
		VARSIZE(old.val.numeric) == VARSIZE(new.val.numeric) &&
		memcmp(old.val.numeric, new.val.numeric,
			   VARSIZE(old.val.numeric)) == 0;
}

void
promoted_follow(const Content *old, const Content *new, const Jsonb *undo,
				Promoted *promoted)
{
	const Jsonb *bag = DatumGetJsonbP(new->value[PART_PROPS]);
	int64		size;
	int			count;
	BagEntry   *entries;

	if (promoted->isnull[PROMOTED_SIZE])
	{
		promoted_fill(new, promoted);
		return;
	}

	size = DatumGetInt64(promoted->value[PROMOTED_SIZE]);
	for (int p = 0; p < NUM_PARTS; p++)
	{
		if (!shares_part(old, new, p))
			size += content_part_size(new, p) - content_part_size(old, p);
	}
	promoted->value[PROMOTED_SIZE] = Int64GetDatum(size);
	if (!shares_part(old, new, PART_ATTACHMENTS))
		fill_attachments(new, promoted);
	if (shares_part(old, new, PART_PROPS))
		return;

	entries = bag_entries(undo, &count);
	for (int i = 0; i < count; i++)
	{
		for (int m = 0; m < lengthof(members); m++)
		{
			if (members[m].len == entries[i].keylen &&
				memcmp(members[m].name, entries[i].key,
					   members[m].len) == 0 &&
				!has_value(bag, m, &entries[i]))
				fill_member(bag, m, promoted);
		}
	}
	pfree(entries);
}

/* ------------------------------------------------------------------ bounds */

bool
promoted_value(PromotedColumn column, const JsonbValue *value, Datum *datum)
{
	Promoted	promoted;

	promoted.value[column] = (Datum) 0;
	promoted.isnull[column] = true;
	promote(column, value, &promoted);
	*datum = promoted.value[column];
	return !promoted.isnull[column];
}

/* Compare two values of a promoted column, which is a time or a text. */
static int
compare_promoted(PromotedColumn column, Datum a, Datum b)
{
	text	   *x;
	text	   *y;
	int			order;

	if (column == PROMOTED_DELIVERY || column == PROMOTED_SUBMIT)
		return timestamp_cmp_internal(DatumGetTimestampTz(a),
									  DatumGetTimestampTz(b));
	x = DatumGetTextPP(a);
	y = DatumGetTextPP(b);
	order = memcmp(VARDATA_ANY(x), VARDATA_ANY(y),
				   Min(VARSIZE_ANY_EXHDR(x), VARSIZE_ANY_EXHDR(y)));
	return order != 0 ? order :
		(int) VARSIZE_ANY_EXHDR(x) - (int) VARSIZE_ANY_EXHDR(y);
}

void
promoted_raise_low(PromotedBounds *bounds, PromotedColumn column,
				   Datum low)
{
	if (!bounds->has_low || compare_promoted(column, low, bounds->low) > 0)
		bounds->low = low;
	bounds->has_low = true;
}

void
promoted_reduce_high(PromotedBounds *bounds, PromotedColumn column,
					 Datum high)
{
	if (!bounds->has_high || compare_promoted(column, high, bounds->high) < 0)
		bounds->high = high;
	bounds->has_high = true;
}
