/*-------------------------------------------------------------------------
 *
 * catalogue.h
 *	  The constant tables that data/ is made into, as catalogue.c has them
 *	  and other rooms look into them.
 *
 * NOTES
 *	  The tables hold no pointers, so that a backend shares their pages with
 *	  all others and pays nothing for them at load: texts are offsets into
 *	  catalogue_text, where 0 is the empty one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_CATALOGUE_H
#define MSGSTORE_CATALOGUE_H

typedef struct CatalogueProperty
{
	uint32		tag;			/* 0 for a named property */
	uint32		name;
	uint16		type;
	uint16		instead;		/* the property to set in its place, or none */
	uint8		namelen;
	uint8		part;
	uint8		rule;
} CatalogueProperty;

typedef struct CatalogueSpelling
{
	uint32		text;
	uint16		property;		/* index into catalogue_properties */
	uint8		len;
} CatalogueSpelling;

typedef struct CatalogueType
{
	uint32		aliases;		/* separated by blanks */
	uint32		json;			/* what a value is, if it can be stored */
	uint16		code;
	uint16		element;		/* type of the elements, 0: one value */
	char		name[16];
} CatalogueType;

typedef struct CatalogueSet
{
	uint32		name;
	uint8		guid[16];
} CatalogueSet;

typedef struct CatalogueNamed
{
	uint32		lid;
	uint32		string;			/* instead of a LID */
	uint16		set;			/* index into catalogue_sets */
} CatalogueNamed;

#define NO_ENTRY		0xFFFF	/* of "instead", and an empty slot */
#define HEX_TAG_LEN		10		/* 0xIIIITTTT */
#define FIRST_NAMED_ID	0x8000
#define LAST_MAPI_ID	0x3FFF	/* ids up to here have one meaning */

#define TAG_ID(tag)		((tag) >> 16)
#define TAG_TYPE(tag)	((uint16) ((tag) & 0xFFFF))

/* The text at an offset. */
extern const char *catalogue_string(uint32 offset);

/* The entry of a spelling that is a name, else NULL. */
extern const CatalogueProperty *catalogue_find(const char *spelling, int len);

extern void catalogue_fill(const CatalogueProperty *entry, Property *prop);

/* How a named property that the catalogue knows is called by MAPI. */
extern const CatalogueNamed *catalogue_named_entry(const CatalogueProperty *entry);

/*
 * The properties of an id, one after the other: NULL gives the first one, the
 * last one gives NULL.
 */
extern const CatalogueProperty *catalogue_next_of_id(uint32 id,
													 const CatalogueProperty *last);

/* The property of a tag; the one to set in place of another. */
extern const CatalogueProperty *catalogue_find_tag(uint32 tag);
extern const CatalogueProperty *catalogue_instead(const CatalogueProperty *entry);

/* A type by code, and by name or alias; else NULL. */
extern const CatalogueType *catalogue_type(uint16 code);
extern const CatalogueType *catalogue_type_by_name(const char *name, int len);

/* A property set by index, name or GUID; else NULL. */
extern const CatalogueSet *catalogue_set(int i);
extern const CatalogueSet *catalogue_set_by_name(const char *name, int len);
extern const CatalogueSet *catalogue_set_by_guid(const uint8 *guid);

/* 0x and eight hex digits as a tag, 8-bit strings as Unicode ones. */
extern bool catalogue_read_tag(const char *spelling, int len, uint32 *tag);

/* -------------------------------------------------------------------- named.c */

/* What MAPI calls a named property by. */
typedef struct PropertyName
{
	uint8		guid[16];
	const char *string;			/* not NUL-terminated; NULL: a LID */
	int			len;
	uint32		lid;
} PropertyName;

typedef enum NamedResult
{
	NAMED_OK = 0,
	NAMED_NONE,					/* not the spelling of a named property */
	NAMED_BAD_TYPE,				/* ends in :PT_ and no type */
	NAMED_OTHER_TYPE,			/* the catalogue has it in another type */
	NAMED_TOO_LONG,
	NAMED_TAG					/* PS_MAPI: an id of its own, not a name */
} NamedResult;

/* Read SET:0xLID[:PT_TYPE] or SET:string[:PT_TYPE]; never raises. */
extern NamedResult named_lookup(const char *spelling, int len,
								Property *prop);

/* Raise the error about a spelling that named_lookup() did not like. */
extern void named_refuse(NamedResult why, const char *spelling, int len);

/*
 * The length of a named property's canonical name without the type at its
 * end; 0 where it is the name of some other property.
 */
extern int	named_stem_length(const char *name, int len);

/*
 * Find the PropertyName by which stores give ids to a spelling; a name of the
 * catalogue has its own.  Returns true, with *id set, if the spelling means a
 * tag: no store gives an id to a tag.  Raises for any other spelling.
 */
extern bool named_identify(const char *spelling, int len, PropertyName *name,
						   int32 *id);

/*
 * Return the canonical name of a PropertyName, palloc'd: without a type,
 * unless its string ends in what would be taken for one.
 */
extern char *named_spell(const PropertyName *name);

/* Return the spelling of a tag's id as a member of PS_MAPI, palloc'd. */
extern char *named_spell_tag(int32 id);

#endif							/* MSGSTORE_CATALOGUE_H */
