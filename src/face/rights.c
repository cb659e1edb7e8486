/*-------------------------------------------------------------------------
 *
 * rights.c
 *	  The rights of roles in folders: granting, revoking and showing them, and
 *	  giving a store to another owner.
 *
 * NOTES
 *	  access.c decides by these rights.  A member is stored by its name, so
 *	  that a dump keeps the grants.  The name outlives DROP ROLE: a role that is
 *	  created later under the name of a dropped one has its rights.
 *
 *	  A change locks the folder's row against deletion, the grant, and last the
 *	  store's row, which makes the changes of the rights in one store follow
 *	  each other.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "query.h"

/* Bits that are stored without effect: free and busy times in a calendar. */
#define RIGHTS_WITHOUT_EFFECT	0x1800

/* ----------------------------------------------------------------- changes */

/*
 * Return the name under which the member of argument n is stored, palloc'd.
 * Raise MAPI_E_INVALID_PARAMETER if the argument is NULL or empty.
 */
static char *
member_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *member;

	REQUIRE_ARG(n, "member");
	member = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (member[0] == '\0')
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("argument \"member\" must not be empty")));
	if (pg_strcasecmp(member, ACCESS_PUBLIC) == 0)
		return pstrdup(ACCESS_PUBLIC);
	return member;
}

/*
 * Return the oid of a member, InvalidOid for PUBLIC.  Raise an error if there
 * is no such role.
 */
static Oid
member_role(const char *member)
{
	return strcmp(member, ACCESS_PUBLIC) == 0 ? InvalidOid :
		get_role_oid(member, false);
}

/*
 * Return rights with the rights that they imply.  Raise
 * MAPI_E_INVALID_PARAMETER for an unknown bit.
 */
static uint32
complete_rights(uint32 rights)
{
	uint32		unknown = rights & ~(RIGHTS_ALL | RIGHTS_WITHOUT_EFFECT);

	if (unknown != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("unknown rights 0x%X", unknown)));
	if (rights & RIGHT_EDIT_ANY)
		rights |= RIGHT_EDIT_OWNED;
	if (rights & RIGHT_DELETE_ANY)
		rights |= RIGHT_DELETE_OWNED;
	if (rights & (RIGHT_READ_ANY | RIGHT_FOLDER_OWNER))
		rights |= RIGHT_FOLDER_VISIBLE;
	return rights;
}

/*
 * Prepare a change of the rights in a folder: lock the folder against deletion,
 * and the store against other changes of rights.  Raise MAPI_E_NO_ACCESS or
 * MAPI_E_NOT_FOUND unless the current role has FOLDER_OWNER, also if the right
 * was taken away while we waited.
 */
static void
begin_change(int64 store_id, int64 folder_id)
{
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_OWNER);
	if (!parent_lock_any_folder(store_id, folder_id))
		store_raise_no_folder(store_id, folder_id);
	access_lock(store_id);
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_OWNER);
}

/*
 * grant_folder(store_id, folder_id, member, rights)
 *
 * Give a role, or PUBLIC, these rights in a folder in place of those that it
 * was granted there before.  The rights that they imply are added.  Rights
 * without any bit are a grant too, which shuts the role out of the rights of
 * PUBLIC.
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS without
 * FOLDER_OWNER, MAPI_E_INVALID_PARAMETER for an unknown bit, and PostgreSQL's
 * error for a role that does not exist.
 */
PG_FUNCTION_INFO_V1(grant_folder);
Datum
grant_folder(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	char	   *member;
	uint32		rights;
	Datum		values[4];

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	REQUIRE_ARG(3, "rights");
	member = member_argument(fcinfo, 2);
	rights = complete_rights(PG_GETARG_UINT32(3));
	call_require_write("grant_folder()");

	begin_change(store_id, folder_id);
	(void) member_role(member);
	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(folder_id);
	values[2] = CStringGetTextDatum(member);
	values[3] = UInt32GetDatum(rights);
	SPI_connect();
	query_run(QUERY_RIGHTS_SET, values, NULL);
	SPI_finish();
	access_changed(store_id);
	tree_rights_changed(store_id, folder_id, false);
	PG_RETURN_VOID();
}

/*
 * revoke_folder(store_id, folder_id, member)
 *
 * Delete the grant to a role, or to PUBLIC, in a folder.  The role need not
 * exist any more.
 *
 * Errors: MAPI_E_NOT_FOUND for store, folder or grant, MAPI_E_NO_ACCESS
 * without FOLDER_OWNER.
 */
PG_FUNCTION_INFO_V1(revoke_folder);
Datum
revoke_folder(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	char	   *member;
	Datum		values[3];
	bool		found;

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	member = member_argument(fcinfo, 2);
	call_require_write("revoke_folder()");

	begin_change(store_id, folder_id);
	values[0] = Int64GetDatum(store_id);
	values[1] = Int64GetDatum(folder_id);
	values[2] = CStringGetTextDatum(member);
	SPI_connect();
	found = query_run(QUERY_RIGHTS_REVOKE, values, NULL) > 0;
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_FOUND),
				 errmsg("\"%s\" is granted nothing in folder %lld of store %lld",
						member, (long long) folder_id, (long long) store_id)));
	access_changed(store_id);
	tree_rights_changed(store_id, folder_id, false);
	PG_RETURN_VOID();
}

/*
 * give_store(store_id, owner)
 *
 * Make another role the owner of a store.  As with ALTER ... OWNER TO, the
 * current role must own the store and be a member of the new owner.
 *
 * Errors: MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER for an empty name, and PostgreSQL's error for a
 * role that does not exist.
 */
PG_FUNCTION_INFO_V1(give_store);
Datum
give_store(PG_FUNCTION_ARGS)
{
	int64		store_id;
	char	   *owner;
	Datum		values[2];

	store_id = call_number(fcinfo, 0, "store_id");
	call_require_write("give_store()");
	access_require_owner(store_id);
	owner = store_owner_argument(fcinfo, 1);
	access_lock(store_id);
	access_require_owner(store_id);
	values[0] = Int64GetDatum(store_id);
	values[1] = CStringGetTextDatum(owner);
	SPI_connect();
	query_run(QUERY_STORE_OWNER, values, NULL);
	SPI_finish();
	access_changed(store_id);
	tree_rights_changed(store_id, store_special_folder(store_id, "Root"), true);
	PG_RETURN_VOID();
}

/* ----------------------------------------------------------------- showing */

/*
 * effective_rights(store_id, folder_id, member) → folder_rights
 *
 * Return the rights that a role, PUBLIC, or with NULL the current role has in
 * a folder.
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, also if the current role does
 * not see the folder, MAPI_E_NO_ACCESS if it may not use the store, and
 * PostgreSQL's error for a role that does not exist.
 */
PG_FUNCTION_INFO_V1(effective_rights);
Datum
effective_rights(PG_FUNCTION_ARGS)
{
	int64		store_id;
	int64		folder_id;
	Oid			role = GetUserId();

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	store_require_folder(store_id, folder_id);
	if (!PG_ARGISNULL(2))
		role = member_role(member_argument(fcinfo, 2));
	PG_RETURN_UINT32(access_folder_of(store_id, folder_id, role));
}

/*
 * may_use_store(store_id) → boolean
 *
 * Return true if the current role sees a folder of the store, false if it sees
 * none or if the store does not exist.  Never raises an error: the views use
 * the function as a filter.
 */
PG_FUNCTION_INFO_V1(may_use_store);
Datum
may_use_store(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(access_store(PG_GETARG_INT64(0), RIGHT_FOLDER_VISIBLE));
}

/*
 * folder_visible(store_id, folder_id) → boolean
 *
 * Return true if the current role sees the folder: the filter of the views.
 */
PG_FUNCTION_INFO_V1(folder_visible);
Datum
folder_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(access_sees_folder(PG_GETARG_INT64(0), PG_GETARG_INT64(1)));
}

/*
 * message_readable(store_id, folder_id, creator) → boolean
 *
 * Return true if the current role may read a message of the folder that a role
 * named "creator" made: the filter of the views.
 */
PG_FUNCTION_INFO_V1(message_readable);
Datum
message_readable(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(access_message(PG_GETARG_INT64(0), PG_GETARG_INT64(1),
								  PG_GETARG_DATUM(2), ACCESS_TO_READ));
}

/* The answer of history_readable() to its last question in a query. */
typedef struct LastAnswer
{
	int64		store_id;
	int64		message_id;
	bool		readable;
} LastAnswer;

/*
 * history_readable(store_id, message_id) → boolean
 *
 * Return true if the current role may read the changes of a message, which may
 * be deleted: the filter of the views.  The changes of one message follow each
 * other, so the last answer is kept for the rest of the query.
 */
PG_FUNCTION_INFO_V1(history_readable);
Datum
history_readable(PG_FUNCTION_ARGS)
{
	int64		store_id = PG_GETARG_INT64(0);
	int64		message_id = PG_GETARG_INT64(1);
	LastAnswer *last = fcinfo->flinfo->fn_extra;

	if (last == NULL)
		last = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
								   sizeof(LastAnswer));
	if (last->store_id != store_id || last->message_id != message_id)
	{
		MessageRow	row;
		MessageView view;

		last->message_id = 0;
		messagerow_begin_read(&row, GetActiveSnapshot());
		last->readable = view_find(&view, store_id, message_id, &row) ?
			view_readable(&view) : access_is_owner(store_id);
		messagerow_end_read(&row);
		last->store_id = store_id;
		last->message_id = message_id;
	}
	PG_RETURN_BOOL(last->readable);
}

/*
 * owns_store(store_id) → boolean
 *
 * Return true if the current role owns the store, itself and not as a member
 * of the owner: the filter of view parked.
 */
PG_FUNCTION_INFO_V1(owns_store);
Datum
owns_store(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(access_owns_itself(PG_GETARG_INT64(0)));
}

/*
 * role_may_edit(store_id, folder_id, role) → boolean
 *
 * Return true if store and role exist and the role may edit messages in the
 * folder, or in any folder of the store if folder_id is NULL.  NULL for any
 * other NULL.
 */
PG_FUNCTION_INFO_V1(role_may_edit);
Datum
role_may_edit(PG_FUNCTION_ARGS)
{
	Oid			role;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	role = get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(2)), true);
	PG_RETURN_BOOL(OidIsValid(role) &&
				   access_role_edits(PG_GETARG_INT64(0),
									 PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1),
									 role));
}
