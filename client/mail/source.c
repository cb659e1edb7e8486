/*-------------------------------------------------------------------------
 *
 * source.c
 *	  Finds the messages under a path: message files, mbox files, Maildir
 *	  folders, and folders of these.
 *
 * NOTES
 *	  A file is an mbox if its first line is a From_ line and its name does not
 *	  end in ".eml".  Any other file is one message; some programs write a
 *	  From_ line in front of such a message, which is removed.
 *
 *	  Within an mbox a message begins
 *	  - after an empty line, at "From " with a time of day in the line, or
 *		with one address and nothing else;
 *	  - elsewhere, at "From " with the whole of "Tue Jun 13 19:17:21 2017".
 *	  The empty line before a From_ line belongs to no message.  A line of text
 *	  that begins with "From " is written as ">From "; one ">" is removed.
 *
 *	  Files are read in pieces of at most 64 KB; one message is in memory at
 *	  a time, and at most MAX_MESSAGE_BYTES of the message.
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
	GHashTable *folders;		/* "device:inode" of every folder read */
	bool		follow_links;	/* follow links out of the current path */
	char	   *root;			/* the current path, links resolved */
};

/* A file that is read by lines; a line longer than a piece is several. */
typedef struct Reader
{
	FILE	   *file;
	char	   *buf;			/* PIECE_BYTES */
	size_t		have;			/* bytes in buf */
	size_t		pos;			/* bytes of these that were returned */
	bool		at_line_start;	/* the next piece begins a line */
	size_t		size;			/* of the file */
} Reader;

/* The message that is being read. */
typedef struct Builder
{
	GString    *data;
	char	   *from_line;
	unsigned	number;
	bool		too_long;
} Builder;

Source *
source_new(const SourceCallbacks *callbacks, bool follow_links)
{
	Source	   *source = g_new(Source, 1);

	source->call = *callbacks;
	source->follow_links = follow_links;
	source->root = NULL;
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
 * Return the next line, line end included, or the next piece of a long line.
 * Returns NULL at the end of the file, or on a read error (see ferror()).
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

/* Return the Maildir flags after ":2," in a file name, or NULL. */
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

static void
add_bytes(Builder *builder, const char *bytes, size_t len)
{
	if (builder->data->len + len > MAX_MESSAGE_BYTES)
		builder->too_long = true;
	else
		g_string_append_len(builder->data, bytes, (gssize) len);
}

/* Pass the message to the callback, and begin the next message. */
static bool
hand_on(Source *source, const char *path, Builder *builder, bool in_mbox)
{
	RawMessage	raw = {path, builder->number, builder->data->str,
	builder->data->len, builder->from_line, maildir_flags(path)};
	bool		go_on = true;

	/* leave out the empty line before the next From_ line */
	if (in_mbox && raw.len >= 2 && raw.data[raw.len - 1] == '\n')
	{
		size_t		end = raw.len - 1;

		if (raw.data[end - 1] == '\r')
			end--;
		if (end > 0 && raw.data[end - 1] == '\n')
			raw.len = end;
	}
	if (builder->too_long)
		source->call.trouble(path, builder->number, MESSAGE_TOO_LONG,
							 source->call.arg);
	else
		go_on = source->call.message(&raw, source->call.arg);
	g_string_truncate(builder->data, 0);
	g_free(builder->from_line);
	builder->from_line = NULL;
	builder->too_long = false;
	builder->number++;
	return go_on;
}

/*
 * Take a byte order mark off the first line.  Returns true if the line is a
 * From_ line, which is then remembered.
 */
static bool
take_first_line(Builder *builder, const char **line, size_t *len)
{
	if (*len >= 3 && memcmp(*line, "\xEF\xBB\xBF", 3) == 0)
	{
		*line += 3;
		*len -= 3;
	}
	if (*len >= 5 && memcmp(*line, "From ", 5) == 0)
	{
		builder->from_line = g_strchomp(g_strndup(*line, *len));
		return true;
	}
	return false;
}

/* Read an open file.  Returns false if message() returned false. */
static bool
read_messages(Source *source, const char *path, Reader *reader)
{
	Builder		builder = {g_string_new(NULL), NULL, 1, false};
	bool		in_mbox = false;
	bool		after_empty = false;
	bool		in_header = true;
	bool		first = true;
	bool		go_on = true;
	bool		line_start;
	const char *piece;
	size_t		len;

	while (go_on && (piece = next_piece(reader, &len, &line_start)) != NULL)
	{
		bool		empty = line_start && (piece[0] == '\n' ||
										   (len == 2 && piece[0] == '\r'));

		if (first)
		{
			first = false;
			if (take_first_line(&builder, &piece, &len))
			{
				in_mbox = !g_str_has_suffix(path, ".eml");
				continue;
			}
		}
		else if (in_mbox && line_start &&
				 begins_message(piece, len, after_empty))
		{
			go_on = hand_on(source, path, &builder, in_mbox);
			builder.from_line = g_strchomp(g_strndup(piece, len));
			after_empty = false;
			in_header = true;
			continue;
		}
		if (in_mbox && line_start && !in_header)
		{
			size_t		quotes = 0;

			while (quotes < len && piece[quotes] == '>')
				quotes++;
			if (quotes > 0 && len - quotes >= 5 &&
				memcmp(piece + quotes, "From ", 5) == 0)
			{
				piece++;
				len--;
			}
		}
		if (!in_mbox && reader->size > MAX_MESSAGE_BYTES)
		{
			builder.too_long = true;	/* the rest does not matter */
			break;
		}
		if (empty)
			in_header = false;
		after_empty = empty;
		add_bytes(&builder, piece, len);
	}
	if (go_on && ferror(reader->file))
		source->call.trouble(path, 0, g_strerror(errno), source->call.arg);
	else if (go_on)
		go_on = hand_on(source, path, &builder, in_mbox);
	g_string_free(builder.data, TRUE);
	g_free(builder.from_line);
	return go_on;
}

/* Read a file, or standard input by the name "-". */
static bool
read_file(Source *source, const char *path)
{
	Reader		reader = {.at_line_start = true};
	struct stat st;
	bool		go_on;

	reader.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (reader.file == NULL)
	{
		source->call.trouble(path, 0, g_strerror(errno), source->call.arg);
		return true;
	}
	if (fstat(fileno(reader.file), &st) == 0 && S_ISREG(st.st_mode))
		reader.size = (size_t) st.st_size;
	reader.buf = g_malloc(PIECE_BYTES);
	go_on = read_messages(source, path, &reader);
	g_free(reader.buf);
	if (reader.file != stdin)
		fclose(reader.file);
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
 * Return true if an entry of a folder is read: in a Maildir, cur, new and the
 * folders below (whose names in Maildir++ begin with a dot), and none of the
 * files beside these folders; elsewhere, every entry that is not hidden.
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

/* Return true if a path is a symbolic link that leads out of the root. */
static bool
leads_out(const Source *source, const char *path)
{
	struct stat st;
	char	   *target;
	size_t		len;
	bool		out;

	if (source->follow_links || lstat(path, &st) != 0 ||
		!S_ISLNK(st.st_mode))
		return false;
	target = realpath(path, NULL);
	if (target == NULL || source->root == NULL)
	{
		free(target);
		return false;			/* the link is broken */
	}
	len = strlen(source->root);
	out = strncmp(target, source->root, len) != 0 ||
		(target[len] != '\0' && target[len] != '/' &&
		 source->root[len - 1] != '/');
	free(target);
	return out;
}

static bool source_read_below(Source *source, const char *path);

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
		return true;			/* the folder was read, or is being read */
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

			if (leads_out(source, full))
				source->call.trouble(full, 0, "a symbolic link out of the "
									 "folder (option --follow-links)",
									 source->call.arg);
			else if (is_wanted(path, name, maildir))
				go_on = source_read_below(source, full);
			else if (!(maildir && strcmp(name, "tmp") == 0))
				source->call.skipped(full, source->call.arg);
		}
		free(entries[i]);
	}
	free(entries);
	return go_on;
}

static bool
source_read_below(Source *source, const char *path)
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

bool
source_read(Source *source, const char *path)
{
	bool		go_on;

	if (strcmp(path, "-") == 0)
		return read_file(source, path);
	source->root = realpath(path, NULL);
	go_on = source_read_below(source, path);
	free(source->root);
	source->root = NULL;
	return go_on;
}
