/*-------------------------------------------------------------------------
 *
 * presence.c
 *	  Presence: who is editing a message at this moment, as clients say.
 *
 * NOTES
 *	  An announcement is advice for people.  It locks nothing, and no save
 *	  asks for it.
 *
 *	  Rows belong to sessions: the session's process id is part of the key, so
 *	  that no announcement waits for one of another session, committed or not.
 *	  A row says until when it is good.  Each announcement deletes the rows of
 *	  its store that are not good any more, except those that another session
 *	  has locked.  The table is unlogged: a crash ends every session, and the
 *	  announcements with them.
 *
 *-------------------------------------------------------------------------
 */
#include "face.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "query.h"

/*
 * announce_editing(store_id, message_id, ttl, actor)
 *
 * Announce that the caller edits a message, for the time "ttl" from now on.  A
 * later announcement by the same session and user replaces this one; a ttl of
 * zero takes it back.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_INVALID_PARAMETER for a
 * negative ttl.
 */
PG_FUNCTION_INFO_V1(announce_editing);
Datum
announce_editing(PG_FUNCTION_ARGS)
{
	Datum		values[7];
	char		nulls[] = "       ";
	Interval   *ttl;
	Reader		user;

	REQUIRE_ARG(2, "ttl");
	call_require_write("announce_editing()");
	ttl = PG_GETARG_INTERVAL_P(2);
	if (ttl->month < 0 || ttl->day < 0 || ttl->time < 0)
		ereport(ERROR,
				(errmapi(MAPI_E_INVALID_PARAMETER),
				 errmsg("\"ttl\" must not be negative")));
	access_require_live(call_number(fcinfo, 0, "store_id"),
						call_number(fcinfo, 1, "message_id"), ACCESS_TO_READ);

	state_reader(&user, call_actor(fcinfo, 3));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	values[2] = PG_GETARG_DATUM(2);
	values[3] = Int32GetDatum(MyProcPid);
	values[4] = user.role;
	values[5] = user.actor;
	values[6] = (Datum) 0;
	if (author_client() != NULL)
		values[6] = CStringGetTextDatum(author_client());
	else
		nulls[6] = 'n';
	SPI_connect();
	query_run(QUERY_EDITING_PRUNE, values, nulls);
	query_run(QUERY_EDITING_INSERT, values, nulls);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * who_is_editing(store_id, message_id) → (role, actor, client, since,
 * good_until)
 *
 * Return the users who have announced that they edit a message, in the order
 * in which they began; the caller is among them.
 *
 * Errors: MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS.
 */
PG_FUNCTION_INFO_V1(who_is_editing);
Datum
who_is_editing(PG_FUNCTION_ARGS)
{
	Tuplestorestate *store;
	TupleDesc	desc;
	Datum		values[2];
	uint64		count;

	access_require_live(call_number(fcinfo, 0, "store_id"),
						call_number(fcinfo, 1, "message_id"), ACCESS_TO_READ);
	store = call_begin_set(fcinfo, &desc);
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	SPI_connect();
	count = query_run(QUERY_EDITING_READ, values, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		Datum		row[5];
		bool		nulls[5];

		for (int c = 0; c < 5; c++)
			row[c] = SPI_getbinval(SPI_tuptable->vals[i],
								   SPI_tuptable->tupdesc, c + 1, &nulls[c]);
		tuplestore_putvalues(store, desc, row, nulls);
	}
	SPI_finish();
	PG_RETURN_NULL();
}
