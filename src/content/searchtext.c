/*-------------------------------------------------------------------------
 *
 * searchtext.c
 *	  The text of a message that full text search indexes, part by part.
 *
 * NOTES
 *	  The searched text has four parts, which are indexed apart so that a save
 *	  that changes one part leaves the others alone: the subject, the people
 *	  (sender and recipients), the files (names and texts of attachments), and
 *	  the bodies.
 *
 *	  No text makes indexing fail: a part ends after SEARCHTEXT_BYTES, bytes
 *	  that are no characters become blanks, and a word is divided before it is
 *	  longer than a word of an index may be.
 *
 *	  An address or a file name is one word for PostgreSQL's parser.  So that
 *	  its parts are found, it is followed by its words: once with the hyphens,
 *	  once without.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#define MAX_WORD_BYTES	1000
#define MAX_EMBEDDED	3		/* levels of embedded messages */
#define MAX_ENTITY		10		/* bytes of an entity between & and ; */

/* A text that is being built. */
typedef struct Collector
{
	StringInfo	text;
	SearchBlobReader read;
	void	   *arg;
} Collector;

/* The members of the bag that belong to a part. */
static const struct
{
	const char *name;
	SearchPart	part;
}			members[] =

{
	{"PR_SUBJECT", SEARCH_SUBJECT},
	{"PR_SUBJECT_PREFIX", SEARCH_SUBJECT},
	{"PR_NORMALIZED_SUBJECT", SEARCH_SUBJECT},
	{"PR_SENDER_NAME", SEARCH_PEOPLE},
	{"PR_SENDER_EMAIL_ADDRESS", SEARCH_PEOPLE},
	{"PR_SENDER_SMTP_ADDRESS", SEARCH_PEOPLE},
	{"PR_SENT_REPRESENTING_NAME", SEARCH_PEOPLE},
	{"PR_SENT_REPRESENTING_EMAIL_ADDRESS", SEARCH_PEOPLE},
	{"PR_SENT_REPRESENTING_SMTP_ADDRESS", SEARCH_PEOPLE},
	{"PR_BODY", SEARCH_BODY},
	{"PR_HTML", SEARCH_BODY},
	{"PR_RTF_COMPRESSED", SEARCH_BODY}
};

/* The properties of a recipient that are searched. */
static const char *const recipient_members[] = {
	"PR_DISPLAY_NAME", "PR_EMAIL_ADDRESS", "PR_SMTP_ADDRESS"
};

/* The properties with the name of an attachment. */
static const char *const file_members[] = {
	"PR_ATTACH_LONG_FILENAME", "PR_ATTACH_FILENAME", "PR_DISPLAY_NAME"
};

/* Endings of the names of text files. */
static const char *const text_endings[] = {
	".txt", ".md", ".csv", ".log", ".htm", ".html", ".ics", ".vcf", ".diff",
	".patch"
};

/* Entities beside those of Latin-1. */
static const struct
{
	const char *name;
	uint32		code;
}			entities[] =

{
	{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
	{"OElig", 0x152}, {"oelig", 0x153}, {"Scaron", 0x160}, {"scaron", 0x161},
	{"Yuml", 0x178}, {"ensp", ' '}, {"emsp", ' '}, {"thinsp", ' '},
	{"zwnj", 0x200C}, {"zwj", 0x200D}, {"ndash", 0x2013}, {"mdash", 0x2014},
	{"lsquo", 0x2018}, {"rsquo", 0x2019}, {"sbquo", 0x201A},
	{"ldquo", 0x201C}, {"rdquo", 0x201D}, {"bdquo", 0x201E},
	{"bull", 0x2022}, {"hellip", 0x2026}, {"euro", 0x20AC},
	{"trade", 0x2122}
};

/* The entities of Latin-1, from U+00A0 on. */
static const char *const latin_entities[] = {
	"nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect",
	"uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr", "deg",
	"plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil",
	"sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
	"Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
	"Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
	"Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde",
	"Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml",
	"Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
	"auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml",
	"igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve",
	"oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
	"uacute", "ucirc", "uuml", "yacute", "thorn", "yuml"
};

/* Tags inside of words. */
static const char *const inline_tags[] = {
	"a", "abbr", "b", "big", "code", "del", "em", "font", "i", "ins", "mark",
	"s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr"
};

/* -------------------------------------------------------------- characters */

static bool
is_ascii_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

/* Return the bytes that a part still takes. */
static int
room(const Collector *to)
{
	return Max(0, SEARCHTEXT_BYTES - to->text->len);
}

/* Append a character given by its code point, or a blank if it is none. */
static void
append_code(Collector *to, uint32 code)
{
	unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN];

	if (code == 0xA0 || code < ' ' || code > 0x10FFFF ||
		(code >= 0xD800 && code <= 0xDFFF) ||
		(code > 0x7F && GetDatabaseEncoding() != PG_UTF8))
		code = ' ';
	if (code == 0xAD || code == 0x200C || code == 0x200D)
		return;					/* stands inside of a word */
	if (code <= 0x7F)
	{
		appendStringInfoChar(to->text, (char) code);
		return;
	}
	unicode_to_utf8(code, utf8);
	appendBinaryStringInfo(to->text, (char *) utf8,
						   pg_encoding_mblen(PG_UTF8, (char *) utf8));
}

/* Return the bytes of the character at a place, 0 if there is none. */
static int
character(const char *bytes, int len)
{
	int			size = pg_encoding_mblen(GetDatabaseEncoding(), bytes);

	if (*bytes == '\0' || size > len ||
		!pg_verify_mbstr(GetDatabaseEncoding(), bytes, size, true))
		return 0;
	return size;
}

/*
 * Return true if a character is a mark or blank of Chinese and Japanese texts,
 * which the parser takes for a letter in a database of locale C.
 */
static bool
is_wide_mark(uint32 code)
{
	return (code >= 0x3000 && code <= 0x3003) ||
		(code >= 0x3008 && code <= 0x3020) ||
		(code >= 0xFF01 && code <= 0xFF0F) ||
		(code >= 0xFF1A && code <= 0xFF20) ||
		(code >= 0xFF3B && code <= 0xFF40) ||
		(code >= 0xFF5B && code <= 0xFF65);
}

/*
 * Append the character at a place and return its bytes.  A byte that begins no
 * character is taken for Latin-1.
 */
static int
append_character(Collector *to, const char *bytes, int len)
{
	int			size;

	if (!IS_HIGHBIT_SET(*bytes))
	{
		appendStringInfoChar(to->text, *bytes == '\0' ? ' ' : *bytes);
		return 1;
	}
	size = character(bytes, len);
	if (size == 0)
	{
		append_code(to, (unsigned char) *bytes);
		return 1;
	}
	if (size == 3 && GetDatabaseEncoding() == PG_UTF8 &&
		is_wide_mark(utf8_to_unicode((const unsigned char *) bytes)))
		appendStringInfoChar(to->text, ' ');
	else
		appendBinaryStringInfo(to->text, bytes, size);
	return size;
}

/*
 * Append the printable ASCII characters at a place, up to a word that is too
 * long, and return their number.  *word is the length of the word that ends
 * there.
 */
static int
append_ascii(Collector *to, const char *bytes, int len, int *word)
{
	int			count = 0;
	int			most = Min(len, room(to));

	for (; count < most && bytes[count] >= ' ' && bytes[count] <= '~'; count++)
	{
		if (bytes[count] == ' ')
			*word = 0;
		else if (*word == MAX_WORD_BYTES)
			break;
		else
			(*word)++;
	}
	appendBinaryStringInfo(to->text, bytes, count);
	return count;
}

/* Append a plain text, and a blank behind it. */
static void
append_plain(Collector *to, const char *bytes, int len)
{
	int			word = 0;

	for (int i = 0; i < len && room(to) > 0;)
	{
		int			size = append_ascii(to, bytes + i, len - i, &word);

		if (size > 0)
		{
			i += size;
			continue;
		}
		size = append_character(to, bytes + i, len - i);
		word = is_blank(bytes[i]) ? 0 : word + size;
		if (word > MAX_WORD_BYTES)
		{
			appendStringInfoChar(to->text, ' ');
			word = 0;
		}
		i += size;
	}
	appendStringInfoChar(to->text, '\n');
}

/* Append a text with blanks for what parts words in addresses and names. */
static void
append_words(Collector *to, const char *bytes, int len, bool part_hyphens)
{
	char	   *copy = pnstrdup(bytes, len);

	for (int i = 0; i < len; i++)
	{
		if (!IS_HIGHBIT_SET(copy[i]) && !is_ascii_letter(copy[i]) &&
			!is_ascii_digit(copy[i]) && (copy[i] != '-' || part_hyphens))
			copy[i] = ' ';
	}
	append_plain(to, copy, len);
	pfree(copy);
}

/* Append an address or a file name, so that it is found by its parts. */
static void
append_name(Collector *to, const char *bytes, int len)
{
	bool		has_separator = false;
	bool		has_hyphen = false;
	int			domain = 0;		/* behind the last @ */

	for (int i = 0; i < len; i++)
	{
		if (bytes[i] == '-')
			has_hyphen = true;
		if (bytes[i] == '@')
			domain = i + 1;
		if (!IS_HIGHBIT_SET(bytes[i]) && bytes[i] != ' ' && bytes[i] != '-' &&
			!is_ascii_letter(bytes[i]) && !is_ascii_digit(bytes[i]))
			has_separator = true;
	}
	append_plain(to, bytes, len);
	if (has_separator)
		append_words(to, bytes, len, false);
	if (has_hyphen)
		append_words(to, bytes, len, true);
	if (domain > 0)
		append_plain(to, bytes + domain, len - domain);
}

/* -------------------------------------------------------------------- HTML */

/* Return true if a name is in a list; upper and lower case are equal. */
static bool
named(const char *name, int len, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (strlen(list[i]) == len && pg_strncasecmp(list[i], name, len) == 0)
			return true;
	}
	return false;
}

/* Return the code point of a named entity, 0 if it is not known. */
static uint32
entity_code(const char *name, int len)
{
	for (int i = 0; i < lengthof(entities); i++)
	{
		if (strlen(entities[i].name) == len &&
			memcmp(entities[i].name, name, len) == 0)
			return entities[i].code;
	}
	for (int i = 0; i < lengthof(latin_entities); i++)
	{
		if (strlen(latin_entities[i]) == len &&
			memcmp(latin_entities[i], name, len) == 0)
			return 0xA0 + i;
	}
	return 0;
}

/* Return the code point of a numeric entity, "#" first; 0 if it is none. */
static uint32
numeric_code(const char *name, int len)
{
	char		digits[MAX_ENTITY + 1];
	bool		is_hex = len > 1 && (name[1] == 'x' || name[1] == 'X');
	int			skip = is_hex ? 2 : 1;
	char	   *end;
	unsigned long code;

	if (len <= skip)
		return 0;
	memcpy(digits, name + skip, len - skip);
	digits[len - skip] = '\0';
	code = strtoul(digits, &end, is_hex ? 16 : 10);
	return *end != '\0' ? 0 : (uint32) Min(code, 0x110000);
}

/* Append the entity at a place and return its bytes; 0 if there is none. */
static int
append_entity(Collector *to, const char *html, int len)
{
	int			end = 1;
	uint32		code;

	while (end < len && end <= MAX_ENTITY &&
		   (is_ascii_letter(html[end]) || is_ascii_digit(html[end]) ||
			html[end] == '#'))
		end++;
	if (end >= len || html[end] != ';')
		return 0;
	code = html[1] == '#' ? numeric_code(html + 1, end - 1) :
		entity_code(html + 1, end - 1);
	if (code == 0)
		return 0;
	append_code(to, code);
	return end + 1;
}

/* Return the position behind a string, or len if the string is not there. */
static int
behind(const char *html, int len, int from, const char *string)
{
	int			size = strlen(string);

	for (int i = from; i + size <= len; i++)
	{
		if (pg_strncasecmp(html + i, string, size) == 0)
			return i + size;
	}
	return len;
}

/* Return the position behind the tag that begins at a place. */
static int
behind_tag(const char *html, int len, int from)
{
	char		quote = '\0';

	for (int i = from + 1; i < len; i++)
	{
		if (quote != '\0')
		{
			if (html[i] == quote)
				quote = '\0';
		}
		else if (html[i] == '>')
			return i + 1;
		else if ((html[i] == '"' || html[i] == '\'') && html[i - 1] == '=')
			quote = html[i];
	}
	return len;
}

/*
 * Skip the tag, comment or declaration at a place; a script or style sheet as
 * a whole.  Returns the position behind, and appends a blank unless the tag
 * may stand inside of a word.
 */
static int
skip_tag(Collector *to, const char *html, int len, int at)
{
	int			name = at + 1;
	int			end;

	if (name + 2 < len && memcmp(html + name, "!--", 3) == 0)
		return behind(html, len, name, "-->");
	if (name < len && html[name] == '/')
		name++;
	for (end = name; end < len && (is_ascii_letter(html[end]) ||
								   is_ascii_digit(html[end])); end++)
		;
	at = behind_tag(html, len, at);
	if (!named(html + name, end - name, inline_tags, lengthof(inline_tags)))
		appendStringInfoChar(to->text, ' ');
	if (html[name - 1] == '<' && end - name == 6 &&
		pg_strncasecmp(html + name, "script", 6) == 0)
		return behind_tag(html, len, behind(html, len, at, "</script") - 1);
	if (html[name - 1] == '<' && end - name == 5 &&
		pg_strncasecmp(html + name, "style", 5) == 0)
		return behind_tag(html, len, behind(html, len, at, "</style") - 1);
	return at;
}

/* Append HTML without tags, with its entities decoded. */
static void
append_html(Collector *to, const char *html, int len)
{
	StringInfoData text;
	Collector	plain = {&text, to->read, to->arg};

	initStringInfo(&text);
	for (int at = 0; at < len && room(&plain) > 0;)
	{
		int			size = 0;

		if (html[at] == '<' && at + 1 < len &&
			(is_ascii_letter(html[at + 1]) || html[at + 1] == '/' ||
			 html[at + 1] == '!' || html[at + 1] == '?'))
		{
			at = skip_tag(&plain, html, len, at);
			continue;
		}
		if (html[at] == '&')
			size = append_entity(&plain, html + at, len - at);
		if (size == 0)
			size = append_character(&plain, html + at, len - at);
		at += size;
	}
	append_plain(to, text.data, text.len);
	pfree(text.data);
}

/* ------------------------------------------------------------------ values */

/* Append a string of a bag as a name. */
static void
append_member(Collector *to, const Jsonb *bag, const char *name)
{
	JsonbValue	value;

	if (bag_find(bag, name, &value) && value.type == jbvString)
		append_name(to, value.val.string.val, value.val.string.len);
}

/*
 * Return the first bytes of a string or binary property of an object: of a
 * value in base64 if is_binary, or of a blob; NULL if there is none.
 */
static struct varlena *
value_bytes(const Collector *to, const Jsonb *object, const char *name,
			bool is_binary)
{
	JsonbValue	value;
	int64		blob_id;
	int64		size;
	int			most = (SEARCHTEXT_BYTES + 2) / 3 * 4;

	if (!bag_find(object, name, &value))
		return NULL;
	if (reference_read(&value, &blob_id, &size))
		return (struct varlena *) to->read(to->arg, blob_id, size,
										   SEARCHTEXT_BYTES);
	if (value.type != jbvString)
		return NULL;
	return is_binary ?
		(struct varlena *) base64_bytes(value.val.string.val,
										Min(value.val.string.len, most)) :
		(struct varlena *) cstring_to_text_with_len(value.val.string.val,
													value.val.string.len);
}

/* Append the bytes of a text or of HTML, which may be NULL. */
static void
append_bytes(Collector *to, struct varlena *bytes, bool is_html)
{
	if (bytes == NULL)
		return;
	if (is_html)
		append_html(to, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	else
		append_plain(to, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/*
 * Return the first bytes of a body of a message, from its column or its blob;
 * NULL if there is none.
 */
static struct varlena *
body_bytes(const Collector *to, const Content *content, Part part)
{
	if (!content->isnull[part])
		return PG_DETOAST_DATUM_SLICE(content->value[part], 0,
									  SEARCHTEXT_BYTES);
	return value_bytes(to, DatumGetJsonbP(content->value[PART_PROPS]),
					   part_name(part), part != PART_BODY);
}

/* Append the text of an RTF body, which may be NULL. */
static void
append_rtf(Collector *to, struct varlena *bytes)
{
	StringInfoData text;

	if (bytes == NULL)
		return;
	initStringInfo(&text);
	rtf_append_text(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					VARSIZE_ANY_EXHDR(bytes) >= SEARCHTEXT_BYTES, &text);
	append_plain(to, text.data, text.len);
	pfree(text.data);
}

/* Return true if the RTF body of a message is searched: there is no other. */
static bool
rtf_is_searched(const Content *content)
{
	return !content_has(content, PART_BODY) &&
		!content_has(content, PART_HTML);
}

/* Append the bodies of a message. */
static void
append_bodies(Collector *to, const Content *content)
{
	append_bytes(to, body_bytes(to, content, PART_BODY), false);
	append_bytes(to, body_bytes(to, content, PART_HTML), true);
	if (rtf_is_searched(content))
		append_rtf(to, body_bytes(to, content, PART_RTF));
}

static void
append_subject(Collector *to, const Content *content)
{
	JsonbValue	prefix;
	JsonbValue	normalized;

	if (!subject_parts(DatumGetJsonbP(content->value[PART_PROPS]), &prefix,
					   &normalized))
		return;
	append_plain(to, normalized.val.string.val, normalized.val.string.len);
}

/* ------------------------------------------------------------- attachments */

/* Return true if a string property of an object ends with an ending. */
static bool
ends_with(const Jsonb *object, const char *name, const char *ending)
{
	JsonbValue	value;
	int			len = strlen(ending);

	return bag_find(object, name, &value) && value.type == jbvString &&
		value.val.string.len >= len &&
		pg_strncasecmp(value.val.string.val + value.val.string.len - len,
					   ending, len) == 0;
}

/*
 * Return true if an attachment is text, by its type or, without a type, by its
 * name; *is_html if it is HTML.
 */
static bool
is_text_file(const Jsonb *attachment, bool *is_html)
{
	JsonbValue	type;

	if (bag_find(attachment, "PR_ATTACH_MIME_TAG", &type) &&
		type.type == jbvString)
	{
		*is_html = type.val.string.len >= 9 &&
			pg_strncasecmp(type.val.string.val, "text/html", 9) == 0;
		if (type.val.string.len >= 5 &&
			pg_strncasecmp(type.val.string.val, "text/", 5) == 0)
			return true;
		return false;
	}
	*is_html = ends_with(attachment, file_members[0], ".html") ||
		ends_with(attachment, file_members[0], ".htm");
	for (int i = 0; i < lengthof(text_endings); i++)
	{
		if (ends_with(attachment, file_members[0], text_endings[i]) ||
			ends_with(attachment, file_members[1], text_endings[i]))
			return true;
	}
	return false;
}

static void append_files(Collector *to, const Jsonb *list, int depth);

/* Append the texts of an embedded message, and of its attachments. */
static void
append_embedded(Collector *to, const Jsonb *object, int depth)
{
	Content		content;

	content_from_object(&content, object);
	append_subject(to, &content);
	append_bodies(to, &content);
	append_files(to, content_list(&content, PART_ATTACHMENTS), depth + 1);
}

/* Append names and texts of attachments; the list may be NULL. */
static void
append_files(Collector *to, const Jsonb *list, int depth)
{
	if (list == NULL || depth > MAX_EMBEDDED)
		return;
	for (uint32 i = 0; i < JB_ROOT_COUNT(list) && room(to) > 0; i++)
	{
		JsonbValue *element =
		getIthJsonbValueFromContainer(unconstify(JsonbContainer *,
												 &list->root), i);
		Jsonb	   *attachment = object_from_value(element);
		JsonbValue	embedded;
		bool		is_html;

		for (int m = 0; m < lengthof(file_members); m++)
			append_member(to, attachment, file_members[m]);
		if (is_text_file(attachment, &is_html))
			append_bytes(to, value_bytes(to, attachment, "PR_ATTACH_DATA_BIN",
										 true), is_html);
		if (bag_find(attachment, "PR_ATTACH_DATA_OBJ", &embedded) &&
			embedded.type == jbvBinary)
			append_embedded(to, object_from_value(&embedded), depth);
		pfree(attachment);
	}
}

/* Append names and addresses of the sender and the recipients. */
static void
append_people(Collector *to, const Content *content)
{
	const Jsonb *bag = DatumGetJsonbP(content->value[PART_PROPS]);
	const Jsonb *list = content_list(content, PART_RECIPIENTS);
	uint32		count = list == NULL ? 0 : JB_ROOT_COUNT(list);

	for (int i = 0; i < lengthof(members); i++)
	{
		if (members[i].part == SEARCH_PEOPLE)
			append_member(to, bag, members[i].name);
	}
	for (uint32 i = 0; i < count && room(to) > 0; i++)
	{
		JsonbValue *element =
		getIthJsonbValueFromContainer(unconstify(JsonbContainer *,
												 &list->root), i);
		Jsonb	   *recipient = object_from_value(element);

		for (int m = 0; m < lengthof(recipient_members); m++)
			append_member(to, recipient, recipient_members[m]);
		pfree(recipient);
	}
}

/* ----------------------------------------------------------------- contents */

void
searchtext_append(const Content *content, SearchPart part,
				  SearchBlobReader read, void *arg, StringInfo text)
{
	Collector	to = {text, read, arg};

	switch (part)
	{
		case SEARCH_SUBJECT:
			append_subject(&to, content);
			break;
		case SEARCH_PEOPLE:
			append_people(&to, content);
			break;
		case SEARCH_FILES:
			append_files(&to, content_list(content, PART_ATTACHMENTS), 0);
			break;
		default:
			append_bodies(&to, content);
			break;
	}
}

/* Return true if two contents do not share the datum of a part. */
static bool
differs(const Content *old, const Content *new, Part part)
{
	return old->isnull[part] != new->isnull[part] ||
		(!old->isnull[part] && old->value[part] != new->value[part]);
}

uint32
searchtext_touched(const Content *old, const Content *new, const Jsonb *undo)
{
	uint32		touched = 0;
	int			count;
	BagEntry   *entries;

	if (differs(old, new, PART_RECIPIENTS))
		touched |= 1 << SEARCH_PEOPLE;
	if (differs(old, new, PART_ATTACHMENTS))
		touched |= 1 << SEARCH_FILES;
	if (differs(old, new, PART_BODY) || differs(old, new, PART_HTML) ||
		(differs(old, new, PART_RTF) &&
		 (rtf_is_searched(old) || rtf_is_searched(new))))
		touched |= 1 << SEARCH_BODY;
	if (!differs(old, new, PART_PROPS))
		return touched;

	entries = bag_entries(undo, &count);
	for (int i = 0; i < count; i++)
	{
		for (int m = 0; m < lengthof(members); m++)
		{
			if (strlen(members[m].name) == entries[i].keylen &&
				memcmp(members[m].name, entries[i].key,
					   entries[i].keylen) == 0)
				touched |= 1 << members[m].part;
		}
	}
	pfree(entries);
	return touched;
}
