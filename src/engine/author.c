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
#include "utils/guc.h"

char	   *author_setting = NULL;

const char *
author_actor(const Author *author)
{
	const char *actor = author->actor != NULL ? author->actor : author_setting;

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
