/*-------------------------------------------------------------------------
 *
 * subject.c
 *	  The subject of a message: PR_SUBJECT, which is PR_SUBJECT_PREFIX followed
 *	  by PR_NORMALIZED_SUBJECT.
 *
 * NOTES
 *	  A bag contains PR_SUBJECT.  Prefix and normalized subject are computed
 *	  from PR_SUBJECT: a prefix is one to three letters, a colon and a blank
 *	  (R1239).  A bag contains PR_SUBJECT_PREFIX as well if the client has given
 *	  another prefix, as in "Antwort: "; PR_SUBJECT then begins with that
 *	  prefix.  A bag never contains PR_NORMALIZED_SUBJECT.
 *
 *	  A patch may set prefix and normalized subject, one or both of them (R1801,
 *	  R1802).  Before the patch is applied to a bag, subject_complete() replaces
 *	  them by PR_SUBJECT.  If one of them is missing, it is taken from the bag.
 *	  While the bag is not known, as in pending edits, the patch contains them
 *	  as the client gave them.
 *
 *	  A PR_SUBJECT that is a blob has no prefix.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "mb/pg_wchar.h"

static const char *const subject_name = "PR_SUBJECT";
static const char *const prefix_name = "PR_SUBJECT_PREFIX";
static const char *const normalized_name = "PR_NORMALIZED_SUBJECT";

/* the longest prefix, in letters */
#define PREFIX_LETTERS	3

/* A member of a bag or of a patch, if there is one. */
typedef struct Found
{
	bool		there;
	JsonbValue	value;			/* jbvNull: the patch deletes the member */
} Found;

/* The parts of the subject that a bag or a patch contains. */
typedef struct Subject
{
	Found		whole;
	Found		prefix;
	Found		normalized;
} Subject;

/* A part of the subject that is known, or not known. */
typedef struct Piece
{
	bool		known;
	const char *text;
	int			len;
} Piece;

bool
subject_named(const char *name)
{
	return strcmp(name, subject_name) == 0 ||
		strcmp(name, prefix_name) == 0 || strcmp(name, normalized_name) == 0;
}

bool
subject_touched(const Jsonb *patch)
{
	JsonbValue	value;

	return bag_find(patch, subject_name, &value) ||
		bag_find(patch, prefix_name, &value) ||
		bag_find(patch, normalized_name, &value);
}

/* -------------------------------------------------------------- the prefix */

/*
 * Return true if a character is a letter.  Beyond ASCII, every character from
 * U+00C0 on counts as a letter, except for the two blocks of punctuation and
 * the full-width forms of ASCII's punctuation.
 */
static bool
is_letter(pg_wchar c)
{
	if (c < 0x80)
		return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	return c >= 0xC0 && c != 0xD7 && c != 0xF7 &&
		!(c >= 0x2000 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x303F) &&
		!(c >= 0xFF00 && c <= 0xFF20);
}

/* Return the length of the prefix that a subject of len bytes begins with. */
static int
computed_prefix(const char *subject, int len)
{
	int			at = 0;
	int			letters = 0;

	while (at < len && letters <= PREFIX_LETTERS && subject[at] != ':')
	{
		const unsigned char *c = (const unsigned char *) subject + at;

		if (!is_letter(utf8_to_unicode(c)))
			return 0;
		letters++;
		at += pg_utf_mblen(c);
	}
	return letters >= 1 && letters <= PREFIX_LETTERS && at + 1 < len &&
		subject[at] == ':' && subject[at + 1] == ' ' ? at + 2 : 0;
}

/*
 * Return the length of the prefix of a subject: of the given prefix, unless
 * that is NULL or the subject does not begin with it.
 */
static int
prefix_length(const JsonbValue *subject, const JsonbValue *given)
{
	const char *text = subject->val.string.val;
	int			len = subject->val.string.len;

	if (given != NULL && given->type == jbvString &&
		given->val.string.len <= len &&
		memcmp(given->val.string.val, text, given->val.string.len) == 0)
		return given->val.string.len;
	return computed_prefix(text, len);
}

static void
find(const Jsonb *bag, const char *name, Found *found)
{
	found->there = bag_find(bag, name, &found->value);
}

static void
find_subject(const Jsonb *bag, Subject *subject)
{
	find(bag, subject_name, &subject->whole);
	find(bag, prefix_name, &subject->prefix);
	find(bag, normalized_name, &subject->normalized);
}

bool
subject_split(const JsonbValue *subject, const JsonbValue *given,
			  JsonbValue *prefix, JsonbValue *normalized)
{
	int			len;

	if (subject->type != jbvString)
		return false;
	len = prefix_length(subject, given);
	*prefix = *normalized = *subject;
	prefix->val.string.len = len;
	normalized->val.string.val += len;
	normalized->val.string.len -= len;
	return true;
}

bool
subject_parts(const Jsonb *bag, JsonbValue *prefix, JsonbValue *normalized)
{
	JsonbValue	subject;
	JsonbValue	given;

	return bag_find(bag, subject_name, &subject) &&
		subject_split(&subject,
					  bag_find(bag, prefix_name, &given) ? &given : NULL,
					  prefix, normalized);
}

/* ----------------------------------------------------- completing a patch */

static void
set_piece(Piece *piece, const char *text, int len)
{
	piece->known = true;
	piece->text = text;
	piece->len = len;
}

/* Know a piece if a member gives it; a deleted piece is empty. */
static void
piece_of_member(Piece *piece, const Found *found)
{
	if (!found->there)
		return;
	if (found->value.type == jbvString)
		set_piece(piece, found->value.val.string.val,
				  found->value.val.string.len);
	else
		set_piece(piece, "", 0);
}

/*
 * Find the prefix and the normalized subject that a patch leads to: those of
 * the patch, else those of the bag, which may itself be a patch.  "is_whole":
 * the bag has no other subject than the one that is found in it.
 */
static void
find_pieces(const Subject *old, const Subject *new, bool is_whole,
			Piece *prefix, Piece *normalized)
{
	memset(prefix, 0, sizeof(Piece));
	memset(normalized, 0, sizeof(Piece));
	if (old->whole.there && old->whole.value.type == jbvString)
	{
		const char *text = old->whole.value.val.string.val;
		int			len = prefix_length(&old->whole.value,
										old->prefix.there ?
										&old->prefix.value : NULL);

		set_piece(prefix, text, len);
		set_piece(normalized, text + len,
				  old->whole.value.val.string.len - len);
	}
	else if (old->whole.there || is_whole)
	{
		set_piece(prefix, "", 0);
		set_piece(normalized, "", 0);
	}
	else
	{
		piece_of_member(prefix, &old->prefix);
		piece_of_member(normalized, &old->normalized);
	}
	piece_of_member(prefix, &new->prefix);
	piece_of_member(normalized, &new->normalized);
}

/* Set *whole to prefix and normalized subject, palloc'd. */
static void
join(const Piece *prefix, const Piece *normalized, JsonbValue *whole)
{
	int			len = prefix->len + normalized->len;
	char	   *text = palloc(len + 1);

	memcpy(text, prefix->text, prefix->len);
	memcpy(text + prefix->len, normalized->text, normalized->len);
	whole->type = jbvString;
	whole->val.string.val = text;
	whole->val.string.len = len;
}

/*
 * Return a patch with another subject: PR_SUBJECT is *whole, PR_SUBJECT_PREFIX
 * is *prefix if the prefix cannot be computed, and PR_NORMALIZED_SUBJECT is
 * missing.  Members of the bag that must not stay are deleted by a null.
 */
static Jsonb *
replace_subject(const Subject *old, Jsonb *patch, JsonbValue *whole,
				const Found *prefix)
{
	BagList		members;
	JsonbValue	given = prefix->value;
	int			count;
	BagEntry   *entries = bag_entries(patch, &count);

	baglist_init(&members, count + 3);
	for (int i = 0; i < count; i++)
	{
		char		name[32];

		if (entries[i].keylen < sizeof(name))
		{
			strlcpy(name, entries[i].key, entries[i].keylen + 1);
			if (subject_named(name))
				continue;
		}
		baglist_add(&members, &entries[i]);
	}
	baglist_add_value(&members, subject_name, strlen(subject_name), whole);
	if (whole->type == jbvString && prefix->there &&
		given.type == jbvString &&
		prefix_length(whole, &given) == given.val.string.len &&
		computed_prefix(whole->val.string.val, whole->val.string.len) !=
		given.val.string.len)
		baglist_add_value(&members, prefix_name, strlen(prefix_name), &given);
	else if (old->prefix.there && old->prefix.value.type != jbvNull)
		baglist_add_null(&members, prefix_name, strlen(prefix_name));
	if (old->normalized.there && old->normalized.value.type != jbvNull)
		baglist_add_null(&members, normalized_name, strlen(normalized_name));
	return baglist_build(&members);
}

/*
 * Complete a patch for a bag.  A patch that sets PR_SUBJECT alone is returned
 * as it is, unless the bag has a prefix of its own.
 */
Jsonb *
subject_complete(const Jsonb *bag, Jsonb *patch, int members, bool is_whole)
{
	Subject		old;
	Subject		new;
	Piece		prefix;
	Piece		normalized;
	JsonbValue	whole;
	Found		given;

	/* a bag never has a normalized subject */
	if (members == SUBJECT_WHOLE && is_whole &&
		!bag_find(bag, prefix_name, &whole))
		return patch;
	find_subject(patch, &new);
	if (!new.whole.there && !new.prefix.there && !new.normalized.there)
		return patch;
	find_subject(bag, &old);
	if (new.whole.there)
	{
		if (!new.prefix.there && !new.normalized.there &&
			!old.prefix.there && !old.normalized.there)
			return patch;
		return replace_subject(&old, patch, &new.whole.value, &new.prefix);
	}

	find_pieces(&old, &new, is_whole, &prefix, &normalized);
	if (!prefix.known || !normalized.known)
		return patch;
	join(&prefix, &normalized, &whole);
	given.there = true;
	given.value.type = jbvString;
	given.value.val.string.val = unconstify(char *, prefix.text);
	given.value.val.string.len = prefix.len;
	if (whole.val.string.len == 0 &&
		!(new.prefix.there && new.prefix.value.type != jbvNull) &&
		!(new.normalized.there && new.normalized.value.type != jbvNull))
		whole.type = jbvNull;	/* the parts were deleted */
	return replace_subject(&old, patch, &whole, &given);
}
