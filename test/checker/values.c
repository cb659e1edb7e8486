/*-------------------------------------------------------------------------
 *
 * values.c
 *	  Values that the checker writes into messages, and the model of their
 *	  content: patches, views, edits and merges, without the server.
 *
 * NOTES
 *	  A view is a JSON object of the properties that a client can change.
 *	  Views, edits and their values are shared, and not changed in place once
 *	  another reference to them exists.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"

typedef enum Kind
{
	KIND_TEXT,
	KIND_NUMBER,
	KIND_TIME,
	KIND_RECIPIENTS,
	KIND_ATTACHMENTS,
	KIND_LINES,
	KIND_LARGE_TEXT,
	KIND_LARGE_BINARY
} Kind;

/* The properties that are written, some for each part of a message. */
static const struct
{
	const char *name;
	Kind		kind;
}			properties[] =

{
	{"PR_SUBJECT", KIND_TEXT},
	{"PR_SENDER_NAME", KIND_TEXT},
	{"PR_CONVERSATION_TOPIC", KIND_TEXT},
	{"PR_IMPORTANCE", KIND_NUMBER},
	{"PR_CLIENT_SUBMIT_TIME", KIND_TIME},
	{"PR_MESSAGE_RECIPIENTS", KIND_RECIPIENTS},
	{"PR_MESSAGE_ATTACHMENTS", KIND_ATTACHMENTS},
	{LINES_PROPERTY, KIND_LINES},
	{"PR_TRANSPORT_MESSAGE_HEADERS", KIND_LARGE_TEXT},
	{"PR_BODY", KIND_LARGE_TEXT},
	{"PR_HTML", KIND_LARGE_BINARY},
	{"PR_RTF_COMPRESSED", KIND_LARGE_BINARY}
};

/* Lists of objects, and the property that numbers them. */
static const char *const lists[][2] = {
	{"PR_MESSAGE_RECIPIENTS", "PR_ROWID"},
	{"PR_MESSAGE_ATTACHMENTS", "PR_ATTACH_NUM"}
};

/* A message has one body: setting one form deletes the others. */
static const char *const bodies[] = {
	"PR_BODY", "PR_HTML", "PR_RTF_COMPRESSED"
};

/* Properties that the store computes. */
static const char *const computed[] = {
	"PR_ENTRYID", "PR_PARENT_ENTRYID", "PR_STORE_ENTRYID", "PR_SOURCE_KEY",
	"PR_PARENT_SOURCE_KEY", "PidTagChangeNumber", "PR_CHANGE_KEY",
	"PR_PREDECESSOR_CHANGE_LIST", "PR_CREATION_TIME",
	"PR_LAST_MODIFICATION_TIME", "PR_LOCAL_COMMIT_TIME",
	"PR_LAST_MODIFIER_NAME", "PR_DELETED_ON", "PR_MESSAGE_FLAGS",
	"PR_MESSAGE_SIZE", "PR_MESSAGE_SIZE_EXTENDED", "PR_HASATTACH",
	"PR_ACCESS", "PR_ACCESS_LEVEL", "PR_DISPLAY_TO", "PR_DISPLAY_CC",
	"PR_DISPLAY_BCC", "PR_READ", "PR_MSG_STATUS", "PR_OBJECT_TYPE",
	"PR_RECORD_KEY", "PR_STORE_RECORD_KEY", "PR_HAS_NAMED_PROPERTIES",
	"PR_NATIVE_BODY_INFO", "PR_CREATOR_NAME", "PR_CREATOR_ENTRYID",
	"PR_SUBJECT_PREFIX", "PR_NORMALIZED_SUBJECT"
};

/* Properties that the store gives to attachments whose list leaves them out. */
static const char *const given[] = {
	"PR_CREATION_TIME", "PR_LAST_MODIFICATION_TIME", "PR_RENDERING_POSITION"
};

/* ------------------------------------------------------------------ chance */

/* splitmix64 */
static uint64_t
random_bits(Random *random)
{
	uint64_t	z = (random->state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

int
random_below(Random *random, int n)
{
	return (int) (random_bits(random) % (uint64_t) n);
}

bool
chance(Random *random, int percent)
{
	return random_below(random, 100) < percent;
}

/* ------------------------------------------------------------------ values */

/*
 * Return a text that is like no other, or one of a few, so that sometimes two
 * clients write equal texts.
 */
static json_t *
random_text(Random *random)
{
	char		text[64];

	if (chance(random, 20))
		return json_string(chance(random, 50) ? "the same" : "");
	snprintf(text, sizeof(text), "%s %llx",
			 chance(random, 50) ? "plain" : "\xC3\xBC \"\\\t",
			 (unsigned long long) random_bits(random));
	return json_string(text);
}

/*
 * Return characters of base64, in fours, which are a text and, decoded, bytes.
 * One in six is so long, and so hard to compress, that it is stored out of line.
 */
static json_t *
random_large(Random *random)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char		text[6001];
	int			size;

	if (chance(random, 10))
		return json_string("AAAA");
	size = chance(random, 15) ? 3000 + 4 * random_below(random, 750) :
		4 * (1 + random_below(random, 40));
	for (int i = 0; i < size; i++)
		text[i] = alphabet[random_below(random, 64)];
	text[size] = '\0';
	return json_string(text);
}

static json_t *
random_recipients(Random *random)
{
	json_t	   *list = json_array();
	int			count = random_below(random, 4);

	for (int i = 0; i < count; i++)
		json_array_append_new(list,
							  json_pack("{s:i, s:i, s:o}",
										"PR_ROWID", i,
										"PR_RECIPIENT_TYPE",
										1 + random_below(random, 3),
										"PR_DISPLAY_NAME",
										random_text(random)));
	return list;
}

/* Return a list of attachments, too small to become blobs. */
static json_t *
random_attachments(Random *random)
{
	json_t	   *list = json_array();
	int			count = random_below(random, 4);

	for (int i = 0; i < count; i++)
	{
		json_t	   *data = random_large(random);

		json_array_append_new(list,
							  json_pack("{s:i, s:i, s:i, s:o, s:o}",
										"PR_ATTACH_NUM", i,
										"PR_ATTACH_METHOD", 1,
										"PR_ATTACH_SIZE",
										(int) json_string_length(data) / 4 * 3,
										"PR_ATTACH_FILENAME",
										random_text(random),
										"PR_ATTACH_DATA_BIN", data));
	}
	return list;
}

/*
 * A text of lines: NUM_LINES of them have values, and unlike lines between
 * them, which never change, so that texts are merged value by value.
 */
#define NUM_LINES	3
#define LINES_FORMAT "first=%d\n-\n--\nsecond=%d\n---\n----\nthird=%d\n"

static json_t *
text_of_lines(const int *lines)
{
	char		text[128];

	snprintf(text, sizeof(text), LINES_FORMAT, lines[0], lines[1], lines[2]);
	return json_string(text);
}

/* Get the values of a text of lines; return false if it is none. */
static bool
read_lines(const json_t *value, int *lines)
{
	const char *text = json_string_value(value);

	return text != NULL && sscanf(text, LINES_FORMAT, &lines[0], &lines[1],
								  &lines[2]) == NUM_LINES;
}

json_t *
random_line(Random *random, const json_t *view)
{
	int			lines[NUM_LINES];

	if (!read_lines(json_object_get(view, LINES_PROPERTY), lines))
		memset(lines, 0, sizeof(lines));
	lines[random_below(random, NUM_LINES)] = random_below(random, 1000);
	return json_pack("{s:o}", LINES_PROPERTY, text_of_lines(lines));
}

json_t *
merged_lines(const json_t *base, const json_t *theirs, const json_t *yours)
{
	int			was[NUM_LINES];
	int			others[NUM_LINES];
	int			mine[NUM_LINES];

	if (!read_lines(base, was) || !read_lines(theirs, others) ||
		!read_lines(yours, mine))
		return NULL;
	for (int i = 0; i < NUM_LINES; i++)
	{
		if (mine[i] == was[i])
			mine[i] = others[i];
		else if (others[i] != was[i] && others[i] != mine[i])
			return NULL;
	}
	return text_of_lines(mine);
}

static json_t *
random_value(Random *random, Kind kind)
{
	int			lines[NUM_LINES] = {0};
	char		time[64];

	switch (kind)
	{
		case KIND_TEXT:
			return random_text(random);
		case KIND_NUMBER:
			return json_integer(random_below(random, 3));
		case KIND_TIME:
			snprintf(time, sizeof(time), "2024-05-%02dT10:%02d:00.0000000Z",
					 1 + random_below(random, 28), random_below(random, 60));
			return json_string(time);
		case KIND_RECIPIENTS:
			return random_recipients(random);
		case KIND_ATTACHMENTS:
			return random_attachments(random);
		case KIND_LINES:
			lines[random_below(random, NUM_LINES)] = random_below(random, 1000);
			return text_of_lines(lines);
		case KIND_LARGE_TEXT:
		case KIND_LARGE_BINARY:
			break;
	}
	return random_large(random);
}

json_t *
random_patch(Random *random)
{
	json_t	   *patch = json_object();
	int			count = 1 + random_below(random, 3);

	for (int i = 0; i < count; i++)
	{
		int			p = random_below(random, lengthof(properties));

		json_object_set_new(patch, properties[p].name,
							chance(random, 12) ? json_null() :
							random_value(random, properties[p].kind));
	}
	return patch;
}

json_t *
random_names(Random *random)
{
	json_t	   *patch = random_patch(random);
	json_t	   *names = json_array();
	const char *name;
	json_t	   *value;

	json_object_foreach(patch, name, value)
		json_array_append_new(names, json_string(name));
	json_decref(patch);
	return names;
}

/* -------------------------------------------------------------- arithmetic */

void
edits_add(json_t *edits, const json_t *patch)
{
	bool		body = false;

	for (size_t i = 0; i < lengthof(bodies); i++)
	{
		json_t	   *value = json_object_get(patch, bodies[i]);

		body = body || (value != NULL && !json_is_null(value));
	}
	for (size_t i = 0; body && i < lengthof(bodies); i++)
		json_object_set_new(edits, bodies[i], json_null());
	json_object_update(edits, (json_t *) patch);
}

json_t *
view_with(const json_t *base, const json_t *edits)
{
	json_t	   *view = json_copy((json_t *) base);
	const char *name;
	json_t	   *value;

	json_object_foreach((json_t *) edits, name, value)
	{
		if (json_is_null(value))
			json_object_del(view, name);
		else
			json_object_set(view, name, value);
	}
	return view;
}

static json_int_t
number_in(const json_t *object, const char *by)
{
	return json_integer_value(json_object_get(object, by));
}

/* Return the object of a number in a list, or NULL; the list may be NULL. */
static json_t *
numbered(const json_t *list, const char *by, json_int_t number)
{
	for (size_t i = 0; i < json_array_size(list); i++)
	{
		if (number_in(json_array_get(list, i), by) == number)
			return json_array_get(list, i);
	}
	return NULL;
}

static bool
same_or_none(const json_t *a, const json_t *b)
{
	return a == b || json_equal(a, b);
}

/* Return the first number past those of a list, and not before "least". */
static json_int_t
next_number(const json_t *list, const char *by, json_int_t least)
{
	for (size_t i = 0; i < json_array_size(list); i++)
	{
		json_int_t	number = number_in(json_array_get(list, i), by);

		least = number >= least ? number + 1 : least;
	}
	return least;
}

/* Replace the object of a number in a list, or add it; NULL takes it out. */
static void
replace_object(json_t *list, const char *by, json_int_t number,
			   json_t *object)
{
	for (size_t i = 0; i < json_array_size(list); i++)
	{
		if (number_in(json_array_get(list, i), by) != number)
			continue;
		if (object == NULL)
			json_array_remove(list, i);
		else
			json_array_set(list, i, object);
		return;
	}
}

/* Sort a list by number, as recipients are. */
static void
sort_by_number(json_t *list, const char *by)
{
	for (size_t i = 1; i < json_array_size(list); i++)
	{
		json_t	   *object = json_incref(json_array_get(list, i));
		size_t		at = i;

		while (at > 0 && number_in(json_array_get(list, at - 1), by) >
			   number_in(object, by))
			at--;
		json_array_remove(list, i);
		json_array_insert_new(list, at, object);
	}
}

/*
 * Merge two lists, object by object, by the rule of merging in src/README.md.
 * Returns NULL if both sides changed one object.
 */
static json_t *
merged_list(const json_t *base, const json_t *theirs, const json_t *yours,
			const char *by)
{
	json_t	   *result = theirs == NULL ? json_array() :
		json_copy((json_t *) theirs);
	json_int_t	next = next_number(theirs, by, next_number(yours, by, 0));

	for (size_t i = 0; i < json_array_size(base); i++)
	{
		json_t	   *was = json_array_get(base, i);
		json_int_t	number = number_in(was, by);
		json_t	   *mine = numbered(yours, by, number);
		json_t	   *other = numbered(theirs, by, number);

		if (same_or_none(was, mine) || same_or_none(mine, other))
			continue;
		if (!same_or_none(was, other))
		{
			json_decref(result);
			return NULL;
		}
		replace_object(result, by, number, mine);
	}
	for (size_t i = 0; i < json_array_size(yours); i++)
	{
		json_t	   *mine = json_array_get(yours, i);
		json_int_t	number = number_in(mine, by);
		json_t	   *other = numbered(theirs, by, number);

		if (numbered(base, by, number) != NULL || same_or_none(mine, other))
			continue;
		mine = json_copy(mine);
		if (other != NULL)
			json_object_set_new(mine, by, json_integer(next++));
		json_array_append_new(result, mine);
	}
	if (strcmp(by, "PR_ROWID") == 0)
		sort_by_number(result, by);
	return result;
}

bool
is_list(const char *name)
{
	for (size_t i = 0; i < lengthof(lists); i++)
	{
		if (strcmp(lists[i][0], name) == 0)
			return true;
	}
	return false;
}

json_t *
merged_view(const json_t *base, const json_t *theirs, const json_t *edits)
{
	json_t	   *view = view_with(theirs, edits);

	for (size_t i = 0; view != NULL && i < lengthof(lists); i++)
	{
		const char *name = lists[i][0];
		json_t	   *yours = json_object_get(edits, name);
		bool		deleted = json_is_null(yours);
		json_t	   *list;

		if (yours == NULL)
			continue;
		list = merged_list(json_object_get(base, name),
						   json_object_get(theirs, name),
						   deleted ? NULL : yours, lists[i][1]);
		if (list == NULL)
		{
			json_decref(view);
			view = NULL;
		}
		else if (json_array_size(list) == 0 && deleted)
			json_object_del(view, name);
		else
			json_object_set(view, name, list);
		json_decref(list);
	}
	return view;
}

/* Return a list of attachments as the client set it. */
static json_t *
attachments_of(const json_t *list)
{
	json_t	   *result = json_array();

	for (size_t i = 0; i < json_array_size(list); i++)
	{
		json_t	   *attachment = json_copy(json_array_get(list, i));

		for (size_t j = 0; j < lengthof(given); j++)
			json_object_del(attachment, given[j]);
		json_array_append_new(result, attachment);
	}
	return result;
}

json_t *
content_of(const json_t *shown)
{
	json_t	   *content = json_copy((json_t *) shown);
	json_t	   *list = json_object_get(content, "PR_MESSAGE_ATTACHMENTS");

	for (size_t i = 0; i < lengthof(computed); i++)
		json_object_del(content, computed[i]);
	if (list != NULL)
		json_object_set_new(content, "PR_MESSAGE_ATTACHMENTS",
							attachments_of(list));
	return content;
}

/* Return FNV-1a of the content as text, keys in order. */
uint64_t
content_hash(const json_t *content)
{
	char	   *text = json_dumps(content, JSON_SORT_KEYS | JSON_COMPACT);
	uint64_t	hash = UINT64_C(0xCBF29CE484222325);

	if (text == NULL)
		die("out of memory");
	for (const char *p = text; *p != '\0'; p++)
		hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001B3);
	free(text);
	return hash;
}

int64_t
number_of(const json_t *shown)
{
	return json_integer_value(json_object_get(shown, "PidTagChangeNumber"));
}

bool
same_content(const json_t *a, const json_t *b, const char **where)
{
	const char *name;
	json_t	   *value;

	json_object_foreach((json_t *) a, name, value)
	{
		*where = name;
		if (!json_equal(value, json_object_get(b, name)))
			return false;
	}
	json_object_foreach((json_t *) b, name, value)
	{
		*where = name;
		if (json_object_get(a, name) == NULL)
			return false;
	}
	return true;
}
