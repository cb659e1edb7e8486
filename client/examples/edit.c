/*-------------------------------------------------------------------------
 *
 * edit.c
 *	  Open a message, change its subject, and save: nobody's changes are lost.
 *
 *	  usage: edit CONNINFO STORE MESSAGE_ID SUBJECT
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>

#include <libmsgstore.h>

int
main(int argc, char **argv)
{
	msgstore   *ms;
	const char *values[1];
	PGresult   *patch = NULL;
	int64_t		store_id;
	int32_t		handle;
	int32_t		result;
	bool		found = false;
	bool		done;

	if (argc != 5)
		return 2;
	ms = msgstore_connect_uri(argv[1]);
	values[0] = argv[4];

	/* the server writes the subject as JSON; a program has a library for it */
	done = msgstore_connected(ms) &&
		msgstore_find_store(ms, argv[2], &found, &store_id) && found &&
		(patch = msgstore_query(ms, "1j", "SELECT pg_catalog.json_build_object"
								"('PR_SUBJECT', CAST($1 AS text))", 1,
								values)) != NULL &&
		msgstore_open_message(ms, store_id, strtoll(argv[3], NULL, 10),
							  MSGSTORE_MODIFY, &handle) &&
		msgstore_set_props(ms, handle, msgstore_text_at(patch, 0, 0)) &&
		msgstore_save_changes(ms, handle, 0, &result);

	if (done)
		puts(msgstore_result_name(result));
	else if (*msgstore_last_error(ms)->message == '\0')
		fputs("edit: there is no such store\n", stderr);
	else
		fprintf(stderr, "edit: %s\n", msgstore_last_error(ms)->message);
	PQclear(patch);
	msgstore_disconnect(ms);
	return !done ? 2 : result == MSGSTORE_S_OK ? 0 : 1;
}
