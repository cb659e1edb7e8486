/*-------------------------------------------------------------------------
 *
 * header.c
 *	  From header fields of GMime to texts and people.
 *
 * NOTES
 *	  GMime returns raw values.  Charsets are repaired here: raw 8-bit bytes
 *	  are UTF-8 if they are valid UTF-8, else in the charset of Content-Type,
 *	  else windows-1252.  Encoded words (RFC 2047) are decoded here, too, so
 *	  that the name of a charset has one meaning in subjects and bodies, and a
 *	  character can be spread over two words.
 *
 *	  GMime reads each address.  The list is cut here, so that no address is
 *	  lost because GMime refuses another address, and a field of any length
 *	  takes linear time and little memory.  An address ends at a comma, or at
 *	  a semicolon, which closes a group or stands in place of a comma.  The
 *	  text before a colon is the name of a group.
 *
 *	  If GMime refuses a text, the text within <> or the first word with "@" is
 *	  the address.  A text without an address becomes a person without an
 *	  address, so that nobody is lost.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

/*
 * Return bytes of a header as UTF-8.  The charset counts only if the bytes are
 * not valid UTF-8; ISO-2022-JP is known by its escapes.
 */
static char *
header_utf8(const char *bytes, size_t len, const char *charset, Tally *tally)
{
	if (g_strstr_len(bytes, (gssize) len, "\x1B$") != NULL)
		charset = "iso-2022-jp";
	else if (charset != NULL &&
			 (g_utf8_validate_len(bytes, len, NULL) ||
			  g_ascii_strncasecmp(charset, "iso-2022", 8) == 0 ||
			  g_ascii_strncasecmp(charset, "utf", 3) == 0))
		charset = NULL;
	return text_decode(bytes, len, charset, tally, NULL);
}

static void
field_free(gpointer p)
{
	Field	   *field = p;

	g_free(field->name);
	g_free(field->value);
	g_free(field->now);
	g_free(field);
}

Header *
header_new(GMimeObject *object, const Mend *mend, Tally *tally)
{
	Header	   *header = g_new0(Header, 1);
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	int			n = g_mime_header_list_get_count(list);
	GMimeObject *part = object;
	const char *charset = NULL;

	/* the charset of a multipart is that of the first part */
	while (GMIME_IS_MULTIPART(part) &&
		   g_mime_multipart_get_count(GMIME_MULTIPART(part)) > 0)
		part = g_mime_multipart_get_part(GMIME_MULTIPART(part), 0);
	charset = g_mime_object_get_content_type_parameter(part, "charset");
	if (text_charset_known(charset))
		header->charset = g_strdup(charset);
	header->fields = g_ptr_array_new_with_free_func(field_free);
	for (int i = 0; i < n; i++)
	{
		GMimeHeader *from = g_mime_header_list_get_header_at(list, i);
		Field	   *field;
		const char *name = g_mime_header_get_name(from);
		const char *at;
		g_autofree char *line = NULL;

		if (g_mime_header_get_offset(from) < 0)
			continue;			/* the message does not have this field */
		line = g_strchomp(g_strdup(g_mime_header_get_raw_value(from)));
		if (strpbrk(line, "\r\n") != NULL)
		{
			/* a fold becomes a space */
			char	   *one = text_replace("(?<![ \\t])[ \\t]*+[\\r\\n]"
										   "[\\r\\n \\t]*+", line, " ");

			g_free(line);
			line = one;
		}
		field = g_new0(Field, 1);
		field->name = g_strdup(name);
		field->value = header_utf8(line, strlen(line), header->charset, tally);
		field->offset =
			mend_offset(mend, (size_t) g_mime_header_get_offset(from));
		at = next_field(mend->data + field->offset, mend->data + mend->len);
		field->end = (size_t) (at - mend->data);
		g_ptr_array_add(header->fields, field);
	}
	return header;
}

void
header_free(Header *header)
{
	g_ptr_array_free(header->fields, TRUE);
	g_free(header->charset);
	g_free(header);
}

Field *
header_next(const Header *header, const char *name, guint *i)
{
	while (*i < header->fields->len)
	{
		Field	   *field = g_ptr_array_index(header->fields, (*i)++);

		if (name == NULL || g_ascii_strcasecmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

const char *
header_get(const Header *header, const char *name)
{
	guint		i = 0;
	Field	   *field = header_next(header, name, &i);

	return field ? field->value : NULL;
}

char *
header_block(const Header *header, const char *bytes, size_t len)
{
	GString    *block;
	const char *end = bytes + len;

	if (g_utf8_validate_len(bytes, len, NULL) &&
		memchr(bytes, 0x1B, len) == NULL)
		return g_strndup(bytes, len);
	block = g_string_sized_new(len);
	while (bytes < end)
	{
		const char *next = next_line(bytes, end);
		g_autofree char *text = header_utf8(bytes, (size_t) (next - bytes),
											header->charset, NULL);

		g_string_append(block, text);
		bytes = next;
	}
	return g_string_free(block, FALSE);
}

/* ---------------------------------------------------------- encoded words */

#define ENCODED_WORD	"=\\?([^?*= \\t\\r\\n]+)(?:\\*[^?]*)?" \
						"\\?([bq])\\?((?s).*?)\\?="

/*
 * Append the bytes of a run of encoded words in one charset as text, or as one
 * encoded word in UTF-8, and end the run.  *charset is NULL without a run.
 */
static void
flush_run(GString *out, GString *bytes, char **charset, bool as_words,
		  Tally *tally)
{
	g_autofree char *text = NULL;
	g_autofree char *coded = NULL;

	if (*charset == NULL)
		return;
	text = text_decode(bytes->str, bytes->len, *charset, tally, NULL);
	g_strdelimit(text, "\r\n", ' ');
	coded = g_base64_encode((guchar *) text, strlen(text));
	g_string_append_printf(out, as_words ? "=?utf-8?b?%s?=" : "%s",
						   as_words ? coded : text);
	g_clear_pointer(charset, g_free);
	g_string_truncate(bytes, 0);
}

char *
header_decode(const char *value, bool as_words, Tally *tally)
{
	const char *last = strstr(value, "=?") ? g_strrstr(value, "?=") : NULL;
	g_autoptr(GMatchInfo) word = NULL;
	GString    *out;
	g_autoptr(GString) run = NULL;
	g_autofree char *charset = NULL;

	if (last == NULL && strchr(value, '\r') == NULL)
		return g_strstrip(g_strdup(value));
	word = text_search(ENCODED_WORD, value, last ?
					   (size_t) (last + 2 - value) : 0);
	out = g_string_new(NULL);
	run = g_string_new(NULL);
	for (const char *start = value; g_match_info_matches(word);
		 g_match_info_next(word, NULL))
	{
		g_autofree char *label = g_match_info_fetch(word, 1);
		g_autofree char *encoding = g_match_info_fetch(word, 2);
		g_autofree char *text = g_match_info_fetch(word, 3);
		bool		quoted = *encoding == 'q' || *encoding == 'Q';
		g_autoptr(GByteArray) bytes = NULL;
		int			from;
		int			to;
		size_t		gap;

		/* blanks between encoded words are not part of the text */
		g_match_info_fetch_pos(word, 0, &from, &to);
		gap = (size_t) (start + from - value);
		if (charset == NULL || g_ascii_strcasecmp(charset, label) != 0 ||
			strspn(value, " \t\r\n") < gap)
		{
			bool		skip = charset && strspn(value, " \t\r\n") >= gap;

			flush_run(out, run, &charset, as_words, tally);
			g_string_append_len(out, value, skip ? 0 : (gssize) gap);
			charset = g_steal_pointer(&label);
		}
		bytes = content_decode(quoted ? g_strdelimit(text, "_", ' ') : text,
							   strlen(text), quoted ?
							   GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE :
							   GMIME_CONTENT_ENCODING_BASE64, false);
		g_string_append_len(run, (char *) bytes->data, (gssize) bytes->len);
		value = start + to;
	}
	flush_run(out, run, &charset, as_words, tally);
	g_string_append(out, value);
	return g_strstrip(g_strdelimit(g_string_free(out, FALSE), "\r", ' '));
}

/* --------------------------------------------------------------- addresses */

/* The list of people that is being read. */
typedef struct People
{
	json_t	   *list;
	int			type;
	Tally	   *tally;
	bool		decoded;		/* within the text of an encoded word */
} People;

static void take_list(People *people, const char *words);

static void
take_person(People *people, const char *name, const char *address)
{
	g_autofree char *shown = g_strstrip(g_strdup(name ? name : ""));
	json_t	   *one;

	if (*address == '\0' && *shown == '\0')
		return;
	if (*address == '\0')
		tally_remark(people->tally,
					 "people without an address: kept by their names", 1);
	if (json_array_size(people->list) >= MAX_RECIPIENTS)
	{
		tally_remark(people->tally, "recipients beyond the first 20000: only "
					 "in the transport headers", 1);
		return;
	}
	one = json_object();
	json_object_set_new(one, "PR_RECIPIENT_TYPE", json_integer(people->type));
	put_text(one, "PR_DISPLAY_NAME", *shown ? shown : address);
	put_text(one, "PR_ADDRTYPE", *address ? "SMTP" : "");
	put_text(one, "PR_EMAIL_ADDRESS", address);
	put_text(one, "PR_SMTP_ADDRESS", address);
	json_array_append_new(people->list, one);
}

/*
 * Read addresses without GMime: the words that contain "@", the first one with
 * the text before it as its name.  A text without "@" is the name of a person
 * without an address.
 */
static void
take_text(People *people, const char *words)
{
	g_autofree char *text = header_decode(words, false, people->tally);
	g_auto(GStrv) pieces = g_strsplit_set(text, " \t,;:<>\"()[]|", -1);
	char	   *bracket = strrchr(text, '<');
	char	   *open = bracket ? bracket : strpbrk(text, "[(");
	bool		any = false;

	for (char **piece = pieces; *piece != NULL; piece++)
	{
		const char *at = strchr(*piece, '@');

		if (at == NULL || at == *piece || at[1] == '\0')
			continue;
		if (!any)
			*(open != NULL ? open : strstr(text, *piece)) = '\0';
		take_person(people, any ? "" : g_strdelimit(text, "<>\"", ' '),
					*piece);
		any = true;
	}
	if (!any)
		take_person(people, g_strdelimit(text, "<>\"", ' '), "");
}

/* Return the count of "@" after the last colon of a text, without comments. */
static unsigned
count_at(const char *text)
{
	g_autofree char *bare = strpbrk(text, ":(") == NULL ? NULL :
		text_replace("\\A.*:|\\([^()]*\\)", text, "");
	unsigned	n = 0;

	for (const char *p = bare ? bare : text; *p != '\0'; p++)
		n += *p == '@';
	return n;
}

/* Return the address that GMime has found in a person, or "". */
static const char *
address_of(InternetAddress *one, bool brackets)
{
	const char *address = INTERNET_ADDRESS_IS_MAILBOX(one) ?
		internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)) :
		NULL;

	/* without "@" and brackets, a text of several words is a name */
	return address == NULL || strstr(address, "=?") != NULL ||
		(!brackets && strchr(address, '@') == NULL &&
		 strpbrk(address, " \t\"") != NULL) ? "" : address;
}

/*
 * Report the addresses that GMime finds.  Returns false, and reports nothing,
 * if there are none, or GMime has lost an "@".
 */
static bool
take_parsed(People *people, const char *words)
{
	InternetAddressList *list = internet_address_list_parse(NULL, words);
	int			n = list ? internet_address_list_length(list) : 0;
	bool		brackets = strchr(words, '<') != NULL;
	unsigned	lost = count_at(words);
	bool		any = false;

	/* the first round counts, the second one reports */
	for (int i = 0; i < 2 * n; i++)
	{
		InternetAddress *one = internet_address_list_get_address(list, i % n);
		const char *name = internet_address_get_name(one);
		const char *address = address_of(one, brackets);

		if (i < n)
			lost -= MIN(lost, count_at(name ? name : "") + count_at(address));
		else if (lost == 0 && *address != '\0')
		{
			take_person(people, name, address);
			any = true;
		}
	}
	g_clear_object(&list);
	return any;
}

/* Report the person of one address. */
static void
take_one(People *people, const char *words)
{
	if (!people->decoded && g_str_has_prefix(words, "=?") &&
		text_matches("\\A" ENCODED_WORD "\\z", words))
	{
		g_autofree char *text = header_decode(words, false, people->tally);

		people->decoded = true;
		if (strchr(text, '@') != NULL)
			take_list(people, text);
		else
			take_person(people, text, "");
		people->decoded = false;
	}
	else if (words[0] == '(' && words[strlen(words) - 1] == ')')
		return;					/* a comment */
	else if (!take_parsed(people, words))
		take_text(people, words);
}

/*
 * Return the length of the next address, or of the name of a group, which ends
 * at a colon.  A bracket or quote that is never closed is added to "ignored",
 * a string of at most 4 characters, and read as a plain character.
 */
static size_t
address_len(const char *words, char *ignored)
{
	const char *p;
	const char *pairs = "\"\"<>[]()";
	char		open = '\0';		/* the open quote or bracket at p */

	for (p = words; *p != '\0'; p++)
	{
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (open != '\0')
			open = *p == strchr(pairs, open)[1] ? '\0' : open;
		else if (strchr("\"<[(", *p) != NULL && strchr(ignored, *p) == NULL)
			open = *p;
		else if (*p == ',' || *p == ';' || *p == ':')
			break;
	}
	if (open == '\0')
		return (size_t) (p - words);
	ignored[strlen(ignored)] = open;
	return address_len(words, ignored);
}

static void
take_list(People *people, const char *words)
{
	char		ignored[8] = "";
	const char *mark = words;	/* first bracket, quote or "@" */

	while (*words != '\0')
	{
		size_t		len = address_len(words, ignored);
		g_autofree char *one = NULL;

		if (mark <= words)
			mark = words + strcspn(words, "<>@\"");
		/* "Doe, John <j@example.org>" is one person */
		for (size_t more = len, n = 0; n < 3 && words[more] == ',' &&
			 more > strspn(words, " \t") && mark >= words + more; n++)
		{
			more += 1 + address_len(words + more + 1, ignored);
			if (words[more] != ':' && mark < words + more && *mark == '<')
				len = more;
		}
		one = g_strstrip(g_strndup(words, len));
		if (*one != '\0' && words[len] != ':')
			take_one(people, one);
		words += len + (words[len] != '\0');
	}
}

void
header_people(const Header *header, const char *name, int type, json_t *list,
			  Tally *tally)
{
	People		people = {list, type, tally, false};

	Field	   *field;

	for (guint i = 0; (field = header_next(header, name, &i)) != NULL;)
	{
		g_autofree char *words = header_decode(field->value, true, tally);

		if (strcmp(words, "<>") != 0)
			take_list(&people, words);
	}
}
