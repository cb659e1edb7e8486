/*-------------------------------------------------------------------------
 *
 * feed.c
 *	  The feed: the changes of a store in order, from any point on.
 *
 * NOTES
 *	  A reader keeps a token (position.c).  A pass gives the changes that are
 *	  new at its first call; it may take many calls, each of which gives a page
 *	  and goes on at the place in the token.  A reader without a token first
 *	  gets a listing of the folders and messages that it may read, and then the
 *	  changes that were made during the listing.
 *
 *	  Rights are those of the moment of the call.  The changes of a message are
 *	  given to whoever may read the message now.  A reader that may read it no
 *	  more, because it was moved, gets a row of kind gone in place of the move;
 *	  where the right was taken away, the folder has a row of kind rights, and
 *	  is to be listed anew.  A page may therefore be shorter than what was read
 *	  for it.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/table.h"
#include "access/transam.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/xid8.h"

#include "query.h"

#define NUM_COLUMNS		9
#define BATCH			1000

/* A call of changes_since(). */
typedef struct Feed
{
	int64		store_id;
	int64		folder_id;		/* 0: of the whole store */
	Reader		reader;
	Token		token;			/* as the last row has it */
	TokenText	text;
	int64		left;			/* rows that may still be given */
	Tuplestorestate *result;
	TupleDesc	desc;
	FeedSink	sink;			/* takes the rows, in place of "result" */
	void	   *sink_arg;
	Relation	change;
	TupleTableSlot *slot;		/* for rows of change */
	MessageRow	row;
	MemoryContext row_memory;	/* reset for every row */
} Feed;

/* ------------------------------------------------------------------ errors */

/*
 * Raise MAPI_E_NO_SUPPORT in a database whose tables a subscription fills: the
 * transactions in the rows are those of the publisher.
 */
static void
refuse_subscriber(void)
{
	static const StoreRelation sources[] = {REL_CHANGE, REL_MESSAGE_STATUS,
	REL_READ_MARK};

	for (int i = 0; i < lengthof(sources); i++)
	{
		Oid			relid = relation_oid(sources[i]);
		CatCList   *list = SearchSysCacheList1(SUBSCRIPTIONRELMAP,
											   ObjectIdGetDatum(relid));
		int			count = list->n_members;

		ReleaseSysCacheList(list);
		if (count > 0)
			ereport(ERROR,
					(errmapi(MAPI_E_NO_SUPPORT),
					 errmsg("a subscription of this database changes the tables of msgstore"),
					 errhint("Read the feed on the publisher, or drop the subscription.")));
	}
}

pg_noreturn static void
raise_list_anew(const char *reason)
{
	ereport(ERROR,
			(errmapi(MAPI_E_UNABLE_TO_COMPLETE),
			 errmsg("%s", reason),
			 errhint("Call changes_since() with NULL as token, and list the store anew.")));
}

/* Read the token of argument 1 into the feed, and check that it is its own. */
static void
read_token(FunctionCallInfo fcinfo, Feed *feed)
{
	text	   *given = PG_GETARG_TEXT_PP(1);
	Token	   *token = &feed->token;

	if (!position_read(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), token))
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"token\" is not a token of the feed: \"%s\"",
						text_shown(VARDATA_ANY(given),
								   VARSIZE_ANY_EXHDR(given)))));
	if (token->store_id != feed->store_id)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"token\" is a token of another store")));
	if (token->phase != TOKEN_REST && token->folder_id != feed->folder_id)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"token\" belongs to a pass with another folder_id"),
				 errhint("Give the same folder_id until a row of kind end comes.")));
}

/*
 * Raise MAPI_E_UNABLE_TO_COMPLETE if a change that a reader has not seen was
 * pruned, and no later change makes up for it: a change of place.  "now" is the
 * snapshot of the call.
 */
static void
check_pruned(const Feed *feed, const Seen *now)
{
	const Seen *from = &feed->token.from;
	Datum		value = Int64GetDatum(feed->store_id);
	bool		lost = false;

	SPI_connect();
	if (query_run(QUERY_FEED_PRUNED, &value, NULL) > 0)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		int64		incarnation =
		DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
		uint64		xid =
		U64FromFullTransactionId(DatumGetFullTransactionId(SPI_getbinval(tuple,
																		 desc, 2, &isnull)));

		lost = incarnation > from->incarnation;
		if (incarnation == from->incarnation)
		{
			lost = !position_seen(from, xid);
			for (int i = 0; i < from->count && from->running[i] < xid; i++)
				lost = lost || position_seen(now, from->running[i]);
		}
	}
	SPI_finish();
	if (lost)
		raise_list_anew("changes that are newer than the token have been pruned");
}

/* -------------------------------------------------------------------- rows */

/* Set a text, or NULL. */
static void
set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Set an id or a number, or NULL for 0. */
static void
set_number(Datum *value, bool *isnull, int64 number)
{
	*isnull = number == 0;
	*value = Int64GetDatum(number);
}

/* Add a row to the result, with the token that goes on after it. */
static void
put(Feed *feed, const FeedRow *row)
{
	Datum		values[NUM_COLUMNS];
	bool		nulls[NUM_COLUMNS] = {false};

	feed->left--;
	if (feed->sink != NULL)
	{
		feed->sink(row, feed->sink_arg);
		return;
	}
	values[0] = position_text(&feed->text, &feed->token);
	set_number(&values[1], &nulls[1], row->message_id);
	set_number(&values[2], &nulls[2], row->folder_id);
	set_number(&values[3], &nulls[3], row->number);
	set_text(&values[4], &nulls[4], row->kind);
	set_text(&values[5], &nulls[5], row->changed_by);
	set_text(&values[6], &nulls[6], row->client);
	values[7] = TimestampTzGetDatum(row->changed_at);
	nulls[7] = row->changed_at == 0;
	values[8] = row->properties;
	nulls[8] = row->properties == (Datum) 0;
	tuplestore_putvalues(feed->result, feed->desc, values, nulls);
}

/* Add a row that names what is gone, and nothing else of it. */
static void
put_gone(Feed *feed, int64 message_id, int64 folder_id)
{
	FeedRow		gone;

	memset(&gone, 0, sizeof(gone));
	gone.message_id = message_id;
	gone.folder_id = folder_id;
	gone.kind = "gone";
	put(feed, &gone);
}

/* Return true if the feed is about a folder. */
static bool
covers(const Feed *feed, int64 folder_id)
{
	return feed->folder_id == 0 || feed->folder_id == folder_id;
}

/* Return true if a folder exists, deleted or not. */
static bool
folder_exists(const Feed *feed, int64 folder_id)
{
	FolderRow	folder;

	return tree_folder(&folder, feed->store_id, folder_id, TREE_READ);
}

/* Return the folder that a move took a message from, or 0. */
static int64
moved_from(const Feed *feed, const FoundRow *found)
{
	ChangeRow	change;
	JsonbValue	value;

	if (!changerow_fetch(&change, feed->change, feed->store_id,
						 found->row.message_id, found->row.number) ||
		!bag_find(change.undo.props, UNDO_FOLDER, &value))
		return 0;
	return integer_of_value(&value);
}

/*
 * Return true if an erased message was in a folder that the role sees and the
 * feed is about, at any time, or in one whose rights are not known any more.
 */
static bool
was_in_sight(const Feed *feed, const FoundRow *found)
{
	ChangeRow	change;
	JsonbValue	value;
	JsonbContainer *folders;

	if (!changerow_fetch(&change, feed->change, feed->store_id,
						 found->row.message_id, found->row.number) ||
		!bag_find(change.undo.props, UNDO_FOLDERS, &value))
		return true;
	folders = value.val.binary.data;
	if (JsonContainerSize(folders) == 0)
		return true;
	for (uint32 i = 0; i < JsonContainerSize(folders); i++)
	{
		int64		folder_id =
		integer_of_value(getIthJsonbValueFromContainer(folders, i));

		if (covers(feed, folder_id) &&
			(access_sees_folder(feed->store_id, folder_id) ||
			 !folder_exists(feed, folder_id)))
			return true;
	}
	return false;
}

/*
 * Add a change of a message.  Whoever may not read the message as it is now
 * learns of a move out of a folder that it may read, of a deletion for good if
 * nothing is left that would say who may read it, and of an erased message if it
 * sees a folder that the message was in.
 */
static void
put_change(Feed *feed, FoundRow *found)
{
	FeedRow    *row = &found->row;
	MessageView view;
	ChangeRow	change;
	bool		exists = view_find(&view, feed->store_id, row->message_id,
								   &feed->row);
	bool		readable = exists ? view_readable(&view) :
	access_is_owner(feed->store_id);
	int64		folder_id = exists ? view.version.folder_id : 0;
	int64		from = 0;

	if (!changerow_fetch_head_at(&change, feed->change, &found->tid,
								 feed->slot) ||
		(change.kind == CHANGE_PURGE && !was_in_sight(feed, found)))
		return;
	if ((change.kind == CHANGE_MOVE || change.kind == CHANGE_IMPORT) &&
		(!readable || !covers(feed, folder_id) || feed->sink != NULL))
		from = moved_from(feed, found);
	if (from != 0 && !access_message(feed->store_id, from, view.creator,
									 ACCESS_TO_READ))
		from = 0;

	if (readable && (covers(feed, folder_id) ||
					 change.kind == CHANGE_PURGE))
	{
		row->kind = change.kind == CHANGE_HARD_DELETE ? "delete" :
			change.kind == CHANGE_PURGE ? "gone" : history_kind(change.kind);
		row->folder_id = folder_id;
		row->old_folder_id = from;
		row->message_flags = exists ? view.version.message_flags : 0;
		row->is_first = change.previous == 0;
		row->changed_by = changerow_author(&change);
		row->client = change.author.client;
		row->changed_at = change.changed_at;
		row->properties = PointerGetDatum(change.undo.properties);
		put(feed, row);
	}
	else if (change.kind == CHANGE_PURGE)
		put_gone(feed, row->message_id, 0);
	else if (from != 0 && covers(feed, from))
		put_gone(feed, row->message_id, from);
	else if (change.kind == CHANGE_HARD_DELETE && !readable &&
			 covers(feed, folder_id) && !folder_exists(feed, folder_id))
		put_gone(feed, row->message_id, folder_id);
}

/* Add a change of the state of a message that may be read. */
static void
put_state(Feed *feed, FeedRow *row)
{
	MessageView view;

	if (!view_find(&view, feed->store_id, row->message_id, &feed->row) ||
		!view_readable(&view) || !covers(feed, view.version.folder_id))
		return;
	row->folder_id = view.version.folder_id;
	row->number = 0;			/* not a version */
	put(feed, row);
}

/*
 * Add a change of a folder that is seen, or of its rights, which may have
 * taken the folder out of sight.
 */
static void
put_folder(Feed *feed, const FeedRow *row)
{
	FeedRow		shown;

	if (!covers(feed, row->folder_id))
		return;
	if (access_sees_folder(feed->store_id, row->folder_id))
		put(feed, row);
	else if (strcmp(row->kind, "rights") == 0 ||
			 !folder_exists(feed, row->folder_id))
	{
		memset(&shown, 0, sizeof(shown));
		shown.kind = row->kind;
		shown.folder_id = row->folder_id;
		put(feed, &shown);
	}
}

/* Add a row, if the reader may see it. */
static void
put_found(Feed *feed, FoundRow *found)
{
	switch (found->source)
	{
		case SOURCE_CHANGE:
			put_change(feed, found);
			break;
		case SOURCE_FOLDER:
			put_folder(feed, &found->row);
			break;
		case SOURCE_READ_FOLDER:
			found->row.number = 0;
			if (covers(feed, found->row.folder_id) &&
				access_sees_folder(feed->store_id, found->row.folder_id))
				put(feed, &found->row);
			break;
		case SOURCE_READ:
		case SOURCE_STATUS:
			put_state(feed, &found->row);
			break;
		default:
			elog(ERROR, "unexpected source \"%c\" of a change", found->source);
	}
}

/* ------------------------------------------------------------------- pages */

/* Return the number of rows to read at once: one more than may be given. */
static int64
batch_size(const Feed *feed)
{
	return Min(feed->left, BATCH) + 1;
}

/*
 * Give the folders or the messages that are present, from the token's place
 * on.  Returns false if there may be more.
 */
static bool
list_present(Feed *feed, bool messages)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		more = true;

	position_begin_text(&feed->token, &feed->text);
	while (more)
	{
		int64		limit = batch_size(feed);
		FoundRow   *rows;
		uint64		count;

		MemoryContextReset(feed->row_memory);
		MemoryContextSwitchTo(feed->row_memory);
		rows = feedrow_present(&feed->token, messages, limit, &count);
		more = count == limit;
		for (uint64 i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (feed->left == 0)
				break;
			feed->token.at = rows[i].at;
			if (messages ?
				access_message(feed->store_id, rows[i].row.folder_id,
							   rows[i].creator, ACCESS_TO_READ) :
				access_sees_folder(feed->store_id, rows[i].row.folder_id))
				put(feed, &rows[i].row);
		}
		MemoryContextSwitchTo(caller);
		if (feed->left == 0)
			return !more;
	}
	return true;
}

/*
 * Give the changes of a pass from the token's place on.  Returns false if
 * there may be more.
 */
static bool
give_pass(Feed *feed, const IncarnationSpan *spans, int nspans)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext found_memory = AllocSetContextCreate(caller,
													   "msgstore feed page",
													   ALLOCSET_DEFAULT_SIZES);
	Token	   *token = &feed->token;
	bool		more = true;

	position_begin_text(token, &feed->text);
	while (more)
	{
		int64		limit = batch_size(feed);
		uint64		count;
		FoundRow   *rows;

		MemoryContextReset(found_memory);
		MemoryContextSwitchTo(found_memory);
		rows = feedrow_changes(token, &feed->reader, spans, nspans, limit,
							   &count);
		more = count == limit;
		for (uint64 i = 0; i < count && feed->left > 0; i++)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(feed->row_memory);
			MemoryContextSwitchTo(feed->row_memory);
			token->at = rows[i].at;
			put_found(feed, &rows[i]);
		}
		MemoryContextSwitchTo(caller);
		if (feed->left == 0)
			break;
	}
	MemoryContextDelete(found_memory);
	return !more;
}

/* ------------------------------------------------------------------- calls */

/* Put a token at the beginning of a phase. */
static void
begin_phase(Token *token, TokenPhase phase)
{
	token->phase = phase;
	memset(&token->at, 0, sizeof(token->at));
	if (phase == TOKEN_PASS)
		token->at.incarnation = -1;
}

/* Make a token of the present cluster, for a snapshot that was taken now. */
static void
set_origin(Token *token, const Token *here)
{
	token->system = here->system;
	token->database = here->database;
	token->timeline = here->timeline;
	token->wal = here->wal;
}

/* Add the last row of a call that has reached the end. */
static void
put_end(Feed *feed)
{
	FeedRow		end;

	memset(&end, 0, sizeof(end));
	end.kind = "end";
	position_begin_text(&feed->token, &feed->text);
	put(feed, &end);
}

/*
 * Give rows until the end is reached or no more rows may be given.  "here" and
 * "now" are the server's position and the snapshot of the call.
 */
static void
give(Feed *feed, const Token *here, const Seen *now,
	 const IncarnationSpan *spans, int nspans)
{
	Token	   *token = &feed->token;

	if (token->phase == TOKEN_FOLDERS)
	{
		if (!list_present(feed, false))
			return;
		begin_phase(token, TOKEN_MESSAGES);
	}
	if (token->phase == TOKEN_MESSAGES)
	{
		if (!list_present(feed, true))
			return;
		begin_phase(token, TOKEN_REST);
	}
	if (token->phase == TOKEN_REST)
	{
		check_pruned(feed, now);
		begin_phase(token, TOKEN_PASS);
		token->folder_id = feed->folder_id;
		token->to = *now;
		set_origin(token, here);
	}
	if (!give_pass(feed, spans, nspans))
		return;
	token->from = token->to;
	begin_phase(token, TOKEN_REST);
	if (feed->sink == NULL)
		put_end(feed);
}

/* Open the tables for give(), and close them. */
static void
run(Feed *feed, const Token *here, const Seen *now,
	const IncarnationSpan *spans, int nspans)
{
	feed->row_memory = AllocSetContextCreate(CurrentMemoryContext,
											 "msgstore feed row",
											 ALLOCSET_DEFAULT_SIZES);
	feed->change = table_open(relation_oid(REL_CHANGE), AccessShareLock);
	feed->slot = table_slot_create(feed->change, NULL);
	messagerow_begin_read(&feed->row, GetActiveSnapshot());
	give(feed, here, now, spans, nspans);
	messagerow_end_read(&feed->row);
	ExecDropSingleTupleTableSlot(feed->slot);
	table_close(feed->change, NoLock);
	MemoryContextDelete(feed->row_memory);
}

/*
 * Return true if the snapshot of the call, "now", is older than the token.
 * Raise MAPI_E_UNABLE_TO_COMPLETE if the token is not of this server's history.
 */
static bool
is_ahead(const Token *token, const Seen *now, const IncarnationSpan *spans,
		 int nspans)
{
	switch (position_check(token, spans, nspans))
	{
		case TOKEN_FOREIGN:
			raise_list_anew("\"token\" is a token of another database");
		case TOKEN_LOST:
			raise_list_anew("\"token\" is ahead of this server, which has lost changes");
		case TOKEN_AHEAD:
			return true;
		case TOKEN_GOOD:
			break;
	}
	return !position_includes(now, token->phase == TOKEN_PASS ?
							  &token->to : &token->from);
}

/* Return argument 2, the number of rows to give; NULL is no limit. */
static int64
max_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		return PG_INT64_MAX;
	if (PG_GETARG_INT32(2) < 1)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"max\" must be at least 1, not %d",
						PG_GETARG_INT32(2))));
	return PG_GETARG_INT32(2);
}

/* Read the arguments of changes_since(), and check the rights. */
static void
read_arguments(FunctionCallInfo fcinfo, Feed *feed)
{
	char	   *actor;

	memset(feed, 0, sizeof(Feed));
	feed->store_id = call_number(fcinfo, 0, "store_id");
	if (!PG_ARGISNULL(3))
		feed->folder_id = call_number(fcinfo, 3, "folder_id");
	feed->left = max_argument(fcinfo);
	if (PG_ARGISNULL(3))
		access_require_store(feed->store_id, RIGHT_FOLDER_VISIBLE);
	else
	{
		access_require_folder(feed->store_id, feed->folder_id,
							  RIGHT_FOLDER_VISIBLE);
		store_require_folder(feed->store_id, feed->folder_id);
	}
	actor = call_actor(fcinfo, 4);
	state_reader(&feed->reader, actor);
	refuse_subscriber();
}

/*
 * changes_since(store_id, token, max, folder_id, actor)
 * → (token, message_id, folder_id, change_number, kind, changed_by, client,
 *	  changed_at, properties)
 *
 * Return what is new to the reader of a token, in order and at most "max"
 * rows: changes of messages and folders, of the status, and of the read state
 * of the current role and actor; for a NULL token first one row per folder and
 * message that is there.  With a folder, only what concerns it.  Each row has
 * the token with which a reader goes on after the row.  A call that has
 * reached the end adds a row of kind end, beyond "max".
 *
 * The call uses the statement's snapshot.  If that is older than the token
 * (REPEATABLE READ, a standby), the only row is one of kind end with the same
 * token.
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS,
 * MAPI_E_INVALID_PARAMETER for the token or a "max" below 1,
 * MAPI_E_UNABLE_TO_COMPLETE if the changes since the token are not known here,
 * MAPI_E_NO_SUPPORT on a subscriber.
 */
PG_FUNCTION_INFO_V1(changes_since);
Datum
changes_since(PG_FUNCTION_ARGS)
{
	Feed		feed;
	Token		here;
	Seen		now;
	IncarnationSpan *spans;
	int			nspans;
	bool		is_ready = true;

	read_arguments(fcinfo, &feed);
	memset(&here, 0, sizeof(here));
	position_origin(&here);
	spans = position_spans(&nspans);
	position_now(&now, spans, nspans);
	if (PG_ARGISNULL(1))
	{
		feed.token.store_id = feed.store_id;
		feed.token.folder_id = feed.folder_id;
		feed.token.from = now;
		set_origin(&feed.token, &here);
		begin_phase(&feed.token, TOKEN_FOLDERS);
	}
	else
	{
		read_token(fcinfo, &feed);
		is_ready = !is_ahead(&feed.token, &now, spans, nspans);
	}

	feed.result = call_begin_set(fcinfo, &feed.desc);
	if (!is_ready)
	{
		put_end(&feed);
		return (Datum) 0;
	}
	run(&feed, &here, &now, spans, nspans);
	return (Datum) 0;
}

void
feed_begin(Token *token, int64 store_id)
{
	IncarnationSpan *spans;
	int			nspans;

	refuse_subscriber();
	memset(token, 0, sizeof(Token));
	token->store_id = store_id;
	position_origin(token);
	spans = position_spans(&nspans);
	position_now(&token->from, spans, nspans);
}

void
feed_follow(Token *token, FeedSink sink, void *arg)
{
	Feed		feed;
	Token		here;
	Seen		now;
	IncarnationSpan *spans;
	int			nspans;

	refuse_subscriber();
	memset(&feed, 0, sizeof(feed));
	feed.store_id = token->store_id;
	feed.left = PG_INT64_MAX;
	feed.token = *token;
	feed.sink = sink;
	feed.sink_arg = arg;
	state_reader(&feed.reader, NULL);
	memset(&here, 0, sizeof(here));
	position_origin(&here);
	spans = position_spans(&nspans);
	position_now(&now, spans, nspans);
	if (is_ahead(&feed.token, &now, spans, nspans))
		return;
	run(&feed, &here, &now, spans, nspans);
	*token = feed.token;
}

/*
 * feed_position(store_id) → text
 *
 * Return the token of a reader that has everything that the statement's
 * snapshot sees.
 *
 * Errors: MAPI_E_NOT_FOUND for the store, MAPI_E_NO_ACCESS, MAPI_E_NO_SUPPORT
 * on a subscriber.
 */
PG_FUNCTION_INFO_V1(feed_position);
Datum
feed_position(PG_FUNCTION_ARGS)
{
	Token		token;
	TokenText	text;
	int64		store_id = call_number(fcinfo, 0, "store_id");

	access_require_store(store_id, RIGHT_FOLDER_VISIBLE);
	feed_begin(&token, store_id);
	position_begin_text(&token, &text);
	PG_RETURN_DATUM(position_text(&text, &token));
}
