/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Stores and their special folders.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "query.h"

/* The special folders, in the order in which they are created; root first. */
static const char *const special_folders[] = {
	"Root", "Inbox", "Outbox", "Sent Items", "Deleted Items", "Drafts",
	"Conflicts"
};

int64
store_special_folder(int64 store_id, const char *special)
{
	Datum		values[2] = {Int64GetDatum(store_id),
	CStringGetTextDatum(special)};
	int64		folder_id = 0;

	SPI_connect();
	if (query_run(QUERY_FOLDER_SPECIAL, values, NULL) > 0)
		folder_id = query_result_bigint();
	SPI_finish();
	return folder_id;
}

/* Insert a special folder and return its id; parent_id is 0 for the root. */
static int64
insert_special(int64 store_id, int64 parent_id, const char *special)
{
	FolderRow	row = {.store_id = store_id, .parent_id = parent_id};

	row.name = pstrdup(special);
	row.special = row.name;
	tree_insert(&row);
	return row.folder_id;
}

#define MAX_NAME_CHARS	255

/*
 * Return the text of argument n, palloc'd.  Raise MAPI_E_INVALID_PARAMETER if
 * the argument is NULL, empty or too long, or if it has a control character;
 * "name" is its name.
 */
static char *
name_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	char	   *result;

	REQUIRE_ARG(n, name);
	result = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (result[0] == '\0')
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"%s\" must not be empty", name)));
	if (pg_mbstrlen(result) > MAX_NAME_CHARS)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"%s\" has more than %d characters", name,
						MAX_NAME_CHARS)));
	if (text_has_control(result, strlen(result)))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"%s\" has a control character", name)));
	return result;
}

/*
 * Return the name of the role that argument n names as the owner of a store,
 * palloc'd.  Raise MAPI_E_NO_ACCESS if the current role is not a member of that
 * role, MAPI_E_INVALID_PARAMETER for a NULL or an empty name.
 */
char *
store_owner_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name = name_argument(fcinfo, n, "owner");
	Oid			owner = get_role_oid(name, false);

	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_ACCESS),
				 errmsg("role \"%s\" is not a member of role \"%s\"",
						GetUserNameFromId(GetUserId(), false), name),
				 errhint("You can create a store for, or give a store to, a role of which you are a member.")));
	return name;
}

/*
 * create_store(name, owner) → store_id
 *
 * Create a store with its special folders.  "owner" is the name of a role,
 * NULL for the current role.
 *
 * Errors: MAPI_E_COLLISION if a store has that name, MAPI_E_NO_ACCESS if the
 * current role is not a member of the owner, MAPI_E_INVALID_PARAMETER for an
 * empty name.
 */
PG_FUNCTION_INFO_V1(create_store);
Datum
create_store(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo, 0, "name");
	char	   *owner;
	int64		store_id;
	int64		root;
	Datum		values[3];
	bool		done;

	call_require_write("create_store()");
	owner = PG_ARGISNULL(1) ? GetUserNameFromId(GetUserId(), false) :
		store_owner_argument(fcinfo, 1);
	store_id = number_next_id(REL_STORE_ID_SEQ, 0);
	values[0] = Int64GetDatum(store_id);
	values[1] = CStringGetTextDatum(name);
	values[2] = CStringGetTextDatum(owner);
	SPI_connect();
	done = query_run(QUERY_STORE_INSERT, values, NULL) > 0;
	SPI_finish();
	if (!done)
		ereport(ERROR,
				(errmapi(MAPI_E_COLLISION),
				 errmsg("store \"%s\" already exists", name)));

	root = insert_special(store_id, 0, special_folders[0]);
	for (int i = 1; i < lengthof(special_folders); i++)
		insert_special(store_id, root, special_folders[i]);
	PG_RETURN_INT64(store_id);
}

void
store_require_folder(int64 store_id, int64 folder_id)
{
	Datum		values[2] = {Int64GetDatum(store_id), Int64GetDatum(folder_id)};
	bool		found;

	SPI_connect();
	found = query_run(QUERY_FOLDER_EXISTS, values, NULL) > 0;
	SPI_finish();
	if (!found)
		store_raise_no_folder(store_id, folder_id);
}

void
store_raise_no_folder(int64 store_id, int64 folder_id)
{
	ereport(ERROR,
			(errmapi(MAPI_E_NOT_FOUND),
			 errmsg("folder %lld does not exist in store %lld",
					(long long) folder_id, (long long) store_id)));
}

/*
 * special_folder(store_id, special) → folder_id
 *
 * Return the id of a special folder; "special" is one of the names in
 * special_folders, case-sensitive.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for another name, MAPI_E_NOT_FOUND if there
 * is no such store or folder or the current role does not see the folder,
 * MAPI_E_NO_ACCESS if it may not use the store.
 */
PG_FUNCTION_INFO_V1(special_folder);
Datum
special_folder(PG_FUNCTION_ARGS)
{
	int64		store_id = call_number(fcinfo, 0, "store_id");
	char	   *special = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64		folder_id;
	int			i;

	for (i = 0; i < lengthof(special_folders); i++)
	{
		if (strcmp(special, special_folders[i]) == 0)
			break;
	}
	if (i == lengthof(special_folders))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" is not a special folder", special),
				 errhint("The special folders are Root, Inbox, Outbox, Sent Items, Deleted Items, Drafts and Conflicts.")));
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	folder_id = store_special_folder(store_id, special);
	if (folder_id == 0 ||
		(access_folder(store_id, folder_id) & RIGHT_FOLDER_VISIBLE) == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("store %lld has no folder \"%s\"",
						(long long) store_id, special)));
	PG_RETURN_INT64(folder_id);
}

/*
 * set_node_number(node)
 *
 * Set the upper 10 bits of all ids and change numbers that are given out from
 * now on.  The function is not granted to PUBLIC.  Errors:
 * MAPI_E_INVALID_PARAMETER.
 *
 * The next number begins a new incarnation.  The lock of the marker, kept to
 * the end of the transaction, makes other sessions wait that would begin one
 * before the node number is committed or rolled back.
 */
PG_FUNCTION_INFO_V1(set_node_number);
Datum
set_node_number(PG_FUNCTION_ARGS)
{
	int32		node;
	Datum		values[1];

	REQUIRE_ARG(0, "node");
	node = PG_GETARG_INT32(0);
	call_require_write("set_node_number()");
	if (node < 0 || node > MAX_NODE)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("node number %d is not between 0 and %d",
						node, MAX_NODE)));
	LockRelationOid(relation_oid(REL_NUMBER_MARKER), ShareUpdateExclusiveLock);
	values[0] = Int32GetDatum(node);
	SPI_connect();
	query_run(QUERY_NODE_DELETE, NULL, NULL);
	query_run(QUERY_NODE_INSERT, values, NULL);
	SPI_finish();
	relation_announce(REL_NODE);
	PG_RETURN_VOID();
}

/*
 * set_wakeups(store_id, wakeups)
 *
 * Have each transaction that changes something in a store notify the channel
 * msgstore_<store_id> when it commits, without a payload, or end this.
 *
 * Errors: MAPI_E_INVALID_PARAMETER for a NULL, MAPI_E_NOT_FOUND for the store,
 * MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(set_wakeups);
Datum
set_wakeups(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	int64		store_id = call_number(fcinfo, 0, "store_id");

	REQUIRE_ARG(1, "wakeups");
	call_require_write("set_wakeups()");
	access_require_owner(store_id);
	values[0] = Int64GetDatum(store_id);
	values[1] = PG_GETARG_DATUM(1);
	SPI_connect();
	query_run(QUERY_STORE_WAKEUPS, values, NULL);
	SPI_finish();
	relation_announce(REL_STORE);
	PG_RETURN_VOID();
}
