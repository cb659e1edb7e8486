/*-------------------------------------------------------------------------
 *
 * tally.c
 *	  Counts for the report.
 *
 *-------------------------------------------------------------------------
 */
#include "mail.h"

Tally *
tally_new(void)
{
	Tally	   *tally = g_new(Tally, 1);

	tally->attachments = g_hash_table_new_full(g_str_hash, g_str_equal,
											   g_free, NULL);
	tally->remarks = g_hash_table_new_full(g_str_hash, g_str_equal,
										   g_free, NULL);
	return tally;
}

void
tally_free(Tally *tally)
{
	g_hash_table_destroy(tally->attachments);
	g_hash_table_destroy(tally->remarks);
	g_free(tally);
}

void
tally_count(GHashTable *table, const char *kind, unsigned n)
{
	gsize		had = GPOINTER_TO_SIZE(g_hash_table_lookup(table, kind));

	if (n > 0)
		g_hash_table_insert(table, g_strdup(kind), GSIZE_TO_POINTER(had + n));
}

static void
merge_table(GHashTable *into, GHashTable *from)
{
	GHashTableIter iter;
	gpointer	kind;
	gpointer	count;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &kind, &count))
		tally_count(into, kind, (unsigned) GPOINTER_TO_SIZE(count));
}

void
tally_merge(Tally *into, const Tally *from)
{
	merge_table(into->attachments, from->attachments);
	merge_table(into->remarks, from->remarks);
}
