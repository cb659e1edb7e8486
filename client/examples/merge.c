/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Save changes of a version that others may have saved over: merge, or
 *	  save the message elsewhere if both have changed a property.  Nothing is
 *	  held between the calls, as in a web server.
 *
 *	  usage: merge CONNINFO STORE_ID MESSAGE_ID CHANGE_NUMBER CHANGES
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libmsgstore.h>

int
main(int argc, char **argv)
{
	msgstore   *ms;
	msgstore_save save = {0};
	msgstore_saved saved = {0};
	msgstore_conflict_report *report = NULL;
	bool		done;

	if (argc != 6)
		return 2;
	ms = msgstore_connect_uri(argv[1]);
	save.store_id = strtoll(argv[2], NULL, 10);
	save.message_id = strtoll(argv[3], NULL, 10);
	save.change_number = strtoll(argv[4], NULL, 10);
	save.changes = argv[5];

	done = msgstore_connected(ms) && msgstore_save_message(ms, &save, &saved);
	if (done && saved.result == MSGSTORE_E_OBJECT_CHANGED)
	{
		report = msgstore_message_conflict(ms, &save, false);
		for (int i = 0; report != NULL && i < report->count; i++)
			printf("%s: changed by %s\n", report->differences[i].property,
				   report->differences[i].side);
		done = msgstore_resolve_message_conflict(ms, &save, MSGSTORE_MERGE, 0,
												 0, &saved);
		if (done && saved.result == MSGSTORE_E_OBJECT_CHANGED)
			done = msgstore_resolve_message_conflict
				(ms, &save, MSGSTORE_SAVE_ELSEWHERE, 0, 0, &saved);
	}
	if (done)
		printf("%s: message %" PRId64 "\n", msgstore_result_name(saved.result),
			   saved.message_id);
	else
		fprintf(stderr, "merge: %s\n", msgstore_last_error(ms)->message);
	msgstore_free_conflict(report);
	msgstore_disconnect(ms);
	return !done ? 2 : saved.result == MSGSTORE_S_OK ? 0 : 1;
}
