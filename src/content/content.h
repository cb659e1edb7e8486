/*-------------------------------------------------------------------------
 *
 * content.h
 *	  What a message holds and what edits make of it: its parts, its lists
 *	  of objects, its blobs.  The prototypes of the source files that know
 *	  these, under each file's name; msgstore.h includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CONTENT_H
#define CONTENT_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"

#include "words.h"

/* ------------------------------------------------------------------ edits.c */

/*
 * What a client may change of a message: one version's values.  Datums may be
 * TOAST pointers; they live as long as the row or rows they were read from.
 * A string or binary value too large for its column is a blob (blob.c): the
 * part is NULL then, and the reference a member of the bag, under the name of
 * the part's property.
 */
typedef struct Content
{
	Datum		value[NUM_PARTS];
	bool		isnull[NUM_PARTS];
} Content;

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

/* What a change replaced, as the change table keeps it. */
typedef struct Undo
{
	Jsonb	   *props;			/* patch; PART_RECIPIENTS and _ATTACHMENTS too */
	Datum		large[NUM_PARTS];	/* PART_HEADERS .. PART_RTF */
	bool		has_large[NUM_PARTS];
	ArrayType  *properties;		/* text[] of canonical names */
} Undo;

/* The canonical name of the property a part other than PART_PROPS holds. */
extern const char *part_name(Part part);

/* Whether a content has a part, in its column or as a blob. */
extern bool content_has(const Content *content, Part part);

/* The list that a content has, or NULL. */
extern Jsonb *content_list(const Content *content, Part part);

extern void edits_init(Edits *edits);
extern bool edits_any(const Edits *edits);

/* Whether what is shown of every named property follows from edits alone. */
extern bool edits_cover(const Edits *edits, ArrayType *tags);

/*
 * Check a patch whole and turn it into edits, in the current context.  Raises
 * on the first bad member, naming it.  is_new admits the properties that may
 * be set until the first save.
 */
extern void edits_from_patch(Jsonb *patch, bool is_new, Edits *edits);

/* The same for a list of properties to delete. */
extern void edits_from_tags(ArrayType *tags, bool is_new, Edits *edits);

/* Edits that do what "first" and then "then" do; shares their values. */
extern void edits_merge(const Edits *first, const Edits *then, Edits *result);

/* Edits that also delete what they replace in a content under other names. */
extern void edits_retype(const Content *content, Edits *edits);

/* The content that base becomes under edits; shares values with both. */
extern void edits_apply(const Content *base, const Edits *edits,
						Content *result);

/* Whether a part is the same in both; those that share a value are at once. */
extern bool content_same_part(const Content *a, const Content *b, int part);

/*
 * Edits that lead from one content to another and mention everything that
 * "named" mentions.  What was changed and changed back is no difference.
 * The values of parts are those of "to", and so may be TOAST pointers.
 */
extern void edits_between(const Content *from, const Content *to,
						  const Edits *named, Edits *result);

/* What applying edits to old replaces. */
extern void edits_undo(const Content *old, const Edits *edits, Undo *undo);

/*
 * Members of an undo patch that are no properties: where the message stood.
 * A property's name cannot begin with a dot.
 */
#define UNDO_FOLDER			".folder_id"
#define UNDO_CREATED		".created_at"
#define UNDO_FLAGS			".message_flags"
#define UNDO_DELETED		".deleted_at"
#define UNDO_PREDECESSORS	".predecessors"

/* Take back one change: content becomes what it was before it. */
extern void undo_apply(const Undo *undo, Content *content);

/*
 * Take back an older change too: *total, whose props are palloc'd, becomes the
 * undo of both.  Values of "large" are shared.
 */
extern void undo_merge(Undo *total, const Undo *older);

/*
 * Edits that make a stored object of a message's properties out of an empty
 * content: nothing is checked again.
 */
extern void edits_from_stored(Jsonb *object, Edits *edits);

/* ----------------------------------------------------------------- retype.c */

/*
 * The patch that also deletes what its members replace in a bag (or in an
 * earlier patch): the same property ids in other types.  The very patch where
 * that is nothing.
 */
extern Jsonb *retype_patch(const Jsonb *bag, Jsonb *patch);

/* Raise where a patch sets one property in two types. */
extern void retype_check(const Jsonb *patch);

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

/* ------------------------------------------------------------- attachment.c */

/* PR_ATTACH_METHOD */
#define ATTACH_BY_VALUE			1
#define ATTACH_EMBEDDED_MSG		5

/* property_check() for PR_MESSAGE_ATTACHMENTS: *value becomes a jbvBinary. */
extern void attachments_check(const Property *prop, JsonbValue *value);

/* A checked attachment with its number, method and size. */
extern Jsonb *attachment_finish(const Jsonb *object, int64 number);

/* The same for what a handle shows of one. */
extern void attachment_show(Content *content, int64 number);

/*
 * What is done to an embedded message needs copies of all that is in it, and
 * so does every level of those: each level has a context of its own, which is
 * entered by one of these and left with the result (or NULL) by the other,
 * whose "caller" is what the first returned.
 */
extern MemoryContext object_level_begin(void);
extern Jsonb *object_level_end(MemoryContext caller, const Jsonb *result);

/* A message's content as an object (an embedded message), and back. */
extern Jsonb *content_to_object(const Content *content);
extern void content_from_object(Content *content, Jsonb *object);

/* ------------------------------------------------------------------- blob.c */

/* A blob that a handle has written and that is not saved yet. */
typedef struct Upload
{
	int64		blob_id;
	bool		shared;			/* somebody has a reference: not in place */
	struct Upload *next;
} Upload;

/* {"blob": id, "size": bytes}, and back; false where it is no such thing. */
extern Jsonb *blob_reference(int64 blob_id, int64 size);
extern bool blob_from_value(const JsonbValue *value, int64 *blob_id,
							int64 *size);

/*
 * Whether a value that was given for a property is a reference, and the
 * property one that may be a blob; *value becomes canonical.
 */
extern bool blob_takes(const Property *prop, JsonbValue *value);

/* Whether a bag or a list refers to blobs at any depth, and their bytes. */
extern bool blobs_any(const Jsonb *object);
extern int64 blobs_size(const Jsonb *object);

/* Bytes of the blobs in a value of a bag. */
extern int64 blobs_size_of_value(const JsonbValue *value);

struct Handle;

/* An empty upload of a handle; is_text: for a PT_UNICODE. */
extern int64 blob_create(struct Handle *handle, bool is_text);

/*
 * The blob to write to instead of this one, which has that size and kind:
 * itself where it is the handle's upload and nobody else has a reference, else
 * a copy of the first "keep" bytes or more.  Raises MAPI_E_INVALID_PARAMETER
 * where the handle may not refer to it, or it is something else.
 */
extern int64 blob_writable(struct Handle *handle, int64 blob_id, int64 size,
						   bool is_text, int64 keep);

/* Write bytes at an offset that is at most the upload's size. */
extern void blob_write(int64 store_id, int64 blob_id, int64 offset,
					   const char *bytes, int64 count);

/* Cut an upload to a size that is at most its own. */
extern void blob_truncate(int64 store_id, int64 blob_id, int64 size);

/*
 * Up to count bytes of a blob of that size.  Raises where the handle may not
 * refer to it.
 */
extern bytea *blob_read(const struct Handle *handle, int64 blob_id,
						int64 size, int64 offset, int64 count);

/*
 * Keep what a handle that was resumed has pending, whatever becomes of the
 * draft: it counts as uploaded by the handle.  False where some of it is gone
 * already.
 */
extern bool blob_hold(struct Handle *handle);

/* Blobs that no handle of the session needs any more. */
extern void blob_release(int64 store_id, ArrayType *blob_ids);

/* Whose blobs a version or a draft of a message brings with it. */
typedef struct Adoption
{
	int64		store_id;
	int64		message_id;
	int64		source_id;		/* what it was copied from, or 0 */
	const Upload *uploads;		/* of the handle that is saved */
	bool		is_draft;		/* of the current role, who alone sees it */
} Adoption;

/*
 * A version or a draft is going to refer to a blob: seal it.  Raises unless
 * the message, or its source, refers to it already, or it is among the
 * uploads; size and kind must be right.
 */
extern void blob_adopt(const Adoption *adoption, int64 blob_id, int64 size,
					   bool is_text);

/* Store bytes as a sealed blob that the message refers to. */
extern int64 blob_store(const Adoption *adoption, const char *bytes,
						int64 size);

/* ------------------------------------------------------------------ adopt.c */

/*
 * Edits, and a content, as they are stored: blobs are sealed and recorded,
 * large bytes of attachments become blobs.  Values that change are replaced.
 */
extern void adopt_edits(const Adoption *adoption, Edits *edits);
extern void adopt_content(const Adoption *adoption, Content *content);

/* Whether storing edits stores blobs too. */
extern bool adopt_needed(const Edits *edits);

#endif							/* CONTENT_H */
