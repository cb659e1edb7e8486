/*-------------------------------------------------------------------------
 *
 * tnef.c
 *	  TNEF (winmail.dat), which Outlook and Exchange send beside MIME.
 *
 * NOTES
 *	  libytnef reads TNEF.  The library trusts its input, and prints to
 *	  standard output.  The library therefore runs in a process of its own,
 *	  which answers with JSON.  If the process fails or takes too long, the
 *	  part stays an attachment.
 *
 *	  Attachments in TNEF become attachments, and messages in TNEF embedded
 *	  messages.  The MAPI properties in a table are read.  libytnef skips the
 *	  recipients, which are read here.  Properties and recipients that the
 *	  message has from its header are not changed.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ytnef.h>

#include "mail.h"

#define TIMEOUT_SECONDS		60
#define MAX_FILES			1024	/* descriptors that are closed */
#define INTERFACE_BYTES		16		/* in front of an embedded message */
#define MAX_EMBEDDED		16		/* messages within messages */
#define COUNTS				"counts"	/* the tally */
#define TNEF_SIGNATURE		"\x78\x9F\x3E\x22"

typedef enum Kind
{
	KIND_TEXT = 0x001E,			/* or KIND_UNICODE, which becomes UTF-8 */
	KIND_UNICODE = 0x001F,
	KIND_LONG = 0x0003,
	KIND_DOUBLE = 0x0005,
	KIND_OBJECT = 0x000D,
	KIND_BOOLEAN = 0x000B,
	KIND_TIME = 0x0040,
	KIND_BINARY = 0x0102
} Kind;

/* The properties that are read; from 0x8000 on, LIDs of named properties. */
static const struct
{
	unsigned	id;
	Kind		kind;
	const char *name;
}			taken[] =
{
	{0x0017, KIND_LONG, "PR_IMPORTANCE"},
	{0x001A, KIND_TEXT, "PR_MESSAGE_CLASS"},
	{0x0026, KIND_LONG, "PR_PRIORITY"},
	{0x0036, KIND_LONG, "PR_SENSITIVITY"},
	{0x0037, KIND_TEXT, "PR_SUBJECT"},
	{0x0039, KIND_TIME, "PR_CLIENT_SUBMIT_TIME"},
	{0x0060, KIND_TIME, "PR_START_DATE"},
	{0x0061, KIND_TIME, "PR_END_DATE"},
	{0x0063, KIND_BOOLEAN, "PR_RESPONSE_REQUESTED"},
	{0x0070, KIND_TEXT, "PR_CONVERSATION_TOPIC"},
	{0x0071, KIND_BINARY, "PR_CONVERSATION_INDEX"},
	{0x0C17, KIND_BOOLEAN, "PR_REPLY_REQUESTED"},
	{0x1009, KIND_BINARY, "PR_RTF_COMPRESSED"},
	{0x1090, KIND_LONG, "PR_FLAG_STATUS"},
	{0x8005, KIND_TEXT, "PidLidFileUnder"},
	{0x8080, KIND_TEXT, "PidLidEmail1DisplayName"},
	{0x8083, KIND_TEXT, "PidLidEmail1EmailAddress"},
	{0x8101, KIND_LONG, "PidLidTaskStatus"},
	{0x8102, KIND_DOUBLE, "PidLidPercentComplete"},
	{0x8104, KIND_TIME, "PidLidTaskStartDate"},
	{0x8105, KIND_TIME, "PidLidTaskDueDate"},
	{0x811C, KIND_BOOLEAN, "PidLidTaskComplete"},
	{0x811F, KIND_TEXT, "PidLidTaskOwner"},
	{0x8201, KIND_LONG, "PidLidAppointmentSequence"},
	{0x8205, KIND_LONG, "PidLidBusyStatus"},
	{0x8208, KIND_TEXT, "PidLidLocation"},
	{0x820D, KIND_TIME, "PidLidAppointmentStartWhole"},
	{0x820E, KIND_TIME, "PidLidAppointmentEndWhole"},
	{0x8213, KIND_LONG, "PidLidAppointmentDuration"},
	{0x8215, KIND_BOOLEAN, "PidLidAppointmentSubType"},
	{0x8216, KIND_BINARY, "PidLidAppointmentRecur"},
	{0x8217, KIND_LONG, "PidLidAppointmentStateFlags"},
	{0x8223, KIND_BOOLEAN, "PidLidRecurring"},
	{0x8238, KIND_TEXT, "PidLidAllAttendeesString"},
	{0x8501, KIND_LONG, "PidLidReminderDelta"},
	{0x8502, KIND_TIME, "PidLidReminderTime"},
	{0x8503, KIND_BOOLEAN, "PidLidReminderSet"},
	{0x8516, KIND_TIME, "PidLidCommonStart"},
	{0x8517, KIND_TIME, "PidLidCommonEnd"},
	{0x8530, KIND_TEXT, "PidLidFlagRequest"},
	{0x8534, KIND_TEXT, "PidLidMileage"},
	{0x8535, KIND_TEXT, "PidLidBilling"},
	{0x8560, KIND_TIME, "PidLidReminderSignalTime"},
};

/* ------------------------------------------------------- the child process */

/* Return the value of a property, or NULL; texts may be of both types. */
static variableLength *
find_value(MAPIProps *props, unsigned id, unsigned type)
{
	variableLength *value = MAPIFindProperty(props, PROP_TAG(type, id));

	if (value == MAPI_UNDEFINED)
		value = MAPIFindUserProp(props, PROP_TAG(type, id));
	if (value == MAPI_UNDEFINED && type == KIND_TEXT)
		return find_value(props, id, KIND_UNICODE);
	return value == MAPI_UNDEFINED || value == NULL || value->data == NULL ?
		NULL : value;
}

/* Return a text in any charset, with or without a final NUL, or NULL. */
static char *
value_text(const variableLength *value)
{
	const char *bytes = value ? (const char *) value->data : NULL;

	return bytes == NULL ? NULL :
		text_decode(bytes, strnlen(bytes, (size_t) MAX(value->size, 0)), NULL,
					NULL, NULL);
}

/* Set a time from a FILETIME, in units of 100 nanoseconds since 1601. */
static void
put_value_time(json_t *props, const char *name, guint64 ticks)
{
	g_autoptr(GDateTime) when =
		g_date_time_new_from_unix_utc((gint64) (ticks / 10000000) -
									  G_GINT64_CONSTANT(11644473600));
	g_autofree char *text = NULL;
	g_autofree char *iso = NULL;

	if (when == NULL || g_date_time_get_year(when) < 1601)
		return;
	text = g_date_time_format(when, "%Y-%m-%dT%H:%M:%S");
	iso = g_strdup_printf("%s.%07uZ", text, (unsigned) (ticks % 10000000));
	put_text(props, name, iso);
}

static void
put_value(json_t *props, const char *name, Kind kind,
		  const variableLength *value)
{
	size_t		size = (size_t) MAX(value->size, 0);
	guint64		bits = 0;
	double		number;

	memcpy(&bits, value->data, MIN(size, sizeof(bits)));
	bits = GUINT64_FROM_LE(bits);
	memcpy(&number, &bits, sizeof(number));
	if (kind == KIND_TEXT)
	{
		g_autofree char *text = value_text(value);

		put_text(props, name, text);
	}
	else if (kind == KIND_LONG)
		put_number(props, name, (gint32) bits);
	else if (kind == KIND_BOOLEAN)
		json_object_set_new(props, name, json_boolean(bits & 0xFFFF));
	else if (kind == KIND_BINARY && size > 0)
		put_binary(props, name, value->data, size);
	else if (kind == KIND_TIME && size >= sizeof(bits))
		put_value_time(props, name, bits);
	else if (kind == KIND_DOUBLE && size >= sizeof(bits))
		/* json_real() returns NULL for numbers that JSON does not have */
		json_object_set_new(props, name, json_real(number));
}

static json_t *
message_props(TNEFStruct *tnef)
{
	json_t	   *props = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(taken); i++)
	{
		variableLength *value = find_value(&tnef->MapiProperties, taken[i].id,
										   taken[i].kind);

		if (value != NULL)
			put_value(props, taken[i].name, taken[i].kind, value);
	}
	if (tnef->body.data != NULL)
		put_value(props, "PR_BODY", KIND_TEXT, &tnef->body);
	return props;
}

/* ------------------------------------------------- the table of recipients */

/* The bytes of a table of recipients that were not read yet. */
typedef struct Cursor
{
	BYTE	   *at;
	size_t		left;
} Cursor;

/* Return the next bytes; the table ends if it does not have so many bytes. */
static BYTE *
take_bytes(Cursor *cursor, size_t n)
{
	BYTE	   *bytes = cursor->at;

	if (n > cursor->left)
	{
		cursor->left = 0;
		return NULL;
	}
	cursor->at += n;
	cursor->left -= n;
	return bytes;
}

static guint32
take_number(Cursor *cursor)
{
	guint32		number = 0;
	BYTE	   *bytes = take_bytes(cursor, sizeof(number));

	if (bytes != NULL)
		memcpy(&number, bytes, sizeof(number));
	return GUINT32_FROM_LE(number);
}

/* Return the next value of a type, which is padded to four bytes. */
static variableLength
take_value(Cursor *cursor, unsigned type, bool variable)
{
	variableLength value = {NULL, 0};
	size_t		size = 4;

	if (variable)
		size = take_number(cursor);
	else if (type == 0x0048)	/* PT_CLSID */
		size = 16;
	else if (type == 0x0014 || type == 0x0040 ||
			 (type >= 0x0005 && type <= 0x0007))
		size = 8;
	value.data = take_bytes(cursor, (size + 3) / 4 * 4);
	if (value.data != NULL)
		value.size = (int) size;
	return value;
}

static void
put_recipient_value(json_t *one, unsigned id, unsigned type,
					const variableLength *value)
{
	const char *name = id == 0x3001 ? "PR_DISPLAY_NAME" :
		id == 0x3002 ? "PR_ADDRTYPE" : id == 0x3003 ? "PR_EMAIL_ADDRESS" :
		id == 0x39FE ? "PR_SMTP_ADDRESS" : NULL;

	if (id == 0x0C15 && type == KIND_LONG)
		put_number(one, "PR_RECIPIENT_TYPE", value->data[0]);
	else if (name != NULL && (type == KIND_TEXT || type == KIND_UNICODE))
	{
		g_autofree char *text = text_decode((char *) value->data,
											(size_t) value->size,
											type == KIND_UNICODE ?
											"utf-16le" : NULL, NULL, NULL);
		/* U+0000 */
		g_auto(GStrv) pieces = g_strsplit(text, "\xEF\xBF\xBD", 2);

		put_text(one, name, pieces[0]);
	}
}

/* Add the next row of the table to a list. */
static void
take_recipient(Cursor *cursor, json_t *list)
{
	json_auto_t *one = json_object();
	json_auto_t *missing = NULL;
	const char *address;

	for (guint32 n = take_number(cursor); n > 0 && cursor->left > 0; n--)
	{
		guint32		tag = take_number(cursor);
		unsigned	type = tag & 0x0FFF;
		bool		variable = type == KIND_TEXT || type == KIND_UNICODE ||
		type == KIND_BINARY || type == KIND_OBJECT;
		guint32		values = 1;

		if (tag >> 31)			/* a named property: a set, and LID or name */
		{
			(void) take_bytes(cursor, 16);
			if (take_number(cursor) == 0)
				(void) take_number(cursor);
			else
				(void) take_value(cursor, KIND_TEXT, true);
		}
		if (variable || (tag & 0x1000))
			values = take_number(cursor);
		for (; values > 0 && cursor->left > 0; values--)
		{
			variableLength value = take_value(cursor, type, variable);

			if (value.size > 0)
				put_recipient_value(one, tag >> 16, type, &value);
		}
	}
	address = text_of(one, "PR_EMAIL_ADDRESS");
	missing = json_pack("{ss,si}", "PR_DISPLAY_NAME", address,
						"PR_RECIPIENT_TYPE", MAPI_TO);
	if (g_ascii_strcasecmp(text_of(one, "PR_ADDRTYPE"), "SMTP") == 0)
		put_text(missing, "PR_SMTP_ADDRESS", address);
	json_object_update_missing(one, missing);
	if (*text_of(one, "PR_DISPLAY_NAME") != '\0')
		json_array_append(list, one);
}

/* Set the recipients from the attribute that has their table, if any. */
static void
put_recipients(json_t *props, BYTE *bytes, size_t len)
{
	Cursor		tnef = {bytes, len};
	json_auto_t *list = json_array();

	(void) take_bytes(&tnef, 6);	/* the signature and a key */
	while (tnef.left > 0)
	{
		BYTE	   *level = take_bytes(&tnef, 1);
		guint32		id = take_number(&tnef);
		size_t		size = take_number(&tnef);
		Cursor		table = {take_bytes(&tnef, size), size};

		(void) take_bytes(&tnef, 2);	/* a checksum */
		if (table.at == NULL || *level != LVL_MESSAGE || id != attRecipTable)
			continue;
		for (guint32 n = take_number(&table); n > 0 && table.left > 0 &&
			 json_array_size(list) < MAX_RECIPIENTS; n--)
			take_recipient(&table, list);
	}
	if (json_array_size(list) > 0)
		json_object_set(props, "PR_MESSAGE_RECIPIENTS", list);
}

/* ---------------------------------------------------- messages, attachments */

static json_t *tnef_json(BYTE *bytes, long len, int nesting, Tally *tally);

/*
 * Add an attachment to a list.  A message that is embedded is TNEF after the
 * id of an interface.
 */
static void
add_attachment(json_t *list, Attachment *from, int nesting, Tally *tally)
{
	static const unsigned names[] = {0x3707, 0x3704, 0x3001};
	variableLength *object = find_value(&from->MAPI, 0x3701, KIND_OBJECT);
	variableLength *bytes = find_value(&from->MAPI, 0x3701, KIND_BINARY);
	g_autofree char *name = NULL;
	g_autofree char *type = value_text(find_value(&from->MAPI, 0x370E,
												  KIND_TEXT));
	json_t	   *message = NULL;
	json_t	   *attachment;

	for (size_t i = 0; i < G_N_ELEMENTS(names) && name == NULL; i++)
		name = value_text(find_value(&from->MAPI, names[i], KIND_TEXT));
	if (name == NULL)
		name = value_text(&from->Title);
	if (object != NULL && object->size > INTERFACE_BYTES + 4 &&
		memcmp(object->data + INTERFACE_BYTES, TNEF_SIGNATURE, 4) == 0 &&
		nesting < MAX_EMBEDDED)
		message = tnef_json(object->data + INTERFACE_BYTES,
							object->size - INTERFACE_BYTES, nesting + 1,
							tally);
	if (from->FileData.size > 0)
		bytes = &from->FileData;

	attachment = attach_add(list, message ? "message/rfc822" :
							type && *type ? type : "application/octet-stream",
							message ? ATTACH_EMBEDDED_MSG : ATTACH_BY_VALUE,
							tally);
	if (message == NULL)
		put_binary(attachment, "PR_ATTACH_DATA_BIN", bytes ? bytes->data :
				   NULL, bytes ? (size_t) MAX(bytes->size, 0) : 0);
	else
	{
		put_text(attachment, "PR_DISPLAY_NAME",
				 text_of(message, "PR_SUBJECT"));
		json_object_set_new(attachment, "PR_ATTACH_DATA_OBJ", message);
	}
	if (name != NULL && *name != '\0')
		attach_names(attachment, name);
}

/* Return the properties in TNEF, with attachments, or NULL. */
static json_t *
tnef_json(BYTE *bytes, long len, int nesting, Tally *tally)
{
	TNEFStruct	tnef;
	json_auto_t *list = json_array();
	json_t	   *props;

	memset(&tnef, 0, sizeof(tnef));	/* TNEFInitialize() misses fields */
	TNEFInitialize(&tnef);
	if (TNEFParseMemory(bytes, len, &tnef) < 0)
		return NULL;
	for (Attachment *one = tnef.starting_attach.next; one != NULL;
		 one = one->next)
		add_attachment(list, one, nesting, tally);
	props = message_props(&tnef);
	put_recipients(props, bytes, (size_t) len);
	if (json_array_size(list) > 0)
		json_object_set(props, "PR_MESSAGE_ATTACHMENTS", list);
	TNEFFree(&tnef);
	return props;
}

/* Read TNEF, and write its content and a tally to a file.  Does not return. */
static void
answer(const GByteArray *bytes, FILE *out)
{
	Tally	   *tally = tally_new();
	json_t	   *found;

	/* close the files and connections of the program */
	for (int fd = 0; fd < (int) sysconf(_SC_OPEN_MAX) && fd < MAX_FILES; fd++)
	{
		if (fd != fileno(out))
			close(fd);
	}
	alarm(TIMEOUT_SECONDS);
	if (freopen("/dev/null", "w", stdout) == NULL ||
		freopen("/dev/null", "w", stderr) == NULL)
		_exit(1);
	found = tnef_json((BYTE *) bytes->data, (long) bytes->len, 0, tally);
	if (found == NULL)
		_exit(1);
	json_object_set(found, COUNTS, tally);
	_exit(json_dumpf(found, out, JSON_COMPACT) == 0 && fclose(out) == 0 ? 0 :
		  1);
}

/* ------------------------------------------------------ the parent process */

/* Return the content of TNEF as JSON, or NULL if TNEF cannot be read. */
static json_t *
ask(const GByteArray *bytes)
{
	FILE	   *file = tmpfile();
	pid_t		child;
	json_t	   *found = NULL;
	int			status = 0;

	if (file == NULL)
		return NULL;
	fflush(NULL);
	child = fork();
	if (child == 0)
		answer(bytes, file);
	if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
	{
		rewind(file);
		found = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
	}
	fclose(file);
	return found;
}

/* Add attachments to a list, with numbers of that list. */
static void
move_attachments(json_t *list, json_t *from)
{
	size_t		i;
	json_t	   *one;

	json_array_foreach(from, i, one)
	{
		put_number(one, "PR_ATTACH_NUM", (json_int_t) json_array_size(list));
		json_array_append(list, one);
	}
}

/*
 * Count the recipients in TNEF that are not in the header, whose recipients
 * are those of the message.
 */
static void
count_recipients(json_t *have, json_t *list, Tally *tally)
{
	json_auto_t *known = json_object();
	unsigned	left = 0;
	size_t		i;
	json_t	   *one;

	json_array_foreach(have, i, one)
	{
		put_number(known, text_of(one, "PR_SMTP_ADDRESS"), 1);
		put_number(known, text_of(one, "PR_DISPLAY_NAME"), 1);
	}
	json_array_foreach(list, i, one)
		left += !number_of(known, text_of(one, "PR_SMTP_ADDRESS"), 0) &&
			!number_of(known, text_of(one, "PR_DISPLAY_NAME"), 0);
	tally_remark(tally, "recipients only in TNEF: left out, the header has "
				 "others", left);
}

bool
tnef_read(Walk *walk, const GByteArray *bytes)
{
	json_t	   *props = walk->reading->props;
	json_auto_t *found = NULL;
	json_t	   *one;
	const char *name;

	if (bytes->len > 4 && memcmp(bytes->data, TNEF_SIGNATURE, 4) == 0)
		found = ask(bytes);
	if (found == NULL)
	{
		tally_remark(walk->tally,
					 "TNEF that cannot be read: attached as it is", 1);
		return false;
	}
	json_object_foreach(found, name, one)
	{
		if (strcmp(name, COUNTS) == 0)
			tally_merge(walk->tally, one);
		else if (strcmp(name, "PR_MESSAGE_ATTACHMENTS") == 0)
			move_attachments(walk->attachments, one);
		else if (strcmp(name, "PR_BODY") == 0)
			g_string_append(walk->text, walk->text->len > 0 ||
							walk->html->len > 0 ? "" :
							json_string_value(one));
		else if (strcmp(name, "PR_MESSAGE_CLASS") == 0 &&
				 !g_str_has_prefix(json_string_value(one), "IPM."))
			continue;
		else if (json_object_get(props, name) == NULL)
			json_object_set(props, name, one);
		else if (strcmp(name, "PR_MESSAGE_RECIPIENTS") == 0)
			count_recipients(json_object_get(props, name), one, walk->tally);
	}
	return true;
}
