
# On a standby, calls that open, resume, compare, read older versions and drop edits
# work, and calls that write raise an error that names them.  Drafts survive a crash and
# a failover, and so do the pending edits of a session on the standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(
	allows_streaming => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
# a standby that starts late finds its WAL
$primary->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('streamed');
	CREATE VIEW public.it AS
		SELECT store_id AS s, folder_id AS f FROM folder_list
		WHERE special = 'Inbox';
	CREATE TABLE public.message AS
		SELECT s, f, r.message_id AS m, r.change_number AS n
		FROM public.it, save_new_message(s, f,
			'{"PR_SUBJECT": "one", "PR_BODY": "one"}') AS r;
	SELECT set_props(h, '{"PR_SUBJECT": "draft"}'), park(h)
	FROM (SELECT open_message(s, m, 'MAPI_MODIFY') AS h
		  FROM public.message) AS o;
	SET msgstore.actor = 'ann@example.org';
	SELECT save_message(s, m, n, '{"PR_SUBJECT": "two"}')
	FROM public.message});

# A committed draft survives a crash.
$primary->stop('immediate');
$primary->start;
is( $primary->safe_psql('postgres', 'SELECT subject FROM msgstore.parked'),
	'draft',
	'a draft survives a crash');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->safe_psql(
	'postgres', q{
	SET search_path = msgstore;
	SELECT delete_messages(s, ARRAY[r.message_id], 'DELETE_HARD_DELETE')
	FROM public.it, save_new_message(s, f, '{"PR_SUBJECT": "gone"}') AS r});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

# --------------------------------------------------------------------- looking

is( $standby->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SELECT kind, p->>'PR_SUBJECT' FROM public.message,
			history(s, m) AS h, message_at(s, m, h.change_number) AS p;
		SELECT kind FROM change_list WHERE kind = 'hard delete';
		SELECT property, base, theirs, yours, side, changed_by
		FROM public.message, conflict(s, m, n, '{"PR_BODY": "mine"}')
		ORDER BY property;
		SELECT subject, properties FROM parked}),
	'create|one
save|two
hard delete
PR_BODY|"one"|"one"|"mine"|yours|
PR_SUBJECT|"one"|"two"|"one"|theirs|ann@example.org
draft|{PR_SUBJECT}',
	'history, versions, conflicts and drafts are seen on a standby');

my $session = $standby->background_psql('postgres', on_error_stop => 0);
$session->query_safe('SET search_path = msgstore');
my $draft = $session->query_safe('SELECT resume(store_id, parked_id) FROM parked');
my $handle = $session->query_safe(
	"SELECT open_message(s, m, 'MAPI_MODIFY') FROM public.message");
$session->query_safe("SELECT set_props($handle, '{\"PR_BODY\": \"edited\"}')");
is( $session->query_safe(
		"SELECT get_props($draft, '{PR_SUBJECT, PR_BODY}');
		SELECT property, side FROM conflict($draft)"),
	"{\"PR_BODY\": \"one\", \"PR_SUBJECT\": \"draft\"}\nPR_SUBJECT|both",
	'a draft is resumed there, and its conflict seen');
is( $session->query_safe(
		"BEGIN; SELECT resolve_conflict($handle, 'KEEP_ORIGINAL');
		SELECT get_props($handle, '{PR_BODY}'); ROLLBACK;
		SELECT get_props($handle, '{PR_BODY}')"),
	"S_OK\n{\"PR_BODY\": \"one\"}\n{\"PR_BODY\": \"edited\"}",
	'keeping the original writes nothing');

# ---------------------------------------------------------------------- writing

my %refused = (
	'resolve_conflict' => [
		"resolve_conflict($handle, 'OVERWRITE')",
		"resolve_conflict($handle, 'MERGE')",
		"resolve_conflict($handle, 'SAVE_ELSEWHERE')",
		"resolve_conflict(s, m, n, '{}', 'OVERWRITE') FROM public.message" ],
	'save_changes' => [
		"save_changes($handle)", "save_changes($handle, 'PARK_REFUSED')" ],
	'save_as' => ["save_as($handle, f) FROM public.it"],
	'park' => [ "park($handle)", "park($draft)" ],
	'discard_parked' => ['discard_parked(store_id, parked_id) FROM parked'],
	'delete_messages' => ['delete_messages(s, ARRAY[m]) FROM public.message'],
	'restore_messages' =>
	  ['restore_messages(s, ARRAY[m]) FROM public.message'],
	'move_messages' => ['move_messages(s, ARRAY[m], f) FROM public.message'],
	'restore_version' => ['restore_version(s, m, n, n) FROM public.message'],
	'set_retention' => ['set_retention(s, NULL, 1) FROM public.it'],
	'prune_history' => ['msgstore_internal.prune_batch(s, 0, 1) FROM public.it']);
foreach my $call (sort keys %refused)
{
	foreach my $query (@{ $refused{$call} })
	{
		$session->{stderr} = '';
		$session->query("SELECT $query");
		like($session->{stderr},
			qr/ERROR: +cannot execute \Q$call\E\(\) in a read-only transaction/,
			"$query: says why not");
	}
}
$session->{stderr} = '';
is( $session->query_safe("SELECT has_edits FROM open_handles"),
	"t\nt", 'and no edit is lost');

# --------------------------------------------------------------------- failover

$primary->stop('immediate');
$standby->promote;
is( $session->query_safe(
		"SELECT save_changes($handle), save_changes($draft);
		SELECT count(*) FROM parked;
		SELECT resolve_conflict($draft, 'OVERWRITE');
		SELECT count(*) FROM parked;
		SELECT read_message(s, m, '{PR_SUBJECT, PR_BODY}') FROM public.message"
	),
	"S_OK|MAPI_E_OBJECT_CHANGED\n1\nS_OK\n0\n"
	  . '{"PR_BODY": "one", "PR_SUBJECT": "draft"}',
	'what was edited on the standby is saved on the new primary');
is( $standby->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SELECT kind, p->>'PR_SUBJECT', p->>'PR_BODY' FROM public.message,
			history(s, m) AS h, message_at(s, m, h.change_number) AS p}),
	"create|one|one\nsave|two|one\nsave|two|edited\nforce|draft|one",
	'and the history goes on there');

$session->quit;
$standby->stop;
done_testing();
