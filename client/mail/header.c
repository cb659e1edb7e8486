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

/* Return a raw value on one line; a fold becomes a space. */
static char *
unfold(const char *raw)
{
	GString    *out = g_string_new(NULL);

	while (*raw != '\0')
	{
		size_t		n = strcspn(raw, "\r\n");

		g_string_append_len(out, raw, (gssize) n);
		raw += n;
		if (*raw == '\0')
			break;
		while (out->len > 0 && strchr(" \t", out->str[out->len - 1]) != NULL)
			g_string_truncate(out, out->len - 1);
		raw += strspn(raw, "\r\n \t");
		if (*raw != '\0')
			g_string_append_c(out, ' ');
	}
	return g_string_free(out, FALSE);
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
header_new(GMimeObject *object, Tally *tally)
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
		g_autofree char *line = NULL;

		if (g_mime_header_get_offset(from) < 0)
			continue;			/* the message does not have this field */
		line = unfold(g_mime_header_get_raw_value(from));
		if (g_str_has_prefix(name, HIDDEN))
			name += strlen(HIDDEN);
		field = g_new0(Field, 1);
		field->name = g_strdup(name);
		field->value = header_utf8(line, strlen(line), header->charset, tally);
		field->offset = (size_t) g_mime_header_get_offset(from);
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

		if (g_ascii_strcasecmp(field->name, name) == 0)
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
	GString    *block = g_string_sized_new(len);

	if (g_utf8_validate_len(bytes, len, NULL) &&
		memchr(bytes, 0x1B, len) == NULL)
	{
		g_string_append_len(block, bytes, (gssize) len);
		len = 0;
	}
	while (len > 0)
	{
		const char *nl = memchr(bytes, '\n', len);
		size_t		n = nl ? (size_t) (nl + 1 - bytes) : len;
		g_autofree char *text = header_utf8(bytes, n, header->charset, NULL);

		g_string_append(block, text);
		bytes += n;
		len -= n;
	}
	return g_string_free(block, FALSE);
}

/* ---------------------------------------------------------- encoded words */

/* The bytes of a run of encoded words in one charset. */
typedef struct WordRun
{
	char	   *charset;		/* NULL: there is no run */
	GString    *bytes;
	bool		no_end;			/* the rest of the value has no "?=" */
} WordRun;

/* Append a run as text, or as one encoded word in UTF-8, and end the run. */
static void
flush_run(WordRun *run, bool as_words, GString *out, Tally *tally)
{
	g_autofree char *text = NULL;

	if (run->charset == NULL)
		return;
	text = text_decode(run->bytes->str, run->bytes->len, run->charset,
					   tally, NULL);
	g_strdelimit(text, "\r\n", ' ');
	if (as_words)
	{
		g_autofree char *coded = g_base64_encode((guchar *) text,
												 strlen(text));

		g_string_append_printf(out, "=?utf-8?b?%s?=", coded);
	}
	else
		g_string_append(out, text);
	g_clear_pointer(&run->charset, g_free);
	g_string_truncate(run->bytes, 0);
}

/* Append the bytes of an encoded word; in 'Q', "_" is a blank. */
static void
append_word(GString *out, char encoding, const char *text, size_t len)
{
	g_autofree char *copy = g_strndup(text, len);
	GByteArray *bytes;

	if (encoding == 'Q')
		g_strdelimit(copy, "_", ' ');
	bytes = content_decode(copy, len, encoding == 'Q' ?
						   GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE :
						   GMIME_CONTENT_ENCODING_BASE64, false);
	g_string_append_len(out, (char *) bytes->data, (gssize) bytes->len);
	g_byte_array_unref(bytes);
}

/*
 * Add the encoded word that begins at "at" to the run, or to a new run if the
 * charset differs.  Returns the length of the word, or 0 if there is no word.
 */
static size_t
take_word(const char *at, WordRun *run, bool as_words, GString *out,
		  Tally *tally)
{
	g_autofree char *charset = NULL;
	const char *p = at + 2;
	size_t		n = strcspn(p, "?*= \t\r\n");
	const char *end;
	char		encoding;

	if (n == 0 || run->no_end)
		return 0;
	charset = g_strndup(p, n);
	p += n;
	if (*p == '*')				/* a language, RFC 2231 */
		p += strcspn(p, "?");
	if (p[0] != '?' || p[1] == '\0' || p[2] != '?')
		return 0;
	encoding = g_ascii_toupper(p[1]);
	if (encoding != 'B' && encoding != 'Q')
		return 0;
	end = strstr(p + 3, "?=");
	if (end == NULL)
	{
		run->no_end = true;
		return 0;
	}
	if (run->charset == NULL || g_ascii_strcasecmp(run->charset, charset) != 0)
	{
		flush_run(run, as_words, out, tally);
		run->charset = g_steal_pointer(&charset);
	}
	append_word(run->bytes, encoding, p + 3, (size_t) (end - p - 3));
	return (size_t) (end + 2 - at);
}

char *
header_decode(const char *value, bool as_words, Tally *tally)
{
	GString    *out = g_string_new(NULL);
	WordRun		run = {NULL, g_string_new(NULL), strstr(value, "=?") == NULL};

	if (run.no_end && strchr(value, '\r') == NULL)
	{
		g_string_append(out, value);
		value = "";
	}
	while (*value != '\0')
	{
		/* blanks between encoded words are not part of the text */
		size_t		blanks = run.charset ? strspn(value, " \t\r\n") : 0;
		size_t		n = 0;

		if (value[blanks] == '=' && value[blanks + 1] == '?')
			n = take_word(value + blanks, &run, as_words, out, tally);
		if (n > 0)
			value += blanks + n;
		else
		{
			flush_run(&run, as_words, out, tally);
			g_string_append_c(out, *value == '\r' ? ' ' : *value);
			value++;
		}
	}
	flush_run(&run, as_words, out, tally);
	g_string_free(run.bytes, TRUE);
	return g_strstrip(g_string_free(out, FALSE));
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

/* Return true if a text is one encoded word and nothing else. */
static bool
is_one_word(const char *words)
{
	const char *end = strstr(words, "?=");

	return g_str_has_prefix(words, "=?") && end != NULL && end[2] == '\0';
}

/*
 * Return the count of "@" in a text, which may be NULL, after its last colon
 * and without comments.
 */
static unsigned
count_at(const char *text)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	int			depth = 0;
	unsigned	n = 0;

	for (const char *p = colon ? colon : text; p != NULL && *p != '\0'; p++)
	{
		depth += (*p == '(') - (*p == ')');
		n += *p == '@' && depth <= 0;
	}
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
	unsigned	all = count_at(words);
	unsigned	found = 0;
	bool		any = false;

	/* the first round counts, the second one reports */
	for (int i = 0; i < 2 * n; i++)
	{
		InternetAddress *one = internet_address_list_get_address(list, i % n);
		const char *name = internet_address_get_name(one);
		const char *address = address_of(one, brackets);

		if (i < n)
			found += count_at(name) + count_at(address);
		else if (found >= all && *address != '\0')
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
	if (!people->decoded && is_one_word(words))
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
 * Return the length of the next address.  *group is true if the text is the
 * name of a group.  A bracket or quote that is never closed is added to
 * "ignored", a string of at most 4 characters, and read as a plain character.
 */
static size_t
address_len(const char *words, char *ignored, bool *group)
{
	const char *p;
	const char *pairs = "\"\"<>[]()";
	char		open = '\0';		/* the open quote or bracket at p */

	*group = false;
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
	if (open != '\0')
	{
		ignored[strlen(ignored)] = open;
		return address_len(words, ignored, group);
	}
	*group = (*p == ':');
	return (size_t) (p - words);
}

/* Return the first bracket, quote or "@" in some bytes, or NUL. */
static char
first_mark(const char *text, size_t len)
{
	for (; len > 0; len--, text++)
	{
		if (strchr("<>@\"", *text) != NULL)
			return *text;
	}
	return '\0';
}

static void
take_list(People *people, const char *words)
{
	char		ignored[8] = "";

	while (*words != '\0')
	{
		bool		group;
		bool		other;
		size_t		len = address_len(words, ignored, &group);
		g_autofree char *one = NULL;

		/* "Doe, John <j@example.org>" is one person */
		for (size_t more = len, n = 0; n < 3 && words[more] == ',' &&
			 more > strspn(words, " \t") && first_mark(words, more) == '\0';
			 n++)
		{
			more += 1 + address_len(words + more + 1, ignored, &other);
			if (!other && first_mark(words, more) == '<')
				len = more;
		}
		one = g_strstrip(g_strndup(words, len));
		if (*one != '\0' && !group)
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
