/*-------------------------------------------------------------------------
 *
 * first.c
 *	  A library to be loaded with the address sanitizer into a server that was
 *	  built without it.
 *
 * NOTES
 *	  The sanitizer starts with the first allocation of a process.  If
 *	  libgpg-error's constructor makes that allocation inside the C library's
 *	  bindtextdomain(), a lock there is never released, and the server waits
 *	  for ever.  Linked with -z initfirst, the constructor below runs before
 *	  all others.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

static void __attribute__((constructor))
first(void)
{
	free(malloc(1));
}
