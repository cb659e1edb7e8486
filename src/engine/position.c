/*-------------------------------------------------------------------------
 *
 * position.c
 *	  Positions in the feed: the transactions that a reader has seen, and the
 *	  tokens in which a reader carries them.
 *
 * NOTES
 *	  Changes have an order: incarnation, transaction, number.  They do not
 *	  become visible in that order, because a transaction may commit long after
 *	  others with greater numbers.  A reader that kept one number would miss
 *	  what commits late, and a reader that waited for all older transactions
 *	  would be stalled by any of them.  A token therefore holds a snapshot: new
 *	  is what the snapshot of a call sees and the snapshot of the token does
 *	  not see.  The order is only the order in which changes are given, and
 *	  where a call goes on that gives a part of them.
 *
 *	  The change of a message counts as one of a later transaction if the
 *	  version that it replaced is one of a later transaction (changerow.c).
 *	  So the changes of one message are in the order of its versions.
 *
 *	  A snapshot never lists the own transaction of its session.  Here it
 *	  counts as running: its changes are new to every token that it takes, and
 *	  are given after it has committed.  A snapshot of a standby lists running
 *	  transactions in subxip, with their subtransactions, which do no harm.
 *
 *	  A snapshot says nothing of changes that were made under the xids of
 *	  another cluster, in a database that was restored or that a publisher
 *	  filled.  A token has the newest incarnation that had begun: changes of
 *	  later incarnations are new, those of earlier ones are new only if they
 *	  were made in this cluster and the snapshot does not see them, as those of
 *	  a transaction that was prepared before a crash.  Xids that a crash gives
 *	  out again belong to aborted transactions or to a later incarnation.
 *
 *	  A token is good for one database of one cluster, whose history it knows.
 *	  It has the timeline and the position in the WAL that its snapshot needs.
 *	  The WAL up to there is flushed before a token is given out, so a crash
 *	  takes back nothing that the token has seen.  A token that has seen more
 *	  than this server has is refused: the server was promoted without the last
 *	  changes of the old primary (the timeline tells), or started from an older
 *	  copy of its files (an incarnation began below the position).
 *
 *	  The text of a token ends with a checksum, so that a token that was cut is
 *	  refused.  The checksum is no secret; any text is read without harm.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/timeline.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define TOKEN_VERSION		1
#define CHECKSUM_DIGITS		8
#define MAX_TOKEN			(16 * 1024 * 1024)	/* bytes */

/* --------------------------------------------------------------- snapshots */

static int
compare_xids(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* Return a transaction id with its epoch; "next" is the next one. */
static uint64
widen(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch,
																	 xid));
}

/* Sort the running transactions, and remove those that are there twice. */
static void
sort_running(Seen *seen)
{
	int			n = 0;

	qsort(seen->running, seen->count, sizeof(uint64), compare_xids);
	for (int i = 0; i < seen->count; i++)
	{
		if (n == 0 || seen->running[n - 1] != seen->running[i])
			seen->running[n++] = seen->running[i];
	}
	seen->count = n;
}

IncarnationSpan *
position_spans(int *count)
{
	Incarnation running;

	return incarnation_spans(number_begun(&running) ? &running : NULL, count);
}

void
position_now(Seen *seen, const IncarnationSpan *spans, int count)
{
	Snapshot	snapshot = GetActiveSnapshot();
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	TransactionId *xids = snapshot->takenDuringRecovery ?
	snapshot->subxip : snapshot->xip;
	int			nxids = snapshot->takenDuringRecovery ?
	snapshot->subxcnt : (int) snapshot->xcnt;

	seen->incarnation = count > 0 ? spans[0].incarnation : -1;
	seen->xmin = widen(snapshot->xmin, next);
	seen->xmax = widen(snapshot->xmax, next);
	seen->running = palloc(sizeof(uint64) * (nxids + 1));
	seen->count = 0;
	for (int i = 0; i < nxids; i++)
	{
		uint64		xid = widen(xids[i], next);

		if (xid < seen->xmax)
			seen->running[seen->count++] = xid;
	}
	if (FullTransactionIdIsValid(own) &&
		U64FromFullTransactionId(own) < seen->xmax)
		seen->running[seen->count++] = U64FromFullTransactionId(own);
	sort_running(seen);
	if (seen->count > 0)
		seen->xmin = Min(seen->xmin, seen->running[0]);
	seen->xmin = Min(seen->xmin, seen->xmax);
}

bool
position_seen(const Seen *seen, uint64 xid)
{
	if (xid < seen->xmin)
		return true;
	if (xid >= seen->xmax)
		return false;
	return bsearch(&xid, seen->running, seen->count, sizeof(uint64),
				   compare_xids) == NULL;
}

bool
position_includes(const Seen *newer, const Seen *older)
{
	uint64		from = newer->xmax;

	for (int i = 0; i < newer->count; i++)
	{
		if (position_seen(older, newer->running[i]))
			return false;
	}
	/* "older" must not have seen anything from there on */
	for (int i = 0; i < older->count && from < older->xmax; i++)
	{
		if (older->running[i] == from)
			from++;
	}
	return from >= older->xmax;
}

/* -------------------------------------------------------- where a server is */

/*
 * Return the position after the last record in the WAL.  The position of the
 * next record may lie behind the header of a page that does not exist yet.
 */
static XLogRecPtr
end_of_wal(void)
{
	XLogRecPtr	next = GetXLogInsertRecPtr();
	uint64		in_page = next % XLOG_BLCKSZ;

	if (XLogSegmentOffset(next, wal_segment_size) == SizeOfXLogLongPHD ||
		in_page == SizeOfXLogShortPHD)
		next -= in_page;
	return next;
}

void
position_origin(Token *token)
{
	TimeLineID	timeline;

	token->system = GetSystemIdentifier();
	token->database = MyDatabaseId;
	if (RecoveryInProgress())
		token->wal = GetXLogReplayRecPtr(&timeline);
	else
	{
		token->wal = end_of_wal();
		timeline = compat_insert_timeline();
		XLogFlush(token->wal);
	}
	token->timeline = timeline;
}

/*
 * Return true if the history of this server has a position of a timeline.
 * "current" is the server's own.
 */
static bool
has_timeline(TimeLineID timeline, XLogRecPtr wal, TimeLineID current)
{
	List	   *history;
	ListCell   *lc;

	if (timeline == current)
		return true;
	history = readTimeLineHistory(current);
	foreach(lc, history)
	{
		TimeLineHistoryEntry *entry = (TimeLineHistoryEntry *) lfirst(lc);

		if (entry->tli == timeline)
			return XLogRecPtrIsInvalid(entry->end) || wal <= entry->end;
	}
	return false;
}

/*
 * Return true if an incarnation later than a snapshot's began here before a
 * position in the WAL: no snapshot that was taken at the position is without
 * it.
 */
static bool
begins_below(const Seen *seen, XLogRecPtr wal, const IncarnationSpan *spans,
			 int count)
{
	for (int i = 0; i < count && spans[i].incarnation > seen->incarnation; i++)
	{
		if (spans[i].is_own && spans[i].wal_position < wal)
			return true;
	}
	return false;
}

TokenFate
position_check(const Token *token, const IncarnationSpan *spans, int count)
{
	TimeLineID	current;
	XLogRecPtr	here;
	const Seen *newest = token->phase == TOKEN_PASS ? &token->to : &token->from;

	if (token->system != GetSystemIdentifier() ||
		token->database != MyDatabaseId)
		return TOKEN_FOREIGN;
	if (RecoveryInProgress())
	{
		here = GetXLogReplayRecPtr(&current);
		if (token->timeline > current ||
			(token->timeline == current && token->wal > here))
			return TOKEN_AHEAD;
	}
	else
	{
		here = end_of_wal();
		current = compat_insert_timeline();
		if (token->wal > here)
			return TOKEN_LOST;
	}
	if (!has_timeline(token->timeline, token->wal, current) ||
		begins_below(newest, token->wal, spans, count))
		return TOKEN_LOST;
	return TOKEN_GOOD;
}

/* ------------------------------------------------------ tokens as texts */

static void
put_number(StringInfo text, uint64 number)
{
	char		digits[17];		/* from the last to the first */
	char	   *at = digits + lengthof(digits);

	*--at = '.';
	do
	{
		*--at = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number != 0);
	appendBinaryStringInfo(text, at, digits + lengthof(digits) - at);
}

static void
put_seen(StringInfo text, const Seen *seen)
{
	put_number(text, (uint64) (seen->incarnation + 1));
	put_number(text, seen->xmin);
	put_number(text, seen->xmax - seen->xmin);
	put_number(text, seen->count);
	for (int i = 0; i < seen->count; i++)
		put_number(text, seen->running[i] - seen->xmin);
}

static pg_crc32c
checksum(const char *text, int len)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, text, len);
	FIN_CRC32C(crc);
	return crc;
}

void
position_begin_text(const Token *token, TokenText *text)
{
	initStringInfo(&text->text);
	put_number(&text->text, TOKEN_VERSION);
	put_number(&text->text, token->store_id);
	put_number(&text->text, token->system);
	put_number(&text->text, token->database);
	put_number(&text->text, token->timeline);
	put_number(&text->text, token->wal);
	put_number(&text->text, token->phase);
	put_seen(&text->text, &token->from);
	if (token->phase == TOKEN_PASS)
		put_seen(&text->text, &token->to);
	if (token->phase != TOKEN_REST)
		put_number(&text->text, token->folder_id);
	text->head = text->text.len;
}

Datum
position_text(TokenText *text, const Token *token)
{
	text->text.len = text->head;
	if (token->phase != TOKEN_REST)
	{
		put_number(&text->text, token->at.message_id);
		if (token->phase == TOKEN_PASS)
		{
			put_number(&text->text, (uint64) (token->at.incarnation + 1));
			put_number(&text->text, token->at.xid);
			put_number(&text->text, token->at.number);
		}
	}
	appendStringInfo(&text->text, "%0*x", CHECKSUM_DIGITS,
					 checksum(text->text.data, text->text.len));
	return PointerGetDatum(cstring_to_text_with_len(text->text.data,
													text->text.len));
}

/* A text that is being read; "at" is NULL after an error. */
typedef struct Reading
{
	const char *at;
	const char *end;
} Reading;

/* Read a number of at most "limit", in lower-case hex, and its period. */
static uint64
get_number(Reading *reading, uint64 limit)
{
	const char *at = reading->at;
	uint64		number = 0;

	if (at == NULL)
		return 0;
	while (at < reading->end && *at != '.')
	{
		char		c = *at++;
		uint64		digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			digit = PG_UINT64_MAX;
		if (digit > 15 || number > (limit >> 4) ||
			(number << 4) + digit > limit)
		{
			reading->at = NULL;
			return 0;
		}
		number = (number << 4) + digit;
	}
	reading->at = at < reading->end && at > reading->at ? at + 1 : NULL;
	return number;
}

/* The largest number of the series of change numbers, and of xids. */
#define MAX_COUNTER		((uint64) COUNTER_MASK)
#define MAX_XID			(PG_UINT64_MAX >> 1)

static void
get_seen(Reading *reading, Seen *seen)
{
	uint64		span;

	seen->incarnation = (int64) get_number(reading, MAX_COUNTER) - 1;
	seen->xmin = get_number(reading, MAX_XID);
	span = get_number(reading, MAX_XID);
	seen->xmax = seen->xmin + span;
	/* each takes two characters at least */
	seen->count = (int) get_number(reading, reading->at == NULL ? 0 :
								   (reading->end - reading->at) / 2);
	seen->running = palloc(sizeof(uint64) * (seen->count + 1));
	for (int i = 0; i < seen->count && reading->at != NULL; i++)
	{
		uint64		xid = seen->xmin + get_number(reading, span);

		if (xid >= seen->xmax || (i > 0 && xid <= seen->running[i - 1]))
			reading->at = NULL;
		seen->running[i] = xid;
	}
	if (seen->xmin < FirstNormalTransactionId)
		reading->at = NULL;
}

bool
position_read(const char *text, int len, Token *token)
{
	Reading		reading = {text, text + len - CHECKSUM_DIGITS};
	char		digits[CHECKSUM_DIGITS + 1];

	memset(token, 0, sizeof(Token));
	if (len <= CHECKSUM_DIGITS || len > MAX_TOKEN)
		return false;
	snprintf(digits, sizeof(digits), "%0*x", CHECKSUM_DIGITS,
			 checksum(text, len - CHECKSUM_DIGITS));
	if (memcmp(digits, reading.end, CHECKSUM_DIGITS) != 0)
		return false;

	if (get_number(&reading, PG_UINT32_MAX) != TOKEN_VERSION)
		return false;
	token->store_id = (int64) get_number(&reading, MAX_NUMBER);
	token->system = get_number(&reading, PG_UINT64_MAX);
	token->database = (Oid) get_number(&reading, PG_UINT32_MAX);
	token->timeline = (TimeLineID) get_number(&reading, PG_UINT32_MAX);
	token->wal = get_number(&reading, PG_UINT64_MAX);
	token->phase = (TokenPhase) get_number(&reading, TOKEN_PASS);
	get_seen(&reading, &token->from);
	if (token->phase == TOKEN_PASS)
		get_seen(&reading, &token->to);
	if (token->phase != TOKEN_REST)
	{
		token->folder_id = (int64) get_number(&reading, MAX_NUMBER);
		token->at.message_id = (int64) get_number(&reading, MAX_NUMBER);
	}
	if (token->phase == TOKEN_PASS)
	{
		token->at.incarnation = (int64) get_number(&reading, MAX_COUNTER) - 1;
		token->at.xid = get_number(&reading, MAX_XID);
		token->at.number = (int64) get_number(&reading, MAX_NUMBER);
	}
	return reading.at == reading.end;
}
