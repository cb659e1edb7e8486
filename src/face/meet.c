/*-------------------------------------------------------------------------
 *
 * meet.c
 *	  The meeting of two versions of a message: the one that stands here, and
 *	  one that comes from another store.
 *
 * NOTES
 *	  A change is a version of a message as export_change() returns it: its
 *	  content, and the keys that it has in every store.  The message is found by
 *	  its source key.  The predecessor change lists of the change and of the
 *	  version that stands here decide (MS-OXCFXICS 3.1.5.6.2):
 *
 *		ours includes theirs	SYNC_E_IGNORE: known already
 *		theirs includes ours	the change is newer, and is written
 *		neither					a conflict
 *
 *	  Every store that meets the conflict resolves the conflict for itself and
 *	  in the same way: arrival.c chooses the winner.  The new version has the
 *	  content, the folder and the change key of the winner, and a predecessor
 *	  change list that is the merge of both.  No new change key is made, so that
 *	  stores that have met the same changes hold equal versions, and
 *	  synchronising ends.
 *
 *	  A loser is never lost.  A version that lost here stays in the history of
 *	  its message.  By method 0 and 2 the loser, from here or from there, also
 *	  becomes a draft that belongs to the message (park.c), based on the newest
 *	  version that both sides have known; by method 1 a loser from there is
 *	  written as a version before the winner.
 *
 *	  A deletion wins over every edit that does not know the deletion.  The edit
 *	  becomes a draft.  A message that was deleted for good has no version to
 *	  compare, so every change of it meets the deletion.
 *
 *	  The bag of an imported version has PR_LAST_MODIFICATION_TIME as a member,
 *	  as if a client had set the time: it hides the time of the import, and the
 *	  next change here replaces the member (change.c).
 *
 *	  The folder is locked first, then the message at its newest version, as by
 *	  a forced save.  The draft is written last.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/snapmgr.h"

#include "value.h"

static const char *const modified_name = "PR_LAST_MODIFICATION_TIME";
static const char *const created_name = "PR_CREATION_TIME";

/* The loser of a conflict, which is to become a draft. */
typedef struct Loser
{
	bool		any;
	LineageKey	key;
	int64		base;			/* 0: the version that the import writes */
	Edits		edits;
	const char *author;
} Loser;

/* ------------------------------------------------------------------ times */

/* Return a content without the two times. */
static Content
without_times(const Content *content)
{
	Content		result = *content;
	BagList		none;

	baglist_init(&none, 2);
	baglist_add_null(&none, modified_name, strlen(modified_name));
	baglist_add_null(&none, created_name, strlen(created_name));
	result.value[PART_PROPS] =
		JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
								  baglist_build(&none), false));
	return result;
}

/*
 * Return a content with PR_LAST_MODIFICATION_TIME, and with the
 * PR_CREATION_TIME that a client has set in "old", if any.
 */
Content
meet_with_times(const Content *content, const Content *old, TimestampTz modified_at)
{
	Content		result = *content;
	BagList		times;
	char		text[VALUE_TIME_SIZE];
	JsonbValue	value;

	systime_text(modified_at, text);
	baglist_init(&times, 2);
	baglist_add_cstring(&times, modified_name, text, strlen(text));
	if (old != NULL &&
		bag_find(DatumGetJsonbP(old->value[PART_PROPS]), created_name, &value))
		baglist_add_value(&times, created_name, strlen(created_name), &value);
	result.value[PART_PROPS] =
		JsonbPGetDatum(bag_splice(DatumGetJsonbP(content->value[PART_PROPS]),
								  baglist_build(&times), false));
	return result;
}

/* Make edits that turn one content into another, the times left out. */
static void
edits_without_times(const Content *from, const Content *to, Edits *edits)
{
	Content		a = without_times(from);
	Content		b = without_times(to);
	Edits		none;

	edits_init(&none);
	edits_between(&a, &b, &none, edits);
}

/*
 * Make edits touch the parts that they change as if a client had named them.
 * A body that is deleted beside one that is set stays implied.
 */
static void
name_parts(Edits *edits)
{
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	bool		any_body = false;

	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		bool		set = edits->value[p] != NULL ||
		(patch != NULL && part_is_blob(patch, p));

		any_body = any_body || (IS_BODY(p) && set);
		if (edits->touched[p] != UNTOUCHED && set)
			edits->touched[p] = TOUCHED;
	}
	for (int p = PART_PROPS + 1; p < NUM_PARTS; p++)
	{
		if (edits->touched[p] != UNTOUCHED && !(IS_BODY(p) && any_body))
			edits->touched[p] = TOUCHED;
	}
}

/* Return the PR_LAST_MODIFICATION_TIME that a version shows. */
static TimestampTz
modified_at(const MessageRow *row)
{
	JsonbValue	value;
	TimestampTz time;

	if (bag_find(DatumGetJsonbP(row->version.content.value[PART_PROPS]),
				 modified_name, &value) && value.type == jbvString &&
		systime_timestamp(value.val.string.val, value.val.string.len, &time))
		return time;
	return row->modified_at;
}

/* ------------------------------------------------------------------ loser */

/* Get the keys of a version. */
void
meet_lineage(const Import *import, const Version *version, LineageKey *key,
			 Lineage *list)
{
	lineage_of(import->store_id, version->change_number,
			   version->predecessors, version->lineage, key, list);
}

/*
 * Replace *version by the newest older version that the change knows, too.
 * Return false if the history has no such version.
 */
static bool
find_ancestor(const Import *import, Version *version)
{
	Relation	change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	bool		found = false;
	ChangeRow	row;

	while (!found)
	{
		LineageKey	key;
		Lineage		list;

		CHECK_FOR_INTERRUPTS();
		if (!changerow_fetch_head(&row, change, import->store_id,
								  import->message_id, version->change_number) ||
			row.previous == 0 ||
			!change_walk_back(import->store_id, import->message_id, version,
							  row.previous, NULL, NULL))
			break;
		meet_lineage(import, version, &key, &list);
		found = lineage_includes(&import->arrival.list, &list);
	}
	table_close(change, NoLock);
	return found;
}

/*
 * Fill *loser with the edits that lead to a content that loses.  "version" is
 * the version that stands here.  Without a common ancestor (the history was
 * pruned, or another store has had the message first) the edits are based on
 * the version that wins.
 */
static void
make_loser(const Import *import, const Version *version,
		   const Content *content, const LineageKey *key, const char *author,
		   Loser *loser)
{
	Version		ancestor = *version;

	if (find_ancestor(import, &ancestor))
		loser->base = ancestor.change_number;
	else if (content == &version->content)
	{
		ancestor.content = import->content;
		loser->base = 0;
	}
	else
	{
		ancestor = *version;
		loser->base = version->change_number;
	}
	edits_without_times(&ancestor.content, content, &loser->edits);
	name_parts(&loser->edits);
	loser->key = *key;
	loser->author = author;
	loser->any = edits_any(&loser->edits);
}

/* Park a loser as a draft that belongs to the message. */
static void
park_loser(const Import *import, const Loser *loser)
{
	Stand		stand = {.store_id = import->store_id,
		.message_id = import->message_id,
	.base = loser->base != 0 ? loser->base : import->number};

	if (!loser->any)
		return;
	stand.edits = loser->edits;
	stand.author.actor = loser->author;
	park_of_message(&stand, &loser->key);
}

/* ---------------------------------------------------------------- writing */

/* Make edits set the PR_LAST_MODIFICATION_TIME that a content has. */
static void
set_modified(Edits *edits, const Content *content)
{
	Jsonb	   *patch = (Jsonb *) edits->value[PART_PROPS];
	BagList		list;
	JsonbValue	value;
	Jsonb	   *member;

	if (!bag_find(DatumGetJsonbP(content->value[PART_PROPS]), modified_name,
				  &value))
		return;
	baglist_init(&list, 1);
	baglist_add_value(&list, modified_name, strlen(modified_name), &value);
	member = baglist_build(&list);
	edits->touched[PART_PROPS] = TOUCHED;
	edits->value[PART_PROPS] = (struct varlena *)
		(patch == NULL ? member : bag_splice(patch, member, true));
}

/*
 * Write a version over the locked version in *row: a content in a folder,
 * deleted or not, with the keys of an arrival.
 */
static void
write_version(Import *import, MessageRow *row, const Content *content,
			  int64 folder_id, bool deleted, const Arrival *arrival)
{
	ChangeOrder order;
	Edits		none;
	Edits		edits;

	memset(&order, 0, sizeof(order));
	order.kind = CHANGE_IMPORT;
	order.base = row->version.change_number;
	edits_init(&none);
	edits_between(&row->version.content, content, &none, &edits);
	set_modified(&edits, content);
	order.edits = &edits;
	if (folder_id != 0 && folder_id != row->version.folder_id)
		order.folder_id = folder_id;
	order.deleted = deleted;
	order.set_deleted = deleted != (row->version.deleted_at != 0);
	if (order.set_deleted && deleted)
		order.kind = CHANGE_DELETE;
	order.author = import->author;
	order.arrival = arrival;
	if (change_write(row, &order, &import->number) != TM_Ok)
		elog(ERROR, "could not update locked message " INT64_FORMAT,
			 row->message_id);
}

/* Read the version that this command has just written. */
static void
read_again(const Import *import, MessageRow *row)
{
	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
	if (!messagerow_fetch(row, import->store_id, import->message_id))
		elog(ERROR, "could not find message " INT64_FORMAT,
			 import->message_id);
}

/* Copy a content, so that it outlives the row; TOAST pointers stay pointers. */
static Content
copy_content(const Content *content)
{
	Content		copy = *content;

	for (int p = 0; p < NUM_PARTS; p++)
	{
		if (!copy.isnull[p])
			copy.value[p] = datumCopy(copy.value[p], false, -1);
	}
	return copy;
}

/* Return the content that an import writes over the version in *row. */
static Content
content_to_write(const Import *import, const MessageRow *row)
{
	return meet_with_times(&import->content, &row->version.content,
						   import->arrival.modified_at);
}

/* Return the arrival of the version in *row: what it keeps if it wins. */
static Arrival
arrival_of_row(const MessageRow *row, const LineageKey *key,
			   const Lineage *list)
{
	Arrival		arrival;

	memset(&arrival, 0, sizeof(arrival));
	arrival.key = *key;
	arrival.list = *list;
	arrival.modifier = TextDatumGetCString(row->modifier);
	arrival.message_flags = row->version.message_flags;
	arrival.deleted_at = row->version.deleted_at;
	arrival.modified_at = modified_at(row);
	return arrival;
}

/* Write the version in *row again, with the merged list. */
static void
keep_version(Import *import, MessageRow *row, const Arrival *arrival)
{
	Content		content = meet_with_times(&row->version.content,
										  &row->version.content,
										  arrival->modified_at);

	write_version(import, row, &content, 0, row->version.deleted_at != 0,
				  arrival);
}

/* --------------------------------------------------------------- deciding */

/* Return the method by which a conflict in a message is resolved. */
static int
method_of(const Import *import, const MessageRow *row)
{
	FolderRow	folder;
	JsonbValue	value;

	if (row->version.message_flags & MSGFLAG_ASSOCIATED)
		return MEET_LAST_WRITER;
	if (import->method >= 0)
		return import->method;
	if (tree_folder(&folder, import->store_id, row->version.folder_id,
					TREE_READ) &&
		bag_find(folder.props, "PR_RESOLVE_METHOD", &value))
	{
		int64		method = integer_of_value(&value);

		if (method == MEET_LAST_WRITER || method == MEET_NO_NOTICE)
			return (int) method;
	}
	return MEET_DEFAULT;
}

/* Return the result of a conflict that was resolved, and mark the message. */
static int32
conflict_result(const Import *import, int method, const Loser *loser)
{
	if (method != MEET_LAST_WRITER)
		park_loser(import, loser);
	if (method != MEET_DEFAULT || !loser->any)
		return S_OK;
	state_set_conflict(import->store_id, import->message_id, true);
	return SYNC_E_CONFLICT;
}

/* Resolve a conflict that a deletion wins: "ours", in *row, or the import's. */
static int32
resolve_deletion(Import *import, MessageRow *row, const Arrival *ours,
				 bool theirs_win)
{
	bool		theirs_deleted = import->arrival.deleted_at != 0;
	Loser		loser = {0};

	if (!theirs_deleted)
		make_loser(import, &row->version, &import->content,
				   &import->arrival.key, import->arrival.modifier, &loser);
	else if (ours->deleted_at == 0)
		make_loser(import, &row->version, &row->version.content, &ours->key,
				   ours->modifier, &loser);
	if (theirs_win)
	{
		Content		content = content_to_write(import, row);
		Arrival		theirs = import->arrival;

		lineage_merge(&theirs.list, &ours->list);
		write_version(import, row, &content, 0, true, &theirs);
	}
	else
		keep_version(import, row, ours);
	park_loser(import, &loser);
	return theirs_deleted ? S_OK : SYNC_E_OBJECT_DELETED;
}

/* Fill *loser with the side that loses, unless both have one content. */
static void
find_loser(const Import *import, const MessageRow *row, const Arrival *ours,
		   bool theirs_win, Loser *loser)
{
	Edits		difference;

	edits_without_times(&row->version.content, &import->content, &difference);
	if (!edits_any(&difference))
		return;
	if (theirs_win)
		make_loser(import, &row->version, &row->version.content, &ours->key,
				   ours->modifier, loser);
	else
		make_loser(import, &row->version, &import->content,
				   &import->arrival.key, import->arrival.modifier, loser);
}

/*
 * Write the change and then the version in *row, which wins, so that the change
 * is in the history.
 */
static void
write_both(Import *import, MessageRow *row, const Arrival *ours,
		   const Arrival *theirs)
{
	Content		standing = copy_content(&row->version.content);
	Content		content = content_to_write(import, row);

	write_version(import, row, &content, 0, false, theirs);
	read_again(import, row);
	content = meet_with_times(&standing, &standing, ours->modified_at);
	write_version(import, row, &content, 0, false, ours);
}

/* Resolve a conflict between the change and the version in *row. */
static int32
resolve_conflict(Import *import, MessageRow *row, const LineageKey *key,
				 const Lineage *list)
{
	int			method = method_of(import, row);
	Arrival		ours = arrival_of_row(row, key, list);
	Arrival		theirs = import->arrival;
	Loser		loser = {0};
	bool		theirs_win = arrival_wins(&theirs, &ours);

	lineage_merge(&ours.list, &theirs.list);
	if ((theirs_win ? theirs : ours).deleted_at != 0)
		return resolve_deletion(import, row, &ours, theirs_win);
	lineage_merge(&theirs.list, list);
	find_loser(import, row, &ours, theirs_win, &loser);
	if (theirs_win)
	{
		Content		content = content_to_write(import, row);

		write_version(import, row, &content, import->folder_id, false,
					  &theirs);
	}
	else if (method == MEET_LAST_WRITER && loser.any)
		write_both(import, row, &ours, &theirs);
	else
		keep_version(import, row, &ours);
	return conflict_result(import, method, &loser);
}

/*
 * Return true if the current role may bring the version in *row into the state
 * of the change.  The first time, a role that may not even read the message
 * gets the errors of opening the message.
 */
bool
meet_permitted(const Import *import, const MessageRow *row)
{
	int64		folder_id = row->version.folder_id;

	if (!access_message(import->store_id, folder_id, row->creator,
						ACCESS_TO_EDIT))
	{
		access_require_message(import->store_id, folder_id, row->message_id,
							   row->creator, ACCESS_TO_READ);
		return false;
	}
	if (import->folder_id != 0 && import->folder_id != folder_id &&
		!access_may_create(import->store_id, import->folder_id))
		return false;
	if ((import->arrival.deleted_at != 0 ||
		 (import->folder_id != 0 && import->folder_id != folder_id)) &&
		!access_message(import->store_id, folder_id, row->creator,
						ACCESS_TO_DELETE))
		return false;
	return true;
}

/* Decide on the locked version in *row, and write. */
int32
meet_version(Import *import, MessageRow *row)
{
	LineageKey	key;
	Lineage		list;

	import->number = row->version.change_number;
	if (!meet_permitted(import, row))
		return MAPI_E_NO_ACCESS;
	meet_lineage(import, &row->version, &key, &list);
	if (lineage_includes(&list, &import->arrival.list))
		return SYNC_E_IGNORE;
	if (row->version.submitted_at != 0)
		return MAPI_E_SUBMITTED;
	import->arrival.message_flags =
		(row->version.message_flags & ~MEET_FLAGS) |
		(import->arrival.message_flags & MEET_FLAGS);
	if (lineage_includes(&import->arrival.list, &list))
	{
		Content		content = content_to_write(import, row);

		write_version(import, row, &content, import->folder_id,
					  import->arrival.deleted_at != 0, &import->arrival);
		return S_OK;
	}
	return resolve_conflict(import, row, &key, &list);
}

/*
 * Keep a change of a message that was deleted for good as a draft, unless
 * nothing of the message is left.
 */
int32
meet_deletion(Import *import, MessageRow *row)
{
	MessageView view;
	Loser		loser = {0};

	if (import->hard || import->arrival.deleted_at != 0)
		return SYNC_E_IGNORE;
	if (!view_find(&view, import->store_id, import->message_id, row))
		return SYNC_E_OBJECT_DELETED;
	if (!view_readable(&view) || (view.access & MAPI_ACCESS_MODIFY) == 0)
		return MAPI_E_NO_ACCESS;
	if (find_ancestor(import, &view.version))
	{
		edits_without_times(&view.version.content, &import->content,
							&loser.edits);
		name_parts(&loser.edits);
		loser.base = view.version.change_number;
		loser.key = import->arrival.key;
		loser.author = import->arrival.modifier;
		loser.any = edits_any(&loser.edits);
		park_loser(import, &loser);
	}
	return SYNC_E_OBJECT_DELETED;
}
