# After a crash in the middle of saves, every acknowledged save is there; a backend that
# is terminated while its save waits disturbs no other session.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerCrash;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('interrupted');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'END');
restart_after_crash = on
log_statement = none
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
CREATE FUNCTION public.subject(text) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_build_object('PR_SUBJECT', $1) $$;
SELECT msgstore.create_store('interrupted');
END
my $path = "SET search_path = msgstore, public;\n";

sub sql
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $path . $sql);
}

# A new message: its id and its change number.
sub new_message
{
	my ($subject) = @_;

	return split /\|/, sql("SELECT message_id, change_number FROM
		save_new_message(1, special_folder(1, 'Inbox'), subject('$subject'))");
}

sub number_of
{
	my ($message) = @_;

	return sql("SELECT change_number FROM message_list WHERE message_id = $message");
}

# Save over a number; return the answer.
sub save_by
{
	my ($message, $number, $subject) = @_;

	return sql("SELECT result FROM
		save_message(1, $message, $number, subject('$subject'))");
}

note 'a crash in the middle of saving, synchronous_commit = on';

foreach my $victim ('backend', 'postmaster')
{
	my @writers;

	# four writers; each prints the numbers that it was given
	foreach my $i (map { "${victim}_$_" } 1 .. 4)
	{
		my ($message, $number) = new_message('first');
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
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		push @writers, $writer;
	}
	foreach my $writer (@writers)
	{
		$writer->{run}->pump until $writer->{out} =~ /^(?:\d+ \d+\n){50}/;
	}
	if ($victim eq 'backend')
	{
		my ($pid) = $writers[0]{out} =~ /^\d+ (\d+)$/m;

		ok(kill_process($node, $pid), "$victim: killed, a crash");
	}
	else
	{
		kill_server($node);
	}
	$_->{run}->finish for @writers;

	foreach my $writer (@writers)
	{
		my @given = $writer->{out} =~ /^(\d+) \d+$/mg;
		my $message = $writer->{message};

		like($writer->{err},
			qr/connection to server was lost|server closed the connection/,
			"$victim: a writer was interrupted");
		is( sql(
				"SELECT count(*) FROM history(1, $message)
				WHERE change_number IN (" . join(',', @given) . ")"),
			scalar(@given),
			"$victim: all saves that were acknowledged are there");
		my $now = number_of($message);
		my $more = sql("SELECT count(*) FROM history(1, $message)
				WHERE kind = 'save'") - @given;

		ok($more == 0 || $more == 1,
			"$victim: at most the one in progress besides");
		is(save_by($message, $given[0], 'stale'),
			'MAPI_E_OBJECT_CHANGED', "$victim: an old token is stale");
		is(save_by($message, $now, 'next'),
			'S_OK', "$victim: the newest one is not");
	}
}

note 'a backend that is terminated while its save waits';

my $holder = $node->background_psql('postgres');
my $waiter = $node->background_psql('postgres', on_error_stop => 0);
my ($message, $number) = new_message('first');

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
is(sql("SELECT subject FROM message_list WHERE message_id = $message"),
	'holder', 'the other one is not disturbed');
is(save_by($message, number_of($message), 'next'),
	'S_OK', 'and nobody holds the row');

$node->stop;
done_testing();
