# What was acknowledged outlives a crash, and where synchronous_commit gave
# that up, no id and no change number is ever given out a second time, so that
# a stale token cannot fit.  The same for a dump restored and a new primary.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $setup = <<'END';
CREATE EXTENSION msgstore;
CREATE FUNCTION public.subject(text) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_build_object('PR_SUBJECT', $1) $$;
SELECT msgstore.create_store('crash');
END
my $path = "SET search_path = msgstore, public;\n";

sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], %options);
	$node->append_conf('postgresql.conf', <<'END');
restart_after_crash = on
autovacuum = off
log_statement = none
END
	return $node;
}

sub sql
{
	my ($node, $sql) = @_;

	return $node->safe_psql('postgres', $path . $sql);
}

# A new message: its id and its change number.
sub new_message
{
	my ($node, $subject) = @_;

	return split /\|/, sql(
		$node, "SELECT message_id, change_number FROM
		save_new_message(1, special_folder(1, 'Inbox'), subject('$subject'))");
}

sub number_of
{
	my ($node, $message) = @_;

	return sql($node,
		"SELECT change_number FROM message_list WHERE message_id = $message");
}

# The answer to a token, in its bare form.
sub save_by
{
	my ($node, $message, $number, $subject) = @_;

	return sql($node, "SELECT result FROM
		save_message(1, $message, $number, subject('$subject'))");
}

# The process id of an auxiliary process.
sub pid_of
{
	my ($node, $type) = @_;

	return $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = '$type'");
}

# Kill one of the server's processes as a crash does, and wait until the
# server has recovered.
sub crash
{
	my ($node, $pid, $name) = @_;
	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $offset = -s $node->logfile;

	is(kill('KILL', $pid), 1, "$name: killed");
	$node->wait_for_log(qr/all server processes terminated; reinitializing/,
		$offset);
	$node->wait_for_log(qr/database system is ready to accept connections/,
		$offset);
	return $node->poll_query_until('postgres', 'SELECT true');
}

my $node = new_node('crash', allows_streaming => 1);
$node->append_conf('postgresql.conf', "wal_buffers = 16MB\nshared_buffers = 64MB\n");
$node->start;
$node->safe_psql('postgres', $setup);

note 'a crash in the middle of saving, synchronous_commit = on';

foreach my $victim ('backend', 'postmaster')
{
	my @writers;

	# four writers; each prints the numbers that it was given
	foreach my $i (map { "${victim}_$_" } 1 .. 4)
	{
		my ($message, $number) = new_message($node, 'first');
		my $writer = { message => $message, out => '', err => '' };
		my $script = $node->basedir . "/writer_$i.sql";

		append_to_file($script, $path . "\\set n $number\n" . join '',
			map { "SELECT change_number AS n, pg_backend_pid() AS pid FROM
				save_message(1, $message, :n, subject('$_')) \\gset
				\\echo :n :pid\n" } 1 .. 20000);
		$writer->{run} = IPC::Run::start(
			[
				'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', $script,
				$node->connstr('postgres')
			],
			'<', \undef, '>', \$writer->{out}, '2>', \$writer->{err},
			IPC::Run::timeout(180));
		push @writers, $writer;
	}
	foreach my $writer (@writers)
	{
		$writer->{run}->pump until $writer->{out} =~ /^(?:\d+ \d+\n){50}/;
	}
	if ($victim eq 'backend')
	{
		my ($pid) = $writers[0]{out} =~ /^\d+ (\d+)$/m;

		crash($node, $pid, $victim);
	}
	else
	{
		$node->kill9;
	}
	$_->{run}->finish for @writers;
	if ($victim eq 'postmaster')
	{
		# the next one can start when its children have noticed, and ended
		my $tries = 1800;

		until ($node->start(fail_ok => 1) || --$tries == 0)
		{
			usleep(100_000);
			$node->stop('fast', fail_ok => 1);
		}
		ok($tries, "$victim: started again");
	}

	foreach my $writer (@writers)
	{
		my @given = $writer->{out} =~ /^(\d+) \d+$/mg;
		my $message = $writer->{message};

		like($writer->{err}, qr/connection to server was lost/,
			"$victim: a writer was interrupted");
		is( sql( $node,
				"SELECT count(*) FROM history(1, $message)
				WHERE change_number IN (" . join(',', @given) . ")"),
			scalar(@given),
			"$victim: all saves that were acknowledged are there");
		my $now = number_of($node, $message);
		my $more = sql($node, "SELECT count(*) FROM history(1, $message)
				WHERE kind = 'save'") - @given;

		ok($more == 0 || $more == 1,
			"$victim: at most the one in progress besides");
		is(save_by($node, $message, $given[0], 'stale'),
			'MAPI_E_OBJECT_CHANGED', "$victim: an old token is stale");
		is(save_by($node, $message, $now, 'next'),
			'S_OK', "$victim: the newest one is not");
	}
}

note 'a crash that loses commits, synchronous_commit = off';

# Nobody writes the log but the walwriter, and that one is held.
sub lose
{
	my ($work, $name) = @_;
	my $walwriter;

	$node->safe_psql('postgres', 'CHECKPOINT');
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM
		pg_stat_activity WHERE backend_type = 'walwriter'");
	$walwriter = pid_of($node, 'walwriter');
	kill 'STOP', $walwriter;
	$work->();
	crash($node, $walwriter, $name);
	return;
}

$node->append_conf('postgresql.conf', <<'END');
synchronous_commit = off
checkpoint_timeout = 1h
bgwriter_lru_maxpages = 0
END
$node->reload;
my ($message, $first) = new_message($node, 'kept');
my (%seen_number, %seen_id, %seen_run);
my $twice = 0;

$seen_run{ sql($node, 'SELECT incarnation FROM incarnation') } = 1;
foreach my $round (1 .. 3)
{
	my $before = sql($node, "SELECT count(*) FROM change");
	my @given;
	my $lost_token;

	lose(
		sub {
			# numbers and ids, more than a sequence writes ahead
			@given = split /\n/, sql($node, "
				SELECT s.message_id, s.change_number FROM generate_series(1, 50) i,
					save_new_message(1, special_folder(1, 'Inbox'), subject('lost ' || i)) s;
				SELECT 0, s.change_number
				FROM message_list, save_message(1, $message, change_number, subject('lost')) s
				WHERE message_id = $message");
			$lost_token = (split /\|/, $given[-1])[1];
		},
		"round $round");

	is(scalar(@given), 51, "round $round: saves were acknowledged");
	is(sql($node, 'SELECT count(*) FROM change'),
		$before, "round $round: and are lost");
	is(sql($node, "SELECT count(*) FROM incarnation"),
		'0', "round $round: the marker is lost with them");

	# what is given out from now on is new
	push @given, split /\n/, sql($node, "
		SELECT s.message_id, s.change_number FROM generate_series(1, 50) i,
			save_new_message(1, special_folder(1, 'Inbox'), subject('new ' || i)) s");
	foreach my $pair (@given)
	{
		my ($id, $number) = split /\|/, $pair;

		$twice++ if $seen_number{$number}++;
		$twice++ if $id && $seen_id{$id}++;
	}
	is($twice, 0, "round $round: no id and no number was given out twice");
	is(save_by($node, $message, $lost_token, 'lost'),
		'MAPI_E_OBJECT_CHANGED', "round $round: a lost token is stale");
	is(save_by($node, $message, number_of($node, $message), "round $round"),
		'S_OK', "round $round: a fresh one is not");
	is(save_by($node, $message, $lost_token, 'lost'),
		'MAPI_E_OBJECT_CHANGED', "round $round: and stays so");

	my $run = sql($node, 'SELECT incarnation FROM incarnation');
	my ($newest, $oldest) = split /\|/, sql($node,
		"SELECT max(change_number), min(change_number) FROM change
		 WHERE incarnation = $run");

	ok(!$seen_run{$run}++, "round $round: a new run of the numbers");
	cmp_ok($run, '>=', 1 << 20, "round $round: which moved on by 2^20");
	cmp_ok($oldest, '>', $run, "round $round: all of its numbers are newer");
}
is( sql($node, "SELECT count(DISTINCT incarnation), bool_and(ordered) FROM
		(SELECT incarnation, incarnation >= lag(incarnation)
			OVER (ORDER BY change_number) IS NOT FALSE AS ordered FROM change) c"),
	'6|t', 'every crash began a run, and runs grow with the numbers');

# the crash may come between moving on and the marker: then once more
my $run = sql($node, 'SELECT incarnation FROM incarnation');
sql($node, 'TRUNCATE incarnation');
is(save_by($node, $message, number_of($node, $message), 'moved'),
	'S_OK', 'without a marker the series moves on');
cmp_ok(sql($node, 'SELECT incarnation FROM incarnation'),
	'>=', $run + (1 << 20), 'by 2^20 once more');

# a clean restart keeps the run
$run = sql($node, 'SELECT incarnation FROM incarnation');
$node->restart;
is(save_by($node, $message, number_of($node, $message), 'restarted'),
	'S_OK', 'after a clean restart');
is(sql($node, 'SELECT incarnation FROM incarnation'),
	$run, 'the run goes on');

note 'a backend that is terminated while its save waits';

my $holder = $node->background_psql('postgres');
my $waiter = $node->background_psql('postgres', on_error_stop => 0);
my $number = number_of($node, $message);

$holder->query_safe("$path BEGIN;
	SELECT save_message(1, $message, $number, subject('holder'))");
my $pid = $waiter->query_safe('SELECT pg_backend_pid()');
$waiter->query_until(qr/go/, "$path \\echo go
	SELECT save_message(1, $message, $number, subject('waiter'));\n");
ok( $node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid"),
	'it waits');
is($node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)"),
	't', 'it is terminated');
ok( $node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
	'it is gone');
$waiter->{run}->finish;
$holder->query_safe('COMMIT');
$holder->quit;
is(sql($node, "SELECT subject FROM message_list WHERE message_id = $message"),
	'holder', 'the other one is not disturbed');
is(save_by($node, $message, number_of($node, $message), 'next'),
	'S_OK', 'and nobody holds the row');

note 'dump and restore';

# Two tokens: one of a version that will still be the newest, one of an older.
my ($kept, $kept_number) = new_message($node, 'dumped');
my ($moved, $moved_number) = new_message($node, 'dumped');

sql($node, "SELECT save_message(1, $moved, $moved_number,
	subject('moved on') || '{\"PR_BODY\": \"text\"}')");
my $dump = $node->basedir . '/dump';
my $contents = "
	SELECT 'change', c::text FROM change c
	UNION ALL SELECT 'message', m::text FROM message m
	UNION ALL SELECT 'folder', f::text FROM folder f
	UNION ALL SELECT 'store', s::text FROM store s
	UNION ALL SELECT 'node', n::text FROM node n
	UNION ALL SELECT 'read', read_message(1, message_id)::text FROM message
	ORDER BY 1, 2";
my %before = (
	contents => sql($node, $contents),
	message => sql($node, 'SELECT last_value FROM message_id_seq'),
	number => sql($node, 'SELECT last_value FROM change_number_seq'));

foreach my $format ('plain', 'custom')
{
	my $target = new_node("restored_$format");

	$target->start;
	command_ok(
		[
			'pg_dump', "--format=$format", "--file=$dump.$format",
			$node->connstr('postgres')
		],
		"$format: dump");
	command_ok(
		$format eq 'plain'
		? [ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.$format",
			$target->connstr('postgres') ]
		: [ 'pg_restore', '--exit-on-error', '-d',
			$target->connstr('postgres'), "$dump.$format" ],
		"$format: restore");
	is(sql($target, $contents), $before{contents},
		"$format: ids, numbers, history and contents are the same");
	is(sql($target, 'SELECT count(*) FROM incarnation'),
		'0', "$format: the marker is not restored");
	is(save_by($target, $kept, $kept_number, 'restored'),
		'S_OK', "$format: a token from before, of the newest version");
	is(save_by($target, $moved, $moved_number, 'restored'),
		'MAPI_E_OBJECT_CHANGED', "$format: and of an older one");
	is( sql( $target, "SELECT result, read_message(1, $moved)->>'PR_BODY'
			FROM save_message(1, $moved, $moved_number, subject('forced'), 'FORCE_SAVE')"),
		'S_OK|text', "$format: the history is whole, a force goes back in it");
	is(sql($target, "SELECT read_message(1, $moved)->>'PR_BODY' IS NULL"),
		't', "$format: and writes what it found there");

	my ($new, $new_number) = new_message($target, 'new');

	cmp_ok($new, '>', $before{message}, "$format: ids go on");
	cmp_ok($new_number, '>', $before{number} + (1 << 20),
		"$format: numbers move on");
}

note 'a standby, and what it becomes';

# On a standby that follows, and is promoted while a session has handles.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$number = number_of($node, $message);
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(number_of($standby, $message), $number, 'the standby lists messages');
like(sql($standby, "SELECT read_message(1, $message)"),
	qr/"PR_SUBJECT": "next"/, 'and reads them');

my $session = $standby->background_psql('postgres', on_error_stop => 0);
my $handle = $session->query_safe("$path
	SELECT open_message(1, $message, 'MAPI_MODIFY')");

is( $session->query_safe("SELECT get_props($handle)->>'PR_SUBJECT' FROM
		set_props($handle, subject('standby'))"),
	'standby', 'a handle can be opened and edited there');
foreach my $call (
	"save_changes($handle)",
	"force_save($handle)",
	"save_message(1, $message, $number, subject('standby'))",
	"save_new_message(1, special_folder(1, 'Inbox'), subject('standby'))",
	"create_message(1, special_folder(1, 'Inbox'))")
{
	my ($code, undef, $err);

	$session->query("\\set VERBOSITY verbose\nSELECT $call;");
	$err = $session->{stderr};
	$session->{stderr} = '';
	like($err, qr/ERROR:  25006: cannot execute \w+\(\)/, "refused: $call");
}

# what the old primary gives out now does not reach the standby
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
my %given;
$given{$_}++ for split /\s+/, sql($node, "SELECT s.change_number
	FROM generate_series(1, 100) i, save_new_message(1, special_folder(1, 'Inbox'),
		subject('old primary ' || i)) s");
$node->stop('immediate');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$standby->promote;
$given{$_}++ for split /\s+/, sql($standby, "SELECT s.change_number
	FROM generate_series(1, 100) i, save_new_message(1, special_folder(1, 'Inbox'),
		subject('new primary ' || i)) s");
is(scalar(keys %given), 200,
	'the new primary gives out no number of the old one');
is( $session->query_safe("SELECT save_changes($handle)"),
	'S_OK', 'a handle opened on the standby saves on the new primary');
is(save_by($standby, $message, $number, 'stale'),
	'MAPI_E_OBJECT_CHANGED', 'and the token of the old one is stale then');
$session->quit;

$standby->stop;
done_testing();
