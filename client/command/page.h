/*-------------------------------------------------------------------------
 *
 * page.h
 *	  Commands that print one page of a list of messages: page.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PAGE_H
#define PAGE_H

#include "frame.h"

#define PAGE_MOST_MESSAGES	100000

typedef struct PageOptions
{
	Target		target;			/* must be first */
	const char *folder;			/* or NULL */
	const char *after;			/* a position, or NULL */
	unsigned	max;
	bool		json;
} PageOptions;

extern const PageOptions page_defaults;

/* The options of such a command, with the help of the option --folder. */
#define PAGE_OPTIONS(folder_help) \
	{.name = "folder", .letter = 'f', .kind = OPTION_TEXT, .value = "FOLDER", \
		.offset = offsetof(PageOptions, folder), .help = folder_help}, \
	{.name = "max", .letter = 'n', .kind = OPTION_COUNT, .value = "N", \
		.offset = offsetof(PageOptions, max), .what = "number of messages", \
		.most = PAGE_MOST_MESSAGES, \
	.help = "at most so many messages (default 50)"}, \
	{.name = "after", .kind = OPTION_TEXT, .value = "POSITION", \
		.offset = offsetof(PageOptions, after), \
	.help = "go on behind a message, whose position --json has printed"}, \
	JSON_OPTION(PageOptions)

typedef struct Page
{
	const Column *columns;
	const char *types;			/* of the columns, for msgstore_query() */

	/*
	 * The arguments are store, folder, number of messages and position; with a
	 * query, the query is the fifth.
	 */
	const char *statement;
	const char *client;			/* the name of the application */
	const char *error;			/* a phrase: "could not search" */
	bool		whole_store;	/* without a folder, instead of the Inbox */
} Page;

/*
 * Connect, find store and folder, and print a page; "query" may be NULL.
 * Returns an exit code: EXIT_NOTHING if there is no message.
 */
extern int	page_run(const Page *page, const PageOptions *options,
					 const char *query);

#endif							/* PAGE_H */
