/*-------------------------------------------------------------------------
 *
 * page.c
 *	  One page of a list of messages, for ls and search.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>

#include "page.h"

const PageOptions page_defaults = {.max = 50};

/* Print a page of a folder or, if folder_id is 0, of the store. */
static int
print_page(msgstore *ms, const Page *page, const PageOptions *options,
		   const char *query, int64_t store_id, int64_t folder_id)
{
	char		store[24];
	char		folder[24];
	char		max[24];
	const char *values[] = {store, folder_id == 0 ? NULL : folder, max,
	options->after, query};
	PGresult   *rows;
	int			status = EXIT_DONE;

	snprintf(store, sizeof(store), "%" PRId64, store_id);
	snprintf(folder, sizeof(folder), "%" PRId64, folder_id);
	snprintf(max, sizeof(max), "%u", options->max);
	rows = msgstore_query(ms, page->types, page->statement,
						  (int) G_N_ELEMENTS(values) - (query == NULL ? 1 : 0),
						  values);
	if (rows == NULL)
	{
		session_print_error(ms, page->error);
		return EXIT_TROUBLE;
	}
	if (PQntuples(rows) == 0)
		status = EXIT_NOTHING;
	else if (!table_print(page->columns, rows, options->json))
		status = EXIT_TROUBLE;
	PQclear(rows);
	return status;
}

int
page_run(const Page *page, const PageOptions *options, const char *query)
{
	msgstore   *ms = session_connect(&options->target, page->client);
	int64_t		store_id;
	int64_t		folder_id = 0;
	int			status = EXIT_TROUBLE;

	if (ms == NULL)
		return EXIT_TROUBLE;
	if (session_find_store(ms, options->target.store, &store_id) &&
		((options->folder == NULL && page->whole_store) ||
		 folder_find(ms, store_id, options->folder, &folder_id)))
		status = print_page(ms, page, options, query, store_id, folder_id);
	msgstore_disconnect(ms);
	return status;
}
