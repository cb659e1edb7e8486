/*-------------------------------------------------------------------------
 *
 * author.c
 *	  The author of changes and drafts: the user of the application, the
 *	  current role, and the client program.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

char	   *author_setting = NULL;

static const char *actor_in_use = NULL;

const char *
author_actor(const Author *author)
{
	const char *actor = author_setting;

	if (author != NULL && author->actor != NULL)
		actor = author->actor;
	else if (actor_in_use != NULL)
		actor = actor_in_use;
	return actor != NULL && actor[0] != '\0' ? actor : NULL;
}

const char *
author_client(void)
{
	return application_name != NULL && application_name[0] != '\0' ?
		application_name : NULL;
}

const char *
author_name(const Author *author)
{
	const char *actor = author_actor(author);

	return actor != NULL ? actor : GetUserNameFromId(GetUserId(), false);
}

const char *
author_use(const char *actor)
{
	const char *before = actor_in_use;

	actor_in_use = actor;
	return before;
}

/*
 * Set msgstore.actor for the duration of a call, as a SET clause of the function
 * would.
 */
int64
author_call(FunctionCallInfo fcinfo, int n, int64 (*work) (FunctionCallInfo))
{
	int			level;
	int64		result;

	if (PG_ARGISNULL(n))
		return work(fcinfo);
	level = NewGUCNestLevel();
	(void) set_config_option("msgstore.actor",
							 text_to_cstring(PG_GETARG_TEXT_PP(n)),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	result = work(fcinfo);
	AtEOXact_GUC(true, level);
	return result;
}
