/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Show a conflict: for each property the base, the value of the others and
 *	  the value of the draft.
 *
 * NOTES
 *	  A report compares with one version of the message.  The message's number
 *	  is read before and after the comparison, which is repeated if the two
 *	  numbers differ.  Numbers are never given out twice, so two equal numbers
 *	  mean that nothing was saved in between.
 *
 *	  Values are compared in the form of the server, and shown as texts: HTML
 *	  is decoded, a recipient or an attachment becomes a line, the entry id of
 *	  a folder becomes the folder's name.
 *
 *	  A value of one line is shown whole, or by the part with its first
 *	  difference.  Of a text of several lines, the hunks are shown that the
 *	  server finds (text_hunks), at most MOST_HUNKS of each side.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mapi.h"
#include "unified.h"

/* If all values together are larger, the server shortens the large ones. */
#define MAX_WHOLE_BYTES	((json_int_t) 16 * 1024 * 1024)

#define MAX_TRIES		20		/* of a comparison while others save */
#define MOST_HUNKS		8		/* shown hunks of one text and side */
#define VALUE_INDENT	10		/* column of the values */

/* SQLSTATE of MAPI_E_NOT_FOUND */
#define NOT_FOUND		"MA10F"

typedef enum View
{
	BASE = 0,
	THEIRS,
	YOURS,
	NUM_VIEWS
} View;

static const char *const view_labels[NUM_VIEWS] = {"base", "theirs", "yours"};

/* One property. */
typedef struct Entry
{
	char	   *property;
	Side		side;
	bool		alike;			/* theirs and yours are equal */
	char	   *text[NUM_VIEWS];	/* NULL: the property is absent */
	char	   *who;			/* the last change by others, safe; or NULL */
} Entry;

struct Report
{
	const Case *kase;
	Standing	standing;
	int64_t		current;
	char	   *obstacles[2];	/* of MERGE and MERGE_TEXT; or NULL */
	GPtrArray  *entries;		/* of Entry *, in the order of printing */
};

static void
entry_free(gpointer p)
{
	Entry	   *entry = p;

	g_free(entry->property);
	for (int i = 0; i < NUM_VIEWS; i++)
		g_free(entry->text[i]);
	g_free(entry->who);
	g_free(entry);
}

void
report_free(Report *report)
{
	if (report == NULL)
		return;
	g_ptr_array_free(report->entries, TRUE);
	g_free(report->obstacles[0]);
	g_free(report->obstacles[1]);
	g_free(report);
}

/* ---------------------------------------------------------- values as text */

/* Return a size with commas between thousands. */
static char *
bytes_text(json_int_t n)
{
	g_autofree char *digits = g_strdup_printf("%" JSON_INTEGER_FORMAT, n);
	size_t		len = strlen(digits);
	GString    *out = g_string_new(NULL);

	for (size_t i = 0; i < len; i++)
	{
		if (i > 0 && (len - i) % 3 == 0)
			g_string_append_c(out, ',');
		g_string_append_c(out, digits[i]);
	}
	g_string_append(out, n == 1 ? " byte" : " bytes");
	return g_string_free(out, FALSE);
}

/* Return a member of an object that is a text; "" if it is absent. */
static const char *
member(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static char *
recipient_text(json_t *row)
{
	static const char *const kinds[] = {
		[MAPI_ORIG] = "From",
		[MAPI_TO] = "To",
		[MAPI_CC] = "Cc",
		[MAPI_BCC] = "Bcc"
	};
	json_int_t	type =
	json_integer_value(json_object_get(row, "PR_RECIPIENT_TYPE"));
	const char *name = member(row, "PR_DISPLAY_NAME");
	const char *address = member(row, "PR_SMTP_ADDRESS");
	const char *kind = "Other";

	if (type >= 0 && type < (json_int_t) G_N_ELEMENTS(kinds))
		kind = kinds[type];
	if (*address == '\0')
		address = member(row, "PR_EMAIL_ADDRESS");
	if (*address == '\0' || strcmp(name, address) == 0)
		return g_strdup_printf("%s: %s", kind, name);
	return g_strdup_printf("%s: %s <%s>", kind, name, address);
}

static char *
attachment_text(json_t *row)
{
	json_int_t	number =
	json_integer_value(json_object_get(row, "PR_ATTACH_NUM"));
	const char *name = member(row, "PR_ATTACH_LONG_FILENAME");
	const char *type = member(row, "PR_ATTACH_MIME_TAG");
	json_t	   *size = json_object_get(row, "PR_ATTACH_SIZE");
	g_autofree char *bytes = bytes_text(json_integer_value(size));

	if (*name == '\0')
		name = member(row, "PR_DISPLAY_NAME");
	return g_strdup_printf("%" JSON_INTEGER_FORMAT ": %s%s%s%s%s", number,
						   name, *type ? ", " : "", type,
						   size ? ", " : "", size ? bytes : "");
}

/*
 * Return an element of a list as one line; if raw is true, as JSON.  The
 * property is the list, or the element: "PR_MESSAGE_RECIPIENTS[1]".
 */
static char *
element_text(const char *property, json_t *element, bool raw)
{
	char	   *text;

	if (!raw && g_str_has_prefix(property, "PR_MESSAGE_RECIPIENTS"))
		text = recipient_text(element);
	else if (!raw && g_str_has_prefix(property, "PR_MESSAGE_ATTACHMENTS"))
		text = attachment_text(element);
	else
	{
		char	   *json = json_dumps(element, JSON_ENCODE_ANY |
									  JSON_COMPACT | JSON_SORT_KEYS);

		text = g_strdup(json);
		free(json);
	}
	return g_strdelimit(text, "\r\n", ' ');
}

/* Return the elements of an array, one line per element. */
static char *
array_text(const char *property, json_t *array, bool raw)
{
	GString    *out = g_string_new(NULL);
	size_t		i;
	json_t	   *element;

	json_array_foreach(array, i, element)
	{
		g_autofree char *text = element_text(property, element, raw);

		g_string_append_printf(out, "%s\n", text);
	}
	return g_string_free(out, FALSE);
}

/*
 * Return the name of a folder by its entry id in base64, whose last 8 bytes
 * are the id; the entry id if there is no such folder.
 */
static char *
folder_text(const Case *kase, const char *coded)
{
	gsize		len;
	g_autofree guchar *bytes = g_base64_decode(coded, &len);
	g_autofree char *name = NULL;
	guint64		id;

	if (len < sizeof(id))
		return g_strdup(coded);
	memcpy(&id, bytes + len - sizeof(id), sizeof(id));
	name = session_text(kase->ms, "SELECT name FROM msgstore.folder_list"
						" WHERE store_id OPERATOR(pg_catalog.=) $1"
						" AND folder_id OPERATOR(pg_catalog.=) $2",
						kase->store_id, (int64_t) GUINT64_FROM_BE(id));
	return name ? g_strdup_printf("folder \"%s\"", name) : g_strdup(coded);
}

/* Return a value that is a JSON string as text to read. */
static char *
string_text(const Case *kase, const char *property, const char *value)
{
	gsize		len;
	g_autofree guchar *bytes = NULL;

	if (strcmp(property, "PR_PARENT_ENTRYID") == 0)
		return folder_text(kase, value);
	if (strcmp(property, "PR_HTML") != 0)
		return g_strdup(value);
	bytes = g_base64_decode(value, &len);
	return g_utf8_make_valid((char *) bytes, (gssize) len);
}

/*
 * Return a value as text to read; NULL if the value, a JSON text, is NULL.  If
 * raw is true, the elements of lists stay JSON.
 */
static char *
value_text(const Case *kase, const char *property, const char *json,
		   bool raw)
{
	json_t	   *value;
	char	   *text;

	if (json == NULL)
		return NULL;
	value = json_loads(json, JSON_DECODE_ANY, NULL);
	if (json_is_string(value))
		text = string_text(kase, property, json_string_value(value));
	else if (json_is_array(value))
		text = array_text(property, value, raw);
	else if (json_is_object(value) && json_object_get(value, "bytes"))
	{
		json_t	   *bytes = json_object_get(value, "bytes");
		g_autofree char *size = bytes_text(json_integer_value(bytes));

		text = g_strdup_printf("%s ... (%s, too large to be shown)",
							   member(value, "begins"), size);
	}
	else if (json_is_object(value) && strchr(property, '[') != NULL)
		text = element_text(property, value, raw);
	else
		text = g_strdup(json);
	json_decref(value);
	return text;
}

/* Return true if all lines of a text end with CR LF. */
static bool
has_crlf_only(const char *text)
{
	for (const char *nl = strchr(text, '\n'); nl; nl = strchr(nl + 1, '\n'))
	{
		if (nl == text || nl[-1] != '\r')
			return false;
	}
	return true;
}

/* Replace CR LF by LF, which is not shown, if all views have only CR LF. */
static void
forget_crlf(Entry *entry)
{
	for (int i = 0; i < NUM_VIEWS; i++)
	{
		if (entry->text[i] != NULL && !has_crlf_only(entry->text[i]))
			return;
	}
	for (int i = 0; i < NUM_VIEWS; i++)
	{
		if (entry->text[i] != NULL)
		{
			g_auto(GStrv) lines = g_strsplit(entry->text[i], "\r\n", -1);

			g_free(entry->text[i]);
			entry->text[i] = g_strjoinv("\n", lines);
		}
	}
}

/* ---------------------------------------------------------------- reading */

/* Return true if two views differ, but their texts do not. */
static bool
hides_a_difference(const Entry *entry, const char *const *json)
{
	for (int a = 0; a < NUM_VIEWS; a++)
	{
		for (int b = a + 1; b < NUM_VIEWS; b++)
		{
			if (g_strcmp0(json[a], json[b]) != 0 &&
				g_strcmp0(entry->text[a], entry->text[b]) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Set the texts of an entry from JSON, in the short form of lists if that
 * shows the difference.
 */
static void
set_texts(Entry *entry, const Case *kase, const char *const *json)
{
	bool		raw = false;

	for (bool again = true; again;)
	{
		for (int i = 0; i < NUM_VIEWS; i++)
		{
			g_free(entry->text[i]);
			entry->text[i] = value_text(kase, entry->property, json[i], raw);
		}
		again = !raw && hides_a_difference(entry, json);
		raw = true;
	}
	forget_crlf(entry);
}

/* Return the last change by others as text; NULL if there is none. */
static char *
who_text(const msgstore_difference *row)
{
	g_autofree char *who = NULL;
	g_autofree char *when = NULL;
	g_autofree char *with = NULL;

	if (row->changed_by == NULL)
		return NULL;
	who = show_safe(row->changed_by);
	when = show_time(row->changed_at);
	if (row->client != NULL && *row->client != '\0')
		with = show_name(row->client);
	return g_strdup_printf("change %lld, %s, by %s%s%s",
						   (long long) row->change_number, when, who,
						   with ? " with " : "", with ? with : "");
}

static void
add_entry(Report *report, const msgstore_difference *row)
{
	const char *json[NUM_VIEWS] = {row->base, row->theirs, row->yours};
	Entry	   *entry = g_new0(Entry, 1);

	entry->property = g_strdup(row->property);
	entry->side = strcmp(row->side, "both") == 0 ? SIDE_BOTH :
		strcmp(row->side, "yours") == 0 ? SIDE_YOURS : SIDE_THEIRS;
	entry->alike = g_strcmp0(row->theirs, row->yours) == 0;
	entry->who = who_text(row);
	set_texts(entry, report->kase, json);
	g_ptr_array_add(report->entries, entry);
}

/* Sort properties that need a decision first, and the user's own last. */
static gint
by_side(gconstpointer a, gconstpointer b)
{
	const Entry *x = *(const Entry *const *) a;
	const Entry *y = *(const Entry *const *) b;

	if (x->side != y->side)
		return (gint) x->side - (gint) y->side;
	if (x->alike != y->alike)
		return x->alike - y->alike;
	return strcmp(x->property, y->property);
}

/*
 * Read the number of the message's version; 0 if the message was deleted, or
 * was never saved.  Returns false on error.
 */
static bool
read_number(const Case *kase, int64_t *number)
{
	static const char *const tags[] = {"PidTagChangeNumber", NULL};
	char	   *json = msgstore_read_message(kase->ms, kase->store_id,
											 kase->draft->message_id, tags);
	json_t	   *props;

	*number = 0;
	if (json == NULL)
		return strcmp(msgstore_last_error(kase->ms)->sqlstate,
					  NOT_FOUND) == 0;
	props = json_loads(json, 0, NULL);
	*number = json_integer_value(json_object_get(props, tags[0]));
	json_decref(props);
	free(json);
	return true;
}

/* Return the size of all values that the server has shortened. */
static json_int_t
summarized_bytes(const msgstore_conflict_report *rows)
{
	json_int_t	total = 0;

	for (int i = 0; i < rows->count; i++)
	{
		const msgstore_difference *row = &rows->differences[i];
		const char *values[NUM_VIEWS] = {row->base, row->theirs, row->yours};

		for (int v = 0; v < NUM_VIEWS; v++)
		{
			json_t	   *value = NULL;

			if (values[v] != NULL && *values[v] == '{')
				value = json_loads(values[v], 0, NULL);
			total += json_integer_value(json_object_get(value, "bytes"));
			json_decref(value);
		}
	}
	return total;
}

/* Return the rows of the conflict; whole values, unless they are too large. */
static msgstore_conflict_report *
read_rows(const Case *kase)
{
	msgstore_conflict_report *rows = msgstore_conflict(kase->ms, kase->handle,
													   false);
	json_int_t	large = rows ? summarized_bytes(rows) : 0;

	if (large > 0 && large <= MAX_WHOLE_BYTES)
	{
		msgstore_free_conflict(rows);
		rows = msgstore_conflict(kase->ms, kase->handle, true);
	}
	return rows;
}

/* Return a value as JSON text, which the caller frees; NULL for NULL. */
static char *
json_text(const json_t *value)
{
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
}

/*
 * Add the edits of a draft that has no conflict, for which the server returns
 * no rows: the draft has the names of its edits, and the values are compared
 * with the message, if there is one.
 */
static bool
read_own_edits(Report *report)
{
	const Case *kase = report->kase;
	json_t	   *names = json_loads(kase->draft->properties, 0, NULL);
	size_t		n = json_array_size(names);
	g_autofree const char **tags = g_new0(const char *, n + 1);
	char	   *yours_text;
	char	   *base_text = NULL;
	json_t	   *yours;
	json_t	   *base;

	for (size_t i = 0; i < n; i++)
	{
		const char *name = json_string_value(json_array_get(names, i));

		tags[i] = name ? name : "";
	}
	yours_text = msgstore_get_props(kase->ms, kase->handle, tags);
	if (yours_text != NULL && report->standing == STANDING_FREE)
		base_text = msgstore_read_message(kase->ms, kase->store_id,
										  kase->draft->message_id, tags);
	yours = yours_text ? json_loads(yours_text, 0, NULL) : NULL;
	base = base_text ? json_loads(base_text, 0, NULL) : NULL;
	for (size_t i = 0; yours != NULL && i < n; i++)
	{
		msgstore_difference row = {.property = tags[i], .side = "yours"};
		char	   *old = json_text(json_object_get(base, tags[i]));
		char	   *new = json_text(json_object_get(yours, tags[i]));

		row.base = row.theirs = old;
		row.yours = new;
		add_entry(report, &row);
		free(old);
		free(new);
	}
	json_decref(names);
	json_decref(yours);
	json_decref(base);
	free(yours_text);
	free(base_text);
	return yours != NULL;
}

/*
 * Ask the server for the obstacles of MERGE, or with by_lines of MERGE_TEXT,
 * and set report->obstacles[by_lines] to their names, separated by commas;
 * NULL if there are none.  Returns false on error.
 */
static bool
read_obstacles(Report *report, bool by_lines)
{
	char	   *text = msgstore_merge_obstacles(report->kase->ms,
												report->kase->handle,
												by_lines);
	json_t	   *names = text ? json_loads(text, 0, NULL) : NULL;
	GString    *list = g_string_new(NULL);
	size_t		i;
	json_t	   *one;

	json_array_foreach(names, i, one)
	{
		const char *name = json_string_value(one);
		g_autofree char *safe = show_safe(name ? name : "?");

		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", safe);
	}
	g_free(report->obstacles[by_lines]);
	report->obstacles[by_lines] = list->len > 0 ? g_strdup(list->str) : NULL;
	g_string_free(list, TRUE);
	json_decref(names);
	free(text);
	return text != NULL;
}

/* Add the entries of a report.  Returns false on error. */
static bool
read_entries(Report *report)
{
	const Case *kase = report->kase;
	msgstore_conflict_report *rows;

	if (report->standing == STANDING_NEW || report->standing == STANDING_FREE)
		return read_own_edits(report);
	rows = read_rows(kase);
	if (rows == NULL)
		return false;
	for (int i = 0; i < rows->count; i++)
		add_entry(report, &rows->differences[i]);
	msgstore_free_conflict(rows);
	return report->standing != STANDING_CONFLICT ||
		(read_obstacles(report, false) && read_obstacles(report, true));
}

Report *
report_read(const Case *kase)
{
	Report	   *report = g_new0(Report, 1);
	int64_t		after = 0;
	int			tries = 0;

	report->kase = kase;
	report->entries = g_ptr_array_new_with_free_func(entry_free);
	do
	{
		g_ptr_array_set_size(report->entries, 0);
		if (!read_number(kase, &report->current))
			break;
		if (kase->draft->change_number == 0)
			report->standing = STANDING_NEW;
		else if (report->current == 0)
			report->standing = STANDING_DELETED;
		else if (report->current == kase->draft->change_number)
			report->standing = STANDING_FREE;
		else
			report->standing = STANDING_CONFLICT;
		if (!read_entries(report) || !read_number(kase, &after))
			break;
		if (after == report->current || ++tries == MAX_TRIES)
		{
			g_ptr_array_sort(report->entries, by_side);
			return report;
		}
	} while (true);
	report_free(report);
	return NULL;
}

Standing
report_standing(const Report *report)
{
	return report->standing;
}

int64_t
report_current(const Report *report)
{
	return report->current;
}

const char *
report_obstacles(const Report *report, bool by_lines)
{
	return report->obstacles[by_lines];
}

/* Return true for a property of the message's place, which no save writes. */
static bool
is_placement(const Entry *entry)
{
	return strcmp(entry->property, "PR_PARENT_ENTRYID") == 0 ||
		strcmp(entry->property, "PR_DELETED_ON") == 0;
}

char *
report_names(const Report *report, Side side)
{
	GString    *names = g_string_new(NULL);

	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);
		g_autofree char *safe = show_safe(entry->property);

		if (entry->side == side && !is_placement(entry) &&
			!(entry->alike && side == SIDE_BOTH))
			g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
								   safe);
	}
	if (names->len > 0)
		return g_string_free(names, FALSE);
	g_string_free(names, TRUE);
	return NULL;
}

/* --------------------------------------------------------------- printing */

static void
print_heading(const Entry *entry, const Screen *screen)
{
	g_autofree char *safe = show_safe(entry->property);

	print_out("\n");
	screen_put(screen, COLOUR_HEADING, safe);
	if (entry->alike && entry->side == SIDE_BOTH)
		print_out("  (both alike)");
	print_out("\n");
}

/* Print the heading of a group of properties. */
static void
print_group(Side side, const Screen *screen)
{
	print_out("\n");
	switch (side)
	{
		case SIDE_BOTH:
			screen_put(screen, COLOUR_BOTH, "Changed by both");
			break;
		case SIDE_THEIRS:
			screen_put(screen, COLOUR_THEIRS, "Changed by others only");
			break;
		case SIDE_YOURS:
			screen_put(screen, COLOUR_YOURS, "Changed by you only");
			break;
	}
	print_out("\n");
}

static void
print_label(View view, const Screen *screen)
{
	char		label[VALUE_INDENT + 1];

	snprintf(label, sizeof(label), "  %-*s", VALUE_INDENT - 2,
			 view_labels[view]);
	screen_put(screen, view == BASE ? COLOUR_QUIET :
			   view == THEIRS ? COLOUR_THEIRS : COLOUR_YOURS, label);
}

/* Return true if a view is shown: the base, and each view that may differ. */
static bool
shows(const Entry *entry, View view)
{
	return view == BASE || entry->side == SIDE_BOTH ||
		entry->side == (view == THEIRS ? SIDE_THEIRS : SIDE_YOURS);
}

/* Return true if a text of an entry has more than one line. */
static bool
has_lines(const Entry *entry)
{
	for (int i = 0; i < NUM_VIEWS; i++)
	{
		if (entry->text[i] != NULL && strchr(entry->text[i], '\n') != NULL)
			return true;
	}
	return false;
}

/* Print the number of lines and bytes of the base. */
static void
print_size(const char *text)
{
	g_autofree char *size = bytes_text((json_int_t) strlen(text));
	size_t		lines = 0;

	for (const char *p = text; *p != '\0'; lines++)
	{
		p += strcspn(p, "\n");
		if (*p == '\n')
			p++;
	}
	print_out("%zu %s, %s\n", lines, lines == 1 ? "line" : "lines", size);
}

/* Print the last change by others under their value. */
static void
print_who(const Entry *entry, const Screen *screen)
{
	if (entry->who == NULL || entry->side == SIDE_YOURS)
		return;
	print_out("%*s", VALUE_INDENT, "");
	{
		g_autofree char *fit = show_fit(entry->who, screen->columns -
										VALUE_INDENT, "...");

		screen_put(screen, COLOUR_QUIET, fit);
	}
	print_out("\n");
}

/* Print values of one line, with the words marked that differ from base. */
static void
print_values(const Entry *entry, const Screen *screen)
{
	const char *base[] = {entry->text[BASE], NULL};

	for (View view = BASE; view < NUM_VIEWS; view++)
	{
		const char *value[] = {entry->text[view], NULL};
		g_autofree char *safe[2] = {
			base[0] ? show_safe(base[0]) : NULL,
			value[0] ? show_safe(value[0]) : NULL
		};
		const char *old[] = {safe[0], NULL};
		const char *new[] = {safe[1], NULL};

		if (!shows(entry, view))
			continue;
		print_label(view, screen);
		if (value[0] == NULL)
			print_out("(none)\n");
		else
			unified_value(screen, view == BASE ? NULL : old, new,
						  VALUE_INDENT);
		if (view == THEIRS)
			print_who(entry, screen);
	}
}

/* Print the three sides of a hunk in which both changed the lines. */
static void
print_conflict_hunk(const PGresult *hunks, int row, const Screen *screen)
{
	for (int view = BASE; view < NUM_VIEWS; view++)
	{
		g_auto(GStrv) base = unified_lines(msgstore_text_at(hunks, row, 4));
		g_auto(GStrv) lines = unified_lines(msgstore_text_at(hunks, row,
															 4 + view));
		g_autofree char *label = g_strdup_printf("  %-*s", VALUE_INDENT - 2,
												 view_labels[view]);

		if (lines[0] == NULL)
			print_out("%s(no lines)\n", label);
		else if (view == BASE)
			unified_pair(screen, (const char *const *) lines, NULL, label,
						 NULL, VALUE_INDENT);
		else
			unified_pair(screen, (const char *const *) base,
						 (const char *const *) lines, NULL, label,
						 VALUE_INDENT);
	}
}

/*
 * Print the hunks of a text that the server finds; at most "most" of each
 * side, and the number of the others.
 */
static void
print_hunks(const PGresult *hunks, const Screen *screen, int most)
{
	static const char *const headings[] = {
		"others", "you", "both alike", "both: a conflict"
	};
	int			shown[G_N_ELEMENTS(headings)] = {0};
	int			left_out = 0;

	for (int row = 0; row < PQntuples(hunks); row++)
	{
		const char *side = msgstore_text_at(hunks, row, 0);
		bool		conflict = *msgstore_text_at(hunks, row, 1) == 't';
		int			kind = strcmp(side, "theirs") == 0 ? 0 :
			strcmp(side, "yours") == 0 ? 1 : conflict ? 3 : 2;
		g_autofree char *heading =
			g_strdup_printf("  @@ line %s, %s",
							msgstore_text_at(hunks, row, 2),
							headings[kind]);

		if (shown[kind]++ >= most)
		{
			left_out++;
			continue;
		}
		screen_put(screen, kind == 0 ? COLOUR_THEIRS :
				   kind == 1 ? COLOUR_YOURS : COLOUR_BOTH, heading);
		print_out("\n");
		if (conflict)
			print_conflict_hunk(hunks, row, screen);
		else
		{
			g_auto(GStrv) old = unified_lines(msgstore_text_at(hunks, row, 4));
			g_auto(GStrv) new = unified_lines(msgstore_text_at(hunks, row,
															   kind == 1 ? 6 : 5));

			unified_pair(screen, (const char *const *) old,
						 (const char *const *) new, "    - ", "    + ", 6);
		}
	}
	if (left_out > 0)
		print_out("  ... and %d more places (d shows all)\n", left_out);
}

/* Print a text of several lines that both changed. */
static void
print_both(const Report *report, const Entry *entry, const Screen *screen,
		   int most)
{
	const char *values[NUM_VIEWS];
	PGresult   *hunks;

	for (int view = BASE; view < NUM_VIEWS; view++)
		values[view] = entry->text[view] ? entry->text[view] : "";
	hunks = msgstore_query(report->kase->ms, "*tbttttt", "SELECT h.side,"
						   " h.is_conflict, CAST(h.base_line AS"
						   " pg_catalog.text), '', h.base_text, h.theirs_text,"
						   " h.yours_text"
						   " FROM msgstore.text_hunks($1, $2, $3) AS h",
						   NUM_VIEWS, values);
	if (hunks != NULL)
		print_hunks(hunks, screen, most);
	else
	{
		print_label(THEIRS, screen);
		print_out("\n");
		unified_print(screen, values[BASE], values[THEIRS], MOST_HUNKS);
		print_label(YOURS, screen);
		print_out("\n");
		unified_print(screen, values[BASE], values[YOURS], MOST_HUNKS);
	}
	PQclear(hunks);
	print_who(entry, screen);
}

static void
print_entry(const Report *report, const Entry *entry, const Screen *screen,
			int most)
{
	View		view = entry->side == SIDE_YOURS ? YOURS : THEIRS;

	print_heading(entry, screen);
	if (!has_lines(entry))
	{
		print_values(entry, screen);
		return;
	}
	print_label(BASE, screen);
	if (entry->text[BASE] == NULL)
		print_out("(none)\n");
	else
		print_size(entry->text[BASE]);
	if (entry->side == SIDE_BOTH && entry->text[THEIRS] != NULL &&
		entry->text[YOURS] != NULL)
		print_both(report, entry, screen, most);
	else if (entry->side == SIDE_BOTH)
		print_values(entry, screen);
	else
	{
		if (entry->text[view] == NULL)
		{
			print_label(view, screen);
			print_out("(none)\n");
		}
		unified_print(screen, entry->text[BASE] ? entry->text[BASE] : "",
					  entry->text[view] ? entry->text[view] : "",
					  most == G_MAXINT ? 0 : (unsigned) most);
		print_who(entry, screen);
	}
}

void
report_print(const Report *report, const Screen *screen)
{
	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);
		const Entry *before = i == 0 ? NULL :
			g_ptr_array_index(report->entries, i - 1);

		if (before == NULL || before->side != entry->side)
			print_group(entry->side, screen);
		print_entry(report, entry, screen, MOST_HUNKS);
	}
	if (report->entries->len == 0)
		print_out("\nNo property differs.\n");
	print_out("\n");
}

bool
report_print_differences(const Report *report, const Screen *screen,
						 const char *name)
{
	static const struct
	{
		View		from;
		View		to;
		const char *heading;
	}			pairs[] =
	{
		{BASE, THEIRS, "base to theirs"},
		{BASE, YOURS, "base to yours"},
		{THEIRS, YOURS, "theirs to yours"}
	};
	bool		found = false;

	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);

		if (name != NULL && strcmp(entry->property, name) != 0)
			continue;
		found = true;
		print_heading(entry, screen);
		for (size_t p = 0; p < G_N_ELEMENTS(pairs); p++)
		{
			const char *from = entry->text[pairs[p].from];
			const char *to = entry->text[pairs[p].to];

			if (g_strcmp0(from, to) == 0)
				continue;
			print_out("  ");
			screen_put(screen, COLOUR_QUIET, pairs[p].heading);
			print_out("\n");
			unified_print(screen, from, to, 0);
		}
	}
	print_out("\n");
	return found || name == NULL;
}

/* Print all lines of a value. */
static void
print_lines(const char *text)
{
	g_autofree char *safe = show_safe_lines(text);
	g_auto(GStrv) lines = g_strsplit(safe, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
	{
		if (line[1] == NULL && **line == '\0' && line > lines)
			break;				/* nothing follows the last line end */
		if (line > lines && **line != '\0')
			print_out("%*s", VALUE_INDENT, "");
		print_out("%s\n", *line);
	}
}

bool
report_print_whole(const Report *report, const Screen *screen,
				   const char *name)
{
	bool		found = false;

	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);

		if (name != NULL && strcmp(entry->property, name) != 0)
			continue;
		found = true;
		print_heading(entry, screen);
		for (View view = BASE; view < NUM_VIEWS; view++)
		{
			if (!shows(entry, view))
				continue;
			print_label(view, screen);
			print_lines(entry->text[view] ? entry->text[view] : "(none)");
		}
	}
	print_out("\n");
	return found || name == NULL;
}
