/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  The verifying half of the checker: read the records and the stored
 *	  changes, work out the fate of every operation, and have everything
 *	  judged.
 *
 * NOTES
 *	  The fate of an operation follows from the record: it is the fate of its
 *	  transaction, unless the operation failed or was undone by ROLLBACK TO.
 *	  If the answer to a commit was lost, the stored changes decide, for all
 *	  operations of the transaction alike.
 *
 *	  Memory is not freed before the program ends.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define MAX_SHOWN	4			/* of each kind of fault */
#define MAX_KINDS	64

/*
 * Count a fault of a kind (a text that is not freed).  Returns true if the
 * fault is to be shown; *end is then the end of the line.
 */
static bool
count_fault(Evidence *evidence, const char *kind, const char **end)
{
	static const char *kinds[MAX_KINDS];
	static int	counts[MAX_KINDS];
	int			i = 0;

	evidence->faults++;
	while (i < MAX_KINDS - 1 && kinds[i] != NULL && strcmp(kinds[i], kind) != 0)
		i++;
	kinds[i] = kind;
	counts[i]++;
	*end = counts[i] < MAX_SHOWN ? "" : "; and no more of this kind";
	return counts[i] <= MAX_SHOWN;
}

void
fault(Evidence *evidence, const char *fmt,...)
{
	const char *end;
	va_list		args;

	if (!count_fault(evidence, fmt, &end))
		return;
	va_start(args, fmt);
	fputs("fault: ", stdout);
	vprintf(fmt, args);
	puts(end);
	va_end(args);
}

static void *
enlarge(void *array, int count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	array = realloc(array, (count == 0 ? 1 : 2 * (size_t) count) * size);
	if (array == NULL)
		die("out of memory");
	return array;
}

/* -------------------------------------------------------------- operations */

int64_t
op_number(const Op *op, const char *field)
{
	return json_integer_value(json_object_get(op->fields, field));
}

int64_t
fields_number(const json_t *fields, const char *field)
{
	return json_integer_value(json_object_get(fields, field));
}

json_t *
op_fields(const Op *op, int64_t message)
{
	json_t	   *items = json_object_get(op->fields, "items");

	if (items == NULL)
		return op->fields;
	for (size_t i = 0; i < json_array_size(items); i++)
	{
		json_t	   *item = json_array_get(items, i);

		if (fields_number(item, "created") == message ||
			(fields_number(item, "created") == 0 &&
			 fields_number(item, "message") == message))
			return item;
	}
	return NULL;
}

static const char *
text_field(const json_t *fields, const char *name)
{
	const char *text = json_string_value(json_object_get(fields, name));

	return text == NULL ? "" : text;
}

Fate
op_fate(const Op *op)
{
	return op->undone || op->answer[0] == '!' ? ROLLED_BACK : op->txn->fate;
}

bool
op_succeeded(const Op *op)
{
	return strcmp(op->answer, "S_OK") == 0 ||
		strcmp(op->answer, "MAPI_W_PARTIAL_COMPLETION") == 0 ||
		strcmp(op->answer, "lost") == 0;
}

/* Return the effect of a save on a message. */
static Effect
save_effect(const Op *op, int64_t message)
{
	bool		lost = strcmp(op->answer, "lost") == 0;
	int64_t		created = op_number(op, "created");
	bool		copies = strcmp(op->mode, "elsewhere") == 0 ||
		strcmp(op->mode, "copy") == 0;
	int64_t		written = created != 0 ? created :
		copies ? 0 : op_number(op, "message");

	if (strcmp(op->mode, "keep") == 0)
		return EFFECT_NONE;
	if (json_object_get(op->fields, "repeats") != NULL)
		return written == message ? EFFECT_MAYBE : EFFECT_NONE;
	if (written == 0)
		return lost ? EFFECT_MAYBE : EFFECT_NONE;	/* its id is unknown */
	if (written != message)
		return EFFECT_NONE;
	if (strcmp(op->mode, "version") == 0)
	{
		if (lost)
			return EFFECT_MAYBE;
		return op_number(op, "number") == op_number(op, "base") ?
			EFFECT_NONE : EFFECT_CERTAIN;
	}
	if (created == 0 && strcmp(op->mode, "create") != 0 &&
		json_object_size(json_object_get(op->fields, "edits")) == 0)
		return EFFECT_NONE;
	return lost ? EFFECT_MAYBE : EFFECT_CERTAIN;
}

/* Return the effect of an item of an operation on its message. */
static Effect
item_effect(const Op *op, const json_t *item)
{
	json_t	   *edits = json_object_get(item, "edits");

	/* the ids of copies are unknown if the answer was lost */
	if (strcmp(op->answer, "lost") == 0)
		return item != NULL || strcmp(op->mode, "copied") == 0 ?
			EFFECT_MAYBE : EFFECT_NONE;
	if (item == NULL || strcmp(text_field(item, "answer"), "S_OK") != 0 ||
		(edits != NULL && json_object_size(edits) == 0))
		return EFFECT_NONE;
	return EFFECT_CERTAIN;
}

Effect
op_effect(const Op *op, int64_t message)
{
	json_t	   *messages = json_object_get(op->fields, "messages");

	if (!op_succeeded(op))
		return EFFECT_NONE;
	if (json_object_get(op->fields, "items") != NULL)
		return item_effect(op, op_fields(op, message));
	if (strcmp(op->what, "save") == 0)
		return save_effect(op, message);
	for (size_t i = 0; i < json_array_size(messages); i++)
	{
		if (json_integer_value(json_array_get(messages, i)) != message)
			continue;
		return strcmp(op->answer, "S_OK") != 0 ||
			strcmp(text_field(op->fields, "kind"), "m") == 0 ?
			EFFECT_MAYBE : EFFECT_CERTAIN;
	}
	return EFFECT_NONE;
}

bool
txn_touched(const Txn *txn, int64_t message)
{
	for (const Op *op = txn->first; op <= txn->last; op++)
	{
		if (op->txn == txn && op_effect(op, message) != EFFECT_NONE)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------- the records */

/* The operations of a session, in order, while its record is read. */
typedef struct Reading
{
	Evidence   *evidence;
	int			session;
	Op		   *ops;
	int			nops;
	Txn		   *txn;			/* that is open, or NULL */
	int64_t		txn_number;
	int			savepoints[MAX_SAVEPOINTS + 1]; /* operation after each */
	bool		ended;
} Reading;

static Txn *
new_txn(Evidence *evidence, Op *first)
{
	Txn		   *txn = calloc(1, sizeof(Txn));

	if (txn == NULL)
		die("out of memory");
	evidence->txns = enlarge(evidence->txns, evidence->ntxns,
							 sizeof(Txn *));
	evidence->txns[evidence->ntxns++] = txn;
	txn->first = txn->last = first;
	return txn;
}

static void
end_txn(Txn *txn, const Op *op)
{
	txn->commit_from = op->from;
	txn->commit_to = op->to;
	if (strcmp(op->answer, "lost") == 0)
		txn->fate = UNKNOWN;
	else if (op->answer[0] != '!')
		txn->fate = COMMITTED;
}

/* Take an operation over into the transaction of which it is part. */
static void
follow(Reading *reading, Op *op)
{
	int			depth = (int) op_number(op, "depth");
	int64_t		number = op_number(op, "txn");

	if (number == 0)
	{
		op->txn = new_txn(reading->evidence, op);
		end_txn(op->txn, op);
		return;
	}
	if (reading->txn == NULL || number != reading->txn_number)
	{
		reading->txn = new_txn(reading->evidence, op);
		reading->txn_number = number;
	}
	op->txn = reading->txn;
	op->txn->last = op;
	if (strcmp(op->what, "commit") == 0)
		end_txn(op->txn, op);
	if (strcmp(op->answer, "done") != 0)
		return;
	if (strcmp(op->what, "savepoint") == 0)
		reading->savepoints[depth] = reading->nops;
	else if (strcmp(op->what, "rollback to") == 0)
	{
		for (int i = reading->savepoints[depth]; i < reading->nops; i++)
			reading->ops[i].undone = true;
	}
}

static void
note_drafts(Evidence *evidence, const json_t *record)
{
	json_t	   *drafts = json_object_get(record, "drafts");
	json_t	   *uncertain = json_object_get(record, "uncertain");
	char		key[32];

	for (size_t i = 0; i < json_array_size(drafts); i++)
	{
		json_t	   *draft = json_array_get(drafts, i);

		snprintf(key, sizeof(key), "%lld",
				 (long long) json_integer_value(json_object_get(draft, "id")));
		json_object_set(evidence->drafts, key, draft);
	}
	for (size_t i = 0; i < json_array_size(uncertain); i++)
	{
		snprintf(key, sizeof(key), "%lld",
				 (long long) json_integer_value(json_array_get(uncertain, i)));
		json_object_set_new(evidence->uncertain, key, json_true());
	}
}

static void
read_record(Reading *reading, json_t *record)
{
	const char *what = text_field(record, "do");
	const char *end;
	Op		   *op;

	if (strcmp(what, "session") == 0)
		reading->session =
			(int) json_integer_value(json_object_get(record, "number"));
	else if (strcmp(what, "violation") == 0)
	{
		if (count_fault(reading->evidence, text_field(record, "kind"), &end))
			printf("fault: %d-%lld saw: %s%s\n", reading->session,
				   (long long) json_integer_value(json_object_get(record,
																  "op")),
				   text_field(record, "text"), end);
	}
	else if (strcmp(what, "end") == 0)
	{
		reading->ended = true;
		note_drafts(reading->evidence, record);
	}
	else
	{
		op = &reading->ops[reading->nops++];
		op->session = reading->session;
		op->what = what;
		op->mode = text_field(record, "mode");
		op->answer = text_field(record, "answer");
		op->fields = record;
		op->number = op_number(op, "op");
		op->from = op_number(op, "from");
		op->to = op_number(op, "to");
		follow(reading, op);
	}
}

/* Read one session's file. */
static void
read_file(Evidence *evidence, const char *path)
{
	FILE	   *file = fopen(path, "r");
	json_t	   *records = json_array();
	Reading		reading = {.evidence = evidence};
	json_t	   *record;
	json_error_t error;

	if (file == NULL)
		die("could not open \"%s\"", path);
	while ((record = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL)
		json_array_append_new(records, record);
	fclose(file);
	json_array_append_new(evidence->records, records);

	reading.ops = calloc(json_array_size(records) + 1, sizeof(Op));
	if (reading.ops == NULL)
		die("out of memory");
	for (size_t i = 0; i < json_array_size(records); i++)
		read_record(&reading, json_array_get(records, i));
	if (!reading.ended)
		fault(evidence, "the record \"%s\" has no end: %s", path, error.text);
	for (int i = 0; i < reading.nops; i++)
	{
		evidence->ops = enlarge(evidence->ops, evidence->nops, sizeof(Op *));
		evidence->ops[evidence->nops++] = &reading.ops[i];
	}
}

static void
read_records(Evidence *evidence, const char *directory)
{
	DIR		   *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL)
		die("could not open \"%s\"", directory);
	evidence->records = json_array();
	evidence->drafts = json_object();
	evidence->uncertain = json_object();
	while ((entry = readdir(dir)) != NULL)
	{
		if (strncmp(entry->d_name, "session-", strlen("session-")) == 0)
		{
			char	   *path = format("%s/%s", directory, entry->d_name);

			read_file(evidence, path);
			free(path);
		}
	}
	closedir(dir);
	if (evidence->nops == 0)
		die("no operation is recorded in \"%s\"", directory);
}

/* ---------------------------------------------------------- what is stored */

/* Return a version, or the error that reading it raises. */
static const char *const at_function =
"CREATE FUNCTION pg_temp.version_at(message bigint, number bigint)"
" RETURNS jsonb LANGUAGE plpgsql AS $$"
" BEGIN"
"  RETURN msgstore.message_at(1, message, number);"
" EXCEPTION WHEN OTHERS THEN"
"  RETURN jsonb_build_object('error', SQLERRM);"
" END $$";

PGresult   *
evidence_query(Evidence *evidence, const char *sql)
{
	PGresult   *result = PQexec(evidence->conn, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
		PQresultStatus(result) != PGRES_COMMAND_OK)
		die("%s", PQerrorMessage(evidence->conn));
	return result;
}

static int64_t
number_at(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static json_t *
json_at(const PGresult *result, int row, int column)
{
	json_t	   *value = json_loads(PQgetvalue(result, row, column), 0, NULL);

	if (value == NULL)
		die("the server sent what is no JSON object");
	return value;
}

static void
read_rows(Evidence *evidence)
{
	PGresult   *result = evidence_query(evidence,
										"SELECT message_id, change_number, previous,"
										" nullif(coalesce(base_change_number,"
										" previous), 0), incarnation,"
										" coalesce(late_xid, xid), kind,"
										" actor, pg_temp.version_at(message_id,"
										" change_number)"
										" FROM msgstore.change"
										" JOIN msgstore.author USING (author_id)"
										" WHERE store_id = 1"
										" ORDER BY message_id, change_number");

	evidence->change_rows = result;
	evidence->nrows = PQntuples(result);
	evidence->rows = calloc(evidence->nrows + 1, sizeof(Row));
	if (evidence->rows == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->nrows; i++)
	{
		Row		   *row = &evidence->rows[i];

		row->message = number_at(result, i, 0);
		row->number = number_at(result, i, 1);
		row->previous = number_at(result, i, 2);
		row->base = number_at(result, i, 3);
		row->incarnation = number_at(result, i, 4);
		row->xid = PQgetvalue(result, i, 5);
		row->kind = PQgetvalue(result, i, 6)[0];
		row->actor = PQgetvalue(result, i, 7);
		row->shown = json_at(result, i, 8);
		row->content = content_of(row->shown);
		row->hash = content_hash(row->content);
	}
}

static void
read_current(Evidence *evidence)
{
	PGresult   *result = evidence_query(evidence,
										"SELECT message_id, change_number,"
										" deleted_at IS NOT NULL,"
										" CASE WHEN deleted_at IS NULL THEN"
										" msgstore.read_message(1, message_id) END"
										" FROM msgstore.message WHERE store_id = 1"
										" ORDER BY message_id");

	evidence->ncurrent = PQntuples(result);
	evidence->current = calloc(evidence->ncurrent + 1, sizeof(Current));
	if (evidence->current == NULL)
		die("out of memory");
	for (int i = 0; i < evidence->ncurrent; i++)
	{
		Current    *current = &evidence->current[i];

		current->message = number_at(result, i, 0);
		current->number = number_at(result, i, 1);
		current->deleted = PQgetvalue(result, i, 2)[0] == 't';
		if (!current->deleted)
			current->shown = json_at(result, i, 3);
	}
	PQclear(result);
}

static int
compare_row(const void *key, const void *element)
{
	const Row  *a = key;
	const Row  *b = element;

	if (a->message != b->message)
		return a->message < b->message ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

Row *
find_row(const Evidence *evidence, int64_t message, int64_t number)
{
	Row			key = {.message = message, .number = number};

	return bsearch(&key, evidence->rows, evidence->nrows, sizeof(Row),
				   compare_row);
}

static int
compare_current(const void *key, const void *element)
{
	int64_t		a = ((const Current *) key)->message;
	int64_t		b = ((const Current *) element)->message;

	return a < b ? -1 : a > b;
}

const Current *
find_current(const Evidence *evidence, int64_t message)
{
	Current		key = {.message = message};

	return bsearch(&key, evidence->current, evidence->ncurrent,
				   sizeof(Current), compare_current);
}

/* ------------------------------------------------------------- the verdict */

/* Return the number of operations that compared something of a kind. */
static int
count_looks(const Evidence *evidence, const char *kind)
{
	int			count = 0;

	for (int i = 0; i < evidence->nops; i++)
		count += strcmp(text_field(evidence->ops[i]->fields, "compared"),
						kind) == 0;
	return count;
}

/* Print how much was judged, so that a test can see if it was enough. */
static void
summarize(const Evidence *evidence)
{
	static const char *const names[] = {
		"acknowledged", "refused", "rolled back", "unknown"
	};
	int			counts[lengthof(names)] = {0};
	int			kinds[128] = {0};
	int			bulk = 0;

	for (int i = 0; i < evidence->nops; i++)
	{
		const Op   *op = evidence->ops[i];

		if (strcmp(op->what, "save") != 0 && strcmp(op->what, "place") != 0)
			continue;
		if (op_fate(op) == ROLLED_BACK)
			counts[2]++;
		else if (op_fate(op) == UNKNOWN)
			counts[3]++;
		else
			counts[op_succeeded(op) ? 0 : 1]++;
	}
	for (int i = 0; i < evidence->nrows; i++)
	{
		const Row  *row = &evidence->rows[i];

		kinds[row->kind & 127]++;
		bulk += row->kind != 'y' && row->op != NULL &&
			json_object_get(row->op->fields, "items") != NULL;
	}
	printf("%d operations:", evidence->nops);
	for (size_t i = 0; i < lengthof(names); i++)
		printf(" %d %s,", counts[i], names[i]);
	printf(" %d transactions\n", evidence->ntxns);
	printf("%d versions: %d created, %d saved, %d forced, %d merged, %d moved,"
		   " %d deleted, %d restored, %d deleted for good, %d copied, %d in bulk\n",
		   evidence->nrows, kinds['c'], kinds['s'], kinds['f'], kinds['g'],
		   kinds['m'], kinds['d'], kinds['r'], kinds['h'], kinds['y'], bulk);
	printf("%d looks at flags, %d requests again, %d drafts settled\n",
		   count_looks(evidence, "flag"), count_looks(evidence, "request"),
		   count_looks(evidence, "draft"));
}

int
verify(const char *conninfo, const char *directory)
{
	Evidence	evidence = {0};

	read_records(&evidence, directory);
	evidence.conn = PQconnectdb(conninfo);
	if (PQstatus(evidence.conn) != CONNECTION_OK)
		die("%s", PQerrorMessage(evidence.conn));
	PQclear(evidence_query(&evidence, at_function));
	read_rows(&evidence);
	read_current(&evidence);

	judge_rows(&evidence);
	judge_chains(&evidence);
	judge_answers(&evidence);
	judge_transactions(&evidence);
	judge_numbers(&evidence);
	judge_drafts(&evidence);
	judge_rights(&evidence);

	summarize(&evidence);
	printf("%d faults\n", evidence.faults);
	PQfinish(evidence.conn);
	return evidence.faults == 0 ? 0 : 1;
}
