/*-------------------------------------------------------------------------
 *
 * flags.c
 *	  The flag types: sets of named bits, one type for each call that takes
 *	  flags.
 *
 * NOTES
 *	  Every flag type is an int4 passed by value, and all share one
 *	  implementation.  A type is a table of names and a FLAG_TYPE line in this
 *	  file, and a few lines in the install script.  Output writes the names
 *	  joined by |, then the bits without a name as one hex number; no bits at
 *	  all are written as 0.  Input reads names, hex and decimal numbers.  A type
 *	  may also have names for sets of bits, which input reads and output does
 *	  not write.
 *	  Operators and casts are the server's own of int4.
 *
 *	  Input refuses unknown names but accepts any bit.  Each call decides
 *	  which bits it knows, and answers MAPI_E_UNKNOWN_FLAGS to others.
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
	const FlagName *sets;		/* read, but never written */
	int			nsets;
} FlagType;

#define FLAG(name)		{#name, name}
#define RIGHT(name)		{#name, RIGHT_##name}
#define EVENT(name)		{#name, EVENT_##name}
#define SEARCH(name)	{#name, SEARCH_##name}

/*
 * Define the input and output functions of a flag type whose names are in the
 * table TYPE_names, and whose names of sets are in a table or NULL.  Ends in a
 * declaration, so that the caller's semicolon completes a statement.
 */
#define FLAG_TYPE(type, sets, nsets) \
	static const FlagType type##_type = { \
		#type, type##_names, lengthof(type##_names), sets, nsets \
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

static const FlagName create_flags_names[] = {
	FLAG(MAPI_MODIFY),
	FLAG(SHOW_SOFT_DELETES),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(MAPI_BEST_ACCESS),
	FLAG(MAPI_ASSOCIATED),
	FLAG(MAPI_NO_CACHE)
};

static const FlagName delete_flags_names[] = {
	FLAG(DEL_MESSAGES),
	FLAG(DEL_FOLDERS),
	FLAG(DEL_ASSOCIATED),
	FLAG(DELETE_HARD_DELETE)
};

static const FlagName read_flags_names[] = {
	FLAG(SUPPRESS_RECEIPT),
	FLAG(CLEAR_READ_FLAG),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(GENERATE_RECEIPT_ONLY),
	FLAG(CLEAR_RN_PENDING),
	FLAG(CLEAR_NRN_PENDING)
};

static const FlagName folder_flags_names[] = {
	FLAG(OPEN_IF_EXISTS),
	FLAG(COPY_SUBFOLDERS)
};

static const FlagName recipient_flags_names[] = {
	FLAG(MODRECIP_ADD),
	FLAG(MODRECIP_MODIFY),
	FLAG(MODRECIP_REMOVE)
};

static const FlagName table_flags_names[] = {
	FLAG(CONVENIENT_DEPTH),
	FLAG(SHOW_SOFT_DELETES),
	FLAG(MAPI_ASSOCIATED)
};

static const FlagName search_flags_names[] = {
	SEARCH(STOP),
	SEARCH(RESTART),
	SEARCH(RECURSIVE),
	SEARCH(SHALLOW),
	SEARCH(FOREGROUND),
	SEARCH(BACKGROUND),
	SEARCH(CONTENT_INDEXED),
	SEARCH(NON_CONTENT_INDEXED),
	SEARCH(STATIC)
};

static const FlagName copy_flags_names[] = {
	FLAG(MAPI_MOVE),
	FLAG(MAPI_NOREPLACE)
};

static const FlagName embedded_flags_names[] = {
	FLAG(MAPI_MODIFY),
	FLAG(MAPI_CREATE),
	FLAG(MAPI_DEFERRED_ERRORS),
	FLAG(MAPI_BEST_ACCESS),
	FLAG(MAPI_NO_CACHE)
};

static const FlagName notify_events_names[] = {
	EVENT(NEW_MAIL),
	EVENT(OBJECT_CREATED),
	EVENT(DELETED),
	EVENT(MODIFIED),
	EVENT(MOVED),
	EVENT(COPIED),
	EVENT(SEARCH_COMPLETE),
	EVENT(TABLE_MODIFIED)
};

static const FlagName folder_rights_names[] = {
	RIGHT(READ_ANY),
	RIGHT(CREATE),
	RIGHT(EDIT_OWNED),
	RIGHT(DELETE_OWNED),
	RIGHT(EDIT_ANY),
	RIGHT(DELETE_ANY),
	RIGHT(CREATE_SUBFOLDER),
	RIGHT(FOLDER_OWNER),
	RIGHT(FOLDER_CONTACT),
	RIGHT(FOLDER_VISIBLE)
};

/* The sets of rights that have names, as clients show them to users. */
static const FlagName folder_rights_sets[] = {
	{"NONE", 0},
	{"CONTRIBUTOR", 0x402},
	{"REVIEWER", 0x401},
	{"NONEDITING_AUTHOR", 0x413},
	{"AUTHOR", 0x41B},
	{"PUBLISHING_AUTHOR", 0x49B},
	{"EDITOR", 0x47B},
	{"PUBLISHING_EDITOR", 0x4FB},
	{"OWNER", RIGHTS_ALL}
};

static int32 read_flags(const FlagType *type, const char *text,
						Node *escontext);
static bool read_flag(const FlagType *type, const char *text, int len,
					  int32 *bits);
static char *write_flags(const FlagType *type, int32 bits);
static char *list_flags(const FlagType *type);

FLAG_TYPE(open_flags, NULL, 0);
FLAG_TYPE(save_flags, NULL, 0);
FLAG_TYPE(create_flags, NULL, 0);
FLAG_TYPE(delete_flags, NULL, 0);
FLAG_TYPE(read_flags, NULL, 0);
FLAG_TYPE(folder_flags, NULL, 0);
FLAG_TYPE(recipient_flags, NULL, 0);
FLAG_TYPE(embedded_flags, NULL, 0);
FLAG_TYPE(copy_flags, NULL, 0);
FLAG_TYPE(notify_events, NULL, 0);
FLAG_TYPE(table_flags, NULL, 0);
FLAG_TYPE(search_flags, NULL, 0);
FLAG_TYPE(folder_rights, folder_rights_sets, lengthof(folder_rights_sets));

/*
 * Return the bits that a text gives: names and numbers joined by |, each with
 * any blanks around it.  Raise an error about bad input, or record it in
 * escontext if that is an ErrorSaveContext, and then return 0.
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
							errhint("Write names or numbers joined by \"|\", or 0 for no flags.")));
		if (!read_flag(type, start, end - start, &more))
			compat_ereturn(escontext, 0,
						   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							errmsg("\"%s\" is not a flag of type %s",
								   text_shown(start, end - start), type->name),
							errhint("The flags of this type are %s.",
									list_flags(type))));
		bits |= more;
		if (*at == '\0')
			return bits;
		at++;
	}
}

/* Look a name (not NUL-terminated) up in a table of names. */
static bool
find_name(const FlagName *names, int count, const char *text, int len,
		  int32 *bits)
{
	for (int i = 0; i < count; i++)
	{
		if (strncmp(names[i].name, text, len) == 0 &&
			names[i].name[len] == '\0')
		{
			*bits = (int32) names[i].bit;
			return true;
		}
	}
	return false;
}

/*
 * Read one name or number (not NUL-terminated).  Return false if the text is
 * neither.
 */
static bool
read_flag(const FlagType *type, const char *text, int len, int32 *bits)
{
	return find_name(type->flags, type->nflags, text, len, bits) ||
		find_name(type->sets, type->nsets, text, len, bits) ||
		value_read_int32(text, len, bits);
}

/* Return the text of some bits, palloc'd. */
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

char *
flags_folder_rights_text(uint32 rights)
{
	return write_flags(&folder_rights_type, (int32) rights);
}

/*
 * Return all names of a type, those of sets included, as a list for an error
 * message.
 */
static char *
list_flags(const FlagType *type)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < type->nflags; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "",
						 type->flags[i].name);
	for (int i = 0; i < type->nsets; i++)
		appendStringInfo(&buf, ", %s", type->sets[i].name);
	return buf.data;
}
