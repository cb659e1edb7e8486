# Clients behind pgbouncer share one session, in its modes session, transaction and
# statement.  With the setting of msgstore.handles that doc/poolers.md names for a mode,
# no client can touch the edits of another, and forgotten handles lock nobody out.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my ($pgbouncer) = grep { -x $_ } map { "$_/pgbouncer" }
  (split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin');
plan skip_all => 'pgbouncer is not installed' unless $pgbouncer;

my @modes = ('session', 'transaction', 'off');

my $node = PostgreSQL::Test::Cluster->new('pooler');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql(
	'postgres',
	join "\n",
	'CREATE EXTENSION msgstore;',
	'CREATE ROLE team;',
	map { "CREATE ROLE app_$_ LOGIN IN ROLE team;
		   ALTER ROLE app_$_ SET msgstore.handles = '$_';" } @modes);
my ($store, $message) = split /\|/, $node->safe_psql(
	'postgres', q{
	SELECT msgstore.create_store('pooled', 'team') AS s \gset
	SELECT :s, message_id FROM msgstore.save_new_message(:s,
		msgstore.special_folder(:s, 'Inbox'), '{"PR_SUBJECT": "original"}')});

# One session per role.  The pooler listens in a directory of its own, and on
# no port; the number names its socket.
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $port = 6432;
append_to_file("$dir/users", join '', map { qq("app_$_" ""\n) } @modes);
append_to_file("$dir/pgbouncer.ini", <<"END");
[databases]
postgres = host=${\ $node->host} port=${\ $node->port}
by_session = host=${\ $node->host} port=${\ $node->port} dbname=postgres pool_mode=session
by_statement = host=${\ $node->host} port=${\ $node->port} dbname=postgres pool_mode=statement
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = trust
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 1
logfile = $dir/pgbouncer.log
pidfile = $dir/pgbouncer.pid
END
my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$dir/pgbouncer.ini" ],
	'<', \undef, '>', \my $pooler_out, '2>', \my $pooler_err);

# Run the script of client B, if it is given, where the script of client A has
# the command \b.  Each client has a connection of its own to the pooler.
# Returns the printed lines, A's and B's, and errors by their SQLSTATE.  The mode is that
# of msgstore.handles; the pool is a database of the pooler, one in transaction mode if
# none is named.
sub clients
{
	my ($mode, $a, $b, $pool) = @_;
	$pool //= 'postgres';
	my $connection = "host=$dir port=$port user=app_$mode dbname=$pool";
	my $psql = "psql -XAtq -v VERBOSITY=sqlstate -d '$connection'";
	my ($out, $err);

	unlink "$dir/b.sql";
	append_to_file("$dir/b.sql", $b // '');
	$a =~ s{\\b\n}{\\! $psql -f $dir/b.sql 2>&1\n}g;
	unlink "$dir/a.sql";
	append_to_file("$dir/a.sql", $a);
	IPC::Run::run([ 'sh', '-c', "$psql -f $dir/a.sql 2>&1" ],
		'>', \$out, '2>', \$err);
	return join "\n", map { s/^psql:[^ ]* //r } grep { $_ ne '' } split /\n/, $out;
}

my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
usleep(100_000) while !-S "$dir/.s.PGSQL.$port" && time < $deadline;
ok(-S "$dir/.s.PGSQL.$port", 'the pooler is running')
  or diag($pooler_err, slurp_file("$dir/pgbouncer.log"));

my $open = "SELECT msgstore.open_message($store, $message, 'MAPI_MODIFY')";
my $seen = 'SELECT handle AS h FROM msgstore.open_handles \gset
	SELECT count(*) FROM msgstore.open_handles;';
my $subject =
  "SELECT msgstore.read_message($store, $message)->>'PR_SUBJECT';";

is( clients('session', "SELECT 1 AS x \\gset\n\\b\n",
		'SELECT count(*) FROM pg_stat_activity
		 WHERE usename = current_user;'),
	'1', 'two clients share one session');

# The reason for the setting: B finds the handle of A and saves A's edits.
is( clients('session', "$open AS h \\gset
	SELECT msgstore.set_props(:h, '{\"PR_SUBJECT\": \"of A\"}') AS x \\gset
	\\b\n",
	"$seen SELECT msgstore.save_changes(:h);
	SELECT msgstore.close_object(:h) AS x \\gset
	$subject"),
	"1\nS_OK\nof A",
	'session: a client can save the edits of another');
is( clients('session', "SELECT count(msgstore.open_message($store, $message))
	FROM generate_series(1, 1000);
	\\b\n", "$open;
	SELECT count(msgstore.close_object(handle)) FROM msgstore.open_handles;"),
	"1000\nERROR:  MA10E\n1000",
	'session: forgotten handles lock the next client out');

is( clients('transaction', "BEGIN;
	$open AS h \\gset
	SELECT msgstore.set_props(:h, '{\"PR_SUBJECT\": \"of A\"}') AS x \\gset
	SELECT count(*) FROM msgstore.open_handles;
	COMMIT;
	\\b
	SELECT msgstore.save_changes(:h);
	BEGIN;
	$open AS h \\gset
	SELECT msgstore.set_props(:h, '{\"PR_SUBJECT\": \"of A again\"}') AS x \\gset
	SELECT msgstore.save_changes(:h);
	COMMIT;
	$subject",
	"SELECT count(*) FROM msgstore.open_handles;
	BEGIN;
	$open AS h \\gset
	SELECT msgstore.get_props(:h)->>'PR_SUBJECT';
	ROLLBACK;"),
	"1\n0\nof A\nERROR:  MA108\nS_OK\nof A again",
	'transaction: each client has handles within its transactions only');

# A guesses every number near the ones that B has been given.
is( clients('transaction', "BEGIN;
	$open AS h \\gset
	SELECT msgstore.set_props(:h, '{\"PR_SUBJECT\": \"of A\"}') AS x \\gset
	COMMIT;
	\\b\n$subject",
	"BEGIN;
	$open AS h \\gset
	CREATE FUNCTION pg_temp.save(h integer) RETURNS text LANGUAGE plpgsql AS \$\$
	BEGIN
		RETURN msgstore.force_save(h);
	EXCEPTION WHEN SQLSTATE 'MA108' THEN
		RETURN 'no such handle';
	END \$\$;
	SELECT DISTINCT pg_temp.save(:h - i) FROM generate_series(1, 100) AS i;
	ROLLBACK;"),
	"no such handle\nof A again",
	'transaction: the handle of another cannot be guessed');
is( clients('transaction', "SELECT count(msgstore.open_message($store, $message))
	FROM generate_series(1, 1000);
	BEGIN;
	SELECT count(msgstore.open_message($store, $message))
	FROM generate_series(1, 1000);
	COMMIT;
	\\b\n", "BEGIN; $open IS NULL; COMMIT;"),
	"1000\n1000\nf",
	'transaction: forgotten handles lock nobody out');

my $number = "(SELECT change_number FROM msgstore.message_list
	WHERE store_id = $store AND message_id = $message)";
is( clients('off', "$open;
	SELECT $number AS n \\gset
	\\b
	SELECT result FROM msgstore.save_message($store, $message, :n,
		'{\"PR_SUBJECT\": \"of A\"}');
	$subject",
	"SELECT msgstore.create_message($store, msgstore.special_folder($store, 'Inbox'));
	SELECT count(*) FROM msgstore.open_handles;
	SELECT result FROM msgstore.save_message($store, $message, $number,
		'{\"PR_SUBJECT\": \"of B\"}');"),
	"ERROR:  MA102\nERROR:  MA102\n0\nS_OK\nMAPI_E_OBJECT_CHANGED\nof B",
	'off: no handles, and the calls without them keep their rules');
is( clients('off', "SELECT count(msgstore.open_message($store, $message))
	FROM generate_series(1, 1000);
	\\b\n",
	"SELECT result FROM msgstore.save_message($store, $message, $number,
		'{\"PR_SUBJECT\": \"last\"}'); $subject"),
	"ERROR:  MA102\nS_OK\nlast",
	'off: a client that opens handles locks nobody out');
foreach my $mode (@modes)
{
	is( clients($mode, "SET msgstore.handles = 'session';\n"),
		'ERROR:  42501', "$mode: a client cannot change the setting");
}

# --------------------------------------------- what else a transaction may leave behind

is( clients('transaction', "SET msgstore.actor = 'ann';
	\\b\n", "SELECT current_setting('msgstore.actor')"),
	'ann',
	'transaction: the actor that a client has set is the next client\'s');
is( clients('transaction', "BEGIN;
	SET LOCAL msgstore.actor = 'ann';
	SELECT result FROM msgstore.save_message($store, $message, $number,
		'{\"PR_SUBJECT\": \"by ann\"}');
	COMMIT;
	SELECT result FROM msgstore.save_message($store, $message, $number,
		'{\"PR_SUBJECT\": \"by bob\"}', actor => 'bob');
	\\b
	SELECT string_agg(actor, ' ' ORDER BY changed_at) FROM (
		SELECT actor, changed_at FROM msgstore.history($store, $message, 3)) AS h;",
	"SET msgstore.actor = ''; SELECT result FROM msgstore.save_message($store, $message,
		$number, '{\"PR_SUBJECT\": \"by nobody\"}');"),
	"S_OK\nS_OK\nS_OK\nann bob",
	'transaction: SET LOCAL and the argument name the actor of one call');

# ------------------------------------------------------------------- session mode

is( clients('session', "$open AS h \\gset
	SELECT msgstore.set_props(:h, '{\"PR_SUBJECT\": \"in a session\"}') AS x \\gset
	BEGIN;
	SELECT msgstore.save_changes(:h);
	COMMIT;
	SELECT msgstore.get_props(:h)->>'PR_SUBJECT';
	SELECT pg_backend_pid() AS pid \\gset
	SELECT count(msgstore.open_message($store, $message)) FROM generate_series(1, 999);",
	undef, 'by_session'),
	"S_OK\nin a session\n999",
	'session mode: a handle lives as long as its client');
is( clients('session', "SELECT count(*) FROM msgstore.open_handles;
	$open AS h \\gset
	SELECT msgstore.close_object(:h) IS NULL;", undef, 'by_session'),
	"0\nf",
	'session mode: DISCARD ALL has closed the handles of the client before');

# ----------------------------------------------------------------- statement mode

my $one = "SELECT msgstore.set_props(h, '{\"PR_SUBJECT\": \"in one statement\"}') IS NULL,
		msgstore.save_changes(h)
	FROM (SELECT msgstore.open_message($store, $message, 'MAPI_MODIFY') AS h OFFSET 0) AS o;";
is( clients('off', "SELECT $number AS n \\gset
	\\b
	SELECT result FROM msgstore.save_message($store, $message, :n,
		'{\"PR_SUBJECT\": \"of A\"}');
	SELECT side, theirs FROM msgstore.conflict($store, $message, :n,
		'{\"PR_SUBJECT\": \"of A\"}') WHERE property = 'PR_SUBJECT';
	SELECT result FROM msgstore.resolve_conflict($store, $message, :n,
		'{\"PR_IMPORTANCE\": 2}', 'MERGE');
	CALL msgstore.sweep_blobs($store);
	$open;",
	"SELECT result FROM msgstore.save_message($store, $message, $number,
		'{\"PR_SUBJECT\": \"of B\"}');", 'by_statement'),
	"S_OK\nMAPI_E_OBJECT_CHANGED\nboth|\"of B\"\nS_OK\n0\nERROR:  MA102",
	'statement mode, off: the calls without a handle keep their rules');
is( clients('transaction', "$one
	$open AS h \\gset
	\\b
	SELECT msgstore.save_changes(:h);
	$subject", "SELECT count(*) FROM msgstore.open_handles;", 'by_statement'),
	"f|S_OK\n0\nERROR:  MA108\nin one statement",
	'statement mode, transaction: a handle ends with its statement');
like(
	clients('off', "BEGIN;\n", undef, 'by_statement'),
	qr/^FATAL:  08P01/,
	'statement mode: the pooler refuses BEGIN');

$pooler->signal('INT');
$pooler->finish;
$node->stop;
done_testing();
