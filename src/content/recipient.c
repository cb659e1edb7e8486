/*-------------------------------------------------------------------------
 *
 * recipient.c
 *	  The recipient list: the property PR_MESSAGE_RECIPIENTS, an array of
 *	  objects, each of which holds the properties of one recipient.
 *
 * NOTES
 *	  The properties of a recipient are checked like those of a message, with
 *	  one difference: the client may set properties that the store computes
 *	  for a message, such as PR_ENTRYID and PR_OBJECT_TYPE.  In a checked list
 *	  every recipient has a PR_ROWID that is unique in the list, and a
 *	  PR_RECIPIENT_TYPE, and the recipients stand in the order of PR_ROWID
 *	  (R328).
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "catalogue.h"

/* PR_RECIPIENT_TYPE: the list in the low bits, submission flags above */
#define TYPE_MASK		0x0FFFFFFF

typedef struct Member
{
	Property	prop;
	JsonbValue	value;
} Member;

typedef struct Recipient
{
	Member	   *members;
	int			nmembers;
	bool		has_type;
	bool		has_row_id;
	int32		row_id;
} Recipient;

static void read_recipient(const Property *prop, const JsonbValue *row,
						   Recipient *recipient);
static void read_member(const JsonbValue *key, JsonbValue *value,
						Recipient *recipient);
static void refuse_twice(const Recipient *recipient);
static void give_row_ids(Recipient *recipients, int nrecipients);
static void push_recipient(const Recipient *recipient,
						   JsonbParseState **state);
static void push_key(const char *name, JsonbParseState **state);
static void push_integer(const char *name, int32 number,
						 JsonbParseState **state);
static void append_display(StringInfo list, JsonbContainer *row);
static int	compare_members(const void *a, const void *b);
static int	compare_row_ids(const void *a, const void *b);
static int	compare_recipients(const void *a, const void *b);

/*
 * Check the value of PR_MESSAGE_RECIPIENTS, as property_check() does for other
 * properties.  Names become canonical and values are checked; members whose
 * value is null are dropped.  A recipient without PR_ROWID gets the lowest
 * free number, a recipient without PR_RECIPIENT_TYPE gets MAPI_TO.  The
 * checked list is in the order of PR_ROWID.
 *
 * *value becomes a jbvBinary, palloc'd.  Raises an error if the list, a
 * recipient or a value is not valid, or if two recipients have the same
 * PR_ROWID.
 */
void
recipients_check(const Property *prop, JsonbValue *value)
{
	JsonbContainer *list;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	row;
	JsonbParseState *state = NULL;
	Recipient  *recipients;
	int			nrecipients = 0;
	Jsonb	   *result;

	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		property_refuse_type(prop, value);

	list = value->val.binary.data;
	recipients = palloc0(sizeof(Recipient) * Max(JsonContainerSize(list), 1));
	it = JsonbIteratorInit(list);
	(void) JsonbIteratorNext(&it, &row, true);
	while ((token = JsonbIteratorNext(&it, &row, true)) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		read_recipient(prop, &row, &recipients[nrecipients++]);
	}
	Assert(token == WJB_END_ARRAY);

	give_row_ids(recipients, nrecipients);
	qsort(recipients, nrecipients, sizeof(Recipient), compare_recipients);

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < nrecipients; i++)
	{
		CHECK_FOR_INTERRUPTS();
		push_recipient(&recipients[i], &state);
	}
	result = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	value->type = jbvBinary;
	value->val.binary.data = &result->root;
	value->val.binary.len = VARSIZE(result) - VARHDRSZ;
}

/*
 * Compute PR_DISPLAY_TO, PR_DISPLAY_CC and PR_DISPLAY_BCC of a checked list,
 * which may be NULL.  The results are palloc'd; a list without recipients
 * gives "".
 */
void
recipients_display(Jsonb *recipients, char **to, char **cc, char **bcc)
{
	StringInfoData lists[MAPI_BCC + 1];
	JsonbIterator *it;
	JsonbValue	row;

	for (int i = MAPI_TO; i <= MAPI_BCC; i++)
		initStringInfo(&lists[i]);

	if (recipients != NULL)
	{
		it = JsonbIteratorInit(&recipients->root);
		(void) JsonbIteratorNext(&it, &row, true);
		while (JsonbIteratorNext(&it, &row, true) == WJB_ELEM)
		{
			JsonbValue	type;
			int32		which;

			CHECK_FOR_INTERRUPTS();
			if (getKeyJsonValueFromContainer(row.val.binary.data,
											 "PR_RECIPIENT_TYPE",
											 strlen("PR_RECIPIENT_TYPE"),
											 &type) == NULL)
				elog(ERROR, "a recipient has no type");
			which = (int32) integer_of_value(&type) & TYPE_MASK;
			if (which >= MAPI_TO && which <= MAPI_BCC)
				append_display(&lists[which], row.val.binary.data);
		}
	}
	*to = lists[MAPI_TO].data;
	*cc = lists[MAPI_CC].data;
	*bcc = lists[MAPI_BCC].data;
}

/*
 * Check one element of the list and read it into *recipient, which is zeroed.
 * Values point into the element or are palloc'd.
 */
static void
read_recipient(const Property *prop, const JsonbValue *row,
			   Recipient *recipient)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (row->type != jbvBinary ||
		!JsonContainerIsObject(row->val.binary.data))
		ereport(ERROR,
				(errmapi(MAPI_E_UNEXPECTED_TYPE),
				 errmsg("each recipient in property %s must be an object",
						prop->name)));

	recipient->members =
		palloc(sizeof(Member) * Max(JsonContainerSize(row->val.binary.data), 1));
	it = JsonbIteratorInit(row->val.binary.data);
	(void) JsonbIteratorNext(&it, &key, true);
	while ((token = JsonbIteratorNext(&it, &key, true)) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type != jbvNull)
			read_member(&key, &value, recipient);
	}
	Assert(token == WJB_END_OBJECT);

	if (recipient->nmembers == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("a recipient in property %s has no properties",
						prop->name)));
	refuse_twice(recipient);
}

/*
 * Check one property of a recipient and add it to *recipient, which has room
 * for it.  *value becomes canonical.
 */
static void
read_member(const JsonbValue *key, JsonbValue *value, Recipient *recipient)
{
	Member	   *member = &recipient->members[recipient->nmembers++];

	spelling_resolve(key->val.string.val, key->val.string.len, &member->prop);
	if (member->prop.part != PART_PROPS)
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("property %s belongs to messages, not to recipients",
						member->prop.name)));
	property_check(&member->prop, value);
	member->value = *value;

	if (member->prop.tag == PR_RECIPIENT_TYPE)
		recipient->has_type = true;
	if (member->prop.tag == PR_ROWID)
	{
		recipient->has_row_id = true;
		recipient->row_id = (int32) integer_of_value(value);
		if (recipient->row_id < 0)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("property %s of a recipient must not be negative",
							member->prop.name)));
	}
}

/*
 * Raise an error if a recipient has one property twice, in two spellings or in
 * two types.
 */
static void
refuse_twice(const Recipient *recipient)
{
	const Member **sorted;

	sorted = palloc(sizeof(Member *) * recipient->nmembers);
	for (int i = 0; i < recipient->nmembers; i++)
		sorted[i] = &recipient->members[i];
	qsort(sorted, recipient->nmembers, sizeof(Member *), compare_members);
	for (int i = 1; i < recipient->nmembers; i++)
	{
		if (compare_members(&sorted[i - 1], &sorted[i]) != 0)
			continue;
		if (sorted[i]->prop.type == sorted[i - 1]->prop.type)
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("property %s stands twice in one recipient",
							sorted[i]->prop.name)));
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("properties %s and %s of a recipient are one property in two types",
						sorted[i - 1]->prop.name, sorted[i]->prop.name)));
	}
	pfree(sorted);
}

/*
 * Raise an error if two recipients have the same row id, and give the
 * recipients without a row id the lowest free ids, in the order of the list.
 */
static void
give_row_ids(Recipient *recipients, int nrecipients)
{
	int32	   *used = palloc(sizeof(int32) * Max(nrecipients, 1));
	int			nused = 0;
	int			below = 0;		/* number of used ids below "next" */
	int32		next = 0;

	for (int i = 0; i < nrecipients; i++)
	{
		if (recipients[i].has_row_id)
			used[nused++] = recipients[i].row_id;
	}
	qsort(used, nused, sizeof(int32), compare_row_ids);
	for (int i = 1; i < nused; i++)
	{
		if (used[i] == used[i - 1])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("two recipients have the same %s %d",
							"PR_ROWID", used[i])));
	}

	for (int i = 0; i < nrecipients; i++)
	{
		if (recipients[i].has_row_id)
			continue;
		for (; below < nused && used[below] == next; below++)
			next++;
		recipients[i].row_id = next++;
	}
	pfree(used);
}

static void
push_recipient(const Recipient *recipient, JsonbParseState **state)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	if (!recipient->has_row_id)
		push_integer("PR_ROWID", recipient->row_id, state);
	if (!recipient->has_type)
		push_integer("PR_RECIPIENT_TYPE", MAPI_TO, state);
	for (int i = 0; i < recipient->nmembers; i++)
	{
		JsonbValue	value = recipient->members[i].value;

		push_key(recipient->members[i].prop.name, state);
		pushJsonbValue(state, WJB_VALUE, &value);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_key(const char *name, JsonbParseState **state)
{
	JsonbValue	key;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
}

static void
push_integer(const char *name, int32 number, JsonbParseState **state)
{
	JsonbValue	value;

	push_key(name, state);
	value.type = jbvNumeric;
	value.val.numeric =
		DatumGetNumeric(DirectFunctionCall1(int4_numeric,
											Int32GetDatum(number)));
	pushJsonbValue(state, WJB_VALUE, &value);
}

/*
 * Append the display name of a recipient or, without a display name, an
 * address.  Appends nothing if the recipient has neither.
 */
static void
append_display(StringInfo list, JsonbContainer *row)
{
	static const char *const names[] = {
		"PR_DISPLAY_NAME", "PR_EMAIL_ADDRESS", "PR_SMTP_ADDRESS"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(row, names[i], strlen(names[i]),
										 &value) == NULL ||
			value.val.string.len == 0)
			continue;
		if (list->len > 0)
			appendStringInfoString(list, "; ");
		appendBinaryStringInfo(list, value.val.string.val,
							   value.val.string.len);
		return;
	}
}

/* Return the length of a property's name without its type. */
static int
stem_length(const Property *prop)
{
	int			len = named_stem_length(prop->name, prop->namelen);

	return len > 0 ? len : prop->namelen;
}

/*
 * qsort() comparator that takes properties for equal if they differ only in
 * their type: compares property ids or, of named properties, the names without
 * the type.
 */
static int
compare_members(const void *a, const void *b)
{
	const Property *x = &(*(const Member *const *) a)->prop;
	const Property *y = &(*(const Member *const *) b)->prop;
	int			xlen;
	int			ylen;

	if (TAG_ID(x->tag) != TAG_ID(y->tag))
		return TAG_ID(x->tag) < TAG_ID(y->tag) ? -1 : 1;
	if (x->tag != 0)
		return 0;
	xlen = stem_length(x);
	ylen = stem_length(y);
	if (xlen != ylen)
		return xlen < ylen ? -1 : 1;
	return memcmp(x->name, y->name, xlen);
}

static int
compare_row_ids(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

static int
compare_recipients(const void *a, const void *b)
{
	return compare_row_ids(&((const Recipient *) a)->row_id,
						   &((const Recipient *) b)->row_id);
}

/* ----------------------------------------------------------- SQL functions */

/* Return true if a value has the form of a checked recipient. */
static bool
is_recipient(const JsonbValue *row)
{
	static const char *const texts[] = {
		"PR_DISPLAY_NAME", "PR_EMAIL_ADDRESS", "PR_SMTP_ADDRESS"
	};
	const Jsonb *object;
	JsonbValue	value;

	if (row->type != jbvBinary ||
		!JsonContainerIsObject(row->val.binary.data))
		return false;
	object = object_in_place(row);
	if (!bag_find(object, "PR_RECIPIENT_TYPE", &value) ||
		value.type != jbvNumeric)
		return false;
	for (int i = 0; i < lengthof(texts); i++)
	{
		if (bag_find(object, texts[i], &value) && value.type != jbvString)
			return false;
	}
	return true;
}

/*
 * display_to(recipients jsonb) → text
 *
 * Return PR_DISPLAY_TO of a stored list of recipients.  Any caller can call the
 * function of a view: a value of another form gives NULL.
 */
PG_FUNCTION_INFO_V1(display_to);
Datum
display_to(PG_FUNCTION_ARGS)
{
	Jsonb	   *recipients = PG_GETARG_JSONB_P(0);
	char	   *to;
	char	   *cc;
	char	   *bcc;

	if (!JB_ROOT_IS_ARRAY(recipients) || JB_ROOT_IS_SCALAR(recipients))
		PG_RETURN_NULL();
	for (int i = 0; i < JB_ROOT_COUNT(recipients); i++)
	{
		if (!is_recipient(getIthJsonbValueFromContainer(&recipients->root,
														i)))
			PG_RETURN_NULL();
	}
	recipients_display(recipients, &to, &cc, &bcc);
	PG_RETURN_TEXT_P(cstring_to_text(to));
}
