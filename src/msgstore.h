/*-------------------------------------------------------------------------
 *
 * msgstore.h
 *	  The module's shared structures, and the prototype of everything one
 *	  source file offers another, under that file's name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_H
#define MSGSTORE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "codes.gen.h"			/* MAPI_E_NOT_FOUND and its like, as int32 */
#include "tags.gen.h"			/* PT_UNICODE, PR_SUBJECT and their like */

/* ---------------------------------------------------------------- hresult.c */

/* The name of a code, or NULL where the catalogue has none. */
extern const char *hresult_name(int32 code);

/* The SQLSTATE (packed) of a failing code: class MA, or MB for 0x80004xxx. */
extern int	hresult_sqlstate(int32 code);

/*
 * For ereport: sets the SQLSTATE of a MAPI code and a DETAIL that begins with
 * its name.  errmapi_detail() adds a sentence to that DETAIL.
 */
extern int	errmapi(int32 code);
extern int	errmapi_detail(int32 code, const char *fmt,...) pg_attribute_printf(2, 3);

/* ------------------------------------------------------------------ flags.c */

/* bits, by MAPI name; numbers are those of the MAPI headers */
#define MAPI_MODIFY				0x00000001
#define SHOW_SOFT_DELETES		0x00000002
#define MAPI_DEFERRED_ERRORS	0x00000008
#define MAPI_BEST_ACCESS		0x00000010
#define MAPI_NO_CACHE			0x00000200

#define KEEP_OPEN_READONLY		0x00000001
#define KEEP_OPEN_READWRITE		0x00000002
#define FORCE_SAVE				0x00000004
#define SPAMFILTER_ONSAVE		0x00000080
#define NON_EMS_XP_SAVE			0x00001000

/* -------------------------------------------------------------- catalogue.c */

/*
 * Where the value of a property lives.  Large properties have columns of
 * their own, so that a save that leaves them alone reuses their TOAST
 * pointers; everything else is a member of the bag (column props).
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

/* What setting a property does. */
typedef enum PropertyRule
{
	RULE_STORED = 0,			/* the client's to set at any time */
	RULE_FIRST_SAVE,			/* settable until the first save only */
	RULE_COMPUTED				/* the store's own: MAPI_E_COMPUTED */
} PropertyRule;

/*
 * A property as named by a caller.  "name" is the canonical spelling, under
 * which values are stored and shown; it points into constant memory, or into
 * the context that was current at look-up (a hex tag nobody has named).
 */
typedef struct Property
{
	const char *name;
	int			namelen;
	uint32		tag;			/* (id << 16) | type */
	uint16		type;			/* PT_* */
	Part		part;
	PropertyRule rule;
} Property;

/*
 * Look a property up by any of its spellings (not NUL-terminated).  Returns
 * false where the spelling is none: no name, no hex tag.
 */
extern bool property_lookup(const char *spelling, int len, Property *prop);

/*
 * The same, but an unknown spelling, a named property, and a property whose
 * type cannot be stored raise an error that names it.
 */
extern void property_resolve(const char *spelling, int len, Property *prop);

/* The name of a type code ("PT_UNICODE"), or NULL. */
extern const char *property_type_name(uint16 type);

/* --------------------------------------------------------------- property.c */

/*
 * Check a value against its property's type and bring it into the one form
 * in which it is stored (times with seven digits, GUIDs in capitals, binary
 * in canonical base64 ...).  *value is replaced; what it points to is the
 * input's memory or palloc'd.  Raises, naming property, type and what came;
 * a value of JSON null is the caller's business and never arrives here.
 */
extern void property_check(const Property *prop, JsonbValue *value);

/* Raises the error about a value of the wrong JSON type. */
pg_noreturn extern void property_refuse_type(const Property *prop,
												 const JsonbValue *value);

/*
 * A text as an error message shows it: NUL-terminated, and cut short where it
 * is long.  Palloc'd.
 */
extern char *text_shown(const char *text, int len);

/*
 * timestamptz (microseconds) to the text of a PT_SYSTIME; 28 bytes + NUL.
 * Raises before the year 1601 and after 9999.
 */
#define SYSTIME_TEXT_LEN	28
extern void systime_text(int64 timestamp, char *buf);

/* base64 of len bytes, palloc'd and NUL-terminated; *outlen may be NULL. */
extern char *base64_text(const void *data, int len, int *outlen);

/* The bytes of a base64 text that property_check() has passed. */
extern bytea *base64_bytes(const char *text, int len);

/* -------------------------------------------------------------- recipient.c */

/* property_check() for PR_MESSAGE_RECIPIENTS: *value becomes a jbvBinary. */
extern void recipients_check(const Property *prop, JsonbValue *value);

/*
 * What PR_DISPLAY_TO, PR_DISPLAY_CC and PR_DISPLAY_BCC show of a checked
 * list, each palloc'd; "" where there is nobody, and for a NULL list.
 */
extern void recipients_display(Jsonb *recipients,
							   char **to, char **cc, char **bcc);

#endif							/* MSGSTORE_H */
