/*-------------------------------------------------------------------------
 *
 * source.c
 *	  Finds the messages under a path: message files, mbox files, Maildir
 *	  folders, and folders of these; and writes messages into an mbox.
 *
 * NOTES
 *	  A file is an mbox if its first line is a From_ line and its name does not
 *	  end in ".eml".  Any other file is one message, with all of its bytes;
 *	  some programs write a byte order mark or a From_ line in front of such a
 *	  message.
 *
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
 *	  Files are read in pieces of at most 64 KB; one message is in memory at
 *	  a time, and at most MAX_MESSAGE_BYTES of the message.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mail.h"

#define PIECE_BYTES		65536

/* The From_ line of a message that came from no mbox. */
#define NO_SENDER		"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"

/* A file that is read by lines; a line longer than a piece is several. */
typedef struct Reader
{
	FILE	   *file;
	size_t		have;			/* bytes in buf */
	size_t		pos;			/* bytes of these that were returned */
	char		buf[PIECE_BYTES];
} Reader;

/* The message that is being read. */
typedef struct Builder
{
	GString    *data;
	GString    *form;			/* in an mbox */
	unsigned	from_lines;		/* within the text, quoted or not */
	unsigned	number;
	bool		too_long;
} Builder;

/* ------------------------------------------------------------------- mbox */

bool
mbox_from(const char *line, size_t len)
{
	return len >= 5 && memcmp(line, "From ", 5) == 0;
}

static bool
mbox_quoted(const char *line, size_t len)
{
	size_t		quotes = 0;

	while (quotes < len && line[quotes] == '>')
		quotes++;
	return mbox_from(line + quotes, len - quotes);
}

static bool
mbox_empty(const char *line, size_t len)
{
	return len > 0 && (*line == '\n' || (len == 2 && *line == '\r'));
}

/* Return the length of an empty line behind other lines; 0 without one. */
static size_t
mbox_gap(const char *text, size_t len)
{
	const char *end = text + len;

	if (len >= 3 && memcmp(end - 3, "\n\r\n", 3) == 0)
		return 2;
	return len >= 2 && memcmp(end - 2, "\n\n", 2) == 0;
}

/* Return true if a line within an mbox begins a message. */
static bool
mbox_begins(const char *line, size_t len, bool after_empty)
{
	g_autofree char *found = NULL;

	if (len < 6 || len > 1000 || !mbox_from(line, len))
		return false;
	found = text_find(after_empty ? "\\A(.*[0-9]:[0-9]{2}|"
					  "From +[^ \t,;@\r\n]*@[^ \t,;\r\n]*\\s*\\z)" :
					  "\\A(?=.*[0-9]:[0-9]{2})(?=.* (?:Jan|Feb|Mar|Apr|May|"
					  "Jun|Jul|Aug|Sep|Oct|Nov|Dec) )"
					  "(.*? [0-9]{4}(?![0-9]))", line, len);
	return found != NULL;
}

/* ---------------------------------------------------------------- messages */

/*
 * Return the next line, line end included, or the next piece of a long line.
 * Returns NULL at the end of the file, or on a read error (see ferror()).
 */
static const char *
next_piece(Reader *reader, size_t *len)
{
	const char *start = reader->buf + reader->pos;
	size_t		rest = reader->have - reader->pos;

	if (memchr(start, '\n', rest) == NULL && rest < PIECE_BYTES)
	{
		memmove(reader->buf, start, rest);
		reader->pos = 0;
		reader->have = rest + fread(reader->buf + rest, 1, PIECE_BYTES - rest,
									reader->file);
		start = reader->buf;
	}
	*len = (size_t) (next_line(start, reader->buf + reader->have) - start);
	reader->pos += *len;
	return *len > 0 ? start : NULL;
}

static void
add_bytes(Builder *builder, const char *bytes, size_t len)
{
	if (builder->data->len + len > MAX_MESSAGE_BYTES)
		builder->too_long = true;
	else
		g_string_append_len(builder->data, bytes, (gssize) len);
}

/* Begin a message, after a From_ line if the file is an mbox. */
static void
begin_message(Builder *builder, const char *line, size_t len, bool in_mbox)
{
	g_string_truncate(builder->data, 0);
	g_string_truncate(builder->form, 0);
	builder->from_lines = 0;
	builder->too_long = false;
	builder->number++;
	if (in_mbox)
		g_string_append_len(builder->form, line, (gssize) len);
	else
		add_bytes(builder, line, len);
}

/* Pass the message to the callback. */
static bool
hand_on(const Source *source, const char *path, Builder *builder,
		bool in_mbox)
{
	g_autofree char *flags = text_find("(?-i)[^/][:;!]2,([^/]*)\\z", path,
									   strlen(path));
	RawMessage	raw = {.path = path, .number = builder->number,
		.data = builder->data->str, .len = builder->data->len,
	.form = in_mbox ? builder->form : NULL, .flags = flags};
	size_t		gap = in_mbox ? mbox_gap(raw.data, raw.len) : 0;

	if (builder->too_long)
	{
		source->trouble(path, builder->number, MESSAGE_TOO_LONG, source->arg);
		return true;
	}
	/* leave out the empty line before the next From_ line */
	raw.len -= gap;
	g_string_append_c(builder->form, '\n');
	g_string_append_len(builder->form, raw.data + raw.len, (gssize) gap);
	return source->message(&raw, source->arg);
}

/* Take the quote off a From line in the text of a message. */
static void
take_from_line(Builder *builder, const char **line, size_t *len)
{
	builder->from_lines++;
	if (**line == '>')
	{
		(*line)++;
		(*len)--;
	}
	else
		g_string_append_printf(builder->form, "%u ", builder->from_lines);
}

/* Read and close a file.  Returns false if message() returned false. */
static bool
read_messages(const Source *source, const char *path, FILE *file)
{
	g_autofree Reader *reader = g_new0(Reader, 1);
	Builder		builder = {.data = g_string_new(NULL),
	.form = g_string_new(NULL)};
	bool		in_mbox = false;
	bool		after_empty = false;
	bool		in_header = true;
	bool		go_on = true;
	bool		line_end = true;
	struct stat st;
	const char *piece;
	size_t		len;

	reader->file = file;
	while (go_on && (in_mbox || !builder.too_long) &&
		   (piece = next_piece(reader, &len)) != NULL)
	{
		bool		line_start = line_end;
		bool		empty = line_start && mbox_empty(piece, len);
		size_t		mark = text_mark(piece, len);

		line_end = (piece[len - 1] == '\n');
		if (builder.number == 0)
		{
			in_mbox = mbox_from(piece + mark, len - mark) &&
				!g_str_has_suffix(path, ".eml");
			begin_message(&builder, piece, len, in_mbox);
			builder.too_long = !in_mbox && fstat(fileno(file), &st) == 0 &&
				(size_t) st.st_size > MAX_MESSAGE_BYTES;
		}
		else if (in_mbox && line_start &&
				 mbox_begins(piece, len, after_empty))
		{
			go_on = hand_on(source, path, &builder, in_mbox);
			begin_message(&builder, piece, len, in_mbox);
			empty = false;
			in_header = true;
		}
		else
		{
			if (in_mbox && line_start && !in_header && mbox_quoted(piece, len))
				take_from_line(&builder, &piece, &len);
			add_bytes(&builder, piece, len);
		}
		in_header = in_header && !empty;
		after_empty = empty;
	}
	if (go_on && ferror(file))
		source->trouble(path, 0, g_strerror(errno), source->arg);
	else if (go_on)
	{
		builder.number = MAX(builder.number, 1);	/* of an empty file */
		go_on = hand_on(source, path, &builder, in_mbox);
	}
	g_string_free(builder.data, TRUE);
	g_string_free(builder.form, TRUE);
	if (file != stdin)
		fclose(file);
	return go_on;
}

/* ---------------------------------------------------------------- folders */

static bool
is_maildir(const char *folder)
{
	g_autofree char *cur = g_build_filename(folder, "cur", NULL);
	g_autofree char *new = g_build_filename(folder, "new", NULL);

	return g_file_test(cur, G_FILE_TEST_IS_DIR) &&
		g_file_test(new, G_FILE_TEST_IS_DIR);
}

/*
 * Return true if an entry of a folder is read: in a Maildir, cur, new and the
 * folders below (whose names in Maildir++ begin with a dot), and none of the
 * files beside these folders; elsewhere, every entry that is not hidden.
 */
static bool
is_wanted(const FTSENT *entry)
{
	bool		hidden = entry->fts_name[0] == '.';

	if (entry->fts_level == 0)
		return true;
	if (entry->fts_parent->fts_number == 0)
		return !hidden;
	return strcmp(entry->fts_name, "tmp") != 0 &&
		g_file_test(entry->fts_path, G_FILE_TEST_IS_DIR) &&
		(!hidden || is_maildir(entry->fts_path));
}

/* Return true if a path is a symbolic link that leads out of the root. */
static bool
leads_out(const Source *source, const char *path)
{
	g_autofree char *below = NULL;
	g_autofree char *target = NULL;

	if (source->follow_links || !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
		return false;
	target = realpath(path, NULL);
	if (target == NULL || source->root == NULL)
		return false;			/* the link is broken */
	below = g_strconcat(target, "/", NULL);
	return !g_str_has_prefix(below, source->root);
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * Read an entry of a folder, or prepare to read the entries below.  Returns
 * false if message() returned false.
 */
static bool
read_entry(Source *source, FTS *walk, FTSENT *entry)
{
	const char *path = entry->fts_path;
	const struct stat *st = entry->fts_statp;
	const char *why = NULL;
	FILE	   *file;

	if (entry->fts_info == FTS_DP || entry->fts_info == FTS_DC)
		return true;
	if (entry->fts_level > 0 && leads_out(source, path))
		why = "a symbolic link out of the folder (option --follow-links)";
	else if (!is_wanted(entry))
	{
		if (!entry->fts_parent->fts_number ||
			strcmp(entry->fts_name, "tmp") != 0)
			source->skipped(path, source->arg);
	}
	else if (entry->fts_info == FTS_D)
	{
		entry->fts_number = is_maildir(path);
		/* false if the folder was read, or is being read */
		if (g_hash_table_add(source->folders,
							 g_strdup_printf("%ju:%ju",
											 (uintmax_t) st->st_dev,
											 (uintmax_t) st->st_ino)))
			return true;
	}
	else if (entry->fts_info == FTS_F)
	{
		file = fopen(path, "rb");
		if (file != NULL)
			return read_messages(source, path, file);
		why = g_strerror(errno);
	}
	else if (entry->fts_info == FTS_DEFAULT)
		why = "neither a file nor a folder";
	else
		why = g_strerror(entry->fts_info == FTS_SLNONE ? ENOENT :
						 entry->fts_errno);
	if (why != NULL)
		source->trouble(path, 0, why, source->arg);
	(void) fts_set(walk, entry, FTS_SKIP);
	return true;
}

/* Read every message under a path.  Returns false if message() did. */
static bool
read_path(Source *source, char *path)
{
	char	   *const paths[] = {path, NULL};
	g_autofree char *root = realpath(path, NULL);
	bool		go_on = true;
	FTS		   *walk;
	FTSENT	   *entry;

	if (strcmp(path, "-") == 0)
		return read_messages(source, path, stdin);
	source->root = root ? g_build_filename(root, "/", NULL) : NULL;
	walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	while (go_on && walk != NULL && (entry = fts_read(walk)) != NULL)
		go_on = read_entry(source, walk, entry);
	if (walk != NULL)
		fts_close(walk);
	g_clear_pointer(&source->root, g_free);
	return go_on;
}

void
source_read(Source *source, char *const *paths, int npaths)
{
	source->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
											NULL);
	for (int i = 0; i < npaths; i++)
	{
		if (!read_path(source, paths[i]))
			break;
	}
	g_hash_table_destroy(source->folders);
}

/* ---------------------------------------------------------------- writing */

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

	for (const char *next; at < end; at = next)
	{
		next = next_line(at, end);
		len = (size_t) (next - at);
		if (in_header ? mbox_begins(at, len, false) : mbox_quoted(at, len))
		{
			if (in_header || ++number != next_bare)
				g_string_append_c(out, '>');
			else
				next_bare = strtoul(bare, (char **) &bare, 10);
		}
		in_header = in_header && !mbox_empty(at, len);
		g_string_append_len(out, at, (gssize) len);
	}
}

/* Return true if a text ends with a line end. */
static bool
ends_line(const GString *text)
{
	return text->len == 0 || text->str[text->len - 1] == '\n';
}

void
mbox_append(GString *out, const char *mail, size_t len, const char *form,
			size_t form_len, bool edited)
{
	g_autoptr(GMatchInfo) match =
		text_search("(?-i)\\A(\xEF\xBB\xBF)?(From .*\\n)([0-9 ]*)\\n"
					"(\\r?\\n|)\\z", form, form_len);
	bool		found = g_match_info_matches(match);
	g_autofree char *mark = g_match_info_fetch(match, 1);
	g_autofree char *from = g_match_info_fetch(match, 2);
	g_autofree char *bare = g_match_info_fetch(match, 3);
	g_autofree char *gap = g_match_info_fetch(match, 4);
	size_t		line = (size_t) (next_line(mail, mail + len) - mail);

	/* anybody may have edited the form */
	if (found && out->len > 0 && !mbox_begins(from, strlen(from), true))
		found = false;
	if (!found)
	{
		bool		own = form == NULL && mbox_begins(mail, line, true);

		g_free(from);
		from = own ? g_strndup(mail, line) : g_strdup(NO_SENDER);
		mail += own ? line : 0;
		len -= own ? line : 0;
	}
	if (!ends_line(out))
		g_string_append_c(out, '\n');
	if (out->len > 0 && mbox_gap(out->str, out->len) == 0 &&
		!mbox_begins(from, strlen(from), false))
		g_string_append_c(out, '\n');
	g_string_append_printf(out, "%s%s", found && out->len == 0 ? mark : "",
						   from);
	append_quoted(out, mail, len, found && !edited ? bare : "");
	if (!found && !ends_line(out))
		g_string_append_c(out, '\n');
	g_string_append(out, found ? gap : "\n");
}
