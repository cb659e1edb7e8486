/*-------------------------------------------------------------------------
 *
 * container.c
 *	  The properties of folders and stores.
 *
 * NOTES
 *	  Properties that a client sets are kept in a bag of the row (column props)
 *	  and are committed with the call's transaction; there is no handle and no
 *	  save.  The others are computed: the tables below have one line for each.
 *	  A client cannot set these, except for the name of a folder.
 *
 *	  Numbers of messages and folders are those that the current role may know:
 *	  of a folder in which it may read any message, those of all messages, else
 *	  those of its own messages; of the folders below, those that it sees.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "query.h"
#include "value.h"

/* MAPI's types of folders, PR_FOLDER_TYPE */
#define FOLDER_ROOT		0
#define FOLDER_GENERIC	1
#define FOLDER_SEARCH	2

/* A folder or a store whose properties are shown. */
typedef struct Container
{
	FolderRow	row;			/* of a store: its id, name, owner, bag */
	uint32		rights;
	Reader		reader;			/* whose read state is shown */
	bool		has_counts;		/* "counts" is filled */
	FolderCounts counts;
} Container;

/* A computed property. */
typedef struct Computed
{
	const char *name;
	void		(*add) (Container *container, const char *name, BagList *list);
} Computed;

/* ----------------------------------------------------- computed properties */

static void
add_name(Container *container, const char *name, BagList *list)
{
	baglist_add_cstring(list, name, container->row.name,
						strlen(container->row.name));
}

static void
add_time(BagList *list, const char *name, TimestampTz time)
{
	char	   *text = palloc(VALUE_TIME_SIZE);

	systime_text(time, text);
	baglist_add_cstring(list, name, text, strlen(text));
}

static void
add_created(Container *container, const char *name, BagList *list)
{
	add_time(list, name, container->row.created_at);
}

static void
add_modified(Container *container, const char *name, BagList *list)
{
	add_time(list, name, container->row.modified_at);
}

static void
add_modifier(Container *container, const char *name, BagList *list)
{
	baglist_add_cstring(list, name, container->row.modifier,
						strlen(container->row.modifier));
}

static void
add_store_entryid(Container *container, const char *name, BagList *list)
{
	computed_add_entryid(container->row.store_id, list, name, MAPI_STORE,
						 container->row.store_id);
}

static void
add_folder_entryid(Container *container, const char *name, BagList *list)
{
	computed_add_entryid(container->row.store_id, list, name, MAPI_FOLDER,
						 container->row.folder_id);
}

static void
add_parent_entryid(Container *container, const char *name, BagList *list)
{
	int64		parent_id = container->row.parent_id;

	if (parent_id != 0 && access_sees_folder(container->row.store_id,
											 parent_id))
		computed_add_entryid(container->row.store_id, list, name, MAPI_FOLDER,
							 parent_id);
}

static void
add_source_key(Container *container, const char *name, BagList *list)
{
	computed_add_key(container->row.store_id, list, name, KEYED_FOLDER,
					 container->row.folder_id);
}

static void
add_change_key(Container *container, const char *name, BagList *list)
{
	computed_add_key(container->row.store_id, list, name, KEYED_CHANGE,
					 container->row.change_number);
}

static void
add_change_number(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, container->row.change_number);
}

static void
add_object_type(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, container->row.folder_id == 0 ? MAPI_STORE :
					MAPI_FOLDER);
}

static void
add_folder_type(Container *container, const char *name, BagList *list)
{
	Criteria	criteria;

	baglist_add_int(list, name, container->row.parent_id == 0 ? FOLDER_ROOT :
					criteria_read(container->row.store_id,
								  container->row.folder_id, &criteria) ?
					FOLDER_SEARCH : FOLDER_GENERIC);
}

static void
add_rights(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, container->rights);
}

/* Count the messages that a search folder lists. */
static void
search_counts(const FolderRow *row, FolderCounts *counts)
{
	counts->messages = list_count(row->store_id, row->folder_id, 0);
	counts->associated = list_count(row->store_id, row->folder_id,
									MAPI_ASSOCIATED);
	counts->deleted = list_count(row->store_id, row->folder_id,
								 SHOW_SOFT_DELETES);
	counts->deleted_associated = list_count(row->store_id, row->folder_id,
											SHOW_SOFT_DELETES |
											MAPI_ASSOCIATED);
}

/* Return the numbers of messages that the current role may know. */
static const FolderCounts *
counts(Container *container)
{
	const FolderRow *row = &container->row;
	Criteria	criteria;

	if (!container->has_counts)
	{
		if (criteria_read(row->store_id, row->folder_id, &criteria))
			search_counts(row, &container->counts);
		else if ((container->rights & RIGHT_READ_ANY) != 0)
			count_read(row->store_id, row->folder_id, &container->counts);
		else
			count_read_own(row->store_id, row->folder_id, &container->counts);
		container->has_counts = true;
	}
	return &container->counts;
}

static void
add_content_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, counts(container)->messages);
}

static void
add_unread_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, readstate_unread(container->row.store_id,
												 container->row.folder_id,
												 &container->reader));
}

static void
add_associated_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, counts(container)->associated);
}

static void
add_deleted_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, counts(container)->deleted);
}

static void
add_deleted_associated_count(Container *container, const char *name,
							 BagList *list)
{
	baglist_add_int(list, name, counts(container)->deleted_associated);
}

/*
 * Return the number of folders directly below that the current role sees;
 * "which" is as for tree_children().
 */
static int
count_children(const Container *container, int64 which)
{
	int64		store_id = container->row.store_id;
	int			count;
	int64	   *ids = tree_children(store_id, container->row.folder_id, which,
									&count);
	int			seen = 0;

	if (access_is_owner(store_id))
		return count;
	for (int i = 0; i < count; i++)
	{
		if (access_sees_folder(store_id, ids[i]))
			seen++;
	}
	return seen;
}

static void
add_child_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, count_children(container, TREE_LIVE));
}

static void
add_deleted_child_count(Container *container, const char *name, BagList *list)
{
	baglist_add_int(list, name, count_children(container, TREE_ALL) -
					count_children(container, TREE_LIVE));
}

static void
add_subfolders(Container *container, const char *name, BagList *list)
{
	baglist_add_bool(list, name, count_children(container, TREE_LIVE) > 0);
}

/* Add the entry id of a special folder. */
static void
add_special(Container *container, const char *name, BagList *list,
			const char *special)
{
	int64		store_id = container->row.store_id;
	int64		folder_id = store_special_folder(store_id, special);

	if (folder_id != 0 && access_sees_folder(store_id, folder_id))
		computed_add_entryid(store_id, list, name, MAPI_FOLDER, folder_id);
}

static void
add_root(Container *container, const char *name, BagList *list)
{
	add_special(container, name, list, "Root");
}

static void
add_outbox(Container *container, const char *name, BagList *list)
{
	add_special(container, name, list, "Outbox");
}

static void
add_sent(Container *container, const char *name, BagList *list)
{
	add_special(container, name, list, "Sent Items");
}

static void
add_deleted(Container *container, const char *name, BagList *list)
{
	add_special(container, name, list, "Deleted Items");
}

static const Computed folder_computed[] = {
	{"PR_DISPLAY_NAME", add_name},
	{"PR_OBJECT_TYPE", add_object_type},
	{"PR_FOLDER_TYPE", add_folder_type},
	{"PR_ENTRYID", add_folder_entryid},
	{"PR_RECORD_KEY", add_folder_entryid},
	{"PR_PARENT_ENTRYID", add_parent_entryid},
	{"PR_STORE_ENTRYID", add_store_entryid},
	{"PR_STORE_RECORD_KEY", add_store_entryid},
	{"PR_SOURCE_KEY", add_source_key},
	{"PR_CHANGE_KEY", add_change_key},
	{"PidTagChangeNumber", add_change_number},
	{"PR_CREATION_TIME", add_created},
	{"PR_LAST_MODIFICATION_TIME", add_modified},
	{"PR_LOCAL_COMMIT_TIME", add_modified},
	{"PR_LAST_MODIFIER_NAME", add_modifier},
	{"PR_RIGHTS", add_rights},
	{"PR_CONTENT_COUNT", add_content_count},
	{"PR_CONTENT_UNREAD", add_unread_count},
	{"PR_ASSOC_CONTENT_COUNT", add_associated_count},
	{"PR_DELETED_MSG_COUNT", add_deleted_count},
	{"PR_DELETED_ASSOC_MSG_COUNT", add_deleted_associated_count},
	{"PR_FOLDER_CHILD_COUNT", add_child_count},
	{"PR_DELETED_FOLDER_COUNT", add_deleted_child_count},
	{"PR_SUBFOLDERS", add_subfolders}
};

static const Computed store_computed[] = {
	{"PR_DISPLAY_NAME", add_name},
	{"PR_OBJECT_TYPE", add_object_type},
	{"PR_ENTRYID", add_store_entryid},
	{"PR_RECORD_KEY", add_store_entryid},
	{"PR_STORE_ENTRYID", add_store_entryid},
	{"PR_STORE_RECORD_KEY", add_store_entryid},
	{"PR_MAILBOX_OWNER_NAME", add_modifier},
	{"PR_CREATION_TIME", add_created},
	{"PR_IPM_SUBTREE_ENTRYID", add_root},
	{"PR_IPM_OUTBOX_ENTRYID", add_outbox},
	{"PR_IPM_SENTMAIL_ENTRYID", add_sent},
	{"PR_IPM_WASTEBASKET_ENTRYID", add_deleted}
};

/* ----------------------------------------------------------------- reading */

/* Return the computed property of a name, which has len bytes, or NULL. */
static const Computed *
find_computed(const Computed *table, int count, const char *name, int len)
{
	for (int i = 0; i < count; i++)
	{
		if (strlen(table[i].name) == len &&
			memcmp(table[i].name, name, len) == 0)
			return &table[i];
	}
	return NULL;
}

/* Add the properties that are named in "tags", each once. */
static void
add_tags(Container *container, const Computed *table, int count,
		 ArrayType *tags, BagList *list)
{
	Datum	   *names;
	bool	   *nulls;
	int			nnames;
	NameSet		seen;

	nameset_init(&seen);
	deconstruct_array(tags, TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &nnames);
	for (int i = 0; i < nnames; i++)
	{
		Property	prop;
		const Computed *computed;
		JsonbValue	value;
		text	   *tag;

		if (nulls[i])
			ereport(ERROR,
					(errmapi(MAPI_E_INVALID_PARAMETER),
					 errmsg("a property name in \"tags\" is NULL")));
		tag = DatumGetTextPP(names[i]);
		if (!spelling_resolve_read(VARDATA_ANY(tag), VARSIZE_ANY_EXHDR(tag),
								   &prop) ||
			!nameset_add(&seen, pnstrdup(prop.name, prop.namelen)))
			continue;
		computed = find_computed(table, count, prop.name, prop.namelen);
		if (computed != NULL)
			computed->add(container, computed->name, list);
		else if (bag_find(container->row.props, prop.name, &value))
			baglist_add_value(list, prop.name, prop.namelen, &value);
	}
}

/*
 * Return the properties in argument n, "tags" (NULL: all), as a JSON object
 * keyed by canonical name.
 */
static Jsonb *
show(FunctionCallInfo fcinfo, int n, Container *container,
	 const Computed *table, int count)
{
	BagList		list;

	baglist_init(&list, count);
	if (!PG_ARGISNULL(n))
		add_tags(container, table, count, PG_GETARG_ARRAYTYPE_P(n), &list);
	else
	{
		int			nentries;
		BagEntry   *entries = bag_entries(container->row.props, &nentries);

		for (int i = 0; i < nentries; i++)
			baglist_add(&list, &entries[i]);
		for (int i = 0; i < count; i++)
			table[i].add(container, table[i].name, &list);
	}
	return baglist_build(&list);
}

/*
 * get_folder_props(store_id, folder_id, tags, actor) → jsonb
 *
 * Return the properties of a folder as they are committed by now.  Only
 * PR_CONTENT_UNREAD depends on the actor.
 *
 * Errors: MAPI_E_NOT_FOUND, also for a deleted folder; MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER for an unknown name.
 */
PG_FUNCTION_INFO_V1(get_folder_props);
Datum
get_folder_props(PG_FUNCTION_ARGS)
{
	Container	container = {0};
	int64		store_id;
	int64		folder_id;

	store_id = call_number(fcinfo, 0, "store_id");
	folder_id = call_number(fcinfo, 1, "folder_id");
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
	container.rights = access_folder(store_id, folder_id);
	folder_read_live(&container.row, store_id, folder_id, TREE_READ);
	state_reader(&container.reader, call_actor(fcinfo, 3));
	PG_RETURN_JSONB_P(show(fcinfo, 2, &container, folder_computed,
						   lengthof(folder_computed)));
}

/* Read the row of a store, in the form of the row of a folder. */
static void
read_store(int64 store_id, FolderRow *row)
{
	Datum		values[1] = {Int64GetDatum(store_id)};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	HeapTuple	tuple;
	TupleDesc	desc;
	bool		isnull;

	memset(row, 0, sizeof(FolderRow));
	row->store_id = store_id;
	SPI_connect();
	if (query_run(QUERY_STORE_PROPS, values, NULL) != 1)
		elog(ERROR, "store " INT64_FORMAT " has no row", store_id);
	tuple = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	spi = MemoryContextSwitchTo(caller);
	row->props = DatumGetJsonbPCopy(SPI_getbinval(tuple, desc, 1, &isnull));
	row->name = TextDatumGetCString(SPI_getbinval(tuple, desc, 2, &isnull));
	row->modifier = TextDatumGetCString(SPI_getbinval(tuple, desc, 3,
													  &isnull));
	row->created_at =
		DatumGetTimestampTz(SPI_getbinval(tuple, desc, 4, &isnull));
	MemoryContextSwitchTo(spi);
	SPI_finish();
}

/*
 * get_store_props(store_id, tags) → jsonb
 *
 * Return the properties of a store as they are committed by now.  Errors:
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS if the role sees no folder of the store,
 * MAPI_E_INVALID_PARAMETER for an unknown name.
 */
PG_FUNCTION_INFO_V1(get_store_props);
Datum
get_store_props(PG_FUNCTION_ARGS)
{
	Container	container = {0};

	access_require_store(call_number(fcinfo, 0, "store_id"), RIGHT_FOLDER_VISIBLE);
	read_store(call_number(fcinfo, 0, "store_id"), &container.row);
	PG_RETURN_JSONB_P(show(fcinfo, 1, &container, store_computed,
						   lengthof(store_computed)));
}

/* ----------------------------------------------------------------- setting */

/*
 * Check one member of a patch, and add it to *props; the name of a folder is
 * returned in *name instead, unless "name" is NULL.
 */
static void
check_member(const BagEntry *entry, const Computed *table, int count,
			 BagList *props, char **name)
{
	Property	prop;
	JsonbValue	value;

	spelling_resolve(entry->key, entry->keylen, &prop);
	entry_value(entry, &value);
	if (name != NULL && strcmp(prop.name, "PR_DISPLAY_NAME") == 0 &&
		value.type != jbvNull)
	{
		property_check(&prop, &value);
		*name = pnstrdup(value.val.string.val, value.val.string.len);
		return;
	}
	if (prop.rule != RULE_STORED || prop.part != PART_PROPS ||
		find_computed(table, count, prop.name, prop.namelen) != NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_COMPUTED),
				 errmsg("property %s cannot be set on a folder or store",
						prop.name),
				 errhint("Omit this property from the call.")));
	if (value.type != jbvNull)
		property_check(&prop, &value);
	baglist_add_value(props, prop.name, prop.namelen, &value);
}

/*
 * Check a patch and return the bag that it makes of "bag".  *touched are the
 * names of the properties that it sets or deletes, and *name is as for
 * check_member().
 */
static Jsonb *
apply_patch(Jsonb *patch, const Jsonb *bag, const Computed *table, int count,
			char **name, ArrayType **touched)
{
	BagEntry   *entries;
	int			nentries;
	BagList		props;
	const char *twice;
	Datum	   *names;
	int			len;
	int			subject;

	if (!JB_ROOT_IS_OBJECT(patch))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("properties must be a JSON object, not %s",
						JB_ROOT_IS_SCALAR(patch) ? "a scalar" : "an array")));
	entries = bag_entries(patch, &nentries);
	baglist_init(&props, nentries);
	for (int i = 0; i < nentries; i++)
		check_member(&entries[i], table, count, &props, name);
	twice = baglist_duplicate(&props, &len);
	if (twice != NULL)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("property %.*s is named more than once", len, twice)));
	names = palloc(sizeof(Datum) * Max(props.count, 1));
	for (int i = 0; i < props.count; i++)
		names[i] = PointerGetDatum(cstring_to_text_with_len(props.entries[i].key,
															props.entries[i].keylen));
	*touched = construct_array(names, props.count, TEXTOID, -1, false,
							   TYPALIGN_INT);
	patch = baglist_build(&props);
	retype_check(patch, NULL);
	return bag_splice(bag, retype_patch(bag, patch, &subject), false);
}

Jsonb *
container_checked(Jsonb *props)
{
	char	   *name = NULL;
	ArrayType  *touched;

	return apply_patch(props, bag_empty(), folder_computed,
					   lengthof(folder_computed), &name, &touched);
}

/* Do the work of set_folder_props(). */
static int64
set_props_of_folder(FunctionCallInfo fcinfo)
{
	FolderRow	row;
	int64		store_id;
	int64		folder_id;
	Jsonb	   *bag;
	ArrayType  *touched;
	char	   *name = NULL;
	int32		result;

	folder_arguments(fcinfo, "set_folder_props()", &store_id, &folder_id);
	REQUIRE_ARG(2, "props");
	folder_read_live(&row, store_id, folder_id, TREE_WRITE);
	access_require_folder(store_id, folder_id, RIGHT_FOLDER_OWNER);
	bag = apply_patch(PG_GETARG_JSONB_P(2), row.props, folder_computed,
					  lengthof(folder_computed), &name, &touched);
	if (name != NULL)
	{
		folder_check_name(name);
		result = folder_rename(&row, name);
		if (result != S_OK)
			return result;
	}
	if (ArrayGetNItems(ARR_NDIM(touched), ARR_DIMS(touched)) > 0)
	{
		row.props = bag;
		tree_write(&row, CHANGE_PROPERTIES, touched);
	}
	return S_OK;
}

/*
 * set_folder_props(store_id, folder_id, props, actor) → hresult
 *
 * Set properties of a folder, all or nothing.  A null deletes; PR_DISPLAY_NAME
 * renames the folder.
 *
 * Returns S_OK, or as rename_folder() if the folder is to be renamed.  Errors:
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_COMPUTED, and the errors of
 * set_props() for "props".
 */
PG_FUNCTION_INFO_V1(set_folder_props);
Datum
set_folder_props(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) author_call(fcinfo, 3, set_props_of_folder));
}

/*
 * set_store_props(store_id, props)
 *
 * Set properties of a store, all or nothing; a null deletes.  Errors:
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS unless the role owns the store,
 * MAPI_E_COMPUTED, and the errors of set_props() for "props".
 */
PG_FUNCTION_INFO_V1(set_store_props);
Datum
set_store_props(PG_FUNCTION_ARGS)
{
	FolderRow	row;
	ArrayType  *touched;
	Datum		values[2];

	REQUIRE_ARG(1, "props");
	call_require_write("set_store_props()");
	access_require_owner(call_number(fcinfo, 0, "store_id"));
	access_lock(call_number(fcinfo, 0, "store_id"));
	read_store(call_number(fcinfo, 0, "store_id"), &row);
	values[0] = Int64GetDatum(row.store_id);
	values[1] = JsonbPGetDatum(apply_patch(PG_GETARG_JSONB_P(1), row.props,
										   store_computed,
										   lengthof(store_computed), NULL,
										   &touched));
	SPI_connect();
	query_run(QUERY_STORE_SET_PROPS, values, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}
