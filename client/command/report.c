/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Read a conflict: for each property the base, the value of the others and
 *	  the value of the draft, as texts to show.
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
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mapi.h"
#include "report.h"

/* If all values together are larger, the server shortens the large ones. */
#define MAX_WHOLE_BYTES	((json_int_t) 16 * 1024 * 1024)

#define MAX_TRIES		20		/* of a comparison while others save */

/* SQLSTATE of MAPI_E_NOT_FOUND */
#define NOT_FOUND		"MA10F"

static void
entry_free(gpointer p)
{
	Entry	   *entry = p;

	g_free(entry->property);
	for (int i = 0; i < NUM_VIEWS; i++)
		g_free(entry->text[i]);
	g_free(entry->who);
	json_decref(entry->row);
	g_free(entry);
}

void
report_free(Report *report)
{
	if (report == NULL)
		return;
	g_ptr_array_free(report->entries, TRUE);
	for (int i = 0; i < 2; i++)
	{
		g_free(report->obstacles[i]);
		json_decref(report->names[i]);
	}
	g_free(report);
}

/* ---------------------------------------------------------- values as text */

char *
report_bytes_text(json_int_t n)
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
	g_autofree char *bytes = report_bytes_text(json_integer_value(size));

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
		g_autofree char *size = report_bytes_text(json_integer_value(bytes));

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

/* Return a text, or null. */
static json_t *
text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Return a row for programs, with its values as JSON. */
static json_t *
row_json(const msgstore_difference *row)
{
	const char *values[NUM_VIEWS] = {row->base, row->theirs, row->yours};
	static const char *const names[NUM_VIEWS] = {"base", "theirs", "yours"};
	json_t	   *object = json_object();

	json_object_set_new(object, "property", text_json(row->property));
	json_object_set_new(object, "side", text_json(row->side));
	for (int i = 0; i < NUM_VIEWS; i++)
	{
		json_t	   *value = values[i] ?
			json_loads(values[i], JSON_DECODE_ANY, NULL) : NULL;

		json_object_set_new(object, names[i], value ? value : json_null());
	}
	json_object_set_new(object, "change_number", row->change_number == 0 ?
						json_null() : json_integer(row->change_number));
	json_object_set_new(object, "changed_by", text_json(row->changed_by));
	json_object_set_new(object, "client", text_json(row->client));
	json_object_set_new(object, "changed_at", text_json(row->changed_at));
	return object;
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
	entry->row = row_json(row);
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
	json_decref(report->names[by_lines]);
	report->names[by_lines] = names;
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

json_t *
report_json(const Report *report)
{
	static const char *const standings[] = {
		[STANDING_CONFLICT] = "conflict",
		[STANDING_FREE] = "free",
		[STANDING_NEW] = "new",
		[STANDING_DELETED] = "deleted"
	};
	static const char *const keys[2] = {
		"merge_obstacles", "merge_text_obstacles"
	};
	const msgstore_draft *draft = report->kase->draft;
	json_t	   *differences = json_array();
	json_t	   *object = json_pack("{sIsIsIss}", "parked_id",
								   (json_int_t) draft->parked_id, "message_id",
								   (json_int_t) draft->message_id,
								   "change_number",
								   (json_int_t) draft->change_number,
								   "standing", standings[report->standing]);

	json_object_set_new(object, "current", report->current == 0 ?
						json_null() : json_integer(report->current));
	for (int i = 0; i < 2; i++)
		json_object_set_new(object, keys[i], report->names[i] ?
							json_incref(report->names[i]) : json_null());
	for (guint i = 0; i < report->entries->len; i++)
	{
		const Entry *entry = g_ptr_array_index(report->entries, i);

		json_array_append(differences, entry->row);
	}
	json_object_set_new(object, "differences", differences);
	return object;
}
