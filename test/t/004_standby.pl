
# On a standby messages can be read, and a save raises PostgreSQL's own error.  After
# promotion, saves get numbers that the old primary has not given.
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
	SELECT save_new_message(store_id, folder_id, '{"PR_SUBJECT": "first"}')
	FROM folder_list WHERE special = 'Inbox'});

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'wal_receiver_status_interval = 1s');
$standby->start;

my $save = q{
	SELECT s.result, s.change_number
	FROM message_list AS m, save_message(m.store_id, m.message_id,
		m.change_number, '{"PR_SUBJECT": "saved"}') AS s};
my (undef, $number) = split /\|/,
  $primary->safe_psql('postgres', "SET search_path = msgstore; $save");
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

is( $standby->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SELECT read_message(store_id, message_id, '{PR_SUBJECT}')
		FROM message_list}),
	'{"PR_SUBJECT": "saved"}',
	'a standby shows what was saved');

# The error of each of these calls has the SQLSTATE of a read-only server.
my %refused = (
	'save_message' => $save,
	'save_new_message' => q{
		SELECT save_new_message(store_id, folder_id, '{}')
		FROM folder_list WHERE special = 'Inbox'},
	'create_store' => q{SELECT create_store('another')},
	'create_folder' => q{SELECT create_folder(store_id, NULL, 'another')
		FROM store_list});
foreach my $call (sort keys %refused)
{
	my ($status, undef, $err) = $standby->psql('postgres',
		"\\set VERBOSITY verbose\nSET search_path = msgstore; $refused{$call}"
	);

	isnt($status, 0, "$call on a standby fails");
	like($err, qr/ERROR: +25006:/, 'because the server is read-only');
}

# Handles can be opened and edited on a standby, and outlive the promotion.
my $session = $standby->background_psql('postgres', on_error_stop => 0);
my $handle = $session->query_safe(
	q{SET search_path = msgstore;
	SELECT open_message(store_id, message_id, 'MAPI_MODIFY')
	FROM message_list});

is( $session->query_safe("SELECT get_props($handle, '{PR_SUBJECT}')
		FROM set_props($handle, '{\"PR_SUBJECT\": \"edited\"}')"),
	'{"PR_SUBJECT": "edited"}',
	'a handle on a standby shows its edits');
foreach my $save ('save_changes', 'force_save')
{
	$session->query("SELECT $save($handle)");
	like($session->{stderr}, qr/ERROR: +cannot execute save_changes\(\)/,
		"$save on a standby fails");
	$session->{stderr} = '';
}

# A primary that dies, and a standby that takes over.
$primary->stop('immediate');
$standby->promote;
is($session->query_safe("SELECT save_changes($handle)"),
	'S_OK', 'once promoted the handle saves');
is($session->query_safe('SELECT subject FROM message_list'),
	'edited', 'what it showed');
$session->quit;
my ($result, $next) = split /\|/,
  $standby->safe_psql('postgres', "SET search_path = msgstore; $save");
is($result, 'S_OK', 'and so does a number');
cmp_ok($next, '>', $number + 1, 'with a number of a new run of the series');

$standby->stop;
done_testing();
