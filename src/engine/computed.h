/*-------------------------------------------------------------------------
 *
 * computed.h
 *	  The computed properties of a view: declarations for view.c and
 *	  computed.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_COMPUTED_H
#define MSGSTORE_COMPUTED_H

/* A view, with values from which several properties are computed. */
typedef struct ViewContext
{
	const MessageView *view;
	const Jsonb *bag;
	StringInfo	json;			/* members are written to it at once, or NULL */
	BagEntry   *entries;		/* of the bag, or NULL: computed_entries() */
	int			count;			/* of the entries */
	int64		size;			/* 0: not computed yet */
	BagEntry	size_entry;		/* the size as a number, or data is NULL */
	char	   *room;			/* for the texts of computed values */
	int			room_left;		/* bytes of it */
	TimestampTz time;			/* the last time that was added */
	char	   *time_text;		/* its text, or NULL */
	int			time_len;
	char	   *source_key;		/* in base64, or NULL: not computed yet */
	int			source_key_len;
	LineageKey	change_key;		/* size 0: not computed yet */
	bool		has_guid;		/* the GUID of the store is read on demand */
	uint8		guid[GUID_BYTES];
	Jsonb	   *recipients;		/* or NULL */
	char	   *display[3];		/* To, Cc, Bcc; computed on demand */
	bool		subject_read;
	bool		has_subject;
	JsonbValue	prefix;			/* of the subject, if the bag has one */
	JsonbValue	normalized;
	bool		has_state;		/* the following are filled, on demand */
	ReadState	read;			/* of the reader */
	int32		status;
	TimestampTz status_changed_at;
} ViewContext;

/* the kinds of objects of which a property is computed */
#define ON_MESSAGE		(1 << HANDLE_MESSAGE)
#define ON_EMBEDDED		(1 << HANDLE_EMBEDDED)
#define ON_ATTACHMENT	(1 << HANDLE_ATTACHMENT)
#define ON_MESSAGES		(ON_MESSAGE | ON_EMBEDDED)
#define ON_ALL			(ON_MESSAGES | ON_ATTACHMENT)
#define SOMETIMES		0x100	/* "add" adds nothing if a value is missing */

/* A property that a view can show and that is not a member of the bag. */
typedef struct Extra
{
	const char *name;
	int			namelen;
	Part		part;			/* PART_PROPS: computed by "add" */
	uint32		tag;
	void		(*add) (ViewContext *context, const struct Extra *extra,
						BagList *list);
	int			kinds;			/* ON_* and SOMETIMES, if computed */
} Extra;

/*
 * All properties that a view can show and that are not members of the bag:
 * parts that have a column of their own, and computed properties.  They are
 * sorted in jsonb's order of keys, so that they can be merged with the bag.
 */
extern const Extra computed_extras[];
extern const int computed_count;

/* Begin to compute the properties of a view. */
extern void computed_begin(ViewContext *context, const MessageView *view);

/* Return the members of the bag; context->count is their number. */
extern const BagEntry *computed_entries(ViewContext *context);

#endif							/* MSGSTORE_COMPUTED_H */
