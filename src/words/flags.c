/*-------------------------------------------------------------------------
 *
 * flags.c
 *	  The flag types: sets of named bits, one type for each call that takes
 *	  flags.
 *
 * NOTES
 *	  All of them are an int4 by value with one implementation; a type is a
 *	  table of names and a FLAG_TYPE line here, and a few lines in the install
 *	  script.  The text is names joined by |, with the bits that have no name
 *	  as hex at the end, or 0; names, hex and decimal numbers are read.
 *	  Operators and casts are those of int4, straight from the server.
 *
 *	  Input refuses names that are unknown, and lets any bit through: whether
 *	  a bit means something is for the call to say, which answers
 *	  MAPI_E_UNKNOWN_FLAGS.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include <ctype.h>

#include "value.h"

typedef struct FlagName
{
	const char *name;
	uint32		bit;
} FlagName;

typedef struct FlagType
{
	const char *name;
	const FlagName *flags;
	int			nflags;
} FlagType;

#define FLAG(name)		{#name, name}

/* Input and output of a type whose names are in the table TYPE_names. */
#define FLAG_TYPE(type) \
	static const FlagType type##_type = { \
		#type, type##_names, lengthof(type##_names) \
	}; \
	PG_FUNCTION_INFO_V1(type##_in); \
	Datum \
	type##_in(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_INT32(read_flags(&type##_type, PG_GETARG_CSTRING(0), \
								   fcinfo->context)); \
	} \
	PG_FUNCTION_INFO_V1(type##_out); \
	Datum \
	type##_out(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_CSTRING(write_flags(&type##_type, PG_GETARG_INT32(0))); \
	} \
	extern Datum type##_in(PG_FUNCTION_ARGS)

static const FlagName open_flags_names[] = {
	FLAG(MAPI_MODIFY),
	FLAG(SHOW_SOFT_DELETES),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(MAPI_BEST_ACCESS),
	FLAG(MAPI_NO_CACHE)
};

static const FlagName save_flags_names[] = {
	FLAG(KEEP_OPEN_READONLY),
	FLAG(KEEP_OPEN_READWRITE),
	FLAG(FORCE_SAVE),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(SPAMFILTER_ONSAVE),
	FLAG(NON_EMS_XP_SAVE),
	FLAG(PARK_REFUSED)
};

static const FlagName delete_flags_names[] = {
	FLAG(DELETE_HARD_DELETE)
};

static const FlagName recipient_flags_names[] = {
	FLAG(MODRECIP_ADD),
	FLAG(MODRECIP_MODIFY),
	FLAG(MODRECIP_REMOVE)
};

static const FlagName embedded_flags_names[] = {
	FLAG(MAPI_MODIFY),
	FLAG(MAPI_CREATE),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(MAPI_BEST_ACCESS),
	FLAG(MAPI_NO_CACHE)
};

static int32 read_flags(const FlagType *type, const char *text,
						Node *escontext);
static bool read_flag(const FlagType *type, const char *text, int len,
					  int32 *bits);
static char *write_flags(const FlagType *type, int32 bits);
static char *list_flags(const FlagType *type);

FLAG_TYPE(open_flags);
FLAG_TYPE(save_flags);
FLAG_TYPE(delete_flags);
FLAG_TYPE(recipient_flags);
FLAG_TYPE(embedded_flags);

/*
 * The bits of a text: names and numbers, joined by |, blanks around them.
 * Bad input is raised, or reported through escontext where that can be.
 */
static int32
read_flags(const FlagType *type, const char *text, Node *escontext)
{
	const char *at = text;
	int32		bits = 0;

	for (;;)
	{
		const char *start;
		const char *end;
		int32		more;

		while (isspace((unsigned char) *at))
			at++;
		start = at;
		at += strcspn(at, "|");
		end = at;
		while (end > start && isspace((unsigned char) end[-1]))
			end--;

		if (start == end)
			compat_ereturn(escontext, 0,
						   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							errmsg("invalid input syntax for type %s: \"%s\"",
								   type->name, text_shown(text, strlen(text))),
							errhint("Flags are names or numbers joined by \"|\"; no flag is 0.")));
		if (!read_flag(type, start, end - start, &more))
			compat_ereturn(escontext, 0,
						   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							errmsg("\"%s\" is no flag of type %s",
								   text_shown(start, end - start), type->name),
							errhint("The flags of this type are %s.",
									list_flags(type))));
		bits |= more;
		if (*at == '\0')
			return bits;
		at++;
	}
}

/* One name or number (not NUL-terminated). */
static bool
read_flag(const FlagType *type, const char *text, int len, int32 *bits)
{
	for (int i = 0; i < type->nflags; i++)
	{
		if (strncmp(type->flags[i].name, text, len) == 0 &&
			type->flags[i].name[len] == '\0')
		{
			*bits = (int32) type->flags[i].bit;
			return true;
		}
	}
	return value_read_int32(text, len, bits);
}

/* The text of some bits, palloc'd. */
static char *
write_flags(const FlagType *type, int32 bits)
{
	uint32		left = (uint32) bits;
	const char *separator = "";
	StringInfoData buf;

	if (bits == 0)
		return pstrdup("0");
	initStringInfo(&buf);
	for (int i = 0; i < type->nflags; i++)
	{
		const FlagName *flag = &type->flags[i];

		if ((left & flag->bit) == 0)
			continue;
		appendStringInfo(&buf, "%s%s", separator, flag->name);
		separator = "|";
		left &= ~flag->bit;
	}
	if (left != 0)
		appendStringInfo(&buf, "%s0x%X", separator, left);
	return buf.data;
}

/* All names of a type, for a message. */
static char *
list_flags(const FlagType *type)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < type->nflags; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "",
						 type->flags[i].name);
	return buf.data;
}
