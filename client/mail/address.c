/*-------------------------------------------------------------------------
 *
 * address.c
 *	  From an address field to the people in the field.
 *
 * NOTES
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

/* The callback of an address field, and its context. */
typedef struct People
{
	PersonFunc	func;
	void	   *arg;
	Tally	   *tally;
	bool		decoded;		/* within the text of an encoded word */
} People;

static void take_list(const People *people, const char *words);

static void
take_person(const People *people, const char *name, const char *address)
{
	g_autofree char *shown = g_strstrip(g_strdup(name ? name : ""));

	if (*address == '\0' && *shown == '\0')
		return;
	if (*address == '\0')
		tally_count(people->tally->remarks,
					"people without an address: kept by their names", 1);
	people->func(*shown ? shown : address, address, people->arg);
}

/* Return true if a text can be an address: one word that contains "@". */
static bool
is_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' &&
		strpbrk(text, " \t,;:<>\"()") == NULL;
}

/* Read an address without GMime: "name <address>", or a word with "@". */
static void
take_text(const People *people, const char *words)
{
	g_autofree char *text = header_decode(words, false, people->tally);
	g_auto(GStrv) pieces = g_strsplit_set(text, " \t,;:<>\"", -1);
	char	   *open = strrchr(text, '<');

	for (char **piece = pieces; *piece != NULL; piece++)
	{
		if (is_address(*piece))
		{
			char	   *start = open ? open : strstr(text, *piece);

			*start = '\0';
			g_strstrip(g_strdelimit(text, "<>\"", ' '));
			take_person(people, text, *piece);
			return;
		}
	}
	g_strstrip(g_strdelimit(text, "<>\"", ' '));
	take_person(people, text, "");
}

/* Return true if a text is one encoded word and nothing else. */
static bool
is_one_word(const char *words)
{
	const char *end = strstr(words, "?=");

	return g_str_has_prefix(words, "=?") && end != NULL && end[2] == '\0';
}

/* Report the addresses that GMime finds.  Returns false if there is none. */
static bool
take_parsed(const People *people, const char *words)
{
	InternetAddressList *list = internet_address_list_parse(NULL, words);
	int			n = list ? internet_address_list_length(list) : 0;
	bool		any = false;

	for (int i = 0; i < n; i++)
	{
		InternetAddress *one = internet_address_list_get_address(list, i);
		const char *address = INTERNET_ADDRESS_IS_MAILBOX(one) ?
		internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)) :
		NULL;

		if (address == NULL || *address == '\0' || strstr(address, "=?"))
			continue;
		take_person(people, internet_address_get_name(one), address);
		any = true;
	}
	if (list != NULL)
		g_object_unref(list);
	return any;
}

/* Report the person of one address. */
static void
take_one(const People *people, const char *words)
{
	if (!people->decoded && is_one_word(words))
	{
		g_autofree char *text = header_decode(words, false, people->tally);
		People		inner = *people;

		inner.decoded = true;
		if (strchr(text, '@') != NULL)
			take_list(&inner, text);
		else
			take_person(people, text, "");
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

static void
take_list(const People *people, const char *words)
{
	char		ignored[8] = "";

	while (*words != '\0')
	{
		bool		group;
		size_t		len = address_len(words, ignored, &group);
		g_autofree char *one = NULL;

		/* "Doe, John <j@example.org>" is one person */
		for (int commas = 0; words[len] == ',' && commas < 2 &&
			 strcspn(words, "<@\"([") > len; commas++)
		{
			size_t		more = address_len(words + len + 1, ignored, &group);

			if (group || words[len + 1 + strcspn(words + len + 1, "<@\"([,;")]
				!= '<')
				break;
			len += 1 + more;
		}
		one = g_strstrip(g_strndup(words, len));
		if (*one != '\0' && !group)
			take_one(people, one);
		words += len + (words[len] != '\0');
	}
}

void
address_each(const char *value, PersonFunc func, void *arg, Tally *tally)
{
	People		people = {func, arg, tally, false};
	g_autofree char *words = header_decode(value, true, tally);

	if (strcmp(words, "<>") != 0)
		take_list(&people, words);
}
