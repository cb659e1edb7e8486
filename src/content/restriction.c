/*-------------------------------------------------------------------------
 *
 * restriction.c
 *	  Restrictions: conditions on the properties of an object, as MAPI has
 *	  them, from JSON.
 *
 * NOTES
 *	  A restriction is an object with one member, whose name is the kind:
 *
 *		{"and": [r ...]}  {"or": [r ...]}  {"not": r}
 *		{"property": {"name", "relop", "value"}}
 *		{"content": {"name", "value", "match", "ignore_case",
 *					 "ignore_nonspace", "loose"}}
 *		{"bitmask": {"name", "relop", "mask"}}
 *		{"size": {"name", "relop", "bytes"}}
 *		{"exist": name}
 *		{"compare": {"name", "relop", "other"}}
 *		{"recipients": r}  {"attachments": r}
 *		{"count": {"max", "restriction"}}
 *		{"comment": {"props", "restriction"}}
 *
 *	  Logic is two-valued.  An absent property makes a condition false, except
 *	  that <> is true, since <> is the negation of = in every case.  Of a
 *	  property with a list of values, any value decides, unless the condition
 *	  has a list too.  A value that is held as a blob has a size, and counts as
 *	  absent where its content matters.
 *
 *	  A restriction is compiled once: names are looked up, values are checked
 *	  and folded.  Anything that is wrong raises an error that begins with the
 *	  path of the wrong part, as in "and[1].property.relop".
 *
 *	  "count" limits the number of objects of a whole result, so it stands
 *	  outside of all other conditions except for comments, and is evaluated by
 *	  the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "restriction.h"
#include "value.h"

/* Restrictions may be nested to this depth. */
#define MAX_DEPTH		64

static const char *const kind_names[] = {
	"and", "or", "not", "property", "content", "bitmask", "size", "exist",
	"compare", "recipients", "attachments", "count", "comment"
};

static const char *const relop_names[] = {"<", "<=", ">", ">=", "=", "<>"};
static const char *const bitmask_relop_names[] = {"=0", "<>0"};

static const char *const match_names[] = {"full", "substring", "prefix"};

/* A restriction that is being compiled. */
typedef struct Compiler
{
	StringInfoData path;		/* of the part that is being compiled */
	int			depth;
	bool		in_list;		/* below recipients or attachments */
	bool		outermost;		/* below nothing but comments */
} Compiler;

static Restriction *compile(Compiler *compiler, const JsonbValue *value);

/* ------------------------------------------------------------------- paths */

/* Append a member to the path, and return the length before. */
static int
path_push(Compiler *compiler, const char *name)
{
	int			len = compiler->path.len;

	if (len > 0)
		appendStringInfoChar(&compiler->path, '.');
	appendStringInfoString(&compiler->path, name);
	return len;
}

static int
path_push_index(Compiler *compiler, int n)
{
	int			len = compiler->path.len;

	appendStringInfo(&compiler->path, "[%d]", n);
	return len;
}

static void
path_pop(Compiler *compiler, int len)
{
	compiler->path.data[len] = '\0';
	compiler->path.len = len;
}

/* Return the path for an error message. */
static const char *
path_shown(const Compiler *compiler)
{
	return compiler->path.len == 0 ? "restriction" : compiler->path.data;
}

/* Raise the error that the part at the path is wrong. */
pg_noreturn static void refuse(const Compiler *compiler, const char *what);
static void
refuse(const Compiler *compiler, const char *what)
{
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("%s: %s", path_shown(compiler), what)));
}

/* ----------------------------------------------------------------- members */

/* Return the members of a JSON object. */
static BagEntry *
object_members(const Compiler *compiler, const JsonbValue *value, int *count)
{
	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		refuse(compiler, "an object is needed here");
	return bag_entries(object_in_place(value), count);
}

/*
 * Raise an error about a member of the object that is not among "names", which
 * end with NULL.
 */
static void
check_members(Compiler *compiler, const JsonbValue *object,
			  const char *const *names)
{
	int			count;
	BagEntry   *entries = object_members(compiler, object, &count);

	for (int i = 0; i < count; i++)
	{
		char	   *name = pnstrdup(entries[i].key, entries[i].keylen);
		int			n = 0;

		while (names[n] != NULL && strcmp(names[n], name) != 0)
			n++;
		if (names[n] == NULL)
		{
			path_push(compiler, text_shown(name, strlen(name)));
			refuse(compiler, "there is no such member");
		}
	}
}

/* Get a member of an object; returns false if it is not there. */
static bool
find_member(const JsonbValue *object, const char *name, JsonbValue *value)
{
	return bag_find(object_in_place(object), name, value);
}

/* Get a member, and raise an error at its path if it is not there. */
static void
need_member(Compiler *compiler, const JsonbValue *object, const char *name,
			JsonbValue *value)
{
	if (!find_member(object, name, value))
	{
		path_push(compiler, name);
		refuse(compiler, "a value is needed here");
	}
}

/* Return the position of a string among "count" words. */
static int
read_word(Compiler *compiler, const JsonbValue *object, const char *name,
		  const char *const *words, int count)
{
	JsonbValue	value;
	int			path;
	StringInfoData choices;

	need_member(compiler, object, name, &value);
	path = path_push(compiler, name);
	for (int i = 0; value.type == jbvString && i < count; i++)
	{
		if (value.val.string.len == strlen(words[i]) &&
			memcmp(value.val.string.val, words[i],
				   value.val.string.len) == 0)
		{
			path_pop(compiler, path);
			return i;
		}
	}
	initStringInfo(&choices);
	for (int i = 0; i < count; i++)
		appendStringInfo(&choices, "%s%s", i > 0 ? ", " : "", words[i]);
	refuse(compiler, psprintf("the value must be one of %s", choices.data));
}

/* Return a boolean member, false if it is not there. */
static bool
read_flag(Compiler *compiler, const JsonbValue *object, const char *name)
{
	JsonbValue	value;

	if (!find_member(object, name, &value))
		return false;
	if (value.type != jbvBool)
	{
		path_push(compiler, name);
		refuse(compiler, "the value must be true or false");
	}
	return value.val.boolean;
}

/* Return an integer member between two bounds. */
static int64
read_integer(Compiler *compiler, const JsonbValue *object, const char *name,
			 int64 min, int64 max)
{
	JsonbValue	value;
	int64_t		number;
	int			path;

	need_member(compiler, object, name, &value);
	path = path_push(compiler, name);
	if (value.type != jbvNumeric)
		refuse(compiler, "the value must be an integer");
	else
	{
		char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
															   NumericGetDatum(value.val.numeric)));

		if (value_read_int(text, strlen(text), min, max, &number) != VALUE_OK)
			refuse(compiler, "the value must be an integer in range");
	}
	path_pop(compiler, path);
	return number;
}

/*
 * Call a function that may raise an error about a property or a value, and put
 * the path in front of the message.
 */
typedef void (*Checker) (void *arg);
static void
with_path(Compiler *compiler, Checker check, void *arg)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		check(arg);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->message = psprintf("%s: %s", path_shown(compiler),
								  error->message);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* The name of a property, and the property. */
typedef struct NameCheck
{
	const JsonbValue *name;
	Property   *prop;
	bool		is_never;
} NameCheck;

static void
look_up(void *arg)
{
	NameCheck  *check = arg;

	check->is_never = !spelling_resolve_read(check->name->val.string.val,
											 check->name->val.string.len,
											 check->prop);
}

/*
 * Look up the property that a value names.  Returns true if no object can have
 * the property.
 */
static bool
resolve_name(Compiler *compiler, const JsonbValue *name, Property *prop)
{
	NameCheck	check = {name, prop, false};

	memset(prop, 0, sizeof(Property));
	if (name->type != jbvString)
		refuse(compiler, "the name of a property is needed here");
	with_path(compiler, look_up, &check);
	return check.is_never;
}

/* Look up the property that a member names. */
static bool
read_name(Compiler *compiler, const JsonbValue *object, const char *member,
		  Property *prop)
{
	JsonbValue	name;
	bool		is_never;
	int			path;

	need_member(compiler, object, member, &name);
	path = path_push(compiler, member);
	is_never = resolve_name(compiler, &name, prop);
	path_pop(compiler, path);
	return is_never;
}

/* Raise an error at a member unless the property has values of its own. */
static void
need_scalar(Compiler *compiler, const char *member, const Property *prop)
{
	if (IS_LIST(prop->part) || prop->type == PT_OBJECT)
	{
		path_push(compiler, member);
		refuse(compiler, "the values of this property have no order");
	}
}

/* A value, and the property whose type it has to have. */
typedef struct ValueCheck
{
	const Property *prop;
	JsonbValue *value;
} ValueCheck;

static void
check_value(void *arg)
{
	ValueCheck *check = arg;

	property_check(check->prop, check->value);
}

/*
 * Check the value of a condition, which has the type of the property or, of a
 * property with a list, may be one element.
 */
static void
read_value(Compiler *compiler, const JsonbValue *object, Restriction *result)
{
	Property	prop = result->prop;
	ValueCheck	check = {&prop, &result->value};
	int			path;

	need_member(compiler, object, "value", &result->value);
	path = path_push(compiler, "value");
	if (result->value.type == jbvNull)
		refuse(compiler, "the value must not be null");
	if (!order_is_list(&result->value))
		prop.type &= ~MV_FLAG;
	if (!result->is_never)
		with_path(compiler, check_value, &check);
	path_pop(compiler, path);
}

/* --------------------------------------------------------------- compiling */

/* Compile one or more restrictions below a restriction. */
static void
compile_parts(Compiler *compiler, const JsonbValue *array,
			  Restriction *result)
{
	if (!order_is_list(array))
		refuse(compiler, "an array of restrictions is needed here");
	result->nparts = order_list_size(array);
	result->parts = palloc(sizeof(Restriction *) * Max(result->nparts, 1));
	for (int i = 0; i < result->nparts; i++)
	{
		int			path = path_push_index(compiler, i);
		JsonbValue	part;

		order_element(array, i, &part);
		result->parts[i] = compile(compiler, &part);
		path_pop(compiler, path);
	}
}

static void
compile_part(Compiler *compiler, const JsonbValue *value, Restriction *result)
{
	result->nparts = 1;
	result->parts = palloc(sizeof(Restriction *));
	result->parts[0] = compile(compiler, value);
}

/* Compile the restriction on the objects of a list. */
static void
compile_list(Compiler *compiler, const JsonbValue *value,
			 Restriction *result)
{
	const char *name = part_name(result->kind == RESTRICTION_RECIPIENTS ?
								 PART_RECIPIENTS : PART_ATTACHMENTS);

	if (compiler->in_list)
		refuse(compiler, "recipients and attachments cannot be nested");
	spelling_resolve(name, strlen(name), &result->prop);
	compiler->in_list = true;
	compile_part(compiler, value, result);
	compiler->in_list = false;
}

static void
compile_property(Compiler *compiler, const JsonbValue *object,
				 Restriction *result)
{
	static const char *const members[] = {"name", "relop", "value", NULL};

	check_members(compiler, object, members);
	result->is_never = read_name(compiler, object, "name", &result->prop);
	need_scalar(compiler, "name", &result->prop);
	result->relop = read_word(compiler, object, "relop", relop_names,
							  lengthof(relop_names));
	read_value(compiler, object, result);
}

/* Return true if the values of a property are texts or bytes. */
static bool
has_content(const Property *prop)
{
	switch (prop->type & ~MV_FLAG)
	{
		case PT_UNICODE:
		case PT_BINARY:
		case PT_SVREID:
		case PT_SRESTRICTION:
		case PT_ACTIONS:
			return true;
		default:
			return false;
	}
}

static void
compile_content(Compiler *compiler, const JsonbValue *object,
				Restriction *result)
{
	static const char *const members[] = {"name", "value", "match",
	"ignore_case", "ignore_nonspace", "loose", NULL};
	JsonbValue	match;
	bool		loose;

	check_members(compiler, object, members);
	result->is_never = read_name(compiler, object, "name", &result->prop);
	if (!result->is_never && !has_content(&result->prop))
	{
		path_push(compiler, "name");
		refuse(compiler, "the property must be a string or binary");
	}
	result->match = !find_member(object, "match", &match) ? MATCH_FULL :
		read_word(compiler, object, "match", match_names,
				  lengthof(match_names));
	loose = read_flag(compiler, object, "loose");
	result->ignore_case = read_flag(compiler, object, "ignore_case") || loose;
	result->ignore_nonspace =
		read_flag(compiler, object, "ignore_nonspace") || loose;
	read_value(compiler, object, result);
	if (result->value.type != jbvString)
	{
		path_push(compiler, "value");
		refuse(compiler, "one value is needed here");
	}
	if (!result->is_never)
		result->pattern = match_fold(result, &result->value,
									 &result->pattern_len);
}

static void
compile_bitmask(Compiler *compiler, const JsonbValue *object,
				Restriction *result)
{
	static const char *const members[] = {"name", "relop", "mask", NULL};

	check_members(compiler, object, members);
	result->is_never = read_name(compiler, object, "name", &result->prop);
	if (!result->is_never && result->prop.type != PT_LONG &&
		result->prop.type != PT_I2 && result->prop.type != PT_I8)
	{
		path_push(compiler, "name");
		refuse(compiler, "the property must be an integer");
	}
	result->relop = read_word(compiler, object, "relop", bitmask_relop_names,
							  lengthof(bitmask_relop_names));
	result->number = read_integer(compiler, object, "mask", PG_INT64_MIN,
								  PG_INT64_MAX);
}

static void
compile_size(Compiler *compiler, const JsonbValue *object,
			 Restriction *result)
{
	static const char *const members[] = {"name", "relop", "bytes", NULL};

	check_members(compiler, object, members);
	result->is_never = read_name(compiler, object, "name", &result->prop);
	if (IS_LIST(result->prop.part) || result->prop.type == PT_OBJECT)
	{
		path_push(compiler, "name");
		refuse(compiler, "the values of this property have no size");
	}
	result->relop = read_word(compiler, object, "relop", relop_names,
							  lengthof(relop_names));
	result->number = read_integer(compiler, object, "bytes", 0,
								  PG_INT64_MAX);
}

static void
compile_compare(Compiler *compiler, const JsonbValue *object,
				Restriction *result)
{
	static const char *const members[] = {"name", "relop", "other", NULL};

	check_members(compiler, object, members);
	result->is_never = read_name(compiler, object, "name", &result->prop);
	need_scalar(compiler, "name", &result->prop);
	result->relop = read_word(compiler, object, "relop", relop_names,
							  lengthof(relop_names));
	result->other_is_never = read_name(compiler, object, "other",
									   &result->other);
	if (!result->is_never && !result->other_is_never &&
		result->prop.type != result->other.type)
	{
		path_push(compiler, "other");
		refuse(compiler, "the two properties must have one type");
	}
}

static void
compile_count(Compiler *compiler, const JsonbValue *object,
			  Restriction *result)
{
	static const char *const members[] = {"max", "restriction", NULL};
	JsonbValue	inner;

	if (!compiler->outermost)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("%s: a count must stand outside of all other restrictions",
						path_shown(compiler)),
				 errhint("A count limits the rows of the whole result, as MS-OXCDATA has it in section 2.12.12.")));
	check_members(compiler, object, members);
	result->number = read_integer(compiler, object, "max", 0, PG_INT64_MAX);
	need_member(compiler, object, "restriction", &inner);
	compiler->outermost = false;
	path_push(compiler, "restriction");
	compile_part(compiler, &inner, result);
}

static void
compile_comment(Compiler *compiler, const JsonbValue *object,
				Restriction *result)
{
	static const char *const members[] = {"props", "restriction", NULL};
	JsonbValue	props;
	JsonbValue	inner;

	check_members(compiler, object, members);
	need_member(compiler, object, "props", &props);
	if (props.type != jbvBinary ||
		!JsonContainerIsObject(props.val.binary.data))
	{
		path_push(compiler, "props");
		refuse(compiler, "an object is needed here");
	}
	if (find_member(object, "restriction", &inner))
	{
		path_push(compiler, "restriction");
		compile_part(compiler, &inner, result);
	}
}

/* Compile the member of a restriction, whose kind is known. */
static void
compile_kind(Compiler *compiler, const JsonbValue *value, Restriction *result)
{
	switch (result->kind)
	{
		case RESTRICTION_AND:
		case RESTRICTION_OR:
			compile_parts(compiler, value, result);
			break;
		case RESTRICTION_NOT:
			compile_part(compiler, value, result);
			break;
		case RESTRICTION_PROPERTY:
			compile_property(compiler, value, result);
			break;
		case RESTRICTION_CONTENT:
			compile_content(compiler, value, result);
			break;
		case RESTRICTION_BITMASK:
			compile_bitmask(compiler, value, result);
			break;
		case RESTRICTION_SIZE:
			compile_size(compiler, value, result);
			break;
		case RESTRICTION_EXIST:
			result->is_never = resolve_name(compiler, value, &result->prop);
			break;
		case RESTRICTION_COMPARE:
			compile_compare(compiler, value, result);
			break;
		case RESTRICTION_RECIPIENTS:
		case RESTRICTION_ATTACHMENTS:
			compile_list(compiler, value, result);
			break;
		case RESTRICTION_COUNT:
			compile_count(compiler, value, result);
			break;
		case RESTRICTION_COMMENT:
			compile_comment(compiler, value, result);
			break;
	}
}

/* Return the kind that a restriction names. */
static RestrictionKind
read_kind(Compiler *compiler, const BagEntry *entry)
{
	char	   *name = pnstrdup(entry->key, entry->keylen);

	for (int i = 0; i < lengthof(kind_names); i++)
	{
		if (strcmp(kind_names[i], name) == 0)
		{
			path_push(compiler, name);
			return (RestrictionKind) i;
		}
	}
	path_push(compiler, text_shown(name, strlen(name)));
	refuse(compiler, "there is no such kind of restriction");
}

/* Compile a restriction at the path, which is as before afterwards. */
static Restriction *
compile(Compiler *compiler, const JsonbValue *value)
{
	Restriction *result = palloc0(sizeof(Restriction));
	bool		outermost = compiler->outermost;
	int			path = compiler->path.len;
	int			count;
	BagEntry   *entries = object_members(compiler, value, &count);
	JsonbValue	inner;

	check_stack_depth();
	if (++compiler->depth > MAX_DEPTH)
		ereport(ERROR,
				(errmapi(MAPI_E_TOO_COMPLEX),
				 errmsg("%s: restrictions are nested deeper than %d",
						path_shown(compiler), MAX_DEPTH)));
	if (count != 1)
		refuse(compiler, "a restriction has exactly one member");
	result->kind = read_kind(compiler, &entries[0]);
	entry_value(&entries[0], &inner);
	if (result->kind != RESTRICTION_COUNT &&
		result->kind != RESTRICTION_COMMENT)
		compiler->outermost = false;
	compile_kind(compiler, &inner, result);
	compiler->outermost = outermost;
	compiler->depth--;
	path_pop(compiler, path);
	return result;
}

Restriction *
restriction_compile(const Jsonb *json)
{
	Compiler	compiler;
	JsonbValue	value;

	memset(&compiler, 0, sizeof(compiler));
	initStringInfo(&compiler.path);
	compiler.outermost = true;
	if (JB_ROOT_IS_SCALAR(json))
		refuse(&compiler, "an object is needed here");
	value_from_object(&value, json);
	return compile(&compiler, &value);
}

Restriction *
restriction_and(Restriction *a, Restriction *b)
{
	Restriction *both;

	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	both = palloc0(sizeof(Restriction));
	both->kind = RESTRICTION_AND;
	both->nparts = 2;
	both->parts = palloc(sizeof(Restriction *) * 2);
	both->parts[0] = a;
	both->parts[1] = b;
	return both;
}

int64
restriction_max(const Restriction *restriction)
{
	int64		max = -1;

	if (restriction == NULL)
		return -1;
	if (restriction->kind == RESTRICTION_COUNT)
		max = restriction->number;
	else if (restriction->kind != RESTRICTION_COMMENT &&
			 restriction->kind != RESTRICTION_AND)
		return -1;
	for (int i = 0; i < restriction->nparts; i++)
	{
		int64		inner = restriction_max(restriction->parts[i]);

		if (inner >= 0)
			max = max < 0 ? inner : Min(max, inner);
	}
	return max;
}

/* ------------------------------------------------------------------ bounds */

/*
 * Return a text that is greater than all texts that begin with a text, and
 * less than all others that are greater: no byte of UTF-8 is 0xFF.
 */
static Datum
after_prefix(const text *prefix)
{
	int			len = VARSIZE_ANY_EXHDR(prefix);
	text	   *after = palloc(VARHDRSZ + len + 1);

	memcpy(VARDATA(after), VARDATA_ANY(prefix), len);
	VARDATA(after)[len] = '\xFF';
	SET_VARSIZE(after, VARHDRSZ + len + 1);
	return PointerGetDatum(after);
}

/* Narrow the bounds to those of a condition on the column's property. */
static void
bound_property(const Restriction *restriction, PromotedColumn column,
			   PromotedBounds *bounds)
{
	Datum		value;

	if (restriction->relop == RELOP_NE ||
		!promoted_value(column, &restriction->value, &value))
		return;
	if (restriction->relop != RELOP_LT && restriction->relop != RELOP_LE)
		promoted_raise_low(bounds, column, value);
	if (restriction->relop != RELOP_GT && restriction->relop != RELOP_GE)
		promoted_reduce_high(bounds, column, value);
}

static void
bound_content(const Restriction *restriction, PromotedColumn column,
			  PromotedBounds *bounds)
{
	Datum		value;

	if (restriction->match == MATCH_SUBSTRING || restriction->ignore_case ||
		restriction->ignore_nonspace ||
		!promoted_value(column, &restriction->value, &value))
		return;
	promoted_raise_low(bounds, column, value);
	promoted_reduce_high(bounds, column, restriction->match == MATCH_FULL ? value :
						 after_prefix(DatumGetTextPP(value)));
}

/*
 * Conditions of which all have to hold are looked at.  Bounds contain their
 * ends and may be wider than the conditions, because promoted values are cut.
 */
void
restriction_bounds(const Restriction *restriction, PromotedColumn column,
				   PromotedBounds *bounds)
{
	switch (restriction->kind)
	{
		case RESTRICTION_AND:
		case RESTRICTION_COUNT:
		case RESTRICTION_COMMENT:
			for (int i = 0; i < restriction->nparts; i++)
				restriction_bounds(restriction->parts[i], column, bounds);
			break;
		case RESTRICTION_PROPERTY:
			if (!restriction->is_never &&
				promoted_column(restriction->prop.name) == column)
				bound_property(restriction, column, bounds);
			break;
		case RESTRICTION_CONTENT:
			if (!restriction->is_never &&
				promoted_column(restriction->prop.name) == column)
				bound_content(restriction, column, bounds);
			break;
		default:
			break;
	}
}
