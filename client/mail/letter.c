/*-------------------------------------------------------------------------
 *
 * letter.c
 *	  Write the header of a message: the fields that came with the message, or
 *	  new fields for edited properties.
 *
 * NOTES
 *	  envelope.c reads the properties that PR_TRANSPORT_MESSAGE_HEADERS gives.
 *	  A property that differs from them was edited, and its field is rewritten.
 *	  All other fields, their order and their folds stay unchanged.  A message
 *	  that never had a header gets all of its fields by this rule.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"

#define LINE_COLUMNS	76

/* A field with its lines as they are written, or lines that are no field. */
typedef struct Item
{
	char	   *name;			/* "" for what is no field */
	GString    *text;
} Item;

typedef struct Letter
{
	GPtrArray  *items;			/* of Item * */
	json_t	   *props;
	json_t	   *before;			/* what they were by the header */
	const char *eol;
	bool		edited;
} Letter;

static void
item_free(gpointer p)
{
	Item	   *item = p;

	g_free(item->name);
	g_string_free(item->text, TRUE);
	g_free(item);
}

/* ------------------------------------------------------------------ fields */

/*
 * The length of the name at the start of a header line, 0 if there is none;
 * as header.c reads it, with blanks before the colon or without.
 */
static size_t
name_len(const char *line, size_t len)
{
	size_t		n = 0;
	size_t		colon;

	while (n < len && line[n] > 32 && line[n] < 127 && line[n] != ':')
		n++;
	colon = n;
	while (colon < len && (line[colon] == ' ' || line[colon] == '\t'))
		colon++;
	return colon < len && line[colon] == ':' ? n : 0;
}

static GPtrArray *
split_items(const char *block)
{
	GPtrArray  *items = g_ptr_array_new_with_free_func(item_free);

	while (*block != '\0')
	{
		size_t		len = strcspn(block, "\n");
		size_t		n = name_len(block, len);

		if (block[len] == '\n')
			len++;
		if (n > 0 || items->len == 0)
		{
			Item	   *item = g_new(Item, 1);

			item->name = g_strndup(block, n);
			item->text = g_string_new_len(block, (gssize) len);
			g_ptr_array_add(items, item);
		}
		else
		{
			Item	   *last = g_ptr_array_index(items, items->len - 1);

			g_string_append_len(last->text, block, (gssize) len);
		}
		block += len;
	}
	return items;
}

/* Break a value into lines at its spaces. */
static void
append_folded(GString *out, const char *value, size_t column, const char *eol)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t\r\n", -1);
	bool		first = true;

	for (char **word = words; *word != NULL; word++)
	{
		size_t		len = strlen(*word);

		if (len == 0)
			continue;
		if (!first && column + 1 + len > LINE_COLUMNS)
		{
			g_string_append(out, eol);
			column = 0;
		}
		g_string_append_printf(out, " %s", *word);
		column += 1 + len;
		first = false;
	}
}

/*
 * Write a field where its like stood, or at the end; without a value, take
 * it out.  The value is ASCII.
 */
static void
set_field(Letter *letter, const char *name, const char *value)
{
	Item	   *item = NULL;

	letter->edited = true;
	for (guint i = 0; i < letter->items->len;)
	{
		Item	   *one = g_ptr_array_index(letter->items, i);

		if (g_ascii_strcasecmp(one->name, name) != 0)
			i++;
		else if (item == NULL && value != NULL && *value != '\0')
		{
			item = one;
			i++;
		}
		else
			g_ptr_array_remove_index(letter->items, i);
	}
	if (value == NULL || *value == '\0')
		return;
	if (item == NULL)
	{
		item = g_new0(Item, 1);
		item->name = g_strdup(name);
		item->text = g_string_new(NULL);
		g_ptr_array_add(letter->items, item);
	}
	g_string_printf(item->text, "%s:", name);
	append_folded(item->text, value, strlen(name) + 1, letter->eol);
	g_string_append(item->text, letter->eol);
}

/* -------------------------------------------------------------- properties */

static const char *
text_of(json_t *props, const char *name)
{
	const char *text = json_string_value(json_object_get(props, name));

	return text ? text : "";
}

/* Whether a text is another one than the header says. */
static bool
text_differs(const Letter *letter, const char *name)
{
	return strcmp(text_of(letter->props, name),
				  text_of(letter->before, name)) != 0;
}

/* A number, with what it is where it is not set. */
static json_int_t
number_of(json_t *props, const char *name, json_int_t missing)
{
	json_t	   *value = json_object_get(props, name);

	if (json_is_true(value))
		return 1;
	return json_is_integer(value) ? json_integer_value(value) : missing;
}

static void
put_text_field(Letter *letter, const char *property, const char *field)
{
	g_autofree char *coded = NULL;

	if (!text_differs(letter, property))
		return;
	coded = g_mime_utils_header_encode_text(NULL, text_of(letter->props,
														  property), "utf-8");
	set_field(letter, field, coded);
}

/* A PT_SYSTIME as mail writes it. */
static void
put_time_field(Letter *letter, const char *property, const char *field)
{
	const char *text = text_of(letter->props, property);
	GDateTime  *when;
	g_autofree char *date = NULL;

	if (!text_differs(letter, property))
		return;
	when = *text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	if (when != NULL)
	{
		date = g_mime_utils_header_format_date(when);
		g_date_time_unref(when);
	}
	set_field(letter, field, date);
}

static void
put_word_field(Letter *letter, const char *property, json_int_t missing,
			   const char *field, json_int_t first, const char *const *words)
{
	json_int_t	now = number_of(letter->props, property, missing);
	const char *word = NULL;

	if (now == number_of(letter->before, property, missing))
		return;
	for (int i = 0; words[i] != NULL; i++)
	{
		if (first + i == now)
			word = words[i];
	}
	set_field(letter, field, word);
}

/* ------------------------------------------------------------------ people */

static void
add_person(InternetAddressList *list, const char *name, const char *address)
{
	InternetAddress *one;

	if (*address != '\0')
		one = internet_address_mailbox_new(strcmp(name, address) == 0 ? NULL :
										   name, address);
	else
		one = internet_address_group_new(name);
	internet_address_set_charset(one, "utf-8");
	internet_address_list_add(list, one);
	g_object_unref(one);
}

/* The address of a person or a recipient: SMTP's, else whatever there is. */
static const char *
address_of(json_t *props, const char *prefix)
{
	g_autofree char *smtp = g_strconcat(prefix, "SMTP_ADDRESS", NULL);
	g_autofree char *other = g_strconcat(prefix, "EMAIL_ADDRESS", NULL);
	const char *address = text_of(props, smtp);

	return *address ? address : text_of(props, other);
}

/* Addresses as a field's value; "" for none. */
static char *
people_text(InternetAddressList *list)
{
	char	   *text;

	if (internet_address_list_length(list) == 0)
		return g_strdup("");
	text = internet_address_list_to_string(list, NULL, TRUE);
	return text ? text : g_strdup("");
}

static char *
person_text(json_t *props, const char *prefix)
{
	InternetAddressList *list = internet_address_list_new();
	g_autofree char *name = g_strconcat(prefix, "NAME", NULL);
	const char *address = address_of(props, prefix);
	char	   *text;

	if (*address != '\0')
		add_person(list, text_of(props, name), address);
	text = people_text(list);
	g_object_unref(list);
	return text;
}

/* Return the recipients of a type, MAPI_TO and so on, as a field's value. */
static char *
recipients_text(json_t *props, json_int_t type)
{
	InternetAddressList *list = internet_address_list_new();
	char	   *text;
	size_t		i;
	json_t	   *one;

	json_array_foreach(json_object_get(props, "PR_MESSAGE_RECIPIENTS"), i, one)
	{
		if (number_of(one, "PR_RECIPIENT_TYPE", MAPI_TO) == type)
			add_person(list, text_of(one, "PR_DISPLAY_NAME"),
					   address_of(one, "PR_"));
	}
	text = people_text(list);
	g_object_unref(list);
	return text;
}

static void
put_people(Letter *letter)
{
	static const char *const fields[] = {"To", "Cc", "Bcc"};
	g_autofree char *from = person_text(letter->props,
										"PR_SENT_REPRESENTING_");
	g_autofree char *sender = person_text(letter->props, "PR_SENDER_");
	g_autofree char *old_from = person_text(letter->before,
											"PR_SENT_REPRESENTING_");
	g_autofree char *old_sender = person_text(letter->before, "PR_SENDER_");

	if (strcmp(from, old_from) != 0)
		set_field(letter, "From", *from ? from : sender);
	else if (*from == '\0' && strcmp(sender, old_sender) != 0)
		set_field(letter, "From", sender);
	if (strcmp(sender, old_sender) != 0 || strcmp(from, old_from) != 0)
		set_field(letter, "Sender", *from && strcmp(sender, from) != 0 ?
				  sender : NULL);
	for (int i = 0; i < 3; i++)
	{
		g_autofree char *now = recipients_text(letter->props, MAPI_TO + i);
		g_autofree char *old = recipients_text(letter->before,
												MAPI_TO + i);

		if (strcmp(now, old) == 0)
			continue;
		set_field(letter, fields[i], now);
		if (i == 0)
			set_field(letter, "Apparently-To", NULL);
	}
	if (number_of(letter->props, "PR_READ_RECEIPT_REQUESTED", 0) !=
		number_of(letter->before, "PR_READ_RECEIPT_REQUESTED", 0))
		set_field(letter, "Disposition-Notification-To",
				  number_of(letter->props, "PR_READ_RECEIPT_REQUESTED", 0) ?
				  (*sender ? sender : from) : NULL);
}

/* --------------------------------------------------------------- the whole */

/* What the properties would be by the header alone. */
static json_t *
read_before(const char *block, size_t len)
{
	json_t	   *before = json_object();
	Tally	   *aside = tally_new();
	Header	   *header = header_read(block, len, aside);
	RawMessage	raw = {.data = block};

	if (header != NULL)
	{
		envelope_map(header, &raw, before, aside);
		header_free(header);
	}
	tally_free(aside);
	return before;
}

static void
put_marks(Letter *letter)
{
	static const char *const importance[] = {"low", "normal", "high", NULL};
	static const char *const priority[] = {
		"non-urgent", "normal", "urgent", NULL
	};
	static const char *const sensitivity[] = {
		"Normal", "Personal", "Private", "Company-Confidential", NULL
	};

	if (number_of(letter->props, "PR_IMPORTANCE", 1) !=
		number_of(letter->before, "PR_IMPORTANCE", 1))
	{
		set_field(letter, "X-Priority", NULL);
		set_field(letter, "X-MSMail-Priority", NULL);
	}
	put_word_field(letter, "PR_IMPORTANCE", 1, "Importance", 0, importance);
	put_word_field(letter, "PR_PRIORITY", 0, "Priority", -1, priority);
	put_word_field(letter, "PR_SENSITIVITY", 0, "Sensitivity", 0,
				   sensitivity);
}

GString *
letter_header(json_t *props, const GString *before, const char *eol,
			  bool *edited)
{
	const char *block = text_of(props, "PR_TRANSPORT_MESSAGE_HEADERS");
	Letter		letter = {.props = props, .eol = eol};
	GString    *out = g_string_new(NULL);

	letter.items = split_items(block);
	letter.before = before ? read_before(before->str, before->len) :
		read_before(block, strlen(block));
	put_people(&letter);
	put_text_field(&letter, "PR_SUBJECT", "Subject");
	put_time_field(&letter, "PR_CLIENT_SUBMIT_TIME", "Date");
	put_text_field(&letter, "PR_INTERNET_MESSAGE_ID", "Message-ID");
	put_text_field(&letter, "PR_IN_REPLY_TO_ID", "In-Reply-To");
	put_text_field(&letter, "PR_INTERNET_REFERENCES", "References");
	put_text_field(&letter, "PR_INTERNET_ORGANIZATION", "Organization");
	put_text_field(&letter, "PR_INTERNET_RETURN_PATH", "Return-Path");
	put_text_field(&letter, "PR_LIST_HELP", "List-Help");
	put_text_field(&letter, "PR_LIST_SUBSCRIBE", "List-Subscribe");
	put_text_field(&letter, "PR_LIST_UNSUBSCRIBE", "List-Unsubscribe");
	put_time_field(&letter, "PR_EXPIRY_TIME", "Expires");
	put_marks(&letter);

	for (guint i = 0; i < letter.items->len; i++)
	{
		Item	   *item = g_ptr_array_index(letter.items, i);

		g_string_append_len(out, item->text->str, (gssize) item->text->len);
	}
	*edited = letter.edited;
	if (before != NULL && !letter.edited)
	{
		g_string_truncate(out, 0);
		g_string_append_len(out, before->str, (gssize) before->len);
	}
	g_ptr_array_free(letter.items, TRUE);
	json_decref(letter.before);
	return out;
}

void
letter_drop_content(GString *header)
{
	static const char *const names[] = {
		"Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
		"Content-ID", "Content-Location", "Content-Length", "MIME-Version",
		"Lines"
	};
	GPtrArray  *items = split_items(header->str);

	g_string_truncate(header, 0);
	for (guint i = 0; i < items->len; i++)
	{
		Item	   *item = g_ptr_array_index(items, i);
		bool		drop = false;

		for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
			drop = drop || g_ascii_strcasecmp(item->name, names[n]) == 0;
		if (!drop)
			g_string_append_len(header, item->text->str,
								(gssize) item->text->len);
	}
	g_ptr_array_free(items, TRUE);
}
