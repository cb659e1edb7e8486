/*-------------------------------------------------------------------------
 *
 * folder.c
 *	  Creating, renaming, moving, emptying, deleting and restoring folders.
 *
 * NOTES
 *	  The NOTES of tree.c describe the locks.  A folder is deleted like a
 *	  message: its row stays, with the time of the deletion, until it is
 *	  deleted for good.  Everything below a folder is deleted with the folder.
 *	  Each row (deleted_with) has the folder whose deletion took it along, so
 *	  that restoring this folder restores exactly these rows.  What was deleted
 *	  before keeps its own mark.
 *
 *	  The messages of a deletion are processed after all folders have been
 *	  locked, in the order of their ids over all folders.  A message that
 *	  another transaction has moved elsewhere meanwhile is left alone.
 *
 *	  Outcomes of the state of the tree are returned (MAPI_E_COLLISION,
 *	  MAPI_E_FOLDER_CYCLE, MAPI_E_HAS_MESSAGES and others).  A folder that does
 *	  not exist, and a right that is missing, raise an error.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define MAX_NAME_CHARACTERS		255

/* The folders that one call deletes or restores, parents before children. */
typedef struct Subtree
{
	int64		store_id;
	int64		which;			/* as for tree_children() */
	bool		denied;			/* lacks a folder for want of a right */
	FolderRow  *rows;
	int			count;
	int			allocated;
} Subtree;

/* --------------------------------------------------------------- arguments */

void
folder_check_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("the name of a folder must not be empty")));
	if (pg_mbstrlen(name) > MAX_NAME_CHARACTERS)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("the name of a folder has at most %d characters",
						MAX_NAME_CHARACTERS)));
	if (text_has_control(name, strlen(name)))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("the name of a folder has a control character")));
}

/*
 * Return the name of a folder in argument n, palloc'd.  Raise
 * MAPI_E_INVALID_PARAMETER if the argument is NULL, empty or too long, or if it
 * has a control character.
 */
static char *
name_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name;

	REQUIRE_ARG(n, "name");
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	folder_check_name(name);
	return name;
}

void
folder_arguments(FunctionCallInfo fcinfo, const char *what, int64 *store_id,
				 int64 *folder_id)
{
	*store_id = call_number(fcinfo, 0, "store_id");
	*folder_id = call_number(fcinfo, 1, "folder_id");
	call_require_write(what);
	access_require_folder(*store_id, *folder_id, RIGHT_FOLDER_OWNER);
}

void
folder_read_live(FolderRow *row, int64 store_id, int64 folder_id,
				 TreeLock lock)
{
	if (!tree_folder(row, store_id, folder_id, lock) || row->deleted_at != 0)
		store_raise_no_folder(store_id, folder_id);
}

void
folder_lock_target(int64 store_id, int64 folder_id, uint32 right)
{
	access_require_folder(store_id, folder_id, right);
	if (!parent_lock_folder(store_id, folder_id))
		store_raise_no_folder(store_id, folder_id);
	/* the right may have been taken away while we waited */
	access_require_folder(store_id, folder_id, right);
}

/* Return a text[] with one property. */
static ArrayType *
one_property(const char *name)
{
	Datum		datum = CStringGetTextDatum(name);

	return construct_array(&datum, 1, TEXTOID, -1, false, TYPALIGN_INT);
}

/* ---------------------------------------------------------- names, places */

/* Raise MAPI_E_COLLISION for a new folder. */
static void
raise_collision(const FolderRow *row)
{
	ereport(ERROR,
			(errmapi(MAPI_E_COLLISION),
			 errmsg("folder \"%s\" already exists below folder %lld of store %lld",
					row->name, (long long) row->parent_id,
					(long long) row->store_id)));
}

void
folder_require_name(int64 store_id, int64 parent_id, char *name)
{
	FolderRow	row = {.store_id = store_id, .parent_id = parent_id,
	.name = name};

	if (tree_find_name(store_id, parent_id, name) != 0)
		raise_collision(&row);
}

/* Do the work of create_folder(). */
static int64
work_create_folder(FunctionCallInfo fcinfo)
{
	FolderRow	row = {0};
	uint32		flags;
	int64		existing;

	row.store_id = call_number(fcinfo, 0, "store_id");
	row.name = name_argument(fcinfo, 2);
	REQUIRE_ARG(3, "flags");
	flags = PG_GETARG_UINT32(3);
	if ((flags & ~OPEN_IF_EXISTS) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("create_folder() does not know the flags 0x%X",
						flags & ~OPEN_IF_EXISTS)));
	call_require_write("create_folder()");
	row.parent_id = PG_ARGISNULL(1) ?
		store_special_folder(row.store_id, "Root") :
		call_number(fcinfo, 1, "parent_id");

	folder_lock_target(row.store_id, row.parent_id, RIGHT_CREATE_SUBFOLDER);
	existing = tree_find_name(row.store_id, row.parent_id, row.name);
	if (existing != 0 && (flags & OPEN_IF_EXISTS) != 0 &&
		(access_folder(row.store_id, existing) & RIGHT_FOLDER_VISIBLE) != 0)
		return existing;
	if (existing != 0)
		raise_collision(&row);
	tree_insert(&row);
	access_inherit(row.store_id, row.parent_id, row.folder_id);
	return row.folder_id;
}

/*
 * create_folder(store_id, parent_id, name, flags, actor) → folder_id
 *
 * Create a folder below a parent, which is locked against deletion; a NULL
 * parent_id is the root folder.  With OPEN_IF_EXISTS, return the folder of
 * that name if the parent has one, also one that another transaction was about
 * to make.
 *
 * Errors: MAPI_E_NOT_FOUND for store or parent, MAPI_E_COLLISION if the parent
 * has a folder with that name, MAPI_E_NO_ACCESS, MAPI_E_INVALID_PARAMETER for
 * an empty name, MAPI_E_UNKNOWN_FLAGS.
 */
PG_FUNCTION_INFO_V1(create_folder);
Datum
create_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(author_call(fcinfo, 4, work_create_folder));
}

/* Do the work of rename_folder(). */
static int64
work_rename_folder(FunctionCallInfo fcinfo)
{
	FolderRow	row;
	int64		store_id;
	int64		folder_id;
	char	   *name = name_argument(fcinfo, 2);

	folder_arguments(fcinfo, "rename_folder()", &store_id, &folder_id);
	folder_read_live(&row, store_id, folder_id, TREE_WRITE);
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_OWNER);
	return folder_rename(&row, name);
}

/*
 * rename_folder(store_id, folder_id, name, actor) → hresult
 *
 * Returns S_OK, MAPI_E_COLLISION, or MAPI_E_NO_SUPPORT for the root.  A name
 * that the folder has already changes nothing.  Errors: MAPI_E_NOT_FOUND,
 * MAPI_E_NO_ACCESS, MAPI_E_INVALID_PARAMETER.
 */
PG_FUNCTION_INFO_V1(rename_folder);
Datum
rename_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 3, work_rename_folder));
}

int32
folder_rename(FolderRow *row, const char *name)
{
	if (row->parent_id == 0)
		return MAPI_E_NO_SUPPORT;
	if (strcmp(row->name, name) == 0)
		return S_OK;
	if (tree_find_name(row->store_id, row->parent_id, name) != 0)
		return MAPI_E_COLLISION;
	row->name = pstrdup(name);
	tree_write(row, CHANGE_RENAME, one_property("PR_DISPLAY_NAME"));
	return S_OK;
}

/*
 * Move a folder below another parent, under the lock of the tree.  Return the
 * result of move_folder().
 */
static int32
move_below(FolderRow *row, int64 parent_id, const char *name)
{
	int64		store_id = row->store_id;
	int64		other;

	if (row->special != NULL)
		return MAPI_E_NO_SUPPORT;
	if (tree_is_below(store_id, parent_id, row->folder_id))
		return MAPI_E_FOLDER_CYCLE;
	folder_lock_target(store_id, parent_id, RIGHT_CREATE_SUBFOLDER);
	/* the name may have changed while we waited */
	folder_read_live(row, store_id, row->folder_id, TREE_WRITE);
	access_require_folder(store_id, row->folder_id, RIGHT_FOLDER_OWNER);
	if (name == NULL)
		name = row->name;
	if (row->parent_id == parent_id)
		return folder_rename(row, name);
	other = tree_find_name(store_id, parent_id, name);
	if (other != 0)
		return MAPI_E_COLLISION;
	row->parent_id = parent_id;
	row->name = pstrdup(name);
	tree_write(row, CHANGE_MOVE, one_property("PR_PARENT_ENTRYID"));
	return S_OK;
}

/* Do the work of move_folder(). */
static int64
work_move_folder(FunctionCallInfo fcinfo)
{
	FolderRow	row;
	int64		store_id;
	int64		folder_id;
	char	   *name = PG_ARGISNULL(3) ? NULL : name_argument(fcinfo, 3);

	folder_arguments(fcinfo, "move_folder()", &store_id, &folder_id);
	access_require_folder(store_id, call_number(fcinfo, 2, "parent_id"),
						  RIGHT_CREATE_SUBFOLDER);
	tree_lock(store_id);
	folder_read_live(&row, store_id, folder_id, TREE_READ);
	return move_below(&row, call_number(fcinfo, 2, "parent_id"), name);
}

/*
 * move_folder(store_id, folder_id, parent_id, name, actor) → hresult
 *
 * Move a folder with everything in it; a NULL name leaves its name.
 *
 * Returns S_OK, MAPI_E_FOLDER_CYCLE if the parent is the folder or below it,
 * MAPI_E_COLLISION if the parent has a folder with that name, or
 * MAPI_E_NO_SUPPORT for the root and the other special folders.  Errors:
 * MAPI_E_NOT_FOUND for either folder, MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER.
 */
PG_FUNCTION_INFO_V1(move_folder);
Datum
move_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 4, work_move_folder));
}

/* ---------------------------------------------------------------- subtrees */

/*
 * Lock a folder and all folders below it against new content, and add them to
 * a subtree.  "with" becomes their deleted_with, unless it is 0.  A folder
 * that the current role does not own, and everything below it, is left out.
 */
static void
gather(Subtree *tree, int64 folder_id, int64 with)
{
	FolderRow	row;
	int64	   *children;
	int			count;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!tree_folder(&row, tree->store_id, folder_id, TREE_EMPTY))
		return;
	if (row.special != NULL ||
		(access_folder(tree->store_id, folder_id) & RIGHT_FOLDER_OWNER) == 0)
	{
		tree->denied = true;
		return;
	}
	if (with != 0)
		row.deleted_with = with;
	if (tree->count == tree->allocated)
	{
		tree->allocated = Max(tree->allocated * 2, 16);
		tree->rows = tree->rows == NULL ?
			palloc(sizeof(FolderRow) * tree->allocated) :
			repalloc(tree->rows, sizeof(FolderRow) * tree->allocated);
	}
	tree->rows[tree->count++] = row;
	children = tree_children(tree->store_id, folder_id, tree->which, &count);
	for (int i = 0; i < count; i++)
		gather(tree, children[i], with);
}

/* Return true if a folder of the subtree has messages that a user sees. */
static bool
any_messages(const Subtree *tree)
{
	for (int i = 0; i < tree->count; i++)
	{
		if (tree_has_messages(tree->store_id, tree->rows[i].folder_id))
			return true;
	}
	return false;
}

/* Add ids to a growing array of *count ids. */
static int64 *
add_ids(int64 *ids, int *count, const int64 *more, int nmore)
{
	Size		size = sizeof(int64) * Max(*count + nmore, 1);

	ids = ids == NULL ? MemoryContextAllocHuge(CurrentMemoryContext, size) :
		repalloc_huge(ids, size);
	memcpy(ids + *count, more, sizeof(int64) * nmore);
	*count += nmore;
	return ids;
}

/*
 * Delete or restore the messages of a subtree, and of the folder "emptied"
 * unless that is 0.  "kind" is as in PlaceOrder.  Of the folder "emptied",
 * associated messages are processed only with "associated".
 */
static void
place_contents(const Subtree *tree, char kind, int64 emptied, bool associated)
{
	PlaceOrder	order = {.kind = kind, .store_id = tree->store_id,
	.by_folder = true};
	PlaceFolder *folders = palloc(sizeof(PlaceFolder) * (tree->count + 1));
	int64	   *ids = NULL;
	int			count = 0;
	int64	   *more;
	int			nmore;

	for (int i = 0; i < tree->count; i++)
	{
		folders[i].folder_id = tree->rows[i].folder_id;
		folders[i].deleted_with = tree->rows[i].deleted_with;
		more = tree_messages(tree->store_id, folders[i].folder_id,
							 tree->which, true, &nmore);
		ids = add_ids(ids, &count, more, nmore);
	}
	order.nfolders = tree->count;
	if (emptied != 0)
	{
		folders[order.nfolders].folder_id = emptied;
		folders[order.nfolders++].deleted_with = 0;
		more = tree_messages(tree->store_id, emptied, tree->which, associated,
							 &nmore);
		ids = add_ids(ids, &count, more, nmore);
	}
	order.folders = folders;
	(void) place_execute(&order, ids, count);
}

/*
 * Delete a subtree with its messages, and the messages of the folder
 * "emptied"; the arguments are those of place_contents().
 */
static void
delete_contents(Subtree *tree, bool hard, int64 emptied, bool associated)
{
	TimestampTz now = GetCurrentTimestamp();

	place_contents(tree, hard ? CHANGE_HARD_DELETE : CHANGE_DELETE, emptied,
				   associated);
	for (int i = tree->count - 1; i >= 0; i--)
	{
		FolderRow  *row = &tree->rows[i];

		if (hard)
		{
			tree_remove(row);
			access_forget(row->store_id, row->folder_id);
			count_forget(row->store_id, row->folder_id);
		}
		else
		{
			row->deleted_at = row->arrival != NULL ?
				row->arrival->deleted_at : now;
			tree_write(row, CHANGE_DELETE, one_property("PR_DELETED_ON"));
		}
	}
}

/* --------------------------------------------- deleting and restoring them */

int32
folder_delete_all(FolderRow *row, bool hard, const Arrival *arrival)
{
	Subtree		tree = {.store_id = row->store_id,
	.which = hard ? TREE_ALL : TREE_LIVE};

	gather(&tree, row->folder_id, row->folder_id);
	if (tree.denied)
		return MAPI_E_NO_ACCESS;
	tree.rows[0].arrival = arrival;
	delete_contents(&tree, hard, 0, true);
	*row = tree.rows[0];
	return S_OK;
}

int32
folder_restore_all(FolderRow *row)
{
	Subtree		tree = {.store_id = row->store_id, .which = row->folder_id};

	if (row->deleted_with == row->folder_id)
	{
		gather(&tree, row->folder_id, 0);
		if (tree.denied)
			return MAPI_E_NO_ACCESS;
		place_contents(&tree, CHANGE_RESTORE, 0, true);
		for (int i = 1; i < tree.count; i++)
		{
			tree.rows[i].deleted_at = 0;
			tree.rows[i].deleted_with = 0;
			tree_write(&tree.rows[i], CHANGE_RESTORE,
					   one_property("PR_DELETED_ON"));
		}
	}
	row->deleted_at = 0;
	row->deleted_with = 0;
	return S_OK;
}

/* Do the work of delete_folder(). */
static int64
work_delete_folder(FunctionCallInfo fcinfo)
{
	Subtree		tree = {0};
	FolderRow	row;
	int64		folder_id;
	uint32		flags;
	bool		hard;
	int			nchildren;

	folder_arguments(fcinfo, "delete_folder()", &tree.store_id, &folder_id);
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	if ((flags & ~(DEL_MESSAGES | DEL_FOLDERS | DELETE_HARD_DELETE)) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	hard = (flags & DELETE_HARD_DELETE) != 0;

	tree_lock(tree.store_id);
	access_require_folder(tree.store_id, folder_id, RIGHT_FOLDER_OWNER);
	if (!tree_folder(&row, tree.store_id, folder_id, TREE_EMPTY) ||
		(row.deleted_at != 0 && !hard))
		store_raise_no_folder(tree.store_id, folder_id);
	if (row.special != NULL)
		return MAPI_E_NO_SUPPORT;
	(void) tree_children(tree.store_id, folder_id, TREE_LIVE, &nchildren);
	if (nchildren > 0 && (flags & DEL_FOLDERS) == 0)
		return MAPI_E_HAS_FOLDERS;
	tree.which = hard ? TREE_ALL : TREE_LIVE;
	gather(&tree, folder_id, folder_id);
	if (tree.denied)
		return MAPI_E_NO_ACCESS;
	if ((flags & DEL_MESSAGES) == 0 && any_messages(&tree))
		return MAPI_E_HAS_MESSAGES;
	delete_contents(&tree, hard, 0, true);
	return S_OK;
}

/*
 * delete_folder(store_id, folder_id, flags, actor) → hresult
 *
 * Delete a folder softly, or for good with DELETE_HARD_DELETE, which also
 * deletes a folder that is deleted softly already.  DEL_MESSAGES and
 * DEL_FOLDERS delete the messages and the folders below it too.  Associated
 * and soft-deleted messages are no obstacle: the former are deleted with their
 * folder, the latter stay in it.
 *
 * Returns S_OK, MAPI_E_HAS_FOLDERS, MAPI_E_HAS_MESSAGES (also if a folder
 * below has messages), MAPI_E_NO_SUPPORT for the root and the other special
 * folders, MAPI_E_NO_ACCESS if the role does not own a folder below, or
 * MAPI_E_UNKNOWN_FLAGS.  Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(delete_folder);
Datum
delete_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 3, work_delete_folder));
}

/* Do the work of empty_folder(). */
static int64
work_empty_folder(FunctionCallInfo fcinfo)
{
	Subtree		tree = {0};
	int64		folder_id;
	uint32		flags;
	bool		hard;
	int64	   *children;
	int			count;
	bool		denied = false;

	folder_arguments(fcinfo, "empty_folder()", &tree.store_id, &folder_id);
	REQUIRE_ARG(2, "flags");
	flags = PG_GETARG_UINT32(2);
	if ((flags & ~(DEL_ASSOCIATED | DELETE_HARD_DELETE)) != 0)
		return MAPI_E_UNKNOWN_FLAGS;
	hard = (flags & DELETE_HARD_DELETE) != 0;

	tree_lock(tree.store_id);
	folder_lock_target(tree.store_id, folder_id, RIGHT_FOLDER_OWNER);
	tree.which = hard ? TREE_ALL : TREE_LIVE;
	children = tree_children(tree.store_id, folder_id, tree.which, &count);
	for (int i = 0; i < count; i++)
	{
		Subtree		child = tree;

		/* a folder is deleted with everything below it, or not at all */
		child.denied = false;
		gather(&child, children[i], children[i]);
		denied = denied || child.denied;
		if (!child.denied)
			tree = child;
		else
		{
			tree.rows = child.rows;
			tree.allocated = child.allocated;
		}
	}
	delete_contents(&tree, hard, folder_id, (flags & DEL_ASSOCIATED) != 0);
	return denied ? MAPI_W_PARTIAL_COMPLETION : S_OK;
}

/*
 * empty_folder(store_id, folder_id, flags, actor) → hresult
 *
 * Delete the messages in a folder, and the folders below it with everything in
 * them, each so that restore_folder() can restore it; DELETE_HARD_DELETE
 * deletes for good, also what is deleted softly already.  Associated messages
 * of the folder itself stay without DEL_ASSOCIATED.  Messages that are saved
 * into the folder at the same time stay too.
 *
 * Returns S_OK, MAPI_W_PARTIAL_COMPLETION if a folder below stays because it is
 * a special folder or because the role does not own it, or
 * MAPI_E_UNKNOWN_FLAGS.  Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(empty_folder);
Datum
empty_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 3, work_empty_folder));
}

/* Do the work of restore_folder(). */
static int64
work_restore_folder(FunctionCallInfo fcinfo)
{
	Subtree		tree = {0};
	FolderRow	row;
	int64		folder_id;

	folder_arguments(fcinfo, "restore_folder()", &tree.store_id, &folder_id);
	tree_lock(tree.store_id);
	access_require_folder(tree.store_id, folder_id, RIGHT_FOLDER_OWNER);
	if (!tree_folder(&row, tree.store_id, folder_id, TREE_READ))
		store_raise_no_folder(tree.store_id, folder_id);
	if (row.deleted_with != folder_id)
		return MAPI_E_NOT_FOUND;
	if (!parent_lock_folder(tree.store_id, row.parent_id))
		return MAPI_E_OBJECT_DELETED;
	access_require_folder(tree.store_id, row.parent_id,
						  RIGHT_CREATE_SUBFOLDER);

	tree.which = folder_id;
	gather(&tree, folder_id, 0);
	if (tree.denied)
		return MAPI_E_NO_ACCESS;
	if (tree_find_name(tree.store_id, row.parent_id, row.name) != 0)
		return MAPI_E_COLLISION;
	place_contents(&tree, CHANGE_RESTORE, 0, true);
	for (int i = 0; i < tree.count; i++)
	{
		tree.rows[i].deleted_at = 0;
		tree.rows[i].deleted_with = 0;
		tree_write(&tree.rows[i], CHANGE_RESTORE,
				   one_property("PR_DELETED_ON"));
	}
	return S_OK;
}

/*
 * restore_folder(store_id, folder_id, actor) → hresult
 *
 * Restore a soft-deleted folder, and exactly the folders and messages that its
 * deletion took along.
 *
 * Returns S_OK, MAPI_E_NOT_FOUND if the folder is not deleted or was deleted
 * with a folder above it, MAPI_E_OBJECT_DELETED if the folder above it is
 * deleted, MAPI_E_COLLISION if that folder has a folder with its name now, or
 * MAPI_E_NO_ACCESS if the role does not own a folder below.  Errors:
 * MAPI_E_NOT_FOUND if the folder does not exist, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(restore_folder);
Datum
restore_folder(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 2, work_restore_folder));
}
