/*-------------------------------------------------------------------------
 *
 * folder.c
 *	  The names by which users name folders, and "msgstore folders".
 *
 * NOTES
 *	  A path has the names of folders from below the root on, with "/" between
 *	  them.  A folder below a folder that the user does not see is at the top.
 *	  A name with a "/" in it is part of a path as it is; if two folders have
 *	  equal paths for that reason, their ids tell them apart.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <string.h>

#include "draft.h"

/* SQLSTATE of MAPI_E_COLLISION: the name is in use */
#define COLLISION		"MA604"

/*
 * The folders of store $1 that the user sees, with some columns, as f, and
 * their paths, as p.
 */
#define FOLDERS_WITH_PATHS(columns) \
	"WITH RECURSIVE f AS MATERIALIZED" \
	" (SELECT folder_id, parent_id, name, special" columns \
	" FROM msgstore.folder_list" \
	" WHERE store_id OPERATOR(pg_catalog.=) $1), p AS" \
	" (SELECT f.folder_id, CASE WHEN f.special OPERATOR(pg_catalog.=) 'Root'" \
	" THEN '' ELSE f.name END AS path" \
	" FROM f WHERE f.parent_id IS NULL" \
	" UNION ALL SELECT f.folder_id, CASE WHEN p.path OPERATOR(pg_catalog.=) ''" \
	" THEN f.name ELSE p.path OPERATOR(pg_catalog.||) '/'" \
	" OPERATOR(pg_catalog.||) f.name END" \
	" FROM f JOIN p ON f.parent_id OPERATOR(pg_catalog.=) p.folder_id) "

/* The columns of the folders that are looked for. */
enum
{
	FOLDER_ID,
	FOLDER_PATH,
	FOLDER_NAME,
	FOLDER_SPECIAL
};

/* Return the folders of a store.  NULL after printing an error. */
static PGresult *
read_folders(msgstore *ms, int64_t store_id)
{
	g_autofree char *store = g_strdup_printf("%" PRId64, store_id);
	const char *values[] = {store};
	PGresult   *rows = msgstore_query(ms, "*nttt?", FOLDERS_WITH_PATHS("")
									  "SELECT f.folder_id, p.path, f.name,"
									  " f.special FROM f JOIN p ON f.folder_id"
									  " OPERATOR(pg_catalog.=) p.folder_id"
									  " ORDER BY f.folder_id", 1, values);

	if (rows == NULL)
		session_print_error(ms, "could not look for the folder");
	return rows;
}

/* Return true if a text is an id, and no path. */
static bool
is_id(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Return the row of a path; -1 if there is no such folder, -2 for several. */
static int
row_of_path(const PGresult *rows, const char *path)
{
	int			found = -1;

	for (int row = 0; row < PQntuples(rows); row++)
	{
		if (strcmp(msgstore_text_at(rows, row, FOLDER_PATH), path) != 0)
			continue;
		if (found >= 0)
			return -2;
		found = row;
	}
	return found;
}

/*
 * Return the path that a text means: without slashes at its ends, and with the
 * path of a standard folder in place of the folder's standard name, unless the
 * text begins with "/" or a folder at the top has that name.
 */
static char *
meant_path(const PGresult *rows, const char *text)
{
	g_autofree char *path = g_strdup(text + strspn(text, "/"));
	g_autofree char *first = NULL;
	size_t		len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
	first = g_strndup(path, strcspn(path, "/"));
	if (*text == '/' || row_of_path(rows, first) != -1)
		return g_steal_pointer(&path);
	for (int row = 0; row < PQntuples(rows); row++)
	{
		const char *special = msgstore_text_at(rows, row, FOLDER_SPECIAL);
		const char *place = msgstore_text_at(rows, row, FOLDER_PATH);
		const char *rest = path + strlen(first);

		if (special == NULL || strcmp(special, first) != 0)
			continue;
		return *place == '\0' ? g_strdup(rest + (*rest == '/')) :
			g_strconcat(place, rest, NULL);
	}
	return g_steal_pointer(&path);
}

/* -------------------------------------------------------------- no folder */

/* Return the n-th name for a guess: the paths, then the standard names. */
static const char *
nth_name(const void *arg, int n)
{
	const PGresult *rows = arg;
	int			count = PQntuples(rows);

	if (n >= 2 * count)
		return NULL;
	if (n < count)
		return msgstore_text_at(rows, n, FOLDER_PATH);
	return msgstore_text_at(rows, n - count, FOLDER_SPECIAL) ?
		msgstore_text_at(rows, n - count, FOLDER_SPECIAL) : "";
}

/*
 * Return the path that a user may have meant: one that differs in case, one
 * that ends with the name, or one that is spelled alike.  NULL if there is no
 * such path.
 */
static const char *
guess(const PGresult *rows, const char *text)
{
	g_autofree char *folded = g_utf8_casefold(text, -1);

	for (int pass = 0; pass < 2; pass++)
	{
		for (int row = 0; row < PQntuples(rows); row++)
		{
			const char *path = msgstore_text_at(rows, row, FOLDER_PATH);
			g_autofree char *other =
				g_utf8_casefold(pass == 0 ? path :
								msgstore_text_at(rows, row, FOLDER_NAME), -1);

			if (strcmp(folded, other) == 0 && *path != '\0')
				return path;
		}
	}
	return option_meant(text, nth_name, rows);
}

static void
print_no_folder(const PGresult *rows, const char *text, bool several)
{
	g_autofree char *shown = show_name(text);
	const char *meant = several || is_id(text) ? NULL : guess(rows, text);
	g_autofree char *typed = meant ? g_strconcat(is_id(meant) ? "/" : "",
												 meant, NULL) : NULL;
	g_autofree char *path = typed ? show_name(typed) : NULL;

	if (several)
		print_error("there are several folders %s; give the id of one, as "
					"\"msgstore folders\" lists them", shown);
	else
		print_error("there is no folder %s", shown);
	if (path != NULL)
		print_err("Did you mean %s?\n", path);
}

/* ---------------------------------------------------------- find and make */

/* Return the row of the folder that a text means, as row_of_path() does. */
static int
meant_row(const PGresult *rows, const char *text)
{
	g_autofree char *path = NULL;

	if (!is_id(text))
	{
		path = meant_path(rows, text);
		return row_of_path(rows, path);
	}
	for (int row = 0; row < PQntuples(rows); row++)
	{
		g_autofree char *id =
			g_strdup_printf("%" PRId64, msgstore_number_at(rows, row,
														   FOLDER_ID));

		if (strcmp(id, text) == 0)
			return row;
	}
	return -1;
}

bool
folder_find(msgstore *ms, int64_t store_id, const char *name,
			int64_t *folder_id)
{
	const char *text = name ? name : "Inbox";
	PGresult   *rows = read_folders(ms, store_id);
	int			row = rows ? meant_row(rows, text) : -1;

	if (row >= 0)
		*folder_id = msgstore_number_at(rows, row, FOLDER_ID);
	else if (rows != NULL)
		print_no_folder(rows, text, row == -2);
	PQclear(rows);
	return row >= 0;
}

/*
 * Find the longest part of a path that is there, at least the root.  Returns
 * its length, and its row as row_of_path() does.
 */
static size_t
known_part(const PGresult *rows, const char *path, int *row)
{
	size_t		len = strlen(path);

	for (;;)
	{
		g_autofree char *part = g_strndup(path, len);

		*row = row_of_path(rows, part);
		if (*row != -1 || len == 0)
			return len;
		while (--len > 0 && path[len] != '/')
			continue;
	}
}

/* Create a folder, or find the one that others have just created. */
static bool
make_one(msgstore *ms, int64_t store_id, const char *name, int64_t *id)
{
	int64_t		parent_id = *id;
	bool		found;

	return msgstore_create_folder(ms, store_id, parent_id, name, id) ||
		(strcmp(msgstore_last_error(ms)->sqlstate, COLLISION) == 0 &&
		 msgstore_find_folder(ms, store_id, parent_id, name, &found, id) &&
		 found);
}

/*
 * Create the folders of a path that are missing.  Returns false after printing
 * an error.
 */
static bool
make_path(msgstore *ms, int64_t store_id, const PGresult *rows,
		  const char *path, int64_t *folder_id)
{
	int			row;
	const char *p = path + known_part(rows, path, &row);

	if (row < 0)
	{
		print_no_folder(rows, path, row == -2);
		return false;
	}
	*folder_id = msgstore_number_at(rows, row, FOLDER_ID);
	while (*(p += strspn(p, "/")) != '\0')
	{
		g_autofree char *name = g_strndup(p, strcspn(p, "/"));

		if (!make_one(ms, store_id, name, folder_id))
		{
			session_print_error(ms, "could not create the folder");
			return false;
		}
		p += strlen(name);
	}
	return true;
}

bool
folder_make(msgstore *ms, int64_t store_id, const char *name,
			int64_t *folder_id)
{
	PGresult   *rows;
	g_autofree char *path = NULL;
	bool		made;

	if (name == NULL || is_id(name))
		return folder_find(ms, store_id, name, folder_id);
	rows = read_folders(ms, store_id);
	if (rows == NULL)
		return false;
	path = meant_path(rows, name);
	made = make_path(ms, store_id, rows, path, folder_id);
	PQclear(rows);
	return made;
}

/* ----------------------------------------------------------------- command */

typedef struct FolderOptions
{
	Target		target;
	bool		json;
} FolderOptions;

static const Column folder_columns[] = {
	{"folder_id", "FOLDER", COLUMN_NUMBER},
	{"content_count", "MESSAGES", COLUMN_NUMBER},
	{"unread", "UNREAD", COLUMN_NUMBER},
	{"is_search", "search", COLUMN_FLAG},
	{"path", "PATH", COLUMN_TEXT},
	{"name", "", COLUMN_HIDDEN},
	{"parent_id", "", COLUMN_HIDDEN_NUMBER},
	{"special", "", COLUMN_HIDDEN},
	{NULL}
};

static int
run_folders(const void *arg, char *const *args, int nargs)
{
	const FolderOptions *options = arg;
	Session		session;
	g_autofree char *store = NULL;
	const char *values[1];
	PGresult   *rows;
	int			code = EXIT_TROUBLE;

	(void) args;
	(void) nargs;
	if (!session_begin(&session, &options->target, "msgstore folders"))
		return EXIT_TROUBLE;
	store = g_strdup_printf("%" PRId64, session.store_id);
	values[0] = store;
	rows = msgstore_query(session.ms, "*nnnbttn?t?", FOLDERS_WITH_PATHS
						  (", content_count, unread, is_search")
						  "SELECT f.folder_id, f.content_count, f.unread,"
						  " f.is_search, CASE WHEN"
						  " p.path OPERATOR(pg_catalog.=) '' THEN '/'"
						  " ELSE p.path END, f.name, f.parent_id, f.special"
						  " FROM f JOIN p ON f.folder_id"
						  " OPERATOR(pg_catalog.=) p.folder_id"
						  " ORDER BY p.path COLLATE pg_catalog.\"C\"", 1,
						  values);
	if (rows == NULL)
		session_print_error(session.ms, "could not list the folders");
	else if (table_print(folder_columns, rows, options->json))
		code = EXIT_DONE;
	PQclear(rows);
	session_end(&session);
	return code;
}

static const Option folders_options[] = {
	JSON_OPTION(FolderOptions),
	{.name = NULL}
};

const Command command_folders = {
	.name = "folders",
	.summary = "list the folders of a store",
	.usage = "[OPTION]...",
	.description = "Lists the folders that you see, with the numbers of their "
	"messages and of those that you have not read.",
	.options = folders_options,
	.notes = FOLDER_NOTES,
	.exits = {
		[EXIT_DONE] = "listed",
		[EXIT_TROUBLE] = "bad usage, no connection, or an error"
	},
	.needs = NEEDS_STORE,
	.args_error = "folders takes no arguments",
	.size = sizeof(FolderOptions),
	.run = run_folders
};
