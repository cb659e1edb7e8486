/*-------------------------------------------------------------------------
 *
 * feedrow.c
 *	  Reads the rows of the feed from the tables: what is present in a store,
 *	  and the changes that are new between two snapshots, in order.
 *
 * NOTES
 *	  A page is read from segments of the order of changes, so that it costs
 *	  what it returns: new to a snapshot are the changes from its xmax on, those
 *	  of the transactions that were running, which are looked for one by one,
 *	  and those of later incarnations.  What long transactions have left below
 *	  is not scanned.
 *
 *	  The rows are not filtered by rights, which is the work of feed.c.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/xid8.h"

#include "query.h"

/* ---------------------------------------------------------------- segments */

/* Arrays of the segments in which new changes can be. */
typedef struct Segments
{
	int			count;
	int			allocated;
	Datum	   *incarnation;
	Datum	   *xid;
	Datum	   *number;
	Datum	   *id;
	Datum	   *last_incarnation;
	Datum	   *last_xid;
} Segments;

static Datum
xid_datum(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

/* Compare two places by incarnation and transaction. */
static int
compare_places(int64 a_incarnation, uint64 a_xid, int64 b_incarnation,
			   uint64 b_xid)
{
	if (a_incarnation != b_incarnation)
		return a_incarnation < b_incarnation ? -1 : 1;
	return a_xid < b_xid ? -1 : a_xid > b_xid ? 1 : 0;
}

/* Add a segment, or the part of it that comes after a place. */
static void
add_segment(Segments *segments, const FeedPlace *after, int64 incarnation,
			uint64 xid, int64 last_incarnation, uint64 last_xid)
{
	int			n = segments->count;
	int			begins = compare_places(incarnation, xid, after->incarnation,
										after->xid);

	if (compare_places(incarnation, xid, last_incarnation, last_xid) > 0 ||
		compare_places(last_incarnation, last_xid, after->incarnation,
					   after->xid) < 0)
		return;
	if (n == segments->allocated)
		elog(ERROR, "too many segments of the feed");
	segments->incarnation[n] = Int64GetDatum(begins > 0 ? incarnation :
											 after->incarnation);
	segments->xid[n] = xid_datum(begins > 0 ? xid : after->xid);
	segments->number[n] = Int64GetDatum(begins > 0 ? -1 : after->number);
	segments->id[n] = Int64GetDatum(begins > 0 ? -1 : after->message_id);
	segments->last_incarnation[n] = Int64GetDatum(last_incarnation);
	segments->last_xid[n] = xid_datum(last_xid);
	segments->count++;
}

/*
 * Make the segments of a pass.  In the two newest incarnations of this cluster
 * that the first snapshot knows, transactions from its xmax on are new: a
 * session may still use numbers of the older one.  In yet older ones, only a
 * prepared transaction can commit, whose id is below those of the newest.
 */
static void
make_segments(Segments *segments, const Token *token,
			  const IncarnationSpan *spans, int nspans)
{
	const Seen *from = &token->from;
	const Seen *to = &token->to;
	const FeedPlace *after = &token->at;
	int			nown = 0;
	uint64		newest_xid = 0;
	size_t		size;

	segments->count = 0;
	segments->allocated = (from->count + 1) * Max(nspans, 1) + 1;
	size = sizeof(Datum) * segments->allocated;
	segments->incarnation = palloc(size);
	segments->xid = palloc(size);
	segments->number = palloc(size);
	segments->id = palloc(size);
	segments->last_incarnation = palloc(size);
	segments->last_xid = palloc(size);

	for (int i = 0; i < nspans; i++)
	{
		int64		incarnation = spans[i].incarnation;

		CHECK_FOR_INTERRUPTS();
		if (!spans[i].is_own || incarnation > from->incarnation)
			continue;
		if (nown++ == 0)
			newest_xid = spans[i].first_xid;
		for (int n = 0; n < from->count; n++)
		{
			uint64		xid = from->running[n];

			if (nown <= 2 || xid < newest_xid)
				add_segment(segments, after, incarnation, xid, incarnation,
							xid);
		}
		if (nown <= 2)
			add_segment(segments, after, incarnation, from->xmax, incarnation,
						incarnation == to->incarnation ? to->xmax - 1 :
						PG_UINT64_MAX);
	}
	if (to->incarnation > from->incarnation)
		add_segment(segments, after, from->incarnation + 1, 0,
					to->incarnation, to->xmax - 1);
}

static Datum
number_array(Datum *elements, int count, Oid type)
{
	return PointerGetDatum(construct_array(elements, count, type, 8,
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Return a snapshot as a pg_snapshot. */
static Datum
snapshot_datum(const Seen *seen)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%llu:%llu:", (unsigned long long) seen->xmin,
					 (unsigned long long) seen->xmax);
	for (int i = 0; i < seen->count; i++)
		appendStringInfo(&text, i == 0 ? "%llu" : ",%llu",
						 (unsigned long long) seen->running[i]);
	return DirectFunctionCall1(pg_snapshot_in, CStringGetDatum(text.data));
}

/* -------------------------------------------------------------------- rows */

/* The parameters of QUERY_FEED_PAGE. */
enum
{
	F_STORE_ID = 0,
	F_SEGMENTS,					/* six arrays */
	F_FROM = F_SEGMENTS + 6,
	F_TO,
	F_INCARNATION,
	F_MAX,
	F_ROLE,
	F_ACTOR,
	F_RUNNING,
	F_XMAX,
	F_AT_INCARNATION,
	F_AT_XID,
	F_AT_NUMBER,
	NUM_FEED_VALUES
};

/* The columns of QUERY_FEED_PAGE. */
enum
{
	P_SOURCE = 0,
	P_MESSAGE_ID,
	P_FOLDER_ID,
	P_NUMBER,
	P_INCARNATION,
	P_XID,
	P_KIND,
	P_CHANGED_BY,
	P_CLIENT,
	P_CHANGED_AT,
	P_PROPERTIES,
	P_IS_FIRST,
	P_TID,
	NUM_PAGE_COLUMNS
};

/* The columns of QUERY_FEED_FOLDERS; QUERY_FEED_MESSAGES has all. */
enum
{
	L_ID = 0,
	L_NUMBER,
	L_CHANGED_BY,
	L_CHANGED_AT,
	L_FOLDER_ID,
	L_CREATOR,
	NUM_LIST_COLUMNS
};

/* A row of the result of a statement. */
typedef struct ResultRow
{
	Datum		values[NUM_PAGE_COLUMNS];
	bool		nulls[NUM_PAGE_COLUMNS];
} ResultRow;

/* Return a text column of a row, palloc'd, or NULL. */
static char *
row_text(const ResultRow *row, int column)
{
	return row->nulls[column] ? NULL : TextDatumGetCString(row->values[column]);
}

/* Return a column of a row as an integer of 8 bytes, 0 if it is NULL. */
static int64
row_number(const ResultRow *row, int column)
{
	return row->nulls[column] ? 0 : DatumGetInt64(row->values[column]);
}

/* Copy a row of the result of QUERY_FEED_PAGE. */
static void
copy_found(FoundRow *found, const ResultRow *result)
{
	FeedRow    *row = &found->row;
	Datum		xid = result->values[P_XID];

	memset(found, 0, sizeof(FoundRow));
	found->source = DatumGetChar(result->values[P_SOURCE]);
	row->message_id = row_number(result, P_MESSAGE_ID);
	row->folder_id = row_number(result, P_FOLDER_ID);
	row->number = row_number(result, P_NUMBER);
	found->at.incarnation = row_number(result, P_INCARNATION);
	found->at.xid = U64FromFullTransactionId(DatumGetFullTransactionId(xid));
	found->at.number = row->number;
	found->at.message_id = row->message_id;
	row->kind = row_text(result, P_KIND);
	row->changed_by = row_text(result, P_CHANGED_BY);
	row->client = row_text(result, P_CLIENT);
	row->changed_at = row_number(result, P_CHANGED_AT);
	if (!result->nulls[P_PROPERTIES])
		row->properties =
			PointerGetDatum(DatumGetArrayTypePCopy(result->values[P_PROPERTIES]));
	row->is_first = DatumGetBool(result->values[P_IS_FIRST]);
	if (!result->nulls[P_TID])
		ItemPointerCopy((ItemPointer) DatumGetPointer(result->values[P_TID]),
						&found->tid);
}

/* Copy a row of the result of a listing. */
static void
copy_listed(FoundRow *found, const ResultRow *result, bool is_message)
{
	FeedRow    *row = &found->row;

	memset(found, 0, sizeof(FoundRow));
	found->at.message_id = row_number(result, L_ID);
	row->folder_id = is_message ? row_number(result, L_FOLDER_ID) :
		found->at.message_id;
	row->message_id = is_message ? found->at.message_id : 0;
	row->number = row_number(result, L_NUMBER);
	row->kind = "present";
	row->changed_by = row_text(result, L_CHANGED_BY);
	row->changed_at = row_number(result, L_CHANGED_AT);
	if (is_message)
		found->creator =
			PointerGetDatum(DatumGetTextPCopy(result->values[L_CREATOR]));
}

/*
 * Run a statement of the feed, and return copies of its rows, *count of them,
 * in the current memory context.
 */
static FoundRow *
fetch_rows(QueryName query, Datum *values, const char *nulls, uint64 *count)
{
	MemoryContext caller = CurrentMemoryContext;
	FoundRow   *rows;

	SPI_connect();
	*count = query_run(query, values, nulls);
	MemoryContextSwitchTo(caller);
	rows = palloc(sizeof(FoundRow) * Max(*count, 1));
	for (uint64 i = 0; i < *count; i++)
	{
		ResultRow	row;

		Assert(SPI_tuptable->tupdesc->natts <= NUM_PAGE_COLUMNS);
		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
						  row.values, row.nulls);
		if (query == QUERY_FEED_PAGE)
			copy_found(&rows[i], &row);
		else
			copy_listed(&rows[i], &row, query == QUERY_FEED_MESSAGES);
	}
	SPI_finish();
	return rows;
}

FoundRow *
feedrow_changes(const Token *token, const Reader *reader,
				const IncarnationSpan *spans, int nspans, int64 limit,
				uint64 *count)
{
	const Seen *from = &token->from;
	Segments	segments;
	Datum	   *running = palloc(sizeof(Datum) * (from->count + 1));
	Datum		values[NUM_FEED_VALUES];
	int			n = F_SEGMENTS;

	make_segments(&segments, token, spans, nspans);
	for (int i = 0; i < from->count; i++)
		running[i] = xid_datum(from->running[i]);
	values[F_STORE_ID] = Int64GetDatum(token->store_id);
	values[n++] = number_array(segments.incarnation, segments.count, INT8OID);
	values[n++] = number_array(segments.xid, segments.count, XID8OID);
	values[n++] = number_array(segments.number, segments.count, INT8OID);
	values[n++] = number_array(segments.id, segments.count, INT8OID);
	values[n++] = number_array(segments.last_incarnation, segments.count,
							   INT8OID);
	values[n++] = number_array(segments.last_xid, segments.count, XID8OID);
	values[F_FROM] = snapshot_datum(from);
	values[F_TO] = snapshot_datum(&token->to);
	values[F_INCARNATION] = Int64GetDatum(from->incarnation);
	values[F_MAX] = Int64GetDatum(limit);
	values[F_ROLE] = reader->role;
	values[F_ACTOR] = reader->actor;
	values[F_RUNNING] = number_array(running, from->count, XID8OID);
	values[F_XMAX] = xid_datum(from->xmax);
	values[F_AT_INCARNATION] = Int64GetDatum(token->at.incarnation);
	values[F_AT_XID] = xid_datum(token->at.xid);
	values[F_AT_NUMBER] = Int64GetDatum(token->at.number);
	return fetch_rows(QUERY_FEED_PAGE, values, NULL, count);
}

FoundRow *
feedrow_present(const Token *token, bool messages, int64 limit,
				uint64 *count)
{
	Datum		values[4] = {Int64GetDatum(token->store_id),
		Int64GetDatum(token->at.message_id), Int64GetDatum(limit),
	Int64GetDatum(token->folder_id)};

	return fetch_rows(messages ? QUERY_FEED_MESSAGES : QUERY_FEED_FOLDERS,
					  values, token->folder_id == 0 ? "   n" : NULL, count);
}
