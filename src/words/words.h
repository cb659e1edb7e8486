/*-------------------------------------------------------------------------
 *
 * words.h
 *	  The lowest floor, which knows nothing of messages: outcomes, flag bits,
 *	  text forms, names, types and values of properties, and arguments and rows
 *	  of SQL functions.
 *
 *	  Prototypes stand under their file's name.  value.h has the readers and
 *	  writers of values, catalogue.h the constant tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WORDS_H
#define WORDS_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "mapi.gen.h"			/* MAPI_E_NOT_FOUND, MAPI_MODIFY etc. */
#include "tags.gen.h"			/* PT_UNICODE, PR_SUBJECT etc. */

/* ------------------------------------------------------------------ text.c */

/*
 * Return a text as an error message shows it: NUL-terminated, palloc'd, and
 * cut short if the text is long.
 */
extern char *text_shown(const char *text, int len);

/*
 * Return true if a text has a control character: U+0000 to U+001F, or U+007F
 * to U+009F.
 */
extern bool text_has_control(const char *text, int len);

/*
 * Return true if a text can be a name, of the user of an application or of
 * another store: it has at most MAX_NAME characters of UTF-8, and no control
 * character.
 */
#define MAX_NAME		255
extern bool text_is_name(const char *text);

/*
 * Write a timestamptz (microseconds) as the text of a PT_SYSTIME,
 * NUL-terminated, and return its length; buf has room for VALUE_TIME_SIZE
 * bytes.  A time that a PT_SYSTIME cannot hold is written as the first or the
 * last time that it can hold, so this never raises.
 */
extern int	systime_text(int64 timestamp, char *buf);

/*
 * Read the text of a PT_SYSTIME as timestamptz, cut to microseconds.  Return
 * false if the text is not a time.
 */
extern bool systime_timestamp(const char *text, int len, int64 *timestamp);

/* Return true if bytes are whole characters of UTF-8 without a NUL. */
extern bool text_valid(const char *bytes, int64 count);

/*
 * Return len bytes in base64, palloc'd and NUL-terminated.  *outlen, unless it
 * is NULL, is the length of the text.
 */
extern char *base64_text(const void *data, int len, int *outlen);

/* Return the bytes of a base64 text that property_check() has accepted. */
extern bytea *base64_bytes(const char *text, int len);

/* Return the number of bytes that base64_bytes() would return. */
extern int	base64_size(const char *text, int len);

/* ------------------------------------------------------------------ json.c */

/*
 * Begin the text of a JSON value, a datum of type json in the current memory
 * context; "expected" is the room that is made at first.  json_end() returns
 * the datum.
 */
extern void json_begin(StringInfo out, Size expected);
extern Datum json_end(StringInfo out);

/*
 * Append an object: its beginning, keys, each followed by its value, its end.
 * A comma is written before each key but the first.  json_add_name() is for a
 * key that needs no escape, as the names of properties in our own code are.
 */
extern void json_begin_object(StringInfo out);
extern void json_add_key(StringInfo out, const char *key, int keylen);
extern void json_add_name(StringInfo out, const char *name, int len);
extern void json_end_object(StringInfo out);

/*
 * Append a value.  json_add_entry() takes a value as jsonb stores it: its
 * JENTRY_* type and its bytes, without alignment padding.  json_add_base64()
 * appends bytes as a string in base64.
 *
 * Raise an error if the text would exceed 1 GB.
 */
extern void json_add_entry(StringInfo out, uint32 type, const char *data,
						   int len);
extern void json_add_base64(StringInfo out, const void *data, int len);

/* --------------------------------------------------------------- nameset.c */

/*
 * A set of names.  The set lives in the memory context that was current in
 * nameset_init().
 */
typedef struct NameSet
{
	const char **names;			/* in the order of nameset_add() */
	int			count;
	int			allocated;
	struct HTAB *index;
} NameSet;

extern void nameset_init(NameSet *set);

/*
 * Add a name, which is not copied and must live as long as the set.  Return
 * false if the set has the name already.
 */
extern bool nameset_add(NameSet *set, const char *name);

/* Return the place of a name in "names", or -1. */
extern int	nameset_find(const NameSet *set, const char *name);

/* --------------------------------------------------------------- hresult.c */

/* Return the name of a code, or NULL if the catalogue has no name for it. */
extern const char *hresult_name(int32 code);

/* Return the failing code that errmapi() gives an SQLSTATE, or S_OK. */
extern int32 hresult_of_sqlstate(int sqlstate);

/*
 * For ereport: set the SQLSTATE of a failing MAPI code, and a DETAIL of the
 * code's name, number and meaning.  errmapi_detail() adds a sentence to the
 * DETAIL.
 */
extern int	errmapi(int32 code);
extern int	errmapi_detail(int32 code, const char *fmt,...) pg_attribute_printf(2, 3);

/* ----------------------------------------------------------------- flags.c */

/* The rights of the set OWNER of the type folder_rights. */
#define RIGHTS_ALL				0x7FB

/* Return the text of bits RIGHT_*, palloc'd. */
extern char *flags_folder_rights_text(uint32 rights);

/* ------------------------------------------------------------------ call.c */

/* Raise MAPI_E_INVALID_PARAMETER if an argument is NULL. */
#define REQUIRE_ARG(n, name) \
	do { if (PG_ARGISNULL(n)) call_null_argument(name); } while (0)
pg_noreturn extern void call_null_argument(const char *name);

/*
 * Return argument n, an id or a change number.  Raise MAPI_E_INVALID_PARAMETER
 * if the argument is NULL, or is not between -MAX_NUMBER and MAX_NUMBER: a
 * reader that makes a double of it could have changed it.
 */
#define MAX_NUMBER		((INT64CONST(1) << 53) - 1)
extern int64 call_number(FunctionCallInfo fcinfo, int n, const char *name);

/* Raise MAPI_E_INVALID_PARAMETER as call_number() does for a number. */
extern void call_check_number(int64 number, const char *name);

/*
 * Raise an error unless the transaction may write; "what" names the SQL
 * function, as in "save_changes()".
 */
extern void call_require_write(const char *what);

/*
 * Return argument n, a number of bytes.  Raises MAPI_E_INVALID_PARAMETER if the
 * argument is NULL or negative; "name" is its name.
 */
extern int64 call_bytes(FunctionCallInfo fcinfo, int n, const char *name);

/* Return argument n, a text, as a palloc'd string, or NULL if it is NULL. */
extern char *call_text(FunctionCallInfo fcinfo, int n);

/*
 * Return argument n, "actor", as call_text() does.  Raise
 * MAPI_E_INVALID_PARAMETER unless the text can be a name (text_is_name).
 */
extern char *call_actor(FunctionCallInfo fcinfo, int n);

/*
 * Begin the result of a set-returning function.  Return the tuplestore, to
 * which the caller adds rows of *desc with tuplestore_putvalues(); both live
 * in per-query memory.  Raise an error if the query cannot accept a set.
 */
extern Tuplestorestate *call_begin_set(FunctionCallInfo fcinfo,
									   TupleDesc *desc);

/* Return values as the row of a function with OUT parameters. */
extern Datum call_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* ------------------------------------------------------------- catalogue.c */

/*
 * The parts of a message: the columns that hold values of properties.  Large
 * properties have columns of their own, so that a save that does not change
 * them reuses their TOAST pointers.  All other properties are members of one
 * jsonb object, the bag (column props).
 */
typedef enum Part
{
	PART_PROPS = 0,				/* message.props, a jsonb object */
	PART_RECIPIENTS,			/* jsonb array */
	PART_ATTACHMENTS,			/* jsonb array */
	PART_HEADERS,				/* text */
	PART_BODY,					/* text */
	PART_HTML,					/* bytea */
	PART_RTF					/* bytea */
} Part;
#define NUM_PARTS	(PART_RTF + 1)

/* The times at which a client may set a property. */
typedef enum PropertyRule
{
	RULE_STORED = 0,			/* at any time */
	RULE_FIRST_SAVE,			/* until the first save only */
	RULE_COMPUTED				/* never: MAPI_E_COMPUTED */
} PropertyRule;

/*
 * A property.  "name" is the canonical name, under which values are stored and
 * shown.  It points into constant memory; for a named property or a tag that
 * the catalogue does not have, it is palloc'd in the context that was current
 * at look-up.
 */
typedef struct Property
{
	const char *name;
	int			namelen;
	uint32		tag;			/* (id << 16) | type; 0: a named property */
	uint16		type;			/* PT_* */
	bool		alone;			/* the id cannot be used in another type */
	Part		part;
	PropertyRule rule;
} Property;

/* Return the name of a type code ("PT_UNICODE"), or NULL. */
extern const char *catalogue_type_name(uint16 type);

/*
 * Return the words for a value of a type in JSON, as in "a string", or "" if
 * values of the type cannot be stored.
 */
extern const char *catalogue_type_json(uint16 type);

/* -------------------------------------------------------------- spelling.c */

/*
 * Look a property up by any of its spellings (not NUL-terminated).  Return
 * false if the spelling is neither a name nor a tag in hex.
 */
extern bool spelling_lookup(const char *spelling, int len, Property *prop);

/*
 * Look up a property that is to be stored.  Raise an error that names the
 * property if the spelling is unknown, if values of its type cannot be stored,
 * or if another property is to be used in its place.
 */
extern void spelling_resolve(const char *spelling, int len, Property *prop);

/*
 * Look up a property that is only read, with the errors of spelling_resolve().
 * Return false if no message can have the property: a tag whose id the
 * catalogue has in another type.
 */
extern bool spelling_resolve_read(const char *spelling, int len,
								  Property *prop);

/*
 * Look up a property that is to be deleted, by its id: a type in the spelling
 * in which the property cannot be stored does not matter.  *prop is the
 * property that the catalogue has for the id, or else the id as PT_UNICODE.
 * Raise an error if the spelling is unknown, or if no value of the property
 * can be stored in any type.
 */
extern void spelling_resolve_id(const char *spelling, int len,
								Property *prop);

/* -------------------------------------------------------------- property.c */

/*
 * Check a value against its property's type, and replace *value by the value's
 * stored form (times with seven digits, GUIDs in upper case, binary values in
 * canonical base64 and so on), which points into the input's memory or is
 * palloc'd.  Errors name the property, its type and the value.
 *
 * The value must not be JSON null.  The lists of recipients and attachments
 * have checks of their own, recipients_check() and attachments_check().
 */
extern void property_check(const Property *prop, JsonbValue *value);

/* Raise the error about a value of the wrong JSON type. */
pg_noreturn extern void property_refuse_type(const Property *prop,
											 const JsonbValue *value);

#endif							/* WORDS_H */
