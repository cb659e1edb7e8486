/*-------------------------------------------------------------------------
 *
 * restriction.h
 *	  A compiled restriction: declarations for restriction.c and match.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_RESTRICTION_H
#define MSGSTORE_RESTRICTION_H

typedef enum RestrictionKind
{
	RESTRICTION_AND,
	RESTRICTION_OR,
	RESTRICTION_NOT,
	RESTRICTION_PROPERTY,
	RESTRICTION_CONTENT,
	RESTRICTION_BITMASK,
	RESTRICTION_SIZE,
	RESTRICTION_EXIST,
	RESTRICTION_COMPARE,
	RESTRICTION_RECIPIENTS,
	RESTRICTION_ATTACHMENTS,
	RESTRICTION_COUNT,
	RESTRICTION_COMMENT
} RestrictionKind;

typedef enum Relop
{
	RELOP_LT,
	RELOP_LE,
	RELOP_GT,
	RELOP_GE,
	RELOP_EQ,
	RELOP_NE
} Relop;

typedef enum Match
{
	MATCH_FULL,
	MATCH_SUBSTRING,
	MATCH_PREFIX
} Match;

struct Restriction
{
	RestrictionKind kind;
	struct Restriction **parts; /* of and, or, not and the like */
	int			nparts;
	Property	prop;
	bool		is_never;		/* no object can have the property */
	Property	other;			/* of compare */
	bool		other_is_never;
	int			relop;			/* a Relop; 0 or 1 of a bitmask */
	Match		match;
	bool		ignore_case;
	bool		ignore_nonspace;
	JsonbValue	value;
	const char *pattern;		/* of content: folded text, or bytes */
	int			pattern_len;
	int64		number;			/* mask, bytes or max */
};

/*
 * Return the text or the bytes of a value as a content restriction compares
 * them; the result may point into the value.
 */
extern const char *match_fold(const Restriction *restriction,
							  const JsonbValue *value, int *len);

#endif							/* MSGSTORE_RESTRICTION_H */
