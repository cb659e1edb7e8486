/*-------------------------------------------------------------------------
 *
 * mbox.c
 *	  The lines between the messages of an mbox, and the form in which a
 *	  message stands in its mbox.
 *
 * NOTES
 *	  Within an mbox a message begins
 *	  - after an empty line, at "From " with a time of day in the line, or
 *		with one address and nothing else;
 *	  - elsewhere, at "From " with the whole of "Tue Jun 13 19:17:21 2017".
 *	  The empty line before a From_ line belongs to no message.  A line of text
 *	  that begins with "From " is written as ">From "; one ">" is removed.
 *
 *	  The message itself is the text between two From_ lines, without quotes.
 *	  Its form is the rest, from which the mbox can be written again, and which
 *	  is the property MBOX_FORM:
 *	  - the From_ line, with a byte order mark and its line end;
 *	  - a line with the numbers, from 1 and with blanks between, of those From
 *		lines of the text that the mbox does not quote.  A From line is a line
 *		that begins with any number of ">" and "From ";
 *	  - the empty line after the message, or nothing.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"

#define BYTE_ORDER_MARK	"\xEF\xBB\xBF"

/* The From_ line of a message that came from no mbox. */
#define NO_SENDER		"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"

/* ---------------------------------------------------------------- reading */

size_t
mbox_mark(const char *bytes, size_t len)
{
	size_t		n = strlen(BYTE_ORDER_MARK);

	return len >= n && memcmp(bytes, BYTE_ORDER_MARK, n) == 0 ? n : 0;
}

bool
mbox_from(const char *line, size_t len)
{
	return len >= 5 && memcmp(line, "From ", 5) == 0;
}

bool
mbox_quoted(const char *line, size_t len)
{
	size_t		quotes = 0;

	while (quotes < len && line[quotes] == '>')
		quotes++;
	return mbox_from(line + quotes, len - quotes);
}

bool
mbox_empty(const char *line, size_t len)
{
	return len > 0 && (*line == '\n' || (len == 2 && *line == '\r'));
}

static bool
has_month(const char *text)
{
	static const char *const months[] = {
		" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
		" Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "
	};

	for (size_t i = 0; i < G_N_ELEMENTS(months); i++)
	{
		if (strstr(text, months[i]) != NULL)
			return true;
	}
	return false;
}

/* Return true if a text contains a time of day ("9:05"). */
static bool
has_time(const char *text)
{
	for (const char *p = strchr(text, ':'); p != NULL; p = strchr(p + 1, ':'))
	{
		if (p > text && g_ascii_isdigit(p[-1]) &&
			g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]))
			return true;
	}
	return false;
}

static bool
has_year(const char *text)
{
	for (const char *p = strchr(text, ' '); p != NULL; p = strchr(p + 1, ' '))
	{
		if (g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) &&
			g_ascii_isdigit(p[3]) && g_ascii_isdigit(p[4]) &&
			!g_ascii_isdigit(p[5]))
			return true;
	}
	return false;
}

bool
mbox_begins(const char *line, size_t len, bool after_empty)
{
	g_autofree char *text = NULL;
	const char *sender;

	if (len < 6 || len > 1000 || memcmp(line, "From ", 5) != 0)
		return false;
	text = g_strchomp(g_strndup(line, len));
	if (has_time(text) &&
		(after_empty || (has_month(text) && has_year(text))))
		return true;
	sender = text + strlen("From") + strspn(text + strlen("From"), " ");
	return after_empty && strchr(sender, '@') != NULL &&
		strpbrk(sender, " \t,;") == NULL;
}


/* ---------------------------------------------------------------- writing */

/* The form of a message, whose texts are the caller's. */
typedef struct Form
{
	const char *from;			/* From_ line, with its line end */
	size_t		from_len;
	const char *bare;			/* numbers of the lines without quotes */
	const char *gap;			/* empty line after the message, or "" */
} Form;

/*
 * Read a form, which anybody may have edited.  Returns false, and leaves *form
 * as it is, if the form cannot be used.  "first" is true at the start of the
 * mbox.
 */
static bool
read_form(Form *form, const char *text, size_t len, bool first)
{
	size_t		mark = mbox_mark(text, len);
	const char *nl = memchr(text, '\n', len);
	const char *end = nl ? memchr(nl + 1, '\n', len - (nl + 1 - text)) : NULL;
	Form		read;

	if (end == NULL || strlen(text) != len)
		return false;
	read.from = first ? text : text + mark;
	read.from_len = (size_t) (nl + 1 - read.from);
	read.bare = nl + 1;
	read.gap = end + 1;
	if (!(first ? mbox_from(text + mark, len - mark) :
		  mbox_begins(read.from, read.from_len, true)) ||
		(*read.gap != '\0' && !mbox_empty(read.gap, strlen(read.gap))))
		return false;
	*form = read;
	return true;
}

/*
 * Append a text with ">" in front of its From lines.  Those with the numbers in
 * "bare" are left as they are.
 */
static void
append_quoted(GString *out, const char *at, size_t len, const char *bare)
{
	const char *end = at + len;
	unsigned long number = 0;
	unsigned long next_bare = strtoul(bare, (char **) &bare, 10);
	bool		in_header = true;

	while (at < end)
	{
		const char *nl = memchr(at, '\n', (size_t) (end - at));
		size_t		line = (size_t) ((nl ? nl + 1 : end) - at);

		if (in_header ? mbox_begins(at, line, false) : mbox_quoted(at, line))
		{
			if (in_header || ++number != next_bare)
				g_string_append_c(out, '>');
			else
				next_bare = strtoul(bare, (char **) &bare, 10);
		}
		in_header = in_header && !mbox_empty(at, line);
		g_string_append_len(out, at, (gssize) line);
		at += line;
	}
}

/* Return true if a text ends with a line end, and with an empty line. */
static bool
ends_line(const GString *text)
{
	return text->len == 0 || text->str[text->len - 1] == '\n';
}

static bool
ends_empty(const GString *text)
{
	return text->len == 0 || g_str_has_suffix(text->str, "\n\n") ||
		g_str_has_suffix(text->str, "\n\r\n");
}

void
mbox_append(GString *out, const char *mail, size_t len, const char *form,
			size_t form_len, bool edited)
{
	Form		own = {NO_SENDER, strlen(NO_SENDER), "", "\n"};
	const char *nl = memchr(mail, '\n', len);
	size_t		line = nl ? (size_t) (nl + 1 - mail) : len;
	bool		found = form != NULL &&
	read_form(&own, form, form_len, out->len == 0);

	if (form == NULL && mbox_begins(mail, line, true))
	{
		own.from = mail;
		own.from_len = line;
		mail += line;
		len -= line;
	}
	if (!ends_line(out))
		g_string_append_c(out, '\n');
	if (!ends_empty(out) && !mbox_begins(own.from, own.from_len, false))
		g_string_append_c(out, '\n');
	g_string_append_len(out, own.from, (gssize) own.from_len);
	append_quoted(out, mail, len, found && !edited ? own.bare : "");
	if (!found && !ends_line(out))
		g_string_append_c(out, '\n');
	g_string_append(out, own.gap);
}
