/*-------------------------------------------------------------------------
 *
 * splice.c
 *	  Replaces bytes of a message.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "edit.h"

void
splice_replace(Edit *edit, size_t from, size_t to, GString *with)
{
	Change		change = {from, to, with, 0};

	g_array_append_val(edit->changes, change);
}

void
splice_clear(gpointer p)
{
	Change	   *change = p;

	if (change->with != NULL)
		g_string_free(change->with, TRUE);
}

static int
by_place(const void *a, const void *b)
{
	const Change *left = a;
	const Change *right = b;

	if (left->from != right->from)
		return left->from > right->from ? 1 : -1;
	return left->order > right->order ? 1 : -1;
}

GString *
splice_apply(const Edit *edit)
{
	const Mend *mend = edit->reading->mend;
	GString    *out = g_string_sized_new(mend->len);
	size_t		at = 0;

	for (guint i = 0; i < edit->changes->len; i++)
		g_array_index(edit->changes, Change, i).order = i;
	g_array_sort(edit->changes, by_place);
	for (guint i = 0; i < edit->changes->len; i++)
	{
		const Change *change = &g_array_index(edit->changes, Change, i);

		if (change->from < at)
			continue;			/* within bytes that were replaced */
		g_string_append_len(out, mend->data + at, change->from - at);
		if (change->with != NULL)
			g_string_append_len(out, change->with->str,
								(gssize) change->with->len);
		at = change->to;
	}
	g_string_append_len(out, mend->data + at, (gssize) (mend->len - at));
	return out;
}

size_t
splice_field_end(const Edit *edit, size_t at)
{
	const char *data = edit->reading->mend->data;

	do
	{
		const char *nl = memchr(data + at, '\n',
								edit->reading->block_end - at);

		at = nl ? (size_t) (nl + 1 - data) : edit->reading->block_end;
	} while (at < edit->reading->block_end &&
			 (data[at] == ' ' || data[at] == '\t'));
	return at;
}
