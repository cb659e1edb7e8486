/*-------------------------------------------------------------------------
 *
 * hresult.c
 *	  The type hresult, and the errors that carry a MAPI code.
 *
 * NOTES
 *	  An hresult is an int4 passed by value.  Output writes the name of the
 *	  code, or 0x and eight hex digits if the code has no name.  Input reads
 *	  names, aliases, hex and signed decimal numbers.  Comparison, hashing and
 *	  the binary form are the server's own of int4 (see the install script).
 *
 *	  The code tables are made at build time from data/codes.csv.
 *
 *-------------------------------------------------------------------------
 */
#include "words.h"

#include <ctype.h>

#include "value.h"

typedef struct ResultCode
{
	uint32		code;
	const char *name;
	const char *meaning;
} ResultCode;

typedef struct ResultName
{
	const char *name;
	uint32		code;
} ResultName;

#include "hresult.gen.h"

/* The failing codes that are not MAPI's but the system's: 0x80004xxx. */
#define IS_SYSTEM_CODE(code)	(((uint32) (code) & 0xFFFFF000) == 0x80004000)

static const ResultCode *find_code(int32 code);
static bool find_name(const char *name, int len, int32 *code);
static void describe(StringInfo buf, int32 code);

PG_FUNCTION_INFO_V1(hresult_in);
PG_FUNCTION_INFO_V1(hresult_out);
PG_FUNCTION_INFO_V1(hresult_succeeded);
PG_FUNCTION_INFO_V1(hresult_failed);

const char *
hresult_name(int32 code)
{
	const ResultCode *entry = find_code(code);

	return entry == NULL ? NULL : entry->name;
}

/*
 * Return the SQLSTATE (packed) of a failing code: class MA, or MB for
 * 0x80004xxx, and the last three hex digits of the code.
 */
static int
sqlstate_of(int32 code)
{
	static const char digits[] = "0123456789ABCDEF";

	return MAKE_SQLSTATE('M', IS_SYSTEM_CODE(code) ? 'B' : 'A',
						 digits[(code >> 8) & 0xF],
						 digits[(code >> 4) & 0xF],
						 digits[code & 0xF]);
}

int32
hresult_of_sqlstate(int sqlstate)
{
	for (int i = 0; i < lengthof(result_codes); i++)
	{
		int32		code = (int32) result_codes[i].code;

		if (code < 0 && sqlstate_of(code) == sqlstate)
			return code;
	}
	return S_OK;
}

int
errmapi(int32 code)
{
	StringInfoData buf;

	Assert(code < 0);
	initStringInfo(&buf);
	describe(&buf, code);
	errcode(sqlstate_of(code));
	errdetail_internal("%s", buf.data);
	pfree(buf.data);
	return 0;
}

int
errmapi_detail(int32 code, const char *fmt,...)
{
	StringInfoData buf;

	Assert(code < 0);
	initStringInfo(&buf);
	describe(&buf, code);
	appendStringInfoChar(&buf, ' ');
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&buf, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	errcode(sqlstate_of(code));
	errdetail_internal("%s", buf.data);
	pfree(buf.data);
	return 0;
}

/*
 * hresult_in(cstring) → hresult
 *
 * Read the name or alias of a code, or a number of 32 bits in hex or decimal,
 * with blanks around it.  Errors: 22P02.
 */
Datum
hresult_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	const char *start = text;
	int			len;
	int32		code;

	while (isspace((unsigned char) *start))
		start++;
	len = strlen(start);
	while (len > 0 && isspace((unsigned char) start[len - 1]))
		len--;

	if (find_name(start, len, &code) || value_read_int32(start, len, &code))
		PG_RETURN_INT32(code);
	compat_ereturn(fcinfo->context, (Datum) 0,
				   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s: \"%s\"",
						   "hresult", text_shown(text, strlen(text))),
					errhint("Write the name of a code, hex digits after 0x, or a signed decimal number.")));
}

/* hresult_out(hresult) → cstring */
Datum
hresult_out(PG_FUNCTION_ARGS)
{
	int32		code = PG_GETARG_INT32(0);
	const char *name = hresult_name(code);

	if (name != NULL)
		PG_RETURN_CSTRING(pstrdup(name));
	PG_RETURN_CSTRING(psprintf("0x%08X", (uint32) code));
}

/* succeeded(hresult) → boolean; a warning is a success */
Datum
hresult_succeeded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) >= 0);
}

/* failed(hresult) → boolean */
Datum
hresult_failed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) < 0);
}

static const ResultCode *
find_code(int32 code)
{
	int			low = 0;
	int			high = lengthof(result_codes);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (result_codes[middle].code == (uint32) code)
			return &result_codes[middle];
		if (result_codes[middle].code < (uint32) code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Find the code with a name or alias (not NUL-terminated). */
static bool
find_name(const char *name, int len, int32 *code)
{
	for (int i = 0; i < lengthof(result_names); i++)
	{
		if (strncmp(result_names[i].name, name, len) == 0 &&
			result_names[i].name[len] == '\0')
		{
			*code = (int32) result_names[i].code;
			return true;
		}
	}
	return false;
}

/* Append "NAME (0x80040000): meaning." for a code. */
static void
describe(StringInfo buf, int32 code)
{
	const ResultCode *entry = find_code(code);

	if (entry == NULL)
		appendStringInfo(buf, "0x%08X: A code that has no name.",
						 (uint32) code);
	else
		appendStringInfo(buf, "%s (0x%08X): %s.",
						 entry->name, (uint32) code, entry->meaning);
}
