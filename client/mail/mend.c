/*-------------------------------------------------------------------------
 *
 * mend.c
 *	  Small repairs of a message before GMime parses the message.
 *
 * NOTES
 *	  GMime loses fields of a broken header, or finds no message at all.  If a
 *	  message needs repairs, GMime parses a copy with these repairs:
 *
 *	  - Bare CR ends a line, if most lines end with bare CR.  Several CRs
 *		before LF become one.
 *	  - Blank lines before the first field are left out, and NULs in headers.
 *	  - A line that is neither field nor continuation becomes a continuation if
 *		more header follows, and else the first line of the body (the empty
 *		line is missing).
 *	  - Content types without a slash get a subtype.  If a header has several
 *		Content-Type fields, the first one counts (GMime takes the last one).
 *	  - Fields of parameters are cut off at LONG_FIELD bytes, since GMime takes
 *		quadratic time for many parameters.
 *	  - Fields beyond MAX_FIELDS become continuations, and parts beyond
 *		MAX_PARTS text, so that memory stays in proportion to the message.
 *
 *	  Every repair inserts or leaves out bytes, so that every offset in the
 *	  copy has an offset in the message.  Contents are read from the message.
 *
 *	  GMime takes embedded messages for parts without parts; these messages are
 *	  read on their own.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "mail.h"

#define LONG_FIELD		8192

/* A line that is a field: a common name, or a name with a hyphen. */
#define FIELD \
	"(?:bcc|cc|date|from|received|references|sender|subject|to|" \
	"(?=[!-9;-~]*-)[!-9;-~]+)[ \\t]*:"

/* From an offset in the copy on, offsets in the message are greater. */
typedef struct Shift
{
	size_t		at;
	gssize		shift;
} Shift;

/* The scan over the lines. */
typedef struct Scan
{
	Mend	   *mend;
	const char *at;				/* the current line */
	const char *end;			/* of the message */
	const char *copied;			/* the copy has all bytes before this one */
	const char *goes_on;		/* the header reaches at least to here */
	GHashTable *boundaries;		/* "--boundary" of each multipart so far */
	char	   *boundary;		/* "--boundary" of this header, or NULL */
	bool		typed;			/* this header has a Content-Type */
	unsigned	fields;			/* in this header */
	unsigned	parts;			/* so far */
	bool		in_header;
	bool		in_part;		/* the header is that of a part */
} Scan;

/* ----------------------------------------------------------------- repairs */

/* Copy the bytes up to a place in the message; begins the copy if needed. */
static void
copy_until(Scan *scan, const char *place)
{
	if (scan->mend->copy == NULL)
	{
		scan->mend->copy = g_string_sized_new(scan->mend->len + 256);
		scan->mend->shifts = g_array_new(FALSE, FALSE, sizeof(Shift));
	}
	g_string_append_len(scan->mend->copy, scan->copied,
						place - scan->copied);
	scan->copied = place;
}

static void
note_shift(Scan *scan)
{
	Shift		shift = {scan->mend->copy->len, 0};

	scan->mend->broken |= scan->in_header && !scan->in_part;

	shift.shift = (scan->copied - scan->mend->data) - (gssize) shift.at;
	g_array_append_val(scan->mend->shifts, shift);
}

static void
insert(Scan *scan, const char *place, const char *text)
{
	copy_until(scan, place);
	g_string_append(scan->mend->copy, text);
	note_shift(scan);
}

static void
leave_out(Scan *scan, const char *from, const char *to)
{
	copy_until(scan, from);
	scan->copied = to;
	note_shift(scan);
}

/* ------------------------------------------------------------------- lines */

/* Return the end of a line without its line end; *next is the next line. */
static const char *
line_end(const char *at, const char *end, const char **next)
{
	const char *stop;

	*next = next_line(at, end);
	stop = *next - (*next > at && (*next)[-1] == '\n');
	while (stop > at && stop[-1] == '\r')
		stop--;
	return stop;
}

/* Return the length of the field name at the start of a line, or 0. */
static size_t
name_len(const char *at, const char *stop)
{
	const char *p = at;
	size_t		n;

	while (p < stop && *p > 32 && *p < 127 && *p != ':')
		p++;
	n = (size_t) (p - at);
	while (p < stop && (*p == ' ' || *p == '\t'))
		p++;
	return p < stop && *p == ':' ? n : 0;
}

static bool
is_name(const char *at, size_t n, const char *name)
{
	return n == strlen(name) && g_ascii_strncasecmp(at, name, n) == 0;
}

static bool
is_blank(const char *at, const char *stop)
{
	while (at < stop && (*at == ' ' || *at == '\t'))
		at++;
	return at == stop;
}

/*
 * Return the next field of a header after a line that is not a header line;
 * NULL if an empty line or a boundary comes first.  Only a name that is common
 * or has a hyphen counts as a field, since prose has colons, too.
 */
static const char *
header_goes_on(const char *at, const char *end)
{
	/* possessive, so that any number of lines takes no stack */
	g_autoptr(GMatchInfo) field =
		text_search("\\A(?:(?!" FIELD ")(?!--[^\\r\\n])[^\\r\\n].*+\\n)*+"
					"(" FIELD ")", at, (size_t) (end - at));
	int			from;

	return g_match_info_matches(field) &&
		g_match_info_fetch_pos(field, 1, &from, NULL) ? at + from : NULL;
}

/* -------------------------------------------------------------- boundaries */

static void
begin_header(Scan *scan)
{
	scan->in_header = true;
	scan->typed = false;
	scan->fields = 0;
	scan->goes_on = scan->at;
}

static void
end_header(Scan *scan)
{
	scan->in_header = scan->in_part = false;
	if (scan->boundary != NULL)
		g_hash_table_add(scan->boundaries, g_steal_pointer(&scan->boundary));
}

/* Read a boundary line.  Returns false if the line is not a boundary. */
static bool
take_boundary(Scan *scan, const char *stop)
{
	g_autofree char *line = NULL;
	size_t		len = (size_t) (stop - scan->at);
	bool		closing;

	if (len < 3 || len > 1000 || scan->at[0] != '-' || scan->at[1] != '-' ||
		g_hash_table_size(scan->boundaries) == 0)
		return false;
	line = g_strchomp(g_strndup(scan->at, len));
	closing = !g_hash_table_contains(scan->boundaries, line);
	if (closing)
	{
		if (!g_str_has_suffix(line, "--"))
			return false;
		line[strlen(line) - 2] = '\0';
		if (!g_hash_table_contains(scan->boundaries, line))
			return false;
	}
	else if (++scan->parts > MAX_PARTS)
	{
		insert(scan, scan->at, " ");
		scan->mend->parts_left++;
		return true;
	}
	if (scan->in_header)
		end_header(scan);
	if (!closing)
	{
		begin_header(scan);
		scan->in_part = true;
	}
	return true;
}

/* ----------------------------------------------------------------- headers */

/*
 * Take the boundary of a content type, and insert a missing subtype, without
 * which GMime does not read the parameters.
 */
static void
mend_type(Scan *scan, const char *value, const char *end)
{
	static const char *const types[] = {
		"text/plain", "multipart/mixed", "message/rfc822",
		"application/octet-stream", "image/octet-stream",
		"audio/octet-stream", "video/octet-stream"
	};
	const char *start = value;
	const char *subtype = "";
	g_autofree char *word = text_find("\\A\\s*([a-z0-9]+)(?![a-z0-9/._+-])",
									  value, (size_t) (end - value));
	g_autofree char *rest = NULL;
	g_autofree char *text = NULL;
	GMimeContentType *type;
	const char *boundary;

	if (word != NULL)
	{
		bool		broken = scan->mend->broken;

		start += strspn(value, " \t\r\n");
		value = start + strlen(word);
		for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		{
			if (is_name(types[i], strcspn(types[i], "/"), word))
				subtype = types[i] + strlen(word);
		}
		insert(scan, *subtype ? value : start, *subtype ? subtype :
			   "application/");
		scan->mend->broken = broken;
	}
	rest = g_strndup(value, (size_t) (end - value));
	text = g_strconcat(word ? word : "", subtype, rest, NULL);
	type = g_mime_content_type_parse(NULL, text);
	boundary = g_mime_content_type_get_parameter(type, "boundary");
	if (boundary != NULL && *boundary != '\0')
		scan->boundary = g_strconcat("--", boundary, NULL);
	g_object_unref(type);
}

/* Read a field, whose name has n bytes. */
static void
take_field(Scan *scan, size_t n)
{
	const char *at = scan->at;
	const char *end = next_field(at, scan->end);
	const char *stop = MIN(at + LONG_FIELD, end - 1);
	bool		type = is_name(at, n, "Content-Type");

	scan->fields++;
	/* some readers end the header here */
	scan->mend->broken |= at[n] != ':' && !scan->in_part;
	if (++scan->mend->fields > MAX_FIELDS)
	{
		insert(scan, at, " ");
		scan->mend->fields_left++;
	}
	else if (type && scan->typed)
		leave_out(scan, at, end);
	else if (type || is_name(at, n, "Content-Disposition"))
	{
		if (type)
			mend_type(scan, (char *) memchr(at, ':', end - at) + 1, stop);
		if (end - at > LONG_FIELD)
			leave_out(scan, stop, end - 1);
	}
	scan->typed |= type;
}

/* Read a line of a header that is neither empty nor a boundary. */
static void
take_header_line(Scan *scan, const char *stop, const char *next)
{
	const char *at = scan->at;
	bool		fold = *at == ' ' || *at == '\t';
	size_t		n = name_len(at, stop);

	if (n > 0)
		take_field(scan, n);
	else if (scan->fields == 0 &&
			 (is_blank(at, stop) || (fold && at < scan->goes_on)))
		leave_out(scan, at, next);	/* or a fold of such a line */
	else if (!fold && ((scan->fields == 0 && !scan->in_part) ||
					   !mbox_from(at + (*at == '>'),
								  (size_t) (stop - at) - (*at == '>'))))
	{
		/* one search is enough for all lines before the field found */
		if (at >= scan->goes_on)
			scan->goes_on = header_goes_on(next, scan->end);
		if (scan->goes_on == NULL)
		{
			if (scan->fields > 0 || scan->in_part)
				insert(scan, at, "\n");
			end_header(scan);
		}
		else if (scan->fields > 0)
			insert(scan, at, " ");
		else
			leave_out(scan, at, next);
	}
}

static void
leave_out_nuls(Scan *scan, const char *stop)
{
	const char *p = MAX(scan->at, scan->copied);

	while (p < stop && (p = memchr(p, '\0', (size_t) (stop - p))) != NULL)
	{
		leave_out(scan, p, p + 1);
		scan->mend->nuls++;
		p++;
	}
}

/* Read the current line, which ends at "stop"; "next" is the next line. */
static void
take_line(Scan *scan, const char *stop, const char *next)
{
	if (take_boundary(scan, stop) || !scan->in_header)
		return;
	if (stop == scan->at && (scan->fields > 0 || scan->in_part))
		end_header(scan);
	else if (scan->at >= scan->copied)
	{
		take_header_line(scan, stop, next);
		leave_out_nuls(scan, stop);
	}
	if (next - stop > 2 && scan->copied <= stop)	/* CR CR LF */
		leave_out(scan, stop, next - 2);
}

/* If most lines end with bare CR, copy the message with LF instead of CR. */
static void
mend_line_ends(Mend *mend)
{
	size_t		lf = 0;
	size_t		cr = 0;
	const char *end = mend->data + mend->len;

	if (memchr(mend->data, '\r', mend->len) == NULL)
		return;
	for (const char *p = mend->data; p < end; p++)
	{
		lf += *p == '\n';
		cr += *p == '\r' && (p + 1 == end || (p[1] != '\n' && p[1] != '\r'));
	}
	if (cr <= lf)
		return;
	mend->own = g_malloc(mend->len);
	for (size_t i = 0; i < mend->len; i++)
		mend->own[i] = mend->data[i] == '\r' ? '\n' : mend->data[i];
	mend->data = mend->own;
}

size_t
mend_lead(const char *data, size_t len)
{
	size_t		lead = text_mark(data, len);
	size_t		quote = lead < len && data[lead] == '>';

	if (mbox_from(data + lead + quote, len - lead - quote))
		lead = (size_t) (next_line(data + lead, data + len) - data);
	return lead;
}

Mend *
mend_new(const char *data, size_t len)
{
	Mend	   *mend = g_new0(Mend, 1);
	Scan		scan = {.mend = mend};
	const char *next;

	mend->data = data;
	mend->len = len;
	mend_line_ends(mend);
	scan.at = scan.copied = mend->data;
	scan.end = mend->data + len;
	scan.boundaries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
											NULL);
	begin_header(&scan);
	for (; scan.at < scan.end && (scan.in_header ||
								  g_hash_table_size(scan.boundaries) > 0);
		 scan.at = next)
	{
		const char *stop = line_end(scan.at, scan.end, &next);

		take_line(&scan, stop, next);
	}
	if (mend->copy != NULL)
		copy_until(&scan, scan.end);
	mend->parsed = mend->copy ? mend->copy->str : mend->data;
	mend->parsed_len = mend->copy ? mend->copy->len : mend->len;
	g_hash_table_destroy(scan.boundaries);
	g_free(scan.boundary);
	return mend;
}

GMimeObject *
mend_parse(Mend *mend)
{
	static const char *const messages[] = {
		"rfc822", "rfc2822", "global", "news"
	};
	static bool known = false;
	GMimeStream *stream = g_mime_stream_mem_new();
	GMimeParser *parser;
	GMimeObject *object;

	for (size_t i = 0; i < G_N_ELEMENTS(messages) && !known; i++)
		g_mime_object_register_type("message", messages[i], GMIME_TYPE_PART);
	known = true;
	/* neither the array nor the stream frees or changes these bytes */
	mend->bytes = g_byte_array_new();
	mend->bytes->data = (guint8 *) mend->parsed;
	mend->bytes->len = (guint) mend->parsed_len;
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), mend->bytes);
	parser = g_mime_parser_new_with_stream(stream);
	object = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return object;
}

void
mend_free(Mend *mend)
{
	if (mend->copy != NULL)
	{
		g_string_free(mend->copy, TRUE);
		g_array_free(mend->shifts, TRUE);
	}
	if (mend->bytes != NULL)
		(void) g_byte_array_steal(mend->bytes, NULL);
	g_clear_pointer(&mend->bytes, g_byte_array_unref);
	g_free(mend->own);
	g_free(mend);
}

size_t
mend_offset(const Mend *mend, size_t offset)
{
	gssize		shift = 0;
	guint		low = 0;
	guint		high = mend->copy ? mend->shifts->len : 0;

	while (low < high)
	{
		guint		middle = (low + high) / 2;
		const Shift *one = &g_array_index(mend->shifts, Shift, middle);

		if (one->at <= offset)
		{
			low = middle + 1;
			shift = one->shift;
		}
		else
			high = middle;
	}
	return (size_t) ((gssize) offset + shift);
}
