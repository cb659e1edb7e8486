/*-------------------------------------------------------------------------
 *
 * letter.c
 *	  From edited properties to header fields.
 *
 * NOTES
 *	  A field is rewritten only if its property differs from the property that
 *	  the original has, so that all other fields, their order and their folds
 *	  stay unchanged.  For a message that never had a header, all fields are
 *	  written.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "edit.h"

#define LINE_COLUMNS	76

/* ------------------------------------------------------------------ fields */

/* Append a value, in lines that are broken at spaces. */
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

void
letter_set(Edit *edit, const char *name, const char *value)
{
	const GPtrArray *fields = edit->reading->header ?
		edit->reading->header->fields : NULL;
	GString    *line = NULL;

	if (value != NULL && *value != '\0')
	{
		line = g_string_new(name);
		g_string_append_c(line, ':');
		append_folded(line, value, line->len, edit->eol);
		g_string_append(line, edit->eol);
	}
	for (guint i = 0; fields != NULL && i < fields->len; i++)
	{
		const Field *field = g_ptr_array_index(fields, i);

		if (g_ascii_strcasecmp(field->name, name) != 0)
			continue;
		splice_replace(edit, field->offset,
					   splice_field_end(edit, field->offset), line);
		line = NULL;
	}
	if (line == NULL)
		return;
	if (edit->appended == NULL)
		edit->appended = g_string_new(NULL);
	g_string_append_len(edit->appended, line->str, (gssize) line->len);
	g_string_free(line, TRUE);
}

/* -------------------------------------------------------------- properties */

/* Return true if a text property was edited. */
static bool
text_differs(const Edit *edit, const char *name)
{
	return strcmp(text_of(edit->props, name),
				  text_of(edit->before, name)) != 0;
}

static void
put_text_field(Edit *edit, const char *property, const char *field)
{
	g_autofree char *coded = NULL;

	if (!text_differs(edit, property))
		return;
	coded = g_mime_utils_header_encode_text(NULL, text_of(edit->props,
														  property), "utf-8");
	letter_set(edit, field, coded);
}

/* Set a date field from a PT_SYSTIME, if the property was edited. */
static void
put_time_field(Edit *edit, const char *property, const char *field)
{
	const char *text = text_of(edit->props, property);
	GDateTime  *when;
	g_autofree char *date = NULL;

	if (!text_differs(edit, property))
		return;
	when = *text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	if (when != NULL)
	{
		date = g_mime_utils_header_format_date(when);
		g_date_time_unref(when);
	}
	letter_set(edit, field, date);
}

static void
put_word_field(Edit *edit, const char *property, json_int_t missing,
			   const char *field, json_int_t first, const char *const *words)
{
	json_int_t	now = number_of(edit->props, property, missing);
	const char *word = NULL;

	if (now == number_of(edit->before, property, missing))
		return;
	for (int i = 0; words[i] != NULL; i++)
	{
		if (first + i == now)
			word = words[i];
	}
	letter_set(edit, field, word);
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

/* Return the SMTP address of a person or recipient, else any address. */
static const char *
address_of(json_t *props, const char *prefix)
{
	g_autofree char *smtp = g_strconcat(prefix, "SMTP_ADDRESS", NULL);
	g_autofree char *other = g_strconcat(prefix, "EMAIL_ADDRESS", NULL);
	const char *address = text_of(props, smtp);

	return *address ? address : text_of(props, other);
}

/* Return addresses as the value of a field, or "" without addresses. */
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

	if (*address != '\0' || *text_of(props, name) != '\0')
		add_person(list, text_of(props, name), address);
	text = people_text(list);
	g_object_unref(list);
	return text;
}

/* Return the recipients of a type (MAPI_TO and others) as a field's value. */
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
put_people(Edit *edit)
{
	static const char *const fields[] = {"To", "Cc", "Bcc"};
	g_autofree char *from = person_text(edit->props,
										"PR_SENT_REPRESENTING_");
	g_autofree char *sender = person_text(edit->props, "PR_SENDER_");
	g_autofree char *old_from = person_text(edit->before,
											"PR_SENT_REPRESENTING_");
	g_autofree char *old_sender = person_text(edit->before, "PR_SENDER_");

	if (strcmp(from, old_from) != 0)
		letter_set(edit, "From", *from ? from : sender);
	else if (*from == '\0' && strcmp(sender, old_sender) != 0)
		letter_set(edit, "From", sender);
	if (strcmp(sender, old_sender) != 0 || strcmp(from, old_from) != 0)
		letter_set(edit, "Sender", *from && strcmp(sender, from) != 0 ?
				  sender : NULL);
	for (int i = 0; i < 3; i++)
	{
		g_autofree char *now = recipients_text(edit->props, MAPI_TO + i);
		g_autofree char *old = recipients_text(edit->before, MAPI_TO + i);

		if (strcmp(now, old) == 0)
			continue;
		letter_set(edit, fields[i], now);
		if (i == 0)
			letter_set(edit, "Apparently-To", NULL);
	}
	if (number_of(edit->props, "PR_READ_RECEIPT_REQUESTED", 0) !=
		number_of(edit->before, "PR_READ_RECEIPT_REQUESTED", 0))
		letter_set(edit, "Disposition-Notification-To",
				  number_of(edit->props, "PR_READ_RECEIPT_REQUESTED", 0) ?
				  (*sender ? sender : from) : NULL);
}

/* --------------------------------------------------------------- the whole */

static void
put_marks(Edit *edit)
{
	static const char *const importance[] = {"low", "normal", "high", NULL};
	static const char *const priority[] = {
		"non-urgent", "normal", "urgent", NULL
	};
	static const char *const sensitivity[] = {
		"Normal", "Personal", "Private", "Company-Confidential", NULL
	};

	if (number_of(edit->props, "PR_IMPORTANCE", IMPORTANCE_NORMAL) !=
		number_of(edit->before, "PR_IMPORTANCE", IMPORTANCE_NORMAL))
	{
		letter_set(edit, "X-Priority", NULL);
		letter_set(edit, "X-MSMail-Priority", NULL);
	}
	put_word_field(edit, "PR_IMPORTANCE", IMPORTANCE_NORMAL, "Importance",
				   IMPORTANCE_LOW, importance);
	put_word_field(edit, "PR_PRIORITY", PRIO_NORMAL, "Priority",
				   PRIO_NONURGENT, priority);
	put_word_field(edit, "PR_SENSITIVITY", SENSITIVITY_NONE, "Sensitivity",
				   SENSITIVITY_NONE, sensitivity);
}

void
letter_edit(Edit *edit)
{
	static const char *const texts[][2] = {
		{"PR_SUBJECT", "Subject"},
		{"PR_INTERNET_MESSAGE_ID", "Message-ID"},
		{"PR_IN_REPLY_TO_ID", "In-Reply-To"},
		{"PR_INTERNET_REFERENCES", "References"},
		{"PR_INTERNET_ORGANIZATION", "Organization"},
		{"PR_INTERNET_RETURN_PATH", "Return-Path"},
		{"PR_LIST_HELP", "List-Help"},
		{"PR_LIST_SUBSCRIBE", "List-Subscribe"},
		{"PR_LIST_UNSUBSCRIBE", "List-Unsubscribe"}
	};

	put_people(edit);
	put_time_field(edit, "PR_CLIENT_SUBMIT_TIME", "Date");
	put_time_field(edit, "PR_EXPIRY_TIME", "Expires");
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		put_text_field(edit, texts[i][0], texts[i][1]);
	put_marks(edit);
}
