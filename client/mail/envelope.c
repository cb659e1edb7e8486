/*-------------------------------------------------------------------------
 *
 * envelope.c
 *	  Map the header of a message to MAPI properties.
 *
 * NOTES
 *	  One table maps fields of plain text; people, times and the few
 *	  enumerations have functions of their own.  doc/client.md shows the whole
 *	  mapping.
 *
 *	  A field that cannot be read has no property, but is still in
 *	  PR_TRANSPORT_MESSAGE_HEADERS.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"

/* Groups in groups in an address field: colons without their semicolon. */
#define MAX_GROUPS		1000

/* Limits of a piece of an address field that is parsed at once, in bytes. */
#define MIN_PIECE		2048
#define MAX_PIECE		8192

/* fields whose text is the value of the property */
static const struct
{
	const char *field;
	const char *property;
}			text_fields[] =
{
	{"Message-ID", "PR_INTERNET_MESSAGE_ID"},
	{"In-Reply-To", "PR_IN_REPLY_TO_ID"},
	{"References", "PR_INTERNET_REFERENCES"},
	{"Organization", "PR_INTERNET_ORGANIZATION"},
	{"Return-Path", "PR_INTERNET_RETURN_PATH"},
	{"List-Help", "PR_LIST_HELP"},
	{"List-Subscribe", "PR_LIST_SUBSCRIBE"},
	{"List-Unsubscribe", "PR_LIST_UNSUBSCRIBE"},
};

void
put_text(json_t *props, const char *name, const char *text)
{
	g_autofree char *valid = NULL;

	if (text == NULL || *text == '\0')
		return;
	valid = g_utf8_make_valid(text, -1);
	json_object_set_new(props, name, json_string(valid));
}

/* Return the decoded text of a field, or NULL if there is no such field. */
static char *
field_text(const Header *header, const char *name, Tally *tally)
{
	const char *value = header_get(header, name);

	return value ? header_decode(value, false, tally) : NULL;
}

/* ------------------------------------------------------------------ times */

/*
 * Return a date of a mail as the text of a PT_SYSTIME.  Returns NULL if the
 * text is not a date, or if the year is not from 1601, where FILETIME begins,
 * to 9999.
 */
static char *
systime(const char *text)
{
	GDateTime  *when = g_mime_utils_header_decode_date(text);
	GDateTime  *utc;
	char	   *out = NULL;

	if (when == NULL)
		return NULL;
	utc = g_date_time_to_utc(when);
	g_date_time_unref(when);
	if (utc == NULL)
		return NULL;
	if (g_date_time_get_year(utc) >= 1601)
		out = g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.0000000Z",
							  g_date_time_get_year(utc),
							  g_date_time_get_month(utc),
							  g_date_time_get_day_of_month(utc),
							  g_date_time_get_hour(utc),
							  g_date_time_get_minute(utc),
							  g_date_time_get_second(utc));
	g_date_time_unref(utc);
	return out;
}

/*
 * Set the time of submission to Date, and the time of delivery to the date of
 * the topmost Received, else to Date, else to the date of the From_ line.
 */
static void
map_times(const Header *header, const RawMessage *raw, json_t *props,
		  Tally *tally)
{
	g_autofree char *date = field_text(header, "Date", tally);
	g_autofree char *received = field_text(header, "Received", tally);
	g_autofree char *expires = field_text(header, "Expires", tally);
	g_autofree char *sent = NULL;
	g_autofree char *delivered = NULL;
	g_autofree char *expiry = NULL;

	if (date != NULL && *date != '\0')
	{
		sent = systime(date);
		if (sent == NULL)
			tally_count(tally->remarks,
						"Date fields that hold no date: left out", 1);
	}
	if (received != NULL && strrchr(received, ';') != NULL)
		delivered = systime(strrchr(received, ';') + 1);
	if (delivered == NULL)
		delivered = g_strdup(sent);
	if (delivered == NULL && raw->from_line != NULL)
	{
		/* "From sender date" */
		const char *sender = raw->from_line + strlen("From ");
		const char *when;

		sender += strspn(sender, " ");
		when = strchr(sender, ' ');
		if (when != NULL)
			delivered = systime(when);
	}
	if (expires != NULL)
		expiry = systime(expires);

	put_text(props, "PR_CLIENT_SUBMIT_TIME", sent);
	put_text(props, "PR_MESSAGE_DELIVERY_TIME", delivered);
	put_text(props, "PR_EXPIRY_TIME", expiry);
}

/* ----------------------------------------------------------------- people */

typedef void (*PersonFunc) (const char *name, const char *address, void *arg);

/* Call func for each mailbox of a list, also for mailboxes in groups. */
static void
each_person(InternetAddressList *list, PersonFunc func, void *arg)
{
	int			n = internet_address_list_length(list);

	for (int i = 0; i < n; i++)
	{
		InternetAddress *one = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(one))
		{
			InternetAddressList *members =
			internet_address_group_get_members((InternetAddressGroup *) one);

			if (members != NULL)
				each_person(members, func, arg);
		}
		else
		{
			const char *name = internet_address_get_name(one);
			const char *address =
			internet_address_mailbox_get_addr((InternetAddressMailbox *) one);

			if (address != NULL && *address != '\0')
				func(name && *name ? name : address, address, arg);
		}
	}
}

/*
 * Call func for a text that is not a list of addresses: the first word with an
 * "@" is the address, and the text before it is the name.  Returns false if
 * there is no such word.
 */
static bool
find_address(const char *value, PersonFunc func, void *arg, Tally *tally)
{
	g_autofree char *text = header_decode(value, false, tally);
	g_autofree char *address = NULL;
	char	   *at = strchr(text, '@');
	char	   *start;

	if (at == NULL || at == text)
		return false;
	for (start = at; start > text && strchr(" ,;:<\"", start[-1]) == NULL;)
		start--;
	at[strcspn(at, " ,;:>\"")] = '\0';
	if (start == at || at[1] == '\0')
		return false;
	address = g_strdup(start);
	*start = '\0';
	g_strstrip(g_strdelimit(text, "<>\"", ' '));
	func(*text ? text : address, address, arg);
	return true;
}

/*
 * Return true if groups are nested in groups deeper than in any honest mail.
 * The parser calls itself once per level, and could exhaust the stack.
 */
static bool
too_deep(const char *words)
{
	int			depth = 0;

	for (const char *p = words; *p != '\0'; p++)
	{
		if (*p == ':' && ++depth > MAX_GROUPS)
			return true;
		if (*p == ';' && depth > 0)
			depth--;
	}
	return false;
}

/*
 * Return the length of the piece of a list of addresses to parse at once, for
 * most lists the whole list.  The parser takes quadratic time for words
 * without "@".  A long list is cut at a comma between two addresses, or, if
 * brackets do not match, at any comma.
 */
static size_t
piece_len(const char *list)
{
	const char *p;
	bool		quoted = false;
	int			depth = 0;

	for (p = list; *p != '\0'; p++)
	{
		size_t		len = (size_t) (p - list);

		if (*p == ',' && (len > MAX_PIECE ||
						  (len > MIN_PIECE && depth == 0 && !quoted)))
			break;
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && strchr("(<:", *p) != NULL)
			depth++;
		else if (!quoted && depth > 0 && strchr(")>;", *p) != NULL)
			depth--;
	}
	return (size_t) (p - list);
}

/* Call func for each mailbox of a list.  Returns false if there is none. */
static bool
each_in_list(const char *words, PersonFunc func, void *arg)
{
	bool		any = false;

	while (*words != '\0')
	{
		size_t		len = piece_len(words);
		g_autofree char *piece = g_strndup(words, len);
		InternetAddressList *list = NULL;

		if (!too_deep(piece))
			list = internet_address_list_parse(NULL, piece);
		if (list != NULL && internet_address_list_length(list) > 0)
		{
			each_person(list, func, arg);
			any = true;
		}
		if (list != NULL)
			g_object_unref(list);
		words += len;
		if (*words == ',')
			words++;
	}
	return any;
}

/* Call func for each person in each field of a name. */
static void
field_people(const Header *header, const char *field_name, PersonFunc func,
			 void *arg, Tally *tally)
{
	unsigned	unread = 0;

	for (guint i = 0; i < header->fields->len; i++)
	{
		Field	   *field = g_ptr_array_index(header->fields, i);
		g_autofree char *words = NULL;

		if (g_ascii_strcasecmp(field->name, field_name) != 0)
			continue;
		words = header_decode(field->value, true, tally);
		if (*words == '\0' || strcmp(words, "<>") == 0)
			continue;
		if (!each_in_list(words, func, arg) &&
			!find_address(field->value, func, arg, tally))
			unread++;
	}
	if (unread > 0)
		tally_count(tally->remarks,
					"address fields in which no address was found", unread);
}

typedef struct Recipients
{
	json_t	   *list;
	int			type;
} Recipients;

static void
add_recipient(const char *name, const char *address, void *arg)
{
	Recipients *recipients = arg;
	json_t	   *one = json_object();

	json_object_set_new(one, "PR_RECIPIENT_TYPE",
						json_integer(recipients->type));
	put_text(one, "PR_DISPLAY_NAME", name);
	put_text(one, "PR_ADDRTYPE", "SMTP");
	put_text(one, "PR_EMAIL_ADDRESS", address);
	put_text(one, "PR_SMTP_ADDRESS", address);
	json_array_append_new(recipients->list, one);
}

typedef struct FirstPerson
{
	char	   *name;
	char	   *address;
	unsigned	others;
} FirstPerson;

static void
keep_first(const char *name, const char *address, void *arg)
{
	FirstPerson *first = arg;

	if (first->address == NULL)
	{
		first->name = g_strdup(name);
		first->address = g_strdup(address);
	}
	else
		first->others++;
}

static void
join_name(const char *name, const char *address, void *arg)
{
	GString    *names = arg;

	(void) address;
	if (names->len > 0)
		g_string_append(names, "; ");
	g_string_append(names, name);
}

/* Set the four properties of a person, whose names have a common prefix. */
static void
put_person(json_t *props, const char *prefix, const FirstPerson *person)
{
	static const char *const suffixes[] = {
		"NAME", "ADDRTYPE", "EMAIL_ADDRESS", "SMTP_ADDRESS"
	};
	const char *values[] = {
		person->name, "SMTP", person->address, person->address
	};

	if (person->address == NULL)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
	{
		g_autofree char *name = g_strdup_printf("%s_%s", prefix, suffixes[i]);

		put_text(props, name, values[i]);
	}
}

/*
 * Set the person that the message represents from From, and the sender from
 * Sender.  If one field is missing, the other field serves for both.
 */
static void
map_people(const Header *header, json_t *props, Tally *tally)
{
	FirstPerson from = {NULL, NULL, 0};
	FirstPerson sender = {NULL, NULL, 0};
	Recipients	recipients = {json_array(), MAPI_TO};
	GString    *reply = g_string_new(NULL);

	field_people(header, "From", keep_first, &from, tally);
	field_people(header, "Sender", keep_first, &sender, tally);
	if (from.others > 0)
		tally_count(tally->remarks,
					"further From addresses: only in the transport headers",
					from.others);
	put_person(props, "PR_SENT_REPRESENTING", from.address ? &from : &sender);
	put_person(props, "PR_SENDER", sender.address ? &sender : &from);

	field_people(header, "To", add_recipient, &recipients, tally);
	field_people(header, "Apparently-To", add_recipient, &recipients, tally);
	recipients.type = MAPI_CC;
	field_people(header, "Cc", add_recipient, &recipients, tally);
	recipients.type = MAPI_BCC;
	field_people(header, "Bcc", add_recipient, &recipients, tally);
	if (json_array_size(recipients.list) > 0)
		json_object_set(props, "PR_MESSAGE_RECIPIENTS", recipients.list);
	json_decref(recipients.list);

	field_people(header, "Reply-To", join_name, reply, tally);
	put_text(props, "PR_REPLY_RECIPIENT_NAMES", reply->str);

	g_string_free(reply, TRUE);
	g_free(from.name);
	g_free(from.address);
	g_free(sender.name);
	g_free(sender.address);
}

/* ----------------------------------------------------------- enumerations */

/* A word of a field, and the number that the word stands for. */
typedef struct Word
{
	const char *field;
	const char *word;
	int			number;
} Word;

/* the first field with one of its words decides */
static const Word importance_words[] = {
	{"Importance", "high", IMPORTANCE_HIGH},
	{"Importance", "normal", IMPORTANCE_NORMAL},
	{"Importance", "low", IMPORTANCE_LOW},
	{"X-Priority", "1", IMPORTANCE_HIGH},
	{"X-Priority", "2", IMPORTANCE_HIGH},
	{"X-Priority", "3", IMPORTANCE_NORMAL},
	{"X-Priority", "4", IMPORTANCE_LOW},
	{"X-Priority", "5", IMPORTANCE_LOW},
	{"X-MSMail-Priority", "high", IMPORTANCE_HIGH},
	{"X-MSMail-Priority", "normal", IMPORTANCE_NORMAL},
	{"X-MSMail-Priority", "low", IMPORTANCE_LOW},
	{"Priority", "urgent", IMPORTANCE_HIGH},
	{"Priority", "normal", IMPORTANCE_NORMAL},
	{"Priority", "non-urgent", IMPORTANCE_LOW},
	{NULL, NULL, 0}
};

static const Word priority_words[] = {
	{"Priority", "urgent", PRIO_URGENT},
	{"Priority", "normal", PRIO_NORMAL},
	{"Priority", "non-urgent", PRIO_NONURGENT},
	{NULL, NULL, 0}
};

static const Word sensitivity_words[] = {
	{"Sensitivity", "normal", SENSITIVITY_NONE},
	{"Sensitivity", "personal", SENSITIVITY_PERSONAL},
	{"Sensitivity", "private", SENSITIVITY_PRIVATE},
	{"Sensitivity", "company-confidential", SENSITIVITY_COMPANY_CONFIDENTIAL},
	{NULL, NULL, 0}
};

/* Set a number by the first of the words that its field begins with. */
static void
map_word(const Header *header, const Word *words, const char *property,
		 json_t *props, Tally *tally)
{
	for (const Word *w = words; w->field != NULL; w++)
	{
		g_autofree char *text = field_text(header, w->field, tally);
		size_t		n = strlen(w->word);

		if (text != NULL && g_ascii_strncasecmp(text, w->word, n) == 0 &&
			!g_ascii_isalnum(text[n]))
		{
			json_object_set_new(props, property, json_integer(w->number));
			return;
		}
	}
}

/*
 * Set the flags of the mailbox: read, draft, answered, forwarded, flagged.
 * They come from Maildir flags, from Status and X-Status (mbox), from
 * X-Mozilla-Status and from X-Unsent.
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
	json_object_set_new(props, "PR_MESSAGE_FLAGS", json_integer(flags));

	if (strchr(dir, 'R') || strchr(x, 'A') || (moz & 0x2))
		json_object_set_new(props, "PR_LAST_VERB_EXECUTED",
							json_integer(EXCHIVERB_REPLYTOSENDER));
	else if (strchr(dir, 'P') || (moz & 0x1000))
		json_object_set_new(props, "PR_LAST_VERB_EXECUTED",
							json_integer(EXCHIVERB_FORWARD));
	if (strchr(dir, 'F') || strchr(x, 'F') || (moz & 0x4))
		json_object_set_new(props, "PR_FLAG_STATUS",
							json_integer(FOLLOWUP_FLAGGED));
	if (strchr(dir, 'T') || strchr(x, 'D') || (moz & 0x8))
		tally_count(tally->remarks,
					"marked as deleted in the mailbox: imported as others", 1);
}

/* ----------------------------------------------------------------- subject */

/*
 * Return a subject without its prefix for a reply or forward.  By MAPI's rule,
 * a prefix is up to three characters without digits, a colon and a space.
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
	g_autofree char *subject = field_text(header, "Subject", tally);
	g_autofree char *topic = field_text(header, "Thread-Topic", tally);
	g_autofree char *index = field_text(header, "Thread-Index", tally);

	put_text(props, "PR_SUBJECT", subject);
	if (topic != NULL && *topic != '\0')
		put_text(props, "PR_CONVERSATION_TOPIC", topic);
	else if (subject != NULL)
		put_text(props, "PR_CONVERSATION_TOPIC", without_prefix(subject));

	if (index != NULL)
	{
		gsize		n;
		g_autofree guchar *bytes = g_base64_decode(index, &n);

		/* a conversation index has 22 bytes and 5 more for every answer */
		if (n >= 22 && (n - 22) % 5 == 0)
		{
			g_autofree char *coded = g_base64_encode(bytes, n);

			put_text(props, "PR_CONVERSATION_INDEX", coded);
		}
	}
}

void
envelope_map(const Header *header, const RawMessage *raw, json_t *props,
			 Tally *tally)
{
	map_conversation(header, props, tally);
	map_people(header, props, tally);
	map_times(header, raw, props, tally);
	map_flags(header, raw, props, tally);
	map_word(header, importance_words, "PR_IMPORTANCE", props, tally);
	map_word(header, priority_words, "PR_PRIORITY", props, tally);
	map_word(header, sensitivity_words, "PR_SENSITIVITY", props, tally);

	for (size_t i = 0; i < G_N_ELEMENTS(text_fields); i++)
	{
		g_autofree char *text = field_text(header, text_fields[i].field,
										   tally);

		put_text(props, text_fields[i].property, text);
	}
	if (header_get(header, "Disposition-Notification-To") != NULL)
		json_object_set_new(props, "PR_READ_RECEIPT_REQUESTED", json_true());
	if (header_get(header, "Return-Receipt-To") != NULL)
		json_object_set_new(props, "PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED",
							json_true());
	put_text(props, "PR_TRANSPORT_MESSAGE_HEADERS", header->block);
}
