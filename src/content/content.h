/*-------------------------------------------------------------------------
 *
 * content.h
 *	  The second floor: the content of a message, and edits of it.  Nothing on
 *	  this floor accesses a table.
 *
 *	  Prototypes are grouped by source file.  The property bag is declared in
 *	  bag.h.  Functions that return memory palloc it in the current memory
 *	  context, unless a comment says otherwise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CONTENT_H
#define CONTENT_H

#include "words.h"

#include "lib/stringinfo.h"
#include "utils/array.h"

#include "bag.h"

/* --------------------------------------------------------------- objects.c */

/* The objects of a list (recipients or attachments); each object is a bag. */
typedef struct ObjectList
{
	Jsonb	  **objects;
	int			count;
	int			allocated;
} ObjectList;

/* An object, its number, and its position in the list. */
typedef struct NumberedObject
{
	int64		number;
	int			at;
	Jsonb	   *object;
} NumberedObject;

/* The objects of a list, sorted by number. */
typedef struct ObjectIndex
{
	NumberedObject *sorted;
	int			count;
} ObjectIndex;

/*
 * Return the object in a jbvBinary as a bag, without copying it.  The members
 * of the bag can be read, but its varlena header is not valid.
 */
extern Jsonb *object_in_place(const JsonbValue *value);

/*
 * Return a copy of the object in a jbvBinary, and make *value a jbvBinary that
 * points to an object.
 */
extern Jsonb *object_from_value(const JsonbValue *value);
extern void value_from_object(JsonbValue *value, const Jsonb *object);

/*
 * Get a member of an object that is an integer of 0 or more.  Returns false if
 * the object has no such member; *number is then -1 if the member is another
 * numeric value.
 */
extern bool object_number(const Jsonb *object, const char *name,
						  int64 *number);

/* Get a value that is an integer of 0 or more, as object_number() does. */
extern bool value_number(const JsonbValue *value, int64 *number);

/*
 * Read the elements of an array, copying them, into a list; a NULL array gives
 * an empty list.  objects_build() returns the list as an array.
 */
extern void objects_read(const Jsonb *array, ObjectList *list);
extern Jsonb *objects_build(const ObjectList *list);

/*
 * Return the position of the object that has the given number in the property
 * "name", or -1.
 */
extern int	objects_find(const ObjectList *list, const char *name,
						 int64 number);

/* Append an object, which is not copied. */
extern void objects_add(ObjectList *list, Jsonb *object);

/* Return the highest number in the list plus 1, or 0 without any number. */
extern int64 objects_next(const ObjectList *list, const char *name);

/* Return a copy of an object with another number. */
extern Jsonb *object_renumber(const Jsonb *object, const char *name,
							  int64 number);

/* Remove the object at a position. */
extern void objects_remove(ObjectList *list, int at);

/* Remove all NULLs from the list. */
extern void objects_compact(ObjectList *list);

/*
 * Index a list, to find many objects by number.  Objects without a number are
 * left out of the index, and the list must not change while it is used.
 * objects_look_up() returns NULL if no object has the number.
 */
extern void objects_index(const ObjectList *list, const char *name,
						  ObjectIndex *index);
extern const NumberedObject *objects_look_up(const ObjectIndex *index,
											 int64 number);

/*
 * Return *next and advance it; raises MAPI_E_TOO_BIG if *next exceeds the
 * range of an integer.  "name" is the property, for the error.
 */
extern int64 object_next_number(int64 *next, const char *name);

/*
 * Return the numbers of the objects that differ between two lists, as an array
 * of *count numbers.  An object that is in one list only differs.  The times of
 * attachments do not count.  A list may be NULL, which is an empty list.
 */
extern int64 *objects_changed(const Jsonb *from, const Jsonb *to,
							  const char *name, int *count);

/* The numbers of objects that both sides changed to different values. */
typedef struct ObjectClashes
{
	int64	   *numbers;
	int			count;
} ObjectClashes;

/*
 * Merge two changed versions of the list "base", object by object.  If both
 * changed the same object, and to different values, the object of "yours" is
 * taken if "overwrite" is set; otherwise the function returns false, or, if
 * "clashes" is not NULL, collects all such objects and goes on.  If both
 * added an object under the same number, both objects stay, and the object of
 * "yours" gets a new number.  The result is in the order of the numbers with
 * "in_order", else in the order of "theirs", with added objects at the end.  A
 * list may be NULL, which is an empty list; *merged is NULL if the result is
 * empty and "yours" is NULL.
 */
extern bool objects_merge(const Jsonb *base, const Jsonb *theirs,
						  const Jsonb *yours, const char *name,
						  bool in_order, bool overwrite,
						  ObjectClashes *clashes, Jsonb **merged);

/*
 * Processing an embedded message needs copies of its whole content, and so
 * does every level of messages embedded in it.  Each level therefore has a
 * memory context of its own.  object_level_begin() switches to a new context
 * and returns the caller's; object_level_end() deletes the new context and
 * returns a copy of "result", which may be NULL, in the caller's.
 */
extern MemoryContext object_level_begin(void);
extern Jsonb *object_level_end(MemoryContext caller, const Jsonb *result);

/* ---------------------------------------------------------------- packing.c */

/* Return a bag in fewer bytes, as the history keeps undos. */
extern bytea *packed_bag(const Jsonb *bag);

/*
 * Return the bag of packed bytes.  Raises MAPI_E_CORRUPT_DATA if they are none.
 * Numbers and containers are copied unread, so that the bag of bytes from a
 * stranger must not be read beyond its keys.
 */
extern Jsonb *packed_read(const bytea *packed);

/* ------------------------------------------------------------------ lines.c */

/* A text with more lines is neither compared nor merged. */
#define LINES_MAX	(1024 * 1024)

/*
 * A text as lines.  A line includes its line end, so that the last line may
 * differ from all others by having none.  Line i has the bytes from start[i] up
 * to start[i + 1].  Equal lines have equal ids.  The text is not copied.
 */
typedef struct Lines
{
	const char *text;
	int			count;
	int		   *start;
	int		   *id;
} Lines;

/* The different lines of the texts that are to be compared with each other. */
typedef struct LineTable LineTable;

extern LineTable *linetable_create(void);

/* Cut a text into lines.  Returns false if there are more than LINES_MAX. */
extern bool lines_read(Lines *lines, LineTable *table, const char *text,
					   int len);

/*
 * Pair the lines that two texts have in common, in the order of both.  Returns
 * an array with the place in "to" of each line of "from", or -1.  Takes memory
 * in proportion to the lines, and can be interrupted.
 */
extern int *lines_pair(const LineTable *table, const Lines *from,
					   const Lines *to);

/* ------------------------------------------------------------------ hunks.c */

/* The three texts of a merge. */
#define TEXT_BASE	0
#define TEXT_THEIRS	1
#define TEXT_YOURS	2
#define NUM_TEXTS	3

/* Lines that differ between the texts: from[t] up to to[t] of each text t. */
typedef struct Hunk
{
	int			from[NUM_TEXTS];
	int			to[NUM_TEXTS];
	bool		by_theirs;		/* theirs changed the lines of base */
	bool		by_yours;		/* yours changed the lines of base */
	bool		conflict;		/* both changed them, and to different lines */
} Hunk;

/* All hunks of a merge, in order, and the number of conflicts. */
typedef struct Hunks
{
	Lines		texts[NUM_TEXTS];
	Hunk	   *hunks;
	int			count;
	int			conflicts;
} Hunks;

/*
 * Find the hunks of three texts by the rule at the top of hunks.c.  Returns
 * false if a text has more than LINES_MAX lines.  *result points to the texts.
 */
extern bool hunks_find(const char *const *text, const int *len,
					   Hunks *result);

/*
 * Append the merged text.  A conflict is written as the lines of theirs, base
 * and yours, between lines that mark them.
 */
extern void hunks_merged(const Hunks *hunks, StringInfo out);

/* ------------------------------------------------------------- reference.c */

/* A blob is stored in chunks of this size, whose numbers are of type int4. */
#define BLOB_CHUNK_BYTES	(256 * 1024)
#define BLOB_MAX_BYTES		((int64) PG_INT32_MAX * BLOB_CHUNK_BYTES)

/*
 * Return a new reference, {"blob": id, "size": bytes}, and read a reference.
 * reference_read() returns false if the value is not a reference.
 */
extern Jsonb *reference_build(int64 blob_id, int64 size);
extern bool reference_read(const JsonbValue *value, int64 *blob_id,
						   int64 *size);

/*
 * Return true if the value is a reference and the property is a string or
 * binary, so that it may be a blob.  *value is then replaced by the canonical
 * reference.
 */
extern bool reference_takes(const Property *prop, JsonbValue *value);

/*
 * Call a function for each reference in a bag or a list, at any depth; "arg"
 * is passed on.
 */
typedef void (*ReferenceVisitor) (int64 blob_id, int64 size, void *arg);
extern void references_visit(const Jsonb *object, ReferenceVisitor visit,
							 void *arg);

/*
 * Replace the references in a value of a property, at any depth, by the
 * references to the blobs whose ids a function returns.  The function gets the
 * property whose value the reference is.
 */
typedef int64 (*ReferenceMapper) (const Property *prop, int64 blob_id,
								  int64 size, void *arg);
extern void references_map(const Property *prop, JsonbValue *value,
						   ReferenceMapper map, void *arg);

/*
 * Return true if a bag or a list contains references, and return the total
 * size of the blobs to which it refers.
 */
extern bool references_any(const Jsonb *object);
extern int64 references_size(const Jsonb *object);

/* Return the total size of the blobs to which a value of a bag refers. */
extern int64 references_size_of_value(const JsonbValue *value);

/* --------------------------------------------------------------- content.c */

/*
 * The values of one version that a client may change.  Datums may be TOAST
 * pointers; they live as long as the rows from which they were read.  If the
 * value of a part is a blob, the part is NULL, and the bag has a reference
 * under the name of the part's property.
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

/* PR_MESSAGE_FLAGS of a new message */
#define MSGFLAG_DEFAULT		(MSGFLAG_READ | MSGFLAG_UNSENT)

/*
 * Return the canonical name of the property in a part other than PART_PROPS,
 * and the part in which the property of a canonical name is stored: PART_PROPS
 * for a member of the bag.  The name of part_of() has len bytes.
 */
extern const char *part_name(Part part);
extern Part part_of(const char *name, int len);

/*
 * part_named() returns true if a bag or a patch has a member with the name of
 * a part, part_is_blob() if that member also is a reference to a blob.  The
 * bag may be NULL.
 */
extern bool part_named(const Jsonb *bag, Part part);
extern bool part_is_blob(const Jsonb *bag, Part part);

/* Return the name of the property with the numbers of a list's objects. */
extern const char *part_number_name(Part part);

/*
 * Return the name of an object of a list in a conflict report, such as
 * PR_MESSAGE_RECIPIENTS[2], and read such a name.  part_of_object_name()
 * returns false for any other name.
 */
extern char *part_object_name(Part part, int64 number);
extern bool part_of_object_name(const char *name, Part *part, int64 *number);

/* Return a checked value in the form of its part's column. */
extern struct varlena *part_value(Part part, JsonbValue *value);

/* Make a content that has a bag, which is not copied, and no other part. */
extern void content_from_bag(Content *content, Jsonb *bag);

/*
 * Return the default properties of a new message, as a bag, and add a new
 * PR_SEARCH_KEY to a list of members.
 */
extern Jsonb *content_defaults(void);
extern void content_add_search_key(BagList *list);

/* Return true if a content has a part, in the column or as a blob. */
extern bool content_has(const Content *content, Part part);

/* Return a list (recipients or attachments) of a content, or NULL. */
extern Jsonb *content_list(const Content *content, Part part);

/*
 * Return the size of a content, or of a part of it, in bytes, without fetching
 * large values.
 */
extern int64 content_size(const Content *content);
extern int64 content_part_size(const Content *content, Part part);

/*
 * Return true if a part is equal in two contents.  Values are not fetched if
 * both contents share the datum or if the sizes differ.
 */
extern bool content_same_part(const Content *a, const Content *b, Part part);

/* Add a part to a list of members, unless the content lacks the part. */
extern void content_add_part(const Content *content, Part part, BagList *list);

/*
 * Return a content as one object, the form of an embedded message, and make a
 * content from such an object, to which it may point.
 */
extern Jsonb *content_to_object(const Content *content);
extern void content_from_object(Content *content, const Jsonb *object);

/* ------------------------------------------------------------- recipient.c */

/*
 * Check the value of PR_MESSAGE_RECIPIENTS, in place of property_check().
 * *value becomes a jbvBinary, with the recipients in the order of PR_ROWID.
 */
extern void recipients_check(const Property *prop, JsonbValue *value);

/*
 * Compute PR_DISPLAY_TO, PR_DISPLAY_CC and PR_DISPLAY_BCC of a checked list,
 * which may be NULL.
 */
extern void recipients_display(Jsonb *recipients,
							   char **to, char **cc, char **bcc);

/* --------------------------------------------------------------- subject.c */

/*
 * Return true if a name is PR_SUBJECT, PR_SUBJECT_PREFIX or
 * PR_NORMALIZED_SUBJECT, and if a patch sets or deletes one of these.
 */
extern bool subject_named(const char *name);
extern bool subject_touched(const Jsonb *patch);

/*
 * Return the prefix and the normalized subject of a bag, which point into the
 * bag.  Returns false if the bag has no subject.
 */
extern bool subject_parts(const Jsonb *bag, JsonbValue *prefix,
						  JsonbValue *normalized);

/*
 * Return prefix and normalized subject of the member PR_SUBJECT of a bag, which
 * point into the bag; "given" is the member PR_SUBJECT_PREFIX, or NULL.  Returns
 * false if the subject is a blob.
 */
extern bool subject_split(const JsonbValue *subject, const JsonbValue *given,
						  JsonbValue *prefix, JsonbValue *normalized);

/* The members of a patch that set or delete the subject. */
#define SUBJECT_WHOLE	0x1		/* PR_SUBJECT */
#define SUBJECT_PARTS	0x2		/* prefix, normalized subject, or both */

/*
 * Return a patch in which PR_SUBJECT stands for prefix and normalized subject.
 * "members" are the bits of the members that the patch may have.
 * The bag may be an earlier patch; then is_whole is false, and a part of the
 * subject that neither patch has stays unknown.  Returns "patch" itself if
 * there is nothing to change.
 */
extern Jsonb *subject_complete(const Jsonb *bag, Jsonb *patch, int members,
							   bool is_whole);

/* -------------------------------------------------------------- promoted.c */

/* The columns of message that promote properties: see promoted.c. */
typedef enum PromotedColumn
{
	PROMOTED_NOTHING = -1,
	PROMOTED_DELIVERY = 0,		/* timestamptz: PR_MESSAGE_DELIVERY_TIME */
	PROMOTED_SUBMIT,			/* timestamptz: PR_CLIENT_SUBMIT_TIME */
	PROMOTED_IMPORTANCE,		/* integer: PR_IMPORTANCE */
	PROMOTED_ATTACHMENTS,		/* boolean: PR_HASATTACH */
	PROMOTED_SUBJECT,			/* text: PR_NORMALIZED_SUBJECT */
	PROMOTED_SENDER,			/* text: PR_SENDER_NAME */
	PROMOTED_CLASS,				/* text: PR_MESSAGE_CLASS */
	PROMOTED_CONVERSATION,		/* text: PR_CONVERSATION_TOPIC */
	PROMOTED_SIZE				/* bigint: PR_MESSAGE_SIZE_EXTENDED */
} PromotedColumn;
#define NUM_PROMOTED	(PROMOTED_SIZE + 1)

/*
 * The promoted values of one version.  PROMOTED_SIZE is NULL in a row that was
 * stored before there were promoted columns.
 */
typedef struct Promoted
{
	Datum		value[NUM_PROMOTED];
	bool		isnull[NUM_PROMOTED];
} Promoted;

/* Return the column that promotes the property of a canonical name. */
extern PromotedColumn promoted_column(const char *name);

/*
 * Promote a value of the column's property.  Returns false if a value of that
 * form has no promoted value.
 */
extern bool promoted_value(PromotedColumn column, const JsonbValue *value,
						   Datum *datum);

/*
 * Bounds of a column that is a time or a text; both ends belong to the range.
 * The functions narrow the bounds, and share the datum.
 */
typedef struct PromotedBounds
{
	bool		has_low;
	bool		has_high;
	Datum		low;
	Datum		high;
} PromotedBounds;

extern void promoted_raise_low(PromotedBounds *bounds, PromotedColumn column,
							   Datum low);
extern void promoted_reduce_high(PromotedBounds *bounds,
								 PromotedColumn column, Datum high);

/* Set the promoted values of a content. */
extern void promoted_fill(const Content *content, Promoted *promoted);

/*
 * Change the promoted values of the content "old" to those of the content
 * "new".  "undo" is a patch that undoes the change of the bag.  Datums whose
 * properties the change does not touch stay as they are.
 */
extern void promoted_follow(const Content *old, const Content *new,
							const Jsonb *undo, Promoted *promoted);

/* ----------------------------------------------------------------- order.c */

/* Return true if a value is a list of values. */
extern bool order_is_list(const JsonbValue *value);

/* Return the number of values in a list, and get the value at a position. */
extern int	order_list_size(const JsonbValue *list);
extern void order_element(const JsonbValue *list, int n, JsonbValue *element);

/*
 * Compare two values of a type in their stored forms: two lists, or two values
 * that are no lists.  Neither is null or held as a blob.
 */
extern int	order_compare(uint16 type, const JsonbValue *a,
						  const JsonbValue *b);

/* Return true if a value of a type has a place in the order: is no blob. */
extern bool order_has(uint16 type, const JsonbValue *value);

/* --------------------------------------------------------------- folding.c */

/*
 * Return a text of *outlen bytes in lower case, or without its combining
 * characters; palloc'd.
 */
extern char *folding_case(const char *text, int len, int *outlen);
extern char *folding_nonspace(const char *text, int len, int *outlen);

/* ---------------------------------------------- restriction.c, match.c */

/* A compiled restriction; it points into the JSON. */
typedef struct Restriction Restriction;

/*
 * Find the value of a property of an object.  Returns false if the object lacks
 * the property; otherwise *value may point into the object.
 */
typedef bool (*RestrictionFind) (void *object, const Property *prop,
								 JsonbValue *value);

/*
 * Compile a restriction.  Raises MAPI_E_INVALID_PARAMETER, MAPI_E_TOO_COMPLEX
 * and the errors of property_check(), each with the path of the wrong part.
 */
extern Restriction *restriction_compile(const Jsonb *json);

/* Return a restriction that holds if both do; either may be NULL. */
extern Restriction *restriction_and(Restriction *a, Restriction *b);

/* Return the greatest number of objects that the result may have, or -1. */
extern int64 restriction_max(const Restriction *restriction);

/*
 * Narrow bounds to those that a restriction sets to a promoted column, which
 * is a time or a text.
 */
extern void restriction_bounds(const Restriction *restriction,
							   PromotedColumn column, PromotedBounds *bounds);

/*
 * Evaluate a restriction, or NULL, on an object; allocates memory that is left
 * to the caller's context.
 */
extern bool match_restriction(const Restriction *restriction,
							  RestrictionFind find, void *object);

/* ---------------------------------------------------------------- retype.c */

/*
 * Return a patch that also deletes the values of its properties that a bag (or
 * an earlier patch) has in another type.  Returns "patch" itself if there is
 * nothing to delete.  *subject is set to the bits (SUBJECT_*) of the members
 * that the patch may have.
 */
extern Jsonb *retype_patch(const Jsonb *bag, Jsonb *patch, int *subject);

/*
 * Raise an error if a patch sets one property in two types.  "suspects" has the
 * members of the patch that can be in another type, and is sorted here; NULL
 * stands for all members.
 */
extern void retype_check(const Jsonb *patch, BagList *suspects);

/* ----------------------------------------------------------------- edits.c */

/*
 * How edits touch a part.  TOUCHED_IMPLIED: the client did not name the part,
 * which is a body deleted because another body was set, or differs between the
 * contents given to edits_between().
 */
#define UNTOUCHED		0
#define TOUCHED_IMPLIED	1
#define TOUCHED			2

/*
 * Pending edits.  value[PART_PROPS] is a patch of the bag, in which a null
 * deletes.  The value of any other touched part is the whole new value.  It is
 * NULL if the property is deleted or becomes a blob; in the latter case the
 * patch has the reference, under the name of the property.
 *
 * Values are never changed in place, so that copies of edits may share them.
 * Only edits_between() makes edits with TOAST pointers.
 */
typedef struct Edits
{
	uint8		touched[NUM_PARTS];
	struct varlena *value[NUM_PARTS];
} Edits;

/* Make empty edits. */
extern void edits_init(Edits *edits);

/* Return true if the edits touch any part. */
extern bool edits_any(const Edits *edits);

/* Return a patch from which edits_from_patch() makes the same edits. */
extern Jsonb *edits_to_patch(const Edits *edits);

/*
 * Return true if the edits alone determine the values of all named properties,
 * so that the base need not be read.
 */
extern bool edits_cover(const Edits *edits, ArrayType *tags);

/*
 * Check a patch and make edits of it.  The first member that is not valid
 * raises an error, which names the member.  With is_new, properties that can
 * be set only until the first save are accepted.
 */
extern void edits_from_patch(Jsonb *patch, bool is_new, Edits *edits);

/*
 * If the edits set a body, make them delete the bodies in the other two forms
 * that they do not touch.
 */
extern void edits_one_body(Edits *edits);

/*
 * Make edits that delete the named properties, with the same checks.  A name
 * stands for its id: the type in a name does not matter.
 */
extern void edits_from_tags(ArrayType *tags, bool is_new, Edits *edits);

/* Make edits with the effect of "first" followed by "then"; shares values. */
extern void edits_merge(const Edits *first, const Edits *then, Edits *result);

/*
 * Return the patch that edits apply to a bag.  In addition to the patch of the
 * edits it deletes the values that the edits replace: properties in another
 * type, and references of parts that were blobs.  The subject is complete.
 * Returns NULL if there is nothing to apply.
 */
extern Jsonb *edits_patch_for(const Jsonb *bag, const Edits *edits);

/* Replace the patch of edits by the patch that they apply to a content. */
extern void edits_retype(const Content *content, Edits *edits);

/*
 * Apply edits to "base" and set *result to the new content, which shares
 * values with both.  *result may be *base.
 */
extern void edits_apply(const Content *base, const Edits *edits,
						Content *result);

/* Apply the edits of all parts but the bag to *result. */
extern void edits_apply_parts(const Edits *edits, Content *result);

/*
 * Make edits that turn content "from" into content "to", and that touch
 * everything that "named" touches.  A property that is equal in both contents
 * is not touched unless "named" touches it.  The values of parts are those of
 * "to", so that they may be TOAST pointers.
 */
extern void edits_between(const Content *from, const Content *to,
						  const Edits *named, Edits *result);

/* ------------------------------------------------------------ attachment.c */

/*
 * Check the value of PR_MESSAGE_ATTACHMENTS, in place of property_check().
 * *value becomes a jbvBinary.
 */
extern void attachments_check(const Property *prop, JsonbValue *value);

/* Return a checked attachment, completed with its number, method and size. */
extern Jsonb *attachment_finish(const Jsonb *object, int64 number);

/* Complete the content of an attachment in the same way, to show it. */
extern void attachment_show(Content *content, int64 number);

/* Return a new, empty attachment, made now. */
extern Jsonb *attachment_new(int64 number);

/*
 * Make edits of an attachment move PR_LAST_MODIFICATION_TIME to
 * now, unless the edits set it.
 */
extern void attachment_edited(Edits *edits);

/*
 * Return a checked list of attachments, with the properties that
 * each attachment has: PR_RENDERING_POSITION, PR_CREATION_TIME and
 * PR_LAST_MODIFICATION_TIME, and PR_SEARCH_KEY of embedded messages.  Those that
 * the list leaves out are taken from the list "old"; an attachment that is not
 * in "old", or that differs, is made or changed at "time".  "old" may be NULL.
 * Returns "list" itself if there is nothing to add.  attachments_stamp_edits()
 * does so for a pending list.
 */
extern Jsonb *attachments_stamp(const Jsonb *old, Jsonb *list,
								TimestampTz time);
extern void attachments_stamp_edits(const Content *old, Edits *edits,
									TimestampTz time);

/* ------------------------------------------------------------------ undo.c */

/* The values that a change replaced, as they are stored in table change. */
typedef struct Undo
{
	Jsonb	   *props;			/* patch, which includes both lists */
	Datum		large[NUM_PARTS];	/* PART_HEADERS .. PART_RTF */
	bool		has_large[NUM_PARTS];
	ArrayType  *properties;		/* text[]: names of the touched properties;
								 * NULL: those of undo_properties() */
} Undo;

/* An undo is read to find its names if its patch has at most this size. */
#define UNDO_SMALL			1024

/*
 * Members of the patch in an undo that hold values outside the content.  The
 * name of a property cannot begin with a dot.
 */
#define UNDO_FOLDER			".folder_id"
#define UNDO_FOLDERS		".folder_ids"	/* of an erased message, all */
#define UNDO_CREATED		".created_at"
#define UNDO_CREATOR		".creator"
#define UNDO_FLAGS			".message_flags"
#define UNDO_DELETED		".deleted_at"
#define UNDO_SUBMITTED		".submitted_at"
#define UNDO_PREDECESSORS	".predecessors"
#define UNDO_LINEAGE		".lineage"

/* Make the undo of edits that are to be applied to "old". */
extern void undo_of_edits(const Content *old, const Edits *edits, Undo *undo);

/* Apply edits to "old", and make their undo. */
extern void undo_apply_edits(const Content *old, const Edits *edits,
							 Content *new, Undo *undo);

/*
 * Return the names of the properties that an undo restores: those of the bag in
 * its order, then parts, then the properties that show values outside the
 * content.  Of "large", only "has_large" is read.
 */
extern ArrayType *undo_properties(const Undo *undo);

/* Take back one change: restore the content before the change. */
extern void undo_apply(const Undo *undo, Content *content);

/*
 * Add the undo of an older change to *total, which becomes the undo of both.
 * Frees the old total->props, which must be palloc'd; large values are shared.
 */
extern void undo_merge(Undo *total, const Undo *older);

/* ------------------------------------------------------------------- rtf.c */

/*
 * Append the text of a value of PR_RTF_COMPRESSED; nothing of a broken value.
 * "is_cut" means that the value may have more bytes than these.
 */
extern void rtf_append_text(const char *bytes, int len, bool is_cut,
							StringInfo text);

/* ------------------------------------------------------------ searchtext.c */

/* The parts of the searched text, which are indexed apart. */
typedef enum SearchPart
{
	SEARCH_SUBJECT = 0,
	SEARCH_PEOPLE,				/* names and addresses */
	SEARCH_FILES,				/* names and texts of attachments */
	SEARCH_BODY
} SearchPart;
#define NUM_SEARCH_PARTS	(SEARCH_BODY + 1)

/* The text of a part is cut after so many bytes. */
#define SEARCHTEXT_BYTES	(1024 * 1024)

/* Return up to "count" bytes of a blob from its start on. */
typedef bytea *(*SearchBlobReader) (void *arg, int64 blob_id, int64 size,
									int64 count);

/*
 * Append the searched text of a part of a message, in which addresses and file
 * names are followed by their words.  "arg" is passed on to the reader.
 */
extern void searchtext_append(const Content *content, SearchPart part,
							  SearchBlobReader read, void *arg,
							  StringInfo text);

/*
 * Return the parts, as bits 1 << SearchPart, that differ between two versions;
 * "undo" is a patch that undoes the change of the bag.
 */
extern uint32 searchtext_touched(const Content *old, const Content *new,
								 const Jsonb *undo);

#endif							/* CONTENT_H */
