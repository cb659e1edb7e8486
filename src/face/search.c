/*-------------------------------------------------------------------------
 *
 * search.c
 *	  Full text search: settings of stores, and searches.
 *
 * NOTES
 *	  A search has three steps.  The first finds candidates in the index
 *	  (candidate.c).  The second takes the candidates from a heap, the best
 *	  first; the words of a candidate are read only if its rank is not known.
 *	  The third reads the message and asks for the rights, so that nothing is
 *	  returned, quoted or counted that the caller may not read.  The search ends
 *	  when it has enough hits, and reads no message after the last of them.
 *
 *	  Everything is read with the active snapshot, as a SELECT does.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/binaryheap.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tsearch/ts_utils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "query.h"

#define MAX_QUERY_BYTES		1000
#define HEADLINE_CHARS		400
#define HEADLINE_TEXT		(256 * 1024)	/* bytes that a quote comes from */
#define HEADLINE_OPTIONS \
	"StartSel=\"[\", StopSel=\"]\", MaxFragments=2, MaxWords=20, MinWords=8," \
	" FragmentDelimiter=\" ... \""

#define POSITION_DIGITS		40

#define SAMPLE				16	/* one candidate of so many is checked */

typedef struct Search
{
	int64		store_id;
	int64		folder_id;		/* 0: the whole store */
	SearchSettings settings;
	TSQuery		query;			/* as the texts have the words */
	TSQuery		words;			/* as the rows have the words */
	const char *actor;
	MessageList *listing;		/* the folders, NULL: all */
	uint64		hash;			/* of what a position is good for */
	int64		max;			/* -1: all */
	bool		has_after;
	SearchHit	after;
	SearchHits	candidates;
	Datum		any_word;		/* a query for any word, also a negated one */
	Datum		quoted_word;	/* one for any other word, or 0 */
	int64		unranked;		/* candidates without a rank until now */
	int64		checked;		/* those that were checked before the rank */
	int64		passed;			/* those of them that are searched */
} Search;

/* ----------------------------------------------------------------- settings */

void
search_require(int64 store_id, SearchSettings *settings)
{
	if (!access_search(store_id, settings))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("store %lld has no full text search",
						(long long) store_id),
				 errhint("The owner turns it on with set_search() and rebuild_search().")));
	if (!OidIsValid(settings->configuration))
		ereport(ERROR,
				(errmapi(MAPI_E_NO_SUPPORT),
				 errmsg("the text search configuration of store %lld was dropped",
						(long long) store_id),
				 errhint("Set another one with set_search().")));
}

/* Return schema and name of a configuration as texts. */
static void
configuration_names(Oid configuration, Datum *schema, Datum *name)
{
	HeapTuple	tuple = SearchSysCache1(TSCONFIGOID,
										ObjectIdGetDatum(configuration));
	Form_pg_ts_config form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for text search configuration %u",
			 configuration);
	form = (Form_pg_ts_config) GETSTRUCT(tuple);
	*schema = CStringGetTextDatum(get_namespace_name(form->cfgnamespace));
	*name = CStringGetTextDatum(NameStr(form->cfgname));
	ReleaseSysCache(tuple);
}

/*
 * set_search(store_id, enabled, configuration)
 *
 * Turn full text search of a store on, with a text search configuration, or
 * off.  Changes nothing if the store is searched so already.  The messages
 * that are there are found after rebuild_search().
 *
 * Errors: MAPI_E_NO_ACCESS; undefined_object for the configuration.
 */
PG_FUNCTION_INFO_V1(set_search);
Datum
set_search(PG_FUNCTION_ARGS)
{
	Datum		values[5];
	int64		store_id = call_number(fcinfo, 0, "store_id");
	SearchSettings old;
	Oid			configuration;
	bool		is_on;

	REQUIRE_ARG(1, "enabled");
	REQUIRE_ARG(2, "configuration");
	call_require_write("set_search()");
	access_require_owner(store_id);
	configuration =
		get_ts_config_oid(textToQualifiedNameList(PG_GETARG_TEXT_PP(2)),
						  false);
	access_lock(store_id);
	is_on = access_search(store_id, &old);
	if (is_on == PG_GETARG_BOOL(1) &&
		(!is_on || old.configuration == configuration))
		PG_RETURN_VOID();

	values[0] = Int64GetDatum(store_id);
	values[1] = PG_GETARG_DATUM(1);
	configuration_names(configuration, &values[2], &values[3]);
	values[4] = Int64GetDatum(number_next_change(0));
	SPI_connect();
	query_run(QUERY_SEARCH_SET, values, NULL);
	SPI_finish();
	relation_announce(REL_STORE);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}

/* --------------------------------------------------------------------- hits */

/* Return the folders that are searched as a bigint[], or 0 if all may be. */
static Datum
folders_searched(const Search *search)
{
	const MessageList *listing = search->listing;
	Datum	   *ids;

	if (listing == NULL || listing->is_held)
		return (Datum) 0;
	ids = palloc(sizeof(Datum) * Max(listing->nfolders, 1));
	for (int i = 0; i < listing->nfolders; i++)
		ids[i] = Int64GetDatum(listing->folders[i].folder_id);
	return PointerGetDatum(construct_array(ids, listing->nfolders, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/* Order of hits: the best rank first, then the newest message. */
static int
compare_hits(const SearchHit *x, const SearchHit *y)
{
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	if (x->message_id != y->message_id)
		return x->message_id > y->message_id ? -1 : 1;
	return 0;
}

/* binaryheap_comparator: the first hit is at the top. */
static int
compare_in_heap(Datum a, Datum b, void *arg)
{
	return -compare_hits((const SearchHit *) DatumGetPointer(a),
						 (const SearchHit *) DatumGetPointer(b));
}

/*
 * Return true if a message is one of those that are searched, and the caller
 * may read it.  Sets the folder of the hit.
 */
static bool
is_searched(const Search *search, MessageRow *row, SearchHit *hit)
{
	const MessageList *listing = search->listing;
	ListedRow	listed;

	if (!messagerow_fetch(row, search->store_id, hit->message_id) ||
		row->version.deleted_at != 0 ||
		(row->version.message_flags & MSGFLAG_ASSOCIATED) != 0)
		return false;
	hit->folder_id = row->version.folder_id;
	if (listing != NULL &&
		!listing_has(listing, hit->folder_id, hit->message_id))
		return false;
	if (!access_message(search->store_id, hit->folder_id, row->creator,
						ACCESS_TO_READ))
		return false;
	if (listing == NULL || listing->restriction == NULL)
		return true;
	memset(&listed, 0, sizeof(listed));
	listed.row = row;
	listed.actor = search->actor;
	return match_restriction(listing->restriction, listing_find, &listed);
}

/* Match and rank a candidate with its words. */
static bool
rank_candidate(const Search *search, SearchReader *reader, SearchHit *hit)
{
	Datum		query = TSQueryGetDatum(search->words);
	TSVector	words = searchrow_read(reader, hit->message_id,
									   search->any_word);

	if (words == NULL ||
		!DatumGetBool(DirectFunctionCall2(ts_match_vq,
										  TSVectorGetDatum(words), query)))
		return false;
	hit->is_ranked = true;
	hit->rank = DatumGetFloat4(DirectFunctionCall2(ts_rank_tt,
												   TSVectorGetDatum(words),
												   query));
	return true;
}

/* Return true if a hit is behind the position of a search. */
static bool
is_behind(const Search *search, const SearchHit *hit)
{
	return !search->has_after || compare_hits(hit, &search->after) > 0;
}

/*
 * Return a heap of the candidates.  Those that a page does not reach are left
 * out: their rank is known and not behind the position.
 */
static binaryheap *
heap_of_candidates(Search *search)
{
	SearchHits *all = &search->candidates;
	binaryheap *heap = binaryheap_allocate(all->count, compare_in_heap, NULL);

	for (int64 i = 0; i < all->count; i++)
	{
		SearchHit  *hit = &all->hits[i];

		if (!hit->is_ranked || is_behind(search, hit))
			binaryheap_add_unordered(heap, PointerGetDatum(hit));
	}
	binaryheap_build(heap);
	return heap;
}

/*
 * Return true if a candidate without a rank may be a hit.  Ranks are computed
 * for nothing if most candidates are in other folders, and rights and folders
 * are checked twice if few are.  A sample of the candidates decides.
 */
static bool
is_worth_ranking(Search *search, MessageRow *row, SearchHit *hit)
{
	bool		is_sample = search->unranked++ % SAMPLE == 0;

	if (search->listing == NULL ||
		(!is_sample && search->passed * 2 > search->checked))
		return true;
	search->checked++;
	if (!is_searched(search, row, hit))
		return false;
	search->passed++;
	return true;
}

/*
 * Check the candidate at the top of the heap.  Returns true if the candidate
 * is a hit, and is then no longer in the heap, and its message is in *row.
 */
static bool
take_first(Search *search, SearchReader *reader, MessageRow *row,
		   binaryheap *heap)
{
	SearchHit  *hit = (SearchHit *) DatumGetPointer(binaryheap_first(heap));

	if (hit->is_ranked)
	{
		(void) binaryheap_remove_first(heap);
		return is_searched(search, row, hit);
	}
	if (is_worth_ranking(search, row, hit) &&
		rank_candidate(search, reader, hit) && is_behind(search, hit))
		binaryheap_replace_first(heap, PointerGetDatum(hit));
	else
		(void) binaryheap_remove_first(heap);
	return false;
}

/* ----------------------------------------------------------------- headline */

/* Return the part of a hit that is quoted: the first with a word found. */
static SearchPart
quoted_part(SearchReader *reader, const SearchHit *hit, Datum words)
{
	static const SearchPart order[] = {SEARCH_BODY, SEARCH_SUBJECT,
	SEARCH_FILES, SEARCH_PEOPLE};
	TSVector	parts[NUM_SEARCH_PARTS];

	if (hit->part >= 0 && hit->part < NUM_SEARCH_PARTS)
		return (SearchPart) hit->part;
	if (words == (Datum) 0)
		return SEARCH_BODY;
	searchrow_parts(reader, hit->message_id, parts);
	for (int i = 0; i < lengthof(order); i++)
	{
		if (parts[order[i]] != NULL &&
			DatumGetBool(DirectFunctionCall2(ts_match_vq,
											 TSVectorGetDatum(parts[order[i]]),
											 words)))
			return order[i];
	}
	return SEARCH_BODY;
}

/*
 * Return a quote from a message, in one line, with the words that were found
 * in brackets.
 */
static Datum
headline(const Search *search, SearchReader *reader, const SearchHit *hit,
		 const MessageRow *row)
{
	int			len;
	char	   *source = searchrow_text(search->store_id,
										&row->version.content,
										quoted_part(reader, hit,
													search->quoted_word),
										&len);
	text	   *quote;
	char	   *line;

	len = pg_mbcliplen(source, len, HEADLINE_TEXT);
	quote = DatumGetTextPP(DirectFunctionCall4(ts_headline_byid_opt,
											   ObjectIdGetDatum(search->settings.configuration),
											   PointerGetDatum(cstring_to_text_with_len(source,
																						len)),
											   TSQueryGetDatum(search->query),
											   CStringGetTextDatum(HEADLINE_OPTIONS)));
	line = VARDATA_ANY(quote);
	len = VARSIZE_ANY_EXHDR(quote);
	for (int i = 0; i < len; i++)
	{
		if ((unsigned char) line[i] < ' ')
			line[i] = ' ';
	}
	while (len > 0 && line[len - 1] == ' ')
		len--;
	return PointerGetDatum(cstring_to_text_with_len(line,
													pg_mbcharcliplen(line, len,
																	 HEADLINE_CHARS)));
}

/* ---------------------------------------------------------------- positions */

/* Return the checksum of a hit in a search. */
static uint64
hit_checksum(const Search *search, const SearchHit *hit)
{
	char		bytes[sizeof(float4) + sizeof(int64)];

	memcpy(bytes, &hit->rank, sizeof(float4));
	memcpy(bytes + sizeof(float4), &hit->message_id, sizeof(int64));
	return DatumGetUInt64(hash_any_extended((unsigned char *) bytes,
											sizeof(bytes), search->hash));
}

/* Return the position of a hit: a checksum, rank and id, in hexadecimal. */
static Datum
hit_position(const Search *search, const SearchHit *hit)
{
	uint32		rank;

	memcpy(&rank, &hit->rank, sizeof(rank));
	return CStringGetTextDatum(psprintf("%016llX%08X%016llX",
										(unsigned long long) hit_checksum(search,
																		  hit),
										rank,
										(unsigned long long) hit->message_id));
}

/* Return up to 16 hexadecimal digits of a text as a number. */
static uint64
hexadecimal(const char *text, int digits)
{
	char	   *copy = pnstrdup(text, digits);

	return strtoull(copy, NULL, 16);
}

/* Read a position of this search into search->after. */
static void
read_position(Search *search, const char *position)
{
	uint32		rank;

	if (strlen(position) == POSITION_DIGITS &&
		strspn(position, "0123456789ABCDEF") == POSITION_DIGITS)
	{
		rank = (uint32) hexadecimal(position + 16, 8);
		memcpy(&search->after.rank, &rank, sizeof(rank));
		search->after.message_id = (int64) hexadecimal(position + 24, 16);
		search->has_after = true;
		if (hexadecimal(position, 16) ==
			hit_checksum(search, &search->after))
			return;
	}
	ereport(ERROR,
			(errmapi(MAPI_E_INVALID_PARAMETER),
			 errmsg("\"after\" is not a position in this search"),
			 errhint("A position is good for the store, folder and query with which it was returned.")));
}

/* ---------------------------------------------------------------- searching */

/* Read argument n, the query. */
static void
query_argument(FunctionCallInfo fcinfo, int n, Search *search)
{
	text	   *query;
	int64		key[3] = {search->store_id, search->folder_id,
	search->settings.generation};

	query = PG_GETARG_TEXT_PP(n);
	if (VARSIZE_ANY_EXHDR(query) > MAX_QUERY_BYTES)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("the query has more than %d bytes",
						MAX_QUERY_BYTES)));
	search->query =
		DatumGetTSQuery(DirectFunctionCall2(websearch_to_tsquery_byid,
											ObjectIdGetDatum(search->settings.configuration),
											PointerGetDatum(query)));
	search->words = searchrow_query(&search->settings, search->query);
	search->hash =
		DatumGetUInt64(hash_any_extended((unsigned char *) VARDATA_ANY(query),
										 VARSIZE_ANY_EXHDR(query),
										 DatumGetUInt64(hash_any_extended((unsigned char *) key,
																		  sizeof(key),
																		  0))));
}

/* Read the arguments, check the rights and gather the folders. */
static void
begin_search(FunctionCallInfo fcinfo, Search *search)
{
	memset(search, 0, sizeof(Search));
	search->store_id = call_number(fcinfo, 0, "store_id");
	REQUIRE_ARG(1, "query");
	search->actor = call_actor(fcinfo, 5);
	search->max = list_max_argument(fcinfo, 3);
	if (PG_ARGISNULL(2))
		access_require_store(search->store_id, RIGHT_FOLDER_VISIBLE);
	else
	{
		search->folder_id = call_number(fcinfo, 2, "folder_id");
		search->listing = palloc0(sizeof(MessageList));
		list_open(search->listing, search->store_id, search->folder_id, NULL,
				  0);
	}
	search_require(search->store_id, &search->settings);
	query_argument(fcinfo, 1, search);
	if (!PG_ARGISNULL(4))
		read_position(search, call_text(fcinfo, 4));
}

/* Add a hit to the result; its message is the row that was read last. */
static void
put_hit(const Search *search, const SearchHit *hit, SearchReader *reader,
		const MessageRow *row, Tuplestorestate *result, TupleDesc desc)
{
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = Int64GetDatum(hit->message_id);
	values[1] = Int64GetDatum(hit->folder_id);
	values[2] = Float4GetDatum(hit->rank);
	values[3] = headline(search, reader, hit, row);
	values[4] = hit_position(search, hit);
	tuplestore_putvalues(result, desc, values, nulls);
}

/* Find the hits of a search, the best first, and add them to the result. */
static void
put_hits(Search *search, SearchReader *reader, MessageRow *row,
		 Tuplestorestate *result, TupleDesc desc)
{
	int64		needed = search->max < 0 ? PG_INT64_MAX : search->max;
	binaryheap *heap;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore candidate",
												  ALLOCSET_DEFAULT_SIZES);

	search->candidates = candidate_find(search->store_id, search->words,
										folders_searched(search));
	search->any_word = candidate_any_word(search->words, true);
	search->quoted_word = candidate_any_word(search->words, false);
	heap = heap_of_candidates(search);
	while (needed > 0 && !binaryheap_empty(heap))
	{
		SearchHit  *first = (SearchHit *) DatumGetPointer(binaryheap_first(heap));
		MemoryContext caller = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		if (take_first(search, reader, row, heap))
		{
			put_hit(search, first, reader, row, result, desc);
			needed--;
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/*
 * search_messages(store_id, query, folder_id, max, after, actor)
 *		→ (message_id, folder_id, rank, headline, position)
 *
 * Return the messages that match a query in the syntax of web searches and
 * that the caller may read, the best first: of the store, a folder or a search
 * folder, behind the position "after", at most "max".
 *
 * Errors: MAPI_E_NOT_FOUND for store or folder, MAPI_E_NO_ACCESS,
 * MAPI_E_NO_SUPPORT if the store is not searched, MAPI_E_INVALID_PARAMETER for
 * a long query or a position.
 */
PG_FUNCTION_INFO_V1(search_messages);
Datum
search_messages(PG_FUNCTION_ARGS)
{
	Search		search;
	SearchReader reader;
	MessageRow	row;
	TupleDesc	desc;
	Tuplestorestate *result;

	begin_search(fcinfo, &search);
	messagerow_begin_read(&row, GetActiveSnapshot());
	searchrow_begin(&reader, search.store_id, &search.settings);
	result = call_begin_set(fcinfo, &desc);
	if (search.query->size > 0)
		put_hits(&search, &reader, &row, result, desc);
	searchrow_end(&reader);
	messagerow_end_read(&row);
	return (Datum) 0;
}
