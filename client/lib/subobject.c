/*-------------------------------------------------------------------------
 *
 * subobject.c
 *	  The calls of libmsgstore for the objects in a message: recipients,
 *	  attachments and embedded messages.
 *
 *-------------------------------------------------------------------------
 */
#include "statement.h"

/* -------------------------------------------------------------- recipients */

bool
msgstore_modify_recipients(msgstore *ms, int32_t handle, int32_t flags,
						   const char *rows)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT4OID, flags);
	ms_add_param(&params, JSONBOID, rows);
	return ms_run_for_nothing(ms, "SELECT msgstore.modify_recipients"
							  "($1, $2, $3)", &params);
}

/* ------------------------------------------ attachments, embedded messages */

bool
msgstore_create_attachment(msgstore *ms, int32_t handle, int32_t *attachment)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	return ms_run_for_int32(ms, "SELECT msgstore.create_attachment($1)",
							&params, attachment);
}

bool
msgstore_open_attachment(msgstore *ms, int32_t handle, int32_t attach_num,
						 int32_t flags, int32_t *attachment)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT4OID, attach_num);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.open_attachment"
							"($1, $2, $3)", &params, attachment);
}

bool
msgstore_delete_attachment(msgstore *ms, int32_t handle, int32_t attach_num)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, handle);
	ms_add_number(&params, INT4OID, attach_num);
	return ms_run_for_nothing(ms, "SELECT msgstore.delete_attachment($1, $2)",
							  &params);
}

bool
msgstore_open_embedded_message(msgstore *ms, int32_t attachment,
							   int32_t flags, int32_t *message)
{
	Params		params = {0};

	ms_add_number(&params, INT4OID, attachment);
	ms_add_number(&params, INT4OID, flags);
	return ms_run_for_int32(ms, "SELECT msgstore.open_embedded_message"
							"($1, $2)", &params, message);
}
