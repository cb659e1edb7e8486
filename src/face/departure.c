/*-------------------------------------------------------------------------
 *
 * departure.c
 *	  Members that exported changes of messages and of folders share: keys,
 *	  lists and times, in a JSON object.
 *
 * NOTES
 *	  arrival.c reads these members in the other store.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "value.h"

void
departure_time(BagList *list, const char *name, TimestampTz time)
{
	char	   *text = palloc(VALUE_TIME_SIZE);

	systime_text(time, text);
	baglist_add_cstring(list, name, text, strlen(text));
}

void
departure_text(BagList *list, const char *name, const char *text)
{
	baglist_add_cstring(list, name, text, strlen(text));
}

void
departure_source_key(BagList *list, const char *name, Keyed series,
					 int64 store_id, int64 id)
{
	LineageKey	key;

	origin_key(store_id, series, id, &key);
	baglist_add_base64(list, name, key.bytes, key.size);
}

void
departure_lineage(BagList *list, const LineageKey *key, const Lineage *lineage)
{
	int			size;
	uint8	   *bytes = lineage_bytes(lineage, &size);

	baglist_add_base64(list, "PR_CHANGE_KEY", key->bytes, key->size);
	baglist_add_base64(list, "PR_PREDECESSOR_CHANGE_LIST", bytes, size);
	if (lineage->restored > 0)
		baglist_add_int(list, "restored", lineage->restored);
}
