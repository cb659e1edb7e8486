/*-------------------------------------------------------------------------
 *
 * source.c
 *	  Find the messages under a path: message files, mbox files, Maildir
 *	  folders, and folders of these.
 *
 * NOTES
 *	  A file is an mbox if its first line is a From_ line and its name does
 *	  not end in ".eml".  Any other file is one message; a From_ line that some
 *	  programs write into ".eml" files is dropped.
 *
 *	  Within an mbox a message begins
 *	  - after an empty line, at "From " with a time of day in the line, or
 *		with one address and nothing else;
 *	  - elsewhere, at "From " with a complete "Tue Jun 13 19:17:21 2017".
 *	  The empty line before such a line belongs to neither message.  In the
 *	  text of a message, programs that write an mbox put ">" before a line that
 *	  begins with "From "; one ">" is removed here.
 *
 *	  Files are read in pieces of at most 64 KB.  One message at a time is in
 *	  memory, and at most MAX_MESSAGE_BYTES of the message.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mail.h"

#define PIECE_BYTES		65536

struct Source
{
	SourceCallbacks call;
	GHashTable *folders;		/* "device:inode" of every folder so far */
};

/* A file that is read by lines; a line longer than a piece comes in pieces. */
typedef struct Reader
{
	FILE	   *file;
	char	   *buf;			/* PIECE_BYTES */
	size_t		have;			/* bytes in buf */
	size_t		pos;			/* bytes of buf that were returned */
	bool		at_line_start;	/* of the next piece */
	size_t		size;			/* of the file */
} Reader;

/* A file whose messages are collected, and the message that is collected. */
typedef struct Mailbox
{
	Source	   *source;
	const char *path;
	Reader		reader;
	bool		is_mbox;		/* else the file is one message */
	bool		after_empty;	/* the last line was empty */
	bool		in_header;		/* no line of the message was empty so far */
	GString    *data;
	char	   *from_line;
	unsigned	number;
	bool		too_long;
} Mailbox;

Source *
source_new(const SourceCallbacks *callbacks)
{
	Source	   *source = g_new(Source, 1);

	source->call = *callbacks;
	source->folders = g_hash_table_new_full(g_str_hash, g_str_equal,
											g_free, NULL);
	return source;
}

void
source_free(Source *source)
{
	g_hash_table_destroy(source->folders);
	g_free(source);
}

/*
 * Return the next line, with its line end, or the next piece of a long line,
 * in memory that is valid until the next call.  Returns NULL at the end of the
 * file and on a read error; ferror() distinguishes the two.
 */
static const char *
next_piece(Reader *reader, size_t *len, bool *line_start)
{
	const char *start;
	const char *nl;

	for (;;)
	{
		size_t		rest = reader->have - reader->pos;

		start = reader->buf + reader->pos;
		nl = memchr(start, '\n', rest);
		if (nl != NULL || rest == PIECE_BYTES)
			break;
		memmove(reader->buf, start, rest);
		reader->pos = 0;
		reader->have = rest;
		start = reader->buf;
		rest = fread(reader->buf + reader->have, 1,
					 PIECE_BYTES - reader->have, reader->file);
		if (rest == 0)
		{
			if (reader->have == 0)
				return NULL;
			break;
		}
		reader->have += rest;
	}
	*line_start = reader->at_line_start;
	*len = nl ? (size_t) (nl + 1 - start) : reader->have - reader->pos;
	reader->pos += *len;
	reader->at_line_start = (nl != NULL);
	return start;
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

/* Return true if there is a time of day, such as "9:05", in the text. */
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

/* Return true if a line within an mbox begins a message. */
static bool
begins_message(const char *line, size_t len, bool after_empty)
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

/*
 * Return the Maildir flags in a file name, which follow ":2,"; NULL if there
 * are no flags.
 */
static const char *
maildir_flags(const char *path)
{
	const char *name = strrchr(path, '/');
	const char *info;

	name = name ? name + 1 : path;
	info = strstr(name, "2,");
	if (info == NULL || info == name || strchr(":;!", info[-1]) == NULL)
		return NULL;
	return info + 2;
}

static bool
is_empty_line(const char *line, size_t len)
{
	return line[0] == '\n' || (len == 2 && line[0] == '\r');
}

/* Return true if a line is "From " behind at least one ">". */
static bool
is_quoted_from(const char *line, size_t len)
{
	size_t		quotes = 0;

	while (quotes < len && line[quotes] == '>')
		quotes++;
	return quotes > 0 && len - quotes >= 5 &&
		memcmp(line + quotes, "From ", 5) == 0;
}

static void
add_bytes(Mailbox *box, const char *bytes, size_t len)
{
	if (box->data->len + len > MAX_MESSAGE_BYTES)
		box->too_long = true;
	else
		g_string_append_len(box->data, bytes, (gssize) len);
}

/*
 * Return the length of the message without the empty line that stands before
 * the next From_ line.
 */
static size_t
message_len(const Mailbox *box)
{
	const char *data = box->data->str;
	size_t		len = box->data->len;
	size_t		end;

	if (!box->is_mbox || len < 2 || data[len - 1] != '\n')
		return len;
	end = data[len - 2] == '\r' ? len - 2 : len - 1;
	return end > 0 && data[end - 1] == '\n' ? end : len;
}

/* Set the line that the next message begins with, and its state. */
static void
begin_message(Mailbox *box, const char *from_line, size_t len)
{
	box->from_line = g_strchomp(g_strndup(from_line, len));
	box->after_empty = false;
	box->in_header = true;
}

/*
 * Pass the message to the caller and forget the message.  Returns false if
 * the caller wants no more.
 */
static bool
end_message(Mailbox *box)
{
	const SourceCallbacks *call = &box->source->call;
	RawMessage	raw = {
		.path = box->path,
		.number = box->number,
		.data = box->data->str,
		.len = message_len(box),
		.from_line = box->from_line,
		.flags = maildir_flags(box->path)
	};
	bool		go_on = true;

	if (box->too_long)
		call->trouble(box->path, box->number, MESSAGE_TOO_LONG, call->arg);
	else
		go_on = call->message(&raw, call->arg);
	g_string_truncate(box->data, 0);
	g_free(box->from_line);
	box->from_line = NULL;
	box->too_long = false;
	box->number++;
	return go_on;
}

/* Take the first line, without a byte order mark; decide if it is an mbox. */
static void
take_first_line(Mailbox *box, const char *line, size_t len)
{
	if (len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
	{
		line += 3;
		len -= 3;
	}
	if (len >= 5 && memcmp(line, "From ", 5) == 0)
	{
		box->is_mbox = !g_str_has_suffix(box->path, ".eml");
		begin_message(box, line, len);
	}
	else
		add_bytes(box, line, len);
}

/* Take another line, or a piece of one.  Returns false to end the reading. */
static bool
take_piece(Mailbox *box, const char *piece, size_t len, bool line_start)
{
	bool		empty = line_start && is_empty_line(piece, len);

	if (box->is_mbox && line_start)
	{
		if (begins_message(piece, len, box->after_empty))
		{
			if (!end_message(box))
				return false;
			begin_message(box, piece, len);
			return true;
		}
		if (!box->in_header && is_quoted_from(piece, len))
		{
			piece++;
			len--;
		}
	}
	if (empty)
		box->in_header = false;
	box->after_empty = empty;
	add_bytes(box, piece, len);
	return true;
}

/* Read an open file.  Returns false if message() asked to stop. */
static bool
read_messages(Mailbox *box)
{
	const SourceCallbacks *call = &box->source->call;
	Reader	   *reader = &box->reader;
	bool		line_start;
	const char *piece;
	size_t		len;

	piece = next_piece(reader, &len, &line_start);
	if (piece != NULL)
		take_first_line(box, piece, len);

	/* do not read a message that is too long */
	if (piece != NULL && !box->is_mbox && reader->size > MAX_MESSAGE_BYTES)
	{
		box->too_long = true;
		return end_message(box);
	}
	while ((piece = next_piece(reader, &len, &line_start)) != NULL)
	{
		if (!take_piece(box, piece, len, line_start))
			return false;
	}
	if (ferror(reader->file))
	{
		call->trouble(box->path, 0, g_strerror(errno), call->arg);
		return true;
	}
	return end_message(box);
}

static bool
read_file(Source *source, const char *path)
{
	Mailbox		box = {
		.source = source,
		.path = path,
		.reader = {.at_line_start = true},
		.in_header = true,
		.number = 1
	};
	struct stat st;
	bool		go_on;

	box.reader.file = fopen(path, "rb");
	if (box.reader.file == NULL)
	{
		source->call.trouble(path, 0, g_strerror(errno), source->call.arg);
		return true;
	}
	if (fstat(fileno(box.reader.file), &st) == 0)
		box.reader.size = (size_t) st.st_size;
	box.reader.buf = g_malloc(PIECE_BYTES);
	box.data = g_string_new(NULL);
	go_on = read_messages(&box);
	g_string_free(box.data, TRUE);
	g_free(box.from_line);
	g_free(box.reader.buf);
	fclose(box.reader.file);
	return go_on;
}

/* ---------------------------------------------------------------- folders */

static bool
is_folder(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_maildir(const char *folder)
{
	return is_folder(folder, "cur") && is_folder(folder, "new");
}

/*
 * Return true if an entry of a folder is to be read.  In a Maildir these are
 * cur, new and the folders below (in Maildir++ their names begin with a dot),
 * but no files; elsewhere all entries that are not hidden.
 */
static bool
is_wanted(const char *folder, const char *name, bool maildir)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	if (maildir)
		return strcmp(name, "tmp") != 0 && is_folder(folder, name) &&
			(name[0] != '.' || is_maildir(path));
	return name[0] != '.';
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
read_folder(Source *source, const char *path, const struct stat *st)
{
	char	   *key = g_strdup_printf("%ju:%ju", (uintmax_t) st->st_dev,
									  (uintmax_t) st->st_ino);
	bool		maildir = is_maildir(path);
	bool		go_on = true;
	struct dirent **entries;
	int			n;

	if (!g_hash_table_add(source->folders, key))
		return true;			/* was read, or is just being read */
	n = scandir(path, &entries, NULL, by_name);
	if (n < 0)
	{
		source->call.trouble(path, 0, g_strerror(errno), source->call.arg);
		return true;
	}
	for (int i = 0; i < n; i++)
	{
		const char *name = entries[i]->d_name;

		if (go_on && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		{
			g_autofree char *full = g_build_filename(path, name, NULL);

			if (is_wanted(path, name, maildir))
				go_on = source_read(source, full);
			else if (!(maildir && strcmp(name, "tmp") == 0))
				source->call.skipped(full, source->call.arg);
		}
		free(entries[i]);
	}
	free(entries);
	return go_on;
}

bool
source_read(Source *source, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
	{
		source->call.trouble(path, 0, g_strerror(errno), source->call.arg);
		return true;
	}
	if (S_ISDIR(st.st_mode))
		return read_folder(source, path, &st);
	if (!S_ISREG(st.st_mode))
	{
		source->call.trouble(path, 0, "neither a file nor a folder",
							 source->call.arg);
		return true;
	}
	return read_file(source, path);
}
