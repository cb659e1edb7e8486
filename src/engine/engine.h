/*-------------------------------------------------------------------------
 *
 * engine.h
 *	  The third floor: rows, numbers, rights, handles, blobs, the chain of
 *	  changes, merging, the view of a version.
 *
 *	  Prototypes are grouped by source file, and the groups stand in headers
 *	  of their own, which only this file includes.  The SQL statements are
 *	  declared in query.h.  Functions that return memory palloc it in the
 *	  current memory context, unless a comment says otherwise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "content.h"

#include "access/sdir.h"
#include "access/tableam.h"
#include "access/xlogdefs.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "tsearch/ts_type.h"
#include "utils/guc.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* the parts, of which each needs those above it */
#include "numbers.h"
#include "rows.h"
#include "folders.h"
#include "versions.h"
#include "lists.h"
#include "handles.h"

#endif							/* ENGINE_H */
