/*-------------------------------------------------------------------------
 *
 * importfolder.c
 *	  Folders that two stores both change: exporting and importing them.
 *
 * NOTES
 *	  A folder is found by its source key; the special folders of two stores
 *	  stand for each other.  Predecessor change lists decide as for messages
 *	  (import.c), and a conflict is always resolved by the last writer: the
 *	  version that lost stays in the history of the folder.  A deletion wins.
 *
 *	  A name that another folder of the parent has is given to the folder with
 *	  the smaller source key.  The other folder gets the name with a part of its
 *	  source key, by a change of our own, which travels like any other.
 *
 *	  Rights are asked before anything is locked, and again afterwards.  The
 *	  tree is locked first (tree.c), so that no cycle can be made.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "query.h"

/* A folder with a longer name is cut to so many bytes before it is marked. */
#define MAX_MARKED_NAME		200

/* A folder that is being imported. */
typedef struct FolderImport
{
	int64		store_id;
	LineageKey	source;
	LineageKey	parent;
	bool		has_parent;
	int64		parent_id;		/* 0: the root, or not known here */
	bool		hard;			/* deleted for good: has only the source key */
	char	   *name;
	char	   *special;		/* or NULL */
	Jsonb	   *props;
	Arrival		arrival;
	TimestampTz created_at;
	int64		folder_id;		/* 0: not known here */
	bool		found_by_name;	/* its source key is not recorded yet */
	int64		number;
} FolderImport;

/* ----------------------------------------------------------------- export */

/* Add the keys of a folder's version. */
static void
add_lineage(BagList *list, const FolderRow *row)
{
	LineageKey	key;
	Lineage		lineage;

	lineage_of(row->store_id, row->change_number, (Datum) 0, row->lineage,
			   &key, &lineage);
	departure_lineage(list, &key, &lineage);
}

/*
 * export_folder(store_id, folder_id) → jsonb
 *
 * Return a folder in the form that import_folder() takes: its name, place and
 * properties, and the keys that it has in every store.  Of a folder that was
 * deleted for good only the source key is left.
 *
 * Errors: MAPI_E_NOT_FOUND if the folder never existed or is not visible,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(export_folder);
Datum
export_folder(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		folder_id = call_number(fcinfo, 1, "folder_id");
	FolderRow	row;
	BagList		list;
	JsonbValue	props;

	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	baglist_init(&list, 16);
	departure_source_key(&list, "PR_SOURCE_KEY", KEYED_FOLDER, store_id,
						 folder_id);
	if (!tree_folder(&row, store_id, folder_id, TREE_READ))
	{
		Datum		values[2] = {Int64GetDatum(store_id),
		Int64GetDatum(folder_id)};
		bool		known;

		SPI_connect();
		known = query_run(QUERY_FOLDER_KNOWN, values, NULL) > 0;
		SPI_finish();
		if (!known)
			store_raise_no_folder(store_id, folder_id);
		baglist_add_bool(&list, "hard", true);
		PG_RETURN_JSONB_P(baglist_build(&list));
	}
	if (row.parent_id != 0)
		departure_source_key(&list, "PR_PARENT_SOURCE_KEY", KEYED_FOLDER,
							 store_id, row.parent_id);
	departure_text(&list, "PR_DISPLAY_NAME", row.name);
	if (row.special != NULL)
		departure_text(&list, "special", row.special);
	add_lineage(&list, &row);
	departure_time(&list, "PR_CREATION_TIME", row.created_at);
	departure_time(&list, "PR_LAST_MODIFICATION_TIME", row.modified_at);
	departure_text(&list, "PR_LAST_MODIFIER_NAME", row.modifier);
	if (row.deleted_at != 0)
		departure_time(&list, "PR_DELETED_ON", row.deleted_at);
	value_from_object(&props, row.props);
	baglist_add_value(&list, "props", strlen("props"), &props);
	PG_RETURN_JSONB_P(baglist_build(&list));
}

/* -------------------------------------------------------------- collisions */

/* Return a name that no other folder has, made of a name and a source key. */
static char *
marked_name(const char *name, const LineageKey *key)
{
	StringInfoData marked;

	initStringInfo(&marked);
	appendBinaryStringInfo(&marked, name,
						   pg_mbcliplen(name, strlen(name), MAX_MARKED_NAME));
	appendStringInfoString(&marked, " (");
	for (int i = key->size - 1; i >= 0 && i >= key->size - COUNTER_BYTES; i--)
		appendStringInfo(&marked, "%02x", key->bytes[i]);
	for (int i = 0; i < 4; i++)
		appendStringInfo(&marked, "%02x", key->bytes[i]);
	appendStringInfoChar(&marked, ')');
	return marked.data;
}

/*
 * Make the name of the import free below its parent.  Return true if the
 * imported folder has to take another name, which is put in import->name.
 */
static bool
settle_name(FolderImport *import, int64 parent_id)
{
	int64		other_id = tree_find_name(import->store_id, parent_id,
										  import->name);
	LineageKey	other_key;
	FolderRow	other;

	if (other_id == 0 || other_id == import->folder_id)
		return false;
	origin_key(import->store_id, KEYED_FOLDER, other_id, &other_key);
	if (tree_folder(&other, import->store_id, other_id, TREE_WRITE) &&
		other.special == NULL &&
		lineage_compare_keys(&other_key, &import->source) > 0 &&
		(access_folder(import->store_id, other_id) & RIGHT_FOLDER_OWNER) != 0)
	{
		char	   *marked = marked_name(other.name, &other_key);

		(void) tree_find_name(import->store_id, parent_id, marked);
		if (folder_rename(&other, marked) == S_OK)
			return false;
	}
	import->name = marked_name(import->name, &import->source);
	(void) tree_find_name(import->store_id, parent_id, import->name);
	return true;
}

/* ---------------------------------------------------------------- writing */

/*
 * Make the next change of *row the imported one or, if it has taken a name of
 * our own, a change of our own that follows the imported one.
 */
static void
set_lineage(FolderImport *import, FolderRow *row, bool renamed)
{
	if (renamed)
	{
		row->lineage = lineage_store(&import->arrival.key,
									 &import->arrival.list);
		row->modified_at = Max(row->modified_at, import->arrival.modified_at);
	}
	else
		row->arrival = &import->arrival;
}

/* Insert a folder that is not known here. */
static int32
insert_folder(FolderImport *import)
{
	FolderRow	row = {0};
	bool		renamed;

	if (import->parent_id == 0 ||
		!parent_lock_folder(import->store_id, import->parent_id))
		return SYNC_E_NO_PARENT;
	renamed = settle_name(import, import->parent_id);
	row.store_id = import->store_id;
	row.parent_id = import->parent_id;
	row.name = import->name;
	row.props = import->props;
	row.created_at = import->created_at;
	set_lineage(import, &row, renamed);
	tree_insert(&row);
	origin_record(import->store_id, KEYED_FOLDER, &import->source,
				  row.folder_id, false);
	access_inherit(row.store_id, row.parent_id, row.folder_id);
	import->folder_id = row.folder_id;
	import->number = row.change_number;
	return S_OK;
}

/* Return the names of what a change of a folder touches. */
static ArrayType *
touched(const FolderRow *row, const FolderImport *import, int64 parent_id)
{
	Datum		names[2];
	int			count = 0;

	if (strcmp(row->name, import->name) != 0)
		names[count++] = CStringGetTextDatum("PR_DISPLAY_NAME");
	if (row->parent_id != parent_id)
		names[count++] = CStringGetTextDatum("PR_PARENT_ENTRYID");
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * Break the cycle that placing an imported folder below "parent_id" would make,
 * since that folder is below the imported one here.  Two stores that have moved
 * each of two folders below the other meet this case both, and have to agree:
 * of the folders in the cycle, the one with the smallest source key goes to the
 * root, by a change of our own.  Return false if that is the imported folder,
 * which then waits for the other store to move it.
 */
static bool
break_cycle(FolderImport *import, int64 parent_id)
{
	LineageKey	smallest = import->source;
	int64		loser = import->folder_id;
	FolderRow	row;
	int64		root_id;
	Datum		moved = CStringGetTextDatum("PR_PARENT_ENTRYID");

	for (int64 id = parent_id; id != import->folder_id; id = row.parent_id)
	{
		LineageKey	key;

		CHECK_FOR_INTERRUPTS();
		origin_key(import->store_id, KEYED_FOLDER, id, &key);
		if (lineage_compare_keys(&key, &smallest) < 0)
		{
			smallest = key;
			loser = id;
		}
		if (!tree_folder(&row, import->store_id, id, TREE_READ))
			return false;
	}
	if (loser == import->folder_id ||
		(access_folder(import->store_id, loser) & RIGHT_FOLDER_OWNER) == 0)
		return false;
	root_id = store_special_folder(import->store_id, "Root");
	if (!tree_folder(&row, import->store_id, loser, TREE_WRITE))
		return false;
	if (tree_find_name(import->store_id, root_id, row.name) != 0)
		row.name = marked_name(row.name, &smallest);
	(void) tree_find_name(import->store_id, root_id, row.name);
	row.parent_id = root_id;
	tree_write(&row, CHANGE_MOVE,
			   construct_array(&moved, 1, TEXTOID, -1, false, TYPALIGN_INT));
	return true;
}

/*
 * Write the import over the locked version in *row.  A special folder stays
 * where it is.
 */
static int32
take_folder(FolderImport *import, FolderRow *row)
{
	int64		parent_id = row->parent_id;
	bool		renamed = false;
	ArrayType  *names;

	if (row->special == NULL)
	{
		if (import->parent_id == 0)
			return SYNC_E_NO_PARENT;
		parent_id = import->parent_id;
		if (tree_is_below(import->store_id, parent_id, row->folder_id) &&
			(parent_id == row->folder_id || !break_cycle(import, parent_id)))
			return SYNC_E_CYCLE;
		if (parent_id != row->parent_id)
			access_require_folder(import->store_id, parent_id,
								  RIGHT_CREATE_SUBFOLDER);
		if (!parent_lock_folder(import->store_id, parent_id))
			return SYNC_E_NO_PARENT;
	}
	if (row->deleted_at != 0)
	{
		int32		result = folder_restore_all(row);

		if (result != S_OK)
			return result;
	}
	if (parent_id != 0)
		renamed = settle_name(import, parent_id);
	names = touched(row, import, parent_id);
	row->parent_id = parent_id;
	if (parent_id != 0)
		row->name = import->name;
	row->props = import->props;
	set_lineage(import, row, renamed);
	tree_write(row, CHANGE_IMPORT, names);
	row->arrival = NULL;
	import->number = row->change_number;
	return S_OK;
}

/* Read the keys, the author and the times of the version in *row. */
static void
read_ours(const FolderRow *row, Arrival *ours)
{
	memset(ours, 0, sizeof(Arrival));
	lineage_of(row->store_id, row->change_number, (Datum) 0, row->lineage,
			   &ours->key, &ours->list);
	ours->modifier = row->modifier;
	ours->deleted_at = row->deleted_at;
	ours->modified_at = row->modified_at;
}

/* Write the version in *row again, with the merged list of a conflict. */
static void
keep_folder(FolderImport *import, FolderRow *row, Arrival *ours)
{
	lineage_merge(&ours->list, &import->arrival.list);
	row->arrival = ours;
	tree_write(row, CHANGE_IMPORT, NULL);
	row->arrival = NULL;
	import->number = row->change_number;
}

/* Decide on the locked folder in *row, and write. */
static int32
decide(FolderImport *import, FolderRow *row)
{
	Arrival		ours;
	bool		deletes = import->arrival.deleted_at != 0;
	bool		deleted = row->deleted_at != 0;

	import->number = row->change_number;
	read_ours(row, &ours);
	if (lineage_includes(&ours.list, &import->arrival.list))
		return SYNC_E_IGNORE;
	if (!lineage_includes(&import->arrival.list, &ours.list) &&
		!arrival_wins(&import->arrival, &ours))
	{
		keep_folder(import, row, &ours);
		return deleted && !deletes ? SYNC_E_OBJECT_DELETED : S_OK;
	}
	lineage_merge(&import->arrival.list, &ours.list);
	if (!deletes)
		return take_folder(import, row);
	if (row->special != NULL)
		return MAPI_E_NO_SUPPORT;
	if (!deleted)
	{
		int32		result = folder_delete_all(row, false,
											   &import->arrival);

		import->number = row->change_number;
		return result;
	}
	row->arrival = &import->arrival;
	tree_write(row, CHANGE_IMPORT, NULL);
	row->arrival = NULL;
	import->number = row->change_number;
	return S_OK;
}

/* ---------------------------------------------------------- SQL functions */

/* Return a text member of a change, or NULL if it has none. */
static char *
text_of(const Jsonb *change, const char *name)
{
	JsonbValue	value;

	if (!bag_find(change, name, &value) || value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

/* Read the name, the place and the properties of a folder. */
static void
read_folder(FolderImport *import, const Jsonb *change)
{
	JsonbValue	value;

	import->hard = bag_find(change, "hard", &value);
	if (import->hard)
		return;
	arrival_read(change, &import->arrival);
	import->name = text_of(change, "PR_DISPLAY_NAME");
	if (import->name == NULL)
		arrival_raise_bad("PR_DISPLAY_NAME");
	folder_check_name(import->name);
	import->created_at = arrival_time_member(change, "PR_CREATION_TIME");
	import->special = text_of(change, "special");
	if (!bag_find(change, "props", &value) || value.type != jbvBinary ||
		!JsonContainerIsObject(value.val.binary.data))
		arrival_raise_bad("props");
	import->props = container_checked(object_from_value(&value));
	import->has_parent = bag_find(change, "PR_PARENT_SOURCE_KEY", &value);
	if (import->has_parent)
		arrival_key_member(change, "PR_PARENT_SOURCE_KEY", &import->parent);
}

/*
 * Find the folder here, a special one by its name, and the folder above it.
 * Raise an error unless the current role may import the change: into the folder
 * as it is now, or as a new folder.
 */
static void
find_folder(FolderImport *import)
{
	FolderRow	row;

	import->folder_id = arrival_folder(import->store_id, &import->source);
	import->found_by_name = import->folder_id == 0 && import->special != NULL;
	if (import->found_by_name)
		import->folder_id = store_special_folder(import->store_id,
												 import->special);
	if (import->has_parent)
		import->parent_id = arrival_folder(import->store_id, &import->parent);
	if (import->folder_id != 0)
	{
		if (tree_folder(&row, import->store_id, import->folder_id, TREE_READ))
			access_require_folder(import->store_id, import->folder_id,
								  RIGHT_FOLDER_OWNER);
	}
	else if (import->parent_id != 0 && import->arrival.deleted_at == 0)
		access_require_folder(import->store_id, import->parent_id,
							  RIGHT_CREATE_SUBFOLDER);
}

/* Delete for good the folder that another store has deleted for good. */
static int32
delete_for_good(FolderImport *import)
{
	FolderRow	row;

	if (import->folder_id == 0 ||
		!tree_folder(&row, import->store_id, import->folder_id, TREE_EMPTY))
		return SYNC_E_IGNORE;
	if (row.special != NULL)
		return MAPI_E_NO_SUPPORT;
	return folder_delete_all(&row, true, NULL);
}

/*
 * Do the work of import_folder().  A role that lacks a right neither waits for
 * the tree nor holds others up.  The folder is found again under the lock: it
 * may have been imported, and the rights may have changed, in the meantime.
 */
static int32
import_execute(FolderImport *import, const Jsonb *change)
{
	FolderRow	row;

	read_folder(import, change);
	find_folder(import);
	tree_lock(import->store_id);
	find_folder(import);
	if (import->hard)
		return delete_for_good(import);
	if (import->folder_id == 0)
		return import->arrival.deleted_at != 0 ? SYNC_E_IGNORE :
			insert_folder(import);
	if (import->found_by_name)
		origin_record(import->store_id, KEYED_FOLDER, &import->source,
					  import->folder_id, true);
	if (!tree_folder(&row, import->store_id, import->folder_id, TREE_WRITE))
		return SYNC_E_OBJECT_DELETED;
	return decide(import, &row);
}

/*
 * import_folder(store_id, change, actor) → (result, folder_id, change_number)
 *
 * Import a folder that another store has changed, as export_folder() returns
 * it.
 *
 * Returns S_OK; SYNC_E_IGNORE if the change is known here; SYNC_E_NO_PARENT if
 * the folder above is not known here or deleted; SYNC_E_CYCLE if the folder
 * above is below the folder here; SYNC_E_OBJECT_DELETED; MAPI_E_NO_SUPPORT for
 * deleting a special folder; MAPI_E_NO_ACCESS if a folder below is not the
 * role's to delete.  Errors: MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_FOUND for the
 * store, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(import_folder);
Datum
import_folder(PG_FUNCTION_ARGS)
{
	const char *actor = call_actor(fcinfo, 2);
	FolderImport import;
	Jsonb	   *change;
	volatile int32 result = S_OK;
	const char *before = NULL;
	Datum		values[3];
	bool		nulls[3] = {false};

	memset(&import, 0, sizeof(import));
	import.store_id = call_number(fcinfo, 0, "store_id");
	change = arrival_argument(fcinfo, 1);
	call_require_write("import_folder()");
	access_require_store(import.store_id, RIGHT_FOLDER_VISIBLE);
	arrival_key_member(change, "PR_SOURCE_KEY", &import.source);
	if (actor == NULL)
		actor = text_of(change, "PR_LAST_MODIFIER_NAME");
	if (actor != NULL)
		before = author_use(actor);
	PG_TRY();
	{
		result = import_execute(&import, change);
	}
	PG_FINALLY();
	{
		if (actor != NULL)
			(void) author_use(before);
	}
	PG_END_TRY();
	values[0] = Int32GetDatum(result);
	values[1] = Int64GetDatum(import.folder_id);
	nulls[1] = (import.folder_id == 0);
	values[2] = Int64GetDatum(import.number);
	nulls[2] = (import.number == 0);
	return call_row(fcinfo, values, nulls);
}
