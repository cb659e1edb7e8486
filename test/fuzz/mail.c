/*-------------------------------------------------------------------------
 *
 * mail.c
 *	  libFuzzer's door to the mail reader and the mail writer.
 *
 * NOTES
 *	  An input is a mail.  What is read from it is written again as it came;
 *	  after an edit of its subject, text and attachments the result is a message
 *	  that can be read, and has them.  TNEF is read in a process of its own,
 *	  which libFuzzer does not watch.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

int			LLVMFuzzerInitialize(int *argc, char ***argv);
int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", \
					__FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	json_set_alloc_funcs(g_malloc, g_free);
	g_mime_init();
	return 0;
}

/* Read a mail; NULL if it is none. */
static json_t *
read_mail(const char *data, size_t len)
{
	RawMessage	raw = {.data = data, .len = len};
	Tally	   *tally = tally_new();
	json_t	   *props = mime_to_json(&raw, tally);

	json_decref(tally);
	return props;
}

/* Edit what was read, and read the edited mail. */
static void
try_edit(json_t *props, const char *data, size_t len)
{
	json_t	   *list = json_object_get(props, "PR_MESSAGE_ATTACHMENTS");
	GString    *mail;
	json_t	   *again;

	json_object_set_new(props, "PR_SUBJECT", json_string("edited"));
	json_object_set_new(props, "PR_BODY", json_string("another text"));
	if (json_array_size(list) > 0)
		json_array_remove(list, 0);
	mail = compose_original(props, data, len);
	again = read_mail(mail->str, mail->len);
	REQUIRE(again != NULL);
	json_decref(again);
	g_string_free(mail, TRUE);

	/* without the original */
	mail = compose_message(props, 0);
	again = read_mail(mail->str, mail->len);
	REQUIRE(again != NULL);
	json_decref(again);
	g_string_free(mail, TRUE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* in memory of exactly its size */
	char	   *data = g_malloc(size > 0 ? size : 1);
	json_t	   *props;

	if (size > 0)
		memcpy(data, bytes, size);
	props = read_mail(data, size);
	if (props != NULL)
	{
		GString    *mail = compose_original(props, data, size);

		REQUIRE(mail->len == size);
		REQUIRE(memcmp(mail->str, data, size) == 0);
		g_string_free(mail, TRUE);
		try_edit(props, data, size);
		json_decref(props);
	}
	g_free(data);
	return 0;
}
