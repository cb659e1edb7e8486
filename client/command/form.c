/*-------------------------------------------------------------------------
 *
 * form.c
 *	  A message as a text: one line per property and recipient, an empty line,
 *	  and the body.
 *
 * NOTES
 *	  A line is "NAME: VALUE".  A value is a text, or JSON where the property
 *	  is not a text, or where the text could not be read again as it was: if it
 *	  has line ends, begins with a quote, or begins or ends with a blank.  Lines
 *	  that begin with '#' before the body are comments.
 *
 *	  Not shown, and therefore never changed: what the server computes, binary
 *	  values, long values, lists other than the recipients, and a body that is
 *	  neither text nor HTML in UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "draft.h"

#define MOST_BYTES		2000	/* of a value that is shown */
#define RECIPIENTS		"PR_MESSAGE_RECIPIENTS"
#define ATTACHMENTS		"PR_MESSAGE_ATTACHMENTS"

typedef enum BodyKind
{
	BODY_TEXT,
	BODY_HTML,
	BODY_HIDDEN
} BodyKind;

struct Form
{
	json_t	   *props;
	GHashTable *types;			/* of properties that are shown: name → type */
	BodyKind	body_kind;
	char	   *body;			/* with LF as line ends, and one at the end */
	bool		crlf;			/* the lines of the body end in CR LF */
	bool		no_end;			/* the last line of the body has no end */
};

static const struct
{
	const char *label;
	int			type;			/* PR_RECIPIENT_TYPE */
}			recipient_labels[] =
{
	{"To", 1}, {"Cc", 2}, {"Bcc", 3}
};

/* ------------------------------------------------------------------ values */

/* Return true if a property of a type has JSON that is not a string. */
static bool
is_json_type(const char *type)
{
	static const char *const texts[] = {
		"PT_UNICODE", "PT_STRING8", "PT_SYSTIME", "PT_CLSID", "PT_BINARY"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
	{
		if (strcmp(type, texts[i]) == 0)
			return false;
	}
	return true;
}

/* Return a value as the text behind "NAME: ". */
static char *
value_text(const json_t *value)
{
	const char *text = json_string_value(value);
	char	   *json;
	char	   *copy;
	size_t		len;

	if (text != NULL)
	{
		g_autofree char *safe = show_safe(text);

		len = strlen(text);
		if (strcmp(safe, text) == 0 && *text != '"' && *text != ' ' &&
			(len == 0 || text[len - 1] != ' '))
			return g_strdup(text);
	}
	json = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	copy = show_safe_json(json);
	free(json);
	return copy;
}

/*
 * Read a value of a type; returns NULL if the text is not JSON where JSON is
 * needed.
 */
static json_t *
value_of(const char *text, const char *type)
{
	if (*text != '"' && !is_json_type(type))
		return json_string(text);
	return json_loads(text, JSON_DECODE_ANY, NULL);
}

/* -------------------------------------------------------------------- body */

static bool
is_reference(const json_t *value)
{
	return json_is_object(value);
}

/* Take the body apart: its form, its line ends. */
static void
set_body(Form *form)
{
	const json_t *text = json_object_get(form->props, "PR_BODY");
	const json_t *html = json_object_get(form->props, "PR_HTML");
	g_autofree char *body = NULL;
	g_auto(GStrv) lines = NULL;

	form->body_kind = BODY_TEXT;
	if (json_is_string(text))
		body = g_strdup(json_string_value(text));
	else if (json_is_string(html))
	{
		gsize		len;
		guchar	   *bytes = g_base64_decode(json_string_value(html), &len);

		if (g_utf8_validate((const char *) bytes, (gssize) len, NULL))
			body = g_strndup((const char *) bytes, len);
		form->body_kind = body ? BODY_HTML : BODY_HIDDEN;
		g_free(bytes);
	}
	else if (is_reference(text) || is_reference(html) ||
			 json_object_get(form->props, "PR_RTF_COMPRESSED"))
		form->body_kind = BODY_HIDDEN;
	if (body == NULL)
	{
		form->body = g_strdup("");
		form->no_end = true;
		return;
	}
	lines = g_strsplit(body, "\r\n", -1);
	form->crlf = lines[0] != NULL && lines[1] != NULL;
	for (char **line = lines; form->crlf && *line != NULL; line++)
		form->crlf = strchr(*line, '\n') == NULL;
	form->body = form->crlf ? g_strjoinv("\n", lines) : g_strdup(body);
	form->no_end = !g_str_has_suffix(form->body, "\n");
}

/* Return the value of the body for a text, in the form that it had. */
static json_t *
body_value(const Form *form, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *body = g_strjoinv(form->crlf ? "\r\n" : "\n", lines);
	g_autofree char *encoded = NULL;

	if (form->body_kind == BODY_TEXT)
		return json_string(body);
	encoded = g_base64_encode((const guchar *) body, strlen(body));
	return json_string(encoded);
}

/* -------------------------------------------------------------------- form */

/* Return true if a property is a line of the text. */
static bool
is_line(const char *name, const json_t *value, const char *type,
		const char *rule)
{
	static const char *const apart[] = {
		"PR_BODY", "PR_HTML", "PR_RTF_COMPRESSED", RECIPIENTS, ATTACHMENTS,
		"PR_TRANSPORT_MESSAGE_HEADERS", "PR_NORMALIZED_SUBJECT",
		"PR_SUBJECT_PREFIX", "PR_LAST_MODIFICATION_TIME", "PR_CREATION_TIME"
	};
	char	   *json;
	size_t		len;

	for (size_t i = 0; i < G_N_ELEMENTS(apart); i++)
	{
		if (strcmp(name, apart[i]) == 0)
			return false;
	}
	if (strcmp(rule, "stored") != 0 || strcmp(type, "PT_BINARY") == 0 ||
		is_reference(value))
		return false;
	json = json_dumps(value, JSON_ENCODE_ANY);
	len = json ? strlen(json) : 0;
	free(json);
	return len > 0 && len <= MOST_BYTES;
}

/* Look up types and rules of the properties.  Returns false on error. */
static bool
find_lines(Form *form, msgstore *ms)
{
	json_t	   *names = json_array();
	const char *name;
	json_t	   *value;
	char	   *list;
	const char *values[1];
	PGresult   *res;

	json_object_foreach(form->props, name, value)
		json_array_append_new(names, json_string(name));
	list = json_dumps(names, 0);
	json_decref(names);
	values[0] = list;
	res = msgstore_query(ms, "*ttt",
						 "SELECT k.name, msgstore.property_type(k.name),"
						 " coalesce(c.rule, 'stored')"
						 " FROM pg_catalog.jsonb_array_elements_text"
						 "($1::pg_catalog.jsonb) AS k (name)"
						 " LEFT JOIN msgstore.property_catalogue AS c"
						 " ON c.name OPERATOR(pg_catalog.=) k.name",
						 1, values);
	free(list);
	for (int row = 0; res != NULL && row < PQntuples(res); row++)
	{
		const char *type = msgstore_text_at(res, row, 1);

		name = msgstore_text_at(res, row, 0);
		value = json_object_get(form->props, name);
		if (value != NULL &&
			is_line(name, value, type, msgstore_text_at(res, row, 2)))
			g_hash_table_insert(form->types, g_strdup(name), g_strdup(type));
	}
	PQclear(res);
	return res != NULL;
}

Form *
form_new(msgstore *ms, json_t *props)
{
	Form	   *form = g_new0(Form, 1);

	form->props = props;
	form->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
										g_free);
	set_body(form);
	if (find_lines(form, ms))
		return form;
	session_print_error(ms, "could not look up the properties");
	form_free(form);
	return NULL;
}

void
form_free(Form *form)
{
	json_decref(form->props);
	g_hash_table_destroy(form->types);
	g_free(form->body);
	g_free(form);
}

/* -------------------------------------------------------------- recipients */

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* Return the label of a recipient's line, or NULL if it is not shown. */
static const char *
recipient_label(const json_t *recipient)
{
	json_int_t	type = json_integer_value(json_object_get(recipient,
														  "PR_RECIPIENT_TYPE"));

	for (size_t i = 0; i < G_N_ELEMENTS(recipient_labels); i++)
	{
		if (recipient_labels[i].type == type)
			return recipient_labels[i].label;
	}
	return NULL;
}

/* Return a recipient as text: "Name <address>". */
static char *
recipient_text(const json_t *recipient)
{
	const char *address = member(recipient, "PR_SMTP_ADDRESS");
	g_autofree char *name = show_safe(member(recipient, "PR_DISPLAY_NAME"));
	g_autofree char *shown = NULL;

	if (*address == '\0')
		address = member(recipient, "PR_EMAIL_ADDRESS");
	shown = show_safe(address);
	if (*shown == '\0')
		return g_steal_pointer(&name);
	if (*name == '\0' || strcmp(name, shown) == 0)
		return g_steal_pointer(&shown);
	return g_strdup_printf("%s <%s>", name, shown);
}

/* Return a recipient of a line; "old", which may be NULL, gives the rest. */
static json_t *
recipient_of(const json_t *old, int type, const char *text)
{
	json_t	   *recipient = old ? json_copy((json_t *) old) : json_object();
	const char *angle = strrchr(text, '<');
	g_autofree char *name = NULL;
	g_autofree char *address = NULL;

	if (angle != NULL && g_str_has_suffix(text, ">"))
	{
		name = g_strstrip(g_strndup(text, (gsize) (angle - text)));
		address = g_strstrip(g_strndup(angle + 1, strlen(angle) - 2));
	}
	else if (strchr(text, '@') != NULL)
		address = g_strdup(text);
	else
		name = g_strdup(text);
	json_object_set_new(recipient, "PR_RECIPIENT_TYPE", json_integer(type));
	json_object_set_new(recipient, "PR_DISPLAY_NAME",
						json_string(name && *name ? name : address));
	json_object_del(recipient, "PR_SMTP_ADDRESS");
	json_object_del(recipient, "PR_EMAIL_ADDRESS");
	if (address != NULL)
	{
		json_object_set_new(recipient, "PR_ADDRTYPE", json_string("SMTP"));
		json_object_set_new(recipient, "PR_EMAIL_ADDRESS",
							json_string(address));
		json_object_set_new(recipient, "PR_SMTP_ADDRESS",
							json_string(address));
	}
	return recipient;
}

/* A line of a text that names a recipient. */
typedef struct RecipientLine
{
	int			type;
	char	   *text;
	bool		used;
} RecipientLine;

/* Return the first unused line that names a recipient, or NULL. */
static RecipientLine *
line_of_recipient(GArray *lines, const json_t *recipient, bool exactly)
{
	const char *label = recipient_label(recipient);
	g_autofree char *text = recipient_text(recipient);

	for (guint i = 0; i < lines->len; i++)
	{
		RecipientLine *line = &g_array_index(lines, RecipientLine, i);

		if (!line->used && label != NULL &&
			strcmp(recipient_labels[line->type - 1].label, label) == 0 &&
			(!exactly || strcmp(line->text, text) == 0))
			return line;
	}
	return NULL;
}

/*
 * Return the list of recipients that lines make of an older list; NULL if the
 * lines make no difference.  A recipient whose line is gone is changed to the
 * first new line with its label, so that it keeps its PR_ROWID, or is removed.
 */
static json_t *
recipients_of(const json_t *old, GArray *lines)
{
	json_t	   *list = json_array();
	g_autofree RecipientLine **found =
		g_new0(RecipientLine *, json_array_size(old) + 1);
	bool		changed = false;
	json_int_t	next = 0;
	size_t		i;
	json_t	   *recipient;

	json_array_foreach(old, i, recipient)
	{
		json_int_t	number =
			json_integer_value(json_object_get(recipient, "PR_ROWID"));

		next = MAX(next, number + 1);
		found[i] = line_of_recipient(lines, recipient, true);
		if (found[i] != NULL)
			found[i]->used = true;
	}
	json_array_foreach(old, i, recipient)
	{
		RecipientLine *line = found[i];

		if (line == NULL && recipient_label(recipient) != NULL)
		{
			changed = true;
			line = line_of_recipient(lines, recipient, false);
			if (line == NULL)
				continue;
			line->used = true;
			json_array_append_new(list, recipient_of(recipient, line->type,
													 line->text));
		}
		else
			json_array_append(list, recipient);
	}
	for (guint n = 0; n < lines->len; n++)
	{
		RecipientLine *line = &g_array_index(lines, RecipientLine, n);

		if (line->used)
			continue;
		changed = true;
		recipient = recipient_of(NULL, line->type, line->text);
		/* not the number of a recipient that is removed */
		json_object_set_new(recipient, "PR_ROWID", json_integer(next++));
		json_array_append_new(list, recipient);
	}
	if (changed)
		return list;
	json_decref(list);
	return NULL;
}

/* -------------------------------------------------------------------- text */

/* Append a property as a line. */
static void
put_line(GString *out, const char *name, const json_t *value)
{
	g_autofree char *text = value_text(value);

	g_string_append_printf(out, "%s:%s%s\n", name, *text ? " " : "", text);
}

static void
put_recipients(GString *out, const json_t *list)
{
	size_t		i;
	json_t	   *recipient;

	json_array_foreach(list, i, recipient)
	{
		const char *label = recipient_label(recipient);
		g_autofree char *text = recipient_text(recipient);

		if (label != NULL)
			g_string_append_printf(out, "%s: %s\n", label, text);
	}
}

/* Append a comment per attachment, and for a body that is not shown. */
static void
put_comments(GString *out, const Form *form)
{
	size_t		i;
	json_t	   *attachment;

	json_array_foreach(json_object_get(form->props, ATTACHMENTS), i,
					   attachment)
	{
		const char *name = member(attachment, "PR_ATTACH_LONG_FILENAME");
		g_autofree char *shown = show_name(*name ? name :
										   member(attachment,
												  "PR_DISPLAY_NAME"));

		g_string_append_printf(out, "# Attachment %zu: %s\n", i, shown);
	}
	if (form->body_kind == BODY_HIDDEN)
		g_string_append(out, "# The body cannot be edited as text; it stays as "
						"it is.\n");
	else if (form->body_kind == BODY_HTML)
		g_string_append(out, "# The body is HTML.\n");
	else if (json_object_get(form->props, "PR_HTML") != NULL)
		g_string_append(out, "# The message has an HTML body, too; it is "
						"deleted if you change the text.\n");
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

char *
form_text(const Form *form, const json_t *edits, const char *first)
{
	GString    *out = g_string_new(NULL);
	json_t	   *props = json_deep_copy(form->props);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *name;
	json_t	   *value;

	if (edits != NULL)
		json_object_update(props, (json_t *) edits);
	if (first != NULL)
		g_string_append_printf(out, "%s\n# Save and close the editor to save "
							   "the message. A text without changes does "
							   "nothing.\n# Lines like this one are left out. "
							   "The body begins after the first empty line.\n",
							   first);
	put_comments(out, form);
	value = json_object_get(props, "PR_SUBJECT");
	put_line(out, "Subject", json_is_string(value) ? value : json_object());
	put_recipients(out, json_object_get(props, RECIPIENTS));
	json_object_foreach(props, name, value)
	{
		bool		shown = g_hash_table_contains(form->types, name);

		if (edits != NULL && json_object_get(edits, name) != NULL)
			shown = is_line(name, value, "PT_UNICODE", "stored");
		if (shown && !json_is_null(value) && strcmp(name, "PR_SUBJECT") != 0)
			g_ptr_array_add(names, (gpointer) name);
	}
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		put_line(out, names->pdata[i],
				 json_object_get(props, names->pdata[i]));
	g_string_append_c(out, '\n');
	if (edits != NULL && form->body_kind != BODY_HIDDEN)
	{
		Form		edited = {.props = props};

		set_body(&edited);
		g_string_append(out, edited.body);
		g_free(edited.body);
	}
	else
		g_string_append(out, form->body);
	if (out->str[out->len - 1] != '\n')
		g_string_append_c(out, '\n');
	json_decref(props);
	return g_string_free(out, FALSE);
}

/* ----------------------------------------------------------------- reading */

/* A text that is being read. */
typedef struct Reading
{
	const Form *form;
	msgstore   *ms;
	json_t	   *patch;
	GHashTable *seen;			/* canonical names */
	GArray	   *recipients;		/* RecipientLine */
	FormError  *error;
} Reading;

static bool
fail(Reading *reading, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Set the error; returns false. */
static bool
fail(Reading *reading, const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	reading->error->text = g_strdup_vprintf(format, args);
	va_end(args);
	return false;
}

/*
 * Look up the canonical name and the type of a property.  Returns false if
 * there is no such property.
 */
static bool
look_up(msgstore *ms, const char *spelling, char **name, char **type)
{
	const char *values[] = {spelling};
	PGresult   *res = msgstore_query(ms, "1tt", "SELECT"
									 " msgstore.property_name($1),"
									 " msgstore.property_type($1)", 1, values);

	if (res == NULL)
		return false;
	*name = g_strdup(msgstore_text_at(res, 0, 0));
	*type = g_strdup(msgstore_text_at(res, 0, 1));
	PQclear(res);
	return true;
}

/* Read a line with a property. */
static bool
read_property(Reading *reading, const char *label, const char *text)
{
	const char *spelling = strcmp(label, "Subject") == 0 ? "PR_SUBJECT" :
		label;
	g_autofree char *name = NULL;
	g_autofree char *type = NULL;
	g_autofree char *before = NULL;
	const json_t *old;
	json_t	   *value;

	if (!look_up(reading->ms, spelling, &name, &type))
		return fail(reading, "%s", msgstore_last_error(reading->ms)->message);
	if (g_hash_table_contains(reading->seen, name))
		return fail(reading, "%s is there twice", name);
	g_hash_table_add(reading->seen, g_strdup(name));
	old = json_object_get(reading->form->props, name);
	before = old ? value_text(old) : NULL;
	if ((before != NULL && strcmp(before, text) == 0) ||
		(old == NULL && *text == '\0' && strcmp(label, "Subject") == 0))
		return true;
	value = value_of(text, type);
	if (value == NULL)
		return fail(reading, "the value of %s is not JSON", name);
	json_object_set_new(reading->patch, name, value);
	return true;
}

/* Read a line before the body. */
static bool
read_line(Reading *reading, const char *line)
{
	const char *colon = strstr(line, ": ");
	g_autofree char *label = NULL;
	g_autofree char *text = NULL;

	if (colon == NULL && g_str_has_suffix(line, ":"))
		colon = line + strlen(line) - 1;
	if (colon == NULL || colon == line)
		return fail(reading, "a line before the body must be \"NAME: VALUE\"");
	label = g_strstrip(g_strndup(line, (gsize) (colon - line)));
	text = g_strstrip(g_strdup(colon + 1));
	for (size_t i = 0; i < G_N_ELEMENTS(recipient_labels); i++)
	{
		RecipientLine recipient = {recipient_labels[i].type, text, false};

		if (g_ascii_strcasecmp(label, recipient_labels[i].label) != 0)
			continue;
		if (*text == '\0')
			return true;
		g_array_append_val(reading->recipients, recipient);
		text = NULL;
		return true;
	}
	return read_property(reading, label, text);
}

/* Add the deletions of properties whose lines are gone. */
static void
add_deletions(Reading *reading)
{
	GHashTableIter iter;
	gpointer	name;

	g_hash_table_iter_init(&iter, reading->form->types);
	while (g_hash_table_iter_next(&iter, &name, NULL))
	{
		if (!g_hash_table_contains(reading->seen, name))
			json_object_set_new(reading->patch, name, json_null());
	}
}

/* Add the body if it was changed. */
static bool
read_body(Reading *reading, const char *body)
{
	const Form *form = reading->form;
	g_autofree char *text = g_strdup(body);

	/* the text that is shown has a line end that the body does not have */
	if (form->no_end && g_str_has_suffix(text, "\n") &&
		(*form->body != '\0' || strcmp(text, "\n") == 0))
		text[strlen(text) - 1] = '\0';
	if (strcmp(text, form->body) == 0)
		return true;
	if (form->body_kind == BODY_HIDDEN)
		return fail(reading, "the body of this message cannot be edited as "
					"text");
	json_object_set_new(reading->patch, form->body_kind == BODY_HTML ?
						"PR_HTML" : "PR_BODY",
						*text == '\0' ? json_null() : body_value(form, text));
	return true;
}

/* Read all lines.  Returns false on an error, at error->line. */
static bool
read_text(Reading *reading, const char *text)
{
	json_t	   *recipients;
	const char *p = text;

	for (reading->error->line = 1; *p != '\0' && *p != '\n' &&
		 strncmp(p, "\r\n", 2) != 0; reading->error->line++)
	{
		size_t		len = strcspn(p, "\n");
		g_autofree char *line = g_strchomp(g_strndup(p, len));

		if (*p != '#' && !read_line(reading, line))
			return false;
		p += len + (p[len] == '\n');
	}
	p += strspn(p, "\r");
	if (!read_body(reading, *p == '\n' ? p + 1 : p))
		return false;
	add_deletions(reading);
	recipients = recipients_of(json_object_get(reading->form->props,
											   RECIPIENTS),
							   reading->recipients);
	if (recipients != NULL)
		json_object_set_new(reading->patch, RECIPIENTS, recipients);
	return true;
}

json_t *
form_patch(const Form *form, msgstore *ms, const char *text, FormError *error)
{
	Reading		reading = {.form = form, .ms = ms, .error = error};
	json_t	   *patch;

	error->text = NULL;
	error->line = 1;
	if (!g_utf8_validate(text, -1, NULL))
	{
		(void) fail(&reading, "the text is not UTF-8");
		return NULL;
	}
	reading.patch = json_object();
	reading.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
										 NULL);
	reading.recipients = g_array_new(FALSE, FALSE, sizeof(RecipientLine));
	patch = read_text(&reading, text) ? json_incref(reading.patch) : NULL;
	for (guint i = 0; i < reading.recipients->len; i++)
		g_free(g_array_index(reading.recipients, RecipientLine, i).text);
	g_array_free(reading.recipients, TRUE);
	g_hash_table_destroy(reading.seen);
	json_decref(reading.patch);
	return patch;
}

int
form_line_of(const char *text, const char *property)
{
	const char *label = strcmp(property, "PR_SUBJECT") == 0 ? "Subject" :
		strcmp(property, RECIPIENTS) == 0 ? "To" : property;
	int			line = 1;

	for (const char *p = text; *p != '\0' && *p != '\n'; line++)
	{
		if (g_str_has_prefix(p, label) && p[strlen(label)] == ':')
			return line;
		p += strcspn(p, "\n");
		if (*p == '\n')
			p++;
	}
	return 1;
}

bool
form_assign(msgstore *ms, json_t *patch, const char *argument)
{
	const char *equals = strchr(argument, '=');
	bool		is_json = equals != NULL && equals > argument &&
		equals[-1] == ':';
	g_autofree char *key = equals ? g_strndup(argument, (gsize)
											  (equals - argument) - is_json) :
		NULL;
	g_autofree char *name = NULL;
	g_autofree char *type = NULL;
	json_t	   *value;

	if (key == NULL || *key == '\0')
	{
		print_error("\"%s\" is not KEY=VALUE or KEY:=JSON", argument);
		return false;
	}
	if (!look_up(ms, key, &name, &type))
	{
		session_print_error(ms, "could not look up the property");
		return false;
	}
	value = is_json ? json_loads(equals + 1, JSON_DECODE_ANY, NULL) :
		is_json_type(type) ? value_of(equals + 1, type) :
		json_string(equals + 1);
	if (value == NULL)
		print_error("the value of %s is not %s", name,
					is_json ? "JSON" : "of its type");
	else
		json_object_set_new(patch, name, value);
	return value != NULL;
}
