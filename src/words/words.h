/*-------------------------------------------------------------------------
 *
 * types.h
 *	  The outcome and flag types, and the names, types and values of
 *	  properties: what needs to know nothing of messages.
 *
 *	  Included by msgstore.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_TYPES_H
#define MSGSTORE_TYPES_H

#include "codes.gen.h"			/* MAPI_E_NOT_FOUND and its like, as int32 */
#include "tags.gen.h"			/* PT_UNICODE, PR_SUBJECT and their like */

/* ---------------------------------------------------------------- hresult.c */

/* The name of a code, or NULL where the catalogue has none. */
extern const char *hresult_name(int32 code);

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
#define MAPI_CREATE				0x00000002	/* open_embedded_message() */

#define KEEP_OPEN_READONLY		0x00000001
#define KEEP_OPEN_READWRITE		0x00000002
#define FORCE_SAVE				0x00000004
#define SPAMFILTER_ONSAVE		0x00000080
#define NON_EMS_XP_SAVE			0x00001000
#define PARK_REFUSED			0x00010000	/* ours: park refused edits */

#define DELETE_HARD_DELETE		0x00000010

#define MODRECIP_ADD			0x00000002
#define MODRECIP_MODIFY			0x00000004
#define MODRECIP_REMOVE			0x00000008

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
	uint32		tag;			/* (id << 16) | type; 0: a named property */
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
 * The same, but what cannot be stored raises an error that names it: an
 * unknown spelling, a property in a type that cannot be stored, or that
 * another one stands for.
 */
extern void property_resolve(const char *spelling, int len, Property *prop);

/*
 * The same for a property that is only read: false where it is a tag whose id
 * is known in another type, so that no message has it.
 */
extern bool property_resolve_read(const char *spelling, int len,
								  Property *prop);

/* The name of a type code ("PT_UNICODE"), or NULL. */
extern const char *property_type_name(uint16 type);

/* What a value of a type is in JSON, in words ("a string"). */
extern const char *property_type_json(uint16 type);

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
 * timestamptz (microseconds) to the text of a PT_SYSTIME, NUL-terminated; buf
 * has room for VALUE_TIME_SIZE bytes.  What a PT_SYSTIME cannot hold comes out
 * as the first or the last time that it can, so that this never raises.
 */
extern void systime_text(int64 timestamp, char *buf);

/*
 * The text of a PT_SYSTIME as timestamptz, cut to microseconds; false where it
 * is none.
 */
extern bool systime_timestamp(const char *text, int len, int64 *timestamp);

/* base64 of len bytes, palloc'd and NUL-terminated; *outlen may be NULL. */
extern char *base64_text(const void *data, int len, int *outlen);

/* The bytes of a base64 text that property_check() has passed; how many. */
extern bytea *base64_bytes(const char *text, int len);
extern int	base64_size(const char *text, int len);

/* -------------------------------------------------------------- recipient.c */

/* property_check() for PR_MESSAGE_RECIPIENTS: *value becomes a jbvBinary. */
extern void recipients_check(const Property *prop, JsonbValue *value);

/*
 * What PR_DISPLAY_TO, PR_DISPLAY_CC and PR_DISPLAY_BCC show of a checked
 * list, each palloc'd; "" where there is nobody, and for a NULL list.
 */
extern void recipients_display(Jsonb *recipients,
							   char **to, char **cc, char **bcc);

#endif							/* MSGSTORE_TYPES_H */
