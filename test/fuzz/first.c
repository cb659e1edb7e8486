/*-------------------------------------------------------------------------
 *
 * first.c
 *	  A library whose only work is to be loaded beside the address sanitizer
 *	  into a server that was not built with it.
 *
 * NOTES
 *	  The sanitizer starts with the first allocation of a process.  Where that
 *	  is one that libgpg-error's constructor makes inside of the C library's
 *	  bindtextdomain(), a lock there stays taken, and the server waits for it
 *	  for ever.  Linked with -z initfirst, this constructor runs before all
 *	  others.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

static void __attribute__((constructor))
first(void)
{
	free(malloc(1));
}
