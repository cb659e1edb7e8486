# The feed over every way that a store can come back: a crash, a transaction that was
# prepared before it, a standby that lags and one that is promoted, a dump, a template copy,
# an older copy of the files, and a subscriber.  No reader misses a change; a token that has
# seen more than the server has is refused, and so is a token of another database.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(
	allows_streaming => 'logical',
	extra => [ '--encoding=UTF8', '--locale=C' ]);
$primary->append_conf('postgresql.conf',
	"max_prepared_transactions = 10\nautovacuum = off");
# a standby that starts late finds its WAL
$primary->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$primary->start;

sub sql
{
	my ($node, $query, $database) = @_;

	return $node->safe_psql($database // 'postgres',
		"SET search_path = public, msgstore;\n$query");
}

sql($primary, q{
	CREATE EXTENSION msgstore;
	SELECT create_store('followed');
	CREATE TABLE it AS SELECT store_id AS s, folder_id AS f
		FROM folder_list WHERE special = 'Inbox';
	CREATE FUNCTION add(subject text) RETURNS bigint LANGUAGE sql AS $$
		SELECT message_id FROM it, msgstore.save_new_message(s, f,
			jsonb_build_object('PR_SUBJECT', subject)) $$;
	-- the subjects of what is new to a token
	CREATE FUNCTION news(t text) RETURNS text LANGUAGE sql AS $$
		SELECT string_agg(CASE WHEN message_id IS NULL THEN kind
			ELSE msgstore.read_message(s, message_id)->>'PR_SUBJECT' END, ' ' ORDER BY n)
		FROM it, msgstore.changes_since(s, t) WITH ORDINALITY
			AS c (token, message_id, folder_id, change_number, kind, by, client, at, properties, n) $$;
	CREATE FUNCTION here() RETURNS text LANGUAGE sql AS
		'SELECT msgstore.feed_position(s) FROM it';
});

# Return the outcome of a call of the feed.
sub news
{
	my ($node, $token, $database) = @_;
	my (undef, $out, $err) = $node->psql($database // 'postgres',
		"\\set VERBOSITY verbose\nSELECT public.news('$token')");

	return $err =~ /ERROR:\s+(\w+: .*)/ ? $1 : $out;
}

sub here { return sql($_[0], 'SELECT here()', $_[1]); }

my $foreign = 'MA400: "token" is a token of another database';
my $lost = 'MA400: "token" is ahead of this server, which has lost changes';

# ------------------------------------------------------------------ a crash

my $start = here($primary);
sql($primary, "SELECT add('one')");
sql($primary, "BEGIN; SELECT add('prepared'); PREPARE TRANSACTION 'p'");
my $before = here($primary);
sql($primary, "SELECT add('two')");
is(news($primary, $start), 'one two end', 'a prepared transaction is not there');
my $seen = here($primary);

# Rows that a reader has seen are not lost, even if its transaction did not wait for
# the disk.
sql($primary, "SET synchronous_commit = off; SELECT add('three')");
my $flushed = here($primary);
$primary->stop('immediate');
$primary->start;
is(news($primary, $flushed), 'end', 'crash: a token is good');
is(news($primary, $seen), 'three end', 'crash: what was seen is there');
sql($primary, "SELECT add('four')");
is(news($primary, $flushed), 'four end', 'crash: the next incarnation is new');
my $after = here($primary);
sql($primary, "COMMIT PREPARED 'p'");
is(news($primary, $start), 'one prepared two three four end',
	'a transaction prepared before the crash');
is(news($primary, $before), 'prepared two three four end',
	'and to a token that had seen it running');
is(news($primary, $flushed), 'prepared four end', 'and to a later one');
is(news($primary, $after), 'prepared end',
	'and to one of the next incarnation');
is(news($primary, here($primary)), 'end', 'and it comes once');

# Tokens are good over restarts, before and after the first change.
$after = here($primary);
$primary->restart;
is(news($primary, $after), 'end', 'a restart');
my $between = here($primary);
sql($primary, "SELECT add('five')");
is(news($primary, $after), 'five end', 'and a change');
is(news($primary, $between), 'five end', 'a token from between');
# the first transaction of an incarnation rolls back, and another takes its time
$primary->restart;
sql($primary, "BEGIN; SELECT add('rolled back'); ROLLBACK");
$between = here($primary);
my $slow = $primary->background_psql('postgres');
$slow->query_safe("BEGIN; SELECT add('slow')");
my $during = here($primary);
sql($primary, "SELECT add('six')");
$slow->query_safe('COMMIT');
$slow->quit;
is(news($primary, $between), 'slow six end', 'a token of an unused incarnation');
is(news($primary, $during), 'slow six end', 'a token of one that nobody has committed');

# ----------------------------------------------------------------- a standby

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($primary, 'backup');

$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(news($standby, $during), 'slow six end', 'standby: a token of the primary');
my $there = here($standby);
my $open = $primary->background_psql('postgres');
$open->query_safe("BEGIN; SELECT add('open')");
sql($primary, "SELECT add('seven')");
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $running = here($standby);
is(news($standby, $there), 'seven end', 'standby: a change');
is(news($primary, $there), 'seven end', 'primary: a token of the standby');
$open->query_safe('COMMIT');
$open->quit;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(news($standby, $running), 'open end',
	'standby: a transaction that was running');
is(news($primary, $running), 'open end', 'primary: so is it there');

# A snapshot that is older than the token gives the token back.
my $old = $standby->background_psql('postgres');
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT news(here())');
sql($primary, "SELECT add('eight')");
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $newer = here($standby);
my $unchanged = sub {
	return "SELECT string_agg(kind, ' ') || bool_and(token = '$_[0]')
		FROM it, msgstore.changes_since(s, '$_[0]')";
};
is($old->query_safe($unchanged->($newer)),
	'endtrue', 'standby: an older snapshot');
$old->quit;

# Changes that the primary makes now never reach the standby.
is(news($standby, $running), 'open eight end', 'standby: all is there');
my $shared = here($primary);
$standby->append_conf('postgresql.conf', "primary_conninfo = ''");
$standby->reload;
$standby->poll_query_until('postgres',
	'SELECT count(*) = 0 FROM pg_stat_wal_receiver');
sql($primary, "SELECT add('lost')");
my $ahead = here($primary);
is(sql($standby, $unchanged->($ahead)),
	'endtrue', 'standby: a token from ahead');
$primary->stop('immediate');
$standby->promote;
is(news($standby, $ahead), $lost, 'promoted: a token from ahead');
sql($standby, "SELECT add('after') FROM generate_series(1, 100)");
is(news($standby, $ahead), $lost,
	'promoted: a token from ahead, when the WAL has grown');
is(news($standby, $shared) =~ s/(after )+//r,
	'end', 'promoted: a token from before');
sql($standby, "SELECT add('nine')");
like(news($standby, $shared), qr/^(after )+nine end$/,
	'promoted: a new change');
like(news($standby, $running), qr/^open eight (after )+nine end$/,
	'promoted: an older token of the standby');
my $promoted = here($standby);

# The old primary does not know what comes after the promotion.
$primary->start;
is(news($primary, $promoted), $lost, 'old primary: a token of the new one');
is(news($primary, $ahead), 'end', 'old primary: a token of its own');

# -------------------------------------------------- an older copy of the files

$copy->start;
is(news($copy, $during), 'slow six end', 'older copy: a token from before');
is(news($copy, $running), $lost, 'older copy: a token from ahead');
sql($copy, "SELECT add('copied') FROM generate_series(1, 1000)");
is(news($copy, $running), $lost,
	'older copy: a token from ahead, when the WAL has grown');
$copy->stop;

# ----------------------------------------------------- copies by dump, template

my $dumped = here($primary);
$primary->safe_psql('postgres', 'CREATE DATABASE restored');
$primary->run_log([
	'pg_dump', '--format=custom', '--file',
	$primary->backup_dir . '/dump', $primary->connstr('postgres') ]);
$primary->run_log([
	'pg_restore', '--dbname', $primary->connstr('restored'),
	$primary->backup_dir . '/dump' ]);
$primary->safe_psql('template1', 'CREATE DATABASE copied TEMPLATE postgres');
for my $database ('restored', 'copied')
{
	is(news($primary, $dumped, $database), $foreign, "$database: an old token");
	my $token = here($primary, $database);
	is(news($primary, $token, $database), 'end', "$database: nothing is new");
	sql($primary, "SELECT add('ten')", $database);
	is(news($primary, $token, $database), 'ten end', "$database: a change");
	is( sql($primary, q{
			SELECT count(*) FILTER (WHERE kind = 'present' AND message_id IS NOT NULL)
				= (SELECT count(*) FROM message_list), string_agg(DISTINCT kind, ' ')
			FROM it, changes_since(s, NULL, NULL)}, $database),
		't|end present', "$database: a listing");
}

# In another cluster the xids of the rows are those of the old one.
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$other->start;
$other->run_log([
	'pg_restore', '--dbname', $other->connstr('postgres'),
	$primary->backup_dir . '/dump' ]);
is(news($other, $dumped), $foreign, 'another cluster: an old token');
my $token = here($other);
is(news($other, $token), 'end', 'another cluster: nothing is new');
sql($other, "SELECT add('eleven')");
is(news($other, $token), 'eleven end', 'another cluster: a change');
$token = here($other);
sql($other, "SELECT add('twelve')");
is(news($other, $token), 'twelve end', 'another cluster: and the next');

# -------------------------------------------------------------- a subscriber

$primary->safe_psql('postgres', 'CREATE DATABASE subscriber');
$primary->safe_psql('postgres', 'CREATE PUBLICATION p FOR ALL TABLES');
$primary->safe_psql('postgres',
	"SELECT pg_create_logical_replication_slot('subscriber', 'pgoutput')");
sql($primary, 'CREATE EXTENSION msgstore', 'subscriber');
my $connection = $primary->connstr('postgres') =~ s/'/''/gr;
sql($primary, "
	CREATE TABLE it (s bigint, f bigint);
	CREATE SUBSCRIPTION subscriber CONNECTION '$connection' PUBLICATION p
		WITH (create_slot = false, slot_name = 'subscriber')", 'subscriber');
$primary->poll_query_until('subscriber',
	"SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate <> 'r'");
my $store = sql($primary, 'SELECT s FROM it', 'subscriber');
my (undef, undef, $err) = $primary->psql('subscriber',
	"SELECT * FROM msgstore.changes_since($store)");
like($err, qr/a subscription of this database changes the tables of msgstore/,
	'subscriber: no feed');
(undef, undef, $err) =
  $primary->psql('subscriber', "SELECT msgstore.feed_position($store)");
like($err, qr/drop the subscription/, 'subscriber: no position');
sql($primary, 'ALTER SUBSCRIPTION subscriber DISABLE', 'subscriber');
sql($primary, 'ALTER SUBSCRIPTION subscriber SET (slot_name = NONE)', 'subscriber');
sql($primary, 'DROP SUBSCRIPTION subscriber', 'subscriber');
$token = sql($primary, "SELECT feed_position($store)", 'subscriber');
my $new = sql($primary, "SELECT message_id FROM it, save_new_message(s, f, '{}')",
	'subscriber');
is( sql($primary, "SELECT kind, message_id = $new FROM it, changes_since(s, '$token')",
		'subscriber'),
	"create|t\nend|", 'subscriber: promoted, it has a feed');

done_testing();
