/*-------------------------------------------------------------------------
 *
 * escape.h
 *	  Texts escaped for JSON strings: 16 bytes at a time, with nothing but the
 *	  C library.
 *
 * NOTES
 *	  No server header may be included in this file or in escape.c, so that
 *	  test/escape/ can build each way of looking at 16 bytes without a server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MSGSTORE_ESCAPE_H
#define MSGSTORE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* The room that the escaped form of so many bytes may need while written. */
#define ESCAPE_ROOM(len)	(6 * (size_t) (len) + 16)

/*
 * Write a text as the inside of a JSON string, as PostgreSQL's escape_json()
 * does: a short escape where JSON has one, \u00xx for other control characters
 * below U+0020, all other bytes unchanged.  Return the number of bytes written
 * to "out", which has room for ESCAPE_ROOM(len) bytes, without a NUL.
 */
extern size_t escape_text(const char *text, size_t len, char *out);

#endif							/* MSGSTORE_ESCAPE_H */
