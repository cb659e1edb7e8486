/*-------------------------------------------------------------------------
 *
 * querymessage.c
 *	  SQL statements on messages: their changes, originals, drafts, state, and
 *	  the queue of those that are sent.
 *
 *	  The rules are at the top of query.c, which runs the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "engine.h"

#include "catalog/pg_type.h"

#include "query.h"

/* the bytes of the undo in a row of change, as undo_bytes() counts them */
#define UNDO_BYTES(row) \
	"(octet_length(" row ".undo)" \
	" + coalesce(octet_length(" row ".undo_headers), 0)" \
	" + coalesce(octet_length(" row ".undo_body), 0)" \
	" + coalesce(octet_length(" row ".undo_html), 0)" \
	" + coalesce(octet_length(" row ".undo_rtf), 0))"
/* INDENT OFF */
const Statement query_message_statements[] =
{
	{QUERY_MESSAGE_UNPROMOTED, false, {INT8OID, INT8OID, INT8OID, INT4OID},
		"SELECT store_id, message_id FROM msgstore.message"
		" WHERE (store_id = $1 OR $1 IS NULL)"
		" AND (store_id, message_id) > ($2, $3) AND size IS NULL"
		" ORDER BY store_id, message_id LIMIT $4"},
	{QUERY_MESSAGE_FORGET, true, {INT8OID, INT8OID},
		"WITH marks AS (DELETE FROM msgstore.read_mark"
		" WHERE store_id = $1 AND message_id = $2),"
		" queue AS (DELETE FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2),"
		" words AS (DELETE FROM msgstore.message_search"
		" WHERE store_id = $1 AND message_id = $2)"
		" DELETE FROM msgstore.message_status"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_PURGE_CHANGES, true, {INT8OID, INT8OID, INT8OID},
		"WITH gone AS (DELETE FROM msgstore.change c"
		" WHERE store_id = $1 AND message_id = $2 AND kind <> 'x'"
		" RETURNING " UNDO_BYTES("c") " AS bytes,"
		" msgstore_internal.unpack_undo(c.undo) -> '.folder_id' AS folder)"
		" SELECT count(*), coalesce(sum(bytes), 0)::bigint,"
		" (SELECT coalesce(jsonb_agg(f), '[]') FROM (SELECT folder AS f"
		" FROM gone UNION SELECT to_jsonb($3)) u WHERE f IS NOT NULL)"
		" FROM gone"},
	{QUERY_PURGE_DRAFTS, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_PURGE_REFS, true, {INT8OID, INT8OID},
		"WITH gone AS (DELETE FROM msgstore.blob_ref"
		" WHERE store_id = $1 AND message_id = $2 RETURNING blob_id)"
		" SELECT coalesce(array_agg(blob_id), '{}') FROM gone"},
	{QUERY_PURGE_LOCK_BLOBS, true, {INT8OID, INT8ARRAYOID},
		"SELECT 1 FROM msgstore.blob"
		" WHERE store_id = $1 AND blob_id = ANY ($2)"
		" ORDER BY blob_id FOR UPDATE"},
	{QUERY_MESSAGE_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.message"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_CHANGE_REQUESTED, false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT c.message_id, c.change_number FROM msgstore.change c"
		" JOIN msgstore.author a USING (author_id)"
		" WHERE c.store_id = $1 AND c.request = $2 AND a.role = $3"
		" AND CASE WHEN $4 IS NULL THEN c.kind = 'c'"
		" ELSE c.message_id = $4 END"},
	{QUERY_ORIGINAL_SIZE, false, {INT8OID, INT8OID},
		"SELECT coalesce(max(\"offset\" + octet_length(bytes)), -1)"
		" FROM msgstore.original WHERE store_id = $1 AND message_id = $2"},
	{QUERY_ORIGINAL_READ, false, {INT8OID, INT8OID, INT8OID, INT8OID},
		"SELECT substr(bytes, greatest(1, $3 - \"offset\" + 1)::int4)"
		" FROM msgstore.original WHERE store_id = $1 AND message_id = $2"
		" AND \"offset\" + octet_length(bytes) > $3 AND \"offset\" < $3 + $4"
		" ORDER BY \"offset\""},
	{QUERY_ORIGINAL_WRITE, true, {INT8OID, INT8OID, INT8OID, BYTEAOID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $1, $2, $3, $4 FROM msgstore.message AS m"
		" WHERE store_id = $1 AND message_id = $2"
		" AND (SELECT keep_originals FROM msgstore.store WHERE store_id = $1)"
		" AND $3 = (SELECT coalesce(max(o.\"offset\" + octet_length(o.bytes)), 0)"
		" FROM msgstore.original AS o"
		" WHERE o.store_id = $1 AND o.message_id = $2)"
		" FOR KEY SHARE OF m"
		" RETURNING \"offset\" + octet_length(bytes)"},
	{QUERY_ORIGINAL_STORE, true, {INT8OID, INT8OID, INT8OID, BYTEAOID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $1, $2, $3, $4 FROM msgstore.store"
		" WHERE store_id = $1 AND keep_originals"},
	{QUERY_ORIGINAL_KEPT, false, {INT8OID},
		"SELECT store_id FROM msgstore.store"
		" WHERE store_id = $1 AND keep_originals"},
	{QUERY_ORIGINAL_COPY, true, {INT8OID, INT8OID, INT8OID, INT8OID},
		"INSERT INTO msgstore.original"
		" (store_id, message_id, \"offset\", bytes)"
		" SELECT $3, $4, \"offset\", bytes FROM msgstore.original"
		" WHERE store_id = $1 AND message_id = $2 AND ($1 = $3"
		" OR (SELECT keep_originals FROM msgstore.store WHERE store_id = $3))"},
	{QUERY_ORIGINAL_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.original"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_PARKED_INSERT, true, {INT8OID, INT8OID, TEXTOID, INT8OID, INT8OID,
		INT8OID, JSONBOID, TEXTOID, JSONBOID, JSONBOID, JSONBOID, TEXTOID,
		TEXTOID, BYTEAOID, BYTEAOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
		"INSERT INTO msgstore.parked_draft AS p"
		" (store_id, parked_id, role, message_id, folder_id,"
		" base_change_number, defaults, touched, props, recipients,"
		" attachments, headers, body, html, rtf, actor, client, parked_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
		" $14, $15, $16, $17, clock_timestamp())"
		" ON CONFLICT (store_id, parked_id) DO UPDATE SET"
		" message_id = excluded.message_id, folder_id = excluded.folder_id,"
		" base_change_number = excluded.base_change_number,"
		" defaults = excluded.defaults, touched = excluded.touched,"
		" props = excluded.props, recipients = excluded.recipients,"
		" attachments = excluded.attachments, headers = excluded.headers,"
		" body = excluded.body, html = excluded.html, rtf = excluded.rtf,"
		" actor = excluded.actor, client = excluded.client, parked_at ="
		" greatest(excluded.parked_at, p.parked_at + interval '1 microsecond')"
		" WHERE p.parked_at = $18"
		" RETURNING p.parked_at"},
	{QUERY_PARKED_READ, false, {INT8OID, INT8OID, TEXTOID},
		"SELECT message_id, folder_id, base_change_number, defaults, touched,"
		" props, recipients, attachments, headers, body, html, rtf, parked_at,"
		" change_key IS NOT NULL FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND (role = $3 OR change_key IS NOT NULL)"},
	{QUERY_PARKED_DELETE, true, {INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID},
		"DELETE FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND ($3 IS NULL OR role = $3)"
		" AND ($4 IS NULL OR parked_at = $4)"
		" RETURNING message_id, change_key IS NOT NULL"},
	/*
	 * The newest change of a message has rank 1.  The base of a parked draft
	 * may be the oldest version, whose own change has been pruned already.
	 * Then the change that leads back to the base ("previous") is the oldest
	 * one to keep.
	 */
	{QUERY_PRUNE, true, {INT8OID, INT8OID, INT4OID},
		"WITH ids AS MATERIALIZED ("
		" SELECT DISTINCT message_id FROM msgstore.change"
		" WHERE store_id = $1 AND message_id > $2"
		" ORDER BY message_id LIMIT $3"
		"), ranked AS MATERIALIZED ("
		" SELECT c.message_id, c.change_number, c.previous, c.changed_at,"
		" row_number() OVER (PARTITION BY c.message_id"
		" ORDER BY c.changed_at DESC, c.change_number DESC) AS rank"
		" FROM msgstore.change c JOIN ids USING (message_id)"
		" WHERE c.store_id = $1"
		"), parked AS ("
		" SELECT r.message_id, max(r.rank) AS rank"
		" FROM ranked r JOIN msgstore.parked_draft p"
		" ON p.store_id = $1 AND p.message_id = r.message_id"
		" AND p.base_change_number IN (r.change_number, r.previous)"
		" AND msgstore_internal.role_may_edit(p.store_id,"
		" (SELECT m.folder_id FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id = p.message_id), p.role)"
		" GROUP BY r.message_id"
		"), pruned AS ("
		" DELETE FROM msgstore.change c"
		" USING msgstore.store s, ranked r LEFT JOIN parked k USING (message_id)"
		" WHERE s.store_id = $1 AND c.store_id = $1"
		" AND c.message_id = r.message_id"
		" AND c.change_number = r.change_number"
		" AND (s.keep_age IS NOT NULL OR s.keep_count IS NOT NULL)"
		" AND r.rank > greatest(coalesce(s.keep_count, 1), coalesce(k.rank, 1))"
		" AND r.changed_at < now() - CASE"
		" WHEN s.keep_age > interval '4000 years' THEN interval '4000 years'"
		" ELSE greatest(s.keep_age, interval '1 day') END"
		" RETURNING c.kind, c.incarnation, coalesce(c.late_xid, c.xid) AS xid,"
		" " UNDO_BYTES("c") " AS bytes"
		"), placed AS ("
		" SELECT incarnation, xid FROM pruned"
		" WHERE kind IN ('m', 'h') ORDER BY incarnation DESC, xid DESC LIMIT 1"
		"), noted AS ("
		" UPDATE msgstore.store s SET pruned_incarnation = p.incarnation,"
		" pruned_xid = p.xid FROM placed p WHERE s.store_id = $1"
		" AND (s.pruned_incarnation IS NULL OR (p.incarnation, p.xid)"
		" > (s.pruned_incarnation, s.pruned_xid))"
		")"
		" SELECT (SELECT max(message_id) FROM ids), count(*),"
		" coalesce(sum(bytes), 0)::bigint FROM pruned"},
	{QUERY_STATE_READ, false, {INT8OID},
		"SELECT r.noted, r.noted OR s.any"
		" OR EXISTS (SELECT FROM msgstore.read_page WHERE store_id = $1)"
		" OR EXISTS (SELECT FROM msgstore.read_mark WHERE store_id = $1),"
		" m.noted, m.noted OR s.any"
		" OR EXISTS (SELECT FROM msgstore.message_status WHERE store_id = $1)"
		" FROM (SELECT EXISTS (SELECT FROM msgstore.store_state"
		" WHERE store_id = $1 AND NOT is_status"
		" AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()) AS noted) r,"
		" (SELECT EXISTS (SELECT FROM msgstore.store_state"
		" WHERE store_id = $1 AND is_status"
		" AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()) AS noted) m,"
		" (SELECT EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid"
		" IN ('msgstore.store_state'::regclass, 'msgstore.read_page'::regclass,"
		" 'msgstore.read_mark'::regclass, 'msgstore.message_status'::regclass))"
		" AS any) s"},
	{QUERY_STATE_NOTE, true, {INT8OID, BOOLOID},
		"INSERT INTO msgstore.store_state (store_id, is_status, xid)"
		" VALUES ($1, $2, pg_current_xact_id()) ON CONFLICT DO NOTHING"},
	/*
	 * Read flags.  The statements have the parameters of state.c, R_*.  Pages
	 * and marks are locked in the order of their keys.
	 */
	{QUERY_READ_PAGES, true, {INT8OID, TEXTOID, TEXTOID, INT8ARRAYOID,
		BOOLOID, BOOLOID, INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_page AS p"
		" (store_id, role, actor, page, known, is_read)"
		" SELECT $1, $2, $3, t.page, t.ids,"
		" CASE WHEN $5 THEN t.ids ELSE 0::bit(1024) END"
		" FROM (SELECT i >> 10 AS page,"
		" bit_or(set_bit(0::bit(1024), (i & 1023)::integer, 1)) AS ids"
		" FROM unnest($4) i GROUP BY 1 ORDER BY 1) t"
		" ON CONFLICT (store_id, role, actor, page) DO UPDATE SET"
		" known = p.known | excluded.known, is_read ="
		" CASE WHEN $5 THEN p.is_read | excluded.known"
		" ELSE p.is_read & ~ excluded.known END"},
	{QUERY_READ_MARKS, true, {INT8OID, TEXTOID, TEXTOID, INT8ARRAYOID,
		BOOLOID, BOOLOID, INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_mark AS r"
		" (store_id, message_id, role, actor, receipts, changed_at,"
		" incarnation, xid, number)"
		" SELECT $1, i, $2, $3, $7, $8, $9, pg_current_xact_id(), $10"
		" FROM unnest($4) i ORDER BY i"
		" ON CONFLICT (store_id, message_id, role, actor) DO UPDATE SET"
		" receipts = r.receipts | excluded.receipts, changed_at ="
		" greatest(excluded.changed_at, r.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	/* for the messages whose sender has asked for a receipt */
	{QUERY_READ_FOLDER_RECEIPTS, true, {INT8OID, TEXTOID, TEXTOID, INT8OID,
		BOOLOID, BOOLOID, INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_mark AS r"
		" (store_id, message_id, role, actor, receipts, changed_at,"
		" incarnation, xid, number)"
		" SELECT $1, t.message_id, $2, $3, t.receipts, $8, $9,"
		" pg_current_xact_id(), $10"
		" FROM (SELECT m.message_id, $7 | CASE WHEN $11 AND"
		" get_bit(p.is_read, (m.message_id & 1023)::integer) = 1"
		" THEN 1 ELSE 0 END AS receipts"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($6 OR m.creator = $2)"
		" AND (m.props->>'PR_READ_RECEIPT_REQUESTED' = 'true'"
		" OR m.props->>'PR_NON_RECEIPT_NOTIFICATION_REQUESTED' = 'true')) t"
		" WHERE t.receipts <> 0 ORDER BY t.message_id"
		" ON CONFLICT (store_id, message_id, role, actor) DO UPDATE SET"
		" receipts = r.receipts | excluded.receipts, changed_at ="
		" greatest(excluded.changed_at, r.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	{QUERY_READ_FOLDER_PAGES, true, {INT8OID, TEXTOID, TEXTOID, INT8OID,
		BOOLOID, BOOLOID, INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_page AS p"
		" (store_id, role, actor, page, known, is_read, folder_read_at)"
		" SELECT $1, $2, $3, t.page, t.ids,"
		" CASE WHEN $5 THEN t.ids ELSE 0::bit(1024) END, $8"
		" FROM (SELECT m.message_id >> 10 AS page,"
		" bit_or(set_bit(0::bit(1024), (m.message_id & 1023)::integer, 1))"
		" AS ids"
		" FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($6 OR m.creator = $2)"
		" GROUP BY 1 ORDER BY 1) t"
		" ON CONFLICT (store_id, role, actor, page) DO UPDATE SET"
		" known = p.known | excluded.known, is_read ="
		" CASE WHEN $5 THEN p.is_read | excluded.known"
		" ELSE p.is_read & ~ excluded.known END,"
		" folder_read_at = greatest(excluded.folder_read_at,"
		" p.folder_read_at + interval '1 microsecond')"
		" WHERE (p.known & excluded.known) <> excluded.known"
		" OR (p.is_read & excluded.known) <> excluded.is_read"},
	{QUERY_READ_FOLDER, true, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID,
		BOOLOID, INT4OID, TIMESTAMPTZOID, INT8OID, INT8OID, BOOLOID},
		"INSERT INTO msgstore.read_folder AS f"
		" (store_id, folder_id, role, actor, is_read, changed_at,"
		" incarnation, xid, number)"
		" VALUES ($1, $4, $2, $3, $5, $8, $9, pg_current_xact_id(), $10)"
		" ON CONFLICT (store_id, folder_id, role, actor) DO UPDATE SET"
		" is_read = excluded.is_read, changed_at ="
		" greatest(excluded.changed_at, f.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number"},
	/* messages of a folder; pages in which a user has read something */
	{QUERY_READ_EXTENT, false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT (SELECT coalesce(sum(messages), 0)::bigint"
		" FROM msgstore.folder_count"
		" WHERE store_id = $1 AND folder_id = $4), (SELECT count(*)"
		" FROM msgstore.read_page"
		" WHERE store_id = $1 AND role = $2 AND actor = $3"
		" AND is_read <> 0::bit(1024))"},
	/* all messages but those that were read, and those created as read */
	{QUERY_READ_COUNT_PAGES, false, {INT8OID, TEXTOID, TEXTOID, INT8OID},
		"SELECT (SELECT coalesce(sum(messages), 0)::bigint"
		" FROM msgstore.folder_count WHERE store_id = $1 AND folder_id = $4)"
		" - (SELECT count(*)"
		" FROM msgstore.read_page p, LATERAL ("
		"SELECT m.message_id FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id >= p.page << 10"
		" AND m.message_id < (p.page + 1) << 10 AND m.folder_id = $4"
		" AND m.deleted_at IS NULL AND (m.message_flags & 64) = 0"
		" OFFSET 0) m"
		" WHERE p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.is_read <> 0::bit(1024)"
		" AND get_bit(p.is_read, (m.message_id & 1023)::integer) = 1)"
		" - (SELECT count(*)"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.creator = $2"
		" AND m.deleted_at IS NULL AND (m.message_flags & 65) = 1"
		" AND coalesce(m.creator_actor, '') = $3 AND (p.known IS NULL"
		" OR get_bit(p.known, (m.message_id & 1023)::integer) = 0))"},
	{QUERY_READ_COUNT, false, {INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID},
		"SELECT count(*)"
		" FROM msgstore.message m LEFT JOIN msgstore.read_page p"
		" ON p.store_id = $1 AND p.role = $2 AND p.actor = $3"
		" AND p.page = m.message_id >> 10"
		" WHERE m.store_id = $1 AND m.folder_id = $4 AND m.deleted_at IS NULL"
		" AND (m.message_flags & 64) = 0 AND ($5 OR m.creator = $2)"
		" AND CASE WHEN get_bit(p.known, (m.message_id & 1023)::integer) = 1"
		" THEN get_bit(p.is_read, (m.message_id & 1023)::integer) = 0"
		" ELSE NOT ((m.message_flags & 1) = 1 AND m.creator = $2"
		" AND coalesce(m.creator_actor, '') = $3) END"},
	{QUERY_STATUS_SET, true, {INT8OID, INT8OID, INT4OID, INT4OID,
		TIMESTAMPTZOID, INT8OID, INT8OID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.message_status AS s"
		" (store_id, message_id, status, replaced, changed_at, incarnation,"
		" xid, number, role, actor)"
		" VALUES ($1, $2, $3 & $4, 0, $5, $6, pg_current_xact_id(), $7, $8, $9)"
		" ON CONFLICT (store_id, message_id) DO UPDATE SET"
		" status = (s.status & ~ $4) | ($3 & $4), replaced = s.status,"
		" changed_at ="
		" greatest(excluded.changed_at, s.changed_at + interval '1 microsecond'),"
		" incarnation = excluded.incarnation, xid = excluded.xid,"
		" number = excluded.number, role = excluded.role,"
		" actor = excluded.actor"
		" RETURNING s.replaced::bigint"},
	/* the own row of a ttl of zero is deleted too */
	{QUERY_EDITING_PRUNE, true, {INT8OID, INT8OID, INTERVALOID, INT4OID,
		TEXTOID, TEXTOID, TEXTOID},
		"DELETE FROM msgstore.editing e USING ("
		" SELECT d.message_id, d.pid, d.role, d.actor FROM msgstore.editing d"
		" WHERE d.store_id = $1 AND (d.good_until <= clock_timestamp()"
		" OR ($3 = interval '0' AND d.message_id = $2 AND d.pid = $4"
		" AND d.role = $5 AND d.actor = $6))"
		" FOR UPDATE SKIP LOCKED) dead"
		" WHERE e.store_id = $1 AND e.message_id = dead.message_id"
		" AND e.pid = dead.pid AND e.role = dead.role"
		" AND e.actor = dead.actor"},
	{QUERY_EDITING_INSERT, true, {INT8OID, INT8OID, INTERVALOID, INT4OID,
		TEXTOID, TEXTOID, TEXTOID},
		"INSERT INTO msgstore.editing AS e"
		" (store_id, message_id, pid, role, actor, client, since, good_until)"
		" SELECT $1, $2, $4, $5, $6, $7, clock_timestamp(),"
		" clock_timestamp() + $3 WHERE $3 > interval '0'"
		" ON CONFLICT (store_id, message_id, pid, role, actor) DO UPDATE SET"
		" client = excluded.client, good_until = excluded.good_until"},
	{QUERY_EDITING_READ, false, {INT8OID, INT8OID},
		"SELECT role, nullif(actor, ''), client, min(since), max(good_until)"
		" FROM msgstore.editing"
		" WHERE store_id = $1 AND message_id = $2"
		" AND good_until > clock_timestamp()"
		" GROUP BY role, actor, client ORDER BY 4, 1, 2, 3"},
	{QUERY_OUTGOING_INSERT, true, {INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID,
		TEXTOID},
		"INSERT INTO msgstore.outgoing"
		" (store_id, message_id, due_at, role, actor, attempt)"
		" VALUES ($1, $2, $3, $4, $5, 0)"
		" ON CONFLICT (store_id, message_id) DO UPDATE SET"
		" due_at = excluded.due_at, role = excluded.role,"
		" actor = excluded.actor, attempt = 0, claim = NULL,"
		" claimed_by = NULL, claimed_until = NULL, failed_at = NULL,"
		" detail = NULL"},
	{QUERY_OUTGOING_LOCK, true, {INT8OID, INT8OID},
		"SELECT CASE WHEN claimed_until > clock_timestamp() THEN claim"
		" ELSE 0 END FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2 AND failed_at IS NULL"
		" FOR UPDATE"},
	{QUERY_OUTGOING_CLAIM, true, {INT8OID, INT4OID, INTERVALOID, INT8OID,
		TEXTOID},
		"WITH picked AS MATERIALIZED ("
		" SELECT o.message_id FROM msgstore.outgoing o"
		" WHERE o.store_id = $1 AND o.failed_at IS NULL"
		" AND o.due_at <= clock_timestamp()"
		" AND (o.claimed_until IS NULL"
		" OR o.claimed_until <= clock_timestamp())"
		" AND EXISTS (SELECT 1 FROM msgstore.message m"
		" WHERE m.store_id = $1 AND m.message_id = o.message_id"
		" AND m.deleted_at IS NULL AND m.submitted_at IS NOT NULL)"
		" ORDER BY o.due_at, o.message_id LIMIT $2"
		" FOR UPDATE OF o SKIP LOCKED"
		"), claimed AS ("
		" UPDATE msgstore.outgoing o SET claim = $4, claimed_by = $5,"
		" claimed_until = clock_timestamp() + $3, attempt = o.attempt + 1"
		" FROM picked p WHERE o.store_id = $1"
		" AND o.message_id = p.message_id"
		" RETURNING o.message_id, o.claim, o.attempt, o.due_at)"
		" SELECT c.message_id, m.change_number, c.claim, c.attempt"
		" FROM claimed c JOIN msgstore.message m"
		" ON m.store_id = $1 AND m.message_id = c.message_id"
		" ORDER BY c.due_at, c.message_id"},
	/* the following have the parameters of finish_submit() */
	{QUERY_OUTGOING_CLAIMED, true, {INT8OID, INT8OID, INT8OID},
		"SELECT 1 FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2 AND claim = $3"
		" AND failed_at IS NULL AND claimed_until > clock_timestamp()"
		" FOR UPDATE"},
	{QUERY_OUTGOING_RETRY, true, {INT8OID, INT8OID, INT8OID, TEXTOID,
		INTERVALOID},
		"UPDATE msgstore.outgoing SET claim = NULL, claimed_by = NULL,"
		" claimed_until = NULL, detail = $4, due_at = clock_timestamp() +"
		" coalesce($5, interval '0')"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_OUTGOING_FAIL, true, {INT8OID, INT8OID, INT8OID, TEXTOID,
		INTERVALOID},
		"UPDATE msgstore.outgoing SET claim = NULL, claimed_by = NULL,"
		" claimed_until = NULL, detail = $4, failed_at = clock_timestamp()"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_OUTGOING_DELETE, true, {INT8OID, INT8OID},
		"DELETE FROM msgstore.outgoing"
		" WHERE store_id = $1 AND message_id = $2"},
	{QUERY_PARKED_LOSER, true, {INT8OID, INT8OID, BYTEAOID, INT8OID},
		"UPDATE msgstore.parked_draft SET change_key = $3"
		" WHERE store_id = $1 AND parked_id = $2"
		" AND message_id = $4"},
	{QUERY_PARKED_LOSERS, false, {INT8OID, INT8OID, BYTEAOID},
		"SELECT parked_id FROM msgstore.parked_draft"
		" WHERE store_id = $1 AND message_id = $2"
		" AND CASE WHEN $3 IS NULL THEN change_key IS NOT NULL"
		" ELSE change_key = $3 END LIMIT 1"},
	/* the blobs of a message that may be equal to one of another store */
	{QUERY_MESSAGE_BLOBS, false, {INT8OID, INT8OID, INT8OID},
		"SELECT b.blob_id, b.is_text FROM msgstore.blob_ref r"
		" JOIN msgstore.blob b USING (store_id, blob_id)"
		" WHERE r.store_id = $1 AND r.message_id = $2 AND b.size = $3"
		" AND b.sealed"},
	{0}
};
/* INDENT ON */
