/*-------------------------------------------------------------------------
 *
 * blend.c
 *	  The changes of both sides as one text, for the user to edit.
 *
 * NOTES
 *	  The text stands on the newest version, and shows your changes put into
 *	  it: properties and objects of lists as in your draft, texts of several
 *	  lines merged by the server, with marks where both changed one place.  A
 *	  text in which a mark is left is not saved.
 *
 *	  With MSGSTORE_MERGETOOL, that program merges the texts with conflicts
 *	  instead of the editor: it is run with the paths of base, theirs, yours
 *	  and of the file in which it must leave the result.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "draft.h"

#define LISTS_SEPARATOR		'['

/* Return a JSON text as a value; NULL for NULL. */
static json_t *
value_of(const char *json)
{
	return json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
}

/* Return a string as text; PR_HTML is decoded.  NULL if it is no text. */
static char *
text_of(const char *property, const char *json)
{
	json_t	   *value = value_of(json);
	char	   *text = NULL;

	if (json_is_string(value) && strcmp(property, "PR_HTML") == 0)
	{
		gsize		len;
		guchar	   *bytes = g_base64_decode(json_string_value(value), &len);

		if (g_utf8_validate((const char *) bytes, (gssize) len, NULL))
			text = g_strndup((const char *) bytes, len);
		g_free(bytes);
	}
	else if (json_is_string(value))
		text = g_strdup(json_string_value(value));
	json_decref(value);
	return text;
}

/* Put a text into a patch, in the form of its property. */
static void
put_text(json_t *patch, const char *property, const char *text)
{
	g_autofree char *coded = strcmp(property, "PR_HTML") != 0 ? NULL :
		g_base64_encode((const guchar *) text, strlen(text));

	json_object_set_new(patch, property, json_string(coded ? coded : text));
}

/* ------------------------------------------------------------------- lists */

/* Return the name of the number in the objects of a list. */
static const char *
number_name(const char *list)
{
	return strcmp(list, "PR_MESSAGE_RECIPIENTS") == 0 ? "PR_ROWID" :
		"PR_ATTACH_NUM";
}

/* Put your object into the list of theirs, or remove it, by its number. */
static void
put_object(json_t *patch, json_t *theirs, const char *property,
		   const char *yours)
{
	const char *bracket = strchr(property, LISTS_SEPARATOR);
	g_autofree char *list = g_strndup(property, (gsize) (bracket - property));
	json_int_t	number = strtoll(bracket + 1, NULL, 10);
	json_t	   *array = json_object_get(patch, list);
	json_t	   *mine = value_of(yours);
	bool		put = false;
	size_t		i;
	json_t	   *object;

	if (array == NULL)
	{
		json_t	   *before = json_object_get(theirs, list);

		array = before ? json_deep_copy(before) : json_array();
		json_object_set_new(patch, list, array);
	}
	for (i = json_array_size(array); i-- > 0;)
	{
		object = json_array_get(array, i);
		if (json_integer_value(json_object_get(object, number_name(list))) !=
			number)
			continue;
		if (mine != NULL)
			json_array_set(array, i, mine);
		else
			json_array_remove(array, i);
		put = true;
	}
	if (!put && mine != NULL)
		json_array_append(array, mine);
	json_decref(mine);
}

/* ------------------------------------------------------------------- texts */

/* Write a text to a file beside the kept texts.  NULL after an error. */
static char *
write_side(const Editing *editing, const char *name, const char *text)
{
	KeptText	kept = {
		.store = editing->kept.store,
		.message_id = editing->kept.message_id
	};
	g_autofree char *path = NULL;

	if (!kept_write(&kept, text))
		return NULL;
	path = g_strdup_printf("%s.%s", kept.path, name);
	if (g_rename(kept.path, path) != 0)
		print_error("could not write %s", path);
	g_free(kept.path);
	return g_steal_pointer(&path);
}

/*
 * Let MSGSTORE_MERGETOOL merge three texts.  Returns the result, or NULL after
 * printing an error.
 */
static char *
run_tool(const Editing *editing, const char *tool, const char *const *texts,
		 const char *merged)
{
	static const char *const names[] = {"base", "theirs", "yours", "merged"};
	char	   *paths[4] = {NULL};
	char	   *result = NULL;
	bool		written = true;

	for (int i = 0; i < 4 && written; i++)
	{
		paths[i] = write_side(editing, names[i], i < 3 ? texts[i] : merged);
		written = paths[i] != NULL;
	}
	if (written && kept_run_shell(tool, paths, 4) == 0)
		result = kept_read(paths[3]);
	else if (written)
		print_error("the merge tool \"%s\" failed", tool);
	for (int i = 0; i < 4; i++)
	{
		if (paths[i] != NULL)
			(void) g_unlink(paths[i]);
		g_free(paths[i]);
	}
	return result;
}

/* Merge a text that both changed into a patch.  False after an error. */
static bool
put_merged(const Editing *editing, json_t *patch,
		   const msgstore_difference *row)
{
	const char *json[3] = {row->base, row->theirs, row->yours};
	const char *tool = getenv("MSGSTORE_MERGETOOL");
	char	   *texts[3];
	char	   *merged = NULL;
	int64_t		conflicts = 0;
	bool		done = true;
	bool		all = true;

	for (int i = 0; i < 3; i++)
	{
		texts[i] = text_of(row->property, json[i]);
		all = all && texts[i] != NULL;
	}
	/* a text of one line is not merged; yours is shown */
	if (all && (strchr(texts[1], '\n') != NULL || strchr(texts[2], '\n') != NULL))
	{
		merged = msgstore_merge_text(editing->session.ms, texts[0], texts[1],
									 texts[2], &conflicts);
		done = merged != NULL;
		if (!done)
			session_print_error(editing->session.ms, "could not merge the texts");
	}
	if (merged != NULL && conflicts > 0 && tool != NULL && *tool != '\0')
	{
		char	   *result = run_tool(editing, tool,
									  (const char *const *) texts, merged);

		done = result != NULL;
		if (done)
			put_text(patch, row->property, result);
		g_free(result);
	}
	else if (merged != NULL)
		put_text(patch, row->property, merged);
	else if (done)
	{
		g_autofree char *theirs = show_safe(row->theirs ? row->theirs :
											"(none)");

		g_string_append_printf(editing->comments, "\n# Others changed %s to: "
							   "%s", row->property, theirs);
		json_object_set_new(patch, row->property, row->yours ?
							value_of(row->yours) : json_null());
	}
	free(merged);
	for (int i = 0; i < 3; i++)
		g_free(texts[i]);
	return done;
}

bool
blend(Editing *editing, int32_t handle, json_t *theirs)
{
	msgstore_conflict_report *rows = msgstore_conflict(editing->session.ms,
													   handle, true);
	json_t	   *patch = json_object();
	bool		done = rows != NULL;

	editing->comments = g_string_new(NULL);
	if (!done)
		session_print_error(editing->session.ms,
							"could not compare the versions");
	for (int i = 0; done && i < rows->count; i++)
	{
		const msgstore_difference *row = &rows->differences[i];

		if (strcmp(row->side, "theirs") == 0)
			continue;
		if (strchr(row->property, LISTS_SEPARATOR) != NULL)
			put_object(patch, theirs, row->property, row->yours);
		else if (strcmp(row->side, "both") == 0)
			done = put_merged(editing, patch, row);
		else
			json_object_set_new(patch, row->property, row->yours ?
								value_of(row->yours) : json_null());
	}
	msgstore_free_conflict(rows);
	if (done)
		editing->edits = patch;
	else
		json_decref(patch);
	return done;
}
