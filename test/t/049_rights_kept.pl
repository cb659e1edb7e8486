# Rights in folders outlive a crash, a dump and a failover.  A session notices a
# right that was taken away by a prepared transaction or, on a standby, on the
# primary.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @initdb = (extra => [ '--encoding=UTF8', '--locale=C' ]);
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, @initdb);
$primary->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
# a standby that starts late finds its WAL
$primary->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE ROLE kept_reader LOGIN;
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('kept');
	SELECT grant_folder(store_id, folder_id, 'kept_reader', 'REVIEWER'),
		   grant_folder(store_id, folder_id, 'PUBLIC', 'NONE')
	FROM folder_list WHERE special = 'Inbox';
	SELECT save_new_message(store_id, folder_id, '{"PR_SUBJECT": "kept"}')
	FROM folder_list WHERE special = 'Inbox'});
my $grants = q{
	SELECT f.special, p.member, p.rights
	FROM msgstore.folder_permissions AS p
	JOIN msgstore.folder_list AS f USING (store_id, folder_id)
	ORDER BY p.member};
my $expected = "Inbox|PUBLIC|0\nInbox|kept_reader|READ_ANY|FOLDER_VISIBLE";
my $read = q{SET ROLE kept_reader;
	SELECT count(*) FROM msgstore.message_list};
my $revoke = q{
	SELECT msgstore.revoke_folder(store_id, folder_id, 'kept_reader')
	FROM msgstore.folder_list WHERE special = 'Inbox'};
my $grant = q{
	SELECT msgstore.grant_folder(store_id, folder_id, 'kept_reader', 'REVIEWER')
	FROM msgstore.folder_list WHERE special = 'Inbox'};

is($primary->safe_psql('postgres', $grants), $expected, 'what is granted');

# ------------------------------------------------------------ crash and dump

$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', $grants), $expected, 'after a crash');
is($primary->safe_psql('postgres', $read), '1', 'and it counts');

my $dump = $primary->basedir . '/dump.sql';
$primary->command_ok(
	[ 'pg_dump', '--file', $dump, $primary->connstr('postgres') ],
	'pg_dump');
$primary->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$primary->command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d',
		$primary->connstr('restored')
	],
	'restore');
is($primary->safe_psql('restored', $grants), $expected, 'after a restore');
is($primary->safe_psql('restored', $read), '1', 'and it counts');

# ------------------------------------------------------ prepared transactions

my $session = $primary->background_psql('postgres', on_error_stop => 0);
is($session->query_safe($read), '1', 'a session caches a right');
$primary->safe_psql('postgres',
	"BEGIN; $revoke; PREPARE TRANSACTION 'revoked'");
is($session->query_safe($read), '1', 'a prepared revocation is not there yet');
$primary->safe_psql('postgres', "COMMIT PREPARED 'revoked'");
is($session->query_safe($read), '0', 'and counts when it is committed');
$primary->safe_psql('postgres', "BEGIN; $grant; PREPARE TRANSACTION 'granted'");
$primary->safe_psql('postgres', "ROLLBACK PREPARED 'granted'");
is($session->query_safe($read), '0', 'a grant rolled back never counts');
$primary->safe_psql('postgres', $grant);
is($session->query_safe($read), '1', 'one that is committed does');

# ------------------------------------------------------------------- standby

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'wal_receiver_status_interval = 1s');
$standby->start;
my $reader = $standby->background_psql('postgres', on_error_stop => 0);
is($reader->query_safe($read), '1', 'a right counts on a standby');
$primary->safe_psql('postgres', $revoke);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($reader->query_safe($read), '0', 'until the revocation is replayed there');
$primary->safe_psql('postgres', $grant);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($reader->query_safe($read), '1', 'and again after a grant');
$session->quit;

$primary->stop('immediate');
$standby->promote;
is($reader->query_safe($read), '1', 'a promoted standby has the rights');
$standby->safe_psql('postgres', $revoke);
is($reader->query_safe($read), '0', 'and takes them away');
$reader->quit;
$standby->stop;
done_testing();
