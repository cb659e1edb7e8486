/*-------------------------------------------------------------------------
 *
 * search.c
 *	  Full text search: settings of stores, and searches.
 *
 * NOTES
 *	  A search has two steps.  The first finds candidates in the index: the
 *	  messages that have a row for each part of the query which every result
 *	  must match (necessary()).  The rights are asked then, once per folder and
 *	  creator, so that no message is ranked or quoted that the caller may not
 *	  read.  The second step matches the whole query with the words of a
 *	  candidate, across the parts of its text, and ranks it.
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
#define MAX_NECESSARY		16	/* conditions for the index */
#define SPARE				1000	/* hits beyond those that are returned */
#define HEADLINE_CHARS		400
#define HEADLINE_TEXT		(256 * 1024)	/* bytes that a quote comes from */
#define HEADLINE_OPTIONS \
	"StartSel=\"[\", StopSel=\"]\", MaxFragments=2, MaxWords=20, MinWords=8," \
	" FragmentDelimiter=\" ... \""

#define POSITION_DIGITS		40

/* A message that a search has found. */
typedef struct Hit
{
	float4		rank;
	int64		message_id;
	int64		folder_id;
} Hit;

/* The messages of a folder by one creator that may match a query. */
typedef struct Candidates
{
	int64		folder_id;
	Datum		creator;
	int64	   *message_ids;
	int			count;
} Candidates;

typedef struct Search
{
	int64		store_id;
	int64		folder_id;		/* 0: the whole store */
	SearchSettings settings;
	TSQuery		query;
	const char *actor;
	MessageList *listing;		/* the folders, NULL: all */
	uint64		hash;			/* of what a position is good for */
	int64		max;			/* -1: all */
	bool		has_after;
	Hit			after;
	Hit		   *hits;
	int64		count;
	int64		allocated;
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

/* ------------------------------------------------------------------ queries */

static bool
is_operator(const QTNode *node, int8 oper)
{
	return node->valnode->type == QI_OPR &&
		node->valnode->qoperator.oper == oper;
}

static Datum
either(Datum a, Datum b)
{
	return DirectFunctionCall2(tsquery_or, a, b);
}

/*
 * Return a query that at least one part of every matching message matches, or
 * 0 if there is no such query.
 */
static Datum
necessary(QTNode *node)
{
	Datum		result = (Datum) 0;

	check_stack_depth();
	if (node->valnode->type == QI_VAL || is_operator(node, OP_PHRASE))
		return TSQueryGetDatum(QTN2QT(node));
	if (is_operator(node, OP_NOT))
		return (Datum) 0;
	for (int i = 0; i < node->nchild; i++)
	{
		Datum		part = necessary(node->child[i]);

		if (is_operator(node, OP_AND) && part != (Datum) 0)
			return part;
		if (is_operator(node, OP_OR) && part == (Datum) 0)
			return (Datum) 0;
		if (part != (Datum) 0)
			result = result == (Datum) 0 ? part : either(result, part);
	}
	return result;
}

/* Add what is necessary for each operand of the AND at the top of a query. */
static void
add_necessary(QTNode *node, Datum *conditions, int *count)
{
	Datum		condition;

	check_stack_depth();
	if (is_operator(node, OP_AND))
	{
		for (int i = 0; i < node->nchild; i++)
			add_necessary(node->child[i], conditions, count);
		return;
	}
	condition = *count < MAX_NECESSARY ? necessary(node) : (Datum) 0;
	if (condition != (Datum) 0)
		conditions[(*count)++] = condition;
}

/*
 * Return a query for any word of a query that a message may have, or 0 if it
 * has only words that a message must not have.
 */
static Datum
any_word(QTNode *node)
{
	Datum		result = (Datum) 0;

	check_stack_depth();
	if (node->valnode->type == QI_VAL)
		return TSQueryGetDatum(QTN2QT(node));
	if (is_operator(node, OP_NOT))
		return (Datum) 0;
	for (int i = 0; i < node->nchild; i++)
	{
		Datum		part = any_word(node->child[i]);

		if (part != (Datum) 0)
			result = result == (Datum) 0 ? part : either(result, part);
	}
	return result;
}

/* Return the tree of a query that is not empty. */
static QTNode *
query_tree(TSQuery query)
{
	return QT2QTN(GETQUERY(query), GETOPERAND(query));
}

/*
 * Return the conditions for the index as a text[], each with the key of the
 * store's rows; *count is their number.
 */
static Datum
index_conditions(const Search *search, int *count)
{
	Datum		conditions[MAX_NECESSARY];
	char	   *key = psprintf("'%s'", searchrow_key(search->store_id,
													 &search->settings));
	Datum		key_query = DirectFunctionCall1(tsqueryin,
												CStringGetDatum(key));

	*count = 0;
	add_necessary(query_tree(search->query), conditions, count);
	for (int i = 0; i < *count; i++)
	{
		Datum		both = DirectFunctionCall2(tsquery_and, key_query,
											   conditions[i]);
		char	   *text = DatumGetCString(DirectFunctionCall1(tsqueryout,
															   both));

		conditions[i] = CStringGetTextDatum(text);
	}
	return PointerGetDatum(construct_array(conditions, *count, TEXTOID, -1,
										   false, TYPALIGN_INT));
}

/* Return the folders that are searched as a bigint[]. */
static Datum
folder_array(const MessageList *listing)
{
	Datum	   *ids = palloc(sizeof(Datum) * Max(listing->nfolders, 1));

	for (int i = 0; i < listing->nfolders; i++)
		ids[i] = Int64GetDatum(listing->folders[i].folder_id);
	return PointerGetDatum(construct_array(ids, listing->nfolders, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/*
 * Return the candidates that the caller may read, by folder and creator; the
 * array and everything in it is palloc'd.
 */
static Candidates *
find_candidates(const Search *search, int *count)
{
	int			conditions;
	bool		by_folder = search->listing != NULL &&
	!search->listing->is_held;
	Datum		values[3] = {Int64GetDatum(search->store_id),
		index_conditions(search, &conditions),
	by_folder ? folder_array(search->listing) : (Datum) 0};
	Candidates *result;

	*count = 0;
	SPI_connect();
	query_run(conditions > 0 ? QUERY_SEARCH_FIND : QUERY_SEARCH_ALL, values,
			  by_folder ? NULL : "  n");
	result = SPI_palloc(sizeof(Candidates) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		Candidates *group = &result[*count];
		bool		isnull;
		ArrayType  *ids;
		Size		size;

		CHECK_FOR_INTERRUPTS();
		group->folder_id = DatumGetInt64(SPI_getbinval(tuple, desc, 1,
													   &isnull));
		group->creator = SPI_getbinval(tuple, desc, 2, &isnull);
		if (!access_message(search->store_id, group->folder_id,
							group->creator, ACCESS_TO_READ))
			continue;
		ids = DatumGetArrayTypeP(SPI_getbinval(tuple, desc, 3, &isnull));
		group->count = ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids));
		size = sizeof(int64) * group->count;
		group->message_ids = SPI_palloc(size);
		memcpy(group->message_ids, ARR_DATA_PTR(ids), size);
		group->creator = (Datum) 0;
		(*count)++;
	}
	SPI_finish();
	return result;
}

/* --------------------------------------------------------------------- hits */

/* qsort() comparator: the best rank first, then the newest message. */
static int
compare_hits(const void *a, const void *b)
{
	const Hit  *x = a;
	const Hit  *y = b;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	if (x->message_id != y->message_id)
		return x->message_id > y->message_id ? -1 : 1;
	return 0;
}

/* Sort the hits, and drop those that are not returned. */
static void
drop_surplus(Search *search)
{
	if (search->count > 1)
		qsort(search->hits, search->count, sizeof(Hit), compare_hits);
	if (search->max >= 0)
		search->count = Min(search->count, search->max);
}

static void
add_hit(Search *search, const Hit *hit)
{
	if (search->has_after && compare_hits(hit, &search->after) <= 0)
		return;
	if (search->max >= 0 && search->count >= search->max + SPARE)
		drop_surplus(search);
	if (search->count == search->allocated)
	{
		search->allocated = Max(256, search->allocated * 2);
		search->hits = search->hits == NULL ?
			palloc(sizeof(Hit) * search->allocated) :
			repalloc_huge(search->hits, sizeof(Hit) * search->allocated);
	}
	search->hits[search->count++] = *hit;
}

/* Return true if a message is in the folder that is searched. */
static bool
is_in_folder(const Search *search, MessageRow *row, int64 message_id)
{
	ListedRow	listed;

	if (search->listing != NULL &&
		!listing_may_have(search->listing, message_id))
		return false;
	if (search->listing == NULL || search->listing->restriction == NULL)
		return true;
	if (!messagerow_fetch(row, search->store_id, message_id))
		return false;
	memset(&listed, 0, sizeof(listed));
	listed.row = row;
	listed.actor = search->actor;
	return match_restriction(search->listing->restriction, listing_find,
							 &listed);
}

/* Match and rank a candidate; may leave memory behind. */
static bool
match_candidate(const Search *search, SearchReader *reader, MessageRow *row,
				Hit *hit)
{
	TSVector	parts[NUM_SEARCH_PARTS];
	TSVector	words = searchrow_read(reader, hit->message_id, parts);
	Datum		query = TSQueryGetDatum(search->query);

	if (words == NULL ||
		!DatumGetBool(DirectFunctionCall2(ts_match_vq,
										  TSVectorGetDatum(words), query)) ||
		!is_in_folder(search, row, hit->message_id))
		return false;
	hit->rank = DatumGetFloat4(DirectFunctionCall2(ts_rank_tt,
												   TSVectorGetDatum(words),
												   query));
	return true;
}

/* Find the hits of a search, the best first. */
static void
find_hits(Search *search, SearchReader *reader, MessageRow *row)
{
	int			ngroups;
	Candidates *groups = find_candidates(search, &ngroups);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore candidate",
												  ALLOCSET_DEFAULT_SIZES);

	for (int g = 0; g < ngroups; g++)
	{
		for (int i = 0; i < groups[g].count; i++)
		{
			Hit			hit = {0, groups[g].message_ids[i],
			groups[g].folder_id};
			MemoryContext caller = MemoryContextSwitchTo(context);
			bool		matches;

			CHECK_FOR_INTERRUPTS();
			matches = match_candidate(search, reader, row, &hit);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(context);
			if (matches)
				add_hit(search, &hit);
		}
	}
	drop_surplus(search);
	MemoryContextDelete(context);
}

/* ----------------------------------------------------------------- headline */

/* Return the part of a message that is quoted: the first with a word found. */
static SearchPart
quoted_part(SearchReader *reader, int64 message_id, Datum words)
{
	static const SearchPart order[] = {SEARCH_BODY, SEARCH_SUBJECT,
	SEARCH_FILES, SEARCH_PEOPLE};
	TSVector	parts[NUM_SEARCH_PARTS];

	if (words == (Datum) 0)
		return SEARCH_BODY;
	searchrow_read(reader, message_id, parts);
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
headline(const Search *search, SearchReader *reader, const MessageRow *row,
		 Datum words)
{
	int			len;
	char	   *source = searchrow_text(search->store_id,
										&row->version.content,
										quoted_part(reader, row->message_id,
													words), &len);
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
hit_checksum(const Search *search, const Hit *hit)
{
	char		bytes[sizeof(float4) + sizeof(int64)];

	memcpy(bytes, &hit->rank, sizeof(float4));
	memcpy(bytes + sizeof(float4), &hit->message_id, sizeof(int64));
	return DatumGetUInt64(hash_any_extended((unsigned char *) bytes,
											sizeof(bytes), search->hash));
}

/* Return the position of a hit: a checksum, rank and id, in hexadecimal. */
static Datum
hit_position(const Search *search, const Hit *hit)
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
	search->actor = call_text(fcinfo, 5);
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

/* Add the hits to the result. */
static void
put_hits(FunctionCallInfo fcinfo, const Search *search, SearchReader *reader,
		 MessageRow *row)
{
	TupleDesc	desc;
	Tuplestorestate *result = call_begin_set(fcinfo, &desc);
	Datum		words = search->count == 0 ? (Datum) 0 :
	any_word(query_tree(search->query));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "msgstore hit",
												  ALLOCSET_DEFAULT_SIZES);

	for (int64 i = 0; i < search->count; i++)
	{
		const Hit  *hit = &search->hits[i];
		MemoryContext caller = MemoryContextSwitchTo(context);
		Datum		values[5];
		bool		nulls[5] = {false};

		CHECK_FOR_INTERRUPTS();
		if (!messagerow_fetch(row, search->store_id, hit->message_id))
			elog(ERROR, "message " INT64_FORMAT " of store " INT64_FORMAT
				 " has gone within its snapshot", hit->message_id,
				 search->store_id);
		values[0] = Int64GetDatum(hit->message_id);
		values[1] = Int64GetDatum(hit->folder_id);
		values[2] = Float4GetDatum(hit->rank);
		values[3] = headline(search, reader, row, words);
		values[4] = hit_position(search, hit);
		tuplestore_putvalues(result, desc, values, nulls);
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

	begin_search(fcinfo, &search);
	messagerow_begin_read(&row, GetActiveSnapshot());
	searchrow_begin(&reader, search.store_id, &search.settings);
	if (search.query->size > 0)
		find_hits(&search, &reader, &row);
	put_hits(fcinfo, &search, &reader, &row);
	searchrow_end(&reader);
	messagerow_end_read(&row);
	return (Datum) 0;
}
