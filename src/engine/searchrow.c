/*-------------------------------------------------------------------------
 *
 * searchrow.c
 *	  Rows of message_search: what full text search knows of messages.
 *
 * NOTES
 *	  A message has one row per part of its text (searchtext.c), with the words
 *	  of that part.  The rows are written in the transaction that writes the
 *	  version, after the message's row, by whoever holds the lock on that row.
 *	  So no two transactions write the rows of one message, and the rows are
 *	  found with SnapshotSelf: no search row makes a save wait or fail, in no
 *	  isolation level.
 *
 *	  A row belongs to a generation of its store, which set_search() begins.
 *	  Generations are change numbers, so that no two stores share one.  Every
 *	  word of a row begins with the generation, and so do the words of a query.
 *	  An index scan for a word therefore reads no row of another store or an
 *	  older generation, and costs nothing for them.  Every indexed message has a
 *	  row of its subject, be it empty.  If this row is missing or old, the
 *	  message is not indexed yet, and the next save that changes searched text
 *	  indexes the whole message, as rebuild_search() does.
 *
 *	  A vector holds less than 1 MB.  A text is therefore indexed in slices, as
 *	  many as fit.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tsearch/ts_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/pg_crc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Columns of message_search, by position. */
typedef enum SearchColumn
{
	S_STORE_ID = 0,
	S_MESSAGE_ID,
	S_PART,
	S_GENERATION,
	S_WORDS,
	NUM_SEARCH_COLUMNS
} SearchColumn;

/*
 * A slice of text becomes a vector of at most ten times its bytes, and a
 * vector of at most so many bytes takes another slice.
 */
#define SLICE_BYTES		(64 * 1024)
#define FULL_BYTES		(300 * 1024)

/* Two vectors of together so many bytes make one of less than 1 MB. */
#define JOINED_BYTES	(900 * 1024)

/* A generation, as the words begin with it, and an end mark. */
#define PREFIX_SIZE		16

/* Positions between the words of two parts: no phrase spans them. */
#define PART_GAP		64

/* The weights of the parts, which rank and headline go by. */
static const char weights[NUM_SEARCH_PARTS] = {'A', 'B', 'C', 'D'};

/* ------------------------------------------------------------------ vectors */

/*
 * Write the beginning of all words of a generation: its number in few
 * characters, and a blank.  Returns the number of bytes.
 */
static int
write_prefix(const SearchSettings *settings, char prefix[PREFIX_SIZE])
{
	static const char digits[] =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-";
	uint64		rest = (uint64) settings->generation;
	int			len = 0;

	do
	{
		prefix[len++] = digits[rest & 63];
		rest >>= 6;
	} while (rest != 0);
	prefix[len++] = ' ';
	return len;
}

/*
 * Return the bytes that a word with a prefix takes in a vector behind "at"
 * bytes, 0 if the vector cannot have it.
 */
static int
prefixed_bytes(TSVector words, const WordEntry * entry, int prefix_len, int at)
{
	int			len = entry->len + prefix_len;
	int			end = at + len;

	if (entry->haspos)
		end = SHORTALIGN(end) + sizeof(uint16) +
			POSDATALEN(words, entry) * sizeof(WordEntryPos);
	return len > MAXSTRLEN || end > MAXSTRPOS ? 0 : end - at;
}

/*
 * Return a vector whose words begin with a prefix, without the words that are
 * too long then.  The order of the words stays.
 */
static TSVector
add_prefix(TSVector words, const char *prefix, int prefix_len)
{
	const		WordEntry *entries = ARRPTR(words);
	int			count = 0;
	int			size = 0;
	TSVector	result;
	WordEntry  *to;
	char	   *strings;

	for (int i = 0; i < words->size; i++)
	{
		int			bytes = prefixed_bytes(words, &entries[i], prefix_len,
										   size);

		size += bytes;
		count += bytes > 0;
	}
	result = palloc0(CALCDATASIZE(count, size));
	SET_VARSIZE(result, CALCDATASIZE(count, size));
	result->size = count;
	to = ARRPTR(result);
	strings = STRPTR(result);
	size = 0;
	for (int i = 0; i < words->size; i++)
	{
		const		WordEntry *from = &entries[i];
		int			bytes = prefixed_bytes(words, from, prefix_len, size);

		if (bytes == 0)
			continue;
		*to = *from;
		to->pos = size;
		to->len = from->len + prefix_len;
		memcpy(strings + size, prefix, prefix_len);
		memcpy(strings + size + prefix_len, STRPTR(words) + from->pos,
			   from->len);
		if (from->haspos)
			memcpy(_POSVECPTR(result, to), _POSVECPTR(words, from),
				   sizeof(uint16) +
				   POSDATALEN(words, from) * sizeof(WordEntryPos));
		size += bytes;
		to++;
	}
	return result;
}

TSQuery
searchrow_query(const SearchSettings *settings, TSQuery query)
{
	char		prefix[PREFIX_SIZE];
	int			prefix_len = write_prefix(settings, prefix);
	TSQuery		result = palloc0(VARSIZE(query) + query->size * prefix_len);
	int			size = 0;

	memcpy(result, query, COMPUTESIZE(query->size, 0));
	for (int i = 0; i < query->size; i++)
	{
		QueryOperand *operand = &GETQUERY(result)[i].qoperand;
		char	   *to = GETOPERAND(result) + size;
		int			len = operand->length;
		int			behind = prefix_len;
		pg_crc32	checksum;

		if (operand->type != QI_VAL)
			continue;
		if (len + behind > MAXSTRLEN)
			behind = 0;			/* no row has the word */
		memcpy(to, prefix, behind);
		memcpy(to + behind, GETOPERAND(query) + operand->distance, len);
		len += behind;
		INIT_LEGACY_CRC32(checksum);
		COMP_LEGACY_CRC32(checksum, to, len);
		FIN_LEGACY_CRC32(checksum);
		operand->valcrc = (int32) checksum;
		operand->distance = size;
		operand->length = len;
		size += len + 1;
	}
	SET_VARSIZE(result, COMPUTESIZE(result->size, size));
	return result;
}

/* Return the bytes of the slice at the start of a text: it ends at a blank. */
static int
slice(const char *text, int len)
{
	int			end = SLICE_BYTES;

	if (len <= SLICE_BYTES)
		return len;
	while (end > SLICE_BYTES / 2 && text[end] != ' ' && text[end] != '\n')
		end--;
	if (end > SLICE_BYTES / 2)
		return end;
	return pg_mbcliplen(text, len, SLICE_BYTES);
}

/*
 * Return the words of a text, with the prefix of their generation and the
 * weight of a part.
 */
static Datum
text_vector(const SearchSettings *settings, SearchPart part,
			const StringInfo text)
{
	char		prefix[PREFIX_SIZE];
	int			prefix_len = write_prefix(settings, prefix);
	TSVector	words = palloc0(CALCDATASIZE(0, 0));
	int			at = 0;

	SET_VARSIZE(words, CALCDATASIZE(0, 0));
	while (at < text->len && VARSIZE(words) <= FULL_BYTES)
	{
		int			len = slice(text->data + at, text->len - at);
		Datum		plain;
		TSVector	more;

		CHECK_FOR_INTERRUPTS();
		plain = DirectFunctionCall2(to_tsvector_byid,
									ObjectIdGetDatum(settings->configuration),
									PointerGetDatum(cstring_to_text_with_len(text->data + at,
																			 len)));
		more = add_prefix(DatumGetTSVector(plain), prefix, prefix_len);
		if (at == 0)
			words = more;
		else if (VARSIZE(words) + VARSIZE(more) > JOINED_BYTES)
			break;
		else
			words = DatumGetTSVector(DirectFunctionCall2(tsvector_concat,
														 TSVectorGetDatum(words),
														 TSVectorGetDatum(more)));
		at += len;
	}
	return DirectFunctionCall2(tsvector_setweight, TSVectorGetDatum(words),
							   CharGetDatum(weights[part]));
}

/* SearchBlobReader: read a blob of the store. */
static bytea *
read_blob_of(void *arg, int64 blob_id, int64 size, int64 count)
{
	return blob_read(*(int64 *) arg, blob_id, size, 0, Min(count, size));
}

char *
searchrow_text(int64 store_id, const Content *content, SearchPart part,
			   int *len)
{
	StringInfoData text;

	initStringInfo(&text);
	searchtext_append(content, part, read_blob_of, &store_id, &text);
	*len = text.len;
	return text.data;
}

/* Return the words of a part of a message. */
static Datum
part_vector(int64 store_id, const SearchSettings *settings,
			const Content *content, SearchPart part, bool *is_empty)
{
	StringInfoData text;
	Datum		words;

	initStringInfo(&text);
	searchtext_append(content, part, read_blob_of, &store_id, &text);
	words = text_vector(settings, part, &text);
	*is_empty = DatumGetTSVector(words)->size == 0;
	return words;
}

/* --------------------------------------------------------------------- rows */

/* A table and its primary key, open. */
typedef struct SearchTable
{
	Relation	table;
	Relation	index;
	TupleTableSlot *slot;
	IndexScanDesc scan;			/* of a reader, NULL before the first */
	MemoryContext context;		/* what the scan allocates */
} SearchTable;

static void
open_table(SearchTable *search, LOCKMODE lockmode)
{
	search->table = direct_relation(REL_MESSAGE_SEARCH, lockmode);
	search->index = index_open(relation_oid(REL_MESSAGE_SEARCH_PKEY),
							   lockmode);
	search->slot = table_slot_create(search->table, NULL);
}

static void
close_table(SearchTable *search)
{
	ExecDropSingleTupleTableSlot(search->slot);
	index_close(search->index, NoLock);
	table_close(search->table, NoLock);
}

/*
 * Begin a scan of the rows of a message, or of one part of it (or -1), or use
 * a scan once more that had as many keys.
 */
static IndexScanDesc
begin_scan(const SearchTable *search, IndexScanDesc scan, Snapshot snapshot,
		   int64 store_id, int64 message_id, int part)
{
	ScanKeyData keys[3];
	int			nkeys = part < 0 ? 2 : 3;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(store_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(message_id));
	ScanKeyInit(&keys[2], 3, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(part));
	if (scan == NULL)
		scan = compat_index_beginscan(search->table, search->index, snapshot,
									  nkeys, 0);
	index_rescan(scan, keys, nkeys, NULL, 0);
	return scan;
}

/* Find the row of a part for its writer.  Returns false if there is none. */
static bool
find_part(SearchTable *search, int64 store_id, int64 message_id, int part)
{
	IndexScanDesc scan = begin_scan(search, NULL, SnapshotSelf, store_id,
									message_id, part);
	bool		found = index_getnext_slot(scan, ForwardScanDirection,
										   search->slot);

	index_endscan(scan);
	return found;
}

/* Return true if the row in the slot is of a generation. */
static bool
is_current(SearchTable *search, const SearchSettings *settings)
{
	bool		isnull;

	return DatumGetInt64(slot_getattr(search->slot, S_GENERATION + 1,
									  &isnull)) == settings->generation;
}

/*
 * Return true if the row in the slot is of a generation and has these words.
 */
static bool
has_words(SearchTable *search, const SearchSettings *settings, Datum words)
{
	bool		isnull;
	Datum		old;

	if (!is_current(search, settings))
		return false;
	old = slot_getattr(search->slot, S_WORDS + 1, &isnull);
	return DatumGetBool(DirectFunctionCall2(tsvector_eq, old, words));
}

/* Write a part of a message; "exists" if its row is in the slot. */
static void
write_part(SearchTable *search, int64 store_id, int64 message_id,
		   SearchPart part, const SearchSettings *settings, Datum words,
		   bool exists)
{
	TupleTableSlot *slot =
	MakeSingleTupleTableSlot(RelationGetDescr(search->table),
							 &TTSOpsVirtual);
	Datum	   *values = slot->tts_values;

	memset(slot->tts_isnull, true,
		   sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int i = 0; i < NUM_SEARCH_COLUMNS; i++)
		slot->tts_isnull[i] = false;
	values[S_STORE_ID] = Int64GetDatum(store_id);
	values[S_MESSAGE_ID] = Int64GetDatum(message_id);
	values[S_PART] = Int16GetDatum(part);
	values[S_GENERATION] = Int64GetDatum(settings->generation);
	values[S_WORDS] = words;
	ExecStoreVirtualTuple(slot);
	direct_write(search->table, exists ? search->slot : NULL, slot);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Write the parts "parts" of a message.  A part without words has no row,
 * except the subject; its old row stays, without words.
 */
static void
write_parts(SearchTable *search, int64 store_id, int64 message_id,
			const Content *content, const SearchSettings *settings,
			uint32 parts)
{
	for (int part = 0; part < NUM_SEARCH_PARTS; part++)
	{
		bool		is_empty;
		bool		exists;
		Datum		words;

		if ((parts & (1 << part)) == 0)
			continue;
		words = part_vector(store_id, settings, content, part, &is_empty);
		exists = find_part(search, store_id, message_id, part);
		if (exists ? !has_words(search, settings, words) :
			(!is_empty || part == SEARCH_SUBJECT))
			write_part(search, store_id, message_id, part, settings, words,
					   exists);
		ExecClearTuple(search->slot);
	}
}

/*
 * Write parts of a message, or all if the message is not indexed yet, in
 * memory that is freed at the end.  Returns false if "parts" is 0 and the
 * message is indexed.
 */
static bool
index_message(const MessageRow *row, const Content *content,
			  const SearchSettings *settings, uint32 parts)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore searched text",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	SearchTable search;

	open_table(&search, RowExclusiveLock);
	if (!find_part(&search, row->store_id, row->message_id, SEARCH_SUBJECT) ||
		!is_current(&search, settings))
		parts = (1 << NUM_SEARCH_PARTS) - 1;
	ExecClearTuple(search.slot);
	write_parts(&search, row->store_id, row->message_id, content, settings,
				parts);
	close_table(&search);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return parts != 0;
}

/* Return true if the messages of a store are indexed, this one among them. */
static bool
is_searched(const MessageRow *row, SearchSettings *settings)
{
	return (row->version.message_flags & MSGFLAG_ASSOCIATED) == 0 &&
		access_search(row->store_id, settings) &&
		OidIsValid(settings->configuration);
}

void
searchrow_insert(const MessageRow *row)
{
	SearchSettings settings;

	if (is_searched(row, &settings))
		index_message(row, &row->version.content, &settings, 0);
}

void
searchrow_follow(const MessageRow *row, const Content *content,
				 const Jsonb *undo)
{
	SearchSettings settings;
	uint32		touched;

	if (!is_searched(row, &settings))
		return;
	touched = searchtext_touched(&row->version.content, content, undo);
	if (touched != 0)
		index_message(row, content, &settings, touched);
}

bool
searchrow_index(const MessageRow *row)
{
	SearchSettings settings;

	return is_searched(row, &settings) &&
		index_message(row, &row->version.content, &settings, 0);
}

/* ------------------------------------------------------------------ reading */

/* Return a vector of one word at the end of the gap between two parts. */
static Datum
gap_vector(void)
{
	return DirectFunctionCall1(tsvectorin,
							   CStringGetDatum(psprintf("' ':%d", PART_GAP)));
}

void
searchrow_begin(SearchReader *reader, int64 store_id,
				const SearchSettings *settings)
{
	SearchTable *search = palloc(sizeof(SearchTable));

	open_table(search, AccessShareLock);
	search->scan = NULL;
	search->context = CurrentMemoryContext;
	reader->store_id = store_id;
	reader->settings = *settings;
	reader->table = search;
	reader->gap = gap_vector();
}

void
searchrow_end(SearchReader *reader)
{
	SearchTable *search = reader->table;

	if (search->scan != NULL)
		index_endscan(search->scan);
	close_table(search);
	pfree(search);
}

/* Read the next row of the reader's scan, in memory that outlives the row. */
static bool
next_row(SearchTable *search)
{
	MemoryContext caller = MemoryContextSwitchTo(search->context);
	bool		found = index_getnext_slot(search->scan, ForwardScanDirection,
										   search->slot);

	MemoryContextSwitchTo(caller);
	return found;
}

void
searchrow_parts(SearchReader *reader, int64 message_id,
				TSVector parts[NUM_SEARCH_PARTS])
{
	SearchTable *search = reader->table;
	MemoryContext caller = MemoryContextSwitchTo(search->context);

	search->scan = begin_scan(search, search->scan, GetActiveSnapshot(),
							  reader->store_id, message_id, -1);
	MemoryContextSwitchTo(caller);
	memset(parts, 0, sizeof(TSVector) * NUM_SEARCH_PARTS);
	while (next_row(search))
	{
		bool		isnull;
		int			part = DatumGetInt16(slot_getattr(search->slot,
													  S_PART + 1, &isnull));

		if (part >= 0 && part < NUM_SEARCH_PARTS &&
			is_current(search, &reader->settings))
			parts[part] = DatumGetTSVectorCopy(slot_getattr(search->slot,
															S_WORDS + 1,
															&isnull));
	}
}

/*
 * Return the only part that matches a query, or any part if none does; NULL if
 * several do, or if there is no part.
 */
static TSVector
only_part(TSVector parts[NUM_SEARCH_PARTS], Datum query)
{
	TSVector	only = NULL;
	bool		matches = false;

	for (int i = 0; i < NUM_SEARCH_PARTS; i++)
	{
		if (parts[i] == NULL)
			continue;
		if (DatumGetBool(DirectFunctionCall2(ts_match_vq,
											 TSVectorGetDatum(parts[i]),
											 query)))
		{
			if (matches)
				return NULL;
			matches = true;
			only = parts[i];
		}
		else if (only == NULL)
			only = parts[i];
	}
	return only;
}

TSVector
searchrow_read(SearchReader *reader, int64 message_id, Datum some)
{
	TSVector	parts[NUM_SEARCH_PARTS];
	TSVector	only;
	Datum		whole = (Datum) 0;

	searchrow_parts(reader, message_id, parts);
	only = only_part(parts, some);
	if (only != NULL)
		return only;
	for (int i = 0; i < NUM_SEARCH_PARTS; i++)
	{
		Datum		words = TSVectorGetDatum(parts[i]);

		if (parts[i] == NULL)
			continue;
		whole = whole == (Datum) 0 ? words :
			DirectFunctionCall2(tsvector_concat,
								DirectFunctionCall2(tsvector_concat, whole,
													reader->gap), words);
	}
	return whole == (Datum) 0 ? NULL : DatumGetTSVector(whole);
}
