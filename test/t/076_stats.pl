# The statistics of stores when sessions come and go: every session reports when it ends,
# the reports are folded to few rows, what is prepared counts when it commits, and a
# standby and a restored dump show the same.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('stats');
$node->init(
	allows_streaming => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf',
	"fsync = off\nmax_prepared_transactions = 5");
# a standby that starts late finds its WAL
$node->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
my $store = $node->safe_psql('postgres', "SELECT msgstore.create_store('s')");
my $message = $node->safe_psql(
	'postgres', qq{
	SELECT message_id FROM msgstore.save_new_message($store,
		msgstore.special_folder($store, 'Inbox'), '{"PR_BODY": "first"}')});

my $counts = q{SELECT saves, conflicts, versions FROM msgstore.msgstore_stats};
my $right = q{
	SELECT v.count, s.versions, m.size = s.bytes
	FROM msgstore.msgstore_stats AS s,
		 (SELECT count(*) FROM msgstore.change) AS v,
		 (SELECT sum(size) AS size FROM msgstore.message) AS m};

# A session that has ended may still be reporting.
sub counted
{
	my ($on, $expected, $name) = @_;

	$on->poll_query_until('postgres', $counts, $expected)
	  or diag($on->safe_psql('postgres', $counts));
	is($on->safe_psql('postgres', $counts), $expected, $name);
	return;
}

counted($node, '1|0|1', 'the first session has reported');

# 300 sessions, and 4 sessions with 40 transactions each: one save, one refusal, and
# one save that is rolled back.
my $dir = PostgreSQL::Test::Utils::tempdir();
append_to_file("$dir/one.sql", qq{
	SELECT (msgstore.save_new_message($store,
		msgstore.special_folder($store, 'Inbox'), '{"PR_BODY": "one"}')).result;
	SELECT (msgstore.save_message($store, $message, 1, '{}')).result;
	BEGIN;
	SELECT (msgstore.save_new_message($store,
		msgstore.special_folder($store, 'Inbox'), '{"PR_BODY": "two"}')).result;
	ROLLBACK;});
my $base = $node->safe_psql('postgres',
	"SELECT change_number FROM msgstore.message WHERE message_id = $message");
$node->safe_psql('postgres', qq{
	SELECT (msgstore.save_message($store, $message, $base, '{"PR_BODY": "x"}')).result});
$node->command_ok(
	[
		'pgbench', '-n', '-C', '-c', '3', '-t', '100', '-f', "$dir/one.sql",
		$node->connstr('postgres')
	],
	'300 sessions');
$node->command_ok(
	[
		'pgbench', '-n', '-c', '4', '-t', '40', '-f', "$dir/one.sql",
		$node->connstr('postgres')
	],
	'4 sessions');
counted($node, '462|460|462', 'the counts of all sessions');
is($node->safe_psql('postgres', $right), '462|462|t', 'the counts are right');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM msgstore.activity'),
	'<', 600, 'rows are folded');
is( $node->safe_psql(
		'postgres',
		'SELECT conflicts FROM msgstore.contested_messages'),
	'460', 'conflicts of the message');

# A fold at once, and the limit of messages.
$node->safe_psql(
	'postgres', qq{
	INSERT INTO msgstore.activity (store_id, message_id, xid, saves, conflicts,
		forces, merges, versions, bytes, history_bytes, blobs, fought_at)
	SELECT $store, 10000 + i, '5', 0, 1, 0, 0, 0, 0, 0, 0,
		   '2000-01-01'::timestamptz + i * interval '1 second'
	FROM generate_series(1, 2000) AS i});
my $rows = q{SELECT count(*) < 1100, count(*) FILTER (WHERE message_id = 0) < 100
	FROM msgstore.activity};
for (1 .. 300)
{
	$node->safe_psql('postgres', qq{
		SELECT (msgstore.save_message($store, $message, 1, '{}')).result});
	last if $node->safe_psql('postgres', $rows) eq 't|t';
}
is($node->safe_psql('postgres', $rows), 't|t',
	'the rows of the last 1000 messages are left');
is( $node->safe_psql(
		'postgres',
		'SELECT min(message_id) > 10900 FROM msgstore.activity WHERE message_id > 10000'),
	't',
	'the messages that were fought over last');
$node->safe_psql('postgres',
	'DELETE FROM msgstore.activity WHERE message_id > 10000');

# A prepared save counts when it commits, in whatever session.
my ($saves) = $node->safe_psql('postgres', 'SELECT saves FROM msgstore.msgstore_stats');
my $prepare = qq{
	BEGIN;
	SELECT (msgstore.save_new_message($store,
		msgstore.special_folder($store, 'Inbox'), '{"PR_BODY": "p"}')).result;
	PREPARE TRANSACTION };
$node->safe_psql('postgres', "$prepare 'kept'; $prepare 'gone';");
is($node->safe_psql('postgres', 'SELECT saves FROM msgstore.msgstore_stats'),
	$saves, 'prepared saves do not count yet');
$node->safe_psql('postgres', "COMMIT PREPARED 'kept'");
$node->safe_psql('postgres', "ROLLBACK PREPARED 'gone'");
is($node->safe_psql('postgres', 'SELECT saves FROM msgstore.msgstore_stats'),
	$saves + 1, 'a prepared save counts when it has committed');
is($node->safe_psql('postgres', $right), '463|463|t', 'the counts are right');

# Read-only sessions, standby, dump.
is( $node->safe_psql(
		'postgres', q{
	BEGIN READ ONLY;
	SELECT saves FROM msgstore.msgstore_stats;
	COMMIT;}),
	$saves + 1,
	'the view in a read-only transaction');
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('stats_standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is( $standby->safe_psql('postgres', $counts),
	$node->safe_psql('postgres', $counts),
	'a standby shows the statistics');
$standby->stop;
$node->command_ok(
	[ 'pg_dump', '-Fc', '-f', "$dir/dump", $node->connstr('postgres') ],
	'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->command_ok(
	[ 'pg_restore', '-d', $node->connstr('restored'), "$dir/dump" ],
	'restore');
is( $node->safe_psql('restored', $counts),
	$node->safe_psql('postgres', $counts),
	'a restored dump shows the statistics');

# A store of another extension has no counts of the one that was dropped.
is( $node->safe_psql(
		'postgres', qq{
	SELECT (msgstore.save_message($store, $message, 1, '{}')).result;
	SELECT (msgstore.save_message($store, $message, 1, '{}')).result;
	DROP EXTENSION msgstore;
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('new');
	SELECT saves, conflicts FROM msgstore.msgstore_stats;}),
	"MAPI_E_OBJECT_CHANGED\nMAPI_E_OBJECT_CHANGED\n1\n0|0",
	'a new extension begins at zero');
counted($node, '0|0|0', 'and stays there when the session has ended');
$node->stop;
done_testing();
