/*-------------------------------------------------------------------------
 *
 * sync.h
 *	  The contracts between the files of "msgstore sync": bring.c brings
 *	  folders, messages and read flags from one store to another, and sync.c
 *	  says which.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SYNC_H
#define SYNC_H

#include "frame.h"

#define PAGE_ROWS		"1000"	/* of a list of ids */
#define FEED_ROWS		1000	/* of a page of the feed */

/* One of the two stores. */
typedef struct Peer
{
	msgstore   *ms;
	int64_t		store_id;
	char	   *peer;			/* the name under which others know it */
	char	   *name;			/* for messages, safe */
} Peer;

/* The work done in one direction. */
typedef struct Tally
{
	unsigned	messages;
	unsigned	folders;
	unsigned	conflicts;
	unsigned	deleted;		/* edits of messages that are deleted here */
	unsigned	flags;
	unsigned	values;			/* large ones */
	unsigned	originals;		/* mails that messages were made from */
	unsigned	refused;
	uint64_t	bytes;			/* of texts, values and ids, both ways */
} Tally;

/* One direction. */
typedef struct Run
{
	Peer	   *from;
	Peer	   *to;
	Tally		tally;
	GArray	   *again;			/* int64_t: ids of messages of "from" */
	GArray	   *folders_again;	/* ids of folders of "from" */
	GArray	   *answers;		/* ids of messages of "to", for the way back */
	GArray	   *first;			/* ids to begin with, or NULL */
} Run;

/* ----------------------------------------------------------------- bring.c */

/* Return true if the last error of a side has one of two SQLSTATEs. */
extern bool peer_failed_with(const Peer *side, const char *one,
							 const char *two);

/* Print the last error of a side, and return false. */
extern bool peer_trouble(const Peer *side, const char *doing);

/*
 * Bring folders, the deleted ones only with "deletions" and the others only
 * without; messages with their read flags; and the read flags of all messages
 * of a folder.  Return false after printing an error.
 */
extern bool bring_folders(Run *run, const GArray *ids, bool deletions);
extern bool bring_messages(Run *run, const GArray *ids);
extern bool bring_flags_of_folder(Run *run, int64_t folder_id);

/*
 * Bring the folders and messages of which the receiving store has older
 * versions, deletions among them.  Returns false after printing an error.
 */
extern bool bring_newer(Run *run);

#endif							/* SYNC_H */
