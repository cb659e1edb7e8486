/*-------------------------------------------------------------------------
 *
 * catalogue.h
 *	  The constant tables that are made from data/, and the functions of
 *	  catalogue.c and named.c that give access to them.
 *
 * NOTES
 *	  The tables contain no pointers, so that all backends share their pages
 *	  and no relocation is needed when the module is loaded.  A text is an
 *	  offset into catalogue_text, where offset 0 is the empty text.
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
	uint16		instead;		/* property to use in its place, or NO_ENTRY */
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
	uint32		json;			/* words for a value, if it can be stored */
	uint16		code;
	uint16		element;		/* type of the elements, or 0 */
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
	uint32		string;			/* if not empty, used instead of the LID */
	uint16		set;			/* index into catalogue_sets */
} CatalogueNamed;

#define NO_ENTRY		0xFFFF	/* no property in "instead", or in a slot */
#define HEX_TAG_LEN		10		/* 0xIIIITTTT */
#define FIRST_NAMED_ID	0x8000
#define LAST_MAPI_ID	0x3FFF	/* last id that MAPI itself defines */

#define TAG_ID(tag)		((tag) >> 16)
#define TAG_TYPE(tag)	((uint16) ((tag) & 0xFFFF))

/* Return the text at an offset. */
extern const char *catalogue_string(uint32 offset);

/* Return the property with a name or alias, or NULL. */
extern const CatalogueProperty *catalogue_find(const char *spelling, int len);

/* Fill a Property from its entry. */
extern void catalogue_fill(const CatalogueProperty *entry, Property *prop);

/* Return the set and LID or string of a named property of the catalogue. */
extern const CatalogueNamed *catalogue_named_entry(const CatalogueProperty *entry);

/*
 * Return the next property with an id after "last", or the first one if "last"
 * is NULL.  Return NULL if there is no other property with the id.
 */
extern const CatalogueProperty *catalogue_next_of_id(uint32 id,
													 const CatalogueProperty *last);

/* Return the property with a tag, or NULL. */
extern const CatalogueProperty *catalogue_find_tag(uint32 tag);

/* Return the property to use in place of an entry with an "instead". */
extern const CatalogueProperty *catalogue_instead(const CatalogueProperty *entry);

/* Return the type with a code, or with a name or alias, or NULL. */
extern const CatalogueType *catalogue_type(uint16 code);
extern const CatalogueType *catalogue_type_by_name(const char *name, int len);

/* Return the property set with an index, name or GUID, or NULL. */
extern const CatalogueSet *catalogue_set(int i);
extern const CatalogueSet *catalogue_set_by_name(const char *name, int len);
extern const CatalogueSet *catalogue_set_by_guid(const uint8 *guid);

/*
 * Read a tag: 0x and eight hex digits.  The tag of an 8-bit string is read as
 * the tag of the Unicode string, since both are one property.  Return false if
 * the text is not a tag.
 */
extern bool catalogue_read_tag(const char *spelling, int len, uint32 *tag);

/* ----------------------------------------------------------------- named.c */

/* The name of a named property in MAPI: a set, and a LID or a string. */
typedef struct PropertyName
{
	uint8		guid[16];
	const char *string;			/* not NUL-terminated; NULL if it has a LID */
	int			len;
	uint32		lid;
} PropertyName;

/* The outcome of named_lookup(). */
typedef enum NamedResult
{
	NAMED_OK = 0,
	NAMED_NONE,					/* not the spelling of a named property */
	NAMED_BAD_TYPE,				/* ends in :PT_ but not in a type */
	NAMED_OTHER_TYPE,			/* the catalogue has it in another type */
	NAMED_TOO_LONG,				/* the string is too long */
	NAMED_CONTROL,				/* the string has a control character */
	NAMED_TAG					/* of PS_MAPI, which has only tags */
} NamedResult;

/*
 * Look up a named property by SET:0xLID[:PT_TYPE] or SET:string[:PT_TYPE].
 * *prop is filled for NAMED_OK, and for NAMED_OTHER_TYPE with the property of
 * the catalogue.  Never raises an error about the spelling.
 */
extern NamedResult named_lookup(const char *spelling, int len,
								Property *prop);

/* Raise the error about a spelling that named_lookup() has refused. */
extern void named_refuse(NamedResult why, const char *spelling, int len);

/*
 * Return the length of a named property's canonical name without the type at
 * its end, or 0 if the name is not spelled with a set.
 */
extern int	named_stem_length(const char *name, int len);

/*
 * Fill *name with the set and LID or string that a spelling means, and return
 * false.  If the spelling means a tagged property, return true and set *id to
 * the id of its tag.  Raise an error about any other spelling.
 */
extern bool named_identify(const char *spelling, int len, PropertyName *name,
						   int32 *id);

/*
 * Return the canonical name of a PropertyName, palloc'd.  It has no type at
 * its end, unless its string ends in a text that would be taken for a type.
 */
extern char *named_spell(const PropertyName *name);

/* Return the spelling of a tag's id as a LID of PS_MAPI, palloc'd. */
extern char *named_spell_tag(int32 id);

#endif							/* MSGSTORE_CATALOGUE_H */
