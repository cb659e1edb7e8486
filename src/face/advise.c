/*-------------------------------------------------------------------------
 *
 * advise.c
 *	  Notifications: the events of a store, a folder or a message, for a session
 *	  that asks for them.
 *
 * NOTES
 *	  A connection of advise() is a position in the feed (feed.c) with a filter.
 *	  poll_notifications() makes events from what is new there, and moves the
 *	  position.  So a session gets events of others and of its own, in order,
 *	  once they are committed, and only about what it may read.
 *
 *	  Connections live in the session, and belong to the role that made them.
 *	  msgstore.handles holds for them as for handles: they end with the session
 *	  or with the transaction, or cannot be made; DISCARD ALL ends them.  Unlike
 *	  handles, they do not follow a rollback: events that were returned have
 *	  been seen.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define NUM_COLUMNS		9

#define EVENTS_ALL \
	(EVENT_NEW_MAIL | EVENT_OBJECT_CREATED | EVENT_DELETED | \
	 EVENT_MODIFIED | EVENT_MOVED | EVENT_COPIED | EVENT_SEARCH_COMPLETE | \
	 EVENT_TABLE_MODIFIED)

/* A connection; its memory is its own context. */
typedef struct Connection
{
	int32		number;
	int64		folder_id;		/* 0: any */
	int64		message_id;		/* 0: any */
	uint32		events;			/* EVENT_* */
	Oid			role;			/* the role that made it */
	bool		transactional;	/* ends with its transaction */
	Oid			relation;		/* the table store when it was made */
	Token		token;
	MemoryContext seen_memory;	/* of the token's snapshot */
	MemoryContext context;
	dlist_node	node;
} Connection;

static dlist_head connections = DLIST_STATIC_INIT(connections);
static int	connection_count = 0;

/* The events of a kind of change. */
static const struct
{
	const char *kind;
	uint32		event;			/* 0: none but that of the table */
	const char *table_event;
}			kinds[] =

{
	{"create", EVENT_OBJECT_CREATED, "ROW_ADDED"},
	{"copy", EVENT_COPIED, "ROW_ADDED"},
	{"restore", EVENT_OBJECT_CREATED, "ROW_ADDED"},
	{"import", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"save", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"force", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"merge", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"submit", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"read", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"status", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"move", EVENT_MOVED, "ROW_ADDED"},
	{"delete", EVENT_DELETED, "ROW_DELETED"},
	{"gone", EVENT_DELETED, "ROW_DELETED"},
	{"read_folder", 0, "CHANGED"},
	{"rights", 0, "CHANGED"},
	{"folder_create", EVENT_OBJECT_CREATED, "ROW_ADDED"},
	{"folder_restore", EVENT_OBJECT_CREATED, "ROW_ADDED"},
	{"folder_rename", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"folder_properties", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"folder_import", EVENT_MODIFIED, "ROW_MODIFIED"},
	{"folder_move", EVENT_MOVED, "ROW_MODIFIED"},
	{"folder_delete", EVENT_DELETED, "ROW_DELETED"}
};

/* ------------------------------------------------------------- connections */

static void
end_connection(Connection *connection)
{
	dlist_delete(&connection->node);
	connection_count--;
	MemoryContextDelete(connection->context);
}

/*
 * End the connections of the transaction that has ended, or all of them.
 * Frees memory only, so that it cannot fail.
 */
static void
end_connections(bool all)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &connections)
	{
		Connection *connection = dlist_container(Connection, node, iter.cur);

		if (all || connection->transactional)
			end_connection(connection);
	}
}

/*
 * Return the connection whose number is argument 0.  Raise
 * MAPI_E_INVALID_OBJECT if the current role has no such connection in this
 * session.
 */
static Connection *
connection_argument(FunctionCallInfo fcinfo)
{
	dlist_iter	iter;

	REQUIRE_ARG(0, "connection");
	dlist_foreach(iter, &connections)
	{
		Connection *connection = dlist_container(Connection, node, iter.cur);

		if (connection->number == PG_GETARG_INT32(0) &&
			connection->role == GetUserId() &&
			connection->relation == relation_oid(REL_STORE))
			return connection;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_OBJECT),
			 errmsg("connection %d is not open", PG_GETARG_INT32(0)),
			 errhint("A connection of advise() belongs to the session and the role that made it. The setting msgstore.handles limits it to its transaction.")));
}

/* Keep a token in a connection, in place of the one that it has. */
static void
keep_token(Connection *connection, const Token *token)
{
	MemoryContext memory = AllocSetContextCreate(connection->context,
												 "msgstore feed position",
												 ALLOCSET_SMALL_SIZES);
	Seen	   *from = &connection->token.from;
	uint64	   *running;

	running = MemoryContextAlloc(memory,
								 sizeof(uint64) * (token->from.count + 1));
	if (token->from.count > 0)
		memcpy(running, token->from.running,
			   sizeof(uint64) * token->from.count);
	connection->token = *token;
	from->running = running;
	memset(&connection->token.to, 0, sizeof(Seen));
	if (connection->seen_memory != NULL)
		MemoryContextDelete(connection->seen_memory);
	connection->seen_memory = memory;
}

/* ------------------------------------------------------------------ events */

/* The result of poll_notifications() that is being made. */
typedef struct Events
{
	const Connection *connection;
	Tuplestorestate *result;
	TupleDesc	desc;
} Events;

/* Add an event, if the connection asks for it. */
static void
put_event(const Events *events, uint32 event, const FeedRow *row,
		  int64 folder_id, const char *table_event)
{
	Datum		values[NUM_COLUMNS];
	bool		nulls[NUM_COLUMNS] = {false};

	if ((events->connection->events & event) == 0)
		return;
	values[0] = UInt32GetDatum(event);
	values[1] = Int64GetDatum(row->message_id);
	nulls[1] = row->message_id == 0;
	values[2] = Int64GetDatum(folder_id);
	nulls[2] = folder_id == 0;
	values[3] = Int64GetDatum(row->old_folder_id);
	nulls[3] = row->old_folder_id == 0 || event != EVENT_MOVED;
	nulls[4] = table_event == NULL;
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(table_event);
	values[5] = Int64GetDatum(row->number);
	nulls[5] = row->number == 0;
	nulls[6] = row->changed_by == NULL;
	values[6] = nulls[6] ? (Datum) 0 : CStringGetTextDatum(row->changed_by);
	values[7] = TimestampTzGetDatum(row->changed_at);
	nulls[7] = row->changed_at == 0;
	values[8] = row->properties;
	nulls[8] = row->properties == (Datum) 0;
	tuplestore_putvalues(events->result, events->desc, values, nulls);
}

/* Return true if a connection is about a folder, or about all. */
static bool
is_about(const Connection *connection, int64 folder_id)
{
	return connection->folder_id == 0 || connection->folder_id == folder_id;
}

/*
 * Add the events of the tables in which a change shows: the contents of the
 * folder of a message, or the list of folders.
 */
static void
put_table_events(const Events *events, const FeedRow *row,
				 const char *table_event)
{
	const Connection *connection = events->connection;

	if (connection->message_id != 0)
		return;
	if (row->old_folder_id != 0 && row->message_id != 0 &&
		is_about(connection, row->old_folder_id))
		put_event(events, EVENT_TABLE_MODIFIED, row, row->old_folder_id,
				  "ROW_DELETED");
	if (is_about(connection, row->folder_id))
		put_event(events, EVENT_TABLE_MODIFIED, row, row->folder_id,
				  table_event);
}

/* FeedSink: add the events of a change. */
static void
notify(const FeedRow *row, void *arg)
{
	const Events *events = arg;
	const Connection *connection = events->connection;
	const char *kind = row->kind;

	/* a message of another store is new, the first time */
	if (row->is_first && strcmp(kind, "import") == 0)
		kind = "restore";
	else if (row->is_first && strcmp(kind, "folder_import") == 0)
		kind = "folder_create";
	if (connection->message_id != 0 &&
		connection->message_id != row->message_id)
		return;
	if (!is_about(connection, row->folder_id) &&
		(row->old_folder_id == 0 ||
		 !is_about(connection, row->old_folder_id)))
		return;
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		put_event(events, kinds[i].event, row, row->folder_id, NULL);
		if (strcmp(row->kind, "create") == 0 &&
			(row->message_flags &
			 (MSGFLAG_UNSENT | MSGFLAG_ASSOCIATED)) == 0)
			put_event(events, EVENT_NEW_MAIL, row, row->folder_id, NULL);
		put_table_events(events, row, kinds[i].table_event);
		return;
	}
	elog(ERROR, "unexpected kind \"%s\" of the feed", row->kind);
}

/* ------------------------------------------------------------------- calls */

/*
 * Return argument n, an id, or 0 for NULL.  Raise MAPI_E_INVALID_PARAMETER for
 * an id that nothing has.
 */
static int64
id_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		return 0;
	if (call_number(fcinfo, n, name) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"%s\" must be positive", name)));
	return PG_GETARG_INT64(n);
}

/*
 * advise(store_id, folder_id, message_id, events) → integer
 *
 * Begin to collect the events of a store, of a folder and the messages in it,
 * or of a message, from now on, and return the number of the connection.
 *
 * Errors: MAPI_E_NOT_FOUND for store, folder or message, MAPI_E_NO_ACCESS,
 * MAPI_E_UNKNOWN_FLAGS for an unknown event, MAPI_E_INVALID_PARAMETER for no
 * event, MAPI_E_NO_SUPPORT if msgstore.handles is off or on a subscriber,
 * MAPI_E_NOT_ENOUGH_RESOURCES for more than msgstore.max_open_handles.
 */
PG_FUNCTION_INFO_V1(advise);
Datum
advise(PG_FUNCTION_ARGS)
{
	Token		token;
	Connection *connection;
	MemoryContext context;
	int64		store_id = call_number(fcinfo, 0, "store_id");
	int64		folder_id = id_argument(fcinfo, 1, "folder_id");
	int64		message_id = id_argument(fcinfo, 2, "message_id");
	uint32		events;

	REQUIRE_ARG(3, "events");
	events = PG_GETARG_UINT32(3);
	if ((events & ~EVENTS_ALL) != 0)
		ereport(ERROR,
				(errmapi(MAPI_E_UNKNOWN_FLAGS),
				 errmsg("unknown events 0x%X", events & ~EVENTS_ALL)));
	if (events == 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"events\" must have an event")));
	handle_require_allowed();
	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	if (folder_id != 0)
	{
		access_require_folder(store_id, folder_id, RIGHT_FOLDER_VISIBLE);
		store_require_folder(store_id, folder_id);
	}
	if (message_id != 0)
		view_require_message(store_id, message_id);
	if (connection_count >= handle_max_open)
		ereport(ERROR,
				(errmapi(MAPI_E_NOT_ENOUGH_RESOURCES),
				 errmsg("this session has %d connections open already",
						connection_count),
				 errhint("End connections with unadvise(), or raise msgstore.max_open_handles.")));

	feed_begin(&token, store_id);
	handle_watch_end(end_connections);
	context = AllocSetContextCreate(TopMemoryContext, "msgstore advise",
									ALLOCSET_SMALL_SIZES);
	connection = MemoryContextAllocZero(context, sizeof(Connection));
	connection->context = context;
	connection->number = handle_new_number();
	connection->folder_id = folder_id;
	connection->message_id = message_id;
	connection->events = events;
	connection->role = GetUserId();
	connection->transactional = handle_mode == HANDLES_TRANSACTION;
	connection->relation = relation_oid(REL_STORE);
	keep_token(connection, &token);
	dlist_push_tail(&connections, &connection->node);
	connection_count++;
	PG_RETURN_INT32(connection->number);
}

/*
 * poll_notifications(connection)
 * → (event, message_id, folder_id, old_folder_id, table_event, change_number,
 *	  changed_by, changed_at, properties)
 *
 * Return the events since the last call, in order, and forget them.
 *
 * Errors: MAPI_E_INVALID_OBJECT for a connection that is not open,
 * MAPI_E_NO_ACCESS if the role may not use the store any more, and those of
 * changes_since().
 */
PG_FUNCTION_INFO_V1(poll_notifications);
Datum
poll_notifications(PG_FUNCTION_ARGS)
{
	Connection *connection = connection_argument(fcinfo);
	Token		token = connection->token;
	Events		events;

	access_require_store(token.store_id, RIGHT_FOLDER_VISIBLE);
	events.connection = connection;
	events.result = call_begin_set(fcinfo, &events.desc);
	feed_follow(&token, notify, &events);
	keep_token(connection, &token);
	return (Datum) 0;
}

/*
 * unadvise(connection)
 *
 * End a connection.  Errors: MAPI_E_INVALID_OBJECT if it is not open.
 */
PG_FUNCTION_INFO_V1(unadvise);
Datum
unadvise(PG_FUNCTION_ARGS)
{
	end_connection(connection_argument(fcinfo));
	PG_RETURN_VOID();
}
