/*-------------------------------------------------------------------------
 *
 * envelope.c
 *	  From the header fields of a message to MAPI properties, and back.
 *
 * NOTES
 *	  Tables map the fields that are plain text or words; functions map people
 *	  and times.  doc/client.md documents the whole mapping.
 *
 *	  A field that cannot be read sets no property of its own, and stays in
 *	  PR_TRANSPORT_MESSAGE_HEADERS.
 *
 *	  A field is written only if its property differs from the property that
 *	  the original has, so that all other fields, their order and their folds
 *	  stay unchanged.  For a message that never had a header, all fields are
 *	  written.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"

/* the fields whose text is the value of a property */
static const char *const text_fields[][2] = {
	{"Subject", "PR_SUBJECT"},
	{"Message-ID", "PR_INTERNET_MESSAGE_ID"},
	{"In-Reply-To", "PR_IN_REPLY_TO_ID"},
	{"References", "PR_INTERNET_REFERENCES"},
	{"Organization", "PR_INTERNET_ORGANIZATION"},
	{"Return-Path", "PR_INTERNET_RETURN_PATH"},
	{"List-Help", "PR_LIST_HELP"},
	{"List-Subscribe", "PR_LIST_SUBSCRIBE"},
	{"List-Unsubscribe", "PR_LIST_UNSUBSCRIBE"}
};

/*
 * The fields of enumerations, and their words as regular expressions, in the
 * order of their numbers.  The first row whose field begins with a word
 * decides.  Only the field of a property's first row is written.
 */
static const struct
{
	const char *property;
	const char *field;
	int			first;			/* number of the first word */
	int			missing;		/* number without the property */
	const char *words[4];
}			enumerations[] =
{
	{"PR_IMPORTANCE", "Importance", IMPORTANCE_LOW, IMPORTANCE_NORMAL,
	{"low", "normal", "high"}},
	{"PR_IMPORTANCE", "X-Priority", IMPORTANCE_LOW, IMPORTANCE_NORMAL,
	{"[45]", "3", "[12]"}},
	{"PR_IMPORTANCE", "X-MSMail-Priority", IMPORTANCE_LOW, IMPORTANCE_NORMAL,
	{"low", "normal", "high"}},
	{"PR_IMPORTANCE", "Priority", IMPORTANCE_LOW, IMPORTANCE_NORMAL,
	{"non-urgent", "normal", "urgent"}},
	{"PR_PRIORITY", "Priority", PRIO_NONURGENT, PRIO_NORMAL,
	{"non-urgent", "normal", "urgent"}},
	{"PR_SENSITIVITY", "Sensitivity", SENSITIVITY_NONE, SENSITIVITY_NONE,
	{"Normal", "Personal", "Private", "Company-Confidential"}}
};

/* Return the decoded text of a field, or NULL. */
static char *
field_text(const Header *header, const char *name, Tally *tally)
{
	const char *value = header_get(header, name);

	return value ? header_decode(value, false, tally) : NULL;
}

/* ------------------------------------------------------------------ times */

/*
 * Return a date of mail or in ISO 8601, "2024-05-14 07:30:00 +02:00" or
 * shorter, as the text of a PT_SYSTIME.  Returns NULL if the text is not a
 * date, or not from 1601 (the start of FILETIME) to 9999.
 */
static char *
systime(const char *text)
{
	/* "07:30:00GMT+02:00" -> "07:30:00 +0200", which GMime can read */
	g_autofree char *mail =
		text_replace("(:[0-9]{2}(?:[.,][0-9]+)?)\\s*(?:GMT|UTC)?"
					 "([+-][0-9]{2}):?([0-9]{2})\\b", text, "\\1 \\2\\3");
	size_t		len = strlen(mail);
	g_autofree char *day = text_find("\\A\\s*([0-9]{4}(-?)[0-9]{2}\\2[0-9]{2})"
									 "(?![0-9])", mail, len);
	g_autofree char *time = text_find("\\A\\s*[0-9-]+[T ]\\s*([0-9:.,]+)",
									  mail, len);
	g_autofree char *zone = text_find("\\A\\s*[0-9-]+[T ]\\s*[0-9:.,]+\\s*"
									  "(Z|[+-][0-9]+)", mail, len);
	g_autoptr(GTimeZone) local = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = NULL;
	g_autoptr(GDateTime) utc = NULL;

	if (day != NULL)
	{
		g_autofree char *iso =
			g_strdup_printf("%sT%s%s%s", day, time ? time : "00:00",
							time && strlen(time) > 5 ? "" : ":00",
							zone ? zone : "");

		when = g_date_time_new_from_iso8601(iso, local);
	}
	if (when == NULL)
		when = g_mime_utils_header_decode_date(mail);
	if (when != NULL)
		utc = g_date_time_to_utc(when);
	if (utc == NULL || g_date_time_get_year(utc) < 1601)
		return NULL;
	return g_date_time_format(utc, "%Y-%m-%dT%H:%M:%S.0000000Z");
}

/*
 * Set the time of submission from Date, and the time of delivery from the
 * topmost Received, else from Date, else from the From_ line.
 */
static void
map_times(const Header *header, const RawMessage *raw, json_t *props,
		  Tally *tally)
{
	g_autofree char *date = field_text(header, "Date", tally);
	g_autofree char *received = field_text(header, "Received", tally);
	g_autofree char *expires = field_text(header, "Expires", tally);
	const char *semicolon = received ? strrchr(received, ';') : NULL;
	g_autofree char *from =
		text_find("(?-i)\\A(?:\xEF\xBB\xBF)?From +[^ ]+( .*)",
				  raw->form ? raw->form->str : raw->data,
				  raw->form ? raw->form->len : MIN(raw->len, 1024));
	g_autofree char *sent = date ? systime(date) : NULL;
	g_autofree char *expiry = expires ? systime(expires) : NULL;
	g_autofree char *delivered = semicolon ? systime(semicolon + 1) : NULL;

	tally_remark(tally, "Date fields that hold no date: left out",
				 date != NULL && *date != '\0' && sent == NULL);
	if (delivered == NULL)
		delivered = sent ? g_strdup(sent) : from ? systime(from) : NULL;
	put_text(props, "PR_CLIENT_SUBMIT_TIME", sent);
	put_text(props, "PR_MESSAGE_DELIVERY_TIME", delivered);
	put_text(props, "PR_EXPIRY_TIME", expiry);
}

/* ----------------------------------------------------------------- people */

/*
 * Set the four properties of a person, whose names begin with a prefix, from
 * the first person of a list with an address, else from the first person.
 */
static void
put_person(json_t *props, const char *prefix, json_t *people)
{
	static const char *const suffixes[][2] = {
		{"NAME", "PR_DISPLAY_NAME"}, {"ADDRTYPE", "PR_ADDRTYPE"},
		{"EMAIL_ADDRESS", "PR_EMAIL_ADDRESS"},
		{"SMTP_ADDRESS", "PR_SMTP_ADDRESS"}
	};
	json_t	   *person = NULL;
	json_t	   *one;
	size_t		i;

	json_array_foreach(people, i, one)
	{
		if (person == NULL || (*text_of(person, "PR_SMTP_ADDRESS") == '\0' &&
							   *text_of(one, "PR_SMTP_ADDRESS") != '\0'))
			person = one;
	}
	for (i = 0; i < G_N_ELEMENTS(suffixes); i++)
	{
		g_autofree char *name = g_strdup_printf("%s_%s", prefix,
												suffixes[i][0]);

		put_text(props, name, text_of(person, suffixes[i][1]));
	}
}

/*
 * Set the represented sender from From, and the sender from Sender.  If one of
 * these fields is missing, the other field sets both.
 */
static void
map_people(const Header *header, json_t *props, Tally *tally)
{
	json_auto_t *from = json_array();
	json_auto_t *sender = json_array();
	json_auto_t *reply = json_array();
	json_auto_t *to = json_array();
	g_autoptr(GString) names = g_string_new(NULL);
	size_t		i;
	json_t	   *one;

	header_people(header, "From", MAPI_ORIG, from, tally);
	header_people(header, "Sender", MAPI_ORIG, sender, tally);
	header_people(header, "Reply-To", MAPI_ORIG, reply, tally);
	header_people(header, "To", MAPI_TO, to, tally);
	header_people(header, "Apparently-To", MAPI_TO, to, tally);
	header_people(header, "Cc", MAPI_CC, to, tally);
	header_people(header, "Bcc", MAPI_BCC, to, tally);
	tally_remark(tally,
				 "further From addresses: only in the transport headers",
				 (unsigned) MAX(json_array_size(from), 1) - 1);
	put_person(props, "PR_SENT_REPRESENTING", json_array_size(from) > 0 ?
			   from : sender);
	put_person(props, "PR_SENDER", json_array_size(sender) > 0 ? sender :
			   from);
	if (json_array_size(to) > 0)
		json_object_set(props, "PR_MESSAGE_RECIPIENTS", to);
	json_array_foreach(reply, i, one)
		g_string_append_printf(names, "%s%s", i > 0 ? "; " : "",
							   text_of(one, "PR_DISPLAY_NAME"));
	put_text(props, "PR_REPLY_RECIPIENT_NAMES", names->str);
}

/* -------------------------------------------------------- words and flags */

static void
map_enumerations(const Header *header, json_t *props, Tally *tally)
{
	for (size_t i = 0; i < G_N_ELEMENTS(enumerations); i++)
	{
		const char *property = enumerations[i].property;
		const char *const *words = enumerations[i].words;
		g_autofree char *text = field_text(header, enumerations[i].field,
										   tally);

		for (int n = 0; text != NULL && n < 4 && words[n] != NULL; n++)
		{
			g_autofree char *pattern = g_strdup_printf("\\A%s(?![a-z0-9])",
													   words[n]);

			if (json_object_get(props, property) == NULL &&
				text_matches(pattern, text))
				put_number(props, property, enumerations[i].first + n);
		}
	}
}

/*
 * Set the properties for read, draft, answered, forwarded and flagged from
 * Maildir flags, Status and X-Status (mbox), X-Mozilla-Status and X-Unsent.
 */
static void
map_flags(const Header *header, const RawMessage *raw, json_t *props,
		  Tally *tally)
{
	g_autofree char *status = field_text(header, "Status", tally);
	g_autofree char *x_status = field_text(header, "X-Status", tally);
	g_autofree char *mozilla = field_text(header, "X-Mozilla-Status", tally);
	g_autofree char *unsent = field_text(header, "X-Unsent", tally);
	const char *dir = raw->flags ? raw->flags : "";
	const char *x = x_status ? x_status : "";
	long		moz = mozilla ? strtol(mozilla, NULL, 16) : 0;
	int			flags = 0;

	if (strchr(dir, 'S') || (status && strchr(status, 'R')) || (moz & 0x1))
		flags |= MSGFLAG_READ;
	if (strchr(dir, 'D') || strchr(x, 'T') || (unsent && *unsent == '1'))
		flags |= MSGFLAG_UNSENT;
	put_number(props, "PR_MESSAGE_FLAGS", flags);

	if (strchr(dir, 'R') || strchr(x, 'A') || (moz & 0x2))
		put_number(props, "PR_LAST_VERB_EXECUTED", EXCHIVERB_REPLYTOSENDER);
	else if (strchr(dir, 'P') || (moz & 0x1000))
		put_number(props, "PR_LAST_VERB_EXECUTED", EXCHIVERB_FORWARD);
	if (strchr(dir, 'F') || strchr(x, 'F') || (moz & 0x4))
		put_number(props, "PR_FLAG_STATUS", FOLLOWUP_FLAGGED);
	tally_remark(tally, "marked as deleted in the mailbox: imported as others",
				 strchr(dir, 'T') || strchr(x, 'D') || (moz & 0x8));
}

/* ----------------------------------------------------------------- subject */

/*
 * Return the subject without a prefix for replies or forwards, which in MAPI
 * has up to three characters without digits, a colon and a space.
 */
static const char *
without_prefix(const char *subject)
{
	const char *p = subject;

	for (int n = 0; n < 4 && *p != '\0'; n++, p = g_utf8_next_char(p))
	{
		if (*p == ':' && n > 0 && p[1] == ' ')
			return p + 1 + strspn(p + 1, " ");
		if (*p == ' ' || g_unichar_isdigit(g_utf8_get_char(p)))
			break;
	}
	return subject;
}

static void
map_conversation(const Header *header, json_t *props, Tally *tally)
{
	g_autofree char *topic = field_text(header, "Thread-Topic", tally);
	g_autofree char *index = field_text(header, "Thread-Index", tally);
	gsize		n = 0;
	g_autofree guchar *bytes = index ? g_base64_decode(index, &n) : NULL;

	put_text(props, "PR_CONVERSATION_TOPIC", topic != NULL && *topic != '\0' ?
			 topic : without_prefix(text_of(props, "PR_SUBJECT")));
	/* a conversation index has 22 bytes, and 5 bytes for each answer */
	if (n >= 22 && (n - 22) % 5 == 0)
		put_binary(props, "PR_CONVERSATION_INDEX", bytes, n);
}

void
envelope_map(const Header *header, const RawMessage *raw, json_t *props,
			 Tally *tally)
{
	if (raw->form != NULL)
		put_binary(props, MBOX_FORM, raw->form->str, raw->form->len);
	for (size_t i = 0; i < G_N_ELEMENTS(text_fields); i++)
	{
		g_autofree char *text = field_text(header, text_fields[i][0], tally);

		put_text(props, text_fields[i][1], text);
	}
	map_conversation(header, props, tally);
	map_people(header, props, tally);
	map_times(header, raw, props, tally);
	map_flags(header, raw, props, tally);
	map_enumerations(header, props, tally);
	if (header_get(header, "Disposition-Notification-To") != NULL)
		json_object_set_new(props, "PR_READ_RECEIPT_REQUESTED", json_true());
	if (header_get(header, "Return-Receipt-To") != NULL)
		json_object_set_new(props, "PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED",
							json_true());
}

/* ---------------------------------------------------------------- writing */

void
envelope_set(Edit *edit, const char *name, const char *value)
{
	g_autofree char *now = NULL;
	Field	   *field;

	if (value != NULL && *value != '\0')
	{
		g_autofree char *plain = g_strstrip(g_strdup(value));
		g_autofree char *line = g_strconcat(name, ": ", plain, NULL);
		g_autofree char *piece = g_strconcat("\\1", edit->eol, " ", NULL);

		/* lines of at most 60 columns or one word, the first after the name */
		now = text_replace("((?:\\A\\S+ )?(?:.{0,59}\\S|\\S+))(?:\\s+|\\z)",
						   g_strdelimit(line, "\r\n\t", ' '), piece);
		now[strlen(now) - 1] = '\0';
	}
	for (guint i = 0; (field = header_next(edit->reading->root->header, name,
										   &i)) != NULL;)
	{
		edit->edited = true;
		g_free(field->now);
		field->now = now ? g_steal_pointer(&now) : g_strdup("");
	}
	edit->edited |= now != NULL;
	g_string_append(edit->appended, now ? now : "");
}

/* Return true if a text property was edited. */
static bool
text_differs(const Edit *edit, const char *name)
{
	return strcmp(text_of(edit->props, name),
				  text_of(edit->before, name)) != 0;
}

/* Set a date field from a PT_SYSTIME, if the property was edited. */
static void
set_time(Edit *edit, const char *property, const char *field)
{
	const char *text = text_of(edit->props, property);
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *date = NULL;

	if (!text_differs(edit, property))
		return;
	when = *text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	if (when != NULL)
		date = g_mime_utils_header_format_date(when);
	envelope_set(edit, field, date);
}

/*
 * Set the fields of the enumerations that were edited.  Further fields that
 * stand for an edited enumeration alone are removed.
 */
static void
set_enumerations(Edit *edit)
{
	for (size_t i = 0; i < G_N_ELEMENTS(enumerations); i++)
	{
		const char *property = enumerations[i].property;
		int			missing = enumerations[i].missing;
		json_int_t	now = number_of(edit->props, property, missing);
		json_int_t	n = now - enumerations[i].first;

		if (now == number_of(edit->before, property, missing))
			continue;
		if (i == 0 || strcmp(property, enumerations[i - 1].property) != 0)
			envelope_set(edit, enumerations[i].field, n >= 0 && n < 4 ?
						 enumerations[i].words[n] : NULL);
		else if (g_str_has_prefix(enumerations[i].field, "X-"))
			envelope_set(edit, enumerations[i].field, NULL);
	}
}

/*
 * Return the people of a type (MAPI_TO and others) as the value of a field, ""
 * without people.  "name" is the property that has a name, and "prefix" begins
 * the properties that have an address.
 */
static char *
people_text(json_t *people, json_int_t type, const char *name,
			const char *prefix)
{
	InternetAddressList *list = internet_address_list_new();
	g_autofree char *smtp = g_strconcat(prefix, "SMTP_ADDRESS", NULL);
	g_autofree char *other = g_strconcat(prefix, "EMAIL_ADDRESS", NULL);
	char	   *text = NULL;
	size_t		i;
	json_t	   *one;

	json_array_foreach(people, i, one)
	{
		const char *shown = text_of(one, name);
		const char *address = text_of(one, smtp);
		InternetAddress *person;

		if (*address == '\0')
			address = text_of(one, other);
		if (number_of(one, "PR_RECIPIENT_TYPE", MAPI_TO) != type ||
			(*shown == '\0' && *address == '\0'))
			continue;
		if (*address == '\0')
			person = internet_address_group_new(shown);
		else
			person = internet_address_mailbox_new(strcmp(shown, address) == 0 ?
												  NULL : shown, address);
		internet_address_set_charset(person, "utf-8");
		internet_address_list_add(list, person);
		g_object_unref(person);
	}
	if (internet_address_list_length(list) > 0)
		text = internet_address_list_to_string(list, NULL, TRUE);
	g_object_unref(list);
	return text ? text : g_strdup("");
}

/* Return a person as the value of a field; "prefix" begins the properties. */
static char *
person_text(json_t *props, const char *prefix)
{
	g_autofree char *name = g_strconcat(prefix, "NAME", NULL);
	json_t	   *people = json_pack("[O]", props);
	char	   *text = people_text(people, MAPI_TO, name, prefix);

	json_decref(people);
	return text;
}

/*
 * Return the value of From, Sender, To, Cc or Bcc (0 to 4), "" for no field.
 * The sender stands in From if nobody else is represented.
 */
static char *
field_people(json_t *props, int field)
{
	g_autofree char *from = person_text(props, "PR_SENT_REPRESENTING_");
	g_autofree char *sender = person_text(props, "PR_SENDER_");

	if (field > 1)
		return people_text(json_object_get(props, "PR_MESSAGE_RECIPIENTS"),
						   MAPI_TO + field - 2, "PR_DISPLAY_NAME", "PR_");
	if (field == 0)
		return g_strdup(*from ? from : sender);
	return g_strdup(*from && strcmp(sender, from) != 0 ? sender : "");
}

static void
set_people(Edit *edit)
{
	static const char *const fields[] = {"From", "Sender", "To", "Cc", "Bcc"};
	const char *receipt = "PR_READ_RECEIPT_REQUESTED";
	bool		asked = number_of(edit->props, receipt, 0) != 0;

	for (int i = 0; i < 5; i++)
	{
		g_autofree char *now = field_people(edit->props, i);
		g_autofree char *old = field_people(edit->before, i);

		if (strcmp(now, old) == 0)
			continue;
		envelope_set(edit, fields[i], now);
		if (i == 2)
			envelope_set(edit, "Apparently-To", NULL);
	}
	if (asked != (number_of(edit->before, receipt, 0) != 0))
	{
		g_autofree char *sender = person_text(edit->props, "PR_SENDER_");
		g_autofree char *from = field_people(edit->props, 0);

		envelope_set(edit, "Disposition-Notification-To",
					 !asked ? NULL : *sender ? sender : from);
	}
}

void
envelope_edit(Edit *edit)
{
	set_people(edit);
	set_time(edit, "PR_CLIENT_SUBMIT_TIME", "Date");
	set_time(edit, "PR_EXPIRY_TIME", "Expires");
	for (size_t i = 0; i < G_N_ELEMENTS(text_fields); i++)
	{
		const char *text = text_of(edit->props, text_fields[i][1]);
		g_autofree char *coded = NULL;

		if (!text_differs(edit, text_fields[i][1]))
			continue;
		coded = g_mime_utils_header_encode_text(NULL, text, "utf-8");
		envelope_set(edit, text_fields[i][0], coded);
	}
	set_enumerations(edit);
}
