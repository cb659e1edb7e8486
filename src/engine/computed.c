/*-------------------------------------------------------------------------
 *
 * computed.c
 *	  The computed properties of messages, attachments and embedded messages,
 *	  and the identifiers that the store makes.
 *
 * NOTES
 *	  Formats of the identifiers that the store makes (numbers are big-endian):
 *
 *		entry id	4 bytes 0, replica GUID (16), object type (2), id (8)
 *		source key, change key	see lineage.c
 *		record key	of a message its source key, of an attachment its
 *					number (4), of an embedded message its search key
 *
 *	  The entry id of a role is a one-off entry id (MS-OXCDATA 2.2.5.1): the
 *	  name of the role is both display name and address.
 *
 *	  The replica GUID of a node is the GUID of the store with the node number
 *	  XORed into its last two bytes.  Node 0 thus has the GUID of the store.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "computed.h"
#include "value.h"

#define ENTRYID_BYTES	(4 + GUID_BYTES + 2 + 8)

/* PR_NATIVE_BODY_INFO */
#define NATIVE_BODY_NONE	0
#define NATIVE_BODY_PLAIN	1
#define NATIVE_BODY_RTF		2
#define NATIVE_BODY_HTML	3

/* flags of a one-off entry id: Unicode, and plain text preferred */
#define ONE_OFF_FLAGS		0x8001

/* ------------------------------------------------------------- identifiers */

/* Write the last bytes of a number, big-endian. */
static inline void
put_bytes(uint8 *at, uint64 number, int bytes)
{
	number = pg_hton64(number);
	memcpy(at, (const char *) &number + sizeof(number) - bytes, bytes);
}

/* Return the GUID of the store of a view. */
static const uint8 *
guid_of(ViewContext *context)
{
	if (!context->has_guid)
		access_replica_guid(context->view->store_id, context->guid);
	context->has_guid = true;
	return context->guid;
}

/* Write the entry id of an object to "entryid", ENTRYID_BYTES. */
static void
make_entryid(const uint8 *guid, int type, int64 id, uint8 *entryid)
{
	memset(entryid, 0, 4);
	memcpy(entryid + 4, guid, GUID_BYTES);
	put_bytes(entryid + 4 + GUID_BYTES, type, 2);
	put_bytes(entryid + 4 + GUID_BYTES + 2, id, 8);
}

int64
computed_folder_of_entryid(int64 store_id, const uint8 *entryid, int size)
{
	uint8		expected[ENTRYID_BYTES - 8];
	uint64		id = 0;

	if (size != ENTRYID_BYTES)
		return 0;
	memset(expected, 0, 4);
	access_replica_guid(store_id, expected + 4);
	put_bytes(expected + 4 + GUID_BYTES, MAPI_FOLDER, 2);
	if (memcmp(entryid, expected, sizeof(expected)) != 0)
		return 0;
	for (int i = sizeof(expected); i < ENTRYID_BYTES; i++)
		id = id << 8 | entryid[i];
	return (int64) id;
}

void
computed_add_entryid(int64 store_id, BagList *list, const char *name, int type,
					 int64 id)
{
	uint8		guid[GUID_BYTES];
	uint8		entryid[ENTRYID_BYTES];

	access_replica_guid(store_id, guid);
	make_entryid(guid, type, id, entryid);
	baglist_add_base64(list, name, entryid, sizeof(entryid));
}

void
computed_add_key(int64 store_id, BagList *list, const char *name, Keyed series,
				 int64 number)
{
	LineageKey	key;

	lineage_number_key(store_id, series, number, &key);
	baglist_add_base64(list, name, key.bytes, key.size);
}

/* ----------------------------------------------------- computed properties */

/* Find a member of the bag among those that have been listed. */
static bool
find_listed(const ViewContext *context, const char *name, int len,
			JsonbValue *value)
{
	int			low = 0;
	int			high = context->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const BagEntry *entry = &context->entries[middle];
		int			order = bag_compare_keys(entry->key, entry->keylen,
											 name, len);

		if (order == 0)
		{
			entry_value(entry, value);
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * Find a member of the bag as bag_find() does, faster if the members have been
 * listed already.
 */
static inline bool
find_member(const ViewContext *context, const char *name, JsonbValue *value)
{
	return context->entries == NULL ? bag_find(context->bag, name, value) :
		find_listed(context, name, strlen(name), value);
}

/* The room that is made for texts at once. */
#define ROOM_BYTES		1024

/* Return room for a text of a value, which lives as long as the list. */
static char *
room_for(ViewContext *context, int bytes)
{
	char	   *room;

	if (bytes > context->room_left)
	{
		context->room_left = Max(bytes, ROOM_BYTES);
		context->room = palloc(context->room_left);
	}
	room = context->room;
	context->room += bytes;
	context->room_left -= bytes;
	return room;
}

/* Return bytes in base64, *len characters. */
static char *
base64_of(ViewContext *context, const void *data, int size, int *len)
{
	char	   *text;

	*len = VALUE_BASE64_LEN(size);
	text = room_for(context, *len);
	value_write_base64(data, size, text);
	return text;
}

static void
add_text(BagList *list, const Extra *extra, const char *text, int len)
{
	baglist_add_string(list, extra->name, extra->namelen, text, len);
}

static void
add_int(BagList *list, const Extra *extra, int64 number)
{
	baglist_add_number(list, extra->name, extra->namelen, number);
}

static void
add_bool(BagList *list, const Extra *extra, bool value)
{
	BagEntry	entry = {extra->name, extra->namelen,
	value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, NULL, 0};

	baglist_add(list, &entry);
}

static void
add_value(BagList *list, const Extra *extra, JsonbValue *value)
{
	baglist_add_value(list, extra->name, extra->namelen, value);
}

static void
add_base64(ViewContext *context, BagList *list, const Extra *extra,
		   const void *data, int size)
{
	int			len;
	char	   *text = base64_of(context, data, size, &len);

	add_text(list, extra, text, len);
}

static void
add_entryid(ViewContext *context, BagList *list, const Extra *extra, int type,
			int64 id)
{
	uint8		entryid[ENTRYID_BYTES];

	make_entryid(guid_of(context), type, id, entryid);
	add_base64(context, list, extra, entryid, sizeof(entryid));
}

/*
 * Each of the following functions adds one property to the list, under the name
 * of the extra, unless the view lacks the property.
 */

static void
add_own_entryid(ViewContext *context, const Extra *extra, BagList *list)
{
	add_entryid(context, list, extra, MAPI_MESSAGE, context->view->message_id);
}

/* Add a copy of a text that may be replaced while the list is in use. */
static void
add_kept(ViewContext *context, BagList *list, const Extra *extra,
		 const char *kept, int len)
{
	char	   *text = room_for(context, len);

	memcpy(text, kept, len);
	add_text(list, extra, text, len);
}

/* The entry id of the last folder is kept, since few folders are read at once. */
static void
add_parent_entryid(ViewContext *context, const Extra *extra, BagList *list)
{
	static int64 kept_folder = 0;
	static uint8 kept_guid[GUID_BYTES];
	static char kept[VALUE_BASE64_LEN(ENTRYID_BYTES)];
	int64		folder_id = context->view->version.folder_id;
	uint8		entryid[ENTRYID_BYTES];

	if (kept_folder != folder_id ||
		memcmp(kept_guid, guid_of(context), GUID_BYTES) != 0)
	{
		kept_folder = folder_id;
		memcpy(kept_guid, guid_of(context), GUID_BYTES);
		make_entryid(kept_guid, MAPI_FOLDER, folder_id, entryid);
		value_write_base64(entryid, sizeof(entryid), kept);
	}
	add_kept(context, list, extra, kept, sizeof(kept));
}

/* The identifiers of a store, in base64. */
typedef struct StoreTexts
{
	int64		store_id;
	uint8		guid[GUID_BYTES];
	char		entryid[VALUE_BASE64_LEN(ENTRYID_BYTES)];
	char		record_key[VALUE_BASE64_LEN(GUID_BYTES)];
} StoreTexts;

/*
 * Return the identifiers of the store of a view.  Those of the last store are
 * kept; a view has one store, so that they stand while its list is in use.
 */
static const StoreTexts *
store_texts(ViewContext *context)
{
	static StoreTexts kept;
	int64		store_id = context->view->store_id;
	uint8		entryid[ENTRYID_BYTES];

	if (kept.store_id == store_id &&
		memcmp(kept.guid, guid_of(context), GUID_BYTES) == 0)
		return &kept;
	kept.store_id = store_id;
	memcpy(kept.guid, guid_of(context), GUID_BYTES);
	make_entryid(kept.guid, MAPI_STORE, store_id, entryid);
	value_write_base64(entryid, sizeof(entryid), kept.entryid);
	value_write_base64(kept.guid, GUID_BYTES, kept.record_key);
	return &kept;
}

static void
add_store_entryid(ViewContext *context, const Extra *extra, BagList *list)
{
	add_text(list, extra, store_texts(context)->entryid,
			 sizeof(store_texts(context)->entryid));
}

static void
add_source_key(ViewContext *context, const Extra *extra, BagList *list)
{
	const MessageView *view = context->view;

	if (context->source_key == NULL && view->source_key != (Datum) 0)
	{
		bytea	   *key = DatumGetByteaPP(view->source_key);

		context->source_key = base64_of(context, VARDATA_ANY(key),
										VARSIZE_ANY_EXHDR(key),
										&context->source_key_len);
	}
	else if (context->source_key == NULL)
	{
		LineageKey	key;

		lineage_number_key(view->store_id, KEYED_MESSAGE, view->message_id,
						   &key);
		context->source_key = base64_of(context, key.bytes, key.size,
										&context->source_key_len);
	}
	add_text(list, extra, context->source_key, context->source_key_len);
}

static void
add_parent_source_key(ViewContext *context, const Extra *extra, BagList *list)
{
	static LineageKey kept;		/* of the last folder */
	static char text[VALUE_BASE64_LEN(LINEAGE_KEY_MAX)];
	LineageKey	key;

	origin_key(context->view->store_id, KEYED_FOLDER,
			   context->view->version.folder_id, &key);
	if (key.size != kept.size ||
		memcmp(key.bytes, kept.bytes, key.size) != 0)
	{
		kept = key;
		value_write_base64(key.bytes, key.size, text);
	}
	add_kept(context, list, extra, text, VALUE_BASE64_LEN(key.size));
}

static void
add_change_number(ViewContext *context, const Extra *extra, BagList *list)
{
	if (context->view->version.change_number != 0)
		add_int(list, extra, context->view->version.change_number);
}

/*
 * Return the change key of the version of a view that was saved and has no
 * lineage.
 */
static const LineageKey *
change_key(ViewContext *context)
{
	if (context->change_key.size == 0)
		lineage_number_key(context->view->store_id, KEYED_CHANGE,
						   context->view->version.change_number,
						   &context->change_key);
	return &context->change_key;
}

/* Read the keys of the version of a view that was saved. */
static void
read_lineage(const MessageView *view, LineageKey *key, Lineage *list)
{
	const Version *version = &view->version;

	lineage_of(view->store_id, version->change_number, version->predecessors,
			   version->lineage, key, list);
}

static void
add_change_key(ViewContext *context, const Extra *extra, BagList *list)
{
	const Version *version = &context->view->version;
	LineageKey	key;
	Lineage		list_of_keys;

	if (version->change_number == 0)
		return;
	if (version->lineage == (Datum) 0)
		key = *change_key(context);
	else
		read_lineage(context->view, &key, &list_of_keys);
	add_base64(context, list, extra, key.bytes, key.size);
}

/*
 * Add PR_PREDECESSOR_CHANGE_LIST: the newest change key of each GUID, this
 * version's own included, sorted by GUID.  Each key is preceded by its size in
 * one byte (MS-OXCFXICS 2.2.2.3).  Most lists have no other key than that of
 * the version.
 */
static void
add_predecessors(ViewContext *context, const Extra *extra, BagList *list)
{
	const Version *version = &context->view->version;
	LineageKey	key;
	Lineage		keys;
	uint8		single[1 + LINEAGE_KEY_MAX];
	uint8	   *bytes = single;
	int			size;

	if (version->change_number == 0)
		return;
	if (version->lineage == (Datum) 0 && version->predecessors == (Datum) 0)
	{
		key = *change_key(context);
		single[0] = key.size;
		memcpy(single + 1, key.bytes, key.size);
		size = 1 + key.size;
	}
	else
	{
		read_lineage(context->view, &key, &keys);
		bytes = lineage_bytes(&keys, &size);
	}
	add_base64(context, list, extra, bytes, size);
}

/* Add a time.  Most messages have few different times. */
static void
add_time(ViewContext *context, BagList *list, const Extra *extra,
		 TimestampTz time)
{
	if (context->time_text == NULL || context->time != time)
	{
		context->time_text = room_for(context, VALUE_TIME_SIZE);
		context->time = time;
		context->time_len = systime_text(time, context->time_text);
	}
	add_text(list, extra, context->time_text, context->time_len);
}

static void
add_creation_time(ViewContext *context, const Extra *extra, BagList *list)
{
	add_time(context, list, extra, context->view->created_at);
}

static void
add_modification_time(ViewContext *context, const Extra *extra, BagList *list)
{
	if (context->view->modifier != NULL)
		add_time(context, list, extra, context->view->modified_at);
}

/*
 * Read the state that is outside of the version.  A message that is not saved
 * yet has none, and is read if the flags say so that the client has set, or else
 * those of the message.
 */
static void
read_state(ViewContext *context)
{
	const MessageView *view = context->view;
	Reader		reader;
	ReadSubject subject = {view->store_id, view->message_id,
	view->version.message_flags, view->creator, view->creator_actor};

	if (context->has_state)
		return;
	context->has_state = true;
	if (view->version.change_number == 0)
	{
		int32		flags = view->version.message_flags;
		JsonbValue	value;

		if (find_member(context, "PR_MESSAGE_FLAGS", &value))
			flags = (int32) integer_of_value(&value);
		context->read.is_read = (flags & MSGFLAG_READ) != 0;
		return;
	}
	state_reader(&reader, view->actor);
	state_read(&reader, &subject, &context->read);
	(void) state_status(view->store_id, view->message_id, &context->status,
						&context->status_changed_at);
}

/*
 * Add PR_LOCAL_COMMIT_TIME: the time of the last save, or of a later change of
 * the status or of the reader's read flag.
 */
static void
add_commit_time(ViewContext *context, const Extra *extra, BagList *list)
{
	if (context->view->modifier == NULL)
		return;
	read_state(context);
	add_time(context, list, extra, Max(context->view->modified_at,
									   Max(context->read.changed_at,
										   context->status_changed_at)));
}

static void
add_modifier(ViewContext *context, const Extra *extra, BagList *list)
{
	const char *modifier = context->view->modifier;

	if (modifier != NULL)
		add_text(list, extra, modifier, strlen(modifier));
}

static void
add_deleted_on(ViewContext *context, const Extra *extra, BagList *list)
{
	if (context->view->version.deleted_at != 0)
		add_time(context, list, extra, context->view->version.deleted_at);
}

static bool
has_attachments(const MessageView *view)
{
	return !view->version.content.isnull[PART_ATTACHMENTS] &&
		JB_ROOT_COUNT(DatumGetJsonbP(view->version.content.value[PART_ATTACHMENTS])) > 0;
}

/* Return true if the bag has a boolean property that is true. */
static bool
asks_for(const ViewContext *context, const char *name)
{
	JsonbValue	value;

	return find_member(context, name, &value) && value.type == jbvBool &&
		value.val.boolean;
}

/*
 * Return the flags that say that a receipt is due.  A read receipt is due once
 * the user has read the message, a non-read receipt once it was deleted unread.
 */
static int32
due_receipts(const ViewContext *context)
{
	const ReadState *read = &context->read;
	int32		flags = 0;

	if ((read->is_read || (read->receipts & RECEIPT_DUE) != 0) &&
		(read->receipts & RECEIPT_NO_READ) == 0 &&
		asks_for(context, "PR_READ_RECEIPT_REQUESTED"))
		flags |= MSGFLAG_RN_PENDING;
	if (context->view->version.deleted_at != 0 && !read->is_read &&
		(read->receipts & RECEIPT_NO_NONREAD) == 0 &&
		asks_for(context, "PR_NON_RECEIPT_NOTIFICATION_REQUESTED"))
		flags |= MSGFLAG_NRN_PENDING;
	return flags;
}

static void
add_message_flags(ViewContext *context, const Extra *extra, BagList *list)
{
	const MessageView *view = context->view;
	int32		flags = view->version.message_flags;

	read_state(context);
	if (view->version.change_number != 0)
	{
		flags &= ~(MSGFLAG_READ | MSGFLAG_EVERREAD);
		if (context->read.is_read)
			flags |= MSGFLAG_READ | MSGFLAG_EVERREAD;
		if (view->version.submitted_at != 0)
			flags = (flags & ~MSGFLAG_UNSENT) | MSGFLAG_SUBMIT;
		flags |= due_receipts(context);
	}
	if (has_attachments(view))
		flags |= MSGFLAG_HASATTACH;
	add_int(list, extra, flags);
}

static void
add_read(ViewContext *context, const Extra *extra, BagList *list)
{
	read_state(context);
	add_bool(list, extra, context->read.is_read);
}

static void
add_message_status(ViewContext *context, const Extra *extra, BagList *list)
{
	read_state(context);
	add_int(list, extra, context->status);
}

static void
add_hasattach(ViewContext *context, const Extra *extra, BagList *list)
{
	add_bool(list, extra, has_attachments(context->view));
}

/* Return the size of the message; a bag alone has four bytes. */
static int64
message_size_of(ViewContext *context)
{
	if (context->size == 0)
		context->size = content_size(&context->view->version.content);
	return context->size;
}

static void
add_message_size_extended(ViewContext *context, const Extra *extra,
						  BagList *list)
{
	BagEntry   *entry = &context->size_entry;

	if (entry->data == NULL)
	{
		add_int(list, extra, message_size_of(context));
		*entry = list->entries[list->count - 1];
		return;
	}
	entry->key = extra->name;
	entry->keylen = extra->namelen;
	baglist_add(list, entry);
}

static void
add_message_size(ViewContext *context, const Extra *extra, BagList *list)
{
	if (message_size_of(context) > PG_INT32_MAX)
		add_int(list, extra, PG_INT32_MAX);
	else
		add_message_size_extended(context, extra, list);
}

static void
add_access(ViewContext *context, const Extra *extra, BagList *list)
{
	add_int(list, extra, context->view->access);
}

static void
add_access_level(ViewContext *context, const Extra *extra, BagList *list)
{
	if (context->view->level >= 0)
		add_int(list, extra, context->view->level);
}

/* Add a display list; the first call computes all of them. */
static void
add_display(ViewContext *context, const Extra *extra, BagList *list, int which)
{
	if (context->recipients == NULL)
	{
		add_text(list, extra, "", 0);
		return;
	}
	if (context->display[0] == NULL)
		recipients_display(context->recipients, &context->display[0],
						   &context->display[1], &context->display[2]);
	add_text(list, extra, context->display[which],
			 strlen(context->display[which]));
}

static void
add_display_to(ViewContext *context, const Extra *extra, BagList *list)
{
	add_display(context, extra, list, 0);
}

static void
add_display_cc(ViewContext *context, const Extra *extra, BagList *list)
{
	add_display(context, extra, list, 1);
}

static void
add_display_bcc(ViewContext *context, const Extra *extra, BagList *list)
{
	add_display(context, extra, list, 2);
}

/* Return true if the bag has a subject; the first call finds its parts. */
static bool
find_subject(ViewContext *context)
{
	JsonbValue	subject;
	JsonbValue	given;

	if (!context->subject_read)
		context->has_subject = find_member(context, "PR_SUBJECT", &subject) &&
			subject_split(&subject,
						  find_member(context, "PR_SUBJECT_PREFIX", &given) ?
						  &given : NULL,
						  &context->prefix, &context->normalized);
	context->subject_read = true;
	return context->has_subject;
}

static void
add_subject_prefix(ViewContext *context, const Extra *extra, BagList *list)
{
	if (find_subject(context))
		add_value(list, extra, &context->prefix);
}

static void
add_normalized_subject(ViewContext *context, const Extra *extra, BagList *list)
{
	if (find_subject(context))
		add_value(list, extra, &context->normalized);
}

static void
add_object_type(ViewContext *context, const Extra *extra, BagList *list)
{
	add_int(list, extra, context->view->kind == HANDLE_ATTACHMENT ?
			MAPI_ATTACH : MAPI_MESSAGE);
}

static void
add_store_record_key(ViewContext *context, const Extra *extra, BagList *list)
{
	add_text(list, extra, store_texts(context)->record_key,
			 sizeof(store_texts(context)->record_key));
}

static void
add_record_key(ViewContext *context, const Extra *extra, BagList *list)
{
	JsonbValue	value;
	uint8		number[4];

	switch (context->view->kind)
	{
		case HANDLE_MESSAGE:
			add_source_key(context, extra, list);
			break;
		case HANDLE_ATTACHMENT:
			if (!find_member(context, "PR_ATTACH_NUM", &value))
				break;
			put_bytes(number, integer_of_value(&value), sizeof(number));
			add_base64(context, list, extra, number, sizeof(number));
			break;
		case HANDLE_EMBEDDED:
			if (find_member(context, "PR_SEARCH_KEY", &value))
				add_value(list, extra, &value);
			break;
	}
}

/*
 * Return true if a member of the bag is a named property.  The canonical name
 * of any other property begins with one of three prefixes.
 */
static bool
is_named(const BagEntry *entry)
{
	Property	prop;

	if (entry->keylen > 6 &&
		(memcmp(entry->key, "PR_", 3) == 0 ||
		 memcmp(entry->key, "0x", 2) == 0 ||
		 memcmp(entry->key, "PidTag", 6) == 0))
		return false;
	return spelling_lookup(entry->key, entry->keylen, &prop) && prop.tag == 0;
}

static void
add_has_named(ViewContext *context, const Extra *extra, BagList *list)
{
	const BagEntry *entries = computed_entries(context);
	bool		any = false;

	for (int i = 0; i < context->count && !any; i++)
		any = is_named(&entries[i]);
	add_bool(list, extra, any);
}

/* Return true if a view has a part, in its column or as a blob. */
static bool
has_part(const ViewContext *context, Part part)
{
	JsonbValue	value;

	return !context->view->version.content.isnull[part] ||
		(find_member(context, part_name(part), &value) &&
		 value.type != jbvNull);
}

/*
 * Add PR_NATIVE_BODY_INFO: the body from which the others can be made, by the
 * table of MS-OXBBODY.  PR_RTF_IN_SYNC makes RTF the better one of two bodies.
 */
static void
add_native_body(ViewContext *context, const Extra *extra, BagList *list)
{
	bool		plain = has_part(context, PART_BODY);
	bool		html = has_part(context, PART_HTML);
	bool		rtf = has_part(context, PART_RTF);
	JsonbValue	in_sync;
	int			native = NATIVE_BODY_NONE;

	if (rtf && ((!plain && !html) ||
				(find_member(context, "PR_RTF_IN_SYNC", &in_sync) &&
				 in_sync.type == jbvBool && in_sync.val.boolean)))
		native = NATIVE_BODY_RTF;
	else if (html)
		native = NATIVE_BODY_HTML;
	else if (plain)
		native = NATIVE_BODY_PLAIN;
	add_int(list, extra, native);
}

/* Return the name of the creator of a message, or NULL if it is not known. */
static text *
creator_of(const MessageView *view)
{
	return view->creator == (Datum) 0 ? NULL : DatumGetTextPP(view->creator);
}

static void
add_creator_name(ViewContext *context, const Extra *extra, BagList *list)
{
	text	   *creator = creator_of(context->view);

	if (creator != NULL)
		add_text(list, extra, VARDATA_ANY(creator),
				 VARSIZE_ANY_EXHDR(creator));
}

/* Append a text as UTF-16LE, with a NUL. */
static void
append_utf16(StringInfo bytes, const char *text)
{
	do
	{
		pg_wchar	c = utf8_to_unicode((const unsigned char *) text);

		if (c >= 0x10000)
		{
			pg_wchar	high = 0xD800 + ((c - 0x10000) >> 10);

			appendStringInfoCharMacro(bytes, high & 0xFF);
			appendStringInfoCharMacro(bytes, high >> 8);
			c = 0xDC00 + ((c - 0x10000) & 0x3FF);
		}
		appendStringInfoCharMacro(bytes, c & 0xFF);
		appendStringInfoCharMacro(bytes, c >> 8);
		if (*text == '\0')
			break;
		text += pg_utf_mblen((const unsigned char *) text);
	} while (true);
}

/*
 * Return the one-off entry id of a role in base64, *len characters.  The last
 * one is kept, since most messages of a store have few creators.
 */
static const char *
role_entryid(const text *name, int *len)
{
	/* flags, the provider of one-off entry ids, version, flags */
	static const char head[] = {
		0, 0, 0, 0,
		0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
		0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02,
		0, 0, ONE_OFF_FLAGS & 0xFF, ONE_OFF_FLAGS >> 8
	};
	static char kept_role[NAMEDATALEN];
	static int	kept_role_len = 0;
	static char *kept = NULL;
	static int	kept_len;
	int			role_len = VARSIZE_ANY_EXHDR(name);
	StringInfoData bytes;
	char	   *role;
	char	   *text;

	if (kept != NULL && kept_role_len == role_len &&
		memcmp(kept_role, VARDATA_ANY(name), role_len) == 0)
	{
		*len = kept_len;
		return kept;
	}
	role = text_to_cstring(name);
	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, head, sizeof(head));
	append_utf16(&bytes, role);
	append_utf16(&bytes, "POSTGRESQL");
	append_utf16(&bytes, role);
	text = base64_text(bytes.data, bytes.len, len);
	if (role_len < NAMEDATALEN)
	{
		char	   *old = kept;

		kept = MemoryContextStrdup(TopMemoryContext, text);
		kept_len = *len;
		memcpy(kept_role, role, role_len);
		kept_role_len = role_len;
		if (old != NULL)
			pfree(old);
	}
	return text;
}

static void
add_creator_entryid(ViewContext *context, const Extra *extra, BagList *list)
{
	text	   *creator = creator_of(context->view);
	const char *entryid;
	int			len;

	if (creator == NULL)
		return;
	entryid = role_entryid(creator, &len);
	add_kept(context, list, extra, entryid, len);
}

/*
 * All properties that a view can show and that are not members of the bag:
 * parts that have a column of their own, and computed properties.  They are
 * sorted in jsonb's order of keys, so that they can be merged with the bag.
 */
#define EXTRA(name)		name, sizeof(name) - 1

const Extra computed_extras[] = {
	{EXTRA("PR_BODY"), PART_BODY, PR_BODY, NULL, ON_ALL},
	{EXTRA("PR_HTML"), PART_HTML, PR_HTML, NULL, ON_ALL},
	{EXTRA("PR_READ"), PART_PROPS, PR_READ, add_read, ON_MESSAGES},
	{EXTRA("PR_ACCESS"), PART_PROPS, PR_ACCESS, add_access, ON_MESSAGE},
	{EXTRA("PR_ENTRYID"), PART_PROPS, PR_ENTRYID, add_own_entryid, ON_MESSAGE},
	{EXTRA("PR_HASATTACH"), PART_PROPS, PR_HASATTACH, add_hasattach, ON_MESSAGES},
	{EXTRA("PR_CHANGE_KEY"), PART_PROPS, PR_CHANGE_KEY, add_change_key, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_DELETED_ON"), PART_PROPS, PR_DELETED_ON, add_deleted_on, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_DISPLAY_CC"), PART_PROPS, PR_DISPLAY_CC, add_display_cc, ON_MESSAGES},
	{EXTRA("PR_DISPLAY_TO"), PART_PROPS, PR_DISPLAY_TO, add_display_to, ON_MESSAGES},
	{EXTRA("PR_MSG_STATUS"), PART_PROPS, PR_MSG_STATUS, add_message_status, ON_MESSAGE},
	{EXTRA("PR_RECORD_KEY"), PART_PROPS, PR_RECORD_KEY, add_record_key, ON_ALL | SOMETIMES},
	{EXTRA("PR_SOURCE_KEY"), PART_PROPS, PR_SOURCE_KEY, add_source_key, ON_MESSAGE},
	{EXTRA("PR_DISPLAY_BCC"), PART_PROPS, PR_DISPLAY_BCC, add_display_bcc, ON_MESSAGES},
	{EXTRA("PR_OBJECT_TYPE"), PART_PROPS, PR_OBJECT_TYPE, add_object_type, ON_ALL},
	{EXTRA("PR_ACCESS_LEVEL"), PART_PROPS, PR_ACCESS_LEVEL, add_access_level, ON_ALL | SOMETIMES},
	{EXTRA("PR_CREATOR_NAME"), PART_PROPS, PR_CREATOR_NAME, add_creator_name, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_MESSAGE_SIZE"), PART_PROPS, PR_MESSAGE_SIZE, add_message_size, ON_MESSAGES},
	{EXTRA("PR_CREATION_TIME"), PART_PROPS, PR_CREATION_TIME, add_creation_time, ON_MESSAGE},
	{EXTRA("PR_MESSAGE_FLAGS"), PART_PROPS, PR_MESSAGE_FLAGS, add_message_flags, ON_MESSAGE},
	{EXTRA("PR_STORE_ENTRYID"), PART_PROPS, PR_STORE_ENTRYID, add_store_entryid, ON_MESSAGE},
	{EXTRA("PR_PARENT_ENTRYID"), PART_PROPS, PR_PARENT_ENTRYID, add_parent_entryid, ON_MESSAGE},
	{EXTRA("PR_RTF_COMPRESSED"), PART_RTF, PR_RTF_COMPRESSED, NULL, ON_ALL},
	{EXTRA("PR_SUBJECT_PREFIX"), PART_PROPS, PR_SUBJECT_PREFIX, add_subject_prefix, ON_MESSAGES | SOMETIMES},
	{EXTRA("PR_CREATOR_ENTRYID"), PART_PROPS, PR_CREATOR_ENTRYID, add_creator_entryid, ON_MESSAGE | SOMETIMES},
	{EXTRA("PidTagChangeNumber"), PART_PROPS, PidTagChangeNumber, add_change_number, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_NATIVE_BODY_INFO"), PART_PROPS, PR_NATIVE_BODY_INFO, add_native_body, ON_MESSAGES},
	{EXTRA("PR_STORE_RECORD_KEY"), PART_PROPS, PR_STORE_RECORD_KEY, add_store_record_key, ON_ALL},
	{EXTRA("PR_LOCAL_COMMIT_TIME"), PART_PROPS, PR_LOCAL_COMMIT_TIME, add_commit_time, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_PARENT_SOURCE_KEY"), PART_PROPS, PR_PARENT_SOURCE_KEY, add_parent_source_key, ON_MESSAGE},
	{EXTRA("PR_LAST_MODIFIER_NAME"), PART_PROPS, PR_LAST_MODIFIER_NAME, add_modifier, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_MESSAGE_RECIPIENTS"), PART_RECIPIENTS, PR_MESSAGE_RECIPIENTS, NULL, ON_ALL},
	{EXTRA("PR_NORMALIZED_SUBJECT"), PART_PROPS, PR_NORMALIZED_SUBJECT, add_normalized_subject, ON_MESSAGES | SOMETIMES},
	{EXTRA("PR_MESSAGE_ATTACHMENTS"), PART_ATTACHMENTS, PR_MESSAGE_ATTACHMENTS, NULL, ON_ALL},
	{EXTRA("PR_HAS_NAMED_PROPERTIES"), PART_PROPS, PR_HAS_NAMED_PROPERTIES, add_has_named, ON_ALL},
	{EXTRA("PR_MESSAGE_SIZE_EXTENDED"), PART_PROPS, PR_MESSAGE_SIZE_EXTENDED, add_message_size_extended, ON_MESSAGES},
	{EXTRA("PR_LAST_MODIFICATION_TIME"), PART_PROPS, PR_LAST_MODIFICATION_TIME, add_modification_time, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_PREDECESSOR_CHANGE_LIST"), PART_PROPS, PR_PREDECESSOR_CHANGE_LIST, add_predecessors, ON_MESSAGE | SOMETIMES},
	{EXTRA("PR_TRANSPORT_MESSAGE_HEADERS"), PART_HEADERS, PR_TRANSPORT_MESSAGE_HEADERS, NULL, ON_ALL}
};

const int	computed_count = lengthof(computed_extras);

void
computed_begin(ViewContext *context, const MessageView *view)
{
	memset(context, 0, sizeof(ViewContext));
	context->view = view;
	context->bag = DatumGetJsonbP(view->version.content.value[PART_PROPS]);
}

const BagEntry *
computed_entries(ViewContext *context)
{
	if (context->entries == NULL)
		context->entries = bag_entries(context->bag, &context->count);
	return context->entries;
}
