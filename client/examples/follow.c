/*-------------------------------------------------------------------------
 *
 * follow.c
 *	  Print the changes of a store since a token, page by page, and the token
 *	  for the next time.  Without a token, print all that is there.
 *
 *	  usage: follow CONNINFO STORE_ID [TOKEN]
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmsgstore.h>

int
main(int argc, char **argv)
{
	msgstore   *ms;
	msgstore_feed feed = {0};
	msgstore_event_list *page = NULL;
	bool		done;
	bool		ended = false;

	if (argc < 3 || argc > 4)
		return 2;
	ms = msgstore_connect_uri(argv[1]);
	feed.store_id = strtoll(argv[2], NULL, 10);
	feed.token = argc > 3 ? argv[3] : NULL;
	feed.max = 100;

	done = msgstore_connected(ms);
	while (done && !ended)
	{
		msgstore_event_list *next = msgstore_changes_since(ms, &feed);

		msgstore_free_events(page); /* which has the token that was given */
		page = next;
		done = page != NULL;
		ended = done && page->count == 0;
		for (int i = 0; done && i < page->count; i++)
		{
			feed.token = page->events[i].token;
			ended = strcmp(page->events[i].kind, "end") == 0;
			if (page->events[i].message_id != 0)
				printf("%s: message %" PRId64 "\n", page->events[i].kind,
					   page->events[i].message_id);
		}
	}
	if (done)
		printf("token %s\n", feed.token);
	else
		fprintf(stderr, "follow: %s\n", msgstore_last_error(ms)->message);
	msgstore_free_events(page);
	msgstore_disconnect(ms);
	return done ? 0 : 2;
}
