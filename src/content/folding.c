/*-------------------------------------------------------------------------
 *
 * folding.c
 *	  Texts without the differences that a comparison ignores: case, and
 *	  combining characters.
 *
 *-------------------------------------------------------------------------
 */
#include "content.h"

#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "common/unicode_norm.h"
#include "mb/pg_wchar.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

/*
 * Return the collation that knows the cases of all letters.  A server without
 * ICU does not have it, and folds as the database's collation does.
 */
static Oid
folding_collation(void)
{
	Oid			collation =
	get_collation_oid(list_make2(makeString("pg_catalog"),
								 makeString("und-x-icu")), true);

	return OidIsValid(collation) ? collation : DEFAULT_COLLATION_OID;
}

static bool
is_ascii(const char *text, int len)
{
	for (int i = 0; i < len; i++)
	{
		if (IS_HIGHBIT_SET(text[i]))
			return false;
	}
	return true;
}

/*
 * The two small forms of sigma, which depend on the place in a word, become
 * one.
 */
char *
folding_case(const char *text, int len, int *outlen)
{
	char	   *folded;

	if (is_ascii(text, len))
	{
		folded = pnstrdup(text, len);
		for (int i = 0; i < len; i++)
			folded[i] = pg_ascii_tolower((unsigned char) folded[i]);
		*outlen = len;
		return folded;
	}
	folded = str_tolower(text, len, folding_collation());
	*outlen = strlen(folded);
	for (int i = 0; i + 1 < *outlen; i++)
	{
		if (folded[i] == '\xCF' && folded[i + 1] == '\x82')
			folded[i + 1] = '\x83';
	}
	return folded;
}

char *
folding_nonspace(const char *text, int len, int *outlen)
{
	pg_wchar   *wide;
	pg_wchar   *decomposed;
	char	   *stripped;
	int			n = 0;

	*outlen = len;
	if (is_ascii(text, len))
		return pnstrdup(text, len);
	wide = palloc(sizeof(pg_wchar) * (len + 1));
	for (int at = 0; at < len; at += pg_utf_mblen((const unsigned char *) text + at))
		wide[n++] = utf8_to_unicode((const unsigned char *) text + at);
	wide[n] = 0;
	decomposed = unicode_normalize(UNICODE_NFD, wide);
	for (n = 0; decomposed[n] != 0; n++)
		;
	stripped = palloc(n * MAX_MULTIBYTE_CHAR_LEN + 1);
	*outlen = 0;
	for (int i = 0; i < n; i++)
	{
		char	   *at = stripped + *outlen;

		unicode_to_utf8(decomposed[i], (unsigned char *) at);
		if (pg_encoding_dsplen(PG_UTF8, at) != 0)
			*outlen += pg_utf_mblen((unsigned char *) at);
	}
	return stripped;
}
