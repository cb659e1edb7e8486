/*-------------------------------------------------------------------------
 *
 * content.h
 *	  The second floor: what a message holds and what edits make of it.
 *	  Nothing here touches a table.
 *
 *	  Prototypes stand under their file's name.  The bag itself is in bag.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CONTENT_H
#define CONTENT_H

#include "words.h"

#include "utils/array.h"

#include "bag.h"

/* ---------------------------------------------------------------- objects.c */

/* The objects of a stored list (recipients, attachments), each a bag. */
typedef struct ObjectList
{
	Jsonb	  **objects;
	int			count;
	int			allocated;
} ObjectList;

/* An object and where it stands in its list. */
typedef struct NumberedObject
{
	int64		number;
	int			at;
	Jsonb	   *object;
} NumberedObject;

/* The objects of a list in the order of their numbers. */
typedef struct ObjectIndex
{
	NumberedObject *sorted;
	int			count;
} ObjectIndex;

/*
 * A bag from a jbvBinary, where it stands: its members can be read, but it has
 * no size of its own.
 */
extern Jsonb *object_in_place(const JsonbValue *value);

/* A bag from a jbvBinary, copied, and a jbvBinary that points to a bag. */
extern Jsonb *object_from_value(const JsonbValue *value);
extern void value_from_object(JsonbValue *value, const Jsonb *object);

/* A numeric member of an object; false where it has none. */
extern bool object_number(const Jsonb *object, const char *name,
						  int64 *number);

extern void objects_read(const Jsonb *array, ObjectList *list);	/* or NULL */
extern Jsonb *objects_build(const ObjectList *list);

/* Where the object with that number in that property stands, or -1. */
extern int	objects_find(const ObjectList *list, const char *name,
						 int64 number);
extern void objects_add(ObjectList *list, Jsonb *object);

/* The number past the highest in the list, and an object under a number. */
extern int64 objects_next(const ObjectList *list, const char *name);
extern Jsonb *object_renumber(const Jsonb *object, const char *name,
							  int64 number);
extern void objects_remove(ObjectList *list, int at);

/* Take out those that are NULL. */
extern void objects_compact(ObjectList *list);

/*
 * Find many by number: an index of the list as it is, without objects that
 * have none; NULL where there is no such number.
 */
extern void objects_index(const ObjectList *list, const char *name,
						  ObjectIndex *index);
extern const NumberedObject *objects_look_up(const ObjectIndex *index,
											 int64 number);

/* Take the next number; raises MAPI_E_TOO_BIG where there is none. */
extern int64 object_next_number(int64 *next, const char *name);

/* The numbers whose objects differ between two lists, either may be NULL. */
extern int64 *objects_changed(const Jsonb *from, const Jsonb *to,
							  const char *name, int *count);

/*
 * Put what "yours" changed of base beside what "theirs" did, object by object.
 * Where both changed one differently, "overwrite" lets it become yours, else
 * false is returned.  What both added is kept, yours under a number of its own
 * if need be.  Any list may be NULL for none.
 */
extern bool objects_merge(const Jsonb *base, const Jsonb *theirs,
						  const Jsonb *yours, const char *name,
						  bool overwrite, Jsonb **merged);

/*
 * What is done to an embedded message needs copies of all that is in it, and
 * so does every level of embedded messages below.  Each level has a memory
 * context of its own: object_level_begin() enters it and returns the caller's
 * context; object_level_end() leaves it with a copy of the result, or NULL.
 */
extern MemoryContext object_level_begin(void);
extern Jsonb *object_level_end(MemoryContext caller, const Jsonb *result);

/* ------------------------------------------------------------- reference.c */

/* A blob is stored in chunks of that size, which an int4 numbers. */
#define BLOB_CHUNK_BYTES	(256 * 1024)
#define BLOB_MAX_BYTES		((int64) PG_INT32_MAX * BLOB_CHUNK_BYTES)

/*
 * Make a reference, {"blob": id, "size": bytes}, and read one; false if the
 * value is not a reference.
 */
extern Jsonb *reference_build(int64 blob_id, int64 size);
extern bool reference_read(const JsonbValue *value, int64 *blob_id,
						   int64 *size);

/*
 * Return true if a value that was given for a property is a reference, and the
 * property one that may be a blob; *value becomes canonical.
 */
extern bool reference_takes(const Property *prop, JsonbValue *value);

/* Visit the references in a bag or a list, at any depth. */
typedef void (*ReferenceVisitor) (int64 blob_id, int64 size, void *arg);
extern void references_visit(const Jsonb *object, ReferenceVisitor visit,
							 void *arg);

/* Return true if a bag or a list has references; the bytes of their blobs. */
extern bool references_any(const Jsonb *object);
extern int64 references_size(const Jsonb *object);

/* Return the bytes of the blobs in a value of a bag. */
extern int64 references_size_of_value(const JsonbValue *value);

/* --------------------------------------------------------------- content.c */

/*
 * One version's values: what a client may change of a message.  Datums may be
 * TOAST pointers; they live as long as the row or rows they were read from.
 * The part of a value too large for its column is NULL, and the bag has a
 * reference to a blob under the name of the part's property.
 */
typedef struct Content
{
	Datum		value[NUM_PARTS];
	bool		isnull[NUM_PARTS];
} Content;

#define IS_LIST(part) \
	((part) == PART_RECIPIENTS || (part) == PART_ATTACHMENTS)
#define IS_BODY(part) \
	((part) >= PART_BODY && (part) <= PART_RTF)

/* PR_MESSAGE_FLAGS */
#define MSGFLAG_READ		0x00000001
#define MSGFLAG_UNSENT		0x00000008
#define MSGFLAG_RESEND		0x00000080
#define MSGFLAG_EVERREAD	0x00000400
#define MSGFLAG_DEFAULT		(MSGFLAG_READ | MSGFLAG_UNSENT)

/*
 * Return the canonical name of the property that a part other than PART_PROPS
 * holds, and the part of a name (not NUL-terminated): PART_PROPS for the
 * members of the bag.
 */
extern const char *part_name(Part part);
extern Part part_of(const char *name, int len);

/*
 * Return true if a bag or a patch, which may be NULL, has a member of a part's
 * name, and if that member is a blob.
 */
extern bool part_named(const Jsonb *bag, Part part);
extern bool part_is_blob(const Jsonb *bag, Part part);

/* Return the name of the property that numbers the objects of a list. */
extern const char *part_number_name(Part part);

/*
 * Return the name by which a conflict calls an object of a list, palloc'd,
 * like PR_MESSAGE_RECIPIENTS[2]; and read one, false if it is no such name.
 */
extern char *part_object_name(Part part, int64 number);
extern bool part_of_object_name(const char *name, Part *part, int64 *number);

/* Return a checked value as its part's column holds it, palloc'd. */
extern struct varlena *part_value(Part part, JsonbValue *value);

/* Make a content that is this bag and nothing else. */
extern void content_from_bag(Content *content, Jsonb *bag);

/* Return the values that a new message starts with, as a bag. */
extern Jsonb *content_defaults(void);

/* Return true if a content has a part, in its column or as a blob. */
extern bool content_has(const Content *content, Part part);

/* Return the list that a content has, or NULL. */
extern Jsonb *content_list(const Content *content, Part part);

/* Return the bytes of a content; nothing large is fetched. */
extern int64 content_size(const Content *content);

/*
 * Return true if a part is equal in both contents.  Parts that share a value
 * are not fetched.
 */
extern bool content_same_part(const Content *a, const Content *b, Part part);

/* Add the value of a part, if the content has it, to a list of members. */
extern void content_add_part(const Content *content, Part part, BagList *list);

/*
 * Return a message's content as one object (an embedded message), and make a
 * content of such an object.
 */
extern Jsonb *content_to_object(const Content *content);
extern void content_from_object(Content *content, const Jsonb *object);

/* -------------------------------------------------------------- recipient.c */

/*
 * Do the work of property_check() for PR_MESSAGE_RECIPIENTS: *value becomes a
 * jbvBinary.
 */
extern void recipients_check(const Property *prop, JsonbValue *value);

/*
 * Return what PR_DISPLAY_TO, PR_DISPLAY_CC and PR_DISPLAY_BCC show of a checked
 * list, each palloc'd; "" if a list has no recipients, and for a NULL list.
 */
extern void recipients_display(Jsonb *recipients,
							   char **to, char **cc, char **bcc);

/* ----------------------------------------------------------------- retype.c */

/*
 * The patch that also deletes what its members replace in a bag (or in an
 * earlier patch): the same property ids in other types.  The very patch where
 * that is nothing.
 */
extern Jsonb *retype_patch(const Jsonb *bag, Jsonb *patch);

/* Raise where a patch sets one property in two types. */
extern void retype_check(const Jsonb *patch);

/* ------------------------------------------------------------- attachment.c */

/* PR_ATTACH_METHOD */
#define ATTACH_BY_VALUE			1
#define ATTACH_EMBEDDED_MSG		5

/*
 * Do the work of property_check() for PR_MESSAGE_ATTACHMENTS: *value becomes a
 * jbvBinary.
 */
extern void attachments_check(const Property *prop, JsonbValue *value);

/* Return a checked attachment with its number, method and size. */
extern Jsonb *attachment_finish(const Jsonb *object, int64 number);

/* Give the content that a handle shows of an attachment these properties. */
extern void attachment_show(Content *content, int64 number);

/* ------------------------------------------------------------------ edits.c */

/* How a part is touched by edits. */
#define UNTOUCHED		0
#define TOUCHED_IMPLIED	1		/* a body deleted because another was set */
#define TOUCHED			2

/*
 * Pending edits.  value[PART_PROPS] is a patch (a Jsonb object, null deletes);
 * the value of any other touched part is the new value whole, or NULL where
 * the property is deleted or, if the patch has a member of its name, a blob.
 * Values are plain varlenas (TOAST pointers only where edits_between() says
 * so) and are never written to once they stand here, so copies may share them.
 */
typedef struct Edits
{
	uint8		touched[NUM_PARTS];
	struct varlena *value[NUM_PARTS];
} Edits;

extern void edits_init(Edits *edits);
extern bool edits_any(const Edits *edits);

/*
 * Return true if everything that is shown of the named properties follows from
 * the edits alone.
 */
extern bool edits_cover(const Edits *edits, ArrayType *tags);

/*
 * Check a patch whole and turn it into edits, in the current context.  Raises
 * on the first bad member, naming it.  is_new admits the properties that may
 * be set until the first save.
 */
extern void edits_from_patch(Jsonb *patch, bool is_new, Edits *edits);

/* Make edits that delete properties; checks and errors as for a patch. */
extern void edits_from_tags(ArrayType *tags, bool is_new, Edits *edits);

/* Make edits that do what "first" and then "then" do; shares their values. */
extern void edits_merge(const Edits *first, const Edits *then, Edits *result);

/*
 * Return the patch that edits apply to a bag, which may be a patch itself: the
 * edits' own, and the deletion of what they replace there, which are the same
 * properties in other types and blobs of parts.  NULL if there is nothing to
 * apply.
 */
extern Jsonb *edits_patch_for(const Jsonb *bag, const Edits *edits);

/* Make edits also delete what they replace in a content under other names. */
extern void edits_retype(const Content *content, Edits *edits);

/* Make the content that base becomes under edits; shares values with both. */
extern void edits_apply(const Content *base, const Edits *edits,
						Content *result);

/*
 * Make edits that lead from one content to another and mention everything that
 * "named" mentions.  A property that was changed and changed back is not
 * mentioned.  The values of parts are those of "to", and so may be TOAST
 * pointers.
 */
extern void edits_between(const Content *from, const Content *to,
						  const Edits *named, Edits *result);

/* ------------------------------------------------------------------- undo.c */

/* What a change replaced, as the change table keeps it. */
typedef struct Undo
{
	Jsonb	   *props;			/* patch; PART_RECIPIENTS and _ATTACHMENTS too */
	Datum		large[NUM_PARTS];	/* PART_HEADERS .. PART_RTF */
	bool		has_large[NUM_PARTS];
	ArrayType  *properties;		/* text[] of canonical names */
} Undo;

/*
 * Members of an undo's patch that are no properties: where the message stood.
 * A property's name cannot begin with a dot.
 */
#define UNDO_FOLDER			".folder_id"
#define UNDO_CREATED		".created_at"
#define UNDO_FLAGS			".message_flags"
#define UNDO_DELETED		".deleted_at"
#define UNDO_PREDECESSORS	".predecessors"

/* Make the undo of edits that are applied to a content. */
extern void undo_of_edits(const Content *old, const Edits *edits, Undo *undo);

/* Take back one change: content becomes what it was before the change. */
extern void undo_apply(const Undo *undo, Content *content);

/*
 * Take back an older change too: *total, whose props are palloc'd, becomes the
 * undo of both.  Values of "large" are shared.
 */
extern void undo_merge(Undo *total, const Undo *older);

#endif							/* CONTENT_H */
